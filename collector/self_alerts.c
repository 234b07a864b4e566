#include "collector/self_alerts.h"

#include <math.h>

#include "base/error.h"
#include "base/instant.h"
#include "sinks/store_self.h"

/* How often sources are looked at. */
#define LOOK_EVERY G_TIME_SPAN_MINUTE
/* Sources are looked at at least this often while there is a daemon (or a timer that
 * starts one each hour), so nobody tried to read what was not looked at for longer. */
#define GAP (2 * G_TIME_SPAN_HOUR)
/* That it was looked at is written down this often, in minutes. */
#define NOTE_EVERY 10

/* A channel that takes nothing is told after so long and so many tries; one that says no
 * (a receiver that is gone, a token that is not taken) after another try, which comes at
 * least 12 minutes later. */
#define CHANNEL_PATIENCE G_TIME_SPAN_HOUR
#define CHANNEL_TRIES 3
#define REFUSED_PATIENCE (10 * G_TIME_SPAN_MINUTE)
#define REFUSED_TRIES 2

/* One pass over everything. */
struct pass {
	struct store *store;
	const struct config_alerts *alerts;
	gint64 now;
	GArray *watches; /* of struct watch_row */
	GArray *kept;	 /* gint32: ids of those that still mean something */
	GPtrArray *channels;
};

static gint32 minute_of(gint64 instant)
{
	return (gint32)(instant / G_TIME_SPAN_MINUTE);
}

static void enter(struct watch *watch, enum watch_state state, gint32 minute)
{
	watch->state = state;
	watch->since = minute;
}

static void happened(struct watch_events *events, enum watch_event event)
{
	events->events[events->n++] = event;
}

/* It went unseen for too long: what there is of it is counted from now on, unless it
 * began after that. */
static void forget_gap(struct watch *watch, const struct self_look *look, gint64 since,
		       gint64 now)
{
	gint64 last = watch->judged * G_TIME_SPAN_MINUTE;
	gint32 from = minute_of(since >= now - look->gap ? since : now);

	if (look->gap == 0 || (last <= now && now - last <= look->gap))
		return;
	if (watch->state == WATCH_PENDING)
		watch->suspected = MAX(watch->suspected, from);
	else if (watch->state != WATCH_FIRING)
		watch->since = MAX(watch->since, from);
}

void self_step(struct watch *watch, const struct self_look *look, gint64 now,
	       struct watch_events *events)
{
	gint32 minute = minute_of(now), well;
	gint64 since = look->since != INSTANT_NONE ? MIN(look->since, now) : now;

	events->n = 0;
	if (look->trouble || look->watched)
		forget_gap(watch, look, since, now);
	watch->judged = minute;
	if (!look->trouble) {
		if (watch->state == WATCH_FIRING)
			happened(events, WATCH_RESOLVED);
		else if (watch->state == WATCH_PENDING)
			happened(events, WATCH_CLEARED);
		if (watch->state != WATCH_OK)
			enter(watch, WATCH_OK, minute);
		return;
	}
	if (watch->state == WATCH_FIRING)
		return;
	if (watch->state != WATCH_PENDING) {
		well = look->gap > 0 ? watch->since : WATCH_NEVER;
		enter(watch, WATCH_PENDING, minute);
		watch->suspected = MAX(minute_of(since), well);
		happened(events, WATCH_SUSPECTED);
	}
	/* The clock was set back: nobody knows for how long it has been. */
	if (watch->suspected > minute)
		watch->suspected = minute;
	if (MIN(look->seen, now) - watch->suspected * G_TIME_SPAN_MINUTE < look->patience)
		return;
	enter(watch, WATCH_FIRING, minute);
	watch->fired = minute;
	watch->frozen = (struct shift_frozen){ NAN, NAN, NAN, NAN, watch->suspected };
	happened(events, WATCH_FIRED);
}

/* ---- what is stored ---- */

static struct watch_row *find(const struct pass *pass, const struct self_look *look)
{
	for (guint i = 0; i < pass->watches->len; i++) {
		struct watch_row *row = &g_array_index(pass->watches, struct watch_row,
						       i);

		if (strcmp(row->metric, look->metric) == 0 &&
		    strcmp(row->name, look->name) == 0 &&
		    strcmp(row->environment, look->detail) == 0)
			return row;
	}
	return NULL;
}

