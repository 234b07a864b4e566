#include "collector/recompute.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/evaluate.h"
#include "collector/item_poll.h"
#include "collector/poll_notes.h"
#include "collector/poll_rules.h"
#include "sinks/store_privacy.h"

/* ---- once more ---- */

/* The first instant that a scope has numbers of. */
static gint64 first_of(const GArray *environments, gint64 now)
{
	gint64 first = now;

	for (guint i = 0; i < environments->len; i++) {
		const struct scope_environment *row = &g_array_index(
			environments, struct scope_environment, i);
		const gint64 times[] = { row->born, row->incidents_born,
					 row->published_from };

		for (gsize k = 0; k < G_N_ELEMENTS(times); k++)
			if (times[k] != INSTANT_NONE)
				first = MIN(first, times[k]);
	}
	return first;
}

/* All of a service is due. */
static bool mark(struct store *store, const char *name, gint64 now, GError **error)
{
	_cleanup_(scope_row_freep) struct scope_row *scope = NULL;
	GArray *environments;
	bool ok;

	if (!store_begin(store, error))
		return false;
	scope = store_scope_lock(store, SCOPE_SERVICE, name, error);
	environments = scope ? store_scope_environments(store, scope->scope_id, error)
			     : NULL;
	ok = environments && store_attribution_anew(store, scope->scope_id, error) &&
	     store_dirty_add(store, scope->scope_id, first_of(environments, now), now,
			     error) &&
	     store_commit(store, error);
	scope_environments_free(environments);
	if (!ok)
		store_rollback(store);
	return ok;
}

bool recompute(struct store *store, const struct work_context *context,
	       const char *const *services, gsize n, gint64 now, gsize *n_changed,
	       GError **error)
{
	struct evaluate_result result;

	*n_changed = 0;
	for (gsize i = 0; n > 0 && i < n; i++)
		if (!mark(store, services[i], now, error))
			return false;
	for (unsigned i = 0; n == 0 && i < context->config->n_services; i++)
		if (!mark(store, context->config->services[i].name, now, error))
			return false;
	if (!evaluate_due(store, context, now, &result, error))
		return false;
	*n_changed = result.n_rows;
	return true;
}

/* ---- a trial ---- */

/* One trial at work. */
struct trial {
	struct store *store;
	const struct work_context *context;
	gint64 now;
	GPtrArray *notes;
};

static void note(const struct trial *trial, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(const struct trial *trial, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(trial->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* What waits to be computed is among the changes, though no configuration makes it. */
static bool note_due(const struct trial *trial, GError **error)
{
	GArray *scopes = store_scopes(trial->store, error);
	guint n = 0;

	if (!scopes)
		return false;
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		n += scope->attribution_due || scope->series_due ||
		     trial->now >= scope->published_until ||
		     evaluate_state_is_due(scope, trial->now);
	}
	scope_rows_free(scopes);
	if (n > 0)
		note(trial,
		     "figures of %u scopes wait to be computed anyway, and are among "
		     "these: try again when the daemon has done so",
		     n);
	return true;
}

/* Everything of a poll that another configuration makes another, without one. */
static bool apply_git(const struct trial *trial, const struct config_git *git,
		      const struct source_row *source, struct mirror *mirror,
		      GError **error)
{
	_cleanup_(notes_freep) struct notes *notes = notes_new(
		trial->context->config, git->name, trial->context->author_key, error);
	struct poll_change what = { .rules = true };
	struct poll_result result = { 0 };
	struct repo_state state = { 0 };
	GArray *known = notes ? store_refs(trial->store, source->repo_id, error) : NULL;
	bool ok = known && repo_state_load(&state, mirror, known, error) &&
		  store_begin(trial->store, error) &&
		  poll_notes_store(trial->store, trial->context, git, source->repo_id,
				   &state, false, notes, &what.notes, error) &&
		  poll_rules_store(trial->store, trial->context, git, source, &state,
				   trial->now, &what, &result, error) &&
		  store_commit(trial->store, error);

	if (!ok)
		store_rollback(trial->store);
	repo_state_clear(&state);
	ref_rows_free(known);
	return ok;
}

static bool has_rules(const char *cursor, const char *fingerprint)
{
	const char *rules = strstr(cursor, " rules:");

	return rules &&
	       strncmp(rules + strlen(" rules:"), fingerprint, strlen(fingerprint)) == 0;
}

static bool try_git(const struct trial *trial, const struct config_git *git,
		    GError **error)
{
	g_autofree char *fingerprint = poll_rules_fingerprint(trial->context->config, git,
							      trial->context->author_key);
	_cleanup_(mirror_closep) struct mirror *mirror = NULL;
	g_autoptr(GError) local = NULL;
	struct source_row row = { 0 };
	bool same, done = false;

	if (!store_source(trial->store, git->name, &row, error))
		return false;
	if (!row.cursor)
		note(trial, "%s has never been read: nothing of it is among these",
		     git->name);
	same = !row.cursor || has_rules(row.cursor, fingerprint);
	if (!same)
		mirror = repo_mirror_open(trial->context, git, &local);
	if (mirror && mirror_is_fetched(mirror))
		done = apply_git(trial, git, &row, mirror, &local);
	source_row_clear(&row);
	if (same || done)
		return true;
	if (local && dora_error_is_transient(local) && mirror) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	note(trial,
	     "rules that read %s have changed, and cannot be tried without a fetch (%s): "
	     "what they change is seen after the next poll",
	     git->name, local ? local->message : "there is no mirror of it here");
	return true;
}

/* Items are judged by rules that have changed, as the next poll would. */
static bool try_items(const struct trial *trial, const struct config_source *source,
		      GError **error)
{
	struct poll_result result = { 0 };
	struct item_poll poll = {
		.store = trial->store,
		.context = trial->context,
		.source = source,
		.now = trial->now,
		.result = &result,
	};
	bool ok = item_poll_begin(&poll, error);

	if (!ok)
		store_rollback(trial->store);
	item_poll_clear(&poll);
	return ok;
}

static bool try_source(const struct trial *trial, const struct config_source *source,
		       GError **error)
{
	switch (source->kind) {
	case SOURCE_GIT:
		return try_git(trial, source->git, error);
	case SOURCE_API:
	case SOURCE_SQL:
	case SOURCE_PUSH:
		return try_items(trial, source, error);
	case SOURCE_KPI:
		break;
	}
	return true;
}

static bool run_trial(const struct trial *trial, GError **error)
{
	const struct config *config = trial->context->config;
	struct evaluate_result result;

	if (!store_trial_snapshot(trial->store, error) || !note_due(trial, error) ||
	    !store_sync_config(trial->store, config, error))
		return false;
	for (unsigned i = 0; i < config->n_all; i++)
		if (!try_source(trial, &config->all[i], error))
			return false;
	return evaluate_due(trial->store, trial->context, trial->now, &result, error);
}

GArray *recompute_trial(struct store *store, const struct work_context *context,
			gint64 now, guint limit, GPtrArray *notes, GError **error)
{
	const struct trial trial = { store, context, now, notes };
	GArray *changes = NULL;

	if (store_trial_begin(store, error) && run_trial(&trial, error))
		changes = store_trial_changes(store, limit, error);
	store_trial_end(store);
	return changes;
}
