#include "config/check_private.h"

#include <string.h>

#include "config/fault.h"
#include "config/globs.h"
#include "config/schema_private.h"

static void check_components(struct check *check, const struct config_service *service,
			     const char *prefix)
{
	for (unsigned i = 0; i < service->n_components; i++) {
		const char *name = service->components[i].repository;
		g_autofree char *key = g_strdup_printf("%s.components[%u].repository",
						       prefix, i);

		for (unsigned j = 0; j < i; j++) {
			if (strcmp(service->components[j].repository, name) != 0)
				continue;
			check_wrong(
				check, key,
				"\"%s\" is components[%u] already, expected it once with "
				"all its paths",
				name, j);
			break;
		}
	}
}

static bool is_component(const struct config_service *service, const char *repository)
{
	for (unsigned i = 0; i < service->n_components; i++)
		if (strcmp(service->components[i].repository, repository) == 0)
			return true;
	return false;
}

static bool is_production(const struct config_service *service, const char *environment)
{
	for (unsigned i = 0; i < service->n_production; i++)
		for (unsigned j = 0; j < service->production[i].n_environments; j++)
			if (strcmp(service->production[i].environments[j], environment) ==
			    0)
				return true;
	return false;
}

/* "tags and heads", "deployments, jobs and push" */
static char *fitting(const cyaml_schema_value_t *from, guint fits)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int i = FROM_TAGS; i <= FROM_PUSH; i++) {
		if (!(fits & (1u << i)))
			continue;
		if (text->len)
			g_string_append(text, fits >> (i + 1) ? ", " : " and ");
		g_string_append(text, config_enum_word(from, i));
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void check_rule_keys(struct check *check, const struct config_rule *rule,
			    const char *prefix)
{
	const cyaml_schema_value_t *from = &schema_rule_fields[0].value;

	for (const struct config_row *row = schema_rule_rows; row->key; row++) {
		g_autofree char *key = g_strdup_printf("%s.%s", prefix, row->key);
		g_autofree char *fits = fitting(from, row->fits);

		if ((row->needed & (1u << rule->from)) &&
		    !check_given(check, prefix, row->key))
			check_wrong(check, key,
				    "is missing, expected it with \"from: %s\"",
				    config_enum_word(from, rule->from));
		if (row->fits && !(row->fits & (1u << rule->from)) &&
		    check_given(check, prefix, row->key))
			check_wrong(check, key,
				    "does not fit \"from: %s\", expected it with %s only",
				    config_enum_word(from, rule->from), fits);
	}
}

/* ---- rules of items ---- */

static const struct {
	enum config_from from;
	enum item_kind kind;
} kinds[] = {
	{ FROM_DEPLOYMENTS, ITEM_DEPLOYMENT },
	{ FROM_JOBS, ITEM_JOB },
	{ FROM_RUNS, ITEM_RUN },
	{ FROM_RELEASES, ITEM_RELEASE },
};

void check_source_has(struct check *check, const char *name, enum item_kind kind,
		      const char *word, const char *prefix)
{
	const struct config_source *source = config_source(check->config, name);
	g_autofree char *key = g_strdup_printf("%s.source", prefix);

	if (source && !config_source_has(source, kind))
		check_wrong(check, key,
			    "\"%s\" (%s) has no %s, expected a source that has",
			    source->name, source->type, word);
}

static void check_source(struct check *check, const struct config_rule *rule,
			 const char *prefix)
{
	const cyaml_schema_value_t *from = &schema_rule_fields[0].value;

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].from == rule->from)
			check_source_has(check, rule->source, kinds[i].kind,
					 config_enum_word(from, rule->from), prefix);
}

void check_is_project(struct check *check, const struct config_source *source,
		      const char *project, const char *key)
{
	const struct config_api *api = source->api;
	unsigned n = api ? api->n_projects : 0;
	g_autofree char *quoted = fault_quote(project);
	const char *nearest;

	if (strcmp(project, "*") == 0 || (api && config_lists(api->projects, n, project)))
		return;
	nearest = n ? fault_nearest(project, (const char *const *)api->projects, n)
		    : NULL;
	if (nearest)
		check_wrong(check, key,
			    "%s is no project of \"%s\", did you mean \"%s\"?", quoted,
			    source->name, nearest);
	else
		check_wrong(check, key, "%s is no project of \"%s\", expected %s", quoted,
			    source->name,
			    n ? "one of them or \"*\"" : "the key left out: it has none");
}

static void check_project(struct check *check, const struct config_rule *rule,
			  const char *prefix)
{
	const struct config_source *source = config_source(check->config, rule->source);
	unsigned n = source && source->api ? source->api->n_projects : 0;
	g_autofree char *key = g_strdup_printf("%s.project", prefix);

	if (source && rule->project)
		check_is_project(check, source, rule->project, key);
	else if (n > 1)
		check_wrong(check, key,
			    "is missing, expected one because \"%s\" has %u projects "
			    "(\"*\": any)",
			    source->name, n);
}

