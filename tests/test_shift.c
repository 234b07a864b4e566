/* What holds for every engine. Those of one are in test_shift_engines.c. */
#include "tests/shift_fixture.h"

/* Loop tests: engine and direction. */
#define N_CASES (2 * N_SHIFT_ENGINES)

static struct rig *begin(struct rig *rig, int i)
{
	rig_begin(rig, (enum shift_engine)(i / 2));
	rig->series.direction = (enum shift_direction)(i % 2);
	return rig;
}

static const char *name_of(const struct rig *rig)
{
	static char name[32];

	g_snprintf(name, sizeof(name), "%s %s", shift_engine_name(rig->series.engine),
		   shift_direction_name(rig->series.direction));
	return name;
}

/* What may never be, whatever came in. */
static void is_sound(const struct shift *shift, const char *what)
{
	ck_assert_msg(isfinite(shift->score), "%s: score %g", what, shift->score);
	ck_assert_msg(isfinite(shift->threshold) && shift->threshold > 0, "%s", what);
	ck_assert_msg(shift->usable == (shift->lacking == 0), "%s", what);
	ck_assert_msg(shift->gate || shift->score == SHIFT_NO_SCORE, "%s", what);
	if (!shift->usable) {
		ck_assert_msg(shift->window == 0 && !shift->gate &&
				      isnan(shift->effect) && shift->before.n == 0 &&
				      shift->after.n == 0,
			      "%s", what);
		return;
	}
	ck_assert_msg(isfinite(shift->effect) && isfinite(shift->ratio) &&
			      shift->ratio >= 0 && isfinite(shift->base),
		      "%s", what);
	ck_assert_msg(isnan(shift->ratio_lo) == isnan(shift->ratio_hi), "%s", what);
	ck_assert_msg(isnan(shift->ratio_lo) || (shift->ratio_lo <= shift->ratio &&
						 shift->ratio <= shift->ratio_hi),
		      "%s: %g %g %g", what, shift->ratio_lo, shift->ratio,
		      shift->ratio_hi);
	ck_assert_msg(shift->before.from <= shift->before.to &&
			      shift->before.to <= shift->after.from &&
			      shift->after.from <= shift->after.to,
		      "%s", what);
}

static struct shift sound_at(struct rig *rig, gint32 day)
{
	struct shift shift = shift_at(rig, day);

	is_sound(&shift, name_of(rig));
	return shift;
}

START_TEST(no_samples_teach_nothing)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift = sound_at(begin(&rig, _i), TODAY);

	ck_assert(!shift.usable);
	ck_assert_uint_eq(shift.lacking, 52);
	ck_assert_int_eq(shift.onset, TODAY + 1);
}
END_TEST

START_TEST(one_week_is_not_enough)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	add_many(begin(&rig, _i), TODAY - 6, 1, 2);
	add_many(&rig, TODAY - 3, 1, 3);
	shift = sound_at(&rig, TODAY);
	ck_assert(!shift.usable);
	ck_assert_uint_gt(shift.lacking, 0);
}
END_TEST

START_TEST(equal_samples_show_no_change)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	begin(&rig, _i);
	for (gint32 day = TODAY - 400; day <= TODAY; day++)
		add(&rig, day, 2);
	shift = sound_at(&rig, TODAY);
	ck_assert(shift.usable && !shift.gate);
	ck_assert_double_eq(shift.score, SHIFT_NO_SCORE);
}
END_TEST

START_TEST(zeros_show_no_change)
{
	_cleanup_(rig_clear) struct rig rig;
	bool share;
	struct shift shift;

	begin(&rig, _i);
	share = rig.series.engine == SHIFT_SHARE;
	for (gint32 day = TODAY - 400; day <= TODAY; day++)
		add(&rig, day, share ? -1 : 0);
	shift = sound_at(&rig, TODAY);
	ck_assert(shift.usable && !shift.gate);
	if (share)
		ck_assert_double_eq(shift.after.rate, 0);
}
END_TEST

START_TEST(one_outlier_is_no_change)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	add_usual(begin(&rig, _i), TODAY - 400, TODAY - 8, 1);
	add(&rig, TODAY - 7, rig.series.engine == SHIFT_SHARE ? 1 : 1e9 * HOUR);
	add_usual(&rig, TODAY - 6, TODAY, 1);
	shift = sound_at(&rig, TODAY);
	ck_assert_msg(!shift_holds(&shift, SENSITIVITY_DEFAULT), "%s: %g", name_of(&rig),
		      shift.score);
}
END_TEST

