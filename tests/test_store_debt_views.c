#include "tests/store_rig.h"

/* What readers of the views of debt rely on, in a database without any. */

static struct rig rig;

static void set_up(void)
{
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

START_TEST(debt_has_an_index)
{
	rig_expect(&rig,
		   "SELECT count(*) FROM pg_indexes WHERE schemaname = 'dorad'"
		   " AND indexname = 'item_debt'",
		   "1");
	rig_expect(&rig,
		   "SELECT convalidated FROM pg_constraint"
		   " WHERE conname = 'item_kind_check'",
		   "f");
}
END_TEST

/* ---- the contract ---- */

static const struct {
	const char *view, *columns;
} contract[] = {
	{ "debt_items",
	  "org, team, service, class, source, project, issue, title, state, category,"
	  " severity, labels, opened_at, closed_at, age_seconds, dropped, withdrawn, url,"
	  " updated_at, first_seen_at, gone_at" },
	{ "debt_portfolio",
	  "org, team, service, class, bucket_start, bucket_end, open_items,"
	  " opened_items, closed_items, dropped_items, open_age_p50, open_age_max,"
	  " oldest_open_at, complete, fresh_until" },
	{ "debt_cost",
	  "org, environment, class, bucket_start, bucket_end, with_debt, services,"
	  " incidents, incidents_per_service, rollouts, rollouts_known, rollouts_failed,"
	  " change_fail_rate, rollouts_unplanned, deployment_rework_rate, commits,"
	  " lead_p50, lead_p75, lead_p90, lead_p95, complete, fresh_until" },
};

START_TEST(columns_keep_their_names)
{
	g_autofree char *columns = g_strdup_printf(
		"SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
		" WHERE attrelid = 'dora.%s'::regclass AND attnum > 0",
		contract[_i].view);
	g_autofree char *read = g_strdup_printf("SET ROLE dora_reader;"
						"SELECT count(*) >= 0 FROM dora.%s",
						contract[_i].view);

	rig_expect(&rig, columns, contract[_i].columns);
	rig_expect(&rig, read, "t");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_debt_views");
	TCase *tests = tcase_create("store_debt_views");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, debt_has_an_index);
	tcase_add_loop_test(tests, columns_keep_their_names, 0, G_N_ELEMENTS(contract));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
