#include "config/check_private.h"

#include <string.h>

/* What the views call the rest. */
#define OTHER "other"

static void check_class(struct check *check, const struct config_debt *debt, unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("debt.classes[%u]", i);
	g_autofree char *key = g_strdup_printf("%s.class", prefix);
	g_autofree char *labels = g_strdup_printf("%s.labels", prefix);
	const struct config_debt_class *class = &debt->classes[i];

	if (strcmp(class->class, OTHER) == 0)
		check_wrong(check, key,
			    "\"%s\" is what fits no class, expected another name", OTHER);
	for (unsigned j = 0; j < i; j++) {
		if (strcmp(debt->classes[j].class, class->class) != 0)
			continue;
		check_wrong(check, key,
			    "\"%s\" is classes[%u] already, expected it once with all "
			    "its labels",
			    class->class, j);
		break;
	}
	check_once(check, labels, class->labels, class->n_labels);
}

/* The push server tells of no issues, and git has none. */
static bool has_issues(const struct config_source *source)
{
	return source->kind == SOURCE_API || source->kind == SOURCE_SQL;
}

static void check_mapping(struct check *check, const struct config_debt_service *mapping,
			  unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("debt.services[%u]", i);
	g_autofree char *source_key = g_strdup_printf("%s.source", prefix);
	g_autofree char *projects = g_strdup_printf("%s.projects", prefix);
	g_autofree char *labels = g_strdup_printf("%s.labels", prefix);
	const struct config_source *source = config_source(check->config,
							   mapping->source);

	if (!mapping->source && !mapping->n_projects && !mapping->n_labels)
		check_wrong(check, prefix,
			    "fits every issue, expected source, projects or labels");
	if (source && !has_issues(source))
		check_wrong(check, source_key,
			    "\"%s\" is of %s, expected a source that tells of issues",
			    mapping->source, source->type);
	check_once(check, projects, mapping->projects, mapping->n_projects);
	check_once(check, labels, mapping->labels, mapping->n_labels);
}

void check_debt(struct check *check, const struct config_debt *debt)
{
	for (unsigned i = 0; i < debt->n_classes; i++)
		check_class(check, debt, i);
	for (unsigned i = 0; i < debt->n_services; i++)
		check_mapping(check, &debt->services[i], i);
}
