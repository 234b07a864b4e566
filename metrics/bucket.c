#include "metrics/bucket.h"

#define DAY G_TIME_SPAN_DAY
#define JULIAN_1970 719163 /* GDate's number of 1 January 1970 */

static const char *const grain_names[N_GRAINS] = {
	[GRAIN_DAY] = "day",
	[GRAIN_WEEK] = "week",
	[GRAIN_MONTH] = "month",
	[GRAIN_QUARTER] = "quarter",
};

const char *grain_name(enum grain grain)
{
	return grain_names[grain];
}

static gint64 floor_div(gint64 a, gint64 b)
{
	return a / b - (a % b < 0);
}

gint32 zone_local_day(const struct zone *zone, gint64 instant)
{
	gint64 t = CLAMP(instant, DAY_MIN * DAY, (DAY_MAX + 1) * DAY - 1);
	gint64 day = floor_div(t + zone_offset(zone, t, NULL), DAY);

	return (gint32)CLAMP(day, DAY_MIN, DAY_MAX);
}

/* PostgreSQL's DetermineTimeZoneOffset(): of the two readings of a local time near a
 * change of the clock, the one before it if the time does not exist, the one after it if
 * it comes twice. */
gint64 zone_day_start(const struct zone *zone, gint32 day)
{
	gint64 local = CLAMP(day, DAY_MIN, DAY_MAX) * DAY;
	GTimeSpan before = zone_offset(zone, local - DAY, NULL);
	GTimeSpan after = zone_offset(zone, local + DAY, NULL);

	if (zone_offset(zone, local - after, NULL) == after)
		return local - after;
	return local - before;
}

static void day_to_date(gint32 day, GDate *date)
{
	g_date_clear(date, 1);
	g_date_set_julian(date, (guint32)(CLAMP(day, DAY_MIN, DAY_MAX) + JULIAN_1970));
}

static gint32 date_to_day(const GDate *date)
{
	return (gint32)g_date_get_julian(date) - JULIAN_1970;
}

gint32 grain_floor(enum grain grain, gint32 day)
{
	GDate date;

	day_to_date(day, &date);
	switch (grain) {
	case GRAIN_WEEK:
		g_date_subtract_days(&date, g_date_get_weekday(&date) - G_DATE_MONDAY);
		break;
	case GRAIN_MONTH:
		g_date_set_day(&date, 1);
		break;
	case GRAIN_QUARTER:
		g_date_set_day(&date, 1);
		g_date_subtract_months(&date, (g_date_get_month(&date) - 1u) % 3);
		break;
	case GRAIN_DAY:
	case N_GRAINS:
		break;
	}
	return date_to_day(&date);
}

gint32 grain_next(enum grain grain, gint32 first)
{
	GDate date;

	day_to_date(first, &date);
	switch (grain) {
	case GRAIN_DAY:
		g_date_add_days(&date, 1);
		break;
	case GRAIN_WEEK:
		g_date_add_days(&date, 7);
		break;
	case GRAIN_MONTH:
		g_date_add_months(&date, 1);
		break;
	case GRAIN_QUARTER:
		g_date_add_months(&date, 3);
		break;
	case N_GRAINS:
		break;
	}
	return date_to_day(&date);
}

static struct bucket bucket_at(const struct zone *zone, enum grain grain, gint32 first)
{
	return (struct bucket){
		.first_day = first,
		.start = zone_day_start(zone, first),
		.end = zone_day_start(zone, grain_next(grain, first)),
	};
}

struct bucket bucket_of(const struct zone *zone, enum grain grain, gint64 instant)
{
	return bucket_at(zone, grain, grain_floor(grain, zone_local_day(zone, instant)));
}

struct bucket bucket_next(const struct zone *zone, enum grain grain,
			  const struct bucket *bucket)
{
	return bucket_at(zone, grain, grain_next(grain, bucket->first_day));
}
