#include "metrics/change_tie.h"

#include "base/instant.h"

/* A rebase of many commits takes its time. */
#define REBASE_SPAN (60 * G_USEC_PER_SEC)

const char *tie_method_name(enum tie_method method)
{
	static const char *const names[N_TIE_METHODS] = {
		[TIE_HEAD] = "head",
		[TIE_SQUASH] = "squash",
		[TIE_MERGE] = "merge",
		[TIE_REBASE] = "rebase",
		[TIE_CHERRY_PICK] = "cherry_pick",
	};

	return names[method];
}

struct tying {
	const struct graph *graph;
	const struct commit_times *times;
	const struct tie_change *changes;
	guint n_changes;
	guint32 *order; /* changes as they were merged */
	guint32 *rank;	/* of each change in order */
	guint32 *tied;	/* by position: 1 + its index in ties; 0: it is not */
	GArray *ties;
};

static bool claim(struct tying *tying, guint32 pos, guint32 change,
		  enum tie_method method)
{
	const struct tie tie = { pos, change, method };

	if (pos == GRAPH_NONE || tying->tied[pos])
		return false;
	g_array_append_val(tying->ties, tie);
	tying->tied[pos] = tying->ties->len;
	return true;
}

/* The change of a tied commit. */
static guint32 change_of(const struct tying *tying, guint32 pos)
{
	return g_array_index(tying->ties, struct tie, tying->tied[pos] - 1).change;
}

static bool is_own(const struct tying *tying, guint32 pos, guint32 change)
{
	return pos != GRAPH_NONE && tying->tied[pos] && change_of(tying, pos) == change;
}

/* ---- the order of changes ---- */

static gint compare_merged(gconstpointer a, gconstpointer b, gpointer user)
{
	const struct tie_change *changes = user;
	guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
	gint64 p = changes[x].merged, q = changes[y].merged;

	if ((p == INSTANT_NONE) != (q == INSTANT_NONE))
		return p == INSTANT_NONE ? 1 : -1;
	if (p != q)
		return p < q ? -1 : 1;
	return (x > y) - (x < y);
}

static void put_in_order(struct tying *tying)
{
	for (guint32 i = 0; i < tying->n_changes; i++)
		tying->order[i] = i;
	g_qsort_with_data(tying->order, (gint)tying->n_changes, sizeof(*tying->order),
			  compare_merged, (gpointer)tying->changes);
	for (guint32 i = 0; i < tying->n_changes; i++)
		tying->rank[tying->order[i]] = i;
}

/* ---- one change ---- */

static void tie_named(struct tying *tying, guint32 i)
{
	const struct tie_change *change = &tying->changes[i];

	claim(tying, change->head, i, TIE_HEAD);
	claim(tying, change->squash, i, TIE_SQUASH);
	claim(tying, change->sha, i, TIE_SQUASH);
}

/* What the further parents brought that the first had not. */
static void tie_merged(struct tying *tying, guint32 i)
{
	g_autoptr(GArray) further = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GArray) brought = NULL;
	guint32 sha = tying->changes[i].sha, first, parent;
	struct graph_parents it;

	if (!is_own(tying, sha, i) || graph_n_parents(tying->graph, sha) < 2)
		return;
	graph_parents_init(&it, tying->graph, sha);
	first = graph_parents_next(&it, tying->graph);
	while ((parent = graph_parents_next(&it, tying->graph)) != GRAPH_NONE)
		g_array_append_val(further, parent);
	brought = graph_difference(tying->graph, (const guint32 *)(void *)further->data,
				   further->len, &first, 1);
	for (guint k = 0; k < brought->len; k++)
		claim(tying, g_array_index(brought, guint32, k), i, TIE_MERGE);
}

static gint64 committed(const struct tying *tying, guint32 pos)
{
	return tying->times ? tying->times[pos].committed
			    : graph_committed(tying->graph, pos) * G_USEC_PER_SEC;
}

static bool same_time(const struct tying *tying, guint32 a, guint32 b)
{
	gint64 x = committed(tying, a), y = committed(tying, b);

	return instant_is_plausible(x) && instant_is_plausible(y) &&
	       ABS(x - y) <= REBASE_SPAN;
}

/* A rebase writes its commits anew, one after another, onto the base. A squash, where the
 * source tells one, is a single commit. */
