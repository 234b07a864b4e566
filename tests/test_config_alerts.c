#include "config_fixture.h"

/* Alerts: wrong files, and what a good one means. */

#define WITH(text)                                                                       \
	{                                                                                \
		{                                                                        \
			"orgs:\n", text "orgs:\n"                                        \
		}                                                                        \
	}
#define CHANNELS(text) WITH("alerts:\n  channels:\n" text)
#define RULE(text) WITH("alerts:\n  rules:\n  - {name: r, " text "}\n")
#define SLACK "  - {name: a, slack: {url: {env: A}}}\n"
#define MAIL(text) CHANNELS("  - {name: m, email: {from: d@x.org, " text "}}\n")

static const struct wrong_file files[] = {
	{ "a channel of no kind", CHANNELS("  - {name: a}\n"),
	  "dorad.yaml:9: alerts.channels[0]: has no kind, expected one of alertmanager, "
	  "webhook, slack, teams, pagerduty, email, notify and journal" },
	{ "a channel of two kinds, and one of none since journal is off",
	  CHANNELS("  - {name: a, journal: true, notify: {}}\n"
		   "  - {name: b, journal: false}\n"),
	  "dorad.yaml:9: alerts.channels[0]: has several kinds, expected one of "
	  "alertmanager, webhook, slack, teams, pagerduty, email, notify and journal\n"
	  "dorad.yaml:10: alerts.channels[1]: has no kind, expected one of alertmanager, "
	  "webhook, slack, teams, pagerduty, email, notify and journal" },
	{ "an unknown kind", CHANNELS("  - {name: a, slacks: {url: {env: A}}}\n"),
	  "dorad.yaml:9: alerts.channels[0].slacks: is not a known key, did you mean "
	  "\"slack\"?" },
	{ "two channels of one name", CHANNELS(SLACK SLACK),
	  "dorad.yaml:10: alerts.channels[1].name: \"a\" is taken by alerts.channels[0] "
	  "(line 9), expected another name" },
	{ "the url of Slack itself, which is a secret",
	  CHANNELS("  - {name: a, slack: {url: 'https://hooks.slack.com/hunter2'}}\n"),
	  "dorad.yaml:9: alerts.channels[0].slack.url: is text, expected a mapping of "
	  "credential, file, env" },
	{ "a url of Teams in two places",
	  CHANNELS("  - {name: a, teams: {url: {env: A, file: /a}}}\n"),
	  "dorad.yaml:9: alerts.channels[0].teams.url: names several places, expected "
	  "one of credential, file or env" },
	{ "an integration key of PagerDuty in no place",
	  CHANNELS("  - {name: a, pagerduty: {routing_key: {}}}\n"),
	  "dorad.yaml:9: alerts.channels[0].pagerduty.routing_key: names no place, "
	  "expected one of credential, file or env" },
	{ "http:// to elsewhere",
	  CHANNELS("  - {name: a, alertmanager: {url: 'http://am.example.org'}}\n"),
	  "dorad.yaml:9: alerts.channels[0].alertmanager.url: is not encrypted, expected "
	  "https:// (http:// is for this machine's loopback only)" },
	{ "credentials in a url",
	  CHANNELS("  - {name: a, webhook: {url: 'https://u:hunter2@h.example.org'}}\n"),
	  "dorad.yaml:9: alerts.channels[0].webhook.url: has credentials in it, expected "
	  "username and token instead" },
	{ "a header without a token",
	  CHANNELS("  - {name: a, webhook: {url: 'https://h.example.org', auth: "
		   "{header: X}}}\n"),
	  "dorad.yaml:9: alerts.channels[0].webhook.auth: has no token beside it, "
	  "expected both" },
	{ "told again, by one that forgets nothing",
	  CHANNELS("  - {name: a, journal: true, resend: 10m}\n"),
	  "dorad.yaml:9: alerts.channels[0].resend: does not fit journal, expected it "
	  "with alertmanager" },
	{ "told again too often",
	  CHANNELS("  - {name: a, alertmanager: {url: 'https://am.example.org'}, resend: "
		   "10s}\n"),
	  "dorad.yaml:9: alerts.channels[0].resend: \"10s\" is out of range, expected "
	  "from 1m to 1h" },
	{ "mail without a port and to nobody", MAIL("server: smtp.example.org, to: []"),
	  "dorad.yaml:9: alerts.channels[0].email.server: the value is not a server, "
	  "expected a host and port such as smtp.example.org:587\n"
	  "dorad.yaml:9: alerts.channels[0].email.to: is an empty list, expected at "
	  "least 1 entry" },
	{ "a port that is none, and an address with a line break in it",
	  MAIL("server: 'smtp.example.org:65536', to: [\"a@b.org\\r\\nBcc: c@d.org\"]"),
	  "dorad.yaml:9: alerts.channels[0].email.server: the value is not a server, "
	  "expected a host and port such as smtp.example.org:587\n"
	  "dorad.yaml:9: alerts.channels[0].email.to[0]: "
	  "\"a@b.org\\u000d\\u000aBcc: c@d.org\" is not an address, expected one such as "
	  "dorad@example.org" },
	{ "mail in the clear over a network",
	  MAIL("server: 'smtp.example.org:25', tls: none, to: [a@b.org]"),
	  "dorad.yaml:9: alerts.channels[0].email.tls: is none, expected starttls or "
	  "implicit (none is for this machine's loopback only)" },
	{ "a password of nobody, and an address twice",
	  MAIL("server: 'localhost:25', tls: none, password: {env: P}, to: [a@b.org, "
	       "a@b.org]"),
	  "dorad.yaml:9: alerts.channels[0].email.to[1]: \"a@b.org\" is in the list "
	  "already, expected it once\n"
	  "dorad.yaml:9: alerts.channels[0].email.username: is missing, expected it with "
	  "password" },
	{ "a user without a password",
	  MAIL("server: 'localhost:25', username: u, to: [a@b.org]"),
	  "dorad.yaml:9: alerts.channels[0].email.password: is missing, expected it with "
	  "username" },
	{ "a channel of NOTIFY that would have to be quoted",
	  CHANNELS("  - {name: a, notify: {channel: Dora-Alerts}}\n"),
	  "dorad.yaml:9: alerts.channels[0].notify.channel: \"Dora-Alerts\" is not a "
	  "channel of NOTIFY, expected lower-case letters, digits and _" },
	{ "a channel that is not there",
	  WITH("alerts:\n  channels:\n" SLACK "  guardrail_channels: [b]\n  self: "
	       "{channels: [slack]}\n  rules: [{name: r, channels: [aa, a]}]\n"),
	  "dorad.yaml:10: alerts.guardrail_channels[0]: \"b\" is not in alerts.channels, "
	  "did you mean \"a\"?\n"
	  "dorad.yaml:11: alerts.self.channels[0]: \"slack\" is not in "
	  "alerts.channels, expected a name from there\n"
	  "dorad.yaml:12: alerts.rules[0].channels[0]: \"aa\" is not in alerts.channels, "
	  "did you mean \"a\"?" },
	{ "a channel where there are none", RULE("channels: [ops]"),
	  "dorad.yaml:9: alerts.rules[0].channels[0]: \"ops\" is not in alerts.channels, "
	  "expected a name from there" },
	{ "a channel twice",
	  WITH("alerts:\n  channels:\n" SLACK "  guardrail_channels: [a, a]\n"),
	  "dorad.yaml:10: alerts.guardrail_channels[1]: \"a\" is in the list already, "
	  "expected it once" },
	{ "no rules", WITH("alerts:\n  rules: []\n"),
	  "dorad.yaml:8: alerts.rules: is an empty list, expected at least 1 entry" },
	{ "a rule of what one before it takes",
	  WITH("alerts:\n  rules:\n  - {name: all, teams: ['*']}\n"
	       "  - {name: ours, teams: [checkout], sensitivity: high}\n"),
	  "dorad.yaml:10: alerts.rules[1]: fits nothing that \"all\" before it does not "
	  "take, expected it further up" },
	{ "rules that others leave something to, and one that gets nothing",
	  WITH("alerts:\n  rules:\n"
	       "  - {name: a, metrics: [change_lead_time], environments: [prod*]}\n"
	       "  - {name: b, teams: [checkout], metrics: [change_lead_time]}\n"
	       "  - {name: c, teams: [check*], metrics: [change_lead_time]}\n"
	       "  - {name: d, services: [shop], environments: [production], metrics: "
	       "[change_lead_time]}\n"
	       "  - {name: e, orgs: [acme]}\n"
	       "  - {name: f}\n"),
	  "dorad.yaml:12: alerts.rules[3]: fits nothing that \"a\" before it does not "
	  "take, expected it further up" },
	{ "two rules of one name",
	  WITH("alerts:\n  rules:\n  - {name: r}\n  - {name: r}\n"),
	  "dorad.yaml:10: alerts.rules[1].name: \"r\" is taken by alerts.rules[0] (line "
	  "9), expected another name" },
	{ "a metric that is nearly one, and one of all changes",
	  RULE("metrics: [change_lead_tme, change_lead_time_all]"),
	  "dorad.yaml:9: alerts.rules[0].metrics[0]: \"change_lead_tme\" is no metric, "
	  "did you mean \"change_lead_time\"?\n"
	  "dorad.yaml:9: alerts.rules[0].metrics[1]: \"change_lead_time_all\" is no "
	  "metric, did you mean \"change_lead_time\"?" },
	{ "patterns that fit nothing",
	  RULE("orgs: [acmee], teams: ['check*', 'x*'], services: ['*', shp], "
	       "environments: [live]"),
	  "dorad.yaml:9: alerts.rules[0].orgs[0]: \"acmee\" fits none of orgs, did you "
	  "mean \"acme\"?\n"
	  "dorad.yaml:9: alerts.rules[0].teams[1]: \"x*\" fits none of teams, expected a "
	  "pattern that does\n"
	  "dorad.yaml:9: alerts.rules[0].services[1]: \"shp\" fits none of services, did "
	  "you mean \"shop\"?\n"
	  "dorad.yaml:9: alerts.rules[0].environments[0]: \"live\" fits none of the "
	  "production groups of services, expected a pattern that does" },
	{ "a ratio of 1", RULE("at_least: 1"),
	  "dorad.yaml:9: alerts.rules[0].at_least: \"1\" is not a ratio, expected a "
	  "number above 1, up to 10, such as 1.5" },
	{ "a ratio in percent", RULE("at_least: 50%"),
	  "dorad.yaml:9: alerts.rules[0].at_least: \"50%\" is not a ratio, expected a "
	  "number above 1, up to 10, such as 1.5" },
	{ "a ratio that no engine waits for", RULE("at_least: '10.01'"),
	  "dorad.yaml:9: alerts.rules[0].at_least: \"10.01\" is not a ratio, expected a "
	  "number above 1, up to 10, such as 1.5" },
	{ "unknown words",
	  RULE("sensitivity: hihg, durations: office, improvements: yes"),
	  "dorad.yaml:9: alerts.rules[0].sensitivity: \"hihg\" is unknown, did you mean "
	  "\"high\"? (default, high or low)\n"
	  "dorad.yaml:9: alerts.rules[0].durations: \"office\" is unknown, expected "
	  "elapsed or working_days\n"
	  "dorad.yaml:9: alerts.rules[0].improvements: \"yes\" is not a truth value, "
	  "expected true or false" },
	{ "times out of range",
	  WITH("alerts:\n  lag: 4d\n  self: {stale_after: 59m, fails_after: 8d}\n"),
	  "dorad.yaml:8: alerts.lag: \"4d\" is out of range, expected from 0s to 3d\n"
	  "dorad.yaml:9: alerts.self.stale_after: \"59m\" is out of range, expected from "
	  "1h to 30d\n"
	  "dorad.yaml:9: alerts.self.fails_after: \"8d\" is out of range, expected from "
	  "1m to 7d" },
	{ "a link with an unknown variable",
	  WITH("alerts:\n  link: https://bi.example.org/?t={teem}\n"),
	  "dorad.yaml:8: alerts.link: has the unknown variable \"teem\", did you mean "
	  "\"team\"?" },
	{ "a link with a variable of something else",
	  WITH("alerts:\n  link: https://bi.example.org/?t={repository}\n"),
	  "dorad.yaml:8: alerts.link: has the unknown variable \"repository\", expected "
	  "one of org, team, service, metric, environment, from, to" },
	{ "a link with half a variable",
	  WITH("alerts:\n  link: https://bi.example.org/?t={team\n"),
	  "dorad.yaml:8: alerts.link: has a brace too many, expected variables such as "
	  "{team}" },
	{ "a link whose host an alert would choose",
	  WITH("alerts:\n  link: https://{team}.example.org/\n"),
	  "dorad.yaml:8: alerts.link: has no usable host name, expected for example "
	  "https://api.example.org/v1" },
	{ "a link to elsewhere in the clear",
	  WITH("alerts:\n  link: http://bi.example.org/\n"),
	  "dorad.yaml:8: alerts.link: is not encrypted, expected https:// (http:// is "
	  "for "
	  "this machine's loopback only)" },
};

