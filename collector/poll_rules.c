#include "collector/poll_rules.h"

#include "base/error.h"
#include "collector/git/notes.h"
#include "collector/sources/git_rules.h"
#include "metrics/bucket.h"

static void append_list(GString *text, const char *key, char **list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(text, "%s=%s;", key, list[i]);
}

/* A rule that reads this repository; one of another kind of source only says what its
 * revisions are of. */
static bool is_read_by(const struct config_git *git, const struct config_rule *rule)
{
	return FROM_IS_GIT(rule->from) && strcmp(rule->repository, git->name) == 0;
}

char *poll_rules_fingerprint(const struct config *config, const struct config_git *git,
			     GBytes *author_key)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *sum = NULL;
	_cleanup_(notes_freep) struct notes *notes = notes_new(config, git->name,
							       author_key, NULL);

	if (notes)
		g_string_append_printf(text, "notes %s\n", notes_patterns(notes));
	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_service *service = &config->services[i];
		const struct config_component *component = repo_component(service,
									  git->name);
		g_autofree char *globs = component ? repo_globs(component) : NULL;

		if (component)
			g_string_append_printf(text, "component %s %s\n", service->name,
					       globs ? globs : "");
		for (unsigned j = 0; j < service->n_deployments; j++) {
			const struct config_rule *rule = &service->deployments[j];

			if (!is_read_by(git, rule))
				continue;
			g_string_append_printf(
				text, "rule %s %s %d %d %d %s %s %s ", service->name,
				service->time_zone, rule->from, rule->finished,
				rule->each, rule->branch ? rule->branch : "",
				rule->file ? rule->file : "", rule->environment);
			append_list(text, "tags", rule->tags, rule->n_tags);
			append_list(text, "except", rule->except, rule->n_except);
			append_list(text, "branches", rule->branches, rule->n_branches);
			g_string_append_c(text, '\n');
		}
	}
	sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
	return g_strndup(sum, FINGERPRINT_LENGTH);
}

static gint32 service_id_of(const GArray *scopes, const char *name)
{
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		if (scope->kind == SCOPE_SERVICE && strcmp(scope->name, name) == 0)
			return scope->scope_id;
	}
	return 0;
}

/* ---- touched commits ---- */

/* A component with globs in this repository. */
struct component {
	gint32 component_id;
	struct mirror_paths paths;
	guint8 *touched; /* as state->positions */
};

static bool component_store(struct store *store, const struct component *component,
			    const struct repo_state *state, GError **error)
{
	g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(struct oid));

	for (guint i = 0; i < state->positions->len; i++) {
		struct oid oid;

		if (!component->touched[i])
			continue;
		graph_oid(&state->graph->graph,
			  g_array_index(state->positions, guint32, i), &oid);
		g_array_append_val(oids, oid);
	}
	return oids->len == 0 ||
	       store_touched_add(store, component->component_id,
				 (const struct oid *)(const void *)oids->data, oids->len,
				 error);
}

/* Matches the commits at state->positions against components, one walk for all. */
static bool components_match(struct store *store, struct repo_state *state,
			     GArray *components, GError **error)
{
	g_autofree struct mirror_paths *sets = g_new(struct mirror_paths,
						     components->len);
	g_autofree guint8 **touched = g_new0(guint8 *, components->len);
	bool ok;

	if (components->len == 0 || state->positions->len == 0)
		return true;
	for (guint i = 0; i < components->len; i++)
		sets[i] = g_array_index(components, struct component, i).paths;
	ok = repo_state_touched(state, sets, components->len, touched, error);
	for (guint i = 0; i < components->len; i++) {
		struct component *component = &g_array_index(components, struct component,
							     i);

		component->touched = touched[i];
		ok = ok && component_store(store, component, state, error);
		g_free(touched[i]);
	}
	return ok;
}

/* Other globs: what was touched is forgotten, and the evaluation, which may have waited
 * for this, is due. */
static bool component_reset(struct store *store, gint32 component_id, const char *globs,
			    gint32 service_id, GError **error)
{
	return store_touched_reset(store, component_id, globs, error) &&
	       (service_id == 0 || store_attribution_due(store, service_id, true, error));
}

/* Components whose globs changed are matched against the whole history, the others
 * against what is new. Globs that were taken away are forgotten with their matches: what
 * comes from now on is not matched with them. */
