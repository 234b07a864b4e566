#include <cjson/cJSON.h>
#include <math.h>

#include "tests/replay_print.h"

/*
 * Incidents that are open for very long, lived day by day or caught up with, and what a
 * replay says of the same days.
 */

#define LAST (FIRST + 60)
#define MOVED "2025-01-23" /* mail goes to the team red */

static void set_up(void)
{
	static const char rule[] = "      environments: [production]\n"
				   "      orgs: [\"*\"]\n"
				   "      teams: [\"*\"]\n"
				   "      services: [\"*\"]\n"
				   "    - name: rest\n"
				   "      metrics: [time_to_restore]\n"
				   "      orgs: [\"*\"]\n"
				   "      teams: [\"*\"]\n"
				   "      services: [\"*\"]\n";
	static const char calendars[] = "calendars:\n  - name: default\n    freezes:"
					" [\"2025-02-06..2025-02-08\"]\n";

	world_set_up();
	world_use(world_config("time_to_restore", rule, "2d", calendars));
}

/* ---- facts ---- */

/* Mostly hours, sometimes days, and some are never restored. */
static double some_hours(GRand *rand)
{
	double hours = g_rand_double_range(rand, 1, 30);

	switch (g_rand_int_range(rand, 0, 12)) {
	case 0:
		return 0;
	case 1:
	case 2:
	case 3:
		return 7 * hours;
	default:
		return hours;
	}
}

/* A year of restored ones, and one each second day that is lived, in one environment or
 * in both; some are also of the other service. */
static void make_facts(void)
{
	static const char *const services[] = { "search", "mail" };
	g_autoptr(GRand) rand = g_rand_new_with_seed(11);

	for (gint32 day = FIRST - 300; day <= LAST; day += day < FIRST - 8 ? 7 : 1) {
		const guint nth = (guint)g_rand_int_range(rand, 0, 2);
		const gint32 kind = g_rand_int_range(rand, 0, 8);
		const bool past = day < FIRST - 8;
		const double hours = past ? g_rand_double_range(rand, 1, 30)
					  : some_hours(rand);
		g_autofree char *id = g_strdup_printf("%d", day);

		for (guint i = 0; i < 2; i++) {
			if (i != nth && kind != 0 && !past)
				continue;
			if (kind != 1 || past)
				world_add_incident(services[i], "production", id, day,
						   hours);
			if (kind <= 2 || past)
				world_add_incident(services[i], "staging", id, day,
						   hours);
		}
	}
	rig_run(&rig, "UPDATE dorad.ownership SET valid_to = '" MOVED "Z' WHERE"
		      " service_id = (SELECT scope_id FROM dorad.scope"
		      " WHERE name = 'mail' AND kind = 'service')");
	rig_run(&rig, "INSERT INTO dorad.ownership SELECT o.service_id, s.scope_id,"
		      " o.valid_to, 'infinity' FROM dorad.ownership o, dorad.scope s"
		      " WHERE o.valid_to < 'infinity' AND s.kind = 'team'"
		      " AND s.name = 'red'");
}

/* On how many days nobody looks between two on which somebody does: at most. */
static const struct {
	enum scope_kind kind;
	const char *name;
	gint32 away;
} lives[] = {
	{ SCOPE_SERVICE, "search", 0 }, { SCOPE_SERVICE, "mail", 12 },
	{ SCOPE_TEAM, "red", 5 },	{ SCOPE_TEAM, "blue", 29 },
	{ SCOPE_ORG, "acme", 20 },
};

static void live_all(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(12);

	for (gsize i = 0; i < G_N_ELEMENTS(lives); i++)
		for (gint32 day = FIRST; day <= LAST;) {
			world_live(lives[i].kind, lives[i].name, day);
			if (day == LAST)
				break;
			day = MIN(LAST,
				  day + 1 + g_rand_int_range(rand, 0, lives[i].away + 1));
		}
}

/* ---- comparing ---- */

/* A replay of the days that were lived. */
static const struct replay_query whole = { .since = DAY0 + FIRST + 8 * 7,
					   .first = DAY0 + FIRST,
					   .until = DAY0 + LAST };

