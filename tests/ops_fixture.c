#include "ops_fixture.h"

#include <check.h>
#include <string.h>

#include "base/instant.h"

static char *read_fixture(const char *name, gsize *n)
{
	const char *directory = g_getenv("DORAD_FIXTURES");
	g_autofree char *path = g_build_filename(directory ? directory : ".", name, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	ck_assert_msg(g_file_get_contents(path, &text, n, &error), "%s",
		      error ? error->message : path);
	return text;
}

cJSON *fixture_json(const char *name)
{
	g_autoptr(GError) error = NULL;
	gsize n = 0;
	g_autofree char *text = read_fixture(name, &n);
	cJSON *json = json_parse(text, n, &error);

	ck_assert_msg(json != NULL, "%s: %s", name, error ? error->message : "");
	return json;
}

GPtrArray *fixture_told(const char *name)
{
	GPtrArray *told = g_ptr_array_new_with_free_func(g_free);
	gsize n = 0;
	g_autofree char *text = read_fixture(name, &n);
	g_auto(GStrv) blocks = g_strsplit(text, "== ", -1);

	/* Before the first title there is nothing. */
	for (char **block = blocks; *block; block++)
		if (**block)
			g_ptr_array_add(told,
					g_strdup_printf("%s\n", g_strchomp(*block)));
	return told;
}

const struct feed *fixture_feed(const char *driver_name, const char *feed_name)
{
	const struct driver *driver = driver_find(driver_name);
	const struct feed *feed = driver ? driver_feed(driver, feed_name) : NULL;

	ck_assert_msg(feed != NULL, "%s %s", driver_name, feed_name);
	return feed;
}

static const cJSON *list_at(const cJSON *answer, const char *path)
{
	const cJSON *list = json_at(answer, path ? path : "");

	ck_assert_msg(cJSON_IsArray(list) || cJSON_IsObject(list), "nothing at \"%s\"",
		      path ? path : "");
	return list;
}

int elements_count(const cJSON *answer, const char *path)
{
	const cJSON *list = list_at(answer, path);

	return cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 1;
}

const cJSON *element(const cJSON *answer, const char *path, int i)
{
	const cJSON *list = list_at(answer, path);

	return cJSON_IsArray(list) ? cJSON_GetArrayItem(list, i) : list;
}

static void tell_member(GString *told, const struct item *item,
			const struct item_member *member)
{
	const void *place = (const char *)item + member->offset;
	g_autofree char *value = NULL;

	if (member->type == JSON_TEXT || member->type == JSON_ID)
		value = g_strdup(*(char *const *)place);
	else if (member->type == JSON_TEXTS && *(char **const *)place)
		value = g_strjoinv(" + ", *(char **const *)place);
	else if (member->type == JSON_TIME && *(const gint64 *)place != INSTANT_NONE)
		value = instant_format(*(const gint64 *)place);
	else if (member->type == JSON_BOOL && *(const bool *)place)
		value = g_strdup("yes");
	else if (member->type == JSON_INT && *(const gint64 *)place != 1)
		value = g_strdup_printf("%" G_GINT64_FORMAT, *(const gint64 *)place);
	if (value)
		g_string_append_printf(told, "%s: %s\n", member->name, value);
}

char *item_tell(const struct item *item)
{
	GString *told = g_string_new(NULL);

	if (!item)
		return g_string_free(g_string_append(told, "not meant\n"), FALSE);
	for (const struct item_member *member = item_members; member->name; member++)
		tell_member(told, item, member);
	g_string_append_printf(told, "%s, %s\n", outcome_name(item->outcome),
			       item->done ? "final" : "not final");
	return g_string_free(told, FALSE);
}

void assert_told(const char *told, const struct item *item)
{
	g_autofree char *is = item_tell(item);
	const char *expected = strchr(told, '\n') + 1;

	ck_assert_msg(strcmp(is, expected) == 0, "it is\n%snot %s", is, told);
}
