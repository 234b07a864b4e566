#include "metrics/rollout.h"

#include "base/instant.h"

/* A revision set on its way through the environments of a group. */
struct progress {
	guint8 *covered; /* by environment of the group */
	guint n_covered;
	gint rollout;	 /* the one it has made; -1: not yet */
	GArray *members; /* guint: deployments that wait for the rollout */
};

static void progress_free(gpointer data)
{
	struct progress *progress = data;

	g_free(progress->covered);
	g_array_unref(progress->members);
	g_free(progress);
}

static struct progress *progress_new(const struct rollout_group *group)
{
	struct progress *progress = g_new0(struct progress, 1);

	progress->covered = g_new0(guint8, group->n_environments);
	progress->rollout = -1;
	progress->members = g_array_new(FALSE, FALSE, sizeof(guint));
	return progress;
}

struct derivation {
	const struct deployment *deployments;
	const struct rollout_group *groups;
	struct deployment_fate *fates;
	GHashTable **progress; /* by group: key of a revision set → struct progress */
	GArray *rollouts;
};

static int compare_revisions(const void *a, const void *b)
{
	const struct revision *x = a, *y = b;

	if (x->repo != y->repo)
		return x->repo < y->repo ? -1 : 1;
	if (x->oid.len != y->oid.len)
		return x->oid.len < y->oid.len ? -1 : 1;
	return memcmp(x->oid.id, y->oid.id, x->oid.len);
}

