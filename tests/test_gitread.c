#include <check.h>
#include <stdlib.h>

#include "base/instant.h"
#include "tests/git_repository.h"

/* Forty commits with merges, an octopus, a tag, a tag of a tag. */
static const char history[] =
	"git init -q -b main .\n"
	"git config advice.nestedTag false\n"
	"t=1600000000\n"
	"for i in 1 2 3 4 5; do\n"
	"  for j in 1 2 3; do t=$((t + 1000)); commit $t \"on main $i.$j\"; done\n"
	"  git checkout -q -b side$i; t=$((t + 1000)); commit $t \"on side $i\"\n"
	"  git checkout -q -b other$i HEAD^; t=$((t + 1000)); commit $t \"on other $i\"\n"
	"  git checkout -q main; t=$((t + 1000)); commit $t\n"
	"  git merge -q --no-ff -m octopus side$i other$i\n"
	"  git tag light$i; git tag -a -m annotated tag$i HEAD^\n"
	"done\n"
	"git tag -a -m again tagtag tag3\n";

/* Everything the visitor got, one line a commit as git log --format would write it. */
struct seen {
	GString *text;
	GHashTable *authors; /* guint64 */
	guint n;
};

static void append_oid(GString *text, const struct oid *oid)
{
	char hex[2 * OID_BYTES + 1];

	g_string_append(text, oid_format(oid, hex));
}

static bool see(const struct mirror_commit *commit, void *user, GError **error)
{
	struct seen *seen = user;

	(void)error;
	append_oid(seen->text, &commit->oid);
	for (guint i = 0; i < commit->n_parents; i++) {
		g_string_append_c(seen->text, ' ');
		append_oid(seen->text, &commit->parents[i]);
	}
	g_string_append_printf(seen->text, " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
			       commit->times.authored / G_USEC_PER_SEC,
			       commit->times.committed / G_USEC_PER_SEC);
	g_hash_table_add(seen->authors,
			 g_memdup2(&commit->times.author, sizeof(guint64)));
	seen->n++;
	return true;
}

static void read_all(struct repository *repository, const struct graph *graph,
		     const char *order, struct seen *seen, gsize *n_bad)
{
	g_auto(GStrv) lines = g_strsplit(order, "\n", -1);
	g_autoptr(GArray) positions = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GBytes) key = g_bytes_new_static("key", 3);
	g_autoptr(GError) error = NULL;

	for (char **line = lines; *line && **line; line++) {
		struct oid oid;
		guint32 pos;

		ck_assert(oid_parse(*line, strcspn(*line, " "), &oid));
		pos = graph_find(graph, &oid);
		ck_assert_msg(pos != GRAPH_NONE, "%s", *line);
		g_array_append_val(positions, pos);
	}
	seen->text = g_string_new(NULL);
	seen->authors = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	ck_assert_msg(mirror_read_commits(&repository->mirror, graph,
					  (void *)positions->data, positions->len, key,
					  NULL, see, seen, n_bad, &error),
		      "%s", error ? error->message : "");
}

static void seen_clear(struct seen *seen)
{
	g_string_free(seen->text, TRUE);
	g_hash_table_unref(seen->authors);
}

static struct mirror_graph *load(struct repository *repository)
{
	g_autoptr(GError) error = NULL;
	struct mirror_graph *graph = mirror_graph_load(&repository->mirror, &error);

	ck_assert_msg(graph, "%s", error ? error->message : "");
	return graph;
}

/* Compares the graph's parents with what git says, line by line. */
static void check_parents(const struct graph *graph, const char *expected)
{
	g_auto(GStrv) lines = g_strsplit(expected, "\n", -1);
	guint n = 0;

	for (char **line = lines; *line && **line; line++, n++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		g_autoptr(GString) text = g_string_new(words[0]);
		struct graph_parents it = { 0 };
		struct oid oid;
		guint32 parent;

		ck_assert(oid_parse(words[0], strlen(words[0]), &oid));
		graph_parents_init(&it, graph, graph_find(graph, &oid));
		while ((parent = graph_parents_next(&it, graph)) != GRAPH_NONE) {
			graph_oid(graph, parent, &oid);
			g_string_append_c(text, ' ');
			append_oid(text, &oid);
		}
		ck_assert_str_eq(text->str, *line);
	}
	ck_assert_uint_eq(graph->n, n);
}

