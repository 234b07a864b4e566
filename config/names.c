#include "config/names.h"

#include <string.h>

#include "config/fault.h"
#include "config/format.h"
#include "config/schema_private.h"

/* The names of one list or several. */
struct names {
	const char
		*what; /* "services", or for several lists what they share: "sources" */
	GPtrArray *words;  /* borrowed from the tree */
	GHashTable *first; /* name to where it is first: "services[0]" */
	bool complete;	   /* every entry has a sound name: others are unknown */
};

struct check {
	const struct node *root;
	GPtrArray *faults;
	GRegex *sound;
};

static void names_clear(struct names *names)
{
	g_ptr_array_unref(names->words);
	g_hash_table_unref(names->first);
}

static const struct node *list_at(const struct node *root, const char *path)
{
	const struct node *list = node_at(root, path, NULL);

	return list && list->kind == NODE_LIST ? list : NULL;
}

/* The text of a key; NULL if it has none, which config_walk() reports where it must. */
static const struct node *text_of(const struct node *mapping, const char *key)
{
	const struct node *node = node_member(mapping, key);

	return node && node->kind == NODE_SCALAR && !node_is_null(node) ? node : NULL;
}

static guint line_of(const struct check *check, const char *key)
{
	guint line;

	node_at(check->root, key, &line);
	return line;
}

/* Others are reported for what they are. */
static bool is_sound(const struct check *check, const char *name)
{
	return strlen(name) <= FORMAT_NAME_MAX &&
	       g_regex_match(check->sound, name, 0, NULL);
}

static struct names names_new(const char *what)
{
	return (struct names){
		.what = what,
		.words = g_ptr_array_new(),
		.first = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free),
		.complete = true,
	};
}

/* Adds a name whose entry is at a path; reports it if it is taken. */
static void add_name(const struct check *check, struct names *names, const char *name,
		     const char *path, bool quiet)
{
	const char *before = g_hash_table_lookup(names->first, name);
	g_autofree char *key = g_strdup_printf("%s.name", path), *before_key = NULL;

	g_ptr_array_add(names->words, (gpointer)name);
	if (!before) {
		g_hash_table_insert(names->first, (gpointer)name, g_strdup(path));
		return;
	}
	if (quiet)
		return;
	before_key = g_strdup_printf("%s.name", before);
	fault_add(check->faults, line_of(check, key), key,
		  "\"%s\" is taken by %s (line %u), expected another name", name, before,
		  line_of(check, before_key));
}

/* Collects the names of a list and reports those that are taken, unless quiet. */
static void collect(const struct check *check, struct names *names, const char *list,
		    bool quiet)
{
	const struct node *node = list_at(check->root, list);

	for (guint i = 0; node && i < node->items->len; i++) {
		const struct node *name = text_of(g_ptr_array_index(node->items, i),
						  "name");
		g_autofree char *path = g_strdup_printf("%s[%u]", list, i);

		if (name && is_sound(check, name->text))
			add_name(check, names, name->text, path, quiet);
		else
			names->complete = false;
	}
	if (!node || node->items->len == 0)
		names->complete = false;
}

static struct names names_of(const struct check *check, const char *list)
{
	struct names names = names_new(list);

	collect(check, &names, list, false);
	return names;
}

static void check_unique(const struct check *check, const char *list)
{
	struct names names = names_of(check, list);

	names_clear(&names);
}

/* ---- sources ---- */

/* Where the push server comes from, whose name is "push"; NULL: there is none. */
static char *push_path(const struct check *check)
{
	const struct node *services = list_at(check->root, "services");

	if (node_member(check->root, "push"))
		return g_strdup("push");
	for (guint i = 0; services && i < services->items->len; i++) {
		g_autofree char *path = g_strdup_printf("services[%u].deployments", i);
		const struct node *rules = list_at(check->root, path);

		for (guint j = 0; rules && j < rules->items->len; j++) {
			const struct node *from = text_of(
				g_ptr_array_index(rules->items, j), "from");

			if (from && strcmp(from->text, "push") == 0)
				return g_strdup_printf("%s[%u]", path, j);
		}
	}
	return NULL;
}

