#pragma once

/*
 * Facts that are deleted for their age, by a worker, after an evaluation. First the
 * buckets that they made are frozen: they stay as they were published, for they could not
 * be made again. Deployments, rollouts and commits are never deleted: what a later
 * rollout shipped follows from all that were before it.
 */
#include "collector/poll.h"

/* Deletes what is over the age that the configuration sets, once a day, in transactions
 * of some thousands of rows; does nothing while numbers wait to be computed. *n_gone
 * counts rows. */
bool retention_run(struct store *store, const struct work_context *context, gint64 now,
		   gsize *n_gone, GError **error);
