#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

enum statement { ACTIVITY, FRESH_UNTIL };

static const char *const sql[] = {
	/* $1 scope, $2 and $3 the range. Of the services that are the scope's at the end
	 * of it what is known to be theirs, for a source may be shared by thousands: the
	 * repositories of their components, the projects that their changes have come
	 * from and those that their pipelines name. A day is over with the first thing
	 * that is found in it: one probe of one index for each until then. Projects are
	 * found by skipping from one to the next. */
	[ACTIVITY] =
		"WITH RECURSIVE owned AS MATERIALIZED (SELECT service_id FROM"
		" dorad.owner WHERE scope_id = $1 AND valid_from < $3 AND valid_to >="
		" $3),"
		" repo AS MATERIALIZED (SELECT DISTINCT c.repo_id FROM owned JOIN"
		" dorad.component c USING (service_id)),"
		" pipeline AS MATERIALIZED (SELECT DISTINCT u.source_id, u.project FROM"
		" owned JOIN dorad.pipeline_use u USING (service_id) WHERE u.project IS"
		" NOT NULL),"
		" change (service_id, environment, source_id, project) AS (SELECT x.*"
		" FROM owned o CROSS JOIN LATERAL (SELECT c.service_id, c.environment,"
		" c.source_id, c.project FROM dorad.shipped_change c WHERE c.service_id"
		" = o.service_id ORDER BY c.environment, c.source_id, c.project LIMIT 1)"
		" x"
		" UNION ALL SELECT x.* FROM change p CROSS JOIN LATERAL (SELECT"
		" c.service_id, c.environment, c.source_id, c.project FROM"
		" dorad.shipped_change c WHERE c.service_id = p.service_id AND"
		" (c.environment, c.source_id, c.project) > (p.environment, p.source_id,"
		" p.project) ORDER BY c.environment, c.source_id, c.project LIMIT 1) x),"
		" project AS MATERIALIZED (SELECT DISTINCT source_id, project FROM"
		" change),"
		" day AS MATERIALIZED (SELECT greatest(t.day AT TIME ZONE z.time_zone,"
		" $2) AS since, least((t.day + interval '1 day') AT TIME ZONE"
		" z.time_zone, $3) AS until FROM dorad.scope z CROSS JOIN LATERAL"
		" generate_series(date_trunc('day', greatest($2, timestamptz '1970-01-01"
		" 00:00Z') AT TIME ZONE z.time_zone), least($3, timestamptz '2200-01-01"
		" 00:00Z') AT TIME ZONE z.time_zone, interval '1 day') AS t (day) WHERE"
		" z.scope_id = $1)"
		" SELECT min(s.at) FROM dorad.scope z CROSS JOIN (SELECT a.at FROM day d"
		" CROSS JOIN LATERAL (SELECT x.at FROM ("
		"SELECT p.at FROM owned o CROSS JOIN LATERAL (SELECT"
		" coalesce(p.finished_at, p.started_at) FROM dorad.deployment p WHERE"
		" p.service_id = o.service_id AND coalesce(p.finished_at, p.started_at)"
		" >= d.since AND coalesce(p.finished_at, p.started_at) < d.until LIMIT"
		" 1) p (at)"
		" UNION ALL SELECT c.at FROM repo r CROSS JOIN LATERAL (SELECT"
		" c.committed_at FROM dorad.commit c WHERE c.repo_id = r.repo_id AND"
		" c.committed_at >= d.since AND c.committed_at < d.until LIMIT 1) c (at)"
		" UNION ALL SELECT r.at FROM pipeline u CROSS JOIN LATERAL (SELECT"
		" r.finished_at FROM dorad.pipeline_run r WHERE r.source_id ="
		" u.source_id AND r.project = u.project AND r.finished_at >= d.since AND"
		" r.finished_at < d.until LIMIT 1) r (at)"
		" UNION ALL SELECT i.at FROM project p CROSS JOIN LATERAL (SELECT"
		" i.created_at FROM dorad.item i WHERE i.source_id = p.source_id AND"
		" i.project = p.project AND i.kind = 'change' AND i.created_at >="
		" d.since AND i.created_at < d.until LIMIT 1) i (at)"
		") x (at) LIMIT 1) a"
		" UNION ALL SELECT i.started_at FROM owned JOIN dorad.service_incident i"
		" USING (service_id) WHERE i.started_at >= $2 AND i.started_at < $3) s"
		" (at)"
		" WHERE z.scope_id = $1 GROUP BY (s.at AT TIME ZONE z.time_zone)::date"
		" ORDER BY 1",
	/* Known are facts whose numbers are made. */
	[FRESH_UNTIL] = "SELECT fresh_until FROM dorad.scope_state WHERE scope_id = $1"
			" AND NOT EXISTS (SELECT FROM dorad.attribution_due a"
			" JOIN dorad.owner o USING (service_id) WHERE o.scope_id = $1)",
};

static bool add_instants(const PGresult *result, void *user, GError **error)
{
	GArray *days = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		gint64 at = result_instant(result, i, 0);

		g_array_append_val(days, at);
	}
	return true;
}

GArray *store_activity(struct store *store, gint32 scope_id, gint64 from, gint64 to,
		       GError **error)
{
	g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint64));
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_bound(&args, from);
	arg_bound(&args, to);
	if (!store_each(store, sql[ACTIVITY], &args, add_instants, days, error))
		return NULL;
	return g_steal_pointer(&days);
}

bool store_fresh_until(struct store *store, gint32 scope_id, gint64 *fresh_until,
		       GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	if (!store_exec(store, sql[FRESH_UNTIL], &args, &result, error))
		return false;
	*fresh_until = PQntuples(result) > 0 ? result_instant(result, 0, 0)
					     : INSTANT_NONE;
	return true;
}
