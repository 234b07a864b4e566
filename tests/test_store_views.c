#include "tests/store_rig.h"

/* The views of what APIs tell: a contract with BI tools. */

#define SECOND G_TIME_SPAN_SECOND

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

/* ---- columns ---- */

#define TEXTS "text[]"
#define AT "timestamp with time zone"
#define SECONDS "double precision"

static const struct {
	const char *view, *columns;
} contract[] = {
	{ "changes",
	  "source text, project text, change text, title text, state text, category text,"
	  " branch text, base text, head_sha text, merge_sha text, squash_sha text,"
	  " first_commit_at " AT ", created_at " AT ", reviewed_at " AT
	  ", approved_at " AT ", merged_at " AT ", closed_at " AT ", updated_at " AT
	  ", review_seconds " SECONDS ", merge_seconds " SECONDS
	  ", bot boolean, draft boolean, labels " TEXTS ", url text, final boolean,"
	  " first_seen_at " AT ", gone_at " AT },
	{ "incidents",
	  "source text, project text, incident text, title text, state text,"
	  " severity text, category text, cause text, services " TEXTS ", labels " TEXTS
	  ", started_at " AT ", detected_at " AT ", created_at " AT
	  ", acknowledged_at " AT ", mitigated_at " AT ", resolved_at " AT
	  ", closed_at " AT ", updated_at " AT ", acknowledge_seconds " SECONDS
	  ", resolve_seconds " SECONDS ", url text, final boolean, first_seen_at " AT
	  ", gone_at " AT ", withdrawn boolean" },
	{ "pipeline_runs",
	  "source text, project text, run text, attempt bigint, workflow text,"
	  " parent_run text, event text, state text, outcome text, sha text, ref text,"
	  " version text, created_at " AT ", started_at " AT ", finished_at " AT
	  ", updated_at " AT ", queue_seconds " SECONDS ", duration_seconds " SECONDS
	  ", images " TEXTS ", labels " TEXTS
	  ", url text, final boolean, first_seen_at " AT ", gone_at " AT },
	{ "pipeline_jobs",
	  "source text, project text, job text, attempt bigint, run text, workflow text,"
	  " name text, environment text, event text, state text, outcome text,"
	  " optional boolean, sha text, ref text, version text, created_at " AT
	  ", started_at " AT ", finished_at " AT ", updated_at " AT
	  ", queue_seconds " SECONDS ", duration_seconds " SECONDS ", images " TEXTS
	  ", labels " TEXTS ", url text, final boolean, first_seen_at " AT
	  ", gone_at " AT },
	{ "deployment_records",
	  "source text, project text, record text, attempt bigint, name text,"
	  " environment text, state text, outcome text, sha text, ref text, version text,"
	  " images " TEXTS ", created_at " AT ", started_at " AT ", finished_at " AT
	  ", updated_at " AT ", duration_seconds " SECONDS ", labels " TEXTS
	  ", url text, final boolean, first_seen_at " AT ", gone_at " AT },
	{ "releases",
	  "source text, project text, release text, tag text, state text, draft boolean,"
	  " sha text, ref text, created_at " AT ", published_at " AT ", updated_at " AT
	  ", labels " TEXTS ", url text, first_seen_at " AT ", gone_at " AT },
	{ "feeds",
	  "source text, project text, feed text, read_from " AT ", read_until " AT
	  ", swept_at " AT ", swept_deep_at " AT ", trouble text, active boolean" },
};

START_TEST(columns_keep_their_names_and_types)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod),"
		" ', ' ORDER BY attnum) FROM pg_attribute"
		" WHERE attrelid = 'dora.%s'::regclass AND attnum > 0",
		contract[_i].view);

	rig_expect(&rig, sql, contract[_i].columns);
}
END_TEST

/* A column for each member, of the type that the store sends. */
START_TEST(every_member_has_a_column)
{
	for (const struct item_member *member = item_members; member->name; member++) {
		bool id = strcmp(member->name, "id") == 0;
		const char *type = member->type == JSON_TEXTS  ? "text[]"
				   : member->type == JSON_TIME ? AT
				   : member->type == JSON_BOOL ? "boolean"
				   : member->type == JSON_INT  ? "bigint"
							       : "text";
		g_autofree char *sql = g_strdup_printf(
			"SELECT coalesce((SELECT format_type(atttypid, atttypmod) FROM"
			" pg_attribute WHERE attrelid = 'dorad.item'::regclass"
			" AND attname = '%s%s'), '%s is missing')",
			id ? "external_id" : member->name,
			member->type == JSON_TIME ? "_at" : "", member->name);

		rig_expect(&rig, sql, type);
	}
}
END_TEST

/* ---- rows ---- */