/* All sources share one space of names. */
static struct names source_names(const struct check *check)
{
	struct names names = names_new("sources");
	const struct node *sources = node_member(check->root, "sources");
	g_autofree char *push = push_path(check);

	if (push)
		add_name(check, &names, "push", push, false);
	for (const cyaml_schema_field_t *field = schema_sources_fields; field->key;
	     field++) {
		g_autofree char *list = g_strdup_printf("sources.%s", field->key);

		if (sources && node_member(sources, field->key))
			collect(check, &names, list, false);
	}
	if (node_member(check->root, "kpis")) /* they are polled likewise */
		collect(check, &names, "kpis", false);
	if (!sources || sources->kind != NODE_MAPPING || sources->items->len == 0)
		names.complete = false;
	if (sources && sources->kind == NODE_MAPPING && sources->items->len == 0)
		fault_add(check->faults, line_of(check, "sources"), "sources",
			  "has none, expected at least one such as git or github");
	return names;
}

/* Without the key git there are none, which is wrong only where one is asked for. */
static struct names git_names(const struct check *check)
{
	struct names names = names_new("sources.git");
	const struct node *sources = node_member(check->root, "sources");

	if (!sources || sources->kind != NODE_MAPPING || sources->items->len == 0)
		names.complete = false;
	else if (node_member(sources, "git"))
		collect(check, &names, "sources.git", true);
	return names;
}

/* The text at a path must be one of names. */
static void refer(const struct check *check, const struct node *name, const char *path,
		  const struct names *names)
{
	const char *nearest;

	if (!name || name->kind != NODE_SCALAR || node_is_null(name) ||
	    !is_sound(check, name->text) || !names->complete ||
	    g_hash_table_contains(names->first, name->text))
		return;
	nearest = fault_nearest(name->text, (const char *const *)names->words->pdata,
				names->words->len);
	if (nearest)
		fault_add(check->faults, line_of(check, path), path,
			  "\"%s\" is not in %s, did you mean \"%s\"?", name->text,
			  names->what, nearest);
	else
		fault_add(check->faults, line_of(check, path), path,
			  "\"%s\" is not in %s, expected a name from there", name->text,
			  names->what);
}

/* Each entry of a list refers by a key. */
static void refer_all(const struct check *check, const char *list, const char *key,
		      const struct names *names)
{
	const struct node *node = list_at(check->root, list);

	for (guint i = 0; node && i < node->items->len; i++) {
		const struct node *entry = g_ptr_array_index(node->items, i);
		g_autofree char *path = g_strdup_printf("%s[%u].%s", list, i, key);

		refer(check, node_member(entry, key), path, names);
	}
}

/* Each entry of a list is a name. */
static void refer_list(const struct check *check, const char *list,
		       const struct names *names)
{
	const struct node *node = list_at(check->root, list);

	for (guint i = 0; node && i < node->items->len; i++) {
		g_autofree char *path = g_strdup_printf("%s[%u]", list, i);

		refer(check, g_ptr_array_index(node->items, i), path, names);
	}
}

static void check_services(const struct check *check, const struct names *git,
			   const struct names *sources, const struct names *teams)
{
	const struct node *services = list_at(check->root, "services");

	for (guint i = 0; services && i < services->items->len; i++) {
		g_autofree char *components = g_strdup_printf("services[%u].components",
							      i);
		g_autofree char *rules = g_strdup_printf("services[%u].deployments", i);
		g_autofree char *groups = g_strdup_printf("services[%u].production", i);
		g_autofree char *owners = g_strdup_printf("services[%u].owners", i);
		g_autofree char *incidents = g_strdup_printf("services[%u].incidents", i);
		g_autofree char *pipelines = g_strdup_printf("services[%u].pipelines", i);

		check_unique(check, groups);
		refer_all(check, components, "repository", git);
		refer_all(check, rules, "repository", git);
		refer_all(check, rules, "manifest_repository", git);
		refer_all(check, rules, "source", sources);
		refer_all(check, owners, "team", teams);
		refer_all(check, incidents, "source", sources);
		refer_all(check, pipelines, "source", sources);
	}
}

