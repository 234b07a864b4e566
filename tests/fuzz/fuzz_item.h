#pragma once

/* What must hold of every item that is kept, whoever told it. */
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "drivers/item.h"
#include "tests/fuzz/fuzz.h"

static inline bool fuzz_same_texts(char *const *a, char *const *b)
{
	return (!a && !b) ||
	       (a && b && g_strv_equal((const char *const *)a, (const char *const *)b));
}

static inline bool fuzz_same_member(const struct item *a, const struct item *b,
				    const struct item_member *member)
{
	const char *x = (const char *)a + member->offset;
	const char *y = (const char *)b + member->offset;

	switch (member->type) {
	case JSON_TEXT:
	case JSON_ID:
		return g_strcmp0(*(char *const *)x, *(char *const *)y) == 0;
	case JSON_TEXTS:
		return fuzz_same_texts(*(char **const *)x, *(char **const *)y);
	case JSON_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case JSON_TIME:
	case JSON_INT:
		return *(const gint64 *)x == *(const gint64 *)y;
	case JSON_EPOCH:
	case JSON_EPOCH_MS:
	case JSON_PRESENT:
		break;
	}
	return false;
}

static inline bool fuzz_same_item(const struct item *a, const struct item *b)
{
	for (const struct item_member *member = item_members; member->name; member++)
		if (!fuzz_same_member(a, b, member)) {
			g_printerr("%s differs\n", member->name);
			return false;
		}
	return a->kind == b->kind && g_strcmp0(a->project, b->project) == 0 &&
	       a->outcome == b->outcome && a->done == b->done;
}

static inline void fuzz_sound_text(const char *text, gsize max)
{
	MUST(!text || (strlen(text) <= max && g_utf8_validate(text, -1, NULL)));
}

static inline void fuzz_sound_texts(char **texts)
{
	for (gsize i = 0; texts && texts[i]; i++) {
		MUST(i < 200);
		fuzz_sound_text(texts[i], 4000);
	}
}

static inline void fuzz_sound_item(const struct item *item)
{
	struct item *copy = item_copy(item);

	MUST(item->id && *item->id);
	MUST(item->attempt >= 1);
	MUST((guint)item->outcome < N_OUTCOMES);
	MUST(!item->done || item->outcome != OUTCOME_RUNNING ||
	     item->kind == ITEM_INCIDENT || item->kind == ITEM_CHANGE);
	for (const struct item_member *member = item_members; member->name; member++) {
		const char *at = (const char *)item + member->offset;

		if (member->type == JSON_TEXT)
			fuzz_sound_text(*(char *const *)at, 4000);
		else if (member->type == JSON_ID)
			fuzz_sound_text(*(char *const *)at, 500);
		else if (member->type == JSON_TEXTS)
			fuzz_sound_texts(*(char **const *)at);
		else if (member->type == JSON_TIME)
			MUST(*(const gint64 *)at == INSTANT_NONE ||
			     instant_is_plausible(*(const gint64 *)at));
	}
	MUST(item_check(copy, NULL));
	MUST(fuzz_same_item(copy, item));
	item_free(copy);
}

/* The error of anything that came from outside. */
static inline void fuzz_sound_error(const GError *error)
{
	MUST(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
	MUST(g_utf8_validate(error->message, -1, NULL));
}
