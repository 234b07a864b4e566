#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/push/push_auth.h"
#include "collector/push/push_body.h"
#include "drivers/driver.h"

typedef bool reader(const cJSON *, const char *, GPtrArray *, GError **);

static GPtrArray *read_with(reader *read, const char *text, GError **error)
{
	_cleanup_(cJSON_Deletep) cJSON *body = json_parse(text, strlen(text), error);
	GPtrArray *items = items_new();

	ck_assert_msg(body != NULL, "%s", text);
	if (read(body, "ci", items, error))
		return items;
	g_ptr_array_unref(items);
	return NULL;
}

static gint64 at(const char *text)
{
	gint64 t;

	ck_assert(instant_parse(text, &t));
	return t;
}

/* ---- what is refused, and in which words ---- */

#define DEPLOYMENT(more)                                                                 \
	"{\"id\":\"1\",\"service\":\"shop\",\"environment\":\"production\"" more "}"
#define INCIDENT(more)                                                                   \
	"{\"id\":\"1\",\"services\":[\"shop\"],\"started\":\"2026-03-01T10:00:"          \
	"00Z\"" more "}"
#define EVENT(type, subject)                                                             \
	"{\"context\":{\"id\":\"e1\",\"source\":\"/ci\",\"version\":\"0.4.1\",\"type\":" \
	"\"" type "\",\"timestamp\":\"2026-03-01T10:00:00Z\"},\"subject\":" subject "}"
#define ALERT(status, more)                                                              \
	"{\"version\":\"4\",\"alerts\":[{\"status\":\"" status                           \
	"\",\"fingerprint\":\"f00\",\"startsAt\":\"2026-03-01T10:00:00Z\"" more "}]}"

static const struct {
	const char *name;
	reader *read;
	const char *body, *error;
} refused[] = {
	{ "a number is no deployment", push_deployments, "7",
	  "deployment 1: is not an object" },
	{ "an unknown key is a mistake of the sender", push_deployments,
	  DEPLOYMENT(",\"outcome\":\"success\",\"enviroment\":\"x\""),
	  "deployment 1: enviroment: there is no such key" },
	{ "a long key is cut, and what is left is text", push_incidents,
	  INCIDENT(",\"sixty bytes end in the middle of this letter, an e accented"
		   "\u00e9\u00e9\":1"),
	  "incident 1: sixty bytes end in the middle of this letter, an e accented"
	  "\uFFFD: there is no such key" },
	{ "a text where a list is due", push_deployments,
	  DEPLOYMENT(",\"outcome\":\"success\",\"images\":\"shop:1\""),
	  "deployment 1: images: expected a list" },
	{ "an outcome in other words", push_deployments,
	  DEPLOYMENT(",\"outcome\":\"SUCCEEDED\""),
	  "deployment 1: outcome: \"SUCCEEDED\", expected success, failure, cancelled, "
	  "skipped or running" },
	{ "over, but since when?", push_deployments,
	  DEPLOYMENT(",\"outcome\":\"failure\""),
	  "deployment 1: finished: missing, and the outcome is final" },
	{ "running, and finished", push_deployments,
	  DEPLOYMENT(",\"outcome\":\"running\",\"finished\":\"2026-03-01T10:00:00Z\""),
	  "deployment 1: finished: given, and it is still running" },
	{ "resolved before it started", push_incidents,
	  INCIDENT(",\"resolved\":\"2026-03-01T09:00:00Z\""),
	  "incident 1: resolved: before it started" },
	{ "the second of two is named", push_incidents,
	  "[" INCIDENT("") "," INCIDENT(",\"x\":1") "]",
	  "incident 2: x: there is no such key" },
	{ "an event of another kind", push_cdevents,
	  EVENT("dev.cdevents.pipelinerun.started.0.2.0", "{\"id\":\"p\"}"),
	  "context.type: \"dev.cdevents.pipelinerun.started.0.2.0\" is not used here; "
	  "expected dev.cdevents. and service.deployed, .upgraded, .rolledback, "
	  ".removed, "
	  "incident.detected, .reported, .resolved, change.merged, artifact.packaged or "
	  ".published" },
	{ "an event without a subject", push_cdevents,
	  EVENT("dev.cdevents.service.deployed.0.2.0", "{}"),
	  "service.deployed: subject.id: missing" },
	{ "a webhook of another version", push_alertmanager, "{\"version\":\"3\"}",
	  "version: expected \"4\", the webhook of Alertmanager since 0.6" },
	{ "an alert in a third state", push_alertmanager, ALERT("pending", ""),
	  "alert 1: status: \"pending\", expected firing or resolved" },
	{ "resolved at no time", push_alertmanager, ALERT("resolved", ""),
	  "alert 1: endsAt: missing, and it is resolved" },
};

