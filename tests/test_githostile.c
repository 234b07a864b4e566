#include <check.h>
#include <stdlib.h>

#include "base/instant.h"
#include "collector/git/git_header.h"
#include "collector/git/git_objects.h"
#include "tests/git_repository.h"

#define TREE "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
#define COMMITTER "committer C <c@x> 1600000005 +0000\n"
#define NO_MAIL NULL

/* Commits nobody's git would write. */
static const struct {
	const char *what;
	const char *author;
	gint64 authored; /* seconds, or INSTANT_NONE */
	const char *mail;
} authors[] = {
	{ "as it should be", "A <a@x> 1600000000 +0100", 1600000000, "a@x" },
	{ "not a number", "A <a@x> yesterday +0000", INSTANT_NONE, "a@x" },
	{ "negative", "A <a@x> -1 +0000", INSTANT_NONE, "a@x" },
	{ "no date", "A <a@x>", INSTANT_NONE, "a@x" },
	{ "no date but a space", "A <a@x> ", INSTANT_NONE, "a@x" },
	{ "the epoch", "A <a@x> 0 +0000", 0, "a@x" },
	{ "2^31", "A <a@x> 2147483648 +0000", 2147483648, "a@x" },
	{ "2^32", "A <a@x> 4294967296 +0000", 4294967296, "a@x" },
	{ "the year 10^11", "A <a@x> 3155760000000000000 +0000", INSTANT_NONE, "a@x" },
	{ "the last second", "A <a@x> 9223372036854 +0000", 9223372036854, "a@x" },
	{ "one more", "A <a@x> 9223372036855 +0000", INSTANT_NONE, "a@x" },
	{ "2^63", "A <a@x> 9223372036854775808 +0000", INSTANT_NONE, "a@x" },
	{ "2^64", "A <a@x> 18446744073709551616 +0000", INSTANT_NONE, "a@x" },
	{ "a hundred digits",
	  "A <a@x> 11111111111111111111111111111111111111111111111111111111111111 +0000",
	  INSTANT_NONE, "a@x" },
	{ "zone +99999", "A <a@x> 1600000000 +99999", 1600000000, "a@x" },
	{ "no zone", "A <a@x> 1600000000", 1600000000, "a@x" },
	{ "letters behind", "A <a@x> 1600000000abc", 1600000000, "a@x" },
	{ "no name", "<a@x> 1600000000 +0000", 1600000000, "a@x" },
	{ "empty name", " <a@x> 1600000000 +0000", 1600000000, "a@x" },
	{ "Latin-1", "J\xfcrgen <j\xfc@x> 1600000000 +0000", 1600000000, "j\xfc@x" },
	{ "no mail", "A 1600000000 +0000", INSTANT_NONE, NO_MAIL },
	{ "empty mail", "A <> 1600000000 +0000", 1600000000, "" },
	{ "open mail", "A <a@x 1600000000 +0000", INSTANT_NONE, NO_MAIL },
	{ "two mails", "A <a@x> <b@x> 1600000000 +0000", 1600000000, "a@x" },
	{ "nested mail", "A <<a@x>> 1600000000 +0000", 1600000000, "<a@x" },
	{ "no author", NULL, INSTANT_NONE, NO_MAIL },
};

START_TEST(header)
{
	g_autofree char *text = authors[_i].author
					? g_strconcat(TREE "author ", authors[_i].author,
						      "\n" COMMITTER, NULL)
					: g_strdup(TREE COMMITTER);
	gint64 expected = authors[_i].authored == INSTANT_NONE
				  ? INSTANT_NONE
				  : authors[_i].authored * G_USEC_PER_SEC;
	struct mirror_commit commit;
	struct git_text author, mail = { 0 };

	/* Every beginning of it is read without looking further. */
	for (gsize n = strlen(text) + 1; n-- > 0;) {
		char *copy = g_memdup2(text, n);

		ck_assert_msg(git_commit_parse((struct git_text){ copy, n }, &commit,
					       &author) == (n >= strlen(TREE) - 1),
			      "%s", authors[_i].what);
		git_ident_mail(author, &mail);
		g_free(copy);
	}
	ck_assert(git_commit_parse((struct git_text){ text, strlen(text) }, &commit,
				   &author));
	ck_assert_uint_eq(commit.n_parents, 0);
	ck_assert_msg(commit.times.authored == expected, "%s", authors[_i].what);
	ck_assert(commit.times.committed == G_GINT64_CONSTANT(1600000005000000));
	ck_assert_msg(git_ident_mail(author, &mail) == (authors[_i].mail != NO_MAIL),
		      "%s", authors[_i].what);
	if (authors[_i].mail) {
		ck_assert_uint_eq(mail.n, strlen(authors[_i].mail));
		ck_assert_mem_eq(mail.at, authors[_i].mail, mail.n);
	}
}
END_TEST

