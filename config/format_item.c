#include "config/format_private.h"

#include <string.h>

#include "config/fault.h"
#include "config/regex.h"

/* ---- regular expressions ---- */

static bool check_regex(const char *text, guint n_groups, const char *expected,
			char **why)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GRegex) regex = config_regex(text, true, &error);
	g_autofree char *value = fault_quote(text);

	if (!regex)
		*why = g_strdup_printf("%s is not a regular expression (%s), expected %s",
				       value, error->message, expected);
	else if (g_regex_get_capture_count(regex) < (int)n_groups)
		*why = g_strdup_printf("%s has no group, expected %s", value, expected);
	return *why == NULL;
}

bool format_check_regex(const char *text, char **why)
{
	return check_regex(text, 0, config_formats[FORMAT_REGEX].expected, why);
}

bool format_check_group(const char *text, char **why)
{
	return check_regex(text, 1, config_formats[FORMAT_GROUP].expected, why);
}

/* ---- templates ---- */

/* As drivers/driver.h has them. */
static const char *const variables[] = {
	"project",     "owner",	     "name",	    "since", "until",	 "id",
	"parent",      "page",	     "offset",	    "end",   "size",	 "token",
	"jobs",	       "query",	     "labels",	    "types", "services", "organization",
	"environment", "debt_query", "debt_labels",
};

bool format_check_variable(const char *const *known, gsize n, const char *name,
			   char **why)
{
	g_autofree char *value = NULL, *all = NULL;
	const char *nearest;

	for (gsize i = 0; i < n; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	value = fault_quote(name);
	nearest = fault_nearest(name, known, n);
	if (nearest) {
		*why = g_strdup_printf(
			"has the unknown variable %s, did you mean \"%s\"?", value,
			nearest);
		return false;
	}
	for (gsize i = 0; i < n; i++) {
		char *more = g_strconcat(all ? all : "", all ? ", " : "", known[i], NULL);

		g_free(all);
		all = more;
	}
	*why = g_strdup_printf("has the unknown variable %s, expected one of %s", value,
			       all);
	return false;
}

/* Checks every {name} and {+name}; *rest is the text with x for each. */
static bool check_variables(const char *text, char **rest, char **why)
{
	g_autoptr(GRegex) variable = g_regex_new("\\{\\+?([A-Za-z_]+)\\}", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	g_regex_match(variable, text, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *name = g_match_info_fetch(match, 1);

		if (!format_check_variable(variables, G_N_ELEMENTS(variables), name, why))
			return false;
	}
	*rest = g_regex_replace_literal(variable, text, -1, 0, "x", 0, NULL);
	return true;
}

bool format_check_template(const char *text, char **why)
{
	g_autofree char *rest = NULL;

	if (!check_variables(text, &rest, why))
		return false;
	if (strpbrk(rest, "{}"))
		return format_refuse(why, "has a brace too many, expected variables such "
					  "as {since}");
	if (g_str_has_prefix(text, "https://"))
		return format_check_host(rest, why);
	return true;
}

/* Braces of JSON are not variables. */
bool format_check_template_body(const char *text, char **why)
{
	g_autofree char *rest = NULL;

	return check_variables(text, &rest, why);
}
