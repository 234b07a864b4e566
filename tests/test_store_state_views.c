#include "tests/store_rig.h"

/* The views of what became of rollouts, as readers see them: one rollout of cart that
 * failed, the one that repaired it, the incident between them, a change and its commit.
 */

static struct rig rig;

/* Each fact a row: the second it happened stands for the day. */
static const char *const world =
	"INSERT INTO dorad.deployment (deployment_id, service_id, source_id, external_id,"
	" attempt, environment, outcome, started_at, finished_at, first_seen_at)"
	" OVERRIDING SYSTEM VALUE SELECT g.id, s.scope_id, x.source_id, 'v' || g.id, 1,"
	" 'eu', 'success', to_timestamp(g.id * 100 - 5), to_timestamp(g.id * 100), now()"
	" FROM dorad.scope s, dorad.source x, (VALUES (1), (2), (3)) g (id)"
	" WHERE s.name = 'cart' AND x.name = 'shop';"
	"INSERT INTO dorad.deployment_revision SELECT 1, repo_id, '\\x01' FROM dorad.repo"
	" WHERE name = 'shop';"
	"INSERT INTO dorad.rollout SELECT deployment_id, service_id, 'production',"
	" finished_at, 'normal' FROM dorad.deployment;"
	"INSERT INTO dorad.rollout_state SELECT deployment_id, service_id, environment,"
	" finished_at, CASE deployment_id WHEN 1 THEN 'normal' ELSE 'rollback' END,"
	" CASE deployment_id WHEN 1 THEN 'failed' ELSE 'ok' END, to_timestamp(999),"
	" deployment_id = 2, CASE deployment_id WHEN 1 THEN to_timestamp(250) END, NULL,"
	" CASE deployment_id WHEN 2 THEN 'back' END FROM dorad.rollout WHERE "
	"deployment_id < 3;"
	"INSERT INTO dorad.item (source_id, attempt, project, kind, external_id, outcome,"
	" done, bot, draft, optional, first_seen_at, name, severity, created_at, "
	"resolved_at,"
	" url) SELECT source_id, 1, '', g.kind, g.id, 'success', true, false, false, "
	"false,"
	" now(), 'title of ' || g.id, 'high', to_timestamp(110), to_timestamp(250),"
	" 'https://' || g.id FROM dorad.source, (VALUES ('incident', 'INC-1'),"
	" ('incident', 'INC-2'), ('incident', 'INC-3'), ('change', '42')) g (kind, id)"
	" WHERE name = 'shop';"
	"INSERT INTO dorad.service_incident SELECT service_id, 'production', source_id, "
	"'',"
	" 'INC-1', to_timestamp(110), to_timestamp(250), 1, 'revision', 'abc', NULL"
	" FROM dorad.deployment WHERE deployment_id = 1;"
	"INSERT INTO dorad.service_incident SELECT service_id, 'production', source_id, "
	"'',"
	" 'INC-2', to_timestamp(110), to_timestamp(250), NULL, NULL, NULL, 'exempt'"
	" FROM dorad.deployment WHERE deployment_id = 1;"
	"INSERT INTO dorad.failure SELECT service_id, 1, g.* FROM dorad.deployment,"
	" (VALUES ('rollback', 2, 0, '', ''), ('incident', 0, 1, '', 'INC-1')) g"
	" WHERE deployment_id = 1;"
	"UPDATE dorad.failure SET source_id = (SELECT source_id FROM dorad.source"
	" WHERE name = 'shop') WHERE source_id = 1;"
	"INSERT INTO dorad.shipped SELECT 1, r.finished_at, NULL, NULL, NULL, 5000000,"
	" r.service_id, p.repo_id, 'production', '\\x01', 'rule' FROM dorad.rollout r,"
	" dorad.repo p WHERE p.name = 'shop' AND deployment_id = 1;"
	"INSERT INTO dorad.commit_change SELECT s.service_id, s.repo_id, s.sha, "
	"x.source_id,"
	" '', '42', 'squash' FROM dorad.shipped s, dorad.source x WHERE x.name = 'shop';"
	"INSERT INTO dorad.shipped_change SELECT s.service_id, 'production', x.source_id,"
	" '', '42', 1, s.finished_at, s.repo_id, s.sha, 1500000, NULL, 0, 2000000, NULL"
	" FROM dorad.shipped s, dorad.source x WHERE x.name = 'shop'";

