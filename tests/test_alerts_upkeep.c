#include "collector/evaluate_alerts.h"

#include <math.h>

#include "tests/alerts_world.h"

/*
 * What becomes of watches when something other than their metric changes: the
 * configuration, the clock, what is known of their past.
 */

#define STATES                                                                           \
	"SELECT string_agg(kind || ' ' || state || coalesce(': ' || reason, ''), ', '"   \
	" ORDER BY kind) FROM dora.alerts WHERE direction = 'worse'"
#define CHANGED "it is measured differently now"

static struct config *before;

/* Another configuration, an hour after the morning after a day: no day is to be judged.
 */
static void reconfigure(struct config *config, gint32 day)
{
	context.config = config;
	world_evaluate(SCOPE_SERVICE, "search",
		       world_start_of(day + 1) + 8 * G_TIME_SPAN_HOUR);
}

static void set_up(void)
{
	world_set_up();
	before = context.config;
}

static void tear_down(void)
{
	if (context.config != before)
		config_unref(context.config);
	world_tear_down();
}

/* What is frozen is of how it was measured. */
START_TEST(what_is_measured_differently_is_withdrawn)
{
	static const char *const worked = "      durations: working_days\n";
	struct config *other = world_config(NULL, worked, "2d", "");

	world_live_through("search", FIRST, ONSET + 24);
	rig_expect(&rig, STATES, "guardrail firing, regression firing");
	reconfigure(other, ONSET + 24);
	rig_expect(&rig, STATES, "guardrail firing, regression withdrawn: " CHANGED);
	rig_expect(&rig,
		   "SELECT concat_ws(' ', state, quiet, baseline_start, alert_id)"
		   " FROM dorad.watch WHERE metric = 'change_lead_time'"
		   " AND kind = 'regression' AND direction = 'worse'",
		   "ok 0");
	config_unref(other);
	reconfigure(world_config(NULL, worked, "3d", ""), ONSET + 24);
	rig_expect(&rig, STATES,
		   "guardrail withdrawn: " CHANGED ", regression withdrawn: " CHANGED);
	/* whoever was told of it is told */
	rig_expect(&rig,
		   "SELECT string_agg(o.channel, ' ' ORDER BY 1) FROM dorad.outbox o"
		   " JOIN dorad.alert_event e USING (event_id)"
		   " WHERE e.event = 'withdrawn'",
		   "hook log log");
}
END_TEST

/* What it takes to fire is asked of what is to fire: what does is the same story, and
 * goes on by what it fired with. */
START_TEST(what_it_takes_to_fire_ends_nothing)
{
	static const char *const rules[] = {
		"      sensitivity: high\n",
		"      sensitivity: low\n",
		"      at_least: 9\n",
		"      sensitivity: low\n      at_least: 10\n",
	};

	world_live_through("search", FIRST, ONSET + 24);
	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		const gint32 day = ONSET + 24 + 2 * (gint32)i;
		struct config *old = context.config;

		reconfigure(world_config(NULL, rules[i], "2d", ""), day);
		if (old != before)
			config_unref(old);
		world_live_through("search", day + 1, day + 2);
		rig_expect(&rig, STATES, "guardrail firing, regression firing");
	}
	rig_expect(&rig,
		   "SELECT concat_ws(' ', count(*), min(a.sensitivity), min(a.gate),"
		   " (SELECT count(*) FROM dorad.alert_event e WHERE e.alert_id ="
		   " min(a.alert_id) AND e.event NOT IN ('fired', 'worsened')))"
		   " FROM dorad.alert a WHERE a.kind = 'regression'"
		   " AND a.direction = 'worse'",
		   "1 default 0 0");
	/* and ends by it */
	rig_run(&rig, "UPDATE dorad.shipped SET lead_us = lead_us / 3"
		      " WHERE finished_at >= timestamptz '2025-01-13 00:00Z'");
	world_live_through("search", ONSET + 33, ONSET + 33);
	rig_expect(&rig,
		   "SELECT state || ': ' || reason FROM dora.alerts"
		   " WHERE kind = 'regression' AND direction = 'worse'",
		   "withdrawn: late facts undid it");
}
END_TEST

/* What as few people were told of as are too few now is told no longer, be it in a
 * message that waits. */
