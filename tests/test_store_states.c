#include "tests/store_rig.h"

/* What became of rollouts, incidents and changes: rows are made what is given, and the
 * days that numbers depend on become dirty. Days are those of January 1970, whose number
 * is the day less one; now is the morning of day 20. */

static struct rig rig;
static gint32 cart, search, red, blue, acme, shop, repo;

#define DAY G_TIME_SPAN_DAY
#define NOW (20 * DAY + DAY / 4)
#define OPEN (-1)

static void set_up(void)
{
	struct source_row row = { 0 };

	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	search = rig_scope(&rig, "service", "search");
	red = rig_scope(&rig, "team", "red");
	blue = rig_scope(&rig, "team", "blue");
	acme = rig_scope(&rig, "org", "acme");
	rig_ok(store_source(rig.store, "shop", &row, &error));
	shop = row.source_id;
	repo = row.repo_id;
	source_row_clear(&row);
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static gint64 noon(int day)
{
	return day < 0 ? INSTANT_NONE : day * DAY + DAY / 2;
}

/* ---- states ---- */

/* A rollout as a row of a table; id 0: none. */
struct told {
	int id, day;
	enum change_state state;
	int recovered; /* day */
	bool unplanned;
	enum exclusion recovery;
};

static void write_states(gint32 service_id, const struct told *told, gsize n)
{
	struct rollout_state_row rows[4];
	gsize k = 0;

	for (gsize i = 0; i < n; i++)
		if (told[i].id != 0)
			rows[k++] = (struct rollout_state_row){
				.rollout_id = told[i].id,
				.environment = "production",
				.finished = noon(told[i].day),
				.state = { .state = told[i].state,
					   .pending_until = noon(told[i].day + 3),
					   .unplanned = told[i].unplanned,
					   .recovered = noon(told[i].recovered),
					   .recovery_excluded = told[i].recovery },
			};
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_states_write(rig.store, service_id, rows, k, NULL, 0, NOW, &error));
	rig_ok(store_commit(rig.store, &error));
}

#define FINE                                                                             \
	{                                                                                \
		7, 3, CHANGE_OK, OPEN, false, EXCLUSION_NONE                             \
	}
#define FAILED(day, recovered)                                                           \
	{                                                                                \
		7, day, CHANGE_FAILED, recovered, false, EXCLUSION_NONE                  \
	}

static const struct {
	const char *what;
	struct told before, after;
	const char *dirty;
} fates[] = {
	{ "nothing happens to one that is fine", FINE, FINE, "" },
	{ "nothing happens to an open one", FAILED(3, OPEN), FAILED(3, OPEN), "" },
	{ "one comes", { 0 }, FINE, "3" },
	{ "one goes", FINE, { 0 }, "3" },
	{ "one moves", FINE, { 7, 5, CHANGE_OK, OPEN, false, EXCLUSION_NONE }, "3 5" },
	{ "its window is over",
	  { 7, 3, CHANGE_PENDING, OPEN, false, EXCLUSION_NONE },
	  FINE,
	  "3" },
	{ "it was unplanned",
	  FINE,
	  { 7, 3, CHANGE_OK, OPEN, true, EXCLUSION_NONE },
	  "3" },
	{ "it fails, and is open until now", FINE, FAILED(16, OPEN), "3 16 17 18 19 20" },
	{ "it failed, and had recovered", FINE, FAILED(3, 6), "3 4 5 6" },
	{ "it recovers: it was open until now", FAILED(17, OPEN), FAILED(17, 18),
	  "17 18 19 20" },
	{ "it recovers later than was thought", FAILED(3, 5), FAILED(3, 7), "3 4 5 6 7" },
	{ "it recovers earlier than was thought", FAILED(3, 7), FAILED(3, 5),
	  "3 4 5 6 7" },
	{ "it has not failed after all", FAILED(3, 5), FINE, "3 4 5" },
	{ "an open one goes", FAILED(18, OPEN), { 0 }, "18 19 20" },
	{ "a failed one comes", { 0 }, FAILED(3, 4), "3 4" },
	{ "a failed one was unplanned, too: its span is what it was",
	  FAILED(3, 6),
	  { 7, 3, CHANGE_FAILED, 6, true, EXCLUSION_NONE },
	  "3" },
	{ "recovered before it finished: neither a sample nor open",
	  FINE,
	  { 7, 8, CHANGE_FAILED, 6, false, EXCLUSION_NEGATIVE },
	  "3 8" },
	{ "another took its place",
	  FAILED(3, 5),
	  { 8, 9, CHANGE_OK, OPEN, false, EXCLUSION_NONE },
	  "3 4 5 9" },
	{ "it is said to recover in a month: no further than numbers go",
	  { 0 },
	  FAILED(19, 50),
	  "19 20 21" },
};

