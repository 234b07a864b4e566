/*
 * Levels of groups of weeks, for shift_level.c.
 *
 * Weeks differ by more than their samples do. The variance between them is estimated as
 * in a meta-analysis with random effects (DerSimonian and Laird, "Meta-analysis in
 * clinical trials", Controlled Clinical Trials 7, 1986): with c = N / s2, s2 the variance
 * within
 *
 *   t2 = max(0, (Q - (k - 1)) / (sum c - sum c c / sum c)),  Q = sum c (Y - y) (Y - y)
 *
 * and is pulled towards 0.25^2 as if by 8 more weeks. A level is the mean of the weeks
 * weighted by 1 / (t2 + s2 / N), and 1 / the sum of these weights its variance.
 */
#include <math.h>

#include "metrics/shift_inside.h"

#define SPREAD 0.25 /* of weeks, before any is seen; and how many weeks that is worth */
#define SPREAD_WEEKS 8
#define WITHIN_MIN 5 /* samples more than weeks, for a variance of their own */
/* Weeks whose values are equal have a level as exact as there is. */
#define LEAST_VARIANCE 1e-18

struct shift_group shift_group_of(const struct shift_week *weeks, guint first, guint end)
{
	struct shift_group group = { .first = first, .end = end };

	for (guint j = first; j < end; j++) {
		if (weeks[j].n == 0)
			continue;
		group.n_weeks++;
		group.n += weeks[j].n;
		group.oldest = j;
	}
	return group;
}

static double variance_within(const struct shift_week *weeks,
			      const struct shift_group *group, double scale)
{
	double squares = 0, freedom = 0;

	for (guint j = group->first; j < group->end; j++) {
		if (weeks[j].n == 0)
			continue;
		squares += weeks[j].spread;
		freedom += weeks[j].n - 1;
	}
	return freedom < WITHIN_MIN ? scale * scale
				    : fmax(squares / freedom, LEAST_VARIANCE);
}

static double variance_between(const struct shift_week *weeks,
			       const struct shift_group *group, double within)
{
	double c1 = 0, c2 = 0, mean = 0, q = 0, freedom = group->n_weeks - 1, found;

	for (guint j = group->first; j < group->end; j++) {
		double c = weeks[j].weight / within;

		c1 += c;
		c2 += c * c;
		mean += c * weeks[j].level;
	}
	mean /= c1;
	for (guint j = group->first; j < group->end; j++) {
		double off = weeks[j].level - mean;

		q += weeks[j].weight / within * off * off;
	}
	found = fmax(0, (q - freedom) / (c1 - c2 / c1));
	return (found * freedom + SPREAD * SPREAD * SPREAD_WEEKS) /
	       (freedom + SPREAD_WEEKS);
}

static void pool(const struct shift_week *weeks, struct shift_group *group, double within,
		 double between)
{
	for (guint j = group->first; j < group->end; j++) {
		double g;

		if (weeks[j].n == 0)
			continue;
		g = 1 / (between + within / weeks[j].weight);
		group->precision += g;
		group->level += g * weeks[j].level;
	}
	group->level /= group->precision;
}

void shift_groups_pool(const struct shift_week *weeks, double scale,
		       struct shift_group *after, struct shift_group *before)
{
	double within = variance_within(weeks, before, scale);
	double between = variance_between(weeks, before, within);

	pool(weeks, after, within, between);
	pool(weeks, before, within, between);
}
