#include <check.h>
#include <stdlib.h>

#include "base/error.h"
#include "collector/git/path_glob.h"
#include "tests/git_repository.h"

static const struct {
	const char *what, *glob, *path;
	bool matches;
} globs[] = {
	{ "a file by its name", "README", "README", true },
	{ "not a longer name", "READ", "README", false },
	{ "a directory by its name", "src", "src/a/b.c", true },
	{ "a directory with a slash", "src/", "src/a/b.c", true },
	{ "a slash asks for a directory", "src/", "src", false },
	{ "a leading slash is the top", "/src", "src/x", true },
	{ "nothing is everything", "", "a/b", true },
	{ "so is the top", "/", "a/b", true },
	{ "star within a name", "src/*.c", "src/a.c", true },
	{ "star does not cross names", "src/*.c", "src/a/b.c", false },
	{ "star may be nothing", "src/a*.c", "src/a.c", true },
	{ "star tries again", "*ab", "aab", true },
	{ "two stars try again", "*a*b", "xaxbxb", true },
	{ "no directory by wildcard", "sr*", "src/a", false },
	{ "directories by wildcard and slash", "s*/", "src/a/b", true },
	{ "those alone", "s*/", "src", false },
	{ "question mark is one byte", "?.c", "a.c", true },
	{ "never none", "?.c", ".c", false },
	{ "never a slash", "a?b", "a/b", false },
	{ "deep at the start", "**/x.c", "a/b/x.c", true },
	{ "deep may be no directory", "**/x.c", "x.c", true },
	{ "deep takes whole names", "**/x.c", "a/yx.c", false },
	{ "deep in the middle", "a/**/z", "a/b/c/z", true },
	{ "or none there", "a/**/z", "a/z", true },
	{ "deep at the end", "a/**", "a/b/c", true },
	{ "is not the directory itself", "a/**", "a", false },
	{ "deep within a name", "a**z", "ab/c/yz", true },
	{ "deep and star", "**/test_*.c", "x/y/test_a.c", true },
	{ "star after deep tries again", "**/a*b/c", "ax/aab/c", true },
	{ "deep twice", "**/a/**/b", "x/a/a/y/b", true },
	{ "a bracket is a bracket", "[ab]", "a", false },
	{ "byte for byte", "\xff/*", "\xff/\xfe", true },
};

START_TEST(glob_matches)
{
	ck_assert_msg(path_glob_match(globs[_i].glob, globs[_i].path,
				      strlen(globs[_i].path)) == globs[_i].matches,
		      "%s: \"%s\" against \"%s\"", globs[_i].what, globs[_i].glob,
		      globs[_i].path);
}
END_TEST

START_TEST(hard_glob_ends)
{
	g_autofree char *path = g_strnfill(4000, 'a');

	ck_assert(!path_glob_match("**a*a*a*a*a*a*a*a*a*a*a*ab", path, 4000));
}
END_TEST

static const struct {
	const char *glob, *root;
} roots[] = {
	{ "src/lib/", "src/lib" }, { "src/lib/x*.c", "src/lib" },
	{ "src*/x", "" },	   { "**", "" },
	{ "README", "README" },	   { "/a/?", "a" },
	{ "a/b/**/c", "a/b" },
};

START_TEST(glob_root)
{
	g_autofree char *text = path_glob_root(roots[_i].glob);

	ck_assert_str_eq(text, roots[_i].root);
}
END_TEST

/* Files come, change and go, in branches that are merged, with names that try to be taken
 * for something else. */
static const char history[] =
	"git init -q -b main .\n"
	"t=1600000000\n"
	"change() { t=$((t + 1000)); for f; do mkdir -p \"$(dirname \"$f\")\";"
	" echo $t >\"$f\"; done; git add -A; commit $t \"$*\"; }\n"
	"change README src/a.c\n"
	"change src/lib/b.c docs/x.md\n"
	"commit 1600005000 empty\n"
	"first=$(git rev-parse HEAD)\n"
	"git checkout -q -b side; change src/lib/deep/c.c; change docs/y.md\n"
	"git checkout -q main; change src/lib-b/d.c; change src/lib/b.c docs/x.md\n"
	"git merge -q --no-ff -m merge side\n"
	"change \"$first\" \":src/a.c\" \"[s]rc/a.c\" 'new\nline/a.c'\n"
	"git rm -q -r src/lib; commit 1600090000 removed\n"
	"mkdir src/lib; change src/lib/b.c\n"
	"git mv src/a.c src/lib/a.c; commit 1600095000 moved\n"
	"git checkout -q --orphan island; git rm -q -rf .; change docs/island.md\n"
	"git checkout -q main\n"
	"git merge -q --allow-unrelated-histories -m island island\n";

