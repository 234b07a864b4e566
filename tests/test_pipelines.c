#include "tests/pipelines_fixture.h"

/* What pipelines do and cost, from items to published buckets, with numbers made by hand.
 */

#define SERVICE(name, zone, pipelines)                                                   \
	"  - { name: " name ", team: red, time_zone: " zone                              \
	", components: [{ repository: shop }], deployments: [{ from: tags }], "          \
	"pipelines: [" pipelines "] }\n"
#define SHOP "{ source: hub, project: acme/shop }"
#define CART SERVICE("cart", "UTC", SHOP)

static struct world world;

static void set_up(void)
{
	world_init(&world);
}

static void tear_down(void)
{
	world_clear(&world);
}

/* Ten minutes from 10:00 on a day of March 2026, ended as it is told. */
static struct item *short_run(GPtrArray *items, const char *id, const char *workflow,
			      int day, enum outcome outcome)
{
	g_autofree char *created = g_strdup_printf("2026-03-%02dT09:59:00Z", day);
	g_autofree char *started = g_strdup_printf("2026-03-%02dT10:00:00Z", day);
	g_autofree char *finished = g_strdup_printf("2026-03-%02dT10:10:00Z", day);

	return run_add(items, id, workflow, created, started, finished, outcome);
}

START_TEST(a_day_counted_by_hand)
{
	GPtrArray *items = items_new();

	world_use(&world, "ci_cost: { watts: 60, cost_per_minute: 0.008 }\n", CART);
	run_add(items, "1", "CI", "2026-03-03T10:00:00Z", "2026-03-03T10:00:30Z",
		"2026-03-03T10:10:30Z", OUTCOME_SUCCESS); /* 10 min, queued 30 s */
	run_add(items, "2", "CI", "2026-03-03T11:00:00Z", "2026-03-03T11:01:30Z",
		"2026-03-03T11:21:30Z", OUTCOME_FAILURE); /* 20 min, queued 90 s */
	run_add(items, "3", "CI", "2026-03-03T12:00:00Z", "2026-03-03T12:00:00Z",
		"2026-03-03T12:40:00Z",
		OUTCOME_SUCCESS); /* 40 min, nobody knows from when */
	run_add(items, "4", "CI", "2026-03-03T13:00:00Z", "2026-03-03T13:00:10Z",
		"2026-03-03T13:30:10Z", OUTCOME_CANCELLED); /* 30 min */
	run_add(items, "5", "CI", "2026-03-03T14:00:00Z", NULL, "2026-03-03T14:00:01Z",
		OUTCOME_SKIPPED);
	run_add(items, "6", "CI", "2026-03-03T15:00:00Z", "2026-03-03T15:00:00Z", NULL,
		OUTCOME_RUNNING);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT runs, succeeded, failed, cancelled, skipped, retries,"
		     " round(success_rate::numeric, 6), duration_n, duration_excluded,"
		     " duration_p50, duration_p75, duration_p90, duration_p95,"
		     " duration_mean, queue_n, queue_p50, round(queue_p90::numeric, 6),"
		     " compute_n, compute_minutes, compute_from, watts, energy_kwh,"
		     " cost_per_minute, cost FROM dora.pipeline_series"
		     " WHERE grain = 'day' AND workflow IS NULL",
		     "5|2|1|1|1|0|0.666667|4|0|1500|1950|2220|2310|1500|3|30|78.000000|4"
		     "|100|runs|60|0.1|0.008|0.8");
	world_expect(&world,
		     "SELECT grain, workflow, runs, bucket_start AT TIME ZONE 'UTC'"
		     " FROM dora.pipeline_series ORDER BY bucket_start, grain, workflow",
		     "quarter|CI|5|2026-01-01 00:00:00; quarter|-|5|2026-01-01 00:00:00;"
		     " month|CI|5|2026-03-01 00:00:00; month|-|5|2026-03-01 00:00:00;"
		     " week|CI|5|2026-03-02 00:00:00; week|-|5|2026-03-02 00:00:00;"
		     " day|CI|5|2026-03-03 00:00:00; day|-|5|2026-03-03 00:00:00");
}
END_TEST

