#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "driver_rig.h"

/* ---- words ---- */

/* Every word that a vendor's description has for what became of something, and what it
 * means: "success!" is over, "running" is not. Words of one meaning stand together. */
static const struct {
	const char *driver, *feed, *detail;
	const char *meaning, *words;
} words[] = {
	{ "github", "runs", NULL, "success!", "success" },
	{ "github", "runs", NULL, "failure!", "failure timed_out startup_failure" },
	{ "github", "runs", NULL, "cancelled!", "cancelled stale" },
	{ "github", "runs", NULL, "skipped!", "skipped neutral action_required" },
	{ "github", "runs", NULL, "running",
	  "queued in_progress requested waiting pending completed" },
	{ "github", "runs", "jobs", "failure!", "failure timed_out" },
	{ "github", "runs", "jobs", "skipped!", "skipped neutral action_required" },
	{ "github", "deployments", NULL, "success!", "success" },
	{ "github", "deployments", NULL, "failure!", "error failure" },
	{ "github", "deployments", NULL, "running",
	  "pending queued in_progress waiting" },
	{ "github", "incidents", NULL, "running", "open reopened" },
	{ "github", "incidents", NULL, "success!", "closed completed" },
	{ "github", "incidents", NULL, "cancelled!", "not_planned duplicate" },
	{ "github", "debt", NULL, "running", "open reopened" },
	{ "github", "debt", NULL, "success!", "closed completed" },
	{ "github", "debt", NULL, "cancelled!", "not_planned duplicate" },
	{ "gitlab", "debt", NULL, "running", "opened" },
	{ "gitlab", "debt", NULL, "success!", "closed" },
	{ "gitlab", "runs", NULL, "success!", "success" },
	{ "gitlab", "runs", NULL, "failure!", "failed" },
	{ "gitlab", "runs", NULL, "cancelled!", "canceled" },
	{ "gitlab", "runs", NULL, "skipped!", "skipped" },
	{ "gitlab", "runs", NULL, "running",
	  "created waiting_for_resource waiting_for_callback preparing pending running "
	  "canceling scheduled manual" },
	{ "gitlab", "deployments", NULL, "success!", "success" },
	{ "gitlab", "deployments", NULL, "failure!", "failed" },
	{ "gitlab", "deployments", NULL, "cancelled!", "canceled" },
	{ "gitlab", "deployments", NULL, "skipped!", "skipped" },
	{ "gitlab", "deployments", NULL, "running", "created running blocked" },
	{ "gitlab", "incidents", NULL, "running", "opened" },
	{ "gitlab", "incidents", NULL, "success!", "closed" },
	{ "gitea", "runs", NULL, "success!", "success" },
	{ "gitea", "runs", NULL, "failure!", "failure" },
	{ "gitea", "runs", NULL, "cancelled!", "cancelled" },
	{ "gitea", "runs", NULL, "skipped!", "skipped" },
	{ "gitea", "runs", NULL, "running", "queued in_progress waiting completed" },
	{ "forgejo", "jobs", NULL, "running", "unknown waiting running blocked" },
	{ "forgejo", "jobs", NULL, "success!", "success" },
	{ "bitbucket", "runs", NULL, "success!", "SUCCESSFUL" },
	{ "bitbucket", "runs", NULL, "failure!", "FAILED ERROR EXPIRED" },
	{ "bitbucket", "runs", NULL, "cancelled!", "STOPPED" },
	{ "bitbucket", "runs", "steps", "skipped!", "NOT_RUN" },
	{ "bitbucket", "runs", NULL, "running",
	  "PENDING IN_PROGRESS RUNNING PAUSED HALTED COMPLETED PARSING BUILDING READY" },
	{ "bitbucket", "deployments", NULL, "success!", "SUCCESSFUL" },
	{ "bitbucket", "deployments", NULL, "failure!", "FAILED" },
	{ "bitbucket", "deployments", NULL, "cancelled!", "STOPPED" },
	{ "bitbucket", "deployments", NULL, "running", "IN_PROGRESS COMPLETED" },
	{ "jenkins", "runs", NULL, "success!", "SUCCESS UNSTABLE" },
	{ "jenkins", "runs", NULL, "failure!", "FAILURE" },
	{ "jenkins", "runs", NULL, "cancelled!", "ABORTED" },
	{ "jenkins", "runs", NULL, "skipped!", "NOT_BUILT" },
	{ "jenkins", "runs", "stages", "success!", "SUCCESS UNSTABLE" },
	{ "jenkins", "runs", "stages", "failure!", "FAILED" },
	{ "jenkins", "runs", "stages", "cancelled!", "ABORTED" },
	{ "jenkins", "runs", "stages", "skipped!", "NOT_EXECUTED" },
	{ "jenkins", "runs", "stages", "running", "IN_PROGRESS PAUSED_PENDING_INPUT" },
	{ "buildkite", "runs", NULL, "success!", "passed" },
	{ "buildkite", "runs", NULL, "failure!", "failed waiting_failed" },
	{ "buildkite", "runs", NULL, "cancelled!", "canceled" },
	{ "buildkite", "runs", NULL, "skipped!", "skipped not_run" },
	{ "buildkite", "runs", NULL, "running",
	  "scheduled running blocked canceling waiting failing creating" },
	{ "buildkite", "runs", "jobs", "success!", "passed" },
	{ "buildkite", "runs", "jobs", "failure!", "failed timed_out expired" },
	{ "buildkite", "runs", "jobs", "cancelled!", "canceled" },
	{ "buildkite", "runs", "jobs", "skipped!",
	  "skipped broken waiting_failed blocked_failed unblocked_failed" },
	{ "buildkite", "runs", "jobs", "running",
	  "pending waiting blocked unblocked scheduled assigned accepted running "
	  "timing_out canceling limited limiting reserved platform_limited "
	  "platform_limiting" },
	{ "circleci", "runs", "workflows", "success!", "success" },
	{ "circleci", "runs", "workflows", "failure!", "failed error" },
	{ "circleci", "runs", "workflows", "cancelled!", "canceled" },
	{ "circleci", "runs", "workflows", "skipped!", "not_run unauthorized" },
	{ "circleci", "runs", "workflows", "running", "running failing on_hold" },
	{ "circleci", "runs", NULL, "failure!", "errored" },
	{ "circleci", "runs", NULL, "running", "created setup-pending setup pending" },
	{ "circleci", "runs", "jobs", "success!", "success" },
	{ "circleci", "runs", "jobs", "failure!",
	  "failed infrastructure_fail timedout terminated-unknown" },
	{ "circleci", "runs", "jobs", "cancelled!", "canceled retried" },
	{ "circleci", "runs", "jobs", "skipped!", "not_run unauthorized" },
	{ "circleci", "runs", "jobs", "running",
	  "running queued not_running on_hold blocked" },
	{ "azure_devops", "runs", NULL, "success!", "succeeded partiallySucceeded" },
	{ "azure_devops", "runs", NULL, "failure!", "failed" },
	{ "azure_devops", "runs", NULL, "cancelled!", "canceled" },
	{ "azure_devops", "runs", NULL, "running",
	  "none inProgress completed cancelling postponed notStarted" },
	{ "azure_devops", "runs", "timeline", "success!",
	  "succeeded succeededWithIssues" },
	{ "azure_devops", "runs", "timeline", "failure!", "failed abandoned" },
	{ "azure_devops", "runs", "timeline", "cancelled!", "canceled" },
	{ "azure_devops", "runs", "timeline", "skipped!", "skipped" },
	{ "azure_devops", "runs", "timeline", "running", "pending inProgress completed" },
	{ "azure_devops", "deployments", NULL, "success!",
	  "succeeded partiallySucceeded" },
	{ "azure_devops", "deployments", NULL, "failure!",
	  "failed phaseFailed gateFailed" },
	{ "azure_devops", "deployments", NULL, "cancelled!", "canceled phaseCanceled" },
	{ "azure_devops", "deployments", NULL, "skipped!", "rejected" },
	{ "azure_devops", "deployments", NULL, "running",
	  "undefined notDeployed inProgress queued scheduled pending approved deferred "
	  "queuedForAgent phaseInProgress phaseSucceeded phasePartiallySucceeded "
	  "manualInterventionPending queuedForPipeline cancelling evaluatingGates" },
	{ "argocd", "deployments", NULL, "success!", "Succeeded" },
	{ "argocd", "deployments", NULL, "failure!", "Failed Error" },
	{ "argocd", "deployments", NULL, "running", "Running Terminating" },
};

