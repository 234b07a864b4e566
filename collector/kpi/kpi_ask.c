#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "collector/kpi/kpi_source.h"
#include "collector/rest/request.h"

#define HEADERS_MAX 3

/* What stands before the token in its header. */
static const char *prefix_of(const struct kpi_request *request)
{
	const struct config_rest_auth *auth = request->auth;

	return auth && auth->prefix ? auth->prefix : "Bearer ";
}

/* The header that carries the token; "" without one. The caller frees with
 * secret_free(). NULL with an error. */
static char *credential(const struct kpi_request *request, GError **error)
{
	char *token, *value;

	if (!request->token)
		return g_strdup("");
	token = secret_read(request->token, error);
	if (!token) {
		g_prefix_error(error, "token: ");
		return NULL;
	}
	for (const char *p = token; *p; p++)
		if (g_ascii_iscntrl(*p)) { /* would begin another header */
			g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
				    "token: has a control character in it");
			secret_free(token);
			return NULL;
		}
	value = g_strconcat(prefix_of(request), token, NULL);
	secret_free(token);
	return value;
}

/* What a Prometheus says of a query that is wrong; "" where there is nothing to say. Of
 * credentials nobody is quoted, and nowhere the token. */
static char *explanation(const struct http_response *response, const char *token)
{
	_cleanup_(cJSON_Deletep) cJSON *document = json_parse(
		(const char *)response->body->data, response->body->len, NULL);
	const char *text = json_text_at(document, "/error");
	g_autofree char *clean = NULL;

	if (!text || response->status == 401 || response->status == 403 ||
	    (*token && strstr(text, token)))
		return g_strdup("");
	clean = printable(text);
	return g_strconcat(": ", clean, NULL);
}

static bool check_status(const struct http_response *response, const char *token,
			 GError **error)
{
	guint status = response->status;
	g_autofree char *text = NULL;

	if (status == 200)
		return true;
	text = explanation(response, token);
	if (status == 401 || status == 403)
		g_set_error(error, DORA_ERROR, DORA_ERROR_DENIED, "the %s (%u)",
			    *token ? "token was refused"
				   : "answer was refused: set token",
			    status);
	else if (status == 408 || status == 425 || status == 429 || status >= 500)
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "the server has no answer now (%u)%s", status, text);
	else if (status >= 300 && status < 400)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "moved elsewhere (%u): set url", status);
	else
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "the server refused the request (%u)%s", status, text);
	return false;
}

static cJSON *perform(struct kpi_reading *reading, const struct kpi_request *request,
		      const char *value, GError **error)
{
	const struct rest_transport *transport = reading->transport;
	const char *token = *value ? value + strlen(prefix_of(request)) : "";
	struct http_header headers[HEADERS_MAX] = { { "Accept", "application/json" } };
	struct http_request http = {
		.method = request->form ? "POST" : "GET",
		.url = request->url,
		.headers = headers,
		.n_headers = 1,
		.body = request->form,
		.body_size = request->form ? strlen(request->form) : 0,
		.ca_file = request->ca_file,
		.cancellable = reading->cancellable,
	};
	_cleanup_(http_response_clear) struct http_response response = { 0 };

	if (request->form)
		headers[http.n_headers++] = (struct http_header){
			"Content-Type", "application/x-www-form-urlencoded"
		};
	if (*value)
		headers[http.n_headers++] = (struct http_header){
			request->auth ? request->auth->header : "Authorization", value
		};
	if (!transport->perform(transport->self, &http, &response, error) ||
	    !check_status(&response, token, error))
		return NULL;
	return json_parse((const char *)response.body->data, response.body->len, error);
}

cJSON *kpi_ask(struct kpi_reading *reading, const struct kpi_request *request,
	       GError **error)
{
	char *value = credential(request, error);
	cJSON *document;

	if (!value)
		return NULL;
	document = perform(reading, request, value, error);
	secret_free(value);
	return document;
}
