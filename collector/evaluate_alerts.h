#pragma once

/*
 * What is watched of a scope, brought up to date: every day that is over, and whose facts
 * are known, is judged once, in order, however late. Part of evaluate_scope()
 * (collector/evaluate.h), in its transaction.
 */
#include "collector/alert_walk.h"
#include "collector/poll.h"

/* Is there a day to judge, or (no alerts in the configuration) something to turn off? */
bool evaluate_alerts_is_due(const struct scope_row *scope,
			    const struct work_context *context, gint64 now);

/* environments: of struct scope_environment. *next: when it is due again; INSTANT_NONE:
 * never. Writes nothing where nothing is new. */
bool evaluate_alerts(struct store *store, const struct work_context *context,
		     const struct scope_row *scope, const struct zone *zone,
		     const GArray *environments, gint64 now, gint64 *next,
		     GError **error);

/* ---- shared with evaluate_guardrails.c ---- */

/* A scope at work. */
struct alert_round {
	struct alert_place place;
	const struct work_context *context;
	gint64 now;
	gint32 last;	  /* the day up to which is judged; G_MININT32: none */
	gint32 over;	  /* the day up to which could be, were all facts known */
	GArray *rows;	  /* of struct watch_row: all that the scope had */
	GArray *kept;	  /* of gint32: watches that are in the configuration */
	GArray *activity; /* NULL until somebody asks */
};

/* The watch of a key; *found: it was there. The row is the caller's, to be cleared by
 * alert_round_row_clear(). */
struct watch_row alert_round_row(struct alert_round *round, enum watch_kind kind,
				 const char *name, const char *metric,
				 const char *environment, enum shift_direction direction);
void alert_round_row_clear(struct watch_row *row);
/* Ends what fires if it is measured differently by now, and notes how (measured is taken
 * over). Of a watch that is not stored yet it only notes it. */
bool alert_round_remeasure(struct alert_round *round, struct watch_row *row,
			   char *measured, GError **error);
/* The first day that it has to be judged on; > last: none. */
gint32 alert_round_first(const struct alert_round *round, const struct watch_row *row);
/* Signs of life of the scope for all days that may be judged; borrowed. */
GArray *alert_round_activity(struct alert_round *round, GError **error);
/* Records what a day brought. */
bool alert_round_record(struct alert_round *round, struct watch_row *row,
			const struct alert_day *day, const struct alert_row *alert,
			char *const *channels, unsigned n_channels, GError **error);

/* What is watched of the scope within another is known from now on
 * (alert_place_watched()), and ends here. */
bool alert_round_within(struct alert_round *round, const GArray *environments,
			GError **error);
/* Incidents that have been open for longer than 95 % of those restored in a year. Their
 * days are those of time_to_restore. */
bool evaluate_open_incidents(struct alert_round *round, const GArray *environments,
			     GError **error);
bool evaluate_guardrails(struct alert_round *round, const GArray *environments,
			 GError **error);
