#include "tests/store_rig.h"

/* Facts: every write can be repeated, and then touches nothing. */

static struct rig rig;

static void set_up(void)
{
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static struct source_row source(const char *name)
{
	struct source_row row = { 0 };

	rig_ok(store_source(rig.store, name, &row, &error));
	return row;
}

static void polled(gint64 at)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_source_ok(rig.store, source("shop").source_id, NULL, at, false,
			       &error));
	rig_ok(store_commit(rig.store, &error));
}

static void fails(gint64 at, enum dora_error code)
{
	g_autoptr(GError) failure = g_error_new_literal(DORA_ERROR, (int)code, "no");

	rig_ok(store_source_failed(rig.store, source("shop").source_id, at, failure,
				   &error));
}

/* Since when a source fails, whatever fails meanwhile, and who has to do something. A
 * poll that was cancelled is none. */
START_TEST(a_failing_source_says_since_when)
{
	static const char failing[] =
		"SELECT concat_ws(' ', failing, extract(epoch FROM failing_since)::int,"
		" failure_kind) FROM dora.sources WHERE source = 'shop'";

	polled(100 * G_USEC_PER_SEC);
	rig_expect(&rig, failing, "f");
	fails(130 * G_USEC_PER_SEC, DORA_ERROR_CANCELLED);
	rig_expect(&rig, failing, "f");
	fails(160 * G_USEC_PER_SEC, DORA_ERROR_RETRY);
	rig_expect(&rig, failing, "t 160 retry");
	fails(220 * G_USEC_PER_SEC, DORA_ERROR_DENIED);
	rig_expect(&rig, failing, "t 160 denied");
	polled(300 * G_USEC_PER_SEC);
	rig_expect(&rig, failing, "f");
	fails(360 * G_USEC_PER_SEC, DORA_ERROR_DENIED);
	rig_expect(&rig, failing, "t 360 denied");
}
END_TEST

START_TEST(a_poll_moves_the_cursor)
{
	g_autoptr(GError) failure = g_error_new_literal(DORA_ERROR, DORA_ERROR_RETRY,
							"no \xff route");
	struct source_row row = source("shop");

	ck_assert_ptr_null(row.cursor);
	ck_assert_int_eq(row.ok_at, INSTANT_NONE);
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_source_ok(rig.store, row.source_id, "one", 1000000, true, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_ok(store_source_failed(rig.store, row.source_id, 2000000, failure, &error));
	row = source("shop");
	ck_assert_str_eq(row.cursor, "one");
	ck_assert_int_eq(row.ok_at, 1000000);
	ck_assert_int_eq(row.polled_at, 2000000);
	rig_expect(
		&rig,
		"SELECT concat_ws(' ', source, fresh_until AT TIME ZONE 'UTC', failing,"
		" shallow, failure) FROM dora.sources WHERE source = 'shop'",
		"shop 1970-01-01 00:00:01 t t no \xef\xbf\xbd route");
	source_row_clear(&row);
}
END_TEST

START_TEST(an_unknown_source_is_a_matter_of_configuration)
{
	struct source_row row;
	g_autoptr(GError) error = NULL;

	ck_assert(!store_source(rig.store, "nowhere", &row, &error));
	ck_assert_int_eq(error->code, DORA_ERROR_CONFIG);
	ck_assert_str_eq(error->message,
			 "database: it does not know the source \"nowhere\"");
}
END_TEST

static void write_refs(const struct ref_row *rows, gsize n)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_refs_write(rig.store, source("shop").repo_id, rows, n, &error));
	rig_ok(store_commit(rig.store, &error));
}

START_TEST(refs_are_as_of_the_last_write)
{
	struct ref_row rows[] = {
		{ "refs/tags/v2", rig_oid(2), rig_oid(20), 5 },
		{ "refs/heads/main", rig_oid(1), rig_oid(1), 5 },
		{ "refs/heads/Zebra", rig_oid(3), { 0 }, 5 },
	};
	g_autofree char *before = NULL, *after = NULL;
	GArray *read;

	write_refs(rows, 3);
	before = rig_rows(&rig);
	rows[0].first_seen = 9; /* seen again */
	write_refs(rows, 3);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);

	rows[0].object = rig_oid(7);
	rows[1].object.len = 0;
	write_refs(rows, 2);
	rig_ok((read = store_refs(rig.store, source("shop").repo_id, &error)));
	ck_assert_uint_eq(read->len, 2);
	ck_assert_str_eq(g_array_index(read, struct ref_row, 0).name, "refs/heads/Zebra");
	ck_assert_uint_eq(g_array_index(read, struct ref_row, 0).commit.len, 0);
	ck_assert(oid_equal(&g_array_index(read, struct ref_row, 1).object,
			    &rows[0].object));
	ck_assert_int_eq(g_array_index(read, struct ref_row, 1).first_seen, 9);
	ref_rows_free(read);
}
END_TEST

