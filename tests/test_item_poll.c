#include "collector/item_poll.h"
#include "tests/store_rig.h"

/* From items to stored deployments, poll by poll, in a real database. */

#define SHA "1111111111111111111111111111111111111111"
#define OTHER "1111111222222222222222222222222222222222"
#define ALIKE "1111111222222222222222222222222222223333"
#define LIKE "1111111333333333333333333333333333333333"
#define NOW (G_GINT64_CONSTANT(1772366400) * G_USEC_PER_SEC) /* 2026-03-01 12:00 UTC */

static const char *const head =
	"sources:\n"
	"  git: [{ name: shop, url: 'https://git.example/shop' }]\n"
	"  github:\n"
	"    - { name: hub, projects: [acme/shop, acme/pay], token: { env: HUB } }\n"
	"orgs: [{ name: acme }]\n"
	"teams: [{ name: red, org: acme }]\n"
	"services:\n";

/* A service with one rule. */
#define SERVICE(name, rule)                                                              \
	"  - { name: " name ", team: red, components: [{ repository: shop }],"           \
	" deployments: [{ source: hub, " rule " }] }\n"
#define JOBS "from: jobs, jobs: [deploy], project: acme/shop"

static struct rig rig;

static struct world {
	struct config *config;
	struct store *store;
	gint64 now;
	struct item_poll poll;
	struct poll_result result;
	struct work_context context;
} world;

static void use(const char *services)
{
	g_autoptr(GPtrArray) faults = NULL;
	g_autofree char *text = g_strdup_printf(
		"database: { uri: \"%s dbname=%s\" }\n%s%s", getenv("DORAD_TEST_PG"),
		rig.database, head, services);

	store_free(world.store);
	config_unref(world.config);
	world.config = config_load_text("test.yaml", text, strlen(text), &faults);
	ck_assert_msg(world.config, "%s",
		      faults->len ? config_fault_format("test.yaml",
							g_ptr_array_index(faults, 0))
				  : "");
	world.store = store_new(world.config);
	rig_ok(store_sync_config(world.store, world.config, &error));
	world.context = (struct work_context){ .config = world.config };
}

static void begin(void)
{
	world.now += G_TIME_SPAN_HOUR;
	world.result = (struct poll_result){ 0 };
	world.poll = (struct item_poll){
		.store = world.store,
		.context = &world.context,
		.source = config_source(world.config, "hub"),
		.now = NOW + world.now,
		.result = &world.result,
	};
	rig_ok(item_poll_begin(&world.poll, &error));
}

static void end(void)
{
	rig_ok(item_poll_end(&world.poll, true, &error));
	item_poll_clear(&world.poll);
}

/* Takes the items. */
static void save(GPtrArray *items, enum item_kind kind)
{
	struct feed_row row = { .project = (char *)"acme/shop", .feed = (char *)"feed" };

	item_poll_feed(&world.poll, &row);
	row.cursor = world.poll.now;
	rig_ok(item_poll_save(&world.poll, &row, items, kind, NULL, &error));
	row.project = row.feed = NULL;
	feed_row_clear(&row);
	g_ptr_array_unref(items);
}

/* A whole poll that finds these. */
static void poll(GPtrArray *items, enum item_kind kind)
{
	begin();
	if (items)
		save(items, kind);
	end();
}

static struct item *item_add(GPtrArray *items, enum item_kind kind, const char *project,
			     const char *id)
{
	struct item *item = rig_item(kind, project, id);

	item->done = true;
	item->created = NOW - G_TIME_SPAN_DAY;
	g_ptr_array_add(items, item);
	return item;
}

/* A job of run 7: minutes after NOW − 1 d. */
static struct item *job_add(GPtrArray *items, const char *id, gint64 attempt,
			    gint64 started, gint64 finished, enum outcome outcome)
{
	struct item *job = item_add(items, ITEM_JOB, "acme/shop", id);

	job->parent = g_strdup("7");
	job->name = g_strdup("deploy");
	job->sha = g_strdup(SHA);
	job->ref = g_strdup("main");
	job->attempt = attempt;
	job->started = job->created + started * G_TIME_SPAN_MINUTE;
	job->finished = job->created + finished * G_TIME_SPAN_MINUTE;
	job->outcome = outcome;
	return job;
}

