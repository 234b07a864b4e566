#include "sinks/store_private.h"

#define KEY "d.service_id = $1 AND d.source_id = $2"

enum statement { WRITE, REVISIONS, READ, READ_REVISIONS };

static const char *const sql[] = {
	/* Not ON CONFLICT: that would use up a sequence value a row and poll. */
	[WRITE] =
		"WITH given AS (SELECT * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10)"
		" AS g (external_id, attempt, environment, started_at, finished_at,"
		" outcome, withheld, first_seen_at)),"
		" changed AS (UPDATE dorad.deployment d SET"
		" environment = g.environment, started_at = g.started_at,"
		" finished_at = g.finished_at, outcome = g.outcome, withheld = g.withheld"
		" FROM given g WHERE " KEY
		" AND d.external_id = g.external_id AND d.attempt = g.attempt"
		" AND (d.environment, d.started_at, d.finished_at, d.outcome, d.withheld)"
		" IS DISTINCT FROM"
		" (g.environment, g.started_at, g.finished_at, g.outcome, g.withheld)"
		" RETURNING d.deployment_id),"
		" added AS (INSERT INTO dorad.deployment (service_id, source_id,"
		" external_id, attempt, environment, started_at, finished_at, outcome,"
		" withheld, first_seen_at)"
		" SELECT $1, $2, g.* FROM given g WHERE NOT EXISTS"
		" (SELECT FROM dorad.deployment d WHERE " KEY
		" AND d.external_id = g.external_id AND d.attempt = g.attempt)"
		" RETURNING deployment_id)"
		" SELECT deployment_id FROM changed UNION ALL"
		" SELECT deployment_id FROM added",
	/* $3, $4: keys of all rows given; $5: which of them a revision belongs to. */
	[REVISIONS] =
		"WITH key AS (SELECT d.deployment_id, g.i"
		" FROM unnest($3, $4) WITH ORDINALITY AS g (external_id, attempt, i)"
		" JOIN dorad.deployment d ON " KEY
		" AND d.external_id = g.external_id AND d.attempt = g.attempt),"
		" given AS (SELECT DISTINCT key.deployment_id, r.repo_id, r.sha"
		" FROM unnest($5, $6, $7) AS r (i, repo_id, sha) JOIN key USING (i)),"
		" gone AS (DELETE FROM dorad.deployment_revision x USING key"
		" WHERE x.deployment_id = key.deployment_id AND NOT EXISTS"
		" (SELECT FROM given g WHERE (g.deployment_id, g.repo_id, g.sha)"
		" = (x.deployment_id, x.repo_id, x.sha))"
		" RETURNING x.deployment_id),"
		" added AS (INSERT INTO dorad.deployment_revision"
		" (deployment_id, repo_id, sha)"
		" SELECT g.* FROM given g WHERE NOT EXISTS"
		" (SELECT FROM dorad.deployment_revision x"
		" WHERE (g.deployment_id, g.repo_id, g.sha)"
		" = (x.deployment_id, x.repo_id, x.sha))"
		" RETURNING deployment_id)"
		" SELECT deployment_id FROM gone UNION ALL SELECT deployment_id FROM "
		"added",
	[READ] = "SELECT deployment_id, external_id, attempt, environment, started_at,"
		 " finished_at, outcome, withheld, first_seen_at"
		 " FROM dorad.deployment d"
		 " WHERE service_id = $1 AND (source_id = $2 OR $2 <= 0)"
		 " ORDER BY deployment_id",
	[READ_REVISIONS] = "SELECT d.deployment_id, r.repo_id, r.sha"
			   " FROM dorad.deployment d"
			   " JOIN dorad.deployment_revision r USING (deployment_id)"
			   " WHERE service_id = $1 AND (source_id = $2 OR $2 <= 0)"
			   " ORDER BY d.deployment_id, r.repo_id, r.sha",
};

void deployment_row_clear(struct deployment_row *row)
{
	g_free(row->external_id);
	g_free(row->environment);
	g_free(row->ref);
	g_free(row->revisions);
	*row = (struct deployment_row){ .started = INSTANT_NONE,
					.finished = INSTANT_NONE,
					.first_seen = INSTANT_NONE };
}

void deployment_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

/* ---- writing ---- */

static void note_changed(GHashTable *changed, const PGresult *result)
{
	for (int i = 0; i < PQntuples(result); i++) {
		gint64 id = result_int8(result, i, 0);

		g_hash_table_add(changed, g_memdup2(&id, sizeof(id)));
	}
}

static bool write_rows(struct store *store, gint32 service_id, gint32 source_id,
		       struct pg_rows *rows, GHashTable *changed, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, service_id);
	arg_int4(&args, source_id);
	arg_rows(&args, rows);
	if (!store_exec(store, sql[WRITE], &args, &result, error))
		return false;
	note_changed(changed, result);
	return true;
}

