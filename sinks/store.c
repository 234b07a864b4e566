#include "sinks/store_private.h"

#include <stdlib.h>

#include "sinks/migrations.h"

/* Every transaction says for itself what it relies on, because through a pooler the
 * session is not ours, and a role's or database's settings may be anything. The time
 * limits are for a server that has stopped making progress: a backfill of a large
 * repository is one COPY that waits for git. */
#define BEGIN_SQL                                                                        \
	"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"                               \
	"SET LOCAL search_path = '';"                                                    \
	"SET LOCAL standard_conforming_strings = on;"                                    \
	"SET LOCAL TimeZone = 'UTC';"                                                    \
	"SET LOCAL DateStyle = 'ISO, YMD';"                                              \
	"SET LOCAL bytea_output = 'hex';"                                                \
	"SET LOCAL client_encoding = 'UTF8';"                                            \
	"SET LOCAL extra_float_digits = 1;"                                              \
	"SET LOCAL jit = off;"                                                           \
	"SET LOCAL row_security = on;"                                                   \
	"SET LOCAL lock_timeout = '30s';"                                                \
	"SET LOCAL statement_timeout = '30min';"                                         \
	"SET LOCAL idle_in_transaction_session_timeout = '30min';"

/* A trial (sinks/store_privacy.h) is one transaction, and these are what is in it. */
#define TRIAL_BEGIN_SQL "SAVEPOINT trial; SET LOCAL enable_nestloop TO DEFAULT"
#define TRIAL_ROLLBACK_SQL "ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial"
#define TRIAL_COMMIT_SQL "RELEASE SAVEPOINT trial"

/* A program that is older than the schema stops at its next transaction. */
#define VERSION_SQL "SELECT max(version) FROM dorad.migration"

/* Rows fetched at once: some megabytes. */
#define FETCH_SQL "FETCH 20000 FROM each_row"

struct store *store_new(struct config *config)
{
	struct store *store = g_new0(struct store, 1);

	store->config = config_ref(config);
	store->due_seen = g_array_new(FALSE, FALSE, sizeof(gint64));
	return store;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	store_rollback(store);
	g_clear_pointer(&store->conn, PQfinish);
	g_array_unref(store->due_seen);
	g_free(store->notice);
	config_unref(store->config);
	g_free(store);
}

const char *store_notice(const struct store *store)
{
	return store->notice;
}

/* Ends whatever the connection is in the middle of. Where that is not possible at once,
 * the connection is dropped, which ends it too. */
static void settle(struct store *store)
{
	PGresult *result;

	if (PQtransactionStatus(store->conn) == PQTRANS_ACTIVE) {
		if (PQputCopyEnd(store->conn, "stopped by dorad") != 1) {
			g_clear_pointer(&store->conn, PQfinish);
			return;
		}
		while ((result = PQgetResult(store->conn)))
			PQclear(result);
	}
	if (PQtransactionStatus(store->conn) != PQTRANS_IDLE)
		PQclear(PQexec(store->conn, "ROLLBACK"));
	if (PQtransactionStatus(store->conn) != PQTRANS_IDLE)
		g_clear_pointer(&store->conn, PQfinish);
}

/* In a trial: back to the last savepoint. Where even that fails the connection is
 * dropped, and the trial with it. */
