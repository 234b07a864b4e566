#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_fixture.h"

/* The program ends at request k, for every k there is: what is stored in the end is the
 * same, and what was read is not read again. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY

static const struct driver *const orders[] = {
	&lists_updated, &lists_recent, &lists_newest, &lists_blind,  &lists_windowed,
	&lists_created, &lists_number, &lists_jobs,   &lists_merged,
};

static void fill(struct fixture *fixture, int order)
{
	fixture_init(fixture, orders[order]);
	fixture->cap = 20;
	for (int i = 0; i < 45; i++)
		fixture_add(fixture, i + 1, NOON - 2 * DAY + i * HOUR,
			    i % 9 ? "done" : "running");
}

/* Things go on: some end, others begin. */
static void live(struct fixture *fixture)
{
	struct thing *thing = fixture_thing(fixture, 37);

	thing->state = "failed";
	thing->updated = thing->finished = fixture->now - MINUTE;
	for (int i = 0; i < 12; i++)
		fixture_add(fixture, 100 + i, fixture->now - 2 * MINUTE, "done");
}

/* Polls until all is well; how many requests it took. */
static guint poll_to_the_end(struct fixture *fixture, GTimeSpan step)
{
	guint n = 0;

	for (int i = 0; i < 100; i++) {
		g_autoptr(GError) error = NULL;

		fixture->now += step;
		error = fixture_poll(fixture);
		n += fixture->asked->len;
		if (!error)
			return n;
	}
	ck_abort_msg("it does not end");
	return n;
}

/* The requests of a poll that nothing ends. */
static guint n_requests(int order, bool second)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	fill(&fixture, order);
	fixture_works(&fixture);
	if (second) {
		fixture.now += 3 * HOUR;
		live(&fixture);
		fixture_works(&fixture);
	}
	return fixture.asked->len;
}

static void end_at(int order, bool second, guint k)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	g_autoptr(GError) error = NULL;
	g_autofree char *what = g_strdup_printf("%s: request %u%s", orders[order]->name,
						k, second ? " of the second poll" : "");

	fill(&fixture, order);
	if (second) {
		fixture_works(&fixture);
		fixture.now += 3 * HOUR;
		live(&fixture);
	}
	fixture.dies_in = (int)k;
	error = fixture_poll(&fixture);
	ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_CANCELLED), "%s",
		      what);
	fixture.dies_in = -1;
	poll_to_the_end(&fixture, MINUTE);
	/* What began long ago and has ended since is found by the hour at the latest. */
	for (int i = 0; i < 14; i++) {
		fixture.now += 5 * MINUTE;
		fixture_works(&fixture);
	}
	fixture.now += 12 * HOUR;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, what);
	if (orders[order] == &lists_jobs)
		ck_assert_uint_eq(fixture_count(&fixture, ITEM_JOB),
				  fixture_count(&fixture, ITEM_RUN));
}

START_TEST(first_poll)
{
	guint n = n_requests(_i, false);

	ck_assert_uint_gt(n, 3);
	for (guint k = 0; k < n; k++)
		end_at(_i, false, k);
}
END_TEST

START_TEST(second_poll)
{
	guint n = n_requests(_i, true);

	ck_assert_uint_gt(n, 0);
	for (guint k = 0; k < n; k++)
		end_at(_i, true, k);
}
END_TEST

/* A history of 50 pages, of which each poll reads seven at most: it is not begun again
 * each time. */
START_TEST(piece_by_piece)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	guint n = 0;

	fixture_init(&fixture, orders[_i]);
	fixture.source.wanted = NULL;
	fixture.cap = 20;
	for (int i = 0; i < 500; i++)
		fixture_add(&fixture, i + 1, NOON - 25 * DAY + i * HOUR, "done");
	for (int i = 0; i < 400; i++) {
		g_autoptr(GError) error = NULL;

		fixture.dies_in = 7;
		error = fixture_poll(&fixture);
		n += fixture.asked->len;
		fixture.now += MINUTE;
		if (!error)
			break;
	}
	fixture.dies_in = -1;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, orders[_i]->name);
	/* Each page once, and a little to find the place again in each poll. */
	ck_assert_msg(n < (orders[_i]->feeds->details ? 1000 : 130), "%s: %u requests",
		      orders[_i]->name, n);
}
END_TEST

/* Tokens of pages grow old: then the list is read from the top. */
START_TEST(mark_that_does_not_fit)
{
	static const char *const marks[] = {
		"page=900",	     "page=x",	 "token=old", "url=https://evil.test/l",
		"url=" BASE "/none", "nonsense", "12 page=3"
	};
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
		_cleanup_(fixture_clear) struct fixture fixture;
		g_autoptr(GError) error = NULL;
		struct feed_row *row;

		fill(&fixture, 2);
		fixture.dies_in = 3;
		error = fixture_poll(&fixture);
		ck_assert_ptr_nonnull(error);
		fixture.dies_in = -1;
		row = g_ptr_array_index(fixture.rows, 0);
		g_free(row->mark);
		row->mark = g_strdup(marks[i]);
		fixture_works(&fixture);
		fixture_check_equal(&fixture, marks[i]);
		ck_assert_uint_eq(fixture_n_asked(&fixture, "https://evil"), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_resume");
	TCase *tests = tcase_create("rest_resume");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 240);
	tcase_add_loop_test(tests, first_poll, 0, G_N_ELEMENTS(orders));
	tcase_add_loop_test(tests, second_poll, 0, G_N_ELEMENTS(orders));
	tcase_add_loop_test(tests, piece_by_piece, 0, G_N_ELEMENTS(orders));
	tcase_add_test(tests, mark_that_does_not_fit);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
