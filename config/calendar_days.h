#pragma once

/*
 * Days as dorad.yaml writes them: "12-25" and "12-20..01-02" of each year, "2026-05-14"
 * and "2026-05-14..2026-05-17" once, "easter", "easter-2" and "easter+39".
 */
#include <glib.h>
#include <stdbool.h>

#include "metrics/calendar.h"

#define CALENDAR_DATE "[0-9]{2}-[0-9]{2}"
#define CALENDAR_YEAR "[0-9]{4}-"
/* The form alone; a regular expression. */
#define CALENDAR_DAYS_PATTERN                                                            \
	"^(" CALENDAR_DATE "(\\.\\." CALENDAR_DATE ")?|" CALENDAR_YEAR CALENDAR_DATE     \
	"(\\.\\." CALENDAR_YEAR CALENDAR_DATE ")?|easter([+-][0-9]{1,3})?)$"

/* Masks the days. text has the form above. calendar NULL: only checks. False with a text
 * in *why (the caller frees) if there are no such days. */
bool calendar_days(struct calendar *calendar, const char *text, const char *name,
		   char **why);

/* The western Easter Sunday of a year of the Gregorian calendar, as a day. */
gint32 calendar_easter(guint year);
