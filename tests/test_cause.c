#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/cause.h"
#include "metrics/reference.h"

#define SHA40 "9fceb02d0ae598e95dc970b74767f19372d61af8"
#define GITHUB "https://github.com/acme/shop"

/* What a text written in an issue of acme/shop names, where "#7" is a change. NULL: it
 * names nothing. */
static const struct {
	const char *what, *text, *cause;
} rows[] = {
	/* ---- what is kept ---- */
	{ "a commit", "root cause: " SHA40, SHA40 },
	{ "a short one behind a word", "Root cause: 9fceb02.", "9fceb02" },
	{ "in Markdown", "**Root cause:** `9FCEB02`\r\n", "9fceb02" },
	{ "further below a heading", "## Root cause\n\nThis one:\n9fceb02", "9fceb02" },
	{ "next below a heading", "## Root cause\n\n- 9fceb02 (bisected)", "9fceb02" },
	{ "in a table", "| Caused by | 9fceb02 |", "9fceb02" },
	{ "before the word", SHA40 " broke it", SHA40 },
	{ "of a project", "caused by acme/shop@9fceb02", "9fceb02" },
	{ "as a url", "see " GITHUB "/commit/9FCEB02?diff=split#r1", "9fceb02" },
	{ "a commit of twelve digits", "checkout fails, 9fceb02d0ae5", "9fceb02d0ae5" },
	{ "a change's url", "Since " GITHUB "/pull/42/files?token=s3cret#r1",
	  GITHUB "/pull/42" },
	{ "of GitLab", "https://gitlab.com/acme/shop/-/merge_requests/42",
	  "https://gitlab.com/acme/shop/-/merge_requests/42" },
	{ "a change with its project", "Alice saw it, acme/web/shop!42 is out",
	  "acme/web/shop!42" },
	{ "a change of here", "Caused by #42", "acme/shop#42" },
	{ "or a pull request of here", "introduced in PR#42", "acme/shop#42" },
	{ "a deployment", "Deployment #4711, at noon", "deployment #4711" },
	{ "by its id", "deployment id: 4711", "deployment #4711" },
	{ "by its name", "deploy shop-4711 at noon", "shop-4711" },
	{ "a release", "since release v1.4.0-rc.1.", "v1.4.0-rc.1" },
	{ "a version", "Version: 1.4.0", "1.4.0" },
	{ "a release's url", GITHUB "/releases/tag/v1.4.0", "v1.4.0" },
	{ "several, each once", SHA40 " and acme/shop#1 and " SHA40 "\nacme/shop#1",
	  SHA40 " acme/shop#1" },

	/* ---- what is the cause ---- */
	{ "and not what mended it", "Caused by #42, fixed by #43", "acme/shop#42" },
	{ "in any order", "Fixed in #43; root cause was #42", "acme/shop#42" },
	{ "and first what is said so", "see acme/shop#41. Broken since #42.",
	  "acme/shop#42" },
	{ "a change that was reverted", "Reverted 9fceb02", "9fceb02" },
	{ "and not what reverted it", "Reverted in " GITHUB "/pull/43", NULL },
	{ "nor what was rolled back to", "rolled back to v1.3.0 " SHA40, NULL },
	{ "nor below a heading of it", "### Resolution\nacme/shop#43", NULL },
	{ "another heading ends it",
	  "**Fix:**\nacme/shop#43\n\nRoot cause:\nacme/shop#42", "acme/shop#42" },
	{ "nor what is alike", "Similar to acme/shop#12", NULL },
	{ "nor the last good one", "last known good: " SHA40, NULL },
	{ "nor an example of a template", "<!-- root cause:\nacme/shop#1 -->\nNone",
	  NULL },
	{ "nor a comment without an end", "<!-- cause: acme/shop#1", NULL },

	/* ---- what is not ---- */
	{ "a text", "Alice Smith <alice@example.com> called 555-0100", NULL },
	{ "a number of here without a word", "as in #42", NULL },
	{ "a short commit without a word", "9fceb02", NULL },
	{ "code at a commit", "caused by " GITHUB "/blob/" SHA40 "/a.c#L1", NULL },
	{ "a url of something else", "caused by https://example.org/~alice/7", NULL },
	{ "a url with a user", "caused by https://alice:s3cret@example.org/a/b/pull/42",
	  NULL },
	{ "a UUID", "caused by 550e8400-e29b-41d4-a716-446655440000", NULL },
	{ "nor without its dashes", "cause: 550e8400e29b41d4a716446655440000", NULL },
	{ "an address", "cause: 9fceb02@example.com", NULL },
	{ "a player", "caused by alice#1234", NULL },
	{ "a time", "deployed 12 hours ago, release 12 hours ago, deploy at 10:30",
	  NULL },
	{ "a word with a deployment before it", "deployment by alice-2 failed", NULL },
	{ "no cause of it", "not caused by acme/shop#42", NULL },
};

