#include "collector/deliver.h"

#include <stdlib.h>

#include "base/error.h"
#include "tests/alerts_fixture.h"
#include "tests/http_server.h"

/* From the outbox to receivers that fail, come back and are there twice. */

#define NOW AT(20000)
#define SECOND G_TIME_SPAN_SECOND
#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR

static const struct answer answers[] = {
	{ .path = "/ok", .head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/team", .head = "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/500", .head = "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/400", .head = "HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/401", .head = "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/stall", .head = "", .after = STALL },
	{ .path = "/api/v2/alerts",
	  .head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ 0 },
};
static const char *const ops[] = { "ops", NULL };
static const char *const both[] = { "ops", "team", NULL };
static const char *const manager[] = { "manager", NULL };
static const char *const journal[] = { "log", NULL };

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

static void set_up(void)
{
	g_autofree char *alerts = NULL;
	struct config *config;

	rig_init(&rig);
	server = http_server_start(answers, NULL);
	alerts = g_strdup_printf(
		"alerts:\n"
		"  channels:\n"
		"    - {name: ops, webhook: {url: \"%s/ok\"}}\n"
		"    - {name: team, webhook: {url: \"%s/team\"}}\n"
		"    - {name: manager, resend: 5m, alertmanager: {url: \"%s\"}}\n"
		"    - {name: log, journal: true}\n"
		"orgs:\n",
		http_server_url(server), http_server_url(server),
		http_server_url(server));
	config = rig_config(&rig, NULL, "orgs:\n", alerts);
	config_unref(rig.config);
	store_free(rig.store);
	rig.config = config;
	rig.store = store_new(config);
	context = (struct work_context){ .config = config };
	cart = rig_scope(&rig, "service", "cart");
	mail = rig_scope(&rig, "service", "mail");
}

static void tear_down(void)
{
	rig_clear(&rig);
	http_server_stop(server);
}

/* A daemon's run; the caller clears it. */
static void tell(gint64 now, struct deliver_result *result)
{
	deliver_result_init(result);
	rig_ok(store_outbox_hurry(rig.store, now, &error));
	rig_ok(deliver_due(rig.store, &context, now, now, result, &error));
}

static void again(gint64 before, gint64 now)
{
	struct deliver_result result;

	deliver_result_init(&result);
	rig_ok(deliver_due(rig.store, &context, before, now, &result, &error));
	deliver_result_clear(&result);
}

/* A run that delivers and fails as many; when the next one is wanted. */
static gint64 expect(gint64 now, guint delivered, guint failed)
{
	struct deliver_result result;
	gint64 next;

	tell(now, &result);
	ck_assert_uint_eq(result.n_delivered, delivered);
	ck_assert_uint_eq(result.n_failed, failed);
	ck_assert(!result.more);
	next = result.next;
	deliver_result_clear(&result);
	return next;
}

static guint seen(const char *part)
{
	g_autofree char *text = http_server_seen(server);
	guint n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

/* Different keys of the requests so far. */
static guint keys(void)
{
	g_autofree char *text = http_server_seen(server);
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
	g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, "X-Dorad-Delivery: "))
			g_hash_table_add(found, *line);
	return g_hash_table_size(found);
}

static void fire(gint32 scope_id, const char *environment, gint64 onset, gint64 at,
		 const char *const *channels, struct watch_row *row)
{
	*row = a_watch(scope_id, "change_lead_time");
	row->environment = (char *)environment;
	fires(row, onset, at, channels);
	rig_ok(store_outbox_hurry(rig.store, at, &error));
}

/* A group of its own each: their onsets are 8 days apart. */
static void fire_groups(struct watch_row *rows, guint n)
{
	for (guint i = 0; i < n; i++) {
		char *name = g_strdup_printf("e%u", i);

		fire(cart, name, NOW - (i + 1) * 8 * DAY, NOW, ops, &rows[i]);
	}
}

static void free_groups(struct watch_row *rows, guint n)
{
	for (guint i = 0; i < n; i++)
		g_free(rows[i].environment);
}

