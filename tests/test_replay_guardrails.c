#include <cjson/cJSON.h>
#include <math.h>

#include "tests/rails_world.h"
#include "tests/replay_print.h"

/*
 * Guardrails that lived day by day, and what a replay says of the same days.
 */

/* What was lived is what is replayed; of some it is known by hand. */
static const struct {
	const char *what, *name, *figure, *events;
} rows[] = {
	{ "a window that spans the first rollout", "born",
	  "deployment_frequency, service: mail, at_least: 9, over: 7d",
	  "nodata 373, data 385, learned 385, suspected 385, fired 387, resolved 395" },
	{ "exactly at the limit, and a second above it, with a day frozen between",
	  "exact", "change_lead_time, service: mail, at_most: 2d, over: 7d",
	  "nodata 373, data 387, learned 387, suspected 401, fired 404" },
	{ "no data is no breach", "few",
	  "failed_deployment_recovery_time, service: mail, at_most: 1h, minimum: 1000",
	  "nodata 373" },
	{ "a percentile, over a silence", "tail",
	  "change_lead_time, statistic: p90, service: search, at_most: 5d, over: 28d",
	  NULL },
	{ "failures count from the day on which they are known", "sound",
	  "change_fail_rate, service: search, at_most: 15%, minimum: 5", NULL },
	{ "those of a service from when on it is the team's", "team",
	  "change_fail_rate, team: red, at_most: 15%, over: 7d, minimum: 3", NULL },
	{ "what is open is so until it ends", "restored",
	  "time_to_restore, service: search, at_most: 6h", NULL },
	{ "a silence is none, nor are days that are masked", "steady",
	  "deployment_frequency, service: search, at_least: 9, over: 7d",
	  "learned 373, nodata 408, data 420" },
	{ "a number of samples", "samples",
	  "change_lead_time, statistic: n, team: red, at_least: 8, over: 7d", NULL },
	{ "of an org", "org",
	  "change_lead_time, statistic: p75, org: acme, at_most: 3d, over: 28d", NULL },
};

static void set_up(void)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_string_append_printf(
			text, "  - {name: %s, environment: production, metric: %s}\n",
			rows[i].name, rows[i].figure);
	rails_set_up(text->str);
}

static void live_all(void)
{
	rails_make_facts();
	for (gint32 day = FIRST; day <= LAST; day++) {
		rails_hear(day);
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

/* A replay of the days that were lived. */
static const struct replay_query whole = { .since = DAY0 + FIRST + 8 * 7,
					   .first = DAY0 + FIRST,
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
	query.first = query.since - 8 * 7;
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
			"SELECT count(*) FROM dora.alerts WHERE name = '%s' AND after_to "
			"="
			" date '1970-01-01' + %d AND after_rate = %.17g AND after_n ="
			" %" G_GINT64_FORMAT " AND onset::date = date '1970-01-01' + %d",
			series->rail->name, event->day, event->value, event->n,
			event->onset);
		rig_expect(&rig, sql, "1");
	}
}

static void compare_all(void)
{
	g_autoptr(GString) wrong = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		GArray *all = replay_one(rows[i].name, FIRST + 8 * 7);
		g_autofree char *lived = lived_of(rows[i].name, FIRST);
		g_autofree char *played = played_of(ONLY(all), FIRST);

		if (strcmp(lived, played) != 0 ||
		    (rows[i].events && strcmp(lived, rows[i].events) != 0))
			g_string_append_printf(wrong,
					       "%s: was \"%s\", is replayed as \"%s\"\n",
					       rows[i].what, lived, played);
		ck_assert_int_eq(ONLY(all)->known_from, WATCH_NEVER);
		compare_numbers(ONLY(all));
		if (g_getenv("DORAD_SAY"))
			printf("%s: %s %s\n", rows[i].name, lived, ONLY(all)->weeks->str);
		g_array_unref(all);
	}
	ck_assert_str_eq(wrong->str, "");
}

