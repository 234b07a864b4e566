#include "base/instant.h"
#include "collector/evaluate_alerts.h"

static bool is_within(const struct alert_round *round, const struct watch_row *row)
{
	enum metric metric;

	return row->kind == WATCH_REGRESSION && metric_parse(row->metric, &metric) &&
	       alert_place_is_within(&round->place, row->environment, metric);
}

static bool turn_off_within(const struct alert_round *round, GError **error)
{
	g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(gint32));

	for (guint i = 0; i < round->rows->len; i++) {
		const struct watch_row *row = &g_array_index(round->rows,
							     struct watch_row, i);

		if (!is_within(round, row))
			g_array_append_val(others, row->watch_id);
	}
	return others->len == round->rows->len ||
	       store_watches_off(round->place.store, round->place.scope->scope_id,
				 (const void *)others->data, others->len, round->now,
				 round->place.scope->kind == SCOPE_ORG
					 ? "one of its teams or services is all of it, "
					   "and is watched"
					 : "one of its services is all of it, and is "
					   "watched",
				 error);
}

/* As of the end of the last day, as samples are. */
bool alert_round_within(struct alert_round *round, const GArray *environments,
			GError **error)
{
	const gint64 end = round->last == G_MININT32
				   ? round->now
				   : zone_day_start(round->place.zone, round->last + 1);

	return alert_place_load(&round->place, environments, end, end, error) &&
	       turn_off_within(round, error);
}
