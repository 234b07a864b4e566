#include "tests/store_rig.h"

/* Which changes landed in a repository, who has to look at what again, what commits say.
 * Commit number n is rig_oid(n); 1 to 5 are of "shop" (cart and search), 6 of "tools"
 * (mail). */

static struct rig rig;
static gint32 shop, shop_repo, tools_repo, cart;

static void add_commits(gint32 repo_id, guint first, guint last)
{
	rig_ok(store_commits_begin(rig.store, repo_id, &error));
	for (guint i = first; i <= last; i++)
		rig_ok(store_commits_add(
			rig.store, &(struct commit_row){ .oid = rig_oid(i) }, &error));
	rig_ok(store_commits_end(rig.store, NULL, &error));
}

static void set_up(void)
{
	struct source_row row = { 0 };

	rig_init(&rig);
	cart = rig_scope(&rig, "service", "cart");
	rig_ok(store_source(rig.store, "shop", &row, &error));
	shop = row.source_id;
	shop_repo = row.repo_id;
	source_row_clear(&row);
	rig_ok(store_repo_id(rig.store, "tools", &tools_repo, &error));
	rig_ok(store_begin(rig.store, &error));
	add_commits(shop_repo, 1, 5);
	add_commits(tools_repo, 6, 6);
	rig_ok(store_commit(rig.store, &error));
}

static void tear_down(void)
{
	rig_clear(&rig);
}

static char *hex(guint number)
{
	struct oid oid = rig_oid(number);
	char text[2 * OID_BYTES + 1];

	return number ? g_strdup(oid_format(&oid, text)) : NULL;
}

/* A change as a row of a table: commits by number, 0: none. */
struct told {
	const char *id;
	guint sha, squash, head;
	bool merged;
};

static struct item *change(const struct told *told)
{
	struct item *item = rig_item(ITEM_CHANGE, "acme/shop", told->id);

	item->name = g_strdup_printf("title of %s", told->id);
	item->sha = hex(told->sha);
	item->squash_sha = hex(told->squash);
	item->head_sha = hex(told->head);
	item->merged = told->merged ? 5 : INSTANT_NONE;
	item->labels = g_strsplit("a,b", ",", 0);
	return item;
}

/* ---- changes of a repository ---- */

static const struct told changes[] = {
	{ "merged", 1, 0, 91, true },	   { "squashed", 0, 2, 92, true },
	{ "fast-forward", 0, 0, 3, true }, { "by all three", 4, 4, 5, true },
	{ "not merged", 5, 0, 5, false },  { "of tools", 6, 0, 0, true },
	{ "of nobody", 93, 94, 95, true }, { "gone", 1, 0, 0, true },
	{ "without", 0, 0, 0, true },
};

static void write_items(const GPtrArray *items)
{
	rig_ok(store_items_write(rig.store, shop, 1, items, NULL, &error));
}

/* A merged change whose shas name no commit: not hexadecimal, odd, cut short. */
static struct item *nameless(void)
{
	struct item *item = change(&(struct told){ "nameless", 0, 0, 0, true });

	item->sha = g_strnfill(40, 'x');
	item->squash_sha = g_strnfill(41, 'a');
	item->head_sha = g_strdup("00");
	return item;
}

static void write_changes(bool backwards)
{
	g_autoptr(GPtrArray) items = items_new();
	static const char *const gone[] = { "gone", NULL };

	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
		g_ptr_array_insert(items, backwards ? 0 : -1, change(&changes[i]));
	g_ptr_array_add(items, nameless());
	rig_ok(store_begin(rig.store, &error));
	write_items(items);
	rig_ok(store_items_gone(rig.store, shop, "acme/shop", ITEM_CHANGE, gone, 2, NULL,
				&error));
	rig_ok(store_commit(rig.store, &error));
}

static bool note_change(const struct item *item, gint32 source_id, void *user,
			GError **error)
{
	(void)error;
	ck_assert_int_eq(source_id, shop);
	ck_assert_int_eq(item->kind, ITEM_CHANGE);
	ck_assert_str_eq(item->project, "acme/shop");
	ck_assert(item->merged == 5 && item->attempt == 1);
	ck_assert_str_eq(item->labels[1], "b");
	g_string_append_printf(user, "%s; ", item->id);
	return true;
}

