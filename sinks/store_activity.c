#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

enum statement { ACTIVITY, FRESH_UNTIL };

static const char *const sql[] = {
	/* $1 scope, $2 and $3 the range. A day is over with the first thing that is found
	 * in it: one probe of one index for each repository, service or project until
	 * then. Projects are found by skipping from one to the next. */
	[ACTIVITY] =
		"WITH RECURSIVE owned AS MATERIALIZED (SELECT service_id, valid_from,"
		" valid_to FROM dorad.owner WHERE scope_id = $1), repo AS MATERIALIZED"
		" (SELECT DISTINCT c.repo_id, o.valid_from, o.valid_to FROM owned o"
		" JOIN dorad.component c USING (service_id)), project (source_id,"
		" valid_from, valid_to, project) AS (SELECT u.*, (SELECT i.project FROM"
		" dorad.item i WHERE i.source_id = u.source_id ORDER BY i.project LIMIT"
		" 1) FROM (SELECT DISTINCT s.source_id, o.valid_from, o.valid_to FROM"
		" owned o JOIN dorad.scope_source s ON s.scope_id = o.service_id) u"
		" UNION ALL SELECT p.source_id, p.valid_from, p.valid_to, (SELECT"
		" i.project FROM dorad.item i WHERE i.source_id = p.source_id AND"
		" i.project > p.project ORDER BY i.project LIMIT 1) FROM project p"
		" WHERE p.project IS NOT NULL), kind (kind) AS (VALUES ('change'),"
		" ('run'), ('deployment'), ('incident'), ('release')), day AS"
		" MATERIALIZED (SELECT greatest(t.day AT TIME ZONE z.time_zone, $2) AS"
		" since, least((t.day + interval '1 day') AT TIME ZONE z.time_zone, $3)"
		" AS until FROM dorad.scope z CROSS JOIN LATERAL"
		" generate_series(date_trunc('day', greatest($2, timestamptz"
		" '1970-01-01 00:00Z') AT TIME ZONE z.time_zone), least($3, timestamptz"
		" '2200-01-01 00:00Z') AT TIME ZONE z.time_zone, interval '1 day') AS t"
		" (day) WHERE z.scope_id = $1) SELECT a.at FROM day d CROSS JOIN"
		" LATERAL (SELECT x.at FROM ( SELECT c.at FROM repo r CROSS JOIN"
		" LATERAL (SELECT c.committed_at FROM dorad.commit c WHERE c.repo_id ="
		" r.repo_id AND c.committed_at >= greatest(d.since, r.valid_from) AND"
		" c.committed_at < least(d.until, r.valid_to) LIMIT 1) c (at) UNION ALL"
		" SELECT p.at FROM owned o CROSS JOIN LATERAL (SELECT"
		" coalesce(p.finished_at, p.started_at) FROM dorad.deployment p WHERE"
		" p.service_id = o.service_id AND coalesce(p.finished_at, p.started_at)"
		" >= greatest(d.since, o.valid_from) AND coalesce(p.finished_at,"
		" p.started_at) < least(d.until, o.valid_to) LIMIT 1) p (at) UNION ALL"
		" SELECT i.at FROM project p CROSS JOIN kind k CROSS JOIN LATERAL"
		" (SELECT i.created_at FROM dorad.item i WHERE i.source_id ="
		" p.source_id AND i.project = p.project AND i.kind = k.kind AND"
		" i.created_at >= greatest(d.since, p.valid_from) AND i.created_at <"
		" least(d.until, p.valid_to) LIMIT 1) i (at) WHERE p.project IS NOT"
		" NULL) x (at) LIMIT 1) a ORDER BY a.at",
	[FRESH_UNTIL] = "SELECT fresh_until FROM dorad.scope_state WHERE scope_id = $1",
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
