#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/passes.h"

/* Readings of a list that changes under our eyes. */
#define N_READINGS 3

/* ---- how far down ---- */

/* The number that an id ends with; -1: none. */
static gint64 number_of(const char *id)
{
	const char *end = id + strlen(id), *start = end;
	gint64 number;

	while (start > id && g_ascii_isdigit(start[-1]))
		start--;
	return g_ascii_string_to_signed(start, 10, 0, G_MAXINT64, &number, NULL) ? number
										 : -1;
}

/* What the list is in order of. */
static gint64 time_of(const struct feed *feed, const struct item *item)
{
	if (feed->order == ORDER_RECENT && item->updated != INSTANT_NONE)
		return item->updated;
	return item_born(item);
}

/* What a page covers. */
struct reach {
	gint64 low, high; /* times; INSTANT_NONE: none */
	gint64 past;	  /* the latest that is not in the future */
	gint64 low_number, high_number;
	bool ordered; /* latest first, as promised */
	bool timeless;
};

static void reach_init(struct reach *reach, const struct reading *reading,
		       const GPtrArray *items)
{
	*reach = (struct reach){ INSTANT_NONE, INSTANT_NONE, INSTANT_NONE, G_MAXINT64,
				 -1,	       true,	     false };
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);
		gint64 time = time_of(reading->feed, item), number = number_of(item->id);

		reach->high_number = MAX(reach->high_number, number);
		if (number >= 0)
			reach->low_number = MIN(reach->low_number, number);
		if (time == INSTANT_NONE) {
			reach->timeless = true;
			continue;
		}
		reach->ordered = reach->ordered &&
				 (reach->low == INSTANT_NONE || time <= reach->low);
		reach->low = reach->low == INSTANT_NONE ? time : MIN(reach->low, time);
		reach->high = MAX(reach->high, time);
		if (time <= reading->clock)
			reach->past = MAX(reach->past, time);
	}
}

/* Whether all that comes after a page is older than an instant: its last item is, or,
 * where the order is not as promised, all of them are. */
static bool is_beyond(const struct reach *reach, gint64 bound)
{
	if (reach->low == INSTANT_NONE)
		return false;
	if (reach->ordered)
		return reach->low < bound;
	return reach->high < bound && !reach->timeless;
}

/* ---- the mark ---- */

struct mark {
	gint64 number; /* -1: none */
	const char *position;
};

static struct mark mark_read(const char *text)
{
	struct mark mark = { -1, NULL };
	const char *rest = text;

	if (!text)
		return mark;
	if (g_ascii_isdigit(*text)) {
		char *end;
		mark.number = g_ascii_strtoll(text, &end, 10);
		rest = *end == ' ' ? end + 1 : end;
	}
	mark.position = *rest ? rest : NULL;
	return mark;
}

static void mark_write(struct reading *reading, gint64 number, const char *position)
{
	GString *text = g_string_new(NULL);

	if (number >= 0 && reading->feed->order == ORDER_NUMBER)
		g_string_append_printf(text, "%" G_GINT64_FORMAT, number);
	if (position)
		g_string_append_printf(text, "%s%s", text->len ? " " : "", position);
	g_free(reading->row.mark);
	reading->row.mark = text->len ? g_strdup(text->str) : NULL;
	g_string_free(text, TRUE);
}

static void mark_number(struct reading *reading, gint64 number)
{
	g_autofree char *before = g_strdup(reading->row.mark);
	struct mark mark = mark_read(before);

	mark_write(reading, MAX(mark.number, number), mark.position);
}

static void mark_position(struct reading *reading, const char *position)
{
	g_autofree char *before = g_strdup(reading->row.mark);

	mark_write(reading, mark_read(before).number, position);
}

/* ---- what is new ---- */

struct descent {
	gint64 bound;
	gint64 number; /* known up to here; -1: by time */
	gint64 latest, lowest;
	gint64 latest_number;
	guint n_pages;
	bool ended;	      /* at the last page */
	struct page head;     /* its url and etag alone */
	GString *first, *all; /* what was met */
};

