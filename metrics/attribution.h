#pragma once

/*
 * Which commits a rollout shipped: by ancestry, never by clock (docs/metrics.md). In
 * order of finish, each rollout ships every commit reachable from its revision that no
 * earlier one reached.
 */
#include "metrics/graph.h"
#include "metrics/rollout.h"

/* What a rollout was, seen from one repository's chain. Names: "normal", "baseline",
 * "redeploy", "older", "revision_missing". */
enum rollout_kind {
	ROLLOUT_NORMAL,	  /* ships at least one commit nothing earlier reached */
	ROLLOUT_BASELINE, /* the first with a known revision, where no baseline is
			     configured */
	ROLLOUT_REDEPLOY, /* the same revision as the step before */
	ROLLOUT_OLDER, /* a revision that was reached before: rollback, or a slow parallel
			  pipeline */
	ROLLOUT_REVISION_MISSING,
	N_ROLLOUT_KINDS,
};
const char *rollout_kind_name(enum rollout_kind kind);
bool rollout_kind_parse(const char *name, enum rollout_kind *kind);

/* The result for one chain (a rollout group and a repository). Commits of step i are
 * commits[first[i]] … commits[first[i + 1] - 1]. */
struct attribution {
	guint32 *commits;
	gsize *first;		  /* n_steps + 1 */
	enum rollout_kind *kinds; /* n_steps */
	gsize n_steps;
};

/* steps: the position of each rollout's revision in order of finish, GRAPH_NONE where the
 * graph does not have it. baseline: position of the configured baseline revision (its
 * ancestors and itself count as reached and are nobody's), GRAPH_NONE if none. One pass;
 * every commit and edge is touched once. Commits of a step come in no particular order.
 */
void attribution_run(const struct graph *graph, const guint32 *steps, gsize n_steps,
		     guint32 baseline, struct attribution *result);
void attribution_clear(struct attribution *result);

/* One more rollout at the end of a chain whose earlier revisions are known: what
 * attribution_run() would say of the last step, at the cost of what is new. earlier must
 * hold every earlier step and the configured baseline, in any order (GRAPH_NONE and
 * repetitions are fine), the last step last; has_baseline: a baseline is configured and
 * among them. Returns an array of guint32. */
GArray *attribution_next(const struct graph *graph, const guint32 *earlier,
			 gsize n_earlier, bool has_baseline, guint32 step,
			 enum rollout_kind *kind);

/* Decides about one shipped commit. lead is written (a span, µs) where EXCLUSION_NONE is
 * returned. from_committed: lead time starts at the committer's time, else at the
 * author's. In order: baseline, merge, implausible_time, negative. */
enum exclusion lead_time_judge(enum rollout_kind kind, guint n_parents,
			       const struct commit_times *times, gint64 finished,
			       bool from_committed, gint64 *lead);
