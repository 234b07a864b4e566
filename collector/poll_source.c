#include "collector/poll.h"

#include "base/error.h"
#include "collector/item_judge.h"
#include "collector/poll_items.h"
#include "collector/poll_rules.h"
#include "collector/poll_sql.h"

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
		break;
	}
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "%s: is not polled",
		    source->name);
	return false;
}

char *poll_fingerprint(const struct config *config, const struct config_source *source)
{
	return source->kind == SOURCE_GIT ? poll_rules_fingerprint(config, source->git)
					  : item_judge_fingerprint(config, source);
}
