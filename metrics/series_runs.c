#include "metrics/series_work.h"

#define DAY G_TIME_SPAN_DAY

static gint compare_runs(gconstpointer left, gconstpointer right)
{
	const struct run *a = left, *b = right;

	return a->day < b->day ? -1 : a->day > b->day;
}

static gint64 instant_at(const void *samples, gsize size, gsize offset, gsize i)
{
	const char *sample = (const char *)samples + i * size;

	return *(const gint64 *)(const void *)(sample + offset);
}

/* Samples are sorted by instant and so almost by date, but not where clocks are set back
 * across midnight. */
GArray *runs_find(const struct zone *zone, const void *samples, gsize n, gsize size,
		  gsize offset)
{
	GArray *runs = g_array_sized_new(FALSE, FALSE, sizeof(struct run), 64);
	gsize i = 0;

	while (i < n) {
		gint64 at = instant_at(samples, size, offset, i), until, end;
		GTimeSpan ahead = zone_offset(zone, at, &until);
		struct run run = { zone_local_day(zone, at), i, 0 };

		end = MIN(until, (run.day + 1) * DAY - ahead);
		do
			i++;
		while (i < n && instant_at(samples, size, offset, i) < end);
		run.n = i - run.first;
		g_array_append_val(runs, run);
	}
	g_array_sort(runs, compare_runs);
	return runs;
}

/* The first run on day or later. */
static guint find_day(const GArray *runs, gint32 day)
{
	guint low = 0, high = runs->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(runs, struct run, middle).day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct runs runs_between(const GArray *runs, gint32 first_day, gint32 end_day)
{
	guint first = find_day(runs, first_day);

	return (struct runs){ &g_array_index(runs, struct run, first),
			      find_day(runs, end_day) - first };
}

gsize runs_n_samples(struct runs runs)
{
	gsize n = 0;

	for (guint i = 0; i < runs.n; i++)
		n += runs.runs[i].n;
	return n;
}

guint runs_n_days(struct runs runs)
{
	guint n = 0;

	for (guint i = 0; i < runs.n; i++)
		if (i == 0 || runs.runs[i].day != runs.runs[i - 1].day)
			n++;
	return n;
}
