#include <check.h>
#include <stdlib.h>

#include "base/instant.h"

static const struct {
	const char *text;
	gint64 seconds; /* -1: refused */
} instants[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2024-02-29T12:00:00Z", 1709208000 },
	{ "2024-02-29T13:00:00+01:00", 1709208000 },
	{ "2024-02-29 12:00:00.000z", 1709208000 },
	{ "2016-12-31T23:59:60Z", 1483228800 },
	{ "2023-02-29T12:00:00Z", -1 },
	{ "2024-02-29T12:00:00", -1 },
	{ "2024-02-29T12:00:00+0100", -1 },
	{ "2024-02-29T12:00:00.Z", -1 },
	{ "2024-W09-4T12:00:00Z", -1 },
	{ "2024-02-29", -1 },
	{ "2024-02-29T25:00:00Z", -1 },
	{ "yesterday", -1 },
	{ "", -1 },
};

START_TEST(parses_instants)
{
	gint64 t = -7;

	if (instants[_i].seconds < 0) {
		ck_assert_msg(!instant_parse(instants[_i].text, &t), "%s",
			      instants[_i].text);
		ck_assert_int_eq(t, -7);
		return;
	}
	ck_assert_msg(instant_parse(instants[_i].text, &t), "%s", instants[_i].text);
	ck_assert_int_eq(t, instants[_i].seconds * G_USEC_PER_SEC);
}
END_TEST

static const struct {
	const char *text;
	gint64 t; /* microseconds; -1: refused */
} loose[] = {
	{ "2024-02-29T12:00:00Z", 1709208000000000 },
	{ "2024-02-29T12:00:00z", 1709208000000000 },
	{ "2024-02-29t12:00:00Z", 1709208000000000 },
	{ "2024-02-29 12:00:00", 1709208000000000 },
	{ "2024-02-29T12:00:00", 1709208000000000 },
	{ "2024-02-29T12:00", 1709208000000000 },
	{ "2024-02-29T12:00Z", 1709208000000000 },
	{ "2024-02-29T13:00:00+01:00", 1709208000000000 },
	{ "2024-02-29T13:00:00+0100", 1709208000000000 },
	{ "2024-02-29T13:00:00+01", 1709208000000000 },
	{ "2024-02-29 13:00:00 +0100", 1709208000000000 },
	{ "2024-02-29 12:00:00 Z", 1709208000000000 },
	{ "2024-02-29T12:00:00-0000", 1709208000000000 },
	{ "2024-03-01T02:00:00+14:00", 1709208000000000 },
	{ "2024-02-29T00:00:00-12:00", 1709208000000000 },
	{ "2024-02-29T06:30:00-05:30", 1709208000000000 },
	{ "2024-02-29T12:00:00.5Z", 1709208000500000 },
	{ "2024-02-29T12:00:00,5Z", 1709208000500000 },
	{ "2024-02-29T12:00:00.000", 1709208000000000 },
	{ "2024-02-29T13:00:00.123+0100", 1709208000123000 },
	{ "2024-02-29T12:00:00.1234567Z", 1709208000123456 },
	{ "2024-02-29T12:00:00.123456789Z", 1709208000123456 },
	{ "2024-02-29T12:00:00.999999999Z", 1709208000999999 },
	{ "2016-12-31T23:59:60Z", 1483228800000000 },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "9999-12-31T23:59:59Z", 253402300799000000 },
	{ "2024-02-29T12:00:00.1234567890Z", -1 },
	{ "2024-02-29T12:00:00.Z", -1 },
	{ "2024-02-29T12:00:00.", -1 },
	{ "2024-02-29T12:00:61Z", -1 },
	{ "2024-02-29T12:60:00Z", -1 },
	{ "2024-02-29T24:00:00Z", -1 },
	{ "2024-02-29T25:00:00Z", -1 },
	{ "2023-02-29T12:00:00Z", -1 },
	{ "2024-00-01T12:00:00Z", -1 },
	{ "2024-13-01T12:00:00Z", -1 },
	{ "2024-02-00T12:00:00Z", -1 },
	{ "0000-00-00 00:00:00", -1 },
	{ "0000-01-01T00:00:00Z", -1 },
	{ "2024-02-29T12:00:00+24:00", -1 },
	{ "2024-02-29T12:00:00+01:60", -1 },
	{ "2024-02-29T12:00:00+1", -1 },
	{ "2024-02-29T12:00:00+01:", -1 },
	{ "2024-02-29T12:00:00+01000", -1 },
	{ "2024-02-29T12:00:00  Z", -1 },
	{ "2024-02-29T12:00:00 ", -1 },
	{ "2024-02-29T12:00:00Z ", -1 },
	{ " 2024-02-29T12:00:00Z", -1 },
	{ "2024-02-29T12:00:00UTC", -1 },
	{ "2024-02-29T12:00:00 CET", -1 },
	{ "2024-02-29T12:00:00ZZ", -1 },
	{ "2024-02-29T12", -1 },
	{ "2024-02-29T12:", -1 },
	{ "2024-02-29T12:00:", -1 },
	{ "2024-02-29T1:00:00Z", -1 },
	{ "2024-2-29T12:00:00Z", -1 },
	{ "24-02-29T12:00:00Z", -1 },
	{ "+2024-02-29T12:00:00Z", -1 },
	{ "20240229T120000Z", -1 },
	{ "2024-060T12:00:00Z", -1 },
	{ "2024-02-29", -1 },
	{ "2024-02-29T", -1 },
	{ "29/02/2024 12:00", -1 },
	{ "1709208000", -1 },
	{ "yesterday", -1 },
	{ "", -1 },
};

