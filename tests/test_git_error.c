/* What becomes of git's last words: a status line, and what to do about it. */
#include <check.h>
#include <stdlib.h>

#include "collector/git/git_error.h"

static const char *const secrets[] = { "hunter2", NULL };

static const struct {
	const char *what, *said, *words;
	enum dora_error code; /* of a remote call */
} rows[] = {
	{ "a level is not a word",
	  "fatal: '/srv/none' does not appear to be a git repository\n"
	  "fatal: Could not read from remote repository.\n\n"
	  "Please make sure you have the correct access rights\n"
	  "and the repository exists.\n",
	  "'/srv/none' does not appear to be a git repository; "
	  "Could not read from remote repository.",
	  DORA_ERROR_CONFIG },
	{ "progress and the trace explain nothing",
	  "10:11:12.123456 run-command.c:667      trace: run_command: git index-pack\n"
	  "remote: 10:11:12.573529 list-objects.c:188 Skipping contents of tree ...\n"
	  "remote: Counting objects: 100% (3/3), done.\n"
	  "fatal: write error: No space left on device\n",
	  "write error: No space left on device", DORA_ERROR_RETRY },
	{ "what the other side says is kept", "remote: 10:11 is no time to push\n",
	  "remote: 10:11 is no time to push", DORA_ERROR_RETRY },
	{ "a secret is hidden", "fatal: Authentication failed for 'x:hunter2'\n",
	  "Authentication failed for 'x:***'", DORA_ERROR_DENIED },
	{ "nothing", "", "", DORA_ERROR_RETRY },
};

START_TEST(words)
{
	g_autofree char *found = git_error_words(rows[_i].said, secrets);

	ck_assert_msg(g_str_equal(found, rows[_i].words), "%s: %s", rows[_i].what, found);
	ck_assert_msg(git_error_code(rows[_i].said, true) == rows[_i].code, "%s",
		      rows[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("git_error");
	TCase *tests = tcase_create("git_error");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, words, 0, G_N_ELEMENTS(rows));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
