#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "collector/command.h"
#include "collector/doctor.h"
#include "collector/options.h"

#define SPAN_DEFAULT "14d"

struct settings {
	char *config, *span;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->span);
}

static guint examine_sources(const struct doctor_options *options, const char *name,
			     guint *n_found)
{
	const struct config *config = options->config;
	guint n_wrong = 0;

	for (unsigned i = 0; i < config->n_all; i++) {
		if (name && strcmp(config->all[i].name, name) != 0)
			continue;
		++*n_found;
		n_wrong += doctor_source(options, &config->all[i]);
	}
	return n_wrong;
}

static guint examine_channels(const struct doctor_options *options, const char *name,
			      guint *n_found)
{
	const struct config_alerts *alerts = options->config->alerts;
	guint n_wrong = 0;

	for (unsigned i = 0; alerts && i < alerts->n_channels; i++) {
		if (name && strcmp(alerts->channels[i].name, name) != 0)
			continue;
		++*n_found;
		n_wrong += doctor_channel(options, &alerts->channels[i]);
	}
	return n_wrong;
}

/* What has a name or, without one, all, to standard output. Returns an exit status. */
static int examine(const struct doctor_options *options, const char *name)
{
	guint n_found = 0, n_wrong;

	n_wrong = examine_sources(options, name, &n_found) +
		  examine_channels(options, name, &n_found);
	if (name && n_found == 0) {
		fprintf(stderr, "dorad doctor: there is no source or channel \"%s\"\n",
			name);
		return EXIT_USAGE;
	}
	if (n_wrong > 0)
		fprintf(options->out, "%u thing%s wrong\n", n_wrong,
			n_wrong == 1 ? " is" : "s are");
	else
		fputs("nothing is wrong\n", options->out);
	return options_written(&command_doctor) && n_wrong == 0 ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		option_text("since", &settings.span,
			    "how far back to look (default: " SPAN_DEFAULT ")", "SPAN"),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(rest_transport_freep) struct rest_transport *transport = NULL;
	struct doctor_options options = { .now = g_get_real_time(), .out = stdout };

	if (!options_parse(&command_doctor, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc > 2 ||
	    !span_parse(settings.span ? settings.span : SPAN_DEFAULT, &options.span)) {
		fputs("dorad doctor: expected at most one name, and a span such as "
		      "14d; see dorad doctor --help\n",
		      stderr);
		return EXIT_USAGE;
	}
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	signal(SIGPIPE, SIG_IGN);
	transport = rest_transport_new(NULL);
	options.transport = transport;
	options.config = config;
	return examine(&options, argc == 2 ? argv[1] : NULL);
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "[NAME] [--since SPAN] [--config FILE]",
	.summary = "try every source and channel, and tell what rules would count",
	.run = run,
};
