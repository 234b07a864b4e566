#include "config_fixture.h"

/* Wrong files: names, references and keys that do not fit each other. */
static const struct wrong_file files[] = {
	{ "a path that is not allowed",
	  { { "https://git.example.org/shop.git", "/srv/git/shop.git" } },
	  "dorad.yaml:5: sources.git[0].allow_file: is not set, expected \"allow_file: "
	  "true\" with a path of this machine" },
	{ "a file url that is not allowed",
	  { { "https://git.example.org/shop.git", "file:///srv/git/shop.git" } },
	  "dorad.yaml:5: sources.git[0].allow_file: is not set, expected \"allow_file: "
	  "true\" with a path of this machine" },
	{ "allow_file beside https",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      allow_file: true" } },
	  "dorad.yaml:7: sources.git[0].allow_file: does not fit the url, expected it "
	  "with a path of this machine only" },
	{ "ssh without key and hosts",
	  { { "https://git.example.org/shop.git", "git@git.example.org:shop.git" } },
	  "dorad.yaml:5: sources.git[0].ssh_key: is missing, expected it with an ssh "
	  "url\n"
	  "dorad.yaml:5: sources.git[0].known_hosts: is missing, expected it with an ssh "
	  "url" },
	{ "an ssh key from the environment",
	  { { "https://git.example.org/shop.git",
	      "git@git.example.org:shop.git\n      ssh_key: {env: KEY}\n      "
	      "known_hosts: /h" } },
	  "dorad.yaml:7: sources.git[0].ssh_key: is in the environment, which ssh cannot "
	  "read, expected credential or file" },
	{ "a token beside ssh",
	  { { "https://git.example.org/shop.git",
	      "ssh://git@git.example.org/shop.git\n      ssh_key: {file: /k}\n      "
	      "known_hosts: /h\n      token: {file: /t}" } },
	  "dorad.yaml:9: sources.git[0].token: does not fit the url, expected it with an "
	  "https:// url only" },
	{ "ssh keys beside https",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      ssh_key: {file: /k}\n      "
	      "known_hosts: /h" } },
	  "dorad.yaml:7: sources.git[0].ssh_key: does not fit the url, expected it with "
	  "an ssh url only\n"
	  "dorad.yaml:8: sources.git[0].known_hosts: does not fit the url, expected it "
	  "with an ssh url only" },
	{ "a username without a token",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      username: bot" } },
	  "dorad.yaml:7: sources.git[0].username: has no token beside it, expected both "
	  "or none" },
	{ "a CA file beside ssh",
	  { { "https://git.example.org/shop.git",
	      "ssh://git@git.example.org/shop.git\n      ssh_key: {file: /k}\n      "
	      "known_hosts: /h\n      ca_file: /c" } },
	  "dorad.yaml:9: sources.git[0].ca_file: does not fit the url, expected it with "
	  "an https:// url only" },
	{ "a secret in two places",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      token: {file: /t, env: T}" } },
	  "dorad.yaml:7: sources.git[0].token: names several places, expected one of "
	  "credential, file or env" },
	{ "a secret in no place",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      token: {}" } },
	  "dorad.yaml:7: sources.git[0].token: names no place, expected one of "
	  "credential, file or env" },
	{ "a password as parameter of the URI",
	  { { "postgresql:///dora", "postgresql://db/dora?password=hunter2" } },
	  "dorad.yaml:2: database.uri: has a password in it, expected it in "
	  "database.password" },
	{ "a database secret in two places",
	  { { "postgresql:///dora",
	      "postgresql:///dora\n  password: {credential: a, file: /b}" } },
	  "dorad.yaml:3: database.password: names several places, expected one of "
	  "credential, file or env" },
	{ "an author key in no place",
	  { { "orgs:\n", "privacy: {author_key: {}}\norgs:\n" } },
	  "dorad.yaml:7: privacy.author_key: names no place, expected one of credential, "
	  "file or env" },
	{ "an unknown team near a known one",
	  { { "team: checkout", "team: chekout" } },
	  "dorad.yaml:14: services[0].team: \"chekout\" is not in teams, did you mean "
	  "\"checkout\"?" },
	{ "an unknown team",
	  { { "team: checkout", "team: payments" } },
	  "dorad.yaml:14: services[0].team: \"payments\" is not in teams, expected a "
	  "name from there" },
	{ "an unknown org",
	  { { "    org: acme", "    org: acmee" } },
	  "dorad.yaml:11: teams[0].org: \"acmee\" is not in orgs, did you mean "
	  "\"acme\"?" },
	{ "an unknown repository in a component",
	  { { "repository: shop", "repository: shpo" } },
	  "dorad.yaml:16: services[0].components[0].repository: \"shpo\" is not in "
	  "sources.git, did you mean \"shop\"?" },
	{ "an unknown repository in a rule",
	  { { "from: tags", "from: tags\n        repository: sjop" } },
	  "dorad.yaml:19: services[0].deployments[0].repository: \"sjop\" is not in "
	  "sources.git, did you mean \"shop\"?" },
	{ "two services of a name",
	  { { "services:\n", "services:\n  - {name: shop, team: checkout, components: "
			     "[{repository: shop}], deployments: [{from: tags}]}\n" } },
	  "dorad.yaml:14: services[1].name: \"shop\" is taken by services[0] (line 13), "
	  "expected another name" },
	{ "two orgs and two teams of a name",
	  { { "teams:\n", "  - name: acme\nteams:\n  - {name: checkout, org: acme}\n" } },
	  "dorad.yaml:9: orgs[1].name: \"acme\" is taken by orgs[0] (line 8), expected "
	  "another name\n"
	  "dorad.yaml:12: teams[1].name: \"checkout\" is taken by teams[0] (line 11), "
	  "expected another name" },
	{ "two repositories of a name",
	  { { "orgs:\n",
	      "    - {name: shop, url: 'https://git.example.org/b.git'}\norgs:\n" } },
	  "dorad.yaml:7: sources.git[1].name: \"shop\" is taken by sources.git[0] (line "
	  "5), expected another name" },
	{ "a repository twice in a service",
	  { { "      - repository: shop", "      - repository: shop\n      - repository: "
					  "shop\n        paths: [lib/**]" } },
	  "dorad.yaml:17: services[0].components[1].repository: \"shop\" is "
	  "components[0] already, expected it once with all its paths\n"
	  "dorad.yaml:20: services[0].deployments[0].repository: is missing, expected "
	  "one because the service has 2 components" },
	{ "each with tags",
	  { { "from: tags", "from: tags\n        each: day" } },
	  "dorad.yaml:19: services[0].deployments[0].each: does not fit \"from: tags\", "
	  "expected it with trunk only" },
	{ "tags with trunk",
	  { { "from: tags", "from: trunk\n        tags: [v*]\n        except: [w*]\n     "
			    "   finished: tagged" } },
	  "dorad.yaml:19: services[0].deployments[0].tags: does not fit \"from: trunk\", "
	  "expected it with tags only\n"
	  "dorad.yaml:20: services[0].deployments[0].except: does not fit \"from: "
	  "trunk\", expected it with tags and heads only\n"
	  "dorad.yaml:21: services[0].deployments[0].finished: does not fit \"from: "
	  "trunk\", expected it with tags only" },
	{ "heads without branches",
	  { { "from: tags", "from: heads" } },
	  "dorad.yaml:18: services[0].deployments[0].branches: is missing, expected it "
	  "with \"from: heads\"" },
	{ "heads with branch",
	  { { "from: tags", "from: heads\n        branch: main" } },
	  "dorad.yaml:18: services[0].deployments[0].branches: is missing, expected it "
	  "with \"from: heads\"\n"
	  "dorad.yaml:19: services[0].deployments[0].branch: does not fit \"from: "
	  "heads\", expected it with trunk and file only" },
	{ "file without file",
	  { { "from: tags", "from: file" } },
	  "dorad.yaml:18: services[0].deployments[0].file: is missing, expected it with "
	  "\"from: file\"" },
	{ "a file with tags",
	  { { "from: tags", "from: tags\n        file: a.jsonl" } },
	  "dorad.yaml:19: services[0].deployments[0].file: does not fit \"from: tags\", "
	  "expected it with file only" },
	{ "an environment in no group",
	  { { "from: tags", "from: tags\n        environment: staging" } },
	  "dorad.yaml:19: services[0].deployments[0].environment: \"staging\" is in no "
	  "production group of the service, expected one that is" },
	{ "an environment of two groups",
	  { { "      - from: tags",
	      "      - from: tags\n        environment: eu\n    production:\n      - "
	      "{name: a, environments: [eu]}\n      - {name: b, environments: [eu]}" } },
	  "dorad.yaml:22: services[0].production[1].environments[0]: \"eu\" is in a "
	  "production group already, expected it once" },
	{ "two groups of a name",
	  { { "      - from: tags",
	      "      - {from: tags, environment: eu}\n      - {from: trunk, environment: "
	      "us}\n    production:\n      - {name: a, environments: [eu]}\n      - "
	      "{name: a, environments: [us]}" } },
	  "dorad.yaml:22: services[0].production[1].name: \"a\" is taken by "
	  "services[0].production[0] (line 21), expected another name" },
	{ "an environment that nothing is deployed to",
	  { { "      - from: tags",
	      "      - from: tags\n        environment: eu\n    production:\n      - "
	      "{name: a, environments: [eu, us]}" } },
	  "dorad.yaml:21: services[0].production[0].environments[1]: no rule of "
	  "deployments has the environment \"us\", expected one" },
	{ "a rule that does not say which component",
	  { { "orgs:\n",
	      "    - {name: lib, url: 'https://git.example.org/lib.git'}\norgs:\n" },
	    { "      - repository: shop",
	      "      - repository: shop\n      - repository: lib" } },
	  "dorad.yaml:20: services[0].deployments[0].repository: is missing, expected "
	  "one because the service has 2 components" },
	{ "a rule for a repository that is no component",
	  { { "orgs:\n",
	      "    - {name: lib, url: 'https://git.example.org/lib.git'}\norgs:\n" },
	    { "from: tags", "from: tags\n        repository: lib" } },
	  "dorad.yaml:20: services[0].deployments[0].repository: \"lib\" is no component "
	  "of the service, expected one that is" },
	{ "wrong keys, types and references at once",
	  { { "from: tags", "from: tags\n        tags: v*" },
	    { "team: checkout", "team: chekout" },
	    { "    org: acme", "    org: acme\n    tz: UTC" },
	    { "services:\n", "  - {name: checkout, org: acne}\nservices:\n" } },
	  "dorad.yaml:12: teams[0].tz: is not a known key, expected one of name, org, "
	  "time_zone, calendar\n"
	  "dorad.yaml:13: teams[1].name: \"checkout\" is taken by teams[0] (line 10), "
	  "expected another name\n"
	  "dorad.yaml:13: teams[1].org: \"acne\" is not in orgs, did you mean \"acme\"?\n"
	  "dorad.yaml:16: services[0].team: \"chekout\" is not in teams, did you mean "
	  "\"checkout\"?\n"
	  "dorad.yaml:21: services[0].deployments[0].tags: is text, expected a list" },
	{ "faults all over",
	  { { "team: checkout", "team: nobody" },
	    { "    org: acme", "    org: acne" },
	    { "https://git.example.org/shop.git", "/srv/shop.git" },
	    { "from: tags", "from: heads\n        environment: staging" } },
	  "dorad.yaml:5: sources.git[0].allow_file: is not set, expected \"allow_file: "
	  "true\" with a path of this machine\n"
	  "dorad.yaml:11: teams[0].org: \"acne\" is not in orgs, did you mean \"acme\"?\n"
	  "dorad.yaml:14: services[0].team: \"nobody\" is not in teams, expected a name "
	  "from there\n"
	  "dorad.yaml:18: services[0].deployments[0].branches: is missing, expected it "
	  "with \"from: heads\"\n"
	  "dorad.yaml:19: services[0].deployments[0].environment: \"staging\" is in no "
	  "production group of the service, expected one that is" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_fit", faults, G_N_ELEMENTS(files));
}
