#pragma once

/*
 * One poll of a KPI: its samples (collector/kpi/), stored in one transaction with the
 * fact that it was read. What is there of the last days is read again each time
 * (overlap), so that late and corrected samples come in; a row that is equal already is
 * not touched. Once the definition has become another, all is replaced; with another
 * history alone, what that covers.
 */
#include "collector/poll.h"

/* As poll_source(). A poll that failed leaves the samples as they were. */
bool poll_kpi(struct store *store, const struct work_context *context,
	      const struct config_source *source, gint64 now, struct poll_result *result,
	      GError **error);
