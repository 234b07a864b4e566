#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "collector/alert_replay_inside.h"

const char replay_legend[] =
	". ok, p pending, F firing, n no data, l learning, h masked; a letter a week";

/* ---- one series ---- */

static char letter_of(const struct playing *playing)
{
	return playing->week.fired			    ? 'F'
	       : playing->week.pending			    ? 'p'
	       : 2 * playing->week.masked > playing->week.n ? 'h'
	       : 2 * playing->week.silent > playing->week.n ? 'n'
	       : playing->week.state == WATCH_LEARNING	    ? 'l'
							    : '.';
}

void replay_end(struct playing *playing)
{
	if (playing->week.n > 0)
		g_string_append_c(playing->series->weeks, letter_of(playing));
	memset(&playing->week, 0, sizeof(playing->week));
}

static void add_day(struct playing *playing, const struct watch_row *row,
		    const struct alert_day *day)
{
	playing->week.n++;
	playing->week.masked += day->look.masked;
	playing->week.silent += day->look.silent && !day->look.masked;
	playing->week.state = row->watch.state;
	playing->week.fired |= row->watch.state == WATCH_FIRING;
	playing->week.pending |= row->watch.state == WATCH_PENDING;
	if (playing->week.n == 7)
		replay_end(playing);
}

static void add_event(struct playing *playing, const struct watch_row *row,
		      const struct alert_day *day, enum watch_event name)
{
	const struct shift_side *after = &day->shift.after;
	const bool guards = playing->series->rail != NULL;
	const struct replay_event event = {
		.day = day->day,
		.event = name,
		.onset = name == WATCH_FIRED ? row->watch.frozen.onset : WATCH_NEVER,
		.score = row->score,
		.ratio = row->ratio,
		.value = guards ? after->rate : (double)NAN,
		.usual = NAN,
		.n = guards ? after->n : 0,
	};

	g_array_append_val(playing->series->events, event);
}

bool replay_visit(struct watch_row *row, const struct alert_day *day, void *user,
		  GError **error)
{
	struct playing *playing = user;

	(void)error;
	for (guint i = 0; i < day->events.n; i++)
		add_event(playing, row, day, day->events.events[i]);
	if (playing->past &&
	    replay_accept_again(playing->past, playing->series->since, row, day->day))
		add_event(playing, row, day, WATCH_ACCEPTED);
	if (day->day >= playing->series->since)
		add_day(playing, row, day);
	return true;
}

static void event_clear(void *event)
{
	g_free(((struct replay_event *)event)->name);
}

struct playing replay_begin(struct replay *replay, const struct replay_series *series,
			    const char *environment)
{
	struct replay_series one = *series;

	one.kind = replay->place.scope->kind;
	one.scope = g_strdup(replay->place.scope->name);
	one.environment = g_strdup(environment);
	one.until = replay->until;
	one.events = g_array_new(FALSE, FALSE, sizeof(struct replay_event));
	g_array_set_clear_func(one.events, event_clear);
	one.weeks = g_string_new(NULL);
	g_array_append_val(replay->series, one);
	return (struct playing){ .series = &g_array_index(replay->series,
							  struct replay_series,
							  replay->series->len - 1) };
}

void replay_series_clear(void *data)
{
	struct replay_series *series = data;

	g_free(series->scope);
	g_free(series->environment);
	g_array_unref(series->events);
	g_string_free(series->weeks, TRUE);
}

/* ---- scopes ---- */

GArray *replay_activity(struct replay *replay, GError **error)
{
	if (!replay->activity)
		replay->activity = alert_activity(
			&replay->place, replay_first(replay, replay->query->since),
			replay->until, error);
	return replay->activity;
}

gint32 replay_first_fact(const struct replay *replay,
			 const struct scope_environment *environment)
{
	gint64 born = environment ? environment->born : INSTANT_NONE;

	if (environment && environment->incidents_born != INSTANT_NONE &&
	    (born == INSTANT_NONE || environment->incidents_born < born))
		born = environment->incidents_born;
	return born == INSTANT_NONE ? G_MAXINT32
				    : zone_local_day(replay->place.zone, born);
}

static bool load_place(struct replay *replay, GError **error)
{
	struct alert_place *place = &replay->place;
	GArray *environments = store_scope_environments(place->store,
							place->scope->scope_id, error);
	gint32 first = replay_first(replay, replay->query->since);
	bool ok = environments &&
		  alert_place_load(place, environments,
				   zone_day_start(place->zone, first),
				   zone_day_start(place->zone, replay->until + 1), error);

	scope_environments_free(environments);
	return ok;
}

static bool play_scope(struct replay *replay, gint64 now,
		       bool (*play)(struct replay *replay, GError **error),
		       GError **error)
{
	const struct alert_place *place = &replay->place;
	gint64 fresh_until;
	bool all, ok;

	if (!store_fresh_until(place->store, place->scope->scope_id, &fresh_until, error))
		return false;
	replay->until = MIN(replay->query->until,
			    alert_last_day(place, now, fresh_until, &all));
	if (replay->until < replay->query->since)
		return true;
	ok = load_place(replay, error) && play(replay, error);
	alert_place_clear(&replay->place);
	g_clear_pointer(&replay->activity, g_array_unref);
	return ok;
}

static bool is_wanted(const struct replay_query *query, const struct scope_row *scope)
{
	return !query->scope ||
	       (scope->kind == query->kind && strcmp(scope->name, query->scope) == 0);
}

bool replay_scopes(struct replay *replay, struct store *store,
		   const struct config *config, gint64 now,
		   bool (*play)(struct replay *replay, GError **error), GError **error)
{
	GArray *scopes = store_scopes(store, error);
	bool ok = scopes != NULL;

	for (guint i = 0; ok && i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);
		struct zone *zone;

		if (!is_wanted(replay->query, scope))
			continue;
		zone = zone_open(scope->time_zone, error);
		alert_place_init(&replay->place, store, config, scope, zone);
		ok = zone && play_scope(replay, now, play, error);
		zone_unref(zone);
	}
	scope_rows_free(scopes);
	return ok;
}
