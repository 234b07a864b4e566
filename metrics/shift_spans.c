/*
 * Engine S: few durations, some of them still open: the last k, whenever they were,
 * against up to 80 before them.
 *
 * One that is open is at least as long as it has lasted. It counts as that once it is
 * longer than the middle of those before it, and is left out until then: so bad news do
 * not wait for their end, and what has just begun is not taken for short.
 *
 * Values are drawn in to m +- 2 s (winsorising, as in shift_level.c). Their variance is
 * that of the base, pulled towards 1.2^2 as if by 4 more, which is why t has so many
 * degrees of freedom (Gelman et al., "Bayesian Data Analysis", 3.3: scaled inverse
 * chi-square prior).
 */
#include <math.h>

#include "metrics/shift_inside.h"

#define LIMIT 2.0
#define K_MIN 3
#define K_MAX 20
#define BASE_MIN 8
#define BASE_MAX 80
#define OPEN_MIN 5 /* values before one that is open, to say that it is long */
#define DEVIATION 1.2
#define DEVIATION_WORTH 4
#define NEWEST 60 /* days ago */
#define VOLUME_WEEKS 26
#define VOLUME_MIN 0.02

struct value {
	double x; /* ln(hours), as it is */
	double seconds;
	gint32 day;
	gsize index;
};

struct walk {
	struct value *values; /* by when they began */
	gsize n;
	guint lately;	/* began in the last 26 weeks, left out or not */
	guint observed; /* weeks of these 26 since the first */
	gint64 newest;	/* how many days ago it began */
};

struct comparison {
	double base, low, high, effect, z;
	gsize n_base;
};

static void walk_clear(struct walk *walk)
{
	g_free(walk->values);
}

/* Is it longer than the middle of the values before it? */
static bool is_long(const struct walk *walk, double x)
{
	double before[BASE_MAX];
	gsize n = MIN(walk->n, BASE_MAX);

	for (gsize i = 0; i < n; i++)
		before[i] = walk->values[walk->n - n + i].x;
	return n >= OPEN_MIN && x > shift_percentile(before, n, 0.5);
}

static void walk_one(struct walk *walk, const struct shift_series *series, gsize i,
		     gint64 asof)
{
	const struct shift_sample *sample = &series->samples[i];
	bool open = sample->ended == INSTANT_NONE || sample->ended > asof;
	double seconds = ((double)(open ? asof : sample->ended) - (double)sample->began) /
			 G_USEC_PER_SEC;
	double x = shift_log_hours(seconds);

	if (!open || is_long(walk, x))
		walk->values[walk->n++] = (struct value){ x, seconds, sample->day, i };
}

static void walk_all(struct walk *walk, const struct shift_series *series, gint32 day,
		     gint64 asof)
{
	walk->values = g_new(struct value, series->n);
	walk->newest = G_MAXINT64;
	for (gsize i = 0; i < series->n; i++) {
		const struct shift_sample *sample = &series->samples[i];
		gint64 ago = (gint64)day - sample->day;

		if (sample->began > asof)
			break;
		if (ago < 0 || sample->day < series->baseline_start)
			continue;
		if (ago < 7 * VOLUME_WEEKS) {
			walk->lately++;
			walk->observed = MAX(walk->observed, (guint)(ago / 7) + 1);
		}
		walk->newest = MIN(walk->newest, ago);
		walk_one(walk, series, i, asof);
	}
}

static bool is_usable(const struct walk *walk)
{
	return walk->n >= K_MIN + BASE_MIN && walk->newest <= NEWEST;
}

/* Counted from the middle: what is equal differs by exactly 0. */
static double drawn_in(const struct value *value, const struct shift_scale *scale)
{
	double reach = LIMIT * scale->scale;

	return CLAMP(value->x - scale->middle, -reach, reach);
}

static double mean_of(const struct value *values, gsize n,
		      const struct shift_scale *scale)
{
	double sum = 0;

	for (gsize i = 0; i < n; i++)
		sum += drawn_in(&values[i], scale);
	return sum / (double)n;
}

static double variance_of(const struct value *values, gsize n,
			  const struct shift_scale *scale, double mean)
{
	double squares = 0;

	for (gsize i = 0; i < n; i++) {
		double off = drawn_in(&values[i], scale) - mean;

		squares += off * off;
	}
	return (squares + DEVIATION * DEVIATION * DEVIATION_WORTH) /
	       ((double)n - 1 + DEVIATION_WORTH);
}

