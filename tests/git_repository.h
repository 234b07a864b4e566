#pragma once

/*
 * A git repository for a test: made by a shell script with fixed dates and nobody's
 * settings, in a new directory that is removed with it.
 */
#include <glib.h>

#include "collector/git/git_child.h"

struct repository {
	char *root; /* the directory made for it; the script runs in root/work */
	struct config_git git;
	struct mirror mirror; /* as mirror_open() would give it: the bare root/bare.git */
};

/* What every script may use: commit <seconds> [message], tick sets the date. Ends with a
 * bare clone of root/work at root/bare.git, made by the script's "mirror" function. */
void repository_make(struct repository *repository, const char *script);
void repository_clear(struct repository *repository);

/* Runs a script in the bare repository; its standard output without the last newline. The
 * caller frees. Aborts if it fails. */
char *repository_shell(struct repository *repository, const char *script);
