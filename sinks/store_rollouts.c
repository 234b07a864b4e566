#include "sinks/store_private.h"

enum statement { READ, BIRTHS, WRITE, WRITE_FATES, NEXT };

static const char *const sql[] = {
	[READ] = "SELECT deployment_id, environment, finished_at, kind, revisions"
		 " FROM dorad.rollout WHERE service_id = $1"
		 " ORDER BY finished_at, deployment_id",
	/* When each scope of the service began. */
	[BIRTHS] = "SELECT o.scope_id, r.environment, min(r.finished_at)"
		   " FROM dorad.owner o CROSS JOIN LATERAL"
		   " dorad.first_rollouts(o.service_id, o.valid_from, o.valid_to) r"
		   " WHERE o.scope_id IN"
		   " (SELECT scope_id FROM dorad.member WHERE service_id = $1)"
		   " GROUP BY 1, 2 ORDER BY 1, 2",
	/* Returns where something was or is different: the finish before and after. */
	[WRITE] = "WITH given AS (SELECT * FROM unnest($2, $3, $4, $5, $6)"
		  " AS g (deployment_id, environment, finished_at, kind, revisions)),"
		  " gone AS (DELETE FROM dorad.rollout r WHERE r.service_id = $1"
		  " AND NOT EXISTS (SELECT FROM given g"
		  " WHERE g.deployment_id = r.deployment_id)"
		  " RETURNING r.environment, r.finished_at),"
		  " was AS (SELECT r.environment, r.finished_at"
		  " FROM dorad.rollout r JOIN given g USING (deployment_id)"
		  " WHERE (r.environment, r.finished_at)"
		  " IS DISTINCT FROM (g.environment, g.finished_at)),"
		  " put AS (INSERT INTO dorad.rollout AS r (deployment_id, service_id,"
		  " environment, finished_at, kind, revisions)"
		  " SELECT g.deployment_id, $1, g.environment, g.finished_at, g.kind,"
		  " g.revisions FROM given g"
		  " ON CONFLICT (deployment_id) DO UPDATE SET"
		  " environment = excluded.environment,"
		  " finished_at = excluded.finished_at, kind = excluded.kind,"
		  " revisions = excluded.revisions"
		  " WHERE (r.environment, r.finished_at, r.kind, r.revisions)"
		  " IS DISTINCT FROM (excluded.environment, excluded.finished_at,"
		  " excluded.kind, excluded.revisions)"
		  " RETURNING r.environment, r.finished_at)"
		  " SELECT * FROM gone UNION SELECT * FROM was UNION SELECT * FROM put",
	[WRITE_FATES] =
		"WITH given AS (SELECT deployment_id, nullif(rollout_id, 0) AS "
		"rollout_id,"
		" excluded FROM unnest($2, $3, $4)"
		" AS g (deployment_id, rollout_id, excluded)),"
		" gone AS (DELETE FROM dorad.fate f WHERE f.service_id = $1"
		" AND NOT EXISTS (SELECT FROM given g"
		" WHERE g.deployment_id = f.deployment_id))"
		" INSERT INTO dorad.fate AS f"
		" (deployment_id, service_id, rollout_id, excluded)"
		" SELECT g.deployment_id, $1, g.rollout_id, g.excluded FROM given g"
		" ON CONFLICT (deployment_id) DO UPDATE SET"
		" rollout_id = excluded.rollout_id, excluded = excluded.excluded"
		" WHERE (f.rollout_id, f.excluded)"
		" IS DISTINCT FROM (excluded.rollout_id, excluded.excluded)",
	/* The rollout after each: its time since the one before is another now. */
	[NEXT] = "SELECT min(n.finished_at)"
		 " FROM unnest($2, $3) AS g (environment, finished_at)"
		 " CROSS JOIN LATERAL (SELECT r.finished_at FROM dorad.rollout r"
		 " WHERE r.service_id = $1 AND r.environment = g.environment"
		 " AND r.finished_at > g.finished_at"
		 " ORDER BY r.finished_at LIMIT 1) n GROUP BY n.finished_at",
};

static void rollout_row_clear(void *data)
{
	struct rollout_row *row = data;

	g_free(row->environment);
	g_free(row->revisions);
}

void rollout_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static bool read_rollouts(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 3);
		struct rollout_row row = {
			.deployment_id = result_int8(result, i, 0),
			.environment = result_text(result, i, 1),
			.finished = result_instant(result, i, 2),
			.revisions = result_text(result, i, 4),
		};

		rollout_kind_parse(kind, &row.kind);
		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_rollouts(struct store *store, gint32 service_id, GError **error)
{
	struct pg_args args = { 0 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct rollout_row));

	g_array_set_clear_func(rows, rollout_row_clear);
	arg_int4(&args, service_id);
	if (!store_each(store, sql[READ], &args, read_rollouts, rows, error))
		return NULL;
	return g_steal_pointer(&rows);
}

