#include "tests/series_fixture.h"

static const struct story two_months_apart = {
	.zone = "Europe/Berlin",
	.now = "2026-04-10T12:00:00Z",
	.rollouts = {
		{ "2026-01-15T10:00:00Z", { { 10, 1 }, { 20, 2 } } },
		{ "2026-03-29T10:00:00Z", { { 5, 1 } } },
		{ "2026-03-29T11:00:00Z", { { 7, 1 }, { 6, 1 } } },
	},
};

START_TEST(an_empty_month_is_null_not_0)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &two_months_apart);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = lead_time(&world, GRAIN_MONTH, "2026-01-31T23:00:00Z");
	ck_assert_int_eq(row->n, 0);
	ck_assert(isnan(row->value) && isnan(row->numerator) && isnan(row->denominator));
	check_no_spread(row);
	/* But nothing was deployed, and that is a number. */
	row = frequency(&world, GRAIN_MONTH, "2026-01-31T23:00:00Z");
	ck_assert_int_eq(row->n, 0);
	ck_assert(row->value == 0 && row->numerator == 0 && row->denominator == 28);
	check_no_spread(row);
	ck_assert(isnan(row->deployment_days));
}
END_TEST

START_TEST(the_median_of_two_samples_lies_between)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &two_months_apart);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = lead_time(&world, GRAIN_DAY, "2026-01-14T23:00:00Z");
	ck_assert_int_eq(row->n, 2);
	ck_assert(row->value == 15 * 3600 && row->p50 == row->value);
	ck_assert(row->p90 == 19 * 3600 && row->mean == 15 * 3600);
	/* From the samples, never from shorter buckets' medians. */
	row = lead_time(&world, GRAIN_QUARTER, "2025-12-31T23:00:00Z");
	ck_assert_int_eq(row->n, 5);
	ck_assert(row->p50 == 7 * 3600 && row->p75 == 10 * 3600);
}
END_TEST

START_TEST(time_between_deployments)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &two_months_apart);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* The first has none before it. */
	row = frequency(&world, GRAIN_MONTH, "2025-12-31T23:00:00Z");
	ck_assert_int_eq(row->n, 1);
	check_no_spread(row);
	row = frequency(&world, GRAIN_MONTH, "2026-02-28T23:00:00Z");
	ck_assert_int_eq(row->n, 2);
	ck_assert(row->value == 2 && row->numerator == 1);
	ck_assert(row->mean == (73 * 24 + 1) * 3600 / 2.0);
	ck_assert(row->p50 == row->mean);
}
END_TEST

START_TEST(the_first_and_last_bucket_are_partial)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &two_months_apart);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = frequency(&world, GRAIN_MONTH, "2025-12-31T23:00:00Z");
	ck_assert(row->denominator == 17); /* 15 to 31 January */
	row = frequency(&world, GRAIN_QUARTER, "2026-03-31T22:00:00Z");
	ck_assert(row->denominator == 10);
	/* And there is none before or after. */
	ck_assert_uint_eq(n_rows(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 0,
				 "2026-01-13T23:00:00Z"),
			  0);
	ck_assert_uint_eq(n_rows(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 0,
				 "2026-04-10T22:00:00Z"),
			  0);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * ((17 + 28 + 31 + 10) + 13 + 4 + 2));
}
END_TEST

START_TEST(a_day_of_23_hours_is_a_day)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &two_months_apart);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = frequency(&world, GRAIN_DAY, "2026-03-28T23:00:00Z");
	ck_assert_int_eq(row->end - row->start, 23 * HOUR);
	ck_assert(row->denominator == 1 && row->numerator == 1);
	row = frequency(&world, GRAIN_MONTH, "2026-02-28T23:00:00Z");
	ck_assert(row->denominator == 31);
}
END_TEST

