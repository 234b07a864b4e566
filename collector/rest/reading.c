#include "collector/rest/reading.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"

#define OVERLAP_DEFAULT (10 * G_TIME_SPAN_MINUTE)
#define HISTORY_DEFAULT (180 * G_TIME_SPAN_DAY)
/* 2000-01-01: before any issue that somebody still means to close. */
#define BEGINNING (G_GINT64_CONSTANT(946684800) * G_TIME_SPAN_SECOND)
/* What begins a trouble that stays: the source will never tell what is missing. */
#define CUT "cut off: "

GTimeSpan feed_overlap(const struct feed *feed)
{
	return feed->overlap ? feed->overlap : OVERLAP_DEFAULT;
}

gint64 item_born(const struct item *item)
{
	return item->created != INSTANT_NONE   ? item->created
	       : item->started != INSTANT_NONE ? item->started
					       : item->updated;
}

/* ---- state ---- */

static bool row_equal(const struct feed_row *a, const struct feed_row *b)
{
	return a->cursor == b->cursor && a->history == b->history &&
	       a->swept == b->swept && a->swept_deep == b->swept_deep &&
	       g_strcmp0(a->mark, b->mark) == 0 && g_strcmp0(a->etag, b->etag) == 0 &&
	       g_strcmp0(a->etag_url, b->etag_url) == 0 &&
	       g_strcmp0(a->trouble, b->trouble) == 0;
}

bool reading_init(struct reading *reading, struct client *client, const struct feed *feed,
		  const char *project, GError **error)
{
	const struct rest_source *source = client->source;
	const struct rest_sink *sink = source->sink;
	gint64 history = source->api->history_us;

	*reading = (struct reading){ .client = client, .feed = feed };
	reading->row = (struct feed_row){
		.project = g_strdup(project),
		.feed = g_strdup(feed->name),
		.cursor = INSTANT_NONE,
		.history = INSTANT_NONE,
		.swept = INSTANT_NONE,
		.swept_deep = INSTANT_NONE,
	};
	reading->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	variables_init(&reading->variables, source->api, project, source->environment);
	reading->clock = client_now(client);
	reading->start = feed->whole
				 ? BEGINNING
				 : reading->clock - (history ? history : HISTORY_DEFAULT);
	if (!sink->load(sink->self, &reading->row, error)) {
		client->over = true;
		return false;
	}
	feed_row_copy(&reading->stored, &reading->row);
	/* What was never swept was read just now. */
	if (reading->row.swept == INSTANT_NONE)
		reading->row.swept = reading->clock;
	if (reading->row.swept_deep == INSTANT_NONE)
		reading->row.swept_deep = reading->clock;
	return true;
}

void reading_clear(struct reading *reading)
{
	feed_row_clear(&reading->row);
	feed_row_clear(&reading->stored);
	variables_clear(&reading->variables);
	g_clear_pointer(&reading->seen, g_hash_table_unref);
	g_clear_pointer(&reading->rest, pages_free);
	g_clear_pointer(&reading->bad, g_free);
	g_clear_pointer(&reading->incomplete, g_free);
}

/* ---- pages ---- */

bool reading_set_time(struct reading *reading, enum variable which, gint64 instant,
		      GError **error)
{
	enum time_format format = reading->feed->time;
	const struct zone *zone = NULL;
	g_autofree char *text = NULL;

	if (format == TIME_JQL && instant != INSTANT_NONE) {
		zone = client_zone(reading->client, error);
		if (!zone)
			return false;
	}
	if (instant != INSTANT_NONE)
		text = time_format_text(format, instant, which == VARIABLE_UNTIL, zone);
	variables_set(&reading->variables, which, text);
	return true;
}

struct pages *reading_open(struct reading *reading, const char *path, bool conditional)
{
	struct page_plan plan = page_plan_feed(reading->feed, path);

	conditional = conditional && !reading->client->source->driver->no_etag;
	return pages_new(reading->client, &plan, &reading->variables,
			 conditional ? reading->row.etag : NULL, reading->row.etag_url);
}

static void see(struct reading *reading, const struct item *item)
{
	gpointer before = g_hash_table_lookup(reading->seen, item->id);

	if (GPOINTER_TO_SIZE(before) < (gsize)item->attempt)
		g_hash_table_insert(reading->seen, g_strdup(item->id),
				    GSIZE_TO_POINTER((gsize)item->attempt));
}

void reading_spoil(struct reading *reading, const GError *error)
{
	reading->n_bad++;
	if (!reading->bad)
		reading->bad = printable(error->message);
}

static void decode(struct reading *reading, const struct page *page, GPtrArray *items)
{
	const cJSON *json;

	cJSON_ArrayForEach(json, page->items)
	{
		g_autoptr(GError) error = NULL;
		struct item *item = feed_decode(reading->feed, reading->row.project, json,
						&error);

		if (item) {
			see(reading, item);
			g_ptr_array_add(items, item);
		} else if (error) {
			reading_spoil(reading, error);
		}
	}
}

static void tell_progress(const struct reading *reading, guint n_pages)
{
	const struct rest_source *source = reading->client->source;
	g_autofree char *text = NULL;

	if (!source->progress || n_pages < 2)
		return;
	text = g_strdup_printf("%s%s%s: page %u", reading->row.project,
			       *reading->row.project ? ": " : "", reading->feed->name,
			       n_pages);
	source->progress(text, source->user);
}

