#include "collector/roster.h"

#include <string.h>

#include "collector/source_identity.h"

/* However long a source asks to be left alone: its clock may be wrong. */
#define NOT_BEFORE_MAX G_TIME_SPAN_HOUR

struct roster {
	GPtrArray *sources; /* of struct source, in the configuration's order */
	guint64 seed;
};

static void source_free(void *data)
{
	struct source *source = data;

	g_free(source->name);
	g_free(source->failure);
	g_free(source->remote);
	g_free(source->rules);
	g_free(source);
}

struct roster *roster_new(guint64 seed)
{
	struct roster *roster = g_new0(struct roster, 1);

	roster->sources = g_ptr_array_new_with_free_func(source_free);
	roster->seed = seed;
	return roster;
}

void roster_free(struct roster *roster)
{
	if (!roster)
		return;
	g_ptr_array_unref(roster->sources);
	g_free(roster);
}

static struct source *at(const struct roster *roster, guint i)
{
	return g_ptr_array_index(roster->sources, i);
}

static GTimeSpan interval(const struct roster *roster, struct source *source)
{
	return schedule_jitter(source->config->every_us, roster->seed, source->name,
			       source->n_polls);
}

static struct source *add(struct roster *roster, const struct config *config,
			  const struct config_source *row)
{
	struct source *source = g_new0(struct source, 1);

	source->name = g_strdup(row->name);
	source->config = row;
	source->remote = source_identity(config, row);
	source->rules = poll_fingerprint(config, row);
	source->task.due = SCHEDULE_NEVER;
	g_ptr_array_add(roster->sources, source);
	return source;
}

/* Brings one source up to date; true if it is to be polled soon. The old configuration's
 * rows are still alive here. */
static bool renew(struct source *source, const struct config *config,
		  const struct config_source *row, gint64 steady,
		  struct roster_change *change)
{
	g_autofree char *remote = source->remote, *rules = source->rules;
	bool back = source->config == NULL;
	bool moved, changed, sooner;

	source->remote = source_identity(config, row);
	source->rules = poll_fingerprint(config, row);
	moved = g_strcmp0(remote, source->remote) != 0;
	changed = !back && (moved || g_strcmp0(rules, source->rules) != 0);
	sooner = !back && row->every_us < source->config->every_us;
	source->config = row;
	if (moved)
		source->not_before = 0;
	change->n_added += back;
	change->n_changed += changed;
	if (sooner && !source->task.running)
		task_want(&source->task, MAX(steady + row->every_us, source->not_before));
	return back || changed || (source->failing && !source->database);
}

static void drop(struct roster *roster, guint i, struct roster_change *change)
{
	struct source *source = at(roster, i);

	change->n_removed += source->config != NULL;
	source->config = NULL;
	if (!source->task.running)
		g_ptr_array_remove_index(roster->sources, i);
}

void roster_update(struct roster *roster, const struct config *config, gint64 steady,
		   bool at_once, struct roster_change *change)
{
	guint n_soon = 0;

	*change = (struct roster_change){ 0 };
	for (guint i = roster->sources->len; i > 0; i--)
		if (!config_source(config, at(roster, i - 1)->name))
			drop(roster, i - 1, change);
	for (unsigned i = 0; i < config->n_all; i++) {
		const struct config_source *row = &config->all[i];
		struct source *source = roster_find(roster, row->name);
		bool soon = true;
		gint64 due;

		if (source)
			soon = renew(source, config, row, steady, change);
		else
			source = add(roster, config, row), change->n_added++;
		if (!soon)
			continue;
		source->task.failures = 0;
		due = steady + (at_once ? 0 : schedule_first(n_soon, row->every_us));
		task_want(&source->task, MAX(due, source->not_before));
		n_soon++;
	}
}

struct source *roster_due(struct roster *roster, gint64 steady)
{
	struct source *first = NULL;

