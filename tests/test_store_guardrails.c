#include "tests/goals_fixture.h"

/* What guardrails and the north star say of numbers. They were worked out by hand. */

/* ---- guardrails ---- */

static const struct {
	const char *what;
	double p90;
	int n;
	const char *status;
} rails[] = {
	{ "below its limit", 172799, 3, "ok" },
	{ "at its limit", 172800, 3, "ok" },
	{ "above it", 172801, 3, "breached" },
	{ "above it, by too few samples", 172801, 2, "no data" },
};

/* None is a count: what ships nothing does not ship enough. */
START_TEST(none_is_a_count)
{
	window("red", "deployment_frequency", 7, 0, 0, 0);
	rig_expect(&rig,
		   "SELECT concat_ws(' ', value, n, minimum_n, status)"
		   " FROM dora.guardrails WHERE guardrail = 'rare'",
		   "0 0 0 breached");
	/* of stages there is no row without a sample */
	sync_with("metric: deployment_frequency, team: red, at_least: 4, over: 7d",
		  "metric: lead_time_review, statistic: n, team: red, at_least: 1, "
		  "over: 7d");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', value, n, status, window_end IS NOT NULL)"
		   " FROM dora.guardrails WHERE guardrail = 'rare'",
		   "0 0 breached t");
}
END_TEST

static const struct {
	const char *what;
	double p90;
	int age;	     /* of the window, in days */
	const char *read_at; /* SQL */
	const char *status;
} ages[] = {
	{ "of now", 1, 0, "now()", "ok" },
	{ "of yesterday: it may not be computed yet", 1, 1, "now() - interval '1 day'",
	  "ok" },
	{ "of the day before", 1, 2, "now()", "stale" },
	{ "of sources that were last read then", 1, 0, "now() - interval '2 days 1 hour'",
	  "stale" },
	{ "of sources that were never read", 1, 0, "NULL", "stale" },
	{ "breached, and never computed again", 172801, 9, "NULL", "breached" },
};

START_TEST(an_old_guardrail)
{
	g_autofree char *sql = g_strdup_printf("UPDATE dorad.source SET ok_at = %s",
					       ages[_i].read_at);
	g_autofree char *status = NULL;

	old_window("red", "change_lead_time", 28, 5, ages[_i].p90, 3, ages[_i].age);
	rig_run(&rig, sql);
	status = rig_ask(&rig, "SELECT status FROM dora.guardrails"
			       " WHERE guardrail = 'slow'");
	ck_assert_msg(strcmp(status, ages[_i].status) == 0, "%s: %s", ages[_i].what,
		      status);
}
END_TEST

START_TEST(a_guardrail)
{
	window("red", "change_lead_time", 28, 5, rails[_i].p90, rails[_i].n);
	rig_expect(&rig, "SELECT status FROM dora.guardrails WHERE guardrail = 'slow'",
		   rails[_i].status);
}
END_TEST

START_TEST(guardrails_say_what_they_look_at)
{
	GArray *rows;
	const struct guardrail_row *row;

	window("red", "deployment_frequency", 7, 3, 0, 3);
	window("red", "deployment_frequency", 28, 100, 0, 100);
	window("mail", "deployment_frequency", 28, 4, 0, 4);
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', guardrail, scope, team, service,"
		   " value, n, direction, limit_value, status, window_days, complete),"
		   " ', ' ORDER BY guardrail) FROM dora.guardrails",
		   "mail service blue mail 4 4 at least 4 ok 28 t, "
		   "rare team red 3 3 at least 4 breached 7 t, "
		   "slow team red 0 at most 172800 no data 28 t");
	rig_ok((rows = store_guardrails(rig.store, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 3);
	row = &g_array_index(rows, struct guardrail_row, 0);
	ck_assert_str_eq(row->name, "rare"); /* teams before services */
	ck_assert_str_eq(row->scope, "red");
	ck_assert_double_eq(row->value, 3);
	ck_assert_int_ne(row->start, INSTANT_NONE);
	ck_assert_int_ge(row->fresh_until, row->end);
	row = &g_array_index(rows, struct guardrail_row, 1);
	ck_assert_str_eq(row->name, "slow");
	ck_assert_str_eq(row->unit, "seconds");
	ck_assert(row->value != row->value);
	/* of a metric without a row the window is still known */
	ck_assert_int_ne(row->start, INSTANT_NONE);
	guardrail_rows_free(rows);
}
END_TEST

/* ---- the north star ---- */

START_TEST(the_north_star_by_period)
{
	month("red", "2026-01-01T00:00Z", "2026-02-01T00:00Z", 200000, 1);
	month("red", "2026-02-01T00:00Z", "2026-03-01T00:00Z", 172800, 1);
	month("red", "2026-03-01T00:00Z", "2026-04-01T00:00Z", 43200, 1);
	month("red", "2026-05-01T00:00Z", "2026-06-01T00:00Z", 300000, 1);
	month("red", "2026-06-01T00:00Z", "2026-07-01T00:00Z", 86400, 1);
	month("blue", "2026-06-01T00:00Z", "2026-07-01T00:00Z", 1, 1);
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', date_part('month', period_start AT"
		   " TIME ZONE 'UTC'), value, n, target, round(attainment::numeric, 3),"
		   " coalesce(previous::text, '-'), coalesce(change::text, '-'),"
		   " coalesce(trend, '-'), complete), ', ' ORDER BY period_start)"
		   " FROM dora.north_star",
		   "1 200000 7 86400 0.432 - - - t, "
		   "2 172800 7 86400 0.500 200000 -27200 - t, "
		   "3 43200 7 86400 2.000 172800 -129600 improving t, "
		   /* nothing is known of April */
		   "5 300000 7 86400 0.288 - - worsening t, "
		   "6 86400 7 86400 1.000 300000 -213600 worsening f");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', vision, metric, statistic, grain, org, team,"
		   " service, environment, unit, better, supporting)"
		   " FROM dora.north_star LIMIT 1",
		   "Same day. change_lead_time p50 month acme red production seconds "
		   "lower {orders,speed}");
}
END_TEST

