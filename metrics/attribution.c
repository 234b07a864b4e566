#include "metrics/attribution.h"

#include "base/instant.h"
#include "metrics/graph_layout.h"

static const char *const kind_names[N_ROLLOUT_KINDS] = {
	[ROLLOUT_NORMAL] = "normal",
	[ROLLOUT_BASELINE] = "baseline",
	[ROLLOUT_REDEPLOY] = "redeploy",
	[ROLLOUT_OLDER] = "older",
	[ROLLOUT_REVISION_MISSING] = "revision_missing",
};

const char *rollout_kind_name(enum rollout_kind kind)
{
	return kind_names[kind];
}

bool rollout_kind_parse(const char *name, enum rollout_kind *kind)
{
	for (int i = 0; i < N_ROLLOUT_KINDS; i++) {
		if (g_strcmp0(kind_names[i], name) == 0) {
			*kind = (enum rollout_kind)i;
			return true;
		}
	}
	return false;
}

/* What a known revision is that ships n commits. based: something was reached before.
 * again: the rollout before had the same revision. */
static enum rollout_kind kind_of(gsize n, bool based, bool again)
{
	if (!based)
		return ROLLOUT_BASELINE;
	if (n > 0)
		return ROLLOUT_NORMAL;
	return again ? ROLLOUT_REDEPLOY : ROLLOUT_OLDER;
}

void attribution_run(const struct graph *graph, const guint32 *steps, gsize n_steps,
		     guint32 baseline, struct attribution *result)
{
	g_autofree guint8 *reached = g_malloc0(graph_reached_size(graph));
	/* Every commit is shipped once at most: pages never written cost nothing. */
	guint32 *commits = g_new(guint32, (gsize)graph->n + 1);
	bool based = baseline != GRAPH_NONE;
	gsize n = 0;

	*result = (struct attribution){
		.first = g_new(gsize, n_steps + 1),
		.kinds = g_new(enum rollout_kind, n_steps + 1),
		.n_steps = n_steps,
	};
	if (based)
		graph_reach(graph, baseline, reached, commits);
	for (gsize i = 0; i < n_steps; i++) {
		bool again = i > 0 && steps[i - 1] == steps[i];
		gsize shipped;

		result->first[i] = n;
		if (steps[i] == GRAPH_NONE) {
			result->kinds[i] = ROLLOUT_REVISION_MISSING;
			continue;
		}
		shipped = graph_reach(graph, steps[i], reached, commits + n);
		result->kinds[i] = kind_of(shipped, based, again);
		based = true;
		n += shipped;
	}
	result->first[n_steps] = n;
	result->commits = g_renew(guint32, commits, n + 1);
}

void attribution_clear(struct attribution *result)
{
	g_free(result->commits);
	g_free(result->first);
	g_free(result->kinds);
	*result = (struct attribution){ 0 };
}

GArray *attribution_next(const struct graph *graph, const guint32 *earlier,
			 gsize n_earlier, bool has_baseline, guint32 step,
			 enum rollout_kind *kind)
{
	gsize n_before = n_earlier - (has_baseline && n_earlier > 0 ? 1 : 0);
	bool again = n_before > 0 && earlier[n_earlier - 1] == step;
	bool based = false;
	GArray *shipped;

	if (step == GRAPH_NONE) {
		*kind = ROLLOUT_REVISION_MISSING;
		return g_array_new(FALSE, FALSE, sizeof(guint32));
	}
	for (gsize i = 0; i < n_earlier; i++)
		based = based || earlier[i] != GRAPH_NONE;
	shipped = graph_difference(graph, &step, 1, earlier, n_earlier);
	*kind = kind_of(shipped->len, based, again);
	return shipped;
}

enum exclusion lead_time_judge(enum rollout_kind kind, guint n_parents,
			       const struct commit_times *times, gint64 finished,
			       bool from_committed, gint64 *lead)
{
	gint64 start = from_committed ? times->committed : times->authored;

	if (kind == ROLLOUT_BASELINE)
		return EXCLUSION_BASELINE;
	if (n_parents > 1)
		return EXCLUSION_MERGE;
	if (!instant_is_plausible(start) || !instant_is_plausible(finished))
		return EXCLUSION_IMPLAUSIBLE_TIME;
	if (finished < start)
		return EXCLUSION_NEGATIVE;
	*lead = finished - start;
	return EXCLUSION_NONE;
}
