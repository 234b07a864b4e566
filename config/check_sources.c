#include "config/check_private.h"

#include <string.h>

#include "config/fault.h"
#include "config/schema_private.h"

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

void check_git(struct check *check, const struct config_git *git, unsigned i)
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
		    check_given(check, prefix, git_fits[f].key))
			check_wrong(check, path, "does not fit the url, expected %s",
				    git_fits[f].expected);
	}
	check_secret(check, git->token, prefix, "token");
	check_secret(check, git->ssh_key, prefix, "ssh_key");
	if ((kind == URL_HTTPS || kind == URL_HTTP) && !git->token &&
	    check_given(check, prefix, "username"))
		check_wrong(check, user, "has no token beside it, expected both or none");
	if (kind == URL_SSH && !git->ssh_key)
		check_wrong(check, key, "is missing, expected it with an ssh url");
	if (kind == URL_SSH && !git->known_hosts)
		check_wrong(check, hosts, "is missing, expected it with an ssh url");
	if (git->ssh_key && git->ssh_key->env)
		check_wrong(check, key,
			    "is in the environment, which ssh cannot read, expected "
			    "credential or file");
	if (kind == URL_PATH && !git->allow_file)
		check_wrong(check, allow,
			    "is not set, expected \"allow_file: true\" with a path "
			    "of this machine");
	if (kind != URL_PATH && git->allow_file)
		check_wrong(check, allow,
			    "does not fit the url, expected it with a path of this "
			    "machine only");
}

/* ---- what the REST engine reads ---- */

