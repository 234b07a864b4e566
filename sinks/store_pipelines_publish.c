#include "sinks/store_pipelines.h"

#include <math.h>
#include <string.h>

#include "sinks/store_private.h"

#define NUMBERS(of)                                                                      \
	of "bucket_end, " of "runs, " of "succeeded, " of "failed, " of "cancelled, " of \
	   "skipped, " of "retries, " of "success_rate, " of "duration_n, " of           \
	   "duration_excluded, " of "duration_p50, " of "duration_p75, " of              \
	   "duration_p90, " of "duration_p95, " of "duration_mean, " of "queue_n, " of   \
	   "queue_p50, " of "queue_p90, " of "compute_n, " of "compute_minutes, " of     \
	   "compute_from, " of "watts, " of "energy_kwh, " of "cost_per_minute, " of     \
	   "cost, " of "definition_id"
#define GRAINS "unnest(ARRAY['day', 'week', 'month', 'quarter'])"

/* $1 zone, $2 days: the buckets that overlap one of the days (a local day is 23 hours or
 * longer, so three instants of a day in UTC find all that it overlaps), and the ranges in
 * which their runs finished. Those are a day wider on both sides: where midnight comes
 * twice, an hour of a bucket lies before its start. */
#define TOUCHED                                                                          \
	"WITH touched AS MATERIALIZED (SELECT grain, bucket_start,"                      \
	" ((bucket_start AT TIME ZONE $1)::date + CASE grain"                            \
	" WHEN 'day' THEN interval '1 day' WHEN 'week' THEN interval '7 days'"           \
	" WHEN 'month' THEN interval '1 month' ELSE interval '3 months' END)"            \
	" AT TIME ZONE $1 AS bucket_end"                                                 \
	" FROM (SELECT DISTINCT g.grain, date_trunc(g.grain, timestamptz 'epoch'"        \
	" + (d.day * 86400.0 + h.seconds) * interval '1 second', $1) AS bucket_start"    \
	" FROM unnest($2) AS d (day)"                                                    \
	" CROSS JOIN unnest(ARRAY[0, 43200, 86399.999999]) AS h (seconds)"               \
	" CROSS JOIN " GRAINS " AS g (grain)) b),"                                       \
	" reach AS MATERIALIZED (SELECT lower(x.span) AS since, upper(x.span) AS until"  \
	" FROM (SELECT unnest(range_agg(tstzrange(bucket_start - interval '1 day',"      \
	" bucket_end + interval '1 day'))) AS span FROM touched) x)"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define NUMBERS_BARE NUMBERS("")
#define NUMBERS_EXCLUDED NUMBERS("excluded.")
#define NUMBERS_S NUMBERS("s.")

enum statement {
	ADD_DEFINITION,
	FIND_DEFINITION,
	STATE,
	USES,
	TAKE,
	PLACES,
	ALL_DAYS,
	WORKFLOWS,
	PUBLISH
};

