/* Deployments from a file of JSON lines. */
#include "tests/rules_fixture.h"

#define SHA_A "4141414141414141414141414141414141414141"
#define SHA_B "4242424242424242424242424242424242424242"
#define AT ", \"finished_at\": \"2026-03-02T00:00:00Z\""
#define NOW "2026-03-05T00:00:00Z"
#define PASSED "; the line is passed over\n"

static const struct config_rule rule = {
	.from = FROM_FILE,
	.file = "deploys.jsonl",
	.environment = "production",
};

static void repository(struct scene *scene, const char *file)
{
	scene_init(scene, "UTC");
	scene_commit(scene, 'A', "", "2026-03-01T10:00:00Z");
	scene_commit(scene, 'B', "A", "2026-03-02T10:00:00Z");
	scene_ref(scene, "refs/heads/main", 'B', NULL);
	scene->file = file;
}

static const struct {
	const char *name;
	const char *file;
	const char *rows;
	const char *notices;
} files[] = {
	{ "the least a line says", "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}",
	  "file:1#1 A 2026-03-02T00:00:00Z\n", "" },
	{ "all it can say",
	  "{\"id\":\"1\",\"attempt\":2,\"environment\":\"eu\",\"outcome\":\"failure\","
	  "\"started_at\":\"2026-03-02T01:00:00+02:00\"" AT
	  ",\"revisions\":[{\"sha\":\"" SHA_A "\"},"
	  "{\"repository\":\"other\",\"sha\":\"" SHA_B "\"}],\"more\":1}\n",
	  "file:1#2 A(B) 2026-03-02T00:00:00Z from 2026-03-01T23:00:00Z to eu failure\n",
	  "" },
	{ "what runs has no finish",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"outcome\":\"running\"}",
	  "file:1#1 A - running\n", "" },
	{ "a finish to come was seen to have come",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A
	  "\",\"finished_at\":\"2026-04-01T00:00:00Z\"}\n{\"id\":\"1\",\"attempt\":2,"
	  "\"sha\":\"" SHA_A "\",\"finished_at\":\"2026-04-01T00:00:00Z\"}\n",
	  "file:1#1 A 2026-03-05T00:00:00Z\nfile:1#2 A 2026-03-05T00:00:00Z\n", "" },
	{ "CR LF, and empty lines",
	  "\r\n\n{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\r\n\r\n",
	  "file:1#1 A 2026-03-02T00:00:00Z\n", "" },
	{ "an empty file", "", "", "" },
	{ "of lines for the same attempt the last",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"outcome\":\"running\"}\n"
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\n",
	  "file:1#1 A 2026-03-02T00:00:00Z\n", "" },
	{ "attempts",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"outcome\":\"cancelled\"" AT "}\n"
	  "{\"id\":\"1\",\"attempt\":2,\"sha\":\"" SHA_A "\"" AT "}\n",
	  "file:1#1 A 2026-03-02T00:00:00Z cancelled\n"
	  "file:1#2 A 2026-03-02T00:00:00Z\n",
	  "" },
	{ "a bad line does not hide the next",
	  "what\n{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}",
	  "file:1#1 A 2026-03-02T00:00:00Z\n",
	  "deploys.jsonl:1: expected a JSON object" PASSED },
	{ "an array", "[]", "", "deploys.jsonl:1: expected a JSON object" PASSED },
	{ "two objects on a line", "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "} {}", "",
	  "deploys.jsonl:1: expected a JSON object" PASSED },
	{ "not UTF-8", "{\"id\":\"\xff\",\"sha\":\"" SHA_A "\"" AT "}", "",
	  "deploys.jsonl:1: expected a JSON object" PASSED },
	{ "no id", "{\"sha\":\"" SHA_A "\"" AT "}", "",
	  "deploys.jsonl:1: id: expected a text of 1 to 200 bytes" PASSED },
	{ "a number as id", "{\"id\":1,\"sha\":\"" SHA_A "\"" AT "}", "",
	  "deploys.jsonl:1: id: expected a text of 1 to 200 bytes" PASSED },
	{ "no sha", "{\"id\":\"1\"" AT "}", "",
	  "deploys.jsonl:1: sha: expected a full commit id" PASSED },
	{ "a short sha", "{\"id\":\"1\",\"sha\":\"4141\"" AT "}", "",
	  "deploys.jsonl:1: sha: expected a full commit id" PASSED },
	{ "no finish", "{\"id\":\"1\",\"sha\":\"" SHA_A "\"}", "",
	  "deploys.jsonl:1: finished_at: expected a time such as "
	  "2026-03-01T12:00:00Z" PASSED },
	{ "a finish of no zone",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"finished_at\":\"2026-03-02T00:00:00\"}",
	  "",
	  "deploys.jsonl:1: finished_at: expected a time such as "
	  "2026-03-01T12:00:00Z" PASSED },
	{ "a start that is none",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"started_at\":5" AT "}", "",
	  "deploys.jsonl:1: started_at: expected a time such as "
	  "2026-03-01T12:00:00Z" PASSED },
	{ "an outcome nobody knows",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"outcome\":\"ok\"" AT "}", "",
	  "deploys.jsonl:1: outcome: expected success, failure, cancelled, skipped or "
	  "running" PASSED },
	{ "an outcome that is no text",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"outcome\":false" AT "}", "",
	  "deploys.jsonl:1: outcome: expected success, failure, cancelled, skipped or "
	  "running" PASSED },
	{ "attempt 0", "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"attempt\":0" AT "}", "",
	  "deploys.jsonl:1: attempt: expected a whole number from 1" PASSED },
	{ "attempt 1.5", "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"attempt\":1.5" AT "}", "",
	  "deploys.jsonl:1: attempt: expected a whole number from 1" PASSED },
	{ "an empty environment",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"environment\":\"\"" AT "}", "",
	  "deploys.jsonl:1: environment: expected a text of 1 to 200 bytes" PASSED },
	{ "an environment that is no text",
	  "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"environment\":[]" AT "}", "",
	  "deploys.jsonl:1: environment: expected a text of 1 to 200 bytes" PASSED },
	{ "no revisions", "{\"id\":\"1\",\"revisions\":[]" AT "}", "",
	  "deploys.jsonl:1: revisions: expected at least one" PASSED },
	{ "a repository nobody configured",
	  "{\"id\":\"1\",\"revisions\":[{\"repository\":\"x\",\"sha\":\"" SHA_A "\"}]" AT
	  "}",
	  "",
	  "deploys.jsonl:1: revisions: expected the name of a configured "
	  "repository" PASSED },
	{ "a revision without a sha",
	  "{\"id\":\"1\",\"revisions\":[{\"repository\":\"other\"}]" AT "}", "",
	  "deploys.jsonl:1: revisions: expected a full commit id as sha" PASSED },
	{ "a repository twice",
	  "{\"id\":\"1\",\"revisions\":[{\"sha\":\"" SHA_A "\"},{\"repository\":\"this\","
	  "\"sha\":\"" SHA_B "\"}]" AT "}",
	  "", "deploys.jsonl:1: revisions: expected each repository once" PASSED },
};

