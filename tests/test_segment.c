#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/segment.h"
#include "metrics/segment_inside.h"

/* "3 x5" is five of 3, "3 +2 x5" five values from 3 by 2, "-" is a gap. Noise is the
 * standard deviation of what is added to them. */
static const struct {
	const char *what, *series;
	double noise;
	const char *full, *light;
} rows[] = {
	{ "nothing has no change", "", 0, "", "" },
	{ "one value", "7", 0, "", "" },
	{ "two different values are too few", "7 100", 0, "", "" },
	{ "only gaps", "- x40", 0, "", "" },
	{ "one value among gaps", "- x20 5 - x20", 0, "", "" },
	{ "all are equal", "0.1 x50", 0, "", "" },
	{ "all are equal but for the gaps", "0.1 x20 - x20 0.1 x20", 0, "", "" },
	{ "one step", "1 x25 2 x25", 0, "25", "25" },
	{ "one step down in noise", "9 x40 5 x40", 1, "40", "40" },
	{ "a step by a third of the noise is none", "1 x40 1.3 x40", 1, "", "" },
	{ "two steps", "1 x20 2 x20 5 x20", 0, "20 40", "20 40" },
	{ "there and back", "1 x30 8 x30 1 x30", 1, "30 60", "30 60" },
	{ "a ramp is a trend, not a change", "0 +1 x60", 0, "", "" },
	{ "a ramp in noise, which light takes for a step", "0 +0.2 x60", 1, "", "28" },
	{ "a step on a ramp", "0 +0.1 x40 24 +0.1 x40", 1, "40", "40" },
	{ "one outlier is no change", "5 x30 5000 5 x30", 1, "", "" },
	{ "nor in a series without noise", "5 x30 5000 5 x30", 0, "", "" },
	{ "an outlier beside a step hides nothing", "1 x20 90 1 x5 9 x25", 1, "26",
	  "26" },
	{ "at the very end it may be a new level, and who knows where", "5 x60 5000", 1,
	  "59", "" },
	{ "a gap before a step", "1 x20 - x5 9 x25", 0, "23", "23" },
	{ "a gap within a level", "1 x10 - x10 1 x10 9 x30", 0, "30", "30" },
	{ "gaps at both ends", "- x9 1 x20 9 x20 - x9", 0, "29", "29" },
	{ "19 values are too few", "1 x9 9 x10", 0, "", "" },
	{ "20 are enough", "1 x10 9 x10", 0, "10", "10" },
	{ "a level of 4 at the end is stretched to 5", "1 x40 9 x4", 1, "39", "39" },
	{ "a level of 5 is one", "1 x40 9 x5", 1, "40", "40" },
	{ "10 changes",
	  "0 x20 9 x20 0 x20 9 x20 0 x20 9 x20 0 x20 9 x20 0 x20 9 x20 0 x20", 1,
	  "20 40 60 80 100 120 140 160 180 200", "20 40 60 80 100 120 140 160 180 200" },
	{ "10 are the most in 110 values",
	  "0 x10 9 x10 0 x10 9 x10 0 x10 9 x10 0 x10 9 x10 0 x10 9 x10 0 x10", 0,
	  "10 20 30 40 50 60 70 80 90 100", "10 20 30 40 50 60 70 80 90 100" },
	{ "the largest numbers there are", "-1.7e308 x30 1.7e308 x30", 0, "30", "30" },
	{ "the smallest there are", "5e-324 x30 0 x30", 0, "30", "30" },
	{ "a small step on a large number", "1e15 x30 1000000000000001 x30", 0, "30",
	  "30" },
	{ "infinity is a gap", "1 x10 inf x2 1 x18 9 x30", 0, "30", "30" },
	{ "1 halfway: of two equal cuts the first", "0 x30 1 2 x29", 0, "30", "30" },
};

static double normal(GRand *rand)
{
	return sqrt(-2 * log(1 - g_rand_double(rand))) *
	       cos(2 * G_PI * g_rand_double(rand));
}

static GArray *read_series(const char *text, double noise)
{
	GArray *series = g_array_new(FALSE, FALSE, sizeof(double));
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);

	for (guint i = 0; words[i] && *words[i]; i++) {
		bool gap = strcmp(words[i], "-") == 0;
		double value = gap ? NAN : g_ascii_strtod(words[i], NULL), step = 0;
		gint64 n = 1;

		if (words[i + 1] && words[i + 1][0] == '+')
			step = g_ascii_strtod(words[++i], NULL);
		if (words[i + 1] && words[i + 1][0] == 'x')
			n = g_ascii_strtoll(words[++i] + 1, NULL, 10);
		for (gint64 j = 0; j < n; j++) {
			double noisy = value + step * (double)j + noise * normal(rand);

			g_array_append_val(series, noisy);
		}
	}
	return series;
}

static const double *data(const GArray *series)
{
	return (const double *)(const void *)series->data;
}

static char *found(const double *values, gsize n, bool light)
{
	g_autoptr(GArray) changes = segment_changes(values, n, light);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < changes->len; i++)
		g_string_append_printf(text, "%s%u", i ? " " : "",
				       g_array_index(changes, guint, i));
	return g_string_free(text, FALSE);
}

