#pragma once

/*
 * Which change (pull or merge request) each commit came from, by the commits that the
 * change names and the shape of the history (docs/metrics.md, "Changes"). A commit has
 * one change at most: that which names it, else the innermost whose merge brought it,
 * else that which was rebased onto it, else that of the commit it was picked from. Pure,
 * at the cost of what is tied.
 */
#include "metrics/graph.h"

enum tie_method {
	TIE_HEAD,   /* "head": it is the change's head */
	TIE_SQUASH, /* "squash": it is what the change became on its base */
	TIE_MERGE,  /* "merge": the change's merge brought it */
	TIE_REBASE, /* "rebase": it was put onto the base along with the change's sha */
	TIE_CHERRY_PICK, /* "cherry_pick": it was picked from one that is tied */
	N_TIE_METHODS,
};
const char *tie_method_name(enum tie_method method);

/* A change by the positions of the commits it names; GRAPH_NONE: none, or unknown. */
struct tie_change {
	guint32 sha;	/* on the base: a merge, a squash, the last of a rebase */
	guint32 squash; /* of a squash merge, where the source tells it */
	guint32 head;	/* the last commit of its branch */
	gint64 merged;	/* INSTANT_NONE: after all others */
};

/* That a commit says it was picked from another; either may be GRAPH_NONE. */
struct tie_pick {
	guint32 commit, from;
};

struct tie {
	guint32 commit; /* position */
	guint32 change; /* index */
	enum tie_method method;
};

/* The commits that are tied: an array of struct tie in order of position. times: of every
 * position; NULL: what the graph says, in whole seconds. Where several changes have a
 * claim of the same kind, the one merged first has it, of those merged at once the one
 * that stands first among changes, which are best given in order of their keys; otherwise
 * the order of changes and picks does not matter.
 */
GArray *changes_tie(const struct graph *graph, const struct commit_times *times,
		    const struct tie_change *changes, guint n_changes,
		    const struct tie_pick *picks, gsize n_picks);