static void descent_clear(struct descent *descent)
{
	page_clear(&descent->head);
	if (descent->first)
		g_string_free(descent->first, TRUE);
	if (descent->all)
		g_string_free(descent->all, TRUE);
}

static void print_items(GString *text, const GPtrArray *items)
{
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);
		g_string_append_printf(text, "%s %" G_GINT64_FORMAT "\n", item->id,
				       item->updated);
	}
}

static void note_page(struct descent *descent, const struct page *page,
		      const GPtrArray *items)
{
	if (descent->n_pages++ == 0) {
		descent->head.url = g_strdup(page->url);
		descent->head.etag = g_strdup(page->etag);
		descent->first = g_string_new(NULL);
		descent->all = g_string_new(NULL);
		print_items(descent->first, items);
	}
	print_items(descent->all, items);
}

/* Whether the page that could not be read is one that the source tells nobody: history
 * ends there then, which is said, and is no reason to begin again or to stop. Where there
 * are windows they have what is missing. */
static bool is_cut(struct reading *reading, const struct pages *pages)
{
	if (!pages_too_deep(pages) || reading->feed->window_path)
		return false;
	reading->cut = true;
	reading_trouble(reading, true,
			"the source tells no more pages (answered %u): what is older is "
			"missing",
			pages_status(pages));
	return true;
}

/* Reads from the top down to the bound and stores all but the last page, which is left in
 * items. *same: nothing has changed since the last poll, nothing was read. */
static bool descend(struct reading *reading, bool conditional, struct descent *descent,
		    GPtrArray *items, bool *same, GError **error)
{
	_cleanup_(pages_freep) struct pages *pages = reading_open(
		reading, reading->feed->path, conditional);
	_cleanup_(page_clear) struct page page = { 0 };

	descent->latest = descent->lowest = INSTANT_NONE;
	descent->latest_number = -1;
	for (;;) {
		g_autoptr(GError) cause = NULL;
		struct reach reach;
		bool beyond;

		if (!reading_page(reading, pages, &page, items, &cause)) {
			if (is_cut(reading, pages))
				return true;
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		*same = page.not_modified;
		if (*same)
			return true;
		note_page(descent, &page, items);
		reach_init(&reach, reading, items);
		descent->latest = MAX(descent->latest, reach.past);
		descent->latest_number = MAX(descent->latest_number, reach.high_number);
		if (reach.low != INSTANT_NONE && reach.ordered)
			descent->lowest = reach.low;
		descent->ended = page.last;
		beyond = descent->number >= 0 ? reach.low_number <= descent->number
					      : is_beyond(&reach, descent->bound);
		if (page.last || beyond)
			return true;
		if (!reading_store(reading, items, NULL, error))
			return false;
	}
}

/* Whether the first page is still as it was when the others were read. */
static bool is_calm(struct reading *reading, const struct descent *descent, bool *calm,
		    GError **error)
{
	const struct page_plan plan = page_plan_feed(reading->feed, reading->feed->path);
	const char *etag = reading->client->source->driver->no_etag ? NULL
								    : descent->head.etag;
	_cleanup_(pages_freep) struct pages *pages = pages_new(
		reading->client, &plan, &reading->variables, etag, descent->head.url);
	_cleanup_(page_clear) struct page page = { 0 };
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GString) text = g_string_new(NULL);

	if (!reading_page(reading, pages, &page, items, error))
		return false;
	print_items(text, items);
	*calm = page.not_modified || g_string_equal(text, descent->first);
	return reading_store(reading, items, NULL, error);
}

static bool may_move(const struct feed *feed)
{
	return feed->order == ORDER_RECENT &&
	       (feed->paging == PAGING_PAGE || feed->paging == PAGING_OFFSET ||
		feed->paging == PAGING_LINK);
}

