#pragma once

/*
 * What git's last words mean: the code of the error, and words short enough for a status
 * line. git's exit status says nothing (128 for nearly everything), so its messages have
 * to; the children run with LC_ALL=C. Pure functions of text.
 */
#include <stdbool.h>

#include "base/error.h"

/* The code for a failed call. A remote call that says nothing known is _RETRY, a local
 * one _DATA: then the mirror itself must be at fault. */
enum dora_error git_error_code(const char *text, bool remote);

/* The lines of text that say what went wrong, joined by "; ": without progress and hints,
 * without "fatal:" and "error:", at most 500 bytes. Each of secrets (NULL-terminated) is
 * replaced by "***". The caller frees. */
char *git_error_words(const char *text, const char *const *secrets);
