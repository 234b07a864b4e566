#pragma once

/*
 * What attribution needs of one component's repository: its graph from the mirror,
 * completed from the database where the mirror no longer has a deployed revision (a
 * force-push, a cache that was deleted), and what is known of its commits. Internal to
 * collector/.
 */
#include "collector/git/mirror.h"
#include "collector/repo_work.h"

struct evaluate_repo {
	gint32 repo_id;
	struct mirror_graph *mirror_graph;
	struct graph graph;  /* the mirror's layers and perhaps one from the database */
	guint8 *extra;	     /* backs that layer */
	guint32 baseline;    /* configured; GRAPH_NONE if none */
	char *globs;	     /* as one text; NULL: none */
	gint32 component_id; /* 0: no globs */
	struct commit_times *times; /* by position; after evaluate_repo_load() */
	guint8 *touched;	    /* by position; NULL without globs */
};
void evaluate_repo_clear(struct evaluate_repo *repo);

/* Has the poll matched the commits with the globs that the component has now? If not,
 * what they touch is not known. */
bool evaluate_repo_is_matched(struct store *store, const struct config_service *service,
			      const struct config_component *component, bool *matched,
			      GError **error);

/* deployments (of struct deployment_row) are those whose revisions the graph should have.
 */
bool evaluate_repo_open(struct evaluate_repo *repo, struct store *store,
			const struct work_context *context,
			const struct config_service *service,
			const struct config_component *component,
			const GArray *deployments, GError **error);

/* Loads times, and touched where there are globs, of every commit. */
bool evaluate_repo_load(struct evaluate_repo *repo, struct store *store, GError **error);

/* The same of a few commits. */
bool evaluate_repo_times(struct evaluate_repo *repo, struct store *store,
			 const guint32 *positions, gsize n, struct commit_times *times,
			 GError **error);
bool evaluate_repo_touched(struct evaluate_repo *repo, struct store *store,
			   const guint32 *positions, gsize n, bool *hit, GError **error);
