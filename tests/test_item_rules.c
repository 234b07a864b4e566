#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/item_rules.h"

/* What is a deployment, by the complaints of those who were counted wrong. */

#define LIST(member, ...)                                                                \
	.member = (char *[]){ __VA_ARGS__ },                                             \
	.n_##member = G_N_ELEMENTS(((char *[]){ __VA_ARGS__ }))
#define JOBS(...) .from = FROM_JOBS, LIST(jobs, __VA_ARGS__)

/* Minutes of a day; 0: not told. */
struct told {
	enum item_kind kind;
	const char *id, *parent, *workflow, *name, *environment, *ref, *event, *version;
	const char *project, *sha, *image;
	gint64 attempt, started, finished, created, updated;
	enum outcome outcome;
	bool running; /* not done */
	bool draft, optional;
};

/* A job is "deploy" of the workflow "Deliver" unless it tells otherwise. */
#define DEPLOY .kind = ITEM_JOB, .id = "71", .parent = "7"
#define RAN .started = 600, .finished = 605

static char *minutes(gint64 t)
{
	return t == INSTANT_NONE
		       ? g_strdup("-")
		       : g_strdup_printf("%02d:%02d", (int)(t / G_TIME_SPAN_HOUR),
					 (int)(t / G_TIME_SPAN_MINUTE % 60));
}

static gint64 instant(gint64 minute)
{
	return minute ? minute * G_TIME_SPAN_MINUTE : INSTANT_NONE;
}

static struct item *item_of(const struct told *told)
{
	struct item *item = g_new(struct item, 1);
	bool job = told->kind == ITEM_JOB;

	item_init(item, told->kind);
	item->id = g_strdup(told->id);
	item->parent = g_strdup(told->parent);
	item->workflow = g_strdup(told->workflow || !job ? told->workflow : "Deliver");
	item->name = g_strdup(told->name || !job ? told->name : "deploy");
	item->environment = g_strdup(told->environment);
	item->ref = g_strdup(told->ref);
	item->event = g_strdup(told->event);
	item->version = g_strdup(told->version);
	item->sha = g_strdup(told->sha);
	item->project = g_strdup(told->project ? told->project : "acme/shop");
	item->attempt = MAX(told->attempt, 1);
	item->started = instant(told->started);
	item->finished = instant(told->finished);
	item->created = instant(told->created);
	item->updated = instant(told->updated);
	item->outcome = told->outcome;
	item->done = !told->running;
	item->draft = told->draft;
	item->optional = told->optional;
	if (told->image)
		item->images = g_strdupv((char *[]){ (char *)told->image, NULL });
	return item;
}

/* The rule with what every one has. */
static struct item_rule *rule_of(const struct config_rule *given,
				 struct config_rule *rule, GError **error)
{
	*rule = *given;
	rule->source = (char *)"hub";
	if (!rule->environment && rule->from != FROM_DEPLOYMENTS)
		rule->environment = (char *)"production";
	return item_rule_new(rule, error);
}

/* "job:7/deploy#1 production success 10:05", or why not. */
static char *verdict(const struct item_rule *rule, const struct item *item)
{
	enum item_match match = item_rule_match(rule, "hub", item);
	struct deployment_row row = { 0 };
	g_autofree char *finished = NULL;
	char *text;

	if (match != MATCH_YES)
		return g_strdup(item_match_name(match));
	item_rule_deployment(rule, item, &row);
	finished = minutes(row.finished);
	text = g_strdup_printf("%s#%d %s %s %s", row.external_id, row.attempt,
			       row.environment, outcome_name(row.outcome), finished);
	ck_assert_int_eq(row.started, item->started);
	ck_assert((row.ref == NULL) == (item->ref == NULL));
	ck_assert(!row.ref || (g_str_has_suffix(item->ref, row.ref) &&
			       !g_str_has_prefix(row.ref, "refs/")));
	deployment_row_clear(&row);
	return text;
}

