#include "collector/definition.h"

#include <cjson/cJSON.h>

#include "metrics/series.h"

static cJSON *strings(char **list, unsigned n)
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; i < n; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(list[i]));
	return array;
}

static void add_optional(cJSON *object, const char *key, const char *value)
{
	if (value)
		cJSON_AddStringToObject(object, key, value);
	else
		cJSON_AddNullToObject(object, key);
}

static char *print(cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);
	char *copy = g_strdup(text);

	cJSON_free(text);
	cJSON_Delete(object);
	return copy;
}

static cJSON *service_object(const struct config_service *service)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *components = cJSON_AddArrayToObject(object, "components");
	cJSON *production = cJSON_AddArrayToObject(object, "production");

	cJSON_AddStringToObject(
		object, "lead_time_from",
		service->commit_time == COMMIT_TIME_COMMITTED ? "committed" : "authored");
	for (unsigned i = 0; i < service->n_components; i++) {
		const struct config_component *component = &service->components[i];
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "repository", component->repository);
		cJSON_AddItemToObject(row, "paths",
				      strings(component->paths, component->n_paths));
		add_optional(row, "baseline", component->baseline);
		cJSON_AddItemToArray(components, row);
	}
	for (unsigned i = 0; i < service->n_production; i++) {
		const struct config_group *group = &service->production[i];
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "name", group->name);
		cJSON_AddItemToObject(
			row, "environments",
			strings(group->environments, group->n_environments));
		cJSON_AddStringToObject(row, "finished",
					group->finished == FINISHED_FIRST ? "first"
									  : "all");
		cJSON_AddItemToArray(production, row);
	}
	return object;
}

char *definition_of_scope(const struct config *config, enum scope_kind kind,
			  const char *name, const char *time_zone)
{
	const struct config_service *service = kind == SCOPE_SERVICE
						       ? config_service(config, name)
						       : NULL;
	cJSON *object = cJSON_CreateObject();

	cJSON_AddNumberToObject(object, "meaning", SERIES_MEANING);
	cJSON_AddStringToObject(object, "time_zone", time_zone);
	cJSON_AddNumberToObject(object, "minimum_authors",
				config->privacy->minimum_authors);
	if (service)
		cJSON_AddItemToObject(object, "service", service_object(service));
	return print(object);
}

char *definition_fingerprint(const char *content)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, content, -1);
}
