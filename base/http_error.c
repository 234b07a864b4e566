#include "base/http_error.h"

#include "base/error.h"

static const struct {
	CURLcode code;
	enum dora_error error;
	const char *cause;
	bool detail; /* of TLS */
} causes[] = {
	{ CURLE_ABORTED_BY_CALLBACK, DORA_ERROR_CANCELLED, "cancelled", false },
	{ CURLE_COULDNT_RESOLVE_HOST, DORA_ERROR_RETRY, "no such host is found", false },
	{ CURLE_COULDNT_CONNECT, DORA_ERROR_RETRY, "no connection", false },
	{ CURLE_OPERATION_TIMEDOUT, DORA_ERROR_RETRY, "no whole answer in time", false },
	{ CURLE_GOT_NOTHING, DORA_ERROR_RETRY, "closed without an answer", false },
	{ CURLE_PARTIAL_FILE, DORA_ERROR_RETRY, "the answer was cut off", false },
	{ CURLE_RECV_ERROR, DORA_ERROR_RETRY, "the connection broke", false },
	{ CURLE_SEND_ERROR, DORA_ERROR_RETRY, "the connection broke", false },
	{ CURLE_WEIRD_SERVER_REPLY, DORA_ERROR_RETRY, "not an HTTP answer", false },
	{ CURLE_UNSUPPORTED_PROTOCOL, DORA_ERROR_RETRY, "not an HTTP answer", false },
	{ CURLE_SSL_CONNECT_ERROR, DORA_ERROR_RETRY, "TLS failed", true },
	{ CURLE_PEER_FAILED_VERIFICATION, DORA_ERROR_DENIED, "certificate not trusted",
	  true },
	{ CURLE_SSL_CACERT_BADFILE, DORA_ERROR_CONFIG, "cannot read the CA file", false },
	{ CURLE_FILESIZE_EXCEEDED, DORA_ERROR_DATA, HTTP_TOO_BIG, false },
	{ CURLE_BAD_CONTENT_ENCODING, DORA_ERROR_DATA, "the answer is badly compressed",
	  false },
	{ CURLE_WRITE_ERROR, DORA_ERROR_DATA, "the answer is badly compressed", false },
	/* Of a header line above 100 KB; real want of memory ends the program. */
	{ CURLE_OUT_OF_MEMORY, DORA_ERROR_DATA, "too many or too long headers", false },
	{ CURLE_URL_MALFORMAT, DORA_ERROR_CONFIG, "not a url", false },
};

void http_explain(CURL *curl, CURLcode code, const char *detail, const char *host,
		  GError **error)
{
	enum dora_error kind = DORA_ERROR_RETRY;
	const char *cause = curl_easy_strerror(code);
	g_autofree char *more = NULL;
	long number = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
		if (causes[i].code != code)
			continue;
		kind = causes[i].error;
		cause = causes[i].cause;
		if (causes[i].detail)
			more = g_strescape(detail, NULL);
	}
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && number > 0)
		more = g_strdup(g_strerror((int)number));
	g_set_error(error, DORA_ERROR, kind, "%s: %s%s%s", host, cause,
		    more && *more ? ": " : "", more ? more : "");
}
