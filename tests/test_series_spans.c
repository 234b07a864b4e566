#include "tests/series_fixture.h"

/* The service had an incident before its first rollout, one that ended with the first
 * instant of a month, and one that is open; a failed rollout that recovered at once, one
 * that did in the month after, and one that has not. */
static const struct story three_months = {
	.zone = "UTC",
	.now = "2026-03-10T12:00:00Z",
	.rollouts = {
		{ "2026-01-10T10:00:00Z", .state = CHANGE_FAILED,
		  .recovered = "2026-01-10T12:00:00Z" },
		{ "2026-01-20T10:00:00Z", .state = CHANGE_FAILED,
		  .recovered = "2026-02-03T10:00:00Z" },
		{ "2026-02-10T10:00:00Z", .state = CHANGE_FAILED },
	},
	.incidents = {
		{ "2026-01-02T00:00:00Z", "2026-01-02T04:00:00Z" },
		{ "2026-01-25T00:00:00Z", "2026-02-01T00:00:00Z" },
		{ "2026-02-20T00:00:00Z" },
		{ "2026-03-05T09:00:00Z", "2026-03-05T10:00:00Z" },
	},
};

static const struct {
	const char *what;
	enum metric metric;
	enum grain grain;
	const char *start;
	gint64 n;
	double p50_hours, mean_hours; /* -1: NULL */
	gint64 open;
	const char *oldest_open;
} expected[] = {
	{ "a recovery counts when it comes, until then it is open", METRIC_RECOVERY_TIME,
	  GRAIN_MONTH, "2026-01-01T00:00:00Z", 1, 2, 2, 1, "2026-01-20T10:00:00Z" },
	{ "recovered from what failed in the month before", METRIC_RECOVERY_TIME,
	  GRAIN_MONTH, "2026-02-01T00:00:00Z", 1, 336, 336, 1, "2026-02-10T10:00:00Z" },
	{ "no recovery is no 0, and still one is open", METRIC_RECOVERY_TIME, GRAIN_MONTH,
	  "2026-03-01T00:00:00Z", 0, -1, -1, 1, "2026-02-10T10:00:00Z" },
	{ "of two the median lies between, not at 2 h", METRIC_RECOVERY_TIME,
	  GRAIN_QUARTER, "2026-01-01T00:00:00Z", 2, 169, 169, 1, "2026-02-10T10:00:00Z" },
	{ "none open yet", METRIC_RECOVERY_TIME, GRAIN_DAY, "2026-01-19T00:00:00Z", 0, -1,
	  -1, 0, NULL },
	{ "open from its day on", METRIC_RECOVERY_TIME, GRAIN_DAY, "2026-01-20T00:00:00Z",
	  0, -1, -1, 1, "2026-01-20T10:00:00Z" },
	{ "failed and recovered in a day", METRIC_RECOVERY_TIME, GRAIN_DAY,
	  "2026-01-10T00:00:00Z", 1, 2, 2, 0, NULL },
	{ "an incident before the first rollout", METRIC_TIME_TO_RESTORE, GRAIN_DAY,
	  "2026-01-02T00:00:00Z", 1, 4, 4, 0, NULL },
	{ "the end of the month found it open", METRIC_TIME_TO_RESTORE, GRAIN_MONTH,
	  "2026-01-01T00:00:00Z", 1, 4, 4, 1, "2026-01-25T00:00:00Z" },
	{ "as did the end of its last day", METRIC_TIME_TO_RESTORE, GRAIN_DAY,
	  "2026-01-31T00:00:00Z", 0, -1, -1, 1, "2026-01-25T00:00:00Z" },
	{ "it was restored with the next day's first instant", METRIC_TIME_TO_RESTORE,
	  GRAIN_DAY, "2026-02-01T00:00:00Z", 1, 168, 168, 0, NULL },
	{ "restored then, and another open since", METRIC_TIME_TO_RESTORE, GRAIN_MONTH,
	  "2026-02-01T00:00:00Z", 1, 168, 168, 1, "2026-02-20T00:00:00Z" },
	{ "open now, though the month is not over", METRIC_TIME_TO_RESTORE, GRAIN_MONTH,
	  "2026-03-01T00:00:00Z", 1, 1, 1, 1, "2026-02-20T00:00:00Z" },
	/* The mean of the months' medians would be 57.7 h, that of their means, too. */
	{ "a quarter has all its incidents", METRIC_TIME_TO_RESTORE, GRAIN_QUARTER,
	  "2026-01-01T00:00:00Z", 3, 4, 173 / 3.0, 1, "2026-02-20T00:00:00Z" },
};

