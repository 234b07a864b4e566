/* The trunk and moving branch heads as deployments. */
#include "tests/rules_fixture.h"

static const struct config_rule commits = {
	.from = FROM_TRUNK,
	.each = EACH_COMMIT,
	.environment = "production",
};
static const struct config_rule days = {
	.from = FROM_TRUNK,
	.each = EACH_DAY,
	.environment = "production",
};

/* A-B-D-E is the first-parent line, C was merged by D; F rewrites D. */
static void repository(struct scene *scene, const char *zone)
{
	scene_init(scene, zone);
	scene_commit(scene, 'A', "", "2026-03-28T10:00:00Z");
	scene_commit(scene, 'B', "A", "2026-03-28T23:30:00Z");
	scene_commit(scene, 'C', "A", "2026-03-29T08:00:00Z");
	scene_commit(scene, 'D', "BC", "2026-03-29T09:00:00Z");
	scene_commit(scene, 'E', "D", "2026-03-29T22:30:00Z");
	scene_commit(scene, 'F', "B", "2026-03-30T09:00:00Z");
	scene_commit(scene, 'G', "D", NULL);
	scene_ref(scene, "refs/heads/main", 'E', NULL);
}

START_TEST(each_first_parent_commit)
{
	struct scene scene;

	repository(&scene, "UTC");
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-01T00:00:00Z"),
			 "trunk:main@A#1 A 2026-03-28T10:00:00Z\n"
			 "trunk:main@B#1 B 2026-03-28T23:30:00Z\n"
			 "trunk:main@D#1 D 2026-03-29T09:00:00Z\n"
			 "trunk:main@E#1 E 2026-03-29T22:30:00Z\n");
	scene_ref(&scene, "refs/heads/main", 'G', NULL); /* no believable time */
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-02T00:00:00Z"),
			 "trunk:main@E#1 E 2026-03-29T22:30:00Z rewritten\n"
			 "trunk:main@G#1 G -\n");
	scene_clear(&scene);
}
END_TEST

static const struct {
	const char *name;
	const char *zone;
	const char *rows;
} zones[] = {
	{ "days of UTC", "UTC",
	  "trunk:main@2026-03-28#1 B 2026-03-28T23:30:00Z\n"
	  "trunk:main@2026-03-29#1 E 2026-03-29T22:30:00Z\n" },
	/* 23:30 and 22:30 in UTC are 00:30 of the next day before and after the clocks
	 * go forward */
	{ "of Berlin, the day the clocks go forward among them", "Europe/Berlin",
	  "trunk:main@2026-03-28#1 A 2026-03-28T10:00:00Z\n"
	  "trunk:main@2026-03-29#1 D 2026-03-29T09:00:00Z\n"
	  "trunk:main@2026-03-30#1 E 2026-03-29T22:30:00Z\n" },
	{ "of Honolulu", "Pacific/Honolulu",
	  "trunk:main@2026-03-28#1 D 2026-03-29T09:00:00Z\n"
	  "trunk:main@2026-03-29#1 E 2026-03-29T22:30:00Z\n" },
};

START_TEST(last_of_each_day)
{
	struct scene scene;

	repository(&scene, zones[_i].zone);
	ck_assert_msg(strcmp(scene_poll_one(&scene, &days, "2026-04-01T00:00:00Z"),
			     zones[_i].rows) == 0,
		      "%s: %s", zones[_i].name, scene.rows->str);
	scene_clear(&scene);
}
END_TEST

