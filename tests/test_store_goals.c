#include "tests/goals_fixture.h"

/* What the configuration says of goals, samples, and what periods make of them. The
 * numbers were worked out by hand. */

static gsize write_samples(const char *kpi, const struct kpi_sample *rows, gsize n,
			   gint64 gone_from)
{
	gsize n_changed = 0;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_kpi_write(rig.store, kpi, rows, n, gone_from, &n_changed, &error));
	rig_ok(store_commit(rig.store, &error));
	return n_changed;
}

static void sample(const char *kpi, const char *at, double value)
{
	const struct kpi_sample row = { rig_time(at), value };

	ck_assert_uint_eq(write_samples(kpi, &row, 1, INSTANT_NONE), 1);
}

/* ---- the configuration ---- */

START_TEST(syncing_again_writes_nothing)
{
	g_autofree char *before = rig_rows(&rig), *after = NULL;

	sync_with(NULL, NULL);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(what_is_said_is_stored)
{
	rig_expect(&rig,
		   "SELECT concat_ws(' ', title, unit, better, target, grain, aggregate,"
		   " time_zone, source_id IS NOT NULL) FROM dorad.kpi"
		   " WHERE name = 'orders'",
		   "Orders a week pcs higher 5 week sum Europe/Berlin t");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', title, k.unit, better, target, grain, metric,"
		   " statistic, environment, s.name) FROM dorad.kpi k"
		   " JOIN dorad.scope s USING (scope_id) WHERE k.name = 'speed'",
		   "speed seconds lower 172800 month change_lead_time p75 production "
		   "red");
	sync_with("target: 5", "target: 6.5, better: lower");
	rig_expect(&rig, "SELECT target || better FROM dorad.kpi WHERE name = 'orders'",
		   "6.5lower");
	sync_with("statistic: p90, team: red, at_most: 2d",
		  "statistic: p75, org: acme, at_least: 2d");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', statistic, at_most, at_least, s.name)"
		   " FROM dorad.guardrail g JOIN dorad.scope s USING (scope_id)"
		   " WHERE g.name = 'slow'",
		   "p75 172800 acme");
}
END_TEST

START_TEST(what_is_not_said_any_more_is_gone)
{
	struct config *config;

	sample("orders", "2026-05-01T00:00:00Z", 1);
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	rig_expect(&rig,
		   "SELECT (SELECT count(*) FROM dora.kpi)"
		   " + (SELECT count(*) FROM dora.north_star)"
		   " + (SELECT count(*) FROM dora.guardrails)",
		   "0");
	/* samples stay for the day it comes back */
	sync_with(NULL, NULL);
	rig_expect(&rig,
		   "SELECT sum(n) FROM dora.kpi WHERE kpi = 'orders'"
		   " AND grain = 'month'",
		   "1");
	config = rig_config(&rig, NULL, "orgs:\n",
			    "kpis:\n"
			    "- {name: orders, csv: {file: /orders.csv}}\n"
			    "- {name: other, csv: {file: /other.csv}}\n"
			    "- {name: third, csv: {file: /third.csv}}\n"
			    "north_star: {vision: More., metric: orders, target: 2,"
			    " supporting: [other, third]}\n"
			    "orgs:\n");
	rig_ok(store_sync_config(rig.store, config, &error));
	rig_expect(&rig,
		   "SELECT concat_ws(' ', vision, metric, statistic, team, value, target,"
		   " attainment) FROM dora.north_star ORDER BY period_start LIMIT 1",
		   "More. orders 1 2 0.5");
	config_unref(config);
}
END_TEST

/* ---- samples ---- */

