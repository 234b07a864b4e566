#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "collector/command.h"

static const struct command *const commands[] = {
	&command_run,	  &command_once,      &command_report, &command_config,
	&command_sources, &command_doctor,    &command_gate,   &command_explain,
	&command_alerts,  &command_recompute, &command_forget, &command_changepoints,
	&command_reload,  &command_version,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("usage: dorad COMMAND [OPTION…]\n\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n\"dorad COMMAND --help\" tells more.\n", out);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	       strcmp(word, "help") == 0;
}

int main(int argc, char **argv)
{
	static char help[] = "--help";

	/* Arguments and what is printed are UTF-8, wherever it runs. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]) && argc == 3) {
		/* "help run" is "run --help" */
		argv[1] = argv[2];
		argv[2] = help;
	} else if (is_help(argv[1])) {
		usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		return command_version.run(1, argv);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	fprintf(stderr,
		"dorad: there is no command \"%s\"\n\"dorad --help\" lists them.\n",
		argv[1]);
	return EXIT_USAGE;
}
