#include "drivers/drivers.h"

#include "base/instant.h"
#include "drivers/accept.h"

/*
 * Data Center keeps deployments and builds by commit alone: there is no list of them to
 * read. What runs them (Jenkins, Bamboo …) tells of them.
 */

static const struct json_field change_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/title", JSON_TEXT, false, ITEM(name) },
	{ "/properties/mergeCommit/id", JSON_TEXT, false, ITEM(sha) },
	{ "/fromRef/latestCommit", JSON_TEXT, false, ITEM(head_sha) },
	{ "/fromRef/displayId", JSON_TEXT, false, ITEM(ref) },
	{ "/toRef/displayId", JSON_TEXT, true, ITEM(base) },
	{ "/draft", JSON_BOOL, false, ITEM(draft) },
	{ "/links/self/0/href", JSON_TEXT, false, ITEM(url) },
	{ "/createdDate", JSON_EPOCH_MS, true, ITEM(created) },
	{ "/updatedDate", JSON_EPOCH_MS, true, ITEM(updated) },
	{ "/closedDate", JSON_EPOCH_MS, false, ITEM(closed) },
	{ NULL },
};

static bool accept_change(const cJSON *json, struct item *change,
			  GError **error G_GNUC_UNUSED)
{
	if (json_says(json, "/state", "MERGED"))
		change->merged = change->closed != INSTANT_NONE ? change->closed
								: change->updated;
	change->bot = json_says(json, "/author/user/type", "SERVICE");
	change_settle(change);
	return true;
}

/* Older versions tell the merge commit here alone. */
static bool merge_activity(const cJSON *json, struct item *change,
			   GError **error G_GNUC_UNUSED)
{
	gint64 at = json_epoch_ms_at(json, "/createdDate");
	const char *commit = json_text_at(json, "/commit/id");

	if (json_says(json, "/action", "APPROVED")) {
		keep_first(&change->reviewed, at);
		keep_last(&change->approved, at);
	} else if (json_says(json, "/action", "REVIEWED")) {
		keep_first(&change->reviewed, at);
	} else if (json_says(json, "/action", "MERGED") && commit && !change->sha) {
		change->sha = g_strdup(commit);
	}
	return true;
}

#define PULL_REQUESTS "/rest/api/latest/projects/{owner}/repos/{name}/pull-requests"

static const struct detail change_details[] = {
	{ .name = "activities",
	  .path = PULL_REQUESTS "/{id}/activities?limit=100&start={token}",
	  .items = "/values",
	  .paging = PAGING_TOKEN,
	  .when = DETAIL_ALWAYS,
	  .merge = merge_activity,
	  .scope = "Repository read" },
	{ NULL },
};

/* NEWEST is the latest changed. The next page does not start where this one's length
 * would have it. */
static const struct feed feeds[] = {
	{ .name = "changes",
	  .kind = ITEM_CHANGE,
	  .help = "Merged pull requests, one more request each for their activities.",
	  .path = PULL_REQUESTS "?state=MERGED&order=NEWEST&limit={size}&start={token}",
	  .item_path = PULL_REQUESTS "/{id}",
	  .items = "/values",
	  .order = ORDER_RECENT,
	  .paging = PAGING_TOKEN,
	  .token_path = "/nextPageStart",
	  .size = 100,
	  .fields = change_fields,
	  .accept = accept_change,
	  .details = change_details,
	  .scope = "Repository read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "repositories, with the key of their project",
	  "^~?[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", "SHOP/backend" },
	{ "username", false, "for a password; none for an HTTP access token", NULL,
	  "dora" },
	{ NULL },
};

const struct driver driver_bitbucket_server = {
	.name = "bitbucket_server",
	.title = "Bitbucket Data Center",
	.summary = "pull requests of repositories",
	.settings = settings,
	.auth = AUTH_OPTIONAL,
	.no_etag = true,
	.whoami = "/rest/api/latest/application-properties",
	.limits = "As its administrators set it: by default none.",
	.feeds = feeds,
};
