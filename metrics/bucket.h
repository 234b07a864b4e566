#pragma once

/*
 * Buckets: days, ISO weeks, months and quarters of a time zone. A bucket is labelled by
 * the local date it starts on and starts at the instant PostgreSQL's date_trunc(grain, t,
 * zone) gives for it: where local midnight does not exist (spring forward at midnight)
 * the first instant after the gap, where it comes twice the later one. bucket_of() and
 * date_trunc() agree for every instant.
 *
 * An instant belongs to the bucket of its local date. Where midnight comes twice, the
 * hour between the two shows the new date already and so belongs to a bucket that starts
 * after it; and where clocks are set back across midnight, a few instants of the new date
 * are followed by an hour of the old one.
 */
#include "base/zone.h"

enum grain { GRAIN_DAY, GRAIN_WEEK, GRAIN_MONTH, GRAIN_QUARTER, N_GRAINS };
const char *grain_name(enum grain grain); /* "day", "week", "month", "quarter" */

/* Local calendar dates are gint32: days since 1970-01-01 (may be negative). Those outside
 * [DAY_MIN, DAY_MAX] (1900 to 2200) are taken for these. */
#define DAY_MIN (-25567)
#define DAY_MAX 84006

/* The local date of an instant. */
gint32 zone_local_day(const struct zone *zone, gint64 instant);
/* Local midnight as an instant. A date that a zone left out (Apia had no 30 December
 * 2011) starts when the next one does. */
gint64 zone_day_start(const struct zone *zone, gint32 day);

/* The first day of the bucket that has this day. */
gint32 grain_floor(enum grain grain, gint32 day);
/* The first day of the bucket after the one that starts on first. */
gint32 grain_next(enum grain grain, gint32 first);

struct bucket {
	gint32 first_day;
	gint64 start, end; /* end is the next bucket's start */
};
struct bucket bucket_of(const struct zone *zone, enum grain grain, gint64 instant);
struct bucket bucket_next(const struct zone *zone, enum grain grain,
			  const struct bucket *bucket);
