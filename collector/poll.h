#pragma once

/*
 * One poll of one source, start to end, by a worker. Of a git source: list, fetch what
 * moved, read new commits, turn refs into deployments by the services' rules, and store
 * all of it with the cursor in one transaction; one that finds nothing new costs one
 * ls-refs round trip and one small update. Of an API see collector/poll_items.h, of
 * another database collector/poll_sql.h, of a KPI collector/poll_kpi.h.
 */
#include <gio/gio.h>

#include "sinks/store.h"

struct budgets;
struct tokens;

struct deliver_line;

struct work_context {
	struct config *config;
	const char *cache_dir;	 /* mirrors live in cache_dir/git */
	GBytes *author_key;	 /* salts author hashes */
	struct budgets *budgets; /* what credentials have left, of all workers */
	struct tokens *tokens;	 /* kept between polls, likewise; NULL: none are */
	bool trial; /* mirrors stay what they are: the configuration is not in use */
	GCancellable *cancellable;
	/* Progress of long work in plain words, from the worker's thread; NULL: nobody
	 * listens. */
	void (*progress)(const char *what, const char *text, void *user);
	/* What an operator should hear though nothing failed: "tag v1 moved from … to …".
	 */
	void (*notice)(const char *what, const char *text, void *user);
	/* What a channel of kind journal is told: it has to be in the log when this is
	 * back. NULL: nobody listens. */
	void (*journal)(const struct deliver_line *line, void *user);
	void *user;
};

struct poll_result {
	bool changed; /* facts were written: also of a failed poll, if part of it went
			 well */
	bool partly;  /* it failed, and other parts of it went well */
	gsize n_commits, n_items, n_deployments;
	gint64 not_before; /* wall clock: the source asks not to be polled before,
			      whether the poll was good or not; INSTANT_NONE (or 0) */
};

/* Polls a source of any kind. now is the wall clock at the start. A
 * failure is recorded in the source's row where the database can be reached, and
 * returned. */
bool poll_source(struct store *store, const struct work_context *context,
		 const struct config_source *source, gint64 now,
		 struct poll_result *result, GError **error);

/* A text that changes whenever the configuration would read other facts from a source.
 * The caller frees. */
char *poll_fingerprint(const struct config *config, const struct config_source *source);

/* The same for git alone. */
bool poll_git(struct store *store, const struct work_context *context,
	      const struct config_git *git, gint64 now, struct poll_result *result,
	      GError **error);
