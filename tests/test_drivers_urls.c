#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/rest/template.h"
#include "driver_rig.h"

/* What is asked, to the letter: which is "window", "item", the name of a detail, or NULL
 * for the feed's path. */
static const struct {
	const char *driver, *feed, *which, *project, *url;
} urls[] = {
	{ "github", "runs", NULL, "acme/shop",
	  "https://api.github.com/repos/acme/shop/actions/runs"
	  "?exclude_pull_requests=true&per_page=100" },
	{ "github", "runs", "window", "acme/shop",
	  "https://api.github.com/repos/acme/shop/actions/runs"
	  "?created=2026-03-01T00%3A00%3A00Z..2026-03-02T00%3A00%3A00Z"
	  "&exclude_pull_requests=true&per_page=100" },
	{ "github", "runs", "item", "acme/shop",
	  "https://api.github.com/repos/acme/shop/actions/runs/42"
	  "?exclude_pull_requests=true" },
	{ "github", "runs", "jobs", "acme/shop",
	  "https://api.github.com/repos/acme/shop/actions/runs/42/jobs"
	  "?filter=latest&per_page=100" },
	{ "github", "deployments", NULL, "acme/shop",
	  "https://api.github.com/repos/acme/shop/deployments?per_page=100" },
	{ "github", "changes", "timeline", "acme/shop",
	  "https://api.github.com/repos/acme/shop/issues/42/timeline?per_page=100" },
	{ "github", "incidents", NULL, "acme/shop",
	  "https://api.github.com/repos/acme/shop/issues?state=all"
	  "&since=2026-03-01T00%3A00%3A00Z&labels=incident%2Csev1"
	  "&sort=updated&direction=asc&per_page=100" },
	{ "github", "debt", NULL, "acme/shop",
	  "https://api.github.com/repos/acme/shop/issues?state=all"
	  "&since=2026-03-01T00%3A00%3A00Z&labels=tech-debt%2Ckeep"
	  "&sort=updated&direction=asc&per_page=100" },
	{ "gitlab", "debt", NULL, "acme/shop",
	  "https://gitlab.com/api/v4/projects/acme%2Fshop/issues?scope=all"
	  "&labels=tech-debt%2Ckeep&updated_after=2026-03-01T00%3A00%3A00Z"
	  "&order_by=updated_at&sort=asc&per_page=100" },
	{ "gitea", "debt", NULL, "acme/shop",
	  "https://gitea.com/api/v1/repos/acme/shop/issues?state=all&type=issues"
	  "&since=2026-03-01T00%3A00%3A00Z&labels=tech-debt%2Ckeep&limit=50" },
	{ "jira_server", "debt", NULL, "DEV",
	  "https://host/rest/api/2/search?jql=project%20%3D%20%22DEV%22%20AND%20("
	  "labels%20%3D%20debt)%20AND%20updated%20%3E%3D%20%22"
	  "2026-03-01T00%3A00%3A00Z%22%20ORDER%20BY%20created%20ASC%2C%20key%20ASC"
	  "&fields=summary,status,statuscategorychangedate,issuetype,priority,components,"
	  "labels,issuelinks,created,updated,resolution,resolutiondate&maxResults=100"
	  "&startAt=200" },
	{ "gitlab", "runs", NULL, "acme/backend/shop",
	  "https://gitlab.com/api/v4/projects/acme%2Fbackend%2Fshop/pipelines"
	  "?order_by=updated_at&sort=asc&updated_after=2026-03-01T00%3A00%3A00Z"
	  "&per_page=100" },
	{ "gitlab", "child_runs", NULL, "acme/shop",
	  "https://gitlab.com/api/v4/projects/acme%2Fshop/pipelines?order_by=updated_at"
	  "&sort=asc&updated_after=2026-03-01T00%3A00%3A00Z&per_page=100"
	  "&source=parent_pipeline" },
	{ "gitlab", "changes", "approvals", "acme/shop",
	  "https://gitlab.com/api/v4/projects/acme%2Fshop/merge_requests/42/approvals" },
	{ "gitlab", "incidents", NULL, "acme/shop",
	  "https://gitlab.com/api/v4/projects/acme%2Fshop/issues?scope=all"
	  "&labels=incident%2Csev1&updated_after=2026-03-01T00%3A00%3A00Z"
	  "&order_by=updated_at&sort=asc&per_page=100" },
	{ "forgejo", "jobs", NULL, "acme/shop",
	  "https://codeberg.org/api/v1/repos/acme/shop/actions/tasks?limit=50" },
	{ "bitbucket", "runs", NULL, "acme/shop",
	  "https://api.bitbucket.org/2.0/repositories/acme/shop/pipelines"
	  "?sort=-created_on&pagelen=100&page=3" },
	{ "bitbucket", "changes", NULL, "acme/shop",
	  "https://api.bitbucket.org/2.0/repositories/acme/shop/pullrequests"
	  "?q=state%3D%22MERGED%22%20AND%20updated_on%3E%3D2026-03-01T00%3A00%3A00Z"
	  "&sort=created_on&pagelen=50" },
	{ "bitbucket", "deployments", "environment", "acme/shop",
	  "https://api.bitbucket.org/2.0/repositories/acme/shop/environments/%7Be1%7D" },
	{ "bitbucket_server", "changes", NULL, "SHOP/backend",
	  "https://host/rest/api/latest/projects/SHOP/repos/backend/pull-requests"
	  "?state=MERGED&order=NEWEST&limit=100" },
	{ "jenkins", "runs", NULL, "shop/deploy main",
	  "https://host/job/shop/job/deploy%20main/api/json"
	  "?tree=allBuilds%5Bnumber,timestamp,duration,building,result,url,"
	  "fullDisplayName,actions%5BlastBuiltRevision%5BSHA1,branch%5Bname%5D%5D,"
	  "causes%5B_class%5D%5D%5D%7B200,300%7D" },
	{ "jenkins", "runs", "stages", "deploy",
	  "https://host/job/deploy/42/wfapi/describe" },
	{ "buildkite", "runs", NULL, "acme/shop",
	  "https://api.buildkite.com/v2/organizations/acme/pipelines/shop/builds"
	  "?finished_from=2026-03-01T00%3A00%3A00Z&exclude_jobs=true"
	  "&exclude_pipeline=true&per_page=100" },
	{ "circleci", "runs", NULL, "gh/acme/shop",
	  "https://circleci.com/api/v2/project/gh%2Facme%2Fshop/pipeline" },
	{ "circleci", "runs", "jobs", "gh/acme/shop",
	  "https://circleci.com/api/v2/workflow/42/job" },
	{ "azure_devops", "runs", NULL, "Web Shop",
	  "https://dev.azure.com/acme/Web%20Shop/_apis/build/builds"
	  "?minTime=2026-03-01T00%3A00%3A00Z&queryOrder=finishTimeAscending"
	  "&statusFilter=completed&$top=100&api-version=7.1" },
	{ "azure_devops", "changes", NULL, "Shop",
	  "https://dev.azure.com/acme/Shop/_apis/git/pullrequests"
	  "?searchCriteria.status=completed&searchCriteria.queryTimeRangeType=closed"
	  "&searchCriteria.minTime=2026-03-01T00%3A00%3A00Z&$top=100&$skip=200"
	  "&api-version=7.1" },
	{ "argocd", "deployments", "history", "shop",
	  "https://host/api/v1/applications?name=shop&project=acme"
	  "&fields=items.metadata.name,items.status.history" },
};

