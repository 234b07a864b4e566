#include "collector/poll_notes.h"

struct writing {
	struct store *store;
	gint32 repo_id;
};

static bool write_some(const struct commit_note *rows, gsize n, void *user,
		       GError **error)
{
	const struct writing *writing = user;

	return store_notes_add(writing->store, writing->repo_id, rows, n, error);
}

static bool write_all(const struct writing *writing, const struct notes *notes,
		      const struct repo_state *state, GError **error)
{
	return notes_each(notes, &state->graph->graph, write_some, (void *)writing,
			  error);
}

/* Of the commits that were known before, too: they were looked at for something else. */
static bool take_all(const struct writing *writing, struct mirror *mirror,
		     struct notes *notes, GError **error)
{
	struct repo_state all = { 0 };
	bool ok;

	notes_clear(notes);
	ok = repo_state_load(&all, mirror, NULL, error) &&
	     repo_state_read(&all, NULL, notes, NULL, NULL, error) &&
	     write_all(writing, notes, &all, error);
	repo_state_clear(&all);
	return ok;
}

bool poll_notes_store(struct store *store, const struct work_context *context,
		      const struct config_git *git, gint32 repo_id,
		      struct repo_state *state, bool whole, struct notes *notes,
		      bool *renewed, GError **error)
{
	const struct writing writing = { store, repo_id };
	g_autofree char *stored = NULL;
	bool ok = store_notes_patterns(store, repo_id, &stored, error);

	*renewed = ok && g_strcmp0(stored, notes_patterns(notes)) != 0;
	if (*renewed)
		ok = store_notes_reset(store, repo_id, notes_patterns(notes), error);
	ok = ok && (*renewed && !whole ? take_all(&writing, state->mirror, notes, error)
				       : write_all(&writing, notes, state, error));
	if (ok && notes_dropped(notes) > 0)
		repo_notice(context, git,
			    "%zu notes of commit messages are too many and left out: "
			    "patterns of remediation or exclude fit too much",
			    notes_dropped(notes));
	return ok;
}