START_TEST(the_last_of_today_advances)
{
	struct scene scene;

	repository(&scene, "UTC");
	scene_ref(&scene, "refs/heads/main", 'D', NULL);
	scene_poll_one(&scene, &days, "2026-03-29T12:00:00Z");
	scene_ref(&scene, "refs/heads/main", 'E', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &days, "2026-03-29T23:00:00Z"),
			 "trunk:main@2026-03-29#1 E 2026-03-29T22:30:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_future_commit_was_there_when_it_was_seen)
{
	struct scene scene;

	repository(&scene, "UTC");
	scene_ref(&scene, "refs/heads/main", 'E', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &days, "2026-03-29T12:00:00Z"),
			 "trunk:main@2026-03-28#1 B 2026-03-28T23:30:00Z\n"
			 "trunk:main@2026-03-29#1 E 2026-03-29T12:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(only_commits_that_touch_the_component)
{
	struct scene scene;

	repository(&scene, "UTC");
	scene.untouched['E' - 'A'] = scene.untouched['A' - 'A'] = true;
	ck_assert_str_eq(scene_poll_one(&scene, &days, "2026-04-01T00:00:00Z"),
			 "trunk:main@2026-03-28#1 B 2026-03-28T23:30:00Z\n"
			 "trunk:main@2026-03-29#1 D 2026-03-29T09:00:00Z\n");
	/* other globs are another rule, not another history */
	scene.untouched['D' - 'A'] = true;
	ck_assert_str_eq(scene_poll_one(&scene, &days, "2026-04-02T00:00:00Z"),
			 "trunk:main@2026-03-29#1 D 2026-03-29T09:00:00Z rule\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_rewrite_withholds_and_coming_back_counts_again)
{
	struct scene scene;

	repository(&scene, "UTC");
	scene_poll_one(&scene, &commits, "2026-04-01T00:00:00Z");
	scene_ref(&scene, "refs/heads/main", 'F', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-02T00:00:00Z"),
			 "trunk:main@D#1 D 2026-03-29T09:00:00Z rewritten\n"
			 "trunk:main@E#1 E 2026-03-29T22:30:00Z rewritten\n"
			 "trunk:main@F#1 F 2026-03-30T09:00:00Z\n");
	scene_ref(&scene, "refs/heads/main", 'D', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-03T00:00:00Z"),
			 "trunk:main@D#1 D 2026-03-29T09:00:00Z\n"
			 "trunk:main@F#1 F 2026-03-30T09:00:00Z rewritten\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(another_branch_or_each_is_another_rule)
{
	struct config_rule live = commits;
	struct scene scene;

	repository(&scene, "UTC");
	scene_ref(&scene, "refs/heads/main", 'B', NULL);
	scene_ref(&scene, "refs/heads/live", 'A', NULL);
	scene_poll_one(&scene, &commits, "2026-04-01T00:00:00Z");
	ck_assert_str_eq(scene_poll_one(&scene, &days, "2026-04-02T00:00:00Z"),
			 "trunk:main@2026-03-28#1 B 2026-03-28T23:30:00Z\n"
			 "trunk:main@A#1 A 2026-03-28T10:00:00Z rule\n"
			 "trunk:main@B#1 B 2026-03-28T23:30:00Z rule\n");
	live.branch = "live";
	ck_assert_str_eq(scene_poll_one(&scene, &live, "2026-04-03T00:00:00Z"),
			 "trunk:live@A#1 A 2026-03-28T10:00:00Z\n"
			 "trunk:main@2026-03-28#1 B 2026-03-28T23:30:00Z rule\n");
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-04T00:00:00Z"),
			 "trunk:live@A#1 A 2026-03-28T10:00:00Z rule\n"
			 "trunk:main@A#1 A 2026-03-28T10:00:00Z\n"
			 "trunk:main@B#1 B 2026-03-28T23:30:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(without_the_branch_all_stays_as_it_is)
{
	struct scene scene;

	repository(&scene, "UTC");
	scene_poll_one(&scene, &commits, "2026-04-01T00:00:00Z");
	scene_ref(&scene, "refs/heads/main", 'F', NULL);
	scene_poll_one(&scene, &commits, "2026-04-02T00:00:00Z");
	/* what a rewrite took away does not come back either */
	scene_drop(&scene, "refs/heads/main");
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-03T00:00:00Z"), "");
	ck_assert_str_eq(
		scene.notices->str,
		"branch main: not there; its deployments are kept as they are\n");
	scene.head = NULL;
	ck_assert_str_eq(scene_poll_one(&scene, &commits, "2026-04-04T00:00:00Z"), "");
	ck_assert_str_eq(scene.notices->str,
			 "branch (the remote names no HEAD): not there; its deployments "
			 "are kept as they are\n");
	scene_clear(&scene);
}
END_TEST

/* ---- heads ---- */

static char *released[] = { "production", "live/*" };
static char *experiments[] = { "*/try" };
static const struct config_rule heads = {
	.from = FROM_HEADS,
	.branches = released,
	.n_branches = 2,
	.except = experiments,
	.n_except = 1,
	.environment = "production",
};

START_TEST(each_head_seen)
{
	struct scene scene;

	repository(&scene, "UTC");
	scene_ref(&scene, "refs/heads/production", 'A', NULL);
	scene_ref(&scene, "refs/heads/live/eu", 'A', NULL);
	scene_ref(&scene, "refs/heads/live/try", 'A', NULL);
	scene_ref(&scene, "refs/tags/production", 'B', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &heads, "2026-04-01T00:00:00Z"),
			 "head:live/eu@A#1 A 2026-04-01T00:00:00Z\n"
			 "head:production@A#1 A 2026-04-01T00:00:00Z\n");
	scene_ref(&scene, "refs/heads/production", 'B', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &heads, "2026-04-02T00:00:00Z"),
			 "head:production@B#1 B 2026-04-02T00:00:00Z\n");
	scene_ref(&scene, "refs/heads/production", 'A', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &heads, "2026-04-03T00:00:00Z"),
			 "head:production@A#2 A 2026-04-03T00:00:00Z\n");
	scene_drop(&scene, "refs/heads/production");
	ck_assert_str_eq(scene_poll_one(&scene, &heads, "2026-04-04T00:00:00Z"), "");
	scene_clear(&scene);
}
END_TEST

START_TEST(heads_follow_their_rules)
{
	struct config_rule eu = heads, staging = heads;
	struct scene scene;

	eu.branches = released + 1;
	eu.n_branches = 1;
	staging.environment = "staging";
	repository(&scene, "UTC");
	scene_ref(&scene, "refs/heads/production", 'A', NULL);
	scene_ref(&scene, "refs/heads/live/eu", 'A', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &eu, "2026-04-01T00:00:00Z"),
			 "head:live/eu@A#1 A 2026-04-01T00:00:00Z\n");
	/* a rule that is added sees what is there when it is */
	ck_assert_str_eq(scene_poll_one(&scene, &heads, "2026-04-02T00:00:00Z"),
			 "head:production@A#1 A 2026-04-02T00:00:00Z\n");
	ck_assert_str_eq(scene_poll_one(&scene, &eu, "2026-04-03T00:00:00Z"),
			 "head:production@A#1 A 2026-04-02T00:00:00Z rule\n");
	ck_assert_str_eq(scene_poll_one(&scene, &staging, "2026-04-04T00:00:00Z"),
			 "head:live/eu@A#1 A 2026-04-01T00:00:00Z to staging\n"
			 "head:production@A#1 A 2026-04-02T00:00:00Z to staging\n");
	scene_clear(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("git_branches");
	TCase *tcase = tcase_create("trunk and heads");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, each_first_parent_commit);
	tcase_add_loop_test(tcase, last_of_each_day, 0, G_N_ELEMENTS(zones));
	tcase_add_test(tcase, the_last_of_today_advances);
	tcase_add_test(tcase, a_future_commit_was_there_when_it_was_seen);
	tcase_add_test(tcase, only_commits_that_touch_the_component);
	tcase_add_test(tcase, a_rewrite_withholds_and_coming_back_counts_again);
	tcase_add_test(tcase, another_branch_or_each_is_another_rule);
	tcase_add_test(tcase, without_the_branch_all_stays_as_it_is);
	tcase_add_test(tcase, each_head_seen);
	tcase_add_test(tcase, heads_follow_their_rules);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