/* Objects beside each other in one batch. */
static const struct {
	const char *what, *make; /* prints the object's name */
	enum git_object_type type;
} objects[] = {
	{ "a commit", "git rev-parse main", GIT_OBJECT_COMMIT },
	{ "a missing one", "echo 1111111111111111111111111111111111111111",
	  GIT_OBJECT_NONE },
	{ "a tag", "git rev-parse tag", GIT_OBJECT_TAG },
	{ "a tree", "git rev-parse main^{tree}", GIT_OBJECT_OTHER },
	{ "an empty blob", "git hash-object -w --stdin </dev/null", GIT_OBJECT_OTHER },
	{ "a blob that looks like an answer",
	  "printf '%s commit 3\\nabc\\n' $(git rev-parse main) |"
	  " git hash-object -w --stdin",
	  GIT_OBJECT_OTHER },
	{ "a truncated one", "damaged 20", GIT_OBJECT_NONE },
	{ "one with no bytes", "damaged 0", GIT_OBJECT_NONE },
	{ "an empty commit", "raw </dev/null", GIT_OBJECT_COMMIT },
	{ "a commit of newlines", "printf '\\n\\n\\n' | raw", GIT_OBJECT_COMMIT },
	{ "headers without an end", "printf 'tree x\\nparent' | raw", GIT_OBJECT_COMMIT },
	{ "a message of 1 MiB",
	  "(git cat-file commit main; head -c 1048576 /dev/zero | tr '\\0' x) | raw",
	  GIT_OBJECT_COMMIT },
	{ "a header of 2 MiB",
	  "(printf 'tree '; head -c 2097152 /dev/zero | tr '\\0' x) | raw",
	  GIT_OBJECT_NONE },
	{ "a header of 1 MB",
	  "(printf 'tree '; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo) | raw",
	  GIT_OBJECT_COMMIT },
	{ "one that ends within its content", "damaged 80", GIT_OBJECT_NONE },
	{ "the next too", "damaged 81", GIT_OBJECT_NONE },
	{ "a commit at the end", "git rev-parse main", GIT_OBJECT_COMMIT },
};

/* damaged N: a commit whose loose object ends after N bytes. */
static const char damaged[] =
	"damaged() { o=$( (git cat-file commit main; echo $1) | raw);"
	" f=objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-);"
	" chmod u+w $f; truncate -s $1 $f; echo $o; }\n";

struct batch {
	struct oid oids[G_N_ELEMENTS(objects)];
	guint n;
};

static void name_object(gsize i, struct oid *oid, void *user)
{
	*oid = ((struct batch *)user)->oids[i];
}

static bool see_object(gsize i, enum git_object_type type, struct git_text head,
		       struct git_text message, void *user, GError **error)
{
	struct batch *batch = user;

	(void)message;
	(void)error;
	ck_assert_uint_eq(i, batch->n);
	ck_assert_msg(type == objects[i].type, "%s: %d", objects[i].what, (int)type);
	ck_assert(head.n <= 1 << 20);
	batch->n++;
	return true;
}

START_TEST(one_bad_object_hides_no_other)
{
	struct repository repository;
	struct batch batch = { 0 };
	g_autoptr(GError) error = NULL;

	repository_make(&repository, "git init -q -b main .; commit 1600000000;"
				     "git tag -a -m tag tag");
	for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
		g_autofree char *script = g_strconcat(damaged, objects[i].make, NULL);
		g_autofree char *name = repository_shell(&repository, script);

		ck_assert(oid_parse(name, strlen(name), &batch.oids[i]));
	}
	const struct git_objects wanted = { .n = G_N_ELEMENTS(objects),
					    .name = name_object,
					    .visit = see_object,
					    .user = &batch };
	ck_assert_msg(git_objects_read(&repository.mirror, &wanted, &error), "%s",
		      error ? error->message : "");
	ck_assert_uint_eq(batch.n, G_N_ELEMENTS(objects));
	repository_clear(&repository);
}
END_TEST

