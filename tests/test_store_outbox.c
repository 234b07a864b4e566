#include "tests/outbox_fixture.h"

/* What waits to be told, to whom, and when. */

#define MINUTE G_TIME_SPAN_MINUTE

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

/* ---- what is told ---- */

START_TEST(each_channel_is_told_once)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	ck_assert_int_eq(next(AT(20000)), INSTANT_NONE);
	fires(&row, AT(19980), AT(20000), both);
	ck_assert_int_eq(next(AT(20000)), AT(20000) + OUTBOX_GATHER);
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
	g_autoptr(GError) failure = g_error_new_literal(DORA_ERROR, DORA_ERROR_DATA,
							"it says \xff");
	GPtrArray *messages;

	fires(&row, AT(19980), AT(20000), both);
	messages = due(rig.store, ops, AT(20000));
	rig_ok(store_outbox_failed(rig.store, g_ptr_array_index(messages, 0), failure,
				   false, AT(20000) + 2 * MINUTE, AT(20000), &error));
	outbox_messages_free(messages);
	rig_expect(&rig,
		   "SELECT concat_ws('|', state, attempts, failure, failure_kind,"
		   " due_at - failed_at)"
		   " FROM dora.alert_deliveries WHERE channel = 'ops'",
		   "waiting|1|it says \xef\xbf\xbd|data|00:02:00");
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
static gint n_taken;
static gpointer take_all(gpointer data)
{
	struct store *store = data;
	guint n = 0;

	for (int round = 0; round < 1000 && g_atomic_int_get(&n_taken) < 4 * N_ALERTS;
	     round++) {
		GPtrArray *messages = store_outbox_due(store, both, 2, AT(20000), 3,
						       NULL);

		if (!messages)
			return GUINT_TO_POINTER(G_MAXUINT);
		for (guint i = 0; i < messages->len; i++) {
			const struct outbox_message *message = g_ptr_array_index(messages,
										 i);

			n++;
			g_atomic_int_add(&n_taken, (gint)message->n_ids);
			if (!store_outbox_delivered(store, message, AT(20000), NULL))
				return GUINT_TO_POINTER(G_MAXUINT);
		}
		outbox_messages_free(messages);
	}
	return GUINT_TO_POINTER(n);
}

/* Nor is a group two messages. */
START_TEST(nothing_is_delivered_twice)
{
	struct store *stores[3];
	GThread *threads[3];
	guint sum = 0;

	for (int i = 0; i < N_ALERTS; i++) {
		g_autofree char *metric = g_strdup_printf("m%d", i);
		struct watch_row first = a_watch(cart, metric);
		struct watch_row second = a_watch(search, metric);

		/* two of each group */
		fires(&first, AT(19000 + 10 * i), AT(20000), both);
		fires(&second, AT(19000 + 10 * i), AT(20000), both);
	}
	rig_ok(store_outbox_hurry(rig.store, AT(20000), &error));
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
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
