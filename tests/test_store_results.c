#include <math.h>

#include "tests/store_rig.h"

/* Results: rollouts, shipped commits and series are made what they are given, and the
 * days that differ become dirty. Days are those of January 1970, whose number is the day
 * less one. */

static struct rig rig;
static gint32 cart, search, mail, red, acme, shop_source, shop_repo;

#define DAY (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC)
#define PRODUCTION ((char *)"production")

static void set_up(void)
{
	struct source_row row = { 0 };

	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	search = rig_scope(&rig, "service", "search");
	mail = rig_scope(&rig, "service", "mail");
	red = rig_scope(&rig, "team", "red");
	acme = rig_scope(&rig, "org", "acme");
	rig_ok(store_source(rig.store, "shop", &row, &error));
	shop_source = row.source_id;
	shop_repo = row.repo_id;
	source_row_clear(&row);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

/* Makes n deployments of a service, returning the first's id; the rest follow. */
static gint64 make_deployments(gint32 service_id, guint n)
{
	gint64 first = 0;

	rig_ok(store_begin(rig.store, &error));
	for (guint i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("refs/tags/v%u", i);
		struct deployment_row row = { .external_id = name,
					      .attempt = 1,
					      .environment = PRODUCTION,
					      .started = INSTANT_NONE,
					      .finished = i * DAY,
					      .outcome = OUTCOME_SUCCESS };

		rig_ok(store_deployments_write(rig.store, service_id, shop_source, &row,
					       1, NULL, &error));
	}
	rig_ok(store_commit(rig.store, &error));
	{
		g_autofree char *sql = g_strdup_printf(
			"SELECT min(deployment_id) FROM dorad.deployment"
			" WHERE service_id = %d",
			service_id);
		g_autofree char *id = rig_ask(&rig, sql);

		first = g_ascii_strtoll(id, NULL, 10);
	}
	return first;
}

/* Writes one rollout a given day (its index is the deployment's; -1: none there). */
static void write_rollouts_of(gint32 service_id, gint64 first, const int *days, gsize n,
			      char *revisions)
{
	struct rollout_row rollouts[8];
	struct fate_row fates[8];
	gsize k = 0;

	for (gsize i = 0; i < n; i++) {
		fates[i] = (struct fate_row){
			.deployment_id = first + (gint64)i,
			.rollout_id = days[i] < 0 ? 0 : first + (gint64)i,
			.excluded = days[i] < 0 ? EXCLUSION_NOT_SUCCESSFUL
						: EXCLUSION_NONE,
		};
		if (days[i] >= 0)
			rollouts[k++] = (struct rollout_row){
				.deployment_id = first + (gint64)i,
				.environment = PRODUCTION,
				.finished = days[i] * DAY,
				.kind = ROLLOUT_NORMAL,
				.revisions = revisions,
			};
	}
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_rollouts_write(rig.store, service_id, rollouts, k, fates, n,
				    &error));
	rig_ok(store_commit(rig.store, &error));
}

static void write_rollouts(gint32 service_id, gint64 first, const int *days, gsize n)
{
	write_rollouts_of(service_id, first, days, n, (char *)"of these");
}

static const struct {
	const char *what;
	int before[4], after[4]; /* -1: none */
	const char *dirty;
} changes[] = {
	{ "nothing", { 1, 4, 6, 9 }, { 1, 4, 6, 9 }, "" },
	{ "one goes: it and the next", { 1, 4, 6, 9 }, { 1, -1, 6, 9 }, "4 6" },
	{ "one comes: it and the next", { 1, -1, 6, 9 }, { 1, 4, 6, 9 }, "4 6" },
	{ "the last goes", { 1, 4, 6, 9 }, { 1, 4, 6, -1 }, "9" },
	{ "one moves: both places, both nexts",
	  { 1, 3, 6, 9 },
	  { 1, 8, 6, 9 },
	  "3 6 8 9" },
	{ "the first goes: all days up to the new first",
	  { 1, 4, 6, 9 },
	  { -1, 4, 6, 9 },
	  "1 2 3 4" },
	{ "an earlier first comes", { 2, 4, 6, 9 }, { 0, 4, 6, 9 }, "0 1 2 4" },
	{ "the very first", { -1, -1, -1, -1 }, { 3, -1, -1, -1 }, "3" },
	{ "all go", { 1, 4, 6, 9 }, { -1, -1, -1, -1 }, "1 4 6 9" },
};

