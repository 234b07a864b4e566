#include <check.h>
#include <stdlib.h>

#include "base/error.h"
#include "collector/command.h"
#include "collector/engine.h"
#include "tests/fakes.h"

/* An engine on a desk: the test is its clock and its worker. */
struct desk {
	struct engine *engine;
	struct announce *announce;
	GQueue jobs; /* submitted, not yet run */
	struct moment now;
	gint64 wake;
};

#define T0 (1000 * G_TIME_SPAN_SECOND)
#define WALL (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC) /* 2026-03-01 12:00 UTC */

static void take(struct job *job, void *user)
{
	struct desk *desk = user;

	g_queue_push_tail(&desk->jobs, job);
}

static void desk_init(struct desk *desk, const char *sources, bool once)
{
	g_autoptr(GBytes) key = g_bytes_new_static("salt", 4);
	struct config *config = fake_config(sources);
	struct engine_options options = {
		.config_path = "/etc/dorad/dorad.yaml",
		.cache_dir = "/nowhere",
		.state_dir = "/nowhere",
		.once = once,
		.submit = take,
		.user = desk,
	};

	fakes_reset();
	*desk = (struct desk){ .now = { T0, WALL } };
	g_queue_init(&desk->jobs);
	desk->announce = announce_new(progress_new(false, NULL, 80));
	options.announce = desk->announce;
	desk->engine = engine_new(&options, config, key, &desk->now);
	config_unref(config);
}

static void back(struct desk *desk, struct job *job)
{
	job_run(job);
	engine_finished(desk->engine, job, &desk->now);
}

static void advance(struct desk *desk)
{
	desk->wake = engine_advance(desk->engine, &desk->now);
}

/* Works off all jobs, those that follow from them included. */
static void settle(struct desk *desk)
{
	struct job *job;

	advance(desk);
	while ((job = g_queue_pop_head(&desk->jobs))) {
		back(desk, job);
		advance(desk);
	}
}

static void pass(struct desk *desk, GTimeSpan span)
{
	desk->now.steady += span;
	desk->now.wall += span;
	settle(desk);
}

static void desk_clear(struct desk *desk)
{
	struct job *job;

	while ((job = g_queue_pop_head(&desk->jobs)))
		back(desk, job);
	engine_free(desk->engine);
	announce_free(desk->announce);
	ck_assert_int_eq(fakes.n_stores, 0);
	fakes_clear();
}

