#pragma once

/*
 * The rules of all services that read one source, applied to its items: which items are
 * deployments of which service, and what becomes of those that are not any more. Internal
 * to collector/.
 */
#include "collector/item_revision.h"

struct item_judge;

/* Reads services from the database, outside a transaction. Borrows all but source_id. */
struct item_judge *item_judge_new(struct store *store, const struct work_context *context,
				  const struct config_source *source, gint32 source_id,
				  GError **error);
void item_judge_free(struct item_judge *judge); /* NULL is fine */
DEFINE_CLEANUP(struct item_judge *, item_judge_free);

/* What the rules need to be read: 1 << enum item_kind each. */
guint item_judge_needs(const struct item_judge *judge);
/* The one environment that all rules for deployments ask for; NULL: any. Borrowed. */
const char *item_judge_environment(const struct item_judge *judge);
/* Whether a rule may match the item or a job of it, or a service counts it as a run of
 * its pipelines. jobs_only: what could be asked about it is its jobs, which rules alone
 * want.
 */
bool item_judge_wants(const struct item_judge *judge, const struct item *item,
		      bool jobs_only);

/* Which items are judged. */
enum judging {
	JUDGE_CHANGED,	  /* those given, and the jobs beside them */
	JUDGE_UNRESOLVED, /* those whose deployments have no revision */
	JUDGE_ALL,	  /* all that are stored: what no rule finds is withheld */
};

/* Items in hand: struct item *, owned or borrowed. Reads, outside a transaction, those
 * that are to be judged (JUDGE_UNRESOLVED, JUDGE_ALL), with all that their revisions
 * take. NULL on failure. */
GPtrArray *item_judge_gather(struct item_judge *judge, enum judging what, GError **error);
/* Reads ahead, outside a transaction, for items that are about to be stored. */
bool item_judge_read_ahead(struct item_judge *judge, const GPtrArray *items,
			   GError **error);
/* Adds to runs (owned copies) the stored runs that rules want the jobs of and that have
 * none: nobody wanted them when they were read. Outside a transaction. */
bool item_judge_unasked(struct item_judge *judge, GPtrArray *runs, GError **error);
/* Stores deployments, in the caller's transaction. *n_changed is added to. */
bool item_judge_store(struct item_judge *judge, enum judging what, const GPtrArray *items,
		      gint64 now, gsize *n_changed, GError **error);
/* The transaction failed: what was stored in it is not known any more. */
void item_judge_forget(struct item_judge *judge);

/* False if a revision may be found at another time without anything having changed. */
bool item_judge_is_whole(const struct item_judge *judge);

/* A text of 16 characters that changes whenever the rules find other deployments in the
 * source. The caller frees. */
char *item_judge_fingerprint(const struct config *config,
			     const struct config_source *source);
/* One that changes whenever the repositories whose commits the rules name have others.
 * Outside transactions. NULL on failure; the caller frees. */
char *item_judge_commits(struct item_judge *judge, GError **error);
