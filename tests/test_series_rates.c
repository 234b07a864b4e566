#include "tests/series_fixture.h"

/* Of January's five rollouts two failed, one of them by two incidents that came only in
 * February; February's one is fine. */
static const struct story january_failed = {
	.zone = "Europe/Berlin",
	.now = "2026-03-10T12:00:00Z",
	.rollouts = {
		{ "2026-01-05T10:00:00Z" },
		{ "2026-01-12T10:00:00Z", .state = CHANGE_FAILED,
		  .recovered = "2026-01-12T11:00:00Z" },
		{ "2026-01-12T11:00:00Z", .unplanned = true },
		{ "2026-01-20T10:00:00Z" },
		{ "2026-01-31T22:59:59Z", .state = CHANGE_FAILED,
		  .recovered = "2026-02-02T10:00:00Z" },
		{ "2026-02-02T10:00:00Z", .unplanned = true },
		{ "2026-03-09T10:00:00Z", .state = CHANGE_PENDING },
	},
	.incidents = {
		{ "2026-02-01T08:00:00Z", "2026-02-01T09:00:00Z" },
		{ "2026-02-01T09:30:00Z", "2026-02-02T10:00:00Z" },
	},
};

static const struct series_row *month_of(const struct world *world, enum metric metric,
					 const char *start)
{
	return find_row(world, metric, GRAIN_MONTH, 0, start);
}

START_TEST(rollouts_fail_on_their_own_day)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &january_failed);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = month_of(&world, METRIC_CHANGE_FAIL_RATE, "2025-12-31T23:00:00Z");
	ck_assert(row->numerator == 2 && row->denominator == 5 && row->value == 0.4);
	ck_assert(row->n == 5 && row->pending == 0);
	check_no_spread(row);
	/* By the day of the incidents January would have 0 of 5, and February, with two
	 * incidents to its one rollout, 200 %. */
	row = month_of(&world, METRIC_CHANGE_FAIL_RATE, "2026-01-31T23:00:00Z");
	ck_assert(row->numerator == 0 && row->denominator == 1 && row->value == 0);
}
END_TEST

START_TEST(two_incidents_of_one_rollout_are_one_failure)
{
	static const struct story story = {
		.zone = "UTC",
		.now = "2026-01-10T00:00:00Z",
		.rollouts = { { "2026-01-05T10:00:00Z", .state = CHANGE_FAILED,
				.recovered = "2026-01-05T13:00:00Z" } },
		.incidents = { { "2026-01-05T10:30:00Z", "2026-01-05T12:00:00Z" },
			       { "2026-01-05T10:40:00Z", "2026-01-05T13:00:00Z" } },
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* Incidents through deployments would be 2. */
	ck_assert(month_of(&world, METRIC_CHANGE_FAIL_RATE, "2026-01-01T00:00:00Z")
			  ->value == 1);
	ck_assert_int_eq(
		month_of(&world, METRIC_TIME_TO_RESTORE, "2026-01-01T00:00:00Z")->n, 2);
}
END_TEST

START_TEST(what_is_not_known_yet_is_neither_ok_nor_failed)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &january_failed);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* Taken for ok, it would be 0: 0 of 1. */
	row = month_of(&world, METRIC_CHANGE_FAIL_RATE, "2026-02-28T23:00:00Z");
	ck_assert(row->n == 0 && row->pending == 1 && isnan(row->value));
	ck_assert(row->numerator == 0 && row->denominator == 0);
	/* In the quarter it is beside those that are known. */
	row = find_row(&world, METRIC_CHANGE_FAIL_RATE, GRAIN_QUARTER, 0,
		       "2025-12-31T23:00:00Z");
	ck_assert(row->numerator == 2 && row->denominator == 6 && row->pending == 1);
	/* Not the mean of the months' rates, (0.4 + 0) / 2. */
	ck_assert(row->value == 2 / 6.0);
}
END_TEST

START_TEST(no_rollouts_have_no_rate)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &january_failed);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* A 0 here would look like a perfect week. */
	row = find_row(&world, METRIC_CHANGE_FAIL_RATE, GRAIN_WEEK, 0,
		       "2026-02-15T23:00:00Z");
	ck_assert(row->n == 0 && row->pending == 0 && isnan(row->value));
	row = find_row(&world, METRIC_REWORK_RATE, GRAIN_WEEK, 0, "2026-02-15T23:00:00Z");
	ck_assert(row->n == 0 && row->denominator == 0 && isnan(row->value));
}
END_TEST

START_TEST(rework_is_the_share_of_unplanned_rollouts)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &january_failed);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = month_of(&world, METRIC_REWORK_RATE, "2025-12-31T23:00:00Z");
	ck_assert(row->numerator == 1 && row->denominator == 5 && row->value == 0.2);
	ck_assert(row->n == 5 && row->pending == -1 && row->open == -1);
	check_no_spread(row);
	/* Planned or not is known at once: pending ones count. */
	row = month_of(&world, METRIC_REWORK_RATE, "2026-02-28T23:00:00Z");
	ck_assert(row->numerator == 0 && row->denominator == 1 && row->value == 0);
}
END_TEST

START_TEST(windows_have_the_same_rates)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &january_failed);
	series_windows(&world.input, world.rows);
	row = find_row(&world, METRIC_CHANGE_FAIL_RATE, GRAIN_DAY, 90, NULL);
	ck_assert(row->n == 6 && row->numerator == 2 && row->pending == 1);
	row = find_row(&world, METRIC_CHANGE_FAIL_RATE, GRAIN_DAY, 7, NULL);
	ck_assert(row->n == 0 && row->pending == 1 && isnan(row->value));
	row = find_row(&world, METRIC_REWORK_RATE, GRAIN_DAY, 90, NULL);
	ck_assert(row->n == 7 && row->numerator == 2 && row->value == 2 / 7.0);
}
END_TEST

/* A team's rate is that of its rollouts, not the mean of its services' rates: 1 of 1 and
 * 0 of 4 are 1 of 5, where the mean would be 0.5. */
START_TEST(a_team_has_the_rollouts_of_its_services)
{
	static const struct story team = {
		.zone = "UTC",
		.now = "2026-01-10T00:00:00Z",
		.rollouts = {
			{ "2026-01-05T10:00:00Z" },
			{ "2026-01-05T11:00:00Z", .state = CHANGE_FAILED },
			{ "2026-01-06T10:00:00Z" },
			{ "2026-01-07T10:00:00Z" },
			{ "2026-01-08T10:00:00Z" },
		},
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &team);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	ck_assert(month_of(&world, METRIC_CHANGE_FAIL_RATE, "2026-01-01T00:00:00Z")
			  ->value == 0.2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_rates");
	TCase *tests = tcase_create("series_rates");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, rollouts_fail_on_their_own_day);
	tcase_add_test(tests, two_incidents_of_one_rollout_are_one_failure);
	tcase_add_test(tests, what_is_not_known_yet_is_neither_ok_nor_failed);
	tcase_add_test(tests, no_rollouts_have_no_rate);
	tcase_add_test(tests, rework_is_the_share_of_unplanned_rollouts);
	tcase_add_test(tests, windows_have_the_same_rates);
	tcase_add_test(tests, a_team_has_the_rollouts_of_its_services);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
