#include "tests/graph_fixture.h"

#include "base/error.h"

/* ---- random histories ---- */

/* The graph tells each commit as the history has it, and the levels are the longest
 * ways to a root. */
static void check_told(const struct history *history, guint seed)
{
	g_autofree guint32 *levels = g_new0(guint32, history->n);
	g_autoptr(GError) error = NULL;

	ck_assert_msg(graph_validate(&history->graph, 0, &error), "seed %u: %s", seed,
		      error ? error->message : "");
	for (guint i = 0; i < history->n; i++) {
		const struct graph_commit *commit = &history->commits[i];
		guint32 pos = history->positions[i];
		struct graph_parents it;
		struct oid oid;

		graph_parents_init(&it, &history->graph, pos);
		for (guint p = 0; p < commit->n_parents; p++) {
			guint32 parent = graph_parents_next(&it, &history->graph);

			ck_assert_msg(parent ==
					      history->positions[history->parents[i][p]],
				      "seed %u commit %u parent %u", seed, i, p);
			levels[i] = MAX(levels[i], levels[history->parents[i][p]]);
		}
		levels[i]++;
		ck_assert_uint_eq(graph_parents_next(&it, &history->graph), GRAPH_NONE);
		ck_assert_uint_eq(graph_n_parents(&history->graph, pos),
				  commit->n_parents);
		ck_assert_uint_eq(graph_level(&history->graph, pos), levels[i]);
		ck_assert_int_eq(graph_committed(&history->graph, pos),
				 commit->committed);
		graph_oid(&history->graph, pos, &oid);
		ck_assert(oid_equal(&oid, &commit->oid));
	}
}

static gsize random_set(GRand *rand, const struct history *history, guint32 *positions,
			guint8 *set, gsize max)
{
	gsize n = (gsize)g_rand_int_range(rand, 0, (gint32)max + 1);

	memset(set, 0, history->n);
	for (gsize i = 0; i < n; i++) {
		guint commit = (guint)g_rand_int_range(rand, 0, (gint32)history->n);

		positions[i] = GRAPH_NONE;
		if (g_rand_int_range(rand, 0, 10) == 0)
			continue;
		positions[i] = history->positions[commit];
		set[commit] = 1;
	}
	history_close(history, set);
	return n;
}

static void check_difference(const struct history *history, GRand *rand, guint seed)
{
	g_autofree guint8 *wanted = g_new(guint8, history->n);
	g_autofree guint8 *unwanted = g_new(guint8, history->n);
	guint32 news[4], known[8];
	gsize n_news = random_set(rand, history, news, wanted, 4);
	gsize n_known = random_set(rand, history, known, unwanted, 8);
	g_autoptr(GArray)
		result = graph_difference(&history->graph, news, n_news, known, n_known);

	for (guint i = 0; i < history->n; i++)
		wanted[i] = wanted[i] && !unwanted[i];
	ck_assert_msg(history_same(history, (const guint32 *)(void *)result->data,
				   result->len, wanted),
		      "seed %u: %u commits", seed, result->len);
}

static void check_reaches(const struct history *history, GRand *rand, guint seed)
{
	guint from = (guint)g_rand_int_range(rand, 0, (gint32)history->n);
	g_autofree guint8 *behind = g_new0(guint8, history->n);

	behind[from] = 1;
	history_close(history, behind);
	for (guint to = 0; to < history->n; to++)
		ck_assert_msg(graph_reaches(&history->graph, history->positions[from],
					    history->positions[to]) == behind[to],
			      "seed %u: from %u to %u", seed, from, to);
}

START_TEST(random_histories)
{
	for (guint seed = (guint)_i * 500; seed < (guint)(_i + 1) * 500; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		_cleanup_(history_clear) struct history history = { 0 };

		history_make(&history, rand, (guint)g_rand_int_range(rand, 1, 60),
			     (guint)g_rand_int_range(rand, 1, 6));
		check_told(&history, seed);
		for (int i = 0; i < 8; i++)
			check_difference(&history, rand, seed);
		for (int i = 0; i < 2; i++)
			check_reaches(&history, rand, seed);
	}
}
END_TEST

