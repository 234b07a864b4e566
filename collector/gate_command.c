#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "collector/command.h"
#include "collector/gate.h"
#include "collector/options.h"

struct settings {
	char *config, *service, *team, *org, *guardrail, *format, *no_data;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->service);
	g_free(settings->team);
	g_free(settings->org);
	g_free(settings->guardrail);
	g_free(settings->format);
	g_free(settings->no_data);
}

static bool is_known(const struct config *config, const struct gate_wish *wish)
{
	switch (wish->kind) {
	case SCOPE_ORG:
		return config_org(config, wish->scope) != NULL;
	case SCOPE_TEAM:
		return config_team(config, wish->scope) != NULL;
	case SCOPE_SERVICE:
		return config_service(config, wish->scope) != NULL;
	}
	g_assert_not_reached();
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
	if (wish->scope && !is_known(config, wish)) {
		fprintf(stderr, "dorad gate: there is no %s \"%s\"\n",
			wish->kind == SCOPE_ORG	   ? "org"
			: wish->kind == SCOPE_TEAM ? "team"
						   : "service",
			wish->scope);
		return false;
	}
	if (named && (wish->name || wish->scope) && n_wanted(config, wish) == 0) {
		fputs("dorad gate: no guardrail fits what was asked for\n", stderr);
		return false;
	}
	return named;
}

static bool make_wish(const struct settings *settings, struct gate_wish *wish)
{
	int n = (settings->service != NULL) + (settings->team != NULL) +
		(settings->org != NULL);

	*wish = (struct gate_wish){
		.name = settings->guardrail,
		.kind = settings->service ? SCOPE_SERVICE
			: settings->team  ? SCOPE_TEAM
					  : SCOPE_ORG,
		.scope = settings->service ? settings->service
			 : settings->team  ? settings->team
					   : settings->org,
	};
	if (n <= 1)
		return true;
	fputs("dorad gate: expected one of --service, --team and --org\n", stderr);
	return false;
}

/* The guardrails that the daemon has put into the database; NULL with *status. */
static GArray *read_rows(struct config *config, int *status)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	GArray *rows = store_guardrails(store, &error);

	if (rows)
		return rows;
	*status = g_error_matches(error, DORA_ERROR, DORA_ERROR_CONFIG) ||
				  g_error_matches(error, DORA_ERROR, DORA_ERROR_DENIED)
			  ? EXIT_CONFIG
			  : EXIT_UNAVAILABLE;
	fprintf(stderr, "dorad gate: %s: %s\n", error->message, dora_error_advice(error));
	return NULL;
}

static int judge(struct config *config, const struct gate_wish *wish, bool json,
		 bool fails)
{
	int status = EXIT_OK;
	g_autoptr(GArray) rows = read_rows(config, &status);
	const struct config_guardrail *unknown;
	struct gate_count counts;

	if (!rows)
		return status;
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
	if (fflush(stdout) != 0) {
		perror("dorad gate: standard output");
		return EXIT_UNAVAILABLE;
	}
	return gate_is_open(&counts, fails) ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		{ "config", 0, 0, G_OPTION_ARG_FILENAME, &settings.config,
		  "the configuration (default: $DORAD_CONFIG or " CONFIG_PATH ")",
		  "FILE" },
		{ "service", 0, 0, G_OPTION_ARG_STRING, &settings.service,
		  "only guardrails of this service", "NAME" },
		{ "team", 0, 0, G_OPTION_ARG_STRING, &settings.team,
		  "only guardrails of this team", "NAME" },
		{ "org", 0, 0, G_OPTION_ARG_STRING, &settings.org,
		  "only guardrails of this org", "NAME" },
		{ "guardrail", 0, 0, G_OPTION_ARG_STRING, &settings.guardrail,
		  "only this guardrail", "NAME" },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &settings.format,
		  "text (default) or json", "FORMAT" },
		{ "no-data", 0, 0, G_OPTION_ARG_STRING, &settings.no_data,
		  "what a guardrail without data does: ok (default) or fail", "WORD" },
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	struct gate_wish wish;
	bool json, fails;

	if (!options_parse(&command_gate, entries, &argc, &argv))
		return EXIT_USAGE;
	if (argc > 1) {
		fprintf(stderr, "dorad gate: unexpected argument \"%s\"\n", argv[1]);
		return EXIT_USAGE;
	}
	if (!options_choose(&command_gate, "format", settings.format, "text", "json",
			    &json) ||
	    !options_choose(&command_gate, "no-data", settings.no_data, "ok", "fail",
			    &fails) ||
	    !make_wish(&settings, &wish))
		return EXIT_USAGE;
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
	.arguments = "[--service NAME|--team NAME|--org NAME] [--guardrail NAME] …",
	.summary = "tell whether the guardrails hold, by the exit status too",
	.run = run,
};
