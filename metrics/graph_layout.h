#pragma once

/*
 * Reading the rows of a commit graph where they lie, inline, for the walks of metrics/.
 * Others use metrics/graph.h. Positions given must be below graph->n. What is read is
 * held against the bounds of the graph every time, so that even bytes that were never
 * validated lead nowhere outside: a parent or an edge out of bounds ends the list.
 */
#include "metrics/graph.h"

/* The fixed fields of a row, after the object name of the tree. */
#define ROW_FIRST 0
#define ROW_SECOND 4
#define ROW_LEVEL 8
#define ROW_TIME 12
#define ROW_FIELDS 16

#define ROW_NO_PARENT 0x70000000u
#define ROW_IN_EDGES 0x80000000u /* the other bits are where in EDGE the rest begins */
#define EDGE_LAST 0x80000000u

/* Levels have 30 bits; git gives all that would be higher the highest. A level below it
 * needs no more commits than this. */
#define LEVEL_MAX 0x3fffffffu

static inline guint32 read_be32(const guint8 *bytes)
{
	guint32 value;

	memcpy(&value, bytes, sizeof(value));
	return GUINT32_FROM_BE(value);
}

static inline const struct graph_layer *graph_layer_of(const struct graph *graph,
						       guint32 pos)
{
	const struct graph_layer *layer = graph->layers;

	while (pos - layer->first >= layer->n)
		layer++;
	return layer;
}

/* The fixed fields of a commit's row. */
static inline const guint8 *layer_row(const struct graph *graph,
				      const struct graph_layer *layer, guint32 pos)
{
	gsize width = graph->oid_len + ROW_FIELDS;

	return layer->rows + (pos - layer->first) * width + graph->oid_len;
}

static inline guint32 graph_bounded(const struct graph *graph, guint32 pos)
{
	return pos < graph->n ? pos : GRAPH_NONE;
}

static inline void graph_parents_begin(struct graph_parents *it,
				       const struct graph *graph, guint32 pos)
{
	const struct graph_layer *layer = graph_layer_of(graph, pos);
	const guint8 *row = layer_row(graph, layer, pos);
	guint32 second = read_be32(row + ROW_SECOND);

	it->next = graph_bounded(graph, read_be32(row + ROW_FIRST));
	it->second = graph_bounded(graph, second);
	it->edge = it->end = NULL;
	if ((second & ROW_IN_EDGES) && (second & ~ROW_IN_EDGES) < layer->n_edges) {
		it->edge = layer->edges + (gsize)(second & ~ROW_IN_EDGES) * 4;
		it->end = layer->edges + (gsize)layer->n_edges * 4;
	}
}

static inline guint32 graph_parents_step(struct graph_parents *it,
					 const struct graph *graph)
{
	guint32 parent = it->next;

	it->next = it->second;
	it->second = GRAPH_NONE;
	if (it->edge != it->end) {
		guint32 edge = read_be32(it->edge);

		it->next = graph_bounded(graph, edge & ~EDGE_LAST);
		it->edge = edge & EDGE_LAST ? it->end : it->edge + 4;
	}
	return parent;
}

static inline guint32 graph_level_at(const struct graph *graph, guint32 pos)
{
	return read_be32(layer_row(graph, graph_layer_of(graph, pos), pos) + ROW_LEVEL) >>
	       2;
}

/* Writes to commits those reachable from the given one (itself included) whose bit in
 * reached is not set, sets their bits, returns how many they are. reached holds graph->n
 * bits and must be closed: with a commit it has all its ancestors. commits needs room for
 * every commit whose bit is not set. */
gsize graph_reach(const struct graph *graph, guint32 from, guint8 *reached,
		  guint32 *commits);
static inline gsize graph_reached_size(const struct graph *graph)
{
	return (gsize)graph->n / 8 + 1;
}
