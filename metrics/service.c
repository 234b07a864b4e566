#include "metrics/service.h"

void service_rollouts_derive(const struct service_facts *facts,
			     struct service_rollouts *out)
{
	gsize cells;

	out->n_repos = facts->n_repos;
	out->fates = g_new0(struct deployment_fate, facts->n_deployments);
	out->rollouts = rollouts_derive(facts->deployments, facts->n_deployments,
					facts->groups, facts->n_groups, out->fates);
	cells = (gsize)out->rollouts->len * facts->n_repos;
	out->positions = g_new(guint32, cells);
	out->has = g_new0(bool, cells);
	for (gsize i = 0; i < cells; i++)
		out->positions[i] = GRAPH_NONE;
	for (guint r = 0; r < out->rollouts->len; r++) {
		const struct rollout *rollout = &g_array_index(out->rollouts,
							       struct rollout, r);
		const struct deployment *deployment =
			&facts->deployments[rollout->deployment];

		for (guint i = 0; i < deployment->n_revisions; i++) {
			const struct revision *revision = &deployment->revisions[i];
			gsize cell = (gsize)r * facts->n_repos + revision->repo;

			out->has[cell] = true;
			out->positions[cell] = graph_find(
				facts->repos[revision->repo].graph, &revision->oid);
		}
	}
}

void service_rollouts_clear(struct service_rollouts *rollouts)
{
	g_clear_pointer(&rollouts->rollouts, g_array_unref);
	g_clear_pointer(&rollouts->fates, g_free);
	g_clear_pointer(&rollouts->positions, g_free);
	g_clear_pointer(&rollouts->has, g_free);
}

/* What a rollout is that ships from several repositories: the first in this order. One
 * that still waits for a revision says so, whatever else it shipped. */
static enum rollout_kind kind_of_both(enum rollout_kind a, enum rollout_kind b)
{
	static const enum rollout_kind order[] = {
		ROLLOUT_REVISION_MISSING, ROLLOUT_NORMAL, ROLLOUT_BASELINE, ROLLOUT_OLDER,
		ROLLOUT_REDEPLOY,
	};

