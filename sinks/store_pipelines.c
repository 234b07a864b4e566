#include "sinks/store_pipelines.h"

#include "sinks/store_private.h"

/* Of one transaction: it holds a lock that others wait for. */
#define PORTION 5000

/* "dorad", as the advisory locks of this program go. */
#define REFRESH_LOCK G_GINT64_CONSTANT(0x646f72616411)

#define KEY "source_id, project, run, attempt"
#define VALUES(of)                                                                       \
	of "finished_at, " of "duration_us, " of "queue_us, " of "compute_us, " of       \
	   "n_jobs, " of "child, " of "outcome, " of "workflow, " of "branch, " of       \
	   "retries"
#define MICROSECONDS(from, to) "(extract(epoch FROM " to " - " from ") * 1000000)::bigint"
#define SAME_RUN(a, b)                                                                   \
	a ".source_id = " b ".source_id AND " a ".project = " b ".project AND " a        \
	  ".run = " b ".run"
/* OFFSET 0 keeps the look-up of a few items a look-up, also while there are no statistics
 * of the table. */
#define JOBS_OF(parent)                                                                  \
	" CROSS JOIN LATERAL (SELECT i.external_id, i.attempt, i.name, i.outcome,"       \
	" i.started_at, i.finished_at, i.created_at FROM dorad.item i"                   \
	" WHERE i.source_id = r.source_id AND i.parent = " parent                        \
	" AND i.project = r.project AND i.kind = 'job' OFFSET 0) j"

enum statement { MARK, ANY_DUE, LOCK, REFRESH, FORGET, SERVICES };

