#include "collector/evaluate_alerts.h"

#include <math.h>

#include "base/instant.h"

/* The 95th percentile of fewer is hardly more than their longest. */
#define RESTORED_MIN 19
#define YEAR_DAYS 365

/* One environment of a scope. */
struct ward {
	struct alert_round *round;
	const char *environment;
	const struct config_alert_rule *rule;
};

static struct watch_row row_of(const struct ward *ward, const char *name)
{
	return alert_round_row(ward->round, WATCH_INCIDENT, name,
			       metric_name(METRIC_TIME_TO_RESTORE), ward->environment,
			       SHIFT_WORSE);
}

static void describe(const struct ward *ward, const struct watch_row *row,
		     const struct open_incident *incident, gint64 at,
		     struct alert_row *alert)
{
	const struct alert_place *place = &ward->round->place;

	*alert = (struct alert_row){
		.kind = WATCH_INCIDENT,
		.direction = SHIFT_WORSE,
		.scope_kind = place->scope->kind,
		.org = g_strdup(place->org),
		.team = g_strdup(place->team),
		.service = g_strdup(place->service),
		.name = g_strdup(row->name),
		.metric = g_strdup(row->metric),
		.environment = g_strdup(row->environment),
		.state = g_strdup("firing"),
		.rule = g_strdup(ward->rule->name),
		.onset = incident->began,
		.first_seen = at,
		.fired_at = at,
		.ended_at = INSTANT_NONE,
		.time_zone = g_strdup(place->scope->time_zone),
		.unit = g_strdup("seconds"),
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
	alert->shift.before = (struct shift_side){
		.n = incident->n_restored,
		.rate = incident->p95,
	};
	alert->shift.after = (struct shift_side){
		.rate = (double)(at - incident->began) / G_TIME_SPAN_SECOND,
	};
}

static bool happen(const struct ward *ward, struct watch_row *row, enum watch_event event,
		   const struct open_incident *incident, GError **error)
{
	struct alert_round *round = ward->round;
	const gint64 at = zone_day_start(round->place.zone, round->last + 1);
	const struct alert_event happened = {
		.event = event,
		.at = at,
		.reason = event == WATCH_WITHDRAWN ? "it does not count any more" : NULL,
	};
	struct alert_event fired = happened;
	struct alert_row alert = { 0 };
	bool ok;

	if (event == WATCH_FIRED) {
		describe(ward, row, incident, at, &alert);
		fired.alert = &alert;
	}
	ok = store_alert_event(round->place.store, row, &fired,
			       (const char *const *)ward->rule->channels,
			       ward->rule->n_channels, round->now, error);
	alert_row_clear(&alert);
	return ok;
}

static void enter(struct watch *watch, enum watch_state state, gint32 day)
{
	watch->state = state;
	watch->since = day;
}

static bool judge(const struct ward *ward, struct watch_row *row,
		  const struct open_incident *incident, GError **error)
{
	const gint32 day = ward->round->last;
	const gint64 at = zone_day_start(ward->round->place.zone, day + 1);
	const bool is_open = incident && incident->ended == INSTANT_NONE;
	struct watch *watch = &row->watch;

	if (watch->state == WATCH_FIRING && !is_open) {
		if (!happen(ward, row, incident ? WATCH_RESOLVED : WATCH_WITHDRAWN,
			    incident, error))
			return false;
		enter(watch, WATCH_OK, day);
	} else if (watch->state != WATCH_FIRING && is_open &&
		   incident->n_restored >= RESTORED_MIN &&
		   (double)(at - incident->began) / G_TIME_SPAN_SECOND > incident->p95) {
		enter(watch, WATCH_FIRING, day);
		watch->suspected = day;
		watch->fired = day;
		watch->frozen = (struct shift_frozen){ NAN, NAN, NAN, NAN, day };
		if (!happen(ward, row, WATCH_FIRED, incident, error))
			return false;
	} else if (watch->state != WATCH_FIRING) {
		return true; /* nothing to remember */
	}
	watch->judged = day;
	if (!store_watch_write(ward->round->place.store, row, error))
		return false;
	g_array_append_val(ward->round->kept, row->watch_id);
	return true;
}

static bool judge_named(const struct ward *ward, const char *name,
			const struct open_incident *incident, GError **error)
{
	struct watch_row row = row_of(ward, name);
	bool ok = row.watch.judged >= ward->round->last ||
		  judge(ward, &row, incident, error);

	alert_round_row_clear(&row);
	return ok;
}

static const struct open_incident *find(const GArray *incidents, const char *name)
{
	for (guint i = 0; i < incidents->len; i++) {
		const struct open_incident *incident = &g_array_index(
			incidents, struct open_incident, i);

		if (strcmp(incident->name, name) == 0)
			return incident;
	}
	return NULL;
}

/* Of those that were told of and are not over: their names, borrowed. */
static GPtrArray *watched(const struct ward *ward)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < ward->round->rows->len; i++) {
		const struct watch_row *row = &g_array_index(ward->round->rows,
							     struct watch_row, i);

		if (row->kind == WATCH_INCIDENT && row->watch.state == WATCH_FIRING &&
		    strcmp(row->environment, ward->environment) == 0)
			g_ptr_array_add(names, row->name);
	}
	return names;
}