START_TEST(a_change_is_found_and_its_opposite_is_not)
{
	static const double times[] = { [SHIFT_WORSE] = 3, [SHIFT_BETTER] = 1.0 / 3 };
	_cleanup_(rig_clear) struct rig rig;
	enum shift_direction direction = (enum shift_direction)(_i % 2);
	double expected = times[direction];
	struct shift shift;

	add_usual(begin(&rig, _i), TODAY - 400, TODAY - 42, 1);
	add_usual(&rig, TODAY - 41, TODAY, expected);
	if (rig.series.engine == SHIFT_COUNT)
		expected = 1 / expected;
	shift = sound_at(&rig, TODAY);
	ck_assert_msg(shift_holds(&shift, SENSITIVITY_LOW), "%s: %g of %g", name_of(&rig),
		      shift.score, shift.threshold);
	ck_assert_msg(shift.ratio_lo < 1.25 * expected &&
			      expected < 1.25 * shift.ratio_hi,
		      "%s: %g to %g", name_of(&rig), shift.ratio_lo, shift.ratio_hi);
	ck_assert_msg(fabs(shift.effect - log(3)) < 1, "%s: %g", name_of(&rig),
		      shift.effect);
	ck_assert_msg(abs(shift.onset - (TODAY - 41)) <= 21, "%s: %d", name_of(&rig),
		      shift.onset - TODAY);
	rig.series.direction = direction == SHIFT_WORSE ? SHIFT_BETTER : SHIFT_WORSE;
	shift = sound_at(&rig, TODAY);
	ck_assert_msg(!shift.gate, "%s", name_of(&rig));
}
END_TEST

START_TEST(a_gate_of_ones_own)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift shift;

	add_usual(begin(&rig, _i), TODAY - 400, TODAY - 42, 1);
	add_usual(&rig, TODAY - 41, TODAY, rig.series.direction ? 0.4 : 2.5);
	rig.series.gate = 1.5;
	shift = sound_at(&rig, TODAY);
	ck_assert_msg(shift.gate, "%s: %g", name_of(&rig), shift.ratio);
	rig.series.gate = 6;
	shift = sound_at(&rig, TODAY);
	ck_assert_msg(!shift.gate && shift.usable, "%s: %g", name_of(&rig), shift.ratio);
	ck_assert(!shift_holds(&shift, SENSITIVITY_HIGH));
}
END_TEST

START_TEST(the_same_twice)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift first, second;

	memset(&first, 0xaa, sizeof(first));
	memset(&second, 0x55, sizeof(second));
	add_usual(begin(&rig, _i), TODAY - 400, TODAY, 1);
	for (gint32 day = TODAY - 420; day <= TODAY; day += 20) {
		shift_evaluate(series_of(&rig), day, end_of(day), &first);
		shift_evaluate(series_of(&rig), day, end_of(day), &second);
		ck_assert_mem_eq(&first, &second, sizeof(first));
	}
}
END_TEST

START_TEST(what_comes_later_does_no_harm)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift before[5], after;

	add_usual(begin(&rig, _i), TODAY - 400, TODAY, 1);
	for (gint32 i = 0; i < 5; i++)
		before[i] = shift_at(&rig, TODAY - i);
	add_usual(&rig, TODAY + 1, TODAY + 100, 9);
	for (gint32 i = 0; i < 5; i++) {
		after = shift_at(&rig, TODAY - i);
		ck_assert_mem_eq(&before[i], &after, sizeof(after));
	}
}
END_TEST

START_TEST(days_before_1970_are_days)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift here, there;

	add_usual(begin(&rig, _i), TODAY - 400, TODAY - 42, 1);
	add_usual(&rig, TODAY - 41, TODAY, 2);
	here = sound_at(&rig, TODAY);
	for (guint i = 0; i < rig.samples->len; i++) {
		struct shift_sample *sample = &g_array_index(rig.samples,
							     struct shift_sample, i);

		sample->day -= 30000;
		sample->began -= 30000 * G_TIME_SPAN_DAY;
		if (sample->ended != INSTANT_NONE)
			sample->ended -= 30000 * G_TIME_SPAN_DAY;
		if (sample->known != SHIFT_NEVER)
			sample->known -= 30000;
	}
	there = sound_at(&rig, TODAY - 30000);
	ck_assert_double_eq(here.score, there.score);
	ck_assert_double_eq(here.effect, there.effect);
	ck_assert_int_eq(here.onset - 30000, there.onset);
	ck_assert_int_eq(here.before.from - 30000, there.before.from);
}
END_TEST

/* A holiday nobody told of, or a source that is late: one day is not an event. */
START_TEST(an_empty_last_day_changes_no_verdict)
{
	static const double worse[] = { 1, 3 };
	_cleanup_(rig_clear) struct rig rig;

	begin(&rig, _i);
	for (guint i = 0; i < G_N_ELEMENTS(worse); i++) {
		struct shift full, empty;

		g_array_set_size(rig.samples, 0);
		add_usual(&rig, TODAY - 400, TODAY - 42, 1);
		add_usual(&rig, TODAY - 41, TODAY, worse[i]);
		full = sound_at(&rig, TODAY);
		empty = sound_at(&rig, TODAY + 1);
		ck_assert_msg(full.usable && empty.usable, "%s", name_of(&rig));
		ck_assert_msg(shift_holds(&full, SENSITIVITY_DEFAULT) ==
				      shift_holds(&empty, SENSITIVITY_DEFAULT),
			      "%s: %g and %g", name_of(&rig), full.score, empty.score);
		ck_assert_msg(shift_holds(&full, SENSITIVITY_DEFAULT) ==
				      (i == 1 && rig.series.direction == SHIFT_WORSE),
			      "%s: %g", name_of(&rig), full.score);
	}
}
END_TEST

