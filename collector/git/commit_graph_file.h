#pragma once

/*
 * Git's commit-graph file, or chain of files, mapped and used where it lies
 * (gitformat-commit-graph(5)). Every offset and size is held against the file's length
 * before it is used, and the rows are validated (graph_validate()), so any bytes at all
 * may be in there. The trailing checksum is not computed, as git does not either when it
 * reads: it costs many times all the rest, and a file that passes these checks keeps
 * every walk within bounds. A wrong bit in the name or date of a commit goes unnoticed.
 */
#include "metrics/graph.h"

enum commit_graph_state {
	COMMIT_GRAPH_NONE, /* there is no such file */
	COMMIT_GRAPH_GOOD,
	COMMIT_GRAPH_DAMAGED, /* or of a version that is not known */
};

/* Fills a zeroed graph from the objects directory of a repository; what backs it is
 * appended to owned (GBytes). graph and owned are undefined unless the result is _GOOD;
 * error is set (DORA_ERROR_DATA) if it is _DAMAGED. */
enum commit_graph_state commit_graph_read(const char *objects_dir, struct graph *graph,
					  GPtrArray *owned, GError **error);

/* Removes the files, for git to write them anew without reading them. */
void commit_graph_remove(const char *objects_dir);
