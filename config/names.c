#include "config/names.h"

#include <string.h>

#include "config/fault.h"
#include "config/format.h"

/* The names of a list. */
struct names {
	const char *list;  /* "services" */
	GPtrArray *words;  /* borrowed from the tree; NULL: an entry without a name */
	GHashTable *first; /* name to its first index */
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

/* Collects the names of a list and reports those that are taken. */
static struct names collect(const struct check *check, const char *list)
{
	const struct node *node = list_at(check->root, list);
	struct names names = { .list = list,
			       .words = g_ptr_array_new(),
			       .first = g_hash_table_new(g_str_hash, g_str_equal),
			       .complete = node && node->items->len };

	for (guint i = 0; node && i < node->items->len; i++) {
		const struct node *name = text_of(g_ptr_array_index(node->items, i),
						  "name");
		g_autofree char *key = g_strdup_printf("%s[%u].name", list, i);
		g_autofree char *before_key = NULL;
		gpointer before;

		if (!name || !is_sound(check, name->text)) {
			names.complete = false;
			continue;
		}
		g_ptr_array_add(names.words, name->text);
		if (!g_hash_table_lookup_extended(names.first, name->text, NULL,
						  &before)) {
			g_hash_table_insert(names.first, name->text, GUINT_TO_POINTER(i));
			continue;
		}
		before_key = g_strdup_printf("%s[%u].name", list,
					     GPOINTER_TO_UINT(before));
		fault_add(check->faults, line_of(check, key), key,
			  "\"%s\" is taken by %s[%u] (line %u), expected another name",
			  name->text, list, GPOINTER_TO_UINT(before),
			  line_of(check, before_key));
	}
	return names;
}

static void check_unique(const struct check *check, const char *list)
{
	struct names names = collect(check, list);

	names_clear(&names);
}

/* The reference prefix.key must be one of names. */
static void refer(const struct check *check, const struct node *mapping,
		  const char *prefix, const char *key, const struct names *names)
{
	const struct node *name = text_of(mapping, key);
	g_autofree char *path = g_strdup_printf("%s.%s", prefix, key);
	const char *nearest;

	if (!name || !is_sound(check, name->text) || !names->complete ||
	    g_hash_table_contains(names->first, name->text))
		return;
	nearest = fault_nearest(name->text, (const char *const *)names->words->pdata,
				names->words->len);
	if (nearest)
		fault_add(check->faults, line_of(check, path), path,
			  "\"%s\" is not in %s, did you mean \"%s\"?", name->text,
			  names->list, nearest);
	else
		fault_add(check->faults, line_of(check, path), path,
			  "\"%s\" is not in %s, expected a name from there", name->text,
			  names->list);
}

/* Each entry of a list refers by a key. */
static void refer_all(const struct check *check, const char *list, const char *key,
		      const struct names *names)
{
	const struct node *node = list_at(check->root, list);

	for (guint i = 0; node && i < node->items->len; i++) {
		g_autofree char *prefix = g_strdup_printf("%s[%u]", list, i);

		refer(check, g_ptr_array_index(node->items, i), prefix, key, names);
	}
}

static void check_services(const struct check *check, const struct names *git)
{
	const struct node *services = list_at(check->root, "services");

	for (guint i = 0; services && i < services->items->len; i++) {
		g_autofree char *components = g_strdup_printf("services[%u].components",
							      i);
		g_autofree char *rules = g_strdup_printf("services[%u].deployments", i);
		g_autofree char *groups = g_strdup_printf("services[%u].production", i);

		check_unique(check, groups);
		refer_all(check, components, "repository", git);
		refer_all(check, rules, "repository", git);
	}
}

void config_names(const struct tree *tree, GPtrArray *faults)
{
	g_autoptr(GRegex) sound = g_regex_new(config_formats[FORMAT_NAME].pattern,
					      G_REGEX_DOLLAR_ENDONLY, 0, NULL);
	const struct check check = { tree->root, faults, sound };
	_cleanup_(names_clear) struct names git = collect(&check, "sources.git");
	_cleanup_(names_clear) struct names orgs = collect(&check, "orgs");
	_cleanup_(names_clear) struct names teams = collect(&check, "teams");

	check_unique(&check, "services");
	refer_all(&check, "teams", "org", &orgs);
	refer_all(&check, "services", "team", &teams);
	check_services(&check, &git);
}
