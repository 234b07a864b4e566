#include "tests/alerts_world.h"

/*
 * Incidents that are open for longer than others were: search has had a restored one each
 * second day, of one to n hours.
 */

#define TODAY (ONSET + 3)
#define NEWS                                                                             \
	"SELECT coalesce(string_agg(event || ' ' || name || ' of ' || coalesce(service," \
	" team), ', ' ORDER BY event_id), '') FROM dora.alert_history"                   \
	" WHERE kind = 'incident'"
#define TOLD                                                                             \
	"SELECT string_agg(e.event || ' to ' || o.channel, ', ' ORDER BY e.event_id, "   \
	"o.channel) FROM dorad.outbox o JOIN dorad.alert_event e USING (event_id)"       \
	" JOIN dora.alerts a ON a.alert = o.alert_id AND a.kind = 'incident'"

static struct config *before;

static void add_incident(const char *service, const char *id, gint32 day, double hours)
{
	world_add_incident(service, "production", id, day, hours);
}

/* So many that were restored by today. */
static void add_restored(const char *service, guint n)
{
	for (guint i = 1; i <= n; i++) {
		g_autofree char *id = g_strdup_printf("old-%u", i);

		add_incident(service, id, TODAY - 2 * (gint32)i - 2, i);
	}
}

static void set_up(void)
{
	world_set_up();
	before = context.config;
	context.config = world_config("time_to_restore", "", "2d", "");
}

static void tear_down(void)
{
	config_unref(context.config);
	context.config = before;
	world_tear_down();
}

/* 20 took 1 to 20 h: percentile_cont(0.95) is 19.05 h. */
START_TEST(longer_than_nearly_all_is_told)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY - 1);
	rig_expect(&rig, NEWS, ""); /* 12 h */
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_expect(&rig, NEWS, "fired shop open of search"); /* 36 h */
	rig_expect(&rig,
		   "SELECT concat_ws(' ', state, onset AT TIME ZONE 'UTC', before_n,"
		   " before_rate / 3600, after_rate / 3600, unit, rule)"
		   " FROM dora.alerts WHERE kind = 'incident'",
		   "firing 2025-01-15 12:00:00 20 19.05 36 seconds all");
	rig_expect(&rig, TOLD, "fired to hook, fired to log");
	world_live(SCOPE_SERVICE, "search", TODAY);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, "fired shop open of search");
}
END_TEST

static const struct {
	const char *what, *sql, *news, *told;
} ends[] = {
	{ "it is restored", "restored_at = started_at + interval '40 h'",
	  "fired shop open of search, resolved shop open of search",
	  "fired to hook, fired to log, resolved to hook, resolved to log" },
	{ "it turns out to have been restored before", "restored_at = started_at",
	  "fired shop open of search, withdrawn shop open of search",
	  "fired to hook, fired to log, withdrawn to hook, withdrawn to log" },
	{ "it was restored years ago",
	  "started_at = '2022-01-01', restored_at ="
	  " '2022-01-02'",
	  "fired shop open of search, withdrawn shop open of search",
	  "fired to hook, fired to log, withdrawn to hook, withdrawn to log" },
	{ "it turns out not to count", "excluded = 'severity'",
	  "fired shop open of search, withdrawn shop open of search",
	  "fired to hook, fired to log, withdrawn to hook, withdrawn to log" },
	{ "it is to be restored later", "restored_at = started_at + interval '60 h'",
	  "fired shop open of search", "fired to hook, fired to log" },
};

static void change_incident(const char *sql)
{
	g_autofree char *text = g_strdup_printf("UPDATE dorad.service_incident SET %s"
						" WHERE external_id = 'open'",
						sql);

	rig_run(&rig, text);
}

START_TEST(it_ends_when)
{
	const bool over = strstr(ends[_i].news, ", ") != NULL;

	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	change_incident(ends[_i].sql);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, ends[_i].news);
	rig_expect(&rig, TOLD, ends[_i].told);
	/* of one that is over nothing is watched, and it may open again */
	rig_expect(&rig, "SELECT count(*) FROM dora.watches WHERE kind = 'incident'",
		   over ? "0" : "1");
	change_incident("started_at = '2025-01-15 12:00Z', restored_at = NULL,"
			" excluded = NULL");
	world_live(SCOPE_SERVICE, "search", TODAY + 2);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alerts WHERE kind = 'incident'"
		   " AND state = 'firing'",
		   "1");
}
END_TEST