START_TEST(an_event_is_kept_once)
{
	struct oid was = rig_oid(1);

	for (int i = 0; i < 2; i++) {
		rig_ok(store_begin(rig.store, &error));
		rig_ok(store_repo_event(rig.store, source("shop").repo_id, 1000000,
					"tag deleted", "refs/tags/v1", &was, NULL,
					&error));
		rig_ok(store_commit(rig.store, &error));
	}
	rig_expect(
		&rig,
		"SELECT concat_ws(' ', repo, kind, ref, old_sha, new_sha IS NULL)"
		" FROM dora.repository_events",
		"shop tag deleted refs/tags/v1 0000000000000000000000000000000000000001 "
		"t");
}
END_TEST

/* ---- commits ---- */

static gsize write_commits(guint from, guint to)
{
	struct oid parents[2];
	gsize n = 0;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_commits_begin(rig.store, source("shop").repo_id, &error));
	for (guint i = from; i < to; i++) {
		struct commit_row row = {
			.oid = rig_oid(i),
			.parents = parents,
			.n_parents = i % 3,
			.times = { i == 0 ? INSTANT_NONE : (gint64)i, -(gint64)i,
				   i == 1 ? 0 : G_MAXUINT64 - i },
		};

		parents[0] = rig_oid(i + 1);
		parents[1] = rig_oid(i + 2);
		rig_ok(store_commits_add(rig.store, &row, &error));
	}
	rig_ok(store_commits_end(rig.store, &n, &error));
	rig_ok(store_commit(rig.store, &error));
	return n;
}

static bool check_commit(const struct commit_row *row, void *user, GError **error)
{
	guint *count = user;
	guint i = (guint)(row->oid.id[0] << 8 | row->oid.id[19]);
	struct oid second = rig_oid(i + 2);

	(void)error;
	ck_assert_uint_eq(row->n_parents, i % 3);
	if (row->n_parents == 2)
		ck_assert(oid_equal(&row->parents[1], &second));
	ck_assert_int_eq(row->times.authored, i == 0 ? INSTANT_NONE : (gint64)i);
	ck_assert_int_eq(row->times.committed, -(gint64)i);
	ck_assert(row->times.author == (i == 1 ? 0 : G_MAXUINT64 - i));
	(*count)++;
	return true;
}

START_TEST(commits_are_written_once)
{
	struct oid ask[] = { rig_oid(2), rig_oid(60000), rig_oid(0) };
	struct commit_times times[3];
	bool found[3];
	guint count = 0;
	g_autofree char *before = NULL, *after = NULL;

	ck_assert_uint_eq(write_commits(0, 3000), 3000);
	ck_assert_uint_eq(write_commits(2000, 15000), 12000);
	before = rig_rows(&rig);
	ck_assert_uint_eq(write_commits(0, 15000), 0);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	rig_ok(store_commits_each(rig.store, source("shop").repo_id, check_commit, &count,
				  &error));
	ck_assert_uint_eq(count, 15000);
	rig_ok(store_commit_times(rig.store, source("shop").repo_id, ask, 3, times, found,
				  &error));
	ck_assert(found[0] && !found[1] && found[2]);
	ck_assert_int_eq(times[0].authored, 2);
	ck_assert_int_eq(times[1].authored, INSTANT_NONE);
	ck_assert_int_eq(times[2].authored, INSTANT_NONE);
}
END_TEST

START_TEST(a_cut_backfill_leaves_nothing)
{
	struct commit_row row = { .oid = rig_oid(1) };

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_commits_begin(rig.store, source("shop").repo_id, &error));
	rig_ok(store_commits_add(rig.store, &row, &error));
	store_rollback(rig.store);
	rig_expect(&rig, "SELECT count(*) FROM dorad.commit", "0");
	ck_assert_uint_eq(write_commits(0, 10), 10);
}
END_TEST

START_TEST(streams_allow_nothing_in_between)
{
	struct source_row row;

	ck_assert(!store_commits_begin(rig.store, 1, NULL));
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_commits_begin(rig.store, source("shop").repo_id, &error));
	ck_assert(!store_source(rig.store, "shop", &row, NULL));
	ck_assert(!store_commit(rig.store, NULL));
}
END_TEST

START_TEST(touched_commits)
{
	struct oid oids[] = { rig_oid(1), rig_oid(2), rig_oid(3) };
	gint32 id = 0;
	char *globs = NULL;
	bool hit[3];
	g_autofree char *before = NULL, *after = NULL;

	for (int i = 0; i < 2; i++) {
		rig_ok(store_begin(rig.store, &error));
		rig_ok(store_component(rig.store, "cart", source("shop").repo_id, &id,
				       &globs, &error));
		ck_assert(i == 0 ? globs == NULL : strcmp(globs, "cart/**") == 0);
		g_free(globs);
		if (i == 0)
			rig_ok(store_touched_reset(rig.store, id, "cart/**", &error));
		rig_ok(store_touched_add(rig.store, id, oids, 2, &error));
		rig_ok(store_commit(rig.store, &error));
		if (i == 0)
			before = rig_rows(&rig);
	}
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	rig_ok(store_touched(rig.store, id, oids, 3, hit, &error));
	ck_assert(hit[0] && hit[1] && !hit[2]);
}
END_TEST

/* ---- deployments ---- */

