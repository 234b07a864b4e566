#include "config/calendar_file.h"

#include <errno.h>
#include <libical/ical.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "config/calendar_text.h"
#include "config/fault.h"
#include "config/file.h"

#define JULIAN_1970 719163 /* GDate's number of 1 January 1970 */
#define DAY_SECONDS 86400
#define ALL_DAY (DAY_SECONDS - 60) /* some end a day at 23:59 */
#define DEPTH_MAX 8		   /* a file nests 3 deep; the parser recurses */
#define REASON_MAX 100		   /* characters of a reason */

DEFINE_CLEANUP(icalcomponent *, icalcomponent_free);
DEFINE_CLEANUP(icalrecur_iterator *, icalrecur_iterator_free);

struct reading {
	struct calendar *calendar;
	gint32 first, last; /* of recurrences */
	guint days, steps, events;
	GHashTable *moved; /* "uid day" of instances that have an event of their own */
	struct zone *zone; /* of times in UTC; NULL: they are taken as they are */
	gint64 stop;	   /* processor time of the thread, in µs */
	const char *name;
	GError **error;
};

/* Seconds since 1970 as the clock there shows them. */
struct stretch {
	gint64 start, length;
};

static bool fail(const struct reading *reading, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static bool fail(const struct reading *reading, const char *format, ...)
{
	g_autofree char *text = NULL, *name = fault_quote(reading->name);
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(reading->error, DORA_ERROR, DORA_ERROR_CONFIG, "%s %s", name, text);
	return false;
}

/* ---- the text ---- */

static bool line_is(const char *line, const char *name)
{
	gsize n = strlen(name);

	return g_ascii_strncasecmp(line, name, n) == 0 &&
	       (line[n] == ':' || line[n] == ';');
}

/* What the parser would run out of stack for, or take for whole. */
static bool check_nesting(const struct reading *reading, const char *text)
{
	guint depth = 0;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (line_is(line, "BEGIN") && ++depth > DEPTH_MAX)
			return fail(reading, "nests more than %d deep, expected less",
				    DEPTH_MAX);
		if (line_is(line, "END") && depth-- == 0)
			return fail(reading, "has an END without its BEGIN");
	}
	return depth == 0 ||
	       fail(reading, "is cut off, expected a whole file up to END:VCALENDAR");
}

static gint64 processor_time(void)
{
	struct timespec time = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * G_TIME_SPAN_SECOND + time.tv_nsec / 1000;
}

/* ---- events ---- */

static gint32 day_of(struct icaltimetype time)
{
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_dmy(&date, (GDateDay)time.day, (GDateMonth)time.month,
		       (GDateYear)time.year);
	return (gint32)g_date_get_julian(&date) - JULIAN_1970;
}

static bool is_date(struct icaltimetype time)
{
	return !icaltime_is_null_time(time) && time.year >= 1 && time.year <= 9999 &&
	       time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= 31 &&
	       g_date_valid_dmy((GDateDay)time.day, (GDateMonth)time.month,
				(GDateYear)time.year);
}

/* As the clock of the file shows them. */
static gint64 seconds_of(const struct reading *reading, struct icaltimetype time,
			 bool utc)
{
	gint64 seconds = (gint64)day_of(time) * DAY_SECONDS;

	if (time.is_date)
		return seconds;
	seconds += time.hour * 3600 + time.minute * 60 + time.second;
	if (utc && reading->zone)
		seconds += zone_offset(reading->zone, seconds * G_TIME_SPAN_SECOND,
				       NULL) /
			   G_TIME_SPAN_SECOND;
	return seconds;
}

static bool is_utc(struct icaltimetype time)
{
	return !time.is_date && icaltime_is_utc(time);
}

/* The summary in one line; NULL: it has none. The caller frees. */
static char *reason_of(icalcomponent *event)
{
	const char *summary = icalcomponent_get_summary(event);
	g_autofree char *valid = summary ? g_utf8_make_valid(summary, -1) : NULL;
	g_autofree char *cut = NULL;

	if (!valid)
		return NULL;
	for (char *p = valid; *p; p++)
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	g_strstrip(valid);
	cut = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), REASON_MAX));
	return *cut ? g_steal_pointer(&cut) : NULL;
}

