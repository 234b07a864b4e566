#include "config/schema_private.h"

const cyaml_schema_value_t schema_name_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 1, FORMAT_NAME_MAX) };
const cyaml_schema_value_t schema_glob_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 1, GLOB_MAX_LENGTH) };
const cyaml_schema_value_t schema_regex_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 1, REGEX_MAX_LENGTH) };
const cyaml_schema_value_t schema_line_entry = { CYAML_VALUE_STRING(
	CYAML_FLAG_POINTER, char, 1, TEXT_MAX_LENGTH) };

const cyaml_schema_field_t schema_secret_fields[] = {
	STRING("credential", OPTIONAL, secret_ref, credential, 1, FORMAT_NAME_MAX),
	STRING("file", OPTIONAL, secret_ref, file, 1, TEXT_MAX_LENGTH),
	STRING("env", OPTIONAL, secret_ref, env, 1, FORMAT_NAME_MAX), CYAML_FIELD_END
};

static const cyaml_schema_field_t schema_database_fields[] = {
	STRING("uri", 0, config_database, uri, 1, TEXT_MAX_LENGTH),
	SECRET("password", config_database, password),
	STRING("reader_role", OPTIONAL, config_database, reader_role, 0, 63),
	STRING("devlake_schema", OPTIONAL, config_database, devlake_schema, 0, 63),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t schema_schedule_fields[] = {
	STRING("every", OPTIONAL, config_schedule, every, 1, 20),
	STRING("timeout", OPTIONAL, config_schedule, timeout, 1, 20),
	NUMBER("workers", config_schedule, workers), CYAML_FIELD_END
};

static const cyaml_schema_field_t schema_privacy_fields[] = {
	NUMBER("minimum_authors", config_privacy, minimum_authors),
	SECRET("author_key", config_privacy, author_key), CYAML_FIELD_END
};

static const cyaml_schema_field_t schema_retention_fields[] = {
	STRING("authors", OPTIONAL, config_retention, authors, 1, 20),
	STRING("runs", OPTIONAL, config_retention, runs, 1, 20),
	STRING("changes", OPTIONAL, config_retention, changes, 1, 20),
	STRING("incidents", OPTIONAL, config_retention, incidents, 1, 20),
	STRING("kpis", OPTIONAL, config_retention, kpis, 1, 20),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t schema_org_fields[] = {
	STRING("name", 0, config_org, name, 1, FORMAT_NAME_MAX),
	STRING("time_zone", OPTIONAL, config_org, time_zone, 1, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
static ENTRY(org, config_org);

static const cyaml_schema_field_t schema_team_fields[] = {
	STRING("name", 0, config_team, name, 1, FORMAT_NAME_MAX),
	STRING("org", 0, config_team, org, 1, FORMAT_NAME_MAX),
	STRING("time_zone", OPTIONAL, config_team, time_zone, 1, FORMAT_NAME_MAX),
	STRING("calendar", OPTIONAL, config_team, calendar, 1, FORMAT_NAME_MAX),
	CYAML_FIELD_END
};
static ENTRY(team, config_team);

static const cyaml_schema_field_t schema_config_fields[] = {
	MAPPING("database", 0, config, database, database),
	MAPPING("schedule", OPTIONAL, config, schedule, schedule),
	MAPPING("privacy", OPTIONAL, config, privacy, privacy),
	MAPPING("retention", OPTIONAL, config, retention, retention),
	MAPPING("ci_cost", OPTIONAL, config, ci_cost, ci_cost),
	MAPPING("sources", 0, config, sources, sources),
	MAPPING("push", OPTIONAL, config, push, push),
	MAPPING("debt", OPTIONAL, config, debt, debt),
	LIST("orgs", 0, config, orgs, n_orgs, schema_org_entry, LIST_MAX),
	LIST("teams", 0, config, teams, n_teams, schema_team_entry, LIST_MAX),
	LIST("services", OPTIONAL, config, services, n_services, schema_service_entry,
	     LIST_MAX),
	MAPPING("north_star", OPTIONAL, config, north_star, north_star),
	LIST("kpis", OPTIONAL, config, kpis, n_kpis, schema_kpi_entry, PARTS_MAX),
	LIST("guardrails", OPTIONAL, config, guardrails, n_guardrails,
	     schema_guardrail_entry, LIST_MAX),
	MAPPING("alerts", OPTIONAL, config, alerts, alerts),
	LIST("calendars", OPTIONAL, config, calendars, n_calendars, schema_calendar_entry,
	     PARTS_MAX),
	CYAML_FIELD_END
};

const cyaml_schema_value_t config_schema = { CYAML_VALUE_MAPPING(
	CYAML_FLAG_POINTER, struct config, schema_config_fields) };

/* ---- what libcyaml does not know: one row a field, in the same order ---- */

const struct config_row schema_secret_rows[] = {
	{ "credential",
	  "Name of a systemd credential (LoadCredential=NAME:PATH in the unit).",
	  FORMAT_CREDENTIAL },
	{ "file", "Absolute path of a file that only its owner may read.",
	  FORMAT_ABSOLUTE },
	{ "env",
	  "Name of an environment variable. Other processes of the same user can read "
	  "it; prefer credential or file.",
	  FORMAT_VARIABLE },
	{ NULL }
};

static const struct config_row schema_database_rows[] = {
	{ "uri",
	  "Where PostgreSQL is: a URI or key=value string of libpq, without a password. "
	  "Over a network add sslmode=verify-full.",
	  FORMAT_DATABASE },
	{ "password", "Where the password is. Leave it out for peer authentication." },
	{ "reader_role",
	  "The role that may read the views; it is created if the server lets us. \"\" "
	  "creates and grants none.",
	  FORMAT_ROLE, "dora_reader" },
	{ "devlake_schema",
	  "A schema to make for views that are named like the tables of Apache DevLake, "
	  "for dashboards written for those. \"\" makes none.",
	  FORMAT_SCHEMA, "" },
	{ NULL }
};

static const struct config_row schema_schedule_rows[] = {
	{ "every", "How often each source is polled, from 10s to 24h.", FORMAT_SPAN, "5m",
	  10 * SECOND, 24 * HOUR },
	{ "timeout",
	  "How long one fetch may take before it is stopped, from 5s to 6h. The first "
	  "fetch of a large repository is the longest.",
	  FORMAT_SPAN, "15m", 5 * SECOND, 6 * HOUR },
	{ "workers", "How many sources are worked on at the same time, from 1 to 64.",
	  FORMAT_ANY, "4", 1, 64 },
	{ NULL }
};

static const struct config_row schema_privacy_rows[] = {
	{ "minimum_authors",
	  "Lead times are published only where at least so many people are behind them, "
	  "so that nobody is measured alone. 0 publishes all.",
	  FORMAT_ANY, "3", 0, 1000 },
	{ "author_key", "The key that makes hashes of authors. Without it one is made "
			"once in the state "
			"directory; daemons that share a database must share a key." },
	{ NULL }
};

/* No window or quarter that may still change reaches back further than the least. */
#define KEPT(key, what)                                                                  \
	{                                                                                \
		key, what " are kept, from 120d to 36500d. Default: for ever.",          \
			FORMAT_SPAN, NULL, 120 * DAY, 36500 * DAY                        \
	}

static const struct config_row schema_retention_rows[] = {
	KEPT("authors", "How long hashes of authors"),
	KEPT("runs", "How long finished runs of pipelines and their jobs"),
	KEPT("changes", "How long changes that were shipped or closed"),
	KEPT("incidents", "How long incidents that are over"),
	KEPT("kpis", "How long samples of KPIs"),
	{ NULL }
};

static const struct config_row schema_org_rows[] = {
	{ "name", "What it is called in the views.", FORMAT_NAME },
	{ "time_zone", "Where its days begin.", FORMAT_ZONE, "UTC" },
	{ NULL }
};

static const struct config_row schema_team_rows[] = {
	{ "name", "What it is called in the views.", FORMAT_NAME },
	{ "org", "The org it belongs to.", FORMAT_NAME },
	{ "time_zone", "Where its days begin. Default: the org's.", FORMAT_ZONE },
	{ "calendar", "A name of calendars. Default: the one named default, if any.",
	  FORMAT_NAME },
	{ NULL }
};

static const struct config_row schema_config_rows[] = {
	{ "database", "Where facts and numbers are kept." },
	{ "schedule", "How often and how much at a time.", FORMAT_ANY, "{}" },
	{ "privacy", "What is never published.", FORMAT_ANY, "{}" },
	{ "retention",
	  "When facts are deleted for their age. What was published of them stays.",
	  FORMAT_ANY, "{}" },
	{ "ci_cost", "What a minute of a pipeline takes.", FORMAT_ANY, "{}" },
	{ "sources", "What is read, by kind of system." },
	{ "push", "A server that takes deployments and incidents. Default: none." },
	{ "debt", "What is made of issues that are technical debt. Default: one class." },
	{ "orgs", "Organisations; teams belong to them." },
	{ "teams", "Teams; services belong to them." },
	{ "services",
	  "What is deployed and measured. Without any, items are collected only." },
	{ "north_star", "The one figure that all work is for. Default: none." },
	{ "kpis", "Figures with targets: business ones, and those of dora.series." },
	{ "guardrails", "What must hold, for the views and for dorad gate." },
	{ "alerts",
	  "Which series are watched for regressions, and who is told. Default: none." },
	{ "calendars", "Days that say nothing: holidays and freezes." },
	{ NULL }
};

#define ROWS(name)                                                                       \
	{                                                                                \
#name, schema_##name##_fields, schema_##name##_rows                      \
	}

const struct config_table config_tables[] = {
	ROWS(config),	    ROWS(secret),	ROWS(database),	   ROWS(schedule),
	ROWS(privacy),	    ROWS(retention),	ROWS(sources),	   ROWS(git),
	ROWS(app),	    ROWS(api),		ROWS(rest),	   ROWS(rest_auth),
	ROWS(rest_feed),    ROWS(rest_path),	ROWS(rest_state),  ROWS(sql),
	ROWS(push),	    ROWS(push_client),	ROWS(debt),	   ROWS(debt_class),
	ROWS(debt_service), ROWS(org),		ROWS(team),	   ROWS(component),
	ROWS(rule),	    ROWS(group),	ROWS(owner),	   ROWS(incident_rule),
	ROWS(remediation),  ROWS(exclude),	ROWS(service),	   ROWS(north_star),
	ROWS(kpi),	    ROWS(kpi_sql),	ROWS(kpi_http),	   ROWS(kpi_prometheus),
	ROWS(kpi_csv),	    ROWS(figure),	ROWS(guardrail),   ROWS(pipeline),
	ROWS(ci_cost),	    ROWS(alerts),	ROWS(alerts_self), ROWS(alert_rule),
	ROWS(channel),	    ROWS(alertmanager), ROWS(webhook),	   ROWS(chat),
	ROWS(pagerduty),    ROWS(email),	ROWS(notify),	   ROWS(calendar),
	{ NULL },
};

const struct config_row *config_rows(const cyaml_schema_field_t *fields)
{
	const struct config_table *table = config_tables;

	while (table->fields != fields)
		table++;
	return table->rows;
}

const char *config_enum_word(const cyaml_schema_value_t *value, gint64 number)
{
	for (guint i = 0; i < value->enumeration.count; i++)
		if (value->enumeration.strings[i].val == number)
			return value->enumeration.strings[i].str;
	return NULL;
}

static void *allocate(void *unused, void *block, size_t size)
{
	(void)unused;
	return g_realloc(block, size); /* 0 frees, as libcyaml asks */
}

const cyaml_config_t config_cyaml = {
	.mem_fn = allocate,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};