START_TEST(samples_are_corrected_and_replaced)
{
	const struct kpi_sample first[] = { { rig_time("2026-05-01T00:00:00Z"), 1 },
					    { rig_time("2026-05-02T00:00:00Z"), 2 } };
	const struct kpi_sample second[] = { { rig_time("2026-05-02T00:00:00Z"), 3 },
					     { rig_time("2026-05-03T00:00:00Z"), 4 } };
	g_autofree char *before = NULL, *after = NULL;
	gint64 latest;

	rig_ok(store_kpi_latest(rig.store, "orders", &latest, &error));
	ck_assert_int_eq(latest, INSTANT_NONE);
	ck_assert_uint_eq(write_samples("orders", first, 2, INSTANT_NONE), 2);
	before = rig_rows(&rig);
	ck_assert_uint_eq(write_samples("orders", first, 2, INSTANT_NONE), 0);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(write_samples("orders", second, 2, INSTANT_NONE), 2);
	rig_expect(
		&rig,
		"SELECT string_agg(value::text, ' ' ORDER BY at) FROM dorad.kpi_sample",
		"1 3 4");
	rig_ok(store_kpi_latest(rig.store, "orders", &latest, &error));
	ck_assert_int_eq(latest, second[1].at);
	/* another definition that has one of them only, from the second day on */
	ck_assert_uint_eq(write_samples("orders", second, 1, second[0].at), 1);
	rig_expect(
		&rig,
		"SELECT string_agg(value::text, ' ' ORDER BY at) FROM dorad.kpi_sample",
		"1 3");
	ck_assert_uint_eq(write_samples("orders", NULL, 0, INSTANT_NONE), 0);
}
END_TEST

/* ---- KPIs by period ---- */

/* The week from 23 March has the day on which Berlin's clocks change: it begins at
 * 23:00 UTC and ends at 22:00. */
static void spring(void)
{
	sample("orders", "2026-03-22T22:59:59Z", 100);
	sample("orders", "2026-03-22T23:00:00Z", 1);
	sample("orders", "2026-03-25T12:00:00Z", 4);
	sample("orders", "2026-03-29T21:59:59Z", 2);
	sample("orders", "2026-03-29T22:00:00Z", 50);
	sample("orders", "2026-04-14T12:00:00Z", 3);
	read_at("2026-04-15T00:00:00Z");
}

static const struct {
	const char *aggregate, *values; /* by week, from 16 March */
} aggregates[] = {
	{ "last", "100 2 50 - 3" }, { "sum", "100 7 50 - 3" },
	{ "max", "100 4 50 - 3" },  { "min", "100 1 50 - 3" },
	{ "count", "1 3 1 - 1" },   { "mean", "100 2.3333 50 - 3" },
};

START_TEST(periods_are_made_of_their_samples)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.kpi SET aggregate = '%s' WHERE name = 'orders'",
		aggregates[_i].aggregate);

	spring();
	rig_run(&rig, sql);
	rig_expect(&rig,
		   "SELECT string_agg(coalesce(round(value::numeric, 4)::float8::text,"
		   " '-'), ' ' ORDER BY period_start)"
		   " FROM dora.kpi WHERE kpi = 'orders' AND grain = 'week'",
		   aggregates[_i].values);
}
END_TEST

START_TEST(periods_say_how_they_stand)
{
	spring();
	rig_expect(&rig,
		   "SELECT string_agg(n || ' ' || status || ' ' || complete, ', '"
		   " ORDER BY period_start) FROM dora.kpi WHERE kpi = 'orders'"
		   " AND grain = 'week'",
		   "1 met true, 3 met true, 1 met true, 0 no data true, 1 open false");
	rig_run(&rig, "UPDATE dorad.kpi SET better = 'lower' WHERE name = 'orders'");
	rig_expect(&rig,
		   "SELECT string_agg(status, ', ' ORDER BY period_start)"
		   " FROM dora.kpi WHERE kpi = 'orders' AND grain = 'week'",
		   "missed, missed, missed, no data, open");
	rig_run(&rig, "UPDATE dorad.kpi SET aggregate = 'mean' WHERE name = 'orders'");
	rig_expect(&rig,
		   "SELECT string_agg(status, ', ' ORDER BY period_start)"
		   " FROM dora.kpi WHERE kpi = 'orders' AND grain = 'week'",
		   "missed, met, missed, no data, met");
	rig_run(&rig, "UPDATE dorad.kpi SET aggregate = 'sum' WHERE name = 'orders'");
	/* the target is one for weeks */
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', period_start AT TIME ZONE 'UTC',"
		   " value, target, status, complete), ', ' ORDER BY period_start)"
		   " FROM dora.kpi WHERE kpi = 'orders' AND grain = 'month'",
		   "2026-02-28 23:00:00 157 t, 2026-03-31 22:00:00 3 f");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', period_start AT TIME ZONE 'UTC', value, n)"
		   " FROM dora.kpi WHERE grain = 'quarter' AND complete",
		   "2025-12-31 23:00:00 157 5");
}
END_TEST

