#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/segment_inside.h"
#include "metrics/series.h"

/*
 * The filter of Hampel (F. R. Hampel, "The Influence Curve and its Role in Robust
 * Estimation", J. Am. Stat. Assoc. 69 (1974) 383-393; as a filter of series: R. K.
 * Pearson, "Outliers in Process Modeling and Identification", IEEE Trans. Control Syst.
 * Technol. 10 (2002) 55-63): a value far from the median of its neighbours, by their
 * median absolute deviation, is replaced by it. Two things are our own. The scale is at
 * least that of the differences of the series, so that three equal neighbours do not
 * make an outlier of everything. And both direct neighbours must be near the median: the
 * edge of a step is no outlier.
 */
#define REACH 3 /* neighbours on each side */
#define LEAST_NEIGHBOURS 4
#define FAR 8.0		    /* scales */
#define MAD_TO_SIGMA 1.4826 /* of normal values */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, gsize n)
{
	qsort(values, n, sizeof(*values), compare);
	return percentile_sorted(values, n, 0.5);
}

/* The scale of normal values that have such deviations from their median, which are put
 * in their place. */
static double scale_about(double *values, gsize n, double middle)
{
	for (gsize i = 0; i < n; i++)
		values[i] = fabs(values[i] - middle);
	return MAD_TO_SIGMA * median(values, n);
}

/* Powers of two change no digit of a value: sums of the largest doubles, too, stay
 * finite. */
static void scale_down(const double *values, gsize n, double *y)
{
	double most = 0;
	int exponent;

	for (gsize i = 0; i < n; i++)
		if (isfinite(values[i]))
			most = MAX(most, fabs(values[i]));
	frexp(most, &exponent);
	for (gsize i = 0; i < n; i++)
		y[i] = ldexp(values[i], -exponent);
}

static void fill_between(double *y, gsize from, gsize to)
{
	for (gsize i = from + 1; i < to; i++)
		y[i] = y[from] +
		       (y[to] - y[from]) * (double)(i - from) / (double)(to - from);
}

/* False if there is nothing but gaps. */
static bool fill_gaps(double *y, gsize n)
{
	gsize last = n; /* value; n: none yet */

	for (gsize i = 0; i < n; i++) {
		if (!isfinite(y[i]))
			continue;
		if (last < n)
			fill_between(y, last, i);
		for (gsize j = last < n ? i : 0; j < i; j++)
			y[j] = y[i];
		last = i;
	}
	for (gsize i = last; i < n; i++)
		y[i] = y[last];
	return last < n;
}

static double scale_of_steps(const double *y, gsize n)
{
	g_autofree double *steps = g_new(double, n);

	for (gsize i = 1; i < n; i++)
		steps[i - 1] = y[i] - y[i - 1];
	return scale_about(steps, n - 1, median(steps, n - 1)) / sqrt(2);
}

/* The neighbours' median if y[i] is an outlier among them, else y[i]. */
static double filtered(const double *y, gsize n, gsize i, double least_scale)
{
	double around[2 * REACH], middle, scale, limit;
	gsize n_around = 0;

	for (gsize j = i - MIN(i, REACH); j < n && j <= i + REACH; j++)
		if (j != i)
			around[n_around++] = y[j];
	if (n_around < LEAST_NEIGHBOURS || i == 0 || i == n - 1)
		return y[i];
	middle = median(around, n_around);
	scale = scale_about(around, n_around, middle);
	limit = FAR * MAX(scale, least_scale);
	return fabs(y[i] - middle) > limit && fabs(y[i - 1] - middle) <= limit &&
			       fabs(y[i + 1] - middle) <= limit
		       ? middle
		       : y[i];
}

/* False if all are equal: then there is no scale. */
static bool standardise(double *z, gsize n)
{
	double least = z[0], most = z[0], mean = 0, squares = 0, sd;

	for (gsize i = 0; i < n; i++) {
		least = MIN(least, z[i]);
		most = MAX(most, z[i]);
		mean += z[i] / (double)n;
	}
	for (gsize i = 0; i < n; i++)
		squares += (z[i] - mean) * (z[i] - mean);
	sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
	if (least == most || sd <= 0)
		return false;
	for (gsize i = 0; i < n; i++)
		z[i] = (z[i] - mean) / sd;
	return true;
}

bool segment_clean(const double *values, gsize n, bool filter, double *z)
{
	g_autofree double *y = NULL;
	double least_scale;

	if (n < 2)
		return false;
	y = g_new(double, n);
	scale_down(values, n, y);
	if (!fill_gaps(y, n))
		return false;
	least_scale = scale_of_steps(y, n);
	for (gsize i = 0; i < n; i++)
		z[i] = filter ? filtered(y, n, i, least_scale) : y[i];
	return standardise(z, n);
}
