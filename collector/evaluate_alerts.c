#include "collector/evaluate_alerts.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_measure.h"

/* A daemon that was away for longer begins again here. */
#define CATCH_UP_DAYS 30
/* Facts that were to be there by now are looked for after this. */
#define RETRY (15 * G_TIME_SPAN_MINUTE)

/* ---- what both kinds need ---- */

static bool is_of(const struct watch_row *row, enum watch_kind kind, const char *name,
		  const char *metric, const char *environment,
		  enum shift_direction direction)
{
	return row->kind == kind && row->direction == direction &&
	       strcmp(row->name, name) == 0 && strcmp(row->metric, metric) == 0 &&
	       strcmp(row->environment, environment) == 0;
}

struct watch_row alert_round_row(struct alert_round *round, enum watch_kind kind,
				 const char *name, const char *metric,
				 const char *environment, enum shift_direction direction)
{
	struct watch_row row = { .kind = kind,
				 .scope_id = round->place.scope->scope_id,
				 .direction = direction,
				 .score = NAN,
				 .ratio = NAN };

	watch_init(&row.watch, SHIFT_NO_BOUND);
	for (guint i = 0; i < round->rows->len; i++) {
		const struct watch_row *known = &g_array_index(round->rows,
							       struct watch_row, i);

		if (!is_of(known, kind, name, metric, environment, direction))
			continue;
		row = *known;
		g_array_append_val(round->kept, row.watch_id);
	}
	row.name = g_strdup(name);
	row.metric = g_strdup(metric);
	row.environment = g_strdup(environment);
	row.measured = g_strdup(row.measured);
	if (round->last != G_MININT32 && row.watch.judged > round->over + 1)
		watch_turn_back(&row.watch, round->last - 1);
	return row;
}

void alert_round_row_clear(struct watch_row *row)
{
	g_free(row->name);
	g_free(row->metric);
	g_free(row->environment);
	g_free(row->measured);
}

bool alert_round_remeasure(struct alert_round *round, struct watch_row *row,
			   char *measured, GError **error)
{
	g_autofree char *before = row->measured;
	struct watch_events events = { .n = 0 };

	row->measured = measured;
	if (row->watch_id == 0 || g_strcmp0(before, measured) == 0)
		return true;
	if (before)
		watch_restart(&row->watch, row->watch.judged, &events);
	for (guint i = 0; i < events.n; i++) {
		const struct alert_event event = {
			.event = events.events[i],
			.at = round->now,
			.reason = "it is measured differently now",
		};

		if (!store_alert_event(round->place.store, row, &event, NULL, 0,
				       round->now, error))
			return false;
	}
	return store_watch_write(round->place.store, row, error);
}

gint32 alert_round_first(const struct alert_round *round, const struct watch_row *row)
{
	if (round->last == G_MININT32)
		return G_MAXINT32;
	if (row->watch.judged == WATCH_NEVER)
		return round->last;
	return MAX(row->watch.judged + 1, round->last - CATCH_UP_DAYS + 1);
}

GArray *alert_round_activity(struct alert_round *round, GError **error)
{
	if (!round->activity)
		round->activity = alert_activity(
			&round->place, round->last - CATCH_UP_DAYS, round->last, error);
	return round->activity;
}

/* As of the day it fired a team is judged by the services that it has now, too: if it had
 * others, no fact need have come late. */
static bool blame_services(const struct alert_round *round, const struct watch_row *row,
			   struct alert_event *event, GError **error)
{
	bool moved;

	if (!store_alert_services_moved(round->place.store, row->alert_id, event->at,
					&moved, error))
		return false;
	if (moved)
		event->reason = "it would not have fired with the services of now";
	return true;
}

