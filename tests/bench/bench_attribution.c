/* Attribution against git, on histories like those of well-known projects. */
#include <fcntl.h>
#include <malloc.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "collector/git/commit_graph_file.h"
#include "metrics/attribution.h"
#include "tests/bench/history.h"

#define ROUNDS 5
#define PAIRS_MAX 40 /* of `git log A..B`; more is extrapolated */

struct mapped {
	struct graph graph;
	GPtrArray *owned;
};

static void map(struct bench *bench, const char *objects, struct mapped *mapped)
{
	g_autoptr(GError) error = NULL;

	*mapped = (struct mapped){ .owned = g_ptr_array_new_with_free_func(
					   (GDestroyNotify)g_bytes_unref) };
	bench_need(bench,
		   commit_graph_read(objects, &mapped->graph, mapped->owned, &error) ==
			   COMMIT_GRAPH_GOOD,
		   error, "commit-graph");
}

/* Seconds to read the file from beginning to end, nothing else. */
static double read_once(struct bench *bench, const char *objects)
{
	g_autofree char *path = g_strdup_printf("%s/info/commit-graph", objects);
	g_autofree char *buffer = g_malloc(1 << 20);
	double start = bench_now();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gssize n;

	if (fd < 0)
		bench_fail(bench, "%s: %m", path);
	while ((n = read(fd, buffer, 1 << 20)) > 0)
		;
	close(fd);
	return bench_now() - start;
}

static double attribute(const struct graph *graph, const guint32 *steps, gsize n)
{
	double seconds[ROUNDS];

	for (guint i = 0; i < ROUNDS; i++) {
		_cleanup_(attribution_clear) struct attribution result = { 0 };
		double start = bench_now();

		attribution_run(graph, steps, n, GRAPH_NONE, &result);
		seconds[i] = bench_now() - start;
	}
	return bench_median(seconds, ROUNDS);
}

static double attribute_last(struct bench *bench, const struct graph *graph,
			     const guint32 *steps, gsize n)
{
	double seconds[ROUNDS];

	for (guint i = 0; i < ROUNDS; i++) {
		enum rollout_kind kind;
		double start = bench_now();
		GArray *commits = attribution_next(graph, steps, n - 1, false,
						   steps[n - 1], &kind);

		seconds[i] = bench_now() - start;
		if (commits->len != HISTORY_LAST || kind != ROLLOUT_NORMAL)
			bench_fail(bench, "the last deployment shipped %u commits",
				   commits->len);
		g_array_unref(commits);
	}
	return bench_median(seconds, ROUNDS);
}

/* `git log A..B` of every pair, or of some of them. */
static double log_pairs(struct bench *bench, const char *name, gsize n, gsize *n_done)
{
	gsize every = MAX((n - 1 + PAIRS_MAX - 1) / PAIRS_MAX, 1);
	double seconds = 0;

	*n_done = 0;
	for (gsize i = 1; i < n; i += every, ++*n_done)
		seconds += bench_sh(bench, NULL,
				    "git -C %s log --format='%%H %%at %%ct' "
				    "v%08zu..v%08zu >/dev/null",
				    name, i, i + 1);
	return seconds / (double)*n_done * (double)(n - 1);
}