START_TEST(parses_what_apis_send)
{
	gint64 t = -7;
	gint64 expected = loose[_i].t;

	ck_assert_msg(instant_parse_loose(loose[_i].text, &t) == (expected >= 0), "%s",
		      loose[_i].text);
	ck_assert_int_eq(t, expected >= 0 ? expected : -7);
}
END_TEST

/* What one of the two takes the other takes for the same instant. */
START_TEST(loose_takes_all_that_strict_does)
{
	for (gsize i = 0; i < G_N_ELEMENTS(loose); i++) {
		gint64 strict, t;

		if (!instant_parse(loose[i].text, &strict))
			continue;
		ck_assert_msg(instant_parse_loose(loose[i].text, &t), "%s",
			      loose[i].text);
		ck_assert_int_eq(t, strict);
	}
}
END_TEST

static const struct {
	gint64 t;
	const char *text;
} formats[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ -1, "1969-12-31T23:59:59.999999Z" },
	{ G_GINT64_CONSTANT(1709208000000001), "2024-02-29T12:00:00.000001Z" },
	{ INSTANT_NONE, "never" },
	{ G_MAXINT64, "never" },
};

START_TEST(formats_instants)
{
	g_autofree char *text = instant_format(formats[_i].t);

	ck_assert_str_eq(text, formats[_i].text);
}
END_TEST

static const struct {
	const char *text;
	GTimeSpan span; /* -1: refused */
} spans[] = {
	{ "0s", 0 },
	{ "250us", 250 },
	{ "90ms", 90000 },
	{ "90s", 90 * G_TIME_SPAN_SECOND },
	{ "5m", 5 * G_TIME_SPAN_MINUTE },
	{ "36h", 36 * G_TIME_SPAN_HOUR },
	{ "2d", 2 * G_TIME_SPAN_DAY },
	{ "1w", 7 * G_TIME_SPAN_DAY },
	{ "5", -1 },
	{ "5 m", -1 },
	{ "-5m", -1 },
	{ "5min", -1 },
	{ "m", -1 },
	{ "", -1 },
	{ "18446744073709551615d", -1 },
	{ "99999999999999999999s", -1 },
};

START_TEST(parses_spans)
{
	GTimeSpan span = -7;

	ck_assert_msg(span_parse(spans[_i].text, &span) == (spans[_i].span >= 0), "%s",
		      spans[_i].text);
	ck_assert_int_eq(span, spans[_i].span >= 0 ? spans[_i].span : -7);
}
END_TEST

START_TEST(formats_spans)
{
	static const struct {
		GTimeSpan span;
		const char *text;
	} rows[] = {
		{ 0, "0s" },
		{ 59 * G_TIME_SPAN_SECOND, "59s" },
		{ 725 * G_TIME_SPAN_SECOND, "12m 5s" },
		{ 76 * G_TIME_SPAN_HOUR, "3d 4h" },
		{ -90 * G_TIME_SPAN_MINUTE, "-1h 30m" },
		{ 24 * G_TIME_SPAN_HOUR + G_TIME_SPAN_MINUTE, "1d" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = span_format(rows[i].span);

		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("instant");
	TCase *tests = tcase_create("instant");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, parses_instants, 0, G_N_ELEMENTS(instants));
	tcase_add_loop_test(tests, parses_what_apis_send, 0, G_N_ELEMENTS(loose));
	tcase_add_test(tests, loose_takes_all_that_strict_does);
	tcase_add_loop_test(tests, formats_instants, 0, G_N_ELEMENTS(formats));
	tcase_add_loop_test(tests, parses_spans, 0, G_N_ELEMENTS(spans));
	tcase_add_test(tests, formats_spans);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
