#pragma once

/*
 * What the daemon has to tell of itself: sources that fail, rules that find nothing.
 * Errors are as in sinks/store.h; all of it only reads.
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
