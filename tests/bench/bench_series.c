/* From samples to published numbers, against percentile_cont in PostgreSQL; one dirty
 * week of short and long histories. Runs under tests/with_postgres. */
#include <math.h>
#include <string.h>

#include "tests/bench/bench_store.h"

#define DAY G_TIME_SPAN_DAY
#define NOW (G_GINT64_CONSTANT(1767225600) * G_USEC_PER_SEC) /* 2026-01-01 */
#define YEARS 5
#define N_INCIDENTS 10000

static char *configuration(guint n_services)
{
	GString *text = g_string_new(
		"sources:\n  git:\n"
		"    - { name: shop, url: \"https://git.example/shop\" }\n"
		"orgs: [ { name: acme, time_zone: UTC } ]\n"
		"teams: [ { name: red, org: acme, time_zone: UTC } ]\n"
		"services:\n");

	for (guint i = 0; i < n_services; i++)
		g_string_append_printf(text,
				       "  - { name: s%u, team: red, time_zone: UTC, "
				       "components: [ { repository: shop } ], "
				       "deployments: [ { from: tags } ] }\n",
				       i);
	return g_string_free(text, FALSE);
}

/* What became of its rollouts: of each ten one failed, and of each thousand one has not
 * recovered; one change a rollout; 10,000 incidents in five years. */
static void fill_states(struct database *db, const char *id)
{
	database_run(
		db,
		"INSERT INTO dorad.rollout_state SELECT deployment_id, service_id,"
		" environment, finished_at, 'normal', CASE WHEN deployment_id %% 10 = 0"
		" THEN 'failed' ELSE 'ok' END, finished_at + interval '72 hours',"
		" deployment_id %% 11 = 0, CASE WHEN deployment_id %% 10 = 0"
		" AND deployment_id %% 1000 > 0 THEN finished_at + interval '1 second'"
		" * (deployment_id %% 7919 * 20) END, NULL"
		" FROM dorad.rollout WHERE service_id = %s",
		id);
	database_run(
		db,
		"INSERT INTO dorad.shipped_change (service_id, environment, source_id,"
		" project, external_id, rollout_id, finished_at, repo_id, sha,"
		" coding_us, pickup_us, review_us, deploy_us, author)"
		" SELECT service_id, environment, 1, 'shop', deployment_id,"
		" deployment_id, finished_at, 1, int8send(deployment_id),"
		" abs(hashint8(deployment_id)), abs(hashint8(deployment_id + 1)),"
		" abs(hashint8(deployment_id + 2)), abs(hashint8(deployment_id + 3)),"
		" deployment_id %% 50 + 1 FROM dorad.rollout WHERE service_id = %s",
		id);
	database_run(db,
		     "INSERT INTO dorad.service_incident (service_id, environment,"
		     " source_id, project, external_id, started_at, restored_at)"
		     " SELECT %s, 'production', 1, 'shop', g, t, CASE WHEN g %% 100 > 0"
		     " THEN t + interval '1 second' * (g %% 7919 * 20) END"
		     " FROM generate_series(1, %d) g, LATERAL (SELECT to_timestamp(%lld)"
		     " - interval '1 hour' * (g * 4.38) AS t) x"
		     " WHERE t >= (SELECT min(finished_at) FROM dorad.rollout"
		     " WHERE service_id = %s)",
		     id, N_INCIDENTS, (long long)(NOW / G_USEC_PER_SEC), id);
}

