#include "sinks/store_privacy.h"
#include "sinks/store_private.h"

#define BUCKETS                                                                          \
	"SELECT scope_id, environment, metric, grain, bucket_start, n, numerator,"       \
	" denominator, value, p50, p75, p90, p95, mean, pending, still_open,"            \
	" oldest_open_at FROM dorad.series UNION ALL SELECT scope_id, environment,"      \
	" metric, window_days || ' days', bucket_start, n, numerator, denominator,"      \
	" value, p50, p75, p90, p95, mean, pending, still_open, oldest_open_at"          \
	" FROM dorad.rolling"

enum statement { LIMIT, KEEP, ANALYZE, CHANGES };

static const char *const sql[] = {
	/* Whoever is in the way is let through: a trial can be made again. */
	[LIMIT] = "SELECT set_config('lock_timeout', '5s', true)",
	[KEEP] = "CREATE TEMPORARY TABLE was ON COMMIT DROP AS " BUCKETS,
	[ANALYZE] = "ANALYZE pg_temp.was",
	/* $1: of each scope, environment and metric */
	[CHANGES] =
		"SELECT s.kind, s.name, x.environment, x.metric, x.grain, x.bucket_start,"
		" x.old_n, x.new_n, x.old_value, x.new_value, x.weight, x.total FROM"
		" (SELECT c.*, count(*) OVER one AS total,"
		" row_number() OVER (one ORDER BY weight DESC, grain, bucket_start)"
		" AS place FROM (SELECT scope_id, environment, metric, grain,"
		" bucket_start, a.n AS old_n, b.n AS new_n, a.value AS old_value,"
		" b.value AS new_value, CASE WHEN a.value = b.value THEN 0"
		" WHEN a.value IS NULL OR b.value IS NULL THEN 1"
		" ELSE abs(b.value - a.value) / greatest(abs(a.value), abs(b.value)) END"
		" AS weight FROM pg_temp.was a FULL JOIN (" BUCKETS ") b"
		" USING (scope_id, environment, metric, grain, bucket_start)"
		" WHERE (a.n, a.numerator, a.denominator, a.value, a.p50, a.p75, a.p90,"
		" a.p95, a.mean, a.pending, a.still_open, a.oldest_open_at)"
		" IS DISTINCT FROM (b.n, b.numerator, b.denominator, b.value, b.p50,"
		" b.p75, b.p90, b.p95, b.mean, b.pending, b.still_open,"
		" b.oldest_open_at)) c"
		" WINDOW one AS (PARTITION BY scope_id, environment, metric)) x"
		" JOIN dorad.scope s USING (scope_id) WHERE x.place <= $1"
		" ORDER BY s.kind COLLATE \"C\", s.name COLLATE \"C\","
		" x.environment COLLATE \"C\", x.metric COLLATE \"C\", x.place",
};

bool store_trial_begin(struct store *store, GError **error)
{
	if (!store_begin(store, error) ||
	    !store_exec(store, sql[LIMIT], NULL, NULL, error))
		return false;
	store->trial = true;
	store->transaction = TRANSACTION_NONE;
	return true;
}

void store_trial_end(struct store *store)
{
	store->trial = false;
	store_rollback(store);
}

bool store_trial_snapshot(struct store *store, GError **error)
{
	if (store_begin(store, error) &&
	    store_exec(store, sql[KEEP], NULL, NULL, error) &&
	    store_exec(store, sql[ANALYZE], NULL, NULL, error) &&
	    store_commit(store, error))
		return true;
	store_rollback(store);
	return false;
}

static void change_clear(void *data)
{
	struct trial_change *change = data;

	g_free(change->kind);
	g_free(change->scope);
	g_free(change->environment);
	g_free(change->metric);
	g_free(change->grain);
}

static gint64 count_at(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? -1 : result_int8(result, row, column);
}

GArray *store_trial_changes(struct store *store, guint limit, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *changes;

	arg_int8(&args, limit);
	if (!store_exec(store, sql[CHANGES], &args, &result, error))
		return NULL;
	changes = g_array_new(FALSE, FALSE, sizeof(struct trial_change));
	g_array_set_clear_func(changes, change_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct trial_change change = {
			.kind = result_text(result, i, 0),
			.scope = result_text(result, i, 1),
			.environment = result_text(result, i, 2),
			.metric = result_text(result, i, 3),
			.grain = result_text(result, i, 4),
			.start = result_instant(result, i, 5),
			.old_n = count_at(result, i, 6),
			.new_n = count_at(result, i, 7),
			.old_value = result_double(result, i, 8),
			.new_value = result_double(result, i, 9),
			.weight = result_double(result, i, 10),
			.total = result_int8(result, i, 11),
		};

		g_array_append_val(changes, change);
	}
	return changes;
}
