#include "tests/deliver_fixture.h"

/* What has to be told in the end, whatever receivers and configurations do: what may have
 * arrived, what is about to be no news, reminders, and channels that get other names. */

static const struct answer answers[] = {
	{ .path = "/ok", .head = ANSWER("200 OK") },
	{ .path = "/team", .head = ANSWER("200 OK") },
	{ .path = "/api/v2/alerts", .head = ANSWER("200 OK") },
	{ .path = "/400", .head = ANSWER("400 x") },
	{ .path = "/401", .head = ANSWER("401 x") },
	{ .path = "/404", .head = ANSWER("404 x") },
	{ .path = "/500", .head = ANSWER("500 x") },
	{ .path = "/503", .head = ANSWER("503 x") },
	{ .path = "/503/api/v2/alerts", .head = ANSWER("503 x") },
	{ .path = "/cut", .head = "", .after = CLOSE },
	{ 0 },
};
static const char *const ops[] = { "ops", NULL };
static const char *const manager[] = { "manager", NULL };
static const char *const pager[] = { "pager", NULL };
static const char *const three[] = { "pager", "ops", NULL };

#define PAGERDUTY(name)                                                                  \
	"{name: " name ", pagerduty: {url: \"SERVER/ok\","                               \
	" routing_key: {env: DORAD_TEST_KEY}}}"

static void set_up(void)
{
	g_setenv("DORAD_TEST_KEY", "canary-key", TRUE);
	deliver_init(answers);
}

/* Channels of PagerDuty have the server's own url from the start. */
static void start_paged(const char *channels)
{
	g_autoptr(GString) text = g_string_new(channels);

	g_string_replace(text, "SERVER", http_server_url(server), 0);
	start(text->str, "");
}

/* ---- what may have arrived ---- */

static const struct {
	const char *what, *path;
	bool told;
} answered[] = {
	{ "says nothing", "/cut", true },
	{ "does not say that it did nothing", "/500", true },
	{ "says that it can do nothing", "/503", false },
	{ "knows nobody", "/404", false },
};

/* It fired, was or was not heard of, and ended while its receiver was away for 9 days. */
START_TEST(the_end_of_what_may_have_arrived)
{
	struct watch_row row;

	aim("ops", answered[_i].path);
	fire(cart, NOW, ops, &row);
	expect(NOW, 0, 1);
	aim("ops", "/404");
	ends(&row, WATCH_RESOLVED, NOW + DAY);
	go_on(NOW + DAY, NOW + 9 * DAY, 8 * HOUR);
	aim("ops", "/ok");
	go_on(NOW + 9 * DAY, NOW + 10 * DAY, 3 * HOUR);
	ck_assert_msg((seen("POST /ok ") > 0) == answered[_i].told, "a receiver that %s",
		      answered[_i].what);
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT state, ' ') FROM dora.alert_deliveries"
		   " WHERE channel = 'ops'",
		   answered[_i].told ? "delivered" : "folded");
}
END_TEST

/* ---- our own pauses ---- */

static const char *const refusals[] = { "/400", "/401", "/404", "/503" };

/* As the daemon goes on by itself; when it is tried before what ended is no news. */
static gint64 last_try(gint64 now, gint64 over)
{
	guint delivered, failed;

	for (;;) {
		gint64 next = run(now, &delivered, &failed);

		ck_assert_int_gt(next, now);
		if (next > over + OUTBOX_NEWS - 2 * MINUTE)
			return next;
		now = next;
	}
}

START_TEST(no_pause_is_longer_than_news_lasts)
{
	const gint64 over = NOW + HOUR;
	struct watch_row row;
	gint64 next;

	start(OPS, "");
	aim("ops", refusals[_i]);
	fire(cart, NOW, ops, &row);
	expect(NOW, 0, 1);
	ends(&row, WATCH_RESOLVED, over);
	next = last_try(over, over);
	ck_assert_msg(next <= over + OUTBOX_NEWS, "%s: %" G_GINT64_FORMAT, refusals[_i],
		      next - over);
	aim("ops", "/ok");
	go_on(next, next + 30 * SECOND, 30 * SECOND);
	ck_assert_uint_ge(seen("POST /ok "), 1);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alert_deliveries WHERE state = 'folded'",
		   "0");
}
END_TEST

#define MANY 20

