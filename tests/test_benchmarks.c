#include "tests/store_rig.h"

/* Published levels as rows, and where a service lies among them. */

static struct rig rig;

static void set_up(void)
{
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static const struct {
	const char *what, *sql, *value;
} facts[] = {
	{ "four metrics a year, with four levels, but three in 2022",
	  "SELECT string_agg(report_year || ':' || n, ' ' ORDER BY report_year) FROM"
	  " (SELECT report_year, count(*) AS n FROM dora.benchmarks GROUP BY 1) x",
	  "2019:16 2021:16 2022:12 2023:16 2024:16" },
	{ "every metric of a year has the levels of the year",
	  "SELECT count(*) FROM (SELECT report_year, metric FROM dora.benchmarks GROUP BY"
	  " 1, 2 HAVING count(*) <> CASE report_year WHEN 2022 THEN 3 ELSE 4 END) x",
	  "0" },
	{ "recovery was asked for of any incident, then of failed deployments",
	  "SELECT string_agg(DISTINCT report_year || ' ' || metric, ', ')"
	  " FROM dora.benchmarks WHERE metric ~ 'recovery|restore'",
	  "2019 time_to_restore, 2021 time_to_restore, 2022 time_to_restore,"
	  " 2023 failed_deployment_recovery_time, 2024 failed_deployment_recovery_time" },
	{ "clusters hold all respondents, but for rounding",
	  "SELECT bool_and(abs(s - 1) < 0.021) FROM (SELECT sum(respondents) AS s"
	  " FROM dora.benchmarks WHERE metric = 'change_lead_time' GROUP BY report_year) "
	  "x",
	  "t" },
	{ "no level without words, origin and a bound",
	  "SELECT count(*) FROM dora.benchmarks WHERE words = '' OR source_url = ''"
	  " OR (lower IS NULL AND upper IS NULL) OR lower > upper",
	  "0" },
	{ "the clusters of 2024 are not monotone",
	  "SELECT string_agg(level || ' ' || upper, ' ' ORDER BY respondents)"
	  " FROM dora.benchmarks WHERE report_year = 2024 AND metric = 'change_fail_rate'"
	  " AND level IN ('high', 'medium')",
	  "high 0.2 medium 0.1" },
	{ "which is noted",
	  "SELECT string_agg(level, ' ' ORDER BY level) FROM dora.benchmarks"
	  " WHERE note ~ 'Not monotone' AND report_year = 2024",
	  "high medium" },
	{ "whatever is alike for two levels is noted",
	  "SELECT count(*) FROM dora.benchmarks a JOIN dora.benchmarks b"
	  " USING (report_year, metric, words) WHERE a.level <> b.level AND a.note IS "
	  "NULL",
	  "0" },
	{ "2025 has distributions",
	  "SELECT string_agg(metric || ' ' || score_mean || ' ' || score_sd, ', '"
	  " ORDER BY metric) FROM dora.benchmark_distributions",
	  "change_fail_rate 8.1 2.1, change_lead_time 5.5 2.4,"
	  " deployment_frequency 4.8 2.8, deployment_rework_rate 7.8 2.2,"
	  " failed_deployment_recovery_time 7.4 2.1, stability 7.9 2, throughput 6 2.1" },
	{ "percentages are turned round",
	  "SELECT bool_and(abs(score_mean - (10 - 10 * asked_mean)) < 1e-9)"
	  " FROM dora.benchmark_distributions WHERE asked_unit = 'ratio'",
	  "t" },
	{ "an answer is one of six",
	  "SELECT string_agg(score || ' ' || words, ', ' ORDER BY score)"
	  " FROM dora.benchmark_answers WHERE metric = 'change_lead_time'",
	  "0 More than six months, 2 Between one month and six months,"
	  " 4 Between one week and one month, 6 Between one day and one week,"
	  " 8 Less than one day, 10 Less than one hour" },
};

START_TEST(a_published_fact)
{
	ck_assert_ptr_nonnull(facts[_i].what);
	rig_expect(&rig, facts[_i].sql, facts[_i].value);
}
END_TEST

/* ---- placement ---- */

/* The window of one service. */
static void publish(const char *metric, const char *n, const char *value,
		    const char *denominator)
{
	g_autofree char *sql = g_strdup_printf(
		"WITH d AS (INSERT INTO dorad.definition (scope_id, fingerprint, content)"
		" VALUES (%d, '%s', '{}') RETURNING definition_id)"
		" INSERT INTO dorad.rolling (scope_id, environment, window_days, metric,"
		" bucket_start, bucket_end, n, denominator, value, definition_id,"
		" computed_at) SELECT %d, 'production', 90, '%s', '2026-01-01',"
		" '2026-04-01', %s, %s, %s, definition_id, now() FROM d",
		rig_scope(&rig, "service", "cart"), metric,
		rig_scope(&rig, "service", "cart"), metric, n, denominator, value);

	rig_run(&rig, sql);
}

#define DAYS(n) #n " * 86400"

static const struct {
	const char *metric, *n, *value, *denominator, *year, *placement;
} places[] = {
	{ "change_lead_time", "5", "3600 * 5", "NULL", "2024",
	  "within {elite} {} {high,medium,low}" },
	/* 2021 has nothing between an hour and a day */
	{ "change_lead_time", "5", "3600 * 5", "NULL", "2021",
	  "between levels {} {elite} {high,medium,low}" },
	{ "change_lead_time", "5", DAYS(1), "NULL", "2024",
	  "within {high} {elite} {medium,low}" },
	{ "change_lead_time", "5", DAYS(7), "NULL", "2024",
	  "within {high,medium} {elite} {low}" },
	{ "change_lead_time", "5", DAYS(20), "NULL", "2023",
	  "within {medium,low} {elite,high} {}" },
	{ "change_lead_time", "5", DAYS(300), "NULL", "2024",
	  "between levels {} {elite,high,medium,low} {}" },
	{ "change_lead_time", "0", "NULL", "NULL", "2024", "no data - - -" },
	/* 0 to 15, 16 to 30: answers, with nothing between them */
	{ "change_fail_rate", "200", "0.155", "200", "2021",
	  "between levels {} {elite} {high,medium,low}" },
	{ "change_fail_rate", "20", "0.15", "20", "2019",
	  "within {elite,high,medium} {} {low}" },
	/* better than high, worse than medium */
	{ "change_fail_rate", "25", "0.12", "25", "2024",
	  "between levels {} {elite,medium} {high,low}" },
	{ "change_fail_rate", "20", "0.2", "20", "2024",
	  "within {high} {elite,medium} {low}" },
	{ "deployment_rework_rate", "20", "0.2", "20", "2024", "not published - - -" },
	{ "failed_deployment_recovery_time", "2", "1800", "NULL", "2024",
	  "within {elite,high,medium} {} {low}" },
	{ "failed_deployment_recovery_time", "2", "1800", "NULL", "2019",
	  "not published - - -" },
	{ "time_to_restore", "2", DAYS(14), "NULL", "2021",
	  "between levels {} {elite,high,medium} {low}" },
	/* 91 deployments in 90 days: more than one a day */
	{ "deployment_frequency", "91", "91", "90", "2024",
	  "within {elite} {} {high,medium,low}" },
	{ "deployment_frequency", "90", "90", "90", "2024",
	  "within {high} {elite} {medium,low}" },
	/* of a life of 28 days, and of shorter ones */
	{ "deployment_frequency", "56", "56", "28", "2024",
	  "within {elite} {} {high,medium,low}" },
	{ "deployment_frequency", "20", "20", "27.9", "2024", "too young - - -" },
	{ "deployment_frequency", "20", "20", "10", "2024", "too young - - -" },
	{ "deployment_frequency", "45", "45", "90", "2021",
	  "between levels {} {elite} {high,medium,low}" },
	{ "deployment_frequency", "0", "0", "90", "2021",
	  "within {low} {elite,high,medium} {}" },
	{ "deployment_frequency", "0", "0", "90", "2024",
	  "between levels {} {elite,high,medium,low} {}" },
};

START_TEST(where_a_value_lies)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT concat_ws(' ', placement, coalesce(levels::text, '-'),"
		" coalesce(better_levels::text, '-'), coalesce(worse_levels::text, '-'))"
		" FROM dora.placement WHERE metric = '%s' AND report_year = %s",
		places[_i].metric, places[_i].year);

	publish(places[_i].metric, places[_i].n, places[_i].value,
		places[_i].denominator);
	rig_expect(&rig, sql, places[_i].placement);
}
END_TEST

