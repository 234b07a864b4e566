#include <check.h>
#include <stdlib.h>

#include "base/instant.h"
#include "collector/rest/template.h"

static char *labels[] = { (char *)"incident", (char *)"sev 1" };
static const struct config_api api = {
	.query = (char *)"a=b&c \"d\"\\\n",
	.labels = labels,
	.n_labels = 2,
	.organization = (char *)"acme",
};

static const struct {
	const char *what, *template, *url;
} urls[] = {
	{ "the base itself", "", "https://a.test" },
	{ "below the base", "/x", "https://a.test/x" },
	{ "a whole url", "https://b.test/x", "https://b.test/x" },
	{ "a slash is encoded", "/p/{project}", "https://a.test/p/acme%2Fteam%2Fshop" },
	{ "unless it is kept", "/p/{+project}", "https://a.test/p/acme/team/shop" },
	{ "owner and name", "/{owner}/{name}", "https://a.test/acme/shop" },
	{ "lists are joined", "/x?l={labels}", "https://a.test/x?l=incident%2Csev%201" },
	{ "nothing escapes", "/x?q={query}",
	  "https://a.test/x?q=a%3Db%26c%20%22d%22%5C%0A" },
	{ "empty is left out", "/x?a={types}&b=1", "https://a.test/x?b=1" },
	{ "all empty", "/x?a={types}&b={token}", "https://a.test/x" },
	{ "empty in text stays", "/x?a=t:{types}", "https://a.test/x?a=t:" },
	{ "no such variable", "/x?a={nothing}", "https://a.test/x?a={nothing}" },
	{ "a brace", "/x{", "https://a.test/x{" },
	{ "braces in braces", "/x?r={{page},{size}}", "https://a.test/x?r={3,50}" },
	{ "times", "/x?s={since}", "https://a.test/x?s=2026-03-01T12%3A00%3A00Z" },
	{ "a bare word", "/x?json&b={types}", "https://a.test/x?json" },
};

static void fill(struct variables *variables)
{
	variables_init(variables, &api, "acme/team/shop", NULL);
	variables_set(variables, VARIABLE_PAGE, "3");
	variables_set(variables, VARIABLE_SIZE, "50");
	variables_set(variables, VARIABLE_SINCE, "2026-03-01T12:00:00Z");
}

START_TEST(url)
{
	_cleanup_(variables_clear) struct variables variables = { 0 };
	g_autofree char *result = NULL;

	fill(&variables);
	result = template_url("https://a.test", urls[_i].template, &variables);
	ck_assert_msg(g_strcmp0(result, urls[_i].url) == 0, "%s: %s", urls[_i].what,
		      result);
}
END_TEST

START_TEST(body)
{
	_cleanup_(variables_clear) struct variables variables = { 0 };
	g_autofree char *result = NULL;

	fill(&variables);
	result = template_expand("{\"q\": \"{query}\", \"n\": {size}, \"o\": {\"a\": 1}}",
				 TEMPLATE_JSON, &variables);
	ck_assert_str_eq(result, "{\"q\": \"a=b&c \\\"d\\\"\\\\\\u000a\", \"n\": 50, "
				 "\"o\": {\"a\": 1}}");
}
END_TEST

START_TEST(one_word)
{
	_cleanup_(variables_clear) struct variables variables = { 0 };
	g_autofree char *result = NULL;

	variables_init(&variables, &api, "shop", NULL);
	result = template_expand("{project} {owner} {name}", TEMPLATE_TEXT, &variables);
	ck_assert_str_eq(result, "shop shop shop");
}
END_TEST

START_TEST(projects)
{
	ck_assert(template_has_project("/r/{owner}/x"));
	ck_assert(template_has_project("/r?p={page}&n={+name}"));
	ck_assert(!template_has_project("/r?p={page}&n={nothing}"));
	ck_assert(!template_has_project(NULL));
}
END_TEST

/* 2026-03-01 12:34:56.789 */
#define MOMENT (G_GINT64_CONSTANT(1772368496789000))

static const struct {
	enum time_format format;
	const char *down, *up;
} times[] = {
	{ TIME_RFC3339, "2026-03-01T12:34:56Z", "2026-03-01T12:34:57Z" },
	{ TIME_EPOCH, "1772368496", "1772368497" },
	{ TIME_EPOCH_MS, "1772368496789", "1772368496789" },
	{ TIME_DATE, "2026-03-01", "2026-03-02" },
	{ TIME_SPACE, "2026-03-01 12:34:56", "2026-03-01 12:34:57" },
	{ TIME_JQL, "2026-03-01 12:34", "2026-03-01 12:35" },
};

START_TEST(formats)
{
	enum time_format format = times[_i].format;
	g_autofree char *down = time_format_text(format, MOMENT, false, NULL);
	g_autofree char *up = time_format_text(format, MOMENT, true, NULL);
	g_autofree char *exact = time_format_text(
		TIME_RFC3339, MOMENT - MOMENT % G_USEC_PER_SEC, true, NULL);

	ck_assert_str_eq(down, times[_i].down);
	ck_assert_str_eq(up, times[_i].up);
	ck_assert_str_eq(exact, "2026-03-01T12:34:56Z");
}
END_TEST

START_TEST(user_zone)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("Asia/Kolkata", NULL);
	g_autofree char *text = time_format_text(TIME_JQL, MOMENT, false, zone);

	ck_assert_str_eq(text, "2026-03-01 18:04");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_template");
	TCase *tests = tcase_create("rest_template");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, url, 0, G_N_ELEMENTS(urls));
	tcase_add_test(tests, body);
	tcase_add_test(tests, one_word);
	tcase_add_test(tests, projects);
	tcase_add_loop_test(tests, formats, 0, G_N_ELEMENTS(times));
	tcase_add_test(tests, user_zone);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
