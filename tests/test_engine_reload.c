#include <stdlib.h>

#include "tests/desk.h"

START_TEST(refused_source_waits_for_a_reload)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	fakes.sick = "shop";
	fakes.sickness = DORA_ERROR_DENIED;
	desk_settle(&desk);
	ck_assert_int_ge(desk.wake - desk.now.steady, 4 * G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(desk_count(fakes.log->str, "check the credential"), 1);
	fakes.sickness = FAKE_GOOD;
	desk_reload(&desk, "shop");
	ck_assert_int_eq(fakes.n_polls, 2);
	desk_assert_status(&desk, "0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(good_reload)
{
	struct desk desk;

	desk_init(&desk, "old stays", false);
	desk_settle(&desk);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	fakes.n_polls = 0;
	desk_reload(&desk, "stays new");
	ck_assert(!engine_is_reloading(desk.engine));
	ck_assert_int_eq(fakes.n_syncs, 2);
	/* Only the new one is polled now; "stays" keeps its appointment. */
	ck_assert_int_eq(fakes.n_polls, 1);
	ck_assert_str_eq(fakes.last_poll, "new");
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "new configuration in use"));
	desk_pass(&desk, 70 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 3);
	desk_clear(&desk);
}
END_TEST

START_TEST(reloaded_rules)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	fakes.file = fake_config("shop");
	fakes.file->n_services = 1;
	engine_reload(desk.engine, &desk.now);
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_polls, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(reload_during_polls)
{
	struct desk desk;
	struct job *job;

	desk_init(&desk, "a b", false);
	desk_settle(&desk);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	desk.now.steady += 10 * G_TIME_SPAN_MINUTE;
	desk_advance(&desk);
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 2);

	/* Polls of both are out; "a" leaves and comes back before its poll does. */
	GQueue out = desk.jobs;
	g_queue_init(&desk.jobs);
	desk_reload(&desk, "b");
	desk_assert_status(&desk, "watching 1 sources");
	desk_reload(&desk, "a b");
	desk_assert_status(&desk, "watching 2 sources");
	fakes.n_polls = 0;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_polls, 0); /* one job a source */
	desk_reload(&desk, "b");
	while ((job = g_queue_pop_head(&out)))
		desk_back(&desk, job);
	desk_settle(&desk);
	desk_assert_status(&desk, "watching 1 sources, 0 failing, polling 0");
	desk_clear(&desk);
}
END_TEST

/* What it tells, it tells channels of the configuration of before. */
START_TEST(reload_during_an_evaluation)
{
	struct desk desk;
	struct job *job;

	desk_init(&desk, "shop", false);
	desk_advance(&desk);
	while ((job = g_queue_pop_head(&desk.jobs)) && job->kind != JOB_EVALUATE) {
		desk_back(&desk, job);
		desk_advance(&desk);
	}
	ck_assert_ptr_nonnull(job);
	desk_reload(&desk, "shop pay");
	ck_assert_int_eq(fakes.n_syncs, 2);
	desk_back(&desk, job);
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_syncs, 3);
	desk_assert_status(&desk, "watching 2 sources, 0 failing");
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	ck_assert_int_eq(fakes.n_syncs, 3);
	desk_clear(&desk);
}
END_TEST

START_TEST(bad_reload)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	fakes.n_polls = 0;
	engine_reload(desk.engine, &desk.now);
	ck_assert(engine_is_reloading(desk.engine));
	desk_settle(&desk);
	ck_assert(!engine_is_reloading(desk.engine));
	ck_assert_ptr_nonnull(strstr(fakes.log->str, "/etc/dorad/dorad.yaml:3: "
						     "schedule.every: \"soon\""));
	desk_assert_status(&desk, "watching 1 sources");
	desk_assert_status(&desk, "the new configuration is not in use");
	ck_assert_int_eq(fakes.n_syncs, 1);
	desk_pass(&desk, 70 * G_TIME_SPAN_SECOND);
	ck_assert_int_eq(fakes.n_polls, 1);
	/* Mended. */
	desk_reload(&desk, "shop");
	desk_assert_status(&desk, "0 failing, polling 0");
	ck_assert_int_eq(fakes.n_syncs, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(reload_to_a_wrong_database)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	fakes.migrate = DORA_ERROR_CONFIG;
	desk_reload(&desk, "shop pay");
	ck_assert(!engine_is_reloading(desk.engine));
	desk_assert_status(&desk, "watching 1 sources");
	desk_assert_status(&desk, "the new configuration is not in use: connection");
	desk_pass(&desk, G_TIME_SPAN_HOUR);
	ck_assert_int_eq(fakes.n_migrations, 2);
	desk_clear(&desk);
}
END_TEST

START_TEST(reload_while_the_database_is_down)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	fakes.migrate = DORA_ERROR_RETRY;
	desk_reload(&desk, "shop pay");
	desk_assert_status(&desk, "watching 1 sources");
	fakes.migrate = FAKE_GOOD;
	desk_pass(&desk, G_TIME_SPAN_MINUTE);
	desk_pass(&desk, G_TIME_SPAN_SECOND);
	desk_assert_status(&desk, "watching 2 sources, 0 failing");
	desk_clear(&desk);
}
END_TEST

START_TEST(many_reloads)
{
	struct desk desk;

	desk_init(&desk, "shop", false);
	desk_settle(&desk);
	fakes.file = fake_config("shop pay");
	for (guint i = 0; i < 100; i++) {
		engine_reload(desk.engine, &desk.now);
		desk_advance(&desk);
	}
	ck_assert_uint_eq(g_queue_get_length(&desk.jobs), 1);
	desk_settle(&desk);
	ck_assert_int_eq(fakes.n_loads, 2); /* the one that ran and one for the rest */
	ck_assert(!engine_is_reloading(desk.engine));
	desk_clear(&desk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine_reload");
	TCase *tests = tcase_create("engine_reload");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, refused_source_waits_for_a_reload);
	tcase_add_test(tests, good_reload);
	tcase_add_test(tests, reloaded_rules);
	tcase_add_test(tests, reload_during_polls);
	tcase_add_test(tests, reload_during_an_evaluation);
	tcase_add_test(tests, bad_reload);
	tcase_add_test(tests, reload_to_a_wrong_database);
	tcase_add_test(tests, reload_while_the_database_is_down);
	tcase_add_test(tests, many_reloads);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
