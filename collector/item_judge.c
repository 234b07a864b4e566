#include "collector/item_judge_inside.h"

#include "base/error.h"

static void judged_rule_free(void *data)
{
	struct judged_rule *rule = data;

	item_rule_free(rule->rule);
	g_free(rule);
}

static void judged_service_free(void *data)
{
	struct judged_service *service = data;

	g_ptr_array_unref(service->rules);
	g_clear_pointer(&service->known, g_hash_table_unref);
	g_free(service);
}

static void judged_pipeline_free(void *data)
{
	struct judged_pipeline *pipeline = data;

	item_rule_free(pipeline->rule);
	g_free(pipeline);
}

void item_judge_free(struct item_judge *judge)
{
	if (!judge)
		return;
	g_ptr_array_unref(judge->services);
	g_ptr_array_unref(judge->pipelines);
	revision_finder_free(judge->finder);
	g_free(judge);
}

static bool reads_source(const struct config_rule *row,
			 const struct config_source *source)
{
	if (row->from == FROM_PUSH)
		return source->kind == SOURCE_PUSH;
	return !FROM_IS_GIT(row->from) && g_strcmp0(row->source, source->name) == 0;
}

static const char *first_project(const struct judged_service *service)
{
	const struct judged_rule *first = g_ptr_array_index(service->rules, 0);

	return first->row->project;
}

static bool add_rules(const struct item_judge *judge, struct judged_service *service,
		      GError **error)
{
	for (unsigned i = 0; i < service->config->n_deployments; i++) {
		const struct config_rule *row = &service->config->deployments[i];
		struct judged_rule *rule;

		if (!reads_source(row, judge->source))
			continue;
		rule = g_new0(struct judged_rule, 1);
		service->several |= row->n_names > 1 || g_strcmp0(row->project, "*") == 0;
		if (service->rules->len > 0)
			service->several |= g_strcmp0(first_project(service),
						      row->project) != 0;
		g_ptr_array_add(service->rules, rule);
		rule->row = row;
		rule->rule = item_rule_new(row, error);
		if (!rule->rule) {
			g_prefix_error(error, "service %s: ", service->config->name);
			return false;
		}
	}
	return true;
}

static bool add_pipelines(const struct item_judge *judge,
			  const struct config_service *service, GError **error)
{
	for (unsigned i = 0; i < service->n_pipelines; i++) {
		const struct config_pipeline *row = &service->pipelines[i];
		struct judged_pipeline *pipeline;

		if (strcmp(row->source, judge->source->name) != 0)
			continue;
		pipeline = g_new0(struct judged_pipeline, 1);
		g_ptr_array_add(judge->pipelines, pipeline);
		pipeline->row = (struct config_rule){
			.from = FROM_RUNS,
			.source = row->source,
			.project = row->project,
			.workflows = row->workflows,
			.n_workflows = row->n_workflows,
			.branches = row->branches,
			.n_branches = row->n_branches,
		};
		pipeline->rule = item_rule_new(&pipeline->row, error);
		if (!pipeline->rule) {
			g_prefix_error(error, "service %s: ", service->name);
			return false;
		}
	}
	return true;
}

static bool add_service(struct item_judge *judge, const struct config_service *config,
			const GArray *scopes, GError **error)
{
	struct judged_service *service = g_new0(struct judged_service, 1);

	service->config = config;
	service->rules = g_ptr_array_new_with_free_func(judged_rule_free);
	g_ptr_array_add(judge->services, service);
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		if (scope->kind == SCOPE_SERVICE &&
		    strcmp(scope->name, config->name) == 0)
			service->service_id = scope->scope_id;
	}
	if (service->service_id == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it does not know the service \"%s\"",
			    config->name);
		return false;
	}
	return add_rules(judge, service, error) && add_pipelines(judge, config, error);
}

