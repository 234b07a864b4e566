/* Mirrors, polls and path globs against git's own commands, over smart HTTP on loopback
 * and from a path. Runs under tests/rigs/with_remotes. */
#include <math.h>
#include <string.h>

#include "collector/git/mirror.h"
#include "tests/bench/history.h"

#define POLLS 7
#define FOLDERS 16

struct place {
	const char *name;
	char *url, *ca;
	char *git; /* the comparator's, with what it needs to get there */
};

static struct config_git source_of(const struct place *place, char *name)
{
	return (struct config_git){ .name = name,
				    .url = place->url,
				    .ca_file = place->ca,
				    .allow_file = true,
				    .timeout_us = 600 * G_USEC_PER_SEC };
}

static struct mirror *open_mirror(struct bench *bench, const struct config_git *git,
				  bool trees)
{
	g_autofree char *cache = g_build_filename(bench->dir, "cache", NULL);
	const struct mirror_options options = { .cache_dir = cache,
						.git = git,
						.trees = trees };
	g_autoptr(GError) error = NULL;
	struct mirror *mirror = mirror_open(&options, &error);

	bench_need(bench, mirror != NULL, error, "mirror_open");
	return mirror;
}

static double fetch(struct bench *bench, const struct config_git *git, bool trees)
{
	_cleanup_(mirror_closep) struct mirror *mirror = open_mirror(bench, git, trees);
	g_autoptr(GError) error = NULL;
	double start = bench_now();

	bench_need(bench, mirror_fetch(mirror, NULL, &error), error, "mirror_fetch");
	return bench_now() - start;
}

static double list(struct bench *bench, const struct config_git *git)
{
	_cleanup_(mirror_closep) struct mirror *mirror = open_mirror(bench, git, false);
	double seconds[POLLS];

	for (guint i = 0; i < POLLS; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *digest = NULL;
		double start = bench_now();

		bench_need(bench, mirror_list(mirror, &digest, &error), error,
			   "mirror_list");
		seconds[i] = bench_now() - start;
	}
	return bench_median(seconds, POLLS);
}

static double size_of(struct bench *bench, const char *path)
{
	g_autofree char *text = NULL;

	bench_sh(bench, &text, "du -sb --apparent-size '%s' | cut -f1", path);
	return g_ascii_strtod(text, NULL);
}

