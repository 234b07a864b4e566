#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/instant.h"
#include "config/calendar_days.h"
#include "config/calendar_file.h"

/* Days of iCalendar files, as calendars of holidays are exported, and of garbage. */

#define TODAY "2026-07-01"
#define CALENDAR(text)                                                                   \
	"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\n" text "END:VCALENDAR\r\n"
#define EVENT(text) "BEGIN:VEVENT\r\n" text "END:VEVENT\r\n"
#define ONE(text) CALENDAR(EVENT(text))
#define ALL_DAY(first, end) "DTSTART;VALUE=DATE:" first "\r\nDTEND;VALUE=DATE:" end "\r\n"

static gint32 day_of(const char *date)
{
	g_autofree char *midnight = g_strconcat(date, "T00:00:00Z", NULL);
	gint64 instant = 0;

	ck_assert_msg(instant_parse(midnight, &instant), "%s", date);
	return (gint32)(instant / G_TIME_SPAN_DAY);
}

static void append_day(GString *text, gint32 day)
{
	g_autofree char *instant = instant_format(day * G_TIME_SPAN_DAY);

	g_string_append_printf(text, "%.10s", instant);
}

/* "2026-12-25 Christmas\n2027-01-01..2027-01-02 New Year": stretches of one reason. */
static char *masked_days(const struct calendar *calendar)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gint32 day = 0, next; day < DAY_MAX; day = next) {
		const char *reason = calendar_reason(calendar, day);

		next = day + 1;
		if (!calendar_masks(calendar, day))
			continue;
		while (calendar_masks(calendar, next) &&
		       g_strcmp0(calendar_reason(calendar, next), reason) == 0)
			next++;
		if (text->len)
			g_string_append_c(text, '\n');
		append_day(text, day);
		if (next > day + 1) {
			g_string_append(text, "..");
			append_day(text, next - 1);
		}
		g_string_append_printf(text, " %s", reason ? reason : "-");
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static const struct {
	const char *what;
	const char *text;
	const char *days; /* or, if there are none that can be read, the error */
	bool wrong;
} files[] = {
	{ "as Google writes them: free all day, the end is the day after",
	  "BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\r\n"
	  "VERSION:2.0\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n"
	  "X-WR-CALNAME:Holidays\r\nX-WR-TIMEZONE:UTC\r\n"
	  "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261226\r\n"
	  "DTSTAMP:20260101T101010Z\r\nUID:20261225_a@google.com\r\nCLASS:PUBLIC\r\n"
	  "DESCRIPTION:Public holiday\\nTo hide observances\\, go to Settings > Hol\r\n"
	  " idays\r\nSEQUENCE:0\r\nSTATUS:CONFIRMED\r\nSUMMARY:Christmas Day\r\n"
	  "TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n"
	  "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270325\r\nDTEND;VALUE=DATE:20270329\r\n"
	  "UID:e@google.com\r\nSUMMARY:Easter\\, four days\r\nEND:VEVENT\r\n"
	  "END:VCALENDAR\r\n",
	  "2026-12-25 Christmas Day\n2027-03-25..2027-03-28 Easter, four days" },
	{ "as Outlook writes them: from midnight to midnight, with a zone of its own",
	  "\xef\xbb\xbf"
	  "BEGIN:VCALENDAR\r\nPRODID:-//Microsoft Corporation//Outlook 16.0 "
	  "MIMEDIR//EN\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nX-WR-RELCALID:{0000}\r\n"
	  "BEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\n"
	  "BEGIN:STANDARD\r\nDTSTART:16011028T030000\r\n"
	  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+0200\r\n"
	  "TZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
	  "BEGIN:DAYLIGHT\r\nDTSTART:16010325T020000\r\n"
	  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nTZOFFSETFROM:+0100\r\n"
	  "TZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
	  "BEGIN:VEVENT\r\nCATEGORIES:Holiday\r\nCLASS:PUBLIC\r\n"
	  "DTEND;TZID=\"W. Europe Standard Time\":20261004T000000\r\n"
	  "DTSTAMP:20260101T000000Z\r\n"
	  "DTSTART;TZID=\"W. Europe Standard Time\":20261003T000000\r\n"
	  "SUMMARY;LANGUAGE=de:Tag der Deutschen Einheit\r\nUID:040000008200E00\r\n"
	  "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\n"
	  "BEGIN:VALARM\r\nTRIGGER:-PT1080M\r\nACTION:DISPLAY\r\n"
	  "DESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
	  "2026-10-03 Tag der Deutschen Einheit" },
	{ "lines that end as on Unix, folded in the middle of a letter",
	  "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260608\nSUMMARY:Whit Mon\n"
	  " day f\xc3\n \xaar alle\nEND:VEVENT\nEND:VCALENDAR\n",
	  "2026-06-08 Whit Monday f\xc3\xaar alle" },
	{ "a day without an end", ONE("DTSTART;VALUE=DATE:20260501\r\n"),
	  "2026-05-01 -" },
	{ "a day that ends on itself",
	  ONE(ALL_DAY("20260501", "20260501") "SUMMARY:May\r\n"), "2026-05-01 May" },
	{ "days by their duration",
	  ONE("DTSTART;VALUE=DATE:20260501\r\nDURATION:P1W\r\nSUMMARY:x\r\n"),
	  "2026-05-01..2026-05-07 x" },
	{ "an hour", ONE("DTSTART:20260501T230000Z\r\nDTEND:20260501T235959Z\r\n"), "" },
	{ "a meeting of every day",
	  ONE("DTSTART;TZID=Europe/Berlin:20260501T091500\r\nDURATION:PT15M\r\n"
	      "RRULE:FREQ=DAILY\r\n"),
	  "" },
	{ "hours over midnight",
	  ONE("DTSTART;TZID=Europe/Berlin:20260501T200000\r\nDURATION:PT23H\r\n"), "" },
	{ "an instant at midnight", ONE("DTSTART:20260501T000000\r\n"), "" },
	{ "a day and a night by the clock",
	  ONE("DTSTART:20260501T120000\r\nDURATION:PT24H\r\n"),
	  "2026-05-01..2026-05-02 -" },
	{ "from midnight to a minute before the next",
	  ONE("DTSTART:20260501T000000\r\nDTEND:20260501T235900\r\n"), "2026-05-01 -" },
	{ "a day in UTC, of a file that says where it is",
	  CALENDAR("X-WR-TIMEZONE:Europe/Berlin\r\n" EVENT(
		  "DTSTART:20261224T230000Z\r\nDTEND:20261225T225959Z\r\n")),
	  "2026-12-25 -" },
	{ "a day in UTC, of a file whose other events say where they are",
	  CALENDAR(EVENT("DTSTART;TZID=\"Europe/Berlin\":20260501T000000\r\n"
			 "DURATION:P1D\r\n")
			   EVENT("DTSTART:20260603T220000Z\r\nDURATION:P1D\r\n"
				 "RRULE:FREQ=YEARLY;COUNT=2\r\n")),
	  "2026-05-01 -\n2026-06-04 -\n2027-06-04 -" },
	{ "a day in UTC, of a file that says nothing",
	  ONE("DTSTART:20261224T230000Z\r\nDTEND:20261225T225959Z\r\n"),
	  "2026-12-24..2026-12-25 -" },
	{ "a day in UTC, of a place that nobody knows",
	  CALENDAR("X-WR-TIMEZONE:Mars/Base\r\n" EVENT(
		  "DTSTART:20261224T230000Z\r\nDTEND:20261225T225959Z\r\n")),
	  "2026-12-24..2026-12-25 -" },
	{ "every year, ten back and two ahead",
	  ONE(ALL_DAY("19900501", "19900502") "RRULE:FREQ=YEARLY\r\nSUMMARY:May\r\n"),
	  "2017-05-01 May\n2018-05-01 May\n2019-05-01 May\n2020-05-01 May\n"
	  "2021-05-01 May\n2022-05-01 May\n2023-05-01 May\n2024-05-01 May\n"
	  "2025-05-01 May\n2026-05-01 May\n2027-05-01 May\n2028-05-01 May" },
	{ "the fourth Thursday of November, three times",
	  ONE(ALL_DAY("20251127", "20251128") "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;"
					      "COUNT=3\r\nSUMMARY:Thanks\r\n"),
	  "2025-11-27 Thanks\n2026-11-26 Thanks\n2027-11-25 Thanks" },
	{ "every second Friday until a day, but for two",
	  ONE("DTSTART;TZID=Europe/Berlin:20260605T000000\r\nDURATION:PT24H\r\n"
	      "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20260801T000000Z\r\n"
	      "EXDATE;TZID=Europe/Berlin:20260619T000000,20260717T000000\r\n"),
	  "2026-06-05 -\n2026-07-03 -\n2026-07-31 -" },
	{ "an instance that was moved, and one that was cancelled",
	  CALENDAR(EVENT(ALL_DAY("20260601", "20260602") "UID:a\r\nSUMMARY:off\r\n"
							 "RRULE:FREQ=MONTHLY;COUNT=4\r\n")
			   EVENT(ALL_DAY("20260706",
					 "20260707") "UID:a\r\nSUMMARY:later\r\n"
						     "RECURRENCE-ID;VALUE="
						     "DATE:20260701\r\n")
				   EVENT(ALL_DAY(
					   "20260801",
					   "20260802") "UID:a\r\nSTATUS:CANCELLED\r\n"
						       "RECURRENCE-ID;VALUE=DATE:"
						       "20260801\r\n")),
	  "2026-06-01 off\n2026-07-06 later\n2026-09-01 off" },
	{ "dates beside the first",
	  ONE(ALL_DAY("20260601", "20260603") "RDATE;VALUE=DATE:20260701,20260801\r\n"),
	  "2026-06-01..2026-06-02 -\n2026-07-01..2026-07-02 -\n"
	  "2026-08-01..2026-08-02 -" },
	{ "a cancelled event",
	  ONE(ALL_DAY("20260501", "20260502") "STATUS:CANCELLED\r\n"), "" },
	{ "a day before there are days",
	  ONE("DTSTART;VALUE=DATE:19000101\r\nSUMMARY:x\r\n"), "" },
	{ "two calendars in a file",
	  ONE("DTSTART;VALUE=DATE:20260501\r\nSUMMARY:a\r\n")
		  ONE("DTSTART;VALUE=DATE:20260601\r\nSUMMARY:b\r\n"),
	  "2026-05-01 a\n2026-06-01 b" },
	{ "tasks and times that are taken are no events",
	  CALENDAR("BEGIN:VTODO\r\nDUE;VALUE=DATE:20260501\r\nEND:VTODO\r\n"
		   "BEGIN:VFREEBUSY\r\nFREEBUSY:20260501T000000Z/PT8H\r\n"
		   "END:VFREEBUSY\r\n"),
	  "" },
	{ "a calendar of nothing", CALENDAR(""), "" },
	{ "a summary of several lines and bytes that are no text",
	  ONE("DTSTART;VALUE=DATE:20260501\r\nSUMMARY: a\\nb\xff\x01 \r\n"),
	  "2026-05-01 a b\xef\xbf\xbd" },
	{ "something that nobody asks about cannot be read",
	  ONE("DTSTART;VALUE=DATE:20260501\r\nGEO:here\r\nPRIORITY:high\r\n"),
	  "2026-05-01 -" },

	{ "nothing", "", "is no calendar", true },
	{ "a page", "<html><body>Not found</body></html>\n", "is no calendar", true },
	{ "an event without a calendar", EVENT("DTSTART;VALUE=DATE:20260501\r\n"),
	  "is no calendar", true },
	{ "a file that ends too early", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTA",
	  "is cut off, expected a whole file up to END:VCALENDAR", true },
	{ "an event without a start", ONE("SUMMARY:Fair\r\n"),
	  "has the event \"Fair\" without a start, expected DTSTART", true },
	{ "a start that is no day",
	  ONE("DTSTART;VALUE=DATE:20260231\r\nSUMMARY:Fair\r\n"),
	  "has the event \"Fair\" without a start, expected DTSTART", true },
	{ "a start that is no date", ONE("DTSTART:soon\r\nSUMMARY:Fair\r\n"),
	  "has the event \"Fair\" with a DTSTART that cannot be read", true },
	{ "an end before the start", ONE(ALL_DAY("20260502", "20260501")),
	  "has an event without a summary that ends before it starts", true },
	{ "a rule that is none",
	  ONE("DTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=OFTEN\r\n"),
	  "has an event without a summary with a RRULE that cannot be read", true },
	{ "every second",
	  ONE("DTSTART;VALUE=DATE:20260501\r\nSUMMARY:x\r\nRRULE:FREQ=SECONDLY\r\n"),
	  "has the event \"x\" that recurs in a way that is not read, expected days, "
	  "weeks, months or years",
	  true },
	{ "a day of another age", ONE("DTSTART;VALUE=DATE:18991231\r\nSUMMARY:x\r\n"),
	  "has the event \"x\" that starts before 1900, expected a later start", true },
	{ "a hundred years", ONE(ALL_DAY("20000101", "21000101")),
	  "has more than 20000 days, expected fewer", true },
};

START_TEST(a_file_has_days)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *days = NULL;
	bool good = calendar_file_text(calendar, "/h.ics", files[_i].text,
				       strlen(files[_i].text), day_of(TODAY), &error);

	if (files[_i].wrong) {
		g_autofree char *start = g_strconcat("\"/h.ics\" ", files[_i].days, NULL);

		ck_assert_msg(!good, "%s: was read", files[_i].what);
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
		ck_assert_msg(g_str_has_prefix(error->message, start), "%s: %s",
			      files[_i].what, error->message);
		return;
	}
	ck_assert_msg(good, "%s: %s", files[_i].what, error ? error->message : "");
	days = masked_days(calendar);
	ck_assert_msg(strcmp(days, files[_i].days) == 0, "%s:\n%s", files[_i].what, days);
}
END_TEST

