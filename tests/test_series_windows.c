#include "tests/series_fixture.h"

/* Four weeks back from Thursday, 25 June 2026: 3, 0, 2 and 1 days with a deployment. */
static const struct story four_weeks = {
	.zone = "America/New_York",
	.now = "2026-06-25T15:00:00Z",
	.rollouts = {
		{ "2026-04-01T12:00:00Z", { { 100, 1 } } },
		{ "2026-05-28T03:59:59Z", { { 90, 1 } } }, /* a second before */
		{ "2026-05-28T04:00:00Z", { { 1, 1 } } },  /* the first instant */
		{ "2026-05-28T20:00:00Z", { { 2, 1 } } },
		{ "2026-06-01T20:00:00Z", { { 3, 1 } } },
		{ "2026-06-04T03:59:59Z", { { 4, 1 } } },
		{ "2026-06-11T04:00:00Z", { { 5, 1 } } },
		{ "2026-06-12T04:00:00Z", { { 6, 1 } } },
		{ "2026-06-25T03:59:59.999999Z", { { 7, 1 } } }, /* the last instant */
		{ "2026-06-25T04:00:00Z", { { 80, 1 } } },	/* today */
	},
};

START_TEST(windows_end_with_the_last_local_midnight)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &four_weeks);
	series_windows(&world.input, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * 3);
	row = find_row(&world, METRIC_CHANGE_LEAD_TIME, GRAIN_DAY, 28, NULL);
	ck_assert_int_eq(row->start, instant_of("2026-05-28T04:00:00Z"));
	ck_assert_int_eq(row->end, instant_of("2026-06-25T04:00:00Z"));
	ck_assert_int_eq(row->n, 7);
	ck_assert(row->p50 == 4 * 3600 && row->value == row->p50);
	row = find_row(&world, METRIC_CHANGE_LEAD_TIME, GRAIN_DAY, 7, NULL);
	ck_assert_int_eq(row->n, 1);
	/* At midnight itself, the day before is over. */
	world.input.now = instant_of("2026-06-26T04:00:00Z");
	g_array_set_size(world.rows, 0);
	series_windows(&world.input, world.rows);
	row = find_row(&world, METRIC_CHANGE_LEAD_TIME, GRAIN_DAY, 7, NULL);
	ck_assert_int_eq(row->end, world.input.now);
	ck_assert_int_eq(row->n, 2);
}
END_TEST

START_TEST(a_window_of_28_days_has_four_weeks)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &four_weeks);
	series_windows(&world.input, world.rows);
	row = find_row(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 28, NULL);
	ck_assert_int_eq(row->n, 7);
	ck_assert(row->numerator == 6 && row->denominator == 28);
	ck_assert(row->deployment_days == 1.5);
	row = find_row(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 7, NULL);
	ck_assert(row->deployment_days == 1 && row->value == 1);
	/* 90 days: 12 weeks of 84 days; born on the 85th day back, all of them count. */
	row = find_row(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 90, NULL);
	ck_assert_int_eq(row->n, 9);
	ck_assert(row->denominator == 85 && row->deployment_days == 0);
}
END_TEST

START_TEST(weeks_before_the_first_deployment_are_none)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &four_weeks);
	world.input.rollouts += 2;
	world.input.n_rollouts -= 2;
	world.input.born = world.input.rollouts[0].finished;
	series_windows(&world.input, world.rows);
	row = find_row(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 90, NULL);
	ck_assert(row->denominator == 28 && row->deployment_days == 1.5);
	/* Born a day later, the first of the four is not whole. */
	world.input.rollouts += 2;
	world.input.n_rollouts -= 2;
	world.input.born = world.input.rollouts[0].finished;
	g_array_set_size(world.rows, 0);
	series_windows(&world.input, world.rows);
	row = find_row(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 90, NULL);
	ck_assert(row->denominator == 24 && row->deployment_days == 1);
}
END_TEST

START_TEST(no_window_ends_in_the_future)
{
	/* The clock shows the new date, but its midnight is still to come once more. */
	static const struct story story = {
		.zone = "America/Havana",
		.now = "2026-11-01T04:30:00Z",
		.rollouts = { { "2026-10-20T12:00:00Z", { { 1, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_windows(&world.input, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * 3);
	for (guint i = 0; i < world.rows->len; i++)
		ck_assert_int_eq(g_array_index(world.rows, struct series_row, i).end,
				 instant_of("2026-10-31T04:00:00Z"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_windows");
	TCase *tests = tcase_create("series_windows");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, windows_end_with_the_last_local_midnight);
	tcase_add_test(tests, a_window_of_28_days_has_four_weeks);
	tcase_add_test(tests, weeks_before_the_first_deployment_are_none);
	tcase_add_test(tests, no_window_ends_in_the_future);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
