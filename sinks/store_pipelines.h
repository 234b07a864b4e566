#pragma once

/*
 * What pipelines do and cost: finished runs as samples (dorad.pipeline_run), and their
 * numbers by bucket (dora.pipeline_series). Items change; the runs they belong to are
 * marked due in the same transaction; refreshing turns those into samples and marks the
 * days that changed for the services that use them; publishing computes the buckets of
 * these days. A part of the store: its errors and transactions are those of store.h.
 */
#include "sinks/store.h"

/* Marks the runs of these items (struct item *) due; other kinds are passed over. */
bool store_pipelines_changed(struct store *store, gint32 source_id,
			     const GPtrArray *items, GError **error);

/* Turns some thousand due runs into samples, in a transaction of its own. *n_due: rows
 * that were taken; 0: there were none. Services that have left the configuration are
 * forgotten, and their buckets deleted, also where no run is due. */
bool store_pipelines_refresh(struct store *store, gsize *n_due, GError **error);

/* Until the transaction ends nobody refreshes: waits for whoever does. */
bool store_pipelines_lock(struct store *store, GError **error);

struct pipeline_service {
	gint32 service_id;
	char *name;
	char *definition; /* fingerprint of what its rows were made with; NULL: none yet
			   */
	bool dirty;	  /* it has days whose buckets are to be made again */
};
/* All active services (array of struct pipeline_service, owned). */
GArray *store_pipeline_services(struct store *store, GError **error);

/* What the rows of a service are made of and with. All is borrowed. */
struct pipeline_publication {
	gint32 service_id;
	const char *time_zone;
	const char *fingerprint, *content; /* of the definition; content is JSON */
	bool all; /* every bucket, not only those of dirty days */
	const struct config_pipeline *pipelines;
	guint n_pipelines;
	unsigned watts;		/* 0: no energy */
	double cost_per_minute; /* NAN: no cost */
	gint64 now;
	/* Whether a workflow ("": it has no name) is one of pipelines[i]. */
	bool (*fits)(guint i, const char *workflow, void *user);
	void *user;
};
/* Publishes the buckets that are due. *n_changed: rows written or deleted. The caller has
 * locked the service, so that nobody else publishes it meanwhile. */
bool store_pipelines_publish(struct store *store, const struct pipeline_publication *what,
			     gsize *n_changed, GError **error);