static void settle_trial(struct store *store)
{
	PGresult *result;

	if (PQtransactionStatus(store->conn) == PQTRANS_ACTIVE) {
		if (PQputCopyEnd(store->conn, "stopped by dorad") == 1)
			while ((result = PQgetResult(store->conn)))
				PQclear(result);
	}
	result = PQexec(store->conn, TRIAL_ROLLBACK_SQL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		g_clear_pointer(&store->conn, PQfinish);
	PQclear(result);
}

void store_rollback(struct store *store)
{
	bool open = store->transaction != TRANSACTION_NONE;

	bulk_clear(&store->bulk);
	store->transaction = TRANSACTION_NONE;
	if (!store->conn)
		return;
	if (!store->trial)
		settle(store);
	else if (open)
		settle_trial(store);
}

bool store_lost(struct store *store, const PGresult *result, GError **error)
{
	if (store->transaction == TRANSACTION_OPEN)
		store->transaction = TRANSACTION_FAILED;
	return store_fail(store->conn, result, error);
}

/* The version of the schema must be this program's. */
static bool check_version(const PGresult *result, GError **error)
{
	long version = PQntuples(result) == 1 ? strtol(PQgetvalue(result, 0, 0), NULL, 10)
					      : 0;

	if (version == migrations[n_migrations - 1].version)
		return true;
	g_set_error(
		error, DORA_ERROR, DORA_ERROR_CONFIG,
		version > migrations[n_migrations - 1].version
			? "database: its schema has version %ld, which is newer than "
			  "this program's (%d); run a newer dorad"
			: "database: its schema has version %ld, this program needs %d; "
			  "it is brought up to date when dorad starts",
		version, migrations[n_migrations - 1].version);
	return false;
}

/* *stale: the connection turned out to be dead before anything was done. */
static bool try_begin(struct store *store, bool checked, bool *stale, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	ExecStatusType status;

	*stale = false;
	if (!store->conn &&
	    !(store->conn = store_connect(store->config->database, error)))
		return false;
	result = PQexec(store->conn, checked ? BEGIN_SQL VERSION_SQL : BEGIN_SQL);
	status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
		store->transaction = TRANSACTION_OPEN;
		g_array_set_size(store->due_seen, 0);
		if (!checked || check_version(result, error))
			return true;
		store_rollback(store);
		return false;
	}
	*stale = PQstatus(store->conn) == CONNECTION_BAD;
	if (g_strcmp0(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42P01") == 0 ||
	    g_strcmp0(PQresultErrorField(result, PG_DIAG_SQLSTATE), "3F000") == 0)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it has not been prepared yet; that is done when "
			    "dorad starts");
	else
		store_fail(store->conn, result, error);
	store_rollback(store);
	return false;
}

static bool begin_trial(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store->conn) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "database: the connection was lost");
		return false;
	}
	result = PQexec(store->conn, TRIAL_BEGIN_SQL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return store_fail(store->conn, result, error);
	store->transaction = TRANSACTION_OPEN;
	g_array_set_size(store->due_seen, 0);
	return true;
}

static bool begin(struct store *store, bool checked, GError **error)
{
	bool had_connection, stale;
	g_autoptr(GError) first = NULL;

	if (store->transaction != TRANSACTION_NONE)
		store_rollback(store);
	if (store->trial)
		return begin_trial(store, error);
	had_connection = store->conn != NULL;
	if (try_begin(store, checked, &stale, &first))
		return true;
	if (had_connection && stale) {
		/* It broke while it lay idle: a restart of the server or the pooler. */
		g_clear_pointer(&store->conn, PQfinish);
		return try_begin(store, checked, &stale, error);
	}
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

bool store_begin(struct store *store, GError **error)
{
	return begin(store, true, error);
}

bool store_begin_unchecked(struct store *store, GError **error)
{
	return begin(store, false, error);
}

bool store_writable(struct store *store, GError **error)
{
	if (store->transaction == TRANSACTION_OPEN && store->bulk.what == BULK_NONE)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY, "database: %s",
		    store->transaction == TRANSACTION_FAILED
			    ? "the transaction has failed"
		    : store->transaction == TRANSACTION_NONE ? "no transaction is open"
							     : "rows are being streamed");
	return false;
}

bool store_commit(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_writable(store, error)) {
		store_rollback(store);
		return false;
	}
	result = PQexec(store->conn, store->trial ? TRIAL_COMMIT_SQL : "COMMIT");
	/* COMMIT of a failed transaction succeeds, and says ROLLBACK. */
	if (PQresultStatus(result) == PGRES_COMMAND_OK &&
	    (store->trial || strcmp(PQcmdStatus(result), "COMMIT") == 0)) {
		store->transaction = TRANSACTION_NONE;
		return true;
	}
	store_lost(store, result, error);
	store_rollback(store);
	return false;
}

