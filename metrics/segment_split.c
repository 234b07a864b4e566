#include <math.h>

#include "metrics/segment_inside.h"

/*
 * Binary segmentation (A. J. Scott, M. Knott, "A Cluster Analysis Method for Grouping
 * Means in the Analysis of Variance", Biometrics 30 (1974) 507-512): the split into two
 * levels that lessens the residual sum of squares most, of all stretches there are, is
 * made while it is worth 3 ln n, as one more level costs in the criterion of N. R. Zhang,
 * D. O. Siegmund, "A Modified Bayes Information Criterion with Applications to the
 * Analysis of Comparative Genomic Hybridization Data", Biometrics 63 (2007) 22-32, with
 * the variance of the whole series: 1.
 */
#define SPLITS_MAX 5
#define LEAST_STRETCH 2
#define WORTH 3.0

struct split {
	gsize at;
	double gain;
};

/* What splitting from .. to - 1 lessens the squares by: sums[i] is that of the first i.
 */
static double gain_of(const double *sums, gsize from, gsize at, gsize to)
{
	double before = (double)(at - from), after = (double)(to - at);
	double jump = (sums[to] - sums[at]) / after - (sums[at] - sums[from]) / before;

	return before * after / (before + after) * jump * jump;
}

static void find_split(const double *sums, gsize from, gsize to, struct split *best)
{
	for (gsize at = from + LEAST_STRETCH; at + LEAST_STRETCH <= to; at++) {
		double gain = gain_of(sums, from, at, to);

		if (gain > best->gain + SEGMENT_ROUNDING)
			*best = (struct split){ at, gain };
	}
}

void segment_split(const double *z, gsize n, GArray *starts)
{
	g_autofree double *sums = g_new(double, n + 1);
	gsize bounds[SPLITS_MAX + 2] = { 0, n };

	sums[0] = 0;
	for (gsize i = 0; i < n; i++)
		sums[i + 1] = sums[i] + z[i];
	for (guint n_splits = 0; n_splits < SPLITS_MAX; n_splits++) {
		struct split best = { 0 };
		guint found, place = n_splits + 2;

		for (guint i = 0; i <= n_splits; i++)
			find_split(sums, bounds[i], bounds[i + 1], &best);
		if (best.gain <= WORTH * log((double)n))
			return;
		for (; bounds[place - 1] > best.at; place--)
			bounds[place] = bounds[place - 1];
		bounds[place] = best.at;
		found = (guint)best.at;
		g_array_append_val(starts, found);
	}
}
