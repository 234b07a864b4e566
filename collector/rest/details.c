#include "base/error.h"
#include "base/instant.h"
#include "collector/rest/reading.h"

/* A job may come this long after its run: that is how long runs can be started again. */
#define JOB_LATE (35 * G_TIME_SPAN_DAY)

/* What is stored of the items of a page, so that only news cost requests. */
struct familiar {
	GPtrArray *items, *children;
	GHashTable *by_key;  /* key → stored item */
	GHashTable *parents; /* keys of items that have children of a kind */
};

static void familiar_clear(struct familiar *familiar)
{
	g_clear_pointer(&familiar->items, g_ptr_array_unref);
	g_clear_pointer(&familiar->children, g_ptr_array_unref);
	g_clear_pointer(&familiar->by_key, g_hash_table_unref);
	g_clear_pointer(&familiar->parents, g_hash_table_unref);
}

static char *key_of(const char *id, gint64 attempt, int kind)
{
	return g_strdup_printf("%d %" G_GINT64_FORMAT " %s", kind, attempt, id);
}

/* The time in which the items came to be: [from, to). */
static void span_of(const GPtrArray *items, gint64 *from, gint64 *to)
{
	*from = G_MAXINT64;
	*to = INSTANT_NONE;
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);

		if (item->created == INSTANT_NONE)
			continue;
		*from = MIN(*from, item->created);
		*to = MAX(*to, item->created + 1);
	}
}

static bool add_children(struct reading *reading, enum item_kind kind, gint64 from,
			 gint64 to, struct familiar *familiar, GError **error)
{
	g_autoptr(GPtrArray)
		children = reading_known(reading, kind, from, to + JOB_LATE, error);

	if (!children)
		return false;
	for (guint i = 0; i < children->len; i++) {
		const struct item *child = g_ptr_array_index(children, i);

		if (child->parent)
			g_hash_table_add(familiar->parents,
					 key_of(child->parent, child->attempt, kind));
	}
	return true;
}

static bool familiar_load(struct reading *reading, const GPtrArray *items,
			  struct familiar *familiar, GError **error)
{
	gint64 from, to;

	familiar->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	familiar->parents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	span_of(items, &from, &to);
	if (from >= to)
		return true;
	familiar->items = reading_known(reading, reading->feed->kind, from, to, error);
	if (!familiar->items)
		return false;
	for (guint i = 0; i < familiar->items->len; i++) {
		struct item *item = g_ptr_array_index(familiar->items, i);

		g_hash_table_insert(familiar->by_key,
				    key_of(item->id, item->attempt, item->kind), item);
	}
	if (familiar->items->len == 0)
		return true;
	for (const struct detail *detail = reading->feed->details; detail->name; detail++)
		if (detail->fields &&
		    !add_children(reading, detail->kind, from, to, familiar, error))
			return false;
	return true;
}

/* True if a detail of the item is stored as it will ever be. Where merge() fills in the
 * state, the list alone cannot tell it, so that only times are compared. */
static bool is_familiar(const struct familiar *familiar, const struct detail *detail,
			const struct item *item)
{
	g_autofree char *key = key_of(item->id, item->attempt, item->kind);
	const struct item *stored = g_hash_table_lookup(familiar->by_key, key);
	g_autofree char *parent = key_of(item->id, item->attempt, detail->kind);

	if (!stored || !stored->done || stored->updated != item->updated)
		return false;
	if (detail->merge)
		return true;
	return item->done && stored->finished == item->finished &&
	       g_strcmp0(stored->state, item->state) == 0 &&
	       g_hash_table_contains(familiar->parents, parent);
}

static bool is_wanted(const struct reading *reading, const struct detail *detail,
		      const struct item *item)
{
	const struct rest_source *source = reading->client->source;

	return detail->when == DETAIL_ALWAYS || !source->wanted ||
	       source->wanted(item, source->user);
}

/* What the list says of this item would overwrite what a merged detail has said. */
static bool is_kept_as_stored(const struct reading *reading,
			      const struct familiar *familiar, const struct item *item)
{
	for (const struct detail *detail = reading->feed->details; detail->name; detail++)
		if (detail->merge && is_wanted(reading, detail, item) &&
		    is_familiar(familiar, detail, item))
			return true;
	return false;
}

/* ---- asking ---- */

static void spoil(struct reading *reading, const struct item *item,
		  const struct detail *detail, GError *error)
{
	g_prefix_error(&error, "%s %s: %s: ", item_kind_name(item->kind), item->id,
		       detail->name);
	reading_spoil(reading, error);
	g_error_free(error);
}

/* One element of an answer. */
static void take(struct reading *reading, const struct detail *detail, const cJSON *json,
		 struct item *item, GPtrArray *children)
{
	GError *error = NULL;
	struct item *child;

