#pragma once

/*
 * When did the level change? Cuts a series of equally spaced values into stretches by the
 * vote of five voters, for history: charts, annotations, the baseline at import. Not for
 * alerts: it sees a change some weeks late, and too many in noise.
 *
 * First gaps are filled and lone outliers put right (segment_clean.c); then, of the
 * standardised series,
 *   either   the best cut into levels or into straight lines   (segment_fit.c)
 *   levels   the best cut into levels, where neighbours count as partly the same value
 *   lines    the same of straight lines
 *   splits   cut in two again and again                        (segment_split.c)
 *   online   the most probable path of a Bayesian filter       (segment_online.c)
 * each name first points of new levels, and what enough of them name, at most 5 points
 * apart, is a change (segment.c). Formulas and sources are in those files.
 *
 * A series shorter than 20 has no change: the cuts need 10 points a stretch on average.
 * Costs k n² operations for up to k = 10 changes, and k n numbers of memory.
 */
#include <glib.h>
#include <stdbool.h>

/* What callers must keep to: 10 years of days, which take about a second. */
#define SEGMENT_MAX 4000

/* The first indices of the new levels, ascending, at least 3 apart: array of guint; the
 * caller unrefs. NAN (or an infinite value) is a gap, filled by a straight line (from the
 * nearest value at the ends); of fewer than 2 values, or values that are all equal, there
 * is no change. light: three voters of five (either, levels, splits), of which two are
 * enough; else three of the five. n ≤ SEGMENT_MAX. The same values times a power of two
 * give the same answer. */
GArray *segment_changes(const double *values, gsize n, bool light);
