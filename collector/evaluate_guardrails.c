#include "collector/alert_guardrail.h"
#include "collector/alert_measure.h"
#include "collector/evaluate_alerts.h"

/* A guardrail at work. */
struct rail_work {
	struct alert_round *round;
	const struct alert_guardrail *guardrail;
};

static bool record(struct watch_row *row, const struct alert_day *day, void *user,
		   GError **error)
{
	const struct rail_work *work = user;
	const struct config_alerts *alerts = work->round->place.config->alerts;
	struct alert_row alert = { 0 };
	bool ok;

	if (row->watch.state == WATCH_FIRING && row->watch.fired == day->day)
		alert_guardrail_describe(work->guardrail, row, day, &alert);
	ok = alert_round_record(work->round, row, day, &alert, alerts->guardrail_channels,
				alerts->n_guardrail_channels, error);
	alert_row_clear(&alert);
	return ok;
}

/* Takes the watch of a guardrail to the last day. */
static bool judge(struct alert_round *round, const struct alert_guardrail *guardrail,
		  struct watch_row *row, GError **error)
{
	struct rail_work work = { round, guardrail };

	return alert_guardrail_walk(guardrail, row, alert_round_first(round, row),
				    round->last, record, &work, error) &&
	       store_watch_write(round->place.store, row, error);
}

static bool evaluate_one(struct alert_round *round, const struct config_guardrail *rail,
			 const GArray *environments, GError **error)
{
	struct watch_row row = alert_round_row(round, WATCH_GUARDRAIL, rail->name,
					       rail->figure.metric,
					       rail->figure.environment, SHIFT_WORSE);
	bool ok = alert_round_remeasure(round, &row, alert_measure_guardrail(rail),
					error);

	if (ok && alert_round_first(round, &row) <= round->last) {
		GArray *activity = alert_round_activity(round, error);
		const struct alert_scene scene = alert_guardrail_scene(&round->place,
								       activity);
		const struct alert_guardrail guardrail = {
			.place = &round->place,
			.rail = rail,
			.scene = &scene,
			.environment = alert_guardrail_environment(rail, environments),
		};

		ok = activity && judge(round, &guardrail, &row, error);
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

		if (alert_guardrail_is_of(rail, round->place.scope) &&
		    !evaluate_one(round, rail, environments, error))
			return false;
	}
	return true;
}
