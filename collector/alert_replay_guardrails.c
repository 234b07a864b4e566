#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_guardrail.h"
#include "collector/alert_replay_inside.h"
#include "config/goal_metric.h"
#include "sinks/store_privacy.h"

static bool is_wanted(const struct replay *replay, const struct config_guardrail *rail)
{
	const struct replay_query *query = replay->query;

	return alert_guardrail_is_of(rail, replay->place.scope) &&
	       (!query->guardrail || strcmp(query->guardrail, rail->name) == 0) &&
	       (!query->metric || strcmp(query->metric, rail->figure.metric) == 0);
}

/* Does a figure come to something else once facts of a kind are deleted? */
static bool rests_on(const struct replay *replay, const struct config_guardrail *rail,
		     enum metric metric, enum retained kind)
{
	const bool lead = metric == METRIC_CHANGE_LEAD_TIME ||
			  metric >= METRIC_STAGE_CODING;

	switch (kind) {
	case RETAINED_AUTHORS:
		/* numbers of too few are counts alone */
		return lead && rail->figure.statistic != STATISTIC_N &&
		       replay->place.config->privacy->minimum_authors > 0;
	case RETAINED_CHANGES:
		return metric == METRIC_REWORK_RATE || metric >= METRIC_STAGE_CODING;
	case RETAINED_INCIDENTS:
		return !lead && metric != METRIC_DEPLOYMENT_FREQUENCY;
	case RETAINED_RUNS:
	case RETAINED_KPIS:
	case N_RETAINED:
		break;
	}
	return false;
}

static bool find_known_from(const struct replay *replay,
			    const struct config_guardrail *rail, enum metric metric,
			    gint32 *known_from, GError **error)
{
	const gint32 window = (gint32)goal_window_days(rail->over);

	*known_from = WATCH_NEVER;
	for (int i = 0; i < N_RETAINED; i++) {
		gint64 kept_from;

		if (!rests_on(replay, rail, metric, (enum retained)i))
			continue;
		if (!store_kept_from(replay->place.store, (enum retained)i, &kept_from,
				     error))
			return false;
		if (kept_from == INSTANT_NONE)
			continue;
		/* the day after it is the first that is whole */
		*known_from = MAX(*known_from,
				  zone_local_day(replay->place.zone, kept_from) + window);
	}
	return true;
}

static bool play(struct replay *replay, const struct alert_guardrail *guardrail,
		 const struct replay_series *series, GError **error)
{
	struct playing playing = replay_begin(replay, series,
					      guardrail->rail->figure.environment);
	struct watch_row row = { .kind = WATCH_GUARDRAIL,
				 .direction = SHIFT_WORSE,
				 .score = NAN,
				 .ratio = NAN };
	gint32 first = MAX(replay_first(replay, series->since), series->known_from);

	watch_init(&row.watch, SHIFT_NO_BOUND);
	if (!alert_guardrail_walk(guardrail, &row, first, replay->until, replay_visit,
				  &playing, error))
		return false;
	replay_end(&playing);
	return true;
}

static bool play_one(struct replay *replay, const struct config_guardrail *rail,
		     const GArray *environments, GError **error)
{
	GArray *activity = replay_activity(replay, error);
	const struct alert_scene scene = alert_guardrail_scene(&replay->place, activity);
	const struct alert_guardrail guardrail = {
		.place = &replay->place,
		.rail = rail,
		.scene = &scene,
		.environment = alert_guardrail_environment(rail, environments),
	};
	struct replay_series series = { .rail = rail, .direction = SHIFT_WORSE };

	metric_parse(rail->figure.metric, &series.metric);
	if (!activity ||
	    !find_known_from(replay, rail, series.metric, &series.known_from, error))
		return false;
	series.since = MAX(replay->query->since,
			   replay_first_fact(replay, guardrail.environment));
	if (series.since > replay->until)
		return true;
	series.since = MAX(series.since, series.known_from);
	return play(replay, &guardrail, &series, error);
}

static bool play_guardrails(struct replay *replay, GError **error)
{
	const struct config *config = replay->place.config;
	GArray *environments = NULL;
	bool ok = true;

	for (unsigned i = 0; ok && i < config->n_guardrails; i++) {
		if (!is_wanted(replay, &config->guardrails[i]))
			continue;
		if (!environments)
			environments = store_scope_environments(
				replay->place.store, replay->place.scope->scope_id,
				error);
		ok = environments &&
		     play_one(replay, &config->guardrails[i], environments, error);
	}
	scope_environments_free(environments);
	return ok;
}

bool alert_replay_guardrails(struct store *store, const struct config *config,
			     const struct replay_query *query, gint64 now, GArray *series,
			     GError **error)
{
	struct replay replay = { .query = query, .series = series };

	return query->rule ||
	       replay_scopes(&replay, store, config, now, play_guardrails, error);
}