START_TEST(minutes_are_those_of_jobs)
{
	GPtrArray *items = items_new();
	struct item *item;

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	job_add(items, "1", "11", "2026-03-03T10:00:00Z", "2026-03-03T10:08:00Z");
	job_add(items, "1", "12", "2026-03-03T10:00:00Z", "2026-03-03T10:09:00Z");
	job_add(items, "1", "13", "2026-03-03T10:09:00Z", "2026-03-03T10:09:00Z");
	world_poll(&world, items);
	world_evaluate(&world);
#define MINUTES                                                                          \
	"SELECT runs, retries, compute_n, compute_minutes, compute_from FROM"            \
	" dora.pipeline_series WHERE grain = 'day' AND workflow IS NULL"
	world_expect(&world, MINUTES, "1|0|1|17|jobs");
	world_expect(&world,
		     "SELECT run, compute_minutes, compute_from, n_jobs"
		     " FROM dora.pipeline_run_costs",
		     "1|17|jobs|2");

	/* the run of another workflow, whose jobs nobody asked for */
	items = items_new();
	short_run(items, "2", "Lint", 3, OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, MINUTES, "2|0|2|27|both");

	/* a second attempt: one job again, the other as it was */
	items = items_new();
	item = short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	item->attempt = 2;
	item = job_add(items, "1", "21", "2026-03-03T10:00:00Z", "2026-03-03T10:08:00Z");
	item->attempt = 2;
	g_free(item->name);
	item->name = g_strdup("11");
	job_add(items, "1", "22", "2026-03-03T10:00:00Z", "2026-03-03T10:04:00Z")
		->attempt = 2;
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, MINUTES, "3|1|3|31|both");
	world_expect(&world,
		     "SELECT run, attempt, compute_minutes, queue_seconds"
		     " FROM dora.pipeline_run_costs ORDER BY 1, 2",
		     "1|1|17|60; 1|2|4|-; 2|1|10|60");

	/* a job that is told late */
	items = items_new();
	job_add(items, "2", "31", "2026-03-03T10:00:00Z", "2026-03-03T10:01:00Z");
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, MINUTES, "3|1|3|22|jobs");
}
END_TEST

START_TEST(of_a_child_its_jobs_count)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	short_run(items, "2", "CI", 3, OUTCOME_FAILURE)->parent = g_strdup("1");
	short_run(items, "3", "CI", 3, OUTCOME_FAILURE)->event = g_strdup(
		"parent_pipeline");
	job_add(items, "2", "21", "2026-03-03T10:00:00Z", "2026-03-03T10:05:00Z");
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT runs, succeeded, failed, duration_n, duration_excluded,"
		     " queue_n, compute_n, compute_minutes, compute_from FROM"
		     " dora.pipeline_series WHERE grain = 'day' AND workflow IS NULL",
		     "1|1|0|1|0|1|2|15|both");
}
END_TEST

/* A pipeline has workflows, and those have jobs; elsewhere ids are numbers, and a run may
 * be called like a job. */
START_TEST(a_job_that_has_jobs_is_not_counted_twice)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "p", "CI", 3, OUTCOME_SUCCESS);
	job_add(items, "p", "w", "2026-03-03T10:00:00Z", "2026-03-03T10:10:00Z");
	job_add(items, "w", "j1", "2026-03-03T10:00:00Z", "2026-03-03T10:03:00Z");
	short_run(items, "7", "CI", 4, OUTCOME_SUCCESS);
	short_run(items, "8", "CI", 4, OUTCOME_SUCCESS);
	job_add(items, "7", "8", "2026-03-04T10:00:00Z", "2026-03-04T10:06:00Z");
	job_add(items, "8", "9", "2026-03-04T10:00:00Z", "2026-03-04T10:01:00Z");
	world_poll(&world, items);
	world_evaluate(&world);
#define BY_RUN                                                                           \
	"SELECT run, compute_minutes, n_jobs FROM dora.pipeline_run_costs ORDER BY run"
	world_expect(&world, BY_RUN, "7|6|1; 8|1|1; p|3|1");
	items = items_new();
	job_add(items, "w", "j2", "2026-03-03T10:03:00Z", "2026-03-03T10:05:00Z");
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, BY_RUN, "7|6|1; 8|1|1; p|5|2");
}
END_TEST

START_TEST(times_that_cannot_be_are_left_out)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	run_add(items, "2", "CI", "2026-03-03T10:00:00Z", "2026-03-03T10:00:00Z",
		"2026-03-03T10:00:00Z", OUTCOME_SUCCESS);
	run_add(items, "3", "CI", "2026-03-03T10:05:00Z", "2026-03-03T10:02:00Z",
		"2026-03-03T10:01:00Z", OUTCOME_FAILURE);
	run_add(items, "4", "CI", "2026-03-03T10:00:00Z", NULL, "2026-03-03T10:01:00Z",
		OUTCOME_FAILURE);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT runs, duration_n, duration_excluded, duration_p50, queue_n,"
		     " queue_p50, compute_n, success_rate FROM dora.pipeline_series"
		     " WHERE grain = 'day' AND workflow IS NULL",
		     "4|1|3|600|1|60|1|0.5");
}
END_TEST