START_TEST(test_refused)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *items = read_with(refused[_i].read, refused[_i].body, &error);

	ck_assert_msg(items == NULL, "%s: taken", refused[_i].name);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_str_eq(error->message, refused[_i].error);
}
END_TEST

/* ---- what is taken ---- */

static struct item *only(GPtrArray *items)
{
	ck_assert_ptr_nonnull(items);
	ck_assert_uint_eq(items->len, 1);
	return g_ptr_array_index(items, 0);
}

START_TEST(test_deployment)
{
	g_autoptr(GPtrArray) items = read_with(
		push_deployments,
		DEPLOYMENT(
			",\"outcome\":\"success\",\"sha\":\"abcdef0\","
			"\"started\":\"2026-03-01T09:58:00Z\","
			"\"finished\":\"2026-03-01T11:00:00+01:00\","
			"\"attempt\":2,\"ref\":\"hotfix/7\",\"images\":[\"shop:1.4\"]"),
		NULL);
	const struct item *item = only(items);

	ck_assert_int_eq(item->kind, ITEM_DEPLOYMENT);
	ck_assert_str_eq(item->id, "1");
	ck_assert_str_eq(item->project, "shop");
	ck_assert_str_eq(item->environment, "production");
	ck_assert_str_eq(item->sha, "abcdef0");
	ck_assert_str_eq(item->ref, "hotfix/7");
	ck_assert_str_eq(item->images[0], "shop:1.4");
	ck_assert_int_eq(item->attempt, 2);
	ck_assert_int_eq(item->outcome, OUTCOME_SUCCESS);
	ck_assert(item->done);
	ck_assert_int_eq(item->finished, at("2026-03-01T10:00:00Z"));
}
END_TEST

START_TEST(test_incident)
{
	g_autoptr(GPtrArray) items = read_with(
		push_incidents, INCIDENT(",\"cause\":\"#7\",\"fix\":\"abcdef0\""), NULL);
	const struct item *item = only(items);

	ck_assert_int_eq(item->kind, ITEM_INCIDENT);
	ck_assert_str_eq(item->cause, "#7");
	ck_assert_str_eq(item->fix, "abcdef0");
	ck_assert_str_eq(item->state, "open");
}
END_TEST

#define DIGEST "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
#define PURL                                                                             \
	"pkg:oci/"                                                                       \
	"myapp@sha256%3A0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de681"        \
	"7db93427?repository_url=example.org"

static const struct {
	const char *type;
	enum outcome outcome;
} service_events[] = {
	{ "dev.cdevents.service.deployed.0.1.1", OUTCOME_SUCCESS },
	{ "dev.cdevents.service.deployed.0.2.0", OUTCOME_SUCCESS },
	{ "dev.cdevents.service.upgraded.0.2.0", OUTCOME_SUCCESS },
	{ "dev.cdevents.service.rolledback.0.2.0", OUTCOME_SUCCESS },
	{ "dev.cdevents.service.removed.0.2.0", OUTCOME_SKIPPED },
};

START_TEST(test_service_event)
{
	g_autofree char *body = g_strdup_printf(
		"{\"context\":{\"id\":\"e1\",\"source\":\"/ci\",\"type\":\"%s\","
		"\"timestamp\":\"2026-03-01T10:00:00.5Z\"},\"subject\":{\"id\":"
		"\"service/shop\",\"content\":{\"environment\":{\"id\":\"prod\"},"
		"\"artifactId\":\"%s\"}}}",
		service_events[_i].type, PURL);
	g_autoptr(GPtrArray) items = read_with(push_cdevents, body, NULL);
	const struct item *item = only(items);

	ck_assert_str_eq(item->id, "e1");
	ck_assert_str_eq(item->project, "service/shop");
	ck_assert_str_eq(item->environment, "prod");
	ck_assert_str_eq(item->images[0], DIGEST);
	ck_assert_int_eq(item->outcome, service_events[_i].outcome);
	ck_assert_int_eq(item->finished, at("2026-03-01T10:00:00.5Z"));
}
END_TEST