static const char *const sets[] = {
	"src",	     "src/lib/",   "src/lib",	    "docs/*.md", "**/*.c", "src/**/b.c",
	"README",    "nowhere",	   "src/*.c",	    "**",	 "*",	   "s*/**",
	"docs/?.md", "src/lib/**", "src/lib/*/c.c", ":src",	 "[s]rc",
};

static bool see(guint32 pos, guint set, void *user, GError **error)
{
	GHashTable **hits = user;

	(void)error;
	ck_assert(g_hash_table_add(hits[set], GUINT_TO_POINTER(pos)));
	return true;
}

static struct mirror_graph *load(struct repository *repository, GArray **positions)
{
	g_autoptr(GError) error = NULL;
	struct mirror_graph *graph = mirror_graph_load(&repository->mirror, &error);

	ck_assert_msg(graph, "%s", error ? error->message : "");
	*positions = g_array_new(FALSE, FALSE, sizeof(guint32));
	for (guint32 i = 0; i < graph->graph.n; i++)
		g_array_append_val(*positions, i);
	return graph;
}

/* The commits in git's answer, one name a line, against those hit. */
static void compare(const struct graph *graph, const char *glob, const char *expected,
		    GHashTable *hits)
{
	g_auto(GStrv) lines = g_strsplit(expected, "\n", -1);
	guint n = 0;

	for (char **line = lines; *line && **line; line++, n++) {
		struct oid oid;

		ck_assert(oid_parse(*line, strlen(*line), &oid));
		ck_assert_msg(g_hash_table_contains(
				      hits, GUINT_TO_POINTER(graph_find(graph, &oid))),
			      "%s: %s", glob, *line);
	}
	ck_assert_msg(g_hash_table_size(hits) == n, "%s: %u hits, expected %u", glob,
		      g_hash_table_size(hits), n);
}

/* What git says of one glob, commit by commit for merges: it compares those with all
 * their parents when it walks. */
static char *ask_git(struct repository *repository, const char *glob)
{
	g_autofree char *script = g_strdup_printf(
		"spec=':(%s)%s'\n"
		"git rev-list --all --full-history --no-merges -- \"$spec\"\n"
		"git rev-list --all --merges | while read m; do"
		" git diff --quiet $m^1 $m -- \"$spec\" || echo $m; done",
		strpbrk(glob, "*?") ? "glob" : "literal", glob);

	return repository_shell(repository, script);
}

/* n sets at once, so that the directories git is told to look at differ. */
static void match(struct repository *repository, const struct graph *graph,
		  const GArray *positions, char **expected, guint from, guint n)
{
	struct mirror_paths paths[G_N_ELEMENTS(sets)];
	GHashTable *hits[G_N_ELEMENTS(sets)];
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < n; i++) {
		paths[i] = (struct mirror_paths){ &sets[from + i], 1 };
		hits[i] = g_hash_table_new(NULL, NULL);
	}
	ck_assert_msg(mirror_match_paths(&repository->mirror, graph,
					 (void *)positions->data, positions->len, paths,
					 n, see, hits, &error),
		      "%s", error ? error->message : "");
	for (guint i = 0; i < n; i++) {
		compare(graph, sets[from + i], expected[from + i], hits[i]);
		g_hash_table_unref(hits[i]);
	}
}

START_TEST(paths_agree_with_git)
{
	enum { N = G_N_ELEMENTS(sets) };
	g_autoptr(GArray) positions = NULL;
	struct repository repository;
	char *expected[N];

	repository_make(&repository, history);
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = load(&repository,
									&positions);
	for (guint i = 0; i < N; i++)
		expected[i] = ask_git(&repository, sets[i]);
	for (guint i = 0; i < N; i++)
		match(&repository, &graph->graph, positions, expected, i, 1);
	for (guint i = 0; i + 3 <= N; i += 2)
		match(&repository, &graph->graph, positions, expected, i, 3);
	match(&repository, &graph->graph, positions, expected, 0, N);
	for (guint i = 0; i < N; i++)
		g_free(expected[i]);
	repository_clear(&repository);
}
END_TEST

