#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "tests/rest_fixture.h"

/* What drivers with details of details, and feeds at another address, have to get. */

static char *projects[] = { (char *)"gh/acme/shop" };
#define PIPELINES "/api/v2/project/gh/acme/shop/pipeline"
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

int main(void)
{
	Suite *suite = suite_create("rest_deeper");
	TCase *tests = tcase_create("rest_deeper");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, jobs_of_workflows);
	tcase_add_test(tests, an_incremental_poll_fetches_what_is_new);
	tcase_add_loop_test(tests, another_address, 0, G_N_ELEMENTS(places));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
