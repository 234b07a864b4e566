#include "sinks/store_private.h"
#include "sinks/store_states.h"

/* $3: whether services matter. Planned with its parameters, so that each of these
 * conditions is there or not. */
static char *incidents_sql(void)
{
	g_autofree char *columns = store_item_columns("i.");

	return g_strdup_printf("SELECT %s, i.gone_at IS NOT NULL, x.source_id, x.name"
			       " FROM dorad.item i JOIN dorad.source x USING (source_id)"
			       " WHERE i.kind = 'incident'"
			       " AND ($1 IS NULL OR x.name = $1)"
			       " AND ($2 IS NULL OR i.project = $2)"
			       " AND (NOT $3 OR i.services && $4)"
			       " ORDER BY x.source_id, i.project, i.external_id",
			       columns);
}

struct visitor {
	bool (*visit)(const struct item *item, gint32 source_id, const char *source,
		      bool gone, void *user, GError **error);
	void *user;
};

static bool visit_rows(const PGresult *result, void *user, GError **error)
{
	const struct visitor *visitor = user;
	bool good = true;

	for (int i = 0; good && i < PQntuples(result); i++) {
		struct item item;
		int column = store_item_read(&item, result, i);
		g_autofree char *source = result_text(result, i, column + 2);

		good = visitor->visit(&item, result_int4(result, i, column + 1), source,
				      result_bool(result, i, column), visitor->user,
				      error);
		item_clear(&item);
	}
	return good;
}

bool store_incidents_each(struct store *store, const struct incident_query *query,
			  bool (*visit)(const struct item *item, gint32 source_id,
					const char *source, bool gone, void *user,
					GError **error),
			  void *user, GError **error)
{
	struct visitor visitor = { visit, user };
	g_autofree char *statement = incidents_sql();
	struct pg_args args = { 0 };
	struct pg_rows services;
	bool good;

	pg_rows_init(&services, "t");
	for (gsize i = 0; query->services && query->services[i]; i++, services.n++)
		field_text(services.columns[0], query->services[i]);
	arg_text(&args, query->source);
	arg_text(&args, query->project);
	arg_bool(&args, query->services != NULL);
	arg_rows(&args, &services);
	good = store_each(store, statement, &args, visit_rows, &visitor, error);
	pg_rows_clear(&services);
	return good;
}
