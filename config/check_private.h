#pragma once

/*
 * What the files of checks share.
 */
#include "config/check.h"

struct check {
	const struct config *config;
	const struct tree *tree;
	GPtrArray *faults;
};

/* Reports the fault at the key's line, or, for a key that is missing, its mapping's. */
void check_wrong(struct check *check, const char *key, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* Whether the file has the key "prefix.key": defaults do not count. */
bool check_given(struct check *check, const char *prefix, const char *key);
/* A secret is in exactly one place; NULL is fine. */
void check_secret(struct check *check, const struct secret_ref *secret,
		  const char *prefix, const char *name);

/* check_sources.c; i is the place in its list. */
void check_git(struct check *check, const struct config_git *git, unsigned i);
void check_api(struct check *check, enum driver_id driver, unsigned i);
void check_sql(struct check *check, const struct config_sql *sql, unsigned i);
/* What check_api() and check_rest() share: lists and feeds by name. */
void check_lists(struct check *check, const struct config_api *api, const char *prefix);
/* Each value of a list is there once. */
void check_once(struct check *check, const char *list, char *const *values, unsigned n);
/* check_debt.c */
void check_debt(struct check *check, const struct config_debt *debt);
/* check_rest.c */
void check_rest(struct check *check, const struct config_rest *rest, unsigned i);
/* check_goals.c */
void check_goals(struct check *check);
/* That a name is a metric; if not, the fault is of "prefix.key". */
void check_metric(struct check *check, const char *prefix, const char *key,
		  const char *name);
/* check_alerts.c */
void check_alerts(struct check *check, const struct config_alerts *alerts);
/* check_services.c */
void check_service(struct check *check, unsigned i);
/* Of a rule with a source (NULL or unknown: nothing is reported): that the source has
 * items of a kind ("incidents"), and that one of its projects is meant. */
void check_source_has(struct check *check, const char *name, enum item_kind kind,
		      const char *word, const char *prefix);
void check_is_project(struct check *check, const struct config_source *source,
		      const char *project, const char *key);
/* check_failures.c: owners, incidents and remediation */
void check_failures(struct check *check, const struct config_service *service,
		    const char *prefix);
