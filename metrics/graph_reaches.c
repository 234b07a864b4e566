#include "metrics/graph.h"
#include "metrics/graph_layout.h"

/* Is what a commit with this level may have behind it worth a look? Only higher levels
 * reach a commit; those that git could not count any more all have the highest. */
static bool may_reach(guint32 level, guint32 to_level)
{
	return level > to_level || (level == to_level && level >= LEVEL_MAX);
}

bool graph_reaches(const struct graph *graph, guint32 from, guint32 to)
{
	guint32 to_level = graph_level_at(graph, to);
	g_autofree guint8 *seen = NULL;
	g_autoptr(GArray) waiting = NULL;

	if (from == to)
		return true;
	if (!may_reach(graph_level_at(graph, from), to_level))
		return false;
	/* Fresh zero pages from the system: only those touched cost anything. */
	seen = g_malloc0(graph_reached_size(graph));
	waiting = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_array_append_val(waiting, from);
	while (waiting->len > 0) {
		guint32 pos = g_array_index(waiting, guint32, waiting->len - 1), parent;
		struct graph_parents it;

		g_array_set_size(waiting, waiting->len - 1);
		graph_parents_begin(&it, graph, pos);
		while ((parent = graph_parents_step(&it, graph)) != GRAPH_NONE) {
			guint8 bit = (guint8)(1u << (parent & 7));

			if (parent == to)
				return true;
			if ((seen[parent >> 3] & bit) ||
			    !may_reach(graph_level_at(graph, parent), to_level))
				continue;
			seen[parent >> 3] |= bit;
			g_array_append_val(waiting, parent);
		}
	}
	return false;
}
