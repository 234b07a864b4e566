#include "sinks/store_alerts.h"
#include "sinks/store_private.h"
#include "sinks/store_states.h"

static const char *const kinds[] = {
	[SCOPE_ORG] = "org",
	[SCOPE_TEAM] = "team",
	[SCOPE_SERVICE] = "service",
};

#define SCOPE_SQL                                                                        \
	"SELECT s.scope_id, s.kind, s.name, s.parent_id, s.time_zone, d.fingerprint,"    \
	" s.definition_id, s.published_until,"                                           \
	" EXISTS (SELECT FROM dorad.attribution_due a WHERE a.service_id = s.scope_id)," \
	" EXISTS (SELECT FROM dorad.dirty x WHERE x.scope_id = s.scope_id),"             \
	" s.state_due_at, s.alerts_due_at, s.alerts_definition"                          \
	" FROM dorad.scope s LEFT JOIN dorad.definition d USING (definition_id)"         \
	" WHERE s.active"

enum statement {
	ALL,
	LOCK,
	ONE,
	SEE_DUE,
	ADD_DUE,
	ADD_DUE_MISSING,
	FORGET_DEFINITION,
	DROP_DUE,
	FIND_DEFINITION,
	ADD_DEFINITION,
	USE_DEFINITION,
	PUBLISHED,
	STATE_DUE,
	ALERTS_DUE,
};

static const char *const sql[] = {
	[ALL] = SCOPE_SQL " ORDER BY s.kind, s.name",
	[LOCK] = "SELECT FROM dorad.scope WHERE kind = $1 AND name = $2"
		 " FOR NO KEY UPDATE",
	[ONE] = SCOPE_SQL " AND s.kind = $1 AND s.name = $2",
	[SEE_DUE] = "SELECT due_id FROM dorad.attribution_due WHERE service_id = $1",
	[ADD_DUE] = "INSERT INTO dorad.attribution_due (service_id) VALUES ($1)",
	[ADD_DUE_MISSING] =
		"INSERT INTO dorad.attribution_due (service_id) SELECT $1 WHERE EXISTS"
		" (SELECT FROM dorad.rollout WHERE service_id = $1"
		" AND kind = 'revision_missing')",
	[FORGET_DEFINITION] = "UPDATE dorad.scope SET definition_id = NULL"
			      " WHERE scope_id = $1 AND definition_id IS NOT NULL",
	[DROP_DUE] = "DELETE FROM dorad.attribution_due"
		     " WHERE service_id = $1 AND due_id = ANY ($2)",
	[FIND_DEFINITION] = "SELECT definition_id FROM dorad.definition"
			    " WHERE scope_id = $1 AND fingerprint = $2",
	[ADD_DEFINITION] = "INSERT INTO dorad.definition (scope_id, fingerprint, content)"
			   " VALUES ($1, $2, $3::text::jsonb)"
			   " ON CONFLICT (scope_id, fingerprint) DO NOTHING",
	[USE_DEFINITION] = "UPDATE dorad.scope SET definition_id = $2"
			   " WHERE scope_id = $1 AND definition_id IS DISTINCT FROM $2",
	[PUBLISHED] = "UPDATE dorad.scope SET published_until = $2"
		      " WHERE scope_id = $1 AND published_until IS DISTINCT FROM $2",
	[STATE_DUE] = "UPDATE dorad.scope SET state_due_at = $2"
		      " WHERE scope_id = $1 AND state_due_at IS DISTINCT FROM $2",
	[ALERTS_DUE] =
		"UPDATE dorad.scope SET (alerts_due_at, alerts_definition) = ($2, $3)"
		" WHERE scope_id = $1 AND (alerts_due_at, alerts_definition)"
		" IS DISTINCT FROM ($2, $3)",
};

const char *scope_kind_name(enum scope_kind kind)
{
	return kinds[kind];
}

static enum scope_kind kind_parse(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(name, kinds[i]) == 0)
			return (enum scope_kind)i;
	return SCOPE_SERVICE;
}

static void read_scope(const PGresult *result, int row, struct scope_row *scope)
{
	g_autofree char *kind = result_text(result, row, 1);

	*scope = (struct scope_row){
		.scope_id = result_int4(result, row, 0),
		.kind = kind_parse(kind),
		.name = result_text(result, row, 2),
		.parent_id = result_int4(result, row, 3),
		.time_zone = result_text(result, row, 4),
		.definition = result_text(result, row, 5),
		.definition_id = result_int4(result, row, 6),
		.published_until = result_instant(result, row, 7),
		.attribution_due = result_bool(result, row, 8),
		.series_due = result_bool(result, row, 9),
		.state_due = result_instant(result, row, 10),
		.alerts_due = result_instant(result, row, 11),
		.alerts_definition = result_text(result, row, 12),
	};
}

static void scope_row_clear(void *data)
{
	struct scope_row *row = data;

	g_free(row->name);
	g_free(row->time_zone);
	g_free(row->definition);
	g_free(row->alerts_definition);
}

void scope_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