static const char *const sql[] = {
	[ADD_DEFINITION] = "INSERT INTO dorad.pipeline_definition"
			   " (service_id, fingerprint, content)"
			   " VALUES ($1, $2, $3::text::jsonb)"
			   " ON CONFLICT (service_id, fingerprint) DO NOTHING",
	[FIND_DEFINITION] = "SELECT definition_id FROM dorad.pipeline_definition"
			    " WHERE service_id = $1 AND fingerprint = $2",
	[STATE] = "INSERT INTO dorad.pipeline_state (service_id, definition_id)"
		  " VALUES ($1, $2) ON CONFLICT (service_id)"
		  " DO UPDATE SET definition_id = excluded.definition_id",
	[USES] = "WITH given AS (SELECT DISTINCT $1::int AS service_id, "
		 "x.source_id,"
		 " g.project FROM unnest($2, $3) AS g (source, project)"
		 " JOIN dorad.source x ON x.name = g.source AND x.active),"
		 " gone AS (DELETE FROM dorad.pipeline_use u WHERE u.service_id = "
		 "$1"
		 " AND NOT EXISTS (SELECT FROM given g WHERE g.source_id = "
		 "u.source_id"
		 " AND g.project IS NOT DISTINCT FROM u.project))"
		 " INSERT INTO dorad.pipeline_use (service_id, source_id, project)"
		 " SELECT g.* FROM given g WHERE NOT EXISTS"
		 " (SELECT FROM dorad.pipeline_use u WHERE u.service_id = $1"
		 " AND u.source_id = g.source_id"
		 " AND u.project IS NOT DISTINCT FROM g.project)",
	[TAKE] = "WITH taken AS (DELETE FROM dorad.pipeline_dirty WHERE "
		 "service_id = $1"
		 " RETURNING day) SELECT DISTINCT day FROM taken ORDER BY day",
	/* Where any project is meant, those there are, one index look-up each. */
	[PLACES] = "WITH RECURSIVE given AS (SELECT (g.i - 1)::int AS i, "
		   "x.source_id,"
		   " g.project FROM unnest($1, $2) WITH ORDINALITY"
		   " AS g (source, project, i)"
		   " JOIN dorad.source x ON x.name = g.source AND x.active),"
		   " seen AS (SELECT g.i, g.source_id, (SELECT min(r.project)"
		   " FROM dorad.pipeline_run r WHERE r.source_id = g.source_id)"
		   " AS project FROM given g WHERE g.project IS NULL"
		   " UNION ALL SELECT s.i, s.source_id, (SELECT min(r.project)"
		   " FROM dorad.pipeline_run r WHERE r.source_id = s.source_id"
		   " AND r.project > s.project) FROM seen s WHERE s.project IS "
		   "NOT NULL)"
		   " SELECT i, source_id, project FROM given WHERE project IS "
		   "NOT NULL"
		   " UNION ALL SELECT i, source_id, project FROM seen"
		   " WHERE project IS NOT NULL",
	[ALL_DAYS] = "SELECT DISTINCT (r.finished_at AT TIME ZONE 'UTC')::date"
		     " - date '1970-01-01' AS day"
		     " FROM (SELECT DISTINCT source_id, project"
		     " FROM unnest($1, $2) AS g (source_id, project)) p"
		     " JOIN dorad.pipeline_run r USING (source_id, project) "
		     "ORDER BY day",
	[WORKFLOWS] = TOUCHED
	" SELECT DISTINCT p.i, p.source_id, p.project, r.workflow"
	" FROM unnest($3, $4, $5) AS p (i, source_id, project) CROSS JOIN reach x"
	" CROSS JOIN LATERAL (SELECT DISTINCT r.workflow FROM dorad.pipeline_run "
	"r"
	" WHERE r.source_id = p.source_id AND r.project = p.project"
	" AND r.finished_at >= x.since AND r.finished_at < x.until) r",
	[PUBLISH] = TOUCHED
	", rule AS (SELECT source_id, project, workflow, branches::text[]"
	" AS branches FROM unnest($3, $4, $5, $6) AS g (source_id, project,"
	" workflow, branches)), sample AS MATERIALIZED (SELECT s.*"
	" FROM (SELECT DISTINCT source_id, project FROM rule) p"
	" CROSS JOIN reach x CROSS JOIN LATERAL (SELECT *"
	" FROM dorad.pipeline_run r WHERE r.source_id = p.source_id"
	" AND r.project = p.project AND r.finished_at >= x.since"
	" AND r.finished_at < x.until OFFSET 0) s WHERE EXISTS (SELECT"
	" FROM rule g WHERE g.source_id = s.source_id AND g.project = s.project"
	" AND g.workflow = s.workflow AND (g.branches IS NULL OR s.branch LIKE"
	" ANY (g.branches)))), summed AS (SELECT t.grain, t.bucket_start,"
	" t.bucket_end, grouping(s.workflow) = 1 AS whole, coalesce(s.workflow,"
	" '') AS workflow, count(*) FILTER (WHERE NOT child)"
	" AS runs, count(*) FILTER (WHERE NOT child AND outcome = 'success')"
	" AS succeeded, count(*) FILTER (WHERE NOT child"
	" AND outcome = 'failure') AS failed, count(*) FILTER (WHERE NOT child"
	" AND outcome = 'cancelled') AS cancelled, count(*) FILTER (WHERE NOT"
	" child AND outcome = 'skipped') AS skipped, coalesce(sum(retries)"
	" FILTER (WHERE NOT child), 0)::bigint AS retries, count(duration_us)"
	" AS duration_n, percentile_cont(ARRAY[0.5, 0.75, 0.9, 0.95]) WITHIN"
	" GROUP (ORDER BY duration_us::double precision)"
	" AS duration, avg(duration_us) AS duration_mean, count(queue_us)"
	" AS queue_n, percentile_cont(ARRAY[0.5, 0.9]) WITHIN"
	" GROUP (ORDER BY queue_us::double precision) AS queue,"
	" count(compute_us) AS compute_n, (sum(compute_us) /"
	" 60000000.0)::double precision AS minutes, count(compute_us) FILTER"
	" (WHERE n_jobs > 0) AS from_jobs FROM sample s CROSS"
	" JOIN " GRAINS " AS g (grain) JOIN touched t ON t.grain = g.grain"
	" AND t.bucket_start = date_trunc(g.grain, s.finished_at, $1)"
	" GROUP BY GROUPING SETS ((t.grain, t.bucket_start, t.bucket_end),"
	" (t.grain, t.bucket_start, t.bucket_end, s.workflow))),"
	" now AS MATERIALIZED (SELECT grain, bucket_start, whole, workflow,"
	" bucket_end, runs, succeeded, failed, cancelled, skipped, retries,"
	" succeeded::double precision / nullif(succeeded + failed, 0)"
	" AS success_rate, duration_n, runs - skipped - duration_n"
	" AS duration_excluded, duration[1] / 1e6 AS duration_p50, duration[2]"
	" / 1e6 AS duration_p75, duration[3] / 1e6 AS duration_p90, duration[4]"
	" / 1e6 AS duration_p95, (duration_mean / 1000000)::double precision"
	" AS duration_mean, queue_n, queue[1] / 1e6 AS queue_p50, queue[2] /"
	" 1e6 AS queue_p90, compute_n, minutes AS compute_minutes,"
	" CASE WHEN compute_n = 0 THEN NULL WHEN from_jobs = 0 THEN 'runs'"
	" WHEN from_jobs = compute_n THEN 'jobs' ELSE 'both' END"
	" AS compute_from, $7::double precision AS watts, minutes / 60 * $7 /"
	" 1000 AS energy_kwh, $8::double precision AS cost_per_minute, minutes"
	" * $8 AS cost, $9::int AS definition_id FROM summed),"
	" gone AS (DELETE FROM dorad.pipeline_series s WHERE s.service_id = $10"
	" AND ($11 OR (s.grain, s.bucket_start) IN (SELECT grain, bucket_start"
	" FROM touched)) AND NOT EXISTS (SELECT FROM now n"
	" WHERE n.grain = s.grain AND n.bucket_start = s.bucket_start"
	" AND n.whole = s.whole AND n.workflow = s.workflow)"
	" RETURNING 1), put AS (INSERT INTO dorad.pipeline_series"
	" AS s (service_id, computed_at, grain, bucket_start, whole, "
	"workflow, " NUMBERS_BARE
	") SELECT $10, $12, n.* FROM now n ON CONFLICT (service_id, grain,"
	" bucket_start, whole, workflow) DO UPDATE SET (computed_at, " NUMBERS_BARE
	") = (excluded.computed_at, " NUMBERS_EXCLUDED ") WHERE (" NUMBERS_S
	") IS DISTINCT FROM (" NUMBERS_EXCLUDED
	") RETURNING 1) SELECT (SELECT count(*) FROM gone) + (SELECT count(*)"
	" FROM put)",
};

