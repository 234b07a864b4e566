#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_open_incidents.h"
#include "collector/evaluate_alerts.h"

/* What is watched of a scope, at work. */
struct wards {
	struct alert_round *round;
	GArray *all; /* of struct alert_ward */
};

static const struct alert_ward *ward_at(const struct wards *wards, guint i)
{
	return &g_array_index(wards->all, struct alert_ward, i);
}

/* Which ward what fires is of; < 0: nobody watches it, or it is no such thing. */
static int ward_of(const struct wards *wards, const struct watch_row *row)
{
	if (row->kind != WATCH_INCIDENT || row->watch.state != WATCH_FIRING)
		return -1;
	for (guint i = 0; i < wards->all->len; i++)
		if (ward_at(wards, i)->rule &&
		    strcmp(ward_at(wards, i)->environment, row->environment) == 0)
			return (int)i;
	return -1;
}

static struct watch_row *row_at(const struct wards *wards, guint i)
{
	return &g_array_index(wards->round->rows, struct watch_row, i);
}

/* NULL: it does not fire. */
static struct watch_row *find(const struct wards *wards, guint ward, const char *name)
{
	for (guint i = 0; i < wards->round->rows->len; i++) {
		struct watch_row *row = row_at(wards, i);

		if (ward_of(wards, row) == (int)ward && strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

/* ---- what happened ---- */

static void describe(const struct alert_place *place, const struct alert_ward *ward,
		     const struct watch_row *row, const struct open_event *event,
		     const struct open_usual *usual, gint64 at, struct alert_row *alert)
{
	*alert = (struct alert_row){
		.rule = g_strdup(ward->rule->name),
		.onset = event->incident->began,
		.first_seen = at,
		.fired_at = at,
		.ended_at = INSTANT_NONE,
		.unit = g_strdup("seconds"),
		.false_alerts = NAN,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
	alert_place_sign(place, row, alert);
	alert->shift.before = (struct shift_side){ .n = usual->n, .rate = usual->p95 };
	alert->shift.after = (struct shift_side){
		.rate = (double)(at - event->incident->began) / G_TIME_SPAN_SECOND,
	};
}

static const char *reason_of(const struct open_event *event)
{
	if (event->event != WATCH_WITHDRAWN)
		return NULL;
	return event->incident ? "late facts undid it" : "it does not count any more";
}

/* What is known to be over by now, while the day on which it fires is judged, is no news:
 * nobody hears of it, nor of its end. */
static bool record(const struct wards *wards, const struct alert_open_day *day,
		   const struct open_event *event, struct watch_row *row, GError **error)
{
	const struct alert_place *place = &wards->round->place;
	const struct alert_ward *ward = ward_at(wards, day->ward);
	const bool fired = event->event == WATCH_FIRED;
	const bool over = fired && event->incident->ended != INSTANT_NONE;
	struct alert_row alert = { 0 };
	const struct alert_event happened = {
		.event = event->event,
		.at = zone_day_start(place->zone, day->day + 1),
		.reason = reason_of(event),
		.alert = fired ? &alert : NULL,
	};
	bool ok;

	if (fired)
		describe(place, ward, row, event, &day->usual, happened.at, &alert);
	ok = store_alert_event(
		place->store, row, &happened, (const char *const *)ward->rule->channels,
		over ? 0 : ward->rule->n_channels, wards->round->now, error);
	alert_row_clear(&alert);
	return ok;
}

static void rest(struct watch_row *row, gint32 day)
{
	watch_init(&row->watch, SHIFT_NO_BOUND);
	row->watch.judged = day;
}

static bool fire(const struct wards *wards, const struct alert_open_day *day,
		 const struct open_event *event, GError **error)
{
	struct alert_round *round = wards->round;
	struct watch_row row = alert_round_row(
		round, WATCH_INCIDENT, event->name, metric_name(METRIC_TIME_TO_RESTORE),
		ward_at(wards, day->ward)->environment, SHIFT_WORSE);
	struct watch *watch = &row.watch;
	bool ok;

	watch->state = WATCH_FIRING;
	watch->since = watch->suspected = watch->fired = watch->judged = day->day;
	watch->frozen = (struct shift_frozen){ NAN, NAN, NAN, NAN, day->day };
	ok = record(wards, day, event, &row, error);
	/* It had fired as of this very day, by a clock that was ahead, and was ended. */
	if (row.alert_id == 0)
		rest(&row, day->day);
	ok = ok && store_watch_write(round->place.store, &row, error);
	g_array_append_val(round->rows, row);
	return ok;
}

static bool end(const struct wards *wards, const struct alert_open_day *day,
		const struct open_event *event, GError **error)
{
	struct watch_row *row = find(wards, day->ward, event->name);

	if (!row)
		return true;
	if (!record(wards, day, event, row, error))
		return false;
	rest(row, day->day);
	return store_watch_write(wards->round->place.store, row, error);
}

static bool visit(const struct alert_open_day *day, void *user, GError **error)
{
	const struct wards *wards = user;

	for (guint i = 0; i < day->events->len; i++) {
		const struct open_event *event = &g_array_index(day->events,
								struct open_event, i);

		if (!(event->event == WATCH_FIRED ? fire : end)(wards, day, event, error))
			return false;
	}
	return true;
}

/* ---- the scope ---- */

/* Time to restore is watched wherever they are: what it has been judged up to, they have.
 */
static void find_first(const struct wards *wards)
{
	for (guint i = 0; i < wards->all->len; i++) {
		struct alert_ward *ward = &g_array_index(wards->all, struct alert_ward,
							 i);
		struct watch_row row;

		if (!ward->rule)
			continue;
		row = alert_round_row(wards->round, WATCH_REGRESSION, "",
				      metric_name(METRIC_TIME_TO_RESTORE),
				      ward->environment, SHIFT_WORSE);
		ward->first = alert_round_first(wards->round, &row);
		alert_round_row_clear(&row);
	}
}

/* Of struct open_alert. */
static GArray *firing_of(const struct wards *wards)
{
	const struct alert_round *round = wards->round;
	GArray *firing = g_array_new(FALSE, FALSE, sizeof(struct open_alert));

	for (guint i = 0; i < round->rows->len; i++) {
		const struct watch_row *row = row_at(wards, i);
		const int ward = ward_of(wards, row);
		const struct open_alert alert = {
			.name = row->name,
			.environment = (guint)ward,
			.fired = zone_day_start(round->place.zone, row->watch.fired + 1),
		};

		if (ward >= 0)
			g_array_append_val(firing, alert);
	}
	return firing;
}

/* Those that fire. The watch of one that is over is of no use, and turned off with those
 * that nothing watches. */
static bool keep(const struct wards *wards, GError **error)
{
	struct alert_round *round = wards->round;

	for (guint i = 0; i < round->rows->len; i++) {
		struct watch_row *row = row_at(wards, i);

		if (ward_of(wards, row) < 0)
			continue;
		g_array_append_val(round->kept, row->watch_id);
		if (round->last == G_MININT32)
			continue;
		row->watch.judged = round->last;
		if (!store_watch_write(round->place.store, row, error))
			return false;
	}
	return true;
}

bool evaluate_open_incidents(struct alert_round *round, const GArray *environments,
			     GError **error)
{
	g_autoptr(GArray) all = alert_wards(&round->place, environments);
	struct wards wards = { round, all };
	g_autoptr(GArray) firing = firing_of(&wards);

	find_first(&wards);
	return alert_open_walk(&round->place, all, round->last, firing, visit, &wards,
			       error) &&
	       keep(&wards, error);
}
