#pragma once

/*
 * The incidents of a scope that are open for very long (metrics/open_incidents.h) through
 * its days: the same whether they are lived or played again.
 */
#include "collector/alert_scene.h"
#include "metrics/open_incidents.h"

/* One environment of the scope. */
struct alert_ward {
	const char *environment;	      /* borrowed */
	const struct config_alert_rule *rule; /* NULL: nobody watches it */
	gint32 first;			      /* the first day that is judged */
};
/* One for each of store_scope_environments(), in its order; the first day is the
 * caller's to set. Array of struct alert_ward; the caller unrefs. */
GArray *alert_wards(const struct alert_place *place, const GArray *environments);

/* A day of one of them. */
struct alert_open_day {
	gint32 day;
	guint ward;
	bool masked;
	struct open_usual usual;
	const GArray *firing; /* of struct open_alert: after the day, of all wards */
	const GArray *events; /* of struct open_event */
};

/* Takes what fires before the first day (of struct open_alert, environment: the index of
 * the ward; it is not changed) through the days up to last, visiting each day of each
 * ward. Names and incidents of events live as long as the visit. */
bool alert_open_walk(const struct alert_place *place, const GArray *wards, gint32 last,
		     const GArray *firing,
		     bool (*visit)(const struct alert_open_day *day, void *user,
				   GError **error),
		     void *user, GError **error);
