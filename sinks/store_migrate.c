#include <stdlib.h>

#include "sinks/migrations.h"
#include "sinks/store_private.h"

/* "dorad", as the advisory locks of this program go. */
#define MIGRATION_LOCK G_GINT64_CONSTANT(0x646f72616400)

/* Kept apart from the migrations, because it says which of them there were. The schemas
 * may have been made by somebody with more rights. */
#define PREPARE_SQL                                                                      \
	"DO $$ BEGIN"                                                                    \
	" IF to_regnamespace('dorad') IS NULL THEN CREATE SCHEMA dorad; END IF;"         \
	" IF to_regnamespace('dora') IS NULL THEN CREATE SCHEMA dora; END IF;"           \
	" IF to_regclass('dorad.migration') IS NULL THEN"                                \
	" CREATE TABLE dorad.migration (version int PRIMARY KEY, name text NOT NULL,"    \
	" checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"       \
	" END IF; END $$"

enum statement {
	LOCK,
	PREPARED,
	APPLIED,
	RECORD,
};

static const char *const sql[] = {
	[LOCK] = "SELECT pg_advisory_xact_lock($1)",
	[PREPARED] = "SELECT to_regclass('dorad.migration') IS NOT NULL",
	[APPLIED] = "SELECT version, name, checksum FROM dorad.migration"
		    " ORDER BY version",
	[RECORD] = "INSERT INTO dorad.migration (version, name, checksum)"
		   " VALUES ($1, $2, $3)",
};

/* How many migrations the database has; every one of them must be ours. */
static bool count_applied(struct store *store, gsize *n, GError **error)
{
	_cleanup_(PQclearp) PGresult *prepared = NULL;
	_cleanup_(PQclearp) PGresult *result = NULL;

	*n = 0;
	if (!store_exec(store, sql[PREPARED], NULL, &prepared, error))
		return false;
	if (!result_bool(prepared, 0, 0))
		return true;
	if (!store_exec(store, sql[APPLIED], NULL, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		int version = result_int4(result, i, 0);
		g_autofree char *name = result_text(result, i, 1);
		g_autofree char *theirs = result_text(result, i, 2);
		g_autofree char *ours = NULL;

		if ((gsize)i >= n_migrations) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
				    "database: its schema has version %d (\"%s\"), which "
				    "is newer than this program's (%d); run a newer "
				    "dorad",
				    version, name, migrations[n_migrations - 1].version);
			return false;
		}
		ours = g_compute_checksum_for_string(G_CHECKSUM_SHA256, migrations[i].sql,
						     -1);
		if (version != migrations[i].version || strcmp(ours, theirs) != 0) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
				    "database: migration %d (\"%s\") was applied with "
				    "other contents than this program's",
				    version, name);
			return false;
		}
	}
	*n = (gsize)PQntuples(result);
	return true;
}

bool store_lock_schema(struct store *store, GError **error)
{
	struct pg_args args = { 0 };

	arg_int8(&args, MIGRATION_LOCK);
	return store_exec(store, sql[LOCK], &args, NULL, error);
}

static bool apply(struct store *store, const struct migration *migration, GError **error)
{
	g_autofree char *checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256,
								  migration->sql, -1);
	struct pg_args args = { 0 };

	arg_int4(&args, migration->version);
	arg_text(&args, migration->name);
	arg_text(&args, checksum);
	if (store_exec_script(store, migration->sql, error) &&
	    store_exec(store, sql[RECORD], &args, NULL, error))
		return true;
	g_prefix_error(error, "migration %d (\"%s\"): ", migration->version,
		       migration->name);
	return false;
}

/* Applies the next migration, if there is one; *done if there is none. */
static bool step(struct store *store, bool *done, GError **error)
{
	gsize n;

	if (!store_begin_unchecked(store, error) || !count_applied(store, &n, error))
		return false;
	*done = n == n_migrations;
	if (*done)
		return store_commit(store, error);
	/* Somebody else may have been faster: look again under the lock. */
	if (!store_lock_schema(store, error) ||
	    !store_exec_script(store, PREPARE_SQL, error) ||
	    !count_applied(store, &n, error))
		return false;
	if (n < n_migrations && !apply(store, &migrations[n], error))
		return false;
	return store_commit(store, error);
}

bool store_migrate(struct store *store, GError **error)
{
	bool done = false;

	g_clear_pointer(&store->notice, g_free);
	while (!done) {
		if (!step(store, &done, error)) {
			store_rollback(store);
			return false;
		}
	}
	if (store_begin(store, error) && store_devlake(store, error) &&
	    store_admit_readers(store, error) && store_commit(store, error))
		return true;
	store_rollback(store);
	return false;
}
