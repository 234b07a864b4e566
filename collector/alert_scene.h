#pragma once

/*
 * Where series are watched: one scope, what it belongs to, and what is read of it for
 * collector/alert_judge.h.
 */
#include "collector/alert_judge.h"

/* Borrows all that it has but makers. */
struct alert_place {
	struct store *store;
	const struct config *config;
	const struct scope_row *scope;
	const struct zone *zone;
	const char *org, *team, *service; /* of a team there is no service, of an org no
					     team either */
	GArray *makers; /* of struct alert_maker; NULL: of a service, or not loaded */
};
void alert_place_init(struct alert_place *place, struct store *store,
		      const struct config *config, const struct scope_row *scope,
		      const struct zone *zone);

/* Whose an alert is that fires there, and of what watch: to be cleared by
 * alert_row_clear(). */
void alert_place_sign(const struct alert_place *place, const struct watch_row *row,
		      struct alert_row *alert);

/* Reads which services all is made of that is judged from first on, of those that it has
 * at an instant. environments: as those of store_scope_environments(). Cleared by
 * alert_place_clear(), after a failure, too. */
bool alert_place_load(struct alert_place *place, const GArray *environments, gint64 first,
		      gint64 at, GError **error);
void alert_place_clear(struct alert_place *place);

/* Has the series a rule, and is all of it that of one of its services, or of an org's
 * teams, which is watched as closely itself and told to the same channels? */
bool alert_place_is_within(const struct alert_place *place, const char *environment,
			   enum metric metric);
/* The rule of a series; NULL: there is none. */
const struct config_alert_rule *alert_place_rule(const struct alert_place *place,
						 const char *environment,
						 enum metric metric);
/* That of a regression; NULL also of what is within another that is watched. */
const struct config_alert_rule *alert_place_watched(const struct alert_place *place,
						    const char *environment,
						    enum metric metric);

/* How far back the engines look from a day, and from that on which an alert fired. */
#define ALERT_LOOK_BACK_DAYS (49 * 7)

/* Fills a scene with the samples of [from, last]. activity is that of the scope, shared
 * by its environments. What the scene had before is not freed; it has to be cleared after
 * a failure, too. */
bool alert_scene_load(struct alert_scene *scene, const struct alert_place *place,
		      const char *environment, gint32 from, gint32 last, GArray *activity,
		      GError **error);
void alert_scene_clear(struct alert_scene *scene);
/* Signs of life, for the days from first to last. */
GArray *alert_activity(const struct alert_place *place, gint32 first, gint32 last,
		       GError **error);

/* The last day that has been over for the lag, and whose facts are known. *all: nothing
 * that is over waits for facts. G_MININT32: none. */
gint32 alert_last_day(const struct alert_place *place, gint64 now, gint64 fresh_until,
		      bool *all);