/* What a request has to say, or ("!") must not, by the trap that it is for. */
static const struct {
	const char *trap, *driver, *feed, *which, *says;
} requests[] = {
	{ "a filtered list of runs lags: what is new is read without a filter", "github",
	  "runs", NULL, "!created=" },
	{ "runs are told by creation, not by change", "github", "runs", "window",
	  "created={since}..{until}" },
	{ "the timeline has all commits, those of a pull request end at 250", "github",
	  "changes", "timeline", "/issues/{id}/timeline?" },
	{ "jobs of the latest attempt, each once", "github", "runs", "jobs",
	  "filter=latest" },
	{ "pull requests have no since: latest changed first", "github", "changes", NULL,
	  "state=closed&sort=updated&direction=desc" },
	{ "deployments are filtered by the time that they are in order of", "gitlab",
	  "deployments", NULL, "order_by=updated_at&sort=asc&updated_after={since}" },
	{ "pipelines are filtered by the time that they are in order of", "gitlab",
	  "runs", NULL, "order_by=updated_at&sort=asc&updated_after={since}" },
	{ "finished_after leaves out all but successes", "gitlab", "deployments", NULL,
	  "!finished_after" },
	{ "merge requests of everybody, by their change", "gitlab", "changes", NULL,
	  "scope=all&updated_after={since}&order_by=updated_at" },
	{ "pull requests are left out of Gitea's issues", "gitea", "incidents", NULL,
	  "type=issues&since={since}" },
	{ "debt is what its own labels say", "github", "debt", NULL,
	  "labels={debt_labels}" },
	{ "the type of incidents is not that of debt", "gitlab", "debt", NULL,
	  "!issue_type" },
	{ "Gitea's pull requests have no since", "gitea", "changes", NULL,
	  "sort=recentupdate" },
	{ "a job in its folders", "jenkins", "runs", NULL, "/{+jobs}/api/json" },
	{ "Jenkins ends its list of builds at 100", "jenkins", "runs", NULL,
	  "tree=allBuilds%5B" },
	{ "Jenkins reads all builds from its disk: by ranges", "jenkins", "runs", NULL,
	  "%7B{offset},{end}%7D" },
	{ "a list of builds has all their jobs", "buildkite", "runs", NULL,
	  "exclude_jobs=true&exclude_pipeline=true" },
	{ "builds by their end, not by their creation", "buildkite", "runs", NULL,
	  "finished_from={since}" },
	{ "minTime is a time of what the order is of", "azure_devops", "runs", NULL,
	  "minTime={since}&queryOrder=finishTimeAscending&statusFilter=completed" },
	{ "releases by change", "azure_devops", "deployments", NULL,
	  "minModifiedTime={since}&queryOrder=ascending" },
	{ "each attempt of a deployment", "azure_devops", "deployments", NULL,
	  "!latestAttemptsOnly" },
	{ "an application is told whole, unless fields are named", "argocd",
	  "deployments", NULL, "fields=" },
	{ "failed syncs are only in the operation", "argocd", "deployments", NULL,
	  "items.status.operationState.phase" },
	{ "issues are unresolved ones unless there is a query", "sentry", "issues", NULL,
	  "?query={query}%20&" },
};