START_TEST(a_day_of_25_hours_is_a_day)
{
	static const struct story story = {
		.zone = "Europe/Berlin",
		.now = "2026-10-26T12:00:00Z",
		.rollouts = { { "2026-10-24T22:00:00Z", { { 1, 1 } } },
			      { "2026-10-25T22:59:59.999999Z", { { 1, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = frequency(&world, GRAIN_DAY, "2026-10-24T22:00:00Z");
	ck_assert_int_eq(row->end - row->start, 25 * HOUR);
	ck_assert_int_eq(row->n, 2);
	ck_assert(row->denominator == 1 && row->numerator == 1);
}
END_TEST

START_TEST(a_day_that_was_left_out_is_none)
{
	static const struct story story = {
		.zone = "Pacific/Apia",
		.now = "2012-01-03T12:00:00Z",
		.rollouts = { { "2011-12-29T12:00:00Z", { { 1, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* 29 and 31 December, then 1 to 4 January there. */
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * (6 + 2 + 2 + 2));
	ck_assert(frequency(&world, GRAIN_MONTH, "2011-12-01T10:00:00Z")->denominator ==
		  2);
}
END_TEST

START_TEST(the_hour_between_two_midnights_is_not_lost)
{
	static const struct story story = {
		.zone = "America/Havana",
		.now = "2026-11-01T04:45:00Z",
		.rollouts = { { "2026-11-01T04:30:00Z", { { 1, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	ck_assert_int_eq(frequency(&world, GRAIN_DAY, "2026-11-01T05:00:00Z")->n, 1);
	ck_assert_int_eq(frequency(&world, GRAIN_MONTH, "2026-11-01T05:00:00Z")->n, 1);
	ck_assert_int_eq(lead_time(&world, GRAIN_DAY, "2026-11-01T05:00:00Z")->n, 1);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * N_GRAINS);
}
END_TEST

START_TEST(an_hour_of_the_old_day_after_a_minute_of_the_new)
{
	static const struct story story = {
		.zone = "America/St_Johns",
		.now = "2009-11-01T12:00:00Z",
		.rollouts = { { "2009-11-01T02:15:00Z", { { 1, 1 } } },
			      { "2009-11-01T02:30:30Z", { { 2, 1 } } },
			      { "2009-11-01T02:45:00Z", { { 3, 1 } } },
			      { "2009-11-01T03:29:00Z", { { 4, 1 } } },
			      { "2009-11-01T04:00:00Z", { { 6, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = frequency(&world, GRAIN_MONTH, "2009-10-01T02:30:00Z");
	ck_assert(row->n == 3 && row->numerator == 1 && row->denominator == 1);
	ck_assert(lead_time(&world, GRAIN_DAY, "2009-10-31T02:30:00Z")->p50 == 3 * 3600);
	row = frequency(&world, GRAIN_MONTH, "2009-11-01T03:30:00Z");
	ck_assert(row->n == 2 && row->numerator == 1 && row->denominator == 1);
	ck_assert(lead_time(&world, GRAIN_DAY, "2009-11-01T03:30:00Z")->p50 == 4 * 3600);
}
END_TEST

START_TEST(a_lifetime_within_one_day)
{
	static const struct story story = {
		.zone = "Asia/Kathmandu",
		.now = "2026-05-20T16:00:00Z",
		.rollouts = { { "2026-05-20T10:00:00Z", { { 3, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * N_GRAINS);
	row = frequency(&world, GRAIN_QUARTER, "2026-03-31T18:15:00Z");
	ck_assert(row->denominator == 1 && row->numerator == 1 && row->value == 1);
	/* No local midnight has passed: there is no whole day to look back on. */
	series_windows(&world.input, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * N_GRAINS);
}
END_TEST

START_TEST(a_single_deployment)
{
	static const struct story story = {
		.zone = "UTC",
		.now = "2026-05-22T00:00:00Z",
		.rollouts = { { "2026-05-20T10:00:00Z", { { 3, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = lead_time(&world, GRAIN_DAY, "2026-05-20T00:00:00Z");
	ck_assert_int_eq(row->n, 1);
	ck_assert(row->p50 == 3 * 3600 && row->p95 == row->p50 && row->mean == row->p50);
	check_no_spread(frequency(&world, GRAIN_DAY, "2026-05-20T00:00:00Z"));
	g_array_set_size(world.rows, 0);
	series_windows(&world.input, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALWAYS * 3);
	row = find_row(&world, METRIC_DEPLOYMENT_FREQUENCY, GRAIN_DAY, 90, NULL);
	ck_assert(row->value == 1 && row->numerator == 1 && row->denominator == 2);
	/* Two days are no whole week. */
	ck_assert(isnan(row->deployment_days));
}
END_TEST

START_TEST(no_deployment_no_rows)
{
	static const struct story story = { .zone = "UTC",
					    .now = "2026-05-22T00:00:00Z" };
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	series_windows(&world.input, world.rows);
	ck_assert_uint_eq(world.rows->len, 0);
}
END_TEST

START_TEST(year_ends_are_in_iso_weeks)
{
	static const struct story story = {
		.zone = "UTC",
		.now = "2021-01-10T00:00:00Z",
		.rollouts = { { "2020-12-28T00:00:00Z", { { 1, 1 } } },
			      { "2020-12-31T23:59:59Z", { { 2, 1 } } },
			      { "2021-01-01T00:00:00Z", { { 3, 1 } } },
			      { "2021-01-03T23:59:59Z", { { 4, 1 } } },
			      { "2021-01-04T00:00:00Z", { { 5, 1 } } } },
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* Week 53 of 2020, of two years, two months and two quarters. */
	ck_assert_int_eq(lead_time(&world, GRAIN_WEEK, "2020-12-28T00:00:00Z")->n, 4);
	ck_assert_int_eq(lead_time(&world, GRAIN_WEEK, "2021-01-04T00:00:00Z")->n, 1);
	ck_assert_int_eq(lead_time(&world, GRAIN_MONTH, "2020-12-01T00:00:00Z")->n, 2);
	ck_assert_int_eq(lead_time(&world, GRAIN_QUARTER, "2021-01-01T00:00:00Z")->n, 3);
}
END_TEST

static const struct {
	const char *what;
	guint64 authors[4];
	guint n_commits, minimum;
	bool published;
} crowds[] = {
	{ "three of three", { 7, 8, 9 }, 3, 3, true },
	{ "one of them twice", { 7, 8, 7, 9 }, 4, 3, true },
	{ "two, twice each, are two", { 7, 8, 8, 7 }, 4, 3, false },
	{ "an unknown author is no one", { 7, 8, 0 }, 3, 3, false },
	{ "authors are not kept", { 0, 0, 0 }, 3, 3, false },
	{ "authors are not kept, one would do", { 0 }, 1, 1, false },
	{ "authors are not kept and do not matter", { 0 }, 1, 0, true },
	{ "more are asked for than there are commits", { 7 }, 1, G_MAXUINT, false },
};

START_TEST(few_authors_publish_no_distribution)
{
	struct story story = {
		.zone = "UTC",
		.now = "2026-05-21T00:00:00Z",
		.minimum_authors = crowds[_i].minimum,
		.rollouts = { { "2026-05-20T10:00:00Z", { { 0, 0 } } } },
	};
	_cleanup_(world_clear) struct world world;
	guint n = crowds[_i].n_commits;

	for (guint i = 0; i < n; i++) {
		story.rollouts[0].commits[i].hours = 1;
		story.rollouts[0].commits[i].author = crowds[_i].authors[i];
	}
	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	series_windows(&world.input, world.rows);
	for (guint i = 0; i < world.rows->len; i++) {
		const struct series_row *row = &g_array_index(world.rows,
							      struct series_row, i);

		if (row->metric != METRIC_CHANGE_LEAD_TIME)
			continue;
		if (row->end <= instant_of("2026-05-20T10:00:00Z") ||
		    row->start > instant_of("2026-05-20T10:00:00Z"))
			continue;
		ck_assert_msg(row->n == n, "%s", crowds[_i].what);
		ck_assert_msg(isnan(row->value) == !crowds[_i].published, "%s",
			      crowds[_i].what);
		if (!crowds[_i].published)
			check_no_spread(row);
	}
}
END_TEST

START_TEST(names)
{
	static const char *const named[] = {
		"deployment_frequency",	  "change_lead_time",
		"change_fail_rate",	  "failed_deployment_recovery_time",
		"deployment_rework_rate", "time_to_restore",
		"change_lead_time_all",	  "lead_time_coding",
		"lead_time_pickup",	  "lead_time_review",
		"lead_time_deploy",
	};
	enum metric metric;

	ck_assert_int_eq(G_N_ELEMENTS(named), N_METRICS);
	for (int i = 0; i < N_METRICS; i++) {
		ck_assert_str_eq(metric_name((enum metric)i), named[i]);
		ck_assert(metric_parse(named[i], &metric) && (int)metric == i);
	}
	ck_assert(!metric_parse("mttr", &metric));
	ck_assert_str_eq(grain_name(GRAIN_DAY), "day");
	ck_assert_str_eq(grain_name(GRAIN_QUARTER), "quarter");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series");
	TCase *tests = tcase_create("series");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, an_empty_month_is_null_not_0);
	tcase_add_test(tests, the_median_of_two_samples_lies_between);
	tcase_add_test(tests, time_between_deployments);
	tcase_add_test(tests, the_first_and_last_bucket_are_partial);
	tcase_add_test(tests, a_day_of_23_hours_is_a_day);
	tcase_add_test(tests, a_day_of_25_hours_is_a_day);
	tcase_add_test(tests, a_day_that_was_left_out_is_none);
	tcase_add_test(tests, the_hour_between_two_midnights_is_not_lost);
	tcase_add_test(tests, an_hour_of_the_old_day_after_a_minute_of_the_new);
	tcase_add_test(tests, a_lifetime_within_one_day);
	tcase_add_test(tests, a_single_deployment);
	tcase_add_test(tests, no_deployment_no_rows);
	tcase_add_test(tests, year_ends_are_in_iso_weeks);
	tcase_add_loop_test(tests, few_authors_publish_no_distribution, 0,
			    G_N_ELEMENTS(crowds));
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
