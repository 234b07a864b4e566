/* Bodies of every kind of channel, and how long it takes to ask again. */
#include <check.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/alerts/alert_sample.h"

#define LINK "https://bi.example.org/?t={team}&m={metric}"
#define NOW                                                                              \
	(G_GINT64_CONSTANT(1774700000) * G_USEC_PER_SEC) /* 28 March 2026 12:13:20Z      \
							  */

static char *addresses[] = { "a@example.org", "b@example.org" };
static struct config_channel_email email = {
	.server = "localhost",
	.from = "dorad@example.org",
	.to = addresses,
	.n_to = G_N_ELEMENTS(addresses),
};

static struct config_channel channel_of(enum config_channel_kind kind)
{
	return (struct config_channel){ .name = "team", .kind = kind, .email = &email };
}

static char *body_of(enum config_channel_kind kind, const char *sample)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		sample);
	struct config_channel channel = channel_of(kind);

	return notifier_body(&channel, message, LINK, NOW);
}

/* ---- members of bodies ---- */

static const struct {
	enum config_channel_kind kind;
	const char *sample, *path;
	const char *value; /* of a string; else as printed; NULL: there is none */
} members[] = {
	{ CHANNEL_ALERTMANAGER, "lead time fired", "/0/labels",
	  "{\"alertname\":\"DoradRegression\",\"kind\":\"regression\",\"metric\":"
	  "\"change_lead_time\",\"org\":\"acme\",\"team\":\"payments\",\"environment\":"
	  "\"production\",\"direction\":\"worse\",\"severity\":\"warning\",\"group\":"
	  "\"dorad-1a2b3c4d-12\"}" },
	{ CHANNEL_ALERTMANAGER, "lead time fired", "/0/annotations/summary",
	  "Lead time for changes, payments: 2.1× longer since about 3 March" },
	{ CHANNEL_ALERTMANAGER, "lead time fired", "/0/startsAt",
	  "2026-03-27T23:00:00Z" },
	{ CHANNEL_ALERTMANAGER, "lead time fired", "/0/endsAt", "2026-03-31T12:13:20Z" },
	{ CHANNEL_ALERTMANAGER, "lead time resolved", "/0/endsAt",
	  "2026-04-04T22:00:00Z" },
	{ CHANNEL_ALERTMANAGER, "lead time fired", "/0/generatorURL",
	  "https://bi.example.org/?t=payments&m=change_lead_time" },
	{ CHANNEL_ALERTMANAGER, "lead time acknowledged", "/0/annotations/acknowledged",
	  "2026-04-04T22:00:00Z" },
	{ CHANNEL_ALERTMANAGER, "lead time acknowledged", "/0/annotations/muted", NULL },
	{ CHANNEL_ALERTMANAGER, "guardrail fired", "/0/labels/name", "failures" },
	{ CHANNEL_ALERTMANAGER, "guardrail fired", "/0/labels/alertname",
	  "DoradGuardrail" },
	{ CHANNEL_ALERTMANAGER, "guardrail fired", "/0/labels/severity", "critical" },
	{ CHANNEL_ALERTMANAGER, "source denied", "/0/labels/alertname", "DoradSelf" },
	{ CHANNEL_ALERTMANAGER, "source denied", "/0/labels/team", NULL },
	{ CHANNEL_ALERTMANAGER, "one of two resolved", "/1/labels/metric",
	  "change_fail_rate" },
	{ CHANNEL_ALERTMANAGER, "twenty-five fired", "/24/labels/group",
	  "dorad-1a2b3c4d-12" },

	{ CHANNEL_WEBHOOK, "lead time fired", "/group", "dorad-1a2b3c4d-12" },
	{ CHANNEL_WEBHOOK, "lead time fired", "/sequence", "345" },
	{ CHANNEL_WEBHOOK, "lead time fired", "/status", "firing" },
	{ CHANNEL_WEBHOOK, "lead time fired", "/update", "false" },
	{ CHANNEL_WEBHOOK, "lead time fired", "/events",
	  "[{\"alert\":41,\"event\":\"fired\",\"at\":\"2026-03-27T23:00:00Z\"}]" },
	{ CHANNEL_WEBHOOK, "lead time fired", "/alerts/0/link",
	  "https://bi.example.org/?t=payments&m=change_lead_time" },
	{ CHANNEL_WEBHOOK, "lead time worsened", "/events/0/event", "worsened" },
	{ CHANNEL_WEBHOOK, "lead time worsened", "/alerts/0/worsened", "true" },
	{ CHANNEL_WEBHOOK, "lead time resolved", "/status", "ended" },
	{ CHANNEL_WEBHOOK, "lead time accepted", "/alerts/0/state", "accepted" },
	{ CHANNEL_WEBHOOK, "lead time withdrawn", "/alerts/0/state", "withdrawn" },
	{ CHANNEL_WEBHOOK, "one of two resolved", "/status", "firing" },
	{ CHANNEL_WEBHOOK, "one of two resolved", "/alerts/1/state", "firing" },

	{ CHANNEL_SLACK, "lead time fired", "/attachments/0/color", "danger" },
	{ CHANNEL_SLACK, "lead time fired", "/attachments/0/title",
	  "Lead time for changes, payments: 2.1× longer since about 3 March" },
	{ CHANNEL_SLACK, "lead time fired", "/attachments/0/fallback",
	  "Lead time for changes, payments: 2.1× longer since about 3 March" },
	{ CHANNEL_SLACK, "lead time fired", "/attachments/0/title_link",
	  "https://bi.example.org/?t=payments&m=change_lead_time" },
	{ CHANNEL_SLACK, "lead time fired", "/attachments/0/mrkdwn_in",
	  "[\"fallback\",\"pretext\",\"text\"]" },
	{ CHANNEL_SLACK, "lead time worsened", "/attachments/0/color", "danger" },
	{ CHANNEL_SLACK, "lead time resolved", "/attachments/0/color", "good" },
	{ CHANNEL_SLACK, "lead time accepted", "/attachments/0/color", "good" },
	{ CHANNEL_SLACK, "lead time withdrawn", "/attachments/0/color", "good" },
	{ CHANNEL_SLACK, "one of two resolved", "/attachments/0/color", "danger" },
	{ CHANNEL_SLACK, "nasty names", "/attachments/0/title",
	  "Lead time for changes, &lt;a&amp;b&gt; \"ü\"  Subject: x � .: 2.1× longer "
	  "since about 3 March" },

	{ CHANNEL_TEAMS, "lead time fired", "/type", "message" },
	{ CHANNEL_TEAMS, "lead time fired", "/attachments/0/contentType",
	  "application/vnd.microsoft.card.adaptive" },
	{ CHANNEL_TEAMS, "lead time fired", "/attachments/0/content/type",
	  "AdaptiveCard" },
	{ CHANNEL_TEAMS, "lead time fired", "/attachments/0/content/body/0/inlines/0",
	  "{\"type\":\"TextRun\",\"text\":\"Lead time for changes, payments: 2.1× longer "
	  "since about 3 March\",\"weight\":\"Bolder\",\"size\":\"Medium\",\"color\":"
	  "\"Attention\"}" },
	{ CHANNEL_TEAMS, "lead time fired", "/attachments/0/content/actions/0/url",
	  "https://bi.example.org/?t=payments&m=change_lead_time" },
	{ CHANNEL_TEAMS, "lead time resolved",
	  "/attachments/0/content/body/0/inlines/0/color", "Good" },
	{ CHANNEL_TEAMS, "guardrail fired", "/attachments/0/content/body/1",
	  "{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\",\"text\":"
	  "\"Guardrail failures, payments: change fail rate 18.4 % since 3 March, at "
	  "most "
	  "15 % allowed. Over 28 days, n = 76.\"}]}" },
	{ CHANNEL_TEAMS, "guardrail fired", "/attachments/0/content/body/2",
	  "{\"type\":\"RichTextBlock\",\"spacing\":\"None\",\"inlines\":[{\"type\":"
	  "\"TextRun\",\"text\":\"More: dorad alerts show 41\"}]}" },
	{ CHANNEL_TEAMS, "two fired", "/attachments/0/content/body/3/spacing", NULL },
	{ CHANNEL_TEAMS, "two fired", "/attachments/0/content/body/4/spacing", "None" },
	{ CHANNEL_TEAMS, "guardrail fired", "/attachments/0/content/actions/0/title",
	  "failures" },

	{ CHANNEL_PAGERDUTY, "lead time fired", "/routing_key", "(routing key)" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/event_action", "trigger" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/dedup_key", "dorad-1a2b3c4d-12" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/payload/severity", "warning" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/payload/source", "payments" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/payload/group", "payments" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/payload/class", "change_lead_time" },
	{ CHANNEL_PAGERDUTY, "restore fired", "/payload/component", "billing-api" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/payload/custom_details/num_firing",
	  "1" },
	{ CHANNEL_PAGERDUTY, "lead time fired", "/links/0/href",
	  "https://bi.example.org/?t=payments&m=change_lead_time" },
	{ CHANNEL_PAGERDUTY, "lead time worsened", "/event_action", "trigger" },
	{ CHANNEL_PAGERDUTY, "lead time resolved", "/event_action", "resolve" },
	{ CHANNEL_PAGERDUTY, "lead time accepted", "/event_action", "resolve" },
	{ CHANNEL_PAGERDUTY, "lead time withdrawn", "/event_action", "resolve" },
	{ CHANNEL_PAGERDUTY, "lead time resolved", "/payload/custom_details/num_resolved",
	  "1" },
	{ CHANNEL_PAGERDUTY, "guardrail fired", "/payload/severity", "critical" },
	{ CHANNEL_PAGERDUTY, "source stale", "/payload/source", "github" },
};

