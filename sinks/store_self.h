#pragma once

/*
 * What the daemon has to tell of itself: sources that fail, rules that find nothing,
 * channels that take nothing. Errors are as in sinks/store.h; nothing is written.
 */
#include "base/error.h"
#include "sinks/store.h"

struct source_trouble {
	char *name;
	gint64 ok_at;	      /* INSTANT_NONE: never */
	gint64 failing_since; /* INSTANT_NONE: it is not failing */
	gint64 failed_at;     /* the last time; INSTANT_NONE: never */
	enum dora_error kind; /* of the last failure; RETRY if that was not noted */
};
/* How every active source is: array of struct source_trouble, by name. */
GArray *store_source_troubles(struct store *store, GError **error);
void source_troubles_free(GArray *rows);

/* *nothing[i]: services[i] has not a single deployment from sources[i], of whatever
 * environment and outcome, though that has been read. */
bool store_matched_nothing(struct store *store, const char *const *services,
			   const char *const *sources, gsize n, bool *nothing,
			   GError **error);

/* What waits for a channel and was not taken, since it took anything. What waits because
 * the channel said that it makes no sense (failures of data) counts for as long as the
 * channel has taken nothing else since that was written. That another channel, or this
 * one, takes nothing is no part of it: one alert would follow from another for ever.
 * Reminders count for as long as none is taken and there is something to remind of. */
struct channel_trouble {
	char *name;
	guint n_messages, n_tries;	/* n_tries 0: it is not failing */
	gint64 failed_first, failed_at; /* of each message the last failure: the first of
					   those, and the last; INSTANT_NONE */
	enum dora_error kind;		/* of the last failure */
	char *said;			/* "status 404", "550": its code; NULL: none */
	gint64 taken_at; /* the last that it took, reminders too; INSTANT_NONE: nothing */
};
/* Of these channels, by name: array of struct channel_trouble. */
GArray *store_channel_troubles(struct store *store, const char *const *channels, gsize n,
			       GError **error);
void channel_troubles_free(GArray *rows);

/* Whether NOTIFY would work: the database is reached. It needs no schema in it. */
bool store_notify_reach(struct store *store, GError **error);
/* Tells those who listen to a channel of NOTIFY that this is a test, as of an alert of
 * number 0. name: of the channel in the configuration. */
bool store_notify_test(struct store *store, const char *channel, const char *name,
		       gint64 now, GError **error);
