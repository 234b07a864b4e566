#include "sinks/store_private.h"

#define DAY_US (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)

enum statement { DIRTY, TAKE };

static const char *const sql[] = {
	[DIRTY] = "INSERT INTO dorad.dirty (scope_id, day)"
		  " SELECT m.scope_id, g.day FROM dorad.member m"
		  " CROSS JOIN (SELECT DISTINCT day FROM unnest($2) AS u (day)) g"
		  " WHERE m.scope_id IS NOT NULL AND m.service_id = $1",
	[TAKE] = "WITH taken AS (DELETE FROM dorad.dirty WHERE scope_id = $1"
		 " RETURNING day) SELECT DISTINCT day FROM taken ORDER BY day",
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

bool store_exec_dirty(struct store *store, gint32 service_id, const char *statement,
		      const struct pg_args *args, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (!store_exec(store, statement, args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		gint32 first = store_utc_day(result_instant(result, i, 0));
		gint32 last = store_utc_day(result_instant(result, i, 1));

		for (gint32 day = first; day == first || day <= last; day++)
			if (g_hash_table_add(seen, GINT_TO_POINTER(day)))
				g_array_append_val(days, day);
	}
	return store_dirty_days(store, service_id, days, error);
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
