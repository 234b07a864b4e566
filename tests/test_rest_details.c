#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_server.h"

/* Jobs of runs and states of deployments: asked for where they are wanted, once. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY

/* Items with even ids are what rules are about. */
static bool even(const struct item *item, void *user)
{
	(void)user;
	return strtol(item->id, NULL, 10) % 2 == 0;
}

static void prepare(struct fixture *fixture, const struct driver *driver, int n)
{
	fixture_init(fixture, driver);
	fixture->source.wanted = even;
	for (int i = 0; i < n; i++)
		fixture_add(fixture, i + 1, NOON - 2 * DAY + i * 5 * MINUTE, "done");
}

static void poll_after(struct fixture *fixture, GTimeSpan span)
{
	fixture->now += span;
	fixture_works(fixture);
}

START_TEST(only_what_is_wanted)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	const struct item *job;

	prepare(&fixture, &lists_jobs, 30);
	fixture_thing(&fixture, 4)->n_jobs = 3;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, "jobs");
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/jobs/"), 15);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB), 17);
	job = fixture_item(&fixture, ITEM_JOB, "4-1-2", 1);
	ck_assert_str_eq(job->parent, "4");
	ck_assert_str_eq(job->name, "job 2");
	ck_assert(job->done && job->outcome == OUTCOME_SUCCESS);
}
END_TEST

START_TEST(once)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_jobs, 30);
	fixture_works(&fixture);
	fixture_add(&fixture, 100, NOON, "done");
	poll_after(&fixture, 5 * MINUTE);
	/* The page, and the jobs of the new one alone. */
	ck_assert_uint_eq(fixture.asked->len, 2);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/jobs/100"), 1);
	/* Reading recent items anew does not ask for all of them either. */
	poll_after(&fixture, 13 * HOUR);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/jobs/"), 0);
}
END_TEST

START_TEST(until_it_is_done)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_jobs, 30);
	fixture_add(&fixture, 100, NOON - MINUTE, "running");
	fixture_works(&fixture);
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/jobs/100"), 1);
	fixture_thing(&fixture, 100)->state = "failed";
	fixture_thing(&fixture, 100)->n_jobs = 2;
	fixture_thing(&fixture, 100)->updated = fixture.now;
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_int_eq(fixture_item(&fixture, ITEM_JOB, "100-1-1", 1)->outcome,
			 OUTCOME_FAILURE);
	fixture_add(&fixture, 102, fixture.now, "done");
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/jobs/100"), 0);
}
END_TEST

START_TEST(of_another_attempt)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_jobs, 30);
	fixture_works(&fixture);
	fixture_thing(&fixture, 30)->attempt = 2;
	fixture_thing(&fixture, 30)->updated = NOON;
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_JOB, "30-1-0", 1));
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_JOB, "30-2-0", 2));
}
END_TEST

/* A rule that comes later finds what it needs with the next reading anew. */
START_TEST(wanted_later)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_jobs, 30);
	fixture_works(&fixture);
	fixture.source.wanted = NULL;
	poll_after(&fixture, 7 * DAY);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/jobs/"), 15);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB), 30);
}
END_TEST

START_TEST(merged)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_merged, 25);
	fixture_thing(&fixture, 7)->state = "failed";
	fixture_works(&fixture);
	fixture_check_equal(&fixture, "merged");
	ck_assert_int_eq(fixture_item(&fixture, ITEM_RUN, "7", 0)->outcome,
			 OUTCOME_FAILURE);
	fixture_add(&fixture, 100, NOON, "running");
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/item/"), 1);
	/* The list, which tells less, takes nothing back. */
	fixture_check_equal(&fixture, "merged, then listed");
	fixture_thing(&fixture, 25)->state = "failed";
	fixture_thing(&fixture, 25)->updated = fixture.now;
	poll_after(&fixture, 5 * MINUTE);
	fixture_check_equal(&fixture, "merged again");
}
END_TEST

/* ---- what goes wrong ---- */

#define LIST(state)                                                                      \
	"{\"items\": ["                                                                  \
	"{\"id\": 2, \"state\": \"done\", \"created\": \"2026-03-01T11:02:00Z\"},"       \
	"{\"id\": 1, \"state\": \"" state "\", \"created\": \"2026-03-01T11:01:00Z\"}]}"
#define JOBS "{\"items\": [{\"id\": \"j1\", \"name\": \"deploy\", \"state\": \"done\"}]}"
#define OK -1