bool alert_round_record(struct alert_round *round, struct watch_row *row,
			const struct alert_day *day, const struct alert_row *alert,
			char *const *channels, unsigned n_channels, GError **error)
{
	const bool told = row->direction == SHIFT_WORSE;

	for (guint i = 0; i < day->events.n; i++) {
		enum watch_event name = day->events.events[i];
		const bool has = name == WATCH_FIRED || name == WATCH_WORSENED;
		struct alert_event event = {
			.event = name,
			.at = zone_day_start(round->place.zone, day->day + 1),
			.reason = alert_end_reason(name, row->kind == WATCH_GUARDRAIL,
						   &day->look),
			.alert = has ? alert : NULL,
		};

		if (name == WATCH_WITHDRAWN && day->look.undone && !day->look.few &&
		    !blame_services(round, row, &event, error))
			return false;
		if (!store_alert_event(round->place.store, row, &event,
				       (const char *const *)channels,
				       told ? n_channels : 0, round->now, error))
			return false;
	}
	return true;
}

/* ---- regressions ---- */

/* A series at work. */
struct judging {
	struct alert_round *round;
	const struct alert_scene *scene;
	const struct alert_subject *subject;
};

static bool has_news(const struct alert_day *day)
{
	for (guint i = 0; i < day->events.n; i++)
		if (day->events.events[i] == WATCH_FIRED ||
		    day->events.events[i] == WATCH_WORSENED)
			return true;
	return false;
}

static bool record(struct watch_row *row, const struct alert_day *day, void *user,
		   GError **error)
{
	const struct judging *judging = user;
	const struct config_alert_rule *rule = judging->subject->rule;
	struct alert_row alert = { 0 };
	bool ok;

	if (day->events.n == 0)
		return true;
	if (has_news(day)) {
		alert_describe(judging->scene, judging->subject, row, day, &alert);
		alert_place_sign(&judging->round->place, row, &alert);
		alert.rule = g_strdup(rule->name);
	}
	ok = alert_round_record(judging->round, row, day, &alert, rule->channels,
				rule->n_channels, error);
	alert_row_clear(&alert);
	return ok;
}

/* Takes one watch to the last day. */
static bool judge(struct alert_round *round, const struct alert_scene *scene,
		  enum metric metric, const struct config_alert_rule *rule,
		  struct watch_row *row, GError **error)
{
	gint32 first = alert_round_first(round, row);
	struct alert_subject subject;
	struct judging judging = { round, scene, &subject };
	bool ok;

	if (first > round->last)
		return true;
	alert_subject_init(&subject, scene, metric, rule, row->direction);
	if (row->watch.judged == WATCH_NEVER)
		alert_begin(scene, &subject, first, row);
	ok = alert_walk(scene, &subject, row, first, round->last, record, &judging,
			error);
	g_free(row->measured);
	row->measured = alert_measure(&round->place, metric, rule, &row->watch);
	ok = ok && store_watch_write(round->place.store, row, error);
	alert_subject_clear(&subject);
	return ok;
}

/* ---- changes of level ---- */

static bool write_change_points(const struct alert_round *round,
				const struct alert_scene *scene, const char *environment,
				enum metric metric, const struct config_alert_rule *rule,
				GError **error)
{
	g_autoptr(GArray) points = NULL;
	struct alert_subject subject;

	alert_subject_init(&subject, scene, metric, rule, SHIFT_WORSE);
	points = alert_change_points(scene, &subject, round->last);
	alert_subject_clear(&subject);
	return store_change_points_write(round->place.store, round->place.scope->scope_id,
					 environment, metric_name(metric),
					 (const void *)points->data, points->len, error);
}

/* Forgets those of what is no longer watched. */
static bool keep_change_points(const struct alert_round *round,
			       const GArray *environments, GError **error)
{
	g_autoptr(GPtrArray) kept = g_ptr_array_new(), metrics = g_ptr_array_new();

	for (guint i = 0; i < environments->len && round->place.config->alerts; i++) {
		char *name =
			g_array_index(environments, struct scope_environment, i).name;

		for (int k = 0; k < N_METRICS; k++) {
			if (!alert_place_watched(&round->place, name, (enum metric)k))
				continue;
			g_ptr_array_add(kept, name);
			g_ptr_array_add(metrics, (char *)metric_name((enum metric)k));
		}
	}
	return store_change_points_keep(round->place.store, round->place.scope->scope_id,
					(const char *const *)kept->pdata,
					(const char *const *)metrics->pdata, kept->len,
					error);
}

