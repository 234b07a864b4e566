#include "collector/alert_replay.h"

#include "tests/replay_print.h"

static const struct replay_query lead_times = {
	.metric = "change_lead_time",
	.kind = SCOPE_SERVICE,
	.scope = "search",
};

static GArray *replay_from(gint32 first, gint32 since, gint32 until)
{
	struct replay_query query = lead_times;
	GArray *all;

	query.first = first;
	query.since = DAY0 + since;
	query.until = DAY0 + until;

	rig_ok((all = alert_replay(rig.store, rig.config, &query,
				   world_start_of(until + 2), &error)));
	ck_assert_uint_eq(all->len, 1);
	return all;
}

static GArray *replay(gint32 since, gint32 until)
{
	return replay_from(0, since, until);
}

/* What it says of the days that were lived. */
static char *events_in(const GArray *all, guint nth, gint32 since)
{
	const struct replay_series *series = &g_array_index(all, struct replay_series,
							    nth);
	GString *text = g_string_new(NULL);

	ck_assert_str_eq(series->scope, "search");
	ck_assert_str_eq(series->rule->name, "all");
	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		if (event->day >= DAY0 + since)
			g_string_append_printf(text, ", %s %d",
					       watch_event_name(event->event),
					       event->day - DAY0);
	}
	return g_string_free(text, FALSE);
}

START_TEST(a_replay_tells_what_was_lived)
{
	g_autofree char *lived = NULL, *played = NULL, *with_first = NULL;
	g_autofree char *before = NULL, *after = NULL, *text = NULL, *json = NULL;
	const struct replay_series *series;
	GArray *all;

	world_live_through("search", FIRST, ONSET + 100);
	lived = world_events_of("search", "change_lead_time", "worse");
	ck_assert_msg(strstr(lived, ", accepted 4"), "%s", lived);
	rig_expect(&rig,
		   "SELECT baseline_from BETWEEN date '2024-12-24' AND date '2025-01-27'"
		   " FROM dora.watches WHERE metric = 'change_lead_time'"
		   " AND kind = 'regression' AND direction = 'worse'",
		   "t");
	before = rig_rows(&rig);
	all = replay(FIRST, ONSET + 100);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	/* which had learned before */
	played = events_in(all, 0, FIRST);
	with_first = g_strconcat("learned 373", played, NULL);
	ck_assert_str_eq(lived, with_first);
	series = &g_array_index(all, struct replay_series, 0);
	ck_assert_uint_eq(series->weeks->len, 16);
	ck_assert_msg(g_str_has_prefix(series->weeks->str, ".") &&
			      strstr(series->weeks->str, "FFF"),
		      "%s", series->weeks->str);
	text = replay_printed(&lead_times, all, false);
	ck_assert_msg(strstr(text, "change_lead_time, service search, production: since"
				   " 202") &&
			      strstr(text, ", accepted 2025-04-") &&
			      strstr(text, series->weeks->str) &&
			      strstr(text, "\nrule all: 1 alerts of 1 series, 3.4"),
		      "%s", text);
	json = replay_printed(&lead_times, all, true);
	ck_assert_msg(strstr(json, "\"state\":\t\"accepted\"") &&
			      strstr(json, "\"series\":\t1,"),
		      "%s", json);
	ck_assert(strstr(text, "\nnot played: improvements\n"));
	ck_assert(strstr(json, "\"not_played\":\t[\"improvements\"]"));
	g_array_unref(all);
	/* what was accepted by then is no news */
	world_set_fresh(world_start_of(ONSET + 112));
	all = replay(ONSET + 101, ONSET + 110);
	series = &g_array_index(all, struct replay_series, 0);
	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		ck_assert(event->event != WATCH_FIRED || event->day < series->since);
	}
	ck_assert(!strchr(series->weeks->str, 'F'));
	g_array_unref(all);
}
END_TEST

/* What is stored of them, for whoever asks. */
START_TEST(improvements_are_played_when_asked_for)
{
	g_autofree char *lived = NULL, *played = NULL, *with_first = NULL;
	struct replay_query query = lead_times;
	GArray *all;

	rig_run(&rig, "UPDATE dorad.shipped SET lead_us = lead_us / 9"
		      " WHERE finished_at >= timestamptz '2025-01-13 00:00Z'");
	world_live_through("search", FIRST, ONSET + 60);
	lived = world_events_of("search", "change_lead_time", "better");
	ck_assert_msg(strstr(lived, ", fired 3"), "%s", lived);
	query.since = DAY0 + FIRST;
	query.until = DAY0 + ONSET + 60;
	query.improvements = true;
	rig_ok((all = alert_replay(rig.store, rig.config, &query,
				   world_start_of(ONSET + 62), &error)));
	ck_assert_uint_eq(all->len, 2);
	ck_assert_int_eq(g_array_index(all, struct replay_series, 0).direction,
			 SHIFT_WORSE);
	ck_assert_int_eq(g_array_index(all, struct replay_series, 1).direction,
			 SHIFT_BETTER);
	played = events_in(all, 1, FIRST);
	with_first = g_strconcat("learned 373", played, NULL);
	ck_assert_str_eq(lived, with_first);
	g_array_unref(all);
}
END_TEST

