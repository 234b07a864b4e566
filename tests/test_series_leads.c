#include "tests/series_fixture.h"

/* A machine's commits are left out by a rule, among them all of the second rollout; the
 * third has none. */
static const struct story with_machines = {
	.zone = "UTC",
	.now = "2026-01-10T12:00:00Z",
	.rollouts = {
		{ "2026-01-05T10:00:00Z", { { 10, 1 }, { 20, 2 }, { 1, 9, true } } },
		{ "2026-01-06T10:00:00Z", { { 2, 9, true } } },
		{ "2026-01-07T10:00:00Z", { { 30, 1 } } },
	},
};

START_TEST(what_rules_leave_out_counts_apart)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &with_machines);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = lead_time(&world, GRAIN_DAY, "2026-01-05T00:00:00Z");
	ck_assert(row->n == 2 && row->p50 == 15 * 3600 && row->mean == 15 * 3600);
	row = find_row(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 0,
		       "2026-01-05T00:00:00Z");
	ck_assert(row->n == 3 && row->p50 == 10 * 3600 && row->value == row->p50);
	ck_assert(isnan(row->numerator) && isnan(row->denominator));
	/* All left out is no lead time, not one of 0. */
	row = lead_time(&world, GRAIN_DAY, "2026-01-06T00:00:00Z");
	ck_assert(row->n == 0 && isnan(row->value));
	row = find_row(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 0,
		       "2026-01-06T00:00:00Z");
	ck_assert(row->n == 1 && row->p50 == 2 * 3600);
	/* From the samples: the mean of the days' medians would be 14 h. */
	row = find_row(&world, METRIC_LEAD_TIME_ALL, GRAIN_WEEK, 0,
		       "2026-01-05T00:00:00Z");
	ck_assert(row->n == 5 && row->p50 == 10 * 3600);
}
END_TEST

START_TEST(where_nothing_is_left_out_there_is_no_second_row)
{
	_cleanup_(world_clear) struct world world;

	tell(&world, &with_machines);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	ck_assert_uint_eq(n_rows(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 0,
				 "2026-01-07T00:00:00Z"),
			  0);
	ck_assert_uint_eq(n_rows(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 0,
				 "2026-01-08T00:00:00Z"),
			  0);
}
END_TEST

START_TEST(windows_have_both)
{
	_cleanup_(world_clear) struct world world;

	tell(&world, &with_machines);
	series_windows(&world.input, world.rows);
	ck_assert_int_eq(find_row(&world, METRIC_CHANGE_LEAD_TIME, GRAIN_DAY, 7, NULL)->n,
			 3);
	ck_assert_int_eq(find_row(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 7, NULL)->n,
			 5);
}
END_TEST

START_TEST(authors_count_where_their_samples_do)
{
	struct story story = with_machines;
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	story.minimum_authors = 3;
	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	/* Two people and a machine, which is no third person for what it is left out of.
	 */
	row = lead_time(&world, GRAIN_DAY, "2026-01-05T00:00:00Z");
	ck_assert(row->n == 2 && isnan(row->value));
	check_no_spread(row);
	row = find_row(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 0,
		       "2026-01-05T00:00:00Z");
	ck_assert(row->n == 3 && row->p50 == 10 * 3600);
	row = find_row(&world, METRIC_LEAD_TIME_ALL, GRAIN_DAY, 0,
		       "2026-01-06T00:00:00Z");
	ck_assert(row->n == 1 && isnan(row->value));
	check_no_spread(row);
}
END_TEST

/* Two changes, one of them without a review request; another month has one. */
static const struct story with_changes = {
	.zone = "UTC",
	.now = "2026-02-10T12:00:00Z",
	.rollouts = {
		{ "2026-01-05T10:00:00Z",
		  .changes = { { { 1, 2, 3, 4 }, 7 }, { { -1, -1, 5, 0 }, 8 } } },
		{ "2026-02-05T10:00:00Z", .changes = { { { -1, -1, -1, 8 }, 7 } } },
	},
};

static const struct {
	const char *what;
	enum metric metric;
	gint64 n;
	double p50_hours, mean_hours;
	bool enough; /* two authors */
} stages[] = {
	/* With the stage that is not known as 0, the mean would be half an hour. */
	{ "only what is known", METRIC_STAGE_CODING, 1, 1, 1, false },
	{ "only what is known, likewise", METRIC_STAGE_PICKUP, 1, 2, 2, false },
	/* Not the lower of the two, 3 h. */
	{ "the median lies between", METRIC_STAGE_REVIEW, 2, 4, 4, true },
	{ "no time at all is a time", METRIC_STAGE_DEPLOY, 2, 2, 2, true },
};

START_TEST(stages_count_what_is_known)
{
	struct story story = with_changes;

	for (guint minimum = 0; minimum <= 2; minimum++) {
		_cleanup_(world_clear) struct world world;
		const struct series_row *row;
		bool published = stages[_i].enough || minimum < 2;

		story.minimum_authors = minimum;
		tell(&world, &story);
		series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
		row = find_row(&world, stages[_i].metric, GRAIN_MONTH, 0,
			       "2026-01-01T00:00:00Z");
		ck_assert_msg(row->n == stages[_i].n, "%s", stages[_i].what);
		ck_assert_msg(!isnan(row->value) == published, "%s", stages[_i].what);
		if (!published) {
			check_no_spread(row);
			continue;
		}
		ck_assert_msg(row->value == stages[_i].p50_hours * 3600, "%s",
			      stages[_i].what);
		ck_assert_msg(row->mean == stages[_i].mean_hours * 3600, "%s",
			      stages[_i].what);
	}
}
END_TEST

START_TEST(stages_have_rows_only_where_they_have_samples)
{
	_cleanup_(world_clear) struct world world;

	tell(&world, &with_changes);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	for (int i = METRIC_STAGE_CODING; i <= METRIC_STAGE_DEPLOY; i++) {
		ck_assert_uint_eq(n_rows(&world, (enum metric)i, GRAIN_MONTH, 0,
					 "2026-02-01T00:00:00Z"),
				  i == METRIC_STAGE_DEPLOY);
		ck_assert_uint_eq(n_rows(&world, (enum metric)i, GRAIN_DAY, 0,
					 "2026-01-06T00:00:00Z"),
				  0);
	}
	g_array_set_size(world.rows, 0);
	series_windows(&world.input, world.rows);
	ck_assert_int_eq(find_row(&world, METRIC_STAGE_REVIEW, GRAIN_DAY, 90, NULL)->n,
			 2);
	ck_assert_int_eq(find_row(&world, METRIC_STAGE_DEPLOY, GRAIN_DAY, 90, NULL)->n,
			 3);
	ck_assert_uint_eq(n_rows(&world, METRIC_STAGE_REVIEW, GRAIN_DAY, 28, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_leads");
	TCase *tests = tcase_create("series_leads");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, what_rules_leave_out_counts_apart);
	tcase_add_test(tests, where_nothing_is_left_out_there_is_no_second_row);
	tcase_add_test(tests, windows_have_both);
	tcase_add_test(tests, authors_count_where_their_samples_do);
	tcase_add_loop_test(tests, stages_count_what_is_known, 0, G_N_ELEMENTS(stages));
	tcase_add_test(tests, stages_have_rows_only_where_they_have_samples);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
