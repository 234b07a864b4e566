/* The parts of the segmenter against their definitions, tried in every way there is. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "metrics/segment_inside.h"

#define N_MAX 40

/* Whole numbers now and then: there, equal cuts are common. */
static void make_series(guint seed, double *z, gsize n)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	double level = 0, values[N_MAX];

	do {
		for (gsize i = 0; i < n; i++) {
			if (g_rand_int_range(rand, 0, 8) == 0)
				level = g_rand_double_range(rand, -4, 4);
			values[i] = level + g_rand_double_range(rand, -1, 1);
			if (seed % 2)
				values[i] = round(values[i]);
		}
	} while (!segment_clean(values, n, false, z));
}

/* ---- the best cut ---- */

static double squares(const double *z, gsize from, gsize to, enum segment_model model)
{
	double n = (double)(to - from), mean = 0, middle = (n - 1) / 2, xy = 0, xx = 0;
	double sum = 0, slope;

	for (gsize i = from; i < to; i++)
		mean += z[i] / n;
	for (gsize i = from; i < to; i++) {
		double x = (double)(i - from) - middle;

		xy += x * (z[i] - mean);
		xx += x * x;
	}
	slope = model == SEGMENT_LINE ? xy / xx : 0;
	for (gsize i = from; i < to; i++) {
		double x = (double)(i - from) - middle;
		double residual = z[i] - mean - slope * x;

		sum += residual * residual;
	}
	return sum;
}

/* Of all cuts into three stretches of 5 points and more the least, the first of equals;
 * in the order of the last start, then of the one before. */
static double least_of_three(const double *z, gsize n, enum segment_model model,
			     gsize starts[2])
{
	double least = INFINITY;

	for (gsize b = 10; b + 5 <= n; b++)
		for (gsize a = 5; a + 5 <= b; a++) {
			double rss = squares(z, 0, a, model) + squares(z, a, b, model) +
				     squares(z, b, n, model);

			if (rss < least - SEGMENT_ROUNDING) {
				least = rss;
				starts[0] = a;
				starts[1] = b;
			}
		}
	return least;
}

START_TEST(cuts_are_the_best)
{
	enum segment_model model = _i ? SEGMENT_LINE : SEGMENT_LEVEL;

	for (guint seed = 1; seed <= 200; seed++) {
		struct segment_fit fits[SEGMENT_CHANGES_MAX + 1];
		gsize n = 30 + seed % 5, starts[2] = { 0 };
		double z[N_MAX], least;

		make_series(seed, z, n);
		least = least_of_three(z, n, model, starts);
		ck_assert_uint_eq(segment_most_changes(n), 2);
		segment_fit(z, n, model, fits);
		ck_assert_msg(fabs(fits[0].rss - squares(z, 0, n, model)) < 1e-9,
			      "seed %u: %g", seed, fits[0].rss);
		ck_assert_msg(fabs(fits[2].rss - least) < 2 * SEGMENT_ROUNDING,
			      "seed %u: %.12g, not %.12g", seed, fits[2].rss, least);
		ck_assert_msg(fits[2].starts[1] == starts[0] &&
				      fits[2].starts[2] == starts[1],
			      "seed %u: %u %u, not %zu %zu", seed, fits[2].starts[1],
			      fits[2].starts[2], starts[0], starts[1]);
		ck_assert(fits[2].starts[0] == 0 && fits[2].n_changes == 2);
	}
}
END_TEST

static const struct {
	const char *what;
	gsize n;
	guint most;
} lengths[] = {
	{ "nothing", 0, 0 },	    { "one less than two tens", 19, 0 },
	{ "two tens", 20, 1 },	    { "one less than three", 29, 1 },
	{ "eleven tens", 110, 10 }, { "as many as there may be", 4000, 10 },
};

START_TEST(most_changes_by_length)
{
	ck_assert_msg(segment_most_changes(lengths[_i].n) == lengths[_i].most, "%s",
		      lengths[_i].what);
}
END_TEST

/* By hand: ++--++--++ is 0.08 and -0.12 from its mean; squares add up to 0.096, products
 * to 0.0096. Then the same turned over, and -0.0064 between the two. */
