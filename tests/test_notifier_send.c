/* What comes of answers, and what a receiver sees. */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sinks/notifier_inside.h"
#include "tests/alerts/alert_sample.h"
#include "tests/http_server.h"

#define NOW                                                                              \
	(G_GINT64_CONSTANT(1774700000) * G_USEC_PER_SEC) /* 28 March 2026 12:13:20Z      \
							  */
#define KEY "canary-key-0123456789abcdef"

static const struct answer answers[] = {
	{ .path = "/ok", .head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
	{ .path = "/202", .head = "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/301",
	  .head = "HTTP/1.1 301 x\r\nLocation: http://127.0.0.1/\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/400",
	  .head = "HTTP/1.1 400 x\r\nContent-Length: 15\r\n\r\ninvalid_payload" },
	{ .path = "/401", .head = "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/403", .head = "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/404", .head = "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/408", .head = "HTTP/1.1 408 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/422",
	  .head = "HTTP/1.1 422 x\r\nContent-Length: 42\r\n\r\n"
		  "a\r\nb\x01 " KEY " /422 end" },
	{ .path = "/425", .head = "HTTP/1.1 425 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/429",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/500", .head = "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/503", .head = "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/long",
	  .head = "HTTP/1.1 400 x\r\nContent-Length: 6000\r\n\r\n",
	  .part = "ü",
	  .times = 3000 },
	{ .path = "/nothing", .head = "", .after = CLOSE },
	{ .path = "/reset", .head = "", .after = RESET },
	{ .path = "/later/9",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 9\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/503",
	  .head = "HTTP/1.1 503 x\r\nRetry-After: 120\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/hour",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 3600\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/day",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 86400\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/digits",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 99999999999999999999999\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/0",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 0\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/minus",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: -9\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/point",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: 1.5\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/word",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: soon\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/date",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: Sat, 28 Mar 2026 12:14:20 GMT\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/past",
	  .head = "HTTP/1.1 429 x\r\nRetry-After: Sat, 28 Mar 2026 12:10:20 GMT\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/theirs",
	  .head = "HTTP/1.1 429 x\r\nDate: Sat, 28 Mar 2026 14:00:00 GMT\r\n"
		  "Retry-After: Sat, 28 Mar 2026 14:00:30 GMT\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/far",
	  .head = "HTTP/1.1 503 x\r\nRetry-After: Sat, 28 Mar 2099 12:10:20 GMT\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/500",
	  .head = "HTTP/1.1 500 x\r\nRetry-After: 9\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ .path = "/later/400",
	  .head = "HTTP/1.1 400 x\r\nRetry-After: 9\r\n"
		  "Content-Length: 0\r\n\r\n" },
	{ 0 },
};

static const struct {
	const char *path;
	bool good;
	enum dora_error error;
	const char *message; /* after the host */
	bool unsure;	     /* it may have been taken all the same */
} outcomes[] = {
	{ "/ok", true },
	{ "/202", true },
	{ "/301", false, DORA_ERROR_CONFIG, "status 301" },
	{ "/400", false, DORA_ERROR_DATA, "status 400: invalid_payload" },
	{ "/401", false, DORA_ERROR_DENIED, "status 401" },
	{ "/403", false, DORA_ERROR_DENIED, "status 403" },
	{ "/404", false, DORA_ERROR_CONFIG, "status 404" },
	{ "/408", false, DORA_ERROR_RETRY, "status 408" },
	{ "/422", false, DORA_ERROR_DATA, "status 422: a  b  *** *** end" },
	{ "/425", false, DORA_ERROR_RETRY, "status 425" },
	{ "/429", false, DORA_ERROR_RETRY, "status 429" },
	{ "/500", false, DORA_ERROR_RETRY, "status 500", true },
	{ "/503", false, DORA_ERROR_RETRY, "status 503" },
	{ "/nothing", false, DORA_ERROR_RETRY, "closed without an answer", true },
	{ "/reset", false, DORA_ERROR_RETRY, "the connection broke", true },
};

struct sending {
	struct http_server *server;
	struct http *http;
	char *file, *url;
	struct secret_ref ref;
	struct config_channel_http channel_http;
	struct config_channel_pagerduty pagerduty;
	GTimeSpan retry_after; /* what came out of the last */
	bool unsure;
};

static char *secret_file(const char *text)
{
	char *path = NULL;
	int fd = g_file_open_tmp("dorad-notifier-XXXXXX", &path, NULL);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	return path;
}

static void sending_init(struct sending *sending, const char *path)
{
	sending->server = http_server_start(answers, NULL);
	sending->http = http_new();
	sending->file = secret_file(KEY);
	sending->url = g_strconcat(http_server_url(sending->server), path, NULL);
	sending->ref = (struct secret_ref){ .file = sending->file };
	sending->channel_http = (struct config_channel_http){ .url = sending->url,
							      .token = &sending->ref,
							      .secret = &sending->ref };
	sending->pagerduty = (struct config_channel_pagerduty){
		.url = sending->url, .routing_key = &sending->ref
	};
}

static void sending_clear(struct sending *sending)
{
	http_server_stop(sending->server);
	http_free(sending->http);
	g_unlink(sending->file);
	g_free(sending->file);
	g_free(sending->url);
}

static bool send_one(struct sending *sending, enum config_channel_kind kind,
		     const char *sample, GError **error)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		sample);
	const struct config_alerts alerts = { 0 };
	const struct config_channel channel = {
		.name = "team",
		.kind = kind,
		.webhook = &sending->channel_http,
		.pagerduty = &sending->pagerduty,
	};
	struct notify_context context = {
		.alerts = &alerts,
		.http = sending->http,
		.now = NOW,
		.retry_after = 12345, /* of what was sent before */
	};
	bool good = notifiers[kind]->send(&channel, message, &context, error);

	sending->retry_after = context.retry_after;
	sending->unsure = context.unsure;
	return good;
}

