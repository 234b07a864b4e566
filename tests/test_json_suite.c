#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* JSONTestSuite, of which 293 texts are in the file that JSON_SUITE names. */

#define N_TEXTS 293

/* Must be accepted by JSON's grammar alone; we refuse them, and why. */
static const char *const stricter[] = {
	"object_duplicated_key",	   /* a key twice */
	"object_duplicated_key_and_value", /* a key twice */
	"object_escaped_null_in_key",	   /* \u0000 */
	"string_null_escape",		   /* \u0000 */
};

/* Neither right nor wrong by the grammar; we accept these and refuse the rest. */
static const char *const accepted[] = {
	"number_double_huge_neg_exp", /* becomes 0 */
	"number_real_underflow",      /* becomes 0 */
	"number_too_big_neg_int",     /* integers of any length become text */
	"number_too_big_pos_int",     "number_very_big_negative_int",
};

static bool is_listed(const char *name, const char *const *list, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

/* Bytes as "5b5d", "1000*5b", or several of these joined by "+". */
static GString *unpack(const char *packed)
{
	GString *bytes = g_string_new(NULL);
	g_auto(GStrv) parts = g_strsplit(strcmp(packed, "-") == 0 ? "" : packed, "+", -1);

	for (char **part = parts; *part; part++) {
		char *star = strchr(*part, '*');
		guint64 times = star ? g_ascii_strtoull(*part, NULL, 10) : 1;
		const char *hex = star ? star + 1 : *part;

		for (; times > 0; times--) {
			for (const char *p = hex; *p; p += 2) {
				int byte = g_ascii_xdigit_value(p[0]) * 16 +
					   g_ascii_xdigit_value(p[1]);

				g_string_append_c(bytes, (char)byte);
			}
		}
	}
	return bytes;
}

static void judge(char kind, const char *name, const char *packed)
{
	g_autoptr(GString) text = unpack(packed);
	g_autoptr(GError) error = NULL;
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;
	/* So that a read past the end is one past an allocation. */
	g_autofree char *exact = g_memdup2(text->str, text->len);
	bool expected;

	if (kind == 'y')
		expected = !is_listed(name, stricter, G_N_ELEMENTS(stricter));
	else
		expected = kind == 'i' &&
			   is_listed(name, accepted, G_N_ELEMENTS(accepted));
	document = json_parse(exact ? exact : "", text->len, &error);
	ck_assert_msg(!document == !expected, "%c_%s: %s", kind, name,
		      error ? error->message : "accepted");
	if (!document)
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
}

START_TEST(agrees_with_the_suite)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint n = 0;

	ck_assert(g_file_get_contents(g_getenv("JSON_SUITE"), &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = NULL;

		if (**line == '#' || **line == '\0')
			continue;
		words = g_strsplit(*line, " ", -1);
		ck_assert_uint_eq(g_strv_length(words), 3);
		judge(words[0][0], words[1], words[2]);
		n++;
	}
	ck_assert_uint_eq(n, N_TEXTS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json_suite");
	TCase *tests = tcase_create("json_suite");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, agrees_with_the_suite);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
