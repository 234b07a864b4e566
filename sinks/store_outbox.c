#include "sinks/store_alerts.h"
#include "sinks/store_private.h"

/* Why rows are folded whose alert is not. */
#define OLD_TEXT "too old to be news"

#define AGAIN(condition)                                                                 \
	"EXISTS (SELECT FROM dorad.outbox d WHERE d.alert_id = o.alert_id"               \
	" AND d.channel = o.channel AND (" condition "))"
#define EVER_HEARD AGAIN(STORE_OUTBOX_HEARD("d"))
/* The end of what was told is told whatever is muted: receivers that were told to open
 * something would keep it open. */
#define TOLD_AND_OVER                                                                    \
	"(" AGAIN("d.state = 'delivered'") " AND EXISTS (SELECT FROM dorad.alert a"      \
					   " WHERE a.alert_id = o.alert_id AND a.state " \
					   "<> 'firing'))"
#define MUTED                                                                            \
	"(EXISTS (SELECT FROM dorad.alert_mute m WHERE m.alert_id = o.alert_id"          \
	" AND m.from_at <= $2 AND m.until_at > $2) AND NOT " TOLD_AND_OVER ")"
/* Of a group: what came of it may be told however late. */
#define IN_GROUP(of, condition)                                                          \
	"EXISTS (SELECT FROM dorad.outbox d JOIN dorad.alert a USING (alert_id)"         \
	" WHERE d.group_id = " of ".group_id AND d.channel = " of ".channel"             \
	" AND (" condition " OR a.state = 'firing'))"
#define TOLD_OR_FIRING IN_GROUP("o", STORE_OUTBOX_HEARD("d"))
/* That is asked of what is on its way, too, before anybody knows what came of that. */
#define WAS_TOLD_OR_FIRES IN_GROUP("w", "d.state = 'delivered' OR d.unsure")
/* More of the group is waited for; not where a clock was set back since. */
#define GATHERS                                                                          \
	"coalesce(o.gathers_until > $2 AND o.gathers_until <= $2 + interval '5 minutes'" \
	", false)"

/* Whoever takes messages waits for who is taking some: between two that take at once the
 * rows of a group could be shared out. */
#define TAKE_LOCK "1146047074"

enum statement {
	LOCK,
	FOLD_MUTED,
	FOLD_OLD,
	SET_BACK,
	TAKE,
	DELIVERED,
	FAILED,
	FAILURES,
	POSTPONE,
	OLDEST,
	NEXT,
	HURRY,
	PRUNE
};