static struct item *add(GPtrArray *items, enum item_kind kind, const char *id)
{
	struct item *item = rig_item(kind, kind == ITEM_INCIDENT ? "" : "acme/shop", id);

	item->name = g_strdup_printf("name of %s", id);
	item->done = true;
	item->outcome = OUTCOME_FAILURE;
	item->created = 10 * SECOND;
	g_ptr_array_add(items, item);
	return item;
}

/* One of each kind, and one that is gone. */
static void write_world(void)
{
	g_autoptr(GPtrArray) items = items_new();
	static const char *const gone[] = { "41", NULL };
	struct item *item = add(items, ITEM_CHANGE, "42");

	item->reviewed = 12 * SECOND + SECOND / 2;
	item->merged = 70 * SECOND;
	item->labels = g_strsplit("bug,\"quoted\"", ",", 0);
	add(items, ITEM_CHANGE, "41")->done = false;
	item = add(items, ITEM_INCIDENT, "INC-1");
	item->started = 5 * SECOND;
	item->acknowledged = 11 * SECOND;
	item->resolved = 3605 * SECOND;
	add(items, ITEM_INCIDENT, "INC-2")->mitigated = 40 * SECOND;
	item = add(items, ITEM_RUN, "1001");
	item->started = 13 * SECOND;
	item->finished = 73 * SECOND;
	item = add(items, ITEM_JOB, "2001");
	item->parent = g_strdup("1001");
	item->started = 13 * SECOND;
	add(items, ITEM_DEPLOYMENT, "7")->finished = 20 * SECOND;
	add(items, ITEM_RELEASE, "v1")->finished = 30 * SECOND;
	add(items, ITEM_ARTIFACT, "sha256:1");
	rig_ok(store_begin(rig.store, &error));
	rig_ok(store_items_write(rig.store, shop, 99 * SECOND, items, NULL, &error));
	rig_ok(store_items_gone(rig.store, shop, "acme/shop", ITEM_CHANGE, gone,
				100 * SECOND, NULL, &error));
	rig_ok(store_feed_write(rig.store, shop,
				&(struct feed_row){ .project = (char *)"",
						    .feed = (char *)"incidents",
						    .history = SECOND,
						    .cursor = 9 * SECOND,
						    .swept = INSTANT_NONE,
						    .swept_deep = INSTANT_NONE,
						    .trouble = (char *)"403" },
				&error));
	rig_ok(store_commit(rig.store, &error));
}

static const struct {
	const char *view, *columns, *rows;
} readings[] = {
	{ "changes",
	  "source, project, change, title, review_seconds, merge_seconds, labels,"
	  " final, extract(epoch FROM gone_at)::int",
	  "shop|acme/shop|41|name of 41||||f|100; "
	  "shop|acme/shop|42|name of 42|2.5|60|{bug,\"\\\"quoted\\\"\"}|t|" },
	{ "incidents",
	  "source, project, incident, title, acknowledge_seconds, resolve_seconds",
	  "shop||INC-1|name of INC-1|1|3600; shop||INC-2|name of INC-2||30" },
	{ "pipeline_runs",
	  "source, project, run, attempt, outcome, queue_seconds, duration_seconds",
	  "shop|acme/shop|1001|1|failure|3|60" },
	{ "pipeline_jobs", "job, run, name, queue_seconds, duration_seconds",
	  "2001|1001|name of 2001|3|" },
	{ "deployment_records", "record, attempt, outcome, duration_seconds, final",
	  "7|1|failure|10|t" },
	{ "releases", "release, tag, extract(epoch FROM published_at)::int",
	  "v1|name of v1|30" },
	{ "feeds",
	  "source, project, feed, extract(epoch FROM read_from)::int,"
	  " extract(epoch FROM read_until)::int, swept_at, trouble, active",
	  "shop||incidents|1|9||403|t" },
};

/* The rows of a view as its readers see them. The caller frees. */
static char *read_view(const char *view, const char *columns)
{
	g_autofree char *sql = g_strdup_printf("SELECT %s FROM dora.%s ORDER BY 1, 3",
					       columns, view);

	return rig_read(&rig, sql);
}

START_TEST(readers_see_what_was_told)
{
	g_autofree char *rows = NULL;

	write_world();
	rows = read_view(readings[_i].view, readings[_i].columns);
	ck_assert_str_eq(rows, readings[_i].rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_views");
	TCase *tests = tcase_create("store_views");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, columns_keep_their_names_and_types, 0,
			    G_N_ELEMENTS(contract));
	tcase_add_test(tests, every_member_has_a_column);
	tcase_add_loop_test(tests, readers_see_what_was_told, 0, G_N_ELEMENTS(readings));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
