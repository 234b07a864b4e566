#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_server.h"

/* What other collectors are known to fall into, as a whole: a source that behaves so, and
 * what is stored in the end. traps.txt says where each of them was seen. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY

/* ---- what stands before the small server ---- */

struct gate {
	struct rest_transport inner;
	struct fixture *fixture;
	guint n;	   /* requests that came */
	guint first, last; /* those that are refused, from 1; 0: none */
	guint status;	   /* of refusals */
	const char *headers, *body;
	int deepest;	    /* no page after this one is told; 0: all are */
	guint deep_status;  /* of those */
	const char *always; /* headers of each good answer, one a line */
};

static bool refuse(struct gate *gate, const struct http_request *request,
		   struct http_response *response, guint status, const char *headers,
		   const char *body)
{
	g_ptr_array_add(gate->fixture->asked, g_strdup(request->url + strlen(BASE)));
	response_fill(response, status, headers, body);
	return true;
}

static int page_of(const char *url)
{
	const char *page = strstr(url, "page=");
	return page ? (int)g_ascii_strtoll(page + strlen("page="), NULL, 10) : 0;
}

static bool gate_perform(void *self, const struct http_request *request,
			 struct http_response *response, GError **error)
{
	struct gate *gate = self;
	g_auto(GStrv) lines = g_strsplit(gate->always ? gate->always : "", "\n", -1);

	gate->n++;
	if (gate->first && gate->n >= gate->first && gate->n <= gate->last)
		return refuse(gate, request, response, gate->status, gate->headers,
			      gate->body);
	if (gate->deepest && page_of(request->url) > gate->deepest)
		return refuse(gate, request, response, gate->deep_status, NULL,
			      "{\"message\":\"too deep\"}");
	if (!gate->inner.perform(gate->inner.self, request, response, error))
		return false;
	for (char **line = lines; *line; line++)
		if (**line)
			g_ptr_array_add(response->headers, g_strdup(*line));
	return true;
}

static gint64 gate_now(void *self)
{
	struct gate *gate = self;
	return gate->inner.now(gate->inner.self);
}

static bool gate_wait(void *self, GTimeSpan span, GError **error)
{
	struct gate *gate = self;
	return gate->inner.wait(gate->inner.self, span, error);
}

static void gate_close(struct gate *gate, struct fixture *fixture)
{
	*gate = (struct gate){ .inner = fixture->transport, .fixture = fixture };
	fixture->transport = (struct rest_transport){ gate_perform, gate_now, gate_wait,
						      gate };
}

/* From request n of the next poll on, to the end. */
static void gate_refuse(struct gate *gate, guint n, guint status, const char *headers)
{
	gate->n = 0;
	gate->first = n;
	gate->last = G_MAXUINT;
	gate->status = status;
	gate->headers = headers;
}

static void prepare(struct fixture *fixture, const struct driver *driver, int n)
{
	fixture_init(fixture, driver);
	for (int i = 0; i < n; i++)
		fixture_add(fixture, i + 1, NOON - 2 * DAY + i * 5 * MINUTE, "done");
}

static void poll_after(struct fixture *fixture, GTimeSpan span)
{
	fixture->now += span;
	fixture_works(fixture);
}

static const struct driver *const orders[] = {
	&lists_updated,	 &lists_recent,	 &lists_newest, &lists_blind,
	&lists_windowed, &lists_created, &lists_number,
};

/* ---- completeness ---- */

START_TEST(in_progress_runs_are_collected_again)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct thing *run;

	prepare(&fixture, orders[_i], 5);
	fixture_add(&fixture, 100, NOON - MINUTE, "running");
	fixture_works(&fixture);
	for (int i = 0; i < 25; i++) {
		fixture_add(&fixture, 101 + i, fixture.now, "done");
		poll_after(&fixture, 5 * MINUTE);
	}
	ck_assert(!fixture_item(&fixture, ITEM_RUN, "100", 1)->done);
	run = fixture_thing(&fixture, 100);
	run->state = "failed";
	run->updated = run->finished = fixture.now;
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_msg(fixture_item(&fixture, ITEM_RUN, "100", 1)->done, "%s",
		      orders[_i]->name);
	ck_assert_int_eq(fixture_item(&fixture, ITEM_RUN, "100", 1)->outcome,
			 OUTCOME_FAILURE);
}
END_TEST

