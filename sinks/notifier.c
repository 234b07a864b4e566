#include "sinks/notifier.h"

#include "sinks/alert_words.h"
#include "sinks/notifier_inside.h"

/* ---- journal ---- */

/* One line: the fields of the log have the rest. */
static char *journal_line(const struct outbox_message *message)
{
	_cleanup_(alert_news_clear) struct alert_news news;
	GString *out = g_string_new(NULL);

	alert_news_init(&news, message);
	for (guint i = 0; i < MIN(news.fresh->len, ALERTS_TOLD); i++) {
		const struct alert_row *row = g_ptr_array_index(news.fresh, i);
		g_autofree char *sentence = alert_sentence(row,
							   alert_got_worse(message, row));

		g_string_append_printf(out, "%s%s", i ? " " : "", sentence);
	}
	if (news.fresh->len > ALERTS_TOLD)
		g_string_append_printf(out, " And %u more.",
				       news.fresh->len - ALERTS_TOLD);
	return g_string_free(out, FALSE);
}

static bool send_journal(const struct config_channel *channel,
			 const struct outbox_message *message,
			 struct notify_context *context, GError **error)
{
	g_autofree char *line = journal_line(message);

	(void)channel;
	(void)error;
	context->retry_after = 0;
	context->journal(message, line, context->user);
	return true;
}

static const struct notifier notifier_journal = {
	.kind = CHANNEL_JOURNAL,
	.summary = "the log of the daemon",
	.send = send_journal,
};

static const struct notifier notifier_notify = {
	.kind = CHANNEL_NOTIFY,
	.summary = "PostgreSQL's NOTIFY, when the transaction commits",
};

/* ---- all ---- */

const struct notifier *const notifiers[N_CHANNEL_KINDS] = {
	[CHANNEL_ALERTMANAGER] = &notifier_alertmanager,
	[CHANNEL_WEBHOOK] = &notifier_webhook,
	[CHANNEL_SLACK] = &notifier_slack,
	[CHANNEL_TEAMS] = &notifier_teams,
	[CHANNEL_PAGERDUTY] = &notifier_pagerduty,
	[CHANNEL_EMAIL] = &notifier_email,
	[CHANNEL_NOTIFY] = &notifier_notify,
	[CHANNEL_JOURNAL] = &notifier_journal,
};

char *notifier_body(const struct config_channel *channel,
		    const struct outbox_message *message, const char *link, gint64 now)
{
	g_autoptr(GPtrArray) rows = NULL;

	switch (channel->kind) {
	case CHANNEL_ALERTMANAGER:
		rows = alertmanager_rows(message);
		return alertmanager_body(rows, 0, rows->len, link, now);
	case CHANNEL_SLACK:
		return slack_body(message, link);
	case CHANNEL_TEAMS:
		return teams_body(message, link);
	case CHANNEL_PAGERDUTY:
		return pagerduty_body(message, link, "(routing key)");
	case CHANNEL_EMAIL:
		return email_message(channel, message, link, now, NULL);
	case CHANNEL_JOURNAL:
		return journal_line(message);
	case CHANNEL_WEBHOOK:
	case CHANNEL_NOTIFY:
	case N_CHANNEL_KINDS:
	default:
		return alert_message_json(message, link);
	}
}

GTimeSpan notifier_backoff(guint failures, bool transient, const char *key)
{
	GTimeSpan first = transient ? 30 * G_TIME_SPAN_SECOND : 15 * G_TIME_SPAN_MINUTE;
	GTimeSpan most = transient ? G_TIME_SPAN_HOUR : 6 * G_TIME_SPAN_HOUR;
	/* Doubled 16 times either is over its most. */
	GTimeSpan wait = MIN(first << MIN(MAX(failures, 1) - 1, 16u), most);

	return wait - wait / 5 * (g_str_hash(key) % 1000) / 999;
}
