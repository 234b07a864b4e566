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

/* ---- names and references ---- */

/* The names of n rows of a size, where each begins with a char * name. */
struct names {
	const char *list; /* "services" */
	const void *rows;
	unsigned n;
	gsize size;
};

static const char *name_of(const struct names *names, unsigned i)
{
	return *(char *const *)((const char *)names->rows + (gsize)i * names->size);
}

static void check_unique(struct check *check, const struct names *names)
{
	g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < names->n; i++) {
		gpointer name = (gpointer)name_of(names, i);
		g_autofree char *key = NULL, *other = NULL;
		gpointer before;
		guint line;

		if (!g_hash_table_lookup_extended(first, name, NULL, &before)) {
			g_hash_table_insert(first, name, GUINT_TO_POINTER(i));
			continue;
		}
		key = g_strdup_printf("%s[%u].name", names->list, i);
		other = g_strdup_printf("%s[%u].name", names->list,
					GPOINTER_TO_UINT(before));
		node_at(check->tree->root, other, &line);
		wrong(check, key,
		      "\"%s\" is taken by %s[%u] (line %u), expected another name",
		      (const char *)name, names->list, GPOINTER_TO_UINT(before), line);
	}
}

static void unknown_name(struct check *check, const char *key, const char *name,
			 const struct names *known)
{
	g_autofree const char **words = g_new(const char *, known->n);
	const char *nearest;

	for (unsigned i = 0; i < known->n; i++)
		words[i] = name_of(known, i);
	nearest = fault_nearest(name, words, known->n);
	if (nearest)
		wrong(check, key, "\"%s\" is not in %s, did you mean \"%s\"?", name,
		      known->list, nearest);
	else
		wrong(check, key, "\"%s\" is not in %s, expected a name from there", name,
		      known->list);
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
			     const char *prefix, const struct names *repositories)
{
	for (unsigned i = 0; i < service->n_components; i++) {
		const char *name = service->components[i].repository;
		g_autofree char *key = g_strdup_printf("%s.components[%u].repository",
						       prefix, i);

		if (!config_git(check->config, name))
			unknown_name(check, key, name, repositories);
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
		       const struct config_rule *rule, const char *prefix,
		       const struct names *repositories)
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
	else if (!config_git(check->config, rule->repository)) {
		/* Where it was left out, the component's own fault says it. */
		if (given(check, prefix, "repository"))
			unknown_name(check, repository, rule->repository, repositories);
	} else if (rule->from != FROM_FILE && !is_component(service, rule->repository))
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

	check_unique(check,
		     &(struct names){ list, service->production, service->n_production,
				      sizeof(struct config_group) });
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

static void check_service(struct check *check, unsigned i, const struct names *teams,
			  const struct names *repositories)
{
	const struct config_service *service = &check->config->services[i];
	g_autofree char *prefix = g_strdup_printf("services[%u]", i);
	g_autofree char *team = g_strdup_printf("%s.team", prefix);

	if (!config_team(check->config, service->team))
		unknown_name(check, team, service->team, teams);
	check_components(check, service, prefix, repositories);
	for (unsigned j = 0; j < service->n_deployments; j++) {
		g_autofree char *rule = g_strdup_printf("%s.deployments[%u]", prefix, j);

		check_rule(check, service, &service->deployments[j], rule, repositories);
	}
	check_groups(check, service, prefix);
}

#define NAMES(list, rows, n)                                                             \
	{                                                                                \
		list, rows, n, sizeof(*(rows))                                           \
	}

void config_check(const struct config *config, const struct tree *tree, GPtrArray *faults)
{
	struct check check = { config, tree, faults };
	const struct names git = NAMES("sources.git", config->sources->git,
				       config->sources->n_git);
	const struct names orgs = NAMES("orgs", config->orgs, config->n_orgs);
	const struct names teams = NAMES("teams", config->teams, config->n_teams);
	const struct names services = NAMES("services", config->services,
					    config->n_services);

	check_unique(&check, &git);
	check_unique(&check, &orgs);
	check_unique(&check, &teams);
	check_unique(&check, &services);
	check_secret(&check, config->database->password, "database", "password");
	check_secret(&check, config->privacy->author_key, "privacy", "author_key");
	for (unsigned i = 0; i < git.n; i++)
		check_git(&check, &config->sources->git[i], i);
	for (unsigned i = 0; i < teams.n; i++) {
		g_autofree char *key = g_strdup_printf("teams[%u].org", i);

		if (!config_org(config, config->teams[i].org))
			unknown_name(&check, key, config->teams[i].org, &orgs);
	}
	for (unsigned i = 0; i < services.n; i++)
		check_service(&check, i, &teams, &git);
}
