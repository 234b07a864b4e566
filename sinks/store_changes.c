#include "sinks/store_private.h"
#include "sinks/store_states.h"

#define BATCH 50000

#define SHIPPED                                                                          \
	"environment, source_id, project, external_id, rollout_id, finished_at,"         \
	" repo_id, sha, coding_us, pickup_us, review_us, deploy_us, author"
#define SHIPPED_KEY(row)                                                                 \
	"(" row ".environment, " row ".source_id, " row ".project, " row ".external_id)"
#define SHIPPED_VALUES(row)                                                              \
	"(" row ".rollout_id, " row ".finished_at, " row ".repo_id, " row ".sha, " row   \
	".coding_us, " row ".pickup_us, " row ".review_us, " row ".deploy_us, " row      \
	".author)"
#define CAME "repo_id, sha, source_id, project, external_id, method"
#define CAME_VALUES(row)                                                                 \
	"(" row ".source_id, " row ".project, " row ".external_id, " row ".method)"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define SHIPPED_KEY_G SHIPPED_KEY("g")
#define SHIPPED_KEY_C SHIPPED_KEY("c")
#define SHIPPED_VALUES_C SHIPPED_VALUES("c")
#define SHIPPED_VALUES_G SHIPPED_VALUES("g")
#define SHIPPED_VALUES_EXCLUDED SHIPPED_VALUES("excluded")

enum statement { WRITE_SHIPPED, WRITE_CAME, SHIPPED_BY };

static const char *const sql[] = {
	/* Returns the times whose days are dirty. */
	[WRITE_SHIPPED] =
		"WITH given AS (SELECT * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9,"
		" $10, $11, $12, $13, $14) AS g (" SHIPPED
		")), gone AS (DELETE FROM dorad.shipped_change c"
		" WHERE c.service_id = $1 AND NOT EXISTS (SELECT"
		" FROM given g WHERE " SHIPPED_KEY_G " = " SHIPPED_KEY_C
		") RETURNING c.finished_at), was AS (SELECT c.finished_at"
		" FROM dorad.shipped_change c JOIN given g ON " SHIPPED_KEY_G
		" = " SHIPPED_KEY_C " WHERE c.service_id = $1 AND " SHIPPED_VALUES_C
		" IS DISTINCT FROM " SHIPPED_VALUES_G
		"), put AS (INSERT INTO dorad.shipped_change AS c (service_id, " SHIPPED
		") SELECT $1, " SHIPPED
		" FROM given g ON CONFLICT (service_id, environment, source_id,"
		" project, external_id) DO UPDATE SET rollout_id = excluded.rollout_id,"
		" finished_at = excluded.finished_at, repo_id = excluded.repo_id, sha ="
		" excluded.sha, coding_us = excluded.coding_us, pickup_us ="
		" excluded.pickup_us, review_us = excluded.review_us, deploy_us ="
		" excluded.deploy_us, author = excluded.author WHERE " SHIPPED_VALUES_C
		" IS DISTINCT FROM " SHIPPED_VALUES_EXCLUDED
		" RETURNING c.finished_at) SELECT finished_at, finished_at"
		" FROM (SELECT * FROM gone UNION SELECT * FROM was"
		" UNION SELECT * FROM put) x",
	/* No number is made of these. */
	[WRITE_CAME] =
		"WITH given AS (SELECT * FROM unnest($2, $3, $4, $5, $6, $7)"
		" AS g (" CAME ")),"
		" gone AS (DELETE FROM dorad.commit_change c WHERE c.service_id = $1"
		" AND NOT EXISTS (SELECT FROM given g"
		" WHERE g.repo_id = c.repo_id AND g.sha = c.sha))"
		" INSERT INTO dorad.commit_change AS c (service_id, " CAME ")"
		" SELECT $1, " CAME " FROM given g"
		" ON CONFLICT (service_id, repo_id, sha) DO UPDATE SET"
		" source_id = excluded.source_id, project = excluded.project,"
		" external_id = excluded.external_id, method = excluded.method"
		" WHERE " CAME_VALUES("c") " IS DISTINCT FROM " CAME_VALUES("excluded"),
	[SHIPPED_BY] =
		"SELECT g.i, s.rollout_id, s.excluded IS NOT DISTINCT FROM 'baseline'"
		" FROM unnest($4) WITH ORDINALITY AS g (sha, i)"
		" JOIN dorad.shipped s ON s.service_id = $1 AND s.environment = $2"
		" AND s.repo_id = $3 AND s.sha = g.sha",
};

static void put_span(GByteArray *out, gint64 span)
{
	if (span < 0)
		field_null(out);
	else
		field_int8(out, span);
}

static void put_key(GByteArray *const *column, const struct item_key *key)
{
	field_int4(column[0], key->source_id);
	field_text(column[1], key->project ? key->project : "");
	field_text(column[2], key->id);
}

static void put_shipped(GByteArray *const *column, const struct shipped_change_row *row)
{
	field_text(column[0], row->environment);
	put_key(column + 1, &row->change);
	field_int8(column[4], row->rollout_id);
	field_instant(column[5], row->finished);
	field_int4(column[6], row->repo_id);
	field_oid(column[7], &row->landed);
	for (int i = 0; i < N_STAGES; i++)
		put_span(column[8 + i], row->spans[i]);
	if (row->author == 0)
		field_null(column[8 + N_STAGES]);
	else
		field_int8(column[8 + N_STAGES], (gint64)row->author);
}

