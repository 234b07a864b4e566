#pragma once

/*
 * How each order of a feed is read (drivers/driver.h): what is new, in each poll, and
 * what is old, once. Every pass saves as it goes and can be cut off after any request:
 * the next poll goes on from there.
 */
#include "collector/rest/reading.h"

/* ORDER_UPDATED. What is new and what is old are read in one, from the least recent
 * change on. */
bool updated_pass(struct reading *reading, GError **error);
bool updated_sweep(struct reading *reading, gint64 from, GError **error);

/* ORDER_NEWEST, _RECENT and _NUMBER: from the top of the list down. */
bool latest_pass(struct reading *reading, GError **error);
bool latest_history(struct reading *reading, GError **error);
bool latest_sweep(struct reading *reading, gint64 from, GError **error);

/* ORDER_CREATED: windows of time; and those of others for history and sweeps. */
bool created_pass(struct reading *reading, GError **error);
bool created_history(struct reading *reading, GError **error);
bool created_sweep(struct reading *reading, gint64 from, GError **error);
/* Reads windows of path backwards, from where the history begins to where it is wanted
 * from, moving it. */
bool windows_back(struct reading *reading, const char *path, GError **error);
/* Reads windows of path from an instant to now. moves: the cursor moves with them. */
bool windows_up(struct reading *reading, const char *path, gint64 from, bool moves,
		GError **error);

/* ORDER_STATE. */
bool state_pass(struct reading *reading, GError **error);

/* Ends attempts that a later one of this poll has taken the place of, and asks one by one
 * for other unfinished items that it has not met: those that are due, or all; at most
 * 100. What is not there any more is gone. Where items cannot be asked for, the first is
 * all. */
bool unfinished_ask(struct reading *reading, bool all, GError **error);
/* Asks for one item as stored and adds what comes to items, or its id to gone. */
bool item_ask(struct reading *reading, const struct item *item, GPtrArray *items,
	      GPtrArray *gone, GError **error);
/* Where single items cannot be asked for, the list must be read back to this instant so
 * that those made after bound that are unfinished are met; INSTANT_NONE: there are none.
 */
bool unfinished_floor(struct reading *reading, gint64 bound, gint64 *floor,
		      GError **error);

/* Reads recent items anew if that is due, and tells what is gone. */
bool sweep(struct reading *reading, GError **error);
