/* Tags as deployments, several rules at once, and rules that change. */
#include "tests/rules_fixture.h"

static char *every[] = { "*" };
static char *versions[] = { "v*" };
static char *candidates[] = { "*-rc?" };

static const struct config_rule all_tags = {
	.from = FROM_TAGS,
	.tags = every,
	.n_tags = 1,
	.environment = "production",
};

static void repository(struct scene *scene)
{
	scene_init(scene, "UTC");
	scene_commit(scene, 'A', "", "2026-03-01T10:00:00Z");
	scene_commit(scene, 'B', "A", "2026-03-02T10:00:00Z");
	scene_commit(scene, 'C', "B", NULL);
	scene_ref(scene, "refs/heads/main", 'C', NULL);
}

static const struct {
	const char *name;
	const char *tag;
	char commit;
	const char *tagged; /* NULL: lightweight */
	enum config_tag_time finished;
	const char *rows; /* at 2026-03-05T00:00:00Z */
} tags[] = {
	{ "an annotated tag finishes when it was made", "v1", 'A', "2026-03-03T00:00:00Z",
	  TAG_TIME_TAGGED, "tag:v1#1 A 2026-03-03T00:00:00Z\n" },
	{ "a lightweight tag finishes at its commit's time", "v1", 'A', NULL,
	  TAG_TIME_TAGGED, "tag:v1#1 A 2026-03-01T10:00:00Z\n" },
	{ "or when it was seen first", "v1", 'A', "2026-03-03T00:00:00Z",
	  TAG_TIME_FIRST_SEEN, "tag:v1#1 A 2026-03-05T00:00:00Z\n" },
	{ "what was seen has happened", "v1", 'A', "2027-01-01T00:00:00Z",
	  TAG_TIME_TAGGED, "tag:v1#1 A 2026-03-05T00:00:00Z\n" },
	{ "a tagger nobody believes: the commit's time", "v1", 'A',
	  "1970-01-02T00:00:00Z", TAG_TIME_TAGGED, "tag:v1#1 A 2026-03-01T10:00:00Z\n" },
	{ "neither is believed: no finish", "v1", 'C', "2105-01-02T00:00:00Z",
	  TAG_TIME_TAGGED, "tag:v1#1 C -\n" },
	{ "a tag of a tree is no deployment", "v1", '-', NULL, TAG_TIME_TAGGED, "" },
	{ "a slash is nothing special", "app/v1", 'A', NULL, TAG_TIME_TAGGED,
	  "tag:app/v1#1 A 2026-03-01T10:00:00Z\n" },
	{ "except wins", "v1-rc1", 'A', NULL, TAG_TIME_TAGGED, "" },
};

START_TEST(one_tag)
{
	struct config_rule rule = all_tags;
	g_autofree char *name = g_strconcat("refs/tags/", tags[_i].tag, NULL);
	struct scene scene;

	rule.finished = tags[_i].finished;
	rule.except = candidates;
	rule.n_except = 1;
	repository(&scene);
	scene_ref(&scene, name, tags[_i].commit, tags[_i].tagged);
	ck_assert_msg(strcmp(scene_poll_one(&scene, &rule, "2026-03-05T00:00:00Z"),
			     tags[_i].rows) == 0,
		      "%s: %s", tags[_i].name, scene.rows->str);
	scene_clear(&scene);
}
END_TEST

