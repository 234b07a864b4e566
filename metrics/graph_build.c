#include "base/cleanup.h"
#include "base/error.h"
#include "metrics/graph_layout.h"

#define TIME_MAX ((G_GINT64_CONSTANT(1) << 34) - 1)

/* A layer while it is made. Its commits have indices 0 … n - 1, sorted by name. */
struct builder {
	const struct graph *graph;
	const struct graph_commit **commits;
	guint32 n;
	GArray *parents;     /* guint32: positions, of all commits one after another */
	gsize *first_parent; /* n + 1: where those of a commit begin */
	guint32 *levels;     /* 0: not known yet */
	gsize n_cut;
};

/* All names are of one length here. */
static int compare_oids(const struct oid *a, const struct oid *b)
{
	return memcmp(a->id, b->id, a->len);
}

/* By name, then in the order given, so that the first of duplicates stays. */
static int compare_commits(const void *a, const void *b)
{
	const struct graph_commit *x = *(const struct graph_commit *const *)a;
	const struct graph_commit *y = *(const struct graph_commit *const *)b;
	int order = compare_oids(&x->oid, &y->oid);

	return order ? order : (x > y) - (x < y);
}

/* Takes over the commits that are new, sorted. */
static void builder_select(struct builder *builder, const struct graph_commit *commits,
			   gsize n)
{
	gsize kept = 0;

	builder->commits = g_new(const struct graph_commit *, n + 1);
	for (gsize i = 0; i < n; i++)
		if (graph_find(builder->graph, &commits[i].oid) == GRAPH_NONE)
			builder->commits[kept++] = &commits[i];
	qsort(builder->commits, kept, sizeof(*builder->commits), compare_commits);
	for (gsize i = 0; i < kept; i++)
		if (builder->n == 0 ||
		    compare_oids(&builder->commits[builder->n - 1]->oid,
				 &builder->commits[i]->oid) != 0)
			builder->commits[builder->n++] = builder->commits[i];
}

static guint32 builder_find(const struct builder *builder, const struct oid *oid)
{
	guint32 low = 0, high = builder->n;

	while (low < high) {
		guint32 middle = low + (high - low) / 2;
		int order = compare_oids(&builder->commits[middle]->oid, oid);

		if (order == 0)
			return builder->graph->n + middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return graph_find(builder->graph, oid);
}

static void builder_link(struct builder *builder)
{
	builder->parents = g_array_new(FALSE, FALSE, sizeof(guint32));
	builder->first_parent = g_new(gsize, (gsize)builder->n + 1);
	for (guint32 i = 0; i < builder->n; i++) {
		const struct graph_commit *commit = builder->commits[i];

		builder->first_parent[i] = builder->parents->len;
		for (guint p = 0; p < commit->n_parents; p++) {
			guint32 parent = builder_find(builder, &commit->parents[p]);

			if (parent == GRAPH_NONE)
				builder->n_cut++;
			else
				g_array_append_val(builder->parents, parent);
		}
	}
	builder->first_parent[builder->n] = builder->parents->len;
}

/* One more than the highest level of commit i's parents; 0 if there are some in this
 * layer without one yet, which are pushed. */
static guint32 level_above(const struct builder *builder, guint32 i, GArray *stack)
{
	guint32 level = 0;
	guint before = stack->len;

	for (gsize p = builder->first_parent[i]; p < builder->first_parent[i + 1]; p++) {
		guint32 parent = g_array_index(builder->parents, guint32, p);
		guint32 index = parent - builder->graph->n;
		guint32 of_parent;

		if (parent < builder->graph->n) {
			of_parent = graph_level_at(builder->graph, parent);
		} else {
			of_parent = builder->levels[index];
			if (of_parent == 0)
				g_array_append_val(stack, index);
		}
		level = MAX(level, of_parent);
	}
	return stack->len == before ? level + 1 : 0;
}

/* Depth-first with a stack of our own. False for a cycle. */
static bool builder_level(struct builder *builder)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint32));
	/* Entered and not yet left: between the bottom of the stack and its top. */
	g_autofree bool *entered = g_new0(bool, (gsize)builder->n + 1);

	builder->levels = g_new0(guint32, (gsize)builder->n + 1);
	for (guint32 root = 0; root < builder->n; root++) {
		g_array_append_val(stack, root);
		while (stack->len > 0) {
			guint32 i = g_array_index(stack, guint32, stack->len - 1);
			guint before = stack->len;

			if (builder->levels[i] == 0)
				builder->levels[i] = level_above(builder, i, stack);
			if (builder->levels[i] != 0) {
				g_array_set_size(stack, stack->len - 1);
				continue;
			}
			entered[i] = true;
			for (guint s = before; s < stack->len; s++)
				if (entered[g_array_index(stack, guint32, s)])
					return false;
		}
	}
	return true;
}

