#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"

/* ---- pipelines ---- */

/* A pipeline's own words ("created" is the last of a good one) say nothing of its end:
 * its workflows do. A word that is new here is never final. */
static const struct state_map run_states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "error", OUTCOME_FAILURE, true },
	{ "errored", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "not_run", OUTCOME_SKIPPED, true },
	{ "unauthorized", OUTCOME_SKIPPED, true },
	{ "created", OUTCOME_RUNNING, false },
	{ "setup-pending", OUTCOME_RUNNING, false },
	{ "setup", OUTCOME_RUNNING, false },
	{ "pending", OUTCOME_RUNNING, false },
	{ "running", OUTCOME_RUNNING, false },
	{ "failing", OUTCOME_RUNNING, false },
	{ "on_hold", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field run_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/state", JSON_TEXT, true, ITEM(state) },
	{ "/vcs/revision", JSON_TEXT, false, ITEM(sha) },
	{ "/vcs/branch", JSON_TEXT, false, ITEM(ref) },
	{ "/vcs/tag", JSON_TEXT, false, ITEM(ref) },
	{ "/trigger/type", JSON_TEXT, false, ITEM(event) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/updated_at", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

static bool accept_run(const cJSON *json G_GNUC_UNUSED, struct item *run,
		       GError **error G_GNUC_UNUSED)
{
	if (run->done)
		run->finished = run->updated;
	return true;
}

/* How much of a pipeline's state a workflow decides: one that is not over all of it, a
 * failed one more than a cancelled one, and that more than a good one. */
static int weight(const struct item *item)
{
	static const int weights[N_OUTCOMES] = {
		[OUTCOME_SKIPPED] = 0, [OUTCOME_SUCCESS] = 1, [OUTCOME_CANCELLED] = 2,
		[OUTCOME_FAILURE] = 3, [OUTCOME_RUNNING] = 4,
	};

	return weights[item->outcome];
}

static bool is_own_word(const char *state)
{
	return !state || text_is(state, "created") || text_is(state, "pending") ||
	       text_is(state, "setup") || text_is(state, "setup-pending");
}

static bool merge_workflow(const cJSON *json, struct item *run,
			   GError **error G_GNUC_UNUSED)
{
	const char *status = json_text_at(json, "/status");
	struct item workflow = { .state = (char *)status };

	state_map_apply(run_states, &workflow);
	if (is_own_word(run->state) || weight(&workflow) > weight(run))
		item_set_state(run, status, run_states);
	keep_last(&run->finished, json_instant_at(json, "/stopped_at"));
	if (!run->done)
		run->finished = INSTANT_NONE;
	return true;
}

/* ---- workflows and their jobs ---- */

static const struct json_field workflow_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/created_at", JSON_TIME, true, ITEM(created) },
	{ "/created_at", JSON_TIME, false, ITEM(started) },
	{ "/stopped_at", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

static bool accept_workflow(const cJSON *json G_GNUC_UNUSED, struct item *workflow,
			    GError **error G_GNUC_UNUSED)
{
	g_free(workflow->workflow);
	workflow->workflow = g_strdup(workflow->name);
	return true;
}

static const struct state_map job_states[] = {
	{ "success", OUTCOME_SUCCESS, true },
	{ "failed", OUTCOME_FAILURE, true },
	{ "infrastructure_fail", OUTCOME_FAILURE, true },
	{ "timedout", OUTCOME_FAILURE, true },
	{ "terminated-unknown", OUTCOME_FAILURE, true },
	{ "canceled", OUTCOME_CANCELLED, true },
	{ "retried", OUTCOME_CANCELLED, true },
	{ "not_run", OUTCOME_SKIPPED, true },
	{ "unauthorized", OUTCOME_SKIPPED, true },
	{ "queued", OUTCOME_RUNNING, false },
	{ "not_running", OUTCOME_RUNNING, false },
	{ "running", OUTCOME_RUNNING, false },
	{ "on_hold", OUTCOME_RUNNING, false },
	{ "blocked", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field job_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/started_at", JSON_TIME, false, ITEM(started) },
	{ "/stopped_at", JSON_TIME, false, ITEM(finished) },
	{ NULL },
};

/* Somebody's approval is told as a job, and runs nothing. */
static bool accept_job(const cJSON *json, struct item *job, GError **error G_GNUC_UNUSED)
{
	if (json_says(json, "/type", "approval"))
		item_skip(job);
	return true;
}

static const struct detail workflow_details[] = {
	{ .name = "jobs",
	  .path = "/api/v2/workflow/{id}/job?page-token={token}",
	  .items = "/items",
	  .paging = PAGING_TOKEN,
	  .token_path = "/next_page_token",
	  .kind = ITEM_JOB,
	  .fields = job_fields,
	  .states = job_states,
	  .accept = accept_job },
	{ NULL },
};

static const struct detail run_details[] = {
	{ .name = "workflows",
	  .path = "/api/v2/pipeline/{id}/workflow?page-token={token}",
	  .items = "/items",
	  .paging = PAGING_TOKEN,
	  .token_path = "/next_page_token",
	  .kind = ITEM_JOB,
	  .fields = workflow_fields,
	  .states = run_states,
	  .accept = accept_workflow,
	  .merge = merge_workflow,
	  .details = workflow_details },
	{ NULL },
};

/* ---- CircleCI ---- */

static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Pipelines and, where a rule wants them, their workflows and jobs: a "
		  "rule "
		  "for jobs may name either.",
	  .path = "/api/v2/project/{project}/pipeline?page-token={token}",
	  .item_path = "/api/v2/pipeline/{id}",
	  .items = "/items",
	  .order = ORDER_NEWEST,
	  .paging = PAGING_TOKEN,
	  .token_path = "/next_page_token",
	  .size = 20,
	  .fields = run_fields,
	  .states = run_states,
	  .accept = accept_run,
	  .details = run_details,
	  .on_request = true,
	  .scope = "a personal API token" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "projects by their slug",
	  "^(gh|bb|github|bitbucket|circleci)/[^/]+/[^/]+$", "gh/acme/shop" },
	{ NULL },
};

const struct driver driver_circleci = {
	.name = "circleci",
	.title = "CircleCI",
	.summary = "pipelines, workflows and jobs of projects",
	.url = "https://circleci.com",
	.settings = settings,
	.auth = AUTH_HEADER,
	.auth_header = "Circle-Token",
	.auth_prefix = "",
	.whoami = "/api/v2/me",
	.limits = "Not published; answers say when to come again.",
	.feeds = feeds,
};
