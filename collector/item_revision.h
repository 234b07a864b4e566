#pragma once

/*
 * From the text that names a revision (item_rule_revision()) to a commit: a full sha is
 * one; a shorter one, a tag, a branch and an image digest are looked up in what is stored
 * of the rule's repository; a manifest is read from the mirror of its repository as of
 * the commit that was deployed. Internal to collector/.
 */
#include "collector/item_rules.h"
#include "collector/poll.h"

struct revision_finder;

/* Borrows all. */
struct revision_finder *revision_finder_new(struct store *store,
					    const struct work_context *context,
					    gint32 source_id);
void revision_finder_free(struct revision_finder *finder); /* NULL is fine */
DEFINE_CLEANUP(struct revision_finder *, revision_finder_free);

/* Reads ahead, outside a transaction, what finding the item's revision takes beside the
 * database. A mirror that cannot be read now is no failure: see
 * revision_finder_is_whole(). */
bool revision_read_ahead(struct revision_finder *finder, const struct config_rule *row,
			 const struct item_rule *rule, const struct item *item,
			 GError **error);
/* Done reading ahead: lets go of the mirror. */
void revision_rest(struct revision_finder *finder);

/* The commit of the rule's repository that an item deployed; oid->len 0: not known (yet).
 * False only for the database's failure. */
bool revision_find(struct revision_finder *finder, const struct config_rule *row,
		   const struct item_rule *rule, const struct item *item, gint32 *repo_id,
		   struct oid *oid, GError **error);

/* False if something could not be read that may be readable at another time. */
bool revision_finder_is_whole(const struct revision_finder *finder);
