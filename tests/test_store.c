#include "tests/store_rig.h"

/* The schema, what the configuration names, and the connection. */

START_TEST(migrate_twice_writes_once)
{
	struct rig rig;
	g_autofree char *before = NULL, *after = NULL;

	rig_init(&rig);
	before = rig_rows(&rig);
	rig_ok(store_migrate(rig.store, &error));
	rig_ok(store_sync_config(rig.store, rig.config, &error));
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	rig_clear(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tests = tcase_create("store");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, migrate_twice_writes_once);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
