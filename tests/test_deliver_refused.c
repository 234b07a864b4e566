#include <stdlib.h>

#include "collector/deliver.h"
#include "collector/self_alerts.h"
#include "tests/alerts_fixture.h"
#include "tests/http_server.h"

/* Receivers that ask to be left alone, and channels that take nothing: what the daemon
 * tells of those, by the others. */

#define NOW AT(20000)
#define SECOND G_TIME_SPAN_SECOND
#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR

static const struct answer answers[] = {
	{ .path = "/ok", .head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/team", .head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/400", .head = "HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/401", .head = "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/404",
	  .head = "HTTP/1.1 404 x\r\nContent-Length: 8\r\n\r\n",
	  .part = "jane-doe",
	  .times = 1 },
	{ .path = "/500", .head = "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/busy",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 5400\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/soon",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/never",
	  .head = "HTTP/1.1 503 x\r\nRetry-After: 99999999\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ 0 },
};
static const char *const ops[] = { "ops", NULL };
static const char *const team[] = { "team", NULL };
static const char *const both[] = { "ops", "team", NULL };

static struct http_server *server;
static struct work_context context;
static gint32 cart, mail;

/* Where a webhook goes from now on. */
static void aim(const char *channel, const char *path)
{
	g_autofree char *url = g_strconcat(http_server_url(server), path, NULL);
	struct config_channel *one = rig.config->alerts->channels;

	while (strcmp(one->name, channel) != 0)
		one++;
	free(one->webhook->url);
	one->webhook->url = strdup(url);
}

/* The daemon with other channels for what it tells of itself. */
static void start(const char *self)
{
	g_autofree char *alerts = g_strdup_printf(
		"alerts:\n"
		"  channels:\n"
		"    - {name: ops, webhook: {url: \"%s/ok\"}}\n"
		"    - {name: team, webhook: {url: \"%s/team\"}}\n"
		"  self: {channels: [%s], stale_after: 30d}\n"
		"orgs:\n",
		http_server_url(server), http_server_url(server), self);
	struct config *config = rig_config(&rig, NULL, "orgs:\n", alerts);

	config_unref(rig.config);
	store_free(rig.store);
	rig.config = config;
	rig.store = store_new(config);
	rig_ok(store_sync_config(rig.store, config, &error));
	context = (struct work_context){ .config = config };
}

static void set_up(void)
{
	rig_init(&rig);
	server = http_server_start(answers, NULL);
	start("ops, team");
	cart = rig_scope(&rig, "service", "cart");
	mail = rig_scope(&rig, "service", "mail");
}

static void tear_down(void)
{
	rig_clear(&rig);
	http_server_stop(server);
}

/* As a daemon does; when there is more to deliver. */
static gint64 run(gint64 now, guint *delivered, guint *failed)
{
	struct deliver_result result;
	gint64 next;

	deliver_result_init(&result);
	rig_ok(self_alerts_run(rig.store, &context, now, &next, &error));
	rig_ok(store_outbox_hurry(rig.store, now, &error));
	rig_ok(deliver_due(rig.store, &context, now, now, &result, &error));
	*delivered = result.n_delivered;
	*failed = result.n_failed;
	next = result.next;
	deliver_result_clear(&result);
	return next;
}

static gint64 expect(gint64 now, guint delivered, guint failed)
{
	guint n_delivered, n_failed;
	gint64 next = run(now, &n_delivered, &n_failed);

	ck_assert_uint_eq(n_delivered, delivered);
	ck_assert_uint_eq(n_failed, failed);
	return next;
}

/* Looks every so often. */
static void go_on(gint64 from, gint64 to, GTimeSpan every)
{
	guint delivered, failed;

	for (gint64 now = from; now <= to; now += every)
		run(now, &delivered, &failed);
}

static guint seen(const char *part)
{
	g_autofree char *text = http_server_seen(server);
	guint n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void fire(gint32 scope_id, gint64 at, const char *const *channels,
		 struct watch_row *row)
{
	*row = a_watch(scope_id, "change_lead_time");
	fires(row, NOW - 9 * DAY, at, channels);
}

/* What was told of channels, and to whom: "fired team to ops, …". */
static void expect_told(const char *told)
{
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(d.event || ' ' || a.name || ' to ' ||"
		   " d.channel, ', ' ORDER BY d.delivery), '') FROM"
		   " dora.alert_deliveries d JOIN dora.alerts a USING (alert)"
		   " WHERE a.metric = 'channel_failing'",
		   told);
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

	aim("ops", "/500");
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

/* ---- channels that take nothing ---- */

static const struct {
	const char *name, *path;
	GTimeSpan not_before, at_last;
	const char *said;
} deaths[] = {
	{ "a url that is gone", "/404", 10 * MINUTE, 19 * MINUTE,
	  "1 message waits for it (status 404): check its url and what it is set to" },
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
	rig_expect(
		&rig,
		"SELECT count(*) FROM dora.alert_deliveries WHERE state <> 'delivered'",
		"0");
}
END_TEST

START_TEST(there_is_no_other)
{
	struct watch_row row;

	start("team");
	aim("team", "/404");
	fire(cart, NOW, team, &row);
	go_on(NOW, NOW + DAY, 90 * MINUTE);
	expect_told("fired team to team");
	aim("team", "/team");
	go_on(NOW + DAY, NOW + DAY + 7 * HOUR, 40 * MINUTE);
	expect_told("fired team to team, resolved team to team");
	rig_expect(
		&rig,
		"SELECT count(*) FROM dora.alert_deliveries WHERE state <> 'delivered'",
		"0");
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

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 240);
	tcase_add_test(tcase, it_is_left_alone);
	tcase_add_loop_test(tcase, the_longer_pause_counts, 0, G_N_ELEMENTS(pauses));
	tcase_add_test(tcase, never_until_it_is_no_news);
	tcase_add_loop_test(tcase, the_others_are_told, 0, G_N_ELEMENTS(deaths));
	tcase_add_test(tcase, not_for_a_moment);
	tcase_add_test(tcase, no_alert_follows_from_another);
	tcase_add_test(tcase, there_is_no_other);
	tcase_add_test(tcase, what_waited_is_too_old);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
