#include "sinks/store_private.h"

/* What the configuration says of technical debt, as rows that views read. */

enum table { SOURCES, CLASSES, RULES, N_TABLES };

/* Rows are compared as a whole: those that are equal are not touched. */
#define TABLE(name, columns, given)                                                      \
	{                                                                                \
		"WITH given AS (" given ") DELETE FROM dorad." name " d"                 \
		" WHERE NOT EXISTS (SELECT FROM given g"                                 \
		" WHERE (g.*) IS NOT DISTINCT FROM (d.*))",                              \
			"WITH given AS (" given ") INSERT INTO dorad." name " (" columns \
			")"                                                              \
			" SELECT g.* FROM given g WHERE NOT EXISTS (SELECT FROM "        \
			"dorad." name " d WHERE (g.*) IS NOT DISTINCT FROM (d.*))",      \
	}

static const struct {
	const char *remove, *add;
} sql[N_TABLES] = {
	[SOURCES] = TABLE("debt_source", "source_id, labels, n_needed",
			  "SELECT x.source_id, l.labels, CASE WHEN g.any_label"
			  " THEN least(cardinality(l.labels), 1)"
			  " ELSE coalesce(cardinality(l.labels), 0) END"
			  " FROM unnest($1, $2, $3) AS g (name, labels, any_label)"
			  " JOIN dorad.source x ON x.name = g.name AND x.active"
			  " CROSS JOIN LATERAL (SELECT array_agg(DISTINCT lower(t)) AS"
			  " labels FROM unnest(g.labels::text[]) t) l"),
	[CLASSES] = TABLE("debt_class", "position, class, labels",
			  "SELECT g.position, g.class, g.labels::text[]"
			  " FROM unnest($1, $2, $3) AS g (position, class, labels)"),
	[RULES] = TABLE("debt_rule", "rank, service_id, source_id, projects, labels",
			"SELECT DISTINCT g.rank, s.scope_id, x.source_id,"
			" g.projects::text[], g.labels::text[]"
			" FROM unnest($1, $2, $3, $4, $5)"
			" AS g (rank, service, source, projects, labels)"
			" JOIN dorad.scope s ON s.kind = 'service' AND s.name = g.service"
			" LEFT JOIN dorad.source x ON x.name = g.source AND x.active"),
};

static const char *const letters[N_TABLES] = {
	[SOURCES] = "tto",
	[CLASSES] = "itt",
	[RULES] = "itttt",
};

#define RANK_MAPPED 1
#define RANK_PROJECT 3

/* ---- patterns ---- */

/* A text as a pattern of LIKE; "*" and "?" of a glob keep their meaning. */
static char *like(const char *text, bool glob)
{
	GString *out = g_string_new(NULL);

	for (const char *c = text; *c; c++) {
		if (glob && *c == '*')
			g_string_append_c(out, '%');
		else if (glob && *c == '?')
			g_string_append_c(out, '_');
		else if (strchr("\\%_", *c))
			g_string_append_printf(out, "\\%c", *c);
		else
			g_string_append_c(out, *c);
	}
	return g_string_free(out, FALSE);
}

static void field_globs(GByteArray *column, char *const *globs, unsigned n)
{
	g_auto(GStrv) patterns = g_new0(char *, n + 1);

	for (unsigned i = 0; i < n; i++)
		patterns[i] = like(globs[i], true);
	field_texts(column, patterns);
}

/* ---- sources ---- */

static const struct feed *debt_feed(const struct config_api *api)
{
	for (const struct feed *feed = api->driver ? api->driver->feeds : NULL;
	     feed && feed->name; feed++)
		if (feed->kind == ITEM_DEBT &&
		    (!feed->needs_debt || api->n_debt_labels || api->debt_query) &&
		    (!api->n_read || config_lists(api->read, api->n_read, feed->name)))
			return feed;
	return NULL;
}

static bool tells_debt(const struct config_source *source)
{
	if (source->sql)
		return strcmp(source->sql->kind, item_kind_name(ITEM_DEBT)) == 0;
	return source->api && debt_feed(source->api);
}

/* NULL where labels are not how the source finds debt. Case is the database's to fold: it
 * compares them with those of issues. */
static char **labels_of(const struct config_source *source)
{
	const struct config_api *api = source->api;
	g_autoptr(GStrvBuilder) labels = g_strv_builder_new();

	if (!api || !debt_feed(api)->needs_debt || !api->n_debt_labels)
		return NULL;
	for (unsigned i = 0; i < api->n_debt_labels; i++)
		g_strv_builder_add(labels, api->debt_labels[i]);
	return g_strv_builder_end(labels);
}

static void add_sources(struct pg_rows *rows, const struct config *config)
{
	for (unsigned i = 0; i < config->n_all; i++) {
		const struct config_source *source = &config->all[i];
		g_auto(GStrv) labels = NULL;

		if (!tells_debt(source))
			continue;
		labels = labels_of(source);
		field_text(rows->columns[0], source->name);
		field_texts(rows->columns[1], labels);
		field_bool(rows->columns[2], labels && source->api->driver->any_label);
		rows->n++;
	}
}

