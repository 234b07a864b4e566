#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/reference.h"

#define SHA40 "9fceb02d0ae598e95dc970b74767f19372d61af8"

/* What is found after the whole, in one line: url:, sha:, word: and the text; change: and
 * its number, behind a space its project. */
static const struct {
	const char *what, *text, *found;
} rows[] = {
	{ "the whole alone", "it broke", "" },
	{ "a deployment, a change and a commit",
	  "caused by deploy 4711, acme/shop#42, commit 9fceb02",
	  "deployment:4711 word:4711 change:42 acme/shop, sha:9fceb02" },

	/* ---- deployments ---- */
	{ "of few digits", "Release #7 broke it", "deployment:7 change:7" },
	{ "in any case", "since DEPLOYMENT 12", "deployment:12" },
	{ "without a blank", "deploy#4711", "deployment:4711 change:4711 deploy" },
	{ "at the end of a sentence", "It was deploy 4711.",
	  "deployment:4711 word:4711" },
	{ "a number alone is none", "HTTP 503 since noon", "word:503" },
	{ "nor is one further on", "deploy of 4711", "word:4711" },
	{ "nor a version", "release 1.2", "word:1.2" },
	{ "nor a time since then", "bad release 12 hours ago", "" },
	{ "nor what is counted", "since deploy 4711 times out", "word:4711" },
	{ "at the end of a clause or a line",
	  "(release 7) \"deploy 8\"\ndeploy 9\nit broke",
	  "deployment:7 deployment:8 deployment:9" },
	{ "nor one behind part of a word", "redeploy 4711, deploys 4712",
	  "word:4711 word:4712" },

	/* ---- commits ---- */
	{ "a full sha", "since " SHA40, "sha:" SHA40 },
	{ "in lower case", "since 9FCEB02D", "sha:9fceb02d" },
	{ "a SHA-256", SHA40 "9fceb02d0ae598e95dc970b7",
	  "sha:" SHA40 "9fceb02d0ae598e95dc970b7" },
	{ "65 digits are none", SHA40 "9fceb02d0ae598e95dc970b70",
	  "word:" SHA40 "9fceb02d0ae598e95dc970b70" },
	{ "six digits are a word", "since 9fceb0", "word:9fceb0" },
	{ "digits alone are a word below 40", "since 20260301", "word:20260301" },
	{ "and a sha from there on", "1234567890123456789012345678901234567890",
	  "sha:1234567890123456789012345678901234567890" },
	{ "letters alone are neither", "a facade, deadbeef", "" },
	{ "part of a longer word is none", "x9fceb02 9fceb02x 9fceb02_1 g9fceb02",
	  "word:x9fceb02 word:9fceb02x word:9fceb02_1 word:g9fceb02" },
	{ "in a version it stands alone", "main-9fceb02 broke",
	  "word:main-9fceb02 sha:9fceb02" },
	{ "in brackets and quotes", "(9fceb02) \"9fceb03\" `9fceb04`",
	  "sha:9fceb02 sha:9fceb03 sha:9fceb04" },
	{ "a digest", "sha256:9fceb02d0ae598e95dc970b74767f193",
	  "word:sha256 sha:9fceb02d0ae598e95dc970b74767f193" },
	{ "in the url of a commit", "https://git.example.org/acme/shop/commit/9fceb02",
	  "url:https://git.example.org/acme/shop/commit/9fceb02 sha:9fceb02" },

	/* ---- changes ---- */
	{ "a number alone", "broken by #42", "change:42" },
	{ "GitLab's sign", "broken by !42", "change:42" },
	{ "a project of one word", "shop#42", "change:42 shop" },
	{ "a group in a group", "acme/web/shop!42", "change:42 acme/web/shop" },
	{ "at the end of a sentence", "It was #42.", "change:42" },
	{ "in brackets", "(#42) [acme/shop#43]", "change:42 change:43 acme/shop" },
	{ "no project but a word for it", "PR#42 and mr!43", "change:42 change:43" },
	{ "behind an ellipsis", "...acme/shop#42", "change:42 acme/shop" },
	{ "a heading is none", "# 42", "" },
	{ "nor is what begins with 0", "#0 #007", "word:007" },
	{ "nor what goes on", "#42a #42_1", "word:42a word:42_1" },
	{ "nor more than ten digits", "#12345678901", "word:12345678901" },
	{ "nor a character of HTML", "don&#39;t", "" },
	{ "nor an exclamation", "4711!", "word:4711" },

	/* ---- urls ---- */
	{ "a url ends before the sentence does", "See https://ci.example.org/run/7.",
	  "url:https://ci.example.org/run/7" },
	{ "and before what closes a bracket", "(see https://example.org/run_(7))!",
	  "url:https://example.org/run_(7)" },
	{ "of Markdown", "[run](https://example.org/run/7), **https://example.org/8**",
	  "url:https://example.org/run/7 url:https://example.org/8" },
	{ "of Slack", "<https://example.org/run/7|run 7>",
	  "url:https://example.org/run/7" },
	{ "of HTML", "<a href='https://example.org/7'>", "url:https://example.org/7" },
	{ "with a query", "http://example.org/?a=1&b=2;",
	  "url:http://example.org/?a=1&b=2" },
	{ "in capitals", "HTTPS://example.org/7", "url:HTTPS://example.org/7" },
	{ "two in a row", "https://example.org/1 https://example.org/2",
	  "url:https://example.org/1 url:https://example.org/2" },
	{ "without a host it is none", "https://... http://", "" },
	{ "another scheme is none", "ftp://example.org/v12", "word:example.org/v12" },
	{ "before a full stop of another script", "見て https://example.org/7。次",
	  "url:https://example.org/7" },

	/* ---- urls of changes ---- */
	{ "GitHub", "https://github.com/acme/shop/pull/42",
	  "url:https://github.com/acme/shop/pull/42 change:42 acme/shop" },
	{ "a comment on it", "https://github.com/acme/shop/pull/42#issuecomment-1",
	  "url:https://github.com/acme/shop/pull/42#issuecomment-1 change:42 acme/shop" },
	{ "its files", "https://github.com/acme/shop/pull/42/files",
	  "url:https://github.com/acme/shop/pull/42/files change:42 acme/shop" },
	{ "GitHub's API", "https://api.github.com/repos/acme/shop/pulls/42",
	  "url:https://api.github.com/repos/acme/shop/pulls/42 change:42 acme/shop" },
	{ "GitLab", "https://gitlab.com/acme/web/shop/-/merge_requests/42",
	  "url:https://gitlab.com/acme/web/shop/-/merge_requests/42 "
	  "change:42 acme/web/shop" },
	{ "GitLab of old", "https://gitlab.com/acme/shop/merge_requests/42",
	  "url:https://gitlab.com/acme/shop/merge_requests/42 change:42 acme/shop" },
	{ "a group called repos",
	  "https://gitlab.com/acme/repos/shop/-/merge_requests/42",
	  "url:https://gitlab.com/acme/repos/shop/-/merge_requests/42 "
	  "change:42 acme/repos/shop" },
	{ "Gitea", "https://gitea.example.org/acme/shop/pulls/42",
	  "url:https://gitea.example.org/acme/shop/pulls/42 change:42 acme/shop" },
	{ "Gitea's API", "https://gitea.example.org/api/v1/repos/acme/shop/pulls/42",
	  "url:https://gitea.example.org/api/v1/repos/acme/shop/pulls/42 "
	  "change:42 acme/shop" },
	{ "Bitbucket", "https://bitbucket.org/acme/shop/pull-requests/42/diff",
	  "url:https://bitbucket.org/acme/shop/pull-requests/42/diff change:42 "
	  "acme/shop" },
	{ "Bitbucket Data Center",
	  "https://git.example.com/projects/SHOP/repos/backend/pull-requests/42",
	  "url:https://git.example.com/projects/SHOP/repos/backend/pull-requests/42 "
	  "change:42 SHOP/backend" },
	{ "Azure DevOps", "https://dev.azure.com/acme/web/_git/shop/pullrequest/42",
	  "url:https://dev.azure.com/acme/web/_git/shop/pullrequest/42 "
	  "change:42 acme/web/shop" },
	{ "an issue is no change", "https://github.com/acme/shop/issues/42",
	  "url:https://github.com/acme/shop/issues/42" },
	{ "nor is a change in a query", "https://example.org/?x=/acme/pull/42",
	  "url:https://example.org/?x=/acme/pull/42" },
	{ "nor one without a project", "https://example.org/pull/42",
	  "url:https://example.org/pull/42" },
	{ "nor one without a number", "https://github.com/acme/shop/pull/new",
	  "url:https://github.com/acme/shop/pull/new" },

	/* ---- words ---- */
	{ "versions", "1.4.0, v1.4.0-rc.1 and release/1.5.",
	  "word:1.4.0 word:v1.4.0-rc.1 word:release/1.5" },
	{ "a package's", "@acme/cart@1.2.3", "word:acme/cart@1.2.3" },
	{ "two bytes are too few", "v1 42", "" },
	{ "marks around it are not of it", "*4711* _4712_ --4713--",
	  "word:4711 word:4712 word:4713" },
	{ "what is told after a sign", "id=4711 build:4712", "word:4711 word:4712" },
	{ "a time of day is none", "at 12:30", "" },
	{ "between letters of another script", "部署4711失败（4712）",
	  "word:4711 word:4712" },
	{ "each once", "4711 4711 #42 #42 shop#42 9fceb02 9FCEB02",
	  "word:4711 change:42 change:42 shop, sha:9fceb02" },
};

