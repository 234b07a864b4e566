#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/incident_rules.h"

/* Which incidents concern a service with two production groups, "eu" and "us". */

#define TEXTS(...) ((char *[]){ __VA_ARGS__, NULL })
#define LIST(member, ...)                                                                \
	.member = TEXTS(__VA_ARGS__), .n_##member = G_N_ELEMENTS(TEXTS(__VA_ARGS__)) - 1

/* An incident of the source "pd". */
#define OUTAGE .project = "P1", .name = "Checkout is down", .severity = "SEV1"
#define OF_SHOP .services = TEXTS("Billing", "Shop EU")
#define LABELLED .labels = TEXTS("production", "team:shop")

#define RULES_MAX 3

static const struct {
	const char *what;
	struct config_incident_rule rules[RULES_MAX];
	unsigned n_rules;
	struct item item;
	const char *groups; /* NULL: it does not concern the service */
	bool no_incident;   /* but a deployment */
} rows[] = {
	{ "no rule", {}, 0, { OUTAGE }, NULL },
	{ "its source", { { .source = "pd" } }, 1, { OUTAGE }, "eu us" },
	{ "another source", { { .source = "jira" } }, 1, { OUTAGE }, NULL },
	{ "its project",
	  { { .source = "pd", .project = "P1" } },
	  1,
	  { OUTAGE },
	  "eu us" },
	{ "another project",
	  { { .source = "pd", .project = "P2" } },
	  1,
	  { OUTAGE },
	  NULL },
	{ "any project", { { .source = "pd", .project = "*" } }, 1, { OUTAGE }, "eu us" },
	{ "a project where the source tells none",
	  { { .source = "pd", .project = "P1" } },
	  1,
	  { .name = "Checkout" },
	  NULL },
	{ "one of its services",
	  { { LIST(services, "Shop*") } },
	  1,
	  { OF_SHOP },
	  "eu us" },
	{ "a service by a part of its name",
	  { { LIST(services, "Shop") } },
	  1,
	  { OF_SHOP },
	  NULL },
	{ "a service in other letters",
	  { { LIST(services, "shop*") } },
	  1,
	  { OF_SHOP },
	  NULL },
	{ "a service of an incident that names none",
	  { { LIST(services, "*") } },
	  1,
	  { OUTAGE },
	  NULL },
	{ "one of several patterns fits one of its labels",
	  { { LIST(labels, "team:web", "team:s*") } },
	  1,
	  { LABELLED },
	  "eu us" },
	{ "none of its labels", { { LIST(labels, "team:web") } }, 1, { LABELLED }, NULL },
	{ "a title",
	  { { LIST(titles, "^(Cart|Checkout)\\b") } },
	  1,
	  { OUTAGE },
	  "eu us" },
	{ "a title is found anywhere",
	  { { LIST(titles, "down") } },
	  1,
	  { OUTAGE },
	  "eu us" },
	{ "another title", { { LIST(titles, "^down") } }, 1, { OUTAGE }, NULL },
	{ "no title", { { LIST(titles, ".*") } }, 1, { OF_SHOP }, NULL },
	{ "a severity, whatever its case",
	  { { .source = "pd", LIST(severities, "sev1", "sev2") } },
	  1,
	  { OUTAGE },
	  "eu us" },
	{ "a pattern of severities",
	  { { .source = "pd", LIST(severities, "Sev[12]", "Sev?") } },
	  1,
	  { OUTAGE },
	  "eu us" },
	{ "a lesser severity",
	  { { .source = "pd", LIST(severities, "sev1") } },
	  1,
	  { .severity = "SEV3" },
	  NULL },
	{ "a severity where none was told",
	  { { .source = "pd", LIST(severities, "*") } },
	  1,
	  { OF_SHOP },
	  NULL },
	{ "every severity, and none", { { .source = "pd" } }, 1, { OF_SHOP }, "eu us" },
	{ "a drill by its title",
	  { { .source = "pd", LIST(skip, "(?i)\\bdrill\\b") } },
	  1,
	  { .name = "Fire Drill: checkout" },
	  NULL },
	{ "a drill by its category",
	  { { .source = "pd", LIST(skip, "maintenance", "test") } },
	  1,
	  { .category = "test", OF_SHOP },
	  NULL },
	{ "a drill by a label",
	  { { .source = "pd", LIST(skip, "^game-day$") } },
	  1,
	  { .labels = TEXTS("shop", "game-day") },
	  NULL },
	{ "no drill",
	  { { .source = "pd", LIST(skip, "drill") } },
	  1,
	  { OUTAGE },
	  "eu us" },
	{ "every key narrows",
	  { { .source = "pd", LIST(services, "Shop*"), LIST(severities, "sev1") } },
	  1,
	  { OUTAGE, OF_SHOP },
	  "eu us" },
	{ "all but one key",
	  { { .source = "pd", LIST(services, "Shop*"), LIST(severities, "sev2") } },
	  1,
	  { OUTAGE, OF_SHOP },
	  NULL },
	{ "one rule of several is enough",
	  { { .source = "jira" }, { LIST(titles, "down") } },
	  2,
	  { OUTAGE },
	  "eu us" },
	{ "what one rule skips another may take",
	  { { .source = "pd", LIST(skip, "down") }, { LIST(titles, "down") } },
	  2,
	  { OUTAGE },
	  "eu us" },
	{ "one group", { { .source = "pd", .environment = "us" } }, 1, { OUTAGE }, "us" },
	{ "groups of several rules, in their own order",
	  { { .source = "pd", .environment = "us" },
	    { LIST(titles, "down"), .environment = "eu" } },
	  2,
	  { OUTAGE },
	  "eu us" },
	{ "a group once",
	  { { .source = "pd", .environment = "us" },
	    { LIST(titles, "down"), .environment = "us" } },
	  2,
	  { OUTAGE },
	  "us" },
	{ "a group and all",
	  { { .source = "pd", .environment = "us" }, { LIST(titles, "down") } },
	  2,
	  { OUTAGE },
	  "eu us" },
	{ "the group of the rule that fits",
	  { { .source = "jira", .environment = "eu" },
	    { .source = "pd", .environment = "us" } },
	  2,
	  { OUTAGE },
	  "us" },
	{ "a deployment is no incident",
	  { { .source = "pd" } },
	  1,
	  { OUTAGE },
	  NULL,
	  .no_incident = true },
};

