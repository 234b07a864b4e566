#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/passes.h"

#define PAGES_MAX 10000

/* The latest change on a page that is not in the future; INSTANT_NONE. *ascending becomes
 * false where the page is not in order of change. */
static gint64 latest_change(const GPtrArray *items, gint64 clock, bool *ascending)
{
	gint64 latest = INSTANT_NONE, before = INSTANT_NONE;

	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);

		if (item->updated == INSTANT_NONE)
			continue;
		*ascending = *ascending && item->updated >= before;
		before = item->updated;
		if (item->updated <= clock)
			latest = MAX(latest, item->updated);
	}
	return latest;
}

static bool is_by_position(enum paging paging)
{
	return paging == PAGING_PAGE || paging == PAGING_OFFSET || paging == PAGING_LINK;
}

/* An item that changes goes to the end of the list, and all behind it move up one place,
 * so that "page 3" would leave one out. Where the time allows it the next page is
 * therefore the first one of a later {since}; the unit less is for sources to which since
 * means after. INSTANT_NONE: it does not allow it. */
static gint64 next_since(const struct feed *feed, gint64 since, gint64 latest)
{
	GTimeSpan unit = time_format_unit(feed->time);

	if (!is_by_position(feed->paging) || latest == INSTANT_NONE)
		return INSTANT_NONE;
	return (latest - unit) / unit > since / unit ? latest - unit : INSTANT_NONE;
}

static bool set_keyset(struct reading *reading, struct pages *pages,
		       const GPtrArray *items, GError **error)
{
	const struct item *last = items->len ? g_ptr_array_index(items, items->len - 1)
					     : NULL;
	g_autofree char *since = NULL;

	if (!last || last->updated == INSTANT_NONE) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "page %u has no last change to go on from",
			    pages_count(pages));
		return false;
	}
	since = time_format_text(reading->feed->time, last->updated, false, NULL);
	pages_after(pages, since, last->id);
	return true;
}

/* One page of a walk. */
struct walk {
	gint64 since;
	gint64 known; /* a short page with nothing later than this is the last one */
	bool moves;   /* the cursor */
	bool ascending;
	gint64 latest;
	guint n_pages;
};

/* Goes on to the next page: of this sequence or another. */
static bool go_on(struct reading *reading, struct walk *walk, struct pages **pages,
		  gint64 latest, GError **error)
{
	gint64 since = walk->ascending ? next_since(reading->feed, walk->since, latest)
				       : INSTANT_NONE;

	if (walk->n_pages >= PAGES_MAX) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "more than %d pages: the list does not end", PAGES_MAX);
		return false;
	}
	if (since == INSTANT_NONE)
		return true;
	walk->since = since;
	if (!reading_set_time(reading, VARIABLE_SINCE, since, error))
		return false;
	pages_free(*pages);
	*pages = reading_open(reading, reading->feed->path, false);
	return true;
}

/* Rows that the credential may not see are taken off a page after it was cut: a short one
 * by itself says nothing. */
static bool is_last(const struct reading *reading, const struct walk *walk,
		    const struct page *page, const GPtrArray *items, gint64 latest)
{
	const struct feed *feed = reading->feed;

	if (page->last || feed->paging != PAGING_KEYSET || page->n >= feed->size)
		return page->last;
	return items->len == 0 || latest <= walk->known;
}

static bool finish(struct reading *reading, const struct walk *walk,
		   const struct page *page, GPtrArray *items, GError **error)
{
	/* A new item may come on a later page, of which the first knows nothing. */
	const struct page several = { 0 };

	if (walk->moves) {
		reading_advance(reading, walk->latest);
		/* Several pages cannot be asked for conditionally, and would be read
		 * anew until something else changes. */
		if (walk->n_pages > 1 && reading->feed->paging != PAGING_KEYSET)
			reading_advance(reading,
					reading->clock - feed_overlap(reading->feed));
		reading_keep_etag(reading, walk->n_pages == 1 ? page : &several);
	}
	return reading_finish(reading, items, NULL, error);
}

static bool walk_up(struct reading *reading, struct walk *walk, GError **error)
{
	_cleanup_(pages_freep) struct pages *pages = NULL;
	_cleanup_(page_clear) struct page page = { 0 };
	g_autoptr(GPtrArray) items = items_new();

	if (!reading_set_time(reading, VARIABLE_SINCE, walk->since, error))
		return false;
	pages = reading_open(reading, reading->feed->path, walk->moves);
	for (;;) {
		gint64 latest;

		if (!reading_page(reading, pages, &page, items, error))
			return false;
		if (page.not_modified)
			return true;
		walk->n_pages++;
		latest = latest_change(items, reading->clock, &walk->ascending);
		walk->latest = MAX(walk->latest, latest);
		if (is_last(reading, walk, &page, items, latest))
			return finish(reading, walk, &page, items, error);
		if (reading->feed->paging == PAGING_KEYSET &&
		    !set_keyset(reading, pages, items, error))
			return false;
		if (walk->moves && walk->ascending)
			reading_advance(reading, walk->latest);
		if (!reading_store(reading, items, NULL, error) ||
		    !go_on(reading, walk, &pages, latest, error))
			return false;
	}
}

/* {since} follows from the cursor alone, so that the url of an idle feed stays and the
 * source may answer that nothing has changed. */
bool updated_pass(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	struct walk walk = {
		.moves = true,
		.ascending = !reading->feed->any_order,
		.latest = INSTANT_NONE,
	};
	bool first = row->cursor == INSTANT_NONE || row->history == INSTANT_NONE ||
		     reading->start < row->history - G_TIME_SPAN_DAY;

	if (first)
		row->cursor = row->history = reading->start;
	walk.known = row->cursor;
	walk.since = first ? reading->start : row->cursor - feed_overlap(reading->feed);
	return walk_up(reading, &walk, error);
}

bool updated_sweep(struct reading *reading, gint64 from, GError **error)
{
	struct walk walk = {
		.since = from,
		.known = INSTANT_NONE,
		.ascending = !reading->feed->any_order,
		.latest = INSTANT_NONE,
	};

	return walk_up(reading, &walk, error);
}
