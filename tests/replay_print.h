#pragma once

/* What `dorad alerts replay` prints. To be used in tests only. */
#include <unistd.h>

#include "collector/alert_replay.h"

#include "tests/alerts_world.h"

/* The caller frees. */
static inline char *replay_printed(const struct replay_query *query, const GArray *all,
				   bool json)
{
	char name[] = "/tmp/dorad-replay-XXXXXX", *text;
	int file = mkstemp(name), before = dup(STDOUT_FILENO);

	ck_assert(file >= 0 && before >= 0);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	alert_replay_print(rig.config, query, all, json);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	close(file);
	ck_assert(g_file_get_contents(name, &text, NULL, NULL));
	unlink(name);
	return text;
}
