#include "tests/deliver_fixture.h"

/* Receivers that ask to be left alone, and channels that take nothing: what the daemon
 * tells of those, by the others. */

static const struct answer answers[] = {
	{ .path = "/ok", .head = ANSWER("200 OK") },
	{ .path = "/team", .head = ANSWER("200 OK") },
	{ .path = "/api/v2/alerts", .head = ANSWER("200 OK") },
	{ .path = "/400", .head = ANSWER("400 x") },
	{ .path = "/401", .head = ANSWER("401 x") },
	{ .path = "/404",
	  .head = "HTTP/1.1 404 x\r\nContent-Length: 8\r\n\r\n",
	  .part = "jane-doe",
	  .times = 1 },
	{ .path = "/500", .head = ANSWER("500 x") },
	{ .path = "/busy", .head = BUSY("5400") },
	{ .path = "/busy/api/v2/alerts", .head = BUSY("5400") },
	{ .path = "/soon", .head = BUSY("1") },
	{ .path = "/never", .head = ANSWER("503 x\r\nRetry-After: 99999999") },
	{ 0 },
};
static const char *const ops[] = { "ops", NULL };
static const char *const team[] = { "team", NULL };
static const char *const manager[] = { "manager", NULL };
static const char *const both[] = { "ops", "team", NULL };

#define UNSIGNED "{name: team, webhook: {url: \"http://[::1]\", secret: {file: /none}}}"

static void set_up(void)
{
	deliver_init(answers);
}

/* ---- Retry-After ---- */

START_TEST(it_is_left_alone)
{
	struct watch_row first, second;

	aim("ops", "/busy");
	fire(cart, NOW, ops, &first);
	ck_assert_int_ge(expect(NOW, 0, 1), NOW + 90 * MINUTE);
	aim("ops", "/ok");
	expect(NOW + 10 * MINUTE, 0, 0);
	/* What comes meanwhile is no reason to ask. */
	fire(mail, NOW + 10 * MINUTE, ops, &second);
	ck_assert_int_ge(expect(NOW + 10 * MINUTE, 0, 0), NOW + 90 * MINUTE);
	expect(NOW + 89 * MINUTE, 0, 0);
	ck_assert_uint_eq(seen("POST"), 1);
	expect(NOW + 90 * MINUTE + 2 * SECOND, 2, 0);
}
END_TEST

static const struct {
	const char *name, *path;
	GTimeSpan least, most;
} pauses[] = {
	{ "sooner than we would", "/soon", 24 * SECOND, 32 * SECOND },
	{ "later than we would", "/busy", 90 * MINUTE, 90 * MINUTE + 2 * SECOND },
	{ "later than anybody waits", "/never", DAY - 2 * MINUTE, DAY },
};

START_TEST(the_longer_pause_counts)
{
	struct watch_row row;
	gint64 next;

	aim("ops", pauses[_i].path);
	fire(cart, NOW, ops, &row);
	next = expect(NOW, 0, 1);
	ck_assert_msg(next - NOW >= pauses[_i].least && next - NOW <= pauses[_i].most,
		      "%s: %" G_GINT64_FORMAT, pauses[_i].name, next - NOW);
	/* It is no clock that was set back. */
	expect(NOW + 20 * SECOND, 0, 0);
	aim("ops", "/ok");
	expect(next, 1, 0);
}
END_TEST

/* What has ended is told before it is too old to be. */
START_TEST(never_until_it_is_no_news)
{
	struct watch_row row;
	gint64 next, over = NOW + HOUR;

	aim("ops", "/404");
	fire(cart, NOW, ops, &row);
	expect(NOW, 0, 1);
	ends(&row, WATCH_RESOLVED, over);
	aim("ops", "/never");
	next = expect(over + 7 * DAY - 3 * HOUR, 0, 1);
	ck_assert_int_le(next, over + 7 * DAY);
	ck_assert_int_ge(next, over + 7 * DAY - HOUR);
	aim("ops", "/ok");
	expect(next, 1, 0);
}
END_TEST

/* … whichever message it was that was refused. */
START_TEST(nor_until_another_is_no_news)
{
	struct watch_row first, second;
	const gint64 over = NOW + MINUTE, last = over + 7 * DAY;
	gint64 next;

	fire(cart, NOW, ops, &first);
	fire(mail, NOW, ops, &second);
	ends(&second, WATCH_RESOLVED, over);
	aim("ops", "/never");
	next = expect(last - 12 * HOUR, 0, 1);
	rig_expect(&rig,
		   "SELECT a.service FROM dora.alert_deliveries d JOIN dora.alerts a"
		   " USING (alert) WHERE d.attempts > 0",
		   "cart");
	ck_assert_int_le(next, last);
	ck_assert_int_ge(next, last - HOUR);
	aim("ops", "/ok");
	expect(next + 2 * SECOND, 2, 0);
	expect_none_waits();
}
END_TEST