START_TEST(changes_are_found_by_their_commits)
{
	g_autoptr(GString) of_shop = g_string_new(NULL), of_tools = g_string_new(NULL);

	write_changes(_i == 1);
	rig_ok(store_changes_each(rig.store, shop_repo, note_change, of_shop, &error));
	rig_ok(store_changes_each(rig.store, tools_repo, note_change, of_tools, &error));
	ck_assert_str_eq(of_shop->str, "by all three; fast-forward; merged; squashed; ");
	ck_assert_str_eq(of_tools->str, "of tools; ");
}
END_TEST

/* ---- who has to look again ---- */

static const struct {
	const char *what;
	struct told told; /* id NULL: the incident */
	const char *incident, *due;
} news[] = {
	{ "a change whose merge is of the repository",
	  { "1", 1, 0, 0, true },
	  NULL,
	  "cart search" },
	{ "by its squash", { "1", 0, 2, 0, true }, NULL, "cart search" },
	{ "by its head", { "1", 90, 0, 3, true }, NULL, "cart search" },
	{ "of another repository", { "1", 0, 0, 6, true }, NULL, "mail" },
	{ "not merged yet", { "1", 0, 0, 3, false }, NULL, "" },
	{ "of nobody", { "1", 90, 91, 92, true }, NULL, "" },
	{ "an abbreviated sha names nothing", { "1", 0, 0, 0, true }, NULL, "" },
	{ "one that was shipped", { "shipped", 90, 0, 0, true }, NULL, "cart" },
	{ "one that was shipped, and is not merged any more",
	  { "shipped", 0, 0, 0, false },
	  NULL,
	  "cart" },
	{ "one that a commit came from", { "origin", 0, 0, 0, true }, NULL, "cart" },
	{ "an incident of a service", { 0 }, "INC-1", "cart" },
	{ "an incident of nobody", { 0 }, "INC-2", "" },
	{ "an incident that is called as a change is", { 0 }, "shipped", "" },
};

/* cart has the incident INC-1 and the changes "shipped" and "origin". */
static void make_rows(void)
{
	struct item_key incident = { shop, (char *)"acme/shop", (char *)"INC-1" };
	struct item_key shipped = { shop, (char *)"acme/shop", (char *)"shipped" };
	struct item_key origin = { shop, (char *)"acme/shop", (char *)"origin" };

	rig_ok(store_service_incidents_write(
		rig.store, cart,
		&(struct service_incident_row){ .environment = "production",
						.incident = incident },
		1, 9, &error));
	rig_ok(store_shipped_changes_write(
		rig.store, cart,
		&(struct shipped_change_row){ .environment = "production",
					      .change = shipped,
					      .landed = rig_oid(1) },
		1, &error));
	rig_ok(store_commit_changes_write(
		rig.store, cart,
		&(struct commit_change_row){ shop_repo, rig_oid(1), origin, "merge" }, 1,
		&error));
}

