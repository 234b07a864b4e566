#include "tests/histories_life.h"

#include <stdarg.h>

void life_wrong(struct life *life, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_string_append_vprintf(life->wrong, format, args);
	g_string_append_c(life->wrong, '\n');
	va_end(args);
}

bool life_chance(struct life *life, gint32 of)
{
	return life->rand && g_rand_int_range(life->rand, 0, of) == 0;
}

gint32 life_dice(struct life *life, gint32 sides)
{
	return g_rand_int_range(life->rand, 0, sides);
}

void life_init(struct life *life, const struct script *script, GRand *rand)
{
	*life = (struct life){
		.script = script,
		.until = DAYS,
		.rand = rand,
		.told = g_array_new(FALSE, TRUE, sizeof(struct told)),
		.mutes = g_array_new(FALSE, FALSE, sizeof(struct alert_mute)),
		.flight = g_ptr_array_new_with_free_func(
			(GDestroyNotify)outbox_messages_free),
		.wrong = g_string_new(NULL),
	};
	history_set_up(&life->rig, script);
	life->context = (struct work_context){ .config = life->rig.config };
}

void life_clear(struct life *life)
{
	rig_clear(&life->rig);
	g_array_unref(life->told);
	g_array_unref(life->mutes);
	g_ptr_array_unref(life->flight);
	g_string_free(life->wrong, TRUE);
}

/* A process that knows nothing of the one before. */
void life_restart(struct life *life)
{
	struct config *config = variant_config(&life->rig, life->variant);

	store_free(life->rig.store);
	config_unref(life->rig.config);
	life->rig.config = config;
	life->rig.store = store_new(config);
	life->context = (struct work_context){ .config = config };
	rig_ok(store_sync_config(life->rig.store, config, &error));
}

/* ---- evaluation ---- */

static const struct {
	enum scope_kind kind;
	const char *name;
} scopes[] = { { SCOPE_SERVICE, "cart" },
	       { SCOPE_SERVICE, "search" },
	       { SCOPE_TEAM, "red" } };

static bool evaluate(struct life *life, bool all, gint64 now, GError **error)
{
	struct evaluate_result result;
	guint first = life->rand ? (guint)life_dice(life, 3) : 0;

	if (all)
		return evaluate_due(life->rig.store, &life->context, now, &result, error);
	for (guint i = 0; i < G_N_ELEMENTS(scopes); i++) {
		guint k = (first + i) % G_N_ELEMENTS(scopes);

		if (!evaluate_scope(life->rig.store, &life->context, scopes[k].kind,
				    scopes[k].name, now, &result, error))
			return false;
	}
	return true;
}

/* Cut, begun again by whoever is there then, and cut again. */
static void cut_evaluations(struct life *life, bool all, gint64 now)
{
	while (!life->whole && life_chance(life, 3)) {
		g_autoptr(GError) error = NULL;

		if (life_chance(life, 6))
			cut_connections(&life->rig);
		else
			cut_arm(&life->rig, 1 + (guint)life_dice(life, 60),
				life_chance(life, 3));
		if (!evaluate(life, all, now, &error))
			life->n_cut++;
		cut_arm(&life->rig, 0, false);
		life_note(life);
		if (life_chance(life, 2))
			life_restart(life);
	}
}

static void must_be_done(struct life *life, bool all, gint64 now)
{
	g_autoptr(GError) error = NULL;

	/* a connection that was lost is noticed when it is used */
	if (evaluate(life, all, now, &error))
		return;
	g_clear_error(&error);
	if (!evaluate(life, all, now, &error))
		life_wrong(life, "evaluation failed: %s", error->message);
}

static void set_fresh(struct life *life, gint64 at)
{
	g_autofree char *time = instant_format(at);
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dorad.source SET ok_at = timestamptz '%s'", time);

	rig_run(&life->rig, sql);
}

static void evaluate_day(struct life *life, gint32 day)
{
	gint64 now = morning_of(day);
	bool all = day > LIFE + 1 && life_chance(life, 3);

	set_fresh(life, now);
	cut_evaluations(life, all, now);
	must_be_done(life, all, now);
	life_note(life);
	if (life_chance(life, 6)) {
		gint64 seen = life->seen;

		must_be_done(life, !all && day > LIFE + 1, now + life_dice(life, 3));
		life_note(life);
		if (life->seen != seen)
			life_wrong(life, "day %d brought more when judged again", day);
	}
}

/* ---- people ---- */

/* The alert that a script means: ids differ from life to life. */
static gint64 some_alert(const struct life *life)
{
	g_autofree char *id = rig_ask(
		&life->rig,
		"SELECT (SELECT alert FROM dora.alerts WHERE state = 'firing' AND "
		"direction"
		" = 'worse' ORDER BY fired_at, service, kind, metric, name LIMIT 1)");

	return g_ascii_strtoll(id, NULL, 10);
}

