#include "sinks/store_private.h"

/* The role for readers, and what it may read: the views, and nothing behind them. */

enum statement {
	ROLE_EXISTS,
	MAY_CREATE_ROLE,
	MAY_USE,
	UNREADABLE,
};

static const char *const sql[] = {
	[ROLE_EXISTS] = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)",
	[MAY_CREATE_ROLE] = "SELECT rolsuper OR rolcreaterole FROM pg_roles"
			    " WHERE rolname = current_user",
	[MAY_USE] = "SELECT has_schema_privilege($1::text::name, $2::text, 'USAGE')",
	[UNREADABLE] = "SELECT c.relname::text FROM pg_class c"
		       " WHERE c.relnamespace = to_regnamespace(quote_ident($2))"
		       " AND c.relkind = 'v'"
		       " AND NOT has_table_privilege($1::text::name, c.oid, 'SELECT')",
};

static bool ask(struct store *store, enum statement statement, const char *role,
		const char *schema, bool *answer, GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *result = NULL;

	if (role)
		arg_text(&args, role);
	if (schema)
		arg_text(&args, schema);
	if (!store_exec(store, sql[statement], &args, &result, error))
		return false;
	*answer = PQntuples(result) > 0 && result_bool(result, 0, 0);
	return true;
}

/* The names of roles, schemas and views cannot be parameters of these statements. */
static bool run_quoted(struct store *store, const char *format, const char *role,
		       const char *schema, const char *view, GError **error)
{
	const struct {
		const char *place, *name;
	} names[] = { { "{role}", role }, { "{schema}", schema }, { "{view}", view } };
	g_autoptr(GString) text = g_string_new(format);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		char *quoted;

		if (!names[i].name)
			continue;
		quoted = PQescapeIdentifier(store->conn, names[i].name,
					    strlen(names[i].name));
		if (!quoted) {
			g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
				    "database.reader_role: not a name for a role");
			return false;
		}
		g_string_replace(text, names[i].place, quoted, 1);
		PQfreemem(quoted);
	}
	return store_exec_script(store, text->str, error);
}

static bool make_role(struct store *store, const char *role, bool *exists, GError **error)
{
	bool may;

	if (!ask(store, ROLE_EXISTS, role, NULL, exists, error))
		return false;
	if (*exists)
		return true;
	if (!ask(store, MAY_CREATE_ROLE, NULL, NULL, &may, error))
		return false;
	if (!may) {
		store->notice = g_strdup_printf(
			"the role \"%s\" for readers does not exist, and \"%s\" may not "
			"create roles: create it, and it is granted the views at the "
			"next start",
			role, PQuser(store->conn));
		return true;
	}
	/* Again under the lock: two may start at once. */
	if (!store_lock_schema(store, error) ||
	    !ask(store, ROLE_EXISTS, role, NULL, exists, error))
		return false;
	if (!*exists &&
	    !run_quoted(store, "CREATE ROLE {role} NOLOGIN", role, NULL, NULL, error))
		return false;
	*exists = true;
	return true;
}

static bool grant(struct store *store, const char *role, const char *schema,
		  GError **error)
{
	struct pg_args args = { 0 };
	_cleanup_(PQclearp) PGresult *views = NULL;
	bool may;

	if (!ask(store, MAY_USE, role, schema, &may, error))
		return false;
	if (!may && (!store_lock_schema(store, error) ||
		     !run_quoted(store, "GRANT USAGE ON SCHEMA {schema} TO {role}", role,
				 schema, NULL, error)))
		return false;
	arg_text(&args, role);
	arg_text(&args, schema);
	if (!store_exec(store, sql[UNREADABLE], &args, &views, error))
		return false;
	for (int i = 0; i < PQntuples(views); i++) {
		g_autofree char *view = result_text(views, i, 0);

		if (!run_quoted(store, "GRANT SELECT ON {schema}.{view} TO {role}", role,
				schema, view, error))
			return false;
	}
	return true;
}

bool store_admit_readers(struct store *store, GError **error)
{
	const struct config_database *database = store->config->database;
	bool exists;

	if (!database->reader_role || !*database->reader_role)
		return true;
	if (!make_role(store, database->reader_role, &exists, error))
		return false;
	return !exists ||
	       (grant(store, database->reader_role, "dora", error) &&
		(!database->devlake_schema || !*database->devlake_schema ||
		 grant(store, database->reader_role, database->devlake_schema, error)));
}
