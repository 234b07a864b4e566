/* Slack and Microsoft Teams, by webhooks whose urls are secrets. */
#include <string.h>

#include "sinks/alert_words.h"
#include "sinks/notifier_inside.h"

/* Slack shows no more than 8,000 of an attachment, and folds it long before. */
#define SLACK_TEXT 3000
#define SLACK_TITLE 300
/* Teams refuses what is over 28 KB as a whole. */
#define TEAMS_TEXT 16000
#define TEAMS_BUTTONS 4

/* As Slack asks for: nothing that is left can be a link, a channel or a person. */
static char *slack_text(const char *text, gsize bytes)
{
	GString *out = g_string_new(NULL);

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		const char *entity = *p == '&'	 ? "&amp;"
				     : *p == '<' ? "&lt;"
				     : *p == '>' ? "&gt;"
						 : NULL;
		gsize n = entity ? strlen(entity) : (gsize)(g_utf8_next_char(p) - p);

		if (out->len + n + strlen("…") > bytes) {
			g_string_append(out, "…");
			break;
		}
		g_string_append_len(out, entity ? entity : p, (gssize)n);
	}
	return g_string_free(out, FALSE);
}

/* The link of the first alert that is new. */
static char *first_link(const struct outbox_message *message, const char *link)
{
	_cleanup_(alert_news_clear) struct alert_news news;

	alert_news_init(&news, message);
	return news.fresh->len > 0 ? alert_link(link, g_ptr_array_index(news.fresh, 0))
				   : NULL;
}

static bool all_is_well(const struct outbox_message *message)
{
	return message->ended || strcmp(notify_severity(message), "info") == 0;
}

char *slack_body(const struct outbox_message *message, const char *link)
{
	static const char *const formatted[] = { "fallback", "pretext", "text" };
	g_autofree char *title = alert_title(message);
	g_autofree char *paragraphs = alert_paragraphs(message, link);
	g_autofree char *safe_title = slack_text(title, SLACK_TITLE);
	g_autofree char *text = slack_text(paragraphs, SLACK_TEXT);
	g_autofree char *url = first_link(message, link);
	cJSON *body = cJSON_CreateObject();
	cJSON *attachments = cJSON_AddArrayToObject(body, "attachments");
	cJSON *attachment = cJSON_CreateObject();

	cJSON_AddItemToArray(attachments, attachment);
	notify_put(attachment, "title", safe_title);
	notify_put(attachment, "title_link", url);
	notify_put(attachment, "text", text);
	notify_put(attachment, "fallback", safe_title);
	notify_put(attachment, "color", all_is_well(message) ? "good" : "danger");
	cJSON_AddItemToObject(
		attachment, "mrkdwn_in",
		cJSON_CreateStringArray(formatted, G_N_ELEMENTS(formatted)));
	return notify_print(body);
}

/* ---- Teams ---- */

/* A line that is not looked at for Markdown. Line ends within one are not shown. */
static cJSON *add_line(cJSON *blocks, const char *text, bool begins)
{
	cJSON *block = cJSON_CreateObject();
	cJSON *inlines, *run = cJSON_CreateObject();

	cJSON_AddItemToArray(blocks, block);
	cJSON_AddStringToObject(block, "type", "RichTextBlock");
	if (!begins)
		cJSON_AddStringToObject(block, "spacing", "None");
	inlines = cJSON_AddArrayToObject(block, "inlines");
	cJSON_AddItemToArray(inlines, run);
	cJSON_AddStringToObject(run, "type", "TextRun");
	cJSON_AddStringToObject(run, "text", text);
	return run;
}