START_TEST(bodies_have_their_members)
{
	g_autofree char *body = body_of(members[_i].kind, members[_i].sample);
	g_autoptr(GError) error = NULL;
	_cleanup_(cJSON_Deletep) cJSON *tree = json_parse(body, strlen(body), &error);
	const cJSON *at = json_at(tree, members[_i].path);
	char *printed = at ? cJSON_PrintUnformatted(at) : NULL;

	ck_assert_msg(tree, "%s", error ? error->message : "");
	ck_assert_pstr_eq(cJSON_IsString(at) ? at->valuestring : printed,
			  members[_i].value);
	cJSON_free(printed);
}
END_TEST

static const struct {
	enum config_channel_kind kind;
	char fill; /* what names are full of */
	gsize bytes;
} limits[] = {
	{ CHANNEL_SLACK, '&', 8000 },	       { CHANNEL_SLACK, '"', 8000 },
	{ CHANNEL_TEAMS, '&', 28 << 10 },      { CHANNEL_TEAMS, '"', 28 << 10 },
	{ CHANNEL_PAGERDUTY, '&', 512 << 10 }, { CHANNEL_PAGERDUTY, '"', 512 << 10 },
};

/* As long as names can make it. */
START_TEST(bodies_keep_to_limits)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"twenty-five fired");
	struct config_channel channel = channel_of(limits[_i].kind);
	g_autofree char *name = g_strnfill(5000, limits[_i].fill);
	struct alert_part parts[] = { { name, 1, 2 }, { name, 1, 2 }, { name, 1, 2 } };
	g_autofree char *body = NULL;
	_cleanup_(cJSON_Deletep) cJSON *tree = NULL;

	for (guint i = 0; i < message->alerts->len; i++) {
		struct alert_row *row = &g_array_index(message->alerts, struct alert_row,
						       i);

		row->team = name;
		row->parts = parts;
		row->n_parts = G_N_ELEMENTS(parts);
	}
	body = notifier_body(&channel, message, NULL, NOW);
	ck_assert_uint_le(strlen(body), limits[_i].bytes);
	tree = json_parse(body, strlen(body), NULL);
	ck_assert_ptr_nonnull(tree);
}
END_TEST

