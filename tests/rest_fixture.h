#pragma once

/*
 * A poll without network, database or patience: answers that were written down, or a
 * small server whose lists come in every order; a clock that only waits move; a sink in
 * memory. The program may end at any request.
 */
#include "collector/rest/rest.h"

/* Sun, 01 Mar 2026 12:00:00 GMT */
#define NOON (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC)
#define BASE "https://api.test"

/* One answer that was written down. */
struct answer {
	const char *url;     /* below BASE, or whole; NULL ends a table */
	guint status;	     /* 0: the connection fails */
	const char *headers; /* lines of "name: value"; NULL */
	const char *body;    /* NULL: empty */
	guint times;	     /* then the next row for the url; 0: for ever */
};

/* Something that the small server tells of. */
struct thing {
	int id;
	gint64 attempt, created, updated, finished;
	const char *state; /* "running", "done", "failed" */
	gint64 visible;	   /* in lists, from then on */
	guint n_jobs;
	bool deleted, broken; /* broken: its time of creation is no time */
};

struct fixture {
	struct config_api api;
	struct rest_source source;
	struct rest_transport transport;
	struct rest_sink sink;
	struct rest_result result; /* of the last poll */
	gint64 now;
	GTimeSpan skew;	  /* of the server's clock */
	GTimeSpan waited; /* in the last poll */
	GPtrArray *asked; /* urls below BASE of the last poll; "=" before them where a
			     304 was answered */
	GString *notices;
	const struct answer *answers; /* NULL: the small server answers */
	guint *used;
	int dies_in; /* requests until the program ends; -1: never */

	/* the small server */
	GArray *things; /* of struct thing, in any order */
	guint page_size;
	guint cap;
	bool silent;						   /* it tells no ETag */
	void (*before)(struct fixture *fixture, const char *path); /* each answer */
	guint n_before;

	/* the sink */
	GPtrArray *items, *rows; /* of struct item, struct feed_row */
	GHashTable *gone;	 /* "kind id" */
	guint n_saves;
	bool broken; /* it fails */
};

void fixture_init(struct fixture *fixture, const struct driver *driver);
void fixture_clear(struct fixture *fixture);
/* Forgets what is stored, as if nothing had ever been polled. */
void fixture_forget(struct fixture *fixture);

/* Polls once; NULL for success, or the error. The caller frees. */
GError *fixture_poll(struct fixture *fixture);
/* Polls, which must succeed. */
void fixture_works(struct fixture *fixture);
/* Polls, which must fail with a code and a text. */
void fixture_fails(struct fixture *fixture, int code, const char *text);

struct thing *fixture_add(struct fixture *fixture, int id, gint64 created,
			  const char *state);
struct thing *fixture_thing(struct fixture *fixture, int id);

/* What is stored, or NULL: an item that is not gone; attempt 0: any. */
const struct item *fixture_item(const struct fixture *fixture, enum item_kind kind,
				const char *id, gint64 attempt);
guint fixture_count(const struct fixture *fixture, enum item_kind kind);
/* The state of the only feed. */
const struct feed_row *fixture_row(const struct fixture *fixture);
/* "url url …" of the last poll. The caller frees. */
char *fixture_asked(const struct fixture *fixture);
/* How many of the last poll's urls begin so. */
guint fixture_n_asked(const struct fixture *fixture, const char *prefix);
/* Fails the test unless the sink has what the server has, each attempt as it is now. */
void fixture_check_equal(const struct fixture *fixture, const char *what);

/* Drivers of the small server, one an order; "jobs" has details, "merged" too. */
extern const struct driver lists_updated, lists_recent, lists_newest, lists_windowed,
	lists_blind, lists_created, lists_number, lists_state, lists_jobs, lists_merged;
/* What those are made of. */
extern const struct json_field thing_fields[];
extern const struct state_map thing_states[];
