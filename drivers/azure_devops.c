#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"

/* ---- builds and their timelines ---- */

/* Results, and states of what has none. partiallySucceeded went through: a step that may
 * fail did. A word that is new here is never final. */
static const struct state_map run_states[] = {
	{ "succeeded", OUTCOME_SUCCESS, true },
	{ "succeededWithIssues", OUTCOME_SUCCESS, true },
	{ "partiallySucceeded", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "abandoned", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "skipped", OUTCOME_SKIPPED, true },
	{ "none", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "notStarted", OUTCOME_RUNNING, false },
	{ "postponed", OUTCOME_RUNNING, false },
	{ "inProgress", OUTCOME_RUNNING, false },
	{ "cancelling", OUTCOME_RUNNING, false },
	{ "completed", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field run_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/definition/name", JSON_TEXT, false, ITEM(workflow) },
	{ "/buildNumber", JSON_TEXT, false, ITEM(name) },
	{ "/buildNumber", JSON_TEXT, false, ITEM(version) },
	{ "/result", JSON_TEXT, false, ITEM(state) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/sourceVersion", JSON_TEXT, false, ITEM(sha) },
	{ "/sourceBranch", JSON_TEXT, false, ITEM(ref) },
	{ "/reason", JSON_TEXT, false, ITEM(event) },
	{ "/tags/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/_links/web/href", JSON_TEXT, false, ITEM(url) },
	{ "/queueTime", JSON_TIME, true, ITEM(created) },
	{ "/startTime", JSON_TIME, false, ITEM(started) },
	{ "/finishTime", JSON_TIME, false, ITEM(finished) },
	{ "/finishTime", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static bool accept_run(const cJSON *json G_GNUC_UNUSED, struct item *run,
		       GError **error G_GNUC_UNUSED)
{
	item_short_refs(run);
	return true;
}

static const struct json_field record_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/identifier", JSON_TEXT, false, ITEM(name) },
	{ "/result", JSON_TEXT, false, ITEM(state) },
	{ "/state", JSON_TEXT, false, ITEM(state) },
	{ "/startTime", JSON_TIME, false, ITEM(started) },
	{ "/finishTime", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

/* Stages and jobs; phases, tasks and checkpoints are parts of them. */
static bool accept_record(const cJSON *json, struct item *job, GError **error)
{
	char *id;

	if (!json_says(json, "/type", "Stage") && !json_says(json, "/type", "Job")) {
		item_skip(job);
		return true;
	}
	if (!item_own_attempt(job, json, "/attempt", error))
		return false;
	/* a stage or job has the same id in every build */
	id = g_strconcat(job->parent, "/", job->id, NULL);
	g_free(job->id);
	job->id = id;
	return true;
}

static const struct detail run_details[] = {
	{ .name = "timeline",
	  .path = "/{organization}/{project}/_apis/build/builds/{id}/timeline"
		  "?api-version=7.1",
	  .items = "/records",
	  .kind = ITEM_JOB,
	  .fields = record_fields,
	  .states = run_states,
	  .accept = accept_record,
	  .scope = "Build (read)" },
	{ NULL },
};

/* ---- classic releases ---- */

/* Until it is over, operationStatus tells more than deploymentStatus; afterwards less. */
static const struct state_map deployment_states[] = {
	{ "succeeded", OUTCOME_SUCCESS, true },
	{ "partiallySucceeded", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "phaseFailed", OUTCOME_FAILURE, true },
	{ "gateFailed", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "phaseCanceled", OUTCOME_CANCELLED, true },
	{ "rejected", OUTCOME_SKIPPED, true },
	{ "undefined", OUTCOME_RUNNING, false },
	{ "notDeployed", OUTCOME_RUNNING, false },
	{ "inProgress", OUTCOME_RUNNING, false },
	{ "queued", OUTCOME_RUNNING, false },
	{ "scheduled", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "approved", OUTCOME_RUNNING, false },
	{ "deferred", OUTCOME_RUNNING, false },
	{ "queuedForAgent", OUTCOME_RUNNING, false },
	{ "queuedForPipeline", OUTCOME_RUNNING, false },
	{ "phaseInProgress", OUTCOME_RUNNING, false },
	{ "phaseSucceeded", OUTCOME_RUNNING, false },
	{ "phasePartiallySucceeded", OUTCOME_RUNNING, false },
	{ "manualInterventionPending", OUTCOME_RUNNING, false },
	{ "evaluatingGates", OUTCOME_RUNNING, false },
	{ "cancelling", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field deployment_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/attempt", JSON_INT, false, ITEM(attempt) },
	{ "/releaseEnvironment/name", JSON_TEXT, true, ITEM(environment) },
	{ "/releaseDefinition/name", JSON_TEXT, false, ITEM(name) },
	{ "/release/name", JSON_TEXT, false, ITEM(version) },
	{ "/deploymentStatus", JSON_TEXT, true, ITEM(state) },
	{ "/release/artifacts/0/definitionReference/sourceVersion/id", JSON_TEXT, false,
	  ITEM(sha) },
	{ "/release/artifacts/[definitionReference.sourceVersion]/definitionReference"
	  "/sourceVersion/id",
	  JSON_TEXT, false, ITEM(sha) },
	{ "/release/artifacts/[definitionReference.branch]/definitionReference/branch/id",
	  JSON_TEXT, false, ITEM(ref) },
	{ "/release/_links/web/href", JSON_TEXT, false, ITEM(url) },
	{ "/release/webAccessUri", JSON_TEXT, false, ITEM(url) },
	/* "0001-01-01T00:00:00" in some. */
	{ "/queuedOn", JSON_TIME, false, ITEM(created) },
	{ "/startedOn", JSON_TIME, false, ITEM(created) },
	{ "/lastModifiedOn", JSON_TIME, false, ITEM(created) },
	{ "/startedOn", JSON_TIME, false, ITEM(started) },
	{ "/completedOn", JSON_TIME, false, ITEM(finished) },
	{ "/lastModifiedOn", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* "notDeployed" alone is one that waits or one that was stopped before it began. */
static bool accept_deployment(const cJSON *json, struct item *deployment,
			      GError **error G_GNUC_UNUSED)
{
	const char *operation = json_text_at(json, "/operationStatus");

	if (!deployment->done && operation)
		item_set_state(deployment, operation, deployment_states);
	if (!deployment->done)
		deployment->finished = INSTANT_NONE;
	else if (deployment->finished == INSTANT_NONE)
		deployment->finished = deployment->updated;
	item_short_refs(deployment);
	return true;
}

/* ---- pull requests ---- */

static const struct json_field change_fields[] = {
	{ "/pullRequestId", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/lastMergeCommit/commitId", JSON_TEXT, false, ITEM(sha) },
	{ "/lastMergeSourceCommit/commitId", JSON_TEXT, false, ITEM(head_sha) },
	{ "/sourceRefName", JSON_TEXT, false, ITEM(ref) },
	{ "/targetRefName", JSON_TEXT, true, ITEM(base) },
	{ "/labels/*/name", JSON_TEXTS, false, ITEM(labels) },
	{ "/repository/name", JSON_TEXT, false, ITEM(category) },
	{ "/isDraft", JSON_BOOL, false, ITEM(draft) },
	{ "/creationDate", JSON_TIME, true, ITEM(created) },
	{ "/closedDate", JSON_TIME, false, ITEM(closed) },
	{ "/closedDate", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	const char *name = json_text_at(json, "/createdBy/uniqueName");

	if (json_says(json, "/status", "completed"))
		change->merged = change->closed;
	/* Build service identities: "Build\\<guid>", "…\\Project Collection Build …". */
	change->bot = name && g_str_has_prefix(name, "Build\\");
	change_settle(change);
	item_short_refs(change);
	return true;
}

/* ---- Azure DevOps ---- */

#define API "/{organization}/{project}/_apis"

static const struct feed feeds[] = {
	/* By finish: a build whose stages run again comes again when they are over, and
	 * one that runs is not told before. */
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Pipeline runs that finished and, where a rule wants them, their "
		  "stages "
		  "and jobs.",
	  .path = API "/build/builds?minTime={since}&queryOrder=finishTimeAscending"
		      "&statusFilter=completed&$top={size}&continuationToken={token}"
		      "&api-version=7.1",
	  .item_path = API "/build/builds/{id}?api-version=7.1",
	  .items = "/value",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_TOKEN,
	  .token_header = "x-ms-continuationtoken",
	  .size = 100,
	  .fields = run_fields,
	  .states = run_states,
	  .accept = accept_run,
	  .details = run_details,
	  .on_request = true,
	  .scope = "Build (read)" },
	{ .name = "deployments",
	  .kind = ITEM_DEPLOYMENT,
	  .help = "Deployments of classic releases to their stages.",
	  .url = "https://vsrm.dev.azure.com",
	  .path = API "/release/deployments?minModifiedTime={since}&queryOrder=ascending"
		      "&$top={size}&continuationToken={token}&api-version=7.1",
	  .items = "/value",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  .paging = PAGING_TOKEN,
	  .token_header = "x-ms-continuationtoken",
	  .size = 100,
	  .fields = deployment_fields,
	  .states = deployment_states,
	  .accept = accept_deployment,
	  .on_request = true,
	  .scope = "Release (read)" },
	{ .name = "changes",
	  .kind = ITEM_CHANGE,
	  .help = "Completed pull requests; the times of reviews are not told.",
	  .path = API "/git/pullrequests?searchCriteria.status=completed"
		      "&searchCriteria.queryTimeRangeType=closed"
		      "&searchCriteria.minTime={since}&$top={size}&$skip={offset}"
		      "&api-version=7.1",
	  .item_path = "/{organization}/_apis/git/pullrequests/{id}?api-version=7.1",
	  .items = "/value",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  .paging = PAGING_OFFSET,
	  .size = 100,
	  .fields = change_fields,
	  .accept = accept_change,
	  .scope = "Code (read)" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "organization", true,
	  "the organization; on a server of your own the collection", "^[A-Za-z0-9._-]+$",
	  "acme" },
	{ "projects", true, "projects by name", "^[^/]+$", "Shop" },
	{ "username", false, "any; a personal access token needs none", NULL, "dora" },
	{ NULL },
};

const struct driver driver_azure_devops = {
	.name = "azure_devops",
	.title = "Azure DevOps",
	.summary = "pipeline runs with their stages, classic releases and pull requests "
		   "of projects (Server: url https://HOST/tfs)",
	.url = "https://dev.azure.com",
	.settings = settings,
	.auth = AUTH_BASIC,
	.no_etag = true,
	.whoami = "/{organization}/_apis/connectionData",
	.limits =
		"200 times what a usual user needs in 5 minutes: then answers come late, "
		"and at last 429.",
	.feeds = feeds,
};
