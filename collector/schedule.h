#pragma once

/*
 * When things are done again: the arithmetic of the daemon's timers, without a clock.
 * Timers run on the steady (monotonic) clock, so that a wall clock that is set causes
 * neither a burst nor a silence.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

/* The two clocks, read together and passed in. */
struct moment {
	gint64 steady; /* monotonic, for timers */
	gint64 wall;   /* UTC, for facts */
};

#define SCHEDULE_NEVER G_MAXINT64

/* Something the daemon does again and again, one at a time. */
struct task {
	gint64 due; /* steady; SCHEDULE_NEVER: nothing to do */
	bool running;
	guint failures; /* in a row */
};

/* Whether it should be started. */
bool task_is_due(const struct task *task, gint64 steady);
/* It has been started; wanting it again from now on makes it run once more afterwards. */
void task_start(struct task *task);
/* It is wanted no later than this. */
void task_want(struct task *task, gint64 due);
/* When to look again; SCHEDULE_NEVER while it runs. */
gint64 task_wake(const struct task *task);

/* The span, longer or shorter by up to a tenth: the same for the same seed, name and n,
 * and even over them. */
GTimeSpan schedule_jitter(GTimeSpan span, guint64 seed, const char *name, guint n);

/* How long to wait after a source's n-th failure in a row (1 …). What may pass by itself
 * is tried again from 10 s, doubling up to 1 h, but at most 12 times `every`; what a
 * person must mend waits 5 min at first, so that a refused credential does not lock an
 * account; what the data must mend waits `every` at first. */
GTimeSpan schedule_backoff(const GError *error, guint failures, GTimeSpan every);

/* The same for the database, and for what waits for its turn: from 1 s, doubling up to 60
 * s; a refused credential 30 s. */
GTimeSpan schedule_database_backoff(const GError *error, guint failures);

/* The offset of the n-th source's first poll from the start: one each quarter second, and
 * never more than `every`. */
GTimeSpan schedule_first(guint n, GTimeSpan every);
