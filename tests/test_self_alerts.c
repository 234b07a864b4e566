#include "collector/self_alerts.h"

#include <stdlib.h>

#include "tests/alerts_fixture.h"

/* What the daemon tells of itself, by the clock. */

#define NOW AT(20000)
#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR

/* ---- a step ---- */

static const struct step {
	const char *name;
	enum watch_state before;
	gint64 suspected; /* of a watch that is not ok: minutes from now */
	bool trouble;
	gint64 since, seen; /* minutes from now; 1: not known */
	enum watch_state after;
	const char *events;
} steps[] = {
	{ "all is well", WATCH_OK, 0, false, 1, 0, WATCH_OK, "" },
	{ "trouble begins", WATCH_OK, 0, true, 0, 0, WATCH_PENDING, "suspected" },
	{ "it has lasted when first looked at", WATCH_OK, 0, true, -20, 0, WATCH_FIRING,
	  "suspected fired" },
	{ "nobody has tried again since", WATCH_OK, 0, true, -600, -600, WATCH_PENDING,
	  "suspected" },
	{ "it is known since now", WATCH_OK, 0, true, 1, 0, WATCH_PENDING, "suspected" },
	{ "not long enough", WATCH_PENDING, -14, true, 1, 0, WATCH_PENDING, "" },
	{ "long enough", WATCH_PENDING, -15, true, 1, 0, WATCH_FIRING, "fired" },
	{ "long enough, but last tried before", WATCH_PENDING, -600, true, 1, -590,
	  WATCH_PENDING, "" },
	{ "it was nothing", WATCH_PENDING, -5, false, 1, 0, WATCH_OK, "cleared" },
	{ "it goes on", WATCH_FIRING, -99, true, 1, 0, WATCH_FIRING, "" },
	{ "it is over", WATCH_FIRING, -99, false, 1, 0, WATCH_OK, "resolved" },
	{ "a clock that was set back begins anew", WATCH_PENDING, 9999, true, 1, 0,
	  WATCH_PENDING, "" },
	{ "it began in the future", WATCH_OK, 0, true, 9999, 9999, WATCH_PENDING,
	  "suspected" },
};

static gint64 from_now(gint64 minutes)
{
	return minutes == 1 ? INSTANT_NONE : NOW + minutes * MINUTE;
}

START_TEST(a_step)
{
	const struct step *step = &steps[_i];
	const struct self_look look = { "source_denied",
					"shop",
					"",
					step->trouble,
					from_now(step->since),
					from_now(step->seen),
					15 * MINUTE,
					"reason" };
	g_autoptr(GString) events = g_string_new(NULL);
	struct watch_events happened;
	struct watch watch;

	watch_init(&watch, SHIFT_NO_BOUND);
	watch.state = step->before;
	watch.suspected = (gint32)((NOW + step->suspected * MINUTE) / MINUTE);
	self_step(&watch, &look, NOW, &happened);
	for (guint i = 0; i < happened.n; i++)
		g_string_append_printf(events, "%s%s", i ? " " : "",
				       watch_event_name(happened.events[i]));
	ck_assert_msg(
		watch.state == step->after && strcmp(events->str, step->events) == 0,
		"%s: %s, \"%s\"", step->name, watch_state_name(watch.state), events->str);
	if (watch.state == WATCH_PENDING)
		ck_assert_int_le(watch.suspected, NOW / MINUTE);
}
END_TEST

/* ---- with a database ---- */

static const char *const alerts_text = "alerts:\n"
				       "  self:\n"
				       "    stale_after: 24h\n"
				       "    fails_after: 15m\n"
				       "  channels:\n"
				       "    - name: ops\n"
				       "      journal: true\n"
				       "orgs:\n";

/* The daemon begins anew with this configuration. */
static void restart(const char *from, const char *to)
{
	struct config *config = rig_config(&rig, NULL, from, to);

	config_unref(rig.config);
	store_free(rig.store);
	rig.config = config;
	rig.store = store_new(config);
	rig_ok(store_sync_config(rig.store, config, &error));
}

