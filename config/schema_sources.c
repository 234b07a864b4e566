#include "config/schema_private.h"

const cyaml_schema_field_t schema_git_fields[] = {
	STRING("name", 0, config_git, name, 1, FORMAT_NAME_MAX),
	STRING("url", 0, config_git, url, 1, TEXT_MAX_LENGTH),
	STRING("username", OPTIONAL, config_git, username, 1, FORMAT_NAME_MAX),
	SECRET("token", config_git, token),
	STRING("ca_file", OPTIONAL, config_git, ca_file, 1, TEXT_MAX_LENGTH),
	SECRET("ssh_key", config_git, ssh_key),
	STRING("known_hosts", OPTIONAL, config_git, known_hosts, 1, TEXT_MAX_LENGTH),
	TRUTH("allow_file", config_git, allow_file),
	STRING("every", OPTIONAL, config_git, every, 1, 20),
	STRING("timeout", OPTIONAL, config_git, timeout, 1, 20),
	CYAML_FIELD_END
};
static ENTRY(git, config_git);

const struct config_row schema_git_rows[] = {
	{ "name", "What the repository is called here and in the views.", FORMAT_NAME },
	{ "url",
	  "https://, ssh://, user@host:path, or a path of this machine. No credentials "
	  "in it.",
	  FORMAT_URL },
	{ "username", "For https: the user the token belongs to.", FORMAT_USER,
	  "x-access-token" },
	{ "token", "For https: where the token is. It needs to read the code only." },
	{ "ca_file", "For https: the certificates to trust instead of the system's.",
	  FORMAT_ABSOLUTE },
	{ "ssh_key",
	  "For ssh, required there: where the private key is (credential or file)." },
	{ "known_hosts",
	  "For ssh, required there: the host keys to trust, as ssh-keyscan prints them.",
	  FORMAT_ABSOLUTE },
	{ "allow_file",
	  "Must be true for a repository on this machine, whose owner could otherwise be "
	  "anyone who can write there.",
	  FORMAT_ANY, "false" },
	{ "every", "How often it is polled. Default: schedule.every.", FORMAT_SPAN, NULL,
	  10 * SECOND, 24 * HOUR },
	{ "timeout", "How long a fetch may take. Default: schedule.timeout.", FORMAT_SPAN,
	  NULL, 5 * SECOND, 6 * HOUR },
	{ NULL }
};

/* ---- what the REST engine reads ---- */

const cyaml_schema_field_t schema_app_fields[] = {
	STRING("id", 0, config_app, id, 1, FORMAT_NAME_MAX),
	STRING("installation", 0, config_app, installation, 1, FORMAT_NAME_MAX),
	MAPPING("key", 0, config_app, key, secret), CYAML_FIELD_END
};

const struct config_row schema_app_rows[] = {
	{ "id", "The app's id, or its client id.", FORMAT_NAME },
	{ "installation", "The id of its installation in the organisation.",
	  FORMAT_NUMBER },
	{ "key", "Where its private key is (PEM, RSA)." },
	{ NULL }
};

const cyaml_schema_field_t schema_api_fields[] = {
	STRING("name", 0, config_api, name, 1, FORMAT_NAME_MAX),
	STRING("url", OPTIONAL, config_api, url, 1, TEXT_MAX_LENGTH),
	STRING("username", OPTIONAL, config_api, username, 1, TEXT_MAX_LENGTH),
	SECRET("token", config_api, token),
	MAPPING("app", OPTIONAL, config_api, app, app),
	STRING("ca_file", OPTIONAL, config_api, ca_file, 1, TEXT_MAX_LENGTH),
	LIST("projects", OPTIONAL, config_api, projects, n_projects, schema_line_entry,
	     LIST_MAX),
	STRING("organization", OPTIONAL, config_api, organization, 1, TEXT_MAX_LENGTH),
	LIST("labels", OPTIONAL, config_api, labels, n_labels, schema_line_entry,
	     PARTS_MAX),
	LIST("types", OPTIONAL, config_api, types, n_types, schema_line_entry, PARTS_MAX),
	STRING("query", OPTIONAL, config_api, query, 1, TEXT_MAX_LENGTH),
	LIST("debt_labels", OPTIONAL, config_api, debt_labels, n_debt_labels,
	     schema_line_entry, PARTS_MAX),
	STRING("debt_query", OPTIONAL, config_api, debt_query, 1, TEXT_MAX_LENGTH),
	LIST("read", OPTIONAL, config_api, read, n_read, schema_name_entry, PARTS_MAX),
	STRING("history", OPTIONAL, config_api, history, 1, 20),
	STRING("every", OPTIONAL, config_api, every, 1, 20),
	CYAML_FIELD_END
};

