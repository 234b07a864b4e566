#pragma once

/*
 * The rules that find deployments among items: a service's `deployments` rows with a
 * source. A rule judges one item by itself: the matched job or record, never the run that
 * it was part of.
 */
#include "sinks/store.h"

/* Why an item is or is not a deployment by a rule. */
enum item_match {
	MATCH_YES,
	MATCH_OTHER,   /* another source, project or kind */
	MATCH_NAME,    /* job, workflow or environment by another name */
	MATCH_BRANCH,  /* another branch */
	MATCH_SKIP,    /* the rule's `skip` found: a dry run */
	MATCH_CHILD,   /* a run that another run started: counted there */
	MATCH_DRAFT,   /* a draft or prerelease */
	MATCH_NOT_RUN, /* a job that was never started (manual, waiting) */
	N_MATCHES,
};
const char *item_match_name(enum item_match match); /* "dry run", for people */

/* A rule with its patterns compiled; the configuration stays the caller's to keep. */
struct item_rule;
struct item_rule *item_rule_new(const struct config_rule *rule, GError **error);
void item_rule_free(struct item_rule *rule); /* NULL is fine */
DEFINE_CLEANUP(struct item_rule *, item_rule_free);

/* What a rule needs to be read of its source: 1 << enum item_kind each. */
guint item_rule_needs(const struct config_rule *rule);

/* Judges an item. outcome skipped or cancelled still matches: such deployments are kept
 * and do not count. */
enum item_match item_rule_match(const struct item_rule *rule, const char *source,
				const struct item *item);
/* Whether a job of this run might match, or this deployment's details matter. */
bool item_rule_may_match(const struct item_rule *rule, const char *source,
			 const struct item *item);
/* The text that names the revision (a sha, tag, digest), by `revision` and `pattern`;
 * NULL: none there. The caller frees. REVISION_FILE gives the sha of the configuration
 * repository. */
char *item_rule_revision(const struct item_rule *rule, const struct item *item);
/* REVISION_FILE: the same text in the content of the file; NULL likewise. */
char *item_rule_revision_in(const struct item_rule *rule, const char *content);

/* The deployment an item is: external id "deployment:<id>", "job:<run>/<name>",
 * "run:<id>" or "release:<tag>", prefixed by the project where the rule has several;
 * without revisions, which take a look into the database. Its ref is the branch or tag as
 * people call it. */
char *item_rule_external_id(const struct item_rule *rule, const struct item *item);
void item_rule_deployment(const struct item_rule *rule, const struct item *item,
			  struct deployment_row *row);