static struct watch_row *add(struct pass *pass, const struct self_look *look)
{
	struct watch_row row = {
		.kind = WATCH_SELF,
		.name = g_strdup(look->name),
		.metric = g_strdup(look->metric),
		.environment = g_strdup(look->detail),
		.direction = SHIFT_WORSE,
		.score = NAN,
		.ratio = NAN,
	};

	watch_init(&row.watch, SHIFT_NO_BOUND);
	g_array_append_val(pass->watches, row);
	return &g_array_index(pass->watches, struct watch_row, pass->watches->len - 1);
}

/* Who is told: array of const char *; the caller unrefs. Of the only one that is told of
 * the daemon all others are told, and if there are none itself. */
static GPtrArray *told(const struct pass *pass, const struct self_look *look)
{
	GPtrArray *channels = g_ptr_array_new();

	for (guint i = 0; i < pass->channels->len; i++) {
		char *channel = g_ptr_array_index(pass->channels, i);

		if (g_strcmp0(channel, look->not_to) != 0)
			g_ptr_array_add(channels, channel);
	}
	if (channels->len > 0 || pass->channels->len == 0)
		return channels;
	for (unsigned i = 0; i < pass->alerts->n_channels; i++)
		if (strcmp(pass->alerts->channels[i].name, look->not_to) != 0)
			g_ptr_array_add(channels, pass->alerts->channels[i].name);
	if (channels->len == 0)
		g_ptr_array_add(channels, g_ptr_array_index(pass->channels, 0));
	return channels;
}