/* One publication at work. */
struct publishing {
	struct store *store;
	const struct pipeline_publication *what;
	gint32 definition_id;
	struct pg_rows days;   /* day */
	struct pg_rows places; /* i, source_id, project */
	struct pg_rows rules;  /* source_id, project, workflow, branches */
};

/* ---- what the definition was ---- */

static bool find_definition(struct publishing *work, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, work->what->service_id);
	arg_text(&args, work->what->fingerprint);
	if (!store_exec(work->store, sql[FIND_DEFINITION], &args, &result, error))
		return false;
	work->definition_id = PQntuples(result) > 0 ? result_int4(result, 0, 0) : 0;
	return true;
}

/* source, project of each of the pipelines. */
static void put_pipelines(const struct publishing *work, struct pg_rows *rows)
{
	pg_rows_init(rows, "tt");
	for (guint i = 0; i < work->what->n_pipelines; i++, rows->n++) {
		const char *project = work->what->pipelines[i].project;

		field_text(rows->columns[0], work->what->pipelines[i].source);
		field_text(rows->columns[1],
			   g_strcmp0(project, "*") == 0 ? NULL : project);
	}
}

static bool write_definition(struct publishing *work, GError **error)
{
	struct pg_args add = { 0 }, state = { 0 }, use = { 0 };
	struct pg_rows pipelines;
	bool good;

	arg_int4(&add, work->what->service_id);
	arg_text(&add, work->what->fingerprint);
	arg_text(&add, work->what->content);
	if (!store_exec(work->store, sql[ADD_DEFINITION], &add, NULL, error) ||
	    !find_definition(work, error))
		return false;
	arg_int4(&state, work->what->service_id);
	arg_int4(&state, work->definition_id);
	arg_int4(&use, work->what->service_id);
	put_pipelines(work, &pipelines);
	arg_rows(&use, &pipelines);
	good = store_exec(work->store, sql[STATE], &state, NULL, error) &&
	       store_exec(work->store, sql[USES], &use, NULL, error);
	pg_rows_clear(&pipelines);
	return good;
}

/* ---- which buckets, of which runs ---- */