/* Berlin: 29 March 2026 has 23 hours. Kathmandu is 5:45 ahead of UTC. */
START_TEST(buckets_are_cut_in_the_zone_of_the_service)
{
	GPtrArray *items = items_new();

	world_use(&world, "",
		  SERVICE("cart", "Europe/Berlin", SHOP)
			  SERVICE("pay", "Asia/Kathmandu", SHOP));
	run_add(items, "1", "CI", NULL, NULL, "2026-03-28T22:59:59Z", OUTCOME_SUCCESS);
	run_add(items, "2", "CI", NULL, NULL, "2026-03-28T23:00:00Z", OUTCOME_SUCCESS);
	run_add(items, "3", "CI", NULL, NULL, "2026-03-29T21:59:59Z", OUTCOME_SUCCESS);
	run_add(items, "4", "CI", NULL, NULL, "2026-03-29T22:00:00Z", OUTCOME_SUCCESS);
	run_add(items, "5", "CI", NULL, NULL, "2026-03-31T22:00:00Z", OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
#define DAYS(service)                                                                    \
	"SELECT bucket_start AT TIME ZONE 'UTC', bucket_end AT TIME ZONE 'UTC', runs"    \
	" FROM dora.pipeline_series WHERE grain = 'day' AND workflow IS NULL"            \
	" AND service = '" service "' ORDER BY 1"
	world_expect(&world, DAYS("cart"),
		     "2026-03-27 23:00:00|2026-03-28 23:00:00|1;"
		     " 2026-03-28 23:00:00|2026-03-29 22:00:00|2;"
		     " 2026-03-29 22:00:00|2026-03-30 22:00:00|1;"
		     " 2026-03-31 22:00:00|2026-04-01 22:00:00|1");
	world_expect(&world, DAYS("pay"),
		     "2026-03-28 18:15:00|2026-03-29 18:15:00|2;"
		     " 2026-03-29 18:15:00|2026-03-30 18:15:00|2;"
		     " 2026-03-31 18:15:00|2026-04-01 18:15:00|1");
	world_expect(&world,
		     "SELECT grain, bucket_start AT TIME ZONE 'Europe/Berlin', runs FROM"
		     " dora.pipeline_series WHERE grain <> 'day' AND workflow IS NULL"
		     " AND service = 'cart' ORDER BY grain, bucket_start",
		     "month|2026-03-01 00:00:00|4; month|2026-04-01 00:00:00|1;"
		     " quarter|2026-01-01 00:00:00|4; quarter|2026-04-01 00:00:00|1;"
		     " week|2026-03-23 00:00:00|3; week|2026-03-30 00:00:00|2");
}
END_TEST

START_TEST(a_corrected_run_leaves_its_bucket)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	short_run(items, "2", "CI", 10, OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
#define CI_DAYS                                                                          \
	"SELECT bucket_start AT TIME ZONE 'UTC', runs, succeeded FROM"                   \
	" dora.pipeline_series WHERE grain = 'day' AND workflow = 'CI' ORDER BY 1"
	world_expect(&world, CI_DAYS, "2026-03-03 00:00:00|1|1; 2026-03-10 00:00:00|1|1");

	items = items_new();
	short_run(items, "1", "CI", 10, OUTCOME_FAILURE);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, CI_DAYS, "2026-03-10 00:00:00|2|1");

	/* it turns out to run still */
	items = items_new();
	short_run(items, "2", "CI", 10, OUTCOME_RUNNING);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, CI_DAYS, "2026-03-10 00:00:00|1|0");

	/* renamed */
	items = items_new();
	short_run(items, "1", "Test", 10, OUTCOME_FAILURE);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world, CI_DAYS, "");
}
END_TEST

