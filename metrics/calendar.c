#include "metrics/calendar.h"

#include <string.h>

#define DAYS (DAY_MAX - DAY_MIN + 1)
#define WORDS ((DAYS + 63) / 64)
#define JULIAN_1970 719163 /* GDate's number of 1 January 1970 */
#define FIRST_YEAR 1900	   /* of DAY_MIN */
#define LAST_YEAR 2200	   /* of DAY_MAX */

/* A bit for every day there is; counting is by words of them. */
struct calendar {
	gint references;
	guint64 masked[WORDS];
	guint64 lost[WORDS]; /* those of masked that would be working days */
	GHashTable *reasons; /* day: text of names; of masked days that have one */
	GStringChunk *names;
};

struct calendar *calendar_new(void)
{
	struct calendar *calendar = g_new0(struct calendar, 1);

	calendar->references = 1;
	calendar->reasons = g_hash_table_new(NULL, NULL);
	calendar->names = g_string_chunk_new(256);
	return calendar;
}

struct calendar *calendar_ref(struct calendar *calendar)
{
	g_atomic_int_inc(&calendar->references);
	return calendar;
}

void calendar_unref(struct calendar *calendar)
{
	if (!calendar || !g_atomic_int_dec_and_test(&calendar->references))
		return;
	g_hash_table_unref(calendar->reasons);
	g_string_chunk_free(calendar->names);
	g_free(calendar);
}

struct calendar *calendar_copy(const struct calendar *calendar)
{
	struct calendar *copy = calendar_new();

	if (calendar) {
		memcpy(copy->masked, calendar->masked, sizeof(copy->masked));
		memcpy(copy->lost, calendar->lost, sizeof(copy->lost));
	}
	return copy;
}

static gint32 clamped(gint32 day)
{
	return CLAMP(day, DAY_MIN, DAY_MAX);
}

static guint place_of(gint32 day)
{
	return (guint)(clamped(day) - DAY_MIN);
}

/* 1 January 1900 was a Monday. */
static bool is_weekday(guint place)
{
	return place % 7 < 5;
}

static bool has(const guint64 *bits, guint place)
{
	return bits[place / 64] >> place % 64 & 1;
}

static void set(guint64 *bits, guint place)
{
	bits[place / 64] |= G_GUINT64_CONSTANT(1) << place % 64;
}

/* The bits of [from, to). */
static guint count(const guint64 *bits, guint from, guint to)
{
	guint n = 0;

	for (; from < to && from % 64; from++)
		n += has(bits, from);
	for (; from + 64 <= to; from += 64)
		n += (guint)__builtin_popcountll(bits[from / 64]);
	for (; from < to; from++)
		n += has(bits, from);
	return n;
}

void calendar_add(struct calendar *calendar, gint32 first, gint32 last, const char *name)
{
	const char *text = name ? g_string_chunk_insert_const(calendar->names, name)
				: NULL;

	if (first > last)
		return;
	for (guint place = place_of(first); place <= place_of(last); place++) {
		gpointer key = GUINT_TO_POINTER(place);

		set(calendar->masked, place);
		if (is_weekday(place))
			set(calendar->lost, place);
		if (text && !g_hash_table_contains(calendar->reasons, key))
			g_hash_table_insert(calendar->reasons, key, (gpointer)text);
	}
}

/* A date as a day. One that its month does not have that year is the month's last day,
 * or with next the day after that. */
static gint32 day_of(guint year, guint month, guint day, bool next)
{
	guint last = g_date_get_days_in_month((GDateMonth)month, (GDateYear)year);
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_dmy(&date, (GDateDay)MIN(day, last), (GDateMonth)month,
		       (GDateYear)year);
	return (gint32)g_date_get_julian(&date) - JULIAN_1970 + (next && day > last);
}

void calendar_add_yearly(struct calendar *calendar, guint first_month, guint first_day,
			 guint last_month, guint last_day, const char *name)
{
	bool over = last_month * 100 + last_day < first_month * 100 + first_day;

	/* The first one begins before the first day there is. */
	for (guint year = FIRST_YEAR - 1; year <= LAST_YEAR; year++) {
		gint32 first = day_of(year, first_month, first_day, true);
		gint32 last = day_of(year + over, last_month, last_day, false);

		if (last >= DAY_MIN && first <= DAY_MAX)
			calendar_add(calendar, first, last, name);
	}
}

bool calendar_masks(const struct calendar *calendar, gint32 day)
{
	return calendar && has(calendar->masked, place_of(day));
}

const char *calendar_reason(const struct calendar *calendar, gint32 day)
{
	return calendar ? g_hash_table_lookup(calendar->reasons,
					      GUINT_TO_POINTER(place_of(day)))
			: NULL;
}

bool calendar_is_working(const struct calendar *calendar, gint32 day)
{
	guint place = place_of(day);

	return is_weekday(place) && !(calendar && has(calendar->masked, place));
}

/* Mondays to Fridays before a place. */
static guint weekdays_before(guint place)
{
	return place / 7 * 5 + MIN(place % 7, 5);
}

guint calendar_working_days(const struct calendar *calendar, gint32 after, gint32 until)
{
	guint from = place_of(after) + (after >= DAY_MIN), to = place_of(until) + 1;

	if (after >= until || until < DAY_MIN || from >= to)
		return 0;
	return weekdays_before(to) - weekdays_before(from) -
	       (calendar ? count(calendar->lost, from, to) : 0);
}

/* A stretch of days with the same answer is one subtraction, so that years cost as much
 * as their weekends do. A day lasts from its start to the next one's, be it 23 hours. */
GTimeSpan calendar_working_time(const struct calendar *calendar, const struct zone *zone,
				gint64 from, gint64 to)
{
	/* near midnights that come twice the date is ahead of the start of its day */
	gint32 day = from < to ? clamped(zone_local_day(zone, from) - 1) : 0;
	gint32 end = from < to ? zone_local_day(zone, to) : -1;
	GTimeSpan sum = 0;

	while (day <= end) {
		gint32 first = day;
		gint64 start, stop;

		if (!calendar_is_working(calendar, day++))
			continue;
		while (day <= end && calendar_is_working(calendar, day))
			day++;
		start = MAX(from, zone_day_start(zone, first));
		stop = MIN(to, zone_day_start(zone, day));
		sum += MAX(0, stop - start);
	}
	return sum;
}
