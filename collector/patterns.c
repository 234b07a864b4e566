#include "collector/patterns.h"

#include "config/regex.h"

GPtrArray *patterns_new(char *const *patterns, unsigned n)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);

	for (unsigned i = 0; i < n; i++) {
		GRegex *regex = config_regex(patterns[i], false, NULL);

		g_assert(regex); /* else the configuration would not have been loaded */
		g_ptr_array_add(all, regex);
	}
	return all;
}

bool patterns_found(const GPtrArray *patterns, const char *text)
{
	for (guint i = 0; text && i < patterns->len; i++)
		if (g_regex_match(g_ptr_array_index(patterns, i), text, 0, NULL))
			return true;
	return false;
}
