#pragma once

/*
 * One poll of one git source, start to end, by a worker: list, fetch what moved, read new
 * commits, turn refs into deployments by the services' rules, and store all of it with
 * the cursor in one transaction. A poll that finds nothing new costs one ls-refs round
 * trip and one small update.
 */
#include <gio/gio.h>

#include "sinks/store.h"

struct work_context {
	struct config *config;
	const char *cache_dir; /* mirrors live in cache_dir/git */
	GBytes *author_key;    /* salts author hashes */
	GCancellable *cancellable;
	/* Progress of long work in plain words, from the worker's thread; NULL: nobody
	 * listens. */
	void (*progress)(const char *what, const char *text, void *user);
	/* What an operator should hear though nothing failed: "tag v1 moved from … to …".
	 */
	void (*notice)(const char *what, const char *text, void *user);
	void *user;
};

struct poll_result {
	bool changed; /* facts were written */
	gsize n_commits, n_deployments;
};

/* now is the wall clock at the start. A failure is recorded in the source's row where the
 * database can be reached, and returned. */
bool poll_git(struct store *store, const struct work_context *context,
	      const struct config_git *git, gint64 now, struct poll_result *result,
	      GError **error);
