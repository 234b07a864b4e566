#pragma once

/*
 * Regular expressions of rules. They come from the configuration and meet names from
 * outside, so the work of a match is limited: one that would take longer finds nothing.
 */
#include <glib.h>
#include <stdbool.h>

#define REGEX_MAX_LENGTH 500

/* Compiles a pattern: to fit a whole text, or to be found anywhere in one. NULL with
 * DORA_ERROR_CONFIG ("at char 7: missing terminating )"). The caller frees with
 * g_regex_unref(). */
GRegex *config_regex(const char *pattern, bool whole, GError **error);
