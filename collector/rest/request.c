#include "collector/rest/request.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"

/* A wait that a poll can afford, so that a short limit does not end it. */
#define WAIT_MAX (60 * G_TIME_SPAN_SECOND)
#define N_ATTEMPTS 4
#define MESSAGE_MAX 200

void client_init(struct client *client, const struct rest_source *source,
		 struct rest_result *result)
{
	*client = (struct client){ .source = source, .result = result };
	client->auth = auth_new(source->driver, source->api, source->transport,
				source->tokens);
}

void client_clear(struct client *client)
{
	auth_free(client->auth);
	if (client->zone)
		zone_unref(client->zone);
	*client = (struct client){ 0 };
}

gint64 client_now(const struct client *client)
{
	const struct rest_transport *transport = client->source->transport;

	return transport->now(transport->self);
}

bool status_is_absence(guint status)
{
	return status == 404 || status == 410 || status == 451;
}

char *printable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_new(NULL);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);
		char bytes[6];
		gsize n = (gsize)g_unichar_to_utf8(letter, bytes);

		if (clean->len + n > MESSAGE_MAX)
			break;
		if (g_unichar_isprint(letter))
			g_string_append_len(clean, bytes, (gssize)n);
		else
			g_string_append_c(clean, ' ');
	}
	return g_string_free(clean, FALSE);
}

/* ---- what an answer says ---- */

/* Where vendors put what went wrong. */
static const char *const message_paths[] = {
	"/message",	   "/error/message", "/errorMessages/0",   "/errors/0/message",
	"/errors/0/title", "/errors/0",	     "/error_description", "/detail",
	"/title",	   "/error",
};

/* Whether the token of basic authentication is in a text. */
static bool holds_basic(const char *text, const char *encoded)
{
	gsize n;
	char *pair = (char *)g_base64_decode(encoded, &n);
	const char *token = pair ? memchr(pair, ':', n) : NULL;
	gsize left = token ? n - (gsize)(token + 1 - pair) : 0;
	bool held = left > 0 && memmem(text, strlen(text), token + 1, left);

	if (pair)
		explicit_bzero(pair, n);
	g_free(pair);
	return held;
}

/* True if a credential may be in a text: its last word is what is secret. */
static bool holds_secret(const char *text, const GPtrArray *headers)
{
	for (guint i = 0; i < headers->len; i++) {
		const char *header = g_ptr_array_index(headers, i);
		const char *secret = strrchr(header, ' ');

		if (secret && secret[1] && strstr(text, secret + 1))
			return true;
		if (secret && g_str_has_prefix(header, "Authorization: Basic ") &&
		    holds_basic(text, secret + 1))
			return true;
	}
	return false;
}

/* ": text" of what the vendor says, or "". */
static char *vendor_message(const struct http_response *response,
			    const GPtrArray *secrets)
{
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;

	if (response->body)
		document = json_parse((const char *)response->body->data,
				      response->body->len, NULL);
	for (gsize i = 0; document && i < G_N_ELEMENTS(message_paths); i++) {
		const char *text = json_text_at(document, message_paths[i]);

		if (text && *text && !holds_secret(text, secrets)) {
			g_autofree char *clean = printable(text);
			return g_strconcat(": ", clean, NULL);
		}
	}
	return g_strdup("");
}

static bool is_transient(guint status)
{
	return status == 408 || status == 425 || status == 429 ||
	       (status >= 500 && status != 501 && status != 505);
}

static bool moved(const struct ask *ask, const struct http_response *response,
		  GError **error)
{
	const char *location = http_header(response, "location");
	g_autofree char *target = location ? url_resolve(ask->url, location) : NULL;
	g_autofree char *origin = target ? url_origin(target) : NULL;

	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "moved to %s (%u): set url, and projects by their present names",
		    origin ? origin : "a place that it does not name", response->status);
	return false;
}

/* The error of any status that is not wanted. */
static bool refused(const struct ask *ask, const struct http_response *response,
		    const GPtrArray *secrets, GError **error)
{
	g_autofree char *message = vendor_message(response, secrets);
	guint status = response->status;

	if (status == 401)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DENIED,
			    "the credential was refused (401)%s", message);
	else if (status == 403 && ask->scope)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DENIED,
			    "the credential lacks %s (403)%s", ask->scope, message);
	else if (status == 403 || status == 407)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DENIED,
			    "the credential may not read this (%u)%s", status, message);
	else if (status_is_absence(status))
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "project not found, or the credential may not see it (%u)%s",
			    status, message);
	else if (status >= 300 && status < 400 && status != 304)
		return moved(ask, response, error);
	else
		g_set_error(error, DORA_ERROR,
			    is_transient(status) ? DORA_ERROR_RETRY : DORA_ERROR_DATA,
			    "answered %u%s", status, message);
	return false;
}

