#include "collector/alert_reading.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "config/goal_metric.h"

struct alert_readings {
	const struct alert_place *place;
	const struct config_guardrail *rail;
	const struct scope_environment *environment;
	struct sample_arrays samples;
	GArray *deployments; /* the rollouts among them, of struct alert_deployment; empty
				where states do not matter */
};

static double statistic_of(const struct series_row *row, enum config_statistic statistic)
{
	switch (statistic) {
	case STATISTIC_P50:
		return row->p50;
	case STATISTIC_P75:
		return row->p75;
	case STATISTIC_P90:
		return row->p90;
	case STATISTIC_P95:
		return row->p95;
	case STATISTIC_MEAN:
		return row->mean;
	case STATISTIC_N:
		return (double)row->n;
	case STATISTIC_VALUE:
		break;
	}
	return row->value;
}

/* As dora.guardrails takes it from the windows that were published on the next day. A
 * window without a row of the metric has none of it, and counts are 0. */
static struct alert_reading read_rows(const struct config_guardrail *rail,
				      const GArray *rows)
{
	const struct config_figure *figure = &rail->figure;
	struct alert_reading reading = { NAN, 0 };

	for (guint i = 0; i < rows->len; i++) {
		const struct series_row *row = &g_array_index(rows, struct series_row, i);

		if (row->window_days != goal_window_days(rail->over))
			continue;
		if (strcmp(metric_name(row->metric), figure->metric) == 0)
			return (struct alert_reading){
				statistic_of(row, figure->statistic), row->n
			};
		if (figure->statistic == STATISTIC_N)
			reading.value = 0;
	}
	return reading;
}

/* What had not begun by then is not there. */
static gint64 begun(gint64 at, gint64 now)
{
	return at < now ? at : INSTANT_NONE;
}

/* A rollout fails, or turns out to be ok, up to days after its finish: what is not known
 * at the end of a day does not count in it, or it would come to something else for
 * whoever judges it later. */
static enum change_state state_by(const struct alert_deployment *deployment,
				  enum change_state state, gint64 now)
{
	if (state == CHANGE_FAILED && deployment->failed < now)
		return CHANGE_FAILED;
	if (deployment->pending_until != INSTANT_NONE && now < deployment->pending_until)
		return CHANGE_PENDING;
	return state == CHANGE_FAILED ? CHANGE_OK : state;
}

/* The first of rows that begin with their finish, ascending, that is not before an
 * instant. */
static guint bound(const GArray *rows, gint64 at)
{
	const gsize size = g_array_get_element_size((GArray *)rows);
	guint low = 0, high = rows->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		gint64 finished;

		memcpy(&finished, rows->data + middle * size, sizeof(finished));
		if (finished < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const void *row_at(const GArray *rows, guint i)
{
	return i < rows->len ? rows->data + i * g_array_get_element_size((GArray *)rows)
			     : NULL;
}

/* The next of a finish; NULL: there is none. It is the same rollouts in the same order,
 * unless one came while they were read. */
static const struct alert_deployment *next_of(const GArray *deployments, guint *next,
					      gint64 finished)
{
	const struct alert_deployment *deployment;

	while ((deployment = row_at(deployments, *next)) &&
	       deployment->finished < finished)
		(*next)++;
	if (!deployment || deployment->finished > finished)
		return NULL;
	(*next)++;
	return deployment;
}

/* The rollouts of [from, now), as they were known at its end; the caller unrefs. */
static GArray *rollouts_by(const struct alert_readings *readings, gint64 from, gint64 now)
{
	const GArray *all = readings->samples.rollouts;
	GArray *known = g_array_new(FALSE, FALSE, sizeof(struct rollout_sample));
	guint next = bound(readings->deployments, from), end = bound(all, now);

	for (guint i = bound(all, from); i < end; i++) {
		struct rollout_sample rollout = g_array_index(all, struct rollout_sample,
							      i);
		const struct alert_deployment *deployment = next_of(
			readings->deployments, &next, rollout.finished);

		if (deployment)
			rollout.state = state_by(deployment, rollout.state, now);
		g_array_append_val(known, rollout);
	}
	return known;
}

static bool knows_states(const struct config_guardrail *rail)
{
	return strcmp(rail->figure.metric, metric_name(METRIC_CHANGE_FAIL_RATE)) == 0;
}

/* A day early, as evaluate_scope() does. */
static gint64 window_from(const struct alert_readings *readings, gint32 day)
{
	return zone_day_start(readings->place->zone,
			      day - (gint32)goal_window_days(readings->rail->over));
}

struct alert_readings *alert_readings_new(const struct alert_place *place,
					  const struct config_guardrail *rail,
					  const struct scope_environment *environment,
					  gint32 first, gint32 last, GError **error)
{
	_cleanup_(alert_readings_freep) struct alert_readings *readings = g_new0(
		struct alert_readings, 1);
	gint64 from, to = zone_day_start(place->zone, last + 1);

	readings->place = place;
	readings->rail = rail;
	readings->environment = environment;
	readings->deployments = g_array_new(FALSE, FALSE,
					    sizeof(struct alert_deployment));
	sample_arrays_init(&readings->samples);
	from = window_from(readings, first);
	if (environment &&
	    (!store_samples(place->store, place->scope->scope_id, environment->name, from,
			    to, &readings->samples, error) ||
	     (knows_states(rail) &&
	      !store_own_deployments(place->store, place->scope->scope_id,
				     environment->name, from, to, readings->deployments,
				     error))))
		return NULL;
	return g_steal_pointer(&readings);
}

void alert_readings_free(struct alert_readings *readings)
{
	if (!readings)
		return;
	sample_arrays_clear(&readings->samples);
	g_array_unref(readings->deployments);
	g_free(readings);
}

struct alert_reading alert_reading_of(const struct alert_readings *readings, gint32 day)
{
	const struct sample_arrays *samples = &readings->samples;
	const struct scope_environment *environment = readings->environment;
	const struct alert_place *place = readings->place;
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct series_row));
	g_autoptr(GArray) rollouts = NULL;
	gint64 from = window_from(readings, day);
	gint64 now = zone_day_start(place->zone, day + 1);
	guint lead = bound(samples->leads, from), stage = bound(samples->stages, from);

	if (!environment)
		return (struct alert_reading){ NAN, 0 };
	rollouts = rollouts_by(readings, from, now);
	series_windows(
		&(struct series_input){
			.zone = place->zone,
			.born = begun(environment->born, now),
			.now = now,
			.minimum_authors = place->config->privacy->minimum_authors,
			.rollouts = (const void *)rollouts->data,
			.n_rollouts = rollouts->len,
			.samples = row_at(samples->leads, lead),
			.n_samples = bound(samples->leads, now) - lead,
			.stages = row_at(samples->stages, stage),
			.n_stages = bound(samples->stages, now) - stage,
			/* those of other days do no harm */
			.recoveries = (const void *)samples->recoveries->data,
			.n_recoveries = samples->recoveries->len,
			.restores = (const void *)samples->restores->data,
			.n_restores = samples->restores->len,
			.incidents_born = begun(environment->incidents_born, now),
		},
		rows);
	return read_rows(readings->rail, rows);
}
