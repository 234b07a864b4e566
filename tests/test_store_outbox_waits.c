#include "tests/outbox_fixture.h"

/* What waits for more, or for nobody, and what is too old to be told. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR

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

/* ---- what waits for more ---- */

/* What is due by the clock; delivered. */
static void expect_clock(const char *const *channels, gint64 now, const char *words)
{
	GPtrArray *messages;
	g_autofree char *got = NULL;

	rig_ok((messages = store_outbox_due(rig.store, channels,
					    g_strv_length((char **)(gsize)channels), now,
					    10, &error)) != NULL);
	got = words_of(messages);
	ck_assert_msg(strcmp(got, words) == 0, "\"%s\" instead of \"%s\"", got, words);
	for (guint i = 0; i < messages->len; i++)
		rig_ok(store_outbox_delivered(rig.store, g_ptr_array_index(messages, i),
					      now, &error));
	outbox_messages_free(messages);
}

/* Scopes of a team are evaluated one by one. */
START_TEST(news_waits_for_more_of_its_group)
{
	struct watch_row first = a_watch(cart, "change_lead_time");
	struct watch_row second = a_watch(search, "change_lead_time");
	struct watch_row third = a_watch(search, "deployment_frequency");
	const gint64 began = AT(20000);

	fires(&first, AT(19980), began, ops);
	fires(&second, AT(19980), began + MINUTE / 2, ops);
	expect_clock(ops, began + MINUTE - 1, "");
	ck_assert_int_eq(next(began + MINUTE / 2), began + OUTBOX_GATHER);
	/* the first says how long: what goes on coming does not put it off for ever */
	expect_clock(ops, began + OUTBOX_GATHER, "ops: fired fired (2)");
	fires(&third, AT(19980), began + 2 * MINUTE, ops);
	ck_assert_int_eq(next(began + 2 * MINUTE),
			 began + OUTBOX_GATHER + OUTBOX_INTERVAL);
	expect_clock(ops, began + 5 * MINUTE, "");
	expect_clock(ops, began + 6 * MINUTE, "ops: fired (3 update)");
	ends(&first, WATCH_RESOLVED, began + HOUR);
	expect_clock(ops, began + HOUR, "");
	expect_clock(ops, began + HOUR + OUTBOX_GATHER, "ops: resolved (3 update)");
}
END_TEST

/* A token that expired: one source after the other fails, for a quarter of an hour. */
START_TEST(a_story_that_goes_on_is_three_messages)
{
	const gint64 began = AT(20000);
	guint n = 0;

	for (int i = 0; i < 30; i++) {
		g_autofree char *name = g_strdup_printf("repo %d", i);
		struct watch_row row = a_watch(0, "source_denied");
		gint64 now = began + i * MINUTE / 2;
		GPtrArray *messages;

		row.name = name;
		fires(&row, now, now, ops);
		rig_ok((messages = store_outbox_due(rig.store, ops, 1, now, 10,
						    &error)) != NULL);
		n += messages->len;
		for (guint k = 0; k < messages->len; k++)
			rig_ok(store_outbox_delivered(
				rig.store, g_ptr_array_index(messages, k), now, &error));
		outbox_messages_free(messages);
	}
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(who_cannot_come_back_does_not_wait)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	rig_ok(store_outbox_hurry(rig.store, AT(20000), &error));
	expect_clock(ops, AT(20000), "ops: fired (1)");
}
END_TEST

/* A clock that was set back is no reason to wait longer. */
START_TEST(nothing_waits_for_the_future)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	rig_run(&rig, "UPDATE dorad.outbox SET due_at = due_at - interval '10 days'");
	expect_clock(ops, AT(19990), "ops: fired (1)");
}
END_TEST

/* ---- channels come and go ---- */

static const char *const fallback[] = { "team", NULL };

static void keep_channels(unsigned n, bool as_notify)
{
	static struct config_channel_notify to = { .channel = (char *)"dorad_alerts" };
	static struct config_channel list[2];
	static struct config_alert_rule rule;
	static struct config_alerts alerts;

	list[0] = (struct config_channel){ .name = (char *)"team",
					   .kind = CHANNEL_WEBHOOK };
	list[1] = (struct config_channel){ .name = (char *)"ops",
					   .kind = as_notify ? CHANNEL_NOTIFY
							     : CHANNEL_WEBHOOK,
					   .notify = &to };
	rule = (struct config_alert_rule){ .name = (char *)"default",
					   .channels = (char **)(gsize)fallback,
					   .n_channels = 1 };
	alerts = (struct config_alerts){
		.channels = list, .n_channels = n, .rules = &rule, .n_rules = 1
	};
	rig.config->alerts = &alerts;
	rig_ok(store_sync_config(rig.store, rig.config, &error));
}