START_TEST(once)
{
	struct watch_row row;

	ck_assert_int_eq(expect(NOW, 0, 0) % (5 * MINUTE), 0); /* the next reminder */
	fire(cart, "production", NOW - 9 * DAY, NOW, both, &row);
	expect(NOW, 2, 0);
	expect(NOW + MINUTE, 0, 0);
	ck_assert_uint_eq(seen("POST /ok ") + seen("POST /team "), 2);
	ends(&row, WATCH_RESOLVED, NOW + DAY);
	expect(NOW + DAY, 2, 0);
	ck_assert_uint_eq(seen("POST /ok "), 2);
	ck_assert_uint_eq(keys(), 2);
}
END_TEST

START_TEST(it_fails_and_comes_back)
{
	struct watch_row row;
	gint64 next;

	aim("ops", "/500");
	fire(cart, "production", NOW - 9 * DAY, NOW, both, &row);
	next = expect(NOW, 1, 1);
	ck_assert_int_ge(next - NOW, 24 * SECOND);
	ck_assert_int_le(next - NOW, 32 * SECOND);
	expect(NOW + 20 * SECOND, 0, 0);
	next = expect(NOW + 32 * SECOND, 0, 1);
	ck_assert_int_ge(next - NOW, (32 + 48) * SECOND);
	rig_expect(&rig,
		   "SELECT attempts || ' ' || state || ' ' || (failure LIKE '%status 500'"
		   " AND failure NOT LIKE '%http%') FROM dora.alert_deliveries"
		   " WHERE channel = 'ops'",
		   "2 waiting true");
	aim("ops", "/ok");
	expect(next, 1, 0);
	ck_assert_uint_eq(seen("POST /500 "), 2);
	ck_assert_uint_eq(seen("POST /ok "), 1);
	ck_assert_uint_eq(seen("POST /team "), 1);
	ck_assert_uint_eq(keys(), 1);
}
END_TEST

static const struct {
	const char *path;
	GTimeSpan others; /* when others are tried, at the latest */
} refusals[] = {
	/* What is wrong with a message holds up that message … */
	{ "/400", 32 * SECOND },
	/* … and what is wrong with a credential the channel. */
	{ "/401", 16 * MINUTE },
};

START_TEST(it_refuses)
{
	struct watch_row first, second;

	aim("ops", refusals[_i].path);
	fire(cart, "production", NOW - 9 * DAY, NOW, ops, &first);
	fire(mail, "production", NOW - 9 * DAY, NOW, ops, &second);
	expect(NOW, 0, 1);
	expect(NOW + 20 * SECOND, 0, 0);
	if (refusals[_i].others > MINUTE)
		expect(NOW + 11 * MINUTE, 0, 0);
	aim("ops", "/ok");
	expect(NOW + refusals[_i].others, refusals[_i].others > MINUTE ? 2 : 1, 0);
	rig_expect(&rig,
		   "SELECT string_agg(a.service, ',') FROM dora.alert_deliveries d"
		   " JOIN dora.alerts a USING (alert) WHERE d.state = 'waiting'",
		   refusals[_i].others > MINUTE ? "NULL" : "cart");
	expect(NOW + DAY, refusals[_i].others > MINUTE ? 0 : 1, 0);
}
END_TEST

#define GROUPS 30

START_TEST(a_day_without_a_receiver)
{
	struct watch_row rows[GROUPS];
	struct watch_row late;
	gint64 now = NOW, next;
	guint tries = 0;

	aim("ops", "/500");
	fire_groups(rows, GROUPS);
	while (now < NOW + DAY) {
		struct deliver_result result;

		tell(now, &result);
		ck_assert_uint_eq(result.n_delivered, 0);
		ck_assert_uint_le(result.n_failed, 1);
		tries += result.n_failed;
		ck_assert_int_gt(result.next, now);
		/* the daemon looks each minute */
		now = MIN(result.next, now + 10 * MINUTE);
		deliver_result_clear(&result);
	}
	/* 30 s, 1 min, … 32 min, then each hour, a fifth of it less at most. */
	ck_assert_uint_ge(tries, 24);
	ck_assert_uint_le(tries, 38);
	ck_assert_uint_eq(seen("POST /500 "), tries);
	/* What is new waits with the rest. */
	fire(mail, "production", NOW - 9 * DAY, now, ops, &late);
	expect(now, 0, 0);
	ck_assert_uint_eq(seen("POST /500 "), tries);
	for (guint i = 0; i < 10; i++) /* before anybody heard of them */
		ends(&rows[i], WATCH_RESOLVED, now);
	aim("ops", "/ok");
	next = now + HOUR + MINUTE;
	expect(next, GROUPS + 1, 0);
	ck_assert_uint_eq(seen("POST /ok "), GROUPS + 1);
	expect(next + DAY, 0, 0);
	rig_expect(&rig,
		   "SELECT count(*) || ' ' || count(*) FILTER (WHERE state = 'delivered')"
		   " FROM dora.alert_deliveries",
		   "41 41");
	free_groups(rows, GROUPS);
}
END_TEST

