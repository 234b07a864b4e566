#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/percentile.h"
#include "metrics/series.h"

static const struct {
	const char *what;
	double values[5];
	gsize n;
	double q, expected;
} quantiles[] = {
	{ "one value is every quantile", { 7 }, 1, 0.9, 7 },
	{ "the median of two lies between", { 10, 20 }, 2, 0.5, 15 },
	{ "a quarter of the way", { 10, 20 }, 2, 0.25, 12.5 },
	{ "the median of three is the middle one", { 1, 2, 100 }, 3, 0.5, 2 },
	{ "the median of four lies between the middle two", { 1, 2, 4, 100 }, 4, 0.5, 3 },
	{ "p75 of five is the fourth", { 1, 2, 3, 4, 100 }, 5, 0.75, 4 },
	{ "0 is the least", { 3, 4, 5 }, 3, 0, 3 },
	{ "1 is the greatest", { 3, 4, 5 }, 3, 1, 5 },
	{ "between equals there is nothing else", { 0.1, 0.1, 0.1, 0.1 }, 4, 0.9, 0.1 },
	{ "no values have none", { 0 }, 0, 0.5, NAN },
};

START_TEST(percentile_of_a_few)
{
	double got = percentile_sorted(quantiles[_i].values, quantiles[_i].n,
				       quantiles[_i].q);

	if (isnan(quantiles[_i].expected))
		ck_assert_msg(isnan(got), "%s", quantiles[_i].what);
	else
		ck_assert_msg(got == quantiles[_i].expected, "%s: %.17g",
			      quantiles[_i].what, got);
}
END_TEST

static gint64 any_value(GRand *rand)
{
	return (gint64)((guint64)g_rand_int(rand) << 32 | g_rand_int(rand));
}

static gint64 one_value(GRand *rand)
{
	(void)rand;
	return -5;
}

static gint64 few_values(GRand *rand)
{
	return g_rand_int_range(rand, -3, 3);
}

static gint64 lead_times(GRand *rand)
{
	return (gint64)exp(g_rand_double_range(rand, 0, 40));
}

static gint64 extremes(GRand *rand)
{
	static const gint64 values[] = { G_MININT64, G_MININT64 + 1, -1,	0,
					 1,	     G_MAXINT64 - 1, G_MAXINT64 };

	return values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))];
}

static const struct {
	const char *what;
	gint64 (*next)(GRand *rand);
} kinds[] = {
	{ "values of all 64 bits", any_value },
	{ "all the same", one_value },
	{ "many ties, some negative", few_values },
	{ "lead times from a microsecond to thousands of years", lead_times },
	{ "the ends of the type", extremes },
};

static gint compare(gconstpointer left, gconstpointer right)
{
	gint64 a = *(const gint64 *)left, b = *(const gint64 *)right;

	return a < b ? -1 : a > b;
}

/* Sizes on both sides of every change of method. */
static const gsize sizes[] = {
	0, 1, 2, 3, 47, 48, 49, 255, 256, 4095, 4096, 5000, 70000
};

START_TEST(sorts_like_qsort)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		gsize n = sizes[i];
		g_autofree gint64 *values = g_new(gint64, n + 1);
		g_autofree gint64 *expected = g_new(gint64, n + 1);
		g_autofree gint64 *scratch = g_new(gint64, n + 1);

		for (gsize j = 0; j <= n; j++)
			values[j] = expected[j] = kinds[_i].next(rand);
		scratch[n] = 42;
		qsort(expected, n, sizeof(*expected), compare);
		spans_sort(values, n, scratch);
		ck_assert_msg(memcmp(values, expected, (n + 1) * sizeof(*values)) == 0,
			      "%s, %zu", kinds[_i].what, n);
		ck_assert_int_eq(scratch[n], 42);
	}
}
END_TEST

START_TEST(the_mean_does_not_depend_on_the_order)
{
	/* As doubles, the sum would lose the ones or not, depending on when they come. */
	gint64 up[] = { 1, 1, 1, G_GINT64_CONSTANT(9007199254740993),
			G_GINT64_CONSTANT(9007199254740993) };
	gint64 down[G_N_ELEMENTS(up)], scratch[G_N_ELEMENTS(up)];
	double mean, again;

	for (gsize i = 0; i < G_N_ELEMENTS(up); i++)
		down[i] = up[G_N_ELEMENTS(up) - 1 - i];
	mean = distribution_of(up, G_N_ELEMENTS(up), scratch).mean;
	again = distribution_of(down, G_N_ELEMENTS(down), scratch).mean;
	ck_assert(memcmp(&mean, &again, sizeof(mean)) == 0);
	ck_assert(mean == 18014398509481989.0 / 5e6);
}
END_TEST

START_TEST(a_sum_beyond_64_bits)
{
	gint64 spans[] = { G_MAXINT64, G_MAXINT64, G_MAXINT64 };
	gint64 scratch[G_N_ELEMENTS(spans)];

	ck_assert(distribution_of(spans, 3, scratch).mean ==
		  27670116110564327424.0 / 3e6);
}
END_TEST

START_TEST(nothing_has_no_distribution)
{
	struct distribution none = distribution_of(NULL, 0, NULL);

	ck_assert(isnan(none.p50) && isnan(none.p75) && isnan(none.p90) &&
		  isnan(none.p95) && isnan(none.mean));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("percentile");
	TCase *tests = tcase_create("percentile");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, percentile_of_a_few, 0, G_N_ELEMENTS(quantiles));
	tcase_add_loop_test(tests, sorts_like_qsort, 0, G_N_ELEMENTS(kinds));
	tcase_add_test(tests, the_mean_does_not_depend_on_the_order);
	tcase_add_test(tests, a_sum_beyond_64_bits);
	tcase_add_test(tests, nothing_has_no_distribution);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
