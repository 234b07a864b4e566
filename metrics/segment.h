#pragma once

/*
 * When did the level change? Cuts a series of equally spaced values into stretches by the
 * vote of five voters, for history: charts, annotations, the baseline at import. Not for
 * alerts: it sees a change some weeks late, and too many in noise.
 *
 * Formulas and sources are in the .c files. Costs n² k operations for k ≤ 10 changes.
 */
#include <glib.h>
#include <stdbool.h>

/* Longer series are refused: 10 years of days, and memory of n² / 2 numbers. */
#define SEGMENT_MAX 4000

/* The first indices of the new levels, ascending: array of guint; the caller unrefs. NAN
 * is a gap, filled by a straight line (from the nearest value at the ends); of fewer than
 * 2 values, or values that are all equal, there is no change. light: three voters of
 * five, of which two are enough. n ≤ SEGMENT_MAX. */
GArray *segment_changes(const double *values, gsize n, bool light);
