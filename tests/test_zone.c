#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/zone.h"
#include "base/zone_rule.h"

static const struct {
	const char *what;
	const char *name;
	bool good;
} names[] = {
	{ "a city", "Europe/Berlin", true },
	{ "three levels", "America/Argentina/Buenos_Aires", true },
	{ "a link", "Asia/Calcutta", true },
	{ "UTC", "UTC", true },
	{ "a sign and a number", "Etc/GMT+12", true },
	{ "a misspelt city", "Europe/Berln", false },
	{ "nothing", "", false },
	{ "a folder", "Europe", false },
	{ "small letters", "europe/berlin", false },
	{ "an offset", "+03:00", false },
	{ "an abbreviation and an offset", "UTC+3", false },
	{ "a rule", "CET-1CEST,M3.5.0,M10.5.0/3", false },
	{ "a path", "/usr/share/zoneinfo/Europe/Berlin", false },
	{ "a way out", "Europe/../../../../etc/passwd", false },
	{ "a colon", ":Europe/Berlin", false },
	{ "this machine's zone", "localtime", false },
	{ "leap seconds", "right/Europe/Berlin", false },
	{ "another file of the folder", "zone1970.tab", false },
};

START_TEST(names_are_those_of_the_database)
{
	g_autoptr(GError) error = NULL;
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(names[_i].name, &error);

	ck_assert_msg(!!zone == names[_i].good, "%s", names[_i].what);
	ck_assert(!!error == !zone);
	if (error) {
		ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG));
		ck_assert(strstr(error->message, names[_i].name));
	}
}
END_TEST

static const struct {
	const char *what;
	const char *zone;
	const char *at;	   /* the offset changes here */
	int before, after; /* minutes */
} changes[] = {
	{ "spring", "Europe/Berlin", "2026-03-29T01:00:00Z", 60, 120 },
	{ "autumn", "Europe/Berlin", "2026-10-25T01:00:00Z", 120, 60 },
	{ "half an hour", "Australia/Lord_Howe", "2026-04-04T15:00:00Z", 660, 630 },
	{ "two hours", "Antarctica/Troll", "2026-03-29T01:00:00Z", 0, 120 },
	{ "a day", "Pacific/Apia", "2011-12-30T10:00:00Z", -600, 840 },
	{ "the table has an end, the rule goes on", "Europe/Berlin",
	  "2038-03-28T01:00:00Z", 60, 120 },
	{ "the rule's winter is the exception", "Europe/Dublin", "2038-10-31T01:00:00Z",
	  60, 0 },
	{ "a rule before midnight", "America/Nuuk", "2045-03-26T01:00:00Z", -120, -60 },
	{ "a rule of more than a day", "Asia/Gaza", "2090-03-25T00:00:00Z", 120, 180 },
	{ "the last year that is believed", "America/Havana", "2099-11-01T05:00:00Z",
	  -240, -300 },
};

START_TEST(the_clock_changes)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(changes[_i].zone, NULL);
	gint64 at = 0, until;

	ck_assert(zone && instant_parse(changes[_i].at, &at));
	ck_assert_msg(zone_offset(zone, at - 1, &until) ==
			      changes[_i].before * G_TIME_SPAN_MINUTE,
		      "%s", changes[_i].what);
	ck_assert_int_eq(until, at);
	ck_assert_msg(zone_offset(zone, at, &until) ==
			      changes[_i].after * G_TIME_SPAN_MINUTE,
		      "%s", changes[_i].what);
	ck_assert_int_gt(until, at);
}
END_TEST

static const struct {
	const char *what;
	const char *text;
	bool good;
	bool has_summer;
	int standard, summer;	 /* minutes */
	const char *start, *end; /* of summer time in 2024 */
} rules[] = {
	{ "no summer time", "<+0545>-5:45", true, false, 345, 0, NULL, NULL },
	{ "European", "CET-1CEST,M3.5.0,M10.5.0/3", true, true, 60, 120,
	  "2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z" },
	{ "American", "EST5EDT,M3.2.0,M11.1.0", true, true, -300, -240,
	  "2024-03-10T07:00:00Z", "2024-11-03T06:00:00Z" },
	{ "winter is the exception", "IST-1GMT0,M10.5.0,M3.5.0/1", true, true, 60, 0,
	  "2024-10-27T01:00:00Z", "2024-03-31T01:00:00Z" },
	{ "the evening before", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, true, -120, -60,
	  "2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z" },
	{ "days of the year without a 29 February", "AAA0BBB,J60,J365/23:30:30", true,
	  true, 0, 60, "2024-03-01T02:00:00Z", "2024-12-31T22:30:30Z" },
	{ "days of the year", "AAA0BBB,59,365/25", true, true, 0, 60,
	  "2024-02-29T02:00:00Z", "2025-01-01T00:00:00Z" },
	{ "nothing", "", false },
	{ "a name alone", "UTC", false },
	{ "a short name", "UT0", false },
	{ "an open bracket", "<+03-3", false },
	{ "no dates", "CET-1CEST", false },
	{ "one date", "CET-1CEST,M3.5.0", false },
	{ "a thirteenth month", "CET-1CEST,M13.5.0,M10.5.0", false },
	{ "a sixth week", "CET-1CEST,M3.6.0,M10.5.0", false },
	{ "an eighth day", "CET-1CEST,M3.5.7,M10.5.0", false },
	{ "more than a week", "CET-1CEST,M3.5.0/168,M10.5.0", false },
	{ "too far from UTC", "CET25", false },
	{ "something behind", "CET-1CEST,M3.5.0,M10.5.0/3 ", false },
};

