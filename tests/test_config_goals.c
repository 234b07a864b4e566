#include <math.h>

#include "config/goal_metric.h"
#include "config_fixture.h"

/* The north star, KPIs and guardrails: wrong files, and what a good one means. */

#define CSV(name) "{name: " name ", csv: {file: /k.csv}}"
#define TWO "kpis: [" CSV("a") ", " CSV("b") "]\n"
#define STAR "north_star: {vision: v, metric: change_lead_time, target: 1d, "
#define PAIR "supporting: [a, b]}\n"
#define RAIL "guardrails: [{name: g, "

static const struct wrong_file files[] = {
	{ "a north star without anything",
	  { { "orgs:\n", TWO "north_star: {}\norgs:\n" } },
	  "dorad.yaml:8: north_star.vision: is missing, expected a line of text\n"
	  "dorad.yaml:8: north_star.metric: is missing, expected a name\n"
	  "dorad.yaml:8: north_star.target: is missing, expected a figure\n"
	  "dorad.yaml:8: north_star.supporting: is missing, expected a list" },
	{ "a metric that is nearly one",
	  { { "orgs:\n", TWO "north_star: {vision: v, metric: change_lead_times,"
			     " target: 1, service: shop, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star.metric: \"change_lead_times\" is no metric and no "
	  "KPI, did you mean \"change_lead_time\"?" },
	{ "a KPI that is nearly one, as north star",
	  { { "orgs:\n", "kpis: [" CSV("orders") ", " CSV(
				 "b") "]\n"
				      "north_star: {vision: v, metric: order, target: 1, "
				      "supporting: [orders, b]}\norgs:\n" } },
	  "dorad.yaml:8: north_star.metric: \"order\" is no metric and no KPI, did you "
	  "mean \"orders\"?" },
	{ "a metric of nothing",
	  { { "orgs:\n", TWO STAR PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star: is of no scope, expected one of service, team and "
	  "org" },
	{ "a metric of several",
	  { { "orgs:\n", TWO STAR "service: shop, team: checkout, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star: is of several scopes, expected one of service, team "
	  "and org" },
	{ "a service that is not there",
	  { { "orgs:\n", TWO STAR "service: shopp, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star.service: \"shopp\" is not in services, did you mean "
	  "\"shop\"?" },
	{ "a rollout group that is not there",
	  { { "orgs:\n", TWO STAR "org: acme, environment: live, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star.environment: \"live\" is no rollout group there, "
	  "expected \"production\"" },
	{ "a target that is no duration",
	  { { "orgs:\n", TWO "north_star: {vision: v, metric: change_lead_time,"
			     " target: 5%, org: acme, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star.target: \"5%\" does not fit change_lead_time, "
	  "expected a duration such as 2d, or seconds" },
	{ "a target that is nothing",
	  { { "orgs:\n", TWO "north_star: {vision: v, metric: change_lead_time,"
			     " target: soon, org: acme, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star.target: \"soon\" is not a figure, expected a number "
	  "such as 0.95, 15% or 2d" },
	{ "a ratio has no percentiles",
	  { { "orgs:\n", TWO "north_star: {vision: v, metric: change_fail_rate,"
			     " statistic: p90, target: 1, org: acme, " PAIR "orgs:\n" } },
	  "dorad.yaml:8: north_star.statistic: \"p90\" does not fit change_fail_rate, "
	  "expected value or n" },
	{ "one supporting KPI",
	  { { "orgs:\n", TWO STAR "org: acme, supporting: [a]}\norgs:\n" } },
	  "dorad.yaml:8: north_star.supporting: has one entry, expected two different "
	  "KPIs" },
	{ "three supporting KPIs",
	  { { "orgs:\n", TWO STAR "org: acme, supporting: [a, b, a]}\norgs:\n" } },
	  "dorad.yaml:8: north_star.supporting: has 3 entries, expected at most 2" },
	{ "one supporting KPI twice",
	  { { "orgs:\n", TWO STAR "org: acme, supporting: [b, b]}\norgs:\n" } },
	  "dorad.yaml:8: north_star.supporting[1]: \"b\" is in the list already, "
	  "expected another KPI" },
	{ "a supporting KPI that is not there",
	  { { "orgs:\n", TWO STAR "org: acme, supporting: [a, zebra]}\norgs:\n" } },
	  "dorad.yaml:8: north_star.supporting[1]: \"zebra\" is not in kpis, expected a "
	  "name from there" },
	{ "a north star that supports itself, with a scope that it cannot have",
	  { { "orgs:\n", TWO "north_star: {vision: v, metric: a, target: 1, org: acme, "
			     "supporting: [b, a]}\norgs:\n" } },
	  "dorad.yaml:8: north_star.org: does not fit a KPI, expected it with a metric "
	  "only\n"
	  "dorad.yaml:8: north_star.supporting[1]: \"a\" is the north star itself, "
	  "expected another KPI" },
	{ "a KPI from nowhere",
	  { { "orgs:\n", "kpis: [{name: a}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0]: has no source, expected one of sql, http, prometheus, "
	  "csv and dora" },
	{ "a KPI from two places",
	  { { "orgs:\n", "kpis: [{name: a, csv: {file: /k}, dora: {metric: "
			 "change_lead_time, org: acme}}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0]: has several sources, expected one of sql, http, "
	  "prometheus, csv and dora" },
	{ "a KPI named as a source is, and one as a metric",
	  { { "orgs:\n",
	      "kpis:\n- " CSV("shop") "\n- " CSV("change_fail_rate") "\n"
								     "orgs:\n" } },
	  "dorad.yaml:8: kpis[0].name: \"shop\" is taken by sources.git[0] (line 5), "
	  "expected another name\n"
	  "dorad.yaml:9: kpis[1].name: \"change_fail_rate\" is the name of a metric, "
	  "expected another" },
	{ "a KPI named as a metric is",
	  { { "orgs:\n", "kpis: [" CSV("change_fail_rate") "]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0].name: \"change_fail_rate\" is the name of a metric, "
	  "expected another" },
	{ "keys of samples for a number of our own",
	  { { "orgs:\n", "kpis:\n- name: a\n  aggregate: sum\n  unit: x\n"
			 "  dora: {metric: change_fail_rat, org: acme}\norgs:\n" } },
	  "dorad.yaml:9: kpis[0].aggregate: does not fit dora, expected it with sql, "
	  "http, prometheus or csv\n"
	  "dorad.yaml:10: kpis[0].unit: does not fit dora, expected it with sql, http, "
	  "prometheus or csv\n"
	  "dorad.yaml:11: kpis[0].dora.metric: \"change_fail_rat\" is no metric, did you "
	  "mean \"change_fail_rate\"?" },
	{ "a number of our own whose direction is another",
	  { { "orgs:\n", "kpis: [{name: a, better: higher, dora: {metric: "
			 "change_fail_rate, org: acme}}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0].better: does not fit change_fail_rate, of which lower "
	  "is "
	  "better, expected no such key" },
	{ "a duration for business samples",
	  { { "orgs:\n", "kpis: [{name: a, target: 2d, csv: {file: /k}}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0].target: \"2d\" does not fit it, expected a number" },
	{ "a password in the connection string",
	  { { "orgs:\n", "kpis: [{name: a, sql: {uri: 'postgresql://u:hunter2@h/d', "
			 "query: 'SELECT $1'}}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0].sql.uri: has a password in it, expected it in "
	  "password" },
	{ "a query that ignores since when, and a password in two places",
	  { { "orgs:\n", "kpis: [{name: a, sql: {uri: dbname=d, query: SELECT 1}}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: kpis[0].sql.query: the value is not a query of changes, "
	  "expected "
	  "$1 in it, the instant since which changes are wanted" },
	{ "http:// to elsewhere, and no times",
	  { { "orgs:\n", "kpis: [{name: a, http: {url: 'http://h.example.org/a?b=1', "
			 "time: /t, value: /v, times: julian}}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0].http.url: is not encrypted, expected https:// (http:// "
	  "is for this machine's loopback only)\n"
	  "dorad.yaml:7: kpis[0].http.times: \"julian\" is unknown, expected rfc3339, "
	  "epoch or epoch_ms" },
	{ "a token in two places, and a header without one",
	  { { "orgs:\n",
	      "kpis:\n"
	      "- {name: a, http: {url: 'https://h.example.org/', time: /t, "
	      "value: /v, token: {env: A, file: /b}}}\n"
	      "- {name: b, prometheus: {url: 'https://h.example.org', query: x, "
	      "auth: {header: A, prefix: B}}}\norgs:\n" } },
	  "dorad.yaml:8: kpis[0].http.token: names several places, expected one of "
	  "credential, file or env\n"
	  "dorad.yaml:9: kpis[1].prometheus.auth: has no token beside it, expected "
	  "both" },
	{ "more samples than are read",
	  { { "orgs:\n", "kpis: [{name: a, prometheus: {url: 'https://h.example.org', "
			 "query: x, step: 1m}}]\norgs:\n" } },
	  "dorad.yaml:7: kpis[0].prometheus.step: gives more than 100000 samples in a "
	  "history of 365d, expected more than 5m 15s" },
	{ "a rule that takes its deployments from a KPI",
	  { { "orgs:\n", "kpis: [" CSV("a") "]\norgs:\n" },
	    { "      - from: tags\n", "      - {from: runs, source: a}\n" } },
	  "dorad.yaml:19: services[0].deployments[0].source: \"a\" (kpi) has no runs, "
	  "expected a source that has" },
	{ "a guardrail without a limit, and one with two",
	  { { "orgs:\n", "guardrails:\n"
			 "- {name: g, metric: change_fail_rate, service: shop}\n"
			 "- {name: h, metric: change_fail_rate, service: shop, at_most: "
			 "15%, at_least: 1%}\norgs:\n" } },
	  "dorad.yaml:8: guardrails[0]: has no limit, expected either at_most or "
	  "at_least\n"
	  "dorad.yaml:9: guardrails[1]: has two limits, expected either at_most or "
	  "at_least" },
	{ "a guardrail on a KPI",
	  { { "orgs:\n", TWO RAIL "metric: a, service: shop, at_most: 1}]\norgs:\n" } },
	  "dorad.yaml:8: guardrails[0].metric: \"a\" is no metric, expected one of "
	  "deployment_frequency, change_lead_time, "
	  "lead_time_coding, lead_time_pickup, lead_time_review, lead_time_deploy, "
	  "change_fail_rate, failed_deployment_recovery_time, deployment_rework_rate, "
	  "time_to_restore" },
	{ "guardrails of one name, over an unknown window, with a limit of another kind",
	  { { "orgs:\n", "guardrails:\n"
			 "- {name: g, metric: change_fail_rate, service: shop, at_most: "
			 "15%}\n"
			 "- {name: g, metric: change_fail_rate, team: checkout, at_most: "
			 "15%, over: 30d}\norgs:\n" } },
	  "dorad.yaml:9: guardrails[1].over: \"30d\" is unknown, did you mean \"90d\"? "
	  "(28d, 7d or 90d)\n"
	  "dorad.yaml:9: guardrails[1].name: \"g\" is taken by guardrails[0] (line 8), "
	  "expected another name" },
	{ "a count in percent",
	  { { "orgs:\n", RAIL "metric: deployment_frequency, service: shop, at_least: "
			      "5%}]\norgs:\n" } },
	  "dorad.yaml:7: guardrails[0].at_least: \"5%\" does not fit "
	  "deployment_frequency, expected a number" },
	{ "ratios of more than the whole, with percent forgotten and without",
	  { { "orgs:\n", "kpis: [" CSV("a") ", {name: b, target: 7.5, dora: {metric: "
					    "deployment_rework_rate, service: shop}}]\n"
					    "north_star: {vision: v, metric: b, target: "
					    "101, supporting: [a, b]}\n"
					    "guardrails:\n"
					    "- {name: g, metric: change_fail_rate, "
					    "service: shop, at_most: 15}\n"
					    "- {name: h, metric: change_fail_rate, "
					    "service: shop, at_most: 150%}\n"
					    "orgs:\n" } },
	  "dorad.yaml:7: kpis[1].target: \"7.5\" is more than the whole, did you mean "
	  "\"7.5%\"?\n"
	  "dorad.yaml:8: north_star.target: \"101\" is more than the whole, expected at "
	  "most 1 or 100%\n"
	  "dorad.yaml:8: north_star.supporting[1]: \"b\" is the north star itself, "
	  "expected another KPI\n"
	  "dorad.yaml:10: guardrails[0].at_most: \"15\" is more than the whole, did you "
	  "mean \"15%\"?\n"
	  "dorad.yaml:11: guardrails[1].at_most: \"150%\" is more than the whole, "
	  "expected at most 1 or 100%" },
	{ "numbers below all that there are",
	  { { "orgs:\n",
	      "guardrails:\n"
	      "- {name: g, metric: change_fail_rate, service: shop, at_most: -5%}\n"
	      "- {name: h, metric: deployment_frequency, service: shop, at_least: -1}\n"
	      "orgs:\n" } },
	  "dorad.yaml:8: guardrails[0].at_most: \"-5%\" is below 0, which "
	  "change_fail_rate never is\n"
	  "dorad.yaml:9: guardrails[1].at_least: \"-1\" is below 0, which "
	  "deployment_frequency never is" },
};

START_TEST(wrong)
{
	check_wrong_file(&files[_i]);
}
END_TEST

START_TEST(what_is_said)
{
	g_autofree char *text = g_strconcat(
		good_text,
		"kpis:\n"
		"- {name: a, target: -2.5, csv: {file: /a.csv}}\n"
		"- {name: b, grain: month, target: 2d, dora: {metric: time_to_restore, "
		"statistic: p90, team: checkout}}\n"
		"- {name: c, aggregate: sum, prometheus: {url: 'http://127.0.0.1:9090', "
		"query: x}}\n"
		"north_star: {vision: v, metric: b, target: 90m, supporting: [a, c]}\n"
		"guardrails:\n"
		"- {name: g, metric: change_fail_rate, service: shop, at_most: 15%}\n"
		"- {name: h, metric: deployment_frequency, org: acme, at_least: 3, "
		"over: 7d, minimum: 2}\n"
		"- {name: i, metric: change_fail_rate, org: acme, at_most: 100%}\n"
		"- {name: j, metric: change_fail_rate, org: acme, statistic: n, "
		"at_least: 20}\n",
		NULL);
	struct config *config = load_good(text);
	const struct config_kpi *b = config_kpi(config, "b");

	ck_assert_double_eq(config->kpis[0].target_value, -2.5);
	ck_assert_str_eq(config->kpis[0].title, "a");
	ck_assert_str_eq(config->kpis[0].csv->time, "time");
	ck_assert_double_eq(b->target_value, 172800);
	ck_assert_int_eq(b->better, BETTER_LOWER);
	ck_assert_str_eq(b->dora->environment, "production");
	ck_assert(isnan(config->kpis[2].target_value));
	ck_assert_int_eq(config->kpis[2].prometheus->step_us, G_TIME_SPAN_HOUR);
	ck_assert_int_eq(config->kpis[2].overlap_us, 30 * G_TIME_SPAN_DAY);
	/* in what the KPI is in */
	ck_assert_double_eq(config->north_star->target_value, 5400);
	ck_assert_double_eq(config->guardrails[0].limit, 0.15);
	ck_assert_double_eq(config->guardrails[2].limit, 1);
	ck_assert_double_eq(config->guardrails[3].limit, 20);
	ck_assert_uint_eq(config->guardrails[0].minimum, 1);
	ck_assert_uint_eq(goal_window_days(config->guardrails[1].over), 7);
	/* those with samples are sources */
	ck_assert_uint_eq(config->n_all, 3);
	ck_assert_int_eq(config_source(config, "c")->kind, SOURCE_KPI);
	ck_assert_int_eq(config_source(config, "c")->every_us, 5 * G_TIME_SPAN_MINUTE);
	ck_assert_ptr_null(config_source(config, "b"));
	config_unref(config);
}
END_TEST

/* ---- numbers and directions ---- */

static const struct {
	const char *text;
	enum goal_unit unit;
	double value; /* NAN: it is none */
} numbers[] = {
	{ "0.15", GOAL_RATIO, 0.15 },	{ "15%", GOAL_RATIO, 0.15 },
	{ "15%", GOAL_COUNT, NAN },	{ "15%", GOAL_SECONDS, NAN },
	{ "2d", GOAL_SECONDS, 172800 }, { "90", GOAL_SECONDS, 90 },
	{ "500ms", GOAL_SECONDS, 0.5 }, { "2d", GOAL_COUNT, NAN },
	{ "-3", GOAL_COUNT, -3 },	{ "x", GOAL_COUNT, NAN },
};

START_TEST(number)
{
	double value = NAN;
	bool good = goal_number(numbers[_i].text, numbers[_i].unit, &value);

	ck_assert_int_eq(good, !isnan(numbers[_i].value));
	if (good)
		ck_assert_double_eq_tol(value, numbers[_i].value, 1e-12);
}
END_TEST

static const struct {
	const char *metric;
	enum config_statistic statistic;
	enum config_better better;
} directions[] = {
	{ "deployment_frequency", STATISTIC_VALUE, BETTER_HIGHER },
	{ "deployment_frequency", STATISTIC_P50, BETTER_LOWER }, /* time between them */
	{ "deployment_frequency", STATISTIC_N, BETTER_HIGHER },
	{ "change_lead_time", STATISTIC_VALUE, BETTER_LOWER },
	{ "change_lead_time", STATISTIC_N, BETTER_HIGHER },
	{ "change_fail_rate", STATISTIC_VALUE, BETTER_LOWER },
	{ "time_to_restore", STATISTIC_N, BETTER_LOWER },
};

START_TEST(direction)
{
	ck_assert_int_eq(
		goal_better(goal_metric(directions[_i].metric), directions[_i].statistic),
		directions[_i].better);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_goals");
	TCase *tests = tcase_create("config_goals");

	tcase_add_loop_test(tests, wrong, 0, G_N_ELEMENTS(files));
	tcase_add_test(tests, what_is_said);
	tcase_add_loop_test(tests, number, 0, G_N_ELEMENTS(numbers));
	tcase_add_loop_test(tests, direction, 0, G_N_ELEMENTS(directions));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
