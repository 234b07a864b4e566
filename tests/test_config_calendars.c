#include "config_fixture.h"

#include <unistd.h>

#include "base/instant.h"

/* Calendars: wrong files, and whose calendar is which. */

#define WITH(text)                                                                       \
	{                                                                                \
		{                                                                        \
			"orgs:\n", text "orgs:\n"                                        \
		}                                                                        \
	}

static const struct wrong_file files[] = {
	{ "a calendar that is not there",
	  { { "    org: acme\n", "    org: acme\n    calendar: berln\n" },
	    { "orgs:\n", "calendars:\n- {name: berlin}\norgs:\n" } },
	  "dorad.yaml:14: teams[0].calendar: \"berln\" is not in calendars, did you mean "
	  "\"berlin\"?" },
	{ "a calendar where there are none",
	  { { "    org: acme\n", "    org: acme\n    calendar: berlin\n" } },
	  "dorad.yaml:12: teams[0].calendar: \"berlin\" is not in calendars, expected a "
	  "name from there" },
	{ "two calendars of one name", WITH("calendars:\n- {name: a}\n- {name: a}\n"),
	  "dorad.yaml:9: calendars[1].name: \"a\" is taken by calendars[0] (line 8), "
	  "expected another name" },
	{ "days that are none",
	  WITH("calendars:\n- {name: a, days: [xmas, 12-32, '2026-02-29', 02-29, 13-01, "
	       "'2026-12-01..12-05']}\n"),
	  "dorad.yaml:8: calendars[0].days[0]: \"xmas\" is not a day or days, expected "
	  "one such as 12-25, 12-20..01-02, 2026-05-14 or easter+39\n"
	  "dorad.yaml:8: calendars[0].days[1]: \"12-32\" is not a day of the calendar, "
	  "expected one such as 12-25\n"
	  "dorad.yaml:8: calendars[0].days[2]: \"2026-02-29\" is not a day of the "
	  "calendar, expected one such as 2026-05-14\n"
	  "dorad.yaml:8: calendars[0].days[4]: \"13-01\" is not a day of the calendar, "
	  "expected one such as 12-25\n"
	  "dorad.yaml:8: calendars[0].days[5]: \"2026-12-01..12-05\" is not a day or "
	  "days, expected one such as 12-25, 12-20..01-02, 2026-05-14 or easter+39" },
	{ "a freeze backwards, and far from Easter",
	  WITH("calendars:\n- {name: a, freezes: ['2026-02-01..2026-01-01', "
	       "easter+251]}\n"),
	  "dorad.yaml:8: calendars[0].freezes[0]: ends before it begins, expected the "
	  "first day first\n"
	  "dorad.yaml:8: calendars[0].freezes[1]: is more than 250 days from Easter, "
	  "expected fewer" },
	{ "more holidays than other days",
	  WITH("calendars:\n- {name: a, days: [01-01..06-30]}\n"
	       "- {name: b, days: [02-01..08-31]}\n"),
	  "dorad.yaml:9: calendars[1]: masks 212 of the next 366 days, expected at most "
	  "half of them" },
	{ "a file that is not there",
	  WITH("calendars:\n- name: a\n  files:\n  - /nowhere/h.ics\n"),
	  "dorad.yaml:10: calendars[0].files[0]: \"/nowhere/h.ics\" cannot be read: No "
	  "such file or directory, expected a readable file" },
	{ "a path from somewhere", WITH("calendars:\n- {name: a, files: [h.ics]}\n"),
	  "dorad.yaml:8: calendars[0].files[0]: the value is not a usable path, expected "
	  "an absolute one such as /etc/dorad/key" },
	{ "a folder for a file, and another calendar's file is none",
	  WITH("calendars:\n- {name: a, files: [/etc]}\n- {name: b, files: "
	       "[/etc/passwd]}\n"),
	  "dorad.yaml:8: calendars[0].files[0]: \"/etc\" cannot be read: Is a directory, "
	  "expected a readable file\n"
	  "dorad.yaml:9: calendars[1].files[0]: \"/etc/passwd\" is no calendar, expected "
	  "an iCalendar file that starts with BEGIN:VCALENDAR" },
};

START_TEST(wrong)
{
	check_wrong_file(&files[_i]);
}
END_TEST

/* ---- whose calendar ---- */

static gint32 day_of(const char *date)
{
	g_autofree char *midnight = g_strconcat(date, "T00:00:00Z", NULL);
	gint64 instant = 0;

	ck_assert_msg(instant_parse(midnight, &instant), "%s", date);
	return (gint32)(instant / G_TIME_SPAN_DAY);
}

