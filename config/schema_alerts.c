#include "config/schema_private.h"

#define ADDRESSES_MAX 100 /* of one message */

static const cyaml_strval_t tls_words[] = {
	{ "starttls", TLS_STARTTLS },
	{ "implicit", TLS_IMPLICIT },
	{ "none", TLS_NONE },
};
static const cyaml_strval_t sensitivity_words[] = {
	{ "default", SENSITIVITY_DEFAULT },
	{ "high", SENSITIVITY_HIGH },
	{ "low", SENSITIVITY_LOW },
};
static const cyaml_strval_t durations_words[] = {
	{ "elapsed", DURATIONS_ELAPSED },
	{ "working_days", DURATIONS_WORKING_DAYS },
};

#define CA_FILE                                                                          \
	{                                                                                \
		"ca_file", "The certificates to trust instead of the system's.",         \
			FORMAT_ABSOLUTE                                                  \
	}

/* ---- channels ---- */

const cyaml_schema_field_t schema_alertmanager_fields[] = {
	STRING("url", 0, config_channel_http, url, 1, TEXT_MAX_LENGTH),
	SECRET("token", config_channel_http, token),
	MAPPING("auth", OPTIONAL, config_channel_http, auth, rest_auth),
	STRING("ca_file", OPTIONAL, config_channel_http, ca_file, 1, TEXT_MAX_LENGTH),
	CYAML_FIELD_END
};

const struct config_row schema_alertmanager_rows[] = {
	{ "url",
	  "Where Alertmanager is, without /api/v2: https://. No credentials in it.",
	  FORMAT_API },
	{ "token", "Where the token is." },
	{ "auth", "How the token is sent. Default: Authorization: Bearer." },
	CA_FILE,
	{ NULL }
};

const cyaml_schema_field_t schema_webhook_fields[] = {
	STRING("url", 0, config_channel_http, url, 1, TEXT_MAX_LENGTH),
	SECRET("token", config_channel_http, token),
	MAPPING("auth", OPTIONAL, config_channel_http, auth, rest_auth),
	SECRET("secret", config_channel_http, secret),
	STRING("ca_file", OPTIONAL, config_channel_http, ca_file, 1, TEXT_MAX_LENGTH),
	CYAML_FIELD_END
};

const struct config_row schema_webhook_rows[] = {
	{ "url", "Where the JSON is sent with POST: https://. No credentials in it.",
	  FORMAT_ENDPOINT },
	{ "token", "Where the token is." },
	{ "auth", "How the token is sent. Default: Authorization: Bearer." },
	{ "secret",
	  "Where the secret is that messages are signed with (HMAC-SHA256). Default: "
	  "they are not." },
	CA_FILE,
	{ NULL }
};

/* Of Slack and Teams. */
const cyaml_schema_field_t schema_chat_fields[] = {
	MAPPING("url", 0, config_channel_http, secret_url, secret),
	STRING("ca_file", OPTIONAL, config_channel_http, ca_file, 1, TEXT_MAX_LENGTH),
	CYAML_FIELD_END
};

const struct config_row schema_chat_rows[] = {
	{ "url", "Where the url of the incoming webhook is, which is a secret itself." },
	CA_FILE,
	{ NULL }
};

const cyaml_schema_field_t schema_pagerduty_fields[] = {
	STRING("url", OPTIONAL, config_channel_pagerduty, url, 1, TEXT_MAX_LENGTH),
	MAPPING("routing_key", 0, config_channel_pagerduty, routing_key, secret),
	STRING("ca_file", OPTIONAL, config_channel_pagerduty, ca_file, 1,
	       TEXT_MAX_LENGTH),
	CYAML_FIELD_END
};

const struct config_row schema_pagerduty_rows[] = {
	{ "url", "Where events are sent: https://. No credentials in it.",
	  FORMAT_ENDPOINT, "https://events.pagerduty.com/v2/enqueue" },
	{ "routing_key", "Where the integration key is (Events API v2)." },
	CA_FILE,
	{ NULL }
};

const cyaml_schema_field_t schema_email_fields[] = {
	STRING("server", 0, config_channel_email, server, 1, TEXT_MAX_LENGTH),
	CHOICE("tls", OPTIONAL, config_channel_email, tls, tls_words),
	STRING("username", OPTIONAL, config_channel_email, username, 1, TEXT_MAX_LENGTH),
	SECRET("password", config_channel_email, password),
	STRING("from", 0, config_channel_email, from, 1, GLOB_MAX_LENGTH),
	LIST("to", 0, config_channel_email, to, n_to, schema_glob_entry, ADDRESSES_MAX),
	STRING("ca_file", OPTIONAL, config_channel_email, ca_file, 1, TEXT_MAX_LENGTH),
	CYAML_FIELD_END
};

