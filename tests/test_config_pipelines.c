#include "config_fixture.h"

#include <math.h>

/* Wrong and right files: pipelines, and what a minute of one takes. */
#define GITHUB                                                                           \
	{                                                                                \
		"orgs:\n", "  github: [{name: gh, projects: [acme/shop], token: {env: "  \
			   "T}}]\n"                                                      \
			   "orgs:\n"                                                     \
	}
#define SEVERAL                                                                          \
	{                                                                                \
		"orgs:\n", "  github: [{name: gh, projects: [acme/shop, acme/web], "     \
			   "token: {env: T}}]\n"                                         \
			   "  pagerduty: [{name: pd, token: {env: T}}]\n"                \
			   "orgs:\n"                                                     \
	}
#define PIPELINES(text)                                                                  \
	{                                                                                \
		"    deployments:\n", "    pipelines: [" text "]\n    deployments:\n"    \
	}
#define COST(text)                                                                       \
	{                                                                                \
		"orgs:\n", "ci_cost: {" text "}\norgs:\n"                                \
	}

static const struct wrong_file files[] = {
	{ "a source that is not there",
	  { GITHUB, PIPELINES("{source: gg}") },
	  "dorad.yaml:18: services[0].pipelines[0].source: \"gg\" is not in sources, did "
	  "you mean \"gh\"?" },
	{ "no source",
	  { GITHUB, PIPELINES("{project: acme/shop}") },
	  "dorad.yaml:18: services[0].pipelines[0].source: is missing, expected a name" },
	{ "a source without runs",
	  { SEVERAL, PIPELINES("{source: pd}") },
	  "dorad.yaml:19: services[0].pipelines[0].source: \"pd\" (pagerduty) has no "
	  "runs, expected a source that has" },
	{ "a repository as source",
	  { GITHUB, PIPELINES("{source: shop}") },
	  "dorad.yaml:18: services[0].pipelines[0].source: \"shop\" (git) has no runs, "
	  "expected a source that has" },
	{ "one project of two",
	  { SEVERAL, PIPELINES("{source: gh}") },
	  "dorad.yaml:19: services[0].pipelines[0].project: is missing, expected one "
	  "because \"gh\" has 2 projects (\"*\": any)" },
	{ "a project that the source does not have",
	  { SEVERAL, PIPELINES("{source: gh, project: acme/shap}") },
	  "dorad.yaml:19: services[0].pipelines[0].project: \"acme/shap\" is no project "
	  "of \"gh\", did you mean \"acme/shop\"?" },
	{ "a workflow that is no regular expression",
	  { GITHUB, PIPELINES("{source: gh, workflows: ['CI(']}") },
	  "dorad.yaml:18: services[0].pipelines[0].workflows[0]: \"CI(\" is not a "
	  "regular "
	  "expression (at char 3: missing terminating )), expected one such as "
	  "deploy-.*" },
	{ "a branch with its prefix",
	  { GITHUB, PIPELINES("{source: gh, branches: [refs/heads/main]}") },
	  "dorad.yaml:18: services[0].pipelines[0].branches[0]: \"refs/heads/main\" is "
	  "not a pattern of names, expected one such as v* without refs/ or spaces" },
	{ "more watts than a machine draws",
	  { COST("watts: 100001") },
	  "dorad.yaml:7: ci_cost.watts: \"100001\" is out of range, expected a number "
	  "from 0 to 100000" },
	{ "a price with its currency",
	  { COST("cost_per_minute: 1 EUR") },
	  "dorad.yaml:7: ci_cost.cost_per_minute: \"1 EUR\" is not an amount, expected "
	  "digits such as 0.008" },
	{ "a price with a comma",
	  { COST("cost_per_minute: '0,008'") },
	  "dorad.yaml:7: ci_cost.cost_per_minute: \"0,008\" is not an amount, expected "
	  "digits such as 0.008" },
	{ "a price below nothing",
	  { COST("cost_per_minute: -1") },
	  "dorad.yaml:7: ci_cost.cost_per_minute: \"-1\" is not an amount, expected "
	  "digits such as 0.008" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

static struct config *load(const struct edit *edits)
{
	g_autofree char *text = edited(edits);

	return load_good(text);
}

START_TEST(costs)
{
	static const struct {
		struct edit edits[EDITS_MAX];
		unsigned watts;
		double price;
	} rows[] = {
		{ { { "orgs:\n", "orgs:\n" } }, 20, NAN },
		{ { COST("watts: 0") }, 0, NAN },
		{ { COST("watts: 135, cost_per_minute: 0.008") }, 135, 0.008 },
		{ { COST("cost_per_minute: 2") }, 20, 2 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		_cleanup_(config_unrefp) struct config *config = load(rows[i].edits);

		ck_assert_uint_eq(config->ci_cost->watts, rows[i].watts);
		ck_assert(isnan(rows[i].price)
				  ? isnan(config->ci_cost->price)
				  : fabs(config->ci_cost->price - rows[i].price) < 1e-12);
	}
}
END_TEST

/* "source project" of each; the caller frees. */
static char *pipelines_of(const struct edit *edits)
{
	_cleanup_(config_unrefp) struct config *config = load(edits);
	g_autoptr(GArray) pipelines = config_pipelines(&config->services[0]);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < pipelines->len; i++) {
		const struct config_pipeline *row = &g_array_index(
			pipelines, struct config_pipeline, i);

		g_string_append_printf(text, "%s%s %s", i ? ", " : "", row->source,
				       row->project ? row->project : "-");
	}
	return g_string_free(text, FALSE);
}

START_TEST(which_pipelines)
{
	static const struct {
		const char *what;
		struct edit edits[EDITS_MAX];
		const char *pipelines;
	} rows[] = {
		{ "none without a source", { { "orgs:\n", "orgs:\n" } }, "" },
		{ "the only project",
		  { GITHUB, PIPELINES("{source: gh}") },
		  "gh acme/shop" },
		{ "any project",
		  { SEVERAL, PIPELINES("{source: gh, project: '*'}") },
		  "gh *" },
		{ "those of the rules, each once",
		  { SEVERAL,
		    { "- from: tags",
		      "- {from: jobs, source: gh, project: acme/web, jobs: [deploy]}\n"
		      "      - {from: runs, source: gh, project: acme/web}\n"
		      "      - {from: deployments, source: gh, project: acme/shop}\n"
		      "      - {from: releases, source: gh, project: '*'}" } },
		  "gh acme/web, gh acme/shop" },
		{ "none, whatever the rules read",
		  { SEVERAL,
		    PIPELINES(""),
		    { "- from: tags", "- {from: runs, source: gh, project: acme/web}" } },
		  "" },
		{ "its own, and not those of the rules",
		  { SEVERAL,
		    PIPELINES("{source: gh, project: acme/shop}"),
		    { "- from: tags", "- {from: runs, source: gh, project: acme/web}" } },
		  "gh acme/shop" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *found = pipelines_of(rows[i].edits);

		ck_assert_msg(strcmp(found, rows[i].pipelines) == 0, "%s: %s",
			      rows[i].what, found);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_pipelines");
	TCase *tests = tcase_create("config_pipelines");

	tcase_add_loop_test(tests, faults, 0, G_N_ELEMENTS(files));
	tcase_add_test(tests, costs);
	tcase_add_test(tests, which_pipelines);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
