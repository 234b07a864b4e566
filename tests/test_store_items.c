#include "sinks/store_private.h"
#include "tests/store_rig.h"

/* What APIs tell, as it is kept. */

#define NOW G_GINT64_CONSTANT(1700000000000000)

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

static void *place(const struct item *item, const struct item_member *member)
{
	return (char *)item + member->offset;
}

/* Whether the open transaction has written anything at all. */
static bool has_written(void)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	rig_ok(store_exec(rig.store,
			  "SELECT pg_current_xact_id_if_assigned() IS NOT NULL", NULL,
			  &result, &error));
	return result_bool(result, 0, 0);
}

static gint64 ask_int8(const char *sql)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	rig_ok(store_exec(rig.store, sql, NULL, &result, &error));
	return result_int8(result, 0, 0);
}

/* Writes items; those that differed. The caller unrefs. */
static GPtrArray *write_items(const GPtrArray *items, gint64 now)
{
	GPtrArray *changed = g_ptr_array_new();

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, now, items, changed, &error));
	ck_assert_int_eq(has_written(), changed->len > 0);
	rig_ok(store_commit(rig.store, &error));
	return changed;
}

static guint count_changed(const GPtrArray *items, gint64 now)
{
	g_autoptr(GPtrArray) changed = write_items(items, now);

	return changed->len;
}

static GPtrArray *read_all(void)
{
	const struct item_query query = {
		.source_id = shop,
		.kind = -1,
		.created_from = INSTANT_NONE,
		.created_to = INSTANT_NONE,
		.gone = true,
	};

	return rig_items(&rig, &query);
}

/* ---- every member, there and back ---- */

static const char *const hard[] = {
	"plain", "",	 "NULL",   "null",    "a,b", "{x}",  "\"q\"",	"\\",
	"'--",	 " sp ", "\n\t\r", "ü\u202e", "🚀",   "%s$1", "\\\"}{,", "\\x00",
};

/* Gives a member a value: the n-th of those that are hard to keep. */
static void fill(struct item *item, const struct item_member *member, guint n)
{
	void *at = place(item, member);
	g_auto(GStrv) list = g_new0(char *, G_N_ELEMENTS(hard) + 1);

	for (guint i = 0; i < G_N_ELEMENTS(hard); i++)
		list[i] = g_strdup(hard[(i + n) % G_N_ELEMENTS(hard)]);
	if (member->type == JSON_TEXT || member->type == JSON_ID) {
		g_free(*(char **)at);
		*(char **)at = g_strdup_printf("%s%s", member->name,
					       hard[n % G_N_ELEMENTS(hard)]);
	} else if (member->type == JSON_TEXTS) {
		g_strfreev(*(char ***)at);
		*(char ***)at = g_steal_pointer(&list);
	} else if (member->type == JSON_BOOL) {
		*(bool *)at = !*(bool *)at;
	} else {
		*(gint64 *)at = NOW + 1 + (gint64)n;
	}
}

static bool member_equal(const struct item *a, const struct item *b,
			 const struct item_member *member)
{
	const void *x = place(a, member), *y = place(b, member);

	if (member->type == JSON_TEXT || member->type == JSON_ID)
		return g_strcmp0(*(char *const *)x, *(char *const *)y) == 0;
	if (member->type == JSON_BOOL)
		return *(const bool *)x == *(const bool *)y;
	if (member->type != JSON_TEXTS)
		return *(const gint64 *)x == *(const gint64 *)y;
	if (!*(char **const *)x || !*(char **const *)y)
		return *(char **const *)x == *(char **const *)y;
	return g_strv_equal(*(const char *const *const *)x,
			    *(const char *const *const *)y);
}

static void expect_equal(const struct item *got, const struct item *want)
{
	ck_assert_int_eq(got->kind, want->kind);
	ck_assert_int_eq(got->outcome, want->outcome);
	ck_assert_int_eq(got->done, want->done);
	ck_assert_str_eq(got->project, want->project ? want->project : "");
	for (const struct item_member *member = item_members; member->name; member++)
		ck_assert_msg(member_equal(got, want, member), "%s", member->name);
}