static void add_classes(struct pg_rows *rows, const struct config_debt *debt)
{
	for (unsigned i = 0; debt && i < debt->n_classes; i++) {
		field_int4(rows->columns[0], (gint32)i);
		field_text(rows->columns[1], debt->classes[i].class);
		field_globs(rows->columns[2], debt->classes[i].labels,
			    debt->classes[i].n_labels);
		rows->n++;
	}
}

/* ---- whose ---- */

static void add_mapped(struct pg_rows *rows, const struct config_debt *debt)
{
	for (unsigned i = 0; debt && i < debt->n_services; i++) {
		const struct config_debt_service *mapping = &debt->services[i];

		field_int4(rows->columns[0], RANK_MAPPED);
		field_text(rows->columns[1], mapping->service);
		field_text(rows->columns[2], mapping->source);
		field_globs(rows->columns[3], mapping->projects, mapping->n_projects);
		field_globs(rows->columns[4], mapping->labels, mapping->n_labels);
		rows->n++;
	}
}

static void add_project(struct pg_rows *rows, const struct config_service *service,
			const char *source, const char *project)
{
	g_autofree char *pattern = like(project, false);
	char *patterns[] = { pattern, NULL };

	field_int4(rows->columns[0], RANK_PROJECT);
	field_text(rows->columns[1], service->name);
	field_text(rows->columns[2], source);
	field_texts(rows->columns[3], patterns);
	field_texts(rows->columns[4], NULL);
	rows->n++;
}

/* "acme/shop" of https://git.example.org/acme/shop.git or git@git.example.org:acme/shop;
 * NULL for a path of this machine. */
static char *project_of(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *path = scheme ? strchr(scheme + 3, '/') : strchr(url, ':');
	char *project;
	gsize n;

	if (*url == '/' || !path || g_str_has_prefix(url, "file:"))
		return NULL;
	project = g_strdup(path + 1 + strspn(path + 1, "/"));
	for (n = strlen(project); n && project[n - 1] == '/'; n--)
		project[n - 1] = '\0';
	if (g_str_has_suffix(project, ".git"))
		project[n - 4] = '\0';
	return project;
}

/* A rule for any project names none. */
static void add_by_rules(struct pg_rows *rows, GHashTable *sources,
			 const struct config_service *service)
{
	for (unsigned i = 0; i < service->n_deployments; i++) {
		const struct config_rule *rule = &service->deployments[i];
		const struct config_source *source =
			rule->source ? g_hash_table_lookup(sources, rule->source) : NULL;

		if (source && tells_debt(source) && rule->project &&
		    strcmp(rule->project, "*") != 0)
			add_project(rows, service, source->name, rule->project);
	}
}

static void add_by_component(struct pg_rows *rows, const struct config *config,
			     const struct config_service *service, const char *url)
{
	g_autofree char *project = project_of(url);

	for (unsigned k = 0; project && k < config->n_all; k++) {
		const struct config_source *source = &config->all[k];
		const struct config_api *api = source->api;

		for (unsigned p = 0; api && tells_debt(source) && p < api->n_projects;
		     p++)
			if (g_ascii_strcasecmp(api->projects[p], project) == 0)
				add_project(rows, service, source->name,
					    api->projects[p]);
	}
}

static void add_by_components(struct pg_rows *rows, const struct config *config,
			      GHashTable *sources, const struct config_service *service)
{
	for (unsigned i = 0; i < service->n_components; i++) {
		const struct config_source *source = g_hash_table_lookup(
			sources, service->components[i].repository);

		if (source && source->git)
			add_by_component(rows, config, service, source->git->url);
	}
}

/* ---- all ---- */

static void gather(struct pg_rows *rows, const struct config *config)
{
	g_autoptr(GHashTable) sources = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < config->n_all; i++)
		g_hash_table_insert(sources, (gpointer)config->all[i].name,
				    (gpointer)&config->all[i]);
	add_sources(&rows[SOURCES], config);
	add_classes(&rows[CLASSES], config->debt);
	add_mapped(&rows[RULES], config->debt);
	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];

		add_by_rules(&rows[RULES], sources, service);
		add_by_components(&rows[RULES], config, sources, service);
	}
}

bool store_sync_debt(struct store *store, const struct config *config, GError **error)
{
	struct pg_rows rows[N_TABLES];
	bool good = true;

	for (int i = 0; i < N_TABLES; i++)
		pg_rows_init(&rows[i], letters[i]);
	gather(rows, config);
	for (int i = 0; i < N_TABLES && good; i++) {
		struct pg_args args = { 0 };

		arg_rows(&args, &rows[i]);
		good = store_exec(store, sql[i].remove, &args, NULL, error) &&
		       store_exec(store, sql[i].add, &args, NULL, error);
	}
	for (int i = 0; i < N_TABLES; i++)
		pg_rows_clear(&rows[i]);
	return good;
}
