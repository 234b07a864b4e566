#include "collector/poll.h"

#include "base/error.h"
#include "base/instant.h"
#include "collector/forgotten.h"
#include "collector/git/git_config.h"
#include "collector/poll_facts.h"
#include "collector/poll_notes.h"
#include "collector/poll_rules.h"

/* One poll at work. */
struct poll {
	struct store *store;
	const struct work_context *context;
	const struct config_git *git;
	gint64 now;
	struct source_row source;
	struct repo_state state;
	GArray *known_refs; /* of struct ref_row: as of the last poll */
	bool whole;	    /* state has every commit, not only new ones */
	struct notes *notes;
	struct forgotten *forgotten;
	char *cursor; /* what this poll will have stored */
	struct poll_result *result;
};

static void poll_clear(struct poll *poll)
{
	source_row_clear(&poll->source);
	repo_state_clear(&poll->state);
	g_clear_pointer(&poll->known_refs, ref_rows_free);
	g_clear_pointer(&poll->notes, notes_free);
	g_clear_pointer(&poll->forgotten, forgotten_free);
	g_clear_pointer(&poll->cursor, g_free);
}

/*
 * The cursor names everything that the stored facts depend on: what the remote listed,
 * the rules that read it, and whether history was cut (then the next change reads
 * everything again, in case it has become whole).
 */
static char *cursor_make(const struct poll *poll, const char *digest, bool shallow)
{
	g_autofree char *rules = poll_rules_fingerprint(poll->context->config, poll->git,
							poll->context->author_key);

	return g_strdup_printf("%s rules:%s%s", digest, rules, shallow ? " shallow" : "");
}

static bool cursor_is_shallow(const char *cursor)
{
	return cursor && g_str_has_suffix(cursor, " shallow");
}

/* Nothing moved: one small update. */
static bool poll_idle(struct poll *poll, GError **error)
{
	return store_begin(poll->store, error) &&
	       store_source_ok(poll->store, poll->source.source_id, poll->source.cursor,
			       poll->now, cursor_is_shallow(poll->source.cursor),
			       error) &&
	       store_commit(poll->store, error);
}

static bool store_one_commit(const struct mirror_commit *commit, void *user,
			     GError **error)
{
	struct poll *poll = user;
	struct commit_row row = {
		.oid = commit->oid,
		.parents = commit->parents,
		.n_parents = MIN(commit->n_parents, G_N_ELEMENTS(commit->parents)),
		.times = commit->times,
	};

	row.times.author = forgotten_filter(poll->forgotten, row.times.author);
	if (++poll->result->n_commits % 10000 == 0 && poll->context->progress) {
		g_autofree char *text = g_strdup_printf(
			"storing commits %u%% (%zu/%u)",
			(guint)(poll->result->n_commits * 100 /
				poll->state.positions->len),
			poll->result->n_commits, poll->state.positions->len);

		poll->context->progress(poll->git->name, text, poll->context->user);
	}
	return store_commits_add(poll->store, &row, error);
}

static bool store_commits(struct poll *poll, GError **error)
{
	gsize n_new = 0;

	if (poll->state.positions->len == 0)
		return true;
	if (!store_commits_begin(poll->store, poll->source.repo_id, error) ||
	    !repo_state_read(&poll->state, poll->context->author_key, poll->notes,
			     store_one_commit, poll, error) ||
	    !store_commits_end(poll->store, &n_new, error))
		return false;
	poll->result->n_commits = n_new;
	if (poll->state.n_bad)
		repo_notice(poll->context, poll->git,
			    "%zu commits cannot be read and are left out; if the remote "
			    "has them "
			    "whole, delete the mirror in the cache directory",
			    poll->state.n_bad);
	return true;
}

