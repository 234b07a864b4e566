#pragma once

/*
 * The lines of an iCalendar file, before it is parsed.
 */
#include "base/zone.h"

/* Without continuation lines and carriage returns, so that a line is a line. The caller
 * frees. */
char *calendar_unfolded(const char *text, gsize n);

/* The zone of a file of such lines: the one it says it is of (X-WR-TIMEZONE), or else the
 * first that it names (TZID), of those that are known here; NULL: there is none. The
 * caller unrefs. */
struct zone *calendar_zone(const char *lines);
