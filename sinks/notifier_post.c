#include <string.h>

#include "base/error.h"
#include "sinks/alert_words.h"
#include "sinks/notifier_inside.h"

#define TIMEOUT (30 * G_TIME_SPAN_SECOND)

static enum dora_error meaning(guint status)
{
	static const struct {
		guint status;
		enum dora_error error;
	} statuses[] = {
		{ 401, DORA_ERROR_DENIED }, { 403, DORA_ERROR_DENIED },
		{ 407, DORA_ERROR_CONFIG }, { 404, DORA_ERROR_CONFIG },
		{ 405, DORA_ERROR_CONFIG }, { 410, DORA_ERROR_CONFIG },
		{ 408, DORA_ERROR_RETRY },  { 425, DORA_ERROR_RETRY },
		{ 429, DORA_ERROR_RETRY },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].error;
	if (status >= 500)
		return DORA_ERROR_RETRY;
	return status < 400 ? DORA_ERROR_CONFIG : DORA_ERROR_DATA;
}

/* By the server's own clock, if it tells. */
static GTimeSpan retry_after(const struct http_response *response, gint64 now)
{
	if (response->status != 429 && response->status != 503)
		return 0;
	return http_retry_after(http_header(response, "retry-after"),
				http_answered(response, now), NOTIFY_LEAVE_MAX);
}

/* An answer that does not say that nothing was done. */
static bool may_be_done(guint status)
{
	return status >= 500 && status != 503;
}

bool notify_judge(const struct http_response *response, const struct notify_post *post,
		  GError **error)
{
	g_autofree char *origin = url_origin(post->url);
	const char *host = origin ? strstr(origin, "://") + 3 : "";
	g_autofree char *said = NULL;

	if (response->status >= 200 && response->status < 300)
		return true;
	said = notify_excerpt(post, (const char *)response->body->data,
			      response->body->len);
	g_set_error(error, DORA_ERROR, meaning(response->status), "%s: status %u%s%s",
		    host, response->status, *said ? ": " : "", said);
	return false;
}

bool notify_post(struct notify_context *context, const struct notify_post *post,
		 GError **error)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	g_autoptr(GArray) headers = g_array_new(FALSE, FALSE, sizeof(struct http_header));
	const struct http_header type = { "Content-Type", "application/json" };
	const struct http_request request = {
		.method = "POST",
		.url = post->url,
		.body = post->body,
		.body_size = strlen(post->body),
		.ca_file = post->ca_file,
		.timeout = TIMEOUT,
		.cancellable = context->cancellable,
	};
	struct http_request whole = request;

	context->retry_after = 0;
	g_array_append_val(headers, type);
	if (post->n_headers > 0)
		g_array_append_vals(headers, post->headers, (guint)post->n_headers);
	whole.headers = (const struct http_header *)(const void *)headers->data;
	whole.n_headers = headers->len;
	if (!http_perform(context->http, &whole, &response, error)) {
		context->unsure = http_sent(context->http);
		return false;
	}
	context->retry_after = retry_after(&response, context->now);
	context->unsure = may_be_done(response.status);
	return notify_judge(&response, post, error);
}

bool notify_post_secret(struct notify_context *context,
			const struct config_channel_http *http, const char *body,
			GError **error)
{
	char *url = secret_read(http->secret_url, error);
	const struct notify_post post = {
		.url = url,
		.secret_url = true,
		.ca_file = http->ca_file,
		.body = body,
	};
	bool good;

	context->retry_after = 0;
	good = url && notify_post(context, &post, error);
	secret_free(url);
	return good;
}

bool notify_reach_secret(struct notify_context *context,
			 const struct config_channel_http *http, char **found,
			 GError **error)
{
	char *url = secret_read(http->secret_url, error);
	bool good = url && notify_reach(context, url, http->ca_file, found, error);

	secret_free(url);
	return good;
}

bool notify_credential(const struct config_channel_http *http, struct http_header *header,
		       char **value, const char **token, GError **error)
{
	const char *prefix = "Bearer ";
	char *secret;

	*value = NULL;
	*token = NULL;
	header->name = "Authorization";
	if (!http->token)
		return true;
	secret = secret_read(http->token, error);
	if (!secret)
		return false;
	if (http->auth) {
		header->name = http->auth->header ? http->auth->header : "Authorization";
		prefix = http->auth->prefix ? http->auth->prefix : "";
	}
	*value = g_strconcat(prefix, secret, NULL);
	*token = *value + strlen(prefix);
	header->value = *value;
	secret_free(secret);
	return true;
}

char *notify_print(cJSON *document)
{
	char *printed = cJSON_PrintUnformatted(document);
	char *text = g_strdup(printed);

	/* It may hold a key. */
	explicit_bzero(printed, strlen(printed));
	cJSON_free(printed);
	cJSON_Delete(document);
	return text;
}

void notify_put(cJSON *object, const char *key, const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

	if (valid && *valid)
		cJSON_AddStringToObject(object, key, valid);
}

const char *notify_severity(const struct outbox_message *message)
{
	static const char *const order[] = { "critical", "warning", "info" };
	gsize worst = G_N_ELEMENTS(order) - 1;

	for (guint i = 0; message->alerts && i < message->alerts->len; i++) {
		const struct alert_row *row = &g_array_index(message->alerts,
							     struct alert_row, i);
		const char *severity = alert_severity(row);

		for (gsize j = 0; j < worst && !alert_is_hidden(message, row); j++)
			if (strcmp(severity, order[j]) == 0)
				worst = j;
	}
	return order[worst];
}

char *notify_delivery(const struct outbox_message *message)
{
	g_autofree char *key = alert_dedup_key(message);

	return g_strdup_printf("%s-%" G_GINT64_FORMAT, key, message->version);
}
