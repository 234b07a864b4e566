#pragma once

/*
 * What accept() and merge() of drivers are made of.
 */
#include "drivers/driver.h"

/* Whether a text is a word, in any case. False for NULL. */
bool text_is(const char *text, const char *word);
/* Whether there is a string at a path and it is a word, in any case. */
bool json_says(const cJSON *json, const char *path, const char *word);
/* The instant at a path, as RFC 3339; INSTANT_NONE if there is none that is plausible. */
gint64 json_instant_at(const cJSON *json, const char *path);
/* Likewise of milliseconds since 1970. */
gint64 json_epoch_ms_at(const cJSON *json, const char *path);

/* Sets *place to t if it is earlier (later), or *place is INSTANT_NONE. t may be
 * INSTANT_NONE, which changes nothing. */
void keep_first(gint64 *place, gint64 t);
void keep_last(gint64 *place, gint64 t);

/* Milliseconds at a path as a span; 0 if there are none. */
GTimeSpan json_ms_at(const cJSON *json, const char *path);
/* The attempt at a path, if there is one, instead of the run's that a job was given. */
bool item_own_attempt(struct item *item, const cJSON *json, const char *path,
		      GError **error);
/* Takes "refs/heads/" and the like off item->ref (and base), which leaves the name that
 * people use. */
void item_short_refs(struct item *item);

/* Says that an item is not meant: feed_decode() and detail_decode() leave it out. */
void item_skip(struct item *item);
/* Gives an item a state and what the map makes of it. */
void item_set_state(struct item *item, const char *word, const struct state_map *states);

/* Gives a change its state by its times: "merged", "closed" or "open". What was not
 * merged keeps no sha of a merge. */
void change_settle(struct item *change);