/* ---- one environment ---- */

/* What is watched of an environment. */
struct watched {
	enum metric metric;
	const struct config_alert_rule *rule;
	struct watch_row row;
};

static void watched_clear(void *data)
{
	alert_round_row_clear(&((struct watched *)data)->row);
}

static GArray *watched_of(struct alert_round *round, const char *environment)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct watched));

	g_array_set_clear_func(all, watched_clear);
	for (int i = 0; i < N_METRICS; i++) {
		struct watched one = { .metric = (enum metric)i };

		one.rule = alert_place_watched(&round->place, environment, one.metric);
		for (int k = SHIFT_WORSE; one.rule && k <= SHIFT_BETTER; k++) {
			if (k == SHIFT_BETTER && !one.rule->improvements)
				continue;
			one.row = alert_round_row(round, WATCH_REGRESSION, "",
						  metric_name(one.metric), environment,
						  (enum shift_direction)k);
			g_array_append_val(all, one);
		}
	}
	return all;
}

/* What may learn is cut where its level changed last, which takes more than judging. */
static gint32 look_back(const struct watch *watch)
{
	return watch->state == WATCH_LEARNING && watch->baseline_start == SHIFT_NO_BOUND
		       ? 7 * (ALERT_BASELINE_WEEKS + 1)
		       : ALERT_LOOK_BACK_DAYS;
}

/* The first day that samples are wanted of; > last: nothing is to be judged. *weeks: a
 * calendar week has ended since it was last looked at. */
static gint32 first_wanted(const struct alert_round *round, const GArray *all,
			   bool *weeks)
{
	gint32 wanted = G_MAXINT32;

	*weeks = false;
	for (guint i = 0; i < all->len; i++) {
		const struct watched *one = &g_array_index(all, struct watched, i);
		const struct watch *watch = &one->row.watch;
		gint32 first = alert_round_first(round, &one->row);

		if (first > round->last)
			continue;
		if (watch->judged == WATCH_NEVER ||
		    grain_floor(GRAIN_WEEK, watch->judged + 1) <
			    grain_floor(GRAIN_WEEK, round->last + 1))
			*weeks = true;
		if (watch->state == WATCH_FIRING)
			first = MIN(first, watch->fired);
		wanted = MIN(wanted, first - look_back(watch));
	}
	if (*weeks)
		wanted = MIN(wanted, round->last - 7 * (ALERT_HISTORY_WEEKS + 1));
	return wanted;
}

static bool evaluate_scene(struct alert_round *round, const struct alert_scene *scene,
			   const char *environment, const GArray *all, bool weeks,
			   GError **error)
{
	for (guint i = 0; i < all->len; i++) {
		struct watched *one = &g_array_index(all, struct watched, i);

		if (!judge(round, scene, one->metric, one->rule, &one->row, error))
			return false;
		g_array_append_val(round->kept, one->row.watch_id);
	}
	for (int i = 0; weeks && i < N_METRICS; i++) {
		enum metric metric = (enum metric)i;
		const struct config_alert_rule *rule;

		rule = alert_place_watched(&round->place, environment, metric);
		if (rule &&
		    !write_change_points(round, scene, environment, metric, rule, error))
			return false;
	}
	return true;
}

static bool evaluate_environment(struct alert_round *round, const char *environment,
				 GError **error)
{
	g_autoptr(GArray) all = watched_of(round, environment);
	struct alert_scene scene = { 0 };
	GArray *activity;
	gint32 wanted;
	bool weeks, ok;

	for (guint i = 0; i < all->len; i++) {
		struct watched *one = &g_array_index(all, struct watched, i);

		if (!alert_round_remeasure(round, &one->row,
					   alert_measure(&round->place, one->metric,
							 one->rule, &one->row.watch),
					   error))
			return false;
	}
	wanted = first_wanted(round, all, &weeks);
	if (wanted > round->last)
		return true;
	activity = alert_round_activity(round, error);
	if (!activity)
		return false;
	ok = alert_scene_load(&scene, &round->place, environment, wanted, round->last,
			      activity, error) &&
	     evaluate_scene(round, &scene, environment, all, weeks, error);
	alert_scene_clear(&scene);
	return ok;
}

