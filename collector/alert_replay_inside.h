#pragma once

/*
 * What the replays of regressions, guardrails and incidents share, and what is shown of
 * both; for collector/alert_replay*.c alone.
 */
#include "collector/alert_replay.h"

/* What fires on a day may have begun before as long ago as an alert may last, and was
 * found up to 8 weeks after. */
#define REPLAY_LEARN_DAYS ((gint32)watch_rule_shift.accept_anyway + 8 * 7)

/* A scope at work. */
struct replay {
	const struct replay_query *query;
	struct alert_place place;
	gint32 until;
	GArray *activity; /* NULL until somebody asks */
	GArray *series;
};

/* The first day that is played of a series that is shown from since on. */
static inline gint32 replay_first(const struct replay *replay, gint32 since)
{
	return replay->query->first != 0 ? replay->query->first
					 : since - REPLAY_LEARN_DAYS;
}

/* Calls play for each scope that is wanted and has a day to judge. */
bool replay_scopes(struct replay *replay, struct store *store,
		   const struct config *config, gint64 now,
		   bool (*play)(struct replay *replay, GError **error), GError **error);
/* Signs of life of the scope for all days that are played; borrowed. */
GArray *replay_activity(struct replay *replay, GError **error);
/* The first day of an environment (NULL: there is none) that has a fact: of years without
 * one nothing can be told, and no rate be made. G_MAXINT32: no day has. */
gint32 replay_first_fact(const struct replay *replay,
			 const struct scope_environment *environment);

/* What was lived of a series: the days before the first that is played are not played,
 * and nobody says again what people said. */
struct replay_past {
	const struct alert_place *place;
	gint32 bound; /* of the stored watch, as of the first day; else SHIFT_NO_BOUND */
	GArray *accepted; /* of struct watch_accepted, from the first day on */
};
/* Has to be cleared after a failure, too. */
bool replay_past_load(const struct replay *replay, const struct replay_series *series,
		      const char *environment, struct replay_past *past, GError **error);
void replay_past_clear(struct replay_past *past);
/* What people said is a fact of its day. What the days come to they come to again, but
 * for those before since, in which an alert may have been shorter than it was lived. True
 * if what fires is accepted. */
bool replay_accept_again(const struct replay_past *past, gint32 since,
			 struct watch_row *row, gint32 day);

/* A series at work, the last of replay->series. */
struct playing {
	struct replay_series *series;
	const struct replay_past *past; /* NULL: nothing of it is ever accepted */
	/* What the days of its week were like. */
	struct {
		guint n, masked, silent;
		bool fired, pending;
		enum watch_state state;
	} week;
};
/* Adds one, that of the scope at work; series has all but what is the scope's. */
struct playing replay_begin(struct replay *replay, const struct replay_series *series,
			    const char *environment);
/* As alert_walk() and alert_guardrail_walk() want it; user: the struct playing. */
bool replay_visit(struct watch_row *row, const struct alert_day *day, void *user,
		  GError **error);
void replay_end(struct playing *playing);
void replay_series_clear(void *series);

/* ---- what is shown ---- */

/* An alert that fired in the time asked for. */
struct replay_told {
	const struct replay_series *series;
	const struct replay_event *fired;
	const struct replay_event *ended; /* NULL: it fires */
	bool worsened;
};

/* What a rule or a guardrail came to, or the incidents of a rule. */
struct replay_sum {
	guint n_series, n_alerts;
	double a_year; /* alerts a year and series; NAN: no day was played */
};
/* Of all series that are of the same as one. */
struct replay_sum replay_sum_of(const GArray *series, const GArray *told,
				const struct replay_series *one);

/* What is left out: "guardrails", …; ends with NULL. The caller frees the array alone. */
const char **replay_left_out(const struct replay_query *query);
/* "2026-03-03" */
void replay_day_text(gint32 day, char text[11]);

void replay_print_json(const struct config *config, const struct replay_query *query,
		       const GArray *series, const GArray *told);
