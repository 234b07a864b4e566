#pragma once

/*
 * A time zone of the IANA database: what the wall clock shows there at any instant. Read
 * from the system's compiled files (RFC 8536), as PostgreSQL does, with the rule in their
 * footer for the years beyond their table.
 *
 * Not GTimeZone, because GLib 2.74 takes the clock of Europe/Dublin to be an hour ahead
 * from 2038 on (its footer counts winter time as the exception), takes ":Nowhere+3" and
 * the like for zones, and looks through all of a zone's past for each instant.
 */
#include "base/cleanup.h"
#include "base/instant.h"

/* Immutable, so any number of threads may use one. */
struct zone;

/* The zone of that name ("Europe/Berlin"); unref it. NULL with DORA_ERROR_CONFIG if the
 * system does not have it. An unknown name is never taken for UTC, and neither POSIX
 * rules ("EST5EDT4,…"), offsets ("+03:00") nor the machine's own zone ("localtime") are
 * names. */
struct zone *zone_open(const char *name, GError **error);

/* A zone from the n bytes of a compiled file; NULL with DORA_ERROR_DATA if they are not
 * one, or one that counts leap seconds. */
struct zone *zone_parse(const guint8 *data, gsize n, GError **error);

struct zone *zone_ref(struct zone *zone);
void zone_unref(struct zone *zone);
DEFINE_CLEANUP(struct zone *, zone_unref);

/* What to add to UTC for local time at an instant. until, unless NULL, gets the end of
 * the time during which that stays so (exclusive; G_MAXINT64: for ever). Exact up to
 * INSTANT_MAX; rules are not followed beyond. */
GTimeSpan zone_offset(const struct zone *zone, gint64 instant, gint64 *until);