void scope_row_free(struct scope_row *row)
{
	if (!row)
		return;
	scope_row_clear(row);
	g_free(row);
}

GArray *store_scopes(struct store *store, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	GArray *rows;

	if (!store_exec(store, sql[ALL], NULL, &result, error))
		return NULL;
	rows = g_array_new(FALSE, FALSE, sizeof(struct scope_row));
	g_array_set_clear_func(rows, scope_row_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct scope_row row;

		read_scope(result, i, &row);
		g_array_append_val(rows, row);
	}
	return rows;
}

static bool see_due(struct store *store, gint32 service_id, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, service_id);
	if (!store_exec(store, sql[SEE_DUE], &args, &result, error))
		return false;
	for (int i = 0; i < PQntuples(result); i++) {
		gint64 id = result_int8(result, i, 0);

		g_array_append_val(store->due_seen, id);
	}
	return true;
}

struct scope_row *store_scope_lock(struct store *store, enum scope_kind kind,
				   const char *name, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	_cleanup_(scope_row_freep) struct scope_row *row = NULL;

	arg_text(&args, kinds[kind]);
	arg_text(&args, name);
	/* Two statements: one that has waited for a lock still sees what was before. */
	if (!store_writable(store, error) ||
	    !store_exec(store, sql[LOCK], &args, NULL, error) ||
	    !store_exec(store, sql[ONE], &args, &result, error))
		return NULL;
	if (PQntuples(result) == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it does not know the %s \"%s\"", kinds[kind],
			    name);
		return NULL;
	}
	row = g_new0(struct scope_row, 1);
	read_scope(result, 0, row);
	if (kind == SCOPE_SERVICE && !see_due(store, row->scope_id, error))
		return NULL;
	return g_steal_pointer(&row);
}

bool store_attribution_due(struct store *store, gint32 service_id, bool due,
			   GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows rows;
	bool good;

	if (!store_writable(store, error))
		return false;
	arg_int4(&args, service_id);
	if (due)
		return store_exec(store, sql[ADD_DUE], &args, NULL, error);
	pg_rows_init(&rows, "l");
	for (guint i = 0; i < store->due_seen->len; i++, rows.n++)
		field_int8(rows.columns[0], g_array_index(store->due_seen, gint64, i));
	arg_rows(&args, &rows);
	good = rows.n == 0 || store_exec(store, sql[DROP_DUE], &args, NULL, error);
	pg_rows_clear(&rows);
	return good;
}

bool store_missing_due(struct store *store, gint32 service_id, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, service_id);
	return store_writable(store, error) &&
	       store_exec(store, sql[ADD_DUE_MISSING], &args, NULL, error);
}

bool store_attribution_anew(struct store *store, gint32 service_id, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, service_id);
	return store_writable(store, error) &&
	       store_exec(store, sql[FORGET_DEFINITION], &args, NULL, error);
}

static bool find_definition(struct store *store, gint32 scope_id, const char *fingerprint,
			    gint32 *definition_id, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	arg_int4(&args, scope_id);
	arg_text(&args, fingerprint);
	if (!store_exec(store, sql[FIND_DEFINITION], &args, &result, error))
		return false;
	*definition_id = PQntuples(result) > 0 ? result_int4(result, 0, 0) : 0;
	return true;
}

bool store_definition(struct store *store, gint32 scope_id, const char *fingerprint,
		      const char *content, gint32 *definition_id, GError **error)
{
	struct pg_args add = { 0 }, use = { 0 };
	gint32 id;

	if (!store_writable(store, error) ||
	    !find_definition(store, scope_id, fingerprint, &id, error))
		return false;
	if (id == 0) {
		arg_int4(&add, scope_id);
		arg_text(&add, fingerprint);
		arg_text(&add, content);
		if (!store_exec(store, sql[ADD_DEFINITION], &add, NULL, error) ||
		    !find_definition(store, scope_id, fingerprint, &id, error))
			return false;
	}
	arg_int4(&use, scope_id);
	arg_int4(&use, id);
	if (!store_exec(store, sql[USE_DEFINITION], &use, NULL, error))
		return false;
	*definition_id = id;
	return true;
}

static bool set_instant(struct store *store, enum statement statement, gint32 scope_id,
			gint64 instant, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_instant(&args, instant);
	return store_writable(store, error) &&
	       store_exec(store, sql[statement], &args, NULL, error);
}

bool store_published_until(struct store *store, gint32 scope_id, gint64 until,
			   GError **error)
{
	return set_instant(store, PUBLISHED, scope_id, until, error);
}

bool store_state_due(struct store *store, gint32 service_id, gint64 at, GError **error)
{
	return set_instant(store, STATE_DUE, service_id, at, error);
}

bool store_alerts_due(struct store *store, gint32 scope_id, gint64 at,
		      const char *definition, GError **error)
{
	struct pg_args args = { 0 };

	arg_int4(&args, scope_id);
	arg_instant(&args, at);
	arg_text(&args, definition);
	return store_writable(store, error) &&
	       store_exec(store, sql[ALERTS_DUE], &args, NULL, error);
}