static const struct {
	const char *what;
	unsigned n;
	bool as_notify;
} leavings[] = {
	{ "it is gone", 1, false },
	{ "it is told in another way", 2, true },
	{ "nobody is told of anything", 0, false },
};

/* Should a channel of that name come back in a year, it is not told of this. */
START_TEST(a_channel_that_left_waits_for_nothing)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	g_autofree char *text = NULL;

	fires(&row, AT(19980), AT(20000), ops);
	keep_channels(leavings[_i].n, leavings[_i].as_notify);
	text = rig_ask(&rig, "SELECT concat_ws('|', channel, state, failure)"
			     " FROM dora.alert_deliveries");
	ck_assert_msg(strcmp(text, "ops|folded|the channel left the configuration") == 0,
		      "%s: %s", leavings[_i].what, text);
	keep_channels(2, false);
	ends(&row, WATCH_RESOLVED, AT(20001));
	expect_due(both, AT(20001), "");
}
END_TEST

START_TEST(the_end_goes_to_who_is_there)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), both);
	expect_delivered(both, AT(20000), "ops: fired (1); team: fired (1)");
	keep_channels(1, false);
	ends(&row, WATCH_RESOLVED, AT(20001));
	expect_due(both, AT(20001), "team: resolved (1 update ended)");
}
END_TEST

/* Of those that were told none is left: who is told now, hears of the end. */
START_TEST(the_end_goes_to_somebody)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19980), AT(20000), ops);
	expect_delivered(ops, AT(20000), "ops: fired (1)");
	keep_channels(1, false);
	ends(&row, WATCH_RESOLVED, AT(20001));
	expect_due(both, AT(20001), "team: resolved (1 ended)");
}
END_TEST

/* ---- age ---- */

/* A key that is mended after months. */
START_TEST(old_stories_are_not_told)
{
	struct watch_row over = a_watch(cart, "change_lead_time");
	struct watch_row begun = a_watch(cart, "deployment_frequency");
	struct watch_row told = a_watch(search, "change_fail_rate");

	fires(&over, AT(19900), AT(19910), ops);
	ends(&over, WATCH_RESOLVED, AT(19920));
	fires(&begun, AT(19930), AT(19940), ops);
	fires(&told, AT(19950), AT(19960), ops);
	rig_run(&rig, "UPDATE dorad.outbox SET state = 'delivered', delivered_at ="
		      " due_at WHERE outbox_id = (SELECT max(outbox_id) FROM"
		      " dorad.outbox)");
	ends(&told, WATCH_RESOLVED, AT(19970));
	expect_due(ops, AT(20000), "ops: fired (1); ops: resolved (1 update ended)");
	rig_expect(&rig,
		   "SELECT string_agg(event || ' ' || failure, ', ' ORDER BY delivery)"
		   " FROM dora.alert_deliveries WHERE state = 'folded'",
		   "fired too old to be news, resolved too old to be news");
}
END_TEST

START_TEST(what_is_a_week_old_is_told)
{
	struct watch_row row = a_watch(cart, "change_lead_time");

	fires(&row, AT(19900), AT(19910), ops);
	ends(&row, WATCH_RESOLVED, AT(19920));
	expect_due(ops, AT(19920) + OUTBOX_NEWS, "ops: fired resolved (1 ended)");
}
END_TEST

static const struct {
	const char *what, *attempts; /* in order: s: refused; u: no answer; k: killed */
	bool told;
} doubts[] = {
	{ "it says no", "s", false },
	{ "it says no again and again", "sss", false },
	{ "nobody knows what it says", "u", true },
	{ "it says no after that", "us", true },
	{ "whoever sends it is killed", "k", true },
	{ "and the next is told no", "ks", true },
	{ "it says no, and then nobody knows", "su", true },
};

