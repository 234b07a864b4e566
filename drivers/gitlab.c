#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"
#include "drivers/debt.h"
#include "drivers/incident.h"

/* ---- pipelines and their jobs ---- */

/* The same words for pipelines and jobs. canceled is not failed: a newer pipeline made
 * many of them superfluous. manual waits for somebody and may do so for ever; nothing is
 * asked for again because of it, for its next step changes updated_at. A word that is new
 * here is never final. */
static const struct state_map run_states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "skipped", OUTCOME_SKIPPED, true },
	{ "created", OUTCOME_RUNNING, false },
	{ "waiting_for_resource", OUTCOME_RUNNING, false },
	{ "waiting_for_callback", OUTCOME_RUNNING, false },
	{ "preparing", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "running", OUTCOME_RUNNING, false },
	{ "canceling", OUTCOME_RUNNING, false },
	{ "scheduled", OUTCOME_RUNNING, false },
	{ "manual", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field run_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(workflow) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/sha", JSON_TEXT, true, ITEM(sha) },
	{ "/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/source", JSON_TEXT, false, ITEM(event) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* The list tells no finish; the last change of a pipeline that is over is it. */
static bool accept_run(const cJSON *json G_GNUC_UNUSED, struct item *run,
		       GError **error G_GNUC_UNUSED)
{
	if (run->done)
		run->finished = run->updated;
	return true;
}

static const struct json_field job_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/allow_failure", JSON_BOOL, false, ITEM(optional) },
	{ "/commit/id", JSON_TEXT, false, ITEM(sha) },
	{ "/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, false, ITEM(created) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/finished_at", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

static const struct detail run_details[] = {
	{ .name = "jobs",
	  .path = "/projects/{project}/pipelines/{id}/jobs?per_page=100",
	  .paging = PAGING_LINK,
	  .kind = ITEM_JOB,
	  .fields = job_fields,
	  .states = run_states,
	  .scope = "read_api, Reporter" },
	{ NULL },
};

/* ---- deployments ---- */

static const struct state_map deployment_states[] = {
	{ "success", OUTCOME_SUCCESS, true },	 { "failed", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true }, { "skipped", OUTCOME_SKIPPED, true },
	{ "created", OUTCOME_RUNNING, false },	 { "running", OUTCOME_RUNNING, false },
	{ "blocked", OUTCOME_RUNNING, false },	 { NULL, OUTCOME_RUNNING, false },
};

/* finished_at came with GitLab 16; before it the job's is the nearest. */
static const struct json_field deployment_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/environment/name", JSON_TEXT, true, ITEM(environment) },
	{ "/environment/tier", JSON_TEXTS, false, ITEM(labels) },
	{ "/sha", JSON_TEXT, true, ITEM(sha) },
	{ "/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/deployable/name", JSON_TEXT, false, ITEM(name) },
	{ "/deployable/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/deployable/started_at", JSON_TIME, false, ITEM(started) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/finished_at", JSON_TIME, false, ITEM(finished) },
	{ "/deployable/finished_at", JSON_TIME, false, ITEM(finished) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* One that was recorded through the API has no job. */
static bool accept_deployment(const cJSON *json G_GNUC_UNUSED, struct item *deployment,
			      GError **error G_GNUC_UNUSED)
{
	if (!deployment->done)
		deployment->finished = INSTANT_NONE;
	else if (deployment->finished == INSTANT_NONE)
		deployment->finished = deployment->updated;
	return true;
}

/* ---- merge requests ---- */

/* sha is what the base branch got: the merge commit, else (fast-forward) the squash
 * commit, else the head itself. */
static const struct json_field change_fields[] = {
	{ "/iid", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/merge_commit_sha", JSON_TEXT, false, ITEM(sha) },
	{ "/squash_commit_sha", JSON_TEXT, false, ITEM(sha) },
	{ "/sha", JSON_TEXT, false, ITEM(sha) },
	{ "/squash_commit_sha", JSON_TEXT, false, ITEM(squash_sha) },
	{ "/sha", JSON_TEXT, false, ITEM(head_sha) },
	{ "/source_branch", JSON_TEXT, false, ITEM(ref) },
	{ "/target_branch", JSON_TEXT, true, ITEM(base) },
	{ "/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/draft", JSON_BOOL, false, ITEM(draft) },
	{ "/work_in_progress", JSON_BOOL, false, ITEM(draft) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/merged_at", JSON_TIME, false, ITEM(merged) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ NULL },
};

/* GitLab makes a user for each access token of a project or group, and names it so. */
static bool is_bot(const char *username)
{
	return username &&
	       (g_regex_match_simple("^(project|group)_[0-9]+_bot(_|$)", username, 0,
				     0) ||
		g_regex_match_simple("^(service_account_|renovate-bot|gitlab-bot|"
				     "dependabot)",
				     username, 0, 0));
}

static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	change->bot = is_bot(json_text_at(json, "/author/username"));
	change_settle(change);
	return true;
}

/* Known since GitLab 18; earlier versions tell who approved, not when. */
static bool merge_approval(const cJSON *json, struct item *change,
			   GError **error G_GNUC_UNUSED)
{
	gint64 at = json_instant_at(json, "/approved_at");

	keep_first(&change->reviewed, at);
	keep_last(&change->approved, at);
	return true;
}

static bool merge_commit(const cJSON *json, struct item *change,
			 GError **error G_GNUC_UNUSED)
{
	keep_first(&change->first_commit, json_instant_at(json, "/authored_date"));
	return true;
}

/* A squash leaves no other trace of the first commit. */
static const struct detail change_details[] = {
	{ .name = "approvals",
	  .path = "/projects/{project}/merge_requests/{id}/approvals",
	  .items = "/approved_by",
	  .when = DETAIL_ALWAYS,
	  .merge = merge_approval,
	  .scope = "read_api, Reporter" },
	{ .name = "commits",
	  .path = "/projects/{project}/merge_requests/{id}/commits?per_page=100",
	  .items = "",
	  .paging = PAGING_LINK,
	  .when = DETAIL_ALWAYS,
	  .merge = merge_commit,
	  .scope = "read_api, Reporter" },
	{ NULL },
};

/* ---- releases ---- */

static const struct json_field release_fields[] = {
	{ "/tag_name", JSON_ID, true, ITEM(id) },
	{ "/tag_name", JSON_TEXT, true, ITEM(name) },
	{ "/tag_name", JSON_TEXT, true, ITEM(ref) },
	{ "/commit/id", JSON_TEXT, false, ITEM(sha) },
	{ "/_links/self", JSON_TEXT, false, ITEM(url) },
	{ "/released_at", JSON_TIME, false, ITEM(created) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/released_at", JSON_TIME, false, ITEM(finished) },
	{ "/created_at", JSON_TIME, false, ITEM(finished) },
	{ "/upcoming_release", JSON_BOOL, false, ITEM(draft) },
	{ NULL },
};

static bool accept_release(const cJSON *json G_GNUC_UNUSED, struct item *release,
			   GError **error G_GNUC_UNUSED)
{
	release->done = !release->draft;
	return true;
}

/* ---- issues ---- */

static const struct state_map issue_states[] = {
	{ "opened", OUTCOME_RUNNING, false },
	{ "closed", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field incident_fields[] = {
	{ "/iid", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/issue_type", JSON_TEXT, false, ITEM(category) },
	{ "/severity", JSON_TEXT, false, ITEM(severity) },
	{ "/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ "/closed_at", JSON_TIME, false, ITEM(resolved) },
	{ NULL },
};

static const struct json_field debt_fields[] = {
	{ "/iid", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/issue_type", JSON_TEXT, false, ITEM(category) },
	{ "/severity", JSON_TEXT, false, ITEM(severity) },
	{ "/labels/*", JSON_TEXTS, false, ITEM(labels) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ NULL },
};

/* ---- GitLab ---- */

#define RUNS                                                                             \
	"/projects/{project}/pipelines?order_by=updated_at&sort=asc"                     \
	"&updated_after={since}&per_page={size}"

/* In order of change: each page is the first one after the last change of the one before,
 * so that what moves while pages are read pushes none past their border, and none is as
 * deep as GitLab refuses (50,000 items). */
static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Pipelines and, where a rule wants them, their jobs.",
	  .path = RUNS,
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = run_fields,
	  .states = run_states,
	  .accept = accept_run,
	  .details = run_details,
	  .on_request = true,
	  .scope = "read_api, Reporter" },
	/* Left out of the list of pipelines unless they are asked for. */
	{ .name = "child_runs",
	  .kind = ITEM_RUN,
	  .help = "Pipelines that other pipelines of the project started, likewise.",
	  .path = RUNS "&source=parent_pipeline",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = run_fields,
	  .states = run_states,
	  .accept = accept_run,
	  .details = run_details,
	  .on_request = true,
	  .scope = "read_api, Reporter" },
	{ .name = "deployments",
	  .kind = ITEM_DEPLOYMENT,
	  .help = "Records of deployments to environments; the tier is among the labels.",
	  .path = "/projects/{project}/deployments?order_by=updated_at&sort=asc"
		  "&updated_after={since}&environment={environment}&per_page={size}",
	  .item_path = "/projects/{project}/deployments/{id}",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = deployment_fields,
	  .states = deployment_states,
	  .accept = accept_deployment,
	  .on_request = true,
	  .scope = "read_api, Reporter" },
	{ .name = "changes",
	  .kind = ITEM_CHANGE,
	  .help = "Merge requests that were merged, two more requests each for their "
		  "approvals and commits.",
	  .path = "/projects/{project}/merge_requests?state=merged&scope=all"
		  "&updated_after={since}&order_by=updated_at&sort=asc&per_page={size}",
	  .item_path = "/projects/{project}/merge_requests/{id}",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = change_fields,
	  .accept = accept_change,
	  .details = change_details,
	  .scope = "read_api, Reporter" },
	{ .name = "releases",
	  .kind = ITEM_RELEASE,
	  .help = "Releases; those with a time to come are drafts.",
	  .path = "/projects/{project}/releases"
		  "?order_by=released_at&sort=desc&per_page={size}",
	  .item_path = "/projects/{project}/releases/{id}",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = release_fields,
	  .accept = accept_release,
	  .on_request = true,
	  .scope = "read_api, Reporter" },
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Issues that have the labels or the type.",
	  .path = "/projects/{project}/issues?scope=all&issue_type={types}"
		  "&labels={labels}&updated_after={since}"
		  "&order_by=updated_at&sort=asc&per_page={size}",
	  .item_path = "/projects/{project}/issues/{id}",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = incident_fields,
	  .states = issue_states,
	  .accept = incident_accept,
	  .told = (const char *const[]){ "/description", NULL },
	  .change_sign = '!',
	  .needs_labels = true,
	  .scope = "read_api, Reporter" },
	{ .name = "debt",
	  .kind = ITEM_DEBT,
	  .help = "Issues that have the labels of technical debt.",
	  .path = "/projects/{project}/issues?scope=all&labels={debt_labels}"
		  "&updated_after={since}&order_by=updated_at&sort=asc&per_page={size}",
	  .item_path = "/projects/{project}/issues/{id}",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = debt_fields,
	  .states = issue_states,
	  .accept = debt_accept,
	  .needs_debt = true,
	  .whole = true,
	  .scope = "read_api, Reporter" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "projects by their path, groups included",
	  "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$", "acme/backend/shop" },
	{ "labels", false, "labels of issues that are incidents: all of them", "^[^,]+$",
	  "incident" },
	{ "types", false, "the type of issues that are incidents",
	  "^(incident|issue|test_case|task)$", "incident" },
	{ "debt_labels", false, "labels of issues that are technical debt: all of them",
	  "^[^,]+$", "tech-debt" },
	{ NULL },
};

const struct driver driver_gitlab = {
	.name = "gitlab",
	.title = "GitLab",
	.summary = "pipelines, deployments, merge requests, releases and incidents of "
		   "projects (self-managed: url https://HOST/api/v4)",
	.url = "https://gitlab.com/api/v4",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_header = "PRIVATE-TOKEN",
	.auth_prefix = "",
	/* Personal, project and group access tokens alike. */
	.whoami = "/version",
	.limits = "Of gitlab.com: 2,000 requests a minute for a user; others as their "
		  "administrators set it.",
	.feeds = feeds,
};
