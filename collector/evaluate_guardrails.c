#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_measure.h"
#include "collector/evaluate_alerts.h"
#include "config/goal_metric.h"

/* A guardrail at work. */
struct rail_work {
	struct alert_round *round;
	const struct config_guardrail *rail;
	const struct alert_scene *scene; /* which knows of days and of silence, and of no
					    samples */
	const struct scope_environment *environment; /* NULL: it has no figures */
};

/* What a guardrail's figure came to over the window that ended with a day. */
struct reading {
	double value; /* NAN: there is none */
	gint64 n;
};

static bool is_of(const struct config_figure *figure, const struct scope_row *scope)
{
	const char *name = scope->kind == SCOPE_ORG    ? figure->org
			   : scope->kind == SCOPE_TEAM ? figure->team
						       : figure->service;

	return g_strcmp0(name, scope->name) == 0;
}

static double statistic_of(const struct series_row *row, enum config_statistic statistic)
{
	switch (statistic) {
	case STATISTIC_P50:
		return row->p50;
	case STATISTIC_P75:
		return row->p75;
	case STATISTIC_P90:
		return row->p90;
	case STATISTIC_P95:
		return row->p95;
	case STATISTIC_MEAN:
		return row->mean;
	case STATISTIC_N:
		return (double)row->n;
	case STATISTIC_VALUE:
		break;
	}
	return row->value;
}

/* As dora.guardrails takes it from the windows that were published on the next day. A
 * window without a row of the metric has none of it, and counts are 0. */
static struct reading read_rows(const struct config_guardrail *rail, const GArray *rows)
{
	const struct config_figure *figure = &rail->figure;
	struct reading reading = { NAN, 0 };

	for (guint i = 0; i < rows->len; i++) {
		const struct series_row *row = &g_array_index(rows, struct series_row, i);

		if (row->window_days != goal_window_days(rail->over))
			continue;
		if (strcmp(metric_name(row->metric), figure->metric) == 0)
			return (struct reading){ statistic_of(row, figure->statistic),
						 row->n };
		if (figure->statistic == STATISTIC_N)
			reading.value = 0;
	}
	return reading;
}

/* What had not begun by then is not there. */
static gint64 begun(gint64 at, gint64 now)
{
	return at < now ? at : INSTANT_NONE;
}

/* A rollout fails, or turns out to be ok, up to days after its finish: what is not known
 * at the end of a day does not count in it, or it would come to something else for
 * whoever judges it later. */
static enum change_state state_by(const struct alert_deployment *deployment,
				  enum change_state state, gint64 now)
{
	if (state == CHANGE_FAILED && deployment->failed < now)
		return CHANGE_FAILED;
	if (deployment->pending_until != INSTANT_NONE && now < deployment->pending_until)
		return CHANGE_PENDING;
	return state == CHANGE_FAILED ? CHANGE_OK : state;
}

static bool know_by(const struct rail_work *work, gint64 from, gint64 now,
		    GArray *rollouts, GError **error)
{
	const struct alert_place *place = &work->round->place;
	struct alert_samples samples;
	bool ok;

	if (strcmp(work->rail->figure.metric, metric_name(METRIC_CHANGE_FAIL_RATE)) != 0)
		return true;
	alert_samples_init(&samples);
	ok = store_alert_samples(place->store, place->scope->scope_id,
				 work->environment->name, from, now, &samples, error);
	/* the same rollouts in the same order, unless one came just now */
	for (guint i = 0; ok && i < MIN(samples.deployments->len, rollouts->len); i++) {
		const struct alert_deployment *deployment = &g_array_index(
			samples.deployments, struct alert_deployment, i);
		struct rollout_sample *rollout = &g_array_index(rollouts,
								struct rollout_sample, i);

		if (deployment->finished == rollout->finished)
			rollout->state = state_by(deployment, rollout->state, now);
	}
	alert_samples_clear(&samples);
	return ok;
}

static bool read_day(const struct rail_work *work, gint32 day, struct reading *reading,
		     GError **error)
{
	const struct alert_place *place = &work->round->place;
	const struct scope_environment *environment = work->environment;
	_cleanup_(sample_arrays_clear) struct sample_arrays samples = { 0 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct series_row));
	gint64 now = zone_day_start(place->zone, day + 1);
	/* a day early, as evaluate_scope() does */
	gint64 from = zone_day_start(place->zone, day - (gint32)series_window_days[2]);

	*reading = (struct reading){ NAN, 0 };
	if (!environment)
		return true;
	sample_arrays_init(&samples);
	if (!store_samples(place->store, place->scope->scope_id, environment->name, from,
			   now, &samples, error) ||
	    !know_by(work, from, now, samples.rollouts, error))
		return false;
	series_windows(
		&(struct series_input){
			.zone = place->zone,
			.born = begun(environment->born, now),
			.now = now,
			.minimum_authors = place->config->privacy->minimum_authors,
			.rollouts = (const void *)samples.rollouts->data,
			.n_rollouts = samples.rollouts->len,
			.samples = (const void *)samples.leads->data,
			.n_samples = samples.leads->len,
			.stages = (const void *)samples.stages->data,
			.n_stages = samples.stages->len,
			.recoveries = (const void *)samples.recoveries->data,
			.n_recoveries = samples.recoveries->len,
			.restores = (const void *)samples.restores->data,
			.n_restores = samples.restores->len,
			.incidents_born = begun(environment->incidents_born, now),
		},
		rows);
	*reading = read_rows(work->rail, rows);
	return true;
}

