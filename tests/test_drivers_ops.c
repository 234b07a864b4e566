#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "drivers/drivers.h"
#include "ops_fixture.h"

/* Answers of the incident APIs (tests/fixtures/README.md says where they are from), each
 * item in them told whole. */

static const struct {
	const char *driver, *feed, *fixture;
} answers[] = {
	{ "pagerduty", "incidents", "pagerduty/incidents" },
	{ "opsgenie", "incidents", "opsgenie/incidents" },
	{ "jsm", "alerts", "jsm/alerts" },
	{ "jira", "issues", "jira/issues" },
	{ "jira_server", "issues", "jira/issues" },
	{ "jira", "debt", "jira/debt" },
	{ "jira_server", "debt", "jira/debt" },
	{ "servicenow", "incidents", "servicenow/incidents" },
	{ "servicenow", "changes", "servicenow/changes" },
	{ "statuspage", "incidents", "statuspage/incidents" },
	{ "grafana", "alert_groups", "grafana/alert_groups" },
	{ "incident_io", "incidents", "incident_io/incidents" },
	{ "incident_io", "incidents", "incident_io/example" },
	{ "rootly", "incidents", "rootly/incidents" },
	{ "rootly", "incidents", "rootly/example" },
	{ "firehydrant", "incidents", "firehydrant/incidents" },
	{ "sentry", "deploys", "sentry/deploys" },
	{ "sentry", "issues", "sentry/issues" },
	{ "alertmanager", "alerts", "alertmanager/alerts" },
};

static cJSON *json_of(const char *fixture)
{
	g_autofree char *name = g_strconcat(fixture, ".json", NULL);

	return fixture_json(name);
}

static GPtrArray *told_of(const char *fixture)
{
	g_autofree char *name = g_strconcat(fixture, ".told", NULL);

	return fixture_told(name);
}

START_TEST(an_item_is_decoded_whole)
{
	const struct feed *feed = fixture_feed(answers[_i].driver, answers[_i].feed);
	_cleanup_(cJSON_Deletep) cJSON *answer = json_of(answers[_i].fixture);
	g_autoptr(GPtrArray) told = told_of(answers[_i].fixture);

	ck_assert_int_eq(elements_count(answer, feed->items), (int)told->len);
	for (guint i = 0; i < told->len; i++) {
		g_autoptr(GError) error = NULL;
		struct item *item = feed_decode(
			feed, "acme", element(answer, feed->items, (int)i), &error);

		ck_assert_msg(!error, "%s: %s", answers[_i].fixture,
			      error ? error->message : "");
		assert_told(told->pdata[i], item);
		item_free(item);
	}
}
END_TEST

/* Details: of the first element of an answer. */
static const struct {
	const char *driver, *feed, *detail, *of, *fixture;
} details[] = {
	{ "pagerduty", "incidents", "log entries", "pagerduty/incidents",
	  "pagerduty/log_entries" },
	{ "sentry", "deploys", "deploys", "sentry/deploys", "sentry/release_deploys" },
	{ "sentry", "issues", "issue", "sentry/issues", "sentry/issue" },
};

static void merge_all(const struct detail *detail, const cJSON *answer, struct item *item)
{
	for (int i = 0; i < elements_count(answer, detail->items); i++)
		ck_assert(detail->merge(element(answer, detail->items, i), item, NULL));
}

static void assert_children(const struct detail *detail, const cJSON *answer,
			    const struct item *item, const GPtrArray *told)
{
	ck_assert_int_eq(elements_count(answer, detail->items), (int)told->len);
	for (guint i = 0; i < told->len; i++) {
		struct item *child = detail_decode(
			detail, item, element(answer, detail->items, (int)i), NULL);

		assert_told(told->pdata[i], child);
		ck_assert_int_eq(child->kind, detail->kind);
		item_free(child);
	}
}

START_TEST(a_detail_is_read_whole)
{
	const struct feed *feed = fixture_feed(details[_i].driver, details[_i].feed);
	_cleanup_(cJSON_Deletep) cJSON *of = json_of(details[_i].of);
	_cleanup_(cJSON_Deletep) cJSON *answer = json_of(details[_i].fixture);
	g_autoptr(GPtrArray) told = told_of(details[_i].fixture);
	struct item *item = feed_decode(feed, "acme", element(of, feed->items, 0), NULL);
	const struct detail *detail = feed->details;

	ck_assert_str_eq(detail->name, details[_i].detail);
	if (detail->merge) {
		merge_all(detail, answer, item);
		assert_told(told->pdata[0], item);
	} else {
		assert_children(detail, answer, item, told);
	}
	item_free(item);
}
END_TEST

/* ---- one thing, one key ---- */

