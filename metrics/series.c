#include "metrics/series_work.h"

const guint series_window_days[3] = { 7, 28, 90 };

static const char *const metric_names[N_METRICS] = {
	[METRIC_DEPLOYMENT_FREQUENCY] = "deployment_frequency",
	[METRIC_CHANGE_LEAD_TIME] = "change_lead_time",
	[METRIC_CHANGE_FAIL_RATE] = "change_fail_rate",
	[METRIC_RECOVERY_TIME] = "failed_deployment_recovery_time",
	[METRIC_REWORK_RATE] = "deployment_rework_rate",
	[METRIC_TIME_TO_RESTORE] = "time_to_restore",
	[METRIC_LEAD_TIME_ALL] = "change_lead_time_all",
	[METRIC_STAGE_CODING] = "lead_time_coding",
	[METRIC_STAGE_PICKUP] = "lead_time_pickup",
	[METRIC_STAGE_REVIEW] = "lead_time_review",
	[METRIC_STAGE_DEPLOY] = "lead_time_deploy",
};

const char *metric_name(enum metric metric)
{
	return metric_names[metric];
}

bool metric_parse(const char *name, enum metric *metric)
{
	for (int i = 0; i < N_METRICS; i++)
		if (strcmp(name, metric_names[i]) == 0) {
			*metric = (enum metric)i;
			return true;
		}
	return false;
}

static gint32 day_of_birth(const struct zone *zone, gint64 born)
{
	return born == INSTANT_NONE ? G_MAXINT32 : zone_local_day(zone, born);
}

static void work_init(struct work *work, const struct series_input *input)
{
	const struct zone *zone = input->zone;
	gint32 born_day = day_of_birth(zone, input->born);

	*work = (struct work){
		.input = input,
		.born_day = born_day,
		.restore_day = MIN(born_day, day_of_birth(zone, input->incidents_born)),
		.now_day = zone_local_day(zone, input->now),
		.rollouts = runs_find(zone, input->rollouts, input->n_rollouts,
				      sizeof(*input->rollouts),
				      G_STRUCT_OFFSET(struct rollout_sample, finished)),
		.leads = runs_find(zone, input->samples, input->n_samples,
				   sizeof(*input->samples),
				   G_STRUCT_OFFSET(struct lead_sample, finished)),
		.stages = runs_find(zone, input->stages, input->n_stages,
				    sizeof(*input->stages),
				    G_STRUCT_OFFSET(struct stage_sample, finished)),
		.authors = g_new(guint64, MIN(input->minimum_authors,
					      MAX(input->n_samples, input->n_stages))),
	};
	spans_init(&work->recoveries, zone, input->recoveries, input->n_recoveries);
	spans_init(&work->restores, zone, input->restores, input->n_restores);
}

static void work_clear(struct work *work)
{
	g_clear_pointer(&work->rollouts, g_array_unref);
	g_clear_pointer(&work->leads, g_array_unref);
	g_clear_pointer(&work->stages, g_array_unref);
	spans_clear(&work->recoveries);
	spans_clear(&work->restores);
	g_free(work->spans);
	g_free(work->scratch);
	g_free(work->authors);
}

void work_make_room(struct work *work, gsize n)
{
	if (n <= work->n_room)
		return;
	g_free(work->spans);
	g_free(work->scratch);
	work->n_room = n + n / 2;
	work->spans = g_new(gint64, work->n_room);
	work->scratch = g_new(gint64, work->n_room);
}

struct series_row series_row_of(enum metric metric, const struct period *period, gsize n,
				const struct distribution *spread)
{
	return (struct series_row){
		.metric = metric,
		.grain = period->grain,
		.window_days = period->window_days,
		.start = period->start,
		.end = period->end,
		.n = (gint64)n,
		.numerator = NAN,
		.denominator = NAN,
		.value = NAN,
		.p50 = spread->p50,
		.p75 = spread->p75,
		.p90 = spread->p90,
		.p95 = spread->p95,
		.mean = spread->mean,
		.deployment_days = NAN,
		.km_median = NAN,
		.pending = -1,
		.open = -1,
		.oldest_open = INSTANT_NONE,
	};
}

/* Every row of a period, in the order of the metrics. */
static void add_period(struct work *work, const struct period *period, GArray *rows)
{
	const bool born = period->end_day > work->born_day;
	bool by_rule = false;

	if (born) {
		struct tally tally = tally_of(work, period);

		add_frequency(work, period, rows);
		by_rule = add_lead_time(work, period, rows);
		add_fail_rate(&tally, period, rows);
		add_spans(work, METRIC_RECOVERY_TIME, &work->recoveries, period, rows);
		add_rework_rate(&tally, period, rows);
	}
	add_spans(work, METRIC_TIME_TO_RESTORE, &work->restores, period, rows);
	if (by_rule)
		add_lead_time_all(work, period, rows);
	if (born)
		add_stages(work, period, rows);
}

void series_buckets(const struct series_input *input, gint32 from_day, gint32 to_day,
		    GArray *rows)
{
	_cleanup_(work_clear) struct work work = { 0 };

	work_init(&work, input);
	if (work.restore_day == G_MAXINT32 || from_day >= to_day)
		return;
	for (int i = 0; i < N_GRAINS; i++) {
		enum grain grain = (enum grain)i;
		gint32 first = grain_floor(
			grain, MAX(from_day, grain_floor(grain, work.restore_day)));

		while (first < to_day && first <= work.now_day) {
			struct period period = {
				.grain = grain,
				.first_day = first,
				.end_day = grain_next(grain, first),
				.start = zone_day_start(input->zone, first),
			};

			period.end = zone_day_start(input->zone, period.end_day);
			/* A day that the zone left out is no bucket. */
			if (period.start < period.end)
				add_period(&work, &period, rows);
			first = period.end_day;
		}
	}
}

void series_reach(const struct zone *zone, gint32 from_day, gint32 to_day, gint64 *from,
		  gint64 *to)
{
	gint32 first = MIN(grain_floor(GRAIN_WEEK, from_day),
			   grain_floor(GRAIN_QUARTER, from_day));
	gint32 last = MAX(from_day, to_day - 1);
	gint32 end = MAX(grain_next(GRAIN_WEEK, grain_floor(GRAIN_WEEK, last)),
			 grain_next(GRAIN_QUARTER, grain_floor(GRAIN_QUARTER, last)));

	/* A day more, because an hour that comes twice may show the new date before its
	 * bucket starts. */
	*from = zone_day_start(zone, first - 1);
	*to = zone_day_start(zone, end);
}

void series_windows(const struct series_input *input, GArray *rows)
{
	_cleanup_(work_clear) struct work work = { 0 };
	gint32 end_day;

	work_init(&work, input);
	end_day = work.now_day;
	if (zone_day_start(input->zone, end_day) > input->now)
		end_day--;
	if (work.restore_day >= end_day)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(series_window_days); i++) {
		struct period period = {
			.grain = GRAIN_DAY,
			.window_days = series_window_days[i],
			.first_day = end_day - (gint32)series_window_days[i],
			.end_day = end_day,
			.end = zone_day_start(input->zone, end_day),
		};

		period.start = zone_day_start(input->zone, period.first_day);
		add_period(&work, &period, rows);
	}
}
