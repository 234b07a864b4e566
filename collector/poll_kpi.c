#include "collector/poll_kpi.h"

#include <string.h>

#include "base/instant.h"
#include "collector/kpi/kpi_read.h"

struct kpi_poll {
	struct store *store;
	const struct config_kpi *kpi;
	gint64 now;
	struct poll_result *result;
	char *fingerprint;
	gint32 source_id;
	bool anew;    /* what is stored was read by another definition */
	bool another; /* which was one of another figure */
};

/* Since when samples are wanted. */
static bool begin(struct kpi_poll *poll, gint64 *since, GError **error)
{
	struct source_row row = { 0 };
	gint64 latest;

	if (!store_source(poll->store, poll->kpi->name, &row, error))
		return false;
	poll->source_id = row.source_id;
	poll->anew = g_strcmp0(row.cursor, poll->fingerprint) != 0;
	poll->another = !kpi_is_same_figure(poll->fingerprint, row.cursor);
	source_row_clear(&row);
	if (!store_kpi_latest(poll->store, poll->kpi->name, &latest, error))
		return false;
	*since = poll->now - poll->kpi->history_us;
	if (!poll->anew && latest != INSTANT_NONE)
		*since = MAX(*since, latest - poll->kpi->overlap_us);
	return true;
}

static GArray *read_samples(const struct kpi_poll *poll,
			    const struct work_context *context, gint64 since,
			    GError **error)
{
	_cleanup_(rest_transport_freep) struct rest_transport *transport =
		rest_transport_new(context->cancellable);
	struct kpi_reading reading = {
		.kpi = poll->kpi,
		.transport = transport,
		.cancellable = context->cancellable,
		.now = poll->now,
		.since = since,
	};
	GArray *samples = kpi_read(&reading, error);

	if (!samples)
		g_prefix_error(error, "kpi %s: ", poll->kpi->name);
	return samples;
}

/* What was stored by another definition goes: of another figure all of it. */
static gint64 gone_from(const struct kpi_poll *poll, gint64 since)
{
	return poll->another ? INSTANT_MIN : poll->anew ? since : INSTANT_NONE;
}

static bool save(struct kpi_poll *poll, const GArray *samples, gint64 since,
		 GError **error)
{
	gsize n_changed = 0;

	if (!store_begin(poll->store, error) ||
	    !store_kpi_write(poll->store, poll->kpi->name,
			     (const struct kpi_sample *)(const void *)samples->data,
			     samples->len, gone_from(poll, since), &n_changed, error) ||
	    (poll->anew && !store_kpi_known_from(poll->store, poll->kpi->name, since,
						 poll->another, error)) ||
	    !store_source_ok(poll->store, poll->source_id, poll->fingerprint, poll->now,
			     false, error) ||
	    !store_commit(poll->store, error))
		return false;
	poll->result->changed = n_changed > 0;
	poll->result->n_items = n_changed;
	return true;
}

bool poll_kpi(struct store *store, const struct work_context *context,
	      const struct config_source *source, gint64 now, struct poll_result *result,
	      GError **error)
{
	g_autofree char *fingerprint = kpi_fingerprint(source->kpi);
	struct kpi_poll poll = { .store = store,
				 .kpi = source->kpi,
				 .now = now,
				 .result = result,
				 .fingerprint = fingerprint };
	g_autoptr(GError) local = NULL;
	g_autoptr(GArray) samples = NULL;
	gint64 since;

	*result = (struct poll_result){ .not_before = INSTANT_NONE };
	if (begin(&poll, &since, &local) &&
	    (samples = read_samples(&poll, context, since, &local)) &&
	    save(&poll, samples, since, &local))
		return true;
	store_rollback(store);
	if (poll.source_id)
		store_source_failed(store, poll.source_id, now, local, NULL);
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}
