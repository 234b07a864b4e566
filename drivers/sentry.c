#include "drivers/accept.h"
#include "drivers/drivers.h"
#include "drivers/incident.h"

/* ---- deploys of releases ---- */

static const struct json_field release_fields[] = {
	{ "/version", JSON_ID, true, ITEM(id) },
	{ "/version", JSON_TEXT, true, ITEM(name) },
	{ "/status", JSON_TEXT, false, ITEM(state) },
	{ "/lastCommit/id", JSON_TEXT, false, ITEM(sha) },
	{ "/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/projects/*/slug", JSON_TEXTS, false, ITEM(labels) },
	{ "/url", JSON_TEXT, false, ITEM(url) },
	/* What the list is ordered by. */
	{ "/dateReleased", JSON_TIME, false, ITEM(created) },
	{ "/dateCreated", JSON_TIME, true, ITEM(created) },
	{ "/dateReleased", JSON_TIME, false, ITEM(finished) },
	{ "/lastDeploy/dateFinished", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* A release that was never deployed costs no request for its deploys: it is left out, and
 * found again once it was, by the overlap or a sweep. */
static bool accept_release(const cJSON *json, struct item *release,
			   GError **error G_GNUC_UNUSED)
{
	const cJSON *count = json_at(json, "/deployCount");

	if (cJSON_IsNumber(count) && count->valuedouble < 1)
		item_skip(release);
	release->done = true;
	return true;
}

static const struct json_field deploy_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/environment", JSON_TEXT, true, ITEM(environment) },
	{ "/url", JSON_TEXT, false, ITEM(url) },
	{ "/dateStarted", JSON_TIME, false, ITEM(started) },
	{ "/dateFinished", JSON_TIME, false, ITEM(finished) },
	{ "/dateFinished", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* Who tells Sentry of a deploy does so once it went well: it has no states. */
static bool accept_deploy(const cJSON *json G_GNUC_UNUSED, struct item *deploy,
			  GError **error G_GNUC_UNUSED)
{
	deploy->version = g_strdup(deploy->parent);
	deploy->done = deploy->finished != INSTANT_NONE;
	deploy->outcome = deploy->done ? OUTCOME_SUCCESS : OUTCOME_RUNNING;
	deploy->created = deploy->started != INSTANT_NONE ? deploy->started
							  : deploy->finished;
	return true;
}

static const struct detail release_details[] = {
	{ .name = "deploys",
	  .path = "/api/0/organizations/{organization}/releases/{id}/deploys/",
	  .paging = PAGING_LINK,
	  .when = DETAIL_ALWAYS,
	  .kind = ITEM_DEPLOYMENT,
	  .fields = deploy_fields,
	  .accept = accept_deploy,
	  .scope = "project:releases" },
	{ NULL },
};

/* ---- issues ---- */

static const struct state_map issue_states[] = {
	{ "unresolved", OUTCOME_RUNNING, false },
	{ "reprocessing", OUTCOME_RUNNING, false },
	{ "resolved", OUTCOME_SUCCESS, true },
	{ "resolvedInNextRelease", OUTCOME_SUCCESS, true },
	{ "ignored", OUTCOME_CANCELLED, true },
	{ "muted", OUTCOME_CANCELLED, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field issue_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/priority", JSON_TEXT, false, ITEM(severity) },
	{ "/level", JSON_TEXT, false, ITEM(severity) },
	{ "/issueCategory", JSON_TEXT, false, ITEM(category) },
	{ "/project/slug", JSON_TEXTS, false, ITEM(services) },
	{ "/shortId", JSON_TEXTS, false, ITEM(labels) },
	{ "/firstRelease/version", JSON_TEXT, false, ITEM(cause) },
	{ "/permalink", JSON_TEXT, false, ITEM(url) },
	{ "/firstSeen", JSON_TIME, true, ITEM(created) },
	{ "/firstSeen", JSON_TIME, true, ITEM(started) },
	{ "/firstSeen", JSON_TIME, true, ITEM(detected) },
	{ "/lastSeen", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* The list tells neither when it was resolved nor the release it came with: the issue by
 * itself does. */
static bool merge_issue(const cJSON *json, struct item *issue,
			GError **error G_GNUC_UNUSED)
{
	const char *release = json_text_at(json, "/firstRelease/version");
	const cJSON *activity;

	if (release && !issue->cause)
		issue->cause = g_strdup(release);
	cJSON_ArrayForEach(activity, json_at(json, "/activity"))
	{
		const char *type = json_text_at(activity, "/type");

		if (type && g_str_has_prefix(type, "set_resolved"))
			keep_last(&issue->resolved,
				  json_instant_at(activity, "/dateCreated"));
		else if (text_is(type, "assigned"))
			keep_first(&issue->acknowledged,
				   json_instant_at(activity, "/dateCreated"));
	}
	incident_settle(issue);
	return true;
}

static const struct detail issue_details[] = {
	{ .name = "issue",
	  .path = "/api/0/organizations/{organization}/issues/{id}/",
	  .when = DETAIL_ALWAYS,
	  .merge = merge_issue,
	  .scope = "event:read" },
	{ NULL },
};

static const struct feed feeds[] = {
	{ .name = "deploys",
	  .kind = ITEM_RELEASE,
	  .help = "Deploys of releases, as deployments.",
	  .path = "/api/0/organizations/{organization}/releases/?project={project}"
		  "&per_page=100",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 100,
	  /* There is a next page even after the last one; it says whether it is empty. */
	  .link_param = "results",
	  .link_value = "true",
	  /* A release is deployed to one environment after the other. */
	  .overlap = G_TIME_SPAN_DAY,
	  .fields = release_fields,
	  .accept = accept_release,
	  .details = release_details,
	  .scope = "project:releases" },
	{ .name = "issues",
	  .kind = ITEM_INCIDENT,
	  .help = "Issues that the query finds, as incidents.",
	  /* The blank keeps an empty query in the url: without one Sentry tells
	   * unresolved issues alone. */
	  .path = "/api/0/organizations/{organization}/issues/?query={query}%20"
		  "&project={project}&sort=new&statsPeriod=90d&limit=100",
	  .item_path = "/api/0/organizations/{organization}/issues/{id}/",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .link_param = "results",
	  .link_value = "true",
	  .fields = issue_fields,
	  .states = issue_states,
	  .accept = incident_accept,
	  .details = issue_details,
	  .on_request = true,
	  .scope = "event:read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ .key = "organization",
	  .required = true,
	  .help = "the organization's slug",
	  .pattern = "^[a-z0-9-]+$",
	  .example = "acme" },
	{ .key = "projects",
	  .help = "numbers of projects, none for all that the token may see",
	  .pattern = "^[0-9]+$",
	  .example = "1234" },
	{ .key = "query",
	  .help = "a search for the issues that are incidents, without \"is:\", so that "
		  "resolved ones are found",
	  .example = "level:fatal environment:production" },
	{ NULL },
};

const struct driver driver_sentry = {
	.name = "sentry",
	.title = "Sentry",
	.summary = "deploys of releases, and issues that are incidents",
	.url = "https://sentry.io",
	.settings = settings,
	.auth = AUTH_HEADER,
	.whoami = "/api/0/",
	.limits = "Limited for each caller and endpoint, concurrent requests too.",
	.feeds = feeds,
};
