#include "config_fixture.h"

/* Wrong files: what is no configuration: text, keys and types. */
static const struct wrong_file files[] = {
	{ "an empty file",
	  { { NULL, "" } },
	  "dorad.yaml: is empty, expected a configuration" },
	{ "only a comment",
	  { { NULL, "# nothing\n" } },
	  "dorad.yaml: is empty, expected a configuration" },
	{ "no mapping but text",
	  { { NULL, "hello\n" } },
	  "dorad.yaml:1: is text, expected a mapping of database, schedule, privacy, "
	  "retention, ci_cost, sources, push, debt, orgs, teams, services, north_star, "
	  "kpis, "
	  "guardrails, alerts, calendars" },
	{ "no mapping but a list",
	  { { NULL, "- a\n" } },
	  "dorad.yaml:1: is a list, expected a mapping of database, schedule, privacy, "
	  "retention, ci_cost, sources, push, debt, orgs, teams, services, north_star, "
	  "kpis, "
	  "guardrails, alerts, calendars" },
	{ "a null document",
	  { { NULL, "~\n" } },
	  "dorad.yaml:1: has no value, expected a mapping of database, schedule, "
	  "privacy, retention, ci_cost, sources, push, debt, orgs, teams, services, "
	  "north_star, "
	  "kpis, "
	  "guardrails, alerts, calendars" },
	{ "a tab in the indentation",
	  { { "  uri:", "\turi:" } },
	  "dorad.yaml:2: there is a tab in the indentation, expected spaces" },
	{ "a tab before a comment",
	  { { "orgs:\n", "\t# comment\norgs:\n" } },
	  "dorad.yaml:7: there is a tab in the indentation, expected spaces" },
	{ "two documents",
	  { { "orgs:\n", "---\norgs:\n" } },
	  "dorad.yaml:7: a second document starts here, expected one in a file" },
	{ "an alias",
	  { { "    org: acme", "    org: *acme" } },
	  "dorad.yaml:11: anchors and aliases (&name, *name) are not read, expected the "
	  "value itself" },
	{ "an anchor",
	  { { "  - name: acme", "  - name: &acme acme" } },
	  "dorad.yaml:8: anchors and aliases (&name, *name) are not read, expected the "
	  "value itself" },
	{ "an anchored list",
	  { { "  git:\n", "  git: &all\n" } },
	  "dorad.yaml:4: anchors and aliases (&name, *name) are not read, expected the "
	  "value itself" },
	{ "a tag",
	  { { "  - name: acme", "  - name: !!str acme" } },
	  "dorad.yaml:8: tags (!name) are not read, expected a value without one" },
	{ "a tag on a mapping",
	  { { "database:\n", "database: !secret\n" } },
	  "dorad.yaml:1: tags (!name) are not read, expected a value without one" },
	{ "a quote that does not end",
	  { { "name: acme", "name: \"acme" } },
	  "dorad.yaml:19: is not YAML: found unexpected end of stream while scanning a "
	  "quoted scalar, expected valid YAML" },
	{ "a bracket that does not end",
	  { { "from: tags", "from: tags\n        tags: [a, b" } },
	  "dorad.yaml:20: is not YAML: did not find expected ',' or ']' while parsing a "
	  "flow sequence, expected valid YAML" },
	{ "a value that goes on with a colon",
	  { { "uri: postgresql:///dora", "uri: a: b" } },
	  "dorad.yaml:2: is not YAML: mapping values are not allowed in this context, "
	  "expected valid YAML" },
	{ "indentation that does not fit",
	  { { "    org: acme", "   org: acme" } },
	  "dorad.yaml:11: is not YAML: did not find expected '-' indicator while parsing "
	  "a block collection, expected valid YAML" },
	{ "a key that is a list",
	  { { "orgs:\n", "[a, b]: c\norgs:\n" } },
	  "dorad.yaml:7: a key is a list, expected plain text" },
	{ "a key that is a mapping",
	  { { "orgs:\n", "{a: b}: c\norgs:\n" } },
	  "dorad.yaml:7: a key is a mapping, expected plain text" },
	{ "an escaped NUL",
	  { { "name: acme", "name: \"ac\\0me\"" } },
	  "dorad.yaml:8: there is an escaped NUL character, expected text" },
	{ "a control character",
	  { { "name: acme", "name: ac\007me" } },
	  "dorad.yaml:8: is not YAML: control characters are not allowed, expected "
	  "text" },
	{ "an unknown key near a known one",
	  { { "    team: checkout", "    team: checkout\n    timezone: UTC" } },
	  "dorad.yaml:15: services[0].timezone: is not a known key, did you mean "
	  "\"time_zone\"?" },
	{ "an unknown key with swapped letters",
	  { { "    team: checkout", "    taem: checkout" } },
	  "dorad.yaml:13: services[0].team: is missing, expected a name\n"
	  "dorad.yaml:14: services[0].taem: is not a known key, did you mean \"team\"?" },
	{ "an unknown key like no other",
	  { { "orgs:\n", "frobnicate: 1\norgs:\n" } },
	  "dorad.yaml:7: frobnicate: is not a known key, expected one of database, "
	  "schedule, privacy, retention, ci_cost, sources, push, debt, orgs, teams, "
	  "services, "
	  "north_star, "
	  "kpis, "
	  "guardrails, alerts, calendars" },
	{ "an unknown key in a repository",
	  { { "      url:", "      colour: red\n      url:" } },
	  "dorad.yaml:6: sources.git[0].colour: is not a known key, expected one of "
	  "name, url, username, token, ca_file, ssh_key, known_hosts, allow_file, every, "
	  "timeout" },
	{ "an unknown key that is no word",
	  { { "      url: ",
	      "      https://u:hunter2@git.example.org/: x\n      url: " } },
	  "dorad.yaml:6: sources.git[0]: there is a key that does not look like one, "
	  "expected name, url, username, token, ca_file, ssh_key, known_hosts, "
	  "allow_file, every, timeout" },
	{ "a key in the wrong case",
	  { { "    team: checkout", "    Team: checkout" } },
	  "dorad.yaml:13: services[0].team: is missing, expected a name\n"
	  "dorad.yaml:14: services[0].Team: is not a known key, did you mean \"team\"?" },
	{ "a repeated key",
	  { { "    org: acme", "    org: acme\n    org: other" } },
	  "dorad.yaml:12: teams[0].org: is given again, expected it once (line 11 has "
	  "it)" },
	{ "a repeated section",
	  { { "services:", "database: {uri: dbname=x}\nservices:" } },
	  "dorad.yaml:12: database: is given again, expected it once (line 1 has it)" },
	{ "no database",
	  { { "database:\n  uri: postgresql:///dora\n", "" } },
	  "dorad.yaml:1: database: is missing, expected a mapping of uri, password, "
	  "reader_role, devlake_schema" },
	{ "no database uri",
	  { { "  uri: postgresql:///dora", "  reader_role: x" } },
	  "dorad.yaml:2: database.uri: is missing, expected a connection string" },
	{ "no sources",
	  { { "sources:\n  git:\n    - name: shop\n      url: "
	      "https://git.example.org/shop.git\n",
	      "" } },
	  "dorad.yaml:1: sources: is missing, expected a mapping of git, github, gitlab, "
	  "gitea, forgejo, bitbucket, bitbucket_server, jenkins, buildkite, circleci, "
	  "azure_devops, argocd, pagerduty, opsgenie, jira, jira_server, jsm, "
	  "servicenow, statuspage, "
	  "grafana, incident_io, rootly, firehydrant, sentry, alertmanager, rest, sql" },
	{ "empty sources",
	  { { "  git:\n    - name: shop\n      url: https://git.example.org/shop.git\n",
	      "  {}\n" } },
	  "dorad.yaml:3: sources: has none, expected at least one such as git or "
	  "github" },
	{ "no name and no url",
	  { { "    - name: shop\n      url: https://git.example.org/shop.git",
	      "    - every: 1h" } },
	  "dorad.yaml:5: sources.git[0].name: is missing, expected a name\n"
	  "dorad.yaml:5: sources.git[0].url: is missing, expected the url of a "
	  "repository" },
	{ "an org without a name",
	  { { "  - name: acme", "  - time_zone: UTC" } },
	  "dorad.yaml:8: orgs[0].name: is missing, expected a name" },
	{ "a team without an org",
	  { { "    org: acme\n", "" } },
	  "dorad.yaml:10: teams[0].org: is missing, expected a name" },
	{ "a service without anything",
	  { { "  - name: shop\n    team: checkout\n    components:\n      - repository: "
	      "shop\n    deployments:\n      - from: tags\n",
	      "  - {}\n" } },
	  "dorad.yaml:13: services[0].name: is missing, expected a name\n"
	  "dorad.yaml:13: services[0].team: is missing, expected a name\n"
	  "dorad.yaml:13: services[0].components: is missing, expected a list\n"
	  "dorad.yaml:13: services[0].deployments: is missing, expected a list" },
	{ "a rule without from",
	  { { "      - from: tags", "      - tags: [v*]" } },
	  "dorad.yaml:18: services[0].deployments[0].from: is missing, expected tags, "
	  "trunk, heads, file, deployments, jobs, runs, releases or push" },
	{ "a component without a repository",
	  { { "      - repository: shop", "      - paths: [a/**]" } },
	  "dorad.yaml:16: services[0].components[0].repository: is missing, expected a "
	  "name" },
	{ "a group without environments",
	  { { "      - from: tags",
	      "      - from: tags\n    production:\n      - name: production" } },
	  "dorad.yaml:20: services[0].production[0].environments: is missing, expected a "
	  "list" },
	{ "a key without a value",
	  { { "    org: acme", "    org:" } },
	  "dorad.yaml:11: teams[0].org: has no value, expected a name" },
	{ "a list without a value",
	  { { "      - from: tags", "      - from: tags\n        tags:" } },
	  "dorad.yaml:19: services[0].deployments[0].tags: has no value, expected a "
	  "list" },
	{ "a null",
	  { { "    org: acme", "    org: null" } },
	  "dorad.yaml:11: teams[0].org: has no value, expected a name" },
	{ "a list for text",
	  { { "    org: acme", "    org: [acme]" } },
	  "dorad.yaml:11: teams[0].org: is a list, expected a name" },
	{ "a mapping for text",
	  { { "    org: acme", "    org: {name: acme}" } },
	  "dorad.yaml:11: teams[0].org: is a mapping, expected a name" },
	{ "text for a list",
	  { { "      - from: tags", "      - from: tags\n        tags: v*" } },
	  "dorad.yaml:19: services[0].deployments[0].tags: is text, expected a list" },
	{ "text for a mapping",
	  { { "database:\n  uri: postgresql:///dora", "database: hunter2" } },
	  "dorad.yaml:1: database: is text, expected a mapping of uri, password, "
	  "reader_role, devlake_schema" },
	{ "text for a secret",
	  { { "  uri: postgresql:///dora",
	      "  uri: postgresql:///dora\n  password: hunter2" } },
	  "dorad.yaml:3: database.password: is text, expected a mapping of credential, "
	  "file, env" },
	{ "a mapping for a list",
	  { { "  - name: acme", "  name: acme" } },
	  "dorad.yaml:8: orgs: is a mapping, expected a list" },
	{ "text for an entry",
	  { { "  - name: acme", "  - acme" } },
	  "dorad.yaml:8: orgs[0]: is text, expected a mapping of name, time_zone" },
	{ "an empty list",
	  { { "orgs:\n  - name: acme", "orgs: []" } },
	  "dorad.yaml:7: orgs: is an empty list, expected at least 1 entry" },
	{ "an empty list of patterns",
	  { { "      - from: tags", "      - from: tags\n        tags: []" } },
	  "dorad.yaml:19: services[0].deployments[0].tags: is an empty list, expected at "
	  "least 1 entry" },
	{ "an empty name",
	  { { "  - name: acme", "  - name: \"\"" } },
	  "dorad.yaml:8: orgs[0].name: is empty, expected a name" },
	{ "an empty pattern",
	  { { "      - from: tags", "      - from: tags\n        tags: ['']" } },
	  "dorad.yaml:19: services[0].deployments[0].tags[0]: is empty, expected a "
	  "pattern of names" },
	{ "a name that is too long",
	  { { "  - name: acme", "  - name: "
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } },
	  "dorad.yaml:8: orgs[0].name: is too long (101 bytes), expected at most 100" },
	{ "a name with a space",
	  { { "  - name: acme", "  - name: acme inc" } },
	  "dorad.yaml:8: orgs[0].name: \"acme inc\" is not a name, expected letters, "
	  "digits and . _ - / (no part starting with . or -, no \"..\")" },
	{ "a name with a leading dot",
	  { { "  - name: acme", "  - name: .acme" } },
	  "dorad.yaml:8: orgs[0].name: \".acme\" is not a name, expected letters, digits "
	  "and . _ - / (no part starting with . or -, no \"..\")" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_shape", faults, G_N_ELEMENTS(files));
}