START_TEST(rules_are_read)
{
	struct zone_rule rule;
	gint64 start, end, expected = 0;

	ck_assert_msg(zone_rule_parse(rules[_i].text, strlen(rules[_i].text), &rule) ==
			      rules[_i].good,
		      "%s", rules[_i].what);
	if (!rules[_i].good)
		return;
	ck_assert(rule.has_summer == rules[_i].has_summer);
	ck_assert_int_eq(rule.standard, rules[_i].standard * 60);
	if (!rule.has_summer)
		return;
	ck_assert_int_eq(rule.summer, rules[_i].summer * 60);
	zone_rule_year(&rule, 2024, &start, &end);
	ck_assert(instant_parse(rules[_i].start, &expected));
	ck_assert_msg(start * G_USEC_PER_SEC == expected, "%s", rules[_i].what);
	ck_assert(instant_parse(rules[_i].end, &expected));
	ck_assert_msg(end * G_USEC_PER_SEC == expected, "%s", rules[_i].what);
}
END_TEST

static void load(const char *name, char **data, gsize *n)
{
	g_autofree char *path = g_build_filename("/usr/share/zoneinfo", name, NULL);

	ck_assert_msg(g_file_get_contents(path, data, n, NULL), "%s", path);
}

/* The parser must not read beyond a copy of just these bytes. */
static struct zone *parse_copy(const char *data, gsize n)
{
	g_autofree guint8 *copy = g_memdup2(data, n);

	return zone_parse(copy, n, NULL);
}

START_TEST(a_cut_file_is_refused_at_every_length)
{
	g_autofree char *data = NULL;
	gsize n;

	load("America/St_Johns", &data, &n);
	for (gsize i = 0; i < n; i++)
		ck_assert_ptr_null(parse_copy(data, i));
	_cleanup_(zone_unrefp) struct zone *whole = parse_copy(data, n);
	ck_assert_ptr_nonnull(whole);
}
END_TEST

START_TEST(a_damaged_file_does_no_harm)
{
	g_autofree char *data = NULL;
	gsize n;

	load("Europe/Dublin", &data, &n);
	for (gsize i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			data[i] = (char)(data[i] ^ 1 << bit);
			_cleanup_(zone_unrefp) struct zone *zone = parse_copy(data, n);
			if (zone)
				zone_offset(zone, 0, NULL);
			data[i] = (char)(data[i] ^ 1 << bit);
		}
}
END_TEST

START_TEST(leap_seconds_are_refused)
{
	g_autofree char *data = NULL;
	g_autoptr(GError) error = NULL;
	gsize n;

	load("right/UTC", &data, &n);
	ck_assert_ptr_null(zone_parse((const guint8 *)data, n, &error));
	ck_assert(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA));
}
END_TEST

START_TEST(there_is_an_answer_for_every_instant)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("Europe/Berlin", NULL);
	gint64 until;

	zone_offset(zone, G_MININT64, &until);
	ck_assert_int_gt(until, G_MININT64);
	ck_assert_int_eq(zone_offset(zone, G_MAXINT64, &until), G_TIME_SPAN_HOUR);
	ck_assert_int_eq(until, G_MAXINT64);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone");
	TCase *tests = tcase_create("zone");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, names_are_those_of_the_database, 0,
			    G_N_ELEMENTS(names));
	tcase_add_loop_test(tests, the_clock_changes, 0, G_N_ELEMENTS(changes));
	tcase_add_loop_test(tests, rules_are_read, 0, G_N_ELEMENTS(rules));
	tcase_add_test(tests, a_cut_file_is_refused_at_every_length);
	tcase_add_test(tests, a_damaged_file_does_no_harm);
	tcase_add_test(tests, leap_seconds_are_refused);
	tcase_add_test(tests, there_is_an_answer_for_every_instant);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
