#include "drivers/drivers.h"
#include "drivers/incident.h"

static const struct state_map states[] = {
	{ "new", OUTCOME_RUNNING, false },
	{ "firing", OUTCOME_RUNNING, false },
	{ "acknowledged", OUTCOME_RUNNING, false },
	{ "silenced", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/labels/[key.name=severity]/value/name", JSON_TEXT, false, ITEM(severity) },
	{ "/labels/[key.name=service_name]/value/name", JSON_TEXTS, false,
	  ITEM(services) },
	{ "/labels/[key.name=service]/value/name", JSON_TEXTS, false, ITEM(services) },
	{ "/integration_id", JSON_TEXTS, false, ITEM(services) },
	{ "/permalinks/web", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, true, ITEM(detected) },
	{ "/acknowledged_at", JSON_TIME, false, ITEM(acknowledged) },
	{ "/resolved_at", JSON_TIME, false, ITEM(resolved) },
	{ NULL },
};

/* Labels are pairs of objects, each with an id and a name. */
static bool accept(const cJSON *json, struct item *incident, GError **error G_GNUC_UNUSED)
{
	g_autoptr(GStrvBuilder) labels = g_strv_builder_new();
	const cJSON *label;
	bool any = false;

	cJSON_ArrayForEach(label, json_at(json, "/labels"))
	{
		const char *key = json_text_at(label, "/key/name");
		const char *value = json_text_at(label, "/value/name");
		g_autofree char *text = NULL;

		if (!key || !value)
			continue;
		text = g_strdup_printf("%s=%s", key, value);
		g_strv_builder_add(labels, text);
		any = true;
	}
	if (any)
		incident->labels = g_strv_builder_end(labels);
	incident_settle(incident);
	return true;
}

static const struct feed feeds[] = {
	{ .name = "alert_groups",
	  .kind = ITEM_INCIDENT,
	  .help = "Alert groups, of all teams or of those that are named.",
	  .path = "/api/v1/alert_groups/?team_id={project}",
	  .item_path = "/api/v1/alert_groups/{id}/",
	  .items = "/results",
	  /* Latest begun first. Its filter by time took another form with each version.
	   */
	  .order = ORDER_NEWEST,
	  .paging = PAGING_NEXT,
	  .token_path = "/next",
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .scope = "grafana-irm-app.alert-groups:read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "organization",
	  .required = true,
	  .help = "the url of the Grafana stack that the service account belongs to",
	  .pattern = "^https://[^/]+$",
	  .example = "https://acme.grafana.net" },
	{ .key = "projects",
	  .help = "ids of teams, none for all",
	  .pattern = "^[A-Z0-9]+$",
	  .example = "TI73TDU19W48J" },
	{ NULL },
};

const struct driver driver_grafana = {
	.name = "grafana",
	.title = "Grafana IRM and OnCall",
	.summary = "alert groups",
	.settings = settings,
	.auth = AUTH_HEADER,
	.headers = (const struct http_header_row[]){ { "X-Grafana-URL",
						       "{organization}" },
						     { NULL } },
	.limits = "300 requests a minute for each key.",
	.feeds = feeds,
};
