#pragma once

/*
 * The globs of a component against the paths of a repository. "*" and "?" stand for
 * anything within one name, "**" for anything at all; between slashes, or between one and
 * an end of the glob, it stands for whole directories, also for none. A glob that ends in
 * a slash means all below that directory; one without wildcards means that file, or all
 * below that directory. Everything else stands for itself, byte by byte.
 */
#include <glib.h>
#include <stdbool.h>

/* path: without a leading slash, n bytes without NUL. Takes at most the product of the
 * lengths squared, whatever the path. */
bool path_glob_match(const char *glob, const char *path, gsize n);

/* The directory (or file) that all matches are, or lie below: the glob's names before the
 * first with a wildcard. "" if there is none. The caller frees. */
char *path_glob_root(const char *glob);
