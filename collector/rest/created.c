#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/passes.h"

/*
 * A source tells no more than `cap` items of a window, and does not say which it left
 * out. A window that is full is therefore read again in pieces. The time of what came
 * tells how small they have to be.
 */

/* No window is shorter: finer filters do not exist. */
static GTimeSpan shortest(const struct feed *feed)
{
	return MAX(time_format_unit(feed->time), G_TIME_SPAN_SECOND);
}

struct window {
	const char *path;
	gint64 from, to;
	bool conditional; /* it is the only one, and moves the state */
	/* What came of it. */
	guint n, n_pages;
	gint64 low, high; /* creation; INSTANT_NONE */
	gint64 past;	  /* the latest that is not in the future */
	bool full, same;
	struct page page; /* the last */
};

static void window_clear(struct window *window)
{
	page_clear(&window->page);
}

static void measure(const struct reading *reading, struct window *window,
		    const GPtrArray *items)
{
	window->n += window->page.n;
	window->n_pages++;
	for (guint i = 0; i < items->len; i++) {
		gint64 born = item_born(g_ptr_array_index(items, i));

		if (born == INSTANT_NONE)
			continue;
		window->low = window->low == INSTANT_NONE ? born : MIN(window->low, born);
		window->high = MAX(window->high, born);
		if (born <= reading->clock)
			window->past = MAX(window->past, born);
	}
	window->full = reading->feed->cap && window->n >= reading->feed->cap;
}

/* Reads and stores a window, up to the cap. */
static bool window_read(struct reading *reading, struct window *window, GError **error)
{
	_cleanup_(pages_freep) struct pages *pages = NULL;
	g_autoptr(GPtrArray) items = items_new();

	window->low = window->high = window->past = INSTANT_NONE;
	if (!reading_set_time(reading, VARIABLE_SINCE, window->from, error) ||
	    !reading_set_time(reading, VARIABLE_UNTIL, window->to, error))
		return false;
	pages = reading_open(reading, window->path, window->conditional);
	do {
		if (!reading_page(reading, pages, &window->page, items, error))
			return false;
		window->same = window->page.not_modified;
		if (window->same)
			return true;
		measure(reading, window, items);
		if (!reading_store(reading, items, NULL, error))
			return false;
	} while (!window->page.last && !window->full);
	return true;
}

/* The span of the next attempt at a full window; 0: it cannot be shorter. */
static GTimeSpan narrower(const struct reading *reading, const struct window *window)
{
	GTimeSpan least = shortest(reading->feed), span = window->to - window->from;
	GTimeSpan told = window->high - window->low;

	if (span <= least)
		return 0;
	span /= 2;
	if (window->low != INSTANT_NONE && told / 10 * 9 < span)
		span = told / 10 * 9;
	return MAX(span, least);
}

static void tell_full(struct reading *reading, const struct window *window)
{
	g_autofree char *from = instant_format(window->from);
	g_autofree char *span = span_format(window->to - window->from);

	reading_trouble(reading, true,
			"the source tells no more than %u of the %s from %s on; what is "
			"above that is missing for good",
			reading->feed->cap, span, from);
}

static bool save_state(struct reading *reading, bool settle, GError **error)
{
	g_autoptr(GPtrArray) none = items_new();

	return settle ? reading_finish(reading, none, NULL, error)
		      : reading_store(reading, none, NULL, error);
}

static GTimeSpan widest(const struct feed *feed, GTimeSpan all)
{
	return feed->window_max ? MIN(feed->window_max, all) : all;
}

/* The end of today: later than the source's clock may be, and the same all day, so that
 * an idle window can be asked for conditionally. */
static gint64 end_of_day(gint64 clock)
{
	return (clock / G_TIME_SPAN_DAY + 1) * G_TIME_SPAN_DAY;
}

/* Everything up to the end of a window is stored; of the last one, which ends in the
 * future, up to its latest item, or today's beginning so that it stays short. */
static void move_cursor(struct reading *reading, const struct window *window)
{
	gint64 today = end_of_day(reading->clock) - G_TIME_SPAN_DAY;

	if (window->to <= reading->clock) {
		reading_advance(reading, window->to);
		return;
	}
	reading_advance(reading, window->past);
	reading_advance(reading, MIN(today, window->to));
}

bool windows_up(struct reading *reading, const char *path, gint64 from, bool moves,
		GError **error)
{
	gint64 end = end_of_day(reading->clock);
	GTimeSpan span = widest(reading->feed, end - from);
	const struct page several = { 0 };
	bool only = moves && from + span >= end;

	while (from < end) {
		_cleanup_(window_clear) struct window window = {
			.path = path,
			.from = from,
			.to = MIN(from + span, end),
			.conditional = only,
		};
		GTimeSpan next;

		if (!window_read(reading, &window, error))
			return false;
		if (window.same)
			return true;
		only = only && window.n_pages == 1 && !window.full;
		next = window.full ? narrower(reading, &window) : 0;
		if (next > 0) {
			span = next;
			continue;
		}
		if (window.full)
			tell_full(reading, &window);
		if (moves) {
			move_cursor(reading, &window);
			reading_keep_etag(reading, only ? &window.page : &several);
		}
		from = window.to;
		if (!save_state(reading, from >= end, error))
			return false;
		only = false;
		span = widest(reading->feed, MIN(2 * span, MAX(end - from, 1)));
	}
	return true;
}

bool windows_back(struct reading *reading, const char *path, GError **error)
{
	struct feed_row *row = &reading->row;
	GTimeSpan span;

	/* In each poll it is wanted from a little later on: then nothing is to be done.
	 */
	if (row->history <= reading->start)
		return true;
	span = widest(reading->feed, row->history - reading->start);
	while (row->history > reading->start) {
		_cleanup_(window_clear) struct window window = {
			.path = path,
			.from = MAX(row->history - span, reading->start),
			.to = row->history,
		};
		GTimeSpan next;

		if (!window_read(reading, &window, error))
			return false;
		next = window.full ? narrower(reading, &window) : 0;
		if (next > 0) {
			span = next;
			continue;
		}
		if (window.full)
			tell_full(reading, &window);
		row->history = window.from;
		if (!save_state(reading, false, error))
			return false;
		span = widest(reading->feed,
			      MIN(2 * span, MAX(row->history - reading->start, 1)));
	}
	return true;
}

bool created_pass(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	GTimeSpan longest = reading->feed->window_max;
	gint64 from, floor;

	if (!unfinished_floor(reading, reading->clock - G_TIME_SPAN_DAY, &floor, error))
		return false;
	if (row->cursor == INSTANT_NONE || row->history == INSTANT_NONE) {
		gint64 end = end_of_day(reading->clock);

		from = longest ? MAX(reading->start, end - longest) : reading->start;
		row->cursor = row->history = from;
	} else {
		from = row->cursor - feed_overlap(reading->feed);
		if (floor != INSTANT_NONE)
			from = MIN(from, floor);
	}
	return windows_up(reading, reading->feed->path, from, true, error);
}

bool created_history(struct reading *reading, GError **error)
{
	return windows_back(reading, reading->feed->path, error);
}

bool created_sweep(struct reading *reading, gint64 from, GError **error)
{
	return windows_up(reading, reading->feed->path, from, false, error);
}
