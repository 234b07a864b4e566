#include "base/instant.h"
#include "collector/poll.h"
#include "tests/git_repository.h"
#include "tests/store_rig.h"

/* What is kept of the messages of a real repository, poll by poll, in a real database. */

/* A commit, its revert (twice), its pick, and a robot's. r SUBJECT: the name of a
 * commit. */
static const char history[] =
	"git init -q -b main .\n"
	"t=1600000000\n"
	"tick() { t=$((t + 60)); export GIT_COMMITTER_DATE=\"$t +0000\"; }\n"
	"make() { tick; echo \"$1\" >>file; git add file; git commit -q -m \"$1\" -m "
	"\"$2\"; }\n"
	"make base 'Signed-off-by: A U Thor <author@example.com>'\n"
	"make 'Send mail to somebody@example.com' 'Fixes: 4711'\n"
	"git branch release HEAD^\n"
	"tick; git revert --no-edit HEAD >/dev/null\n"
	"make 'Go back' \"This reverts commit $(git rev-parse --short=9 HEAD^).\"\n"
	"GIT_AUTHOR_NAME='renovate[bot]' make 'Update it'\n"
	"git checkout -q release\n"
	"tick; git cherry-pick -x main~3 >/dev/null\n"
	"git checkout -q main\n";

/* More of it, with everything the functions of the script need. */
static const char more[] =
	"cd ../work\n"
	"export GIT_COMMITTER_DATE='1600001000 +0000'\n"
	"echo x >>file; git commit -q -a -m 'Hotfix of it'\n"
	"export GIT_COMMITTER_DATE='1600002000 +0000'\n"
	"GIT_AUTHOR_NAME='renovate[bot]' git commit -q --allow-empty -m 'Update more'\n";

static struct rig rig;
static struct repository repository;

static char *hotfix[] = { (char *)"Hotfix" };
static char *fixes[] = { (char *)"fixes" };
static char *signers[] = { (char *)"Signed-off-by", (char *)"Fixes" };
static char *robots[] = { (char *)"*[bot]*" };
/* What stands for that with the key of this test. */
#define ROBOTS "fc70c0c0cfbdbae4"

static struct config_remediation titles = { .titles = hotfix, .n_titles = 1 };
static struct config_remediation named = { .trailers = fixes, .n_trailers = 1 };
static struct config_remediation signed_off = { .trailers = signers, .n_trailers = 2 };
static struct config_exclude by_robots = { .authors = robots, .n_authors = 1 };

static struct world {
	struct config *config;
	struct store *store;
	/* what the configuration itself has, while a test gives it others */
	struct config_remediation *remediation;
	struct config_exclude *exclude;
	unsigned n_remediation;
	gint64 now;
} world;

static void set_up(void)
{
	g_autofree char *text = NULL;

	rig_init(&rig);
	repository_make(&repository, history);
	text = g_strdup_printf(
		"database: { uri: \"%s dbname=%s\" }\n"
		"sources: { git: [{ name: shop, url: '%s/work', allow_file: true }] }\n"
		"orgs: [{ name: acme }]\n"
		"teams: [{ name: red, org: acme }]\n"
		"services: [{ name: cart, team: red, components: [{ repository: shop }],"
		" deployments: [{ from: tags }] }]\n",
		getenv("DORAD_TEST_PG"), rig.database, repository.root);
	world.config = rig_load(text);
	world.store = store_new(world.config);
	world.remediation = world.config->services->remediation;
	world.n_remediation = world.config->services->n_remediation;
	world.exclude = world.config->services->exclude;
	world.now = 1700000000 * (gint64)G_USEC_PER_SEC;
	rig_ok(store_sync_config(world.store, world.config, &error));
}

static void look_for(struct config_remediation *rule, struct config_exclude *exclude)
{
	world.config->services->remediation = rule;
	world.config->services->n_remediation = rule ? 1 : 0;
	world.config->services->exclude = exclude;
}

static void tear_down(void)
{
	world.config->services->remediation = world.remediation;
	world.config->services->n_remediation = world.n_remediation;
	world.config->services->exclude = world.exclude;
	store_free(world.store);
	config_unref(world.config);
	world = (struct world){ 0 };
	repository_clear(&repository);
	rig_clear(&rig);
}

static struct poll_result poll(void)
{
	g_autofree char *cache = g_build_filename(repository.root, "cache", NULL);
	g_autoptr(GBytes) key = g_bytes_new_static("key", 3);
	const struct work_context context = { .config = world.config,
					      .cache_dir = cache,
					      .author_key = key };
	struct poll_result result;

	world.now += G_TIME_SPAN_HOUR;
	rig_ok(poll_git(world.store, &context, config_git(world.config, "shop"),
			world.now, &result, &error));
	return result;
}

