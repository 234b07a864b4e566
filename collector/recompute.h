#pragma once

/*
 * All numbers once more from the facts that are stored, and what another configuration
 * would make of them. No source is asked.
 */
#include "collector/poll.h"

/* Attributes services (names; n 0: all) anew and publishes all they have a part in.
 * *n_changed counts rows of samples and numbers that are others than before: none, if
 * nothing was due and all is well. */
bool recompute(struct store *store, const struct work_context *context,
	       const char *const *services, gsize n, gint64 now, gsize *n_changed,
	       GError **error);

/* What the configuration of context would change: everything that a daemon does when it
 * adopts it, in one transaction that is rolled back. Returns an array of struct
 * trial_change (sinks/store_privacy.h), no more than limit of each scope, environment and
 * metric; adds to notes (owned text) what could not be tried. NULL on failure. */
GArray *recompute_trial(struct store *store, const struct work_context *context,
			gint64 now, guint limit, GPtrArray *notes, GError **error);
