#include "metrics/graph.h"
#include "metrics/graph_layout.h"

static inline bool reach(guint8 *reached, guint32 pos)
{
	guint8 bit = (guint8)(1u << (pos & 7));

	if (reached[pos >> 3] & bit)
		return false;
	reached[pos >> 3] |= bit;
	return true;
}

gsize graph_reach(const struct graph *graph, guint32 from, guint8 *reached,
		  guint32 *commits)
{
	gsize n = 0;

	if (!reach(reached, from))
		return 0;
	commits[n++] = from;
	/* The result is the queue: what is behind i was seen, what is before it waits. */
	for (gsize i = 0; i < n; i++) {
		struct graph_parents it;
		guint32 parent;

		graph_parents_begin(&it, graph, commits[i]);
		while ((parent = graph_parents_step(&it, graph)) != GRAPH_NONE)
			if (reach(reached, parent))
				commits[n++] = parent;
	}
	return n;
}

/* A heap of commits, the one with the highest level on top. */
struct queue {
	GArray *items; /* guint64: level, then position */
};

static void queue_push(struct queue *queue, guint64 item)
{
	guint64 *items;
	guint i = queue->items->len;

	g_array_append_val(queue->items, item);
	items = (guint64 *)(void *)queue->items->data;
	for (; i > 0 && items[(i - 1) / 2] < item; i = (i - 1) / 2)
		items[i] = items[(i - 1) / 2];
	items[i] = item;
}

static guint32 queue_pop(struct queue *queue)
{
	guint64 *items = (guint64 *)(void *)queue->items->data;
	guint n = queue->items->len - 1;
	guint32 pos = (guint32)items[0];
	guint64 last = items[n];
	guint i = 0;

	for (guint child = 1; child < n; child = 2 * i + 1) {
		if (child + 1 < n && items[child + 1] > items[child])
			child++;
		if (items[child] <= last)
			break;
		items[i] = items[child];
		i = child;
	}
	items[i] = last;
	g_array_set_size(queue->items, n);
	return pos;
}

/* What is known of a commit. */
enum {
	SEEN = 1,  /* was queued */
	KNOWN = 2, /* reachable from what is known */
	DONE = 4,  /* was taken from the queue */
};

struct difference {
	const struct graph *graph;
	struct queue queue;
	guint8 *marks;
	gsize n_new; /* queued commits that are not KNOWN */
};

static void difference_add(struct difference *walk, guint32 pos, guint8 known)
{
	guint8 *mark = &walk->marks[pos];

	if (!(*mark & SEEN)) {
		*mark = SEEN | known;
		queue_push(&walk->queue,
			   (guint64)graph_level_at(walk->graph, pos) << 32 | pos);
		if (!known)
			walk->n_new++;
	} else if (known && !(*mark & (KNOWN | DONE))) {
		*mark |= KNOWN;
		walk->n_new--;
	}
}

/* The difference to nothing is all there is, and needs no order. */
static GArray *all_reachable(const struct graph *graph, const guint32 *news, gsize n_news)
{
	g_autofree guint8 *reached = g_malloc0(graph_reached_size(graph));
	GArray *result = g_array_new(FALSE, FALSE, sizeof(guint32));
	gsize n = 0;

	/* Room for every commit: pages never written cost nothing. */
	g_array_set_size(result, graph->n);
	for (gsize i = 0; i < n_news; i++)
		if (news[i] != GRAPH_NONE)
			n += graph_reach(graph, news[i], reached,
					 (guint32 *)(void *)result->data + n);
	return g_array_set_size(result, (guint)n);
}

static gsize difference_add_all(struct difference *walk, const guint32 *commits, gsize n,
				guint8 known)
{
	gsize n_added = 0;

	for (gsize i = 0; i < n; i++) {
		if (commits[i] == GRAPH_NONE)
			continue;
		difference_add(walk, commits[i], known);
		n_added++;
	}
	return n_added;
}

/* Whatever can reach a commit has a higher level, so that a commit taken from the queue
 * has heard from all its descendants: what it is not by now it will never be. Without a
 * new commit in the queue none can follow. */
static void difference_walk(struct difference *walk, GArray *result)
{
	while (walk->n_new > 0) {
		guint32 pos = queue_pop(&walk->queue), parent;
		guint8 known = walk->marks[pos] & KNOWN;
		struct graph_parents it;

		walk->marks[pos] |= DONE;
		if (!known) {
			walk->n_new--;
			g_array_append_val(result, pos);
		}
		graph_parents_begin(&it, walk->graph, pos);
		while ((parent = graph_parents_step(&it, walk->graph)) != GRAPH_NONE)
			difference_add(walk, parent, known);
	}
}

GArray *graph_difference(const struct graph *graph, const guint32 *news, gsize n_news,
			 const guint32 *known, gsize n_known)
{
	/* Fresh zero pages from the system: only those touched cost anything. */
	g_autofree guint8 *marks = g_malloc0((gsize)graph->n + 1);
	g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint64));
	struct difference walk = { .graph = graph, .marks = marks, .queue = { queue } };
	GArray *result;

	if (difference_add_all(&walk, known, n_known, KNOWN) == 0)
		return all_reachable(graph, news, n_news);
	difference_add_all(&walk, news, n_news, 0);
	result = g_array_new(FALSE, FALSE, sizeof(guint32));
	difference_walk(&walk, result);
	return result;
}
