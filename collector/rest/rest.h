#pragma once

/*
 * The REST engine: polls one source by its driver's tables. Every feed of every project
 * is read from where it was left, with overlap; unfinished items are asked for again
 * until they are final; recent items are read anew each 12 hours (48 hours back) and each
 * week (40 days back), so that what came late or was edited is not lost. What a pass
 * found is given to the sink with the feed's new state in one piece, so no cursor moves
 * past a page that was not stored. A failed feed does not stop the others, unless the
 * credential was refused.
 */
#include "collector/rest/auth.h"
#include "collector/rest/budget.h"
#include "collector/rest/transport.h"
#include "sinks/store.h"

/* Where items rest: the database, or, for "dorad doctor" and tests, memory. */
struct rest_sink {
	/* The state of a feed; project and feed of row are set, the rest is not. */
	bool (*load)(void *self, struct feed_row *row, GError **error);
	/* Items that were neither final nor gone when last seen, oldest first. */
	bool (*unfinished)(void *self, const char *project, enum item_kind kind,
			   GPtrArray *items, GError **error);
	/* Whole items known and not gone, created in [from, to): what a sweep must find
	 * again, and what need not be asked for in detail once more. */
	bool (*known)(void *self, const char *project, enum item_kind kind, gint64 from,
		      gint64 to, GPtrArray *items, GError **error);
	/* All in one transaction: items found, of the feed's kind and children of other
	 * kinds, each key once; ids (char *) of the feed's kind that are gone; the feed's
	 * state. Neither array is NULL. */
	bool (*save)(void *self, const struct feed_row *row, const GPtrArray *items,
		     const GPtrArray *gone, GError **error);
	void *self;
};

struct rest_source {
	const struct driver *driver;
	const struct config_api *api; /* every_us tells how often it is polled */
	const struct rest_transport *transport;
	const struct rest_sink *sink;
	struct budgets *budgets;
	struct tokens *tokens; /* kept between polls; NULL: none are */
	GCancellable *cancellable;
	/* Feeds that rules need, by kind: 1 << enum item_kind. */
	guint needed;
	const char *environment; /* the template variable; NULL: none */
	/* Whether a rule may match the item, so that its details are wanted. NULL: all
	 * are. */
	bool (*wanted)(const struct item *item, void *user);
	void (*progress)(const char *text, void *user); /* NULL: nobody listens */
	void (*notice)(const char *text, void *user);
	void *user;
};

struct rest_result {
	guint n_requests, n_not_modified;
	gsize n_items;
	guint n_good;	   /* feeds that were read well */
	gint64 not_before; /* the source asks not to be polled before; INSTANT_NONE */
};

/* Polls once. On failure the error is that of the first feed that failed, prefixed by
 * project and feed; what other feeds found is stored nevertheless. */
bool rest_poll(const struct rest_source *source, struct rest_result *result,
	       GError **error);

/* Whether a source reads a feed, by its configuration and what rules need. */
bool rest_reads(const struct rest_source *source, const struct feed *feed);