/* Whether what is there is up to date is not known while something is to be attributed.
 */
START_TEST(what_is_not_known_changes_nothing)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_run(&rig, "INSERT INTO dorad.attribution_due (service_id) SELECT scope_id "
		      "FROM dorad.scope"
		      " WHERE name = 'search' AND kind = 'service'");
	rig_run(&rig, "UPDATE dorad.scope SET alerts_due_at = NULL");
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_run(&rig, "DELETE FROM dorad.attribution_due");
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, "fired shop open of search");
}
END_TEST

#define FIRING                                                                           \
	"SELECT coalesce(string_agg(state || ' ' || (alert IS NOT NULL), ', '), '')"     \
	" FROM dora.watches WHERE kind = 'incident'"

static void look_again(gint32 day)
{
	rig_run(&rig, "UPDATE dorad.scope SET alerts_due_at = NULL");
	world_live(SCOPE_SERVICE, "search", day);
}

START_TEST(a_day_is_judged_once)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	change_incident("excluded = 'severity'");
	look_again(TODAY);
	rig_expect(&rig, NEWS, "fired shop open of search");
	look_again(TODAY + 1);
	rig_expect(&rig, NEWS,
		   "fired shop open of search, withdrawn shop open of search");
}
END_TEST

/* No watch is left that fires and has no alert. */
START_TEST(a_clock_that_is_set_back_repeats_nothing)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	change_incident("excluded = 'severity'");
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	change_incident("excluded = NULL");
	look_again(TODAY - 1);
	rig_expect(&rig, FIRING, "");
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_expect(&rig, NEWS,
		   "fired shop open of search, withdrawn shop open of search");
	rig_expect(&rig, FIRING, "");
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS,
		   "fired shop open of search, withdrawn shop open of search, fired"
		   " shop open of search");
	rig_expect(&rig, FIRING, "firing true");
}
END_TEST

/* In the night, before anybody has looked. */
START_TEST(of_what_is_over_nobody_hears)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 36.5);
	world_live(SCOPE_SERVICE, "search", TODAY);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, "fired shop open of search, resolved shop open of search");
	rig_expect(&rig, "SELECT count(*) FROM dorad.outbox", "0");
}
END_TEST

/* What was open on days on which no daemon ran is in the history as if one had, and the
 * news is what is open still. */
START_TEST(an_outage_is_caught_up_with)
{
	static const char *const services[] = { "search", "mail" };

	for (gsize i = 0; i < G_N_ELEMENTS(services); i++) {
		add_restored(services[i], 20);
		add_incident(services[i], "before", TODAY - 2, 24 * 4);
		add_incident(services[i], "short", TODAY, 12 + 5);
		add_incident(services[i], "during", TODAY + 2, 24 * 3);
		add_incident(services[i], "still", TODAY + 5, 0);
	}
	for (gint32 day = TODAY - 1; day <= TODAY + 10; day++) {
		world_live(SCOPE_SERVICE, "search", day);
		if (day == TODAY - 1 || day == TODAY + 10)
			world_live(SCOPE_SERVICE, "mail", day);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(services); i++) {
		g_autofree char *sql = g_strdup_printf(
			"SELECT string_agg(event || ' ' || name || ' ' || at::date - 1 -"
			" date '2024-01-01', ', ' ORDER BY event_id) FROM"
			" dora.alert_history WHERE kind = 'incident' AND service = '%s'",
			services[i]);

		rig_expect(&rig, sql,
			   "fired shop before 380, resolved shop before 383, fired shop"
			   " during 384, resolved shop during 386, fired shop still 389");
	}
	/* "before" was known to be over when it was looked at first */
	rig_expect(&rig, TOLD " AND a.service = 'mail'", "fired to hook, fired to log");
}
END_TEST

/* Those who were away for longer begin again, and hear the end of what they had heard. */
START_TEST(a_long_outage_is_not_caught_up_with)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	change_incident("restored_at = started_at + interval '3 d'");
	add_incident("search", "during", TODAY + 2, 24 * 3);
	world_live(SCOPE_SERVICE, "search", TODAY + 60);
	rig_expect(&rig, NEWS, "fired shop open of search, resolved shop open of search");
	rig_expect(&rig, TOLD,
		   "fired to hook, fired to log, resolved to hook, resolved to log");
}
END_TEST