START_TEST(a_replay_of_guardrails_tells_what_was_lived)
{
	g_autofree char *before = NULL, *after = NULL;

	live_all();
	before = rig_rows(&rig);
	compare_all();
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

/* A fact that came late counts on its day, as for one that knew it all along. */
START_TEST(a_late_fact_is_known_to_a_replay)
{
	const gint32 from = FIRST + 1, until = ONSET + 25;
	g_autofree char *lived = NULL, *aware = NULL, *played = NULL, *sql = NULL;
	GArray *all;

	sql = g_strdup_printf("CREATE TABLE late AS SELECT * FROM dorad.shipped WHERE"
			      " service_id = $service AND finished_at >= @%d AND"
			      " finished_at < @%d; DELETE FROM dorad.shipped WHERE"
			      " (service_id, finished_at) IN (SELECT service_id,"
			      " finished_at FROM late)",
			      ONSET, ONSET + 10);
	rails_run("search", sql);
	for (gint32 day = FIRST; day <= until; day++) {
		if (day == ONSET + 15)
			rig_run(&rig, "INSERT INTO dorad.shipped SELECT * FROM late");
		world_live(SCOPE_SERVICE, "search", day);
		world_live(SCOPE_SERVICE, "mail", day);
	}
	all = replay_one("fast", FIRST);
	lived = lived_of("fast", from);
	aware = lived_of("exact", from);
	played = played_of(ONLY(all), from);
	ck_assert_str_ne(lived, aware);
	ck_assert_str_eq(played, aware);
	ck_assert(strstr(played, "fired"));
	g_array_unref(all);
}
END_TEST

static void expect_known(const char *name, gint32 known, gint32 since)
{
	GArray *all = replay_one(name, FIRST);

	ck_assert_msg(ONLY(all)->known_from == known, "%s: %d", name,
		      ONLY(all)->known_from - DAY0);
	ck_assert_msg(ONLY(all)->since == DAY0 + since, "%s: %d", name,
		      ONLY(all)->since - DAY0);
	g_array_unref(all);
}

/* Windows that are not whole any more are not judged, and it is said. */
START_TEST(what_is_deleted_is_not_replayed)
{
	const struct replay_query query = { .since = DAY0 + FIRST,
					    .until = DAY0 + LAST,
					    .guardrail = "sound" };
	g_autofree char *early = NULL, *late = NULL, *text = NULL, *json = NULL;
	GArray *all;

	rails_know_all();
	all = replay_one("sound", FIRST);
	early = played_of(ONLY(all), 0);
	g_array_unref(all);
	rails_run("", "INSERT INTO dorad.retention VALUES ('incidents', @380),"
		      " ('authors', @390), ('changes', @420), ('runs', @420)");
	expect_known("sound", DAY0 + 380 + 28, 380 + 28);
	expect_known("restored", DAY0 + 380 + 28, 380 + 28);
	expect_known("exact", DAY0 + 390 + 7, 390 + 7);
	expect_known("samples", WATCH_NEVER, FIRST);
	expect_known("born", WATCH_NEVER, BORN);
	/* what fired before is suspected anew */
	all = replay_one("sound", FIRST);
	late = played_of(ONLY(all), 0);
	ck_assert_str_eq(early, "learned 317, suspected 384, fired 386, nodata 408, data "
				"420, resolved 426");
	ck_assert_str_eq(late, "nodata 408, data 420, learned 420");
	text = replay_printed(&query, all, false);
	ck_assert_msg(strstr(text, ": known from 2025-02-12 on, what it rests on is "
				   "deleted before\n"),
		      "%s", text);
	json = replay_printed(&query, all, true);
	ck_assert_msg(strstr(json, "\"known_from\":\t\"2025-02-12\""), "%s", json);
	g_array_unref(all);
	/* nothing at all can be said */
	rails_run("",
		  "UPDATE dorad.retention SET kept_from = @420 WHERE kind = 'incidents'");
	all = replay_one("sound", FIRST);
	ck_assert_int_gt(ONLY(all)->since, ONLY(all)->until);
	ck_assert_uint_eq(ONLY(all)->events->len, 0);
	ck_assert_str_eq(ONLY(all)->weeks->str, "");
	g_array_unref(all);
}
END_TEST

static const struct {
	const char *what;
	struct replay_query query;
	const char *rails; /* of those that are played */
	bool rules;	   /* regressions are, too */
} choices[] = {
	{ "one by name", { .guardrail = "team" }, "team", false },
	{ "a rule leaves them out", { .rule = "all" }, "", true },
	{ "those of a metric, which no rule watches",
	  { .metric = "deployment_frequency" },
	  "born steady",
	  false },
	{ "those of a team",
	  { .scope = "red", .kind = SCOPE_TEAM },
	  "team samples",
	  true },
	{ "those of an org", { .scope = "acme", .kind = SCOPE_ORG }, "org", false },
	{ "of a service that has none",
	  { .scope = "cart", .kind = SCOPE_SERVICE },
	  "",
	  false },
};

START_TEST(guardrails_are_chosen)
{
	rails_know_all();
	for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
		struct replay_query query = choices[i].query;
		g_autoptr(GString) names = g_string_new(NULL);
		bool rules = false;
		GArray *all;

		query.since = whole.since;
		query.until = whole.until;
		all = replay(&query);
		for (guint k = 0; k < all->len; k++) {
			const struct replay_series *series = &g_array_index(
				all, struct replay_series, k);

			rules |= series->rule != NULL;
			ck_assert(!series->rule == !!series->rail);
			if (series->rail)
				g_string_append_printf(names, "%s%s",
						       names->len ? " " : "",
						       series->rail->name);
		}
		ck_assert_msg(rules == choices[i].rules, "%s", choices[i].what);
		ck_assert_msg(strcmp(names->str, choices[i].rails) == 0, "%s: %s",
			      choices[i].what, names->str);
		g_array_unref(all);
	}
}
END_TEST

