/* What is found out about a channel without telling it anything, and a message that says
 * that it is a test. */
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "sinks/notifier_inside.h"

/* What a receiver that is reminded of alerts holds to fire for so long. */
#define TEST_LASTS (5 * G_TIME_SPAN_MINUTE)

bool notify_reach(struct notify_context *context, const char *url, const char *ca_file,
		  char **found, GError **error)
{
	const struct http_request request = {
		.url = url,
		.ca_file = ca_file,
		.cancellable = context->cancellable,
	};
	g_autofree char *origin = url_origin(url);

	if (!http_reach(context->http, &request, error))
		return false;
	*found = g_strdup_printf("%s is reached%s; what it answers is seen with the "
				 "first message",
				 origin ? strstr(origin, "://") + 3 : "",
				 g_str_has_prefix(url, "https:") ? ", its certificate "
								   "is trusted"
								 : "");
	return true;
}

bool notify_readable(const struct secret_ref *ref, GError **error)
{
	char *secret = ref ? secret_read(ref, error) : NULL;
	bool good = !ref || secret;

	secret_free(secret);
	return good;
}

/* ---- a test ---- */

static struct alert_row test_row(const struct config_channel *channel, gint64 now)
{
	return (struct alert_row){
		.kind = WATCH_SELF,
		.direction = SHIFT_WORSE,
		.name = channel->name,
		.metric = (char *)"channel_test",
		.environment = (char *)"",
		.state = (char *)"firing",
		.onset = now,
		.first_seen = now,
		.fired_at = now,
		/* There nothing else would end it soon. */
		.ended_at = channel->kind == CHANNEL_ALERTMANAGER ? now + TEST_LASTS
								  : INSTANT_NONE,
		.time_zone = (char *)"UTC",
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
}

static bool send(const struct config_channel *channel, struct alert_row *row,
		 enum watch_event event, struct notify_context *context, GError **error)
{
	const bool ended = event != WATCH_FIRED;
	struct outbox_event happening = { 0, event, context->now };
	struct outbox_message message = {
		.channel = channel->name,
		.origin = (char *)"test",
		.group_id = context->now / G_USEC_PER_SEC,
		.version = ended ? 2 : 1,
		.update = ended,
		.ended = ended,
		.events = g_array_new(FALSE, FALSE, sizeof(struct outbox_event)),
		.alerts = g_array_new(FALSE, FALSE, sizeof(struct alert_row)),
	};
	bool good;

	g_array_append_val(message.events, happening);
	g_array_append_val(message.alerts, *row);
	good = notifiers[channel->kind]->send(channel, &message, context, error);
	g_array_unref(message.events);
	g_array_unref(message.alerts);
	return good;
}

/* An incident that was opened is closed at once. */
static bool end(const struct config_channel *channel, struct alert_row *row,
		struct notify_context *context, GError **error)
{
	row->state = (char *)"resolved";
	row->ended_at = context->now;
	if (send(channel, row, WATCH_RESOLVED, context, error))
		return true;
	g_prefix_error(error, "it was taken, but stays open: ");
	return false;
}

bool notifier_test(const struct config_channel *channel, struct notify_context *context,
		   GError **error)
{
	const struct config_alerts *whole = context->alerts;
	struct config_alerts plain = *whole;
	struct alert_row row = test_row(channel, context->now);
	bool good;

	/* It is of no series that there could be a page of. */
	plain.link = NULL;
	context->alerts = &plain;
	good = send(channel, &row, WATCH_FIRED, context, error) &&
	       (channel->kind != CHANNEL_PAGERDUTY || end(channel, &row, context, error));
	context->alerts = whole;
	return good;
}
