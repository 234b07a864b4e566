#include "tests/sim_sink.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"

/* What was made during a poll may be younger than the last that it read. */
#define CLAIM_MARGIN (15 * G_TIME_SPAN_MINUTE)

static void stored_free(gpointer data)
{
	struct stored *stored = data;

	item_free(stored->item);
	g_free(stored);
}

static void feed_free(gpointer data)
{
	struct feed_row *row = data;

	g_free(row->project);
	g_free(row->feed);
	g_free(row->mark);
	g_free(row->etag);
	g_free(row->etag_url);
	g_free(row->trouble);
	g_free(row);
}

/* All but the names, which stay. */
static void feed_copy(struct feed_row *to, const struct feed_row *from)
{
	const struct feed_row names = *to;

	g_free(to->mark);
	g_free(to->etag);
	g_free(to->etag_url);
	g_free(to->trouble);
	*to = *from;
	to->project = names.project;
	to->feed = names.feed;
	to->mark = g_strdup(from->mark);
	to->etag = g_strdup(from->etag);
	to->etag_url = g_strdup(from->etag_url);
	to->trouble = g_strdup(from->trouble);
}

static char *row_key(const struct item *item)
{
	return g_strdup_printf("%s/%d/%s/%" G_GINT64_FORMAT, item->project, item->kind,
			       item->id, item->attempt);
}

const struct stored *sink_find(const struct sink *sink, enum item_kind kind,
			       const char *id, gint64 attempt)
{
	const struct item item = { .project = (char *)"acme/shop",
				   .kind = kind,
				   .id = (char *)id,
				   .attempt = attempt };
	g_autofree char *key = row_key(&item);

	return g_hash_table_lookup(sink->rows, key);
}

static bool alive(const struct sink *sink, GError **error)
{
	if (!sink->sim->dead)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "the program ends");
	return false;
}

static bool sink_load(void *self, struct feed_row *row, GError **error)
{
	struct sink *sink = self;
	g_autofree char *key = g_strconcat(row->project, "/", row->feed, NULL);
	const struct feed_row *stored = g_hash_table_lookup(sink->feeds, key);
	const struct feed_row none = { .cursor = INSTANT_NONE,
				       .history = INSTANT_NONE,
				       .swept = INSTANT_NONE,
				       .swept_deep = INSTANT_NONE };

	feed_copy(row, stored ? stored : &none);
	if (sink->flaw == FLAW_NO_SWEEP)
		row->swept = row->swept_deep = sink->sim->now;
	if (sink->flaw == FLAW_AHEAD && row->cursor != INSTANT_NONE)
		row->cursor += G_TIME_SPAN_DAY;
	return alive(sink, error);
}

static gint earliest_first(gconstpointer a, gconstpointer b)
{
	const struct item *x = *(const struct item *const *)a;
	const struct item *y = *(const struct item *const *)b;

	if (x->created != y->created)
		return x->created < y->created ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void collect(const struct sink *sink, const char *project, enum item_kind kind,
		    bool unfinished, gint64 from, gint64 to, GPtrArray *items)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, sink->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct stored *stored = value;
		const struct item *item = stored->item;

		if (stored->gone || item->kind != kind ||
		    strcmp(item->project, project) ||
		    (unfinished ? item->done
				: item->created < from || item->created >= to))
			continue;
		g_ptr_array_add(items, item_copy(item));
	}
	if (items->len)
		g_ptr_array_sort(items, earliest_first);
}

static bool sink_unfinished(void *self, const char *project, enum item_kind kind,
			    GPtrArray *items, GError **error)
{
	collect(self, project, kind, true, 0, 0, items);
	return alive(self, error);
}

static bool sink_known(void *self, const char *project, enum item_kind kind, gint64 from,
		       gint64 to, GPtrArray *items, GError **error)
{
	collect(self, project, kind, false, from, to, items);
	return alive(self, error);
}

static void write_item(struct sink *sink, const struct item *item)
{
	char *key = row_key(item);
	struct stored *stored = g_new0(struct stored, 1);
	const struct stored *before = g_hash_table_lookup(sink->rows, key);

	stored->item = item_copy(item);
	if (sink->flaw == FLAW_MUTE && before) {
		g_free(stored->item->state);
		stored->item->state = g_strdup(before->item->state);
	}
	g_hash_table_insert(sink->rows, key, stored);
}

