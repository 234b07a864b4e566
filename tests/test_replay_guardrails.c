#include <cjson/cJSON.h>
#include <math.h>

#include "tests/replay_print.h"

/*
 * Guardrails that lived day by day, and what a replay says of the same days.
 */

#define LAST (FIRST + 60)
#define ILL ONSET /* from when on all that search and mail deploy fails, */
#define WELL (ONSET + 14)
#define MOVED (ONSET + 10) /* mail goes to the team red */
#define SLOW (ONSET + 21)  /* mail: lead times are no longer at the limit; Monday */
#define MUTE (ONSET + 26)  /* search: nothing is heard of it */
#define LOUD (ONSET + 40)
#define BORN (FIRST + 12) /* mail: its first rollout; Monday */
/* The Thursday after SLOW is frozen. */
#define CALENDARS "calendars:\n  - name: default\n    freezes: [\"2025-02-06..2025-02-06\"]\n"

/* What was lived is what is replayed; of some it is known by hand. */
static const struct {
	const char *what, *name, *figure, *events;
} rows[] = {
	{ "a window that spans the first rollout", "born",
	  "deployment_frequency, service: mail, at_least: 9, over: 7d",
	  "nodata 373, data 385, learned 385, suspected 385, fired 387, resolved 395" },
	{ "exactly at the limit, and a second above it, with a day frozen between", "exact",
	  "change_lead_time, service: mail, at_most: 2d, over: 7d",
	  "nodata 373, data 385, learned 385, suspected 401, fired 404" },
	{ "no data is no breach", "few",
	  "failed_deployment_recovery_time, service: mail, at_most: 1h, minimum: 1000",
	  "nodata 373" },
	{ "one sample more than there are is no data", "tail",
	  "change_lead_time, statistic: p90, service: search, at_most: 5d, over: 28d", NULL },
	{ "failures count from the day on which they are known", "sound",
	  "change_fail_rate, service: search, at_most: 15%, minimum: 5", NULL },
	{ "those of a service from when on it is the team's", "team",
	  "change_fail_rate, team: red, at_most: 15%, over: 7d, minimum: 3", NULL },
	{ "what is open is so until it ends", "restored",
	  "time_to_restore, service: search, at_most: 6h", NULL },
	{ "a silence is none, nor are days that are masked", "steady",
	  "deployment_frequency, service: search, at_least: 9, over: 7d", NULL },
	{ "a number of samples", "samples",
	  "change_lead_time, statistic: n, team: red, at_least: 8, over: 7d", NULL },
	{ "of an org", "org",
	  "change_lead_time, statistic: p75, org: acme, at_most: 3d, over: 28d", NULL },
};

static void set_up(void)
{
	GString *text = g_string_new(NULL);
	struct config *config;

	world_set_up();
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_string_append_printf(
			text, "  - {name: %s, environment: production, metric: %s}\n",
			rows[i].name, rows[i].figure);
	g_string_append(text, CALENDARS);
	config = world_config("time_to_restore", "", "2d", text->str);
	g_string_free(text, TRUE);
	config_unref(rig.config);
	store_free(rig.store);
	rig.config = config;
	rig.store = store_new(config);
	rig_ok(store_sync_config(rig.store, config, &error));
	context = (struct work_context){ .config = config };
}

/* Runs it, with $service, and @N for the first instant of a day. */
static void run(const char *service, const char *sql)
{
	g_autoptr(GString) text = g_string_new(sql);

	g_string_replace(text, "$service",
			 "(SELECT scope_id FROM dorad.scope WHERE kind = 'service'"
			 " AND name = '$name')",
			 0);
	g_string_replace(text, "$name", service, 0);
	for (char *at; (at = strchr(text->str, '@'));) {
		gsize start = (gsize)(at - text->str);
		char *end;
		gint64 day = g_ascii_strtoll(at + 1, &end, 10);
		g_autofree char *time = instant_format(world_start_of((gint32)day));
		g_autofree char *quoted = g_strdup_printf("timestamptz '%s'", time);

		g_string_erase(text, (gssize)start, end - at);
		g_string_insert(text, (gssize)start, quoted);
	}
	rig_run(&rig, text->str);
}

static void forget(const char *service, gint32 from, gint32 to)
{
	static const char *const tables[] = { "shipped", "rollout_state", "rollout",
					      "deployment" };

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *sql = g_strdup_printf(
			"DELETE FROM dorad.%s WHERE service_id = $service AND"
			" finished_at >= @%d AND finished_at < @%d",
			tables[i], from, to);

		run(service, sql);
	}
}

/* On a day those are found to fail that are three days old, and those are repaired that
 * were found two days before. */
