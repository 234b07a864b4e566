#include "collector/alerts_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert_replay.h"
#include "collector/gate.h"
#include "collector/options.h"

#define EPOCH_JULIAN 719163 /* 1970-01-01 as GDate counts */

struct settings {
	char *config, *since, *until, *rule, *guardrail, *metric, *format;
	gboolean improvements;
	struct options_scope scope;
};

static void settings_clear(struct settings *settings)
{
	g_free(settings->config);
	g_free(settings->since);
	g_free(settings->until);
	g_free(settings->rule);
	g_free(settings->guardrail);
	g_free(settings->metric);
	g_free(settings->format);
	options_scope_clear(&settings->scope);
}

static bool parse_day(const char *text, gint32 *day)
{
	int year, month, date, end = -1;
	GDate calendar;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &date, &end) != 3 || end < 0 ||
	    text[end] || year < 1900 || year > 2199 ||
	    !g_date_valid_dmy((GDateDay)date, (GDateMonth)month, (GDateYear)year))
		return false;
	g_date_clear(&calendar, 1);
	g_date_set_dmy(&calendar, (GDateDay)date, (GDateMonth)month, (GDateYear)year);
	*day = (gint32)g_date_get_julian(&calendar) - EPOCH_JULIAN;
	return true;
}

static bool refuse(const char *format, ...) G_GNUC_PRINTF(1, 2);

