#pragma once

/* Shared by the git rules; not for others. */
#include "collector/sources/git_rules.h"

/* One rule at work. */
struct git_rule {
	const struct rule_input *input;
	const struct config_rule *rule;
	GHashTable *latest;  /* external id → latest attempt known (const struct
				deployment_row) */
	GHashTable *exact;   /* "<attempt>#<external id>" → that row */
	GHashTable *claimed; /* external id → the rule that stands for it; NULL: it stays
				as it is */
	GHashTable *emitted; /* the same key of every row a rule gave → whether it is in
				rows */
	guint8 *on_trunk;    /* by position: on a trunk that a rule follows; or NULL */
	GArray *rows;
};

bool git_tags_apply(struct git_rule *work, GError **error);
bool git_trunk_apply(struct git_rule *work, GError **error);
bool git_heads_apply(struct git_rule *work, GError **error);
bool git_file_apply(struct git_rule *work, GError **error);

/* Does a name match any of the patterns ("*" and "?"; a "/" is nothing special)? */
bool git_matches(char **patterns, guint n, const char *name);

/* The latest attempt known of an external id; NULL if none. */
const struct deployment_row *git_known(const struct git_rule *work,
				       const char *external_id);
/* This very attempt; NULL if it is not known. */
const struct deployment_row *git_known_attempt(const struct git_rule *work,
					       const char *external_id, gint32 attempt);
/* Its revision in the rule's repository is this commit. */
bool git_known_revision(const struct git_rule *work, const struct deployment_row *known,
			const struct oid *commit);

/* Every known external id with this prefix stays as it is, counting or not, unless a rule
 * claims it: what the rule reads is not there to judge by. */
void git_keep_known(struct git_rule *work, const char *prefix);
/* Claims every known external id with this prefix, whose rest keep() accepts. */
void git_claim_known(struct git_rule *work, const char *prefix,
		     bool (*keep)(const char *rest, const struct config_rule *rule));

/* A successful deployment of one commit of the rule's repository to the rule's
 * environment, with copies of the strings. A claimed finish after the deployment was
 * first seen is cut to that moment: what was seen had happened. claimed INSTANT_NONE: no
 * believable finish. */
struct deployment_row git_deployment(const struct git_rule *work, const char *external_id,
				     gint32 attempt, const struct oid *commit,
				     gint64 claimed, gint64 first_seen);

/* Claims the row's external id and appends the row, unless an equal one is known or
 * another rule was first. Takes the row in either case. */
void git_emit(struct git_rule *work, struct deployment_row *row);

/* The ref of this name; NULL. */
const struct mirror_ref *git_ref(const struct git_rule *work, const char *name);
/* The branch of the rule without "refs/heads/": configured, or the remote's HEAD. NULL:
 * unknown. */
const char *git_branch(const struct git_rule *work);