/* ---- the scope ---- */

static bool turn_off_others(const struct alert_round *round, const char *reason,
			    GError **error)
{
	guint n_known = 0;

	for (guint i = 0; i < round->rows->len; i++) {
		gint32 id = g_array_index(round->rows, struct watch_row, i).watch_id;

		for (guint k = 0; k < round->kept->len; k++)
			if (g_array_index(round->kept, gint32, k) == id) {
				n_known++;
				break;
			}
	}
	return n_known == round->rows->len ||
	       store_watches_off(round->place.store, round->place.scope->scope_id,
				 (const void *)round->kept->data, round->kept->len,
				 round->now, reason, error);
}

static bool evaluate_all(struct alert_round *round, const GArray *environments,
			 gint64 *next, GError **error)
{
	const struct alert_place *place = &round->place;
	gint64 fresh_until;
	bool all;

	if (!store_fresh_until(place->store, place->scope->scope_id, &fresh_until, error))
		return false;
	round->over = alert_last_day(place, round->now, round->now, &all);
	round->last = alert_last_day(place, round->now, fresh_until, &all);
	*next = all ? zone_day_start(place->zone, round->last + 2) +
				place->config->alerts->lag_us
		    : round->now + RETRY;
	if (!alert_round_within(round, environments, error))
		return false;
	for (guint i = 0; i < environments->len; i++)
		if (!evaluate_environment(
			    round,
			    g_array_index(environments, struct scope_environment, i).name,
			    error))
			return false;
	return evaluate_guardrails(round, environments, error) &&
	       evaluate_open_incidents(round, environments, error) &&
	       turn_off_others(round, "it is no longer watched", error);
}

bool evaluate_alerts_is_due(const struct scope_row *scope,
			    const struct work_context *context, gint64 now)
{
	g_autofree char *definition = NULL;

	if (context->trial)
		return false;
	if (!context->config->alerts)
		return scope->alerts_due != INSTANT_NONE;
	definition = alert_definition(context->config, scope->kind, scope->name);
	/* two days ahead: the clock was set back */
	return scope->alerts_due == INSTANT_NONE || now >= scope->alerts_due ||
	       scope->alerts_due > now + 2 * G_TIME_SPAN_DAY ||
	       g_strcmp0(scope->alerts_definition, definition) != 0;
}

bool evaluate_alerts(struct store *store, const struct work_context *context,
		     const struct scope_row *scope, const struct zone *zone,
		     const GArray *environments, gint64 now, gint64 *next, GError **error)
{
	struct alert_round round = {
		.context = context,
		.now = now,
		.last = G_MININT32,
		.rows = store_watches(store, scope->scope_id, error),
		.kept = g_array_new(FALSE, FALSE, sizeof(gint32)),
	};
	g_autofree char *definition = NULL;
	bool ok = round.rows != NULL;

	*next = INSTANT_NONE;
	alert_place_init(&round.place, store, context->config, scope, zone);
	if (ok && context->config->alerts)
		ok = evaluate_all(&round, environments, next, error);
	else if (ok)
		ok = turn_off_others(&round, "nothing is watched any longer", error);
	definition = alert_definition(context->config, scope->kind, scope->name);
	ok = ok && keep_change_points(&round, environments, error) &&
	     store_alerts_due(store, scope->scope_id, *next, definition, error);
	watch_rows_free(round.rows);
	alert_place_clear(&round.place);
	g_array_unref(round.kept);
	g_clear_pointer(&round.activity, g_array_unref);
	return ok;
}
