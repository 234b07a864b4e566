/*
 * Plays facts into a database as polls would, and evaluates them, by orders from outside:
 * one JSON object a line on standard input, one line of JSON back for each. It decides
 * nothing: which facts come when, and what should come of them, is model.py's.
 *
 *   {"do": "world", "yaml": …}          an empty database with this configuration
 *   {"do": "config", "yaml": …}         another configuration, as after a restart
 *   {"do": "restart"}                   another connection, as after a restart
 *   {"do": "commits", "repo", "rows", "notes", "touched"}     a fetch of git
 *   {"do": "deployments", "service", "source", "rows"}
 *   {"do": "items", "source", "kind", "now", "rows"}          incidents, changes
 *   {"do": "gone", "source", "project", "kind", "now", "ids"}
 *   {"do": "evaluate", "now", "bomb"}   bomb: a table whose writes fail meanwhile
 *   {"do": "fresh", "now"}              all sources have been read
 *   {"do": "rows", "sql"}               what a query finds, as a list of objects
 */
#include "tests/model/player.h"
#include "collector/git/mirror.h"

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

/* ---- worlds ---- */

/* Of few rows this takes a tenth of the time of TRUNCATE, which makes files anew. What it
 * leaves behind is swept now and then: nobody vacuums meanwhile. */
static const char empty[] =
	"SET session_replication_role = replica;"
	"DO $$ DECLARE t text; BEGIN FOR t IN SELECT oid::regclass FROM pg_class "
	"WHERE relkind = 'r' AND relname <> 'migration' "
	"AND relnamespace = 'dorad'::regnamespace "
	"LOOP EXECUTE 'DELETE FROM ' || t; END LOOP; END $$;"
	"SET session_replication_role = origin";

static void empty_database(struct player *player)
{
	admin_run(player, empty);
	if (++player->n_worlds % 32 == 0)
		admin_run(player, "VACUUM");
}

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

static void read_config(struct player *player, const cJSON *order)
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
}

static void do_config(struct player *player, const cJSON *order)
{
	read_config(player, order);
	open_store(player);
}

static void do_world(struct player *player, const cJSON *order)
{
	read_config(player, order);
	store_free(player->store);
	player->store = store_new(player->config);
	if (!player->migrated)
		must(store_migrate(player->store, &error));
	player->migrated = true;
	empty_database(player);
	g_hash_table_remove_all(player->ids);
	must(store_sync_config(player->store, player->config, &error));
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
	{ "world", do_world },
	{ "config", do_config },
	{ "restart", do_restart },
	{ "commits", play_commits },
	{ "deployments", play_deployments },
	{ "items", play_items },
	{ "gone", play_gone },
	{ "evaluate", do_evaluate },
	{ "fresh", do_fresh },
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
	player.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	admin_run(&player, "ALTER SYSTEM SET autovacuum = off");
	admin_run(&player, "SELECT pg_reload_conf()");
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
	g_hash_table_unref(player.ids);
	g_bytes_unref(player.context.author_key);
	return 0;
}