/* What the tables know of lists. */
static const struct {
	const char *trap, *driver, *feed;
	enum feed_order order;
	guint cap;
	bool any_order;
} lists[] = {
	{ "a window of runs ends at 1,000", "github", "runs", ORDER_NEWEST, 1000, false },
	{ "deployments have no since: newest first, and what is unfinished", "github",
	  "deployments", ORDER_NEWEST, 0, false },
	{ "no page of issues is deep", "github", "incidents", ORDER_UPDATED, 0, false },
	{ "no page of pipelines is deep", "gitlab", "runs", ORDER_UPDATED, 0, false },
	{ "no page of deployments is deep", "gitlab", "deployments", ORDER_UPDATED, 0,
	  false },
	{ "no page of merge requests is deep", "gitlab", "changes", ORDER_UPDATED, 0,
	  false },
	{ "no page of incidents is deep", "gitlab", "incidents", ORDER_UPDATED, 0,
	  false },
	{ "Gitea's runs have no since", "gitea", "runs", ORDER_NEWEST, 0, false },
	{ "builds by number", "jenkins", "runs", ORDER_NUMBER, 0, false },
	{ "pipelines newest first", "circleci", "runs", ORDER_NEWEST, 0, false },
	{ "an application is its present state", "argocd", "deployments", ORDER_STATE, 0,
	  false },
	{ "incidents by creation, at most 10,000", "pagerduty", "incidents",
	  ORDER_CREATED, 10000, false },
	{ "a list of incidents ends at 20,000", "opsgenie", "incidents", ORDER_CREATED,
	  20000, false },
	{ "a status page has no since", "statuspage", "incidents", ORDER_NEWEST, 0,
	  false },
	{ "the filter by start took another form with each version", "grafana",
	  "alert_groups", ORDER_NEWEST, 0, false },
	{ "alerts have no history", "alertmanager", "alerts", ORDER_STATE, 0, false },
	{ "incidents by change", "firehydrant", "incidents", ORDER_UPDATED, 0, true },
};

