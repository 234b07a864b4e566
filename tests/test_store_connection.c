#include "tests/store_rig.h"

/* The connection: cut, refused, pooled, and with settings that are not ours. */

static struct rig rig;

static void set_up(void)
{
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static void use(struct store *store)
{
	struct source_row row = { 0 };

	rig_ok(store_begin(store, &error));
	rig_ok(store_source(store, "shop", &row, &error));
	rig_ok(store_source_ok(store, row.source_id, "c", 1000000, false, &error));
	rig_ok(store_commit(store, &error));
	source_row_clear(&row);
}

static void kick(void)
{
	rig_run(&rig,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		" WHERE application_name = 'dorad' AND datname = current_database()");
	/* The backend is gone when its row is. */
	for (g_autofree char *n = NULL; g_strcmp0(n, "0") != 0;) {
		g_free(n);
		n = rig_ask(&rig, "SELECT count(*) FROM pg_stat_activity WHERE "
				  "application_name = 'dorad' AND "
				  "datname = current_database()");
	}
}

START_TEST(it_connects_again_by_itself)
{
	struct source_row row = { 0 };
	g_autoptr(GError) failure = NULL;

	use(rig.store);
	kick();
	use(rig.store); /* idle: nobody notices */

	rig_ok(store_begin(rig.store, &error));
	kick();
	ck_assert(!store_source(rig.store, "shop", &row, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_RETRY);
	ck_assert(!store_commit(rig.store, NULL));
	use(rig.store);
}
END_TEST

START_TEST(a_lost_commit_is_an_error)
{
	g_autoptr(GError) failure = NULL;

	rig_ok(store_begin(rig.store, &error));
	ck_assert(!store_attribution_due(rig.store, 999, true, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_DATA);
	ck_assert(!store_commit(rig.store, NULL));
	use(rig.store);
}
END_TEST

static const struct {
	const char *what, *uri, *message; /* %s: the rig's; a part of the message */
	int code;
} hosts[] = {
	{ "no such database", "%s dbname=nowhere", "\"nowhere\" does not exist",
	  DORA_ERROR_CONFIG },
	{ "no such role", "%s user=nobody", "role \"nobody\" does not exist",
	  DORA_ERROR_DENIED },
	{ "no such host", "host=nowhere.invalid dbname=x", "nowhere.invalid",
	  DORA_ERROR_RETRY },
	{ "nobody listens", "host=127.0.0.1 port=1 dbname=x", "refused",
	  DORA_ERROR_RETRY },
	{ "no socket", "host=/nowhere dbname=x", "/nowhere", DORA_ERROR_RETRY },
	{ "a wrong port", "host=127.0.0.1 port=x dbname=x", "port", DORA_ERROR_CONFIG },
};

START_TEST(hosts_refused)
{
	g_autoptr(GString) text = g_string_new(hosts[_i].uri);
	struct config *config;
	struct store *store;
	g_autoptr(GError) failure = NULL;

	g_string_replace(text, "%s", getenv("DORAD_TEST_PG"), 0);
	config = rig_config(&rig, text->str, NULL, NULL);
	store = store_new(config);
	ck_assert_msg(!store_begin(store, &failure), "%s", hosts[_i].what);
	ck_assert_msg(failure->code == hosts[_i].code &&
			      strstr(failure->message, hosts[_i].message),
		      "%s: %d: %s", hosts[_i].what, failure->code, failure->message);
	ck_assert_ptr_null(strchr(failure->message, '\n'));
	store_free(store);
	config_unref(config);
}
END_TEST

START_TEST(a_role_without_rights_is_denied)
{
	g_autofree char *uri = NULL;
	struct config *config;
	struct store *store;
	g_autoptr(GError) failure = NULL;

	rig_run(&rig, "DROP SCHEMA dora CASCADE; DROP SCHEMA dorad CASCADE;"
		      " DO $$ BEGIN CREATE ROLE plain LOGIN;"
		      " EXCEPTION WHEN duplicate_object THEN NULL; END $$");
	uri = g_strdup_printf("%s dbname=%s user=plain", getenv("DORAD_TEST_PG"),
			      rig.database);
	config = rig_config(&rig, uri, NULL, NULL);
	store = store_new(config);
	ck_assert(!store_migrate(store, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_DENIED);
	ck_assert_msg(strstr(failure->message, "permission denied"), "%s",
		      failure->message);

	/* With the right to create schemas, but not roles, it works and says so. A role
	 * goes only where no other database knows it. */
	rig_run(&rig, "DROP DATABASE " RIG_MODEL);
	rig_run(&rig, "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO plain',"
		      " current_database()); END $$; DROP OWNED BY dora_reader;"
		      " DROP ROLE dora_reader");
	rig_ok(store_migrate(store, &error));
	ck_assert_ptr_nonnull(strstr(store_notice(store), "dora_reader"));
	rig_run(&rig, "CREATE ROLE dora_reader");
	rig_ok(store_migrate(store, &error));
	ck_assert_ptr_null(store_notice(store));
	rig_expect(&rig,
		   "SELECT has_table_privilege('dora_reader', 'dora.series',"
		   " 'SELECT')",
		   "t");
	store_free(store);
	config_unref(config);
}
END_TEST

/* A server asks for a password only where its pg_hba.conf says so. The file is put back
 * at once, since the other connections of the test are let in by it. */
START_TEST(a_wrong_password_is_denied_and_not_repeated)
{
	g_autofree char *uri = g_strdup_printf("%s dbname=%s user=secretive",
					       getenv("DORAD_TEST_PG"), rig.database);
	g_autofree char *hba = rig_ask(&rig, "SHOW hba_file");
	g_autofree char *reload = NULL;
	g_autofree char *rules = NULL;
	struct config *config = rig_config(
		&rig, uri, "sources:", "  password:\n    env: TEST_PASSWORD\nsources:");
	struct store *store = store_new(config);
	g_autoptr(GError) failure = NULL;
	g_autofree char *strict = NULL;

	rig_run(&rig, "DROP ROLE IF EXISTS secretive;"
		      " CREATE ROLE secretive SUPERUSER LOGIN PASSWORD 'correct-horse'");
	ck_assert(g_file_get_contents(hba, &rules, NULL, NULL));
	strict = g_strconcat("local all secretive scram-sha-256\n", rules, NULL);
	ck_assert(g_file_set_contents_full(hba, strict, -1, G_FILE_SET_CONTENTS_NONE,
					   0644, NULL));
	reload = rig_ask(&rig, "SELECT pg_reload_conf()");
	/* The postmaster reads it when it gets to; only then the view has it. */
	g_setenv("TEST_PASSWORD", "battery-staple", TRUE);
	for (int i = 0; i < 1000 && store_begin(store, NULL); i++) {
		store_free(store);
		store = store_new(config);
	}
	ck_assert(!store_begin(store, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_DENIED);
	ck_assert_ptr_nonnull(strstr(failure->message, "password authentication failed"));
	ck_assert_ptr_null(strstr(failure->message, "battery-staple"));
	g_setenv("TEST_PASSWORD", "correct-horse", TRUE);
	rig_ok(store_begin(store, &error));
	store_free(store);
	config_unref(config);
	ck_assert(g_file_set_contents_full(hba, rules, -1, G_FILE_SET_CONTENTS_NONE, 0644,
					   NULL));
	rig_run(&rig, "SELECT pg_reload_conf()");
}
END_TEST

START_TEST(settings_of_a_role_change_nothing)
{
	static const char *const settings[] = {
		"TimeZone = 'Pacific/Apia'",
		"DateStyle = 'German'",
		"bytea_output = 'escape'",
		"standard_conforming_strings = off",
		"search_path = 'nowhere'",
		"extra_float_digits = -15",
		"default_transaction_read_only = on",
		"default_transaction_isolation = 'serializable'",
		"IntervalStyle = 'sql_standard'",
		"client_encoding = 'LATIN1'",
		"enable_seqscan = off",
		"row_security = off",
	};
	g_autofree char *uri = g_strdup_printf("%s dbname=%s user=odd",
					       getenv("DORAD_TEST_PG"), rig.database);
	struct config *config = rig_config(&rig, uri, NULL, NULL);
	struct store *store = store_new(config);

	rig_run(&rig, "DROP SCHEMA dora CASCADE; DROP SCHEMA dorad CASCADE;"
		      " DROP ROLE IF EXISTS odd; CREATE ROLE odd SUPERUSER LOGIN");
	for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
		g_autofree char *sql = g_strdup_printf("ALTER ROLE odd SET %s",
						       settings[i]);

		rig_run(&rig, sql);
	}
	rig_ok(store_migrate(store, &error));
	rig_ok(store_sync_config(store, config, &error));
	use(store);
	rig_expect(&rig,
		   "SELECT ok_at AT TIME ZONE 'UTC' FROM dorad.source"
		   " WHERE name = 'shop'",
		   "1970-01-01 00:00:01");
	store_free(store);
	config_unref(config);
}
END_TEST

START_TEST(it_runs_through_a_pooler)
{
	const char *where = getenv("DORAD_TEST_PGBOUNCER");
	g_autofree char *uri = g_strdup_printf("%s dbname=%s", where, rig.database);
	struct commit_row commit = { .oid = rig_oid(1) };
	struct store *stores[2];
	struct config *config;
	gsize n;

	ck_assert_msg(where, "run this through tests/with_pgbouncer");
	config = rig_config(&rig, uri, NULL, NULL);
	rig_run(&rig, "DROP SCHEMA dora CASCADE; DROP SCHEMA dorad CASCADE");
	for (int i = 0; i < 2; i++)
		stores[i] = store_new(config);
	rig_ok(store_migrate(stores[0], &error));
	rig_ok(store_sync_config(stores[1], config, &error));
	for (int i = 0; i < 4; i++) {
		struct store *store = stores[i % 2];
		struct source_row row = { 0 };
		struct shipped_row shipped = { .rollout_id = 1,
					       .environment = "production",
					       .oid = rig_oid(1) };

		rig_ok(store_begin(store, &error));
		rig_ok(store_source(store, "shop", &row, &error));
		rig_ok(store_commits_begin(store, row.repo_id, &error));
		rig_ok(store_commits_add(store, &commit, &error));
		rig_ok(store_commits_end(store, &n, &error));
		ck_assert_uint_eq(n, i == 0);
		rig_ok(store_shipped_begin(store, 1, true, &error));
		rig_ok(store_shipped_add(store, &shipped, &error));
		rig_ok(store_shipped_end(store, &n, &error));
		ck_assert_uint_eq(n, i == 0);
		rig_ok(store_commit(store, &error));
	}
	kick();
	use(stores[0]);
	use(stores[1]);
	for (int i = 0; i < 2; i++)
		store_free(stores[i]);
	config_unref(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_connection");
	TCase *tests = tcase_create("store_connection");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, it_connects_again_by_itself);
	tcase_add_test(tests, a_lost_commit_is_an_error);
	tcase_add_loop_test(tests, hosts_refused, 0, G_N_ELEMENTS(hosts));
	tcase_add_test(tests, a_role_without_rights_is_denied);
	tcase_add_test(tests, a_wrong_password_is_denied_and_not_repeated);
	tcase_add_test(tests, settings_of_a_role_change_nothing);
	tcase_add_test(tests, it_runs_through_a_pooler);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