/* ---- building ---- */

/* Commits are one digit; parents are written behind them: "1", "2 1", "3 12". */
static const struct {
	const char *what;
	const char *layers[4][6];
	bool good; /* of the last layer */
	guint n, n_layers;
	gsize n_cut;
} builds[] = {
	{ "children before parents", { { "3 12", "2 1", "1" } }, true, 3, 1, 0 },
	{ "the same twice", { { "2 1", "1", "2 1" } }, true, 2, 1, 0 },
	{ "nothing", { { NULL } }, true, 0, 0, 0 },
	{ "nothing new", { { "1" }, { "1" } }, true, 1, 1, 0 },
	{ "a layer on a layer", { { "1" }, { "2 1" } }, true, 2, 2, 0 },
	{ "overlapping layers", { { "1", "2 1" }, { "3 2", "2 1" } }, true, 3, 2, 0 },
	{ "a parent beyond the boundary", { { "3 2" } }, true, 1, 1, 1 },
	{ "a merge of which one side is cut", { { "3 12", "1" } }, true, 2, 1, 1 },
	{ "an octopus that loses two", { { "5 1234", "1", "3" } }, true, 3, 1, 2 },
	{ "a parent that comes later stays cut", { { "2 1" }, { "1" } }, true, 2, 2, 1 },
	{ "its own parent", { { "1 1" } }, false, 0, 0, 0 },
	{ "each other's parent", { { "1 2", "2 1" } }, false, 0, 0, 0 },
	{ "a ring of three behind a line",
	  { { "5 4", "4 3", "3 2", "2 1", "1 3" } },
	  false,
	  0,
	  0,
	  0 },
	{ "a cycle on a layer", { { "1" }, { "3 12", "2 3" } }, false, 1, 1, 0 },
	{ "two ways to one commit are no cycle",
	  { { "4 23", "3 21", "2 1", "1" } },
	  true,
	  4,
	  1,
	  0 },
};

static struct oid digit_oid(char digit)
{
	return (struct oid){ .len = 20, .id = { (guint8)(digit * 89) } };
}

static guint8 *build_layer(struct graph *graph, const char *const *texts, GError **error)
{
	struct graph_commit commits[6];
	struct oid parents[6][6];
	gsize n = 0;

	for (; n < 6 && texts[n]; n++) {
		const char *text = texts[n];

		commits[n] = (struct graph_commit){ .oid = digit_oid(text[0]),
						    .parents = parents[n] };
		for (const char *p = text[1] ? text + 2 : ""; *p; p++)
			parents[n][commits[n].n_parents++] = digit_oid(*p);
	}
	return graph_append(graph, commits, n, error);
}

/* Every beginning of every name, counted commit by commit. */
START_TEST(finds_by_prefix)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	struct history history;

	history_make(&history, rand, 300, (guint)_i + 1);
	for (guint i = 0; i < history.n; i++) {
		char hex[2 * OID_BYTES + 1], other[2 * OID_BYTES + 1];

		oid_format(&history.commits[i].oid, hex);
		for (gsize n = 1; n <= strlen(hex); n += n < 8 ? 1 : 9) {
			guint same = 0;

			for (guint k = 0; k < history.n; k++)
				same += strncmp(oid_format(&history.commits[k].oid,
							   other),
						hex, n) == 0;
			ck_assert_uint_eq(graph_find_prefix(&history.graph, hex, n),
					  same == 1 ? history.positions[i] : GRAPH_NONE);
		}
	}
	ck_assert_uint_eq(graph_find_prefix(&history.graph, "", 0), GRAPH_NONE);
	ck_assert_uint_eq(graph_find_prefix(&history.graph, "xyz", 3), GRAPH_NONE);
	history_clear(&history);
}
END_TEST