/* That each has a last moment of its own is no reason to ask as often. */
START_TEST(those_that_end_together_have_one_last_try)
{
	struct watch_row rows[MANY];
	char *names[MANY];
	gint64 next, now;
	guint n, delivered, failed;

	start(OPS, "");
	aim("ops", "/404");
	for (guint i = 0; i < MANY; i++) {
		names[i] = g_strdup_printf("e%u", i);
		rows[i] = a_watch(cart, "change_lead_time");
		rows[i].environment = names[i];
		fires(&rows[i], NOW - (i + 1) * 8 * DAY, NOW, ops);
		ends(&rows[i], WATCH_RESOLVED, NOW + i * SECOND);
	}
	next = last_try(NOW + MINUTE, NOW);
	n = seen("POST /404 ");
	for (now = next; now < NOW + OUTBOX_NEWS + MINUTE; now += SECOND)
		run(now, &delivered, &failed);
	ck_assert_uint_ge(seen("POST /404 ") - n, 1);
	ck_assert_uint_le(seen("POST /404 ") - n, 3);
	run(now + 7 * HOUR, &delivered, &failed);
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT state, ' ') FROM dora.alert_deliveries",
		   "folded");
	for (guint i = 0; i < MANY; i++)
		g_free(names[i]);
}
END_TEST

/* ---- reminders ---- */

/* As the daemon does every 5 minutes. */
static void remind(gint64 from, gint64 to)
{
	for (gint64 now = from; now <= to; now += 5 * MINUTE) {
		struct deliver_result result;
		gint64 next;

		deliver_result_init(&result);
		rig_ok(self_alerts_run(rig.store, &context, now, &next, &error));
		rig_ok(store_outbox_hurry(rig.store, now, &error));
		rig_ok(deliver_due(rig.store, &context, now - 5 * MINUTE, now, &result,
				   &error));
		deliver_result_clear(&result);
	}
}

static const struct {
	const char *path;
	GTimeSpan not_before, at_last;
	const char *said;
} silences[] = {
	{ "/404", 5 * MINUTE, 25 * MINUTE,
	  "it takes no reminder of what fires (status 404): check its url, secrets and "
	  "what it is set to. The log has what was said, and \"dorad doctor manager\" "
	  "tries it" },
	{ "/503", 55 * MINUTE, 75 * MINUTE,
	  "it takes no reminder of what fires (status 503): there is no answer, or none "
	  "that can be used. The log has what was said, and \"dorad doctor manager\" "
	  "tries it" },
};

/* An Alertmanager that forgets what fires after 3 days, though nothing waits for it. */
START_TEST(reminders_that_are_refused_are_told)
{
	struct watch_row row;
	gint64 now = NOW;

	start(MANAGER ", " OPS, "ops");
	fire(cart, now, manager, &row);
	remind(now, now + 10 * MINUTE);
	aim("manager", silences[_i].path);
	now += 15 * MINUTE;
	remind(now, now + silences[_i].not_before);
	expect_told("");
	remind(now + silences[_i].not_before + 5 * MINUTE, now + silences[_i].at_last);
	expect_told("fired manager to ops");
	rig_expect(&rig,
		   "SELECT reason FROM dora.alerts WHERE metric = 'channel_failing'",
		   silences[_i].said);
	now += 3 * HOUR;
	remind(now, now + HOUR);
	expect_told("fired manager to ops");
	aim("manager", "");
	now += 2 * HOUR;
	remind(now, now + 10 * MINUTE);
	expect_told("fired manager to ops, resolved manager to ops");
}
END_TEST

/* Nor is it told of what passes, or when nothing is left to remind of. */
START_TEST(reminders_that_are_missed_are_not)
{
	struct watch_row row;

	start(MANAGER ", " OPS, "ops");
	fire(cart, NOW, manager, &row);
	remind(NOW, NOW);
	aim("manager", "/503");
	remind(NOW + 5 * MINUTE, NOW + 40 * MINUTE);
	aim("manager", "");
	remind(NOW + 45 * MINUTE, NOW + 50 * MINUTE);
	aim("manager", "/503");
	remind(NOW + 55 * MINUTE, NOW + HOUR);
	aim("manager", "");
	ends(&row, WATCH_RESOLVED, NOW + HOUR);
	expect(NOW + 65 * MINUTE, 1, 0);
	aim("manager", "/503");
	remind(NOW + 70 * MINUTE, NOW + 4 * HOUR);
	expect_told("");
	rig_expect(&rig, "SELECT attempts FROM dorad.reminder", "0");
}
END_TEST

/* ---- other names ---- */

