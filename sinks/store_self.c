#include "sinks/store_self.h"

#include "sinks/store_private.h"

enum statement { TROUBLES, NOTHING };

static const char *const sql[] = {
	[TROUBLES] = "SELECT name, ok_at, CASE WHEN failed_at > coalesce(ok_at,"
		     " '-infinity') THEN coalesce(failing_since, failed_at) END,"
		     " failure_kind, failed_at FROM dorad.source WHERE active"
		     " ORDER BY name COLLATE \"C\"",
	[NOTHING] = "SELECT w.i FROM unnest($1, $2, $3) AS w (i, service, source)"
		    " JOIN dorad.scope s ON s.kind = 'service' AND s.name = w.service"
		    " JOIN dorad.source x ON x.name = w.source AND x.active"
		    " WHERE x.ok_at IS NOT NULL AND NOT EXISTS (SELECT FROM"
		    " dorad.deployment d WHERE d.service_id = s.scope_id"
		    " AND d.source_id = x.source_id)",
};

static void trouble_clear(void *data)
{
	struct source_trouble *row = data;

	g_free(row->name);
}

/* name: NULL: none. */
static enum dora_error kind_of(const char *name)
{
	static const char *const kinds[] = {
		[DORA_ERROR_RETRY] = "retry",
		[DORA_ERROR_DENIED] = "denied",
		[DORA_ERROR_DATA] = "data",
		[DORA_ERROR_CONFIG] = "config",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(kinds[i], name) == 0)
			return (enum dora_error)i;
	return DORA_ERROR_RETRY;
}

void source_troubles_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

GArray *store_source_troubles(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *rows;

	if (!store_exec(store, sql[TROUBLES], NULL, &result, error))
		return NULL;
	rows = g_array_new(FALSE, FALSE, sizeof(struct source_trouble));
	g_array_set_clear_func(rows, trouble_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 3);
		struct source_trouble row = {
			.name = result_text(result, i, 0),
			.ok_at = result_instant(result, i, 1),
			.failing_since = result_instant(result, i, 2),
			.kind = kind_of(kind),
			.failed_at = result_instant(result, i, 4),
		};

		g_array_append_val(rows, row);
	}
	return rows;
}

bool store_matched_nothing(struct store *store, const char *const *services,
			   const char *const *sources, gsize n, bool *nothing,
			   GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };
	struct pg_rows pairs;
	bool good;

	for (gsize i = 0; i < n; i++)
		nothing[i] = false;
	if (n == 0)
		return true;
	pg_rows_init(&pairs, "itt");
	for (gsize i = 0; i < n; i++) {
		field_int4(pairs.columns[0], (gint32)i);
		field_text(pairs.columns[1], services[i]);
		field_text(pairs.columns[2], sources[i]);
		pairs.n++;
	}
	arg_rows(&args, &pairs);
	good = store_exec(store, sql[NOTHING], &args, &result, error);
	for (int i = 0; good && i < PQntuples(result); i++)
		nothing[result_int4(result, i, 0)] = true;
	pg_rows_clear(&pairs);
	return good;
}
