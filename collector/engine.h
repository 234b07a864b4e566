#pragma once

/*
 * What the daemon decides: which jobs run when, with which configuration, and when it is
 * over. It neither waits nor works nor asks the clock. It is told the time and what came
 * of its jobs, and answers with jobs; so all of it is tested without threads, database
 * and waiting. The loop (collector/loop.h) gives it a clock and workers.
 *
 * A configuration, the first as well as a reloaded one, is in use once the database has
 * been prepared for it; until then the one before goes on. A lost database stops polls
 * and evaluations, not the daemon, until it is prepared again.
 */
#include "collector/announce.h"
#include "collector/job.h"
#include "collector/roster.h"
#include "collector/schedule.h"

/* How long jobs may take to stop once they are told to. */
#define ENGINE_DRAIN (20 * G_TIME_SPAN_SECOND)

struct engine_options {
	const char *config_path, *cache_dir, *state_dir; /* borrowed */
	bool once;		   /* poll every source once, evaluate, and be over */
	guint64 seed;		   /* of the jitter */
	struct budgets *budgets;   /* borrowed, by jobs too */
	struct tokens *tokens;	   /* likewise */
	struct announce *announce; /* borrowed */
	/* A configuration is in use from now on; NULL: it wants no notice. */
	void (*adopted)(struct config *config, GBytes *author_key, void *user);
	/* Has a worker run the job (job_run), then gives it back by engine_finished().
	 * Takes the job. */
	void (*submit)(struct job *job, void *user);
	void *user;
};

struct engine;

/* config and author_key are referenced. Nothing starts before engine_advance(). */
struct engine *engine_new(const struct engine_options *options, struct config *config,
			  GBytes *author_key, const struct moment *now);
void engine_free(struct engine *engine); /* NULL is fine; no job may be out */

/* Submits all that is due. Returns when to call again, on the steady clock;
 * SCHEDULE_NEVER: when something has happened. */
gint64 engine_advance(struct engine *engine, const struct moment *now);
/* A job is back; it is taken. Call engine_advance() after it. */
void engine_finished(struct engine *engine, struct job *job, const struct moment *now);
/* Something was stored that no job did: the figures are due. */
void engine_stored(struct engine *engine, const struct moment *now);
/* Read the configuration anew. */
void engine_reload(struct engine *engine, const struct moment *now);
/* A reload was asked for, and it is not yet known whether the new file can be used. */
bool engine_is_reloading(const struct engine *engine);
/* Cancel what runs and start nothing more. */
void engine_stop(struct engine *engine, const struct moment *now);

/* Whether all is over; then *status is an exit status. Jobs may still be out if they did
 * not stop in time: then the engine cannot be freed, only the process ended. */
bool engine_is_over(const struct engine *engine, const struct moment *now, int *status);
guint engine_running(const struct engine *engine); /* jobs that are out */

/* One line on how things are, for people. The caller frees. */
char *engine_status(const struct engine *engine);
const struct roster *engine_roster(const struct engine *engine);
