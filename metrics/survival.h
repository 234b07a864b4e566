#pragma once

/*
 * The Kaplan-Meier estimate of how long something takes of which some is not over yet
 * (E. L. Kaplan, P. Meier, "Nonparametric Estimation from Incomplete Observations",
 * J. Am. Stat. Assoc. 53 (1958) 457-481): what is still open counts as "at least this
 * long" instead of not at all.
 */
#include <glib.h>

/* Median of n_over spans that ended and n_open that have lasted so far (all µs, >= 0;
 * both arrays are sorted on the way), in seconds: the least span t with S(t) <= 1/2,
 * where S falls by a factor (1 - d/r) at each span at which d of the r that lasted at
 * least so long ended; an end and an open one of the same length: the open one is still
 * at risk. S is compared exactly (as a quotient of whole numbers, or so that rounding
 * never decides). NAN if S stays above 1/2, or there is nothing. */
double survival_median(gint64 *over, gsize n_over, gint64 *open, gsize n_open);