START_TEST(rollouts_mark_days)
{
	gint64 first = make_deployments(cart, 4);
	g_autofree char *before = NULL, *after = NULL;

	write_rollouts(cart, first, changes[_i].before, 4);
	for (int k = 0; k < 3; k++)
		g_free(rig_dirty(&rig, (gint32[]){ cart, red, acme }[k]));
	before = rig_rows(&rig);
	write_rollouts(cart, first, changes[_i].before, 4);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	write_rollouts(cart, first, changes[_i].after, 4);
	rig_expect_dirty(&rig, cart, changes[_i].dirty);
	rig_expect_dirty(&rig, red, changes[_i].dirty);
	rig_expect_dirty(&rig, acme, changes[_i].dirty);
	rig_expect_dirty(&rig, search, "");
}
END_TEST

static char *revisions_of(gint32 service_id)
{
	GArray *rows;
	char *revisions;

	rig_ok((rows = store_rollouts(rig.store, service_id, &error)));
	ck_assert_uint_eq(rows->len, 1);
	revisions = g_strdup(g_array_index(rows, struct rollout_row, 0).revisions);
	rollout_rows_free(rows);
	return revisions;
}

START_TEST(a_rollout_keeps_what_it_was_made_of)
{
	static const int days[] = { 4 };
	static const char *const digests[] = { "of these", "of others", NULL };
	gint64 first = make_deployments(cart, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(digests); i++) {
		g_autofree char *kept = NULL;

		write_rollouts_of(cart, first, days, 1, (char *)digests[i]);
		kept = revisions_of(cart);
		ck_assert_msg(g_strcmp0(kept, digests[i]) == 0, "%s", kept);
		rig_expect_dirty(&rig, cart, "4");
	}
}
END_TEST

/* ---- shipped commits ---- */

static struct shipped_row shipped(guint number, int day)
{
	return (struct shipped_row){
		.rollout_id = 1,
		.environment = "production",
		.repo_id = shop_repo,
		.oid = rig_oid(number),
		.finished = day * DAY + DAY / 2,
		.times = { (day - 1) * DAY, INSTANT_NONE, number % 5 },
		.lead = number * G_USEC_PER_SEC,
	};
}

static gsize write_shipped(gint32 service_id, const struct shipped_row *rows, gsize n,
			   bool replace)
{
	gsize changed = 99;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_shipped_begin(rig.store, service_id, replace, &error));
	for (gsize i = 0; i < n; i++)
		rig_ok(store_shipped_add(rig.store, &rows[i], &error));
	rig_ok(store_shipped_end(rig.store, &changed, &error));
	rig_ok(store_commit(rig.store, &error));
	return changed;
}

START_TEST(shipped_commits_are_replaced_by_difference)
{
	struct shipped_row rows[] = { shipped(1, 1), shipped(2, 2), shipped(3, 3),
				      shipped(4, 4), shipped(5, 5) };
	g_autofree char *before = NULL, *after = NULL;

	rows[4].excluded = EXCLUSION_MERGE;
	ck_assert_uint_eq(write_shipped(cart, rows, 5, true), 5);
	rig_expect_dirty(&rig, cart, "1 2 3 4 5");
	rig_expect_dirty(&rig, acme, "1 2 3 4 5");
	before = rig_rows(&rig);
	ck_assert_uint_eq(write_shipped(cart, rows, 5, true), 0);
	ck_assert_uint_eq(write_shipped(cart, rows, 5, false), 0);
	after = rig_rows(&rig);
	/* acme's and red's marks are untouched, too */
	ck_assert_str_eq(before, after);

	/* 1 goes, 2 moves to day 7, 3 has another time, 4 stays, 6 is new on day 8 */
	rows[0] = shipped(6, 8);
	rows[1].finished += 5 * DAY;
	rows[2].lead++;
	ck_assert_uint_eq(write_shipped(cart, rows, 5, true), 4);
	rig_expect_dirty(&rig, cart, "1 2 3 7 8");
	rig_expect(&rig,
		   "SELECT string_agg(right(sha, 1) || ' ' || coalesce(excluded_reason, "
		   "lead_seconds::text), ', ' ORDER BY sha) FROM dora.shipped_commits",
		   "2 2, 3 3.000001, 4 4, 5 merge, 6 6");

	/* adding keeps the others */
	rows[0] = shipped(7, 9);
	rows[1] = shipped(3, 10);
	ck_assert_uint_eq(write_shipped(cart, rows, 2, false), 2);
	rig_expect_dirty(&rig, cart, "3 9 10");
	rig_expect(&rig, "SELECT count(*) FROM dora.shipped_commits", "6");

	ck_assert_uint_eq(write_shipped(cart, NULL, 0, true), 6);
	rig_expect_dirty(&rig, cart, "4 5 7 8 9 10");
}
END_TEST

