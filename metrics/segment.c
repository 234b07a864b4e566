#include "metrics/segment.h"

#include <math.h>

#include "metrics/segment_inside.h"

/*
 * Five voters err in different ways; what three of them name is a change. Three choose
 * the number of changes by a criterion in the form of Schwarz's (Y.-C. Yao, "Estimating
 * the Number of Change-Points via Schwarz' Criterion", Stat. Probab. Lett. 6 (1988)
 * 181-189):
 *
 *   m ln(max(RSS / n, 1e-4)) + penalty p ln n,   p = k (1 + dim) + dim
 *
 * for k changes between stretches with dim parameters each. m is n, or the number of
 * independent values that say as much as n whose residuals are correlated by phi from one
 * to the next: n (1 - phi) / (1 + phi) (G. V. Bayley, J. M. Hammersley, "The 'Effective'
 * Number of Independent Observations in an Autocorrelated Time Series", J. R. Stat. Soc.
 * Suppl. 8 (1946) 184-197), at least 3. Penalties, floors and the vote were found by
 * experiment on annotated series.
 */
#define LEAST_VARIANCE 1e-4
#define LEAST_INDEPENDENT 3.0
#define LEAST_JUMP 1.0 /* standard deviations of the residuals */
#define WIDTH 5	       /* of a window of votes: from its first to its last */
#define MARGIN 2       /* points beside a change, whose votes are void */
#define VOTES 3
#define VOTES_LIGHT 2

enum voter { VOTER_EITHER, VOTER_LEVELS, VOTER_LINES, VOTER_SPLITS, VOTER_ONLINE };

static const struct criterion {
	enum voter voter;
	bool in_light;
	bool levels, lines;
	bool independent; /* m is the number of independent values */
	bool clear;	  /* fits with a smaller jump than LEAST_JUMP do not count */
	double penalty;
} criteria[] = {
	{ VOTER_EITHER, true, .levels = true, .lines = true, .penalty = 4 },
	{ VOTER_LEVELS, true, .levels = true, .independent = true, .clear = true,
	  .penalty = 4 },
	{ VOTER_LINES, false, .lines = true, .independent = true, .penalty = 2.5 },
};

struct vote {
	guint at;
	enum voter voter;
};

static void cast_votes(GArray *votes, enum voter voter, const guint *starts, guint n)
{
	for (guint i = 0; i < n; i++) {
		struct vote vote = { starts[i], voter };

		g_array_append_val(votes, vote);
	}
}

static double criterion_value(const struct criterion *criterion,
			      const struct segment_fit *fit, guint dim, double n)
{
	double p = fit->n_changes * (1 + dim) + dim;
	double m = n;

	if (criterion->clear && fit->least_jump < LEAST_JUMP * sqrt(fit->rss / n))
		return INFINITY;
	if (criterion->independent)
		m = MAX(LEAST_INDEPENDENT, n * (1 - fit->phi) / (1 + fit->phi));
	return m * log(MAX(fit->rss / n, LEAST_VARIANCE)) +
	       criterion->penalty * p * log(n);
}

/* The best fit of those the criterion looks at; levels and lines have most + 1 each.
 * Strictly less: of equal ones the first, levels before lines. */
static const struct segment_fit *best_fit(const struct criterion *criterion,
					  const struct segment_fit *levels,
					  const struct segment_fit *lines, guint most,
					  double n)
{
	const struct segment_fit *best = NULL;
	double least = INFINITY;

	for (guint dim = 1; dim <= 2; dim++) {
		const struct segment_fit *fits = dim == 1 ? levels : lines;

		if (!(dim == 1 ? criterion->levels : criterion->lines))
			continue;
		for (guint k = 0; k <= most; k++) {
			double value = criterion_value(criterion, &fits[k], dim, n);

			if (value < least) {
				least = value;
				best = &fits[k];
			}
		}
	}
	return best;
}

