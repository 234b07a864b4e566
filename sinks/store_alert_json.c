#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

enum statement { IN_UTC, ALERTS, ONE, MUTES };

/* Rows of views as they are: their columns are the contract. */
static const char *const sql[] = {
	[IN_UTC] = "SELECT set_config('TimeZone', 'UTC', true)",
	[ALERTS] = "SELECT coalesce(json_agg(v), '[]')::text FROM (SELECT v.*"
		   " FROM dora.alerts v WHERE " STORE_ALERTS_WANTED
		   " ORDER BY v.fired_at DESC, v.alert DESC) v",
	[ONE] = "SELECT json_build_object('alert', row_to_json(v), 'history',"
		" (SELECT coalesce(json_agg(h ORDER BY h.event_id), '[]')"
		" FROM dora.alert_history h WHERE h.alert = v.alert), 'deliveries',"
		" (SELECT coalesce(json_agg(d ORDER BY d.delivery), '[]')"
		" FROM dora.alert_deliveries d WHERE d.alert = v.alert))::text"
		" FROM dora.alerts v WHERE v.alert = $1",
	[MUTES] = "SELECT coalesce(json_agg(m), '[]')::text FROM (SELECT m.*"
		  " FROM dora.alert_mutes m WHERE m.muted_until > $1"
		  " ORDER BY m.mute) m",
};

static bool take_text(const PGresult *result, void *user, GError **error)
{
	char **text = user;

	(void)error;
	g_free(*text);
	*text = result_text(result, 0, 0);
	return true;
}

static bool ask(struct store *store, enum statement statement, const struct pg_args *args,
		char **text, GError **error)
{
	*text = NULL;
	if (store_begin_unchecked(store, error) &&
	    store_exec(store, sql[IN_UTC], NULL, NULL, error) &&
	    store_each(store, sql[statement], args, take_text, text, error) &&
	    store_commit(store, error))
		return true;
	g_clear_pointer(text, g_free);
	store_rollback(store);
	return false;
}

char *store_alerts_json(struct store *store, const struct alert_query *query,
			GError **error)
{
	struct pg_args args = { 0 };
	char *text;

	store_arg_alerts(&args, query);
	return ask(store, ALERTS, &args, &text, error) ? text : NULL;
}

bool store_alert_json(struct store *store, gint64 alert_id, char **text, GError **error)
{
	struct pg_args args = { 0 };

	arg_int8(&args, alert_id);
	return ask(store, ONE, &args, text, error);
}

char *store_mutes_json(struct store *store, gint64 now, GError **error)
{
	struct pg_args args = { 0 };
	char *text;

	arg_instant(&args, now);
	return ask(store, MUTES, &args, &text, error) ? text : NULL;
}
