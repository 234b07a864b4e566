#include "base/http.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/http_error.h"
#include "base/http_rules.h"
#include "base/http_url.h"

#define TIMEOUT_DEFAULT (2 * G_TIME_SPAN_MINUTE)
#define BODY_MAX_DEFAULT (8u << 20)
/* Of one answer, those before the last (1xx) included. Real ones have under 60. */
#define HEADERS_MAX 1000
#define HEADER_BYTES_MAX (128u << 10)

struct http {
	CURL *curl;
	bool sent;
};

struct transfer {
	bool only_connects;
	gsize max_body, header_bytes, n_headers;
	bool headers_ended, body_began;
	const char *verdict; /* why we ended it ourselves; NULL: we did not */
	struct http_response response;
};

static gpointer init_curl(gpointer unused)
{
	(void)unused;
	return GINT_TO_POINTER(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

struct http *http_new(void)
{
	static GOnce once = G_ONCE_INIT;
	struct http *http = g_new0(struct http, 1);

	g_once(&once, init_curl, NULL);
	http->curl = curl_easy_init();
	/* As out of memory. */
	g_assert(once.retval && http->curl);
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	g_free(http);
}

static void response_init(struct http_response *response)
{
	*response = (struct http_response){
		.headers = g_ptr_array_new_with_free_func(g_free),
		.body = g_byte_array_new(),
	};
}

void http_response_clear(struct http_response *response)
{
	g_clear_pointer(&response->headers, g_ptr_array_unref);
	g_clear_pointer(&response->body, g_byte_array_unref);
	response->status = 0;
}

static void transfer_clear(struct transfer *transfer)
{
	http_response_clear(&transfer->response);
}

static char **find_header(const struct http_response *response, const char *name)
{
	gsize n = strlen(name);

	for (guint i = 0; i < response->headers->len; i++) {
		char *header = g_ptr_array_index(response->headers, i);

		if (strncmp(header, name, n) == 0 && header[n] == ':')
			return (char **)&g_ptr_array_index(response->headers, i);
	}
	return NULL;
}

const char *http_header(const struct http_response *response, const char *name)
{
	char **header = response->headers ? find_header(response, name) : NULL;

	return header ? *header + strlen(name) + 2 : NULL;
}

/* ---- what curl calls ---- */

static bool is_token(const char *text, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (!g_ascii_isalnum(text[i]) && !strchr("!#$%&'*+-.^_`|~", text[i]))
			return false;
		if (text[i] == '\0')
			return false;
	}
	return n > 0;
}

/* Keeps a line that is a header; folded and broken ones are nobody's. */
static void add_header(struct http_response *response, const char *line, gsize n)
{
	const char *colon = memchr(line, ':', n);
	g_autofree char *name = NULL;
	g_autofree char *raw = NULL;
	g_autofree char *value = NULL;
	char **first;

	if (!colon || !is_token(line, (gsize)(colon - line)))
		return;
	name = g_ascii_strdown(line, colon - line);
	raw = g_strndup(colon + 1, n - (gsize)(colon + 1 - line));
	value = g_utf8_make_valid(g_strstrip(raw), -1);
	/* A list may come in several headers; the others are not lists. */
	first = strcmp(name, "link") == 0 ? find_header(response, name) : NULL;
	if (first) {
		char *joined = g_strconcat(*first, ", ", value, NULL);

		g_free(*first);
		*first = joined;
		return;
	}
	g_ptr_array_add(response->headers, g_strconcat(name, ": ", value, NULL));
}

static gsize on_header(char *line, gsize size, gsize n, void *data)
{
	struct transfer *transfer = data;

	(void)size; /* always 1 */
	transfer->header_bytes += n;
	if (++transfer->n_headers > HEADERS_MAX ||
	    transfer->header_bytes > HEADER_BYTES_MAX) {
		transfer->verdict = "too many or too long headers";
		return 0;
	}
	/* Trailers say nothing that anybody may believe. */
	if (transfer->body_began)
		return n;
	transfer->headers_ended = *line == '\r' || *line == '\n';
	/* Each status line begins anew: what came before was a 1xx. */
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
		g_ptr_array_set_size(transfer->response.headers, 0);
	else
		add_header(&transfer->response, line, n);
	return n;
}

static gsize on_body(char *bytes, gsize size, gsize n, void *data)
{
	struct transfer *transfer = data;

	(void)size; /* always 1 */
	transfer->body_began = true;
	if (n > transfer->max_body - transfer->response.body->len) {
		transfer->verdict = HTTP_TOO_BIG;
		return 0;
	}
	g_byte_array_append(transfer->response.body, (const guint8 *)bytes, (guint)n);
	return n;
}

/* ---- setting up ---- */

static bool refuse(GError **error, const char *why)
{
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_CONFIG, why);
	return false;
}