START_TEST(builds_by_name)
{
	struct graph graph = { 0 };
	g_autoptr(GPtrArray) buffers = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	guint8 *buffer = NULL;
	guint l = 0;

	do {
		buffer = build_layer(&graph, builds[_i].layers[l], &error);
		if (buffer)
			g_ptr_array_add(buffers, buffer);
		l++;
	} while (builds[_i].layers[l][0]);

	ck_assert_msg((buffer != NULL) == builds[_i].good, "%s", builds[_i].what);
	if (!builds[_i].good)
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_msg(graph.n == builds[_i].n, "%s: %u commits", builds[_i].what,
		      graph.n);
	ck_assert_msg(graph.n_layers == builds[_i].n_layers, "%s: %u layers",
		      builds[_i].what, graph.n_layers);
	ck_assert_msg(graph.n_cut == builds[_i].n_cut, "%s: %zu cut", builds[_i].what,
		      graph.n_cut);
	ck_assert_msg(graph_validate(&graph, 0, &error), "%s", builds[_i].what);
}
END_TEST

START_TEST(refuses_other_lengths)
{
	struct graph graph = { 0 };
	struct oid sha1 = { .len = 20, .id = { 1 } }, sha256 = { .len = 32, .id = { 2 } };
	struct oid none = { 0 };
	struct graph_commit both[] = { { .oid = sha1 }, { .oid = sha256 } };
	struct graph_commit child = { .oid = sha1, .parents = &sha256, .n_parents = 1 };
	struct graph_commit nameless = { .oid = none };
	g_autofree guint8 *buffer = NULL;

	ck_assert_ptr_null(graph_append(&graph, both, 2, NULL));
	ck_assert_ptr_null(graph_append(&graph, &child, 1, NULL));
	ck_assert_ptr_null(graph_append(&graph, &nameless, 1, NULL));
	buffer = graph_append(&graph, both, 1, NULL);
	ck_assert_ptr_nonnull(buffer);
	ck_assert_ptr_null(graph_append(&graph, both + 1, 1, NULL));
	ck_assert_uint_eq(graph.n, 1);
}
END_TEST