START_TEST(test_artifact_event)
{
	g_autoptr(GPtrArray) items = read_with(
		push_cdevents,
		EVENT("dev.cdevents.artifact.packaged.0.2.0",
		      "{\"id\":\"" PURL
		      "\",\"content\":{\"change\":{\"id\":\"abcdef0123\"}}}"),
		NULL);
	const struct item *item = only(items);

	ck_assert_int_eq(item->kind, ITEM_ARTIFACT);
	ck_assert_str_eq(item->id, DIGEST);
	ck_assert_str_eq(item->sha, "abcdef0123");
}
END_TEST

START_TEST(test_change_event)
{
	g_autoptr(GPtrArray)
		items = read_with(push_cdevents,
				  "{\"specversion\":\"1.0\",\"data\":" EVENT(
					  "dev.cdevents.change.merged.0.2.0",
					  "{\"id\":\"42\",\"content\":{\"repository\":{"
					  "\"id\":\"acme/shop\"}}}") "}",
				  NULL);
	const struct item *item = only(items);

	ck_assert_int_eq(item->kind, ITEM_CHANGE);
	ck_assert_str_eq(item->project, "acme/shop");
	ck_assert_int_eq(item->merged, at("2026-03-01T10:00:00Z"));
}
END_TEST

START_TEST(test_alert)
{
	g_autoptr(GPtrArray) firing = read_with(
		push_alertmanager,
		ALERT("firing",
		      ",\"endsAt\":\"0001-01-01T00:00:00Z\",\"labels\":{"
		      "\"alertname\":\"Down\",\"severity\":\"page\",\"service\":"
		      "\"shop\"}"),
		NULL);
	g_autoptr(GPtrArray) over = read_with(
		push_alertmanager,
		ALERT("resolved", ",\"endsAt\":\"2026-03-01T10:30:00Z\""), NULL);
	const struct item *item = only(firing);

	ck_assert_str_eq(item->id, "f00@2026-03-01T10:00:00Z");
	ck_assert_str_eq(item->id, ((struct item *)only(over))->id);
	ck_assert_str_eq(item->name, "Down");
	ck_assert_str_eq(item->severity, "page");
	ck_assert_str_eq(item->services[0], "shop");
	ck_assert_str_eq(item->labels[0], "alertname=Down");
	ck_assert(!item->done && item->resolved == INSTANT_NONE);
	ck_assert_int_eq(((struct item *)only(over))->resolved,
			 at("2026-03-01T10:30:00Z"));
}
END_TEST

/* An incident is where its source says; it is who told of it that names none. */
static struct item *incident_at(const char *source, GPtrArray *items, GError **error)
{
	g_autofree char *body = g_strdup_printf(
		"{\"context\":{\"id\":\"e1\",\"source\":\"%s\",\"type\":\"dev.cdevents."
		"incident.detected.0.2.0\",\"timestamp\":\"2026-03-01T10:00:00Z\"},"
		"\"subject\":{\"id\":\"i1\",\"source\":\"\"}}",
		source);
	_cleanup_(cJSON_Deletep) cJSON *json = json_parse(body, strlen(body), NULL);

	ck_assert_ptr_nonnull(json);
	return push_cdevents(json, "ci", items, error) ? only(items) : NULL;
}

START_TEST(test_where_an_incident_is)
{
	g_autofree char *longest = g_strnfill(2000, 'a');
	g_autofree char *longer = g_strnfill(2001, 'a');
	g_autoptr(GPtrArray) nowhere = items_new(), far = items_new(), off = items_new();
	g_autoptr(GError) error = NULL;

	ck_assert_str_eq(incident_at("", nowhere, NULL)->project, "ci");
	ck_assert_str_eq(incident_at(longest, far, NULL)->project, longest);
	ck_assert_ptr_null(incident_at(longer, off, &error));
	ck_assert_str_eq(error->message,
			 "incident.detected: project: is longer than 2000 bytes");
}
END_TEST

/* ---- the same thing told again ---- */

/* Events of one incident in the order they arrive: detected, reported, resolved, and what
 * is known of it after all of them. */
