#pragma once

/* What was pushed, into the database: one request, one transaction. */
#include "collector/poll.h"

struct push_request {
	const struct config_push_client *client;
	const guint8 *digest; /* of a signed request, 32 bytes; NULL: not signed */
	GPtrArray *items;     /* of struct item; changed in place */
	gint64 now;
	bool any_service; /* its labels name services that may be nobody's here */
};

/* Stores the items and what rules make of them. Repeating it changes nothing; *replayed
 * tells that this very signed request was here before, and is not applied
 * again. DATA, in words for the sender, for a service that nobody configured or the
 * client may not speak of, or an instant in the future; RETRY while the database is away.
 */
bool push_store(struct store *store, const struct work_context *context,
		const struct push_request *request, bool *replayed, GError **error);

/* What was pushed is looked at once more, as a poll looks at what it finds: deployments
 * whose revision was not known yet, and all of them where the rules became others. As
 * poll_source(). */
bool poll_push(struct store *store, const struct work_context *context,
	       const struct config_source *source, gint64 now, struct poll_result *result,
	       GError **error);
