#include "sinks/migrations.h"
#include "tests/store_rig.h"

/* The schema, its readers, and what the configuration names. */

static struct rig rig;

static void set_up(void)
{
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

/* ---- migrations ---- */

START_TEST(starting_again_writes_nothing)
{
	g_autofree char *before = rig_rows(&rig);
	g_autofree char *after = NULL;

	rig_ok(store_migrate(rig.store, &error));
	ck_assert_ptr_null(store_notice(rig.store));
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

static gpointer migrate(gpointer config)
{
	struct store *store = store_new(config);
	GError *error = NULL;

	store_migrate(store, &error);
	store_free(store);
	return error;
}

/* A text with the schema's version, the one before and the one after filled in. */
static char *numbered(const char *text)
{
	GString *filled = g_string_new(text);
	g_autofree char *before = g_strdup_printf("%d",
						  migrations[n_migrations - 2].version);
	g_autofree char *now = g_strdup_printf("%d",
					       migrations[n_migrations - 1].version);
	g_autofree char *next = g_strdup_printf("%d",
						migrations[n_migrations - 1].version + 1);

	g_string_replace(filled, "{before}", before, 0);
	g_string_replace(filled, "{now}", now, 0);
	g_string_replace(filled, "{next}", next, 0);
	return g_string_free(filled, FALSE);
}

START_TEST(two_may_start_at_once)
{
	GThread *threads[2];
	g_autofree char *expected = NULL;

	/* A role goes only where no other database knows it. */
	rig_run(&rig, "DROP DATABASE " RIG_MODEL);
	rig_run(&rig, "DROP SCHEMA dora CASCADE; DROP SCHEMA dorad CASCADE;"
		      " DROP OWNED BY dora_reader; DROP ROLE dora_reader");
	for (int i = 0; i < 2; i++)
		threads[i] = g_thread_new("migrate", migrate, rig.config);
	for (int i = 0; i < 2; i++) {
		GError *error = g_thread_join(threads[i]);

		ck_assert_msg(!error, "%s", error ? error->message : "");
	}
	expected = g_strdup_printf("%zu %d", n_migrations,
				   migrations[n_migrations - 1].version);
	rig_expect(&rig,
		   "SELECT count(DISTINCT version) || ' ' || max(version)"
		   " FROM dorad.migration",
		   expected);
}
END_TEST

static const struct {
	const char *what, *sql, *message;
	int code;
	bool begin; /* what store_begin() says, not store_migrate() */
} refusals[] = {
	{ "a newer schema", "INSERT INTO dorad.migration VALUES ({next}, 'future', 'x')",
	  "database: its schema has version {next} (\"future\"), which is newer than "
	  "this "
	  "program's ({now}); run a newer dorad",
	  DORA_ERROR_CONFIG, false },
	{ "a newer schema, to a program that runs",
	  "INSERT INTO dorad.migration VALUES ({next}, 'future', 'x')",
	  "database: its schema has version {next}, which is newer than this program's "
	  "({now}); "
	  "run "
	  "a newer dorad",
	  DORA_ERROR_CONFIG, true },
	{ "a migration with other contents",
	  "UPDATE dorad.migration SET checksum = 'x' WHERE version = 2",
	  "database: migration 2 (\"results\") was applied with other contents than this "
	  "program's",
	  DORA_ERROR_CONFIG, false },
	{ "an older schema, to a program that runs",
	  "DELETE FROM dorad.migration WHERE version = {now}",
	  "database: its schema has version {before}, this program needs {now}; it is "
	  "brought up to "
	  "date when dorad starts",
	  DORA_ERROR_CONFIG, true },
	{ "no schema, to a program that runs", "DROP SCHEMA dorad CASCADE",
	  "database: it has not been prepared yet; that is done when dorad starts",
	  DORA_ERROR_CONFIG, true },
};

START_TEST(schemas_refused)
{
	g_autofree char *run = numbered(refusals[_i].sql);
	g_autofree char *message = numbered(refusals[_i].message);
	g_autoptr(GError) failure = NULL;
	bool good;

	rig_run(&rig, run);
	good = refusals[_i].begin ? store_begin(rig.store, &failure)
				  : store_migrate(rig.store, &failure);
	ck_assert_msg(!good, "%s", refusals[_i].what);
	ck_assert_int_eq(failure->code, refusals[_i].code);
	ck_assert_str_eq(failure->message, message);
}
END_TEST

/* ---- what an upgrade brings along ---- */

/* Applies those of versions from first to last. */
static void apply(int first, int last)
{
	for (size_t i = 0; i < n_migrations; i++)
		if (migrations[i].version >= first && migrations[i].version <= last)
			rig_run(&rig, migrations[i].sql);
}

START_TEST(addresses_go_with_an_upgrade)
{
	rig_run(&rig, "DROP SCHEMA dora CASCADE; DROP SCHEMA dorad CASCADE;"
		      " CREATE SCHEMA dorad; CREATE SCHEMA dora");
	apply(1, 19);
	rig_run(&rig,
		"INSERT INTO dorad.scope (kind, name, time_zone, active, published_until)"
		" VALUES ('service', 'shop', 'UTC', true, NULL),"
		" ('service', 'gone', 'UTC', false, '2026-03-01 00:00Z');"
		"INSERT INTO dorad.definition (scope_id, fingerprint, content)"
		" SELECT scope_id, 'a', '{\"meaning\": 2, \"service\": {\"exclude\":"
		" {\"bots\": true, \"authors\": [\"ann@corp.example\", \"*bot*\"]}}}'"
		" FROM dorad.scope WHERE active;"
		"INSERT INTO dorad.definition (scope_id, fingerprint, content)"
		" SELECT scope_id, 'b', '{\"service\": {\"exclude\": {\"authors\":"
		" []}}}' FROM dorad.scope WHERE active;"
		"UPDATE dorad.scope SET definition_id = 1 WHERE active;"
		"INSERT INTO dorad.repo (name, patterns) VALUES ('shop', 'x');"
		"INSERT INTO dorad.commit_note SELECT repo_id, '\\xab', kind, text"
		" FROM dorad.repo, (VALUES ('author', 'ann@corp.example'),"
		" ('title', 'Revert')) n (kind, text)");
	apply(20, G_MAXINT);
	rig_expect(&rig,
		   "SELECT string_agg(definition_version || ' ' || content, '; ' ORDER BY"
		   " definition_version) FROM dora.definitions",
		   "1 {\"meaning\": 2, \"service\": {\"exclude\": {\"bots\": true,"
		   " \"authors\": [\"erased\", \"erased\"]}}}; 2 {\"service\":"
		   " {\"exclude\": {\"authors\": []}}}");
	rig_expect(&rig, "SELECT string_agg(fingerprint, ', ') FROM dorad.definition",
		   "b, erased 1");
	rig_expect(&rig, "SELECT string_agg(kind, ' ') FROM dorad.commit_note", "title");
	rig_expect(&rig, "SELECT count(patterns) FROM dorad.repo", "0");
	rig_expect(&rig,
		   "SELECT string_agg(name || ' ' || coalesce(left_at AT TIME ZONE 'UTC'"
		   " || '', 'is there'), ', ' ORDER BY name) FROM dorad.scope",
		   "gone 2026-03-01 00:00:00, shop is there");
}
END_TEST

/* ---- readers ---- */

START_TEST(readers_read_the_views_and_nothing_else)
{
	g_autofree char *roles = NULL;

	rig_expect(&rig,
		   "SELECT coalesce(string_agg(relname, ' '), 'none') FROM pg_class c"
		   " WHERE relnamespace = 'dora'::regnamespace AND relkind = 'v'"
		   " AND NOT has_table_privilege('dora_reader', c.oid, 'SELECT')",
		   "none");
	rig_expect(&rig,
		   "SELECT count(*) FROM pg_class c WHERE relnamespace = "
		   "'dorad'::regnamespace AND relkind IN ('r', 'v', 'S') AND "
		   "(has_table_privilege('dora_reader', c.oid, 'SELECT, INSERT, UPDATE,"
		   " DELETE'))",
		   "0");
	rig_run(&rig, "SET ROLE dora_reader");
	roles = rig_ask(&rig, "SELECT (SELECT count(*) FROM dora.series)"
			      " + (SELECT count(*) FROM dora.current)"
			      " + (SELECT count(*) FROM dora.exclusions)"
			      " + (SELECT count(*) FROM dora.sources)");
	ck_assert_str_eq(roles, "2");
	PQclear(PQexec(rig.admin, "SELECT * FROM dorad.scope"));
	ck_assert_ptr_nonnull(strstr(PQerrorMessage(rig.admin), "permission denied"));
	rig_run(&rig, "RESET ROLE");
}
END_TEST

START_TEST(every_column_is_explained)
{
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(a.attrelid::regclass || '.' || "
		   "a.attname, ', '), 'all') FROM pg_class c JOIN pg_attribute a ON "
		   "a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = "
		   "'dora'::regnamespace AND c.relkind = 'v' AND "
		   "(coalesce(col_description(c.oid, a.attnum), '') = '' OR "
		   "obj_description(c.oid) IS NULL)",
		   "all");
}
END_TEST

static const struct {
	const char *view, *columns;
} contract[] = {
	{ "series",
	  "org team service environment grain bucket_start bucket_end metric n "
	  "numerator denominator value p50 p75 p90 p95 mean complete fresh_until "
	  "definition_version computed_at pending still_open oldest_open_at frozen" },
	{ "current", "org team service environment window_days bucket_start bucket_end "
		     "metric n numerator denominator value p50 p75 p90 p95 mean complete "
		     "fresh_until definition_version computed_at "
		     "deployment_days_per_week pending still_open oldest_open_at "
		     "km_median" },
	{ "deployments", "org team service environment deployment attempt source "
			 "started_at finished_at outcome rollout kind repo sha n_commits "
			 "counted excluded_reason first_seen_at rollout_environment "
			 "deployment_id" },
	{ "shipped_commits",
	  "service deployment repo sha authored_at committed_at "
	  "lead_seconds excluded_reason environment finished_at org team "
	  "deployment_id change change_source change_method change_project" },
	{ "sources", "source kind repo polled_at fresh_until failed_at failure failing "
		     "shallow active failing_since failure_kind" },
	{ "exclusions", "service environment kind deployment repo sha at "
			"excluded_reason source project incident" },
	{ "rollouts", "org team service environment deployment attempt source started_at "
		      "finished_at kind state pending_until failed_by unplanned "
		      "recovered_at recovery_seconds repo sha n_commits deployment_id "
		      "unplanned_because" },
	{ "failures", "service environment deployment finished_at method by_deployment "
		      "source project incident title url org team deployment_id" },
	{ "service_incidents",
	  "org team service environment source project incident title severity "
	  "started_at restored_at restore_seconds rollout linked_by confidence evidence "
	  "excluded_reason url deployment_id" },
	{ "shipped_changes",
	  "service environment source project change title deployment finished_at repo "
	  "sha coding_seconds pickup_seconds review_seconds deploy_seconds url org team "
	  "deployment_id" },
};

START_TEST(columns_keep_their_names)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute"
		" WHERE attrelid = 'dora.%s'::regclass AND attnum > 0",
		contract[_i].view);

	rig_expect(&rig, sql, contract[_i].columns);
}
END_TEST