static void expect_deployments(const char *wanted)
{
	rig_expect(
		&rig,
		"SELECT coalesce(string_agg(concat_ws(' ', s.name, d.external_id || '#' "
		"|| d.attempt, d.outcome, d.withheld, (SELECT"
		" string_agg(substr(encode(r.sha, 'hex'), 1, 8), ',')"
		" FROM dorad.deployment_revision r"
		" WHERE r.deployment_id = d.deployment_id)), '; '"
		" ORDER BY s.name, d.external_id, d.attempt), 'none')"
		" FROM dorad.deployment d JOIN dorad.scope s"
		" ON s.scope_id = d.service_id",
		wanted);
}

static void set_up(void)
{
	rig_init(&rig);
}

static void tear_down(void)
{
	store_free(world.store);
	config_unref(world.config);
	world = (struct world){ 0 };
	rig_clear(&rig);
}

START_TEST(a_rerun_of_other_jobs_is_no_second_deployment)
{
	GPtrArray *items = items_new();

	use(SERVICE("cart", JOBS));
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111");
	items = items_new();
	job_add(items, "81", 2, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111; "
			   "cart job:7/deploy#2 success rule 11111111");
	items = items_new();
	job_add(items, "91", 3, 20, 25, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111; "
			   "cart job:7/deploy#2 success rule 11111111; "
			   "cart job:7/deploy#3 success 11111111");
}
END_TEST

START_TEST(a_retried_job_is_another_attempt)
{
	GPtrArray *items = items_new();

	use(SERVICE("cart", JOBS));
	job_add(items, "99", 1, 10, 15, OUTCOME_FAILURE);
	poll(items, ITEM_RUN);
	items = items_new();
	job_add(items, "100", 1, 20, 25, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 failure 11111111; "
			   "cart job:7/deploy#2 success 11111111");
}
END_TEST

START_TEST(discarded_builds_were_deployed)
{
	GPtrArray *items = items_new();

	use(SERVICE("cart", JOBS));
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	rig_run(&rig, "UPDATE dorad.item SET gone_at = now()");
	use(SERVICE("cart", JOBS) SERVICE("pay", JOBS));
	poll(NULL, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111; "
			   "pay job:7/deploy#1 success 11111111");
}
END_TEST

START_TEST(one_pipeline_deploys_several_services)
{
	GPtrArray *items = items_new();
	struct item *job;

	use(SERVICE("cart", JOBS)
		    SERVICE("pay", "from: jobs, jobs: ['pay|deploy'], project: '*'"));
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	job = job_add(items, "72", 1, 10, 16, OUTCOME_FAILURE);
	g_free(job->name);
	job->name = g_strdup("pay");
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111; "
			   "pay acme/shop:job:7/deploy#1 success 11111111; "
			   "pay acme/shop:job:7/pay#1 failure 11111111");
}
END_TEST

START_TEST(runs_of_two_projects_may_have_one_number)
{
	GPtrArray *items = items_new();

	use("  - { name: cart, team: red, components: [{ repository: shop }],"
	    " deployments: [{ source: hub, from: runs, project: acme/shop },"
	    " { source: hub, from: runs, project: acme/pay }] }\n");
	item_add(items, ITEM_RUN, "acme/shop", "7")->finished = NOW;
	item_add(items, ITEM_RUN, "acme/pay", "7")->finished = NOW;
	poll(items, ITEM_RUN);
	expect_deployments(
		"cart acme/pay:run:7#1 success; cart acme/shop:run:7#1 success");
}
END_TEST

