#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "tests/rest_fixture.h"

/* What other collectors lose: rows that move, windows that are cut, items that come late,
 * end late, begin again or go away. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define DAY G_TIME_SPAN_DAY

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

/* ---- rows that move while they are paged through ---- */

/* After the first page an item of it changes, so that all others move up one place. */
static void touch_first(struct fixture *fixture, const char *path)
{
	(void)path;
	if (fixture->n_before == 1)
		fixture_thing(fixture, 3)->updated = fixture->now;
}

START_TEST(moved_up)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_updated, 35);
	fixture.before = touch_first;
	fixture_works(&fixture);
	fixture_check_equal(&fixture, "an item of the first page changed");
}
END_TEST

/* An item leaves the list of the most recent while its second page is read. */
static void remove_recent(struct fixture *fixture, const char *path)
{
	(void)path;
	if (fixture->n_before == 1)
		fixture_thing(fixture, 120)->deleted = true;
}

START_TEST(moved_while_recent)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_recent, 35);
	fixture_works(&fixture);
	fixture.now += 2 * HOUR;
	for (int i = 0; i < 25; i++)
		fixture_add(&fixture, 100 + i, fixture.now + i * MINUTE, "done");
	fixture.now += HOUR;
	fixture.n_before = 0;
	fixture.before = remove_recent;
	fixture_works(&fixture);
	for (int i = 100; i < 120; i++) {
		g_autofree char *id = g_strdup_printf("%d", i);
		ck_assert_msg(fixture_item(&fixture, ITEM_RUN, id, 0) != NULL, "%s", id);
	}
}
END_TEST

/* Something changes before each answer. */
static void never_calm(struct fixture *fixture, const char *path)
{
	(void)path;
	fixture->now += MINUTE;
	fixture_thing(fixture, 1 + (int)fixture->n_before % 30)->updated = fixture->now;
}

START_TEST(never_the_same_twice)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	gint64 cursor;

	prepare(&fixture, &lists_recent, 35);
	fixture_works(&fixture);
	cursor = fixture_row(&fixture)->cursor;
	fixture.now += HOUR;
	for (int i = 0; i < 25; i++)
		fixture_add(&fixture, 100 + i, fixture.now + i * MINUTE, "done");
	fixture.now += HOUR;
	fixture.before = never_calm;
	fixture_works(&fixture);
	ck_assert_ptr_nonnull(strstr(fixture_row(&fixture)->trouble, "each time"));
	ck_assert_ptr_nonnull(strstr(fixture.notices->str, "each time"));
	ck_assert_int_eq(fixture_row(&fixture)->cursor, cursor);
	/* It comes to rest. */
	fixture.before = NULL;
	poll_after(&fixture, 5 * MINUTE);
	fixture_check_equal(&fixture, "at rest");
	ck_assert_ptr_null(fixture_row(&fixture)->trouble);
}
END_TEST

/* ---- many at once ---- */

START_TEST(equal_times)
{
	static const struct driver *const drivers_of[] = { &lists_updated, &lists_newest,
							   &lists_recent };
	for (gsize i = 0; i < G_N_ELEMENTS(drivers_of); i++) {
		_cleanup_(fixture_clear) struct fixture fixture;

		prepare(&fixture, drivers_of[i], 0);
		for (int j = 0; j < 45; j++)
			fixture_add(&fixture, j + 1, NOON - HOUR, "done");
		fixture_works(&fixture);
		fixture_check_equal(&fixture, drivers_of[i]->name);
	}
}
END_TEST

static const struct driver *const capped[] = { &lists_created, &lists_windowed };

/* 300 items where no answer tells more than 20. */
START_TEST(capped_windows)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, capped[_i], 0);
	fixture.cap = 20;
	for (int i = 0; i < 300; i++)
		fixture_add(&fixture, i + 1,
			    NOON - 3 * DAY + (gint64)i * i * G_USEC_PER_SEC, "done");
	fixture_works(&fixture);
	fixture_check_equal(&fixture, capped[_i]->name);
	ck_assert_msg(fixture.asked->len < 60, "%u requests", fixture.asked->len);
	ck_assert_ptr_null(fixture_row(&fixture)->trouble);
}
END_TEST