/* $1 channels, $2 now */
static const char *const sql[] = {
	[LOCK] = "SELECT pg_advisory_xact_lock(" TAKE_LOCK ")",
	[FOLD_MUTED] =
		"UPDATE dorad.outbox SET state = 'folded' WHERE outbox_id IN (SELECT"
		" o.outbox_id FROM dorad.outbox o JOIN dorad.alert a USING (alert_id)"
		" WHERE o.state = 'waiting' AND o.channel = ANY ($1) AND o.due_at <= $2"
		" AND a.state <> 'firing' AND NOT " EVER_HEARD
		" AND EXISTS (SELECT FROM dorad.alert_event e JOIN dorad.alert_mute m"
		" USING (alert_id) WHERE e.alert_id = o.alert_id AND e.event IN"
		" ('resolved', 'accepted', 'withdrawn') AND m.from_at <= e.recorded_at"
		" AND m.until_at > e.recorded_at) FOR UPDATE OF o SKIP LOCKED)",
	/* Whole groups that are over, of which nothing can have arrived there. */
	[FOLD_OLD] = "UPDATE dorad.outbox SET state = 'folded', failure = '" OLD_TEXT "'"
		     " WHERE outbox_id IN (SELECT o.outbox_id FROM dorad.outbox o"
		     " JOIN (SELECT w.channel, w.group_id FROM dorad.outbox w"
		     " JOIN dorad.alert_event e USING (event_id)"
		     " WHERE w.state = 'waiting' AND w.channel = ANY ($1)"
		     " GROUP BY w.channel, w.group_id HAVING max(w.due_at) <= $2"
		     " AND max(e.recorded_at) < $2 - interval '7 days') old"
		     " USING (channel, group_id) WHERE o.state = 'waiting'"
		     " AND NOT " TOLD_OR_FIRING " FOR UPDATE OF o SKIP LOCKED)",
	/* What waits for longer than anything does was written before the clock was set
	 * back. */
	[SET_BACK] = "UPDATE dorad.outbox SET due_at = $2 WHERE state = 'waiting'"
		     " AND channel = ANY ($1) AND due_at > $2 + interval '1 day'",
	/* $3 how many messages, $4 until when nobody else gets them. Rows that another
	 * has taken meanwhile are looked at again when they are locked, and are no longer
	 * due. */
	[TAKE] = "WITH ready AS (SELECT o.channel, o.group_id FROM dorad.outbox o"
		 " WHERE o.state = 'waiting' AND o.channel = ANY ($1)"
		 " GROUP BY o.channel, o.group_id HAVING max(o.due_at) <= $2"
		 " AND NOT bool_or(" GATHERS ") AND bool_or(NOT " MUTED ")"
		 " ORDER BY max(o.due_at), min(o.outbox_id), o.channel LIMIT $3),"
		 " taken AS (SELECT o.outbox_id FROM dorad.outbox o"
		 " JOIN ready USING (channel, group_id) WHERE o.state = 'waiting'"
		 " AND o.due_at <= $2 AND NOT " MUTED " FOR UPDATE OF o SKIP LOCKED),"
		 " put AS (UPDATE dorad.outbox o SET due_at = $4, taken_at = $2,"
		 " unsure = o.unsure OR o.taken_at IS NOT NULL"
		 " FROM taken t, dorad.alert_event e WHERE o.outbox_id = t.outbox_id"
		 " AND e.event_id = o.event_id RETURNING o.channel, o.group_id,"
		 " o.outbox_id, o.event_id, o.alert_id, e.event, e.at, o.attempts,"
		 " EXISTS (SELECT FROM dorad.outbox d WHERE d.group_id = o.group_id"
		 " AND d.channel = o.channel AND d.state = 'delivered'))"
		 " SELECT p.*, (SELECT value FROM dorad.setting WHERE name = 'origin'),"
		 " min(p.outbox_id) OVER (PARTITION BY p.channel, p.group_id)"
		 " AS first FROM put p ORDER BY first, p.channel, p.event_id",
	/* What came while it was on its way waits as what comes later does. */
	[DELIVERED] = "WITH told AS (UPDATE dorad.outbox SET state = 'delivered',"
		      " delivered_at = $2 WHERE outbox_id = ANY ($1)"
		      " AND state = 'waiting' RETURNING channel, group_id)"
		      " UPDATE dorad.outbox o SET gathers_until = $2 + interval "
		      "'" STORE_OUTBOX_INTERVAL "' FROM (SELECT DISTINCT * FROM told) t"
		      " WHERE o.channel = t.channel AND o.group_id = t.group_id"
		      " AND o.state = 'waiting' AND o.outbox_id <> ALL ($1)"
		      " AND o.gathers_until > $2",
	[FAILED] = "UPDATE dorad.outbox SET attempts = attempts + 1, due_at = $3,"
		   " failed_at = $2, failure = $4, failure_kind = $5,"
		   " taken_at = NULL, unsure = unsure OR $6"
		   " WHERE outbox_id = ANY ($1) AND state = 'waiting'",
	/* What is being tried right now is due when whoever has it is late. */
	[FAILURES] = "SELECT coalesce(sum(g.tries), 0)::int8, max(g.last), min(g.next)"
		     " FROM (SELECT max(o.attempts) AS tries, max(o.failed_at) AS last,"
		     " min(o.due_at) FILTER (WHERE o.failure_kind = 'retry'"
		     " AND o.taken_at IS NULL) AS next"
		     " FROM dorad.outbox o WHERE o.channel = $1 AND o.state = 'waiting'"
		     " AND o.attempts > 0 AND o.failure_kind IS DISTINCT FROM 'data'"
		     " AND NOT EXISTS (SELECT FROM dorad.outbox d"
		     " WHERE d.channel = o.channel AND d.state = 'delivered'"
		     " AND d.delivered_at >= o.failed_at) GROUP BY o.group_id) g",
	[POSTPONE] = "UPDATE dorad.outbox SET due_at = $2 WHERE channel = $1"
		     " AND state = 'waiting' AND due_at < $2",
	/* Those that FOLD_OLD folds next. */
	[OLDEST] = "SELECT min(g.newest) FROM (SELECT max(e.recorded_at) AS newest"
		   " FROM dorad.outbox w JOIN dorad.alert_event e USING (event_id)"
		   " WHERE NOT " WAS_TOLD_OR_FIRES " AND w.state = 'waiting'"
		   " AND w.channel = $1 GROUP BY w.group_id"
		   " HAVING max(e.recorded_at) > $2) g",
	[NEXT] = "SELECT min(greatest(g.due, g.gathered, g.heard)) FROM"
		 " (SELECT max(o.due_at) AS due,"
		 " max(o.gathers_until) FILTER (WHERE " GATHERS ") AS gathered,"
		 " min(CASE WHEN " TOLD_AND_OVER " THEN '-infinity' ELSE"
		 " coalesce((SELECT max(m.until_at) FROM dorad.alert_mute m"
		 " WHERE m.alert_id = o.alert_id AND m.from_at <= $2"
		 " AND m.until_at > $2), '-infinity') END) AS heard FROM dorad.outbox o"
		 " WHERE o.state = 'waiting' AND o.channel = ANY ($1)"
		 " GROUP BY o.channel, o.group_id) g",
	[HURRY] = "UPDATE dorad.outbox SET gathers_until = NULL WHERE outbox_id IN"
		  " (SELECT outbox_id FROM dorad.outbox WHERE state = 'waiting'"
		  " AND gathers_until > $1 FOR UPDATE SKIP LOCKED)",
	[PRUNE] = "DELETE FROM dorad.outbox o USING dorad.alert a"
		  " WHERE o.state <> 'waiting' AND o.due_at < $1"
		  " AND a.alert_id = o.alert_id AND a.ended_at < $1",
};

