#include "config/format_private.h"

#include <string.h>

#include "config/calendar_days.h"

bool format_check_days(const char *text, char **why)
{
	return calendar_days(NULL, text, NULL, why);
}

/* What a link may have in braces: parts of what an alert is about. */
static const char *const variables[] = {
	"org", "team", "service", "metric", "environment", "from", "to",
};

bool format_check_link(const char *text, char **why)
{
	g_autoptr(GRegex) variable = g_regex_new("\\{([A-Za-z_]+)\\}", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *rest = NULL;

	g_regex_match(variable, text, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *name = g_match_info_fetch(match, 1);

		if (!format_check_variable(variables, G_N_ELEMENTS(variables), name, why))
			return false;
	}
	rest = g_regex_replace_literal(variable, text, -1, 0, "x", 0, NULL);
	if (strpbrk(rest, "{}"))
		return format_refuse(why, "has a brace too many, expected variables such "
					  "as {team}");
	/* of the text itself: a host is no variable */
	return format_check_host(text, why);
}

bool format_check_server(const char *text, char **why)
{
	guint64 port;

	(void)why;
	return g_ascii_string_to_unsigned(strrchr(text, ':') + 1, 10, 1, 65535, &port,
					  NULL);
}

bool format_check_ratio(const char *text, char **why)
{
	double ratio = g_ascii_strtod(text, NULL);

	(void)why;
	return ratio > 1 && ratio <= 10;
}
