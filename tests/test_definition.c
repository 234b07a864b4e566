#include "config_fixture.h"

#include <cjson/cJSON.h>

#include "collector/definition.h"

/* A changed rule makes other definitions where it makes other numbers, and only there. */

/* The good text with two more teams, one of another org. */
#define TEAMS                                                                            \
	{ "orgs:\n  - name: acme\n", "orgs:\n  - name: acme\n  - name: other\n" },       \
	{                                                                                \
		"    org: acme\n", "    org: acme\n"                                     \
				   "  - name: search\n"                                  \
				   "    org: acme\n"                                     \
				   "  - name: away\n"                                    \
				   "    org: other\n"                                    \
	}

static const struct {
	enum scope_kind kind;
	const char *name;
} scopes[] = {
	{ SCOPE_SERVICE, "shop" }, { SCOPE_TEAM, "checkout" }, { SCOPE_TEAM, "search" },
	{ SCOPE_TEAM, "away" },	   { SCOPE_ORG, "acme" },      { SCOPE_ORG, "other" },
};
#define N_SCOPES G_N_ELEMENTS(scopes)

/* The content of every scope; the caller frees each. */
static void definitions(const char *keys, char *contents[N_SCOPES])
{
	g_autofree char *with = g_strdup_printf("    %s\n    components:\n", keys);
	const struct edit edits[EDITS_MAX] = { TEAMS, { "    components:\n", with } };
	g_autofree char *text = edited(edits);
	_cleanup_(config_unrefp) struct config *config = load_good(text);

	for (gsize i = 0; i < N_SCOPES; i++)
		contents[i] = definition_of_scope(config, NULL, scopes[i].kind,
						  scopes[i].name, "UTC");
}

static const struct {
	const char *what, *before, *after;
	const char *changed; /* scopes */
} changes[] = {
	{ "the same by other words", "failure_window: 72h", "failure_window: 3d", "" },
	{ "defaults written down", "time_zone: UTC",
	  "commit_time: authored\n"
	  "    incidents: [{services: [shop]}]\n"
	  "    remediation:\n"
	  "      - {kind: roll_forward, reverts: true}\n"
	  "      - {kind: hotfix, branches: [hotfix/*, hotfix-*], labels: [hotfix]}",
	  "" },
	{ "another time", "commit_time: committed", "commit_time: merged", "shop" },
	{ "merged instead of authored", "time_zone: UTC", "commit_time: merged", "shop" },
	{ "another window", "failure_window: 72h", "failure_window: 71h", "shop" },
	{ "no incidents", "time_zone: UTC", "incidents: []", "shop" },
	{ "other severities", "incidents: [{labels: [a], severities: [P1]}]",
	  "incidents: [{labels: [a], severities: [P1, P2]}]", "shop" },
	{ "another group", "incidents: [{labels: [a]}]",
	  "incidents: [{labels: [a], environment: production}]", "shop" },
	{ "another skip", "incidents: [{labels: [a]}]",
	  "incidents: [{labels: [a], skip: [b]}]", "shop" },
	{ "another title", "incidents: [{titles: [a]}]", "incidents: [{titles: [b]}]",
	  "shop" },
	{ "no repairs", "time_zone: UTC", "remediation: []", "shop" },
	{ "the other kind", "remediation: [{kind: hotfix, trailers: [Fixes]}]",
	  "remediation: [{kind: roll_forward, trailers: [Fixes]}]", "shop" },
	{ "another order",
	  "remediation: [{kind: hotfix, labels: [a]}, {kind: hotfix, labels: [b]}]",
	  "remediation: [{kind: hotfix, labels: [b]}, {kind: hotfix, labels: [a]}]",
	  "shop" },
	{ "no machines", "time_zone: UTC", "exclude: {bots: true}", "shop" },
	{ "no author", "exclude: {authors: [a]}", "exclude: {authors: [b]}", "shop" },
	{ "another label", "exclude: {labels: [a]}", "exclude: {labels: [b]}", "shop" },
	{ "it was another team's before", "time_zone: UTC",
	  "owners: [{team: search, until: 2026-03-01}]", "shop checkout search" },
	{ "until another day", "owners: [{team: search, until: 2026-03-01}]",
	  "owners: [{team: search, until: 2026-03-02}]", "shop checkout search" },
	{ "until that day elsewhere", "owners: [{team: search, until: 2026-03-01}]",
	  "time_zone: Asia/Tokyo\n    owners: [{team: search, until: 2026-03-01}]",
	  "shop checkout search" },
	{ "it was its own team's before", "time_zone: UTC",
	  "owners: [{team: checkout, until: 2026-03-01}]", "shop" },
	{ "it came from another org", "time_zone: UTC",
	  "owners: [{team: away, until: 2026-03-01}]", "shop checkout away acme other" },
	{ "it came from another org later", "owners: [{team: away, until: 2026-03-01}]",
	  "owners: [{team: away, until: 2026-04-01}]", "shop checkout away acme other" },
};

