#pragma once

/*
 * What polls of items have in common, wherever they come from: reading the state, storing
 * what was found with the deployments that follow from it, and the end of a good poll.
 * Each save is one transaction, so a poll that is cut off has lost nothing. Internal to
 * collector/.
 */
#include "collector/item_judge.h"

struct item_poll {
	struct store *store;
	const struct work_context *context;
	const struct config_source *source;
	gint64 now;
	struct poll_result *result;
	/* The rest is item_poll_begin()'s. */
	struct source_row row;
	struct item_judge *judge;
	GHashTable *feeds;   /* "project\nfeed" → struct feed_row, as stored */
	GHashTable *unasked; /* "project\nid" → struct item: see item_poll_unasked() */
	char *rules;	     /* fingerprint */
	bool artifacts;	     /* new ones came: digests may have become commits */
};
void item_poll_clear(struct item_poll *poll); /* also of one that never began */

/* Reads the state. If the rules have become others since the last good poll, all that is
 * stored is judged anew. */
bool item_poll_begin(struct item_poll *poll, GError **error);
/* What became of a feed; what is in row but project and feed is filled in. */
void item_poll_feed(const struct item_poll *poll, struct feed_row *row);
/* Stores in one transaction: items, ids that are gone of a kind (NULL: none), how far the
 * feed was read, and deployments. */
bool item_poll_save(struct item_poll *poll, const struct feed_row *row,
		    const GPtrArray *items, enum item_kind kind, const GPtrArray *gone,
		    GError **error);
/* Runs of a project that are over, and whose jobs nobody has asked for, as no rule wanted
 * them then: adds copies to runs. A run is not among them any more once it was saved or
 * gone; what is left is remembered at the end of a good poll. */
void item_poll_unasked(const struct item_poll *poll, const char *project,
		       GPtrArray *runs);
/* The poll is over: deployments that lack a revision are given another try if that may
 * help. whole: nothing is left to read, and all is true as of now. */
bool item_poll_end(struct item_poll *poll, bool whole, GError **error);
/* The cursor of a source whose artifacts have changed, so that its next poll looks for
 * the revisions that were not found. The caller frees. */
char *item_poll_unsettled(const char *cursor);
/* The poll failed, which is noted where operators see it. */
void item_poll_failed(struct item_poll *poll, const GError *error);
