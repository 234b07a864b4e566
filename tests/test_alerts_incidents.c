#include "tests/alerts_world.h"

/*
 * Incidents that are open for longer than others were: search has had a restored one each
 * second day, of one to n hours.
 */

#define TODAY (ONSET + 3)
#define NEWS                                                                             \
	"SELECT coalesce(string_agg(event || ' ' || name || ' of ' || coalesce(service," \
	" team), ', ' ORDER BY event_id), '') FROM dora.alert_history"                   \
	" WHERE kind = 'incident' AND event <> 'suspected'"

static struct config *before;

static void add_incident(const char *service, const char *id, gint32 day, double hours)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at, restored_at)"
		" SELECT s.scope_id, 'production', (SELECT min(source_id) FROM"
		" dorad.source), '', '%s', t.at, t.at + nullif(%g, 0) * interval '1 h'"
		" FROM dorad.scope s, (VALUES (timestamptz '2024-01-01 12:00Z'"
		" + %d * interval '1 d')) t (at)"
		" WHERE s.kind = 'service' AND s.name = '%s'",
		id, hours, day, service);

	rig_run(&rig, sql);
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
	rig_expect(&rig,
		   "SELECT string_agg(channel, ' ' ORDER BY channel) FROM dorad.outbox",
		   "hook log");
	world_live(SCOPE_SERVICE, "search", TODAY);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, "fired shop open of search");
}
END_TEST

static const struct {
	const char *what, *sql, *news;
} ends[] = {
	{ "it is restored", "restored_at = started_at + interval '40 h'",
	  "fired shop open of search, resolved shop open of search" },
	{ "it turns out not to count", "excluded = 'severity'",
	  "fired shop open of search, withdrawn shop open of search" },
	{ "it is restored later", "restored_at = started_at + interval '1000 h'",
	  "fired shop open of search" },
};

START_TEST(it_ends_when)
{
	g_autofree char *sql = g_strdup_printf("UPDATE dorad.service_incident SET %s"
					       " WHERE external_id = 'open'",
					       ends[_i].sql);

	add_restored("search", 20);
	add_incident("search", "open", TODAY - 1, 0);
	world_live(SCOPE_SERVICE, "search", TODAY);
	rig_run(&rig, sql);
	world_live(SCOPE_SERVICE, "search", TODAY + 1);
	rig_expect(&rig, NEWS, ends[_i].news);
	/* nothing is left to be watched of one that is over, and it may open again */
	world_live(SCOPE_SERVICE, "search", TODAY + 2);
	rig_run(&rig, "UPDATE dorad.service_incident SET restored_at = NULL,"
		      " excluded = NULL WHERE external_id = 'open'");
	if (_i < 2)
		rig_expect(&rig,
			   "SELECT count(*) FROM dora.watches WHERE kind = 'incident'",
			   "0");
	world_live(SCOPE_SERVICE, "search", TODAY + 3);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alerts WHERE kind = 'incident'"
		   " AND state = 'firing'",
		   "1");
}
END_TEST

START_TEST(of_few_nothing_is_said)
{
	add_restored("search", 18);
	add_incident("search", "open", TODAY - 40, 0);
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
		      " + interval '50 h' WHERE external_id = 'open'");
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
	tcase_add_test(tests, of_few_nothing_is_said);
	tcase_add_test(tests, masked_days_change_nothing);
	tcase_add_test(tests, what_is_no_longer_watched_is_withdrawn);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
