#pragma once

/*
 * What accept() of feeds of technical debt has in common. A debt item is an issue: its
 * outcome is running while it is open, success once it was closed, cancelled where it was
 * closed without being paid (not planned, a duplicate).
 */
#include "base/instant.h"
#include "drivers/item.h"

/* To be called last: an item that is open has no close, whatever is left of one from
 * before it was reopened. */
void debt_settle(struct item *debt);
/* debt_settle() as an accept(). */
bool debt_accept(const cJSON *json, struct item *debt, GError **error);
/* An accept() for who has no words for states: an item is open until it has a close. */
bool debt_accept_closed(const cJSON *json, struct item *debt, GError **error);