/* ---- too much of it ---- */

static char *repeated(const char *before, const char *text, guint n, const char *after)
{
	GString *whole = g_string_new(before);

	for (guint i = 0; i < n; i++)
		g_string_append(whole, text);
	g_string_append(whole, after);
	return g_string_free(whole, FALSE);
}

static const struct {
	const char *what;
	const char *before, *text;
	guint n;
	const char *after;
	const char *error; /* NULL: it is read */
} floods[] = {
	{ "boxes in boxes", "", "BEGIN:VCALENDAR\n", 200000, "",
	  "nests more than 8 deep, expected less" },
	{ "boxes in boxes, behind folded lines", "", "BEG\n\n\r\n IN\n\t:VEVENT\n",
	  100000, "", "nests more than 8 deep, expected less" },
	{ "more than the file may have", "", "X:012345678901234567890123456789\n", 200000,
	  "", "is too big, expected at most 4 MiB" },
	{ "more days", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\nDURATION:P1000D\nEND:VEVENT\n", 21,
	  "END:VCALENDAR\n", "has more than 20000 days, expected fewer" },
	{ "more events", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nSTATUS:CANCELLED\nEND:VEVENT\n", 20001, "END:VCALENDAR\n",
	  "has more than 20000 events, expected fewer" },
	{ "more recurrences than are worth a look", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nDTSTART;VALUE=DATE:19000101\nRRULE:FREQ=DAILY;UNTIL=20000101\n"
	  "END:VEVENT\n",
	  10, "END:VCALENDAR\n", "has more than 100000 recurrences, expected fewer" },
	{ "a day that never comes", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY;BYMONTH=2;"
	  "BYMONTHDAY=30\nEND:VEVENT\n",
	  20, "END:VCALENDAR\n", "has an event without a summary that recurs in a way" },
	{ "a day that nearly never comes", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY;BYMONTH=2;"
	  "BYMONTHDAY=29;BYDAY=SU\nEND:VEVENT\n",
	  20, "END:VCALENDAR\n", NULL },
	{ "a day of every day that never comes, since the first", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nDTSTART;VALUE=DATE:00010101\nRRULE:FREQ=DAILY;BYMONTH=2;"
	  "BYMONTHDAY=30\nEND:VEVENT\n",
	  1000, "END:VCALENDAR\n", "has an event without a summary that starts before" },
	{ "a day of every day that never comes", "BEGIN:VCALENDAR\n",
	  "BEGIN:VEVENT\nDTSTART;VALUE=DATE:19000101\nRRULE:FREQ=DAILY;BYMONTH=2;"
	  "BYMONTHDAY=30;COUNT=9\nEND:VEVENT\n",
	  1000, "END:VCALENDAR\n", "takes more than 2 s to read" },
	{ "one line", "BEGIN:VCALENDAR\nX-A:", "abcdefghij", 400000, "\nEND:VCALENDAR\n",
	  NULL },
	{ "values of one property",
	  "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20200101\nEXDATE;VALUE="
	  "DATE:",
	  "20200202,", 10000, "20200202\nEND:VEVENT\nEND:VCALENDAR\n", NULL },
	{ "ends without a beginning", "BEGIN:VCALENDAR\n", "END:VCALENDAR\n", 10000, "",
	  "has an END without its BEGIN" },
};

