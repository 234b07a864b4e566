#pragma once

/*
 * Rollouts: what a user calls "the deploy". Derived from deployments (attempts) by
 * rollout group: the production environments in one group that got the same revisions are
 * one rollout, finished when all of them (or the first) are. Promotion dev > stage > prod
 * is one rollout of production.
 */
#include "metrics/facts.h"

struct rollout_group {
	const char *name; /* published as "environment" */
	const char *const *environments;
	guint n_environments;
	bool first; /* finished with the first environment; else with all */
};

struct rollout {
	guint group;
	guint deployment; /* index of the deployment whose finish finished the rollout */
	gint64 finished;
};

/* What became of one deployment. */
struct deployment_fate {
	gint rollout; /* index of its rollout; -1: none */
	enum exclusion
		excluded; /* EXCLUSION_NONE exactly for the one that finished a rollout */
};

/* Derives the rollouts of one service, sorted by finish (then by deployment id): an array
 * of struct rollout. fates holds n rows, written in the order of deployments. The order
 * of deployments does not matter; ids tell them apart.
 *
 * A deployment takes no part, for the first of these reasons that holds: not_successful;
 * not_production; what it is withheld for; implausible_time (no plausible finish). The
 * others go, in order of finish, to the first group that has their environment, and there
 * to the rollout of their set of revisions (in whatever order those are listed):
 *   all: a rollout collects deployments until every environment has one; the deployment
 * that completes it finishes it, the rest are part_of_rollout (also the second of one
 * environment). Before that they are incomplete_rollout. A later deployment of the same
 * set begins anew. first: the first environment finishes a rollout, the others join it;
 * an environment that has had it already begins a new one (a redeployment). Rollouts of
 * different sets do not touch each other. */
GArray *rollouts_derive(const struct deployment *deployments, guint n,
			const struct rollout_group *groups, guint n_groups,
			struct deployment_fate *fates);
