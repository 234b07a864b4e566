/*
 * Plays facts into a database as polls would, and evaluates them, by orders from outside:
 * one JSON object a line on standard input, one line of JSON back for each. It decides
 * nothing: which facts come when, and what should come of them, is model.py's.
 *
 *   {"do": "world", "yaml": …}          an empty database with this configuration
 *   {"do": "restart"}                   another connection, as after a restart
 *   {"do": "commits", "repo", "rows", "notes", "touched"}     a fetch of git
 *   {"do": "deployments", "service", "source", "rows"}
 *   {"do": "items", "source", "kind", "now", "rows"}          incidents, changes
 *   {"do": "gone", "source", "project", "kind", "now", "ids"}
 *   {"do": "evaluate", "now", "bomb"}   bomb: a table whose writes fail meanwhile
 *   {"do": "fresh", "now"}              all sources have been read
 *   {"do": "rows", "sql"}               what a query finds, as a list of objects
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "base/json.h"
#include "collector/evaluate.h"
#include "collector/git/mirror.h"
#include "collector/item_due.h"

struct player {
	PGconn *admin;
	struct config *config;
	struct store *store;
	struct work_context context;
};

static void need(bool ok, const GError *error, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "player: %s: %s\n", what, error ? error->message : "failed");
	exit(1);
}

#define must(expression)                                                                 \
	do {                                                                             \
		g_autoptr(GError) error = NULL;                                          \
		bool is_good = (expression);                                             \
		need(is_good, error, #expression);                                       \
	} while (0)

static void admin_run(struct player *player, const char *sql)
{
	PGresult *result = PQexec(player->admin, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		fprintf(stderr, "player: %s%s\n", PQerrorMessage(player->admin), sql);
		exit(1);
	}
	PQclear(result);
}

/* ---- members of orders ---- */

static const char *text_of(const cJSON *order, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(order, name));
}

static gint64 instant_value(const cJSON *value)
{
	return cJSON_IsNumber(value) ? (gint64)value->valuedouble : INSTANT_NONE;
}

static gint64 instant_of(const cJSON *order, const char *name)
{
	return instant_value(cJSON_GetObjectItem(order, name));
}

static struct oid oid_of(const cJSON *value)
{
	const char *hex = cJSON_GetStringValue(value);
	struct oid oid = { 0 };

	need(hex && oid_parse(hex, strlen(hex), &oid), NULL, "a sha");
	return oid;
}

static gint32 repo_of(struct player *player, const char *name)
{
	gint32 repo_id = 0;

	must(store_repo_id(player->store, name, &repo_id, &error));
	return repo_id;
}

static gint32 source_of(struct player *player, const char *name)
{
	struct source_row row = { 0 };
	gint32 id;

	must(store_source(player->store, name, &row, &error));
	id = row.source_id;
	source_row_clear(&row);
	return id;
}

static gint32 service_of(struct player *player, const char *name)
{
	GArray *scopes = store_scopes(player->store, NULL);
	gint32 id = 0;

	need(scopes != NULL, NULL, "scopes");
	for (guint i = 0; i < scopes->len; i++) {
		const struct scope_row *scope = &g_array_index(scopes, struct scope_row,
							       i);

		if (scope->kind == SCOPE_SERVICE && strcmp(scope->name, name) == 0)
			id = scope->scope_id;
	}
	scope_rows_free(scopes);
	need(id != 0, NULL, name);
	return id;
}

/* ---- worlds ---- */

/* Of few rows this takes a tenth of the time of TRUNCATE, which makes files anew. */
static const char empty[] =
	"SET session_replication_role = replica;"
	"DO $$ DECLARE t text; BEGIN FOR t IN SELECT oid::regclass FROM pg_class "
	"WHERE relkind = 'r' AND relname <> 'migration' "
	"AND relnamespace = 'dorad'::regnamespace "
	"LOOP EXECUTE 'DELETE FROM ' || t; END LOOP; END $$;"
	"SET session_replication_role = origin";

/* There is no mirror: evaluations work from the database, as they do when the cache was
 * lost. That this costs no git makes thousands of worlds possible. Put in place of the
 * real one by the linker. */
struct mirror_graph *__wrap_mirror_graph_load(struct mirror *mirror, GError **error);
struct mirror_graph *__wrap_mirror_graph_load(struct mirror *mirror, GError **error)
{
	(void)mirror;
	g_set_error_literal(error, DORA_ERROR, DORA_ERROR_DATA, "there is none");
	return NULL;
}

