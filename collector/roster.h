#pragma once

/*
 * The sources there are and when each is polled: the daemon's timetable. It survives a
 * reload, which keeps the appointments of sources that did not change. Sources that are
 * not polled (the push server) are not in it.
 */
#include "collector/poll.h"
#include "collector/schedule.h"

struct source {
	char *name;
	const struct config_source *config; /* of the configuration last given; NULL: it
					       has left, but a poll of it still runs */
	char *remote;	   /* fingerprint of where it is and how it is asked */
	char *rules;	   /* fingerprint of what is read from it, and for whom */
	gint64 not_before; /* steady: it asks not to be polled before */
	struct task task;
	bool failing;  /* the last poll failed, whoever's fault it was */
	bool database; /* and that was the database's */
	bool polled;   /* at least once, with any result */
	guint n_polls;
	char *failure;		  /* text of the last failure, for people; NULL */
	struct poll_result total; /* since the start */
};

struct roster;

struct roster *roster_new(guint64 seed);
void roster_free(struct roster *roster); /* NULL is fine */

/* Makes the sources those of a configuration, which the caller keeps alive until the next
 * call. New and changed ones are due, spread out a little unless at_once; what failed for
 * a reason that a person had to mend is due too; others keep their time. Counts what
 * happened. */
struct roster_change {
	guint n_added, n_changed, n_removed;
};
void roster_update(struct roster *roster, const struct config *config, gint64 steady,
		   bool at_once, struct roster_change *change);

/* The source that has been due longest; NULL if none is. */
struct source *roster_due(struct roster *roster, gint64 steady);
/* When the next will be; SCHEDULE_NEVER: nothing until something finishes. */
gint64 roster_wake(const struct roster *roster);

struct source *roster_find(struct roster *roster, const char *name);
/* A poll ended. The next is in about `every` after a good one, later after a bad one, and
 * never before the result says (but in an hour at most); returns how long the wait is. A
 * source that has left the configuration is forgotten (0 is returned). */
GTimeSpan roster_good(struct roster *roster, struct source *source,
		      const struct poll_result *result, const struct moment *now);
GTimeSpan roster_failed(struct roster *roster, struct source *source, const GError *error,
			const struct poll_result *result, const struct moment *now);
/* A poll ended because of the database, or was cut off: it says nothing about the source,
 * which is due again as soon as polls may run. */
void roster_undone(struct roster *roster, struct source *source, const GError *error,
		   gint64 steady);

guint roster_size(const struct roster *roster);
guint roster_failing(const struct roster *roster);
guint roster_unpolled(const struct roster *roster);
guint roster_running(const struct roster *roster);
void roster_each(const struct roster *roster,
		 void (*visit)(const struct source *source, void *user), void *user);
