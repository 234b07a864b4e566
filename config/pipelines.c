#include <string.h>

#include "config/config.h"

static bool reads_runs(const struct config_rule *rule)
{
	return rule->source && (rule->from == FROM_JOBS || rule->from == FROM_RUNS ||
				rule->from == FROM_DEPLOYMENTS);
}

static bool has(const GArray *pipelines, const struct config_rule *rule)
{
	for (guint i = 0; i < pipelines->len; i++) {
		const struct config_pipeline *row = &g_array_index(
			pipelines, struct config_pipeline, i);

		if (strcmp(row->source, rule->source) == 0 &&
		    g_strcmp0(row->project, rule->project) == 0)
			return true;
	}
	return false;
}

GArray *config_pipelines(const struct config_service *service)
{
	GArray *pipelines = g_array_new(FALSE, TRUE, sizeof(struct config_pipeline));

	if (service->pipelines)
		return g_array_append_vals(pipelines, service->pipelines,
					   service->n_pipelines);
	for (unsigned i = 0; i < service->n_deployments; i++) {
		const struct config_rule *rule = &service->deployments[i];
		const struct config_pipeline row = { .source = rule->source,
						     .project = rule->project };

		if (reads_runs(rule) && !has(pipelines, rule))
			g_array_append_val(pipelines, row);
	}
	return pipelines;
}
