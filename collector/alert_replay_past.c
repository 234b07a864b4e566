#include "base/instant.h"
#include "collector/alert_replay_inside.h"

/* After which day it was accepted. */
static gint32 accepted_day(const struct alert_place *place,
			   const struct watch_accepted *accepted)
{
	GTimeSpan lag = accepted->by_hand ? place->config->alerts->lag_us : 0;

	return zone_local_day(place->zone, accepted->at - lag) - 1;
}

bool replay_past_load(const struct replay *replay, const struct replay_series *series,
		      const char *environment, struct replay_past *past, GError **error)
{
	const struct alert_place *place = &replay->place;
	const char *metric = metric_name(series->metric);
	gint32 bound = SHIFT_NO_BOUND;
	guint n = 0;

	past->place = place;
	past->accepted = store_watch_accepted(place->store, place->scope->scope_id,
					      metric, environment, series->direction,
					      error);
	if (!past->accepted ||
	    !store_watch_baseline(place->store, place->scope->scope_id, metric,
				  environment, series->direction, &past->bound, error))
		return false;
	/* The stored watch has the bound of now: what set it after the first day that is
	 * played was not known on it. */
	for (; n < past->accepted->len; n++) {
		const struct watch_accepted *accepted = &g_array_index(
			past->accepted, struct watch_accepted, n);

		if (accepted_day(place, accepted) >= replay_first(replay, series->since))
			break;
		bound = MAX(bound, accepted->onset);
	}
	g_array_remove_range(past->accepted, 0, n);
	if (past->accepted->len > 0)
		past->bound = bound;
	return true;
}

void replay_past_clear(struct replay_past *past)
{
	g_clear_pointer(&past->accepted, g_array_unref);
}

bool replay_accept_again(const struct replay_past *past, gint32 since,
			 struct watch_row *row, gint32 day)
{
	bool happened = false;

	for (guint i = 0; i < past->accepted->len; i++) {
		const struct watch_accepted *accepted = &g_array_index(
			past->accepted, struct watch_accepted, i);
		struct watch_events events;

		if (accepted_day(past->place, accepted) != day ||
		    (!accepted->by_hand && day >= since))
			continue;
		happened |= watch_accept(&row->watch, &watch_rule_shift, day, &events);
		row->watch.baseline_start = MAX(row->watch.baseline_start,
						accepted->onset);
	}
	return happened;
}