START_TEST(series_by_name)
{
	g_autoptr(GArray) series = read_series(rows[_i].series, rows[_i].noise);
	g_autofree char *full = found(data(series), series->len, false);
	g_autofree char *light = found(data(series), series->len, true);

	ck_assert_msg(strcmp(full, rows[_i].full) == 0, "%s: \"%s\", not \"%s\"",
		      rows[_i].what, full, rows[_i].full);
	ck_assert_msg(strcmp(light, rows[_i].light) == 0, "%s: light: \"%s\", not \"%s\"",
		      rows[_i].what, light, rows[_i].light);
}
END_TEST

/* What remains after the filter is what is found in the series beside it. */
static const struct {
	const char *what, *series, *filtered;
} outliers[] = {
	{ "one becomes the median of its neighbours", "1 2 3 90 3 2 1 0",
	  "1 2 3 2 3 2 1 0" },
	{ "of four near the end", "4 1 2 3 90 2", "4 1 2 3 2 2" },
	{ "the ends have too few neighbours", "90 1 2 3 2 1 90", "90 1 2 3 2 1 90" },
	{ "two beside each other are a level", "1 2 3 90 91 2 1 0", "1 2 3 90 91 2 1 0" },
	{ "the edge of a step is none", "1 2 1 2 90 91 90 91", "1 2 1 2 90 91 90 91" },
	{ "two apart: neighbours are looked at as they were", "1 2 1 2 90 2 -90 1 2 1 2",
	  "1 2 1 2 1.5 2 2 1 2 1 2" },
	{ "not where all differences are as large", "0 50 0 50 0 50 0",
	  "0 50 0 50 0 50 0" },
	{ "a gap is filled first", "1 2 3 - - 3 90 3 2", "1 2 3 3 3 3 3 3 2" },
};

START_TEST(outliers_by_name)
{
	g_autoptr(GArray) series = read_series(outliers[_i].series, 0);
	g_autoptr(GArray) filtered = read_series(outliers[_i].filtered, 0);
	double z[16], expected[16];

	ck_assert_uint_eq(series->len, filtered->len);
	ck_assert(segment_clean(data(series), series->len, true, z));
	ck_assert(segment_clean(data(filtered), filtered->len, false, expected));
	for (guint i = 0; i < series->len; i++)
		ck_assert_msg(fabs(z[i] - expected[i]) < 1e-12,
			      "%s: value %u is %g, not %g", outliers[_i].what, i, z[i],
			      expected[i]);
}
END_TEST

/*
 * Three of five voters, or two of three, are at least one of those that weigh squares
 * against parameters, and one more change costs each of them 34 or more of 100 ln RSS: a
 * drop that noise of 100 independent values shows at one of 90 places in less than one of
 * 10,000 series. So none of 200. Where each value keeps half of the one before, 1,000
 * series of 52 were seen to have 6: 1 in 200 is expected, and more than 5 has a chance of
 * 1 in 1,000.
 */
static const struct {
	const char *what;
	gsize n;
	double keeps;
	guint limit;
} noises[] = {
	{ "100 independent values", 100, 0, 0 },
	{ "52 values that keep half of the one before", 52, 0.5, 5 },
};

START_TEST(noise_is_no_change)
{
	guint n_false[2] = { 0 };

	for (guint seed = 1; seed <= 200; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		double values[100], last = 0;

		for (gsize i = 0; i < noises[_i].n; i++)
			values[i] = last = noises[_i].keeps * last + normal(rand);
		for (int light = 0; light < 2; light++) {
			g_autofree char *text = found(values, noises[_i].n, light);

			n_false[light] += *text != '\0';
		}
	}
	ck_assert_msg(n_false[0] <= noises[_i].limit && n_false[1] <= noises[_i].limit,
		      "%s: %u and %u of 200", noises[_i].what, n_false[0], n_false[1]);
}
END_TEST

START_TEST(scale_and_sign_mean_nothing)
{
	g_autoptr(GArray) series = read_series("1 x30 4 x30 - x3 2 +0.3 x30 9 x30", 1);
	g_autofree double *other = g_new(double, series->len);
	g_autofree char *expected = found(data(series), series->len, false);

	for (int exponent = -1000; exponent <= 1000; exponent += 500) {
		g_autofree char *text = NULL;

		for (guint i = 0; i < series->len; i++)
			other[i] = -ldexp(data(series)[i], exponent);
		text = found(other, series->len, false);
		ck_assert_str_eq(text, expected);
	}
	ck_assert_str_ne(expected, "");
}
END_TEST

/* As long as it may be: no table of n² is made. */
START_TEST(longest)
{
	g_autofree double *values = g_new(double, SEGMENT_MAX);
	g_autoptr(GRand) rand = g_rand_new_with_seed(1);
	g_autofree char *text = NULL;

	for (guint i = 0; i < SEGMENT_MAX; i++)
		values[i] = (i < 1234 ? 0 : 3) + normal(rand);
	text = found(values, SEGMENT_MAX, false);
	ck_assert_str_eq(text, "1234");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segment");
	TCase *tests = tcase_create("segment");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, series_by_name, 0, G_N_ELEMENTS(rows));
	tcase_add_loop_test(tests, outliers_by_name, 0, G_N_ELEMENTS(outliers));
	tcase_add_loop_test(tests, noise_is_no_change, 0, G_N_ELEMENTS(noises));
	tcase_add_test(tests, scale_and_sign_mean_nothing);
	tcase_add_test(tests, longest);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
