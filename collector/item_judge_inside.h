#pragma once

/* The inside of a judge, for item_judge.c (who judges), item_judge_gather.c (what) and
 * item_judge_store.c (what comes of it). */
#include <string.h>

#include "collector/item_judge.h"

struct judged_rule {
	const struct config_rule *row;
	struct item_rule *rule;
};

struct judged_service {
	const struct config_service *config;
	gint32 service_id;
	GPtrArray *rules; /* of struct judged_rule; empty: it had some before, perhaps */
	bool several;	  /* the rules name more than one project */
	/* "external id\nattempt" → struct deployment_row: what the source gave it, as
	 * stored; NULL: not read yet. */
	GHashTable *known;
};

/* Runs that are counted though no rule may want them (a service's own `pipelines`): as a
 * rule that takes each for a deployment would find them. */
struct judged_pipeline {
	struct config_rule row; /* what it points to is the configuration's */
	struct item_rule *rule;
};

struct item_judge {
	struct store *store;
	const struct work_context *context;
	const struct config_source *source;
	gint32 source_id;
	GPtrArray *services;  /* of struct judged_service */
	GPtrArray *pipelines; /* of struct judged_pipeline */
	struct revision_finder *finder;
};

/* The first rule of a service that finds a deployment in the item; NULL. */
const struct judged_rule *item_judge_rule(const struct item_judge *judge,
					  const struct judged_service *service,
					  const struct item *item);
/* What the deployment is called that the rule finds in the item. The caller frees. */
char *item_judge_external_id(const struct judged_service *service,
			     const struct judged_rule *rule, const struct item *item);
/* Reads what the source gave the service, unless that is known. */
bool item_judge_know(struct item_judge *judge, struct judged_service *service,
		     GError **error);
