#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"

/* ---- builds ---- */

/* blocked waits for somebody, maybe for ever. It counts as finished to Buildkite, and is
 * told again when it went on. A word that is new here is never final. */
static const struct state_map build_states[] = {
	{ "passed", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "waiting_failed", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "skipped", OUTCOME_SKIPPED, true },
	{ "not_run", OUTCOME_SKIPPED, true },
	{ "creating", OUTCOME_RUNNING, false },
	{ "scheduled", OUTCOME_RUNNING, false },
	{ "running", OUTCOME_RUNNING, false },
	{ "failing", OUTCOME_RUNNING, false },
	{ "canceling", OUTCOME_RUNNING, false },
	{ "waiting", OUTCOME_RUNNING, false },
	{ "blocked", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field build_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/commit", JSON_TEXT, false, ITEM(sha) },
	{ "/branch", JSON_TEXT, false, ITEM(ref) },
	{ "/source", JSON_TEXT, false, ITEM(event) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/finished_at", JSON_TIME, false, ITEM(finished) },
	{ "/finished_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* A build may name its commit HEAD, until an agent has looked. */
static bool accept_build(const cJSON *json G_GNUC_UNUSED, struct item *build,
			 GError **error G_GNUC_UNUSED)
{
	if (text_is(build->sha, "HEAD"))
		g_clear_pointer(&build->sha, g_free);
	if (!build->done)
		build->finished = INSTANT_NONE;
	if (!build->workflow)
		build->workflow = g_strdup(build->project);
	return true;
}

/* ---- jobs ---- */

static const struct state_map job_states[] = {
	{ "passed", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "timed_out", OUTCOME_FAILURE, true },
	{ "expired", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "skipped", OUTCOME_SKIPPED, true },
	/* Never run, for what they waited for failed. */
	{ "broken", OUTCOME_SKIPPED, true },
	{ "waiting_failed", OUTCOME_SKIPPED, true },
	{ "blocked_failed", OUTCOME_SKIPPED, true },
	{ "unblocked_failed", OUTCOME_SKIPPED, true },
	{ "pending", OUTCOME_RUNNING, false },
	{ "waiting", OUTCOME_RUNNING, false },
	{ "blocked", OUTCOME_RUNNING, false },
	{ "unblocked", OUTCOME_RUNNING, false },
	{ "limiting", OUTCOME_RUNNING, false },
	{ "limited", OUTCOME_RUNNING, false },
	{ "platform_limiting", OUTCOME_RUNNING, false },
	{ "platform_limited", OUTCOME_RUNNING, false },
	{ "scheduled", OUTCOME_RUNNING, false },
	{ "reserved", OUTCOME_RUNNING, false },
	{ "assigned", OUTCOME_RUNNING, false },
	{ "accepted", OUTCOME_RUNNING, false },
	{ "running", OUTCOME_RUNNING, false },
	{ "canceling", OUTCOME_RUNNING, false },
	{ "timing_out", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field job_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, false, ITEM(name) },
	{ "/step_key", JSON_TEXT, false, ITEM(name) },
	{ "/state", JSON_TEXT, false, ITEM(state) },
	{ "/soft_failed", JSON_BOOL, false, ITEM(optional) },
	{ "/web_url", JSON_TEXT, false, ITEM(url) },
	{ "/created_at", JSON_TIME, false, ITEM(created) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/finished_at", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

/* Waits and blocks are among the jobs, and run nothing. A retry is a job of its own. */
static bool accept_job(const cJSON *json, struct item *job, GError **error)
{
	if (json_says(json, "/type", "waiter") || json_says(json, "/type", "manual") ||
	    !job->name) {
		item_skip(job);
		return true;
	}
	job->attempt = 0;
	if (!item_own_attempt(job, json, "/retries_count", error))
		return false;
	job->attempt++;
	return true;
}

static const struct detail build_details[] = {
	{ .name = "jobs",
	  .path = "/v2/organizations/{owner}/pipelines/{name}/builds/{id}"
		  "?include_retried_jobs=true&exclude_pipeline=true",
	  .items = "/jobs",
	  .kind = ITEM_JOB,
	  .fields = job_fields,
	  .states = job_states,
	  .accept = accept_job,
	  .scope = "read_builds" },
	{ NULL },
};

/* ---- Buildkite ---- */

/* By finish: a build that was blocked or retried comes again when it is over, and one
 * that runs is not told before. Pages are in order of creation. */
static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Builds that finished and, where a rule wants them, their jobs.",
	  .path = "/v2/organizations/{owner}/pipelines/{name}/builds"
		  "?finished_from={since}&exclude_jobs=true&exclude_pipeline=true"
		  "&per_page={size}",
	  .order = ORDER_UPDATED,
	  .any_order = true,
	  .paging = PAGING_LINK,
	  .size = 100,
	  .fields = build_fields,
	  .states = build_states,
	  .accept = accept_build,
	  .details = build_details,
	  .on_request = true,
	  .scope = "read_builds" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "pipelines, with their organization",
	  "^[a-z0-9-]+/[a-z0-9._-]+$", "acme/shop-deploy" },
	{ NULL },
};

const struct driver driver_buildkite = {
	.name = "buildkite",
	.title = "Buildkite",
	.summary = "builds and jobs of pipelines",
	.url = "https://api.buildkite.com",
	.settings = settings,
	.auth = AUTH_HEADER,
	.whoami = "/v2/access-token",
	.limits = "200 requests a minute for an organization, 50 for a user.",
	.feeds = feeds,
};