static bool touched_store(struct store *store, const struct config *config,
			  const struct config_git *git, gint32 repo_id,
			  struct repo_state *state, const GArray *scopes, GError **error)
{
	g_autoptr(GArray) grown = g_array_new(FALSE, TRUE, sizeof(struct component));
	g_autoptr(GArray) changed = g_array_new(FALSE, TRUE, sizeof(struct component));
	struct repo_state all = { 0 };
	bool ok;

	for (unsigned i = 0; i < config->n_services; i++) {
		const struct config_component *configured = repo_component(
			&config->services[i], git->name);
		g_autofree char *globs = configured ? repo_globs(configured) : NULL;
		g_autofree char *stored = NULL;
		struct component component = { 0 };

		if (!configured)
			continue;
		component.paths.globs = (const char *const *)configured->paths;
		component.paths.n = configured->n_paths;
		if (!store_component(store, config->services[i].name, repo_id,
				     &component.component_id, &stored, error))
			return false;
		if (g_strcmp0(stored, globs) != 0 &&
		    !component_reset(store, component.component_id, globs,
				     service_id_of(scopes, config->services[i].name),
				     error))
			return false;
		if (globs)
			g_array_append_val(g_strcmp0(stored, globs) == 0 ? grown
									 : changed,
					   component);
	}
	if (!components_match(store, state, grown, error))
		return false;
	if (changed->len == 0)
		return true;
	ok = repo_state_load(&all, state->mirror, NULL, error) &&
	     components_match(store, &all, changed, error);
	repo_state_clear(&all);
	return ok;
}

/* ---- rules ---- */

/* What the callbacks of a rule need. */
struct rule_user {
	struct store *store;
	const struct work_context *context;
	const struct config_git *git;
	struct repo_state *state;
	GHashTable *repos; /* repository's name → id; 0: unknown */
	GArray *scopes;	   /* of struct scope_row */
	guint8 *touched;   /* by position in the graph; NULL: every commit touches */
};

static gint64 rule_committed(guint32 pos, void *user)
{
	const struct rule_user *rule = user;

	return repo_state_committed(rule->state, pos);
}

static bool rule_touches(guint32 pos, void *user)
{
	const struct rule_user *rule = user;

	return !rule->touched || rule->touched[pos];
}

static GBytes *rule_read_file(const struct oid *commit, const char *path, void *user,
			      GError **error)
{
	const struct rule_user *rule = user;
	bool missing = false;

	return mirror_read_file(rule->state->mirror, commit, path, GIT_RULE_FILE_MAX,
				&missing, error);
}

/* Asked for every line of a file: the database is asked once a name. It must not lock the
 * other source, whose poll may be about to ask for this one. */
static gint32 rule_repo_of(const char *name, void *user)
{
	const struct rule_user *rule = user;
	gpointer found = NULL;
	gint32 repo_id = 0;

	if (g_hash_table_lookup_extended(rule->repos, name, NULL, &found))
		return GPOINTER_TO_INT(found);
	if (config_git(rule->context->config, name) &&
	    !store_repo_id(rule->store, name, &repo_id, NULL))
		return 0; /* the transaction is gone; its next statement says why */
	g_hash_table_insert(rule->repos, g_strdup(name), GINT_TO_POINTER(repo_id));
	return repo_id;
}

static void rule_notice(const char *text, void *user)
{
	const struct rule_user *rule = user;

	repo_notice(rule->context, rule->git, "%s", text);
}

static bool touch_position(const struct oid *oid, void *user, GError **error)
{
	struct rule_user *rule = user;
	guint32 pos = graph_find(&rule->state->graph->graph, oid);

	(void)error;
	if (pos != GRAPH_NONE)
		rule->touched[pos] = 1;
	return true;
}

/* Loads which commits of the graph touch the service's component, where a rule asks for
 * it. */
static bool load_touched(struct rule_user *rule, const struct config_service *service,
			 gint32 repo_id, GError **error)
{
	const struct config_component *component = repo_component(service,
								  rule->git->name);
	g_autofree char *globs = NULL;
	gint32 component_id;

	if (!component || component->n_paths == 0)
		return true;
	rule->touched = g_malloc0(MAX(rule->state->graph->graph.n, 1));
	return store_component(rule->store, service->name, repo_id, &component_id, &globs,
			       error) &&
	       store_touched_each(rule->store, component_id, touch_position, rule, error);
}

