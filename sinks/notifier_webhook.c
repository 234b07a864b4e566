#include <string.h>

#include "base/hmac.h"
#include "sinks/notifier_inside.h"

struct signing {
	char *timestamp, *signature;
};

static void signing_clear(struct signing *signing)
{
	g_free(signing->timestamp);
	g_free(signing->signature);
}

/* HMAC of "timestamp.body". */
static bool sign(const struct config_channel_http *http, const char *body, gint64 now,
		 struct signing *signing, GError **error)
{
	char *secret;

	signing->timestamp = g_strdup_printf("%" G_GINT64_FORMAT, now / G_USEC_PER_SEC);
	if (!http->secret)
		return true;
	secret = secret_read(http->secret, error);
	if (!secret)
		return false;
	const struct hmac_piece pieces[] = {
		{ signing->timestamp, strlen(signing->timestamp) },
		{ ".", 1 },
		{ body, strlen(body) },
	};
	signing->signature = hmac_signature(secret, pieces, G_N_ELEMENTS(pieces));
	secret_free(secret);
	return true;
}

static bool post_body(const struct config_channel_http *http, const char *body,
		      const char *delivery, struct notify_context *context,
		      GError **error)
{
	_cleanup_(signing_clear) struct signing signing = { 0 };
	struct http_header headers[4];
	gsize n = 0;
	const char *token;
	char *value;
	bool good;

	context->retry_after = 0;
	if (!sign(http, body, context->now, &signing, error) ||
	    !notify_credential(http, &headers[3], &value, &token, error))
		return false;
	headers[n++] = (struct http_header){ "X-Dorad-Timestamp", signing.timestamp };
	headers[n++] = (struct http_header){ "X-Dorad-Delivery", delivery };
	if (signing.signature)
		headers[n++] = (struct http_header){ "X-Dorad-Signature",
						     signing.signature };
	if (value)
		headers[n++] = headers[3];
	const struct notify_post post = {
		.url = http->url,
		.ca_file = http->ca_file,
		.headers = headers,
		.n_headers = n,
		.body = body,
		.secrets = { token },
	};
	good = notify_post(context, &post, error);
	secret_free(value);
	return good;
}

static bool send_message(const struct config_channel *channel,
			 const struct outbox_message *message,
			 struct notify_context *context, GError **error)
{
	g_autofree char *body = alert_message_json(message, context->alerts->link);
	g_autofree char *delivery = notify_delivery(message);

	return post_body(channel->webhook, body, delivery, context, error);
}

static bool examine(const struct config_channel *channel, struct notify_context *context,
		    char **found, GError **error)
{
	const struct config_channel_http *http = channel->webhook;

	return notify_readable(http->secret, error) &&
	       notify_readable(http->token, error) &&
	       notify_reach(context, http->url, http->ca_file, found, error);
}

const struct notifier notifier_webhook = {
	.kind = CHANNEL_WEBHOOK,
	.summary = "a POST of JSON to any url, signed if there is a secret",
	.send = send_message,
	.examine = examine,
};
