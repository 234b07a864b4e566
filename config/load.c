#include "config/config.h"

#include <errno.h>
#include <string.h>

#include "config/calendars.h"
#include "config/check.h"
#include "config/defaults.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/names.h"
#include "config/rest_driver.h"
#include "config/walk.h"

/* The configuration and what finds things in it. */
struct loaded {
	struct config config;	/* first: the one is the address of the other */
	struct calendar *usual; /* where none is named and none is "default" */
	GHashTable *git, *orgs, *teams, *services, *kpis, *calendars,
		*all; /* name to row */
};

static void loaded_clear(gpointer data)
{
	struct loaded *loaded = data;
	const struct config_sources *sources = loaded->config.sources;

	for (unsigned i = 0; i < sources->n_rest; i++)
		rest_driver_free((struct driver *)sources->rest[i].api.driver);
	g_clear_pointer(&loaded->git, g_hash_table_unref);
	g_clear_pointer(&loaded->all, g_hash_table_unref);
	g_clear_pointer(&loaded->config.all, g_free);
	g_clear_pointer(&loaded->orgs, g_hash_table_unref);
	g_clear_pointer(&loaded->teams, g_hash_table_unref);
	g_clear_pointer(&loaded->services, g_hash_table_unref);
	g_clear_pointer(&loaded->kpis, g_hash_table_unref);
	g_clear_pointer(&loaded->calendars, g_hash_table_unref);
	g_clear_pointer(&loaded->usual, calendar_unref);
	for (unsigned i = 0; i < loaded->config.n_calendars; i++)
		calendar_unref(loaded->config.calendars[i].calendar);
	/* libcyaml frees the struct itself too, so it gets one of its own. */
	cyaml_free(&config_cyaml, &config_schema,
		   g_memdup2(&loaded->config, sizeof(loaded->config)), 0);
}

struct config *config_ref(struct config *config)
{
	return g_atomic_rc_box_acquire(config);
}

void config_unref(struct config *config)
{
	if (config)
		g_atomic_rc_box_release_full(config, loaded_clear);
}

#define INDEX(rows, n)                                                                   \
	index_rows((const char *)(rows), n, sizeof(*(rows)),                             \
		   G_STRUCT_OFFSET(__typeof__(*(rows)), name))

static GHashTable *index_rows(const char *rows, unsigned n, gsize size, glong name)
{
	GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = n; i-- > 0;) { /* so that the first of a name stays */
		const char *row = rows + (gsize)i * size;

		g_hash_table_insert(index, *(char *const *)(row + name), (gpointer)row);
	}
	return index;
}

/* ---- one row for every source, whatever its kind ---- */

static bool takes_push(const struct config *config)
{
	for (unsigned i = 0; i < config->n_services; i++)
		for (unsigned j = 0; j < config->services[i].n_deployments; j++)
			if (config->services[i].deployments[j].from == FROM_PUSH)
				return true;
	return config->push != NULL;
}

static void list_api(GArray *all, const char *type, const struct config_api *api)
{
	const struct config_source source = {
		.kind = SOURCE_API, .name = api->name, .type = type, .api = api
	};

	g_array_append_val(all, source);
}

static void list_sources(struct config *config)
{
	const struct config_sources *sources = config->sources;
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(struct config_source));
	struct config_source source;

	for (unsigned i = 0; i < sources->n_git; i++) {
		source = (struct config_source){ .kind = SOURCE_GIT,
						 .name = sources->git[i].name,
						 .type = "git",
						 .git = &sources->git[i] };
		g_array_append_val(all, source);
	}
	for (int d = 0; d < N_DRIVERS; d++)
		for (unsigned i = 0; i < sources->api[d].n; i++)
			list_api(all, config_api_key((enum driver_id)d),
				 &sources->api[d].rows[i]);
	for (unsigned i = 0; i < sources->n_rest; i++)
		list_api(all, "rest", &sources->rest[i].api);
	for (unsigned i = 0; i < sources->n_sql; i++) {
		source = (struct config_source){ .kind = SOURCE_SQL,
						 .name = sources->sql[i].name,
						 .type = "sql",
						 .sql = &sources->sql[i] };
		g_array_append_val(all, source);
	}
	for (unsigned i = 0; i < config->n_kpis; i++) {
		source = (struct config_source){ .kind = SOURCE_KPI,
						 .name = config->kpis[i].name,
						 .type = "kpi",
						 .kpi = &config->kpis[i] };
		if (!config->kpis[i].dora)
			g_array_append_val(all, source);
	}
	if (takes_push(config)) {
		source = (struct config_source){ .kind = SOURCE_PUSH,
						 .name = "push",
						 .type = "push" };
		g_array_append_val(all, source);
	}
	config->n_all = all->len;
	config->all = (struct config_source *)g_array_free(g_steal_pointer(&all), FALSE);
}