static bool is_wanted(const struct ask *ask, guint status)
{
	return status == 200 || status == 203 || (status == 304 && ask->etag);
}

/* ---- one attempt ---- */

/* Headers of a request: what the driver says, then the credential, which is wiped with
 * the array. */
static GPtrArray *headers_of(struct client *client, const struct ask *ask, GError **error)
{
	GPtrArray *headers = auth_headers_new();
	const struct http_header_row *row = client->source->driver->headers;
	bool accept = false;
	struct variables variables;

	if (!auth_headers(client->auth, headers, client_now(client), error)) {
		g_ptr_array_unref(headers);
		return NULL;
	}
	variables_init(&variables, client->source->api, "", NULL);
	for (; row && row->name; row++) {
		g_autofree char *value = template_expand(row->value, TEMPLATE_TEXT,
							 &variables);

		if (*value)
			g_ptr_array_add(headers,
					g_strdup_printf("%s: %s", row->name, value));
		accept |= g_ascii_strcasecmp(row->name, "accept") == 0;
	}
	variables_clear(&variables);
	if (!accept)
		g_ptr_array_add(headers, g_strdup("Accept: application/json"));
	if (ask->body)
		g_ptr_array_add(headers, g_strdup("Content-Type: application/json"));
	if (ask->etag)
		g_ptr_array_add(headers, g_strdup_printf("If-None-Match: %s", ask->etag));
	return headers;
}

/* Cuts "name: value" into its two halves, in place. */
static void split(char *text, struct http_header *header)
{
	char *colon = strchr(text, ':');

	*colon = '\0';
	header->name = text;
	header->value = colon + 1 + strspn(colon + 1, " ");
}

static bool perform(struct client *client, const struct ask *ask, GPtrArray *texts,
		    struct http_response *response, GError **error)
{
	const struct rest_source *source = client->source;
	g_autofree struct http_header *headers = g_new0(struct http_header, texts->len);
	const struct http_request request = {
		.method = ask->method,
		.url = ask->url,
		.headers = headers,
		.n_headers = texts->len,
		.body = ask->body,
		.body_size = ask->body ? strlen(ask->body) : 0,
		.ca_file = source->api->ca_file,
		.cancellable = source->cancellable,
	};

	bool good;

	for (guint i = 0; i < texts->len; i++)
		split(g_ptr_array_index(texts, i), &headers[i]);
	client->result->n_requests++;
	good = source->transport->perform(source->transport->self, &request, response,
					  error);
	/* Whole again, so that all of it is wiped. */
	for (guint i = 0; i < texts->len; i++) {
		char *text = g_ptr_array_index(texts, i);
		text[strlen(text)] = ':';
	}
	return good;
}

/* Waits for the budget; a wait that is too long ends the poll. */
static bool take_turn(struct client *client, GError **error)
{
	const struct rest_source *source = client->source;
	gint64 now = client_now(client);
	gint64 at = budget_take(source->budgets, auth_key(client->auth), source->driver,
				now);
	g_autofree char *text = NULL;

	if (at <= now)
		return true;
	if (at - now <= WAIT_MAX)
		return source->transport->wait(source->transport->self, at - now, error);
	text = instant_format(at - at % G_TIME_SPAN_SECOND);
	client->result->not_before = at;
	client->over = true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "rate limit: not before %s",
		    text);
	return false;
}

/* The pause before attempt 1, 2, 3: about 1, 4 and 16 seconds, never the same for all. */
static bool pause_before(struct client *client, guint attempt, GError **error)
{
	const struct rest_transport *transport = client->source->transport;
	gint64 whole = G_TIME_SPAN_SECOND << (2 * (attempt - 1));

	return transport->wait(transport->self,
			       (GTimeSpan)(whole / 2) +
				       (GTimeSpan)g_random_int_range(0, (gint32)whole),
			       error);
}

static bool is_stopping(const struct client *client, GError **error)
{
	if (!g_cancellable_is_cancelled(client->source->cancellable))
		return false;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "stopping");
	return true;
}

enum verdict { VERDICT_DONE, VERDICT_AGAIN, VERDICT_LIMITED, VERDICT_FAILED };

/* Sends it once. VERDICT_AGAIN and _LIMITED come with an error too: that of the last
 * attempt is told. */
static enum verdict attempt(struct client *client, const struct ask *ask,
			    struct http_response *response, GError **error)
{
	const struct rest_source *source = client->source;
	g_autoptr(GPtrArray) headers = NULL;
	bool limited;

