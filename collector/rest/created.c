#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/passes.h"

/*
 * A source tells no more than `cap` items of a window, and does not say which it left
 * out. Where they came in order of creation, what is missing lies beyond the last of
 * them, and only that is asked for; where they did not, half of the window is.
 */

/* Where the list comes from the far end of a piece, nothing of it counts as read before
 * all of it is: so it must not take too many requests. */
#define NARROWED_MAX 3

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
	gint64 low, high;	    /* creation; INSTANT_NONE */
	gint64 past;		    /* the latest that is not in the future */
	bool ascending, descending; /* in order of creation */
	bool full, same;
	struct page page; /* the last */
};

/* A piece of time, and what of it has not been told yet. */
struct piece {
	gint64 from, to;
	gint64 missing_from, missing_to;
	guint n_narrowed; /* how often, since it was halved */
	gint64 past;	  /* the latest item that is not in the future */
	guint n_pages;
	bool same;
};

static void window_clear(struct window *window)
{
	page_clear(&window->page);
}

static void measure(const struct reading *reading, struct window *window,
		    const GPtrArray *items, gint64 *before)
{
	window->n += window->page.n;
	window->n_pages++;
	for (guint i = 0; i < items->len; i++) {
		gint64 born = item_born(g_ptr_array_index(items, i));

		if (born == INSTANT_NONE)
			continue;
		if (*before != INSTANT_NONE) {
			window->ascending = window->ascending && born >= *before;
			window->descending = window->descending && born <= *before;
		}
		*before = born;
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
	gint64 before = INSTANT_NONE;

	window->ascending = window->descending = true;
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
		measure(reading, window, items, &before);
		if (!reading_store(reading, items, NULL, error))
			return false;
	} while (!window->page.last && !window->full);
	return true;
}

/* Makes a full window what is missing of it; false if there is no way to. up: of two
 * halves the earlier comes first. */
static bool narrow(const struct reading *reading, const struct window *window, bool up,
		   struct piece *piece)
{
	GTimeSpan unit = shortest(reading->feed), span = window->to - window->from;
	gint64 low = (window->low + unit - 1) / unit * unit;
	gint64 high = window->high / unit * unit;
	gint64 half = MAX(span / 2, unit);

	/* Where all came to be at once there is no order to be seen. */
	if (window->descending && !window->ascending && low < window->to &&
	    low >= window->from && (!up || piece->n_narrowed < NARROWED_MAX)) {
		piece->missing_to = low;
		piece->n_narrowed++;
		return true;
	}
	if (window->ascending && !window->descending && high > window->from &&
	    high <= window->to && (up || piece->n_narrowed < NARROWED_MAX)) {
		piece->missing_from = high;
		piece->n_narrowed++;
		return true;
	}
	if (span <= unit)
		return false;
	if (up)
		piece->to = piece->missing_to = window->from + half;
	else
		piece->from = piece->missing_from = window->to - half;
	piece->n_narrowed = 0;
	return true;
}

static void tell_full(struct reading *reading, const struct window *window)
{
	g_autofree char *from = instant_format(window->from);
	g_autofree char *span = span_format(
		MAX(window->to - window->from, shortest(reading->feed)));

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

/* Everything up to the end of a piece is stored; of the last one, which ends in the
 * future, up to its latest item, or today's beginning so that it stays short. Where it
 * has several pages, which cannot be asked for conditionally, it is made shorter. */
static void move_cursor(struct reading *reading, const struct piece *piece)
{
	gint64 today = end_of_day(reading->clock) - G_TIME_SPAN_DAY;

	if (piece->to <= reading->clock) {
		reading_advance(reading, piece->to);
		return;
	}
	reading_advance(reading, piece->past);
	reading_advance(reading, MIN(today, piece->to));
	if (piece->n_pages > 1)
		reading_advance(reading, reading->clock - feed_overlap(reading->feed));
}

/* What is read of a piece from its near end on need not be read again. */
static bool keep_progress(struct reading *reading, bool up, bool moves,
			  const struct piece *piece, GError **error)
{
	if (moves && up)
		reading_advance(reading, piece->missing_from);
	else if (moves)
		reading->row.history = piece->missing_to;
	return save_state(reading, false, error);
}

/* Reads a piece in as many windows as it takes, from its earlier end up or from its later
 * one down, or as much of it as half a window: then it is that. moves: so does the state.
 * only: the piece is all there is. */
static bool piece_read(struct reading *reading, const char *path, bool up, bool moves,
		       bool only, struct piece *piece, GError **error)
{
	const struct page several = { 0 };
	bool first = true;

	piece->missing_from = piece->from;
	piece->missing_to = piece->to;
	piece->past = INSTANT_NONE;
	piece->n_pages = 0;
	for (;;) {
		_cleanup_(window_clear) struct window window = {
			.path = path,
			.from = piece->missing_from,
			.to = piece->missing_to,
			.conditional = only && first,
		};

		if (!window_read(reading, &window, error))
			return false;
		piece->same = window.same;
		piece->past = MAX(piece->past, window.past);
		piece->n_pages += window.n_pages;
		if (window.full && narrow(reading, &window, up, piece)) {
			first = false;
			if (!keep_progress(reading, up, moves, piece, error))
				return false;
			continue;
		}
		if (window.full)
			tell_full(reading, &window);
		if (only && !window.same)
			reading_keep_etag(reading,
					  first && window.n_pages == 1 && !window.full
						  ? &window.page
						  : &several);
		return true;
	}
}

bool windows_up(struct reading *reading, const char *path, gint64 from, bool moves,
		GError **error)
{
	gint64 end = end_of_day(reading->clock);
	GTimeSpan span = widest(reading->feed, end - from);
	bool only = moves && from + span >= end;

	while (from < end) {
		struct piece piece = { .from = from, .to = MIN(from + span, end) };

		if (!piece_read(reading, path, true, moves, only, &piece, error))
			return false;
		if (piece.same)
			return true;
		if (moves)
			move_cursor(reading, &piece);
		from = piece.to;
		if (!save_state(reading, from >= end, error))
			return false;
	}
	return true;
}

bool windows_back(struct reading *reading, const char *path, GError **error)
{
	struct feed_row *row = &reading->row;

	/* In each poll it is wanted from a little later on: then nothing is to be done.
	 */
	while (row->history > reading->start) {
		GTimeSpan span = widest(reading->feed, row->history - reading->start);
		struct piece piece = { .from = row->history - span, .to = row->history };

		if (!piece_read(reading, path, false, true, false, &piece, error))
			return false;
		row->history = piece.from;
		if (!save_state(reading, row->history <= reading->start, error))
			return false;
	}
	return true;
}

bool created_pass(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	gint64 from, floor;

	if (!unfinished_floor(reading, reading->clock - G_TIME_SPAN_DAY, &floor, error))
		return false;
	if (row->cursor == INSTANT_NONE || row->history == INSTANT_NONE) {
		/* The source's clock, which is not known yet, may be behind ours. */
		from = end_of_day(reading->clock) - 2 * G_TIME_SPAN_DAY;
		from = MAX(from, reading->start);
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