static bool write_revisions(struct store *store, gint32 service_id, gint32 source_id,
			    struct pg_rows *keys, struct pg_rows *revisions,
			    GHashTable *changed, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, service_id);
	arg_int4(&args, source_id);
	arg_rows(&args, keys);
	arg_rows(&args, revisions);
	if (!store_exec(store, sql[REVISIONS], &args, &result, error))
		return false;
	note_changed(changed, result);
	return true;
}

static void gather(struct pg_rows *rows, struct pg_rows *keys, struct pg_rows *revisions,
		   const struct deployment_row *row)
{
	GByteArray **column = rows->columns;

	field_text(*column++, row->external_id);
	field_int4(*column++, row->attempt);
	field_text(*column++, row->environment);
	field_instant(*column++, row->started);
	field_instant(*column++, row->finished);
	field_text(*column++, outcome_name(row->outcome));
	field_text(*column++, exclusion_name(row->withheld));
	field_instant(*column++, row->first_seen);
	rows->n++;
	field_text(keys->columns[0], row->external_id);
	field_int4(keys->columns[1], row->attempt);
	keys->n++;
	for (guint i = 0; i < row->n_revisions; i++) {
		field_int8(revisions->columns[0], (gint64)keys->n);
		field_int4(revisions->columns[1], row->revisions[i].repo_id);
		field_oid(revisions->columns[2], &row->revisions[i].oid);
		revisions->n++;
	}
}

bool store_deployments_write(struct store *store, gint32 service_id, gint32 source_id,
			     const struct deployment_row *rows, gsize n, gsize *n_changed,
			     GError **error)
{
	g_autoptr(GHashTable) changed = g_hash_table_new_full(g_int64_hash, g_int64_equal,
							      g_free, NULL);
	struct pg_rows fields, keys, revisions;
	bool good;

	if (n_changed)
		*n_changed = 0;
	if (!store_writable(store, error))
		return false;
	if (n == 0)
		return true;
	pg_rows_init(&fields, "titzzttz");
	pg_rows_init(&keys, "ti");
	pg_rows_init(&revisions, "lib");
	for (gsize i = 0; i < n; i++)
		gather(&fields, &keys, &revisions, &rows[i]);
	good = write_rows(store, service_id, source_id, &fields, changed, error) &&
	       write_revisions(store, service_id, source_id, &keys, &revisions, changed,
			       error);
	pg_rows_clear(&fields);
	pg_rows_clear(&keys);
	pg_rows_clear(&revisions);
	if (!good)
		return false;
	if (n_changed)
		*n_changed = g_hash_table_size(changed);
	return g_hash_table_size(changed) == 0 ||
	       store_attribution_due(store, service_id, true, error);
}

/* ---- reading ---- */

static bool read_rows(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *outcome = result_text(result, i, 6);
		g_autofree char *withheld = result_text(result, i, 7);
		struct deployment_row row = {
			.deployment_id = result_int8(result, i, 0),
			.external_id = result_text(result, i, 1),
			.attempt = result_int4(result, i, 2),
			.environment = result_text(result, i, 3),
			.started = result_instant(result, i, 4),
			.finished = result_instant(result, i, 5),
			.first_seen = result_instant(result, i, 8),
		};

		outcome_parse(outcome, &row.outcome);
		exclusion_parse(withheld, &row.withheld);
		g_array_append_val(rows, row);
	}
	return true;
}

struct cursor {
	GArray *rows;
	guint at;
};

/* Both are in the order of deployment_id. */
static bool read_revisions(const PGresult *result, void *user, GError **error)
{
	struct cursor *cursor = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		gint64 id = result_int8(result, i, 0);
		struct deployment_row *row;

		while (cursor->at < cursor->rows->len &&
		       g_array_index(cursor->rows, struct deployment_row, cursor->at)
				       .deployment_id < id)
			cursor->at++;
		if (cursor->at == cursor->rows->len)
			return true;
		row = &g_array_index(cursor->rows, struct deployment_row, cursor->at);
		if (row->deployment_id != id)
			continue;
		row->revisions = g_realloc_n(row->revisions, row->n_revisions + 1,
					     sizeof(*row->revisions));
		row->revisions[row->n_revisions].repo_id = result_int4(result, i, 1);
		result_oid(result, i, 2, &row->revisions[row->n_revisions].oid);
		row->n_revisions++;
	}
	return true;
}

static void clear_row(void *row)
{
	deployment_row_clear(row);
}

GArray *store_deployments(struct store *store, gint32 service_id, gint32 source_id,
			  GError **error)
{
	struct pg_args args = { 0 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct deployment_row));
	struct cursor cursor = { rows, 0 };

	g_array_set_clear_func(rows, clear_row);
	arg_int4(&args, service_id);
	arg_int4(&args, source_id);
	if (!store_each(store, sql[READ], &args, read_rows, rows, error) ||
	    !store_each(store, sql[READ_REVISIONS], &args, read_revisions, &cursor,
			error))
		return NULL;
	return g_steal_pointer(&rows);
}
