#include "tests/alerts_fixture.h"

/* What waits to be told, to whom, and when. */

#define MINUTE G_TIME_SPAN_MINUTE

static gint32 cart, search;
static const char *const both[] = { "ops", "team", NULL };
static const char *const ops[] = { "ops", NULL };

static void set_up(void)
{
	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	search = rig_scope(&rig, "service", "search");
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static GPtrArray *due(struct store *store, const char *const *channels, gint64 now)
{
	GPtrArray *messages;

	rig_ok((messages = store_outbox_due(store, channels,
					    g_strv_length((char **)(gsize)channels), now,
					    10, &error)) != NULL);
	return messages;
}

/* "ops: fired 1, resolved 1 (1 ended); team: …" */
static char *words_of(const GPtrArray *messages)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < messages->len; i++) {
		const struct outbox_message *message = g_ptr_array_index(messages, i);

		g_string_append_printf(text, "%s%s:", i > 0 ? "; " : "",
				       message->channel);
		for (guint k = 0; k < message->events->len; k++) {
			const struct outbox_event *event = &g_array_index(
				message->events, struct outbox_event, k);

			g_string_append_printf(text, " %s",
					       watch_event_name(event->event));
		}
		g_string_append_printf(text, " (%u%s%s)", message->alerts->len,
				       message->update ? " update" : "",
				       message->ended ? " ended" : "");
	}
	return g_string_free(text, FALSE);
}

static void expect_due(const char *const *channels, gint64 now, const char *words)
{
	GPtrArray *messages = due(rig.store, channels, now);
	g_autofree char *got = words_of(messages);

	ck_assert_msg(strcmp(got, words) == 0, "\"%s\" instead of \"%s\"", got, words);
	outbox_messages_free(messages);
}

/* Takes what is due and delivers it. */
static void expect_delivered(const char *const *channels, gint64 now, const char *words)
{
	GPtrArray *messages = due(rig.store, channels, now);
	g_autofree char *got = words_of(messages);

	ck_assert_msg(strcmp(got, words) == 0, "\"%s\" instead of \"%s\"", got, words);
	for (guint i = 0; i < messages->len; i++)
		rig_ok(store_outbox_delivered(rig.store, g_ptr_array_index(messages, i),
					      now, &error));
	outbox_messages_free(messages);
}

static gint64 next(gint64 now)
{
	static struct config_channel list[] = {
		{ .name = (char *)"ops", .kind = CHANNEL_WEBHOOK },
		{ .name = (char *)"team", .kind = CHANNEL_WEBHOOK },
	};
	struct config_alerts alerts = { .channels = list, .n_channels = 2 };
	struct config_alerts *was = rig.config->alerts;
	gint64 at = 1;

	rig.config->alerts = &alerts;
	rig_ok(store_outbox_next(rig.store, now, &at, &error));
	rig.config->alerts = was;
	return at;
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

/* ---- what is told ---- */

START_TEST(each_channel_is_told_once)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	ck_assert_int_eq(next(AT(20000)), INSTANT_NONE);
	fires(&row, AT(19980), AT(20000), both);
	ck_assert_int_eq(next(AT(20000)), AT(20000));
	expect_delivered(both, AT(20000), "ops: fired (1); team: fired (1)");
	expect_delivered(both, AT(20000), "");
	ck_assert_int_eq(next(AT(20000)), INSTANT_NONE);
	ends(&row, WATCH_RESOLVED, AT(20030));
	expect_delivered(ops, AT(20030), "ops: resolved (1 update ended)");
	expect_delivered(both, AT(20030), "team: resolved (1 update ended)");
	rig_expect(&rig,
		   "SELECT string_agg(channel || ' ' || event || ' ' || state, ', '"
		   " ORDER BY delivery) FROM dora.alert_deliveries",
		   "ops fired delivered, team fired delivered, ops resolved delivered,"
		   " team resolved delivered");
}
END_TEST