static const struct {
	const char *what;
	const char *prepare; /* in the bare repository */
	const char *init;
} layouts[] = {
	{ "one file", "git commit-graph write --reachable", "" },
	{ "a chain",
	  "git rev-parse other2 | git commit-graph write --stdin-commits "
	  "--split=no-merge\n"
	  "git rev-parse main~3 | git commit-graph write --stdin-commits "
	  "--split=no-merge\n"
	  "git commit-graph write --reachable --split=no-merge\n"
	  "test $(wc -l <objects/info/commit-graphs/commit-graph-chain) = 3",
	  "" },
	{ "a stale file", "git rev-parse main~3 | git commit-graph write --stdin-commits",
	  "" },
	{ "no file", ":", "" },
	{ "SHA-256", ":", "GIT_DEFAULT_HASH=sha256; export GIT_DEFAULT_HASH\n" },
};

START_TEST(facts_agree_with_git)
{
	g_autofree char *script = g_strconcat(layouts[_i].init, history, NULL);
	struct repository repository;
	struct seen seen = { 0 };
	gsize n_bad = 1;

	repository_make(&repository, script);
	g_free(repository_shell(&repository, layouts[_i].prepare));
	g_autofree char *parents = repository_shell(
		&repository, "git -c core.commitGraph=false rev-list --all --parents");
	g_autofree char *facts = repository_shell(
		&repository, "git log --all --format='%H %P %at %ct' | sed 's/  / /'");
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = load(&repository);

	check_parents(&graph->graph, parents);
	ck_assert_uint_eq(graph->graph.n_cut, 0);
	ck_assert(!graph->shallow);
	read_all(&repository, &graph->graph, facts, &seen, &n_bad);
	ck_assert_uint_eq(n_bad, 0);
	ck_assert_str_eq(g_strchomp(seen.text->str), facts);
	ck_assert_uint_eq(g_hash_table_size(seen.authors), 4);
	seen_clear(&seen);
	repository_clear(&repository);
}
END_TEST

START_TEST(refs_are_peeled)
{
	struct repository repository;
	g_autoptr(GError) error = NULL;
	g_autofree char *head = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	repository_make(&repository, history);
	g_autofree char *expected = repository_shell(
		&repository,
		"git for-each-ref --sort=refname --format='%(refname) %(objectname)"
		" %(taggerdate:unix)' refs/heads refs/tags | while read n o t; do"
		" echo $n $o $(git rev-parse $n^{commit}) ${t:--}"
		" $(git log -1 --format=%ct $n); done");
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = load(&repository);
	_cleanup_(mirror_refs_freep) GArray *refs = mirror_refs(
		&repository.mirror, &graph->graph, NULL, &head, &error);

	ck_assert_msg(refs, "%s", error ? error->message : "");
	for (guint i = 0; i < refs->len; i++) {
		const struct mirror_ref *ref = &g_array_index(refs, struct mirror_ref, i);

		g_string_append_printf(text, "%s ", ref->name);
		append_oid(text, &ref->object);
		g_string_append_c(text, ' ');
		append_oid(text, &ref->commit);
		if (ref->annotated)
			g_string_append_printf(text, " %" G_GINT64_FORMAT,
					       ref->tagged / G_USEC_PER_SEC);
		else
			g_string_append(text, " -");
		g_string_append_printf(text, " %" G_GINT64_FORMAT "\n",
				       ref->committed / G_USEC_PER_SEC);
	}
	ck_assert_str_eq(g_strchomp(text->str), expected);
	ck_assert_str_eq(head, "refs/heads/main");
	repository_clear(&repository);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gitread");
	TCase *tests = tcase_create("gitread");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, facts_agree_with_git, 0, G_N_ELEMENTS(layouts));
	tcase_add_test(tests, refs_are_peeled);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
