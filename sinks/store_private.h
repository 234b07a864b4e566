#pragma once

/*
 * What the files of the store share: the connection, the state of its transaction, and
 * the one way to run a statement.
 */
#include "base/error.h"
#include "sinks/copy.h"
#include "sinks/pg_value.h"
#include "sinks/store.h"

enum transaction { TRANSACTION_NONE, TRANSACTION_OPEN, TRANSACTION_FAILED };

/* Rows of one kind being written between …_begin() and …_end(). */
struct bulk {
	enum { BULK_NONE, BULK_COMMITS, BULK_SHIPPED } what;
	gint32 id;    /* repository or service */
	bool copying; /* by COPY; else gathered in rows and written in batches */
	bool staged;  /* COPY goes to a temporary table first */
	struct copy copy;
	struct pg_rows rows;
	GHashTable *days; /* of shipped rows: what becomes dirty */
	gsize n_written;
};

struct store {
	struct config *config;
	PGconn *conn;
	enum transaction transaction;
	bool trial; /* transactions are savepoints: sinks/store_privacy.h */
	char *notice;
	struct bulk bulk;
	/* Marks of attribution_due seen when the service was locked; see
	 * store_attribution_due(). */
	GArray *due_seen;
};

/* ---- store_connect.c ---- */

/* Opens a connection according to the configuration; NULL with an error. */
PGconn *store_connect(const struct config_database *database, GError **error);

/* ---- store_error.c ---- */

/* The error of a failed statement (result may be NULL) or of the connection. False. */
bool store_fail(PGconn *conn, const PGresult *result, GError **error);
/* The error of a connection that could not be opened. False. */
bool store_fail_connect(PGconn *conn, const char *secret, GError **error);

/* ---- store.c ---- */

/* Begins a transaction without asking for a schema version: for migrations. */
bool store_begin_unchecked(struct store *store, GError **error);

/* Runs one statement in the open transaction; without one, in a transaction of its own
 * that is over when it returns: only reads may do that, and what is one write by itself.
 * args and result may be NULL; the
 * caller clears *result. */
bool store_exec(struct store *store, const char *sql, const struct pg_args *args,
		PGresult **result, GError **error);
/* Runs any number of statements without parameters, discarding what they return. */
bool store_exec_script(struct store *store, const char *sql, GError **error);
/* Keeps every other dorad from changing the schema until the open transaction ends. */
bool store_lock_schema(struct store *store, GError **error);
/* Make and grant, in the open transaction, what the configuration asks for and is not
 * there yet: database.devlake_schema, database.reader_role. */
bool store_devlake(struct store *store, GError **error);
bool store_admit_readers(struct store *store, GError **error);
/* Notes that the transaction is lost, with the error of result. False. */
bool store_lost(struct store *store, const PGresult *result, GError **error);

/* Reads a query's rows in portions of some thousands through a cursor, in the open
 * transaction or one of its own. each is called for every portion and must not use the
 * store. */
bool store_each(struct store *store, const char *sql, const struct pg_args *args,
		bool (*each)(const PGresult *rows, void *user, GError **error),
		void *user, GError **error);

/* The same of views, which keep their columns whatever version the schema has: a
 * transaction of its own does not ask for it, as not everybody may who may read them. */
bool store_read_views(struct store *store, const char *sql, const struct pg_args *args,
		      bool (*add)(const PGresult *rows, void *user, GError **error),
		      void *user, GError **error);

/* Refuses a write outside a transaction, and any use in the middle of a bulk write. */
bool store_writable(struct store *store, GError **error);

/* ---- store_ownership.c ---- */

/* Makes the owners of the services of a configuration what it says. */
bool store_ownership_write(struct store *store, const struct config *config,
			   GError **error);

/* ---- store_alerts.c ---- */

/* What is wanted of dora.alerts v, by the six arguments that the other adds. */
#define STORE_ALERTS_WANTED                                                              \
	"($1 = 0 OR v.alert = $1) AND ($2 OR v.state = 'firing')"                        \
	" AND ($3 OR v.direction = 'worse') AND ($5::text IS NULL OR CASE $4::text"      \
	" WHEN 'org' THEN v.org WHEN 'team' THEN v.team ELSE v.service END = $5)"        \
	" AND v.fired_at >= $6"
struct alert_query;
void store_arg_alerts(struct pg_args *args, const struct alert_query *query);
/* What of a group a channel hears of, as it is now: array of struct alert_row. */
GArray *store_alerts_told(struct store *store, gint64 group_id, const char *channel,
			  gint64 now, GError **error);

/* ---- store_alert_told.c ---- */

struct watch_row;
struct alert_event;
bool store_alert_is_end(const struct alert_event *event);
/* Tells channels of an event that has been recorded under event_id and whose alert is
 * row->alert_id: store_alert_event(). */
bool store_alert_tell(struct store *store, const struct watch_row *row,
		      const struct alert_event *event, const char *const *channels,
		      gsize n_channels, gint64 event_id, gint64 now, GError **error);

