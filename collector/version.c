#include "collector/command.h"

#include <stdio.h>

static int run(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("dorad version: takes no arguments\n", stderr);
		return EXIT_USAGE;
	}
	puts("dorad " DORAD_VERSION);
	return EXIT_OK;
}

const struct command command_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version",
	.run = run,
};
