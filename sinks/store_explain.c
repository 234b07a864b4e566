#include "sinks/store_private.h"
#include "sinks/store_states.h"

static const char explain_sql[] =
	"SELECT part, what, of_service, of_environment, name, at, seconds, reason, "
	"detail,"
	" url, figures::text FROM dora.explain($1, to_date($2, 'YYYY-MM-DD'), $3, $4, "
	"$5, $6, $7)";

static void row_clear(void *data)
{
	struct explain_row *row = data;

	g_free(row->part);
	g_free(row->what);
	g_free(row->service);
	g_free(row->environment);
	g_free(row->name);
	g_free(row->reason);
	g_free(row->detail);
	g_free(row->url);
	g_free(row->figures);
}

static bool add_rows(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct explain_row row = {
			.part = result_text(result, i, 0),
			.what = result_text(result, i, 1),
			.service = result_text(result, i, 2),
			.environment = result_text(result, i, 3),
			.name = result_text(result, i, 4),
			.at = result_instant(result, i, 5),
			.seconds = result_double(result, i, 6),
			.reason = result_text(result, i, 7),
			.detail = result_text(result, i, 8),
			.url = result_text(result, i, 9),
			.figures = result_text(result, i, 10),
		};

		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_explain(struct store *store, const struct explain_query *query,
		      GError **error)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct explain_row));
	struct pg_args args = { 0 };

	g_array_set_clear_func(rows, row_clear);
	arg_text(&args, query->metric);
	arg_text(&args, query->day);
	arg_text(&args, query->grain);
	arg_text(&args, query->kind == SCOPE_SERVICE ? query->scope : NULL);
	arg_text(&args, query->kind == SCOPE_TEAM ? query->scope : NULL);
	arg_text(&args, query->kind == SCOPE_ORG ? query->scope : NULL);
	arg_text(&args, query->environment);
	if (!store_each(store, explain_sql, &args, add_rows, rows, error))
		g_clear_pointer(&rows, g_array_unref);
	return rows;
}