START_TEST(what_no_rule_finds_any_more_is_withheld)
{
	GPtrArray *items = items_new();

	use(SERVICE("cart", JOBS ", branches: [main]"));
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	use(SERVICE("cart", JOBS ", branches: [release]"));
	poll(NULL, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success rule 11111111");
	use(SERVICE("cart", JOBS));
	poll(NULL, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111");
	/* without any rule that reads the source */
	use("  - { name: cart, team: red, components: [{ repository: shop }],"
	    " deployments: [{ from: tags }] }\n");
	poll(NULL, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success rule 11111111");
}
END_TEST

START_TEST(an_item_may_change_its_mind)
{
	GPtrArray *items = items_new();
	struct item *job;

	use(SERVICE("cart", JOBS ", branches: [main]"));
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	items = items_new();
	job = job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	g_free(job->ref);
	job->ref = g_strdup("topic");
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success rule 11111111");
	items = items_new();
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111");
}
END_TEST

/* What the git source's polls would have stored. */
static void commits_come(const char *cursor, const char *sha, const char *tag)
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dorad.commit (repo_id, sha, parents)"
		" SELECT repo_id, '\\x%s', '' FROM dorad.repo WHERE name = 'shop';"
		"INSERT INTO dorad.git_ref (repo_id, name, object, commit, first_seen_at)"
		" SELECT repo_id, 'refs/tags/%s', '\\x%s', '\\x%s', now()"
		" FROM dorad.repo WHERE name = 'shop';"
		"UPDATE dorad.source SET cursor = '%s' WHERE name = 'shop'",
		sha, tag, sha, sha, cursor);

	rig_run(&rig, sql);
}

static const struct {
	const char *name, *rule, *version;
	const char *first, *then; /* after OTHER has come, tagged v1, and after ALIKE */
} lookups[] = {
	{ "a short sha", "revision: version", "11111112", "11111112", "11111112" },
	{ "one that is ambiguous", "revision: version, pattern: '(.{7})'", "1111111222",
	  NULL, NULL },
	{ "a tag", "revision: version", "v1", "11111112", "11111112" },
	{ "a version whose tag has a v", "revision: version", "1", "11111112",
	  "11111112" },
	{ "a name that nobody knows", "revision: version", "v3", NULL, NULL },
};

START_TEST(a_revision_is_found_once_it_is_there)
{
	GPtrArray *items = items_new();
	g_autofree char *rule = g_strdup_printf(SERVICE("cart", "from: deployments, %s,"
								" project: acme/shop"),
						lookups[_i].rule);
	g_autofree char *first = g_strconcat("cart deployment:5#1 success",
					     lookups[_i].first ? " " : NULL,
					     lookups[_i].first, NULL);
	g_autofree char *then = g_strconcat("cart deployment:5#1 success",
					    lookups[_i].then ? " " : NULL,
					    lookups[_i].then, NULL);
	struct item *item;

	if (strstr(lookups[_i].rule, "pattern")) {
		commits_come("minus", SHA, "v-1");
		commits_come("zero", LIKE, "v0");
	}
	use(rule);
	item = item_add(items, ITEM_DEPLOYMENT, "acme/shop", "5");
	item->environment = g_strdup("production");
	item->version = g_strdup(lookups[_i].version);
	item->finished = NOW;
	poll(items, ITEM_DEPLOYMENT);
	expect_deployments("cart deployment:5#1 success");
	commits_come("one", OTHER, "v1");
	poll(NULL, ITEM_DEPLOYMENT);
	expect_deployments(first);
	commits_come("two", ALIKE, "v2");
	poll(NULL, ITEM_DEPLOYMENT);
	expect_deployments(then);
}
END_TEST

START_TEST(an_image_is_known_by_its_digest)
{
	GPtrArray *items = items_new();
	struct item *item;

	use(SERVICE("cart", "from: deployments, revision: image, project: acme/shop"));
	item = item_add(items, ITEM_DEPLOYMENT, "acme/shop", "5");
	item->environment = g_strdup("production");
	item->images = g_strdupv((char *[]){ (char *)"r/cart@sha256:c0ffee", NULL });
	item->finished = NOW;
	poll(items, ITEM_DEPLOYMENT);
	expect_deployments("cart deployment:5#1 success");
	items = items_new();
	item_add(items, ITEM_ARTIFACT, "acme/shop", "sha256:c0ffee")->sha = g_strdup(
		OTHER);
	poll(items, ITEM_ARTIFACT);
	expect_deployments("cart deployment:5#1 success 11111112");
}
END_TEST

/* "7 8": ids of runs whose jobs are to be asked for. */
static void expect_unasked(const char *wanted)
{
	g_autoptr(GPtrArray) runs = items_new();
	g_autoptr(GString) ids = g_string_new(NULL);

	item_poll_unasked(&world.poll, "acme/shop", runs);
	for (guint i = 0; i < runs->len; i++)
		g_string_append_printf(ids, "%s%s", i ? " " : "",
				       ((struct item *)g_ptr_array_index(runs, i))->id);
	ck_assert_str_eq(ids->str, wanted);
}

START_TEST(older_runs_are_asked_about)
{
	GPtrArray *items = items_new();

	use(SERVICE("cart", JOBS ", workflows: [CI]"));
	item_add(items, ITEM_RUN, "acme/shop", "7")->workflow = g_strdup("Deliver");
	job_add(items, "81", 1, 10, 15, OUTCOME_SUCCESS);
	item_add(items, ITEM_RUN, "acme/shop", "8")->workflow = g_strdup("Deliver");
	item_add(items, ITEM_RUN, "acme/shop", "9")->workflow = g_strdup("Docs");
	poll(items, ITEM_RUN);
	expect_deployments("none");

	use(SERVICE("cart", JOBS ", workflows: [Deliver]"));
	begin();
	expect_unasked("8");
	end(); /* it had no turn in this poll */
	begin();
	expect_unasked("8");
	items = items_new();
	item_add(items, ITEM_RUN, "acme/shop", "8")->workflow = g_strdup("Deliver");
	save(items, ITEM_RUN);
	end(); /* and has no jobs, as is known now */
	begin();
	expect_unasked("");
	end();
}
END_TEST

/* Versions of all rows but those of sources, each of which tells when it was polled. */
static char *rows(void)
{
	char *text = rig_rows(&rig);
	char *from = strstr(text, "\nsource:"),
	     *to = from ? strchr(from + 1, '\n') : NULL;

	ck_assert_ptr_nonnull(to);
	memmove(from, to, strlen(to) + 1);
	return text;
}

START_TEST(nothing_new_writes_nothing)
{
	GPtrArray *items = items_new();
	g_autofree char *before = NULL, *after = NULL;

	use(SERVICE("cart", JOBS));
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	poll(NULL, ITEM_RUN);
	before = rows();
	poll(NULL, ITEM_RUN);
	ck_assert(!world.result.changed);
	after = rows();
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(an_item_told_twice_is_stored_once)
{
	GPtrArray *items = items_new();

	use(SERVICE("cart", JOBS));
	job_add(items, "71", 1, 10, 15, OUTCOME_FAILURE);
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	poll(items, ITEM_RUN);
	expect_deployments("cart job:7/deploy#1 success 11111111");
	ck_assert_uint_eq(world.result.n_items, 1);
	ck_assert_uint_eq(world.result.n_deployments, 1);
}
END_TEST

START_TEST(another_dorad_was_faster)
{
	GPtrArray *items = items_new();
	struct feed_row row = { .project = (char *)"acme/shop", .feed = (char *)"feed" };
	g_autoptr(GError) error = NULL;

	use(SERVICE("cart", JOBS));
	begin();
	rig_run(&rig, "UPDATE dorad.source SET cursor = 'theirs' WHERE name = 'hub'");
	job_add(items, "71", 1, 10, 15, OUTCOME_SUCCESS);
	ck_assert(!item_poll_save(&world.poll, &row, items, ITEM_RUN, NULL, &error));
	ck_assert_int_eq(error->code, DORA_ERROR_RETRY);
	item_poll_failed(&world.poll, error);
	item_poll_clear(&world.poll);
	expect_deployments("none");
	rig_expect(&rig, "SELECT count(*) FROM dorad.item", "0");
	rig_expect(&rig,
		   "SELECT failure ~ 'another dorad' FROM dorad.source"
		   " WHERE name = 'hub'",
		   "t");
	g_ptr_array_unref(items);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("item_poll");
	TCase *tests = tcase_create("item_poll");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_rerun_of_other_jobs_is_no_second_deployment);
	tcase_add_test(tests, a_retried_job_is_another_attempt);
	tcase_add_test(tests, discarded_builds_were_deployed);
	tcase_add_test(tests, one_pipeline_deploys_several_services);
	tcase_add_test(tests, runs_of_two_projects_may_have_one_number);
	tcase_add_test(tests, what_no_rule_finds_any_more_is_withheld);
	tcase_add_test(tests, an_item_may_change_its_mind);
	tcase_add_loop_test(tests, a_revision_is_found_once_it_is_there, 0,
			    G_N_ELEMENTS(lookups));
	tcase_add_test(tests, an_image_is_known_by_its_digest);
	tcase_add_test(tests, older_runs_are_asked_about);
	tcase_add_test(tests, nothing_new_writes_nothing);
	tcase_add_test(tests, an_item_told_twice_is_stored_once);
	tcase_add_test(tests, another_dorad_was_faster);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
