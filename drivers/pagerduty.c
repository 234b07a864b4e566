#include "drivers/accept.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"

static const struct state_map states[] = {
	{ "triggered", OUTCOME_RUNNING, false },
	{ "acknowledged", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/summary", JSON_TEXT, false, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/priority/summary", JSON_TEXT, false, ITEM(severity) },
	{ "/priority/name", JSON_TEXT, false, ITEM(severity) },
	{ "/urgency", JSON_TEXT, false, ITEM(severity) },
	{ "/incident_type/name", JSON_TEXT, false, ITEM(category) },
	{ "/service/summary", JSON_TEXTS, false, ITEM(services) },
	{ "/service/id", JSON_TEXTS, false, ITEM(services) },
	{ "/teams/*/summary", JSON_TEXTS, false, ITEM(labels) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	/* It is a pager: what it knows is when it was told. */
	{ "/created_at", JSON_TIME, true, ITEM(detected) },
	{ "/acknowledgements/0/at", JSON_TIME, false, ITEM(acknowledged) },
	{ "/resolved_at", JSON_TIME, false, ITEM(resolved) },
	{ "/last_status_change_at", JSON_TIME, false, ITEM(resolved) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ "/last_status_change_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* Merging resolves an incident in favour of another one. */
static bool accept(const cJSON *json, struct item *incident, GError **error G_GNUC_UNUSED)
{
	if (json_says(json, "/resolve_reason/type", "merge_resolve_reason"))
		incident_withdraw(incident);
	incident_settle(incident);
	return true;
}

/* The list of acknowledgements is emptied by the resolve; the log keeps them. */
static bool merge_log_entry(const cJSON *json, struct item *incident,
			    GError **error G_GNUC_UNUSED)
{
	if (json_says(json, "/type", "acknowledge_log_entry"))
		keep_first(&incident->acknowledged, json_instant_at(json, "/created_at"));
	return true;
}

static const struct detail details[] = {
	{ .name = "log entries",
	  .path = "/incidents/{id}/log_entries?is_overview=true&time_zone=UTC&limit=100"
		  "&offset={offset}",
	  .items = "/log_entries",
	  .paging = PAGING_OFFSET,
	  .when = DETAIL_ALWAYS,
	  .merge = merge_log_entry,
	  .scope = "incidents.read" },
	{ NULL },
};

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents of all services the key may see, or of those that are "
		  "named.",
	  /* Without a zone, since and until are in the account's. */
	  .path = "/incidents?since={since}&until={until}&time_zone=UTC"
		  "&sort_by=created_at%3Aasc&service_ids%5B%5D={project}&limit=100"
		  "&offset={offset}",
	  .item_path = "/incidents/{id}",
	  .item_at = "/incident",
	  .items = "/incidents",
	  .order = ORDER_CREATED,
	  .paging = PAGING_OFFSET,
	  .size = 100,
	  .cap = 10000,
	  .window_max = 30 * G_TIME_SPAN_DAY,
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .details = details,
	  .scope = "a read-only REST API key, or incidents.read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "projects",
	  .help = "ids of services, none for all that the key may see",
	  .pattern = "^[A-Z0-9]{5,20}$",
	  .example = "PIJ90N7" },
	{ NULL },
};

const struct driver driver_pagerduty = {
	.name = "pagerduty",
	.title = "PagerDuty",
	.summary = "incidents of services",
	.url = "https://api.pagerduty.com",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_prefix = "Token token=",
	/* Content-Type is asked for even where there is no content. */
	.headers =
		(const struct http_header_row[]){
			{ "Accept",
			  "application/vnd.pagerduty+json;version=2, application/json" },
			{ "Content-Type", "application/json" },
			{ NULL } },
	.whoami = "/abilities",
	.limits = "960 requests a minute for each key; a list of incidents spans at most "
		  "six months and 10,000 incidents.",
	.feeds = feeds,
};
