#include <stdlib.h>

#include "tests/desk.h"

/* When people are told. */

static struct job *next_of(struct desk *desk, enum job_kind kind)
{
	for (GList *at = desk->jobs.head; at; at = at->next) {
		struct job *job = at->data;

		if (job->kind != kind)
			continue;
		g_queue_delete_link(&desk->jobs, at);
		return job;
	}
	return NULL;
}

START_TEST(without_alerts_there_is_no_such_job)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_deliveries, 0);
	/* What was watched before is put to an end with each evaluation. */
	ck_assert_int_eq(fakes.n_looks, fakes.n_evaluations);
	desk_clear(&desk);
}
END_TEST

START_TEST(after_an_evaluation_not_during_one)
{
	struct desk desk;
	struct job *evaluation;

	desk_init_alerts(&desk, "shop", false);
	desk_settle(&desk);
	fakes.changed = true;
	fakes.n_deliveries = 0;
	desk.now.steady += 2 * G_TIME_SPAN_MINUTE;
	desk.now.wall += 2 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk); /* a poll, and the delivery that was due by itself */
	desk_back(&desk, next_of(&desk, JOB_DELIVER));
	desk_back(&desk, next_of(&desk, JOB_POLL));
	desk_advance(&desk);
	evaluation = next_of(&desk, JOB_EVALUATE);
	ck_assert_ptr_nonnull(evaluation);
	desk.now.steady += 5 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	ck_assert_ptr_null(next_of(&desk, JOB_DELIVER));
	ck_assert_int_eq(fakes.n_deliveries, 1);
	desk_back(&desk, evaluation);
	desk_advance(&desk);
	desk_back(&desk, next_of(&desk, JOB_DELIVER));
	ck_assert_int_eq(fakes.n_deliveries, 2);
	desk_clear(&desk);
}
END_TEST

/* Something changes with every poll, and what is found of it takes long to compute. */
START_TEST(while_figures_are_always_due)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	desk_settle(&desk);
	fakes.n_deliveries = fakes.n_evaluations = 0;
	for (guint i = 0; i < 10; i++) {
		struct job *evaluation;

		engine_stored(desk.engine, &desk.now);
		desk_advance(&desk);
		while (!(evaluation = next_of(&desk, JOB_EVALUATE))) {
			ck_assert(!g_queue_is_empty(&desk.jobs));
			desk_back(&desk, g_queue_pop_head(&desk.jobs));
			desk_advance(&desk);
		}
		engine_stored(desk.engine, &desk.now);
		desk.now.steady += 2 * G_TIME_SPAN_MINUTE;
		desk.now.wall += 2 * G_TIME_SPAN_MINUTE;
		desk_back(&desk, evaluation);
	}
	ck_assert_int_eq(fakes.n_evaluations, 10);
	ck_assert_int_ge(fakes.n_deliveries, 9);
	desk_clear(&desk);
}
END_TEST

/* A receiver was away, and there is more to send than one run can. */
START_TEST(while_messages_are_always_due)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	desk_settle(&desk);
	fakes.n_deliveries = fakes.n_evaluations = 0;
	fakes.rounds = 1000;
	desk.now.steady += G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	for (guint i = 0; i < 20; i++) {
		engine_stored(desk.engine, &desk.now);
		desk_back(&desk, g_queue_pop_head(&desk.jobs));
		desk_advance(&desk);
	}
	ck_assert_int_ge(fakes.n_evaluations, 9);
	ck_assert_int_ge(fakes.n_deliveries, 9);
	desk_clear(&desk);
}
END_TEST

START_TEST(an_evaluation_waits_for_a_delivery)
{
	struct desk desk;
	struct job *delivery;

	desk_init_alerts(&desk, "shop", false);
	desk_settle(&desk);
	desk.now.steady += G_TIME_SPAN_MINUTE;
	engine_stored(desk.engine, &desk.now);
	desk_advance(&desk);
	/* They take turns, and the delivery was last. */
	ck_assert_ptr_null(next_of(&desk, JOB_DELIVER));
	desk_back(&desk, next_of(&desk, JOB_EVALUATE));
	engine_stored(desk.engine, &desk.now);
	desk_advance(&desk);
	delivery = next_of(&desk, JOB_DELIVER);
	ck_assert_ptr_nonnull(delivery);
	desk_advance(&desk);
	ck_assert_ptr_null(next_of(&desk, JOB_EVALUATE));
	desk_back(&desk, delivery);
	desk_advance(&desk);
	desk_back(&desk, next_of(&desk, JOB_EVALUATE));
	desk_clear(&desk);
}
END_TEST

