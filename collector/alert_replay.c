#include "collector/alert_replay.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"

#define LEARN_DAYS (8 * 7)

const char replay_legend[] =
	". ok, p pending, F firing, n no data, l learning, h masked; a letter a week";

/* ---- one series ---- */

/* What the days of a week were like. */
struct week {
	guint n, masked, silent;
	bool fired, pending;
	enum watch_state state;
};

struct playing {
	struct replay_series *series;
	struct week week;
};

static char letter_of(const struct week *week)
{
	return week->fired		       ? 'F'
	       : week->pending		       ? 'p'
	       : 2 * week->masked > week->n    ? 'h'
	       : 2 * week->silent > week->n    ? 'n'
	       : week->state == WATCH_LEARNING ? 'l'
					       : '.';
}

static void end_week(struct playing *playing)
{
	if (playing->week.n > 0)
		g_string_append_c(playing->series->weeks, letter_of(&playing->week));
	playing->week = (struct week){ 0 };
}

static void add_day(struct playing *playing, const struct watch_row *row,
		    const struct alert_day *day)
{
	struct week *week = &playing->week;

	week->n++;
	week->masked += day->look.masked;
	week->silent += day->look.silent && !day->look.masked;
	week->state = row->watch.state;
	week->fired |= row->watch.state == WATCH_FIRING;
	week->pending |= row->watch.state == WATCH_PENDING;
	if (week->n == 7)
		end_week(playing);
}

static bool visit(struct watch_row *row, const struct alert_day *day, void *user,
		  GError **error)
{
	struct playing *playing = user;

	(void)error;
	for (guint i = 0; i < day->events.n; i++) {
		const struct replay_event event = {
			.day = day->day,
			.event = day->events.events[i],
			.onset = day->events.events[i] == WATCH_FIRED
					 ? row->watch.frozen.onset
					 : WATCH_NEVER,
			.score = row->score,
			.ratio = row->ratio,
		};

		g_array_append_val(playing->series->events, event);
	}
	if (day->day >= playing->series->since)
		add_day(playing, row, day);
	return true;
}

static void series_clear(void *data)
{
	struct replay_series *series = data;

	g_free(series->scope);
	g_free(series->environment);
	g_array_unref(series->events);
	g_string_free(series->weeks, TRUE);
}

static bool play(const struct alert_scene *scene, struct replay_series *series,
		 gint32 baseline, GError **error)
{
	struct playing playing = { .series = series };
	struct watch_row row = { .direction = SHIFT_WORSE };
	gint32 first = series->since - LEARN_DAYS;
	struct alert_subject subject;
	bool ok;

	alert_subject_init(&subject, scene, series->metric, series->rule, SHIFT_WORSE);
	alert_begin(scene, &subject, first, &row);
	if (baseline != SHIFT_NO_BOUND && baseline < series->since)
		row.watch.baseline_start = baseline;
	ok = alert_walk(scene, &subject, &row, first, series->until, visit, &playing,
			error);
	end_week(&playing);
	alert_subject_clear(&subject);
	return ok;
}

/* ---- all of them ---- */

struct replay {
	const struct replay_query *query;
	struct alert_place place;
	gint32 until;
	GArray *activity;
	GArray *series;
};

static const struct config_alert_rule *
rule_of(const struct replay *replay, const char *environment, enum metric metric)
{
	const struct replay_query *query = replay->query;
	const struct config_alert_rule *rule = alert_place_rule(&replay->place,
								environment, metric);

	if (!rule || (query->rule && strcmp(rule->name, query->rule) != 0) ||
	    (query->metric && strcmp(metric_name(metric), query->metric) != 0))
		return NULL;
	return rule;
}

