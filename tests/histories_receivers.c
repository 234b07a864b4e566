#include "tests/histories_life.h"

/* ---- what is heard ---- */

static guint channel_of(const struct outbox_message *message)
{
	return life_channel(message->channel);
}

static bool in_message(const struct outbox_message *message, gint64 alert_id,
		       enum watch_event event)
{
	for (guint i = 0; i < message->events->len; i++) {
		const struct outbox_event *row = &g_array_index(message->events,
								struct outbox_event, i);

		if (row->alert_id == alert_id && row->event == event)
			return true;
	}
	return false;
}

/* Before what came of something the receiver has to know of it. */
static bool is_in_order(const struct life *life, const struct outbox_message *message,
			const struct outbox_event *row, guint channel)
{
	const struct told *fired = life_told(life, row->alert_id, WATCH_FIRED);

	return !fired || !(fired->channels & 1u << channel) ||
	       fired->noted[channel] > 0 ||
	       in_message(message, row->alert_id, WATCH_FIRED);
}

static void check_event(struct life *life, const struct outbox_message *message,
			const struct outbox_event *row, guint channel)
{
	const struct told *told = life_told(life, row->alert_id, row->event);
	const char *what = watch_event_name(row->event);

	if (!told || !(told->channels & 1u << channel))
		life_wrong(life,
			   "%s hears that alert %" G_GINT64_FORMAT " %s, for nothing",
			   message->channel, row->alert_id, what);
	else if (told->noted[channel] > 0)
		life_wrong(life, "%s hears again that alert %" G_GINT64_FORMAT " %s",
			   message->channel, row->alert_id, what);
	else if (told->folded & 1u << channel)
		life_wrong(life, "%s hears of alert %" G_GINT64_FORMAT ", which was over",
			   message->channel, row->alert_id);
	else if (!is_in_order(life, message, row, channel))
		life_wrong(life, "%s hears that alert %" G_GINT64_FORMAT " %s, too early",
			   message->channel, row->alert_id, what);
}

static void check_message(struct life *life, const struct outbox_message *message)
{
	guint channel = channel_of(message);
	gint64 version = 0;

	for (guint i = 0; i < message->events->len; i++) {
		const struct outbox_event *row = &g_array_index(message->events,
								struct outbox_event, i);
		struct told *told = life_told(life, row->alert_id, row->event);

		check_event(life, message, row, channel);
		version = MAX(version, told ? told->event_id : 0);
		if (!told)
			continue;
		told->before &= ~(1u << channel);
		told->before |= told->taken & 1u << channel;
		told->taken |= 1u << channel;
	}
	if (message->version != version)
		life_wrong(life, "%s: the key is not that of the newest event",
			   message->channel);
	for (guint i = 0; i < message->alerts->len; i++) {
		const struct alert_row *row = &g_array_index(message->alerts,
							     struct alert_row, i);

		/* the end of what was told comes, muted or not */
		for (guint k = 0; k < message->events->len; k++)
			if (g_array_index(message->events, struct outbox_event, k)
					    .alert_id == row->alert_id &&
			    row->ended_at == INSTANT_NONE &&
			    life_is_muted(life, row->alert_id,
					  row->service ? row->service : "", row->metric,
					  life->now))
				life_wrong(life,
					   "%s hears of alert %" G_GINT64_FORMAT
					   ", which is muted",
					   message->channel, row->alert_id);
	}
}

static void receive(struct life *life, const struct outbox_message *message, bool noted)
{
	guint channel = channel_of(message);

	for (guint i = 0; i < message->events->len; i++) {
		const struct outbox_event *row = &g_array_index(message->events,
								struct outbox_event, i);
		struct told *told = life_told(life, row->alert_id, row->event);

		if (!told)
			continue;
		(*(noted ? &told->noted[channel] : &told->lost[channel]))++;
	}
	life->n_lost += !noted;
}

/* What was delivered while the alert ended is not folded away. */
static void unfold(struct life *life, const struct outbox_message *message)
{
	guint channel = channel_of(message);

	for (guint i = 0; i < message->events->len; i++) {
		gint64 id =
			g_array_index(message->events, struct outbox_event, i).alert_id;

		for (guint k = 0; k < life->told->len; k++) {
			struct told *told = &g_array_index(life->told, struct told, k);

			if (told->alert_id == id)
				told->folded &= ~(1u << channel);
		}
	}
}

static void deliver(struct life *life, const struct outbox_message *message, bool cut)
{
	g_autoptr(GError) error = NULL;
	bool noted;

	if (cut)
		cut_arm(&life->rig, 1, life_chance(life, 2));
	noted = store_outbox_delivered(life->rig.store, message, life->now, &error);
	if (cut)
		cut_arm(&life->rig, 0, false);
	receive(life, message, noted);
	if (noted)
		unfold(life, message);
}

/* It said that it did not take it. */
static void unhear(struct life *life, const struct outbox_message *message)
{
	guint bit = 1u << channel_of(message);

	for (guint i = 0; i < message->events->len; i++) {
		const struct outbox_event *row = &g_array_index(message->events,
								struct outbox_event, i);
		struct told *told = life_told(life, row->alert_id, row->event);

		if (told)
			told->taken &= ~bit | told->before;
	}
}