START_TEST(one_file)
{
	struct scene scene;

	repository(&scene, files[_i].file);
	scene_poll_one(&scene, &rule, NOW);
	ck_assert_msg(strcmp(scene.rows->str, files[_i].rows) == 0 &&
			      strcmp(scene.notices->str, files[_i].notices) == 0,
		      "%s:\n%s%s", files[_i].name, scene.rows->str, scene.notices->str);
	scene_clear(&scene);
}
END_TEST

START_TEST(a_line_is_read_up_to_its_limit)
{
	g_autofree char *fill = g_strnfill(65536, ' ');
	g_autofree char *fits = NULL, *over = NULL;
	const char line[] = "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}";
	struct scene scene;

	fits = g_strdup_printf("%s%s\n", line, fill + strlen(line));
	over = g_strdup_printf("%s %s\n", line, fill + strlen(line));
	repository(&scene, over);
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW), "");
	ck_assert_str_eq(scene.notices->str,
			 "deploys.jsonl:1: expected a JSON object" PASSED);
	scene.file = fits;
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW),
			 "file:1#1 A 2026-03-02T00:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_nul_does_not_cut_the_file)
{
	static const char file[] = "\0\n{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\0\n"
				   "{\"id\":\"2\",\"sha\":\"" SHA_A "\"" AT "}";
	struct scene scene;

	repository(&scene, file);
	scene.file_bytes = sizeof(file) - 1;
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW),
			 "file:2#1 A 2026-03-02T00:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_changed_line_corrects_and_a_lost_one_stays)
{
	struct config_rule live = rule;
	struct scene scene;

	repository(&scene, "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\n"
			   "{\"id\":\"2\",\"sha\":\"" SHA_A "\"" AT "}\n");
	scene_poll_one(&scene, &rule, NOW);
	scene.file = "{\"id\":\"1\",\"sha\":\"" SHA_B
		     "\",\"finished_at\":\"2026-03-03T00:00:00Z\"}\n";
	ck_assert_str_eq(scene_poll_one(&scene, &rule, "2026-03-06T00:00:00Z"),
			 "file:1#1 B 2026-03-03T00:00:00Z\n");
	live.environment = "live";
	ck_assert_str_eq(scene_poll_one(&scene, &live, "2026-03-06T00:00:00Z"),
			 "file:1#1 B 2026-03-03T00:00:00Z to live\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_finish_comes_after_the_start_was_seen)
{
	struct scene scene;

	repository(&scene,
		   "{\"id\":\"1\",\"sha\":\"" SHA_A "\",\"outcome\":\"running\"}\n");
	scene_poll_one(&scene, &rule, "2026-03-01T23:00:00Z");
	scene.file = "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\n";
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW),
			 "file:1#1 A 2026-03-02T00:00:00Z\n");
	/* a correction may be later, but not later than now */
	scene.file = "{\"id\":\"1\",\"sha\":\"" SHA_A
		     "\",\"finished_at\":\"2026-03-04T00:00:00Z\"}\n";
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW),
			 "file:1#1 A 2026-03-04T00:00:00Z\n");
	scene.file = "{\"id\":\"1\",\"sha\":\"" SHA_A
		     "\",\"finished_at\":\"2027-03-04T00:00:00Z\"}\n";
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW), "");
	scene_clear(&scene);
}
END_TEST

