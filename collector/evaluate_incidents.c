#include "collector/evaluate_inside.h"

#include "base/instant.h"
#include "collector/incident_rules.h"
#include "drivers/incident.h"
#include "metrics/reference.h"

/* As the longest id of an item. */
#define MAX_NAME 500

struct gathering {
	struct evaluation *work;
	struct incident_rules *rules;
	GHashTable *seen; /* keys as text */
	GArray *items;	  /* of struct gathered */
};

struct gathered {
	struct item *item;
	gint32 source_id;
	char *source;
	bool gone;
	GPtrArray *groups; /* names */
};

static void gathered_clear(void *data)
{
	struct gathered *row = data;

	item_free(row->item);
	g_free(row->source);
	g_ptr_array_unref(row->groups);
}

static void incident_clear(void *data)
{
	struct evaluate_incident *row = data;

	g_free(row->key.project);
	g_free(row->key.id);
	g_free(row->evidence);
	g_free(row->source);
	g_free(row->others);
}

static bool gather(const struct item *item, gint32 source_id, const char *source,
		   bool gone, void *user, GError **error)
{
	struct gathering *gathering = user;
	g_autoptr(GPtrArray) groups = g_ptr_array_new();
	struct gathered row = { .source_id = source_id, .gone = gone };
	char *key;

	(void)error;
	key = g_strdup_printf("%d\n%s\n%s", source_id, item->project ? item->project : "",
			      item->id);
	if (!g_hash_table_add(gathering->seen, key) ||
	    !incident_concerns(gathering->rules, source, item, groups))
		return true;
	row.item = item_copy(item);
	row.source = g_strdup(source);
	row.groups = g_steal_pointer(&groups);
	g_array_append_val(gathering->items, row);
	return true;
}

/* Services that are named without a pattern, which the database can look for. */
static const char **exact_services(const struct config_incident_rule *rule)
{
	const char **names = g_new0(const char *, rule->n_services + 1);

	for (unsigned i = 0; i < rule->n_services; i++) {
		if (strpbrk(rule->services[i], "*?[\\"))
			return g_free(names), NULL;
		names[i] = rule->services[i];
	}
	return rule->n_services > 0 ? names : (g_free(names), NULL);
}

static int gathered_order(const void *a, const void *b)
{
	const struct gathered *x = a, *y = b;
	int order = (x->source_id > y->source_id) - (x->source_id < y->source_id);

	if (order == 0)
		order = g_strcmp0(x->item->project, y->item->project);
	return order != 0 ? order : strcmp(x->item->id, y->item->id);
}

static bool gather_all(struct gathering *gathering, GError **error)
{
	const struct config_service *service = gathering->work->service;

	for (unsigned i = 0; i < service->n_incidents; i++) {
		const struct config_incident_rule *rule = &service->incidents[i];
		g_autofree const char **services = exact_services(rule);
		bool any = g_strcmp0(rule->project, "*") == 0;
		const struct incident_query query = {
			.source = rule->source,
			.project = any ? NULL : rule->project,
			.services = services,
		};

		if (!store_incidents_each(gathering->work->store, &query, gather,
					  gathering, error))
			return false;
	}
	g_array_sort(gathering->items, gathered_order);
	return true;
}

/* ---- what it names ---- */

/* What is looked for, for one incident. */
struct naming {
	struct evaluation *work;
	guint64 groups;
	struct evaluate_when when;
	bool title;	 /* its text is one, that may as well name what mended it */
	GString *others; /* of a cause: what else it names, as service_incident_row */
	GHashTable *deployments; /* name → rollouts it is part of, GArray of gint */
	GHashTable *by_number, *by_url; /* → likewise, changes */
};

/* A rollout named, and how. */
struct named {
	gint rollout;
	enum link_method method;
	char *evidence;
};

