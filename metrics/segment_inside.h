#pragma once

/*
 * The parts of the segmenter, for metrics/segment*.c, their tests and benchmark alone.
 * z is a standardised series: no gaps, mean 0, standard deviation 1.
 */
#include <glib.h>
#include <stdbool.h>

/* What two sums of squares of one standardised series differ by if nothing but rounding
 * makes them differ. Then they are equal, and the lower index is taken: which of two
 * equal cuts is found would otherwise depend on the order of additions. */
#define SEGMENT_ROUNDING 1e-9

/* Fills gaps, puts lone outliers right if filter, and standardises, into z (n of them).
 * False if nothing can have changed: fewer than 2 values, or all equal; z is then
 * anything. */
bool segment_clean(const double *values, gsize n, bool filter, double *z);

#define SEGMENT_CHANGES_MAX 10

enum segment_model { SEGMENT_LEVEL, SEGMENT_LINE };

/* The best cut with a given number of changes. */
struct segment_fit {
	guint n_changes;
	guint starts[SEGMENT_CHANGES_MAX + 1]; /* of the stretches: the first is 0 */
	double rss;			       /* residual sum of squares */
	double phi;	   /* lag-1 autocorrelation of the residuals, at least 0 */
	double least_jump; /* between levels; INFINITY if there is one, or lines */
};

/* How many changes are looked for in n points: 0 to SEGMENT_CHANGES_MAX. */
guint segment_most_changes(gsize n);

/* fits[k]: the best cut with k changes, for 0 to segment_most_changes(n), n ≥ 20. */
void segment_fit(const double *z, gsize n, enum segment_model model,
		 struct segment_fit *fits);

/* First indices of new levels (array of guint), by the other two; n ≥ 1. */
void segment_split(const double *z, gsize n, GArray *starts);
void segment_online(const double *z, gsize n, GArray *starts);