/* A first poll that fails at any request is no reason to go on with what is new alone. */
START_TEST(the_backlog_is_not_skipped)
{
	for (guint k = 1; k < 8; k++) {
		_cleanup_(fixture_clear) struct fixture fixture;
		g_autoptr(GError) error = NULL;
		struct gate gate;

		prepare(&fixture, orders[_i], 45);
		fixture.cap = 20;
		gate_close(&gate, &fixture);
		gate_refuse(&gate, k, 503, NULL);
		error = fixture_poll(&fixture);
		gate.first = 0;
		poll_after(&fixture, HOUR);
		fixture_check_equal(&fixture, orders[_i]->name);
	}
}
END_TEST

/* Others come while pages are read, and many have one time. */
static void one_more(struct fixture *fixture, const char *path)
{
	(void)path;
	if (fixture->n_before < 20)
		fixture_add(fixture, 1000 + (int)fixture->n_before,
			    fixture->now - 20 * G_USEC_PER_SEC, "done");
}

START_TEST(as_many_are_stored_as_there_are)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, orders[_i], 0);
	fixture.cap = 20;
	for (int i = 0; i < 384; i++)
		fixture_add(&fixture, i + 1, NOON - 20 * DAY + i / 12 * 10 * HOUR,
			    "done");
	fixture.before = one_more;
	fixture_works(&fixture);
	fixture.before = NULL;
	poll_after(&fixture, 5 * MINUTE);
	fixture_check_equal(&fixture, orders[_i]->name);
}
END_TEST

/* Refused at any request: what is there stays, what came before the refusal is there. */
START_TEST(nothing_vanishes_while_limited)
{
	for (guint k = 1; k < 6; k++) {
		_cleanup_(fixture_clear) struct fixture fixture;
		g_autoptr(GError) error = NULL;
		struct gate gate;

		prepare(&fixture, orders[_i], 60);
		fixture_works(&fixture);
		gate_close(&gate, &fixture);
		for (int i = 0; i < 30; i++)
			fixture_add(&fixture, 100 + i, NOON + i * MINUTE, "done");
		fixture.now += 13 * HOUR;
		gate_refuse(&gate, k, 429, "retry-after: 3000");
		error = fixture_poll(&fixture);
		ck_assert(!error || g_error_matches(error, DORA_ERROR, DORA_ERROR_RETRY));
		ck_assert_uint_ge(fixture_count(&fixture, ITEM_RUN), 60);
		gate.first = 0;
		poll_after(&fixture, HOUR);
		fixture_check_equal(&fixture, orders[_i]->name);
	}
}
END_TEST

/* Neither lists that are empty for hours nor a project that is not to be seen. */
START_TEST(a_project_does_not_delete_itself)
{
	static const guint statuses[] = { 401, 403, 404, 410, 451, 500 };
	const struct driver *driver = orders[_i];
	_cleanup_(fixture_clear) struct fixture fixture;
	struct gate gate;

	prepare(&fixture, driver, 30);
	fixture_thing(&fixture, 20)->state = "running";
	fixture_works(&fixture);
	gate_close(&gate, &fixture);
	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
		g_autoptr(GError) error = NULL;

		gate_refuse(&gate, 1, statuses[i], NULL);
		fixture.now += 13 * HOUR;
		error = fixture_poll(&fixture);
		ck_assert_msg(error != NULL, "%s: %u", driver->name, statuses[i]);
	}
	gate.first = 0;
	for (guint i = 0; driver->feeds->item_path && i < fixture.things->len; i++)
		g_array_index(fixture.things, struct thing, i).visible = NOON + 9 * DAY;
	for (int i = 0; i < 10; i++)
		poll_after(&fixture, 13 * HOUR);
	fixture_check_equal(&fixture, driver->name);
}
END_TEST

