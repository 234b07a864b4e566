#include "collector/deliver.h"

#include "base/error.h"
#include "base/instant.h"
#include "sinks/notifier.h"

/* A run that lasts longer than this lets an evaluation have its turn. */
#define RUN_MAX G_TIME_SPAN_MINUTE
/* So long before news is too old to be told it is tried once more; a try of half as long
 * before that is as good. */
#define LAST_TRY G_TIME_SPAN_MINUTE

struct delivery {
	struct store *store;
	const struct work_context *context;
	const struct config_alerts *alerts;
	struct notify_context notify;
	gint64 wall, steady; /* when it began */
	GPtrArray *open; /* of const struct config_channel *: those that may have more */
	struct deliver_result *result;
};

/* ---- what came of it ---- */

static void channel_free(void *data)
{
	struct deliver_channel *channel = data;

	g_free(channel->name);
	g_clear_error(&channel->error);
	g_free(channel);
}

void deliver_result_init(struct deliver_result *result)
{
	*result = (struct deliver_result){
		.next = INSTANT_NONE,
		.channels = g_ptr_array_new_with_free_func(channel_free),
	};
}

void deliver_result_clear(struct deliver_result *result)
{
	g_clear_pointer(&result->channels, g_ptr_array_unref);
}

/* error: copied, told with the channel's name; NULL: it took something. */
static void note(struct delivery *work, const char *name, const GError *error,
		 GTimeSpan wait)
{
	struct deliver_channel *channel = g_new0(struct deliver_channel, 1);

	channel->name = g_strdup(name);
	channel->error = error ? g_error_copy(error) : NULL;
	if (error)
		g_prefix_error(&channel->error, "channel %s: ", name);
	channel->wait = wait;
	g_ptr_array_add(work->result->channels, channel);
}

static void add_once(GString *list, const char *word)
{
	g_auto(GStrv) words = g_strsplit(list->str, ",", -1);

	if (g_strv_contains((const char *const *)words, word))
		return;
	g_string_append_printf(list, "%s%s", list->len ? "," : "", word);
}

static bool has_news(const struct outbox_message *message, gint64 alert_id)
{
	for (guint i = 0; i < message->events->len; i++)
		if (g_array_index(message->events, struct outbox_event, i).alert_id ==
		    alert_id)
			return true;
	return false;
}

static const char *scope_of(const struct alert_row *row)
{
	return row->kind == WATCH_SELF ? row->name
	       : row->service	       ? row->service
	       : row->team	       ? row->team
	       : row->org	       ? row->org
				       : "";
}

static void to_journal(const struct outbox_message *message, const char *text, void *user)
{
	const struct work_context *context = ((struct delivery *)user)->context;
	g_autoptr(GString) alerts = g_string_new(NULL);
	g_autoptr(GString) metrics = g_string_new(NULL);
	g_autoptr(GString) scopes = g_string_new(NULL);

	for (guint i = 0; i < message->alerts->len; i++) {
		const struct alert_row *row = &g_array_index(message->alerts,
							     struct alert_row, i);
		g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, row->alert_id);

		if (!has_news(message, row->alert_id))
			continue;
		add_once(alerts, id);
		add_once(metrics, row->metric);
		add_once(scopes, scope_of(row));
	}
	if (context->journal)
		context->journal(&(struct deliver_line){ .text = text,
							 .alerts = alerts->str,
							 .metrics = metrics->str,
							 .scopes = scopes->str,
							 .group_id = message->group_id },
				 context->user);
}

/* ---- one message ---- */

/* Time goes by while receivers are waited for. */
static gint64 look_at_clock(struct delivery *work)
{
	work->notify.now = work->wall + g_get_monotonic_time() - work->steady;
	return work->notify.now;
}

/* *until: when something that waits for a channel and has ended is about to be no news,
 * for the first time since it was tried; G_MAXINT64: nothing is. No wait is longer. */
static bool last_chance(const struct delivery *work, const char *channel, gint64 tried,
			gint64 *until, GError **error)
{
	const gint64 last = OUTBOX_NEWS - LAST_TRY;
	gint64 oldest;

	if (!store_outbox_oldest(work->store, channel, tried + LAST_TRY / 2 - last,
				 &oldest, error))
		return false;
	*until = oldest != INSTANT_NONE ? oldest + last : G_MAXINT64;
	return true;
}

