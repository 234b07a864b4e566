#include "metrics/graph.h"

#include "base/error.h"
#include "metrics/graph_layout.h"

/* The index in a layer of the first name not below oid, in [0, n]; bounds are taken from
 * the fanout but never trusted beyond n. */
static guint32 layer_lower_bound(const struct graph_layer *layer, const struct oid *oid)
{
	guint8 byte = oid->id[0];
	guint32 low = byte > 0 ? read_be32(layer->fanout + 4 * (byte - 1)) : 0;
	guint32 high = read_be32(layer->fanout + 4 * byte);

	low = MIN(low, layer->n);
	high = MIN(high, layer->n);
	while (low < high) {
		guint32 middle = low + (high - low) / 2;

		if (memcmp(layer->oids + (gsize)middle * oid->len, oid->id, oid->len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

guint32 graph_find(const struct graph *graph, const struct oid *oid)
{
	if (oid->len != graph->oid_len)
		return GRAPH_NONE;
	for (guint l = 0; l < graph->n_layers; l++) {
		const struct graph_layer *layer = &graph->layers[l];
		guint32 i = layer_lower_bound(layer, oid);

		if (i < layer->n &&
		    memcmp(layer->oids + (gsize)i * oid->len, oid->id, oid->len) == 0)
			return layer->first + i;
	}
	return GRAPH_NONE;
}

guint32 graph_find_prefix(const struct graph *graph, const char *hex, gsize n)
{
	struct oid low = { .len = (guint8)graph->oid_len }, high = low;
	guint32 found = GRAPH_NONE;

	if (graph->n_layers == 0 || n == 0 || n > 2 * (gsize)graph->oid_len)
		return GRAPH_NONE;
	memset(high.id, 0xff, sizeof(high.id));
	for (gsize i = 0; i < n; i++) {
		int digit = g_ascii_xdigit_value(hex[i]);
		int shift = i % 2 ? 0 : 4;

		if (digit < 0)
			return GRAPH_NONE;
		low.id[i / 2] |= (guint8)(digit << shift);
		high.id[i / 2] &= (guint8) ~((15 - digit) << shift);
	}
	for (guint l = 0; l < graph->n_layers; l++) {
		const struct graph_layer *layer = &graph->layers[l];

		for (guint32 i = layer_lower_bound(layer, &low);
		     i < layer->n &&
		     memcmp(layer->oids + (gsize)i * low.len, high.id, low.len) <= 0;
		     i++) {
			if (found != GRAPH_NONE)
				return GRAPH_NONE;
			found = layer->first + i;
		}
	}
	return found;
}

void graph_oid(const struct graph *graph, guint32 pos, struct oid *oid)
{
	const struct graph_layer *layer = graph_layer_of(graph, pos);

	*oid = (struct oid){ .len = (guint8)graph->oid_len };
	memcpy(oid->id, layer->oids + (gsize)(pos - layer->first) * graph->oid_len,
	       graph->oid_len);
}

guint32 graph_level(const struct graph *graph, guint32 pos)
{
	return graph_level_at(graph, pos);
}

gint64 graph_committed(const struct graph *graph, guint32 pos)
{
	const guint8 *row = layer_row(graph, graph_layer_of(graph, pos), pos);
	guint64 high = read_be32(row + ROW_LEVEL) & 3;

	return (gint64)(high << 32 | read_be32(row + ROW_TIME));
}

void graph_parents_init(struct graph_parents *it, const struct graph *graph, guint32 pos)
{
	graph_parents_begin(it, graph, pos);
}

guint32 graph_parents_next(struct graph_parents *it, const struct graph *graph)
{
	return graph_parents_step(it, graph);
}

guint graph_n_parents(const struct graph *graph, guint32 pos)
{
	struct graph_parents it;
	guint n = 0;

	graph_parents_begin(&it, graph, pos);
	while (graph_parents_step(&it, graph) != GRAPH_NONE)
		n++;
	return n;
}

guint32 graph_first_parent(const struct graph *graph, guint32 pos)
{
	const guint8 *row = layer_row(graph, graph_layer_of(graph, pos), pos);

	return graph_bounded(graph, read_be32(row + ROW_FIRST));
}
