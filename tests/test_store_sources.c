#include "sinks/store_private.h"
#include "tests/store_rig.h"

/* Sources of every kind, their feeds, and what their words for a commit stand for. */

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

/* ---- what the configuration names ---- */

/* The rig's configuration with a list of sources, and rules of the service "mail". */
static void sync_sources(const struct config_source *sources, unsigned n,
			 const struct config_rule *rules, unsigned n_rules)
{
	struct config config = *rig.config;

	config.all = (struct config_source *)sources;
	config.n_all = n;
	config.services = g_memdup2(config.services,
				    config.n_services * sizeof(*config.services));
	for (unsigned i = 0; i < config.n_services; i++) {
		/* whose incidents would be any source's, of which more is known */
		config.services[i].n_incidents = 0;
		if (n_rules > 0 && strcmp(config.services[i].name, "mail") == 0) {
			config.services[i].deployments = (struct config_rule *)rules;
			config.services[i].n_deployments = n_rules;
		}
	}
	rig_ok(store_sync_config(rig.store, &config, &error));
	g_free(config.services);
}

#define SHOP                                                                             \
	{                                                                                \
		.kind = SOURCE_GIT, .name = "shop", .type = "git"                        \
	}
#define TOOLS                                                                            \
	{                                                                                \
		.kind = SOURCE_GIT, .name = "tools", .type = "git"                       \
	}

static const struct config_source every_kind[] = {
	SHOP,
	TOOLS,
	{ .kind = SOURCE_API, .name = "hub", .type = "github" },
	{ .kind = SOURCE_API, .name = "own", .type = "rest" },
	{ .kind = SOURCE_SQL, .name = "cmdb", .type = "sql" },
	{ .kind = SOURCE_PUSH, .name = "push", .type = "push" },
};

static const struct config_rule mail_rules[] = {
	{ .from = FROM_JOBS, .repository = (char *)"tools", .source = (char *)"hub" },
	{ .from = FROM_DEPLOYMENTS,
	  .repository = (char *)"tools",
	  .source = (char *)"cmdb",
	  .revision = REVISION_FILE,
	  .manifest_repository = (char *)"shop" },
	{ .from = FROM_PUSH, .repository = (char *)"tools", .source = (char *)"push" },
	{ .from = FROM_PUSH, .repository = (char *)"tools" },
};

static const char all_sources[] = "SELECT string_agg(concat_ws(' ', kind, source, repo,"
				  " CASE WHEN active THEN '' ELSE 'off' END), ', '"
				  " ORDER BY source, kind) FROM dora.sources";

START_TEST(every_kind_of_source_has_a_row)
{
	g_autofree char *before = NULL, *after = NULL;
	gint32 repo_id = 99;

	sync_sources(every_kind, G_N_ELEMENTS(every_kind), NULL, 0);
	rig_expect(&rig, all_sources,
		   "sql cmdb , github hub , rest own , push push , git shop shop , "
		   "git tools tools ");
	ck_assert_int_eq(source("hub").repo_id, 0);
	ck_assert_int_gt(source("hub").source_id, 0);
	ck_assert_int_gt(source("shop").repo_id, 0);
	rig_ok(store_repo_id(rig.store, "hub", &repo_id, &error));
	ck_assert_int_eq(repo_id, 0);
	before = rig_rows(&rig);
	sync_sources(every_kind, G_N_ELEMENTS(every_kind), NULL, 0);
	after = rig_rows(&rig);
	ck_assert_str_eq(before, after);
}
END_TEST

