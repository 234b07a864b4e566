/* What each engine of metrics/shift.h minds and does not mind. */
#include "tests/shift_fixture.h"

#define NEVER (-1.0)
#define OPEN (-1.0)

/* Exactly enough, and one less. */
static const struct {
	const char *what;
	enum shift_engine engine;
	guint weeks, a_week; /* before the last one; they are spread over its days */
	guint last;	     /* in the last week */
	bool usable;
} least[] = {
	{ "6 weeks with 20 before and 5 after", SHIFT_LEVEL, 6, 4, 5, true },
	{ "4 after are too few", SHIFT_LEVEL, 6, 4, 4, false },
	{ "5 weeks before are too few", SHIFT_LEVEL, 5, 8, 5, false },
	{ "18 before are too few", SHIFT_LEVEL, 6, 3, 5, false },
	{ "21 before will do", SHIFT_LEVEL, 7, 3, 5, true },
	{ "a year", SHIFT_LEVEL, 47, 7, 7, true },
	{ "6 weeks with 24 before and 4 after", SHIFT_SHARE, 6, 4, 4, true },
	{ "3 deployments after are too few", SHIFT_SHARE, 6, 4, 3, false },
	{ "5 weeks of deployments before are too few", SHIFT_SHARE, 5, 8, 4, false },
	{ "18 deployments before are too few", SHIFT_SHARE, 6, 3, 4, false },
	{ "20 deployments, of which a week has 4", SHIFT_COUNT, 47, 4, 4, true },
	{ "a few in a year are not 20", SHIFT_COUNT, 4, 4, 3, false },
	{ "8 values before 3", SHIFT_SPANS, 8, 1, 3, true },
	{ "7 values before 3", SHIFT_SPANS, 7, 1, 3, false },
	{ "8 values before 2", SHIFT_SPANS, 8, 1, 2, false },
};

START_TEST(as_much_as_it_takes)
{
	_cleanup_(rig_clear) struct rig rig;
	gint32 last = least[_i].engine == SHIFT_SHARE ? TODAY - 3 : TODAY;
	struct shift shift;

	rig_begin(&rig, least[_i].engine);
	for (guint j = least[_i].weeks; j > 0; j--)
		for (guint i = 0; i < least[_i].a_week; i++)
			add(&rig,
			    last - 7 * (gint32)j - 6 + (gint32)(i * 7 / least[_i].a_week),
			    HOUR);
	add_many(&rig, last - 2, HOUR, least[_i].last);
	shift = shift_at(&rig, TODAY);
	ck_assert_msg(shift.usable == least[_i].usable, "%s", least[_i].what);
	ck_assert_msg(shift.usable || (shift.lacking > 0 && shift.lacking <= 52), "%s",
		      least[_i].what);
}
END_TEST

/* A series that has just begun, and what is said of when it will do. */
static const struct {
	const char *what;
	enum shift_engine engine;
	guint weeks, a_week, lacking;
} learning[] = {
	{ "two weeks of plenty: five more", SHIFT_LEVEL, 2, 20, 5 },
	{ "six weeks of plenty: one more", SHIFT_LEVEL, 6, 20, 1 },
	{ "five a week: 25 samples, but 7 weeks", SHIFT_LEVEL, 1, 5, 6 },
	{ "one a week: 20 before 5", SHIFT_LEVEL, 5, 1, 20 },
	{ "two weeks of deployments", SHIFT_SHARE, 2, 10, 5 },
	{ "one deployment in a year", SHIFT_SHARE, 1, 1, 23 },
	{ "one incident a week", SHIFT_SPANS, 5, 1, 6 },
	{ "ten deployments a week, for one: 20 and 4 to expect", SHIFT_COUNT, 1, 10, 7 },
};

