/*
 * Finds the segmenter the changes that were put into synthetic series? Both versions
 * beside plain binary segmentation with the criterion that its users get without asking,
 * and how long they take. Scores are those of G. J. J. van den Burg, C. K. I. Williams,
 * "An Evaluation of Change Point Detection Algorithms", arXiv:2003.06222 (2020): F1 with
 * a margin of 5, where the start of the series counts as a change that everybody finds,
 * and the covering of the true stretches by those that were found.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metrics/segment.h"
#include "metrics/segment_inside.h"
#include "tests/bench/bench.h"

#define MARGIN 5
#define N_MAX 1000
#define TRUE_MAX 8

enum method { FULL, LIGHT, SPLITS, N_METHODS };

/* n points with changes at even distances, moved by a tenth; a change is by step standard
 * deviations of the noise, up or down. */
static const struct kind {
	const char *what;
	guint n, n_changes;
	double step, slope, keeps, outliers;
	bool logarithms; /* values are exp() of it */
} kinds[] = {
	{ "noise", .n = 104 },
	{ "noise that keeps 0.4 of itself", .n = 104, .keeps = 0.4 },
	{ "a trend", .n = 104, .slope = 0.04 },
	{ "one change of 1.5 sd", .n = 104, .n_changes = 1, .step = 1.5 },
	{ "one change of 3 sd", .n = 104, .n_changes = 1, .step = 3 },
	{ "one change of 3 sd in a year", .n = 52, .n_changes = 1, .step = 3 },
	{ "three changes of 3 sd", .n = 156, .n_changes = 3, .step = 3 },
	{ "eight changes of 5 sd", .n = 260, .n_changes = 8, .step = 5 },
	{ "two of 3 sd, noise keeps 0.4", .n = 156, .n_changes = 2, .step = 3,
	  .keeps = 0.4 },
	{ "two of 3 sd, outliers of 20 sd", .n = 156, .n_changes = 2, .step = 3,
	  .outliers = 0.03 },
	{ "two of 3 sd on a trend", .n = 156, .n_changes = 2, .step = 3, .slope = 0.04 },
	{ "two of 3 sd, log-normal", .n = 156, .n_changes = 2, .step = 3,
	  .logarithms = true },
};

struct made {
	double values[N_MAX];
	guint starts[TRUE_MAX + 1]; /* of the true stretches, 0 first */
	guint n_starts;
};

static double normal(GRand *rand)
{
	return sqrt(-2 * log(1 - g_rand_double(rand))) *
	       cos(2 * G_PI * g_rand_double(rand));
}

static void make(const struct kind *kind, guint32 seed, struct made *made)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	double level = 0, noise = 0, length = kind->n / (double)(kind->n_changes + 1);

	made->n_starts = 1;
	made->starts[0] = 0;
	for (guint i = 1; i <= kind->n_changes; i++)
		made->starts[made->n_starts++] =
			(guint)(length * (i + g_rand_double_range(rand, -0.1, 0.1)));
	for (guint i = 0, next = 1; i < kind->n; i++) {
		double value;

		if (next < made->n_starts && made->starts[next] == i) {
			level += g_rand_boolean(rand) ? kind->step : -kind->step;
			next++;
		}
		noise = kind->keeps * noise +
			sqrt(1 - kind->keeps * kind->keeps) * normal(rand);
		value = level + kind->slope * i + noise;
		if (g_rand_double(rand) < kind->outliers)
			value += 20;
		made->values[i] = kind->logarithms ? exp(value / 2) : value;
	}
}

/* The starts of the stretches that a method finds, 0 first. */
static GArray *find(enum method method, const double *values, guint n)
{
	GArray *starts = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree double *z = g_new(double, n);
	const guint first = 0;

	g_array_append_val(starts, first);
	if (method == SPLITS) {
		if (segment_clean(values, n, false, z))
			segment_split(z, n, starts);
	} else {
		g_autoptr(GArray) changes = segment_changes(values, n, method == LIGHT);

		g_array_append_vals(starts, changes->data, changes->len);
	}
	return starts;
}

