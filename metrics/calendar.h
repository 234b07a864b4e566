#pragma once

/*
 * Days that say nothing: holidays, freezes, the end of the year. A calendar is made once
 * and never changed, so any number of threads may use one. Days are local dates
 * (metrics/bucket.h).
 */
#include "metrics/bucket.h"

struct calendar;

/* No day is masked yet; unref it. */
struct calendar *calendar_new(void);
struct calendar *calendar_ref(struct calendar *calendar);
void calendar_unref(struct calendar *calendar); /* NULL is fine */
DEFINE_CLEANUP(struct calendar *, calendar_unref);
/* The same days, but not why, to be added to; of NULL: none. */
struct calendar *calendar_copy(const struct calendar *calendar);

/* While it is made: masks the days from first to last, both included; name (copied; NULL:
 * none) says why. Of several names for a day the first one stays. */
void calendar_add(struct calendar *calendar, gint32 first, gint32 last, const char *name);
/* The same every year, both included; may go over the end of the year (12-20 to 01-02).
 * A 29 February is there only in leap years. */
void calendar_add_yearly(struct calendar *calendar, guint first_month, guint first_day,
			 guint last_month, guint last_day, const char *name);

/* NULL: no day is masked. */
bool calendar_masks(const struct calendar *calendar, gint32 day);
/* Why; NULL: it is not, or nobody said. Borrowed. */
const char *calendar_reason(const struct calendar *calendar, gint32 day);
/* A Monday to Friday that is not masked. */
bool calendar_is_working(const struct calendar *calendar, gint32 day);
/* The working days of (after, until]; 0 if it ends before it begins. */
guint calendar_working_days(const struct calendar *calendar, gint32 after, gint32 until);

/* How much of the time from one instant to another lies on working days of the zone, in
 * µs; 0 if it ends before it begins. A day counts with the 23 or 25 hours it has. Time
 * before DAY_MIN and from DAY_MAX on counts for nothing. */
GTimeSpan calendar_working_time(const struct calendar *calendar, const struct zone *zone,
				gint64 from, gint64 to);