/* Equal for equal sets of revisions, whatever their order. */
static GBytes *revisions_key(const struct deployment *deployment)
{
	GByteArray *key = g_byte_array_new();
	guint n = deployment->n_revisions;
	g_autofree struct revision *sorted = g_memdup2(deployment->revisions,
						       n * sizeof(*sorted));

	if (n > 0)
		qsort(sorted, n, sizeof(*sorted), compare_revisions);
	for (guint i = 0; i < n; i++) {
		if (i > 0 && compare_revisions(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		g_byte_array_append(key, (const guint8 *)&sorted[i].repo,
				    sizeof(sorted[i].repo));
		g_byte_array_append(key, &sorted[i].oid.len, 1);
		g_byte_array_append(key, sorted[i].oid.id, sorted[i].oid.len);
	}
	return g_byte_array_free_to_bytes(key);
}

/* The index of an environment in a group (the first, should it be listed twice); -1. */
static int group_environment(const struct rollout_group *group, const char *environment)
{
	for (guint e = 0; e < group->n_environments; e++)
		if (g_strcmp0(group->environments[e], environment) == 0)
			return (int)e;
	return -1;
}

static guint group_size(const struct rollout_group *group)
{
	guint n = 0;

	for (guint e = 0; e < group->n_environments; e++)
		n += group_environment(group, group->environments[e]) == (int)e;
	return n;
}

static void fate_set(struct derivation *derivation, guint deployment, gint rollout,
		     enum exclusion excluded)
{
	derivation->fates[deployment] = (struct deployment_fate){ rollout, excluded };
}

/* The deployment finishes a rollout, which whoever waited becomes a part of. */
static void finish_rollout(struct derivation *derivation, struct progress *progress,
			   guint group, guint d)
{
	struct rollout rollout = { group, d, derivation->deployments[d].finished };
	gint index = (gint)derivation->rollouts->len;

	g_array_append_val(derivation->rollouts, rollout);
	progress->rollout = index;
	for (guint m = 0; m < progress->members->len; m++)
		fate_set(derivation, g_array_index(progress->members, guint, m), index,
			 EXCLUSION_PART_OF_ROLLOUT);
	fate_set(derivation, d, index, EXCLUSION_NONE);
}

/* One more environment (or the same again) of a group whose rollouts need all. */
static void advance_all(struct derivation *derivation, guint g, guint d, guint e)
{
	const struct rollout_group *group = &derivation->groups[g];
	g_autoptr(GBytes) key = revisions_key(&derivation->deployments[d]);
	GHashTable *open = derivation->progress[g];
	struct progress *progress = g_hash_table_lookup(open, key);

	if (!progress) {
		progress = progress_new(group);
		g_hash_table_insert(open, g_bytes_ref(key), progress);
	}
	if (!progress->covered[e]) {
		progress->covered[e] = 1;
		progress->n_covered++;
	}
	if (progress->n_covered == group_size(group)) {
		finish_rollout(derivation, progress, g, d);
		g_hash_table_remove(open, key);
	} else {
		g_array_append_val(progress->members, d);
		fate_set(derivation, d, -1, EXCLUSION_INCOMPLETE);
	}
}

/* The same for a group whose rollouts are finished by their first environment. */
static void advance_first(struct derivation *derivation, guint g, guint d, guint e)
{
	g_autoptr(GBytes) key = revisions_key(&derivation->deployments[d]);
	GHashTable *latest = derivation->progress[g];
	struct progress *progress = g_hash_table_lookup(latest, key);

	if (!progress || progress->covered[e]) {
		progress = progress_new(&derivation->groups[g]);
		g_hash_table_replace(latest, g_bytes_ref(key), progress);
		finish_rollout(derivation, progress, g, d);
	} else {
		fate_set(derivation, d, progress->rollout, EXCLUSION_PART_OF_ROLLOUT);
	}
	progress->covered[e] = 1;
}

/* A deployment that may take part in rollouts. */
struct candidate {
	gint64 finished, id;
	guint deployment, group, environment;
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->finished != y->finished)
		return x->finished < y->finished ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* Why a deployment can be no part of any rollout; fills candidate with its place where
 * there is no reason. */
static enum exclusion admit(const struct deployment *deployment,
			    const struct rollout_group *groups, guint n_groups,
			    struct candidate *candidate)
{
	int e = -1;
	guint g;

	if (deployment->outcome != OUTCOME_SUCCESS)
		return EXCLUSION_NOT_SUCCESSFUL;
	for (g = 0; g < n_groups; g++) {
		e = group_environment(&groups[g], deployment->environment);
		if (e >= 0)
			break;
	}
	if (e < 0)
		return EXCLUSION_NOT_PRODUCTION;
	if (deployment->withheld != EXCLUSION_NONE)
		return deployment->withheld;
	if (!instant_is_plausible(deployment->finished))
		return EXCLUSION_IMPLAUSIBLE_TIME;
	candidate->finished = deployment->finished;
	candidate->id = deployment->id;
	candidate->group = g;
	candidate->environment = (guint)e;
	return EXCLUSION_NONE;
}

GArray *rollouts_derive(const struct deployment *deployments, guint n,
			const struct rollout_group *groups, guint n_groups,
			struct deployment_fate *fates)
{
	g_autofree struct candidate *candidates = g_new(struct candidate, (gsize)n + 1);
	g_autofree GHashTable **progress = g_new(GHashTable *, (gsize)n_groups + 1);
	struct derivation derivation = {
		.deployments = deployments,
		.groups = groups,
		.fates = fates,
		.progress = progress,
		.rollouts = g_array_new(FALSE, FALSE, sizeof(struct rollout)),
	};
	guint n_candidates = 0;

	for (guint d = 0; d < n; d++) {
		struct candidate *candidate = &candidates[n_candidates];
		enum exclusion excluded = admit(&deployments[d], groups, n_groups,
						candidate);

		candidate->deployment = d;
		if (excluded == EXCLUSION_NONE)
			n_candidates++;
		else
			fate_set(&derivation, d, -1, excluded);
	}
	if (n_candidates > 0)
		qsort(candidates, n_candidates, sizeof(*candidates), compare_candidates);
	for (guint g = 0; g < n_groups; g++)
		progress[g] = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
						    (GDestroyNotify)g_bytes_unref,
						    progress_free);
	/* Each finishes one rollout at most, so rollouts come out in order of finish. */
	for (guint c = 0; c < n_candidates; c++) {
		const struct candidate *candidate = &candidates[c];

		(groups[candidate->group].first ? advance_first : advance_all)(
			&derivation, candidate->group, candidate->deployment,
			candidate->environment);
	}
	for (guint g = 0; g < n_groups; g++)
		g_hash_table_unref(progress[g]);
	return derivation.rollouts;
}
