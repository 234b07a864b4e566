#include "collector/push/push_answer.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/error.h"

#define RETRY_SECONDS "10" /* while the database is away */
#define LIMIT_SECONDS "60"

static const struct {
	unsigned status;
	const char *title;
	const char *header, *value; /* one that goes with it; NULL: none */
} titles[] = {
	{ MHD_HTTP_BAD_REQUEST, "The body is not JSON", NULL, NULL },
	{ MHD_HTTP_UNAUTHORIZED, "Not known", MHD_HTTP_HEADER_WWW_AUTHENTICATE,
	  "Bearer realm=\"dorad\"" },
	{ MHD_HTTP_NOT_FOUND, "There is no such path", NULL, NULL },
	{ MHD_HTTP_METHOD_NOT_ALLOWED, "Wrong method", MHD_HTTP_HEADER_ALLOW, "POST" },
	{ MHD_HTTP_CONTENT_TOO_LARGE, "The body is too big", NULL, NULL },
	{ MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "The body is not JSON", NULL, NULL },
	{ MHD_HTTP_UNPROCESSABLE_CONTENT, "The body makes no sense here", NULL, NULL },
	{ MHD_HTTP_TOO_MANY_REQUESTS, "Too many requests", MHD_HTTP_HEADER_RETRY_AFTER,
	  LIMIT_SECONDS },
	{ MHD_HTTP_INTERNAL_SERVER_ERROR, "Nothing was stored", NULL, NULL },
	{ MHD_HTTP_SERVICE_UNAVAILABLE, "Nothing was stored", MHD_HTTP_HEADER_RETRY_AFTER,
	  RETRY_SECONDS },
};

static gsize title_of(unsigned status)
{
	gsize i = 0;

	while (titles[i].status != status && i + 1 < G_N_ELEMENTS(titles))
		i++;
	return i;
}

void answer_stored(struct answer *answer, guint n_items, bool replayed)
{
	answer->status = MHD_HTTP_OK;
	answer->body = g_strdup_printf("{\"stored\": %u%s}\n", replayed ? 0 : n_items,
				       replayed ? ", \"seen_before\": true" : "");
}

void answer_problem(struct answer *answer, unsigned status, const char *text)
{
	cJSON *problem = cJSON_CreateObject();

	cJSON_AddStringToObject(problem, "type", "about:blank");
	cJSON_AddStringToObject(problem, "title", titles[title_of(status)].title);
	cJSON_AddNumberToObject(problem, "status", status);
	cJSON_AddStringToObject(problem, "detail", text);
	answer->status = status;
	answer->body = cJSON_PrintUnformatted(problem);
	cJSON_Delete(problem);
}

void answer_error(struct answer *answer, const GError *error)
{
	if (g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA))
		answer_problem(answer, MHD_HTTP_UNPROCESSABLE_CONTENT, error->message);
	else if (g_error_matches(error, DORA_ERROR, DORA_ERROR_DENIED))
		answer_problem(answer, MHD_HTTP_UNAUTHORIZED, error->message);
	else
		answer_problem(answer, MHD_HTTP_INTERNAL_SERVER_ERROR,
			       "see the log of the server; send it again when it is "
			       "mended");
}

void answer_unstored(struct answer *answer, const GError *error)
{
	if (g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA))
		answer_problem(answer, MHD_HTTP_UNPROCESSABLE_CONTENT, error->message);
	else
		answer_problem(answer, MHD_HTTP_SERVICE_UNAVAILABLE,
			       "the database cannot be used now; send it again");
}

void answer_limit(struct answer *answer, const char *text)
{
	answer_problem(answer, MHD_HTTP_TOO_MANY_REQUESTS, text);
}

enum MHD_Result answer_send(struct answer *answer, struct MHD_Connection *connection)
{
	const bool good = answer->status == MHD_HTTP_OK;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(answer->body), answer->body, MHD_RESPMEM_MUST_COPY);
	const gsize i = title_of(answer->status);
	enum MHD_Result result;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				good ? "application/json" : "application/problem+json");
	if (!good && titles[i].header)
		MHD_add_response_header(response, titles[i].header, titles[i].value);
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	g_free(answer->body);
	answer->body = NULL;
	return result;
}