START_TEST(no_trees)
{
	struct mirror_paths paths = { sets, 1 };
	g_autoptr(GArray) positions = NULL;
	g_autoptr(GError) error = NULL;
	GHashTable *hits = g_hash_table_new(NULL, NULL);
	struct repository repository;

	g_autofree char *script = g_strconcat(
		history,
		"git config uploadpack.allowFilter true\n"
		"git clone -q --mirror --filter=tree:0 \"file://$PWD\" ../bare.git\n"
		"git -C ../bare.git config --unset remote.origin.promisor\n"
		"git -C ../bare.git config --unset remote.origin.partialclonefilter\n",
		NULL);
	repository_make(&repository, script);
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = load(&repository,
									&positions);
	for (int trees = 0; trees < 2; trees++) {
		g_clear_error(&error);
		repository.mirror.trees = trees;
		ck_assert(!mirror_match_paths(&repository.mirror, &graph->graph,
					      (void *)positions->data, positions->len,
					      &paths, 1, see, &hits, &error));
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	}
	ck_assert_uint_eq(g_hash_table_size(hits), 0);
	g_hash_table_unref(hits);
	repository_clear(&repository);
}
END_TEST

static const char two_files[] = "git init -q -b main .; mkdir docs new\n"
				"echo text >docs/x.md; echo other >'new\nline'\n"
				"git add -A; commit 1600000000\n";

static const struct {
	const char *what, *path, *content;
	gsize max;
	bool missing, fails;
} files[] = {
	{ "a file", "docs/x.md", "text\n", 100, false, false },
	{ "the limit is meant", "docs/x.md", "text\n", 5, false, false },
	{ "no such file", "docs/z.md", NULL, 100, true, false },
	{ "no such directory", "x/docs/z.md", NULL, 100, true, false },
	{ "a directory", "docs", NULL, 100, true, false },
	{ "the top", "", NULL, 100, true, false },
	{ "a newline in the name", "new\nline", "other\n", 100, false, false },
	{ "too long", "docs/x.md", NULL, 4, false, true },
};

START_TEST(file_is_read)
{
	struct repository repository;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;
	struct oid oid;
	bool missing;
	/* A mirror without blobs, or without trees too: they come from the remote. */
	g_autofree char *script = g_strconcat(
		two_files,
		"git config uploadpack.allowFilter true\n"
		"git config uploadpack.allowAnySHA1InWant true\n"
		"git clone -q --bare --filter=",
		_i % 2 ? "tree:0" : "blob:none",
		" \"file://$PWD\" ../bare.git\n"
		"git -C ../bare.git remote remove origin\n"
		"git -C ../bare.git config extensions.partialClone origin\n",
		NULL);

	repository_make(&repository, script);
	repository.git.url = g_build_filename(repository.root, "work", NULL);
	repository.mirror.trees = _i % 2 == 0;
	g_autofree char *commit = repository_shell(&repository, "git rev-parse main");
	ck_assert(oid_parse(commit, strlen(commit), &oid));
	content = mirror_read_file(&repository.mirror, &oid, files[_i / 2].path,
				   files[_i / 2].max, &missing, &error);
	ck_assert_msg(!error || files[_i / 2].fails, "%s: %s", files[_i / 2].what,
		      error ? error->message : "");
	ck_assert_msg(missing == files[_i / 2].missing, "%s", files[_i / 2].what);
	ck_assert_msg(!files[_i / 2].fails || (error && error->code == DORA_ERROR_DATA),
		      "%s", files[_i / 2].what);
	ck_assert(!content == !files[_i / 2].content);
	if (content)
		ck_assert_mem_eq(g_bytes_get_data(content, NULL), files[_i / 2].content,
				 g_bytes_get_size(content));
	g_free(repository.git.url);
	repository_clear(&repository);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gitpaths");
	TCase *tests = tcase_create("gitpaths");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, glob_matches, 0, G_N_ELEMENTS(globs));
	tcase_add_test(tests, hard_glob_ends);
	tcase_add_loop_test(tests, glob_root, 0, G_N_ELEMENTS(roots));
	tcase_add_test(tests, paths_agree_with_git);
	tcase_add_test(tests, no_trees);
	tcase_add_loop_test(tests, file_is_read, 0, 2 * G_N_ELEMENTS(files));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
