#pragma once

/*
 * Lists of regular expressions of the configuration, compiled. Internal to collector/.
 */
#include <glib.h>
#include <stdbool.h>

/* An array of GRegex that frees them, each to be found anywhere in a text. The patterns
 * have been checked when the configuration was loaded. */
GPtrArray *patterns_new(char *const *patterns, unsigned n);
/* Whether one of them is found in a text; NULL: no. */
bool patterns_found(const GPtrArray *patterns, const char *text);
