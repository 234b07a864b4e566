#include "base/zone_rule.h"

#define HOUR 3600
#define DAY (24 * HOUR)

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *text, char c)
{
	if (text->at == text->end || *text->at != c)
		return false;
	text->at++;
	return true;
}

/* One to three digits that make a number of low … high. */
static bool take_number(struct cursor *text, int low, int high, int *number)
{
	int n_digits = 0;

	*number = 0;
	while (text->at < text->end && g_ascii_isdigit(*text->at) && n_digits < 3) {
		*number = *number * 10 + (*text->at++ - '0');
		n_digits++;
	}
	return n_digits > 0 && *number >= low && *number <= high;
}

/* "CET", "<+0330>": of no interest but for where it ends. */
static bool skip_name(struct cursor *text)
{
	const char *start = text->at;
	bool quoted = take(text, '<');

	while (text->at < text->end &&
	       (quoted ? *text->at != '>' : g_ascii_isalpha(*text->at)))
		text->at++;
	return text->at - start >= 3 && (!quoted || take(text, '>'));
}

/* [+-]h[h[h]][:mm[:ss]]; RFC 8536 allows a week's worth of hours. */
static bool take_time(struct cursor *text, gint64 *seconds)
{
	bool negative = take(text, '-');
	int hours, minutes = 0, rest = 0;

	if (!negative)
		take(text, '+');
	if (!take_number(text, 0, 167, &hours))
		return false;
	if (take(text, ':')) {
		if (!take_number(text, 0, 59, &minutes))
			return false;
		if (take(text, ':') && !take_number(text, 0, 59, &rest))
			return false;
	}
	*seconds = hours * HOUR + minutes * 60 + rest;
	if (negative)
		*seconds = -*seconds;
	return true;
}

/* Offsets count westwards. */
static bool take_offset(struct cursor *text, gint64 *seconds)
{
	if (!take_time(text, seconds) || *seconds <= -25 * HOUR || *seconds >= 25 * HOUR)
		return false;
	*seconds = -*seconds;
	return true;
}

static bool take_date(struct cursor *text, struct zone_rule_date *date)
{
	bool good;

	if (take(text, 'M')) {
		date->kind = 'M';
		good = take_number(text, 1, 12, &date->month) && take(text, '.') &&
		       take_number(text, 1, 5, &date->week) && take(text, '.') &&
		       take_number(text, 0, 6, &date->day);
	} else if (take(text, 'J')) {
		date->kind = 'J';
		good = take_number(text, 1, 365, &date->day);
	} else {
		date->kind = 'N';
		good = take_number(text, 0, 365, &date->day);
	}
	date->time = 2 * HOUR;
	return good && (!take(text, '/') || take_time(text, &date->time));
}

bool zone_rule_parse(const char *text, gsize n, struct zone_rule *rule)
{
	struct cursor at = { text, text + n };

	*rule = (struct zone_rule){ 0 };
	if (!skip_name(&at) || !take_offset(&at, &rule->standard))
		return false;
	if (at.at == at.end)
		return true;
	rule->has_summer = true;
	rule->summer = rule->standard + HOUR;
	if (!skip_name(&at))
		return false;
	if (at.at < at.end && *at.at != ',' && !take_offset(&at, &rule->summer))
		return false;
	return take(&at, ',') && take_date(&at, &rule->start) && take(&at, ',') &&
	       take_date(&at, &rule->end) && at.at == at.end;
}

static gint64 days_since_1970(int year, int month, int day)
{
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
	return (gint64)g_date_get_julian(&date) - 719163; /* 1 January 1970 */
}

/* Seconds since 1970 by the local clock. */
static gint64 date_in_year(const struct zone_rule_date *date, int year)
{
	gint64 day;

	if (date->kind == 'M') {
		gint64 first = days_since_1970(year, date->month, 1);
		int weekday = (int)((first + 4) % 7); /* 1 January 1970: a Thursday */
		int length = g_date_get_days_in_month((GDateMonth)date->month,
						      (GDateYear)year);
		int of_month = (date->day - weekday + 7) % 7 + 7 * (date->week - 1);

		if (of_month >= length)
			of_month -= 7;
		day = first + of_month;
	} else {
		day = days_since_1970(year, 1, 1) + date->day;
		if (date->kind == 'J' &&
		    (date->day < 60 || !g_date_is_leap_year((GDateYear)year)))
			day--;
	}
	return day * DAY + date->time;
}

void zone_rule_year(const struct zone_rule *rule, int year, gint64 *start, gint64 *end)
{
	*start = date_in_year(&rule->start, year) - rule->standard;
	*end = date_in_year(&rule->end, year) - rule->summer;
}
