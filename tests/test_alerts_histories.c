#include "tests/histories_life.h"

#include <string.h>

#include "collector/alert_replay.h"

/*
 * Random histories on a real database, through the evaluation and the outbox of the
 * daemon, against (1) a model of what receivers have to have heard, (2) a twin to which
 * nothing happened, (3) a replay of a life that knew all facts from the beginning.
 * Usage: test_alerts_histories [--seeds N] [--seed N] [--notices]; DORAD_HISTORIES is
 * as --seeds. DORAD_HISTORY_DAYS: lives of so many days, which are too few for a replay.
 * --notices: plants faults, each of which has to be noticed.
 */

#define SEEDS 1

/* ---- the whole of a life ---- */

static char *listed(guint channels, const char *folded_or_delivered, guint folded)
{
	GString *list = g_string_new(NULL);
	/* as sorted by name */
	static const guint order[] = { 1, 0, 2 };

	for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
		guint bit = 1u << order[i];

		if (channels & bit)
			g_string_append_printf(list, "%s%s %s", list->len ? ", " : "",
					       channel_names[order[i]],
					       folded & bit ? "folded"
							    : folded_or_delivered);
	}
	return g_string_free(list, FALSE);
}

/* Each told event has a row for each channel that it had then, and no other. */
static void check_outbox(struct life *life)
{
	for (guint i = 0; i < life->told->len; i++) {
		struct told *told = &g_array_index(life->told, struct told, i);
		g_autofree char *want = listed(told->channels, "delivered", told->folded);
		g_autofree char *sql = g_strdup_printf(
			"SELECT coalesce(string_agg(channel || ' ' || state, ', '"
			" ORDER BY channel), '') FROM dorad.outbox WHERE event_id ="
			" %" G_GINT64_FORMAT,
			told->event_id);
		g_autofree char *got = rig_ask(&life->rig, sql);

		if (strcmp(got, want) != 0)
			life_wrong(
				life,
				"of alert %" G_GINT64_FORMAT " %s the outbox has \"%s\""
				" instead of \"%s\"",
				told->alert_id, watch_event_name(told->event), got, want);
	}
}

static void check_heard(struct life *life)
{
	for (guint i = 0; i < life->told->len; i++) {
		const struct told *told = &g_array_index(life->told, struct told, i);

		for (guint k = 0; k < N_CHANNELS; k++) {
			bool want = told->channels & ~told->folded & 1u << k;

			life->n_folded += told->folded >> k & 1u;
			if (told->noted[k] != want)
				life_wrong(life,
					   "%s has heard %u times, not %d, that alert"
					   " %" G_GINT64_FORMAT " %s",
					   channel_names[k], told->noted[k], want,
					   told->alert_id, watch_event_name(told->event));
		}
	}
}

/* Each alert fires, gets worse at most once, and ends once, or its watch holds it. */
static void check_states(struct life *life)
{
	g_autofree char *odd = rig_ask(
		&life->rig,
		"SELECT coalesce(string_agg(x.alert_id || ' ' || x.state || ': ' || "
		"x.events,"
		" '; '), '') FROM (SELECT a.alert_id, a.state, coalesce((SELECT"
		" string_agg(e.event, ', ' ORDER BY e.event_id) FROM dorad.alert_event e"
		" WHERE e.alert_id = a.alert_id AND e.event NOT IN ('nodata', 'data')), "
		"'')"
		" AS events, EXISTS (SELECT FROM dorad.watch w WHERE w.watch_id = "
		"a.watch_id"
		" AND w.alert_id = a.alert_id AND w.state = 'firing' AND w.active) AS "
		"held"
		" FROM dorad.alert a) x WHERE x.held <> (x.state = 'firing') OR x.events "
		"!~"
		" ('^fired(, worsened)?' || CASE x.state WHEN 'firing' THEN '' ELSE ', ' "
		"||"
		" x.state END || '$')");
	g_autofree char *alone = rig_ask(&life->rig,
					 "SELECT count(*) FROM dorad.watch WHERE state ="
					 " 'firing' AND active AND alert_id IS NULL");
	g_autofree char *waiting = rig_ask(&life->rig, "SELECT count(*) FROM dorad.outbox"
						       " WHERE state = 'waiting'");

	g_autofree char *evident = rig_ask(
		&life->rig,
		"SELECT (SELECT count(*) FROM dora.alerts WHERE (evidence IS NULL)"
		" <> (kind <> 'regression')) + (SELECT count(*) FROM"
		" dora.alert_history WHERE kind <> 'regression' AND evidence IS"
		" NOT NULL) + (SELECT count(*) FROM dora.watches WHERE kind <>"
		" 'regression' AND evidence IS NOT NULL)");

	if (*odd)
		life_wrong(life, "alerts are odd: %s", odd);
	if (strcmp(alone, "0") != 0)
		life_wrong(life, "%s watches fire and have no alert", alone);
	if (strcmp(evident, "0") != 0)
		life_wrong(life, "%s rows have evidence of a limit", evident);
	if (strcmp(waiting, "0") != 0)
		life_wrong(life, "%s rows wait", waiting);
}