static void compare(struct bench *bench, const struct history_shape *shape)
{
	g_autofree char *objects = g_strdup_printf("%s/%s/objects", bench->dir,
						   shape->name);
	g_autofree char *walk = g_strdup_printf(
		"git -C %s rev-list --parents --tags >/dev/null", shape->name);
	g_autofree char *fresh = g_strdup_printf(
		"git -C %s rev-list --stdin <%s.revs >/dev/null", shape->name,
		shape->name);
	g_autofree guint32 *steps = NULL;
	double read[ROUNDS], load[ROUNDS], run, last, pairs;
	gsize n, n_done, before, peak;
	struct mapped mapped;

	history_write(bench, shape, shape->name);
	for (guint i = 0; i < ROUNDS; i++)
		read[i] = read_once(bench, objects);
	map(bench, objects, &mapped);
	steps = history_tags(bench, shape->name, &mapped.graph, &n);
	g_ptr_array_unref(mapped.owned);
	malloc_trim(0);
	bench_peak_reset();
	before = bench_resident();
	for (guint i = 0; i < ROUNDS; i++) {
		double start = bench_now();

		if (i)
			g_ptr_array_unref(mapped.owned);
		map(bench, objects, &mapped);
		load[i] = bench_now() - start;
	}
	run = attribute(&mapped.graph, steps, n);
	peak = bench_peak();
	last = attribute_last(bench, &mapped.graph, steps, n);
	bench_sh(bench, NULL,
		 "(echo v%08zu; git -C %s for-each-ref --format='^%%(refname)' refs/tags"
		 " | head -n -1) >%s.revs",
		 n, shape->name, shape->name);
	bench_heading("Attribution, %s: %u commits, %zu deployments", shape->name,
		      mapped.graph.n, n);
	const double file = bench_median(read, ROUNDS),
		     map_s = bench_median(load, ROUNDS);
	pairs = log_pairs(bench, shape->name, n, &n_done);
	const bool many = n > 10000;
	const double listed = bench_sh_median(bench, 3, fresh);
	const struct bench_row rows[] = {
		{ "all deployments / reading the commit-graph file", run, file, "s",
		  BENCH_AT_MOST, 20 },
		{ "  with mapping and validating it", run + map_s, file, "s", BENCH_INFO,
		  0 },
		{ "all, mapping included / one `git rev-list`", run + map_s,
		  bench_sh_median(bench, 3, walk), "s", BENCH_FASTER, 8 },
		{ "all, mapping included / `git log A..B` for each", run + map_s, pairs,
		  "s", many ? BENCH_FASTER : BENCH_INFO, 1000 },
		{ "memory per commit, mapped file included",
		  (double)(peak - before) / mapped.graph.n, NAN, "B", BENCH_VALUE, 100 },
		{ "one new, 10 commits / `git rev-list NEW --not OLD...`", last, listed,
		  "s", BENCH_AT_MOST, 1.5 },
		{ "  with mapping and validating the file", last + map_s, listed, "s",
		  BENCH_AT_MOST, 1.5 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		bench_print(bench, &rows[i]);
	if (n_done < n - 1)
		bench_note("`git log` ran for %zu of %zu pairs, evenly spread; the time "
			   "is extrapolated",
			   n_done, n - 1);
	g_ptr_array_unref(mapped.owned);
}

/* Time per commit from 10^5 commits up, merges as in Linux. */
static void linearity(struct bench *bench)
{
	static const guint32 sizes[] = { 100000, 316228, 1000000, 3162278 };
	gsize n_sizes = bench->full ? 4 : 3;
	double low = INFINITY, high = 0, first_last = 0, last = 0;

	bench_heading("Attribution, linearity (graphs in memory, 900 deployments)");
	for (gsize i = 0; i < n_sizes; i++) {
		struct history_shape shape = history_linux;
		struct history_graph history;
		gsize before;
		double each;

		shape.n_commits = sizes[i];
		history_build(bench, &shape, &history);
		malloc_trim(0);
		bench_peak_reset();
		before = bench_resident();
		each = attribute(&history.graph, history.steps, history.n_steps) /
		       history.graph.n;
		const gsize used = bench_peak() - before;
		last = attribute_last(bench, &history.graph, history.steps,
				      history.n_steps);
		g_autofree char *what = g_strdup_printf("%u commits: per commit",
							history.graph.n);
		bench_print(bench,
			    &(struct bench_row){ what, each, NAN, "s", BENCH_INFO, 0 });
		bench_print(bench, &(struct bench_row){ "  memory beside the graph",
							(double)used / history.graph.n,
							NAN, "B", BENCH_INFO, 0 });
		bench_print(bench, &(struct bench_row){ "  one new, 10 commits", last,
							NAN, "s", BENCH_INFO, 0 });
		low = MIN(low, each);
		high = MAX(high, each);
		if (i == 0)
			first_last = last;
		history_graph_clear(&history);
	}
	bench_print(bench, &(struct bench_row){ "slowest / fastest, per commit", high,
						low, "s", BENCH_AT_MOST, 2 });
	bench_print(bench, &(struct bench_row){ "one new deployment, largest / smallest",
						last, first_last, "s", BENCH_INFO, 0 });
}

int main(void)
{
	struct history_shape shapes[] = { history_linux, history_samba, history_vim };
	struct bench bench;

	bench_begin(&bench, "attribution");
	for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
		if (!bench.full)
			shapes[i].n_commits = MIN(shapes[i].n_commits, 200000);
		compare(&bench, &shapes[i]);
	}
	linearity(&bench);
	return bench_end(&bench);
}
