/* The metrics that count rollouts: deployment frequency, change fail rate, rework rate.
 */
#include "metrics/series_work.h"

#define DAY G_TIME_SPAN_DAY

/* The days of [first_day, end_day) that there were: a whole number of days and at most a
 * few hours by which the clock was changed. */
static gint64 days_between(const struct zone *zone, gint32 first_day, gint32 end_day)
{
	gint64 elapsed = zone_day_start(zone, end_day) - zone_day_start(zone, first_day);

	return (elapsed + DAY / 2) / DAY;
}

/* The median over whole weeks, back from the end, of the days with a rollout. A week that
 * began before the service did is not whole. */
static double median_deployment_days(const struct work *work, const struct period *period)
{
	double days[16];
	gint64 spans[G_N_ELEMENTS(days)], scratch[G_N_ELEMENTS(days)];
	guint n = 0;

	for (gint32 first = period->end_day - 7;
	     first >= period->first_day && first >= work->born_day &&
	     n < G_N_ELEMENTS(days);
	     first -= 7)
		spans[n++] = runs_n_days(runs_between(work->rollouts, first, first + 7));
	spans_sort(spans, n, scratch);
	for (guint i = 0; i < n; i++)
		days[i] = (double)spans[i];
	return percentile_sorted(days, n, 0.5);
}

void add_frequency(struct work *work, const struct period *period, GArray *rows)
{
	struct runs runs = runs_between(work->rollouts, period->first_day,
					period->end_day);
	gsize n = runs_n_samples(runs), n_spans = 0;
	struct distribution spread;
	struct series_row row;

	work_make_room(work, n);
	for (guint i = 0; i < runs.n; i++) {
		const struct rollout_sample *samples = work->input->rollouts +
						       runs.runs[i].first;

		for (gsize j = 0; j < runs.runs[i].n; j++)
			if (samples[j].previous != INSTANT_NONE)
				work->spans[n_spans++] = samples[j].finished -
							 samples[j].previous;
	}
	spread = distribution_of(work->spans, n_spans, work->scratch);
	row = series_row_of(METRIC_DEPLOYMENT_FREQUENCY, period, n, &spread);
	row.value = (double)n;
	row.numerator = runs_n_days(runs);
	row.denominator = (double)days_between(work->input->zone,
					       MAX(period->first_day, work->born_day),
					       MIN(period->end_day, work->now_day + 1));
	if (period->window_days > 0)
		row.deployment_days = median_deployment_days(work, period);
	g_array_append_val(rows, row);
}

struct tally tally_of(const struct work *work, const struct period *period)
{
	struct runs runs = runs_between(work->rollouts, period->first_day,
					period->end_day);
	struct tally tally = { .n = runs_n_samples(runs) };

	for (guint i = 0; i < runs.n; i++) {
		const struct rollout_sample *samples = work->input->rollouts +
						       runs.runs[i].first;

		for (gsize j = 0; j < runs.runs[i].n; j++) {
			tally.states[samples[j].state]++;
			tally.unplanned += samples[j].unplanned;
		}
	}
	return tally;
}

static struct series_row ratio_row(enum metric metric, const struct period *period,
				   gsize part, gsize n)
{
	struct series_row row = series_row_of(metric, period, n, &distribution_none);

	row.numerator = (double)part;
	row.denominator = (double)n;
	if (n > 0)
		row.value = row.numerator / row.denominator;
	return row;
}

void add_fail_rate(const struct tally *tally, const struct period *period, GArray *rows)
{
	gsize failed = tally->states[CHANGE_FAILED];
	struct series_row row = ratio_row(METRIC_CHANGE_FAIL_RATE, period, failed,
					  failed + tally->states[CHANGE_OK]);

	row.pending = (gint64)tally->states[CHANGE_PENDING];
	g_array_append_val(rows, row);
}

void add_rework_rate(const struct tally *tally, const struct period *period, GArray *rows)
{
	struct series_row row = ratio_row(METRIC_REWORK_RATE, period, tally->unplanned,
					  tally->n);

	g_array_append_val(rows, row);
}