static const struct {
	const char *name;
	struct config_rule rule;
	struct told told;
	const char *expected;
} verdicts[] = {
	{ "a job by its name",
	  { JOBS("deploy") },
	  { DEPLOY, RAN },
	  "job:7/deploy#1 production success 10:05" },
	{ "a skipped deploy job is not a success",
	  { JOBS("deploy") },
	  { DEPLOY, .outcome = OUTCOME_SKIPPED },
	  "job:7/deploy#1 production skipped -" },
	{ "a skipped job that is given times is skipped all the same",
	  { JOBS("deploy") },
	  { DEPLOY, RAN, .outcome = OUTCOME_SKIPPED },
	  "job:7/deploy#1 production skipped 10:05" },
	{ "cancelled is not failed",
	  { JOBS("deploy") },
	  { DEPLOY, RAN, .outcome = OUTCOME_CANCELLED },
	  "job:7/deploy#1 production cancelled 10:05" },
	{ "a manual job that nobody ran",
	  { JOBS("deploy") },
	  { DEPLOY, .outcome = OUTCOME_RUNNING, .running = true },
	  "not started" },
	{ "a manual job that its source calls over",
	  { JOBS("deploy") },
	  { DEPLOY, .outcome = OUTCOME_RUNNING },
	  "not started" },
	{ "a manual job that its source calls skipped for now",
	  { JOBS("deploy") },
	  { DEPLOY, .outcome = OUTCOME_SKIPPED, .running = true },
	  "not started" },
	{ "a job that runs",
	  { JOBS("deploy") },
	  { DEPLOY, .started = 600, .outcome = OUTCOME_RUNNING, .running = true },
	  "job:7/deploy#1 production running -" },
	{ "a source that tells an end and no beginning",
	  { JOBS("deploy") },
	  { DEPLOY, .finished = 605 },
	  "job:7/deploy#1 production success 10:05" },
	{ "a dry run by the job's name",
	  { JOBS("deploy.*"), LIST(skip, "dry.?run") },
	  { DEPLOY, RAN, .name = "deploy (dry-run)" },
	  "dry run" },
	{ "a dry run by the workflow's",
	  { JOBS("deploy"), LIST(skip, "(?i)nightly", "dry") },
	  { DEPLOY, RAN, .workflow = "Dry delivery", .ref = "refs/heads/nightly-1" },
	  "dry run" },
	{ "a dry run by its version",
	  { .from = FROM_DEPLOYMENTS, LIST(skip, "-rc[0-9]+$") },
	  { .kind = ITEM_DEPLOYMENT,
	    .id = "1",
	    .environment = "prod",
	    .version = "1.2-rc3" },
	  "dry run" },
	{ "no dry run where only something else is called dry",
	  { JOBS("deploy"), LIST(skip, "dry") },
	  { DEPLOY, RAN, .event = "dry" },
	  "job:7/deploy#1 production success 10:05" },
	{ "allowed to fail, failed: the deployment failed",
	  { JOBS("deploy") },
	  { DEPLOY, RAN, .optional = true, .outcome = OUTCOME_FAILURE },
	  "job:7/deploy#1 production failure 10:05" },
	{ "Build bicep prod is not prod",
	  { JOBS("prod") },
	  { DEPLOY, RAN, .name = "Build bicep prod" },
	  "another name" },
	{ "alternatives are whole names, too",
	  { JOBS("prod|production") },
	  { DEPLOY, RAN, .name = "preproduction" },
	  "another name" },
	{ "a name is not over at a line's end",
	  { JOBS("prod") },
	  { DEPLOY, RAN, .name = "prod\n" },
	  "another name" },
	{ "a job of another workflow",
	  { JOBS("deploy"), LIST(workflows, "Deliver") },
	  { DEPLOY, RAN, .workflow = "Deliver docs" },
	  "another name" },
	{ "one of several products of a pipeline",
	  { JOBS("deploy-(pay|shop)-[a-z]+") },
	  { DEPLOY, RAN, .name = "deploy-pay-eu" },
	  "job:7/deploy-pay-eu#1 production success 10:05" },
	{ "a job of a child pipeline is judged by itself",
	  { JOBS("deploy") },
	  { DEPLOY, RAN, .event = "parent_pipeline" },
	  "job:7/deploy#1 production success 10:05" },
	{ "a parent pipeline",
	  { .from = FROM_RUNS },
	  { .kind = ITEM_RUN, .id = "7", RAN, .event = "push" },
	  "run:7#1 production success 10:05" },
	{ "its child is not counted once more",
	  { .from = FROM_RUNS },
	  { .kind = ITEM_RUN, .id = "8", RAN, .event = "parent_pipeline" },
	  "child pipeline" },
	{ "nor is one whose parent is named",
	  { .from = FROM_RUNS },
	  { .kind = ITEM_RUN, .id = "8", RAN, .parent = "7" },
	  "child pipeline" },
	{ "unless the rule means the child",
	  { .from = FROM_RUNS, LIST(workflows, "deploy") },
	  { .kind = ITEM_RUN, .id = "8", RAN, .parent = "7", .workflow = "deploy" },
	  "run:8#1 production success 10:05" },
	{ "a run that waits for its turn",
	  { .from = FROM_RUNS },
	  { .kind = ITEM_RUN, .id = "8", .outcome = OUTCOME_RUNNING, .running = true },
	  "not started" },
	{ "a run without a workflow's name has its own",
	  { .from = FROM_RUNS, LIST(workflows, "deploy") },
	  { .kind = ITEM_RUN, .id = "8", RAN, .name = "deploy" },
	  "run:8#1 production success 10:05" },
	{ "a re-run is another attempt",
	  { .from = FROM_RUNS },
	  { .kind = ITEM_RUN, .id = "8", RAN, .attempt = 3 },
	  "run:8#3 production success 10:05" },
	{ "the finish is the deployment's, however late its source changed it",
	  { .from = FROM_DEPLOYMENTS },
	  { .kind = ITEM_DEPLOYMENT,
	    .id = "42",
	    RAN,
	    .environment = "prod",
	    .updated = 1200 },
	  "deployment:42#1 prod success 10:05" },
	{ "a deployment whose finish is not told has none",
	  { .from = FROM_DEPLOYMENTS },
	  { .kind = ITEM_DEPLOYMENT,
	    .id = "42",
	    .environment = "prod",
	    .started = 600,
	    .updated = 1200 },
	  "deployment:42#1 prod success -" },
	{ "one of several production environments keeps its name",
	  { .from = FROM_DEPLOYMENTS, LIST(environments, "prod-*", "live") },
	  { .kind = ITEM_DEPLOYMENT, .id = "42", RAN, .environment = "prod-eu" },
	  "deployment:42#1 prod-eu success 10:05" },
	{ "and is called as the rule says where that says so",
	  { .from = FROM_DEPLOYMENTS,
	    LIST(environments, "prod-*"),
	    .environment = (char *)"production" },
	  { .kind = ITEM_DEPLOYMENT, .id = "42", RAN, .environment = "prod-eu" },
	  "deployment:42#1 production success 10:05" },
	{ "what is no production is left out",
	  { .from = FROM_DEPLOYMENTS, LIST(environments, "prod-*") },
	  { .kind = ITEM_DEPLOYMENT, .id = "42", RAN, .environment = "review/prod-1" },
	  "another name" },
	{ "a job that was chosen by its environment went there",
	  { JOBS("deploy"), LIST(environments, "prod-*") },
	  { DEPLOY, RAN, .environment = "prod-us" },
	  "job:7/deploy#1 prod-us success 10:05" },
	{ "a branch, whatever it is called in full",
	  { JOBS("deploy"), LIST(branches, "main", "release/*") },
	  { DEPLOY, RAN, .ref = "refs/heads/release/1" },
	  "job:7/deploy#1 production success 10:05" },
	{ "another branch",
	  { JOBS("deploy"), LIST(branches, "main") },
	  { DEPLOY, RAN, .ref = "maintenance" },
	  "another branch" },
	{ "a branch that is not told",
	  { JOBS("deploy"), LIST(branches, "*") },
	  { DEPLOY, RAN },
	  "another branch" },
	{ "a release",
	  { .from = FROM_RELEASES },
	  { .kind = ITEM_RELEASE, .id = "9", .name = "v1.0", .finished = 605 },
	  "release:v1.0#1 production success 10:05" },
	{ "a draft of one",
	  { .from = FROM_RELEASES },
	  { .kind = ITEM_RELEASE, .id = "9", .name = "v1.0", .draft = true },
	  "draft" },
	{ "a release of another product of the repository",
	  { .from = FROM_RELEASES, LIST(tags, "shop-v*") },
	  { .kind = ITEM_RELEASE, .id = "9", .name = "pay-v1.0" },
	  "another name" },
	{ "another project",
	  { JOBS("deploy"), .project = (char *)"acme/shop" },
	  { DEPLOY, RAN, .project = "acme/pay" },
	  "not asked for" },
	{ "any project, by its name",
	  { JOBS("deploy"), .project = (char *)"*" },
	  { DEPLOY, RAN, .project = "acme/pay" },
	  "acme/pay:job:7/deploy#1 production success 10:05" },
	{ "an item of another kind",
	  { JOBS("deploy") },
	  { .kind = ITEM_CHANGE, .id = "5", .name = "deploy" },
	  "not asked for" },
};

