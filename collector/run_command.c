#include "collector/daemon.h"

static int run(int argc, char **argv)
{
	return daemon_run(&command_run, false, NULL, argc, argv);
}

const struct command command_run = {
	.name = "run",
	.arguments = "",
	.summary = "poll all sources and keep the figures up to date, until stopped",
	.run = run,
};
