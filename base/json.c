#include "base/json.h"

#include <string.h>

#include "base/error.h"
#include "base/json_scan.h"

/* Up to so many members are compared each with each. */
#define FEW_MEMBERS 8

static bool refuse_key(const char *key, GError **error)
{
	g_autofree char *start = g_strndup(key, 40);
	g_autofree char *shown = g_strescape(start, NULL);

	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "key \"%s\" twice in one object",
		    shown);
	return false;
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By sorting: the keys come from outside, and would choose their places in a hash. */
static bool unique_among_many(const cJSON *object, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();

	for (const cJSON *member = object->child; member; member = member->next)
		g_ptr_array_add(keys, member->string);
	g_ptr_array_sort(keys, compare_keys);
	for (guint i = 1; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);

		if (strcmp(key, g_ptr_array_index(keys, i - 1)) == 0)
			return refuse_key(key, error);
	}
	return true;
}

static bool unique_keys(const cJSON *object, GError **error)
{
	guint n = 0;

	for (const cJSON *member = object->child; member; member = member->next) {
		if (++n > FEW_MEMBERS)
			return unique_among_many(object, error);
		for (const cJSON *other = object->child; other != member;
		     other = other->next) {
			if (strcmp(member->string, other->string) == 0)
				return refuse_key(member->string, error);
		}
	}
	return true;
}

static bool unique_everywhere(const cJSON *document, GError **error)
{
	const cJSON *above[JSON_DEPTH_MAX];
	const cJSON *at = document;
	guint depth = 0;

	while (at) {
		if (cJSON_IsObject(at) && !unique_keys(at, error))
			return false;
		if (at->child) {
			above[depth++] = at;
			at = at->child;
			continue;
		}
		while (!at->next && depth > 0)
			at = above[--depth];
		at = at->next;
	}
	return true;
}

cJSON *json_parse(const char *text, gsize n, GError **error)
{
	g_autoptr(GString) scanned = json_scan(text, n, error);
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;

	if (!scanned)
		return NULL;
	document = cJSON_ParseWithLengthOpts(scanned->str, scanned->len + 1, NULL, true);
	if (!document) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "not JSON");
		return NULL;
	}
	if (!unique_everywhere(document, error))
		return NULL;
	return g_steal_pointer(&document);
}