/* When watching begins there may be years of it. */
START_TEST(what_has_been_too_long_for_long_is_no_news)
{
	add_restored("search", 20);
	add_incident("search", "forgotten", TODAY - 400, 0);
	add_incident("search", "old", TODAY - 32, 0);
	add_incident("search", "new", TODAY - 30, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_expect(&rig, NEWS, "fired shop new of search");
}
END_TEST

/* Of several environments once; of a service and its team each, in one message. */
START_TEST(one_incident_is_told_once)
{
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	rig_run(&rig, "INSERT INTO dorad.service_incident SELECT (json_populate_record(i,"
		      " '{\"environment\": \"staging\"}')).* FROM"
		      " dorad.service_incident i");
	rig_run(&rig, "UPDATE dorad.rollout SET environment = 'staging'"
		      " WHERE deployment_id = (SELECT min(deployment_id) FROM"
		      " dorad.rollout)");
	world_live(SCOPE_SERVICE, "search", TODAY);
	world_live(SCOPE_TEAM, "red", TODAY);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	world_live(SCOPE_TEAM, "red", TODAY + 1);
	rig_expect(&rig, NEWS, "fired shop open of search, fired shop open of red");
	rig_expect(&rig,
		   "SELECT count(DISTINCT group_id) FROM dora.alerts"
		   " WHERE kind = 'incident'",
		   "1");
}
END_TEST

START_TEST(of_an_environment_that_nobody_watches_nothing_is_said)
{
	struct config *was = context.config;

	context.config = world_config("time_to_restore",
				      "      environments: [production]\n", "2d", "");
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_add_incident("search", "staging", "other", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_expect(&rig, NEWS, "fired shop open of search");
	config_unref(was);
}
END_TEST

START_TEST(of_few_nothing_is_said)
{
	add_restored("search", 18);
	add_incident("search", "open", TODAY - 20, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_expect(&rig, NEWS, "");
	/* what was restored in another year says nothing, either */
	add_incident("search", "ancient", TODAY - 367, 1);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, "");
	add_incident("search", "another", TODAY - 300, 1);
	world_live(SCOPE_SERVICE, "search", TODAY + 2);
	rig_expect(&rig, NEWS, "fired shop open of search");
}
END_TEST

/* Neither told nor over while nobody works: told on the first day that counts. */
START_TEST(masked_days_change_nothing)
{
	struct config *was = context.config;

	context.config = world_config("time_to_restore", "", "2d",
				      "calendars:\n  - name: default\n    days:"
				      " [\"2025-01-16\", \"2025-01-18\"]\n");
	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_expect(&rig, NEWS, "");
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, "fired shop open of search");
	rig_run(&rig, "UPDATE dorad.service_incident SET restored_at = started_at"
		      " + interval '70 h' WHERE external_id = 'open'");
	world_live(SCOPE_SERVICE, "search", TODAY + 2);
	rig_expect(&rig, NEWS, "fired shop open of search");
	world_live(SCOPE_SERVICE, "search", TODAY + 3);
	rig_expect(&rig, NEWS, "fired shop open of search, resolved shop open of search");
	config_unref(was);
}
END_TEST

START_TEST(what_is_no_longer_watched_is_withdrawn)
{
	struct config *was = context.config;

	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	context.config = world_config("deployment_frequency", "", "2d", "");
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS,
		   "fired shop open of search, withdrawn shop open of search");
	config_unref(was);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerts_incidents");
	TCase *tests = tcase_create("alerts_incidents");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, longer_than_nearly_all_is_told);
	tcase_add_loop_test(tests, it_ends_when, 0, G_N_ELEMENTS(ends));
	tcase_add_test(tests, what_is_not_known_changes_nothing);
	tcase_add_test(tests, a_day_is_judged_once);
	tcase_add_test(tests, a_clock_that_is_set_back_repeats_nothing);
	tcase_add_test(tests, of_what_is_over_nobody_hears);
	tcase_add_test(tests, an_outage_is_caught_up_with);
	tcase_add_test(tests, a_long_outage_is_not_caught_up_with);
	tcase_add_test(tests, what_has_been_too_long_for_long_is_no_news);
	tcase_add_test(tests, one_incident_is_told_once);
	tcase_add_test(tests, of_an_environment_that_nobody_watches_nothing_is_said);
	tcase_add_test(tests, of_few_nothing_is_said);
	tcase_add_test(tests, masked_days_change_nothing);
	tcase_add_test(tests, what_is_no_longer_watched_is_withdrawn);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
