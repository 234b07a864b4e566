#include "collector/evaluate_alerts.h"
#include "sinks/alert_message.h"

#include "tests/alerts_world.h"

/* The day on which the lead time of a service fired, as it has to. */
static gint32 fired_on(const char *service)
{
	g_autofree char *events = world_events_of(service, "change_lead_time", "worse");
	int learned, suspected, fired;

	ck_assert_msg(sscanf(events, "learned %d, suspected %d, fired %d", &learned,
			     &suspected, &fired) == 3,
		      "%s", events);
	ck_assert_int_eq(learned, FIRST);
	ck_assert_int_eq(fired, suspected + 2);
	ck_assert_int_gt(suspected, ONSET + 3);
	return fired;
}

START_TEST(what_gets_worse_fires)
{
	gint32 fired;
	g_autofree char *alert = NULL, *more = NULL;

	world_live_through("search", FIRST, ONSET + 40);
	fired = fired_on("search");
	alert = g_strdup_printf(
		"SELECT concat_ws(' ', kind, org, team, service, environment, direction,"
		" state, rule, sensitivity, engine, unit, ratio BETWEEN 2 AND 5,"
		" evidence > 5, before_n > 300, after_n > 5,"
		" onset BETWEEN timestamptz '2024-12-24' AND '2025-01-27',"
		" fired_at = timestamptz '2024-01-01 00:00Z' + %d * interval '1 day',"
		" first_seen_at = fired_at - interval '2 days',"
		" false_alerts_per_year > 0.1, time_zone)"
		" FROM dora.alerts WHERE metric = 'change_lead_time'"
		" AND kind = 'regression' AND direction = 'worse'",
		fired + 1);
	rig_expect(&rig, alert,
		   "regression acme red search production worse firing all default level"
		   " t t t t t t t t UTC");
	/* each channel once of each thing told, and nothing of improvements */
	rig_expect(&rig,
		   "SELECT string_agg(x.t, ', ' ORDER BY x.t) FROM (SELECT o.channel ||"
		   " ' ' || e.event || ' ' || a.kind AS t FROM dorad.outbox o"
		   " JOIN dorad.alert_event e USING (event_id) JOIN dorad.alert a"
		   " ON a.alert_id = o.alert_id WHERE e.event = 'fired') x",
		   "hook fired regression, log fired guardrail, log fired regression");
	more = world_events_of("search", "deployment_frequency", "worse");
	ck_assert_str_eq(more, "learned 373");
	rig_expect(&rig, "SELECT count(*) FROM dorad.watch", "5");
	rig_expect(&rig,
		   "SELECT string_agg(metric || ' ' || at::date || ' ' ||"
		   " (before < after), ', ') FROM dorad.change_point",
		   "change_lead_time 2025-01-13 true");
}
END_TEST

START_TEST(late_facts_withdraw)
{
	g_autofree char *events = NULL;
	gint32 fired;

	world_live_through("search", FIRST, ONSET + 30);
	fired = fired_on("search");
	ck_assert_int_lt(fired, ONSET + 30);
	rig_run(&rig, "UPDATE dorad.shipped SET lead_us = lead_us / 3"
		      " WHERE finished_at >= timestamptz '2025-01-13 00:00Z'");
	world_live_through("search", ONSET + 31, ONSET + 34);
	events = world_events_of("search", "change_lead_time", "worse");
	ck_assert_msg(g_str_has_suffix(events, ", withdrawn 409"), "%s", events);
	rig_expect(&rig,
		   "SELECT state || ', ' || reason || ', ' || (ended_at ="
		   " timestamptz '2025-02-14 00:00Z') FROM dora.alerts"
		   " WHERE kind = 'regression' AND direction = 'worse'",
		   "withdrawn, late facts undid it, true");
	rig_expect(&rig,
		   "SELECT count(*) FROM dorad.outbox JOIN dorad.alert_event e"
		   " USING (event_id) WHERE e.event = 'withdrawn'",
		   "2");
}
END_TEST

