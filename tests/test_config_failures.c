#include "config_fixture.h"

#include "base/instant.h"
#include "config/globs.h"

/* Owners, incidents, remediation and what is excluded: wrong files, defaults, patterns.
 */
#define PAGERDUTY                                                                        \
	{                                                                                \
		"orgs:\n", "  pagerduty: [{name: pd, projects: [PIJ90N7, PABC123], "     \
			   "token: {env: "                                               \
			   "T}}]\n"                                                      \
			   "orgs:\n"                                                     \
	}
#define SERVICE(text)                                                                    \
	{                                                                                \
		"    components:\n", "    " text "\n    components:\n"                   \
	}

static const struct wrong_file files[] = {
	{ "an owner that is no team",
	  { SERVICE("owners: [{team: chekout, until: 2026-03-01}]") },
	  "dorad.yaml:15: services[0].owners[0].team: \"chekout\" is not in teams, did "
	  "you mean \"checkout\"?" },
	{ "an owner for ever",
	  { SERVICE("owners: [{team: checkout}]") },
	  "dorad.yaml:15: services[0].owners[0].until: is missing, expected a day" },
	{ "no owner",
	  { SERVICE("owners: []") },
	  "dorad.yaml:15: services[0].owners: is an empty list, expected at least 1 "
	  "entry" },
	{ "a day that is none",
	  { SERVICE("owners: [{team: checkout, until: 2026-02-29}]") },
	  "dorad.yaml:15: services[0].owners[0].until: \"2026-02-29\" is not a day, "
	  "expected one of the calendar such as 2026-03-01" },
	{ "a time instead of a day",
	  { SERVICE("owners: [{team: checkout, until: '2026-03-01T00:00Z'}]") },
	  "dorad.yaml:15: services[0].owners[0].until: \"2026-03-01T00:00Z\" is not a "
	  "day, expected one of the calendar such as 2026-03-01" },
	{ "a day before there were services",
	  { SERVICE("owners: [{team: checkout, until: 1970-01-01}]") },
	  "dorad.yaml:15: services[0].owners[0].until: \"1970-01-01\" is not a day, "
	  "expected one of the calendar such as 2026-03-01" },
	{ "owners from new to old, and one that has no time",
	  { SERVICE("owners: [{team: checkout, until: 2026-03-01}, {team: checkout, "
		    "until: 2025-03-01},\n"
		    "             {team: checkout, until: 2025-03-01}]") },
	  "dorad.yaml:15: services[0].owners[1].until: \"2025-03-01\" is not after "
	  "owners[0]'s \"2026-03-01\", expected the oldest first\n"
	  "dorad.yaml:16: services[0].owners[2].until: \"2025-03-01\" is not after "
	  "owners[1]'s \"2025-03-01\", expected the oldest first" },
	{ "every incident of the world",
	  { SERVICE("incidents: [{severities: [P1], skip: [drill]}]") },
	  "dorad.yaml:15: services[0].incidents[0]: takes every incident of every "
	  "source, expected source, services, labels or titles" },
	{ "incidents of an unknown source",
	  { PAGERDUTY, SERVICE("incidents: [{source: pagerduty}]") },
	  "dorad.yaml:16: services[0].incidents[0].source: \"pagerduty\" is not in "
	  "sources, expected a name from there" },
	{ "incidents of issues that nobody says are",
	  { { "orgs:\n",
	      "  github: [{name: hub, projects: [a/b], token: {env: T}}]\norgs:\n" },
	    SERVICE("incidents: [{source: hub}]") },
	  "dorad.yaml:16: services[0].incidents[0].source: \"hub\" (github) reads no "
	  "incidents, expected it to say which issues are (labels, types or query), and "
	  "read to name them if it is given" },
	{ "incidents of a repository",
	  { SERVICE("incidents: [{source: shop}]") },
	  "dorad.yaml:15: services[0].incidents[0].source: \"shop\" (git) has no "
	  "incidents, expected a source that has" },
	{ "incidents of a query of deployments",
	  { { "orgs:\n", "  sql: [{name: q, uri: dbname=x, kind: deployment, query: "
			 "SELECT $1}]\norgs:\n" },
	    SERVICE("incidents: [{source: q}]") },
	  "dorad.yaml:16: services[0].incidents[0].source: \"q\" (sql) has no incidents, "
	  "expected a source that has" },
	{ "pushed incidents without a push server",
	  { SERVICE("incidents: [{source: push}]") },
	  "dorad.yaml:15: services[0].incidents[0].source: \"push\" is not in sources, "
	  "expected a name from there" },
	{ "another project",
	  { PAGERDUTY, SERVICE("incidents: [{source: pd, project: other}]") },
	  "dorad.yaml:16: services[0].incidents[0].project: \"other\" is no project of "
	  "\"pd\", expected one of them or \"*\"" },
	{ "a project of nobody",
	  { SERVICE("incidents: [{project: PIJ90N7, labels: [shop]}]") },
	  "dorad.yaml:15: services[0].incidents[0].source: is missing, expected it with "
	  "project" },
	{ "an environment that is no group",
	  { SERVICE("incidents: [{labels: [shop], environment: prod-eu}]") },
	  "dorad.yaml:15: services[0].incidents[0].environment: \"prod-eu\" is no "
	  "production group of the service, expected one" },
	{ "expressions of incidents that do not compile",
	  { SERVICE("incidents: [{titles: ['('], skip: ['a)(b']}]") },
	  "dorad.yaml:15: services[0].incidents[0].titles[0]: \"(\" is not a regular "
	  "expression (at char 1: missing terminating )), expected one such as "
	  "deploy-.*\n"
	  "dorad.yaml:15: services[0].incidents[0].skip[0]: \"a)(b\" is not a regular "
	  "expression (at char 1: missing terminating )), expected one such as "
	  "deploy-.*" },
	{ "a remedy that fits nothing",
	  { SERVICE("remediation: [{kind: hotfix}, {kind: roll_forward, reverts: "
		    "false}]") },
	  "dorad.yaml:15: services[0].remediation[0]: fits no rollout, expected reverts, "
	  "branches, labels, titles or trailers\n"
	  "dorad.yaml:15: services[0].remediation[1]: fits no rollout, expected reverts, "
	  "branches, labels, titles or trailers" },
	{ "a remedy of no kind",
	  { SERVICE("remediation: [{reverts: true}]") },
	  "dorad.yaml:15: services[0].remediation[0].kind: is missing, expected "
	  "roll_forward or hotfix" },
	{ "a rollback is seen, not told",
	  { SERVICE("remediation: [{kind: rollback, reverts: true}]") },
	  "dorad.yaml:15: services[0].remediation[0].kind: \"rollback\" is unknown, "
	  "expected roll_forward or hotfix" },
	{ "a trailer with its colon, a branch with refs/, a wrong title",
	  { SERVICE("remediation: [{kind: hotfix, trailers: ['Fixes:'], branches: "
		    "[refs/heads/hotfix], titles: ['[']}]") },
	  "dorad.yaml:15: services[0].remediation[0].trailers[0]: \"Fixes:\" is not the "
	  "name of a trailer, expected letters, digits and - such as Fixes\n"
	  "dorad.yaml:15: services[0].remediation[0].branches[0]: \"refs/heads/hotfix\" "
	  "is not a pattern of names, expected one such as v* without refs/ or spaces\n"
	  "dorad.yaml:15: services[0].remediation[0].titles[0]: \"[\" is not a regular "
	  "expression (at char 1: missing terminating ] for character class), expected "
	  "one such as deploy-.*" },
	{ "a window of minutes",
	  { SERVICE("failure_window: 59m") },
	  "dorad.yaml:15: services[0].failure_window: \"59m\" is out of range, expected "
	  "from 1h to 90d" },
	{ "a window of a season",
	  { SERVICE("failure_window: 91d") },
	  "dorad.yaml:15: services[0].failure_window: \"91d\" is out of range, expected "
	  "from 1h to 90d" },
	{ "an author in two lines",
	  { SERVICE("exclude: {authors: [\"a\\nb\"], bots: yes}") },
	  "dorad.yaml:15: services[0].exclude.authors[0]: \"a\\u000ab\" is not a line of "
	  "text, expected no control characters\n"
	  "dorad.yaml:15: services[0].exclude.bots: \"yes\" is not a truth value, "
	  "expected true or false" },
	{ "a commit's time that is unknown",
	  { SERVICE("commit_time: merge") },
	  "dorad.yaml:15: services[0].commit_time: \"merge\" is unknown, did you mean "
	  "\"merged\"? (authored, committed or merged)" },
};

