#include "drivers/accept.h"

#include <string.h>

#include "base/instant.h"

bool text_is(const char *text, const char *word)
{
	return text && g_ascii_strcasecmp(text, word) == 0;
}

bool json_says(const cJSON *json, const char *path, const char *word)
{
	return text_is(json_text_at(json, path), word);
}

static gint64 decode_instant(const cJSON *json, const char *path, enum json_type type)
{
	const struct json_field fields[] = { { path, type, false, 0 }, { NULL } };
	gint64 t = INSTANT_NONE;

	/* A time that cannot be read is as good as none. */
	return json_decode(json, fields, &t, NULL) ? t : INSTANT_NONE;
}

gint64 json_instant_at(const cJSON *json, const char *path)
{
	return decode_instant(json, path, JSON_TIME);
}

gint64 json_epoch_ms_at(const cJSON *json, const char *path)
{
	return decode_instant(json, path, JSON_EPOCH_MS);
}

void keep_first(gint64 *place, gint64 t)
{
	if (t != INSTANT_NONE && (*place == INSTANT_NONE || t < *place))
		*place = t;
}

void keep_last(gint64 *place, gint64 t)
{
	if (t != INSTANT_NONE && (*place == INSTANT_NONE || t > *place))
		*place = t;
}

GTimeSpan json_ms_at(const cJSON *json, const char *path)
{
	const struct json_field fields[] = { { path, JSON_INT, false, 0 }, { NULL } };
	gint64 ms = 0;

	if (!json_decode(json, fields, &ms, NULL) || ms < 0 ||
	    ms > G_MAXINT64 / 2 / G_TIME_SPAN_MILLISECOND)
		return 0;
	return ms * G_TIME_SPAN_MILLISECOND;
}

bool item_own_attempt(struct item *item, const cJSON *json, const char *path,
		      GError **error)
{
	const struct json_field fields[] = { { path, JSON_INT, false, 0 }, { NULL } };
	gint64 attempt = 0;

	if (!json_decode(json, fields, &attempt, error))
		return false;
	if (attempt > 0)
		item->attempt = attempt;
	return true;
}

static void shorten(char **ref)
{
	static const char *const prefixes[] = { "refs/remotes/", "refs/heads/",
						"refs/tags/", "origin/" };
	const char *rest = *ref;
	char *name;

	for (gsize i = 0; rest && i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(rest, prefixes[i]))
			rest += strlen(prefixes[i]);
	if (rest == *ref)
		return;
	name = g_strdup(rest);
	g_free(*ref);
	*ref = name;
}

void item_short_refs(struct item *item)
{
	shorten(&item->ref);
	shorten(&item->base);
}

void item_skip(struct item *item)
{
	g_clear_pointer(&item->id, g_free);
}

void item_set_state(struct item *item, const char *word, const struct state_map *states)
{
	g_free(item->state);
	item->state = g_strdup(word);
	state_map_apply(states, item);
}

void change_settle(struct item *change)
{
	bool merged = change->merged != INSTANT_NONE;

	if (!merged) {
		g_clear_pointer(&change->sha, g_free);
		g_clear_pointer(&change->squash_sha, g_free);
	} else if (change->closed == INSTANT_NONE) {
		change->closed = change->merged;
	}
	change->done = change->closed != INSTANT_NONE;
	g_free(change->state);
	change->state = g_strdup(merged ? "merged" : change->done ? "closed" : "open");
}
