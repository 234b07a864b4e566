#include "collector/evaluate_pipelines.h"

#include <cjson/cJSON.h>

#include "base/error.h"
#include "collector/definition.h"
#include "config/regex.h"
#include "sinks/store_pipelines.h"

/* Rows of another meaning are made anew: to be raised when the numbers mean something
 * else. */
#define MEANING 1

/* ---- the definition ---- */

static void add_list(cJSON *row, const char *key, char **texts, unsigned n)
{
	cJSON *list = cJSON_AddArrayToObject(row, key);

	for (unsigned i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
}

static void add_optional(cJSON *row, const char *key, const char *text)
{
	cJSON_AddItemToObject(row, key,
			      text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

/* What decides about the rows of a service, as JSON; the caller frees. */
static char *definition_of(const struct config *config,
			   const struct config_service *service, const GArray *pipelines)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(object, "pipelines");
	char *text, *copy;

	cJSON_AddNumberToObject(object, "meaning", MEANING);
	cJSON_AddStringToObject(object, "time_zone", service->time_zone);
	cJSON_AddNumberToObject(object, "watts", config->ci_cost->watts);
	add_optional(object, "cost_per_minute", config->ci_cost->cost_per_minute);
	for (guint i = 0; i < pipelines->len; i++) {
		const struct config_pipeline *pipeline = &g_array_index(
			pipelines, struct config_pipeline, i);
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "source", pipeline->source);
		add_optional(row, "project", pipeline->project);
		add_list(row, "workflows", pipeline->workflows, pipeline->n_workflows);
		add_list(row, "branches", pipeline->branches, pipeline->n_branches);
		cJSON_AddItemToArray(list, row);
	}
	text = cJSON_PrintUnformatted(object);
	copy = g_strdup(text);
	cJSON_free(text);
	cJSON_Delete(object);
	return copy;
}

/* ---- workflows ---- */

static void free_patterns(void *patterns)
{
	g_ptr_array_unref(patterns);
}

/* For each of the pipelines its patterns, an array of GRegex. NULL if one is no regular
 * expression. */
static GPtrArray *compile(const GArray *pipelines, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_patterns);

	for (guint i = 0; i < pipelines->len; i++) {
		const struct config_pipeline *pipeline = &g_array_index(
			pipelines, struct config_pipeline, i);
		GPtrArray *patterns = g_ptr_array_new_with_free_func(
			(GDestroyNotify)g_regex_unref);

		g_ptr_array_add(all, patterns);
		for (unsigned k = 0; k < pipeline->n_workflows; k++) {
			GRegex *regex = config_regex(pipeline->workflows[k], true, error);

			if (!regex)
				return NULL;
			g_ptr_array_add(patterns, regex);
		}
	}
	return g_steal_pointer(&all);
}

static bool fits(guint i, const char *workflow, void *user)
{
	const GPtrArray *all = user;
	const GPtrArray *patterns = g_ptr_array_index(all, i);

	for (guint k = 0; k < patterns->len; k++)
		if (g_regex_match(g_ptr_array_index(patterns, k), workflow, 0, NULL))
			return true;
	return patterns->len == 0;
}

/* ---- publishing ---- */

static bool publish(struct store *store, const struct pipeline_publication *what,
		    const char *name, struct evaluate_result *result, GError **error)
{
	_cleanup_(scope_row_freep) struct scope_row *scope = NULL;
	gsize n = 0;

	if (!store_begin(store, error))
		return false;
	scope = store_scope_lock(store, SCOPE_SERVICE, name, error);
	if (!scope || !store_pipelines_publish(store, what, &n, error) ||
	    !store_commit(store, error))
		return false;
	result->changed = true;
	result->n_rows += n;
	return true;
}

static bool evaluate_one(struct store *store, const struct config *config,
			 const struct pipeline_service *row,
			 const struct config_service *service, gint64 now,
			 struct evaluate_result *result, GError **error)
{
	g_autoptr(GArray) pipelines = config_pipelines(service);
	g_autofree char *content = definition_of(config, service, pipelines);
	g_autofree char *fingerprint = definition_fingerprint(content);
	bool same = g_strcmp0(row->definition, fingerprint) == 0;
	g_autoptr(GPtrArray) patterns = NULL;
	struct pipeline_publication what = {
		.service_id = row->service_id,
		.time_zone = service->time_zone,
		.fingerprint = fingerprint,
		.content = content,
		.all = !same,
		.pipelines =
			(const struct config_pipeline *)(const void *)pipelines->data,
		.n_pipelines = pipelines->len,
		.watts = config->ci_cost->watts,
		.cost_per_minute = config->ci_cost->price,
		.now = now,
		.fits = fits,
	};

	/* without pipelines there is nothing to publish, unless there were some before */
	if ((same && !row->dirty) || (!row->definition && pipelines->len == 0))
		return true;
	patterns = compile(pipelines, error);
	what.user = patterns;
	if (patterns && publish(store, &what, service->name, result, error))
		return true;
	store_rollback(store);
	g_prefix_error(error, "pipelines of %s: ", service->name);
	return false;
}

static bool is_cancelled(const struct work_context *context, GError **error)
{
	if (!context->cancellable || !g_cancellable_is_cancelled(context->cancellable))
		return false;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "evaluation was cancelled");
	return true;
}

bool evaluate_pipelines(struct store *store, const struct work_context *context,
			gint64 now, struct evaluate_result *result, GError **error)
{
	g_autoptr(GArray) services = NULL;
	gsize n_due;

	*result = (struct evaluate_result){ 0 };
	do {
		if (is_cancelled(context, error) ||
		    !store_pipelines_refresh(store, &n_due, error))
			return false;
	} while (n_due > 0);
	services = store_pipeline_services(store, error);
	for (guint i = 0; services && i < services->len; i++) {
		const struct pipeline_service *row = &g_array_index(
			services, struct pipeline_service, i);
		const struct config_service *service = config_service(context->config,
								      row->name);

		if (service && (is_cancelled(context, error) ||
				!evaluate_one(store, context->config, row, service, now,
					      result, error)))
			return false;
	}
	return services != NULL;
}
