/* The questions that BI tools ask of many services and years of published numbers. Runs
 * under tests/with_postgres. */
#include "tests/bench/bench_store.h"

#define ASKED 100 /* times a question is asked */
#define LIMIT 0.020
#define YEARS 5

static char *configuration(guint n_services)
{
	GString *text = g_string_new(
		"sources:\n  git:\n"
		"    - { name: shop, url: \"https://git.example/shop\" }\n"
		"orgs: [ { name: acme, time_zone: UTC } ]\n"
		"teams: [ { name: red, org: acme, time_zone: UTC },"
		" { name: blue, org: acme, time_zone: UTC } ]\n"
		"kpis:\n"
		"  - { name: often, dora: { metric: deployment_frequency, org: acme } }\n"
		"  - { name: restore, dora: { metric: time_to_restore, org: acme } }\n"
		"north_star: { vision: faster, metric: change_lead_time, org: acme,"
		" target: 1d, supporting: [often, restore] }\n"
		"guardrails:\n"
		"  - { name: rate, metric: change_fail_rate, org: acme, at_most: 15% }\n"
		"services:\n");

	for (guint i = 0; i < n_services; i++)
		g_string_append_printf(text,
				       "  - { name: s%u, team: %s, time_zone: UTC, "
				       "components: [ { repository: shop } ], "
				       "deployments: [ { from: tags } ] }\n",
				       i, i % 10 ? "red" : "blue");
	return g_string_free(text, FALSE);
}

#define METRICS                                                                          \
	"unnest(ARRAY['deployment_frequency', 'change_lead_time', 'change_fail_rate',"   \
	" 'failed_deployment_recovery_time', 'deployment_rework_rate',"                  \
	" 'time_to_restore'])"

/* Every scope has every metric in every bucket. They lie side by side in the table, as
 * the daemon writes them: a page has all of a bucket, and not one metric of many. */
static void fill(struct database *db)
{
	database_run(db, "INSERT INTO dorad.definition (scope_id, fingerprint, content)"
			 " SELECT scope_id, 'bench', '{}' FROM dorad.scope"
			 " ON CONFLICT DO NOTHING");
	database_run(db, "UPDATE dorad.source SET ok_at = now()");
	database_run(
		db,
		"INSERT INTO dorad.series SELECT s.scope_id, 'production', g.grain, t,"
		" " METRICS
		", t + interval '1 day', 5, 1, 1, 5, 1, 2, 3, 4, 5, d.definition_id,"
		" now() FROM dorad.scope s JOIN dorad.definition d"
		" ON d.scope_id = s.scope_id AND d.fingerprint = 'bench'"
		" CROSS JOIN (VALUES ('day'), ('week'), ('month'), ('quarter'))"
		" g (grain) CROSS JOIN LATERAL generate_series("
		"date_trunc(g.grain, timestamptz '2021-01-01 00:00+00', 'UTC'),"
		" timestamptz '2025-12-31 00:00+00',"
		" ('1 ' || replace(g.grain, 'quarter', 'month'))::interval"
		" * CASE g.grain WHEN 'quarter' THEN 3 ELSE 1 END) t");
	database_run(
		db,
		"INSERT INTO dorad.rolling SELECT s.scope_id, 'production', w, " METRICS
		","
		" timestamptz '2026-01-01 00:00+00' - w * interval '1 day',"
		" timestamptz '2026-01-01 00:00+00', 5, 1, w, 5, 1, 2, 3, 4, 5, 1,"
		" d.definition_id, now() FROM dorad.scope s JOIN dorad.definition d"
		" ON d.scope_id = s.scope_id AND d.fingerprint = 'bench'"
		" CROSS JOIN (VALUES (7), (28), (90)) g (w)");
	database_run(db, "SET TimeZone = 'UTC'");
	database_run(db, "VACUUM ANALYZE");
}

#define LAST "bucket_start = timestamptz '2025-12-01 00:00+00'"

