#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/git/commit_message.h"
#include "collector/git/notes.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define SHB "89abcdef0123456789abcdef0123456789abcdef"
#define LONG "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static struct git_text text_of(const char *text)
{
	return (struct git_text){ text, strlen(text) };
}

/* ---- subjects ---- */

static const struct {
	const char *name, *message, *subject;
} subjects[] = {
	{ "a line", "Fix it\n\nbody\n", "Fix it" },
	{ "a line that does not end", "Fix it", "Fix it" },
	{ "a paragraph is one line", "Fix it\n  and more\nyet\n\nbody",
	  "Fix it and more yet" },
	{ "blank lines before it are passed over", "\n \n\t\r\nFix it\r\n\r\nbody",
	  "Fix it" },
	{ "none", "", "" },
	{ "blanks alone", "\n \n", "" },
	{ "other encodings lose what they wrote", "L\xf6schen", "L\xef\xbf\xbdschen" },
	{ "control characters are blanks", "a\x1b[31mb\tc", "a [31mb c" },
	{ "it is cut at 200 bytes", FIFTY FIFTY FIFTY FIFTY "more",
	  FIFTY FIFTY FIFTY FIFTY },
	{ "at the end of a character", FIFTY FIFTY FIFTY FIFTY "\b\b",
	  FIFTY FIFTY FIFTY FIFTY },
	{ "and not inside one", FIFTY FIFTY FIFTY TEN TEN TEN TEN "012345678\u00e4x",
	  FIFTY FIFTY FIFTY TEN TEN TEN TEN "012345678" },
	{ "an address is nobody's business", "Add a.b+c@mail.example.org to it",
	  "Add \u2026 to it" },
	{ "however it stands there", "<me@example.org>,you@example.org",
	  "<\u2026>,\u2026" },
	{ "a package is no address", "Revert \"Bump @babel/core\"",
	  "Revert \"Bump @babel/core\"" },
	{ "nor is the version of an action", "Use actions/checkout@v4.1.0",
	  "Use actions/checkout@v4.1.0" },
};

START_TEST(test_subject)
{
	g_autofree char *subject = message_subject(text_of(subjects[_i].message));

	ck_assert_msg(strcmp(subject, subjects[_i].subject) == 0, "%s: \"%s\"",
		      subjects[_i].name, subject);
}
END_TEST

/* ---- shas ---- */

static void append_sha(enum message_sha kind, const char *hex, void *user)
{
	g_string_append_printf(user, "%s%s", kind == MESSAGE_PICKED ? " picked " : " ",
			       hex);
}

static const struct {
	const char *name, *message, *shas;
} reverts[] = {
	{ "as git writes it", "Revert \"x\"\n\nThis reverts commit " SHA ".\n", " " SHA },
	{ "of a merge",
	  "Revert \"x\"\n\nThis reverts commit " SHA ", reversing\nchanges made to " SHB
	  ".\n",
	  " " SHA },
	{ "with a reference", "x\n\nThis reverts commit 0123456 (x, 2026-03-01).\n",
	  " 0123456" },
	{ "broken where an editor breaks lines", "x\n\nThis reverts commit\n" SHA ".\n",
	  " " SHA },
	{ "in capitals", "This reverts commit 0123456ABC", " 0123456abc" },
	{ "of SHA-256", "This reverts commit " LONG ".", " " LONG },
	{ "of several", "This reverts commits 0123456, 1234567 and 2345678.",
	  " 0123456 1234567 2345678" },
	{ "of several, in lines", "This reverts commits\n0123456\n1234567\n\nBecause.",
	  " 0123456 1234567" },
	{ "twice", "This reverts commit 0123456.\nThis reverts commit 1234567.\n",
	  " 0123456 1234567" },
	{ "a range is not known", "This reverts commits 0123456..1234567.", "" },
	{ "not quoted by somebody", "> This reverts commit 0123456.", "" },
	{ "nor in the middle of a line", "See: This reverts commit 0123456.", "" },
	{ "too short to name anything", "This reverts commit 012345.", "" },
	{ "too long to be one", "This reverts commit " LONG "0.", "" },
	{ "a word that begins like one", "This reverts commit defaced1x.", "" },
	{ "a merge request is no commit", "This reverts merge request !12", "" },
	{ "cut off", "This reverts commit ", "" },
	{ "cut off earlier", "This reverts commit", "" },
	{ "picked", "x\n\n(cherry picked from commit " SHA ")\n", " picked " SHA },
	{ "picked, and picked again",
	  "x\n\n(cherry picked from commit " SHA ")\n(cherry picked from commit " SHB
	  ")\n",
	  " picked " SHA " picked " SHB },
	{ "both", "(cherry picked from commit 1234567)\nThis reverts commit 0123456.",
	  " 0123456 picked 1234567" },
	{ "neither", "Nothing to see", "" },
};

