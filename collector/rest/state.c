#include "base/instant.h"
#include "collector/rest/passes.h"

/* An unfinished item that the source shows no more: it is over, as of now. */
static struct item *ended(const struct reading *reading, const struct item *item)
{
	struct item *over = item_copy(item);
	gint64 *end = item->kind == ITEM_INCIDENT ? &over->resolved
		      : item->kind == ITEM_DEBT	  ? &over->closed
						  : &over->finished;

	g_free(over->state);
	over->state = g_strdup(reading->feed->on_absence);
	if (reading->feed->states)
		state_map_apply(reading->feed->states, over);
	over->done = true;
	if (*end == INSTANT_NONE)
		*end = reading->clock;
	return over;
}

static bool add_ended(struct reading *reading, GPtrArray *items, GError **error)
{
	g_autoptr(GPtrArray) unfinished = NULL;

	if (!reading->feed->on_absence || !reading_owns_kind(reading))
		return true;
	unfinished = reading_unfinished(reading, error);
	if (!unfinished)
		return false;
	for (guint i = 0; i < unfinished->len; i++) {
		const struct item *item = g_ptr_array_index(unfinished, i);

		if (!g_hash_table_contains(reading->seen, item->id))
			g_ptr_array_add(items, ended(reading, item));
	}
	return true;
}

bool state_pass(struct reading *reading, GError **error)
{
	_cleanup_(pages_freep) struct pages *pages = reading_open(
		reading, reading->feed->path, true);
	_cleanup_(page_clear) struct page page = { 0 };
	g_autoptr(GPtrArray) items = items_new();
	const struct page several = { 0 };

	if (reading->row.history == INSTANT_NONE)
		reading->row.history = reading->clock;
	for (;;) {
		if (!reading_page(reading, pages, &page, items, error))
			return false;
		if (page.not_modified)
			return true;
		if (page.last)
			break;
		if (!reading_store(reading, items, NULL, error))
			return false;
	}
	reading_keep_etag(reading, pages_count(pages) == 1 ? &page : &several);
	/* One that could not be read may be any of those that seem to be missing. */
	if (reading->n_bad == 0 && !add_ended(reading, items, error))
		return false;
	return reading_finish(reading, items, NULL, error);
}