/* What this source gave a service is written by its polls alone, one after another, so
 * the scope is not locked: an evaluation, which locks it, may wait for nobody's fetch. */
static bool service_apply(struct rule_user *user, const struct config_service *service,
			  gint32 service_id, const struct source_row *source,
			  const struct config_rule *const *rules, guint n_rules,
			  gint64 now, gsize *n_changed, GError **error)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(service->time_zone, error);
	GArray *known = NULL;
	GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct deployment_row));
	struct rule_input input = {
		.repo_id = source->repo_id,
		.graph = &user->state->graph->graph,
		.refs = user->state->refs,
		.head = user->state->head,
		.zone = zone,
		.now = now,
		.committed = rule_committed,
		.touches = rule_touches,
		.read_file = rule_read_file,
		.repo_of = rule_repo_of,
		.notice = rule_notice,
		.user = user,
	};
	bool ok = false;

	g_array_set_clear_func(rows, (GDestroyNotify)deployment_row_clear);
	known = zone ? store_deployments(user->store, service_id, source->source_id,
					 error)
		     : NULL;
	if (known && load_touched(user, service, source->repo_id, error)) {
		input.known = known;
		ok = git_rules_apply(&input, rules, n_rules, rows, error) &&
		     (rows->len == 0 ||
		      store_deployments_write(
			      user->store, service_id, source->source_id,
			      (const struct deployment_row *)(const void *)rows->data,
			      rows->len, n_changed, error));
	}
	g_clear_pointer(&user->touched, g_free);
	g_clear_pointer(&known, deployment_rows_free);
	deployment_rows_free(rows);
	return ok;
}

/* Is the configured baseline of a component among the commits that are new? */
static bool brings_baseline(const struct repo_state *state,
			    const struct config_component *component)
{
	struct oid oid;
	guint32 pos;

	if (!component->baseline ||
	    !oid_parse(component->baseline, strlen(component->baseline), &oid))
		return false;
	pos = graph_find(&state->graph->graph, &oid);
	return pos != GRAPH_NONE && positions_index(state->positions, pos) >= 0;
}

/* Everything of one service that this repository has a part in. */
static bool service_store(struct rule_user *user, const struct config_service *service,
			  const struct source_row *source, const struct poll_change *what,
			  gint64 now, struct poll_result *result, GError **error)
{
	g_autofree const struct config_rule **rules = g_new(const struct config_rule *,
							    service->n_deployments + 1);
	const struct config_component *component = repo_component(service,
								  user->git->name);
	gsize n_changed = 0;
	gint32 service_id;
	guint n = 0;

	for (unsigned j = 0; j < service->n_deployments; j++)
		if (is_read_by(user->git, &service->deployments[j]))
			rules[n++] = &service->deployments[j];
	/* a service without rules here may have had some before */
	if (!component && n == 0 && !what->rules)
		return true;
	service_id = service_id_of(user->scopes, service->name);
	if (service_id == 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database: it does not know the service \"%s\"",
			    service->name);
		return false;
	}
	if ((n > 0 || what->rules) && !service_apply(user, service, service_id, source,
						     rules, n, now, &n_changed, error))
		return false;
	result->n_deployments += n_changed;
	if (!component)
		return true;
	return (!what->history ||
		store_attribution_anew(user->store, service_id, error)) &&
	       ((!what->notes && !brings_baseline(user->state, component)) ||
		store_attribution_due(user->store, service_id, true, error)) &&
	       /* new commits may be the ones that a rollout was waiting for */
	       (result->n_commits == 0 ||
		store_missing_due(user->store, service_id, error));
}

bool poll_rules_store(struct store *store, const struct work_context *context,
		      const struct config_git *git, const struct source_row *source,
		      struct repo_state *state, gint64 now,
		      const struct poll_change *what, struct poll_result *result,
		      GError **error)
{
	const struct config *config = context->config;
	g_autoptr(GHashTable)
		repos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct rule_user user = { store, context, git, state, repos, NULL, NULL };
	bool ok;

	user.scopes = store_scopes(store, error);
	ok = user.scopes && touched_store(store, config, git, source->repo_id, state,
					  user.scopes, error);
	for (unsigned i = 0; ok && i < config->n_services; i++)
		ok = service_store(&user, &config->services[i], source, what, now, result,
				   error);
	g_clear_pointer(&user.scopes, scope_rows_free);
	return ok;
}