START_TEST(wrong_file)
{
	check_wrong_file(&files[_i]);
}
END_TEST

static struct config *service_of(const char *keys, const struct config_service **service)
{
	g_autofree char *with = g_strdup_printf("    %s\n    components:\n", keys);
	const struct edit edits[EDITS_MAX] = { PAGERDUTY, { "    components:\n", with } };
	g_autofree char *text = edited(edits);
	struct config *config = load_good(text);

	*service = config_service(config, "shop");
	return config;
}

START_TEST(defaults)
{
	_cleanup_(config_unrefp) struct config *config = load_good(good_text);
	const struct config_service *service = config_service(config, "shop");
	const struct config_incident_rule *incidents = service->incidents;
	const struct config_remediation *remedies = service->remediation;

	ck_assert_uint_eq(service->n_owners, 0);
	ck_assert_ptr_null(service->exclude);
	ck_assert_str_eq(service->failure_window, "72h");
	ck_assert_int_eq(service->failure_window_us, 72 * G_TIME_SPAN_HOUR);
	ck_assert_uint_eq(service->n_incidents, 1);
	ck_assert_uint_eq(incidents->n_services, 1);
	ck_assert_str_eq(incidents->services[0], "shop");
	ck_assert_ptr_null(incidents->source);
	ck_assert_ptr_null(incidents->environment);
	ck_assert_uint_eq(service->n_remediation, 2);
	ck_assert_int_eq(remedies[0].kind, REMEDY_ROLL_FORWARD);
	ck_assert(remedies[0].reverts);
	ck_assert_uint_eq(remedies[0].n_branches, 0);
	ck_assert_int_eq(remedies[1].kind, REMEDY_HOTFIX);
	ck_assert(!remedies[1].reverts);
	ck_assert_uint_eq(remedies[1].n_branches, 2);
	ck_assert_str_eq(remedies[1].branches[0], "hotfix/*");
	ck_assert_str_eq(remedies[1].branches[1], "hotfix-*");
	ck_assert_uint_eq(remedies[1].n_labels, 1);
	ck_assert_str_eq(remedies[1].labels[0], "hotfix");
}
END_TEST

