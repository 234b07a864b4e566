#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/calendar.h"

#define HOUR G_TIME_SPAN_HOUR

static gint64 instant_of(const char *text)
{
	gint64 instant = 0;

	ck_assert_msg(instant_parse(text, &instant), "%s", text);
	return instant;
}

static gint32 day_of(const char *date)
{
	g_autofree char *midnight = g_strconcat(date, "T00:00:00Z", NULL);

	return (gint32)(instant_of(midnight) / G_TIME_SPAN_DAY);
}

/* What most tests look at. */
static struct calendar *sample(void)
{
	struct calendar *calendar = calendar_new();

	calendar_add_yearly(calendar, 12, 20, 1, 2, "end of the year");
	calendar_add_yearly(calendar, 2, 29, 2, 29, "leap day");
	calendar_add_yearly(calendar, 5, 1, 5, 1, NULL);
	calendar_add(calendar, day_of("2026-07-13"), day_of("2026-07-24"), "summer");
	calendar_add(calendar, day_of("2026-07-20"), day_of("2026-07-28"), "move");
	calendar_add(calendar, day_of("1969-07-21"), day_of("1969-07-21"), "moon");
	return calendar;
}

static const struct {
	const char *what;
	const char *day;
	bool masked;
	const char *reason;
} masks[] = {
	{ "the day before the first", "2025-12-19", false, NULL },
	{ "the first of those over the end of the year", "2025-12-20", true,
	  "end of the year" },
	{ "the last of a year", "2025-12-31", true, "end of the year" },
	{ "the first of the next", "2026-01-01", true, "end of the year" },
	{ "the last of those over the end of the year", "2026-01-02", true,
	  "end of the year" },
	{ "the day after the last", "2026-01-03", false, NULL },
	{ "the very first day there is", "1900-01-01", true, "end of the year" },
	{ "the very last", "2200-01-01", true, "end of the year" },
	{ "29 February of a leap year", "2028-02-29", true, "leap day" },
	{ "28 February of that year", "2028-02-28", false, NULL },
	{ "1 March of that year", "2028-03-01", false, NULL },
	{ "28 February of another", "2026-02-28", false, NULL },
	{ "1 March of another", "2026-03-01", false, NULL },
	{ "29 February 2000 was there", "2000-02-29", true, "leap day" },
	{ "1 March 1900 has none before it", "1900-03-01", false, NULL },
	{ "masked without a reason", "2031-05-01", true, NULL },
	{ "two ranges overlap, the first one's reason stays", "2026-07-22", true,
	  "summer" },
	{ "only the second", "2026-07-25", true, "move" },
	{ "after both", "2026-07-29", false, NULL },
	{ "before 1970", "1969-07-21", true, "moon" },
	{ "the day after that", "1969-07-22", false, NULL },
};

START_TEST(a_day_is_masked)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = sample();
	gint32 day = day_of(masks[_i].day);

	ck_assert_msg(calendar_masks(calendar, day) == masks[_i].masked, "%s",
		      masks[_i].what);
	ck_assert_msg(g_strcmp0(calendar_reason(calendar, day), masks[_i].reason) == 0,
		      "%s: %s", masks[_i].what, calendar_reason(calendar, day));
}
END_TEST

START_TEST(without_a_calendar_weekends_alone_are_off)
{
	ck_assert(!calendar_masks(NULL, day_of("2026-01-01")));
	ck_assert_ptr_null(calendar_reason(NULL, day_of("2026-01-01")));
	ck_assert(calendar_is_working(NULL, day_of("2026-01-01"))); /* a Thursday */
	ck_assert(!calendar_is_working(NULL, day_of("2026-01-03")));
	ck_assert(!calendar_is_working(NULL, day_of("2026-01-04")));
	ck_assert(calendar_is_working(NULL, day_of("1969-12-29"))); /* a Monday */
	ck_assert_uint_eq(
		calendar_working_days(NULL, day_of("2025-12-31"), day_of("2026-12-31")),
		261);
	calendar_unref(NULL);
}
END_TEST

START_TEST(a_name_is_copied_and_a_range_backwards_is_none)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	char name[] = "fair";

	calendar_add(calendar, 10, 9, "never");
	ck_assert(!calendar_masks(calendar, 9) && !calendar_masks(calendar, 10));
	calendar_add(calendar, 10, 10, NULL);
	calendar_add(calendar, 10, 10, name);
	name[0] = 'p';
	ck_assert_str_eq(calendar_reason(calendar, 10), "fair");
}
END_TEST