static bool run(struct store *store, const char *sql, const struct pg_args *args,
		PGresult **result, GError **error)
{
	static const struct pg_args none = { 0 };
	_cleanup_(PQclearp) PGresult *got = NULL;
	ExecStatusType status;

	if (!store_writable(store, error))
		return false;
	if (!args)
		args = &none;
	got = PQexecParams(store->conn, sql, args->n, args->types, args->values,
			   args->lengths, args->formats, 1);
	status = PQresultStatus(got);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return store_lost(store, got, error);
	if (result)
		*result = g_steal_pointer(&got);
	return true;
}

bool store_exec(struct store *store, const char *sql, const struct pg_args *args,
		PGresult **result, GError **error)
{
	_cleanup_(PQclearp) PGresult *got = NULL;

	if (store->transaction != TRANSACTION_NONE)
		return run(store, sql, args, result, error);
	if (!store_begin(store, error))
		return false;
	if (!run(store, sql, args, &got, error) || !store_commit(store, error)) {
		store_rollback(store);
		return false;
	}
	if (result)
		*result = g_steal_pointer(&got);
	return true;
}

bool store_exec_script(struct store *store, const char *sql, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	ExecStatusType status;

	if (!store_writable(store, error))
		return false;
	result = PQexec(store->conn, sql);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return store_lost(store, result, error);
	return true;
}

static bool each_portion(struct store *store, const char *sql, const struct pg_args *args,
			 bool (*each)(const PGresult *rows, void *user, GError **error),
			 void *user, GError **error)
{
	g_autofree char *declare = g_strconcat(
		"DECLARE each_row BINARY NO SCROLL CURSOR FOR ", sql, NULL);
	int n;

	if (!run(store, declare, args, NULL, error))
		return false;
	do {
		_cleanup_(PQclearp) PGresult *rows = NULL;

		if (!run(store, FETCH_SQL, NULL, &rows, error))
			return false;
		n = PQntuples(rows);
		if (n > 0 && !each(rows, user, error))
			return false;
	} while (n > 0);
	return run(store, "CLOSE each_row", NULL, NULL, error);
}

bool store_each(struct store *store, const char *sql, const struct pg_args *args,
		bool (*each)(const PGresult *rows, void *user, GError **error),
		void *user, GError **error)
{
	bool own = store->transaction == TRANSACTION_NONE;

	if (own && !store_begin(store, error))
		return false;
	if (!each_portion(store, sql, args, each, user, error)) {
		if (own)
			store_rollback(store);
		return false;
	}
	return !own || store_commit(store, error);
}

bool store_read_views(struct store *store, const char *sql, const struct pg_args *args,
		      bool (*add)(const PGresult *rows, void *user, GError **error),
		      void *user, GError **error)
{
	const bool own = store->transaction == TRANSACTION_NONE;

	if ((!own || store_begin_unchecked(store, error)) &&
	    store_each(store, sql, args, add, user, error) &&
	    (!own || store_commit(store, error)))
		return true;
	if (own)
		store_rollback(store);
	return false;
}

/* ---- bulk writes ---- */

void bulk_clear(struct bulk *bulk)
{
	copy_clear(&bulk->copy);
	if (bulk->rows.types)
		pg_rows_clear(&bulk->rows);
	g_clear_pointer(&bulk->days, g_hash_table_unref);
	*bulk = (struct bulk){ 0 };
}

bool bulk_copy_begin(struct store *store, const char *sql, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = PQexec(store->conn, sql);

	if (PQresultStatus(result) != PGRES_COPY_IN)
		return store_lost(store, result, error);
	store->bulk.copying = true;
	copy_begin(&store->bulk.copy, store->conn);
	return true;
}

bool bulk_copy_end(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	bool good;

	if (!copy_end(&store->bulk.copy))
		return store_lost(store, NULL, error);
	result = PQgetResult(store->conn);
	good = PQresultStatus(result) == PGRES_COMMAND_OK ||
	       store_lost(store, result, error);
	for (PGresult *rest; (rest = PQgetResult(store->conn));)
		PQclear(rest);
	store->bulk.n_written = store->bulk.copy.n_rows;
	copy_clear(&store->bulk.copy);
	store->bulk.copying = false;
	return good;
}
