#include "metrics/open_incidents.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "metrics/percentile.h"

/* Those of the scope at the end of the day, each once, of however many of its services
 * it is. */
static GPtrArray *known_of(const struct open_day *day)
{
	GPtrArray *known = g_ptr_array_new();
	const char *last = NULL;

	for (guint i = 0; i < day->incidents->len; i++) {
		struct open_incident *incident = &g_array_index(day->incidents,
								struct open_incident, i);

		if (incident->began >= day->end || incident->from >= day->end ||
		    incident->to < day->end || g_strcmp0(last, incident->name) == 0)
			continue;
		last = incident->name;
		g_ptr_array_add(known, incident);
	}
	return known;
}

static struct open_usual usual_of(const struct open_day *day, const GPtrArray *known)
{
	g_autofree gint64 *spans = g_new(gint64, 2 * (gsize)known->len);
	struct open_usual usual = { .p95 = NAN };
	gsize n = 0;

	for (guint i = 0; i < known->len; i++) {
		const struct open_incident *incident = known->pdata[i];

		if (incident->ended != INSTANT_NONE && incident->ended >= day->year &&
		    incident->ended < day->end)
			spans[n++] = incident->ended - incident->began;
	}
	usual.n = (gint64)n;
	if (n >= OPEN_RESTORED_MIN)
		usual.p95 = distribution_of(spans, n, spans + known->len).p95;
	return usual;
}

static bool is_open(const struct open_day *day, const struct open_incident *incident)
{
	return incident->ended == INSTANT_NONE || incident->ended >= day->end;
}

static bool is_news(const struct open_day *day, const struct open_incident *incident,
		    const struct open_usual *usual)
{
	const double news = (double)OPEN_NEWS_DAYS * G_TIME_SPAN_DAY / G_TIME_SPAN_SECOND;
	const double age = (double)(day->end - incident->began) / G_TIME_SPAN_SECOND;

	/* never of NAN */
	return is_open(day, incident) && age > usual->p95 && age <= usual->p95 + news;
}

static const struct open_incident *find(const GPtrArray *known, const char *name)
{
	for (guint i = 0; i < known->len; i++) {
		const struct open_incident *incident = known->pdata[i];

		if (strcmp(incident->name, name) == 0)
			return incident;
	}
	return NULL;
}

static void end_some(const struct open_day *day, const GPtrArray *known, GArray *firing,
		     GArray *events)
{
	for (guint i = 0; i < firing->len;) {
		const struct open_alert *alert = &g_array_index(firing, struct open_alert,
								i);
		struct open_event event = { .name = alert->name };

		if (alert->environment == day->environment)
			event.incident = find(known, alert->name);
		if (alert->environment != day->environment ||
		    (event.incident && is_open(day, event.incident))) {
			i++;
			continue;
		}
		event.event = event.incident && event.incident->ended >= alert->fired
				      ? WATCH_RESOLVED
				      : WATCH_WITHDRAWN;
		g_array_append_val(events, event);
		g_array_remove_index(firing, i);
	}
}

static bool fires(const GArray *firing, const char *name)
{
	for (guint i = 0; i < firing->len; i++)
		if (strcmp(g_array_index(firing, struct open_alert, i).name, name) == 0)
			return true;
	return false;
}

static void begin_some(const struct open_day *day, const GPtrArray *known,
		       const struct open_usual *usual, GArray *firing, GArray *events)
{
	for (guint i = 0; i < known->len; i++) {
		const struct open_incident *incident = known->pdata[i];
		const struct open_event event = { incident->name, incident, WATCH_FIRED };
		const struct open_alert alert = { incident->name, day->environment,
						  day->end };

		if (!is_news(day, incident, usual) || fires(firing, incident->name))
			continue;
		g_array_append_val(events, event);
		g_array_append_val(firing, alert);
	}
}

void open_incidents_judge(const struct open_day *day, GArray *firing,
			  struct open_usual *usual, GArray *events)
{
	g_autoptr(GPtrArray) known = known_of(day);

	*usual = usual_of(day, known);
	if (day->masked)
		return;
	end_some(day, known, firing, events);
	begin_some(day, known, usual, firing, events);
}
