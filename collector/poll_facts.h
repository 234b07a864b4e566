#pragma once

/*
 * The steps of a poll after the fetch, in memory: what is new in a mirror. Internal to
 * collector/; shared by polls, which store the outcome, and by the report, which does
 * not.
 */
#include "collector/git/mirror.h"
#include "collector/repo_work.h"

/* The state of a repository after a fetch. */
struct repo_state {
	struct mirror *mirror; /* borrowed */
	struct mirror_graph *graph;
	GArray *refs; /* of struct mirror_ref */
	char *head;
	GArray *positions; /* guint32, sorted: commits to read (new ones, or all) */
	struct commit_times *times; /* of positions; filled while they are read */
	gsize n_bad;		    /* unreadable commits among them */
};
void repo_state_clear(struct repo_state *state);

/* Loads graph and refs, and finds the commits reachable from them but not from known
 * (heads and tags of the poll before; NULL: all). */
bool repo_state_load(struct repo_state *state, struct mirror *mirror, const GArray *known,
		     GError **error);

/* Reads the commits at state->positions, keeps their times, has notes (may be NULL) look
 * at their messages, hands each to visit (may be NULL). */
bool repo_state_read(struct repo_state *state, GBytes *author_key, struct notes *notes,
		     bool (*visit)(const struct mirror_commit *commit, void *user,
				   GError **error),
		     void *user, GError **error);

/* Committer time of any commit of the graph: as read, else as the graph has it. */
gint64 repo_state_committed(const struct repo_state *state, guint32 pos);

/* Which of state->positions touch the component (n_positions bytes, non-zero: yes). The
 * caller frees. */
bool repo_state_touched(struct repo_state *state, const struct mirror_paths *sets,
			guint n_sets, guint8 **touched, GError **error);
