#include "tests/bench/history.h"

#include <stdio.h>
#include <string.h>

#define LANES_MAX 64
#define EPOCH 1100000000
#define STEP 300 /* seconds from one commit to the next */

/* Sizes and merge shares are those of the real ones. */
const struct history_shape history_linux = { "linux-sized", 1300000, 900, 70, 32, 0 };
const struct history_shape history_samba = { "samba-like", 294000, 1205, 10, 8, 0 };
const struct history_shape history_vim = { "vim-like", 24000, 19877, 0, 1, 0 };

static guint64 next_random(guint64 *state)
{
	guint64 z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct making {
	void (*visit)(const struct history_commit *commit, void *user);
	void *user;
	guint64 random;
	guint32 next;
	guint32 lanes[LANES_MAX]; /* tips */
};

/* Adds a commit to a lane, a merge of another if that is not the same. */
static void add(struct making *making, guint lane, guint other, bool deployed)
{
	struct history_commit commit = {
		.number = making->next,
		.committed = EPOCH + (gint64)making->next * STEP,
		.random = (guint)(next_random(&making->random) >> 33),
		.deployed = deployed,
	};

	if (making->next > 0)
		commit.parents[commit.n_parents++] = making->lanes[lane];
	if (other != lane && making->lanes[other] != making->lanes[lane])
		commit.parents[commit.n_parents++] = making->lanes[other];
	making->visit(&commit, making->user);
	making->lanes[lane] = making->next++;
	if (other != lane)
		making->lanes[other] = making->lanes[lane]; /* a new branch */
}

void history_each(const struct history_shape *shape,
		  void (*visit)(const struct history_commit *commit, void *user),
		  void *user)
{
	struct making making = { .visit = visit, .user = user, .random = 42 };
	guint32 left = shape->n_deployments - 2; /* but the last two */
	guint32 every = MAX(shape->n_commits / shape->n_deployments, 1);

	while (making.next < shape->n_commits) {
		guint64 random = next_random(&making.random);
		guint lane = shape->lanes > 1 ? (guint)(random >> 32) % shape->lanes : 0;
		bool due = left > 0 &&
			   making.next / every > shape->n_deployments - 2 - left;

		if (due)
			add(&making, 0, 0, true);
		else if (lane > 0 && (guint)(random & 0xffff) % 1000 < shape->merges)
			add(&making, 0, lane, false);
		else
			add(&making, lane, lane, false);
		left -= due;
	}
	for (guint lane = 1; lane < shape->lanes; lane++)
		add(&making, 0, lane, false);
	for (left++; left > 0; left--)
		add(&making, 0, 0, true);
	for (guint i = 1; i <= HISTORY_LAST; i++)
		add(&making, 0, 0, i == HISTORY_LAST);
}

/* ---- repositories ---- */

struct writing {
	FILE *out;
	const struct history_shape *shape;
	guint n_tags;
};

static void write_commit(const struct history_commit *commit, void *user)
{
	struct writing *writing = user;
	gint64 authored = commit->committed - commit->random % 259200;
	guint author = commit->random % 997;

	fprintf(writing->out,
		"commit refs/heads/main\nmark :%u\n"
		"author A <a%u@example.org> %" G_GINT64_FORMAT " +0000\n"
		"committer C <c@example.org> %" G_GINT64_FORMAT " +0000\ndata 2\nc\n",
		commit->number + 1, author, authored, commit->committed);
	for (guint i = 0; i < commit->n_parents; i++)
		fprintf(writing->out, "%s :%u\n", i ? "merge" : "from",
			commit->parents[i] + 1);
	if (writing->shape->folders > 0 && commit->n_parents < 2) {
		g_autofree char *text = g_strdup_printf("%u\n", commit->number);

		fprintf(writing->out, "M 644 inline services/s%u/d%u/f%u.c\ndata %zu\n%s",
			commit->random % writing->shape->folders, commit->random / 64 % 8,
			commit->random / 512 % 16, strlen(text), text);
	}
	fputc('\n', writing->out);
	if (commit->deployed)
		fprintf(writing->out, "reset refs/tags/v%08u\nfrom :%u\n\n",
			++writing->n_tags, commit->number + 1);
}

void history_write(struct bench *bench, const struct history_shape *shape,
		   const char *name)
{
	g_autofree char *stream = g_strdup_printf("%s/stream", bench->dir);
	struct writing writing = { .shape = shape };

	writing.out = fopen(stream, "we");
	if (!writing.out)
		bench_fail(bench, "%s: %m", stream);
	history_each(shape, write_commit, &writing);
	if (fclose(writing.out) != 0)
		bench_fail(bench, "%s: %m", stream);
	bench_sh(bench, NULL,
		 "git init -q --bare '%s' && cd '%s' && "
		 "git symbolic-ref HEAD refs/heads/main && "
		 "git config uploadpack.allowFilter true && "
		 "git fast-import --quiet --force <'%s' && rm '%s' && "
		 "git pack-refs --all && git commit-graph write --reachable",
		 name, name, stream, stream);
}

guint32 *history_tags(struct bench *bench, const char *name, const struct graph *graph,
		      gsize *n)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint32 *steps;

	bench_sh(bench, &text,
		 "git -C '%s' for-each-ref --format='%%(objectname)' refs/tags", name);
	lines = g_strsplit(text, "\n", 0);
	*n = g_strv_length(lines);
	steps = g_new(guint32, *n);
	for (gsize i = 0; i < *n; i++) {
		struct oid oid;

		steps[i] = oid_parse(lines[i], strlen(lines[i]), &oid)
				   ? graph_find(graph, &oid)
				   : GRAPH_NONE;
		if (steps[i] == GRAPH_NONE)
			bench_fail(bench, "%s is not in the graph", lines[i]);
	}
	return steps;
}

