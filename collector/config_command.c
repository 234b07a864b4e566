#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "collector/command.h"
#include "collector/options.h"
#include "config/config.h"

static int check(const char *path, struct config *config)
{
	(void)config;
	printf("%s: no faults\n", path);
	return EXIT_OK;
}

static int show(const char *path, struct config *config)
{
	g_autofree char *text = config_show(config);

	(void)path;
	fputs(text, stdout);
	return EXIT_OK;
}

static int schema(const char *path, struct config *config)
{
	g_autofree char *text = config_schema_json();

	(void)path;
	(void)config;
	fputs(text, stdout);
	return EXIT_OK;
}

static const struct {
	const char *name;
	const char *summary;
	bool reads; /* the file first */
	int (*run)(const char *path, struct config *config);
} actions[] = {
	{ "check", "report every fault of the file", true, check },
	{ "show", "print the effective values, defaults included", true, show },
	{ "schema", "print the JSON Schema of the file, for editors", false, schema },
};

static int act(const char *name, const char *option)
{
	const char *path = config_path(option);

	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
		_cleanup_(config_unrefp) struct config *config = NULL;
		int status;

		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (actions[i].reads && !(config = options_load_config(path)))
			return EXIT_CONFIG;
		status = actions[i].run(path, config);
		return options_written(&command_config) ? status : EXIT_FAILED;
	}
	fprintf(stderr, "dorad config: there is no \"%s\"; see dorad config --help\n",
		name);
	return EXIT_USAGE;
}

static char *summary(void)
{
	g_autoptr(GString) text = g_string_new("What to do:\n");

	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
		g_string_append_printf(text, "  %-8s %s\n", actions[i].name,
				       actions[i].summary);
	g_string_append_printf(text,
			       "\nFILE is $DORAD_CONFIG or %s unless it is given. "
			       "Exit status: 0, or 78 if the file has faults.",
			       CONFIG_PATH);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static int run(int argc, char **argv)
{
	g_autofree char *file = NULL, *help = summary();
	g_auto(GStrv) words = NULL;
	const GOptionEntry options[] = { { "config", 0, 0, G_OPTION_ARG_FILENAME, &file,
					   "The file to read", "FILE" },
					 { G_OPTION_REMAINING, 0, 0,
					   G_OPTION_ARG_STRING_ARRAY, &words, NULL,
					   "check|show|schema" },
					 { NULL } };
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, options, NULL);
	g_option_context_set_summary(context, help);
	g_set_prgname("dorad config");
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "dorad config: %s\n", error->message);
		return EXIT_USAGE;
	}
	if (!words || !words[0] || words[1]) {
		fputs("dorad config: expected one of check, show and schema; see dorad "
		      "config --help\n",
		      stderr);
		return EXIT_USAGE;
	}
	return act(words[0], file);
}

const struct command command_config = {
	.name = "config",
	.arguments = "check|show|schema [--config FILE]",
	.summary = "check or show the configuration, or print its JSON Schema",
	.run = run,
};
