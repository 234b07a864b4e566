#include "drivers/accept.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"

static const struct state_map states[] = {
	{ "investigating", OUTCOME_RUNNING, false },
	{ "identified", OUTCOME_RUNNING, false },
	{ "monitoring", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ "postmortem", OUTCOME_SUCCESS, true },
	/* Maintenance. */
	{ "scheduled", OUTCOME_SKIPPED, false },
	{ "in_progress", OUTCOME_SKIPPED, false },
	{ "verifying", OUTCOME_SKIPPED, false },
	{ "completed", OUTCOME_SKIPPED, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/impact_override", JSON_TEXT, false, ITEM(severity) },
	{ "/impact", JSON_TEXT, false, ITEM(severity) },
	{ "/components/*/name", JSON_TEXTS, false, ITEM(services) },
	{ "/shortlink", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, true, ITEM(detected) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/monitoring_at", JSON_TIME, false, ITEM(mitigated) },
	{ "/resolved_at", JSON_TIME, false, ITEM(resolved) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* Maintenance stands among incidents: what was scheduled for some time. */
static bool accept(const cJSON *json, struct item *incident, GError **error G_GNUC_UNUSED)
{
	if (incident->outcome == OUTCOME_SKIPPED ||
	    json_text_at(json, "/scheduled_for") ||
	    json_says(json, "/impact", "maintenance"))
		incident_exempt(incident, "maintenance");
	else
		incident->category = g_strdup("incident");
	incident_settle(incident);
	return true;
}

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents of pages; maintenance is told apart.",
	  /* There is no filter by time; the latest come first. */
	  .path = "/v1/pages/{project}/incidents?limit=100&page={page}",
	  .item_path = "/v1/pages/{project}/incidents/{id}",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_PAGE,
	  .size = 100,
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .scope = "an API key of a team member" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "projects",
	  .required = true,
	  .help = "ids of pages",
	  .pattern = "^[a-z0-9]{8,20}$",
	  .example = "kctbh9vrtdwd" },
	{ NULL },
};

const struct driver driver_statuspage = {
	.name = "statuspage",
	.title = "Statuspage",
	.summary = "incidents of status pages",
	.url = "https://api.statuspage.io",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_prefix = "OAuth ",
	.pace = G_TIME_SPAN_SECOND,
	.whoami = "/v1/pages",
	.limits = "One request a second for each key, counted over a minute; refused "
		  "with 420 "
		  "or 429.",
	.feeds = feeds,
};
