#pragma once

/*
 * What counts as a deployment in a git repository: tags, the trunk, branch heads that
 * move, a file of JSON lines. The rules of one service turn the refs of one mirror into
 * deployments. No I/O: what a rule needs is in struct rule_input. Their meaning:
 * docs/metrics.md, "Deployments from git".
 *
 * External ids: "tag:v1.0", "trunk:main@<sha>" or "trunk:main@2026-03-01",
 * "head:production@<sha>", "file:<id>".
 */
#include "collector/git/mirror.h"
#include "sinks/store.h"

/* The largest deployments file that is read: years of a deployment every few minutes. */
#define GIT_RULE_FILE_MAX (64 * 1024 * 1024)

struct rule_input {
	gint32 repo_id;
	const struct graph *graph;
	const GArray *refs; /* of struct mirror_ref, sorted by name */
	const char
		*head; /* the branch that HEAD names ("refs/heads/main"); NULL: unknown */
	const struct zone *zone; /* of the service */
	const GArray *known;	 /* of struct deployment_row: what this source gave the
				    service before */
	gint64 now;		 /* the time of the fetch */

	/* Committer time of a commit; INSTANT_NONE if it has none that can be believed.
	 */
	gint64 (*committed)(guint32 pos, void *user);
	/* Does a commit change the component against its first parent? */
	bool (*touches)(guint32 pos, void *user);
	/* The file's content at a commit; NULL without an error: there is none. */
	GBytes *(*read_file)(const struct oid *commit, const char *path, void *user,
			     GError **error);
	/* The repository id of a name that a line gives; 0: unknown. */
	gint32 (*repo_of)(const char *name, void *user);
	/* Something an operator should hear. */
	void (*notice)(const char *text, void *user);
	void *user;
};

/* Appends to rows (of struct deployment_row, to be freed with deployment_rows_free) what
 * has to be stored: new deployments, those that changed, and those that no longer count
 * (withheld: EXCLUSION_REWRITTEN or EXCLUSION_RULE). Known rows that stay as they are are
 * not repeated. */
bool git_rules_apply(const struct rule_input *input,
		     const struct config_rule *const *rules, guint n, GArray *rows,
		     GError **error);