START_TEST(without_a_period_there_is_a_row)
{
	rig_expect(&rig,
		   "SELECT count(*) || coalesce(max(value)::text, ' NULL')"
		   " FROM dora.north_star",
		   "1 NULL");
}
END_TEST

static const struct {
	const char *better;
	double value, target;
	const char *expected; /* attainment and status */
} attained[] = {
	{ "lower", 0, 86400, "1 met" },	  { "lower", 0, 0, "1 met" },
	{ "lower", 5, 0, "0 missed" },	  { "lower", 5, 10, "2 met" },
	{ "lower", 10, 5, "0.5 missed" }, { "higher", 0, 5, "0 missed" },
	{ "higher", 0, 0, "1 met" },	  { "higher", 10, 5, "2 met" },
	{ "higher", -3, -5, "1 met" },	  { "higher", -10, -5, "missed" },
	{ "higher", -1, 5, "missed" },	  { "lower", -4, -5, "missed" },
};

START_TEST(attainment)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.north_star SET better = '%s', target = %f",
		attained[_i].better, attained[_i].target);

	month("red", "2026-01-01T00:00Z", "2026-02-01T00:00Z", attained[_i].value, 1);
	rig_run(&rig, sql);
	rig_expect(&rig, "SELECT concat_ws(' ', attainment, status) FROM dora.north_star",
		   attained[_i].expected);
}
END_TEST

/* Two deployments on the second of a month are no collapse. */
START_TEST(a_month_that_runs_is_not_compared)
{
	month("red", "2026-03-01T00:00Z", "2026-04-01T00:00Z", 10, 1);
	month("red", "2026-04-01T00:00Z", "2026-05-01T00:00Z", 20, 1);
	month("red", "2026-05-01T00:00Z", "2026-06-01T00:00Z", 30, 1);
	month("red", "2026-06-01T00:00Z", "2026-07-01T00:00Z", 2, 1);
	rig_run(&rig, "UPDATE dorad.series SET metric = 'deployment_frequency'");
	rig_run(&rig, "UPDATE dorad.north_star SET metric = 'deployment_frequency',"
		      " statistic = 'value', better = 'higher', target = 25");
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', value, coalesce(previous::text,"
		   " '-'), coalesce(change::text, '-'), coalesce(trend, '-'), status,"
		   " complete), ', ' ORDER BY period_start) FROM dora.north_star",
		   "10 - - - missed t, 20 10 10 - missed t, "
		   "30 20 10 improving met t, 2 30 - - open f");
	/* nor a KPI of it */
	rig_run(&rig, "UPDATE dorad.kpi SET metric = 'deployment_frequency',"
		      " statistic = 'n', better = 'higher', target = 8"
		      " WHERE name = 'speed'");
	rig_expect(&rig,
		   "SELECT string_agg(status, ' ' ORDER BY period_start)"
		   " FROM dora.kpi WHERE kpi = 'speed'",
		   "missed missed missed open");
}
END_TEST

START_TEST(risks_are_those_of_the_scope)
{
	rig_expect(&rig, "SELECT risks FROM dora.north_star", "NULL");
	window("red", "change_lead_time", 28, 5, 172801, 3);
	window("red", "deployment_frequency", 7, 3, 0, 3);
	window("mail", "deployment_frequency", 28, 1, 0, 1);
	rig_expect(&rig, "SELECT risks FROM dora.north_star", "{rare,slow}");
	sync_with("statistic: p50, team: red", "statistic: p50, team: blue");
	rig_expect(&rig, "SELECT risks FROM dora.north_star", "{mail}");
	sync_with("statistic: p50, team: red", "statistic: p50, org: acme");
	rig_expect(&rig, "SELECT risks FROM dora.north_star", "{mail,rare,slow}");
	/* a KPI of samples has no scope */
	sync_with("metric: change_lead_time, statistic: p50, team: red, grain: month, "
		  "target: 1d, supporting: [orders, speed]",
		  "metric: weeks, target: 1, supporting: [orders, speed]");
	rig_expect(&rig, "SELECT risks FROM dora.north_star", "{mail,rare,slow}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_guardrails");
	TCase *tests = tcase_create("store_guardrails");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_guardrail, 0, G_N_ELEMENTS(rails));
	tcase_add_test(tests, none_is_a_count);
	tcase_add_loop_test(tests, an_old_guardrail, 0, G_N_ELEMENTS(ages));
	tcase_add_test(tests, guardrails_say_what_they_look_at);
	tcase_add_test(tests, the_north_star_by_period);
	tcase_add_test(tests, without_a_period_there_is_a_row);
	tcase_add_loop_test(tests, attainment, 0, G_N_ELEMENTS(attained));
	tcase_add_test(tests, a_month_that_runs_is_not_compared);
	tcase_add_test(tests, risks_are_those_of_the_scope);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
