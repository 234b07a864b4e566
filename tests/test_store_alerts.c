#include "tests/alerts_fixture.h"

/* Watches, and what happens to them. */

static gint32 cart, red;
static const char *const ops[] = { "ops", NULL };

static void set_up(void)
{
	rig_init_told();
	cart = rig_scope(&rig, "service", "cart");
	red = rig_scope(&rig, "team", "red");
}

static void tear_down(void)
{
	rig_clear_told();
}

/* ---- watches ---- */

static void write_watch(struct watch_row *row)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_watch_write(rig.store, row, &error));
	rig_ok(store_commit(rig.store, &error));
}

START_TEST(a_watch_is_read_as_it_was_written)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	const struct watch_row *read;
	g_autofree char *was = NULL, *is = NULL;
	GArray *rows;

	row.watch = (struct watch){ .state = WATCH_FIRING,
				    .silent = true,
				    .judged = 20000,
				    .since = 19990,
				    .streak = 1,
				    .calm = 2,
				    .quiet = 3,
				    .baseline_start = 19000,
				    .suspected = 19988,
				    .fired = 19990,
				    .frozen = { 1.5, -1, 4, 0.7, 19970 },
				    .score = 2.5,
				    .ratio = 2,
				    .worsened = true };
	row.lacking = 4;
	write_watch(&row);
	ck_assert_int_ne(row.watch_id, 0);
	was = rig_rows(&rig);
	write_watch(&row);
	is = rig_rows(&rig);
	ck_assert_str_eq(was, is);
	rig_ok(store_begin(rig.store, &error));
	rig_ok((rows = store_watches(rig.store, cart, &error)) != NULL);
	rig_ok(store_commit(rig.store, &error));
	ck_assert_uint_eq(rows->len, 1);
	read = &g_array_index(rows, struct watch_row, 0);
	ck_assert_int_eq(read->watch_id, row.watch_id);
	ck_assert_int_eq(read->scope_id, cart);
	ck_assert_str_eq(read->metric, "change_lead_time");
	ck_assert_int_eq(read->kind, WATCH_REGRESSION);
	ck_assert_uint_eq(read->lacking, 4);
	ck_assert_int_eq(read->watch.state, WATCH_FIRING);
	ck_assert(read->watch.silent && read->watch.worsened);
	ck_assert_int_eq(read->watch.judged, 20000);
	ck_assert_int_eq(read->watch.since, 19990);
	ck_assert_uint_eq(read->watch.streak, 1);
	ck_assert_uint_eq(read->watch.calm, 2);
	ck_assert_uint_eq(read->watch.quiet, 3);
	ck_assert_int_eq(read->watch.baseline_start, 19000);
	ck_assert_int_eq(read->watch.suspected, 19988);
	ck_assert_int_eq(read->watch.fired, 19990);
	ck_assert_double_eq(read->watch.frozen.base, 1.5);
	ck_assert_double_eq(read->watch.frozen.low, -1);
	ck_assert_double_eq(read->watch.frozen.high, 4);
	ck_assert_double_eq(read->watch.frozen.effect, 0.7);
	ck_assert_int_eq(read->watch.frozen.onset, 19970);
	ck_assert_double_eq(read->watch.score, 2.5);
	ck_assert_double_eq(read->watch.ratio, 2);
	watch_rows_free(rows);
}
END_TEST

START_TEST(what_is_not_known_stays_so)
{
	struct watch_row row = a_watch(0, "source_stale");
	const struct watch_row *read;
	GArray *rows;

	row.watch.baseline_start = SHIFT_NO_BOUND;
	row.watch.judged = WATCH_NEVER;
	row.score = row.ratio = NAN;
	write_watch(&row);
	rig_ok(store_begin(rig.store, &error));
	rig_ok((rows = store_watches(rig.store, 0, &error)) != NULL);
	rig_ok(store_commit(rig.store, &error));
	ck_assert_uint_eq(rows->len, 1);
	read = &g_array_index(rows, struct watch_row, 0);
	ck_assert_int_eq(read->scope_id, 0);
	ck_assert_int_eq(read->kind, WATCH_SELF);
	ck_assert_str_eq(read->name, "github");
	ck_assert_int_eq(read->watch.judged, WATCH_NEVER);
	ck_assert_int_eq(read->watch.baseline_start, SHIFT_NO_BOUND);
	ck_assert(isnan(read->score) && isnan(read->ratio));
	watch_rows_free(rows);
}
END_TEST

