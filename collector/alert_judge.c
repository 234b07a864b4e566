#include "collector/alert_judge.h"

#include <math.h>
#include <string.h>

#include "config/config.h"

#define LOOKED_AT_DAYS (48 * 7) /* by engines */

static bool is_silent(const struct alert_scene *scene, gint32 day)
{
	gint64 end = zone_day_start(scene->zone, day + 1);
	guint n = scene->activity->len;

	while (n > 0 && g_array_index(scene->activity, gint64, n - 1) >= end)
		n--;
	return n == 0 ||
	       calendar_working_days(
		       scene->calendar,
		       zone_local_day(scene->zone,
				      g_array_index(scene->activity, gint64, n - 1)),
		       day) >= ALERT_SILENT_DAYS;
}

void alert_look_around(const struct alert_scene *scene, gint32 day,
		       struct watch_look *look)
{
	*look = (struct watch_look){
		.day = day,
		.masked = calendar_masks(scene->calendar, day),
		.silent = is_silent(scene, day),
	};
}

static void evaluate(const struct alert_scene *scene, const struct alert_subject *subject,
		     enum shift_engine engine, gint32 baseline_start, double gate,
		     gint32 day, struct shift *shift)
{
	g_autoptr(GArray) made = NULL;
	struct shift_series series = alert_series(scene, subject, engine, baseline_start,
						  day, &made);

	series.gate = gate;
	shift_evaluate(&series, day, zone_day_start(scene->zone, day + 1), shift);
}

/* Nothing is said. */
static void clear(struct shift *shift)
{
	const struct shift_side nothing = { .median = NAN, .p85 = NAN, .rate = NAN };

	memset(shift, 0, sizeof(*shift));
	shift->score = SHIFT_NO_SCORE;
	shift->effect = shift->ratio = shift->ratio_lo = shift->ratio_hi = NAN;
	shift->base = shift->low = shift->high = NAN;
	shift->before = shift->after = nothing;
}

/* With today's facts the day that it fired on would not have shown half of what was asked
 * for, of the evidence or of the effect. The square root of a ratio is half of its
 * logarithm. */
static bool is_undone(const struct alert_scene *scene,
		      const struct alert_subject *subject, const struct watch_row *row)
{
	double gate = row->gate > 0 ? row->gate : shift_gate(row->engine);
	struct shift shift;

	evaluate(scene, subject, row->engine, row->watch.baseline_start, sqrt(gate),
		 row->watch.fired, &shift);
	return !shift.usable || !shift.gate ||
	       shift.score < 0.5 * shift.threshold * shift_factor(row->sensitivity);
}

static enum watch_recent recent_of(const struct alert_scene *scene,
				   const struct alert_subject *subject,
				   const struct watch_row *row, gint32 day)
{
	const struct watch *watch = &row->watch;
	g_autoptr(GArray) made = NULL;
	struct shift_series series = alert_series(scene, subject, row->engine,
						  watch->baseline_start, day, &made);

	return watch_calm(&watch->frozen,
			  shift_recent(&series, &watch->frozen, day,
				       zone_day_start(scene->zone, day + 1)));
}

/* As in dora.series, numbers of too few people are counts alone: what they come to is not
 * told by an alert either. */
static void hide_side(const struct alert_scene *scene,
		      const struct alert_subject *subject, struct shift_side *side)
{
	if (!alert_has_authors(scene, subject, side->from, side->to))
		side->median = side->p85 = NAN;
}

static void hide(const struct alert_scene *scene, const struct alert_subject *subject,
		 const struct watch *watch, gint32 day, struct watch_look *look,
		 struct shift *shift)
{
	gint32 first = MAX(watch->baseline_start, day - LOOKED_AT_DAYS + 1);

	look->few = shift->usable && !alert_has_authors(scene, subject, first, day);
	if (look->few) {
		clear(shift);
		return;
	}
	if (!shift->usable)
		return;
	hide_side(scene, subject, &shift->before);
	hide_side(scene, subject, &shift->after);
}

static void look_at_firing(const struct alert_scene *scene,
			   const struct alert_subject *subject,
			   const struct watch_row *row, struct watch_look *look)
{
	look->recent = recent_of(scene, subject, row, look->day);
	look->undone = is_undone(scene, subject, row);
}

void alert_judge(const struct alert_scene *scene, const struct alert_subject *subject,
		 const struct watch_row *row, gint32 day, struct watch_look *look,
		 struct shift *shift)
{
	const struct watch *watch = &row->watch;

	clear(shift);
	alert_look_around(scene, day, look);
	if (look->masked || look->silent)
		return;
	evaluate(scene, subject, row->engine, watch->baseline_start, subject->rule->gate,
		 day, shift);
	hide(scene, subject, watch, day, look, shift);
	look->usable = shift->usable;
	look->condition = shift_holds(shift, subject->rule->sensitivity);
	look->found = (struct shift_frozen){ .base = shift->base,
					     .low = shift->low,
					     .high = shift->high,
					     .effect = shift->effect,
					     .onset = shift->onset };
	look->score = shift->score;
	look->ratio = shift->ratio;
	if (watch->state == WATCH_FIRING)
		look_at_firing(scene, subject, row, look);
}