static void set_up(void)
{
	rig_init(&rig);
	restart("orgs:\n", alerts_text);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static gint64 look(gint64 now)
{
	const struct work_context context = { .config = rig.config };
	gint64 next = 0;

	rig_ok(self_alerts_run(rig.store, &context, now, &next, &error));
	return next;
}

static void expect_state(const char *metric, const char *state)
{
	g_autofree char *sql = g_strdup_printf("SELECT coalesce((SELECT max(state) FROM "
					       "dora.watches WHERE metric = '%s'),"
					       " 'none')",
					       metric);

	rig_expect(&rig, sql, state);
}

/* All that was to be told: "fired source_denied shop, …". */
static void expect_told(const char *told)
{
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(d.event || ' ' || a.metric || ' ' ||"
		   " a.name, ', ' ORDER BY d.delivery), '') FROM"
		   " dora.alert_deliveries d JOIN dora.alerts a USING (alert)",
		   told);
}

/* The same without rules, which find nothing in a source that has nothing. */
static void expect_told_of_sources(const char *told)
{
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(d.event || ' ' || a.metric || ' ' ||"
		   " a.name, ', ' ORDER BY d.delivery), '') FROM"
		   " dora.alert_deliveries d JOIN dora.alerts a USING (alert)"
		   " WHERE a.metric LIKE 'source%'",
		   told);
}

/* A source fails, first and last then. */
static void fails(const char *source, const char *kind, gint64 first, gint64 last)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.source SET failure_kind = '%s', failure = 'status 401',"
		" failing_since = to_timestamp(%f), failed_at ="
		" to_timestamp(%f) WHERE name = '%s'",
		kind, (double)first / 1e6, (double)last / 1e6, source);

	rig_run(&rig, sql);
}

static void is_read(const char *source, gint64 at)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.source SET ok_at = to_timestamp(%f) WHERE name = '%s'",
		(double)at / 1e6, source);

	rig_run(&rig, sql);
}

START_TEST(a_credential_is_refused)
{
	is_read("shop", NOW - HOUR);
	is_read("tools", NOW - HOUR);
	ck_assert_int_eq(look(NOW), NOW + MINUTE);
	fails("shop", "denied", NOW, NOW);
	look(NOW + MINUTE);
	expect_state("source_denied", "pending");
	fails("shop", "denied", NOW, NOW + 5 * MINUTE);
	look(NOW + 14 * MINUTE);
	expect_told("");
	fails("shop", "denied", NOW, NOW + 15 * MINUTE);
	look(NOW + 15 * MINUTE);
	expect_state("source_denied", "firing");
	expect_told("fired source_denied shop");
	rig_expect(&rig, "SELECT reason FROM dora.alerts",
		   "it is not let in, or its rights do not suffice. dora.sources has what"
		   " was said, and \"dorad doctor shop\" tries it");
	/* Not again and again, nor because of a new beginning. */
	for (guint i = 1; i < 4; i++) {
		fails("shop", "denied", NOW, NOW + i * HOUR);
		look(NOW + i * HOUR);
		restart("orgs:\n", alerts_text);
		look(NOW + i * HOUR + MINUTE);
	}
	expect_told("fired source_denied shop");
	is_read("shop", NOW + 5 * HOUR);
	look(NOW + 5 * HOUR);
	expect_told("fired source_denied shop, resolved source_denied shop");
	look(NOW + 6 * HOUR);
	rig_expect(&rig,
		   "SELECT string_agg(event, ' ' ORDER BY event_id) FROM"
		   " dora.alert_history WHERE metric = 'source_denied'",
		   "suspected fired resolved");
}
END_TEST

/* A failure that nobody has looked at again is no news after a night. */
START_TEST(a_night_without_the_daemon)
{
	is_read("shop", NOW - HOUR);
	is_read("tools", NOW - HOUR);
	fails("shop", "denied", NOW, NOW + MINUTE);
	look(NOW + 2 * MINUTE);
	restart("orgs:\n", alerts_text);
	look(NOW + 10 * HOUR);
	expect_state("source_denied", "pending");
	is_read("shop", NOW + 10 * HOUR);
	look(NOW + 10 * HOUR + MINUTE);
	expect_state("source_denied", "ok");
	expect_told("");
}
END_TEST

START_TEST(a_source_is_stale)
{
	is_read("shop", NOW);
	is_read("tools", NOW);
	for (guint i = 1; i < 24; i++) {
		fails("shop", "retry", NOW + HOUR, NOW + i * HOUR);
		look(NOW + i * HOUR);
	}
	expect_state("source_stale", "ok");
	fails("shop", "retry", NOW + HOUR, NOW + 24 * HOUR);
	look(NOW + 24 * HOUR);
	expect_told_of_sources("fired source_stale shop");
	/* Since the last time that it was read, not since the first that it was not. */
	rig_expect(&rig,
		   "SELECT reason || ' ' || (onset = fired_at - interval '24 hours')"
		   " FROM dora.alerts WHERE metric LIKE 'source%'",
		   "there is no answer, or none that can be used. dora.sources has what"
		   " was said, and \"dorad doctor shop\" tries it true");
	/* Whatever it fails with then: it is not read, and that has been told. */
	fails("shop", "denied", NOW + HOUR, NOW + 25 * HOUR);
	look(NOW + 25 * HOUR);
	fails("shop", "data", NOW + HOUR, NOW + 26 * HOUR);
	look(NOW + 26 * HOUR);
	expect_told_of_sources("fired source_stale shop");
	is_read("shop", NOW + 27 * HOUR);
	look(NOW + 27 * HOUR);
	expect_told_of_sources("fired source_stale shop, resolved source_stale shop");
}
END_TEST