const struct config_row schema_api_rows[] = {
	{ "name", "What the source is called here and in the views.", FORMAT_NAME },
	{ "url",
	  "Where its API is: https://. Default: the vendor's, where there is one. No "
	  "credentials in it.",
	  FORMAT_API },
	{ "username", "The user the token belongs to, where the system asks for both.",
	  FORMAT_LINE },
	{ "token", "Where the token is. It needs to read only." },
	{ "app", "A GitHub App, instead of a token." },
	{ "ca_file", "The certificates to trust instead of the system's.",
	  FORMAT_ABSOLUTE },
	{ "projects", "What is read there: repositories, projects, jobs or pages.",
	  FORMAT_LINE },
	{ "organization", "The organisation, workspace or account.", FORMAT_LINE },
	{ "labels", "Only issues or alerts with one of these labels.", FORMAT_LINE },
	{ "types", "Only issues of these types.", FORMAT_LINE },
	{ "query", "Only what this query of the system finds.", FORMAT_LINE },
	{ "debt_labels", "Issues with these labels are technical debt.", FORMAT_LINE },
	{ "debt_query", "What this query of the system finds is technical debt.",
	  FORMAT_LINE },
	{ "read",
	  "Which of its feeds are read. Default: those that rules need, and the usual.",
	  FORMAT_NAME },
	{ "history", "How far back the first poll reads, from 1d to 3650d.", FORMAT_SPAN,
	  "180d", DAY, 3650 * DAY },
	{ "every", "How often it is polled. Default: schedule.every.", FORMAT_SPAN, NULL,
	  10 * SECOND, 24 * HOUR },
	{ NULL }
};
static ENTRY(api, config_api);

/* ---- queries ---- */

const cyaml_schema_field_t schema_sql_fields[] = {
	STRING("name", 0, config_sql, name, 1, FORMAT_NAME_MAX),
	STRING("uri", 0, config_sql, uri, 1, TEXT_MAX_LENGTH),
	SECRET("password", config_sql, password),
	STRING("kind", 0, config_sql, kind, 1, FORMAT_NAME_MAX),
	STRING("query", 0, config_sql, query, 1, LONG_MAX_LENGTH),
	STRING("history", OPTIONAL, config_sql, history, 1, 20),
	STRING("every", OPTIONAL, config_sql, every, 1, 20),
	CYAML_FIELD_END
};

const struct config_row schema_sql_rows[] = {
	{ "name", "What the source is called here and in the views.", FORMAT_NAME },
	{ "uri",
	  "Where the PostgreSQL is: a URI or key=value string of libpq, without a "
	  "password.",
	  FORMAT_SQL_DATABASE },
	{ "password", "Where the password is. Leave it out for peer authentication." },
	{ "kind", "What its rows are.", FORMAT_KIND },
	{ "query",
	  "A SELECT whose columns are named as the members of an item; $1 is the "
	  "instant since which changes are wanted.",
	  FORMAT_QUERY },
	{ "history", "How far back the first poll reads, from 1d to 3650d.", FORMAT_SPAN,
	  "180d", DAY, 3650 * DAY },
	{ "every", "How often it is asked. Default: schedule.every.", FORMAT_SPAN, NULL,
	  10 * SECOND, 24 * HOUR },
	{ NULL }
};
static ENTRY(sql, config_sql);

/* ---- all ---- */