/* A message of one that fires and is muted, beside one that was told of. */
START_TEST(what_is_muted_is_not_told)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"one of two resolved");
	struct config_channel channel = { .name = "team" };

	g_array_index(message->alerts, struct alert_row, 1).muted_until = NOW;
	for (int kind = 0; kind < N_CHANNEL_KINDS; kind++) {
		g_autofree char *body = NULL;

		channel = channel_of((enum config_channel_kind)kind);
		body = notifier_body(&channel, message, LINK, NOW);
		if (!body)
			continue; /* PagerDuty is told nothing of it at all */
		ck_assert_msg(!strstr(body, "change_fail_rate") &&
				      !strstr(body, "Change fail rate"),
			      "%s", body);
	}
}
END_TEST

/* Alertmanager is told of it all the same: what it no longer hears of ends there. */
START_TEST(mutes_are_annotations)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"lead time fired");
	struct config_channel channel = channel_of(CHANNEL_ALERTMANAGER);
	g_autofree char *body = NULL;
	_cleanup_(cJSON_Deletep) cJSON *tree = NULL;

	g_array_index(message->alerts, struct alert_row, 0).muted_until = NOW;
	body = notifier_body(&channel, message, LINK, NOW);
	tree = json_parse(body, strlen(body), NULL);
	ck_assert_str_eq(json_at(tree, "/0/annotations/muted")->valuestring,
			 "until 2026-03-28T12:13:20Z");
}
END_TEST