	for (guint i = 0; i < roster->sources->len; i++) {
		struct source *source = at(roster, i);

		if (source->config && task_is_due(&source->task, steady) &&
		    (!first || source->task.due < first->task.due))
			first = source;
	}
	return first;
}

gint64 roster_wake(const struct roster *roster)
{
	gint64 wake = SCHEDULE_NEVER;

	for (guint i = 0; i < roster->sources->len; i++)
		wake = MIN(wake, task_wake(&at(roster, i)->task));
	return wake;
}

struct source *roster_find(struct roster *roster, const char *name)
{
	for (guint i = 0; i < roster->sources->len; i++)
		if (strcmp(at(roster, i)->name, name) == 0)
			return at(roster, i);
	return NULL;
}

/* The poll is over; false if nobody is interested in the source any longer. */
static bool ended(struct roster *roster, struct source *source)
{
	source->task.running = false;
	if (!source->config) {
		g_ptr_array_remove(roster->sources, source);
		return false;
	}
	source->polled = true;
	source->n_polls++;
	g_clear_pointer(&source->failure, g_free);
	return true;
}

/* Appoints the next poll; returns the wait until then. */
static GTimeSpan appoint(struct source *source, GTimeSpan wait,
			 const struct poll_result *result, const struct moment *now)
{
	GTimeSpan asked = 0;

	if (result->not_before > now->wall)
		asked = MIN(result->not_before - now->wall, NOT_BEFORE_MAX);
	source->not_before = now->steady + asked;
	task_want(&source->task, now->steady + MAX(wait, asked));
	return MAX(wait, asked);
}

GTimeSpan roster_good(struct roster *roster, struct source *source,
		      const struct poll_result *result, const struct moment *now)
{
	if (!ended(roster, source))
		return 0;
	source->task.failures = 0;
	source->failing = source->database = false;
	source->total.changed |= result->changed;
	source->total.n_commits += result->n_commits;
	source->total.n_items += result->n_items;
	source->total.n_deployments += result->n_deployments;
	return appoint(source, interval(roster, source), result, now);
}

GTimeSpan roster_failed(struct roster *roster, struct source *source, const GError *error,
			const struct poll_result *result, const struct moment *now)
{
	GTimeSpan wait;

	if (!ended(roster, source))
		return 0;
	source->failing = true;
	source->database = false;
	source->failure = g_strdup(error->message);
	source->task.failures++;
	/* what cannot be read does not keep from what can */
	wait = result && result->partly ? source->config->every_us
					: schedule_backoff(error, source->task.failures,
							   source->config->every_us);
	return appoint(source,
		       schedule_jitter(wait, roster->seed, source->name, source->n_polls),
		       result, now);
}

void roster_undone(struct roster *roster, struct source *source, const GError *error,
		   gint64 steady)
{
	if (!ended(roster, source))
		return;
	source->failing = source->database = true;
	source->failure = g_strdup(error->message);
	task_want(&source->task, steady);
}

guint roster_size(const struct roster *roster)
{
	guint n = 0;

	for (guint i = 0; i < roster->sources->len; i++)
		n += at(roster, i)->config != NULL;
	return n;
}

guint roster_failing(const struct roster *roster)
{
	guint n = 0;

	for (guint i = 0; i < roster->sources->len; i++)
		n += at(roster, i)->config && at(roster, i)->failing;
	return n;
}

guint roster_unpolled(const struct roster *roster)
{
	guint n = 0;

	for (guint i = 0; i < roster->sources->len; i++)
		n += at(roster, i)->config && !at(roster, i)->polled;
	return n;
}

guint roster_running(const struct roster *roster)
{
	guint n = 0;

	for (guint i = 0; i < roster->sources->len; i++)
		n += at(roster, i)->task.running;
	return n;
}

void roster_each(const struct roster *roster,
		 void (*visit)(const struct source *source, void *user), void *user)
{
	for (guint i = 0; i < roster->sources->len; i++)
		if (at(roster, i)->config)
			visit(at(roster, i), user);
}