/* "the event "Christmas"", for messages. The caller frees. */
static char *event_name(icalcomponent *event)
{
	g_autofree char *reason = reason_of(event);
	g_autofree char *quoted = fault_quote(reason ? reason : "");

	return reason ? g_strdup_printf("the event %s", quoted)
		      : g_strdup("an event without a summary");
}

/* What the parser could not read it leaves out, and says so in a property. */
static bool check_values(const struct reading *reading, icalcomponent *event)
{
	static const char *const names[] = { "DTSTART", "DTEND",	"DURATION",
					     "RRULE",	"RDATE",	"EXDATE",
					     "STATUS",	"RECURRENCE-ID" };

	for (icalproperty *p =
		     icalcomponent_get_first_property(event, ICAL_XLICERROR_PROPERTY);
	     p; p = icalcomponent_get_next_property(event, ICAL_XLICERROR_PROPERTY)) {
		const char *text = icalproperty_get_xlicerror(p);

		for (gsize i = 0; text && i < G_N_ELEMENTS(names); i++) {
			g_autofree char *what = g_strdup_printf("in %s property",
								names[i]);
			g_autofree char *name = NULL;

			if (!strstr(text, what))
				continue;
			name = event_name(event);
			return fail(reading, "has %s with a %s that cannot be read", name,
				    names[i]);
		}
	}
	return true;
}

static bool stretch_of(const struct reading *reading, icalcomponent *event,
		       struct stretch *stretch)
{
	struct icaltimetype start = icaltime_null_time(), end;
	icalproperty *p = icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY);
	g_autofree char *name = NULL;

	if (p)
		start = icalproperty_get_dtstart(p);
	if (!is_date(start)) {
		name = event_name(event);
		return fail(reading, "has %s without a start, expected DTSTART", name);
	}
	if (start.year < CALENDAR_FIRST_YEAR) {
		name = event_name(event);
		return fail(reading,
			    "has %s that starts before %d, expected a later start", name,
			    CALENDAR_FIRST_YEAR);
	}
	stretch->start = seconds_of(reading, start, is_utc(start));
	stretch->length = start.is_date ? DAY_SECONDS : 0;
	p = icalcomponent_get_first_property(event, ICAL_DURATION_PROPERTY);
	if (p)
		stretch->length = icaldurationtype_as_int(icalproperty_get_duration(p));
	p = icalcomponent_get_first_property(event, ICAL_DTEND_PROPERTY);
	end = p ? icalproperty_get_dtend(p) : start;
	if (p && is_date(end))
		stretch->length = seconds_of(reading, end, is_utc(end)) - stretch->start;
	if (start.is_date && stretch->length == 0)
		stretch->length = DAY_SECONDS; /* a day that ends on itself */
	if (stretch->length >= 0)
		return true;
	name = event_name(event);
	return fail(reading, "has %s that ends before it starts", name);
}

static gint32 floor_day(gint64 seconds)
{
	return (gint32)(seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0));
}

static bool mask(struct reading *reading, gint64 start, gint64 length, const char *reason)
{
	gint32 first = floor_day(start);
	gint32 last = floor_day(start + length - 1);

	if (last - first >= CALENDAR_FILE_DAYS ||
	    (reading->days += (guint)(last - first) + 1) > CALENDAR_FILE_DAYS)
		return fail(reading, "has more than %d days, expected fewer",
			    CALENDAR_FILE_DAYS);
	if (first <= DAY_MAX && last >= DAY_MIN)
		calendar_add(reading->calendar, first, last, reason);
	return true;
}

/* ---- recurrences ---- */

static char *moved_key(const char *uid, gint32 day)
{
	return g_strdup_printf("%s %d", uid ? uid : "", day);
}

static bool is_left_out(const struct reading *reading, const char *uid, gint32 day,
			GHashTable *except)
{
	g_autofree char *key = moved_key(uid, day);

	return g_hash_table_contains(except, GINT_TO_POINTER(day)) ||
	       g_hash_table_contains(reading->moved, key);
}

static GHashTable *exceptions(icalcomponent *event)
{
	GHashTable *days = g_hash_table_new(NULL, NULL);

	for (icalproperty *p =
		     icalcomponent_get_first_property(event, ICAL_EXDATE_PROPERTY);
	     p; p = icalcomponent_get_next_property(event, ICAL_EXDATE_PROPERTY)) {
		struct icaltimetype time = icalproperty_get_exdate(p);

		if (is_date(time))
			g_hash_table_add(days, GINT_TO_POINTER(day_of(time)));
	}
	return days;
}

