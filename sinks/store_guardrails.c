#include "sinks/store_goals.h"

#include <math.h>
#include <string.h>

#include "sinks/store_private.h"

static const char read_sql[] =
	"SELECT guardrail, scope, coalesce(service, team, org), environment, metric,"
	" statistic, unit, value, n, minimum_n, limit_value, direction, status,"
	" window_days, window_start, window_end, fresh_until, complete"
	" FROM dora.guardrails ORDER BY array_position(ARRAY['org', 'team', 'service'],"
	" scope), 3, guardrail";

static enum scope_kind kind_of(const char *word)
{
	return strcmp(word, "org") == 0	   ? SCOPE_ORG
	       : strcmp(word, "team") == 0 ? SCOPE_TEAM
					   : SCOPE_SERVICE;
}

static void row_clear(void *data)
{
	struct guardrail_row *row = data;

	g_free(row->name);
	g_free(row->scope);
	g_free(row->environment);
	g_free(row->metric);
	g_free(row->statistic);
	g_free(row->unit);
	g_free(row->direction);
	g_free(row->status);
}

void guardrail_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static bool add_rows(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		g_autofree char *kind = result_text(result, i, 1);
		const struct guardrail_row row = {
			.name = result_text(result, i, 0),
			.kind = kind_of(kind),
			.scope = result_text(result, i, 2),
			.environment = result_text(result, i, 3),
			.metric = result_text(result, i, 4),
			.statistic = result_text(result, i, 5),
			.unit = result_text(result, i, 6),
			.value = result_double(result, i, 7),
			.n = result_int8(result, i, 8),
			.minimum = result_int8(result, i, 9),
			.limit = result_double(result, i, 10),
			.direction = result_text(result, i, 11),
			.status = result_text(result, i, 12),
			.window_days = result_int4(result, i, 13),
			.start = result_instant(result, i, 14),
			.end = result_instant(result, i, 15),
			.fresh_until = result_instant(result, i, 16),
			.complete = result_bool(result, i, 17),
		};

		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_guardrails(struct store *store, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct guardrail_row));

	g_array_set_clear_func(rows, row_clear);
	/* The view keeps its columns, whatever version the schema has, and who may read
	 * it may not read which that is. */
	if (store_begin_unchecked(store, error) &&
	    store_each(store, read_sql, NULL, add_rows, rows, error) &&
	    store_commit(store, error))
		return g_steal_pointer(&rows);
	store_rollback(store);
	return NULL;
}