START_TEST(how_long_until_there_is_enough)
{
	_cleanup_(rig_clear) struct rig rig;
	gint32 last = learning[_i].engine == SHIFT_SHARE ? TODAY - 3 : TODAY;
	guint lacking;

	rig_begin(&rig, learning[_i].engine);
	for (guint j = learning[_i].weeks; j > 0; j--)
		add_many(&rig, last - 7 * (gint32)j + 4, HOUR, learning[_i].a_week);
	lacking = shift_at(&rig, TODAY).lacking;
	ck_assert_msg(lacking == learning[_i].lacking, "%s: %u", learning[_i].what,
		      lacking);
	/* Samples as before for as long as that, and not a week less. */
	for (guint j = 0; j < lacking; j++) {
		ck_assert_msg(!shift_at(&rig, TODAY + 7 * (gint32)j).usable, "%s: %u",
			      learning[_i].what, j);
		add_many(&rig, last + 7 * (gint32)j + 4, HOUR, learning[_i].a_week);
	}
	ck_assert_msg(shift_at(&rig, TODAY + 7 * (gint32)lacking).usable, "%s",
		      learning[_i].what);
}
END_TEST

/* What a side says is of the samples as they are. */
START_TEST(sides_tell_raw_samples)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	rig_begin(&rig, SHIFT_LEVEL);
	for (gint32 day = TODAY - 104; day <= TODAY - 7; day++)
		add(&rig, day, day % 2 ? HOUR : 3 * HOUR);
	for (gint32 day = TODAY - 6; day <= TODAY; day++)
		add_many(&rig, day, 100 * HOUR, 4);
	shift = shift_at(&rig, TODAY);
	ck_assert_uint_eq(shift.window, 1);
	ck_assert_int_eq(shift.onset, TODAY - 6);
	ck_assert_int_eq(shift.before.n, 98);
	ck_assert_int_eq(shift.before.from, TODAY - 104);
	ck_assert_int_eq(shift.before.to, TODAY - 7);
	ck_assert_double_eq(shift.before.median, 2 * HOUR);
	ck_assert_double_eq(shift.before.p85, 3 * HOUR);
	ck_assert_int_eq(shift.after.n, 28);
	ck_assert_double_eq(shift.after.median, 100 * HOUR);
	ck_assert(isnan(shift.after.rate));
	ck_assert_double_eq_tol(shift.base, 0.5 * log(3), 1e-12);
	/* All of them lie beyond the limit. */
	ck_assert_double_lt(shift.high, log(100));
	ck_assert_double_eq_tol(shift.effect, shift.high - shift.base, 1e-12);
}
END_TEST

START_TEST(a_million_events)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	rig_begin(&rig, SHIFT_COUNT);
	for (gint32 day = TODAY - 335; day <= TODAY; day++)
		add_many(&rig, day, 0, day > TODAY - 28 ? 1400 : 3125);
	shift = shift_at(&rig, TODAY);
	ck_assert(shift_holds(&shift, SENSITIVITY_LOW));
	ck_assert_uint_eq(shift.window, 4);
	ck_assert_int_eq(shift.after.n, 28 * 1400);
	ck_assert_double_eq_tol(shift.after.rate, 7 * 1400, 1e-6);
	ck_assert_double_eq_tol(shift.ratio, 0.448, 1e-5);
	rig.series.engine = SHIFT_LEVEL;
	shift = shift_at(&rig, TODAY);
	ck_assert(shift.usable && !shift.gate);
	rig.series.engine = SHIFT_SHARE;
	shift = shift_at(&rig, TODAY);
	ck_assert(shift.usable && !shift.gate && isfinite(shift.effect));
}
END_TEST