START_TEST(wrong)
{
	check_wrong_file(&files[_i]);
}
END_TEST

/* ---- defaults ---- */

static struct config *load_with(const char *text)
{
	g_autofree char *whole = g_strconcat(good_text, text, NULL);

	return load_good(whole);
}

static void ck_words(char *const *list, unsigned n, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(text, "%s%s", i ? " " : "", list[i]);
	ck_assert_str_eq(text->str, expected);
}

#define USUAL                                                                            \
	"deployment_frequency change_lead_time change_fail_rate "                        \
	"failed_deployment_recovery_time deployment_rework_rate time_to_restore"

START_TEST(without_the_section_nothing_is_watched)
{
	struct config *config = load_with("");

	ck_assert_ptr_null(config->alerts);
	ck_assert_ptr_null(config_alert_rule(config, NULL, "checkout", NULL, "production",
					     "change_lead_time"));
	config_unref(config);
}
END_TEST

START_TEST(an_empty_section_watches_everything_and_tells_nobody)
{
	struct config *config = load_with("alerts: {}\n");
	const struct config_alerts *alerts = config->alerts;

	ck_assert_uint_eq(alerts->n_rules, 1);
	ck_assert_str_eq(alerts->rules->name, "default");
	ck_words(alerts->rules->metrics, alerts->rules->n_metrics, USUAL);
	ck_assert(alerts->rules->improvements);
	ck_assert_double_eq(alerts->rules->gate, 0);
	ck_assert_int_eq(alerts->rules->sensitivity, SENSITIVITY_DEFAULT);
	ck_assert_uint_eq(alerts->n_channels, 0);
	ck_assert_uint_eq(alerts->rules->n_channels, 0);
	ck_assert_int_eq(alerts->lag_us, 6 * G_TIME_SPAN_HOUR);
	ck_assert(!alerts->self->off);
	ck_assert_int_eq(alerts->self->stale_after_us, G_TIME_SPAN_DAY);
	ck_assert_int_eq(alerts->self->fails_after_us, 15 * G_TIME_SPAN_MINUTE);
	ck_assert_uint_eq(alerts->self->n_channels, 0);
	ck_assert_ptr_null(alerts->link);
	config_unref(config);
}
END_TEST