/* The end of its day is long ago; it is news all the same. */
START_TEST(what_a_catch_up_finds_waits_as_well)
{
	struct watch_row row;

	fire(cart, NOW, ops, &row);
	ends(&row, WATCH_RESOLVED, NOW + MINUTE);
	rig_run(&rig, "UPDATE dorad.alert_event SET at = at - interval '30 days'");
	aim("ops", "/busy");
	ck_assert_int_ge(expect(NOW + HOUR, 0, 1), NOW + HOUR + 90 * MINUTE);
}
END_TEST

/* Looks every 5 minutes; how often the receiver that is busy was asked. */
static guint remind(gint64 from, gint64 to)
{
	for (gint64 now = from; now < to; now += 5 * MINUTE) {
		struct deliver_result result;

		deliver_result_init(&result);
		rig_ok(deliver_due(rig.store, &context, now - 5 * MINUTE, now, &result,
				   &error));
		deliver_result_clear(&result);
	}
	return seen("POST /busy/api/v2/alerts ");
}

START_TEST(reminders_leave_it_alone)
{
	struct watch_row first, second;

	start(MANAGER, "");
	fire(cart, NOW, manager, &first);
	expect(NOW, 1, 0);
	aim("manager", "/busy");
	ck_assert_uint_eq(remind(NOW + 5 * MINUTE, NOW + 95 * MINUTE), 1);
	ck_assert_uint_eq(remind(NOW + 95 * MINUTE, NOW + 105 * MINUTE), 2);
	/* A clock that was set back is not waited for. */
	ck_assert_uint_eq(remind(NOW - 2 * DAY, NOW - 2 * DAY + MINUTE), 3);
	/* Whatever it was that was refused. */
	fire(mail, NOW + DAY, manager, &second);
	expect(NOW + DAY, 0, 1);
	ck_assert_uint_eq(seen("POST /busy/api/v2/alerts "), 4);
	ck_assert_uint_eq(remind(NOW + DAY + 5 * MINUTE, NOW + DAY + 90 * MINUTE), 4);
}
END_TEST

/* ---- channels that take nothing ---- */

static const struct {
	const char *name, *path;
	GTimeSpan not_before, at_last;
	const char *said;
	bool is_unsigned; /* the secret to sign with cannot be read */
} deaths[] = {
	{ "a url that is gone", "/404", 10 * MINUTE, 19 * MINUTE,
	  "1 message waits for it (status 404): check its url, secrets and what it "
	  "is set to" },
	{ "a secret that is missing", "/team", 10 * MINUTE, 19 * MINUTE,
	  "1 message waits for it: check its url, secrets and what it is set to", true },
	{ "a token that is not taken", "/401", 10 * MINUTE, 19 * MINUTE,
	  "1 message waits for it (status 401): check its token, password or "
	  "certificate" },
	{ "a receiver in trouble", "/500", HOUR, 2 * HOUR + 5 * MINUTE,
	  "1 message waits for it (status 500): there is no answer, or none that can be "
	  "used" },
	{ "one that makes nothing of it", "/400", HOUR, 2 * HOUR + 5 * MINUTE,
	  "1 message waits for it (status 400): it makes nothing of what it is sent" },
};

START_TEST(the_others_are_told)
{
	g_autofree char *reason = g_strconcat(
		deaths[_i].said,
		". dora.alert_deliveries has what was said, and \"dorad doctor team\""
		" tries it",
		NULL);
	const gint64 told = NOW + deaths[_i].at_last;
	struct watch_row row;

	if (deaths[_i].is_unsigned)
		start(OPS ", " UNSIGNED, "ops, team");
	aim("team", deaths[_i].path);
	fire(cart, NOW, team, &row);
	go_on(NOW, NOW + deaths[_i].not_before - MINUTE, 3 * MINUTE);
	expect_told("");
	go_on(NOW + deaths[_i].not_before, told, 3 * MINUTE);
	expect_told("fired team to ops");
	rig_expect(&rig,
		   "SELECT reason FROM dora.alerts WHERE metric = 'channel_failing'",
		   reason);
	ck_assert_uint_eq(seen("POST /ok "), 1);
	ck_assert_uint_ge(seen("Channel team: no message has got through since"), 1);
	ck_assert_uint_eq(seen("jane-doe"), 0);
	/* Once, however long it takes. */
	go_on(told, told + DAY, 90 * MINUTE);
	expect_told("fired team to ops");
	if (deaths[_i].is_unsigned)
		start(OPS ", " TEAM, "ops, team");
	aim("team", "/team");
	go_on(told + DAY, told + DAY + 7 * HOUR, 40 * MINUTE);
	expect_told("fired team to ops, resolved team to ops");
	ck_assert_uint_ge(seen("Channel team: messages get through again"), 1);
	rig_expect(&rig,
		   "SELECT onset BETWEEN to_timestamp(1728000000) AND"
		   " to_timestamp(1728000060) FROM dora.alerts"
		   " WHERE metric = 'channel_failing'",
		   "t");
}
END_TEST