static const struct feed *feed_of(const char *driver_name, const char *feed_name)
{
	const struct driver *driver = driver_find(driver_name);
	const struct feed *feed = driver ? driver_feed(driver, feed_name) : NULL;

	ck_assert_msg(feed != NULL, "%s: no %s", driver_name, feed_name);
	return feed;
}

static const struct state_map *row_of(const struct state_map *states, const char *word)
{
	while (states->word && strcmp(states->word, word) != 0)
		states++;
	return states->word ? states : NULL;
}

START_TEST(word)
{
	const struct feed *feed = feed_of(words[_i].driver, words[_i].feed);
	const struct detail *detail = words[_i].detail
					      ? feed_detail(feed, words[_i].detail)
					      : NULL;
	g_auto(GStrv) list = g_strsplit(words[_i].words, " ", -1);

	for (char **next = list; *next; next++) {
		const struct state_map *row = row_of(
			detail ? detail->states : feed->states, *next);
		g_autofree char *meaning = NULL;

		ck_assert_msg(row != NULL, "%s.%s: %s", words[_i].driver, feed->name,
			      *next);
		meaning = g_strconcat(outcome_name(row->outcome), row->done ? "!" : "",
				      NULL);
		ck_assert_msg(strcmp(meaning, words[_i].meaning) == 0, "%s.%s: %s is %s",
			      words[_i].driver, feed->name, *next, meaning);
	}
}
END_TEST

