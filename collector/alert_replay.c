#include <math.h>
#include <string.h>

#include "collector/alert_replay_inside.h"

static const struct config_alert_rule *
rule_of(const struct replay *replay, const char *environment, enum metric metric)
{
	const struct replay_query *query = replay->query;
	const struct config_alert_rule *rule = alert_place_watched(&replay->place,
								   environment, metric);

	if (!rule || (query->rule && strcmp(rule->name, query->rule) != 0) ||
	    (query->metric && strcmp(metric_name(metric), query->metric) != 0))
		return NULL;
	return rule;
}

static bool play(struct replay *replay, const struct alert_scene *scene,
		 const char *environment, const struct replay_series *series,
		 const struct replay_past *past, GError **error)
{
	struct playing playing = replay_begin(replay, series, environment);
	struct watch_row row = { .direction = series->direction };
	gint32 first = replay_first(replay, series->since);
	struct alert_subject subject;
	bool ok;

	playing.past = past;
	alert_subject_init(&subject, scene, series->metric, series->rule,
			   series->direction);
	alert_begin(scene, &subject, first, &row);
	if (past->bound != SHIFT_NO_BOUND && past->bound < series->since)
		row.watch.baseline_start = past->bound;
	ok = alert_walk(scene, &subject, &row, first, replay->until, replay_visit,
			&playing, error);
	replay_end(&playing);
	alert_subject_clear(&subject);
	return ok;
}

static bool play_direction(struct replay *replay, const struct alert_scene *scene,
			   const char *environment, const struct replay_series *series,
			   GError **error)
{
	struct replay_past past = { 0 };
	bool ok = replay_past_load(replay, series, environment, &past, error) &&
		  play(replay, scene, environment, series, &past, error);

	replay_past_clear(&past);
	return ok;
}

static bool play_metrics(struct replay *replay, const struct alert_scene *scene,
			 const char *environment, gint32 since, GError **error)
{
	for (int i = 0; i < N_METRICS; i++) {
		struct replay_series series = {
			.metric = (enum metric)i,
			.rule = rule_of(replay, environment, (enum metric)i),
			.since = since,
			.known_from = WATCH_NEVER,
		};

		for (int k = SHIFT_WORSE; series.rule && k <= SHIFT_BETTER; k++) {
			series.direction = (enum shift_direction)k;
			if (k == SHIFT_BETTER &&
			    !(replay->query->improvements && series.rule->improvements))
				continue;
			if (!play_direction(replay, scene, environment, &series, error))
				return false;
		}
	}
	return true;
}

static bool play_environment(struct replay *replay, const struct scope_environment *row,
			     GError **error)
{
	const char *environment = row->name;
	struct alert_scene scene = { 0 };
	gint32 since = MAX(replay->query->since, replay_first_fact(replay, row));
	gint32 first = replay_first(replay, since);
	bool wanted = false, ok;
	GArray *activity;

	for (int i = 0; i < N_METRICS; i++)
		wanted |= rule_of(replay, environment, (enum metric)i) != NULL;
	if (!wanted || since > replay->until)
		return true;
	activity = replay_activity(replay, error);
	if (!activity)
		return false;
	ok = alert_scene_load(&scene, &replay->place, environment,
			      first - 7 * (ALERT_BASELINE_WEEKS + 1), replay->until,
			      activity, error) &&
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

GArray *alert_replay(struct store *store, const struct config *config,
		     const struct replay_query *query, gint64 now, GError **error)
{
	g_autoptr(GArray)
		series = g_array_new(FALSE, FALSE, sizeof(struct replay_series));
	struct replay replay = { .query = query, .series = series };

	g_array_set_clear_func(series, replay_series_clear);
	if (!query->guardrail &&
	    !replay_scopes(&replay, store, config, now, play_environments, error))
		return NULL;
	return g_steal_pointer(&series);
}