static void open_store(struct player *player)
{
	store_free(player->store);
	player->store = store_new(player->config);
	must(store_sync_config(player->store, player->config, &error));
}

static void do_restart(struct player *player, const cJSON *order)
{
	(void)order;
	open_store(player);
}

static void do_world(struct player *player, const cJSON *order)
{
	g_auto(GStrv) parts = g_strsplit(text_of(order, "yaml"), "@URI@", -1);
	g_autofree char *text = g_strjoinv(getenv("DORAD_TEST_PG"), parts);
	g_autoptr(GPtrArray) faults = NULL;
	g_autofree char *fault = NULL;

	config_unref(player->config);
	player->config = config_load_text("world.yaml", text, strlen(text), &faults);
	if (!player->config)
		fault = config_fault_format("world.yaml", g_ptr_array_index(faults, 0));
	if (fault)
		fprintf(stderr, "%s\n%s\n", fault, text);
	need(player->config != NULL, NULL, "configuration");
	player->context.config = player->config;
	store_free(player->store);
	player->store = store_new(player->config);
	must(store_migrate(player->store, &error));
	admin_run(player, empty);
	open_store(player);
}

/* ---- facts ---- */

static void add_notes(struct player *player, gint32 repo_id, const cJSON *rows)
{
	g_autoptr(GArray) notes = g_array_new(FALSE, TRUE, sizeof(struct commit_note));
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		struct commit_note note = {
			.oid = oid_of(cJSON_GetArrayItem(row, 0)),
			.kind = cJSON_GetStringValue(cJSON_GetArrayItem(row, 1)),
			.text = cJSON_GetStringValue(cJSON_GetArrayItem(row, 2)),
		};

		g_array_append_val(notes, note);
	}
	if (notes->len > 0)
		must(store_notes_add(
			player->store, repo_id,
			(const struct commit_note *)(const void *)notes->data, notes->len,
			&error));
}

/* As poll_rules.c does after a fetch. */
static void add_touched(struct player *player, gint32 repo_id, const cJSON *services)
{
	const cJSON *service, *sha;

	cJSON_ArrayForEach(service, services)
	{
		g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(struct oid));
		g_autofree char *globs = NULL;
		gint32 component_id = 0;

		must(store_component(player->store, service->string, repo_id,
				     &component_id, &globs, &error));
		if (!globs)
			must(store_touched_reset(player->store, component_id, "globs",
						 &error));
		cJSON_ArrayForEach(sha, service)
		{
			struct oid oid = oid_of(sha);

			g_array_append_val(oids, oid);
		}
		if (oids->len > 0)
			must(store_touched_add(
				player->store, component_id,
				(const struct oid *)(const void *)oids->data, oids->len,
				&error));
	}
}

static void do_commits(struct player *player, const cJSON *order)
{
	const char *repo = text_of(order, "repo");
	gint32 repo_id = repo_of(player, repo);
	const cJSON *row, *parent;

	must(store_begin(player->store, &error));
	must(store_commits_begin(player->store, repo_id, &error));
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(order, "rows"))
	{
		struct oid parents[8];
		struct commit_row commit = {
			.oid = oid_of(cJSON_GetArrayItem(row, 0)),
			.parents = parents,
			.times = {
				.authored = instant_value(cJSON_GetArrayItem(row, 2)),
				.committed = instant_value(cJSON_GetArrayItem(row, 3)),
				.author = (guint64)cJSON_GetNumberValue(
					cJSON_GetArrayItem(row, 4)),
			},
		};

		cJSON_ArrayForEach(parent, cJSON_GetArrayItem(row, 1))
		{
			need(commit.n_parents < G_N_ELEMENTS(parents), NULL, "parents");
			parents[commit.n_parents++] = oid_of(parent);
		}
		must(store_commits_add(player->store, &commit, &error));
	}
	must(store_commits_end(player->store, NULL, &error));
	add_notes(player, repo_id, cJSON_GetObjectItem(order, "notes"));
	add_touched(player, repo_id, cJSON_GetObjectItem(order, "touched"));
	for (unsigned i = 0; i < player->config->n_services; i++) {
		const struct config_service *service = &player->config->services[i];

		for (unsigned j = 0; j < service->n_components; j++)
			if (strcmp(service->components[j].repository, repo) == 0)
				must(store_missing_due(player->store,
						       service_of(player, service->name),
						       &error));
	}
	must(store_commit(player->store, &error));
}

static void read_deployment(struct player *player, const cJSON *order,
			    struct deployment_row *row)
{
	const char *withheld = text_of(order, "withheld");
	const cJSON *revision;
	guint n = 0;