static bool finish(struct reading *reading, struct descent *descent, GPtrArray *items,
		   GError **error)
{
	reading_advance(reading, descent->latest);
	if (reading->feed->order == ORDER_NUMBER)
		mark_number(reading, descent->latest_number);
	reading_keep_etag(reading, &descent->head);
	return reading_finish(reading, items, NULL, error);
}

/* Where rows move from page to page while they are read, one may be on no page at all: so
 * the first page must be as it was, or two readings must be equal. */
static bool read_new(struct reading *reading, struct descent *limits, bool conditional,
		     GError **error)
{
	g_autoptr(GString) before = g_string_new(NULL);

	for (guint i = 0; i < N_READINGS; i++) {
		_cleanup_(descent_clear) struct descent descent = *limits;
		g_autoptr(GPtrArray) items = items_new();
		bool same = false, calm = true;

		if (!descend(reading, conditional && i == 0, &descent, items, &same,
			     error))
			return false;
		if (same)
			return true;
		if (may_move(reading->feed) && descent.n_pages > 1) {
			if (!reading_store(reading, items, NULL, error) ||
			    !is_calm(reading, &descent, &calm, error))
				return false;
		}
		if (calm || (i > 0 && g_string_equal(descent.all, before)))
			return finish(reading, &descent, items, error);
		g_string_assign(before, descent.all->str);
	}
	reading_trouble(reading, false,
			"the list changed each time it was read; will be read again");
	{
		g_autoptr(GPtrArray) none = items_new();
		return reading_finish(reading, none, NULL, error);
	}
}

/* ---- history by pages ---- */

/* Stores a page of history and where it was. *done: it reaches as far as is wanted. */
static bool history_page(struct reading *reading, const struct page *page,
			 GPtrArray *items, bool *done, GError **error)
{
	struct feed_row *row = &reading->row;
	struct reach reach;

	reach_init(&reach, reading, items);
	*done = page->last || is_beyond(&reach, reading->start);
	if (*done)
		row->history = MIN(row->history, reading->start);
	else if (reach.low != INSTANT_NONE)
		row->history = CLAMP(reach.low, reading->start, row->history);
	mark_position(reading, *done ? NULL : page->position);
	return *done ? reading_finish(reading, items, NULL, error)
		     : reading_store(reading, items, NULL, error);
}

/* All that the source tells is there. */
static bool history_cut(struct reading *reading, GError **error)
{
	g_autoptr(GPtrArray) none = items_new();

	reading->row.history = MIN(reading->row.history, reading->start);
	mark_position(reading, NULL);
	return reading_finish(reading, none, NULL, error);
}

