#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert_walk.h"

#include "alert_scene.h"

START_TEST(worse)
{
	static const enum metric metrics[] = { METRIC_CHANGE_LEAD_TIME,
					       METRIC_CHANGE_FAIL_RATE,
					       METRIC_REWORK_RATE };
	const struct watch watch = learning();
	struct alert_scene scene;
	struct watch_look look;
	struct shift shift;

	scene_init(&scene);
	add_work(&scene, DAYS, ONSET, 3);
	for (gsize i = 0; i < G_N_ELEMENTS(metrics); i++) {
		judge(&scene, metrics[i], &watch, DAYS - 1, &look, &shift);
		ck_assert(look.usable && look.condition && !look.masked && !look.silent);
		ck_assert_int_eq(look.day, DAY0 + DAYS - 1);
		ck_assert_msg(look.ratio > 2 && look.ratio < 4.5, "%g", look.ratio);
		ck_assert(look.score == shift.score && look.ratio == shift.ratio);
		ck_assert(look.found.base == shift.base &&
			  look.found.effect == shift.effect &&
			  look.found.onset == shift.onset);
		ck_assert(look.found.onset > DAY0 + ONSET - 3 * WEEK &&
			  look.found.onset < DAY0 + DAYS);
		judge(&scene, metrics[i], &watch, ONSET - 1, &look, &shift);
		ck_assert(look.usable && !look.condition);
		judge(&scene, metrics[i], &watch, 3 * WEEK, &look, &shift);
		ck_assert(!look.usable && !look.condition && shift.lacking > 0);
	}
	judge(&scene, METRIC_DEPLOYMENT_FREQUENCY, &watch, DAYS - 1, &look, &shift);
	ck_assert(look.usable && !look.condition);
	scene_clear(&scene);
}
END_TEST

/* A team that goes on with everything but deployments. */
START_TEST(fewer_deployments)
{
	const struct watch watch = learning();
	struct alert_scene scene;
	struct watch_look look;
	struct shift shift;

	scene_init(&scene);
	add_work(&scene, ONSET, DAYS, 1);
	for (gint32 day = ONSET; day < DAYS; day++)
		add_activity(&scene, day);
	judge(&scene, METRIC_DEPLOYMENT_FREQUENCY, &watch, DAYS - 1, &look, &shift);
	ck_assert(look.condition && look.ratio < 0.2);
	scene_clear(&scene);
}
END_TEST

/* Nothing that is known later is looked at: the failure of a rollout is known only on
 * the next day. */
START_TEST(known_later)
{
	const struct watch watch = learning();
	struct alert_scene scene, other;
	struct watch_look look, unaware;
	struct shift shift, unknown;

	scene_init(&scene);
	scene_init(&other);
	add_work(&scene, DAYS, ONSET, 3);
	add_work(&other, DAYS, ONSET, 3);
	for (guint i = 0; i < other.samples.deployments->len; i++) {
		struct alert_deployment *deployment = &g_array_index(
			other.samples.deployments, struct alert_deployment, i);

		if (deployment->failed >= at(&other, DAYS, 0))
			deployment->failed = INSTANT_NONE;
	}
	judge(&scene, METRIC_CHANGE_FAIL_RATE, &watch, DAYS - 1, &look, &shift);
	judge(&other, METRIC_CHANGE_FAIL_RATE, &watch, DAYS - 1, &unaware, &unknown);
	ck_assert(memcmp(&shift, &unknown, sizeof shift) == 0);
	scene_clear(&scene);
	scene_clear(&other);
}
END_TEST

START_TEST(silence)
{
	static const struct {
		const char *what;
		gint32 last, day; /* -1: never */
		bool holiday;	  /* Tuesday */
		bool silent;
	} rows[] = {
		{ "the same day", 0, 0, false, false },
		{ "two working days ago", 0, 2, false, false },
		{ "three working days ago", 0, 3, false, true },
		{ "a holiday is none of them", 0, 3, true, false },
		{ "nor is a weekend", 4, 8, false, false },
		{ "but the third day after it counts", 4, 9, false, true },
		{ "never", -1, 3, false, true },
		{ "what happens later is not known yet", 5, 3, false, true },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
		const struct watch watch = learning();
		struct alert_scene scene;
		struct watch_look look;
		struct shift shift;

		calendar_add(calendar, DAY0 + 1, DAY0 + 1, "holiday");
		scene_init(&scene);
		scene.calendar = rows[i].holiday ? calendar : NULL;
		if (rows[i].last >= 0)
			add_activity(&scene, rows[i].last);
		judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, rows[i].day, &look,
		      &shift);
		ck_assert_msg(look.silent == rows[i].silent, "%s", rows[i].what);
		ck_assert(!look.masked && !look.usable && !look.condition);
		judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, 1, &look, &shift);
		ck_assert(look.masked == rows[i].holiday);
		scene_clear(&scene);
	}
}
END_TEST

