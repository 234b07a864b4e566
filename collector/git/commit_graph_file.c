#include "collector/git/commit_graph_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define FILE_HEADER 8 /* "CGPH", version, hash version, chunks, base graphs */
#define TABLE_ROW 12  /* id, offset */
#define CHUNK(a, b, c, d)                                                                \
	((guint32)(a) << 24 | (guint32)(b) << 16 | (guint32)(c) << 8 | (guint32)(d))
/* A position has 31 bits, and this value stands for "no parent". */
#define COMMITS_MAX 0x70000000u

struct chunk {
	const guint8 *data;
	gsize n;
};

/* A mapped file of the chain. */
struct file {
	const guint8 *data;
	gsize n; /* without the trailing checksum */
	guint oid_len;
	guint n_chunks;
	guint n_base;
};

static guint64 read_be(const guint8 *bytes, guint n)
{
	guint64 value = 0;

	for (guint i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

static bool damaged(GError **error, const char *what)
{
	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "commit-graph file: %s", what);
	return false;
}

/* The chunk with this id; zeroed if there is none. The table has been checked. */
static struct chunk find_chunk(const struct file *file, guint32 id)
{
	const guint8 *row = file->data + FILE_HEADER;

	for (guint i = 0; i < file->n_chunks; i++, row += TABLE_ROW)
		if (read_be(row, 4) == id) {
			guint64 start = read_be(row + 4, 8);
			guint64 end = read_be(row + TABLE_ROW + 4, 8);

			return (struct chunk){ file->data + start, end - start };
		}
	return (struct chunk){ 0 };
}

static bool check_table(const struct file *file, GError **error)
{
	gsize low = FILE_HEADER + (file->n_chunks + 1u) * TABLE_ROW;
	const guint8 *row = file->data + FILE_HEADER;

	if (low > file->n)
		return damaged(error, "ends within its table");
	for (guint i = 0; i <= file->n_chunks; i++, row += TABLE_ROW) {
		guint64 offset = read_be(row + 4, 8);

		if (offset < low || offset > file->n)
			return damaged(error, "a chunk is out of bounds");
		low = offset;
	}
	return true;
}

static bool open_file(const guint8 *data, gsize n, struct file *file, GError **error)
{
	if (n < FILE_HEADER || memcmp(data, "CGPH", 4) != 0)
		return damaged(error, "not one");
	if (data[4] != 1 || (data[5] != 1 && data[5] != 2))
		return damaged(error, "of an unknown version");
	*file = (struct file){ .data = data,
			       .oid_len = data[5] == 1 ? 20 : 32,
			       .n_chunks = data[6],
			       .n_base = data[7] };
	if (n < FILE_HEADER + file->oid_len)
		return damaged(error, "ends within its header");
	file->n = n - file->oid_len;
	return check_table(file, error);
}

/* Adds the file as the graph's next layer. */
static bool add_layer(struct graph *graph, const struct file *file, GError **error)
{
	struct chunk fanout = find_chunk(file, CHUNK('O', 'I', 'D', 'F'));
	struct chunk oids = find_chunk(file, CHUNK('O', 'I', 'D', 'L'));
	struct chunk rows = find_chunk(file, CHUNK('C', 'D', 'A', 'T'));
	struct chunk edges = find_chunk(file, CHUNK('E', 'D', 'G', 'E'));
	struct chunk bases = find_chunk(file, CHUNK('B', 'A', 'S', 'E'));
	guint64 n;

	if (graph->n_layers == GRAPH_MAX_LAYERS)
		return damaged(error, "too many layers");
	if (graph->n_layers && graph->oid_len != file->oid_len)
		return damaged(error, "mixed object formats");
	if (file->n_base != graph->n_layers ||
	    bases.n != (gsize)file->n_base * file->oid_len)
		return damaged(error, "stands on other files than the chain says");
	if (fanout.n != 256 * 4)
		return damaged(error, "no fan-out");
	n = read_be(fanout.data + 255 * 4, 4);
	if (n >= COMMITS_MAX - graph->n || oids.n != n * file->oid_len ||
	    rows.n != n * (file->oid_len + 16u) || edges.n % 4 != 0 ||
	    edges.n / 4 > G_MAXUINT32)
		return damaged(error, "a chunk of the wrong size");
	graph->oid_len = file->oid_len;
	graph->layers[graph->n_layers++] = (struct graph_layer){
		.oids = oids.data,
		.rows = rows.data,
		.edges = edges.n ? edges.data : NULL,
		.fanout = fanout.data,
		.n_edges = (guint32)(edges.n / 4),
		.first = graph->n,
		.n = (guint32)n,
	};
	graph->n += (guint32)n;
	return true;
}

/* Maps a regular file. NULL without an error if there is none. */
static GMappedFile *map_file(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	GMappedFile *mapped = NULL;
	struct stat status;

	if (fd < 0) {
		if (errno != ENOENT)
			damaged(error, g_strerror(errno));
		return NULL;
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		damaged(error, "not a regular file");
	else
		mapped = g_mapped_file_new_from_fd(fd, FALSE, NULL);
	if (!mapped && error && !*error)
		damaged(error, "cannot be mapped");
	close(fd);
	return mapped;
}

/* Maps the file and adds it. name: the checksum that names a file of a chain, NULL for a
 * file by itself. */
static enum commit_graph_state read_layer(const char *path, const struct oid *name,
					  struct graph *graph, GPtrArray *owned,
					  GError **error)
{
	g_autoptr(GError) failure = NULL;
	GMappedFile *mapped = map_file(path, &failure);
	const guint8 *data;
	struct file file;

	if (!mapped) {
		if (!failure)
			return COMMIT_GRAPH_NONE;
		g_propagate_error(error, g_steal_pointer(&failure));
		return COMMIT_GRAPH_DAMAGED;
	}
	g_ptr_array_add(owned, g_mapped_file_get_bytes(mapped));
	g_mapped_file_unref(mapped); /* the bytes hold it */
	data = (const guint8 *)g_mapped_file_get_contents(mapped);
	if (!data) {
		damaged(error, "empty");
		return COMMIT_GRAPH_DAMAGED;
	}
	if (!open_file(data, g_mapped_file_get_length(mapped), &file, error) ||
	    !add_layer(graph, &file, error))
		return COMMIT_GRAPH_DAMAGED;
	if (name && (name->len != file.oid_len ||
		     memcmp(name->id, data + file.n, name->len) != 0)) {
		damaged(error, "another file than its name says");
		return COMMIT_GRAPH_DAMAGED;
	}
	return COMMIT_GRAPH_GOOD;
}

static enum commit_graph_state read_chain(const char *dir, struct graph *graph,
					  GPtrArray *owned, GError **error)
{
	g_autofree char *list = g_build_filename(dir, "commit-graph-chain", NULL);
	g_autoptr(GError) failure = NULL;
	GMappedFile *mapped = map_file(list, &failure);
	const char *text, *end;

	if (!mapped && !failure)
		return COMMIT_GRAPH_NONE;
	if (!mapped) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return COMMIT_GRAPH_DAMAGED;
	}
	g_ptr_array_add(owned, g_mapped_file_get_bytes(mapped));
	g_mapped_file_unref(mapped); /* the bytes hold it */
	text = g_mapped_file_get_contents(mapped);
	end = text ? text + g_mapped_file_get_length(mapped) : NULL;
	while (text != end) {
		const char *line_end = memchr(text, '\n', (gsize)(end - text));
		g_autofree char *path = NULL;
		struct oid name;

		if (!line_end || !oid_parse(text, (gsize)(line_end - text), &name)) {
			damaged(error, "the chain does not list names");
			return COMMIT_GRAPH_DAMAGED;
		}
		path = g_strdup_printf("%s/graph-%.*s.graph", dir, (int)(line_end - text),
				       text);
		if (read_layer(path, &name, graph, owned, error) != COMMIT_GRAPH_GOOD) {
			if (error && !*error)
				damaged(error, "a file of the chain is missing");
			return COMMIT_GRAPH_DAMAGED;
		}
		text = line_end + 1;
	}
	return COMMIT_GRAPH_GOOD;
}

enum commit_graph_state commit_graph_read(const char *objects_dir, struct graph *graph,
					  GPtrArray *owned, GError **error)
{
	g_autofree char *file = g_build_filename(objects_dir, "info/commit-graph", NULL);
	g_autofree char *chain = g_build_filename(objects_dir, "info/commit-graphs",
						  NULL);
	enum commit_graph_state state = read_layer(file, NULL, graph, owned, error);

	if (state == COMMIT_GRAPH_NONE)
		state = read_chain(chain, graph, owned, error);
	if (state == COMMIT_GRAPH_GOOD && !graph_validate(graph, 0, error))
		state = COMMIT_GRAPH_DAMAGED;
	return state;
}

void commit_graph_remove(const char *objects_dir)
{
	g_autofree char *file = g_build_filename(objects_dir, "info/commit-graph", NULL);
	g_autofree char *chain = g_build_filename(
		objects_dir, "info/commit-graphs/commit-graph-chain", NULL);

	/* Whatever they are: an empty directory would be in the way, too. */
	remove(file);
	remove(chain);
}
