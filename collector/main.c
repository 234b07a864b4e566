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

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		return command_version.run(1, argv);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	fprintf(stderr, "dorad: there is no command \"%s\"\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
