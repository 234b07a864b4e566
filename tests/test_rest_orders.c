#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_fixture.h"

/* What each order asks for: once for history, ⌈N/page⌉ for N that are new, one
 * conditional request when nothing is. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY

static const struct {
	const char *name;
	const struct driver *driver;
	bool only_running;
} orders[] = {
	{ "updated", &lists_updated, false },	{ "recent", &lists_recent, false },
	{ "newest", &lists_newest, false },	{ "blind", &lists_blind, false },
	{ "windowed", &lists_windowed, false }, { "created", &lists_created, false },
	{ "number", &lists_number, false },	{ "state", &lists_state, true },
};

static void prepare(struct fixture *fixture, int order, int n)
{
	fixture_init(fixture, orders[order].driver);
	for (int i = 0; i < n; i++)
		fixture_add(fixture, i + 1, NOON - 2 * DAY + i * 5 * MINUTE,
			    orders[order].only_running ? "running" : "done");
}

START_TEST(first_poll_reads_all)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 35);
	fixture_works(&fixture);
	fixture_check_equal(&fixture, orders[_i].name);
}
END_TEST

START_TEST(idle_costs_one_conditional_request)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 35);
	fixture_works(&fixture);
	fixture.now += 5 * MINUTE;
	fixture_works(&fixture);
	for (int i = 0; i < 3; i++) {
		fixture.now += 5 * MINUTE;
		fixture_works(&fixture);
		ck_assert_msg(fixture.asked->len == 1 &&
				      fixture.result.n_not_modified == 1 &&
				      fixture.n_saves == 0,
			      "%s: %s", orders[_i].name, fixture_asked(&fixture));
	}
	fixture_check_equal(&fixture, orders[_i].name);
}
END_TEST

/* A source without ETags is asked for a page, not for its history. */
START_TEST(idle_without_etag)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 35);
	fixture.silent = true;
	fixture_works(&fixture);
	fixture.now += 5 * MINUTE;
	fixture_works(&fixture);
	fixture.now += 5 * MINUTE;
	fixture_works(&fixture);
	ck_assert_msg(fixture.asked->len <= 2, "%s: %s", orders[_i].name,
		      fixture_asked(&fixture));
}
END_TEST

START_TEST(nothing_there)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 0);
	for (int i = 0; i < 4; i++) {
		fixture_works(&fixture);
		fixture.now += 5 * MINUTE;
	}
	ck_assert_msg(fixture.asked->len == 1 && fixture.result.n_not_modified == 1,
		      "%s: %s", orders[_i].name, fixture_asked(&fixture));
	fixture_add(&fixture, 1, fixture.now - MINUTE, "running");
	fixture_works(&fixture);
	fixture_check_equal(&fixture, orders[_i].name);
}
END_TEST

START_TEST(news_cost_their_pages)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	const int n_new = 25;

	prepare(&fixture, _i, 35);
	fixture_works(&fixture);
	fixture.now += HOUR;
	fixture_works(&fixture);
	for (int i = 0; i < n_new; i++)
		fixture_add(&fixture, 100 + i, fixture.now + 2 * i * MINUTE,
			    orders[_i].only_running ? "running" : "done");
	fixture.now += HOUR;
	fixture_works(&fixture);
	/* 25 on pages of 10, one to see that the first has not changed, and one for the
	 * overlap. The cap of the windows makes 20 of them come twice. */
	ck_assert_msg(fixture.asked->len <= (strcmp(orders[_i].name, "created") ? 4 : 7),
		      "%s: %s", orders[_i].name, fixture_asked(&fixture));
	fixture_check_equal(&fixture, orders[_i].name);
}
END_TEST

/* As the daemon lives: items come, run and end, and each is found. */
START_TEST(life)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 5);
	for (int i = 0; i < 60; i++) {
		if (i < 40)
			fixture_add(&fixture, 10 + i, fixture.now - MINUTE, "running");
		if (i >= 15 && i < 55 && !orders[_i].only_running) {
			struct thing *thing = fixture_thing(&fixture, i - 5);
			thing->state = i % 3 ? "done" : "failed";
			thing->updated = thing->finished = fixture.now - MINUTE / 2;
		}
		fixture_works(&fixture);
		fixture.now += 5 * MINUTE;
	}
	/* Sources without item paths show what ended with their next sweep. */
	fixture.now += 12 * HOUR;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, orders[_i].name);
}
END_TEST

