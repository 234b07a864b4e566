#pragma once

/*
 * One HTTP request at a time, with every limit an answer from outside needs. A client
 * belongs to one worker and keeps its connections. Redirects are not followed (the caller
 * sees the status), no proxy or netrc of the environment is used, TLS is 1.2 or newer and
 * always verified, http:// is refused except to loopback, and the body is counted after
 * it has been decompressed. A header of a request is never sent anywhere but to its url.
 */
#include <gio/gio.h>
#include <stdbool.h>

#include "base/cleanup.h"

struct http;

struct http *http_new(void);
void http_free(struct http *http); /* NULL is fine */
DEFINE_CLEANUP(struct http *, http_free);

struct http_header {
	const char *name, *value;
};

struct http_request {
	const char *method; /* NULL: GET */
	const char *url;
	const struct http_header *headers; /* secrets may be among them */
	gsize n_headers;
	const char *body; /* NULL: none */
	gsize body_size;
	const char *ca_file;	   /* NULL: the system's certificates */
	const char *unix_socket;   /* NULL: TCP */
	GTimeSpan timeout;	   /* 0: 2 minutes */
	gsize max_body;		   /* bytes; 0: 8 MiB */
	GCancellable *cancellable; /* NULL: none */
};

struct http_response {
	guint status;
	GPtrArray *headers; /* of "name: value", names in lower case; all Link headers
			       are one */
	GByteArray *body;   /* always followed by a NUL that does not count */
};
void http_response_clear(struct http_response *response);

/* The value of the first header of a name (lower case); NULL. Borrowed. */
const char *http_header(const struct http_response *response, const char *name);

/* True with any status at all, false with *response untouched. RETRY where the network,
 * the server or TLS's transport failed or the answer was cut off; DENIED for a
 * certificate that is not to be trusted; DATA for a body that is too big or cannot be
 * decompressed; CONFIG for a url that may not be asked; CANCELLED. Messages name host and
 * cause, never path, query or header. */
bool http_perform(struct http *http, const struct http_request *request,
		  struct http_response *response, GError **error);

/* Of the last http_perform(), if that failed: whether it had begun to send the request,
 * so that the server may have done what it asks for. */
bool http_sent(const struct http *http);

/* Only connects, with TLS where the url says so, and leaves again: no request is made.
 * Errors are as of http_perform(). */
bool http_reach(struct http *http, const struct http_request *request, GError **error);

/* ---- what comes in headers ---- */

/* The target of a Link header's relation (RFC 8288): `<https://…?page=2>; rel="next"`.
 * Parameters other than rel may be asked for with param (NULL: any link), as Sentry's
 * results="true". NULL: none. The caller frees. */
char *http_link(const char *header, const char *rel, const char *param,
		const char *value);
/* Instant of an HTTP date (RFC 9110, all three forms). */
bool http_date_parse(const char *text, gint64 *result);
/* When an answer was given, by the server's clock: its Date; now, if it has none that can
 * be. */
gint64 http_answered(const struct http_response *response, gint64 now);
/* How long a Retry-After asks to wait (RFC 9110, 10.2.3): whole seconds, or until an HTTP
 * date, as of now on the clock of the server; at most `most`. 0: it does not, or says
 * something else. text may be NULL. */
GTimeSpan http_retry_after(const char *text, gint64 now, GTimeSpan most);

/* ---- urls ---- */

/* Same scheme, host (any case) and port (defaults filled in), and no user in either. */
bool url_same_origin(const char *a, const char *b);
/* "https://host:port" of a url, defaults left out; NULL if it is none. Caller frees. */
char *url_origin(const char *url);
/* An absolute url of a reference (RFC 3986, section 5) found at base; NULL. */
char *url_resolve(const char *base, const char *reference);
/* True for a host that is this machine: localhost, 127.0.0.0/8, ::1. */
bool url_is_loopback(const char *url);
