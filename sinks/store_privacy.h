#pragma once

/*
 * What the store forgets: people who asked for it, and facts for their age.
 */
#include "sinks/store.h"

/* ---- people (collector/forgotten.h) ---- */

/* The tokens of those who are forgotten (a set of GBytes; the caller unrefs), in the
 * caller's transaction; until its end nobody more can be. */
GHashTable *store_forgotten(struct store *store, GError **error);

struct forget_counts {
	gsize n_commits, n_shipped, n_changes; /* rows that had one of the hashes */
};
/* Erases hashes of authors (guint64) wherever they are, marks the days that they were
 * counted on dirty, and adds their tokens (of GBytes) to those that are forgotten. _RETRY
 * if a poll stores commits for longer than a lock is waited for. */
bool store_forget(struct store *store, const GArray *authors, const GPtrArray *tokens,
		  struct forget_counts *counts, GError **error);

/* ---- facts, for their age ---- */

enum retained {
	RETAINED_AUTHORS,
	RETAINED_RUNS,
	RETAINED_CHANGES,
	RETAINED_INCIDENTS,
	RETAINED_KPIS,
	N_RETAINED
};
const char *retained_name(enum retained kind);

/* *kept_from: what ended before it has been deleted; INSTANT_NONE: nothing was. */
bool store_kept_from(struct store *store, enum retained kind, gint64 *kept_from,
		     GError **error);
/* All facts of a kind that ended before an instant are gone. */
bool store_kept_from_write(struct store *store, enum retained kind, gint64 kept_from,
			   GError **error);
/* Has buckets that begin before an instant stay as they are published, in all scopes.
 * *settled false, and nothing done: there is one that is not published as a whole. */
bool store_freeze(struct store *store, gint64 before, bool *settled, GError **error);

/* Where a pass over the facts of a kind is. Starts zeroed but for kind and before. */
struct retention_pass {
	enum retained kind;
	gint64 before;
	guint step;	  /* which of the kind's statements */
	gint32 source_id; /* the key of the last item seen */
	char *project, *id;
	gint64 attempt;
	gsize n; /* rows that are gone */
	bool over;
};
void retention_pass_clear(struct retention_pass *pass);
/* Deletes (of authors: erases) some thousands of what ended before pass->before and may
 * go; to be called, each time in a transaction of its own, until pass->over. */
bool store_retention_step(struct store *store, struct retention_pass *pass,
			  GError **error);

/* ---- trials ---- */

/* From here to store_trial_end() store_begin() and store_commit() make savepoints of one
 * transaction, which nobody else sees and which leaves nothing behind. Locks are waited
 * for no longer than 5 seconds. */
bool store_trial_begin(struct store *store, GError **error);
void store_trial_end(struct store *store);

/* Between the two: keeps what is published now, to be compared with. */
bool store_trial_snapshot(struct store *store, GError **error);
/* A number of dora.series or dora.current that is another, came or went. */
struct trial_change {
	char *kind, *scope, *environment, *metric, *grain; /* "28 days" for a window */
	gint64 start;
	gint64 old_n, new_n;	     /* -1: there is no row */
	double old_value, new_value; /* NAN: NULL */
	double weight; /* |new − old| / max(|new|, |old|); 1 where one is NULL */
	gint64 total;  /* changes of this scope, environment and metric */
};
/* The changes of each scope, environment and metric, the largest first, no more than
 * limit of each; an array of struct trial_change, in order of kind, scope, environment
 * and metric. */
GArray *store_trial_changes(struct store *store, guint limit, GError **error);
