#pragma once

/* Urls as requests need them; see base/http.h for the functions everybody uses. */
#include <glib.h>

/*
 * Parses an absolute http:// or https:// url that has no user and whose host is a plain
 * name or address, so that no two parsers read two hosts in it. Percent-encoding stays as
 * it is. NULL if it is anything else; the caller frees.
 */
GUri *url_parse(const char *url);

/* "https://host:port" of a parsed url, default ports left out. The caller frees. */
char *url_parsed_origin(GUri *uri);

/* True if the host of a parsed url is this machine. */
gboolean url_parsed_is_loopback(GUri *uri);