static void hear(const char *service, gint32 day)
{
	g_autofree char *failed = g_strdup_printf(
		"WITH f AS (UPDATE dorad.rollout_state SET state = 'failed'"
		" WHERE service_id = $service AND finished_at >= @%d"
		" AND finished_at < @%d RETURNING service_id, rollout_id),"
		" g AS (INSERT INTO dorad.failure SELECT service_id, rollout_id,"
		" 'incident', 0, 7, '', '$name' || rollout_id FROM f)"
		" INSERT INTO dorad.service_incident (service_id, environment, source_id,"
		" project, external_id, started_at) SELECT service_id, 'production', 7, '',"
		" '$name' || rollout_id, @%d + interval '12 h' FROM f",
		day - 3, day - 2, day);
	g_autofree char *repaired = g_strdup_printf(
		"WITH i AS (UPDATE dorad.service_incident SET restored_at = @%d +"
		" interval '20 h' WHERE service_id = $service AND restored_at IS NULL"
		" AND started_at < @%d RETURNING external_id)"
		" UPDATE dorad.rollout_state SET recovered_at = @%d + interval '20 h'"
		" WHERE service_id = $service"
		" AND '$name' || rollout_id IN (SELECT external_id FROM i)",
		day, day - 1, day);

	if (day - 3 >= ILL && day - 3 < WELL)
		run(service, failed);
	run(service, repaired);
}

static void live_all(void)
{
	forget("mail", 0, BORN);
	forget("search", MUTE, LOUD);
	run("mail", "UPDATE dorad.shipped SET lead_us = 172800000000"
		    " + CASE WHEN finished_at >= @" G_STRINGIFY(399) " THEN 1000000 ELSE 0"
		    " END WHERE service_id = $service");
	run("mail", "UPDATE dorad.ownership SET valid_to = @388 WHERE service_id = $service");
	run("mail", "INSERT INTO dorad.ownership SELECT $service, scope_id, @388, 'infinity'"
		    " FROM dorad.scope WHERE kind = 'team' AND name = 'red'");
	for (gint32 day = FIRST; day <= LAST; day++) {
		hear("search", day);
		hear("mail", day);
		world_live(SCOPE_SERVICE, "search", day);
		world_live(SCOPE_SERVICE, "mail", day);
		world_live(SCOPE_TEAM, "red", day);
		world_live(SCOPE_ORG, "acme", day);
	}
}

/* ---- comparing ---- */

static char *lived_of(const char *name, gint32 since)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT coalesce(string_agg(event || ' ' || at::date - 1 - date"
		" '2024-01-01', ', ' ORDER BY event_id), '') FROM dora.alert_history"
		" WHERE name = '%s' AND kind = 'guardrail'"
		" AND at::date - 1 >= date '2024-01-01' + %d",
		name, since);

	return rig_ask(&rig, sql);
}

static char *played_of(const struct replay_series *series, gint32 since)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		if (event->day >= DAY0 + since)
			g_string_append_printf(text, "%s%s %d", text->len ? ", " : "",
					       watch_event_name(event->event),
					       event->day - DAY0);
	}
	return g_string_free(text, FALSE);
}

/* A replay learns for eight weeks, and so begins with the first day that was lived. */
static const struct replay_query whole = { .since = DAY0 + FIRST + 8 * 7,
					   .until = DAY0 + LAST };

static GArray *replay(const struct replay_query *query)
{
	GArray *all;

	rig_ok((all = alert_replay(rig.store, rig.config, query, world_start_of(LAST + 2),
				   &error)));
	rig_ok(alert_replay_guardrails(rig.store, rig.config, query,
				       world_start_of(LAST + 2), all, &error));
	return all;
}

static GArray *replay_one(const char *name, gint32 since)
{
	struct replay_query query = whole;
	GArray *all;

	query.guardrail = name;
	query.since = DAY0 + since;
	all = replay(&query);
	ck_assert_msg(all->len == 1, "%s: %u series", name, all->len);
	return all;
}

#define ONLY(all) (&g_array_index(all, struct replay_series, 0))

/* The numbers that were told, too. */
static void compare_numbers(const struct replay_series *series)
{
	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);
		g_autofree char *sql = NULL;

		if (event->event != WATCH_FIRED)
			continue;
		sql = g_strdup_printf(
			"SELECT count(*) FROM dora.alerts WHERE name = '%s' AND after_to ="
			" date '1970-01-01' + %d AND after_rate = %.17g AND after_n ="
			" %" G_GINT64_FORMAT " AND onset::date = date '1970-01-01' + %d",
			series->rail->name, event->day, event->value, event->n,
			event->onset);
		rig_expect(&rig, sql, "1");
	}
}

static void compare_all(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		GArray *all = replay_one(rows[i].name, FIRST + 8 * 7);
		g_autofree char *lived = lived_of(rows[i].name, FIRST);
		g_autofree char *played = played_of(ONLY(all), FIRST);

		ck_assert_msg(strcmp(lived, played) == 0,
			      "%s: \"%s\" is replayed as \"%s\"", rows[i].what, lived,
			      played);
		ck_assert_msg(!rows[i].events || strcmp(lived, rows[i].events) == 0,
			      "%s: \"%s\"", rows[i].what, lived);
		ck_assert_int_eq(ONLY(all)->known_from, WATCH_NEVER);
		compare_numbers(ONLY(all));
		if (g_getenv("DORAD_SAY"))
			printf("%s: %s %s\n", rows[i].name, lived, ONLY(all)->weeks->str);
		g_array_unref(all);
	}
}

START_TEST(a_replay_of_guardrails_tells_what_was_lived)
{
	live_all();
	compare_all();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replay_guardrails");
	TCase *tests = tcase_create("replay_guardrails");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, set_up, world_tear_down);
	tcase_add_test(tests, a_replay_of_guardrails_tells_what_was_lived);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
