/*
 * Engine R: durations, several a week.
 *
 * x = ln(hours), drawn in to m +- 2.5 s of the weeks before any window (winsorising:
 * Tukey, "The future of data analysis", Annals of Mathematical Statistics 33, 1962): no
 * one value moves a level by much. The k samples of a day count as k / (1 + (k - 1) 0.3),
 * the design effect of samples that came together (Kish, "Survey Sampling", 1965), so
 * that one deployment of many changes is not many observations.
 *
 * Weeks differ by more than their samples do. The variance between them is estimated as
 * in a meta-analysis with random effects (DerSimonian and Laird, "Meta-analysis in
 * clinical trials", Controlled Clinical Trials 7, 1986): with c = N / s2
 *
 *   t2 = max(0, (Q - (k - 1)) / (sum c - sum c c / sum c)),  Q = sum c (Y - y) (Y - y)
 *
 * and is pulled towards 0.25^2 as if by 8 more weeks. Levels before and after are means
 * of weeks weighted by 1 / (t2 + s2 / N); their difference is the effect.
 */
#include <float.h>
#include <math.h>

#include "metrics/shift_inside.h"

#define THRESHOLD 1.6
#define LIMIT 2.5 /* scales from the middle */
#define TOGETHER 0.3
#define SPREAD 0.25 /* of weeks, before any is seen; and how many weeks that is worth */
#define SPREAD_WEEKS 8
#define REFERENCE_MIN 20
#define WITHIN_MIN 5 /* samples more than weeks, for a variance of their own */
/* Weeks of one value each have a level as exact as there is. */
#define LEAST_VARIANCE 1e-18

static const struct shift_need need = { .after = 5, .before = 20, .weeks = 6 };

struct point {
	double x, seconds;
	guint ago; /* days */
};

struct week {
	double weight, level;
	double spread; /* sum of squared distances from the level */
	guint n;
};

struct level {
	struct point *points; /* oldest first */
	double *scratch;
	gsize n;
	struct week weeks[SHIFT_WEEKS];
	struct shift_scale scale;
};

/* Weeks from first up to, without, end that have samples. */
struct group {
	guint n_weeks;
	guint n;
	guint oldest;
	double level, precision;
};

static void gather(struct level *level, const struct shift_series *series, gint32 day)
{
	gint64 first = (gint64)day - 7 * shift_weeks(series, day) + 1;
	struct shift_range range = shift_range(series, first, day);
	double sign = shift_sign(series);

	level->points = g_new(struct point, range.to - range.from);
	level->scratch = g_new(double, range.to - range.from);
	for (gsize i = range.from; i < range.to; i++) {
		const struct shift_sample *sample = &series->samples[i];

		if (isfinite(sample->seconds))
			level->points[level->n++] = (struct point){
				.x = sign * shift_log_hours(sample->seconds),
				.seconds = sample->seconds,
				.ago = (guint)(day - sample->day),
			};
	}
}

static void level_clear(struct level *level)
{
	g_free(level->points);
	g_free(level->scratch);
}

static void draw_in(struct level *level)
{
	double low, high;
	gsize n = 0;

	for (gsize i = 0; i < level->n && level->points[i].ago >= 7 * SHIFT_WINDOWS; i++)
		level->scratch[n++] = level->points[i].x;
	if (n < REFERENCE_MIN)
		for (n = 0; n < level->n; n++)
			level->scratch[n] = level->points[n].x;
	level->scale = shift_scale_of(level->scratch, n);
	low = level->scale.middle - LIMIT * level->scale.scale;
	high = level->scale.middle + LIMIT * level->scale.scale;
	for (gsize i = 0; i < level->n; i++)
		level->points[i].x = CLAMP(level->points[i].x, low, high);
}

