#include "config_fixture.h"

#include "base/json.h"
#include "config/regex.h"
#include "config/schema.h"

/* What a right configuration of systems with an API becomes. */

static const char sources_text[] =
	"  github:\n"
	"    - {name: gh, projects: [acme/shop], token: {env: T}}\n"
	"    - name: ghe\n"
	"      url: https://ghe.example.org/api/v3//\n"
	"      projects: [acme/a, acme/b]\n"
	"      app: {id: Iv1.8a, installation: '12', key: {file: /k}}\n"
	"      history: 30d\n"
	"      every: 1m\n"
	"  pagerduty:\n"
	"    - {name: pd, token: {credential: pd}}\n"
	"  rest:\n"
	"    - name: ship\n"
	"      url: https://ship.example.org/api/\n"
	"      token: {env: S}\n"
	"      auth: {header: X-Key, prefix: ''}\n"
	"      projects: [shop]\n"
	"      pace: 2s\n"
	"      feeds:\n"
	"        - name: rollouts\n"
	"          kind: deployment\n"
	"          path: /{project}/rollouts?since={since}&page={page}\n"
	"          paging: page\n"
	"          times: epoch\n"
	"          items: /data\n"
	"          overlap: 1h\n"
	"          fields: {id: /id, sha: /commit/sha, state: /phase, created: /at}\n"
	"          states:\n"
	"            - {word: done, done: true}\n"
	"            - {outcome: running}\n"
	"            - {word: broken, outcome: failure, done: true}\n"
	"        - name: merges\n"
	"          kind: change\n"
	"          path: /merges?since={since}\n"
	"          fields: {id: /number, labels: /labels/*}\n"
	"  sql:\n"
	"    - name: outages\n"
	"      uri: dbname=ops\n"
	"      kind: incident\n"
	"      query: SELECT id FROM outage WHERE at > $1\n"
	"orgs:\n";

static const char rules_text[] = "from: deployments\n"
				 "        source: gh\n"
				 "      - {from: jobs, source: gh, jobs: [deploy]}\n"
				 "      - {from: releases, source: gh}\n"
				 "      - {from: runs, source: ghe, project: '*'}\n"
				 "      - {from: push}";

static struct config *load_items(void)
{
	const struct edit edits[EDITS_MAX] = { { "orgs:\n", sources_text },
					       { "from: tags", rules_text } };
	g_autofree char *text = edited(edits);

	return load_good(text);
}

/* ---- sources ---- */

static const struct {
	const char *name, *type;
	enum source_kind kind;
	const char *url;
	GTimeSpan every, history;
} sources[] = {
	{ "shop", "git", SOURCE_GIT, NULL, 5 * G_TIME_SPAN_MINUTE, 0 },
	{ "gh", "github", SOURCE_API, "https://api.github.com", 5 * G_TIME_SPAN_MINUTE,
	  180 * G_TIME_SPAN_DAY },
	{ "ghe", "github", SOURCE_API, "https://ghe.example.org/api/v3",
	  G_TIME_SPAN_MINUTE, 30 * G_TIME_SPAN_DAY },
	{ "pd", "pagerduty", SOURCE_API, "https://api.pagerduty.com",
	  5 * G_TIME_SPAN_MINUTE, 180 * G_TIME_SPAN_DAY },
	{ "ship", "rest", SOURCE_API, "https://ship.example.org/api",
	  5 * G_TIME_SPAN_MINUTE, 180 * G_TIME_SPAN_DAY },
	{ "outages", "sql", SOURCE_SQL, NULL, 5 * G_TIME_SPAN_MINUTE,
	  180 * G_TIME_SPAN_DAY },
	{ "push", "push", SOURCE_PUSH, NULL, 5 * G_TIME_SPAN_MINUTE, 0 },
};