	if (detail->merge && !detail->merge(json, item, &error)) {
		spoil(reading, item, detail, error);
		return;
	}
	if (!detail->fields)
		return;
	child = detail_decode(detail, item, json, &error);
	if (child)
		g_ptr_array_add(children, child);
	else if (error)
		spoil(reading, item, detail, error);
}

static void take_page(struct reading *reading, const struct detail *detail,
		      const struct page *page, struct item *item, GPtrArray *children)
{
	const cJSON *json;

	if (detail->merge && !detail->items) {
		take(reading, detail, page->document, item, children);
		return;
	}
	cJSON_ArrayForEach(json, page->items) take(reading, detail, json, item, children);
}

/* True too where the source has no such detail, or one that cannot be read. What cannot
 * be read may be a bad moment of the source: the item is kept as unfinished, so that it
 * will be asked for again. */
static bool ask(struct reading *reading, const struct detail *detail, struct item *item,
		GPtrArray *children, bool *spoilt, GError **error)
{
	const struct page_plan plan = page_plan_detail(reading->feed, detail);
	_cleanup_(pages_freep) struct pages *pages = NULL;
	_cleanup_(page_clear) struct page page = { 0 };

	variables_set(&reading->variables, VARIABLE_ID, item->id);
	variables_set(&reading->variables, VARIABLE_PARENT, item->parent);
	pages = pages_new(reading->client, &plan, &reading->variables, NULL, NULL);
	variables_set(&reading->variables, VARIABLE_ID, NULL);
	variables_set(&reading->variables, VARIABLE_PARENT, NULL);
	do {
		g_autoptr(GError) cause = NULL;

		if (pages_read(pages, &page, &cause)) {
			take_page(reading, detail, &page, item, children);
			continue;
		}
		if (status_is_absence(pages_status(pages)))
			return true;
		if (g_error_matches(cause, DORA_ERROR, DORA_ERROR_DATA)) {
			spoil(reading, item, detail, g_steal_pointer(&cause));
			*spoilt = true;
			return true;
		}
		g_propagate_prefixed_error(error, g_steal_pointer(&cause),
					   "%s %s: %s: ", item_kind_name(item->kind),
					   item->id, detail->name);
		return false;
	} while (!page.last);
	return true;
}

/* Details of the children that a detail has just brought, from the first of them on: one
 * level, and what they bring has none of its own. */
static bool ask_deeper(struct reading *reading, const struct detail *detail, guint first,
		       GPtrArray *children, bool *spoilt, GError **error)
{
	guint end = children->len;

	for (guint i = first; detail->details && i < end; i++) {
		struct item *child = g_ptr_array_index(children, i);

		for (const struct detail *deeper = detail->details; deeper->name;
		     deeper++)
			if (is_wanted(reading, deeper, child) &&
			    !ask(reading, deeper, child, children, spoilt, error))
				return false;
	}
	return true;
}

/* Those that merge come first, so that children inherit what they found. */
static bool ask_all(struct reading *reading, const struct familiar *familiar,
		    struct item *item, GPtrArray *children, GError **error)
{
	bool spoilt = false;
	guint first;

	for (int merging = 1; merging >= 0; merging--)
		for (const struct detail *detail = reading->feed->details; detail->name;
		     detail++) {
			if ((detail->merge != NULL) != merging ||
			    !is_wanted(reading, detail, item) ||
			    is_familiar(familiar, detail, item))
				continue;
			first = children->len;
			if (!ask(reading, detail, item, children, &spoilt, error) ||
			    !ask_deeper(reading, detail, first, children, &spoilt, error))
				return false;
			if (merging && detail->states)
				state_map_apply(detail->states, item);
		}
	if (spoilt)
		item->done = false;
	return true;
}

/* A merged item has to fit as a decoded one had to. */
static bool still_fits(struct reading *reading, struct item *item)
{
	g_autoptr(GError) error = NULL;

	if (item_check(item, &error))
		return true;
	reading_spoil(reading, error);
	return false;
}

bool details_read(struct reading *reading, GPtrArray *items, GPtrArray *out,
		  GError **error)
{
	_cleanup_(familiar_clear) struct familiar familiar = { 0 };

	if (!reading->feed->details) {
		g_ptr_array_extend_and_steal(out, g_ptr_array_ref(items));
		return true;
	}
	if (!familiar_load(reading, items, &familiar, error))
		return false;
	for (guint i = 0; i < items->len; i++) {
		struct item *item = g_ptr_array_index(items, i);
		g_autoptr(GPtrArray) children = items_new();

		if (is_kept_as_stored(reading, &familiar, item))
			continue;
		if (!ask_all(reading, &familiar, item, children, error))
			return false;
		if (!still_fits(reading, item))
			continue;
		items->pdata[i] = NULL;
		g_ptr_array_add(out, item);
		for (guint j = 0; j < children->len; j++)
			g_ptr_array_add(out, g_steal_pointer(&children->pdata[j]));
	}
	return true;
}
