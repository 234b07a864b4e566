#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

static cJSON *parse(const char *text, GError **error)
{
	/* Without a NUL, as nobody promises one. */
	gsize n = strlen(text);
	g_autofree char *exact = g_memdup2(text, n);

	return json_parse(exact ? exact : "", n, error);
}

static const struct {
	const char *text;
	const char *result; /* as cJSON prints it; NULL: refused */
	const char *why;    /* part of the error */
} texts[] = {
	/* numbers */
	{ "0", "0" },
	{ "-0", "-0" },
	{ "[1,-1,0.5,1e3,1E+3,1e-1]", "[1,-1,0.5,1000,1000,0.1]" },
	{ "999999999999999", "999999999999999" },
	{ "1000000000000000", "\"1000000000000000\"" },
	{ "-1000000000000000", "\"-1000000000000000\"" },
	{ "{\"a\":9007199254740993,\"b\":18446744073709551616}",
	  "{\"a\":\"9007199254740993\",\"b\":\"18446744073709551616\"}" },
	{ "[1234567890123456, 2]", "[\"1234567890123456\",2]" },
	{ "0.10000000000000000555111512312578270211815834045410156250000000000000",
	  "0.1" },
	{ "[1.00000000000000000000000000000000000000000000000000000000000000000e2]",
	  "[100]" },
	{ "1e308", "1e+308" },
	{ "1e-999", "0" },
	{ "1e999", NULL, "byte 5: a number beyond all bounds" },
	{ "[-1e999]", NULL, "beyond all bounds" },
	{ "01", NULL, "byte 1: text after the end" },
	{ "-01", NULL, "text after the end" },
	{ "+1", NULL, "expected a value" },
	{ ".5", NULL, "expected a value" },
	{ "5.", NULL, "byte 2: expected a digit" },
	{ "1e", NULL, "expected a digit" },
	{ "1e+", NULL, "expected a digit" },
	{ "-", NULL, "expected a digit" },
	{ "--1", NULL, "expected a digit" },
	{ "0x10", NULL, "text after the end" },
	{ "1_000", NULL, "text after the end" },
	{ "NaN", NULL, "expected a value" },
	{ "Infinity", NULL, "expected a value" },
	{ "-Infinity", NULL, "expected a digit" },
	{ "1,5", NULL, "text after the end" },
	/* words */
	{ "[true,false,null]", "[true,false,null]" },
	{ "True", NULL, "expected a value" },
	{ "nul", NULL, "expected a value" },
	{ "nulll", NULL, "text after the end" },
	{ "undefined", NULL, "expected a value" },
	/* strings */
	{ "\"\"", "\"\"" },
	{ "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "\"a\\\"\\\\/\\b\\f\\n\\r\\tz\"" },
	{ "\"\\u00e9\\u20AC\"", "\"\xc3\xa9\xe2\x82\xac\"" },
	{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
	{ "\"\x7f\"", "\"\x7f\"" },
	{ "\"1000000000000000\"", "\"1000000000000000\"" },
	{ "\"\\ud83d\"", NULL, "half a surrogate pair" },
	{ "\"\\ud83d\\n\"", NULL, "half a surrogate pair" },
	{ "\"\\ud83d\\u0041\"", NULL, "half a surrogate pair" },
	{ "\"\\ud83d\\ud83d\"", NULL, "half a surrogate pair" },
	{ "\"\\ude00\"", NULL, "half a surrogate pair" },
	{ "\"a\\u0000b\"", NULL, "\\u0000" },
	{ "{\"\\u0000\":1}", NULL, "\\u0000" },
	{ "\"\\u12g4\"", NULL, "four hexadecimal digits" },
	{ "\"\\u12", NULL, "four hexadecimal digits" },
	{ "\"\\x41\"", NULL, "no such escape" },
	{ "\"\\", NULL, "no such escape" },
	{ "\"a\nb\"", NULL, "byte 2: a control character" },
	{ "\"a\tb\"", NULL, "a control character" },
	{ "\"a", NULL, "a string without its end" },
	{ "'a'", NULL, "expected a value" },
	{ "\"\xff\"", NULL, "byte 1: not UTF-8" },
	{ "\"\xc0\xaf\"", NULL, "not UTF-8" },
	{ "\"\xed\xa0\x80\"", NULL, "not UTF-8" },
	{ "\"\xf4\x90\x80\x80\"", NULL, "not UTF-8" },
	{ "\"\xe2\x82\"", NULL, "not UTF-8" },
	/* lists and objects */
	{ "[]", "[]" },
	{ " [ ] ", "[]" },
	{ "{}", "{}" },
	{ "\t{ \"a\" : [ { } , 1 ] }\r\n", "{\"a\":[{},1]}" },
	{ "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
	{ "[{\"a\":1},{\"a\":1}]", "[{\"a\":1},{\"a\":1}]" },
	{ "{\"a\":{\"a\":1}}", "{\"a\":{\"a\":1}}" },
	{ "{\"\":1}", "{\"\":1}" },
	{ "[1,]", NULL, "expected a value" },
	{ "[,1]", NULL, "expected a value" },
	{ "[1 2]", NULL, "expected a comma" },
	{ "[1", NULL, "expected a comma" },
	{ "[", NULL, "expected a value" },
	{ "]", NULL, "expected a value" },
	{ "[1}", NULL, "expected a comma" },
	{ "{\"a\":1]", NULL, "expected a comma" },
	{ "{\"a\":1,}", NULL, "expected a string" },
	{ "{\"a\"}", NULL, "expected a colon" },
	{ "{\"a\":}", NULL, "expected a value" },
	{ "{a:1}", NULL, "expected a string" },
	{ "{1:1}", NULL, "expected a string" },
	{ "{,}", NULL, "expected a string" },
	{ "{", NULL, "expected a string" },
	{ "{\"a\":1,\"a\":1}", NULL, "key \"a\" twice" },
	{ "{\"a\":1,\"\\u0061\":1}", NULL, "key \"a\" twice" },
	{ "[0,[{\"x\":{\"\":1,\"b\":2,\"\":3}}]]", NULL, "key \"\" twice" },
	{ "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,"
	  "\"d\":10}",
	  NULL, "key \"d\" twice" },
	{ "{\"new\\nline\":1,\"new\\nline\":1}", NULL, "key \"new\\nline\" twice" },
	/* documents */
	{ "", NULL, "byte 0: expected a value" },
	{ " \n", NULL, "expected a value" },
	{ "\xef\xbb\xbf[]", NULL, "expected a value" },
	{ "[] []", NULL, "byte 3: text after the end" },
	{ "[]x", NULL, "text after the end" },
	{ "[]]", NULL, "text after the end" },
	{ "[1]// no", NULL, "text after the end" },
	{ "/* no */[]", NULL, "expected a value" },
	{ "\f[]", NULL, "expected a value" },
	{ "\xc2\xa0[]", NULL, "expected a value" },
	{ "<html><body>Log in</body></html>", NULL, "byte 0: expected a value" },
};

START_TEST(takes_json_and_nothing_else)
{
	g_autoptr(GError) error = NULL;
	_cleanup_(cJSON_Deletep) cJSON *document = parse(texts[_i].text, &error);
	g_autofree char *printed = document ? cJSON_PrintUnformatted(document) : NULL;

	if (texts[_i].result) {
		ck_assert_msg(document, "%s: %s", texts[_i].text,
			      error ? error->message : "");
		ck_assert_str_eq(printed, texts[_i].result);
		return;
	}
	ck_assert_msg(!document, "%s is %s", texts[_i].text, printed);
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_msg(strstr(error->message, texts[_i].why), "%s: %s", texts[_i].text,
		      error->message);
}
END_TEST

static GString *repeat(const char *text, guint n)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < n; i++)
		g_string_append(all, text);
	return all;
}

