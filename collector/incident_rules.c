#include "collector/incident_rules.h"

#include <string.h>

#include "collector/patterns.h"
#include "config/globs.h"

/* One of `incidents`. */
struct compiled {
	const struct config_incident_rule *row;
	GPtrArray *titles, *skip; /* of GRegex */
};

struct incident_rules {
	const struct config_service *service;
	struct compiled *rules; /* service->n_incidents */
};

struct incident_rules *incident_rules_new(const struct config_service *service)
{
	struct incident_rules *rules = g_new0(struct incident_rules, 1);

	rules->service = service;
	rules->rules = g_new0(struct compiled, service->n_incidents);
	for (unsigned i = 0; i < service->n_incidents; i++) {
		const struct config_incident_rule *row = &service->incidents[i];

		rules->rules[i] = (struct compiled){
			.row = row,
			.titles = patterns_new(row->titles, row->n_titles),
			.skip = patterns_new(row->skip, row->n_skip),
		};
	}
	return rules;
}

void incident_rules_free(struct incident_rules *rules)
{
	if (!rules)
		return;
	for (unsigned i = 0; i < rules->service->n_incidents; i++) {
		g_ptr_array_unref(rules->rules[i].titles);
		g_ptr_array_unref(rules->rules[i].skip);
	}
	g_free(rules->rules);
	g_free(rules);
}

static bool is_from(const struct config_incident_rule *row, const char *source,
		    const char *project)
{
	bool any = !row->project || strcmp(row->project, "*") == 0;

	return (!row->source || g_strcmp0(row->source, source) == 0) &&
	       (any || g_strcmp0(row->project, project) == 0);
}

static bool is_skipped(const struct compiled *rule, const struct item *item)
{
	if (patterns_found(rule->skip, item->name) ||
	    patterns_found(rule->skip, item->category))
		return true;
	for (gsize i = 0; item->labels && item->labels[i]; i++)
		if (patterns_found(rule->skip, item->labels[i]))
			return true;
	return false;
}

static bool fits(const struct compiled *rule, const char *source, const struct item *item)
{
	const struct config_incident_rule *row = rule->row;

	if (!is_from(row, source, item->project))
		return false;
	if (row->n_services &&
	    !config_globs_each(row->services, row->n_services, item->services))
		return false;
	if (row->n_labels && !config_globs_each(row->labels, row->n_labels, item->labels))
		return false;
	if (row->n_severities &&
	    !config_globs_any_case(row->severities, row->n_severities, item->severity))
		return false;
	if (row->n_titles && !patterns_found(rule->titles, item->name))
		return false;
	return !is_skipped(rule, item);
}

bool incident_concerns(const struct incident_rules *rules, const char *source,
		       const struct item *item, GPtrArray *groups)
{
	const struct config_service *service = rules->service;
	g_autofree bool *about = g_new0(bool, service->n_production);
	bool concerns = false;

	if (item->kind != ITEM_INCIDENT)
		return false;
	for (unsigned i = 0; i < service->n_incidents; i++) {
		const char *environment = service->incidents[i].environment;

		if (!fits(&rules->rules[i], source, item))
			continue;
		concerns = true;
		for (unsigned j = 0; j < service->n_production; j++)
			about[j] |= !environment ||
				    strcmp(environment, service->production[j].name) == 0;
	}
	for (unsigned j = 0; groups && j < service->n_production; j++)
		if (about[j])
			g_ptr_array_add(groups, service->production[j].name);
	return concerns;
}