static void check_revision(struct check *check, const struct config_rule *rule,
			   const char *prefix)
{
	static const char *const keys[] = { "manifest", "manifest_repository",
					    "pattern" };
	const char *const values[] = { rule->manifest, rule->manifest_repository,
				       rule->pattern };

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *key = g_strdup_printf("%s.%s", prefix, keys[i]);

		if (rule->revision == REVISION_FILE && !values[i])
			check_wrong(check, key,
				    "is missing, expected it with \"revision: file\"");
		else if (rule->revision != REVISION_FILE && i < 2 && values[i])
			check_wrong(check, key,
				    "does not fit, expected it with \"revision: file\" "
				    "only");
	}
}

static bool is_any_matched(const struct config_service *service, const char *glob)
{
	for (unsigned i = 0; i < service->n_production; i++)
		for (unsigned j = 0; j < service->production[i].n_environments; j++)
			if (config_glob(glob, service->production[i].environments[j]))
				return true;
	return false;
}

/* Records name their own environments: some must be production's. */
static void check_environments(struct check *check, const struct config_service *service,
			       const struct config_rule *rule, const char *prefix)
{
	g_autofree char *key = g_strdup_printf("%s.environments", prefix);

	if (rule->environment || !rule->environments)
		return;
	for (unsigned i = 0; i < rule->n_environments; i++)
		if (is_any_matched(service, rule->environments[i]))
			return;
	check_wrong(check, key,
		    "fit no environment of the service's production groups, expected "
		    "\"environment: production\" to call them so, or a group of them");
}

static void check_item_rule(struct check *check, const struct config_service *service,
			    const struct config_rule *rule, const char *prefix)
{
	check_source(check, rule, prefix);
	check_project(check, rule, prefix);
	check_revision(check, rule, prefix);
	check_environments(check, service, rule, prefix);
}

/* ---- rules ---- */

/* Each record names its own environment. */
static bool names_its_own(const struct config_rule *rule)
{
	return rule->from == FROM_FILE || !rule->environment;
}

static void check_rule(struct check *check, const struct config_service *service,
		       const struct config_rule *rule, const char *prefix)
{
	g_autofree char *repository = g_strdup_printf("%s.repository", prefix);
	g_autofree char *environment = g_strdup_printf("%s.environment", prefix);

	check_rule_keys(check, rule, prefix);
	if (!rule->repository)
		check_wrong(
			check, repository,
			"is missing, expected one because the service has %u components",
			service->n_components);
	else if (config_git(check->config, rule->repository) && rule->from != FROM_FILE &&
		 !is_component(service, rule->repository))
		check_wrong(check, repository,
			    "\"%s\" is no component of the service, expected one that is",
			    rule->repository);
	if (!FROM_IS_GIT(rule->from))
		check_item_rule(check, service, rule, prefix);
	if (!names_its_own(rule) && !is_production(service, rule->environment))
		check_wrong(
			check, environment,
			"\"%s\" is in no production group of the service, expected one "
			"that "
			"is",
			rule->environment);
}

static bool is_fed(const struct config_service *service, const char *environment)
{
	for (unsigned i = 0; i < service->n_deployments; i++)
		if (names_its_own(&service->deployments[i]) ||
		    strcmp(service->deployments[i].environment, environment) == 0)
			return true;
	return false;
}

static void check_groups(struct check *check, const struct config_service *service,
			 const char *prefix)
{
	g_autofree char *list = g_strdup_printf("%s.production", prefix);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	if (!check_given(check, prefix, "production"))
		return; /* the default group's faults are the rules' */
	for (unsigned i = 0; i < service->n_production; i++) {
		const struct config_group *group = &service->production[i];

		for (unsigned j = 0; j < group->n_environments; j++) {
			char *environment = group->environments[j];
			g_autofree char *key = g_strdup_printf("%s[%u].environments[%u]",
							       list, i, j);

			if (!g_hash_table_add(seen, environment))
				check_wrong(check, key,
					    "\"%s\" is in a production group already, "
					    "expected "
					    "it once",
					    environment);
			else if (!is_fed(service, environment))
				check_wrong(check, key,
					    "no rule of deployments has the environment "
					    "\"%s\", "
					    "expected one",
					    environment);
		}
	}
}

/* As a rule that takes each run for a deployment reads them. */
static void check_pipelines(struct check *check, const struct config_service *service,
			    const char *prefix)
{
	for (unsigned i = 0; i < service->n_pipelines; i++) {
		const struct config_rule rule = {
			.from = FROM_RUNS,
			.source = service->pipelines[i].source,
			.project = service->pipelines[i].project,
		};
		g_autofree char *key = g_strdup_printf("%s.pipelines[%u]", prefix, i);

		check_source(check, &rule, key);
		check_project(check, &rule, key);
	}
}

void check_service(struct check *check, unsigned i)
{
	const struct config_service *service = &check->config->services[i];
	g_autofree char *prefix = g_strdup_printf("services[%u]", i);

	check_components(check, service, prefix);
	for (unsigned j = 0; j < service->n_deployments; j++) {
		g_autofree char *rule = g_strdup_printf("%s.deployments[%u]", prefix, j);

		check_rule(check, service, &service->deployments[j], rule);
	}
	check_groups(check, service, prefix);
	check_failures(check, service, prefix);
	check_pipelines(check, service, prefix);
}
