#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "collector/rest/budget.h"

#define KEY "https://api.example.com 1234"
#define SECOND G_TIME_SPAN_SECOND
/* Sun, 01 Mar 2026 12:00:00 GMT is 1772366400. */
#define NOW (G_GINT64_CONSTANT(1772366400) * SECOND)
#define DATE "date: Sun, 01 Mar 2026 12:00:00 GMT"
#define MAX_HEADERS 7 /* the last is NULL */

static const struct driver plain = { .name = "plain" };
static const struct driver paced = { .name = "paced", .pace = SECOND };
static const struct driver patient = { .name = "patient", .blocked = 90 * SECOND };

static void answer(struct http_response *response, guint status,
		   const char *const *headers, const char *body)
{
	response->status = status;
	response->headers = g_ptr_array_new_with_free_func(g_free);
	for (; headers && *headers; headers++)
		g_ptr_array_add(response->headers, g_strdup(*headers));
	response->body = g_byte_array_new();
	if (body)
		g_byte_array_append(response->body, (const guint8 *)body,
				    (guint)strlen(body));
	g_byte_array_append(response->body, (const guint8 *)"", 1);
	g_byte_array_set_size(response->body, response->body->len - 1);
}

static bool learn(struct budgets *budgets, const struct driver *driver, guint status,
		  const char *const *headers, const char *body, gint64 now)
{
	_cleanup_(http_response_clear) struct http_response response = { 0 };

	answer(&response, status, headers, body);
	return budget_learn(budgets, KEY, driver, &response, now);
}