START_TEST(too_much)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	g_autofree char *text = repeated(floods[_i].before, floods[_i].text, floods[_i].n,
					 floods[_i].after);
	g_autoptr(GError) error = NULL;
	gint64 began = g_get_monotonic_time();
	bool good = calendar_file_text(calendar, "h", text, strlen(text), day_of(TODAY),
				       &error);

	if (floods[_i].error) {
		ck_assert_msg(!good, "%s", floods[_i].what);
		ck_assert_msg(strstr(error->message, floods[_i].error) != NULL, "%s: %s",
			      floods[_i].what, error->message);
	} else {
		ck_assert_msg(good, "%s: %s", floods[_i].what,
			      error ? error->message : "");
	}
	ck_assert_msg(g_get_monotonic_time() - began < 30 * G_TIME_SPAN_SECOND,
		      "%s takes too long", floods[_i].what);
}
END_TEST

/* Every file that is cut anywhere, and with any byte changed, is read or refused. */
START_TEST(damage_is_survived)
{
	static const char bytes[] = {
		0, '\n', ':', ';', '=', ',', '"', '\\', '9', '\xff'
	};
	const char *text = files[_i].text;
	gsize n = strlen(text);
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i + 1);

	for (int k = 0; k < 150; k++) {
		_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
		g_autofree char *damaged = g_memdup2(text, n + 1);
		gsize cut = n ? (gsize)g_rand_int_range(rand, 0, (gint32)n + 1) : 0;

		if (k % 3) {
			for (int j = 0; n && j < k % 7 + 1; j++)
				damaged[g_rand_int_range(rand, 0, (gint32)n)] =
					bytes[g_rand_int_range(rand, 0, sizeof(bytes))];
			cut = n;
		}
		calendar_file_text(calendar, "h", damaged, cut, day_of(TODAY), NULL);
	}
}
END_TEST

