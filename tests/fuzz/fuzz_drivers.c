#include "drivers/driver.h"
#include "tests/fuzz/fuzz_item.h"

/* A line that chooses ("github runs jobs", "gitlab deployments"; any other chooses too),
 * a line with an answer to the feed, and, for a detail, the answer to that about each
 * item of the first. */

struct choice {
	const struct driver *driver;
	const struct feed *feed;
	const struct detail *detail; /* NULL: none */
};

/* By its name, or else the first. */
static const struct detail *find_detail(const struct detail *details, const char *name)
{
	for (const struct detail *at = details; at && at->name; at++)
		if (strcmp(at->name, name) == 0)
			return at;
	return details && details->name ? details : NULL;
}

/* What is not found by name is found by number. */
static struct choice choose(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	guint n = g_strv_length(words), hash = g_str_hash(line), n_feeds = 0;
	struct choice choice = { n > 0 ? driver_find(words[0]) : NULL };

	if (!choice.driver)
		choice.driver = drivers[hash % N_DRIVERS];
	choice.feed = n > 1 ? driver_feed(choice.driver, words[1]) : NULL;
	while (choice.driver->feeds[n_feeds].name)
		n_feeds++;
	if (!choice.feed)
		choice.feed = &choice.driver->feeds[(hash >> 8) % n_feeds];
	for (guint i = 2; i < n; i++)
		choice.detail = find_detail(choice.detail ? choice.detail->details
							  : choice.feed->details,
					    words[i]);
	return choice;
}

static struct item *decode(const struct feed *feed, const cJSON *json)
{
	g_autoptr(GError) error = NULL;
	struct item *item = feed_decode(feed, "acme/shop", json, &error);
	struct item *again = item ? feed_decode(feed, "acme/shop", json, NULL) : NULL;

	MUST(!item || !error);
	if (item) {
		MUST(item->kind == feed->kind);
		fuzz_sound_item(item);
		MUST(again && fuzz_same_item(item, again));
	} else if (error) {
		fuzz_sound_error(error);
	}
	item_free(again);
	return item;
}

/* As the engine does. */
static void take(const struct detail *detail, const cJSON *json, struct item *item)
{
	g_autoptr(GError) error = NULL;
	struct item *child = NULL;

	if (detail->merge && !detail->merge(json, item, &error)) {
		fuzz_sound_error(error);
		return;
	}
	if (detail->fields)
		child = detail_decode(detail, item, json, &error);
	if (child) {
		MUST(child->kind == detail->kind);
		MUST(g_strcmp0(child->parent, item->id) == 0 || detail->accept);
		fuzz_sound_item(child);
	} else if (error) {
		fuzz_sound_error(error);
	}
	item_free(child);
}

static void read_detail(const struct detail *detail, const cJSON *answer,
			struct item *item)
{
	const cJSON *list = json_at(answer, detail->items ? detail->items : "");
	const cJSON *json;
	g_autoptr(GError) error = NULL;

	if (detail->merge && !detail->items)
		take(detail, answer, item);
	else
		cJSON_ArrayForEach(json, list) take(detail, json, item);
	if (detail->merge && detail->states)
		state_map_apply(detail->states, item);
	if (item_check(item, &error))
		fuzz_sound_item(item);
	else
		fuzz_sound_error(error);
}

static void read_item(const struct choice *choice, const cJSON *json, const cJSON *answer)
{
	struct item *item = decode(choice->feed, json);

	if (item && choice->detail && answer)
		read_detail(choice->detail, answer, item);
	item_free(item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *rest;
	gsize n;
	g_autofree char *line = fuzz_line(data, size, &rest, &n);
	const struct choice choice = choose(line);
	g_autofree char *text = fuzz_line((const uint8_t *)rest, n, &rest, &n);
	_cleanup_(cJSON_Deletep) cJSON *document = json_parse(text, strlen(text), NULL);
	_cleanup_(cJSON_Deletep) cJSON *answer = json_parse(rest, n, NULL);
	const char *items = choice.feed->items, *item_at = choice.feed->item_at;
	const cJSON *json;

	cJSON_ArrayForEach(json, json_at(document, items ? items : ""))
		read_item(&choice, json, answer);
	json = json_at(document, item_at ? item_at : "");
	if (json)
		read_item(&choice, json, answer);
	return 0;
}
