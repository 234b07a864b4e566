#include "collector/options.h"

#include <stdio.h>
#include <string.h>

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
