#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"

/*
 * An application keeps its last operation, whatever became of it, and a history of those
 * that succeeded (10 of them by default). One operation runs at a time, so the instant it
 * started is its name in both. One that failed and was followed by another between two
 * looks stays unfinished: nobody can tell. revision is of the configuration's repository.
 */
static const struct state_map states[] = {
	{ "Succeeded", OUTCOME_SUCCESS, true },
	{ "Failed", OUTCOME_FAILURE, true },
	{ "Error", OUTCOME_FAILURE, true },
	{ "Running", OUTCOME_RUNNING, false },
	{ "Terminating", OUTCOME_RUNNING, false },
	/* Ours: it was running when last seen, and the next one has begun. If it
	 * succeeded it is in the history. */
	{ "Replaced", OUTCOME_CANCELLED, true },
	{ NULL, OUTCOME_RUNNING, false },
};

#define OPERATION "/status/operationState"

static const struct json_field operation_fields[] = {
	{ OPERATION "/startedAt", JSON_ID, false, ITEM(id) },
	{ OPERATION "/phase", JSON_TEXT, false, ITEM(state) },
	{ "/metadata/labels/environment", JSON_TEXT, false, ITEM(environment) },
	{ "/metadata/labels/env", JSON_TEXT, false, ITEM(environment) },
	{ "/spec/destination/name", JSON_TEXT, false, ITEM(environment) },
	{ "/spec/destination/namespace", JSON_TEXT, false, ITEM(environment) },
	{ "/metadata/name", JSON_TEXT, false, ITEM(name) },
	{ OPERATION "/syncResult/revision", JSON_TEXT, false, ITEM(sha) },
	{ OPERATION "/syncResult/revisions/0", JSON_TEXT, false, ITEM(sha) },
	{ OPERATION "/operation/sync/revision", JSON_TEXT, false, ITEM(sha) },
	{ OPERATION "/operation/sync/revisions/0", JSON_TEXT, false, ITEM(sha) },
	{ OPERATION "/syncResult/source/targetRevision", JSON_TEXT, false, ITEM(ref) },
	{ "/status/summary/images/*", JSON_TEXTS, false, ITEM(images) },
	{ OPERATION "/startedAt", JSON_TIME, false, ITEM(created) },
	{ OPERATION "/startedAt", JSON_TIME, false, ITEM(started) },
	{ OPERATION "/finishedAt", JSON_TIME, false, ITEM(finished) },
	{ OPERATION "/finishedAt", JSON_TIME, false, ITEM(updated) },
	{ OPERATION "/startedAt", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* A dry run deploys nothing. An application that was never synced has no operation, and
 * so no id. What runs is not what the images are of yet. */
static bool accept_operation(const cJSON *json, struct item *operation,
			     GError **error G_GNUC_UNUSED)
{
	if (cJSON_IsTrue(json_at(json, OPERATION "/operation/sync/dryRun")))
		item_skip(operation);
	if (operation->outcome != OUTCOME_SUCCESS)
		g_clear_pointer(&operation->images, g_strfreev);
	return true;
}

/* Old records do not have when they began: their number must do. */
static const struct json_field history_fields[] = {
	{ "/deployStartedAt", JSON_ID, false, ITEM(id) },
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/revision", JSON_TEXT, false, ITEM(sha) },
	{ "/revisions/0", JSON_TEXT, false, ITEM(sha) },
	{ "/source/targetRevision", JSON_TEXT, false, ITEM(ref) },
	{ "/source/kustomize/images/*", JSON_TEXTS, false, ITEM(images) },
	{ "/deployStartedAt", JSON_TIME, false, ITEM(created) },
	{ "/deployedAt", JSON_TIME, false, ITEM(created) },
	{ "/deployStartedAt", JSON_TIME, false, ITEM(started) },
	{ "/deployedAt", JSON_TIME, true, ITEM(finished) },
	{ "/deployedAt", JSON_TIME, false, ITEM(updated) },
	{ NULL },
};

/* The last operation tells itself, with its images. */
static bool accept_history(const cJSON *json G_GNUC_UNUSED, struct item *record,
			   GError **error G_GNUC_UNUSED)
{
	if (g_strcmp0(record->id, record->parent) == 0)
		item_skip(record);
	g_clear_pointer(&record->parent, g_free);
	item_set_state(record, "Succeeded", states);
	return true;
}

/* Resources make an application's document large; they are not asked for. */
#define APPLICATIONS "/api/v1/applications?name={project}&project={organization}&fields="

static const struct detail details[] = {
	{ .name = "history",
	  .path = APPLICATIONS "items.metadata.name,items.status.history",
	  .items = "/items/0/status/history",
	  .when = DETAIL_ALWAYS,
	  .kind = ITEM_DEPLOYMENT,
	  .fields = history_fields,
	  .states = states,
	  .accept = accept_history,
	  .scope = "applications, get" },
	{ NULL },
};

static const struct feed feeds[] = {
	{ .name = "deployments",
	  .kind = ITEM_DEPLOYMENT,
	  .help = "Syncs of an application; its environment is its label environment or "
		  "env, or else its cluster or namespace.",
	  .path = APPLICATIONS
	  "items.metadata.name,items.metadata.labels,items.spec.destination,"
	  "items.status.operationState.phase,items.status.operationState.startedAt,"
	  "items.status.operationState.finishedAt,"
	  "items.status.operationState.operation,"
	  "items.status.operationState.syncResult.revision,"
	  "items.status.operationState.syncResult.revisions,"
	  "items.status.operationState.syncResult.source,"
	  "items.status.summary.images",
	  .items = "/items",
	  .order = ORDER_STATE,
	  .fields = operation_fields,
	  .states = states,
	  .accept = accept_operation,
	  .details = details,
	  .on_request = true,
	  .scope = "applications, get" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "applications by name", "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
	  "shop-production" },
	{ "organization", false, "the project of Argo CD that they are in",
	  "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", "default" },
	{ NULL },
};

const struct driver driver_argocd = {
	.name = "argocd",
	.title = "Argo CD",
	.summary = "syncs of applications, failed ones included",
	.settings = settings,
	.auth = AUTH_HEADER,
	.no_etag = true,
	.whoami = "/api/v1/session/userinfo",
	.limits = "None of its own. Of failed syncs it keeps the last one, of good ones "
		  "the "
		  "last 10: poll more often than that.",
	.feeds = feeds,
};