/* Clients of the push server, and the services each may speak of. */
static void check_clients(const struct check *check, const struct names *services)
{
	const struct node *clients = list_at(check->root, "push.clients");

	check_unique(check, "push.clients");
	for (guint i = 0; clients && i < clients->items->len; i++) {
		g_autofree char *list = g_strdup_printf("push.clients[%u].services", i);

		refer_list(check, list, services);
	}
}

/* ---- goals ---- */

static const char *const scopes[] = { "org", "team", "service" };

/* The scope of a figure; names has those of orgs, teams and services. */
static void refer_scope(const struct check *check, const char *figure,
			const struct names names[3])
{
	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++) {
		g_autofree char *path = g_strdup_printf("%s.%s", figure, scopes[i]);

		refer(check, node_at(check->root, path, NULL), path, &names[i]);
	}
}

static void refer_scopes(const struct check *check, const char *list, const char *inner,
			 const struct names names[3])
{
	const struct node *node = list_at(check->root, list);

	for (guint i = 0; node && i < node->items->len; i++) {
		g_autofree char *figure = g_strdup_printf("%s[%u]%s", list, i, inner);

		refer_scope(check, figure, names);
	}
}

static void check_goals(const struct check *check, const struct names names[3])
{
	_cleanup_(names_clear) struct names kpis = names_new("kpis");

	collect(check, &kpis, "kpis", true);
	refer_list(check, "north_star.supporting", &kpis);
	check_unique(check, "guardrails");
	refer_scope(check, "north_star", names);
	refer_scopes(check, "guardrails", "", names);
	refer_scopes(check, "kpis", ".dora", names);
}

/* ---- alerts ---- */

/* Names of a list that may be missing, which is wrong only where one is asked for. */
static struct names optional_names(const struct check *check, const char *list)
{
	struct names names = names_new(list);

	if (node_at(check->root, list, NULL))
		collect(check, &names, list, false);
	return names;
}

static void check_alerts(const struct check *check)
{
	_cleanup_(names_clear) struct names calendars = optional_names(check,
								       "calendars");
	_cleanup_(names_clear) struct names channels = optional_names(check,
								      "alerts.channels");
	const struct node *rules = list_at(check->root, "alerts.rules");

	check_unique(check, "alerts.rules");
	refer_all(check, "teams", "calendar", &calendars);
	refer_list(check, "alerts.guardrail_channels", &channels);
	refer_list(check, "alerts.self.channels", &channels);
	for (guint i = 0; rules && i < rules->items->len; i++) {
		g_autofree char *list = g_strdup_printf("alerts.rules[%u].channels", i);

		refer_list(check, list, &channels);
	}
}

void config_names(const struct tree *tree, GPtrArray *faults)
{
	g_autoptr(GRegex) sound = g_regex_new(config_formats[FORMAT_NAME].pattern,
					      G_REGEX_DOLLAR_ENDONLY, 0, NULL);
	const struct check check = { tree->root, faults, sound };
	_cleanup_(names_clear) struct names git = git_names(&check);
	_cleanup_(names_clear) struct names sources = source_names(&check);
	_cleanup_(names_clear) struct names orgs = names_of(&check, "orgs");
	_cleanup_(names_clear) struct names teams = names_of(&check, "teams");
	_cleanup_(names_clear) struct names services = names_of(&check, "services");
	const struct names of_scopes[] = { orgs, teams, services }; /* borrowed */

	refer_all(&check, "teams", "org", &orgs);
	refer_all(&check, "services", "team", &teams);
	check_services(&check, &git, &sources, &teams);
	check_clients(&check, &services);
	refer_all(&check, "debt.services", "service", &services);
	refer_all(&check, "debt.services", "source", &sources);
	check_goals(&check, of_scopes);
	check_alerts(&check);
}