START_TEST(spans_count_when_they_end_and_are_open_until_then)
{
	_cleanup_(world_clear) struct world world;
	const char *what = expected[_i].what;
	const struct series_row *row;

	tell(&world, &three_months);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = find_row(&world, expected[_i].metric, expected[_i].grain, 0,
		       expected[_i].start);
	ck_assert_msg(row->n == expected[_i].n, "%s", what);
	ck_assert_msg(row->open == expected[_i].open, "%s: %" G_GINT64_FORMAT, what,
		      row->open);
	ck_assert_msg(row->oldest_open == (expected[_i].oldest_open
						   ? instant_of(expected[_i].oldest_open)
						   : INSTANT_NONE),
		      "%s", what);
	if (expected[_i].p50_hours < 0) {
		ck_assert_msg(isnan(row->value), "%s", what);
		check_no_spread(row);
	} else {
		ck_assert_msg(row->p50 == expected[_i].p50_hours * 3600, "%s", what);
		ck_assert_msg(row->value == row->p50, "%s", what);
		ck_assert_msg(row->mean == expected[_i].mean_hours * 3600, "%s", what);
	}
	ck_assert(isnan(row->numerator) && isnan(row->denominator));
	ck_assert(isnan(row->km_median) && isnan(row->deployment_days));
	ck_assert_int_eq(row->pending, -1);
}
END_TEST

START_TEST(time_to_restore_begins_with_the_first_incident)
{
	_cleanup_(world_clear) struct world world;

	tell(&world, &three_months);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	ck_assert_uint_eq(n_rows(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
				 "2026-01-01T00:00:00Z"),
			  0);
	for (int i = 0; i < N_METRICS; i++)
		ck_assert_uint_eq(n_rows(&world, (enum metric)i, GRAIN_DAY, 0,
					 "2026-01-09T00:00:00Z"),
				  i == METRIC_TIME_TO_RESTORE);
	ck_assert_int_eq(find_row(&world, METRIC_RECOVERY_TIME, GRAIN_DAY, 0,
				  "2026-01-10T00:00:00Z")
				 ->n,
			 1);
}
END_TEST

/* Of a service that has left the configuration, with the day. */
START_TEST(what_was_left_open_is_open_until_then)
{
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;
	struct span_sample *last;

	tell(&world, &three_months);
	last = &world.restores[world.input.n_restores - 1];
	ck_assert(last->ended == INSTANT_NONE);
	last->ended = instant_of("2026-03-05T12:00:00Z");
	last->left = true;
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = find_row(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
		       "2026-03-04T00:00:00Z");
	ck_assert(row->open == 1 && row->n == 0);
	row = find_row(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
		       "2026-03-05T00:00:00Z");
	ck_assert(row->open == 0 && row->n == 1 && row->p50 == 3600);
}
END_TEST

START_TEST(or_with_the_first_rollout_if_that_is_earlier)
{
	static const struct story story = {
		.zone = "UTC",
		.now = "2026-01-10T12:00:00Z",
		.rollouts = { { "2026-01-05T10:00:00Z" } },
		.incidents = { { "2026-01-08T10:00:00Z", "2026-01-08T11:00:00Z" } },
	};
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = find_row(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
		       "2026-01-05T00:00:00Z");
	ck_assert(row->n == 0 && row->open == 0 && isnan(row->value));
	ck_assert_uint_eq(n_rows(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
				 "2026-01-04T00:00:00Z"),
			  0);
}
END_TEST

