#include <math.h>

#include "metrics/segment_inside.h"

/*
 * The cut of a series into stretches with the least residual sum of squares, for each
 * number of stretches, by dynamic programming: I. E. Auger, C. E. Lawrence, "Algorithms
 * for the Optimal Identification of Segment Neighborhoods", Bull. Math. Biol. 51 (1989)
 * 39-54; "optimal partitioning": B. Jackson et al., "An Algorithm for Optimal
 * Partitioning of Data on an Interval", IEEE Signal Process. Lett. 12 (2005) 105-108.
 *
 *   best(j, s) = min over i of best(i, s - 1) + cost(i .. j - 1)
 *
 * The cost of a stretch grows with each point by its squared recursive residual (R. L.
 * Brown, J. Durbin, J. M. Evans, "Techniques for Testing the Constancy of Regression
 * Relationships over Time", J. R. Stat. Soc. B 37 (1975) 149-192): no table of costs, no
 * differences of large sums, and never below 0.
 */
#define LEAST_STRETCH 5
#define POINTS_PER_STRETCH 10
#define STRETCHES_MAX (SEGMENT_CHANGES_MAX + 1)

/* Residuals with a mean square below it are rounding errors, which follow no pattern. */
#define NO_RESIDUALS 1e-20

/* Of the points of a stretch so far, at 0, 1, … */
struct stretch {
	double n, mean, slope, rss;
};

static void add_to_level(struct stretch *stretch, double value)
{
	double n = stretch->n++;
	double residual = value - stretch->mean;

	stretch->mean += residual / (n + 1);
	stretch->rss += residual * residual * n / (n + 1);
}

/* With xs of 0 to n - 1 and their known sums, the residual of the next has variance
 * (n + 1) (n + 2) / (n (n - 1)), and the slope moves by 6 / ((n + 1) (n + 2)) of it. */
static void add_to_line(struct stretch *stretch, double value)
{
	double n = stretch->n++;
	double from_mean = value - stretch->mean;
	double residual = from_mean - stretch->slope * (n + 1) / 2;

	stretch->mean += from_mean / (n + 1);
	if (n < 1)
		return;
	stretch->slope += 6 * residual / ((n + 1) * (n + 2));
	stretch->rss += residual * residual * n * (n - 1) / ((n + 1) * (n + 2));
}

/* Of the first points of the series, by the number of stretches. */
struct cut {
	double rss[STRETCHES_MAX + 1];
	guint start[STRETCHES_MAX + 1]; /* of the last stretch */
};

/* Lets a stretch of this cost follow each cut of what is before it. Strictly less: of
 * equal cuts the one whose last stretch starts first stays. */
static void follow(const struct cut *before, guint start, double cost, guint n_stretches,
		   struct cut *cut)
{
	for (guint s = 1; s <= n_stretches; s++) {
		double rss = before->rss[s - 1] + cost;

		if (rss < cut->rss[s] - SEGMENT_ROUNDING) {
			cut->rss[s] = rss;
			cut->start[s] = start;
		}
	}
}

/* cuts[j]: of the first j points. */
static void find_cuts(const double *z, gsize n, enum segment_model model,
		      guint n_stretches, struct cut *cuts)
{
	for (gsize j = 0; j <= n; j++)
		for (guint s = 0; s <= STRETCHES_MAX; s++)
			cuts[j].rss[s] = j == 0 && s == 0 ? 0 : INFINITY;
	for (gsize i = 0; i + LEAST_STRETCH <= n; i++) {
		struct stretch stretch = { 0 };

		for (gsize j = i; j < n; j++) {
			if (model == SEGMENT_LEVEL)
				add_to_level(&stretch, z[j]);
			else
				add_to_line(&stretch, z[j]);
			if (j + 1 - i >= LEAST_STRETCH)
				follow(&cuts[i], (guint)i, stretch.rss, n_stretches,
				       &cuts[j + 1]);
		}
	}
}

/* The residuals of one stretch, by the definition. Returns its mean. */
static double take_residuals(const double *z, gsize from, gsize to,
			     enum segment_model model, double *residuals)
{
	double n = (double)(to - from), mean = 0, slope = 0;

	for (gsize i = from; i < to; i++)
		mean += (z[i] - mean) / (double)(i - from + 1);
	for (gsize i = from; model == SEGMENT_LINE && i < to; i++)
		slope += ((double)(i - from) - (n - 1) / 2) * (z[i] - mean);
	slope /= n * (n * n - 1) / 12;
	for (gsize i = from; i < to; i++)
		residuals[i] = z[i] - mean - slope * ((double)(i - from) - (n - 1) / 2);
	return mean;
}

static void measure(const double *z, gsize n, enum segment_model model,
		    struct segment_fit *fit)
{
	g_autofree double *residuals = g_new(double, n);
	double products = 0, mean_before = 0;

	fit->least_jump = INFINITY;
	for (guint s = 0; s <= fit->n_changes; s++) {
		gsize end = s < fit->n_changes ? fit->starts[s + 1] : n;
		double mean = take_residuals(z, fit->starts[s], end, model, residuals);

		if (s > 0 && model == SEGMENT_LEVEL)
			fit->least_jump = MIN(fit->least_jump, fabs(mean - mean_before));
		mean_before = mean;
	}
	fit->rss = residuals[0] * residuals[0];
	for (gsize i = 1; i < n; i++) {
		fit->rss += residuals[i] * residuals[i];
		products += residuals[i] * residuals[i - 1];
	}
	fit->phi = fit->rss > NO_RESIDUALS * (double)n ? MAX(0, products / fit->rss) : 0;
}

guint segment_most_changes(gsize n)
{
	gsize stretches = n / POINTS_PER_STRETCH;

	return stretches < 1 ? 0 : (guint)MIN(stretches - 1, SEGMENT_CHANGES_MAX);
}

void segment_fit(const double *z, gsize n, enum segment_model model,
		 struct segment_fit *fits)
{
	guint most = segment_most_changes(n);
	g_autofree struct cut *cuts = g_new(struct cut, n + 1);

	find_cuts(z, n, model, most + 1, cuts);
	for (guint k = 0; k <= most; k++) {
		gsize end = n;

		fits[k] = (struct segment_fit){ .n_changes = k };
		for (guint s = k + 1; s > 0; s--)
			end = fits[k].starts[s - 1] = cuts[end].start[s];
		measure(z, n, model, &fits[k]);
	}
}
