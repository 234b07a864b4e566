#pragma once

/*
 * Telling people: what waits in the outbox goes to its channels, by a worker that may
 * wait for them. A channel that fails is left alone until its time comes; the others go
 * on. At least once: a message whose delivery could not be noted is sent again, under the
 * same key.
 */
#include "collector/poll.h"

/* A line for the log: what a channel of kind journal is told, by the worker and before it
 * is noted as delivered, as it must be in the log by then. */
struct deliver_line {
	const char *text;
	const char *alerts, *metrics,
		*scopes; /* of the alerts that it is about: "17,18" */
	gint64 group_id;
};

/* How a channel that was tried is now. */
struct deliver_channel {
	char *name;
	GError *error;	/* NULL: it took what there was */
	GTimeSpan wait; /* until it is tried again, if it failed */
};

struct deliver_result {
	guint n_delivered, n_failed; /* messages */
	bool more;   /* it took too long already: there is more to do right now */
	gint64 next; /* when to look again, on the wall clock; INSTANT_NONE: never, until
			something is written */
	GPtrArray *channels; /* of struct deliver_channel */
};
/* Nothing was done. */
void deliver_result_init(struct deliver_result *result);
void deliver_result_clear(struct deliver_result *result);

/* Delivers what is due, and what receivers have to be reminded of: each channel with
 * `resend`, once for each of its spans that began since `before` (the last time this was
 * done; INSTANT_NONE: never). now: the wall clock when it begins. False if the database
 * fails or it is cancelled; a channel that fails is no failure. What channels say
 * is true in either case. result has been initialised. */
bool deliver_due(struct store *store, const struct work_context *context, gint64 before,
		 gint64 now, struct deliver_result *result, GError **error);
