#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/drivers.h"
#include "ops_fixture.h"

/* The tables of the incident drivers: the words they know, and what their requests say.
 */

/* Every word of the vendors' enumerations. */
static const struct {
	const char *driver, *feed, *word;
	enum outcome outcome;
	bool done;
} words[] = {
	{ "pagerduty", "incidents", "triggered", OUTCOME_RUNNING, false },
	{ "pagerduty", "incidents", "acknowledged", OUTCOME_RUNNING, false },
	{ "pagerduty", "incidents", "resolved", OUTCOME_SUCCESS, true },
	{ "opsgenie", "incidents", "open", OUTCOME_RUNNING, false },
	{ "opsgenie", "incidents", "resolved", OUTCOME_SUCCESS, true },
	{ "opsgenie", "incidents", "closed", OUTCOME_SUCCESS, true },
	{ "jsm", "alerts", "open", OUTCOME_RUNNING, false },
	{ "jsm", "alerts", "acked", OUTCOME_RUNNING, false },
	{ "jsm", "alerts", "closed", OUTCOME_SUCCESS, true },
	{ "jira", "issues", "new", OUTCOME_RUNNING, false },
	{ "jira", "issues", "indeterminate", OUTCOME_RUNNING, false },
	{ "jira", "issues", "undefined", OUTCOME_RUNNING, false },
	{ "jira", "issues", "done", OUTCOME_SUCCESS, true },
	{ "jira", "debt", "new", OUTCOME_RUNNING, false },
	{ "jira", "debt", "indeterminate", OUTCOME_RUNNING, false },
	{ "jira", "debt", "undefined", OUTCOME_RUNNING, false },
	{ "jira", "debt", "done", OUTCOME_SUCCESS, true },
	{ "jira_server", "debt", "new", OUTCOME_RUNNING, false },
	{ "jira_server", "debt", "indeterminate", OUTCOME_RUNNING, false },
	{ "jira_server", "debt", "undefined", OUTCOME_RUNNING, false },
	{ "jira_server", "debt", "done", OUTCOME_SUCCESS, true },
	{ "jira_server", "issues", "new", OUTCOME_RUNNING, false },
	{ "jira_server", "issues", "indeterminate", OUTCOME_RUNNING, false },
	{ "jira_server", "issues", "undefined", OUTCOME_RUNNING, false },
	{ "jira_server", "issues", "done", OUTCOME_SUCCESS, true },
	{ "servicenow", "incidents", "1", OUTCOME_RUNNING, false },
	{ "servicenow", "incidents", "2", OUTCOME_RUNNING, false },
	{ "servicenow", "incidents", "3", OUTCOME_RUNNING, false },
	{ "servicenow", "incidents", "4", OUTCOME_RUNNING, false },
	{ "servicenow", "incidents", "5", OUTCOME_RUNNING, false },
	{ "servicenow", "incidents", "6", OUTCOME_SUCCESS, true },
	{ "servicenow", "incidents", "7", OUTCOME_SUCCESS, true },
	{ "servicenow", "incidents", "8", OUTCOME_CANCELLED, true },
	{ "servicenow", "changes", "-5", OUTCOME_RUNNING, false },
	{ "servicenow", "changes", "-4", OUTCOME_RUNNING, false },
	{ "servicenow", "changes", "-3", OUTCOME_RUNNING, false },
	{ "servicenow", "changes", "-2", OUTCOME_RUNNING, false },
	{ "servicenow", "changes", "-1", OUTCOME_RUNNING, false },
	{ "servicenow", "changes", "0", OUTCOME_RUNNING, false },
	{ "servicenow", "changes", "3", OUTCOME_SUCCESS, true },
	{ "servicenow", "changes", "4", OUTCOME_CANCELLED, true },
	{ "statuspage", "incidents", "investigating", OUTCOME_RUNNING, false },
	{ "statuspage", "incidents", "identified", OUTCOME_RUNNING, false },
	{ "statuspage", "incidents", "monitoring", OUTCOME_RUNNING, false },
	{ "statuspage", "incidents", "resolved", OUTCOME_SUCCESS, true },
	{ "statuspage", "incidents", "postmortem", OUTCOME_SUCCESS, true },
	{ "statuspage", "incidents", "scheduled", OUTCOME_SKIPPED, false },
	{ "statuspage", "incidents", "in_progress", OUTCOME_SKIPPED, false },
	{ "statuspage", "incidents", "verifying", OUTCOME_SKIPPED, false },
	{ "statuspage", "incidents", "completed", OUTCOME_SKIPPED, true },
	{ "grafana", "alert_groups", "new", OUTCOME_RUNNING, false },
	{ "grafana", "alert_groups", "firing", OUTCOME_RUNNING, false },
	{ "grafana", "alert_groups", "acknowledged", OUTCOME_RUNNING, false },
	{ "grafana", "alert_groups", "silenced", OUTCOME_RUNNING, false },
	{ "grafana", "alert_groups", "resolved", OUTCOME_SUCCESS, true },
	{ "incident_io", "incidents", "triage", OUTCOME_RUNNING, false },
	{ "incident_io", "incidents", "live", OUTCOME_RUNNING, false },
	{ "incident_io", "incidents", "active", OUTCOME_RUNNING, false },
	{ "incident_io", "incidents", "paused", OUTCOME_RUNNING, false },
	{ "incident_io", "incidents", "learning", OUTCOME_SUCCESS, true },
	{ "incident_io", "incidents", "closed", OUTCOME_SUCCESS, true },
	{ "incident_io", "incidents", "declined", OUTCOME_CANCELLED, true },
	{ "incident_io", "incidents", "merged", OUTCOME_CANCELLED, true },
	{ "incident_io", "incidents", "canceled", OUTCOME_CANCELLED, true },
	{ "rootly", "incidents", "in_triage", OUTCOME_RUNNING, false },
	{ "rootly", "incidents", "started", OUTCOME_RUNNING, false },
	{ "rootly", "incidents", "detected", OUTCOME_RUNNING, false },
	{ "rootly", "incidents", "acknowledged", OUTCOME_RUNNING, false },
	{ "rootly", "incidents", "mitigated", OUTCOME_RUNNING, false },
	{ "rootly", "incidents", "resolved", OUTCOME_SUCCESS, true },
	{ "rootly", "incidents", "closed", OUTCOME_SUCCESS, true },
	{ "rootly", "incidents", "cancelled", OUTCOME_CANCELLED, true },
	{ "rootly", "incidents", "scheduled", OUTCOME_SKIPPED, false },
	{ "rootly", "incidents", "in_progress", OUTCOME_SKIPPED, false },
	{ "rootly", "incidents", "verifying", OUTCOME_SKIPPED, false },
	{ "rootly", "incidents", "completed", OUTCOME_SKIPPED, true },
	{ "firehydrant", "incidents", "started", OUTCOME_RUNNING, false },
	{ "firehydrant", "incidents", "detected", OUTCOME_RUNNING, false },
	{ "firehydrant", "incidents", "acknowledged", OUTCOME_RUNNING, false },
	{ "firehydrant", "incidents", "investigating", OUTCOME_RUNNING, false },
	{ "firehydrant", "incidents", "identified", OUTCOME_RUNNING, false },
	{ "firehydrant", "incidents", "mitigated", OUTCOME_RUNNING, false },
	{ "firehydrant", "incidents", "resolved", OUTCOME_SUCCESS, true },
	{ "firehydrant", "incidents", "postmortem_started", OUTCOME_SUCCESS, true },
	{ "firehydrant", "incidents", "postmortem_completed", OUTCOME_SUCCESS, true },
	{ "firehydrant", "incidents", "retrospective_started", OUTCOME_SUCCESS, true },
	{ "firehydrant", "incidents", "retrospective_completed", OUTCOME_SUCCESS, true },
	{ "firehydrant", "incidents", "closed", OUTCOME_SUCCESS, true },
	{ "sentry", "issues", "unresolved", OUTCOME_RUNNING, false },
	{ "sentry", "issues", "reprocessing", OUTCOME_RUNNING, false },
	{ "sentry", "issues", "resolved", OUTCOME_SUCCESS, true },
	{ "sentry", "issues", "resolvedInNextRelease", OUTCOME_SUCCESS, true },
	{ "sentry", "issues", "ignored", OUTCOME_CANCELLED, true },
	{ "sentry", "issues", "muted", OUTCOME_CANCELLED, true },
	{ "alertmanager", "alerts", "active", OUTCOME_RUNNING, false },
	{ "alertmanager", "alerts", "unprocessed", OUTCOME_RUNNING, false },
	{ "alertmanager", "alerts", "suppressed", OUTCOME_RUNNING, false },
	{ "alertmanager", "alerts", "resolved", OUTCOME_SUCCESS, true },
};

