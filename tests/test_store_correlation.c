#include "sinks/store_goals.h"
#include "tests/store_rig.h"

/* How a KPI and a metric moved together, beside coefficients worked out by hand. */

static struct rig rig;

/* All sources were read at this instant. */
static void read_at(const char *at)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.source SET ok_at = '%s', polled_at = '%s'", at, at);

	rig_run(&rig, sql);
}

static void set_up(void)
{
	struct config *config;

	rig_init(&rig);
	config = rig_config(&rig, NULL, "orgs:\n",
			    "kpis: [{name: weeks, csv: {file: /weeks.csv}}]\norgs:\n");
	rig_ok(store_sync_config(rig.store, config, &error));
	config_unref(config);
	read_at("2026-06-03T00:00:00Z");
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static void write_sample(const struct kpi_sample *row)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_kpi_write(rig.store, "weeks", row, 1, INSTANT_NONE, NULL, &error));
	rig_ok(store_commit(rig.store, &error));
}

/* Weeks from 5 January on, in the zone of the KPI (UTC) and of cart (Berlin). */
static void weeks_of(const double *series, const double *kpi, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *sql = g_strdup_printf(
			"INSERT INTO dorad.series (scope_id, environment, grain,"
			" bucket_start, metric, bucket_end, n, value, definition_id,"
			" computed_at) SELECT scope_id, 'production', 'week', at,"
			" 'change_lead_time', at + interval '7 days', 1,"
			" nullif(%f, -1), 1, now() FROM dorad.scope,"
			" (SELECT timestamptz '2026-01-04T23:00Z' + interval '7 days' *"
			" %zu) AS week (at) WHERE name = 'cart'",
			series[i], i);
		const struct kpi_sample row = { rig_time("2026-01-06T10:00:00Z") +
							(gint64)i * 7 * G_TIME_SPAN_DAY,
						kpi[i] };

		rig_run(&rig, sql);
		if (kpi[i] >= 0)
			write_sample(&row);
	}
}

#define W 12
/* clang-format off */
static const struct {
	const char *what;
	double series[W], kpi[W]; /* -1: none */
	gsize n;
	int lag;
	const char *expected; /* spearman and n */
} correlations[] = {
	/* Ranks 1 2.5 2.5 4 5 and 1 2 3.5 3.5 5: 8.75 / sqrt(9.5 × 9.5). */
	{ "equal values share the mean of their ranks",
	  { 1, 2, 2, 3, 5 }, { 10, 20, 30, 30, 50 }, 5, 0, "0.921053 5" },
	{ "the opposite", { 1, 2, 3, 4 }, { 9, 7, 6, 1 }, 4, 0, "-1.000000 4" },
	{ "ranks, not sizes", { 1, 2, 3, 1000 }, { 1, 2, 3, 4 }, 4, 0, "1.000000 4" },
	{ "three weeks are too few", { 1, 2, 3 }, { 1, 2, 3 }, 3, 0, "NULL 3" },
	{ "one side never changes", { 1, 2, 3, 4, 5 }, { 7, 7, 7, 7, 7 }, 5, 0, "NULL 5" },
	{ "a week without a value does not count",
	  { 1, 2, -1, 4, 5, 3 }, { 1, 2, 3, 4, 5, -1 }, 6, 0, "1.000000 4" },
	/* ranks 3 1 4 2 5 of the series two weeks before 3 1 4 2 5 of the KPI */
	{ "two weeks later",
	  { 3, 1, 4, 2, 5, 0, 0 }, { 9, 8, 3, 1, 4, 2, 5 }, 7, 2, "1.000000 5" },
	/* 3 1 4 2 5 0 0 with 9 8 3 1 4 2 5: ranks 5 3 6 4 7 1.5 1.5 and 7 6 3 1 4 2 5;
	 * sum of products 1.5, of squares 27.5 and 28 */
	{ "and not at once",
	  { 3, 1, 4, 2, 5, 0, 0 }, { 9, 8, 3, 1, 4, 2, 5 }, 7, 0, "0.054056 7" },
};
/* clang-format on */

START_TEST(a_correlation)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT coalesce(round(spearman::numeric, 6)::text, 'NULL') || ' ' || n"
		" FROM dora.kpi_correlation WHERE service = 'cart' AND kpi = 'weeks'"
		" AND lag_weeks = %d",
		correlations[_i].lag);

	weeks_of(correlations[_i].series, correlations[_i].kpi, correlations[_i].n);
	rig_expect(&rig, sql, correlations[_i].expected);
}
END_TEST

START_TEST(weeks_that_are_not_over_do_not_count)
{
	const double values[W] = { 1, 2, 3, 4, 5, 6 };

	weeks_of(values, values, 6);
	rig_expect(&rig,
		   "SELECT concat_ws(' ', n, first_week, last_week, metric)"
		   " FROM dora.kpi_correlation WHERE lag_weeks = 1",
		   "5 2026-01-05 2026-02-02 change_lead_time");
	read_at("2026-02-12T00:00:00Z");
	rig_expect(&rig, "SELECT n FROM dora.kpi_correlation WHERE lag_weeks = 0", "5");
	rig_expect(&rig,
		   "SELECT string_agg(lag_weeks || ':' || n, ' ' ORDER BY lag_weeks)"
		   " FROM dora.kpi_correlation",
		   "0:5 1:4 2:3 3:2 4:1");
}
END_TEST

/* A metric of which there are rows only in some weeks, and a week of which only a part
 * was asked for. */
START_TEST(what_is_not_whole_does_not_count)
{
	const double values[W] = { 1, 2, 3, 4, 5, 6 };

	weeks_of(values, values, 6);
	rig_run(&rig, "UPDATE dorad.kpi SET known_from = '2026-01-05T00:00:01Z'");
	rig_expect(&rig, "SELECT n FROM dora.kpi_correlation WHERE lag_weeks = 0", "5");
	rig_run(&rig, "UPDATE dorad.series SET metric = 'change_lead_time_all'");
	rig_expect(&rig, "SELECT count(*) FROM dora.kpi_correlation", "0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_correlation");
	TCase *tests = tcase_create("store_correlation");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_correlation, 0, G_N_ELEMENTS(correlations));
	tcase_add_test(tests, weeks_that_are_not_over_do_not_count);
	tcase_add_test(tests, what_is_not_whole_does_not_count);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
