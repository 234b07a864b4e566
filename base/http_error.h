#pragma once

/* What libcurl's errors mean for the program; for base/http.c and base/smtp.c alone. */
#include <curl/curl.h>
#include <glib.h>

#define HTTP_TOO_BIG "the answer is too big"

/* Sets the error of a transfer that failed. detail is of CURLOPT_ERRORBUFFER, and used
 * only where it cannot hold anything of the url but its host. */
void http_explain(CURL *curl, CURLcode code, const char *detail, const char *host,
		  GError **error);