START_TEST(a_moved_tag_is_a_further_attempt)
{
	struct scene scene;

	repository(&scene);
	scene_ref(&scene, "refs/tags/v1", 'A', NULL);
	scene_ref(&scene, "refs/tags/v2", 'A', "2026-03-03T00:00:00Z");
	scene_poll_one(&scene, &all_tags, "2026-03-05T00:00:00Z");
	scene_ref(&scene, "refs/tags/v1", 'B', NULL);
	scene_ref(&scene, "refs/tags/v2", 'B', "2026-03-04T00:00:00Z");
	/* a commit's time says nothing of the move; a tagger's does */
	ck_assert_str_eq(scene_poll_one(&scene, &all_tags, "2026-03-06T00:00:00Z"),
			 "tag:v1#2 B 2026-03-06T00:00:00Z\n"
			 "tag:v2#2 B 2026-03-04T00:00:00Z\n");
	scene_ref(&scene, "refs/tags/v1", 'A', NULL);
	ck_assert_str_eq(scene_poll_one(&scene, &all_tags, "2026-03-07T00:00:00Z"),
			 "tag:v1#3 A 2026-03-07T00:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_tag_made_anew_is_a_correction_but_never_later_than_it_was_seen)
{
	struct scene scene;

	repository(&scene);
	scene_ref(&scene, "refs/tags/v1", 'A', NULL);
	scene_poll_one(&scene, &all_tags, "2026-03-05T00:00:00Z");
	scene_ref(&scene, "refs/tags/v1", 'A', "2026-03-02T00:00:00Z");
	ck_assert_str_eq(scene_poll_one(&scene, &all_tags, "2026-03-06T00:00:00Z"),
			 "tag:v1#1 A 2026-03-02T00:00:00Z\n");
	scene_ref(&scene, "refs/tags/v1", 'A', "2026-03-07T00:00:00Z");
	ck_assert_str_eq(scene_poll_one(&scene, &all_tags, "2026-03-08T00:00:00Z"),
			 "tag:v1#1 A 2026-03-05T00:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_deleted_tag_stays)
{
	struct scene scene;

	repository(&scene);
	scene_ref(&scene, "refs/tags/v1", 'A', NULL);
	scene_poll_one(&scene, &all_tags, "2026-03-05T00:00:00Z");
	scene_drop(&scene, "refs/tags/v1");
	ck_assert_str_eq(scene_poll_one(&scene, &all_tags, "2026-03-06T00:00:00Z"), "");
	/* and follows its rule, which would have named another environment */
	ck_assert_str_eq(scene_poll_one(&scene,
					&(struct config_rule){ .from = FROM_TAGS,
							       .tags = every,
							       .n_tags = 1,
							       .environment = "live" },
					"2026-03-06T00:00:00Z"),
			 "tag:v1#1 A 2026-03-01T10:00:00Z to live\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(a_pattern_that_changes_withholds_and_gives_back)
{
	struct config_rule rule = all_tags;
	struct scene scene;

	repository(&scene);
	scene_ref(&scene, "refs/tags/v1", 'A', NULL);
	scene_ref(&scene, "refs/tags/x", 'A', NULL);
	scene_poll_one(&scene, &all_tags, "2026-03-05T00:00:00Z");
	scene_ref(&scene, "refs/tags/x", 'B', NULL);
	scene_poll_one(&scene, &all_tags, "2026-03-06T00:00:00Z");
	rule.tags = versions;
	ck_assert_str_eq(scene_poll_one(&scene, &rule, "2026-03-07T00:00:00Z"),
			 "tag:x#1 A 2026-03-01T10:00:00Z rule\n"
			 "tag:x#2 B 2026-03-06T00:00:00Z rule\n");
	ck_assert_str_eq(scene_poll_one(&scene, &all_tags, "2026-03-08T00:00:00Z"),
			 "tag:x#1 A 2026-03-01T10:00:00Z\n"
			 "tag:x#2 B 2026-03-06T00:00:00Z\n");
	ck_assert_str_eq(scene_poll(&scene, NULL, 0, "2026-03-09T00:00:00Z"),
			 "tag:v1#1 A 2026-03-01T10:00:00Z rule\n"
			 "tag:x#1 A 2026-03-01T10:00:00Z rule\n"
			 "tag:x#2 B 2026-03-06T00:00:00Z rule\n");
	scene_clear(&scene);
}
END_TEST

START_TEST(of_overlapping_rules_the_first_counts)
{
	struct config_rule narrow = all_tags;
	const struct config_rule *rules[] = { &narrow, &all_tags };
	const struct config_rule *turned[] = { &all_tags, &narrow };
	struct scene scene;

	narrow.tags = versions;
	narrow.environment = "staging";
	repository(&scene);
	scene_ref(&scene, "refs/tags/v1", 'A', NULL);
	scene_ref(&scene, "refs/tags/x", 'A', NULL);
	ck_assert_str_eq(scene_poll(&scene, rules, 2, "2026-03-05T00:00:00Z"),
			 "tag:v1#1 A 2026-03-01T10:00:00Z to staging\n"
			 "tag:x#1 A 2026-03-01T10:00:00Z\n");
	ck_assert_str_eq(scene_poll(&scene, turned, 2, "2026-03-06T00:00:00Z"),
			 "tag:v1#1 A 2026-03-01T10:00:00Z\n");
	scene_clear(&scene);
}
END_TEST

/* ---- anything, in any order ---- */

static void random_move(struct scene *scene, GRand *rand)
{
	static const char *const names[] = {
		"refs/heads/main", "refs/heads/live", "refs/heads/next",
		"refs/tags/v1",	   "refs/tags/v2",    "refs/tags/x",
	};
	const char *name = names[g_rand_int_range(rand, 0, G_N_ELEMENTS(names))];
	gint64 tagged = at("2026-03-01T00:00:00Z") +
			(gint64)g_rand_int_range(rand, 0, 90) * G_TIME_SPAN_DAY;
	g_autofree char *when = instant_format(tagged);

	if (g_rand_int_range(rand, 0, 5) == 0)
		scene_drop(scene, name);
	else
		scene_ref(scene, name, (char)('A' + g_rand_int_range(rand, 0, 20)),
			  g_str_has_prefix(name, "refs/tags/") && g_rand_boolean(rand)
				  ? when
				  : NULL);
	if (g_rand_int_range(rand, 0, 6) == 0)
		scene->head = g_rand_boolean(rand) ? "refs/heads/main" : NULL;
}

/* Whatever the refs and rules become, the same poll again gives nothing (scene_poll()
 * looks), no key comes twice (scene_store() looks), and without rules nothing counts. */
START_TEST(random_polls_settle)
{
	static char *live[] = { "live", "ne*" };
	const struct config_rule pool[] = {
		all_tags,
		{ .from = FROM_TAGS, .tags = versions, .n_tags = 1, .environment = "a" },
		{ .from = FROM_TRUNK, .each = EACH_DAY, .environment = "b" },
		{ .from = FROM_TRUNK, .each = EACH_COMMIT, .environment = "b" },
		{ .from = FROM_TRUNK, .branch = "live", .environment = "production" },
		{ .from = FROM_HEADS,
		  .branches = live,
		  .n_branches = 2,
		  .environment = "c" },
		{ .from = FROM_HEADS,
		  .branches = every,
		  .n_branches = 1,
		  .environment = "production" },
	};
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i);
	struct scene scene;
	gint64 now = at("2026-03-10T00:00:00Z");

	scene_init(&scene, "Europe/Berlin");
	for (int i = 0; i < 20; i++) {
		char parents[3] = { 0 };
		g_autofree char *when = instant_format(
			at("2026-03-01T00:00:00Z") +
			(gint64)(i * 9 + g_rand_int_range(rand, -12, 12)) *
				G_TIME_SPAN_HOUR);

		gint32 n_parents = g_rand_int_range(rand, 0, 3);

		for (int p = 0; p < MIN(i, n_parents); p++)
			parents[p] = (char)('A' + MAX(i - 1 - p * 3, 0));
		scene_commit(&scene, (char)('A' + i), parents, when);
	}
	for (int poll = 0; poll < 30; poll++) {
		const struct config_rule *rules[3];
		guint n = (guint)g_rand_int_range(rand, 0, 4);
		g_autofree char *text = NULL;

		for (guint i = 0; i < n; i++)
			rules[i] = &pool[g_rand_int_range(rand, 0, G_N_ELEMENTS(pool))];
		random_move(&scene, rand);
		now += (gint64)g_rand_int_range(rand, 2, 40) * G_TIME_SPAN_HOUR;
		text = instant_format(now);
		scene_poll(&scene, rules, n, text);
		for (guint i = 0; n == 0 && i < scene.known->len; i++)
			ck_assert_int_ne(
				g_array_index(scene.known, struct deployment_row, i)
					.withheld,
				EXCLUSION_NONE);
	}
	scene_clear(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("git_rules");
	TCase *tcase = tcase_create("tags");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, one_tag, 0, G_N_ELEMENTS(tags));
	tcase_add_test(tcase, a_moved_tag_is_a_further_attempt);
	tcase_add_test(tcase,
		       a_tag_made_anew_is_a_correction_but_never_later_than_it_was_seen);
	tcase_add_test(tcase, a_deleted_tag_stays);
	tcase_add_test(tcase, a_pattern_that_changes_withholds_and_gives_back);
	tcase_add_test(tcase, of_overlapping_rules_the_first_counts);
	tcase_add_loop_test(tcase, random_polls_settle, 0, 200);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