START_TEST(only_references_are_kept)
{
	g_autofree char *cause = cause_in(rows[_i].text, "acme/shop", '#');

	ck_assert_msg(g_strcmp0(cause, rows[_i].cause) == 0, "%s: %s", rows[_i].what,
		      cause ? cause : "(nothing)");
}
END_TEST

START_TEST(of_gitlab_a_hash_is_an_issue)
{
	g_autofree char *cause = cause_in("caused by #41, !42, a/b#43 and a/b!44",
					  "acme/shop", '!');
	g_autofree char *none = cause_in("caused by #41 and a/b#43", "acme/shop", '!');

	ck_assert_str_eq(cause, "acme/shop!42 a/b!44");
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(without_changes_a_number_needs_a_project)
{
	g_autofree char *cause = cause_in("caused by #41 and a/b#43", "PIJ90N7", 0);

	ck_assert_str_eq(cause, "a/b#43");
	ck_assert_ptr_null(cause_in(NULL, "acme/shop", '#'));
	ck_assert_ptr_null(cause_in("", NULL, '#'));
	ck_assert_ptr_null(cause_in("caused by #41", NULL, '#'));
}
END_TEST

START_TEST(what_is_kept_is_found_again)
{
	g_autofree char *cause = cause_in("caused by deploy #7 and #8 and 9fceb02",
					  "acme/shop", '#');
	g_autoptr(GArray) found = references_find(cause);
	unsigned kinds = 0;

	for (guint i = 0; i < found->len; i++)
		kinds |= 1u << g_array_index(found, struct reference, i).kind;
	ck_assert_uint_eq(kinds & (1u << REFERENCE_DEPLOYMENT),
			  1u << REFERENCE_DEPLOYMENT);
	ck_assert_uint_eq(kinds & (1u << REFERENCE_CHANGE), 1u << REFERENCE_CHANGE);
	ck_assert_uint_eq(kinds & (1u << REFERENCE_SHA), 1u << REFERENCE_SHA);
}
END_TEST

START_TEST(it_is_short_however_long_the_text)
{
	g_autoptr(GString) text = g_string_new("cause:\n");
	g_autofree char *cause = NULL;

	for (int i = 1; i <= 1000; i++)
		g_string_append_printf(text, "%0*d/shop#%d ", i % 300 + 1, 0, i);
	cause = cause_in(text->str, "acme/shop", '#');
	ck_assert_ptr_nonnull(cause);
	ck_assert_uint_lt(strlen(cause), 4000);
}
END_TEST

/* Each is what makes a careless pattern try again and again. */
START_TEST(the_end_of_a_text_does_not_matter)
{
	static const char *const parts[] = { "a/",	"a#", "https://a/", "<!--",
					     "**",	": ", "deploy ",    "0a",
					     "revert ", ".",  "\xff",	    "v1.",
					     "a-1_" };

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autoptr(GString) text = g_string_new("");
		g_autofree char *cause = NULL;

		while (text->len < 20000)
			g_string_append(text, parts[i]);
		cause = cause_in(text->str, "acme/shop", '#');
		ck_assert_ptr_null(cause);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cause");
	TCase *tcase = tcase_create("cause");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, only_references_are_kept, 0, G_N_ELEMENTS(rows));
	tcase_add_test(tcase, of_gitlab_a_hash_is_an_issue);
	tcase_add_test(tcase, without_changes_a_number_needs_a_project);
	tcase_add_test(tcase, what_is_kept_is_found_again);
	tcase_add_test(tcase, it_is_short_however_long_the_text);
	tcase_add_test(tcase, the_end_of_a_text_does_not_matter);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