static struct config *take(struct config *parsed)
{
	struct loaded *loaded = g_atomic_rc_box_new0(struct loaded);
	struct config *config = &loaded->config;

	*config = *parsed;
	g_free(parsed);
	loaded->git = INDEX(config->sources->git, config->sources->n_git);
	list_sources(config);
	loaded->all = INDEX(config->all, config->n_all);
	loaded->orgs = INDEX(config->orgs, config->n_orgs);
	loaded->teams = INDEX(config->teams, config->n_teams);
	loaded->services = INDEX(config->services, config->n_services);
	loaded->kpis = INDEX(config->kpis, config->n_kpis);
	loaded->calendars = INDEX(config->calendars, config->n_calendars);
	loaded->usual = calendar_new();
	calendar_add_yearly(loaded->usual, 12, 20, 1, 2, "end of the year");
	return config;
}

static struct config *load(const char *text, gsize n, GPtrArray *faults)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	_cleanup_(config_unrefp) struct config *config = NULL;
	cyaml_data_t *parsed = NULL;
	cyaml_err_t error;
	bool loadable;

	if (n > CONFIG_FILE_MAX) {
		fault_add(faults, 0, NULL, "is too big, expected at most %u MiB",
			  CONFIG_FILE_MAX >> 20);
		return NULL;
	}
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* a byte order mark, which some editors write */
		n -= 3;
	}
	tree = tree_parse(text, n, faults);
	if (!tree)
		return NULL;
	if (!tree->root) {
		fault_add(faults, 0, NULL, "is empty, expected a configuration");
		return NULL;
	}
	config_walk(tree, faults);
	loadable = faults->len == 0;
	config_names(tree, faults);
	if (!loadable)
		return NULL;
	error = cyaml_load_data((const uint8_t *)text, n, &config_cyaml, &config_schema,
				&parsed, NULL);
	if (error != CYAML_OK) {
		/* The walk lets nothing through that libcyaml refuses. */
		fault_add(faults, 0, NULL,
			  "cannot be loaded (%s), expected what the "
			  "schema says",
			  cyaml_strerror(error));
		return NULL;
	}
	config = take(parsed);
	config_defaults(config, tree);
	config_check(config, tree, faults);
	config_calendars(config, tree, faults);
	return faults->len ? NULL : g_steal_pointer(&config);
}

struct config *config_load_text(const char *name, const char *text, gsize n,
				GPtrArray **faults)
{
	struct config *config;

	(void)name; /* faults say where in the text; config_fault_format() adds the name
		     */
	*faults = faults_new();
	config = load(text ? text : "", n, *faults); /* libyaml refuses NULL */
	faults_sort(*faults);
	return config;
}

struct config *config_load(const char *path, GPtrArray **faults)
{
	g_autoptr(GByteArray) bytes = config_file_read(path);

	if (bytes)
		return config_load_text(path, (const char *)bytes->data, bytes->len,
					faults);
	*faults = faults_new();
	fault_add(*faults, 0, NULL, "cannot be read: %s, expected a readable file",
		  g_strerror(errno));
	return NULL;
}

const char *config_path(const char *option)
{
	const char *variable = g_getenv("DORAD_CONFIG");

	if (option)
		return option;
	return variable && *variable ? variable : CONFIG_PATH;
}

static gconstpointer find(GHashTable *index, const char *name)
{
	return name ? g_hash_table_lookup(index, name) : NULL;
}

static const struct loaded *loaded_of(const struct config *config)
{
	return (const struct loaded *)config;
}

bool config_lists(char *const *list, unsigned n, const char *word)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

const struct config_git *config_git(const struct config *config, const char *name)
{
	return find(loaded_of(config)->git, name);
}

const struct config_source *config_source(const struct config *config, const char *name)
{
	return find(loaded_of(config)->all, name);
}

const struct config_team *config_team(const struct config *config, const char *name)
{
	return find(loaded_of(config)->teams, name);
}

const struct config_org *config_org(const struct config *config, const char *name)
{
	return find(loaded_of(config)->orgs, name);
}

const struct config_service *config_service(const struct config *config, const char *name)
{
	return find(loaded_of(config)->services, name);
}

const struct config_kpi *config_kpi(const struct config *config, const char *name)
{
	return find(loaded_of(config)->kpis, name);
}

const struct calendar *config_calendar(const struct config *config, const char *team)
{
	const struct config_team *row = config_team(config, team);
	const struct config_calendar *calendar = find(loaded_of(config)->calendars,
						      row && row->calendar ? row->calendar
									   : "default");

	return calendar ? calendar->calendar : loaded_of(config)->usual;
}