#define HERE "calendars:\n- {name: a, days: [05-01, easter]}\n"

static const struct {
	const char *what;
	const char *calendars, *team;
	const char *day;
	const char *reason; /* NULL: it is not masked */
} masks[] = {
	{ "without calendars, the end of the year", "", "checkout", "2026-12-24",
	  "end of the year" },
	{ "without calendars, the middle", "", "checkout", "2026-05-01", NULL },
	{ "no team", "", NULL, "2027-01-02", "end of the year" },
	{ "no team, the day after", "", NULL, "2027-01-03", NULL },
	{ "a team that names another", HERE, "sales", "2026-05-01", "holiday" },
	{ "a team that names another has only that one", HERE, "sales", "2026-12-24",
	  NULL },
	{ "a team that names none", HERE, "checkout", "2026-05-01", NULL },
	{ "a team that names none, at the end of the year", HERE, "checkout",
	  "2026-12-24", "end of the year" },
	{ "the default one", HERE "- {name: default, freezes: ['2026-06-01']}\n",
	  "checkout", "2026-06-01", "freeze" },
	{ "the default one instead of the end of the year",
	  HERE "- {name: default, freezes: ['2026-06-01']}\n", NULL, "2026-12-24", NULL },
	{ "a calendar without days", HERE "- {name: default}\n", NULL, "2026-12-24",
	  NULL },
	{ "Easter 2026", HERE, "sales", "2026-04-05", "holiday" },
	{ "Easter 2027", HERE, "sales", "2027-03-28", "holiday" },
	{ "the Monday after", HERE, "sales", "2027-03-29", NULL },
};

START_TEST(a_team_has_its_calendar)
{
	g_autofree char *text = NULL;
	struct config *config;
	const struct calendar *calendar;
	gint32 day = day_of(masks[_i].day);
	const struct edit edits[EDITS_MAX] = {
		{ "teams:\n", "teams:\n  - {name: sales, org: acme, calendar: a}\n" },
		{ "orgs:\n", masks[_i].calendars },
		{ "  - name: acme\n", "orgs:\n  - name: acme\n" },
	};

	text = edited(*masks[_i].calendars ? edits : edits + EDITS_MAX - 1);
	config = load_good(text);
	calendar = config_calendar(config, masks[_i].team);
	ck_assert_msg(calendar_masks(calendar, day) == (masks[_i].reason != NULL), "%s",
		      masks[_i].what);
	ck_assert_msg(g_strcmp0(calendar_reason(calendar, day), masks[_i].reason) == 0,
		      "%s: %s", masks[_i].what, calendar_reason(calendar, day));
	config_unref(config);
}
END_TEST

/* Files come first, for the names of their days; a reload reads them anew. */
START_TEST(a_file_is_read_with_each_load)
{
	static const char event[] =
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:%s\n"
		"SUMMARY:Labour Day\nEND:VEVENT\nEND:VCALENDAR\n";
	g_autofree char *path = NULL, *text = NULL, *shown = NULL;
	int fd = g_file_open_tmp("holidays-XXXXXX.ics", &path, NULL);

	ck_assert_int_ge(fd, 0);
	close(fd);
	text = g_strdup_printf("%scalendars: [{name: default, days: [05-01], files: "
			       "[%s]}]\n",
			       good_text, path);
	for (int k = 0; k < 2; k++) {
		g_autoptr(GString) file = g_string_new(event);
		const struct calendar *calendar;
		struct config *config;

		g_string_replace(file, "%s", k ? "20260601" : "20260501", 1);
		ck_assert(g_file_set_contents(path, file->str, -1, NULL));
		config = load_good(text);
		calendar = config_calendar(config, "checkout");
		ck_assert_str_eq(calendar_reason(calendar, day_of("2026-05-01")),
				 k ? "holiday" : "Labour Day");
		ck_assert_int_eq(calendar_masks(calendar, day_of("2026-06-01")), k);
		g_free(shown);
		shown = config_show(config);
		config_unref(config);
	}
	/* the file, not its days */
	ck_assert(strstr(shown, path) && !strstr(shown, "Labour"));
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_calendars");
	TCase *tests = tcase_create("config_calendars");

	tcase_add_loop_test(tests, wrong, 0, G_N_ELEMENTS(files));
	tcase_add_loop_test(tests, a_team_has_its_calendar, 0, G_N_ELEMENTS(masks));
	tcase_add_test(tests, a_file_is_read_with_each_load);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