/* ---- configuration ---- */

static void sync_with(const char *from, const char *to)
{
	struct config *config = rig_config(&rig, NULL, from, to);

	rig_ok(store_sync_config(rig.store, config, &error));
	config_unref(config);
}

START_TEST(what_left_the_configuration_keeps_its_rows)
{
	GArray *scopes;

	sync_with("name: mail", "name: post");
	rig_expect(&rig,
		   "SELECT string_agg(name, ' ' ORDER BY name) FROM dorad.scope"
		   " WHERE active AND kind = 'service'",
		   "cart post search");
	rig_expect(&rig, "SELECT active FROM dorad.scope WHERE name = 'mail'", "f");
	rig_ok((scopes = store_scopes(rig.store, &error)));
	ck_assert_uint_eq(scopes->len, 6);
	scope_rows_free(scopes);
	sync_with(NULL, NULL);
	rig_expect(&rig, "SELECT active FROM dorad.scope WHERE name = 'mail'", "t");
}
END_TEST

static const struct {
	const char *what, *from, *to, *dirty;
} moves[] = {
	{ "nothing", "name: mail", "name: mail", "none" },
	{ "a service's zone", "Europe/Berlin", "Asia/Tokyo", "cart" },
	{ "a service's team", "team: blue", "team: red", "acme blue mail red" },
	{ "a service leaves", "name: cart", "name: cort", "acme cart red" },
};