/* What became of a ref: NULL if nothing that anyone has to hear of. */
static const char *ref_event(const struct poll *poll, const struct ref_row *was,
			     const struct mirror_ref *is)
{
	bool tag = g_str_has_prefix(was->name, "refs/tags/");
	const struct graph *graph = &poll->state.graph->graph;
	g_autoptr(GArray) lost = NULL;
	guint32 old, new;

	if (!is)
		return tag ? "tag deleted" : "branch deleted";
	if (oid_equal(&was->object, &is->object))
		return NULL;
	if (tag)
		return "tag moved";
	old = graph_find(graph, &was->commit);
	new = graph_find(graph, &is->commit);
	if (old == GRAPH_NONE)
		return "branch rewritten";
	lost = graph_difference(graph, &old, 1, &new, 1);
	return lost->len ? "branch rewritten" : NULL;
}

/* Both listings are sorted by name: one walk tells what came, went and moved. */
static bool store_ref_changes(struct poll *poll, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct ref_row));
	const GArray *refs = poll->state.refs;
	guint i = 0, j = 0;

	while (i < refs->len || j < poll->known_refs->len) {
		const struct mirror_ref *is =
			i < refs->len ? &g_array_index(refs, struct mirror_ref, i) : NULL;
		const struct ref_row *was = j < poll->known_refs->len
						    ? &g_array_index(poll->known_refs,
								     struct ref_row, j)
						    : NULL;
		int order = !is ? 1 : !was ? -1 : strcmp(is->name, was->name);
		struct ref_row row = { .first_seen = poll->now };
		const char *event = NULL;

		if (order <= 0) {
			row.name = is->name;
			row.object = is->object;
			row.commit = is->commit;
			i++;
		}
		if (order >= 0) {
			event = ref_event(poll, was, order == 0 ? is : NULL);
			row.name = was->name;
			j++;
		}
		if (order == 0 && oid_equal(&was->object, &is->object) &&
		    oid_equal(&was->commit, &is->commit))
			continue;
		g_array_append_val(rows, row);
		if (!event)
			continue;
		repo_notice(poll->context, poll->git, "%s: %s", event, was->name);
		if (!store_repo_event(poll->store, poll->source.repo_id, poll->now, event,
				      was->name, &was->object, &row.object, error))
			return false;
	}
	return rows->len == 0 ||
	       store_refs_write(poll->store, poll->source.repo_id,
				(const struct ref_row *)(const void *)rows->data,
				rows->len, error);
}

/* Is the part of the cursor that names the rules another one? */
static bool rules_changed(const struct poll *poll)
{
	const char *was = poll->source.cursor ? strstr(poll->source.cursor, " rules:")
					      : NULL;
	const char *is = strstr(poll->cursor, " rules:");

	return !was || strncmp(was, is, strlen(" rules:") + FINGERPRINT_LENGTH) != 0;
}

/* Everything a fetch brought, with the cursor, in one transaction. */
static bool poll_store(struct poll *poll, GError **error)
{
	struct poll_change what = {
		.rules = rules_changed(poll),
		.history = cursor_is_shallow(poll->source.cursor),
	};
	struct source_row locked = { 0 };
	bool same, renewed = false;

	if (!store_begin(poll->store, error) ||
	    !store_source(poll->store, poll->git->name, &locked, error))
		return false;
	same = g_strcmp0(locked.cursor, poll->source.cursor) == 0;
	source_row_clear(&locked);
	if (!same) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "another dorad has stored a newer state of this source "
			    "meanwhile");
		return false;
	}
	poll->notes = notes_new(poll->context->config, poll->git->name,
				poll->context->author_key, error);
	poll->forgotten = forgotten_load(poll->store, poll->context->author_key, error);
	if (!poll->notes || !poll->forgotten || !store_commits(poll, error) ||
	    !poll_notes_store(poll->store, poll->context, poll->git, poll->source.repo_id,
			      &poll->state, poll->whole, poll->notes, &renewed, error))
		return false;
	/* before the first poll nothing was made of any */
	what.notes = renewed && poll->source.cursor;
	return store_ref_changes(poll, error) &&
	       poll_rules_store(poll->store, poll->context, poll->git, &poll->source,
				&poll->state, poll->now, &what, poll->result, error) &&
	       store_source_ok(poll->store, poll->source.source_id, poll->cursor,
			       poll->now, poll->state.graph->shallow, error) &&
	       store_commit(poll->store, error);
}