START_TEST(residuals_are_measured)
{
	struct segment_fit fits[SEGMENT_CHANGES_MAX + 1];
	double z[20];

	for (guint i = 0; i < G_N_ELEMENTS(z); i++)
		z[i] = (i < 10 ? 3 : -3) + (i / 2 % 2 ? -0.1 : 0.1);
	segment_fit(z, G_N_ELEMENTS(z), SEGMENT_LEVEL, fits);
	ck_assert_uint_eq(fits[1].starts[1], 10);
	ck_assert_double_eq_tol(fits[1].rss, 0.192, 1e-12);
	ck_assert_double_eq_tol(fits[1].phi, 1.0 / 15, 1e-12);
	ck_assert_double_eq_tol(fits[1].least_jump, 6.04, 1e-12);
	ck_assert(isinf(fits[0].least_jump));
}
END_TEST

/* ---- binary segmentation ---- */

START_TEST(first_split_gains_most)
{
	for (guint seed = 1; seed <= 300; seed++) {
		g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint));
		double z[N_MAX], most = 0;
		gsize n = 20 + seed % 20, at = 0;

		make_series(seed, z, n);
		for (gsize i = 2; i + 2 <= n; i++) {
			double gain = squares(z, 0, n, SEGMENT_LEVEL) -
				      squares(z, 0, i, SEGMENT_LEVEL) -
				      squares(z, i, n, SEGMENT_LEVEL);

			if (gain > most + SEGMENT_ROUNDING) {
				most = gain;
				at = i;
			}
		}
		segment_split(z, n, starts);
		ck_assert_msg((starts->len > 0) == (most > 3 * log((double)n)) &&
				      starts->len <= 5,
			      "seed %u", seed);
		ck_assert_msg(starts->len == 0 || g_array_index(starts, guint, 0) == at,
			      "seed %u: %u, not %zu", seed,
			      starts->len ? g_array_index(starts, guint, 0) : 0, at);
	}
}
END_TEST

/* ---- the most probable path ---- */

/* The log density of a value after those of its run, by the formula of Student-t. */
static double log_predicted(const double *run, gsize n, double value)
{
	double mean = 0, kappa = 1, alpha = 1, beta = 1, scale, off;
	int sign;

	for (gsize i = 0; i < n; i++) {
		beta += kappa * (run[i] - mean) * (run[i] - mean) / (2 * (kappa + 1));
		mean = (kappa * mean + run[i]) / (kappa + 1);
		kappa += 1;
		alpha += 0.5;
	}
	scale = sqrt(beta * (kappa + 1) / (alpha * kappa));
	off = (value - mean) / scale;
	return lgamma_r(alpha + 0.5, &sign) - lgamma_r(alpha, &sign) -
	       log(2 * alpha * G_PI) / 2 - log(scale) -
	       (alpha + 0.5) * log1p(off * off / (2 * alpha));
}

/* Of runs that begin at 0 and where a bit is set. */
static double path_probability(const double *z, gsize n, guint begins)
{
	double sum = 0;
	gsize start = 0;

	for (gsize i = 0; i < n; i++) {
		bool ends = i + 1 < n && begins >> (i + 1) & 1;

		if (begins >> i & 1)
			start = i;
		sum += log_predicted(z + start, i - start, z[i]) +
		       log(ends ? 0.01 : 0.99);
	}
	return sum;
}

START_TEST(path_is_the_most_probable)
{
	enum { N = 12 };

	for (guint seed = 1; seed <= 40; seed++) {
		g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint));
		double z[N], best = -INFINITY;
		guint found = 0;

		make_series(seed, z, N);
		for (gsize i = 0; i < N; i++)
			z[i] *= seed % 3 ? 20 : 1; /* or hardly anything changes */
		for (guint begins = 0; begins < 1u << N; begins += 2)
			best = MAX(best, path_probability(z, N, begins));
		segment_online(z, N, starts);
		for (guint i = 0; i < starts->len; i++)
			found |= 1u << g_array_index(starts, guint, i);
		ck_assert_msg(fabs(path_probability(z, N, found) - best) < 1e-9,
			      "seed %u: runs from %x", seed, found);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segment_parts");
	TCase *tests = tcase_create("segment_parts");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, cuts_are_the_best, 0, 2);
	tcase_add_loop_test(tests, most_changes_by_length, 0, G_N_ELEMENTS(lengths));
	tcase_add_test(tests, residuals_are_measured);
	tcase_add_test(tests, first_split_gains_most);
	tcase_add_test(tests, path_is_the_most_probable);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
