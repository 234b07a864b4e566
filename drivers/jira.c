#include "drivers/accept.h"
#include "drivers/debt.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"

#include <string.h>

/*
 * Issues that are incidents or technical debt, of Jira Cloud (jira) and Data Center
 * (jira_server): the same issues, another search.
 */

/* Names of states are each team's own, their categories are Jira's. */
static const struct state_map states[] = {
	{ "new", OUTCOME_RUNNING, false },
	{ "indeterminate", OUTCOME_RUNNING, false },
	{ "undefined", OUTCOME_RUNNING, false },
	{ "done", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

/* Resolutions that say: it was none. */
static const char *const withdrawn[] = {
	"Duplicate", "Won't Do", "Won't Fix", "Declined",	"Cancelled",
	"Canceled",  "Invalid",	 "Not a Bug", "False Positive", NULL,
};

static const struct json_field fields[] = {
	{ "/key", JSON_ID, true, ITEM(id) },
	{ "/fields/summary", JSON_TEXT, false, ITEM(name) },
	{ "/fields/status/statusCategory/key", JSON_TEXT, true, ITEM(state) },
	{ "/fields/priority/name", JSON_TEXT, false, ITEM(severity) },
	{ "/fields/issuetype/name", JSON_TEXT, false, ITEM(category) },
	{ "/fields/components/*/name", JSON_TEXTS, false, ITEM(services) },
	{ "/fields/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/fields/created", JSON_TIME, true, ITEM(created) },
	/* Set anew by each resolve; Cloud also tells when the category was reached, which
	 * is all there is where a workflow sets no resolution. */
	{ "/fields/resolutiondate", JSON_TIME, false, ITEM(resolved) },
	{ "/fields/statuscategorychangedate", JSON_TIME, false, ITEM(resolved) },
	{ "/fields/updated", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* The first issue that it is caused by. The same type of link also says what it causes:
 * that is an outwardIssue. */
static char *cause_of(const cJSON *json)
{
	const cJSON *link;

	cJSON_ArrayForEach(link, json_at(json, "/fields/issuelinks"))
	{
		const char *key = json_text_at(link, "/inwardIssue/key");

		if (key && json_says(link, "/type/inward", "is caused by"))
			return g_strdup(key);
	}
	return NULL;
}

/* What both have: the team's own word for the state, where people look at it, and whether
 * it was none. */
static void read_issue(const cJSON *json, struct item *issue)
{
	const char *name = json_text_at(json, "/fields/status/name");
	const char *self = json_text_at(json, "/self");
	const char *rest = self ? strstr(self, "/rest/") : NULL;
	const char *resolution = json_text_at(json, "/fields/resolution/name");

	if (name) {
		g_free(issue->state);
		issue->state = g_strdup(name);
	}
	if (rest)
		issue->url = g_strdup_printf("%.*s/browse/%s", (int)(rest - self), self,
					     issue->id);
	for (int i = 0; issue->done && withdrawn[i]; i++)
		if (text_is(resolution, withdrawn[i]))
			issue->outcome = OUTCOME_CANCELLED;
}

static bool accept_incident(const cJSON *json, struct item *issue,
			    GError **error G_GNUC_UNUSED)
{
	read_issue(json, issue);
	issue->cause = cause_of(json);
	if (issue->done)
		issue->closed = issue->resolved;
	incident_settle(issue);
	return true;
}

static const struct json_field debt_fields[] = {
	{ "/key", JSON_ID, true, ITEM(id) },
	{ "/fields/summary", JSON_TEXT, false, ITEM(name) },
	{ "/fields/status/statusCategory/key", JSON_TEXT, true, ITEM(state) },
	{ "/fields/priority/name", JSON_TEXT, false, ITEM(severity) },
	{ "/fields/issuetype/name", JSON_TEXT, false, ITEM(category) },
	{ "/fields/components/*/name", JSON_TEXTS, false, ITEM(services) },
	{ "/fields/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/fields/created", JSON_TIME, true, ITEM(created) },
	{ "/fields/resolutiondate", JSON_TIME, false, ITEM(closed) },
	{ "/fields/statuscategorychangedate", JSON_TIME, false, ITEM(closed) },
	{ "/fields/updated", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

static bool accept_debt(const cJSON *json, struct item *issue,
			GError **error G_GNUC_UNUSED)
{
	read_issue(json, issue);
	debt_settle(issue);
	return true;
}

/* Ordered by creation: a page boundary then moves past nothing when an issue is edited
 * while pages are read. */
#define JQL(query)                                                                       \
	"project%20%3D%20%22{project}%22%20AND%20(" query                                \
	")%20AND%20updated%20%3E%3D%20"                                                  \
	"%22{since}%22%20ORDER%20BY%20created%20ASC%2C%20key%20ASC"
#define ASKED                                                                            \
	"&fields=summary,status,statuscategorychangedate,issuetype,priority,components," \
	"labels,issuelinks,created,updated,resolution,resolutiondate&maxResults=100"

/* An issue may be both. */
#define ISSUES(search, more)                                                             \
	{ .name = "issues",                                                              \
	  .kind = ITEM_INCIDENT,                                                         \
	  .help = "Issues that the query finds, in each project.",                       \
	  .path = search(JQL("{query}")),                                                \
	  .items = "/issues",                                                            \
	  .order = ORDER_UPDATED,                                                        \
	  .any_order = true,                                                             \
	  .time = TIME_JQL,                                                              \
	  .fields = fields,                                                              \
	  .states = states,                                                              \
	  .accept = accept_incident,                                                     \
	  .needs_query = true,                                                           \
	  more },                                                                        \
	{                                                                                \
		.name = "debt", .kind = ITEM_DEBT,                                       \
		.help = "Issues that the query for technical debt finds, in each "       \
			"project.",                                                      \
		.path = search(JQL("{debt_query}")), .items = "/issues",                 \
		.order = ORDER_UPDATED, .any_order = true, .time = TIME_JQL,             \
		.fields = debt_fields, .states = states, .accept = accept_debt,          \
		.needs_debt = true, .whole = true, more                                  \
	}

#define CLOUD(jql) "/rest/api/3/search/jql?jql=" jql ASKED "&nextPageToken={token}"
#define CLOUD_MORE                                                                       \
	.paging = PAGING_TOKEN, .token_path = "/nextPageToken",                          \
	.scope = "Browse projects; read:jira-work, read:jira-user"
#define SERVER(jql) "/rest/api/2/search?jql=" jql ASKED "&startAt={offset}"
#define SERVER_MORE .paging = PAGING_OFFSET, .size = 100, .scope = "Browse projects"

static const struct feed cloud_feeds[] = { ISSUES(CLOUD, CLOUD_MORE), { NULL } };
static const struct feed server_feeds[] = { ISSUES(SERVER, SERVER_MORE), { NULL } };

#define SETTING_PROJECTS                                                                 \
	{                                                                                \
		.key = "projects", .required = true, .help = "keys of projects",         \
		.pattern = "^[A-Z][A-Z0-9_]+$", .example = "OPS"                         \
	}
#define SETTING_QUERY                                                                    \
	{                                                                                \
		.key = "query",                                                          \
		.help = "JQL for the issues that are incidents, without ORDER BY",       \
		.pattern = "^(?i)(?!.*\\border\\s+by\\b).+$",                            \
		.example = "issuetype = Incident"                                        \
	}

#define SETTING_DEBT                                                                     \
	{                                                                                \
		.key = "debt_query",                                                     \
		.help = "JQL for the issues that are technical debt, likewise",          \
		.pattern = "^(?i)(?!.*\\border\\s+by\\b).+$",                            \
		.example = "labels = tech-debt"                                          \
	}

static const struct setting cloud_settings[] = {
	SETTING_PROJECTS,
	SETTING_QUERY,
	SETTING_DEBT,
	{ .key = "username",
	  .required = true,
	  .help = "the e-mail address that the API token belongs to",
	  .pattern = "@",
	  .example = "dora@example.com" },
	{ NULL },
};

static const struct setting server_settings[] = {
	SETTING_PROJECTS,
	SETTING_QUERY,
	SETTING_DEBT,
	{ .key = "username",
	  .help = "a user for basic authentication, none if the token is a personal "
		  "access token",
	  .example = "dora" },
	{ NULL },
};

const struct driver driver_jira = {
	.name = "jira",
	.title = "Jira Cloud",
	.summary = "issues that are incidents, Jira Service Management's too, or "
		   "technical debt",
	.settings = cloud_settings,
	.auth = AUTH_BASIC,
	.whoami = "/rest/api/3/myself",
	.zone_path = "/timeZone",
	.limits = "Bursts are limited for each API token, told by 429 and Retry-After.",
	.feeds = cloud_feeds,
};

const struct driver driver_jira_server = {
	.name = "jira_server",
	.title = "Jira Data Center",
	.summary = "issues that are incidents, Jira Service Management's too, or "
		   "technical debt",
	.settings = server_settings,
	.auth = AUTH_OPTIONAL,
	.whoami = "/rest/api/2/myself",
	.zone_path = "/timeZone",
	.limits = "Limits are the installation's own, told by 429 and Retry-After.",
	.feeds = server_feeds,
};