/* A masked day says nothing, whatever it has. */
START_TEST(masked)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	const struct watch watch = learning();
	struct alert_scene scene;
	struct watch_look look;
	struct shift shift;

	calendar_add(calendar, DAY0 + DAYS - 1, DAY0 + DAYS - 1, "freeze");
	scene_init(&scene);
	scene.calendar = calendar;
	add_work(&scene, DAYS, ONSET, 3);
	judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, DAYS - 1, &look, &shift);
	ck_assert(look.masked && !look.usable && !look.condition && !shift.usable);
	ck_assert(shift.score == SHIFT_NO_SCORE);
	scene_clear(&scene);
}
END_TEST

static struct watch firing(const struct watch_look *look)
{
	struct watch watch = learning();

	watch.state = WATCH_FIRING;
	watch.judged = watch.fired = look->day;
	watch.frozen = look->found;
	watch.score = look->score;
	watch.ratio = look->ratio;
	return watch;
}

START_TEST(undone)
{
	static const struct {
		const char *what;
		guint every;
		double factor;
		bool undone;
	} rows[] = {
		{ "the same facts", 1, 1, false },
		{ "one of ten was wrong", 10, 3, false },
		{ "all were half as bad", 1, 1.4, false },
		{ "all were wrong", 1, 3, true },
		{ "all were wrong, and better than before", 1, 6, true },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct watch fresh = learning();
		struct alert_scene scene;
		struct watch_look look;
		struct shift shift;
		struct watch watch;

		scene_init(&scene);
		add_work(&scene, DAYS, ONSET, 3);
		judge(&scene, METRIC_CHANGE_LEAD_TIME, &fresh, DAYS - 8, &look, &shift);
		ck_assert(look.condition);
		watch = firing(&look);
		correct(&scene, rows[i].every, rows[i].factor);
		judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, DAYS - 1, &look, &shift);
		ck_assert_msg(look.undone == rows[i].undone, "%s", rows[i].what);
		ck_assert_msg((look.recent != RECENT_CALM) == !rows[i].undone, "%s",
			      rows[i].what);
		scene_clear(&scene);
	}
}
END_TEST

/* What was good when it fired is not undone by what comes later. */
START_TEST(recovers)
{
	const struct watch fresh = learning();
	struct alert_scene scene;
	struct watch_look look;
	struct shift shift;
	struct watch watch;

	scene_init(&scene);
	add_work(&scene, DAYS, ONSET, 3);
	judge(&scene, METRIC_CHANGE_LEAD_TIME, &fresh, ONSET + 20, &look, &shift);
	watch = firing(&look);
	for (guint i = 0; i < scene.samples.leads->len; i++) {
		struct alert_lead *lead = &g_array_index(scene.samples.leads,
							 struct alert_lead, i);

		if (lead->finished >= at(&scene, ONSET + 21, 0))
			lead->lead /= 3;
	}
	judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, ONSET + 21, &look, &shift);
	ck_assert(!look.undone && look.recent == RECENT_BAD);
	judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, DAYS + 9, &look, &shift);
	ck_assert(look.silent);
	for (gint32 day = DAYS; day < DAYS + 10; day++)
		add_activity(&scene, day);
	judge(&scene, METRIC_CHANGE_LEAD_TIME, &watch, DAYS + 9, &look, &shift);
	ck_assert(!look.undone && look.recent == RECENT_CALM);
	scene_clear(&scene);
}
END_TEST

/* Three people by turns up to a day, then so many of them; unknown ones count for none.
 */
static void set_authors(struct alert_scene *scene, gint32 day, guint n)
{
	for (guint i = 0; i < scene->samples.leads->len; i++) {
		struct alert_lead *lead = &g_array_index(scene->samples.leads,
							 struct alert_lead, i);

		lead->author = lead->finished < at(scene, day, 0) ? 7 + i % 3
			       : i % 4 == 0			  ? 0
								  : 7 + i % n;
	}
}

