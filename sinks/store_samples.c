#include "sinks/store_private.h"

/* What began while it was the scope's and before the end of the range, and has not ended
 * before it; once, of however many services of the scope it is. Of a service that left
 * meanwhile it is open until then; of one that is there, too, it is what it is. */
#define SPANS(began, ended, table, key, condition)                                       \
	"SELECT y.began, y.ended, y.gone FROM (SELECT DISTINCT ON (" key                 \
	") x.*" STORE_OF_EACH_OWNED "SELECT s." began ", s." ended ", false, " key       \
	" FROM dorad." table " s"                                                        \
	" WHERE s.service_id = o.service_id AND s.environment = $2"                      \
	" AND " condition " AND s." ended " >= $3"                                       \
	" AND s." began " >= o.valid_from AND s." began " < least(o.valid_to, $4)"       \
	" UNION ALL SELECT s." began ", o.left_at, o.left_at IS NOT NULL, " key          \
	" FROM dorad." table " s"                                                        \
	" WHERE s.service_id = o.service_id AND s.environment = $2"                      \
	" AND " condition " AND s." ended " IS NULL"                                     \
	" AND s." began " >= o.valid_from AND s." began " < least(o.valid_to, $4)"       \
	" OFFSET 0) x (began, ended, gone) ORDER BY " key                                \
	", x.gone, x.ended, x.began) y"                                                  \
	" ORDER BY y.ended, y.began"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define OWNED_R STORE_OWNED("r")
#define OWNED_S STORE_OWNED("s")
#define OWNED_C STORE_OWNED("c")

#define STAGES_OF(each)                                                                  \
	"SELECT x.finished_at, x.coding_us, x.pickup_us, x.review_us,"                   \
	" x.deploy_us, x.author" each                                                    \
	"SELECT c.finished_at, c.coding_us, c.pickup_us, c.review_us,"                   \
	" c.deploy_us, c.author FROM dorad.shipped_change c"                             \
	" WHERE " OWNED_C " OFFSET 0) x ORDER BY x.finished_at, x.coding_us,"            \
	" x.pickup_us, x.review_us, x.deploy_us, x.author"

enum statement {
	ROLLOUTS,
	LEADS,
	STAGES,
	LAST_STAGES,
	RECOVERIES,
	RESTORES,
	ENVIRONMENTS
};

