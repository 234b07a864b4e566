#pragma once

/*
 * A database in memory for the engine: what a save commits is there afterwards, whole,
 * and nothing else is. It can end the program before or after a commit, and be made to
 * work wrongly, to see whether that is noticed.
 */
#include "collector/rest/rest.h"
#include "tests/sim_api.h"

/* What a rig that sees nothing would not see. */
enum sink_flaw {
	FLAW_NONE,
	FLAW_DROPS,    /* one item is never written */
	FLAW_MUTE,     /* the state of an item is written only once */
	FLAW_NO_SWEEP, /* recent items are never read anew */
	FLAW_NO_GONE,  /* nothing is ever gone */
	FLAW_HALF,     /* some pages are left out, while the cursor moves */
	FLAW_AHEAD,    /* the cursor is a day later than what was stored */
	FLAW_HASTE,    /* the server means longer pauses than it says */
};

struct stored {
	struct item *item;
	bool gone;
};

struct sink {
	struct sim *sim;
	GHashTable *rows;  /* "project/kind/id/attempt" → struct stored */
	GHashTable *feeds; /* "project/feed" → struct feed_row */
	enum sink_flaw flaw;
	int dies_in; /* saves until the program ends; -1: never */
	guint n_saves;
	bool dies_late; /* after the commit */
	struct rest_sink vtable;
};

struct sink *sink_new(struct sim *sim);
void sink_free(struct sink *sink); /* NULL is fine */
DEFINE_CLEANUP(struct sink *, sink_free);

/* NULL: not stored. */
const struct stored *sink_find(const struct sink *sink, enum item_kind kind,
			       const char *id, gint64 attempt);
