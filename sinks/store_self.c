#include "sinks/store_self.h"

#include "sinks/store_private.h"

/* What a channel is told of channels. */
#define OF_CHANNELS "(a.kind = 'self' AND a.metric = 'channel_failing')"
/* Of what was said no more than a number: the rest may be anybody's words. */
#define CODE "': (status [1-5][0-9]{2}|[45][0-9]{2})\\M'"

enum statement { TROUBLES, NOTHING, CHANNELS, TEST };

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
	[CHANNELS] =
		"SELECT c.name, count(g.group_id)::int4, coalesce(sum(g.tries), 0)::int4,"
		" min(g.failed), max(g.failed), (array_agg(g.kind ORDER BY g.failed DESC"
		" NULLS LAST))[1], (array_agg(g.said ORDER BY g.failed DESC NULLS LAST))"
		"[1], greatest(d.at, r.reminded_at) FROM unnest($1) AS c (name)"
		" LEFT JOIN dorad.reminder r ON r.channel = c.name LEFT JOIN LATERAL"
		" (SELECT t.delivered_at AS at FROM dorad.outbox t"
		" WHERE t.channel = c.name AND t.state = 'delivered'"
		" ORDER BY t.delivered_at DESC LIMIT 1) d ON true"
		" LEFT JOIN LATERAL (SELECT"
		" o.group_id, max(o.attempts) AS tries, max(o.failed_at) AS failed,"
		" (array_agg(o.failure_kind ORDER BY o.failed_at DESC))[1] AS kind,"
		" (array_agg(substring(o.failure FROM " CODE ") ORDER BY o.failed_at"
		" DESC))[1] AS said FROM dorad.outbox o JOIN dorad.alert a"
		" USING (alert_id) JOIN dorad.alert_event e USING (event_id)"
		" WHERE o.channel = c.name AND o.state = 'waiting' AND o.attempts > 0"
		" AND NOT " OF_CHANNELS " AND (d.at IS NULL OR d.at < CASE"
		" o.failure_kind WHEN 'data' THEN e.recorded_at ELSE o.failed_at END)"
		" GROUP BY o.group_id UNION ALL SELECT NULL, r.attempts, r.failed_at,"
		" r.failure_kind, substring(r.failure FROM " CODE ")"
		" WHERE r.attempts > 0) g ON true GROUP BY c.name, d.at, r.reminded_at"
		" ORDER BY c.name COLLATE \"C\"",
	/* The members of what is told of alerts (store_alert_told.c). */
	[TEST] =
		"SELECT pg_notify($1, jsonb_build_object('alert', 0, 'event', 'fired',"
		" 'at', to_char($3 AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
		" 'kind', 'self', 'metric', 'channel_test', 'name', $2, 'state', "
		"'firing',"
		" 'muted_until', NULL)::text)",
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

static void channel_clear(void *data)
{
	struct channel_trouble *row = data;

	g_free(row->name);
	g_free(row->said);
}

void channel_troubles_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static GArray *read_channels(const PGresult *result)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct channel_trouble));

	g_array_set_clear_func(rows, channel_clear);
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 5);
		struct channel_trouble row = {
			.name = result_text(result, i, 0),
			.n_messages = (guint)result_int4(result, i, 1),
			.n_tries = (guint)result_int4(result, i, 2),
			.failed_first = result_instant(result, i, 3),
			.failed_at = result_instant(result, i, 4),
			.kind = kind_of(kind),
			.said = result_text(result, i, 6),
			.taken_at = result_instant(result, i, 7),
		};

		g_array_append_val(rows, row);
	}
	return rows;
}

GArray *store_channel_troubles(struct store *store, const char *const *channels, gsize n,
			       GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };
	struct pg_rows names;
	bool good;

	pg_rows_init(&names, "t");
	for (gsize i = 0; i < n; i++, names.n++)
		field_text(names.columns[0], channels[i]);
	arg_rows(&args, &names);
	good = store_exec(store, sql[CHANNELS], &args, &result, error);
	pg_rows_clear(&names);
	return good ? read_channels(result) : NULL;
}

bool store_notify_reach(struct store *store, GError **error)
{
	return store_begin_unchecked(store, error) && store_commit(store, error);
}

bool store_notify_test(struct store *store, const char *channel, const char *name,
		       gint64 now, GError **error)
{
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	arg_text(&args, name);
	arg_instant(&args, now);
	return store_exec(store, sql[TEST], &args, NULL, error);
}
