#include <curl/curl.h>
#include <string.h>

#include "base/http.h"
#include "tests/fuzz/fuzz.h"

/* A Link header, whose targets and itself are references to resolve. What we take for the
 * host of a url must be what libcurl connects to. */

static const char base_url[] = "https://api.example.org:8443/v1/items?page=1";

/* libcurl reads 0x7f.1 and 2130706433 as IPv4 addresses. */
static bool may_be_a_number(const char *host)
{
	return host[strspn(host, "0123456789abcdefABCDEFxX.")] == '\0';
}

static void check_host(const char *url, const char *origin)
{
	CURLU *parsed = curl_url();
	char *host = NULL, *scheme = NULL, *port = NULL;

	if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
		    CURLUE_OK &&
	    !may_be_a_number(host) && host[0] != '[') {
		g_autofree char *theirs = g_strdup_printf("%s://%s:%s", scheme, host,
							  port);
		g_autofree char *same = url_origin(theirs);

		MUST(g_strcmp0(same, origin) == 0);
	}
	curl_free(host);
	curl_free(scheme);
	curl_free(port);
	curl_url_cleanup(parsed);
}

static void resolve(const char *reference)
{
	g_autofree char *url = url_resolve(base_url, reference);
	g_autofree char *origin = url ? url_origin(url) : NULL;

	if (!url)
		return;
	MUST(origin);
	MUST(url_same_origin(url, origin));
	MUST(!strchr(url, ' ') && !strchr(url, '\n'));
	MUST(!url_is_loopback(url) || !url_same_origin(url, base_url));
	check_host(url, origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *header = g_strndup((const char *)data, size);
	g_autofree char *next = http_link(header, "next", NULL, NULL);
	g_autofree char *more = http_link(header, "next", "results", "true");

	MUST(!next || strlen(next) < size);
	MUST(!more || next);
	if (next)
		resolve(next);
	if (more)
		resolve(more);
	resolve(header);
	return 0;
}
