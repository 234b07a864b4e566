#include "tests/outbox_fixture.h"

/* What is held back, and what people see and say of alerts, and the views they read. */

static gint32 cart, search;

static void set_up(void)
{
	rig_init_told();
	cart = rig_scope(&rig, "service", "cart");
	search = rig_scope(&rig, "service", "search");
}

static void tear_down(void)
{
	rig_clear_told();
}

static gint64 mute(gint64 alert_id, enum scope_kind kind, const char *scope,
		   const char *metric, gint64 from, gint64 until)
{
	struct alert_mute row = { 0,	  alert_id, kind,  scope,
				  metric, from,	    until, "migration" };

	rig_ok(store_mute(rig.store, &row, &error));
	ck_assert_int_ne(row.mute_id, 0);
	return row.mute_id;
}

/* ---- mutes ---- */

static const struct {
	const char *what;
	bool by_id;
	enum scope_kind kind;
	const char *scope, *metric;
	bool muted;
} mutes[] = {
	{ "the alert", true, 0, NULL, NULL, true },
	{ "its service", false, SCOPE_SERVICE, "cart", NULL, true },
	{ "another service", false, SCOPE_SERVICE, "search", NULL, false },
	{ "its team", false, SCOPE_TEAM, "red", NULL, true },
	{ "another team", false, SCOPE_TEAM, "blue", NULL, false },
	{ "its org", false, SCOPE_ORG, "acme", NULL, true },
	{ "its metric", false, 0, NULL, "change_lead_time", true },
	{ "another metric", false, 0, NULL, "change_fail_rate", false },
	{ "its metric in its team", false, SCOPE_TEAM, "red", "change_lead_time", true },
	{ "its metric elsewhere", false, SCOPE_TEAM, "blue", "change_lead_time", false },
};

START_TEST(a_muted_alert_waits)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	GPtrArray *messages;

	fires(&row, AT(19980), AT(20000), ops);
	mute(mutes[_i].by_id ? row.alert_id : 0, mutes[_i].kind, mutes[_i].scope,
	     mutes[_i].metric, AT(20000), AT(20001));
	messages = due(rig.store, ops, AT(20000));
	ck_assert_msg((messages->len == 0) == mutes[_i].muted, "%s", mutes[_i].what);
	outbox_messages_free(messages);
	if (!mutes[_i].muted)
		return;
	ck_assert_int_eq(next(AT(20000)), AT(20001));
	expect_due(ops, AT(20001), "ops: fired (1)");
}
END_TEST

/* A team's mute is of its services; a service's not of its team. */
START_TEST(a_mute_reaches_downwards)
{
	struct watch_row row = a_watch(rig_scope(&rig, "team", "red"),
				       "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	mute(0, SCOPE_SERVICE, "cart", NULL, AT(20000), AT(20001));
	expect_due(ops, AT(20000), "ops: fired (1)");
}
END_TEST

START_TEST(what_was_muted_all_along_is_not_told)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	mute(0, SCOPE_TEAM, "red", NULL, AT(19999), AT(20040));
	fires(&row, AT(19980), AT(20000), both);
	expect_due(both, AT(20000), "");
	ends(&row, WATCH_RESOLVED, AT(20030));
	expect_due(both, AT(20030), "");
	expect_due(both, AT(20041), "");
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT state, ' ') FROM dora.alert_deliveries",
		   "folded");
	ck_assert_int_eq(next(AT(20041)), INSTANT_NONE);
}
END_TEST

/* Receivers that opened something would keep it open. */
START_TEST(the_end_of_what_was_told_is_told_in_spite_of_a_mute)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	const struct alert_row worse = an_alert(AT(19980), AT(20000));
	gint64 mute_id;
	bool found;

	fires(&row, AT(19980), AT(20000), ops);
	expect_delivered(ops, AT(20000), "ops: fired (1)");
	mute_id = mute(row.alert_id, 0, NULL, NULL, AT(20001), AT(20040));
	rig_ok(store_begin(rig.store, &error));
	happen(&row, WATCH_WORSENED, AT(20010), &worse, ops);
	rig_ok(store_commit(rig.store, &error));
	expect_due(ops, AT(20010), "");
	ck_assert_int_eq(next(AT(20010)), AT(20040));
	ends(&row, WATCH_RESOLVED, AT(20030));
	ck_assert_int_eq(next(AT(20030)), AT(20030) + OUTBOX_GATHER);
	expect_delivered(ops, AT(20030), "ops: worsened resolved (1 update ended)");
	rig_ok(store_unmute(rig.store, mute_id, AT(20031), &found, &error));
	ck_assert(found);
	rig_ok(store_unmute(rig.store, mute_id, AT(20031), &found, &error));
	ck_assert(!found);
}
END_TEST