START_TEST(a_group_is_one_message)
{
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row second = a_watch(search, "deployment_frequency");
	GPtrArray *messages;
	const struct outbox_message *message;
	const struct alert_row *alert;

	fires(&first, AT(19983), AT(20000), ops);
	fires(&second, AT(19980), AT(20000), both);
	messages = due(rig.store, both, AT(20000));
	ck_assert_uint_eq(messages->len, 2);
	message = g_ptr_array_index(messages, 0);
	ck_assert_str_eq(message->channel, "ops");
	ck_assert_uint_eq(message->n_ids, 2);
	ck_assert_uint_eq(message->alerts->len, 2);
	ck_assert_int_eq(message->attempts, 0);
	ck_assert(!message->update && !message->ended);
	alert = &g_array_index(message->alerts, struct alert_row, 0);
	ck_assert_int_eq(alert->alert_id, second.alert_id);
	ck_assert_str_eq(alert->service, "search");
	ck_assert_int_eq(alert->scope_kind, SCOPE_SERVICE);
	ck_assert_double_eq_tol(alert->shift.score, 2.5, 1e-12);
	ck_assert_double_eq_tol(alert->shift.threshold, 1.6, 1e-12);
	ck_assert_double_eq_tol(alert->shift.effect, log(2), 1e-12);
	ck_assert_int_eq(alert->shift.before.from, 100);
	ck_assert_int_eq(alert->shift.after.n, 38);
	ck_assert_uint_eq(alert->shift.window, 4);
	ck_assert_uint_eq(alert->n_parts, 2);
	ck_assert_str_eq(alert->parts[1].name, "search");
	ck_assert_int_eq(alert->parts[1].n, 17);
	ck_assert_int_eq(alert->parts[1].of, 38);
	ck_assert_int_eq(alert->onset, AT(19980));
	ck_assert_int_eq(alert->ended_at, INSTANT_NONE);
	/* the other channel hears of its own alone */
	message = g_ptr_array_index(messages, 1);
	ck_assert_str_eq(message->channel, "team");
	ck_assert_uint_eq(message->alerts->len, 1);
	outbox_messages_free(messages);
}
END_TEST

START_TEST(two_that_overlap)
{
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row second = a_watch(search, "deployment_frequency");

	fires(&first, AT(19983), AT(20000), ops);
	expect_delivered(ops, AT(20000), "ops: fired (1)");
	fires(&second, AT(19980), AT(20001), ops);
	expect_delivered(ops, AT(20001), "ops: fired (2 update)");
	ends(&first, WATCH_RESOLVED, AT(20002));
	expect_delivered(ops, AT(20002), "ops: resolved (2 update)");
	ends(&second, WATCH_WITHDRAWN, AT(20003));
	expect_delivered(ops, AT(20003), "ops: withdrawn (2 update ended)");
}
END_TEST

/* It began and ended before anybody could be told. */
START_TEST(a_whole_alert_is_one_message)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	ends(&row, WATCH_RESOLVED, AT(20030));
	expect_delivered(ops, AT(20030), "ops: fired resolved (1 ended)");
}
END_TEST

START_TEST(a_channel_that_is_gone_waits)
{
	static const char *const gone[] = { "gone", NULL };
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), gone);
	expect_due(both, AT(20000), "");
	ck_assert_int_eq(next(AT(20000)), INSTANT_NONE);
	expect_due(gone, AT(20000), "gone: fired (1)");
}
END_TEST

/* ---- failures ---- */

START_TEST(what_failed_is_tried_again)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	GPtrArray *messages;

	fires(&row, AT(19980), AT(20000), both);
	messages = due(rig.store, ops, AT(20000));
	rig_ok(store_outbox_failed(rig.store, g_ptr_array_index(messages, 0),
				   "it says \xff", AT(20000) + 2 * MINUTE, AT(20000),
				   &error));
	outbox_messages_free(messages);
	rig_expect(&rig,
		   "SELECT concat_ws('|', state, attempts, failure, due_at - failed_at)"
		   " FROM dora.alert_deliveries WHERE channel = 'ops'",
		   "waiting|1|it says \xef\xbf\xbd|00:02:00");
	expect_delivered(both, AT(20000), "team: fired (1)");
	ck_assert_int_eq(next(AT(20000)), AT(20000) + 2 * MINUTE);
	expect_due(both, AT(20000) + MINUTE, "");
	/* news of the group waits with what failed */
	ends(&row, WATCH_RESOLVED, AT(20000) + MINUTE);
	expect_due(ops, AT(20000) + MINUTE, "");
	messages = due(rig.store, ops, AT(20000) + 2 * MINUTE);
	ck_assert_uint_eq(messages->len, 1);
	ck_assert_uint_eq(
		((const struct outbox_message *)g_ptr_array_index(messages, 0))->attempts,
		1);
	outbox_messages_free(messages);
}
END_TEST

START_TEST(a_channel_is_put_off)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), both);
	rig_ok(store_outbox_postpone(rig.store, "ops", AT(20000) + MINUTE, &error));
	expect_due(both, AT(20000), "team: fired (1)");
	expect_due(both, AT(20000) + MINUTE, "ops: fired (1)");
}
END_TEST

/* Whoever took it is gone. */
START_TEST(a_lease_ends)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	expect_due(ops, AT(20000), "ops: fired (1)");
	expect_due(ops, AT(20000) + OUTBOX_LEASE - 1, "");
	ck_assert_int_eq(next(AT(20000)), AT(20000) + OUTBOX_LEASE);
	expect_due(ops, AT(20000) + OUTBOX_LEASE, "ops: fired (1)");
}
END_TEST

/* ---- two at once ---- */