START_TEST(incidents_without_any_rollout)
{
	static const struct story story = {
		.zone = "UTC",
		.now = "2026-01-10T12:00:00Z",
		.incidents = { { "2026-01-08T10:00:00Z", "2026-01-08T11:00:00Z" },
			       { "2026-01-09T10:00:00Z" } },
	};
	enum { N_ALL = 3 + 1 + 1 + 1 }; /* three days of one week */
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALL);
	series_windows(&world.input, world.rows);
	ck_assert_uint_eq(world.rows->len, N_ALL + 3);
	for (guint i = 0; i < world.rows->len; i++)
		ck_assert_int_eq(g_array_index(world.rows, struct series_row, i).metric,
				 METRIC_TIME_TO_RESTORE);
	row = find_row(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 7, NULL);
	ck_assert(row->n == 1 && row->open == 1 && row->p50 == 3600);
	/* One of two lasted an hour. */
	ck_assert(row->km_median == 3600);
}
END_TEST

START_TEST(the_oldest_that_is_open_is_not_the_first_that_ended)
{
	static const struct story story = {
		.zone = "UTC",
		.now = "2026-01-20T12:00:00Z",
		.incidents = { { "2026-01-01T00:00:00Z", "2026-01-15T00:00:01Z" },
			       { "2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z" },
			       { "2026-01-02T00:00:00Z", "2026-01-19T00:00:00Z" },
			       { "2026-01-10T00:00:00Z" },
			       { "2026-01-20T12:00:00Z" },
			       { "2026-01-20T12:00:00.000001Z" } },
	};
	static const struct {
		const char *day;
		gint64 open;
		const char *oldest;
	} days[] = {
		{ "2026-01-04T00:00:00Z", 3, "2026-01-01T00:00:00Z" },
		{ "2026-01-10T00:00:00Z", 3, "2026-01-01T00:00:00Z" },
		{ "2026-01-15T00:00:00Z", 2, "2026-01-02T00:00:00Z" },
		{ "2026-01-19T00:00:00Z", 1, "2026-01-10T00:00:00Z" },
		/* What begins now is open, what is told of the future is not. */
		{ "2026-01-20T00:00:00Z", 2, "2026-01-10T00:00:00Z" },
	};
	_cleanup_(world_clear) struct world world;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	for (gsize i = 0; i < G_N_ELEMENTS(days); i++) {
		const struct series_row *row = find_row(&world, METRIC_TIME_TO_RESTORE,
							GRAIN_DAY, 0, days[i].day);

		ck_assert_int_eq(row->open, days[i].open);
		ck_assert_int_eq(row->oldest_open, instant_of(days[i].oldest));
	}
}
END_TEST

START_TEST(restored_between_two_midnights)
{
	static const struct story story = {
		.zone = "America/Havana",
		.now = "2026-11-03T12:00:00Z",
		.incidents = { { "2026-10-31T12:00:00Z", "2026-11-01T04:30:00Z" } },
	};
	_cleanup_(world_clear) struct world world;
	const struct series_row *row;

	tell(&world, &story);
	series_buckets(&world.input, DAY_MIN, DAY_MAX, world.rows);
	row = find_row(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
		       "2026-10-31T04:00:00Z");
	ck_assert(row->n == 0 && row->open == 0);
	row = find_row(&world, METRIC_TIME_TO_RESTORE, GRAIN_DAY, 0,
		       "2026-11-01T05:00:00Z");
	ck_assert(row->n == 1 && row->value == 16.5 * 3600 && row->open == 0);
}
END_TEST