/* Where those of two databases meet. */
START_TEST(groups_of_databases_differ)
{
	static const enum config_channel_kind kinds[] = {
		CHANNEL_ALERTMANAGER,
		CHANNEL_WEBHOOK,
		CHANNEL_PAGERDUTY,
		CHANNEL_EMAIL,
	};
	static const struct {
		const char *origin, *key;
	} origins[] = { { "1a2b3c4d", "dorad-1a2b3c4d-12" },
			{ "00000000", "dorad-00000000-12" },
			{ NULL, "dorad-0-12" } };

	for (gsize i = 0; i < G_N_ELEMENTS(kinds) * G_N_ELEMENTS(origins); i++) {
		_cleanup_(alert_sample_freep) struct outbox_message *message =
			alert_sample("lead time fired");
		struct config_channel channel = channel_of(
			kinds[i / G_N_ELEMENTS(origins)]);
		gsize which = i % G_N_ELEMENTS(origins);
		g_autofree char *body = NULL;

		message->origin = (char *)origins[which].origin;
		g_array_index(message->alerts, struct alert_row, 0).origin =
			message->origin;
		body = notifier_body(&channel, message, LINK, NOW);
		ck_assert_msg(strstr(body, origins[which].key), "%s", body);
	}
}
END_TEST

/* Whatever a sample says, each of its lines is a block. */
START_TEST(teams_has_no_lines_in_lines)
{
	g_autofree char *body = body_of(CHANNEL_TEAMS, alert_samples[_i]);
	_cleanup_(cJSON_Deletep) cJSON *tree = json_parse(body, strlen(body), NULL);
	const cJSON *block;

	cJSON_ArrayForEach(block, json_at(tree, "/attachments/0/content/body"))
	{
		const char *text = json_at(block, "/inlines/0/text")->valuestring;

		ck_assert_msg(*text && !strpbrk(text, "\r\n"), "%s", text);
	}
}
END_TEST

/* ---- whom PagerDuty wakes ---- */

static const struct {
	const char *sample;
	struct {
		gint64 alert_id;
		enum watch_event event;
	} news[2]; /* instead of those of the sample */
	guint n;
	const char *action; /* NULL: nothing is sent */
} wakes[] = {
	{ "two fired", { { 41, WATCH_FIRED }, { 42, WATCH_FIRED } }, 2, "trigger" },
	{ "two fired", { { 42, WATCH_FIRED } }, 1, "trigger" },
	{ "two fired", { { 41, WATCH_WORSENED } }, 1, "trigger" },
	/* One ended while the other fires: nobody is woken for a recovery. */
	{ "one of two resolved", { { 41, WATCH_RESOLVED } }, 1, NULL },
	{ "one of two resolved", { { 41, WATCH_WITHDRAWN } }, 1, NULL },
	{ "one of two resolved",
	  { { 41, WATCH_FIRED }, { 41, WATCH_RESOLVED } },
	  2,
	  NULL },
	{ "one of two resolved",
	  { { 41, WATCH_RESOLVED }, { 42, WATCH_FIRED } },
	  2,
	  "trigger" },
	{ "one of two resolved",
	  { { 42, WATCH_WORSENED }, { 41, WATCH_RESOLVED } },
	  2,
	  "trigger" },
	/* Begun and ended before it could be delivered. */
	{ "lead time resolved",
	  { { 41, WATCH_FIRED }, { 41, WATCH_RESOLVED } },
	  2,
	  "resolve" },
	{ "lead time acknowledged", { { 0, 0 } }, 0, NULL },
};

