#include "drivers/drivers.h"
#include "drivers/incident.h"

static const struct state_map states[] = {
	{ "in_triage", OUTCOME_RUNNING, false },
	{ "started", OUTCOME_RUNNING, false },
	{ "detected", OUTCOME_RUNNING, false },
	{ "acknowledged", OUTCOME_RUNNING, false },
	{ "mitigated", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ "closed", OUTCOME_SUCCESS, true },
	{ "cancelled", OUTCOME_CANCELLED, true },
	/* Maintenance. */
	{ "scheduled", OUTCOME_SKIPPED, false },
	{ "in_progress", OUTCOME_SKIPPED, false },
	{ "verifying", OUTCOME_SKIPPED, false },
	{ "completed", OUTCOME_SKIPPED, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/attributes/title", JSON_TEXT, false, ITEM(name) },
	{ "/attributes/status", JSON_TEXT, true, ITEM(state) },
	{ "/attributes/kind", JSON_TEXT, false, ITEM(category) },
	{ "/attributes/severity/data/attributes/name", JSON_TEXT, false, ITEM(severity) },
	{ "/attributes/services/*/data/attributes/name", JSON_TEXTS, false,
	  ITEM(services) },
	{ "/relationships/services/data/*/id", JSON_TEXTS, false, ITEM(services) },
	{ "/attributes/url", JSON_TEXT, false, ITEM(url) },
	{ "/attributes/created_at", JSON_TIME, true, ITEM(created) },
	{ "/attributes/started_at", JSON_TIME, false, ITEM(started) },
	{ "/attributes/detected_at", JSON_TIME, false, ITEM(detected) },
	{ "/attributes/acknowledged_at", JSON_TIME, false, ITEM(acknowledged) },
	{ "/attributes/mitigated_at", JSON_TIME, false, ITEM(mitigated) },
	{ "/attributes/resolved_at", JSON_TIME, false, ITEM(resolved) },
	{ "/attributes/closed_at", JSON_TIME, false, ITEM(resolved) },
	{ "/attributes/closed_at", JSON_TIME, false, ITEM(closed) },
	{ "/attributes/cancelled_at", JSON_TIME, false, ITEM(closed) },
	{ "/attributes/updated_at", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* Kinds: normal, test, example, backfilled, scheduled, some with "_sub". */
static bool accept(const cJSON *json, struct item *incident, GError **error G_GNUC_UNUSED)
{
	const char *kind = incident->category;

	if (kind && (g_str_has_prefix(kind, "test") || g_str_has_prefix(kind, "example")))
		incident_exempt(incident, "test");
	else if (incident->outcome == OUTCOME_SKIPPED ||
		 (kind && g_str_has_prefix(kind, "scheduled")))
		incident_exempt(incident, "maintenance");
	else if (json_text_at(json, "/attributes/duplicate_incident_id"))
		incident_withdraw(incident);
	incident->labels = incident_labels(json_at(json, "/attributes/labels"));
	incident_settle(incident);
	return true;
}

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents; tests and maintenance are told apart.",
	  /* Ordered by creation: what is edited while pages are read moves none. */
	  .path = "/v1/incidents?filter%5Bupdated_at%5D%5Bgte%5D={since}&sort=created_at"
		  "&page%5Bsize%5D=100&page%5Bnumber%5D={page}",
	  .item_path = "/v1/incidents/{id}",
	  .item_at = "/data",
	  .items = "/data",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  .paging = PAGING_PAGE,
	  .size = 100,
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .told = (const char *const[]){ "/attributes/summary", NULL },
	  .scope = "an API key that may read incidents" },
	{ NULL },
};

static const struct setting settings[] = {
	{ NULL },
};

const struct driver driver_rootly = {
	.name = "rootly",
	.title = "Rootly",
	.summary = "incidents",
	.url = "https://api.rootly.com",
	.settings = settings,
	.auth = AUTH_HEADER,
	.headers = (const struct http_header_row[]){ { "Accept",
						       "application/vnd.api+json" },
						     { "Content-Type",
						       "application/vnd.api+json" },
						     { NULL } },
	.whoami = "/v1/users/me",
	.limits = "3,000 requests a minute for each key.",
	.feeds = feeds,
};