/* The source tells no more than four pages. Where the rest can be asked for by time
 * nothing is missing; where it cannot, this is said, and what is new is collected. */
static const struct {
	const char *what;
	const struct driver *driver;
	guint status;
	bool whole;
} depths[] = {
	{ "by change", &lists_updated, 405, true },
	{ "by creation", &lists_created, 422, true },
	{ "by creation, after the newest", &lists_windowed, 422, true },
	{ "newest first, 422", &lists_newest, 422, false },
	{ "newest first, 400", &lists_newest, 400, false },
	{ "newest first, 405", &lists_blind, 405, false },
	{ "latest changed first", &lists_recent, 422, false },
	{ "by number", &lists_number, 416, false },
};

START_TEST(the_last_page_that_is_told_aborts_nothing)
{
	const char *what = depths[_i].what;
	_cleanup_(fixture_clear) struct fixture fixture;
	struct gate gate;

	prepare(&fixture, depths[_i].driver, 100);
	fixture.cap = 20;
	gate_close(&gate, &fixture);
	gate.deepest = 4;
	gate.deep_status = depths[_i].status;
	fixture_works(&fixture);
	ck_assert_uint_ge(fixture_count(&fixture, ITEM_RUN), 40);
	ck_assert_msg(depths[_i].whole == !fixture_row(&fixture)->trouble, "%s: %s", what,
		      fixture_row(&fixture)->trouble);
	ck_assert(depths[_i].whole ||
		  g_str_has_prefix(fixture_row(&fixture)->trouble, "cut off: "));
	fixture_add(&fixture, 900, NOON + MINUTE, "done");
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_msg(fixture_item(&fixture, ITEM_RUN, "900", 0) != NULL, "%s", what);
	fixture_add(&fixture, 901, fixture.now, "done");
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_msg(fixture_item(&fixture, ITEM_RUN, "901", 0) != NULL, "%s", what);
	ck_assert_msg(fixture.asked->len <= 3, "%s: %u requests", what,
		      fixture.asked->len);
	if (depths[_i].whole)
		fixture_check_equal(&fixture, what);
	/* Reading anew goes as far as it can, too. */
	poll_after(&fixture, 8 * DAY);
	ck_assert(depths[_i].whole == !fixture_row(&fixture)->trouble);
	ck_assert_uint_eq(g_hash_table_size(fixture.gone), 0);
}
END_TEST

START_TEST(a_poll_is_no_full_sync)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, orders[_i], 300);
	fixture_works(&fixture);
	ck_assert_uint_ge(fixture.asked->len, 30);
	for (int i = 0; i < 12; i++) {
		fixture_add(&fixture, 1000 + i, fixture.now, "done");
		poll_after(&fixture, 5 * MINUTE);
		ck_assert_msg(fixture.asked->len <= 2, "%s: %u requests",
			      orders[_i]->name, fixture.asked->len);
	}
	fixture_check_equal(&fixture, orders[_i]->name);
}
END_TEST

/* New ones are on the second page of a list whose first page stays as it was. */
START_TEST(the_first_page_says_nothing_of_the_second)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, orders[_i], 0);
	for (int i = 0; i < 15; i++)
		fixture_add(&fixture, i + 1, NOON - 8 * MINUTE + i * G_USEC_PER_SEC,
			    "done");
	fixture_works(&fixture);
	poll_after(&fixture, MINUTE / 2);
	fixture_add(&fixture, 100, NOON, "done");
	poll_after(&fixture, MINUTE / 2);
	fixture_check_equal(&fixture, orders[_i]->name);
}
END_TEST

/* An installation token is another one each hour, and ETags are of a token. */
START_TEST(another_tokens_etag_costs_a_page)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, orders[_i], 35);
	fixture_works(&fixture);
	poll_after(&fixture, 5 * MINUTE);
	g_free(fixture.rows->len ? ((struct feed_row *)fixture.rows->pdata[0])->etag
				 : NULL);
	((struct feed_row *)fixture.rows->pdata[0])->etag = g_strdup("\"another's\"");
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_msg(fixture.asked->len <= 2 && fixture.result.n_not_modified == 0,
		      "%s: %u requests", orders[_i]->name, fixture.asked->len);
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_uint_eq(fixture.result.n_not_modified, 1);
	fixture_check_equal(&fixture, orders[_i]->name);
}
END_TEST

