#include <math.h>

#include "base/instant.h"
#include "collector/alert_judge.h"
#include "metrics/segment.h"

#define WORKING_DAYS 5
/* With fewer working days than this left a week says nothing of a count. */
#define WORKING_DAYS_MIN 3
/* So many weeks are wanted of a level that things are compared with. */
#define LEVEL_WEEKS_MIN 8

static const GArray *samples_of(const struct alert_subject *subject, gint32 last_day)
{
	if (subject->spans && alert_engine(subject, last_day) != SHIFT_LEVEL)
		return NULL;
	return subject->count	? subject->count
	       : subject->share ? subject->share
				: subject->level;
}

static int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(GArray *values)
{
	g_array_sort(values, double_order);
	return values->len == 0
		       ? (double)NAN
		       : percentile_sorted((const void *)values->data, values->len, 0.5);
}

/* The samples of seven days, by day. *begin: where to look from, which is not behind the
 * first of them; where they begin. */
static guint range_of(const GArray *samples, gint32 first, guint *begin)
{
	guint low = *begin, n = 0;

	while (low < samples->len &&
	       g_array_index(samples, struct shift_sample, low).day < first)
		low++;
	while (low + n < samples->len &&
	       g_array_index(samples, struct shift_sample, low + n).day < first + 7)
		n++;
	*begin = low;
	return n;
}

static double count_of(const struct alert_scene *scene,
		       const struct shift_sample *samples, guint n, gint32 first)
{
	guint working = calendar_working_days(scene->calendar, first - 1, first + 6);
	guint counted = 0;

	for (guint i = 0; i < n; i++)
		counted += !calendar_masks(scene->calendar, samples[i].day);
	return working < WORKING_DAYS_MIN ? (double)NAN
					  : (double)counted * WORKING_DAYS / working;
}

static double share_of(const struct shift_sample *samples, guint n, gint32 last_day)
{
	guint failed = 0;

	for (guint i = 0; i < n; i++)
		failed += samples[i].known <= last_day;
	return n == 0 ? (double)NAN : (double)failed / n;
}

static double level_of(const struct shift_sample *samples, guint n)
{
	g_autoptr(GArray) seconds = g_array_sized_new(FALSE, FALSE, sizeof(double), n);

	for (guint i = 0; i < n; i++)
		g_array_append_val(seconds, samples[i].seconds);
	return median(seconds);
}

GArray *alert_weeks(const struct alert_scene *scene, const struct alert_subject *subject,
		    gint32 last_day, guint max_weeks, gint32 *first_day)
{
	GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
	const GArray *samples = samples_of(subject, last_day);
	gint32 born, n_weeks;
	guint begin = 0;

	*first_day = last_day + 1;
	if (!samples || samples->len == 0)
		return values;
	born = g_array_index(samples, struct shift_sample, 0).day;
	n_weeks = CLAMP((last_day - born + 1) / 7, 0, (gint32)max_weeks);
	*first_day = last_day + 1 - 7 * n_weeks;
	for (gint32 first = *first_day; first <= last_day; first += 7) {
		guint n = range_of(samples, first, &begin);
		const struct shift_sample *week =
			n ? &g_array_index(samples, struct shift_sample, begin) : NULL;
		double value = subject->count	? count_of(scene, week, n, first)
			       : subject->share ? share_of(week, n, last_day)
						: level_of(week, n);

		g_array_append_val(values, value);
	}
	return values;
}

/* Durations are looked at as logarithms; none is shorter than a minute (docs/alerts.md).
 */
static GArray *changes_of(const struct alert_subject *subject, const GArray *values)
{
	g_autoptr(GArray) seen = g_array_copy((GArray *)values);
	double *y = (void *)seen->data;

	if (seen->len == 0)
		return g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; subject->level && i < seen->len; i++)
		y[i] = isnan(y[i]) ? y[i] : log(fmax(y[i], 60));
	return segment_changes(y, seen->len, false);
}

gint32 alert_baseline(const struct alert_scene *scene,
		      const struct alert_subject *subject, gint32 day)
{
	gint32 first;
	g_autoptr(GArray)
		values = alert_weeks(scene, subject, day, ALERT_BASELINE_WEEKS, &first);
	g_autoptr(GArray) changes = changes_of(subject, values);

	for (guint i = changes->len; i > 0; i--) {
		guint change = g_array_index(changes, guint, i - 1);

		if (values->len - change >= LEVEL_WEEKS_MIN)
			return first + 7 * (gint32)change;
	}
	return SHIFT_NO_BOUND;
}

/* The middle of the weeks [from, to) that have a value. first: the day on which they
 * begin. */
static double level_between(const struct alert_scene *scene,
			    const struct alert_subject *subject, const GArray *values,
			    gint32 first, guint from, guint to)
{
	g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(double));

	if (!alert_has_authors(scene, subject, first + 7 * (gint32)from,
			       first + 7 * (gint32)to - 1))
		return NAN;
	for (guint i = from; i < to; i++)
		if (!isnan(g_array_index(values, double, i)))
			g_array_append_val(known, g_array_index(values, double, i));
	return median(known);
}

GArray *alert_change_points(const struct alert_scene *scene,
			    const struct alert_subject *subject, gint32 day)
{
	gint32 first, monday = grain_floor(GRAIN_WEEK, day + 1);
	g_autoptr(GArray) values = alert_weeks(scene, subject, monday - 1,
					       ALERT_HISTORY_WEEKS, &first);
	g_autoptr(GArray) changes = changes_of(subject, values);
	GArray *points = g_array_new(FALSE, FALSE, sizeof(struct change_point));

	for (guint i = 0; i < changes->len; i++) {
		guint from = i > 0 ? g_array_index(changes, guint, i - 1) : 0;
		guint at = g_array_index(changes, guint, i);
		guint to = i + 1 < changes->len ? g_array_index(changes, guint, i + 1)
						: values->len;
		const struct change_point point = {
			.at = zone_day_start(scene->zone, first + 7 * (gint32)at),
			.before = level_between(scene, subject, values, first, from, at),
			.after = level_between(scene, subject, values, first, at, to),
		};

		g_array_append_val(points, point);
	}
	return points;
}
