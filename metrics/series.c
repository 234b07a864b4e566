#include "metrics/series.h"

#include <math.h>

#include "metrics/percentile.h"

#define DAY G_TIME_SPAN_DAY

/* Samples that follow one another and have the same local date. */
struct run {
	gint32 day;
	gsize first, n;
};

/* Some of the runs: those of a bucket or window. */
struct runs {
	const struct run *runs;
	guint n;
};

/* Where and when to count. */
struct period {
	enum grain grain;
	guint window_days;
	gint32 first_day, end_day;
	gint64 start, end;
};

/* What one computation carries from period to period. */
struct work {
	const struct series_input *input;
	gint32 born_day, now_day;
	GArray *rollouts, *samples; /* of struct run, by day */
	gint64 *spans, *scratch;    /* room for n_room */
	gsize n_room;
	guint64 *authors; /* room for as many as are asked for and there may be */
};

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

static gint compare_runs(gconstpointer left, gconstpointer right)
{
	const struct run *a = left, *b = right;

	return a->day < b->day ? -1 : a->day > b->day;
}

/* Both kinds of sample start with their finish. */
static gint64 finish_at(const void *samples, gsize size, gsize i)
{
	G_STATIC_ASSERT(G_STRUCT_OFFSET(struct lead_sample, finished) == 0);
	G_STATIC_ASSERT(G_STRUCT_OFFSET(struct rollout_sample, finished) == 0);
	return *(const gint64 *)(const void *)((const char *)samples + i * size);
}

/* Cuts n samples, each of size bytes, into runs. They are sorted by finish and so almost
 * by date, but not where clocks are set back across midnight. */
