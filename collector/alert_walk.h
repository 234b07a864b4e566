#pragma once

/*
 * A watch through its days: the same whether they are lived or played again.
 */
#include "collector/alert_scene.h"

/* A day that a watch has come through. */
struct alert_day {
	gint32 day;
	struct watch before; /* it was so; row->watch is how it is now */
	struct watch_look look;
	struct shift shift; /* of regressions */
	struct watch_events events;
	bool began_before; /* as that of the alert of a guardrail, on the day it fires */
};

/* A watch of a series begins: learning, compared with nothing older than its last level.
 * name and the rest of the key are the caller's. */
void alert_begin(const struct alert_scene *scene, const struct alert_subject *subject,
		 gint32 day, struct watch_row *row);

/* Takes row through the days from first to last, visiting each. */
bool alert_walk(const struct alert_scene *scene, const struct alert_subject *subject,
		struct watch_row *row, gint32 first, gint32 last,
		bool (*visit)(struct watch_row *row, const struct alert_day *day,
			      void *user, GError **error),
		void *user, GError **error);

/* One step of it, whatever the look is made of: also of guardrails. */
void alert_step(struct watch_row *row, const struct watch_rule *rule,
		struct alert_day *day);

/* The alert that a watch has on a day on which it fires or got worse, but for who has it
 * (org to environment, rule): to be cleared by alert_row_clear(). */
void alert_describe(const struct alert_scene *scene, const struct alert_subject *subject,
		    const struct watch_row *row, const struct alert_day *day,
		    struct alert_row *alert);

/* Why, for people; NULL: the event says it all. look: of the day. */
const char *alert_end_reason(enum watch_event event, bool guardrail,
			     const struct watch_look *look);
