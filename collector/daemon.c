#include "collector/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "collector/author_key.h"
#include "collector/loop.h"
#include "collector/options.h"
#include "collector/rest/budget.h"
#include "collector/rest/tokens.h"

#define COLUMNS_DEFAULT 80

struct settings {
	char *config, *cache, *state; /* as given */
	const char *config_path;
	char *cache_dir, *state_dir;
	gboolean verbose;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->cache);
	g_free(settings->state);
	g_free(settings->cache_dir);
	g_free(settings->state_dir);
}

static bool parse(struct settings *settings, const struct command *command, int argc,
		  char **argv)
{
	const GOptionEntry entries[] = {
		option_config(&settings->config),
		option_cache_dir(&settings->cache),
		option_state_dir(&settings->state),
		{ "verbose", 'v', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE,
		  &settings->verbose, "log polls that found nothing, too", NULL },
		{ 0 },
	};

	if (!options_parse_all(command, entries, argc, argv))
		return false;
	settings->config_path = config_path(settings->config);
	settings->cache_dir = options_cache_dir(settings->cache);
	settings->state_dir = options_state_dir(settings->state);
	return true;
}

static guint terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return COLUMNS_DEFAULT;
	return size.ws_col;
}

/* With a configuration that is good. */
static int run(const struct loop_options *options, struct config *config, bool *abandoned)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) key = author_key_load(config, options->state_dir, &error);

	if (!key) {
		log_event(LOG_LEVEL_ERROR, NULL, "%s: %s", error->message,
			  dora_error_advice(error));
		return dora_error_is_transient(error) ? EXIT_FAILED : EXIT_CONFIG;
	}
	announce_started(options->announce, options->config_path, config);
	return loop_run(options, config, key, abandoned);
}

static int load_and_run(const struct loop_options *options, bool *abandoned)
{
	g_autoptr(GPtrArray) faults = NULL;
	_cleanup_(config_unrefp) struct config *config = config_load(options->config_path,
								     &faults);

	if (!config) {
		announce_faults(options->announce, options->config_path, faults, false);
		return EXIT_CONFIG;
	}
	return run(options, config, abandoned);
}

int daemon_run(const struct command *command, bool once,
	       void (*ended)(const struct engine *engine, void *user), int argc,
	       char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	bool terminal = isatty(STDERR_FILENO), abandoned = false;
	int status;

	if (!parse(&settings, command, argc, argv))
		return EXIT_USAGE;
	if (settings.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	/* A connection or a child that went away is an error of write(), not our end. */
	signal(SIGPIPE, SIG_IGN);

	const struct loop_options options = {
		.config_path = settings.config_path,
		.cache_dir = settings.cache_dir,
		.state_dir = settings.state_dir,
		.once = once,
		.seed = g_random_int(),
		.budgets = budgets_new(),
		.tokens = tokens_new(),
		.announce = announce_new(
			progress_new(terminal, stderr, terminal_columns())),
		.ended = ended,
	};
	status = load_and_run(&options, &abandoned);
	if (abandoned) {
		fflush(NULL);
		_exit(status);
	}
	announce_free(options.announce);
	tokens_free(options.tokens);
	budgets_free(options.budgets);
	return status;
}