START_TEST(states_mark_the_days_they_are_counted_on)
{
	static const struct told other = {
		1, 1, CHANGE_FAILED, 2, false, EXCLUSION_NONE
	};
	g_autofree char *before = NULL, *after = NULL, *last = NULL;

	write_states(search, &other, 1);
	write_states(cart, &fates[_i].before, 1);
	for (int k = 0; k < 4; k++)
		g_free(rig_dirty(&rig, (gint32[]){ cart, search, red, acme }[k]));
	before = rig_rows(&rig);
	write_states(cart, &fates[_i].before, 1);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	write_states(cart, &fates[_i].after, 1);
	rig_expect_dirty(&rig, cart, fates[_i].dirty);
	rig_expect_dirty(&rig, red, fates[_i].dirty);
	rig_expect_dirty(&rig, acme, fates[_i].dirty);
	rig_expect_dirty(&rig, search, "");
	rig_expect_dirty(&rig, blue, "");
	g_clear_pointer(&before, g_free);
	before = rig_rows(&rig);
	write_states(cart, &fates[_i].after, 1);
	last = rig_rows(&rig);
	ck_assert_str_eq(before, last);
}
END_TEST

START_TEST(the_order_of_states_does_not_matter)
{
	static const struct told forth[] = {
		{ 1, 3, CHANGE_OK, OPEN, false, EXCLUSION_NONE },
		{ 2, 4, CHANGE_FAILED, 6, true, EXCLUSION_NONE },
		{ 3, 4, CHANGE_PENDING, OPEN, false, EXCLUSION_NONE },
	};
	static const struct told back[] = {
		{ 3, 4, CHANGE_PENDING, OPEN, false, EXCLUSION_NONE },
		{ 2, 4, CHANGE_FAILED, 6, true, EXCLUSION_NONE },
		{ 1, 3, CHANGE_OK, OPEN, false, EXCLUSION_NONE },
	};
	g_autofree char *before = NULL, *after = NULL;

	write_states(cart, forth, 3);
	before = rig_rows(&rig);
	write_states(cart, back, 3);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

/* ---- evidence ---- */

static void write_failures(const struct failure_row *rows, gsize n)
{
	struct rollout_state_row state = {
		.rollout_id = 7,
		.environment = "production",
		.finished = noon(3),
		.state = { .state = CHANGE_FAILED,
			   .pending_until = noon(6),
			   .recovered = noon(4) },
	};

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_states_write(rig.store, cart, &state, n > 0, rows, n, NOW, &error));
	rig_ok(store_commit(rig.store, &error));
}

static const char *const failures_sql =
	"SELECT coalesce(string_agg(concat_ws(' ', rollout_id, method, by_rollout_id,"
	" source_id <> 0, '(' || project || ')', incident), ', ' ORDER BY method,"
	" incident), '') FROM dorad.failure";

START_TEST(evidence_is_what_is_given)
{
	struct failure_row rows[] = {
		{ 7, FAILURE_ROLLBACK, 9, { 0 } },
		{ 7, FAILURE_INCIDENT, 0, { shop, (char *)"", (char *)"INC-1" } },
		{ 7, FAILURE_INCIDENT, 0, { shop, NULL, (char *)"INC-2" } },
	};
	g_autofree char *before = NULL, *after = NULL;

	write_failures(rows, 3);
	rig_expect(
		&rig, failures_sql,
		"7 incident 0 t () INC-1, 7 incident 0 t () INC-2, 7 rollback 9 f () ");
	rig_expect_dirty(&rig, cart, "3 4");
	before = rig_rows(&rig);
	write_failures((struct failure_row[]){ rows[2], rows[1], rows[0] }, 3);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	/* it changes no number */
	write_failures(rows, 2);
	rig_expect(&rig, failures_sql, "7 incident 0 t () INC-1, 7 rollback 9 f () ");
	rig_expect_dirty(&rig, cart, "");
	write_failures(NULL, 0);
	rig_expect(&rig, failures_sql, "");
}
END_TEST