static const char said[] =
	"alerts:\n"
	"  lag: 0h\n"
	"  link: http://localhost:3000/d?s={service}&t={to}\n"
	"  channels:\n"
	"  - {name: am, alertmanager: {url: 'https://am.example.org/x/'}}\n"
	"  - {name: hook, webhook: {url: 'https://h.example.org/a?b=c/', token: {env: "
	"T}, "
	"auth: {}}}\n"
	"  - {name: slack, slack: {url: {file: /s}}}\n"
	"  - {name: teams, teams: {url: {env: T}}}\n"
	"  - {name: pd, pagerduty: {routing_key: {credential: c}}}\n"
	"  - {name: mail, email: {server: '[::1]:25', tls: none, from: d@x.org, to: "
	"[a@x.org, b+c@x.org]}}\n"
	"  - {name: pg, notify: {}}\n"
	"  - {name: log, journal: true}\n"
	"  rules:\n"
	"  - {name: some, metrics: [lead_time_review], channels: [slack], at_least: 1.5, "
	"improvements: false, durations: working_days, sensitivity: low}\n"
	"  - {name: none, services: [shop], channels: []}\n"
	"  - {name: all, teams: ['*'], orgs: [ac*], environments: [prod*]}\n"
	"  guardrail_channels: []\n"
	"  self: {off: true, channels: [log]}\n";