START_TEST(only_what_changed_is_written)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	for (int day = 1; day <= 28; day++) {
		g_autofree char *id = g_strdup_printf("%d", day);

		short_run(items, id, "CI", day, OUTCOME_SUCCESS);
	}
	world_poll(&world, items);
	/* 28 days, 5 weeks, a month and a quarter; each with its one workflow */
	ck_assert_uint_eq(world_evaluate(&world), 2 * (28 + 5 + 1 + 1));
	ck_assert_uint_eq(world_evaluate(&world), 0);
	items = items_new();
	short_run(items, "28", "CI", 28, OUTCOME_FAILURE);
	world_poll(&world, items);
	ck_assert_uint_eq(world_evaluate(&world), 2 * (1 + 1 + 1 + 1));

	/* told again as it was: nothing is due */
	items = items_new();
	short_run(items, "28", "CI", 28, OUTCOME_FAILURE);
	world_poll(&world, items);
	rig_expect(&world.rig, "SELECT count(*) FROM dorad.pipeline_due", "0");
	ck_assert_uint_eq(world_evaluate(&world), 0);

	/* changed in what does not count: seen, and nothing marked */
	items = items_new();
	short_run(items, "28", "CI", 28, OUTCOME_FAILURE)->url = g_strdup("https://x");
	world_poll(&world, items);
	rig_expect(&world.rig, "SELECT count(*) FROM dorad.pipeline_due", "1");
	ck_assert_uint_eq(world_evaluate(&world), 0);
	rig_expect(&world.rig,
		   "SELECT (SELECT count(*) FROM dorad.pipeline_due)"
		   " + (SELECT count(*) FROM dorad.pipeline_dirty)",
		   "0");
}
END_TEST

START_TEST(a_run_is_told_of_before_it_is_over)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_RUNNING);
	world_poll(&world, items);
	world_evaluate(&world);
	rig_expect(&world.rig, "SELECT count(*) FROM dora.pipeline_series", "0");
	rig_expect(&world.rig, "SELECT count(*) FROM dora.pipeline_definitions", "1");
}
END_TEST

/* ---- which runs ---- */

static const struct {
	const char *what, *pipelines, *runs;
} choices[] = {
	{ "a project", SHOP, "1 2 3 4" },
	{ "another project", "{ source: hub, project: acme/pay }", "5" },
	{ "any project", "{ source: hub, project: '*' }", "1 2 3 4 5" },
	{ "one workflow by its whole name",
	  "{ source: hub, project: acme/shop, workflows: [CI] }", "1 3" },
	{ "workflows by a pattern", "{ source: hub, project: '*', workflows: ['CI.*'] }",
	  "1 2 3 5" },
	{ "a branch", "{ source: hub, project: acme/shop, branches: [main] }", "1 2" },
	{ "branches by a pattern, in which _ and % are themselves",
	  "{ source: hub, project: acme/shop, branches: ['a_?%*'] }", "3" },
	{ "either of two, a run of both once",
	  SHOP ", { source: hub, project: '*', workflows: [CI] }", "1 2 3 4 5" },
};

START_TEST(runs_are_chosen)
{
	g_autofree char *services = g_strdup_printf(SERVICE("cart", "UTC", "%s"),
						    choices[_i].pipelines);
	g_auto(GStrv) wanted = g_strsplit(choices[_i].runs, " ", 0);
	g_autofree char *number = g_strdup_printf("%u", g_strv_length(wanted));
	GPtrArray *items = items_new();
	struct item *item;

	world_use(&world, "", services);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	short_run(items, "2", "CI nightly", 3, OUTCOME_SUCCESS);
	item = short_run(items, "3", "CI", 3, OUTCOME_SUCCESS);
	g_free(item->ref);
	item->ref = g_strdup("a_b%c");
	item = short_run(items, "4", "Deploy", 3, OUTCOME_SUCCESS);
	g_free(item->ref);
	item->ref = g_strdup("axbyc");
	item = short_run(items, "5", "CI", 3, OUTCOME_SUCCESS);
	g_free(item->project);
	item->project = g_strdup("acme/pay");
	world_poll(&world, items);
	world_evaluate(&world);
	ck_assert_msg(choices[_i].what != NULL, "a row has a name");
	rig_expect(&world.rig,
		   "SELECT sum(runs) FROM dora.pipeline_series"
		   " WHERE grain = 'month' AND workflow IS NULL",
		   number);
}
END_TEST

START_TEST(without_pipelines_those_of_the_rules)
{
	GPtrArray *items = items_new();

	world_use(
		&world, "",
		"  - { name: cart, team: red, components: [{ repository: shop }],"
		" deployments: [{ from: jobs, source: hub, project: acme/shop,"
		" jobs: [deploy] }, { from: runs, source: hub, project: acme/shop }] }\n"
		"  - { name: pay, team: red, components: [{ repository: shop }],"
		" deployments: [{ from: tags }] }\n");
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
	world_expect(&world,
		     "SELECT service, runs, watts, energy_kwh, cost FROM"
		     " dora.pipeline_series WHERE grain = 'day'"
		     " AND workflow IS NULL",
		     "cart|1|20|0.003333333333333333|-");
}
END_TEST