static bool send_sample(struct sending *sending, enum config_channel_kind kind,
			GError **error)
{
	return send_one(sending, kind, "lead time fired", error);
}

START_TEST(answers_mean_what_they_mean)
{
	static const enum config_channel_kind kinds[] = { CHANNEL_WEBHOOK,
							  CHANNEL_PAGERDUTY };

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		_cleanup_(sending_clear) struct sending sending = { 0 };
		g_autoptr(GError) error = NULL;
		g_autofree char *expected = NULL;

		sending_init(&sending, outcomes[_i].path);
		ck_assert_int_eq(send_sample(&sending, kinds[i], &error),
				 outcomes[_i].good);
		if (outcomes[_i].good)
			continue;
		expected = g_strdup_printf(
			"%s: %s", http_server_url(sending.server) + strlen("http://"),
			outcomes[_i].message);
		ck_assert_str_eq(error->message, expected);
		ck_assert(g_error_matches(error, DORA_ERROR, (gint)outcomes[_i].error));
		ck_assert_int_eq(sending.unsure, outcomes[_i].unsure);
	}
}
END_TEST

/* Nothing was sent. */
START_TEST(who_is_not_there_has_heard_nothing)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };
	g_autoptr(GError) error = NULL;

	sending_init(&sending, "/ok");
	sending.channel_http.url = sending.pagerduty.url =
		(char *)"http://127.0.0.1:1/ok";
	ck_assert(!send_sample(&sending, CHANNEL_WEBHOOK, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_RETRY));
	ck_assert(!sending.unsure);
}
END_TEST

