#include "config/check_private.h"

#include <string.h>

static void check_owners(struct check *check, const struct config_service *service,
			 const char *prefix)
{
	for (unsigned i = 1; i < service->n_owners; i++) {
		const char *before = service->owners[i - 1].until;
		const char *until = service->owners[i].until;
		g_autofree char *key = g_strdup_printf("%s.owners[%u].until", prefix, i);

		/* days of this form sort as text */
		if (strcmp(until, before) <= 0)
			check_wrong(check, key,
				    "\"%s\" is not after owners[%u]'s \"%s\", expected "
				    "the oldest first",
				    until, i - 1, before);
	}
}

static bool is_group(const struct config_service *service, const char *name)
{
	for (unsigned i = 0; i < service->n_production; i++)
		if (strcmp(service->production[i].name, name) == 0)
			return true;
	return false;
}

static void check_incident_rule(struct check *check, const struct config_service *service,
				const struct config_incident_rule *rule,
				const char *prefix)
{
	const struct config_source *source = config_source(check->config, rule->source);
	g_autofree char *project = g_strdup_printf("%s.project", prefix);
	g_autofree char *environment = g_strdup_printf("%s.environment", prefix);
	g_autofree char *source_key = g_strdup_printf("%s.source", prefix);

	if (!rule->source && !rule->n_services && !rule->n_labels && !rule->n_titles)
		check_wrong(check, prefix,
			    "takes every incident of every source, expected source, "
			    "services, labels or titles");
	check_source_has(check, rule->source, ITEM_INCIDENT, "incidents", prefix);
	if (source && config_source_has(source, ITEM_INCIDENT) &&
	    !config_source_reads(source, ITEM_INCIDENT))
		check_wrong(
			check, source_key,
			"\"%s\" (%s) reads no incidents, expected it to say which issues "
			"are (labels, types or query), and read to name them if it is "
			"given",
			source->name, source->type);
	if (rule->project && !rule->source)
		check_wrong(check, source_key, "is missing, expected it with project");
	/* what a source without a list of projects has, nobody knows before it is read */
	if (rule->project && source && source->api && source->api->n_projects)
		check_is_project(check, source, rule->project, project);
	if (rule->environment && !is_group(service, rule->environment))
		check_wrong(check, environment,
			    "\"%s\" is no production group of the service, expected one",
			    rule->environment);
}

static void check_remediation(struct check *check, const struct config_remediation *rule,
			      const char *prefix)
{
	if (!rule->reverts && !rule->n_branches && !rule->n_labels && !rule->n_titles &&
	    !rule->n_trailers)
		check_wrong(check, prefix,
			    "fits no rollout, expected reverts, branches, labels, titles "
			    "or trailers");
}

void check_failures(struct check *check, const struct config_service *service,
		    const char *prefix)
{
	check_owners(check, service, prefix);
	for (unsigned i = 0; i < service->n_incidents; i++) {
		g_autofree char *rule = g_strdup_printf("%s.incidents[%u]", prefix, i);

		check_incident_rule(check, service, &service->incidents[i], rule);
	}
	for (unsigned i = 0; i < service->n_remediation; i++) {
		g_autofree char *rule = g_strdup_printf("%s.remediation[%u]", prefix, i);

		check_remediation(check, &service->remediation[i], rule);
	}
}
