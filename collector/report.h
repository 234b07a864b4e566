#pragma once

/*
 * The main job without a database: one repository, fetched into a mirror, turned into
 * deployments by the same rules, attributed and summed by the same code as the daemon's,
 * held in memory. Internal to collector/.
 */
#include "collector/repo_work.h"
#include "sinks/report.h"

struct report_facts {
	GArray *rows; /* of struct series_row */
	gsize n_commits, n_deployments;
	gsize excluded[N_EXCLUSIONS];
	bool used_tags; /* the rule that applied, where both were possible */
	char *branch;	/* the trunk's name; NULL if it was not used */
};
void report_facts_clear(struct report_facts *facts);

/* context->config has exactly one repository and one service, whose deployments has one
 * or two rules: the second applies if the first finds no deployment. since: buckets
 * before it are left out (INSTANT_NONE: none). */
bool report_collect(const struct work_context *context, gint64 now, gint64 since,
		    struct report_facts *facts, GError **error);
