#include "base/instant.h"

#include <string.h>

static const struct {
	const char *suffix;
	GTimeSpan span;
} units[] = {
	/* the two-letter suffixes first: "ms" ends in "s" */
	{ "us", 1 },
	{ "ms", G_TIME_SPAN_MILLISECOND },
	{ "s", G_TIME_SPAN_SECOND },
	{ "m", G_TIME_SPAN_MINUTE },
	{ "h", G_TIME_SPAN_HOUR },
	{ "d", G_TIME_SPAN_DAY },
	{ "w", 7 * G_TIME_SPAN_DAY },
};

gint64 instant_from_seconds(gint64 seconds)
{
	gint64 result;

	if (__builtin_mul_overflow(seconds, (gint64)G_USEC_PER_SEC, &result))
		return INSTANT_NONE;
	return result;
}

/* Reads n digits; -1 if there are fewer. */
static int take_digits(const char **text, guint n)
{
	int value = 0;

	for (guint i = 0; i < n; i++) {
		if (!g_ascii_isdigit((*text)[i]))
			return -1;
		value = value * 10 + ((*text)[i] - '0');
	}
	*text += n;
	return value;
}

static bool take(const char **text, const char *any_of)
{
	if (**text == '\0' || !strchr(any_of, **text))
		return false;
	(*text)++;
	return true;
}

/* Days since 1970 of YYYY-MM-DD. */
static bool take_date(const char **text, gint64 *days)
{
	int year, month = -1, day = -1;
	GDate date;

	year = take_digits(text, 4);
	if (year >= 0 && take(text, "-"))
		month = take_digits(text, 2);
	if (month >= 0 && take(text, "-"))
		day = take_digits(text, 2);
	if (day < 0 ||
	    !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
		return false;
	g_date_clear(&date, 1);
	g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
	*days = (gint64)g_date_get_julian(&date) - 719163;
	return true;
}

/* HH:MM, HH:MM:SS and HH:MM:SS.ffffff. */
static bool take_time(const char **text, GTimeSpan *span)
{
	int hour, minute = -1, second = 0;
	GTimeSpan unit = G_TIME_SPAN_SECOND;
	const char *fraction;

	hour = take_digits(text, 2);
	if (hour >= 0 && take(text, ":"))
		minute = take_digits(text, 2);
	if (minute < 0 || hour > 23 || minute > 59)
		return false;
	*span = hour * G_TIME_SPAN_HOUR + minute * G_TIME_SPAN_MINUTE;
	if (!take(text, ":"))
		return true;
	second = take_digits(text, 2);
	if (second < 0 || second > 60)
		return false;
	*span += second * G_TIME_SPAN_SECOND;
	if (!take(text, ".,"))
		return true;
	fraction = *text;
	for (; g_ascii_isdigit(**text); (*text)++) {
		unit /= 10;
		*span += (**text - '0') * unit;
	}
	return *text > fraction && *text - fraction <= 9;
}

/* Nothing, Z, +HH, +HHMM or +HH:MM, to the end of the text. */
static bool take_zone(const char **text, GTimeSpan *offset)
{
	int hours, minutes = 0;
	bool west;

	*offset = 0;
	if (**text == '\0')
		return true;
	take(text, " ");
	if (take(text, "Zz"))
		return **text == '\0';
	west = **text == '-';
	if (!take(text, "+-"))
		return false;
	hours = take_digits(text, 2);
	if (hours >= 0 && **text != '\0') {
		take(text, ":");
		minutes = take_digits(text, 2);
	}
	if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59 || **text != '\0')
		return false;
	*offset = hours * G_TIME_SPAN_HOUR + minutes * G_TIME_SPAN_MINUTE;
	if (west)
		*offset = -*offset;
	return true;
}

bool instant_parse_loose(const char *text, gint64 *result)
{
	GTimeSpan time, offset;
	gint64 days;

	if (!take_date(&text, &days) || !take(&text, "Tt ") || !take_time(&text, &time) ||
	    !take_zone(&text, &offset))
		return false;
	*result = days * G_TIME_SPAN_DAY + time - offset;
	return true;
}

bool instant_parse(const char *text, gint64 *result)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	const char *rest;

	for (gsize i = 0; i < sizeof(form) - 1; i++) {
		char c = form[i] == 'd' && g_ascii_isdigit(text[i]) ? 'd' : text[i];

		if (i == 10 && (c == 't' || c == ' '))
			c = 'T';
		if (c != form[i])
			return false;
	}
	rest = text + sizeof(form) - 1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (g_ascii_strcasecmp(rest, "z") != 0 &&
	    (strlen(rest) != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':'))
		return false;
	return instant_parse_loose(text, result);
}

char *instant_format(gint64 t)
{
	gint64 seconds = t / G_USEC_PER_SEC;
	gint64 fraction = t % G_USEC_PER_SEC;
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *text = NULL;

	if (fraction < 0) {
		fraction += G_USEC_PER_SEC;
		seconds--;
	}
	time = t == INSTANT_NONE ? NULL : g_date_time_new_from_unix_utc(seconds);
	if (!time)
		return g_strdup("never");
	text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
	if (fraction == 0)
		return g_strconcat(text, "Z", NULL);
	return g_strdup_printf("%s.%06" G_GINT64_FORMAT "Z", text, fraction);
}

bool span_parse(const char *text, GTimeSpan *result)
{
	char *end = NULL;
	guint64 count;
	GTimeSpan span;

	if (!g_ascii_isdigit(text[0]))
		return false;
	count = g_ascii_strtoull(text, &end, 10);
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		if (__builtin_mul_overflow(count, units[i].span, &span))
			return false;
		*result = span;
		return true;
	}
	return false;
}

char *span_format(GTimeSpan span)
{
	static const struct {
		const char *suffix;
		GTimeSpan span;
	} shown[] = {
		{ "d", G_TIME_SPAN_DAY },
		{ "h", G_TIME_SPAN_HOUR },
		{ "m", G_TIME_SPAN_MINUTE },
		{ "s", G_TIME_SPAN_SECOND },
	};
	guint64 left = span < 0 ? -(guint64)span : (guint64)span;
	const char *sign = span < 0 ? "-" : "";

	for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
		guint64 unit = (guint64)shown[i].span;

		if (left < unit)
			continue;
		if (i + 1 < G_N_ELEMENTS(shown) &&
		    left % unit >= (guint64)shown[i + 1].span)
			return g_strdup_printf("%s%" G_GUINT64_FORMAT
					       "%s %" G_GUINT64_FORMAT "%s",
					       sign, left / unit, shown[i].suffix,
					       left % unit / (guint64)shown[i + 1].span,
					       shown[i + 1].suffix);
		return g_strdup_printf("%s%" G_GUINT64_FORMAT "%s", sign, left / unit,
				       shown[i].suffix);
	}
	return g_strdup("0s");
}