/* Loads what was fetched. A mirror that turns out to be damaged where only reading shows
 * it is thrown away and fetched anew, once. */
static bool poll_load(struct poll *poll, struct mirror *mirror, GError **error)
{
	bool grown = poll->source.cursor && !cursor_is_shallow(poll->source.cursor);
	const GArray *known = grown ? poll->known_refs : NULL;
	g_autoptr(GError) local = NULL;

	poll->whole = !grown;
	if (repo_state_load(&poll->state, mirror, known, &local))
		return true;
	if (!g_error_matches(local, DORA_ERROR, DORA_ERROR_DATA)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	repo_notice(poll->context, poll->git,
		    "the mirror is damaged (%s); fetching it anew", local->message);
	repo_state_clear(&poll->state);
	return mirror_discard(mirror, error) && mirror_fetch(mirror, NULL, error) &&
	       repo_state_load(&poll->state, mirror, known, error);
}

/* Something moved, or the rules did. */
static bool poll_changed(struct poll *poll, struct mirror *mirror, const char *digest,
			 GError **error)
{
	bool rebuilt = false;

	if (!mirror_fetch(mirror, &rebuilt, error))
		return false;
	if (rebuilt)
		repo_notice(poll->context, poll->git,
			    "the mirror was damaged and has been fetched anew");
	poll->known_refs = store_refs(poll->store, poll->source.repo_id, error);
	if (!poll->known_refs || !poll_load(poll, mirror, error))
		return false;
	if (poll->state.graph->shallow)
		repo_notice(poll->context, poll->git,
			    "the remote is shallow: commits before its boundary are "
			    "unknown, and "
			    "the first deployments ship less than they did");
	poll->cursor = cursor_make(poll, digest, poll->state.graph->shallow);
	poll->result->changed = true;
	return poll_store(poll, error);
}

static bool poll_try(struct poll *poll, GError **error)
{
	_cleanup_(mirror_closep) struct mirror *mirror = NULL;
	g_autofree char *digest = NULL;
	g_autofree char *cursor = NULL;

	if (!store_source(poll->store, poll->git->name, &poll->source, error))
		return false;
	mirror = repo_mirror_open(poll->context, poll->git, error);
	if (!mirror || !mirror_list(mirror, &digest, error))
		return false;
	cursor = cursor_make(poll, digest, cursor_is_shallow(poll->source.cursor));
	/* A cache that was deleted is filled again, though nothing moved. */
	if (g_strcmp0(cursor, poll->source.cursor) != 0 || !mirror_is_fetched(mirror))
		return poll_changed(poll, mirror, digest, error);
	if (!cursor_is_shallow(cursor))
		return poll_idle(poll, error);
	/* A remote that is given the rest of its history moves no ref: only a fetch
	 * tells. */
	if (!mirror_fetch(mirror, NULL, error))
		return false;
	if (git_is_shallow(mirror))
		return poll_idle(poll, error);
	return poll_changed(poll, mirror, digest, error);
}

bool poll_git(struct store *store, const struct work_context *context,
	      const struct config_git *git, gint64 now, struct poll_result *result,
	      GError **error)
{
	struct poll poll = {
		.store = store,
		.context = context,
		.git = git,
		.now = now,
		.result = result,
	};
	GError *local = NULL;
	bool ok;

	*result = (struct poll_result){ 0 };
	ok = poll_try(&poll, &local);
	if (!ok) {
		store_rollback(store);
		if (poll.source.source_id)
			store_source_failed(store, poll.source.source_id, now, local,
					    NULL);
		*result = (struct poll_result){ 0 };
		g_propagate_error(error, local);
	}
	poll_clear(&poll);
	return ok;
}
