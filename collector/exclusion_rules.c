#include "collector/exclusion_rules.h"

#include "config/globs.h"

bool exclusion_of_change(const struct config_service *service, const struct item *change)
{
	const struct config_exclude *exclude = service->exclude;

	return exclude &&
	       ((exclude->bots && change->bot) ||
		config_globs_each(exclude->labels, exclude->n_labels, change->labels));
}