START_TEST(every_member_comes_back)
{
	g_autoptr(GPtrArray) items = items_new(), read = NULL;
	struct item *full = rig_item((enum item_kind)_i, "acme/sh\"op, 'ü", "1");
	guint n = (guint)_i;

	for (const struct item_member *member = item_members; member->name; member++)
		fill(full, member, n++);
	full->outcome = OUTCOME_CANCELLED;
	full->done = true;
	g_ptr_array_add(items, full);
	g_ptr_array_add(items, rig_item((enum item_kind)_i, NULL, "2"));
	ck_assert_uint_eq(count_changed(items, NOW), 2);
	read = read_all();
	ck_assert_uint_eq(read->len, 2);
	expect_equal(read->pdata[0], items->pdata[0]);
	expect_equal(read->pdata[1], items->pdata[1]);
}
END_TEST

/* What is written again as it was read is no difference. */
START_TEST(what_was_read_is_what_is_there)
{
	g_autoptr(GPtrArray) items = items_new(), read = NULL;
	struct item *item = rig_item(ITEM_JOB, NULL, "1");

	item->attempt = 0;
	item->labels = g_new0(char *, 1);
	g_ptr_array_add(items, item);
	ck_assert_uint_eq(count_changed(items, NOW), 1);
	read = read_all();
	item = read->pdata[0];
	ck_assert_int_eq(item->attempt, 1);
	ck_assert_ptr_null(item->labels);
	ck_assert_uint_eq(count_changed(read, NOW), 0);
	ck_assert_uint_eq(count_changed(items, NOW), 0);
}
END_TEST

/* ---- differences ---- */

static guint n_members(void)
{
	guint n = 0;

	while (item_members[n].name)
		n++;
	return n;
}

START_TEST(any_difference_is_seen_and_nothing_else)
{
	g_autoptr(GPtrArray) items = items_new(), changed = NULL, read = NULL;
	g_autofree char *before = NULL, *after = NULL;
	struct item *item;

	for (guint i = 0; i < 3; i++) {
		g_autofree char *id = g_strdup_printf("%u", i);

		g_ptr_array_add(items, rig_item(ITEM_RUN, "acme/shop", id));
	}
	ck_assert_uint_eq(count_changed(items, NOW), 3);
	before = rig_rows(&rig);
	ck_assert_uint_eq(count_changed(items, NOW + 1), 0);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	rig_expect(&rig, "SELECT count(*) FROM dorad.item WHERE xmax <> 0", "0");

	item = items->pdata[1];
	if ((guint)_i < n_members())
		fill(item, &item_members[_i], 3);
	else if ((guint)_i == n_members())
		item->outcome = OUTCOME_FAILURE;
	else
		item->done = true;
	changed = write_items(items, NOW + 1);
	ck_assert_uint_eq(changed->len, 1);
	ck_assert_ptr_eq(changed->pdata[0], item);
	ck_assert_uint_eq(count_changed(items, NOW + 2), 0);
	read = read_all();
	/* another id or attempt is another item */
	ck_assert_uint_eq(read->len, item->attempt != 1 || *item->id == 'i' ? 4 : 3);
}
END_TEST

START_TEST(ten_thousand_at_once)
{
	g_autoptr(GPtrArray) items = items_new(), changed = NULL, read = NULL;

	for (guint i = 0; i < 10001; i++) {
		g_autofree char *id = g_strdup_printf("%u", i);
		struct item *item = rig_item(ITEM_JOB, "acme/shop", id);

		item->created = NOW + i;
		item->name = g_strdup_printf("job %u", i);
		item->done = i % 100 != 0;
		g_ptr_array_add(items, item);
	}
	ck_assert_uint_eq(count_changed(items, NOW), 10001);
	ck_assert_uint_eq(count_changed(items, NOW), 0);
	for (guint i = 0; i < 10001; i += 5000)
		((struct item *)items->pdata[i])->updated = NOW;
	changed = write_items(items, NOW);
	ck_assert_uint_eq(changed->len, 3);
	for (guint i = 0; i < 3; i++)
		ck_assert_ptr_eq(changed->pdata[i], items->pdata[i * 5000]);
	read = read_all();
	ck_assert_uint_eq(read->len, 10001);
	for (guint i = 0; i < read->len; i++)
		expect_equal(read->pdata[i], items->pdata[i]);
}
END_TEST