static GArray *find_runs(const struct zone *zone, const void *samples, gsize n,
			 gsize size)
{
	GArray *runs = g_array_sized_new(FALSE, FALSE, sizeof(struct run), 64);
	gsize i = 0;

	while (i < n) {
		gint64 finish = finish_at(samples, size, i), until, end;
		GTimeSpan offset = zone_offset(zone, finish, &until);
		struct run run = { zone_local_day(zone, finish), i, 0 };

		end = MIN(until, (run.day + 1) * DAY - offset);
		do
			i++;
		while (i < n && finish_at(samples, size, i) < end);
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

static struct runs runs_between(const GArray *runs, gint32 first_day, gint32 end_day)
{
	guint first = find_day(runs, first_day);

	return (struct runs){ &g_array_index(runs, struct run, first),
			      find_day(runs, end_day) - first };
}

static gsize n_samples_of(struct runs runs)
{
	gsize n = 0;

	for (guint i = 0; i < runs.n; i++)
		n += runs.runs[i].n;
	return n;
}

static guint n_days_of(struct runs runs)
{
	guint n = 0;

	for (guint i = 0; i < runs.n; i++)
		if (i == 0 || runs.runs[i].day != runs.runs[i - 1].day)
			n++;
	return n;
}

static void work_init(struct work *work, const struct series_input *input)
{
	*work = (struct work){
		.input = input,
		.born_day = zone_local_day(input->zone, input->born),
		.now_day = zone_local_day(input->zone, input->now),
		.rollouts = find_runs(input->zone, input->rollouts, input->n_rollouts,
				      sizeof(*input->rollouts)),
		.samples = find_runs(input->zone, input->samples, input->n_samples,
				     sizeof(*input->samples)),
		.authors = g_new(guint64, MIN(input->minimum_authors, input->n_samples)),
	};
}

static void work_clear(struct work *work)
{
	g_array_unref(work->rollouts);
	g_array_unref(work->samples);
	g_free(work->spans);
	g_free(work->scratch);
	g_free(work->authors);
}

static void make_room(struct work *work, gsize n)
{
	if (n <= work->n_room)
		return;
	g_free(work->spans);
	g_free(work->scratch);
	work->n_room = n + n / 2;
	work->spans = g_new(gint64, work->n_room);
	work->scratch = g_new(gint64, work->n_room);
}

/* Are there as many different authors as must be for a distribution to be published? */
static bool has_enough_authors(struct work *work, struct runs runs)
{
	guint minimum = work->input->minimum_authors, n = 0;

	for (guint i = 0; i < runs.n; i++) {
		const struct run *run = &runs.runs[i];

		for (gsize j = run->first; n < minimum && j < run->first + run->n; j++) {
			guint64 author = work->input->samples[j].author;
			guint seen = 0;

			while (seen < n && work->authors[seen] != author)
				seen++;
			if (author != 0 && seen == n)
				work->authors[n++] = author;
		}
	}
	return n >= minimum;
}

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
		spans[n++] = n_days_of(runs_between(work->rollouts, first, first + 7));
	spans_sort(spans, n, scratch);
	for (guint i = 0; i < n; i++)
		days[i] = (double)spans[i];
	return percentile_sorted(days, n, 0.5);
}

static struct series_row make_row(enum metric metric, const struct period *period,
				  gsize n, const struct distribution *spread)
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

static void add_frequency(struct work *work, const struct period *period, GArray *rows)
{
	struct runs runs = runs_between(work->rollouts, period->first_day,
					period->end_day);
	gsize n = n_samples_of(runs), n_spans = 0;
	struct distribution spread;
	struct series_row row;

	make_room(work, n);
	for (guint i = 0; i < runs.n; i++) {
		const struct rollout_sample *samples = work->input->rollouts +
						       runs.runs[i].first;

		for (gsize j = 0; j < runs.runs[i].n; j++)
			if (samples[j].previous != INSTANT_NONE)
				work->spans[n_spans++] = samples[j].finished -
							 samples[j].previous;
	}
	spread = distribution_of(work->spans, n_spans, work->scratch);
	row = make_row(METRIC_DEPLOYMENT_FREQUENCY, period, n, &spread);
	row.value = (double)n;
	row.numerator = n_days_of(runs);
	row.denominator = (double)days_between(work->input->zone,
					       MAX(period->first_day, work->born_day),
					       MIN(period->end_day, work->now_day + 1));
	if (period->window_days > 0)
		row.deployment_days = median_deployment_days(work, period);
	g_array_append_val(rows, row);
}

static void add_lead_time(struct work *work, const struct period *period, GArray *rows)
{
	struct runs runs = runs_between(work->samples, period->first_day,
					period->end_day);
	gsize n = n_samples_of(runs), n_spans = 0;
	struct distribution spread = distribution_none;
	struct series_row row;

	if (has_enough_authors(work, runs)) {
		make_room(work, n);
		for (guint i = 0; i < runs.n; i++) {
			const struct lead_sample *samples = work->input->samples +
							    runs.runs[i].first;

			for (gsize j = 0; j < runs.runs[i].n; j++)
				work->spans[n_spans++] = samples[j].lead;
		}
		spread = distribution_of(work->spans, n_spans, work->scratch);
	}
	row = make_row(METRIC_CHANGE_LEAD_TIME, period, n, &spread);
	row.value = row.p50;
	g_array_append_val(rows, row);
}

void series_buckets(const struct series_input *input, gint32 from_day, gint32 to_day,
		    GArray *rows)
{
	_cleanup_(work_clear) struct work work = { 0 };

	work_init(&work, input);
	if (input->born == INSTANT_NONE || from_day >= to_day)
		return;
	for (int i = 0; i < N_GRAINS; i++) {
		enum grain grain = (enum grain)i;
		gint32 first = grain_floor(
			grain, MAX(from_day, grain_floor(grain, work.born_day)));

		while (first < to_day && first <= work.now_day) {
			struct period period = {
				.grain = grain,
				.first_day = first,
				.end_day = grain_next(grain, first),
				.start = zone_day_start(input->zone, first),
			};

			period.end = zone_day_start(input->zone, period.end_day);
			/* A day that the zone left out is no bucket. */
			if (period.start < period.end) {
				add_frequency(&work, &period, rows);
				add_lead_time(&work, &period, rows);
			}
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
	if (input->born == INSTANT_NONE || work.born_day >= end_day)
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
		add_frequency(&work, &period, rows);
		add_lead_time(&work, &period, rows);
	}
}