/* Weeks, or spans, from before it do not matter at all. */
START_TEST(nothing_is_seen_of_what_was_before_the_baseline)
{
	_cleanup_(rig_clear) struct rig rig;
	struct shift with, without;

	add_usual(begin(&rig, _i), TODAY - 400, TODAY - 150, 6);
	add_usual(&rig, TODAY - 149, TODAY, 1);
	rig.series.baseline_start = TODAY - 149;
	with = sound_at(&rig, TODAY);
	ck_assert(with.usable && !shift_holds(&with, SENSITIVITY_DEFAULT));
	ck_assert_int_ge(with.before.from, TODAY - 149);
	g_array_set_size(rig.samples, 0);
	g_rand_set_seed(rig.rand, 7 + rig.series.engine);
	add_usual(&rig, TODAY - 400, TODAY - 150, 6);
	for (guint i = 0; i < rig.samples->len; i++)
		g_array_index(rig.samples, struct shift_sample, i).seconds = 1;
	add_usual(&rig, TODAY - 149, TODAY, 1);
	without = sound_at(&rig, TODAY);
	ck_assert_mem_eq(&with, &without, sizeof(with));
	/* After all there is: nothing is left. */
	rig.series.baseline_start = TODAY + 1;
	with = sound_at(&rig, TODAY);
	ck_assert(!with.usable);
	ck_assert_uint_eq(with.lacking, 52);
}
END_TEST

static double any_double(GRand *rand)
{
	static const double odd[] = { 0,       -0.0,	 -1,  1,	1e-300,	  1e300,
				      DBL_MAX, -DBL_MAX, NAN, INFINITY, -INFINITY };

	if (g_rand_int_range(rand, 0, 3) == 0)
		return odd[g_rand_int_range(rand, 0, G_N_ELEMENTS(odd))];
	return exp(g_rand_double_range(rand, -30, 30));
}

START_TEST(whatever_comes_in_numbers_come_out)
{
	_cleanup_(rig_clear) struct rig rig;

	begin(&rig, _i);
	for (guint round = 0; round < 200; round++) {
		gint32 day = TODAY - g_rand_int_range(rig.rand, 0, 500);
		struct shift shift;

		g_array_set_size(rig.samples, 0);
		while (day < TODAY + 5) {
			double what = any_double(rig.rand);

			struct shift_sample sample = {
				.day = day,
				.known = g_rand_boolean(rig.rand) ? SHIFT_NEVER
								  : g_rand_int(rig.rand),
				.began = end_of(day) -
					 g_rand_int_range(rig.rand, 0, 1000000),
				.ended = g_rand_boolean(rig.rand)
						 ? INSTANT_NONE
						 : (gint64)g_rand_int(rig.rand) << 31,
				.seconds = what,
			};
			g_array_append_val(rig.samples, sample);
			if (g_rand_int_range(rig.rand, 0, 1 + (gint32)round) < 12)
				day += g_rand_int_range(rig.rand, 0, 12);
		}
		shift = shift_at(&rig, TODAY);
		is_sound(&shift, name_of(&rig));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shift");
	TCase *tests = tcase_create("shift");
	int failed;

	tcase_add_loop_test(tests, no_samples_teach_nothing, 0, N_CASES);
	tcase_add_loop_test(tests, one_week_is_not_enough, 0, N_CASES);
	tcase_add_loop_test(tests, equal_samples_show_no_change, 0, N_CASES);
	tcase_add_loop_test(tests, zeros_show_no_change, 0, N_CASES);
	tcase_add_loop_test(tests, one_outlier_is_no_change, 0, N_CASES);
	tcase_add_loop_test(tests, a_change_is_found_and_its_opposite_is_not, 0, N_CASES);
	tcase_add_loop_test(tests, a_gate_of_ones_own, 0, N_CASES);
	tcase_add_loop_test(tests, the_same_twice, 0, N_CASES);
	tcase_add_loop_test(tests, what_comes_later_does_no_harm, 0, N_CASES);
	tcase_add_loop_test(tests, days_before_1970_are_days, 0, N_CASES);
	tcase_add_loop_test(tests, an_empty_last_day_changes_no_verdict, 0, N_CASES);
	tcase_add_loop_test(tests, nothing_is_seen_of_what_was_before_the_baseline, 0,
			    N_CASES);
	tcase_add_loop_test(tests, whatever_comes_in_numbers_come_out, 0, N_CASES);
	suite_add_tcase(suite, tests);
	run(suite, &failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
