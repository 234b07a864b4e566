#include "collector/definition.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/instant.h"
#include "collector/author_key.h"
#include "metrics/series.h"

static cJSON *strings(char **list, unsigned n)
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; i < n; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(list[i]));
	return array;
}

static void add_list(cJSON *object, const char *key, char **list, unsigned n)
{
	cJSON_AddItemToObject(object, key, strings(list, n));
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

static void add_components(cJSON *object, const struct config_service *service)
{
	cJSON *components = cJSON_AddArrayToObject(object, "components");

	for (unsigned i = 0; i < service->n_components; i++) {
		const struct config_component *component = &service->components[i];
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "repository", component->repository);
		add_list(row, "paths", component->paths, component->n_paths);
		add_optional(row, "baseline", component->baseline);
		cJSON_AddItemToArray(components, row);
	}
}

static void add_production(cJSON *object, const struct config_service *service)
{
	cJSON *production = cJSON_AddArrayToObject(object, "production");

	for (unsigned i = 0; i < service->n_production; i++) {
		const struct config_group *group = &service->production[i];
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "name", group->name);
		add_list(row, "environments", group->environments, group->n_environments);
		cJSON_AddStringToObject(row, "finished",
					group->finished == FINISHED_FIRST ? "first"
									  : "all");
		cJSON_AddItemToArray(production, row);
	}
}

static void add_incidents(cJSON *object, const struct config_service *service)
{
	cJSON *incidents = cJSON_AddArrayToObject(object, "incidents");

	for (unsigned i = 0; i < service->n_incidents; i++) {
		const struct config_incident_rule *rule = &service->incidents[i];
		cJSON *row = cJSON_CreateObject();

		add_optional(row, "source", rule->source);
		add_optional(row, "project", rule->project);
		add_list(row, "services", rule->services, rule->n_services);
		add_list(row, "labels", rule->labels, rule->n_labels);
		add_list(row, "severities", rule->severities, rule->n_severities);
		add_list(row, "titles", rule->titles, rule->n_titles);
		add_list(row, "skip", rule->skip, rule->n_skip);
		add_optional(row, "environment", rule->environment);
		cJSON_AddItemToArray(incidents, row);
	}
}

static void add_remediation(cJSON *object, const struct config_service *service)
{
	cJSON *remediation = cJSON_AddArrayToObject(object, "remediation");

	for (unsigned i = 0; i < service->n_remediation; i++) {
		const struct config_remediation *rule = &service->remediation[i];
		bool hotfix = rule->kind == REMEDY_HOTFIX;
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "kind", hotfix ? "hotfix" : "roll_forward");
		cJSON_AddBoolToObject(row, "reverts", rule->reverts);
		add_list(row, "branches", rule->branches, rule->n_branches);
		add_list(row, "labels", rule->labels, rule->n_labels);
		add_list(row, "titles", rule->titles, rule->n_titles);
		add_list(row, "trailers", rule->trailers, rule->n_trailers);
		cJSON_AddItemToArray(remediation, row);
	}
}

/* Left out where nothing is excluded, as it is in the configuration. */
static void add_exclude(cJSON *object, const struct config_exclude *exclude,
			GBytes *author_key)
{
	cJSON *row, *authors;

	if (!exclude)
		return;
	row = cJSON_AddObjectToObject(object, "exclude");
	cJSON_AddBoolToObject(row, "bots", exclude->bots);
	authors = cJSON_AddArrayToObject(row, "authors");
	for (unsigned i = 0; i < exclude->n_authors; i++) {
		g_autofree char *digest = author_key_digest(author_key,
							    exclude->authors[i]);

		cJSON_AddItemToArray(authors, cJSON_CreateString(digest));
	}
	add_list(row, "labels", exclude->labels, exclude->n_labels);
}

static cJSON *owners_array(const struct config_service *service)
{
	cJSON *owners = cJSON_CreateArray();

	for (unsigned i = 0; i < service->n_owners; i++) {
		const struct config_owner *owner = &service->owners[i];
		g_autofree char *until = instant_format(owner->until_us);
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "team", owner->team);
		cJSON_AddStringToObject(row, "until", until);
		cJSON_AddItemToArray(owners, row);
	}
	return owners;
}

static cJSON *service_object(const struct config_service *service, GBytes *author_key)
{
	static const char *const times[] = {
		[COMMIT_TIME_AUTHORED] = "authored",
		[COMMIT_TIME_COMMITTED] = "committed",
		[COMMIT_TIME_MERGED] = "merged",
	};
	cJSON *object = cJSON_CreateObject();

	add_components(object, service);
	add_production(object, service);
	cJSON_AddStringToObject(object, "lead_time_from", times[service->commit_time]);
	cJSON_AddNumberToObject(object, "failure_window_seconds",
				(double)(service->failure_window_us / G_USEC_PER_SEC));
	add_incidents(object, service);
	add_remediation(object, service);
	add_exclude(object, service->exclude, author_key);
	cJSON_AddItemToObject(object, "owners", owners_array(service));
	return object;
}

/* ---- owners, in the definitions of teams and orgs ---- */

/* Whether a team counts for a scope: it is it, or belongs to it. */
static bool counts_for(const struct config *config, enum scope_kind kind,
		       const char *scope, const char *name)
{
	const struct config_team *team = config_team(config, name);

	return strcmp(kind == SCOPE_ORG && team ? team->org : name, scope) == 0;
}

/* Whether some, and not all, of the teams that a service ever belonged to count for a
 * scope: only then do its owners change the scope's numbers. */
static bool is_shared(const struct config *config, enum scope_kind kind,
		      const char *scope, const struct config_service *service)
{
	bool now = counts_for(config, kind, scope, service->team);

	for (unsigned i = 0; i < service->n_owners; i++)
		if (counts_for(config, kind, scope, service->owners[i].team) != now)
			return true;
	return false;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	const struct config_service *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

/* The services of which a part of their history counts for a scope. */
static void add_shared(cJSON *object, const struct config *config, enum scope_kind kind,
		       const char *scope)
{
	g_autoptr(GPtrArray) shared = g_ptr_array_new();
	cJSON *array;

	for (unsigned i = 0; i < config->n_services; i++)
		if (is_shared(config, kind, scope, &config->services[i]))
			g_ptr_array_add(shared, &config->services[i]);
	if (shared->len == 0)
		return;
	g_ptr_array_sort(shared, by_name);
	array = cJSON_AddArrayToObject(object, "shared_services");
	for (guint i = 0; i < shared->len; i++) {
		const struct config_service *service = g_ptr_array_index(shared, i);
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "name", service->name);
		cJSON_AddItemToObject(row, "owners", owners_array(service));
		cJSON_AddStringToObject(row, "team", service->team);
		cJSON_AddItemToArray(array, row);
	}
}

char *definition_of_scope(const struct config *config, GBytes *author_key,
			  enum scope_kind kind, const char *name, const char *time_zone)
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
		cJSON_AddItemToObject(object, "service",
				      service_object(service, author_key));
	else if (kind != SCOPE_SERVICE)
		add_shared(object, config, kind, name);
	return print(object);
}

char *definition_fingerprint(const char *content)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, content, -1);
}
