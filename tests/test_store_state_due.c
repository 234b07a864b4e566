#include "tests/store_rig.h"

/* What is told of the future counts when it has come. Days are those of January 1970,
 * whose number is the day less one. */

static struct rig rig;
static gint32 cart, red, acme, shop;

static gint64 noon(int day)
{
	return day * G_TIME_SPAN_DAY + G_TIME_SPAN_DAY / 2;
}

static void set_up(void)
{
	struct source_row row = { 0 };

	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	red = rig_scope(&rig, "team", "red");
	acme = rig_scope(&rig, "org", "acme");
	rig_ok(store_source(rig.store, "shop", &row, &error));
	shop = row.source_id;
	source_row_clear(&row);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

START_TEST(when_a_service_is_looked_at_again_is_kept)
{
	struct scope_row *row;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_state_due(rig.store, cart, noon(20), &error));
	rig_ok((row = store_scope_lock(rig.store, SCOPE_SERVICE, "cart", &error)));
	ck_assert_int_eq(row->state_due, noon(20));
	scope_row_free(row);
	rig_ok(store_state_due(rig.store, cart, INSTANT_NONE, &error));
	rig_ok((row = store_scope_lock(rig.store, SCOPE_SERVICE, "cart", &error)));
	ck_assert_int_eq(row->state_due, INSTANT_NONE);
	scope_row_free(row);
	rig_ok(store_commit(rig.store, &error));
}
END_TEST

static void forget_dirty(void)
{
	const gint32 scopes[] = { cart, red, acme };

	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		g_free(rig_dirty(&rig, scopes[i]));
}

static void pass(int from, int now)
{
	forget_dirty();
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_states_pass(rig.store, cart, noon(from), noon(now), &error));
	rig_ok(store_commit(rig.store, &error));
}

static const struct {
	const char *what;
	int began, ended;
	const char *excluded;
	int from, now;
	const char *dirty;
} incidents[] = {
	{ "it is restored meanwhile", 3, 5, NULL, 4, 5, "5" },
	{ "it starts and is restored meanwhile", 3, 5, NULL, 2, 6, "3 5" },
	{ "it was over", 3, 5, NULL, 6, 7, "" },
	{ "it is still to come", 5, 6, NULL, 3, 4, "" },
	{ "it does not count", 3, 5, "exempt", 4, 5, "" },
};

START_TEST(incidents_mark_the_days_that_have_come)
{
	struct service_incident_row row = {
		.environment = "production",
		.incident = { shop, (char *)"acme", (char *)"INC-1" },
		.started = noon(incidents[_i].began),
		.restored = noon(incidents[_i].ended),
		.excluded = incidents[_i].excluded,
	};

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_service_incidents_write(rig.store, cart, &row, 1, noon(2), &error));
	rig_ok(store_commit(rig.store, &error));
	pass(incidents[_i].from, incidents[_i].now);
	rig_expect_dirty(&rig, cart, incidents[_i].dirty);
	rig_expect_dirty(&rig, red, incidents[_i].dirty);
	rig_expect_dirty(&rig, acme, incidents[_i].dirty);
}
END_TEST

/* It is counted on the day of its finish, and was open up to now. */
START_TEST(a_recovery_marks_its_days)
{
	const struct rollout_state_row row = {
		.rollout_id = 7,
		.environment = "production",
		.finished = noon(3),
		.state = { .state = CHANGE_FAILED,
			   .pending_until = noon(4),
			   .recovered = noon(5) },
	};

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_states_write(rig.store, cart, &row, 1, NULL, 0, noon(4), &error));
	rig_ok(store_commit(rig.store, &error));
	pass(4, 5);
	rig_expect_dirty(&rig, cart, "3 4 5");
	pass(6, 7);
	rig_expect_dirty(&rig, cart, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_state_due");
	TCase *tests = tcase_create("store_state_due");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, when_a_service_is_looked_at_again_is_kept);
	tcase_add_loop_test(tests, incidents_mark_the_days_that_have_come, 0,
			    G_N_ELEMENTS(incidents));
	tcase_add_test(tests, a_recovery_marks_its_days);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