static const struct {
	const char *what;
	guint status;
	const char *headers[MAX_HEADERS];
	const char *body;
	bool limited;
	int wait; /* seconds until the next request */
} dialects[] = {
	{ "nothing said", 200, { DATE }, NULL, false, 0 },
	{ "GitHub: enough left",
	  200,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4812",
	    "x-ratelimit-reset: 1772368200", DATE },
	  NULL,
	  false,
	  0 },
	{ "GitHub: the last one",
	  200,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772368200", DATE },
	  NULL,
	  false,
	  1800 },
	{ "GitHub: primary limit",
	  403,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772366700", DATE },
	  "{\"message\":\"API rate limit exceeded for user ID 1.\"}",
	  true,
	  300 },
	{ "GitHub: secondary limit with Retry-After",
	  403,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4000",
	    "x-ratelimit-reset: 1772368200", "retry-after: 77", DATE },
	  "{\"message\":\"You have exceeded a secondary rate limit.\"}",
	  true,
	  77 },
	{ "GitHub: secondary limit, silent",
	  403,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4000",
	    "x-ratelimit-reset: 1772368200", DATE },
	  "{\"message\":\"You have exceeded a Secondary Rate Limit.\"}",
	  true,
	  60 },
	{ "GitHub: secondary limit as 429",
	  429,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4000", DATE },
	  NULL,
	  true,
	  60 },
	{ "GitHub: abuse detection",
	  403,
	  { DATE },
	  "{\"message\":\"You have triggered an abuse detection mechanism.\"}",
	  true,
	  60 },
	{ "GitHub: missing rights",
	  403,
	  { "x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4000",
	    "x-ratelimit-reset: 1772368200", DATE },
	  "{\"message\":\"Resource not accessible by integration\"}",
	  false,
	  0 },
	{ "GitHub Enterprise: limits off",
	  200,
	  { "x-ratelimit-limit: 0", "x-ratelimit-remaining: 0", "x-ratelimit-reset: 0",
	    DATE },
	  NULL,
	  false,
	  0 },
	{ "GitHub Enterprise: limits off, missing rights",
	  403,
	  { "x-ratelimit-limit: 0", "x-ratelimit-remaining: 0", DATE },
	  "{\"message\":\"Must have admin rights\"}",
	  false,
	  0 },
	{ "GitLab: used up",
	  429,
	  { "ratelimit-limit: 2000", "ratelimit-remaining: 0",
	    "ratelimit-reset: 1772366430",
	    "ratelimit-resettime: Sun, 01 Mar 2026 12:00:30 GMT", "retry-after: 30",
	    DATE },
	  "Retry later\n",
	  true,
	  30 },
	{ "GitLab: the last one",
	  200,
	  { "ratelimit-limit: 2000", "ratelimit-remaining: 0",
	    "ratelimit-reset: 1772366430", DATE },
	  NULL,
	  false,
	  30 },
	{ "Buildkite: the organization's",
	  429,
	  { "ratelimit-limit: 200", "ratelimit-remaining: 0", "ratelimit-reset: 42",
	    "ratelimit-user-remaining: 12", "ratelimit-user-reset: 50", DATE },
	  NULL,
	  true,
	  42 },
	{ "Buildkite: the user's, while the organization has more",
	  200,
	  { "ratelimit-limit: 200", "ratelimit-remaining: 180", "ratelimit-reset: 42",
	    "ratelimit-user-limit: 50", "ratelimit-user-remaining: 0",
	    "ratelimit-user-reset: 17" },
	  NULL,
	  false,
	  17 },
	{ "CircleCI",
	  429,
	  { "x-ratelimit-limit: 51", "x-ratelimit-remaining: 0", "x-ratelimit-reset: 1",
	    "retry-after: 3" },
	  NULL,
	  true,
	  3 },
	{ "Azure DevOps: it was slowed down",
	  200,
	  { "x-ratelimit-delay: 2.5" },
	  NULL,
	  false,
	  3 },
	{ "Azure DevOps: asks to pause although it answers",
	  200,
	  { "retry-after: 20", "x-ratelimit-resource: core" },
	  NULL,
	  false,
	  20 },
	{ "PagerDuty",
	  429,
	  { "ratelimit-limit: 960", "ratelimit-remaining: 0", "ratelimit-reset: 14" },
	  NULL,
	  true,
	  14 },
	{ "Opsgenie: throttled",
	  429,
	  { "x-ratelimit-state: THROTTLED", "x-ratelimit-reason: ACCOUNT",
	    "x-ratelimit-period-in-sec: 60" },
	  NULL,
	  true,
	  60 },
	{ "Opsgenie: all is well",
	  200,
	  { "x-ratelimit-state: OK", "x-ratelimit-period-in-sec: 60" },
	  NULL,
	  false,
	  0 },
	{ "Jira: points",
	  429,
	  { "x-ratelimit-limit: 65000", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 2026-03-01T12:10:00Z",
	    "ratelimit-reason: jira-quota-global-based" },
	  NULL,
	  true,
	  600 },
	{ "Jira: to the minute",
	  429,
	  { "x-ratelimit-limit: 65000", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 2026-03-01T12:10Z" },
	  NULL,
	  true,
	  600 },
	{ "Jira: burst",
	  429,
	  { "retry-after: 5", "ratelimit-reason: jira-burst-based" },
	  NULL,
	  true,
	  5 },
	{ "Sentry: the endpoint's",
	  429,
	  { "x-sentry-rate-limit-limit: 40", "x-sentry-rate-limit-remaining: 0",
	    "x-sentry-rate-limit-reset: 1772366409", DATE },
	  NULL,
	  true,
	  9 },
	{ "Sentry: too many at once",
	  200,
	  { "x-sentry-rate-limit-concurrentlimit: 25",
	    "x-sentry-rate-limit-concurrentremaining: 0" },
	  NULL,
	  false,
	  1 },
	{ "Rootly",
	  429,
	  { "ratelimit-limit: 3000", "ratelimit-remaining: 0",
	    "ratelimit-reset: 1772366460", DATE },
	  NULL,
	  true,
	  60 },
	{ "Statuspage", 420, { DATE }, "{\"error\":\"Enhance your calm\"}", true, 60 },
	{ "several in one header",
	  200,
	  { "ratelimit-limit: 100, 100;w=60", "ratelimit-remaining: 0",
	    "ratelimit-reset: 8" },
	  NULL,
	  false,
	  8 },
	{ "epoch in milliseconds",
	  200,
	  { "x-ratelimit-limit: 100", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772366425000", DATE },
	  NULL,
	  false,
	  25 },
	{ "Retry-After: a date",
	  503,
	  { "retry-after: Sun, 01 Mar 2026 12:02:00 GMT", DATE },
	  NULL,
	  false,
	  120 },
	{ "Retry-After: negative", 429, { "retry-after: -5" }, NULL, true, 60 },
	{ "Retry-After: at once, from one that refuses",
	  429,
	  { "retry-after: 0" },
	  NULL,
	  true,
	  60 },
	{ "Retry-After: longer than anyone waits",
	  429,
	  { "retry-after: 1000000000" },
	  NULL,
	  true,
	  3600 },
	{ "Retry-After: beyond 64 bits",
	  429,
	  { "retry-after: 99999999999999999999999999" },
	  NULL,
	  true,
	  3600 },
	{ "Retry-After: garbage", 429, { "retry-after: soon" }, NULL, true, 60 },
	{ "Retry-After: empty", 429, { "retry-after: " }, NULL, true, 60 },
	{ "Retry-After: a date gone by",
	  429,
	  { "retry-after: Sun, 01 Mar 2026 11:00:00 GMT", DATE },
	  NULL,
	  true,
	  60 },
	{ "reset: garbage",
	  200,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: next week" },
	  NULL,
	  false,
	  1 },
	{ "reset: in the year 5138",
	  200,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 99999999999", DATE },
	  NULL,
	  false,
	  3600 },
	{ "reset: gone by, but refused",
	  403,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772366399", DATE },
	  NULL,
	  true,
	  60 },
	{ "remaining: negative",
	  200,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: -3",
	    "x-ratelimit-reset: 1772366410", DATE },
	  NULL,
	  false,
	  10 },
	{ "the server's clock is ten minutes ahead",
	  200,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772367060", "date: Sun, 01 Mar 2026 12:10:00 GMT" },
	  NULL,
	  false,
	  60 },
	{ "the server's clock is ten minutes behind",
	  200,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772365860", "date: Sun, 01 Mar 2026 11:50:00 GMT" },
	  NULL,
	  false,
	  60 },
	{ "a date that makes no sense",
	  200,
	  { "x-ratelimit-limit: 60", "x-ratelimit-remaining: 0",
	    "x-ratelimit-reset: 1772366410", "date: Thu, 01 Jan 1970 00:00:00 GMT" },
	  NULL,
	  false,
	  10 },
};