static const struct {
	const char *name;
	const char *arrival; /* d, p (reported), r; at 10:00, 10:05, 10:30; D: at 11:00 */
	const char *started, *resolved;
} stories[] = {
	{ "in order", "dpr", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z" },
	{ "resolved first", "rdp", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z" },
	{ "backwards", "rpd", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z" },
	{ "reported before detected", "pdr", "2026-03-01T10:00:00Z",
	  "2026-03-01T10:30:00Z" },
	{ "each twice", "ddpprr", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z" },
	{ "an old one once more", "drd", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z" },
	{ "reopened", "drD", "2026-03-01T10:00:00Z", NULL },
};

static struct item *incident_event(char letter)
{
	const char *type = letter == 'r'   ? "resolved"
			   : letter == 'p' ? "reported"
					   : "detected";
	const char *time = letter == 'r'   ? "10:30"
			   : letter == 'p' ? "10:05"
			   : letter == 'D' ? "11:00"
					   : "10:00";
	g_autofree char *body = g_strdup_printf(
		"{\"context\":{\"id\":\"%c\",\"source\":\"/m\",\"type\":\"dev.cdevents."
		"incident.%s.0.2.0\",\"timestamp\":\"2026-03-01T%s:00Z\"},\"subject\":{"
		"\"id\":\"i1\",\"content\":{\"service\":{\"id\":\"shop\"}}}}",
		letter, type, time);
	g_autoptr(GPtrArray) items = read_with(push_cdevents, body, NULL);

	only(items);
	return g_ptr_array_steal_index(items, 0);
}

START_TEST(test_story)
{
	struct item *known = incident_event(stories[_i].arrival[0]);

	push_settle(known);
	for (const char *letter = stories[_i].arrival + 1; *letter; letter++) {
		struct item *told = incident_event(*letter);

		push_merge(told, known);
		push_settle(told);
		item_free(known);
		known = told;
	}
	ck_assert_msg(known->started == at(stories[_i].started), "%s", stories[_i].name);
	ck_assert_msg(known->resolved == (stories[_i].resolved ? at(stories[_i].resolved)
							       : INSTANT_NONE),
		      "%s", stories[_i].name);
	ck_assert(known->done == (stories[_i].resolved != NULL));
	item_free(known);
}
END_TEST

static gint64 mitigated_after(const char *again)
{
	const char *once = INCIDENT(",\"mitigated\":\"2026-03-01T10:10:00Z\","
				    "\"resolved\":\"2026-03-01T10:30:00Z\"");
	g_autoptr(GPtrArray) known = read_with(push_incidents, once, NULL);
	g_autoptr(GPtrArray) told = read_with(push_incidents, again, NULL);

	push_merge(only(told), only(known));
	return only(told)->mitigated;
}

START_TEST(test_reopened)
{
	ck_assert_int_eq(mitigated_after(INCIDENT("")), INSTANT_NONE);
	ck_assert_int_eq(
		mitigated_after(INCIDENT(",\"mitigated\":\"2026-03-01T11:00:00Z\"")),
		at("2026-03-01T11:00:00Z"));
	/* said again, and still over */
	ck_assert_int_eq(
		mitigated_after(INCIDENT(",\"resolved\":\"2026-03-01T10:40:00Z\"")),
		at("2026-03-01T10:10:00Z"));
}
END_TEST

/* ---- who ---- */

static const struct {
	const char *name;
	const char *authorization, *timestamp, *signature, *error; /* NULL: let in */
} doors[] = {
	{ "nothing shown", NULL, NULL, NULL, "expected a bearer token or a signature" },
	{ "the token", "Bearer correct-horse", NULL, NULL, NULL },
	{ "the token, in other case of the word", "bearer correct-horse", NULL, NULL,
	  NULL },
	{ "a part of it", "Bearer correct-hors", NULL, NULL,
	  "the token or signature is not one of a client" },
	{ "basic authentication", "Basic Y29ycmVjdC1ob3JzZQ==", NULL, NULL,
	  "expected a bearer token or a signature" },
	{ "a secret is no token", "Bearer battery-staple", NULL, NULL,
	  "the token or signature is not one of a client" },
	{ "the signature", NULL, "1772359200", "sha256=@good", NULL },
	{ "an old one", NULL, "1772358899", "sha256=@good",
	  "X-Dorad-Timestamp is more than 5 minutes from the clock of this server" },
	{ "one of the future", NULL, "1772359501", "sha256=@good",
	  "X-Dorad-Timestamp is more than 5 minutes from the clock of this server" },
	{ "without its time", NULL, NULL, "sha256=@good",
	  "X-Dorad-Timestamp is missing beside the signature" },
	{ "with another time", NULL, "1772359201", "sha256=@good",
	  "the token or signature is not one of a client" },
	{ "of another form", NULL, "1772359200", "sha1=@good",
	  "X-Dorad-Signature: expected sha256= and 64 hexadecimal digits" },
	{ "too short", NULL, "1772359200", "sha256=00",
	  "X-Dorad-Signature: expected sha256= and 64 hexadecimal digits" },
	{ "a time that is none", NULL, "now", "sha256=@good",
	  "X-Dorad-Timestamp: expected seconds since 1970" },
};

START_TEST(test_door)
{
	struct secret_ref token = { .env = (char *)"PUSH_TOKEN" };
	struct secret_ref secret = { .env = (char *)"PUSH_SECRET" };
	struct config_push_client clients[] = {
		{ .name = (char *)"ci", .token = &token },
		{ .name = (char *)"signer", .secret = &secret },
	};
	const struct config_push push = { .clients = clients, .n_clients = 2 };
	g_autofree char *good = g_compute_hmac_for_string(
		G_CHECKSUM_SHA256, (const guchar *)"battery-staple", 14,
		"1772359200./v1/deployments.{}", -1);
	g_auto(GStrv) parts = g_strsplit(doors[_i].signature ? doors[_i].signature : "",
					 "@good", -1);
	g_autofree char *signature = g_strjoinv(good, parts);
	const struct push_credentials shown = {
		.authorization = doors[_i].authorization,
		.timestamp = doors[_i].timestamp,
		.signature = doors[_i].signature ? signature : NULL,
		.path = "/v1/deployments",
		.body = "{}",
		.body_size = 2,
	};
	g_autoptr(GError) error = NULL;
	const struct config_push_client *client;
	guint8 digest[32];
	bool is_signed;

	g_setenv("PUSH_TOKEN", "correct-horse", TRUE);
	g_setenv("PUSH_SECRET", "battery-staple", TRUE);
	client = push_auth(&push, &shown, at("2026-03-01T10:00:00Z"), digest, &is_signed,
			   &error);
	if (doors[_i].error) {
		ck_assert_msg(client == NULL, "%s: let in", doors[_i].name);
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DENIED));
		ck_assert_str_eq(error->message, doors[_i].error);
		return;
	}
	ck_assert_msg(client != NULL, "%s: %s", doors[_i].name, error->message);
	ck_assert_ptr_eq(client, &clients[doors[_i].signature != NULL]);
}
END_TEST

START_TEST(test_unreadable_secret)
{
	struct secret_ref token = { .env = (char *)"PUSH_NO_SUCH_VARIABLE" };
	struct config_push_client client = { .name = (char *)"ci", .token = &token };
	const struct config_push push = { .clients = &client, .n_clients = 1 };
	const struct push_credentials shown = { .authorization = "Bearer x",
						.path = "/" };
	g_autoptr(GError) error = NULL;
	guint8 digest[32];
	bool is_signed;

	ck_assert_ptr_null(push_auth(&push, &shown, 0, digest, &is_signed, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
	ck_assert(g_str_has_prefix(error->message, "push: client ci: "));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("push_body");
	TCase *tests = tcase_create("push_body");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_refused, 0, G_N_ELEMENTS(refused));
	tcase_add_test(tests, test_deployment);
	tcase_add_test(tests, test_incident);
	tcase_add_loop_test(tests, test_service_event, 0, G_N_ELEMENTS(service_events));
	tcase_add_test(tests, test_artifact_event);
	tcase_add_test(tests, test_change_event);
	tcase_add_test(tests, test_alert);
	tcase_add_test(tests, test_where_an_incident_is);
	tcase_add_test(tests, test_reopened);
	tcase_add_loop_test(tests, test_story, 0, G_N_ELEMENTS(stories));
	tcase_add_loop_test(tests, test_door, 0, G_N_ELEMENTS(doors));
	tcase_add_test(tests, test_unreadable_secret);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
