#include "tests/store_rig.h"

#include <unistd.h>

static const char *const config_text = "database:\n"
				       "  uri: \"%s\"\n"
				       "sources:\n"
				       "  git:\n"
				       "    - name: shop\n"
				       "      url: https://git.example/shop\n"
				       "    - name: tools\n"
				       "      url: https://git.example/tools\n"
				       "orgs:\n"
				       "  - name: acme\n"
				       "teams:\n"
				       "  - name: red\n"
				       "    org: acme\n"
				       "  - name: blue\n"
				       "    org: acme\n"
				       "services:\n"
				       "  - name: cart\n"
				       "    team: red\n"
				       "    time_zone: Europe/Berlin\n"
				       "    components:\n"
				       "      - repository: shop\n"
				       "        paths: [\"cart/**\"]\n"
				       "    deployments:\n"
				       "      - from: tags\n"
				       "  - name: search\n"
				       "    team: red\n"
				       "    components:\n"
				       "      - repository: shop\n"
				       "    deployments:\n"
				       "      - from: tags\n"
				       "  - name: mail\n"
				       "    team: blue\n"
				       "    components:\n"
				       "      - repository: tools\n"
				       "    deployments:\n"
				       "      - from: tags\n";

static char *uri_of(const char *database)
{
	return g_strdup_printf("%s dbname=%s", getenv("DORAD_TEST_PG"), database);
}

struct config *rig_load(const char *text)
{
	g_autoptr(GPtrArray) faults = NULL;
	struct config *config = config_load_text("test.yaml", text, strlen(text),
						 &faults);
	g_autofree char *fault =
		faults && faults->len > 0
			? config_fault_format("test.yaml", g_ptr_array_index(faults, 0))
			: NULL;

	ck_assert_msg(config, "%s", fault);
	return config;
}

struct config *rig_config(const struct rig *rig, const char *uri, const char *from,
			  const char *to)
{
	g_autofree char *own = uri_of(rig->database);
	g_autofree char *text = g_strdup_printf(config_text, uri ? uri : own);
	g_autoptr(GString) changed = g_string_new(text);

	ck_assert(!from || g_string_replace(changed, from, to, 0) > 0);
	return rig_load(changed->str);
}

/* A store on a database that exists, migrated, its configuration synchronised. */
static void open_store(struct rig *rig)
{
	rig->config = rig_config(rig, NULL, NULL, NULL);
	rig->store = store_new(rig->config);
	rig_ok(store_migrate(rig->store, &error));
	rig_ok(store_sync_config(rig->store, rig->config, &error));
}

/* The first test migrates; the others take a copy of what came of it. */
static void make_model(PGconn *server)
{
	struct rig model = { .database = g_strdup(RIG_MODEL) };
	PGresult *found = pg_query(
		server, "SELECT FROM pg_database WHERE datname = '" RIG_MODEL "'");
	bool made = PQntuples(found) > 0;

	PQclear(found);
	if (!made) {
		PQclear(pg_query(server, "CREATE DATABASE " RIG_MODEL));
		open_store(&model);
		store_free(model.store);
		config_unref(model.config);
	}
	g_free(model.database);
}

void rig_init(struct rig *rig)
{
	static guint count;
	g_autofree char *create = NULL;
	g_autofree char *uri = NULL;
	PGconn *server = pg_connect();

	*rig = (struct rig){ .database = g_strdup_printf("t%d_%u", (int)getpid(),
							 count++) };
	make_model(server);
	create = g_strdup_printf("CREATE DATABASE %s TEMPLATE " RIG_MODEL
				 " STRATEGY file_copy",
				 rig->database);
	PQclear(pg_query(server, create));
	PQfinish(server);
	uri = uri_of(rig->database);
	rig->admin = PQconnectdb(uri);
	ck_assert(PQstatus(rig->admin) == CONNECTION_OK);
	rig_run(rig, "SET client_min_messages = warning");
	open_store(rig);
}

void rig_clear(struct rig *rig)
{
	g_autofree char *drop = g_strdup_printf("DROP DATABASE %s (FORCE)",
						rig->database);
	PGconn *server;

	store_free(rig->store);
	PQfinish(rig->admin);
	config_unref(rig->config);
	server = pg_connect();
	PQclear(pg_query(server, drop));
	PQfinish(server);
	g_free(rig->database);
}

char *rig_ask(const struct rig *rig, const char *sql)
{
	PGresult *result = pg_query(rig->admin, sql);
	char *value;

	ck_assert_msg(PQntuples(result) == 1, "%d rows: %s", PQntuples(result), sql);
	value = PQgetisnull(result, 0, 0) ? g_strdup("NULL")
					  : g_strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}