static bool find_places(struct publishing *work, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_rows pipelines;
	bool good;

	put_pipelines(work, &pipelines);
	arg_rows(&args, &pipelines);
	good = store_exec(work->store, sql[PLACES], &args, &result, error);
	pg_rows_clear(&pipelines);
	for (int i = 0; good && i < PQntuples(result); i++, work->places.n++) {
		g_autofree char *project = result_text(result, i, 2);

		field_int4(work->places.columns[0], result_int4(result, i, 0));
		field_int4(work->places.columns[1], result_int4(result, i, 1));
		field_text(work->places.columns[2], project);
	}
	return good;
}

static void add_days(struct publishing *work, const PGresult *result)
{
	for (int i = 0; i < PQntuples(result); i++, work->days.n++)
		field_int4(work->days.columns[0], result_int4(result, i, 0));
}

static bool find_days(struct publishing *work, GError **error)
{
	struct pg_args take = { 0 }, all = { 0 };
	_cleanup_(PQclearp) PGresult *taken = NULL, *result = NULL;
	struct pg_rows places = { .types = "it", .n = work->places.n };

	arg_int4(&take, work->what->service_id);
	if (!store_exec(work->store, sql[TAKE], &take, &taken, error))
		return false;
	if (!work->what->all) {
		add_days(work, taken);
		return true;
	}
	places.columns[0] = work->places.columns[1];
	places.columns[1] = work->places.columns[2];
	arg_rows(&all, &places);
	if (!store_exec(work->store, sql[ALL_DAYS], &all, &result, error))
		return false;
	add_days(work, result);
	return true;
}

/* A glob as a pattern of LIKE. */
static char *like_of(const char *glob)
{
	GString *text = g_string_new(NULL);

	for (; *glob; glob++) {
		if (strchr("%_\\", *glob))
			g_string_append_c(text, '\\');
		g_string_append_c(text, *glob == '*' ? '%' : *glob == '?' ? '_' : *glob);
	}
	return g_string_free(text, FALSE);
}

static void put_branches(GByteArray *column, const struct config_pipeline *pipeline)
{
	g_auto(GStrv) patterns = g_new0(char *, pipeline->n_branches + 1);

	for (unsigned i = 0; i < pipeline->n_branches; i++)
		patterns[i] = like_of(pipeline->branches[i]);
	field_texts(column, patterns);
}

/* A rule for each workflow that one of the pipelines means. */
static bool find_rules(struct publishing *work, GError **error)
{
	const struct pipeline_publication *what = work->what;
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_text(&args, what->time_zone);
	arg_rows(&args, &work->days);
	arg_rows(&args, &work->places);
	if (!store_exec(work->store, sql[WORKFLOWS], &args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		guint pipeline = (guint)result_int4(result, i, 0);
		g_autofree char *project = result_text(result, i, 2);
		g_autofree char *workflow = result_text(result, i, 3);

		if (!what->fits(pipeline, workflow, what->user))
			continue;
		field_int4(work->rules.columns[0], result_int4(result, i, 1));
		field_text(work->rules.columns[1], project);
		field_text(work->rules.columns[2], workflow);
		put_branches(work->rules.columns[3], &what->pipelines[pipeline]);
		work->rules.n++;
	}
	return true;
}

/* ---- the buckets ---- */

static bool publish(struct publishing *work, gsize *n_changed, GError **error)
{
	const struct pipeline_publication *what = work->what;
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_text(&args, what->time_zone);
	arg_rows(&args, &work->days);
	arg_rows(&args, &work->rules);
	arg_double(&args, what->watts > 0 ? (double)what->watts : (double)NAN);
	arg_double(&args, what->cost_per_minute);
	arg_int4(&args, work->definition_id);
	arg_int4(&args, what->service_id);
	arg_bool(&args, what->all);
	arg_instant(&args, what->now);
	if (!store_exec(work->store, STORE_HASH_SQL, NULL, NULL, error) ||
	    !store_exec(work->store, sql[PUBLISH], &args, &result, error))
		return false;
	*n_changed = (gsize)result_int8(result, 0, 0);
	return true;
}

bool store_pipelines_publish(struct store *store, const struct pipeline_publication *what,
			     gsize *n_changed, GError **error)
{
	struct publishing work = { .store = store, .what = what };
	bool good;

	*n_changed = 0;
	if (!store_writable(store, error))
		return false;
	pg_rows_init(&work.days, "i");
	pg_rows_init(&work.places, "iit");
	pg_rows_init(&work.rules, "ittt");
	/* Whoever refreshes meanwhile marks days for the uses that were: a run would be
	 * in neither. */
	good = (what->all ? store_pipelines_lock(store, error) &&
				    write_definition(&work, error)
			  : find_definition(&work, error)) &&
	       find_places(&work, error) && find_days(&work, error) &&
	       find_rules(&work, error) && publish(&work, n_changed, error);
	pg_rows_clear(&work.days);
	pg_rows_clear(&work.places);
	pg_rows_clear(&work.rules);
	return good;
}