/* Gives a service a past: n samples, one rollout for each ten of them. */
static void fill(struct database *db, guint service, guint years, guint n)
{
	g_autofree char *id = g_strdup_printf(
		"(SELECT scope_id FROM dorad.scope WHERE name = 's%u')", service);

	database_run(
		db,
		"CREATE TEMPORARY TABLE made AS SELECT g AS i, %s AS service_id,"
		" to_timestamp(%lld) - interval '1 day' * %u * (1 - g::float8 / %u) AS t"
		" FROM generate_series(0, %u) g",
		id, (long long)(NOW / G_USEC_PER_SEC), years * 365, n / 10, n / 10 - 1);
	database_run(db,
		     "INSERT INTO dorad.deployment (service_id, source_id, external_id,"
		     " attempt, environment, finished_at, outcome, first_seen_at)"
		     " SELECT service_id, 1, 'v' || i, 1, 'production', t, 'success', t"
		     " FROM made");
	database_run(db, "INSERT INTO dorad.rollout SELECT d.deployment_id, d.service_id,"
			 " 'production', d.finished_at, 'normal'"
			 " FROM dorad.deployment d JOIN made USING (service_id)"
			 " WHERE d.external_id = 'v' || made.i");
	database_run(
		db,
		"INSERT INTO dorad.shipped (rollout_id, finished_at, authored_at,"
		" committed_at, author, lead_us, service_id, repo_id, environment, sha)"
		" SELECT r.deployment_id, r.finished_at, r.finished_at, r.finished_at,"
		" hashint8(r.deployment_id * 10 + k) %% 50 + 60,"
		" abs(hashint8extended(r.deployment_id * 10 + k, 7) %% 604800000000),"
		" r.service_id, 1, r.environment, int8send(r.deployment_id * 10 + k)"
		" FROM dorad.rollout r CROSS JOIN generate_series(0, 9) k"
		" WHERE r.service_id = %s",
		id);
	database_run(db, "DROP TABLE made");
	fill_states(db, id);
	database_run(db, "VACUUM ANALYZE");
}

static double publish(struct database *db, guint service, gsize *n_rows)
{
	g_autofree char *name = g_strdup_printf("s%u", service);
	struct evaluate_result result;
	g_autoptr(GError) error = NULL;
	double start = bench_now();

	bench_need(db->bench,
		   evaluate_scope(db->store, &db->context, SCOPE_SERVICE, name, NOW,
				  &result, &error),
		   error, "evaluate_scope");
	*n_rows = result.n_rows;
	return bench_now() - start;
}

/* The same distributions, by one statement a grain. */
static double percentiles(struct database *db, guint service)
{
	static const char *const grains[] = { "day", "week", "month", "quarter" };
	double seconds = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(grains); i++)
		seconds += database_run(
			db,
			"SELECT date_trunc('%s', finished_at, 'UTC'), count(*),"
			" percentile_cont(ARRAY[0.5, 0.75, 0.9, 0.95])"
			" WITHIN GROUP (ORDER BY lead_us / 1e6::float8),"
			" sum(lead_us)::float8 / (count(*) * 1e6::float8),"
			" count(DISTINCT author)"
			" FROM dorad.shipped WHERE service_id ="
			" (SELECT scope_id FROM dorad.scope WHERE name = 's%u')"
			" AND environment = 'production' AND excluded IS NULL GROUP BY 1",
			grains[i], service);
	return seconds;
}

/* Samples in memory. */
struct made {
	struct rollout_sample *rollouts;
	struct lead_sample *leads;
	struct stage_sample *stages;
	struct span_sample *spans;
	guint64 random;
};

static guint64 next_random(struct made *made)
{
	made->random = made->random * 6364136223846793005u + 1442695040888963407u;
	return made->random >> 20;
}

static void make_leads(struct made *made, gint64 born, guint n)
{
	made->leads = g_new0(struct lead_sample, n);
	for (guint i = 0; i < n; i++) {
		made->leads[i].finished = born + (NOW - born) / n * i;
		made->leads[i].lead = (gint64)next_random(made) % (7 * DAY);
		made->leads[i].author = next_random(made) % 50 + 1;
		made->leads[i].by_rule = i % 20 == 0;
	}
}

static void make_rollouts(struct made *made, gint64 born, guint n)
{
	made->rollouts = g_new0(struct rollout_sample, n);
	made->stages = g_new0(struct stage_sample, n);
	for (guint i = 0; i < n; i++) {
		gint64 at = born + (NOW - born) / n * i;

		made->rollouts[i] = (struct rollout_sample){
			at, i ? made->rollouts[i - 1].finished : INSTANT_NONE,
			(enum change_state)(next_random(made) % N_CHANGE_STATES),
			i % 10 == 0
		};
		made->stages[i].finished = at;
		made->stages[i].author = next_random(made) % 50 + 1;
		for (guint j = 0; j < N_STAGES; j++)
			made->stages[i].spans[j] = (gint64)next_random(made) % DAY;
	}
}

