#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* What is known of channels: which there are, by what others they go on, what is left at
 * those that are gone, and how reminding them goes. */

#define FAILURE_MAX 500
#define LEFT_TEXT "the channel left the configuration"

enum statement {
	MOVE,
	FOLD_LEFT,
	WRITE,
	FORGET,
	LEFT_OPEN,
	TAKEN,
	REFUSED,
	NOTHING,
	LEFT
};

/* $1 channels, or one */
static const char *const sql[] = {
	/* $2 addresses. What two that are gone were told goes to one once. */
	[MOVE] = "UPDATE dorad.outbox o SET channel = m.name FROM (SELECT DISTINCT ON"
		 " (w.event_id, n.name) w.outbox_id, n.name FROM dorad.channel g"
		 " JOIN (SELECT address, min(name) AS name FROM unnest($1, $2)"
		 " AS n (name, address) GROUP BY address) n USING (address)"
		 " JOIN dorad.outbox w ON w.channel = g.name"
		 " WHERE g.name <> ALL ($1) AND NOT EXISTS (SELECT FROM dorad.outbox x"
		 " WHERE x.event_id = w.event_id AND x.channel = n.name)"
		 " ORDER BY w.event_id, n.name, w.outbox_id) m"
		 " WHERE o.outbox_id = m.outbox_id",
	[FOLD_LEFT] = "UPDATE dorad.outbox SET state = 'folded', failure = '" LEFT_TEXT
		      "' WHERE state = 'waiting' AND channel <> ALL ($1)",
	/* Those that are gone stay known: they may come back under another name. */
	[WRITE] = "INSERT INTO dorad.channel (name, address) SELECT * FROM unnest($1, $2)"
		  " ON CONFLICT (name) DO UPDATE SET address = excluded.address"
		  " WHERE channel.address <> excluded.address",
	[FORGET] = "DELETE FROM dorad.reminder WHERE channel <> ALL ($1)",
	/* $2 since when */
	[LEFT_OPEN] = "SELECT d.channel, count(DISTINCT d.group_id)"
		      " FROM dora.alert_deliveries d JOIN dora.alerts a USING (alert)"
		      " WHERE d.channel <> ALL ($1)"
		      " AND (d.state = 'delivered' OR d.may_have_arrived)"
		      " AND (a.ended_at IS NULL OR a.ended_at > $2)"
		      " AND NOT EXISTS (SELECT FROM dora.alert_deliveries e"
		      " WHERE e.alert = d.alert AND e.channel = d.channel"
		      " AND e.state = 'delivered' AND e.event IN ('resolved',"
		      " 'accepted', 'withdrawn')) GROUP BY d.channel"
		      " ORDER BY d.channel COLLATE \"C\"",
	/* $2 now */
	[TAKEN] = "INSERT INTO dorad.reminder (channel, reminded_at) VALUES ($1, $2)"
		  " ON CONFLICT (channel) DO UPDATE SET attempts = 0,"
		  " reminded_at = excluded.reminded_at, left_until = NULL",
	[REFUSED] = "INSERT INTO dorad.reminder AS r (channel, attempts, failed_at,"
		    " failure, failure_kind, left_until) VALUES ($1, 1, $2, $3, $4, $5)"
		    " ON CONFLICT (channel) DO UPDATE SET attempts = r.attempts + 1,"
		    " failed_at = excluded.failed_at, failure = excluded.failure,"
		    " failure_kind = excluded.failure_kind,"
		    " left_until = excluded.left_until",
	[NOTHING] = "UPDATE dorad.reminder SET attempts = 0"
		    " WHERE channel = $1 AND attempts > 0",
	[LEFT] = "SELECT left_until > $2 AND left_until <= $2 + interval '1 day'"
		 " FROM dorad.reminder WHERE channel = $1",
};

/* ---- which there are ---- */

static void add_secret(GString *text, const struct secret_ref *ref)
{
	if (ref)
		g_string_append_printf(
			text, "|%s|%s|%s", ref->credential ? ref->credential : "",
			ref->file ? ref->file : "", ref->env ? ref->env : "");
}

/* Where a channel goes, whatever it is called; NULL: nowhere. Of secrets where they are,
 * not what they are. The caller frees. */
static char *address_of(const struct config_channel *channel)
{
	const struct config_channel_http *const https[N_CHANNEL_KINDS] = {
		[CHANNEL_ALERTMANAGER] = channel->alertmanager,
		[CHANNEL_WEBHOOK] = channel->webhook,
		[CHANNEL_SLACK] = channel->slack,
		[CHANNEL_TEAMS] = channel->teams,
	};
	const struct config_channel_http *http = https[channel->kind];
	const struct config_channel_pagerduty *pagerduty = channel->pagerduty;
	const struct config_channel_email *email = channel->email;
	g_autoptr(GString) text = g_string_new(config_channel_kind_name(channel->kind));

	if (!http && !pagerduty && !email && !channel->journal)
		return NULL;
	if (http) {
		g_string_append_printf(text, "|%s", http->url ? http->url : "");
		add_secret(text, http->secret_url);
	} else if (pagerduty) {
		g_string_append_printf(text, "|%s", pagerduty->url ? pagerduty->url : "");
		add_secret(text, pagerduty->routing_key);
	} else if (email) {
		g_string_append_printf(text, "|%s", email->server);
		for (unsigned i = 0; i < email->n_to; i++)
			g_string_append_printf(text, "|%s", email->to[i]);
	}
	/* Some urls are secrets though nobody says so. */
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
}

