#include "config/check_private.h"

#include <string.h>

#include "config/fault.h"
#include "config/globs.h"

/* ---- channels ---- */

static void check_http(struct check *check, const struct config_channel_http *http,
		       const char *channel, const char *kind)
{
	g_autofree char *prefix = g_strdup_printf("%s.%s", channel, kind);
	g_autofree char *auth = g_strdup_printf("%s.auth", prefix);

	if (!http)
		return;
	check_secret(check, http->secret_url, prefix, "url");
	check_secret(check, http->token, prefix, "token");
	check_secret(check, http->secret, prefix, "secret");
	if (http->auth && !http->token)
		check_wrong(check, auth, "has no token beside it, expected both");
}

static void check_email(struct check *check, const struct config_channel_email *email,
			const char *channel)
{
	g_autofree char *prefix = g_strdup_printf("%s.email", channel);
	g_autofree char *tls = g_strdup_printf("%s.tls", prefix);
	g_autofree char *to = g_strdup_printf("%s.to", prefix);
	g_autofree char *username = g_strdup_printf("%s.username", prefix);
	g_autofree char *password = g_strdup_printf("%s.password", prefix);

	check_secret(check, email->password, prefix, "password");
	check_once(check, to, email->to, email->n_to);
	if (email->tls == TLS_NONE && !authority_is_loopback(email->server))
		check_wrong(check, tls,
			    "is none, expected starttls or implicit (none is for this "
			    "machine's loopback only)");
	if (email->password && !email->username)
		check_wrong(check, username, "is missing, expected it with password");
	if (email->username && !email->password)
		check_wrong(check, password, "is missing, expected it with username");
}

static void check_channel(struct check *check, const struct config_channel *channel,
			  unsigned i)
{
	g_autofree char *prefix = g_strdup_printf("alerts.channels[%u]", i);
	g_autofree char *resend = g_strdup_printf("%s.resend", prefix);
	int n = (channel->alertmanager != NULL) + (channel->webhook != NULL) +
		(channel->slack != NULL) + (channel->teams != NULL) +
		(channel->pagerduty != NULL) + (channel->email != NULL) +
		(channel->notify != NULL) + channel->journal;

	if (n != 1)
		check_wrong(check, prefix,
			    "has %s, expected one of alertmanager, webhook, slack, "
			    "teams, pagerduty, email, notify and journal",
			    n ? "several kinds" : "no kind");
	else if (channel->resend && !channel->alertmanager)
		check_wrong(check, resend,
			    "does not fit %s, expected it with alertmanager",
			    config_channel_kind_name(channel->kind));
	check_http(check, channel->alertmanager, prefix, "alertmanager");
	check_http(check, channel->webhook, prefix, "webhook");
	check_http(check, channel->slack, prefix, "slack");
	check_http(check, channel->teams, prefix, "teams");
	if (channel->pagerduty) {
		g_autofree char *inner = g_strdup_printf("%s.pagerduty", prefix);

		check_secret(check, channel->pagerduty->routing_key, inner,
			     "routing_key");
	}
	if (channel->email)
		check_email(check, channel->email, prefix);
}

/* A list that the file has: every channel is there once. */
static void check_told(struct check *check, const char *prefix, const char *key,
		       char *const *channels, unsigned n)
{
	g_autofree char *list = g_strdup_printf("%s.%s", prefix, key);

	if (check_given(check, prefix, key))
		check_once(check, list, channels, n);
}

/* ---- rules ---- */

/* The names that patterns are held against. */
struct names {
	const char *what;
	GPtrArray *words;
};

static void names_clear(struct names *names)
{
	g_ptr_array_unref(names->words);
}

#define NAMES(rows, n, what)                                                             \
	names_of((const char *)(rows), n, sizeof(*(rows)),                               \
		 G_STRUCT_OFFSET(__typeof__(*(rows)), name), what)

static struct names names_of(const char *rows, unsigned n, gsize size, glong name,
			     const char *what)
{
	struct names names = { what, g_ptr_array_new() };

	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(names.words,
				*(char *const *)(rows + (gsize)i * size + name));
	return names;
}

static struct names group_names(const struct config *config)
{
	struct names names = { "the production groups of services", g_ptr_array_new() };

	for (unsigned i = 0; i < config->n_services; i++)
		for (unsigned k = 0; k < config->services[i].n_production; k++)
			g_ptr_array_add(names.words,
					config->services[i].production[k].name);
	return names;
}

/* Each pattern fits a name; without names nothing is wrong: they may come. */
static void check_globs(struct check *check, const char *rule, const char *key,
			char *const *globs, unsigned n, const struct names *names)
{
	g_autofree char *list = g_strdup_printf("%s.%s", rule, key);

	check_once(check, list, globs, n);
	for (unsigned i = 0; names->words->len && i < n; i++) {
		g_autofree char *place = g_strdup_printf("%s[%u]", list, i);
		g_autofree char *quoted = fault_quote(globs[i]);
		const char *nearest;
		guint k = 0;

		while (k < names->words->len &&
		       !config_glob(globs[i], g_ptr_array_index(names->words, k)))
			k++;
		if (k < names->words->len)
			continue;
		nearest = fault_nearest(globs[i],
					(const char *const *)names->words->pdata,
					names->words->len);
		if (nearest)
			check_wrong(check, place,
				    "%s fits none of %s, did you mean \"%s\"?", quoted,
				    names->what, nearest);
		else
			check_wrong(check, place,
				    "%s fits none of %s, expected a pattern that does",
				    quoted, names->what);
	}
}

