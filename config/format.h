#pragma once

/*
 * The formats text values have: a pattern that the daemon and the JSON Schema share, what
 * a person is told to write instead, and a check where a pattern does not suffice.
 */
#include <glib.h>
#include <stdbool.h>

/* Bytes of a name: fits a file name, a database key and a dashboard's label. */
#define FORMAT_NAME_MAX 100

enum config_format {
	FORMAT_ANY,	      /* any text */
	FORMAT_NAME,	      /* of a service, team, repository, environment … */
	FORMAT_SPAN,	      /* 5m */
	FORMAT_ZONE,	      /* Europe/Berlin */
	FORMAT_SHA,	      /* a full commit id */
	FORMAT_PATH_GLOB,     /* of files in a repository */
	FORMAT_REF_GLOB,      /* of tags or branches */
	FORMAT_BRANCH,	      /* one branch */
	FORMAT_INSIDE,	      /* a file in a repository */
	FORMAT_ABSOLUTE,      /* a file of this machine */
	FORMAT_CREDENTIAL,    /* a systemd credential */
	FORMAT_VARIABLE,      /* an environment variable */
	FORMAT_ROLE,	      /* of PostgreSQL */
	FORMAT_SCHEMA,	      /* of PostgreSQL */
	FORMAT_USER,	      /* for https */
	FORMAT_URL,	      /* of a git repository */
	FORMAT_DATABASE,      /* libpq's URI or key=value string */
	FORMAT_SQL_DATABASE,  /* the same, of a source */
	FORMAT_LINE,	      /* text in one line */
	FORMAT_NUMBER,	      /* digits, as text */
	FORMAT_AMOUNT,	      /* a number that may have a point, as text */
	FORMAT_API,	      /* url of an API */
	FORMAT_REGEX,	      /* a regular expression */
	FORMAT_GROUP,	      /* one with a group */
	FORMAT_KIND,	      /* item_kind_name() */
	FORMAT_QUERY,	      /* SQL with $1 */
	FORMAT_METHOD,	      /* of HTTP */
	FORMAT_TEMPLATE,      /* a path or url with variables (drivers/driver.h) */
	FORMAT_TEMPLATE_BODY, /* any text with variables */
	FORMAT_POINTER,	      /* of JSON, or "" */
	FORMAT_HEADER,	      /* a header's name */
	FORMAT_PREFIX,	      /* of a header's value, or "" */
	FORMAT_LISTEN,	      /* an address and port, or a path */
	FORMAT_DATE,	      /* 2026-03-01 */
	FORMAT_TRAILER,	      /* the name of a trailer of commits */
	FORMAT_ENDPOINT,      /* url of one answer of an API, with its query */
	FORMAT_FIGURE,	      /* a number, perhaps with % or a unit of time */
	FORMAT_DAYS,	      /* 12-20..01-02 (config/calendar_days.h) */
	FORMAT_LINK,	      /* url with what an alert is about */
	FORMAT_SERVER,	      /* host and port */
	FORMAT_MAIL,	      /* an address */
	FORMAT_CHANNEL,	      /* of NOTIFY */
	FORMAT_RATIO,	      /* above 1 */
	N_FORMATS
};

struct config_format_row {
	const char *pattern;  /* a regular expression; NULL: none */
	const char *what;     /* "a time zone": what the value should be */
	const char *expected; /* "an IANA name such as Europe/Berlin" */
	bool quiet;	      /* values are not repeated in messages: they might hold, or
				 by mistake be, a secret */
	/* Further check. False with a text in *why (the caller frees) where it knows more
	 * than what and expected say. */
	bool (*check)(const char *text, char **why);
};

extern const struct config_format_row config_formats[N_FORMATS];

/* Whether an authority ("localhost:25", "[::1]") is this machine's loopback. */
bool authority_is_loopback(const char *authority);

/* How a repository is reached, by its url. */
enum url_kind { URL_WRONG, URL_HTTPS, URL_HTTP, URL_SSH, URL_PATH };
enum url_kind url_kind(const char *url);

/* Where the push server listens. */
enum listen_kind { LISTEN_WRONG, LISTEN_SOCKET, LISTEN_LOOPBACK, LISTEN_NETWORK };
enum listen_kind listen_kind(const char *listen);
