#include "drivers/accept.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"
#include "metrics/cause.h"

#include <string.h>

/* Names of statuses are each organisation's own, their categories are not. */
static const struct state_map states[] = {
	{ "triage", OUTCOME_RUNNING, false },
	{ "live", OUTCOME_RUNNING, false },
	{ "active", OUTCOME_RUNNING, false }, /* live, renamed */
	{ "paused", OUTCOME_RUNNING, false },
	{ "learning", OUTCOME_SUCCESS, true }, /* over, but for the writing */
	{ "closed", OUTCOME_SUCCESS, true },
	{ "declined", OUTCOME_CANCELLED, true },
	{ "merged", OUTCOME_CANCELLED, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/incident_status/category", JSON_TEXT, true, ITEM(state) },
	{ "/severity/name", JSON_TEXT, false, ITEM(severity) },
	{ "/incident_type/name", JSON_TEXT, false, ITEM(category) },
	{ "/permalink", JSON_TEXT, false, ITEM(url) },
	{ "/reference", JSON_TEXTS, false, ITEM(labels) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* The timestamps every organisation begins with; it may rename them and add its own. */
static const struct {
	const char *name; /* any case */
	gsize offset;
} timestamps[] = {
	{ "Impact started at", ITEM(started) }, { "Impact started", ITEM(started) },
	{ "Reported at", ITEM(detected) },	{ "Detected at", ITEM(detected) },
	{ "Accepted at", ITEM(acknowledged) },	{ "Acknowledged at", ITEM(acknowledged) },
	{ "Fixed at", ITEM(mitigated) },	{ "Mitigated at", ITEM(mitigated) },
	{ "Resolved at", ITEM(resolved) },	{ "Closed at", ITEM(closed) },
	{ "Declined at", ITEM(closed) },	{ "Merged at", ITEM(closed) },
	{ "Canceled at", ITEM(closed) },	{ "Cancelled at", ITEM(closed) },
};

static void take_timestamp(const cJSON *value, struct item *incident)
{
	const char *name = json_text_at(value, "/incident_timestamp/name");

	for (guint i = 0; i < G_N_ELEMENTS(timestamps); i++)
		if (text_is(name, timestamps[i].name))
			keep_last((gint64 *)G_STRUCT_MEMBER_P(incident,
							      timestamps[i].offset),
				  json_instant_at(value, "/value/value"));
}

/* Services are a custom field, by whatever name: "Affected services". */
static void take_services(const cJSON *entry, GStrvBuilder *services, guint *n)
{
	const char *field = json_text_at(entry, "/custom_field/name");
	g_autofree char *lower = field ? g_ascii_strdown(field, -1) : NULL;
	const cJSON *value;

	if (!lower || !strstr(lower, "service"))
		return;
	cJSON_ArrayForEach(value, json_at(entry, "/values"))
	{
		const char *name = json_text_at(value, "/value_catalog_entry/name");

		if (!name)
			name = json_text_at(value, "/value_option/value");
		if (!name)
			name = json_text_at(value, "/value_text");
		if (name) {
			g_strv_builder_add(services, name);
			(*n)++;
		}
	}
}

/* So is a cause: "Caused by", "Root cause". */
static void take_cause(const cJSON *entry, struct item *incident)
{
	const char *field = json_text_at(entry, "/custom_field/name");
	g_autofree char *lower = field ? g_ascii_strdown(field, -1) : NULL;
	const cJSON *value;

	if (!lower || !strstr(lower, "cause"))
		return;
	cJSON_ArrayForEach(value, json_at(entry, "/values"))
	{
		const char *text = json_text_at(value, "/value_text");
		const char *link = json_text_at(value, "/value_link");
		g_autofree char *said = g_strconcat("Cause: ", text ? text : link, NULL);

		if (!incident->cause)
			incident->cause = cause_in(said, incident->project, 0);
	}
}

static bool accept(const cJSON *json, struct item *incident, GError **error G_GNUC_UNUSED)
{
	g_autoptr(GStrvBuilder) services = g_strv_builder_new();
	const char *mode = json_text_at(json, "/mode");
	const cJSON *each;
	guint n = 0;

	cJSON_ArrayForEach(each, json_at(json, "/incident_timestamp_values"))
		take_timestamp(each, incident);
	cJSON_ArrayForEach(each, json_at(json, "/custom_field_entries"))
	{
		take_services(each, services, &n);
		take_cause(each, incident);
	}
	if (n)
		incident->services = g_strv_builder_end(services);
	/* Not every organisation tells a resolve beside the fix and the close. */
	if (incident->resolved == INSTANT_NONE)
		incident->resolved = incident->mitigated != INSTANT_NONE
					     ? incident->mitigated
					     : incident->closed;
	if (text_is(mode, "test") || text_is(mode, "tutorial"))
		incident_exempt(incident, mode);
	incident_settle(incident);
	return true;
}

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents, without tests, tutorials and imported retrospectives.",
	  .path = "/v2/incidents?page_size=250&mode%5Bone_of%5D=standard"
		  "&updated_at%5Bgte%5D={since}&after={token}",
	  .item_path = "/v2/incidents/{id}",
	  .item_at = "/incident",
	  .items = "/incidents",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  /* The filter takes days, in a zone that is not told. */
	  .time = TIME_DATE,
	  .overlap = G_TIME_SPAN_DAY,
	  .paging = PAGING_TOKEN,
	  .token_path = "/pagination_meta/after",
	  .size = 250,
	  .fields = fields,
	  .states = states,
	  .accept = accept,
	  .told = (const char *const[]){ "/summary", NULL },
	  .scope = "View data, like public incidents" },
	{ NULL },
};

static const struct setting settings[] = {
	{ NULL },
};

const struct driver driver_incident_io = {
	.name = "incident_io",
	.title = "incident.io",
	.summary = "incidents",
	.url = "https://api.incident.io",
	.settings = settings,
	.auth = AUTH_HEADER,
	.whoami = "/v1/identity",
	.limits = "1,200 requests a minute for each key.",
	.feeds = feeds,
};