START_TEST(a_watch_may_come_back)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	struct watch_row again = a_watch(cart, "change_lead_time");
	struct watch_row other = a_watch(cart, "deployment_frequency");
	GArray *rows;

	fires(&row, AT(19980), AT(20000), ops);
	write_watch(&other);
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_watches_off(rig.store, cart, &other.watch_id, 1, AT(20001),
				 "it is no longer watched", &error));
	rig_ok((rows = store_watches(rig.store, cart, &error)) != NULL);
	rig_ok(store_commit(rig.store, &error));
	ck_assert_uint_eq(rows->len, 1);
	watch_rows_free(rows);
	rig_expect(&rig,
		   "SELECT concat_ws('|', state, reason, ended_at = timestamptz"
		   " '2024-10-05 00:00Z') FROM dora.alerts",
		   "withdrawn|it is no longer watched|t");
	rig_expect(&rig,
		   "SELECT string_agg(event || ' ' || channel || ' ' || state, ', '"
		   " ORDER BY delivery) FROM dora.alert_deliveries",
		   "fired ops waiting, withdrawn ops waiting");
	write_watch(&again);
	ck_assert_int_eq(again.watch_id, row.watch_id);
	rig_expect(&rig, "SELECT count(*) FROM dora.watches", "2");
}
END_TEST

