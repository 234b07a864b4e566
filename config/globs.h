#pragma once

/*
 * Patterns of names as they come from outside: "*" is any text, "?" any character; a
 * pattern fits the whole name. (Patterns of files in a repository are another thing:
 * collector/git/path_glob.h.)
 */
#include <glib.h>
#include <stdbool.h>

/* Whether a pattern fits; NULL fits nothing. text need not be UTF-8. */
bool config_glob(const char *glob, const char *text);
/* Whether one of n patterns fits one text; the second whatever the case of letters. */
bool config_globs(char *const *globs, unsigned n, const char *text);
bool config_globs_any_case(char *const *globs, unsigned n, const char *text);
/* Whether one of n patterns fits one of the texts (NULL-terminated; NULL: none). */
bool config_globs_each(char *const *globs, unsigned n, char *const *texts);