static const struct {
	const char *what, *keys;
	unsigned incidents, remediation;
} lists[] = {
	{ "left out", "time_zone: UTC", 1, 2 },
	{ "none", "incidents: []\n    remediation: []", 0, 0 },
	{ "no incidents", "incidents: []", 0, 2 },
	{ "no remedies", "remediation: []", 1, 0 },
	{ "of its own",
	  "incidents: [{source: pd, project: PIJ90N7}, {source: pd, project: '*', "
	  "environment: "
	  "production}, {labels: [a]}]\n"
	  "    remediation: [{kind: hotfix, trailers: [X-Fixes]}]\n"
	  "    exclude: {}\n"
	  "    commit_time: merged",
	  3, 1 },
};

/* An empty list stays one when it is shown and read again. */
START_TEST(list_shows_itself)
{
	const struct config_service *service, *again;
	_cleanup_(config_unrefp) struct config *config = service_of(lists[_i].keys,
								    &service);
	g_autofree char *shown = config_show(config);
	_cleanup_(config_unrefp) struct config *reread = load_good(shown);
	g_autofree char *reshown = config_show(reread);

	again = config_service(reread, "shop");
	ck_assert_str_eq(shown, reshown);
	ck_assert_msg(service->n_incidents == lists[_i].incidents &&
			      again->n_incidents == lists[_i].incidents,
		      "%s: %u incidents, then %u", lists[_i].what, service->n_incidents,
		      again->n_incidents);
	ck_assert_msg(service->n_remediation == lists[_i].remediation &&
			      again->n_remediation == lists[_i].remediation,
		      "%s: %u remedies, then %u", lists[_i].what, service->n_remediation,
		      again->n_remediation);
}
END_TEST