START_TEST(finds_deployments)
{
	g_autoptr(GError) error = NULL;
	struct config_rule row;
	struct item_rule *rule = rule_of(&verdicts[_i].rule, &row, &error);
	struct item *item = item_of(&verdicts[_i].told);
	g_autofree char *found = NULL;

	ck_assert_ptr_nonnull(rule);
	found = verdict(rule, item);
	ck_assert_msg(strcmp(found, verdicts[_i].expected) == 0, "%s: %s, expected %s",
		      verdicts[_i].name, found, verdicts[_i].expected);
	ck_assert_int_eq(item_rule_match(rule, "other", item), MATCH_OTHER);
	item_free(item);
	item_rule_free(rule);
}
END_TEST

static const struct {
	const char *name;
	struct config_rule rule;
	struct told told;
	bool may;
} wishes[] = {
	{ "jobs of any run", { JOBS("deploy") }, { .kind = ITEM_RUN, .id = "7" }, true },
	{ "of a run by its workflow",
	  { JOBS("deploy"), LIST(workflows, "Deliver") },
	  { .kind = ITEM_RUN, .id = "7", .workflow = "Deliver" },
	  true },
	{ "not of another workflow",
	  { JOBS("deploy"), LIST(workflows, "Deliver") },
	  { .kind = ITEM_RUN, .id = "7", .workflow = "CI" },
	  false },
	{ "not of another branch",
	  { JOBS("deploy"), LIST(branches, "main") },
	  { .kind = ITEM_RUN, .id = "7", .ref = "topic" },
	  false },
	{ "of a child pipeline, for its parent does not have them",
	  { JOBS("deploy") },
	  { .kind = ITEM_RUN, .id = "7", .parent = "6" },
	  true },
	{ "of a run whatever people call their commit",
	  { JOBS("deploy"), LIST(skip, "dry") },
	  { .kind = ITEM_RUN, .id = "7", .workflow = "CI", .name = "Hang up to dry" },
	  true },
	{ "a deployment that has not begun",
	  { .from = FROM_DEPLOYMENTS, LIST(environments, "prod") },
	  { .kind = ITEM_DEPLOYMENT,
	    .id = "7",
	    .environment = "prod",
	    .outcome = OUTCOME_RUNNING,
	    .running = true },
	  true },
	{ "not one to elsewhere",
	  { .from = FROM_DEPLOYMENTS, LIST(environments, "prod") },
	  { .kind = ITEM_DEPLOYMENT, .id = "7", .environment = "test" },
	  false },
	{ "a release needs no jobs",
	  { JOBS("deploy") },
	  { .kind = ITEM_RELEASE, .id = "7" },
	  false },
};

