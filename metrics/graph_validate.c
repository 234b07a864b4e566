#include "base/error.h"
#include "metrics/graph_layout.h"

static bool damaged(GError **error, guint layer, const char *what)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "commit graph: layer %u: %s",
		    layer, what);
	return false;
}

static bool fanout_is_true(const struct graph *graph, const struct graph_layer *layer)
{
	guint32 from = 0;

	for (guint byte = 0; byte < 256; byte++) {
		guint32 to = read_be32(layer->fanout + 4 * (gsize)byte);

		if (to > layer->n)
			return false;
		/* Names are sorted, so the ends of a range vouch for what lies between. A
		 * fanout that falls has to rise again, over names of an earlier byte. */
		if (to > from && (layer->oids[(gsize)from * graph->oid_len] != byte ||
				  layer->oids[(gsize)(to - 1) * graph->oid_len] != byte))
			return false;
		from = to;
	}
	return from == layer->n;
}

static bool names_are_sorted(const struct graph *graph, const struct graph_layer *layer)
{
	const guint8 *oid = layer->oids;

	for (guint32 i = 1; i < layer->n; i++, oid += graph->oid_len)
		if (memcmp(oid, oid + graph->oid_len, graph->oid_len) >= 0)
			return false;
	return true;
}

/* True if parent is in bounds and below level. */
static bool parent_is_good(const struct graph *graph, guint32 end, guint32 parent,
			   guint32 level)
{
	return parent < end && graph_level_at(graph, parent) < level;
}

/* Checks the parents in EDGE of one commit, and counts them. */
static bool edges_are_good(const struct graph *graph, const struct graph_layer *layer,
			   guint32 i, guint32 level, guint64 *n_used)
{
	guint32 end = layer->first + layer->n;

	for (; i < layer->n_edges; i++) {
		guint32 edge = read_be32(layer->edges + (gsize)i * 4);

		/* Commits that share edges would make a small file a long walk. */
		if (++*n_used > layer->n_edges)
			return false;
		if (!parent_is_good(graph, end, edge & ~EDGE_LAST, level))
			return false;
		if (edge & EDGE_LAST)
			return true;
	}
	return false;
}

static const char *rows_fault(const struct graph *graph, const struct graph_layer *layer)
{
	gsize width = graph->oid_len + ROW_FIELDS;
	const guint8 *row = layer->rows + graph->oid_len;
	guint32 end = layer->first + layer->n;
	guint64 n_used = 0;

	for (guint32 i = 0; i < layer->n; i++, row += width) {
		guint32 first = read_be32(row + ROW_FIRST);
		guint32 second = read_be32(row + ROW_SECOND);
		guint32 level = read_be32(row + ROW_LEVEL) >> 2;

		if (level == 0)
			return "a commit without a level";
		if (first == ROW_NO_PARENT) {
			if (second != ROW_NO_PARENT)
				return "a second parent without a first";
			continue;
		}
		if (!parent_is_good(graph, end, first, level))
			return "a first parent out of bounds or order";
		if (second == ROW_NO_PARENT)
			continue;
		if (second & ROW_IN_EDGES) {
			if (!edges_are_good(graph, layer, second & ~ROW_IN_EDGES, level,
					    &n_used))
				return "parents of an octopus merge out of bounds or "
				       "order";
		} else if (!parent_is_good(graph, end, second, level)) {
			return "a second parent out of bounds or order";
		}
	}
	return NULL;
}

bool graph_validate(const struct graph *graph, guint from_layer, GError **error)
{
	guint64 n = 0;

	if (graph->n_layers > GRAPH_MAX_LAYERS)
		return damaged(error, graph->n_layers, "too many layers");
	if (graph->n_layers > 0 && graph->oid_len != 20 && graph->oid_len != 32)
		return damaged(error, 0, "names of unknown length");
	/* Every layer's place is checked before any row is read: parents may be anywhere.
	 */
	for (guint l = 0; l < graph->n_layers; l++) {
		if (graph->layers[l].first != n)
			return damaged(error, l, "positions with a gap");
		n += graph->layers[l].n;
		if (n > LEVEL_MAX)
			return damaged(error, l, "too many commits");
	}
	if (graph->n != n)
		return damaged(error, graph->n_layers, "another number of commits");

	for (guint l = from_layer; l < graph->n_layers; l++) {
		const struct graph_layer *layer = &graph->layers[l];
		const char *fault;

		if (!names_are_sorted(graph, layer))
			return damaged(error, l, "names out of order");
		if (!fanout_is_true(graph, layer))
			return damaged(error, l,
				       "a fanout that is not that of its names");
		fault = rows_fault(graph, layer);
		if (fault)
			return damaged(error, l, fault);
	}
	return true;
}
