#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"

/* ---- pipelines and their steps ---- */

/* Results, and what there is before one. PAUSED and HALTED wait for somebody. A word that
 * is new here is never final. */
static const struct state_map run_states[] = {
	{ "SUCCESSFUL", OUTCOME_SUCCESS, true },
	{ "FAILED", OUTCOME_FAILURE, true },
	{ "ERROR", OUTCOME_FAILURE, true },
	{ "EXPIRED", OUTCOME_FAILURE, true },
	{ "STOPPED", OUTCOME_CANCELLED, true },
	{ "NOT_RUN", OUTCOME_SKIPPED, true },
	{ "SKIPPED", OUTCOME_SKIPPED, true },
	{ "PARSING", OUTCOME_RUNNING, false },
	{ "PENDING", OUTCOME_RUNNING, false },
	{ "READY", OUTCOME_RUNNING, false },
	{ "BUILDING", OUTCOME_RUNNING, false },
	{ "RUNNING", OUTCOME_RUNNING, false },
	{ "IN_PROGRESS", OUTCOME_RUNNING, false },
	{ "PAUSED", OUTCOME_RUNNING, false },
	{ "HALTED", OUTCOME_RUNNING, false },
	{ "COMPLETED", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field run_fields[] = {
	{ "/uuid", JSON_ID, true, ITEM(id) },
	{ "/target/selector/pattern", JSON_TEXT, false, ITEM(workflow) },
	{ "/target/selector/type", JSON_TEXT, false, ITEM(workflow) },
	{ "/state/result/name", JSON_TEXT, false, ITEM(state) },
	{ "/state/stage/name", JSON_TEXT, false, ITEM(state) },
	{ "/state/name", JSON_TEXT, true, ITEM(state) },
	{ "/target/commit/hash", JSON_TEXT, false, ITEM(sha) },
	{ "/target/ref_name", JSON_TEXT, false, ITEM(ref) },
	{ "/target/source", JSON_TEXT, false, ITEM(ref) },
	{ "/trigger/name", JSON_TEXT, false, ITEM(event) },
	{ "/links/html/href", JSON_TEXT, false, ITEM(url) },
	{ "/created_on", JSON_TIME, true, ITEM(created) },
	{ "/created_on", JSON_TIME, false, ITEM(started) },
	{ "/completed_on", JSON_TIME, false, ITEM(finished) },
	{ "/completed_on", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static const struct json_field step_fields[] = {
	{ "/uuid", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/state/result/name", JSON_TEXT, false, ITEM(state) },
	{ "/state/stage/name", JSON_TEXT, false, ITEM(state) },
	{ "/state/name", JSON_TEXT, true, ITEM(state) },
	{ "/started_on", JSON_TIME, false, ITEM(started) },
	{ "/completed_on", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

static const struct detail run_details[] = {
	{ .name = "steps",
	  .path = "/repositories/{+project}/pipelines/{id}/steps?pagelen=100&page={page}",
	  .items = "/values",
	  .paging = PAGING_PAGE,
	  .kind = ITEM_JOB,
	  .fields = step_fields,
	  .states = run_states,
	  .scope = "pipeline" },
	{ NULL },
};

/* ---- deployments ---- */

static const struct state_map deployment_states[] = {
	{ "SUCCESSFUL", OUTCOME_SUCCESS, true },
	{ "FAILED", OUTCOME_FAILURE, true },
	{ "STOPPED", OUTCOME_CANCELLED, true },
	{ "UNDEPLOYED", OUTCOME_SKIPPED, false },
	{ "IN_PROGRESS", OUTCOME_RUNNING, false },
	{ "COMPLETED", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field deployment_fields[] = {
	{ "/uuid", JSON_ID, true, ITEM(id) },
	{ "/state/status/name", JSON_TEXT, false, ITEM(state) },
	{ "/state/name", JSON_TEXT, true, ITEM(state) },
	{ "/environment/uuid", JSON_TEXT, false, ITEM(parent) },
	{ "/environment/name", JSON_TEXT, false, ITEM(environment) },
	{ "/release/commit/hash", JSON_TEXT, false, ITEM(sha) },
	{ "/deployable/commit/hash", JSON_TEXT, false, ITEM(sha) },
	{ "/release/name", JSON_TEXT, false, ITEM(version) },
	{ "/state/url", JSON_TEXT, false, ITEM(url) },
	{ "/release/url", JSON_TEXT, false, ITEM(url) },
	{ "/state/started_on", JSON_TIME, false, ITEM(created) },
	{ "/release/created_on", JSON_TIME, false, ITEM(created) },
	{ "/state/started_on", JSON_TIME, false, ITEM(started) },
	{ "/state/completed_on", JSON_TIME, false, ITEM(finished) },
	{ "/last_update_time", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* A manual step that nobody has started has a record too. Once started it is the newest.
 */
static bool accept_deployment(const cJSON *json G_GNUC_UNUSED, struct item *deployment,
			      GError **error G_GNUC_UNUSED)
{
	if (text_is(deployment->state, "UNDEPLOYED"))
		item_skip(deployment);
	return true;
}

/* A deployment names its environment by uuid alone; rules know it by name. */
static bool merge_environment(const cJSON *json, struct item *deployment,
			      GError **error G_GNUC_UNUSED)
{
	const char *name = json_text_at(json, "/name");

	if (name) {
		g_free(deployment->environment);
		deployment->environment = g_strdup(name);
	}
	g_clear_pointer(&deployment->parent, g_free);
	return true;
}

static const struct detail deployment_details[] = {
	{ .name = "environment",
	  .path = "/repositories/{+project}/environments/{parent}",
	  .when = DETAIL_ALWAYS,
	  .merge = merge_environment,
	  .scope = "pipeline" },
	{ NULL },
};

/* ---- pull requests ---- */

static const struct json_field change_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/merge_commit/hash", JSON_TEXT, false, ITEM(sha) },
	{ "/source/commit/hash", JSON_TEXT, false, ITEM(head_sha) },
	{ "/source/branch/name", JSON_TEXT, false, ITEM(ref) },
	{ "/destination/branch/name", JSON_TEXT, true, ITEM(base) },
	{ "/draft", JSON_BOOL, false, ITEM(draft) },
	{ "/links/html/href", JSON_TEXT, false, ITEM(url) },
	{ "/created_on", JSON_TIME, true, ITEM(created) },
	{ "/updated_on", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* Until the activity has told better, its last change is when it was merged. */
static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	if (json_says(json, "/state", "MERGED"))
		change->merged = change->updated;
	else if (!json_says(json, "/state", "OPEN"))
		change->closed = change->updated;
	change->bot = json_says(json, "/author/type", "app_user");
	change_settle(change);
	return true;
}

static bool merge_activity(const cJSON *json, struct item *change,
			   GError **error G_GNUC_UNUSED)
{
	gint64 approved = json_instant_at(json, "/approval/date");
	gint64 asked = json_instant_at(json, "/changes_requested/date");
	gint64 changed = json_instant_at(json, "/update/date");

	keep_first(&change->reviewed, approved);
	keep_first(&change->reviewed, asked);
	keep_last(&change->approved, approved);
	if (json_says(json, "/update/state", "MERGED") &&
	    change->merged != INSTANT_NONE) {
		keep_first(&change->merged, changed);
		change->closed = change->merged;
	}
	return true;
}

static const struct detail change_details[] = {
	{ .name = "activity",
	  .path = "/repositories/{+project}/pullrequests/{id}/activity?pagelen=50",
	  .items = "/values",
	  .paging = PAGING_NEXT,
	  .when = DETAIL_ALWAYS,
	  .merge = merge_activity,
	  .scope = "pullrequest" },
	{ NULL },
};

/* ---- Bitbucket Cloud ---- */

/* The list of pipelines tells no next page. */
static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Pipelines and, where a rule wants them, their steps.",
	  .path = "/repositories/{+project}/pipelines"
		  "?sort=-created_on&pagelen={size}&page={page}",
	  .item_path = "/repositories/{+project}/pipelines/{id}",
	  .items = "/values",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_PAGE,
	  .size = 100,
	  .fields = run_fields,
	  .states = run_states,
	  .details = run_details,
	  .on_request = true,
	  .scope = "pipeline" },
	{ .name = "deployments",
	  .kind = ITEM_DEPLOYMENT,
	  .help = "Records of deployments, one more request each for the name of their "
		  "environment.",
	  .path = "/repositories/{+project}/deployments"
		  "?sort=-state.started_on&pagelen={size}&page={page}",
	  .item_path = "/repositories/{+project}/deployments/{id}",
	  .items = "/values",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_PAGE,
	  .size = 100,
	  .fields = deployment_fields,
	  .states = deployment_states,
	  .accept = accept_deployment,
	  .details = deployment_details,
	  .on_request = true,
	  .scope = "pipeline" },
	/* By creation, which never changes. */
	{ .name = "changes",
	  .kind = ITEM_CHANGE,
	  .help = "Merged pull requests, one more request each for their activity.",
	  .path = "/repositories/{+project}/pullrequests"
		  "?q=state%3D%22MERGED%22%20AND%20updated_on%3E%3D{since}"
		  "&sort=created_on&pagelen={size}",
	  .item_path = "/repositories/{+project}/pullrequests/{id}",
	  .items = "/values",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  .paging = PAGING_NEXT,
	  .token_path = "/next",
	  .size = 50,
	  .fields = change_fields,
	  .accept = accept_change,
	  .details = change_details,
	  .scope = "pullrequest" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "repositories, with their workspace",
	  "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", "acme/shop" },
	{ "username", false,
	  "the e-mail address of the account whose API token it is; none "
	  "for an access token of a repository",
	  NULL, "dora@example.com" },
	{ NULL },
};

const struct driver driver_bitbucket = {
	.name = "bitbucket",
	.title = "Bitbucket Cloud",
	.summary = "pipelines, deployments and pull requests of repositories",
	.url = "https://api.bitbucket.org/2.0",
	.settings = settings,
	.auth = AUTH_OPTIONAL,
	.no_etag = true,
	.limits = "1,000 requests an hour for a user, more for access tokens of paid "
		  "workspaces.",
	.feeds = feeds,
};