#define API(key, driver)                                                                 \
	LIST(key, OPTIONAL, config_sources, api[DRIVER_##driver].rows,                   \
	     api[DRIVER_##driver].n, schema_api_entry, LIST_MAX)

const cyaml_schema_field_t schema_sources_fields[] = {
	LIST("git", OPTIONAL, config_sources, git, n_git, schema_git_entry, LIST_MAX),
	API("github", GITHUB),
	API("gitlab", GITLAB),
	API("gitea", GITEA),
	API("forgejo", FORGEJO),
	API("bitbucket", BITBUCKET),
	API("bitbucket_server", BITBUCKET_SERVER),
	API("jenkins", JENKINS),
	API("buildkite", BUILDKITE),
	API("circleci", CIRCLECI),
	API("azure_devops", AZURE_DEVOPS),
	API("argocd", ARGOCD),
	API("pagerduty", PAGERDUTY),
	API("opsgenie", OPSGENIE),
	API("jira", JIRA),
	API("jira_server", JIRA_SERVER),
	API("jsm", JSM),
	API("servicenow", SERVICENOW),
	API("statuspage", STATUSPAGE),
	API("grafana", GRAFANA),
	API("incident_io", INCIDENT_IO),
	API("rootly", ROOTLY),
	API("firehydrant", FIREHYDRANT),
	API("sentry", SENTRY),
	API("alertmanager", ALERTMANAGER),
	LIST("rest", OPTIONAL, config_sources, rest, n_rest, schema_rest_entry, LIST_MAX),
	LIST("sql", OPTIONAL, config_sources, sql, n_sql, schema_sql_entry, LIST_MAX),
	CYAML_FIELD_END
};

const struct config_row schema_sources_rows[] = {
	{ "git", "Repositories to read." },
	{ "github", "Repositories of GitHub: deployments, workflow runs, releases, "
		    "changes, issues." },
	{ "gitlab",
	  "Projects of GitLab: deployments, pipelines, releases, changes, incidents." },
	{ "gitea", "Repositories of Gitea: workflow runs, releases, changes, issues." },
	{ "forgejo",
	  "Repositories of Forgejo: workflow runs, releases, changes, issues." },
	{ "bitbucket",
	  "Repositories of Bitbucket Cloud: deployments, pipelines, changes." },
	{ "bitbucket_server", "Repositories of Bitbucket Data Center: changes." },
	{ "jenkins", "Jobs of Jenkins: builds." },
	{ "buildkite", "Pipelines of Buildkite: builds and their jobs." },
	{ "circleci", "Projects of CircleCI: workflows and their jobs." },
	{ "azure_devops", "Projects of Azure DevOps: builds, releases, changes." },
	{ "argocd", "Applications of Argo CD: syncs." },
	{ "pagerduty", "Incidents of PagerDuty." },
	{ "opsgenie", "Incidents of Opsgenie." },
	{ "jira", "Issues of Jira Cloud that are incidents." },
	{ "jira_server", "Issues of Jira Data Center that are incidents." },
	{ "jsm", "Incidents of Jira Service Management." },
	{ "servicenow", "Incidents of ServiceNow." },
	{ "statuspage", "Incidents of Statuspage." },
	{ "grafana", "Alert groups of Grafana IRM or OnCall." },
	{ "incident_io", "Incidents of incident.io." },
	{ "rootly", "Incidents of Rootly." },
	{ "firehydrant", "Incidents of FireHydrant." },
	{ "sentry", "Organizations of Sentry: releases and their deploys, issues." },
	{ "alertmanager", "Alerts of an Alertmanager." },
	{ "rest", "Any other REST API, described here." },
	{ "sql", "Queries on any PostgreSQL." },
	{ NULL },
};

const char *config_api_key(enum driver_id driver)
{
	const gsize at = G_STRUCT_OFFSET(struct config_sources, api) +
			 driver * sizeof(struct config_api_list) +
			 G_STRUCT_OFFSET(struct config_api_list, rows);
	const cyaml_schema_field_t *field = schema_sources_fields;

	while (field->key && field->data_offset != at)
		field++;
	return field->key;
}