/* ---- traps ---- */

/* item: an element of the feed's answer. detail: the whole answer to a detail about it,
 * if it is named; what is told is then what the detail made. Each line of told has to be
 * among what is told, "!" before one that must not. */
static const struct {
	const char *what, *driver, *feed, *item, *name, *detail, *told;
} traps[] = {
#define GH_DEPLOYMENT                                                                    \
	"{'id': 1, 'sha': 'ab', 'environment': 'production',"                            \
	" 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-05T10:00:00Z'}"
	{ "a deployment that became inactive finished when it succeeded", "github",
	  "deployments", GH_DEPLOYMENT, "statuses",
	  "[{'state': 'inactive', 'created_at': '2026-03-05T10:00:00Z'},"
	  " {'state': 'success', 'created_at': '2026-03-01T10:05:00Z'},"
	  " {'state': 'in_progress', 'created_at': '2026-03-01T10:01:00Z'}]",
	  "state: success\nfinished: 2026-03-01T10:05:00Z\noutcome: success\ndone: yes" },
	{ "whatever the order of its statuses", "github", "deployments", GH_DEPLOYMENT,
	  "statuses",
	  "[{'state': 'success', 'created_at': '2026-03-01T10:05:00Z'},"
	  " {'state': 'inactive', 'created_at': '2026-03-05T10:00:00Z'},"
	  " {'state': 'success', 'created_at': '2026-03-01T11:05:00Z'}]",
	  "state: success\nfinished: 2026-03-01T10:05:00Z\ndone: yes" },
	{ "a failed deployment that became inactive failed", "github", "deployments",
	  GH_DEPLOYMENT, "statuses",
	  "[{'state': 'inactive', 'created_at': '2026-03-05T10:00:00Z'},"
	  " {'state': 'failure', 'created_at': '2026-03-01T10:05:00Z'}]",
	  "finished: 2026-03-01T10:05:00Z\noutcome: failure\ndone: yes" },
	{ "of failures the last one is the finish", "github", "deployments",
	  GH_DEPLOYMENT, "statuses",
	  "[{'state': 'error', 'created_at': '2026-03-01T10:09:00Z'},"
	  " {'state': 'failure', 'created_at': '2026-03-01T10:05:00Z'}]",
	  "finished: 2026-03-01T10:09:00Z\noutcome: failure" },
	{ "one that was replaced before it began is cancelled", "github", "deployments",
	  GH_DEPLOYMENT, "statuses",
	  "[{'state': 'inactive', 'created_at': '2026-03-05T10:00:00Z'},"
	  " {'state': 'queued', 'created_at': '2026-03-01T10:05:00Z'}]",
	  "outcome: cancelled\ndone: yes" },
	{ "without a status nothing is known yet", "github", "deployments", GH_DEPLOYMENT,
	  "statuses", "[]", "outcome: running\ndone: no\n!finished:" },
	{ "one that runs has no finish", "github", "deployments", GH_DEPLOYMENT,
	  "statuses", "[{'state': 'in_progress', 'created_at': '2026-03-01T10:05:00Z'}]",
	  "outcome: running\ndone: no\n!finished:" },
	{ "a pull request is no incident", "github", "incidents",
	  "{'number': 5, 'state': 'open', 'created_at': '2026-03-01T10:00:00Z',"
	  " 'updated_at': '2026-03-01T10:00:00Z', 'pull_request': {}}",
	  NULL, NULL, "(not meant)" },
	{ "an incident that was closed as not planned is none", "github", "incidents",
	  "{'number': 5, 'state': 'closed', 'state_reason': 'not_planned',"
	  " 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-01T10:00:00Z'}",
	  NULL, NULL, "outcome: cancelled\ndone: yes" },
	{ "an incident that was opened again is not over", "github", "incidents",
	  "{'number': 5, 'state': 'open', 'state_reason': 'reopened',"
	  " 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-01T10:00:00Z'}",
	  NULL, NULL, "outcome: running\ndone: no\n!resolved:" },
	{ "a pull request is no debt", "github", "debt",
	  "{'number': 5, 'state': 'open', 'created_at': '2026-03-01T10:00:00Z',"
	  " 'updated_at': '2026-03-01T10:00:00Z', 'pull_request': {}}",
	  NULL, NULL, "(not meant)" },
	{ "debt that was opened again is open, whatever close is left", "gitea", "debt",
	  "{'number': 5, 'state': 'open', 'labels': [{'name': 'tech-debt'}],"
	  " 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-03T10:00:00Z',"
	  " 'closed_at': '2026-03-02T10:00:00Z'}",
	  NULL, NULL, "outcome: running\ndone: no\n!closed:" },
	{ "an issue that lost all its labels tells so", "gitea", "debt",
	  "{'number': 5, 'state': 'open', 'labels': [],"
	  " 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-01T10:00:00Z'}",
	  NULL, NULL, "id: 5\n!labels:" },
#define GH_RUN(more)                                                                     \
	"{'id': 9, 'name': 'Deploy', 'head_sha': 'ab',"                                  \
	" 'created_at': '2026-03-01T10:00:00Z', 'updated_at': "                          \
	"'2026-03-01T11:00:00Z'," more "}"
	{ "ids beyond 2^53 keep their digits", "github", "runs",
	  "{'id': 9007199254740993, 'head_sha': 'ab', 'status': 'queued',"
	  " 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-01T11:00:00Z'}",
	  NULL, NULL, "id: 9007199254740993" },
	{ "a run that is started again is another attempt, and runs", "github", "runs",
	  GH_RUN("'run_attempt': 2, 'status': 'in_progress', 'conclusion': null"), NULL,
	  NULL, "attempt: 2\noutcome: running\ndone: no\n!finished:" },
	{ "a job that a new attempt left as it was keeps its attempt", "github", "runs",
	  GH_RUN("'run_attempt': 2, 'status': 'completed', 'conclusion': 'failure'"),
	  "jobs",
	  "{'jobs': [{'id': 1, 'name': 'deploy', 'run_attempt': 1, 'status': 'completed',"
	  " 'conclusion': 'success', 'completed_at': '2026-03-01T10:30:00Z'}]}",
	  "parent: 9\nattempt: 1\noutcome: success\nfinished: 2026-03-01T10:30:00Z" },
	{ "a skipped job of a good run was not deployed", "github", "runs",
	  GH_RUN("'status': 'completed', 'conclusion': 'success'"), "jobs",
	  "{'jobs': [{'id': 1, 'name': 'deploy-prod', 'status': 'completed',"
	  " 'conclusion': 'skipped'}]}",
	  "outcome: skipped\ndone: yes" },
	{ "a job of a failed run may be a good one", "github", "runs",
	  GH_RUN("'status': 'completed', 'conclusion': 'failure'"), "jobs",
	  "{'jobs': [{'id': 1, 'name': 'deploy-prod', 'status': 'completed',"
	  " 'conclusion': 'success'}]}",
	  "outcome: success" },
	{ "a job that waits has not begun", "github", "runs",
	  GH_RUN("'status': 'waiting'"), "jobs",
	  "{'jobs': [{'id': 1, 'name': 'deploy-prod', 'status': 'waiting',"
	  " 'started_at': '2026-03-01T10:00:00Z'}]}",
	  "outcome: running\ndone: no\n!started:" },
	{ "a new word is not final", "github", "runs",
	  GH_RUN("'status': 'completed', 'conclusion': 'half_done'"), NULL, NULL,
	  "state: half_done\noutcome: running\ndone: no" },
#define GH_CHANGE(more)                                                                  \
	"{'number': 7, 'base': {'ref': 'main'}, 'head': {'ref': 'x', 'sha': 'cd'},"      \
	" 'merge_commit_sha': 'ab', 'closed_at': '2026-03-01T11:00:00Z',"                \
	" 'created_at': '2026-03-01T10:00:00Z', 'updated_at': "                          \
	"'2026-03-01T11:00:00Z'," more "}"
	{ "the trial merge of a closed pull request is no merge", "github", "changes",
	  GH_CHANGE("'merged_at': null"), NULL, NULL, "state: closed\n!sha:\n!merged:" },
	{ "a draft and a bot are marked", "github", "changes",
	  GH_CHANGE("'draft': true, 'user': {'type': 'Bot'}"), NULL, NULL,
	  "draft: yes\nbot: yes" },
	{ "an account that was deleted is no bot", "github", "changes",
	  GH_CHANGE("'user': null"), NULL, NULL, "!bot:" },
	{ "a release is dated by its publication, not by its commit", "github",
	  "releases",
	  "{'id': 1, 'tag_name': 'v1', 'target_commitish': 'main', 'draft': false,"
	  " 'created_at': '2025-01-01T00:00:00Z', 'published_at': "
	  "'2026-03-01T00:00:00Z'}",
	  NULL, NULL,
	  "created: 2026-03-01T00:00:00Z\nfinished: 2026-03-01T00:00:00Z\n!sha:" },
	{ "a draft is not final", "github", "releases",
	  "{'id': 1, 'tag_name': 'v1', 'draft': true,"
	  " 'created_at': '2025-01-01T00:00:00Z'}",
	  NULL, NULL, "draft: yes\ndone: no\n!finished:" },
#define GL_RUN                                                                           \
	"{'id': 4, 'status': 'success', 'sha': 'ab', 'source': 'parent_pipeline',"       \
	" 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-01T11:00:00Z'}"
	{ "a child pipeline says so", "gitlab", "child_runs", GL_RUN, NULL, NULL,
	  "event: parent_pipeline" },
	{ "a job that may fail is told apart from one that may not", "gitlab", "runs",
	  GL_RUN, "jobs",
	  "[{'id': 1, 'name': 'lint', 'status': 'failed', 'allow_failure': true}]",
	  "optional: yes\noutcome: failure" },
	{ "a manual job that nobody started did not run", "gitlab", "runs", GL_RUN,
	  "jobs", "[{'id': 1, 'name': 'deploy', 'status': 'manual', 'started_at': null}]",
	  "outcome: running\ndone: no\n!started:" },
	{ "canceled is not failed", "gitlab", "runs", GL_RUN, "jobs",
	  "[{'id': 1, 'name': 'deploy', 'status': 'canceled'}]", "outcome: cancelled" },
#define GL_CHANGE(more)                                                                  \
	"{'iid': 7, 'target_branch': 'main', 'sha': 'head',"                             \
	" 'merged_at': '2026-03-01T11:00:00Z', 'created_at': '2026-03-01T10:00:00Z',"    \
	" 'updated_at': '2026-03-01T11:00:00Z'," more "}"
	{ "of a squashed merge both commits are known", "gitlab", "changes",
	  GL_CHANGE("'merge_commit_sha': 'merge', 'squash_commit_sha': 'squash'"), NULL,
	  NULL, "sha: merge\nsquash_sha: squash\nhead_sha: head" },
	{ "a fast-forward of a squash is the squash", "gitlab", "changes",
	  GL_CHANGE("'merge_commit_sha': null, 'squash_commit_sha': 'squash'"), NULL,
	  NULL, "sha: squash" },
	{ "a fast-forward is its head", "gitlab", "changes",
	  GL_CHANGE("'merge_commit_sha': null"), NULL, NULL, "sha: head\n!squash_sha:" },
	{ "an access token's user is a bot", "gitlab", "changes",
	  GL_CHANGE("'author': {'username': 'group_88_bot_9f'}"), NULL, NULL,
	  "bot: yes" },
	{ "a label that does not exist does not make an incident of everything", "gitea",
	  "incidents",
	  "{'number': 5, 'state': 'open', 'labels': [],"
	  " 'created_at': '2026-03-01T10:00:00Z', 'updated_at': '2026-03-01T10:00:00Z'}",
	  NULL, NULL, "(not meant)" },
#define GITEA_RUN(more)                                                                  \
	"{'id': 9, 'head_sha': 'ab', 'path': 'deploy.yml@refs/heads/main'," more         \
	" 'status': 'completed', 'conclusion': 'success',"                               \
	" 'started_at': '2026-03-01T10:00:00Z',"                                         \
	" 'completed_at': '2026-03-01T10:30:00Z'}"
	{ "a run of an old Gitea is its first attempt", "gitea", "runs", GITEA_RUN(""),
	  NULL, NULL, "attempt: 1\noutcome: success" },
	{ "a run of a new Gitea may be another one", "gitea", "runs",
	  GITEA_RUN("'run_attempt': 2,"), NULL, NULL, "attempt: 2\noutcome: success" },
	{ "what was never deployed is no deployment", "bitbucket", "deployments",
	  "{'uuid': '{d}', 'state': {'name': 'UNDEPLOYED'}}", NULL, NULL, "(not meant)" },
	{ "a result before the end is no result", "jenkins", "runs",
	  "{'number': 5, 'building': true, 'result': 'FAILURE',"
	  " 'timestamp': 1772352000000, 'duration': 5}",
	  NULL, NULL, "outcome: running\ndone: no\n!finished:" },
	{ "a stage that was left out of a good build was not deployed", "jenkins", "runs",
	  "{'number': 5, 'building': false, 'result': 'SUCCESS',"
	  " 'timestamp': 1772352000000, 'duration': 5}",
	  "stages",
	  "{'stages': [{'id': '6', 'name': 'deploy', 'status': 'NOT_EXECUTED',"
	  " 'startTimeMillis': 1772352000000, 'durationMillis': 0}]}",
	  "outcome: skipped\ndone: yes" },
	{ "a blocked build is not over", "buildkite", "runs",
	  "{'number': 5, 'state': 'blocked', 'created_at': '2026-03-01T10:00:00Z',"
	  " 'finished_at': '2026-03-01T11:00:00Z'}",
	  NULL, NULL, "outcome: running\ndone: no\n!finished:" },
#define CC_RUN "{'id': 'p', 'state': 'created', 'created_at': '2026-03-01T10:00:00Z'}"
	{ "a pipeline on hold is neither failed nor over", "circleci", "runs", CC_RUN,
	  "workflows",
	  "{'items': [{'id': 'a', 'name': 'deploy', 'status': 'on_hold',"
	  " 'created_at': '2026-03-01T10:00:00Z'}, {'id': 'b', 'name': 'build',"
	  " 'status': 'failed', 'created_at': '2026-03-01T10:00:00Z',"
	  " 'stopped_at': '2026-03-01T10:09:00Z'}]}",
	  "outcome: running\ndone: no\nstate: on_hold" },
	{ "a pipeline is over with its last workflow", "circleci", "runs", CC_RUN,
	  "workflows",
	  "{'items': [{'id': 'a', 'name': 'deploy', 'status': 'success',"
	  " 'created_at': '2026-03-01T10:00:00Z', 'stopped_at': '2026-03-01T10:30:00Z'},"
	  " {'id': 'b', 'name': 'build', 'status': 'not_run',"
	  " 'created_at': '2026-03-01T10:00:00Z', 'stopped_at': "
	  "'2026-03-01T10:09:00Z'}]}",
	  "id: p\nfinished: 2026-03-01T10:30:00Z\noutcome: success" },
	{ "a dry run deployed nothing", "argocd", "deployments",
	  "{'status': {'operationState': {'phase': 'Succeeded',"
	  " 'startedAt': '2026-03-01T10:00:00Z',"
	  " 'operation': {'sync': {'dryRun': true}}}}}",
	  NULL, NULL, "(not meant)" },
	{ "an application that was never synced is no deployment", "argocd",
	  "deployments", "{'status': {'summary': {}}}", NULL, NULL, "(not meant)" },
	{ "images are of what was deployed, not of what failed", "argocd", "deployments",
	  "{'status': {'operationState': {'phase': 'Failed',"
	  " 'startedAt': '2026-03-01T10:00:00Z'}, 'summary': {'images': ['a:1']}}}",
	  NULL, NULL, "outcome: failure\n!images:" },
	{ "a rejected deployment was never begun", "azure_devops", "deployments",
	  "{'id': 5, 'releaseEnvironment': {'name': 'prod'}, 'operationStatus': "
	  "'Rejected',"
	  " 'deploymentStatus': 'notDeployed', 'queuedOn': '2026-03-01T10:00:00Z',"
	  " 'lastModifiedOn': '2026-03-01T11:00:00Z'}",
	  NULL, NULL, "outcome: skipped\ndone: yes" },
	{ "approved is what comes after a good deployment too", "azure_devops",
	  "deployments",
	  "{'id': 5, 'releaseEnvironment': {'name': 'prod'}, 'operationStatus': "
	  "'Approved',"
	  " 'deploymentStatus': 'succeeded', 'queuedOn': '2026-03-01T10:00:00Z',"
	  " 'completedOn': '2026-03-01T10:30:00Z',"
	  " 'lastModifiedOn': '2026-03-01T11:00:00Z'}",
	  NULL, NULL, "outcome: success\nfinished: 2026-03-01T10:30:00Z" },
};