static bool remember(struct pass *pass, struct watch_row *row,
		     const struct self_look *look, enum watch_event happening,
		     GError **error)
{
	g_autoptr(GPtrArray) channels = told(pass, look);
	const struct alert_row alert = {
		.kind = WATCH_SELF,
		.direction = SHIFT_WORSE,
		.name = row->name,
		.metric = row->metric,
		.environment = row->environment,
		.state = (char *)"firing",
		.reason = (char *)look->reason,
		.onset = look->onset != INSTANT_NONE
				 ? MIN(look->onset, pass->now)
				 : row->watch.suspected * G_TIME_SPAN_MINUTE,
		.first_seen = row->watch.suspected * G_TIME_SPAN_MINUTE,
		.fired_at = pass->now,
		.ended_at = INSTANT_NONE,
		.time_zone = (char *)"UTC",
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
	const struct alert_event event = {
		.event = happening,
		.at = pass->now,
		.reason = happening == WATCH_FIRED ? look->reason : NULL,
		.alert = happening == WATCH_FIRED ? &alert : NULL,
	};

	return store_alert_event(pass->store, row, &event,
				 (const char *const *)channels->pdata, channels->len,
				 pass->now, error);
}

/* That time goes by is hardly news, but how long nobody looked has to be known. */
static bool is_news(const struct watch *watch, const struct watch *before,
		    const struct self_look *look)
{
	return watch->state != before->state || watch->suspected != before->suspected ||
	       (look->gap > 0 && (look->trouble || look->watched) &&
		watch->state != WATCH_FIRING &&
		(before->judged == WATCH_NEVER || watch->judged < before->judged ||
		 watch->judged - before->judged >= NOTE_EVERY));
}

static bool take(struct pass *pass, const struct self_look *look, GError **error)
{
	struct watch_row *row = find(pass, look);
	struct watch_events events;
	struct watch before;

	if (!row && !look->trouble && !look->watched)
		return true; /* nothing to remember of what never went wrong */
	if (!row)
		row = add(pass, look);
	before = row->watch;
	self_step(&row->watch, look, pass->now, &events);
	for (guint i = 0; i < events.n; i++)
		if (!remember(pass, row, look, events.events[i], error))
			return false;
	if (is_news(&row->watch, &before, look) &&
	    !store_watch_write(pass->store, row, error))
		return false;
	g_array_append_val(pass->kept, row->watch_id);
	return true;
}

/* ---- what is looked at ---- */

/* Of what a source or git says nothing is repeated: it may name a person, and this goes
 * to chats and mails. */
static const char *const whys[] = {
	[DORA_ERROR_RETRY] = "there is no answer, or none that can be used",
	[DORA_ERROR_DENIED] = "it is not let in, or its rights do not suffice",
	[DORA_ERROR_DATA] = "what it sends makes no sense",
	[DORA_ERROR_CONFIG] = "the installation or its configuration is wrong",
	[DORA_ERROR_CANCELLED] = "there is no answer, or none that can be used",
};

static char *reason_of(const struct source_trouble *source)
{
	return g_strdup_printf("%s. dora.sources has what was said, and \"dorad doctor "
			       "%s\" tries it",
			       whys[source->kind], source->name);
}

static bool fires(const struct pass *pass, const struct self_look *look)
{
	const struct watch_row *row = find(pass, look);

	return row && row->watch.state == WATCH_FIRING;
}

/* Failures take turns: of a source that is told to fail nothing else is told, and it is
 * over when it has been read. */
static bool take_source(struct pass *pass, const struct source_trouble *source,
			GError **error)
{
	const struct config_alerts_self *self = pass->alerts->self;
	const bool failing = source->failing_since != INSTANT_NONE;
	const gint64 unread = source->ok_at != INSTANT_NONE ? source->ok_at
							    : source->failing_since;
	g_autofree char *reason = reason_of(source);
	struct self_look denied = {
		.metric = "source_denied",
		.name = source->name,
		.detail = "",
		.since = source->failing_since,
		.seen = source->failed_at,
		.patience = self->fails_after_us,
		.reason = reason,
		.onset = INSTANT_NONE,
		.gap = GAP,
	};
	struct self_look stale = denied;
	bool is_denied, is_stale;

	stale.metric = "source_stale";
	stale.onset = unread;
	stale.watched = failing;
	is_denied = fires(pass, &denied);
	is_stale = fires(pass, &stale);
	denied.trouble = failing &&
			 (is_denied || (source->kind == DORA_ERROR_DENIED && !is_stale));
	stale.trouble = failing &&
			(is_stale || (!denied.trouble && source->failed_at - unread >=
								 self->stale_after_us));
	return take(pass, &denied, error) && take(pass, &stale, error);
}

static bool take_sources(struct pass *pass, GError **error)
{
	GArray *sources = store_source_troubles(pass->store, error);
	bool good = sources != NULL;

	for (guint i = 0; good && i < sources->len; i++)
		good = take_source(
			pass, &g_array_index(sources, struct source_trouble, i), error);
	source_troubles_free(sources);
	return good;
}

static const char *source_of(const struct config_rule *rule)
{
	if (FROM_IS_GIT(rule->from))
		return rule->repository;
	return rule->from == FROM_PUSH ? "push" : rule->source;
}

static bool take_rule(struct pass *pass, const char *service, const char *source,
		      bool nothing, GError **error)
{
	g_autofree char *reason = g_strdup_printf(
		"%s is read, but no deployment was found there", source);
	const struct self_look look = {
		.metric = "rule_matched_nothing",
		.name = service,
		.detail = source,
		.trouble = nothing,
		.since = INSTANT_NONE,
		.seen = pass->now,
		.patience = pass->alerts->self->stale_after_us,
		.reason = reason,
		.onset = INSTANT_NONE,
	};

	return take(pass, &look, error);
}

static bool take_rules(struct pass *pass, const struct config *config, GError **error)
{
	g_autoptr(GPtrArray) services = g_ptr_array_new();
	g_autoptr(GPtrArray) sources = g_ptr_array_new();
	g_autofree bool *nothing = NULL;
	bool good;

	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		for (unsigned k = 0; k < service->n_deployments; k++) {
			const char *source = source_of(&service->deployments[k]);

			if (!source)
				continue;
			g_ptr_array_add(services, service->name);
			g_ptr_array_add(sources, (gpointer)source);
		}
	}
	nothing = g_new0(bool, services->len + 1);
	good = store_matched_nothing(pass->store, (const char *const *)services->pdata,
				     (const char *const *)sources->pdata, services->len,
				     nothing, error);
	for (guint i = 0; good && i < services->len; i++)
		good = take_rule(pass, g_ptr_array_index(services, i),
				 g_ptr_array_index(sources, i), nothing[i], error);
	return good;
}

/* ---- channels ---- */

static const char *const advices[] = {
	[DORA_ERROR_RETRY] = "there is no answer, or none that can be used",
	[DORA_ERROR_DENIED] = "check its token, password or certificate",
	[DORA_ERROR_DATA] = "it makes nothing of what it is sent",
	[DORA_ERROR_CONFIG] = "check its url, secrets and what it is set to",
	[DORA_ERROR_CANCELLED] = "there is no answer, or none that can be used",
};