START_TEST(services_of_what_changed_are_due)
{
	g_autoptr(GPtrArray) items = items_new();
	struct item *item = news[_i].incident ? rig_item(ITEM_INCIDENT, "acme/shop",
							 news[_i].incident)
					      : change(&news[_i].told);

	if (!item->sha)
		item->sha = g_strdup("00000000");
	g_ptr_array_add(items, item);
	g_ptr_array_add(items, rig_item(ITEM_RUN, "acme/shop", "INC-1"));
	rig_ok(store_begin(rig.store, &error));
	make_rows();
	rig_ok(store_items_due(rig.store, shop, items, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig,
		   "SELECT coalesce(string_agg(s.name, ' ' ORDER BY s.name), '')"
		   " FROM dorad.attribution_due JOIN dorad.scope s"
		   " ON scope_id = service_id",
		   news[_i].due);
}
END_TEST

/* ---- which rollout shipped a commit ---- */

START_TEST(commits_are_shipped_by_rollouts)
{
	struct oid asked[] = { rig_oid(3), rig_oid(9), rig_oid(1), rig_oid(2) };
	gint64 rollouts[4];
	bool baseline[4];

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_shipped_begin(rig.store, cart, true, &error));
	for (guint i = 1; i <= 4; i++) {
		struct shipped_row row = { .rollout_id = 10 + i,
					   .environment = i == 4 ? "eu" : "production",
					   .repo_id = shop_repo,
					   .oid = rig_oid(i == 4 ? 9 : i),
					   .excluded = i == 1	? EXCLUSION_BASELINE
						       : i == 2 ? EXCLUSION_MERGE
								: EXCLUSION_NONE };

		rig_ok(store_shipped_add(rig.store, &row, &error));
	}
	rig_ok(store_shipped_end(rig.store, NULL, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_ok(store_shipped_by(rig.store, cart, "production", shop_repo, asked, 4,
				rollouts, baseline, &error));
	ck_assert(rollouts[0] == 13 && !baseline[0]);
	ck_assert(rollouts[1] == 0 && !baseline[1]); /* of another group */
	ck_assert(rollouts[2] == 11 && baseline[2]);
	ck_assert(rollouts[3] == 12 && !baseline[3]);
	rig_ok(store_shipped_by(rig.store, cart, "production", shop_repo, NULL, 0,
				rollouts, baseline, &error));
}
END_TEST

/* ---- what commits say ---- */

static bool note_note(const struct commit_note *note, void *user, GError **error)
{
	(void)error;
	g_string_append_printf(user, "%u %s \"%s\"; ", note->oid.id[19], note->kind,
			       note->text);
	return true;
}

static void expect_notes(gint32 repo_id, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);

	rig_ok(store_notes_each(rig.store, repo_id, note_note, text, &error));
	ck_assert_str_eq(text->str, expected);
}

static void expect_patterns(const char *expected)
{
	g_autofree char *patterns = NULL;

	rig_ok(store_notes_patterns(rig.store, shop_repo, &patterns, &error));
	ck_assert_pstr_eq(patterns, expected);
}

START_TEST(notes_are_kept_until_patterns_change)
{
	struct commit_note notes[] = {
		{ rig_oid(2), "title", "Revert \"one\"" },
		{ rig_oid(1), "author", "" },
		{ rig_oid(2), "reverts", "0001" },
	};
	g_autofree char *before = NULL, *after = NULL;

	expect_patterns(NULL);
	for (int again = 0; again < 2; again++) {
		rig_ok(store_begin(rig.store, &error));
		rig_ok(store_notes_add(rig.store, shop_repo, notes, 3, &error));
		rig_ok(store_commit(rig.store, &error));
		if (!again)
			before = rig_rows(&rig);
	}
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
	expect_notes(shop_repo, "1 author \"\"; 2 reverts \"0001\"; 2 title "
				"\"Revert \"one\"\"; ");
	expect_notes(tools_repo, "");
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_notes_reset(rig.store, shop_repo, "^Revert", &error));
	rig_ok(store_commit(rig.store, &error));
	expect_notes(shop_repo, "");
	expect_patterns("^Revert");
}
END_TEST

START_TEST(a_note_of_any_length_can_be_kept)
{
	g_autofree char *text = g_malloc(90001);
	struct commit_note note = { rig_oid(1), "trailer", text };

	/* as badly as it packs; two bytes a character, so that one lies across the cut */
	text[0] = 'x';
	for (guint i = 0; i < 45000; i++) {
		text[1 + 2 * i] = (char)0xc3;
		text[2 + 2 * i] = (char)(0x80 + g_random_int_range(0, 64));
	}
	text[90000] = '\0';
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_notes_add(rig.store, shop_repo, &note, 1, &error));
	rig_ok(store_commit(rig.store, &error));
	rig_expect(&rig, "SELECT octet_length(text) FROM dorad.commit_note", "1999");
}
END_TEST

/* ---- where a deployment ran ---- */

START_TEST(a_deployment_keeps_its_branch)
{
	struct deployment_row row = { .external_id = (char *)"d1",
				      .attempt = 1,
				      .environment = (char *)"eu",
				      .started = INSTANT_NONE,
				      .finished = 5,
				      .ref = (char *)"hotfix/a" };
	gsize changed[3];
	GArray *rows;

	for (int i = 0; i < 3; i++) {
		row.ref = (char *)(i < 2 ? "hotfix/a" : "main");
		rig_ok(store_begin(rig.store, &error));
		rig_ok(store_deployments_write(rig.store, cart, shop, &row, 1,
					       &changed[i], &error));
		rig_ok(store_commit(rig.store, &error));
	}
	ck_assert(changed[0] == 1 && changed[1] == 0 && changed[2] == 1);
	rig_ok((rows = store_deployments(rig.store, cart, 0, &error)));
	ck_assert_str_eq(g_array_index(rows, struct deployment_row, 0).ref, "main");
	deployment_rows_free(rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_landed");
	TCase *tests = tcase_create("store_landed");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, changes_are_found_by_their_commits, 0, 2);
	tcase_add_loop_test(tests, services_of_what_changed_are_due, 0,
			    G_N_ELEMENTS(news));
	tcase_add_test(tests, commits_are_shipped_by_rollouts);
	tcase_add_test(tests, notes_are_kept_until_patterns_change);
	tcase_add_test(tests, a_note_of_any_length_can_be_kept);
	tcase_add_test(tests, a_deployment_keeps_its_branch);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