static bool refuse(const char *format, ...)
{
	va_list arguments;

	fputs("dorad alerts replay: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

static bool read_day(const char *option, const char *text, gint32 *day)
{
	return parse_day(text, day) ||
	       refuse("--%s: \"%s\", expected a date such as 2026-03-02", option, text);
}

static bool make_query(const struct settings *settings, struct replay_query *query)
{
	enum metric metric;

	*query = (struct replay_query){ .until = DAY_MAX,
					.rule = settings->rule,
					.guardrail = settings->guardrail,
					.metric = settings->metric,
					.improvements = settings->improvements };
	if (!settings->since)
		return refuse("expected --since");
	if (!read_day("since", settings->since, &query->since) ||
	    (settings->until && !read_day("until", settings->until, &query->until)))
		return false;
	if (query->until < query->since)
		return refuse("--until is before --since");
	if (query->rule && query->guardrail)
		return refuse("expected one of --rule and --guardrail");
	if (!options_scope_read(&alerts_replay, &settings->scope, &query->kind,
				&query->scope))
		return false;
	if (!query->metric)
		return true;
	return (metric_parse(query->metric, &metric) ||
		refuse("there is no metric \"%s\"", query->metric)) &&
	       (alert_metric_is_watched(metric) ||
		refuse("metric \"%s\" cannot be watched", query->metric));
}

static bool has_rule(const struct config *config, const struct replay_query *query)
{
	for (unsigned i = 0; i < config->alerts->n_rules; i++)
		if (strcmp(config->alerts->rules[i].name, query->rule) == 0)
			return true;
	return refuse("the configuration has no rule \"%s\"", query->rule);
}

static bool has_guardrail(const struct config *config, const struct replay_query *query)
{
	const struct gate_wish wish = { query->guardrail, query->kind, query->scope };
	bool known = false, fits = false;

	for (unsigned i = 0; i < config->n_guardrails; i++) {
		known |= strcmp(config->guardrails[i].name, query->guardrail) == 0;
		fits |= gate_wants_configured(&wish, &config->guardrails[i]);
	}
	if (!known)
		return refuse("the configuration has no guardrail \"%s\"",
			      query->guardrail);
	return fits ||
	       refuse("guardrail \"%s\" is about another scope", query->guardrail);
}

static bool is_in_a_rule(const struct config *config, const char *metric)
{
	for (unsigned i = 0; i < config->alerts->n_rules; i++) {
		const struct config_alert_rule *rule = &config->alerts->rules[i];

		for (unsigned k = 0; k < rule->n_metrics; k++)
			if (strcmp(rule->metrics[k], metric) == 0)
				return true;
	}
	return false;
}

static bool is_in_a_guardrail(const struct config *config, const char *metric)
{
	for (unsigned i = 0; i < config->n_guardrails; i++)
		if (strcmp(config->guardrails[i].figure.metric, metric) == 0)
			return true;
	return false;
}

/* What is asked for by name is there. */
static bool check_names(const struct config *config, const struct replay_query *query)
{
	if (query->metric && !is_in_a_rule(config, query->metric) &&
	    !is_in_a_guardrail(config, query->metric))
		return refuse("no rule or guardrail of the configuration watches \"%s\"",
			      query->metric);
	return (!query->rule || has_rule(config, query)) &&
	       (!query->guardrail || has_guardrail(config, query)) &&
	       options_scope_known(&alerts_replay, config, query->kind, query->scope);
}

static bool is_over_in(const struct config *config, const char *time_zone, gint32 day,
		       gint64 now)
{
	_cleanup_(zone_unrefp) struct zone *zone = time_zone ? zone_open(time_zone, NULL)
							     : NULL;
	const struct alert_place place = { .config = config, .zone = zone };
	bool all;

	return zone && alert_last_day(&place, now, now, &all) >= day;
}

/* Somewhere the first day has been over for long enough. */
static bool check_since(const struct config *config, const struct settings *settings,
			const struct replay_query *query, gint64 now)
{
	bool over = false;

	for (unsigned i = 0; !over && i < config->n_orgs; i++)
		over = is_over_in(config, config->orgs[i].time_zone, query->since, now);
	for (unsigned i = 0; !over && i < config->n_teams; i++)
		over = is_over_in(config, config->teams[i].time_zone, query->since, now);
	for (unsigned i = 0; !over && i < config->n_services; i++)
		over = is_over_in(config, config->services[i].time_zone, query->since,
				  now);
	return over ||
	       refuse("--since: nothing is judged yet from %s on", settings->since);
}

static int replay(struct config *config, const struct replay_query *query, gint64 now,
		  bool json)
{
	_cleanup_(store_freep) struct store *store = store_new(config);
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) series = alert_replay(store, config, query, now, &error);

	if (!series ||
	    !alert_replay_incidents(store, config, query, now, series, &error) ||
	    !alert_replay_guardrails(store, config, query, now, series, &error))
		return options_fail(&alerts_replay, error);
	alert_replay_print(config, query, series, json);
	return options_written(&alerts_replay) ? EXIT_OK : EXIT_FAILED;
}

static int run(int argc, char **argv)
{
	_cleanup_(settings_clear) struct settings settings = { 0 };
	const GOptionEntry entries[] = {
		option_config(&settings.config),
		option_text("since", &settings.since,
			    "the first day, in the time zone of each scope", "DATE"),
		option_text("until", &settings.until,
			    "the last day (default: the last that is over)", "DATE"),
		option_text("rule", &settings.rule,
			    "only series of this rule, and no guardrails", "NAME"),
		option_text("guardrail", &settings.guardrail, "only this guardrail",
			    "NAME"),
		option_text("metric", &settings.metric, "only this metric", "NAME"),
		option_text("service", &settings.scope.service, "only this service",
			    "NAME"),
		option_text("team", &settings.scope.team, "only this team", "NAME"),
		option_text("org", &settings.scope.org, "only this org", "NAME"),
		{ "improvements", 0, 0, G_OPTION_ARG_NONE, &settings.improvements,
		  "also what got better, of rules that have it stored", NULL },
		option_format(&settings.format),
		{ 0 },
	};
	_cleanup_(config_unrefp) struct config *config = NULL;
	const gint64 now = g_get_real_time();
	struct replay_query query;
	bool json;

	if (!options_parse_all(&alerts_replay, entries, argc, argv) ||
	    !options_choose(&alerts_replay, "format", settings.format, "text", "json",
			    &json))
		return EXIT_USAGE;
	if (!make_query(&settings, &query))
		return EXIT_USAGE;
	config = options_load_config(config_path(settings.config));
	if (!config)
		return EXIT_CONFIG;
	if (!config->alerts) {
		refuse("the configuration has no alerts");
		return EXIT_CONFIG;
	}
	return check_names(config, &query) && check_since(config, &settings, &query, now)
		       ? replay(config, &query, now, json)
		       : EXIT_USAGE;
}

const struct command alerts_replay = {
	.name = "alerts replay",
	.arguments = "--since DATE [--until DATE] [--rule NAME|--guardrail NAME] "
		     "[--metric NAME] [--service|--team|--org NAME] [--improvements] "
		     "[--format text|json]",
	.summary = "show what the alerts of the configuration would have told",
	.run = run,
};
