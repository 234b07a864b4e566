#include "tests/graph_fixture.h"

#include "base/error.h"

/* ---- bytes laid out by hand: what git writes ---- */

#define BE32(n) (guint8)((n) >> 24), (guint8)((n) >> 16), (guint8)((n) >> 8), (guint8)(n)
#define NAME(a) a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define TREE NAME(0xee)
#define NO_PARENT 0x70000000u
#define IN_EDGES 0x80000000u
#define LAST 0x80000000u
#define ROW(first, second, level, time)                                                  \
	TREE, BE32(first), BE32(second),                                                 \
		BE32((guint32)(level) << 2 | (guint32)((guint64)(time) >> 32)),          \
		BE32((guint32)(time))

/* Five commits. Times have 34 bits; levels may be higher than need be. */
static const guint8 names[] = { NAME(0x10), NAME(0x20), NAME(0x30), NAME(0x40),
				NAME(0x50) };
static const guint8 rows[] = {
	ROW(1, IN_EDGES | 1, 3, 1600000000), /* 10: an octopus of 20, 30, 40, 30 */
	ROW(3, 2, 2, 0x3ffffffffu),	     /* 20: a merge of 40 and 30 */
	ROW(NO_PARENT, NO_PARENT, 1, 0),     /* 30: a root */
	ROW(NO_PARENT, NO_PARENT, 1, 5),     /* 40: a root */
	ROW(NO_PARENT, NO_PARENT, 7, 5),     /* 50: a root apart */
};
static const guint8 edges[] = { BE32(4u), BE32(2u), BE32(3u), BE32(2u | LAST), BE32(4u) };

enum { N_ROWS = 5, ROW_BYTES = 36, N_EDGES = 5 };

/* A copy of the bytes above that may be damaged. */
struct sample {
	guint8 names[sizeof(names)], rows[sizeof(rows)], edges[sizeof(edges)];
	guint8 fanout[1024];
	struct graph graph;
};

static void sample_fill_fanout(struct sample *sample)
{
	for (guint byte = 0, n = 0; byte < 256; byte++) {
		guint32 value;

		while (n < N_ROWS && sample->names[n * 20] == byte)
			n++;
		value = GUINT32_TO_BE(n);
		memcpy(sample->fanout + (gsize)byte * 4, &value, 4);
	}
}

static void sample_init(struct sample *sample)
{
	*sample = (struct sample){ 0 };
	memcpy(sample->names, names, sizeof(names));
	memcpy(sample->rows, rows, sizeof(rows));
	memcpy(sample->edges, edges, sizeof(edges));
	sample_fill_fanout(sample);
	sample->graph = (struct graph){
		.layers = { { .oids = sample->names,
			      .rows = sample->rows,
			      .edges = sample->edges,
			      .fanout = sample->fanout,
			      .n_edges = N_EDGES,
			      .n = N_ROWS } },
		.n_layers = 1,
		.n = N_ROWS,
		.oid_len = 20,
	};
}

