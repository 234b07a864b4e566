#include "collector/poll.h"

#include "collector/item_judge.h"
#include "collector/kpi/kpi_read.h"
#include "collector/poll_items.h"
#include "collector/poll_kpi.h"
#include "collector/poll_rules.h"
#include "collector/poll_sql.h"
#include "collector/push/push_store.h"

bool poll_source(struct store *store, const struct work_context *context,
		 const struct config_source *source, gint64 now,
		 struct poll_result *result, GError **error)
{
	switch (source->kind) {
	case SOURCE_GIT:
		return poll_git(store, context, source->git, now, result, error);
	case SOURCE_API:
		return poll_items(store, context, source, now, result, error);
	case SOURCE_SQL:
		return poll_sql(store, context, source, now, result, error);
	case SOURCE_PUSH:
		return poll_push(store, context, source, now, result, error);
	case SOURCE_KPI:
		return poll_kpi(store, context, source, now, result, error);
	}
	g_assert_not_reached();
}

char *poll_fingerprint(const struct config *config, const struct config_source *source)
{
	if (source->kind == SOURCE_KPI)
		return kpi_fingerprint(source->kpi);
	return source->kind == SOURCE_GIT
		       ? poll_rules_fingerprint(config, source->git, NULL)
		       : item_judge_fingerprint(config, source);
}
