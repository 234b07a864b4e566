#include "sinks/store_private.h"

#define BATCH 50000

enum statement { MAKE, READ, EMPTY, RESET, SOME, COPY, INSERT, HITS, EACH };

static const char *const sql[] = {
	[MAKE] = "INSERT INTO dorad.component (service_id, repo_id)"
		 " SELECT scope_id, $2 FROM dorad.scope s"
		 " WHERE kind = 'service' AND name = $1 AND NOT EXISTS"
		 " (SELECT FROM dorad.component c"
		 " WHERE c.service_id = s.scope_id AND c.repo_id = $2)"
		 " ON CONFLICT DO NOTHING",
	[READ] = "SELECT c.component_id, c.globs FROM dorad.component c"
		 " JOIN dorad.scope s ON s.scope_id = c.service_id"
		 " WHERE s.kind = 'service' AND s.name = $1 AND c.repo_id = $2",
	[EMPTY] = "DELETE FROM dorad.touched WHERE component_id = $1",
	[RESET] = "UPDATE dorad.component SET globs = $2"
		  " WHERE component_id = $1 AND globs IS DISTINCT FROM $2",
	[SOME] = "SELECT EXISTS (SELECT FROM dorad.touched WHERE component_id = $1)",
	[COPY] = "COPY dorad.touched (component_id, sha) FROM STDIN (FORMAT binary)",
	[INSERT] = "INSERT INTO dorad.touched (component_id, sha)"
		   " SELECT $1, g.sha FROM unnest($2) AS g (sha)"
		   " ON CONFLICT (component_id, sha) DO NOTHING",
	[HITS] = "SELECT g.i FROM unnest($2) WITH ORDINALITY AS g (sha, i)"
		 " JOIN dorad.touched t ON t.component_id = $1 AND t.sha = g.sha",
	[EACH] = "SELECT sha FROM dorad.touched WHERE component_id = $1",
};

bool store_component(struct store *store, const char *service, gint32 repo_id,
		     gint32 *component_id, char **globs, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_text(&args, service);
	arg_int4(&args, repo_id);
	if (store->transaction != TRANSACTION_NONE &&
	    !store_exec(store, sql[MAKE], &args, NULL, error))
		return false;
	if (!store_exec(store, sql[READ], &args, &result, error))
		return false;
	if (PQntuples(result) == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it does not know this component of service \"%s\"",
			    service);
		return false;
	}
	*component_id = result_int4(result, 0, 0);
	*globs = result_text(result, 0, 1);
	return true;
}

bool store_touched_reset(struct store *store, gint32 component_id, const char *globs,
			 GError **error)
{
	struct pg_args empty = { 0 }, reset = { 0 };

	arg_int4(&empty, component_id);
	arg_int4(&reset, component_id);
	arg_text(&reset, globs);
	return store_writable(store, error) &&
	       store_exec(store, sql[EMPTY], &empty, NULL, error) &&
	       store_exec(store, sql[RESET], &reset, NULL, error);
}

static bool copy_touched(struct store *store, gint32 component_id, const struct oid *oids,
			 gsize n, GError **error)
{
	struct copy *copy = &store->bulk.copy;
	bool good = bulk_copy_begin(store, sql[COPY], error);

	for (gsize i = 0; good && i < n; i++) {
		good = copy_row(copy, 2) || store_lost(store, NULL, error);
		field_int4(copy->buffer, component_id);
		field_oid(copy->buffer, &oids[i]);
	}
	good = good && bulk_copy_end(store, error);
	bulk_clear(&store->bulk);
	return good;
}

/* Runs a statement for oids in batches; the indexes it returns (from 1) are hits. */

static bool in_batches(struct store *store, const char *statement, gint32 component_id,
		       const struct oid *oids, gsize n, bool *hit, GError **error)
{
	struct pg_rows rows;
	bool good = true;

	pg_rows_init(&rows, "b");
	for (gsize from = 0; good && from < n; from += BATCH) {
		struct pg_args args = { 0 };
		_cleanup_(PQclearp) PGresult *result = NULL;

		pg_rows_reset(&rows);
		for (gsize i = from; i < MIN(n, from + BATCH); i++, rows.n++)
			field_oid(rows.columns[0], &oids[i]);
		arg_int4(&args, component_id);
		arg_rows(&args, &rows);
		good = store_exec(store, statement, &args, &result, error);
		for (int i = 0; good && hit && i < PQntuples(result); i++)
			hit[from + (gsize)result_int8(result, i, 0) - 1] = true;
	}
	pg_rows_clear(&rows);
	return good;
}

bool store_touched_add(struct store *store, gint32 component_id, const struct oid *oids,
		       gsize n, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_writable(store, error))
		return false;
	if (n == 0)
		return true;
	arg_int4(&args, component_id);
	if (!store_exec(store, sql[SOME], &args, &result, error))
		return false;
	if (!result_bool(result, 0, 0))
		return copy_touched(store, component_id, oids, n, error);
	return in_batches(store, sql[INSERT], component_id, oids, n, NULL, error);
}

bool store_touched(struct store *store, gint32 component_id, const struct oid *oids,
		   gsize n, bool *hit, GError **error)
{
	memset(hit, 0, n * sizeof(*hit));
	return in_batches(store, sql[HITS], component_id, oids, n, hit, error);
}

struct visit {
	bool (*visit)(const struct oid *oid, void *user, GError **error);
	void *user;
};

static bool visit_portion(const PGresult *result, void *user, GError **error)
{
	struct visit *visit = user;

	for (int i = 0; i < PQntuples(result); i++) {
		struct oid oid;

		result_oid(result, i, 0, &oid);
		if (!visit->visit(&oid, visit->user, error))
			return false;
	}
	return true;
}

bool store_touched_each(struct store *store, gint32 component_id,
			bool (*visit)(const struct oid *oid, void *user, GError **error),
			void *user, GError **error)
{
	struct pg_args args = { 0 };
	struct visit each = { visit, user };

	arg_int4(&args, component_id);
	return store_each(store, sql[EACH], &args, visit_portion, &each, error);
}