static const char *const sql[] = {
	[MARK] = "INSERT INTO dorad.pipeline_due (source_id, project, run)"
		 " SELECT DISTINCT $1::int, g.project, g.run"
		 " FROM unnest($2, $3) AS g (project, run)",
	[ANY_DUE] = "SELECT EXISTS (SELECT FROM dorad.pipeline_due)"
		    " OR EXISTS (SELECT FROM dorad.pipeline_state t"
		    " JOIN dorad.scope s ON s.scope_id = t.service_id"
		    " WHERE NOT s.active)",
	[LOCK] = "SELECT pg_advisory_xact_lock($1)",
	/* A job may be part of another (a workflow of CircleCI has jobs and is
	 * one): then only the inner ones count. Where ids are numbers, a run may
	 * be called like a job; its jobs are not that job's. A job that the
	 * re-run of other jobs lists again, with the same start and end, ran
	 * once. A job belongs to the latest attempt that is not later than its
	 * own. A source that tells no finish has the last change in its place, and one
	 * that tells no start the request: then the first start and the last finish of
	 * the jobs are better, if none is open. */
	/* clang-format off */
	[REFRESH] =
		"WITH taken AS (DELETE FROM dorad.pipeline_due WHERE ctid = ANY"
		" (ARRAY (SELECT ctid FROM dorad.pipeline_due ORDER BY due_id LIMIT"
		" $1)) RETURNING source_id, project, run), r AS MATERIALIZED (SELECT"
		" source_id, project, run FROM taken UNION SELECT t.source_id,"
		" t.project, i.parent FROM taken t CROSS JOIN LATERAL (SELECT"
		" i.parent FROM dorad.item i WHERE i.source_id = t.source_id AND"
		" i.project = t.project AND i.kind = 'job' AND i.external_id = t.run"
		" AND i.parent IS NOT NULL OFFSET 0) i), tried AS MATERIALIZED"
		" (SELECT r.source_id, r.project, r.run, i.*, row_number() OVER run ="
		" 1 AS first, lead(i.attempt) OVER run AS next FROM r CROSS JOIN"
		" LATERAL (SELECT i.attempt, i.done, i.outcome, i.created_at,"
		" i.started_at, i.finished_at, i.updated_at, i.parent, i.event, i.ref,"
		" coalesce(i.workflow, i.name, '') AS workflow FROM dorad.item i"
		" WHERE i.source_id = r.source_id AND i.project = r.project AND"
		" i.kind = 'run' AND i.external_id = r.run OFFSET 0) i WINDOW run AS"
		" (PARTITION BY r.source_id, r.project, r.run ORDER BY i.attempt)),"
		" outer_job AS MATERIALIZED (SELECT r.source_id, r.project, r.run,"
		" j.* FROM r" JOBS_OF("r.run")
		"), inner_job AS MATERIALIZED (SELECT r.source_id, r.project, r.run,"
		" r.external_id AS holder, j.* FROM outer_job r"
		JOBS_OF("r.external_id")
		" WHERE NOT EXISTS (SELECT FROM dorad.item x WHERE x.source_id ="
		" r.source_id AND x.project = r.project AND x.kind = 'run' AND"
		" x.external_id = r.external_id OFFSET 0)), job AS (SELECT o.* FROM"
		" outer_job o WHERE NOT EXISTS (SELECT FROM inner_job n WHERE "
		SAME_RUN("n", "o")
		" AND n.holder = o.external_id) UNION ALL SELECT source_id, project,"
		" run, external_id, attempt, name, outcome, started_at, finished_at,"
		" created_at FROM inner_job), ran AS (SELECT source_id, project, run,"
		" attempt, started_at, finished_at, started_at IS NOT DISTINCT FROM"
		" created_at AS asked, "
		MICROSECONDS("started_at", "finished_at")
		" AS us, rank() OVER (PARTITION BY source_id, project, run, name,"
		" started_at, finished_at ORDER BY attempt) AS listed FROM job WHERE"
		" outcome <> 'skipped' AND (finished_at > started_at OR outcome ="
		" 'running' AND started_at IS NOT NULL AND finished_at IS NULL)),"
		" spent AS (SELECT t.source_id, t.project, t.run, t.attempt,"
		" sum(j.us)::bigint AS us, count(j.us) AS n, min(j.started_at) AS"
		" started_at, CASE WHEN min(j.started_at) = min(j.started_at) FILTER"
		" (WHERE NOT j.asked) THEN min(j.started_at) END AS began, CASE WHEN"
		" count(*) = count(j.us) THEN max(j.finished_at) END AS finished_at"
		" FROM tried t JOIN ran j ON " SAME_RUN("j", "t")
		" AND j.listed = 1 AND (t.first OR j.attempt >= t.attempt) AND"
		" (t.next IS NULL OR j.attempt < t.next) GROUP BY t.source_id,"
		" t.project, t.run, t.attempt), known AS (SELECT t.source_id,"
		" t.project, t.run, t.attempt, t.outcome, t.workflow, t.created_at,"
		" t.parent IS NOT NULL OR t.event IS NOT DISTINCT FROM"
		" 'parent_pipeline' AS child, regexp_replace(t.ref,"
		" '^refs/(heads|tags)/', '') AS branch, s.us, s.n, CASE WHEN"
		" v.by_jobs THEN s.started_at ELSE t.started_at END AS started_at,"
		" CASE WHEN v.by_jobs THEN s.finished_at ELSE t.finished_at END AS"
		" finished_at, CASE WHEN t.started_at > t.created_at THEN"
		" t.started_at ELSE s.began END AS began FROM tried t LEFT JOIN spent"
		" s USING (" KEY ") CROSS JOIN LATERAL (SELECT s.finished_at IS NOT"
		" NULL AND (t.finished_at IS NOT DISTINCT FROM t.updated_at OR"
		" t.started_at IS NULL OR t.started_at IS NOT DISTINCT FROM"
		" t.created_at) AS by_jobs) v WHERE t.done AND t.outcome <>"
		" 'running' AND t.finished_at IS NOT NULL), timed AS (SELECT k.*,"
		" CASE WHEN NOT child AND outcome <> 'skipped' AND finished_at >"
		" started_at THEN "
		MICROSECONDS("started_at", "finished_at")
		" END AS duration_us, CASE WHEN NOT child AND outcome <> 'skipped'"
		" AND attempt = 1 AND began > created_at THEN "
		MICROSECONDS("created_at", "began")
		" END AS queue_us, attempt - greatest(lag(attempt) OVER (PARTITION"
		" BY source_id, project, run ORDER BY attempt), 1) AS retries FROM"
		" known k), now AS MATERIALIZED (SELECT source_id, project, run,"
		" attempt, finished_at, duration_us, queue_us, coalesce(us,"
		" duration_us) AS compute_us, coalesce(n, 0) AS n_jobs, child,"
		" outcome, workflow, branch, retries FROM timed), "
		"was AS MATERIALIZED (SELECT p.* FROM r CROSS JOIN"
		" LATERAL (SELECT p.ctid AS place, p.* FROM dorad.pipeline_run p"
		" WHERE " SAME_RUN("p", "r")
		" OFFSET 0) p), changed AS (SELECT source_id, project,"
		" was.finished_at AS before, now.finished_at AS after FROM was FULL"
		" JOIN now USING (" KEY ") WHERE (" VALUES("was.")
		") IS DISTINCT FROM (" VALUES("now.")
		")), gone AS (DELETE FROM dorad.pipeline_run WHERE ctid = ANY (ARRAY"
		" (SELECT was.place FROM was WHERE NOT EXISTS (SELECT FROM now WHERE "
		SAME_RUN("now", "was")
		" AND now.attempt = was.attempt)))), put AS (INSERT INTO"
		" dorad.pipeline_run AS p (" KEY ", " VALUES("") ") SELECT " KEY ", "
		VALUES("") " FROM now ON CONFLICT (" KEY ") DO UPDATE SET ("
		VALUES("") ") = (" VALUES("excluded.") ") WHERE (" VALUES("p.")
		") IS DISTINCT FROM (" VALUES("excluded.")
		")), marked AS (INSERT INTO dorad.pipeline_dirty (service_id, day)"
		" SELECT DISTINCT u.service_id, (e.at AT TIME ZONE 'UTC')::date -"
		" date '1970-01-01' FROM changed c CROSS JOIN LATERAL (VALUES"
		" (c.before), (c.after)) e (at) JOIN dorad.pipeline_use u ON"
		" u.source_id = c.source_id AND (u.project IS NULL OR u.project ="
		" c.project) WHERE e.at IS NOT NULL) SELECT count(*) FROM taken",
	/* clang-format on */
	[FORGET] = "WITH left_it AS (SELECT scope_id FROM dorad.scope"
		   " WHERE kind = 'service' AND NOT active),"
		   " state AS (DELETE FROM dorad.pipeline_state"
		   " WHERE service_id IN (SELECT scope_id FROM left_it)),"
		   " series AS (DELETE FROM dorad.pipeline_series"
		   " WHERE service_id IN (SELECT scope_id FROM left_it)),"
		   " dirty AS (DELETE FROM dorad.pipeline_dirty"
		   " WHERE service_id IN (SELECT scope_id FROM left_it))"
		   " DELETE FROM dorad.pipeline_use"
		   " WHERE service_id IN (SELECT scope_id FROM left_it)",
	[SERVICES] = "SELECT s.scope_id, s.name, d.fingerprint,"
		     " EXISTS (SELECT FROM dorad.pipeline_dirty x"
		     " WHERE x.service_id = s.scope_id)"
		     " FROM dorad.scope s"
		     " LEFT JOIN dorad.pipeline_state t ON t.service_id = s.scope_id"
		     " LEFT JOIN dorad.pipeline_definition d"
		     " ON d.definition_id = t.definition_id"
		     " WHERE s.kind = 'service' AND s.active ORDER BY s.name",
};

