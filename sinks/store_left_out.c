#include "sinks/store_private.h"
#include "sinks/store_states.h"

enum statement { LEAVE_OUT, TAKE_IN };

/* Both return the finishes of what they changed. */
static const char *const sql[] = {
	[LEAVE_OUT] = "WITH changed AS (UPDATE dorad.shipped SET excluded = 'rule'"
		      " WHERE service_id = $1 AND repo_id = $2 AND sha = ANY ($3)"
		      " AND environment IN (SELECT DISTINCT environment"
		      " FROM dorad.rollout WHERE service_id = $1)"
		      " AND excluded IS NULL RETURNING finished_at)"
		      " SELECT DISTINCT finished_at FROM changed",
	[TAKE_IN] = "WITH changed AS (UPDATE dorad.shipped SET excluded = NULL"
		    " WHERE service_id = $1 AND repo_id = $2 AND excluded = 'rule'"
		    " AND NOT (sha = ANY ($3)) RETURNING finished_at)"
		    " SELECT DISTINCT finished_at FROM changed",
};

static bool change(struct store *store, enum statement which, gint32 service_id,
		   gint32 repo_id, struct pg_rows *rows, GArray *days, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, service_id);
	arg_int4(&args, repo_id);
	arg_rows(&args, rows);
	if (!store_exec(store, sql[which], &args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		gint32 day = store_utc_day(result_instant(result, i, 0));

		g_array_append_val(days, day);
	}
	return true;
}

bool store_shipped_left_out(struct store *store, gint32 service_id, gint32 repo_id,
			    const struct oid *oids, gsize n, GError **error)
{
	g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	pg_rows_init(&rows, "b");
	for (gsize i = 0; i < n; i++, rows.n++)
		field_oid(rows.columns[0], &oids[i]);
	good = (n == 0 ||
		change(store, LEAVE_OUT, service_id, repo_id, &rows, days, error)) &&
	       change(store, TAKE_IN, service_id, repo_id, &rows, days, error) &&
	       store_dirty_days(store, service_id, days, error);
	pg_rows_clear(&rows);
	return good;
}
