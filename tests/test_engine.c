#include <stdlib.h>

#include "tests/desk.h"

START_TEST(starts)
{
	struct desk desk;

	desk_init(&desk, "shop pay", false);
	desk_assert_status(&desk, "waiting for the database: connecting");
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_migrations, 1);
	ck_assert_int_eq(fakes.n_syncs, 1);
	ck_assert_str_eq(fakes.last_poll, "shop");
	ck_assert_int_eq(fakes.n_evaluations, 1);
	/* The second poll is a little later, … */
	ck_assert_int_eq(fakes.n_polls, 1);
	ck_assert_int_gt(desk.wake, desk.now.steady);
	ck_assert_int_le(desk.wake, desk.now.steady + G_TIME_SPAN_SECOND);
	desk_pass(&desk, desk.wake - desk.now.steady);
	ck_assert_str_eq(fakes.last_poll, "pay");
	/* … and then each has a minute, give or take. */
	ck_assert_int_ge(desk.wake - T0, 54 * G_TIME_SPAN_SECOND);
	ck_assert_int_le(desk.wake - T0, 67 * G_TIME_SPAN_SECOND);
	desk_assert_status(&desk, "watching 2 sources, 0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(workers_are_bounded)
{
	struct desk desk;

	desk_init(&desk, "a b c d e f", false);
	desk_settle(&desk);
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 4);
	desk_advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 4);
	ck_assert_int_eq(desk.wake, SCHEDULE_NEVER);
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluations_coalesce)
{
	struct desk desk;
	struct job *job;

	desk_init(&desk, "a b c", false);
	desk_settle(&desk);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	fakes.changed = true;
	fakes.n_evaluations = 0;
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 3);
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_advance(
		&desk); /* submits an evaluation; two more polls finish while it is out */
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 3);
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_advance(&desk);
	job = g_queue_pop_head(&desk.jobs);
	ck_assert_int_eq(job->kind, JOB_EVALUATE);
	ck_assert_ptr_null(g_queue_peek_head(&desk.jobs));
	desk_back(&desk, job);
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(nothing_new_is_not_evaluated)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	fakes.n_evaluations = 0;
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_polls, 2);
	ck_assert_int_eq(fakes.n_evaluations, 0);
	desk_clear(&desk);
}
END_TEST

