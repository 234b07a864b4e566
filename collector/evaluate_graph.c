#include "collector/evaluate_graph.h"

#include "base/error.h"
#include "base/instant.h"

void evaluate_repo_clear(struct evaluate_repo *repo)
{
	g_clear_pointer(&repo->times, g_free);
	g_clear_pointer(&repo->touched, g_free);
	g_clear_pointer(&repo->extra, g_free);
	g_clear_pointer(&repo->globs, g_free);
	g_clear_pointer(&repo->mirror_graph, mirror_graph_free);
}

/* ---- commits that only the database has ---- */

struct completing {
	const struct graph *graph;
	GArray *commits; /* of struct graph_commit, parents as offsets + 1 in .parents */
	GArray *parents; /* of struct oid */
};

static bool collect_commit(const struct commit_row *row, void *user, GError **error)
{
	struct completing *completing = user;
	struct graph_commit commit = {
		.oid = row->oid,
		.parents = GSIZE_TO_POINTER(completing->parents->len),
		.n_parents = row->n_parents,
		.committed = row->times.committed == INSTANT_NONE
				     ? 0
				     : row->times.committed / G_USEC_PER_SEC,
	};

	(void)error;
	if (graph_find(completing->graph, &row->oid) != GRAPH_NONE)
		return true;
	g_array_append_vals(completing->parents, row->parents, row->n_parents);
	g_array_append_val(completing->commits, commit);
	return true;
}

/* Adds every commit of the database that the mirror does not have. */
static bool complete_graph(struct evaluate_repo *repo, struct store *store,
			   GError **error)
{
	g_autoptr(GArray)
		commits = g_array_new(FALSE, FALSE, sizeof(struct graph_commit));
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	struct completing completing = { &repo->graph, commits, parents };

	if (!store_commits_each(store, repo->repo_id, collect_commit, &completing, error))
		return false;
	if (commits->len == 0)
		return true;
	for (guint i = 0; i < commits->len; i++) {
		struct graph_commit *commit = &g_array_index(commits, struct graph_commit,
							     i);

		commit->parents = (const struct oid *)(const void *)parents->data +
				  GPOINTER_TO_SIZE(commit->parents);
	}
	repo->extra = graph_append(
		&repo->graph, (const struct graph_commit *)(const void *)commits->data,
		commits->len, error);
	return repo->extra != NULL;
}

/* Is there a revision (baseline is one, NULL: none) that the graph lacks and the database
 * has? */
static bool lacks_known(const struct evaluate_repo *repo, struct store *store,
			const GArray *deployments, const struct oid *baseline,
			bool *lacks, GError **error)
{
	g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(struct oid));
	g_autofree struct commit_times *times = NULL;
	g_autofree bool *found = NULL;

	*lacks = false;
	for (guint i = 0; i < deployments->len; i++) {
		const struct deployment_row *row = &g_array_index(
			deployments, struct deployment_row, i);

		for (guint j = 0; j < row->n_revisions; j++)
			if (row->revisions[j].repo_id == repo->repo_id &&
			    graph_find(&repo->graph, &row->revisions[j].oid) ==
				    GRAPH_NONE)
				g_array_append_val(oids, row->revisions[j].oid);
	}
	if (baseline && graph_find(&repo->graph, baseline) == GRAPH_NONE)
		g_array_append_val(oids, *baseline);
	if (oids->len == 0)
		return true;
	times = g_new0(struct commit_times, oids->len);
	found = g_new0(bool, oids->len);
	if (!store_commit_times(store, repo->repo_id,
				(const struct oid *)(const void *)oids->data, oids->len,
				times, found, error))
		return false;
	for (guint i = 0; i < oids->len; i++)
		*lacks = *lacks || found[i];
	return true;
}

/* The mirror's graph. A cache that is gone or damaged is no failure: the next fetch mends
 * it, and the database has the commits. */
