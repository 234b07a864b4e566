#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver_rig.h"

/*
 * Answers of CI and deployment systems, every member of every element. The answer to a
 * feed is DRIVER/FEED.json, to a detail DRIVER/FEED.DETAIL.json (asked for one element of
 * the feed's answer); what is expected of it is in a .txt beside it.
 */
static const struct {
	const char *driver, *feed, *detail;
	int parent; /* place of the element in the feed's answer */
} answers[] = {
	{ "github", "runs", NULL, 0 },
	{ "github", "runs", "jobs", 3 },
	{ "github", "deployments", NULL, 0 },
	{ "github", "deployments", "statuses", 0 },
	{ "github", "changes", NULL, 0 },
	{ "github", "changes", "timeline", 1 },
	{ "github", "releases", NULL, 0 },
	{ "github", "incidents", NULL, 0 },
	{ "github", "debt", NULL, 0 },
	{ "gitlab", "runs", NULL, 0 },
	{ "gitlab", "runs", "jobs", 0 },
	{ "gitlab", "child_runs", NULL, 0 },
	{ "gitlab", "deployments", NULL, 0 },
	{ "gitlab", "changes", NULL, 0 },
	{ "gitlab", "changes", "approvals", 0 },
	{ "gitlab", "changes", "commits", 0 },
	{ "gitlab", "releases", NULL, 0 },
	{ "gitlab", "incidents", NULL, 0 },
	{ "gitlab", "debt", NULL, 0 },
	{ "gitea", "runs", NULL, 0 },
	{ "gitea", "runs", "jobs", 0 },
	{ "gitea", "changes", NULL, 0 },
	{ "gitea", "changes", "reviews", 0 },
	{ "gitea", "releases", NULL, 0 },
	{ "gitea", "incidents", NULL, 0 },
	{ "gitea", "debt", NULL, 0 },
	{ "forgejo", "runs", NULL, 0 },
	{ "forgejo", "jobs", NULL, 0 },
	{ "forgejo", "changes", NULL, 0 },
	{ "forgejo", "changes", "reviews", 0 },
	{ "forgejo", "releases", NULL, 0 },
	{ "forgejo", "incidents", NULL, 0 },
	{ "forgejo", "debt", NULL, 0 },
	{ "bitbucket", "runs", NULL, 0 },
	{ "bitbucket", "runs", "steps", 0 },
	{ "bitbucket", "deployments", NULL, 0 },
	{ "bitbucket", "deployments", "environment", 0 },
	{ "bitbucket", "changes", NULL, 0 },
	{ "bitbucket", "changes", "activity", 0 },
	{ "bitbucket_server", "changes", NULL, 0 },
	{ "bitbucket_server", "changes", "activities", 1 },
	{ "jenkins", "runs", NULL, 0 },
	{ "jenkins", "runs", "stages", 1 },
	{ "buildkite", "runs", NULL, 0 },
	{ "buildkite", "runs", "jobs", 0 },
	{ "circleci", "runs", NULL, 0 },
	{ "circleci", "runs", "workflows", 0 },
	{ "azure_devops", "runs", NULL, 0 },
	{ "azure_devops", "runs", "timeline", 0 },
	{ "azure_devops", "deployments", NULL, 0 },
	{ "azure_devops", "changes", NULL, 0 },
	{ "argocd", "deployments", NULL, 0 },
	{ "argocd", "deployments", "history", 0 },
};

static const struct feed *feed_of(const char *driver_name, const char *feed_name)
{
	const struct driver *driver = driver_find(driver_name);
	const struct feed *feed = driver ? driver_feed(driver, feed_name) : NULL;

	ck_assert_msg(feed != NULL, "%s: no %s", driver_name, feed_name);
	return feed;
}

static char *name_of(const char *driver, const char *feed, const char *detail,
		     const char *end)
{
	return g_strconcat(driver, "/", feed, detail ? "." : "", detail ? detail : "",
			   end, NULL);
}

/* The element of a feed's answer that a detail is asked for. */
static struct item *element(const char *driver, const struct feed *feed, int place)
{
	g_autofree char *name = name_of(driver, feed->name, NULL, ".json");
	_cleanup_(cJSON_Deletep) cJSON *answer = fixture_json(name);
	const cJSON *list = json_at(answer, feed->items ? feed->items : "");
	g_autoptr(GError) error = NULL;
	struct item *item = feed_decode(feed, "acme/shop",
					cJSON_GetArrayItem(list, place), &error);

	ck_assert_msg(item != NULL, "%s: %s", name, error ? error->message : "");
	return item;
}

START_TEST(answer)
{
	const char *driver = answers[_i].driver, *detail_name = answers[_i].detail;
	const struct feed *feed = feed_of(driver, answers[_i].feed);
	const struct detail *detail = detail_name ? feed_detail(feed, detail_name) : NULL;
	g_autofree char *name = name_of(driver, feed->name, detail_name, ".json");
	g_autofree char *text_name = name_of(driver, feed->name, detail_name, ".txt");
	g_autofree char *expected = fixture_text(text_name);
	_cleanup_(cJSON_Deletep) cJSON *json = fixture_json(name);
	struct item *item = detail ? element(driver, feed, answers[_i].parent) : NULL;
	g_autofree char *told = NULL;

	ck_assert_msg(!detail_name == !detail, "%s: no detail", name);
	told = answer_told(feed, detail, item, json);
	item_free(item);
	ck_assert_msg(strcmp(told, expected) == 0, "%s:\n%s\nexpected:\n%s", name, told,
		      expected);
}
END_TEST

/* A job of a workflow is two requests away from its pipeline. */
START_TEST(circleci_jobs)
{
	const struct feed *feed = feed_of("circleci", "runs");
	const struct detail *workflows = feed_detail(feed, "workflows");
	_cleanup_(cJSON_Deletep) cJSON *first = fixture_json("circleci/runs.workflows."
							     "json");
	_cleanup_(cJSON_Deletep) cJSON *second = fixture_json("circleci/runs.workflows."
							      "jobs.json");
	g_autofree char *expected = fixture_text("circleci/runs.workflows.jobs.txt");
	struct item *run = element("circleci", feed, 0);
	struct item *workflow = detail_decode(workflows, run, json_at(first, "/items/0"),
					      NULL);
	g_autofree char *told = answer_told(feed, feed_detail(feed, "jobs"), workflow,
					    second);

	item_free(run);
	item_free(workflow);
	ck_assert_str_eq(told, expected);
}
END_TEST

/* Every driver of this file is tried with every feed and detail that it has. */
START_TEST(nothing_is_left_out)
{
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		const struct driver *driver = driver_find(answers[i].driver);

		for (const struct feed *feed = driver->feeds; feed->name; feed++) {
			bool found = false;

			for (gsize j = 0; j < G_N_ELEMENTS(answers); j++)
				found |= strcmp(answers[j].driver, driver->name) == 0 &&
					 strcmp(answers[j].feed, feed->name) == 0;
			ck_assert_msg(found, "%s %s", driver->name, feed->name);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drivers_ci");
	TCase *tests = tcase_create("drivers_ci");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, answer, 0, G_N_ELEMENTS(answers));
	tcase_add_test(tests, circleci_jobs);
	tcase_add_test(tests, nothing_is_left_out);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
