#include "config_fixture.h"

/* Wrong files: systems with an API, and queries. */
static const struct wrong_file files[] = {
	{ "an unknown system near a known one",
	  { { "orgs:\n", "  githb: []\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: sources.githb: is not a known key, did you mean \"github\"?" },
	{ "a system without an entry",
	  { { "orgs:\n", "  github: []\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: sources.github: is an empty list, expected at least 1 entry" },
	{ "no projects",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: sources.github[0].projects: is missing, expected repositories "
	  "such as acme/shop" },
	{ "a project of another form",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop, shop]\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.github[0].projects[1]: \"shop\" does not fit, expected "
	  "repositories such as acme/shop" },
	{ "a key of other systems",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      query: x\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].query: is not for github, expected one of "
	  "name, url, token, app, ca_file, projects, labels, types, debt_labels, read, "
	  "history, every" },
	{ "labels for a system without",
	  { { "orgs:\n", "  pagerduty:\n"
			 "    - name: x\n"
			 "      labels: [a]\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.pagerduty[0].labels: is not for pagerduty, expected one "
	  "of name, url, token, ca_file, projects, read, history, every" },
	{ "a url that is not encrypted",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      url: http://ghe.example.org/api/v3\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].url: is not encrypted, expected https:// "
	  "(http:// is for this machine's loopback only)" },
	{ "credentials in a url",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      url: https://bot:hunter2@ghe.example.org/api/v3\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].url: has credentials in it, expected "
	  "username and token instead" },
	{ "a query in a url",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      url: https://ghe.example.org/api/v3?token=hunter2\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].url: has a query or fragment, expected a "
	  "plain path after the host" },
	{ "a url of ssh",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      url: ssh://ghe.example.org\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].url: the value is not the url of an API, "
	  "expected https:// and a host" },
	{ "a url without a host",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      url: https:///api\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].url: has no usable host name, expected for "
	  "example https://api.example.org/v1" },
	{ "no url where there is no usual one",
	  { { "orgs:\n", "  jira:\n"
			 "    - name: x\n"
			 "      projects: [INC]\n"
			 "      query: type = Incident\n"
			 "      username: a@b\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: sources.jira[0].url: is missing, expected where the API of jira "
	  "is" },
	{ "no token",
	  { { "orgs:\n", "  pagerduty:\n"
			 "    - name: x\n"
			 "      every: 1m\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: sources.pagerduty[0].token: is missing, expected where the "
	  "token is" },
	{ "a token and an app",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      app: {id: '1', installation: '2', key: {env: K}}\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].app: is beside token, expected one of the "
	  "two" },
	{ "neither token nor app",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: sources.github[0].token: is missing, expected either token or "
	  "app" },
	{ "an app for another system",
	  { { "orgs:\n", "  pagerduty:\n"
			 "    - name: x\n"
			 "      app: {id: '1', installation: '2', key: {env: K}}\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.pagerduty[0].app: is not for pagerduty, expected one of "
	  "name, url, token, ca_file, projects, read, history, every" },
	{ "an app without anything",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      app: {}\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.github[0].app.id: is missing, expected a name\n"
	  "dorad.yaml:10: sources.github[0].app.installation: is missing, expected a "
	  "number\n"
	  "dorad.yaml:10: sources.github[0].app.key: is missing, expected a mapping of "
	  "credential, file, env" },
	{ "an app whose key is in no place",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      app: {id: '1', installation: '2', key: {}}\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.github[0].app.key: names no place, expected one of "
	  "credential, file or env" },
	{ "an installation that is no number",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      app: {id: '1', installation: acme, key: {env: K}}\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.github[0].app.installation: \"acme\" is not a number, "
	  "expected digits" },
	{ "a username where there is none",
	  { { "orgs:\n", "  pagerduty:\n"
			 "    - name: x\n"
			 "      username: bot\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.pagerduty[0].username: is not for pagerduty, expected "
	  "one of name, url, token, ca_file, projects, read, history, every" },
	{ "no username where there must be one",
	  { { "orgs:\n", "  jira:\n"
			 "    - name: x\n"
			 "      url: https://acme.atlassian.net\n"
			 "      projects: [INC]\n"
			 "      query: type = Incident\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: sources.jira[0].username: is missing, expected the e-mail "
	  "address that the API token belongs to such as dora@example.com" },
	{ "a username of another form",
	  { { "orgs:\n", "  jira:\n"
			 "    - name: x\n"
			 "      url: https://acme.atlassian.net\n"
			 "      projects: [INC]\n"
			 "      query: type = Incident\n"
			 "      username: bot\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:12: sources.jira[0].username: \"bot\" does not fit, expected the "
	  "e-mail address that the API token belongs to such as dora@example.com" },
	{ "a username without a token",
	  { { "orgs:\n", "  alertmanager:\n"
			 "    - name: x\n"
			 "      url: https://am.example.org\n"
			 "      username: bot\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.alertmanager[0].username: has no token beside it, "
	  "expected both or none" },
	{ "an unknown feed near a known one",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      read: [run]\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].read[0]: \"run\" is no feed of github, did "
	  "you mean \"runs\"? (runs, deployments, changes, releases, incidents, debt)" },
	{ "an unknown feed",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      read: [tickets]\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].read[0]: \"tickets\" is no feed of github, "
	  "expected one of runs, deployments, changes, releases, incidents, debt" },
	{ "a feed twice",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      read: [runs, runs]\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].read[1]: \"runs\" is in the list already, "
	  "expected it once" },
	{ "a project twice",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop, acme/web, acme/shop]\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.github[0].projects[2]: \"acme/shop\" is in the list "
	  "already, expected it once" },
	{ "a project with a control character",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [\"a\\tb\"]\n"
			 "      token: {env: T}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.github[0].projects[0]: \"a\\u0009b\" is not a line of "
	  "text, expected no control characters" },
	{ "a token in two places",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T, file: /t}\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.github[0].token: names several places, expected one of "
	  "credential, file or env" },
	{ "a token in the file",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: hunter2\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.github[0].token: is text, expected a mapping of "
	  "credential, file, env" },
	{ "polls too often",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      every: 1s\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].every: \"1s\" is out of range, expected from "
	  "10s to 1d" },
	{ "too little history",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      history: 12h\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].history: \"12h\" is out of range, expected "
	  "from 1d to 3650d" },
	{ "too much history",
	  { { "orgs:\n", "  github:\n"
			 "    - name: gh\n"
			 "      projects: [acme/shop]\n"
			 "      token: {env: T}\n"
			 "      history: 9999w\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.github[0].history: \"9999w\" is out of range, expected "
	  "from 1d to 3650d" },
	{ "an API by the name of a repository",
	  { { "orgs:\n",
	      "  github: [{name: shop, projects: [acme/shop], token: {env: T}}]\n"
	      "orgs:\n" } },
	  "dorad.yaml:7: sources.github[0].name: \"shop\" is taken by sources.git[0] "
	  "(line 5), expected another name" },
	{ "two APIs of a name",
	  { { "orgs:\n",
	      "  github: [{name: gh, projects: [acme/shop], token: {env: T}}]\n"
	      "  pagerduty: [{name: gh, token: {env: T}}]\n"
	      "orgs:\n" } },
	  "dorad.yaml:8: sources.pagerduty[0].name: \"gh\" is taken by sources.github[0] "
	  "(line 7), expected another name" },
	{ "two APIs of a name in one list",
	  { { "orgs:\n", "  pagerduty:\n"
			 "    - {name: pd, token: {env: T}}\n"
			 "    - {name: pd, token: {env: U}}\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.pagerduty[1].name: \"pd\" is taken by "
	  "sources.pagerduty[0] (line 8), expected another name" },
	{ "a query by the name of an API",
	  { { "orgs:\n",
	      "  github: [{name: gh, projects: [acme/shop], token: {env: T}}]\n"
	      "  sql: [{name: gh, uri: dbname=x, kind: incident, query: SELECT $1}]\n"
	      "orgs:\n" } },
	  "dorad.yaml:8: sources.sql[0].name: \"gh\" is taken by sources.github[0] (line "
	  "7), expected another name" },
	{ "a source by the name of the push server",
	  { { "orgs:\n", "  pagerduty: [{name: push, token: {env: T}}]\n"
			 "push: {listen: /s, clients: [{name: a, token: {env: T}}]}\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: sources.pagerduty[0].name: \"push\" is taken by push (line 8), "
	  "expected another name" },
	{ "a source by the name of what is pushed",
	  { { "orgs:\n", "  pagerduty: [{name: push, token: {env: T}}]\n"
			 "orgs:\n" },
	    { "from: tags", "from: push" } },
	  "dorad.yaml:7: sources.pagerduty[0].name: \"push\" is taken by "
	  "services[0].deployments[0] (line 19), expected another name" },
	{ "no repositories where one is asked for",
	  { { "  git:\n    - name: shop\n      url: https://git.example.org/shop.git\n",
	      "  github: [{name: gh, projects: [acme/shop], token: {env: T}}]\n" } },
	  "dorad.yaml:14: services[0].components[0].repository: \"shop\" is not in "
	  "sources.git, expected a name from there" },
	{ "a query of an unknown kind",
	  { { "orgs:\n", "  sql:\n"
			 "    - name: x\n"
			 "      uri: dbname=x\n"
			 "      kind: incidents\n"
			 "      query: SELECT $1\n"
			 "orgs:\n" } },
	  "dorad.yaml:10: sources.sql[0].kind: \"incidents\" is not a kind of item, "
	  "expected deployment, run, job, release, change, incident, artifact or debt" },
	{ "a query with a password",
	  { { "orgs:\n", "  sql:\n"
			 "    - name: x\n"
			 "      uri: postgresql://u:hunter2@h/d\n"
			 "      kind: incident\n"
			 "      query: SELECT $1\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.sql[0].uri: has a password in it, expected it in "
	  "password" },
	{ "a query's password file",
	  { { "orgs:\n", "  sql:\n"
			 "    - name: x\n"
			 "      uri: dbname=x passfile=/hunter2\n"
			 "      kind: incident\n"
			 "      query: SELECT $1\n"
			 "orgs:\n" } },
	  "dorad.yaml:9: sources.sql[0].uri: names a password file, expected password" },
	{ "a query's password in two places",
	  { { "orgs:\n", "  sql:\n"
			 "    - name: x\n"
			 "      uri: dbname=x\n"
			 "      kind: incident\n"
			 "      query: SELECT $1\n"
			 "      password: {env: P, file: /p}\n"
			 "orgs:\n" } },
	  "dorad.yaml:12: sources.sql[0].password: names several places, expected one of "
	  "credential, file or env" },
	{ "a query of everything",
	  { { "orgs:\n", "  sql:\n"
			 "    - name: x\n"
			 "      uri: dbname=x\n"
			 "      kind: incident\n"
			 "      query: SELECT $10\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.sql[0].query: the value is not a query of changes, "
	  "expected $1 in it, the instant since which changes are wanted" },
	{ "a query without anything",
	  { { "orgs:\n", "  sql:\n"
			 "    - name: x\n"
			 "      every: 1m\n"
			 "orgs:\n" } },
	  "dorad.yaml:8: sources.sql[0].uri: is missing, expected a connection string\n"
	  "dorad.yaml:8: sources.sql[0].kind: is missing, expected a kind of item\n"
	  "dorad.yaml:8: sources.sql[0].query: is missing, expected a query of changes" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_sources", faults, G_N_ELEMENTS(files));
}
