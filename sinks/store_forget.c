#include "sinks/store_privacy.h"
#include "sinks/store_private.h"

/* Marks the days that a statement's rows were counted on. */
#define MARK                                                                             \
	", marked AS (INSERT INTO dorad.dirty (scope_id, day)"                           \
	" SELECT DISTINCT m.scope_id, (h.finished_at AT TIME ZONE 'UTC')::date"          \
	" - date '1970-01-01' FROM hit h JOIN dorad.counted m USING (service_id)"        \
	" WHERE m.scope_id IS NOT NULL) SELECT count(*) FROM hit"

enum statement { ALONE, SHARED, READ, SERVICES, ADD, COMMITS, SHIPPED, CHANGES };

static const char *const sql[] = {
	/* No poll is between reading who is forgotten and storing commits. */
	[ALONE] = "LOCK TABLE dorad.forgotten IN EXCLUSIVE MODE",
	[SHARED] = "LOCK TABLE dorad.forgotten IN SHARE MODE",
	[READ] = "SELECT token FROM dorad.forgotten",
	/* No evaluation is between reading commits and storing what was shipped. */
	[SERVICES] = "SELECT FROM dorad.scope WHERE kind = 'service' ORDER BY scope_id"
		     " FOR NO KEY UPDATE",
	[ADD] = "INSERT INTO dorad.forgotten (token) SELECT g.token"
		" FROM unnest($1) AS g (token) ON CONFLICT DO NOTHING",
	[COMMITS] = "WITH hit AS (UPDATE dorad.commit SET author = NULL"
		    " WHERE author = ANY ($1) RETURNING 1) SELECT count(*) FROM hit",
	[SHIPPED] = "WITH hit AS (UPDATE dorad.shipped SET author = NULL"
		    " WHERE author = ANY ($1) RETURNING service_id, finished_at)" MARK,
	[CHANGES] = "WITH hit AS (UPDATE dorad.shipped_change SET author = NULL"
		    " WHERE author = ANY ($1) RETURNING service_id, finished_at)" MARK,
};

GHashTable *store_forgotten(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	GHashTable *tokens;

	if (!store_writable(store, error) ||
	    !store_exec(store, sql[SHARED], NULL, NULL, error) ||
	    !store_exec(store, sql[READ], NULL, &result, error))
		return NULL;
	tokens = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
				       (GDestroyNotify)g_bytes_unref, NULL);
	for (int i = 0; i < PQntuples(result); i++)
		g_hash_table_add(tokens, g_bytes_new(PQgetvalue(result, i, 0),
						     (gsize)PQgetlength(result, i, 0)));
	return tokens;
}

static bool add_tokens(struct store *store, const GPtrArray *tokens, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	pg_rows_init(&rows, "b");
	for (guint i = 0; i < tokens->len; i++, rows.n++) {
		gsize n;
		const guint8 *token = g_bytes_get_data(g_ptr_array_index(tokens, i), &n);

		field_bytes(rows.columns[0], token, n);
	}
	arg_rows(&args, &rows);
	good = store_exec(store, sql[ADD], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

static bool erase(struct store *store, enum statement statement, struct pg_args *args,
		  gsize *n, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_exec(store, sql[statement], args, &result, error))
		return false;
	*n = (gsize)result_int8(result, 0, 0);
	return true;
}

bool store_forget(struct store *store, const GArray *authors, const GPtrArray *tokens,
		  struct forget_counts *counts, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	*counts = (struct forget_counts){ 0 };
	if (!store_writable(store, error) ||
	    !store_exec(store, sql[ALONE], NULL, NULL, error) ||
	    !store_exec(store, sql[SERVICES], NULL, NULL, error) ||
	    !add_tokens(store, tokens, error))
		return false;
	pg_rows_init(&rows, "l");
	for (guint i = 0; i < authors->len; i++, rows.n++)
		field_int8(rows.columns[0], (gint64)g_array_index(authors, guint64, i));
	arg_rows(&args, &rows);
	good = erase(store, COMMITS, &args, &counts->n_commits, error) &&
	       erase(store, SHIPPED, &args, &counts->n_shipped, error) &&
	       erase(store, CHANGES, &args, &counts->n_changes, error);
	pg_rows_clear(&rows);
	return good;
}
