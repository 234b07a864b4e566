#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* $1 scope, $2 environment, $3 and $4 the range. */
static const char sql[] =
	"SELECT concat_ws(' ', r.name, nullif(x.project, ''), x.external_id),"
	" x.started_at, x.restored_at, x.valid_from, x.valid_to" STORE_OF_EACH_OWNED
	"SELECT s.source_id, s.project, s.external_id, s.started_at, s.restored_at,"
	" s.service_id, o.valid_from, o.valid_to FROM dorad.service_incident s"
	" WHERE s.service_id = o.service_id AND s.environment = $2"
	" AND s.excluded IS NULL AND s.started_at < $4"
	" AND (s.restored_at IS NULL OR s.restored_at >= $3) OFFSET 0) x"
	" JOIN (SELECT source_id, name FROM dorad.source) r USING (source_id)"
	" ORDER BY x.source_id, x.project, x.external_id, x.service_id, x.valid_from";

static void clear(gpointer incident)
{
	g_free(((struct open_incident *)incident)->name);
}

GArray *store_open_incidents(struct store *store, gint32 scope_id,
			     const char *environment, gint64 from, gint64 to,
			     GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };
	GArray *incidents;

	arg_int4(&args, scope_id);
	arg_text(&args, environment);
	arg_bound(&args, from);
	arg_bound(&args, to);
	if (!store_exec(store, sql, &args, &result, error))
		return NULL;
	incidents = g_array_new(FALSE, FALSE, sizeof(struct open_incident));
	g_array_set_clear_func(incidents, clear);
	for (int i = 0; i < PQntuples(result); i++) {
		struct open_incident incident = {
			.name = result_text(result, i, 0),
			.began = result_instant(result, i, 1),
			.ended = result_instant(result, i, 2),
			.from = result_instant(result, i, 3),
			.to = result_instant(result, i, 4),
		};

		/* for ever */
		if (incident.to == INSTANT_NONE)
			incident.to = G_MAXINT64;
		g_array_append_val(incidents, incident);
	}
	return incidents;
}