static const struct setting *setting_of(const struct driver *driver, const char *key)
{
	for (const struct setting *s = driver->settings; s && s->key; s++)
		if (strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

static bool takes(const struct driver *driver, const char *key)
{
	static const char *const always[] = { "name",	 "url",	  "ca_file", "read",
					      "history", "every", NULL };

	if (g_strv_contains(always, key) || setting_of(driver, key))
		return true;
	if (strcmp(key, "token") == 0)
		return driver->auth != AUTH_NONE;
	if (strcmp(key, "username") == 0)
		return driver->auth == AUTH_BASIC || driver->auth == AUTH_OPTIONAL;
	return strcmp(key, "app") == 0 && driver->auth == AUTH_GITHUB;
}

/* What a setting is, to go on with after "expected": some helps are sentences. */
static char *wanted(const struct setting *setting)
{
	g_autofree char *help = g_strdup(setting->help);
	gsize n = strlen(help);

	if (n && help[n - 1] == '.')
		help[n - 1] = '\0';
	if (n > 1 && (g_ascii_islower(help[1]) || help[1] == ' '))
		*help = g_ascii_tolower(*help);
	return setting->example ? g_strdup_printf("%s such as %s", help, setting->example)
				: g_steal_pointer(&help);
}

static void check_key(struct check *check, const struct driver *driver,
		      const char *prefix, const char *name)
{
	g_autofree char *key = g_strdup_printf("%s.%s", prefix, name);
	const struct setting *setting = setting_of(driver, name);
	g_autoptr(GString) keys = g_string_new(NULL);
	g_autofree char *what = NULL;

	if (!check_given(check, prefix, name)) {
		if (setting && setting->required) {
			what = wanted(setting);
			check_wrong(check, key, "is missing, expected %s", what);
		}
		return;
	}
	if (takes(driver, name))
		return;
	for (const struct config_row *row = config_rows(schema_api_fields); row->key;
	     row++)
		if (takes(driver, row->key))
			g_string_append_printf(keys, "%s%s", keys->len ? ", " : "",
					       row->key);
	check_wrong(check, key, "is not for %s, expected one of %s", driver->name,
		    keys->str);
}

static void check_value(struct check *check, const struct setting *setting,
			const char *key, const char *value)
{
	g_autofree char *what = NULL, *quoted = NULL;

	if (!value || !setting->pattern ||
	    g_regex_match_simple(setting->pattern, value, G_REGEX_DOLLAR_ENDONLY, 0))
		return;
	what = wanted(setting);
	quoted = fault_quote(value);
	check_wrong(check, key, "%s does not fit, expected %s", quoted, what);
}

/* A list of text in struct config_api. */
static const struct {
	const char *key;
	gsize at, n;
} lists[] = {
#define OF(member)                                                                       \
	{                                                                                \
#member, G_STRUCT_OFFSET(struct config_api, member),                     \
			G_STRUCT_OFFSET(struct config_api, n_##member)                   \
	}
	OF(projects), OF(services), OF(labels), OF(types), OF(debt_labels), OF(read),
#undef OF
};

static void check_values(struct check *check, const struct config_api *api,
			 const char *prefix)
{
	const struct setting *setting;

	for (gsize l = 0; l < G_N_ELEMENTS(lists); l++) {
		char *const *values = *(char **const *)((const char *)api + lists[l].at);
		unsigned n = *(const unsigned *)((const char *)api + lists[l].n);

		setting = setting_of(api->driver, lists[l].key);
		for (unsigned i = 0; setting && i < n; i++) {
			g_autofree char *key = g_strdup_printf("%s.%s[%u]", prefix,
							       lists[l].key, i);

			check_value(check, setting, key, values[i]);
		}
	}
	for (gsize i = 0; i < 4; i++) {
		const char *const names[] = { "organization", "query", "debt_query",
					      "username" };
		const char *const values[] = { api->organization, api->query,
					       api->debt_query, api->username };
		g_autofree char *key = g_strdup_printf("%s.%s", prefix, names[i]);

		setting = setting_of(api->driver, names[i]);
		if (setting)
			check_value(check, setting, key, values[i]);
	}
}

/* Where there are two queries, and nothing else to read, one of them is needed. */
static void check_queries(struct check *check, const struct config_api *api,
			  const char *prefix)
{
	g_autofree char *key = g_strdup_printf("%s.query", prefix);
	g_autofree char *what = NULL;

	if (!setting_of(api->driver, "debt_query") || api->query || api->debt_query)
		return;
	what = wanted(setting_of(api->driver, "query"));
	check_wrong(check, key, "is missing, expected it (%s) or debt_query", what);
}

void check_once(struct check *check, const char *list, char *const *values, unsigned n)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < n; i++) {
		g_autofree char *key = g_strdup_printf("%s[%u]", list, i);
		g_autofree char *quoted = fault_quote(values[i]);

		if (!g_hash_table_add(seen, values[i]))
			check_wrong(check, key,
				    "%s is in the list already, expected it "
				    "once",
				    quoted);
	}
}

/* "deployments, runs": borrowed names. */
static GPtrArray *feed_names(const struct driver *driver)
{
	GPtrArray *names = g_ptr_array_new();

	for (const struct feed *feed = driver->feeds; feed->name; feed++)
		g_ptr_array_add(names, (gpointer)feed->name);
	return names;
}

static void check_feed_name(struct check *check, const struct driver *driver,
			    const char *key, const char *name)
{
	g_autoptr(GPtrArray) names = feed_names(driver);
	g_autoptr(GString) all = g_string_new(NULL);
	/* One that is described goes by its source's name. */
	const char *whose = driver_find(driver->name) ? driver->name : driver->title;
	const char *nearest;

	if (driver_feed(driver, name))
		return;
	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(all, "%s%s", i ? ", " : "",
				       (char *)g_ptr_array_index(names, i));
	nearest = fault_nearest(name, (const char *const *)names->pdata, names->len);
	if (nearest)
		check_wrong(check, key,
			    "\"%s\" is no feed of %s, did you mean \"%s\"? (%s)", name,
			    whose, nearest, all->str);
	else
		check_wrong(check, key, "\"%s\" is no feed of %s, expected one of %s",
			    name, whose, all->str);
}

void check_lists(struct check *check, const struct config_api *api, const char *prefix)
{
	for (gsize l = 0; l < G_N_ELEMENTS(lists); l++) {
		g_autofree char *list = g_strdup_printf("%s.%s", prefix, lists[l].key);

		check_once(check, list,
			   *(char **const *)((const char *)api + lists[l].at),
			   *(const unsigned *)((const char *)api + lists[l].n));
	}
	for (unsigned i = 0; api->driver && i < api->n_read; i++) {
		g_autofree char *key = g_strdup_printf("%s.read[%u]", prefix, i);

		check_feed_name(check, api->driver, key, api->read[i]);
	}
}

static void check_credential(struct check *check, const struct config_api *api,
			     const char *prefix)
{
	enum auth_kind auth = api->driver->auth;
	g_autofree char *token = g_strdup_printf("%s.token", prefix);
	g_autofree char *username = g_strdup_printf("%s.username", prefix);
	g_autofree char *app = g_strdup_printf("%s.app", prefix);

	if (auth == AUTH_GITHUB && api->token && api->app)
		check_wrong(check, app, "is beside token, expected one of the two");
	else if (auth == AUTH_GITHUB && !api->token && !api->app)
		check_wrong(check, token, "is missing, expected either token or app");
	else if ((auth == AUTH_HEADER || auth == AUTH_BASIC) && !api->token)
		check_wrong(check, token, "is missing, expected where the token is");
	if (auth == AUTH_BASIC && !api->username && !setting_of(api->driver, "username"))
		check_wrong(check, username, "is missing, expected it with %s",
			    api->driver->name);
	else if (auth == AUTH_OPTIONAL && api->username && !api->token)
		check_wrong(check, username,
			    "has no token beside it, expected both or none");
}

void check_api(struct check *check, enum driver_id driver, unsigned i)
{
	const struct config_api *api = &check->config->sources->api[driver].rows[i];
	g_autofree char *prefix = g_strdup_printf("sources.%s[%u]",
						  config_api_key(driver), i);
	g_autofree char *url = g_strdup_printf("%s.url", prefix);
	g_autofree char *app = g_strdup_printf("%s.app", prefix);

	check_secret(check, api->token, prefix, "token");
	if (api->app)
		check_secret(check, api->app->key, app, "key");
	check_lists(check, api, prefix);
	if (!api->driver)
		return;
	for (const struct config_row *row = config_rows(schema_api_fields); row->key;
	     row++)
		check_key(check, api->driver, prefix, row->key);
	check_values(check, api, prefix);
	check_queries(check, api, prefix);
	if (!api->url && !setting_of(api->driver, "url"))
		check_wrong(check, url, "is missing, expected where the API of %s is",
			    api->driver->name);
	check_credential(check, api, prefix);
}

/* ---- queries ---- */

void check_sql(struct check *check, const struct config_sql *sql, unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("sources.sql[%u]", i);

	check_secret(check, sql->password, prefix, "password");
}