static guint count(const char *text, const char *part)
{
	guint n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void reload(struct desk *desk, const char *sources)
{
	config_unref(fakes.file);
	fakes.file = sources ? fake_config(sources) : NULL;
	engine_reload(desk->engine, &desk->now);
	settle(desk);
}

static void assert_status(struct desk *desk, const char *part)
{
	g_autofree char *status = engine_status(desk->engine);

	ck_assert_msg(strstr(status, part), "\"%s\" is not in \"%s\"", part, status);
}

START_TEST(starts)
{
	struct desk desk;

	desk_init(&desk, "shop pay", false);
	assert_status(&desk, "waiting for the database: connecting");
	settle(&desk);
	ck_assert_int_eq(fakes.n_migrations, 1);
	ck_assert_int_eq(fakes.n_syncs, 1);
	ck_assert_str_eq(fakes.last_poll, "shop");
	ck_assert_int_eq(fakes.n_evaluations, 1);
	/* The second poll is a little later, … */
	ck_assert_int_eq(fakes.n_polls, 1);
	ck_assert_int_gt(desk.wake, desk.now.steady);
	ck_assert_int_le(desk.wake, desk.now.steady + G_TIME_SPAN_SECOND);
	pass(&desk, desk.wake - desk.now.steady);
	ck_assert_str_eq(fakes.last_poll, "pay");
	/* … and then each has a minute, give or take. */
	ck_assert_int_ge(desk.wake - T0, 54 * G_TIME_SPAN_SECOND);
	ck_assert_int_le(desk.wake - T0, 67 * G_TIME_SPAN_SECOND);
	assert_status(&desk, "watching 2 repositories, 0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(workers_are_bounded)
{
	struct desk desk;

	desk_init(&desk, "a b c d e f", false);
	settle(&desk);
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 4);
	advance(&desk);
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
	settle(&desk);
	pass(&desk, G_TIME_SPAN_SECOND);
	fakes.changed = true;
	fakes.n_evaluations = 0;
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 3);
	back(&desk, g_queue_pop_head(&desk.jobs));
	advance(&desk); /* submits an evaluation; two more polls finish while it is out */
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 3);
	back(&desk, g_queue_pop_head(&desk.jobs));
	back(&desk, g_queue_pop_head(&desk.jobs));
	advance(&desk);
	job = g_queue_pop_head(&desk.jobs);
	ck_assert_int_eq(job->kind, JOB_EVALUATE);
	ck_assert_ptr_null(g_queue_peek_head(&desk.jobs));
	back(&desk, job);
	settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(nothing_new_is_not_evaluated)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	settle(&desk);
	fakes.n_evaluations = 0;
	pass(&desk, 10 * G_TIME_SPAN_MINUTE);
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
	settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	ck_assert_int_eq(desk.wake, T0 + 30 * G_TIME_SPAN_SECOND);
	pass(&desk, 29 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	pass(&desk, G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(wall_clock_is_set)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.midnight = WALL + G_TIME_SPAN_HOUR;
	settle(&desk);
	desk.now.wall -= 400 * G_TIME_SPAN_DAY;
	fakes.midnight = desk.now.wall + G_TIME_SPAN_SECOND;
	settle(&desk);
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
	settle(&desk);
	/* Tried again after 10 s, 20 s, …, and said once. */
	ck_assert_int_ge(desk.wake - desk.now.steady, 9 * G_TIME_SPAN_SECOND);
	ck_assert_int_le(desk.wake - desk.now.steady, 11 * G_TIME_SPAN_SECOND);
	pass(&desk, desk.wake - desk.now.steady);
	ck_assert_int_ge(desk.wake - desk.now.steady, 18 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 2);
	ck_assert_uint_eq(count(fakes.log->str, "the remote hung up"), 1);
	assert_status(&desk, "1 failing");
	/* Only what is wrong with the database waits for the database. */
	ck_assert_int_eq(fakes.n_migrations, 1);

	fakes.sickness = FAKE_GOOD;
	pass(&desk, desk.wake - desk.now.steady);
	ck_assert_uint_eq(count(fakes.log->str, "shop: works again"), 1);
	assert_status(&desk, "0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(refused_source_waits_for_a_reload)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.sick = "shop";
	fakes.sickness = DORA_ERROR_DENIED;
	settle(&desk);
	ck_assert_int_ge(desk.wake - desk.now.steady, 4 * G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(count(fakes.log->str, "check the credential"), 1);
	fakes.sickness = FAKE_GOOD;
	reload(&desk, "shop");
	ck_assert_int_eq(fakes.n_polls, 2);
	assert_status(&desk, "0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(database_is_down_then_up)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.migrate = DORA_ERROR_RETRY;
	settle(&desk);
	for (guint i = 0; i < 20; i++) {
		assert_status(&desk, "waiting for the database: connection to server");
		ck_assert_int_gt(desk.wake, desk.now.steady);
		ck_assert_int_le(desk.wake - desk.now.steady, G_TIME_SPAN_MINUTE);
		pass(&desk, desk.wake - desk.now.steady);
	}
	ck_assert_int_eq(fakes.n_migrations, 21);
	ck_assert_int_eq(fakes.n_polls, 0);
	ck_assert_uint_lt(count(fakes.log->str, "connection to server failed"), 3);
	fakes.migrate = FAKE_GOOD;
	pass(&desk, desk.wake - desk.now.steady);
	ck_assert_int_eq(fakes.n_polls, 1);
	ck_assert_uint_eq(count(fakes.log->str, "database: works again"), 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(database_goes_and_comes)
{
	struct desk desk;

	desk_init(&desk, "a b", false);
	settle(&desk);
	pass(&desk, G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 2);
	fakes.begin = fakes.migrate = DORA_ERROR_RETRY;
	pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	assert_status(&desk, "waiting for the database");
	pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	pass(&desk, 10 * G_TIME_SPAN_MINUTE);
	ck_assert_int_le(fakes.n_polls, 4);
	fakes.begin = fakes.migrate = FAKE_GOOD;
	fakes.n_polls = fakes.n_evaluations = 0;
	/* Back within the minute, and both sources at once: it was not their fault. */
	pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_polls, 2);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	assert_status(&desk, "watching 2 repositories, 0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluation_loses_the_database)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	advance(&desk);
	back(&desk, g_queue_pop_head(&desk.jobs));
	advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 2);
	back(&desk, g_queue_pop_head(&desk.jobs));
	fakes.begin = fakes.migrate = DORA_ERROR_RETRY;
	back(&desk, g_queue_pop_head(&desk.jobs));
	settle(&desk);
	assert_status(&desk, "waiting for the database");
	fakes.begin = fakes.migrate = FAKE_GOOD;
	pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluation_fails)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.midnight = WALL + 30 * G_TIME_SPAN_SECOND;
	settle(&desk);
	fakes.evaluate = DORA_ERROR_RETRY;
	pass(&desk, 30 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	pass(&desk, 12 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_evaluations, 3);
	ck_assert_uint_eq(count(fakes.log->str, "a number cannot"), 1);
	fakes.evaluate = FAKE_GOOD;
	pass(&desk, 30 * G_TIME_SPAN_SECOND);
	ck_assert_uint_eq(count(fakes.log->str, "evaluation: works again"), 1);
	desk_clear(&desk);
}
END_TEST

START_TEST(evaluation_waits_for_a_mirror)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	advance(&desk);
	back(&desk, g_queue_pop_head(&desk.jobs));
	advance(&desk);
	/* Out are a poll, which takes long, and an evaluation. */
	struct job *poll = g_queue_pop_head(&desk.jobs);
	ck_assert_int_eq(poll->kind, JOB_POLL);
	fakes.evaluate = DORA_ERROR_RETRY;
	settle(&desk);
	ck_assert_uint_eq(count(fakes.log->str, "a number cannot"), 0);
	fakes.evaluate = FAKE_GOOD;
	fakes.changed = true;
	back(&desk, poll);
	settle(&desk);
	ck_assert_int_eq(fakes.n_evaluations, 2);
	ck_assert_uint_eq(count(fakes.log->str, "works again"), 0);
	desk_clear(&desk);
}
END_TEST

START_TEST(program_is_too_old)
{
	struct desk desk;
	int status;

	desk_init(&desk, "shop", false);
	fakes.migrate = DORA_ERROR_CONFIG;
	settle(&desk);
	ck_assert(engine_is_over(desk.engine, &desk.now, &status));
	ck_assert_int_eq(status, EXIT_CONFIG);
	desk_clear(&desk);
}
END_TEST

START_TEST(good_reload)
{
	struct desk desk;

	desk_init(&desk, "old stays", false);
	settle(&desk);
	pass(&desk, G_TIME_SPAN_SECOND);
	fakes.n_polls = 0;
	reload(&desk, "stays new");
	ck_assert(!engine_is_reloading(desk.engine));
	ck_assert_int_eq(fakes.n_syncs, 2);
	/* Only the new one is polled now; "stays" keeps its appointment. */
	ck_assert_int_eq(fakes.n_polls, 1);
	ck_assert_str_eq(fakes.last_poll, "new");
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "new configuration in use"));
	pass(&desk, 70 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 3);
	desk_clear(&desk);
}
END_TEST

START_TEST(reloaded_rules)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	settle(&desk);
	fakes.file = fake_config("shop");
	fakes.file->n_services = 1;
	engine_reload(desk.engine, &desk.now);
	settle(&desk);
	ck_assert_int_eq(fakes.n_polls, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(reload_during_polls)
{
	struct desk desk;
	struct job *job;

	desk_init(&desk, "a b", false);
	settle(&desk);
	pass(&desk, G_TIME_SPAN_SECOND);
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 2);

	/* Polls of both are out; "a" leaves and comes back before its poll does. */
	GQueue out = desk.jobs;
	g_queue_init(&desk.jobs);
	reload(&desk, "b");
	assert_status(&desk, "watching 1 repositories");
	reload(&desk, "a b");
	assert_status(&desk, "watching 2 repositories");
	fakes.n_polls = 0;
	pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_polls, 0); /* one job a source */
	reload(&desk, "b");
	while ((job = g_queue_pop_head(&out)))
		back(&desk, job);
	settle(&desk);
	assert_status(&desk, "watching 1 repositories, 0 failing, polling 0");
	desk_clear(&desk);
}
END_TEST

START_TEST(bad_reload)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	settle(&desk);
	fakes.n_polls = 0;
	engine_reload(desk.engine, &desk.now);
	ck_assert(engine_is_reloading(desk.engine));
	settle(&desk);
	ck_assert(!engine_is_reloading(desk.engine));
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "/etc/dorad/dorad.yaml:3: "
						     "schedule.every: \"soon\""));
	assert_status(&desk, "watching 1 repositories");
	assert_status(&desk, "the new configuration is not in use");
	ck_assert_int_eq(fakes.n_syncs, 1);
	pass(&desk, 70 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 1);
	/* Mended. */
	reload(&desk, "shop");
	assert_status(&desk, "0 failing, polling 0");
	ck_assert_int_eq(fakes.n_syncs, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(reload_to_a_wrong_database)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	settle(&desk);
	fakes.migrate = DORA_ERROR_CONFIG;
	reload(&desk, "shop pay");
	ck_assert(!engine_is_reloading(desk.engine));
	assert_status(&desk, "watching 1 repositories");
	assert_status(&desk, "the new configuration is not in use: connection");
	pass(&desk, G_TIME_SPAN_HOUR);
	ck_assert_int_eq(fakes.n_migrations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(reload_while_the_database_is_down)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	settle(&desk);
	fakes.migrate = DORA_ERROR_RETRY;
	reload(&desk, "shop pay");
	assert_status(&desk, "watching 1 repositories");
	fakes.migrate = FAKE_GOOD;
	pass(&desk, G_TIME_SPAN_MINUTE);
	pass(&desk, G_TIME_SPAN_SECOND);
	assert_status(&desk, "watching 2 repositories, 0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(many_reloads)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	settle(&desk);
	fakes.file = fake_config("shop pay");
	for (guint i = 0; i < 100; i++) {
		engine_reload(desk.engine, &desk.now);
		advance(&desk);
	}
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 1);
	settle(&desk);
	ck_assert_int_eq(fakes.n_loads, 2); /* the one that ran and one for the rest */
	ck_assert(!engine_is_reloading(desk.engine));
	desk_clear(&desk);
}
END_TEST

START_TEST(drains)
{
	struct desk desk;
	int status = -1;

	desk_init(&desk, "shop", false);
	settle(&desk);
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	advance(&desk);
	engine_stop(desk.engine, &desk.now);
	ck_assert(!engine_is_over(desk.engine, &desk.now, &status));
	advance(&desk);
	ck_assert_int_eq(desk.wake, desk.now.steady + ENGINE_DRAIN);
	desk.now.steady += ENGINE_DRAIN;
	ck_assert(engine_is_over(desk.engine, &desk.now, &status));
	ck_assert_int_eq(status, EXIT_FAILED);
	desk.now.steady -= ENGINE_DRAIN;
	back(&desk, g_queue_pop_head(&desk.jobs));
	advance(&desk);
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
	  EXIT_UNAVAILABLE, 0 },
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
	settle(&desk);
	pass(&desk, G_TIME_SPAN_SECOND);
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
	tcase_add_test(tests, refused_source_waits_for_a_reload);
	tcase_add_test(tests, database_is_down_then_up);
	tcase_add_test(tests, database_goes_and_comes);
	tcase_add_test(tests, evaluation_loses_the_database);
	tcase_add_test(tests, evaluation_fails);
	tcase_add_test(tests, evaluation_waits_for_a_mirror);
	tcase_add_test(tests, program_is_too_old);
	tcase_add_test(tests, good_reload);
	tcase_add_test(tests, reloaded_rules);
	tcase_add_test(tests, reload_during_polls);
	tcase_add_test(tests, bad_reload);
	tcase_add_test(tests, reload_to_a_wrong_database);
	tcase_add_test(tests, reload_while_the_database_is_down);
	tcase_add_test(tests, many_reloads);
	tcase_add_test(tests, drains);
	tcase_add_loop_test(tests, once, 0, G_N_ELEMENTS(onces));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
