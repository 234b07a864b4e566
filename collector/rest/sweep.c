#include "base/instant.h"
#include "collector/rest/passes.h"

/* Sources show some items hours after they came to be, and edit others later. */
#define SWEEP_EVERY (12 * G_TIME_SPAN_HOUR)
#define SWEEP_SPAN (48 * G_TIME_SPAN_HOUR)
#define DEEP_EVERY (7 * G_TIME_SPAN_DAY)
/* What is 30 days old may still change (GitHub repeats runs), is shown 36 hours later,
 * and the next deep reading comes within a week. */
#define DEEP_SPAN (40 * G_TIME_SPAN_DAY)
#define ASKED_MAX 100

static bool read_anew(struct reading *reading, gint64 from, GError **error)
{
	switch (reading->feed->order) {
	case ORDER_UPDATED:
		return updated_sweep(reading, from, error);
	case ORDER_NEWEST:
	case ORDER_RECENT:
	case ORDER_NUMBER:
		return latest_sweep(reading, from, error);
	case ORDER_CREATED:
		return created_sweep(reading, from, error);
	case ORDER_STATE:
		return true;
	}
	return true;
}

/*
 * What is stored and was not in the list. Where single items can be asked for, the source
 * says whether it is gone. Where they cannot, an item is gone that has been missing from
 * a weekly reading and is older than two days: lists of such sources come late by hours,
 * not by days, and an item that is there again is stored again.
 */
static bool find_gone(struct reading *reading, gint64 from, gint64 to, GPtrArray *items,
		      GPtrArray *gone, GError **error)
{
	g_autoptr(GPtrArray)
		known = reading_known(reading, reading->feed->kind, from, to, error);
	guint n_asked = 0;

	if (!known)
		return false;
	for (guint i = 0; i < known->len; i++) {
		const struct item *item = g_ptr_array_index(known, i);

		if (g_hash_table_contains(reading->seen, item->id))
			continue;
		if (!reading->feed->item_path)
			g_ptr_array_add(gone, g_strdup(item->id));
		else if (n_asked++ < ASKED_MAX &&
			 !item_ask(reading, item, items, gone, error))
			return false;
	}
	return true;
}

bool sweep(struct reading *reading, GError **error)
{
	struct feed_row *row = &reading->row;
	gint64 now = reading->clock;
	bool deep = now - row->swept_deep >= DEEP_EVERY;
	gint64 from = !deep		     ? now - SWEEP_SPAN
		      : reading->feed->whole ? reading->start
					     : now - DEEP_SPAN;
	gint64 to = reading->feed->item_path ? now : now - SWEEP_SPAN;
	gint64 floor = INSTANT_NONE;
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);

	if (reading->feed->order == ORDER_STATE || row->cursor == INSTANT_NONE ||
	    (!deep && now - row->swept < SWEEP_EVERY))
		return true;
	/* Nothing else would ever tell how those ended. */
	if (deep && !unfinished_floor(reading, INSTANT_NONE, &floor, error))
		return false;
	if (floor != INSTANT_NONE)
		from = MIN(from, floor - feed_overlap(reading->feed));
	if (row->history != INSTANT_NONE)
		from = MAX(from, row->history);
	g_hash_table_remove_all(reading->seen);
	reading->n_bad = 0;
	g_clear_pointer(&reading->bad, g_free);
	if (from < now && !read_anew(reading, from, error))
		return false;
	/* One that could not be read, or is not told, may be any of those that seem to be
	 * missing. */
	if (from < to && reading_owns_kind(reading) &&
	    (reading->feed->item_path || (reading->n_bad == 0 && !reading->cut)) &&
	    !find_gone(reading, from, to, items, gone, error)) {
		reading_store(reading, items, gone, NULL);
		return false;
	}
	row->swept = now;
	if (deep)
		row->swept_deep = now;
	/* What is read whole each week need not be asked for one by one between. */
	return reading_finish(reading, items, gone, error) &&
	       ((reading->feed->whole && !deep) || unfinished_ask(reading, true, error));
}