static void add_blocks(cJSON *card, const struct outbox_message *message)
{
	cJSON *blocks = cJSON_AddArrayToObject(card, "body");
	g_autofree char *title = alert_title(message);
	g_autofree char *paragraphs = alert_paragraphs(message, NULL);
	g_autoptr(GString) text = g_string_new(paragraphs);
	g_auto(GStrv) lines = NULL;
	cJSON *run = add_line(blocks, title, true);

	cJSON_AddStringToObject(run, "weight", "Bolder");
	cJSON_AddStringToObject(run, "size", "Medium");
	cJSON_AddStringToObject(run, "color",
				all_is_well(message) ? "Good" : "Attention");
	alert_cut(text, TEAMS_TEXT);
	lines = g_strsplit(text->str, "\n", -1);
	/* An empty line is between paragraphs. */
	for (gsize i = 0; lines[i]; i++)
		if (*lines[i])
			add_line(blocks, lines[i], i == 0 || *lines[i - 1] == '\0');
}

static void add_buttons(cJSON *card, const struct outbox_message *message,
			const char *link)
{
	_cleanup_(alert_news_clear) struct alert_news news;
	cJSON *actions;

	alert_news_init(&news, message);
	if (!link || news.fresh->len == 0)
		return;
	actions = cJSON_AddArrayToObject(card, "actions");
	for (guint i = 0; i < MIN(news.fresh->len, TEAMS_BUTTONS); i++) {
		const struct alert_row *row = g_ptr_array_index(news.fresh, i);
		g_autofree char *url = alert_link(link, row);
		g_autofree char *label = row->kind == WATCH_REGRESSION
						 ? alert_metric_label(row->metric, false)
						 : alert_clean(row->name, 60);
		cJSON *action = cJSON_CreateObject();

		cJSON_AddItemToArray(actions, action);
		cJSON_AddStringToObject(action, "type", "Action.OpenUrl");
		cJSON_AddStringToObject(action, "title", *label ? label : "More");
		cJSON_AddStringToObject(action, "url", url);
	}
}

char *teams_body(const struct outbox_message *message, const char *link)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *attachments, *attachment, *card, *teams;

	cJSON_AddStringToObject(body, "type", "message");
	attachments = cJSON_AddArrayToObject(body, "attachments");
	attachment = cJSON_CreateObject();
	cJSON_AddItemToArray(attachments, attachment);
	cJSON_AddStringToObject(attachment, "contentType",
				"application/vnd.microsoft.card.adaptive");
	cJSON_AddNullToObject(attachment, "contentUrl");
	card = cJSON_AddObjectToObject(attachment, "content");
	cJSON_AddStringToObject(card, "$schema",
				"http://adaptivecards.io/schemas/adaptive-card.json");
	cJSON_AddStringToObject(card, "type", "AdaptiveCard");
	cJSON_AddStringToObject(card, "version", "1.4");
	add_blocks(card, message);
	add_buttons(card, message, link);
	teams = cJSON_AddObjectToObject(card, "msteams");
	cJSON_AddStringToObject(teams, "width", "Full");
	return notify_print(body);
}

/* ---- sending ---- */

static bool send_slack(const struct config_channel *channel,
		       const struct outbox_message *message,
		       struct notify_context *context, GError **error)
{
	g_autofree char *body = slack_body(message, context->alerts->link);

	return notify_post_secret(context, channel->slack, body, error);
}

static bool send_teams(const struct config_channel *channel,
		       const struct outbox_message *message,
		       struct notify_context *context, GError **error)
{
	g_autofree char *body = teams_body(message, context->alerts->link);

	return notify_post_secret(context, channel->teams, body, error);
}

static bool examine_slack(const struct config_channel *channel,
			  struct notify_context *context, char **found, GError **error)
{
	return notify_reach_secret(context, channel->slack, found, error);
}

static bool examine_teams(const struct config_channel *channel,
			  struct notify_context *context, char **found, GError **error)
{
	return notify_reach_secret(context, channel->teams, found, error);
}

const struct notifier notifier_slack = {
	.kind = CHANNEL_SLACK,
	.summary = "a channel of Slack, or of what reads its incoming webhooks",
	.send = send_slack,
	.examine = examine_slack,
};

const struct notifier notifier_teams = {
	.kind = CHANNEL_TEAMS,
	.summary = "a channel of Microsoft Teams, by a webhook of Workflows",
	.send = send_teams,
	.examine = examine_teams,
};
