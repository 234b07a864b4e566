#pragma once

/* A server on loopback that answers by script, as badly as the script says. It serves one
 * connection after the other in a thread of its own. */
#include <gio/gio.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/http.h"

/* In the headers of every request that http_server_ask() makes. */
#define HTTP_SERVER_SECRET "canary-secret"

enum after {
	KEEP,	   /* read the next request of the same connection */
	CLOSE,	   /* close it */
	RESET,	   /* reset it */
	STALL,	   /* say nothing more until the client goes */
	DROP_NEXT, /* read one more request and close without an answer */
};

struct answer {
	const char *path; /* of the request line; ends with NULL */
	const char *head; /* sent first */
	const char *part; /* then sent so many times; NULL: nothing */
	gsize part_size;  /* 0: its length */
	guint times;
	enum after after;
};

struct http_server;

/* Answers requests by their path; others get 404. unix_socket: NULL for TCP. */
struct http_server *http_server_start(const struct answer *answers,
				      const char *unix_socket);
/* "http://127.0.0.1:port"; borrowed. */
const char *http_server_url(const struct http_server *server);
/* Asks it for a path, within a second. */
bool http_server_ask(const struct http_server *server, struct http *http,
		     const char *path, struct http_response *response, GError **error);
/* Every request so far, as received. The caller frees. */
char *http_server_seen(struct http_server *server);
guint http_server_connections(struct http_server *server);
/* Ends the thread and whatever it does. */
void http_server_stop(struct http_server *server);
DEFINE_CLEANUP(struct http_server *, http_server_stop);