static guint resolved(void)
{
	return seen("\"event_action\":\"resolve\"");
}

/* It goes on under the new name, where it goes by the address. */
START_TEST(a_channel_gets_another_name)
{
	struct watch_row told, waiting;

	start_paged(PAGERDUTY("pager") ", " OPS);
	fire(cart, NOW, three, &told);
	expect(NOW, 2, 0);
	fire(mail, NOW + MINUTE, three, &waiting);
	start_paged(PAGERDUTY("oncall") ", " OPS);
	expect(NOW + 10 * MINUTE, 2, 0);
	ck_assert_uint_eq(seen("\"event_action\":\"trigger\""), 2);
	ends(&told, WATCH_RESOLVED, NOW + HOUR);
	ends(&waiting, WATCH_RESOLVED, NOW + HOUR);
	go_on(NOW + HOUR, NOW + 2 * HOUR, 10 * MINUTE);
	ck_assert_uint_eq(resolved(), 2);
	expect_none_waits();
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT channel, ' ') FROM dora.alert_deliveries",
		   "oncall ops");
}
END_TEST

static void expect_left(gint64 now, const char *words)
{
	g_autoptr(GPtrArray) left = NULL;

	rig_ok((left = store_channels_left(rig.store, now, &error)));
	ck_assert_uint_eq(left->len, words ? 1 : 0);
	if (words)
		ck_assert_str_eq(g_ptr_array_index(left, 0), words);
}

/* … and if none goes there people are told what is left. */
START_TEST(a_channel_is_taken_away)
{
	struct watch_row row;

	start_paged(PAGERDUTY("pager") ", " OPS);
	fire(cart, NOW, three, &row);
	expect(NOW, 2, 0);
	expect_left(NOW, NULL);
	start(OPS, "");
	expect_left(NOW, "channel pager is not in the configuration, and 1 group was told"
			 " there without an end: end it there by hand");
	ends(&row, WATCH_RESOLVED, NOW + DAY);
	go_on(NOW + DAY, NOW + DAY + HOUR, 10 * MINUTE);
	ck_assert_uint_eq(resolved(), 0);
	expect_left(NOW + 2 * DAY,
		    "channel pager is not in the configuration, and 1 group was told"
		    " there without an end: end it there by hand");
	expect_left(NOW + 9 * DAY, NULL);
}
END_TEST

/* Once it has been told the end there is nothing left. */
START_TEST(a_channel_is_taken_away_in_peace)
{
	struct watch_row row;

	start_paged(PAGERDUTY("pager") ", " OPS);
	fire(cart, NOW, pager, &row);
	expect(NOW, 1, 0);
	ends(&row, WATCH_RESOLVED, NOW + HOUR);
	go_on(NOW + HOUR, NOW + 2 * HOUR, 10 * MINUTE);
	ck_assert_uint_eq(resolved(), 1);
	start(OPS, "");
	expect_left(NOW + 2 * HOUR, NULL);
}
END_TEST

/* Two names of one receiver, and the end is told once. */
START_TEST(two_names_become_one)
{
	struct watch_row row;

	start_paged(PAGERDUTY("pager") ", " PAGERDUTY("second"));
	fire(cart, NOW, (const char *const[]){ "pager", "second", NULL }, &row);
	expect(NOW, 2, 0);
	start_paged(PAGERDUTY("third"));
	ends(&row, WATCH_RESOLVED, NOW + HOUR);
	go_on(NOW + HOUR, NOW + 2 * HOUR, 10 * MINUTE);
	ck_assert_uint_eq(resolved(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver, ends");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, deliver_clear);
	tcase_set_timeout(tcase, 240);
	tcase_add_loop_test(tcase, the_end_of_what_may_have_arrived, 0,
			    G_N_ELEMENTS(answered));
	tcase_add_loop_test(tcase, no_pause_is_longer_than_news_lasts, 0,
			    G_N_ELEMENTS(refusals));
	tcase_add_test(tcase, those_that_end_together_have_one_last_try);
	tcase_add_loop_test(tcase, reminders_that_are_refused_are_told, 0,
			    G_N_ELEMENTS(silences));
	tcase_add_test(tcase, reminders_that_are_missed_are_not);
	tcase_add_test(tcase, a_channel_gets_another_name);
	tcase_add_test(tcase, a_channel_is_taken_away);
	tcase_add_test(tcase, a_channel_is_taken_away_in_peace);
	tcase_add_test(tcase, two_names_become_one);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