/* Whoever was away comes to the same. */
START_TEST(days_are_caught_up)
{
	g_autofree char *daily = NULL, *late = NULL;

	world_live_through("search", FIRST, ONSET + 40);
	world_live_through("mail", FIRST, ONSET + 1);
	world_live(SCOPE_SERVICE, "mail", ONSET + 9);
	world_live(SCOPE_SERVICE, "mail", ONSET + 16);
	world_live(SCOPE_SERVICE, "mail", ONSET + 40);
	fired_on("mail");
	daily = world_events_of("search", "change_lead_time", "worse");
	late = world_events_of("mail", "change_lead_time", "worse");
	ck_assert_str_eq(daily, late);
	rig_expect(&rig,
		   "SELECT count(DISTINCT to_jsonb(w) - 'watch_id' - 'scope_id' -"
		   " 'alert_id') FROM dorad.watch w WHERE metric = 'change_lead_time'"
		   " AND kind = 'regression' AND direction = 'worse'",
		   "1");
	rig_expect(&rig,
		   "SELECT count(DISTINCT to_jsonb(a) - 'alert' - 'team' - 'service' -"
		   " 'group_id') FROM dora.alerts a WHERE kind = 'regression'"
		   " AND direction = 'worse'",
		   "1");
}
END_TEST

static void judge_again(const char *service, gint64 now)
{
	struct scope_row *scope;
	struct zone *zone = zone_open("UTC", NULL);
	GArray *environments;
	gint64 next;

	rig_ok(store_begin(rig.store, &error));
	rig_ok((scope = store_scope_lock(rig.store, SCOPE_SERVICE, service, &error)));
	rig_ok((environments = store_scope_environments(rig.store, scope->scope_id,
							&error)));
	rig_ok(evaluate_alerts(rig.store, &context, scope, zone, environments, now, &next,
			       &error));
	ck_assert_int_eq(next, scope->alerts_due);
	rig_ok(store_commit(rig.store, &error));
	scope_environments_free(environments);
	scope_row_free(scope);
	zone_unref(zone);
}

START_TEST(a_day_is_judged_once)
{
	gint64 now = world_start_of(ONSET + 31) + 7 * G_TIME_SPAN_HOUR;
	g_autofree char *before = NULL, *after = NULL;

	world_live_through("search", ONSET + 20, ONSET + 30);
	before = rig_rows(&rig);
	judge_again("search", now);
	judge_again("search", now + G_TIME_SPAN_HOUR);
	world_evaluate(SCOPE_SERVICE, "search", now + 2 * G_TIME_SPAN_HOUR);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

/* A day is judged 6 h after its end; if facts are late, a quarter of an hour later, and
 * so on. */
START_TEST(facts_are_waited_for)
{
	gint64 end = world_start_of(FIRST + 1), hour = G_TIME_SPAN_HOUR;
	gint64 next;

	next = world_live(SCOPE_SERVICE, "search", FIRST - 1);
	ck_assert_int_eq(next, end + 6 * hour);
	world_set_fresh(end - 1);
	next = world_evaluate(SCOPE_SERVICE, "search", end + 6 * hour - 1);
	ck_assert_int_eq(next, end + 6 * hour);
	next = world_evaluate(SCOPE_SERVICE, "search", end + 6 * hour);
	ck_assert_int_eq(next, end + 6 * hour + 15 * G_TIME_SPAN_MINUTE);
	rig_expect(&rig,
		   "SELECT DISTINCT judged - date '2024-01-01' FROM dorad.watch"
		   " WHERE kind = 'regression'",
		   "372");
	world_set_fresh(end);
	next = world_evaluate(SCOPE_SERVICE, "search", next);
	ck_assert_int_eq(next, end + DAY + 6 * hour);
	rig_expect(&rig,
		   "SELECT DISTINCT judged - date '2024-01-01' FROM dorad.watch"
		   " WHERE kind = 'regression'",
		   "373");
	rig_run(&rig, "UPDATE dorad.source SET ok_at = NULL");
	next = world_evaluate(SCOPE_SERVICE, "search", end + 3 * DAY);
	ck_assert_int_eq(next, end + 3 * DAY + 15 * G_TIME_SPAN_MINUTE);
}
END_TEST

/* What dora.series does not say of one person, alerts do not say either. */
START_TEST(one_author_is_not_judged)
{
	g_autofree char *events = NULL;

	rig_run(&rig, "UPDATE dorad.shipped SET author = 1");
	world_live_through("search", FIRST, ONSET + 40);
	events = world_events_of("search", "change_lead_time", "worse");
	ck_assert_str_eq(events, "");
	rig_expect(&rig, "SELECT count(*) FROM dora.alerts", "0");
	rig_expect(&rig,
		   "SELECT DISTINCT concat_ws(' ', state, lacking_weeks, reason,"
		   " evidence, ratio) FROM dora.watches"
		   " WHERE metric = 'change_lead_time' AND kind = 'regression'",
		   "learning few authors");
	rig_expect(&rig,
		   "SELECT DISTINCT concat_ws(' ', state, lacking_weeks, reason)"
		   " FROM dora.watches WHERE metric = 'deployment_frequency'",
		   "ok");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', at::date, before, after)"
		   " FROM dora.change_points WHERE metric = 'change_lead_time'",
		   "2025-01-13");
}
END_TEST