START_TEST(wants_details)
{
	g_autoptr(GError) error = NULL;
	struct config_rule row;
	struct item_rule *rule = rule_of(&wishes[_i].rule, &row, &error);
	struct item *item = item_of(&wishes[_i].told);

	ck_assert_ptr_nonnull(rule);
	ck_assert_msg(item_rule_may_match(rule, "hub", item) == wishes[_i].may, "%s",
		      wishes[_i].name);
	ck_assert(!item_rule_may_match(rule, "other", item));
	item_free(item);
	item_rule_free(rule);
}
END_TEST

#define SHA "0123456789012345678901234567890123456789"
#define DIGEST "sha256:c0ffee"

static const struct {
	const char *name;
	struct config_rule rule;
	struct told told;
	const char *expected;
} revisions[] = {
	{ "the sha", { JOBS("x") }, { DEPLOY, .sha = SHA, .ref = "main" }, SHA },
	{ "none", { JOBS("x") }, { DEPLOY, .ref = "main" }, NULL },
	{ "the tag",
	  { JOBS("x"), .revision = REVISION_REF },
	  { DEPLOY, .sha = SHA, .ref = "refs/tags/v1" },
	  "v1" },
	{ "a part of the version",
	  { JOBS("x"), .revision = REVISION_VERSION,
	    .pattern = (char *)"-g([0-9a-f]+)$" },
	  { DEPLOY, .version = "v1.2-14-g0123abc" },
	  "0123abc" },
	{ "a version that the pattern is not in",
	  { JOBS("x"), .revision = REVISION_VERSION,
	    .pattern = (char *)"-g([0-9a-f]+)$" },
	  { DEPLOY, .version = "v1.2" },
	  NULL },
	{ "a pattern without a group is the revision",
	  { JOBS("x"), .revision = REVISION_VERSION, .pattern = (char *)"v[0-9.]+" },
	  { DEPLOY, .version = "shop v1.2 (blue)" },
	  "v1.2" },
	{ "a release is known by its tag",
	  { .from = FROM_RELEASES, .revision = REVISION_VERSION },
	  { .kind = ITEM_RELEASE, .id = "9", .name = "v1.0" },
	  "v1.0" },
	{ "an image's digest",
	  { JOBS("x"), .revision = REVISION_IMAGE },
	  { DEPLOY, .image = "registry:5000/shop:1.2@" DIGEST },
	  DIGEST },
	{ "an image's tag, which is no port",
	  { JOBS("x"), .revision = REVISION_IMAGE },
	  { DEPLOY, .image = "registry:5000/shop:1.2" },
	  "1.2" },
	{ "an image without either",
	  { JOBS("x"), .revision = REVISION_IMAGE },
	  { DEPLOY, .image = "registry:5000/shop" },
	  NULL },
	{ "the image that the pattern fits",
	  { JOBS("x"), .revision = REVISION_IMAGE, .pattern = (char *)"/shop:(.*)" },
	  { DEPLOY, .image = "r/shop:0123abc" },
	  "0123abc" },
	{ "an image of something else",
	  { JOBS("x"), .revision = REVISION_IMAGE, .pattern = (char *)"/shop:(.*)" },
	  { DEPLOY, .image = "r/pay:0123abc" },
	  NULL },
	{ "the configuration's commit, for a file in it",
	  { JOBS("x"), .revision = REVISION_FILE, .pattern = (char *)"shop:(.*)" },
	  { DEPLOY, .sha = SHA },
	  SHA },
};

