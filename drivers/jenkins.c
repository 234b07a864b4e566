#include "drivers/drivers.h"

#include <string.h>

#include "base/instant.h"
#include "drivers/accept.h"

/* ---- builds ---- */

/* Results; "building" is ours, for what has none. UNSTABLE is a build that went through
 * with failed tests: whoever deploys with it has deployed. A word that is new here is
 * never final. */
static const struct state_map build_states[] = {
	{ "SUCCESS", OUTCOME_SUCCESS, true },	{ "UNSTABLE", OUTCOME_SUCCESS, true },
	{ "FAILURE", OUTCOME_FAILURE, true },	{ "ABORTED", OUTCOME_CANCELLED, true },
	{ "NOT_BUILT", OUTCOME_SKIPPED, true }, { "building", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

/* A build of several repositories (a shared library, above all) has several revisions:
 * the first one is taken. */
static const struct json_field build_fields[] = {
	{ "/number", JSON_ID, true, ITEM(id) },
	{ "/result", JSON_TEXT, false, ITEM(state) },
	{ "/fullDisplayName", JSON_TEXT, false, ITEM(name) },
	{ "/actions/[lastBuiltRevision.SHA1]/lastBuiltRevision/SHA1", JSON_TEXT, false,
	  ITEM(sha) },
	{ "/actions/[lastBuiltRevision.SHA1]/lastBuiltRevision/branch/0/name", JSON_TEXT,
	  false, ITEM(ref) },
	{ "/actions/[causes]/causes/0/_class", JSON_TEXT, false, ITEM(event) },
	{ "/url", JSON_TEXT, false, ITEM(url) },
	{ "/timestamp", JSON_EPOCH_MS, true, ITEM(created) },
	{ "/timestamp", JSON_EPOCH_MS, false, ITEM(started) },
	{ NULL },
};

/* The class of a cause is a Java name. A build that another job started is no child: that
 * job is another project. */
static const struct {
	const char *part, *event;
} events[] = {
	{ "UserIdCause", "manual" },	   { "UpstreamCause", "upstream" },
	{ "TimerTrigger", "schedule" },	   { "SCMTrigger", "push" },
	{ "BranchEventCause", "push" },	   { "PushCause", "push" },
	{ "BranchIndexingCause", "push" }, { "ReplayCause", "manual" },
};

static void name_event(struct item *build)
{
	for (gsize i = 0; build->event && i < G_N_ELEMENTS(events); i++)
		if (strstr(build->event, events[i].part)) {
			g_free(build->event);
			build->event = g_strdup(events[i].event);
		}
}

/* A result may be there while post-build steps still run. */
static bool accept_build(const cJSON *json, struct item *build,
			 GError **error G_GNUC_UNUSED)
{
	if (cJSON_IsTrue(json_at(json, "/building")) || !build->state)
		item_set_state(build, "building", build_states);
	if (build->done)
		build->finished = build->started + json_ms_at(json, "/duration");
	build->updated = build->done ? build->finished : build->created;
	build->workflow = g_strdup(build->project);
	item_short_refs(build);
	name_event(build);
	return true;
}

/* ---- stages ---- */

static const struct state_map stage_states[] = {
	{ "SUCCESS", OUTCOME_SUCCESS, true },
	{ "UNSTABLE", OUTCOME_SUCCESS, true },
	{ "FAILED", OUTCOME_FAILURE, true },
	{ "ABORTED", OUTCOME_CANCELLED, true },
	{ "NOT_EXECUTED", OUTCOME_SKIPPED, true },
	{ "IN_PROGRESS", OUTCOME_RUNNING, false },
	{ "PAUSED_PENDING_INPUT", OUTCOME_RUNNING, false },
	{ NULL, OUTCOME_RUNNING, false },
};

static const struct json_field stage_fields[] = {
	{ "/id", JSON_ID, true, ITEM(id) },
	{ "/name", JSON_TEXT, true, ITEM(name) },
	{ "/status", JSON_TEXT, true, ITEM(state) },
	{ "/startTimeMillis", JSON_EPOCH_MS, false, ITEM(started) },
	{ NULL },
};

/* Ids are of the node in its build's graph: only with the build are they unique. */
static bool accept_stage(const cJSON *json, struct item *stage,
			 GError **error G_GNUC_UNUSED)
{
	char *id = g_strconcat(stage->parent, "/", stage->id, NULL);

	g_free(stage->id);
	stage->id = id;
	if (stage->done && stage->started != INSTANT_NONE)
		stage->finished = stage->started + json_ms_at(json, "/durationMillis");
	return true;
}

static const struct detail build_details[] = {
	{ .name = "stages",
	  .path = "/{+jobs}/{id}/wfapi/describe",
	  .items = "/stages",
	  .kind = ITEM_JOB,
	  .fields = stage_fields,
	  .states = stage_states,
	  .accept = accept_stage,
	  .scope = "Job/Read; plugin Pipeline: REST API" },
	{ NULL },
};

/* ---- Jenkins ---- */

/* number,timestamp,…,actions[lastBuiltRevision[SHA1,branch[name]],causes[…]] */
#define BUILD                                                                            \
	"number,timestamp,duration,building,result,url,fullDisplayName,"                 \
	"actions%5BlastBuiltRevision%5BSHA1,branch%5Bname%5D%5D,"                        \
	"causes%5B_class%5D%5D"

/* "builds" would end after 100. A range is {first,last + 1}. */
static const struct feed feeds[] = {
	{ .name = "runs",
	  .kind = ITEM_RUN,
	  .help = "Builds of a job and, where a rule wants them, the stages of "
		  "pipelines.",
	  .path = "/{+jobs}/api/json"
		  "?tree=allBuilds%5B" BUILD "%5D%7B{offset},{end}%7D",
	  .item_path = "/{+jobs}/{id}/api/json?tree=" BUILD,
	  .items = "/allBuilds",
	  .order = ORDER_NUMBER,
	  .paging = PAGING_OFFSET,
	  .size = 100,
	  .fields = build_fields,
	  .states = build_states,
	  .accept = accept_build,
	  .details = build_details,
	  .on_request = true,
	  .scope = "Overall/Read, Job/Read" },
	{ NULL },
};

static const struct setting settings[] = {
	{ "projects", true, "jobs, with the folders they are in", "^[^/?#]+(/[^/?#]+)*$",
	  "shop/deploy" },
	{ "username", true, "the user whose API token it is", NULL, "dora" },
	{ NULL },
};

const struct driver driver_jenkins = {
	.name = "jenkins",
	.title = "Jenkins",
	.summary = "builds of jobs, and stages of pipelines",
	.settings = settings,
	.auth = AUTH_BASIC,
	.pace = 100 * G_TIME_SPAN_MILLISECOND,
	.no_etag = true,
	.whoami = "/me/api/json?tree=id",
	.limits =
		"None of its own: ten requests a second at most. Builds that Jenkins has "
		"discarded are gone: poll more often than that.",
	.feeds = feeds,
};
