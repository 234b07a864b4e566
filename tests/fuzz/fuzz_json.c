#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/json_path.h"
#include "drivers/driver.h"
#include "tests/fuzz/fuzz.h"

/* A line with a path, then a document: parsed, printed and parsed again, looked into by
 * the path, and decoded into an item as drivers do, each member by its own name and some
 * by the path. */

static GArray *make_fields(const char *path)
{
	static const struct json_field by_path[] = {
		{ NULL, JSON_ID, false, ITEM(id) },
		{ NULL, JSON_TEXT, false, ITEM(sha) },
		{ NULL, JSON_INT, false, ITEM(attempt) },
		{ NULL, JSON_BOOL, false, ITEM(bot) },
		{ NULL, JSON_PRESENT, false, ITEM(draft) },
		{ NULL, JSON_TIME, false, ITEM(created) },
		{ NULL, JSON_EPOCH, false, ITEM(started) },
		{ NULL, JSON_EPOCH_MS, false, ITEM(finished) },
		{ NULL, JSON_TEXTS, false, ITEM(labels) },
	};
	GArray *fields = g_array_new(true, true, sizeof(struct json_field));

	for (const struct item_member *at = item_members; at->name; at++) {
		struct json_field field = { at->name, at->type, false, at->offset };

		g_array_append_val(fields, field);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(by_path); i++) {
		struct json_field field = by_path[i];

		field.path = path;
		g_array_append_val(fields, field);
	}
	return fields;
}

/* A table that stops at a wrong type hides those after it: each row alone, then all. */
static void decode(const cJSON *document, const char *path)
{
	g_autoptr(GArray) fields = make_fields(path);

	for (guint i = 0; i <= fields->len; i++) {
		struct json_field *row = &g_array_index(fields, struct json_field,
							i % fields->len);
		const struct json_field alone[] = { *row, { NULL } };
		struct item *item = g_new(struct item, 1);
		g_autoptr(GError) error = NULL;

		item_init(item, ITEM_DEPLOYMENT);
		if (!json_decode(document, i < fields->len ? alone : row, item, &error)) {
			MUST(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
			MUST(g_utf8_validate(error->message, -1, NULL));
		} else {
			MUST(!error);
			MUST(item->created == INSTANT_NONE ||
			     instant_is_plausible(item->created));
			g_clear_pointer(&item->project, g_free);
			item_check(item, NULL);
		}
		item_free(item);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text;
	gsize n;
	g_autofree char *path = fuzz_line(data, size, &text, &n);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all = NULL;
	_cleanup_(cJSON_Deletep) cJSON *document = json_parse(text, n, &error);
	_cleanup_(cJSON_Deletep) cJSON *again = NULL;
	g_autofree char *printed = NULL;
	const cJSON *found;

	MUST(!document == !!error);
	if (!document) {
		MUST(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
		return 0;
	}
	printed = cJSON_PrintUnformatted(document);
	again = json_parse(printed, strlen(printed), NULL);
	/* not compared: cJSON prints large fractions as integers, which become strings */
	MUST(again);
	found = json_at(document, path);
	all = json_all_at(document, path);
	MUST(!found || (all->len == 1 && g_ptr_array_index(all, 0) == found));
	decode(document, path);
	return 0;
}
