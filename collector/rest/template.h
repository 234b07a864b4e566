#pragma once

/*
 * Templates of drivers (drivers/driver.h): what a request says, with its variables filled
 * in.
 */
#include "base/zone.h"
#include "config/config.h"

enum variable {
	VARIABLE_PROJECT,
	VARIABLE_OWNER,
	VARIABLE_NAME,
	VARIABLE_SINCE,
	VARIABLE_UNTIL,
	VARIABLE_ID,
	VARIABLE_PARENT,
	VARIABLE_PAGE,
	VARIABLE_OFFSET,
	VARIABLE_SIZE,
	VARIABLE_END,
	VARIABLE_TOKEN,
	VARIABLE_QUERY,
	VARIABLE_LABELS,
	VARIABLE_TYPES,
	VARIABLE_SERVICES,
	VARIABLE_ORGANIZATION,
	VARIABLE_ENVIRONMENT,
	VARIABLE_JOBS,
	VARIABLE_DEBT_QUERY,
	VARIABLE_DEBT_LABELS,
	N_VARIABLES,
};

/* What the variables are; NULL: empty. The strings are owned. */
struct variables {
	char *values[N_VARIABLES];
};
/* Those that hold for all of a project's requests. environment may be NULL. */
void variables_init(struct variables *variables, const struct config_api *api,
		    const char *project, const char *environment);
void variables_copy(struct variables *to, const struct variables *from);
void variables_set(struct variables *variables, enum variable which, const char *value);
void variables_clear(struct variables *variables); /* also of zeroed ones */

enum template_use {
	TEMPLATE_URL,  /* percent-encoded */
	TEMPLATE_JSON, /* escaped for the inside of a JSON string */
	TEMPLATE_TEXT, /* as it is */
};
/* A brace that no variable's name follows stands for itself. The caller frees. */
char *template_expand(const char *text, enum template_use use,
		      const struct variables *variables);
/* The url of a path: a whole one, or one below base. Query parameters that come out
 * empty are left out. The caller frees. */
char *template_url(const char *base, const char *path, const struct variables *variables);
/* True if a template (NULL: none) has one of the variables that a project gives. */
bool template_has_project(const char *text);

/* The shortest time that a format can tell. */
GTimeSpan time_format_unit(enum time_format format);
/* An instant as a source wants it, rounded down, or up to the next unit. zone is that of
 * TIME_JQL (NULL: UTC). The caller frees. */
char *time_format_text(enum time_format format, gint64 instant, bool up,
		       const struct zone *zone);