static bool may_ask(const struct http_request *request, GUri *uri, GError **error)
{
	struct sockaddr_un address;

	if (!uri)
		return refuse(error, "not a plain http:// or https:// url");
	if (request->unix_socket)
		return strlen(request->unix_socket) < sizeof(address.sun_path) ||
		       refuse(error, "the path of the socket is too long");
	if (strcmp(g_uri_get_scheme(uri), "https") == 0 || url_parsed_is_loopback(uri))
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "%s: http:// would show credentials to everybody: use https://",
		    g_uri_get_host(uri));
	return false;
}

static bool has_header(const struct http_request *request, const char *name)
{
	for (gsize i = 0; i < request->n_headers; i++) {
		if (g_ascii_strcasecmp(request->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

static struct curl_slist *append_header(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);

	g_assert(longer); /* as out of memory */
	return longer;
}

/* The caller frees *list, also after a failure. */
static bool make_headers(const struct http_request *request, struct curl_slist **list,
			 GError **error)
{
	/* Never wait for a server to say that it would like the body. */
	*list = append_header(NULL, "Expect:");
	if (!has_header(request, "content-type"))
		*list = append_header(*list, "Content-Type:");
	for (gsize i = 0; i < request->n_headers; i++) {
		const struct http_header *header = &request->headers[i];
		g_autofree char *line = NULL;

		if (!is_token(header->name, strlen(header->name)))
			return refuse(error, "a header without a proper name");
		if (strpbrk(header->value, "\r\n"))
			return refuse(error, "a header of more than one line");
		/* curl's form of a header without a value. */
		if (header->value[strspn(header->value, " \t")] == '\0')
			line = g_strconcat(header->name, ";", NULL);
		else
			line = g_strconcat(header->name, ": ", header->value, NULL);
		*list = append_header(*list, line);
		memset(line, 0, strlen(line));
	}
	return true;
}
DEFINE_CLEANUP(struct curl_slist *, curl_slist_free_all);

static char *request_url(GUri *uri)
{
	g_autofree char *origin = url_parsed_origin(uri);
	const char *path = g_uri_get_path(uri);
	const char *query = g_uri_get_query(uri);

	return g_strconcat(origin, *path ? path : "/", query ? "?" : "",
			   query ? query : "", NULL);
}

#define SET(option, value) failed |= curl_easy_setopt(curl, option, value) != CURLE_OK

static bool set_method(CURL *curl, const struct http_request *request)
{
	static const char *const with_body[] = { "POST", "PUT", "PATCH", NULL };
	const char *method = request->method ? request->method : "GET";
	bool failed = false;

	/* One that has none says so: some servers ask for its length otherwise (411). */
	if (request->body || g_strv_contains(with_body, method)) {
		gsize size = request->body ? request->body_size : 0;

		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
		SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
	} else if (strcmp(method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	}
	SET(CURLOPT_CUSTOMREQUEST, method);
	return !failed;
}

static bool set_limits(CURL *curl, const struct http_request *request,
		       struct transfer *transfer)
{
	GTimeSpan timeout = request->timeout > 0 ? request->timeout : TIMEOUT_DEFAULT;
	bool failed = false;

	SET(CURLOPT_TIMEOUT_MS, (long)(timeout / G_TIME_SPAN_MILLISECOND + 1));
	SET(CURLOPT_LOW_SPEED_LIMIT, 1000L);
	SET(CURLOPT_LOW_SPEED_TIME, 30L);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->max_body);
	SET(CURLOPT_MAXCONNECTS, 4L);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, 60L);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, transfer);
	return !failed;
}

static bool set_trust(CURL *curl, const struct http_request *request, GUri *uri)
{
	bool failed = false;

	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
	if (request->unix_socket)
		SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	return !failed && http_rules_set(curl, g_uri_get_scheme(uri), request->ca_file,
					 request->cancellable);
}

static bool set_up(CURL *curl, const struct http_request *request, GUri *uri,
		   struct curl_slist *headers, struct transfer *transfer)
{
	g_autofree char *url = request_url(uri);
	bool failed = false;

	curl_easy_reset(curl); /* keeps connections */
	SET(CURLOPT_URL, url);
	/* One request at a time gains nothing from HTTP/2. */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_USERAGENT, "dorad/" DORAD_VERSION);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_CONNECT_ONLY, transfer->only_connects ? 1L : 0L);
	return !failed && set_method(curl, request) && set_trust(curl, request, uri) &&
	       set_limits(curl, request, transfer);
}