static GArray *replay(const struct replay_query *query)
{
	GArray *all;

	rig_ok((all = alert_replay(rig.store, rig.config, query, world_start_of(LAST + 2),
				   &error)));
	g_array_set_size(all, 0);
	rig_ok(alert_replay_incidents(rig.store, rig.config, query,
				      world_start_of(LAST + 2), all, &error));
	return all;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What happened, a line each: in another order of the environments it is the same. */
static char *played(const GArray *all)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < all->len; i++) {
		const struct replay_series *series = &g_array_index(
			all, struct replay_series, i);

		for (guint k = 0; k < series->events->len; k++) {
			const struct replay_event *event = &g_array_index(
				series->events, struct replay_event, k);
			const bool fired = event->event == WATCH_FIRED;
			g_autofree char *numbers = g_strdup_printf(
				" %d %.0f %.0f %" G_GINT64_FORMAT " %s",
				fired ? event->onset - DAY0 : 0, event->value,
				event->usual, event->n, series->rule->name);

			g_ptr_array_add(lines,
					g_strdup_printf("%s %s %s %s %d%s", series->scope,
							series->environment, event->name,
							watch_event_name(event->event),
							event->day - DAY0,
							fired ? numbers : ""));
		}
	}
	g_ptr_array_sort(lines, by_name);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("\n", (char **)lines->pdata);
}

static char *lived(void)
{
	return rig_ask(
		&rig,
		"SELECT string_agg(x.line, E'\\n' ORDER BY x.line COLLATE \"C\") FROM"
		" (SELECT concat_ws(' ', coalesce(h.service, h.team, h.org),"
		" h.environment, h.name, h.event, h.at::date - 1 - date '2024-01-01',"
		" CASE WHEN h.event = 'fired' THEN concat_ws(' ', a.onset::date -"
		" date '2024-01-01', round(a.after_rate), round(a.before_rate),"
		" a.before_n, a.rule) END) AS line FROM dora.alert_history h"
		" JOIN dora.alerts a USING (alert) WHERE h.kind = 'incident') x");
}

static guint count(const char *text, const char *what)
{
	guint n = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

START_TEST(a_replay_of_incidents_tells_what_was_lived)
{
	g_autofree char *then = NULL, *again = NULL, *before = NULL, *after = NULL;
	GArray *all;

	make_facts();
	live_all();
	then = lived();
	before = rig_rows(&rig);
	all = replay(&whole);
	after = rig_rows(&rig);
	again = played(all);
	ck_assert_str_eq(then, again);
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(all->len, 2 * G_N_ELEMENTS(lives));
	/* there is something of everything; mail leaves its team with what fires */
	ck_assert_uint_ge(count(then, " fired "), 30);
	ck_assert_uint_ge(count(then, " resolved "), 20);
	ck_assert_uint_ge(count(then, " withdrawn "), 1);
	ck_assert(count(then, "staging") && count(then, "rest") && count(then, "acme"));
	g_array_unref(all);
}
END_TEST

/* ---- what is chosen and shown ---- */

static const struct {
	const char *what;
	struct replay_query query;
	const char *series;
} choices[] = {
	{ "those of a rule, though another has told of some",
	  { .rule = "rest", .kind = SCOPE_SERVICE, .scope = "search" },
	  "search staging" },
	{ "those of a team",
	  { .kind = SCOPE_TEAM, .scope = "red" },
	  "red production, red staging" },
	{ "those of time to restore",
	  { .metric = "time_to_restore", .kind = SCOPE_SERVICE, .scope = "mail" },
	  "mail production, mail staging" },
	{ "another metric has none", { .metric = "change_lead_time" }, "" },
	{ "nor has a guardrail", { .guardrail = "fast" }, "" },
	{ "nor a service without a fact",
	  { .kind = SCOPE_SERVICE, .scope = "cart" },
	  "" },
};

START_TEST(incidents_are_chosen)
{
	make_facts();
	world_set_fresh(world_start_of(LAST + 2));
	for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
		struct replay_query query = choices[i].query;
		g_autoptr(GString) names = g_string_new(NULL);
		GArray *all;

		query.since = whole.since;
		query.first = whole.first;
		query.until = whole.until;
		all = replay(&query);
		for (guint k = 0; k < all->len; k++) {
			const struct replay_series *series = &g_array_index(
				all, struct replay_series, k);

			ck_assert(series->incidents && series->rule && !series->rail);
			g_string_append_printf(names, "%s%s %s", names->len ? ", " : "",
					       series->scope, series->environment);
		}
		ck_assert_msg(strcmp(names->str, choices[i].series) == 0, "%s: %s",
			      choices[i].what, names->str);
		g_array_unref(all);
	}
}
END_TEST

/* 20 that took 1 to 20 h, and two at once. */
static void make_few(void)
{
	for (gint32 i = 1; i <= 20; i++) {
		g_autofree char *id = g_strdup_printf("old-%d", i);

		world_add_incident("search", "production", id, FIRST - 2 * i, i);
	}
	world_add_incident("search", "production", "one", FIRST + 9, 0);
	world_add_incident("search", "production", "two", FIRST + 10, 24 * 4);
	world_set_fresh(world_start_of(LAST + 2));
}

