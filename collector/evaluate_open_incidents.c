#include "collector/evaluate_alerts.h"

#include <math.h>

#include "base/instant.h"

/* The 95th percentile of fewer is hardly more than their longest. */
#define RESTORED_MIN 19
#define YEAR_DAYS 365
/* What has been too long for longer is no news: when watching begins there may be years
 * of it. */
#define NEWS_DAYS 30

/* One environment of a scope. */
struct ward {
	struct alert_round *round;
	const char *environment;
	const struct config_alert_rule *rule;
	GHashTable *told; /* names of those that fire since this round */
};

static void describe(const struct ward *ward, const struct watch_row *row,
		     const struct open_incident *incident, gint64 at,
		     struct alert_row *alert)
{
	const struct alert_place *place = &ward->round->place;

	*alert = (struct alert_row){
		.rule = g_strdup(ward->rule->name),
		.onset = incident->began,
		.first_seen = at,
		.fired_at = at,
		.ended_at = INSTANT_NONE,
		.unit = g_strdup("seconds"),
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
	alert_place_sign(place, row, alert);
	alert->shift.before = (struct shift_side){
		.n = incident->n_restored,
		.rate = incident->p95,
	};
	alert->shift.after = (struct shift_side){
		.rate = (double)(at - incident->began) / G_TIME_SPAN_SECOND,
	};
}

static bool happen(const struct ward *ward, struct watch_row *row, enum watch_event event,
		   const struct open_incident *incident, const char *reason,
		   GError **error)
{
	struct alert_round *round = ward->round;
	const gint64 at = zone_day_start(round->place.zone, round->last + 1);
	struct alert_event happened = { .event = event, .at = at, .reason = reason };
	struct alert_row alert = { 0 };
	bool ok;

	if (event == WATCH_FIRED) {
		describe(ward, row, incident, at, &alert);
		happened.alert = &alert;
	}
	ok = store_alert_event(round->place.store, row, &happened,
			       (const char *const *)ward->rule->channels,
			       ward->rule->n_channels, round->now, error);
	alert_row_clear(&alert);
	return ok;
}

static bool is_news(const struct ward *ward, const struct open_incident *incident)
{
	const gint64 at = zone_day_start(ward->round->place.zone, ward->round->last + 1);
	const double age = (double)(at - incident->began) / G_TIME_SPAN_SECOND;
	const double news = (double)NEWS_DAYS * G_TIME_SPAN_DAY / G_TIME_SPAN_SECOND;

	return incident->open_now && incident->n_restored >= RESTORED_MIN &&
	       age > incident->p95 && age <= incident->p95 + news;
}

static bool fire(const struct ward *ward, struct watch_row *row,
		 const struct open_incident *incident, GError **error)
{
	const gint32 day = ward->round->last;
	struct watch *watch = &row->watch;

	if (!is_news(ward, incident))
		return true;
	watch->state = WATCH_FIRING;
	watch->since = watch->suspected = watch->fired = watch->judged = day;
	watch->frozen = (struct shift_frozen){ NAN, NAN, NAN, NAN, day };
	if (!happen(ward, row, WATCH_FIRED, incident, NULL, error))
		return false;
	/* It had fired as of this very day, and was withdrawn: it may as of the next. */
	if (row->alert_id == 0) {
		watch_init(watch, SHIFT_NO_BOUND);
		watch->judged = day;
	}
	g_array_append_val(ward->round->kept, row->watch_id);
	return store_watch_write(ward->round->place.store, row, error);
}

/* incident: NULL: there is none any more. Its watch is of no use after its end, and
 * turned off with those that nothing watches. */
static bool look_after(const struct ward *ward, struct watch_row *row,
		       const struct open_incident *incident, GError **error)
{
	struct alert_round *round = ward->round;
	const bool over = incident && incident->ended != INSTANT_NONE;
	const gint64 fired = zone_day_start(round->place.zone, row->watch.fired + 1);
	bool ok = true;

	if (incident && !over) {
		row->watch.judged = round->last;
		g_array_append_val(round->kept, row->watch_id);
	} else {
		const bool late = over && incident->ended < fired;

		ok = happen(ward, row, over && !late ? WATCH_RESOLVED : WATCH_WITHDRAWN,
			    incident,
			    late    ? "late facts undid it"
			    : !over ? "it does not count any more"
				    : NULL,
			    error);
		watch_init(&row->watch, SHIFT_NO_BOUND);
		row->watch.judged = round->last;
	}
	return ok && store_watch_write(round->place.store, row, error);
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

/* The incident is told already: of the service or team in one environment, which is
 * enough. */
static bool is_told(const struct ward *ward, const char *name)
{
	for (guint i = 0; i < ward->round->rows->len; i++) {
		const struct watch_row *row = &g_array_index(ward->round->rows,
							     struct watch_row, i);

		if (row->kind == WATCH_INCIDENT && row->watch.state == WATCH_FIRING &&
		    strcmp(row->name, name) == 0)
			return true;
	}
	return g_hash_table_contains(ward->told, name);
}

static bool begin(const struct ward *ward, const struct open_incident *incident,
		  GError **error)
{
	struct watch_row row;
	bool ok;

	if (incident->ended != INSTANT_NONE || is_told(ward, incident->name))
		return true;
	row = alert_round_row(ward->round, WATCH_INCIDENT, incident->name,
			      metric_name(METRIC_TIME_TO_RESTORE), ward->environment,
			      SHIFT_WORSE);
	ok = fire(ward, &row, incident, error);
	if (row.alert_id != 0)
		g_hash_table_add(ward->told, g_strdup(incident->name));
	alert_round_row_clear(&row);
	return ok;
}

/* The watches of those that were told here and are not over: borrowed. */
static GPtrArray *watched(const struct ward *ward)
{
	GPtrArray *rows = g_ptr_array_new();

	for (guint i = 0; i < ward->round->rows->len; i++) {
		struct watch_row *row = &g_array_index(ward->round->rows,
						       struct watch_row, i);

		if (row->kind == WATCH_INCIDENT && row->watch.state == WATCH_FIRING &&
		    strcmp(row->environment, ward->environment) == 0)
			g_ptr_array_add(rows, row);
	}
	return rows;
}

static GArray *load(const struct ward *ward, const GPtrArray *rows, GError **error)
{
	const struct alert_place *place = &ward->round->place;
	const gint32 end = ward->round->last + 1;
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < rows->len; i++)
		g_ptr_array_add(names, ((struct watch_row *)rows->pdata[i])->name);
	return store_open_incidents(place->store, place->scope->scope_id,
				    ward->environment,
				    zone_day_start(place->zone, end - YEAR_DAYS),
				    zone_day_start(place->zone, end),
				    (const char *const *)names->pdata, names->len, error);
}

static bool evaluate(const struct ward *ward, const GPtrArray *rows, GError **error)
{
	g_autoptr(GArray) incidents = load(ward, rows, error);

	if (!incidents)
		return false;
	for (guint i = 0; i < rows->len; i++) {
		struct watch_row *row = rows->pdata[i];

		if (!look_after(ward, row, find(incidents, row->name), error))
			return false;
	}
	for (guint i = 0; i < incidents->len; i++)
		if (!begin(ward, &g_array_index(incidents, struct open_incident, i),
			   error))
			return false;
	return true;
}

/* A day that is masked, or that nothing is known of yet, changes nothing. */
static void keep(const struct ward *ward, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++)
		g_array_append_val(ward->round->kept,
				   ((struct watch_row *)rows->pdata[i])->watch_id);
}

bool evaluate_open_incidents(struct alert_round *round, const GArray *environments,
			     GError **error)
{
	const struct calendar *calendar = config_calendar(round->place.config,
							  round->place.team);
	const bool quiet = round->last == G_MININT32 ||
			   calendar_masks(calendar, round->last);
	g_autoptr(GHashTable)
		told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < environments->len; i++) {
		const char *name =
			g_array_index(environments, struct scope_environment, i).name;
		const struct ward ward = {
			.round = round,
			.environment = name,
			.rule = alert_place_rule(&round->place, name,
						 METRIC_TIME_TO_RESTORE),
			.told = told,
		};
		g_autoptr(GPtrArray) rows = watched(&ward);

		if (!ward.rule)
			continue;
		if (quiet)
			keep(&ward, rows);
		else if (!evaluate(&ward, rows, error))
			return false;
	}
	return true;
}