	for (gsize i = 0; i < G_N_ELEMENTS(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a;
}

/* One chain: the rollouts of a group that have a revision in a repository. */
struct chain {
	const struct service_facts *facts;
	const struct service_rollouts *rollouts;
	const struct shipped_visitor *visitor;
	guint repo;
	GArray *steps;	 /* guint32: positions, in order of finish */
	GArray *numbers; /* guint: the rollout of each step */
};

/* Judges the commits that one rollout shipped and hands them on. */
static bool ship_step(const struct chain *chain, guint rollout, enum rollout_kind kind,
		      const guint32 *commits, gsize n, GError **error)
{
	const struct service_repo *repo = &chain->facts->repos[chain->repo];
	const struct shipped_visitor *visitor = chain->visitor;
	gint64 finished = g_array_index(chain->rollouts->rollouts, struct rollout,
					rollout)
				  .finished;
	g_autofree struct commit_times *asked = NULL;
	g_autofree bool *hit = NULL;

	if (n == 0)
		return true;
	if (!repo->times) {
		asked = g_new0(struct commit_times, n);
		if (!visitor->times_of(chain->repo, commits, n, asked, visitor->user,
				       error))
			return false;
	}
	if (!repo->touched && visitor->touched_of) {
		hit = g_new0(bool, n);
		if (!visitor->touched_of(chain->repo, commits, n, hit, visitor->user,
					 error))
			return false;
	}
	for (gsize i = 0; i < n; i++) {
		const struct commit_times *times = asked ? &asked[i]
							 : &repo->times[commits[i]];
		struct shipped shipped = {
			.rollout = rollout,
			.repo = chain->repo,
			.pos = commits[i],
		};

		if (hit ? !hit[i] : repo->touched && !repo->touched[commits[i]])
			continue;
		shipped.excluded = lead_time_judge(
			kind, graph_n_parents(repo->graph, commits[i]), times, finished,
			chain->facts->from_committed, &shipped.lead);
		if (shipped.excluded == EXCLUSION_NONE && repo->left_out &&
		    repo->left_out[commits[i]])
			shipped.excluded = EXCLUSION_RULE;
		if (!visitor->visit(&shipped, times, visitor->user, error))
			return false;
	}
	return true;
}

/* What is known of each rollout. */
struct notes {
	enum rollout_kind *kinds;
	bool *known; /* kinds: of some repository */
	bool *ships; /* or NULL */
};

static void note_kind(const struct notes *notes, guint rollout, enum rollout_kind kind)
{
	enum rollout_kind *noted = &notes->kinds[rollout];

	*noted = notes->known[rollout] ? kind_of_both(*noted, kind) : kind;
	notes->known[rollout] = true;
	if (notes->ships && kind == ROLLOUT_NORMAL)
		notes->ships[rollout] = true;
}

/* All steps of a chain in one pass. */
static bool ship_whole(const struct chain *chain, const struct notes *notes,
		       GError **error)
{
	const struct service_repo *repo = &chain->facts->repos[chain->repo];
	struct attribution result = { 0 };
	bool ok = true;

	attribution_run(repo->graph, (const guint32 *)(const void *)chain->steps->data,
			chain->steps->len, repo->baseline, &result);
	for (guint i = 0; ok && i < chain->steps->len; i++) {
		guint rollout = g_array_index(chain->numbers, guint, i);

		note_kind(notes, rollout, result.kinds[i]);
		ok = ship_step(chain, rollout, result.kinds[i],
			       result.commits ? result.commits + result.first[i] : NULL,
			       result.first[i + 1] - result.first[i], error);
	}
	attribution_clear(&result);
	return ok;
}

/* The steps of rollouts from first on, each by a walk of its own. */
static bool ship_rest(const struct chain *chain, guint first, const struct notes *notes,
		      GError **error)
{
	const struct service_repo *repo = &chain->facts->repos[chain->repo];
	/* what was reached before: the baseline, then the steps in order, the last one
	 * last */
	g_autoptr(GArray) earlier = g_array_new(FALSE, FALSE, sizeof(guint32));

	if (repo->baseline != GRAPH_NONE)
		g_array_append_val(earlier, repo->baseline);
	for (guint i = 0; i < chain->steps->len; i++) {
		guint rollout = g_array_index(chain->numbers, guint, i);
		guint32 step = g_array_index(chain->steps, guint32, i);
		enum rollout_kind kind;

		if (rollout >= first) {
			g_autoptr(GArray) commits = attribution_next(
				repo->graph, (const guint32 *)(const void *)earlier->data,
				earlier->len, repo->baseline != GRAPH_NONE, step, &kind);

			note_kind(notes, rollout, kind);
			if (!ship_step(chain, rollout, kind,
				       (const guint32 *)(const void *)commits->data,
				       commits->len, error))
				return false;
		}
		g_array_append_val(earlier, step);
	}
	return true;
}

bool service_ship(const struct service_facts *facts,
		  const struct service_rollouts *rollouts, guint first,
		  const struct shipped_visitor *visitor, enum rollout_kind *kinds,
		  bool *ships, GError **error)
{
	g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree bool *known = g_new0(bool, rollouts->rollouts->len);
	const struct notes notes = { kinds, known, ships };

	/* a rollout without a revision in any repository of the service */
	for (guint r = first; r < rollouts->rollouts->len; r++)
		kinds[r] = ROLLOUT_REVISION_MISSING;
	for (guint group = 0; group < facts->n_groups; group++) {
		for (guint repo = 0; repo < facts->n_repos; repo++) {
			struct chain chain = {
				.facts = facts,
				.rollouts = rollouts,
				.visitor = visitor,
				.repo = repo,
				.steps = steps,
				.numbers = numbers,
			};
			bool ok;

			g_array_set_size(steps, 0);
			g_array_set_size(numbers, 0);
			for (guint r = 0; r < rollouts->rollouts->len; r++) {
				gsize cell = (gsize)r * facts->n_repos + repo;

				if (g_array_index(rollouts->rollouts, struct rollout, r)
						    .group != group ||
				    !rollouts->has[cell])
					continue;
				g_array_append_val(steps, rollouts->positions[cell]);
				g_array_append_val(numbers, r);
			}
			ok = first == 0 ? ship_whole(&chain, &notes, error)
					: ship_rest(&chain, first, &notes, error);
			if (!ok)
				return false;
		}
	}
	return true;
}