START_TEST(project_b_does_not_overwrite_project_a)
{
	const struct feed *feed = fixture_feed("jira", "issues");
	_cleanup_(cJSON_Deletep) cJSON *answer = fixture_json("jira/issues.json");
	struct item *a = feed_decode(feed, "A", element(answer, feed->items, 0), NULL);
	struct item *b = feed_decode(feed, "B", element(answer, feed->items, 0), NULL);

	ck_assert_str_eq(a->project, "A");
	ck_assert_str_eq(b->project, "B");
	ck_assert_str_eq(a->id, b->id);
	item_free(a);
	item_free(b);
}
END_TEST

START_TEST(an_edit_adds_no_row)
{
	const struct feed *feed = fixture_feed("jira", "issues");
	_cleanup_(cJSON_Deletep) cJSON *answer = fixture_json("jira/issues.json");
	cJSON *json = (cJSON *)element(answer, feed->items, 0);
	cJSON *fields = cJSON_GetObjectItemCaseSensitive(json, "fields");
	struct item *before = feed_decode(feed, "OPS", json, NULL), *after;

	ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(
		fields, "summary", cJSON_CreateString("Checkout failed")));
	ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(
		fields, "updated", cJSON_CreateString("2026-03-05T10:00:00.000+0000")));
	after = feed_decode(feed, "OPS", json, NULL);
	ck_assert_str_eq(before->id, after->id);
	ck_assert_int_eq(before->attempt, after->attempt);
	ck_assert_int_eq(before->kind, after->kind);
	ck_assert_str_eq(after->name, "Checkout failed");
	ck_assert_int_gt(after->updated, before->updated);
	item_free(before);
	item_free(after);
}
END_TEST

/* ---- what makes no sense ---- */

/* Every member of an element in turn is missing, null, of another type, or empty: an
 * item, or none, or an error with a text; with sanitizers, nothing else. */
static void assert_survives(const struct feed *feed, const cJSON *json)
{
	g_autoptr(GError) error = NULL;
	struct item *item = feed_decode(feed, "acme", json, &error);

	ck_assert(!item || !error);
	ck_assert(!error || strlen(error->message) > 10);
	item_free(item);
}

/* Damages each member of the object at a path of an element, one after the other. */
static void damage(const struct feed *feed, const cJSON *json, const char *path)
{
	cJSON *(*const make[])(void) = { cJSON_CreateNull, cJSON_CreateTrue,
					 cJSON_CreateArray, cJSON_CreateObject };
	int n = cJSON_GetArraySize(json_at(json, path));

	for (int i = 0; i < n * 6; i++) {
		_cleanup_(cJSON_Deletep) cJSON *copy = cJSON_Duplicate(json, true);
		cJSON *object = (cJSON *)json_at(copy, path);
		const char *name = cJSON_GetArrayItem(object, i / 6)->string;
		g_autofree char *member = g_strdup(name);

		if (i % 6 < 4)
			cJSON_ReplaceItemInObjectCaseSensitive(object, member,
							       make[i % 6]());
		else if (i % 6 == 4)
			cJSON_ReplaceItemInObjectCaseSensitive(object, member,
							       cJSON_CreateNumber(-1));
		else
			cJSON_DeleteItemFromArray(object, i / 6);
		assert_survives(feed, copy);
	}
}

START_TEST(damage_is_survived)
{
	static const char *const paths[] = { "",	"/attributes",	    "/fields",
					     "/labels", "/incident_status", "/status" };
	const struct feed *feed = fixture_feed(answers[_i].driver, answers[_i].feed);
	_cleanup_(cJSON_Deletep) cJSON *answer = json_of(answers[_i].fixture);

	for (int i = 0; i < elements_count(answer, feed->items); i++) {
		const cJSON *json = element(answer, feed->items, i);

		for (guint k = 0; k < G_N_ELEMENTS(paths); k++)
			if (cJSON_IsObject(json_at(json, paths[k])))
				damage(feed, json, paths[k]);
	}
}
END_TEST

START_TEST(an_item_without_an_id_is_refused)
{
	const struct feed *feed = fixture_feed(answers[_i].driver, answers[_i].feed);
	_cleanup_(cJSON_Deletep) cJSON *empty = cJSON_CreateObject();
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(feed_decode(feed, "acme", empty, &error));
	ck_assert_msg(g_error_matches(error, DORA_ERROR, DORA_ERROR_DATA), "%s",
		      answers[_i].fixture);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drivers_ops");
	TCase *tests = tcase_create("drivers_ops");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, an_item_is_decoded_whole, 0, G_N_ELEMENTS(answers));
	tcase_add_loop_test(tests, a_detail_is_read_whole, 0, G_N_ELEMENTS(details));
	tcase_add_test(tests, project_b_does_not_overwrite_project_a);
	tcase_add_test(tests, an_edit_adds_no_row);
	tcase_add_loop_test(tests, damage_is_survived, 0, G_N_ELEMENTS(answers));
	tcase_add_loop_test(tests, an_item_without_an_id_is_refused, 0,
			    G_N_ELEMENTS(answers));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
