#pragma once

/*
 * The days of iCalendar files (RFC 5545) as calendars of holidays are exported: those of
 * events that last all day, or a day or more; meetings mask nothing. The dates are those
 * that are written there, whatever their time zones, but for times in UTC: these are
 * taken to the zone of the file (X-WR-TIMEZONE, or else the first TZID), if it has one
 * that is known here. An event that ends at midnight ends the day before. Rules of
 * recurrence are followed CALENDAR_YEARS_BACK and CALENDAR_YEARS_AHEAD from today;
 * instances that are left out or moved are, and cancelled events are none. The summary is
 * the reason.
 */
#include <glib.h>
#include <stdbool.h>

#include "metrics/calendar.h"

#define CALENDAR_YEARS_BACK 10
#define CALENDAR_YEARS_AHEAD 2
#define CALENDAR_FILE_DAYS 20000   /* of one file; as many events */
#define CALENDAR_FILE_STEPS 100000 /* of recurrences that are looked at */
#define CALENDAR_FIRST_YEAR 1900   /* of events: recurrences are followed from there */
#define CALENDAR_FILE_SECONDS 2	   /* of processor time, of one file */

/* Masks the days of a file of at most CONFIG_FILE_MAX bytes. False with DORA_ERROR_CONFIG
 * that names the file if it cannot be read or is wrong; some days may be masked then. */
bool calendar_file(struct calendar *calendar, const char *path, gint32 today,
		   GError **error);
/* The same for a text of n bytes; name stands for the file. */
bool calendar_file_text(struct calendar *calendar, const char *name, const char *text,
			gsize n, gint32 today, GError **error);