static bool accept_once(struct life *life, gint64 alert_id, gint64 now, GError **error)
{
	struct store *store = life->rig.store;
	const struct alert_event event = {
		.event = WATCH_ACCEPTED,
		.at = now,
		.reason = "it was accepted by hand",
	};
	GArray *rows = store_begin(store, error)
			       ? store_watch_of_alert(store, alert_id, error)
			       : NULL;
	struct watch_row *row = rows && rows->len > 0
					? &g_array_index(rows, struct watch_row, 0)
					: NULL;
	struct watch_events events;
	bool good = row &&
		    watch_accept(&row->watch,
				 row->kind == WATCH_GUARDRAIL ? &watch_rule_guardrail
							      : &watch_rule_shift,
				 row->watch.judged, &events) &&
		    store_alert_event(store, row, &event, NULL, 0, now, error) &&
		    store_watch_write(store, row, error) && store_commit(store, error);

	if (!good)
		store_rollback(store);
	if (rows)
		watch_rows_free(rows);
	return good;
}

static void accept_some(struct life *life, gint64 now)
{
	gint64 id = some_alert(life);
	g_autoptr(GError) error = NULL;

	if (id == 0)
		return;
	if (life_chance(life, 2)) {
		cut_arm(&life->rig, 1 + (guint)life_dice(life, 6), life_chance(life, 2));
		if (accept_once(life, id, now, &error))
			id = 0;
		cut_arm(&life->rig, 0, false);
		g_clear_error(&error);
	}
	if (id != 0 && !accept_once(life, id, now, &error) &&
	    (g_clear_error(&error), !accept_once(life, id, now, &error)))
		life_wrong(life, "alert %" G_GINT64_FORMAT " was not accepted: %s", id,
			   error ? error->message : "it does not fire");
	life_note(life);
}

static void ack_some(struct life *life, gint64 now)
{
	gint64 id = some_alert(life);
	bool found;

	if (id == 0)
		return;
	if (life->rand)
		life_restart(life);
	rig_ok(store_alert_ack(life->rig.store, id, "seen", now, &found, &error));
	if (!found)
		life_wrong(life, "alert %" G_GINT64_FORMAT " is not there", id);
}

/* ---- the days ---- */

static char *lead_alerts_of(const struct life *life, const char *service)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT coalesce(string_agg(alert::text, ','), '0') FROM dora.alerts "
		"WHERE"
		" service = '%s' AND metric = 'change_lead_time' AND kind = 'regression'"
		" AND direction = 'worse' AND state = 'firing'",
		service);

	return rig_ask(&life->rig, sql);
}

/* Facts that were wrong: what fired because of them is withdrawn as soon as a day can be
 * judged, and told so once. */
static void expect_withdrawn(struct life *life, const char *alerts, gint32 day)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT count(*) FROM dorad.alert a LEFT JOIN dorad.watch w"
		" ON w.alert_id = a.alert_id WHERE a.alert_id IN (%s) AND NOT"
		" coalesce(w.silent, false) AND (a.state <> 'withdrawn' OR 1 <> (SELECT"
		" count(*) FROM dorad.alert_event e WHERE e.alert_id = a.alert_id AND"
		" e.event IN ('resolved', 'accepted', 'withdrawn')))",
		alerts);
	g_autofree char *left = rig_ask(&life->rig, sql);
	bool masked = day >= LIFE + 4 && day <= LIFE + 17; /* 20 December to 2 January */

	if (!masked && strcmp(left, "0") != 0)
		life_wrong(life, "day %d: %s of the alerts %s were not withdrawn", day,
			   left, alerts);
}

static void spoil(struct life *life)
{
	PGresult *result;

	if (!life->sabotage)
		return;
	result = pg_query(life->rig.admin, life->sabotage);
	if (strcmp(PQcmdTuples(result), "0") != 0)
		life->sabotage = NULL;
	PQclear(result);
}

static void live_day(struct life *life, gint32 day, bool facts_first)
{
	const struct script_day *today = &life->script->days[day];
	gint64 now = morning_of(day);
	g_autofree char *doomed = NULL;

	if (!facts_first && today->healed)
		doomed = lead_alerts_of(life, today->healed);
	if (!facts_first)
		history_hear(&life->rig, life->script, day);
	if (!facts_first && today->variant != life->variant) {
		life->variant = today->variant;
		life_restart(life);
	} else if (life_chance(life, 8)) {
		life_restart(life);
	}
	if (life->rand && today->skipped)
		return;
	evaluate_day(life, day);
	if (doomed)
		expect_withdrawn(life, doomed, day);
	if (today->accepts && !facts_first)
		accept_some(life, now + G_TIME_SPAN_HOUR);
	if (today->acks && !facts_first)
		ack_some(life, now + G_TIME_SPAN_HOUR);
}

void life_live(struct life *life, bool facts_first)
{
	for (gint32 day = LIFE; facts_first && day < life->until; day++)
		history_hear(&life->rig, life->script, day);
	for (gint32 day = LIFE; day < life->until; day++) {
		live_day(life, day, facts_first);
		for (int hour = 2; life->rand && hour < 22;
		     hour += 1 + life_dice(life, 10))
			life_tick(life, morning_of(day) + hour * G_TIME_SPAN_HOUR);
		if (!life->rand)
			life_listen(life, morning_of(day) + 12 * G_TIME_SPAN_HOUR);
		spoil(life);
	}
	life_heal(life);
}
