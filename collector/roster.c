#include "collector/roster.h"

#include <string.h>

#include "collector/poll_rules.h"

struct roster {
	GPtrArray *sources; /* of struct source, in the configuration's order */
	guint64 seed;
};

static void source_free(void *data)
{
	struct source *source = data;

	g_free(source->name);
	g_free(source->failure);
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

static bool same_secret(const struct secret_ref *a, const struct secret_ref *b)
{
	if (!a || !b)
		return a == b;
	return g_strcmp0(a->credential, b->credential) == 0 &&
	       g_strcmp0(a->file, b->file) == 0 && g_strcmp0(a->env, b->env) == 0;
}

/* Whether polling the one is polling the other. How often is a matter of its own. */
static bool same_remote(const struct config_git *a, const struct config_git *b)
{
	return g_strcmp0(a->url, b->url) == 0 &&
	       g_strcmp0(a->username, b->username) == 0 &&
	       g_strcmp0(a->ca_file, b->ca_file) == 0 &&
	       g_strcmp0(a->known_hosts, b->known_hosts) == 0 &&
	       same_secret(a->token, b->token) && same_secret(a->ssh_key, b->ssh_key) &&
	       a->allow_file == b->allow_file && a->timeout_us == b->timeout_us;
}

static GTimeSpan interval(const struct roster *roster, struct source *source)
{
	return schedule_jitter(source->git->every_us, roster->seed, source->name,
			       source->n_polls);
}

static struct source *add(struct roster *roster, const struct config *config,
			  const struct config_git *git)
{
	struct source *source = g_new0(struct source, 1);

	source->name = g_strdup(git->name);
	source->git = git;
	source->rules = poll_rules_fingerprint(config, git);
	source->task.due = SCHEDULE_NEVER;
	g_ptr_array_add(roster->sources, source);
	return source;
}

/* Brings one source up to date; true if it is to be polled soon. The old configuration's
 * rows are still alive here. */
static bool renew(struct source *source, const struct config *config,
		  const struct config_git *git, gint64 steady,
		  struct roster_change *change)
{
	g_autofree char *was = source->rules;
	bool back = source->git == NULL;
	bool changed, sooner;

	source->rules = poll_rules_fingerprint(config, git);
	changed = !back &&
		  (!same_remote(source->git, git) || g_strcmp0(was, source->rules) != 0);
	sooner = !back && git->every_us < source->git->every_us;
	source->git = git;
	change->n_added += back;
	change->n_changed += changed;
	if (sooner && !source->task.running)
		task_want(&source->task, steady + git->every_us);
	return back || changed || (source->failing && !source->database);
}

static void drop(struct roster *roster, guint i, struct roster_change *change)
{
	struct source *source = at(roster, i);

	change->n_removed += source->git != NULL;
	source->git = NULL;
	if (!source->task.running)
		g_ptr_array_remove_index(roster->sources, i);
}

void roster_update(struct roster *roster, const struct config *config, gint64 steady,
		   bool at_once, struct roster_change *change)
{
	guint n_soon = 0;

	*change = (struct roster_change){ 0 };
	for (guint i = roster->sources->len; i > 0; i--)
		if (!config_git(config, at(roster, i - 1)->name))
			drop(roster, i - 1, change);
	for (guint i = 0; i < config->sources->n_git; i++) {
		const struct config_git *git = &config->sources->git[i];
		struct source *source = roster_find(roster, git->name);
		bool soon = true;

		if (source)
			soon = renew(source, config, git, steady, change);
		else
			source = add(roster, config, git), change->n_added++;
		if (!soon)
			continue;
		source->task.failures = 0;
		task_want(&source->task,
			  steady + (at_once ? 0 : schedule_first(n_soon, git->every_us)));
		n_soon++;
	}
}

struct source *roster_due(struct roster *roster, gint64 steady)
{
	struct source *first = NULL;

	for (guint i = 0; i < roster->sources->len; i++) {
		struct source *source = at(roster, i);

		if (source->git && task_is_due(&source->task, steady) &&
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
	if (!source->git) {
		g_ptr_array_remove(roster->sources, source);
		return false;
	}
	source->polled = true;
	source->n_polls++;
	g_clear_pointer(&source->failure, g_free);
	return true;
}

GTimeSpan roster_good(struct roster *roster, struct source *source,
		      const struct poll_result *result, gint64 steady)
{
	if (!ended(roster, source))
		return 0;
	source->task.failures = 0;
	source->failing = source->database = false;
	source->total.changed |= result->changed;
	source->total.n_commits += result->n_commits;
	source->total.n_deployments += result->n_deployments;

	GTimeSpan wait = interval(roster, source);
	task_want(&source->task, steady + wait);
	return wait;
}

GTimeSpan roster_failed(struct roster *roster, struct source *source, const GError *error,
			gint64 steady)
{
	if (!ended(roster, source))
		return 0;
	source->failing = true;
	source->database = false;
	source->failure = g_strdup(error->message);
	source->task.failures++;

	GTimeSpan wait = schedule_jitter(
		schedule_backoff(error, source->task.failures, source->git->every_us),
		roster->seed, source->name, source->n_polls);
	task_want(&source->task, steady + wait);
	return wait;
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
		n += at(roster, i)->git != NULL;
	return n;
}

guint roster_failing(const struct roster *roster)
{
	guint n = 0;

	for (guint i = 0; i < roster->sources->len; i++)
		n += at(roster, i)->git && at(roster, i)->failing;
	return n;
}

guint roster_unpolled(const struct roster *roster)
{
	guint n = 0;

	for (guint i = 0; i < roster->sources->len; i++)
		n += at(roster, i)->git && !at(roster, i)->polled;
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
		if (at(roster, i)->git)
			visit(at(roster, i), user);
}