START_TEST(source_of_any_kind)
{
	_cleanup_(config_unrefp) struct config *config = load_items();
	const struct config_source *source = config_source(config, sources[_i].name);

	ck_assert_uint_eq(config->n_all, G_N_ELEMENTS(sources));
	ck_assert_ptr_eq(source, &config->all[_i]);
	ck_assert_str_eq(source->type, sources[_i].type);
	ck_assert_int_eq(source->kind, sources[_i].kind);
	ck_assert_int_eq(source->every_us, sources[_i].every);
	ck_assert_int_eq(source->git != NULL, source->kind == SOURCE_GIT);
	ck_assert_int_eq(source->api != NULL, source->kind == SOURCE_API);
	ck_assert_int_eq(source->sql != NULL, source->kind == SOURCE_SQL);
	if (source->api) {
		ck_assert_str_eq(source->api->url, sources[_i].url);
		ck_assert_int_eq(source->api->history_us, sources[_i].history);
		ck_assert_int_eq(source->api->every_us, sources[_i].every);
		ck_assert_str_eq(source->api->driver->name, sources[_i].type);
	}
	if (source->sql)
		ck_assert_int_eq(source->sql->history_us, sources[_i].history);
}
END_TEST

START_TEST(no_push_server_unless_asked_for)
{
	_cleanup_(config_unrefp) struct config *config = load_good(good_text);

	ck_assert_uint_eq(config->n_all, 1);
	ck_assert_ptr_null(config->push);
	ck_assert_ptr_null(config_source(config, "push"));
	ck_assert_ptr_null(config_source(config, NULL));
}
END_TEST

START_TEST(incidents_alone)
{
	static const char text[] = "database: {uri: postgresql:///dora}\n"
				   "sources:\n"
				   "  pagerduty: [{name: pd, token: {env: T}}]\n"
				   "push:\n"
				   "  listen: 127.0.0.1:9440\n"
				   "  clients: [{name: bot, secret: {env: S}}]\n"
				   "orgs: [{name: acme}]\n"
				   "teams: [{name: ops, org: acme}]\n";
	_cleanup_(config_unrefp) struct config *config = load_good(text);

	ck_assert_uint_eq(config->n_services, 0);
	ck_assert_uint_eq(config->n_all, 2);
	ck_assert_ptr_null(config_git(config, "pd"));
	ck_assert_uint_eq(config->push->per_minute, 600);
	ck_assert_uint_eq(config->push->clients[0].n_services, 0);
}
END_TEST

/* ---- rules ---- */

static const struct {
	enum config_from from;
	const char *project, *environment, *name;
	enum config_revision revision;
} rules[] = {
	{ FROM_DEPLOYMENTS, "acme/shop", NULL, NULL, REVISION_SHA },
	{ FROM_JOBS, "acme/shop", "production", NULL, REVISION_SHA },
	{ FROM_RELEASES, "acme/shop", "production", NULL, REVISION_VERSION },
	{ FROM_RUNS, "*", "production", NULL, REVISION_SHA },
	{ FROM_PUSH, NULL, NULL, "shop", REVISION_SHA },
};

START_TEST(rule_of_items)
{
	_cleanup_(config_unrefp) struct config *config = load_items();
	const struct config_rule *rule = &config->services[0].deployments[_i];

	ck_assert_uint_eq(config->services[0].n_deployments, G_N_ELEMENTS(rules));
	ck_assert_int_eq(rule->from, rules[_i].from);
	ck_assert_str_eq(rule->repository, "shop");
	ck_assert_pstr_eq(rule->project, rules[_i].project);
	ck_assert_pstr_eq(rule->environment, rules[_i].environment);
	ck_assert_int_eq(rule->revision, rules[_i].revision);
	ck_assert_uint_eq(rule->n_names, rules[_i].name ? 1 : 0);
	if (rules[_i].name)
		ck_assert_str_eq(rule->names[0], rules[_i].name);
}
END_TEST

START_TEST(items_show_themselves)
{
	_cleanup_(config_unrefp) struct config *config = load_items();
	g_autofree char *shown = config_show(config);
	_cleanup_(config_unrefp) struct config *again = load_good(shown);
	g_autofree char *shown_again = config_show(again);

	ck_assert_str_eq(shown, shown_again);
}
END_TEST

/* ---- a driver in YAML ---- */

