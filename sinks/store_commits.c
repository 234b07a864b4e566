#include "sinks/store_private.h"

/* Rows gathered into one statement where they are not streamed: large enough to make the
 * round trip cheap, small enough to keep memory small. */
#define BATCH 10000

#define COLUMNS "(repo_id, sha, parents, authored_at, committed_at, author)"

enum statement { LOCK, SOME, COPY, INSERT, TIMES, EACH };

static const char *const sql[] = {
	/* One writer a repository, so that "there are none yet" stays true. Two
	 * statements, because one that has waited for a lock still sees what was before.
	 */
	[LOCK] = "SELECT FROM dorad.repo WHERE repo_id = $1 FOR NO KEY UPDATE",
	[SOME] = "SELECT EXISTS (SELECT FROM dorad.commit WHERE repo_id = $1)",
	[COPY] = "COPY dorad.commit " COLUMNS " FROM STDIN (FORMAT binary)",
	[INSERT] = "INSERT INTO dorad.commit " COLUMNS
		   " SELECT $1, g.* FROM unnest($2, $3, $4, $5, $6)"
		   " AS g (sha, parents, authored_at, committed_at, author)"
		   " ON CONFLICT (repo_id, sha) DO NOTHING",
	[TIMES] = "SELECT g.i, c.authored_at, c.committed_at, c.author"
		  " FROM unnest($2) WITH ORDINALITY AS g (sha, i)"
		  " JOIN dorad.commit c ON c.repo_id = $1 AND c.sha = g.sha",
	[EACH] = ("SELECT sha, parents, authored_at, committed_at, author"
		  " FROM dorad.commit WHERE repo_id = $1"),
};

static void field_author(GByteArray *out, guint64 author)
{
	if (author == 0)
		field_null(out);
	else
		field_int8(out, (gint64)author);
}

bool store_commits_begin(struct store *store, gint32 repo_id, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	bool some;

	arg_int4(&args, repo_id);
	if (!store_writable(store, error) ||
	    !store_exec(store, sql[LOCK], &args, NULL, error) ||
	    !store_exec(store, sql[SOME], &args, &result, error))
		return false;
	some = result_bool(result, 0, 0);
	if (!some && !bulk_copy_begin(store, sql[COPY], error))
		return false;
	if (some)
		pg_rows_init(&store->bulk.rows, "bbzzl");
	store->bulk.what = BULK_COMMITS;
	store->bulk.id = repo_id;
	return true;
}

static bool write_batch(struct store *store, GError **error)
{
	struct bulk *bulk = &store->bulk;
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (bulk->rows.n == 0)
		return true;
	arg_int4(&args, bulk->id);
	arg_rows(&args, &bulk->rows);
	bulk->what = BULK_NONE; /* the statement is ours */
	if (!store_exec(store, sql[INSERT], &args, &result, error))
		return false;
	bulk->what = BULK_COMMITS;
	bulk->n_written += g_ascii_strtoull(PQcmdTuples(result), NULL, 10);
	pg_rows_reset(&bulk->rows);
	return true;
}

static void put_fields(GByteArray *const columns[5], const struct commit_row *row)
{
	field_oid(columns[0], &row->oid);
	field_oids(columns[1], row->parents, row->n_parents);
	field_instant(columns[2], row->times.authored);
	field_instant(columns[3], row->times.committed);
	field_author(columns[4], row->times.author);
}

static bool bulk_open(struct store *store, GError **error)
{
	if (store->bulk.what == BULK_COMMITS && store->transaction == TRANSACTION_OPEN)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
		    "database: no commits are being written");
	return false;
}

bool store_commits_add(struct store *store, const struct commit_row *row, GError **error)
{
	struct bulk *bulk = &store->bulk;

	if (!bulk_open(store, error))
		return false;
	if (bulk->copying) {
		GByteArray *out = bulk->copy.buffer;

		if (!copy_row(&bulk->copy, 6))
			return store_lost(store, NULL, error);
		field_int4(out, bulk->id);
		put_fields((GByteArray *const[]){ out, out, out, out, out }, row);
		return true;
	}
	put_fields(bulk->rows.columns, row);
	bulk->rows.n++;
	return bulk->rows.n < BATCH || write_batch(store, error);
}

bool store_commits_end(struct store *store, gsize *n_new, GError **error)
{
	bool good;

	if (!bulk_open(store, error))
		return false;
	good = store->bulk.copying ? bulk_copy_end(store, error)
				   : write_batch(store, error);
	if (good && n_new)
		*n_new = store->bulk.n_written;
	bulk_clear(&store->bulk);
	return good;
}

static bool times_batch(struct store *store, gint32 repo_id, struct pg_rows *rows,
			struct commit_times *times, bool *found, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, repo_id);
	arg_rows(&args, rows);
	if (!store_exec(store, sql[TIMES], &args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		gint64 at = result_int8(result, i, 0) - 1;

		times[at] = (struct commit_times){
			.authored = result_instant(result, i, 1),
			.committed = result_instant(result, i, 2),
			.author = (guint64)result_int8(result, i, 3),
		};
		if (found)
			found[at] = true;
	}
	return true;
}

bool store_commit_times(struct store *store, gint32 repo_id, const struct oid *oids,
			gsize n, struct commit_times *times, bool *found, GError **error)
{
	struct pg_rows rows;
	bool good = true;

	for (gsize i = 0; i < n; i++) {
		times[i] = (struct commit_times){ INSTANT_NONE, INSTANT_NONE, 0 };
		if (found)
			found[i] = false;
	}
	pg_rows_init(&rows, "b");
	for (gsize from = 0; good && from < n; from += BATCH) {
		pg_rows_reset(&rows);
		for (gsize i = from; i < MIN(n, from + BATCH); i++, rows.n++)
			field_oid(rows.columns[0], &oids[i]);
		good = times_batch(store, repo_id, &rows, times + from,
				   found ? found + from : NULL, error);
	}
	pg_rows_clear(&rows);
	return good;
}

struct visit {
	bool (*visit)(const struct commit_row *row, void *user, GError **error);
	void *user;
	GArray *parents;
};

static bool visit_portion(const PGresult *result, void *user, GError **error)
{
	struct visit *visit = user;

	for (int i = 0; i < PQntuples(result); i++) {
		const guint8 *ids = (const guint8 *)PQgetvalue(result, i, 1);
		gsize size = (gsize)PQgetlength(result, i, 1);
		struct commit_row row = {
			.times = { result_instant(result, i, 2),
				   result_instant(result, i, 3),
				   (guint64)result_int8(result, i, 4) },
		};

		result_oid(result, i, 0, &row.oid);
		g_array_set_size(visit->parents, 0);
		for (gsize at = 0; row.oid.len > 0 && at + row.oid.len <= size;
		     at += row.oid.len) {
			struct oid parent = { .len = row.oid.len };

			memcpy(parent.id, ids + at, parent.len);
			g_array_append_val(visit->parents, parent);
		}
		row.parents = (const struct oid *)(void *)visit->parents->data;
		row.n_parents = visit->parents->len;
		if (!visit->visit(&row, visit->user, error))
			return false;
	}
	return true;
}

bool store_commits_each(struct store *store, gint32 repo_id,
			bool (*visit)(const struct commit_row *row, void *user,
				      GError **error),
			void *user, GError **error)
{
	struct pg_args args = { 0 };
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	struct visit each = { visit, user, parents };

	arg_int4(&args, repo_id);
	return store_each(store, sql[EACH], &args, visit_portion, &each, error);
}