/* ---- limits ---- */

START_TEST(limits_that_are_off_are_not_waited_for)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct gate gate;

	prepare(&fixture, &lists_windowed, 60);
	gate_close(&gate, &fixture);
	gate.always = "x-ratelimit-limit: 0\nx-ratelimit-remaining: 0\n"
		      "x-ratelimit-reset: 0";
	fixture_works(&fixture);
	ck_assert_int_eq(fixture.waited, 0);
	fixture_check_equal(&fixture, "limits that are off");
}
END_TEST

static const struct {
	const char *what;
	guint status;
	const char *headers, *body;
	int waits; /* seconds */
} refusals[] = {
	{ "GitHub's secondary limit", 403, "retry-after: 30",
	  "{\"message\":\"You have exceeded a secondary rate limit.\"}", 30 },
	{ "GitHub's secondary limit, silent", 403, NULL,
	  "{\"message\":\"You have exceeded a secondary rate limit.\"}", 60 },
	{ "GitLab's 429", 429, "retry-after: 17\nratelimit-remaining: 0", "Retry later",
	  17 },
};

START_TEST(a_limit_does_not_end_the_run)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct gate gate;

	prepare(&fixture, &lists_newest, 60);
	gate_close(&gate, &fixture);
	gate_refuse(&gate, 3, refusals[_i].status, refusals[_i].headers);
	gate.last = 3;
	gate.body = refusals[_i].body;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, refusals[_i].what);
	ck_assert_int_ge(fixture.waited, refusals[_i].waits * G_USEC_PER_SEC);
	ck_assert_uint_eq(fixture.asked->len, 8);
}
END_TEST

/* An hour's wait ends the poll: the next one goes on from there. */
START_TEST(a_long_limit_loses_no_page)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct gate gate;
	guint n;

	prepare(&fixture, orders[_i], 100);
	gate_close(&gate, &fixture);
	gate_refuse(&gate, 8, 429, "retry-after: 3600");
	fixture_fails(&fixture, DORA_ERROR_RETRY, "rate limit");
	ck_assert_int_eq(fixture.result.not_before, NOON + HOUR);
	n = fixture_count(&fixture, ITEM_RUN);
	ck_assert_msg(n >= 50, "%s: %u stored", orders[_i]->name, n);
	gate.first = 0;
	poll_after(&fixture, HOUR);
	ck_assert_msg(fixture.asked->len <= 8, "%s: %u requests", orders[_i]->name,
		      fixture.asked->len);
	fixture_check_equal(&fixture, orders[_i]->name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("traps");
	TCase *tests = tcase_create("traps");
	SRunner *runner = srunner_create(suite);
	int failed, n = G_N_ELEMENTS(orders);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, in_progress_runs_are_collected_again, 0, n);
	tcase_add_loop_test(tests, the_backlog_is_not_skipped, 0, n);
	tcase_add_loop_test(tests, as_many_are_stored_as_there_are, 0, n);
	tcase_add_loop_test(tests, nothing_vanishes_while_limited, 0, n);
	tcase_add_loop_test(tests, a_project_does_not_delete_itself, 0, n);
	tcase_add_loop_test(tests, the_last_page_that_is_told_aborts_nothing, 0,
			    G_N_ELEMENTS(depths));
	tcase_add_loop_test(tests, a_poll_is_no_full_sync, 0, n);
	tcase_add_loop_test(tests, the_first_page_says_nothing_of_the_second, 0, n);
	tcase_add_loop_test(tests, another_tokens_etag_costs_a_page, 0, n);
	tcase_add_test(tests, limits_that_are_off_are_not_waited_for);
	tcase_add_loop_test(tests, a_limit_does_not_end_the_run, 0,
			    G_N_ELEMENTS(refusals));
	tcase_add_loop_test(tests, a_long_limit_loses_no_page, 0, n);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
