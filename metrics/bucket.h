#pragma once

/*
 * Buckets: days, ISO weeks, months and quarters of a time zone. A bucket is labelled by
 * the local date it starts on and starts at the instant PostgreSQL's date_trunc(grain, t,
 * zone) gives for it: where local midnight does not exist (spring forward at midnight)
 * the first instant after the gap, where it comes twice the later one. bucket_of() and
 * date_trunc() agree for every instant.
 */
#include <glib.h>
#include <stdbool.h>

enum grain { GRAIN_DAY, GRAIN_WEEK, GRAIN_MONTH, GRAIN_QUARTER, N_GRAINS };
const char *grain_name(enum grain grain); /* "day", "week", "month", "quarter" */

/* Local calendar dates are gint32: days since 1970-01-01 (may be negative). */

/* An IANA zone. Thread-safe, reference-counted by GLib. NULL with DORA_ERROR_CONFIG if
 * the system does not know the name (an unknown name is never taken for UTC). */
GTimeZone *zone_open(const char *name, GError **error);

gint32 zone_local_day(GTimeZone *zone, gint64 instant); /* local date of an instant */
gint64 zone_day_start(GTimeZone *zone, gint32 day);	/* local midnight as an instant */

gint32 grain_floor(enum grain grain,
		   gint32 day); /* first day of the bucket with this day */
gint32 grain_next(enum grain grain, gint32 first); /* first day of the bucket after */

struct bucket {
	gint32 first_day;
	gint64 start, end;
}; /* end = the next bucket's start */
struct bucket bucket_of(GTimeZone *zone, enum grain grain, gint64 instant);
struct bucket bucket_next(GTimeZone *zone, enum grain grain, const struct bucket *bucket);
