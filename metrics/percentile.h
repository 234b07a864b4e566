#pragma once

/*
 * How spans of time are distributed: the arithmetic behind every p50 … mean that is
 * published. See series.h for percentile_sorted().
 */
#include <glib.h>

/* Seconds; NAN if there are no values. */
struct distribution {
	double p50, p75, p90, p95, mean;
};
extern const struct distribution distribution_none;

/* Of n spans in µs, which are sorted on the way; scratch has room for n as well.
 * Percentiles are those of span / 1e6, in PostgreSQL: percentile_cont(q) within group
 * (order by span / 1e6::float8). The mean does not depend on the order of the values:
 * their sum is exact and is rounded once, sum(span)::float8 / (count(*) * 1e6::float8).
 */
struct distribution distribution_of(gint64 *spans, gsize n, gint64 *scratch);

/* Sorts n values upwards; scratch has room for n as well. Takes time in proportion to n.
 */
void spans_sort(gint64 *spans, gsize n, gint64 *scratch);