const struct config_row schema_email_rows[] = {
	{ "server", "The mail server with its port, such as smtp.example.org:587.",
	  FORMAT_SERVER },
	{ "tls",
	  "Whether TLS begins on request (starttls, usual on port 587) or at once "
	  "(implicit, port 465); none is for this machine's loopback only.",
	  FORMAT_ANY, "starttls" },
	{ "username", "Who dorad is there. Leave it out where nobody asks.",
	  FORMAT_LINE },
	{ "password", "Where the password is." },
	{ "from", "The sender's address.", FORMAT_MAIL },
	{ "to", "The addresses of those who are told.", FORMAT_MAIL },
	CA_FILE,
	{ NULL }
};

const cyaml_schema_field_t schema_notify_fields[] = {
	STRING("channel", OPTIONAL, config_channel_notify, channel, 1, 63),
	CYAML_FIELD_END
};

const struct config_row schema_notify_rows[] = {
	{ "channel", "The name to LISTEN to.", FORMAT_CHANNEL, "dorad_alerts" }, { NULL }
};

const cyaml_schema_field_t schema_channel_fields[] = {
	STRING("name", 0, config_channel, name, 1, FORMAT_NAME_MAX),
	MAPPING("alertmanager", OPTIONAL, config_channel, alertmanager, alertmanager),
	MAPPING("webhook", OPTIONAL, config_channel, webhook, webhook),
	MAPPING("slack", OPTIONAL, config_channel, slack, chat),
	MAPPING("teams", OPTIONAL, config_channel, teams, chat),
	MAPPING("pagerduty", OPTIONAL, config_channel, pagerduty, pagerduty),
	MAPPING("email", OPTIONAL, config_channel, email, email),
	MAPPING("notify", OPTIONAL, config_channel, notify, notify),
	TRUTH("journal", config_channel, journal),
	STRING("resend", OPTIONAL, config_channel, resend, 1, 20),
	CYAML_FIELD_END
};

const struct config_row schema_channel_rows[] = {
	{ "name", "What it is called here and in the log.", FORMAT_NAME },
	{ "alertmanager", "Tells an Alertmanager; or webhook, slack, teams, pagerduty, "
			  "email, notify or journal." },
	{ "webhook", "Sends JSON to any server." },
	{ "slack", "Writes to a channel of Slack." },
	{ "teams", "Writes to a channel of Microsoft Teams." },
	{ "pagerduty", "Opens and resolves incidents of PagerDuty." },
	{ "email", "Writes mails." },
	{ "notify", "NOTIFY in the database, in the transaction of the alert itself." },
	{ "journal", "Writes to the log.", FORMAT_ANY, "false" },
	{ "resend",
	  "How often Alertmanager is told again of what still fires, from 1m to 1h: it "
	  "forgets what it is not told. Default: 5m.",
	  FORMAT_SPAN, NULL, 60 * SECOND, HOUR },
	{ NULL }
};
static ENTRY(channel, config_channel);

/* ---- rules ---- */

