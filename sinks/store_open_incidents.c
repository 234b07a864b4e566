#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* An incident of several services of the scope is one. $1 scope, $2 environment, $3 and
 * $4 the range, $5 the names of those to be had whatever they are. */
static const char sql[] =
	"WITH mine AS MATERIALIZED (SELECT DISTINCT ON (x.source_id, x.project,"
	" x.external_id) x.name, x.started_at, x.restored_at" STORE_OF_EACH_LAST
	"SELECT s.source_id, s.project, s.external_id, s.started_at, s.restored_at,"
	" s.service_id, n.name FROM dorad.service_incident s JOIN (SELECT source_id, name"
	" FROM dorad.source) r USING (source_id) CROSS JOIN LATERAL (SELECT"
	" concat_ws(' ', r.name, nullif(s.project, ''), s.external_id) AS name) n"
	" WHERE s.service_id = o.service_id AND s.environment = $2"
	" AND s.excluded IS NULL AND s.started_at < $4 AND (s.restored_at IS NULL"
	" OR s.restored_at >= $3 OR n.name = ANY ($5)) OFFSET 0) x"
	" ORDER BY x.source_id, x.project, x.external_id, x.service_id),"
	" usual AS (SELECT count(*) AS n, percentile_cont(0.95) WITHIN GROUP (ORDER BY"
	" extract(epoch FROM restored_at - started_at)::double precision) AS p95"
	" FROM mine WHERE restored_at >= $3 AND restored_at < $4)"
	" SELECT m.name, m.started_at, CASE WHEN m.restored_at < $4 THEN m.restored_at"
	" END, m.restored_at IS NULL, u.n, u.p95 FROM mine m CROSS JOIN usual u"
	" WHERE m.restored_at IS NULL OR m.restored_at >= $4 OR m.name = ANY ($5)"
	" ORDER BY m.started_at, m.name";

static void clear(gpointer incident)
{
	g_free(((struct open_incident *)incident)->name);
}

GArray *store_open_incidents(struct store *store, gint32 scope_id,
			     const char *environment, gint64 from, gint64 to,
			     const char *const *names, gsize n_names, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	_cleanup_(pg_rows_clear) struct pg_rows also;
	struct pg_args args = { 0 };
	GArray *incidents;

	arg_int4(&args, scope_id);
	arg_text(&args, environment);
	arg_bound(&args, from);
	arg_bound(&args, to);
	pg_rows_init(&also, "t");
	for (gsize i = 0; i < n_names; i++, also.n++)
		field_text(also.columns[0], names[i]);
	arg_rows(&args, &also);
	if (!store_exec(store, sql, &args, &result, error))
		return NULL;
	incidents = g_array_new(FALSE, FALSE, sizeof(struct open_incident));
	g_array_set_clear_func(incidents, clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct open_incident incident = {
			.name = result_text(result, i, 0),
			.began = result_instant(result, i, 1),
			.ended = result_instant(result, i, 2),
			.open_now = result_bool(result, i, 3),
			.n_restored = result_int8(result, i, 4),
			.p95 = result_double(result, i, 5),
		};

		g_array_append_val(incidents, incident);
	}
	return incidents;
}