START_TEST(masked_days_are_no_drop)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	rig_begin(&rig, SHIFT_COUNT);
	for (gint32 day = TODAY - 400; day <= TODAY - 21; day++)
		add_many(&rig, day, 0, 5);
	for (gint32 day = TODAY - 6; day <= TODAY; day++)
		add_many(&rig, day, 0, 5);
	shift = shift_at(&rig, TODAY);
	ck_assert(shift_holds(&shift, SENSITIVITY_DEFAULT));
	rig.calendar = calendar_new();
	calendar_add(rig.calendar, TODAY - 20, TODAY - 7, NULL);
	shift = shift_at(&rig, TODAY);
	ck_assert(shift.usable && !shift.gate);
	ck_assert_double_eq_tol(shift.ratio, 1, 0.1);
	/* Nor does what happened on them count. */
	add_many(&rig, TODAY, 0, 1);
	calendar_add(rig.calendar, TODAY, TODAY, NULL);
	shift = shift_at(&rig, TODAY);
	ck_assert(shift.usable && !shift.gate);
	calendar_add(rig.calendar, TODAY - 400, TODAY, NULL);
	shift = shift_at(&rig, TODAY);
	ck_assert(!shift.usable);
	ck_assert_uint_eq(shift.lacking, 52);
}
END_TEST

START_TEST(a_drop_to_nothing)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	rig_begin(&rig, SHIFT_COUNT);
	add_usual(&rig, TODAY - 400, TODAY - 14, 1);
	shift = shift_at(&rig, TODAY);
	ck_assert(shift_holds(&shift, SENSITIVITY_LOW));
	ck_assert_int_eq(shift.after.n, 0);
	ck_assert_double_eq(shift.after.rate, 0);
	ck_assert_double_gt(shift.ratio, 0);
	rig.series.direction = SHIFT_BETTER;
	shift = shift_at(&rig, TODAY);
	ck_assert(!shift.gate);
}
END_TEST

START_TEST(failures_count_from_when_they_are_known)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift early, late, none;

	rig_begin(&rig, SHIFT_SHARE);
	for (gint32 day = TODAY - 400; day <= TODAY; day++)
		add(&rig, day, day % 9 == 0 ? 0 : NEVER);
	none = shift_at(&rig, TODAY);
	for (guint i = rig.samples->len - 20; i < rig.samples->len; i++)
		g_array_index(rig.samples, struct shift_sample, i).known = TODAY + 1;
	late = shift_at(&rig, TODAY);
	ck_assert(!late.gate);
	ck_assert_int_lt(late.after.failed, none.after.n);
	ck_assert(!shift_holds(&late, SENSITIVITY_HIGH));
	for (guint i = rig.samples->len - 20; i < rig.samples->len; i++)
		g_array_index(rig.samples, struct shift_sample, i).known = TODAY;
	early = shift_at(&rig, TODAY);
	ck_assert(shift_holds(&early, SENSITIVITY_LOW));
	late = shift_at(&rig, TODAY + 1);
	ck_assert(shift_holds(&late, SENSITIVITY_LOW));
}
END_TEST

START_TEST(shares_look_at_no_deployment_of_the_last_three_days)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift with, without;

	rig_begin(&rig, SHIFT_SHARE);
	for (gint32 day = TODAY - 400; day <= TODAY - 3; day++)
		add(&rig, day, day % 9 == 0 ? 0 : NEVER);
	without = shift_at(&rig, TODAY);
	add_many(&rig, TODAY - 2, 0, 50);
	add_many(&rig, TODAY, 0, 50);
	with = shift_at(&rig, TODAY);
	ck_assert_mem_eq(&with, &without, sizeof(with));
	ck_assert_int_eq(with.after.to, TODAY - 3);
	ck_assert_int_eq(with.onset, TODAY - 3 + 1 - 7 * (gint32)with.window);
}
END_TEST

static void usual_incidents(struct rig *rig)
{
	rig_begin(rig, SHIFT_SPANS);
	for (gint32 i = 30; i > 0; i--)
		add(rig, TODAY - 7 * i, (i % 5 + 1) * HOUR);
}

