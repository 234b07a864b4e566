#include "collector/report_config.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/error.h"

/* The options behind the keys of the configuration, for messages. */
static const struct {
	const char *key;
	const char *option;
} names[] = {
	{ "sources.git[0].url", "--git" },
	{ "sources.git[0].token", "--token-file" },
	{ "sources.git[0].username", "--username" },
	{ "sources.git[0].ca_file", "--ca-file" },
	{ "sources.git[0].ssh_key", "--ssh-key" },
	{ "sources.git[0].known_hosts", "--known-hosts" },
	{ "schedule.timeout", "--timeout" },
	{ "privacy.minimum_authors", "--minimum-authors" },
	{ "services[0].time_zone", "--tz" },
	{ "services[0].commit_time", "--commit-time" },
	{ "services[0].components[0].paths", "--path" },
	{ "services[0].components[0].baseline", "--baseline" },
	{ ".tags", "--tags" },
	{ ".except", "--except" },
	{ ".branch", "--branch" },
	{ ".each", "--each" },
};

static void add_text(cJSON *object, const char *key, const char *value)
{
	if (value)
		cJSON_AddStringToObject(object, key, value);
}

static void add_list(cJSON *object, const char *key, char **values)
{
	cJSON *list;

	if (!values || !values[0])
		return;
	list = cJSON_AddArrayToObject(object, key);
	for (char **value = values; *value; value++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*value));
}

static void add_secret_file(cJSON *object, const char *key, const char *path)
{
	g_autofree char *absolute = path ? g_canonicalize_filename(path, NULL) : NULL;

	if (absolute)
		cJSON_AddStringToObject(cJSON_AddObjectToObject(object, key), "file",
					absolute);
}

static cJSON *row_in(cJSON *object, const char *key)
{
	cJSON *row = cJSON_CreateObject();

	cJSON_AddItemToArray(cJSON_AddArrayToObject(object, key), row);
	return row;
}

static void add_git(cJSON *object, const struct report_options *options)
{
	cJSON *git = row_in(cJSON_AddObjectToObject(object, "sources"), "git");
	bool path = !strstr(options->git, "://") &&
		    g_file_test(options->git, G_FILE_TEST_EXISTS);
	g_autofree char *url = path ? g_canonicalize_filename(options->git, NULL)
				    : g_strdup(options->git);

	cJSON_AddStringToObject(git, "name", "repository");
	cJSON_AddStringToObject(git, "url", url);
	if (path || g_str_has_prefix(url, "file://") || url[0] == '/')
		cJSON_AddTrueToObject(git, "allow_file");
	add_text(git, "username", options->username);
	add_secret_file(git, "token", options->token_file);
	add_text(git, "ca_file", options->ca_file);
	add_secret_file(git, "ssh_key", options->ssh_key);
	add_text(git, "known_hosts", options->known_hosts);
}

static void add_rules(cJSON *service, const struct report_options *options)
{
	cJSON *list = cJSON_AddArrayToObject(service, "deployments");
	cJSON *rule;

	if (!options->trunk) {
		rule = cJSON_CreateObject();
		cJSON_AddStringToObject(rule, "from", "tags");
		add_list(rule, "tags", options->tags);
		add_list(rule, "except", options->except);
		cJSON_AddItemToArray(list, rule);
	}
	/* asked for tags: no tags, no deployments */
	if (options->tags && options->tags[0] && !options->trunk)
		return;
	rule = cJSON_CreateObject();
	cJSON_AddStringToObject(rule, "from", "trunk");
	add_text(rule, "branch", options->branch);
	cJSON_AddStringToObject(rule, "each", options->each ? options->each : "day");
	cJSON_AddItemToArray(list, rule);
}

static char *config_text(const struct report_options *options)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *row, *component;
	char *text, *copy;

	/* never connected to */
	cJSON_AddStringToObject(cJSON_AddObjectToObject(object, "database"), "uri",
				"postgresql:///none");
	cJSON_AddNumberToObject(cJSON_AddObjectToObject(object, "privacy"),
				"minimum_authors", options->minimum_authors);
	if (options->timeout)
		cJSON_AddStringToObject(cJSON_AddObjectToObject(object, "schedule"),
					"timeout", options->timeout);
	add_git(object, options);
	cJSON_AddStringToObject(row_in(object, "orgs"), "name", "org");
	row = row_in(object, "teams");
	cJSON_AddStringToObject(row, "name", "team");
	cJSON_AddStringToObject(row, "org", "org");
	row = row_in(object, "services");
	cJSON_AddStringToObject(row, "name", "service");
	cJSON_AddStringToObject(row, "team", "team");
	add_text(row, "time_zone", options->time_zone);
	add_text(row, "commit_time", options->commit_time);
	component = row_in(row, "components");
	cJSON_AddStringToObject(component, "repository", "repository");
	add_list(component, "paths", options->paths);
	add_text(component, "baseline", options->baseline);
	add_rules(row, options);
	text = cJSON_PrintUnformatted(object);
	copy = g_strdup(text);
	cJSON_free(text);
	cJSON_Delete(object);
	return copy;
}

static const char *option_of(const char *key)
{
	for (gsize i = 0; key && i < G_N_ELEMENTS(names); i++)
		if (strstr(key, names[i].key))
			return names[i].option;
	return key ? key : "options";
}

struct config *report_config(const struct report_options *options, GError **error)
{
	g_autofree char *text = config_text(options);
	g_autoptr(GPtrArray) faults = NULL;
	g_autoptr(GString) message = g_string_new(NULL);
	struct config *config;

	/* a repository alone does not tell when a change was merged */
	if (options->commit_time && strcmp(options->commit_time, "authored") != 0 &&
	    strcmp(options->commit_time, "committed") != 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "--commit-time: \"%s\" is unknown, expected authored or "
			    "committed",
			    options->commit_time);
		return NULL;
	}
	config = config_load_text("options", text, strlen(text), &faults);
	if (config)
		return config;
	for (guint i = 0; i < faults->len; i++) {
		const struct config_fault *fault = faults->pdata[i];

		g_string_append_printf(message, "%s%s: %s", i ? "\n" : "",
				       option_of(fault->key), fault->text);
	}
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_CONFIG, message->str);
	return NULL;
}