START_TEST(full_second)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, capped[_i], 10);
	fixture.cap = 20;
	for (int i = 0; i < 30; i++)
		fixture_add(&fixture, 100 + i, NOON - 3 * DAY, "done");
	fixture_works(&fixture);
	ck_assert_ptr_eq(strstr(fixture_row(&fixture)->trouble, "cut off: "),
			 fixture_row(&fixture)->trouble);
	ck_assert_ptr_nonnull(strstr(fixture.notices->str,
				     "tells no more than 20 of the 1s from 2026-02-2"));
	ck_assert_uint_ge(fixture_count(&fixture, ITEM_RUN), 30);
	/* What is missing stays missing: so does what says so. */
	fixture_add(&fixture, 200, NOON, "done");
	poll_after(&fixture, HOUR);
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_RUN, "200", 0));
	ck_assert_ptr_nonnull(fixture_row(&fixture)->trouble);
}
END_TEST

/* ---- late ---- */

static const struct {
	const char *what;
	const struct driver *driver;
	GTimeSpan hidden, found; /* after its creation */
} hidings[] = {
	{ "updated, minutes", &lists_updated, 8 * MINUTE, 10 * MINUTE },
	{ "newest, minutes", &lists_newest, 8 * MINUTE, 10 * MINUTE },
	{ "created, minutes", &lists_created, 8 * MINUTE, 10 * MINUTE },
	{ "updated, hours", &lists_updated, 30 * HOUR, 48 * HOUR },
	{ "newest, hours", &lists_newest, 30 * HOUR, 48 * HOUR },
	{ "recent, hours", &lists_recent, 30 * HOUR, 48 * HOUR },
	{ "windowed, hours", &lists_windowed, 30 * HOUR, 48 * HOUR },
	{ "created, hours", &lists_created, 30 * HOUR, 48 * HOUR },
	{ "number, hours", &lists_number, 30 * HOUR, 48 * HOUR },
	{ "newest, weeks", &lists_newest, 25 * DAY, 34 * DAY },
	{ "created, weeks", &lists_created, 25 * DAY, 34 * DAY },
};

/* An item that lists do not show for a while, with a younger one that they do. */
START_TEST(eventually_listed)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	GTimeSpan step = hidings[_i].found > HOUR ? HOUR : MINUTE;
	const gint64 created = NOON - MINUTE;

	prepare(&fixture, hidings[_i].driver, 5);
	fixture_works(&fixture);
	fixture_add(&fixture, 100, created, "done");
	fixture_thing(&fixture, 100)->visible = created + hidings[_i].hidden;
	fixture_add(&fixture, 101, created + 30 * G_USEC_PER_SEC, "done");
	while (fixture.now < created + hidings[_i].found)
		poll_after(&fixture, step);
	fixture_check_equal(&fixture, hidings[_i].what);
}
END_TEST

static const struct {
	const char *what;
	const struct driver *driver;
	GTimeSpan end, found;
} endings[] = {
	{ "newest", &lists_newest, 3 * HOUR, 5 * MINUTE },
	{ "windowed", &lists_windowed, 3 * HOUR, 5 * MINUTE },
	{ "created", &lists_created, 3 * HOUR, 5 * MINUTE },
	{ "number", &lists_number, 3 * HOUR, 5 * MINUTE },
	{ "blind", &lists_blind, 3 * HOUR, 5 * MINUTE },
	{ "newest, days", &lists_newest, 3 * DAY, 80 * MINUTE },
	{ "created, days", &lists_created, 3 * DAY, 80 * MINUTE },
	{ "newest, months", &lists_newest, 50 * DAY, 30 * HOUR },
	{ "blind, days", &lists_blind, 3 * DAY, 8 * DAY },
};

/* An item that runs for long, while many others come. */
START_TEST(ends_late)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct thing *thing;

	prepare(&fixture, endings[_i].driver, 5);
	fixture_works(&fixture);
	fixture_add(&fixture, 100, NOON - MINUTE, "running");
	for (int i = 0; i < 30; i++)
		fixture_add(&fixture, 101 + i, NOON + i * 5 * MINUTE, "done");
	while (fixture.now < NOON + endings[_i].end)
		poll_after(&fixture, endings[_i].end > DAY ? 10 * HOUR : 5 * MINUTE);
	thing = fixture_thing(&fixture, 100);
	thing->state = "failed";
	thing->updated = thing->finished = fixture.now;
	for (gint64 end = fixture.now + endings[_i].found; fixture.now < end;)
		poll_after(&fixture, 5 * MINUTE);
	fixture_check_equal(&fixture, endings[_i].what);
}
END_TEST

/* The younger, the more often; the hour and the day hold one request each, or two where
 * polls do not come on time. */
