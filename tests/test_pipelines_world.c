#include "tests/pipelines_fixture.h"

/* Random worlds of runs and jobs that are told, told late, corrected and told again:
 * after each poll what is published equals what a statement of another make finds in the
 * items, and in the end what is made anew from nothing. */

#define N_RUNS 40
#define N_POLLS 12
#define START (NOW - 40 * G_TIME_SPAN_DAY) /* before the clocks of New York change */

static const char *const services =
	"  - { name: cart, team: red, time_zone: America/New_York,"
	" components: [{ repository: shop }], deployments: [{ from: tags }],"
	" pipelines: [{ source: hub, project: acme/shop, workflows: ['w[0-2]'],"
	" branches: [main, 'release/*'] }] }\n"
	"  - { name: pay, team: red, time_zone: Asia/Kathmandu,"
	" components: [{ repository: shop }], deployments: [{ from: tags }],"
	" pipelines: [{ source: hub, project: '*' }] }\n";

/* Straight from what was told. A job that is listed again counts for the attempt that
 * listed it first. */
static const char *const independent =
	"WITH job AS (SELECT source, project, run, min(attempt) AS attempt, name,"
	" duration_seconds AS s, started_at AS b, finished_at AS e,"
	" bool_or(queue_seconds <> 0) AS told FROM dora.pipeline_jobs"
	" WHERE duration_seconds > 0"
	" AND outcome <> 'skipped' GROUP BY source, project, run, name, started_at,"
	" finished_at, duration_seconds),"
	" minutes AS (SELECT project, run, attempt, sum(s) AS s, min(b) AS b, max(e) AS"
	" e, (array_agg(told ORDER BY b, told DESC))[1] AS told"
	" FROM job GROUP BY 1, 2, 3),"
	" seen AS (SELECT r.*, m.s AS jobs, m.b, m.e, m.told,"
	" r.parent_run IS NOT NULL AS child, m.s IS NOT NULL AND (r.started_at IS NULL"
	" OR r.queue_seconds = 0 OR coalesce(r.finished_at = r.updated_at, false))"
	" AS vague, attempt - greatest(1, max(attempt) OVER (PARTITION BY project, run"
	" ORDER BY attempt ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS again"
	" FROM dora.pipeline_runs r LEFT JOIN minutes m USING (project, run, attempt)"
	" WHERE r.final AND r.finished_at IS NOT NULL),"
	" run AS (SELECT project, run, attempt, workflow, ref, outcome, jobs, child,"
	" again, CASE WHEN vague THEN e ELSE finished_at END AS finished_at,"
	" CASE WHEN vague THEN extract(epoch FROM e - b) ELSE duration_seconds END"
	" ::double precision AS duration_seconds, CASE WHEN queue_seconds > 0 THEN"
	" queue_seconds WHEN told THEN extract(epoch FROM b - created_at) END"
	" ::double precision AS queue_seconds FROM seen),"
	" mine AS (SELECT 'cart' AS service, 'America/New_York' AS zone, run.* FROM run"
	" WHERE project = 'acme/shop' AND workflow IN ('w0', 'w1', 'w2')"
	" AND (ref = 'main' OR ref ~ '^(refs/heads/)?release/')"
	" UNION ALL SELECT 'pay', 'Asia/Kathmandu', run.* FROM run),"
	" cut AS (SELECT service, g.grain, date_trunc(g.grain, finished_at AT TIME ZONE"
	" zone) AT TIME ZONE zone AS bucket, CASE WHEN w.one THEN workflow END AS "
	"workflow,"
	" outcome, attempt, again, child, jobs,"
	" CASE WHEN NOT child AND outcome <> 'skipped' AND duration_seconds > 0"
	" THEN duration_seconds END AS took,"
	" CASE WHEN NOT child AND outcome <> 'skipped' AND attempt = 1"
	" AND queue_seconds > 0 THEN queue_seconds END AS waited"
	" FROM mine CROSS JOIN (VALUES ('day'), ('week'), ('month'), ('quarter')) g "
	"(grain)"
	" CROSS JOIN (VALUES (true), (false)) w (one))"
	" SELECT service, grain, bucket, workflow, count(*) FILTER (WHERE NOT child),"
	" count(*) FILTER (WHERE NOT child AND outcome = 'success'),"
	" count(*) FILTER (WHERE NOT child AND outcome = 'failure'),"
	" coalesce(sum(again) FILTER (WHERE NOT child), 0)::bigint,"
	" count(took), count(waited),"
	" round(percentile_cont(0.5) WITHIN GROUP (ORDER BY took)::numeric, 3),"
	" round(percentile_cont(0.95) WITHIN GROUP (ORDER BY took)::numeric, 3),"
	" round(avg(took)::numeric, 3),"
	" round(percentile_cont(0.9) WITHIN GROUP (ORDER BY waited)::numeric, 3),"
	" count(coalesce(jobs, took)), round(sum(coalesce(jobs, took))::numeric / 60, 3),"
	" round(sum(coalesce(jobs, took))::numeric / 60 / 60 * 20 / 1000, 3),"
	" CASE WHEN count(coalesce(jobs, took)) = 0 THEN NULL"
	" WHEN count(jobs) = 0 THEN 'runs'"
	" WHEN count(jobs) = count(coalesce(jobs, took)) THEN 'jobs' ELSE 'both' END"
	" FROM cut GROUP BY 1, 2, 3, 4";

static const char *const published =
	"SELECT service, grain, bucket_start, workflow, runs, succeeded, failed, retries,"
	" duration_n, queue_n, round(duration_p50::numeric, 3),"
	" round(duration_p95::numeric, 3), round(duration_mean::numeric, 3),"
	" round(queue_p90::numeric, 3), compute_n, round(compute_minutes::numeric, 3),"
	" round(energy_kwh::numeric, 3), compute_from FROM dora.pipeline_series";