static const struct {
	const char *what;
	struct story story;
	gint64 n, open;
	double p50_hours, km_hours; /* -1: NULL */
} windows[] = {
	{ "nothing open: the least span that half of them do not outlast",
	  { .incidents = { { "2026-03-04T00:00:00Z", "2026-03-04T01:00:00Z" },
			   { "2026-03-05T00:00:00Z", "2026-03-05T05:00:00Z" },
			   { "2026-03-06T00:00:00Z", "2026-03-06T09:00:00Z" } } },
	  3,
	  0,
	  5,
	  5 },
	{ "what is open for long pulls it up: without it, 2 h",
	  { .incidents = { { "2026-03-04T00:00:00Z", "2026-03-04T01:00:00Z" },
			   { "2026-03-05T00:00:00Z", "2026-03-05T03:00:00Z" },
			   { "2026-03-05T12:00:00Z" } } },
	  2,
	  1,
	  2,
	  3 },
	{ "most are open: it is longer than all that is known, not 1.5 h",
	  { .incidents = { { "2026-03-04T00:00:00Z", "2026-03-04T01:00:00Z" },
			   { "2026-03-05T00:00:00Z", "2026-03-05T02:00:00Z" },
			   { "2026-03-05T12:00:00Z" },
			   { "2026-03-06T12:00:00Z" },
			   { "2026-03-07T12:00:00Z" } } },
	  2,
	  3,
	  1.5,
	  -1 },
	/* It is at risk for 2 h; if it were for 14 h, the median would be 5 h. */
	{ "what is open counts to the end of the window, not to now",
	  { .incidents = { { "2026-03-04T00:00:00Z", "2026-03-04T03:00:00Z" },
			   { "2026-03-05T00:00:00Z", "2026-03-05T05:00:00Z" },
			   { "2026-03-09T22:00:00Z" } } },
	  2,
	  1,
	  4,
	  3 },
	{ "restored today: the window ends before",
	  { .incidents = { { "2026-03-04T00:00:00Z", "2026-03-04T01:00:00Z" },
			   { "2026-03-09T22:00:00Z", "2026-03-10T00:00:00Z" },
			   { "2026-03-10T01:00:00Z", "2026-03-10T02:00:00Z" } } },
	  1,
	  1,
	  1,
	  1 },
	{ "restored before the window, or begun after: neither counts",
	  { .incidents = { { "2026-03-01T00:00:00Z", "2026-03-02T23:59:59Z" },
			   { "2026-03-10T00:00:00Z" } } },
	  0,
	  0,
	  -1,
	  -1 },
	{ "open since long before the window",
	  { .incidents = { { "2025-03-01T00:00:00Z" } } },
	  0,
	  1,
	  -1,
	  -1 },
};

START_TEST(a_window_counts_what_is_open_as_at_least_this_long)
{
	_cleanup_(world_clear) struct world world;
	struct story story = windows[_i].story;
	const struct series_row *row;
	const char *what = windows[_i].what;

	story.zone = "UTC";
	story.now = "2026-03-10T12:00:00Z";
	tell(&world, &story);
	/* Failed rollouts are treated alike. */
	world.input.born = world.input.incidents_born;
	world.input.recoveries = world.restores;
	world.input.n_recoveries = world.input.n_restores;
	series_windows(&world.input, world.rows);
	for (int i = 0; i < 2; i++) {
		row = find_row(&world, i ? METRIC_TIME_TO_RESTORE : METRIC_RECOVERY_TIME,
			       GRAIN_DAY, 7, NULL);
		ck_assert_msg(row->n == windows[_i].n, "%s", what);
		ck_assert_msg(row->open == windows[_i].open, "%s", what);
		ck_assert_msg(windows[_i].p50_hours < 0
				      ? isnan(row->value)
				      : row->value == windows[_i].p50_hours * 3600,
			      "%s", what);
		ck_assert_msg(windows[_i].km_hours < 0
				      ? isnan(row->km_median)
				      : row->km_median == windows[_i].km_hours * 3600,
			      "%s: %g", what, row->km_median);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_spans");
	TCase *tests = tcase_create("series_spans");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, spans_count_when_they_end_and_are_open_until_then, 0,
			    G_N_ELEMENTS(expected));
	tcase_add_test(tests, time_to_restore_begins_with_the_first_incident);
	tcase_add_test(tests, what_was_left_open_is_open_until_then);
	tcase_add_test(tests, or_with_the_first_rollout_if_that_is_earlier);
	tcase_add_test(tests, incidents_without_any_rollout);
	tcase_add_test(tests, the_oldest_that_is_open_is_not_the_first_that_ended);
	tcase_add_test(tests, restored_between_two_midnights);
	tcase_add_loop_test(tests, a_window_counts_what_is_open_as_at_least_this_long, 0,
			    G_N_ELEMENTS(windows));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