static const struct replay_query few = { .since = DAY0 + FIRST,
					 .until = DAY0 + FIRST + 20,
					 .kind = SCOPE_SERVICE,
					 .scope = "search" };

static const char *text_of(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(object, key));
}

static double number_of(const cJSON *object, const char *key)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItem(object, key));
}

START_TEST(incidents_are_printed)
{
	g_autofree char *text = NULL, *json = NULL;
	const cJSON *alert, *series, *sum;
	cJSON *parsed;
	GArray *all;

	make_few();
	all = replay(&few);
	text = replay_printed(&few, all, false);
	ck_assert_msg(
		g_str_has_prefix(
			text,
			"2025-01-18  incident shop one: time_to_restore, service search,"
			" production: since 2025-01-17, open for 1d 12h, 95 % of 20 took"
			" at most 19h 3m, still firing\n"
			"2025-01-19  incident shop two: time_to_restore, service search,"
			" production: since 2025-01-18, open for 1d 12h, 95 % of 20 took"
			" at most 19h 3m, resolved 2025-01-22\n\n. ok,") &&
			strstr(text,
			       "\n.FF  open incidents: time_to_restore, service search,"
			       " production\n\nnot played: improvements\n"
			       "open incidents of rule all: 2 alerts of 1 series, 34.79 a"
			       " year and series\n"),
		"%s", text);
	json = replay_printed(&few, all, true);
	parsed = cJSON_Parse(json);
	alert = cJSON_GetArrayItem(cJSON_GetObjectItem(parsed, "alerts"), 1);
	series = cJSON_GetArrayItem(cJSON_GetObjectItem(parsed, "series"), 0);
	sum = cJSON_GetArrayItem(cJSON_GetObjectItem(parsed, "incidents"), 0);
	ck_assert_str_eq(text_of(alert, "kind"), "incident");
	ck_assert_str_eq(text_of(alert, "name"), "shop two");
	ck_assert_str_eq(text_of(alert, "metric"), "time_to_restore");
	ck_assert_str_eq(text_of(alert, "scope_kind"), "service");
	ck_assert_str_eq(text_of(alert, "scope"), "search");
	ck_assert_str_eq(text_of(alert, "rule"), "all");
	ck_assert_str_eq(text_of(alert, "onset"), "2025-01-18");
	ck_assert_str_eq(text_of(alert, "fired"), "2025-01-19");
	ck_assert_str_eq(text_of(alert, "state"), "resolved");
	ck_assert_str_eq(text_of(alert, "ended"), "2025-01-22");
	ck_assert_double_eq(number_of(alert, "value"), 36 * 3600);
	ck_assert_double_eq_tol(number_of(alert, "usual"), 19.05 * 3600, 1e-6);
	ck_assert_double_eq(number_of(alert, "n"), 20);
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(alert, "evidence")));
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(alert, "objective")));
	ck_assert_str_eq(text_of(series, "kind"), "incident");
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(series, "name")));
	ck_assert_str_eq(text_of(series, "weeks"), ".FF");
	ck_assert_str_eq(text_of(sum, "rule"), "all");
	ck_assert_double_eq(number_of(sum, "alerts"), 2);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(parsed, "rules")), 0);
	cJSON_Delete(parsed);
	g_array_unref(all);
}
END_TEST

/* Years that are not whole any more say nothing, and it is said. What is open still is
 * told on the first day that can be judged. */
START_TEST(what_is_deleted_is_not_replayed)
{
	g_autofree char *text = NULL;
	const struct replay_series *series;
	GArray *all;

	make_few();
	rig_run(&rig, "INSERT INTO dorad.retention VALUES ('incidents',"
		      " '2024-01-23 00:00Z')");
	all = replay(&few);
	series = &g_array_index(all, struct replay_series, 0);
	ck_assert_int_eq(series->since, DAY0 + 22 + 365);
	text = replay_printed(&few, all, false);
	ck_assert_msg(strstr(text, "production: known from 2025-01-22 on, what it rests"
				   " on is deleted before\n") &&
			      g_str_has_prefix(text, "2025-01-22  incident shop one:") &&
			      !strstr(text, "shop two"),
		      "%s", text);
	g_array_unref(all);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replay_incidents");
	TCase *tests = tcase_create("replay_incidents");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, set_up, world_tear_down);
	tcase_add_test(tests, a_replay_of_incidents_tells_what_was_lived);
	tcase_add_test(tests, incidents_are_chosen);
	tcase_add_test(tests, incidents_are_printed);
	tcase_add_test(tests, what_is_deleted_is_not_replayed);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