static void name_one(const struct naming *naming, struct named *named, gint rollout,
		     enum link_method method, const char *evidence)
{
	if (rollout < 0 || method < named->method)
		return;
	if (naming->title && evaluation_rollout(naming->work, (guint)rollout)->finished >
				     naming->when.started)
		return;
	if (method == named->method) {
		gint nearer = evaluate_nearer(naming->work, named->rollout, rollout,
					      naming->when);

		if (nearer == named->rollout)
			return;
		rollout = nearer;
	}
	named->rollout = rollout;
	named->method = method;
	g_free(named->evidence);
	named->evidence = g_strdup(evidence);
}

static bool is_of_group(const struct naming *naming, gint rollout)
{
	return state_groups_have(naming->groups,
				 evaluation_rollout(naming->work, (guint)rollout)->group);
}

/* May be of another service, which only the store can tell. Long ones are no name. */
static void add_other(const struct naming *naming, char kind, const char *text)
{
	if (naming->others && strlen(text) <= MAX_NAME && !strchr(text, '\n'))
		g_string_append_printf(naming->others, "%c%s\n", kind, text);
}

/* Sentry and registries put what was built before its version: shop@1.4.0. Behind other
 * signs stand numbers of anything. */
static const GArray *deployments_named(const struct naming *naming, const char *text)
{
	const GArray *rollouts = g_hash_table_lookup(naming->deployments, text);
	const char *at = strrchr(text, '@');

	if (rollouts || !at || at[1 + strspn(at + 1, "0123456789")] == '\0')
		return rollouts;
	return g_hash_table_lookup(naming->deployments, at + 1);
}

static void name_deployment(const struct naming *naming, const char *text,
			    struct named *named)
{
	const GArray *rollouts = deployments_named(naming, text);

	if (!rollouts)
		add_other(naming, OTHER_DEPLOYMENT, text);
	for (guint i = 0; rollouts && i < rollouts->len; i++) {
		gint rollout = g_array_index(rollouts, gint, i);

		if (is_of_group(naming, rollout))
			name_one(naming, named, rollout, LINK_DEPLOYMENT, text);
	}
}

static bool name_revision(const struct naming *naming, const char *text,
			  struct named *named, GError **error)
{
	struct evaluation *work = naming->work;

	for (guint i = 0; i < work->facts.n_repos; i++) {
		guint32 pos = graph_find_prefix(&work->repos[i].graph, text,
						strlen(text));
		gint rollout;

		if (pos == GRAPH_NONE)
			continue;
		if (!evaluate_shipped_by(work, i, pos, naming->groups, naming->when,
					 &rollout, error))
			return false;
		name_one(naming, named, rollout, LINK_REVISION, text);
	}
	add_other(naming, OTHER_COMMIT, text);
	return true;
}

static void name_change(const struct naming *naming, const struct reference *reference,
			struct named *named)
{
	const struct evaluation *work = naming->work;
	const GArray *changes = g_hash_table_lookup(
		reference->kind == REFERENCE_URL ? naming->by_url : naming->by_number,
		reference->text);
	const struct evaluate_change *found = NULL;

	for (guint i = 0; changes && i < changes->len; i++) {
		const struct evaluate_change *change = &g_array_index(
			work->changes, struct evaluate_change,
			(guint)g_array_index(changes, gint, i));

		if (reference->project &&
		    g_strcmp0(change->item->project, reference->project) != 0)
			continue;
		if (found && !reference->project)
			return;
		found = change;
	}
	if (!found && reference->project) {
		g_autofree char *name = g_strconcat(reference->project, "#",
						    reference->text, NULL);

		add_other(naming, OTHER_CHANGE, name);
	}
	for (guint g = 0; found && g < work->facts.n_groups; g++)
		if (state_groups_have(naming->groups, g))
			name_one(naming, named, found->rollouts[g], LINK_CHANGE,
				 reference->text);
}

