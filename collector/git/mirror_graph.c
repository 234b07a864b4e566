#include "base/error.h"
#include "collector/git/commit_graph_file.h"
#include "collector/git/commit_stream.h"
#include "collector/git/git_child.h"

/* More than the heads of any repository that git itself can handle. */
#define HEADS_MAX (256 << 20)

static struct mirror_graph *graph_new(bool shallow)
{
	struct mirror_graph *graph = g_new0(struct mirror_graph, 1);

	graph->shallow = shallow;
	graph->owned = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	return graph;
}

void mirror_graph_free(struct mirror_graph *graph)
{
	if (!graph)
		return;
	g_ptr_array_unref(graph->owned);
	g_free(graph);
}

/* The commits that branches point to, one hexadecimal name a line. */
static GBytes *list_heads(struct mirror *mirror, GError **error)
{
	static const char *const args[] = { "for-each-ref", "--format=%(objectname)",
					    "refs/heads", NULL };
	struct git_call call = { .args = args, .stdin_fd = -1 };

	return git_output(mirror, &call, HEADS_MAX, error);
}

/* True if the graph has all heads: the file was written after the last fetch. Tags are
 * not looked at: what they point to would have to be read first, and the file is never
 * brought up to date for one without the other. */
static bool has_heads(const struct graph *graph, GBytes *heads)
{
	gsize n;
	const char *line = g_bytes_get_data(heads, &n);
	const char *end = n ? line + n : line;
	struct oid oid;

	while (line != end) {
		const char *line_end = memchr(line, '\n', (gsize)(end - line));

		if (!line_end)
			line_end = end;
		if (!oid_parse(line, (gsize)(line_end - line), &oid) ||
		    graph_find(graph, &oid) == GRAPH_NONE)
			return false;
		line = line_end == end ? end : line_end + 1;
	}
	return true;
}

/* Has git write the file from nothing; without a file where there are no commits. */
static bool write_file(struct mirror *mirror, const char *objects_dir, GError **error)
{
	static const char *const args[] = { "commit-graph", "write", "--reachable",
					    NULL };
	struct git_call call = { .args = args, .stdin_fd = -1 };

	commit_graph_remove(objects_dir);
	return git_run(mirror, &call, error);
}

/* The graph from the file, written anew if it is damaged, stale or missing; NULL without
 * an error if that does not help. */
static struct mirror_graph *load_file(struct mirror *mirror, GError **error)
{
	g_autofree char *objects = g_build_filename(mirror->dir, "objects", NULL);
	g_autoptr(GBytes) heads = list_heads(mirror, error);

	if (!heads)
		return NULL;
	for (int attempt = 0; attempt < 2; attempt++) {
		_cleanup_(mirror_graph_freep) struct mirror_graph *graph = graph_new(
			false);
		g_autoptr(GError) failure = NULL;

		if (attempt && !write_file(mirror, objects, &failure)) {
			if (g_error_matches(failure, DORA_ERROR, DORA_ERROR_DATA))
				break;
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
		if (commit_graph_read(objects, &graph->graph, graph->owned, NULL) ==
			    COMMIT_GRAPH_GOOD &&
		    has_heads(&graph->graph, heads))
			return g_steal_pointer(&graph);
	}
	commit_graph_remove(objects); /* nor shall it mislead git */
	return NULL;
}

struct mirror_graph *mirror_graph_load(struct mirror *mirror, GError **error)
{
	g_autofree char *cut = g_build_filename(mirror->dir, "shallow", NULL);
	bool shallow = g_file_test(cut, G_FILE_TEST_EXISTS);
	_cleanup_(mirror_graph_freep) struct mirror_graph *graph = NULL;
	g_autoptr(GError) failure = NULL;

	/* Git neither writes nor reads a file for shallow repositories. */
	graph = shallow ? NULL : load_file(mirror, &failure);
	if (failure) {
		g_propagate_prefixed_error(error, g_steal_pointer(&failure),
					   "commit graph: ");
		return NULL;
	}
	if (graph)
		return g_steal_pointer(&graph);
	graph = graph_new(shallow);
	if (!commit_stream_read(mirror, shallow, &graph->graph, graph->owned, error)) {
		g_prefix_error(error, "commit graph: ");
		return NULL;
	}
	return g_steal_pointer(&graph);
}
