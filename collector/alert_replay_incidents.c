#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_open_incidents.h"
#include "collector/alert_replay_inside.h"
#include "sinks/store_privacy.h"

/* The environments of a scope at work. */
struct wards_played {
	const struct replay *replay;
	struct playing *playing; /* by ward; its series is NULL: it is not shown */
};

static bool is_shown(const struct replay_query *query, const struct alert_ward *ward)
{
	return ward->rule && (!query->rule || strcmp(ward->rule->name, query->rule) == 0);
}

static bool find_known_from(const struct replay *replay, gint32 *known_from,
			    GError **error)
{
	gint64 kept_from;

	if (!store_kept_from(replay->place.store, RETAINED_INCIDENTS, &kept_from, error))
		return false;
	/* the day after it is the first that is whole */
	*known_from = kept_from == INSTANT_NONE
			      ? WATCH_NEVER
			      : zone_local_day(replay->place.zone, kept_from) +
					OPEN_YEAR_DAYS;
	return true;
}

static void add_event(const struct wards_played *played, const struct alert_open_day *day,
		      const struct open_event *happened)
{
	const struct zone *zone = played->replay->place.zone;
	const gint64 end = zone_day_start(zone, day->day + 1);
	struct replay_event event = {
		.day = day->day,
		.event = happened->event,
		.onset = WATCH_NEVER,
		.score = NAN,
		.ratio = NAN,
		.value = NAN,
		.usual = NAN,
		.name = g_strdup(happened->name),
	};

	if (happened->event == WATCH_FIRED) {
		const gint64 began = happened->incident->began;

		event.onset = zone_local_day(zone, began);
		event.value = (double)(end - began) / G_TIME_SPAN_SECOND;
		event.usual = day->usual.p95;
		event.n = day->usual.n;
	}
	g_array_append_val(played->playing[day->ward].series->events, event);
}

static enum watch_state state_of(const struct alert_open_day *day)
{
	for (guint i = 0; i < day->firing->len; i++)
		if (g_array_index(day->firing, struct open_alert, i).environment ==
		    day->ward)
			return WATCH_FIRING;
	return day->usual.n < OPEN_RESTORED_MIN ? WATCH_LEARNING : WATCH_OK;
}

static bool visit(const struct alert_open_day *day, void *user, GError **error)
{
	const struct wards_played *played = user;
	struct playing *playing = &played->playing[day->ward];
	const struct alert_day seen = { .day = day->day, .look.masked = day->masked };
	struct watch_row row = { .watch.state = state_of(day) };

	if (!playing->series)
		return true;
	for (guint i = 0; i < day->events->len; i++)
		add_event(played, day, &g_array_index(day->events, struct open_event, i));
	return replay_visit(&row, &seen, playing, error);
}

/* Those that are shown have a series, the others none. */
static void begin(struct replay *replay, const GArray *wards, const gint32 *since,
		  gint32 known_from, struct playing *playing)
{
	guint n = replay->series->len;

	for (guint i = 0; i < wards->len; i++) {
		const struct alert_ward *ward = &g_array_index(wards, struct alert_ward,
							       i);
		const struct replay_series one = {
			.metric = METRIC_TIME_TO_RESTORE,
			.direction = SHIFT_WORSE,
			.incidents = true,
			.rule = ward->rule,
			.since = MAX(since[i], known_from),
			.known_from = known_from,
		};

		if (is_shown(replay->query, ward) && since[i] <= replay->until)
			playing[i] = replay_begin(replay, &one, ward->environment);
	}
	/* where they are once all have been added */
	for (guint i = 0; i < wards->len; i++)
		if (playing[i].series)
			playing[i].series = &g_array_index(replay->series,
							   struct replay_series, n++);
}

static bool play(struct replay *replay, const GArray *environments, GError **error)
{
	g_autoptr(GArray) wards = alert_wards(&replay->place, environments);
	g_autoptr(GArray) nothing = g_array_new(FALSE, FALSE, sizeof(struct open_alert));
	g_autofree struct playing *playing = g_new0(struct playing, wards->len);
	g_autofree gint32 *since = g_new0(gint32, wards->len);
	struct wards_played played = { replay, playing };
	gint32 known_from;

	if (!find_known_from(replay, &known_from, error))
		return false;
	for (guint i = 0; i < wards->len; i++) {
		struct alert_ward *ward = &g_array_index(wards, struct alert_ward, i);

		since[i] = MAX(
			replay->query->since,
			replay_first_fact(replay,
					  &g_array_index(environments,
							 struct scope_environment, i)));
		ward->first = MAX(replay_first(replay, since[i]), known_from);
	}
	begin(replay, wards, since, known_from, playing);
	if (!alert_open_walk(&replay->place, wards, replay->until, nothing, visit,
			     &played, error))
		return false;
	for (guint i = 0; i < wards->len; i++)
		if (playing[i].series)
			replay_end(&playing[i]);
	return true;
}

static bool play_environments(struct replay *replay, GError **error)
{
	GArray *environments = store_scope_environments(
		replay->place.store, replay->place.scope->scope_id, error);
	const bool ok = environments && play(replay, environments, error);

	scope_environments_free(environments);
	return ok;
}

bool alert_replay_incidents(struct store *store, const struct config *config,
			    const struct replay_query *query, gint64 now, GArray *series,
			    GError **error)
{
	const char *metric = metric_name(METRIC_TIME_TO_RESTORE);
	struct replay replay = { .query = query, .series = series };

	return query->guardrail ||
	       (query->metric && strcmp(query->metric, metric) != 0) ||
	       replay_scopes(&replay, store, config, now, play_environments, error);
}