	*row = (struct deployment_row){
		.external_id = g_strdup(text_of(order, "id")),
		.attempt = (gint32)cJSON_GetNumberValue(
			cJSON_GetObjectItem(order, "attempt")),
		.environment = g_strdup(text_of(order, "environment")),
		.started = instant_of(order, "started"),
		.finished = instant_of(order, "finished"),
		.first_seen = instant_of(order, "seen"),
		.ref = g_strdup(text_of(order, "ref")),
	};
	need(outcome_parse(text_of(order, "outcome"), &row->outcome), NULL, "outcome");
	need(!withheld || exclusion_parse(withheld, &row->withheld), NULL, "withheld");
	row->n_revisions = (guint)cJSON_GetArraySize(
		cJSON_GetObjectItem(order, "revisions"));
	row->revisions = g_malloc0_n(MAX(row->n_revisions, 1), sizeof(*row->revisions));
	cJSON_ArrayForEach(revision, cJSON_GetObjectItem(order, "revisions"))
	{
		row->revisions[n].repo_id = repo_of(player, revision->string);
		row->revisions[n++].oid = oid_of(revision);
	}
}

static void do_deployments(struct player *player, const cJSON *order)
{
	GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct deployment_row));
	const cJSON *each;

	g_array_set_clear_func(rows, (GDestroyNotify)deployment_row_clear);
	cJSON_ArrayForEach(each, cJSON_GetObjectItem(order, "rows"))
	{
		struct deployment_row row;

		read_deployment(player, each, &row);
		g_array_append_val(rows, row);
	}
	must(store_begin(player->store, &error));
	must(store_deployments_write(
		player->store, service_of(player, text_of(order, "service")),
		source_of(player, text_of(order, "source")),
		(const struct deployment_row *)(const void *)rows->data, rows->len, NULL,
		&error));
	must(store_commit(player->store, &error));
	deployment_rows_free(rows);
}

static char **texts_of(const cJSON *list)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	const cJSON *each;

	if (cJSON_GetArraySize(list) == 0)
		return NULL;
	cJSON_ArrayForEach(each, list)
		g_ptr_array_add(texts, g_strdup(cJSON_GetStringValue(each)));
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_steal(texts, NULL);
}

static void read_member(struct item *item, const cJSON *value)
{
	const struct item_member *member = item_member(value->string);
	char *at;

	if (strcmp(value->string, "project") == 0) {
		item->project = g_strdup(value->valuestring);
		return;
	}
	if (strcmp(value->string, "outcome") == 0) {
		need(outcome_parse(value->valuestring, &item->outcome), NULL, "outcome");
		item->done = item->outcome != OUTCOME_RUNNING;
		return;
	}
	need(member != NULL, NULL, value->string);
	at = (char *)item + member->offset;
	if (member->type == JSON_TIME)
		*(gint64 *)(void *)at = instant_value(value);
	else if (member->type == JSON_BOOL)
		*(bool *)at = cJSON_IsTrue(value);
	else if (member->type == JSON_TEXTS)
		*(char ***)(void *)at = texts_of(value);
	else if (member->type == JSON_TEXT || member->type == JSON_ID)
		*(char **)(void *)at = g_strdup(cJSON_GetStringValue(value));
	else
		need(false, NULL, value->string);
}

static void do_items(struct player *player, const cJSON *order)
{
	const char *source = text_of(order, "source");
	gint32 source_id = source_of(player, source);
	g_autoptr(GPtrArray) items = items_new(), changed = g_ptr_array_new();
	enum item_kind kind = ITEM_INCIDENT;
	const cJSON *row, *value;

	need(item_kind_parse(text_of(order, "kind"), &kind), NULL, "kind");
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(order, "rows"))
	{
		struct item *item = g_new0(struct item, 1);

		item_init(item, kind);
		item->attempt = 1;
		cJSON_ArrayForEach(value, row) read_member(item, value);
		must(item_check(item, &error));
		g_ptr_array_add(items, item);
	}
	must(store_begin(player->store, &error));
	must(store_items_write(player->store, source_id, instant_of(order, "now"), items,
			       changed, &error));
	must(item_due(player->store, player->config, source, source_id, changed, &error));
	must(store_commit(player->store, &error));
}