static char *tell(const GArray *found, guint from)
{
	static const char *const kinds[] = { "whole",  "url",  "sha",
					     "change", "word", "deployment" };
	GString *text = g_string_new("");
	bool comma = false;

	for (guint i = from; i < found->len; i++) {
		const struct reference *reference = &g_array_index(found,
								   struct reference, i);

		if (text->len > 0)
			g_string_append(text, comma ? ", " : " ");
		g_string_append_printf(text, "%s:%s", kinds[reference->kind],
				       reference->text);
		comma = reference->project && i + 1 < found->len;
		if (reference->project)
			g_string_append_printf(text, " %s", reference->project);
	}
	return g_string_free(text, FALSE);
}

/* Rows have a comma only where a reader needs it. */
static char *without_commas(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ", ", -1);

	return g_strjoinv(" ", parts);
}

START_TEST(texts_by_name)
{
	g_autoptr(GArray) found = references_find(rows[_i].text);
	g_autofree char *told = tell(found, 1), *plain = without_commas(told);
	g_autofree char *expected = without_commas(rows[_i].found);
	const struct reference *whole = &g_array_index(found, struct reference, 0);

	ck_assert_uint_gt(found->len, 0);
	ck_assert_int_eq(whole->kind, REFERENCE_WHOLE);
	ck_assert_str_eq(whole->text, rows[_i].text);
	ck_assert_msg(strcmp(plain, expected) == 0, "%s: %s", rows[_i].what, told);
}
END_TEST