/* It was sent, and nobody lived to note that it arrived. */
START_TEST(what_may_have_arrived_is_not_folded)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	expect_due(ops, AT(20000), "ops: fired (1)");
	mute(row.alert_id, 0, NULL, NULL, AT(20000), AT(20005));
	ends(&row, WATCH_RESOLVED, AT(20003));
	expect_due(ops, AT(20003), "");
	expect_delivered(ops, AT(20005), "ops: fired resolved (1 ended)");
}
END_TEST

/* The message of a group does not tell of one that is muted. */
START_TEST(others_of_the_group_are_told)
{
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row second = a_watch(search, "deployment_frequency");

	fires(&first, AT(19980), AT(20000), ops);
	fires(&second, AT(19980), AT(20000), ops);
	mute(first.alert_id, 0, NULL, NULL, AT(20000), AT(20001));
	expect_delivered(ops, AT(20000), "ops: fired (1)");
	expect_delivered(ops, AT(20001), "ops: fired (2 update)");
}
END_TEST

static bool count(const struct alert_mute *row, void *user, GError **error)
{
	(void)error;
	ck_assert_str_eq(row->reason, "migration");
	ck_assert(row->alert_id != 0 || strcmp(row->scope, "red") == 0);
	++*(int *)user;
	return true;
}

START_TEST(mutes_are_listed_until_they_end)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	struct alert_mute unknown = { .scope = "nobody", .until = 1, .reason = "x" };
	GError *why = NULL;
	int n = 0;

	fires(&row, AT(19980), AT(20000), ops);
	mute(0, SCOPE_TEAM, "red", NULL, AT(20000), AT(20010));
	mute(row.alert_id, 0, NULL, NULL, AT(20000), AT(20020));
	rig_ok(store_mutes_each(rig.store, AT(20009), count, &n, &error));
	ck_assert_int_eq(n, 2);
	rig_ok(store_mutes_each(rig.store, AT(20010), count, &n, &error));
	ck_assert_int_eq(n, 3);
	ck_assert(!store_mute(rig.store, &unknown, &why));
	ck_assert(g_error_matches(why, DORA_ERROR, DORA_ERROR_CONFIG));
	g_clear_error(&why);
}
END_TEST

/* ---- who looks ---- */