char *rig_read(const struct rig *rig, const char *sql)
{
	g_autofree char *as_reader = g_strdup_printf("SET ROLE dora_reader;%s", sql);
	PGresult *result = pg_query(rig->admin, as_reader);
	GString *text = g_string_new(NULL);

	for (int i = 0; i < PQntuples(result); i++)
		for (int k = 0; k < PQnfields(result); k++)
			g_string_append_printf(text, "%s%s",
					       k > 0   ? "|"
					       : i > 0 ? "; "
						       : "",
					       PQgetvalue(result, i, k));
	PQclear(result);
	rig_run(rig, "RESET ROLE");
	return g_string_free(text, FALSE);
}

void rig_expect(const struct rig *rig, const char *sql, const char *value)
{
	g_autofree char *got = rig_ask(rig, sql);

	ck_assert_msg(strcmp(got, value) == 0, "%s: \"%s\" instead of \"%s\"", sql, got,
		      value);
}

void rig_run(const struct rig *rig, const char *sql)
{
	PQclear(pg_query(rig->admin, sql));
}

char *rig_rows(const struct rig *rig)
{
	static const char *const tables[] = {
		"migration",
		"scope",
		"definition",
		"repo",
		"scope_source",
		"git_ref",
		"repo_event",
		"commit",
		"component",
		"touched",
		"deployment",
		"deployment_revision",
		"attribution_due",
		"rollout",
		"fate",
		"shipped",
		"series",
		"rolling",
		"dirty",
		"source",
		"item",
		"feed",
		"ownership",
		"rollout_state",
		"failure",
		"service_incident",
		"shipped_change",
		"commit_change",
		"commit_note",
		"setting",
		"debt_source",
		"debt_class",
		"debt_rule",
		"kpi",
		"kpi_sample",
		"north_star",
		"guardrail",
		"watch",
		"alert_group",
		"alert",
		"alert_event",
		"outbox",
		"mute",
		"change_point",
	};
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *sql = g_strdup_printf(
			"SELECT string_agg(ctid || ' ' || xmin, ',' ORDER BY ctid)"
			" FROM dorad.%s",
			tables[i]);
		g_autofree char *rows = rig_ask(rig, sql);

		g_string_append_printf(text, "%s: %s\n", tables[i], rows);
	}
	return g_string_free(text, FALSE);
}

gint32 rig_scope(const struct rig *rig, const char *kind, const char *name)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT scope_id FROM dorad.scope WHERE kind = '%s' AND name = '%s'",
		kind, name);
	g_autofree char *id = rig_ask(rig, sql);

	return (gint32)g_ascii_strtoll(id, NULL, 10);
}

char *rig_dirty(const struct rig *rig, gint32 scope_id)
{
	GString *text = g_string_new(NULL);
	GArray *days;

	rig_ok(store_begin(rig->store, &error));
	rig_ok((days = store_dirty_take(rig->store, scope_id, &error)));
	rig_ok(store_commit(rig->store, &error));
	for (guint i = 0; i < days->len; i++)
		g_string_append_printf(text, "%s%d", i ? " " : "",
				       g_array_index(days, gint32, i));
	g_array_unref(days);
	return g_string_free(text, FALSE);
}

void rig_expect_dirty(const struct rig *rig, gint32 scope_id, const char *expected)
{
	g_autofree char *got = rig_dirty(rig, scope_id);

	ck_assert_msg(strcmp(got, expected) == 0, "dirty: \"%s\" instead of \"%s\"", got,
		      expected);
}

struct oid rig_oid(guint number)
{
	struct oid oid = { .len = 20 };

	oid.id[0] = (guint8)(number >> 8);
	oid.id[19] = (guint8)number;
	return oid;
}

gint64 rig_time(const char *text)
{
	gint64 t = INSTANT_NONE;

	ck_assert_msg(instant_parse(text, &t), "%s", text);
	return t;
}

struct item *rig_item(enum item_kind kind, const char *project, const char *id)
{
	struct item *item = g_new(struct item, 1);

	item_init(item, kind);
	item->project = g_strdup(project);
	item->id = g_strdup(id);
	item->attempt = 1;
	return item;
}

static bool keep(const struct item *item, gint64 first_seen, bool gone, void *user,
		 GError **error)
{
	(void)first_seen;
	(void)gone;
	(void)error;
	g_ptr_array_add(user, item_copy(item));
	return true;
}

GPtrArray *rig_items(const struct rig *rig, const struct item_query *query)
{
	GPtrArray *items = items_new();

	rig_ok(store_items_each(rig->store, query, keep, items, &error));
	return items;
}