START_TEST(numbers_of_our_own_are_kpis_too)
{
	month("red", "2026-04-01T00:00Z", "2026-05-01T00:00Z", 1000, 172800);
	month("red", "2026-05-01T00:00Z", "2026-06-01T00:00Z", 1000, 172801);
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', value, n, target, unit, better,"
		   " status, complete, source), ', ' ORDER BY period_start) FROM dora.kpi"
		   " WHERE kpi = 'speed'",
		   "172800 7 172800 seconds lower met t, "
		   "172801 7 172800 seconds lower missed t");
}
END_TEST

/* A row says that it is there, and that nothing is known of it. */
START_TEST(a_kpi_without_a_sample_is_shown)
{
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', kpi, grain, period_start, value, n,"
		   " target, status, complete, fresh_until AT TIME ZONE 'UTC'), ', '"
		   " ORDER BY kpi) FROM dora.kpi",
		   "orders week 0 5 no data f 2026-06-03 00:00:00, "
		   "speed month 0 172800 no data f 2026-06-03 00:00:00, "
		   "weeks week 0 no data f 2026-06-03 00:00:00");
}
END_TEST

/* What began before the first instant that was asked for lacks some of its samples. */
START_TEST(a_period_that_is_cut_is_not_complete)
{
	spring();
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_kpi_known_from(rig.store, "orders", rig_time("2026-03-24T00:00:00Z"),
				    true, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig,
		   "SELECT string_agg(grain || ' ' || complete, ', ' ORDER BY grain,"
		   " period_start) FROM dora.kpi WHERE kpi = 'orders'",
		   "month false, month false, quarter false, quarter false, "
		   "week false, week false, week true, week true, week false");
	/* a shorter history leaves it, another definition does not */
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_kpi_known_from(rig.store, "orders", rig_time("2026-03-30T00:00:00Z"),
				    false, &error));
	rig_expect(&rig,
		   "SELECT known_from AT TIME ZONE 'UTC' FROM dorad.kpi"
		   " WHERE name = 'weeks'",
		   "NULL");
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig,
		   "SELECT known_from AT TIME ZONE 'UTC' FROM dorad.kpi"
		   " WHERE name = 'orders'",
		   "2026-03-24 00:00:00");
}
END_TEST

/* Of a gate no more is asked than to read what everybody may. */
START_TEST(readers_may_read_all_of_it)
{
	struct config *config;
	struct store *store;
	g_autofree char *uri = g_strdup_printf(
		"%s dbname=%s options='-c role=dora_reader'", getenv("DORAD_TEST_PG"),
		rig.database);
	GArray *rows;

	spring();
	window("red", "deployment_frequency", 7, 3, 0, 3);
	config = rig_config(&rig, uri, NULL, NULL);
	store = store_new(config);
	rig_ok((rows = store_guardrails(store, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 3);
	guardrail_rows_free(rows);
	store_free(store);
	config_unref(config);
	rig_run(&rig, "SET ROLE dora_reader");
	rig_expect(&rig,
		   "SELECT (SELECT count(value) FROM dora.kpi WHERE grain = 'week')"
		   " + (SELECT count(*) FROM dora.north_star)"
		   " + (SELECT count(*) FROM dora.kpi_correlation)",
		   "5");
	rig_run(&rig, "RESET ROLE");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_goals");
	TCase *tests = tcase_create("store_goals");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, syncing_again_writes_nothing);
	tcase_add_test(tests, what_is_said_is_stored);
	tcase_add_test(tests, what_is_not_said_any_more_is_gone);
	tcase_add_test(tests, samples_are_corrected_and_replaced);
	tcase_add_loop_test(tests, periods_are_made_of_their_samples, 0,
			    G_N_ELEMENTS(aggregates));
	tcase_add_test(tests, periods_say_how_they_stand);
	tcase_add_test(tests, numbers_of_our_own_are_kpis_too);
	tcase_add_test(tests, a_kpi_without_a_sample_is_shown);
	tcase_add_test(tests, a_period_that_is_cut_is_not_complete);
	tcase_add_test(tests, readers_may_read_all_of_it);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