START_TEST(asked_less_and_less)
{
	static const struct {
		GTimeSpan age, during;
		guint least, most;
	} ages[] = {
		{ HOUR, HOUR, 12, 12 },
		{ 3 * DAY, 6 * HOUR, 6, 12 },
		{ 40 * DAY, 4 * DAY, 4, 8 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(ages); i++) {
		_cleanup_(fixture_clear) struct fixture fixture;
		guint n = 0;

		fixture_init(&fixture, &lists_newest);
		fixture.api.history_us = 90 * DAY;
		fixture_add(&fixture, 1, NOON - ages[i].age, "running");
		for (int j = 0; j < 20; j++)
			fixture_add(&fixture, 2 + j, NOON, "done");
		fixture_works(&fixture);
		for (GTimeSpan t = 0; t < ages[i].during; t += 5 * MINUTE) {
			poll_after(&fixture, 5 * MINUTE);
			/* A sweep asks too. */
			n += fixture.asked->len < 3 &&
			     fixture_n_asked(&fixture, "/item/1");
		}
		ck_assert_msg(n >= ages[i].least && n <= ages[i].most, "%zu: %u", i, n);
	}
}
END_TEST

/* ---- again, gone, back ---- */

START_TEST(another_attempt)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct thing *thing;

	prepare(&fixture, &lists_newest, 5);
	fixture_add(&fixture, 100, NOON - MINUTE, "running");
	fixture_works(&fixture);
	thing = fixture_thing(&fixture, 100);
	thing->attempt = 2;
	thing->updated = NOON + MINUTE;
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_RUN, "100", 2));
	ck_assert(!fixture_item(&fixture, ITEM_RUN, "100", 2)->done);
	/* The first is no longer waited for. */
	ck_assert(fixture_item(&fixture, ITEM_RUN, "100", 1)->done);
	ck_assert_int_eq(fixture_item(&fixture, ITEM_RUN, "100", 1)->outcome,
			 OUTCOME_CANCELLED);
	thing->state = "done";
	thing->updated = thing->finished = NOON + 2 * HOUR;
	poll_after(&fixture, 3 * HOUR);
	ck_assert(fixture_item(&fixture, ITEM_RUN, "100", 2)->done);
	ck_assert_int_eq(fixture_item(&fixture, ITEM_RUN, "100", 2)->outcome,
			 OUTCOME_SUCCESS);
}
END_TEST

/* A month later, in a list that is in order of creation. */
START_TEST(started_again_late)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	struct thing *thing;

	prepare(&fixture, &lists_newest, 30);
	fixture_works(&fixture);
	while (fixture.now < NOON + 20 * DAY)
		poll_after(&fixture, 12 * HOUR);
	thing = fixture_thing(&fixture, 4);
	thing->attempt = 2;
	thing->state = "failed";
	thing->updated = fixture.now;
	while (fixture.now < NOON + 28 * DAY)
		poll_after(&fixture, 12 * HOUR);
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_RUN, "4", 2));
	ck_assert_ptr_nonnull(fixture_item(&fixture, ITEM_RUN, "4", 1));
}
END_TEST

static const struct {
	const char *what;
	const struct driver *driver;
	GTimeSpan found;
} deletions[] = {
	{ "updated", &lists_updated, 13 * HOUR },
	{ "recent", &lists_recent, 13 * HOUR },
	{ "newest", &lists_newest, 13 * HOUR },
	{ "windowed", &lists_windowed, 13 * HOUR },
	{ "created", &lists_created, 13 * HOUR },
	{ "number", &lists_number, 13 * HOUR },
	{ "blind", &lists_blind, 8 * DAY },
};

START_TEST(deleted)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, deletions[_i].driver, 5);
	fixture_add(&fixture, 100, NOON - MINUTE, "done");
	fixture_works(&fixture);
	fixture_thing(&fixture, 100)->deleted = true;
	for (gint64 end = NOON + deletions[_i].found; fixture.now < end;)
		poll_after(&fixture, HOUR);
	fixture_check_equal(&fixture, deletions[_i].what);
	ck_assert_uint_eq(g_hash_table_size(fixture.gone), 1);
}
END_TEST

START_TEST(deleted_while_it_runs)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_newest, 15);
	fixture_thing(&fixture, 2)->state = "running";
	fixture_works(&fixture);
	fixture_thing(&fixture, 2)->deleted = true;
	poll_after(&fixture, HOUR + HOUR / 2);
	poll_after(&fixture, 12 * HOUR);
	fixture_check_equal(&fixture, "deleted while it ran");
}
END_TEST

/* A filtered list that lacks what is there: nothing is gone, for the source says so. */
START_TEST(not_listed_is_not_gone)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_windowed, 30);
	fixture_add(&fixture, 100, NOON - MINUTE, "done");
	fixture_works(&fixture);
	fixture_thing(&fixture, 100)->visible = NOON + 100 * DAY;
	for (int i = 0; i < 40; i++)
		poll_after(&fixture, HOUR);
	fixture_check_equal(&fixture, "not listed");
	ck_assert_uint_eq(g_hash_table_size(fixture.gone), 0);
}
END_TEST