START_TEST(a_yearly_range_keeps_to_the_days_there_are)
{
	_cleanup_(calendar_unrefp) struct calendar *from = calendar_new();
	_cleanup_(calendar_unrefp) struct calendar *to = calendar_new();

	calendar_add_yearly(from, 2, 29, 3, 2, NULL);
	ck_assert(!calendar_masks(from, day_of("2026-02-28")));
	ck_assert(calendar_masks(from, day_of("2026-03-01")));
	ck_assert(calendar_masks(from, day_of("2028-02-29")));
	calendar_add_yearly(to, 2, 27, 2, 29, NULL);
	ck_assert(calendar_masks(to, day_of("2026-02-28")));
	ck_assert(!calendar_masks(to, day_of("2026-03-01")));
	ck_assert(calendar_masks(to, day_of("2028-02-29")));
}
END_TEST

START_TEST(days_out_of_range_are_the_outermost)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();

	calendar_add(calendar, G_MININT32, DAY_MIN, NULL);
	calendar_add(calendar, DAY_MAX, G_MAXINT32, NULL);
	ck_assert(calendar_masks(calendar, G_MININT32));
	ck_assert(!calendar_masks(calendar, DAY_MIN + 1));
	ck_assert(!calendar_masks(calendar, DAY_MAX - 1));
	ck_assert(calendar_masks(calendar, G_MAXINT32));
	/* 300 years: 15653 whole weeks and the last day, a Wednesday; but two masked */
	ck_assert_uint_eq(calendar_working_days(calendar, G_MININT32, G_MAXINT32),
			  15653 * 5 + 3 - 2);
	ck_assert_uint_eq(calendar_working_days(calendar, G_MAXINT32, G_MININT32), 0);
	ck_assert_uint_eq(calendar_working_days(calendar, DAY_MAX, G_MAXINT32), 0);
	ck_assert_uint_eq(calendar_working_days(calendar, G_MININT32, G_MININT32 + 1), 0);
}
END_TEST

/* Whatever the ends, counting by words is counting by days. */
START_TEST(working_days_are_those_that_work)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = sample();
	gint32 first = day_of("2025-11-30"), last = day_of("2026-09-30");

	for (gint32 after = first; after < first + 70; after++) {
		guint n = 0;

		for (gint32 until = after; until <= last; until++) {
			n += until > after && calendar_is_working(calendar, until);
			ck_assert_uint_eq(calendar_working_days(calendar, after, until),
					  n);
		}
	}
}
END_TEST

static const struct {
	const char *what;
	const char *zone;
	const char *from, *to;
	double hours;
} times[] = {
	{ "within a day", "UTC", "2026-03-02T09:00:00Z", "2026-03-02T17:30:00Z", 8.5 },
	{ "a night counts", "UTC", "2026-03-02T17:00:00Z", "2026-03-03T09:00:00Z", 16 },
	{ "a weekend does not", "UTC", "2026-03-06T17:00:00Z", "2026-03-09T09:00:00Z",
	  16 },
	{ "begun on a Saturday", "UTC", "2026-03-07T12:00:00Z", "2026-03-09T09:00:00Z",
	  9 },
	{ "nothing but a weekend", "UTC", "2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z",
	  0 },
	{ "two weekends", "UTC", "2026-03-02T00:00:00Z", "2026-03-16T00:00:00Z", 240 },
	{ "the end of the year", "UTC", "2025-12-19T12:00:00Z", "2026-01-05T06:00:00Z",
	  18 },
	{ "Friday ends when it ends there", "America/New_York", "2026-03-06T17:00:00Z",
	  "2026-03-09T17:00:00Z", 12 + 13 },
	{ "spring lies on a weekend", "Europe/Berlin", "2026-03-27T11:00:00Z",
	  "2026-03-30T10:00:00Z", 24 },
	{ "spring on a Friday takes an hour", "Asia/Jerusalem", "2026-03-26T10:00:00Z",
	  "2026-03-27T09:00:00Z", 23 },
	{ "that Friday has 23 hours", "Asia/Jerusalem", "2026-03-26T22:00:00Z",
	  "2026-03-28T12:00:00Z", 23 },
	{ "an hour of Saturday comes twice", "America/Sao_Paulo", "2012-02-24T03:00:00Z",
	  "2012-02-27T03:00:00Z", 23 },
	{ "midnight comes twice", "America/Havana", "2026-10-30T04:00:00Z",
	  "2026-11-02T06:00:00Z", 24 + 1 },
	{ "it ends when it begins", "UTC", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z",
	  0 },
	{ "it ends before it begins", "UTC", "2026-03-03T09:00:00Z",
	  "2026-03-02T09:00:00Z", 0 },
};

