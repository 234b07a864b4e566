#pragma once

/*
 * Made-up histories of any size and shape, the same for the same seed: a trunk, and
 * branches beside it that are merged and begin anew. Deployments are commits of the
 * trunk, evenly spread; the last one is ten commits after the one before.
 */
#include "metrics/graph.h"
#include "tests/bench/bench.h"

#define HISTORY_LAST 10 /* commits of the last deployment */

struct history_shape {
	const char *name;
	guint32 n_commits; /* about */
	guint32 n_deployments;
	guint merges;  /* of 1,000 commits */
	guint lanes;   /* the trunk and branches alive at any time */
	guint folders; /* services/s0 … of a monorepo; 0: commits without files */
};
extern const struct history_shape history_linux, history_samba, history_vim;

/* One commit; commits are numbered from 0, parents before children. */
struct history_commit {
	guint32 number;
	guint32 parents[2];
	guint n_parents;
	gint64 committed; /* seconds since 1970 */
	guint random;
	bool deployed;
};
void history_each(const struct history_shape *shape,
		  void (*visit)(const struct history_commit *commit, void *user),
		  void *user);

/* A bare repository of that shape at bench->dir/name: branch main, a lightweight tag
 * v00000001 … for each deployment, all packed, with a commit-graph file, served with
 * filters. */
void history_write(struct bench *bench, const struct history_shape *shape,
		   const char *name);

/* The same as a graph in memory. */
struct history_graph {
	struct graph graph;
	guint8 *layer;
	guint32 *steps; /* positions of deployments, in order */
	gsize n_steps;
};
void history_build(struct bench *bench, const struct history_shape *shape,
		   struct history_graph *history);
void history_graph_clear(struct history_graph *history);

/* Positions of the tags of a repository in its graph, in order. The caller frees. */
guint32 *history_tags(struct bench *bench, const char *name, const struct graph *graph,
		      gsize *n);
