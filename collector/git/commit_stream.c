#include "collector/git/commit_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "collector/git/git_child.h"
#include "collector/git/git_objects.h"

/* A line names a commit and its parents; git itself writes no merge near this wide. */
#define LINE_MAX_BYTES (1 << 20)

/* A commit that git shows without its parents, because the mirror ends here. */
struct boundary {
	struct oid oid;
	struct oid parents[G_N_ELEMENTS(((struct mirror_commit *)0)->parents)];
	guint n_parents;
};

struct stream {
	GArray *commits;  /* struct graph_commit; .parents is set at the end */
	GArray *parents;  /* struct oid, of all commits one after another */
	GArray *boundary; /* struct boundary, sorted by oid */
	GByteArray *part;
};

static int compare_boundary(const void *a, const void *b)
{
	const struct boundary *x = a, *y = b;

	return memcmp(x->oid.id, y->oid.id, OID_BYTES);
}

static bool garbled(GError **error)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
		    "git rev-list: unexpected line in its answer");
	return false;
}

static void add_cut_parents(struct stream *stream, struct graph_commit *commit)
{
	struct boundary key = { .oid = commit->oid };
	const struct boundary *boundary;

	if (!stream->boundary->len)
		return;
	boundary = bsearch(&key, stream->boundary->data, stream->boundary->len,
			   sizeof(key), compare_boundary);
	if (!boundary)
		return;
	g_array_append_vals(stream->parents, boundary->parents, boundary->n_parents);
	commit->n_parents = boundary->n_parents;
}

/* "<seconds> <oid> <parent> …", NUL-terminated. */
static bool take_line(struct stream *stream, char *line, GError **error)
{
	struct graph_commit commit = { 0 };
	char *end, *word, *rest = NULL;
	guint64 seconds = g_ascii_strtoull(line, &end, 10);

	if (end == line || *end != ' ')
		return garbled(error);
	commit.committed = (gint64)MIN(seconds, (guint64)G_MAXINT64);
	word = strtok_r(end, " ", &rest);
	if (!word || !oid_parse(word, strlen(word), &commit.oid))
		return garbled(error);
	while ((word = strtok_r(NULL, " ", &rest))) {
		struct oid parent;

		if (!oid_parse(word, strlen(word), &parent))
			return garbled(error);
		g_array_append_val(stream->parents, parent);
		commit.n_parents++;
	}
	if (!commit.n_parents)
		add_cut_parents(stream, &commit);
	g_array_append_val(stream->commits, commit);
	return true;
}

static bool take_output(const guint8 *data, gsize n, void *user, GError **error)
{
	struct stream *stream = user;

	while (n) {
		const guint8 *end = memchr(data, '\n', n);
		gsize part = end ? (gsize)(end - data) : n;

		if (stream->part->len + part > LINE_MAX_BYTES)
			return garbled(error);
		g_byte_array_append(stream->part, data, (guint)part);
		if (!end)
			return true;
		g_byte_array_append(stream->part, (const guint8 *)"", 1);
		if (!take_line(stream, (char *)stream->part->data, error))
			return false;
		g_byte_array_set_size(stream->part, 0);
		data += part + 1;
		n -= part + 1;
	}
	return true;
}

static void name_boundary(gsize i, struct oid *oid, void *user)
{
	const struct stream *stream = user;

	*oid = g_array_index(stream->boundary, struct boundary, i).oid;
}

static bool take_boundary(gsize i, enum git_object_type type, struct git_text head,
			  struct git_text message, void *user, GError **error)
{
	struct stream *stream = user;
	struct boundary *boundary = &g_array_index(stream->boundary, struct boundary, i);
	struct mirror_commit commit;
	struct git_text author;

	(void)message;
	(void)error;
	if (type != GIT_OBJECT_COMMIT || !git_commit_parse(head, &commit, &author))
		return true;
	boundary->n_parents = MIN(commit.n_parents, G_N_ELEMENTS(commit.parents));
	memcpy(boundary->parents, commit.parents,
	       boundary->n_parents * sizeof(*commit.parents));
	return true;
}

/* Reads the commits listed in the mirror's "shallow" file: their objects still name the
 * parents that git hides. */
static bool read_boundary(struct mirror *mirror, struct stream *stream, GError **error)
{
	g_autofree char *path = g_build_filename(mirror->dir, "shallow", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct git_objects objects = { .name = name_boundary,
				       .visit = take_boundary,
				       .user = stream };

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return true;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		struct boundary boundary = { 0 };

		if (oid_parse(*line, strlen(*line), &boundary.oid))
			g_array_append_val(stream->boundary, boundary);
	}
	g_array_sort(stream->boundary, compare_boundary);
	objects.n = stream->boundary->len;
	return git_objects_read(mirror, &objects, error);
}

static bool build(struct stream *stream, struct graph *graph, GPtrArray *owned,
		  GError **error)
{
	const struct oid *parents = (const struct oid *)(void *)stream->parents->data;
	g_autoptr(GError) failure = NULL;
	guint8 *layer;

	if (!stream->commits->len)
		return true;
	for (guint i = 0; i < stream->commits->len; i++) {
		struct graph_commit *commit = &g_array_index(stream->commits,
							     struct graph_commit, i);

		commit->parents = parents;
		parents += commit->n_parents;
	}
	layer = graph_append(graph, (void *)stream->commits->data, stream->commits->len,
			     &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	if (layer)
		g_ptr_array_add(owned, g_bytes_new_take(layer, 1)); /* only to be freed */
	return true;
}

bool commit_stream_read(struct mirror *mirror, bool shallow, struct graph *graph,
			GPtrArray *owned, GError **error)
{
	/* A tag of something that a mirror without trees does not have is no failure. */
	static const char *const args[] = { "rev-list",	   "--parents",
					    "--timestamp", "--ignore-missing",
					    "--branches",  "--tags",
					    NULL };
	g_autoptr(GArray)
		commits = g_array_new(FALSE, FALSE, sizeof(struct graph_commit));
	g_autoptr(GArray) parents = g_array_new(FALSE, FALSE, sizeof(struct oid));
	g_autoptr(GArray) boundary = g_array_new(FALSE, FALSE, sizeof(struct boundary));
	g_autoptr(GByteArray) part = g_byte_array_new();
	struct stream stream = { commits, parents, boundary, part };
	struct git_call call = {
		.args = args, .stdin_fd = -1, .output = take_output, .user = &stream
	};

	if (shallow && !read_boundary(mirror, &stream, error))
		return false;
	return git_run(mirror, &call, error) && build(&stream, graph, owned, error);
}
