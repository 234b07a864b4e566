#include "sinks/store_private.h"

#define NUMBERS                                                                          \
	"n, numerator, denominator, value, p50, p75, p90, p95, mean, pending,"           \
	" still_open, oldest_open_at"
#define BUCKET_FIELDS "grain, bucket_start, metric, bucket_end, " NUMBERS
#define WINDOW_FIELDS                                                                    \
	"window_days, metric, bucket_start, bucket_end, " NUMBERS                        \
	", deployment_days_per_week, km_median"
#define OF(row)                                                                          \
	row ".bucket_end, " row ".n, " row ".numerator, " row ".denominator, " row       \
	    ".value, " row ".p50, " row ".p75, " row ".p90, " row ".p95, " row           \
	    ".mean, " row ".pending, " row ".still_open, " row ".oldest_open_at, " row   \
	    ".definition_id"
/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define OF_S OF("s")
#define OF_EXCLUDED OF("excluded")
#define SET                                                                              \
	"bucket_end = excluded.bucket_end, n = excluded.n,"                              \
	" numerator = excluded.numerator, denominator = excluded.denominator,"           \
	" value = excluded.value, p50 = excluded.p50, p75 = excluded.p75,"               \
	" p90 = excluded.p90, p95 = excluded.p95, mean = excluded.mean,"                 \
	" pending = excluded.pending, still_open = excluded.still_open,"                 \
	" oldest_open_at = excluded.oldest_open_at,"                                     \
	" definition_id = excluded.definition_id, computed_at = excluded.computed_at"

/* What begins before stays as it was published: facts behind it are gone. */
#define FROZEN                                                                           \
	"coalesce((SELECT f.frozen_before FROM dorad.scope f WHERE f.scope_id = $1),"    \
	" '-infinity')"

/* $1 scope, $2 environment, $3 definition, $4 now; all numbers of one statement appear at
 * once. Each returns how many rows it changed. NOT IN, for nothing in it is NULL and it
 * is always hashed: NOT EXISTS became a loop over all pairs wherever the table had grown
 * since it was analyzed. */
enum statement { BUCKETS, WINDOWS };

static const char *const sql[] = {
	[BUCKETS] = "WITH given AS (SELECT * FROM unnest($7, $8, $9, $10, $11, $12, $13,"
		    " $14, $15, $16, $17, $18, $19, $20, $21, $22) AS g (" BUCKET_FIELDS
		    ") WHERE g.bucket_start >= " FROZEN "), gone AS (DELETE"
		    " FROM dorad.series s WHERE s.scope_id = $1 AND s.environment = $2"
		    " AND s.bucket_end > $5 AND s.bucket_start < $6 AND s.bucket_start "
		    ">= " FROZEN " AND (s.grain, s.metric, s.bucket_start) NOT IN (SELECT"
		    " g.grain, g.metric, g.bucket_start FROM given g) RETURNING 1),"
		    " put AS (INSERT INTO dorad.series AS s (scope_id, environment,"
		    " definition_id, computed_at, " BUCKET_FIELDS ") SELECT $1, $2, $3,"
		    " $4, g.* FROM given g ON CONFLICT (scope_id, environment, metric,"
		    " grain, bucket_start) DO UPDATE SET " SET " WHERE (" OF_S ") IS"
		    " DISTINCT FROM (" OF_EXCLUDED
		    ") RETURNING 1) SELECT (SELECT count(*)"
		    " FROM gone) + (SELECT count(*) FROM put)",
	[WINDOWS] = "WITH given AS (SELECT * FROM unnest($5, $6, $7, $8, $9, $10, $11,"
		    " $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) AS g "
		    "(" WINDOW_FIELDS ")), gone AS (DELETE FROM dorad.rolling s"
		    " WHERE s.scope_id = $1 AND s.environment = $2"
		    " AND NOT EXISTS (SELECT FROM given g"
		    " WHERE g.window_days = s.window_days"
		    " AND g.metric = s.metric) RETURNING 1),"
		    " put AS (INSERT INTO dorad.rolling AS s (scope_id, environment,"
		    " definition_id, computed_at, " WINDOW_FIELDS ") SELECT $1, $2, $3,"
		    " $4, g.* FROM given g ON CONFLICT (scope_id, environment, metric,"
		    " window_days) DO UPDATE SET bucket_start = excluded.bucket_start,"
		    " deployment_days_per_week = excluded.deployment_days_per_week,"
		    " km_median = excluded.km_median, " SET " WHERE (s.bucket_start,"
		    " s.deployment_days_per_week, s.km_median, " OF_S ") IS DISTINCT"
		    " FROM (excluded.bucket_start, excluded.deployment_days_per_week,"
		    " excluded.km_median, " OF_EXCLUDED ") RETURNING 1) SELECT (SELECT"
		    " count(*) FROM gone) + (SELECT count(*) FROM put)",
};