/* ---- samples ---- */

START_TEST(samples_of_a_team_are_those_of_its_services)
{
	static const int cart_days[] = { 1, 4, 9 }, search_days[] = { 2, 5 },
			 mail_days[] = { 3 };
	gint64 first_cart = make_deployments(cart, 3);
	gint64 first_search = make_deployments(search, 2);
	gint64 first_mail = make_deployments(mail, 1);
	struct shipped_row of_cart[] = { shipped(1, 4), shipped(2, 9), shipped(3, 4) };
	struct shipped_row of_search[] = { shipped(1, 5) };
	_cleanup_(sample_arrays_clear) struct sample_arrays samples = { 0 };
	static const struct {
		int finished, previous;
	} expected[] = { { 2, -1 }, { 4, 1 }, { 5, 2 } };
	GArray *environments;

	sample_arrays_init(&samples);
	write_rollouts(cart, first_cart, cart_days, 3);
	write_rollouts(search, first_search, search_days, 2);
	write_rollouts(mail, first_mail, mail_days, 1);
	of_cart[2].excluded = EXCLUSION_MERGE;
	write_shipped(cart, of_cart, 3, true);
	write_shipped(search, of_search, 1, true);
	rig_ok(store_samples(rig.store, red, "production", 2 * DAY, 9 * DAY, &samples,
			     &error));
	ck_assert_uint_eq(samples.rollouts->len, 3);
	for (guint i = 0; i < 3; i++) {
		const struct rollout_sample *s = &g_array_index(samples.rollouts,
								struct rollout_sample, i);

		ck_assert_int_eq(s->finished, expected[i].finished * DAY);
		ck_assert_int_eq(s->previous, expected[i].previous < 0
						      ? INSTANT_NONE
						      : expected[i].previous * DAY);
	}
	ck_assert_uint_eq(samples.leads->len, 2);
	ck_assert_int_eq(g_array_index(samples.leads, struct lead_sample, 0).lead,
			 G_USEC_PER_SEC);
	ck_assert_uint_eq(g_array_index(samples.leads, struct lead_sample, 1).author, 1);
	g_array_set_size(samples.rollouts, 0);
	rig_ok(store_samples(rig.store, acme, "production", INSTANT_NONE, G_MAXINT64,
			     &samples, &error));
	ck_assert_uint_eq(samples.rollouts->len, 6);
	rig_ok((environments = store_scope_environments(rig.store, red, &error)));
	ck_assert_uint_eq(environments->len, 1);
	ck_assert_int_eq(g_array_index(environments, struct scope_environment, 0).born,
			 DAY);
	scope_environments_free(environments);
}
END_TEST

/* ---- series ---- */

static struct series_row series_row(enum grain grain, int day, int days, double value)
{
	return (struct series_row){ .metric = METRIC_CHANGE_LEAD_TIME,
				    .grain = grain,
				    .start = day * DAY,
				    .end = (day + days) * DAY,
				    .n = 3,
				    .numerator = NAN,
				    .denominator = NAN,
				    .value = value,
				    .p50 = value,
				    .p75 = value,
				    .p90 = value,
				    .p95 = value,
				    .mean = value,
				    .deployment_days = NAN };
}

static gsize publish(gint64 now, gint64 from, gint64 to, const struct series_row *rows,
		     gsize n)
{
	gsize changed = 99;
	gint32 definition = 0;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_definition(rig.store, cart, "abc", "{\"a\": 1}", &definition,
				&error));
	rig_ok(store_series_write(rig.store, cart, "production", definition, now, from,
				  to, rows, n, &changed, &error));
	rig_ok(store_published_until(rig.store, cart, 20 * DAY, &error));
	rig_ok(store_commit(rig.store, &error));
	return changed;
}