/* Refs that lead to no commit, or by a long way. */
static const char strange_refs[] =
	"git init -q -b main .\n"
	"git config advice.nestedTag false\n"
	"commit 1600000000; git tag plain\n"
	"git tag -a -m deep deep0\n"
	"for i in 1 2 3 4 5 6 7 8; do git tag -a -m deep deep$i deep$((i - 1)); done\n"
	"git tag -a -m too-deep over9 deep8\n"
	"for i in 10 11 12; do git tag -a -m too-deep over$i over$((i - 1)); done\n"
	"git tag tree main^{tree}; git tag -a -m tree treetag tree\n"
	"git tag blob $(echo x | git hash-object -w --stdin)\n"
	"printf 'object %s\\ntype commit\\ntag t\\n\\nold' $(git rev-parse main) |"
	" git hash-object -w --stdin -t tag --literally >../tag\n"
	"git tag nobody $(cat ../tag)\n"
	"git clone -q --mirror . ../bare.git\n"
	"cd ../bare.git\n"
	"t=$(printf 'object %s\\ntype commit\\ntag t\\ntagger T <t> 5 +0000\\n\\nx'"
	" 1111111111111111111111111111111111111111 |"
	" git hash-object -w --stdin -t tag --literally)\n"
	"git pack-refs --all; m=$(git rev-parse main)\n"
	"{ cat packed-refs; printf \"$t refs/tags/zdangling\\n\";"
	" printf \"$m refs/tags/z\\\\344\\n$m refs/tags/z\\\\345\\n\";"
	" printf \"$m refs/tags/z%%E5\\n\";"
	" printf \"$m refs/tags/z\"; head -c 3000 /dev/zero | tr '\\0' l; echo; }"
	" >p; LC_ALL=C; { head -1 p; tail -n +2 p | grep -v '^\\^' | LC_ALL=C sort -k2; }"
	" | sed 's/fully-peeled//; s/peeled//; s/sorted//' >packed-refs\n";

static const struct {
	const char *name;
	bool annotated, commit, tagged;
} refs_expected[] = {
	{ "refs/heads/main", false, true, false },
	{ "refs/tags/blob", false, false, false },
	{ "refs/tags/deep0", true, true, true },
	{ "refs/tags/deep1", true, true, true },
	{ "refs/tags/deep2", true, true, true },
	{ "refs/tags/deep3", true, true, true },
	{ "refs/tags/deep4", true, true, true },
	{ "refs/tags/deep5", true, true, true },
	{ "refs/tags/deep6", true, true, true },
	{ "refs/tags/deep7", true, true, true },
	{ "refs/tags/deep8", true, true, true },
	{ "refs/tags/nobody", true, true, false },
	{ "refs/tags/over10", true, false, true },
	{ "refs/tags/over11", true, false, true },
	{ "refs/tags/over12", true, false, true },
	{ "refs/tags/over9", true, true, true },
	{ "refs/tags/plain", false, true, false },
	{ "refs/tags/tree", false, false, false },
	{ "refs/tags/treetag", true, false, true },
	{ "refs/tags/z%E4", false, true, false },
	{ "refs/tags/z%E5", false, true, false },
	{ "refs/tags/zdangling", true, false, true },
};

START_TEST(refs_that_lead_nowhere)
{
	struct repository repository;
	g_autofree char *head = NULL, *again = NULL;
	g_autoptr(GError) error = NULL;

	repository_make(&repository, strange_refs);
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = mirror_graph_load(
		&repository.mirror, &error);
	ck_assert_msg(graph, "%s", error ? error->message : "");
	ck_assert_uint_eq(graph->graph.n, 1);
	_cleanup_(mirror_refs_freep) GArray *refs = mirror_refs(
		&repository.mirror, &graph->graph, NULL, &head, &error);
	ck_assert_msg(refs, "%s", error ? error->message : "");
	_cleanup_(mirror_refs_freep) GArray *known = mirror_refs(
		&repository.mirror, &graph->graph, refs, &again, &error);
	ck_assert_msg(known, "%s", error ? error->message : "");
	ck_assert_uint_eq(known->len, refs->len);
	for (guint i = 0; i < refs->len; i++) {
		const struct mirror_ref *ref = &g_array_index(refs, struct mirror_ref, i);
		const struct mirror_ref *copy = &g_array_index(known, struct mirror_ref,
							       i);

		ck_assert_uint_lt(i, G_N_ELEMENTS(refs_expected));
		ck_assert_str_eq(ref->name, refs_expected[i].name);
		ck_assert_msg(ref->annotated == refs_expected[i].annotated, "%s",
			      ref->name);
		ck_assert_msg((ref->commit.len != 0) == refs_expected[i].commit, "%s",
			      ref->name);
		ck_assert_msg((ref->tagged != INSTANT_NONE) == refs_expected[i].tagged,
			      "%s", ref->name);
		ck_assert((ref->committed != INSTANT_NONE) == refs_expected[i].commit);
		ck_assert_str_eq(copy->name, ref->name);
		ck_assert(oid_equal(&copy->commit, &ref->commit));
		ck_assert(copy->tagged == ref->tagged);
		ck_assert(copy->committed == ref->committed);
	}
	ck_assert_uint_eq(refs->len, G_N_ELEMENTS(refs_expected));
	repository_clear(&repository);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("githostile");
	TCase *tests = tcase_create("githostile");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, header, 0, G_N_ELEMENTS(authors));
	tcase_add_test(tests, one_bad_object_hides_no_other);
	tcase_add_test(tests, refs_that_lead_nowhere);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
