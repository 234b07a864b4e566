#pragma once

/*
 * What the alerts of a configuration would have told: the days of the past through the
 * code that judges live, with the facts as they are now. Guardrails and improvements are
 * not played. Only reads.
 */
#include "collector/alert_walk.h"

struct replay_query {
	gint32 since, until; /* days, both included; until is cut to the last day that
				can be judged. Zones share them */
	const char *rule, *metric; /* NULL: any */
	enum scope_kind kind;
	const char *scope; /* NULL: all of every kind */
};

struct replay_event {
	gint32 day;
	enum watch_event event;
	gint32 onset;	     /* fired; else WATCH_NEVER */
	double score, ratio; /* of that day; NAN: none */
};

/* One series that is watched. */
struct replay_series {
	enum scope_kind kind;
	char *scope, *environment;
	enum metric metric;
	const struct config_alert_rule *rule;
	gint32 since, until; /* not before its first fact */
	GArray *events;	     /* of struct replay_event, also those of before since */
	GString *weeks;	     /* a letter for each week from since on: see replay_legend */
};
extern const char replay_legend[];

/* Learns from eight weeks before since on, and compares with nothing from before the
 * bound of the stored watch, if that lies before since. Array of struct replay_series;
 * the caller unrefs. */
GArray *alert_replay(struct store *store, const struct config *config,
		     const struct replay_query *query, gint64 now, GError **error);

/* To standard output: a line for each alert that would have fired from since on, a letter
 * a week for each series, and what each rule comes to. */
void alert_replay_print(const struct config *config, const GArray *series, bool json);
