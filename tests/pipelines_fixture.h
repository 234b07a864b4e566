#pragma once

/*
 * Runs and jobs of a source, poll by poll, and what becomes of them in
 * dora.pipeline_series. To be used in tests only.
 */
#include "collector/evaluate_pipelines.h"
#include "collector/item_poll.h"
#include "tests/store_rig.h"

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR G_TIME_SPAN_HOUR
#define NOW (G_GINT64_CONSTANT(1775001600) * G_USEC_PER_SEC) /* 2026-04-01 00:00 UTC */

struct world {
	struct rig rig;
	struct config *config;
	struct store *store;
	struct item_poll poll;
	struct poll_result result;
	struct work_context context;
	gint64 now;
};

/* An empty database. */
void world_init(struct world *world);
void world_clear(struct world *world);
/* The configuration from now on: a text before "sources" and the services. */
void world_use(struct world *world, const char *head, const char *services);
/* A poll that finds these; takes them. */
void world_poll(struct world *world, GPtrArray *items);
/* Evaluates; the count of rows that changed. */
gsize world_evaluate(struct world *world);
/* Fails unless the query's rows are these: "a|b; c|d", NULL as "-". */
void world_expect(const struct world *world, const char *sql, const char *rows);
/* All published rows and the numbers in them, as text. The caller frees. */
char *world_rows(const struct world *world);

/* A run that was asked for, started and finished at these times (NULL: not), or a job of
 * one. It belongs to items. */
struct item *run_add(GPtrArray *items, const char *id, const char *workflow,
		     const char *created, const char *started, const char *finished,
		     enum outcome outcome);
struct item *job_add(GPtrArray *items, const char *run, const char *id,
		     const char *started, const char *finished);
