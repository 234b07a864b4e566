#include "config/calendar_days.h"

#include <string.h>

#define JULIAN_1970 719163 /* GDate's number of 1 January 1970 */
#define FIRST_YEAR 1971	   /* of dates that are given with their year */
#define LAST_YEAR 2099
#define EASTER_FIRST 1990
#define EASTER_LAST 2100
#define EASTER_MAX 250 /* days before or after: within the year but for a few */

struct date {
	guint year, month, day; /* year 0: every one */
};

static gint32 day_of(guint year, guint month, guint day)
{
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
	return (gint32)g_date_get_julian(&date) - JULIAN_1970;
}

/* The anonymous Gregorian algorithm (Meeus, Jones, Butcher: Astronomical Algorithms,
 * 1991, chapter 8). */
gint32 calendar_easter(guint year)
{
	guint a = year % 19, b = year / 100, c = year % 100;
	guint d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
	guint h = (19 * a + b - d - g + 15) % 30;
	guint i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
	guint m = (a + 11 * h + 22 * l) / 451;
	guint n = h + l - 7 * m + 114;

	return day_of(year, n / 31, n % 31 + 1);
}

static guint number(const char *text, gsize n)
{
	guint value = 0;

	for (gsize i = 0; i < n; i++)
		value = value * 10 + (guint)(text[i] - '0');
	return value;
}

/* A date as the pattern has them; *end is behind it. */
static bool parse_date(const char *text, struct date *date, const char **end, char **why)
{
	bool yearly = text[2] == '-';
	guint year;

	date->year = yearly ? 0 : number(text, 4);
	text += yearly ? 0 : 5;
	date->month = number(text, 2);
	date->day = number(text + 3, 2);
	*end = text + 5;
	year = yearly ? 2000 : date->year; /* 29 February is a date */
	if ((yearly || (year >= FIRST_YEAR && year <= LAST_YEAR)) &&
	    g_date_valid_dmy((GDateDay)date->day, (GDateMonth)date->month,
			     (GDateYear)year))
		return true;
	*why = g_strdup_printf("\"%.*s\" is not a day of the calendar, expected one such "
			       "as %s",
			       yearly ? 5 : 10, *end - (yearly ? 5 : 10),
			       yearly ? "12-25" : "2026-05-14");
	return false;
}

static bool add_easter(struct calendar *calendar, const char *text, const char *name,
		       char **why)
{
	gint32 offset = *text ? (gint32)number(text + 1, strlen(text + 1)) : 0;

	if (offset > EASTER_MAX) {
		*why = g_strdup_printf("is more than %d days from Easter, expected fewer",
				       EASTER_MAX);
		return false;
	}
	offset = *text == '-' ? -offset : offset;
	for (guint year = EASTER_FIRST; calendar && year <= EASTER_LAST; year++)
		calendar_add(calendar, calendar_easter(year) + offset,
			     calendar_easter(year) + offset, name);
	return true;
}

bool calendar_days(struct calendar *calendar, const char *text, const char *name,
		   char **why)
{
	struct date first, last;
	gint32 from, to;

	if (g_str_has_prefix(text, "easter"))
		return add_easter(calendar, text + strlen("easter"), name, why);
	if (!parse_date(text, &first, &text, why))
		return false;
	last = first;
	if (*text && !parse_date(text + strlen(".."), &last, &text, why))
		return false;
	if (!first.year) {
		if (calendar)
			calendar_add_yearly(calendar, first.month, first.day, last.month,
					    last.day, name);
		return true;
	}
	from = day_of(first.year, first.month, first.day);
	to = day_of(last.year, last.month, last.day);
	if (to < from) {
		*why = g_strdup("ends before it begins, expected the first day first");
		return false;
	}
	if (calendar)
		calendar_add(calendar, from, to, name);
	return true;
}
