#include "collector/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- options ---- */

static GOptionEntry option(const char *name, GOptionArg kind, char **target,
			   const char *help, const char *argument)
{
	return (GOptionEntry){
		.long_name = name,
		.arg = kind,
		.arg_data = target,
		.description = help,
		.arg_description = argument,
	};
}

GOptionEntry option_text(const char *name, char **text, const char *help,
			 const char *argument)
{
	return option(name, G_OPTION_ARG_STRING, text, help, argument);
}

GOptionEntry option_config(char **path)
{
	return option("config", G_OPTION_ARG_FILENAME, path,
		      "the configuration (default: $DORAD_CONFIG or " CONFIG_PATH ")",
		      "FILE");
}

GOptionEntry option_format(char **format)
{
	return option_text("format", format, "text (default) or json", "FORMAT");
}

GOptionEntry option_cache_dir(char **dir)
{
	return option("cache-dir", G_OPTION_ARG_FILENAME, dir,
		      "where mirrors are kept (default: $CACHE_DIRECTORY or "
		      "~/.cache/dorad)",
		      "DIR");
}

GOptionEntry option_state_dir(char **dir)
{
	return option("state-dir", G_OPTION_ARG_FILENAME, dir,
		      "where the author key is kept (default: $STATE_DIRECTORY or "
		      "~/.local/state/dorad)",
		      "DIR");
}

bool options_parse(const struct command *command, const GOptionEntry *entries, int *argc,
		   char ***argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strdup_printf("dorad %s", command->name);

	g_set_prgname(name);
	g_option_context_set_summary(context, command->summary);
	g_option_context_add_main_entries(context, entries, NULL);
	if (g_option_context_parse(context, argc, argv, &error))
		return true;
	fprintf(stderr, "%s: %s\n\"%s --help\" tells more.\n", name, error->message,
		name);
	return false;
}

bool options_parse_all(const struct command *command, const GOptionEntry *entries,
		       int argc, char **argv)
{
	if (!options_parse(command, entries, &argc, &argv))
		return false;
	if (argc <= 1)
		return true;
	fprintf(stderr, "dorad %s: unexpected argument \"%s\"\n", command->name, argv[1]);
	return false;
}

bool options_choose(const struct command *command, const char *option, const char *given,
		    const char *first, const char *second, bool *is_second)
{
	*is_second = given && strcmp(given, second) == 0;
	if (!given || *is_second || strcmp(given, first) == 0)
		return true;
	fprintf(stderr, "dorad %s: --%s: expected %s or %s, found \"%s\"\n",
		command->name, option, first, second, given);
	return false;
}

/* ---- service, team or org ---- */

void options_scope_clear(struct options_scope *scope)
{
	g_free(scope->service);
	g_free(scope->team);
	g_free(scope->org);
}

bool options_scope_read(const struct command *command, const struct options_scope *scope,
			enum scope_kind *kind, const char **name)
{
	const int n = (scope->service != NULL) + (scope->team != NULL) +
		      (scope->org != NULL);

	*kind = scope->service ? SCOPE_SERVICE : scope->team ? SCOPE_TEAM : SCOPE_ORG;
	*name = scope->service ? scope->service : scope->team ? scope->team : scope->org;
	if (n <= 1)
		return true;
	fprintf(stderr, "dorad %s: expected one of --service, --team and --org\n",
		command->name);
	return false;
}

static bool has_scope(const struct config *config, enum scope_kind kind, const char *name)
{
	switch (kind) {
	case SCOPE_ORG:
		return config_org(config, name) != NULL;
	case SCOPE_TEAM:
		return config_team(config, name) != NULL;
	case SCOPE_SERVICE:
		return config_service(config, name) != NULL;
	}
	g_assert_not_reached();
}

bool options_scope_known(const struct command *command, const struct config *config,
			 enum scope_kind kind, const char *name)
{
	if (!name || has_scope(config, kind, name))
		return true;
	fprintf(stderr, "dorad %s: there is no %s \"%s\"\n", command->name,
		scope_kind_name(kind), name);
	return false;
}

/* ---- files ---- */

/* user_dir is asked last: it looks for the user's home, which a service has not. */
static char *place(const char *given, const char *systemd, const char *(*user_dir)(void))
{
	const char *made = g_getenv(systemd);

	if (given)
		return g_canonicalize_filename(given, NULL);
	if (made && *made)
		return g_strndup(made, strcspn(made, ":"));
	return g_build_filename(user_dir(), "dorad", NULL);
}

char *options_cache_dir(const char *given)
{
	return place(given, "CACHE_DIRECTORY", g_get_user_cache_dir);
}

char *options_state_dir(const char *given)
{
	return place(given, "STATE_DIRECTORY", g_get_user_state_dir);
}

struct config *options_load_config(const char *path)
{
	g_autoptr(GPtrArray) faults = NULL;
	struct config *config = config_load(path, &faults);

	for (guint i = 0; i < faults->len; i++) {
		g_autofree char *line = config_fault_format(path,
							    g_ptr_array_index(faults, i));

		fprintf(stderr, "%s\n", line);
	}
	return config;
}

/* ---- ends ---- */

int options_fail(const struct command *command, const GError *error)
{
	const bool transient = dora_error_is_transient(error);

	fprintf(stderr, "dorad %s: %s (%s)\n", command->name, error->message,
		transient ? "may work at another time" : dora_error_advice(error));
	return transient					     ? EXIT_UNAVAILABLE
	       : g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA) ? EXIT_DATA
								     : EXIT_CONFIG;
}

bool options_written(const struct command *command)
{
	if (fflush(stdout) != 0) {
		fprintf(stderr, "dorad %s: cannot write: %s\n", command->name,
			g_strerror(errno));
		return false;
	}
	/* what failed before is known to ferror() alone, and its errno is long gone */
	if (ferror(stdout)) {
		fprintf(stderr, "dorad %s: cannot write to standard output\n",
			command->name);
		return false;
	}
	return true;
}
