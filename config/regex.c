#include "config/regex.h"

#include "base/error.h"

/* Steps of a match: some milliseconds. */
#define LIMITS "(*LIMIT_MATCH=1000000)(*LIMIT_DEPTH=100000)"

static GRegex *compile(const char *pattern, GError **error)
{
	g_autoptr(GError) why = NULL;
	GRegex *regex = g_regex_new(pattern, G_REGEX_DOLLAR_ENDONLY, 0, &why);
	const char *at;

	if (regex)
		return regex;
	/* GLib's message repeats the pattern before it says where. */
	at = g_strrstr(why->message, " at char ");
	g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG, "%s",
		    at ? at + 1 : "it is refused");
	return NULL;
}

GRegex *config_regex(const char *pattern, bool whole, GError **error)
{
	/* Alone first: "a)(b" is wrong although it is not within parentheses. */
	g_autoptr(GRegex) alone = compile(pattern, error);
	g_autofree char *text = NULL;
	GRegex *regex;

	if (!alone)
		return NULL;
	text = g_strdup_printf(whole ? LIMITS "\\A(?:%s)\\z" : LIMITS "%s", pattern);
	regex = compile(text, NULL);
	if (!regex)
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "it ends within a comment or quotation");
	return regex;
}
