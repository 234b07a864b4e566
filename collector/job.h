#pragma once

/*
 * A piece of work that blocks. A job belongs to the loop or to a worker, never to both:
 * it crosses to a worker whole, with all it needs, and comes back whole, with all that
 * came of it. So nothing here needs a lock.
 */
#include <gio/gio.h>

#include "collector/deliver.h"
#include "collector/evaluate.h"
#include "collector/poll.h"

enum job_kind {
	JOB_LOAD,     /* read the configuration file */
	JOB_PREPARE,  /* bring the database up to date with program and configuration */
	JOB_POLL,     /* poll one source */
	JOB_EVALUATE, /* recompute what is due */
	JOB_DELIVER,  /* look at how the daemon itself is, and tell people */
};

struct job {
	enum job_kind kind;
	struct config *config; /* owned; NULL for JOB_LOAD */
	struct store *store;   /* owned; NULL for JOB_LOAD */
	char *source;	       /* JOB_POLL; NULL otherwise */
	GBytes *author_key;
	struct budgets *budgets; /* borrowed: they have locks of their own */
	struct tokens *tokens;
	GCancellable *cancellable;
	const char *config_path, *cache_dir, *state_dir; /* borrowed */
	gint64 now;    /* the wall clock when the job was made */
	gint64 before; /* JOB_DELIVER: and of the one before; INSTANT_NONE */
	bool hurry;    /* JOB_DELIVER: there is no other: nothing waits for more */

	/* Called from the worker; see struct work_context. `what` of progress is the
	 * source's name or "evaluation". NULL: nobody listens. */
	void (*progress)(const char *what, const char *text, void *user);
	void (*notice)(const char *what, const char *text, void *user);
	void *user;

	/* What came of it. */
	GError *error; /* the job failed; NULL: it succeeded */
	bool database; /* the failure is the database's, not the source's */
	struct poll_result polled;
	struct evaluate_result evaluated;
	struct deliver_result delivered;
	struct config *loaded; /* JOB_LOAD; NULL: see faults, or error */
	GBytes *loaded_key;
	GPtrArray *faults; /* of struct config_fault */
};

/* A job without any inputs but these. config and author_key may be NULL; they are
 * referenced. store is taken. */
struct job *job_new(enum job_kind kind, struct config *config, struct store *store,
		    GBytes *author_key);
/* Frees all that has not been taken out, store included. NULL is fine. */
void job_free(struct job *job);
DEFINE_CLEANUP(struct job *, job_free);

/* Does the work, in a worker. */
void job_run(struct job *job);
