#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "collector/command.h"
#include "collector/loop.h"
#include "tests/fakes.h"

/* The real loop with real threads and signals, around fakes of what blocks. */

static int run(const char *sources, bool once, bool *abandoned,
	       void (*clock)(struct moment *now),
	       void (*ended)(const struct engine *engine, void *user))
{
	g_autoptr(GBytes) key = g_bytes_new_static("salt", 4);
	struct config *config = fake_config(sources);
	const struct loop_options options = {
		.config_path = "/etc/dorad/dorad.yaml",
		.cache_dir = "/nowhere",
		.state_dir = "/nowhere",
		.once = once,
		.announce = announce_new(progress_new(false, NULL, 80)),
		.clock = clock,
		.ended = ended,
	};
	int status = loop_run(&options, config, key, abandoned);

	config_unref(config);
	if (!*abandoned)
		announce_free(options.announce);
	return status;
}

static guint n_ended;

static void count_sources(const struct source *source, void *user)
{
	(void)user;
	ck_assert(source->polled);
	n_ended++;
}

static void on_end(const struct engine *engine, void *user)
{
	roster_each(engine_roster(engine), count_sources, user);
}

START_TEST(once)
{
	bool abandoned;

	fakes_reset();
	n_ended = 0;
	fakes.changed = true;
	ck_assert_int_eq(run("a b c d e f", true, &abandoned, NULL, on_end), EXIT_OK);
	ck_assert(!abandoned);
	ck_assert_uint_eq(n_ended, 6);
	ck_assert_int_eq(fakes.n_polls, 6);
	ck_assert_int_eq(fakes.n_evaluations, 1);
	ck_assert_int_eq(fakes.n_stores, 0);
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "a: tag v1 moved"));
	fakes_clear();
}
END_TEST

static void ask_to_stop(void)
{
	kill(getpid(), SIGTERM);
}

START_TEST(stops)
{
	bool abandoned;

	fakes_reset();
	fakes.stuck = true;
	fakes.polling = ask_to_stop;
	ck_assert_int_eq(run("shop", false, &abandoned, NULL, NULL), EXIT_OK);
	ck_assert(!abandoned);
	ck_assert_int_eq(fakes.n_stores, 0);
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "stopping"));
	/* What was cut off is not a failure. */
	ck_assert_ptr_null(strstr(fakes.log->str, "shop"));
	fakes_clear();
}
END_TEST

/* Each look at this clock takes half a minute. */
static void hasty(struct moment *now)
{
	static gint looks;

	now->steady = g_atomic_int_add(&looks, 1) * 30 * G_TIME_SPAN_SECOND;
	now->wall = now->steady;
}

START_TEST(abandons)
{
	bool abandoned;

	fakes_reset();
	fakes.stuck = true;
	fakes.deaf = true;
	fakes.polling = ask_to_stop;
	ck_assert_int_eq(run("shop", false, &abandoned, hasty, NULL), EXIT_FAILED);
	ck_assert(abandoned);
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "did not stop in time"));
	/* The poll and the state it uses stay behind, as they do in the program. */
}
END_TEST

static void ask_to_reload(void)
{
	if (fakes.n_loads == 0)
		kill(getpid(), SIGHUP);
	else
		kill(getpid(), SIGTERM);
}

START_TEST(reloads)
{
	bool abandoned;

	fakes_reset();
	fakes.polling = ask_to_reload;
	fakes.file = fake_config("shop pay");
	ck_assert_int_eq(run("shop", false, &abandoned, NULL, NULL), EXIT_OK);
	ck_assert_int_ge(fakes.n_loads, 1);
	ck_assert_str_eq(fakes.last_poll, "pay");
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "new configuration in use"));
	fakes_clear();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tests = tcase_create("loop");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, once);
	tcase_add_test(tests, stops);
	tcase_add_test(tests, reloads);
	tcase_add_test(tests, abandons); /* last: it leaves a thread */
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	fflush(NULL);
	_exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
