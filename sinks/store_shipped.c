#include "sinks/store_private.h"

#define BATCH 10000

#define FIELDS                                                                           \
	"environment, repo_id, sha, rollout_id, finished_at, authored_at,"               \
	" committed_at, author, lead_us, excluded"
#define VALUES(row)                                                                      \
	"(" row ".rollout_id, " row ".finished_at, " row ".authored_at, " row            \
	".committed_at, " row ".author, " row ".lead_us, " row ".excluded)"
#define KEY                                                                              \
	"s.service_id = $1 AND s.environment = g.environment AND s.repo_id = g.repo_id"  \
	" AND s.sha = g.sha"
#define SET                                                                              \
	"rollout_id = g.rollout_id, finished_at = g.finished_at,"                        \
	" authored_at = g.authored_at, committed_at = g.committed_at,"                   \
	" author = g.author, lead_us = g.lead_us, excluded = g.excluded"

/* What differs between given rows and those there are is written, and the UTC days of it
 * returned with the number of rows, once for the days before and once for those after. */
#define WRITE_GIVEN                                                                      \
	" was AS (SELECT s.finished_at FROM dorad.shipped s JOIN given g ON " KEY        \
	" WHERE " VALUES("s") " IS DISTINCT FROM " VALUES(                               \
		"g") "),"                                                                \
		     " changed AS (UPDATE dorad.shipped s SET " SET                      \
		     " FROM given g WHERE " KEY                                          \
		     " AND " VALUES("s") " IS DISTINCT FROM " VALUES(                    \
			     "g") " RETURNING s.finished_at),"                           \
				  " added AS (INSERT INTO dorad.shipped "                \
				  "(service_id, " FIELDS ")"                             \
				  " SELECT $1, " FIELDS " FROM given g"                  \
				  " WHERE NOT EXISTS (SELECT FROM dorad.shipped s "      \
				  "WHERE " KEY ")"                                       \
				  " RETURNING finished_at)"
#define COUNT_DAYS                                                                       \
	" SELECT (finished_at AT TIME ZONE 'UTC')::date - date '1970-01-01',"            \
	" count(*) FILTER (WHERE counts)"                                                \
	" FROM (SELECT finished_at, false FROM was"                                      \
	" UNION ALL SELECT finished_at, true FROM changed"                               \
	" UNION ALL SELECT finished_at, true FROM added"

enum statement { LOCK, SOME, COPY, STAGE, COPY_STAGE, ANALYZE, REPLACE, ADD };

static const char *const sql[] = {
	[LOCK] = "SELECT FROM dorad.scope WHERE scope_id = $1 FOR NO KEY UPDATE",
	[SOME] = "SELECT EXISTS (SELECT FROM dorad.shipped WHERE service_id = $1)",
	[COPY] = "COPY dorad.shipped (service_id, " FIELDS ") FROM STDIN (FORMAT binary)",
	[STAGE] = "CREATE TEMPORARY TABLE given (service_id int, environment text,"
		  " repo_id int, sha bytea, rollout_id bigint, finished_at timestamptz,"
		  " authored_at timestamptz, committed_at timestamptz, author bigint,"
		  " lead_us bigint, excluded text) ON COMMIT DROP",
	[COPY_STAGE] = "COPY pg_temp.given (service_id, " FIELDS
		       ") FROM STDIN (FORMAT binary)",
	[ANALYZE] = "ANALYZE pg_temp.given",
	[REPLACE] = /* pg_temp is searched first, whatever search_path says */
	"WITH gone AS (DELETE FROM dorad.shipped s WHERE s.service_id = $1"
	" AND NOT EXISTS (SELECT FROM given g WHERE " KEY ")"
	" RETURNING s.finished_at)," WRITE_GIVEN COUNT_DAYS
	" UNION ALL SELECT finished_at, true FROM gone)"
	" AS x (finished_at, counts) GROUP BY 1",
	[ADD] = "WITH given AS (SELECT * FROM unnest"
		"($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS g (" FIELDS
		"))," WRITE_GIVEN COUNT_DAYS ") AS x (finished_at, counts) GROUP BY 1",
};

static void add_day(struct bulk *bulk, gint32 day)
{
	g_hash_table_add(bulk->days, GINT_TO_POINTER(day));
}

/* Where rows are given: straight into an empty table, to one side of a full one, or in
 * batches. */
