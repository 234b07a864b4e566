#pragma once

/*
 * One poll of a query on any PostgreSQL. Its rows are items: columns are named as
 * item_members, and "outcome" and "done" besides. $1 is the instant since which changes
 * are wanted; where there is a column "updated" that is the latest seen less ten minutes,
 * so that what was committed late is not missed, else always the beginning of history.
 * The query runs in a read-only transaction on a connection that lives for the poll.
 */
#include "collector/poll.h"

/* As poll_source(). What was stored before a failure stays, and *result tells of it. */
bool poll_sql(struct store *store, const struct work_context *context,
	      const struct config_source *source, gint64 now, struct poll_result *result,
	      GError **error);