static int compare(gconstpointer a, gconstpointer b)
{
	guint x = *(const guint *)a, y = *(const guint *)b;

	return (x > y) - (x < y);
}

/* Each true start is found at most once, by the first that is near. */
static double f1(const struct made *made, const GArray *found)
{
	guint n_true = 0;
	bool used[N_MAX] = { false };

	for (guint i = 0; i < made->n_starts; i++)
		for (guint j = 0; j < found->len; j++) {
			guint at = g_array_index(found, guint, j);

			if (used[j] ||
			    MAX(at, made->starts[i]) - MIN(at, made->starts[i]) > MARGIN)
				continue;
			used[j] = true;
			n_true++;
			break;
		}
	return 2.0 * n_true / (made->n_starts + found->len);
}

static double cover(const struct made *made, const GArray *found, guint n)
{
	double sum = 0;

	for (guint i = 0; i < made->n_starts; i++) {
		guint from = made->starts[i];
		guint to = i + 1 < made->n_starts ? made->starts[i + 1] : n;
		double best = 0;

		for (guint j = 0; j < found->len; j++) {
			guint a = g_array_index(found, guint, j);
			guint b = j + 1 < found->len ? g_array_index(found, guint, j + 1)
						     : n;
			double both = MAX(0.0, (double)MIN(b, to) - (double)MAX(a, from));
			double either = (double)MAX(b, to) - (double)MIN(a, from);

			best = MAX(best, both / either);
		}
		sum += (to - from) * best;
	}
	return sum / n;
}

static void score(const struct kind *kind, guint n_series, double scores[N_METHODS][2])
{
	struct made made;

	memset(scores, 0, sizeof(double[N_METHODS][2]));
	for (guint seed = 0; seed < n_series; seed++) {
		make(kind, seed, &made);
		for (guint m = 0; m < N_METHODS; m++) {
			g_autoptr(GArray) found = find(m, made.values, kind->n);

			g_array_sort(found, compare);
			scores[m][0] += f1(&made, found) / n_series;
			scores[m][1] += cover(&made, found, kind->n) / n_series;
		}
	}
}

static void print_scores(const char *what, double scores[N_METHODS][2])
{
	printf("%-40s", what);
	for (guint m = 0; m < N_METHODS; m++)
		printf("  %6.3f %6.3f", scores[m][0], scores[m][1]);
	printf("\n");
	fflush(stdout);
}

static void compare_methods(guint n_series)
{
	double scores[N_METHODS][2], means[N_METHODS][2] = { { 0 } };

	printf("\nF1 (margin %d) and covering, means of %u series a line\n%-40s  "
	       "%13s  %13s  %13s\n",
	       MARGIN, n_series, "", "five voters", "light", "binary");
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		score(&kinds[i], n_series, scores);
		print_scores(kinds[i].what, scores);
		for (guint m = 0; m < N_METHODS; m++)
			for (guint s = 0; s < 2; s++)
				means[m][s] += scores[m][s] / G_N_ELEMENTS(kinds);
	}
	print_scores("mean", means);
}

static double seconds_of(enum method method, guint n)
{
	const struct kind kind = { .n = n, .n_changes = 3, .step = 3 };
	struct made made;
	double seconds[9];

	make(&kind, 1, &made);
	for (gsize i = 0; i < G_N_ELEMENTS(seconds); i++) {
		double start = bench_now();

		g_array_unref(find(method, made.values, n));
		seconds[i] = bench_now() - start;
	}
	return bench_median(seconds, G_N_ELEMENTS(seconds));
}

int main(void)
{
	static const guint lengths[] = { 100, 400, 1000 };
	struct bench bench;

	bench_begin(&bench, "segments");
	compare_methods(bench.full ? 1000 : 100);
	bench_heading("Time per series (other: light)");
	for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autofree char *what = g_strdup_printf("%u points", lengths[i]);

		bench_print(&bench,
			    &(struct bench_row){ what, seconds_of(FULL, lengths[i]),
						 seconds_of(LIGHT, lengths[i]), "s",
						 BENCH_VALUE, 0.1 });
	}
	return bench_end(&bench);
}