static bool has_word(const struct state_map *states, const char *word)
{
	while (states->word && strcmp(states->word, word) != 0)
		states++;
	return states->word != NULL;
}

START_TEST(a_word_says_what_became_of_it)
{
	const struct feed *feed = fixture_feed(words[_i].driver, words[_i].feed);
	struct item item;

	ck_assert_msg(has_word(feed->states, words[_i].word), "%s: %s: by name",
		      words[_i].driver, words[_i].word);
	item_init(&item, feed->kind);
	item.state = g_strdup(words[_i].word);
	state_map_apply(feed->states, &item);
	ck_assert_msg(item.outcome == words[_i].outcome && item.done == words[_i].done,
		      "%s: %s: %s", words[_i].driver, words[_i].word,
		      outcome_name(item.outcome));
	item_clear(&item);
}
END_TEST

static bool has_row(const char *driver, const char *feed, const char *word)
{
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i].driver, driver) == 0 &&
		    strcmp(words[i].feed, feed) == 0 && strcmp(words[i].word, word) == 0)
			return true;
	return false;
}

/* The drivers of this file. */
static const enum driver_id ids[] = {
	DRIVER_PAGERDUTY,    DRIVER_OPSGENIE,	DRIVER_JIRA,	    DRIVER_JIRA_SERVER,
	DRIVER_JSM,	     DRIVER_SERVICENOW, DRIVER_STATUSPAGE,  DRIVER_GRAFANA,
	DRIVER_INCIDENT_IO,  DRIVER_ROOTLY,	DRIVER_FIREHYDRANT, DRIVER_SENTRY,
	DRIVER_ALERTMANAGER,
};

