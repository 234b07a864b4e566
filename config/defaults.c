#include "config/defaults.h"

#include <string.h>

#include "base/instant.h"

#define PRODUCTION "production"

/* ---- defaults of the tables ---- */

static void fill_mapping(const cyaml_schema_value_t *schema, void *data,
			 const struct node *node);

static void fill_scalar(const cyaml_schema_value_t *schema, const char *fallback,
			void *place)
{
	if (schema->type == CYAML_STRING)
		*(char **)place = g_strdup(fallback);
	else if (schema->type == CYAML_UINT)
		*(unsigned *)place = (unsigned)g_ascii_strtoull(fallback, NULL, 10);
	/* Choices and booleans default to 0, which is what libcyaml left; a test holds
	 * the rows to it. */
}

static void fill_list(const cyaml_schema_value_t *schema, void *place,
		      const struct node *node)
{
	const cyaml_schema_value_t *entry = schema->sequence.entry;
	char *entries = *(char **)place;

	if (!node || entry->type != CYAML_MAPPING)
		return;
	for (guint i = 0; i < node->items->len; i++)
		fill_mapping(entry, entries + (gsize)i * entry->data_size,
			     g_ptr_array_index(node->items, i));
}

/* As deep as the tables, not the file. */
static void fill_mapping(const cyaml_schema_value_t *schema, void *data,
			 const struct node *node)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	const struct config_row *rows = config_rows(fields);

	for (gsize i = 0; fields[i].key; i++) {
		const cyaml_schema_value_t *value = &fields[i].value;
		const struct node *given = node ? node_member(node, fields[i].key) : NULL;
		char *place = (char *)data + fields[i].data_offset;

		if (value->type == CYAML_SEQUENCE) {
			fill_list(value, place, given);
		} else if (value->type == CYAML_MAPPING) {
			if (!given && rows[i].fallback)
				*(void **)place = g_malloc0(value->data_size);
			if (*(void **)place)
				fill_mapping(value, *(void **)place, given);
		} else if (!given && rows[i].fallback) {
			fill_scalar(value, rows[i].fallback, place);
		}
	}
}

/* ---- defaults that follow from other values ---- */

static void inherit(char **value, const char *from)
{
	if (!*value)
		*value = g_strdup(from);
}

static void one_word(char ***list, unsigned *n, const char *word)
{
	*list = g_new0(char *, 1);
	(*list)[0] = g_strdup(word);
	*n = 1;
}

static void git_defaults(struct config_git *git, const struct config_schedule *schedule)
{
	if (!git->token)
		g_clear_pointer(&git->username, g_free);
	inherit(&git->every, schedule->every);
	inherit(&git->timeout, schedule->timeout);
	span_parse(git->every, &git->every_us);
	span_parse(git->timeout, &git->timeout_us);
}

static void service_defaults(const struct config *config, struct config_service *service)
{
	const struct config_team *team = config_team(config, service->team);

	if (team)
		inherit(&service->time_zone, team->time_zone);
	for (unsigned i = 0; i < service->n_deployments; i++) {
		struct config_rule *rule = &service->deployments[i];

		if (rule->from == FROM_TAGS && rule->n_tags == 0)
			one_word(&rule->tags, &rule->n_tags, "*");
		if (service->n_components == 1)
			inherit(&rule->repository, service->components[0].repository);
	}
	if (service->n_production == 0) {
		service->production = g_new0(struct config_group, 1);
		service->n_production = 1;
		service->production->name = g_strdup(PRODUCTION);
		one_word(&service->production->environments,
			 &service->production->n_environments, PRODUCTION);
	}
}

void config_defaults(struct config *config, const struct tree *tree)
{
	fill_mapping(&config_schema, config, tree->root);
	span_parse(config->schedule->every, &config->schedule->every_us);
	span_parse(config->schedule->timeout, &config->schedule->timeout_us);
	for (unsigned i = 0; i < config->sources->n_git; i++)
		git_defaults(&config->sources->git[i], config->schedule);
	for (unsigned i = 0; i < config->n_all; i++)
		if (config->all[i].git)
			config->all[i].every_us = config->all[i].git->every_us;
	for (unsigned i = 0; i < config->n_teams; i++) {
		const struct config_org *org = config_org(config, config->teams[i].org);

		if (org)
			inherit(&config->teams[i].time_zone, org->time_zone);
	}
	for (unsigned i = 0; i < config->n_services; i++)
		service_defaults(config, &config->services[i]);
}