static struct icaltimetype time_of(gint32 day)
{
	struct icaltimetype time = icaltime_null_date();
	GDate date;

	g_date_clear(&date, 1);
	g_date_set_julian(&date, (guint32)(day + JULIAN_1970));
	time.year = g_date_get_year(&date);
	time.month = (int)g_date_get_month(&date);
	time.day = g_date_get_day(&date);
	return time;
}

static bool is_late(const struct reading *reading)
{
	return processor_time() > reading->stop &&
	       !fail(reading,
		     "takes more than %d s to read, expected simpler recurrences",
		     CALENDAR_FILE_SECONDS);
}

static bool follow(struct reading *reading, icalcomponent *event,
		   struct icalrecurrencetype rule, const struct stretch *stretch,
		   GHashTable *except, const char *reason)
{
	const char *uid = icalcomponent_get_uid(event);
	struct icaltimetype start = icalproperty_get_dtstart(
		icalcomponent_get_first_property(event, ICAL_DTSTART_PROPERTY));
	_cleanup_(icalrecur_iterator_freep) icalrecur_iterator *iterator = NULL;
	const bool utc = is_utc(start);
	g_autofree char *name = NULL;

	start.zone = NULL; /* the clock there, be it changed or not */
	/* What nothing fits would be looked for for centuries. */
	if (rule.count == 0 &&
	    (icaltime_is_null_time(rule.until) ||
	     (is_date(rule.until) && day_of(rule.until) > reading->last)))
		rule.until = time_of(reading->last);
	if (rule.freq >= ICAL_DAILY_RECURRENCE && rule.freq <= ICAL_YEARLY_RECURRENCE)
		iterator = icalrecur_iterator_new(rule, start);
	if (!iterator) {
		name = event_name(event);
		return fail(reading,
			    "has %s that recurs in a way that is not read, expected "
			    "days, weeks, months or years",
			    name);
	}
	for (;;) {
		struct icaltimetype time = icalrecur_iterator_next(iterator);
		gint32 day;

		if (is_late(reading))
			return false;
		if (!is_date(time) || (day = day_of(time)) > reading->last)
			return true;
		if (++reading->steps > CALENDAR_FILE_STEPS)
			return fail(reading,
				    "has more than %d recurrences, expected fewer",
				    CALENDAR_FILE_STEPS);
		if (day < reading->first || is_left_out(reading, uid, day, except))
			continue;
		if (!mask(reading, seconds_of(reading, time, utc), stretch->length,
			  reason))
			return false;
	}
}

/* Dates that are given beside the rule, or instead of one. */
static bool add_dates(struct reading *reading, icalcomponent *event,
		      const struct stretch *stretch, GHashTable *except,
		      const char *reason)
{
	const char *uid = icalcomponent_get_uid(event);

	for (icalproperty *p =
		     icalcomponent_get_first_property(event, ICAL_RDATE_PROPERTY);
	     p; p = icalcomponent_get_next_property(event, ICAL_RDATE_PROPERTY)) {
		struct icaldatetimeperiodtype date = icalproperty_get_rdate(p);
		struct icaltimetype time = icaltime_is_null_time(date.time)
						   ? date.period.start
						   : date.time;

		if (is_date(time) && !is_left_out(reading, uid, day_of(time), except) &&
		    !mask(reading, seconds_of(reading, time, is_utc(time)),
			  stretch->length, reason))
			return false;
	}
	return true;
}

static bool read_event(struct reading *reading, icalcomponent *event)
{
	struct stretch stretch = { 0 };
	g_autofree char *reason = reason_of(event);
	g_autoptr(GHashTable) except = NULL;
	icalproperty *rule;

	if (++reading->events > CALENDAR_FILE_DAYS)
		return fail(reading, "has more than %d events, expected fewer",
			    CALENDAR_FILE_DAYS);
	if (icalcomponent_get_status(event) == ICAL_STATUS_CANCELLED)
		return true;
	if (is_late(reading) || !check_values(reading, event) ||
	    !stretch_of(reading, event, &stretch))
		return false;
	if (stretch.length < ALL_DAY)
		return true;
	if (icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY))
		return mask(reading, stretch.start, stretch.length, reason);
	except = exceptions(event);
	if (!add_dates(reading, event, &stretch, except, reason))
		return false;
	rule = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY);
	if (rule)
		return follow(reading, event, icalproperty_get_rrule(rule), &stretch,
			      except, reason);
	return is_left_out(reading, icalcomponent_get_uid(event),
			   floor_day(stretch.start), except) ||
	       mask(reading, stretch.start, stretch.length, reason);
}

