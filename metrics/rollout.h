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
 * of struct rollout. fates holds n rows, written in the order of deployments. A
 * deployment without a plausible finish is EXCLUSION_IMPLAUSIBLE_TIME. The order of
 * deployments does not matter. */
GArray *rollouts_derive(const struct deployment *deployments, guint n,
			const struct rollout_group *groups, guint n_groups,
			struct deployment_fate *fates);