static void check_rule(struct check *check, const struct config_alert_rule *rule,
		       unsigned i)
{
	const struct config *config = check->config;
	g_autofree char *prefix = g_strdup_printf("alerts.rules[%u]", i);
	g_autofree char *metrics = g_strdup_printf("%s.metrics", prefix);
	_cleanup_(names_clear) struct names orgs = NAMES(config->orgs, config->n_orgs,
							 "orgs");
	_cleanup_(names_clear) struct names teams = NAMES(config->teams, config->n_teams,
							  "teams");
	_cleanup_(names_clear) struct names services = NAMES(
		config->services, config->n_services, "services");
	_cleanup_(names_clear) struct names groups = group_names(config);

	check_once(check, metrics, rule->metrics, rule->n_metrics);
	for (unsigned k = 0; k < rule->n_metrics; k++) {
		g_autofree char *key = g_strdup_printf("metrics[%u]", k);

		check_metric(check, prefix, key, rule->metrics[k]);
	}
	check_globs(check, prefix, "orgs", rule->orgs, rule->n_orgs, &orgs);
	check_globs(check, prefix, "teams", rule->teams, rule->n_teams, &teams);
	check_globs(check, prefix, "services", rule->services, rule->n_services,
		    &services);
	check_globs(check, prefix, "environments", rule->environments,
		    rule->n_environments, &groups);
	check_told(check, prefix, "channels", rule->channels, rule->n_channels);
}

enum level { OF_ORG, OF_TEAM, OF_SERVICE };

/* Whether a rule is the first for anything in a scope; if not, *taker is one before it
 * that is. Patterns stand for whatever they fit: a pattern fits what fits all of it. */
static bool reaches(const struct config *config, const struct config_alert_rule *rule,
		    enum level level, const char *scope,
		    const struct config_alert_rule **taker)
{
	static char *const any[] = { (char *)"*" };
	char *const *groups = rule->n_environments ? rule->environments : any;
	const unsigned n = rule->n_environments ? rule->n_environments : 1;

	for (unsigned i = 0; i < rule->n_metrics; i++)
		for (unsigned k = 0; k < n; k++) {
			const struct config_alert_rule *first = config_alert_rule(
				config, level == OF_ORG ? scope : NULL,
				level == OF_TEAM ? scope : NULL,
				level == OF_SERVICE ? scope : NULL, groups[k],
				rule->metrics[i]);

			if (!first || first == rule)
				return true;
			*taker = first;
		}
	return rule->n_metrics == 0;
}

static bool reaches_any(const struct config *config, const struct config_alert_rule *rule,
			enum level level, char *const *scopes, unsigned n,
			const struct config_alert_rule **taker)
{
	for (unsigned i = 0; i < n; i++)
		if (reaches(config, rule, level, scopes[i], taker))
			return true;
	return false;
}

/* Whoever writes such a rule means something by it. */
static void check_reach(struct check *check, const struct config_alert_rule *rule,
			unsigned i)
{
	const struct config *config = check->config;
	g_autofree char *place = g_strdup_printf("alerts.rules[%u]", i);
	const struct config_alert_rule *taker = NULL;
	g_autofree char *name = NULL;

	if (!rule->n_orgs && !rule->n_teams && !rule->n_services) {
		if (reaches(config, rule, OF_TEAM, "*", &taker) ||
		    reaches(config, rule, OF_SERVICE, "*", &taker))
			return;
	} else if (reaches_any(config, rule, OF_ORG, rule->orgs, rule->n_orgs, &taker) ||
		   reaches_any(config, rule, OF_TEAM, rule->teams, rule->n_teams,
			       &taker) ||
		   reaches_any(config, rule, OF_SERVICE, rule->services, rule->n_services,
			       &taker)) {
		return;
	}
	if (!taker || g_strcmp0(taker->name, rule->name) == 0)
		return; /* the name is a fault by itself */
	name = fault_quote(taker->name);
	check_wrong(check, place,
		    "fits nothing that %s before it does not take, expected it further "
		    "up",
		    name);
}

void check_alerts(struct check *check, const struct config_alerts *alerts)
{
	for (unsigned i = 0; i < alerts->n_channels; i++)
		check_channel(check, &alerts->channels[i], i);
	for (unsigned i = 0; i < alerts->n_rules; i++)
		check_rule(check, &alerts->rules[i], i);
	for (unsigned i = 0; i < alerts->n_rules; i++)
		check_reach(check, &alerts->rules[i], i);
	check_told(check, "alerts", "guardrail_channels", alerts->guardrail_channels,
		   alerts->n_guardrail_channels);
	check_told(check, "alerts.self", "channels", alerts->self->channels,
		   alerts->self->n_channels);
}