/* Numbers of too few are numbers of people. */
START_TEST(few_authors)
{
	static const struct {
		const char *what;
		gint32 day; /* from which on there are so many */
		guint n;
		bool judged, before, after;
	} rows[] = {
		{ "one alone is not judged", 0, 1, false, false, false },
		{ "nor are two", 0, 2, false, false, false },
		{ "nor is one alone for a year", DAYS - 48 * WEEK, 1, false, false,
		  false },
		{ "three are", 0, 3, true, true, true },
		{ "a side of one has counts", ONSET - WEEK, 1, true, true, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct watch fresh = learning();
		struct alert_scene scene;
		struct watch_look look;
		struct shift shift;

		scene_init(&scene);
		scene.minimum_authors = 3;
		add_work(&scene, DAYS, ONSET, 3);
		set_authors(&scene, rows[i].day, rows[i].n);
		judge(&scene, METRIC_CHANGE_LEAD_TIME, &fresh, DAYS - 1, &look, &shift);
		ck_assert_msg(look.usable == rows[i].judged &&
				      look.condition == rows[i].judged &&
				      look.few == !rows[i].judged,
			      "%s", rows[i].what);
		ck_assert_msg(isnan(shift.before.median) == !rows[i].before &&
				      isnan(shift.before.p85) == !rows[i].before &&
				      isnan(shift.after.median) == !rows[i].after &&
				      isnan(shift.after.p85) == !rows[i].after,
			      "%s", rows[i].what);
		ck_assert_msg((shift.after.n > 10) == rows[i].judged &&
				      isnan(shift.ratio) == !rows[i].judged,
			      "%s", rows[i].what);
		/* deployments are nobody's */
		judge(&scene, METRIC_DEPLOYMENT_FREQUENCY, &fresh, DAYS - 1, &look,
		      &shift);
		ck_assert(look.usable && !look.few);
		judge(&scene, METRIC_CHANGE_LEAD_TIME, &fresh, 3 * WEEK, &look, &shift);
		ck_assert(!look.usable && !look.few && shift.lacking > 0);
		scene_clear(&scene);
	}
}
END_TEST

/* Two incidents a week, which take four times as long from the onset on. */
static void add_restores(struct alert_scene *scene)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);

	for (gint32 day = 0; day < DAYS; day++) {
		struct alert_span span = { .began = at(scene, day, 12) };
		double hours = exp(noise(rand) / 2) * (day >= ONSET ? 4 : 1);

		add_activity(scene, day);
		if (day % WEEK != 1 && day % WEEK != 4)
			continue;
		span.ended = span.began + (gint64)(hours * (double)HOUR);
		g_array_append_val(scene->samples.restores, span);
	}
}

static int by_beginning(const void *a, const void *b)
{
	const struct alert_span *x = a, *y = b;

	return (x->began > y->began) - (x->began < y->began);
}

/* What nobody had told of before: so many incidents that they are judged as levels. */
static void add_late_restores(struct alert_scene *scene)
{
	for (gint32 day = ONSET - 20 * WEEK; day < ONSET; day++) {
		const struct alert_span span = { .began = at(scene, day, 1),
						 .ended = at(scene, day, 2) };

		g_array_append_val(scene->samples.restores, span);
	}
	g_array_sort(scene->samples.restores, by_beginning);
}

static bool keep_shift(struct watch_row *row, const struct alert_day *day, void *user,
		       GError **unused)
{
	(void)row;
	(void)unused;
	*(struct shift *)user = day->shift;
	return true;
}

/* Base and limits that are frozen are those of an engine. */
START_TEST(the_engine_stays)
{
	struct watch_row row = { .watch = learning() };
	struct alert_row alert = { 0 };
	struct alert_subject subject;
	struct alert_scene scene;
	struct shift shift;
	gint32 day = ONSET;

	scene_init(&scene);
	scene.samples.services = g_ptr_array_new();
	add_restores(&scene);
	alert_subject_init(&subject, &scene, METRIC_TIME_TO_RESTORE, &plain, SHIFT_WORSE);
	for (; row.watch.state != WATCH_FIRING && day < DAYS - 1; day++)
		alert_walk(&scene, &subject, &row, DAY0 + day, DAY0 + day, keep_shift,
			   &shift, NULL);
	ck_assert_int_eq(row.watch.state, WATCH_FIRING);
	ck_assert_int_eq(row.engine, SHIFT_SPANS);
	alert_subject_clear(&subject);
	add_late_restores(&scene);
	alert_subject_init(&subject, &scene, METRIC_TIME_TO_RESTORE, &plain, SHIFT_WORSE);
	ck_assert_int_eq(alert_engine(&subject, row.watch.fired), SHIFT_LEVEL);
	alert_walk(&scene, &subject, &row, DAY0 + day, DAY0 + day, keep_shift, &shift,
		   NULL);
	ck_assert_int_eq(row.engine, SHIFT_SPANS);
	/* that of a level is the same for all volumes */
	ck_assert_double_gt(fabs(shift.threshold - 1.6), 0.01);
	row.watch.fired = DAY0 + day;
	alert_describe(&scene, &subject, &row,
		       &(struct alert_day){ .day = DAY0 + day, .shift = shift }, &alert);
	ck_assert_int_eq(alert.engine, SHIFT_SPANS);
	alert_row_clear(&alert);
	alert_subject_clear(&subject);
	g_ptr_array_unref(scene.samples.services);
	scene_clear(&scene);
}
END_TEST

START_TEST(watched)
{
	for (int i = 0; i < N_METRICS; i++)
		ck_assert_int_eq(alert_metric_is_watched((enum metric)i),
				 i != METRIC_LEAD_TIME_ALL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alert_judge");
	TCase *tests = tcase_create("alert_judge");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, worse);
	tcase_add_test(tests, fewer_deployments);
	tcase_add_test(tests, known_later);
	tcase_add_test(tests, silence);
	tcase_add_test(tests, masked);
	tcase_add_test(tests, undone);
	tcase_add_test(tests, recovers);
	tcase_add_test(tests, few_authors);
	tcase_add_test(tests, the_engine_stays);
	tcase_add_test(tests, watched);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