/* A replay whose first day was the first that was lived. */
static void expect_lived(gint32 last)
{
	GArray *all = replay_from(DAY0 + FIRST, FIRST + 8 * 7, last);
	g_autofree char *played = events_in(all, 0, FIRST);
	g_autofree char *lived = world_events_of("search", "change_lead_time", "worse");
	g_autofree char *lived_too = g_strconcat(", ", lived, NULL);

	ck_assert_msg(strstr(lived, ", accepted 4"), "%s", lived);
	ck_assert_str_eq(played, lived_too);
	g_array_unref(all);
}

/* What comes of an acceptance holds from its day on, not from that of the replay. */
START_TEST(a_replay_does_not_know_what_is_accepted_later)
{
	world_live_through("search", FIRST, ONSET + 100);
	expect_lived(ONSET + 100);
}
END_TEST

static void accept_by_hand(gint64 now)
{
	const struct alert_event event = { WATCH_ACCEPTED, now, "we know", NULL };
	g_autofree char *id = rig_ask(&rig, "SELECT alert FROM dora.alerts WHERE state ="
					    " 'firing' AND direction = 'worse' AND kind ="
					    " 'regression' AND metric ="
					    " 'change_lead_time'");
	struct watch_events events;
	struct watch_row *row;
	GArray *rows;

	rig_ok(store_begin(rig.store, &error));
	rig_ok((rows = store_watch_of_alert(rig.store, g_ascii_strtoll(id, NULL, 10),
					    &error)));
	ck_assert_uint_eq(rows->len, 1);
	row = &g_array_index(rows, struct watch_row, 0);
	ck_assert(
		watch_accept(&row->watch, &watch_rule_shift, row->watch.judged, &events));
	rig_ok(store_alert_event(rig.store, row, &event, NULL, 0, now, &error));
	rig_ok(store_watch_write(rig.store, row, &error));
	rig_ok(store_commit(rig.store, &error));
	watch_rows_free(rows);
}

/* Before since or after it, what people say is a fact of the day on which they do. */
START_TEST(a_replay_accepts_what_people_accepted)
{
	const gint32 day = _i == 0 ? FIRST + 30 : FIRST + 8 * 7 + 10;

	world_live_through("search", FIRST, day);
	accept_by_hand(world_start_of(day + 1) + 9 * G_TIME_SPAN_HOUR);
	world_live_through("search", day + 1, day + 30);
	expect_lived(day + 30 > FIRST + 8 * 7 ? day + 30 : FIRST + 8 * 7);
}
END_TEST

/* Years without a fact would be years without a false alert. */
START_TEST(a_replay_begins_with_the_first_fact)
{
	const struct replay_series *series;
	GArray *all;

	world_set_fresh(world_start_of(15));
	all = replay(-400, 13);
	series = &g_array_index(all, struct replay_series, 0);

	ck_assert_int_eq(series->since, DAY0);
	ck_assert_str_eq(series->weeks->str, "ll");
	g_array_unref(all);
}
END_TEST

/* An alert may last for 16 weeks: whoever asks for some days of it sees it fire. */
START_TEST(a_replay_shows_the_same_whatever_it_is_asked_for)
{
	const gint32 until = FIRST + 15 * 7 - 1;
	g_autofree char *weeks = NULL;
	GArray *all;

	world_set_fresh(world_start_of(until + 2));
	all = replay(FIRST, until);
	weeks = g_strdup(g_array_index(all, struct replay_series, 0).weeks->str);
	g_array_unref(all);
	ck_assert_msg(strstr(weeks, "FFFFFFF"), "%s", weeks);
	for (gint32 week = 5; week < 14; week += 4) {
		all = replay(FIRST + 7 * week, until);
		ck_assert_str_eq(g_array_index(all, struct replay_series, 0).weeks->str,
				 weeks + week);
		g_array_unref(all);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alerts_replay");
	TCase *tests = tcase_create("alerts_replay");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_checked_fixture(tests, world_set_up, world_tear_down);
	tcase_add_test(tests, a_replay_tells_what_was_lived);
	tcase_add_test(tests, improvements_are_played_when_asked_for);
	tcase_add_test(tests, a_replay_does_not_know_what_is_accepted_later);
	tcase_add_loop_test(tests, a_replay_accepts_what_people_accepted, 0, 2);
	tcase_add_test(tests, a_replay_shows_the_same_whatever_it_is_asked_for);
	tcase_add_test(tests, a_replay_begins_with_the_first_fact);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
