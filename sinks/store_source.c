#include "sinks/store_private.h"

#define SOURCE_SQL                                                                       \
	"SELECT source_id, repo_id, cursor, polled_at, ok_at FROM dorad.source"          \
	" WHERE name = $1 AND active"

enum statement { READ, LOCK, OK, CURSOR, FAILED, REFS, DROP_REFS, PUT_REFS, EVENT };

static const char *const sql[] = {
	[READ] = SOURCE_SQL,
	[LOCK] = SOURCE_SQL " FOR NO KEY UPDATE",
	[OK] = "UPDATE dorad.source SET cursor = $2, polled_at = $3, ok_at = $3,"
	       " shallow = $4 WHERE source_id = $1",
	[CURSOR] = "UPDATE dorad.source SET cursor = $2 WHERE source_id = $1"
		   " AND cursor IS DISTINCT FROM $2",
	[FAILED] = "UPDATE dorad.source SET polled_at = $2, failed_at = $2, failure = $3,"
		   " failure_kind = $4, failing_since = CASE WHEN failed_at >"
		   " coalesce(ok_at, '-infinity') THEN coalesce(failing_since, failed_at)"
		   " ELSE $2 END WHERE source_id = $1",
	[REFS] = "SELECT name, object, commit, first_seen_at FROM dorad.git_ref"
		 " WHERE repo_id = $1 ORDER BY name COLLATE \"C\"",
	[DROP_REFS] = "DELETE FROM dorad.git_ref WHERE repo_id = $1 AND name = ANY ($2)",
	[PUT_REFS] =
		"INSERT INTO dorad.git_ref AS r"
		" (repo_id, name, object, commit, first_seen_at)"
		" SELECT $1, g.* FROM unnest($2, $3, $4, $5)"
		" AS g (name, object, commit, first_seen_at)"
		" ON CONFLICT (repo_id, name) DO UPDATE SET object = excluded.object,"
		" commit = excluded.commit, first_seen_at = excluded.first_seen_at"
		" WHERE (r.object, r.commit)"
		" IS DISTINCT FROM (excluded.object, excluded.commit)",
	[EVENT] = "INSERT INTO dorad.repo_event"
		  " (repo_id, at, kind, ref, old_sha, new_sha)"
		  " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
};

void source_row_clear(struct source_row *row)
{
	g_free(row->cursor);
	*row = (struct source_row){ .polled_at = INSTANT_NONE, .ok_at = INSTANT_NONE };
}

bool store_source(struct store *store, const char *name, struct source_row *row,
		  GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	bool lock = store->transaction != TRANSACTION_NONE;

	arg_text(&args, name);
	if (!store_exec(store, sql[lock ? LOCK : READ], &args, &result, error))
		return false;
	if (PQntuples(result) == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it does not know the source \"%s\"", name);
		return false;
	}
	*row = (struct source_row){
		.source_id = result_int4(result, 0, 0),
		.repo_id = result_int4(result, 0, 1),
		.cursor = result_text(result, 0, 2),
		.polled_at = result_instant(result, 0, 3),
		.ok_at = result_instant(result, 0, 4),
	};
	return true;
}

bool store_repo_id(struct store *store, const char *name, gint32 *repo_id, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_text(&args, name);
	if (!store_exec(store, sql[READ], &args, &result, error))
		return false;
	*repo_id = PQntuples(result) > 0 ? result_int4(result, 0, 1) : 0;
	return true;
}

bool store_source_ok(struct store *store, gint32 source_id, const char *cursor, gint64 at,
		     bool shallow, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, source_id);
	arg_text(&args, cursor);
	arg_instant(&args, at);
	arg_bool(&args, shallow);
	return store_writable(store, error) &&
	       store_exec(store, sql[OK], &args, NULL, error);
}

bool store_source_cursor(struct store *store, gint32 source_id, const char *cursor,
			 GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, source_id);
	arg_text(&args, cursor);
	return store_writable(store, error) &&
	       store_exec(store, sql[CURSOR], &args, NULL, error);
}

