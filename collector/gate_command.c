#include <signal.h>
#include <string.h>

#include "collector/command.h"
#include "collector/gate.h"
#include "collector/options.h"

struct settings {
	char *config, *guardrail, *format, *no_data;
	struct options_scope scope;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->guardrail);
	g_free(settings->format);
	g_free(settings->no_data);
	options_scope_clear(&settings->scope);
}

/* How many guardrails of the configuration are wanted. */
static unsigned n_wanted(const struct config *config, const struct gate_wish *wish)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config->n_guardrails; i++)
		n += gate_wants_configured(wish, &config->guardrails[i]);
	return n;
}

/* What is asked for must be there: a gate that looks at nothing by mistake would always
 * be open. */
static bool check_wish(const struct config *config, const struct gate_wish *wish)
{
	bool named = !wish->name;

	for (unsigned i = 0; i < config->n_guardrails; i++)
		named |= g_strcmp0(config->guardrails[i].name, wish->name) == 0;
	if (!named)
		fprintf(stderr, "dorad gate: there is no guardrail \"%s\"\n", wish->name);
	if (!options_scope_known(&command_gate, config, wish->kind, wish->scope))
		return false;
	if (named && (wish->name || wish->scope) && n_wanted(config, wish) == 0) {
		fputs("dorad gate: no guardrail fits what was asked for\n", stderr);
		return false;
	}
	return named;
}

static int judge(struct config *config, const struct gate_wish *wish, bool json,
		 bool fails)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) rows = store_guardrails(store, &error);
	const struct config_guardrail *unknown;
	struct gate_count counts;

	if (!rows)
		return options_fail(&command_gate, error);
	unknown = gate_find_unknown(config, rows, wish);
	if (unknown) {
		fprintf(stderr,
			"dorad gate: the database does not have the guardrail \"%s\" as "
			"it is configured: the daemon has not taken this configuration "
			"yet, reload it\n",
			unknown->name);
		return EXIT_CONFIG;
	}
	counts = (json ? gate_json : gate_text)(stdout, rows, wish, fails);
	if (!options_written(&command_gate))
		return EXIT_UNAVAILABLE;
	return gate_is_open(&counts, fails) ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		option_text("service", &settings.scope.service,
			    "only guardrails of this service", "NAME"),
		option_text("team", &settings.scope.team, "only guardrails of this team",
			    "NAME"),
		option_text("org", &settings.scope.org, "only guardrails of this org",
			    "NAME"),
		option_text("guardrail", &settings.guardrail, "only this guardrail",
			    "NAME"),
		option_format(&settings.format),
		option_text("no-data", &settings.no_data,
			    "what a guardrail without data does: ok (default) or fail",
			    "WORD"),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	struct gate_wish wish = { 0 };
	bool json, fails;

	if (!options_parse_all(&command_gate, entries, argc, argv) ||
	    !options_choose(&command_gate, "format", settings.format, "text", "json",
			    &json) ||
	    !options_choose(&command_gate, "no-data", settings.no_data, "ok", "fail",
			    &fails) ||
	    !options_scope_read(&command_gate, &settings.scope, &wish.kind, &wish.scope))
		return EXIT_USAGE;
	wish.name = settings.guardrail;
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	if (!check_wish(config, &wish))
		return EXIT_USAGE;
	if (config->n_guardrails == 0) {
		fputs("dorad gate: the configuration has no guardrails\n", stderr);
		return EXIT_CONFIG;
	}
	signal(SIGPIPE, SIG_IGN);
	return judge(config, &wish, json, fails);
}

const struct command command_gate = {
	.name = "gate",
	.arguments = "[--service NAME|--team NAME|--org NAME] [--guardrail NAME] "
		     "[--format text|json] [--no-data ok|fail]",
	.summary = "tell whether the guardrails hold, by the exit status too",
	.run = run,
};
