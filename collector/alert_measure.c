#include "collector/alert_measure.h"

#include <string.h>

#include "config/goal_metric.h"

/* Calendars are told apart by these days: from 2015 to 2045. */
#define FIRST_DAY 16436
#define LAST_DAY 27758

static void add_masked(GString *text, const struct calendar *calendar, gint32 first,
		       gint32 last)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	for (gint32 day = first; day <= last; day++)
		if (calendar_masks(calendar, day))
			g_checksum_update(sum, (const void *)&day, sizeof(day));
	g_string_append_printf(text, " masked %.16s", g_checksum_get_string(sum));
}

char *alert_measure(const struct alert_place *place, enum metric metric,
		    const struct config_alert_rule *rule, const struct watch *watch)
{
	GString *text = g_string_new(NULL);
	const bool worked = rule->durations == DURATIONS_WORKING_DAYS;

	g_string_append(text, worked ? "working days" : "elapsed");
	if (watch->state == WATCH_FIRING &&
	    (worked || metric == METRIC_DEPLOYMENT_FREQUENCY))
		add_masked(text, config_calendar(place->config, place->team),
			   watch->fired - ALERT_LOOK_BACK_DAYS, watch->fired);
	return g_string_free(text, FALSE);
}

char *alert_measure_guardrail(const struct config_guardrail *rail)
{
	return g_strdup_printf("%s %.17g, statistic %d, %u days, minimum %u",
			       rail->at_most ? "at most" : "at least", rail->limit,
			       (int)rail->figure.statistic, goal_window_days(rail->over),
			       rail->minimum);
}

/* ---- what is to be watched ---- */

static void add_text(GString *text, const char *word)
{
	/* lengths keep apart what is said in one word from what is in two */
	g_string_append_printf(text, " %zu:%s", word ? strlen(word) : 0,
			       word ? word : "");
}

static void add_texts(GString *text, char *const *words, unsigned n)
{
	g_string_append_printf(text, " %u", n);
	for (unsigned i = 0; i < n; i++)
		add_text(text, words[i]);
}

static void add_rule(GString *text, const struct config_alert_rule *rule)
{
	add_text(text, rule->name);
	add_texts(text, rule->metrics, rule->n_metrics);
	add_texts(text, rule->orgs, rule->n_orgs);
	add_texts(text, rule->teams, rule->n_teams);
	add_texts(text, rule->services, rule->n_services);
	add_texts(text, rule->environments, rule->n_environments);
	g_string_append_printf(text, " %d %.17g %d %d", (int)rule->sensitivity,
			       rule->gate, (int)rule->durations, rule->improvements);
}

static void add_guardrail(GString *text, const struct config_guardrail *rail)
{
	g_autofree char *measured = alert_measure_guardrail(rail);

	add_text(text, rail->name);
	add_text(text, rail->figure.metric);
	add_text(text, rail->figure.org);
	add_text(text, rail->figure.team);
	add_text(text, rail->figure.service);
	add_text(text, rail->figure.environment);
	add_text(text, measured);
}

static const char *team_of(const struct config *config, enum scope_kind kind,
			   const char *name)
{
	const struct config_service *service = kind == SCOPE_SERVICE
						       ? config_service(config, name)
						       : NULL;

	return kind == SCOPE_TEAM ? name : service ? service->team : NULL;
}

char *alert_definition(const struct config *config, enum scope_kind kind,
		       const char *name)
{
	const struct config_alerts *alerts = config->alerts;
	g_autoptr(GString) text = g_string_new(NULL);

	if (!alerts)
		return NULL;
	for (unsigned i = 0; i < alerts->n_rules; i++)
		add_rule(text, &alerts->rules[i]);
	for (unsigned i = 0; i < config->n_guardrails; i++)
		add_guardrail(text, &config->guardrails[i]);
	add_masked(text, config_calendar(config, team_of(config, kind, name)), FIRST_DAY,
		   LAST_DAY);
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str,
					     (gssize)text->len);
}