static const struct {
	const char *text, *whole;
} wholes[] = {
	{ NULL, NULL },
	{ "", NULL },
	{ " \t\r\n", NULL },
	{ "  deploy 4711\n", "deploy 4711" },
	{ "a\xff", "a\xef\xbf\xbd" },
};

START_TEST(whole_first)
{
	g_autoptr(GArray) found = references_find(wholes[_i].text);

	if (!wholes[_i].whole) {
		ck_assert_uint_eq(found->len, 0);
		return;
	}
	ck_assert_str_eq(g_array_index(found, struct reference, 0).text,
			 wholes[_i].whole);
}
END_TEST

START_TEST(no_more_than_64)
{
	g_autoptr(GString) text = g_string_new("");
	g_autoptr(GArray) found = NULL;

	for (int i = 0; i < 200; i++)
		g_string_append_printf(text, "#%d ", 1000 + i);
	found = references_find(text->str);
	ck_assert_uint_eq(found->len, 64);
	ck_assert_str_eq(g_array_index(found, struct reference, 63).text, "1062");
}
END_TEST

/* The 4,000th byte may be the second of three. */
START_TEST(long_texts_are_cut)
{
	g_autofree char *long_text = g_strnfill(5000, '.');
	g_autoptr(GArray) found = NULL;
	const char *whole;

	memcpy(long_text + 3998, "\xe2\x82\xac #42", 7);
	found = references_find(long_text);
	ck_assert_uint_eq(found->len, 1);
	whole = g_array_index(found, struct reference, 0).text;
	ck_assert_uint_eq(strlen(whole), 3998);
	ck_assert(g_utf8_validate(whole, -1, NULL));
}
END_TEST

/* Texts made to be read again and again by patterns that go back; read 50 times, in far
 * less than the time limit. */
static const char *const hostile[] = {
	"a",
	"a/",
	"1",
	"#",
	"!",
	"#1",
	"https://",
	"https://a/",
	"https://a)",
	"https://a/pull/",
	"/-",
	"/-/pull/",
	"9fceb02",
	"9fceb02-",
	"((",
	"))",
	"&#",
	"@",
	"~/",
	"repos/",
	"/_git/",
	"projects/",
	"\xe2\x82\xac",
	"\xff",
};

START_TEST(hostile_texts)
{
	g_autoptr(GString) text = g_string_new(_i % 2 ? "https://a/" : "");

	while (text->len < 4000)
		g_string_append(text, hostile[_i / 2]);
	for (int i = 0; i < 50; i++) {
		g_autoptr(GArray) found = references_find(text->str);

		ck_assert_uint_ge(found->len, 1);
		ck_assert_uint_le(found->len, 64);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reference");
	TCase *tests = tcase_create("reference");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, texts_by_name, 0, G_N_ELEMENTS(rows));
	tcase_add_loop_test(tests, whole_first, 0, G_N_ELEMENTS(wholes));
	tcase_add_test(tests, no_more_than_64);
	tcase_add_test(tests, long_texts_are_cut);
	tcase_add_loop_test(tests, hostile_texts, 0, 2 * G_N_ELEMENTS(hostile));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