START_TEST(another_configuration_makes_all_anew)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	short_run(items, "2", "CI", 20, OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
#define COST                                                                             \
	"SELECT bucket_start AT TIME ZONE 'UTC', watts, energy_kwh, cost,"               \
	" definition_version FROM dora.pipeline_series"                                  \
	" WHERE grain = 'day' AND workflow IS NULL ORDER BY 1"
	world_use(&world, "ci_cost: { watts: 0, cost_per_minute: 2 }\n", CART);
	world_evaluate(&world);
	world_expect(&world, COST,
		     "2026-03-03 00:00:00|-|-|20|2; 2026-03-20 00:00:00|-|-|20|2");
	world_use(&world, "ci_cost: { watts: 6 }\n", SERVICE("cart", "Asia/Tokyo", SHOP));
	world_evaluate(&world);
	world_expect(&world, COST,
		     "2026-03-02 15:00:00|6|0.001|-|3; 2026-03-19 15:00:00|6|0.001|-|3");
	rig_expect(&world.rig, "SELECT count(*) FROM dora.pipeline_series", "12");

	/* out of the configuration, and back, while a run was corrected */
	world_use(&world, "", SERVICE("pay", "UTC", SHOP));
	items = items_new();
	short_run(items, "2", "CI", 21, OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
	world_use(&world, "ci_cost: { watts: 6 }\n", SERVICE("cart", "Asia/Tokyo", SHOP));
	world_evaluate(&world);
	world_expect(&world, COST,
		     "2026-03-02 15:00:00|6|0.001|-|3; 2026-03-20 15:00:00|6|0.001|-|3");
}
END_TEST

START_TEST(complete_once_its_sources_were_read)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 31, OUTCOME_SUCCESS);
	world_poll(&world, items);
	world_evaluate(&world);
#define COMPLETE                                                                         \
	"SELECT grain, complete FROM dora.pipeline_series WHERE workflow IS NULL"        \
	" ORDER BY grain"
	world_expect(&world, COMPLETE, "day|t; month|t; quarter|t; week|f");
	items = items_new();
	short_run(items, "1", "CI", 31, OUTCOME_FAILURE);
	world_poll(&world, items);
	world_expect(&world, COMPLETE, "day|f; month|f; quarter|f; week|f");
}
END_TEST

/* An old database has items that nobody has looked at as runs. */
START_TEST(what_was_read_before_is_counted)
{
	GPtrArray *items = items_new();

	world_use(&world, "", CART);
	short_run(items, "1", "CI", 3, OUTCOME_SUCCESS);
	world_poll(&world, items);
	rig_run(&world.rig, "DELETE FROM dorad.pipeline_due");
	rig_run(&world.rig, "INSERT INTO dorad.pipeline_due (source_id, project, run)"
			    " SELECT DISTINCT source_id, project, external_id"
			    " FROM dorad.item WHERE kind = 'run'");
	world_evaluate(&world);
	world_expect(&world, CI_DAYS, "2026-03-03 00:00:00|1|1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pipelines");
	TCase *tests = tcase_create("pipelines");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_day_counted_by_hand);
	tcase_add_test(tests, minutes_are_those_of_jobs);
	tcase_add_test(tests, of_a_child_its_jobs_count);
	tcase_add_test(tests, a_job_that_has_jobs_is_not_counted_twice);
	tcase_add_test(tests, times_that_cannot_be_are_left_out);
	tcase_add_test(tests, buckets_are_cut_in_the_zone_of_the_service);
	tcase_add_test(tests, a_corrected_run_leaves_its_bucket);
	tcase_add_test(tests, only_what_changed_is_written);
	tcase_add_test(tests, a_run_is_told_of_before_it_is_over);
	tcase_add_loop_test(tests, runs_are_chosen, 0, G_N_ELEMENTS(choices));
	tcase_add_test(tests, without_pipelines_those_of_the_rules);
	tcase_add_test(tests, another_configuration_makes_all_anew);
	tcase_add_test(tests, complete_once_its_sources_were_read);
	tcase_add_test(tests, what_was_read_before_is_counted);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
