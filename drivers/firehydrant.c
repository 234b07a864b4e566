#include "drivers/accept.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"

/* Milestones, as every organisation begins with them. */
static const struct state_map states[] = {
	{ "started", OUTCOME_RUNNING, false },
	{ "detected", OUTCOME_RUNNING, false },
	{ "acknowledged", OUTCOME_RUNNING, false },
	{ "investigating", OUTCOME_RUNNING, false },
	{ "identified", OUTCOME_RUNNING, false },
	{ "mitigated", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ "postmortem_started", OUTCOME_SUCCESS, true },
	{ "postmortem_completed", OUTCOME_SUCCESS, true },
	{ "retrospective_started", OUTCOME_SUCCESS, true },
	{ "retrospective_completed", OUTCOME_SUCCESS, true },
	{ "closed", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/current_milestone", JSON_TEXT, true, ITEM(state) },
	{ "/severity", JSON_TEXT, false, ITEM(severity) },
	{ "/priority", JSON_TEXT, false, ITEM(severity) },
	{ "/incident_type/name", JSON_TEXT, false, ITEM(category) },
	{ "/services/*/name", JSON_TEXTS, false, ITEM(services) },
	{ "/tag_list/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/incident_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/discarded_at", JSON_TIME, false, ITEM(closed) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static void take_milestone(const cJSON *milestone, struct item *incident)
{
	const char *type = json_text_at(milestone, "/type");
	gint64 at = json_instant_at(milestone, "/occurred_at");

	if (text_is(type, "started"))
		keep_first(&incident->started, at);
	else if (text_is(type, "detected"))
		keep_first(&incident->detected, at);
	else if (text_is(type, "acknowledged"))
		keep_first(&incident->acknowledged, at);
	else if (text_is(type, "mitigated"))
		keep_last(&incident->mitigated, at);
	else if (text_is(type, "resolved"))
		keep_last(&incident->resolved, at);
	else if (text_is(type, "closed"))
		keep_last(&incident->closed, at);
	keep_last(&incident->updated, json_instant_at(milestone, "/updated_at"));
}

static bool accept(const cJSON *json, struct item *incident, GError **error G_GNUC_UNUSED)
{
	const cJSON *milestone;

	cJSON_ArrayForEach(milestone, json_at(json, "/milestones"))
		take_milestone(milestone, incident);
	/* A milestone of the organisation's own making. */
	if (!incident->done && cJSON_IsFalse(json_at(json, "/active"))) {
		incident->outcome = OUTCOME_SUCCESS;
		incident->done = true;
	}
	if (incident->resolved == INSTANT_NONE)
		incident->resolved = incident->closed;
	if (json_text_at(json, "/discarded_at"))
		incident_withdraw(incident);
	incident_settle(incident);
	return true;
}

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents; archived ones are told apart.",
	  /* The page after the last one is null; how many fit on a page is not told. */
	  .path = "/v1/incidents?updated_after={since}&per_page=100&page={token}",
	  .item_path = "/v1/incidents/{id}",
	  .items = "/data",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  .paging = PAGING_TOKEN,
	  .token_path = "/pagination/next",
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .told = (const char *const[]){ "/summary", "/description",
					 "/customer_impact_summary", NULL },
	  .scope = "a bot token" },
	{ NULL },
};

static const struct setting settings[] = {
	{ NULL },
};

const struct driver driver_firehydrant = {
	.name = "firehydrant",
	.title = "FireHydrant",
	.summary = "incidents",
	.url = "https://api.firehydrant.io",
	.settings = settings,
	.auth = AUTH_HEADER,
	.whoami = "/v1/ping",
	.limits = "50 requests in 10 seconds for each token.",
	.feeds = feeds,
};