bool store_shipped_changes_write(struct store *store, gint32 service_id,
				 const struct shipped_change_row *rows, gsize n,
				 GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows given;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&given, "tittlziblllll");
	for (gsize i = 0; i < n; i++, given.n++)
		put_shipped(given.columns, &rows[i]);
	arg_int4(&args, service_id);
	arg_rows(&args, &given);
	good = store_exec_dirty(store, service_id, sql[WRITE_SHIPPED], &args, error);
	pg_rows_clear(&given);
	return good;
}

bool store_commit_changes_write(struct store *store, gint32 service_id,
				const struct commit_change_row *rows, gsize n,
				GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows given;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&given, "ibittt");
	for (gsize i = 0; i < n; i++, given.n++) {
		field_int4(given.columns[0], rows[i].repo_id);
		field_oid(given.columns[1], &rows[i].oid);
		put_key(given.columns + 2, &rows[i].change);
		field_text(given.columns[5], rows[i].method);
	}
	arg_int4(&args, service_id);
	arg_rows(&args, &given);
	good = store_exec(store, sql[WRITE_CAME], &args, NULL, error);
	pg_rows_clear(&given);
	return good;
}

/* ---- reading ---- */

struct visitor {
	bool (*visit)(const struct item *item, gint32 source_id, void *user,
		      GError **error);
	void *user;
};

static bool visit_changes(const PGresult *result, void *user, GError **error)
{
	const struct visitor *visitor = user;
	bool good = true;

	for (int i = 0; good && i < PQntuples(result); i++) {
		struct item item;
		int column = store_item_read(&item, result, i);

		good = visitor->visit(&item, result_int4(result, i, column),
				      visitor->user, error);
		item_clear(&item);
	}
	return good;
}

/* Changes that landed, each with the commits of the repository that it names: the changes
 * are read once, the commits are looked up. Going through the commits would cost a walk
 * of all history. What is no name of a commit in full is never decoded. OFFSET 0 keeps
 * the look-up from becoming a join, which would be planned to read all commits. */
#define LANDED                                                                           \
	" FROM dorad.item d WHERE d.kind = 'change' AND d.gone_at IS NULL"               \
	" AND d.merged_at IS NOT NULL AND EXISTS (SELECT FROM dorad.commit k"            \
	" WHERE k.repo_id = $1 AND k.sha = ANY (ARRAY[" NAMED("sha") ", " NAMED(         \
		"squash_sha") ", " NAMED("head_sha") "]) OFFSET 0)"
#define NAMED(sha)                                                                       \
	"CASE WHEN d." sha " ~* '^([0-9a-f]{40}|[0-9a-f]{64})$'"                         \
	" THEN decode(d." sha ", 'hex') END"

bool store_changes_each(struct store *store, gint32 repo_id,
			bool (*visit)(const struct item *item, gint32 source_id,
				      void *user, GError **error),
			void *user, GError **error)
{
	struct visitor visitor = { visit, user };
	g_autofree char *columns = store_item_columns("d.");
	g_autofree char *statement = g_strdup_printf(
		"SELECT %s, d.source_id" LANDED
		" ORDER BY d.source_id, d.project, d.external_id, d.attempt",
		columns);
	struct pg_args args = { 0 };

	arg_int4(&args, repo_id);
	return store_each(store, statement, &args, visit_changes, &visitor, error);
}

/* Oids [from, to). */
static bool shipped_by(struct store *store, struct pg_args *args, const struct oid *oids,
		       gsize from, gsize to, gint64 *rollout_ids, bool *baseline,
		       GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_rows rows;
	bool good;

	pg_rows_init(&rows, "b");
	for (gsize i = from; i < to; i++, rows.n++)
		field_oid(rows.columns[0], &oids[i]);
	arg_rows(args, &rows);
	good = store_exec(store, sql[SHIPPED_BY], args, &result, error);
	for (int i = 0; good && i < PQntuples(result); i++) {
		gsize at = from + (gsize)result_int8(result, i, 0) - 1;

		rollout_ids[at] = result_int8(result, i, 1);
		baseline[at] = result_bool(result, i, 2);
	}
	pg_rows_clear(&rows);
	return good;
}

bool store_shipped_by(struct store *store, gint32 service_id, const char *environment,
		      gint32 repo_id, const struct oid *oids, gsize n,
		      gint64 *rollout_ids, bool *baseline, GError **error)
{
	bool good = true;

	for (gsize i = 0; i < n; i++) {
		rollout_ids[i] = 0;
		baseline[i] = false;
	}
	for (gsize from = 0; good && from < n; from += BATCH) {
		struct pg_args args = { 0 };

		arg_int4(&args, service_id);
		arg_text(&args, environment);
		arg_int4(&args, repo_id);
		good = shipped_by(store, &args, oids, from, MIN(n, from + BATCH),
				  rollout_ids, baseline, error);
	}
	return good;
}
