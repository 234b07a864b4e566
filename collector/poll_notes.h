#pragma once

/*
 * The part of a poll that keeps what commits say (collector/git/notes.h). Internal to
 * collector/.
 */
#include "collector/git/notes.h"
#include "collector/poll_facts.h"

/* Stores what was taken while the commits of state were read, inside the caller's
 * transaction and after them. whole: these were all there are. If the notes in the
 * database were taken for something else, all of them are taken anew, which reads every
 * commit unless that has just been done; *renewed then is true. */
bool poll_notes_store(struct store *store, const struct work_context *context,
		      const struct config_git *git, gint32 repo_id,
		      struct repo_state *state, bool whole, struct notes *notes,
		      bool *renewed, GError **error);