static void message_free(void *data)
{
	struct outbox_message *message = data;

	g_free(message->channel);
	g_free(message->origin);
	g_free(message->outbox_ids);
	g_clear_pointer(&message->events, g_array_unref);
	alert_rows_free(message->alerts);
	g_free(message);
}

void outbox_messages_free(GPtrArray *messages)
{
	if (messages)
		g_ptr_array_unref(messages);
}

static void arg_names(struct pg_args *args, struct pg_rows *rows,
		      const char *const *names, gsize n)
{
	pg_rows_init(rows, "t");
	for (gsize i = 0; i < n; i++, rows->n++)
		field_text(rows->columns[0], names[i]);
	arg_rows(args, rows);
}

static void arg_ids(struct pg_args *args, struct pg_rows *rows,
		    const struct outbox_message *message)
{
	pg_rows_init(rows, "l");
	for (gsize i = 0; i < message->n_ids; i++, rows->n++)
		field_int8(rows->columns[0], message->outbox_ids[i]);
	arg_rows(args, rows);
}

/* ---- what is due ---- */

/* The message of a channel and group: the last, or a new one. */
static struct outbox_message *message_of(GPtrArray *messages, const char *channel,
					 gint64 group_id, gsize rows_left)
{
	struct outbox_message *message =
		messages->len > 0 ? g_ptr_array_index(messages, messages->len - 1) : NULL;

	if (message && message->group_id == group_id &&
	    g_strcmp0(message->channel, channel) == 0)
		return message;
	message = g_new0(struct outbox_message, 1);
	message->channel = g_strdup(channel);
	message->group_id = group_id;
	message->outbox_ids = g_new0(gint64, rows_left);
	message->events = g_array_new(FALSE, FALSE, sizeof(struct outbox_event));
	g_ptr_array_add(messages, message);
	return message;
}

static void read_messages(const PGresult *result, GPtrArray *messages)
{
	const int n = PQntuples(result);

	for (int i = 0; i < n; i++) {
		g_autofree char *channel = result_text(result, i, 0);
		g_autofree char *event = result_text(result, i, 5);
		struct outbox_message *message = message_of(
			messages, channel, result_int8(result, i, 1), (gsize)(n - i));
		struct outbox_event row = {
			.alert_id = result_int8(result, i, 4),
			.at = result_instant(result, i, 6),
		};

		watch_event_parse(event, &row.event);
		g_array_append_val(message->events, row);
		message->outbox_ids[message->n_ids++] = result_int8(result, i, 2);
		message->version = MAX(message->version, result_int8(result, i, 3));
		message->attempts = MAX(message->attempts,
					(guint)result_int4(result, i, 7));
		message->update |= result_bool(result, i, 8);
		if (!message->origin)
			message->origin = result_text(result, i, 9);
	}
}

static bool add_alerts(struct store *store, struct outbox_message *message, gint64 now,
		       GError **error)
{
	message->alerts = store_alerts_told(store, message->group_id, message->channel,
					    now, error);
	if (!message->alerts)
		return false;
	message->ended = true;
	for (guint i = 0; i < message->alerts->len; i++)
		message->ended &=
			g_strcmp0(
				g_array_index(message->alerts, struct alert_row, i).state,
				"firing") != 0;
	return true;
}