#define ALL "am hook slack teams pd mail pg log"

static void check_said(const struct config *config)
{
	const struct config_alerts *alerts = config->alerts;
	const struct config_channel *channels = alerts->channels;

	ck_assert_int_eq(alerts->lag_us, 0);
	ck_assert_uint_eq(alerts->n_channels, N_CHANNEL_KINDS);
	for (unsigned i = 0; i < N_CHANNEL_KINDS; i++)
		ck_assert_uint_eq(channels[i].kind, i);
	ck_assert_str_eq(channels[0].alertmanager->url, "https://am.example.org/x");
	ck_assert_int_eq(channels[0].resend_us, 5 * G_TIME_SPAN_MINUTE);
	ck_assert_str_eq(channels[1].webhook->url, "https://h.example.org/a?b=c/");
	ck_assert_str_eq(channels[1].webhook->auth->header, "Authorization");
	ck_assert_ptr_null(channels[1].resend);
	ck_assert_str_eq(channels[2].slack->secret_url->file, "/s");
	ck_assert_str_eq(channels[3].teams->secret_url->env, "T");
	ck_assert_str_eq(channels[4].pagerduty->url,
			 "https://events.pagerduty.com/v2/enqueue");
	ck_assert_str_eq(channels[4].pagerduty->routing_key->credential, "c");
	ck_assert_int_eq(channels[5].email->tls, TLS_NONE);
	ck_words(channels[5].email->to, channels[5].email->n_to, "a@x.org b+c@x.org");
	ck_assert_str_eq(channels[6].notify->channel, "dorad_alerts");
	ck_assert(channels[7].journal);
	ck_words(alerts->rules[0].channels, alerts->rules[0].n_channels, "slack");
	ck_words(alerts->rules[0].metrics, alerts->rules[0].n_metrics,
		 "lead_time_review");
	ck_assert_double_eq(alerts->rules[0].gate, 1.5);
	ck_assert(!alerts->rules[0].improvements);
	ck_assert_int_eq(alerts->rules[0].durations, DURATIONS_WORKING_DAYS);
	ck_assert_int_eq(alerts->rules[0].sensitivity, SENSITIVITY_LOW);
	ck_words(alerts->rules[1].channels, alerts->rules[1].n_channels, "");
	ck_words(alerts->rules[1].metrics, alerts->rules[1].n_metrics, USUAL);
	ck_words(alerts->rules[2].channels, alerts->rules[2].n_channels, ALL);
	ck_assert(alerts->rules[2].improvements);
	ck_words(alerts->guardrail_channels, alerts->n_guardrail_channels, "");
	ck_words(alerts->self->channels, alerts->self->n_channels, "log");
	ck_assert(alerts->self->off);
}