/* A difference that no index has takes the place beside the row. */
START_TEST(an_unfinished_item_changes_in_place)
{
	g_autoptr(GPtrArray) items = items_new();
	struct item *item = rig_item(ITEM_RUN, "acme/shop", "1");

	item->state = g_strdup("queued");
	g_ptr_array_add(items, item);
	count_changed(items, NOW);
	fill(item, item_member("state"), 0);
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, NOW, items, NULL, &error));
	ck_assert_int_eq(ask_int8("SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables"
				  " WHERE relid = 'dorad.item'::regclass"),
			 1);
	rig_ok(store_commit(rig.store, &error));
}
END_TEST

/* Not even while PostgreSQL knows nothing about the table. */
START_TEST(a_page_looks_at_its_own_rows_alone)
{
	g_autoptr(GPtrArray) items = items_new(), page = g_ptr_array_new();

	for (guint i = 0; i < 3000; i++) {
		g_autofree char *id = g_strdup_printf("%u", i);
		struct item *item = rig_item(ITEM_RUN, "acme/shop", id);

		item->created = NOW + i;
		g_ptr_array_add(items, item);
		if (i % 30 == 0)
			g_ptr_array_add(page, item);
	}
	count_changed(items, NOW);
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, NOW, page, NULL, &error));
	ck_assert_int_eq(ask_int8("SELECT idx_tup_fetch + seq_tup_read FROM"
				  " pg_stat_xact_user_tables"
				  " WHERE relid = 'dorad.item'::regclass"),
			 page->len);
	rig_ok(store_commit(rig.store, &error));
}
END_TEST

/* ---- gone ---- */

static gsize mark_gone(const char *project, const char *const *ids, gint64 now)
{
	gsize n = 99;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_gone(rig.store, shop, project, ITEM_RUN, ids, now, &n,
				&error));
	ck_assert_int_eq(has_written(), n > 0);
	rig_ok(store_commit(rig.store, &error));
	return n;
}

START_TEST(what_is_gone_may_come_back)
{
	static const char *const ids[] = { "1", "7", NULL }, *const none[] = { NULL };
	static const char seen[] =
		"SELECT string_agg(concat_ws(' ', external_id, attempt,"
		" extract(epoch FROM first_seen_at)::bigint,"
		" extract(epoch FROM gone_at)::bigint), ', '"
		" ORDER BY external_id, attempt) FROM dorad.item";
	g_autoptr(GPtrArray) items = items_new(), back = NULL;
	struct item *again = rig_item(ITEM_RUN, NULL, "1");

	again->attempt = 2;
	g_ptr_array_add(items, rig_item(ITEM_RUN, NULL, "1"));
	g_ptr_array_add(items, again);
	g_ptr_array_add(items, rig_item(ITEM_RUN, NULL, "2"));
	count_changed(items, 1000000);
	ck_assert_uint_eq(mark_gone("acme", ids, 2000000), 0);
	ck_assert_uint_eq(mark_gone("", none, 2000000), 0);
	ck_assert_uint_eq(mark_gone("", NULL, 2000000), 0);
	ck_assert_uint_eq(mark_gone(NULL, ids, 2000000), 2);
	ck_assert_uint_eq(mark_gone("", ids, 3000000), 0);
	rig_expect(&rig, seen, "1 1 1 2, 1 2 1 2, 2 1 1");
	back = write_items(items, 4000000);
	ck_assert_uint_eq(back->len, 2);
	ck_assert_ptr_eq(back->pdata[0], items->pdata[0]);
	ck_assert_ptr_eq(back->pdata[1], again);
	rig_expect(&rig, seen, "1 1 1, 1 2 1, 2 1 1");
}
END_TEST

/* ---- what cannot be kept, and who comes first ---- */

static void spoil_id(struct item *item)
{
	g_free(item->id);
	item->id = g_strdup("a\xff");
}

static void spoil_text(struct item *item)
{
	item->name = g_strdup("\xc3(");
}

static void spoil_list(struct item *item)
{
	item->labels = g_strsplit("good,\xed\xa0\x80", ",", 0);
}

static void spoil_project(struct item *item)
{
	GString *text = g_string_new(NULL);

	/* what does not compress */
	for (guint32 i = 1; text->len < 9000; i = i * 1664525u + 1013904223u)
		g_string_append_printf(text, "%x", i);
	g_free(item->project);
	item->project = g_string_free(text, FALSE);
}

static void spoil_nothing(struct item *item)
{
	(void)item;
}

