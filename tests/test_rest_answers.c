#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_fixture.h"

/* What becomes of a poll by what the source answers, row by row. */

static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .path = "/{project}/runs",
	  .items = "/items",
	  .order = ORDER_STATE,
	  .fields = thing_fields,
	  .states = thing_states,
	  .scope = "Actions: read" },
	{ .name = "releases",
	  .kind = ITEM_RELEASE,
	  .path = "/{project}/releases",
	  .items = "/items",
	  .order = ORDER_STATE,
	  .fields = thing_fields,
	  .states = thing_states },
	{ NULL },
};
static const struct driver driver = { .name = "test", .feeds = feeds };
static char *projects[] = { (char *)"shop" };

#define RUNS "/shop/runs"
#define RELEASES "/shop/releases"
#define EMPTY "{\"items\": []}"
#define ONE                                                                              \
	"{\"items\": [{\"id\": 1, \"state\": \"done\", "                                 \
	"\"created\": \"2026-03-01T11:00:00Z\"}]}"
#define DATE "date: Sun, 01 Mar 2026 12:00:00 GMT"
#define OK -1

static const struct {
	const char *what;
	struct answer answers[6];
	int code;
	const char *says;
	guint n_requests;
	guint n_items;
} rows[] = {
	{ "all is well",
	  { { RUNS, 200, DATE, ONE }, { RELEASES, 200, DATE, EMPTY } },
	  OK,
	  NULL,
	  2,
	  1 },
	{ "the network fails once",
	  { { RUNS, 0, NULL, NULL, 1 },
	    { RUNS, 200, DATE, ONE },
	    { RELEASES, 200, DATE, EMPTY } },
	  OK,
	  NULL,
	  3,
	  1 },
	{ "the network fails",
	  { { RUNS, 0 }, { RELEASES, 200, DATE, ONE } },
	  DORA_ERROR_RETRY,
	  "shop: runs: api.test: connection reset",
	  5,
	  1 },
	{ "500 twice",
	  { { RUNS, 500, NULL, NULL, 2 },
	    { RUNS, 200, DATE, ONE },
	    { RELEASES, 200, DATE, EMPTY } },
	  OK,
	  NULL,
	  4,
	  1 },
	{ "502 for ever",
	  { { RUNS, 502 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_RETRY,
	  "shop: runs: answered 502",
	  5,
	  0 },
	{ "501 is not tried again",
	  { { RUNS, 501 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "shop: runs: answered 501",
	  2,
	  0 },
	{ "401 ends the poll",
	  { { RUNS, 401, NULL, "{\"message\": \"Bad credentials\"}" } },
	  DORA_ERROR_DENIED,
	  "shop: runs: the credential was refused (401): Bad credentials",
	  1,
	  0 },
	{ "403 names the scope and ends the feed",
	  { { RUNS, 403, DATE, "{\"message\": \"Resource not accessible\"}" },
	    { RELEASES, 200, DATE, ONE } },
	  DORA_ERROR_DENIED,
	  "shop: runs: the credential lacks Actions: read (403): Resource not accessible",
	  2,
	  1 },
	{ "403 everywhere",
	  { { RUNS, 403, DATE, "{}" }, { RELEASES, 403, DATE, "{}" } },
	  DORA_ERROR_DENIED,
	  "lacks Actions: read",
	  2,
	  0 },
	{ "404",
	  { { RUNS, 404, DATE, "{\"message\": \"Not Found\"}" },
	    { RELEASES, 200, DATE, ONE } },
	  DORA_ERROR_CONFIG,
	  "shop: runs: project not found, or the credential may not see it (404)",
	  2,
	  1 },
	{ "410",
	  { { RUNS, 410 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_CONFIG,
	  "project not found",
	  2,
	  0 },
	{ "451",
	  { { RUNS, 451 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_CONFIG,
	  "project not found",
	  2,
	  0 },
	{ "422 says why",
	  { { RUNS, 422, DATE,
	      "{\"errors\": [{\"message\": \"page\\u0007 too deep\"}]}" },
	    { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "shop: runs: answered 422: page  too deep",
	  2,
	  0 },
	{ "400 without words",
	  { { RUNS, 400, DATE, "no" }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "shop: runs: answered 400",
	  2,
	  0 },
	{ "a page for people",
	  { { RUNS, 200, "content-type: text/html; charset=utf-8", "hello" },
	    { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered with a web page: is the url right? is a login in between?",
	  2,
	  0 },
	{ "a page for people that says it is JSON",
	  { { RUNS, 200, "content-type: application/json", "\n<!DOCTYPE html>" },
	    { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered with a web page",
	  2,
	  0 },
	{ "203 with a login",
	  { { RUNS, 203, "content-type: text/html", "<html>" },
	    { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered with a web page",
	  2,
	  0 },
	{ "302 is not followed",
	  { { RUNS, 302, "location: https://login.test/in?x=1", NULL },
	    { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_CONFIG,
	  "shop: runs: moved to https://login.test (302): set url",
	  2,
	  0 },
	{ "301 to a new name",
	  { { RUNS, 301, "location: /repositories/17", NULL },
	    { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_CONFIG,
	  "moved to https://api.test (301)",
	  2,
	  0 },
	{ "307 to nowhere",
	  { { RUNS, 307 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_CONFIG,
	  "moved to a place that it does not name",
	  2,
	  0 },
	{ "204",
	  { { RUNS, 204 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered 204",
	  2,
	  0 },
	{ "206 is a part",
	  { { RUNS, 206, DATE, ONE }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered 206",
	  2,
	  0 },
	{ "304 that nobody asked for",
	  { { RUNS, 304 }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered 304",
	  2,
	  0 },
	{ "cut off",
	  { { RUNS, 200, DATE, "{\"items\": [" }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "shop: runs: the answer: ",
	  2,
	  0 },
	{ "nothing",
	  { { RUNS, 200, DATE, NULL }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "answered 200 without content",
	  2,
	  0 },
	{ "JSON of something else",
	  { { RUNS, 200, DATE, "{\"values\": []}" }, { RELEASES, 200, DATE, EMPTY } },
	  DORA_ERROR_DATA,
	  "shop: runs: the answer has no list at /items",
	  2,
	  0 },
	{ "a list that is null is empty",
	  { { RUNS, 200, DATE, "{\"items\": null}" }, { RELEASES, 200, DATE, EMPTY } },
	  OK,
	  NULL,
	  2,
	  0 },
	{ "429 for 30 seconds",
	  { { RUNS, 429, "retry-after: 30", NULL, 1 },
	    { RUNS, 200, DATE, ONE },
	    { RELEASES, 200, DATE, EMPTY } },
	  OK,
	  NULL,
	  3,
	  1 },
	{ "429 for an hour ends the poll",
	  { { RUNS, 429, "retry-after: 3600", NULL } },
	  DORA_ERROR_RETRY,
	  "shop: runs: rate limit: not before 2026-03-01T13:00:00Z",
	  1,
	  0 },
	{ "403 that is a limit",
	  { { RUNS, 403,
	      "x-ratelimit-limit: 5000\nx-ratelimit-remaining: 0\n"
	      "x-ratelimit-reset: 1772368200\n" DATE,
	      "{\"message\": \"API rate limit exceeded\"}" } },
	  DORA_ERROR_RETRY,
	  "rate limit: not before 2026-03-01T12:30:00Z",
	  1,
	  0 },
	{ "the last request of an hour",
	  { { RUNS, 200,
	      "x-ratelimit-limit: 60\nx-ratelimit-remaining: 0\n"
	      "x-ratelimit-reset: 1772368200\n" DATE,
	      ONE } },
	  DORA_ERROR_RETRY,
	  "shop: releases: rate limit: not before 2026-03-01T12:30:00Z",
	  1,
	  1 },
};

static void prepare(struct fixture *fixture, const struct answer *answers)
{
	fixture_init(fixture, &driver);
	fixture->api.projects = projects;
	fixture->api.n_projects = 1;
	fixture->answers = answers;
}

START_TEST(answers)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	g_autoptr(GError) error = NULL;

	prepare(&fixture, rows[_i].answers);
	error = fixture_poll(&fixture);
	if (rows[_i].code == OK)
		ck_assert_msg(!error, "%s: %s", rows[_i].what,
			      error ? error->message : "");
	else
		ck_assert_msg(error && error->code == rows[_i].code &&
				      g_str_has_prefix(error->message, "shop: ") &&
				      strstr(error->message, rows[_i].says),
			      "%s: %s", rows[_i].what,
			      error ? error->message : "nothing failed");
	ck_assert_msg(fixture.result.n_requests == rows[_i].n_requests, "%s: %u requests",
		      rows[_i].what, fixture.result.n_requests);
	ck_assert_msg(fixture.items->len == rows[_i].n_items, "%s: %u items",
		      rows[_i].what, fixture.items->len);
	ck_assert_msg((fixture.result.not_before != INSTANT_NONE) ==
			      (rows[_i].says && strstr(rows[_i].says, "not before")),
		      "%s", rows[_i].what);
}
END_TEST

START_TEST(no_request_earlier_than_told)
{
	static const struct answer script[] = {
		{ RUNS, 429, "retry-after: 45", NULL, 1 },
		{ RUNS, 200, DATE, EMPTY },
		{ RELEASES, 200, DATE, EMPTY },
		{ NULL },
	};
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, script);
	fixture_works(&fixture);
	ck_assert_int_ge(fixture.waited, 45 * G_TIME_SPAN_SECOND);
	ck_assert_int_le(fixture.waited, 47 * G_TIME_SPAN_SECOND);
}
END_TEST

START_TEST(pauses_grow)
{
	static const struct answer script[] = {
		{ RUNS, 503, NULL, NULL, 3 },
		{ RUNS, 200, DATE, EMPTY },
		{ RELEASES, 200, DATE, EMPTY },
		{ NULL },
	};
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, script);
	fixture_works(&fixture);
	/* 1 + 4 + 16 seconds, each by half more or less. */
	ck_assert_int_ge(fixture.waited, 10 * G_TIME_SPAN_SECOND);
	ck_assert_int_le(fixture.waited, 33 * G_TIME_SPAN_SECOND);
}
END_TEST

/* What is stored stays, whatever a list says. */
START_TEST(not_found_deletes_nothing)
{
	static const struct answer good[] = { { RUNS, 200, DATE, ONE },
					      { RELEASES, 200, DATE, EMPTY },
					      { NULL } };
	static const struct answer bad[] = { { RUNS, 404 },
					     { RELEASES, 200, DATE, EMPTY },
					     { NULL } };
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, good);
	fixture_works(&fixture);
	fixture.answers = bad;
	fixture_fails(&fixture, DORA_ERROR_CONFIG, "not found");
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_RUN), 1);
}
END_TEST

START_TEST(secret_in_an_answer)
{
	static const struct driver talkative = {
		.name = "test",
		.feeds = feeds,
		.auth = AUTH_HEADER,
	};
	static const struct answer script[] = {
		{ RUNS, 422, NULL, "{\"message\": \"bad token canary-4711\"}" },
		{ RELEASES, 200, DATE, EMPTY },
		{ NULL },
	};
	static const struct secret_ref token = { .env = (char *)"REST_TEST_TOKEN" };
	_cleanup_(fixture_clear) struct fixture fixture;
	g_autoptr(GError) error = NULL;

	prepare(&fixture, script);
	g_setenv("REST_TEST_TOKEN", "canary-4711", TRUE);
	fixture.source.driver = &talkative;
	fixture.api.token = (struct secret_ref *)&token;
	error = fixture_poll(&fixture);
	ck_assert_str_eq(error->message, "shop: runs: answered 422");
}
END_TEST

START_TEST(no_credential_no_request)
{
	static const struct driver keyed = {
		.name = "test",
		.feeds = feeds,
		.auth = AUTH_HEADER,
	};
	static const struct answer script[] = { { NULL } };
	static const struct secret_ref token = { .env = (char *)"REST_TEST_NOTHING" };
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, script);
	fixture.source.driver = &keyed;
	fixture.api.token = (struct secret_ref *)&token;
	fixture_fails(&fixture, DORA_ERROR_CONFIG, "REST_TEST_NOTHING");
}
END_TEST

START_TEST(database_away)
{
	static const struct answer script[] = { { NULL } };
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, script);
	fixture.broken = true;
	fixture_fails(&fixture, DORA_ERROR_RETRY, "database: away");
}
END_TEST

START_TEST(cancelled)
{
	static const struct answer script[] = { { NULL } };
	_cleanup_(fixture_clear) struct fixture fixture;
	g_autoptr(GCancellable) cancellable = g_cancellable_new();

	prepare(&fixture, script);
	fixture.source.cancellable = cancellable;
	g_cancellable_cancel(cancellable);
	fixture_fails(&fixture, DORA_ERROR_CANCELLED, "stopping");
}
END_TEST

/* ---- which feeds are read ---- */

static const struct feed chosen[] = {
	{ .name = "usual", .kind = ITEM_CHANGE },
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .on_request = true,
	  .details = (const struct detail[]){ { .name = "jobs",
						.kind = ITEM_JOB,
						.fields = thing_fields },
					      { NULL } } },
	{ .name = "incidents", .kind = ITEM_INCIDENT, .needs_labels = true },
	{ .name = "debt", .kind = ITEM_DEBT, .needs_debt = true },
	{ .name = "issues", .kind = ITEM_INCIDENT, .needs_query = true },
	{ NULL },
};
static char *names[] = { (char *)"runs", (char *)"incidents", (char *)"incident" };

static const struct {
	const char *what;
	unsigned n_read, n_labels;
	guint needed;
	bool usual, runs, incidents;
	const char *debt_query, *query;
} choices[] = {
	{ "the usual", 0, 0, 0, true, false, false },
	{ "with labels", 0, 1, 0, true, false, true },
	{ "named", 1, 0, 0, false, true, false },
	{ "named but without labels", 2, 0, 0, false, true, false },
	{ "runs are needed", 0, 0, 1 << ITEM_RUN, true, true, false },
	{ "jobs are needed", 0, 0, 1 << ITEM_JOB, true, true, false },
	{ "needed beside what is named", 1, 0, 1 << ITEM_CHANGE, true, true, false },
	{ "with a query for debt", 0, 0, 0, true, false, false, "debt", NULL },
	{ "with a query", 0, 0, 0, true, false, false, NULL, "incidents" },
	{ "with a query for debt that is not named", 1, 0, 0, false, true, false,
	  "debt" },
};

START_TEST(choice)
{
	const struct config_api api = {
		.read = names,
		.n_read = choices[_i].n_read,
		.labels = names + 2,
		.n_labels = choices[_i].n_labels,
		.debt_query = (char *)choices[_i].debt_query,
		.query = (char *)choices[_i].query,
	};
	const struct rest_source source = { .api = &api, .needed = choices[_i].needed };

	ck_assert_msg(rest_reads(&source, &chosen[0]) == choices[_i].usual &&
			      rest_reads(&source, &chosen[1]) == choices[_i].runs &&
			      rest_reads(&source, &chosen[2]) == choices[_i].incidents &&
			      rest_reads(&source, &chosen[3]) ==
				      (choices[_i].debt_query && !choices[_i].n_read) &&
			      rest_reads(&source, &chosen[4]) ==
				      (choices[_i].query != NULL),
		      "%s", choices[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_answers");
	TCase *tests = tcase_create("rest_answers");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, answers, 0, G_N_ELEMENTS(rows));
	tcase_add_test(tests, no_request_earlier_than_told);
	tcase_add_test(tests, pauses_grow);
	tcase_add_test(tests, not_found_deletes_nothing);
	tcase_add_test(tests, secret_in_an_answer);
	tcase_add_test(tests, no_credential_no_request);
	tcase_add_test(tests, database_away);
	tcase_add_test(tests, cancelled);
	tcase_add_loop_test(tests, choice, 0, G_N_ELEMENTS(choices));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