/* An instance with an event of its own is not where its rule says. */
static void note_moved(struct reading *reading, icalcomponent *event)
{
	icalproperty *p = icalcomponent_get_first_property(event,
							   ICAL_RECURRENCEID_PROPERTY);
	struct icaltimetype time = p ? icalproperty_get_recurrenceid(p)
				     : icaltime_null_time();

	if (is_date(time))
		g_hash_table_add(reading->moved,
				 moved_key(icalcomponent_get_uid(event), day_of(time)));
}

/* The events of every calendar in the file. */
static GPtrArray *events_of(icalcomponent *root)
{
	g_autoptr(GPtrArray) calendars = g_ptr_array_new();
	GPtrArray *events = g_ptr_array_new();

	if (icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT)
		g_ptr_array_add(calendars, root);
	for (icalcomponent *c =
		     icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT);
	     c; c = icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT))
		g_ptr_array_add(calendars, c);
	for (guint i = 0; i < calendars->len; i++) {
		icalcomponent *calendar = g_ptr_array_index(calendars, i);

		for (icalcomponent *c = icalcomponent_get_first_component(
			     calendar, ICAL_VEVENT_COMPONENT);
		     c; c = icalcomponent_get_next_component(calendar,
							     ICAL_VEVENT_COMPONENT))
			g_ptr_array_add(events, c);
	}
	if (calendars->len)
		return events;
	g_ptr_array_unref(events);
	return NULL;
}

bool calendar_file_text(struct calendar *calendar, const char *name, const char *text,
			gsize n, gint32 today, GError **error)
{
	struct reading reading = { .calendar = calendar,
				   .first = today - CALENDAR_YEARS_BACK * 366,
				   .last = today + CALENDAR_YEARS_AHEAD * 366,
				   .name = name,
				   .error = error };
	_cleanup_(icalcomponent_freep) icalcomponent *root = NULL;
	_cleanup_(zone_unrefp) struct zone *zone = NULL;
	g_autoptr(GHashTable)
		moved = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) events = NULL;
	g_autofree char *lines = NULL;

	reading.moved = moved;
	reading.stop = processor_time() + CALENDAR_FILE_SECONDS * G_TIME_SPAN_SECOND;
	if (n > CONFIG_FILE_MAX)
		return fail(&reading, "is too big, expected at most %u MiB",
			    CONFIG_FILE_MAX >> 20);
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* a byte order mark */
		n -= 3;
	}
	if (n && memchr(text, 0, n))
		return fail(&reading, "has a NUL byte, expected text");
	lines = calendar_unfolded(text, n);
	if (!check_nesting(&reading, lines))
		return false;
	zone = reading.zone = calendar_zone(lines);
	icalerror_set_errors_are_fatal(0); /* it would abort */
	root = icalparser_parse_string(lines);
	events = root ? events_of(root) : NULL;
	if (!events)
		return fail(&reading, "is no calendar, expected an iCalendar file that "
				      "starts with BEGIN:VCALENDAR");
	for (guint i = 0; i < events->len; i++)
		note_moved(&reading, g_ptr_array_index(events, i));
	for (guint i = 0; i < events->len; i++)
		if (!read_event(&reading, g_ptr_array_index(events, i)))
			return false;
	return true;
}

bool calendar_file(struct calendar *calendar, const char *path, gint32 today,
		   GError **error)
{
	g_autoptr(GByteArray) bytes = config_file_read(path);
	g_autofree char *name = fault_quote(path);

	if (bytes)
		return calendar_file_text(calendar, path, (const char *)bytes->data,
					  bytes->len, today, error);
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
		    "%s cannot be read: %s, expected a readable file", name,
		    g_strerror(errno));
	return false;
}
