/*
 * Engine R: durations, several a week.
 *
 * x = ln(hours), drawn in to m +- 2.5 s of the weeks before any window (winsorising:
 * Tukey, "The future of data analysis", Annals of Mathematical Statistics 33, 1962): no
 * one value moves a level by much. The k samples of a day count as k / (1 + (k - 1) 0.3),
 * the design effect of samples that came together (Kish, "Survey Sampling", 1965), so
 * that one deployment of many changes is not many observations.
 *
 * Levels before and after are pooled from weeks (shift_pool.c); their difference is the
 * effect.
 */
#include <math.h>

#include "metrics/shift_inside.h"

#define THRESHOLD 1.6
#define LIMIT 2.5 /* scales from the middle */
#define TOGETHER 0.3
#define REFERENCE_MIN 20

static const struct shift_need need = { .after = 5, .before = 20, .weeks = 6 };

struct point {
	double x, seconds;
	guint ago; /* days */
};

struct level {
	struct point *points; /* oldest first */
	double *scratch;
	gsize n;
	struct shift_week weeks[SHIFT_WEEKS];
	struct shift_scale scale;
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

/* From here on x is counted from the middle: what is equal differs by exactly 0. */
static void draw_in(struct level *level)
{
	double reach;
	gsize n = 0;

	for (gsize i = 0; i < level->n && level->points[i].ago >= 7 * SHIFT_WINDOWS; i++)
		level->scratch[n++] = level->points[i].x;
	if (n < REFERENCE_MIN)
		for (n = 0; n < level->n; n++)
			level->scratch[n] = level->points[n].x;
	level->scale = shift_scale_of(level->scratch, n);
	reach = LIMIT * level->scale.scale;
	for (gsize i = 0; i < level->n; i++)
		level->points[i].x = CLAMP(level->points[i].x - level->scale.middle,
					   -reach, reach);
}

static void sum_weeks(struct level *level)
{
	gsize next;

	for (gsize i = 0; i < level->n; i = next) {
		struct shift_week *week = &level->weeks[level->points[i].ago / 7];
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
		struct shift_week *week = &level->weeks[level->points[i].ago / 7];
		double off = level->points[i].x - week->level;

		week->spread += off * off;
	}
}

static struct shift_side side_of(struct level *level, gint32 day,
				 const struct shift_group *group)
{
	struct shift_side side = { .rate = NAN };
	gsize n = 0;

	for (gsize i = 0; i < level->n; i++)
		if (level->points[i].ago >= 7 * group->first &&
		    level->points[i].ago < 7 * (group->oldest + 1))
			level->scratch[n++] = level->points[i].seconds;
	side.from = day - 7 * (gint32)group->oldest - 6;
	side.to = day - 7 * (gint32)group->first;
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
		     const struct shift_evidence *evidence,
		     const struct shift_group *after, const struct shift_group *before,
		     double z, struct shift *shift)
{
	double sign = shift_sign(series), reach = LIMIT * level->scale.scale;

	shift->effect = after->level - before->level;
	shift->ratio = exp(sign * shift->effect);
	shift->gate = shift->effect >= log(shift_least(series, &shift_level));
	shift->onset = day + 1 - 7 * (gint32)shift->window;
	shift->base = sign * (before->level + level->scale.middle);
	shift->low = sign * level->scale.middle - reach;
	shift->high = sign * level->scale.middle + reach;
	shift->before = side_of(level, day, before);
	shift->after = side_of(level, day, after);
	shift_conclude(shift, evidence, z);
}

static void judge(struct level *level, const struct shift_series *series, gint32 day,
		  struct shift *shift)
{
	struct shift_evidence evidence = { 0 };
	struct shift_group best_after = { 0 }, best_before = { 0 };
	double best_z = 0;

	for (guint w = 1; w <= SHIFT_WINDOWS; w++) {
		struct shift_group after = shift_group_of(level->weeks, 0, w);
		struct shift_group before = shift_group_of(level->weeks, w,
							   w + SHIFT_BASELINE);
		double variance, z;

		if (after.n < need.after || before.n < need.before ||
		    before.n_weeks < need.weeks)
			continue;
		shift_groups_pool(level->weeks, level->scale.scale, &after, &before);
		variance = 1 / after.precision + 1 / before.precision;
		z = shift_z_of_t((after.level - before.level) / sqrt(variance),
				 after.n_weeks + before.n_weeks - 2);
		if (!shift_evidence_add(&evidence, z, variance))
			continue;
		shift->window = w;
		best_after = after;
		best_before = before;
		best_z = z;
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
