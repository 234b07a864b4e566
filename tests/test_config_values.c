#include "config_fixture.h"

/* Wrong files: values that are wrong by themselves. */
static const struct wrong_file files[] = {
	{ "a name that climbs",
	  { { "    - name: shop", "    - name: a/../b" } },
	  "dorad.yaml:5: sources.git[0].name: \"a/../b\" is not a name, expected "
	  "letters, digits and . _ - / (no part starting with . or -, no \"..\")" },
	{ "a name with control characters",
	  { { "  - name: acme", "  - name: \"ac\\e[2Jme\"" } },
	  "dorad.yaml:8: orgs[0].name: \"ac\\u001b[2Jme\" is not a name, expected "
	  "letters, digits and . _ - / (no part starting with . or -, no \"..\")" },
	{ "no time zone",
	  { { "    team: checkout", "    team: checkout\n    time_zone: Europe/Berln" } },
	  "dorad.yaml:15: services[0].time_zone: \"Europe/Berln\" is not a time zone, "
	  "expected an IANA name such as Europe/Berlin" },
	{ "an offset as time zone",
	  { { "  - name: acme", "  - name: acme\n    time_zone: +02:00" } },
	  "dorad.yaml:9: orgs[0].time_zone: \"+02:00\" is not a time zone, expected an "
	  "IANA name such as Europe/Berlin" },
	{ "a time zone that climbs",
	  { { "  - name: acme", "  - name: acme\n    time_zone: ../../etc/passwd" } },
	  "dorad.yaml:9: orgs[0].time_zone: \"../../etc/passwd\" is not a time zone, "
	  "expected an IANA name such as Europe/Berlin" },
	{ "a time zone with leap seconds",
	  { { "  - name: acme", "  - name: acme\n    time_zone: right/UTC" } },
	  "dorad.yaml:9: orgs[0].time_zone: \"right/UTC\" is not a time zone, expected "
	  "an IANA name such as Europe/Berlin" },
	{ "a number without its unit",
	  { { "orgs:\n", "schedule:\n  every: 300\norgs:\n" } },
	  "dorad.yaml:8: schedule.every: \"300\" is not a duration, expected a number "
	  "with s, m, h, d or w such as 5m" },
	{ "a sum of durations",
	  { { "orgs:\n", "schedule:\n  every: 1h30m\norgs:\n" } },
	  "dorad.yaml:8: schedule.every: \"1h30m\" is not a duration, expected a number "
	  "with s, m, h, d or w such as 5m" },
	{ "a duration that is too short",
	  { { "orgs:\n", "schedule:\n  every: 9s\norgs:\n" } },
	  "dorad.yaml:8: schedule.every: \"9s\" is out of range, expected from 10s to "
	  "1d" },
	{ "a duration that is too long",
	  { { "orgs:\n", "schedule:\n  timeout: 7h\norgs:\n" } },
	  "dorad.yaml:8: schedule.timeout: \"7h\" is out of range, expected from 5s to "
	  "6h" },
	{ "a duration that overflows",
	  { { "orgs:\n", "schedule:\n  timeout: 99999999999999999999w\norgs:\n" } },
	  "dorad.yaml:8: schedule.timeout: is too long (21 bytes), expected at most 20" },
	{ "a duration of a repository",
	  { { "      url:", "      timeout: 4s\n      url:" } },
	  "dorad.yaml:6: sources.git[0].timeout: \"4s\" is out of range, expected from "
	  "5s to 6h" },
	{ "no workers",
	  { { "orgs:\n", "schedule: {workers: 0}\norgs:\n" } },
	  "dorad.yaml:7: schedule.workers: \"0\" is out of range, expected a number from "
	  "1 to 64" },
	{ "too many workers",
	  { { "orgs:\n", "schedule: {workers: 65}\norgs:\n" } },
	  "dorad.yaml:7: schedule.workers: \"65\" is out of range, expected a number "
	  "from 1 to 64" },
	{ "workers in words",
	  { { "orgs:\n", "schedule: {workers: many}\norgs:\n" } },
	  "dorad.yaml:7: schedule.workers: \"many\" is not a number, expected a number "
	  "from 1 to 64" },
	{ "a quoted number",
	  { { "orgs:\n", "schedule: {workers: '4'}\norgs:\n" } },
	  "dorad.yaml:7: schedule.workers: \"4\" is text in quotes, expected a number "
	  "from 1 to 64" },
	{ "an octal number",
	  { { "orgs:\n", "schedule: {workers: 010}\norgs:\n" } },
	  "dorad.yaml:7: schedule.workers: \"010\" is not a number, expected a number "
	  "from 1 to 64" },
	{ "a negative number",
	  { { "orgs:\n", "privacy: {minimum_authors: -1}\norgs:\n" } },
	  "dorad.yaml:7: privacy.minimum_authors: \"-1\" is not a number, expected a "
	  "number from 0 to 1000" },
	{ "a fraction",
	  { { "orgs:\n", "privacy: {minimum_authors: 2.5}\norgs:\n" } },
	  "dorad.yaml:7: privacy.minimum_authors: \"2.5\" is not a number, expected a "
	  "number from 0 to 1000" },
	{ "a number that overflows",
	  { { "orgs:\n", "privacy: {minimum_authors: 4294967299}\norgs:\n" } },
	  "dorad.yaml:7: privacy.minimum_authors: \"4294967299\" is out of range, "
	  "expected a number from 0 to 1000" },
	{ "yes for true",
	  { { "      url:", "      allow_file: yes\n      url:" } },
	  "dorad.yaml:6: sources.git[0].allow_file: \"yes\" is not a truth value, "
	  "expected true or false" },
	{ "a quoted true",
	  { { "      url:", "      allow_file: 'true'\n      url:" } },
	  "dorad.yaml:6: sources.git[0].allow_file: \"true\" is text in quotes, expected "
	  "true or false" },
	{ "an unknown choice near a known one",
	  { { "from: tags", "from: tag" } },
	  "dorad.yaml:18: services[0].deployments[0].from: \"tag\" is unknown, did you "
	  "mean \"tags\"? (tags, trunk, heads, file, deployments, jobs, runs, releases "
	  "or push)" },
	{ "an unknown choice",
	  { { "from: tags", "from: builds" } },
	  "dorad.yaml:18: services[0].deployments[0].from: \"builds\" is unknown, "
	  "expected tags, trunk, heads, file, deployments, jobs, runs, releases or "
	  "push" },
	{ "a number for a choice",
	  { { "from: tags", "from: 1" } },
	  "dorad.yaml:18: services[0].deployments[0].from: \"1\" is unknown, expected "
	  "tags, trunk, heads, file, deployments, jobs, runs, releases or push" },
	{ "a short commit id",
	  { { "      - repository: shop",
	      "      - repository: shop\n        baseline: 9fceb02" } },
	  "dorad.yaml:17: services[0].components[0].baseline: \"9fceb02\" is not a "
	  "commit id, expected all 40 (or 64) hexadecimal digits" },
	{ "an absolute path pattern",
	  { { "      - repository: shop",
	      "      - repository: shop\n        paths: [/services/**]" } },
	  "dorad.yaml:17: services[0].components[0].paths[0]: \"/services/**\" is not a "
	  "pattern of paths, expected one relative to the repository's top such as "
	  "services/shop/**" },
	{ "a path pattern that climbs",
	  { { "      - repository: shop",
	      "      - repository: shop\n        paths: [a/../../b]" } },
	  "dorad.yaml:17: services[0].components[0].paths[0]: \"a/../../b\" is not a "
	  "pattern of paths, expected one relative to the repository's top such as "
	  "services/shop/**" },
	{ "a full ref as tag pattern",
	  { { "      - from: tags",
	      "      - from: tags\n        tags: [refs/tags/v*]" } },
	  "dorad.yaml:19: services[0].deployments[0].tags[0]: \"refs/tags/v*\" is not a "
	  "pattern of names, expected one such as v* without refs/ or spaces" },
	{ "a role that needs quotes",
	  { { "  uri: ", "  reader_role: Dora Reader\n  uri: " } },
	  "dorad.yaml:2: database.reader_role: \"Dora Reader\" is not a role's name, "
	  "expected lower-case letters, digits and _, or \"\" for no role" },
	{ "a schema that needs quotes",
	  { { "  uri: ", "  devlake_schema: Dev Lake\n  uri: " } },
	  "dorad.yaml:2: database.devlake_schema: \"Dev Lake\" is not a schema's name, "
	  "expected lower-case letters, digits and _, or \"\" for none" },
	{ "two faults in one mapping and one beyond",
	  { { "  - name: checkout\n    org: acme",
	      "  - name: check out\n    orgg: acme\n    time_zone: Mars/Base" } },
	  "dorad.yaml:10: teams[0].name: \"check out\" is not a name, expected letters, "
	  "digits and . _ - / (no part starting with . or -, no \"..\")\n"
	  "dorad.yaml:10: teams[0].org: is missing, expected a name\n"
	  "dorad.yaml:11: teams[0].orgg: is not a known key, did you mean \"org\"?\n"
	  "dorad.yaml:12: teams[0].time_zone: \"Mars/Base\" is not a time zone, expected "
	  "an IANA name such as Europe/Berlin" },
	{ "a scheme that is unknown",
	  { { "https://git.example.org/shop.git", "ftp://git.example.org/shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: the value is not the url of a repository, "
	  "expected https://, ssh://, user@host:path or an absolute path" },
	{ "a relative path",
	  { { "https://git.example.org/shop.git", "../shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: the value is not the url of a repository, "
	  "expected https://, ssh://, user@host:path or an absolute path" },
	{ "a remote helper",
	  { { "https://git.example.org/shop.git", "ext::sh -c id" } },
	  "dorad.yaml:6: sources.git[0].url: the value is not the url of a repository, "
	  "expected https://, ssh://, user@host:path or an absolute path" },
	{ "a remote helper of a user",
	  { { "https://git.example.org/shop.git", "a@b::c" } },
	  "dorad.yaml:6: sources.git[0].url: names a remote helper, expected https://, "
	  "ssh://, user@host:path or a path" },
	{ "credentials in an https url",
	  { { "https://git.example.org/shop.git",
	      "https://bot:hunter2@git.example.org/shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: has credentials in it, expected username "
	  "and token instead" },
	{ "a user in an https url",
	  { { "https://git.example.org/shop.git",
	      "https://hunter2@git.example.org/shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: has credentials in it, expected username "
	  "and token instead" },
	{ "a token in the query",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git?private_token=hunter2" } },
	  "dorad.yaml:6: sources.git[0].url: has a query or fragment, expected a plain "
	  "path after the host" },
	{ "a password in an ssh url",
	  { { "https://git.example.org/shop.git",
	      "ssh://git:hunter2@git.example.org/shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: has a password in it, expected an ssh_key" },
	{ "an option as ssh host",
	  { { "https://git.example.org/shop.git", "ssh://-oProxyCommand=id/x" } },
	  "dorad.yaml:6: sources.git[0].url: has no usable host name, expected for "
	  "example https://git.example.org/shop.git" },
	{ "an https url without a path",
	  { { "https://git.example.org/shop.git", "https://git.example.org" } },
	  "dorad.yaml:6: sources.git[0].url: has no path, expected a repository after "
	  "the host" },
	{ "an https url without a host",
	  { { "https://git.example.org/shop.git", "https:///shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: has no usable host name, expected for "
	  "example https://git.example.org/shop.git" },
	{ "http to another machine",
	  { { "https://git.example.org/shop.git", "http://git.example.org/shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: is not encrypted, expected https:// "
	  "(http:// is for this machine's loopback only)" },
	{ "http to what looks like loopback",
	  { { "https://git.example.org/shop.git",
	      "http://127.0.0.1.example.org/shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: is not encrypted, expected https:// "
	  "(http:// is for this machine's loopback only)" },
	{ "a url with a space",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/my shop.git" } },
	  "dorad.yaml:6: sources.git[0].url: the value is not the url of a repository, "
	  "expected https://, ssh://, user@host:path or an absolute path" },
	{ "a secret file by a relative path",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      token: {file: hunter2}" } },
	  "dorad.yaml:7: sources.git[0].token.file: the value is not a usable path, "
	  "expected an absolute one such as /etc/dorad/key" },
	{ "a secret for a variable's name",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      token: {env: ghp-hunter2}" } },
	  "dorad.yaml:7: sources.git[0].token.env: the value is not a variable's name, "
	  "expected letters, digits and _ such as SHOP_TOKEN" },
	{ "a credential with a slash",
	  { { "https://git.example.org/shop.git",
	      "https://git.example.org/shop.git\n      token: {credential: a/b}" } },
	  "dorad.yaml:7: sources.git[0].token.credential: the value is not a "
	  "credential's name, expected the name in LoadCredential=: letters, digits and "
	  ". _ -" },
	{ "a password in the database URI",
	  { { "postgresql:///dora", "postgresql://dorad:hunter2@db/dora" } },
	  "dorad.yaml:2: database.uri: has a password in it, expected it in "
	  "database.password" },
	{ "a password in the database string",
	  { { "postgresql:///dora", "host=db password=hunter2" } },
	  "dorad.yaml:2: database.uri: has a password in it, expected it in "
	  "database.password" },
	{ "a database string that libpq does not know",
	  { { "postgresql:///dora", "host=db passwort=hunter2" } },
	  "dorad.yaml:2: database.uri: the value is not a connection string, expected "
	  "libpq's form such as postgresql://dorad@db.example.org/dora" },
	{ "a database string that is none",
	  { { "postgresql:///dora", "dora" } },
	  "dorad.yaml:2: database.uri: the value is not a connection string, expected "
	  "libpq's form such as postgresql://dorad@db.example.org/dora" },
	{ "a password file",
	  { { "postgresql:///dora", "host=db passfile=/hunter2" } },
	  "dorad.yaml:2: database.uri: names a password file, expected "
	  "database.password" },
	{ "a key's password",
	  { { "postgresql:///dora", "host=db sslpassword=hunter2" } },
	  "dorad.yaml:2: database.uri: has a secret in it, expected none" },
	{ "a file beyond the repository",
	  { { "from: tags", "from: file\n        file: ../deployments.jsonl" } },
	  "dorad.yaml:19: services[0].deployments[0].file: \"../deployments.jsonl\" is "
	  "not a file in the repository, expected a path relative to its top such as "
	  "deployments.jsonl" },
	{ "a branch that is a full ref",
	  { { "from: tags", "from: trunk\n        branch: refs/heads/main" } },
	  "dorad.yaml:19: services[0].deployments[0].branch: \"refs/heads/main\" is not "
	  "a branch, expected its short name such as main" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_values", faults, G_N_ELEMENTS(files));
}
