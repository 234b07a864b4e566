#include "sinks/store_privacy.h"
#include "sinks/store_private.h"

/* Of one transaction. */
#define PORTION "5000"

/* $1: the instant before which things go. Times that lie ahead of it keep an item. */
#define ENDED                                                                            \
	"i.done AND greatest(i.created_at, i.started_at, i.finished_at, i.updated_at,"   \
	" i.closed_at, i.merged_at, i.detected_at, i.mitigated_at, i.resolved_at) < $1"

/* A page of items of a kind in order of their keys, of which those that may go do. */
#define PAGE(kind, condition)                                                            \
	"WITH page AS MATERIALIZED (SELECT i.ctid AS place, i.source_id, i.project,"     \
	" i.external_id, i.attempt, (" ENDED " AND " condition ") IS TRUE AS goes"       \
	" FROM dorad.item i WHERE i.kind = '" kind "'"                                   \
	" AND (i.source_id, i.project, i.kind, i.external_id, i.attempt)"                \
	" > ($2, $3, '" kind "', $4, $5)"                                                \
	" ORDER BY i.source_id, i.project, i.kind, i.external_id, i.attempt"             \
	" LIMIT " PORTION "), gone AS (DELETE FROM dorad.item WHERE ctid = ANY"          \
	" (ARRAY (SELECT place FROM page WHERE goes)) RETURNING 1)"                      \
	" SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM page) = " PORTION    \
	", p.source_id, p.project, p.external_id, p.attempt FROM (SELECT 1) one"         \
	" LEFT JOIN (SELECT * FROM page ORDER BY source_id DESC, project DESC,"          \
	" external_id DESC, attempt DESC LIMIT 1) p ON true"

/* Rows of a table, as long as there are any. */
#define ROWS_OF(what, table, condition)                                                  \
	"WITH gone AS (" what " WHERE ctid = ANY (ARRAY (SELECT x.ctid FROM " table      \
	" x WHERE " condition " LIMIT " PORTION ")) RETURNING 1)"                        \
	" SELECT count(*), count(*) = " PORTION " FROM gone"

/* The commit is not shipped yet everywhere, or was not before $1. */
#define SHIPS_LATER                                                                      \
	"EXISTS (SELECT FROM dorad.commit_change c CROSS JOIN LATERAL (SELECT DISTINCT"  \
	" r.environment FROM dorad.rolling r WHERE r.scope_id = c.service_id) e"         \
	" WHERE c.source_id = i.source_id AND c.project = i.project"                     \
	" AND c.external_id = i.external_id AND NOT EXISTS (SELECT FROM dorad.shipped s" \
	" WHERE s.service_id = c.service_id AND s.environment = e.environment"           \
	" AND s.repo_id = c.repo_id AND s.sha = c.sha AND s.finished_at < $1))"

struct step {
	bool paged; /* by keys of items; else repeated until nothing is left */
	const char *sql;
};

#define STEPS_MAX 3

static const struct {
	const char *name;
	struct step steps[STEPS_MAX];
} kinds[N_RETAINED] = {
	[RETAINED_AUTHORS] = {
		"authors",
		{
			{ false, ROWS_OF("UPDATE dorad.shipped SET author = NULL",
					 "dorad.shipped",
					 "x.author IS NOT NULL AND x.finished_at < $1") },
			{ false,
			  ROWS_OF("UPDATE dorad.shipped_change SET author = NULL",
				  "dorad.shipped_change",
				  "x.author IS NOT NULL AND x.finished_at < $1") },
			{ false,
			  ROWS_OF("UPDATE dorad.commit SET author = NULL", "dorad.commit",
				  "x.author IS NOT NULL AND coalesce(x.committed_at,"
				  " x.authored_at, '-infinity') < $1 AND NOT EXISTS"
				  " (SELECT FROM dorad.shipped s WHERE s.repo_id ="
				  " x.repo_id AND s.sha = x.sha"
				  " AND s.finished_at >= $1)") },
		},
	},
	/* Jobs after their runs: a run without jobs would be asked for them. */
	[RETAINED_RUNS] = {
		"runs",
		{
			{ true, PAGE("run", "true") },
			{ true,
			  PAGE("job",
			       "NOT EXISTS (SELECT FROM dorad.item r WHERE r.source_id ="
			       " i.source_id AND r.project = i.project AND r.kind IN"
			       " ('run', 'job') AND r.external_id = i.parent)") },
		},
	},
	/* What is still to be shipped will be asked about it. */
	[RETAINED_CHANGES] = {
		"changes",
		{ { true,
		    PAGE("change",
			 "NOT " SHIPS_LATER
			 " AND NOT EXISTS (SELECT FROM dorad.shipped_change s"
			 " WHERE s.source_id = i.source_id AND s.project = i.project"
			 " AND s.external_id = i.external_id"
			 " AND s.finished_at >= $1)") } },
	},
	/* One that a later rollout failed by is a reason of numbers that may change. */
	[RETAINED_INCIDENTS] = {
		"incidents",
		{ { true,
		    PAGE("incident",
			 "NOT EXISTS (SELECT FROM dorad.service_incident s"
			 " JOIN dorad.rollout r ON r.deployment_id = s.rollout_id"
			 " WHERE s.source_id = i.source_id AND s.project = i.project"
			 " AND s.external_id = i.external_id"
			 " AND r.finished_at >= $1)") } },
	},
	[RETAINED_KPIS] = {
		"kpis",
		{ { false, ROWS_OF("DELETE FROM dorad.kpi_sample", "dorad.kpi_sample",
				   "x.at < $1") } },
	},
};