/* And no word that a table has is untold above; one that it does not have leaves the
 * incident open, for people to see. */
START_TEST(a_table_has_no_word_untold)
{
	const struct driver *driver = drivers[ids[_i]];

	for (const struct feed *feed = driver->feeds; feed->name; feed++) {
		const struct state_map *states = feed->states;

		for (; states && states->word; states++)
			ck_assert_msg(has_row(driver->name, feed->name, states->word),
				      "%s %s: %s", driver->name, feed->name,
				      states->word);
		ck_assert(!states ||
			  (states->outcome == OUTCOME_RUNNING && !states->done));
	}
}
END_TEST

/* ---- what the tables say to the vendors ---- */

static void assert_template(const char *driver, const char *path)
{
	static const char *const variables[] = {
		"project", "since", "until",	    "id",	  "page", "offset",
		"token",   "query", "organization", "debt_query", NULL,
	};
	const char *open = path;

	while (open && (open = strchr(open, '{')) != NULL) {
		const char *close = strchr(open, '}');
		g_autofree char *name = close ? g_strndup(open + 1,
							  (gsize)(close - open) - 1)
					      : NULL;

		ck_assert_msg(name && g_strv_contains(variables, name), "%s: %s", driver,
			      open);
		open = close;
	}
}

static void assert_url(const char *driver, const char *path)
{
	if (!path)
		return;
	assert_template(driver, path);
	/* Nothing that a url may not hold (RFC 3986), once variables are in it. */
	ck_assert_msg(path[0] == '/' && !strpbrk(path, " <>\"^[]|\\`"), "%s: %s", driver,
		      path);
}