/* The last hundredth is open. */
static void make_spans(struct made *made, gint64 born, guint n)
{
	made->spans = g_new0(struct span_sample, n);
	for (guint i = 0; i < n; i++) {
		gint64 at = born + (NOW - born) / n * i;

		made->spans[i] = (struct span_sample){
			MAX(born, at - (gint64)next_random(made) % (7 * DAY)),
			i < n / 100 * 99 ? at : INSTANT_NONE
		};
	}
}

/* Computing alone: n commits, a rollout and a change for each ten, and spans of either
 * kind. */
static double compute(guint n, guint n_spans, gsize *n_rows)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct series_row));
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("UTC", NULL);
	const gint64 born = NOW - YEARS * 365 * DAY;
	struct made made = { .random = 1 };
	struct series_input input = { .zone = zone,
				      .born = born,
				      .incidents_born = born,
				      .now = NOW,
				      .n_samples = n,
				      .n_rollouts = n / 10,
				      .n_stages = n / 10,
				      .n_recoveries = n_spans,
				      .n_restores = n_spans,
				      .minimum_authors = 3 };
	double start;

	make_leads(&made, born, n);
	make_rollouts(&made, born, n / 10);
	make_spans(&made, born, n_spans);
	input.samples = made.leads;
	input.rollouts = made.rollouts;
	input.stages = made.stages;
	input.recoveries = input.restores = made.spans;
	start = bench_now();
	series_buckets(&input, zone_local_day(zone, born), zone_local_day(zone, NOW) + 1,
		       rows);
	start = bench_now() - start;
	*n_rows = rows->len;
	g_free(made.leads);
	g_free(made.rollouts);
	g_free(made.stages);
	g_free(made.spans);
	return start;
}

static double week(struct database *db, guint service)
{
	double seconds[5];
	gsize n_rows;

	for (gsize i = 0; i < G_N_ELEMENTS(seconds); i++) {
		database_run(
			db,
			"INSERT INTO dorad.dirty SELECT scope_id, d FROM dorad.scope,"
			" generate_series(%d, %d) d WHERE name = 's%u'",
			(int)(NOW / DAY) - 107, (int)(NOW / DAY) - 101, service);
		seconds[i] = publish(db, service, &n_rows);
	}
	return bench_median(seconds, G_N_ELEMENTS(seconds));
}

int main(void)
{
	struct bench bench;
	struct database db;
	gsize n_rows;

	bench_begin(&bench, "series");
	const guint n = bench.full ? 10000000 : 500000;
	g_autofree char *text = configuration(2);
	database_begin(&db, &bench, text);
	fill(&db, 0, YEARS, n);
	fill(&db, 1, 1, n / YEARS);
	bench_heading("Full recompute: %u samples, %u years, all grains (other: "
		      "percentile_cont ... GROUP BY in PostgreSQL)",
		      n, YEARS);
	const double whole = publish(&db, 0, &n_rows);
	const double sql = percentiles(&db, 0);
	bench_print(&bench, &(struct bench_row){ "read, compute, publish", whole, sql,
						 "s", BENCH_AT_MOST, 1 });
	bench_note("%zu rows published", n_rows);
	bench_print(&bench, &(struct bench_row){ "computing alone",
						 compute(n, N_INCIDENTS, &n_rows), sql,
						 "s", BENCH_FASTER, 3 });
	bench_print(&bench,
		    &(struct bench_row){ "what is open each day, of 10,000 (other: "
					 "of 1,000)",
					 compute(0, N_INCIDENTS, &n_rows),
					 compute(0, N_INCIDENTS / 10, &n_rows), "s",
					 BENCH_AT_MOST, 5 });
	publish(&db, 1, &n_rows);
	bench_heading("One dirty week (other: of a service of 1 year, as busy)");
	bench_print(&bench, &(struct bench_row){ "a service of 5 years", week(&db, 0),
						 week(&db, 1), "s", BENCH_AT_MOST, 1.2 });
	database_end(&db);
	return bench_end(&bench);
}