START_TEST(a_watch_that_fires_has_the_engine_of_its_alert)
{
	struct watch_row row = a_watch(cart, "time_to_restore");
	struct alert_row alert = an_alert(AT(19980), AT(20000));
	GArray *rows;

	alert.engine = SHIFT_SPANS;
	rig_ok(store_begin(rig.store, &error));
	happen(&row, WATCH_FIRED, AT(20000), &alert, ops);
	rig_ok((rows = store_watches(rig.store, cart, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_int_eq(g_array_index(rows, struct watch_row, 0).engine, SHIFT_SPANS);
	watch_rows_free(rows);
	rig_ok((rows = store_watch_of_alert(rig.store, row.alert_id, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_int_eq(g_array_index(rows, struct watch_row, 0).engine, SHIFT_SPANS);
	watch_rows_free(rows);
	rig_ok(store_commit(rig.store, &error));
}
END_TEST

START_TEST(what_leaves_the_configuration_ends)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	struct watch_row other = a_watch(red, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	fires(&other, AT(19980), AT(20000), ops);
	rig_run(&rig, "UPDATE dorad.scope SET active = false WHERE name = 'cart'");
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_watches_left(rig.store, AT(20001), "it has left", &error));
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig, "SELECT string_agg(state, ' ' ORDER BY alert) FROM dora.alerts",
		   "withdrawn firing");
	rig_expect(&rig, "SELECT string_agg(team, ' ') FROM dora.watches", "red");
}
END_TEST

/* ---- alerts ---- */

START_TEST(an_alert_says_all_that_is_known)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	rig_expect(&rig,
		   "SELECT concat_ws('|', kind, org, team, service, environment, metric,"
		   " direction, state, strength, to_char(onset AT TIME ZONE 'UTC',"
		   " 'YYYY-MM-DD'), rule, sensitivity, engine, window_weeks)"
		   " FROM dora.alerts",
		   "regression|acme|red|cart|production|change_lead_time|worse|firing|"
		   "strong|2024-09-14|default|default|level|4");
	rig_expect(&rig,
		   "SELECT concat_ws('|', before_n, before_median, before_p85, after_n,"
		   " after_median, after_p85, ratio, ratio_lo, ratio_hi,"
		   " round(evidence::numeric, 2), baseline_from, baseline_to, after_from,"
		   " after_to) FROM dora.alerts",
		   "402|68400|252000|38|147600|532800|2|1.4|3|12.18|1970-04-11|"
		   "1971-01-15|1971-01-16|1971-02-12");
	rig_expect(&rig, "SELECT parts::text FROM dora.alerts",
		   "[{\"n\": 21, \"of\": 38, \"name\": \"cart\"},"
		   " {\"n\": 17, \"of\": 38, \"name\": \"search\"}]");
	rig_expect(&rig, "SELECT (alert IS NOT NULL)::text FROM dora.watches", "true");
	ends(&row, WATCH_RESOLVED, AT(20030));
	rig_expect(&rig,
		   "SELECT concat_ws('|', state, (ended_at - fired_at)::text)"
		   " FROM dora.alerts",
		   "resolved|30 days");
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', event, round(evidence::numeric, 1),"
		   " ratio), ', ' ORDER BY event_id) FROM dora.alert_history",
		   "fired 12.2 2, resolved 12.2 2");
}
END_TEST

START_TEST(a_repeated_transaction_repeats_nothing)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	struct watch_row again = a_watch(cart, "change_lead_time");
	g_autofree char *was = NULL, *is = NULL;

	fires(&row, AT(19980), AT(20000), ops);
	was = rig_rows(&rig);
	again.watch_id = row.watch_id;
	fires(&again, AT(19980), AT(20000), ops);
	ck_assert_int_eq(again.alert_id, row.alert_id);
	is = rig_rows(&rig);
	ck_assert_str_eq(was, is);
	ends(&row, WATCH_RESOLVED, AT(20030));
	again.alert_id = 0;
	ends(&again, WATCH_RESOLVED, AT(20030));
	rig_expect(&rig, "SELECT count(*) FROM dora.alert_history", "2");
	rig_expect(&rig, "SELECT count(*) FROM dora.alert_deliveries", "2");
}
END_TEST

START_TEST(what_is_rolled_back_was_not)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	const struct alert_row alert = an_alert(AT(19980), AT(20000));

	rig_ok(store_begin(rig.store, &error));
	happen(&row, WATCH_FIRED, AT(20000), &alert, ops);
	store_rollback(rig.store);
	rig_expect(&rig,
		   "SELECT (SELECT count(*) FROM dorad.watch) + (SELECT count(*)"
		   " FROM dorad.alert) + (SELECT count(*) FROM dorad.alert_event)"
		   " + (SELECT count(*) FROM dorad.outbox)"
		   " + (SELECT count(*) FROM dorad.alert_group)",
		   "0");
}
END_TEST

START_TEST(a_worse_alert_has_new_numbers)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	struct alert_row worse = an_alert(AT(19980), AT(20010));

	fires(&row, AT(19980), AT(20000), ops);
	worse.shift.score = 4;
	worse.shift.ratio = 4.5;
	worse.n_parts = 0;
	rig_ok(store_begin(rig.store, &error));
	happen(&row, WATCH_WORSENED, AT(20010), &worse, ops);
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig,
		   "SELECT concat_ws('|', state, strength, ratio, fired_ratio, worsened,"
		   " parts IS NULL, to_char(fired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')) "
		   "FROM dora.alerts",
		   "firing|very strong|4.5|2|t|t|2024-10-04");
	rig_expect(&rig,
		   "SELECT string_agg(event, ' ' ORDER BY delivery)"
		   " FROM dora.alert_deliveries",
		   "fired worsened");
}
END_TEST

START_TEST(improvements_are_never_told)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	row.direction = SHIFT_BETTER;
	fires(&row, AT(19980), AT(20000), ops);
	ends(&row, WATCH_ACCEPTED, AT(20084));
	rig_expect(&rig,
		   "SELECT concat_ws('|', direction, state, group_id) FROM dora.alerts",
		   "better|accepted");
	rig_expect(&rig, "SELECT count(*) FROM dora.alert_deliveries", "0");
}
END_TEST

