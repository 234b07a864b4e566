#include "config/globs.h"

bool config_glob(const char *glob, const char *text)
{
	g_autofree char *mended = NULL;

	if (!text)
		return false;
	/* GLib steps over whole characters: of one that is cut, beyond the end. */
	if (!g_utf8_validate(text, -1, NULL))
		text = mended = g_utf8_make_valid(text, -1);
	return g_pattern_match_simple(glob, text);
}

bool config_globs(char *const *globs, unsigned n, const char *text)
{
	for (unsigned i = 0; i < n; i++)
		if (config_glob(globs[i], text))
			return true;
	return false;
}

static char *folded(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	return g_utf8_casefold(valid, -1);
}

bool config_globs_any_case(char *const *globs, unsigned n, const char *text)
{
	g_autofree char *fold = text ? folded(text) : NULL;

	for (unsigned i = 0; i < n; i++) {
		g_autofree char *glob = folded(globs[i]);

		if (config_glob(glob, fold))
			return true;
	}
	return false;
}

bool config_globs_each(char *const *globs, unsigned n, char *const *texts)
{
	for (gsize i = 0; texts && texts[i]; i++)
		if (config_globs(globs, n, texts[i]))
			return true;
	return false;
}