START_TEST(back_again)
{
	_cleanup_(fixture_clear) struct fixture fixture;

	prepare(&fixture, &lists_newest, 5);
	fixture_add(&fixture, 100, NOON - HOUR, "done");
	fixture_works(&fixture);
	fixture_thing(&fixture, 100)->deleted = true;
	poll_after(&fixture, 13 * HOUR);
	ck_assert_uint_eq(g_hash_table_size(fixture.gone), 1);
	fixture_thing(&fixture, 100)->deleted = false;
	poll_after(&fixture, 13 * HOUR);
	fixture_check_equal(&fixture, "back again");
}
END_TEST

/* Only the present can be seen. */
START_TEST(no_longer_there)
{
	_cleanup_(fixture_clear) struct fixture fixture;
	const struct item *item;

	fixture_init(&fixture, &lists_state);
	fixture_add(&fixture, 1, NOON - HOUR, "running");
	fixture_add(&fixture, 2, NOON - HOUR, "running");
	fixture_works(&fixture);
	fixture_thing(&fixture, 1)->state = "done";
	poll_after(&fixture, 5 * MINUTE);
	item = fixture_item(&fixture, ITEM_RUN, "1", 0);
	ck_assert(item->done && item->outcome == OUTCOME_SUCCESS);
	ck_assert_int_eq(item->finished, fixture.now);
	ck_assert(!fixture_item(&fixture, ITEM_RUN, "2", 0)->done);
	/* An end is told once. */
	poll_after(&fixture, 5 * MINUTE);
	ck_assert_int_eq(fixture_item(&fixture, ITEM_RUN, "1", 0)->finished,
			 NOON + 5 * MINUTE);
}
END_TEST

/* ---- what is old and open ---- */

/* A list by label of what is open for years: read from the beginning, whatever history is
 * wanted, and whole each week. That shows what left the list (its label was taken off)
 * and changed since, however old it is; between, nobody asks for the open ones. */
START_TEST(whole)
{
	struct feed feeds[2] = { lists_updated.feeds[0], { NULL } };
	struct driver driver = lists_updated;
	_cleanup_(fixture_clear) struct fixture fixture;
	struct thing *thing;

	feeds[0].whole = true;
	driver.feeds = feeds;
	fixture_init(&fixture, &driver);
	fixture.api.history_us = 30 * DAY;
	for (int i = 0; i < 25; i++)
		fixture_add(&fixture, 1 + i, NOON - 900 * DAY + i * DAY, "running");
	fixture_works(&fixture);
	fixture_check_equal(&fixture, "from the beginning");
	thing = fixture_thing(&fixture, 7);
	thing->visible = NOON + 100 * DAY;
	thing->state = "failed";
	thing->updated = thing->finished = NOON + HOUR;
	for (int i = 0; i < 13; i++) {
		poll_after(&fixture, 12 * HOUR);
		ck_assert_uint_eq(fixture_n_asked(&fixture, "/item/"), 0);
	}
	poll_after(&fixture, 12 * HOUR);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/item/7"), 1);
	ck_assert_uint_eq(fixture_n_asked(&fixture, "/item/"), 1);
	fixture_check_equal(&fixture, "each week");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rest_lost");
	TCase *tests = tcase_create("rest_lost");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, moved_up);
	tcase_add_test(tests, moved_while_recent);
	tcase_add_test(tests, never_the_same_twice);
	tcase_add_test(tests, equal_times);
	tcase_add_loop_test(tests, capped_windows, 0, G_N_ELEMENTS(capped));
	tcase_add_loop_test(tests, full_second, 0, G_N_ELEMENTS(capped));
	tcase_add_loop_test(tests, eventually_listed, 0, G_N_ELEMENTS(hidings));
	tcase_add_loop_test(tests, ends_late, 0, G_N_ELEMENTS(endings));
	tcase_add_test(tests, asked_less_and_less);
	tcase_add_test(tests, another_attempt);
	tcase_add_test(tests, started_again_late);
	tcase_add_loop_test(tests, deleted, 0, G_N_ELEMENTS(deletions));
	tcase_add_test(tests, deleted_while_it_runs);
	tcase_add_test(tests, not_listed_is_not_gone);
	tcase_add_test(tests, back_again);
	tcase_add_test(tests, no_longer_there);
	tcase_add_test(tests, whole);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
