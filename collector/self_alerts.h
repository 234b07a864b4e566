#pragma once

/*
 * What the daemon tells of itself: a source that was not read for long, credentials that
 * are refused, a rule that has never found anything though its source is read, a channel
 * that takes no message. These go through the same tables, groups and channels as other
 * alerts, but by the clock, not by the day: in their watches (sinks/store_alerts.h) days
 * are minutes since 1970.
 */
#include "collector/poll.h"
#include "sinks/store_alerts.h"

/* One kind of trouble of one thing, as of now. */
struct self_look {
	const char *metric; /* "source_denied", "source_stale", "rule_matched_nothing",
			       "channel_failing" */
	const char *name;   /* of the source, the service, or the channel */
	const char *detail; /* the source of a rule; else "" */
	bool trouble;
	gint64 since;	    /* when it began; INSTANT_NONE: when it is first seen */
	gint64 seen;	    /* when it was last seen to be so */
	GTimeSpan patience; /* how long it has to have been so before it is told */
	const char *reason; /* what is wrong and where to look, in words */
	gint64 onset;	    /* since when, as people are told; INSTANT_NONE: since */
	/* What lies between two looks further apart than this has not lasted; 0: it has.
	 */
	GTimeSpan gap;
	bool watched;	    /* looks count before there is trouble, too */
	const char *not_to; /* a channel that is not told if there are others; NULL */
};

/* The next state of a watch: pending as soon as there is trouble, firing once it has been
 * seen to last as long as the patience says, ok as soon as there is none. While nobody
 * looks, as in a night without the daemon, nothing lasts that has to be tried. */
void self_step(struct watch *watch, const struct self_look *look, gint64 now,
	       struct watch_events *events);

/* Looks at everything, in a transaction of its own. *next: when to look again though
 * nothing happens; INSTANT_NONE: never, for nothing is told. */
bool self_alerts_run(struct store *store, const struct work_context *context, gint64 now,
		     gint64 *next, GError **error);
