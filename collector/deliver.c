#include "collector/deliver.h"

#include "base/error.h"
#include "base/instant.h"
#include "sinks/notifier.h"

/* So many at a time: what waits is asked for anew in between, so that a mute or the end
 * of an alert counts at once. */
#define BATCH 20
/* A run that goes on for longer than this gives the others a chance. */
#define BATCHES_MAX 50

struct delivery {
	struct store *store;
	const struct work_context *context;
	const struct config_alerts *alerts;
	struct notify_context notify;
	GPtrArray *open; /* names of channels that have not failed */
	struct deliver_result *result;
};

void deliver_result_clear(struct deliver_result *result)
{
	g_clear_pointer(&result->trouble, g_free);
}

static const struct config_channel *channel_of(const struct config_alerts *alerts,
					       const char *name)
{
	for (unsigned i = 0; i < alerts->n_channels; i++)
		if (strcmp(alerts->channels[i].name, name) == 0)
			return &alerts->channels[i];
	return NULL;
}

static void note_trouble(struct delivery *work, const char *channel, const GError *error)
{
	g_free(work->result->trouble);
	work->result->trouble = g_strdup_printf("%s: %s; %s", channel, error->message,
						dora_error_advice(error));
}

/* The channel is not asked again in this run; all that it was meant to get waits with the
 * first of it. */
static bool failed(struct delivery *work, const struct outbox_message *message,
		   const GError *failure, GError **error)
{
	g_autofree char *key = alert_dedup_key(message);
	GTimeSpan wait = notifier_backoff(message->attempts + 1,
					  dora_error_is_transient(failure), key);

	work->result->n_failed++;
	note_trouble(work, message->channel, failure);
	for (guint i = 0; i < work->open->len; i++)
		if (strcmp(g_ptr_array_index(work->open, i), message->channel) == 0)
			g_ptr_array_remove_index(work->open, i--);
	return store_outbox_failed(work->store, message, failure->message,
				   work->notify.now + wait, work->notify.now, error) &&
	       store_outbox_postpone(work->store, message->channel,
				     work->notify.now + wait, error);
}

static bool is_open(const struct delivery *work, const char *channel)
{
	return g_ptr_array_find_with_equal_func(work->open, channel, g_str_equal, NULL);
}

static bool deliver(struct delivery *work, const struct outbox_message *message,
		    GError **error)
{
	const struct config_channel *channel = channel_of(work->alerts, message->channel);
	g_autoptr(GError) failure = NULL;

	if (!is_open(work, message->channel))
		return true;
	if (notifiers[channel->kind]->send(channel, message, &work->notify, &failure)) {
		work->result->n_delivered++;
		return store_outbox_delivered(work->store, message, work->notify.now,
					      error);
	}
	if (g_error_matches(failure, DORA_ERROR, DORA_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	return failed(work, message, failure, error);
}

static bool deliver_batch(struct delivery *work, guint *n, GError **error)
{
	GPtrArray *messages = store_outbox_due(
		work->store, (const char *const *)work->open->pdata, work->open->len,
		work->notify.now, BATCH, error);
	bool good = messages != NULL;

	*n = messages ? messages->len : 0;
	for (guint i = 0; good && i < *n; i++)
		good = deliver(work, g_ptr_array_index(messages, i), error);
	outbox_messages_free(messages);
	return good;
}

/* ---- reminders ---- */

static bool is_reminded(const struct config_channel *channel, gint64 before, gint64 now)
{
	return channel->resend_us > 0 && notifiers[channel->kind]->remind &&
	       (before == INSTANT_NONE ||
		before / channel->resend_us != now / channel->resend_us);
}

/* One that fails is reminded next time; its state is what is asked for anew. */
static bool remind(struct delivery *work, const struct config_channel *channel,
		   GError **error)
{
	GArray *rows = store_alerts_firing(work->store, channel->name, error);
	g_autoptr(GError) failure = NULL;

	if (!rows)
		return false;
	if (rows->len > 0 &&
	    !notifiers[channel->kind]->remind(channel, rows, &work->notify, &failure))
		note_trouble(work, channel->name, failure);
	alert_rows_free(rows);
	return true;
}

static bool remind_all(struct delivery *work, gint64 before, GError **error)
{
	for (unsigned i = 0; i < work->alerts->n_channels; i++) {
		const struct config_channel *channel = &work->alerts->channels[i];

		if (is_reminded(channel, before, work->notify.now) &&
		    is_open(work, channel->name) && !remind(work, channel, error))
			return false;
	}
	return true;
}

static gint64 next_reminder(const struct config_alerts *alerts, gint64 now)
{
	gint64 next = INSTANT_NONE;

	for (unsigned i = 0; i < alerts->n_channels; i++) {
		const struct config_channel *channel = &alerts->channels[i];
		gint64 at;

		if (channel->resend_us <= 0 || !notifiers[channel->kind]->remind)
			continue;
		at = (now / channel->resend_us + 1) * channel->resend_us;
		if (next == INSTANT_NONE || at < next)
			next = at;
	}
	return next;
}

static gint64 earlier(gint64 a, gint64 b)
{
	if (a == INSTANT_NONE || b == INSTANT_NONE)
		return MAX(a, b);
	return MIN(a, b);
}

/* ---- all of it ---- */

static void to_journal(const struct outbox_message *message, const char *text, void *user)
{
	const struct work_context *context = user;

	(void)message;
	if (context->notice)
		context->notice("alert", text, context->user);
}

static bool run(struct delivery *work, gint64 before, GError **error)
{
	guint n = BATCH;
	gint64 next;

	for (guint i = 0; i < BATCHES_MAX && n == BATCH && work->open->len > 0; i++)
		if (!deliver_batch(work, &n, error))
			return false;
	if (!remind_all(work, before, error) ||
	    !store_outbox_next(work->store, work->notify.now, &next, error))
		return false;
	work->result->next = earlier(next, next_reminder(work->alerts, work->notify.now));
	return true;
}

bool deliver_due(struct store *store, const struct work_context *context, gint64 before,
		 gint64 now, struct deliver_result *result, GError **error)
{
	const struct config_alerts *alerts = context->config->alerts;
	_cleanup_(http_freep) struct http *http = NULL;
	struct delivery work = {
		.store = store,
		.context = context,
		.alerts = alerts,
		.result = result,
	};
	bool good;

	*result = (struct deliver_result){ .next = INSTANT_NONE };
	if (!alerts)
		return true;
	http = http_new();
	work.notify = (struct notify_context){
		.alerts = alerts,
		.http = http,
		.now = now,
		.cancellable = context->cancellable,
		.journal = to_journal,
		.user = (void *)context,
	};
	work.open = g_ptr_array_new();
	for (unsigned i = 0; i < alerts->n_channels; i++)
		if (notifiers[alerts->channels[i].kind]->send)
			g_ptr_array_add(work.open, alerts->channels[i].name);
	good = run(&work, before, error);
	g_ptr_array_unref(work.open);
	if (!good)
		g_prefix_error(error, "messages: ");
	return good;
}