/* Not of what passes, nor of one message that it makes nothing of. */
START_TEST(not_for_a_moment)
{
	struct watch_row first, second;

	aim("team", "/500");
	fire(cart, NOW, team, &first);
	go_on(NOW, NOW + 50 * MINUTE, 5 * MINUTE);
	aim("team", "/team");
	go_on(NOW + 50 * MINUTE, NOW + 2 * HOUR, 5 * MINUTE);
	aim("team", "/400");
	fire(mail, NOW + 2 * HOUR, team, &second);
	expect(NOW + 2 * HOUR, 0, 1);
	aim("team", "/team");
	ends(&first, WATCH_RESOLVED, NOW + 2 * HOUR + MINUTE);
	expect(NOW + 2 * HOUR + MINUTE, 1, 0);
	aim("team", "/400");
	go_on(NOW + 2 * HOUR + 2 * MINUTE, NOW + 12 * HOUR, 20 * MINUTE);
	expect_told("");
}
END_TEST

/* Both are dead: each is told of the other once, and nothing follows from that. */
START_TEST(no_alert_follows_from_another)
{
	struct watch_row row;

	aim("ops", "/404");
	aim("team", "/404");
	fire(cart, NOW, team, &row);
	go_on(NOW, NOW + DAY, 30 * MINUTE);
	expect_told("fired team to ops");
	/* It has something of its own to tell now. */
	ends(&row, WATCH_RESOLVED, NOW + DAY);
	fire(mail, NOW + DAY, both, &row);
	go_on(NOW + DAY, NOW + 2 * DAY, 30 * MINUTE);
	expect_told("fired team to ops, fired ops to team");
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alerts WHERE metric = 'channel_failing'",
		   "2");
	aim("ops", "/ok");
	aim("team", "/team");
	go_on(NOW + 2 * DAY, NOW + 2 * DAY + 7 * HOUR, 40 * MINUTE);
	rig_expect(&rig,
		   "SELECT count(*) FILTER (WHERE state = 'resolved') || ' ' || count(*)"
		   " FROM dora.alerts WHERE metric = 'channel_failing'",
		   "2 2");
	expect_none_waits();
}
END_TEST

static const struct {
	const char *channels, *fired, *resolved;
} lonely[] = {
	/* one that is not told of the daemon otherwise */
	{ OPS ", " TEAM, "fired team to ops", ", resolved team to ops" },
	{ TEAM, "fired team to team", ", resolved team to team" },
};

START_TEST(it_is_the_only_one_of_self)
{
	g_autofree char *told = g_strconcat(lonely[_i].fired, lonely[_i].resolved, NULL);
	struct watch_row row;

	start(lonely[_i].channels, "team");
	aim("team", "/404");
	fire(cart, NOW, team, &row);
	go_on(NOW, NOW + DAY, 90 * MINUTE);
	expect_told(lonely[_i].fired);
	aim("team", "/team");
	go_on(NOW + DAY, NOW + DAY + 7 * HOUR, 40 * MINUTE);
	expect_told(told);
	expect_none_waits();
}
END_TEST

/* That nothing waits any longer is no recovery. */
START_TEST(what_waited_is_too_old)
{
	struct watch_row row;

	aim("team", "/404");
	fire(cart, NOW, team, &row);
	go_on(NOW, NOW + HOUR, 5 * MINUTE);
	expect_told("fired team to ops");
	ends(&row, WATCH_RESOLVED, NOW + HOUR);
	go_on(NOW + HOUR, NOW + 9 * DAY, 6 * HOUR);
	rig_expect(&rig,
		   "SELECT string_agg(DISTINCT state, ' ') FROM dora.alert_deliveries"
		   " WHERE channel = 'team'",
		   "folded");
	expect_told("fired team to ops");
	aim("team", "/team");
	fire(mail, NOW + 9 * DAY, team, &row);
	go_on(NOW + 9 * DAY, NOW + 9 * DAY + HOUR, 10 * MINUTE);
	expect_told("fired team to ops, resolved team to ops");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver, refused");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, deliver_clear);
	tcase_set_timeout(tcase, 240);
	tcase_add_test(tcase, it_is_left_alone);
	tcase_add_loop_test(tcase, the_longer_pause_counts, 0, G_N_ELEMENTS(pauses));
	tcase_add_test(tcase, never_until_it_is_no_news);
	tcase_add_test(tcase, nor_until_another_is_no_news);
	tcase_add_test(tcase, what_a_catch_up_finds_waits_as_well);
	tcase_add_test(tcase, reminders_leave_it_alone);
	tcase_add_loop_test(tcase, the_others_are_told, 0, G_N_ELEMENTS(deaths));
	tcase_add_test(tcase, not_for_a_moment);
	tcase_add_test(tcase, no_alert_follows_from_another);
	tcase_add_loop_test(tcase, it_is_the_only_one_of_self, 0, G_N_ELEMENTS(lonely));
	tcase_add_test(tcase, what_waited_is_too_old);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