static void sum_weeks(struct level *level)
{
	gsize next;

	for (gsize i = 0; i < level->n; i = next) {
		struct week *week = &level->weeks[level->points[i].ago / 7];
		double sum = 0, k;

		for (next = i;
		     next < level->n && level->points[next].ago == level->points[i].ago;
		     next++)
			sum += level->points[next].x;
		k = (double)(next - i);
		week->n += (guint)(next - i);
		week->weight += k / (1 + (k - 1) * TOGETHER);
		week->level += sum / (1 + (k - 1) * TOGETHER);
	}
	for (guint j = 0; j < SHIFT_WEEKS; j++)
		if (level->weeks[j].n > 0)
			level->weeks[j].level /= level->weeks[j].weight;
	for (gsize i = 0; i < level->n; i++) {
		struct week *week = &level->weeks[level->points[i].ago / 7];
		double off = level->points[i].x - week->level;

		week->spread += off * off;
	}
}

static struct group count_group(const struct week *weeks, guint first, guint end)
{
	struct group group = { 0 };

	for (guint j = first; j < end; j++) {
		if (weeks[j].n == 0)
			continue;
		group.n_weeks++;
		group.n += weeks[j].n;
		group.oldest = j;
	}
	return group;
}

static double variance_within(const struct level *level, guint first, guint end)
{
	double squares = 0, freedom = 0;

	for (guint j = first; j < end; j++) {
		if (level->weeks[j].n == 0)
			continue;
		squares += level->weeks[j].spread;
		freedom += level->weeks[j].n - 1;
	}
	if (freedom < WITHIN_MIN)
		return level->scale.scale * level->scale.scale;
	return fmax(squares / freedom, LEAST_VARIANCE);
}

static double variance_between(const struct week *weeks, guint first, guint end,
			       double within)
{
	double c1 = 0, c2 = 0, mean = 0, q = 0, freedom = -1, found;

	for (guint j = first; j < end; j++) {
		double c = weeks[j].weight / within;

		if (weeks[j].n == 0)
			continue;
		freedom++;
		c1 += c;
		c2 += c * c;
		mean += c * weeks[j].level;
	}
	mean /= c1;
	for (guint j = first; j < end; j++)
		if (weeks[j].n > 0)
			q += weeks[j].weight / within * (weeks[j].level - mean) *
			     (weeks[j].level - mean);
	found = fmax(0, (q - freedom) / (c1 - c2 / c1));
	return (found * freedom + SPREAD * SPREAD * SPREAD_WEEKS) /
	       (freedom + SPREAD_WEEKS);
}

static void weigh(struct group *group, const struct week *weeks, guint first, guint end,
		  double within, double between)
{
	for (guint j = first; j < end; j++) {
		double g;

		if (weeks[j].n == 0)
			continue;
		g = 1 / (between + within / weeks[j].weight);
		group->precision += g;
		group->level += g * weeks[j].level;
	}
	group->level /= group->precision;
}

static struct shift_side side_of(struct level *level, gint32 day, guint first,
				 const struct group *group)
{
	struct shift_side side = { .rate = NAN };
	gsize n = 0;

	for (gsize i = 0; i < level->n; i++)
		if (level->points[i].ago >= 7 * first &&
		    level->points[i].ago < 7 * (group->oldest + 1))
			level->scratch[n++] = level->points[i].seconds;
	side.from = day - 7 * (gint32)group->oldest - 6;
	side.to = day - 7 * (gint32)first;
	side.n = (gint64)n;
	side.median = shift_percentile(level->scratch, n, 0.5);
	side.p85 = shift_percentile(level->scratch, n, 0.85);
	return side;
}

static guint lacking(const struct level *level)
{
	double n[SHIFT_WEEKS];
	bool seen[SHIFT_WEEKS];

	for (guint j = 0; j < SHIFT_WEEKS; j++) {
		n[j] = level->weeks[j].n;
		seen[j] = level->weeks[j].n > 0;
	}
	return shift_lacking(&need, n, seen);
}

