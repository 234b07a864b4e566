#include "sinks/store_private.h"

#define DAY_US (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

enum statement { DIRTY, TAKE, MEMBERS, ROLLOUTS, LEADS, ENVIRONMENTS };

static const char *const sql[] = {
	[DIRTY] = "INSERT INTO dorad.dirty (scope_id, day)"
		  " SELECT m.scope_id, g.day FROM dorad.member m"
		  " CROSS JOIN (SELECT DISTINCT day FROM unnest($2) AS u (day)) g"
		  " WHERE m.scope_id IS NOT NULL AND m.service_id = $1",
	[TAKE] = "WITH taken AS (DELETE FROM dorad.dirty WHERE scope_id = $1"
		 " RETURNING day) SELECT DISTINCT day FROM taken ORDER BY day",
	[MEMBERS] = "SELECT service_id FROM dorad.member WHERE scope_id = $1",
	/* The one before the first of the range is looked up beyond it. */
	[ROLLOUTS] = "SELECT r.finished_at, coalesce(lag(r.finished_at) OVER service,"
		     " (SELECT p.finished_at FROM dorad.rollout p"
		     " WHERE p.service_id = r.service_id AND p.environment = $1"
		     " AND (p.finished_at, p.deployment_id)"
		     " < (r.finished_at, r.deployment_id)"
		     " ORDER BY p.finished_at DESC, p.deployment_id DESC LIMIT 1))"
		     " FROM dorad.rollout r"
		     " WHERE r.service_id = ANY ($4) AND r.environment = $1"
		     " AND r.finished_at >= $2 AND r.finished_at < $3"
		     " WINDOW service AS (PARTITION BY r.service_id"
		     " ORDER BY r.finished_at, r.deployment_id)"
		     " ORDER BY r.finished_at, r.deployment_id",
	[LEADS] = "SELECT finished_at, lead_us, author FROM dorad.shipped"
		  " WHERE service_id = ANY ($4) AND environment = $1"
		  " AND finished_at >= $2 AND finished_at < $3 AND excluded IS NULL"
		  " ORDER BY finished_at",
	[ENVIRONMENTS] = "SELECT environment, min(finished_at), min(bucket_start) FROM"
			 " (SELECT r.environment, r.finished_at, NULL::timestamptz"
			 " FROM dorad.rollout r"
			 " JOIN dorad.member m USING (service_id) WHERE m.scope_id = $1"
			 " UNION ALL SELECT environment, NULL, bucket_start"
			 " FROM dorad.series WHERE scope_id = $1 AND grain = 'day'"
			 " AND metric = 'deployment_frequency'"
			 " UNION ALL SELECT DISTINCT environment, NULL::timestamptz,"
			 " NULL::timestamptz FROM dorad.rolling WHERE scope_id = $1)"
			 " e (environment, finished_at, bucket_start)"
			 " GROUP BY environment ORDER BY environment COLLATE \"C\"",
};

gint32 store_utc_day(gint64 instant)
{
	gint64 day = instant / DAY_US;

	return (gint32)(instant % DAY_US < 0 ? day - 1 : day);
}

bool store_dirty_days(struct store *store, gint32 service_id, const GArray *days,
		      GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	if (days->len == 0)
		return true;
	pg_rows_init(&rows, "i");
	for (guint i = 0; i < days->len; i++, rows.n++)
		field_int4(rows.columns[0], g_array_index(days, gint32, i));
	arg_int4(&args, service_id);
	arg_rows(&args, &rows);
	good = store_exec(store, sql[DIRTY], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

bool store_dirty_add(struct store *store, gint32 service_id, gint64 from, gint64 to,
		     GError **error)
{
	g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));

	from = CLAMP(from, INSTANT_MIN, INSTANT_MAX);
	to = CLAMP(to, INSTANT_MIN, INSTANT_MAX);
	for (gint32 day = store_utc_day(from); day * DAY_US < to; day++)
		g_array_append_val(days, day);
	return store_dirty_days(store, service_id, days, error);
}

GArray *store_dirty_take(struct store *store, gint32 scope_id, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *days;

	arg_int4(&args, scope_id);
	if (!store_writable(store, error) ||
	    !store_exec(store, sql[TAKE], &args, &result, error))
		return NULL;
	days = g_array_new(FALSE, FALSE, sizeof(gint32));
	for (int i = 0; i < PQntuples(result); i++) {
		gint32 day = result_int4(result, i, 0);

		g_array_append_val(days, day);
	}
	return days;
}

static bool add_rollouts(const PGresult *result, void *user, GError **error)
{
	GArray *samples = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct rollout_sample sample = {
			.finished = result_instant(result, i, 0),
			.previous = result_instant(result, i, 1),
		};

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
		};

		g_array_append_val(samples, sample);
	}
	return true;
}

/* The ids of the active services of a scope as rows to pass on. */
static bool read_members(struct store *store, gint32 scope_id, struct pg_rows *members,
			 GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, scope_id);
	if (!store_exec(store, sql[MEMBERS], &args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++, members->n++)
		field_int4(members->columns[0], result_int4(result, i, 0));
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

bool store_samples(struct store *store, gint32 scope_id, const char *environment,
		   gint64 from, gint64 to, struct sample_arrays *samples, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows members;
	bool good;

	pg_rows_init(&members, "i");
	good = read_members(store, scope_id, &members, error);
	arg_text(&args, environment);
	arg_bound(&args, from);
	arg_bound(&args, to);
	arg_rows(&args, &members);
	good = good &&
	       store_each(store, sql[ROLLOUTS], &args, add_rollouts, samples->rollouts,
			  error) &&
	       store_each(store, sql[LEADS], &args, add_leads, samples->leads, error);
	pg_rows_clear(&members);
	return good;
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
			.incidents_born = INSTANT_NONE,
			.published_from = result_instant(result, i, 2),
		};

		g_array_append_val(rows, row);
	}
	return rows;
}