static void assert_feed(const struct driver *driver, const struct feed *feed)
{
	bool token = feed->paging == PAGING_TOKEN || feed->paging == PAGING_NEXT;

	ck_assert_msg(feed->help && feed->scope && feed->fields, "%s", driver->name);
	assert_url(driver->name, feed->path);
	assert_url(driver->name, feed->item_path);
	for (const struct detail *detail = feed->details; detail && detail->name;
	     detail++)
		assert_url(driver->name, detail->path);
	ck_assert(token == (feed->token_path != NULL));
	ck_assert((feed->order == ORDER_STATE) == (feed->on_absence != NULL));
	if (feed->paging == PAGING_PAGE || feed->paging == PAGING_OFFSET ||
	    feed->paging == PAGING_KEYSET)
		ck_assert_uint_gt(feed->size, 0);
	/* What can only be seen by creation must be asked for again by name. */
	if (feed->kind == ITEM_INCIDENT &&
	    (feed->order == ORDER_CREATED || feed->order == ORDER_NEWEST))
		ck_assert_ptr_nonnull(feed->item_path);
	if (feed->order == ORDER_CREATED)
		ck_assert(strstr(feed->path, "{since}") && strstr(feed->path, "{until}"));
	if (feed->order == ORDER_UPDATED)
		ck_assert_ptr_nonnull(strstr(feed->path, "{since}"));
}

static void assert_setting(const struct setting *setting)
{
	ck_assert_msg(setting->help && setting->example, "%s", setting->key);
	if (setting->pattern)
		ck_assert_msg(
			g_regex_match_simple(setting->pattern, setting->example, 0, 0),
			"%s: %s", setting->key, setting->pattern);
}

/* A template's variable that must be configured is a setting, and required. */
static void assert_configured(const struct driver *driver, const char *path,
			      const char *variable)
{
	g_autofree char *in = g_strdup_printf("{%s}", variable);
	const char *key = strcmp(variable, "project") == 0 ? "projects" : variable;

	if (!path || !strstr(path, in))
		return;
	for (const struct setting *setting = driver->settings; setting->key; setting++)
		if (strcmp(setting->key, key) == 0)
			return;
	ck_abort_msg("%s: no setting %s", driver->name, key);
}

START_TEST(a_driver_is_whole)
{
	const struct driver *driver = drivers[ids[_i]];

	ck_assert_ptr_nonnull(driver);
	ck_assert(driver->title && driver->summary && driver->limits && driver->settings);
	ck_assert(!driver->url || g_str_has_prefix(driver->url, "https://"));
	ck_assert(!driver->url || !g_str_has_suffix(driver->url, "/"));
	assert_url(driver->name, driver->whoami);
	for (const struct setting *setting = driver->settings; setting->key; setting++)
		assert_setting(setting);
	for (const struct feed *feed = driver->feeds; feed->name; feed++) {
		assert_feed(driver, feed);
		assert_configured(driver, feed->path, "project");
		assert_configured(driver, feed->path, "query");
		assert_configured(driver, feed->path, "organization");
		ck_assert(feed->time != TIME_JQL ||
			  (driver->zone_path && driver->whoami));
	}
}
END_TEST