/* "main~4 trailer fixes: 4711; …", one a note: names of commits for their shas. */
static void expect_notes(const char *wanted)
{
	static const char *const names[] = { "main~6", "main~5", "main~4", "main~3",
					     "main~2", "main~1", "main",   "release" };
	g_autofree char *notes = rig_ask(
		&rig,
		"SELECT coalesce(string_agg(concat_ws(' ', encode(sha, 'hex'), kind, "
		"text),"
		" '; ' ORDER BY (SELECT committed_at FROM dorad.commit c WHERE c.repo_id"
		" = n.repo_id AND c.sha = n.sha) DESC, kind, text), 'none')"
		" FROM dorad.commit_note n");
	g_autoptr(GString) text = g_string_new(notes);
	g_autofree char *bare = g_strdup_printf("cd ../work; git rev-parse -q --verify ");

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *ask = g_strconcat(bare, names[i], "^0 || true", NULL);
		g_autofree char *sha = repository_shell(&repository, ask);

		if (*sha)
			g_string_replace(text, sha, names[i], 0);
	}
	ck_assert_str_eq(text->str, wanted);
}

static void expect_due(bool due)
{
	rig_expect(&rig, "SELECT EXISTS (SELECT FROM dorad.attribution_due)",
		   due ? "t" : "f");
	rig_run(&rig, "DELETE FROM dorad.attribution_due");
}

#define REVERTS                                                                          \
	"main~1 reverts main~3; main~2 reverts main~3; "                                 \
	"main~2 title Revert \"Send mail to …\"; "
#define FOUND                                                                            \
	"release picked main~3; release trailer fixes: 4711; main author " ROBOTS        \
	"; " REVERTS "main~3 trailer fixes: 4711"

START_TEST(messages_are_looked_at_while_commits_are_read)
{
	look_for(&named, &by_robots);
	ck_assert_uint_eq(poll().n_commits, 6);
	expect_notes(FOUND);
	expect_due(false);
	ck_assert(!poll().changed);
}
END_TEST

START_TEST(what_is_new_is_looked_at_once)
{
	look_for(&titles, &by_robots);
	poll();
	g_free(repository_shell(&repository, more));
	rig_run(&rig, "CREATE TABLE kept AS SELECT n.*, xmin::text AS version"
		      " FROM dorad.commit_note n");
	ck_assert_uint_eq(poll().n_commits, 2);
	expect_notes("main author " ROBOTS "; main~1 title Hotfix of it; "
		     "release picked main~5; main~2 author " ROBOTS "; "
		     "main~3 reverts main~5; main~4 reverts main~5; "
		     "main~4 title Revert \"Send mail to …\"");
	rig_expect(&rig,
		   "SELECT count(*) FROM (SELECT * FROM kept EXCEPT"
		   " SELECT n.*, xmin::text FROM dorad.commit_note n) AS written",
		   "0");
	expect_due(false);
}
END_TEST

START_TEST(other_patterns_take_all_notes_anew)
{
	look_for(&named, &by_robots);
	poll();
	look_for(&signed_off, NULL);
	ck_assert(poll().changed);
	expect_notes("release picked main~3; release trailer Fixes: 4711; " REVERTS
		     "main~3 trailer Fixes: 4711");
	expect_due(true);
	ck_assert(!poll().changed);
	look_for(&named, &by_robots);
	g_free(repository_shell(&repository, more));
	ck_assert_uint_eq(poll().n_commits, 2);
	expect_notes("main author " ROBOTS "; release picked main~5; "
		     "release trailer fixes: 4711; main~2 author " ROBOTS "; "
		     "main~3 reverts main~5; main~4 reverts main~5; "
		     "main~4 title Revert \"Send mail to …\"; "
		     "main~5 trailer fixes: 4711");
	expect_due(true);
}
END_TEST

START_TEST(a_database_of_an_earlier_version_is_filled)
{
	look_for(&named, &by_robots);
	poll();
	rig_run(&rig,
		"DELETE FROM dorad.commit_note; UPDATE dorad.repo SET patterns = NULL;"
		" UPDATE dorad.source SET cursor ="
		" regexp_replace(cursor, 'rules:.*', 'rules:0123456789abcdef')");
	poll();
	expect_notes(FOUND);
	expect_due(true);
}
END_TEST

/* Every row of every table, as text. */
#define EVERYTHING                                                                       \
	"SELECT string_agg(query_to_xml(format('SELECT t::text FROM %I.%I t', "          \
	"schemaname,"                                                                    \
	" tablename), true, true, '')::text, '') FROM pg_tables"                         \
	" WHERE schemaname = 'dorad'"

START_TEST(nobody_is_named)
{
	static const char *const people[] = { "Thor", "Mitter", "example.com", "renovate",
					      "somebody" };
	g_autofree char *all = NULL;

	look_for(&signed_off, &by_robots);
	poll();
	all = rig_ask(&rig, EVERYTHING);
	ck_assert_ptr_nonnull(strstr(all, "4711"));
	for (gsize i = 0; i < G_N_ELEMENTS(people); i++)
		ck_assert_msg(!strstr(all, people[i]), "%s", people[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("poll_notes");
	TCase *tests = tcase_create("poll_notes");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, messages_are_looked_at_while_commits_are_read);
	tcase_add_test(tests, what_is_new_is_looked_at_once);
	tcase_add_test(tests, other_patterns_take_all_notes_anew);
	tcase_add_test(tests, a_database_of_an_earlier_version_is_filled);
	tcase_add_test(tests, nobody_is_named);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