START_TEST(midnight)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.midnight = WALL + 30 * G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	ck_assert_int_eq(desk.wake, T0 + 30 * G_TIME_SPAN_SECOND);
	desk_pass(&desk, 29 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(wall_clock_is_set)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.midnight = WALL + G_TIME_SPAN_HOUR;
	desk_settle(&desk);
	desk.now.wall -= 400 * G_TIME_SPAN_DAY;
	fakes.midnight = desk.now.wall + G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	ck_assert_int_eq(desk.wake, T0 + G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(source_fails)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.sick = "shop";
	fakes.sickness = DORA_ERROR_RETRY;
	desk_settle(&desk);
	/* Tried again after 10 s, 20 s, …, and said once. */
	ck_assert_int_ge(desk.wake - desk.now.steady, 9 * G_TIME_SPAN_SECOND);
	ck_assert_int_le(desk.wake - desk.now.steady, 11 * G_TIME_SPAN_SECOND);
	desk_pass(&desk, desk.wake - desk.now.steady);
	ck_assert_int_ge(desk.wake - desk.now.steady, 18 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 2);
	ck_assert_uint_eq(desk_count(fakes.log->str, "the remote hung up"), 1);
	desk_assert_status(&desk, "1 failing");
	/* Only what is wrong with the database waits for the database. */
	ck_assert_int_eq(fakes.n_migrations, 1);

	fakes.sickness = FAKE_GOOD;
	desk_pass(&desk, desk.wake - desk.now.steady);
	ck_assert_uint_eq(desk_count(fakes.log->str, "shop: works again"), 1);
	desk_assert_status(&desk, "0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(sources_of_every_kind)
{
	struct desk desk;

	desk_init(&desk, "shop push hub:acme", false);
	desk_settle(&desk);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	/* What was pushed is looked at as often as the rest. */
	ck_assert_int_eq(fakes.n_polls, 3);
	ck_assert_str_eq(fakes.last_poll, "hub:acme");
	desk_assert_status(&desk, "watching 3 sources, 0 failing");
	desk_clear(&desk);
}
END_TEST

static const struct rest {
	const char *name;
	GTimeSpan asked;
	int sickness;
	GTimeSpan from, to; /* of the wait */
} rests[] = {
	{ "nothing asked", 0, FAKE_GOOD, 54 * G_TIME_SPAN_SECOND,
	  66 * G_TIME_SPAN_SECOND },
	{ "asked for less than the interval", G_TIME_SPAN_SECOND, FAKE_GOOD,
	  54 * G_TIME_SPAN_SECOND, 66 * G_TIME_SPAN_SECOND },
	{ "asked for more", 20 * G_TIME_SPAN_MINUTE, FAKE_GOOD, 20 * G_TIME_SPAN_MINUTE,
	  20 * G_TIME_SPAN_MINUTE },
	{ "refused, and asked for more", 20 * G_TIME_SPAN_MINUTE, DORA_ERROR_RETRY,
	  20 * G_TIME_SPAN_MINUTE, 20 * G_TIME_SPAN_MINUTE },
	{ "asked for more than can be meant", 90 * G_TIME_SPAN_DAY, FAKE_GOOD,
	  G_TIME_SPAN_HOUR, G_TIME_SPAN_HOUR },
};

START_TEST(source_asks_to_be_left_alone)
{
	const struct rest *row = &rests[_i];
	struct desk desk;

	desk_init(&desk, "hub:acme", false);
	fakes.rest = row->asked;
	fakes.sick = "hub:acme";
	fakes.sickness = row->sickness;
	desk_settle(&desk);
	ck_assert_msg(desk.wake - desk.now.steady >= row->from &&
			      desk.wake - desk.now.steady <= row->to,
		      "%s", row->name);
	/* A reload that changes nothing about it is no way around. */
	fakes.n_polls = 0;
	fakes.rest = 0;
	desk_reload(&desk, "hub:acme");
	if (row->sickness != FAKE_GOOD)
		ck_assert_int_eq(fakes.n_polls, 0);
	desk_pass(&desk, row->to);
	ck_assert_int_eq(fakes.n_polls, 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(part_of_a_failed_poll)
{
	struct desk desk;

	desk_init(&desk, "hub:acme", false);
	desk_settle(&desk);
	fakes.n_evaluations = 0;
	fakes.sick = "hub:acme";
	fakes.sickness = DORA_ERROR_RETRY;
	desk_pass(&desk, 2 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_evaluations, 0);
	fakes.changed = true;
	desk_pass(&desk, 2 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(database_is_down_then_up)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.migrate = DORA_ERROR_RETRY;
	desk_settle(&desk);
	for (guint i = 0; i < 20; i++) {
		desk_assert_status(&desk,
				   "waiting for the database: connection to server");
		ck_assert_int_gt(desk.wake, desk.now.steady);
		ck_assert_int_le(desk.wake - desk.now.steady, G_TIME_SPAN_MINUTE);
		desk_pass(&desk, desk.wake - desk.now.steady);
	}
	ck_assert_int_eq(fakes.n_migrations, 21);
	ck_assert_int_eq(fakes.n_polls, 0);
	ck_assert_uint_lt(desk_count(fakes.log->str, "connection to server failed"), 3);
	fakes.migrate = FAKE_GOOD;
	desk_pass(&desk, desk.wake - desk.now.steady);
	ck_assert_int_eq(fakes.n_polls, 1);
	ck_assert_uint_eq(desk_count(fakes.log->str, "database: works again"), 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(database_goes_and_comes)
{
	struct desk desk;

	desk_init(&desk, "a b", false);
	desk_settle(&desk);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 2);
	fakes.begin = fakes.migrate = DORA_ERROR_RETRY;
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	desk_assert_status(&desk, "waiting for the database");
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	ck_assert_int_le(fakes.n_polls, 4);
	fakes.begin = fakes.migrate = FAKE_GOOD;
	fakes.n_polls = fakes.n_evaluations = 0;
	/* Back within the minute, and both sources at once: it was not their fault. */
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_polls, 2);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	desk_assert_status(&desk, "watching 2 sources, 0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluation_loses_the_database)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_advance(&desk);
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 2);
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	fakes.begin = fakes.migrate = DORA_ERROR_RETRY;
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_settle(&desk);
	desk_assert_status(&desk, "waiting for the database");
	fakes.begin = fakes.migrate = FAKE_GOOD;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluation_fails)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.midnight = WALL + 30 * G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	fakes.evaluate = DORA_ERROR_RETRY;
	desk_pass(&desk, 30 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_pass(&desk, 12 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 3);
	ck_assert_uint_eq(desk_count(fakes.log->str, "a number cannot"), 1);
	fakes.evaluate = FAKE_GOOD;
	desk_pass(&desk, 30 * G_TIME_SPAN_SECOND);
	ck_assert_uint_eq(desk_count(fakes.log->str, "evaluation: works again"), 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluation_waits_for_a_mirror)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_advance(&desk);
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_advance(&desk);
	/* Out are a poll, which takes long, and an evaluation. */
	struct job *poll = g_queue_pop_head(&desk.jobs);
	ck_assert_int_eq(poll->kind, JOB_POLL);
	fakes.evaluate = DORA_ERROR_RETRY;
	desk_settle(&desk);
	ck_assert_uint_eq(desk_count(fakes.log->str, "a number cannot"), 0);
	fakes.evaluate = FAKE_GOOD;
	fakes.changed = true;
	desk_back(&desk, poll);
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	ck_assert_uint_eq(desk_count(fakes.log->str, "works again"), 0);
	desk_clear(&desk);
}
END_TEST

START_TEST(program_is_too_old)
{
	struct desk desk;
	int status;

	desk_init(&desk, "shop", false);
	fakes.migrate = DORA_ERROR_CONFIG;
	desk_settle(&desk);
	ck_assert(engine_is_over(desk.engine, &desk.now, &status));
	ck_assert_int_eq(status, EXIT_CONFIG);
	desk_clear(&desk);
}
END_TEST

START_TEST(drains)
{
	struct desk desk;
	int status = -1;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	engine_stop(desk.engine, &desk.now);
	ck_assert(!engine_is_over(desk.engine, &desk.now, &status));
	desk_advance(&desk);
	ck_assert_int_eq(desk.wake, desk.now.steady + ENGINE_DRAIN);
	desk.now.steady += ENGINE_DRAIN;
	ck_assert(engine_is_over(desk.engine, &desk.now, &status));
	ck_assert_int_eq(status, EXIT_FAILED);
	desk.now.steady -= ENGINE_DRAIN;
	desk_back(&desk, g_queue_pop_head(&desk.jobs));
	desk_advance(&desk);
	ck_assert_ptr_null(g_queue_peek_head(&desk.jobs));
	ck_assert(engine_is_over(desk.engine, &desk.now, &status));
	ck_assert_int_eq(status, EXIT_OK);
	desk_clear(&desk);
}
END_TEST

static const struct {
	const char *what;
	int migrate, begin, evaluate, sickness;
	int status;
	int n_polls;
} onces[] = {
	{ "all good", FAKE_GOOD, FAKE_GOOD, FAKE_GOOD, FAKE_GOOD, EXIT_OK, 2 },
	{ "a source fails", FAKE_GOOD, FAKE_GOOD, FAKE_GOOD, DORA_ERROR_RETRY,
	  EXIT_FAILED, 2 },
	{ "a source is refused", FAKE_GOOD, FAKE_GOOD, FAKE_GOOD, DORA_ERROR_DENIED,
	  EXIT_FAILED, 2 },
	{ "evaluation fails", FAKE_GOOD, FAKE_GOOD, DORA_ERROR_DATA, FAKE_GOOD,
	  EXIT_FAILED, 2 },
	{ "no database", DORA_ERROR_RETRY, FAKE_GOOD, FAKE_GOOD, FAKE_GOOD,
	  EXIT_UNAVAILABLE, 0 },
	{ "database refuses us", DORA_ERROR_DENIED, FAKE_GOOD, FAKE_GOOD, FAKE_GOOD,
	  EXIT_CONFIG, 0 },
	{ "database is newer", DORA_ERROR_CONFIG, FAKE_GOOD, FAKE_GOOD, FAKE_GOOD,
	  EXIT_CONFIG, 0 },
};

START_TEST(once)
{
	struct desk desk;
	int status = -1;

	desk_init(&desk, "shop pay", true);
	fakes.migrate = onces[_i].migrate;
	fakes.begin = onces[_i].begin;
	fakes.evaluate = onces[_i].evaluate;
	fakes.sick = "shop";
	fakes.sickness = onces[_i].sickness;
	desk_settle(&desk);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	ck_assert_msg(engine_is_over(desk.engine, &desk.now, &status), "%s",
		      onces[_i].what);
	ck_assert_msg(status == onces[_i].status, "%s: %d", onces[_i].what, status);
	ck_assert_int_eq(fakes.n_polls, onces[_i].n_polls);
	desk_clear(&desk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tests = tcase_create("engine");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, starts);
	tcase_add_test(tests, workers_are_bounded);
	tcase_add_test(tests, evaluations_coalesce);
	tcase_add_test(tests, nothing_new_is_not_evaluated);
	tcase_add_test(tests, midnight);
	tcase_add_test(tests, wall_clock_is_set);
	tcase_add_test(tests, source_fails);
	tcase_add_test(tests, sources_of_every_kind);
	tcase_add_loop_test(tests, source_asks_to_be_left_alone, 0, G_N_ELEMENTS(rests));
	tcase_add_test(tests, part_of_a_failed_poll);
	tcase_add_test(tests, database_is_down_then_up);
	tcase_add_test(tests, database_goes_and_comes);
	tcase_add_test(tests, evaluation_loses_the_database);
	tcase_add_test(tests, evaluation_fails);
	tcase_add_test(tests, evaluation_waits_for_a_mirror);
	tcase_add_test(tests, program_is_too_old);
	tcase_add_test(tests, drains);
	tcase_add_loop_test(tests, once, 0, G_N_ELEMENTS(onces));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