/* 401, 502, 401, as of a vendor that is in trouble: its credentials are not taken before
 * something is read with them. */
START_TEST(failures_take_turns)
{
	static const char *const kinds[] = { "denied", "retry", "data", "denied" };

	is_read("shop", NOW);
	is_read("tools", NOW);
	fails("shop", "denied", NOW + MINUTE, NOW + MINUTE);
	look(NOW + MINUTE);
	for (guint i = 1; i < 8; i++) {
		gint64 at = NOW + MINUTE + i * 15 * MINUTE;

		fails("shop", kinds[i % 4], NOW + MINUTE, at);
		if (i == 1)
			fails("shop", "denied", NOW + MINUTE, at);
		look(at);
	}
	expect_told_of_sources("fired source_denied shop");
	for (guint i = 2; i < 40; i++) {
		fails("shop", kinds[i % 4], NOW + MINUTE, NOW + i * HOUR);
		look(NOW + i * HOUR);
	}
	expect_told_of_sources("fired source_denied shop");
	is_read("shop", NOW + 40 * HOUR);
	look(NOW + 40 * HOUR);
	expect_told_of_sources("fired source_denied shop, resolved source_denied shop");
}
END_TEST

static const struct {
	const char *name, *kind, *told;
} weekends[] = {
	{ "no answer", "retry", "fired source_stale shop" },
	{ "refused", "denied", "fired source_denied shop" },
};

/* It fails on Friday, and nobody is there to try again before Monday. */
START_TEST(a_weekend_without_the_daemon)
{
	const char *kind = weekends[_i].kind;
	const gint64 monday = NOW + 63 * HOUR, first = NOW + 5 * MINUTE;

	is_read("tools", NOW);
	is_read("shop", NOW);
	for (gint64 at = first; at <= first + 10 * MINUTE; at += 5 * MINUTE) {
		fails("shop", kind, first, at);
		look(at);
	}
	restart("orgs:\n", alerts_text);
	/* It may have been tried or not when it is looked at first. */
	look(monday);
	look(monday + MINUTE);
	fails("shop", kind, first, monday + MINUTE);
	look(monday + MINUTE);
	fails("shop", kind, first, monday + 10 * MINUTE);
	look(monday + 14 * MINUTE);
	expect_told_of_sources("");
	fails("shop", kind, first, monday + 20 * MINUTE);
	look(monday + 20 * MINUTE);
	expect_told_of_sources(weekends[_i].told);
}
END_TEST

START_TEST(a_weekend_and_tried_at_once)
{
	const char *kind = weekends[_i].kind;
	const gint64 monday = NOW + 63 * HOUR, first = NOW + 5 * MINUTE;

	is_read("tools", NOW);
	is_read("shop", NOW);
	fails("shop", kind, first, first);
	look(first);
	fails("shop", kind, first, monday);
	look(monday);
	expect_told_of_sources("");
	fails("shop", kind, first, monday + 15 * MINUTE);
	look(monday + 15 * MINUTE);
	expect_told_of_sources(weekends[_i].told);
}
END_TEST

/* A short stop, or a timer that runs it each hour: it goes on. */
START_TEST(an_hour_without_the_daemon)
{
	is_read("tools", NOW);
	fails("shop", "denied", NOW, NOW);
	look(NOW);
	fails("shop", "denied", NOW, NOW + HOUR);
	look(NOW + HOUR);
	expect_told_of_sources("fired source_denied shop");
}
END_TEST