static void tie_rebased(struct tying *tying, guint32 i)
{
	const struct tie_change *change = &tying->changes[i];
	guint32 pos = change->sha;

	if (change->squash != GRAPH_NONE || !is_own(tying, pos, i))
		return;
	while (graph_n_parents(tying->graph, pos) == 1) {
		pos = graph_first_parent(tying->graph, pos);
		if (graph_n_parents(tying->graph, pos) > 1 ||
		    !same_time(tying, pos, change->sha))
			return;
		if (!claim(tying, pos, i, TIE_REBASE) && !is_own(tying, pos, i))
			return;
	}
}

/* ---- picks ---- */

static gint compare_picks(gconstpointer a, gconstpointer b)
{
	const struct tie_pick *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->commit > y->commit) - (x->commit < y->commit);
}

/* A commit that may be tied by a pick. */
struct candidate {
	guint32 commit, rank;
};

static gint compare_candidates(gconstpointer a, gconstpointer b)
{
	const struct candidate *x = a, *y = b;

	if (x->commit != y->commit)
		return x->commit < y->commit ? -1 : 1;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

static void add_candidate(const struct tying *tying, const struct tie_pick *pick,
			  GArray *candidates)
{
	struct candidate candidate = { pick->commit, 0 };

	if (tying->tied[pick->commit])
		return;
	candidate.rank = tying->rank[change_of(tying, pick->from)];
	g_array_append_val(candidates, candidate);
}

/* The picks of those tied last, from the first of ties on. */
static void add_picks_of(const struct tying *tying, guint first, const GArray *picks,
			 GArray *candidates)
{
	for (guint i = first; i < tying->ties->len; i++) {
		guint32 from = g_array_index(tying->ties, struct tie, i).commit;
		guint low = 0, high = picks->len;

		while (low < high) {
			guint middle = low + (high - low) / 2;

			if (g_array_index(picks, struct tie_pick, middle).from < from)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < picks->len &&
		       g_array_index(picks, struct tie_pick, low).from == from;
		     low++)
			add_candidate(tying, &g_array_index(picks, struct tie_pick, low),
				      candidates);
	}
}

/* Round by round: picks of tied commits, picks of those, … */
static void tie_picked(struct tying *tying, const struct tie_pick *given, gsize n)
{
	g_autoptr(GArray) picks = g_array_new(FALSE, FALSE, sizeof(struct tie_pick));
	g_autoptr(GArray)
		candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));

	for (gsize i = 0; i < n; i++)
		if (given[i].commit != GRAPH_NONE && given[i].from != GRAPH_NONE)
			g_array_append_val(picks, given[i]);
	g_array_sort(picks, compare_picks);
	for (guint i = 0; i < picks->len; i++) {
		const struct tie_pick *pick = &g_array_index(picks, struct tie_pick, i);

		if (tying->tied[pick->from])
			add_candidate(tying, pick, candidates);
	}
	while (candidates->len > 0) {
		guint first = tying->ties->len;

		g_array_sort(candidates, compare_candidates);
		for (guint i = 0; i < candidates->len; i++) {
			const struct candidate *candidate = &g_array_index(
				candidates, struct candidate, i);

			claim(tying, candidate->commit, tying->order[candidate->rank],
			      TIE_CHERRY_PICK);
		}
		g_array_set_size(candidates, 0);
		add_picks_of(tying, first, picks, candidates);
	}
}

static gint compare_ties(gconstpointer a, gconstpointer b)
{
	const struct tie *x = a, *y = b;

	return (x->commit > y->commit) - (x->commit < y->commit);
}

GArray *changes_tie(const struct graph *graph, const struct commit_times *times,
		    const struct tie_change *changes, guint n_changes,
		    const struct tie_pick *picks, gsize n_picks)
{
	static void (*const steps[])(struct tying * tying, guint32 i) = {
		tie_named,
		tie_merged,
		tie_rebased,
	};
	g_autofree guint32 *order = g_new(guint32, (gsize)n_changes + 1);
	g_autofree guint32 *rank = g_new(guint32, (gsize)n_changes + 1);
	/* Zero pages from the system: those never touched cost nothing. */
	g_autofree guint32 *tied = g_new0(guint32, (gsize)graph->n + 1);
	struct tying tying = {
		.graph = graph,
		.times = times,
		.changes = changes,
		.n_changes = n_changes,
		.order = order,
		.rank = rank,
		.tied = tied,
		.ties = g_array_new(FALSE, FALSE, sizeof(struct tie)),
	};

	put_in_order(&tying);
	for (gsize step = 0; step < G_N_ELEMENTS(steps); step++)
		for (guint32 i = 0; i < n_changes; i++)
			steps[step](&tying, order[i]);
	tie_picked(&tying, picks, n_picks);
	g_array_sort(tying.ties, compare_ties);
	return tying.ties;
}