START_TEST(wakes_only_for_what_gets_worse)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		wakes[_i].sample);
	struct config_channel channel = channel_of(CHANNEL_PAGERDUTY);
	g_autofree char *body = NULL;
	_cleanup_(cJSON_Deletep) cJSON *tree = NULL;

	g_array_set_size(message->events, 0);
	for (guint i = 0; i < wakes[_i].n; i++) {
		struct outbox_event event = {
			.alert_id = wakes[_i].news[i].alert_id,
			.event = wakes[_i].news[i].event,
			.at = NOW,
		};

		g_array_append_val(message->events, event);
	}
	body = notifier_body(&channel, message, LINK, NOW);
	tree = body ? json_parse(body, strlen(body), NULL) : NULL;
	ck_assert_pstr_eq(tree ? json_at(tree, "/event_action")->valuestring : NULL,
			  wakes[_i].action);
}
END_TEST

/* ---- the rest ---- */

static const struct {
	guint failures;
	bool transient;
	gint64 seconds;
} waits[] = {
	{ 0, true, 30 },
	{ 1, true, 30 },
	{ 2, true, 60 },
	{ 3, true, 120 },
	{ 7, true, 1920 },
	{ 8, true, 3600 },
	{ 9, true, 3600 },
	{ G_MAXUINT, true, 3600 },
	{ 1, false, 900 },
	{ 2, false, 1800 },
	{ 5, false, 14400 },
	{ 6, false, 21600 },
	{ G_MAXUINT, false, 21600 },
};

START_TEST(waits_get_longer)
{
	static const char *const keys[] = { "a", "b", "dorad-1", "dorad-2", "dorad-3" };
	GTimeSpan most = waits[_i].seconds * G_TIME_SPAN_SECOND, first = 0;
	bool differ = false;

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		GTimeSpan wait = notifier_backoff(waits[_i].failures, waits[_i].transient,
						  keys[i]);

		ck_assert_int_ge(wait, most - most / 5);
		ck_assert_int_le(wait, most);
		ck_assert_int_eq(wait, notifier_backoff(waits[_i].failures,
							waits[_i].transient, keys[i]));
		differ = differ || (i > 0 && wait != first);
		first = wait;
	}
	ck_assert(differ);
}
END_TEST

static void keep_line(const struct outbox_message *message, const char *text, void *user)
{
	ck_assert_int_eq(message->group_id, 12);
	*(char **)user = g_strdup(text);
}

START_TEST(journal_has_a_line)
{
	_cleanup_(alert_sample_freep) struct outbox_message *message = alert_sample(
		"two fired");
	const struct config_channel channel = { .name = "log", .kind = CHANNEL_JOURNAL };
	g_autofree char *line = NULL;
	struct notify_context context = { .journal = keep_line, .user = &line };

	ck_assert(notifiers[CHANNEL_JOURNAL]->send(&channel, message, &context, NULL));
	ck_assert(g_str_has_prefix(line, "Lead time for changes, payments: "));
	ck_assert(strstr(line, " Change fail rate, payments: 2.3× higher"));
	ck_assert(!strchr(line, '\n'));
}
END_TEST

START_TEST(every_kind_has_a_notifier)
{
	for (int kind = 0; kind < N_CHANNEL_KINDS; kind++) {
		ck_assert_int_eq((int)notifiers[kind]->kind, kind);
		ck_assert(notifiers[kind]->summary);
		ck_assert_int_eq(notifiers[kind]->send == NULL, kind == CHANNEL_NOTIFY);
		ck_assert_int_eq(notifiers[kind]->remind != NULL,
				 kind == CHANNEL_ALERTMANAGER);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notifier");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, bodies_have_their_members, 0, G_N_ELEMENTS(members));
	tcase_add_loop_test(tests, bodies_keep_to_limits, 0, G_N_ELEMENTS(limits));
	tcase_add_loop_test(tests, teams_has_no_lines_in_lines, 0,
			    (int)g_strv_length((char **)(gpointer)alert_samples));
	tcase_add_test(tests, what_is_muted_is_not_told);
	tcase_add_test(tests, mutes_are_annotations);
	tcase_add_test(tests, groups_of_databases_differ);
	tcase_add_loop_test(tests, wakes_only_for_what_gets_worse, 0,
			    G_N_ELEMENTS(wakes));
	tcase_add_loop_test(tests, waits_get_longer, 0, G_N_ELEMENTS(waits));
	tcase_add_test(tests, journal_has_a_line);
	tcase_add_test(tests, every_kind_has_a_notifier);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
