#include "tests/pipelines_fixture.h"

static const char *const config_text =
	"%s"
	"database: { uri: \"%s dbname=%s\" }\n"
	"sources:\n"
	"  git: [{ name: shop, url: 'https://git.example/shop' }]\n"
	"  github:\n"
	"    - { name: hub, projects: [acme/shop, acme/pay], token: { env: HUB } }\n"
	"orgs: [{ name: acme }]\n"
	"teams: [{ name: red, org: acme }]\n"
	"services:\n%s";

void world_init(struct world *world)
{
	*world = (struct world){ .now = NOW };
	rig_init(&world->rig);
}

void world_clear(struct world *world)
{
	store_free(world->store);
	config_unref(world->config);
	rig_clear(&world->rig);
}

void world_use(struct world *world, const char *head, const char *services)
{
	g_autofree char *text = g_strdup_printf(config_text, head,
						getenv("DORAD_TEST_PG"),
						world->rig.database, services);

	store_free(world->store);
	config_unref(world->config);
	world->config = rig_load(text);
	world->store = store_new(world->config);
	rig_ok(store_sync_config(world->store, world->config, &error));
	world->context = (struct work_context){ .config = world->config };
}

void world_poll(struct world *world, GPtrArray *items)
{
	struct feed_row row = { .project = (char *)"acme/shop", .feed = (char *)"feed" };

	world->now += MINUTE;
	world->poll = (struct item_poll){
		.store = world->store,
		.context = &world->context,
		.source = config_source(world->config, "hub"),
		.now = world->now,
		.result = &world->result,
	};
	rig_ok(item_poll_begin(&world->poll, &error));
	item_poll_feed(&world->poll, &row);
	row.cursor = world->now;
	rig_ok(item_poll_save(&world->poll, &row, items, ITEM_RUN, NULL, &error));
	row.project = row.feed = NULL;
	feed_row_clear(&row);
	rig_ok(item_poll_end(&world->poll, true, &error));
	item_poll_clear(&world->poll);
	g_ptr_array_unref(items);
}

gsize world_evaluate(struct world *world)
{
	struct evaluate_result result;

	rig_ok(evaluate_pipelines(world->store, &world->context, world->now, &result,
				  &error));
	return result.n_rows;
}

static char *table(const struct world *world, const char *sql)
{
	PGresult *result = pg_query(world->rig.admin, sql);
	GString *text = g_string_new(NULL);

	for (int i = 0; i < PQntuples(result); i++)
		for (int k = 0; k < PQnfields(result); k++)
			g_string_append_printf(text, "%s%s",
					       k > 0   ? "|"
					       : i > 0 ? "; "
						       : "",
					       PQgetisnull(result, i, k)
						       ? "-"
						       : PQgetvalue(result, i, k));
	PQclear(result);
	return g_string_free(text, FALSE);
}

void world_expect(const struct world *world, const char *sql, const char *rows)
{
	g_autofree char *found = table(world, sql);

	ck_assert_msg(strcmp(found, rows) == 0, "%s:\nexpected: %s\n   found: %s", sql,
		      rows, found);
}

char *world_rows(const struct world *world)
{
	return table(world, "SELECT to_jsonb(r) - 'computed_at' - 'definition_id'"
			    " FROM dorad.pipeline_series r"
			    " ORDER BY service_id, grain, bucket_start, whole, workflow");
}

static gint64 at(const char *text)
{
	return text ? rig_time(text) : INSTANT_NONE;
}

struct item *run_add(GPtrArray *items, const char *id, const char *workflow,
		     const char *created, const char *started, const char *finished,
		     enum outcome outcome)
{
	struct item *run = rig_item(ITEM_RUN, "acme/shop", id);

	run->workflow = g_strdup(workflow);
	run->ref = g_strdup("refs/heads/main");
	run->created = at(created);
	run->started = at(started);
	run->finished = at(finished);
	run->outcome = outcome;
	run->done = outcome != OUTCOME_RUNNING;
	g_ptr_array_add(items, run);
	return run;
}

struct item *job_add(GPtrArray *items, const char *run, const char *id,
		     const char *started, const char *finished)
{
	struct item *job = rig_item(ITEM_JOB, "acme/shop", id);

	job->parent = g_strdup(run);
	job->name = g_strdup(id);
	job->created = job->started = at(started);
	job->finished = at(finished);
	job->outcome = OUTCOME_SUCCESS;
	job->done = true;
	g_ptr_array_add(items, job);
	return job;
}
