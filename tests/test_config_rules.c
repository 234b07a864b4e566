#include "config_fixture.h"

/* Wrong files: rules of what sources tell. */
#define GITHUB                                                                           \
	{                                                                                \
		"orgs:\n", "  github: [{name: gh, projects: [acme/shop], token: {env: "  \
			   "T}}]\n"                                                      \
			   "orgs:\n"                                                     \
	}
#define TWO_PROJECTS                                                                     \
	{                                                                                \
		"orgs:\n", "  github: [{name: gh, projects: [acme/shop, acme/web], "     \
			   "token: {env: T}}]\n"                                         \
			   "orgs:\n"                                                     \
	}

static const struct wrong_file files[] = {
	{ "jobs without a source and a name",
	  { GITHUB, { "from: tags", "from: jobs" } },
	  "dorad.yaml:19: services[0].deployments[0].source: is missing, expected it "
	  "with \"from: jobs\"\n"
	  "dorad.yaml:19: services[0].deployments[0].jobs: is missing, expected it with "
	  "\"from: jobs\"" },
	{ "deployments without a source",
	  { GITHUB, { "from: tags", "from: deployments" } },
	  "dorad.yaml:19: services[0].deployments[0].source: is missing, expected it "
	  "with \"from: deployments\"" },
	{ "an unknown source near a known one",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gg" } },
	  "dorad.yaml:20: services[0].deployments[0].source: \"gg\" is not in sources, "
	  "did you mean \"gh\"?" },
	{ "an unknown source",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: pagerduty" } },
	  "dorad.yaml:20: services[0].deployments[0].source: \"pagerduty\" is not in "
	  "sources, expected a name from there" },
	{ "a repository as source",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: shop" } },
	  "dorad.yaml:20: services[0].deployments[0].source: \"shop\" (git) has no "
	  "deployments, expected a source that has" },
	{ "jobs of incidents",
	  { { "orgs:\n", "  pagerduty: [{name: pd, token: {env: T}}]\n"
			 "orgs:\n" },
	    { "from: tags", "from: jobs\n"
			    "        source: pd\n"
			    "        jobs: [deploy]" } },
	  "dorad.yaml:20: services[0].deployments[0].source: \"pd\" (pagerduty) has no "
	  "jobs, expected a source that has" },
	{ "runs of a described API of releases",
	  { { "orgs:\n",
	      "  rest: [{name: r, url: 'https://r.example.org', feeds: [{name: f, kind: "
	      "release, path: '/{since}', fields: {id: /id}}]}]\n"
	      "orgs:\n" },
	    { "from: tags", "from: runs\n"
			    "        source: r" } },
	  "dorad.yaml:20: services[0].deployments[0].source: \"r\" (rest) has no runs, "
	  "expected a source that has" },
	{ "releases of a query of incidents",
	  { { "orgs:\n",
	      "  sql: [{name: q, uri: dbname=x, kind: incident, query: SELECT $1}]\n"
	      "orgs:\n" },
	    { "from: tags", "from: releases\n"
			    "        source: q" } },
	  "dorad.yaml:20: services[0].deployments[0].source: \"q\" (sql) has no "
	  "releases, expected a source that has" },
	{ "no project where there are several",
	  { TWO_PROJECTS,
	    { "from: tags", "from: deployments\n"
			    "        source: gh" } },
	  "dorad.yaml:19: services[0].deployments[0].project: is missing, expected one "
	  "because \"gh\" has 2 projects (\"*\": any)" },
	{ "an unknown project near a known one",
	  { TWO_PROJECTS,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        project: acme/shpo" } },
	  "dorad.yaml:21: services[0].deployments[0].project: \"acme/shpo\" is no "
	  "project of \"gh\", did you mean \"acme/shop\"?" },
	{ "an unknown project",
	  { TWO_PROJECTS,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        project: other/thing" } },
	  "dorad.yaml:21: services[0].deployments[0].project: \"other/thing\" is no "
	  "project of \"gh\", expected one of them or \"*\"" },
	{ "a project where there are none",
	  { { "orgs:\n",
	      "  sql: [{name: q, uri: dbname=x, kind: run, query: SELECT $1}]\n"
	      "orgs:\n" },
	    { "from: tags", "from: runs\n"
			    "        source: q\n"
			    "        project: a" } },
	  "dorad.yaml:21: services[0].deployments[0].project: \"a\" is no project of "
	  "\"q\", expected the key left out: it has none" },
	{ "no jobs",
	  { GITHUB,
	    { "from: tags", "from: jobs\n"
			    "        source: gh" } },
	  "dorad.yaml:19: services[0].deployments[0].jobs: is missing, expected it with "
	  "\"from: jobs\"" },
	{ "an expression that does not compile",
	  { GITHUB,
	    { "from: tags", "from: jobs\n"
			    "        source: gh\n"
			    "        jobs: [\"deploy(\"]" } },
	  "dorad.yaml:21: services[0].deployments[0].jobs[0]: \"deploy(\" is not a "
	  "regular expression (at char 7: missing terminating )), expected one such as "
	  "deploy-.*" },
	{ "an expression that ends too soon",
	  { GITHUB,
	    { "from: tags", "from: jobs\n"
			    "        source: gh\n"
			    "        jobs: [\"a)(b\"]" } },
	  "dorad.yaml:21: services[0].deployments[0].jobs[0]: \"a)(b\" is not a regular "
	  "expression (at char 1: missing terminating )), expected one such as "
	  "deploy-.*" },
	{ "an expression that ends in a comment",
	  { GITHUB,
	    { "from: tags", "from: jobs\n"
			    "        source: gh\n"
			    "        jobs: [\"(?x)a # b\"]" } },
	  "dorad.yaml:21: services[0].deployments[0].jobs[0]: \"(?x)a # b\" is not a "
	  "regular expression (it ends within a comment or quotation), expected one such "
	  "as deploy-.*" },
	{ "an expression that is too long",
	  { GITHUB,
	    { "from: tags",
	      "from: jobs\n"
	      "        source: gh\n"
	      "        jobs: "
	      "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]" } },
	  "dorad.yaml:21: services[0].deployments[0].jobs[0]: is too long (501 bytes), "
	  "expected at most 500" },
	{ "a wrong expression of workflows",
	  { GITHUB,
	    { "from: tags", "from: runs\n"
			    "        source: gh\n"
			    "        workflows: [\"[a\"]" } },
	  "dorad.yaml:21: services[0].deployments[0].workflows[0]: \"[a\" is not a "
	  "regular expression (at char 2: missing terminating ] for character class), "
	  "expected one such as deploy-.*" },
	{ "a wrong expression of dry runs",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        skip: [\"*\"]" } },
	  "dorad.yaml:21: services[0].deployments[0].skip[0]: \"*\" is not a regular "
	  "expression (at char 0: nothing to repeat), expected one such as deploy-.*" },
	{ "an empty expression",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        skip: ['']" } },
	  "dorad.yaml:21: services[0].deployments[0].skip[0]: is empty, expected a "
	  "regular expression" },
	{ "a pattern without a group",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        pattern: v.*" } },
	  "dorad.yaml:21: services[0].deployments[0].pattern: \"v.*\" has no group, "
	  "expected one with a group such as v(.*)" },
	{ "a pattern with a group that captures nothing",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        pattern: \"v(?:.*)\"" } },
	  "dorad.yaml:21: services[0].deployments[0].pattern: \"v(?:.*)\" has no group, "
	  "expected one with a group such as v(.*)" },
	{ "a pattern that does not compile",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        pattern: \"v(.*\"" } },
	  "dorad.yaml:21: services[0].deployments[0].pattern: \"v(.*\" is not a regular "
	  "expression (at char 4: missing terminating )), expected one with a group such "
	  "as v(.*)" },
	{ "keys of jobs with deployments",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        jobs: [a]\n"
			    "        workflows: [b]\n"
			    "        names: [c]" } },
	  "dorad.yaml:21: services[0].deployments[0].jobs: does not fit \"from: "
	  "deployments\", expected it with jobs only\n"
	  "dorad.yaml:22: services[0].deployments[0].workflows: does not fit \"from: "
	  "deployments\", expected it with jobs and runs only\n"
	  "dorad.yaml:23: services[0].deployments[0].names: does not fit \"from: "
	  "deployments\", expected it with push only" },
	{ "keys of deployments with releases",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        environments: [a]\n"
			    "        branches: [b]" } },
	  "dorad.yaml:21: services[0].deployments[0].environments: does not fit \"from: "
	  "releases\", expected it with deployments, jobs and push only\n"
	  "dorad.yaml:22: services[0].deployments[0].branches: does not fit \"from: "
	  "releases\", expected it with heads, deployments, jobs and runs only" },
	{ "keys of items with tags",
	  { GITHUB,
	    { "from: tags", "from: tags\n"
			    "        source: gh\n"
			    "        project: a\n"
			    "        skip: [b]\n"
			    "        revision: ref\n"
			    "        pattern: (a)" } },
	  "dorad.yaml:20: services[0].deployments[0].source: does not fit \"from: "
	  "tags\", expected it with deployments, jobs, runs and releases only\n"
	  "dorad.yaml:21: services[0].deployments[0].project: does not fit \"from: "
	  "tags\", expected it with deployments, jobs, runs and releases only\n"
	  "dorad.yaml:22: services[0].deployments[0].skip: does not fit \"from: tags\", "
	  "expected it with deployments, jobs, runs, releases and push only\n"
	  "dorad.yaml:23: services[0].deployments[0].revision: does not fit \"from: "
	  "tags\", expected it with deployments, jobs, runs, releases and push only\n"
	  "dorad.yaml:24: services[0].deployments[0].pattern: does not fit \"from: "
	  "tags\", expected it with deployments, jobs, runs, releases and push only" },
	{ "keys of repositories with runs",
	  { GITHUB,
	    { "from: tags", "from: runs\n"
			    "        source: gh\n"
			    "        tags: [a]\n"
			    "        except: [b]\n"
			    "        each: day\n"
			    "        file: c\n"
			    "        branch: d" } },
	  "dorad.yaml:21: services[0].deployments[0].tags: does not fit \"from: runs\", "
	  "expected it with tags only\n"
	  "dorad.yaml:22: services[0].deployments[0].except: does not fit \"from: "
	  "runs\", expected it with tags and heads only\n"
	  "dorad.yaml:23: services[0].deployments[0].each: does not fit \"from: runs\", "
	  "expected it with trunk only\n"
	  "dorad.yaml:24: services[0].deployments[0].file: does not fit \"from: runs\", "
	  "expected it with file only\n"
	  "dorad.yaml:25: services[0].deployments[0].branch: does not fit \"from: "
	  "runs\", expected it with trunk and file only" },
	{ "a source with push",
	  { GITHUB,
	    { "from: tags", "from: push\n"
			    "        source: gh\n"
			    "        workflows: [a]" } },
	  "dorad.yaml:20: services[0].deployments[0].source: does not fit \"from: "
	  "push\", expected it with deployments, jobs, runs and releases only\n"
	  "dorad.yaml:21: services[0].deployments[0].workflows: does not fit \"from: "
	  "push\", expected it with jobs and runs only" },
	{ "an unknown revision near a known one",
	  { GITHUB,
	    { "from: tags", "from: releases\n"
			    "        source: gh\n"
			    "        revision: verson" } },
	  "dorad.yaml:21: services[0].deployments[0].revision: \"verson\" is unknown, "
	  "did you mean \"version\"? (sha, ref, version, image or file)" },
	{ "a file's revision without the file",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        revision: file" } },
	  "dorad.yaml:19: services[0].deployments[0].manifest: is missing, expected it "
	  "with \"revision: file\"\n"
	  "dorad.yaml:19: services[0].deployments[0].manifest_repository: is missing, "
	  "expected it with \"revision: file\"\n"
	  "dorad.yaml:19: services[0].deployments[0].pattern: is missing, expected it "
	  "with \"revision: file\"" },
	{ "a file without its repository",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        revision: file\n"
			    "        manifest: a.yaml\n"
			    "        pattern: (a)" } },
	  "dorad.yaml:19: services[0].deployments[0].manifest_repository: is missing, "
	  "expected it with \"revision: file\"" },
	{ "a file where the source tells",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        manifest: a.yaml\n"
			    "        manifest_repository: shop" } },
	  "dorad.yaml:21: services[0].deployments[0].manifest: does not fit, expected it "
	  "with \"revision: file\" only\n"
	  "dorad.yaml:22: services[0].deployments[0].manifest_repository: does not fit, "
	  "expected it with \"revision: file\" only" },
	{ "a file beyond its repository",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        revision: file\n"
			    "        manifest: ../a\n"
			    "        manifest_repository: shop\n"
			    "        pattern: (a)" } },
	  "dorad.yaml:22: services[0].deployments[0].manifest: \"../a\" is not a file in "
	  "the repository, expected a path relative to its top such as "
	  "deployments.jsonl" },
	{ "a file of an unknown repository",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        revision: file\n"
			    "        manifest: a\n"
			    "        manifest_repository: shpo\n"
			    "        pattern: (a)" } },
	  "dorad.yaml:23: services[0].deployments[0].manifest_repository: \"shpo\" is "
	  "not in sources.git, did you mean \"shop\"?" },
	{ "environments that are nowhere production",
	  { GITHUB,
	    { "from: tags", "from: deployments\n"
			    "        source: gh\n"
			    "        environments: [prod-*, live]" } },
	  "dorad.yaml:21: services[0].deployments[0].environments: fit no environment of "
	  "the service's production groups, expected \"environment: production\" to call "
	  "them so, or a group of them" },
	{ "an environment in no group",
	  { GITHUB,
	    { "from: tags", "from: jobs\n"
			    "        source: gh\n"
			    "        jobs: [a]\n"
			    "        environment: staging" } },
	  "dorad.yaml:22: services[0].deployments[0].environment: \"staging\" is in no "
	  "production group of the service, expected one that is" },
	{ "several components",
	  { GITHUB,
	    { "git.example.org/shop.git\n",
	      "git.example.org/shop.git\n"
	      "    - {name: lib, url: 'https://git.example.org/lib.git'}\n" },
	    { "      - repository: shop\n", "      - repository: shop\n"
					    "      - repository: lib\n" },
	    { "from: tags", "from: jobs\n"
			    "        source: gh\n"
			    "        jobs: [a]" } },
	  "dorad.yaml:21: services[0].deployments[0].repository: is missing, expected "
	  "one because the service has 2 components" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_rules", faults, G_N_ELEMENTS(files));
}