static const struct {
	const char *path;
	gint64 seconds;
} waits[] = {
	{ "/ok", 0 },
	{ "/429", 9 },
	{ "/503", 0 },
	{ "/nothing", 0 },
	{ "/later/9", 9 },
	{ "/later/503", 120 },
	{ "/later/hour", 3600 },
	{ "/later/day", NOTIFY_LEAVE_MAX / G_USEC_PER_SEC },
	{ "/later/digits", NOTIFY_LEAVE_MAX / G_USEC_PER_SEC },
	{ "/later/0", 0 },
	{ "/later/minus", 0 },
	{ "/later/point", 0 },
	{ "/later/word", 0 },
	{ "/later/date", 60 },
	{ "/later/past", 0 },
	{ "/later/theirs", 30 },
	{ "/later/far", NOTIFY_LEAVE_MAX / G_USEC_PER_SEC },
	{ "/later/500", 0 },
	{ "/later/400", 0 },
};

START_TEST(receivers_say_when_to_come_back)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };

	sending_init(&sending, waits[_i].path);
	send_sample(&sending, CHANNEL_WEBHOOK, NULL);
	ck_assert_int_eq(sending.retry_after, waits[_i].seconds * G_USEC_PER_SEC);
}
END_TEST

START_TEST(long_answers_are_cut)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };
	g_autoptr(GError) error = NULL;

	sending_init(&sending, "/long");
	ck_assert(!send_sample(&sending, CHANNEL_WEBHOOK, &error));
	ck_assert_uint_le(strlen(error->message), 260);
	ck_assert(g_utf8_validate(error->message, -1, NULL));
	ck_assert(g_str_has_suffix(error->message, "ü…"));
}
END_TEST

#define HOOK "https://hooks.example.org/services/T024BE7LD/B99XX/8f3kQz%2Bab-c_d"
#define FLOW                                                                             \
	"https://flow.example.org/w/9f8e7d6c5b/run?api=2016-06-01&sig=s3cr3t-%2Fsig%3D"

static const struct {
	const char *url;
	bool secret_url;
	const char *secret, *body, *shown;
} excerpts[] = {
	/* The words of Slack, and what it might say besides. */
	{ HOOK, true, NULL, "invalid_payload", "invalid_payload" },
	{ HOOK, true, NULL, " no_service\r\n", "no_service" },
	{ HOOK, true, NULL, "", "" },
	{ HOOK, true, NULL, "<html>no</html>", "" },
	{ HOOK, true, NULL, "B99XX", "" },
	{ HOOK, true, NULL, "no team T024BE7LD", "" },
	{ HOOK, true, NULL, "https:\\/\\/hooks.example.org\\/services\\/T024BE7LD", "" },
	{ HOOK, true, NULL, "8f3kQz+ab-c_d", "" },
	{ HOOK, true, NULL,
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ HOOK, true, NULL,
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "" },
	{ FLOW, true, NULL,
	  "at /w/9f8e7d6c5b/run?api=2016-06-01&amp;sig=s3cr3t-%2Fsig%3D", "" },
	{ FLOW, true, NULL, "{\"sig\":\"s3cr3t-\\/sig=\"}", "" },
	/* Urls that are not secrets, but may have some. */
	{ FLOW, false, NULL,
	  "no https://flow.example.org/w/9f8e7d6c5b/run?api=2016-06-01&amp;"
	  "sig=s3cr3t-%2Fsig%3D!",
	  "no ***!" },
	{ FLOW, false, NULL, "{\"path\":\"\\/w\\/9f8e7d6c5b\\/run\"}",
	  "{\"path\":\"/w/***/run\"}" },
	{ FLOW, false, NULL, "sig s3cr3t-\\/sig= of 2016-06-01", "sig *** of ***" },
	{ FLOW, false, NULL, "sig s3cr3t-\\u002fsig\\u003d", "sig ***" },
	{ FLOW, false, NULL, "sig s3cr3t-%2Fsig%3D", "sig ***" },
	{ FLOW, false, NULL, "run w", "run w" },
	{ "https://am.example.org", false, NULL, "not / here", "not / here" },
	{ "https://am.example.org/", false, NULL, "not / here", "not / here" },
	{ "https://am.example.org/am/api/v2/alerts", false, "to/k+n",
	  "token to\\/k\\u002bn or to%2Fk%2Bn", "token *** or ***" },
	{ "https://am.example.org/x", false, NULL, "a\r\nb\xe2\x80\xae\x01 \xff",
	  "a  b   �" },
};

