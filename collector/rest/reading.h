#pragma once

/*
 * The reading of one feed of one project in one poll: its state, and what every order of
 * reading does with a page: decode, ask for details, save with the state in one piece.
 *
 * What the state's members hold:
 *   cursor   latest time (of change or creation, as the order has it) that is stored. Not
 *            one of an item that is dated after the source's clock or ours
 *   history  from here on it is complete; goes back until all that is wanted is there
 *   mark     "number position": the highest number seen (ORDER_NUMBER) and the page at
 *            which the reading of history is; either may be missing
 *   trouble  what is missing; see reading_trouble()
 */
#include "collector/rest/page.h"

struct reading {
	struct client *client;
	const struct feed *feed;
	struct variables variables;
	struct feed_row row;	/* as it is to be */
	struct feed_row stored; /* as the sink has it */
	gint64 clock; /* ours or the source's at the last answer, whichever is behind */
	gint64 start; /* how far back history is wanted */
	GHashTable
		*seen; /* id → highest attempt, of all items met since it was emptied */
	struct pages *rest; /* the rest of the history, begun in this poll; or NULL */
	guint n_bad;	    /* items that could not be read */
	char *bad;	    /* the first of them, and why */
	char *incomplete;   /* what this poll could not read; NULL */
	bool listed;	    /* the list was there */
	bool cut;	    /* not all of it is told */
	bool failed;
};

/* Loads the feed's state. On failure it may be cleared, and no more. */
bool reading_init(struct reading *reading, struct client *client, const struct feed *feed,
		  const char *project, GError **error);
void reading_clear(struct reading *reading); /* also of a zeroed one */

/* Sets a time variable as the feed's format has it; INSTANT_NONE: empty. */
bool reading_set_time(struct reading *reading, enum variable which, gint64 instant,
		      GError **error);
/* The pages of path (the feed's own, or another) with the present variables. conditional:
 * the first page is not sent again if it has not changed. */
struct pages *reading_open(struct reading *reading, const char *path, bool conditional);
/* Reads a page and decodes it into items (emptied first), but for those that cannot be
 * read, which are counted. */
bool reading_page(struct reading *reading, struct pages *pages, struct page *page,
		  GPtrArray *items, GError **error);
/* Saves items, with their details, ids that are gone (of char *; NULL: none) and the
 * state, in one piece. Where details fail, items that have theirs are saved and the state
 * is not. items is emptied. */
bool reading_store(struct reading *reading, GPtrArray *items, const GPtrArray *gone,
		   GError **error);
/* Likewise, after the last page: the state's trouble becomes that of this poll. */
bool reading_finish(struct reading *reading, GPtrArray *items, const GPtrArray *gone,
		    GError **error);
/* Saves items as they are; nothing where nothing is new. */
bool reading_save(struct reading *reading, const GPtrArray *items, const GPtrArray *gone,
		  GError **error);

/* Remembers the first page, so that it need not be sent again. */
void reading_keep_etag(struct reading *reading, const struct page *page);
/* Moves the cursor to an instant if that is later and not in the future. */
void reading_advance(struct reading *reading, gint64 instant);
/* Counts an item that cannot be read. */
void reading_spoil(struct reading *reading, const GError *error);
/* Says that something is missing for good, or (cut false) until it was read anew. */
void reading_trouble(struct reading *reading, bool cut, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* The source has no other feed of this kind, so that what it does not know is gone. */
bool reading_owns_kind(const struct reading *reading);
/* Unfinished items as stored, oldest first; the caller frees. NULL with an error. */
GPtrArray *reading_unfinished(struct reading *reading, GError **error);
/* Items stored with creation in [from, to); likewise. */
GPtrArray *reading_known(struct reading *reading, enum item_kind kind, gint64 from,
			 gint64 to, GError **error);

GTimeSpan feed_overlap(const struct feed *feed);
/* When an item came to be, as far as it tells; INSTANT_NONE. */
gint64 item_born(const struct item *item);

/* Adds to out every item (emptying items) and what its details tell. On failure out has
 * those that are whole. */
bool details_read(struct reading *reading, GPtrArray *items, GPtrArray *out,
		  GError **error);