static char *channel_reason(const struct channel_trouble *channel)
{
	const guint n = channel->n_messages;
	g_autofree char *what = n == 0 ? g_strdup("it takes no reminder of what fires")
				       : g_strdup_printf("%u message%s for it", n,
							 n == 1 ? " waits" : "s wait");

	return g_strdup_printf(
		"%s%s%s%s: %s. %s has what was said, and \"dorad doctor %s\" tries it",
		what, channel->said ? " (" : "", channel->said ? channel->said : "",
		channel->said ? ")" : "", advices[channel->kind],
		n == 0 ? "The log" : "dora.alert_deliveries", channel->name);
}

/* It has taken something since it was told. */
static bool is_over(const struct pass *pass, const struct self_look *look,
		    const struct channel_trouble *channel)
{
	const struct watch_row *row = find(pass, look);

	return !row || row->watch.state != WATCH_FIRING ||
	       channel->taken_at >= row->watch.fired * G_TIME_SPAN_MINUTE;
}

static bool take_channel(struct pass *pass, const struct channel_trouble *channel,
			 GError **error)
{
	const bool refused = channel->kind == DORA_ERROR_DENIED ||
			     channel->kind == DORA_ERROR_CONFIG;
	const bool tried = channel->n_tries >= (refused ? REFUSED_TRIES : CHANNEL_TRIES);
	g_autofree char *reason = channel_reason(channel);
	struct self_look look = {
		.metric = "channel_failing",
		.name = channel->name,
		.detail = "",
		.since = channel->failed_first,
		.seen = channel->failed_at,
		.patience = !tried    ? G_MAXINT64
			    : refused ? REFUSED_PATIENCE
				      : CHANNEL_PATIENCE,
		.reason = reason,
		.onset = INSTANT_NONE,
		.gap = GAP,
		.not_to = channel->name,
	};

	/* That nothing waits any longer, for it was too old, is no recovery. */
	look.trouble = channel->n_tries > 0 || !is_over(pass, &look, channel);
	return take(pass, &look, error);
}

static bool take_channels(struct pass *pass, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GArray *rows;
	bool good;

	/* NOTIFY is told by the transaction itself. */
	for (unsigned i = 0; i < pass->alerts->n_channels; i++)
		if (pass->alerts->channels[i].kind != CHANNEL_NOTIFY)
			g_ptr_array_add(names, pass->alerts->channels[i].name);
	rows = store_channel_troubles(pass->store, (const char *const *)names->pdata,
				      names->len, error);
	good = rows != NULL;
	for (guint i = 0; good && i < rows->len; i++)
		good = take_channel(pass, &g_array_index(rows, struct channel_trouble, i),
				    error);
	channel_troubles_free(rows);
	return good;
}

/* ---- all ---- */

static bool run(struct pass *pass, const struct config *config, GError **error)
{
	const struct config_alerts *alerts = config->alerts;
	const bool on = alerts && !alerts->self->off;

	pass->watches = store_watches(pass->store, 0, error);
	if (!pass->watches)
		return false;
	pass->alerts = alerts;
	for (unsigned i = 0; on && i < alerts->self->n_channels; i++)
		g_ptr_array_add(pass->channels, alerts->self->channels[i]);
	if (on && (!take_sources(pass, error) || !take_rules(pass, config, error) ||
		   !take_channels(pass, error)))
		return false;
	return pass->watches->len == 0 ||
	       store_watches_off(
		       pass->store, 0, (const gint32 *)(const void *)pass->kept->data,
		       pass->kept->len, pass->now, "it is no longer watched", error);
}

bool self_alerts_run(struct store *store, const struct work_context *context, gint64 now,
		     gint64 *next, GError **error)
{
	struct pass pass = {
		.store = store,
		.now = now,
		.kept = g_array_new(FALSE, FALSE, sizeof(gint32)),
		.channels = g_ptr_array_new(),
	};
	bool good = store_begin(store, error) && run(&pass, context->config, error) &&
		    store_commit(store, error);

	if (!good) {
		store_rollback(store);
		g_prefix_error(error, "alerts of the daemon itself: ");
	}
	watch_rows_free(pass.watches);
	g_array_unref(pass.kept);
	g_ptr_array_unref(pass.channels);
	*next = context->config->alerts ? now + LOOK_EVERY : INSTANT_NONE;
	return good;
}