/* What becomes of another kind under the same name is another source. */
START_TEST(sources_leave_and_come_back)
{
	static const struct config_source other[] = {
		SHOP,
		TOOLS,
		{ .kind = SOURCE_API, .name = "hub", .type = "gitlab" },
	};
	struct source_row row;
	gint32 hub;

	sync_sources(every_kind, G_N_ELEMENTS(every_kind), NULL, 0);
	hub = source("hub").source_id;
	sync_sources(other, G_N_ELEMENTS(other), NULL, 0);
	rig_expect(&rig, all_sources,
		   "sql cmdb off, github hub off, gitlab hub , rest own off, push push "
		   "off, git shop shop , git tools tools ");
	ck_assert_int_ne(source("hub").source_id, hub);
	ck_assert(!store_source(rig.store, "cmdb", &row, NULL));
	sync_sources(every_kind, G_N_ELEMENTS(every_kind), NULL, 0);
	ck_assert_int_eq(source("hub").source_id, hub);
}
END_TEST

START_TEST(numbers_depend_on_the_sources_of_rules)
{
	static const char depends[] =
		"SELECT string_agg(x.name, ' ' ORDER BY x.name) FROM dorad.scope_source"
		" JOIN dorad.scope s USING (scope_id) JOIN dorad.source x USING"
		" (source_id) WHERE s.name = '";
	g_autofree char *mail = g_strconcat(depends, "mail'", NULL);
	g_autofree char *blue = g_strconcat(depends, "blue'", NULL);
	g_autofree char *cart = g_strconcat(depends, "cart'", NULL);
	g_autofree char *acme = g_strconcat(depends, "acme'", NULL);

	sync_sources(every_kind, G_N_ELEMENTS(every_kind), NULL, 0);
	rig_expect(&rig, mail, "tools");
	sync_sources(every_kind, G_N_ELEMENTS(every_kind), mail_rules,
		     G_N_ELEMENTS(mail_rules));
	rig_expect(&rig, mail, "cmdb hub shop tools");
	rig_expect(&rig, blue, "cmdb hub shop tools");
	rig_expect(&rig, cart, "shop");
	rig_expect(&rig, acme, "cmdb hub shop tools");
	sync_sources(every_kind, G_N_ELEMENTS(every_kind), mail_rules, 1);
	rig_expect(&rig, mail, "hub tools");
}
END_TEST

static const char yaml[] =
	"database: { uri: dbname=unused }\n"
	"push:\n"
	"  listen: 127.0.0.1:9440\n"
	"  clients: [ { name: ci, token: { credential: c } } ]\n"
	"sources:\n"
	"  git:\n"
	"    - { name: shop, url: \"https://git.example/shop\" }\n"
	"    - { name: tools, url: \"https://git.example/tools\" }\n"
	"  github:\n"
	"    - { name: hub, token: { credential: c }, projects: [acme/shop] }\n"
	"  sql:\n"
	"    - name: cmdb\n"
	"      uri: postgresql://db.example/cmdb\n"
	"      kind: deployment\n"
	"      query: SELECT id, sha, updated FROM deploys WHERE updated >= $1\n"
	"orgs: [ { name: acme } ]\n"
	"teams: [ { name: blue, org: acme } ]\n"
	"services:\n"
	"  - name: mail\n"
	"    team: blue\n"
	"    components: [ { repository: tools } ]\n"
	"    deployments:\n"
	"      - { from: jobs, source: hub, jobs: [deploy] }\n"
	"      - { from: deployments, source: cmdb }\n"
	"      - { from: push }\n";

START_TEST(a_configuration_of_many_kinds)
{
	struct config *config = rig_load(yaml);

	rig_ok(store_sync_config(rig.store, config, &error));
	config_unref(config);
	rig_expect(
		&rig, all_sources,
		"sql cmdb , github hub , push push , git shop shop , git tools tools ");
	rig_expect(&rig,
		   "SELECT string_agg(x.name, ' ' ORDER BY x.name)"
		   " FROM dorad.scope_source JOIN dorad.scope s USING (scope_id)"
		   " JOIN dorad.source x USING (source_id) WHERE s.name = 'mail'",
		   "cmdb hub tools");
}
END_TEST

static const char fresh_until[] =
	"SELECT coalesce((SELECT extract(epoch FROM fresh_until)::bigint::text"
	" FROM dorad.scope_state WHERE service = 'mail'), 'never')";