START_TEST(time_on_working_days)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = sample();
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(times[_i].zone, NULL);
	GTimeSpan span = calendar_working_time(calendar, zone, instant_of(times[_i].from),
					       instant_of(times[_i].to));

	ck_assert_msg(span == (GTimeSpan)(times[_i].hours * HOUR), "%s: %g h",
		      times[_i].what, (double)span / HOUR);
}
END_TEST

START_TEST(a_day_that_was_left_out_has_no_time)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("Pacific/Apia", NULL);

	/* Thursday, no Friday, two hours of Saturday */
	ck_assert(calendar_working_time(NULL, zone, instant_of("2011-12-29T10:00:00Z"),
					instant_of("2011-12-30T12:00:00Z")) == 24 * HOUR);
}
END_TEST

/* What is between two instants is what is before plus what is after any third one. */
START_TEST(time_adds_up)
{
	static const char *const zones[] = { "Europe/Berlin", "America/Havana",
					     "America/St_Johns", "Pacific/Apia" };
	_cleanup_(calendar_unrefp) struct calendar *calendar = sample();
	gint64 from = instant_of("2009-10-01T02:30:00Z");
	gint64 to = instant_of("2012-01-31T02:31:00Z");

	for (gsize i = 0; i < G_N_ELEMENTS(zones); i++) {
		_cleanup_(zone_unrefp) struct zone *zone = zone_open(zones[i], NULL);
		GTimeSpan whole = calendar_working_time(calendar, zone, from, to);
		GTimeSpan sum = 0;

		for (gint64 t = from; t < to; t += 31 * HOUR)
			sum += calendar_working_time(calendar, zone, t,
						     MIN(to, t + 31 * HOUR));
		ck_assert_msg(sum == whole, "%s", zones[i]);
	}
}
END_TEST

START_TEST(ages_cost_little)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("UTC", NULL);
	gint64 began = g_get_monotonic_time();
	GTimeSpan span = 0;

	for (int i = 0; i < 20; i++)
		span = calendar_working_time(calendar, zone, G_MININT64, G_MAXINT64);
	/* without 1 January 2200, which has no day after it */
	ck_assert(span == (15653 * 5 + 2) * G_TIME_SPAN_DAY);
	for (int i = 0; i < 100000; i++)
		calendar_working_days(calendar, G_MININT32, G_MAXINT32);
	ck_assert_int_lt(g_get_monotonic_time() - began, 20 * G_TIME_SPAN_SECOND);
}
END_TEST

START_TEST(it_lives_as_long_as_someone_has_it)
{
	struct calendar *calendar = sample();
	_cleanup_(calendar_unrefp) struct calendar *other = calendar_ref(calendar);

	calendar_unref(calendar);
	ck_assert(calendar_masks(other, day_of("2026-01-01")));
}
END_TEST

START_TEST(a_copy_goes_its_own_way)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = sample();
	_cleanup_(calendar_unrefp) struct calendar *copy = calendar_copy(calendar);
	_cleanup_(calendar_unrefp) struct calendar *empty = calendar_copy(NULL);
	gint32 monday = day_of("2026-03-02");

	calendar_add(copy, monday, monday, "only here");
	ck_assert(calendar_masks(copy, monday) && !calendar_masks(calendar, monday));
	ck_assert(calendar_masks(copy, day_of("2026-07-13")));
	ck_assert_uint_eq(calendar_working_days(copy, monday - 1, monday + 4), 4);
	ck_assert_uint_eq(calendar_working_days(calendar, monday - 1, monday + 4), 5);
	ck_assert(!calendar_masks(empty, day_of("2026-07-13")));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("calendar");
	Suite *suite = suite_create("calendar");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, a_day_is_masked, 0, G_N_ELEMENTS(masks));
	tcase_add_test(tcase, without_a_calendar_weekends_alone_are_off);
	tcase_add_test(tcase, a_name_is_copied_and_a_range_backwards_is_none);
	tcase_add_test(tcase, a_yearly_range_keeps_to_the_days_there_are);
	tcase_add_test(tcase, days_out_of_range_are_the_outermost);
	tcase_add_test(tcase, working_days_are_those_that_work);
	tcase_add_loop_test(tcase, time_on_working_days, 0, G_N_ELEMENTS(times));
	tcase_add_test(tcase, a_day_that_was_left_out_has_no_time);
	tcase_add_test(tcase, time_adds_up);
	tcase_add_test(tcase, ages_cost_little);
	tcase_add_test(tcase, it_lives_as_long_as_someone_has_it);
	tcase_add_test(tcase, a_copy_goes_its_own_way);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
