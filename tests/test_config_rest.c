#include "config_fixture.h"

/* Wrong files: APIs that are described. */
#define REST                                                                             \
	{                                                                                \
		"orgs:\n", "  rest:\n"                                                   \
			   "    - name: r\n"                                             \
			   "      url: https://r.example.org\n"                          \
			   "      feeds:\n"                                              \
			   "        - name: f\n"                                         \
			   "          kind: deployment\n"                                \
			   "          path: /x?s={since}\n"                              \
			   "          fields: {id: /id}\n"                               \
			   "orgs:\n"                                                     \
	}

static const struct wrong_file files[] = {
	{ "no url and no feeds",
	  { { "orgs:\n", "  rest: [{name: r}]\n"
			 "orgs:\n" } },
	  "dorad.yaml:7: sources.rest[0].url: is missing, expected the url of an API\n"
	  "dorad.yaml:7: sources.rest[0].feeds: is missing, expected a list" },
	{ "a feed without anything",
	  { { "orgs:\n", "  rest:\n"
			 "    - name: r\n"
			 "      url: https://r.example.org\n"
			 "      feeds:\n"
			 "        - method: GET\n"
			 "orgs:\n" } },
	  "dorad.yaml:11: sources.rest[0].feeds[0].name: is missing, expected a name\n"
	  "dorad.yaml:11: sources.rest[0].feeds[0].kind: is missing, expected "
	  "deployment, run, job, release, change, incident, artifact or debt\n"
	  "dorad.yaml:11: sources.rest[0].feeds[0].path: is missing, expected a path\n"
	  "dorad.yaml:11: sources.rest[0].feeds[0].fields: is missing, expected a "
	  "mapping of id, attempt, parent, workflow, name, environment, state, sha, "
	  "head_sha, squash_sha, ref, base, event, version, severity, category, cause, "
	  "fix, url, created, started, finished, updated, closed, first_commit, "
	  "reviewed, "
	  "approved, merged, detected, acknowledged, mitigated, resolved, bot, draft, "
	  "optional, labels, services, images" },
	{ "an unknown kind near a known one",
	  { REST, { "kind: deployment", "kind: deploymnt" } },
	  "dorad.yaml:12: sources.rest[0].feeds[0].kind: \"deploymnt\" is unknown, did "
	  "you mean \"deployment\"? (deployment, run, job, release, change, incident, "
	  "artifact or debt)" },
	{ "an unknown kind",
	  { REST, { "kind: deployment", "kind: ticket" } },
	  "dorad.yaml:12: sources.rest[0].feeds[0].kind: \"ticket\" is unknown, expected "
	  "deployment, run, job, release, change, incident, artifact or debt" },
	{ "an unknown order",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          order: oldest" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].order: \"oldest\" is unknown, "
	  "expected updated, newest, recent, created, number or state" },
	{ "an unknown paging",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: cursor" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].paging: \"cursor\" is unknown, "
	  "expected none, link, page, offset, token, next or keyset" },
	{ "an unknown time",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          time: jql" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].time: \"jql\" is unknown, expected "
	  "rfc3339, epoch, epoch_ms, date or space" },
	{ "an unknown time of answers",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          times: date" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].times: \"date\" is unknown, expected "
	  "rfc3339, epoch or epoch_ms" },
	{ "an unknown outcome",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id, state: /s}\n"
				   "          states: [{word: a, outcome: good}]" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].states[0].outcome: \"good\" is "
	  "unknown, expected success, failure, cancelled, skipped or running" },
	{ "an unknown field near a known one",
	  { REST, { "fields: {id: /id}", "fields: {id: /id, creatd: /c}" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.creatd: is not a known key, "
	  "did you mean \"created\"?" },
	{ "a relative path",
	  { REST, { "/x?s={since}", "x?s={since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: the value is not a path, "
	  "expected one that starts with / or https://, without spaces" },
	{ "a path that is not encrypted",
	  { REST, { "/x?s={since}", "http://r.example.org/{since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: the value is not a path, "
	  "expected one that starts with / or https://, without spaces" },
	{ "a path with credentials",
	  { REST, { "/x?s={since}", "https://u:hunter2@r.example.org/{since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has credentials in it, expected "
	  "username and token instead" },
	{ "a path with a space",
	  { REST, { "/x?s={since}", "/x y?s={since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: the value is not a path, "
	  "expected one that starts with / or https://, without spaces" },
	{ "a brace too many",
	  { REST, { "/x?s={since}", "/x?s={since}}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has a brace too many, expected "
	  "variables such as {since}" },
	{ "an unknown variable near a known one",
	  { REST, { "/x?s={since}", "/{projct}?s={since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has the unknown variable "
	  "\"projct\", did you mean \"project\"?" },
	{ "an unknown variable",
	  { REST, { "/x?s={since}", "/{+tenant}?s={since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has the unknown variable "
	  "\"tenant\", expected one of project, owner, name, since, until, id, parent, "
	  "page, offset, end, size, token, jobs, query, labels, types, services, "
	  "organization, environment, "
	  "debt_query, debt_labels" },
	{ "an unknown variable in a body",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          method: POST\n"
				   "          body: '{\"a\": \"{untill}\"}'" } },
	  "dorad.yaml:16: sources.rest[0].feeds[0].body: has the unknown variable "
	  "\"untill\", did you mean \"until\"?" },
	{ "a body without POST",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          body: '{}'" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].body: does not fit \"method: GET\", "
	  "expected it with POST" },
	{ "an unknown method",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          method: PUT" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].method: \"PUT\" is not a method, "
	  "expected GET or POST" },
	{ "a project where there are none",
	  { REST, { "/x?s={since}", "/{+project}?s={since}" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has {project}, expected the "
	  "source to have projects" },
	{ "one item without its id",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          item_path: /x/1" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].item_path: has no {id}, expected it "
	  "there" },
	{ "a path for a pointer",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          items: data.items" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].items: \"data.items\" is not a JSON "
	  "Pointer, expected / and a key such as /commit/sha, or \"\"" },
	{ "a pointer of a field that is none",
	  { REST, { "fields: {id: /id}", "fields: {id: id}" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.id: \"id\" is not a JSON "
	  "Pointer, expected / and a key such as /commit/sha, or \"\"" },
	{ "no id",
	  { REST, { "fields: {id: /id}", "fields: {sha: /sha}" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.id: is missing, expected where "
	  "an item's id is" },
	{ "a field of another kind",
	  { REST, { "fields: {id: /id}", "fields: {id: /id, merged: /m}" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.merged: does not fit \"kind: "
	  "deployment\", expected it with change only" },
	{ "what changed without since",
	  { REST, { "/x?s={since}", "/x" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has no {since}, expected it "
	  "there or in body with \"order: updated\"" },
	{ "what was created without until",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          order: created" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has no {until}, expected it "
	  "there or in body with \"order: created\"" },
	{ "newest first without created",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          order: newest" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.created: is missing, expected "
	  "it with \"order: newest\"" },
	{ "latest changed first without updated",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          order: recent" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.updated: is missing, expected "
	  "it with \"order: recent\"" },
	{ "what is there without what it was",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          order: state" } },
	  "dorad.yaml:11: sources.rest[0].feeds[0].on_absence: is missing, expected it "
	  "with \"order: state\"" },
	{ "what it was where there is a history",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          on_absence: gone" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].on_absence: does not fit \"order: "
	  "updated\", expected it with state only" },
	{ "pages without a number",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: page" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has no {page}, expected it "
	  "there or in body with \"paging: page\"" },
	{ "pages without an offset",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: offset" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has no {offset}, expected it "
	  "there or in body with \"paging: offset\"" },
	{ "pages without a token",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: token\n"
				   "          token_path: /next" } },
	  "dorad.yaml:13: sources.rest[0].feeds[0].path: has no {token}, expected it "
	  "there or in body with \"paging: token\"" },
	{ "a token from nowhere",
	  { REST,
	    { "/x?s={since}", "/x?s={since}&t={token}" },
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: token" } },
	  "dorad.yaml:11: sources.rest[0].feeds[0].token_path: is missing, expected it "
	  "or token_header with \"paging: token\"" },
	{ "a next url from nowhere",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: next" } },
	  "dorad.yaml:11: sources.rest[0].feeds[0].token_path: is missing, expected it "
	  "with \"paging: next\"" },
	{ "a token that nobody sends",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          token_path: /next" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].token_path: does not fit \"paging: "
	  "none\", expected it with token and next only" },
	{ "a header for a url",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: next\n"
				   "          token_path: /next\n"
				   "          token_header: X-Next" } },
	  "dorad.yaml:17: sources.rest[0].feeds[0].token_header: does not fit \"paging: "
	  "next\", expected it with token only" },
	{ "a keyset without its key",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          paging: keyset" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.updated: is missing, expected "
	  "it with \"paging: keyset\"" },
	{ "a page of nothing",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          size: 0" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].size: \"0\" is out of range, expected "
	  "a number from 1 to 10000" },
	{ "states without a state",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          states: [{word: a}]" } },
	  "dorad.yaml:14: sources.rest[0].feeds[0].fields.state: is missing, expected it "
	  "with states" },
	{ "a word twice",
	  { REST,
	    { "fields: {id: /id}",
	      "fields: {id: /id, state: /s}\n"
	      "          states: [{word: ok}, {word: OK, outcome: failure}]" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].states[1]: has the word of states[0], "
	  "expected another" },
	{ "two rows for other words",
	  { REST,
	    { "fields: {id: /id}",
	      "fields: {id: /id, state: /s}\n"
	      "          states: [{done: true}, {outcome: failure}]" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].states[1]: has the word of states[0], "
	  "expected another" },
	{ "two feeds of a name",
	  { REST,
	    { "{id: /id}", "{id: /id}\n"
			   "        - {name: f, kind: run, path: '/y?s={since}', fields: "
			   "{id: /id}}" } },
	  "dorad.yaml:15: sources.rest[0].feeds[1].name: \"f\" is the name of feeds[0], "
	  "expected another" },
	{ "reading a feed that is not there",
	  { REST,
	    { "      feeds:", "      read: [g]\n"
			      "      feeds:" } },
	  "dorad.yaml:10: sources.rest[0].read[0]: \"g\" is no feed of r, did you mean "
	  "\"f\"? (f)" },
	{ "a header that is none",
	  { REST,
	    { "      feeds:", "      token: {env: T}\n"
			      "      auth: {header: 'X Key'}\n"
			      "      feeds:" } },
	  "dorad.yaml:11: sources.rest[0].auth.header: \"X Key\" is not the name of a "
	  "header, expected letters, digits and - such as X-Api-Key" },
	{ "a header without a token",
	  { REST,
	    { "      feeds:", "      auth: {header: X-Key}\n"
			      "      feeds:" } },
	  "dorad.yaml:10: sources.rest[0].auth: has no token beside it, expected both or "
	  "none" },
	{ "a header and a username",
	  { REST,
	    { "      feeds:", "      token: {env: T}\n"
			      "      auth: {header: X-Key}\n"
			      "      username: u\n"
			      "      feeds:" } },
	  "dorad.yaml:11: sources.rest[0].auth: does not fit username, expected one of "
	  "the two" },
	{ "a username alone",
	  { REST,
	    { "      feeds:", "      username: u\n"
			      "      feeds:" } },
	  "dorad.yaml:10: sources.rest[0].username: has no token beside it, expected "
	  "both or none" },
	{ "a token in no place",
	  { REST,
	    { "      feeds:", "      token: {}\n"
			      "      feeds:" } },
	  "dorad.yaml:10: sources.rest[0].token: names no place, expected one of "
	  "credential, file or env" },
	{ "a pace of days",
	  { REST,
	    { "      feeds:", "      pace: 2d\n"
			      "      feeds:" } },
	  "dorad.yaml:10: sources.rest[0].pace: \"2d\" is out of range, expected from 0s "
	  "to 1h" },
	{ "an overlap of seconds",
	  { REST,
	    { "fields: {id: /id}", "fields: {id: /id}\n"
				   "          overlap: 5s" } },
	  "dorad.yaml:15: sources.rest[0].feeds[0].overlap: \"5s\" is out of range, "
	  "expected from 1m to 31d" },
	{ "credentials in its url",
	  { REST, { "https://r.", "https://u:hunter2@r." } },
	  "dorad.yaml:9: sources.rest[0].url: has credentials in it, expected username "
	  "and token instead" },
};

START_TEST(faults)
{
	check_wrong_file(&files[_i]);
}
END_TEST

int main(void)
{
	return run_loop("config_rest", faults, G_N_ELEMENTS(files));
}