static void do_gone(struct player *player, const cJSON *order)
{
	gint32 source_id = source_of(player, text_of(order, "source"));
	const char *project = text_of(order, "project");
	g_auto(GStrv) ids = texts_of(cJSON_GetObjectItem(order, "ids"));
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	enum item_kind kind = ITEM_INCIDENT;

	need(ids && item_kind_parse(text_of(order, "kind"), &kind), NULL, "kind");
	for (guint i = 0; ids[i]; i++)
		g_ptr_array_add(list, ids[i]);
	must(store_begin(player->store, &error));
	must(store_items_gone(player->store, source_id, project, kind,
			      (const char *const *)ids, instant_of(order, "now"), NULL,
			      &error));
	must(item_due_gone(player->store, source_id, project, kind, list, &error));
	must(store_commit(player->store, &error));
}

/* ---- what comes of them ---- */

static void bomb_set(struct player *player, const char *table)
{
	g_autofree char *sql = g_strdup_printf(
		"CREATE OR REPLACE FUNCTION pg_temp.bomb() RETURNS trigger LANGUAGE "
		"plpgsql AS $f$ BEGIN RAISE EXCEPTION 'bomb'; END $f$; "
		"CREATE TRIGGER bomb BEFORE INSERT OR UPDATE OR DELETE ON dorad.%s "
		"FOR EACH ROW EXECUTE FUNCTION pg_temp.bomb()",
		table);

	admin_run(player, sql);
}

static void bomb_clear(struct player *player, const char *table)
{
	g_autofree char *sql = g_strdup_printf("DROP TRIGGER bomb ON dorad.%s", table);

	admin_run(player, sql);
}

static void do_evaluate(struct player *player, const cJSON *order)
{
	const char *bomb = text_of(order, "bomb");
	struct evaluate_result result;
	g_autoptr(GError) error = NULL;
	bool ok;

	if (bomb)
		bomb_set(player, bomb);
	ok = evaluate_due(player->store, &player->context, instant_of(order, "now"),
			  &result, &error);
	store_rollback(player->store);
	if (bomb)
		bomb_clear(player, bomb);
	need(ok || bomb, error, "evaluate");
}

static void do_fresh(struct player *player, const cJSON *order)
{
	for (unsigned i = 0; i < player->config->n_all; i++) {
		gint32 id = source_of(player, player->config->all[i].name);

		must(store_begin(player->store, &error));
		must(store_source_ok(player->store, id, "cursor",
				     instant_of(order, "now"), false, &error));
		must(store_commit(player->store, &error));
	}
}

static void do_rows(struct player *player, const cJSON *order)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT coalesce(json_agg(t), '[]')::text FROM (%s) t",
		text_of(order, "sql"));
	PGresult *result = PQexec(player->admin, sql);

	need(PQresultStatus(result) == PGRES_TUPLES_OK, NULL,
	     PQerrorMessage(player->admin));
	for (const char *at = PQgetvalue(result, 0, 0); *at; at++)
		putchar(*at == '\n' ? ' ' : *at);
	PQclear(result);
}

static const struct {
	const char *name;
	void (*run)(struct player *player, const cJSON *order);
} orders[] = {
	{ "world", do_world },	     { "restart", do_restart },
	{ "commits", do_commits },   { "deployments", do_deployments },
	{ "items", do_items },	     { "gone", do_gone },
	{ "evaluate", do_evaluate }, { "fresh", do_fresh },
	{ "rows", do_rows },
};

static void play(struct player *player, const cJSON *order)
{
	const char *what = text_of(order, "do");

	for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
		if (g_strcmp0(what, orders[i].name) != 0)
			continue;
		orders[i].run(player, order);
		puts(orders[i].run == do_rows ? "" : "null");
		return;
	}
	need(false, NULL, what);
}

int main(int argc, char **argv)
{
	static const guint8 key[32] = { 1 };
	struct player player = { 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	need(argc == 2, NULL, "player CACHE_DIRECTORY");
	player.context = (struct work_context){
		.cache_dir = argv[1],
		.author_key = g_bytes_new_static(key, sizeof(key)),
	};
	player.admin = PQconnectdb(getenv("DORAD_TEST_PG"));
	need(PQstatus(player.admin) == CONNECTION_OK, NULL, "no server");
	admin_run(&player, "SET client_min_messages = warning; SET timezone = 'UTC'; "
			   "SET jit = off; ALTER DATABASE postgres SET jit = off");
	while ((n = getline(&line, &size, stdin)) > 0) {
		_cleanup_(cJSON_Deletep)
			cJSON *order = cJSON_ParseWithLength(line, (size_t)n);

		need(order != NULL, NULL, "JSON");
		play(&player, order);
		fflush(stdout);
	}
	free(line);
	store_free(player.store);
	config_unref(player.config);
	PQfinish(player.admin);
	g_bytes_unref(player.context.author_key);
	return 0;
}
