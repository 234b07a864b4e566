#include <string.h>

#include "sinks/alert_words.h"
#include "sinks/notifier_inside.h"

#define URL "https://events.pagerduty.com/v2/enqueue"
/* PagerDuty's limits: of a summary in characters, of an event in bytes. */
#define SUMMARY_CHARS 1024
#define EVENT_BYTES (500u << 10)
#define LINKS 20

static bool is_firing(const struct outbox_message *message, gint64 alert_id)
{
	for (guint i = 0; i < message->alerts->len; i++) {
		const struct alert_row *row = &g_array_index(message->alerts,
							     struct alert_row, i);

		if (row->alert_id == alert_id && alert_is_firing(row))
			return true;
	}
	return false;
}

/* A trigger wakes people, and opens again what they have closed: only for what got worse
 * and still is. Resolved when nothing of the group fires any longer. NULL: nothing. */
static const char *action_of(const struct outbox_message *message)
{
	if (message->ended)
		return "resolve";
	for (guint i = 0; i < message->events->len; i++) {
		const struct outbox_event *event = &g_array_index(message->events,
								  struct outbox_event, i);

		if ((event->event == WATCH_FIRED || event->event == WATCH_WORSENED) &&
		    is_firing(message, event->alert_id))
			return "trigger";
	}
	return NULL;
}

/* Sentences of those that fire, or of those that ended. */
static void put_told(cJSON *details, const char *key, const char *key_n,
		     const struct outbox_message *message, bool firing)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *number = NULL;
	guint n = 0;

	for (guint i = 0; i < message->alerts->len; i++) {
		const struct alert_row *row = &g_array_index(message->alerts,
							     struct alert_row, i);
		g_autofree char *sentence = NULL;

		if (alert_is_firing(row) != firing || alert_is_hidden(message, row) ||
		    ++n > ALERTS_TOLD)
			continue;
		sentence = alert_sentence(row, alert_got_worse(message, row));
		g_string_append_printf(text, "%s%s", n > 1 ? "\n\n" : "", sentence);
	}
	if (n > ALERTS_TOLD)
		g_string_append_printf(text, "\n\nAnd %u more.", n - ALERTS_TOLD);
	cJSON_AddStringToObject(details, key, text->str);
	number = g_strdup_printf("%u", n);
	cJSON_AddStringToObject(details, key_n, number);
}

static cJSON *details_of(const struct outbox_message *message, const char *link,
			 bool whole)
{
	cJSON *details = cJSON_CreateObject();
	_cleanup_(alert_news_clear) struct alert_news news = { 0 };

	put_told(details, "firing", "num_firing", message, true);
	put_told(details, "resolved", "num_resolved", message, false);
	if (!whole)
		return details;
	alert_news_init(&news, message);
	alert_trees(cJSON_AddArrayToObject(details, "alerts"), 0, message, news.fresh,
		    link);
	return details;
}

static void put_payload(cJSON *event, const struct outbox_message *message,
			const char *link, bool whole)
{
	cJSON *payload = cJSON_AddObjectToObject(event, "payload");
	_cleanup_(alert_news_clear) struct alert_news news;
	g_autofree char *title = alert_title(message);
	g_autofree char *summary = alert_clean(title, SUMMARY_CHARS);
	const struct alert_row *first;
	g_autofree char *scope = NULL;
	g_autofree char *time = NULL;

	alert_news_init(&news, message);
	notify_put(payload, "summary", *summary ? summary : "dorad");
	if (news.fresh->len > 0) {
		first = g_ptr_array_index(news.fresh, 0);
		scope = alert_scope(first);
		time = first->fired_at == INSTANT_NONE ? NULL
						       : instant_format(first->fired_at);
		notify_put(payload, "component", first->service ? first->service : scope);
		notify_put(payload, "group", first->team ? first->team : first->org);
		notify_put(payload, "class", first->metric);
		notify_put(payload, "timestamp", time);
	}
	notify_put(payload, "source", scope && *scope ? scope : "dorad");
	notify_put(payload, "severity", notify_severity(message));
	cJSON_AddItemToObject(payload, "custom_details",
			      details_of(message, link, whole));
}

static void put_links(cJSON *event, const struct outbox_message *message,
		      const char *link)
{
	_cleanup_(alert_news_clear) struct alert_news news;
	cJSON *links;

	alert_news_init(&news, message);
	if (!link || news.fresh->len == 0)
		return;
	links = cJSON_AddArrayToObject(event, "links");
	for (guint i = 0; i < MIN(news.fresh->len, LINKS); i++) {
		const struct alert_row *row = g_ptr_array_index(news.fresh, i);
		g_autofree char *url = alert_link(link, row);
		g_autofree char *headline = alert_headline(row,
							   alert_got_worse(message, row));
		g_autofree char *text = alert_clean(headline, TITLE_CHARS);
		cJSON *at = cJSON_CreateObject();

		cJSON_AddItemToArray(links, at);
		notify_put(at, "href", url);
		notify_put(at, "text", text);
		if (i == 0)
			notify_put(event, "client_url", url);
	}
}

static char *event_of(const struct outbox_message *message, const char *link,
		      const char *key, bool whole)
{
	cJSON *event = cJSON_CreateObject();
	g_autofree char *dedup = alert_dedup_key(message);

	notify_put(event, "routing_key", key);
	notify_put(event, "event_action", action_of(message));
	notify_put(event, "dedup_key", dedup);
	put_payload(event, message, link, whole);
	notify_put(event, "client", "dorad");
	put_links(event, message, link);
	return notify_print(event);
}

char *pagerduty_body(const struct outbox_message *message, const char *link,
		     const char *key)
{
	char *body = action_of(message) ? event_of(message, link, key, true) : NULL;

	if (!body || strlen(body) <= EVENT_BYTES)
		return body;
	secret_free(body);
	return event_of(message, link, key, false);
}

static const char *url_of(const struct config_channel_pagerduty *pagerduty)
{
	return pagerduty->url ? pagerduty->url : URL;
}

static bool send_message(const struct config_channel *channel,
			 const struct outbox_message *message,
			 struct notify_context *context, GError **error)
{
	const struct config_channel_pagerduty *pagerduty = channel->pagerduty;
	char *key = secret_read(pagerduty->routing_key, error);
	char *body;
	bool good;

	context->retry_after = 0;
	if (!key)
		return false;
	body = pagerduty_body(message, context->alerts->link, key);
	if (!body) {
		secret_free(key);
		return true;
	}
	const struct notify_post post = {
		.url = url_of(pagerduty),
		.ca_file = pagerduty->ca_file,
		.body = body,
		.secrets = { key },
	};
	good = notify_post(context, &post, error);
	secret_free(body);
	secret_free(key);
	return good;
}

static bool examine(const struct config_channel *channel, struct notify_context *context,
		    char **found, GError **error)
{
	const struct config_channel_pagerduty *pagerduty = channel->pagerduty;

	return notify_readable(pagerduty->routing_key, error) &&
	       notify_reach(context, url_of(pagerduty), pagerduty->ca_file, found, error);
}

const struct notifier notifier_pagerduty = {
	.kind = CHANNEL_PAGERDUTY,
	.summary = "PagerDuty, by its Events API v2: an incident for each group",
	.send = send_message,
	.examine = examine,
};