/* "HTTP 503 since noon" has a number as well, and some deployment has that id. */
static bool may_be_deployment(const struct reference *reference)
{
	const char *text = reference->text;

	return reference->kind == REFERENCE_WHOLE ||
	       reference->kind == REFERENCE_DEPLOYMENT ||
	       text[strspn(text, "0123456789")] != '\0';
}

/* "Incident #42" has a number of its own. */
static bool is_bare_number(const struct reference *reference)
{
	return reference->kind == REFERENCE_CHANGE && !reference->project;
}

/* A title has words that happen to be names: only what is clearly a reference counts. */
static bool name_by(const struct naming *naming, const char *text, struct named *named,
		    GError **error)
{
	const bool title = naming->title;
	g_autoptr(GArray) references = references_find(text);
	bool good = true;

	for (guint i = 0; good && i < references->len; i++) {
		const struct reference *reference = &g_array_index(references,
								   struct reference, i);

		if (title && is_bare_number(reference))
			continue;
		if (!title && may_be_deployment(reference))
			name_deployment(naming, reference->text, named);
		if (reference->kind == REFERENCE_SHA)
			good = name_revision(naming, reference->text, named, error);
		else if (reference->kind == REFERENCE_URL ||
			 (reference->kind == REFERENCE_CHANGE &&
			  (!title || reference->project)))
			name_change(naming, reference, named);
	}
	return good;
}

/* ---- rows ---- */

static const char *why_not(const struct gathered *row, gint64 started, gint64 restored)
{
	if (row->gone)
		return "gone";
	if (row->item->outcome == OUTCOME_CANCELLED)
		return "withdrawn";
	if (row->item->outcome == OUTCOME_SKIPPED)
		return "exempt";
	if (started == INSTANT_NONE)
		return "implausible_time";
	return restored != INSTANT_NONE && restored < started ? "negative" : NULL;
}

static gint64 first_of(gint64 a, gint64 b)
{
	return a != INSTANT_NONE ? a : b;
}

/* The cause is what the source names as such, else its title; but a cause of another
 * service is a cause, and none of ours. */
static bool name_cause(struct naming *naming, const struct item *item,
		       struct evaluate_incident *incident, struct named *named,
		       GError **error)
{
	struct evaluation *work = naming->work;
	g_autoptr(GString) others = g_string_new("");
	bool good;

	naming->others = others;
	good = name_by(naming, item->cause, named, error);
	naming->others = NULL;
	naming->title = true;
	good = good && (named->rollout >= 0 || name_by(naming, item->name, named, error));
	naming->title = false;
	if (!good || named->rollout >= 0 || others->len == 0 ||
	    !evaluate_in_a_window(work, incident->started))
		return good;
	incident->others = g_strdup(others->str);
	good = store_elsewhere(work->store, work->scope->scope_id, others->str,
			       &named->evidence, error);
	incident->elsewhere = named->evidence != NULL;
	return good;
}

static bool add_incident(struct naming *naming, const struct gathered *row,
			 GArray *incidents, GError **error)
{
	const struct item *item = row->item;
	struct named named = { .rollout = -1 }, fix = { .rollout = -1 };
	struct evaluate_incident incident = {
		.key = { row->source_id, g_strdup(item->project ? item->project : ""),
			 g_strdup(item->id) },
		.groups = naming->groups,
		.source = g_strdup(row->source),
		.started = first_of(item->started,
				    first_of(item->detected, item->created)),
		.restored = incident_restored(item),
	};
	bool good = true;

	incident.excluded = why_not(row, incident.started, incident.restored);
	naming->when.started = incident.started;
	naming->when.fix = false;
	if (!incident.excluded)
		good = name_cause(naming, item, &incident, &named, error);
	naming->when.fix = true;
	if (good && !incident.excluded)
		good = name_by(naming, item->fix, &fix, error);
	incident.named = named.rollout;
	incident.named_by = named.method;
	incident.evidence = named.evidence;
	incident.fix = fix.rollout;
	g_free(fix.evidence);
	g_array_append_val(incidents, incident);
	return good;
}

