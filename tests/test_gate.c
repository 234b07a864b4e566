#include <math.h>

#include "collector/gate.h"
#include "config/goal_metric.h"
#include "tests/store_rig.h"

/* What a gate says of guardrails. */

static struct guardrail_row some_row(void)
{
	return (struct guardrail_row){
		.name = (char *)"slow",
		.kind = SCOPE_TEAM,
		.scope = (char *)"o'red",
		.environment = (char *)"production",
		.metric = (char *)"change_lead_time",
		.statistic = (char *)"p90",
		.unit = (char *)"seconds",
		.value = 183600,
		.n = 12,
		.minimum = 1,
		.limit = 172800,
		.direction = (char *)"at most",
		.status = (char *)"breached",
		.window_days = 28,
		.start = rig_time("2026-02-01T00:00:00Z"),
		.end = rig_time("2026-03-01T00:00:00Z"),
		.fresh_until = rig_time("2026-03-01T08:00:00Z"),
		.complete = true,
	};
}

static char *text_of(const struct guardrail_row *row, bool fails,
		     struct gate_count *counts)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(*row));
	const struct gate_wish all = { 0 };
	size_t n;
	char *text = NULL;
	FILE *out = open_memstream(&text, &n);

	ck_assert_ptr_nonnull(out);
	g_array_append_vals(rows, row, 1);
	*counts = gate_text(out, rows, &all, fails);
	fclose(out);
	return text;
}

START_TEST(a_breach_is_explained)
{
	const struct guardrail_row row = some_row();
	struct gate_count counts;
	char *text = text_of(&row, false, &counts);

	ck_assert_str_eq(
		text,
		"BREACHED  slow: p90 of change_lead_time of team o'red, production, over "
		"the 28 days to 2026-03-01T00:00:00Z\n"
		"          2d 3h (183600 s), limit at most 2d (172800 s); n 12\n"
		"          facts known until 2026-03-01T08:00:00Z\n"
		"          why: SELECT r.* FROM dora.shipped_commits r JOIN "
		"dora.team_history h ON h.service = r.service AND r.finished_at >= "
		"coalesce(h.valid_from, '-infinity') AND r.finished_at < "
		"coalesce(h.valid_to, 'infinity') WHERE h.team = 'o''red' "
		"AND r.environment = 'production' AND finished_at >= "
		"'2026-02-01T00:00:00Z' "
		"AND finished_at < '2026-03-01T00:00:00Z' AND excluded_reason IS NULL "
		"ORDER BY lead_seconds DESC;\n"
		"1 guardrail: 1 breached, 0 without data: the gate is closed\n");
	ck_assert(!gate_is_open(&counts, false));
	free(text);
}
END_TEST

START_TEST(no_data_is_told)
{
	struct guardrail_row row = some_row();
	struct gate_count counts;
	char *text;

	row.status = (char *)"no data";
	row.value = NAN;
	row.unit = NULL;
	row.limit = 0.15;
	row.n = 3;
	row.minimum = 5;
	row.start = row.end = row.fresh_until = INSTANT_NONE;
	row.complete = false;
	text = text_of(&row, true, &counts);
	ck_assert_str_eq(
		text,
		"NO DATA   slow: p90 of change_lead_time of team o'red, production, over "
		"the 28 days to its last midnight, of which there is none yet\n"
		"          none, limit at most 0.15; n 3, of 5 that it needs\n"
		"          facts known until no time: a source has never been read; not "
		"complete\n"
		"1 guardrail: 0 breached, 1 without data: the gate is closed\n");
	ck_assert(gate_is_open(&counts, false));
	ck_assert(!gate_is_open(&counts, true));
	free(text);
}
END_TEST

START_TEST(old_numbers_are_no_proof)
{
	struct guardrail_row row = some_row();
	struct gate_count counts;
	char *text;

	row.status = (char *)"stale";
	row.value = 1;
	row.complete = false;
	text = text_of(&row, true, &counts);
	ck_assert(g_str_has_prefix(text, "STALE     slow: p90 of "));
	ck_assert_ptr_nonnull(strstr(text, "too old to tell, as good as no data"));
	ck_assert_ptr_nonnull(strstr(text, "0 breached, 1 without data: the gate is "
					   "closed"));
	ck_assert(gate_is_open(&counts, false));
	ck_assert(!gate_is_open(&counts, true));
	free(text);
}
END_TEST

START_TEST(nothing_is_no_proof)
{
	const struct gate_count none = { 0 };

	ck_assert(!gate_is_open(&none, false));
}
END_TEST

/* ---- what is configured ---- */

static struct config_guardrail some_rail(void)
{
	return (struct config_guardrail){
		.name = (char *)"slow",
		.figure = { .metric = (char *)"change_lead_time",
			    .statistic = STATISTIC_P90,
			    .team = (char *)"o'red",
			    .environment = (char *)"production" },
		.at_most = (char *)"2d",
		.limit = 172800,
		.minimum = 1,
	};
}