/* Of what may have been told the end is told, though it be months later. */
START_TEST(what_may_have_arrived_has_an_end)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	g_autoptr(GError)
		failure = g_error_new_literal(DORA_ERROR, DORA_ERROR_RETRY, "it fails");
	g_autofree char *words = NULL;
	gint64 now = AT(19910);
	GPtrArray *messages;

	fires(&row, AT(19900), now, ops);
	for (const char *at = doubts[_i].attempts; *at; at++, now += HOUR) {
		messages = due(rig.store, ops, now);
		ck_assert_uint_eq(messages->len, 1);
		if (*at != 'k')
			rig_ok(store_outbox_failed(
				rig.store, g_ptr_array_index(messages, 0), failure,
				*at == 'u', now + MINUTE, now, &error));
		outbox_messages_free(messages);
	}
	ends(&row, WATCH_RESOLVED, AT(19920));
	messages = due(rig.store, ops, AT(20000));
	words = words_of(messages);
	outbox_messages_free(messages);
	ck_assert_msg(strcmp(words,
			     doubts[_i].told ? "ops: fired resolved (1 ended)" : "") == 0,
		      "%s: %s", doubts[_i].what, words);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alert_deliveries WHERE state = 'folded'",
		   doubts[_i].told ? "0" : "2");
}
END_TEST

START_TEST(what_was_told_long_ago_goes)
{
	struct watch_row over = a_watch(cart, "change_lead_time");
	struct watch_row begun = a_watch(search, "deployment_frequency");

	fires(&over, AT(19000), AT(19010), ops);
	fires(&begun, AT(19100), AT(19110), ops);
	expect_delivered(ops, AT(19110), "ops: fired (1); ops: fired (1)");
	ends(&over, WATCH_RESOLVED, AT(19120));
	expect_delivered(ops, AT(19120), "ops: resolved (1 update ended)");
	rig_ok(store_outbox_prune(rig.store, AT(19120) + OUTBOX_KEPT, &error));
	rig_expect(&rig, "SELECT count(*) FROM dora.alert_deliveries", "3");
	rig_ok(store_outbox_prune(rig.store, AT(19121) + OUTBOX_KEPT, &error));
	rig_expect(&rig,
		   "SELECT string_agg(channel || alert, ' ') FROM"
		   " dora.alert_deliveries",
		   "ops2");
	rig_expect(&rig, "SELECT count(*) FROM dora.alert_history", "3");
}
END_TEST

/* Numbers of two databases are the same; what is told of them is not. */
START_TEST(each_database_has_an_origin)
{
	struct watch_row row = a_watch(cart, "change_lead_time");
	g_autofree char *origin = rig_ask(&rig, "SELECT value FROM dorad.setting"
						" WHERE name = 'origin'");
	const struct outbox_message *message;
	GPtrArray *messages;

	ck_assert(g_regex_match_simple("^[0-9a-f]{8}$", origin, 0, 0));
	fires(&row, AT(19980), AT(20000), ops);
	messages = due(rig.store, ops, AT(20000));
	message = g_ptr_array_index(messages, 0);
	ck_assert_str_eq(message->origin, origin);
	ck_assert_str_eq(g_array_index(message->alerts, struct alert_row, 0).origin,
			 origin);
	outbox_messages_free(messages);
	rig_ok(store_migrate(rig.store, &error));
	rig_expect(&rig, "SELECT value FROM dorad.setting WHERE name = 'origin'", origin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_outbox_waits");
	TCase *tests = tcase_create("store_outbox_waits");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, news_waits_for_more_of_its_group);
	tcase_add_test(tests, a_story_that_goes_on_is_three_messages);
	tcase_add_test(tests, who_cannot_come_back_does_not_wait);
	tcase_add_test(tests, nothing_waits_for_the_future);
	tcase_add_loop_test(tests, a_channel_that_left_waits_for_nothing, 0,
			    G_N_ELEMENTS(leavings));
	tcase_add_test(tests, the_end_goes_to_who_is_there);
	tcase_add_test(tests, the_end_goes_to_somebody);
	tcase_add_test(tests, old_stories_are_not_told);
	tcase_add_test(tests, what_is_a_week_old_is_told);
	tcase_add_loop_test(tests, what_may_have_arrived_has_an_end, 0,
			    G_N_ELEMENTS(doubts));
	tcase_add_test(tests, what_was_told_long_ago_goes);
	tcase_add_test(tests, each_database_has_an_origin);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
