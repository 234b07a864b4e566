#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sinks/alert_words.h"
#include "sinks/notifier_inside.h"

/* Alerts of one request. */
#define BATCH 64
#define STATUS_TIMEOUT (30 * G_TIME_SPAN_SECOND)
/* Its whole configuration is in it. */
#define STATUS_MAX (4u << 20)

/* What tells alerts apart there: without what changes while one lasts. */
static cJSON *labels_of(const struct alert_row *row)
{
	static const char *const names[] = {
		[WATCH_REGRESSION] = "DoradRegression",
		[WATCH_GUARDRAIL] = "DoradGuardrail",
		[WATCH_INCIDENT] = "DoradIncident",
		[WATCH_SELF] = "DoradSelf",
	};
	cJSON *labels = cJSON_CreateObject();
	g_autofree char *group = alert_group_key(row->origin, row->group_id);

	notify_put(labels, "alertname", names[row->kind]);
	notify_put(labels, "kind", watch_kind_name(row->kind));
	notify_put(labels, "name", row->name);
	notify_put(labels, "metric", row->metric);
	notify_put(labels, "org", row->org);
	notify_put(labels, "team", row->team);
	notify_put(labels, "service", row->service);
	notify_put(labels, "environment", row->environment);
	notify_put(labels, "direction", shift_direction_name(row->direction));
	notify_put(labels, "severity", alert_severity(row));
	notify_put(labels, "group", group);
	return labels;
}

static void put_instant(cJSON *object, const char *key, gint64 instant)
{
	g_autofree char *text = instant_format(instant);

	notify_put(object, key, text);
}

static void put_mute(cJSON *annotations, gint64 until)
{
	g_autofree char *instant = instant_format(until);
	g_autofree char *text = g_strconcat("until ", instant, NULL);

	notify_put(annotations, "muted", text);
}

static cJSON *alert_of(const struct alert_row *row, const char *link, gint64 now)
{
	cJSON *alert = cJSON_CreateObject();
	cJSON *annotations = cJSON_CreateObject();
	gint64 start = row->fired_at == INSTANT_NONE ? now : row->fired_at;
	gint64 end = row->ended_at == INSTANT_NONE ? now : row->ended_at;
	g_autofree char *headline = alert_headline(row, false);
	g_autofree char *summary = alert_clean(headline, TITLE_CHARS);
	g_autofree char *sentence = alert_sentence(row, false);
	g_autofree char *url = alert_link(link, row);

	cJSON_AddItemToObject(alert, "labels", labels_of(row));
	notify_put(annotations, "summary", summary);
	notify_put(annotations, "description", sentence);
	if (row->acked_at != INSTANT_NONE)
		put_instant(annotations, "acknowledged", row->acked_at);
	if (row->muted_until != INSTANT_NONE)
		put_mute(annotations, row->muted_until);
	cJSON_AddItemToObject(alert, "annotations", annotations);
	put_instant(alert, "startsAt", start);
	/* It refuses what ends before it starts. */
	put_instant(alert, "endsAt",
		    alert_is_firing(row) && row->ended_at == INSTANT_NONE
			    ? now + NOTIFY_FIRES_ON
			    : MAX(start, end));
	notify_put(alert, "generatorURL", url);
	return alert;
}

char *alertmanager_body(const GPtrArray *rows, guint from, guint n, const char *link,
			gint64 now)
{
	cJSON *alerts = cJSON_CreateArray();

	for (guint i = from; i < MIN(from + n, rows->len); i++)
		cJSON_AddItemToArray(alerts,
				     alert_of(g_ptr_array_index(rows, i), link, now));
	return notify_print(alerts);
}

/* path: "alerts". */
static char *url_of(const struct config_channel_http *http, const char *path)
{
	g_autofree char *base = g_strdup(http->url);
	gsize n = strlen(base);

	while (n > 0 && base[n - 1] == '/')
		base[--n] = '\0';
	return g_strconcat(base, "/api/v2/", path, NULL);
}

