#include "base/http_rules.h"

/* At least once a second, whatever the transfer does. */
static int on_progress(void *cancellable, curl_off_t down_all, curl_off_t down,
		       curl_off_t up_all, curl_off_t up)
{
	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	return g_cancellable_is_cancelled(cancellable);
}

#define SET(option, value) failed |= curl_easy_setopt(curl, option, value) != CURLE_OK

bool http_rules_set(CURL *curl, const char *protocols, const char *ca_file,
		    GCancellable *cancellable)
{
	bool failed = false;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, 10L);
	SET(CURLOPT_PROTOCOLS_STR, protocols);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY, ""); /* NULL would ask the environment */
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file) {
		/* Instead of the system's certificates, not beside them. */
		SET(CURLOPT_CAINFO, ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(CURLOPT_XFERINFODATA, cancellable);
	return !failed;
}
