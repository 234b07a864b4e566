#pragma once

/*
 * A guardrail through its days: the same whether they are lived or played again.
 */
#include "collector/alert_walk.h"

struct alert_guardrail {
	const struct alert_place *place;
	const struct config_guardrail *rail;
	const struct alert_scene *scene; /* which knows of days and of silence, and of no
					    samples */
	const struct scope_environment *environment; /* NULL: it has no figures */
};

/* Is it about this very scope? */
bool alert_guardrail_is_of(const struct config_guardrail *rail,
			   const struct scope_row *scope);
/* That which it is about, among those of store_scope_environments(); NULL: there is none.
 */
const struct scope_environment *
alert_guardrail_environment(const struct config_guardrail *rail,
			    const GArray *environments);
/* A scene of days and of silence; activity as alert_activity(). Nothing has to be
 * cleared. */
struct alert_scene alert_guardrail_scene(const struct alert_place *place,
					 GArray *activity);

/* Takes row through the days from first to last, visiting each. Of day->shift there are
 * the window in days, the limit (before.rate) and what the window came to: after.from,
 * to, n and rate; NAN: nothing. */
bool alert_guardrail_walk(const struct alert_guardrail *guardrail, struct watch_row *row,
			  gint32 first, gint32 last,
			  bool (*visit)(struct watch_row *row,
					const struct alert_day *day, void *user,
					GError **error),
			  void *user, GError **error);

/* The alert that it has on a day on which it fires: to be cleared by alert_row_clear().
 */
void alert_guardrail_describe(const struct alert_guardrail *guardrail,
			      const struct watch_row *row, const struct alert_day *day,
			      struct alert_row *alert);