/* One about all of them may be put to a rollout of any. */
static guint64 groups_of(const struct evaluation *work, GPtrArray *names)
{
	guint64 groups = 0;

	if (names->len == work->facts.n_groups)
		return STATE_GROUPS_ANY;
	for (guint g = 0; g < work->facts.n_groups; g++)
		if (g_ptr_array_find_with_equal_func(names, work->facts.groups[g].name,
						     g_str_equal, NULL))
			groups |= state_group(g);
	return groups;
}

static bool add_all(struct naming *naming, const struct gathering *gathering,
		    GArray *incidents, GError **error)
{
	for (guint i = 0; i < gathering->items->len; i++) {
		const struct gathered *row = &g_array_index(gathering->items,
							    struct gathered, i);

		naming->groups = groups_of(naming->work, row->groups);
		if (!add_incident(naming, row, incidents, error))
			return false;
	}
	return true;
}

static void know(GHashTable *table, const char *name, gint index)
{
	GArray *list = g_hash_table_lookup(table, name);

	if (!list) {
		list = g_array_new(FALSE, FALSE, sizeof(gint));
		g_hash_table_insert(table, g_strdup(name), list);
	}
	g_array_append_val(list, index);
}

static void list_free(void *list)
{
	g_array_unref(list);
}

/* What the source itself calls a deployment: what follows the kind in our id ("tag:v1.0",
 * "deployment:1041"). NULL: nothing. */
static const char *bare_name(const char *id)
{
	static const char *const kinds[] = { "tag:", "file:", "deployment:", "release:" };

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_prefix(id, kinds[i]))
			return id + strlen(kinds[i]);
	return NULL;
}

/* From names to what they may mean, GArray of gint. */
static GHashTable *names_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, list_free);
}

/* Deployments by their ids. */
static GHashTable *deployments_by_name(const struct evaluation *work)
{
	GHashTable *table = names_new();

	for (guint i = 0; i < work->rows->len; i++) {
		const struct deployment_row *row = &g_array_index(
			work->rows, struct deployment_row, i);
		const char *bare = bare_name(row->external_id);
		gint rollout = work->rollouts.fates[i].rollout;

		if (rollout < 0)
			continue;
		know(table, row->external_id, rollout);
		if (!bare)
			continue;
		know(table, bare, rollout);
		/* "1.4.0" is v1.4.0. */
		if (*bare == 'v' && g_ascii_isdigit(bare[1]))
			know(table, bare + 1, rollout);
	}
	return table;
}

static void know_changes(const struct naming *naming)
{
	const GArray *changes = naming->work->changes;

	for (guint i = 0; i < changes->len; i++) {
		const struct item *item =
			g_array_index(changes, struct evaluate_change, i).item;

		know(naming->by_number, item->id, (gint)i);
		if (item->url)
			know(naming->by_url, item->url, (gint)i);
	}
}

GArray *evaluate_incidents_load(struct evaluation *work, GError **error)
{
	GArray *incidents = g_array_new(FALSE, FALSE, sizeof(struct evaluate_incident));
	g_autoptr(GHashTable)
		seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) deployments = deployments_by_name(work);
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(struct gathered));
	struct gathering gathering = {
		.work = work,
		.rules = incident_rules_new(work->service),
		.seen = seen,
		.items = items,
	};
	g_autoptr(GHashTable) by_number = names_new();
	g_autoptr(GHashTable) by_url = names_new();
	struct naming naming = { .work = work,
				 .deployments = deployments,
				 .by_number = by_number,
				 .by_url = by_url };
	bool good;

	g_array_set_clear_func(incidents, incident_clear);
	g_array_set_clear_func(items, gathered_clear);
	know_changes(&naming);
	good = gather_all(&gathering, error) &&
	       add_all(&naming, &gathering, incidents, error);
	incident_rules_free(gathering.rules);
	if (!good)
		g_clear_pointer(&incidents, g_array_unref);
	return incidents;
}
