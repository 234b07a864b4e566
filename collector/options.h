#pragma once

/*
 * What commands have in common on the command line: options of one name and meaning,
 * where the program's files are, and how a command ends that cannot do its work. What
 * goes wrong is said on standard error, after the command's name.
 */
#include <glib.h>
#include <stdbool.h>

#include "collector/command.h"
#include "config/config.h"
#include "sinks/store.h"

/* Rows of an option table. What they fill the caller owns. */
GOptionEntry option_config(char **path);
GOptionEntry option_format(char **format); /* for options_choose(): text, json */
GOptionEntry option_cache_dir(char **dir); /* for options_cache_dir() */
GOptionEntry option_state_dir(char **dir); /* for options_state_dir() */
/* --name ARGUMENT */
GOptionEntry option_text(const char *name, char **text, const char *help,
			 const char *argument);

/* Parses the options of a command; what remains are arguments (argv[0] stays). "--help"
 * prints and ends the program. False if something is wrong: it has been said, return
 * EXIT_USAGE. */
bool options_parse(const struct command *command, const GOptionEntry *entries, int *argc,
		   char ***argv);

/* Likewise of a command that takes nothing but options. */
bool options_parse_all(const struct command *command, const GOptionEntry *entries,
		       int argc, char **argv);

/* An option that is one of two words, or left out, and is then the first. False if it is
 * another: it has been said, return EXIT_USAGE. */
bool options_choose(const struct command *command, const char *option, const char *given,
		    const char *first, const char *second, bool *is_second);

/* --service, --team and --org, of which one may be given. */
struct options_scope {
	char *service, *team, *org;
};
void options_scope_clear(struct options_scope *scope);
/* The one that is given; *name is NULL if there is none. False if there are several: it
 * has been said, return EXIT_USAGE. */
bool options_scope_read(const struct command *command, const struct options_scope *scope,
			enum scope_kind *kind, const char **name);
/* False if the configuration has no such service, team or org (NULL: none is asked for):
 * it has been said, return EXIT_USAGE. */
bool options_scope_known(const struct command *command, const struct config *config,
			 enum scope_kind kind, const char *name);

/* Where mirrors and where the author key live: the option's, else what systemd made
 * ($CACHE_DIRECTORY, $STATE_DIRECTORY: the first of several), else under $XDG_CACHE_HOME
 * and $XDG_STATE_HOME or their defaults in $HOME. The caller frees. */
char *options_cache_dir(const char *given);
char *options_state_dir(const char *given);

/* Loads a configuration, or writes every fault to standard error and returns NULL: then
 * return EXIT_CONFIG. */
struct config *options_load_config(const char *path);

/* Says what went wrong and what to do, for a command that does not try again. The exit
 * status: EXIT_UNAVAILABLE if the same may work at another time, EXIT_DATA for what makes
 * no sense, else EXIT_CONFIG. */
int options_fail(const struct command *command, const GError *error);

/* False if something of what was printed could not be written: it has been said. */
bool options_written(const struct command *command);