START_TEST(muted)
{
	struct watch_row row;
	struct alert_mute mute = { 0,	 0,   SCOPE_SERVICE,	"cart",
				   NULL, NOW, NOW + 2 * MINUTE, "moving" };

	rig_ok(store_mute(rig.store, &mute, &error));
	fire(cart, "production", NOW - 9 * DAY, NOW, ops, &row);
	ck_assert_int_eq(expect(NOW, 0, 0), NOW + 2 * MINUTE);
	expect(NOW + MINUTE, 0, 0);
	expect(NOW + 2 * MINUTE, 1, 0);
	ck_assert_uint_eq(seen("POST /ok "), 1);
}
END_TEST

/* The database goes away between the answer of a receiver and the note of it. */
START_TEST(sent_but_not_noted)
{
	struct watch_row row;
	struct deliver_result result;
	g_autoptr(GError) error = NULL;

	fire(cart, "production", NOW - 9 * DAY, NOW, ops, &row);
	rig_run(&rig, "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
		      " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid());"
		      " RETURN NEW; END';"
		      "CREATE TRIGGER cut BEFORE UPDATE ON dorad.outbox FOR EACH ROW"
		      " WHEN (NEW.state = 'delivered') EXECUTE FUNCTION cut()");
	deliver_result_init(&result);
	ck_assert(!deliver_due(rig.store, &context, NOW, NOW, &result, &error));
	ck_assert(dora_error_is_transient(error));
	deliver_result_clear(&result);
	ck_assert_uint_eq(seen("POST /ok "), 1);
	rig_run(&rig, "DROP TRIGGER cut ON dorad.outbox");
	store_rollback(rig.store);
	expect(NOW + MINUTE, 0, 0);
	expect(NOW + OUTBOX_LEASE + MINUTE, 1, 0);
	ck_assert_uint_eq(seen("POST /ok "), 2);
	ck_assert_uint_eq(keys(), 1);
	expect(NOW + DAY, 0, 0);
}
END_TEST

static gpointer cancel_once_asked(gpointer data)
{
	while (seen("POST /stall ") == 0)
		g_usleep(1000);
	g_cancellable_cancel(data);
	return NULL;
}

/* A receiver that says nothing, while the daemon is stopped. */
START_TEST(stopped_meanwhile)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	struct watch_row row;
	struct deliver_result result;
	g_autoptr(GError) error = NULL;
	GThread *thread;

	aim("ops", "/stall");
	fire(cart, "production", NOW - 9 * DAY, NOW, ops, &row);
	context.cancellable = cancellable;
	thread = g_thread_new("stop", cancel_once_asked, cancellable);
	deliver_result_init(&result);
	ck_assert(!deliver_due(rig.store, &context, NOW, NOW, &result, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CANCELLED));
	ck_assert_uint_eq(result.n_failed, 0);
	deliver_result_clear(&result);
	g_thread_join(thread);
	context.cancellable = NULL;
	aim("ops", "/ok");
	expect(NOW + OUTBOX_LEASE + MINUTE, 1, 0);
	ck_assert_uint_eq(keys(), 1);
}
END_TEST

static gpointer another_daemon(gpointer data)
{
	struct store *store = store_new(rig.config);
	struct deliver_result result;
	g_autoptr(GError) error = NULL;

	deliver_result_init(&result);
	if (!deliver_due(store, &context, NOW, NOW, &result, &error))
		g_error("%s", error->message);
	*(guint *)data = result.n_delivered;
	deliver_result_clear(&result);
	store_free(store);
	return NULL;
}

START_TEST(two_daemons)
{
	struct watch_row rows[GROUPS];
	GThread *threads[2];
	guint delivered[2];

	fire_groups(rows, GROUPS);
	for (guint i = 0; i < 2; i++)
		threads[i] = g_thread_new("daemon", another_daemon, &delivered[i]);
	for (guint i = 0; i < 2; i++)
		g_thread_join(threads[i]);
	ck_assert_uint_eq(delivered[0] + delivered[1], GROUPS);
	ck_assert_uint_eq(seen("POST /ok "), GROUPS);
	ck_assert_uint_eq(keys(), GROUPS);
	free_groups(rows, GROUPS);
}
END_TEST