START_TEST(reads_what_git_writes)
{
	static const guint32 parents[N_ROWS][5] = {
		{ 1, 2, 3, 2, GRAPH_NONE },
		{ 3, 2, GRAPH_NONE },
		{ GRAPH_NONE },
		{ GRAPH_NONE },
		{ GRAPH_NONE },
	};
	static const guint counts[N_ROWS] = { 4, 2, 0, 0, 0 };
	static const guint32 levels[N_ROWS] = { 3, 2, 1, 1, 7 };
	static const gint64 times[N_ROWS] = { 1600000000, G_GINT64_CONSTANT(0x3ffffffff),
					      0, 5, 5 };
	struct sample sample;
	struct oid oid;

	sample_init(&sample);
	ck_assert(graph_validate(&sample.graph, 0, NULL));
	for (guint32 pos = 0; pos < N_ROWS; pos++) {
		struct graph_parents it = { 0 };

		graph_parents_init(&it, &sample.graph, pos);
		for (guint p = 0; p <= counts[pos]; p++)
			ck_assert_uint_eq(graph_parents_next(&it, &sample.graph),
					  parents[pos][p]);
		ck_assert_uint_eq(graph_parents_next(&it, &sample.graph), GRAPH_NONE);
		ck_assert_uint_eq(graph_n_parents(&sample.graph, pos), counts[pos]);
		ck_assert_uint_eq(graph_first_parent(&sample.graph, pos),
				  parents[pos][0]);
		ck_assert_uint_eq(graph_level(&sample.graph, pos), levels[pos]);
		ck_assert_int_eq(graph_committed(&sample.graph, pos), times[pos]);
		graph_oid(&sample.graph, pos, &oid);
		ck_assert_uint_eq(oid.id[0], (pos + 1) * 0x10);
		ck_assert_uint_eq(graph_find(&sample.graph, &oid), pos);
	}
	oid = (struct oid){ .len = 20, .id = { 0x10, 1 } };
	ck_assert_uint_eq(graph_find(&sample.graph, &oid), GRAPH_NONE);
	oid = (struct oid){ .len = 20, .id = { 0xff } };
	ck_assert_uint_eq(graph_find(&sample.graph, &oid), GRAPH_NONE);
	oid = (struct oid){ .len = 32, .id = { 0x10 } };
	ck_assert_uint_eq(graph_find(&sample.graph, &oid), GRAPH_NONE);
	ck_assert_uint_eq(graph_find(&(struct graph){ 0 }, &oid), GRAPH_NONE);
}
END_TEST

/* ---- damage by name ---- */

enum field { FIRST = 20, SECOND = 24, LEVEL = 28 };

static const struct {
	const char *what;
	enum { IN_ROW, IN_EDGE, IN_NAMES, IN_FANOUT, NOWHERE } where;
	guint at; /* row (with field), edge, byte or fanout entry */
	enum field field;
	guint32 value;
	bool good;
	guint to; /* the last fanout entry */
} damages[] = {
	{ "nothing", NOWHERE, .good = true },
	{ "a first parent too high", IN_ROW, 1, FIRST, 5 },
	{ "a first parent that is no position", IN_ROW, 1, FIRST, 0xffffffff },
	{ "a first parent that is the commit itself", IN_ROW, 1, FIRST, 1 },
	{ "a first parent that is a child", IN_ROW, 2, FIRST, 0 },
	{ "a first parent of a higher level", IN_ROW, 1, FIRST, 4 },
	{ "a second parent too high", IN_ROW, 1, SECOND, 5 },
	{ "a second parent that is a child", IN_ROW, 1, SECOND, 0 },
	{ "a second parent without a first", IN_ROW, 1, FIRST, NO_PARENT },
	{ "no second parent", IN_ROW, 1, SECOND, NO_PARENT, .good = true },
	{ "edges out of bounds", IN_ROW, 0, SECOND, IN_EDGES | 5 },
	{ "edges far out of bounds", IN_ROW, 0, SECOND, 0xffffffff },
	{ "edges that never end", IN_ROW, 0, SECOND, IN_EDGES | 4 },
	{ "an edge out of bounds", IN_EDGE, 2, 0, 5 },
	{ "an edge to a higher level", IN_EDGE, 2, 0, 4 },
	{ "a last edge out of bounds", IN_EDGE, 3, 0, 0x7fffffff | LAST },
	{ "no last edge", IN_EDGE, 3, 0, 2 },
	{ "edges that are shared", IN_ROW, 1, SECOND, IN_EDGES | 1 },
	{ "an earlier end of edges", IN_EDGE, 1, 0, 2 | LAST, .good = true },
	{ "a level of 0", IN_ROW, 3, LEVEL, 0 },
	{ "a level that its parent has", IN_ROW, 1, LEVEL, 1 << 2 },
	{ "a level below its parent's", IN_ROW, 2, LEVEL, 3 << 2 },
	{ "a level that no child minds", IN_ROW, 0, LEVEL, 0x3fffffffu << 2,
	  .good = true },
	{ "names out of order", IN_NAMES, 20, 0, 0x05 },
	{ "a name twice", IN_NAMES, 20, 0, 0x10 },
	{ "a fanout that falls", IN_FANOUT, 0x18, 0, 0, .to = 0x18 },
	{ "a fanout beyond the end", IN_FANOUT, 0x50, 0, 6, .to = 0x50 },
	{ "a fanout far beyond the end", IN_FANOUT, 0x50, 0, 0xffffffff, .to = 0xff },
	{ "a fanout that ends early", IN_FANOUT, 0x50, 0, 4, .to = 0xff },
	{ "a fanout that is late for a name", IN_FANOUT, 0x10, 0, 0, .to = 0x1f },
	{ "a fanout that is early for a name", IN_FANOUT, 0x10, 0, 2, .to = 0x1f },
	{ "a fanout with names of another byte", IN_FANOUT, 0x0f, 0, 1, .to = 0x0f },
};

