#pragma once

/*
 * What accept() of incident feeds has in common. What became of an incident is told by
 * its outcome, as everywhere in state maps: running while it is open, success once it is
 * over, cancelled where it was none after all (declined, merged into another, a
 * duplicate, discarded), skipped where it never was one (maintenance, tests).
 */
#include "base/instant.h"
#include "drivers/item.h"

/* To be called last: an incident that is not over has neither resolve nor close, whatever
 * is left of them from before it was reopened; one that was none has no resolve. */
void incident_settle(struct item *incident);
/* incident_settle() as an accept(). */
bool incident_accept(const cJSON *json, struct item *incident, GError **error);
/* When users were well again; INSTANT_NONE: they are not. A mitigation ends it as long as
 * the source does not say that it went on since. */
gint64 incident_restored(const struct item *incident);
/* What was no incident after all: final, and no resolve. */
void incident_withdraw(struct item *incident);
/* What never was one: category says what it is instead ("maintenance"). */
void incident_exempt(struct item *incident, const char *category);

/* "name=value" of every member of an object that is a string; NULL: none. Caller frees.
 */
char **incident_labels(const cJSON *object);
