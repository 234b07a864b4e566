#include "collector/alert_scene.h"

#include "base/instant.h"

/* Before the first day that is judged: what is looked at on it, as of the day on which an
 * alert fired that may last for 84, and longer than any stretch of masked days that three
 * working days may lie on both sides of. */
#define ACTIVITY_DAYS (ALERT_LOOK_BACK_DAYS + 84 + 60)

void alert_place_init(struct alert_place *place, struct store *store,
		      const struct config *config, const struct scope_row *scope,
		      const struct zone *zone)
{
	const struct config_service *service;
	const struct config_team *team;

	*place = (struct alert_place){
		.store = store, .config = config, .scope = scope, .zone = zone
	};
	if (scope->kind == SCOPE_ORG) {
		place->org = scope->name;
		return;
	}
	place->team = scope->name;
	if (scope->kind == SCOPE_SERVICE) {
		place->service = scope->name;
		service = config_service(config, scope->name);
		place->team = service ? service->team : NULL;
	}
	team = config_team(config, place->team);
	place->org = team ? team->org : NULL;
}

void alert_place_sign(const struct alert_place *place, const struct watch_row *row,
		      struct alert_row *alert)
{
	alert->watch_id = row->watch_id;
	alert->kind = row->kind;
	alert->direction = row->direction;
	alert->scope_kind = place->scope->kind;
	alert->org = g_strdup(place->org);
	alert->team = g_strdup(place->team);
	alert->service = g_strdup(place->service);
	alert->name = g_strdup(row->name);
	alert->metric = g_strdup(row->metric);
	alert->environment = g_strdup(row->environment);
	alert->state = g_strdup("firing");
	alert->time_zone = g_strdup(place->scope->time_zone);
}

const struct config_alert_rule *alert_place_rule(const struct alert_place *place,
						 const char *environment,
						 enum metric metric)
{
	return alert_metric_is_watched(metric)
		       ? config_alert_rule(place->config, place->org, place->team,
					   place->service, environment,
					   metric_name(metric))
		       : NULL;
}

GArray *alert_activity(const struct alert_place *place, gint32 first, gint32 last,
		       GError **error)
{
	return store_activity(place->store, place->scope->scope_id,
			      zone_day_start(place->zone, first - ACTIVITY_DAYS),
			      zone_day_start(place->zone, last + 1), error);
}

bool alert_scene_load(struct alert_scene *scene, const struct alert_place *place,
		      const char *environment, gint32 from, gint32 last, GArray *activity,
		      GError **error)
{
	*scene = (struct alert_scene){
		.config = place->config,
		.calendar = config_calendar(place->config, place->team),
		.zone = place->zone,
		.minimum_authors = place->config->privacy->minimum_authors,
		.activity = g_array_ref(activity),
	};
	alert_samples_init(&scene->samples);
	return store_alert_samples(place->store, place->scope->scope_id, environment,
				   zone_day_start(place->zone, from),
				   zone_day_start(place->zone, last + 1), &scene->samples,
				   error);
}

void alert_scene_clear(struct alert_scene *scene)
{
	g_clear_pointer(&scene->activity, g_array_unref);
	alert_samples_clear(&scene->samples);
}

/* The last day that was over at an instant. */
static gint32 day_over(const struct zone *zone, gint64 at)
{
	gint32 day = zone_local_day(zone, at) - 1;

	/* where midnight comes twice the new date is shown before it begins */
	return zone_day_start(zone, day + 1) > at ? day - 1 : day;
}

gint32 alert_last_day(const struct alert_place *place, gint64 now, gint64 fresh_until,
		      bool *all)
{
	gint64 over = now - place->config->alerts->lag_us;
	gint32 last;

	*all = false;
	if (fresh_until == INSTANT_NONE)
		return G_MININT32;
	last = day_over(place->zone, MIN(over, fresh_until));
	*all = last == day_over(place->zone, over);
	return last;
}