/* ---- incidents ---- */

struct concern {
	int began, ended;
	const char *excluded;
	int rollout;
};

static void write_incidents(const struct concern *concern, bool any)
{
	struct service_incident_row row = {
		.environment = "production",
		.incident = { shop, (char *)"acme", (char *)"INC-1" },
		.started = noon(concern->began),
		.restored = noon(concern->ended),
		.rollout_id = concern->rollout,
		.method = concern->rollout ? LINK_WINDOW : LINK_NONE,
		.excluded = concern->excluded,
	};

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_service_incidents_write(rig.store, cart, &row, any, NOW, &error));
	rig_ok(store_commit(rig.store, &error));
}

static const struct {
	const char *what;
	bool was, is;
	struct concern before, after;
	const char *dirty;
} concerns[] = {
	{ "nothing", true, true, { 3, 5, NULL, 0 }, { 3, 5, NULL, 0 }, "" },
	{ "nothing of an open one",
	  true,
	  true,
	  { 3, OPEN, NULL, 0 },
	  { 3, OPEN, NULL, 0 },
	  "" },
	{ "one comes", false, true, { 0 }, { 3, 5, NULL, 0 }, "3 4 5" },
	{ "an open one comes", false, true, { 0 }, { 18, OPEN, NULL, 0 }, "18 19 20" },
	{ "it goes", true, false, { 3, 5, NULL, 0 }, { 0 }, "3 4 5" },
	{ "it ends", true, true, { 18, OPEN, NULL, 0 }, { 18, 18, NULL, 0 }, "18 19 20" },
	{ "it is reopened",
	  true,
	  true,
	  { 17, 18, NULL, 0 },
	  { 17, OPEN, NULL, 0 },
	  "17 18 19 20" },
	{ "it began elsewhen",
	  true,
	  true,
	  { 3, 5, NULL, 0 },
	  { 8, 9, NULL, 0 },
	  "3 4 5 8 9" },
	{ "it is withdrawn",
	  true,
	  true,
	  { 3, 5, NULL, 0 },
	  { 3, 5, "withdrawn", 0 },
	  "3 4 5" },
	{ "it counts after all",
	  true,
	  true,
	  { 3, 5, "exempt", 0 },
	  { 3, 5, NULL, 0 },
	  "3 4 5" },
	{ "one that does not count moves",
	  true,
	  true,
	  { 3, 5, "exempt", 0 },
	  { 4, 6, "negative", 0 },
	  "" },
	{ "one that never began comes",
	  false,
	  true,
	  { 0 },
	  { OPEN, 6, "implausible_time", 0 },
	  "" },
	{ "it is linked: states tell what that does",
	  true,
	  true,
	  { 3, 5, NULL, 0 },
	  { 3, 5, NULL, 7 },
	  "" },
};

START_TEST(incidents_mark_the_days_they_are_counted_on)
{
	g_autofree char *before = NULL, *after = NULL;

	write_incidents(&concerns[_i].before, concerns[_i].was);
	for (int k = 0; k < 3; k++)
		g_free(rig_dirty(&rig, (gint32[]){ cart, red, acme }[k]));
	write_incidents(&concerns[_i].after, concerns[_i].is);
	rig_expect_dirty(&rig, cart, concerns[_i].dirty);
	rig_expect_dirty(&rig, red, concerns[_i].dirty);
	rig_expect_dirty(&rig, acme, concerns[_i].dirty);
	before = rig_rows(&rig);
	write_incidents(&concerns[_i].after, concerns[_i].is);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(an_incident_of_a_rollout_that_is_gone_is_linked_to_none)
{
	static const struct told rollout = {
		7, 3, CHANGE_OK, OPEN, false, EXCLUSION_NONE
	};
	static const struct concern linked = { 3, 5, NULL, 7 };
	static const char *const link = "SELECT coalesce(method || rollout_id, 'none')"
					" FROM dorad.service_incident";

	write_states(cart, &rollout, 1);
	write_incidents(&linked, true);
	rig_expect(&rig, link, "window7");
	write_states(cart, &rollout, 1);
	rig_expect(&rig, link, "window7");
	write_states(cart, NULL, 0);
	rig_expect(&rig, link, "none");
}
END_TEST

/* ---- changes ---- */

static struct shipped_change_row shipped_change(const char *id, int day)
{
	return (struct shipped_change_row){
		.environment = "production",
		.change = { shop, (char *)"acme/shop", (char *)id },
		.rollout_id = day,
		.finished = noon(day),
		.repo_id = repo,
		.landed = rig_oid((guint)day),
		.spans = { 1, -1, 0, 4 },
		.author = G_MAXUINT64 - 1,
	};
}

static void write_changes(const struct shipped_change_row *rows, gsize n)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_shipped_changes_write(rig.store, cart, rows, n, &error));
	rig_ok(store_commit(rig.store, &error));
}