static void put_count(GByteArray *out, gint64 count)
{
	if (count < 0)
		field_null(out);
	else
		field_int8(out, count);
}

static void put_numbers(GByteArray *const *column, const struct series_row *row)
{
	field_int8(*column++, row->n);
	field_double(*column++, row->numerator);
	field_double(*column++, row->denominator);
	field_double(*column++, row->value);
	field_double(*column++, row->p50);
	field_double(*column++, row->p75);
	field_double(*column++, row->p90);
	field_double(*column++, row->p95);
	field_double(*column++, row->mean);
	put_count(*column++, row->pending);
	put_count(*column++, row->open);
	field_instant(*column, row->oldest_open);
}

static void put_bucket(struct pg_rows *rows, const struct series_row *row)
{
	field_text(rows->columns[0], grain_name(row->grain));
	field_instant(rows->columns[1], row->start);
	field_text(rows->columns[2], metric_name(row->metric));
	field_instant(rows->columns[3], row->end);
	put_numbers(rows->columns + 4, row);
	rows->n++;
}

static void put_window(struct pg_rows *rows, const struct series_row *row)
{
	field_int4(rows->columns[0], (gint32)row->window_days);
	field_text(rows->columns[1], metric_name(row->metric));
	field_instant(rows->columns[2], row->start);
	field_instant(rows->columns[3], row->end);
	put_numbers(rows->columns + 4, row);
	field_double(rows->columns[16], row->deployment_days);
	field_double(rows->columns[17], row->km_median);
	rows->n++;
}

static void put_common(struct pg_args *args, gint32 scope_id, const char *environment,
		       gint32 definition_id, gint64 now)
{
	arg_int4(args, scope_id);
	arg_text(args, environment);
	arg_int4(args, definition_id);
	arg_instant(args, now);
}

static bool run(struct store *store, enum statement statement, const struct pg_args *args,
		gsize *n_changed, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_exec(store, sql[statement], args, &result, error))
		return false;
	*n_changed += (gsize)result_int8(result, 0, 0);
	return true;
}

bool store_series_write(struct store *store, gint32 scope_id, const char *environment,
			gint32 definition_id, gint64 now, gint64 from, gint64 to,
			const struct series_row *rows, gsize n, gsize *n_changed,
			GError **error)
{
	struct pg_args bucket_args = { 0 }, window_args = { 0 };
	struct pg_rows buckets, windows;
	const bool only_windows = from == to;
	const bool all = from == INSTANT_NONE && to == G_MAXINT64;
	gsize changed = 0;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&buckets, "tztzlddddddddllz");
	pg_rows_init(&windows, "itzzlddddddddllzdd");
	for (gsize i = 0; i < n; i++) {
		if (rows[i].window_days > 0)
			put_window(&windows, &rows[i]);
		else
			put_bucket(&buckets, &rows[i]);
	}
	put_common(&bucket_args, scope_id, environment, definition_id, now);
	put_common(&window_args, scope_id, environment, definition_id, now);
	arg_bound(&bucket_args, from);
	arg_bound(&bucket_args, to);
	arg_rows(&bucket_args, &buckets);
	arg_rows(&window_args, &windows);
	good = (only_windows || run(store, BUCKETS, &bucket_args, &changed, error)) &&
	       (!(only_windows || all || windows.n > 0) ||
		run(store, WINDOWS, &window_args, &changed, error));
	pg_rows_clear(&buckets);
	pg_rows_clear(&windows);
	if (good && n_changed)
		*n_changed = changed;
	return good;
}