/* $1 scope, $2 environment, $3 and $4 the range */
static const char *const sql[] = {
	/* The one before the first of the range is looked up beyond it. */
	[ROLLOUTS] = "SELECT x.finished_at, x.previous, x.state, "
		     "x.unplanned" STORE_OF_EACH_OWNED
		     "SELECT r.deployment_id, r.finished_at,"
		     " coalesce(lag(r.finished_at) OVER (ORDER BY r.finished_at,"
		     " r.deployment_id), (SELECT p.finished_at FROM dorad.rollout p"
		     " WHERE p.service_id = r.service_id AND p.environment = $2"
		     " AND (p.finished_at, p.deployment_id)"
		     " < (r.finished_at, r.deployment_id)"
		     " ORDER BY p.finished_at DESC, p.deployment_id DESC LIMIT 1)) AS "
		     "previous,"
		     " s.state, s.unplanned FROM dorad.rollout r"
		     " LEFT JOIN dorad.rollout_state s ON s.rollout_id = r.deployment_id"
		     " WHERE " OWNED_R
		     " OFFSET 0) x ORDER BY x.finished_at, x.deployment_id",
	[LEADS] = "SELECT x.finished_at, x.lead_us, x.author, "
		  "x.excluded" STORE_OF_EACH_OWNED
		  "SELECT s.finished_at, s.lead_us, s.author, s.excluded"
		  " FROM dorad.shipped s WHERE " OWNED_S
		  " AND (s.excluded IS NULL OR s.excluded = 'rule') OFFSET 0) x"
		  " ORDER BY x.finished_at",
	[STAGES] = STAGES_OF(STORE_OF_EACH_OWNED),
	[LAST_STAGES] = STAGES_OF(STORE_OF_EACH_LAST),
	[RECOVERIES] = SPANS("finished_at", "recovered_at", "rollout_state", "rollout_id",
			     "s.state = 'failed' AND s.recovery_excluded IS NULL"),
	[RESTORES] = SPANS("started_at", "restored_at", "service_incident",
			   "source_id, project, external_id",
			   "s.excluded IS NULL AND s.started_at IS NOT NULL"),
	/* Distinct environments of the large tables are found by skipping from one to the
	 * next, for the two that have a row in each bucket of
	 * their lives. */
	[ENVIRONMENTS] =
		"WITH RECURSIVE published (environment) AS ("
		"(SELECT environment FROM dorad.series WHERE scope_id = $1"
		" ORDER BY environment LIMIT 1) UNION ALL"
		" SELECT (SELECT s.environment FROM dorad.series s WHERE s.scope_id = $1"
		" AND s.environment > p.environment ORDER BY s.environment LIMIT 1)"
		" FROM published p WHERE p.environment IS NOT NULL)"
		" SELECT e.environment, min(e.finished_at), min(e.started_at),"
		" min(e.bucket_start) FILTER (WHERE e.metric = 'deployment_frequency'),"
		" min(e.bucket_start) FILTER (WHERE e.metric = 'time_to_restore') FROM"
		" (SELECT r.environment, r.finished_at, NULL::timestamptz,"
		" NULL::timestamptz, NULL FROM dorad.counted o CROSS JOIN LATERAL"
		" dorad.first_rollouts(o.service_id, o.valid_from, o.valid_to) r"
		" WHERE o.scope_id = $1"
		" UNION ALL SELECT i.environment, NULL, i.started_at, NULL, NULL"
		" FROM dorad.counted o JOIN dorad.service_incident i USING (service_id)"
		" WHERE o.scope_id = $1 AND i.excluded IS NULL"
		" AND i.started_at >= o.valid_from AND i.started_at < o.valid_to"
		/* a life that began with an incident that is deleted since */
		" UNION ALL SELECT p.environment, NULL, s.bucket_start, NULL, NULL"
		" FROM published p JOIN dorad.scope f ON f.scope_id = $1"
		" AND f.frozen_before IS NOT NULL"
		" CROSS JOIN LATERAL (SELECT s.bucket_start FROM dorad.series s"
		" WHERE s.scope_id = $1 AND s.environment = p.environment"
		" AND s.metric = 'time_to_restore' AND s.grain = 'day'"
		" ORDER BY s.bucket_start LIMIT 1) s"
		" UNION ALL SELECT p.environment, NULL, NULL, s.bucket_start, m.metric"
		" FROM published p CROSS JOIN (VALUES ('deployment_frequency'),"
		" ('time_to_restore')) AS m (metric)"
		/* what is to finish tomorrow is in its month already, and in no day */
		" CROSS JOIN LATERAL (SELECT coalesce((SELECT s.bucket_start"
		" FROM dorad.series s"
		" WHERE s.scope_id = $1 AND s.environment = p.environment"
		" AND s.metric = m.metric AND s.grain = 'day'"
		" ORDER BY s.bucket_start LIMIT 1), (SELECT min(s.bucket_start)"
		" FROM dorad.series s"
		" WHERE s.scope_id = $1 AND s.environment = p.environment"
		" AND s.metric = m.metric)) AS bucket_start) s"
		" WHERE s.bucket_start IS NOT NULL"
		" UNION ALL SELECT DISTINCT environment, NULL::timestamptz,"
		" NULL::timestamptz, NULL::timestamptz, NULL"
		" FROM dorad.rolling WHERE scope_id = $1)"
		" e (environment, finished_at, started_at, bucket_start, metric)"
		" GROUP BY e.environment ORDER BY e.environment COLLATE \"C\"",
};

static bool add_rollouts(const PGresult *result, void *user, GError **error)
{
	GArray *samples = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *state = result_text(result, i, 2);
		struct rollout_sample sample = {
			.finished = result_instant(result, i, 0),
			.previous = result_instant(result, i, 1),
			.state = CHANGE_PENDING,
			.unplanned = result_bool(result, i, 3),
		};

		if (state)
			change_state_parse(state, &sample.state);
		g_array_append_val(samples, sample);
	}
	return true;
}