void store_posted_channels(const struct config *config, struct pg_rows *names)
{
	const struct config_alerts *alerts = config->alerts;

	pg_rows_init(names, "t");
	for (unsigned i = 0; alerts && i < alerts->n_channels; i++) {
		if (alerts->channels[i].kind == CHANNEL_NOTIFY)
			continue;
		field_text(names->columns[0], alerts->channels[i].name);
		names->n++;
	}
}

static void addressed_channels(const struct config *config, struct pg_rows *rows)
{
	const struct config_alerts *alerts = config->alerts;

	pg_rows_init(rows, "tt");
	for (unsigned i = 0; alerts && i < alerts->n_channels; i++) {
		const struct config_channel *channel = &alerts->channels[i];
		g_autofree char *address = channel->kind != CHANNEL_NOTIFY
						   ? address_of(channel)
						   : NULL;

		if (!address)
			continue;
		field_text(rows->columns[0], channel->name);
		field_text(rows->columns[1], address);
		rows->n++;
	}
}

static void reminded_channels(const struct config *config, struct pg_rows *names)
{
	const struct config_alerts *alerts = config->alerts;

	pg_rows_init(names, "t");
	for (unsigned i = 0; alerts && i < alerts->n_channels; i++) {
		if (alerts->channels[i].resend_us <= 0)
			continue;
		field_text(names->columns[0], alerts->channels[i].name);
		names->n++;
	}
}

bool store_channels_sync(struct store *store, const struct config *config, GError **error)
{
	struct pg_args addresses = { 0 }, names = { 0 }, reminders = { 0 };
	struct pg_rows addressed, posted, reminded;
	bool good;

	addressed_channels(config, &addressed);
	store_posted_channels(config, &posted);
	reminded_channels(config, &reminded);
	arg_rows(&addresses, &addressed);
	arg_rows(&names, &posted);
	arg_rows(&reminders, &reminded);
	good = store_exec(store, sql[MOVE], &addresses, NULL, error) &&
	       store_exec(store, sql[FOLD_LEFT], &names, NULL, error) &&
	       store_exec(store, sql[WRITE], &addresses, NULL, error) &&
	       store_exec(store, sql[FORGET], &reminders, NULL, error);
	pg_rows_clear(&addressed);
	pg_rows_clear(&posted);
	pg_rows_clear(&reminded);
	return good;
}

static bool add_lines(const PGresult *result, void *lines, GError **error)
{
	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *channel = result_text(result, i, 0);
		const gint64 n = result_int8(result, i, 1);

		g_ptr_array_add(
			lines,
			g_strdup_printf("channel %s is not in the configuration, and "
					"%" G_GINT64_FORMAT " %s told there without an "
					"end: end %s there by hand",
					channel, n, n == 1 ? "group was" : "groups were",
					n == 1 ? "it" : "them"));
	}
	return true;
}

GPtrArray *store_channels_left(struct store *store, gint64 now, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	struct pg_args args = { 0 };
	struct pg_rows names;
	bool good;

	store_posted_channels(store->config, &names);
	arg_rows(&args, &names);
	arg_instant(&args, now - OUTBOX_NEWS);
	good = store_read_views(store, sql[LEFT_OPEN], &args, add_lines, lines, error);
	pg_rows_clear(&names);
	return good ? g_steal_pointer(&lines) : NULL;
}

/* ---- reminders ---- */

char *store_failure_brief(const GError *failure)
{
	g_autofree char *valid = g_utf8_make_valid(failure->message, -1);

	return g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), FAILURE_MAX));
}

bool store_reminded(struct store *store, const char *channel, bool any,
		    const GError *failure, gint64 until, gint64 now, GError **error)
{
	g_autofree char *brief = failure ? store_failure_brief(failure) : NULL;
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	if (!any)
		return store_exec(store, sql[NOTHING], &args, NULL, error);
	arg_instant(&args, now);
	if (!failure)
		return store_exec(store, sql[TAKEN], &args, NULL, error);
	arg_text(&args, brief);
	arg_text(&args, store_failure_kind(failure));
	arg_instant(&args, until);
	return store_exec(store, sql[REFUSED], &args, NULL, error);
}

bool store_reminders_left(struct store *store, const char *channel, gint64 now,
			  bool *left, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	arg_instant(&args, now);
	if (!store_exec(store, sql[LEFT], &args, &result, error))
		return false;
	*left = PQntuples(result) > 0 && result_bool(result, 0, 0);
	return true;
}
