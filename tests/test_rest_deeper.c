#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "tests/rest_fixture.h"

/* What drivers with details of details, and feeds at another address, have to get. */

static char *projects[] = { (char *)"gh/acme/shop" };
#define PIPELINES "/api/v2/project/gh%2Facme%2Fshop/pipeline"
#define DATE "date: Sun, 01 Mar 2026 12:00:00 GMT"

static const struct answer circleci[] = {
	{ PIPELINES, 200, DATE,
	  "{\"next_page_token\": null, \"items\": [{\"id\": \"p1\", \"state\": "
	  "\"created\", \"vcs\": {\"revision\": \"ab\", \"branch\": \"main\"}, "
	  "\"created_at\": \"2026-03-01T10:00:00Z\"}]}" },
	{ "/api/v2/pipeline/p1/workflow", 200, DATE,
	  "{\"next_page_token\": null, \"items\": [{\"id\": \"w1\", \"name\": "
	  "\"release\", \"status\": \"success\", \"created_at\": "
	  "\"2026-03-01T10:00:01Z\", \"stopped_at\": \"2026-03-01T10:30:00Z\"}]}" },
	{ "/api/v2/workflow/w1/job", 200, DATE,
	  "{\"next_page_token\": \"t2\", \"items\": [{\"id\": \"j1\", \"name\": "
	  "\"deploy\", \"type\": \"build\", \"status\": \"success\", \"started_at\": "
	  "\"2026-03-01T10:10:00Z\", \"stopped_at\": \"2026-03-01T10:12:00Z\"}]}" },
	{ "/api/v2/workflow/w1/job?page-token=t2", 200, DATE,
	  "{\"next_page_token\": null, \"items\": [{\"id\": \"j2\", \"name\": "
	  "\"smoke\", \"type\": \"build\", \"status\": \"failed\", \"started_at\": "
	  "\"2026-03-01T10:13:00Z\", \"stopped_at\": \"2026-03-01T10:14:00Z\"}]}" },
	{ NULL },
};

/* Without a credential, which is no matter here. */
static struct driver bare(const char *name)
{
	struct driver driver = *driver_find(name);

	driver.auth = AUTH_NONE;
	return driver;
}

static void prepare(struct fixture *fixture, const struct driver *driver, guint kind)
{
	fixture_init(fixture, driver);
	fixture->api.projects = projects;
	fixture->api.n_projects = 1;
	fixture->source.needed = 1u << kind;
}

START_TEST(jobs_of_workflows)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	const struct driver driver = bare("circleci");
	const struct item *job, *run;

	prepare(&fixture, &driver, ITEM_JOB);
	fixture.source.needed |= 1u << ITEM_RUN;
	fixture.answers = circleci;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB), 3);
	job = fixture_item(&fixture, ITEM_JOB, "j2", 0);
	ck_assert_str_eq(job->parent, "w1");
	ck_assert_str_eq(job->workflow, "release");
	ck_assert_str_eq(job->sha, "ab");
	ck_assert_int_eq(job->outcome, OUTCOME_FAILURE);
	ck_assert_str_eq(fixture_item(&fixture, ITEM_JOB, "w1", 0)->parent, "p1");
	/* The pipeline is over with its workflows. */
	run = fixture_item(&fixture, ITEM_RUN, "p1", 0);
	ck_assert(run->done && run->outcome == OUTCOME_SUCCESS);
	ck_assert_int_eq(run->finished,
			 fixture_item(&fixture, ITEM_JOB, "w1", 0)->finished);
}
END_TEST

static const struct answer later[] = {
	{ PIPELINES, 200, DATE,
	  "{\"next_page_token\": \"more\", \"items\": [{\"id\": \"p2\", \"state\": "
	  "\"created\", \"vcs\": {\"revision\": \"cd\", \"branch\": \"main\"}, "
	  "\"created_at\": \"2026-03-01T12:02:00Z\"}]}" },
	{ PIPELINES "?page-token=more", 200, DATE,
	  "{\"next_page_token\": null, \"items\": [{\"id\": \"p1\", \"state\": "
	  "\"created\", \"vcs\": {\"revision\": \"ab\", \"branch\": \"main\"}, "
	  "\"created_at\": \"2026-03-01T10:00:00Z\"}]}" },
	{ "/api/v2/pipeline/p2/workflow", 200, DATE,
	  "{\"next_page_token\": null, \"items\": [{\"id\": \"w2\", \"name\": "
	  "\"release\", \"status\": \"failed\", \"created_at\": "
	  "\"2026-03-01T12:02:01Z\", \"stopped_at\": \"2026-03-01T12:03:00Z\"}]}" },
	{ "/api/v2/workflow/w2/job", 200, DATE,
	  "{\"next_page_token\": null, \"items\": []}" },
	{ NULL },
};

START_TEST(an_incremental_poll_fetches_what_is_new)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	const struct driver driver = bare("circleci");

	prepare(&fixture, &driver, ITEM_JOB);
	fixture.source.needed |= 1u << ITEM_RUN;
	fixture.answers = circleci;
	fixture_works(&fixture);
	fixture.now += 5 * G_TIME_SPAN_MINUTE;
	fixture.answers = later;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_RUN), 2);
	ck_assert_int_eq(fixture_item(&fixture, ITEM_RUN, "p2", 0)->outcome,
			 OUTCOME_FAILURE);
}
END_TEST

