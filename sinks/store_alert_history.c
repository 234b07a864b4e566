#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

enum statement { HISTORY, DELIVERIES };

static const char *const sql[] = {
	[HISTORY] = "SELECT at, recorded_at, event, ln(evidence), ratio, reason"
		    " FROM dora.alert_history WHERE alert = $1 ORDER BY event_id",
	[DELIVERIES] = "SELECT channel, event, state, attempts, recorded_at, due_at,"
		       " delivered_at, failure FROM dora.alert_deliveries"
		       " WHERE alert = $1 ORDER BY delivery",
};

static void history_clear(void *data)
{
	struct alert_history_row *row = data;

	g_free(row->reason);
}

static bool add_history(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *event = result_text(result, i, 2);
		struct alert_history_row row = {
			.at = result_instant(result, i, 0),
			.recorded = result_instant(result, i, 1),
			.score = result_double(result, i, 3),
			.ratio = result_double(result, i, 4),
			.reason = result_text(result, i, 5),
		};

		watch_event_parse(event, &row.event);
		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_alert_history(struct store *store, gint64 alert_id, GError **error)
{
	g_autoptr(GArray)
		rows = g_array_new(FALSE, FALSE, sizeof(struct alert_history_row));
	struct pg_args args = { 0 };

	g_array_set_clear_func(rows, history_clear);
	arg_int8(&args, alert_id);
	if (!store_read_views(store, sql[HISTORY], &args, add_history, rows, error))
		return NULL;
	return g_steal_pointer(&rows);
}

static void delivery_clear(void *data)
{
	struct alert_delivery_row *row = data;

	g_free(row->channel);
	g_free(row->event);
	g_free(row->state);
	g_free(row->failure);
}

static bool add_deliveries(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		const struct alert_delivery_row row = {
			.channel = result_text(result, i, 0),
			.event = result_text(result, i, 1),
			.state = result_text(result, i, 2),
			.attempts = (guint)result_int4(result, i, 3),
			.recorded = result_instant(result, i, 4),
			.due = result_instant(result, i, 5),
			.delivered = result_instant(result, i, 6),
			.failure = result_text(result, i, 7),
		};

		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_alert_deliveries(struct store *store, gint64 alert_id, GError **error)
{
	g_autoptr(GArray)
		rows = g_array_new(FALSE, FALSE, sizeof(struct alert_delivery_row));
	struct pg_args args = { 0 };

	g_array_set_clear_func(rows, delivery_clear);
	arg_int8(&args, alert_id);
	if (!store_read_views(store, sql[DELIVERIES], &args, add_deliveries, rows, error))
		return NULL;
	return g_steal_pointer(&rows);
}