static const struct {
	const char *what;
	struct answer answers[5];
	int code;
	const char *says;
	guint n_runs, n_jobs;
	bool troubled;
} faults[] = {
	{ "no jobs of one any more",
	  { { "/newest?page=1", 200, NULL, LIST("done") },
	    { "/jobs/2", 404 },
	    { "/jobs/1", 200, NULL, JOBS } },
	  OK,
	  NULL,
	  2,
	  1,
	  false },
	{ "no right to see jobs",
	  { { "/newest?page=1", 200, NULL, LIST("done") }, { "/jobs/2", 403 } },
	  DORA_ERROR_DENIED,
	  "things: run 2: jobs: the credential lacks Actions: read (403)",
	  0,
	  0,
	  false },
	{ "the server fails between",
	  { { "/newest?page=1", 200, NULL, LIST("done") },
	    { "/jobs/2", 200, NULL, JOBS },
	    { "/jobs/1", 500 } },
	  DORA_ERROR_RETRY,
	  "things: run 1: jobs: answered 500",
	  1,
	  1,
	  false },
	{ "jobs that make no sense",
	  { { "/newest?page=1", 200, NULL, LIST("done") },
	    { "/jobs/2", 200, NULL, "{\"jobs\": 0}" },
	    { "/jobs/1", 200, NULL, JOBS } },
	  OK,
	  NULL,
	  2,
	  1,
	  true },
	{ "a job that makes no sense",
	  { { "/newest?page=1", 200, NULL, LIST("done") },
	    { "/jobs/2", 200, NULL,
	      "{\"items\": [{\"id\": \"j0\"}, {\"id\": \"j2\", \"name\": \"b\", "
	      "\"state\": \"done\"}]}" },
	    { "/jobs/1", 200, NULL, JOBS } },
	  OK,
	  NULL,
	  2,
	  2,
	  true },
};

START_TEST(fault)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	g_autoptr(GError) error = NULL;

	fixture_init(&fixture, &lists_jobs);
	fixture.answers = faults[_i].answers;
	error = fixture_poll(&fixture);
	if (faults[_i].code == OK)
		ck_assert_msg(!error, "%s: %s", faults[_i].what,
			      error ? error->message : "");
	else
		ck_assert_msg(error && error->code == faults[_i].code &&
				      strstr(error->message, faults[_i].says),
			      "%s: %s", faults[_i].what,
			      error ? error->message : "nothing failed");
	ck_assert_msg(fixture_count(&fixture, ITEM_RUN) == faults[_i].n_runs &&
			      fixture_count(&fixture, ITEM_JOB) == faults[_i].n_jobs,
		      "%s: %u, %u", faults[_i].what, fixture_count(&fixture, ITEM_RUN),
		      fixture_count(&fixture, ITEM_JOB));
	ck_assert_msg((fixture.notices->len > 0) == faults[_i].troubled, "%s: %s",
		      faults[_i].what, fixture.notices->str);
	if (error && fixture.rows->len > 0)
		ck_assert_int_eq(fixture_row(&fixture)->cursor, INSTANT_NONE);
}
END_TEST

/* Jobs that could not be read are asked for again with their run. */
START_TEST(again_with_the_run)
{
	static const struct answer bad[] = {
		{ "/newest?page=1", 200, "etag: \"1\"", LIST("done") },
		{ "/jobs/2", 200, NULL, "<html>" },
		{ "/jobs/1", 200, NULL, JOBS },
		{ NULL },
	};
	static const struct answer good[] = {
		{ "/newest?page=1", 304, NULL, NULL },
		{ "/item/2", 200, NULL,
		  "{\"id\": 2, \"state\": \"done\", \"created\": "
		  "\"2026-03-01T11:02:00Z\"}" },
		{ "/jobs/2", 200, NULL,
		  "{\"items\": [{\"id\": \"j2\", \"name\": \"b\", \"state\": "
		  "\"done\"}]}" },
		{ NULL },
	};
	_cleanup_(fixture_clear) struct fixture fixture;

	fixture_init(&fixture, &lists_jobs);
	fixture.answers = bad;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB), 1);
	fixture.answers = good;
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB), 2);
	ck_assert(fixture_item(&fixture, ITEM_RUN, "2", 0)->done);
}
END_TEST

/* Sixty requests an hour are enough in the end. */
START_TEST(with_little_left)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_jobs, 30);
	fixture.source.wanted = NULL;
	for (int i = 0; i < 30; i++) {
		g_autoptr(GError) error = NULL;

		fixture.dies_in = 4;
		error = fixture_poll(&fixture);
		fixture.now += MINUTE;
		if (!error)
			break;
	}
	fixture_check_equal(&fixture, "a few requests at a time");
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB), 30);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_details");
	TCase *tests = tcase_create("rest_details");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, only_what_is_wanted);
	tcase_add_test(tests, once);
	tcase_add_test(tests, until_it_is_done);
	tcase_add_test(tests, of_another_attempt);
	tcase_add_test(tests, wanted_later);
	tcase_add_test(tests, merged);
	tcase_add_loop_test(tests, fault, 0, G_N_ELEMENTS(faults));
	tcase_add_test(tests, again_with_the_run);
	tcase_add_test(tests, with_little_left);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
