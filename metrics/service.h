#pragma once

/*
 * One service, from facts to shipped commits: rollouts derived, each rollout group's
 * chain through each repository attributed, every shipped commit judged. Used by the
 * daemon (facts from the database, incrementally) and by "dorad report" (facts from
 * memory), so both give the same figures.
 */
#include "metrics/attribution.h"

/* A component's repository. The arrays are indexed by position in the graph and borrowed.
 */
struct service_repo {
	const struct graph *graph;
	const struct commit_times *times; /* NULL: times_of() is asked instead */
	const guint8 *
		touched; /* non-zero where a commit touches the component; NULL: all do */
	const guint8
		*left_out; /* non-zero where a rule leaves a commit out; NULL: none */
	guint32 baseline;  /* position of the configured baseline, GRAPH_NONE if none */
};

struct service_facts {
	const struct deployment *deployments;
	guint n_deployments;
	const struct rollout_group *groups;
	guint n_groups;
	const struct service_repo *repos;
	guint n_repos;
	bool from_committed; /* lead time starts at the committer's time; else the
				author's */
};

/* Derived from deployments alone. */
struct service_rollouts {
	GArray *rollouts;	       /* of struct rollout, in order of finish */
	struct deployment_fate *fates; /* as the deployments */
	/* position of the revision of rollout r in repository i: positions[r * n_repos +
	 * i], GRAPH_NONE where it has none there or the graph does not have it */
	guint32 *positions;
	/* whether rollout r has a revision in repository i at all */
	bool *has;
	guint n_repos;
};
void service_rollouts_derive(const struct service_facts *facts,
			     struct service_rollouts *out);
void service_rollouts_clear(struct service_rollouts *rollouts);

/* One commit of the service that a rollout shipped. */
struct shipped {
	guint rollout;
	guint repo;
	guint32 pos;
	enum exclusion excluded;
	gint64 lead; /* µs; 0 where excluded for another reason than EXCLUSION_RULE */
};

struct shipped_visitor {
	/* Called once for every shipped commit that touches its component; false stops.
	 */
	bool (*visit)(const struct shipped *shipped, const struct commit_times *times,
		      void *user, GError **error);
	/* Times of commits, asked for all commits of one rollout at once where a
	 * repository has no array of them. */
	bool (*times_of)(guint repo, const guint32 *positions, gsize n,
			 struct commit_times *times, void *user, GError **error);
	/* Which of the commits touch the component; NULL: the repository's array decides.
	 */
	bool (*touched_of)(guint repo, const guint32 *positions, gsize n, bool *hit,
			   void *user, GError **error);
	void *user;
};

/* Attributes rollouts from first on (0: all of them, one pass a chain; else one walk for
 * each, at the cost of what is new) and fills kinds[r] for r >= first. ships[r], of zeros
 * before, tells of each of them whether it shipped anything new in a repository, other
 * than as the baseline there; ships may be NULL. */
bool service_ship(const struct service_facts *facts,
		  const struct service_rollouts *rollouts, guint first,
		  const struct shipped_visitor *visitor, enum rollout_kind *kinds,
		  bool *ships, GError **error);
