#include <stdio.h>

#include "collector/daemon.h"

static void print_source(const struct source *source, void *user)
{
	(void)user;
	if (source->failing || !source->polled)
		fprintf(stderr, "%s: failed: %s\n", source->name,
			source->failure ? source->failure : "was not polled");
	else if (source->total.changed)
		fprintf(stderr,
			"%s: %" G_GSIZE_FORMAT " new commit%s, %" G_GSIZE_FORMAT
			" new deployment%s\n",
			source->name, source->total.n_commits,
			source->total.n_commits == 1 ? "" : "s",
			source->total.n_deployments,
			source->total.n_deployments == 1 ? "" : "s");
	else
		fprintf(stderr, "%s: nothing new\n", source->name);
}

static void print_summary(const struct engine *engine, void *user)
{
	roster_each(engine_roster(engine), print_source, user);
}

static int run(int argc, char **argv)
{
	return daemon_run(&command_once, true, print_summary, argc, argv);
}

const struct command command_once = {
	.name = "once",
	.arguments = "",
	.summary = "poll all sources once, bring the figures up to date, and end",
	.run = run,
};