START_TEST(what_is_open_counts_once_it_is_long)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift before, after;

	usual_incidents(&rig);
	before = shift_at(&rig, TODAY);
	/* 12 hours at the end of the day it began. */
	for (guint i = 0; i < 4; i++)
		add(&rig, TODAY, OPEN);
	g_array_index(rig.samples, struct shift_sample, rig.samples->len - 1).began =
		end_of(TODAY) - G_TIME_SPAN_HOUR;
	after = shift_at(&rig, TODAY);
	/* The last one is not long yet. */
	ck_assert_int_eq(after.before.n + after.after.n,
			 before.before.n + before.after.n + 3);
	ck_assert_double_eq(after.after.p85, 12 * HOUR);
	/* Ended later is open until then. */
	for (guint i = 30; i < rig.samples->len; i++)
		g_array_index(rig.samples, struct shift_sample, i).ended = end_of(TODAY) +
									   1;
	before = shift_at(&rig, TODAY);
	ck_assert_mem_eq(&before, &after, sizeof(after));
	after = shift_at(&rig, TODAY + 1);
	ck_assert_int_eq(after.before.n + after.after.n,
			 before.before.n + before.after.n + 1);
}
END_TEST

START_TEST(old_incidents_say_nothing_of_now)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	usual_incidents(&rig);
	ck_assert(shift_at(&rig, TODAY - 7 + 60).usable);
	shift = shift_at(&rig, TODAY - 7 + 61);
	ck_assert(!shift.usable);
	/* One a week or so. */
	ck_assert_uint_eq(shift.lacking, 2);
}
END_TEST

/* Frozen: base 1 h, from 1/10 h to 10 h; a tenth; ten a week. */
static const struct {
	const char *what;
	enum shift_engine engine;
	enum shift_direction direction;
	gint32 onset; /* days ago */
	double usual; /* before the last 28 days */
	double lately;
	guint a_day;
	double expected;
} recents[] = {
	{ "twice as long", SHIFT_LEVEL, SHIFT_WORSE, 60, HOUR, 2 * HOUR, 1, M_LN2 },
	{ "half as long", SHIFT_LEVEL, SHIFT_BETTER, 60, HOUR, HOUR / 2, 1, M_LN2 },
	{ "drawn in", SHIFT_LEVEL, SHIFT_WORSE, 60, HOUR, 99 * HOUR, 1, M_LN10 },
	{ "nothing since onset", SHIFT_LEVEL, SHIFT_WORSE, -1, HOUR, HOUR, 1, NAN },
	{ "the last five", SHIFT_SPANS, SHIFT_WORSE, 60, HOUR, 2 * HOUR, 1, M_LN2 },
	{ "all of 28 days failed", SHIFT_SHARE, SHIFT_WORSE, 60, NEVER, 0, 1, M_LN10 },
	{ "none failed", SHIFT_SHARE, SHIFT_WORSE, 60, 0, NEVER, 1, -DBL_MAX },
	{ "none failed, which is good", SHIFT_SHARE, SHIFT_BETTER, 60, 0, NEVER, 1,
	  DBL_MAX },
	{ "none that is old enough", SHIFT_SHARE, SHIFT_WORSE, 2, 0, 0, 1, NAN },
	{ "one a day and not ten a week", SHIFT_COUNT, SHIFT_WORSE, 60, 0, 0, 1,
	  0.35667494 },
	{ "more deployments", SHIFT_COUNT, SHIFT_BETTER, 60, 0, 0, 2, 0.33647224 },
	{ "no deployments", SHIFT_COUNT, SHIFT_WORSE, 60, 0, 0, 0, DBL_MAX },
};

START_TEST(recent_is_seen_from_what_was_frozen)
{
	_cleanup_(rig_clear) struct rig rig;
	enum shift_engine engine = recents[_i].engine;
	gint32 last = engine == SHIFT_SHARE ? TODAY - 3 : TODAY;
	struct shift_frozen frozen = {
		.low = -M_LN10,
		.high = M_LN10,
		.onset = TODAY - recents[_i].onset,
	};
	double got;

	if (engine == SHIFT_SHARE)
		frozen.base = 0.1;
	if (engine == SHIFT_COUNT)
		frozen.base = 10;
	rig_begin(&rig, engine);
	rig.series.direction = recents[_i].direction;
	for (gint32 day = last - 200; day <= last - 28; day++)
		add(&rig, day, recents[_i].usual);
	for (gint32 day = last - 27; day <= last; day++)
		add_many(&rig, day, recents[_i].lately, recents[_i].a_day);
	got = shift_recent(series_of(&rig), &frozen, TODAY, end_of(TODAY));
	if (isnan(recents[_i].expected))
		ck_assert_msg(isnan(got), "%s: %g", recents[_i].what, got);
	else
		ck_assert_msg(fabs(got - recents[_i].expected) < 1e-6, "%s: %g",
			      recents[_i].what, got);
}
END_TEST