static const struct {
	const char *what;
	struct config_guardrail rail; /* what is set differs from some_rail() */
	struct gate_wish wish;
	bool unknown;
} rails[] = {
	{ .what = "the same" },
	{ "another name", { .name = (char *)"slower" }, { 0 }, true },
	{ "another limit", { .limit = 172799 }, { 0 }, true },
	{ "another direction", { .at_least = (char *)"2d" }, { 0 }, true },
	{ "another window", { .over = WINDOW_90D }, { 0 }, true },
	{ "another minimum", { .minimum = 5 }, { 0 }, true },
	{ "another metric",
	  { .figure = { .metric = (char *)"time_to_restore" } },
	  { 0 },
	  true },
	{ "another statistic",
	  { .figure = { .statistic = STATISTIC_P95 } },
	  { 0 },
	  true },
	{ "a service of that name",
	  { .figure = { .service = (char *)"o'red" } },
	  { 0 },
	  true },
	{ "another environment",
	  { .figure = { .environment = (char *)"eu" } },
	  { 0 },
	  true },
	{ "another limit, of no interest",
	  { .limit = 172799 },
	  { .kind = SCOPE_TEAM, .scope = "blue" },
	  false },
};

/* The configuration of the test, with what the row of the table sets. */
static struct config_guardrail changed_rail(const struct config_guardrail *given)
{
	struct config_guardrail rail = some_rail();

	rail.name = given->name ? given->name : rail.name;
	rail.limit = given->limit > 0 ? given->limit : rail.limit;
	rail.at_most = given->at_least ? NULL : rail.at_most;
	rail.at_least = given->at_least;
	rail.over = given->over;
	rail.minimum = given->minimum ? given->minimum : rail.minimum;
	if (given->figure.metric)
		rail.figure.metric = given->figure.metric;
	if (given->figure.statistic != STATISTIC_VALUE)
		rail.figure.statistic = given->figure.statistic;
	rail.figure.service = given->figure.service;
	rail.figure.team = given->figure.service ? NULL : rail.figure.team;
	if (given->figure.environment)
		rail.figure.environment = given->figure.environment;
	return rail;
}

START_TEST(a_configured_one)
{
	const struct guardrail_row row = some_row();
	struct config_guardrail rail = changed_rail(&rails[_i].rail);
	struct config config = { .guardrails = &rail, .n_guardrails = 1 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(row));

	g_array_append_val(rows, row);
	ck_assert_msg((gate_find_unknown(&config, rows, &rails[_i].wish) != NULL) ==
			      rails[_i].unknown,
		      "%s", rails[_i].what);
}
END_TEST

START_TEST(a_fresh_database_knows_none)
{
	struct config_guardrail rail = some_rail();
	struct config config = { .guardrails = &rail, .n_guardrails = 1 };
	const struct gate_wish all = { 0 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct guardrail_row));

	ck_assert_ptr_eq(gate_find_unknown(&config, rows, &all), &rail);
}
END_TEST

static const struct {
	const char *what;
	struct gate_wish wish;
	bool wanted;
} wishes[] = {
	{ "anything", { 0 }, true },
	{ "its name", { .name = "slow" }, true },
	{ "another name", { .name = "slower" }, false },
	{ "its scope", { .kind = SCOPE_TEAM, .scope = "o'red" }, true },
	{ "a service of that name", { .kind = SCOPE_SERVICE, .scope = "o'red" }, false },
	{ "another scope, its name",
	  { .name = "slow", .kind = SCOPE_TEAM, .scope = "blue" },
	  false },
};

START_TEST(a_wish)
{
	const struct guardrail_row row = some_row();

	ck_assert_msg(gate_wants(&wishes[_i].wish, &row) == wishes[_i].wanted, "%s",
		      wishes[_i].what);
}
END_TEST

static const struct {
	const char *metric, *view;
} behind[] = {
	{ "deployment_frequency", "dora.rollouts" },
	{ "lead_time_coding", "dora.shipped_changes" },
	{ "lead_time_deploy", "dora.shipped_changes" },
	{ "change_lead_time", "dora.shipped_commits" },
	{ "time_to_restore", "dora.service_incidents" },
};

START_TEST(a_query_is_for_the_rows_that_count)
{
	struct guardrail_row row = some_row();
	g_autofree char *why = NULL;
	g_autofree char *start = g_strdup_printf("SELECT r.* FROM %s r ",
						 behind[_i].view);

	row.metric = (char *)behind[_i].metric;
	why = gate_why(&row);
	ck_assert_msg(g_str_has_prefix(why, start), "%s: %s", row.metric, why);
}
END_TEST

/* Every metric has a query, which the views of today can answer. */
START_TEST(queries_can_be_asked)
{
	struct rig rig;
	struct guardrail_row row = some_row();

	rig_init(&rig);
	for (const struct goal_metric *metric = goal_metrics; metric->name; metric++) {
		g_autofree char *why = NULL;

		row.metric = (char *)metric->name;
		why = gate_why(&row);
		ck_assert_msg(why != NULL, "%s: no query", metric->name);
		rig_run(&rig, why);
	}
	rig_clear(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tests = tcase_create("gate");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, a_breach_is_explained);
	tcase_add_test(tests, no_data_is_told);
	tcase_add_test(tests, old_numbers_are_no_proof);
	tcase_add_test(tests, nothing_is_no_proof);
	tcase_add_loop_test(tests, a_configured_one, 0, G_N_ELEMENTS(rails));
	tcase_add_test(tests, a_fresh_database_knows_none);
	tcase_add_loop_test(tests, a_query_is_for_the_rows_that_count, 0,
			    G_N_ELEMENTS(behind));
	tcase_add_loop_test(tests, a_wish, 0, G_N_ELEMENTS(wishes));
	tcase_add_test(tests, queries_can_be_asked);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
