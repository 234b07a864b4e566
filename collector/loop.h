#pragma once

/*
 * The daemon itself: one thread that owns all state and never blocks, workers that wait
 * for git and PostgreSQL, timers, signals and the service manager. What it decides is in
 * collector/engine.h.
 *
 * SIGTERM and SIGINT stop it: jobs are cancelled and given ENGINE_DRAIN to come back. A
 * second one ends the process at once. SIGHUP reads the configuration anew.
 */
#include "collector/engine.h"

struct loop_options {
	const char *config_path, *cache_dir, *state_dir; /* borrowed */
	bool once;
	guint64 seed;
	struct budgets *budgets;	   /* borrowed; abandoned workers still use it */
	struct tokens *tokens;		   /* likewise */
	struct announce *announce;	   /* borrowed */
	void (*clock)(struct moment *now); /* NULL: the machine's */
	/* Called when all is over, before the state is freed; may be NULL. */
	void (*ended)(const struct engine *engine, void *user);
	void *user;
};

/* Runs until it is over and returns an exit status. *abandoned: workers are still busy
 * and may use anything, so the caller must leave by _exit(). */
int loop_run(const struct loop_options *options, struct config *config,
	     GBytes *author_key, bool *abandoned);
