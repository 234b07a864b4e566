#include "drivers/drivers.h"
#include "drivers/incident.h"

/*
 * Alertmanager remembers nothing: what it shows fires now, what it shows no more is over.
 * A poll is as exact as it is frequent; its webhook, pushed to dorad, is exact.
 */

static const struct state_map states[] = {
	{ "active", OUTCOME_RUNNING, false },
	{ "unprocessed", OUTCOME_RUNNING, false },
	/* Silenced or inhibited: it fires nevertheless. */
	{ "suppressed", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/fingerprint", JSON_ID, true, ITEM(id) },
	{ "/annotations/summary", JSON_TEXT, false, ITEM(name) },
	{ "/labels/alertname", JSON_TEXT, false, ITEM(name) },
	{ "/status/state", JSON_TEXT, true, ITEM(state) },
	{ "/labels/severity", JSON_TEXT, false, ITEM(severity) },
	{ "/labels/alertname", JSON_TEXT, false, ITEM(category) },
	{ "/labels/service", JSON_TEXTS, false, ITEM(services) },
	{ "/labels/service_name", JSON_TEXTS, false, ITEM(services) },
	{ "/labels/app", JSON_TEXTS, false, ITEM(services) },
	{ "/labels/job", JSON_TEXTS, false, ITEM(services) },
	{ "/generatorURL", JSON_TEXT, false, ITEM(url) },
	{ "/startsAt", JSON_TIME, true, ITEM(created) },
	{ "/startsAt", JSON_TIME, true, ITEM(started) },
	{ "/startsAt", JSON_TIME, true, ITEM(detected) },
	{ "/updatedAt", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* The fingerprint is that of the labels: the same each time the alert fires. endsAt is
 * when it would be over if nothing more were heard of it, and so is no resolve. */
static bool accept(const cJSON *json, struct item *alert, GError **error G_GNUC_UNUSED)
{
	char *fingerprint = alert->id;

	alert->id = g_strdup_printf("%s@%" G_GINT64_FORMAT, fingerprint,
				    alert->started / G_TIME_SPAN_MILLISECOND);
	g_free(fingerprint);
	alert->labels = incident_labels(json_at(json, "/labels"));
	incident_settle(alert);
	return true;
}

static const struct feed feeds[] = {
	{ .name = "alerts",
	  .kind = ITEM_INCIDENT,
	  .help = "Alerts that fire, each from when it began until it is there no more.",
	  /* Silenced and inhibited ones too: else a silence would look like a resolve. */
	  .path = "/api/v2/alerts?active=true&silenced=true&inhibited=true"
		  "&unprocessed=true&filter={query}",
	  .order = ORDER_STATE,
	  .paging = PAGING_NONE,
	  .on_absence = "resolved",
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .scope = "none of its own; what the proxy before it asks for" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "query",
	  .help = "a matcher for the alerts that are incidents, none for all",
	  .pattern = "^[a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~).*$",
	  .example = "severity=\"critical\"" },
	{ .key = "username",
	  .help = "a user for basic authentication by a proxy",
	  .example = "dora" },
	{ NULL },
};

const struct driver driver_alertmanager = {
	.name = "alertmanager",
	.title = "Prometheus Alertmanager",
	.summary = "alerts as incidents",
	.settings = settings,
	.auth = AUTH_OPTIONAL,
	.no_etag = true,
	.whoami = "/api/v2/status",
	.limits =
		"None of its own. What fires and is over between two polls is not seen.",
	.feeds = feeds,
};