#define QUERY                                                                            \
	"?minModifiedTime=2026-01-30T12%3A00%3A00Z&queryOrder=ascending&$top=100"        \
	"&api-version=7.1"
#define DEPLOYMENTS(host) host "/acme/Shop/_apis/release/deployments" QUERY

/* The one address that is asked: a request for any other fails the test. */
static const struct {
	const char *url;
	struct answer answers[2];
} places[] = {
	/* The vendor has releases elsewhere. */
	{ "https://dev.azure.com",
	  { { DEPLOYMENTS("https://vsrm.dev.azure.com"), 200, DATE,
	      "{\"count\": 0, \"value\": []}" } } },
	/* A server of one's own has them where the rest is: its credential stays. */
	{ "https://tfs.example.com/tfs",
	  { { DEPLOYMENTS("https://tfs.example.com/tfs"), 200, DATE,
	      "{\"count\": 0, \"value\": []}" } } },
};

START_TEST(another_address)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	const struct driver driver = bare("azure_devops");
	char *reads[] = { (char *)"deployments" }, *shop[] = { (char *)"Shop" };

	prepare(&fixture, &driver, ITEM_DEPLOYMENT);
	fixture.api.url = (char *)places[_i].url;
	fixture.api.organization = (char *)"acme";
	fixture.api.projects = shop;
	fixture.api.read = reads;
	fixture.api.n_read = 1;
	fixture.answers = places[_i].answers;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture.asked->len, 1);
}
END_TEST

/* Between two polls b was synced, and c, which failed. */
#define APPLICATION                                                                      \
	"/api/v1/applications?name=shop&fields=items.metadata.name,"                     \
	"items.metadata.labels,items.spec.destination,"                                  \
	"items.status.operationState.phase,items.status.operationState.startedAt,"       \
	"items.status.operationState.finishedAt,items.status.operationState.operation,"  \
	"items.status.operationState.syncResult.revision,"                               \
	"items.status.operationState.syncResult.revisions,"                              \
	"items.status.operationState.syncResult.source,items.status.summary.images"
#define HISTORY                                                                          \
	"/api/v1/applications?name=shop&fields=items.metadata.name,items.status.history"
#define SYNC(phase, at, sha)                                                             \
	"{\"items\": [{\"metadata\": {\"name\": \"shop\"}, \"status\": "                 \
	"{\"operationState\": {\"phase\": \"" phase "\", \"startedAt\": "                \
	"\"2026-03-01T" at ":00Z\", \"finishedAt\": \"2026-03-01T" at                    \
	":30Z\", \"syncResult\": {\"revision\": \"" sha "\"}}}}]}"
#define SYNCED(at, sha)                                                                  \
	"{\"id\": 1, \"revision\": \"" sha "\", \"deployStartedAt\": \"2026-03-01T" at   \
	":00Z\", \"deployedAt\": \"2026-03-01T" at ":30Z\"}"
#define SYNCS(list)                                                                      \
	"{\"items\": [{\"metadata\": {\"name\": \"shop\"}, \"status\": {\"history\": "   \
	"[" list "]}}]}"

START_TEST(syncs_between_two_polls)
{
	static const struct answer before[] = {
		{ APPLICATION, 200, DATE, SYNC("Succeeded", "11:50", "aa") },
		{ HISTORY, 200, DATE, SYNCS(SYNCED("11:50", "aa")) },
		{ NULL },
	};
	static const struct answer after[] = {
		{ APPLICATION, 200, DATE, SYNC("Failed", "12:03", "cc") },
		{ HISTORY, 200, DATE,
		  SYNCS(SYNCED("11:50", "aa") "," SYNCED("12:01", "bb")) },
		{ NULL },
	};
	_cleanup_(fixture_clear) struct fixture fixture;
	const struct driver driver = bare("argocd");
	char *shop[] = { (char *)"shop" };
	const struct item *sync;

	prepare(&fixture, &driver, ITEM_DEPLOYMENT);
	fixture.api.projects = shop;
	fixture.answers = before;
	fixture_works(&fixture);
	fixture.now += 5 * G_TIME_SPAN_MINUTE;
	fixture.answers = after;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_DEPLOYMENT), 3);
	sync = fixture_item(&fixture, ITEM_DEPLOYMENT, "2026-03-01T12:01:00Z", 0);
	ck_assert(sync->outcome == OUTCOME_SUCCESS && sync->done);
	ck_assert_str_eq(sync->sha, "bb");
	sync = fixture_item(&fixture, ITEM_DEPLOYMENT, "2026-03-01T12:03:00Z", 0);
	ck_assert(sync->outcome == OUTCOME_FAILURE && sync->done);
	sync = fixture_item(&fixture, ITEM_DEPLOYMENT, "2026-03-01T11:50:00Z", 0);
	ck_assert(sync->outcome == OUTCOME_SUCCESS && sync->done);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_deeper");
	TCase *tests = tcase_create("rest_deeper");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, jobs_of_workflows);
	tcase_add_test(tests, an_incremental_poll_fetches_what_is_new);
	tcase_add_test(tests, syncs_between_two_polls);
	tcase_add_loop_test(tests, another_address, 0, G_N_ELEMENTS(places));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
