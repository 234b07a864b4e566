#include "tests/pipelines_fixture.h"

/* What sources do not tell of runs, and whose rows there are. */

#define SERVICE(name, pipelines)                                                         \
	"  - { name: " name ", team: red, components: [{ repository: shop }],"           \
	" deployments: [{ from: tags }], pipelines: [" pipelines "] }\n"
#define SHOP "{ source: hub, project: acme/shop }"
#define CART SERVICE("cart", SHOP)

static struct world world;

static void set_up(void)
{
	world_init(&world);
}

static void tear_down(void)
{
	world_clear(&world);
}

/* Ten minutes on a day of March 2026. */
static struct item *add(GPtrArray *items, const char *id)
{
	return run_add(items, id, "CI", "2026-03-03T09:59:00Z", "2026-03-03T10:00:00Z",
		       "2026-03-03T10:10:00Z", OUTCOME_SUCCESS);
}

/* ---- what sources do not tell ---- */

/* A run that was asked for at 10:00 as its source tells it, and a job of it. */
static const struct {
	const char *what, *started, *finished, *updated;
	struct told_job {
		const char *created, *started, *finished;
	} jobs[2];
	const char *row; /* finish, minutes, seconds in the queue */
} told[] = {
	{ "start and finish are told",
	  "10:01",
	  "10:31",
	  "10:40",
	  { { NULL, "10:02", "10:20" } },
	  "2026-03-03 10:31:00|30|60" },
	{ "no start: that of the first job",
	  "10:00",
	  "10:31",
	  NULL,
	  { { "10:00", "10:05", "10:20" }, { "10:00", "10:03", "10:29" } },
	  "2026-03-03 10:29:00|26|180" },
	{ "no start, and no jobs: no queue",
	  "10:00",
	  "10:30",
	  NULL,
	  { { 0 } },
	  "2026-03-03 10:30:00|30|-" },
	{ "the first job has no start of its own",
	  "10:00",
	  "10:31",
	  NULL,
	  { { "10:02", "10:02", "10:20" }, { "10:02", "10:03", "10:29" } },
	  "2026-03-03 10:29:00|27|-" },
	{ "the last change, for something else, is not the finish",
	  "10:00",
	  "18:00",
	  "18:00",
	  { { NULL, "10:05", "10:20" } },
	  "2026-03-03 10:20:00|15|300" },
	{ "the last change, while nothing is known of jobs",
	  "10:00",
	  "18:00",
	  "18:00",
	  { { 0 } },
	  "2026-03-03 18:00:00|480|-" },
	{ "a job that may still work: the finish is not known by jobs",
	  "10:00",
	  "18:00",
	  "18:00",
	  { { NULL, "10:05", "10:20" }, { NULL, "10:20", NULL } },
	  "2026-03-03 18:00:00|480|300" },
};

static char *time_of(const char *clock)
{
	return clock ? g_strdup_printf("2026-03-03T%s:00Z", clock) : NULL;
}

START_TEST(times_that_are_not_told)
{
	g_autofree char *started = time_of(told[_i].started);
	g_autofree char *finished = time_of(told[_i].finished);
	g_autofree char *updated = time_of(told[_i].updated);
	GPtrArray *items = items_new();
	struct item *item;

	ck_assert_ptr_nonnull(told[_i].what);
	world_use(&world, "", CART);
	item = run_add(items, "1", "CI", "2026-03-03T10:00:00Z", started, finished,
		       OUTCOME_SUCCESS);
	item->updated = updated ? rig_time(updated) : INSTANT_NONE;
	for (gsize k = 0; k < G_N_ELEMENTS(told[_i].jobs); k++) {
		const struct told_job *job = &told[_i].jobs[k];
		g_autofree char *asked = time_of(job->created);
		g_autofree char *from = time_of(job->started);
		g_autofree char *to = time_of(job->finished);
		const char *const ids[] = { "11", "12" };

		if (!job->started)
			continue;
		item = job_add(items, "1", ids[k], from, to);
		item->created = asked ? rig_time(asked) : INSTANT_NONE;
		item->done = to != NULL;
		item->outcome = to ? OUTCOME_SUCCESS : OUTCOME_RUNNING;
	}
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT finished_at AT TIME ZONE 'UTC', duration_seconds / 60,"
		     " queue_seconds FROM dora.pipeline_run_costs",
		     told[_i].row);
}
END_TEST

