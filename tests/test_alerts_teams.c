#include "tests/alerts_world.h"

/* A team's alerts of one time are one story. */
START_TEST(alerts_of_a_team_are_a_group)
{
	world_add_facts("cart");
	for (gint32 day = FIRST; day <= ONSET + 40; day++) {
		world_live(SCOPE_SERVICE, "search", day);
		world_live(SCOPE_TEAM, "red", day);
	}
	rig_expect(&rig,
		   "SELECT count(*) || ' ' || count(DISTINCT group_id) FROM dorad.alert"
		   " WHERE kind = 'regression' AND direction = 'worse'",
		   "2 1");
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alerts WHERE team = 'red'"
		   " AND service IS NULL AND metric = 'change_lead_time'",
		   "1");
}
END_TEST

#define REGRESSIONS " FROM dora.alerts WHERE kind = 'regression' AND direction = 'worse'"

static void live_all(gint32 first, gint32 last)
{
	for (gint32 day = first; day <= last; day++) {
		world_live(SCOPE_SERVICE, "search", day);
		world_live(SCOPE_TEAM, "red", day);
	}
}

/* Whose only service is watched hears of it, once. */
START_TEST(a_team_of_one_service_is_not_watched_beside_it)
{
	live_all(FIRST, ONSET + 20);
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', service, team), ', ')" REGRESSIONS,
		   "search red");
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.watches WHERE team = 'red'"
		   " AND service IS NULL",
		   "0");
	/* a second one comes */
	world_add_facts("cart");
	live_all(ONSET + 21, ONSET + 22);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.watches WHERE team = 'red'"
		   " AND service IS NULL AND state <> 'learning'",
		   "4");
}
END_TEST

/* What fires of it when it comes to be of one service ends. */
START_TEST(what_becomes_one_service_is_withdrawn)
{
	world_add_facts("cart");
	live_all(FIRST, ONSET + 20);
	rig_expect(&rig,
		   "SELECT string_agg(coalesce(service, team), ', ' ORDER BY "
		   "service)" REGRESSIONS,
		   "search, red");
	rig_run(&rig, "UPDATE dorad.scope SET active = false WHERE name = 'cart'");
	live_all(ONSET + 21, ONSET + 21);
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', coalesce(service, team), state, "
		   "reason), ', '"
		   " ORDER BY service)" REGRESSIONS,
		   "search firing, red withdrawn one of its services is all of it, and is"
		   " watched");
}
END_TEST

/* A team is judged by the services of now, also as of when it fired. */
START_TEST(services_that_leave_are_no_late_facts)
{
	world_use(world_config(NULL, "      teams: [\"*\"]\n", "2d", ""));
	world_add_facts("cart");
	rig_run(&rig, "UPDATE dorad.shipped SET lead_us = lead_us / 3"
		      " WHERE finished_at >= timestamptz '2025-01-13 00:00Z'"
		      " AND service_id = (SELECT scope_id FROM dorad.scope"
		      " WHERE kind = 'service' AND name = 'cart')");
	for (gint32 day = FIRST; day <= ONSET + 40; day++)
		world_live(SCOPE_TEAM, "red", day);
	rig_expect(&rig,
		   "SELECT state FROM dora.alerts WHERE team = 'red'"
		   " AND direction = 'worse'",
		   "firing");
	rig_run(&rig, "UPDATE dorad.ownership SET team_id = (SELECT scope_id FROM"
		      " dorad.scope WHERE kind = 'team' AND name = 'blue')"
		      " WHERE service_id = (SELECT scope_id FROM dorad.scope"
		      " WHERE kind = 'service' AND name = 'search')");
	world_live(SCOPE_TEAM, "red", ONSET + 41);
	rig_expect(&rig,
		   "SELECT state || ': ' || reason FROM dora.alerts WHERE team = 'red'"
		   " AND direction = 'worse'",
		   "withdrawn: it would not have fired with the services of now");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerts_teams");
	TCase *tests = tcase_create("alerts_teams");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, world_set_up, world_tear_down);
	tcase_add_test(tests, alerts_of_a_team_are_a_group);
	tcase_add_test(tests, a_team_of_one_service_is_not_watched_beside_it);
	tcase_add_test(tests, what_becomes_one_service_is_withdrawn);
	tcase_add_test(tests, services_that_leave_are_no_late_facts);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