/* What is shown is the same configuration. */
START_TEST(what_is_said)
{
	struct config *config = load_with(said), *again;
	g_autofree char *shown = config_show(config), *shown_again = NULL;

	check_said(config);
	again = load_good(shown);
	check_said(again);
	shown_again = config_show(again);
	ck_assert_str_eq(shown_again, shown);
	config_unref(config);
	config_unref(again);
}
END_TEST

START_TEST(kinds_have_names)
{
	ck_assert_str_eq(config_channel_kind_name(CHANNEL_ALERTMANAGER), "alertmanager");
	ck_assert_str_eq(config_channel_kind_name(CHANNEL_JOURNAL), "journal");
}
END_TEST

/* ---- which rule ---- */

static const char rules[] =
	"alerts:\n"
	"  rules:\n"
	"  - {name: quick, metrics: [change_lead_time], services: ['s*', other]}\n"
	"  - {name: live, environments: [live], services: ['*']}\n"
	"  - {name: team, teams: [check*], metrics: [change_lead_time, "
	"time_to_restore]}\n"
	"  - {name: org, orgs: ['*'], metrics: [change_fail_rate]}\n"
	"  - {name: rest, metrics: [change_fail_rate, lead_time_review]}\n";
static const char services[] =
	"  - {name: other, team: checkout, components: [{repository: shop}], "
	"deployments: "
	"[{from: tags, environment: live}], production: [{name: live, environments: "
	"[live]}]}\n";

