#pragma once

/*
 * What commands have in common on the command line, and where the program's files are.
 */
#include <glib.h>
#include <stdbool.h>

#include "collector/command.h"
#include "config/config.h"

/* Parses the options of a command; what remains are arguments (argv[0] stays). "--help"
 * prints and ends the program. False if something is wrong: it has been said, return
 * EXIT_USAGE. */
bool options_parse(const struct command *command, const GOptionEntry *entries, int *argc,
		   char ***argv);

/* An option that is one of two words, or left out, and is then the first. False if it is
 * another: it has been said, return EXIT_USAGE. */
bool options_choose(const struct command *command, const char *option, const char *given,
		    const char *first, const char *second, bool *is_second);

/* Where mirrors and where the author key live: the option's, else what systemd made
 * ($CACHE_DIRECTORY, $STATE_DIRECTORY: the first of several), else under $XDG_CACHE_HOME
 * and $XDG_STATE_HOME or their defaults in $HOME. The caller frees. */
char *options_cache_dir(const char *given);
char *options_state_dir(const char *given);

/* Loads a configuration, or writes every fault to standard error and returns NULL: then
 * return EXIT_CONFIG. */
struct config *options_load_config(const char *path);
