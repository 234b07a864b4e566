#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* Who is told of what happens to an alert: rows of the outbox, and NOTIFY. */

/* A row of the outbox: of event $1, for t, as of $3. It goes with what waits of its group
 * already; else that waits for more from now on. */
#define ROW "event_id, alert_id, group_id, channel, due_at, gathers_until"
#define ROW_OF                                                                           \
	"$1, t.alert_id, t.group_id, t.channel, $3, coalesce((SELECT"                    \
	" min(o.gathers_until) FROM dorad.outbox o WHERE o.channel = t.channel"          \
	" AND o.group_id = t.group_id AND o.state = 'waiting' AND o.taken_at IS NULL"    \
	" AND o.attempts = 0"                                                            \
	" AND o.gathers_until BETWEEN $3 - interval '" STORE_OUTBOX_INTERVAL             \
	"' AND $3 + interval '" STORE_OUTBOX_INTERVAL "'),"                              \
	" greatest($3 + interval '" STORE_OUTBOX_GATHER                                  \
	"', (SELECT max(d.delivered_at) FROM dorad.outbox d"                             \
	" WHERE d.channel = t.channel AND d.group_id = t.group_id"                       \
	" AND d.delivered_at <= $3) + interval '" STORE_OUTBOX_INTERVAL "'))"
#define HEARD STORE_OUTBOX_HEARD("o")
#define ISO(instant)                                                                     \
	"to_char(" instant " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define ISO_AT ISO("$3")
#define ISO_ONSET ISO("v.onset")
#define ISO_MUTED ISO("max(m.until_at)")

enum statement { TELL, TELL_THE_END, RULE, NOTIFIED, NOTIFY };

static const char *const sql[] = {
	[TELL] = "INSERT INTO dorad.outbox (" ROW ") SELECT " ROW_OF
		 " FROM (SELECT a.alert_id, a.group_id, c.channel FROM dorad.alert a"
		 " CROSS JOIN unnest($4) AS c (channel)"
		 " WHERE a.alert_id = $2 AND a.group_id IS NOT NULL) t"
		 " ON CONFLICT (event_id, channel) DO NOTHING",
	/* $4 the channels that there are, $5 those of the rule: for when of those that
	 * were told none is left. */
	[TELL_THE_END] =
		"WITH told AS (SELECT DISTINCT o.alert_id, o.group_id, o.channel,"
		" o.channel = ANY ($4) AS there, " HEARD " AS heard"
		" FROM dorad.outbox o WHERE o.alert_id = $2 AND o.state <> 'folded'),"
		" t AS (SELECT DISTINCT alert_id, group_id, channel FROM told WHERE there"
		" UNION SELECT o.alert_id, o.group_id, c.channel FROM told o"
		" CROSS JOIN unnest($5) AS c (channel) WHERE o.heard"
		" AND c.channel = ANY ($4)"
		" AND NOT EXISTS (SELECT FROM told WHERE there))"
		" INSERT INTO dorad.outbox (" ROW ") SELECT " ROW_OF " FROM t"
		" ON CONFLICT (event_id, channel) DO NOTHING",
	[RULE] = "SELECT rule FROM dorad.alert WHERE alert_id = $1",
	[NOTIFIED] = "UPDATE dorad.alert SET notified = ARRAY (SELECT unnest(notified)"
		     " UNION SELECT unnest($2)) WHERE alert_id = $1",
	/* NOTIFY takes less than 8000 bytes. */
	[NOTIFY] = "SELECT pg_notify(c.channel, CASE WHEN octet_length(p.long) <= 7900"
		   " THEN p.long ELSE p.short END) FROM (SELECT"
		   " (jsonb_strip_nulls(jsonb_build_object('alert', v.alert, 'event', $2,"
		   " 'at', t.at, 'kind', v.kind, 'org', v.org, 'team', v.team, 'service',"
		   " v.service, 'environment', v.environment, 'metric', v.metric, 'name',"
		   " v.name, 'state', v.state, 'onset', t.onset, 'ratio', v.ratio,"
		   " 'evidence', v.evidence)) || jsonb_build_object('muted_until',"
		   " t.muted))::text, jsonb_build_object('alert', v.alert, 'event', $2,"
		   " 'state', v.state, 'muted_until', t.muted)::text, a.notified"
		   " FROM dora.alerts v JOIN dorad.alert a ON a.alert_id = v.alert CROSS"
		   " JOIN LATERAL (SELECT " ISO_AT ", " ISO_ONSET ", (SELECT " ISO_MUTED
		   " FROM dorad.alert_mute m WHERE m.alert_id = a.alert_id"
		   " AND m.from_at <= $4 AND m.until_at > $4)) AS t (at, onset, muted)"
		   " WHERE v.alert = $1) AS p (long, short, notified) CROSS"
		   " JOIN unnest(p.notified) AS c (channel)",
};