START_TEST(what_is_not_told_is_remembered)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	rig_ok(store_begin(rig.store, &error));
	happen(&row, WATCH_LEARNED, AT(20000), NULL, ops);
	happen(&row, WATCH_SUSPECTED, AT(20001), NULL, ops);
	happen(&row, WATCH_CLEARED, AT(20002), NULL, ops);
	happen(&row, WATCH_SILENT, AT(20003), NULL, ops);
	happen(&row, WATCH_HEARD, AT(20004), NULL, ops);
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig,
		   "SELECT string_agg(event || coalesce(alert::text, ''), ' '"
		   " ORDER BY event_id) FROM dora.alert_history",
		   "learned suspected cleared nodata data");
	rig_expect(&rig, "SELECT count(*) FROM dora.alert_deliveries", "0");
}
END_TEST

/* ---- groups ---- */

static const struct {
	const char *what;
	const char *kind, *scope;
	int days; /* of onset, after the first's */
	bool ended;
	bool together;
	bool renamed; /* the team is, which makes it another scope */
} groups[] = {
	{ "another service of the team", "service", "search", 7, false, true },
	{ "the team itself", "team", "red", -7, false, true },
	{ "too late", "service", "search", 8, false, false },
	{ "too early", "service", "search", -8, false, false },
	{ "the first is over", "service", "search", 1, true, false },
	{ "another team", "service", "mail", 0, false, false },
	{ "the org", "org", "acme", 0, false, false },
	{ "the daemon", NULL, NULL, 0, false, false },
	{ "a service of the team by another name", "service", "search", 1, false, true,
	  true },
};

START_TEST(alerts_of_a_team_are_told_together)
{
	gint32 scope = groups[_i].kind
			       ? rig_scope(&rig, groups[_i].kind, groups[_i].scope)
			       : 0;
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row second = a_watch(scope, "deployment_frequency");
	g_autofree char *n = NULL;

	fires(&first, AT(19980), AT(20000), ops);
	if (groups[_i].ended)
		ends(&first, WATCH_RESOLVED, AT(20001));
	if (groups[_i].renamed)
		rig_run(&rig, "UPDATE dorad.scope s SET parent_id = t.scope_id FROM"
			      " dorad.scope t WHERE s.kind = 'service' AND"
			      " t.name = 'blue'");
	fires(&second, AT(19980 + groups[_i].days), AT(20002), ops);
	n = rig_ask(&rig, "SELECT count(DISTINCT group_id) FROM dora.alerts");
	ck_assert_msg(strcmp(n, groups[_i].together ? "1" : "2") == 0, "%s: %s groups",
		      groups[_i].what, n);
}
END_TEST

/* A story that goes on does not pull ever later ones into its group. */
START_TEST(groups_are_no_chains)
{
	struct watch_row rows[] = { a_watch(cart, "change_lead_time"),
				    a_watch(cart, "deployment_frequency"),
				    a_watch(cart, "change_fail_rate") };

	for (int i = 0; i < 3; i++)
		fires(&rows[i], AT(19980 + 6 * i), AT(20000 + i), ops);
	rig_expect(&rig,
		   "SELECT string_agg(metric, ' ' ORDER BY alert) FROM dora.alerts"
		   " WHERE group_id = (SELECT min(group_id) FROM dora.alerts)",
		   "change_lead_time deployment_frequency");
}
END_TEST

/* A service changes its team while it fires: receivers know the alert by what it was. */
START_TEST(an_alert_stays_whose_it_was)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	rig_run(&rig, "UPDATE dorad.scope SET parent_id = (SELECT scope_id"
		      " FROM dorad.scope WHERE kind = 'team' AND name = 'blue')"
		      " WHERE kind = 'service' AND name = 'cart'");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', org, team, service) FROM dora.alerts"
		   " WHERE state = 'firing'",
		   "acme red cart");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', org, team, service) FROM dora.alert_history"
		   " WHERE event = 'fired'",
		   "acme red cart");
	rig_expect(&rig, "SELECT concat_ws(' ', org, team, service) FROM dora.watches",
		   "acme blue cart");
	ends(&row, WATCH_RESOLVED, AT(20030));
	fires(&row, AT(20040), AT(20060), ops);
	rig_expect(&rig, "SELECT string_agg(team, ' ' ORDER BY alert) FROM dora.alerts",
		   "red blue");
}
END_TEST