struct item_judge *item_judge_new(struct store *store, const struct work_context *context,
				  const struct config_source *source, gint32 source_id,
				  GError **error)
{
	_cleanup_(item_judge_freep) struct item_judge *judge = g_new0(struct item_judge,
								      1);
	GArray *scopes;
	bool good = true;

	judge->store = store;
	judge->context = context;
	judge->source = source;
	judge->source_id = source_id;
	judge->finder = revision_finder_new(store, context, source_id);
	judge->services = g_ptr_array_new_with_free_func(judged_service_free);
	judge->pipelines = g_ptr_array_new_with_free_func(judged_pipeline_free);
	scopes = store_scopes(store, error);
	if (!scopes)
		return NULL;
	for (unsigned i = 0; good && i < context->config->n_services; i++)
		good = add_service(judge, &context->config->services[i], scopes, error);
	scope_rows_free(scopes);
	return good ? g_steal_pointer(&judge) : NULL;
}

/* Calls for each rule that reads the source. */
static void each_rule(const struct item_judge *judge,
		      void (*visit)(const struct judged_rule *rule, void *user),
		      void *user)
{
	for (guint i = 0; i < judge->services->len; i++) {
		const struct judged_service *service = g_ptr_array_index(judge->services,
									 i);

		for (guint k = 0; k < service->rules->len; k++)
			visit(g_ptr_array_index(service->rules, k), user);
	}
}

static void add_need(const struct judged_rule *rule, void *user)
{
	guint *needs = user;

	*needs |= item_rule_needs(rule->row);
}

guint item_judge_needs(const struct item_judge *judge)
{
	guint needs = judge->pipelines->len > 0 ? 1u << ITEM_RUN : 0;

	each_rule(judge, add_need, &needs);
	return needs;
}

/* The environment so far, and whether there cannot be one. */
struct common {
	const char *environment;
	bool several;
};

static void agree(const struct judged_rule *rule, void *user)
{
	struct common *common = user;
	const char *one = rule->row->n_environments == 1 ? rule->row->environments[0]
							 : NULL;

	if (rule->row->from != FROM_DEPLOYMENTS)
		return;
	if (!one || strpbrk(one, "*?") ||
	    (common->environment && strcmp(common->environment, one) != 0))
		common->several = true;
	common->environment = one;
}

const char *item_judge_environment(const struct item_judge *judge)
{
	struct common common = { 0 };

	each_rule(judge, agree, &common);
	return common.several ? NULL : common.environment;
}

struct wish {
	const struct item_judge *judge;
	const struct item *item;
	bool jobs_only, wanted;
};

static void wish_for(const struct judged_rule *rule, void *user)
{
	struct wish *wish = user;
	bool useful = !wish->jobs_only || wish->item->kind != ITEM_RUN ||
		      rule->row->from == FROM_JOBS;

	if (!wish->wanted && useful)
		wish->wanted = item_rule_may_match(rule->rule, wish->judge->source->name,
						   wish->item);
}

/* Its jobs are not asked for: that would be a request for each run. */
static bool is_counted(const struct item_judge *judge, const struct item *item)
{
	for (guint i = 0; i < judge->pipelines->len; i++) {
		const struct judged_pipeline *pipeline = g_ptr_array_index(
			judge->pipelines, i);

		if (item_rule_may_match(pipeline->rule, judge->source->name, item))
			return true;
	}
	return false;
}

bool item_judge_wants(const struct item_judge *judge, const struct item *item,
		      bool jobs_only)
{
	struct wish wish = { judge, item, jobs_only, false };

	each_rule(judge, wish_for, &wish);
	return wish.wanted || (!jobs_only && is_counted(judge, item));
}

bool item_judge_is_whole(const struct item_judge *judge)
{
	return revision_finder_is_whole(judge->finder);
}

void item_judge_forget(struct item_judge *judge)
{
	for (guint i = 0; i < judge->services->len; i++) {
		struct judged_service *service = g_ptr_array_index(judge->services, i);

		g_clear_pointer(&service->known, g_hash_table_unref);
	}
}

