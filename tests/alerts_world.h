#pragma once

#include "collector/evaluate.h"

#include "tests/store_rig.h"

/*
 * A database with a history that gets worse: search (of red) and mail (of blue) have the
 * same 70 weeks of two deployments each working day, whose lead time is three times as
 * long from week 54 on. Day 0 is Monday, 2024-01-01; days are judged at 7 o'clock of the
 * next day. */
#define DAY0 19723
#define DAY G_TIME_SPAN_DAY
#define DAYS (70 * 7)
#define ONSET (54 * 7)
#define FIRST (ONSET - 5) /* that is lived */

extern struct rig rig;
extern struct work_context context;

/* Its configuration with lines more in the rule (metrics: if not NULL instead of its
 * own), a limit of the guardrail and sections more; the caller unrefs. */
struct config *world_config(const char *metrics, const char *rule, const char *limit,
			    const char *sections);
/* The database is of this configuration from now on, which is taken over. */
void world_use(struct config *config);
void world_set_up(void);
void world_tear_down(void);
/* Gives a service the same history. */
void world_add_facts(const char *service);
gint64 world_start_of(gint32 day);
/* Every source was read at an instant. */
void world_set_fresh(gint64 at);
/* An incident of a service that began at noon of a day; hours: 0: it is open. */
void world_add_incident(const char *service, const char *environment, const char *id,
			gint32 day, double hours);
/* Evaluates a scope; when its alerts are due again. */
gint64 world_evaluate(enum scope_kind kind, const char *name, gint64 now);
/* The morning after a day. */
gint64 world_live(enum scope_kind kind, const char *name, gint32 day);
void world_live_through(const char *service, gint32 first, gint32 last);
/* "suspected 380, fired 382": what happened, and on which day. The caller frees. */
char *world_events_of(const char *service, const char *metric, const char *direction);