static const struct {
	const char *name, *sql;
} questions[] = {
	{ "a service, lead time by week, one year",
	  "SELECT bucket_start, p50, p90 FROM dora.series WHERE service = '{service}'"
	  " AND grain = 'week' AND metric = 'change_lead_time'"
	  " AND bucket_start >= timestamptz '2025-01-01' ORDER BY 1" },
	{ "a service, deployments by day, 90 days",
	  "SELECT bucket_start, value FROM dora.series WHERE service = '{service}'"
	  " AND grain = 'day' AND metric = 'deployment_frequency'"
	  " AND bucket_start >= timestamptz '2025-10-01' ORDER BY 1" },
	{ "a service, everything by month, all years",
	  "SELECT * FROM dora.series WHERE service = '{service}'"
	  " AND grain = 'month' ORDER BY bucket_start" },
	{ "a service, dora.weekly, one year",
	  "SELECT * FROM dora.weekly WHERE service = '{service}'"
	  " AND bucket_start >= timestamptz '2025-01-01' ORDER BY bucket_start" },
	{ "a service, dora.monthly, all years",
	  "SELECT * FROM dora.monthly WHERE service = '{service}'"
	  " ORDER BY bucket_start" },
	{ "a service, dora.current",
	  "SELECT * FROM dora.current WHERE service = '{service}'" },
	{ "a service, dora.placement",
	  "SELECT * FROM dora.placement WHERE service = '{service}'"
	  " AND report_year = 2024" },
	{ "a service, dora.explain, a month",
	  "SELECT * FROM dora.explain('change_lead_time', '2025-12-01', 'month',"
	  " '{service}')" },
	{ "a team and an org, dora.monthly, all years",
	  "SELECT * FROM dora.monthly WHERE service IS NULL" },
	{ "all services, one metric, the last month",
	  "SELECT service, value, n, complete FROM dora.series WHERE service IS NOT NULL"
	  " AND metric = 'change_lead_time' AND grain = 'month' AND " LAST },
	{ "all services, one metric, 28 days",
	  "SELECT service, value, n FROM dora.current WHERE service IS NOT NULL"
	  " AND metric = 'deployment_frequency' AND window_days = 28 ORDER BY value" },
	{ "all of a team (9 of 10), the last month",
	  "SELECT service, metric, value FROM dora.series WHERE team = 'red'"
	  " AND service IS NOT NULL AND grain = 'month' AND " LAST },
	{ "all of a team (1 of 10), dora.monthly, the last",
	  "SELECT * FROM dora.monthly WHERE team = 'blue' AND service IS NOT NULL"
	  " AND " LAST },
	{ "all services, dora.monthly, the last",
	  "SELECT * FROM dora.monthly WHERE service IS NOT NULL AND " LAST },
	{ "all services, dora.placement of one metric",
	  "SELECT service, levels FROM dora.placement WHERE report_year = 2024"
	  " AND metric = 'change_lead_time'" },
	{ "dora.north_star, the last",
	  "SELECT * FROM dora.north_star ORDER BY period_start DESC LIMIT 1" },
	{ "dora.guardrails", "SELECT * FROM dora.guardrails" },
};

/* The 95th percentile of the seconds, after some that warm up. */
static double ask_p95(struct database *db, const char *format)
{
	double seconds[ASKED];

	for (guint i = 0; i < ASKED + ASKED / 10; i++) {
		g_autofree char *name = g_strdup_printf("s%u",
							i * 7 % db->config->n_services);
		g_autoptr(GString) sql = g_string_new(format);

		g_string_replace(sql, "{service}", name, 0);
		seconds[i % ASKED] = database_run(db, "%s", sql->str);
	}
	bench_median(seconds, ASKED);
	return seconds[ASKED * 95 / 100];
}

int main(void)
{
	struct bench bench;
	struct database db;
	double one;

	bench_begin(&bench, "questions");
	const guint services = bench.full ? 1000 : 100;
	g_autofree char *text = configuration(services);
	database_begin(&db, &bench, text);
	fill(&db);
	bench_heading("%u services, %u years, %.0f rows of dora.series; p95 of %u warm, "
		      "one connection (other: `SELECT 1`)",
		      services, YEARS,
		      database_ask(&db, "SELECT count(*) FROM dorad.series"), ASKED);
	one = ask_p95(&db, "SELECT 1");
	for (gsize i = 0; i < G_N_ELEMENTS(questions); i++)
		bench_print(&bench, &(struct bench_row){ questions[i].name,
							 ask_p95(&db, questions[i].sql),
							 one, "s", BENCH_VALUE, LIMIT });
	database_end(&db);
	return bench_end(&bench);
}