#define N_ALERTS 30
/* What the others hold is skipped, so that a round may find nothing. */
static gint n_taken;
static gpointer take_all(gpointer data)
{
	struct store *store = data;
	guint n = 0;

	for (int round = 0; round < 1000 && g_atomic_int_get(&n_taken) < 2 * N_ALERTS;
	     round++) {
		GPtrArray *messages = store_outbox_due(store, both, 2, AT(20000), 3,
						       NULL);

		if (!messages)
			return GUINT_TO_POINTER(G_MAXUINT);
		for (guint i = 0; i < messages->len; i++) {
			const struct outbox_message *message = g_ptr_array_index(messages,
										 i);

			n += (guint)message->n_ids;
			g_atomic_int_add(&n_taken, (gint)message->n_ids);
			if (!store_outbox_delivered(store, message, AT(20000), NULL))
				return GUINT_TO_POINTER(G_MAXUINT);
		}
		outbox_messages_free(messages);
	}
	return GUINT_TO_POINTER(n);
}

START_TEST(nothing_is_delivered_twice)
{
	struct store *stores[3];
	GThread *threads[3];
	guint sum = 0;

	for (int i = 0; i < N_ALERTS; i++) {
		g_autofree char *metric = g_strdup_printf("m%d", i);
		struct watch_row row = a_watch(cart, metric);

		/* each a group of its own */
		fires(&row, AT(19000 + 10 * i), AT(20000), both);
	}
	for (int i = 0; i < 3; i++)
		stores[i] = store_new(rig.config);
	for (int i = 0; i < 3; i++)
		threads[i] = g_thread_new("taker", take_all, stores[i]);
	for (int i = 0; i < 3; i++) {
		guint n = GPOINTER_TO_UINT(g_thread_join(threads[i]));

		ck_assert_uint_ne(n, G_MAXUINT);
		sum += n;
		store_free(stores[i]);
	}
	ck_assert_uint_eq(sum, 2 * N_ALERTS);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alert_deliveries"
		   " WHERE state <> 'delivered'",
		   "0");
}
END_TEST

/* What another has locked and not let go of is not waited for. */
START_TEST(what_is_locked_is_left_alone)
{
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row second = a_watch(rig_scope(&rig, "service", "mail"),
					  "change_lead_time");

	fires(&first, AT(19980), AT(20000), ops);
	fires(&second, AT(19980), AT(20000), ops);
	rig_run(&rig, "BEGIN; SELECT FROM dorad.outbox ORDER BY outbox_id LIMIT 1"
		      " FOR UPDATE");
	expect_due(ops, AT(20000), "ops: fired (1)");
	rig_run(&rig, "ROLLBACK");
	expect_due(ops, AT(20000), "ops: fired (1)");
	expect_due(ops, AT(20000), "");
}
END_TEST

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

START_TEST(the_end_of_what_was_told_is_told_after_the_mute)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	gint64 mute_id;
	bool found;

	fires(&row, AT(19980), AT(20000), ops);
	expect_delivered(ops, AT(20000), "ops: fired (1)");
	mute_id = mute(row.alert_id, 0, NULL, NULL, AT(20001), AT(20040));
	ends(&row, WATCH_RESOLVED, AT(20030));
	expect_due(ops, AT(20030), "");
	rig_ok(store_unmute(rig.store, mute_id, AT(20031), &found, &error));
	ck_assert(found);
	expect_due(ops, AT(20031), "ops: resolved (1 update ended)");
	rig_ok(store_unmute(rig.store, mute_id, AT(20031), &found, &error));
	ck_assert(!found);
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

int main(void)
{
	Suite *suite = suite_create("store_outbox");
	TCase *tests = tcase_create("store_outbox");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, each_channel_is_told_once);
	tcase_add_test(tests, a_group_is_one_message);
	tcase_add_test(tests, two_that_overlap);
	tcase_add_test(tests, a_whole_alert_is_one_message);
	tcase_add_test(tests, a_channel_that_is_gone_waits);
	tcase_add_test(tests, what_failed_is_tried_again);
	tcase_add_test(tests, a_channel_is_put_off);
	tcase_add_test(tests, a_lease_ends);
	tcase_add_test(tests, nothing_is_delivered_twice);
	tcase_add_test(tests, what_is_locked_is_left_alone);
	tcase_add_loop_test(tests, a_muted_alert_waits, 0, G_N_ELEMENTS(mutes));
	tcase_add_test(tests, a_mute_reaches_downwards);
	tcase_add_test(tests, what_was_muted_all_along_is_not_told);
	tcase_add_test(tests, the_end_of_what_was_told_is_told_after_the_mute);
	tcase_add_test(tests, others_of_the_group_are_told);
	tcase_add_test(tests, mutes_are_listed_until_they_end);
	tcase_add_test(tests, alerts_are_found);
	tcase_add_test(tests, change_points_are_what_is_given);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
