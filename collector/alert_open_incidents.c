#include "collector/alert_open_incidents.h"

#include "config/config.h"

GArray *alert_wards(const struct alert_place *place, const GArray *environments)
{
	GArray *wards = g_array_new(FALSE, FALSE, sizeof(struct alert_ward));

	for (guint i = 0; i < environments->len; i++) {
		const char *name =
			g_array_index(environments, struct scope_environment, i).name;
		const struct alert_ward ward = {
			.environment = name,
			.rule = alert_place_rule(place, name, METRIC_TIME_TO_RESTORE),
			.first = G_MAXINT32,
		};

		g_array_append_val(wards, ward);
	}
	return wards;
}

static bool is_judged(const struct alert_ward *ward, gint32 day)
{
	return ward->rule && day >= ward->first;
}

static gint32 first_of(const GArray *wards)
{
	gint32 first = G_MAXINT32;

	for (guint i = 0; i < wards->len; i++) {
		const struct alert_ward *ward = &g_array_index(wards, struct alert_ward,
							       i);

		if (ward->rule)
			first = MIN(first, ward->first);
	}
	return first;
}

/* The start of the year before the end of a day. */
static gint64 year_before(const struct alert_place *place, gint32 day)
{
	return zone_day_start(place->zone, day + 1 - OPEN_YEAR_DAYS);
}

static void incidents_free(void *incidents)
{
	if (incidents)
		g_array_unref(incidents);
}

/* All that is wanted of each ward, NULL: nothing. What fires may have ended longer ago
 * than a year. */
static GPtrArray *load(const struct alert_place *place, const GArray *wards, gint32 first,
		       gint32 last, const GArray *firing, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(incidents_free);
	gint64 from = year_before(place, first);

	for (guint i = 0; i < firing->len; i++)
		from = MIN(from, g_array_index(firing, struct open_alert, i).fired);
	for (guint i = 0; i < wards->len; i++) {
		const struct alert_ward *ward = &g_array_index(wards, struct alert_ward,
							       i);
		GArray *incidents = NULL;

		if (is_judged(ward, last)) {
			incidents = store_open_incidents(
				place->store, place->scope->scope_id, ward->environment,
				from, zone_day_start(place->zone, last + 1), error);
			if (!incidents)
				return NULL;
		}
		g_ptr_array_add(all, incidents);
	}
	return g_steal_pointer(&all);
}

bool alert_open_walk(const struct alert_place *place, const GArray *wards, gint32 last,
		     const GArray *firing,
		     bool (*visit)(const struct alert_open_day *day, void *user,
				   GError **error),
		     void *user, GError **error)
{
	const struct calendar *calendar = config_calendar(place->config, place->team);
	const gint32 first = first_of(wards);
	g_autoptr(GArray) now = g_array_new(FALSE, FALSE, sizeof(struct open_alert));
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(struct open_event));
	g_autoptr(GPtrArray) incidents = NULL;

	if (first > last)
		return true;
	incidents = load(place, wards, first, last, firing, error);
	if (!incidents)
		return false;
	if (firing->len > 0)
		g_array_append_vals(now, firing->data, firing->len);
	for (gint32 at = first; at <= last; at++) {
		const bool masked = calendar_masks(calendar, at);

		for (guint i = 0; i < wards->len; i++) {
			const struct open_day day = {
				.incidents = incidents->pdata[i],
				.environment = i,
				.year = year_before(place, at),
				.end = zone_day_start(place->zone, at + 1),
				.masked = masked,
			};
			struct alert_open_day seen = {
				at, i, masked, { 0 }, now, events
			};

			if (!is_judged(&g_array_index(wards, struct alert_ward, i), at))
				continue;
			g_array_set_size(events, 0);
			open_incidents_judge(&day, now, &seen.usual, events);
			if (!visit(&seen, user, error))
				return false;
		}
	}
	return true;
}