START_TEST(test_shas)
{
	g_autoptr(GString) found = g_string_new(NULL);

	message_shas(text_of(reverts[_i].message), append_sha, found);
	ck_assert_msg(strcmp(found->str, reverts[_i].shas) == 0, "%s: \"%s\"",
		      reverts[_i].name, found->str);
}
END_TEST

/* ---- trailers ---- */

static void append_trailer(struct git_text name, const char *value, void *user)
{
	g_string_append_printf(user, "%.*s=%s;", (int)name.n, name.at, value);
}

static const struct {
	const char *name, *message, *trailers;
} trailers[] = {
	{ "the last paragraph", "x\n\nbody: no\n\nFixes: abc\nCloses: 7\n",
	  "Fixes=abc;Closes=7;" },
	{ "lines between them do no harm",
	  "x\n\nFixes: abc\n(cherry picked from commit 1)\nA: b", "Fixes=abc;A=b;" },
	{ "a subject is none", "Fixes: abc\n", "" },
	{ "blanks around", "x\n\nFixes :  abc \r\n\n\n", "Fixes=abc;" },
	{ "what has no value", "x\n\nFixes:\nA: b", "A=b;" },
	{ "lines that carry on", "x\n\nFixes: abc\n more: of it", "Fixes=abc;" },
	{ "people are left out", "x\n\nSigned-off-by: A <a@example.org>\nFixes: abc",
	  "Fixes=abc;" },
	{ "no colon", "x\n\nnothing", "" },
	{ "no message", "", "" },
};

START_TEST(test_trailers)
{
	g_autoptr(GString) found = g_string_new(NULL);

	message_trailers(text_of(trailers[_i].message), append_trailer, found);
	ck_assert_msg(strcmp(found->str, trailers[_i].trailers) == 0, "%s: \"%s\"",
		      trailers[_i].name, found->str);
}
END_TEST

/* ---- what is asked for ---- */

static char *hotfix[] = { (char *)"(?i)\\bhotfix\\b" };
static char *fixes[] = { (char *)"Fixes" };
static char *robots[] = { (char *)"*[bot]*", (char *)"*@robots.example>" };
static struct config_remediation rules[] = {
	{ .titles = hotfix, .n_titles = 1, .trailers = fixes, .n_trailers = 1 },
};
static struct config_exclude exclude = { .authors = robots, .n_authors = 2 };
static struct config_component shop = { .repository = (char *)"shop" };
static struct config_component tools = { .repository = (char *)"tools" };
static struct config_service services[] = {
	{ .name = (char *)"cart",
	  .components = &shop,
	  .n_components = 1,
	  .remediation = rules,
	  .n_remediation = 1,
	  .exclude = &exclude },
	{ .name = (char *)"mail", .components = &tools, .n_components = 1 },
};
static struct config config = { .services = services, .n_services = 2 };

#define HUMAN "A U Thor <author@example.com> 1600000000 +0000"
#define ROBOT "renovate[bot] <r@robots.example> 1600000000 +0000"

static const struct {
	const char *name, *repository, *author, *message, *notes;
} looks[] = {
	{ "nothing", "shop", HUMAN, "A change\n\nFoo: bar", "" },
	{ "a revert", "shop", HUMAN, "Revert \"x\"\n\nThis reverts commit " SHA ".\n",
	  "title=Revert \"x\"; reverts=" SHA "; " },
	{ "the same in a repository without rules", "tools", HUMAN,
	  "Revert \"x\"\n\nThis reverts commit " SHA ".\n",
	  "title=Revert \"x\"; reverts=" SHA "; " },
	{ "a title that a rule looks for", "shop", HUMAN, "A Hotfix",
	  "title=A Hotfix; " },
	{ "and none where no rule does", "tools", HUMAN, "A Hotfix", "" },
	{ "a trailer, by the name that the rule has", "shop", HUMAN, "x\n\nFIXES: abc",
	  "trailer=Fixes: abc; " },
	{ "an author, by the globs that fit", "shop", ROBOT, "x",
	  "author=ad499b1565eb5a1a; author=3ba9ba6375e4215b; " },
	{ "a robot is a robot everywhere, but nobody asks", "tools", ROBOT, "x", "" },
	{ "no author", "shop", "", "x", "" },
	{ "a sha said twice", "shop", HUMAN,
	  "x\n\nThis reverts commit " SHA ".\nThis reverts commit " SHA ".",
	  "reverts=" SHA "; " },
	{ "a beginning of what the graph has", "shop", HUMAN,
	  "x\n\nThis reverts commit 0123456 and so on", "reverts=" SHA "; " },
	{ "a beginning of what it does not have", "shop", HUMAN,
	  "x\n\nThis reverts commit 7777777", "reverts=7777777; " },
};

static bool append_notes(const struct commit_note *rows, gsize n, void *user,
			 GError **error)
{
	(void)error;
	for (gsize i = 0; i < n; i++)
		g_string_append_printf(user, "%s=%s; ", rows[i].kind, rows[i].text);
	return true;
}