START_TEST(numbers_of_too_few_are_taken_back)
{
	static const struct {
		const char *sections, *medians, *points, *guarded, *state;
	} cases[] = {
		{ "privacy:\n  minimum_authors: 1\n", "4", "2", "1", "firing" },
		{ "privacy:\n  minimum_authors: 5\n", "0", "0", "0", "firing" },
		{ "privacy:\n  minimum_authors: 6\n", "0", "0", "0",
		  "withdrawn: too few people stand behind it" },
	};
	static const char *const medians =
		"SELECT num_nonnulls(before_median, before_p85, after_median, after_p85)"
		" FROM dora.alerts WHERE kind = 'regression' AND direction = 'worse'";
	static const char *const points =
		"SELECT num_nonnulls(before, after) FROM dora.change_points";
	static const char *const hook = "hook";
	GPtrArray *messages;

	world_live_through("search", FIRST, ONSET + 24);
	rig_expect(&rig, medians, "4");
	rig_expect(&rig, points, "2");
	world_use(world_config(NULL, "", "2d", cases[_i].sections));
	before = context.config;
	rig_expect(&rig, medians, cases[_i].medians);
	rig_expect(&rig, points, cases[_i].points);
	rig_expect(&rig,
		   "SELECT num_nonnulls(after_rate) FROM dora.alerts"
		   " WHERE kind = 'guardrail'",
		   cases[_i].guarded);
	rig_ok((messages = store_outbox_due(rig.store, &hook, 1,
					    world_start_of(ONSET + 26), 10, &error)));
	ck_assert_uint_eq(messages->len, 1);
	for (guint i = 0; i < messages->len; i++) {
		const struct outbox_message *message = messages->pdata[i];
		const struct alert_row *row = &g_array_index(message->alerts,
							     struct alert_row, 0);

		ck_assert_int_eq(isnan(row->shift.before.median),
				 cases[_i].medians[0] == '0');
	}
	outbox_messages_free(messages);
	world_live_through("search", ONSET + 25, ONSET + 25);
	rig_expect(&rig,
		   "SELECT concat_ws(': ', state, reason) FROM dora.alerts"
		   " WHERE kind = 'regression' AND direction = 'worse'",
		   cases[_i].state);
	rig_expect(&rig, medians, cases[_i].medians);
}
END_TEST

/* Holidays of next year change nothing of what was compared; those of before do. */
START_TEST(masked_days_to_come_change_nothing)
{
	static const char *const worked = "      durations: working_days\n";
	struct config *first = world_config(NULL, worked, "2d", ""), *grown;

	context.config = first;
	world_live_through("search", FIRST, ONSET + 24);
	rig_expect(&rig, STATES, "guardrail firing, regression firing");
	grown = world_config(NULL, worked, "2d",
			     "calendars:\n  - name: default\n    days: [\"12-20..01-02\","
			     " \"2026-05-14\"]\n");
	reconfigure(grown, ONSET + 24);
	rig_expect(&rig, STATES, "guardrail firing, regression firing");
	config_unref(first);
	reconfigure(world_config(NULL, worked, "2d",
				 "calendars:\n  - name: default\n    days:"
				 " [\"12-20..01-02\", \"2024-12-03\"]\n"),
		    ONSET + 24);
	rig_expect(&rig, STATES, "guardrail firing, regression withdrawn: " CHANGED);
	config_unref(grown);
}
END_TEST

/* A rule that is new is looked at when it is there, not with the next day. */
START_TEST(what_is_new_is_watched_at_once)
{
	world_live(SCOPE_SERVICE, "search", FIRST);
	rig_expect(&rig, "SELECT count(*) FROM dora.watches", "5");
	reconfigure(world_config("change_lead_time, deployment_frequency, "
				 "change_fail_rate",
				 "", "2d", ""),
		    FIRST);
	rig_expect(&rig, "SELECT count(*) FROM dora.watches", "7");
}
END_TEST