static const struct {
	const char *what;
	const char *org, *team, *service, *environment, *metric;
	const char *rule; /* NULL: none */
} fits[] = {
	{ "a service by its name", "acme", "checkout", "shop", "production",
	  "change_lead_time", "quick" },
	{ "the first of two that fit", "acme", "checkout", "other", "live",
	  "change_lead_time", "quick" },
	{ "another metric of it", "acme", "checkout", "other", "live", "change_fail_rate",
	  "live" },
	{ "another environment of it", "acme", "checkout", "other", "production",
	  "change_fail_rate", "rest" },
	{ "a rule of teams is not for their services", "acme", "checkout", "shop",
	  "production", "time_to_restore", NULL },
	{ "a team by its name", "acme", "checkout", NULL, "production",
	  "change_lead_time", "team" },
	{ "a team, whatever belongs to it", NULL, "checkout", NULL, "production",
	  "time_to_restore", "team" },
	{ "a team with a metric that only the rest has", "acme", "checkout", NULL,
	  "production", "lead_time_review", "rest" },
	{ "another team", "acme", "x", NULL, "production", "time_to_restore", NULL },
	{ "an org", "acme", NULL, NULL, "production", "change_fail_rate", "org" },
	{ "every team and every service are no orgs", "acme", NULL, NULL, "production",
	  "lead_time_review", NULL },
	{ "a metric of no rule", "acme", "checkout", "shop", "production",
	  "deployment_frequency", NULL },
	{ "nothing at all", NULL, NULL, NULL, NULL, "change_fail_rate", NULL },
};

START_TEST(the_first_rule_that_fits)
{
	g_autofree char *text = g_strconcat(services, rules, NULL);
	struct config *config = load_with(text);
	const struct config_alert_rule *rule = config_alert_rule(
		config, fits[_i].org, fits[_i].team, fits[_i].service,
		fits[_i].environment, fits[_i].metric);

	ck_assert_msg(g_strcmp0(rule ? rule->name : NULL, fits[_i].rule) == 0, "%s: %s",
		      fits[_i].what, rule ? rule->name : "none");
	config_unref(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_alerts");
	TCase *tests = tcase_create("config_alerts");

	tcase_add_loop_test(tests, wrong, 0, G_N_ELEMENTS(files));
	tcase_add_test(tests, without_the_section_nothing_is_watched);
	tcase_add_test(tests, an_empty_section_watches_everything_and_tells_nobody);
	tcase_add_test(tests, what_is_said);
	tcase_add_test(tests, kinds_have_names);
	tcase_add_loop_test(tests, the_first_rule_that_fits, 0, G_N_ELEMENTS(fits));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