START_TEST(described_driver)
{
	_cleanup_(config_unrefp) struct config *config = load_items();
	const struct driver *driver = config_source(config, "ship")->api->driver;
	const struct feed *feed = driver_feed(driver, "rollouts");

	ck_assert_str_eq(driver->title, "ship");
	ck_assert_int_eq(driver->auth, AUTH_HEADER);
	ck_assert_str_eq(driver->auth_header, "X-Key");
	ck_assert_str_eq(driver->auth_prefix, "");
	ck_assert_int_eq(driver->pace, 2 * G_TIME_SPAN_SECOND);
	ck_assert_ptr_null(driver->settings->key);
	ck_assert_int_eq(feed->kind, ITEM_DEPLOYMENT);
	ck_assert_int_eq(feed->order, ORDER_UPDATED);
	ck_assert_int_eq(feed->paging, PAGING_PAGE);
	ck_assert_uint_eq(feed->size, 100);
	ck_assert_int_eq(feed->overlap, G_TIME_SPAN_HOUR);
	ck_assert(feed->any_order);
	ck_assert_str_eq(feed->items, "/data");
	ck_assert_ptr_null((feed + 2)->name);
	ck_assert_ptr_null(driver_feed(driver, "other"));
}
END_TEST

/* One element of an answer, and the item it is; NULL: an error. */
static const struct {
	const char *what, *feed, *json;
	const char *id, *sha, *label;
	enum outcome outcome;
	bool done;
} elements[] = {
	{ "all there", "rollouts",
	  "{\"id\": 7, \"commit\": {\"sha\": \"9fceb02\"}, \"phase\": \"DONE\", "
	  "\"at\": 1770000000}",
	  "7", "9fceb02", NULL, OUTCOME_SUCCESS, true },
	{ "a failure", "rollouts", "{\"id\": \"a\", \"phase\": \"broken\"}", "a", NULL,
	  NULL, OUTCOME_FAILURE, true },
	{ "any other word", "rollouts", "{\"id\": \"a\", \"phase\": \"new\"}", "a", NULL,
	  NULL, OUTCOME_RUNNING, false },
	{ "without states it is final", "merges", "{\"number\": 3, \"labels\": [\"x\"]}",
	  "3", NULL, "x", OUTCOME_SUCCESS, true },
	{ "without an id", "rollouts", "{\"phase\": \"done\"}", NULL },
	{ "text for a time", "rollouts", "{\"id\": 1, \"at\": \"yesterday\"}", NULL },
};

START_TEST(described_element)
{
	_cleanup_(config_unrefp) struct config *config = load_items();
	const struct driver *driver = config_source(config, "ship")->api->driver;
	_cleanup_(cJSON_Deletep) cJSON *json = json_parse(
		elements[_i].json, strlen(elements[_i].json), NULL);
	g_autoptr(GError) error = NULL;
	struct item *item = feed_decode(driver_feed(driver, elements[_i].feed), "shop",
					json, &error);

	ck_assert_msg((item != NULL) == (elements[_i].id != NULL), "%s: %s",
		      elements[_i].what, error ? error->message : "decoded");
	if (!item)
		return;
	ck_assert_str_eq(item->project, "shop");
	ck_assert_str_eq(item->id, elements[_i].id);
	ck_assert_pstr_eq(item->sha, elements[_i].sha);
	ck_assert_pstr_eq(item->labels ? item->labels[0] : NULL, elements[_i].label);
	ck_assert_int_eq(item->outcome, elements[_i].outcome);
	ck_assert_int_eq(item->done, elements[_i].done);
	item_free(item);
}
END_TEST

START_TEST(instants_of_a_described_feed)
{
	_cleanup_(config_unrefp) struct config *config = load_items();
	const struct driver *driver = config_source(config, "ship")->api->driver;
	_cleanup_(cJSON_Deletep) cJSON *json = json_parse(elements[0].json,
							  strlen(elements[0].json), NULL);
	struct item *item = feed_decode(driver_feed(driver, "rollouts"), "shop", json,
					NULL);

	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(item->created, G_GINT64_CONSTANT(1770000000) * G_USEC_PER_SEC);
	item_free(item);
}
END_TEST

/* ---- good pieces ---- */