static void set_up(void)
{
	rig_init(&rig);
	rig_run(&rig, world);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

/* Of the columns, @name is a time as the second of 1970. */
static const struct {
	const char *view, *columns, *rows;
} readings[] = {
	{ "rollouts",
	  "deployment, org, team, service, environment, attempt, source, @started_at, "
	  "@finished_at, kind, state, failed_by, unplanned, @recovered_at, "
	  "recovery_seconds, repo, sha, n_commits, deployment_id, unplanned_because",
	  "v1|acme|red|cart|production|1|shop|95|100|normal|failed|{incident,rollback}|f|"
	  "250|150|shop|01|1|1|; "
	  "v2|acme|red|cart|production|1|shop|195|200|rollback|ok||t|||||0|2|back; "
	  "v3|acme|red|cart|production|1|shop|295|300||pending||f|||||0|3|" },
	{ "failures",
	  "method, service, environment, deployment, @finished_at, by_deployment, "
	  "source, project, incident, title, url, deployment_id",
	  "incident|cart|production|v1|100||shop||INC-1|title of INC-1|https://INC-1|1; "
	  "rollback|cart|production|v1|100|v2||||||1" },
	{ "service_incidents",
	  "incident, org, team, service, environment, source, project, severity, "
	  "@started_at, @restored_at, restore_seconds, rollout, linked_by, confidence, "
	  "evidence, excluded_reason, deployment_id",
	  "INC-1|acme|red|cart|production|shop||high|110|250|140|v1|revision|0.95|abc||1"
	  "; INC-2|acme|red|cart|production|shop||high|110|250||||||exempt|; "
	  "INC-3|||||shop||high|110|250||||||no_service|" },
	{ "shipped_changes",
	  "change, service, environment, source, project, title, deployment, "
	  "@finished_at, repo, sha, coding_seconds, pickup_seconds, review_seconds, "
	  "deploy_seconds, url",
	  "42|cart|production|shop||title of 42|v1|100|shop|01|1.5||0|2|https://42" },
	{ "shipped_commits",
	  "sha, lead_seconds, excluded_reason, change, change_source, change_method, "
	  "change_project",
	  "01|5|rule|42|shop|squash|" },
	{ "exclusions",
	  "kind, service, environment, deployment, sha, @at, excluded_reason, source, "
	  "project, incident",
	  "commit|cart|production|v1|01|100|rule|||; "
	  "deployment|cart|eu|v1|01|100|pending|||; "
	  "deployment|cart|eu|v2||200|pending|||; "
	  "deployment|cart|eu|v3||300|pending|||; "
	  "incident|cart|production|||110|exempt|shop||INC-2; "
	  "incident|||||110|no_service|shop||INC-3; "
	  "recovery|cart|production|v2||200|negative|||" },
};

/* The rows of a view, in the order of its columns as asked for. The caller frees. */
static char *read_view(const char *view, const char *columns)
{
	g_autoptr(GRegex) time = g_regex_new("@(\\w+)", 0, 0, NULL);
	g_autofree char *list = g_regex_replace(time, columns, -1, 0,
						"extract(epoch FROM \\1)::int", 0, NULL);
	g_autofree char *sql = g_strdup_printf(
		"SELECT %s FROM dora.%s ORDER BY 1, 2, 4, 5", list, view);

	return rig_read(&rig, sql);
}

START_TEST(readers_see_what_became_of_rollouts)
{
	g_autofree char *rows = NULL;

	if (strcmp(readings[_i].view, "exclusions") == 0)
		rig_run(&rig, "UPDATE dorad.rollout_state SET state = 'failed',"
			      " recovered_at = finished_at - interval '1 s',"
			      " recovery_excluded = 'negative' WHERE rollout_id = 2");
	rows = read_view(readings[_i].view, readings[_i].columns);
	ck_assert_str_eq(rows, readings[_i].rows);
}
END_TEST

/* Those that are over count for its team, so they are its. */
START_TEST(a_service_that_left_has_what_is_past)
{
	g_autofree char *rows = NULL;

	rig_run(&rig, "UPDATE dorad.scope SET active = false WHERE name = 'cart';"
		      "UPDATE dorad.service_incident SET restored_at = NULL"
		      " WHERE external_id = 'INC-2'");
	rows = read_view("service_incidents", "incident, service, excluded_reason, "
					      "rollout, source, deployment_id");
	ck_assert_str_eq(rows, "INC-1|cart||v1|shop|1; INC-2||no_service||shop|; "
			       "INC-3||no_service||shop|");
}
END_TEST

/* Mitigated for a while, and it goes on: of no service no less. */
START_TEST(what_goes_on_is_not_restored)
{
	rig_run(&rig, "UPDATE dorad.item SET mitigated_at = '2026-01-01 01:00Z',"
		      " resolved_at = NULL, done = false, state = 'open'"
		      " WHERE external_id = 'INC-3'");
	rig_expect(&rig,
		   "SELECT restored_at IS NULL FROM dora.service_incidents"
		   " WHERE incident = 'INC-3'",
		   "t");
	rig_run(&rig, "UPDATE dorad.item SET state = 'monitoring'"
		      " WHERE external_id = 'INC-3'");
	rig_expect(&rig,
		   "SELECT restored_at IS NULL FROM dora.service_incidents"
		   " WHERE incident = 'INC-3'",
		   "f");
}
END_TEST

/* The rework of 1970: why it is that, and what it took back. */
START_TEST(what_is_unplanned_says_why)
{
	g_autofree char *rows = rig_read(
		&rig, "SELECT part, what, name, reason, detail"
		      " FROM dora.explain('deployment_rework_rate', '1970-01-01', 'day',"
		      " 'cart') WHERE part IN ('used', 'evidence') ORDER BY 1 DESC, 3");

	ck_assert_str_eq(rows, "used|rollout|v1|planned|normal; "
			       "used|rollout|v2|unplanned|rollback; "
			       "used|rollout|v3|planned|normal; "
			       "evidence|rollback|v2||back; after v1");
}
END_TEST

/* A window has no date of its own, and needs none; another one is not its. */
START_TEST(a_window_is_explained)
{
	static const char question[] =
		"SELECT part, name, figures ->> 'km_median_seconds', detail LIKE"
		" '%%Kaplan-Meier median = 5 s' FROM dora.explain('time_to_restore', %s, "
		"'28d',"
		" 'cart') WHERE part IN ('number', 'used')";
	static const struct {
		const char *day, *rows;
	} cases[] = {
		{ "NULL", "number|28d|5|t; used|INC-1||f" },
		{ "'1970-01-28'", "number|28d|5|t; used|INC-1||f" },
		{ "'1970-01-29'", "" },
	};

	rig_run(&rig,
		"INSERT INTO dorad.rolling SELECT s.scope_id, 'production', 28,"
		" 'time_to_restore', '1970-01-01 00:00Z', '1970-01-29 00:00Z', 1,"
		" NULL, NULL, 140, 140, 140, 140, 140, 140, NULL, 0, now(), NULL, 0,"
		" NULL, 5 FROM dorad.scope s WHERE s.name = 'cart'");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *sql = g_strdup_printf(question, cases[i].day);
		g_autofree char *rows = rig_read(&rig, sql);

		ck_assert_str_eq(rows, cases[i].rows);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_state_views");
	TCase *tests = tcase_create("store_state_views");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, readers_see_what_became_of_rollouts, 0,
			    G_N_ELEMENTS(readings));
	tcase_add_test(tests, a_service_that_left_has_what_is_past);
	tcase_add_test(tests, what_goes_on_is_not_restored);
	tcase_add_test(tests, what_is_unplanned_says_why);
	tcase_add_test(tests, a_window_is_explained);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
