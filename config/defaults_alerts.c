#include "config/defaults.h"

#include <string.h>

#include "base/instant.h"

#define RESEND "5m"

/* A list that the file may have, even without entries, and that is otherwise words. An
 * empty list has a place too, so that it is shown as what it is. */
static void default_list(char ***list, unsigned *n, bool given, char *const *words,
			 unsigned n_words)
{
	if (!given && !*list) {
		*list = g_new0(char *, MAX(n_words, 1));
		for (*n = 0; *n < n_words; (*n)++)
			(*list)[*n] = g_strdup(words[*n]);
	} else if (!*list) {
		*list = g_new0(char *, 1);
	}
}

static void rule_defaults(struct config_alert_rule *rule, const struct node *node,
			  char *const *channels, unsigned n_channels)
{
	static const char *const metrics[] = {
		"deployment_frequency",	  "change_lead_time",
		"change_fail_rate",	  "failed_deployment_recovery_time",
		"deployment_rework_rate", "time_to_restore",
	};

	default_list(&rule->metrics, &rule->n_metrics, false, (char *const *)metrics,
		     G_N_ELEMENTS(metrics));
	default_list(&rule->channels, &rule->n_channels,
		     node && node_member(node, "channels"), channels, n_channels);
	rule->gate = rule->at_least ? g_ascii_strtod(rule->at_least, NULL) : 0;
}

/* Of several keys the last one counts; the checks report them. */
static void channel_defaults(struct config_channel *channel)
{
	const bool is[N_CHANNEL_KINDS] = {
		[CHANNEL_ALERTMANAGER] = channel->alertmanager,
		[CHANNEL_WEBHOOK] = channel->webhook,
		[CHANNEL_SLACK] = channel->slack,
		[CHANNEL_TEAMS] = channel->teams,
		[CHANNEL_PAGERDUTY] = channel->pagerduty,
		[CHANNEL_EMAIL] = channel->email,
		[CHANNEL_NOTIFY] = channel->notify,
		[CHANNEL_JOURNAL] = channel->journal,
	};

	for (int kind = 0; kind < N_CHANNEL_KINDS; kind++)
		if (is[kind])
			channel->kind = (enum config_channel_kind)kind;
	if (channel->alertmanager) {
		char *url = channel->alertmanager->url;

		for (gsize n = strlen(url); n && url[n - 1] == '/'; n--)
			url[n - 1] = '\0';
		if (!channel->resend)
			channel->resend = g_strdup(RESEND);
	}
	if (channel->resend)
		span_parse(channel->resend, &channel->resend_us);
}

void alerts_defaults(struct config_alerts *alerts, const struct node *node)
{
	const struct node *rules = node_member(node, "rules");
	const struct node *self = node_member(node, "self");
	g_autofree char **channels = g_new0(char *, MAX(alerts->n_channels, 1));
	const unsigned n = alerts->n_channels;

	for (unsigned i = 0; i < n; i++) {
		channel_defaults(&alerts->channels[i]);
		channels[i] = alerts->channels[i].name;
	}
	if (alerts->n_rules == 0) {
		alerts->rules = g_new0(struct config_alert_rule, 1);
		alerts->n_rules = 1;
		alerts->rules->name = g_strdup("default");
		alerts->rules->improvements = true;
	}
	for (unsigned i = 0; i < alerts->n_rules; i++)
		rule_defaults(&alerts->rules[i],
			      rules ? g_ptr_array_index(rules->items, i) : NULL, channels,
			      n);
	default_list(&alerts->guardrail_channels, &alerts->n_guardrail_channels,
		     node_member(node, "guardrail_channels") != NULL, channels, n);
	default_list(&alerts->self->channels, &alerts->self->n_channels,
		     self && node_member(self, "channels"), channels, n);
	span_parse(alerts->self->stale_after, &alerts->self->stale_after_us);
	span_parse(alerts->self->fails_after, &alerts->self->fails_after_us);
	span_parse(alerts->lag, &alerts->lag_us);
}
