#include "collector/alert_walk.h"

#include <math.h>

#include "base/instant.h"

void alert_begin(const struct alert_scene *scene, const struct alert_subject *subject,
		 gint32 day, struct watch_row *row)
{
	watch_init(&row->watch, alert_baseline(scene, subject, day));
	row->score = NAN;
	row->ratio = NAN;
}

void alert_step(struct watch_row *row, const struct watch_rule *rule,
		struct alert_day *day)
{
	day->before = row->watch;
	watch_step(&row->watch, rule, &day->look, &day->events);
}

/* When it began there may have been too little to see where the level changed last. */
static bool is_to_learn(const struct watch *watch, const struct watch_look *look)
{
	return watch->state == WATCH_LEARNING && look->usable &&
	       watch->baseline_start == SHIFT_NO_BOUND;
}

/* What fires keeps what it fired by: its rule may ask for more, or less, by now. */
static void set_terms(const struct alert_subject *subject, gint32 day,
		      struct watch_row *row)
{
	row->engine = alert_engine(subject, day);
	row->sensitivity = subject->rule->sensitivity;
	row->gate = subject->rule->gate;
}

bool alert_walk(const struct alert_scene *scene, const struct alert_subject *subject,
		struct watch_row *row, gint32 first, gint32 last,
		bool (*visit)(struct watch_row *row, const struct alert_day *day,
			      void *user, GError **error),
		void *user, GError **error)
{
	for (gint32 at = first; at <= last; at++) {
		struct alert_day day = { .day = at };

		if (row->watch.state != WATCH_FIRING)
			set_terms(subject, at, row);
		alert_judge(scene, subject, row, at, &day.look, &day.shift);
		if (is_to_learn(&row->watch, &day.look)) {
			row->watch.baseline_start = alert_baseline(scene, subject, at);
			alert_judge(scene, subject, row, at, &day.look, &day.shift);
		}
		if (!day.look.masked && !day.look.silent) {
			row->lacking = day.look.few ? WATCH_FEW_AUTHORS
						    : (gint32)day.shift.lacking;
			row->score = day.shift.usable ? day.shift.score : (double)NAN;
			row->ratio = day.shift.ratio;
		}
		alert_step(row, &watch_rule_shift, &day);
		if (!visit(row, &day, user, error))
			return false;
	}
	return true;
}

/* Samples a week before: of counts an ordinary one. */
static double volume_of(const struct shift_side *before, enum shift_engine engine)
{
	return engine == SHIFT_COUNT
		       ? before->rate
		       : 7.0 * (double)before->n / (before->to - before->from + 1);
}

static void add_parts(const struct alert_scene *scene,
		      const struct alert_subject *subject, const struct watch_row *row,
		      gint32 day, struct alert_row *alert)
{
	g_autoptr(GArray) made = NULL;
	g_autoptr(GArray) parts = NULL;
	struct shift_series series = alert_series(scene, subject, alert->engine,
						  row->watch.baseline_start, day, &made);

	/* changes know of no service, and of one alone there is nothing to say */
	if (scene->samples.services->len < 2 || subject->metric >= METRIC_STAGE_CODING)
		return;
	parts = shift_parts(&series, row->watch.frozen.onset, day,
			    zone_day_start(scene->zone, day + 1));
	alert->parts = g_new0(struct alert_part, parts->len);
	for (guint i = 0; i < parts->len; i++) {
		const struct shift_part *part = &g_array_index(parts, struct shift_part,
							       i);

		alert->parts[alert->n_parts++] = (struct alert_part){
			.name = g_strdup(scene->samples.services->pdata[part->part]),
			.n = part->n,
			.of = part->of,
		};
	}
}

void alert_describe(const struct alert_scene *scene, const struct alert_subject *subject,
		    const struct watch_row *row, const struct alert_day *day,
		    struct alert_row *alert)
{
	const struct watch *watch = &row->watch;

	alert->kind = row->kind;
	alert->direction = row->direction;
	alert->engine = row->engine;
	alert->onset = zone_day_start(scene->zone, watch->frozen.onset);
	alert->first_seen = zone_day_start(scene->zone, watch->suspected + 1);
	alert->fired_at = zone_day_start(scene->zone, watch->fired + 1);
	alert->ended_at = INSTANT_NONE;
	alert->shift = day->shift;
	alert->worsened = watch->worsened;
	alert->sensitivity = g_strdup(shift_sensitivity_name(row->sensitivity));
	alert->gate = row->gate;
	alert->false_alerts = shift_false_alerts(
		alert->engine, volume_of(&day->shift.before, alert->engine),
		row->sensitivity);
	alert->acked_at = alert->muted_until = INSTANT_NONE;
	add_parts(scene, subject, row, day->day, alert);
}

const char *alert_end_reason(enum watch_event event, bool guardrail,
			     const struct watch_look *look)
{
	if (event == WATCH_WITHDRAWN)
		return look->silent ? "nothing has been heard for 28 days"
		       : look->few  ? "too few people stand behind it"
				    : "late facts undid it";
	if (event == WATCH_ACCEPTED)
		return "it has lasted so long that it is the new normal";
	if (event == WATCH_RESOLVED)
		return guardrail ? "the limit has held for 7 days"
				 : "the level has been back for 7 days";
	return NULL;
}
