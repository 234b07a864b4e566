#pragma once

/* The inside of an engine, for engine.c (what is sent out) and engine_results.c (what
 * comes back). */
#include "collector/engine.h"

struct engine {
	struct engine_options options;
	struct config *current;	  /* in use; NULL: none yet */
	struct config *candidate; /* read and checked; the database is not ready for it */
	GBytes *key, *candidate_key;
	struct roster *roster;
	struct task load, prepare, evaluate, deliver;
	GPtrArray *stores; /* idle ones, all of the current configuration */
	GCancellable *cancellable;
	guint n_running;
	gint64 midnight; /* wall clock: when figures of a new local day are due */
	gint64 told;	 /* wall clock: when messages were delivered last; INSTANT_NONE */
	bool database_lost, reloading, evaluated, delivered, stopping;
	bool told_since; /* messages were delivered after the last evaluation began */
	bool beside;	 /* the evaluation that runs was begun while polls ran */
	gint64 deadline; /* steady; once stopping */
	int status;	 /* the exit status if nothing else happens */
	char *database_trouble, *config_trouble; /* what an operator should know; NULL */
};

/* Replaces a text by a copy of another. */
static inline void engine_note(char **trouble, const char *text)
{
	g_free(*trouble);
	*trouble = g_strdup(text);
}