static void refuse(struct life *life, const struct outbox_message *message)
{
	guint channel = channel_of(message);
	g_autoptr(GError) error = NULL,
			  why = g_error_new_literal(DORA_ERROR, DORA_ERROR_RETRY, "503");
	gint64 next = life->now + G_TIME_SPAN_MINUTE * (1 + life_dice(life, 400));
	const bool unsure = life_chance(life, 3);

	life->n_failed++;
	if (life_chance(life, 6))
		cut_arm(&life->rig, 1, false);
	if (life_chance(life, 3))
		store_outbox_postpone(life->rig.store, message->channel,
				      MAX(next, life->away[channel]), &error);
	else if (store_outbox_failed(life->rig.store, message, why, unsure, next,
				     life->now, &error) &&
		 !unsure)
		unhear(life, message);
	cut_arm(&life->rig, 0, false);
}

/* ---- people ---- */

static void mute_some(struct life *life)
{
	static const char *const metrics[] = { NULL, NULL, "change_lead_time",
					       "deployment_frequency" };
	static const char *const names[] = { "cart", "search", "red", NULL };
	const char *scope = names[life_dice(life, G_N_ELEMENTS(names))];
	struct alert_mute mute = {
		.kind = g_strcmp0(scope, "red") == 0 ? SCOPE_TEAM : SCOPE_SERVICE,
		.scope = scope,
		.metric = metrics[life_dice(life, G_N_ELEMENTS(metrics))],
		.from = life->now,
		.until = life->now + G_TIME_SPAN_HOUR * (1 + life_dice(life, 24 * 20)),
		.reason = "we know",
	};

	if (life->told->len > 0 && life_chance(life, 3))
		mute = (struct alert_mute){
			.alert_id = g_array_index(life->told, struct told,
						  life->told->len - 1)
					    .alert_id,
			.from = mute.from,
			.until = mute.until,
			.reason = "this one",
		};
	rig_ok(store_mute(life->rig.store, &mute, &error));
	g_array_append_val(life->mutes, mute);
}

static void unmute_some(struct life *life)
{
	struct alert_mute *mute;
	bool found;

	if (life->mutes->len == 0)
		return;
	mute = &g_array_index(life->mutes, struct alert_mute,
			      (guint)life_dice(life, (gint32)life->mutes->len));
	rig_ok(store_unmute(life->rig.store, mute->mute_id, life->now, &found, &error));
	if (found != (mute->until > life->now))
		life_wrong(life, "a mute that %s", found ? "is over" : "is not there");
	mute->until = MIN(mute->until, life->now);
}

/* ---- together ---- */

static GPtrArray *take(struct life *life, guint limit)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *messages;

	if (life_chance(life, 8))
		cut_arm(&life->rig, 1 + (guint)life_dice(life, 2), life_chance(life, 2));
	if (!store_outbox_hurry(life->rig.store, life->now, &error)) {
		cut_arm(&life->rig, 0, false);
		return NULL;
	}
	messages = store_outbox_due(life->rig.store, channel_names, N_CHANNELS, life->now,
				    limit, &error);
	cut_arm(&life->rig, 0, false);
	if (messages)
		life_fold_old(life);
	return messages;
}

/* What was sent the evening before, and has taken that long. */
static void land(struct life *life)
{
	for (guint i = 0; i < life->flight->len; i++) {
		GPtrArray *messages = life->flight->pdata[i];

		for (guint k = 0; k < messages->len; k++)
			deliver(life, messages->pdata[k], false);
	}
	g_ptr_array_set_size(life->flight, 0);
}

static void handle(struct life *life, const struct outbox_message *message)
{
	guint channel = channel_of(message);

	if (life->now < life->away[channel] || life_chance(life, 6)) {
		refuse(life, message);
	} else if (life_chance(life, 8)) {
		receive(life, message, false);
		if (life_chance(life, 2))
			life_restart(life);
	} else {
		deliver(life, message, life_chance(life, 8));
	}
}

void life_tick(struct life *life, gint64 now)
{
	GPtrArray *messages;

	life->now = now;
	land(life);
	if (life_chance(life, 15))
		mute_some(life);
	if (life_chance(life, 20))
		unmute_some(life);
	for (guint i = 0; i < N_CHANNELS; i++)
		if (life_chance(life, 40))
			life->away[i] = now + DAY * life_dice(life, 12);
	messages = take(life, 1 + (guint)life_dice(life, 4));
	if (!messages)
		return;
	for (guint i = 0; i < messages->len; i++)
		check_message(life, messages->pdata[i]);
	if (life_chance(life, 8)) {
		g_ptr_array_add(life->flight, messages);
		return;
	}
	for (guint i = 0; i < messages->len; i++)
		handle(life, messages->pdata[i]);
	outbox_messages_free(messages);
}

void life_listen(struct life *life, gint64 now)
{
	GPtrArray *messages;

	life->now = now;
	rig_ok(store_outbox_hurry(life->rig.store, now, &error));
	rig_ok((messages = store_outbox_due(life->rig.store, channel_names, N_CHANNELS,
					    now, 100, &error)));
	life_fold_old(life);
	for (guint i = 0; i < messages->len; i++) {
		check_message(life, messages->pdata[i]);
		deliver(life, messages->pdata[i], false);
	}
	outbox_messages_free(messages);
}

void life_heal(struct life *life)
{
	gint64 next = INSTANT_NONE;

	life->now = morning_of(life->until);
	land(life);
	for (int i = 0; i < 400; i++, life->now += DAY) {
		GPtrArray *messages;

		rig_ok((messages = store_outbox_due(life->rig.store, channel_names,
						    N_CHANNELS, life->now, 3, &error)));
		life_fold_old(life);
		for (guint k = 0; k < messages->len; k++) {
			check_message(life, messages->pdata[k]);
			deliver(life, messages->pdata[k], false);
		}
		outbox_messages_free(messages);
		rig_ok(store_outbox_next(life->rig.store, life->now, &next, &error));
		if (next == INSTANT_NONE)
			return;
	}
	life_wrong(life, "something waits for ever");
}