/* ---- store_outbox.c ---- */

/* How long news of a group waits for more of it, and after a message of it, in SQL:
 * OUTBOX_GATHER and OUTBOX_INTERVAL. */
#define STORE_OUTBOX_GATHER "1 minute"
#define STORE_OUTBOX_INTERVAL "5 minutes"
/* What a row of the outbox tells has arrived, or may have. */
#define STORE_OUTBOX_HEARD(row)                                                          \
	"(" row ".state = 'delivered' OR " row ".unsure"                                 \
	" OR " row ".taken_at IS NOT NULL)"

/* ---- store_channels.c ---- */

/* The names of the channels that have rows: all but those of NOTIFY. One column; the
 * caller clears. */
void store_posted_channels(const struct config *config, struct pg_rows *names);
/* In the open transaction: what was told or waits for a channel that the configuration
 * does not have goes to one of the same kind and address, if there is one; else nothing
 * waits for it any longer. */
bool store_channels_sync(struct store *store, const struct config *config,
			 GError **error);
/* What is kept of a failure: some receivers answer with whole pages. The caller frees. */
char *store_failure_brief(const GError *failure);

/* ---- store_source.c ---- */

/* What an operator has to do about it; NULL: nothing that is known. */
const char *store_failure_kind(const GError *failure);

/* ---- store_samples.c ---- */

/* Each service that a scope ($1) has or had, also of those that have left the
 * configuration, is looked at by itself, in the time it was the scope's: one range of one
 * index each. OFFSET 0 keeps it so, whatever the planner takes the time bounds for. $2 is
 * the environment, $3 and $4 are the range. */
#define STORE_OF_EACH_OWNED                                                              \
	" FROM (SELECT service_id, valid_from, valid_to, left_at FROM dorad.counted"     \
	" WHERE scope_id = $1 OFFSET 0) o CROSS JOIN LATERAL ("
/* The same of the services that are the scope's at the end of the range, over all time: a
 * service that changes its team takes its past along. */
#define STORE_OF_EACH_LAST                                                               \
	" FROM (SELECT service_id, timestamptz '-infinity' AS valid_from,"               \
	" timestamptz 'infinity' AS valid_to FROM dorad.owner"                           \
	" WHERE scope_id = $1 AND valid_from < $4 AND valid_to >= $4 OFFSET 0) o"        \
	" CROSS JOIN LATERAL ("
#define STORE_OWNED(row)                                                                 \
	row ".service_id = o.service_id AND " row ".environment = $2"                    \
	    " AND " row ".finished_at >= greatest(o.valid_from, $3)"                     \
	    " AND " row ".finished_at < least(o.valid_to, $4)"
/* Appends stages of changes (struct stage_sample) by these four, of the services that are
 * the scope's at the end of the range. */
bool store_samples_stages(struct store *store, const struct pg_args *args, GArray *stages,
			  GError **error);

/* For the rest of the transaction. What one part of a statement found is joined with what
 * another did, and nobody can tell PostgreSQL how much that is: it would go through all
 * of one for each row of the other. Look-ups (LATERAL) stay what they are. */
#define STORE_HASH_SQL "SELECT set_config('enable_nestloop', 'off', true)"

/* ---- store_series.c ---- */

/* Marks days (an array of gint32, any order, may repeat) dirty for a service, its team
 * and its org. */
bool store_dirty_days(struct store *store, gint32 service_id, const GArray *days,
		      GError **error);
/* Runs a statement in which $2 may be now, and which returns times: their first and last
 * instants. Marks the days from one to the other dirty. */
bool store_exec_dirty(struct store *store, gint32 service_id, const char *sql,
		      const struct pg_args *args, GError **error);
/* In such a statement: the last day of something that ended, ends soon (but no further
 * than numbers can have been made by then) or, with 'infinity', has not ended. */
#define STORE_SPAN_END(ended, now)                                                       \
	"CASE WHEN " ended " = 'infinity' THEN " now " ELSE least(" ended ", " now       \
	" + interval '1 day') END"
/* The UTC day of an instant, in days since 1970. */
gint32 store_utc_day(gint64 instant);

/* ---- store_items.c ---- */

/* "d.project, d.kind, …": what store_item_read() reads. */
char *store_item_columns(const char *prefix);
/* Reads an item, which the caller clears, from the first columns of a row; returns the
 * column after them. */
int store_item_read(struct item *item, const PGresult *result, int row);

/* ---- store_debt.c ---- */

/* Makes the rows of debt what the configuration says, in the open transaction; sources
 * and services are there already. */
bool store_sync_debt(struct store *store, const struct config *config, GError **error);

/* ---- bulk writes (store_commits.c, store_shipped.c) ---- */

void bulk_clear(struct bulk *bulk);
/* Starts COPY with a statement "COPY … FROM STDIN (FORMAT binary)". */
bool bulk_copy_begin(struct store *store, const char *sql, GError **error);
bool bulk_copy_end(struct store *store, GError **error);