static bool load_mirror_graph(struct evaluate_repo *repo,
			      const struct work_context *context,
			      const struct config_git *git, GError **error)
{
	_cleanup_(mirror_closep) struct mirror *mirror = repo_mirror_open(context, git,
									  error);
	g_autoptr(GError) local = NULL;

	if (!mirror)
		return false;
	repo->mirror_graph = mirror_graph_load(mirror, &local);
	if (repo->mirror_graph) {
		repo->graph = repo->mirror_graph->graph;
		return true;
	}
	if (!g_error_matches(local, DORA_ERROR, DORA_ERROR_DATA)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	repo_notice(context, git,
		    "the mirror cannot be read (%s); working from the database",
		    local->message);
	return true;
}

bool evaluate_repo_is_matched(struct store *store, const struct config_service *service,
			      const struct config_component *component, bool *matched,
			      GError **error)
{
	g_autofree char *globs = repo_globs(component);
	g_autofree char *stored = NULL;
	gint32 repo_id, component_id;

	*matched = true;
	if (!globs)
		return true;
	if (!store_repo_id(store, component->repository, &repo_id, error) ||
	    !store_component(store, service->name, repo_id, &component_id, &stored,
			     error))
		return false;
	*matched = g_strcmp0(globs, stored) == 0;
	return true;
}

bool evaluate_repo_open(struct evaluate_repo *repo, struct store *store,
			const struct work_context *context,
			const struct config_service *service,
			const struct config_component *component,
			const GArray *deployments, GError **error)
{
	const struct config_git *git = config_git(context->config, component->repository);
	struct oid baseline;
	bool has_baseline = component->baseline &&
			    oid_parse(component->baseline, strlen(component->baseline),
				      &baseline);
	bool lacks;

	repo->baseline = GRAPH_NONE;
	repo->globs = repo_globs(component);
	/* no lock: a poll, which holds it, waits for the mirror that is opened next */
	if (!store_repo_id(store, component->repository, &repo->repo_id, error) ||
	    !load_mirror_graph(repo, context, git, error) ||
	    !lacks_known(repo, store, deployments, has_baseline ? &baseline : NULL,
			 &lacks, error) ||
	    (lacks && !complete_graph(repo, store, error)))
		return false;
	if (has_baseline)
		repo->baseline = graph_find(&repo->graph, &baseline);
	if (component->baseline && repo->baseline == GRAPH_NONE)
		repo_notice(context, git,
			    "service %s: baseline %s is not in the repository; its "
			    "first deployment is the baseline",
			    service->name, component->baseline);
	if (repo->globs) {
		g_autofree char *stored = NULL;

		return store_component(store, service->name, repo->repo_id,
				       &repo->component_id, &stored, error);
	}
	return true;
}

/* ---- what is known of commits ---- */

static bool fill_times(const struct commit_row *row, void *user, GError **error)
{
	struct evaluate_repo *repo = user;
	guint32 pos = graph_find(&repo->graph, &row->oid);

	(void)error;
	if (pos != GRAPH_NONE)
		repo->times[pos] = row->times;
	return true;
}

static bool fill_touched(const struct oid *oid, void *user, GError **error)
{
	struct evaluate_repo *repo = user;
	guint32 pos = graph_find(&repo->graph, oid);

	(void)error;
	if (pos != GRAPH_NONE)
		repo->touched[pos] = 1;
	return true;
}

bool evaluate_repo_load(struct evaluate_repo *repo, struct store *store, GError **error)
{
	repo->times = g_new(struct commit_times, MAX(repo->graph.n, 1));
	for (guint32 i = 0; i < repo->graph.n; i++)
		repo->times[i] = (struct commit_times){ INSTANT_NONE, INSTANT_NONE, 0 };
	if (!store_commits_each(store, repo->repo_id, fill_times, repo, error))
		return false;
	if (repo->component_id == 0)
		return true;
	repo->touched = g_malloc0(MAX(repo->graph.n, 1));
	return store_touched_each(store, repo->component_id, fill_touched, repo, error);
}

static struct oid *oids_of(const struct evaluate_repo *repo, const guint32 *positions,
			   gsize n)
{
	struct oid *oids = g_new0(struct oid, MAX(n, 1));

	for (gsize i = 0; i < n; i++)
		graph_oid(&repo->graph, positions[i], &oids[i]);
	return oids;
}

bool evaluate_repo_times(struct evaluate_repo *repo, struct store *store,
			 const guint32 *positions, gsize n, struct commit_times *times,
			 GError **error)
{
	g_autofree struct oid *oids = oids_of(repo, positions, n);

	for (gsize i = 0; i < n; i++)
		times[i] = (struct commit_times){ INSTANT_NONE, INSTANT_NONE, 0 };
	return store_commit_times(store, repo->repo_id, oids, n, times, NULL, error);
}

bool evaluate_repo_touched(struct evaluate_repo *repo, struct store *store,
			   const guint32 *positions, gsize n, bool *hit, GError **error)
{
	g_autofree struct oid *oids = NULL;

	if (repo->component_id == 0) {
		for (gsize i = 0; i < n; i++)
			hit[i] = true;
		return true;
	}
	oids = oids_of(repo, positions, n);
	return store_touched(store, repo->component_id, oids, n, hit, error);
}