/* One within the limit and one beyond it. */
static void check_limit(GString *within, GString *beyond, const char *why)
{
	g_autoptr(GString) good = within;
	g_autoptr(GString) bad = beyond;
	g_autoptr(GError) error = NULL;
	_cleanup_(cJSON_Deletep) cJSON *document = json_parse(good->str, good->len, NULL);

	ck_assert_ptr_nonnull(document);
	ck_assert(!json_parse(bad->str, bad->len, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	ck_assert_msg(strstr(error->message, why), "%s", error->message);
}

static GString *nested(const char *open, const char *inner, const char *close, guint n)
{
	GString *text = repeat(open, n);
	g_autoptr(GString) end = repeat(close, n);

	g_string_append(text, inner);
	g_string_append_len(text, end->str, (gssize)end->len);
	return text;
}

START_TEST(keeps_to_its_limits)
{
	GString *full = nested("1,", "1", "", JSON_TOKENS_MAX - 2);
	GString *over = nested("1,", "1", "", JSON_TOKENS_MAX - 1);
	GString *longest = g_string_new("\"");
	GString *longer = g_string_new("\"");

	check_limit(nested("[", "", "]", 64), nested("[", "", "]", 65), "deeper than 64");
	check_limit(nested("{\"a\":", "0", "}", 64), nested("[", "", "", 100000),
		    "deeper than 64");
	for (guint i = 0; i < 2; i++) {
		GString *list = i == 0 ? full : over;

		g_string_prepend_c(list, '[');
		g_string_append_c(list, ']');
	}
	check_limit(full, over, "more than 200000");
	g_string_set_size(longest, JSON_BYTES_MAX);
	memset(longest->str, 'x', JSON_BYTES_MAX);
	g_string_append_len(longer, longest->str, JSON_BYTES_MAX);
	longest->str[0] = longest->str[JSON_BYTES_MAX - 1] = '"';
	check_limit(longest, longer, "larger than 8 MiB");
}
END_TEST

/* Keys that all come to the same place in the usual hash; pairs would take minutes. */
START_TEST(many_keys_are_cheap)
{
	static const char *const same[] = { "ab", "bA" }; /* 33 * 97 + 98 */
	g_autoptr(GString) text = g_string_new("{");
	g_autoptr(GError) error = NULL;
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;
	gint64 start;

	for (guint i = 0; i < 65536; i++) {
		g_string_append_c(text, '"');
		for (guint bit = 0; bit < 16; bit++)
			g_string_append(text, same[i >> bit & 1]);
		g_string_append(text, "\":0,");
	}
	g_string_append(text, "\"last\":0}");
	start = g_get_monotonic_time();
	document = json_parse(text->str, text->len, &error);
	ck_assert_msg(document, "%s", error ? error->message : "");
	ck_assert_int_lt(g_get_monotonic_time() - start, 20 * G_TIME_SPAN_SECOND);
	ck_assert_ptr_nonnull(json_at(document, "/last"));
}
END_TEST

/* A byte more or less anywhere is an error or another document, never a crash. */
START_TEST(every_cut_is_refused)
{
	static const char text[] =
		"{\"a\":[1234567890123456789,\"\\ud83d\\ude00\\n\",-1.5e-3,true,null],"
		"\"b\":{}}";

	for (gsize n = 0; n < sizeof(text) - 1; n++) {
		g_autofree char *cut = g_memdup2(text, n);

		ck_assert(!json_parse(cut ? cut : "", n, NULL));
	}
}
END_TEST

static const char document_text[] =
	"{\"sha\":\"abc\",\"n\":7,\"commit\":{\"author\":{\"date\":\"2026\"}},"
	"\"a/"
	"b\":\"slash\",\"m~n\":\"tilde\",\"\":\"empty\",\"Sha\":\"other\",\"0\":\"zero\","
	"\"list\":[\"x\",{\"name\":\"y\"},[10,11]],"
	"\"dot.key\":\"dots\",\"big\":12345678901234567890,"
	"\"actions\":[{},{\"_class\":\"a\"},{\"lastBuiltRevision\":{\"SHA1\":\"f00\"}},"
	"{\"lastBuiltRevision\":{\"SHA1\":\"ba5\"}}],"
	"\"refs\":[{\"id\":\"refs/heads/[x]/y\",\"v\":1},{\"id\":\"a=b\",\"v\":2},"
	"{\"id\":5,\"v\":3},{\"env\":{\"name\":\"prod\"},\"v\":4},"
	"{\"env\":{\"name\":\"test\"},\"v\":5},{\"id\":\"\",\"v\":6},{\"null\":null,"
	"\"v\":7}]}";

static const struct {
	const char *path;
	const char *found; /* as cJSON prints it; NULL: nothing */
} paths[] = {
	{ "/sha", "\"abc\"" },
	{ "sha", "\"abc\"" },
	{ "/Sha", "\"other\"" },
	{ "/SHA", NULL },
	{ "/sh", NULL },
	{ "/shaa", NULL },
	{ "/sha/x", NULL },
	{ "/commit/author/date", "\"2026\"" },
	{ "commit/author/date", "\"2026\"" },
	{ "/commit/author", "{\"date\":\"2026\"}" },
	{ "/commit/author/", NULL },
	{ "/commit//date", NULL },
	{ "/a~1b", "\"slash\"" },
	{ "/m~0n", "\"tilde\"" },
	{ "/m~n", NULL },
	{ "/m~2n", NULL },
	{ "/m~", NULL },
	{ "/", "\"empty\"" },
	{ "/0", "\"zero\"" },
	{ "/dot.key", "\"dots\"" },
	{ "/big", "\"12345678901234567890\"" },
	{ "/list/0", "\"x\"" },
	{ "/list/1/name", "\"y\"" },
	{ "/list/2/1", "11" },
	{ "/list/3", NULL },
	{ "/list/-", NULL },
	{ "/list/-1", NULL },
	{ "/list/00", NULL },
	{ "/list/01", NULL },
	{ "/list/99999999999999999999", NULL },
	{ "/list/", NULL },
	{ "/list/*", NULL },
	{ "/list/name", NULL },
	{ "/actions/[lastBuiltRevision]/lastBuiltRevision/SHA1", "\"f00\"" },
	{ "/actions/[lastBuiltRevision.SHA1=ba5]/lastBuiltRevision/SHA1", "\"ba5\"" },
	{ "/actions/[lastBuiltRevision.SHA1]/lastBuiltRevision/SHA1", "\"f00\"" },
	{ "/actions/[lastBuiltRevision.none]", NULL },
	{ "/actions/[none]", NULL },
	{ "/actions/[]", NULL },
	{ "/actions/[.]", NULL },
	{ "/refs/[id=refs/heads/[x]/y]/v", NULL }, /* its "]/" ends the token */
	{ "/refs/[id=a=b]/v", "2" },
	{ "/refs/[id=5]/v", NULL }, /* not the text 5 */
	{ "/refs/[id=]/v", "6" },
	{ "/refs/[env.name=prod]/v", "4" },
	{ "/refs/[env.name=test]/v", "5" },
	{ "/refs/[env.name=tes]/v", NULL },
	{ "/refs/[env.name=tests]/v", NULL },
	{ "/refs/[ENV.name=prod]/v", NULL },
	{ "/refs/[null]/v", "7" },
	{ "/refs/[null=]/v", NULL },
	{ "/refs/[env.name=prod/v", NULL },
	{ "/refs/[", NULL },
	{ "/commit/[author]", NULL },
};

START_TEST(follows_paths)
{
	_cleanup_(cJSON_Deletep) cJSON *document = parse(document_text, NULL);
	const cJSON *found = json_at(document, paths[_i].path);
	g_autofree char *printed = found ? cJSON_PrintUnformatted(found) : NULL;

	ck_assert_ptr_nonnull(document);
	ck_assert_msg(g_strcmp0(printed, paths[_i].found) == 0, "%s is %s",
		      paths[_i].path, printed);
}
END_TEST

START_TEST(paths_of_values_with_slashes)
{
	_cleanup_(cJSON_Deletep) cJSON *document = parse(
		"[{\"ref\":\"refs/heads/"
		"main\",\"v\":\"1\"},{\"ref\":\"a]b\",\"v\":\"2\"}]",
		NULL);

	ck_assert_str_eq(json_text_at(document, "/[ref=refs/heads/main]/v"), "1");
	ck_assert_str_eq(json_text_at(document, "[ref=refs/heads/main]/v"), "1");
	ck_assert_str_eq(json_text_at(document, "/[ref=a]b]/v"), "2");
	ck_assert_str_eq(json_text_at(document, "/1/v"), "2");
	ck_assert_ptr_null(json_text_at(document, "/1"));
	ck_assert_ptr_eq(json_at(document, ""), document);
	ck_assert_ptr_null(json_at(NULL, ""));
	ck_assert_ptr_null(json_at(NULL, "/a"));
	ck_assert_ptr_null(json_text_at(NULL, "/a"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, takes_json_and_nothing_else, 0, G_N_ELEMENTS(texts));
	tcase_add_test(tests, keeps_to_its_limits);
	tcase_add_test(tests, many_keys_are_cheap);
	tcase_add_test(tests, every_cut_is_refused);
	tcase_add_loop_test(tests, follows_paths, 0, G_N_ELEMENTS(paths));
	tcase_add_test(tests, paths_of_values_with_slashes);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
