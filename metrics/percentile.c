#include "metrics/percentile.h"

#include <math.h>
#include <string.h>

#include "metrics/series.h"

/* Up to here insertion is faster than counting digits. */
#define FEW 48
#define MAX_DIGIT_BITS 11

const struct distribution distribution_none = { NAN, NAN, NAN, NAN, NAN };

/* A percentile lies between two neighbours, a fraction of the way from one to the other.
 */
struct rank {
	gsize low, high;
	double fraction;
};

static struct rank rank_of(gsize n, double q)
{
	double at = q * (double)(n - 1);
	double low = floor(at);

	return (struct rank){ (gsize)low, (gsize)ceil(at), at - low };
}

static double between(double low, double high, double fraction)
{
	return low + fraction * (high - low);
}

double percentile_sorted(const double *values, gsize n, double q)
{
	struct rank rank;

	if (n == 0)
		return NAN;
	rank = rank_of(n, q);
	if (rank.low == rank.high)
		return values[rank.low];
	return between(values[rank.low], values[rank.high], rank.fraction);
}

/* Dividing keeps the order, so only the values that matter need to be divided. */
static double percentile_seconds(const gint64 *spans, gsize n, double q)
{
	struct rank rank = rank_of(n, q);
	double low = (double)spans[rank.low] / 1e6;

	if (rank.low == rank.high)
		return low;
	return between(low, (double)spans[rank.high] / 1e6, rank.fraction);
}

static void insertion_sort(gint64 *values, gsize n)
{
	for (gsize i = 1; i < n; i++) {
		gint64 value = values[i];
		gsize to = i;

		for (; to > 0 && values[to - 1] > value; to--)
			values[to] = values[to - 1];
		values[to] = value;
	}
}

/* One step of a radix sort: from goes to to, stably by one digit of value - least. */
static void distribute(const gint64 *from, gint64 *to, gsize n, guint64 least,
		       guint shift, guint bits)
{
	gsize places[1 << MAX_DIGIT_BITS];
	guint64 mask = (G_GUINT64_CONSTANT(1) << bits) - 1;
	gsize place = 0;

	memset(places, 0, sizeof(*places) << bits);
	for (gsize i = 0; i < n; i++)
		places[((guint64)from[i] - least) >> shift & mask]++;
	for (gsize digit = 0; digit <= mask; digit++) {
		gsize count = places[digit];

		places[digit] = place;
		place += count;
	}
	for (gsize i = 0; i < n; i++)
		to[places[((guint64)from[i] - least) >> shift & mask]++] = from[i];
}

void spans_sort(gint64 *spans, gsize n, gint64 *scratch)
{
	guint max_bits = n < 4096 ? 8 : MAX_DIGIT_BITS;
	guint width, n_digits, bits;
	gint64 least, most, *from = spans, *to = scratch;

	if (n <= FEW) {
		insertion_sort(spans, n);
		return;
	}
	least = most = spans[0];
	for (gsize i = 1; i < n; i++) {
		least = MIN(least, spans[i]);
		most = MAX(most, spans[i]);
	}
	if (least == most)
		return;
	/* Only as many digits as the values differ in, all of one width. */
	width = 64 - (guint)__builtin_clzll((guint64)most - (guint64)least);
	n_digits = (width + max_bits - 1) / max_bits;
	bits = (width + n_digits - 1) / n_digits;
	for (guint i = 0; i < n_digits; i++) {
		gint64 *other = from;

		distribute(from, to, n, (guint64)least, i * bits, bits);
		from = to;
		to = other;
	}
	if (from != spans)
		memcpy(spans, from, n * sizeof(*spans));
}

struct distribution distribution_of(gint64 *spans, gsize n, gint64 *scratch)
{
	__int128 sum = 0;

	if (n == 0)
		return distribution_none;
	spans_sort(spans, n, scratch);
	for (gsize i = 0; i < n; i++)
		sum += spans[i];
	return (struct distribution){
		.p50 = percentile_seconds(spans, n, 0.5),
		.p75 = percentile_seconds(spans, n, 0.75),
		.p90 = percentile_seconds(spans, n, 0.9),
		.p95 = percentile_seconds(spans, n, 0.95),
		.mean = (double)sum / ((double)n * 1e6),
	};
}