START_TEST(answers_are_shown_without_secrets)
{
	const struct notify_post post = {
		.url = excerpts[_i].url,
		.secret_url = excerpts[_i].secret_url,
		.secrets = { excerpts[_i].secret },
	};
	const char *body = excerpts[_i].body;
	g_autofree char *shown = notify_excerpt(&post, body, strlen(body));

	ck_assert_str_eq(shown, excerpts[_i].shown);
}
END_TEST

/* What a receiver checks, by its own means. */
START_TEST(webhooks_are_signed)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };
	g_autofree char *seen = NULL;
	g_autofree char *signed_text = NULL;
	g_autofree char *digest = NULL;
	g_autofree char *header = NULL;
	const char *body;

	sending_init(&sending, "/ok");
	ck_assert(send_sample(&sending, CHANNEL_WEBHOOK, NULL));
	seen = http_server_seen(sending.server);
	body = strstr(seen, "\r\n\r\n") + 4;
	ck_assert(strstr(seen, "X-Dorad-Timestamp: 1774700000\r\n"));
	ck_assert(strstr(seen, "X-Dorad-Delivery: dorad-1a2b3c4d-12-345\r\n"));
	ck_assert(strstr(seen, "Content-Type: application/json\r\n"));
	ck_assert(strstr(seen, "Authorization: Bearer " KEY "\r\n"));
	signed_text = g_strconcat("1774700000.", body, NULL);
	digest = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)KEY,
					   strlen(KEY), signed_text, -1);
	header = g_strdup_printf("X-Dorad-Signature: sha256=%s\r\n", digest);
	ck_assert_msg(strstr(seen, header), "%s", seen);
}
END_TEST

START_TEST(pagerduty_gets_its_key)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };
	g_autofree char *seen = NULL;

	sending_init(&sending, "/202");
	ck_assert(send_sample(&sending, CHANNEL_PAGERDUTY, NULL));
	seen = http_server_seen(sending.server);
	ck_assert(strstr(seen, "\"routing_key\":\"" KEY "\""));
}
END_TEST

/* It is not asked at all, and so cannot fail. */
START_TEST(pagerduty_sleeps_through_recoveries)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };
	g_autofree char *seen = NULL;

	sending_init(&sending, "/500");
	ck_assert(send_one(&sending, CHANNEL_PAGERDUTY, "one of two resolved", NULL));
	seen = http_server_seen(sending.server);
	ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(secrets_are_read_or_named)
{
	_cleanup_(sending_clear) struct sending sending = { 0 };
	g_autoptr(GError) error = NULL;

	sending_init(&sending, "/ok");
	sending.ref = (struct secret_ref){ .env = "DORAD_TEST_NO_SUCH_VARIABLE" };
	ck_assert(!send_sample(&sending, CHANNEL_PAGERDUTY, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	ck_assert_int_eq(sending.retry_after, 0);
	ck_assert(!sending.unsure);
	ck_assert_str_eq(error->message,
			 "environment variable DORAD_TEST_NO_SUCH_VARIABLE is not set");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notifier_send");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, answers_mean_what_they_mean, 0,
			    G_N_ELEMENTS(outcomes));
	tcase_add_test(tests, who_is_not_there_has_heard_nothing);
	tcase_add_loop_test(tests, receivers_say_when_to_come_back, 0,
			    G_N_ELEMENTS(waits));
	tcase_add_test(tests, long_answers_are_cut);
	tcase_add_loop_test(tests, answers_are_shown_without_secrets, 0,
			    G_N_ELEMENTS(excerpts));
	tcase_add_test(tests, webhooks_are_signed);
	tcase_add_test(tests, pagerduty_gets_its_key);
	tcase_add_test(tests, pagerduty_sleeps_through_recoveries);
	tcase_add_test(tests, secrets_are_read_or_named);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