bool store_pipelines_changed(struct store *store, gint32 source_id,
			     const GPtrArray *items, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&rows, "tt");
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);
		const char *run = item->kind == ITEM_RUN   ? item->id
				  : item->kind == ITEM_JOB ? item->parent
							   : NULL;

		if (!run)
			continue;
		field_text(rows.columns[0], item->project ? item->project : "");
		field_text(rows.columns[1], run);
		rows.n++;
	}
	arg_int4(&args, source_id);
	arg_rows(&args, &rows);
	good = rows.n == 0 || store_exec(store, sql[MARK], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

bool store_pipelines_lock(struct store *store, GError **error)
{
	struct pg_args lock = { 0 };

	arg_int8(&lock, REFRESH_LOCK);
	return store_exec(store, sql[LOCK], &lock, NULL, error);
}

/* Two statements: what has waited for the lock sees what was done meanwhile. */
static bool refresh(struct store *store, gsize *n_due, GError **error)
{
	struct pg_args portion = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int8(&portion, PORTION);
	if (!store_pipelines_lock(store, error) ||
	    !store_exec(store, STORE_HASH_SQL, NULL, NULL, error) ||
	    !store_exec(store, sql[FORGET], NULL, NULL, error) ||
	    !store_exec(store, sql[REFRESH], &portion, &result, error))
		return false;
	*n_due = (gsize)result_int8(result, 0, 0);
	return true;
}

bool store_pipelines_refresh(struct store *store, gsize *n_due, GError **error)
{
	_cleanup_(PQclearp) PGresult *any = NULL;

	*n_due = 0;
	if (!store_exec(store, sql[ANY_DUE], NULL, &any, error))
		return false;
	if (!result_bool(any, 0, 0))
		return true;
	if (store_begin(store, error) && refresh(store, n_due, error) &&
	    store_commit(store, error))
		return true;
	store_rollback(store);
	return false;
}

static void service_clear(void *data)
{
	struct pipeline_service *row = data;

	g_free(row->name);
	g_free(row->definition);
}

GArray *store_pipeline_services(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *rows;

	if (!store_exec(store, sql[SERVICES], NULL, &result, error))
		return NULL;
	rows = g_array_new(FALSE, FALSE, sizeof(struct pipeline_service));
	g_array_set_clear_func(rows, service_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct pipeline_service row = {
			.service_id = result_int4(result, i, 0),
			.name = result_text(result, i, 1),
			.definition = result_text(result, i, 2),
			.dirty = result_bool(result, i, 3),
		};

		g_array_append_val(rows, row);
	}
	return rows;
}
