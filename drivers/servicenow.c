#include "drivers/accept.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"

/*
 * Tables incident and change_request. A change request is a deployment as far as
 * ServiceNow knows: when it was carried out and whether that went well, but no revision.
 * An incident's caused_by names it, so the link between both is explicit.
 */

/* States are numbers in every language. */
static const struct state_map incident_states[] = {
	{ "1", OUTCOME_RUNNING, false },  /* New */
	{ "2", OUTCOME_RUNNING, false },  /* In Progress */
	{ "3", OUTCOME_RUNNING, false },  /* On Hold */
	{ "4", OUTCOME_RUNNING, false },  /* before 2017: Awaiting User Info */
	{ "5", OUTCOME_RUNNING, false },  /* before 2017: Awaiting Evidence */
	{ "6", OUTCOME_SUCCESS, true },	  /* Resolved */
	{ "7", OUTCOME_SUCCESS, true },	  /* Closed */
	{ "8", OUTCOME_CANCELLED, true }, /* Canceled */
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field incident_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/short_description", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/priority", JSON_TEXT, false, ITEM(severity) },
	{ "/category", JSON_TEXT, false, ITEM(category) },
	{ "/business_service.name", JSON_TEXTS, false, ITEM(services) },
	{ "/cmdb_ci.name", JSON_TEXTS, false, ITEM(services) },
	{ "/caused_by.number", JSON_TEXT, false, ITEM(cause) },
	{ "/sys_created_on", JSON_TIME, true, ITEM(created) },
	{ "/opened_at", JSON_TIME, false, ITEM(detected) },
	{ "/resolved_at", JSON_TIME, false, ITEM(resolved) },
	{ "/closed_at", JSON_TIME, false, ITEM(resolved) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ "/sys_updated_on", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

static bool accept_incident(const cJSON *json, struct item *incident,
			    GError **error G_GNUC_UNUSED)
{
	if (incident->done && json_says(json, "/close_code", "Duplicate"))
		incident_withdraw(incident);
	incident_settle(incident);
	return true;
}

static const struct state_map change_states[] = {
	{ "-5", OUTCOME_RUNNING, false }, /* New */
	{ "-4", OUTCOME_RUNNING, false }, /* Assess */
	{ "-3", OUTCOME_RUNNING, false }, /* Authorize */
	{ "-2", OUTCOME_RUNNING, false }, /* Scheduled */
	{ "-1", OUTCOME_RUNNING, false }, /* Implement */
	{ "0", OUTCOME_RUNNING, false },  /* Review */
	{ "3", OUTCOME_SUCCESS, true },	  /* Closed: close_code says how */
	{ "4", OUTCOME_CANCELLED, true }, /* Canceled */
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field change_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/short_description", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/business_service.name", JSON_TEXT, false, ITEM(environment) },
	{ "/cmdb_ci.name", JSON_TEXT, false, ITEM(environment) },
	{ "/type", JSON_TEXTS, false, ITEM(labels) },
	{ "/sys_created_on", JSON_TIME, true, ITEM(created) },
	{ "/work_start", JSON_TIME, false, ITEM(started) },
	{ "/work_end", JSON_TIME, false, ITEM(finished) },
	{ "/sys_updated_on", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* "successful_issues" was carried out, with issues: that is for incidents to tell. What
 * was closed without having been carried out was not deployed. */
static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	if (change->outcome != OUTCOME_SUCCESS)
		return true;
	if (json_says(json, "/close_code", "unsuccessful"))
		change->outcome = OUTCOME_FAILURE;
	else if (change->started == INSTANT_NONE && change->finished == INSTANT_NONE)
		change->outcome = OUTCOME_SKIPPED;
	return true;
}

/*
 * By time of change and number, so that no second with more rows than a page is a trap:
 * later ones, or (^NQ) those of that second with a greater number. References come as
 * plain values, of which dots lead to names.
 */
#define AFTER(filter)                                                                    \
	"?sysparm_query=" filter "sys_updated_on%3E{since}%5ENQ" filter                  \
	"sys_updated_on%3D{since}%5Enumber%3E{id}%5EORDERBYsys_updated_on"               \
	"%5EORDERBYnumber&sysparm_limit=500&sysparm_exclude_reference_link=true"         \
	"&sysparm_display_value=false&sysparm_no_count=true&sysparm_fields="

static const struct feed feeds[] = {
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Incidents that the query finds.",
	  .path = "/api/now/table/incident" AFTER(
		  "{query}%5E") "number,short_description,state,priority,category,close_"
				"code,"
				"business_service.name,cmdb_ci.name,caused_by.number,sys_"
				"created_on,"
				"opened_at,resolved_at,closed_at,sys_updated_on",
	  .items = "/result",
	  .order = ORDER_UPDATED,
	  .time = TIME_SPACE,
	  .paging = PAGING_KEYSET,
	  .size = 500,
	  .fields = incident_fields,
	  .states = incident_states,
	  .accept = accept_incident,
	  .scope = "role sn_incident_read" },
	{ .name = "changes",
	  .kind = ITEM_DEPLOYMENT,
	  .help = "Change requests as deployments without a revision.",
	  .path = "/api/now/table/change_request" AFTER(
		  "") "number,short_description,state,type,close_code,business_service."
		      "name,"
		      "cmdb_ci.name,sys_created_on,work_start,work_end,sys_updated_on",
	  .items = "/result",
	  .order = ORDER_UPDATED,
	  .time = TIME_SPACE,
	  .paging = PAGING_KEYSET,
	  .size = 500,
	  .fields = change_fields,
	  .states = change_states,
	  .accept = accept_change,
	  .on_request = true,
	  .scope = "role sn_change_read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "username",
	  .help = "a user whose time zone is GMT and whose password is the token, none "
		  "if the token is an OAuth access token",
	  .example = "dora" },
	{ .key = "query",
	  .required = true,
	  .help = "an encoded query for the incidents of software in production, without "
		  "^NQ, ^EQ and ^ORDERBY",
	  .pattern = "^(?!.*\\^(NQ|EQ|ORDERBY|GROUPBY))[^^\\s].*$",
	  .example = "category=software^priorityIN1,2" },
	{ NULL },
};

const struct driver driver_servicenow = {
	.name = "servicenow",
	.title = "ServiceNow",
	.summary = "incidents, and change requests as deployments",
	.settings = settings,
	.auth = AUTH_OPTIONAL,
	.headers = (const struct http_header_row[]){ { "Accept", "application/json" },
						     { NULL } },
	.limits = "Limits are rules of the instance, told by 429 and Retry-After. Rows "
		  "that "
		  "access rules hide are left out without a word.",
	.feeds = feeds,
};
