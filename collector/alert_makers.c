#include <string.h>

#include "collector/alert_scene.h"

/* Further back than any day that is judged looks, also of who was away. */
#define LOOKED_BACK (400 * G_TIME_SPAN_DAY)

bool alert_place_load(struct alert_place *place, const GArray *environments, gint64 first,
		      gint64 at, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (place->scope->kind == SCOPE_SERVICE)
		return true;
	for (guint i = 0; i < environments->len; i++)
		g_ptr_array_add(
			names,
			g_array_index(environments, struct scope_environment, i).name);
	place->makers = store_alert_makers(place->store, place->scope->scope_id,
					   (const char *const *)names->pdata, names->len,
					   first - LOOKED_BACK, at, error);
	return place->makers != NULL;
}

void alert_place_clear(struct alert_place *place)
{
	g_clear_pointer(&place->makers, g_array_unref);
}

static bool makes(const struct alert_maker *maker, enum metric metric)
{
	if (metric == METRIC_RECOVERY_TIME)
		return maker->has_failed;
	return metric == METRIC_CHANGE_LEAD_TIME || metric >= METRIC_STAGE_CODING
		       ? maker->ships
		       : maker->deploys;
}

static const char *team_of(const struct alert_place *place,
			   const struct alert_maker *maker)
{
	const struct config_service *service = config_service(place->config,
							      maker->service);

	return service ? service->team : NULL;
}

/* Whoever the one tells of something hears of it by the other, too, and no later. */
static bool is_as_close(const struct config_alert_rule *inner,
			const struct config_alert_rule *outer)
{
	if (!inner || inner == outer)
		return inner != NULL;
	for (unsigned i = 0; i < outer->n_channels; i++) {
		unsigned k = 0;

		while (k < inner->n_channels &&
		       strcmp(inner->channels[k], outer->channels[i]) != 0)
			k++;
		if (k == inner->n_channels)
			return false;
	}
	return inner->durations == outer->durations && inner->gate <= outer->gate &&
	       shift_factor(inner->sensitivity) <= shift_factor(outer->sensitivity) &&
	       inner->improvements >= outer->improvements;
}

/* Is one service all of it, or of an org one team, which is watched itself? */
static bool is_within(const struct alert_place *place, const char *environment,
		      enum metric metric, const struct config_alert_rule *rule)
{
	const struct alert_maker *first = NULL;
	bool one_service = true, one_team = place->scope->kind == SCOPE_ORG;
	const char *team;

	for (guint i = 0; i < place->makers->len; i++) {
		const struct alert_maker *maker = &g_array_index(place->makers,
								 struct alert_maker, i);

		if (strcmp(maker->environment, environment) != 0 || !makes(maker, metric))
			continue;
		if (!first) {
			first = maker;
			continue;
		}
		one_service = false;
		one_team &= g_strcmp0(team_of(place, maker), team_of(place, first)) == 0;
	}
	if (!first)
		return false;
	team = team_of(place, first);
	return (one_service &&
		is_as_close(config_alert_rule(place->config, place->org, team,
					      first->service, environment,
					      metric_name(metric)),
			    rule)) ||
	       (one_team &&
		is_as_close(config_alert_rule(place->config, place->org, team, NULL,
					      environment, metric_name(metric)),
			    rule));
}

bool alert_place_is_within(const struct alert_place *place, const char *environment,
			   enum metric metric)
{
	const struct config_alert_rule *rule = alert_place_rule(place, environment,
								metric);

	/* open incidents are told by the days of this one */
	return metric != METRIC_TIME_TO_RESTORE && rule && place->makers &&
	       is_within(place, environment, metric, rule);
}

const struct config_alert_rule *alert_place_watched(const struct alert_place *place,
						    const char *environment,
						    enum metric metric)
{
	return alert_place_is_within(place, environment, metric)
		       ? NULL
		       : alert_place_rule(place, environment, metric);
}
