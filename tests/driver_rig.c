#include "driver_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

char *fixture_text(const char *name)
{
	g_autofree char *path = g_build_filename(getenv("DORAD_FIXTURES"), name, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	ck_assert_msg(g_file_get_contents(path, &text, NULL, &error), "%s",
		      error ? error->message : "");
	return text;
}

cJSON *fixture_json(const char *name)
{
	g_autofree char *text = fixture_text(name);
	g_autoptr(GError) error = NULL;
	cJSON *json = json_parse(text, strlen(text), &error);

	ck_assert_msg(json != NULL, "%s: %s", name, error ? error->message : "");
	return json;
}

/* ---- telling ---- */

static char *value_told(const struct item *item, const struct item_member *member)
{
	const void *place = (const char *)item + member->offset;
	gint64 number;

	switch (member->type) {
	case JSON_TEXT:
	case JSON_ID:
		return g_strdup(*(char *const *)place);
	case JSON_TEXTS:
		return *(char **const *)place ? g_strjoinv(", ", *(char **const *)place)
					      : NULL;
	case JSON_TIME:
		number = *(const gint64 *)place;
		return number == INSTANT_NONE ? NULL : instant_format(number);
	case JSON_INT:
		return g_strdup_printf("%" G_GINT64_FORMAT, *(const gint64 *)place);
	case JSON_BOOL:
		return *(const bool *)place ? g_strdup("yes") : NULL;
	case JSON_EPOCH:
	case JSON_EPOCH_MS:
	case JSON_PRESENT:
		break;
	}
	ck_abort_msg("%s: unexpected type", member->name);
	return NULL;
}

char *item_told(const struct item *item)
{
	GString *text = g_string_new(NULL);

	if (!item)
		return g_string_free(g_string_append(text, "(not meant)\n"), FALSE);
	for (const struct item_member *member = item_members; member->name; member++) {
		g_autofree char *value = value_told(item, member);

		if (value)
			g_string_append_printf(text, "%s: %s\n", member->name, value);
	}
	g_string_append_printf(text, "outcome: %s\ndone: %s\n",
			       outcome_name(item->outcome), item->done ? "yes" : "no");
	return g_string_free(text, FALSE);
}

/* ---- reading ---- */

static const struct detail *detail_among(const struct detail *details, const char *name)
{
	for (; details && details->name; details++)
		if (strcmp(details->name, name) == 0)
			return details;
	return NULL;
}

const struct detail *feed_detail(const struct feed *feed, const char *name)
{
	const struct detail *found = detail_among(feed->details, name);

	for (const struct detail *detail = feed->details;
	     !found && detail && detail->name; detail++)
		found = detail_among(detail->details, name);
	return found;
}

static char *element_told(const struct feed *feed, const struct detail *detail,
			  struct item *item, const cJSON *json)
{
	g_autoptr(GError) error = NULL;
	struct item *decoded;
	char *told;

	if (detail && detail->merge && !detail->merge(json, item, &error))
		return g_strdup_printf("error: %s\n", error->message);
	if (detail && !detail->fields)
		return NULL;
	decoded = detail ? detail_decode(detail, item, json, &error)
			 : feed_decode(feed, "acme/shop", json, &error);
	told = error ? g_strdup_printf("error: %s\n", error->message)
		     : item_told(decoded);
	item_free(decoded);
	return told;
}

static void tell(GString *text, char *told)
{
	if (!told)
		return;
	g_string_append_printf(text, "%s%s", text->len ? "\n" : "", told);
	g_free(told);
}

char *answer_told(const struct feed *feed, const struct detail *detail, struct item *item,
		  const cJSON *answer)
{
	const char *path = detail ? detail->items : feed->items;
	const cJSON *list = json_at(answer, path ? path : "");
	GString *text = g_string_new(NULL);
	const cJSON *json;

	if (detail && detail->merge && !detail->items)
		tell(text, element_told(feed, detail, item, answer));
	else if (cJSON_IsArray(list))
		cJSON_ArrayForEach(json, list)
			tell(text, element_told(feed, detail, item, json));
	else if (list)
		tell(text, element_told(feed, detail, item, list));
	if (detail && detail->merge)
		tell(text, item_told(item));
	return g_string_free(text, FALSE);
}