static bool post_rows(const struct config_channel *channel, const GPtrArray *rows,
		      struct notify_context *context, GError **error)
{
	const struct config_channel_http *http = channel->alertmanager;
	g_autofree char *url = url_of(http, "alerts");
	struct http_header header;
	const char *token;
	char *value;
	bool good = true;

	context->retry_after = 0;
	if (!notify_credential(http, &header, &value, &token, error))
		return false;
	for (guint i = 0; good && i < rows->len; i += BATCH) {
		g_autofree char *body = alertmanager_body(
			rows, i, BATCH, context->alerts->link, context->now);
		const struct notify_post post = {
			.url = url,
			.ca_file = http->ca_file,
			.headers = &header,
			.n_headers = value ? 1 : 0,
			.body = body,
			.secrets = { token },
		};

		good = notify_post(context, &post, error);
		context->unsure |= !good && i > 0;
	}
	secret_free(value);
	return good;
}

/* What is told twice changes nothing there. */
GPtrArray *alertmanager_rows(const struct outbox_message *message)
{
	GPtrArray *rows = g_ptr_array_new();

	for (guint i = 0; i < message->alerts->len; i++) {
		struct alert_row *row = &g_array_index(message->alerts, struct alert_row,
						       i);

		if (!alert_is_hidden(message, row))
			g_ptr_array_add(rows, row);
	}
	return rows;
}

static bool send_message(const struct config_channel *channel,
			 const struct outbox_message *message,
			 struct notify_context *context, GError **error)
{
	g_autoptr(GPtrArray) rows = alertmanager_rows(message);

	return post_rows(channel, rows, context, error);
}

static bool remind(const struct config_channel *channel, const GArray *rows,
		   struct notify_context *context, GError **error)
{
	g_autoptr(GPtrArray) each = g_ptr_array_new();

	for (guint i = 0; i < rows->len; i++)
		g_ptr_array_add(each, &g_array_index(rows, struct alert_row, i));
	return post_rows(channel, each, context, error);
}

/* What it says of itself, as the first thing that only an Alertmanager says. */
static bool read_status(const struct http_response *response,
			const struct notify_post *post, char **found, GError **error)
{
	g_autofree char *origin = url_origin(post->url);
	_cleanup_(cJSON_Deletep) cJSON *status = json_parse(
		(const char *)response->body->data, response->body->len, NULL);
	const char *version = json_text_at(status, "versionInfo/version");
	g_autofree char *clean = version ? alert_clean(version, 40) : NULL;
	const char *host = origin ? strstr(origin, "://") + 3 : "";

	if (!clean) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "%s: no answer of an Alertmanager", host);
		return false;
	}
	*found = g_strdup_printf("Alertmanager %s answers at %s", clean, host);
	return true;
}

static bool ask_status(const struct notify_post *post, struct notify_context *context,
		       char **found, GError **error)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	const struct http_request request = {
		.url = post->url,
		.headers = post->headers,
		.n_headers = post->n_headers,
		.ca_file = post->ca_file,
		.max_body = STATUS_MAX,
		.timeout = STATUS_TIMEOUT,
		.cancellable = context->cancellable,
	};

	return http_perform(context->http, &request, &response, error) &&
	       notify_judge(&response, post, error) &&
	       read_status(&response, post, found, error);
}

static bool examine(const struct config_channel *channel, struct notify_context *context,
		    char **found, GError **error)
{
	const struct config_channel_http *http = channel->alertmanager;
	g_autofree char *url = url_of(http, "status");
	struct http_header header;
	struct notify_post post = {
		.url = url,
		.ca_file = http->ca_file,
		.headers = &header,
	};
	char *value;
	bool good;

	if (!notify_credential(http, &header, &value, &post.secrets[0], error))
		return false;
	post.n_headers = value ? 1 : 0;
	good = ask_status(&post, context, found, error);
	secret_free(value);
	return good;
}

const struct notifier notifier_alertmanager = {
	.kind = CHANNEL_ALERTMANAGER,
	.summary = "Prometheus Alertmanager, by its API v2: an alert each, ended or not",
	.send = send_message,
	.remind = remind,
	.examine = examine,
};
