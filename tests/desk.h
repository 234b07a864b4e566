#pragma once

/* For tests of the engine: linked with tests/fakes.c. */
#include <check.h>
#include <string.h>

#include "base/error.h"
#include "collector/command.h"
#include "collector/engine.h"
#include "tests/fakes.h"

/* An engine on a desk: the test is its clock and its worker. */
struct desk {
	struct engine *engine;
	struct announce *announce;
	GQueue jobs; /* submitted, not yet run */
	struct moment now;
	gint64 wake;
};

#define T0 (1000 * G_TIME_SPAN_SECOND)
#define WALL (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC) /* 2026-03-01 12:00 UTC */

/* Resets the fakes; the engine watches these sources (names separated by spaces). */
void desk_init(struct desk *desk, const char *sources, bool once);
/* The same with alerts. */
void desk_init_alerts(struct desk *desk, const char *sources, bool once);
void desk_clear(struct desk *desk);

/* Runs a job and gives it back. */
void desk_back(struct desk *desk, struct job *job);
void desk_advance(struct desk *desk);
/* Works off all jobs, those that follow from them included. */
void desk_settle(struct desk *desk);
/* The same, later. */
void desk_pass(struct desk *desk, GTimeSpan span);
/* Reloads a file with these sources; NULL: one with a fault. */
void desk_reload(struct desk *desk, const char *sources);

guint desk_count(const char *text, const char *part);
void desk_assert_status(struct desk *desk, const char *part);
