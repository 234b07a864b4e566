#pragma once

/*
 * Telling people: what waits in the outbox goes to its channels, by a worker that may
 * wait for them. A channel that fails is left alone until its time comes; the others go
 * on. At least once: a message whose delivery could not be noted is sent again, under the
 * same key.
 */
#include "collector/poll.h"

struct deliver_result {
	guint n_delivered, n_failed; /* messages */
	gint64 next; /* when to look again, on the wall clock; INSTANT_NONE: never, until
			something is written */
	char *trouble; /* the last failure, for a log: "channel: what"; NULL */
};
void deliver_result_clear(struct deliver_result *result);

/* Delivers what is due, and what receivers have to be reminded of: each channel with
 * `resend`, once for each of its spans that began since `before` (the last time this was
 * done; INSTANT_NONE: never). False if the database fails; a channel that does is no
 * failure. */
bool deliver_due(struct store *store, const struct work_context *context, gint64 before,
		 gint64 now, struct deliver_result *result, GError **error);