static bool open_way(struct store *store, gint32 service_id, bool replace, GError **error)
{
	struct bulk *bulk = &store->bulk;
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, service_id);
	if (!store_exec(store, sql[LOCK], &args, NULL, error) ||
	    !store_exec(store, sql[SOME], &args, &result, error))
		return false;
	if (!result_bool(result, 0, 0))
		return bulk_copy_begin(store, sql[COPY], error);
	if (!replace) {
		pg_rows_init(&bulk->rows, "tiblzzzllt");
		return true;
	}
	bulk->staged = true;
	return store_exec(store, "DROP TABLE IF EXISTS pg_temp.given", NULL, NULL,
			  error) &&
	       store_exec(store, sql[STAGE], NULL, NULL, error) &&
	       bulk_copy_begin(store, sql[COPY_STAGE], error);
}

bool store_shipped_begin(struct store *store, gint32 service_id, bool replace,
			 GError **error)
{
	struct bulk *bulk = &store->bulk;

	if (!store_writable(store, error) ||
	    !open_way(store, service_id, replace, error)) {
		bulk_clear(bulk);
		return false;
	}
	bulk->what = BULK_SHIPPED;
	bulk->id = service_id;
	bulk->days = g_hash_table_new(NULL, NULL);
	return true;
}

static bool run_write(struct store *store, enum statement statement, GError **error)
{
	struct bulk *bulk = &store->bulk;
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	bool good;

	arg_int4(&args, bulk->id);
	if (statement == ADD)
		arg_rows(&args, &bulk->rows);
	bulk->what = BULK_NONE; /* the statements are ours */
	good = (statement == ADD || store_exec(store, sql[ANALYZE], NULL, NULL, error)) &&
	       store_exec(store, sql[statement], &args, &result, error);
	bulk->what = BULK_SHIPPED;
	for (int i = 0; good && i < PQntuples(result); i++) {
		add_day(bulk, result_int4(result, i, 0));
		bulk->n_written += (gsize)result_int8(result, i, 1);
	}
	return good;
}

static bool write_batch(struct store *store, GError **error)
{
	if (store->bulk.rows.n > 0 && !run_write(store, ADD, error))
		return false;
	pg_rows_reset(&store->bulk.rows);
	return true;
}

static void put_fields(GByteArray *const columns[10], const struct shipped_row *row)
{
	field_text(columns[0], row->environment);
	field_int4(columns[1], row->repo_id);
	field_oid(columns[2], &row->oid);
	field_int8(columns[3], row->rollout_id);
	field_instant(columns[4], row->finished);
	field_instant(columns[5], row->times.authored);
	field_instant(columns[6], row->times.committed);
	if (row->times.author == 0)
		field_null(columns[7]);
	else
		field_int8(columns[7], (gint64)row->times.author);
	if (row->excluded == EXCLUSION_NONE || row->excluded == EXCLUSION_RULE)
		field_int8(columns[8], row->lead);
	else
		field_null(columns[8]);
	field_text(columns[9], exclusion_name(row->excluded));
}

static bool bulk_open(struct store *store, GError **error)
{
	if (store->bulk.what == BULK_SHIPPED && store->transaction == TRANSACTION_OPEN)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
		    "database: no shipped commits are being written");
	return false;
}

bool store_shipped_add(struct store *store, const struct shipped_row *row, GError **error)
{
	struct bulk *bulk = &store->bulk;

	if (!bulk_open(store, error))
		return false;
	if (bulk->copying) {
		GByteArray *out = bulk->copy.buffer;

		if (!copy_row(&bulk->copy, 11))
			return store_lost(store, NULL, error);
		field_int4(out, bulk->id);
		put_fields((GByteArray *const[]){ out, out, out, out, out, out, out, out,
						  out, out },
			   row);
		if (!bulk->staged)
			add_day(bulk, store_utc_day(row->finished));
		return true;
	}
	put_fields(bulk->rows.columns, row);
	bulk->rows.n++;
	return bulk->rows.n < BATCH || write_batch(store, error);
}

/* Ends whichever way was open; n_written and days are whole afterwards. */
static bool close_way(struct store *store, GError **error)
{
	if (!store->bulk.copying)
		return write_batch(store, error);
	if (!bulk_copy_end(store, error))
		return false;
	if (!store->bulk.staged)
		return true;
	store->bulk.n_written = 0;
	return run_write(store, REPLACE, error);
}

bool store_shipped_end(struct store *store, gsize *n_changed, GError **error)
{
	g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));
	gint32 service_id = store->bulk.id;
	GHashTableIter iter;
	gpointer day;
	bool good;

	if (!bulk_open(store, error))
		return false;
	good = close_way(store, error);
	if (good && n_changed)
		*n_changed = store->bulk.n_written;
	g_hash_table_iter_init(&iter, store->bulk.days);
	while (g_hash_table_iter_next(&iter, &day, NULL)) {
		gint32 value = GPOINTER_TO_INT(day);

		g_array_append_val(days, value);
	}
	bulk_clear(&store->bulk);
	return good && store_dirty_days(store, service_id, days, error);
}