static bool take(struct store *store, const char *const *channels, gsize n_channels,
		 gint64 now, guint limit, GPtrArray *messages, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args fold = { 0 }, args = { 0 };
	struct pg_rows rows, again;
	bool good;

	arg_names(&fold, &rows, channels, n_channels);
	arg_instant(&fold, now);
	arg_names(&args, &again, channels, n_channels);
	arg_instant(&args, now);
	arg_int8(&args, limit);
	arg_instant(&args, now + OUTBOX_LEASE);
	good = store_exec(store, sql[LOCK], NULL, NULL, error) &&
	       store_exec(store, sql[SET_BACK], &fold, NULL, error) &&
	       store_exec(store, sql[FOLD_MUTED], &fold, NULL, error) &&
	       store_exec(store, sql[FOLD_OLD], &fold, NULL, error) &&
	       store_exec(store, sql[TAKE], &args, &result, error);
	pg_rows_clear(&rows);
	pg_rows_clear(&again);
	if (!good)
		return false;
	read_messages(result, messages);
	for (guint i = 0; i < messages->len; i++)
		if (!add_alerts(store, g_ptr_array_index(messages, i), now, error))
			return false;
	return true;
}

GPtrArray *store_outbox_due(struct store *store, const char *const *channels,
			    gsize n_channels, gint64 now, guint limit, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(message_free);

	if (n_channels == 0)
		return g_steal_pointer(&messages);
	if (store_begin(store, error) &&
	    take(store, channels, n_channels, now, limit, messages, error) &&
	    store_commit(store, error))
		return g_steal_pointer(&messages);
	store_rollback(store);
	return NULL;
}

/* ---- what came of it ---- */

bool store_outbox_delivered(struct store *store, const struct outbox_message *message,
			    gint64 now, GError **error)
{
	struct pg_args args = { 0 };
	struct pg_rows ids;
	bool good;

	arg_ids(&args, &ids, message);
	arg_instant(&args, now);
	good = store_exec(store, sql[DELIVERED], &args, NULL, error);
	pg_rows_clear(&ids);
	return good;
}

bool store_outbox_failed(struct store *store, const struct outbox_message *message,
			 const GError *failure, bool unsure, gint64 next, gint64 now,
			 GError **error)
{
	g_autofree char *brief = store_failure_brief(failure);
	struct pg_args args = { 0 };
	struct pg_rows ids;
	bool good;

	arg_ids(&args, &ids, message);
	arg_instant(&args, now);
	arg_instant(&args, next);
	arg_text(&args, brief);
	arg_text(&args, store_failure_kind(failure));
	arg_bool(&args, unsure);
	good = store_exec(store, sql[FAILED], &args, NULL, error);
	pg_rows_clear(&ids);
	return good;
}

bool store_outbox_failures(struct store *store, const char *channel, guint *n,
			   gint64 *last, gint64 *next, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	if (!store_exec(store, sql[FAILURES], &args, &result, error))
		return false;
	*n = (guint)MIN(result_int8(result, 0, 0), G_MAXINT);
	*last = result_instant(result, 0, 1);
	*next = result_instant(result, 0, 2);
	return true;
}

bool store_outbox_postpone(struct store *store, const char *channel, gint64 until,
			   GError **error)
{
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	arg_instant(&args, until);
	return store_exec(store, sql[POSTPONE], &args, NULL, error);
}

bool store_outbox_oldest(struct store *store, const char *channel, gint64 after,
			 gint64 *oldest, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };

	arg_text(&args, channel);
	arg_instant(&args, after);
	if (!store_exec(store, sql[OLDEST], &args, &result, error))
		return false;
	*oldest = result_instant(result, 0, 0);
	return true;
}

bool store_outbox_next(struct store *store, gint64 now, gint64 *next, GError **error)
{
	_cleanup_(PQclearp) PGresult *result = NULL;
	struct pg_args args = { 0 };
	struct pg_rows names;
	bool good;

	store_posted_channels(store->config, &names);
	arg_rows(&args, &names);
	arg_instant(&args, now);
	good = store_exec(store, sql[NEXT], &args, &result, error);
	pg_rows_clear(&names);
	if (good)
		*next = result_instant(result, 0, 0);
	return good;
}

bool store_outbox_hurry(struct store *store, gint64 now, GError **error)
{
	struct pg_args args = { 0 };

	arg_instant(&args, now);
	return store_exec(store, sql[HURRY], &args, NULL, error);
}

/* ---- what goes ---- */

bool store_outbox_prune(struct store *store, gint64 now, GError **error)
{
	struct pg_args args = { 0 };

	arg_instant(&args, now - OUTBOX_KEPT);
	return store_exec(store, sql[PRUNE], &args, NULL, error);
}