START_TEST(of_nothing_nothing_is_foreseen)
{
	world_use(world_config("time_to_restore", "", "2d", ""));
	world_live_through("search", FIRST, FIRST);
	rig_expect(&rig,
		   "SELECT DISTINCT concat_ws(' ', state, lacking_weeks, reason)"
		   " FROM dora.watches WHERE metric = 'time_to_restore'",
		   "learning too few to say");
}
END_TEST

/* The sentence has it all, too, read back. */
static void assert_told(const char *since)
{
	const struct alert_query query = { .since = INSTANT_NONE };
	GArray *alerts;
	guint n = 0;

	rig_ok((alerts = store_alerts(rig.store, &query, &error)) != NULL);
	for (guint i = 0; i < alerts->len; i++) {
		const struct alert_row *row = &g_array_index(alerts, struct alert_row, i);
		g_autofree char *text = alert_sentence(row, false);

		if (row->kind != WATCH_GUARDRAIL)
			continue;
		n++;
		ck_assert_msg(g_str_has_prefix(text, "Guardrail fast, search: lead time "
						     "for changes ") &&
				      strstr(text, since) &&
				      strstr(text, ", at most 48 h allowed") &&
				      strstr(text, " Over 7 days, n = "),
			      "%s", text);
	}
	ck_assert_uint_eq(n, 1);
	alert_rows_free(alerts);
}

/* As if the service had been retired with a day. */
static void retire_after(gint32 day)
{
	static const char *const tables[] = { "shipped", "rollout_state", "rollout",
					      "deployment" };

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *sql = g_strdup_printf(
			"DELETE FROM dorad.%s WHERE finished_at >= timestamptz"
			" '2024-01-01 00:00Z' + %d * interval '1 day'",
			tables[i], day + 1);

		rig_run(&rig, sql);
	}
}

/* What nobody can say anything of any more does not fire for ever. */
START_TEST(what_is_retired_ends)
{
	world_live_through("search", FIRST, ONSET + 24);
	fired_on("search");
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT kind || ' ' || state, ', ')"
		   " FROM dora.alerts WHERE direction = 'worse'",
		   "guardrail firing, regression firing");
	retire_after(ONSET + 24);
	world_live_through("search", ONSET + 25, ONSET + 53);
	rig_expect(&rig, "SELECT count(*) FROM dora.alerts WHERE state <> 'firing'", "0");
	world_live_through("search", ONSET + 54, ONSET + 70);
	rig_expect(&rig,
		   "SELECT string_agg(kind || ' ' || state || ': ' || reason, ', '"
		   " ORDER BY kind) FROM dora.alerts WHERE direction = 'worse'",
		   "guardrail withdrawn: nothing has been heard for 28 days, regression "
		   "withdrawn: nothing has been heard for 28 days");
}
END_TEST

START_TEST(guardrails)
{
	g_autofree char *events = NULL;
	int learned, suspected, fired;

	world_live_through("search", FIRST, ONSET + 21);
	events = rig_ask(&rig,
			 "SELECT string_agg(event || ' ' || at::date - 1 - date"
			 " '2024-01-01', ', ' ORDER BY event_id) FROM dora.alert_history"
			 " WHERE name = 'fast'");
	ck_assert_msg(sscanf(events, "learned %d, suspected %d, fired %d", &learned,
			     &suspected, &fired) == 3,
		      "%s", events);
	ck_assert_int_eq(fired, suspected + 2);
	rig_expect(&rig,
		   "SELECT concat_ws(' ', service, metric, before_rate, after_rate >"
		   " before_rate, after_n > 3, unit, state, ratio, evidence,"
		   " window_days, window_weeks, baseline_from, baseline_to, statistic,"
		   " began_before, timestamptz '2024-01-01 00:00Z' + (after_to - date "
		   "'2023-12-31') *"
		   " interval '1 day' = fired_at, after_to - after_from,"
		   " fired_at - onset) FROM dora.alerts WHERE name = 'fast'",
		   "search change_lead_time 172800 t t seconds firing 7 value f t 6 3 "
		   "days");
	assert_told(" since ");
	/* the value is that of the window which is published the next day */
	rig_expect(&rig,
		   "SELECT r.value > 172800 FROM dorad.rolling r JOIN dorad.scope s"
		   " USING (scope_id) WHERE s.name = 'search' AND r.window_days = 7"
		   " AND r.metric = 'change_lead_time'",
		   "t");
}
END_TEST