static void vote_by_criteria(const double *z, gsize n, bool light, GArray *votes)
{
	struct segment_fit levels[SEGMENT_CHANGES_MAX + 1];
	struct segment_fit lines[SEGMENT_CHANGES_MAX + 1];
	guint most = segment_most_changes(n);

	if (most == 0)
		return;
	segment_fit(z, n, SEGMENT_LEVEL, levels);
	segment_fit(z, n, SEGMENT_LINE, lines);
	for (gsize i = 0; i < G_N_ELEMENTS(criteria); i++) {
		const struct criterion *criterion = &criteria[i];
		const struct segment_fit *best;

		if (light && !criterion->in_light)
			continue;
		best = best_fit(criterion, levels, lines, most, (double)n);
		cast_votes(votes, criterion->voter, best->starts + 1, best->n_changes);
	}
}

static void vote_by_starts(const double *z, gsize n, enum voter voter,
			   void (*find)(const double *z, gsize n, GArray *starts),
			   GArray *votes)
{
	g_autoptr(GArray) starts = g_array_new(FALSE, FALSE, sizeof(guint));

	find(z, n, starts);
	cast_votes(votes, voter, (const guint *)(const void *)starts->data, starts->len);
}

static int compare_votes(gconstpointer a, gconstpointer b)
{
	const struct vote *x = a, *y = b;

	return x->at != y->at ? (x->at < y->at ? -1 : 1) : (int)x->voter - (int)y->voter;
}

/* Some votes that follow each other. */
struct window {
	guint first, n;
	guint n_voters;
};

/* The window that begins with a vote. */
static struct window window_from(const GArray *votes, guint first)
{
	guint at = g_array_index(votes, struct vote, first).at;
	struct window window = { .first = first };
	guint voters = 0;

	for (guint i = first; i < votes->len; i++) {
		const struct vote *vote = &g_array_index(votes, struct vote, i);

		if (vote->at > at + WIDTH)
			break;
		voters |= 1u << vote->voter;
		window.n++;
	}
	window.n_voters = (guint)__builtin_popcount(voters);
	return window;
}

/* The median of the indices, rounded down. */
static guint middle(const GArray *votes, const struct window *window)
{
	guint lower = window->first + (window->n - 1) / 2;
	guint upper = window->first + window->n / 2;

	return (g_array_index(votes, struct vote, lower).at +
		g_array_index(votes, struct vote, upper).at) /
	       2;
}

/* The votes that are near the window are void. */
static void drop_window(GArray *votes, const struct window *window)
{
	guint last = window->first + window->n - 1;
	guint from = g_array_index(votes, struct vote, window->first).at;
	guint to = g_array_index(votes, struct vote, last).at + MARGIN;
	guint kept = 0;

	from -= MIN(from, MARGIN);
	for (guint i = 0; i < votes->len; i++) {
		struct vote vote = g_array_index(votes, struct vote, i);

		if (vote.at < from || vote.at > to)
			g_array_index(votes, struct vote, kept++) = vote;
	}
	g_array_set_size(votes, kept);
}

static int compare_indices(gconstpointer a, gconstpointer b)
{
	guint x = *(const guint *)a, y = *(const guint *)b;

	return (x > y) - (x < y);
}

/* Empties votes. */
static void count_votes(GArray *votes, guint least_voters, GArray *changes)
{
	g_array_sort(votes, compare_votes);
	for (;;) {
		struct window best = { 0 };
		guint change;

		for (guint i = 0; i < votes->len; i++) {
			struct window window = window_from(votes, i);

			if (window.n_voters > best.n_voters)
				best = window;
		}
		if (best.n_voters < least_voters)
			break;
		change = middle(votes, &best);
		g_array_append_val(changes, change);
		drop_window(votes, &best);
	}
	g_array_sort(changes, compare_indices);
}

GArray *segment_changes(const double *values, gsize n, bool light)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) votes = g_array_new(FALSE, FALSE, sizeof(struct vote));
	g_autofree double *z = g_new(double, n);

	g_assert(n <= SEGMENT_MAX);
	if (!segment_clean(values, n, true, z))
		return changes;
	vote_by_criteria(z, n, light, votes);
	vote_by_starts(z, n, VOTER_SPLITS, segment_split, votes);
	if (!light)
		vote_by_starts(z, n, VOTER_ONLINE, segment_online, votes);
	count_votes(votes, light ? VOTES_LIGHT : VOTES, changes);
	return changes;
}