enum statement { KEPT_FROM, WRITE_KEPT_FROM, LOCK, UNSETTLED, FREEZE };

static const char *const sql[] = {
	[KEPT_FROM] = "SELECT kept_from FROM dorad.retention WHERE kind = $1",
	[WRITE_KEPT_FROM] = "INSERT INTO dorad.retention AS r (kind, kept_from)"
			    " VALUES ($1, $2) ON CONFLICT (kind) DO UPDATE"
			    " SET kept_from = excluded.kept_from"
			    " WHERE r.kept_from < excluded.kept_from",
	[LOCK] = "SELECT FROM dorad.scope ORDER BY scope_id FOR NO KEY UPDATE",
	[UNSETTLED] = "SELECT EXISTS (SELECT FROM dorad.scope s WHERE s.active"
		      " AND (s.published_until IS NULL OR EXISTS (SELECT FROM dorad.dirty"
		      " d WHERE d.scope_id = s.scope_id) OR EXISTS (SELECT FROM"
		      " dorad.attribution_due a WHERE a.service_id = s.scope_id)))",
	[FREEZE] = "UPDATE dorad.scope SET frozen_before = $1"
		   " WHERE published_until IS NOT NULL"
		   " AND coalesce(frozen_before < $1, true)",
};

const char *retained_name(enum retained kind)
{
	return kinds[kind].name;
}

bool store_kept_from(struct store *store, enum retained kind, gint64 *kept_from,
		     GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_text(&args, kinds[kind].name);
	if (!store_exec(store, sql[KEPT_FROM], &args, &result, error))
		return false;
	*kept_from = PQntuples(result) > 0 ? result_instant(result, 0, 0) : INSTANT_NONE;
	return true;
}

bool store_kept_from_write(struct store *store, enum retained kind, gint64 kept_from,
			   GError **error)
{
	struct pg_args args = { 0 };

	arg_text(&args, kinds[kind].name);
	arg_instant(&args, kept_from);
	return store_writable(store, error) &&
	       store_exec(store, sql[WRITE_KEPT_FROM], &args, NULL, error);
}

bool store_freeze(struct store *store, gint64 before, bool *settled, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_instant(&args, before);
	if (!store_writable(store, error) ||
	    !store_exec(store, sql[LOCK], NULL, NULL, error) ||
	    !store_exec(store, sql[UNSETTLED], NULL, &result, error))
		return false;
	*settled = !result_bool(result, 0, 0);
	return !*settled || store_exec(store, sql[FREEZE], &args, NULL, error);
}

/* ---- a pass ---- */

void retention_pass_clear(struct retention_pass *pass)
{
	g_clear_pointer(&pass->project, g_free);
	g_clear_pointer(&pass->id, g_free);
}

static void next_step(struct retention_pass *pass)
{
	retention_pass_clear(pass);
	pass->source_id = 0;
	pass->attempt = 0;
	pass->step++;
	pass->over = pass->step == STEPS_MAX || !kinds[pass->kind].steps[pass->step].sql;
}

static void remember(struct retention_pass *pass, const PGresult *result)
{
	retention_pass_clear(pass);
	pass->source_id = result_int4(result, 0, 2);
	pass->project = result_text(result, 0, 3);
	pass->id = result_text(result, 0, 4);
	pass->attempt = result_int8(result, 0, 5);
}

bool store_retention_step(struct store *store, struct retention_pass *pass,
			  GError **error)
{
	const struct step *step = &kinds[pass->kind].steps[pass->step];
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_instant(&args, pass->before);
	if (step->paged) {
		arg_int4(&args, pass->source_id);
		arg_text(&args, pass->project ? pass->project : "");
		arg_text(&args, pass->id ? pass->id : "");
		arg_int8(&args, pass->attempt);
	}
	if (!store_writable(store, error) ||
	    !store_exec(store, step->sql, &args, &result, error))
		return false;
	pass->n += (gsize)result_int8(result, 0, 0);
	if (!result_bool(result, 0, 1))
		next_step(pass);
	else if (step->paged)
		remember(pass, result);
	return true;
}