START_TEST(alerts_are_found)
{
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row better = a_watch(search, "change_lead_time");
	struct alert_query query = { .since = INSTANT_NONE };
	bool found;
	GArray *rows;

	better.direction = SHIFT_BETTER;
	fires(&first, AT(19980), AT(20000), ops);
	fires(&better, AT(19980), AT(20000), ops);
	rig_ok((rows = store_alerts(rig.store, &query, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_int_eq(g_array_index(rows, struct alert_row, 0).alert_id,
			 first.alert_id);
	alert_rows_free(rows);
	query.improvements = true;
	query.kind = SCOPE_TEAM;
	query.scope = "red";
	rig_ok((rows = store_alerts(rig.store, &query, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 2);
	alert_rows_free(rows);
	query.scope = "blue";
	rig_ok((rows = store_alerts(rig.store, &query, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 0);
	alert_rows_free(rows);
	/* reminders are of what was told */
	rig_ok((rows = store_alerts_firing(rig.store, "ops", &error)) != NULL);
	ck_assert_uint_eq(rows->len, 0);
	alert_rows_free(rows);
	expect_delivered(ops, AT(20000), "ops: fired (1)");
	rig_ok(store_alert_ack(rig.store, first.alert_id, "we know", AT(20001), &found,
			       &error));
	ck_assert(found);
	rig_ok((rows = store_alerts_firing(rig.store, "ops", &error)) != NULL);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_int_eq(g_array_index(rows, struct alert_row, 0).acked_at, AT(20001));
	ck_assert_str_eq(g_array_index(rows, struct alert_row, 0).note, "we know");
	alert_rows_free(rows);
	rig_ok((rows = store_alert_history(rig.store, first.alert_id, &error)) != NULL);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_int_eq(g_array_index(rows, struct alert_history_row, 0).event,
			 WATCH_FIRED);
	g_array_unref(rows);
	rig_ok((rows = store_alert_deliveries(rig.store, first.alert_id, &error)) !=
	       NULL);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_str_eq(g_array_index(rows, struct alert_delivery_row, 0).state,
			 "delivered");
	g_array_unref(rows);
	rig_ok(store_alert_ack(rig.store, 99, NULL, AT(20001), &found, &error));
	ck_assert(!found);
}
END_TEST

START_TEST(change_points_are_what_is_given)
{
	const struct change_point points[] = { { AT(19000), 10, 20 },
					       { AT(19100), 20, NAN } };
	g_autofree char *was = NULL, *is = NULL;

	for (int i = 0; i < 3; i++) {
		rig_ok(store_begin(rig.store, &error));
		rig_ok(store_change_points_write(rig.store, cart, "production",
						 "change_lead_time", points,
						 i < 2 ? 2 : 1, &error));
		rig_ok(store_commit(rig.store, &error));
		if (i == 0)
			was = rig_rows(&rig);
		else if (i == 1)
			is = rig_rows(&rig);
	}
	ck_assert_str_eq(was, is);
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', service, before, after), ', ')"
		   " FROM dora.change_points",
		   "cart 10 20");
}
END_TEST

/* ---- the views ---- */

static const struct {
	const char *view, *columns;
} contract[] = {
	{ "alerts",
	  "alert bigint, kind text, org text, team text, service text, environment"
	  " text, metric text, name text, direction text, state text, strength"
	  " text, onset timestamp with time zone, first_seen_at timestamp with time"
	  " zone, fired_at timestamp with time zone, ended_at timestamp with time"
	  " zone, reason text, rule text, sensitivity text, engine text,"
	  " window_weeks integer, window_days integer, before_n bigint,"
	  " before_median double precision, before_p85 double precision,"
	  " before_rate double precision, before_failed bigint, after_n bigint,"
	  " after_median double precision, after_p85 double precision, after_rate"
	  " double precision, after_failed bigint, unit text, ratio double"
	  " precision, ratio_lo double precision, ratio_hi double precision,"
	  " evidence double precision, evidence_needed double precision,"
	  " baseline_from date, baseline_to date, after_from date, after_to date,"
	  " parts jsonb, worsened boolean, false_alerts_per_year double precision,"
	  " acknowledged_at timestamp with time zone, acknowledged_note text,"
	  " muted_until timestamp with time zone, group_id bigint, time_zone text,"
	  " fired_ratio double precision, statistic text, began_before boolean" },
	{ "alert_history",
	  "event_id bigint, alert bigint, kind text, org text, team text, service"
	  " text, environment text, metric text, name text, direction text, event"
	  " text, at timestamp with time zone, recorded_at timestamp with time"
	  " zone, evidence double precision, ratio double precision, reason text" },
	{ "watches",
	  "kind text, org text, team text, service text, environment text, metric"
	  " text, name text, direction text, state text, since date, judged_day"
	  " date, lacking_weeks integer, nodata boolean, muted_until timestamp with"
	  " time zone, evidence double precision, ratio double precision,"
	  " baseline_from date, alert bigint, reason text" },
	{ "alert_deliveries",
	  "delivery bigint, channel text, group_id bigint, alert bigint, event"
	  " text, state text, attempts integer, recorded_at timestamp with time"
	  " zone, due_at timestamp with time zone, failed_at timestamp with time"
	  " zone, failure text, delivered_at timestamp with time zone, failure_kind"
	  " text, may_have_arrived boolean" },
	{ "alert_mutes",
	  "mute bigint, alert bigint, org text, team text, service text, metric"
	  " text, muted_from timestamp with time zone, muted_until timestamp with"
	  " time zone, reason text" },
	{ "change_points",
	  "org text, team text, service text, environment text, metric text, at"
	  " timestamp with time zone, before double precision, after double"
	  " precision" },
};

START_TEST(columns_keep_their_names_and_types)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod),"
		" ', ' ORDER BY attnum) FROM pg_attribute"
		" WHERE attrelid = 'dora.%s'::regclass AND attnum > 0",
		contract[_i].view);

	rig_expect(&rig, sql, contract[_i].columns);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_mutes");
	TCase *tests = tcase_create("store_mutes");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_muted_alert_waits, 0, G_N_ELEMENTS(mutes));
	tcase_add_test(tests, a_mute_reaches_downwards);
	tcase_add_test(tests, what_was_muted_all_along_is_not_told);
	tcase_add_test(tests, the_end_of_what_was_told_is_told_in_spite_of_a_mute);
	tcase_add_test(tests, what_may_have_arrived_is_not_folded);
	tcase_add_test(tests, others_of_the_group_are_told);
	tcase_add_test(tests, mutes_are_listed_until_they_end);
	tcase_add_test(tests, alerts_are_found);
	tcase_add_test(tests, change_points_are_what_is_given);
	tcase_add_loop_test(tests, columns_keep_their_names_and_types, 0,
			    G_N_ELEMENTS(contract));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