START_TEST(an_evaluation_that_takes_hours)
{
	struct desk desk;
	struct job *evaluation, *delivery;

	desk_init_alerts(&desk, "shop", false);
	desk_settle(&desk);
	engine_stored(desk.engine, &desk.now);
	desk_advance(&desk);
	evaluation = next_of(&desk, JOB_EVALUATE);
	ck_assert_ptr_nonnull(evaluation);
	desk.now.steady += G_TIME_SPAN_MINUTE; /* from now on messages are due */
	desk_advance(&desk);
	ck_assert_int_le(desk.wake, desk.now.steady + 5 * G_TIME_SPAN_MINUTE);
	desk.now.steady += 5 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	delivery = next_of(&desk, JOB_DELIVER);
	ck_assert_ptr_nonnull(delivery);
	desk_back(&desk, delivery);
	desk_back(&desk, evaluation);
	desk_clear(&desk);
}
END_TEST

START_TEST(nothing_is_known_of_the_daemon_itself)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	fakes.look = DORA_ERROR_DATA;
	desk_settle(&desk);
	ck_assert_int_ge(fakes.n_deliveries, 1);
	ck_assert_uint_eq(desk_count(fakes.log->str, "a watch cannot be read"), 1);
	fakes.n_deliveries = 0;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_deliveries, 1);
	/* The first failure is told, not the last. */
	fakes.deliver = DORA_ERROR_DATA;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(desk_count(fakes.log->str, "a row cannot be read"), 0);
	fakes.look = fakes.deliver = FAKE_GOOD;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(desk_count(fakes.log->str, "messages: works again"), 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(wakes_when_the_next_is_due)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	fakes.next = 5 * G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	ck_assert_int_eq(desk.wake, desk.now.steady + 5 * G_TIME_SPAN_SECOND);
	fakes.n_deliveries = 0;
	desk_pass(&desk, 4 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_deliveries, 0);
	/* However overdue: not more often than each second. */
	fakes.next = -G_TIME_SPAN_HOUR;
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_deliveries, 1);
	ck_assert_int_eq(desk.wake, desk.now.steady + G_TIME_SPAN_SECOND);
	/* However late: it looks at itself each minute. */
	fakes.next = G_TIME_SPAN_DAY;
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	fakes.n_deliveries = 0;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_deliveries, 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(what_is_left_comes_at_once)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	fakes.rounds = 3;
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_deliveries, 4);
	desk_clear(&desk);
}
END_TEST

