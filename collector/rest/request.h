#pragma once

/*
 * One request to a source: with its credential, within its budget, repeated where that
 * may help, and its answer judged. All requests of a poll go through one client.
 */
#include "collector/rest/auth.h"
#include "collector/rest/rest.h"
#include "collector/rest/template.h"

struct client {
	const struct rest_source *source;
	struct rest_result *result;
	struct auth *auth;
	struct zone *zone; /* of the API's user; NULL: not asked yet */
	bool over; /* nothing more may be asked in this poll: the credential was refused,
		      a limit reached, the program stops or the sink fails */
};
void client_init(struct client *client, const struct rest_source *source,
		 struct rest_result *result);
void client_clear(struct client *client);

gint64 client_now(const struct client *client);

struct ask {
	const char *method; /* NULL: GET */
	const char *url;
	const char *body;  /* NULL: none */
	const char *etag;  /* NULL: unconditional */
	const char *scope; /* of the credential; NULL: not known */
};

/* True with 200 (or another answer with content), or with 304 where an etag was given.
 * Else an error, and the response has the status (0: no answer) but no body:
 * RETRY after four attempts, or where a limit says "not before", which ends the poll and
 * is told in the result; DENIED for 401 (which ends the poll) and 403; CONFIG for what is
 * not there (404, 410, 451) or elsewhere (3xx); DATA for the rest. */
bool client_ask(struct client *client, const struct ask *ask,
		struct http_response *response, GError **error);

/* The same without repeating anything or waiting for a turn, for who wants to see the
 * whole answer: it keeps what came, whatever its status. */
bool client_ask_once(struct client *client, const struct ask *ask,
		     struct http_response *response, GError **error);

/* Where the source's driver asks who we are (its whoami, which is not NULL). The caller
 * frees. */
char *client_who_url(const struct rest_source *source);

/* The JSON of an answer. DATA if it is none; where it is a web page it says so. */
cJSON *client_parse(const struct http_response *response, GError **error);

/* True for a status that says that a thing is not there (any more). */
bool status_is_absence(guint status);

/* The zone that times of TIME_JQL are told in, asked for once a poll. Borrowed; NULL with
 * an error. */
const struct zone *client_zone(struct client *client, GError **error);

/* At most 200 bytes of a text from outside, without control characters. The caller
 * frees. */
char *printable(const char *text);
