#include "config/schema_private.h"

/* What the pipelines of a service are, and what they take. */

const cyaml_schema_field_t schema_pipeline_fields[] = {
	STRING("source", 0, config_pipeline, source, 1, FORMAT_NAME_MAX),
	STRING("project", OPTIONAL, config_pipeline, project, 1, TEXT_MAX_LENGTH),
	LIST("workflows", OPTIONAL, config_pipeline, workflows, n_workflows,
	     schema_regex_entry, PARTS_MAX),
	LIST("branches", OPTIONAL, config_pipeline, branches, n_branches,
	     schema_glob_entry, PARTS_MAX),
	CYAML_FIELD_END
};
ENTRY(pipeline, config_pipeline);

const struct config_row schema_pipeline_rows[] = {
	{ "source", "A name of sources that has runs of pipelines.", FORMAT_NAME },
	{ "project",
	  "One of the source's projects, or \"*\": any. Default: the only one.",
	  FORMAT_LINE },
	{ "workflows",
	  "Regular expressions, of which one fits the whole name of the pipeline or "
	  "workflow. Default: all.",
	  FORMAT_REGEX },
	{ "branches", "The branches whose runs count, as patterns. Default: all.",
	  FORMAT_REF_GLOB },
	{ NULL }
};

const cyaml_schema_field_t schema_ci_cost_fields[] = {
	NUMBER("watts", config_ci_cost, watts),
	STRING("cost_per_minute", OPTIONAL, config_ci_cost, cost_per_minute, 1, 20),
	CYAML_FIELD_END
};

const struct config_row schema_ci_cost_rows[] = {
	{ "watts",
	  "What a machine draws while it runs a job, from 0 to 100000, for an estimate "
	  "of "
	  "energy. 0 is off.",
	  FORMAT_ANY, "20", 0, 100000 },
	{ "cost_per_minute",
	  "The price of a minute, in your currency. Default: none, and no cost.",
	  FORMAT_AMOUNT },
	{ NULL }
};