bool store_alert_is_end(const struct alert_event *event)
{
	return event->event == WATCH_RESOLVED || event->event == WATCH_ACCEPTED ||
	       event->event == WATCH_WITHDRAWN;
}

/* The channel of NOTIFY that a channel of the configuration is; NULL: another kind. */
static const char *notify_channel(const struct store *store, const char *name)
{
	const struct config_alerts *alerts = store->config->alerts;

	for (unsigned i = 0; alerts && i < alerts->n_channels; i++)
		if (g_strcmp0(alerts->channels[i].name, name) == 0 &&
		    alerts->channels[i].kind == CHANNEL_NOTIFY)
			return alerts->channels[i].notify->channel;
	return NULL;
}

/* The channels that an alert that fires would be told to now. */
static void add_present(const struct config_alerts *alerts, enum watch_kind kind,
			const char *rule, struct pg_rows *channels)
{
	char *const *names = NULL;
	unsigned n = 0;

	if (kind == WATCH_GUARDRAIL) {
		names = alerts->guardrail_channels;
		n = alerts->n_guardrail_channels;
	} else if (kind == WATCH_SELF && alerts->self) {
		names = alerts->self->channels;
		n = alerts->self->n_channels;
	}
	for (unsigned i = 0; rule && i < alerts->n_rules; i++)
		if (g_strcmp0(alerts->rules[i].name, rule) == 0) {
			names = alerts->rules[i].channels;
			n = alerts->rules[i].n_channels;
		}
	for (unsigned i = 0; i < n; i++, channels->n++)
		field_text(channels->columns[0], names[i]);
}

/* given: what the caller knows of them. */
static bool present_channels(struct store *store, const struct watch_row *row,
			     struct pg_rows *given, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	g_autofree char *rule = NULL;
	struct pg_args args = { 0 };

	if (given->n > 0 || !store->config->alerts)
		return true;
	arg_int8(&args, row->alert_id);
	if (!store_exec(store, sql[RULE], &args, &result, error))
		return false;
	if (PQntuples(result) > 0)
		rule = result_text(result, 0, 0);
	add_present(store->config->alerts, row->kind, rule, given);
	return true;
}

/* Of the end everybody is told who was told of the alert, and nobody else, as long as one
 * of them is there: else who would be told of it now. */
static bool tell_end(struct store *store, const struct watch_row *row, gint64 event_id,
		     struct pg_rows *channels, gint64 now, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows there;
	bool good;

	if (!present_channels(store, row, channels, error))
		return false;
	store_posted_channels(store->config, &there);
	arg_int8(&args, event_id);
	arg_int8(&args, row->alert_id);
	arg_instant(&args, now);
	arg_rows(&args, &there);
	arg_rows(&args, channels);
	good = store_exec(store, sql[TELL_THE_END], &args, NULL, error);
	pg_rows_clear(&there);
	return good;
}

static bool fill_outbox(struct store *store, const struct watch_row *row,
			const struct alert_event *event, gint64 event_id,
			struct pg_rows *channels, gint64 now, GError **error)
{
	struct pg_args args = { 0 };

	if (store_alert_is_end(event))
		return tell_end(store, row, event_id, channels, now, error);
	arg_int8(&args, event_id);
	arg_int8(&args, row->alert_id);
	arg_instant(&args, now);
	arg_rows(&args, channels);
	return channels->n == 0 || store_exec(store, sql[TELL], &args, NULL, error);
}

static bool notify(struct store *store, const struct watch_row *row,
		   const struct alert_event *event, struct pg_rows *channels, gint64 now,
		   GError **error)
{
	struct pg_args add = { 0 }, send = { 0 };

	arg_int8(&add, row->alert_id);
	arg_rows(&add, channels);
	arg_int8(&send, row->alert_id);
	arg_text(&send, watch_event_name(event->event));
	arg_instant(&send, event->at);
	arg_instant(&send, now);
	return (store_alert_is_end(event) || channels->n == 0 ||
		store_exec(store, sql[NOTIFIED], &add, NULL, error)) &&
	       store_exec(store, sql[NOTIFY], &send, NULL, error);
}

bool store_alert_tell(struct store *store, const struct watch_row *row,
		      const struct alert_event *event, const char *const *channels,
		      gsize n_channels, gint64 event_id, gint64 now, GError **error)
{
	struct pg_rows posted, notified;
	bool good;

	pg_rows_init(&posted, "t");
	pg_rows_init(&notified, "t");
	for (gsize i = 0; i < n_channels; i++) {
		const char *name = notify_channel(store, channels[i]);
		struct pg_rows *rows = name ? &notified : &posted;

		field_text(rows->columns[0], name ? name : channels[i]);
		rows->n++;
	}
	good = fill_outbox(store, row, event, event_id, &posted, now, error) &&
	       notify(store, row, event, &notified, now, error);
	pg_rows_clear(&posted);
	pg_rows_clear(&notified);
	return good;
}