START_TEST(a_file_is_a_file)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	static const char text[] = ONE("DTSTART;VALUE=DATE:20260501\r\n");
	int fd = g_file_open_tmp("holidays-XXXXXX.ics", &path, NULL);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	ck_assert(calendar_file(calendar, path, day_of(TODAY), NULL));
	ck_assert(calendar_masks(calendar, day_of("2026-05-01")));
	unlink(path);
	ck_assert(!calendar_file(calendar, path, day_of(TODAY), &error));
	ck_assert(strstr(error->message, path));
	ck_assert(strstr(error->message, "cannot be read: No such file or directory, "
					 "expected a readable file"));
}
END_TEST

/* ---- Easter ---- */

/* From the tables of the almanacs, the earliest and the latest among them. */
static const char *const easters[] = {
	"1990-04-15", "2000-04-23", "2008-03-23", "2011-04-24", "2019-04-21",
	"2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2030-04-21",
	"2035-03-25", "2038-04-25", "2049-04-18", "2076-04-19", "2100-03-28",
};

START_TEST(easter_is_when_it_is)
{
	guint year = (guint)g_ascii_strtoull(easters[_i], NULL, 10);

	ck_assert_int_eq(calendar_easter(year), day_of(easters[_i]));
}
END_TEST

START_TEST(days_around_easter)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	g_autofree char *why = NULL;

	ck_assert(calendar_days(calendar, "easter-2", "Good Friday", &why));
	ck_assert(calendar_days(calendar, "easter+39", "Ascension", &why));
	ck_assert_str_eq(calendar_reason(calendar, day_of("2026-04-03")), "Good Friday");
	ck_assert_str_eq(calendar_reason(calendar, day_of("2026-05-14")), "Ascension");
	ck_assert_str_eq(calendar_reason(calendar, day_of("2027-03-26")), "Good Friday");
	ck_assert(!calendar_masks(calendar, day_of("2026-04-05")));
	ck_assert(calendar_masks(calendar, day_of("1990-04-13")));
	ck_assert(!calendar_masks(calendar, day_of("1989-03-24")));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("calendar_file");
	Suite *suite = suite_create("calendar_file");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, a_file_has_days, 0, G_N_ELEMENTS(files));
	tcase_add_loop_test(tcase, too_much, 0, G_N_ELEMENTS(floods));
	tcase_add_loop_test(tcase, damage_is_survived, 0, G_N_ELEMENTS(files));
	tcase_add_test(tcase, a_file_is_a_file);
	tcase_add_loop_test(tcase, easter_is_when_it_is, 0, G_N_ELEMENTS(easters));
	tcase_add_test(tcase, days_around_easter);
	tcase_set_timeout(tcase, 250);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
