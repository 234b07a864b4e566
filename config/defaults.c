#include "config/defaults.h"

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "config/goal_metric.h"
#include "config/rest_driver.h"
#include "metrics/bucket.h"

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
	else if (schema->type == CYAML_BOOL)
		*(bool *)place = *fallback == 't';
	/* Choices default to 0, which is what libcyaml left; a test holds the rows to it.
	 */
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

static void api_defaults(struct config_api *api, const struct config_schedule *schedule)
{
	gsize n;

	if (api->driver)
		inherit(&api->url, api->driver->url);
	for (n = api->url ? strlen(api->url) : 0; n && api->url[n - 1] == '/'; n--)
		api->url[n - 1] = '\0';
	inherit(&api->every, schedule->every);
	span_parse(api->every, &api->every_us);
	span_parse(api->history, &api->history_us);
}

static void sources_defaults(struct config_sources *sources,
			     const struct config_schedule *schedule)
{
	for (unsigned i = 0; i < sources->n_git; i++)
		git_defaults(&sources->git[i], schedule);
	for (gsize d = 0; d < N_DRIVERS; d++)
		for (unsigned i = 0; i < sources->api[d].n; i++) {
			sources->api[d].rows[i].driver = drivers[d];
			api_defaults(&sources->api[d].rows[i], schedule);
		}
	for (unsigned i = 0; i < sources->n_rest; i++) {
		sources->rest[i].api.driver = rest_driver_new(&sources->rest[i]);
		api_defaults(&sources->rest[i].api, schedule);
	}
	for (unsigned i = 0; i < sources->n_sql; i++) {
		inherit(&sources->sql[i].every, schedule->every);
		span_parse(sources->sql[i].every, &sources->sql[i].every_us);
		span_parse(sources->sql[i].history, &sources->sql[i].history_us);
	}
}

/* A target or limit; NAN where there is none or it does not fit, which the checks find.
 */
static double figure_number(const struct config_figure *figure, const char *text)
{
	const struct goal_metric *metric = figure ? goal_metric(figure->metric) : NULL;
	double value = NAN;

	if (text)
		goal_number(text,
			    metric ? goal_unit(metric, figure->statistic) : GOAL_COUNT,
			    &value);
	return value;
}

static void kpi_defaults(struct config_kpi *kpi, const struct config_schedule *schedule)
{
	const struct goal_metric *metric;

	inherit(&kpi->title, kpi->name);
	inherit(&kpi->every, schedule->every);
	span_parse(kpi->every, &kpi->every_us);
	span_parse(kpi->history, &kpi->history_us);
	span_parse(kpi->overlap, &kpi->overlap_us);
	if (kpi->prometheus)
		span_parse(kpi->prometheus->step, &kpi->prometheus->step_us);
	kpi->target_value = figure_number(kpi->dora, kpi->target);
	if (!kpi->dora)
		return;
	inherit(&kpi->dora->environment, PRODUCTION);
	metric = goal_metric(kpi->dora->metric);
	if (metric)
		kpi->better = goal_better(metric, kpi->dora->statistic);
}

static void goal_defaults(struct config *config)
{
	struct config_north_star *star = config->north_star;
	const struct config_kpi *kpi;

	for (unsigned i = 0; i < config->n_kpis; i++)
		kpi_defaults(&config->kpis[i], config->schedule);
	for (unsigned i = 0; i < config->n_guardrails; i++) {
		struct config_guardrail *rail = &config->guardrails[i];

		inherit(&rail->figure.environment, PRODUCTION);
		rail->limit = figure_number(
			&rail->figure, rail->at_most ? rail->at_most : rail->at_least);
	}
	if (!star)
		return;
	kpi = config_kpi(config, star->figure.metric);
	star->target_value = figure_number(kpi ? kpi->dora : &star->figure, star->target);
	if (!kpi)
		inherit(&star->figure.environment, PRODUCTION);
}

static void rule_defaults(const struct config *config,
			  const struct config_service *service, struct config_rule *rule,
			  const struct node *node)
{
	const struct config_source *source = config_source(config, rule->source);

	if (rule->from == FROM_TAGS && rule->n_tags == 0)
		one_word(&rule->tags, &rule->n_tags, "*");
	if (rule->from == FROM_PUSH && rule->n_names == 0)
		one_word(&rule->names, &rule->n_names, service->name);
	if (rule->from != FROM_DEPLOYMENTS && rule->from != FROM_PUSH)
		inherit(&rule->environment, PRODUCTION);
	if (rule->from == FROM_RELEASES && !node_member(node, "revision"))
		rule->revision = REVISION_VERSION; /* releases are known by their tag */
	if (service->n_components == 1)
		inherit(&rule->repository, service->components[0].repository);
	if (!FROM_IS_GIT(rule->from) && source && source->api &&
	    source->api->n_projects == 1)
		inherit(&rule->project, source->api->projects[0]);
}

static char **words(const char *const *list, unsigned n)
{
	char **copy = g_new0(char *, n);

	for (unsigned i = 0; i < n; i++)
		copy[i] = g_strdup(list[i]);
	return copy;
}