START_TEST(shipped_changes_are_replaced_by_difference)
{
	struct shipped_change_row rows[] = { shipped_change("1", 3),
					     shipped_change("2", 4),
					     shipped_change("3", 6) };
	g_autofree char *before = NULL, *after = NULL;

	write_changes(rows, 3);
	rig_expect_dirty(&rig, cart, "3 4 6");
	rig_expect_dirty(&rig, acme, "3 4 6");
	before = rig_rows(&rig);
	write_changes((struct shipped_change_row[]){ rows[1], rows[2], rows[0] }, 3);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	/* 1 stays, 2 moves to day 9, 3 goes, 4 comes with no author */
	rows[1] = shipped_change("2", 9);
	rows[2] = shipped_change("4", 10);
	rows[2].author = 0;
	write_changes(rows, 3);
	rig_expect_dirty(&rig, cart, "4 6 9 10");
	rig_expect(&rig,
		   "SELECT string_agg(concat_ws(' ', external_id, coding_us,"
		   " coalesce(pickup_us::text, '-'), review_us, deploy_us, author), ', '"
		   " ORDER BY external_id) FROM dorad.shipped_change",
		   "1 1 - 0 4 -2, 2 1 - 0 4 -2, 4 1 - 0 4");
	write_changes(NULL, 0);
	rig_expect_dirty(&rig, cart, "3 9 10");
}
END_TEST

static void write_origins(const struct commit_change_row *rows, gsize n)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_commit_changes_write(rig.store, cart, rows, n, &error));
	rig_ok(store_commit(rig.store, &error));
}

START_TEST(origins_of_commits_are_replaced_by_difference)
{
	struct commit_change_row rows[] = {
		{ repo, rig_oid(1), { shop, (char *)"acme", (char *)"1" }, "merge" },
		{ repo, rig_oid(2), { shop, NULL, (char *)"2" }, "rebase" },
		{ repo, rig_oid(3), { shop, NULL, (char *)"2" }, "rebase" },
	};
	static const char *const all = "SELECT string_agg(concat_ws(' ', "
				       "right(sha::text, 1), external_id, method),"
				       " ', ' ORDER BY sha) FROM dorad.commit_change";
	g_autofree char *before = NULL, *after = NULL;

	write_origins(rows, 3);
	rig_expect(&rig, all, "1 1 merge, 2 2 rebase, 3 2 rebase");
	before = rig_rows(&rig);
	write_origins((struct commit_change_row[]){ rows[2], rows[0], rows[1] }, 3);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	rows[1].method = "cherry_pick";
	write_origins(rows, 2);
	rig_expect(&rig, all, "1 1 merge, 2 2 cherry_pick");
	rig_expect_dirty(&rig, cart, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_states");
	TCase *tests = tcase_create("store_states");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, states_mark_the_days_they_are_counted_on, 0,
			    G_N_ELEMENTS(fates));
	tcase_add_test(tests, the_order_of_states_does_not_matter);
	tcase_add_test(tests, evidence_is_what_is_given);
	tcase_add_loop_test(tests, incidents_mark_the_days_they_are_counted_on, 0,
			    G_N_ELEMENTS(concerns));
	tcase_add_test(tests, an_incident_of_a_rollout_that_is_gone_is_linked_to_none);
	tcase_add_test(tests, shipped_changes_are_replaced_by_difference);
	tcase_add_test(tests, origins_of_commits_are_replaced_by_difference);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