/* ---- asking ---- */

static bool judge(CURL *curl, CURLcode code, const char *detail,
		  const struct transfer *transfer, const char *host, GError **error)
{
	if (transfer->verdict) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: %s", host,
			    transfer->verdict);
		return false;
	}
	/* To libcurl a connection that ends among the headers is a whole answer. */
	if (code == CURLE_OK && !transfer->headers_ended && !transfer->only_connects)
		code = CURLE_PARTIAL_FILE;
	if (code == CURLE_OK)
		return true;
	http_explain(curl, code, detail, host, error);
	return false;
}

static bool perform(struct http *http, const struct http_request *request, GUri *uri,
		    struct transfer *transfer, GError **error)
{
	_cleanup_(curl_slist_free_allp) struct curl_slist *headers = NULL;
	g_autofree char *origin = url_parsed_origin(uri);
	const char *host = strstr(origin, "://") + 3;
	char detail[CURL_ERROR_SIZE] = "";
	CURL *curl = http->curl;
	CURLcode code;
	long status = 0, sent = 0;
	bool good;

	if (!make_headers(request, &headers, error))
		return false;
	if (!set_up(curl, request, uri, headers, transfer) ||
	    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail) != CURLE_OK)
		return refuse(error, "this libcurl cannot do what requests need");
	code = g_cancellable_is_cancelled(request->cancellable)
		       ? CURLE_ABORTED_BY_CALLBACK
		       : curl_easy_perform(curl);
	good = judge(curl, code, detail, transfer, host, error);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
	http->sent = sent > 0;
	transfer->response.status = (guint)status;
	return good;
}

static bool run(struct http *http, const struct http_request *request,
		struct transfer *transfer, GError **error)
{
	g_autoptr(GUri) uri = url_parse(request->url);
	bool good;

	http->sent = false;
	if (!may_ask(request, uri, error))
		return false;
	response_init(&transfer->response);
	good = perform(http, request, uri, transfer, error);
	/* It must not keep what is the caller's, secrets least of all. */
	curl_easy_reset(http->curl);
	return good;
}

bool http_perform(struct http *http, const struct http_request *request,
		  struct http_response *response, GError **error)
{
	_cleanup_(transfer_clear) struct transfer transfer = {
		.max_body = request->max_body > 0 ? request->max_body : BODY_MAX_DEFAULT,
	};

	if (!run(http, request, &transfer, error))
		return false;
	g_byte_array_append(transfer.response.body, (const guint8 *)"", 1);
	g_byte_array_set_size(transfer.response.body, transfer.response.body->len - 1);
	*response = transfer.response;
	transfer.response = (struct http_response){ 0 };
	return true;
}

bool http_sent(const struct http *http)
{
	return http->sent;
}

bool http_reach(struct http *http, const struct http_request *request, GError **error)
{
	_cleanup_(transfer_clear) struct transfer transfer = {
		.only_connects = true,
		.max_body = BODY_MAX_DEFAULT,
	};

	return run(http, request, &transfer, error);
}
