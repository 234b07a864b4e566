#pragma once

/*
 * What the alerts of a configuration would have told: the days of the past through the
 * code that judges live, with the facts as they are now. Only reads.
 */
#include "collector/alert_walk.h"

struct replay_query {
	gint32 since, until; /* days, both included; until is cut to the last day that
				can be judged. Zones share them */
	gint32 first; /* that is played, to learn and for what fires before since; 0:
			 24 weeks before since */
	const char *rule, *guardrail, *metric; /* NULL: any. A rule leaves guardrails out,
						  a guardrail regressions */
	enum scope_kind kind;
	const char *scope; /* NULL: all of every kind */
	bool improvements; /* those of the rules that have them stored, too */
};

struct replay_event {
	gint32 day;
	enum watch_event event;
	gint32 onset;	     /* fired; else WATCH_NEVER */
	double score, ratio; /* of that day; NAN: none */
	/* Of a guardrail on that day; of an incident that fired how long it had been
	 * open, in seconds; NAN: none */
	double value;
	double usual; /* of an incident: what 95 % of the n took at most; NAN */
	gint64 n;     /* the samples that it is of */
	char *name;   /* of an incident; NULL: the series is about one thing */
};

/* One series that is watched, or the open incidents of a scope and environment. */
struct replay_series {
	enum scope_kind kind;
	char *scope, *environment;
	enum metric metric;
	enum shift_direction direction;
	bool incidents;
	const struct config_alert_rule *rule; /* NULL: of a guardrail */
	const struct config_guardrail *rail;  /* NULL: of a rule */
	gint32 since, until; /* not before its first fact, nor before known_from: > until:
				nothing can be said */
	gint32 known_from;   /* of guardrails and incidents the first day whose window is
				whole: what it rests on is deleted for its age before;
				WATCH_NEVER: none of it is */
	GArray *events;	     /* of struct replay_event, also those of before since */
	GString *weeks;	     /* a letter for each week from since on: see replay_legend */
};
extern const char replay_legend[];

/* Learns from the first day on, and compares with nothing from before the
 * bound that the stored watch had by then, if that lies before since. What people
 * accepted, and what was accepted before since, is so from its own day on. Array of
 * struct replay_series of rules; the caller unrefs. */
GArray *alert_replay(struct store *store, const struct config *config,
		     const struct replay_query *query, gint64 now, GError **error);

/* Appends to series those of guardrails. What fires before since is known from the first
 * day on, or from known_from on. */
bool alert_replay_guardrails(struct store *store, const struct config *config,
			     const struct replay_query *query, gint64 now, GArray *series,
			     GError **error);

/* The same of open incidents. */
bool alert_replay_incidents(struct store *store, const struct config *config,
			    const struct replay_query *query, gint64 now, GArray *series,
			    GError **error);

/* To standard output: a line for each alert that would have fired from since on, a letter
 * a week for each series, and what each rule and guardrail comes to. */
void alert_replay_print(const struct config *config, const struct replay_query *query,
			const GArray *series, bool json);