START_TEST(future_never_moves_the_cursor)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 5);
	fixture_add(&fixture, 900, NOON + 3650 * DAY, "running");
	fixture_works(&fixture);
	ck_assert_msg(fixture_row(&fixture)->cursor <= NOON, "%s", orders[_i].name);
	fixture.now += HOUR;
	fixture_add(&fixture, 901, NOON + 30 * MINUTE, "running");
	fixture_works(&fixture);
	ck_assert_msg(fixture_item(&fixture, ITEM_RUN, "901", 0) != NULL, "%s",
		      orders[_i].name);
	ck_assert_msg(fixture_row(&fixture)->cursor <= fixture.now, "%s",
		      orders[_i].name);
}
END_TEST

/* The cursor does not pass the source's clock, whatever ours shows. */
START_TEST(behind_our_clock)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 5);
	fixture.skew = -DAY;
	fixture_works(&fixture);
	ck_assert_msg(fixture_row(&fixture)->cursor <= NOON - DAY, "%s", orders[_i].name);
	fixture_add(&fixture, 100, NOON - DAY + MINUTE, "running");
	fixture.now += 5 * MINUTE;
	fixture_works(&fixture);
	ck_assert_msg(fixture_item(&fixture, ITEM_RUN, "100", 0) != NULL, "%s",
		      orders[_i].name);
}
END_TEST

START_TEST(one_bad_item)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	gint64 cursor;

	prepare(&fixture, _i, 5);
	fixture_thing(&fixture, 3)->broken = true;
	fixture_works(&fixture);
	ck_assert_uint_eq(fixture_count(&fixture, ITEM_RUN), 4);
	ck_assert_msg(
		strstr(fixture.notices->str, "things: 1 could not be read: run 3: ") ==
			fixture.notices->str,
		"%s", fixture.notices->str);
	ck_assert_ptr_nonnull(strstr(fixture_row(&fixture)->trouble, "run 3: "));
	cursor = fixture_row(&fixture)->cursor;
	fixture.now += 5 * MINUTE;
	fixture_add(&fixture, 6, fixture.now - MINUTE, "running");
	fixture_works(&fixture);
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_RUN, "6", 0));
	ck_assert(orders[_i].only_running || fixture_row(&fixture)->cursor > cursor);
	/* It is told once. */
	ck_assert_str_eq(fixture.notices->str, "");
}
END_TEST

START_TEST(history_is_as_long_as_wanted)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, _i, 0);
	for (int i = 0; i < 60; i++)
		fixture_add(&fixture, 200 - i, NOON - i * DAY, "done");
	fixture_works(&fixture);
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_RUN, "171", 0));
	ck_assert_msg(fixture_count(&fixture, ITEM_RUN) < 45, "%s: %u", orders[_i].name,
		      fixture_count(&fixture, ITEM_RUN));
	ck_assert_int_eq(fixture_row(&fixture)->history, NOON - 30 * DAY);
	/* Somebody wants more. */
	fixture.api.history_us = 90 * DAY;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, orders[_i].name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_orders");
	TCase *tests = tcase_create("rest_orders");
	SRunner *runner;
	int failed, n = G_N_ELEMENTS(orders);

	tcase_add_loop_test(tests, first_poll_reads_all, 0, n);
	tcase_add_loop_test(tests, idle_costs_one_conditional_request, 0, n);
	tcase_add_loop_test(tests, idle_without_etag, 0, n);
	tcase_add_loop_test(tests, nothing_there, 0, n);
	tcase_add_loop_test(tests, news_cost_their_pages, 0, n);
	tcase_add_loop_test(tests, life, 0, n);
	tcase_add_loop_test(tests, future_never_moves_the_cursor, 0, n);
	tcase_add_loop_test(tests, behind_our_clock, 0, n - 1);
	tcase_add_loop_test(tests, one_bad_item, 0, n);
	tcase_add_loop_test(tests, history_is_as_long_as_wanted, 0, n - 1);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