static void polled(const char *name, gint64 at)
{
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_source_ok(rig.store, source(name).source_id, NULL, at, false,
			       &error));
	rig_ok(store_commit(rig.store, &error));
}

/* A number is fresh when what can be asked was asked: nobody asks a push source. */
START_TEST(freshness_waits_for_what_is_polled)
{
	g_autoptr(GError)
		refused = g_error_new_literal(DORA_ERROR, DORA_ERROR_DENIED, "hub: 401");

	sync_sources(every_kind, G_N_ELEMENTS(every_kind), mail_rules,
		     G_N_ELEMENTS(mail_rules));
	polled("tools", 900 * G_USEC_PER_SEC);
	polled("shop", 900 * G_USEC_PER_SEC);
	polled("cmdb", 900 * G_USEC_PER_SEC);
	rig_expect(&rig, fresh_until, "never");
	polled("hub", 500 * G_USEC_PER_SEC);
	rig_expect(&rig, fresh_until, "500");
	polled("hub", 950 * G_USEC_PER_SEC);
	rig_expect(&rig, fresh_until, "900");
	polled("push", 10 * G_USEC_PER_SEC);
	rig_expect(&rig, fresh_until, "900");
	rig_ok(store_source_failed(rig.store, source("hub").source_id,
				   960 * G_USEC_PER_SEC, refused, &error));
	rig_expect(&rig, fresh_until, "900");
}
END_TEST

/* ---- feeds ---- */

static bool write_feed(gint32 source_id, const struct feed_row *row)
{
	_cleanup_(PQclearp) PGresult *result = NULL;

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_feed_write(rig.store, source_id, row, &error));
	rig_ok(store_exec(
		rig.store,
		"SELECT pg_current_xact_id_if_assigned() IS NOT NULL,"
		" (SELECT n_tup_upd = n_tup_hot_upd FROM"
		" pg_stat_xact_user_tables WHERE relid = 'dorad.feed'::regclass)",
		NULL, &result, &error));
	ck_assert(result_bool(result, 0, 1)); /* in place */
	rig_ok(store_commit(rig.store, &error));
	return result_bool(result, 0, 0);
}

static const struct feed_row some_feed = {
	.project = (char *)"acme/shop \"ü\"",
	.feed = (char *)"runs",
	.cursor = 5,
	.history = -4,
	.swept = 3,
	.swept_deep = 2,
	.mark = (char *)"1041",
	.etag = (char *)"W/\"x\"",
	.etag_url = (char *)"https://hub.example/runs?page=1&x=%2F",
	.trouble = (char *)"runs: 403, \"Actions: read\" is missing",
};

START_TEST(a_feed_comes_back)
{
	gint32 id = source("shop").source_id;
	const struct feed_row empty = {
		.feed = (char *)"jobs",
		.cursor = INSTANT_NONE,
		.history = INSTANT_NONE,
		.swept = INSTANT_NONE,
		.swept_deep = INSTANT_NONE,
	};
	const struct feed_row *got;
	GArray *rows;

	ck_assert(write_feed(id, &some_feed));
	ck_assert(write_feed(id, &empty));
	ck_assert(write_feed(source("tools").source_id, &some_feed));
	rig_ok((rows = store_feeds(rig.store, id, &error)));
	ck_assert_uint_eq(rows->len, 2);
	got = &g_array_index(rows, struct feed_row, 0);
	ck_assert_str_eq(got->project, "");
	ck_assert_str_eq(got->feed, "jobs");
	ck_assert(got->cursor == INSTANT_NONE && got->history == INSTANT_NONE &&
		  got->swept == INSTANT_NONE && got->swept_deep == INSTANT_NONE);
	ck_assert(!got->mark && !got->etag && !got->etag_url && !got->trouble);
	got = &g_array_index(rows, struct feed_row, 1);
	ck_assert_str_eq(got->project, some_feed.project);
	ck_assert_int_eq(got->cursor, 5);
	ck_assert_int_eq(got->history, -4);
	ck_assert_int_eq(got->swept, 3);
	ck_assert_int_eq(got->swept_deep, 2);
	ck_assert_str_eq(got->mark, some_feed.mark);
	ck_assert_str_eq(got->etag, some_feed.etag);
	ck_assert_str_eq(got->etag_url, some_feed.etag_url);
	ck_assert_str_eq(got->trouble, some_feed.trouble);
	feed_rows_free(rows);
}
END_TEST