static void check(struct life *life)
{
	check_outbox(life);
	check_heard(life);
	check_states(life);
}

/* ---- twins ---- */

static char *lived(const struct life *life)
{
	return rig_ask(&life->rig,
		       "SELECT coalesce((SELECT string_agg(x.row, E'\\n' ORDER BY x.row) "
		       "FROM (SELECT"
		       " 'history ' || (to_jsonb(h) - 'event_id' - 'alert' - "
		       "'recorded_at')::text"
		       " AS row FROM dora.alert_history h UNION ALL SELECT 'alert ' ||"
		       " (to_jsonb(a) - 'alert' - 'group_id' - 'muted_until')::text"
		       " FROM dora.alerts a) x), '')");
}

static void compare(struct life *life, const struct life *twin)
{
	g_autofree char *ours = lived(life), *theirs = lived(twin);
	g_auto(GStrv) a = g_strsplit(ours, "\n", -1), b = g_strsplit(theirs, "\n", -1);
	guint n_told = 0;

	for (gsize i = 0; a[i] && n_told < 6; i++)
		if (!g_strv_contains((const char *const *)b, a[i])) {
			life_wrong(life, "the twin did not live: %s", a[i]);
			n_told++;
		}
	for (gsize i = 0; b[i] && n_told < 12; i++)
		if (!g_strv_contains((const char *const *)a, b[i])) {
			life_wrong(life, "only the twin lived: %s", b[i]);
			n_told++;
		}
	if (n_told == 0 && strcmp(ours, theirs) != 0)
		life_wrong(life, "the twin lived some of it at other times");
}

/* ---- replay ---- */

static char *history_of(const struct life *life, const struct replay_series *series)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT coalesce(string_agg(e.event || ' ' || (e.at AT TIME ZONE"
		" s.time_zone)::date - 1 - date '1970-01-01', ', ' ORDER BY e.event_id), "
		"'')"
		" FROM dorad.alert_event e JOIN dorad.watch w USING (watch_id)"
		" JOIN dorad.scope s USING (scope_id) WHERE w.kind = 'regression' AND"
		" w.direction = 'worse' AND s.kind = '%s' AND s.name = '%s' AND w.metric "
		"="
		" '%s' AND w.environment = '%s'",
		scope_kind_name(series->kind), series->scope, metric_name(series->metric),
		series->environment);

	return rig_ask(&life->rig, sql);
}

static char *replayed(const struct replay_series *series)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < series->events->len; i++) {
		const struct replay_event *event = &g_array_index(series->events,
								  struct replay_event, i);

		g_string_append_printf(text, "%s%s %d", text->len ? ", " : "",
				       watch_event_name(event->event), event->day);
	}
	return g_string_free(text, FALSE);
}

/* It begins with the first day of the life. */
static void check_replay(struct life *life)
{
	const struct replay_query query = {
		.since = DAY0 + LIFE + 8 * 7,
		.first = DAY0 + LIFE,
		.until = DAY0 + DAYS - 1,
		.kind = SCOPE_SERVICE,
	};
	GArray *all;

	rig_ok((all = alert_replay(life->rig.store, life->rig.config, &query,
				   morning_of(DAYS), &error)));
	if (all->len < 4 * 3)
		life_wrong(life, "%u series were replayed", all->len);
	for (guint i = 0; i < all->len; i++) {
		const struct replay_series *series = &g_array_index(
			all, struct replay_series, i);
		g_autofree char *then = history_of(life, series);
		g_autofree char *again = replayed(series);

		if (strcmp(then, again) != 0)
			life_wrong(life, "%s of %s was \"%s\", is replayed as \"%s\"",
				   metric_name(series->metric), series->scope, then,
				   again);
	}
	g_array_unref(all);
}

/* ---- seeds ---- */

/* The day before which lives end. */
static gint32 until = DAYS;

/* What the lives of all seeds have in them. */
struct sums {
	guint told, cut, lost, failed, folded;
};

static void add(struct sums *sums, const struct life *life)
{
	sums->told += life->told->len;
	sums->cut += life->n_cut;
	sums->lost += life->n_lost;
	sums->failed += life->n_failed;
	sums->folded += life->n_folded;
}

static bool say(guint seed, const char *what, const struct life *life)
{
	if (life->wrong->len > 0)
		fprintf(stderr, "seed %u, %s:\n%s", seed, what, life->wrong->str);
	return life->wrong->len == 0;
}

static bool run_twins(const struct script *script, struct sums *sums)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(script->seed + 1000000);
	struct life life, twin;
	bool good;

	life_init(&twin, script, NULL);
	twin.until = until;
	life_live(&twin, false);
	check(&twin);
	life_init(&life, script, rand);
	life.until = until;
	life_live(&life, false);
	check(&life);
	compare(&life, &twin);
	add(sums, &life);
	good = say(script->seed, "undisturbed", &twin);
	good = say(script->seed, "disturbed", &life) && good;
	life_clear(&twin);
	life_clear(&life);
	return good;
}

