#include "collector/retention.h"

#include "base/error.h"
#include "sinks/store_alerts.h"
#include "sinks/store_privacy.h"

/* What ended before it goes; INSTANT_NONE: all of the kind is kept. Whole days, so that
 * there is something to do once a day. */
static gint64 limit_of(const struct config_retention *retention, enum retained kind,
		       gint64 now)
{
	const gint64 kept[N_RETAINED] = {
		[RETAINED_AUTHORS] = retention->authors_us,
		[RETAINED_RUNS] = retention->runs_us,
		[RETAINED_CHANGES] = retention->changes_us,
		[RETAINED_INCIDENTS] = retention->incidents_us,
		[RETAINED_KPIS] = retention->kpis_us,
	};

	if (kept[kind] == 0 || now <= kept[kind])
		return INSTANT_NONE;
	return (now - kept[kind]) / G_TIME_SPAN_DAY * G_TIME_SPAN_DAY;
}

/* Numbers of KPIs are made when they are looked at: there are none to freeze. */
static bool freeze(struct store *store, const gint64 *limits, bool *settled,
		   GError **error)
{
	gint64 before = INSTANT_NONE;

	for (guint kind = 0; kind < N_RETAINED; kind++)
		if (kind != RETAINED_KPIS)
			before = MAX(before, limits[kind]);
	*settled = true;
	if (before == INSTANT_NONE)
		return true;
	return store_begin(store, error) && store_freeze(store, before, settled, error) &&
	       store_commit(store, error);
}

static bool delete_kind(struct store *store, const struct work_context *context,
			enum retained kind, gint64 before, gsize *n_gone, GError **error)
{
	_cleanup_(retention_pass_clear) struct retention_pass pass = { .kind = kind,
								       .before = before };

	while (!pass.over) {
		if (context->cancellable &&
		    g_cancellable_set_error_if_cancelled(context->cancellable, NULL)) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED,
				    "it was cancelled");
			return false;
		}
		if (!store_begin(store, error) ||
		    !store_retention_step(store, &pass, error) ||
		    !store_commit(store, error))
			return false;
	}
	*n_gone += pass.n;
	return store_begin(store, error) &&
	       store_kept_from_write(store, kind, before, error) &&
	       store_commit(store, error);
}

static bool delete_due(struct store *store, const struct work_context *context,
		       gint64 now, gsize *n_gone, GError **error)
{
	const struct config_retention *retention = context->config->retention;
	gint64 limits[N_RETAINED];
	bool due[N_RETAINED], any = false, settled;

	for (guint kind = 0; kind < N_RETAINED; kind++) {
		gint64 kept_from = INSTANT_NONE;

		limits[kind] = limit_of(retention, kind, now);
		if (limits[kind] != INSTANT_NONE &&
		    !store_kept_from(store, kind, &kept_from, error))
			return false;
		due[kind] = limits[kind] > kept_from;
		any |= due[kind];
	}
	if (!any)
		return true;
	if (!freeze(store, limits, &settled, error))
		return false;
	for (guint kind = 0; settled && kind < N_RETAINED; kind++)
		if (due[kind] &&
		    !delete_kind(store, context, kind, limits[kind], n_gone, error))
			return false;
	return true;
}

bool retention_run(struct store *store, const struct work_context *context, gint64 now,
		   gsize *n_gone, GError **error)
{
	*n_gone = 0;
	if (delete_due(store, context, now, n_gone, error) &&
	    store_outbox_prune(store, now, error))
		return true;
	store_rollback(store);
	g_prefix_error(error, "retention: ");
	return false;
}