static bool is_breached(const struct config_guardrail *rail,
			const struct reading *reading)
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
static bool is_enough(const struct config_guardrail *rail, const struct reading *reading)
{
	return !isnan(reading->value) && (adds_up(rail) || reading->n >= rail->minimum);
}

/* No data leaves everything as it is. */
static void look_at(const struct config_guardrail *rail, const struct watch *watch,
		    const struct reading *reading, struct watch_look *look)
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

/* What a window is short of by days on which nothing was to be done. */
static bool is_held_back(const struct rail_work *work, gint32 day,
			 const struct reading *reading)
{
	const struct config_guardrail *rail = work->rail;
	const gint32 n = (gint32)goal_window_days(rail->over);

	if (rail->at_most || !adds_up(rail) || !is_breached(rail, reading))
		return false;
	for (gint32 at = day; at > day - n; at--)
		if (calendar_masks(work->scene->calendar, at))
			return true;
	return false;
}

static void describe(const struct rail_work *work, const struct watch_row *row,
		     gint32 day, const struct reading *reading, struct alert_row *alert)
{
	const struct config_guardrail *rail = work->rail;
	const struct alert_place *place = &work->round->place;
	const struct watch *watch = &row->watch;

	*alert = (struct alert_row){
		.kind = WATCH_GUARDRAIL,
		.direction = SHIFT_WORSE,
		.scope_kind = place->scope->kind,
		.org = g_strdup(place->org),
		.team = g_strdup(place->team),
		.service = g_strdup(place->service),
		.name = g_strdup(row->name),
		.metric = g_strdup(row->metric),
		.environment = g_strdup(row->environment),
		.state = g_strdup("firing"),
		.onset = zone_day_start(place->zone, watch->frozen.onset),
		.first_seen = zone_day_start(place->zone, watch->suspected + 1),
		.fired_at = zone_day_start(place->zone, watch->fired + 1),
		.ended_at = INSTANT_NONE,
		.time_zone = g_strdup(place->scope->time_zone),
		.unit = g_strdup(goal_unit_name(goal_unit(
			goal_metric(rail->figure.metric), rail->figure.statistic))),
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
	alert->shift.window = goal_window_days(rail->over);
	alert->shift.before = (struct shift_side){
		.from = SHIFT_NO_BOUND,
		.to = SHIFT_NO_BOUND,
		.rate = rail->limit,
	};
	alert->shift.after = (struct shift_side){
		.from = day - (gint32)alert->shift.window + 1,
		.to = day,
		.n = reading->n,
		.rate = reading->value,
	};
}

static bool judge_day(const struct rail_work *work, struct watch_row *row, gint32 at,
		      GError **error)
{
	const struct config_alerts *alerts = work->round->place.config->alerts;
	struct alert_day day = { .day = at };
	struct alert_row alert = { 0 };
	struct reading reading;
	bool ok;

	if (!read_day(work, at, &reading, error))
		return false;
	alert_look_around(work->scene, at, &day.look);
	day.look.masked = day.look.masked || is_held_back(work, at, &reading);
	look_at(work->rail, &row->watch, &reading, &day.look);
	alert_step(row, &watch_rule_guardrail, &day);
	if (row->watch.state == WATCH_FIRING && row->watch.fired == at)
		describe(work, row, at, &reading, &alert);
	ok = alert_round_record(work->round, row, &day, &alert,
				alerts->guardrail_channels, alerts->n_guardrail_channels,
				error);
	alert_row_clear(&alert);
	return ok;
}

static const struct scope_environment *find(const GArray *environments, const char *name)
{
	for (guint i = 0; i < environments->len; i++) {
		const struct scope_environment *row = &g_array_index(
			environments, struct scope_environment, i);

		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

/* Takes the watch of a guardrail to the last day. */
static bool judge(const struct rail_work *work, struct watch_row *row, GError **error)
{
	struct alert_round *round = work->round;

	for (gint32 day = alert_round_first(round, row); day <= round->last; day++)
		if (!judge_day(work, row, day, error))
			return false;
	return store_watch_write(round->place.store, row, error);
}

static bool evaluate_one(struct alert_round *round, const struct config_guardrail *rail,
			 const GArray *environments, GError **error)
{
	struct alert_scene scene = {
		.config = round->place.config,
		.calendar = config_calendar(round->place.config, round->place.team),
		.zone = round->place.zone,
	};
	const struct rail_work work = {
		.round = round,
		.rail = rail,
		.scene = &scene,
		.environment = find(environments, rail->figure.environment),
	};
	struct watch_row row = alert_round_row(round, WATCH_GUARDRAIL, rail->name,
					       rail->figure.metric,
					       rail->figure.environment, SHIFT_WORSE);
	bool ok = alert_round_remeasure(round, &row, alert_measure_guardrail(rail),
					error);

	if (ok && alert_round_first(round, &row) <= round->last) {
		scene.activity = alert_round_activity(round, error);
		ok = scene.activity && judge(&work, &row, error);
		g_array_append_val(round->kept, row.watch_id);
	}
	alert_round_row_clear(&row);
	return ok;
}

bool evaluate_guardrails(struct alert_round *round, const GArray *environments,
			 GError **error)
{
	const struct config *config = round->place.config;

	for (unsigned i = 0; i < config->n_guardrails; i++) {
		const struct config_guardrail *rail = &config->guardrails[i];

		if (is_of(&rail->figure, round->place.scope) &&
		    !evaluate_one(round, rail, environments, error))
			return false;
	}
	return true;
}
