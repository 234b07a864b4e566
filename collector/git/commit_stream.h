#pragma once

/*
 * The commit graph told by git itself, one line a commit: for mirrors that git keeps no
 * commit-graph file for (shallow ones), or whose file is of no use.
 */
#include "collector/git/mirror.h"

/* Fills a zeroed graph with what branches and tags reach; the memory behind it is
 * appended to owned (GBytes). In a shallow mirror the parents beyond its boundary are
 * counted in n_cut. DORA_ERROR_DATA if the history itself is damaged. */
bool commit_stream_read(struct mirror *mirror, bool shallow, struct graph *graph,
			GPtrArray *owned, GError **error);
