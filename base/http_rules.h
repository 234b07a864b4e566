#pragma once

/*
 * What every transfer by libcurl keeps to, whatever its protocol; for base/http.c and
 * base/smtp.c alone.
 */
#include <curl/curl.h>
#include <gio/gio.h>
#include <stdbool.h>

/* TLS is 1.2 or newer and verified by the certificates in ca_file (NULL: the system's);
 * nothing but `protocols` is spoken; neither proxy nor netrc of the environment is used;
 * connecting takes 10 seconds at most; cancelling (NULL: nobody will) ends it within a
 * second as CURLE_ABORTED_BY_CALLBACK. What is given is borrowed until the handle is
 * reset or freed. False: this libcurl cannot. */
bool http_rules_set(CURL *curl, const char *protocols, const char *ca_file,
		    GCancellable *cancellable);