static guint8 *put_be32(guint8 *to, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(to, &value, sizeof(value));
	return to + sizeof(value);
}

/* Lays the layer out in a buffer: fanout, names, rows, edges. */
static guint8 *builder_write(const struct builder *builder, struct graph_layer *layer)
{
	gsize oid_len = builder->commits[0]->oid.len;
	gsize names = 256 * 4, rows = names + builder->n * oid_len;
	gsize edges = rows + builder->n * (oid_len + ROW_FIELDS);
	guint8 *buffer = g_malloc0(edges + (gsize)builder->parents->len * 4);
	guint8 *name = buffer + names, *row = buffer + rows, *edge = buffer + edges;
	guint32 i = 0, n_edges = 0;

	for (guint byte = 0; byte < 256; byte++) {
		while (i < builder->n && builder->commits[i]->oid.id[0] == byte)
			i++;
		put_be32(buffer + (gsize)byte * 4, i);
	}
	for (i = 0; i < builder->n; i++) {
		const guint32 *parents = &g_array_index(builder->parents, guint32,
							builder->first_parent[i]);
		gsize n = builder->first_parent[i + 1] - builder->first_parent[i];
		guint64 seconds = (guint64)CLAMP(builder->commits[i]->committed, 0,
						 TIME_MAX);

		memcpy(name, builder->commits[i]->oid.id, oid_len);
		name += oid_len;
		row = put_be32(row + oid_len, n > 0 ? parents[0] : ROW_NO_PARENT);
		row = put_be32(row, n > 2   ? ROW_IN_EDGES | n_edges
				    : n > 1 ? parents[1]
					    : ROW_NO_PARENT);
		row = put_be32(row, builder->levels[i] << 2 | (guint32)(seconds >> 32));
		row = put_be32(row, (guint32)seconds);
		for (gsize p = 1; n > 2 && p < n; p++, n_edges++)
			edge = put_be32(edge, parents[p] | (p + 1 == n ? EDGE_LAST : 0));
	}
	*layer = (struct graph_layer){
		.fanout = buffer,
		.oids = buffer + names,
		.rows = buffer + rows,
		.edges = n_edges > 0 ? buffer + edges : NULL,
		.n_edges = n_edges,
		.first = builder->graph->n,
		.n = builder->n,
	};
	return buffer;
}

static void builder_clear(struct builder *builder)
{
	g_free(builder->commits);
	g_clear_pointer(&builder->parents, g_array_unref);
	g_free(builder->first_parent);
	g_free(builder->levels);
}

/* False with an error if these commits cannot be a layer of the graph. */
static bool commits_fit(const struct graph *graph, const struct graph_commit *commits,
			gsize n, GError **error)
{
	guint oid_len = graph->oid_len ? graph->oid_len : commits[0].oid.len;
	gsize n_parents = 0;
	bool same = oid_len == 20 || oid_len == 32;

	for (gsize i = 0; i < n; i++) {
		same = same && commits[i].oid.len == oid_len;
		n_parents += commits[i].n_parents;
		for (guint p = 0; p < commits[i].n_parents; p++)
			same = same && commits[i].parents[p].len == oid_len;
	}
	if (!same) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "commit graph: object names of different lengths");
		return false;
	}
	if (n > LEVEL_MAX - graph->n || n_parents > LEVEL_MAX) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "commit graph: too many commits");
		return false;
	}
	if (graph->n_layers == GRAPH_MAX_LAYERS) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "commit graph: too many layers");
		return false;
	}
	return true;
}

guint8 *graph_append(struct graph *graph, const struct graph_commit *commits, gsize n,
		     GError **error)
{
	_cleanup_(builder_clear) struct builder builder = { .graph = graph };
	guint8 *buffer;

	if (n == 0)
		return g_malloc0(1);
	if (!commits_fit(graph, commits, n, error))
		return NULL;
	builder_select(&builder, commits, n);
	if (builder.n == 0)
		return g_malloc0(1);
	builder_link(&builder);
	if (!builder_level(&builder)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "commit graph: a commit is its own ancestor");
		return NULL;
	}
	buffer = builder_write(&builder, &graph->layers[graph->n_layers]);
	graph->oid_len = commits[0].oid.len;
	graph->n_layers++;
	graph->n += builder.n;
	graph->n_cut += builder.n_cut;
	return buffer;
}