START_TEST(understands_every_dialect)
{
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	const char *what = dialects[_i].what;
	gint64 at;
	bool limited = learn(budgets, &plain, dialects[_i].status, dialects[_i].headers,
			     dialects[_i].body, NOW);

	ck_assert_msg(limited == dialects[_i].limited, "%s: limited %d", what, limited);
	at = budget_take(budgets, KEY, &plain, NOW);
	ck_assert_msg(at == NOW + dialects[_i].wait * SECOND,
		      "%s: waits %" G_GINT64_FORMAT " µs", what, at - NOW);
	/* Whoever has waited may ask. */
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW + 3601 * SECOND),
			 NOW + 3601 * SECOND);
	/* Another credential is not concerned. */
	ck_assert_int_eq(budget_take(budgets, KEY "5", &plain, NOW), NOW);
}
END_TEST

START_TEST(waits_twice_as_long_each_time)
{
	static const int waits[] = { 90, 180, 360, 720, 1440, 2880, 3600, 3600 };
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	gint64 now = NOW;

	for (gsize i = 0; i < G_N_ELEMENTS(waits); i++) {
		ck_assert(learn(budgets, &patient, 429, NULL, NULL, now));
		ck_assert_int_eq(budget_take(budgets, KEY, &patient, now),
				 now + waits[i] * SECOND);
		now += waits[i] * SECOND;
	}
	ck_assert(!learn(budgets, &patient, 200, NULL, NULL, now));
	ck_assert(learn(budgets, &patient, 429, NULL, NULL, now));
	ck_assert_int_eq(budget_take(budgets, KEY, &patient, now), now + 90 * SECOND);
}
END_TEST

/* An answer to a request that was sent before a refusal does not end it. */
START_TEST(keeps_a_refusal_through_late_answers)
{
	static const char *const refusal[] = { "retry-after: 600", NULL };
	static const char *const fine[] = { "x-ratelimit-limit: 60",
					    "x-ratelimit-remaining: 59",
					    "x-ratelimit-reset: 1772366500", NULL };
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();

	learn(budgets, &plain, 429, refusal, NULL, NOW);
	learn(budgets, &plain, 200, fine, NULL, NOW + SECOND);
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW + SECOND),
			 NOW + 600 * SECOND);
}
END_TEST