static void conclude(struct level *level, const struct shift_series *series, gint32 day,
		     const struct shift_evidence *evidence, const struct group *after,
		     const struct group *before, double z, struct shift *shift)
{
	double sign = shift_sign(series), reach = LIMIT * level->scale.scale;
	guint w = shift->window;

	shift->effect = after->level - before->level;
	shift->ratio = exp(sign * shift->effect);
	shift->gate = shift->effect >= log(shift_least(series, &shift_level));
	shift->onset = day + 1 - 7 * (gint32)w;
	shift->base = sign * before->level;
	shift->low = sign * level->scale.middle - reach;
	shift->high = sign * level->scale.middle + reach;
	shift->before = side_of(level, day, w, before);
	shift->after = side_of(level, day, 0, after);
	shift_conclude(shift, evidence, z);
}

static void judge(struct level *level, const struct shift_series *series, gint32 day,
		  struct shift *shift)
{
	struct shift_evidence evidence = { 0 };
	struct group best_after = { 0 }, best_before = { 0 };
	double best_z = 0;

	for (guint w = 1; w <= SHIFT_WINDOWS; w++) {
		struct group after = count_group(level->weeks, 0, w);
		struct group before = count_group(level->weeks, w, w + SHIFT_BASELINE);
		double within, between, variance, z;

		if (after.n < need.after || before.n < need.before ||
		    before.n_weeks < need.weeks)
			continue;
		within = variance_within(level, w, w + SHIFT_BASELINE);
		between = variance_between(level->weeks, w, w + SHIFT_BASELINE, within);
		weigh(&after, level->weeks, 0, w, within, between);
		weigh(&before, level->weeks, w, w + SHIFT_BASELINE, within, between);
		variance = 1 / after.precision + 1 / before.precision;
		z = shift_z_of_t((after.level - before.level) / sqrt(variance),
				 after.n_weeks + before.n_weeks - 2);
		if (shift_evidence_add(&evidence, z, variance)) {
			shift->window = w;
			best_after = after;
			best_before = before;
			best_z = z;
		}
	}
	if (evidence.n > 0)
		conclude(level, series, day, &evidence, &best_after, &best_before, best_z,
			 shift);
	else
		shift->lacking = lacking(level);
}

static void evaluate(const struct shift_series *series, gint32 day, gint64 asof,
		     struct shift *shift)
{
	_cleanup_(level_clear) struct level level = { 0 };

	(void)asof;
	shift->threshold = THRESHOLD;
	gather(&level, series, day);
	if (level.n > 0) {
		draw_in(&level);
		sum_weeks(&level);
	}
	judge(&level, series, day, shift);
}

static double recent(const struct shift_series *series, const struct shift_frozen *frozen,
		     gint32 day, gint64 asof)
{
	struct shift_range range = shift_range(series, frozen->onset, day);
	gint32 last = day;
	double sum = 0;
	guint n = 0;

	(void)asof;
	for (gsize i = range.to; i > range.from; i--) {
		const struct shift_sample *sample = &series->samples[i - 1];
		double x;

		if (!isfinite(sample->seconds))
			continue;
		/* Days go in whole: the order within one means nothing. */
		if (n >= RECENT_SAMPLES && sample->day <= day - RECENT_DAYS &&
		    sample->day < last)
			break;
		x = shift_log_hours(sample->seconds);
		sum += CLAMP(x, frozen->low, frozen->high);
		last = sample->day;
		n++;
	}
	return n > 0 ? shift_sign(series) * (sum / n - frozen->base) : NAN;
}

static GArray *told(const struct shift_series *series, gint32 onset, gint32 day,
		    gint64 asof)
{
	struct shift_range range = shift_range(series, onset, day);
	GArray *told = g_array_new(FALSE, FALSE, sizeof(gsize));

	(void)asof;
	for (gsize i = range.from; i < range.to; i++)
		if (isfinite(series->samples[i].seconds))
			g_array_append_val(told, i);
	return told;
}

const struct shift_kind shift_level = {
	.name = "level",
	.gate = 1.2,
	.evaluate = evaluate,
	.recent = recent,
	.told = told,
};