START_TEST(change_points_go_with_their_metric)
{
	struct config *fewer = world_config("deployment_frequency", "", "2d", "");

	world_live(SCOPE_SERVICE, "search", ONSET + 100);
	rig_expect(&rig, "SELECT DISTINCT metric FROM dora.change_points",
		   "change_lead_time");
	reconfigure(fewer, ONSET + 100);
	rig_expect(&rig, "SELECT count(*) FROM dora.change_points", "0");
	world_live(SCOPE_SERVICE, "search", ONSET + 101);
	reconfigure(before, ONSET + 101);
	config_unref(fewer);
	rig_expect(&rig, "SELECT count(*) > 0 FROM dora.change_points", "t");
	rig_run(&rig, "UPDATE dorad.scope SET active = false WHERE name = 'search'");
	rig_expect(&rig, "SELECT count(*) FROM dora.change_points", "0");
}
END_TEST

START_TEST(a_clock_that_was_ahead_stops_nothing)
{
	gint64 next;

	world_live_through("search", FIRST, FIRST + 2);
	world_live(SCOPE_SERVICE, "search", FIRST + 700);
	next = world_live(SCOPE_SERVICE, "search", FIRST + 3);
	ck_assert_int_eq(next, world_start_of(FIRST + 5) + 6 * G_TIME_SPAN_HOUR);
	rig_expect(&rig, "SELECT DISTINCT judged_day FROM dora.watches", "2025-01-11");
	world_live_through("search", FIRST + 4, ONSET + 24);
	rig_expect(&rig, STATES, "guardrail firing, regression firing");
}
END_TEST

/* On the first day there were three weeks; when there was enough the level had changed.
 */
START_TEST(baselines_are_made_when_there_is_enough)
{
	world_live(SCOPE_SERVICE, "search", 20);
	rig_expect(&rig,
		   "SELECT DISTINCT state || coalesce(' ' || baseline_from, '')"
		   " FROM dora.watches WHERE kind = 'regression'",
		   "learning");
	world_live(SCOPE_SERVICE, "search", ONSET + 100);
	rig_expect(&rig,
		   "SELECT state || ' ' || (baseline_from BETWEEN date '2024-12-24' AND"
		   " date '2025-01-27') FROM dora.watches WHERE kind = 'regression'"
		   " AND metric = 'change_lead_time' AND direction = 'worse'",
		   "ok true");
	rig_expect(&rig, "SELECT count(*) FROM dora.alerts WHERE kind = 'regression'",
		   "0");
}
END_TEST

#define OFTEN                                                                            \
	"  - name: often\n"                                                              \
	"    metric: deployment_frequency\n"                                             \
	"    service: search\n"                                                          \
	"    environment: production\n"                                                  \
	"    at_least: 8\n"                                                              \
	"    over: 7d\n"

/* Nobody deploys in a freeze, and that is no breach, nor while the window has it. */
START_TEST(freezes_breach_nothing)
{
	static const struct {
		const char *sections, *fired;
	} cases[] = {
		{ OFTEN, "1" },
		{ OFTEN "calendars:\n  - name: default\n    freezes:"
			" [\"2025-01-06..2025-01-09\"]\n",
		  "0" },
	};
	struct config *config = world_config(NULL, "", "2d", cases[_i].sections);

	context.config = config;
	rig_run(&rig, "DELETE FROM dorad.shipped WHERE finished_at >= '2025-01-06Z'"
		      " AND finished_at < '2025-01-10Z'");
	rig_run(&rig, "DELETE FROM dorad.rollout_state WHERE finished_at >="
		      " '2025-01-06Z' AND finished_at < '2025-01-10Z'");
	rig_run(&rig, "DELETE FROM dorad.rollout WHERE finished_at >= '2025-01-06Z'"
		      " AND finished_at < '2025-01-10Z'");
	world_live_through("search", ONSET - 9, ONSET + 10);
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alert_history WHERE name = 'often'"
		   " AND event = 'fired'",
		   cases[_i].fired);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerts_upkeep");
	TCase *tests = tcase_create("alerts_upkeep");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_is_measured_differently_is_withdrawn);
	tcase_add_test(tests, what_it_takes_to_fire_ends_nothing);
	tcase_add_loop_test(tests, numbers_of_too_few_are_taken_back, 0, 3);
	tcase_add_test(tests, masked_days_to_come_change_nothing);
	tcase_add_test(tests, what_is_new_is_watched_at_once);
	tcase_add_test(tests, change_points_go_with_their_metric);
	tcase_add_test(tests, a_clock_that_was_ahead_stops_nothing);
	tcase_add_test(tests, baselines_are_made_when_there_is_enough);
	tcase_add_loop_test(tests, freezes_breach_nothing, 0, 2);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