static bool add_leads(const PGresult *result, void *user, GError **error)
{
	GArray *samples = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct lead_sample sample = {
			.finished = result_instant(result, i, 0),
			.lead = result_int8(result, i, 1),
			.author = (guint64)result_int8(result, i, 2),
			.by_rule = !PQgetisnull(result, i, 3),
		};

		g_array_append_val(samples, sample);
	}
	return true;
}

static bool add_stages(const PGresult *result, void *user, GError **error)
{
	GArray *samples = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct stage_sample sample = {
			.finished = result_instant(result, i, 0),
			.author = (guint64)result_int8(result, i, 1 + N_STAGES),
		};

		for (int k = 0; k < N_STAGES; k++)
			sample.spans[k] = PQgetisnull(result, i, 1 + k)
						  ? -1
						  : result_int8(result, i, 1 + k);
		g_array_append_val(samples, sample);
	}
	return true;
}

static bool add_spans(const PGresult *result, void *user, GError **error)
{
	GArray *samples = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct span_sample sample = {
			.began = result_instant(result, i, 0),
			.ended = result_instant(result, i, 1),
			.left = result_bool(result, i, 2),
		};

		g_array_append_val(samples, sample);
	}
	return true;
}

void sample_arrays_init(struct sample_arrays *arrays)
{
	*arrays = (struct sample_arrays){
		.rollouts = g_array_new(FALSE, FALSE, sizeof(struct rollout_sample)),
		.leads = g_array_new(FALSE, FALSE, sizeof(struct lead_sample)),
		.stages = g_array_new(FALSE, FALSE, sizeof(struct stage_sample)),
		.recoveries = g_array_new(FALSE, FALSE, sizeof(struct span_sample)),
		.restores = g_array_new(FALSE, FALSE, sizeof(struct span_sample)),
	};
}

void sample_arrays_clear(struct sample_arrays *arrays)
{
	g_clear_pointer(&arrays->rollouts, g_array_unref);
	g_clear_pointer(&arrays->leads, g_array_unref);
	g_clear_pointer(&arrays->stages, g_array_unref);
	g_clear_pointer(&arrays->recoveries, g_array_unref);
	g_clear_pointer(&arrays->restores, g_array_unref);
}

bool store_samples_stages(struct store *store, const struct pg_args *args, GArray *stages,
			  GError **error)
{
	return store_each(store, sql[LAST_STAGES], args, add_stages, stages, error);
}

bool store_samples(struct store *store, gint32 scope_id, const char *environment,
		   gint64 from, gint64 to, struct sample_arrays *samples, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_text(&args, environment);
	arg_bound(&args, from);
	arg_bound(&args, to);
	return store_each(store, sql[ROLLOUTS], &args, add_rollouts, samples->rollouts,
			  error) &&
	       store_each(store, sql[LEADS], &args, add_leads, samples->leads, error) &&
	       store_each(store, sql[STAGES], &args, add_stages, samples->stages,
			  error) &&
	       store_each(store, sql[RECOVERIES], &args, add_spans, samples->recoveries,
			  error) &&
	       store_each(store, sql[RESTORES], &args, add_spans, samples->restores,
			  error);
}

static void environment_clear(void *data)
{
	struct scope_environment *row = data;

	g_free(row->name);
}

void scope_environments_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

GArray *store_scope_environments(struct store *store, gint32 scope_id, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *rows;

	arg_int4(&args, scope_id);
	if (!store_exec(store, sql[ENVIRONMENTS], &args, &result, error))
		return NULL;
	rows = g_array_new(FALSE, FALSE, sizeof(struct scope_environment));
	g_array_set_clear_func(rows, environment_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct scope_environment row = {
			.name = result_text(result, i, 0),
			.born = result_instant(result, i, 1),
			.incidents_born = result_instant(result, i, 2),
			.published_from = result_instant(result, i, 3),
			.restores_from = result_instant(result, i, 4),
		};

		g_array_append_val(rows, row);
	}
	return rows;
}
