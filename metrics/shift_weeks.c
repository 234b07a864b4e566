/* Weeks that are counted back from a day, and how many more of them it takes. */
#include <math.h>

#include "metrics/shift_inside.h"

/* Beyond half a year nobody knows. */
#define FORESEEN 25
#define RATE_WEEKS 8
#define ROUNDING 1e-9

double shift_sign(const struct shift_series *series)
{
	return series->direction == SHIFT_BETTER ? -1 : 1;
}

double shift_least(const struct shift_series *series, const struct shift_kind *kind)
{
	return series->gate > 1 ? series->gate : kind->gate;
}

/* The first sample of the day or later. */
static gsize first_from(const struct shift_series *series, gint64 day)
{
	gsize low = 0, high = series->n;

	while (low < high) {
		gsize middle = low + (high - low) / 2;

		if (series->samples[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct shift_range shift_range(const struct shift_series *series, gint64 first,
			       gint64 last)
{
	struct shift_range range = { first_from(series, first),
				     first_from(series, last + 1) };

	range.to = MAX(range.from, range.to);
	return range;
}

guint shift_weeks(const struct shift_series *series, gint32 last)
{
	gint64 days = (gint64)last + 1 - series->baseline_start;

	return (guint)CLAMP(days / 7, 0, SHIFT_WEEKS);
}

guint shift_lacking_weeks(double weeks)
{
	return weeks <= FORESEEN ? (guint)fmax(1, ceil(weeks)) : SHIFT_LACKING_MAX;
}

/* What weeks come to on average. */
struct pace {
	double n, seen;
};

static struct pace pace_of(const double *n, const bool *seen)
{
	struct pace pace = { 0 };
	guint weeks = SHIFT_WEEKS;

	while (weeks > 0 && n[weeks - 1] <= 0)
		weeks--;
	weeks = MIN(weeks, RATE_WEEKS);
	for (guint j = 0; j < weeks; j++) {
		pace.n += n[j] / weeks;
		pace.seen += (double)seen[j] / weeks;
	}
	return pace;
}

static bool suffices(const struct shift_need *need, const struct pace *weeks, guint w)
{
	struct pace after = { 0 }, before = { 0 };

	for (guint j = 0; j < w; j++) {
		after.n += weeks[j].n;
		after.seen += weeks[j].seen;
	}
	for (guint j = w; j < w + SHIFT_BASELINE; j++) {
		before.n += weeks[j].n;
		before.seen += weeks[j].seen;
	}
	if (after.n + before.n < need->total - ROUNDING ||
	    before.seen < need->weeks - ROUNDING)
		return false;
	if (need->expected > 0)
		return before.n * after.seen >= (need->expected - ROUNDING) * before.seen;
	return after.n >= need->after - ROUNDING && before.n >= need->before - ROUNDING;
}

/* The weeks that are there move back as new ones come. */
guint shift_lacking(const struct shift_need *need, const double *n, const bool *seen)
{
	struct pace weeks[SHIFT_WEEKS], pace = pace_of(n, seen);

	for (guint more = 1; pace.n > 0 && more <= FORESEEN; more++) {
		for (guint j = 0; j < SHIFT_WEEKS; j++)
			weeks[j] = j < more
					   ? pace
					   : (struct pace){ n[j - more], seen[j - more] };
		for (guint w = 1; w <= SHIFT_WINDOWS; w++)
			if (suffices(need, weeks, w))
				return more;
	}
	return SHIFT_LACKING_MAX;
}
