#pragma once

/*
 * Reads the samples of a KPI from wherever its configuration says: a query on a
 * PostgreSQL, JSON over HTTP, a Prometheus, a file. Nothing is stored here, so that polls
 * and dorad doctor do the same.
 */
#include "collector/rest/transport.h"
#include "sinks/store_goals.h"

struct zone;

/* More than that is a mistake: a sample a minute for two months. */
#define KPI_SAMPLES_MAX 100000

struct kpi_reading {
	const struct config_kpi *kpi;		/* one that is polled */
	const struct rest_transport *transport; /* for http and prometheus */
	GCancellable *cancellable;		/* NULL: none */
	gint64 now;
	gint64 since;  /* samples before are not asked for, where the source can be asked
			*/
	guint n_later; /* filled: samples after now, which are left for later */
	/* Internal to collector/kpi/: */
	struct zone *zone;
	GArray *rows;
};

/* An array of struct kpi_sample by time, each time once, within the history and up to
 * now. NULL with an error as its source fails; DATA also for two values at one time, and
 * for what is no time or no number. No message holds a secret. */
GArray *kpi_read(struct kpi_reading *reading, GError **error);

/* A text that changes whenever other samples would be read. Where credentials are is no
 * part of it. The caller frees. */
char *kpi_fingerprint(const struct config_kpi *kpi);
/* Whether two of these (NULL: none) are of one figure, of which no more than the history
 * may differ: if they are not, what is there from before is another figure. */
bool kpi_is_same_figure(const char *fingerprint, const char *other);
