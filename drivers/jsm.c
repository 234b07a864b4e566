#include "drivers/drivers.h"
#include "drivers/incident.h"

/*
 * Operations of Jira Service Management: alerts, as Opsgenie had them. Its incidents are
 * issues: source jira reads them ("[System] Incident").
 */

static const struct state_map states[] = {
	{ "open", OUTCOME_RUNNING, false },
	{ "acked", OUTCOME_RUNNING, false },
	{ "closed", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/message", JSON_TEXT, false, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/priority", JSON_TEXT, false, ITEM(severity) },
	{ "/integrationType", JSON_TEXT, false, ITEM(category) },
	{ "/entity", JSON_TEXTS, false, ITEM(services) },
	{ "/tags/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/createdAt", JSON_TIME, true, ITEM(created) },
	{ "/createdAt", JSON_TIME, true, ITEM(detected) },
	{ "/closeTime", JSON_TIME, false, ITEM(resolved) },
	{ "/updatedAt", JSON_TIME, false, ITEM(resolved) },
	{ "/updatedAt", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static const struct feed feeds[] = {
	{ .name = "alerts",
	  .kind = ITEM_INCIDENT,
	  .help = "Alerts that the query finds. Incidents are issues: see jira.",
	  .path = "/jsm/ops/api/{organization}/v1/"
		  "alerts?query=({query})%20AND%20createdAt"
		  "%20%3E%3D%20{since}%20AND%20createdAt%20%3C%3D%20{until}"
		  "&sort=createdAt&order=asc&size=100&offset={offset}",
	  .item_path = "/jsm/ops/api/{organization}/v1/alerts/{id}",
	  .items = "/values",
	  .order = ORDER_CREATED,
	  .time = TIME_EPOCH_MS,
	  .paging = PAGING_OFFSET,
	  .size = 100,
	  .cap = 20000,
	  .fields = fields,
	  .states = states,
	  .accept = incident_accept,
	  .scope = "read:ops-alert:jira-service-management" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "organization",
	  .required = true,
	  .help = "the cloud id, found at https://<site>.atlassian.net/_edge/tenant_info",
	  .pattern = "^[0-9a-f-]{36}$",
	  .example = "11111111-2222-3333-4444-555555555555" },
	{ .key = "username",
	  .required = true,
	  .help = "the e-mail address that the API token belongs to",
	  .pattern = "@",
	  .example = "dora@example.com" },
	{ .key = "query",
	  .required = true,
	  .help = "a search for the alerts that are incidents",
	  .example = "priority: (P1 OR P2)" },
	{ NULL },
};

const struct driver driver_jsm = {
	.name = "jsm",
	.title = "Jira Service Management Operations",
	.summary = "alerts that are incidents",
	.url = "https://api.atlassian.com",
	.settings = settings,
	.auth = AUTH_BASIC,
	.limits = "Requests are limited by the plan and the number of users, told by 429 "
		  "and "
		  "Retry-After; a list ends after 20,000 alerts.",
	.feeds = feeds,
};
