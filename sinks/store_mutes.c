#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

enum statement { MUTE, UNMUTE, LIST };

static const char *const sql[] = {
	/* None where there is no such alert or scope. */
	[MUTE] = "WITH m AS (INSERT INTO dorad.mute (alert_id, scope_id, metric, from_at,"
		 " until_at, reason) SELECT nullif($1, 0), s.scope_id, $4, $5, $6, $7"
		 " FROM (SELECT 1) one LEFT JOIN dorad.scope s"
		 " ON s.kind = $2 AND s.name = $3"
		 " WHERE ($3::text IS NULL OR s.scope_id IS NOT NULL) AND ($1 = 0 OR "
		 "EXISTS"
		 " (SELECT FROM dorad.alert a WHERE a.alert_id = $1))"
		 " RETURNING mute_id, alert_id, scope_id, metric)"
		 " SELECT m.mute_id, (SELECT count(*) FROM dorad.watch w WHERE w.active"
		 " AND w.direction = 'worse'"
		 " AND (m.alert_id IS NULL OR m.alert_id = w.alert_id)"
		 " AND (m.metric IS NULL OR m.metric = w.metric)"
		 " AND (m.scope_id IS NULL OR EXISTS (SELECT FROM dorad.within p"
		 " WHERE p.scope_id = w.scope_id AND p.parent_id = m.scope_id))) FROM m",
	[UNMUTE] = "UPDATE dorad.mute SET until_at = greatest($2, from_at)"
		   " WHERE mute_id = $1 AND until_at > $2 RETURNING mute_id",
	[LIST] = "SELECT mute, alert, CASE WHEN service IS NOT NULL THEN 'service'"
		 " WHEN team IS NOT NULL THEN 'team' WHEN org IS NOT NULL THEN 'org' END,"
		 " coalesce(service, team, org), metric, muted_from, muted_until, reason"
		 " FROM dora.alert_mutes WHERE muted_until > $1 ORDER BY mute",
};

bool store_mute(struct store *store, struct alert_mute *mute, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int8(&args, mute->alert_id);
	arg_text(&args, scope_kind_name(mute->kind));
	arg_text(&args, mute->scope);
	arg_text(&args, mute->metric);
	arg_instant(&args, mute->from);
	arg_instant(&args, mute->until);
	arg_text(&args, mute->reason);
	if (!store_exec(store, sql[MUTE], &args, &result, error))
		return false;
	if (PQntuples(result) == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it does not know the alert or scope to mute");
		return false;
	}
	mute->mute_id = result_int8(result, 0, 0);
	mute->n_watches = result_int8(result, 0, 1);
	return true;
}

bool store_unmute(struct store *store, gint64 mute_id, gint64 now, bool *found,
		  GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_int8(&args, mute_id);
	arg_instant(&args, now);
	if (!store_exec(store, sql[UNMUTE], &args, &result, error))
		return false;
	*found = PQntuples(result) > 0;
	return true;
}

struct visitor {
	bool (*visit)(const struct alert_mute *mute, void *user, GError **error);
	void *user;
};

static bool visit_rows(const PGresult *result, void *user, GError **error)
{
	const struct visitor *visitor = user;

	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 2);
		g_autofree char *scope = result_text(result, i, 3);
		g_autofree char *metric = result_text(result, i, 4);
		g_autofree char *reason = result_text(result, i, 7);
		const struct alert_mute mute = {
			.mute_id = result_int8(result, i, 0),
			.alert_id = result_int8(result, i, 1),
			.kind = g_strcmp0(kind, "org") == 0    ? SCOPE_ORG
				: g_strcmp0(kind, "team") == 0 ? SCOPE_TEAM
							       : SCOPE_SERVICE,
			.scope = scope,
			.metric = metric,
			.from = result_instant(result, i, 5),
			.until = result_instant(result, i, 6),
			.reason = reason,
		};

		if (!visitor->visit(&mute, visitor->user, error))
			return false;
	}
	return true;
}

bool store_mutes_each(struct store *store, gint64 now,
		      bool (*visit)(const struct alert_mute *mute, void *user,
				    GError **error),
		      void *user, GError **error)
{
	struct visitor visitor = { visit, user };
	struct pg_args args = { 0 };

	arg_instant(&args, now);
	return store_read_views(store, sql[LIST], &args, visit_rows, &visitor, error);
}