const cyaml_schema_field_t schema_alert_rule_fields[] = {
	STRING("name", 0, config_alert_rule, name, 1, FORMAT_NAME_MAX),
	LIST("metrics", OPTIONAL, config_alert_rule, metrics, n_metrics,
	     schema_name_entry, PARTS_MAX),
	LIST("orgs", OPTIONAL, config_alert_rule, orgs, n_orgs, schema_glob_entry,
	     LIST_MAX),
	LIST("teams", OPTIONAL, config_alert_rule, teams, n_teams, schema_glob_entry,
	     LIST_MAX),
	LIST("services", OPTIONAL, config_alert_rule, services, n_services,
	     schema_glob_entry, LIST_MAX),
	LIST("environments", OPTIONAL, config_alert_rule, environments, n_environments,
	     schema_glob_entry, PARTS_MAX),
	CHOICE("sensitivity", OPTIONAL, config_alert_rule, sensitivity,
	       sensitivity_words),
	STRING("at_least", OPTIONAL, config_alert_rule, at_least, 1, 20),
	CHOICE("durations", OPTIONAL, config_alert_rule, durations, durations_words),
	TRUTH("improvements", config_alert_rule, improvements),
	LIST_OR_NONE("channels", OPTIONAL, config_alert_rule, channels, n_channels,
		     schema_name_entry, PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_alert_rule_rows[] = {
	{ "name", "What it is called in the views and in messages.", FORMAT_NAME },
	{ "metrics",
	  "The metrics that are watched. Default: deployment_frequency, "
	  "change_lead_time, change_fail_rate, failed_deployment_recovery_time, "
	  "deployment_rework_rate and time_to_restore.",
	  FORMAT_NAME },
	{ "orgs",
	  "Patterns (* and ?) for names of orgs to watch. Without orgs, teams and "
	  "services: every team and every service.",
	  FORMAT_LINE },
	{ "teams", "Patterns for names of teams to watch, as a whole.", FORMAT_LINE },
	{ "services", "Patterns for names of services to watch, each by itself.",
	  FORMAT_LINE },
	{ "environments",
	  "Patterns for rollout groups, by the name in production. Default: all.",
	  FORMAT_LINE },
	{ "sensitivity",
	  "How much evidence is asked for: high asks for less and cries wolf more, low "
	  "is for channels that many people read.",
	  FORMAT_ANY, "default" },
	{ "at_least",
	  "The least ratio worth telling, above 1 and up to 10: 1.5 is half as long "
	  "again, or a third fewer. Default: the metric's own, 1.2 to 1.3.",
	  FORMAT_RATIO },
	{ "durations",
	  "Whether durations count whole or only their working days (working_days).",
	  FORMAT_ANY, "elapsed" },
	{ "improvements", "Look for improvements, too; they are shown, never told.",
	  FORMAT_ANY, "true" },
	{ "channels", "Who is told. Default: every channel. []: nobody.", FORMAT_NAME },
	{ NULL }
};
static ENTRY(alert_rule, config_alert_rule);

/* ---- the section ---- */

const cyaml_schema_field_t schema_alerts_self_fields[] = {
	TRUTH("off", config_alerts_self, off),
	STRING("stale_after", OPTIONAL, config_alerts_self, stale_after, 1, 20),
	STRING("fails_after", OPTIONAL, config_alerts_self, fails_after, 1, 20),
	LIST_OR_NONE("channels", OPTIONAL, config_alerts_self, channels, n_channels,
		     schema_name_entry, PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_alerts_self_rows[] = {
	{ "off", "Nothing is told of dorad itself.", FORMAT_ANY, "false" },
	{ "stale_after",
	  "A source is told of that had no good poll for so long, from 1h to 30d.",
	  FORMAT_SPAN, "24h", HOUR, 30 * DAY },
	{ "fails_after",
	  "A source is told of that refused its credentials for so long, from 1m to 7d.",
	  FORMAT_SPAN, "15m", 60 * SECOND, 7 * DAY },
	{ "channels", "Who is told. Default: every channel. []: nobody.", FORMAT_NAME },
	{ NULL }
};

const cyaml_schema_field_t schema_alerts_fields[] = {
	STRING("lag", OPTIONAL, config_alerts, lag, 1, 20),
	STRING("link", OPTIONAL, config_alerts, link, 1, TEXT_MAX_LENGTH),
	LIST("channels", OPTIONAL, config_alerts, channels, n_channels,
	     schema_channel_entry, PARTS_MAX),
	LIST("rules", OPTIONAL, config_alerts, rules, n_rules, schema_alert_rule_entry,
	     PARTS_MAX),
	LIST_OR_NONE("guardrail_channels", OPTIONAL, config_alerts, guardrail_channels,
		     n_guardrail_channels, schema_name_entry, PARTS_MAX),
	MAPPING("self", OPTIONAL, config_alerts, self, alerts_self),
	CYAML_FIELD_END
};

const struct config_row schema_alerts_rows[] = {
	{ "lag",
	  "A day is judged so long after its end, for facts that come late, from 0h to "
	  "3d.",
	  FORMAT_SPAN, "6h", 0, 3 * DAY },
	{ "link",
	  "The url of a page about a series, for messages. {org}, {team}, {service}, "
	  "{metric}, {environment}, {from} and {to} (dates) in it are filled in.",
	  FORMAT_LINK },
	{ "channels", "Who can be told." },
	{ "rules",
	  "Which series are watched, and how: the first that fits a series is its rule. "
	  "Default: every team and every service." },
	{ "guardrail_channels",
	  "Who is told of guardrails that break. Default: every channel. []: nobody.",
	  FORMAT_NAME },
	{ "self", "What dorad tells of itself.", FORMAT_ANY, "{}" },
	{ NULL }
};

/* ---- calendars ---- */

const cyaml_schema_field_t schema_calendar_fields[] = {
	STRING("name", 0, config_calendar, name, 1, FORMAT_NAME_MAX),
	LIST("files", OPTIONAL, config_calendar, files, n_files, schema_line_entry,
	     ADDRESSES_MAX),
	LIST("days", OPTIONAL, config_calendar, days, n_days, schema_name_entry,
	     PARTS_MAX),
	LIST("freezes", OPTIONAL, config_calendar, freezes, n_freezes, schema_name_entry,
	     PARTS_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_calendar_rows[] = {
	{ "name",
	  "What teams call it. The one named default is of every team that names none; "
	  "without it that is 20 December to 2 January.",
	  FORMAT_NAME },
	{ "files", "iCalendar files (.ics): every event's days.", FORMAT_ABSOLUTE },
	{ "days",
	  "Holidays: 12-25 or 12-20..01-02 of each year, 2026-05-14 or "
	  "2026-05-14..2026-05-17 once, easter, easter-2, easter+39.",
	  FORMAT_DAYS },
	{ "freezes", "Days without deployments, written likewise.", FORMAT_DAYS },
	{ NULL }
};
ENTRY(calendar, config_calendar);
