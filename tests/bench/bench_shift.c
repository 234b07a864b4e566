/* What it takes to say whether a series is worse now, by engine and samples a week: time
 * of the processor, which does not depend on what else the machine does. */
#include <math.h>
#include <time.h>

#include "metrics/shift.h"
#include "tests/bench/bench.h"

#define TODAY 20000
#define WEEKS 60
#define DAYS 28 /* a repeat judges each of the last */
#define REPEATS 15
#define SERIES 10000
#define DISTINCT 200 /* of them: the rest are these again */
#define LIMIT_S 200e-6

static const guint volumes[] = { 10, 35, 70 };

static gint64 end_of(gint32 day)
{
	return ((gint64)day + 1) * G_TIME_SPAN_DAY;
}

static double busy_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double normal(GRand *rand)
{
	double sum = -6;

	for (guint i = 0; i < 12; i++)
		sum += g_rand_double(rand);
	return sum;
}

/* Spans: so many in a month, the last still open. */
static GArray *make(enum shift_engine engine, double per_week, guint32 seed)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	GArray *samples = g_array_new(FALSE, TRUE, sizeof(struct shift_sample));
	double rate = per_week / (engine == SHIFT_SPANS ? 4 : 1);
	guint n = (guint)(rate * WEEKS);

	for (guint i = 0; i < n; i++) {
		gint32 day = TODAY - WEEKS * 7 + 1 + (gint32)((double)i * 7 / rate);
		struct shift_sample sample = {
			.day = day,
			.known = g_rand_double(rand) < 0.15 ? day + 1 : SHIFT_NEVER,
			.began = end_of(day) - 2 * G_TIME_SPAN_HOUR,
			.seconds = 72000 * exp(1.2 * normal(rand)),
			.part = i % 5,
		};

		sample.ended = sample.began + (gint64)(sample.seconds * 1e6);
		if (i + 1 == n)
			sample.ended = INSTANT_NONE;
		g_array_append_val(samples, sample);
	}
	return samples;
}

static struct shift_series series_of(enum shift_engine engine, const GArray *samples)
{
	return (struct shift_series){
		.engine = engine,
		.samples = (const struct shift_sample *)(gconstpointer)samples->data,
		.n = samples->len,
		.baseline_start = SHIFT_NO_BOUND,
	};
}

/* Seconds a series and day. */
static double judge(struct bench *bench, const struct shift_series *series)
{
	double start = busy_now();
	guint usable = 0;

	for (gint32 day = TODAY - DAYS + 1; day <= TODAY; day++) {
		struct shift shift;

		shift_evaluate(series, day, end_of(day), &shift);
		usable += shift.usable;
	}
	if (usable < DAYS)
		bench_fail(bench, "%s: too little to judge",
			   shift_engine_name(series->engine));
	return (busy_now() - start) / DAYS;
}

static void measure(struct bench *bench, enum shift_engine engine, guint per_week)
{
	g_autoptr(GArray) samples = make(engine, per_week, per_week);
	struct shift_series series = series_of(engine, samples);
	double seconds[REPEATS], least = INFINITY;
	bool promised = engine == SHIFT_LEVEL && per_week == 35;
	g_autofree char *what = g_strdup_printf("%s, %u a week%s: median",
						shift_engine_name(engine), per_week,
						engine == SHIFT_SPANS ? " / 4" : "");

	judge(bench, &series);
	for (guint i = 0; i < REPEATS; i++) {
		seconds[i] = judge(bench, &series);
		least = fmin(least, seconds[i]);
	}
	bench_print(bench,
		    &(struct bench_row){ what, bench_median(seconds, REPEATS), NAN, "s",
					 promised ? BENCH_VALUE : BENCH_INFO, LIMIT_S });
	bench_print(bench,
		    &(struct bench_row){ "  least", least, NAN, "s", BENCH_INFO, 0 });
}

static void measure_many(struct bench *bench)
{
	double start, busy_start, seconds = 0, busy = 0;
	gint64 end = end_of(TODAY);

	for (guint engine = 0; engine < N_SHIFT_ENGINES; engine++) {
		GArray *samples[DISTINCT];

		for (guint i = 0; i < DISTINCT; i++)
			samples[i] = make((enum shift_engine)engine,
					  volumes[i % G_N_ELEMENTS(volumes)], i);
		start = bench_now();
		busy_start = busy_now();
		for (guint i = 0; i < SERIES; i++) {
			struct shift_series series = series_of((enum shift_engine)engine,
							       samples[i % DISTINCT]);
			struct shift shift;

			shift_evaluate(&series, TODAY, end, &shift);
		}
		seconds += bench_now() - start;
		busy += busy_now() - busy_start;
		for (guint i = 0; i < DISTINCT; i++)
			g_array_unref(samples[i]);
	}
	bench_print(bench, &(struct bench_row){ "10,000 series, four engines, one day",
						busy, NAN, "s", BENCH_INFO, 0 });
	bench_print(bench, &(struct bench_row){ "  by the clock on the wall", seconds,
						NAN, "s", BENCH_INFO, 0 });
}

int main(void)
{
	struct bench bench;

	bench_begin(&bench, "is it worse now");
	bench_heading("one series, one day");
	for (guint engine = 0; engine < N_SHIFT_ENGINES; engine++)
		for (guint i = 0; i < G_N_ELEMENTS(volumes); i++)
			measure(&bench, (enum shift_engine)engine, volumes[i]);
	bench_heading("an organisation");
	measure_many(&bench);
	return bench_end(&bench);
}
