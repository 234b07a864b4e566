#pragma once

/*
 * The commit graph of one repository in compact arrays: exactly the bytes of git's
 * commit-graph file (gitformat-commit-graph(5): OIDL, CDAT and EDGE chunks, a chain of
 * layers), so that a mapped file is used where it lies and a walk touches only the pages
 * it needs. A graph that git has no file for (a shallow mirror, a test, rows of a
 * database) is built in memory in the same layout.
 *
 * A commit is named by its position: 0 … graph->n - 1, layers one after another, base
 * first. Parents may have higher or lower positions. Positions are only meaningful within
 * one graph value.
 */
#include "metrics/facts.h"

#define GRAPH_NONE G_MAXUINT32
#define GRAPH_MAX_LAYERS 64 /* git merges layers long before */

struct graph_layer {
	const guint8 *oids;   /* n × oid_len, sorted */
	const guint8 *rows;   /* CDAT: n × (oid_len + 16), big-endian */
	const guint8 *edges;  /* EDGE: n_edges × 4, big-endian; NULL if none */
	const guint8 *fanout; /* OIDF: 256 × 4, big-endian */
	guint32 n_edges;
	guint32 first; /* position of this layer's first commit */
	guint32 n;
};

struct graph {
	struct graph_layer layers[GRAPH_MAX_LAYERS];
	guint n_layers;
	guint32 n;
	guint oid_len; /* 20 or 32; 0 while there are no layers */
	gsize n_cut;   /* parents that the graph does not have (shallow boundary) */
};

/* One commit to build a layer from. */
struct graph_commit {
	struct oid oid;
	const struct oid *parents;
	guint n_parents;
	gint64 committed; /* seconds since 1970; clamped to what the format holds */
};

/* Appends a layer built from commits (any order, duplicates and commits the graph has
 * already are skipped; no layer if that leaves none). Parents found neither in the graph
 * nor among commits are left out and counted in n_cut. Levels (generation numbers) are
 * computed. The first layer decides on oid_len. The memory belongs to the caller, who
 * frees the returned buffer after the graph; NULL with DORA_ERROR_DATA, *graph untouched,
 * for a cycle, too many layers or commits, or mixed oid_len. */
guint8 *graph_append(struct graph *graph, const struct graph_commit *commits, gsize n,
		     GError **error);

/* The position of a commit, GRAPH_NONE if the graph does not have it. O(log n). All other
 * functions take positions below graph->n, and GRAPH_NONE only where they say so. */
guint32 graph_find(const struct graph *graph, const struct oid *oid);
/* The commit whose name begins with n hexadecimal digits; GRAPH_NONE if there is none, or
 * more than one. */
guint32 graph_find_prefix(const struct graph *graph, const char *hex, gsize n);
void graph_oid(const struct graph *graph, guint32 pos, struct oid *oid);
/* Topological level: greater than that of every ancestor. 1 for roots. */
guint32 graph_level(const struct graph *graph, guint32 pos);
/* Committer time in seconds as git stores it in the file (34 bits, no sign). */
gint64 graph_committed(const struct graph *graph, guint32 pos);

/* Parents in order: graph_parents_init(), then graph_parents_next() until it returns
 * GRAPH_NONE. The fields are private. */
struct graph_parents {
	guint32 next, second;
	const guint8 *edge, *end;
};
void graph_parents_init(struct graph_parents *it, const struct graph *graph, guint32 pos);
guint32 graph_parents_next(struct graph_parents *it, const struct graph *graph);
guint graph_n_parents(const struct graph *graph, guint32 pos);
guint32 graph_first_parent(const struct graph *graph, guint32 pos);

/* Checks layers from the given one on, in one pass: names sorted and fanout true to them
 * (graph_find() finds), parents in the same layer or below, edges within bounds and
 * nobody's twice, levels that fall towards the roots (graph_difference() is exact). False
 * with DORA_ERROR_DATA: the file has to be written anew; also for the files of ancient
 * gits without levels. That the arrays are as long as n and n_edges say is up to whoever
 * set the pointers. Walks over layers never validated stay within bounds and end, but
 * their result means nothing. */
bool graph_validate(const struct graph *graph, guint from_layer, GError **error);

/* Commits reachable from news and not from known: "git rev-list news --not known", in no
 * particular order, GRAPH_NONE entries ignored. Costs what lies between, not the whole
 * history (a walk by level). Returns an array of guint32. */
GArray *graph_difference(const struct graph *graph, const guint32 *news, gsize n_news,
			 const guint32 *known, gsize n_known);

/* Is commit to the same as from, or an ancestor of it? Costs at most the ancestors of
 * from with a level above that of to; nothing if from has none. */
bool graph_reaches(const struct graph *graph, guint32 from, guint32 to);