static const struct {
	const char *what;
	void (*spoil)(struct item *item);
	guint n;
} refusals[] = {
	{ "an id that is not UTF-8", spoil_id, 1 },
	{ "a text that is not UTF-8", spoil_text, 1 },
	{ "a list that is not UTF-8", spoil_list, 1 },
	{ "a key that fits into no index", spoil_project, 1 },
	{ "one item twice", spoil_nothing, 2 },
};

START_TEST(what_cannot_be_kept_is_refused)
{
	g_autoptr(GPtrArray) items = items_new(), changed = g_ptr_array_new();
	g_autoptr(GError) failure = NULL;

	for (guint i = 0; i < refusals[_i].n; i++)
		g_ptr_array_add(items, rig_item(ITEM_RUN, "acme/shop", "1"));
	refusals[_i].spoil(items->pdata[0]);
	rig_ok(store_begin(rig.store, &error));
	ck_assert_msg(!store_items_write(rig.store, shop, NOW, items, changed, &failure),
		      "%s", refusals[_i].what);
	ck_assert_msg(failure->code == DORA_ERROR_DATA, "%s: %s", refusals[_i].what,
		      failure->message);
	ck_assert_uint_eq(changed->len, 0);
	ck_assert(!store_commit(rig.store, NULL));
	rig_expect(&rig, "SELECT count(*) FROM dorad.item", "0");
}
END_TEST

START_TEST(writes_need_a_transaction)
{
	static const char *const ids[] = { "1", NULL };
	g_autoptr(GPtrArray) items = items_new();
	g_autoptr(GError) failure = NULL;

	ck_assert(!store_items_write(rig.store, shop, NOW, items, NULL, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_RETRY);
	ck_assert(!store_items_gone(rig.store, shop, "", ITEM_RUN, ids, NOW, NULL, NULL));
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, NOW, items, NULL, &error));
}
END_TEST

struct other {
	struct store *store;
	const GPtrArray *items;
	guint n_changed;
};

static gpointer write_as_other(gpointer data)
{
	struct other *other = data;
	g_autoptr(GPtrArray) changed = g_ptr_array_new();
	GError *error = NULL;
	bool good = store_items_write(other->store, shop, NOW, other->items, changed,
				      &error) &&
		    store_commit(other->store, &error);

	other->n_changed = changed->len;
	ck_assert_int_eq(good, error == NULL);
	return error;
}

/* Both have found that it is not there, and the one has to wait for the other. */
START_TEST(two_may_tell_of_one_item)
{
	g_autoptr(GPtrArray) items = items_new(), same = items_new();
	struct other other = { store_new(rig.config), same, 99 };
	GThread *thread;
	bool waits = false;

	g_ptr_array_add(items, rig_item(ITEM_RUN, "acme/shop", "1"));
	g_ptr_array_add(same, rig_item(ITEM_RUN, "acme/shop", "1"));
	((struct item *)same->pdata[0])->done = _i > 0;
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, NOW, items, NULL, &error));
	rig_ok(store_begin(other.store, &error));
	thread = g_thread_new("other", write_as_other, &other);
	while (!waits) {
		g_autofree char *n = rig_ask(
			&rig, "SELECT count(*) FROM pg_locks WHERE NOT granted");

		waits = strcmp(n, "1") == 0;
	}
	rig_ok(store_commit(rig.store, &error));
	ck_assert_ptr_null(g_thread_join(thread));
	ck_assert_uint_eq(other.n_changed, _i > 0);
	rig_expect(&rig, "SELECT done FROM dorad.item", _i > 0 ? "t" : "f");
	store_free(other.store);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_items");
	TCase *tests = tcase_create("store_items");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, every_member_comes_back, 0, N_ITEM_KINDS);
	tcase_add_test(tests, what_was_read_is_what_is_there);
	tcase_add_loop_test(tests, any_difference_is_seen_and_nothing_else, 0,
			    (int)n_members() + 2);
	tcase_add_test(tests, ten_thousand_at_once);
	tcase_add_test(tests, an_unfinished_item_changes_in_place);
	tcase_add_test(tests, a_page_looks_at_its_own_rows_alone);
	tcase_add_test(tests, what_is_gone_may_come_back);
	tcase_add_loop_test(tests, what_cannot_be_kept_is_refused, 0,
			    G_N_ELEMENTS(refusals));
	tcase_add_test(tests, writes_need_a_transaction);
	tcase_add_loop_test(tests, two_may_tell_of_one_item, 0, 2);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