static const struct {
	const char *what;
	struct edit edits[EDITS_MAX];
} good[] = {
	{ "http to loopback",
	  { { "https://ship.example.org/api/", "http://127.0.0.1:8080/api" },
	    { "https://ghe.example.org/api/v3//", "http://[::1]/api/v3" } } },
	{ "a token in place of a username", { { "      pace: 2s\n", "" } } },
	{ "basic authentication",
	  { { "      auth: {header: X-Key, prefix: ''}\n", "      username: u\n" } } },
	{ "nothing to authenticate with",
	  { { "      token: {env: S}\n      auth: {header: X-Key, prefix: ''}\n",
	      "" } } },
	{ "a whole url as path, with a variable as host",
	  { { "path: /merges?", "path: https://{+project}.example.org/merges?" } } },
	{ "JSON as body",
	  { { "path: /merges?since={since}",
	      "path: /merges\n          method: POST\n          body: "
	      "'{\"a\": {\"since\": \"{since}\"}, \"b\": {}}'" } } },
	{ "tokens in a header",
	  { { "path: /merges?since={since}",
	      "path: /merges?since={since}&t={token}\n          paging: token\n"
	      "          token_header: X-Next" } } },
	{ "a socket",
	  { { "orgs:\n", "push: {listen: /run/dorad/push, clients: [{name: a, token: "
			 "{env: A}}]}\norgs:\n" } } },
	{ "an encrypted server",
	  { { "orgs:\n", "push: {listen: '0.0.0.0:443', certificate: /c, key: {file: "
			 "/k}, clients: [{name: a, token: {env: A}, services: "
			 "[shop]}]}\norgs:\n" } } },
	{ "environments called production",
	  { { "        source: gh\n",
	      "        source: gh\n        environments: [live]\n        environment: "
	      "production\n" } } },
	{ "environments that are production's",
	  { { "        source: gh\n",
	      "        source: gh\n        environments: [live, prod*]\n" } } },
	{ "a file's revision",
	  { { "        source: gh\n",
	      "        source: gh\n        revision: file\n        manifest: "
	      "a/values.yaml\n        manifest_repository: shop\n        pattern: 'tag: "
	      "(.*)'\n" } } },
};

START_TEST(good_piece)
{
	const struct edit edits[EDITS_MAX] = { { "orgs:\n", sources_text },
					       { "from: tags", rules_text },
					       good[_i].edits[0],
					       good[_i].edits[1] };
	g_autofree char *text = edited(edits);
	_cleanup_(config_unrefp) struct config *config = load_good(text);
	g_autofree char *shown = config_show(config);
	_cleanup_(config_unrefp) struct config *again = load_good(shown);

	ck_assert_msg(again != NULL, "%s", good[_i].what);
}
END_TEST

/* ---- regular expressions ---- */

static const struct {
	const char *pattern;
	bool whole;
	const char *text;
	bool found;
} matches[] = {
	{ "deploy", true, "deploy", true },
	{ "deploy", true, "deploy-eu", false },
	{ "deploy", false, "a deploy-eu", true },
	{ "a|b", true, "ab", false },
	{ "deploy", true, "deploy\n", false },
	{ "^dry.?run$", false, "dry run", true },
	/* Would take 2^40 steps. */
	{ "(a+)+$", false, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false },
};

START_TEST(regular_expression)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GRegex)
		regex = config_regex(matches[_i].pattern, matches[_i].whole, &error);

	ck_assert_ptr_nonnull(regex);
	ck_assert_msg(g_regex_match(regex, matches[_i].text, 0, NULL) ==
			      matches[_i].found,
		      "%s in %s", matches[_i].pattern, matches[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config_items");
	TCase *tests = tcase_create("config_items");

	tcase_set_timeout(tests, 0); /* meson's is enough */
	tcase_add_loop_test(tests, source_of_any_kind, 0, G_N_ELEMENTS(sources));
	tcase_add_test(tests, no_push_server_unless_asked_for);
	tcase_add_test(tests, incidents_alone);
	tcase_add_loop_test(tests, rule_of_items, 0, G_N_ELEMENTS(rules));
	tcase_add_test(tests, items_show_themselves);
	tcase_add_test(tests, described_driver);
	tcase_add_loop_test(tests, described_element, 0, G_N_ELEMENTS(elements));
	tcase_add_test(tests, instants_of_a_described_feed);
	tcase_add_loop_test(tests, good_piece, 0, G_N_ELEMENTS(good));
	tcase_add_loop_test(tests, regular_expression, 0, G_N_ELEMENTS(matches));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