	if (is_stopping(client, error) || !take_turn(client, error))
		return VERDICT_FAILED;
	headers = headers_of(client, ask, error);
	if (!headers) {
		client->over = true;
		return VERDICT_FAILED;
	}
	http_response_clear(response);
	if (!perform(client, ask, headers, response, error))
		return g_error_matches(*error, DORA_ERROR, DORA_ERROR_RETRY)
			       ? VERDICT_AGAIN
			       : VERDICT_FAILED;
	limited = budget_learn(source->budgets, auth_key(client->auth), source->driver,
			       response, client_now(client));
	if (!limited && is_wanted(ask, response->status))
		return VERDICT_DONE;
	if (limited) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "rate limit: refused (%u)", response->status);
		return VERDICT_LIMITED;
	}
	refused(ask, response, headers, error);
	if (response->status == 401) {
		if (auth_refused(client->auth))
			return VERDICT_AGAIN;
		client->over = true;
	}
	return is_transient(response->status) ? VERDICT_AGAIN : VERDICT_FAILED;
}

bool client_ask_once(struct client *client, const struct ask *ask,
		     struct http_response *response, GError **error)
{
	const struct rest_source *source = client->source;
	g_autoptr(GPtrArray) headers = headers_of(client, ask, error);
	g_autoptr(GError) refusal = NULL;

	if (!headers || !perform(client, ask, headers, response, error))
		return false;
	if (budget_learn(source->budgets, auth_key(client->auth), source->driver,
			 response, client_now(client)))
		g_set_error(&refusal, DORA_ERROR, DORA_ERROR_RETRY,
			    "rate limit: refused (%u)", response->status);
	else if (!is_wanted(ask, response->status))
		refused(ask, response, headers, &refusal);
	if (!refusal)
		return true;
	g_propagate_error(error, g_steal_pointer(&refusal));
	return false;
}

char *client_who_url(const struct rest_source *source)
{
	struct variables variables;
	char *url;

	variables_init(&variables, source->api, "", NULL);
	url = template_url(source->api->url, source->driver->whoami, &variables);
	variables_clear(&variables);
	return url;
}

static void drop_body(struct http_response *response)
{
	guint status = response->status;

	http_response_clear(response);
	response->status = status;
}

bool client_ask(struct client *client, const struct ask *ask,
		struct http_response *response, GError **error)
{
	g_autoptr(GError) last = NULL;

	for (guint i = 0; i < N_ATTEMPTS; i++) {
		enum verdict verdict;

		g_clear_error(&last);
		verdict = attempt(client, ask, response, &last);
		if (verdict == VERDICT_DONE) {
			client->result->n_not_modified += response->status == 304;
			return true;
		}
		if (verdict == VERDICT_FAILED || i + 1 == N_ATTEMPTS)
			break;
		/* After a limit the budget knows how long; see take_turn(). */
		if (verdict == VERDICT_AGAIN && !pause_before(client, i + 1, error)) {
			drop_body(response);
			client->over = true;
			return false;
		}
	}
	if (response->status == 401 ||
	    g_error_matches(last, DORA_ERROR, DORA_ERROR_CANCELLED))
		client->over = true;
	drop_body(response);
	g_propagate_error(error, g_steal_pointer(&last));
	return false;
}

/* ---- answers ---- */

static bool is_web_page(const struct http_response *response)
{
	const char *type = http_header(response, "content-type");
	const char *text = (const char *)response->body->data;

	return (type && g_ascii_strncasecmp(type, "text/html", 9) == 0) ||
	       (text && text[strspn(text, " \t\r\n")] == '<');
}

cJSON *client_parse(const struct http_response *response, GError **error)
{
	cJSON *document;

	if (!response->body || response->body->len == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "answered %u without content", response->status);
		return NULL;
	}
	if (is_web_page(response)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "answered with a web page: is the url right? is a login in "
			    "between?");
		return NULL;
	}
	document = json_parse((const char *)response->body->data, response->body->len,
			      error);
	if (!document)
		g_prefix_error(error, "the answer: ");
	return document;
}

const struct zone *client_zone(struct client *client, GError **error)
{
	const struct driver *driver = client->source->driver;
	_cleanup_(http_response_clear) struct http_response response = { 0 };
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;
	g_autofree char *url = NULL;
	const char *name;

	if (client->zone)
		return client->zone;
	if (!driver->whoami || !driver->zone_path) {
		client->zone = zone_open("UTC", error);
		return client->zone;
	}
	url = client_who_url(client->source);
	if (client_ask(client, &(struct ask){ .url = url }, &response, error))
		document = client_parse(&response, error);
	if (!document) {
		g_prefix_error(error, "the user's time zone: ");
		return NULL;
	}
	name = json_text_at(document, driver->zone_path);
	if (!name) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the user's time zone: missing in the answer");
		return NULL;
	}
	client->zone = zone_open(name, error);
	return client->zone;
}