START_TEST(keeps_a_distance)
{
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(budget_take(budgets, KEY, &paced, NOW),
				 NOW + i * SECOND);
	/* What was not asked for is not owed. */
	ck_assert_int_eq(budget_take(budgets, KEY, &paced, NOW + 60 * SECOND),
			 NOW + 60 * SECOND);
	/* A queue ends within the hour. */
	for (int i = 0; i < 5000; i++)
		budget_take(budgets, KEY, &paced, NOW + 60 * SECOND);
	ck_assert_int_le(budget_take(budgets, KEY, &paced, NOW + 60 * SECOND),
			 NOW + 3660 * SECOND);
}
END_TEST

/* Two left: the third request waits, whoever sends it, although no answer said so. */
START_TEST(shares_what_is_left)
{
	static const char *const two[] = { "x-ratelimit-limit: 60",
					   "x-ratelimit-remaining: 2",
					   "x-ratelimit-reset: 1772366500", DATE, NULL };
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();

	learn(budgets, &plain, 200, two, NULL, NOW);
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW), NOW);
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW), NOW);
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW), NOW + 100 * SECOND);
}
END_TEST

/* A tight limit, of searches, holds others up until it is over, and no longer. */
START_TEST(one_limit_of_several)
{
	static const char *const core[] = { "x-ratelimit-limit: 5000",
					    "x-ratelimit-remaining: 4000",
					    "x-ratelimit-reset: 1772368200", DATE, NULL };
	static const char *const search[] = { "x-ratelimit-limit: 30",
					      "x-ratelimit-remaining: 0",
					      "x-ratelimit-reset: 1772366420", DATE,
					      NULL };
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();

	learn(budgets, &plain, 200, core, NULL, NOW);
	learn(budgets, &plain, 200, search, NULL, NOW);
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW), NOW + 20 * SECOND);
	ck_assert_int_eq(budget_take(budgets, KEY, &plain, NOW + 21 * SECOND),
			 NOW + 21 * SECOND);
}
END_TEST

START_TEST(speaks_to_people)
{
	static const char *const some[] = { "x-ratelimit-limit: 5000",
					    "x-ratelimit-remaining: 4812",
					    "x-ratelimit-reset: 1772374800", DATE, NULL };
	static const char *const refusal[] = { "retry-after: 61", NULL };
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	g_autofree char *unknown = budget_text(budgets, KEY, NOW);
	g_autofree char *left = NULL, *none = NULL;

	ck_assert_ptr_null(unknown);
	learn(budgets, &plain, 200, some, NULL, NOW);
	left = budget_text(budgets, KEY, NOW);
	ck_assert_str_eq(left, "4,812 of 5,000 left until 13:00 UTC");
	learn(budgets, &plain, 429, refusal, NULL, NOW);
	none = budget_text(budgets, KEY, NOW);
	ck_assert_str_eq(none, "none left until 12:02 UTC");
}
END_TEST

static gpointer take_many(gpointer budgets)
{
	for (int i = 0; i < 500; i++) {
		budget_take(budgets, KEY, &paced, NOW);
		learn(budgets, &paced, 200, NULL, NULL, NOW);
	}
	return NULL;
}

/* Four workers, one credential: no place is given twice. */
START_TEST(is_shared_by_workers)
{
	_cleanup_(budgets_freep) struct budgets *budgets = budgets_new();
	GThread *threads[4];

	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("worker", take_many, budgets);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	ck_assert_int_eq(budget_take(budgets, KEY, &paced, NOW), NOW + 2000 * SECOND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *tests = tcase_create("budget");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, understands_every_dialect, 0, G_N_ELEMENTS(dialects));
	tcase_add_test(tests, waits_twice_as_long_each_time);
	tcase_add_test(tests, keeps_a_refusal_through_late_answers);
	tcase_add_test(tests, keeps_a_distance);
	tcase_add_test(tests, shares_what_is_left);
	tcase_add_test(tests, one_limit_of_several);
	tcase_add_test(tests, speaks_to_people);
	tcase_add_test(tests, is_shared_by_workers);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
