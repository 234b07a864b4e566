#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"
#include "drivers/debt.h"
#include "drivers/incident.h"

/* ---- workflow runs and their jobs ---- */

/* Conclusions, and states of what has none yet. A word that is new here stays unfinished
 * and is asked for again: nothing is ever final by mistake. */
static const struct state_map run_states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failure", OUTCOME_FAILURE, true },
	{ "timed_out", OUTCOME_FAILURE, true },
	{ "startup_failure", OUTCOME_FAILURE, true },
	{ "cancelled", OUTCOME_CANCELLED, true },
	/* Given up by GitHub after 14 days. */
	{ "stale", OUTCOME_CANCELLED, true },
	{ "skipped", OUTCOME_SKIPPED, true },
	{ "neutral", OUTCOME_SKIPPED, true },
	/* A first contributor's run that waits for a maintainer, mostly for ever. One
	 * that is approved is seen again by the next sweep. */
	{ "action_required", OUTCOME_SKIPPED, true },
	{ "queued", OUTCOME_RUNNING, false },
	{ "in_progress", OUTCOME_RUNNING, false },
	{ "requested", OUTCOME_RUNNING, false },
	{ "waiting", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "completed", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field run_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/run_attempt", JSON_INT, false, ITEM(attempt) },
	{ "/name", JSON_TEXT, false, ITEM(workflow) },
	{ "/path", JSON_TEXT, false, ITEM(workflow) },
	{ "/display_title", JSON_TEXT, false, ITEM(name) },
	{ "/conclusion", JSON_TEXT, false, ITEM(state) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/head_sha", JSON_TEXT, true, ITEM(sha) },
	{ "/head_branch", JSON_TEXT, false, ITEM(ref) },
	{ "/event", JSON_TEXT, false, ITEM(event) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/run_started_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ NULL },
};

/* GitHub tells no finish of a run: its last change is the nearest there is. */
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
	{ "/conclusion", JSON_TEXT, false, ITEM(state) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/head_sha", JSON_TEXT, false, ITEM(sha) },
	{ "/head_branch", JSON_TEXT, false, ITEM(ref) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, false, ITEM(created) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/completed_at", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

/* A job that a re-run left as it was keeps the attempt it ran in: it was not deployed
 * again. */
static bool accept_job(const cJSON *json, struct item *job, GError **error)
{
	/* One that waits is dated too. */
	if (job->outcome == OUTCOME_RUNNING && !text_is(job->state, "in_progress"))
		job->started = INSTANT_NONE;
	return item_own_attempt(job, json, "/run_attempt", error);
}

static const struct detail run_details[] = {
	{ .name = "jobs",
	  .path = "/repos/{+project}/actions/runs/{id}/jobs?filter=latest&per_page=100",
	  .items = "/jobs",
	  .paging = PAGING_LINK,
	  .kind = ITEM_JOB,
	  .fields = job_fields,
	  .states = run_states,
	  .accept = accept_job,
	  .scope = "Actions: read" },
	{ NULL },
};

/* ---- deployments ---- */

static const struct state_map deployment_states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failure", OUTCOME_FAILURE, true },
	{ "error", OUTCOME_FAILURE, true },
	/* Only where nothing final was told before: another one took its place. */
	{ "inactive", OUTCOME_CANCELLED, true },
	{ "queued", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "in_progress", OUTCOME_RUNNING, false },
	{ "waiting", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field deployment_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/sha", JSON_TEXT, true, ITEM(sha) },
	{ "/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/task", JSON_TEXT, false, ITEM(name) },
	{ "/environment", JSON_TEXT, true, ITEM(environment) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* How much a status tells: the one that tells most is the deployment's. */
enum telling { TELLS_NOTHING, TELLS_REPLACED, TELLS_FAILURE, TELLS_SUCCESS };

static enum telling telling(const char *state)
{
	if (!state || text_is(state, "inactive"))
		return state ? TELLS_REPLACED : TELLS_NOTHING;
	if (text_is(state, "success"))
		return TELLS_SUCCESS;
	return text_is(state, "failure") || text_is(state, "error") ? TELLS_FAILURE
								    : TELLS_NOTHING;
}

/* The first success counts, however many follow: what comes after it ("inactive", when
 * the next one is deployed) does not move the finish. Of failures the last one does. */
static bool tells_more(const struct item *status, const struct item *deployment)
{
	enum telling now = telling(status->state), before = telling(deployment->state);

	if (!deployment->state || now != before)
		return !deployment->state || now > before;
	if (now == TELLS_SUCCESS)
		return status->created < deployment->finished;
	return now != TELLS_NOTHING && status->created > deployment->finished;
}

/* Without any status nobody knows: it stays unfinished. */
static bool merge_status(const cJSON *json, struct item *deployment, GError **error)
{
	static const struct json_field fields[] = {
		{ "/state", JSON_TEXT, true, ITEM(state) },
		{ "/created_at", JSON_TIME, true, ITEM(created) },
		{ NULL },
	};
	struct item status;
	bool good;

	item_init(&status, ITEM_DEPLOYMENT);
	good = json_decode(json, fields, &status, error);
	if (good && tells_more(&status, deployment)) {
		item_set_state(deployment, status.state, deployment_states);
		deployment->finished = deployment->done ? status.created : INSTANT_NONE;
	}
	item_clear(&status);
	return good;
}

static const struct detail deployment_details[] = {
	{ .name = "statuses",
	  .path = "/repos/{+project}/deployments/{id}/statuses?per_page=100",
	  .items = "",
	  .paging = PAGING_LINK,
	  .merge = merge_status,
	  .scope = "Deployments: read" },
	{ NULL },
};

/* ---- pull requests ---- */

static const struct json_field change_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/merge_commit_sha", JSON_TEXT, false, ITEM(sha) },
	{ "/head/sha", JSON_TEXT, false, ITEM(head_sha) },
	{ "/head/ref", JSON_TEXT, false, ITEM(ref) },
	{ "/base/ref", JSON_TEXT, true, ITEM(base) },
	{ "/labels/*/name", JSON_TEXTS, false, ITEM(labels) },
	{ "/draft", JSON_BOOL, false, ITEM(draft) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/merged_at", JSON_TIME, false, ITEM(merged) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ NULL },
};

static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	change->bot = json_says(json, "/user/type", "Bot");
	/* That of a pull request which was not merged names a trial merge. */
	change_settle(change);
	return true;
}

/* The timeline has commits and reviews in one request. */
static bool merge_event(const cJSON *json, struct item *change,
			GError **error G_GNUC_UNUSED)
{
	if (json_says(json, "/event", "committed")) {
		keep_first(&change->first_commit, json_instant_at(json, "/author/date"));
	} else if (json_says(json, "/event", "reviewed")) {
		gint64 at = json_instant_at(json, "/submitted_at");

		keep_first(&change->reviewed, at);
		if (json_says(json, "/state", "approved"))
			keep_last(&change->approved, at);
	}
	return true;
}

static const struct detail change_details[] = {
	{ .name = "timeline",
	  .path = "/repos/{+project}/issues/{id}/timeline?per_page=100",
	  .items = "",
	  .paging = PAGING_LINK,
	  .when = DETAIL_ALWAYS,
	  .merge = merge_event,
	  .scope = "Pull requests: read" },
	{ NULL },
};

/* ---- releases ---- */

/* created_at is the time of the commit, and target_commitish is of no meaning once the
 * tag exists. */
static const struct json_field release_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/tag_name", JSON_TEXT, true, ITEM(name) },
	{ "/tag_name", JSON_TEXT, false, ITEM(ref) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/published_at", JSON_TIME, false, ITEM(created) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/published_at", JSON_TIME, false, ITEM(finished) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static bool accept_release(const cJSON *json, struct item *release,
			   GError **error G_GNUC_UNUSED)
{
	bool draft = cJSON_IsTrue(json_at(json, "/draft"));

	release->draft = draft || cJSON_IsTrue(json_at(json, "/prerelease"));
	release->done = !draft;
	return true;
}

/* ---- issues ---- */

/* The reason of a closed issue tells more than its state. */
static const struct json_field incident_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state_reason", JSON_TEXT, false, ITEM(state) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/type/name", JSON_TEXT, false, ITEM(category) },
	{ "/labels/*/name", JSON_TEXTS, false, ITEM(labels) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ "/closed_at", JSON_TIME, false, ITEM(resolved) },
	{ NULL },
};

static const struct json_field debt_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state_reason", JSON_TEXT, false, ITEM(state) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/type/name", JSON_TEXT, false, ITEM(category) },
	{ "/labels/*/name", JSON_TEXTS, false, ITEM(labels) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ NULL },
};

static const struct state_map issue_states[] = {
	{ "open", OUTCOME_RUNNING, false },
	{ "reopened", OUTCOME_RUNNING, false },
	{ "closed", OUTCOME_SUCCESS, true },
	{ "completed", OUTCOME_SUCCESS, true },
	{ "not_planned", OUTCOME_CANCELLED, true },
	{ "duplicate", OUTCOME_CANCELLED, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static bool accept_incident(const cJSON *json, struct item *incident,
			    GError **error G_GNUC_UNUSED)
{
	if (json_at(json, "/pull_request"))
		item_skip(incident);
	incident_settle(incident);
	return true;
}

static bool accept_debt(const cJSON *json, struct item *debt,
			GError **error G_GNUC_UNUSED)
{
	if (json_at(json, "/pull_request"))
		item_skip(debt);
	debt_settle(debt);
	return true;
}

/* ---- GitHub ---- */

static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Workflow runs and, where a rule wants them, their jobs.",
	  .path = "/repos/{+project}/actions/runs"
		  "?exclude_pull_requests=true&per_page={size}",
	  .window_path = "/repos/{+project}/actions/runs?created={since}..{until}"
			 "&exclude_pull_requests=true&per_page={size}",
	  .item_path = "/repos/{+project}/actions/runs/{id}?exclude_pull_requests=true",
	  .items = "/workflow_runs",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .cap = 1000,
	  .fields = run_fields,
	  .states = run_states,
	  .accept = accept_run,
	  .details = run_details,
	  .on_request = true,
	  .scope = "Actions: read" },
	{ .name = "deployments",
	  .kind = ITEM_DEPLOYMENT,
	  .help = "Records of the deployments API and their statuses.",
	  .path = "/repos/{+project}/deployments"
		  "?environment={environment}&per_page={size}",
	  .item_path = "/repos/{+project}/deployments/{id}",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = deployment_fields,
	  .states = deployment_states,
	  .details = deployment_details,
	  .on_request = true,
	  .scope = "Deployments: read" },
	{ .name = "changes",
	  .kind = ITEM_CHANGE,
	  .help = "Closed and merged pull requests, one more request each for their "
		  "commits and reviews.",
	  .path = "/repos/{+project}/pulls"
		  "?state=closed&sort=updated&direction=desc&per_page={size}",
	  .order = ORDER_RECENT,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = change_fields,
	  .accept = accept_change,
	  .details = change_details,
	  .scope = "Pull requests: read" },
	{ .name = "releases",
	  .kind = ITEM_RELEASE,
	  .help = "Releases; drafts and prereleases are marked.",
	  .path = "/repos/{+project}/releases?per_page={size}",
	  .item_path = "/repos/{+project}/releases/{id}",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = release_fields,
	  .accept = accept_release,
	  .on_request = true,
	  .scope = "Contents: read" },
	/* In order of change: each page is then the first one after the last change of
	 * the one before, so that an issue that is edited while pages are read pushes
	 * none past their border, and none is as deep as GitHub refuses. */
	{ .name = "incidents",
	  .kind = ITEM_INCIDENT,
	  .help = "Issues that have the labels or the type.",
	  .path = "/repos/{+project}/issues?state=all&since={since}&labels={labels}"
		  "&type={types}&sort=updated&direction=asc&per_page={size}",
	  .item_path = "/repos/{+project}/issues/{id}",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = incident_fields,
	  .states = issue_states,
	  .accept = accept_incident,
	  .told = (const char *const[]){ "/body", NULL },
	  .change_sign = '#',
	  .needs_labels = true,
	  .scope = "Issues: read" },
	{ .name = "debt",
	  .kind = ITEM_DEBT,
	  .help = "Issues that have the labels of technical debt.",
	  .path = "/repos/{+project}/issues?state=all&since={since}"
		  "&labels={debt_labels}&sort=updated&direction=asc&per_page={size}",
	  .item_path = "/repos/{+project}/issues/{id}",
	  .order = ORDER_UPDATED,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = debt_fields,
	  .states = issue_states,
	  .accept = accept_debt,
	  .needs_debt = true,
	  .whole = true,
	  .scope = "Issues: read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "repositories", "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$",
	  "acme/shop" },
	{ "labels", false, "labels of issues that are incidents: all of them",
	  "^[^,]{1,50}$", "incident" },
	{ "types", false, "the type of issues that are incidents", "^[^,]+$",
	  "Incident" },
	{ "debt_labels", false, "labels of issues that are technical debt: all of them",
	  "^[^,]{1,50}$", "tech-debt" },
	{ NULL },
};

static const struct http_header_row headers[] = {
	{ "Accept", "application/vnd.github+json, application/json" },
	{ "X-GitHub-Api-Version", "2022-11-28" },
	{ NULL },
};

const struct driver driver_github = {
	.name = "github",
	.title = "GitHub",
	.summary = "workflow runs, deployments, pull requests, releases and issues of "
		   "repositories (Enterprise Server: url https://HOST/api/v3)",
	.url = "https://api.github.com",
	.settings = settings,
	.auth = AUTH_GITHUB,
	.headers = headers,
	/* Any credential may ask, apps too, and Enterprise Server answers it. */
	.whoami = "/versions",
	.scopes_header = "X-OAuth-Scopes",
	.limits = "5,000 requests an hour for a token, 5,000 to 15,000 for an app's "
		  "installation; answers that did not change are free.",
	.feeds = feeds,
};