START_TEST(no_number_of_a_newborn_service_has_a_level)
{
	publish("deployment_frequency", "2", "2", "3.5");
	publish("change_fail_rate", "2", "0", "2");
	rig_expect(
		&rig,
		"SELECT string_agg(DISTINCT metric || ' ' || placement || ' '"
		" || lifetime_days, ', ') FROM dora.placement WHERE report_year = 2024",
		"change_fail_rate too young 3.5, change_lead_time no data 3.5,"
		" deployment_frequency too young 3.5, deployment_rework_rate not"
		" published 3.5, failed_deployment_recovery_time no data 3.5");
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.placement WHERE levels IS NOT NULL"
		   " OR better_levels IS NOT NULL OR worse_levels IS NOT NULL",
		   "0");
}
END_TEST

START_TEST(every_metric_and_report_has_its_row)
{
	publish("deployment_frequency", "9", "9", "90");
	/* five metrics and five reports, and three that asked for the time to restore */
	rig_expect(&rig,
		   "SELECT count(*) || ' ' || count(DISTINCT metric) FROM"
		   " dora.placement WHERE service = 'cart'",
		   "28 6");
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.placement WHERE value IS NOT NULL"
		   " AND metric <> 'deployment_frequency'",
		   "0");
	rig_expect(&rig,
		   "SELECT round(value::numeric, 9) FROM dora.placement WHERE metric ="
		   " 'deployment_frequency' AND report_year = 2024",
		   "0.700000000");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("benchmarks");
	TCase *tests = tcase_create("benchmarks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_published_fact, 0, G_N_ELEMENTS(facts));
	tcase_add_loop_test(tests, where_a_value_lies, 0, G_N_ELEMENTS(places));
	tcase_add_test(tests, no_number_of_a_newborn_service_has_a_level);
	tcase_add_test(tests, every_metric_and_report_has_its_row);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