static void add_day(GArray *days, gint64 instant)
{
	gint32 day = store_utc_day(instant);

	g_array_append_val(days, day);
}

static PGresult *births(struct store *store, gint32 service_id, GError **error)
{
	struct pg_args args = { 0 };
	PGresult *result = NULL;

	arg_int4(&args, service_id);
	store_exec(store, sql[BIRTHS], &args, &result, error);
	return result;
}

/* Every day between two beginnings: there were zeros, or there have to be. */
static void add_days_between(const PGresult *before, const PGresult *after, GArray *days)
{
	for (int i = 0; i < PQntuples(before); i++) {
		g_autofree char *was = result_text(before, i, 1);
		gint64 from = result_instant(before, i, 2);

		for (int k = 0; k < PQntuples(after); k++) {
			g_autofree char *is = result_text(after, k, 1);
			gint64 to = result_instant(after, k, 2);

			if (result_int4(before, i, 0) != result_int4(after, k, 0) ||
			    strcmp(was, is) != 0 || from == to)
				continue;
			for (gint32 day = store_utc_day(MIN(from, to));
			     day <= store_utc_day(MAX(from, to)); day++)
				g_array_append_val(days, day);
		}
	}
}

/* Writes the rollouts; appends the days that differ. */
static bool write_rollouts(struct store *store, gint32 service_id, struct pg_rows *rows,
			   GArray *days, GError **error)
{
	struct pg_args write = { 0 }, next = { 0 };
	_cleanup_(PQclearp) PGresult *changed = NULL;
	_cleanup_(PQclearp) PGresult *after = NULL;
	struct pg_rows moved;
	bool good;

	arg_int4(&write, service_id);
	arg_rows(&write, rows);
	if (!store_exec(store, sql[WRITE], &write, &changed, error))
		return false;
	pg_rows_init(&moved, "tz");
	for (int i = 0; i < PQntuples(changed); i++, moved.n++) {
		g_autofree char *environment = result_text(changed, i, 0);
		gint64 finished = result_instant(changed, i, 1);

		field_text(moved.columns[0], environment);
		field_instant(moved.columns[1], finished);
		add_day(days, finished);
	}
	arg_int4(&next, service_id);
	arg_rows(&next, &moved);
	good = moved.n == 0 || store_exec(store, sql[NEXT], &next, &after, error);
	for (int i = 0; good && i < PQntuples(after); i++)
		add_day(days, result_instant(after, i, 0));
	pg_rows_clear(&moved);
	return good;
}

static bool write_fates(struct store *store, gint32 service_id,
			const struct fate_row *fates, gsize n, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	pg_rows_init(&rows, "llt");
	for (gsize i = 0; i < n; i++, rows.n++) {
		field_int8(rows.columns[0], fates[i].deployment_id);
		field_int8(rows.columns[1], fates[i].rollout_id);
		field_text(rows.columns[2], exclusion_name(fates[i].excluded));
	}
	arg_int4(&args, service_id);
	arg_rows(&args, &rows);
	good = store_exec(store, sql[WRITE_FATES], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

bool store_rollouts_write(struct store *store, gint32 service_id,
			  const struct rollout_row *rollouts, gsize n,
			  const struct fate_row *fates, gsize n_fates, GError **error)
{
	g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));
	_cleanup_(PQclearp) PGresult *before = NULL;
	_cleanup_(PQclearp) PGresult *after = NULL;
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error) || !(before = births(store, service_id, error)))
		return false;
	pg_rows_init(&rows, "ltztt");
	for (gsize i = 0; i < n; i++, rows.n++) {
		field_int8(rows.columns[0], rollouts[i].deployment_id);
		field_text(rows.columns[1], rollouts[i].environment);
		field_instant(rows.columns[2], rollouts[i].finished);
		field_text(rows.columns[3], rollout_kind_name(rollouts[i].kind));
		field_text(rows.columns[4], rollouts[i].revisions);
	}
	good = write_rollouts(store, service_id, &rows, days, error);
	pg_rows_clear(&rows);
	if (!good || !write_fates(store, service_id, fates, n_fates, error))
		return false;
	if (days->len == 0)
		return true;
	if (!(after = births(store, service_id, error)))
		return false;
	add_days_between(before, after, days);
	return store_dirty_days(store, service_id, days, error);
}
