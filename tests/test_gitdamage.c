#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "collector/git/commit_graph_file.h"
#include "collector/git/commit_stream.h"
#include "tests/git_repository.h"

static const char history[] =
	"git init -q -b main .\n"
	"t=1600000000\n"
	"for i in 1 2 3; do\n"
	"  t=$((t + 1000)); commit $t; git checkout -q -b a$i\n"
	"  t=$((t + 1000)); commit $t; git checkout -q -b b$i HEAD^\n"
	"  t=$((t + 1000)); commit $t; git checkout -q main\n"
	"  t=$((t + 1000)); commit $t; git merge -q --no-ff -m octopus a$i b$i\n"
	"done\n";

/* Commit-graph files to damage; made in the bare repository. */
static const struct {
	const char *what, *make;
	const char *file; /* below objects/info; a shell pattern, its first match */
} layouts[] = {
	{ "one file", "git commit-graph write --reachable", "commit-graph" },
	{ "the chain's list",
	  "git rev-parse b2 | git commit-graph write --stdin-commits --split=no-merge\n"
	  "git commit-graph write --reachable --split=no-merge",
	  "commit-graphs/commit-graph-chain" },
	{ "the chain's base",
	  "git rev-parse b2 | git commit-graph write --stdin-commits --split=no-merge\n"
	  "git commit-graph write --reachable --split=no-merge",
	  "commit-graphs/graph-$(head -1 commit-graphs/commit-graph-chain).graph" },
	{ "the chain's tip",
	  "git rev-parse b2 | git commit-graph write --stdin-commits --split=no-merge\n"
	  "git commit-graph write --reachable --split=no-merge",
	  "commit-graphs/graph-$(tail -1 commit-graphs/commit-graph-chain).graph" },
};

/* A damaged file beside its good content. */
struct victim {
	struct repository repository;
	char *objects, *path;
	char *good;
	gsize n;
	guint n_commits;
};

static void victim_make(struct victim *victim, guint layout)
{
	g_autofree char *script = g_strconcat(
		layouts[layout].make, "\ncd objects/info; chmod -R u+w .; echo $PWD/",
		layouts[layout].file, NULL);

	repository_make(&victim->repository, history);
	victim->path = repository_shell(&victim->repository, script);
	victim->objects = g_build_filename(victim->repository.mirror.dir, "objects",
					   NULL);
	ck_assert(g_file_get_contents(victim->path, &victim->good, &victim->n, NULL));
	g_autofree char *n_commits = repository_shell(
		&victim->repository,
		"git -c core.commitGraph=false rev-list --all --count");
	victim->n_commits = (guint)g_ascii_strtoull(n_commits, NULL, 10);
}

static void victim_clear(struct victim *victim)
{
	repository_clear(&victim->repository);
	g_free(victim->objects);
	g_free(victim->path);
	g_free(victim->good);
}

/* Follows every edge and looks up every name. */
static void walk_all(const struct graph *graph)
{
	for (guint32 pos = 0; pos < graph->n; pos++) {
		struct graph_parents it = { 0 };
		struct oid oid;
		guint32 parent;

		graph_oid(graph, pos, &oid);
		ck_assert_uint_eq(graph_find(graph, &oid), pos);
		graph_parents_init(&it, graph, pos);
		while ((parent = graph_parents_next(&it, graph)) != GRAPH_NONE) {
			ck_assert_uint_lt(parent, graph->n);
			ck_assert_uint_lt(graph_level(graph, parent),
					  graph_level(graph, pos));
		}
	}
}

/* Reads what the file has become. True if it still passes for good. */
static bool read_file(struct victim *victim, const char *content, gsize n)
{
	g_autoptr(GPtrArray)
		owned = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GError) error = NULL;
	struct graph graph = { 0 };
	enum commit_graph_state state;

	/* Not in place, and without waiting for the disk. */
	g_unlink(victim->path);
	ck_assert(g_file_set_contents_full(victim->path, content, (gssize)n,
					   G_FILE_SET_CONTENTS_NONE, 0644, NULL));
	state = commit_graph_read(victim->objects, &graph, owned, &error);
	ck_assert_int_ne(state, COMMIT_GRAPH_NONE);
	ck_assert_int_eq(state == COMMIT_GRAPH_DAMAGED, error != NULL);
	if (error)
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	else
		walk_all(&graph);
	return state == COMMIT_GRAPH_GOOD;
}

START_TEST(truncated_anywhere)
{
	struct victim victim = { 0 };

	victim_make(&victim, (guint)_i);
	ck_assert(read_file(&victim, victim.good, victim.n));
	for (guint percent = 0; percent < 100; percent++) {
		bool good = read_file(&victim, victim.good, victim.n * percent / 100);

		/* A list that ends after a whole name is a shorter chain. */
		ck_assert_msg(!good || g_str_has_suffix(victim.path, "-chain"),
			      "%s: %u %%", layouts[_i].what, percent);
	}
	ck_assert(!read_file(&victim, victim.good, victim.n - 1));
	victim_clear(&victim);
}
END_TEST