START_TEST(a_clock_that_is_set_changes_little)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	fakes.next = 30 * G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	fakes.n_deliveries = 0;
	desk.now.wall -= 400 * G_TIME_SPAN_DAY;
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_deliveries, 0);
	desk_pass(&desk, 30 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_deliveries, 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(the_database_is_lost)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	fakes.next = 30 * G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	fakes.begin = DORA_ERROR_RETRY;
	fakes.migrate = DORA_ERROR_RETRY;
	fakes.n_deliveries = 0;
	desk_pass(&desk, 30 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_deliveries, 1);
	desk_assert_status(&desk, "database");
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_deliveries, 1);
	fakes.begin = fakes.migrate = FAKE_GOOD;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_ge(fakes.n_deliveries, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(failures_are_told_ever_more_rarely)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	fakes.refusing = true;
	fakes.deliver = DORA_ERROR_DATA;
	desk_settle(&desk);
	for (guint i = 0; i < 10; i++)
		desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_uint_ge(desk_count(fakes.log->str, "channel team: status 500"), 1);
	ck_assert_uint_le(desk_count(fakes.log->str, "channel team: status 500"), 3);
	ck_assert_uint_ge(desk_count(fakes.log->str, "a row cannot be read"), 1);
	ck_assert_uint_le(desk_count(fakes.log->str, "a row cannot be read"), 3);
	fakes.refusing = false;
	fakes.deliver = FAKE_GOOD;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(desk_count(fakes.log->str, "team: works again"), 1);
	ck_assert_uint_eq(desk_count(fakes.log->str, "messages: works again"), 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(a_reload_takes_alerts_away_and_brings_them_back)
{
	struct desk desk;

	desk_init_alerts(&desk, "shop", false);
	desk_settle(&desk);
	fakes.alerts = false;
	desk_reload(&desk, "shop");
	fakes.n_deliveries = 0;
	desk_pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_deliveries, 0);
	fakes.alerts = true;
	desk_reload(&desk, "shop");
	ck_assert_int_ge(fakes.n_deliveries, 1);
	desk_clear(&desk);
}
END_TEST

static const struct {
	const char *name;
	int evaluate, deliver;
	bool refusing;
	int status;
} onces[] = {
	{ "all is told", FAKE_GOOD, FAKE_GOOD, false, EXIT_OK },
	{ "a channel that fails is a failure", FAKE_GOOD, FAKE_GOOD, true, EXIT_FAILED },
	{ "so is a table", FAKE_GOOD, DORA_ERROR_DATA, false, EXIT_FAILED },
	{ "what waits is told though nothing can be computed", DORA_ERROR_DATA, FAKE_GOOD,
	  false, EXIT_FAILED },
};

START_TEST(once_waits_for_it)
{
	struct desk desk;
	int status = -1;

	desk_init_alerts(&desk, "shop", true);
	fakes.evaluate = onces[_i].evaluate;
	fakes.deliver = onces[_i].deliver;
	fakes.refusing = onces[_i].refusing;
	fakes.rounds = 2;
	desk_advance(&desk);
	for (guint i = 0; i < 20 && !engine_is_over(desk.engine, &desk.now, &status);
	     i++) {
		struct job *job = g_queue_pop_head(&desk.jobs);

		ck_assert_msg(job, "%s: nothing is done", onces[_i].name);
		ck_assert(job->kind != JOB_DELIVER || fakes.n_evaluations == 1);
		desk_back(&desk, job);
		desk_advance(&desk);
	}
	ck_assert_msg(status == onces[_i].status, "%s: status %d", onces[_i].name,
		      status);
	ck_assert_int_eq(fakes.n_deliveries, onces[_i].deliver == FAKE_GOOD ? 3 : 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(what_was_told_before_a_stop_is_logged)
{
	struct desk desk;
	struct job *job;

	desk_init_alerts(&desk, "shop", false);
	fakes.next = 30 * G_TIME_SPAN_SECOND;
	desk_settle(&desk);
	desk.now.steady += 30 * G_TIME_SPAN_SECOND;
	desk_advance(&desk);
	job = next_of(&desk, JOB_DELIVER);
	ck_assert_ptr_nonnull(job);
	engine_stop(desk.engine, &desk.now);
	ck_assert(g_cancellable_is_cancelled(job->cancellable));
	fakes.deliver = DORA_ERROR_CANCELLED;
	g_string_truncate(fakes.log, 0);
	desk_back(&desk, job);
	ck_assert_uint_eq(desk_count(fakes.log->str, "2.1x longer"), 1);
	ck_assert_uint_eq(desk_count(fakes.log->str, "cannot be read"), 0);
	desk_clear(&desk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine: delivery");
	TCase *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, without_alerts_there_is_no_such_job);
	tcase_add_test(tcase, after_an_evaluation_not_during_one);
	tcase_add_test(tcase, while_figures_are_always_due);
	tcase_add_test(tcase, while_messages_are_always_due);
	tcase_add_test(tcase, an_evaluation_waits_for_a_delivery);
	tcase_add_test(tcase, an_evaluation_that_takes_hours);
	tcase_add_test(tcase, nothing_is_known_of_the_daemon_itself);
	tcase_add_test(tcase, wakes_when_the_next_is_due);
	tcase_add_test(tcase, what_is_left_comes_at_once);
	tcase_add_test(tcase, a_clock_that_is_set_changes_little);
	tcase_add_test(tcase, the_database_is_lost);
	tcase_add_test(tcase, failures_are_told_ever_more_rarely);
	tcase_add_test(tcase, a_reload_takes_alerts_away_and_brings_them_back);
	tcase_add_loop_test(tcase, once_waits_for_it, 0, G_N_ELEMENTS(onces));
	tcase_add_test(tcase, what_was_told_before_a_stop_is_logged);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
