/* Change lead time, with and without what rules leave out, and its stages. */
#include "metrics/series_work.h"

/* Of the gathered spans; none where the group of authors is too small. */
static void add_row(struct work *work, enum metric metric, const struct period *period,
		    gsize n, const struct crowd *crowd, GArray *rows)
{
	struct distribution spread = distribution_none;
	struct series_row row;

	if (crowd_is_enough(crowd))
		spread = distribution_of(work->spans, n, work->scratch);
	row = series_row_of(metric, period, n, &spread);
	row.value = row.p50;
	g_array_append_val(rows, row);
}

/* Of all samples, or those that no rule leaves out. Returns whether it took every one. */
static bool add_leads(struct work *work, enum metric metric, bool all,
		      const struct period *period, GArray *rows)
{
	struct runs runs = runs_between(work->leads, period->first_day, period->end_day);
	struct crowd crowd = crowd_of(work);
	gsize n = 0;

	work_make_room(work, runs_n_samples(runs));
	for (guint i = 0; i < runs.n; i++) {
		const struct lead_sample *samples = work->input->samples +
						    runs.runs[i].first;

		for (gsize j = 0; j < runs.runs[i].n; j++) {
			if (samples[j].by_rule && !all)
				continue;
			crowd_add(&crowd, samples[j].author);
			work->spans[n++] = samples[j].lead;
		}
	}
	add_row(work, metric, period, n, &crowd, rows);
	return n == runs_n_samples(runs);
}

bool add_lead_time(struct work *work, const struct period *period, GArray *rows)
{
	return !add_leads(work, METRIC_CHANGE_LEAD_TIME, false, period, rows);
}

void add_lead_time_all(struct work *work, const struct period *period, GArray *rows)
{
	add_leads(work, METRIC_LEAD_TIME_ALL, true, period, rows);
}

static void add_stage(struct work *work, guint stage, struct runs runs,
		      const struct period *period, GArray *rows)
{
	struct crowd crowd = crowd_of(work);
	gsize n = 0;

	for (guint i = 0; i < runs.n; i++) {
		const struct stage_sample *samples = work->input->stages +
						     runs.runs[i].first;

		for (gsize j = 0; j < runs.runs[i].n; j++) {
			if (samples[j].spans[stage] < 0)
				continue;
			crowd_add(&crowd, samples[j].author);
			work->spans[n++] = samples[j].spans[stage];
		}
	}
	if (n > 0)
		add_row(work, (enum metric)(METRIC_STAGE_CODING + stage), period, n,
			&crowd, rows);
}

void add_stages(struct work *work, const struct period *period, GArray *rows)
{
	struct runs runs = runs_between(work->stages, period->first_day, period->end_day);

	G_STATIC_ASSERT(METRIC_STAGE_DEPLOY - METRIC_STAGE_CODING == N_STAGES - 1);
	work_make_room(work, runs_n_samples(runs));
	for (guint stage = 0; stage < N_STAGES; stage++)
		add_stage(work, stage, runs, period, rows);
}
