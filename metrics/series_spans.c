/* The metrics of what begins and perhaps ends: recovery time and time to restore. */
#include "metrics/series_work.h"
#include "metrics/survival.h"

/* How many of n ascending instants, the n-th at values + i * stride bytes, are not after
 * at. */
static gsize n_until(const gint64 *values, gsize n, gsize stride, gint64 at)
{
	gsize low = 0, high = n;

	while (low < high) {
		gsize middle = low + (high - low) / 2;

		if (values[middle * stride] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void spans_init(struct spans *spans, const struct zone *zone,
		const struct span_sample *samples, gsize n)
{
	g_autofree gint64 *scratch = g_new(gint64, n);

	*spans = (struct spans){
		.samples = samples,
		.n = n,
		.n_ended = n,
		.began = g_new(gint64, n),
		.first_since = g_new(gint64, n),
	};
	while (spans->n_ended > 0 && samples[spans->n_ended - 1].ended == INSTANT_NONE)
		spans->n_ended--;
	spans->runs = runs_find(zone, samples, spans->n_ended, sizeof(*samples),
				G_STRUCT_OFFSET(struct span_sample, ended));
	for (gsize i = n; i > 0; i--) {
		gint64 began = samples[i - 1].began;

		spans->began[i - 1] = began;
		spans->first_since[i - 1] = i < n ? MIN(began, spans->first_since[i])
						  : began;
	}
	spans_sort(spans->began, n, scratch);
}

void spans_clear(struct spans *spans)
{
	g_clear_pointer(&spans->runs, g_array_unref);
	g_clear_pointer(&spans->began, g_free);
	g_clear_pointer(&spans->first_since, g_free);
}

/* How many of the spans had ended at an instant: these come first. */
static gsize n_ended_until(const struct spans *spans, gint64 at)
{
	G_STATIC_ASSERT(sizeof(struct span_sample) == 3 * sizeof(gint64));
	return spans->n_ended == 0
		       ? 0
		       : n_until(&spans->samples->ended, spans->n_ended, 3, at);
}

/* The Kaplan-Meier median of the n spans gathered and those open at the period's end. */
static double median_with_open(struct work *work, const struct spans *spans, gsize n,
			       gsize first_open, const struct period *period)
{
	gsize n_open = 0;

	for (gsize i = first_open; i < spans->n; i++)
		if (spans->samples[i].began < period->end)
			work->scratch[n_open++] = period->end - spans->samples[i].began;
	return survival_median(work->spans, n, work->scratch, n_open);
}

void add_spans(struct work *work, enum metric metric, const struct spans *spans,
	       const struct period *period, GArray *rows)
{
	struct runs runs = runs_between(spans->runs, period->first_day, period->end_day);
	gint64 last = MIN(period->end - 1, work->input->now);
	gsize first_open = n_ended_until(spans, last), n = 0;
	struct distribution spread;
	struct series_row row;

	work_make_room(work, MAX(runs_n_samples(runs), spans->n - first_open));
	for (guint i = 0; i < runs.n; i++) {
		const struct span_sample *samples = spans->samples + runs.runs[i].first;

		for (gsize j = 0; j < runs.runs[i].n; j++)
			if (!samples[j].left)
				work->spans[n++] = samples[j].ended - samples[j].began;
	}
	spread = distribution_of(work->spans, n, work->scratch);
	row = series_row_of(metric, period, n, &spread);
	row.value = row.p50;
	row.open = (gint64)n_until(spans->began, spans->n, 1, last) - (gint64)first_open;
	if (row.open > 0)
		row.oldest_open = spans->first_since[first_open];
	if (period->window_days > 0)
		row.km_median = median_with_open(work, spans, n, first_open, period);
	g_array_append_val(rows, row);
}
