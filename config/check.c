#include "config/check.h"

#include <string.h>

#include "config/fault.h"

struct check {
	const struct config *config;
	const struct tree *tree;
	GPtrArray *faults;
};

static void wrong(struct check *check, const char *key, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Reports the fault at the key's line, or, for a key that is missing, its mapping's. */
static void wrong(struct check *check, const char *key, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;
	guint line;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	node_at(check->tree->root, key, &line);
	fault_add(check->faults, line, key, "%s", text);
}

static bool given(struct check *check, const char *prefix, const char *key)
{
	g_autofree char *path = g_strdup_printf("%s.%s", prefix, key);

	return node_at(check->tree->root, path, NULL) != NULL;
}

/* ---- secrets ---- */

static void check_secret(struct check *check, const struct secret_ref *secret,
			 const char *prefix, const char *name)
{
	g_autofree char *key = g_strdup_printf("%s.%s", prefix, name);
	unsigned n;

	if (!secret)
		return;
	n = (secret->credential != NULL) + (secret->file != NULL) + (secret->env != NULL);
	if (n != 1)
		wrong(check, key, "names %s, expected one of credential, file or env",
		      n == 0 ? "no place" : "several places");
}

/* ---- repositories ---- */

#define KIND(kind) (1u << (kind))

static const struct {
	const char *key;
	guint fits; /* kinds of url */
	const char *expected;
} git_fits[] = {
	{ "username", KIND(URL_HTTPS) | KIND(URL_HTTP), "it with an https:// url only" },
	{ "token", KIND(URL_HTTPS) | KIND(URL_HTTP), "it with an https:// url only" },
	{ "ca_file", KIND(URL_HTTPS), "it with an https:// url only" },
	{ "ssh_key", KIND(URL_SSH), "it with an ssh url only" },
	{ "known_hosts", KIND(URL_SSH), "it with an ssh url only" },
};

static void check_git(struct check *check, const struct config_git *git, unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("sources.git[%u]", i);
	g_autofree char *key = g_strdup_printf("%s.ssh_key", prefix);
	g_autofree char *hosts = g_strdup_printf("%s.known_hosts", prefix);
	g_autofree char *allow = g_strdup_printf("%s.allow_file", prefix);
	g_autofree char *user = g_strdup_printf("%s.username", prefix);
	enum url_kind kind = url_kind(git->url);

	for (gsize f = 0; f < G_N_ELEMENTS(git_fits); f++) {
		g_autofree char *path = g_strdup_printf("%s.%s", prefix, git_fits[f].key);

		if (!(git_fits[f].fits & KIND(kind)) &&
		    given(check, prefix, git_fits[f].key))
			wrong(check, path, "does not fit the url, expected %s",
			      git_fits[f].expected);
	}
	check_secret(check, git->token, prefix, "token");
	check_secret(check, git->ssh_key, prefix, "ssh_key");
	if ((kind == URL_HTTPS || kind == URL_HTTP) && !git->token &&
	    given(check, prefix, "username"))
		wrong(check, user, "has no token beside it, expected both or none");
	if (kind == URL_SSH && !git->ssh_key)
		wrong(check, key, "is missing, expected it with an ssh url");
	if (kind == URL_SSH && !git->known_hosts)
		wrong(check, hosts, "is missing, expected it with an ssh url");
	if (git->ssh_key && git->ssh_key->env)
		wrong(check, key,
		      "is in the environment, which ssh cannot read, expected "
		      "credential or file");
	if (kind == URL_PATH && !git->allow_file)
		wrong(check, allow,
		      "is not set, expected \"allow_file: true\" with a path "
		      "of this machine");
	if (kind != URL_PATH && git->allow_file)
		wrong(check, allow,
		      "does not fit the url, expected it with a path of this "
		      "machine only");
}

/* ---- services ---- */

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
			wrong(check, key,
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

/* "tags and heads" */
static char *fitting(const cyaml_schema_value_t *from, guint fits)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gint64 i = FROM_TAGS; i <= FROM_FILE; i++)
		if (fits & (1u << i))
			g_string_append_printf(text, "%s%s", text->len ? " and " : "",
					       config_enum_word(from, i));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static const struct config_table *table_named(const char *name)
{
	const struct config_table *table = config_tables;

	while (strcmp(table->name, name) != 0)
		table++;
	return table;
}

static void check_rule_keys(struct check *check, const struct config_rule *rule,
			    const char *prefix)
{
	const struct config_table *table = table_named("rule");
	const cyaml_schema_value_t *from = &table->fields[0].value;

	for (gsize i = 0; table->rows[i].key; i++) {
		const struct config_row *row = &table->rows[i];
		g_autofree char *key = g_strdup_printf("%s.%s", prefix, row->key);
		g_autofree char *fits = fitting(from, row->fits);

		if (row->fits && !(row->fits & (1u << rule->from)) &&
		    given(check, prefix, row->key))
			wrong(check, key,
			      "does not fit \"from: %s\", expected it with %s only",
			      config_enum_word(from, rule->from), fits);
	}
}

static void check_rule(struct check *check, const struct config_service *service,
		       const struct config_rule *rule, const char *prefix)
{
	g_autofree char *repository = g_strdup_printf("%s.repository", prefix);
	g_autofree char *branches = g_strdup_printf("%s.branches", prefix);
	g_autofree char *file = g_strdup_printf("%s.file", prefix);
	g_autofree char *environment = g_strdup_printf("%s.environment", prefix);

	check_rule_keys(check, rule, prefix);
	if (rule->from == FROM_HEADS && !rule->branches)
		wrong(check, branches, "is missing, expected it with \"from: heads\"");
	if (rule->from == FROM_FILE && !rule->file)
		wrong(check, file, "is missing, expected it with \"from: file\"");
	if (!rule->repository)
		wrong(check, repository,
		      "is missing, expected one because the service has %u components",
		      service->n_components);
	else if (config_git(check->config, rule->repository) && rule->from != FROM_FILE &&
		 !is_component(service, rule->repository))
		wrong(check, repository,
		      "\"%s\" is no component of the service, expected one that is",
		      rule->repository);
	/* Lines of a file name their own environments. */
	if (rule->from != FROM_FILE && !is_production(service, rule->environment))
		wrong(check, environment,
		      "\"%s\" is in no production group of the service, expected one "
		      "that "
		      "is",
		      rule->environment);
}

static bool is_fed(const struct config_service *service, const char *environment)
{
	for (unsigned i = 0; i < service->n_deployments; i++)
		if (service->deployments[i].from == FROM_FILE ||
		    strcmp(service->deployments[i].environment, environment) == 0)
			return true;
	return false;
}

static void check_groups(struct check *check, const struct config_service *service,
			 const char *prefix)
{
	g_autofree char *list = g_strdup_printf("%s.production", prefix);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	if (!given(check, prefix, "production"))
		return; /* the default group's faults are the rules' */
	for (unsigned i = 0; i < service->n_production; i++) {
		const struct config_group *group = &service->production[i];

		for (unsigned j = 0; j < group->n_environments; j++) {
			char *environment = group->environments[j];
			g_autofree char *key = g_strdup_printf("%s[%u].environments[%u]",
							       list, i, j);

			if (!g_hash_table_add(seen, environment))
				wrong(check, key,
				      "\"%s\" is in a production group already, expected "
				      "it once",
				      environment);
			else if (!is_fed(service, environment))
				wrong(check, key,
				      "no rule of deployments has the environment "
				      "\"%s\", "
				      "expected one",
				      environment);
		}
	}
}

static void check_service(struct check *check, unsigned i)
{
	const struct config_service *service = &check->config->services[i];
	g_autofree char *prefix = g_strdup_printf("services[%u]", i);

	check_components(check, service, prefix);
	for (unsigned j = 0; j < service->n_deployments; j++) {
		g_autofree char *rule = g_strdup_printf("%s.deployments[%u]", prefix, j);

		check_rule(check, service, &service->deployments[j], rule);
	}
	check_groups(check, service, prefix);
}

void config_check(const struct config *config, const struct tree *tree, GPtrArray *faults)
{
	struct check check = { config, tree, faults };

	check_secret(&check, config->database->password, "database", "password");
	check_secret(&check, config->privacy->author_key, "privacy", "author_key");
	for (unsigned i = 0; i < config->sources->n_git; i++)
		check_git(&check, &config->sources->git[i], i);
	for (unsigned i = 0; i < config->n_services; i++)
		check_service(&check, i);
}
