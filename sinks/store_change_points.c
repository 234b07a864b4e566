#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* Rows that are there as given are not touched. */
static const char *const write_sql =
	"WITH given AS (SELECT * FROM unnest($4, $5, $6) AS g (at, before, after)),"
	" gone AS (DELETE FROM dorad.change_point c WHERE (scope_id, environment, metric)"
	" = ($1, $2, $3) AND NOT EXISTS (SELECT FROM given g WHERE g.at = c.at))"
	" INSERT INTO dorad.change_point AS c (scope_id, environment, metric, at, before,"
	" after) SELECT $1, $2, $3, g.* FROM given g WHERE NOT EXISTS"
	" (SELECT FROM dorad.change_point o WHERE (o.scope_id, o.environment, o.metric,"
	" o.at) = ($1, $2, $3, g.at) AND (o.before, o.after)"
	" IS NOT DISTINCT FROM (g.before, g.after))"
	" ON CONFLICT (scope_id, environment, metric, at)"
	" DO UPDATE SET before = excluded.before, after = excluded.after";

static const char *const keep_sql =
	"DELETE FROM dorad.change_point c WHERE scope_id = $1 AND NOT EXISTS"
	" (SELECT FROM unnest($2, $3) AS k (environment, metric)"
	" WHERE (k.environment, k.metric) = (c.environment, c.metric))";

bool store_change_points_keep(struct store *store, gint32 scope_id,
			      const char *const *environments, const char *const *metrics,
			      gsize n, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&rows, "tt");
	for (gsize i = 0; i < n; i++, rows.n++) {
		field_text(rows.columns[0], environments[i]);
		field_text(rows.columns[1], metrics[i]);
	}
	arg_int4(&args, scope_id);
	arg_rows(&args, &rows);
	good = store_exec(store, keep_sql, &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

bool store_change_points_write(struct store *store, gint32 scope_id,
			       const char *environment, const char *metric,
			       const struct change_point *points, gsize n, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&rows, "zdd");
	for (gsize i = 0; i < n; i++, rows.n++) {
		field_instant(rows.columns[0], points[i].at);
		field_double(rows.columns[1], points[i].before);
		field_double(rows.columns[2], points[i].after);
	}
	arg_int4(&args, scope_id);
	arg_text(&args, environment);
	arg_text(&args, metric);
	arg_rows(&args, &rows);
	good = store_exec(store, write_sql, &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}