bool reading_page(struct reading *reading, struct pages *pages, struct page *page,
		  GPtrArray *items, GError **error)
{
	g_ptr_array_set_size(items, 0);
	if (!pages_read(pages, page, error))
		return false;
	reading->listed = true;
	reading->clock = client_now(reading->client);
	if (page->date != INSTANT_NONE && page->date < reading->clock)
		reading->clock = page->date;
	decode(reading, page, items);
	tell_progress(reading, pages_count(pages));
	return true;
}

/* ---- trouble ---- */

static void notice(const struct reading *reading, const char *text)
{
	const struct rest_source *source = reading->client->source;
	g_autofree char *line = g_strdup_printf("%s%s%s: %s", reading->row.project,
						*reading->row.project ? ": " : "",
						reading->feed->name, text);

	if (source->notice)
		source->notice(line, source->user);
}

void reading_trouble(struct reading *reading, bool cut, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (cut) {
		g_free(reading->row.trouble);
		reading->row.trouble = g_strconcat(CUT, text, NULL);
		if (g_strcmp0(reading->row.trouble, reading->stored.trouble) != 0)
			notice(reading, reading->row.trouble);
	} else if (!reading->incomplete) {
		reading->incomplete = g_steal_pointer(&text);
	}
}

static void settle_trouble(struct reading *reading)
{
	struct feed_row *row = &reading->row;
	g_autofree char *text = g_strdup(reading->incomplete);

	if (!text && reading->n_bad > 0)
		text = g_strdup_printf("%u could not be read: %s", reading->n_bad,
				       reading->bad);
	if (row->trouble && g_str_has_prefix(row->trouble, CUT))
		return;
	if (text && g_strcmp0(text, row->trouble) != 0)
		notice(reading, text);
	g_free(row->trouble);
	row->trouble = g_steal_pointer(&text);
}

/* ---- saving ---- */

static bool save(struct reading *reading, const struct feed_row *row,
		 const GPtrArray *items, const GPtrArray *gone, GError **error)
{
	const struct rest_sink *sink = reading->client->source->sink;
	g_autoptr(GPtrArray) once = items_once(items);
	g_autoptr(GPtrArray) none = g_ptr_array_new();

	if (!sink->save(sink->self, row, once, gone ? gone : none, error)) {
		reading->client->over = true;
		return false;
	}
	reading->client->result->n_items += once->len;
	return true;
}

bool reading_save(struct reading *reading, const GPtrArray *items, const GPtrArray *gone,
		  GError **error)
{
	if (items->len == 0 && (!gone || gone->len == 0) &&
	    row_equal(&reading->row, &reading->stored))
		return true;
	if (!save(reading, &reading->row, items, gone, error))
		return false;
	feed_row_clear(&reading->stored);
	feed_row_copy(&reading->stored, &reading->row);
	return true;
}

/* What has its details is saved even where others fail, so that the next attempt has less
 * to ask; the state is not, so that it is made. */
static bool store(struct reading *reading, GPtrArray *items, const GPtrArray *gone,
		  bool settle, GError **error)
{
	g_autoptr(GPtrArray) whole = items_new();
	bool good = details_read(reading, items, whole, error);

	g_ptr_array_set_size(items, 0);
	if (good) {
		if (settle)
			settle_trouble(reading);
		return reading_save(reading, whole, gone, error);
	}
	if (whole->len > 0)
		save(reading, &reading->stored, whole, NULL, NULL);
	return false;
}

bool reading_store(struct reading *reading, GPtrArray *items, const GPtrArray *gone,
		   GError **error)
{
	return store(reading, items, gone, false, error);
}

bool reading_finish(struct reading *reading, GPtrArray *items, const GPtrArray *gone,
		    GError **error)
{
	return store(reading, items, gone, true, error);
}

void reading_keep_etag(struct reading *reading, const struct page *page)
{
	struct feed_row *row = &reading->row;

	g_free(row->etag);
	g_free(row->etag_url);
	row->etag = g_strdup(page->etag);
	row->etag_url = page->etag ? g_strdup(page->url) : NULL;
}

void reading_advance(struct reading *reading, gint64 instant)
{
	if (instant > reading->row.cursor && instant <= reading->clock)
		reading->row.cursor = instant;
}

/* ---- what is stored ---- */

bool reading_owns_kind(const struct reading *reading)
{
	const struct feed *feed = reading->client->source->driver->feeds;

	for (; feed->name; feed++)
		if (feed != reading->feed && feed->kind == reading->feed->kind)
			return false;
	return true;
}

GPtrArray *reading_unfinished(struct reading *reading, GError **error)
{
	const struct rest_sink *sink = reading->client->source->sink;
	g_autoptr(GPtrArray) items = items_new();

	if (!sink->unfinished(sink->self, reading->row.project, reading->feed->kind,
			      items, error)) {
		reading->client->over = true;
		return NULL;
	}
	return g_steal_pointer(&items);
}

GPtrArray *reading_known(struct reading *reading, enum item_kind kind, gint64 from,
			 gint64 to, GError **error)
{
	const struct rest_sink *sink = reading->client->source->sink;
	g_autoptr(GPtrArray) items = items_new();

	if (!sink->known(sink->self, reading->row.project, kind, from, to, items,
			 error)) {
		reading->client->over = true;
		return NULL;
	}
	return g_steal_pointer(&items);
}