START_TEST(series_change_where_numbers_do)
{
	struct series_row rows[] = {
		series_row(GRAIN_DAY, 4, 1, 1.5), series_row(GRAIN_DAY, 5, 1, NAN),
		series_row(GRAIN_DAY, 6, 1, 1.5), series_row(GRAIN_WEEK, 4, 7, 0.1),
		series_row(GRAIN_DAY, 1, 7, 3.5),
	};
	g_autofree char *before = NULL, *after = NULL;

	rows[4].window_days = 7;
	ck_assert_uint_eq(publish(50 * DAY, INSTANT_NONE, G_MAXINT64, rows, 5), 5);
	before = rig_rows(&rig);
	ck_assert_uint_eq(publish(51 * DAY, INSTANT_NONE, G_MAXINT64, rows, 5), 0);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);

	/* day 5 gone, the week has another number, day 4 is not asked about */
	rows[3].p95 = 0.1 + 0.2;
	rows[4].deployment_days = 2;
	ck_assert_uint_eq(publish(52 * DAY, 5 * DAY, 6 * DAY, rows + 3, 2), 3);
	rig_expect(
		&rig,
		"SELECT string_agg(concat_ws(' ', grain, extract(epoch FROM "
		"bucket_start)::int / 86400, p95, extract(epoch FROM computed_at)::int "
		"/ 86400), ', ' ORDER BY grain, bucket_start) FROM dora.series",
		"day 4 1.5 50, day 6 1.5 50, week 4 0.30000000000000004 52");
	rig_expect(&rig,
		   "SELECT concat_ws(' ', org, team, service, window_days, value, "
		   "numerator IS NULL, deployment_days_per_week, definition_version = "
		   "(SELECT definition_version FROM dora.definitions)) FROM dora.current",
		   "acme red cart 7 3.5 t 2 t");
	ck_assert_uint_eq(publish(53 * DAY, INSTANT_NONE, G_MAXINT64, NULL, 0), 4);
}
END_TEST

START_TEST(a_bucket_is_complete_when_its_facts_are)
{
	struct series_row row = series_row(GRAIN_DAY, 4, 1, 1);
	static const char *const complete = "SELECT complete FROM dora.series";

	publish(50 * DAY, INSTANT_NONE, G_MAXINT64, &row, 1);
	rig_expect(&rig, complete, "f");
	rig_run(&rig, "UPDATE dorad.source SET ok_at = to_timestamp(5 * 86400 - 1)");
	rig_expect(&rig, complete, "f");
	rig_run(&rig, "UPDATE dorad.source SET ok_at = to_timestamp(5 * 86400)"
		      " WHERE name = 'shop'");
	rig_expect(&rig, complete, "t");
	rig_run(&rig, "INSERT INTO dorad.attribution_due (service_id)"
		      " SELECT scope_id FROM dorad.scope WHERE name = 'cart'");
	rig_expect(&rig, complete, "f");
}
END_TEST

START_TEST(an_evaluation_does_not_take_what_is_not_committed)
{
	struct store *other = store_new(rig.config);

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_dirty_add(rig.store, cart, 403 * DAY, 404 * DAY, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_ok(store_begin(other, &error));
	rig_ok(store_dirty_add(other, cart, 403 * DAY, 404 * DAY + 1, &error));
	rig_expect_dirty(&rig, acme, "403");
	rig_ok(store_commit(other, &error));
	rig_expect_dirty(&rig, acme, "403 404");
	rig_expect_dirty(&rig, acme, "");
	store_free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_results");
	TCase *tests = tcase_create("store_results");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, rollouts_mark_days, 0, G_N_ELEMENTS(changes));
	tcase_add_test(tests, a_rollout_keeps_what_it_was_made_of);
	tcase_add_test(tests, shipped_commits_are_replaced_by_difference);
	tcase_add_test(tests, samples_of_a_team_are_those_of_its_services);
	tcase_add_test(tests, series_change_where_numbers_do);
	tcase_add_test(tests, a_bucket_is_complete_when_its_facts_are);
	tcase_add_test(tests, an_evaluation_does_not_take_what_is_not_committed);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