/* Who begins to watch, or changes the limit, does not know since when. */
START_TEST(guardrails_are_breached_before_they_are_watched)
{
	struct alert_query query = { .since = INSTANT_NONE };
	GArray *alerts;

	world_live_through("search", ONSET + 14, ONSET + 16);
	rig_expect(&rig,
		   "SELECT concat_ws(' ', state, onset::date - date '2024-01-01' - 378,"
		   " began_before) FROM dora.alerts WHERE name = 'fast'",
		   "firing 14 t");
	assert_told(" at least since ");
	world_use(world_config(NULL, "", "1d", ""));
	world_live_through("search", ONSET + 17, ONSET + 19);
	query.since = world_start_of(ONSET + 20);
	rig_ok((alerts = store_alerts(rig.store, &query, &error)) != NULL);
	ck_assert_uint_eq(alerts->len, 1);
	ck_assert(g_array_index(alerts, struct alert_row, 0).began_before);
	alert_rows_free(alerts);
}
END_TEST

START_TEST(what_is_no_longer_watched_is_withdrawn)
{
	struct config *watching = context.config;
	struct config *off = rig_config(&rig, NULL, NULL, NULL);
	struct store *store = store_new(off);
	struct evaluate_result result;
	const struct work_context other = { .config = off };
	g_autofree char *before = NULL, *after = NULL;
	gint64 now = world_start_of(ONSET + 32);

	world_live_through("search", FIRST, ONSET + 30);
	fired_on("search");
	rig_ok(evaluate_scope(store, &other, SCOPE_SERVICE, "search", now, &result,
			      &error));
	ck_assert_int_eq(result.next, INSTANT_NONE);
	rig_expect(&rig, "SELECT DISTINCT state FROM dora.alerts", "withdrawn");
	rig_expect(&rig, "SELECT count(*) FROM dora.watches", "0");
	before = rig_rows(&rig);
	rig_ok(evaluate_scope(store, &other, SCOPE_SERVICE, "search", now + 1, &result,
			      &error));
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	store_free(store);
	config_unref(off);
	/* and begins anew */
	context.config = watching;
	world_live(SCOPE_SERVICE, "search", ONSET + 40);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.watches WHERE state <> 'firing'"
		   " AND judged_day = date '2025-02-22'",
		   "5");
}
END_TEST

/* Nobody evaluates a service that has left the configuration. */
START_TEST(what_has_left_is_withdrawn)
{
	const gint64 now = world_start_of(ONSET + 32);
	g_autofree char *before = NULL, *after = NULL;
	struct evaluate_result result;

	world_live_through("search", FIRST, ONSET + 30);
	fired_on("search");
	/* nor the other one, of which there is no mirror */
	rig_run(&rig, "UPDATE dorad.scope SET active = false WHERE kind = 'service'");
	context.trial = true;
	rig_ok(evaluate_due(rig.store, &context, now, &result, &error));
	rig_expect(&rig,
		   "SELECT DISTINCT state FROM dora.alerts WHERE kind = 'regression'"
		   " AND service = 'search'",
		   "firing");
	context.trial = false;
	rig_ok(evaluate_due(rig.store, &context, now, &result, &error));
	rig_expect(&rig,
		   "SELECT DISTINCT state || ', ' || reason FROM dora.alerts"
		   " WHERE service = 'search'",
		   "withdrawn, it has left the configuration");
	rig_expect(&rig, "SELECT count(*) FROM dora.watches WHERE service = 'search'",
		   "0");
	before = rig_rows(&rig);
	rig_ok(evaluate_due(rig.store, &context, now + 1, &result, &error));
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerts_evaluate");
	TCase *tests = tcase_create("alerts_evaluate");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, world_set_up, world_tear_down);
	tcase_add_test(tests, what_gets_worse_fires);
	tcase_add_test(tests, late_facts_withdraw);
	tcase_add_test(tests, days_are_caught_up);
	tcase_add_test(tests, a_day_is_judged_once);
	tcase_add_test(tests, facts_are_waited_for);
	tcase_add_test(tests, one_author_is_not_judged);
	tcase_add_test(tests, what_is_retired_ends);
	tcase_add_test(tests, of_nothing_nothing_is_foreseen);
	tcase_add_test(tests, guardrails);
	tcase_add_test(tests, guardrails_are_breached_before_they_are_watched);
	tcase_add_test(tests, what_is_no_longer_watched_is_withdrawn);
	tcase_add_test(tests, what_has_left_is_withdrawn);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