static bool play_metrics(struct replay *replay, const struct alert_scene *scene,
			 const char *environment, gint32 since, GError **error)
{
	gint32 baseline;

	for (int i = 0; i < N_METRICS; i++) {
		struct replay_series series = {
			.kind = replay->place.scope->kind,
			.metric = (enum metric)i,
			.since = since,
			.until = replay->until,
		};

		series.rule = rule_of(replay, environment, series.metric);
		if (!series.rule)
			continue;
		series.scope = g_strdup(replay->place.scope->name);
		series.environment = g_strdup(environment);
		series.events = g_array_new(FALSE, FALSE, sizeof(struct replay_event));
		series.weeks = g_string_new(NULL);
		g_array_append_val(replay->series, series);
		if (!store_watch_baseline(
			    replay->place.store, replay->place.scope->scope_id,
			    metric_name(series.metric), environment, &baseline, error) ||
		    !play(scene,
			  &g_array_index(replay->series, struct replay_series,
					 replay->series->len - 1),
			  baseline, error))
			return false;
	}
	return true;
}

/* Of years without a fact nothing can be told, and no rate be made. */
static gint32 first_fact(const struct replay *replay, const struct scope_environment *row)
{
	gint64 born = row->born;

	if (row->incidents_born != INSTANT_NONE &&
	    (born == INSTANT_NONE || row->incidents_born < born))
		born = row->incidents_born;
	return born == INSTANT_NONE ? G_MAXINT32
				    : zone_local_day(replay->place.zone, born);
}

static bool play_environment(struct replay *replay, const struct scope_environment *row,
			     GError **error)
{
	const char *environment = row->name;
	struct alert_scene scene = { 0 };
	gint32 since = MAX(replay->query->since, first_fact(replay, row));
	gint32 first = since - LEARN_DAYS;
	bool wanted = false, ok;

	for (int i = 0; i < N_METRICS; i++)
		wanted |= rule_of(replay, environment, (enum metric)i) != NULL;
	if (!wanted || since > replay->until)
		return true;
	ok = alert_scene_load(&scene, &replay->place, environment,
			      first - 7 * (ALERT_BASELINE_WEEKS + 1), replay->until,
			      replay->activity, error) &&
	     play_metrics(replay, &scene, environment, since, error);
	alert_scene_clear(&scene);
	return ok;
}

static bool play_environments(struct replay *replay, GError **error)
{
	GArray *environments = store_scope_environments(
		replay->place.store, replay->place.scope->scope_id, error);
	bool ok = environments != NULL;

	for (guint i = 0; ok && i < environments->len; i++)
		ok = play_environment(
			replay, &g_array_index(environments, struct scope_environment, i),
			error);
	scope_environments_free(environments);
	return ok;
}

static bool play_scope(struct replay *replay, gint64 now, GError **error)
{
	const struct alert_place *place = &replay->place;
	gint64 fresh_until;
	bool all, ok;

	if (!store_fresh_until(place->store, place->scope->scope_id, &fresh_until, error))
		return false;
	replay->until = MIN(replay->query->until,
			    alert_last_day(place, now, fresh_until, &all));
	if (replay->until < replay->query->since)
		return true;
	replay->activity = alert_activity(place, replay->query->since - LEARN_DAYS,
					  replay->until, error);
	ok = replay->activity && play_environments(replay, error);
	g_clear_pointer(&replay->activity, g_array_unref);
	return ok;
}

static bool is_wanted(const struct replay_query *query, const struct scope_row *scope)
{
	return !query->scope ||
	       (scope->kind == query->kind && strcmp(scope->name, query->scope) == 0);
}

GArray *alert_replay(struct store *store, const struct config *config,
		     const struct replay_query *query, gint64 now, GError **error)
{
	GArray *scopes = store_scopes(store, error);
	struct replay replay = {
		.query = query,
		.series = g_array_new(FALSE, FALSE, sizeof(struct replay_series)),
	};
	bool ok = scopes != NULL;

	g_array_set_clear_func(replay.series, series_clear);
	for (guint i = 0; ok && i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);
		struct zone *zone;

		if (!is_wanted(query, scope))
			continue;
		zone = zone_open(scope->time_zone, error);
		alert_place_init(&replay.place, store, config, scope, zone);
		ok = zone && play_scope(&replay, now, error);
		zone_unref(zone);
	}
	scope_rows_free(scopes);
	if (ok)
		return replay.series;
	g_array_unref(replay.series);
	return NULL;
}
