#pragma once

/*
 * Random histories for tests: commits 0 … n - 1, parents always lower, with several
 * roots, merges, octopus merges and repeated parents; the same as a graph of one or
 * several layers. What a walk should find is said by plain set arithmetic over the
 * history, which shares nothing with the code under test.
 */
#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "metrics/graph.h"

#define HISTORY_MAX_PARENTS 6

struct history {
	guint n;
	struct graph_commit *commits;
	struct oid (*parent_oids)[HISTORY_MAX_PARENTS];
	guint (*parents)[HISTORY_MAX_PARENTS];
	struct graph graph;
	guint32 *positions; /* commit → position */
	guint *commits_at;  /* position → commit */
	GPtrArray *buffers; /* what backs the graph */
};

static inline void history_clear(struct history *history)
{
	g_free(history->commits);
	g_free(history->parent_oids);
	g_free(history->parents);
	g_free(history->positions);
	g_free(history->commits_at);
	if (history->buffers)
		g_ptr_array_unref(history->buffers);
	*history = (struct history){ 0 };
}

static inline void random_oid(GRand *rand, guint8 len, struct oid *oid)
{
	*oid = (struct oid){ .len = len };
	for (guint i = 0; i < len; i++)
		oid->id[i] = (guint8)g_rand_int_range(rand, 0, 256);
}

/* How the next commit comes: mostly on the line before it, at times elsewhere. */
static inline guint random_parent(GRand *rand, guint i)
{
	guint reach = g_rand_boolean(rand) ? MIN(i, 3) : i;

	return i - 1 - (guint)g_rand_int_range(rand, 0, (gint32)reach);
}

static inline guint random_n_parents(GRand *rand, guint i)
{
	gint32 dice = g_rand_int_range(rand, 0, 100);

	if (i == 0 || dice < 4)
		return 0;
	if (dice < 65)
		return 1;
	if (dice < 93)
		return 2;
	return (guint)g_rand_int_range(rand, 3, HISTORY_MAX_PARENTS + 1);
}

/* Adds commits from … to - 1 as a layer, in random order. */
static inline void history_layer(struct history *history, GRand *rand, guint from,
				 guint to)
{
	g_autofree struct graph_commit *shuffled = g_memdup2(
		history->commits + from, (to - from) * sizeof(*history->commits));
	g_autoptr(GError) error = NULL;
	guint8 *buffer;

	for (guint i = to - from; i > 1; i--) {
		guint j = (guint)g_rand_int_range(rand, 0, (gint32)i);
		struct graph_commit swapped = shuffled[i - 1];

		shuffled[i - 1] = shuffled[j];
		shuffled[j] = swapped;
	}
	buffer = graph_append(&history->graph, shuffled, to - from, &error);
	ck_assert_msg(buffer != NULL, "%s", error ? error->message : "");
	g_ptr_array_add(history->buffers, buffer);
}

static inline void history_make(struct history *history, GRand *rand, guint n,
				guint n_layers)
{
	guint8 oid_len = g_rand_boolean(rand) ? 20 : 32;
	guint from = 0;

	*history = (struct history){
		.n = n,
		.commits = g_new0(struct graph_commit, n),
		.parent_oids = g_malloc0_n(n, sizeof(*history->parent_oids)),
		.parents = g_malloc0_n(n, sizeof(*history->parents)),
		.positions = g_new(guint32, n),
		.commits_at = g_new(guint, n),
		.buffers = g_ptr_array_new_with_free_func(g_free),
	};
	for (guint i = 0; i < n; i++) {
		struct graph_commit *commit = &history->commits[i];

		random_oid(rand, oid_len, &commit->oid);
		commit->n_parents = random_n_parents(rand, i);
		commit->parents = history->parent_oids[i];
		commit->committed = g_rand_int_range(rand, 0, G_MAXINT32);
		for (guint p = 0; p < commit->n_parents; p++) {
			guint parent = random_parent(rand, i);

			history->parents[i][p] = parent;
			history->parent_oids[i][p] = history->commits[parent].oid;
		}
	}
	for (guint layer = n_layers; layer > 0; layer--) {
		guint to = layer == 1 ? n : from + (n - from) / layer;

		if (to > from)
			history_layer(history, rand, from, to);
		from = to;
	}
	ck_assert_uint_eq(history->graph.n, n);
	for (guint i = 0; i < n; i++) {
		guint32 pos = graph_find(&history->graph, &history->commits[i].oid);

		ck_assert_uint_lt(pos, n);
		history->positions[i] = pos;
		history->commits_at[pos] = i;
	}
}

/* Adds to a set (a byte for each commit) all ancestors of what is in it. */
static inline void history_close(const struct history *history, guint8 *set)
{
	bool grown = true;

	while (grown) {
		grown = false;
		for (guint i = 0; i < history->n; i++) {
			for (guint p = 0; set[i] && p < history->commits[i].n_parents;
			     p++) {
				grown = grown || !set[history->parents[i][p]];
				set[history->parents[i][p]] = 1;
			}
		}
	}
}

/* True if positions are exactly the commits of a set, each once. */
static inline bool history_same(const struct history *history, const guint32 *positions,
				gsize n, const guint8 *set)
{
	g_autofree guint8 *left = g_memdup2(set, history->n);

	for (gsize i = 0; i < n; i++) {
		if (positions[i] >= history->n ||
		    !left[history->commits_at[positions[i]]])
			return false;
		left[history->commits_at[positions[i]]] = 0;
	}
	for (guint i = 0; i < history->n; i++)
		if (left[i])
			return false;
	return true;
}