static const char *path_of(const struct feed *feed, const char *which)
{
	const struct detail *detail;

	if (!which)
		return feed->path;
	if (strcmp(which, "window") == 0)
		return feed->window_path;
	if (strcmp(which, "item") == 0)
		return feed->item_path;
	detail = feed_detail(feed, which);
	return detail ? detail->path : NULL;
}

static void fill(struct variables *variables, const struct feed *feed,
		 const char *project)
{
	char *labels[] = { (char *)"incident", (char *)"sev1" };
	char *debt_labels[] = { (char *)"tech-debt", (char *)"keep" };
	/* variables_init() copies. */
	const struct config_api api = { .labels = labels,
					.n_labels = G_N_ELEMENTS(labels),
					.debt_labels = debt_labels,
					.n_debt_labels = G_N_ELEMENTS(debt_labels),
					.debt_query = (char *)"labels = debt",
					.organization = (char *)"acme" };
	g_autofree char *size = g_strdup_printf("%u", feed->size);
	g_autofree char *offset = g_strdup_printf("%u", 2 * feed->size);
	g_autofree char *end = g_strdup_printf("%u", 3 * feed->size);

	variables_init(variables, &api, project, NULL);
	variables_set(variables, VARIABLE_SINCE, "2026-03-01T00:00:00Z");
	variables_set(variables, VARIABLE_UNTIL, "2026-03-02T00:00:00Z");
	variables_set(variables, VARIABLE_SIZE, size);
	variables_set(variables, VARIABLE_PAGE, "3");
	variables_set(variables, VARIABLE_OFFSET, offset);
	variables_set(variables, VARIABLE_END, end);
	variables_set(variables, VARIABLE_ID, "42");
	variables_set(variables, VARIABLE_PARENT, "{e1}");
}

START_TEST(url)
{
	const struct driver *driver = driver_find(urls[_i].driver);
	const struct feed *feed = driver_feed(driver, urls[_i].feed);
	const char *path = path_of(feed, urls[_i].which);
	_cleanup_(variables_clear) struct variables variables = { 0 };
	g_autofree char *made = NULL;

	ck_assert_msg(path != NULL, "%s", urls[_i].url);
	fill(&variables, feed, urls[_i].project);
	made = template_url(driver->url ? driver->url : "https://host", path, &variables);
	ck_assert_str_eq(made, urls[_i].url);
}
END_TEST

START_TEST(a_request_minds_the_trap)
{
	const struct feed *feed = driver_feed(driver_find(requests[_i].driver),
					      requests[_i].feed);
	const char *path = path_of(feed, requests[_i].which);
	bool absent = *requests[_i].says == '!';

	ck_assert_msg(!strstr(path, requests[_i].says + absent) == absent, "%s: %s",
		      requests[_i].trap, path);
}
END_TEST

START_TEST(a_list_is_read_as_it_is)
{
	const struct feed *feed = driver_feed(driver_find(lists[_i].driver),
					      lists[_i].feed);

	ck_assert_msg(feed->order == lists[_i].order && feed->cap == lists[_i].cap &&
			      feed->any_order == lists[_i].any_order,
		      "%s", lists[_i].trap);
	/* How else would it be known how one of them ended? */
	ck_assert_msg(feed->order == ORDER_UPDATED || feed->order == ORDER_STATE ||
			      feed->item_path,
		      "%s", lists[_i].trap);
}
END_TEST

/* Nobody else spares them. */
START_TEST(servers_without_limits_are_paced)
{
	static const char *const names[] = { "gitea", "forgejo", "jenkins" };

	ck_assert_int_ge(driver_find(names[_i])->pace, 50 * G_TIME_SPAN_MILLISECOND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drivers_urls");
	TCase *tests = tcase_create("drivers_urls");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, url, 0, G_N_ELEMENTS(urls));
	tcase_add_loop_test(tests, a_request_minds_the_trap, 0, G_N_ELEMENTS(requests));
	tcase_add_loop_test(tests, a_list_is_read_as_it_is, 0, G_N_ELEMENTS(lists));
	tcase_add_loop_test(tests, servers_without_limits_are_paced, 0, 3);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