/* ---- NOTIFY ---- */

static char *notified(PGconn *conn)
{
	GString *text = g_string_new(NULL);
	PGnotify *note;

	PQclear(PQexec(conn, "SELECT 1")); /* what there is has come with its answer */
	PQconsumeInput(conn);
	while ((note = PQnotifies(conn))) {
		g_string_append_printf(text, "%s %s\n", note->relname, note->extra);
		PQfreemem(note);
	}
	return g_string_free(text, FALSE);
}

START_TEST(notify_is_of_the_transaction)
{
	static struct config_channel_notify to = { .channel = (char *)"dorad_alerts" };
	static struct config_channel list[] = {
		{ .name = (char *)"ops", .kind = CHANNEL_WEBHOOK },
		{ .name = (char *)"here", .kind = CHANNEL_NOTIFY, .notify = &to },
	};
	static const char *const both[] = { "ops", "here", NULL };
	struct config_alerts alerts = { .channels = list, .n_channels = 2 };
	struct config_alerts *was = rig.config->alerts;
	struct watch_row row = a_watch(cart, "change_lead_time");
	const struct alert_row alert = an_alert(AT(19980), AT(20000));
	g_autofree char *nothing = NULL, *first = NULL, *last = NULL;
	struct alert_mute mute = { .metric = "change_lead_time",
				   .from = AT(20029),
				   .until = AT(20039),
				   .reason = "known" };

	rig.config->alerts = &alerts;
	rig_run(&rig, "LISTEN dorad_alerts");
	rig_ok(store_begin(rig.store, &error));
	happen(&row, WATCH_FIRED, AT(20000), &alert, both);
	store_rollback(rig.store);
	nothing = notified(rig.admin);
	ck_assert_str_eq(nothing, "");
	row = a_watch(cart, "change_lead_time");
	fires(&row, AT(19980), AT(20000), both);
	first = notified(rig.admin);
	ck_assert_msg(g_str_has_prefix(first, "dorad_alerts {") &&
			      strstr(first, "\"event\": \"fired\"") &&
			      strstr(first, "\"service\": \"cart\"") &&
			      strstr(first, "\"onset\": \"2024-09-14T00:00:00Z\"") &&
			      strstr(first, "\"state\": \"firing\""),
		      "%s", first);
	ck_assert_msg(strstr(first, "\"muted_until\": null"), "%s", first);
	rig_ok(store_mute(rig.store, &mute, &error));
	/* told without channels: whoever heard of it hears of its end */
	ends(&row, WATCH_RESOLVED, AT(20030));
	last = notified(rig.admin);
	ck_assert_msg(strstr(last, "\"event\": \"resolved\"") &&
			      strstr(last, "\"muted_until\": "
					   "\"2024-11-12T00:00:00Z\"") &&
			      strstr(last, "\"state\": \"resolved\""),
		      "%s", last);
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT channel, ' ') FROM"
		   " dora.alert_deliveries",
		   "ops");
	rig.config->alerts = was;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_alerts");
	TCase *tests = tcase_create("store_alerts");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_watch_is_read_as_it_was_written);
	tcase_add_test(tests, what_is_not_known_stays_so);
	tcase_add_test(tests, a_watch_may_come_back);
	tcase_add_test(tests, a_watch_that_fires_has_the_engine_of_its_alert);
	tcase_add_test(tests, what_leaves_the_configuration_ends);
	tcase_add_test(tests, an_alert_says_all_that_is_known);
	tcase_add_test(tests, a_repeated_transaction_repeats_nothing);
	tcase_add_test(tests, what_is_rolled_back_was_not);
	tcase_add_test(tests, a_worse_alert_has_new_numbers);
	tcase_add_test(tests, improvements_are_never_told);
	tcase_add_test(tests, what_is_not_told_is_remembered);
	tcase_add_loop_test(tests, alerts_of_a_team_are_told_together, 0,
			    G_N_ELEMENTS(groups));
	tcase_add_test(tests, groups_are_no_chains);
	tcase_add_test(tests, an_alert_stays_whose_it_was);
	tcase_add_test(tests, notify_is_of_the_transaction);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