/* What git or a vendor says may name a person; this goes to chats and mails. */
START_TEST(nothing_of_what_was_said)
{
	static const char *const kinds[] = { "retry", "denied", "data", "config" };

	is_read("tools", NOW);
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		gint64 now = NOW + i * 2 * DAY;

		is_read("shop", now);
		look(now);
		for (guint k = 1; k <= 25; k++) {
			fails("shop", kinds[i], now + HOUR, now + k * HOUR);
			rig_run(&rig, "UPDATE dorad.source SET failure = 'denied to"
				      " jane-doe' WHERE name = 'shop'");
			look(now + k * HOUR);
		}
	}
	rig_expect(&rig,
		   "SELECT count(*) || ' ' || count(DISTINCT reason) || ' ' ||"
		   " bool_or(reason LIKE '%jane%') || ' ' ||"
		   " bool_and(reason LIKE '%dorad doctor shop%') FROM dora.alerts WHERE "
		   "metric LIKE 'source%'",
		   "4 4 false true");
	rig_expect(&rig,
		   "SELECT count(*) FROM dora.alert_history WHERE reason LIKE '%jane%'",
		   "0");
}
END_TEST

/* Of cart and search, whose tags are in shop; mail's are in tools, never read. */
START_TEST(a_rule_finds_nothing)
{
	is_read("shop", NOW);
	look(NOW);
	restart("orgs:\n", alerts_text);
	look(NOW + 23 * HOUR);
	rig_expect(&rig,
		   "SELECT string_agg(name || ' ' || environment || ' ' || state, ', '"
		   " ORDER BY name) FROM dora.watches",
		   "cart shop pending, search shop pending");
	expect_told("");
	look(NOW + 24 * HOUR);
	expect_told("fired rule_matched_nothing cart, fired rule_matched_nothing search");
	rig_expect(&rig, "SELECT DISTINCT reason FROM dora.alerts",
		   "shop is read, but no deployment was found there");
	look(NOW + 48 * HOUR);
	rig_run(&rig,
		"INSERT INTO dorad.deployment (service_id, source_id, external_id,"
		" attempt, environment, finished_at, outcome, first_seen_at)"
		" SELECT s.scope_id, x.source_id, 'v1', 1, 'production', now(),"
		" 'failure', now() FROM dorad.scope s, dorad.source x"
		" WHERE s.kind = 'service' AND s.name = 'cart' AND x.name = 'shop'");
	look(NOW + 49 * HOUR);
	expect_told("fired rule_matched_nothing cart, fired rule_matched_nothing search,"
		    " resolved rule_matched_nothing cart");
}
END_TEST

START_TEST(alerts_are_taken_away)
{
	is_read("tools", NOW);
	fails("shop", "denied", NOW, NOW + HOUR);
	look(NOW + HOUR);
	expect_told("fired source_denied shop");
	restart(NULL, NULL);
	ck_assert_int_eq(look(NOW + 2 * HOUR), INSTANT_NONE);
	rig_expect(&rig, "SELECT state || ': ' || reason FROM dora.alerts",
		   "withdrawn: it is no longer watched");
	expect_state("source_denied", "none");
	/* They come back, and so does the trouble. */
	restart("orgs:\n", alerts_text);
	fails("shop", "denied", NOW, NOW + 3 * HOUR);
	look(NOW + 3 * HOUR);
	fails("shop", "denied", NOW, NOW + 3 * HOUR + 15 * MINUTE);
	look(NOW + 3 * HOUR + 15 * MINUTE);
	/* Without channels nobody was told that it was withdrawn. */
	expect_told("fired source_denied shop, fired source_denied shop");
}
END_TEST

START_TEST(a_source_is_taken_away)
{
	is_read("tools", NOW);
	fails("shop", "denied", NOW, NOW + HOUR);
	look(NOW + HOUR);
	rig_run(&rig, "UPDATE dorad.source SET active = false WHERE name = 'shop'");
	look(NOW + 2 * HOUR);
	expect_told("fired source_denied shop, withdrawn source_denied shop");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("self alerts");
	TCase *pure = tcase_create("a step"), *tcase = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(pure, a_step, 0, G_N_ELEMENTS(steps));
	suite_add_tcase(suite, pure);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_credential_is_refused);
	tcase_add_test(tcase, a_night_without_the_daemon);
	tcase_add_test(tcase, a_source_is_stale);
	tcase_add_test(tcase, failures_take_turns);
	tcase_add_loop_test(tcase, a_weekend_without_the_daemon, 0,
			    G_N_ELEMENTS(weekends));
	tcase_add_loop_test(tcase, a_weekend_and_tried_at_once, 0,
			    G_N_ELEMENTS(weekends));
	tcase_add_test(tcase, an_hour_without_the_daemon);
	tcase_add_test(tcase, nothing_of_what_was_said);
	tcase_add_test(tcase, a_rule_finds_nothing);
	tcase_add_test(tcase, alerts_are_taken_away);
	tcase_add_test(tcase, a_source_is_taken_away);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