static gsize write_deployment(const struct deployment_row *row)
{
	gsize n = 99;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_deployments_write(rig.store, rig_scope(&rig, "service", "cart"),
				       source("shop").source_id, row, 1, &n, &error));
	rig_ok(store_commit(rig.store, &error));
	return n;
}

static void attribution_done(const char *service)
{
	struct scope_row *row;

	rig_ok(store_begin(rig.store, &error));
	rig_ok((row = store_scope_lock(rig.store, SCOPE_SERVICE, service, &error)));
	ck_assert(row->attribution_due);
	rig_ok(store_attribution_due(rig.store, row->scope_id, false, &error));
	rig_ok(store_commit(rig.store, &error));
	scope_row_free(row);
}

START_TEST(a_deployment_is_touched_only_if_it_differs)
{
	struct deployment_row row = {
		.external_id = (char *)"refs/tags/v1",
		.attempt = 1,
		.environment = (char *)"production",
		.started = INSTANT_NONE,
		.finished = 5000000,
		.outcome = OUTCOME_SUCCESS,
		.first_seen = 6000000,
		.n_revisions = 2,
	};
	g_autofree char *before = NULL, *after = NULL;
	struct deployment_row *read;
	GArray *rows;

	row.revisions = g_malloc0_n(2, sizeof(*row.revisions));
	row.revisions[0].repo_id = source("shop").repo_id;
	row.revisions[0].oid = rig_oid(1);
	row.revisions[1].repo_id = source("tools").repo_id;
	row.revisions[1].oid = rig_oid(2);
	ck_assert_uint_eq(write_deployment(&row), 1);
	attribution_done("cart");
	before = rig_rows(&rig);
	row.first_seen = 7000000;
	ck_assert_uint_eq(write_deployment(&row), 0);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);

	row.revisions[1].oid = rig_oid(3);
	ck_assert_uint_eq(write_deployment(&row), 1);
	attribution_done("cart");
	row.withheld = EXCLUSION_REWRITTEN;
	ck_assert_uint_eq(write_deployment(&row), 1);
	attribution_done("cart");

	rig_ok((rows = store_deployments(rig.store, rig_scope(&rig, "service", "cart"), 0,
					 &error)));
	ck_assert_uint_eq(rows->len, 1);
	read = &g_array_index(rows, struct deployment_row, 0);
	ck_assert_str_eq(read->external_id, "refs/tags/v1");
	ck_assert_int_eq(read->started, INSTANT_NONE);
	ck_assert_int_eq(read->finished, 5000000);
	ck_assert_int_eq(read->first_seen, 6000000);
	ck_assert_int_eq(read->withheld, EXCLUSION_REWRITTEN);
	ck_assert_uint_eq(read->n_revisions, 2);
	ck_assert(oid_equal(&read->revisions[1].oid, &row.revisions[1].oid));
	rig_expect(&rig,
		   "SELECT concat_ws(' ', deployment, repo, counted, excluded_reason)"
		   " FROM dora.deployments",
		   "refs/tags/v1 shop, tools f pending");
	deployment_rows_free(rows);
	g_free(row.revisions);
}
END_TEST

START_TEST(a_mark_made_meanwhile_stays)
{
	gint32 cart = rig_scope(&rig, "service", "cart");
	struct store *other = store_new(rig.config);
	struct scope_row *row;
	GArray *scopes;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_attribution_due(rig.store, cart, true, &error));
	rig_ok(store_commit(rig.store, &error));
	/* the evaluation has begun … */
	rig_ok(store_begin(rig.store, &error));
	rig_ok((row = store_scope_lock(rig.store, SCOPE_SERVICE, "cart", &error)));
	/* … when a poll brings something new … */
	rig_ok(store_begin(other, &error));
	rig_ok(store_attribution_due(other, cart, true, &error));
	rig_ok(store_commit(other, &error));
	rig_ok(store_attribution_due(rig.store, cart, false, &error));
	rig_ok(store_commit(rig.store, &error));
	/* … so it has to be done again. */
	rig_ok((scopes = store_scopes(rig.store, &error)));
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *s = &g_array_index(scopes, struct scope_row, i);

		ck_assert_int_eq(s->attribution_due, strcmp(s->name, "cart") == 0);
	}
	scope_rows_free(scopes);
	scope_row_free(row);
	store_free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_facts");
	TCase *tests = tcase_create("store_facts");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_failing_source_says_since_when);
	tcase_add_test(tests, a_poll_moves_the_cursor);
	tcase_add_test(tests, an_unknown_source_is_a_matter_of_configuration);
	tcase_add_test(tests, refs_are_as_of_the_last_write);
	tcase_add_test(tests, an_event_is_kept_once);
	tcase_add_test(tests, commits_are_written_once);
	tcase_add_test(tests, a_cut_backfill_leaves_nothing);
	tcase_add_test(tests, streams_allow_nothing_in_between);
	tcase_add_test(tests, touched_commits);
	tcase_add_test(tests, a_deployment_is_touched_only_if_it_differs);
	tcase_add_test(tests, a_mark_made_meanwhile_stays);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