START_TEST(damage_is_found)
{
	struct sample sample;
	guint32 value = GUINT32_TO_BE(damages[_i].value);
	guint at = damages[_i].at;
	g_autoptr(GError) error = NULL;

	sample_init(&sample);
	switch (damages[_i].where) {
	case IN_ROW:
		memcpy(sample.rows + at * ROW_BYTES + damages[_i].field, &value, 4);
		break;
	case IN_EDGE:
		memcpy(sample.edges + (gsize)at * 4, &value, 4);
		break;
	case IN_NAMES:
		sample.names[at] = (guint8)damages[_i].value;
		sample_fill_fanout(&sample);
		break;
	case IN_FANOUT:
		for (; at <= damages[_i].to; at++)
			memcpy(sample.fanout + (gsize)at * 4, &value, 4);
		break;
	case NOWHERE:
		break;
	}
	ck_assert_msg(graph_validate(&sample.graph, 0, &error) == damages[_i].good,
		      "%s: %s", damages[_i].what, error ? error->message : "not found");
	if (!damages[_i].good)
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	/* Found or not, looking stays inside. */
	for (guint byte = 0; byte < 256; byte++) {
		struct oid oid = { .len = 20, .id = { (guint8)byte, 0xff } };

		ck_assert_uint_eq(graph_find(&sample.graph, &oid), GRAPH_NONE);
	}
}
END_TEST

/* Two layers of the same rows, the second with names of its own. */
START_TEST(layers_stand_on_each_other)
{
	struct sample base, top;
	struct graph graph;
	guint32 value;

	sample_init(&base);
	sample_init(&top);
	for (guint i = 0; i < N_ROWS; i++)
		top.names[i * 20 + 1] = 1;
	graph = base.graph;
	graph.layers[1] = top.graph.layers[0];
	graph.layers[1].first = N_ROWS;
	graph.n_layers = 2;
	graph.n = 2 * N_ROWS;
	/* All parents of the second are in the first: as good as in its own. */
	ck_assert(graph_validate(&graph, 0, NULL));
	value = GUINT32_TO_BE(7);
	memcpy(top.rows + ROW_BYTES + FIRST, &value, 4);
	ck_assert(graph_validate(&graph, 0, NULL));
	/* A layer below must not lean on one above. */
	memcpy(base.rows + ROW_BYTES + FIRST, &value, 4);
	ck_assert(!graph_validate(&graph, 0, NULL));
	ck_assert(graph_validate(&graph, 1, NULL));
	sample_init(&base);
	graph.layers[0] = base.graph.layers[0];

	graph.layers[1].first = N_ROWS + 1;
	ck_assert(!graph_validate(&graph, 2, NULL));
	graph.layers[1].first = N_ROWS;
	graph.n++;
	ck_assert(!graph_validate(&graph, 2, NULL));
	graph.n--;
	graph.n_layers = GRAPH_MAX_LAYERS + 1;
	ck_assert(!graph_validate(&graph, 2, NULL));
	graph.n_layers = 2;
	graph.oid_len = 16;
	ck_assert(!graph_validate(&graph, 2, NULL));
}
END_TEST

/* ---- damage at random ---- */

