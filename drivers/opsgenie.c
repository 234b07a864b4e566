#include "drivers/drivers.h"
#include "drivers/incident.h"

static const struct state_map states[] = {
	{ "open", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ "closed", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/message", JSON_TEXT, false, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/priority", JSON_TEXT, false, ITEM(severity) },
	{ "/impactedServices/*", JSON_TEXTS, false, ITEM(services) },
	{ "/tags/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/links/web", JSON_TEXT, false, ITEM(url) },
	{ "/impactStartDate", JSON_TIME, false, ITEM(started) },
	{ "/createdAt", JSON_TIME, true, ITEM(created) },
	{ "/createdAt", JSON_TIME, true, ITEM(detected) },
	/* No resolve is told as such: the end of the impact, or the last change of what
	 * is resolved. */
	{ "/impactEndDate", JSON_TIME, false, ITEM(resolved) },
	{ "/updatedAt", JSON_TIME, false, ITEM(resolved) },
	{ "/updatedAt", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents, not alerts.",
	  /* Only createdAt can be searched and sorted by, in milliseconds. */
	  .path = "/v1/incidents/?query=createdAt%20%3E%3D%20{since}%20AND%20createdAt%20"
		  "%3C%3D%20{until}&sort=createdAt&order=asc&limit=100&offset={offset}",
	  .item_path = "/v1/incidents/{id}?identifierType=id",
	  .item_at = "/data",
	  .items = "/data",
	  .order = ORDER_CREATED,
	  .time = TIME_EPOCH_MS,
	  .paging = PAGING_OFFSET,
	  .size = 100,
	  .cap = 20000,
	  .fields = fields,
	  .states = states,
	  .accept = incident_accept,
	  .scope = "an API integration key with Read and Configuration access" },
	{ NULL },
};

static const struct setting settings[] = {
	{ NULL },
};

const struct driver driver_opsgenie = {
	.name = "opsgenie",
	.title = "Opsgenie",
	.summary = "incidents",
	.url = "https://api.opsgenie.com",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_prefix = "GenieKey ",
	.limits = "Its API ends on 2027-04-05: move to Jira Service Management (jsm). A "
		  "list "
		  "ends after 20,000 incidents; requests are limited by the plan and the "
		  "number of users.",
	.feeds = feeds,
};