static void compare_place(struct bench *bench, const struct place *place)
{
	g_autofree char *list_command = g_strdup_printf(
		"%s ls-remote --heads --tags %s >/dev/null", place->git, place->url);
	g_autofree char *name = g_strdup_printf("bench-%s", place->name);
	g_autofree char *mirror = g_strdup_printf("cache/git/%s.git", name);
	g_autofree char *graph = g_strconcat(mirror, "/objects/info/commit-graphs", NULL);
	const struct config_git git = source_of(place, name);
	double ours[3], theirs[3];

	for (guint i = 0; i < G_N_ELEMENTS(ours); i++) {
		bench_sh(bench, NULL, "rm -rf clone '%s'", mirror);
		theirs[i] = bench_sh(bench, NULL,
				     "%s clone -q --bare --filter=tree:0 %s clone",
				     place->git, place->url);
		ours[i] = fetch(bench, &git, false);
	}
	const struct bench_row rows[] = {
		{ "first mirror / `git clone --bare --filter=tree:0`",
		  bench_median(ours, 3), bench_median(theirs, 3), "s", BENCH_AT_MOST,
		  1.1 },
		{ "  size on disk", size_of(bench, mirror), size_of(bench, "clone"), "B",
		  BENCH_AT_MOST, 1.1 },
		{ "  without the commit-graph, which a clone has not",
		  size_of(bench, mirror) - size_of(bench, graph), size_of(bench, "clone"),
		  "B", BENCH_INFO, 0 },
		{ "no-op poll / `git ls-remote --heads --tags`", list(bench, &git),
		  bench_sh_median(bench, POLLS, list_command), "s", BENCH_AT_MOST, 1.2 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		bench_print(bench, &rows[i]);
}

static void remote(struct bench *bench, const struct history_shape *shape)
{
	const char *rig = g_getenv("RIG_DIR"), *port = g_getenv("RIG_HTTPS");
	g_autofree char *ca = g_build_filename(rig, "ca.crt", NULL);
	struct place http = { "http", NULL, ca, NULL },
		     file = { "file", NULL, NULL, NULL };

	history_write(bench, shape, "remote");
	bench_sh(bench, NULL, "ln -sfn \"$PWD/remote\" '%s/repos/bench.git'", rig);
	http.url = g_strdup_printf("https://localhost:%s/open/bench.git", port);
	http.git = g_strdup_printf("git -c http.sslCAInfo=%s", ca);
	file.url = g_strdup_printf("file://%s/remote", bench->dir);
	file.git = g_strdup("git");
	bench_heading("Mirror over smart HTTP, loopback: %s, %u commits, %u tags",
		      shape->name, shape->n_commits, shape->n_deployments);
	compare_place(bench, &http);
	bench_heading("Mirror from a path: the same");
	compare_place(bench, &file);
	bench_sh(bench, NULL, "rm -rf remote clone '%s/repos/bench.git'", rig);
	g_free(http.url);
	g_free(http.git);
	g_free(file.url);
	g_free(file.git);
}

/* ---- path globs ---- */

static bool count_hit(guint32 pos, guint set, void *user, GError **error)
{
	gsize *hits = user;

	(void)pos;
	(void)error;
	hits[set]++;
	return true;
}

static double match(struct bench *bench, struct mirror *mirror, const struct graph *graph,
		    guint n_sets, gsize *hits)
{
	g_autofree guint32 *positions = g_new(guint32, graph->n);
	static const char *const globs[][1] = {
		{ "services/s0/**" }, { "services/s1/**" }, { "services/s2/**" },
		{ "services/s3/**" }, { "services/s4/**" }, { "services/s5/**" },
		{ "services/s6/**" }, { "services/s7/**" },
	};
	struct mirror_paths sets[8];
	g_autoptr(GError) error = NULL;
	double start = bench_now();

	for (guint i = 0; i < 8; i++)
		sets[i] = (struct mirror_paths){ globs[i], 1 };
	for (guint32 i = 0; i < graph->n; i++)
		positions[i] = i;
	memset(hits, 0, 8 * sizeof(gsize));
	bench_need(bench,
		   mirror_match_paths(mirror, graph, positions, graph->n, sets, n_sets,
				      count_hit, hits, &error),
		   error, "mirror_match_paths");
	return bench_now() - start;
}

static void paths(struct bench *bench, const struct history_shape *shape)
{
	struct place file = { "file", NULL, NULL, NULL };
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = NULL;
	_cleanup_(mirror_closep) struct mirror *mirror = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *counted = NULL;
	char name[] = "bench-paths";
	gsize hits[8], one_hits;
	double log = 0;

	history_write(bench, shape, "monorepo");
	bench_sh(bench, NULL,
		 "git -C monorepo commit-graph write --reachable --changed-paths");
	file.url = g_strdup_printf("file://%s/monorepo", bench->dir);
	const struct config_git git = source_of(&file, name);
	fetch(bench, &git, true);
	mirror = open_mirror(bench, &git, true);
	graph = mirror_graph_load(mirror, &error);
	bench_need(bench, graph != NULL, error, "mirror_graph_load");
	const double one = match(bench, mirror, &graph->graph, 1, hits);
	one_hits = hits[0];
	const double eight = match(bench, mirror, &graph->graph, 8, hits);
	for (guint i = 0; i < 8; i++)
		log += bench_sh(bench, NULL,
				"git -C monorepo log --full-history --format=%%H "
				"-- services/s%u >out%u",
				i, i);
	bench_sh(bench, &counted, "wc -l <out0");
	bench_heading("Path globs: %s, %u commits, %u folders of 128 files", shape->name,
		      graph->graph.n, shape->folders);
	const struct bench_row rows[] = {
		{ "one set / `git log --full-history -- PATH`, changed-path filters", one,
		  log / 8, "s", BENCH_FASTER, 1 },
		{ "eight sets, per set / the same, per path", eight / 8, log / 8, "s",
		  BENCH_FASTER, 1 },
		{ "one set, per commit", one / graph->graph.n, NAN, "s", BENCH_INFO, 0 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		bench_print(bench, &rows[i]);
	bench_note("%zu commits touch the first path; git says %s", one_hits, counted);
	g_free(file.url);
}

int main(void)
{
	struct history_shape samba = history_samba, vim = history_vim;
	struct history_shape mono = { "monorepo", 10000, 100, 50, 8, FOLDERS };
	struct bench bench;

	bench_begin(&bench, "mirror");
	if (!g_getenv("RIG_DIR"))
		bench_fail(&bench, "start this with tests/rigs/with_remotes");
	if (!bench.full)
		samba.n_commits = 50000;
	else
		mono.n_commits = 80000;
	remote(&bench, &samba);
	remote(&bench, &vim);
	paths(&bench, &mono);
	return bench_end(&bench);
}