/* What is wrong with one message holds up the others for as short as what passes by
 * itself. It comes after them, so that it cannot stand in their way for good. */
static bool failed(struct delivery *work, const struct outbox_message *message,
		   const GError *failure, GError **error)
{
	g_autofree char *key = alert_dedup_key(message);
	const bool passes = dora_error_is_transient(failure);
	gint64 now = look_at_clock(work), last, next, chance;
	GTimeSpan all, own, most;
	guint n;

	if (!store_outbox_failures(work->store, message->channel, &n, &last, &next,
				   error) ||
	    !last_chance(work, message->channel, now, &chance, error))
		return false;
	most = chance - now;
	all = notifier_backoff(n + 1, passes || failure->code == DORA_ERROR_DATA,
			       message->channel);
	all = MAX(all, MIN(work->notify.retry_after, NOTIFY_LEAVE_MAX));
	all = MIN(all, most);
	own = notifier_backoff(MAX(n, message->attempts) + 1, passes, key);
	own = MAX(MIN(own, most), all + G_TIME_SPAN_SECOND);
	work->result->n_failed++;
	note(work, message->channel, failure, all);
	return store_outbox_failed(work->store, message, failure, work->notify.unsure,
				   now + own, now, error) &&
	       store_outbox_postpone(work->store, message->channel, now + all, error);
}