START_TEST(layers_have_an_end)
{
	struct graph graph = { 0 };
	g_autoptr(GPtrArray) buffers = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	struct graph_commit commit = { .oid = { .len = 20 } };

	for (guint8 i = 0; i < GRAPH_MAX_LAYERS; i++) {
		commit.oid.id[0] = i;
		g_ptr_array_add(buffers, graph_append(&graph, &commit, 1, NULL));
	}
	ck_assert_uint_eq(graph.n_layers, GRAPH_MAX_LAYERS);
	commit.oid.id[0] = GRAPH_MAX_LAYERS;
	ck_assert_ptr_null(graph_append(&graph, &commit, 1, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert(graph_validate(&graph, 0, NULL));
}
END_TEST

static const struct {
	const char *what;
	gint64 given, kept;
} clamped[] = {
	{ "before 1970", -1, 0 },
	{ "beyond 32 bits", G_GINT64_CONSTANT(0x123456789),
	  G_GINT64_CONSTANT(0x123456789) },
	{ "the last that fits", G_GINT64_CONSTANT(0x3ffffffff),
	  G_GINT64_CONSTANT(0x3ffffffff) },
	{ "beyond 34 bits", G_GINT64_CONSTANT(0x400000000),
	  G_GINT64_CONSTANT(0x3ffffffff) },
	{ "beyond reason", G_MAXINT64, G_GINT64_CONSTANT(0x3ffffffff) },
};

START_TEST(times_are_clamped)
{
	struct graph graph = { 0 };
	struct graph_commit commit = { .oid = { .len = 32 },
				       .committed = clamped[_i].given };
	g_autofree guint8 *buffer = graph_append(&graph, &commit, 1, NULL);

	ck_assert_ptr_nonnull(buffer);
	ck_assert_msg(graph_committed(&graph, 0) == clamped[_i].kept, "%s",
		      clamped[_i].what);
	ck_assert_uint_eq(graph_level(&graph, 0), 1);
}
END_TEST

/* A line as long as this would exhaust any stack that grows with history. */
START_TEST(long_lines)
{
	enum { N = 100000 };
	g_autofree struct graph_commit *commits = g_new0(struct graph_commit, N);
	g_autofree struct oid *oids = g_new(struct oid, N);
	g_autofree guint8 *buffer = NULL;
	g_autoptr(GArray) all = NULL, few = NULL;
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	struct graph graph = { 0 };
	guint32 tip, before;

	for (guint i = 0; i < N; i++) {
		random_oid(rand, 20, &oids[i]);
		/* Youngest first, as git log would tell them. */
		commits[N - 1 - i] =
			(struct graph_commit){ .oid = oids[i],
					       .parents = &oids[i ? i - 1 : 0],
					       .n_parents = i > 0 };
	}
	buffer = graph_append(&graph, commits, N, NULL);
	tip = graph_find(&graph, &oids[N - 1]);
	before = graph_find(&graph, &oids[N - 11]);
	ck_assert_uint_eq(graph_level(&graph, tip), N);
	ck_assert(graph_validate(&graph, 0, NULL));
	all = graph_difference(&graph, &tip, 1, NULL, 0);
	ck_assert_uint_eq(all->len, N);
	few = graph_difference(&graph, &tip, 1, &before, 1);
	ck_assert_uint_eq(few->len, 10);
	ck_assert(graph_reaches(&graph, tip, graph_find(&graph, &oids[0])));
	ck_assert(!graph_reaches(&graph, before, tip));
}
END_TEST

/* 59 times two that merge the two before: 2 to the 58 ways, walked once. A graph whose
 * levels all ran into the highest that git can write is still told truly. */
START_TEST(many_ways)
{
	enum { N = 120 };
	struct graph_commit commits[N] = { 0 };
	struct oid oids[N], parents[N][2];
	struct graph graph = { 0 };
	g_autofree guint8 *buffer = NULL;
	guint32 tip, root, side;

	for (guint i = 0; i < N; i++) {
		guint left = i < 2 ? 0 : (i - 2) / 2 * 2, right = MIN(left + 1, i - 1);

		oids[i] = (struct oid){ .len = 20, .id = { (guint8)(i * 89) } };
		commits[i] = (struct graph_commit){ .oid = oids[i],
						    .parents = parents[i],
						    .n_parents = i < 2 ? 0 : 2 };
		if (i >= 2) {
			parents[i][0] = oids[left];
			parents[i][1] = oids[right];
		}
	}
	buffer = graph_append(&graph, commits, N, NULL);
	tip = graph_find(&graph, &oids[N - 1]);
	side = graph_find(&graph, &oids[N - 2]);
	root = graph_find(&graph, &oids[0]);
	ck_assert(graph_reaches(&graph, tip, root));
	ck_assert(!graph_reaches(&graph, root, tip));
	for (guint i = 0; i < N; i++) {
		guint8 *row = (guint8 *)graph.layers[0].rows + i * 36 + 20;

		row[8] = row[9] = row[10] = 0xff;
		row[11] = 0xfc | (row[11] & 3);
	}
	ck_assert_uint_eq(graph_level(&graph, root), 0x3fffffff);
	ck_assert(graph_reaches(&graph, tip, root));
	ck_assert(!graph_reaches(&graph, root, tip));
	ck_assert(!graph_reaches(&graph, tip, side));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("graph");
	TCase *tests = tcase_create("graph");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, random_histories, 0, 6);
	tcase_add_loop_test(tests, finds_by_prefix, 0, 4);
	tcase_add_loop_test(tests, builds_by_name, 0, G_N_ELEMENTS(builds));
	tcase_add_test(tests, refuses_other_lengths);
	tcase_add_test(tests, layers_have_an_end);
	tcase_add_loop_test(tests, times_are_clamped, 0, G_N_ELEMENTS(clamped));
	tcase_add_test(tests, long_lines);
	tcase_add_test(tests, many_ways);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