static void write_gone(struct sink *sink, const char *project, enum item_kind kind,
		       const char *id)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, sink->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct stored *stored = value;

		if (stored->item->kind == kind && strcmp(stored->item->id, id) == 0 &&
		    strcmp(stored->item->project, project) == 0)
			stored->gone = true;
	}
}

static void commit(struct sink *sink, const struct feed_row *row, const GPtrArray *items,
		   const GPtrArray *gone)
{
	struct feed_row *stored = g_new0(struct feed_row, 1);

	for (guint i = 0; i < items->len; i++) {
		const struct item *item = items->pdata[i];

		if (sink->flaw == FLAW_DROPS && strcmp(item->id, "42") == 0)
			continue;
		if (sink->flaw != FLAW_HALF || sink->n_saves % 5 != 4)
			write_item(sink, item);
	}
	for (guint i = 0; i < gone->len && sink->flaw != FLAW_NO_GONE; i++)
		write_gone(sink, row->project, ITEM_RUN, gone->pdata[i]);
	stored->project = g_strdup(row->project);
	stored->feed = g_strdup(row->feed);
	feed_copy(stored, row);
	g_hash_table_insert(sink->feeds, g_strconcat(row->project, "/", row->feed, NULL),
			    stored);
}

/* What holds for everything that is ever committed. */
static void judge(struct sink *sink, const struct feed_row *row, const GPtrArray *items)
{
	struct sim *sim = sink->sim;
	g_autoptr(GHashTable)
		keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (row->cursor != INSTANT_NONE && row->cursor > sim->now + sim->skew)
		sim_complain(sim,
			     "the cursor is %" G_GINT64_FORMAT
			     " s beyond the source's clock",
			     (row->cursor - sim->now - sim->skew) / G_USEC_PER_SEC);
	for (guint i = 0; i < items->len; i++)
		if (!g_hash_table_add(keys, row_key(items->pdata[i])))
			sim_complain(sim, "item %s twice in one save",
				     ((struct item *)items->pdata[i])->id);
}

static bool is_stored(const struct sink *sink, const struct thing *thing)
{
	g_autofree char *id = g_strdup_printf("%u", thing->number);

	for (gint64 attempt = 1; attempt <= thing_truth(thing)->attempt; attempt++)
		if (sink_find(sink, ITEM_RUN, id, attempt))
			return true;
	return false;
}

/* The state claims that all from its history to its cursor is stored. Where lists tell
 * all at once and do not move while they are read, it must be true at each commit. */
static void judge_claim(struct sink *sink, const struct feed_row *row)
{
	struct sim *sim = sink->sim;

	if (row->cursor == INSTANT_NONE || row->history == INSTANT_NONE ||
	    (sim->storm & (FAULT_CHURN | FAULT_STALE)) ||
	    sim->shape->sort == SORT_PRESENT)
		return;
	for (guint i = 0; i < sim->world->things->len; i++) {
		const struct thing *thing = sim->world->things->pdata[i];
		gint64 t = sim->shape->by_updated ? thing_truth(thing)->updated
						  : thing->created;

		if (t >= row->history && t <= row->cursor - CLAIM_MARGIN &&
		    !thing_is_delayed(thing) && !thing_truth(thing)->deleted &&
		    !is_stored(sink, thing))
			sim_complain(sim,
				     "the state claims thing %u, which is not stored",
				     thing->number);
	}
}

static bool sink_save(void *self, const struct feed_row *row, const GPtrArray *items,
		      const GPtrArray *gone, GError **error)
{
	struct sink *sink = self;
	bool dies = sink->dies_in == 0;

	if (!alive(sink, error))
		return false;
	if (sink->dies_in > 0)
		sink->dies_in--;
	if (dies && !sink->dies_late) {
		sink->sim->dead = true;
		return alive(sink, error);
	}
	judge(sink, row, items);
	commit(sink, row, items, gone);
	judge_claim(sink, row);
	sink->n_saves++;
	sink->sim->dead = dies;
	return alive(sink, error);
}

struct sink *sink_new(struct sim *sim)
{
	struct sink *sink = g_new0(struct sink, 1);

	sink->sim = sim;
	sink->dies_in = -1;
	sink->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stored_free);
	sink->feeds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, feed_free);
	sink->vtable = (struct rest_sink){ sink_load, sink_unfinished, sink_known,
					   sink_save, sink };
	return sink;
}

void sink_free(struct sink *sink)
{
	if (!sink)
		return;
	g_hash_table_destroy(sink->rows);
	g_hash_table_destroy(sink->feeds);
	g_free(sink);
}