/* Apostrophes stand for quotation marks. */
static cJSON *parse(const char *text)
{
	g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
	g_autoptr(GError) error = NULL;
	cJSON *document = json_parse(json, strlen(json), &error);

	ck_assert_msg(document != NULL, "%s: %s", text, error ? error->message : "");
	return document;
}

static char *trap_told(int i)
{
	const struct feed *feed = feed_of(traps[i].driver, traps[i].feed);
	_cleanup_(cJSON_Deletep) cJSON *json = parse(traps[i].item);
	g_autoptr(GError) error = NULL;
	struct item *item = feed_decode(feed, "acme/shop", json, &error);
	char *told;

	ck_assert_msg(!error, "%s: %s", traps[i].what, error ? error->message : "");
	if (traps[i].name) {
		_cleanup_(cJSON_Deletep) cJSON *answer = parse(traps[i].detail);

		told = answer_told(feed, feed_detail(feed, traps[i].name), item, answer);
	} else {
		told = item_told(item);
	}
	item_free(item);
	return told;
}

START_TEST(trap)
{
	g_autofree char *told = trap_told(_i);
	g_autofree char *lines = g_strconcat("\n", told, NULL);
	g_auto(GStrv) wanted = g_strsplit(traps[_i].told, "\n", -1);

	for (char **line = wanted; *line; line++) {
		bool absent = **line == '!';
		g_autofree char *part = g_strconcat("\n", *line + absent,
						    absent ? "" : "\n", NULL);

		ck_assert_msg(!strstr(lines, part) == absent, "%s: %s\n%s",
			      traps[_i].what, *line, told);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drivers_traps");
	TCase *tests = tcase_create("drivers_traps");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, word, 0, G_N_ELEMENTS(words));
	tcase_add_loop_test(tests, trap, 0, G_N_ELEMENTS(traps));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
