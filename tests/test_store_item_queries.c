#include "sinks/store_private.h"
#include "tests/store_rig.h"

/* Which items a query finds, and that it does not look at all of them. */

#define NOW G_GINT64_CONSTANT(1700000000000000)
#define DAY G_TIME_SPAN_DAY

static struct rig rig;
static gint32 shop;

static void set_up(void)
{
	struct source_row row = { 0 };

	rig_init(&rig);
	rig_ok(store_source(rig.store, "shop", &row, &error));
	shop = row.source_id;
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static gint64 ask_int8(const char *sql)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	rig_ok(store_exec(rig.store, sql, NULL, &result, &error));
	return result_int8(result, 0, 0);
}

#define ANY -1, false, INSTANT_NONE, INSTANT_NONE

static const char *const two_ids[] = { "b", "x", "d", NULL }, *const no_id[] = { NULL };

static const struct {
	const char *what;
	struct item_query query;
	const char *found, *index;
} queries[] = {
	{ "all that is there", { 0, NULL, ANY, NULL, NULL, false }, "abdex", NULL },
	{ "with what is gone", { 0, NULL, ANY, NULL, NULL, true }, "abcdex", NULL },
	{ "a project", { 0, "acme/shop", ANY, NULL, NULL, false }, "abd", NULL },
	{ "no project", { 0, "", ANY, NULL, NULL, false }, "x", NULL },
	{ "a kind",
	  { 0, NULL, ITEM_JOB, false, INSTANT_NONE, INSTANT_NONE, NULL, NULL, false },
	  "de",
	  NULL },
	{ "unfinished",
	  { 0, "acme/shop", ITEM_RUN, true, INSTANT_NONE, INSTANT_NONE, NULL, NULL,
	    false },
	  "b",
	  "item_unfinished" },
	{ "what is gone is not unfinished",
	  { 0, NULL, -1, true, INSTANT_NONE, INSTANT_NONE, NULL, NULL, true },
	  "bdx",
	  "item_unfinished" },
	{ "created from, and before",
	  { 0, "acme/shop", ITEM_RUN, false, NOW, NOW + DAY, NULL, NULL, true },
	  "a",
	  "item_created" },
	{ "created from",
	  { 0, NULL, -1, false, NOW + DAY, INSTANT_NONE, NULL, NULL, false },
	  "bde",
	  NULL },
	{ "ids",
	  { 0, "acme/shop", ITEM_RUN, false, INSTANT_NONE, INSTANT_NONE, two_ids, NULL,
	    false },
	  "b",
	  "item_pkey" },
	{ "no ids", { 0, NULL, ANY, no_id, NULL, false }, "", NULL },
	{ "jobs of a run", { 0, NULL, ANY, NULL, "a", false }, "de", "item_parent" },
	{ "another source", { 99, NULL, ANY, NULL, NULL, true }, "", NULL },
};

/* a and b are runs (b unfinished), c is gone, d and e are jobs of a (d unfinished), x is
 * an unfinished change of no project and without a time; before them lie many that no
 * query wants. */
static void write_world(void)
{
	g_autoptr(GPtrArray) items = items_new();
	static const char *const gone[] = { "c", NULL };
	static const struct {
		const char *project, *id, *parent;
		enum item_kind kind;
		gint64 created;
		bool done;
	} rows[] = {
		{ "acme/shop", "d", "a", ITEM_JOB, NOW + 3 * DAY, false },
		{ "acme/shop", "b", NULL, ITEM_RUN, NOW + DAY, false },
		{ "", "x", NULL, ITEM_CHANGE, INSTANT_NONE, false },
		{ "acme/shop", "a", NULL, ITEM_RUN, NOW, true },
		{ "acme/tools", "e", "a", ITEM_JOB, NOW + 4 * DAY, true },
		{ "acme/shop", "c", NULL, ITEM_RUN, NOW + 2 * DAY, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct item *item = rig_item(rows[i].kind, rows[i].project, rows[i].id);

		item->parent = g_strdup(rows[i].parent);
		item->created = rows[i].created;
		item->done = rows[i].done;
		g_ptr_array_add(items, item);
	}
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, NOW, items, NULL, &error));
	rig_ok(store_items_gone(rig.store, shop, "acme/shop", ITEM_RUN, gone, NOW, NULL,
				&error));
	rig_ok(store_commit(rig.store, &error));
	rig_run(&rig,
		"INSERT INTO dorad.item (source_id, project, kind, external_id, attempt,"
		" outcome, done, bot, draft, optional, first_seen_at, created_at, parent)"
		" SELECT 98, 'acme/shop', 'run', i, 1, 'success', true, false, false,"
		" false, now(), to_timestamp(i * 60), i FROM generate_series(1, 20000) "
		"i");
	rig_run(&rig, "ANALYZE dorad.item");
}

START_TEST(a_query_finds_what_it_asks_for)
{
	struct item_query query = queries[_i].query;
	g_autofree char *scans = g_strdup_printf(
		"SELECT pg_stat_get_xact_numscans('dorad.%s'::regclass)",
		queries[_i].index ? queries[_i].index : "item");
	g_autoptr(GPtrArray) items = NULL;
	g_autoptr(GString) ids = g_string_new(NULL);

	write_world();
	query.source_id = query.source_id ? query.source_id : shop;
	rig_ok(store_begin(rig.store, &error));
	items = rig_items(&rig, &query);
	if (queries[_i].index)
		ck_assert_msg(ask_int8(scans) > 0, "%s", queries[_i].what);
	rig_ok(store_commit(rig.store, &error));
	for (guint i = 0; i < items->len; i++)
		g_string_append(ids, ((struct item *)items->pdata[i])->id);
	ck_assert_msg(strcmp(ids->str, queries[_i].found) == 0, "%s: %s",
		      queries[_i].what, ids->str);
}
END_TEST

static bool refuse(const struct item *item, gint64 first_seen, bool gone, void *user,
		   GError **error)
{
	ck_assert_int_eq(gone, strcmp(item->id, "c") == 0);
	ck_assert_int_eq(first_seen, NOW);
	if (++*(guint *)user < 3)
		return true;
	g_set_error(error, DORA_ERROR, DORA_ERROR_CANCELLED, "enough");
	return false;
}

START_TEST(a_visitor_may_stop)
{
	const struct item_query query = { shop, NULL, ANY, NULL, NULL, true };
	g_autoptr(GError) failure = NULL;
	guint n = 0;

	write_world();
	ck_assert(!store_items_each(rig.store, &query, refuse, &n, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_CANCELLED);
	ck_assert_uint_eq(n, 3);
	rig_ok(store_begin(rig.store, &error));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_item_queries");
	TCase *tests = tcase_create("store_item_queries");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_query_finds_what_it_asks_for, 0,
			    G_N_ELEMENTS(queries));
	tcase_add_test(tests, a_visitor_may_stop);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
