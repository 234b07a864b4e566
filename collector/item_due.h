#pragma once

/*
 * Incidents and changes are no deployments, but what became of deployments depends on
 * them: whose numbers have to be looked at again when some of them come or change.
 * Internal to collector/.
 */
#include "sinks/store_states.h"

/* In the transaction that stores the items (struct item *; others than incidents and
 * changes are passed over): marks the attribution due of each service that they concern
 * now, or whose rows are made of what they were before. */
bool item_due(struct store *store, const struct config *config, const char *source,
	      gint32 source_id, const GPtrArray *items, GError **error);
/* The same for items that are gone. */
bool item_due_gone(struct store *store, gint32 source_id, const char *project,
		   enum item_kind kind, const GPtrArray *ids, GError **error);