/* What a request must say, by the trap it is for. */
static const struct {
	const char *trap, *driver, *feed, *says;
} requests[] = {
	{ "PagerDuty reads times in the account's zone", "pagerduty", "incidents",
	  "time_zone=UTC" },
	{ "Opsgenie wants the slash, and a query", "opsgenie", "incidents",
	  "/v1/incidents/?query=" },
	{ "Jira Cloud took /search away", "jira", "issues", "/rest/api/3/search/jql?" },
	{ "Jira Cloud returns ids alone", "jira", "issues", "&fields=summary,status," },
	{ "Jira Data Center kept it", "jira_server", "issues", "/rest/api/2/search?" },
	{ "incidents and debt are two queries", "jira", "debt", "AND%20({debt_query})" },
	{ "edits move pages ordered by change", "jira", "issues",
	  "ORDER%20BY%20created%20ASC" },
	{ "edits move pages ordered by change", "rootly", "incidents",
	  "sort=created_at" },
	{ "ServiceNow puts links where values should be", "servicenow", "incidents",
	  "sysparm_exclude_reference_link=true" },
	{ "ServiceNow tells times in the user's zone", "servicenow", "incidents",
	  "sysparm_display_value=false" },
	{ "a second may have more rows than a page", "servicenow", "incidents",
	  "sys_updated_on%3D{since}%5Enumber%3E{id}" },
	{ "incident.io has tests among incidents", "incident_io", "incidents",
	  "mode%5Bone_of%5D=standard" },
	{ "a silence looks like a resolve", "alertmanager", "alerts", "silenced=true" },
};

START_TEST(a_request_minds_the_trap)
{
	const struct feed *feed = fixture_feed(requests[_i].driver, requests[_i].feed);

	ck_assert_msg(strstr(feed->path, requests[_i].says) != NULL, "%s: %s",
		      requests[_i].trap, feed->path);
}
END_TEST

static const char *header_of(const struct driver *driver, const char *name)
{
	const struct http_header_row *row = driver->headers;

	while (row && row->name && strcmp(row->name, name) != 0)
		row++;
	return row ? row->value : NULL;
}

START_TEST(limits_and_quirks_are_known)
{
	const struct feed *feed = fixture_feed("pagerduty", "incidents");

	ck_assert(feed->window_max > 0 && feed->window_max <= 30 * G_TIME_SPAN_DAY);
	ck_assert_uint_eq(feed->cap, 10000);
	ck_assert_str_eq(header_of(&driver_pagerduty, "Content-Type"),
			 "application/json");
	ck_assert_ptr_nonnull(strstr(header_of(&driver_pagerduty, "Accept"),
				     "application/vnd.pagerduty+json;version=2"));
	ck_assert_str_eq(header_of(&driver_rootly, "Accept"), "application/vnd.api+json");
	ck_assert_str_eq(header_of(&driver_grafana, "X-Grafana-URL"), "{organization}");
	ck_assert_int_ge(driver_statuspage.pace, G_TIME_SPAN_SECOND);
	feed = fixture_feed("incident_io", "incidents");
	ck_assert(feed->time == TIME_DATE && feed->overlap >= G_TIME_SPAN_DAY);
	feed = fixture_feed("jira", "issues");
	ck_assert(feed->time == TIME_JQL && feed->any_order);
	ck_assert_str_eq(driver_jira.zone_path, "/timeZone");
	ck_assert(fixture_feed("opsgenie", "incidents")->time == TIME_EPOCH_MS);
	ck_assert_ptr_nonnull(strstr(driver_opsgenie.limits, "2027-04-05"));
	ck_assert_str_eq(fixture_feed("sentry", "deploys")->link_param, "results");
	ck_assert(fixture_feed("sentry", "issues")->on_request);
	ck_assert(fixture_feed("servicenow", "changes")->on_request);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drivers_ops_tables");
	TCase *tests = tcase_create("tables");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_word_says_what_became_of_it, 0, G_N_ELEMENTS(words));
	tcase_add_loop_test(tests, a_table_has_no_word_untold, 0, G_N_ELEMENTS(ids));
	tcase_add_loop_test(tests, a_driver_is_whole, 0, G_N_ELEMENTS(ids));
	tcase_add_loop_test(tests, a_request_minds_the_trap, 0, G_N_ELEMENTS(requests));
	tcase_add_test(tests, limits_and_quirks_are_known);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