static struct world world;

static void set_up(void)
{
	world_init(&world);
	world_use(&world, "", services);
}

static void tear_down(void)
{
	world_clear(&world);
}

/* ---- worlds ---- */

static const enum outcome outcomes[] = { OUTCOME_SUCCESS,   OUTCOME_SUCCESS,
					 OUTCOME_SUCCESS,   OUTCOME_FAILURE,
					 OUTCOME_CANCELLED, OUTCOME_SKIPPED,
					 OUTCOME_RUNNING };
static const char *const refs[] = { "main", "dev", "release/1", "refs/heads/release/2" };

#define ANY(list) (list)[g_rand_int_range(rand, 0, G_N_ELEMENTS(list))]

static bool one_in(GRand *rand, gint32 n)
{
	return g_rand_int_range(rand, 0, n) == 0;
}

static gint64 seconds(GRand *rand, gint32 from, gint32 to)
{
	return g_rand_int_range(rand, from, to) * G_TIME_SPAN_SECOND;
}

/* Jobs of an attempt; one of a second attempt may be listed as it was in the first. */
static void add_jobs(GRand *rand, GPtrArray *items, const struct item *run, guint number)
{
	for (gint32 k = g_rand_int_range(rand, 0, 4); k > 0; k--) {
		g_autofree char *id = g_strdup_printf("%s.%d.%d", run->id,
						      (int)run->attempt, k);
		struct item *job = rig_item(ITEM_JOB, run->project, id);
		bool again = one_in(rand, 3);

		job->parent = g_strdup(run->id);
		job->attempt = run->attempt;
		job->name = g_strdup_printf("job %d", k);
		job->created = START;
		job->started = START + (again ? number * HOUR : seconds(rand, 0, 99999));
		job->finished = job->started +
				(again ? k * MINUTE : seconds(rand, -60, 3600));
		job->outcome = ANY(outcomes);
		job->done = true;
		g_ptr_array_add(items, job);
	}
}

static void add_run(GRand *rand, GPtrArray *items)
{
	guint number = (guint)g_rand_int_range(rand, 0, N_RUNS);
	gint64 attempt = one_in(rand, 3) ? 2 : 1;
	struct item *run = rig_item(ITEM_RUN, number % 4 ? "acme/shop" : "acme/pay", "");

	g_free(run->id);
	run->id = g_strdup_printf("%u", number);
	run->attempt = attempt;
	run->workflow = g_strdup_printf("w%d", g_rand_int_range(rand, 0, 4));
	run->ref = g_strdup(ANY(refs));
	run->parent = number % 7 == 1 ? g_strdup("0") : NULL;
	run->created = START + seconds(rand, 0, 45 * 86400);
	run->started = one_in(rand, 9) ? INSTANT_NONE
				       : run->created + seconds(rand, -30, 600);
	run->outcome = ANY(outcomes);
	run->done = run->outcome != OUTCOME_RUNNING;
	if (run->done || one_in(rand, 2))
		run->finished = run->created + seconds(rand, 0, 7200);
	if (one_in(rand, 4))
		run->started = run->created;
	if (one_in(rand, 3))
		run->updated = run->finished;
	g_ptr_array_add(items, run);
	if (number % 3)
		add_jobs(rand, items, run, number);
}

/* ---- comparing ---- */

static void compare(guint seed, guint poll)
{
	g_autofree char *sql = g_strdup_printf(
		"WITH mine AS (%s), theirs AS (%s) SELECT count(*) || ' ' || coalesce("
		"min(side || x::text), '') FROM ((SELECT 'published: ' AS side, x FROM"
		" (SELECT * FROM mine EXCEPT SELECT * FROM theirs) x) UNION ALL"
		" (SELECT 'missing: ', x FROM"
		" (SELECT * FROM theirs EXCEPT SELECT * FROM mine) x)) d (side, x)",
		published, independent);
	g_autofree char *found = rig_ask(&world.rig, sql);

	ck_assert_msg(strcmp(found, "0 ") == 0, "seed %u, poll %u: %s", seed, poll,
		      found);
}

START_TEST(a_random_world)
{
	const guint seed = (guint)_i + 1;
	GRand *rand = g_rand_new_with_seed(seed);
	g_autofree char *was = NULL, *is = NULL;

	for (guint poll = 0; poll < N_POLLS; poll++) {
		GPtrArray *items = items_new();

		for (gint32 n = g_rand_int_range(rand, 1, 12); n > 0; n--)
			add_run(rand, items);
		world_poll(&world, items);
		if (one_in(rand, 3))
			continue; /* two polls before one evaluation */
		world_evaluate(&world);
		compare(seed, poll);
	}
	world_evaluate(&world);
	compare(seed, N_POLLS);
	was = world_rows(&world);
	ck_assert_uint_gt(strlen(was), 1000);
	/* rows of other numbers, of which nothing says that they are wrong */
	rig_run(&world.rig, "TRUNCATE dorad.pipeline_run, dorad.pipeline_state,"
			    " dorad.pipeline_use; UPDATE dorad.pipeline_series SET"
			    " runs = 77; INSERT INTO dorad.pipeline_due"
			    " (source_id, project, run) SELECT source_id, project,"
			    " external_id FROM dorad.item WHERE kind = 'run'");
	world_evaluate(&world);
	is = world_rows(&world);
	ck_assert_str_eq(is, was);
	g_rand_free(rand);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pipelines_world");
	TCase *tests = tcase_create("pipelines_world");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_random_world, 0, 12);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