START_TEST(bits_flipped)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(20260301);
	struct victim victim = { 0 };
	guint n_refused = 0;

	victim_make(&victim, (guint)_i);
	for (guint i = 0; i < 300; i++) {
		gsize byte = (gsize)g_rand_int_range(random, 0, (gint32)victim.n);
		g_autofree char *bad = g_memdup2(victim.good, victim.n);

		bad[byte] = (char)(bad[byte] ^ 1 << g_rand_int_range(random, 0, 8));
		n_refused += !read_file(&victim, bad, victim.n);
	}
	ck_assert_uint_gt(n_refused, 50);
	victim_clear(&victim);
}
END_TEST

/* What may have happened to a mirror's file. */
static const struct {
	const char *what, *script; /* $f is the file */
} accidents[] = {
	{ "cut in half", "truncate -s $(($(wc -c <$f) / 2)) $f" },
	{ "emptied", ": >$f" },
	{ "gone", "rm $f" },
	{ "of zeros", "n=$(wc -c <$f); head -c $n /dev/zero >$f" },
	{ "a directory", "rm $f; mkdir $f" },
	{ "a pipe", "rm $f; mkfifo $f" },
	{ "a loop", "rm $f; ln -s $f $f" },
};

START_TEST(load_recovers)
{
	struct victim victim = { 0 };

	victim_make(&victim, (guint)_i);
	for (gsize i = 0; i < G_N_ELEMENTS(accidents); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *script = g_strconcat(
			"rm -rf objects/info/commit-graph*\n", layouts[_i].make,
			"\nf=", victim.path, "; chmod u+w $f\n", accidents[i].script,
			NULL);

		g_free(repository_shell(&victim.repository, script));
		_cleanup_(mirror_graph_freep) struct mirror_graph *graph =
			mirror_graph_load(&victim.repository.mirror, &error);
		ck_assert_msg(graph, "%s %s: %s", layouts[_i].what, accidents[i].what,
			      error ? error->message : "");
		ck_assert_uint_eq(graph->graph.n, victim.n_commits);
		walk_all(&graph->graph);
	}
	victim_clear(&victim);
}
END_TEST

START_TEST(shallow_history)
{
	struct repository repository;
	g_autoptr(GError) error = NULL;

	repository_make(&repository,
			"git init -q -b main .\n"
			"for t in 1 2 3 4 5 6; do commit 160000${t}000; done\n"
			"git checkout -q -b side HEAD~4; commit 1600007000\n"
			"git checkout -q main; git merge -q --no-ff -m merge side\n"
			"git clone -q --mirror --depth 4 \"file://$PWD\" ../bare.git\n");
	g_autofree char *expected = repository_shell(
		&repository,
		"git rev-list --all --count\n"
		"git rev-list --all | git cat-file --batch | sed -n 's/^parent //p' |"
		" git cat-file --batch-check | grep -c missing");
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = mirror_graph_load(
		&repository.mirror, &error);
	ck_assert_msg(graph, "%s", error ? error->message : "");
	g_autofree char *text = g_strdup_printf("%u\n%" G_GSIZE_FORMAT, graph->graph.n,
						graph->graph.n_cut);
	ck_assert(graph->shallow);
	ck_assert_str_eq(text, expected);
	walk_all(&graph->graph);
	repository_clear(&repository);
}
END_TEST

START_TEST(empty_history)
{
	struct repository repository;
	g_autoptr(GError) error = NULL;
	g_autofree char *head = NULL;

	repository_make(&repository, "git init -q -b main .\n"
				     "git init -q --bare ../bare.git\n");
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = mirror_graph_load(
		&repository.mirror, &error);
	ck_assert_msg(graph, "%s", error ? error->message : "");
	ck_assert_uint_eq(graph->graph.n, 0);
	_cleanup_(mirror_refs_freep) GArray *refs = mirror_refs(
		&repository.mirror, &graph->graph, NULL, &head, &error);
	ck_assert_msg(refs, "%s", error ? error->message : "");
	ck_assert_uint_eq(refs->len, 0);
	ck_assert_ptr_null(head);
	repository_clear(&repository);
}
END_TEST

/* A history that git cannot walk is an error, not a short history. */
START_TEST(damaged_history)
{
	struct repository repository;
	g_autoptr(GError) error = NULL;

	repository_make(
		&repository,
		"git init -q -b main .\n"
		"for t in 1 2 3 4; do commit 160000${t}000; done\n"
		"git clone -q --mirror --no-hardlinks . ../bare.git\n"
		"o=$(git rev-parse main~2)\n"
		"f=../bare.git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-)\n"
		"chmod u+w $f; truncate -s 20 $f\n");
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = mirror_graph_load(
		&repository.mirror, &error);
	ck_assert_ptr_null(graph);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	repository_clear(&repository);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gitdamage");
	TCase *tests = tcase_create("gitdamage");
	SRunner *runner = srunner_create(suite);
	int n = G_N_ELEMENTS(layouts);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, truncated_anywhere, 0, n);
	tcase_add_loop_test(tests, bits_flipped, 0, n);
	tcase_add_loop_test(tests, load_recovers, 0, n);
	tcase_add_test(tests, shallow_history);
	tcase_add_test(tests, empty_history);
	tcase_add_test(tests, damaged_history);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