const char *store_failure_kind(const GError *failure)
{
	static const char *const kinds[] = {
		[DORA_ERROR_RETRY] = "retry",
		[DORA_ERROR_DENIED] = "denied",
		[DORA_ERROR_DATA] = "data",
		[DORA_ERROR_CONFIG] = "config",
	};

	if (failure->domain != DORA_ERROR || failure->code < 0 ||
	    failure->code >= (int)G_N_ELEMENTS(kinds))
		return NULL;
	return kinds[failure->code];
}

bool store_source_failed(struct store *store, gint32 source_id, gint64 at,
			 const GError *failure, GError **error)
{
	g_autofree char *valid = g_utf8_make_valid(failure->message, -1);
	struct pg_args args = { 0 };

	arg_int4(&args, source_id);
	arg_instant(&args, at);
	arg_text(&args, valid);
	arg_text(&args, store_failure_kind(failure));
	if (g_error_matches(failure, DORA_ERROR, DORA_ERROR_CANCELLED))
		return true; /* the program is stopping: nothing is known of the source */
	if (store_begin(store, error) &&
	    store_exec(store, sql[FAILED], &args, NULL, error))
		return store_commit(store, error);
	store_rollback(store);
	return false;
}

static void ref_row_clear(void *data)
{
	struct ref_row *row = data;

	g_free(row->name);
}

void ref_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static bool add_refs(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct ref_row row = {
			.name = result_text(result, i, 0),
			.first_seen = result_instant(result, i, 3),
		};

		result_oid(result, i, 1, &row.object);
		result_oid(result, i, 2, &row.commit);
		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_refs(struct store *store, gint32 repo_id, GError **error)
{
	struct pg_args args = { 0 };
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct ref_row));

	g_array_set_clear_func(rows, ref_row_clear);
	arg_int4(&args, repo_id);
	if (store_each(store, sql[REFS], &args, add_refs, rows, error))
		return rows;
	g_array_unref(rows);
	return NULL;
}

static bool put_refs(struct store *store, gint32 repo_id, struct pg_rows *put,
		     struct pg_rows *drop, GError **error)
{
	struct pg_args put_args = { 0 }, drop_args = { 0 };

	arg_int4(&put_args, repo_id);
	arg_rows(&put_args, put);
	arg_int4(&drop_args, repo_id);
	arg_rows(&drop_args, drop);
	return (drop->n == 0 ||
		store_exec(store, sql[DROP_REFS], &drop_args, NULL, error)) &&
	       (put->n == 0 || store_exec(store, sql[PUT_REFS], &put_args, NULL, error));
}

bool store_refs_write(struct store *store, gint32 repo_id, const struct ref_row *rows,
		      gsize n, GError **error)
{
	struct pg_rows put, drop;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&put, "tbbz");
	pg_rows_init(&drop, "t");
	for (gsize i = 0; i < n; i++) {
		if (rows[i].object.len == 0) {
			field_text(drop.columns[0], rows[i].name);
			drop.n++;
			continue;
		}
		field_text(put.columns[0], rows[i].name);
		field_oid(put.columns[1], &rows[i].object);
		field_oid(put.columns[2], &rows[i].commit);
		field_instant(put.columns[3], rows[i].first_seen);
		put.n++;
	}
	good = put_refs(store, repo_id, &put, &drop, error);
	pg_rows_clear(&put);
	pg_rows_clear(&drop);
	return good;
}

bool store_repo_event(struct store *store, gint32 repo_id, gint64 at, const char *kind,
		      const char *ref, const struct oid *was, const struct oid *is,
		      GError **error)
{
	g_autofree char *valid = g_utf8_make_valid(ref, -1);
	struct pg_args args = { 0 };

	arg_int4(&args, repo_id);
	arg_instant(&args, at);
	arg_text(&args, kind);
	arg_text(&args, valid);
	arg_oid(&args, was);
	arg_oid(&args, is);
	return store_writable(store, error) &&
	       store_exec(store, sql[EVENT], &args, NULL, error);
}
