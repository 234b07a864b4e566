#pragma once

/*
 * One poll of an API: the REST engine (collector/rest/) with the database as its sink, so
 * that what it finds becomes deployments in the transaction that stores it. A source that
 * has nothing new costs its conditional requests and one small update.
 */
#include "collector/poll.h"

/* As poll_source(). What was stored before a failure stays, and *result tells of it. */
bool poll_items(struct store *store, const struct work_context *context,
		const struct config_source *source, gint64 now,
		struct poll_result *result, GError **error);