START_TEST(changes_make_all_days_dirty)
{
	rig_run(&rig, "INSERT INTO dorad.definition (scope_id, fingerprint, content)"
		      " SELECT scope_id, '', '{}' FROM dorad.scope WHERE name = 'acme'");
	rig_run(&rig,
		"INSERT INTO dorad.series (scope_id, environment, grain, bucket_start,"
		" metric, bucket_end, n, definition_id, computed_at)"
		" SELECT scope_id, 'e', 'day', '2026-03-01', 'm', '2026-03-04', 0,"
		" (SELECT definition_id FROM dorad.definition), now()"
		" FROM dorad.scope");
	sync_with(moves[_i].from, moves[_i].to);
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(DISTINCT name, ' ' ORDER BY name),"
		   " 'none') FROM dorad.dirty JOIN dorad.scope USING (scope_id)",
		   moves[_i].dirty);
	rig_expect(&rig,
		   "SELECT bool_and(n >= 3) IS NOT false FROM (SELECT count(*)"
		   " FROM dorad.dirty GROUP BY scope_id) c (n)",
		   "t");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tests = tcase_create("store");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, starting_again_writes_nothing);
	tcase_add_test(tests, two_may_start_at_once);
	tcase_add_loop_test(tests, schemas_refused, 0, G_N_ELEMENTS(refusals));
	tcase_add_test(tests, addresses_go_with_an_upgrade);
	tcase_add_test(tests, readers_read_the_views_and_nothing_else);
	tcase_add_test(tests, every_column_is_explained);
	tcase_add_loop_test(tests, columns_keep_their_names, 0, G_N_ELEMENTS(contract));
	tcase_add_test(tests, what_left_the_configuration_keeps_its_rows);
	tcase_add_loop_test(tests, changes_make_all_days_dirty, 0, G_N_ELEMENTS(moves));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
