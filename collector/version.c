#include <stdio.h>

#include "collector/options.h"

static int run(int argc, char **argv)
{
	const GOptionEntry entries[] = { { 0 } };

	if (!options_parse_all(&command_version, entries, argc, argv))
		return EXIT_USAGE;
	puts("dorad " DORAD_VERSION);
	return options_written(&command_version) ? EXIT_OK : EXIT_FAILED;
}

const struct command command_version = {
	.name = "version",
	.arguments = "",
	.summary = "print the version",
	.run = run,
};