static const char *text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
}

static double number_of(const cJSON *object, const char *key)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItem(object, key));
}

START_TEST(guardrails_are_printed)
{
	const struct replay_query query = { .since = DAY0 + FIRST,
					    .until = DAY0 + LAST,
					    .guardrail = "sound" };
	g_autofree char *text = NULL, *json = NULL;
	const cJSON *alert, *objective, *series;
	GArray *all;
	cJSON *whole_json;

	rails_know_all();
	all = replay(&query);
	text = replay_printed(&query, all, false);
	ck_assert_msg(
		g_str_has_prefix(text,
				 "2025-01-21  guardrail sound: value of "
				 "change_fail_rate, service search, production: since "
				 "2025-01-19, 25 % over 28 days, at most 15 % "
				 "allowed, n 40, resolved 2025-03-02\n\n. ok,") &&
			strstr(text,
			       "\nnot played: regressions, improvements, open incidents\n"
			       "guardrail sound: 1 alerts of 1 series, 5.99 a "
			       "year and series\n"),
		"%s", text);
	json = replay_printed(&query, all, true);
	whole_json = cJSON_Parse(json);
	alert = cJSON_GetArrayItem(cJSON_GetObjectItem(whole_json, "alerts"), 0);
	series = cJSON_GetArrayItem(cJSON_GetObjectItem(whole_json, "series"), 0);
	objective = cJSON_GetObjectItem(alert, "objective");
	ck_assert_str_eq(text_of(alert, "kind"), "guardrail");
	ck_assert_str_eq(text_of(alert, "name"), "sound");
	ck_assert_str_eq(text_of(alert, "scope_kind"), "service");
	ck_assert_str_eq(text_of(alert, "scope"), "search");
	ck_assert_str_eq(text_of(alert, "metric"), "change_fail_rate");
	ck_assert_str_eq(text_of(alert, "fired"), "2025-01-21");
	ck_assert_str_eq(text_of(alert, "state"), "resolved");
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(alert, "rule")));
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(alert, "evidence")));
	ck_assert_double_eq_tol(number_of(alert, "value"), 0.25, 1e-9);
	ck_assert_double_eq(number_of(alert, "n"), 40);
	ck_assert_str_eq(text_of(objective, "direction"), "at most");
	ck_assert_double_eq_tol(number_of(objective, "limit"), 0.15, 1e-9);
	ck_assert_double_eq(number_of(objective, "window_days"), 28);
	ck_assert_str_eq(text_of(series, "kind"), "guardrail");
	ck_assert_str_eq(text_of(series, "weeks"), ONLY(all)->weeks->str);
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(series, "known_from")));
	cJSON_Delete(whole_json);
	g_array_unref(all);
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
	tcase_add_test(tests, a_late_fact_is_known_to_a_replay);
	tcase_add_test(tests, what_is_deleted_is_not_replayed);
	tcase_add_test(tests, guardrails_are_chosen);
	tcase_add_test(tests, guardrails_are_printed);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
