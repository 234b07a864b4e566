#include "collector/alert_guardrail.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_reading.h"
#include "config/goal_metric.h"

bool alert_guardrail_is_of(const struct config_guardrail *rail,
			   const struct scope_row *scope)
{
	const struct config_figure *figure = &rail->figure;
	const char *name = scope->kind == SCOPE_ORG    ? figure->org
			   : scope->kind == SCOPE_TEAM ? figure->team
						       : figure->service;

	return g_strcmp0(name, scope->name) == 0;
}

const struct scope_environment *
alert_guardrail_environment(const struct config_guardrail *rail,
			    const GArray *environments)
{
	for (guint i = 0; i < environments->len; i++) {
		const struct scope_environment *row = &g_array_index(
			environments, struct scope_environment, i);

		if (strcmp(row->name, rail->figure.environment) == 0)
			return row;
	}
	return NULL;
}

struct alert_scene alert_guardrail_scene(const struct alert_place *place,
					 GArray *activity)
{
	return (struct alert_scene){
		.config = place->config,
		.calendar = config_calendar(place->config, place->team),
		.zone = place->zone,
		.activity = activity,
	};
}

/* ---- one day ---- */

static bool is_breached(const struct config_guardrail *rail,
			const struct alert_reading *reading)
{
	return rail->at_most ? reading->value > rail->limit
			     : reading->value < rail->limit;
}

static bool adds_up(const struct config_guardrail *rail)
{
	return rail->figure.statistic == STATISTIC_N ||
	       (rail->figure.statistic == STATISTIC_VALUE &&
		strcmp(rail->figure.metric, metric_name(METRIC_DEPLOYMENT_FREQUENCY)) ==
			0);
}

/* A count of 0 is one, too. */
static bool is_enough(const struct config_guardrail *rail,
		      const struct alert_reading *reading)
{
	return !isnan(reading->value) && (adds_up(rail) || reading->n >= rail->minimum);
}

/* No data leaves everything as it is. */
static void look_at(const struct config_guardrail *rail, const struct watch *watch,
		    const struct alert_reading *reading, struct watch_look *look)
{
	if (!is_enough(rail, reading)) {
		look->silent = true;
		return;
	}
	look->usable = true;
	look->condition = is_breached(rail, reading);
	look->recent = look->condition ? RECENT_BAD : RECENT_CALM;
	look->found = (struct shift_frozen){ NAN, NAN, NAN, NAN,
					     watch->state == WATCH_PENDING ? watch->since
									   : look->day };
	look->score = NAN;
	look->ratio = NAN;
}

/* What a window is short of by days on which nothing was to be done, or nothing at all
 * was heard. */
static bool is_held_back(const struct alert_guardrail *guardrail,
			 struct alert_silences *silences, gint32 day,
			 const struct alert_reading *reading)
{
	const struct config_guardrail *rail = guardrail->rail;
	const gint32 n = (gint32)goal_window_days(rail->over);
	const struct calendar *calendar;

	if (rail->at_most || !adds_up(rail) || !is_breached(rail, reading))
		return false;
	calendar = alert_silences_calendar(silences, day);
	for (gint32 at = day; at > day - n; at--)
		if (calendar_masks(calendar, at))
			return true;
	return false;
}

static void add_numbers(const struct config_guardrail *rail, gint32 day,
			const struct alert_reading *reading, struct shift *shift)
{
	shift->window = goal_window_days(rail->over);
	shift->before = (struct shift_side){
		.from = SHIFT_NO_BOUND,
		.to = SHIFT_NO_BOUND,
		.rate = rail->limit,
	};
	shift->after = (struct shift_side){
		.from = day - (gint32)shift->window + 1,
		.to = day,
		.n = reading->n,
		.rate = reading->value,
	};
}

static void judge_day(const struct alert_guardrail *guardrail,
		      struct alert_silences *silences,
		      const struct alert_reading *reading, struct watch_row *row,
		      struct alert_day *day)
{
	alert_look_around(guardrail->scene, day->day, &day->look);
	day->look.masked = day->look.masked ||
			   is_held_back(guardrail, silences, day->day, reading);
	look_at(guardrail->rail, &row->watch, reading, &day->look);
	add_numbers(guardrail->rail, day->day, reading, &day->shift);
	alert_step(row, &watch_rule_guardrail, day);
}

/* On a day that need not have been judged: it was not watched then, had another limit, or
 * was not heard of. */
static bool was_breached(const struct alert_guardrail *guardrail,
			 struct alert_silences *silences,
			 const struct alert_readings *readings, gint32 day)
{
	const struct alert_reading reading = alert_reading_of(readings, day);

	return is_enough(guardrail->rail, &reading) &&
	       is_breached(guardrail->rail, &reading) &&
	       !is_held_back(guardrail, silences, day, &reading);
}

bool alert_guardrail_walk(const struct alert_guardrail *guardrail, struct watch_row *row,
			  gint32 first, gint32 last,
			  bool (*visit)(struct watch_row *row,
					const struct alert_day *day, void *user,
					GError **error),
			  void *user, GError **error)
{
	/* up to the day before the first that it may fire for */
	gint32 from = row->watch.state == WATCH_PENDING ? MIN(first, row->watch.since)
							: first;
	_cleanup_(alert_readings_freep) struct alert_readings *readings =
		alert_readings_new(guardrail->place, guardrail->rail,
				   guardrail->environment, from - 1, last, error);
	_cleanup_(alert_silences_freep) struct alert_silences *silences =
		alert_silences_new(guardrail->scene);

	if (!readings)
		return false;
	for (gint32 at = first; at <= last; at++) {
		const struct alert_reading reading = alert_reading_of(readings, at);
		struct alert_day day = { .day = at };

		judge_day(guardrail, silences, &reading, row, &day);
		if (row->watch.state == WATCH_FIRING && row->watch.fired == at)
			day.began_before = was_breached(guardrail, silences, readings,
							row->watch.suspected - 1);
		if (!visit(row, &day, user, error))
			return false;
	}
	return true;
}

void alert_guardrail_describe(const struct alert_guardrail *guardrail,
			      const struct watch_row *row, const struct alert_day *day,
			      struct alert_row *alert)
{
	const struct config_figure *figure = &guardrail->rail->figure;
	const struct alert_place *place = guardrail->place;
	const struct watch *watch = &row->watch;

	*alert = (struct alert_row){
		.onset = zone_day_start(place->zone, watch->frozen.onset),
		.first_seen = zone_day_start(place->zone, watch->suspected + 1),
		.fired_at = zone_day_start(place->zone, watch->fired + 1),
		.ended_at = INSTANT_NONE,
		.unit = g_strdup(goal_unit_name(
			goal_unit(goal_metric(figure->metric), figure->statistic))),
		.statistic = g_strdup(goal_statistic_name(figure->statistic)),
		.began_before = day->began_before,
		.shift = day->shift,
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
	alert_place_sign(place, row, alert);
}