/* A graph of one commit, SHA. */
static guint8 *one_commit(struct graph *graph)
{
	struct graph_commit commit = { .committed = 1600000000 };

	*graph = (struct graph){ 0 };
	ck_assert(oid_parse(SHA, 40, &commit.oid));
	return graph_append(graph, &commit, 1, NULL);
}

/* What a commit's message comes to, as text. */
static char *notes_of(const struct config *asked, const char *repository,
		      const char *author, struct git_text message, gsize *dropped)
{
	_cleanup_(notes_freep) struct notes *notes = notes_new(asked, repository, NULL,
							       NULL);
	GString *found = g_string_new(NULL);
	struct graph graph;
	g_autofree guint8 *buffer = one_commit(&graph);

	ck_assert_ptr_nonnull(buffer);
	ck_assert_ptr_nonnull(notes);
	notes_look(notes, 0, text_of(author), message);
	ck_assert(notes_each(notes, &graph, append_notes, found, NULL));
	*dropped = notes_dropped(notes);
	return g_string_free(found, FALSE);
}

START_TEST(test_look)
{
	gsize dropped;
	g_autofree char *found = notes_of(&config, looks[_i].repository, looks[_i].author,
					  text_of(looks[_i].message), &dropped);

	ck_assert_msg(strcmp(found, looks[_i].notes) == 0, "%s: \"%s\"", looks[_i].name,
		      found);
	ck_assert_uint_eq(dropped, 0);
}
END_TEST

START_TEST(messages_that_are_made_to_hurt)
{
	g_autoptr(GString) message = g_string_new("x\n\n");
	g_autofree char *found = NULL;
	g_auto(GStrv) notes = NULL;
	gsize dropped;

	for (guint i = 0; message->len < NOTES_MESSAGE_MAX; i++)
		g_string_append_printf(message, "This reverts commit %08x.\n", i);
	g_string_append(message, "\nFixes: abc\n");
	/* as a reader that keeps no more would hand it over */
	found = notes_of(&config, "shop", HUMAN,
			 (struct git_text){ message->str, NOTES_MESSAGE_MAX }, &dropped);
	notes = g_strsplit(found, "; ", -1);
	ck_assert_uint_eq(g_strv_length(notes), 101); /* and an empty end */
	ck_assert_ptr_null(strstr(found, "Fixes"));
	ck_assert_uint_gt(dropped, 1000);
}
END_TEST

/* What services of a repository look for; the text is another if this is. */
static const struct {
	const char *name;
	bool same;
	struct config_remediation rule;
	struct config_exclude exclude;
} patterns[] = {
	{ "the same",
	  true,
	  { .titles = hotfix, .n_titles = 1, .trailers = fixes, .n_trailers = 1 },
	  { .authors = robots, .n_authors = 2 } },
	{ "a branch is not looked for in commits",
	  true,
	  { .titles = hotfix,
	    .n_titles = 1,
	    .trailers = fixes,
	    .n_trailers = 1,
	    .branches = fixes,
	    .n_branches = 1,
	    .reverts = true,
	    .kind = REMEDY_HOTFIX },
	  { .authors = robots, .n_authors = 2, .bots = true } },
	{ "without a title",
	  false,
	  { .trailers = fixes, .n_trailers = 1 },
	  { .authors = robots, .n_authors = 2 } },
	{ "without a trailer",
	  false,
	  { .titles = hotfix, .n_titles = 1 },
	  { .authors = robots, .n_authors = 2 } },
	{ "with an author less",
	  false,
	  { .titles = hotfix, .n_titles = 1, .trailers = fixes, .n_trailers = 1 },
	  { .authors = robots, .n_authors = 1 } },
};

START_TEST(test_patterns)
{
	struct config_remediation rule = patterns[_i].rule;
	struct config_exclude without = patterns[_i].exclude;
	struct config_service other = services[0];
	struct config changed = { .services = &other, .n_services = 1 };
	_cleanup_(notes_freep) struct notes *was = notes_new(&config, "shop", NULL, NULL);
	_cleanup_(notes_freep) struct notes *is = NULL;

	other.remediation = &rule;
	other.exclude = &without;
	is = notes_new(&changed, "shop", NULL, NULL);
	ck_assert_msg((strcmp(notes_patterns(was), notes_patterns(is)) == 0) ==
			      patterns[_i].same,
		      "%s", patterns[_i].name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notes");
	TCase *tests = tcase_create("notes");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, test_subject, 0, G_N_ELEMENTS(subjects));
	tcase_add_loop_test(tests, test_shas, 0, G_N_ELEMENTS(reverts));
	tcase_add_loop_test(tests, test_trailers, 0, G_N_ELEMENTS(trailers));
	tcase_add_loop_test(tests, test_look, 0, G_N_ELEMENTS(looks));
	tcase_add_test(tests, messages_that_are_made_to_hurt);
	tcase_add_loop_test(tests, test_patterns, 0, G_N_ELEMENTS(patterns));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