/* All that is reachable from a position by the graph's own parents. */
static void close_by_graph(const struct graph *graph, guint32 pos, guint8 *set)
{
	bool grown = true;

	memset(set, 0, graph->n);
	set[pos] = 1;
	while (grown) {
		grown = false;
		for (guint32 i = 0; i < graph->n; i++) {
			struct graph_parents it;
			guint32 parent;

			graph_parents_init(&it, graph, i);
			while (set[i] &&
			       (parent = graph_parents_next(&it, graph)) != GRAPH_NONE) {
				grown = grown || !set[parent];
				set[parent] = 1;
			}
		}
	}
}

/* Whatever the bytes are, a walk ends and gives commits of the graph, each once; where
 * they validate it gives the right ones. */
static void check_damaged(const struct graph *graph, GRand *rand, bool valid, guint seed)
{
	guint32 from = (guint32)g_rand_int_range(rand, 0, (gint32)graph->n);
	guint32 known = (guint32)g_rand_int_range(rand, 0, (gint32)graph->n);
	g_autoptr(GArray) result = graph_difference(graph, &from, 1, &known, 1);
	g_autofree guint8 *wanted = g_new(guint8, graph->n);
	g_autofree guint8 *unwanted = g_new(guint8, graph->n);
	g_autofree guint8 *found = g_new0(guint8, graph->n);

	for (guint i = 0; i < result->len; i++) {
		guint32 pos = g_array_index(result, guint32, i);

		ck_assert_msg(pos < graph->n && !found[pos], "seed %u", seed);
		found[pos] = 1;
	}
	close_by_graph(graph, from, wanted);
	close_by_graph(graph, known, unwanted);
	for (guint32 i = 0; i < graph->n; i++) {
		bool right = found[i] == (wanted[i] && !unwanted[i]);
		struct oid oid;

		graph_oid(graph, i, &oid);
		right = graph_find(graph, &oid) < graph->n && right;
		ck_assert_msg(right || !valid, "seed %u", seed);
	}
}

START_TEST(flipped_bits)
{
	guint n_valid = 0, n_damaged = 0;

	for (guint seed = (guint)_i * 500; seed < (guint)(_i + 1) * 500; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		_cleanup_(history_clear) struct history history = { 0 };
		gint32 n_flips = g_rand_int_range(rand, 1, 5);

		history_make(&history, rand, (guint)g_rand_int_range(rand, 1, 30),
			     (guint)g_rand_int_range(rand, 1, 4));
		for (gint32 i = 0; i < n_flips; i++) {
			gint32 l = g_rand_int_range(rand, 0,
						    (gint32)history.buffers->len);
			const struct graph_layer *layer = &history.graph.layers[l];
			/* The rows three times of four: there is most to get wrong. */
			gsize begin = g_rand_int_range(rand, 0, 4)
					      ? (gsize)(layer->rows - layer->fanout)
					      : 0;
			gsize end = (gsize)(layer->rows - layer->fanout) +
				    layer->n * (gsize)(history.graph.oid_len + 16) +
				    layer->n_edges * 4;
			gint32 at = g_rand_int_range(rand, (gint32)begin, (gint32)end);
			guint8 *buffer = g_ptr_array_index(history.buffers, l);

			buffer[at] ^= (guint8)(1 << g_rand_int_range(rand, 0, 8));
		}
		bool valid = graph_validate(&history.graph, 0, NULL);
		n_valid += valid;
		n_damaged += !valid;
		for (int i = 0; i < 4; i++)
			check_damaged(&history.graph, rand, valid, seed);
	}
	/* Both happen, or the test tests nothing. */
	ck_assert_uint_gt(n_valid, 50);
	ck_assert_uint_gt(n_damaged, 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("graph bytes");
	TCase *tests = tcase_create("graph bytes");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, reads_what_git_writes);
	tcase_add_loop_test(tests, damage_is_found, 0, G_N_ELEMENTS(damages));
	tcase_add_test(tests, layers_stand_on_each_other);
	tcase_add_loop_test(tests, flipped_bits, 0, 6);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