START_TEST(without_the_file_deployments_stay)
{
	struct scene scene;

	repository(&scene, "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\n");
	scene_poll_one(&scene, &rule, NOW);
	scene.file = NULL;
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW), "");
	ck_assert_str_eq(scene.notices->str, "deploys.jsonl: not on branch main\n");
	scene.head = NULL;
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW), "");
	ck_assert_str_eq(scene.notices->str,
			 "deploys.jsonl: not on branch (the remote names no HEAD)\n");
	ck_assert_str_eq(scene_poll(&scene, NULL, 0, NOW),
			 "file:1#1 A 2026-03-02T00:00:00Z rule\n");
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW),
			 "file:1#1 A 2026-03-02T00:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(all_attempts_come_back_with_their_rule)
{
	struct scene scene;

	repository(&scene, "{\"id\":\"1\",\"sha\":\"" SHA_A "\"" AT "}\n"
			   "{\"id\":\"1\",\"attempt\":2,\"sha\":\"" SHA_B "\"" AT "}\n");
	scene_poll_one(&scene, &rule, NOW);
	scene_poll(&scene, NULL, 0, NOW);
	ck_assert_str_eq(scene_poll_one(&scene, &rule, NOW),
			 "file:1#1 A 2026-03-02T00:00:00Z\n"
			 "file:1#2 B 2026-03-02T00:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("git_file");
	TCase *tcase = tcase_create("file");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, one_file, 0, G_N_ELEMENTS(files));
	tcase_add_test(tcase, a_line_is_read_up_to_its_limit);
	tcase_add_test(tcase, a_nul_does_not_cut_the_file);
	tcase_add_test(tcase, a_changed_line_corrects_and_a_lost_one_stays);
	tcase_add_test(tcase, a_finish_comes_after_the_start_was_seen);
	tcase_add_test(tcase, without_the_file_deployments_stay);
	tcase_add_test(tcase, all_attempts_come_back_with_their_rule);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
