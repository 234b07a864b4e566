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
		   "it is refused: status 401. Renew its credential or its rights");
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
	fails("shop", "retry", NOW + HOUR, NOW + 23 * HOUR);
	look(NOW + 23 * HOUR);
	expect_state("source_stale", "none");
	fails("shop", "retry", NOW + HOUR, NOW + 24 * HOUR);
	look(NOW + 24 * HOUR);
	expect_told("fired source_stale shop");
	rig_expect(&rig,
		   "SELECT reason || ' ' || (onset = fired_at - interval '23 hours')"
		   " FROM dora.alerts",
		   "it cannot be read: status 401 true");
	/* It turns out to be refused: that is another alert of the same group. */
	fails("shop", "denied", NOW + HOUR, NOW + 25 * HOUR);
	look(NOW + 25 * HOUR);
	expect_told("fired source_stale shop, fired source_denied shop,"
		    " resolved source_stale shop");
	rig_expect(&rig, "SELECT count(DISTINCT group_id) FROM dora.alerts", "1");
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
	look(NOW + 3 * HOUR);
	expect_told("fired source_denied shop, withdrawn source_denied shop,"
		    " fired source_denied shop");
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