static bool evaluate(const struct ward *ward, GError **error)
{
	const struct alert_place *place = &ward->round->place;
	const gint32 end = ward->round->last + 1;
	g_autoptr(GPtrArray) names = watched(ward);
	g_autoptr(GArray) incidents = store_open_incidents(
		place->store, place->scope->scope_id, ward->environment,
		zone_day_start(place->zone, end - YEAR_DAYS),
		zone_day_start(place->zone, end), (const char *const *)names->pdata,
		names->len, error);

	if (!incidents)
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);

		if (!judge_named(ward, name, find(incidents, name), error))
			return false;
	}
	for (guint i = 0; i < incidents->len; i++) {
		const struct open_incident *incident = &g_array_index(
			incidents, struct open_incident, i);

		if (!g_ptr_array_find_with_equal_func(names, incident->name, g_str_equal,
						      NULL) &&
		    !judge_named(ward, incident->name, incident, error))
			return false;
	}
	return true;
}

/* On a masked or silent day all stays as it is. */
static bool is_quiet(struct alert_round *round, bool *quiet, GError **error)
{
	const struct alert_scene scene = {
		.config = round->place.config,
		.calendar = config_calendar(round->place.config, round->place.team),
		.zone = round->place.zone,
		.activity = alert_round_activity(round, error),
	};
	struct watch_look look;

	if (!scene.activity)
		return false;
	alert_look_around(&scene, round->last, &look);
	*quiet = look.masked || look.silent;
	return true;
}

static void keep(const struct ward *ward)
{
	g_autoptr(GPtrArray) names = watched(ward);

	for (guint i = 0; i < names->len; i++) {
		struct watch_row row = row_of(ward, g_ptr_array_index(names, i));

		alert_round_row_clear(&row);
	}
}

bool evaluate_open_incidents(struct alert_round *round, const GArray *environments,
			     GError **error)
{
	bool quiet;

	if (round->last == G_MININT32)
		return true;
	for (guint i = 0; i < environments->len; i++) {
		struct ward ward = {
			.round = round,
			.environment = g_array_index(environments,
						     struct scope_environment, i)
					       .name,
		};

		ward.rule = alert_place_rule(&round->place, ward.environment,
					     METRIC_TIME_TO_RESTORE);
		if (!ward.rule)
			continue;
		if (!is_quiet(round, &quiet, error))
			return false;
		if (quiet)
			keep(&ward);
		else if (!evaluate(&ward, error))
			return false;
	}
	return true;
}