/* Returns the variance of the effect. */
static double compare(const struct walk *walk, guint k, double sign,
		      struct comparison *found)
{
	gsize n = MIN(walk->n - k, BASE_MAX);
	const struct value *last = walk->values + walk->n - k, *base = last - n;
	double scratch[BASE_MAX], mean, variance;
	struct shift_scale scale;

	for (gsize i = 0; i < n; i++)
		scratch[i] = base[i].x;
	scale = shift_scale_of(scratch, n);
	mean = mean_of(base, n, &scale);
	found->low = scale.middle - LIMIT * scale.scale;
	found->high = scale.middle + LIMIT * scale.scale;
	found->base = scale.middle + mean;
	found->n_base = n;
	found->effect = sign * (mean_of(last, k, &scale) - mean);
	variance = variance_of(base, n, &scale, mean) * (1.0 / k + 1 / (double)n);
	found->z = shift_z_of_t(found->effect / sqrt(variance), (double)n + 3);
	return variance;
}

static struct shift_side side_of(const struct value *values, gsize n, double *scratch)
{
	struct shift_side side = {
		.from = values[0].day,
		.to = values[n - 1].day,
		.n = (gint64)n,
		.rate = NAN,
	};

	for (gsize i = 0; i < n; i++)
		scratch[i] = values[i].seconds;
	side.median = shift_percentile(scratch, n, 0.5);
	side.p85 = shift_percentile(scratch, n, 0.85);
	return side;
}

static void conclude(const struct walk *walk, const struct shift_series *series,
		     const struct comparison *best, struct shift *shift)
{
	const struct value *last = walk->values + walk->n - shift->window;
	double scratch[BASE_MAX];

	shift->effect = best->effect;
	shift->ratio = exp(shift_sign(series) * best->effect);
	shift->gate = best->effect >= log(shift_least(series, &shift_spans));
	shift->onset = last->day;
	shift->base = best->base;
	shift->low = best->low;
	shift->high = best->high;
	shift->before = side_of(last - best->n_base, best->n_base, scratch);
	shift->after = side_of(last, shift->window, scratch);
}

static double threshold(const struct walk *walk)
{
	double volume = fmax((double)walk->lately / VOLUME_WEEKS, VOLUME_MIN);

	return CLAMP(1.2 + 0.5 * log(volume), 0.7, 2.1);
}

static guint lacking(const struct walk *walk)
{
	double missing = K_MIN + BASE_MIN - (double)walk->n;

	/* Where there are enough the next one is missing. */
	return shift_lacking_weeks(fmax(missing, 1) * walk->observed / walk->lately);
}

static void evaluate(const struct shift_series *series, gint32 day, gint64 asof,
		     struct shift *shift)
{
	_cleanup_(walk_clear) struct walk walk = { 0 };
	struct shift_evidence evidence = { 0 };
	struct comparison best = { 0 }, found;

	walk_all(&walk, series, day, asof);
	shift->threshold = threshold(&walk);
	if (!is_usable(&walk)) {
		shift->lacking = lacking(&walk);
		return;
	}
	for (guint k = K_MIN; k <= K_MAX && k + BASE_MIN <= walk.n; k++) {
		double variance = compare(&walk, k, shift_sign(series), &found);

		if (!shift_evidence_add(&evidence, found.z, variance))
			continue;
		best = found;
		shift->window = k;
	}
	conclude(&walk, series, &best, shift);
	shift_conclude(shift, &evidence, best.z);
}

static double recent(const struct shift_series *series, const struct shift_frozen *frozen,
		     gint32 day, gint64 asof)
{
	_cleanup_(walk_clear) struct walk walk = { 0 };
	double sum = 0;
	guint n = 0;

	walk_all(&walk, series, day, asof);
	for (gsize i = walk.n; i > 0 && n < RECENT_SPANS; i--) {
		const struct value *value = &walk.values[i - 1];

		if (value->day < frozen->onset)
			break;
		sum += CLAMP(value->x, frozen->low, frozen->high);
		n++;
	}
	return n > 0 ? shift_sign(series) * (sum / n - frozen->base) : NAN;
}

static GArray *told(const struct shift_series *series, gint32 onset, gint32 day,
		    gint64 asof)
{
	_cleanup_(walk_clear) struct walk walk = { 0 };
	GArray *told = g_array_new(FALSE, FALSE, sizeof(gsize));

	walk_all(&walk, series, day, asof);
	for (gsize i = 0; i < walk.n; i++)
		if (walk.values[i].day >= onset)
			g_array_append_val(told, walk.values[i].index);
	return told;
}

const struct shift_kind shift_spans = {
	.name = "spans",
	.gate = 1.3,
	.evaluate = evaluate,
	.recent = recent,
	.told = told,
};
