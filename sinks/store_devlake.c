#include "sinks/migrations.h"
#include "sinks/store_private.h"

/* The views named like Apache DevLake's tables, in a schema that is marked as theirs. */

/* Stands before a checksum of the statements. */
#define DEVLAKE_MARK "dorad: views named like Apache DevLake's tables; "

/* $1: the schema. What it is marked with, and whether there is something in it. */
enum statement { LOOK };

static const char *const sql[] = {
	[LOOK] = "SELECT n.oid IS NOT NULL, obj_description(n.oid, 'pg_namespace'),"
		 " EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid)"
		 " FROM (SELECT to_regnamespace(quote_ident($1))) AS n (oid)",
};

static bool run(struct store *store, const char *statements, const char *schema,
		const char *mark, GError **error)
{
	char *name = PQescapeIdentifier(store->conn, schema, strlen(schema));
	char *text = PQescapeLiteral(store->conn, mark, strlen(mark));
	g_autoptr(GString) script = g_string_new(statements);
	bool good = name && text;

	if (good) {
		g_string_replace(script, "{schema}", name, 0);
		g_string_replace(script, "{mark}", text, 0);
		good = store_exec_script(store, script->str, error);
	} else {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database.devlake_schema: not a name for a schema");
	}
	PQfreemem(name);
	PQfreemem(text);
	return good;
}

/* *made: they are there as this program has them. */
static bool look(struct store *store, const char *schema, const char *mark, bool *exists,
		 bool *made, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;
	g_autofree char *theirs = NULL;

	arg_text(&args, schema);
	if (!store_exec(store, sql[LOOK], &args, &result, error))
		return false;
	*exists = result_bool(result, 0, 0);
	theirs = result_text(result, 0, 1);
	*made = g_strcmp0(theirs, mark) == 0;
	if (result_bool(result, 0, 2) &&
	    (!theirs || !g_str_has_prefix(theirs, DEVLAKE_MARK))) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "database.devlake_schema: the schema \"%s\" has something "
			    "else in it; name another",
			    schema);
		return false;
	}
	return true;
}

bool store_devlake(struct store *store, GError **error)
{
	const char *schema = store->config->database->devlake_schema;
	g_autofree char *checksum = NULL, *mark = NULL;
	bool exists, made;

	if (!schema || !*schema)
		return true;
	checksum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, devlake_sql, -1);
	mark = g_strconcat(DEVLAKE_MARK, checksum, NULL);
	if (!look(store, schema, mark, &exists, &made, error))
		return false;
	if (made)
		return true;
	/* Again under the lock: two may start at once. */
	if (!store_lock_schema(store, error) ||
	    !look(store, schema, mark, &exists, &made, error))
		return false;
	return made ||
	       ((exists || run(store, "CREATE SCHEMA {schema}", schema, mark, error)) &&
		run(store, devlake_sql, schema, mark, error) &&
		run(store, "COMMENT ON SCHEMA {schema} IS {mark}", schema, mark, error));
}