START_TEST(recent_goes_back_to_eight_but_not_before_onset)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift_frozen frozen = { .low = -9, .high = 9, .onset = TODAY - 100 };

	rig_begin(&rig, SHIFT_LEVEL);
	add_many(&rig, TODAY - 101, 9 * HOUR, 50);
	add_many(&rig, TODAY - 90, 4 * HOUR, 30);
	add_many(&rig, TODAY - 20, HOUR, 5);
	/* A day goes in whole. */
	ck_assert_double_eq_tol(shift_recent(series_of(&rig), &frozen, TODAY, 0),
				log(4) * 30 / 35, 1e-12);
	add_many(&rig, TODAY - 19, HOUR, 3);
	ck_assert_double_eq_tol(shift_recent(series_of(&rig), &frozen, TODAY, 0), 0,
				1e-12);
}
END_TEST

START_TEST(parts_come_largest_first)
{
	static const struct shift_part expected[] = { { 9, 5, 9 },
						      { 2, 3, 9 },
						      { 7, 1, 9 } };
	static const guint parts[] = { 2, 9, 7, 2, 9, 9, 2, 9, 9 };
	_cleanup_(rig_clear) struct rig rig;
	g_autoptr(GArray) found = NULL, none = NULL;

	rig_begin(&rig, SHIFT_SHARE);
	add(&rig, TODAY - 20, 0);
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		add(&rig, TODAY - 10, 0);
		add(&rig, TODAY - 10, NEVER);
		g_array_index(rig.samples, struct shift_sample, 2 * i + 1).part =
			parts[i];
	}
	add(&rig, TODAY - 2, 0);
	found = shift_parts(series_of(&rig), TODAY - 10, TODAY, end_of(TODAY));
	ck_assert_uint_eq(found->len, G_N_ELEMENTS(expected));
	for (guint i = 0; i < found->len; i++) {
		const struct shift_part *part = &g_array_index(found, struct shift_part,
							       i);

		ck_assert_uint_eq(part->part, expected[i].part);
		ck_assert_int_eq(part->n, expected[i].n);
		ck_assert_int_eq(part->of, expected[i].of);
	}
	none = shift_parts(series_of(&rig), TODAY + 1, TODAY, end_of(TODAY));
	ck_assert_uint_eq(none->len, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shift_engines");
	TCase *tests = tcase_create("shift_engines");
	int failed;

	tcase_add_loop_test(tests, as_much_as_it_takes, 0, G_N_ELEMENTS(least));
	tcase_add_loop_test(tests, how_long_until_there_is_enough, 0,
			    G_N_ELEMENTS(learning));
	tcase_add_test(tests, sides_tell_raw_samples);
	tcase_add_test(tests, a_million_events);
	tcase_add_test(tests, masked_days_are_no_drop);
	tcase_add_test(tests, a_drop_to_nothing);
	tcase_add_test(tests, failures_count_from_when_they_are_known);
	tcase_add_test(tests, shares_look_at_no_deployment_of_the_last_three_days);
	tcase_add_test(tests, what_is_open_counts_once_it_is_long);
	tcase_add_test(tests, old_incidents_say_nothing_of_now);
	tcase_add_loop_test(tests, recent_is_seen_from_what_was_frozen, 0,
			    G_N_ELEMENTS(recents));
	tcase_add_test(tests, recent_goes_back_to_eight_but_not_before_onset);
	tcase_add_test(tests, parts_come_largest_first);
	suite_add_tcase(suite, tests);
	run(suite, &failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