static bool history_pages(struct reading *reading, struct pages *pages, bool done,
			  GError **error)
{
	_cleanup_(page_clear) struct page page = { 0 };
	g_autoptr(GPtrArray) items = items_new();

	while (!done) {
		g_autoptr(GError) cause = NULL;

		if (!reading_page(reading, pages, &page, items, &cause)) {
			if (is_cut(reading, pages))
				return history_cut(reading, error);
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (!history_page(reading, &page, items, &done, error))
			return false;
	}
	return true;
}

/* The first poll: the top of the list now, the rest of it after the other feeds. */
static bool begin_pages(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	_cleanup_(pages_freep) struct pages *pages = reading_open(
		reading, reading->feed->path, false);
	_cleanup_(page_clear) struct page page = { 0 };
	g_autoptr(GPtrArray) items = items_new();
	struct reach reach;
	bool done;

	if (!reading_page(reading, pages, &page, items, error))
		return false;
	reach_init(&reach, reading, items);
	row->cursor = reading->start;
	row->history = reading->clock;
	reading_advance(reading, reach.past);
	mark_number(reading, reach.high_number);
	reading_keep_etag(reading, &page);
	if (!history_page(reading, &page, items, &done, error))
		return false;
	if (!done)
		reading->rest = g_steal_pointer(&pages);
	return true;
}

/* The first poll of a feed whose history comes in windows: down to the present. */
static bool begin_windows(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	_cleanup_(descent_clear) struct descent descent = {
		.bound = reading->clock - feed_overlap(reading->feed),
		.number = -1,
	};
	g_autoptr(GPtrArray) items = items_new();
	bool same;

	if (!descend(reading, false, &descent, items, &same, error))
		return false;
	row->cursor = reading->start;
	row->history = descent.bound;
	if (descent.lowest != INSTANT_NONE)
		row->history = MIN(row->history, descent.lowest);
	if (descent.ended)
		row->history = reading->start;
	row->history = MAX(row->history, reading->start);
	return finish(reading, &descent, items, error);
}

bool latest_pass(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	struct descent limits = { .number = -1 };
	gint64 floor;

	if (row->cursor == INSTANT_NONE || row->history == INSTANT_NONE)
		return reading->feed->window_path ? begin_windows(reading, error)
						  : begin_pages(reading, error);
	if (!unfinished_floor(reading, reading->clock - G_TIME_SPAN_DAY, &floor, error))
		return false;
	limits.bound = row->cursor - feed_overlap(reading->feed);
	if (floor != INSTANT_NONE)
		limits.bound = MIN(limits.bound, floor);
	else if (reading->feed->order == ORDER_NUMBER)
		limits.number = mark_read(row->mark).number;
	/* What is unfinished may be further down than the first page, which then says
	 * nothing. */
	return read_new(reading, &limits, floor == INSTANT_NONE, error);
}

/* Reads the page that the history was at. *fits: it is there, and nothing is missing
 * between it and what is stored. */
static bool resume(struct reading *reading, struct pages *pages, const char *position,
		   bool *fits, bool *done, GError **error)
{
	_cleanup_(page_clear) struct page page = { 0 };
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GError) cause = NULL;
	struct reach reach;
	guint status;

	*fits = false;
	if (!pages_resume(pages, position))
		return true;
	if (!reading_page(reading, pages, &page, items, &cause)) {
		/* Tokens grow old. */
		status = pages_status(pages);
		if (status >= 400 && status < 500 && !reading->client->over &&
		    !g_error_matches(cause, DORA_ERROR, DORA_ERROR_RETRY))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	reach_init(&reach, reading, items);
	*fits = reach.high != INSTANT_NONE && reach.high >= reading->row.history;
	return !*fits || history_page(reading, &page, items, done, error);
}

static bool history_by_pages(struct reading *reading, GError **error)
{
	g_autofree char *mark = g_strdup(reading->row.mark);
	const char *position = mark_read(mark).position;
	_cleanup_(pages_freep) struct pages *pages = g_steal_pointer(&reading->rest);
	bool fits = pages != NULL, done = false;

	if (!pages && !position &&
	    reading->start >= reading->row.history - G_TIME_SPAN_DAY)
		return true;
	if (!pages && position) {
		pages = reading_open(reading, reading->feed->path, false);
		if (!resume(reading, pages, position, &fits, &done, error))
			return false;
	}
	if (!fits) {
		g_clear_pointer(&pages, pages_free);
		pages = reading_open(reading, reading->feed->path, false);
	}
	return history_pages(reading, pages, done, error);
}

bool latest_history(struct reading *reading, GError **error)
{
	if (reading->feed->window_path)
		return windows_back(reading, reading->feed->window_path, error);
	return history_by_pages(reading, error);
}

bool latest_sweep(struct reading *reading, gint64 from, GError **error)
{
	_cleanup_(descent_clear) struct descent descent = { .bound = from, .number = -1 };
	g_autoptr(GPtrArray) items = items_new();
	bool same;

	if (reading->feed->window_path)
		return windows_up(reading, reading->feed->window_path, from, false,
				  error);
	return descend(reading, false, &descent, items, &same, error) &&
	       reading_store(reading, items, NULL, error);
}