START_TEST(names_revisions)
{
	g_autoptr(GError) error = NULL;
	struct config_rule row;
	struct item_rule *rule = rule_of(&revisions[_i].rule, &row, &error);
	struct item *item = item_of(&revisions[_i].told);
	g_autofree char *found = NULL;

	ck_assert_ptr_nonnull(rule);
	found = item_rule_revision(rule, item);
	ck_assert_msg(g_strcmp0(found, revisions[_i].expected) == 0,
		      "%s: %s, expected %s", revisions[_i].name, found,
		      revisions[_i].expected);
	item_free(item);
	item_rule_free(rule);
}
END_TEST

START_TEST(looks_into_manifests)
{
	const struct config_rule given = { JOBS("x"), .revision = REVISION_FILE,
					   .pattern = (char *)"image: r/shop:(\\S+)" };
	struct config_rule row;
	struct item_rule *rule = rule_of(&given, &row, NULL);
	g_autofree char *found = item_rule_revision_in(
		rule, "- image: r/pay:1\n- image: r/shop:0123abc  # blue\n");

	ck_assert_str_eq(found, "0123abc");
	ck_assert_ptr_null(item_rule_revision_in(rule, "image: r/pay:1\n"));
	item_rule_free(rule);
}
END_TEST

START_TEST(refuses_patterns)
{
	const struct config_rule given = { JOBS("deploy(") };
	g_autoptr(GError) error = NULL;
	struct config_rule row;

	ck_assert_ptr_null(rule_of(&given, &row, &error));
	ck_assert_int_eq(error->code, DORA_ERROR_CONFIG);
	ck_assert_ptr_nonnull(strstr(error->message, "\"deploy(\""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("item_rules");
	TCase *tests = tcase_create("item_rules");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, finds_deployments, 0, G_N_ELEMENTS(verdicts));
	tcase_add_loop_test(tests, wants_details, 0, G_N_ELEMENTS(wishes));
	tcase_add_loop_test(tests, names_revisions, 0, G_N_ELEMENTS(revisions));
	tcase_add_test(tests, looks_into_manifests);
	tcase_add_test(tests, refuses_patterns);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
