#include "config/config.h"

#include "config/globs.h"

const char *config_channel_kind_name(enum config_channel_kind kind)
{
	static const char *const names[N_CHANNEL_KINDS] = {
		[CHANNEL_ALERTMANAGER] = "alertmanager",
		[CHANNEL_WEBHOOK] = "webhook",
		[CHANNEL_SLACK] = "slack",
		[CHANNEL_TEAMS] = "teams",
		[CHANNEL_PAGERDUTY] = "pagerduty",
		[CHANNEL_EMAIL] = "email",
		[CHANNEL_NOTIFY] = "notify",
		[CHANNEL_JOURNAL] = "journal",
	};

	return names[kind];
}

static bool has_scope(const struct config_alert_rule *rule, const char *org,
		      const char *team, const char *service)
{
	if (!rule->n_orgs && !rule->n_teams && !rule->n_services)
		return service || team;
	if (service)
		return config_globs(rule->services, rule->n_services, service);
	if (team)
		return config_globs(rule->teams, rule->n_teams, team);
	return config_globs(rule->orgs, rule->n_orgs, org);
}

const struct config_alert_rule *
config_alert_rule(const struct config *config, const char *org, const char *team,
		  const char *service, const char *environment, const char *metric)
{
	const struct config_alerts *alerts = config->alerts;

	for (unsigned i = 0; alerts && i < alerts->n_rules; i++) {
		const struct config_alert_rule *rule = &alerts->rules[i];

		if (config_lists(rule->metrics, rule->n_metrics, metric) &&
		    has_scope(rule, org, team, service) &&
		    (!rule->n_environments ||
		     config_globs(rule->environments, rule->n_environments, environment)))
			return rule;
	}
	return NULL;
}