START_TEST(change_is_seen)
{
	char *before[N_SCOPES], *after[N_SCOPES];
	g_autoptr(GString) changed = g_string_new(NULL);

	definitions(changes[_i].before, before);
	definitions(changes[_i].after, after);
	for (gsize i = 0; i < N_SCOPES; i++) {
		g_autofree char *one = definition_fingerprint(before[i]);
		g_autofree char *other = definition_fingerprint(after[i]);

		if (strcmp(one, other) != 0)
			g_string_append_printf(changed, "%s%s", changed->len ? " " : "",
					       scopes[i].name);
		g_free(before[i]);
		g_free(after[i]);
	}
	ck_assert_msg(strcmp(changed->str, changes[_i].changed) == 0, "%s: %s",
		      changes[_i].what, changed->str);
}
END_TEST

/* What an analyst reads there, word for word. */
START_TEST(content)
{
	static const char service[] =
		"{\"components\":[{\"repository\":\"shop\",\"paths\":[],"
		"\"baseline\":null}],"
		"\"production\":[{\"name\":\"production\",\"environments\":["
		"\"production\"],"
		"\"finished\":\"all\"}],"
		"\"lead_time_from\":\"merged\",\"failure_window_seconds\":3600,"
		"\"incidents\":[{\"source\":null,\"project\":null,\"services\":[],"
		"\"labels\":[\"a\"],\"severities\":[],\"titles\":[],\"skip\":[],"
		"\"environment\":null}],"
		"\"remediation\":[{\"kind\":\"hotfix\",\"reverts\":false,"
		"\"branches\":[],\"labels\":[],\"titles\":[],\"trailers\":[\"Fixes\"]}],"
		"\"exclude\":{\"bots\":true,\"authors\":[],\"labels\":[]},"
		"\"owners\":[{\"team\":\"search\",\"until\":\"2026-03-01T05:00:00Z\"}]}";
	static const char team[] =
		"[{\"name\":\"shop\",\"owners\":[{\"team\":\"search\",\"until\":"
		"\"2026-03-01T05:00:00Z\"}],\"team\":\"checkout\"}]";
	static const char *const members[] = { "service", "shared_services",
					       "shared_services" };
	static const char *const expected[] = { service, team, team };
	char *contents[N_SCOPES];

	definitions("time_zone: America/New_York\n"
		    "    commit_time: merged\n"
		    "    failure_window: 1h\n"
		    "    incidents: [{labels: [a]}]\n"
		    "    remediation: [{kind: hotfix, trailers: [Fixes]}]\n"
		    "    exclude: {bots: true}\n"
		    "    owners: [{team: search, until: 2026-03-01}]",
		    contents);
	for (gsize i = 0; i < N_SCOPES; i++) {
		cJSON *json = cJSON_Parse(contents[i]);
		const cJSON *member = cJSON_GetObjectItemCaseSensitive(
			json, i < G_N_ELEMENTS(members) ? members[i] : "shared_services");
		char *text = member ? cJSON_PrintUnformatted(member) : NULL;

		ck_assert_pstr_eq(text, i < G_N_ELEMENTS(expected) ? expected[i] : NULL);
		cJSON_free(text);
		cJSON_Delete(json);
		g_free(contents[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("definition");
	TCase *tests = tcase_create("definition");

	tcase_add_loop_test(tests, change_is_seen, 0, G_N_ELEMENTS(changes));
	tcase_add_test(tests, content);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
