#pragma once

/*
 * A store on a database of its own, in the server that tests/with_postgres has started,
 * with a configuration of one org, two teams and three services. To be used in tests and
 * fixtures only.
 */
#include "base/error.h"
#include "sinks/pg_value.h"
#include "sinks/store_states.h"

#include "tests/pg.h"

struct rig {
	char *database; /* its name */
	struct config *config;
	struct store *store; /* migrated, configuration synchronised */
	PGconn *admin;	     /* another connection to the same database */
};

/* The database that every rig's is a copy of; the first rig makes it. */
#define RIG_MODEL "rig_model"

void rig_init(struct rig *rig);
void rig_clear(struct rig *rig);

/* The configuration with a change: every "from" of its text becomes "to". uri is
 * database.uri; NULL: the rig's own. The caller unrefs. */
struct config *rig_config(const struct rig *rig, const char *uri, const char *from,
			  const char *to);

/* Any configuration. The caller unrefs. */
struct config *rig_load(const char *text);

/* The only value of a query, as text. The caller frees. */
char *rig_ask(const struct rig *rig, const char *sql);
/* What a query finds as readers see it: "a|b; c|d". The caller frees. */
char *rig_read(const struct rig *rig, const char *sql);
/* Fails unless the query's only value is this. */
void rig_expect(const struct rig *rig, const char *sql, const char *value);
void rig_run(const struct rig *rig, const char *sql);
/* The identity and version of every row of every table in "dorad" but those that say when
 * things were polled: equal before and after, if nothing was written. The caller frees.
 */
char *rig_rows(const struct rig *rig);

/* Fail unless it succeeded (or failed with the code), naming the error. */
#define rig_ok(expression)                                                               \
	do {                                                                             \
		GError *error = NULL;                                                    \
		ck_assert_msg(expression, "%s", error ? error->message : "no error");    \
		ck_assert_ptr_null(error);                                               \
	} while (0)

gint32 rig_scope(const struct rig *rig, const char *kind, const char *name);
/* Takes the dirty days of a scope: their numbers, "3 6 8". The caller frees. */
char *rig_dirty(const struct rig *rig, gint32 scope_id);
/* Takes them, and fails unless they are these. */
void rig_expect_dirty(const struct rig *rig, gint32 scope_id, const char *expected);
struct oid rig_oid(guint number);  /* a made-up commit */
gint64 rig_time(const char *text); /* RFC 3339 */

/* A first attempt with nothing else set. The caller frees. */
struct item *rig_item(enum item_kind kind, const char *project, const char *id);
/* Copies of what a query finds. */
GPtrArray *rig_items(const struct rig *rig, const struct item_query *query);