/* ---- graphs in memory ---- */

struct building {
	GArray *commits; /* of struct graph_commit */
	GArray *parents; /* of guint32 numbers */
	GArray *deployed;
};

static struct oid made_up(guint32 number)
{
	guint64 state = number;
	struct oid oid = { .len = 20 };

	for (gsize at = 0; at < 20; at += 4) {
		guint64 random = next_random(&state);

		memcpy(oid.id + at, &random, 4);
	}
	return oid;
}

static void collect(const struct history_commit *commit, void *user)
{
	struct building *building = user;
	struct graph_commit row = { .oid = made_up(commit->number),
				    .n_parents = commit->n_parents,
				    .committed = commit->committed };

	g_array_append_val(building->commits, row);
	for (guint i = 0; i < commit->n_parents; i++)
		g_array_append_val(building->parents, commit->parents[i]);
	if (commit->deployed)
		g_array_append_val(building->deployed, commit->number);
}

void history_build(struct bench *bench, const struct history_shape *shape,
		   struct history_graph *history)
{
	struct building building = {
		.commits = g_array_new(FALSE, FALSE, sizeof(struct graph_commit)),
		.parents = g_array_new(FALSE, FALSE, sizeof(guint32)),
		.deployed = g_array_new(FALSE, FALSE, sizeof(guint32)),
	};
	g_autoptr(GError) error = NULL;
	g_autofree struct oid *oids = NULL;
	struct graph_commit *commits;
	guint next = 0;

	*history = (struct history_graph){ 0 };
	history_each(shape, collect, &building);
	commits = (struct graph_commit *)(void *)building.commits->data;
	oids = g_new(struct oid, building.parents->len + 1);
	for (guint i = 0; i < building.parents->len; i++)
		oids[i] = commits[g_array_index(building.parents, guint32, i)].oid;
	for (guint i = 0; i < building.commits->len; i++) {
		commits[i].parents = oids + next;
		next += commits[i].n_parents;
	}
	history->layer = graph_append(&history->graph, commits, building.commits->len,
				      &error);
	bench_need(bench, history->layer != NULL, error, "graph_append");
	history->n_steps = building.deployed->len;
	history->steps = g_new(guint32, history->n_steps);
	for (gsize i = 0; i < history->n_steps; i++)
		history->steps[i] = graph_find(
			&history->graph,
			&commits[g_array_index(building.deployed, guint32, i)].oid);
	g_array_unref(building.commits);
	g_array_unref(building.parents);
	g_array_unref(building.deployed);
}

void history_graph_clear(struct history_graph *history)
{
	g_free(history->layer);
	g_free(history->steps);
	*history = (struct history_graph){ 0 };
}