/* *more: it may have another. */
static bool deliver(struct delivery *work, const struct config_channel *channel,
		    const struct outbox_message *message, bool *more, GError **error)
{
	g_autoptr(GError) failure = NULL;

	work->notify.unsure = false;
	*more = notifiers[channel->kind]->send(channel, message, &work->notify, &failure);
	if (*more) {
		work->result->n_delivered++;
		note(work, channel->name, NULL, 0);
		return store_outbox_delivered(work->store, message, look_at_clock(work),
					      error);
	}
	if (g_error_matches(failure, DORA_ERROR, DORA_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	return failed(work, message, failure, error);
}

/* ---- one channel ---- */

/* What has come since it failed waits with what failed, so for as long as the receiver
 * asked to be left alone. A clock that was set back would have it wait for ever. */
static bool is_held(struct delivery *work, const char *channel, bool *held,
		    GError **error)
{
	gint64 now = look_at_clock(work), last, next, until, chance;
	guint n;

	*held = false;
	if (!store_outbox_failures(work->store, channel, &n, &last, &next, error))
		return false;
	if (n == 0 || last > now)
		return true;
	if (!last_chance(work, channel, last, &chance, error))
		return false;
	until = last + notifier_backoff(n, true, channel);
	/* Before that, not after: see failed(). */
	if (next != INSTANT_NONE)
		until = MAX(until,
			    MIN(next, last + NOTIFY_LEAVE_MAX) - G_TIME_SPAN_SECOND);
	until = MIN(until, chance);
	*held = until > now;
	return !*held || store_outbox_postpone(work->store, channel, until, error);
}

static bool deliver_one(struct delivery *work, const struct config_channel *channel,
			bool *more, GError **error)
{
	const char *const name = channel->name;
	GPtrArray *messages;
	bool held, good = true;

	*more = false;
	if (!is_held(work, name, &held, error))
		return false;
	if (held)
		return true;
	messages = store_outbox_due(work->store, &name, 1, work->notify.now, 1, error);
	if (!messages)
		return false;
	if (messages->len > 0)
		good = deliver(work, channel, g_ptr_array_index(messages, 0), more,
			       error);
	outbox_messages_free(messages);
	return good;
}

/* A message of each channel in turn, so that none waits for all of another. */
static bool deliver_all(struct delivery *work, GError **error)
{
	while (work->open->len > 0) {
		for (guint i = 0; i < work->open->len; i++) {
			bool more;

			if (!deliver_one(work, g_ptr_array_index(work->open, i), &more,
					 error))
				return false;
			if (!more)
				g_ptr_array_remove_index(work->open, i--);
		}
		work->result->more = work->open->len > 0;
		if (look_at_clock(work) - work->wall > RUN_MAX)
			return true;
	}
	return true;
}

/* ---- reminders ---- */

static bool has_reminders(const struct config_channel *channel)
{
	return channel->resend_us > 0 && notifiers[channel->kind]->remind;
}

static bool is_reminded(const struct config_channel *channel, gint64 before, gint64 now)
{
	return has_reminders(channel) &&
	       (before == INSTANT_NONE ||
		before / channel->resend_us != now / channel->resend_us);
}

static bool has_failed(const struct delivery *work, const char *name)
{
	for (guint i = 0; i < work->result->channels->len; i++) {
		const struct deliver_channel *channel = g_ptr_array_index(
			work->result->channels, i);

		if (channel->error && strcmp(channel->name, name) == 0)
			return true;
	}
	return false;
}

/* *leave: it has failed just now, or asked to be left alone. */
static bool is_left_alone(struct delivery *work, const char *name, bool *leave,
			  GError **error)
{
	*leave = has_failed(work, name);
	if (*leave)
		return true;
	if (!is_held(work, name, leave, error))
		return false;
	return *leave ||
	       store_reminders_left(work->store, name, work->notify.now, leave, error);
}

/* One that fails is reminded next time; its state is what is asked for anew. */
static bool remind(struct delivery *work, const struct config_channel *channel,
		   GError **error)
{
	GArray *rows = store_alerts_firing(work->store, channel->name, error);
	g_autoptr(GError) failure = NULL;
	bool any = rows && rows->len > 0;
	GTimeSpan wait;
	gint64 now;

	if (!rows)
		return false;
	work->notify.retry_after = 0;
	look_at_clock(work);
	if (any)
		notifiers[channel->kind]->remind(channel, rows, &work->notify, &failure);
	alert_rows_free(rows);
	if (g_error_matches(failure, DORA_ERROR, DORA_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	wait = failure ? MIN(work->notify.retry_after, NOTIFY_LEAVE_MAX) : 0;
	if (any)
		note(work, channel->name, failure, MAX(channel->resend_us, wait));
	now = look_at_clock(work);
	return store_reminded(work->store, channel->name, any, failure,
			      wait > 0 ? now + wait : INSTANT_NONE, now, error);
}

static bool remind_all(struct delivery *work, gint64 before, GError **error)
{
	for (unsigned i = 0; i < work->alerts->n_channels; i++) {
		const struct config_channel *channel = &work->alerts->channels[i];
		bool leave;

		if (!is_reminded(channel, before, work->wall))
			continue;
		if (!is_left_alone(work, channel->name, &leave, error) ||
		    (!leave && !remind(work, channel, error)))
			return false;
	}
	return true;
}

static gint64 earlier(gint64 a, gint64 b)
{
	if (a == INSTANT_NONE || b == INSTANT_NONE)
		return MAX(a, b);
	return MIN(a, b);
}

static gint64 next_reminder(const struct config_alerts *alerts, gint64 now)
{
	gint64 next = INSTANT_NONE;

	for (unsigned i = 0; i < alerts->n_channels; i++) {
		const struct config_channel *channel = &alerts->channels[i];

		if (has_reminders(channel))
			next = earlier(next, (now / channel->resend_us + 1) *
						     channel->resend_us);
	}
	return next;
}

/* ---- all of it ---- */

static bool run(struct delivery *work, gint64 before, GError **error)
{
	gint64 next;

	if (!deliver_all(work, error) || !remind_all(work, before, error) ||
	    !store_outbox_next(work->store, look_at_clock(work), &next, error))
		return false;
	work->result->next = earlier(next, next_reminder(work->alerts, work->wall));
	return true;
}

bool deliver_due(struct store *store, const struct work_context *context, gint64 before,
		 gint64 now, struct deliver_result *result, GError **error)
{
	const struct config_alerts *alerts = context->config->alerts;
	_cleanup_(http_freep) struct http *http = NULL;
	g_autoptr(GPtrArray) open = NULL;
	struct delivery work = {
		.store = store,
		.context = context,
		.alerts = alerts,
		.wall = now,
		.steady = g_get_monotonic_time(),
		.result = result,
	};

	if (!alerts)
		return true;
	http = http_new();
	open = g_ptr_array_new();
	work.open = open;
	work.notify = (struct notify_context){
		.alerts = alerts,
		.http = http,
		.now = now,
		.cancellable = context->cancellable,
		.journal = to_journal,
		.user = &work,
	};
	for (unsigned i = 0; i < alerts->n_channels; i++)
		if (notifiers[alerts->channels[i].kind]->send)
			g_ptr_array_add(open, &alerts->channels[i]);
	if (run(&work, before, error))
		return true;
	g_prefix_error(error, "messages: ");
	return false;
}