/* Whatever waits for a channel that is no more wakes nobody. */
START_TEST(a_channel_goes_away)
{
	struct config_channel *channel = &rig.config->alerts->channels[0];
	struct watch_row row;

	fire(cart, "production", NOW - 9 * DAY, NOW, ops, &row);
	channel->kind = CHANNEL_NOTIFY;
	ck_assert_int_gt(expect(NOW, 0, 0), NOW);
	channel->kind = CHANNEL_WEBHOOK;
	rig_run(&rig, "UPDATE dorad.outbox SET channel = 'gone'");
	ck_assert_int_gt(expect(NOW, 0, 0), NOW);
	ck_assert_uint_eq(seen("POST"), 0);
}
END_TEST

START_TEST(the_clock_is_set_back)
{
	struct watch_row row;

	aim("ops", "/500");
	fire(cart, "production", NOW - 9 * DAY, NOW, ops, &row);
	expect(NOW, 0, 1);
	aim("ops", "/ok");
	expect(NOW - 300 * DAY, 1, 0);
}
END_TEST

START_TEST(what_fires_is_said_again)
{
	struct watch_row row;
	static const struct {
		gint64 before, now;
		guint n;
	} looks[] = {
		{ NOW, NOW + 4 * MINUTE, 0 },
		{ NOW + 4 * MINUTE, NOW + 5 * MINUTE, 1 },
		{ NOW + 5 * MINUTE, NOW + 6 * MINUTE, 0 },
		{ INSTANT_NONE, NOW + 6 * MINUTE, 1 },
		{ NOW + 6 * MINUTE, NOW - DAY, 1 }, /* a clock that was set back */
	};
	guint total = 1;

	fire(cart, "production", NOW - 9 * DAY, NOW, manager, &row);
	ck_assert_int_eq(expect(NOW, 1, 0), NOW + 5 * MINUTE);
	for (guint i = 0; i < G_N_ELEMENTS(looks); i++) {
		again(looks[i].before, looks[i].now);
		total += looks[i].n;
		ck_assert_uint_eq(seen("POST /api/v2/alerts "), total);
	}
	ends(&row, WATCH_RESOLVED, NOW + DAY);
	expect(NOW + DAY, 1, 0);
	again(INSTANT_NONE, NOW + DAY);
	ck_assert_uint_eq(seen("POST /api/v2/alerts "), total + 1);
}
END_TEST

/* A daemon that is killed right now has to say it again. */
static void keep_line(const struct deliver_line *line, void *user)
{
	g_string_append_printf(user, "%s %s %s %d\n", line->alerts, line->metrics,
			       line->scopes, line->group_id != 0);
	ck_assert(strstr(line->text, "Lead time") && strstr(line->text, "2.0"));
	rig_expect(&rig, "SELECT state FROM dora.alert_deliveries", "waiting");
}

START_TEST(lines_of_the_log)
{
	g_autoptr(GString) kept = g_string_new(NULL);
	g_autofree char *line = NULL;
	struct watch_row row;

	fire(cart, "production", NOW - 9 * DAY, NOW, journal, &row);
	line = g_strdup_printf("%" G_GINT64_FORMAT " change_lead_time cart 1\n",
			       row.alert_id);
	context.journal = keep_line;
	context.user = kept;
	expect(NOW, 1, 0);
	expect(NOW + MINUTE, 0, 0);
	ck_assert_str_eq(kept->str, line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, once);
	tcase_add_test(tcase, it_fails_and_comes_back);
	tcase_add_test(tcase, a_day_without_a_receiver);
	tcase_add_test(tcase, muted);
	tcase_add_test(tcase, sent_but_not_noted);
	tcase_add_test(tcase, stopped_meanwhile);
	tcase_add_test(tcase, two_daemons);
	tcase_add_test(tcase, a_channel_goes_away);
	tcase_add_test(tcase, the_clock_is_set_back);
	tcase_add_test(tcase, what_fires_is_said_again);
	tcase_add_test(tcase, lines_of_the_log);
	tcase_add_loop_test(tcase, it_refuses, 0, G_N_ELEMENTS(refusals));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
