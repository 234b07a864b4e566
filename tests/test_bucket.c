#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/bucket.h"

#define DAY G_TIME_SPAN_DAY

static gint64 instant_of(const char *text)
{
	gint64 instant = 0;

	ck_assert_msg(instant_parse(text, &instant), "%s", text);
	return instant;
}

static const struct {
	const char *what;
	const char *zone;
	enum grain grain;
	const char *at, *start, *end;
} buckets[] = {
	{ "a day has 24 hours", "Europe/Berlin", GRAIN_DAY, "2026-03-27T12:00:00Z",
	  "2026-03-26T23:00:00Z", "2026-03-27T23:00:00Z" },
	{ "in spring one has 23", "Europe/Berlin", GRAIN_DAY, "2026-03-29T12:00:00Z",
	  "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z" },
	{ "in autumn one has 25", "Europe/Berlin", GRAIN_DAY, "2026-10-25T12:00:00Z",
	  "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z" },
	{ "midnight itself begins the day", "Europe/Berlin", GRAIN_DAY,
	  "2026-03-26T23:00:00Z", "2026-03-26T23:00:00Z", "2026-03-27T23:00:00Z" },
	{ "the microsecond before ends the last", "Europe/Berlin", GRAIN_DAY,
	  "2026-03-26T22:59:59.999999Z", "2026-03-25T23:00:00Z", "2026-03-26T23:00:00Z" },
	{ "midnight is missing", "America/Sao_Paulo", GRAIN_DAY, "2017-10-15T12:00:00Z",
	  "2017-10-15T03:00:00Z", "2017-10-16T02:00:00Z" },
	{ "midnight comes twice, the later one counts", "America/Havana", GRAIN_DAY,
	  "2026-11-01T12:00:00Z", "2026-11-01T05:00:00Z", "2026-11-02T05:00:00Z" },
	{ "the hour between two midnights is of the new day", "America/Havana", GRAIN_DAY,
	  "2026-11-01T04:30:00Z", "2026-11-01T05:00:00Z", "2026-11-02T05:00:00Z" },
	{ "a minute of the new day comes early", "America/St_Johns", GRAIN_MONTH,
	  "2009-11-01T02:30:30Z", "2009-11-01T03:30:00Z", "2009-12-01T03:30:00Z" },
	{ "an hour of the old day is repeated", "America/St_Johns", GRAIN_MONTH,
	  "2009-11-01T02:31:00Z", "2009-10-01T02:30:00Z", "2009-11-01T03:30:00Z" },
	{ "the day before one that was left out", "Pacific/Apia", GRAIN_DAY,
	  "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z" },
	{ "the day after one that was left out", "Pacific/Apia", GRAIN_DAY,
	  "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z" },
	{ "a year's first days may be of its last week", "UTC", GRAIN_WEEK,
	  "2021-01-03T23:59:59Z", "2020-12-28T00:00:00Z", "2021-01-04T00:00:00Z" },
	{ "a year's last days may be of the next one's first week", "UTC", GRAIN_WEEK,
	  "2024-12-30T00:00:00Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z" },
	{ "February of a leap year", "UTC", GRAIN_MONTH, "2024-02-29T23:59:59Z",
	  "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z" },
	{ "February of another", "UTC", GRAIN_MONTH, "2023-02-28T23:59:59Z",
	  "2023-02-01T00:00:00Z", "2023-03-01T00:00:00Z" },
	{ "the last quarter", "Asia/Kathmandu", GRAIN_QUARTER, "2025-12-31T18:14:59Z",
	  "2025-09-30T18:15:00Z", "2025-12-31T18:15:00Z" },
	{ "before 1970", "UTC", GRAIN_WEEK, "1969-12-28T23:00:00Z",
	  "1969-12-22T00:00:00Z", "1969-12-29T00:00:00Z" },
};

START_TEST(a_bucket_starts_and_ends)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(buckets[_i].zone, NULL);
	struct bucket bucket = bucket_of(zone, buckets[_i].grain,
					 instant_of(buckets[_i].at));
	g_autofree char *start = instant_format(bucket.start);
	g_autofree char *end = instant_format(bucket.end);

	ck_assert_msg(strcmp(start, buckets[_i].start) == 0, "%s: starts %s",
		      buckets[_i].what, start);
	ck_assert_msg(strcmp(end, buckets[_i].end) == 0, "%s: ends %s", buckets[_i].what,
		      end);
}
END_TEST

START_TEST(days_of_every_date)
{
	GDate date;

	g_date_clear(&date, 1);
	for (gint32 day = DAY_MIN; day <= DAY_MAX; day++) {
		g_date_set_julian(&date, (guint32)(day + 719163));
		gint32 weekday = (gint32)g_date_get_weekday(&date) - 1;
		gint32 of_month = (gint32)g_date_get_day(&date) - 1;

		ck_assert_int_eq(grain_floor(GRAIN_DAY, day), day);
		if (day - weekday >= DAY_MIN)
			ck_assert_int_eq(grain_floor(GRAIN_WEEK, day), day - weekday);
		ck_assert_int_eq(grain_floor(GRAIN_MONTH, day), day - of_month);
	}
}
END_TEST

START_TEST(impossible_instants_stay_in_bounds)
{
	static const gint64 instants[] = { G_MININT64, G_MININT64 + 1, INSTANT_MIN,
					   INSTANT_MAX, G_MAXINT64 };
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("Pacific/Apia", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(instants); i++)
		for (int j = 0; j < N_GRAINS; j++) {
			struct bucket bucket = bucket_of(zone, (enum grain)j,
							 instants[i]);

			ck_assert_int_le(bucket.start, bucket.end);
			bucket = bucket_next(zone, (enum grain)j, &bucket);
			ck_assert_int_le(bucket.start, bucket.end);
		}
	ck_assert_int_eq(zone_local_day(zone, G_MININT64), DAY_MIN);
	ck_assert_int_eq(zone_local_day(zone, G_MAXINT64), DAY_MAX);
	ck_assert_int_eq(zone_day_start(zone, G_MAXINT32), zone_day_start(zone, DAY_MAX));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bucket");
	TCase *tests = tcase_create("bucket");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_bucket_starts_and_ends, 0, G_N_ELEMENTS(buckets));
	tcase_add_test(tests, days_of_every_date);
	tcase_add_test(tests, impossible_instants_stay_in_bounds);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
