#include "drivers/drivers.h"

#include <string.h>

#include "base/instant.h"
#include "drivers/accept.h"
#include "drivers/debt.h"
#include "drivers/incident.h"

/*
 * Gitea and Forgejo: one API for changes, releases and issues, two for actions.
 */

/* ---- actions ---- */

/* Gitea's conclusions and states, Forgejo's states: each uses some of them. blocked waits
 * for another job or for an approval. A word that is new here is never final. */
static const struct state_map run_states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failure", OUTCOME_FAILURE, true },
	{ "cancelled", OUTCOME_CANCELLED, true },
	{ "skipped", OUTCOME_SKIPPED, true },
	{ "queued", OUTCOME_RUNNING, false },
	{ "in_progress", OUTCOME_RUNNING, false },
	{ "waiting", OUTCOME_RUNNING, false },
	{ "requested", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "running", OUTCOME_RUNNING, false },
	{ "blocked", OUTCOME_RUNNING, false },
	{ "unknown", OUTCOME_RUNNING, false },
	{ "completed", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

/* What did not happen yet is dated 1970 or 0001, which is no time. Gitea does not say
 * when a run was created. */
static const struct json_field gitea_run_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/run_attempt", JSON_INT, false, ITEM(attempt) },
	{ "/path", JSON_TEXT, false, ITEM(workflow) },
	{ "/display_title", JSON_TEXT, false, ITEM(name) },
	{ "/conclusion", JSON_TEXT, false, ITEM(state) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/head_sha", JSON_TEXT, true, ITEM(sha) },
	{ "/head_branch", JSON_TEXT, false, ITEM(ref) },
	{ "/event", JSON_TEXT, false, ITEM(event) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/started_at", JSON_TIME, false, ITEM(created) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/completed_at", JSON_TIME, false, ITEM(finished) },
	{ "/completed_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* "deploy.yml@refs/heads/main" is deploy.yml. */
static bool accept_gitea_run(const cJSON *json G_GNUC_UNUSED, struct item *run,
			     GError **error G_GNUC_UNUSED)
{
	char *at = run->workflow ? strchr(run->workflow, '@') : NULL;

	if (at && at > run->workflow)
		*at = '\0';
	item_short_refs(run);
	if (!run->done)
		run->finished = INSTANT_NONE;
	return true;
}

static const struct json_field gitea_job_fields[] = {
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

static bool accept_gitea_job(const cJSON *json, struct item *job, GError **error)
{
	if (!item_own_attempt(job, json, "/run_attempt", error))
		return false;
	if (!job->done)
		job->finished = INSTANT_NONE;
	item_short_refs(job);
	return true;
}

static const struct detail gitea_run_details[] = {
	{ .name = "jobs",
	  .path = "/api/v1/repos/{+project}/actions/runs/{id}/jobs?limit=50",
	  .items = "/jobs",
	  .paging = PAGING_LINK,
	  .kind = ITEM_JOB,
	  .fields = gitea_job_fields,
	  .states = run_states,
	  .accept = accept_gitea_job,
	  .scope = "read:repository" },
	{ NULL },
};

static const struct json_field forgejo_run_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/workflow_id", JSON_TEXT, false, ITEM(workflow) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/commit_sha", JSON_TEXT, true, ITEM(sha) },
	{ "/prettyref", JSON_TEXT, false, ITEM(ref) },
	{ "/trigger_event", JSON_TEXT, false, ITEM(event) },
	{ "/event", JSON_TEXT, false, ITEM(event) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created", JSON_TIME, true, ITEM(created) },
	{ "/started", JSON_TIME, false, ITEM(started) },
	{ "/stopped", JSON_TIME, false, ITEM(finished) },
	{ "/updated", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static bool accept_forgejo_run(const cJSON *json G_GNUC_UNUSED, struct item *run,
			       GError **error G_GNUC_UNUSED)
{
	if (!run->done)
		run->finished = INSTANT_NONE;
	return true;
}

/* Jobs of a run are told without times; the tasks that runners took on have them. */
static const struct json_field task_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/run_number", JSON_ID, false, ITEM(parent) },
	{ "/workflow_id", JSON_TEXT, false, ITEM(workflow) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/head_sha", JSON_TEXT, true, ITEM(sha) },
	{ "/head_branch", JSON_TEXT, false, ITEM(ref) },
	{ "/event", JSON_TEXT, false, ITEM(event) },
	{ "/url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/run_started_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static bool accept_task(const cJSON *json G_GNUC_UNUSED, struct item *job,
			GError **error G_GNUC_UNUSED)
{
	if (job->done)
		job->finished = job->updated;
	return true;
}

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

/* Neither marks bots; these are the names that GitHub gives them. */
static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	const char *login = json_text_at(json, "/user/login");

	change->bot = login &&
		      (g_str_has_suffix(login, "[bot]") ||
		       g_str_has_suffix(login, "-bot") || text_is(login, "renovate") ||
		       text_is(login, "dependabot"));
	change_settle(change);
	return true;
}

static bool merge_review(const cJSON *json, struct item *change,
			 GError **error G_GNUC_UNUSED)
{
	gint64 at = json_instant_at(json, "/submitted_at");

	if (json_says(json, "/state", "PENDING") ||
	    json_says(json, "/state", "REQUEST_REVIEW"))
		return true;
	keep_first(&change->reviewed, at);
	if (json_says(json, "/state", "APPROVED") &&
	    !cJSON_IsTrue(json_at(json, "/dismissed")))
		keep_last(&change->approved, at);
	return true;
}

static const struct detail change_details[] = {
	{ .name = "reviews",
	  .path = "/api/v1/repos/{+project}/pulls/{id}/reviews?limit=50",
	  .items = "",
	  .paging = PAGING_LINK,
	  .when = DETAIL_ALWAYS,
	  .merge = merge_review,
	  .scope = "read:repository" },
	{ NULL },
};

/* ---- releases ---- */

static const struct json_field release_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/tag_name", JSON_TEXT, true, ITEM(name) },
	{ "/tag_name", JSON_TEXT, false, ITEM(ref) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/published_at", JSON_TIME, false, ITEM(finished) },
	{ "/created_at", JSON_TIME, false, ITEM(finished) },
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

static const struct state_map issue_states[] = {
	{ "open", OUTCOME_RUNNING, false },
	{ "closed", OUTCOME_SUCCESS, true },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field incident_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/labels/*/name", JSON_TEXTS, false, ITEM(labels) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ "/closed_at", JSON_TIME, false, ITEM(resolved) },
	{ NULL },
};

static const char *const incident_told[] = { "/body", NULL };

static bool is_pull_request(const cJSON *json)
{
	const cJSON *pull_request = json_at(json, "/pull_request");

	return pull_request && !cJSON_IsNull(pull_request);
}

/* Labels that the repository does not have are ignored, and without any other all issues
 * are told: one without labels is never meant. */
static bool accept_incident(const cJSON *json, struct item *incident,
			    GError **error G_GNUC_UNUSED)
{
	if (is_pull_request(json) || !incident->labels)
		item_skip(incident);
	incident_settle(incident);
	return true;
}

static const struct json_field debt_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/labels/*/name", JSON_TEXTS, false, ITEM(labels) },
	{ "/html_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/updated_at", JSON_TIME, true, ITEM(updated) },
	{ "/closed_at", JSON_TIME, false, ITEM(closed) },
	{ NULL },
};

/* One without labels may have had some: whoever counts looks at them. */
static bool accept_debt(const cJSON *json, struct item *debt,
			GError **error G_GNUC_UNUSED)
{
	if (is_pull_request(json))
		item_skip(debt);
	debt_settle(debt);
	return true;
}

/* ---- both ---- */

#define RUNS_FEED                                                                        \
	.name = "runs", .kind = ITEM_RUN,                                                \
	.path = "/api/v1/repos/{+project}/actions/runs?limit={size}",                    \
	.item_path = "/api/v1/repos/{+project}/actions/runs/{id}",                       \
	.items = "/workflow_runs", .order = ORDER_NEWEST, .paging = PAGING_LINK,         \
	.size = 50, .states = run_states, .on_request = true, .scope = "read:repository"

#define COMMON_FEEDS                                                                     \
	{ .name = "changes",                                                             \
	  .kind = ITEM_CHANGE,                                                           \
	  .help = "Closed and merged pull requests, one more request each for their "    \
		  "reviews.",                                                            \
	  .path = "/api/v1/repos/{+project}/pulls"                                       \
		  "?state=closed&sort=recentupdate&limit={size}",                        \
	  .item_path = "/api/v1/repos/{+project}/pulls/{id}",                            \
	  .order = ORDER_RECENT,                                                         \
	  .paging = PAGING_LINK,                                                         \
	  .size = 50,                                                                    \
	  .fields = change_fields,                                                       \
	  .accept = accept_change,                                                       \
	  .details = change_details,                                                     \
	  .scope = "read:repository" },                                                  \
		{ .name = "releases",                                                    \
		  .kind = ITEM_RELEASE,                                                  \
		  .help = "Releases; drafts and prereleases are marked.",                \
		  .path = "/api/v1/repos/{+project}/releases?limit={size}",              \
		  .item_path = "/api/v1/repos/{+project}/releases/{id}",                 \
		  .order = ORDER_NEWEST,                                                 \
		  .paging = PAGING_LINK,                                                 \
		  .size = 50,                                                            \
		  .fields = release_fields,                                              \
		  .accept = accept_release,                                              \
		  .on_request = true,                                                    \
		  .scope = "read:repository" },                                          \
		{ .name = "debt",                                                        \
		  .kind = ITEM_DEBT,                                                     \
		  .help = "Issues that have one of the labels of technical debt.",       \
		  .path = "/api/v1/repos/{+project}/issues?state=all&type=issues"        \
			  "&since={since}&labels={debt_labels}&limit={size}",            \
		  .item_path = "/api/v1/repos/{+project}/issues/{id}",                   \
		  .order = ORDER_UPDATED,                                                \
		  .any_order = true,                                                     \
		  .paging = PAGING_LINK,                                                 \
		  .size = 50,                                                            \
		  .fields = debt_fields,                                                 \
		  .states = issue_states,                                                \
		  .accept = accept_debt,                                                 \
		  .needs_debt = true,                                                    \
		  .whole = true,                                                         \
		  .scope = "read:issue" },                                               \
	{                                                                                \
		.name = "incidents", .kind = ITEM_INCIDENT,                              \
		.help = "Issues that have one of the labels.",                           \
		.path = "/api/v1/repos/{+project}/"                                      \
			"issues?state=all&type=issues&since={since}"                     \
			"&labels={labels}&limit={size}",                                 \
		.item_path = "/api/v1/repos/{+project}/issues/{id}",                     \
		.order = ORDER_UPDATED, .any_order = true, .paging = PAGING_LINK,        \
		.size = 50, .fields = incident_fields, .states = issue_states,           \
		.accept = accept_incident, .told = incident_told, .change_sign = '#',    \
		.needs_labels = true, .scope = "read:issue"                              \
	}

static const struct setting settings[] = {
	{ "projects", true, "repositories", "^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$",
	  "acme/shop" },
	{ "labels", false,
	  "labels of issues that are incidents: one of them; the repository must have "
	  "them",
	  "^[^,]+$", "incident" },
	{ "debt_labels", false,
	  "labels of issues that are technical debt: one of them; the repository must "
	  "have them",
	  "^[^,]+$", "tech-debt" },
	{ NULL },
};

#define LIMITS                                                                           \
	"None of its own, but the proxy before it may have some: ten requests a second " \
	"at most. A page holds 50 items."

/* ---- Gitea ---- */

static const struct feed gitea_feeds[] = {
	{ RUNS_FEED, .help = "Workflow runs and, where a rule wants them, their jobs.",
	  .fields = gitea_run_fields, .accept = accept_gitea_run,
	  .details = gitea_run_details },
	COMMON_FEEDS,
	{ NULL },
};

const struct driver driver_gitea = {
	.name = "gitea",
	.title = "Gitea",
	.summary = "workflow runs, pull requests, releases and issues of repositories",
	.url = "https://gitea.com",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_prefix = "token ",
	.pace = 100 * G_TIME_SPAN_MILLISECOND,
	.no_etag = true,
	.any_label = true,
	.whoami = "/api/v1/version",
	.limits = LIMITS,
	.feeds = gitea_feeds,
};

/* ---- Forgejo ---- */

/* A task cannot be asked for by its id: what is a day old is read again each time, so
 * that one that took long is seen to its end. */
static const struct feed forgejo_feeds[] = {
	{ RUNS_FEED, .help = "Workflow runs.", .fields = forgejo_run_fields,
	  .accept = accept_forgejo_run },
	{ .name = "jobs",
	  .kind = ITEM_JOB,
	  .help = "Jobs that runners took on.",
	  .path = "/api/v1/repos/{+project}/actions/tasks?limit={size}",
	  .items = "/workflow_runs",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_LINK,
	  .size = 50,
	  .overlap = 24 * G_TIME_SPAN_HOUR,
	  .fields = task_fields,
	  .states = run_states,
	  .accept = accept_task,
	  .on_request = true,
	  .scope = "read:repository" },
	COMMON_FEEDS,
	{ NULL },
};

const struct driver driver_forgejo = {
	.name = "forgejo",
	.title = "Forgejo",
	.summary = "workflow runs, jobs, pull requests, releases and issues of "
		   "repositories",
	.url = "https://codeberg.org",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_prefix = "token ",
	.pace = 100 * G_TIME_SPAN_MILLISECOND,
	.no_etag = true,
	.any_label = true,
	.whoami = "/api/v1/version",
	.limits = LIMITS,
	.feeds = forgejo_feeds,
};