START_TEST(retries_that_were_never_seen_are_counted)
{
	static const gint64 attempts[] = { 3, 4, 6 };
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++)
		add(items, "1")->attempt = attempts[i];
	add(items, "2")->attempt = 2;
	world_poll(&world, items);
	world_evaluate(&world);
	/* the second to the sixth, and the second of another */
	world_expect(&world,
		     "SELECT runs, retries FROM dora.pipeline_series"
		     " WHERE grain = 'day' AND workflow IS NULL",
		     "4|6");
}
END_TEST

START_TEST(a_child_of_another_day_is_minutes_without_runs)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	add(items, "1")->parent = g_strdup("9");
	job_add(items, "1", "11", "2026-03-03T10:00:00Z", "2026-03-03T10:05:00Z");
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT runs, success_rate, duration_p50, compute_minutes FROM"
		     " dora.pipeline_series WHERE grain = 'day' AND workflow IS NULL",
		     "0|-|-|5");
}
END_TEST

/* ---- whose rows ---- */

START_TEST(rows_behind_are_those_of_a_service)
{
	GPtrArray *items = items_new();
	struct item *item;

	world_use(&world, "",
		  SERVICE("cart", SHOP ", { source: hub, project: '*' }")
			  SERVICE("pay", SHOP));
	add(items, "1");
	item = add(items, "2");
	g_free(item->project);
	item->project = g_strdup("acme/pay");
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT org, team, service, project, run FROM"
		     " dora.pipeline_run_costs ORDER BY service, run",
		     "acme|red|cart|acme/shop|1; acme|red|cart|acme/pay|2;"
		     " acme|red|pay|acme/shop|1");
}
END_TEST

START_TEST(rows_of_a_service_go_with_it)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	add(items, "1");
	world_poll(&world, items);
	world_evaluate(&world);
	world_use(&world, "", SERVICE("pay", "{ source: hub, project: acme/pay }"));
	rig_expect(&world.rig, "SELECT count(*) FROM dorad.pipeline_due", "0");
	world_evaluate(&world);
	rig_expect(&world.rig, "SELECT count(*) FROM dorad.pipeline_series", "0");
	world_use(&world, "", CART);
	ck_assert_uint_eq(world_evaluate(&world), 8);
}
END_TEST

/* Who refreshes marks days for the uses that were before: a new definition waits. */
START_TEST(a_new_definition_waits_for_who_refreshes)
{
	struct evaluate_result result;
	GError *why = NULL;

	rig_run(&world.rig, "DO $$ BEGIN EXECUTE format("
			    "'ALTER DATABASE %I SET lock_timeout = 100',"
			    " current_database()); END $$");
	world_use(&world, "", CART);
	rig_run(&world.rig, "SELECT pg_advisory_lock(x'646f72616411'::bigint)");
	ck_assert(!evaluate_pipelines(world.store, &world.context, world.now, &result,
				      &why));
	ck_assert_ptr_nonnull(strstr(why->message, "pipelines of cart"));
	g_error_free(why);
	rig_run(&world.rig, "SELECT pg_advisory_unlock(x'646f72616411'::bigint)");
	world_evaluate(&world);
	rig_expect(&world.rig, "SELECT count(*) FROM dora.pipeline_definitions", "1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pipelines_told");
	TCase *tests = tcase_create("pipelines_told");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, times_that_are_not_told, 0, G_N_ELEMENTS(told));
	tcase_add_test(tests, retries_that_were_never_seen_are_counted);
	tcase_add_test(tests, a_child_of_another_day_is_minutes_without_runs);
	tcase_add_test(tests, rows_behind_are_those_of_a_service);
	tcase_add_test(tests, rows_of_a_service_go_with_it);
	tcase_add_test(tests, a_new_definition_waits_for_who_refreshes);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