START_TEST(concerns)
{
	struct config_group production[] = { { .name = (char *)"eu" },
					     { .name = (char *)"us" } };
	struct config_incident_rule rules[RULES_MAX];
	const struct config_service service = {
		.incidents = memcpy(rules, rows[_i].rules, sizeof(rules)),
		.n_incidents = rows[_i].n_rules,
		.production = production,
		.n_production = 2,
	};
	_cleanup_(incident_rules_freep) struct incident_rules *compiled =
		incident_rules_new(&service);
	g_autoptr(GPtrArray) groups = g_ptr_array_new();
	g_autofree char *found = NULL;
	struct item item = rows[_i].item;
	bool concerned;

	item.kind = rows[_i].no_incident ? ITEM_DEPLOYMENT : ITEM_INCIDENT;
	concerned = incident_concerns(compiled, "pd", &item, groups);
	ck_assert_int_eq(incident_concerns(compiled, "pd", &item, NULL), concerned);
	g_ptr_array_add(groups, NULL);
	found = g_strjoinv(" ", (char **)groups->pdata);
	ck_assert_msg(concerned == (rows[_i].groups != NULL), "%s: %d", rows[_i].what,
		      concerned);
	ck_assert_msg(strcmp(found, rows[_i].groups ? rows[_i].groups : "") == 0,
		      "%s: of %s", rows[_i].what, found);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("incident_rules");
	TCase *tests = tcase_create("incident_rules");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, concerns, 0, G_N_ELEMENTS(rows));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
