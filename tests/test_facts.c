#include <check.h>
#include <stdlib.h>

#include "metrics/facts.h"

static const struct {
	const char *what;
	const char *text;
	bool good;
} oids[] = {
	{ "SHA-1", "0123456789abcdef0123456789ABCDEF01234567", true },
	{ "SHA-256", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  true },
	{ "too short", "0123456789abcdef0123456789abcdef0123456", false },
	{ "not hexadecimal", "g123456789abcdef0123456789abcdef01234567", false },
	{ "empty", "", false },
};

START_TEST(oid_text)
{
	struct oid oid = { 0 };
	char hex[2 * OID_BYTES + 1];
	g_autofree char *lower = g_ascii_strdown(oids[_i].text, -1);

	ck_assert_msg(oid_parse(oids[_i].text, strlen(oids[_i].text), &oid) ==
			      oids[_i].good,
		      "%s", oids[_i].what);
	if (oids[_i].good)
		ck_assert_str_eq(oid_format(&oid, hex), lower);
	else
		ck_assert_uint_eq(oid.len, 0);
}
END_TEST

START_TEST(names)
{
	enum outcome outcome;
	enum exclusion exclusion;

	for (int i = 0; i < N_OUTCOMES; i++) {
		ck_assert(outcome_parse(outcome_name((enum outcome)i), &outcome));
		ck_assert_int_eq(outcome, i);
	}
	for (int i = 0; i < N_EXCLUSIONS; i++) {
		ck_assert(exclusion_parse(exclusion_name((enum exclusion)i), &exclusion));
		ck_assert_int_eq(exclusion, i);
	}
	ck_assert(!outcome_parse("succeeded", &outcome));
	ck_assert(!exclusion_parse("", &exclusion));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("facts");
	TCase *tests = tcase_create("facts");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, oid_text, 0, G_N_ELEMENTS(oids));
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