static bool run_replay(const struct script *script)
{
	struct life life;
	bool good;

	life_init(&life, script, NULL);
	life_live(&life, true);
	check(&life);
	check_replay(&life);
	good = say(script->seed, "with all facts", &life);
	life_clear(&life);
	return good;
}

static guint first_seed = 1, n_seeds = SEEDS;

START_TEST(histories)
{
	struct sums sums = { 0 };
	guint n_wrong = 0;

	for (guint seed = first_seed; seed < first_seed + n_seeds; seed++) {
		struct script *script = script_new(seed);

		n_wrong += !run_twins(script, &sums);
		if (until == DAYS)
			n_wrong += !run_replay(script);
		script_free(script);
	}
	printf("%u seeds: %u told, %u evaluations cut, %u deliveries failed,"
	       " %u acknowledgements lost, %u rows folded\n",
	       n_seeds, sums.told, sums.cut, sums.failed, sums.lost, sums.folded);
	ck_assert_uint_eq(n_wrong, 0);
	/* of one alone it is a matter of luck */
	ck_assert(n_seeds < 3 ||
		  (sums.told > 0 && sums.cut > 0 && sums.failed > 0 && sums.lost > 0));
}
END_TEST

/* ---- are they noticed? ---- */

static const struct {
	const char *what, *sql, *notice;
} flaws[] = {
	{ "a row of the outbox is lost",
	  "DELETE FROM dorad.outbox WHERE outbox_id = (SELECT min(outbox_id) FROM"
	  " dorad.outbox WHERE state = 'waiting')",
	  "the outbox has" },
	{ "a channel is told that was not to be",
	  "INSERT INTO dorad.outbox (event_id, alert_id, group_id, channel, due_at) "
	  "SELECT"
	  " event_id, alert_id, group_id, 'page', due_at FROM dorad.outbox o WHERE NOT"
	  " EXISTS (SELECT FROM dorad.outbox p WHERE p.event_id = o.event_id AND"
	  " p.channel = 'page') ORDER BY outbox_id LIMIT 1",
	  "for nothing" },
	{ "what was delivered is delivered again",
	  "UPDATE dorad.outbox SET state = 'waiting', delivered_at = NULL WHERE "
	  "outbox_id ="
	  " (SELECT min(outbox_id) FROM dorad.outbox WHERE state = 'delivered')",
	  "hears again" },
	/* its watch may end it once more */
	{ "an alert ends without a word",
	  "UPDATE dorad.alert SET state = 'resolved', ended_at = fired_at WHERE alert_id "
	  "="
	  " (SELECT min(alert_id) FROM dorad.alert WHERE state = 'firing')",
	  "the twin did not live" },
	{ "a watch forgets its alert",
	  "UPDATE dorad.watch SET state = 'ok', alert_id = NULL WHERE watch_id ="
	  " (SELECT min(watch_id) FROM dorad.watch WHERE state = 'firing')",
	  "alerts are odd" },
	{ "an event is forgotten",
	  "DELETE FROM dorad.alert_event WHERE event_id = (SELECT min(event_id) FROM"
	  " dorad.alert_event WHERE event = 'suspected')",
	  "only the twin lived" },
};

/* In whose first weeks alerts fire and end. */
#define NOTICE_DAYS 45

static void live_short(struct life *life, const struct script *script, GRand *rand,
		       const char *sabotage)
{
	life_init(life, script, rand);
	life->until = LIFE + NOTICE_DAYS;
	life->whole = true;
	life->sabotage = sabotage;
	life_live(life, false);
	check(life);
}

START_TEST(notices)
{
	struct script *script = script_new(first_seed);
	struct life twin;
	guint n_unnoticed = 0;

	live_short(&twin, script, NULL, NULL);
	ck_assert_str_eq(twin.wrong->str, "");
	for (gsize i = 0; i < G_N_ELEMENTS(flaws); i++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(first_seed);
		struct life life;

		live_short(&life, script, rand, flaws[i].sql);
		compare(&life, &twin);
		if (life.sabotage || !strstr(life.wrong->str, flaws[i].notice)) {
			fprintf(stderr, "%s%s, and it is said: %s\n", flaws[i].what,
				life.sabotage ? " (it never was)" : "", life.wrong->str);
			n_unnoticed++;
		}
		life_clear(&life);
	}
	life_clear(&twin);
	script_free(script);
	ck_assert_uint_eq(n_unnoticed, 0);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("alerts_histories");
	TCase *tests = tcase_create("alerts_histories");
	const char *seeds = g_getenv("DORAD_HISTORIES");
	const char *days = g_getenv("DORAD_HISTORY_DAYS");
	bool notice = false;

	if (seeds)
		n_seeds = (guint)g_ascii_strtoull(seeds, NULL, 10);
	if (days)
		until = MIN(DAYS, LIFE + (gint32)g_ascii_strtoll(days, NULL, 10));
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--notices") == 0)
			notice = true;
		else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
			n_seeds = (guint)g_ascii_strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			first_seed = (guint)g_ascii_strtoull(argv[++i], NULL, 10);
	}
	tcase_set_timeout(tests, 0);
	if (notice)
		tcase_add_test(tests, notices);
	else
		tcase_add_test(tests, histories);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
