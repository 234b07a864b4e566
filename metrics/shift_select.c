/*
 * Order statistics without sorting: Hoare, "Algorithm 65: find", Communications of the
 * ACM 4, 1961, with the median of three as pivot. Whoever arranges values such that it
 * runs long gets them sorted.
 *
 * The median absolute deviation times 1.4826 estimates the standard deviation of normal
 * data and does not mind that nearly half of it is anything (Hampel, "The influence curve
 * and its role in robust estimation", JASA 69, 1974).
 */
#include <math.h>
#include <stdlib.h>

#include "metrics/series.h"
#include "metrics/shift_inside.h"

#define FEW 16
#define ROUNDS_MAX 64
#define NORMAL_MAD 1.4826
#define LEAST_SCALE 1e-9

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void swap(double *a, double *b)
{
	double held = *a;

	*a = *b;
	*b = held;
}

static void insertion_sort(double *values, gssize n)
{
	for (gssize i = 1; i < n; i++) {
		double value = values[i];
		gssize to = i;

		for (; to > 0 && values[to - 1] > value; to--)
			values[to] = values[to - 1];
		values[to] = value;
	}
}

static double median_of_three(double a, double b, double c)
{
	return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Afterwards values[rank] is what it would be if they were sorted; none before it is
 * larger, none after it smaller. */
static void put_in_place(double *values, gsize n, gsize rank)
{
	gssize from = 0, to = (gssize)n - 1, at = (gssize)rank;

	for (guint round = 0; to - from >= FEW; round++) {
		double pivot = median_of_three(values[from], values[(from + to) / 2],
					       values[to]);
		gssize low = from, high = to;

		if (round == ROUNDS_MAX) {
			qsort(values + from, (gsize)(to - from + 1), sizeof(*values),
			      compare);
			return;
		}
		while (low <= high) {
			while (values[low] < pivot)
				low++;
			while (values[high] > pivot)
				high--;
			if (low <= high)
				swap(&values[low++], &values[high--]);
		}
		if (at <= high)
			to = high;
		else if (at >= low)
			from = low;
		else
			return;
	}
	insertion_sort(values + from, to - from + 1);
}

double shift_percentile(double *values, gsize n, double q)
{
	gsize low, least;

	if (n == 0)
		return NAN;
	low = (gsize)floor(q * (double)(n - 1));
	put_in_place(values, n, low);
	if (low + 1 < n) {
		least = low + 1;
		for (gsize i = low + 2; i < n; i++)
			if (values[i] < values[least])
				least = i;
		swap(&values[low + 1], &values[least]);
	}
	return percentile_sorted(values, n, q);
}

static double standard_deviation(const double *values, gsize n)
{
	double sum = 0, squares = 0;

	for (gsize i = 0; i < n; i++)
		sum += values[i];
	for (gsize i = 0; i < n; i++)
		squares += (values[i] - sum / (double)n) * (values[i] - sum / (double)n);
	return sqrt(squares / (double)n);
}

struct shift_scale shift_scale_of(double *values, gsize n)
{
	double deviation = standard_deviation(values, n);
	struct shift_scale scale = { .middle = shift_percentile(values, n, 0.5) };

	for (gsize i = 0; i < n; i++)
		values[i] = fabs(values[i] - scale.middle);
	scale.scale = NORMAL_MAD * shift_percentile(values, n, 0.5);
	if (scale.scale <= 0)
		scale.scale = deviation;
	scale.scale = fmax(scale.scale, LEAST_SCALE);
	return scale;
}