#define FEED_AT(member) G_STRUCT_OFFSET(struct feed_row, member)

static const struct {
	gsize offset;
	bool is_text;
} feed_members[] = {
	{ FEED_AT(cursor), false },  { FEED_AT(history), false },
	{ FEED_AT(swept), false },   { FEED_AT(swept_deep), false },
	{ FEED_AT(mark), true },     { FEED_AT(etag), true },
	{ FEED_AT(etag_url), true }, { FEED_AT(trouble), true },
};

START_TEST(a_feed_is_touched_only_if_it_differs)
{
	gint32 id = source("shop").source_id;
	struct feed_row row = some_feed;
	char *at = (char *)&row + feed_members[_i].offset;

	ck_assert(write_feed(id, &row));
	ck_assert(!write_feed(id, &row));
	if (feed_members[_i].is_text)
		*(char **)at = NULL;
	else
		*(gint64 *)at += 1;
	ck_assert(write_feed(id, &row));
	ck_assert(!write_feed(id, &row));
	rig_expect(&rig, "SELECT count(*) FROM dorad.feed", "1");
}
END_TEST

START_TEST(feeds_need_a_transaction_and_text)
{
	struct feed_row row = some_feed;
	g_autoptr(GError) failure = NULL;

	ck_assert(!store_feed_write(rig.store, 1, &row, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_RETRY);
	g_clear_error(&failure);
	row.trouble = (char *)"no \xff route"; /* for people: made valid */
	ck_assert(write_feed(source("shop").source_id, &row));
	row.etag = (char *)"\xff";
	rig_ok(store_begin(rig.store, &error));
	ck_assert(!store_feed_write(rig.store, source("shop").source_id, &row, &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_DATA);
}
END_TEST

/* ---- what a commit is called ---- */

static const struct {
	const char *hex;
	guint n;
	const char *first;
} prefixes[] = {
	{ "abcdef0", 2, "abcdef0100000000000000000000000000000000" },
	{ "abcdef01", 1, "abcdef0100000000000000000000000000000000" },
	{ "ABCDEF01", 1, "abcdef0100000000000000000000000000000000" },
	{ "abcdef0100000000000000000000000000000000", 1,
	  "abcdef0100000000000000000000000000000000" },
	{ "abcdef01000000000000000000000000000000000", 0, NULL },
	{ "fffffff", 2,
	  "ffffffff000000000000000000000000000000000000000000000000000000"
	  "00" },
	{ "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 1,
	  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
	{ "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0, NULL },
	{ "0000000", 1, "0000000000000000000000000000000000000000" },
	{ "1234567", 0, NULL }, /* of another repository */
	{ "abcdef", 0, NULL },	/* too short */
	{ "abcdefg", 0, NULL },
	{ "", 0, NULL },
	{ "v1.0.0'--", 0, NULL },
};

START_TEST(commits_by_the_beginning_of_their_names)
{
	gint32 repo = source("shop").repo_id;
	struct oid found[2];
	char hex[2 * OID_BYTES + 1];
	g_autofree char *insert = g_strdup_printf(
		"INSERT INTO dorad.commit (repo_id, sha, parents) SELECT"
		" CASE sha WHEN '1234567800' THEN %d ELSE %d END,"
		" rpad(decode(sha, 'hex')::text, 2 + greatest(40, length(sha)), '0')"
		"::bytea, '' FROM unnest(ARRAY['abcdef01', 'abcdef02', '00', "
		"'1234567800',"
		" 'ffffffff%056d', repeat('f', 64)]) AS sha",
		source("tools").repo_id, repo, 0);
	GError *error = NULL;
	guint n;

	rig_run(&rig, insert);
	n = store_commit_prefix(rig.store, repo, prefixes[_i].hex, found, &error);
	ck_assert_ptr_null(error);
	ck_assert_uint_eq(n, prefixes[_i].n);
	if (n > 0)
		ck_assert_str_eq(oid_format(&found[0], hex), prefixes[_i].first);
}
END_TEST

static const struct {
	const char *name;
	guint commit; /* 0: unknown */
} names[] = {
	{ "v1", 1 },
	{ "main", 2 },
	{ "both", 3 }, /* tags first */
	{ "heads/both", 4 },
	{ "refs/heads/both", 4 },
	{ "refs/tags/v1", 1 },
	{ "tree", 5 }, /* the tag has no commit */
	{ "it's ü", 6 },
	{ "v2", 0 },
	{ "", 0 },
	{ "V1", 0 },
	{ "v_", 0 },
};

START_TEST(commits_by_tags_and_branches)
{
	gint32 repo = source("shop").repo_id;
	const struct ref_row rows[] = {
		{ (char *)"refs/tags/v1", rig_oid(11), rig_oid(1), 5 },
		{ (char *)"refs/heads/main", rig_oid(2), rig_oid(2), 5 },
		{ (char *)"refs/heads/both", rig_oid(4), rig_oid(4), 5 },
		{ (char *)"refs/tags/both", rig_oid(3), rig_oid(3), 5 },
		{ (char *)"refs/tags/tree", rig_oid(15), { 0 }, 5 },
		{ (char *)"refs/heads/tree", rig_oid(5), rig_oid(5), 5 },
		{ (char *)"refs/tags/it's ü", rig_oid(6), rig_oid(6), 5 },
	};
	struct oid found = rig_oid(99), expected = rig_oid(names[_i].commit);

	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_refs_write(rig.store, repo, rows, G_N_ELEMENTS(rows), &error));
	rig_ok(store_commit(rig.store, &error));
	rig_ok(store_ref_commit(rig.store, repo, names[_i].name, &found, &error));
	if (names[_i].commit == 0)
		ck_assert_uint_eq(found.len, 0);
	else
		ck_assert(oid_equal(&found, &expected));
}
END_TEST

START_TEST(a_database_that_fails_is_not_an_unknown_name)
{
	struct oid found[2] = { rig_oid(9), rig_oid(9) };
	g_autoptr(GError) failure = NULL;

	ck_assert(!store_ref_commit(rig.store, 1, "\xff", &found[0], &failure));
	ck_assert_int_eq(failure->code, DORA_ERROR_DATA);
	ck_assert_uint_eq(found[0].len, 20);
	g_clear_error(&failure);
	rig_run(&rig, "DROP TABLE dorad.commit CASCADE");
	ck_assert_uint_eq(store_commit_prefix(rig.store, 1, "abcdef0", found, &failure),
			  0);
	ck_assert_int_eq(failure->code, DORA_ERROR_CONFIG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_sources");
	TCase *tests = tcase_create("store_sources");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, every_kind_of_source_has_a_row);
	tcase_add_test(tests, sources_leave_and_come_back);
	tcase_add_test(tests, numbers_depend_on_the_sources_of_rules);
	tcase_add_test(tests, a_configuration_of_many_kinds);
	tcase_add_test(tests, freshness_waits_for_what_is_polled);
	tcase_add_test(tests, a_feed_comes_back);
	tcase_add_loop_test(tests, a_feed_is_touched_only_if_it_differs, 0,
			    G_N_ELEMENTS(feed_members));
	tcase_add_test(tests, feeds_need_a_transaction_and_text);
	tcase_add_loop_test(tests, commits_by_the_beginning_of_their_names, 0,
			    G_N_ELEMENTS(prefixes));
	tcase_add_loop_test(tests, commits_by_tags_and_branches, 0, G_N_ELEMENTS(names));
	tcase_add_test(tests, a_database_that_fails_is_not_an_unknown_name);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