/* What clients push may be asked for where there is a server for it. */
START_TEST(pushed_incidents)
{
	const struct edit edits[EDITS_MAX] = {
		{ "orgs:\n",
		  "push: {listen: '127.0.0.1:9440', clients: [{name: a, token: "
		  "{env: T}}]}\norgs:\n" },
		SERVICE("incidents: [{source: push, project: any}]"),
	};
	g_autofree char *text = edited(edits);
	_cleanup_(config_unrefp) struct config *config = load_good(text);

	ck_assert_str_eq(config_service(config, "shop")->incidents->source, "push");
}
END_TEST

static const struct {
	const char *what, *zone, *until, *instant;
} days[] = {
	{ "midnight in UTC", "UTC", "2026-03-01", "2026-03-01T00:00:00Z" },
	{ "midnight in winter", "Europe/Berlin", "2026-03-01", "2026-02-28T23:00:00Z" },
	{ "midnight in summer", "Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00Z" },
	{ "west of Greenwich", "America/New_York", "2026-03-01", "2026-03-01T05:00:00Z" },
	{ "a day without midnight", "America/Santiago", "2026-09-06",
	  "2026-09-06T04:00:00Z" },
};

START_TEST(day_begins_where_the_service_is)
{
	g_autofree char *keys = g_strdup_printf("time_zone: %s\n    owners: [{team: "
						"checkout, until: %s}]",
						days[_i].zone, days[_i].until);
	const struct config_service *service;
	_cleanup_(config_unrefp) struct config *config = service_of(keys, &service);
	gint64 expected;

	ck_assert(instant_parse(days[_i].instant, &expected));
	ck_assert_str_eq(config_service(config, "shop")->time_zone, days[_i].zone);
	ck_assert_msg(service->owners[0].until_us == expected, "%s", days[_i].what);
}
END_TEST

static const struct {
	const char *what, *glob, *text;
	bool fits, fits_any_case;
} globs[] = {
	{ "itself", "shop", "shop", true, true },
	{ "only as a whole", "shop", "shop-eu", false, false },
	{ "a star is any text, none too", "shop*", "shop", true, true },
	{ "a star crosses slashes", "hotfix/*", "hotfix/a/b", true, true },
	{ "a question mark is one character", "P?", "P1", true, true },
	{ "however many bytes it has", "P?", "P\u00e9", true, true },
	{ "and not none", "P?", "P", false, false },
	{ "brackets are themselves", "*[bot] <*", "dependabot[bot] <a@b>", true, true },
	{ "case", "sev?", "SEV1", false, true },
	{ "the other case", "SEV*", "sev-2", false, true },
	{ "case beyond ASCII", "\u00c9LEV\u00c9", "\u00e9lev\u00e9", false, true },
	{ "no text", "shop", NULL, false, false },
	{ "empty text", "*", "", true, true },
	{ "text that is cut within a character", "a?", "a\xf0", true, true },
	{ "text that is not UTF-8", "J*rg <*", "J\xf6rg <j@example.org>", true, true },
};

START_TEST(glob_fits)
{
	char *list[] = { (char *)"nothing", (char *)globs[_i].glob };
	char *texts[] = { (char *)"something", (char *)globs[_i].text, NULL };

	ck_assert_msg(config_glob(globs[_i].glob, globs[_i].text) == globs[_i].fits, "%s",
		      globs[_i].what);
	ck_assert_msg(config_globs(list, 2, globs[_i].text) == globs[_i].fits, "%s",
		      globs[_i].what);
	ck_assert(!config_globs(list, 1, globs[_i].text));
	ck_assert_msg(config_globs_any_case(list, 2, globs[_i].text) ==
			      globs[_i].fits_any_case,
		      "%s, any case", globs[_i].what);
	ck_assert_msg(config_globs_each(list, 2, texts) == globs[_i].fits,
		      "%s, one of several", globs[_i].what);
	ck_assert(!config_globs_each(list, 2, NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_failures");
	TCase *tests = tcase_create("config_failures");

	tcase_add_loop_test(tests, wrong_file, 0, G_N_ELEMENTS(files));
	tcase_add_test(tests, defaults);
	tcase_add_loop_test(tests, list_shows_itself, 0, G_N_ELEMENTS(lists));
	tcase_add_test(tests, pushed_incidents);
	tcase_add_loop_test(tests, day_begins_where_the_service_is, 0,
			    G_N_ELEMENTS(days));
	tcase_add_loop_test(tests, glob_fits, 0, G_N_ELEMENTS(globs));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