const struct judged_rule *item_judge_rule(const struct item_judge *judge,
					  const struct judged_service *service,
					  const struct item *item)
{
	for (guint i = 0; i < service->rules->len; i++) {
		const struct judged_rule *rule = g_ptr_array_index(service->rules, i);

		if (item_rule_match(rule->rule, judge->source->name, item) == MATCH_YES)
			return rule;
	}
	return NULL;
}

char *item_judge_external_id(const struct judged_service *service,
			     const struct judged_rule *rule, const struct item *item)
{
	char *id = item_rule_external_id(rule->rule, item);
	g_autofree char *own = NULL;

	/* a rule for any project has put it there */
	if (!service->several || g_strcmp0(rule->row->project, "*") == 0 ||
	    !item->project)
		return id;
	own = id;
	return g_strdup_printf("%s:%s", item->project, own);
}

/* ---- fingerprints ---- */

/* What is kept of a deployment beside its key: raised when that becomes more. */
#define FINDINGS "2\n"

static void append_list(GString *text, const char *key, char **list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(text, "%s=%zu:%s;", key, strlen(list[i]), list[i]);
}

static void append_text(GString *text, const char *key, const char *value)
{
	if (value)
		append_list(text, key, (char *[]){ (char *)value }, 1);
}

static void append_rule(GString *text, const struct config_rule *rule)
{
	g_string_append_printf(text, "rule %d %d ", rule->from, rule->revision);
	append_text(text, "repository", rule->repository);
	append_text(text, "project", rule->project);
	append_text(text, "environment", rule->environment);
	append_text(text, "pattern", rule->pattern);
	append_text(text, "manifest", rule->manifest);
	append_text(text, "of", rule->manifest_repository);
	append_list(text, "tags", rule->tags, rule->n_tags);
	append_list(text, "except", rule->except, rule->n_except);
	append_list(text, "branches", rule->branches, rule->n_branches);
	append_list(text, "environments", rule->environments, rule->n_environments);
	append_list(text, "jobs", rule->jobs, rule->n_jobs);
	append_list(text, "workflows", rule->workflows, rule->n_workflows);
	append_list(text, "skip", rule->skip, rule->n_skip);
	append_list(text, "names", rule->names, rule->n_names);
	g_string_append_c(text, '\n');
}

static char *sum_of(const GString *text)
{
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str,
							     -1);

	return g_strndup(sum, 16);
}

char *item_judge_fingerprint(const struct config *config,
			     const struct config_source *source)
{
	const struct config_api *api = source->api;
	g_autoptr(GString) text = g_string_new(FINDINGS);

	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		for (unsigned k = 0; k < service->n_deployments; k++) {
			if (!reads_source(&service->deployments[k], source))
				continue;
			append_text(text, "service", service->name);
			append_rule(text, &service->deployments[k]);
		}
	}
	if (api) { /* what is asked for at all */
		append_list(text, "labels", api->labels, api->n_labels);
		append_list(text, "types", api->types, api->n_types);
		append_list(text, "services", api->services, api->n_services);
		append_text(text, "query", api->query);
		append_list(text, "debt_labels", api->debt_labels, api->n_debt_labels);
		append_text(text, "debt_query", api->debt_query);
	}
	return sum_of(text);
}

static void add_repository(GHashTable *names, const char *name)
{
	if (name)
		g_hash_table_add(names, (gpointer)name);
}

static void add_repositories(const struct judged_rule *rule, void *user)
{
	add_repository(user, rule->row->repository);
	add_repository(user, rule->row->manifest_repository);
}

char *item_judge_commits(struct item_judge *judge, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GString) text = g_string_new(NULL);
	const struct config *config = judge->context->config;

	each_rule(judge, add_repositories, names);
	for (unsigned i = 0; i < config->sources->n_git; i++) {
		const char *name = config->sources->git[i].name;
		struct source_row row = { 0 };

		if (!g_hash_table_contains(names, name))
			continue;
		if (!store_source(judge->store, name, &row, error))
			return NULL;
		append_text(text, name, row.cursor ? row.cursor : "");
		source_row_clear(&row);
	}
	return sum_of(text);
}
