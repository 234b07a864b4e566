#include "config_fixture.h"

#define GITHUB(more)                                                                     \
	"  github:\n"                                                                    \
	"    - {name: gh, projects: [acme/shop], token: {env: T}" more "}\n"
#define JIRA(more)                                                                       \
	"  jira:\n"                                                                      \
	"    - {name: jira, url: 'https://acme.example.org', username: a@example.org,\n" \
	"       projects: [DEV], token: {env: T}" more "}\n"

/* Wrong files: technical debt. */
static const struct wrong_file files[] = {
	{ "a class without labels",
	  { { "orgs:\n", "debt:\n"
			 "  classes:\n"
			 "    - class: safety\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.classes[0].labels: is missing, expected a list" },
	{ "a class twice",
	  { { "orgs:\n", "debt:\n"
			 "  classes:\n"
			 "    - {class: safety, labels: [a]}\n"
			 "    - {class: safety, labels: [b]}\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: debt.classes[1].class: \"safety\" is classes[0] already, "
	  "expected it once with all its labels" },
	{ "the class of the rest",
	  { { "orgs:\n", "debt:\n"
			 "  classes:\n"
			 "    - {class: other, labels: ['*']}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.classes[0].class: \"other\" is what fits no class, "
	  "expected another name" },
	{ "a label twice",
	  { { "orgs:\n", "debt:\n"
			 "  classes:\n"
			 "    - {class: safety, labels: [a, b, a]}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.classes[0].labels[2]: \"a\" is in the list already, "
	  "expected it once" },
	{ "a service that there is not",
	  { { "orgs:\n", "debt:\n"
			 "  services:\n"
			 "    - {service: shops, labels: [a]}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.services[0].service: \"shops\" is not in services, did you "
	  "mean \"shop\"?" },
	{ "a source that there is not",
	  { { "orgs:\n", "debt:\n"
			 "  services:\n"
			 "    - {service: shop, source: jira}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.services[0].source: \"jira\" is not in sources, expected a "
	  "name from there" },
	{ "a source without issues",
	  { { "orgs:\n", "debt:\n"
			 "  services:\n"
			 "    - {service: shop, source: shop}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.services[0].source: \"shop\" is of git, expected a source "
	  "that tells of issues" },
	{ "a service of everything",
	  { { "orgs:\n", "debt:\n"
			 "  services:\n"
			 "    - service: shop\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: debt.services[0]: fits every issue, expected source, projects "
	  "or "
	  "labels" },
	{ "a label with a comma, which the API takes for two",
	  { { "orgs:\n", GITHUB(", debt_labels: ['a,b']") "orgs:\n" } },
	  "dorad.yaml:8: sources.github[0].debt_labels[0]: \"a,b\" does not fit, "
	  "expected "
	  "labels of issues that are technical debt: all of them such as tech-debt" },
	{ "a query for labels",
	  { { "orgs:\n", GITHUB(", debt_query: x") "orgs:\n" } },
	  "dorad.yaml:8: sources.github[0].debt_query: is not for github, expected one "
	  "of "
	  "name, url, token, app, ca_file, projects, labels, types, debt_labels, read, "
	  "history, every" },
	{ "Jira without any query",
	  { { "orgs:\n", JIRA("") "orgs:\n" } },
	  "dorad.yaml:8: sources.jira[0].query: is missing, expected it (JQL for the "
	  "issues that are incidents, without ORDER BY such as issuetype = Incident) or "
	  "debt_query" },
	{ "a query in an order of its own",
	  { { "orgs:\n", JIRA(", debt_query: 'labels = x ORDER BY key'") "orgs:\n" } },
	  "dorad.yaml:9: sources.jira[0].debt_query: \"labels = x ORDER BY key\" does "
	  "not "
	  "fit, expected JQL for the issues that are technical debt, likewise such as "
	  "labels = tech-debt" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

START_TEST(what_it_becomes)
{
	const struct edit edits[EDITS_MAX] = {
		{ "orgs:\n",
		  GITHUB(", debt_labels: [tech-debt]")
			  JIRA(", debt_query: labels = debt") "debt:\n"
							      "  classes:\n"
							      "    - class: safety\n"
							      "      labels: [a, 'b*']\n"
							      "  services:\n"
							      "    - service: shop\n"
							      "      source: jira\n"
							      "      projects: [D*]\n"
							      "orgs:\n" }
	};
	g_autofree char *text = edited(edits);
	_cleanup_(config_unrefp) struct config *config = load_good(text);
	const struct config_api *gh = config_source(config, "gh")->api;
	const struct config_api *jira = config_source(config, "jira")->api;

	ck_assert_uint_eq(gh->n_debt_labels, 1);
	ck_assert_str_eq(gh->debt_labels[0], "tech-debt");
	ck_assert_ptr_null(jira->query);
	ck_assert_str_eq(jira->debt_query, "labels = debt");
	ck_assert_uint_eq(config->debt->n_classes, 1);
	ck_assert_str_eq(config->debt->classes[0].class, "safety");
	ck_assert_str_eq(config->debt->classes[0].labels[1], "b*");
	ck_assert_str_eq(config->debt->services[0].service, "shop");
	ck_assert_str_eq(config->debt->services[0].projects[0], "D*");
	ck_assert_uint_eq(config->debt->services[0].n_labels, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_debt");
	TCase *tests = tcase_create("config_debt");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, faults, 0, G_N_ELEMENTS(files));
	tcase_add_test(tests, what_it_becomes);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