static void incident_defaults(struct config_service *service, bool given)
{
	if (service->incidents)
		return;
	/* An empty list has a place too, so that it is shown as what it is. */
	service->incidents = g_new0(struct config_incident_rule, 1);
	if (given)
		return;
	one_word(&service->incidents->services, &service->incidents->n_services,
		 service->name);
	service->n_incidents = 1;
}

static void remediation_defaults(struct config_service *service, bool given)
{
	static const char *const branches[] = { "hotfix/*", "hotfix-*" };
	struct config_remediation *rules;

	if (service->remediation)
		return;
	service->remediation = rules = g_new0(struct config_remediation, 2);
	if (given)
		return;
	rules[0].kind = REMEDY_ROLL_FORWARD;
	rules[0].reverts = true;
	rules[1].kind = REMEDY_HOTFIX;
	rules[1].n_branches = G_N_ELEMENTS(branches);
	rules[1].branches = words(branches, G_N_ELEMENTS(branches));
	one_word(&rules[1].labels, &rules[1].n_labels, "hotfix");
	service->n_remediation = 2;
}

static void owner_defaults(struct config_service *service)
{
	_cleanup_(zone_unrefp) struct zone *zone = NULL;

	if (service->n_owners == 0 || !service->time_zone)
		return; /* its team is unknown, and reported */
	zone = zone_open(service->time_zone, NULL);
	for (unsigned i = 0; zone && i < service->n_owners; i++) {
		struct config_owner *owner = &service->owners[i];
		g_autofree char *midnight = g_strconcat(owner->until, "T00:00:00Z", NULL);
		gint64 t = 0; /* the format has been checked */

		instant_parse(midnight, &t);
		owner->until_us = zone_day_start(zone, (gint32)(t / G_TIME_SPAN_DAY));
	}
}

static void pipeline_defaults(const struct config *config, struct config_service *service,
			      bool given)
{
	if (given && !service->pipelines) /* none is not what the rules read */
		service->pipelines = g_new0(struct config_pipeline, 1);
	for (unsigned i = 0; i < service->n_pipelines; i++) {
		struct config_pipeline *pipeline = &service->pipelines[i];
		const struct config_source *source = config_source(config,
								   pipeline->source);

		if (source && source->api && source->api->n_projects == 1)
			inherit(&pipeline->project, source->api->projects[0]);
	}
}

static void service_defaults(const struct config *config, struct config_service *service,
			     const struct node *node)
{
	const struct config_team *team = config_team(config, service->team);
	const struct node *rules = node_member(node, "deployments");

	if (team)
		inherit(&service->time_zone, team->time_zone);
	for (unsigned i = 0; i < service->n_deployments; i++)
		rule_defaults(config, service, &service->deployments[i],
			      g_ptr_array_index(rules->items, i));
	pipeline_defaults(config, service, node_member(node, "pipelines") != NULL);
	if (service->n_production == 0) {
		service->production = g_new0(struct config_group, 1);
		service->n_production = 1;
		service->production->name = g_strdup(PRODUCTION);
		one_word(&service->production->environments,
			 &service->production->n_environments, PRODUCTION);
	}
	incident_defaults(service, node_member(node, "incidents") != NULL);
	remediation_defaults(service, node_member(node, "remediation") != NULL);
	owner_defaults(service);
	span_parse(service->failure_window, &service->failure_window_us);
}

static void retention_defaults(struct config_retention *retention)
{
	const struct {
		const char *text;
		gint64 *us;
	} kinds[] = {
		{ retention->authors, &retention->authors_us },
		{ retention->runs, &retention->runs_us },
		{ retention->changes, &retention->changes_us },
		{ retention->incidents, &retention->incidents_us },
		{ retention->kpis, &retention->kpis_us },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].text)
			span_parse(kinds[i].text, kinds[i].us);
}

void config_defaults(struct config *config, const struct tree *tree)
{
	const struct node *services = node_member(tree->root, "services");

	fill_mapping(&config_schema, config, tree->root);
	span_parse(config->schedule->every, &config->schedule->every_us);
	span_parse(config->schedule->timeout, &config->schedule->timeout_us);
	retention_defaults(config->retention);
	config->ci_cost->price = config->ci_cost->cost_per_minute
					 ? g_ascii_strtod(
						   config->ci_cost->cost_per_minute, NULL)
					 : NAN;
	sources_defaults(config->sources, config->schedule);
	goal_defaults(config);
	if (config->alerts)
		alerts_defaults(config->alerts, node_member(tree->root, "alerts"));
	for (unsigned i = 0; i < config->n_all; i++) {
		struct config_source *source = &config->all[i];

		source->every_us = source->git	 ? source->git->every_us
				   : source->api ? source->api->every_us
				   : source->sql ? source->sql->every_us
				   : source->kpi ? source->kpi->every_us
						 : config->schedule->every_us;
	}
	for (unsigned i = 0; i < config->n_teams; i++) {
		const struct config_org *org = config_org(config, config->teams[i].org);

		if (org)
			inherit(&config->teams[i].time_zone, org->time_zone);
	}
	for (unsigned i = 0; i < config->n_services; i++)
		service_defaults(config, &config->services[i],
				 g_ptr_array_index(services->items, i));
}
