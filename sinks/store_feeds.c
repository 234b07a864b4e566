#include "sinks/store_private.h"

#define STATE "cursor, history, swept, swept_deep, mark, etag, etag_url, trouble"
#define GIVEN "$4, $5, $6, $7, $8, $9, $10, $11"

enum statement { READ, WRITE };

static const char *const sql[] = {
	[READ] = "SELECT project, feed, " STATE " FROM dorad.feed WHERE source_id = $1"
		 " ORDER BY project, feed",
	/* A row that is there as given is not even locked, which would write. */
	[WRITE] = "INSERT INTO dorad.feed (source_id, project, feed, " STATE ")"
		  " SELECT $1, $2, $3, " GIVEN " WHERE NOT EXISTS"
		  " (SELECT FROM dorad.feed WHERE source_id = $1 AND project = $2"
		  " AND feed = $3 AND (" STATE ") IS NOT DISTINCT FROM (" GIVEN "))"
		  " ON CONFLICT (source_id, project, feed)"
		  " DO UPDATE SET (" STATE ") = (" GIVEN ")",
};

void feed_row_clear(struct feed_row *row)
{
	g_free(row->project);
	g_free(row->feed);
	g_free(row->mark);
	g_free(row->etag);
	g_free(row->etag_url);
	g_free(row->trouble);
	*row = (struct feed_row){
		.cursor = INSTANT_NONE,
		.history = INSTANT_NONE,
		.swept = INSTANT_NONE,
		.swept_deep = INSTANT_NONE,
	};
}

void feed_row_copy(struct feed_row *copy, const struct feed_row *row)
{
	*copy = *row;
	copy->project = g_strdup(row->project);
	copy->feed = g_strdup(row->feed);
	copy->mark = g_strdup(row->mark);
	copy->etag = g_strdup(row->etag);
	copy->etag_url = g_strdup(row->etag_url);
	copy->trouble = g_strdup(row->trouble);
}

void feed_rows_free(GArray *rows)
{
	if (rows)
		g_array_unref(rows);
}

static void clear_row(void *row)
{
	feed_row_clear(row);
}

static bool add_rows(const PGresult *result, void *user, GError **error)
{
	GArray *rows = user;

	(void)error;
	for (int i = 0; i < PQntuples(result); i++) {
		struct feed_row row = {
			.project = result_text(result, i, 0),
			.feed = result_text(result, i, 1),
			.cursor = result_instant(result, i, 2),
			.history = result_instant(result, i, 3),
			.swept = result_instant(result, i, 4),
			.swept_deep = result_instant(result, i, 5),
			.mark = result_text(result, i, 6),
			.etag = result_text(result, i, 7),
			.etag_url = result_text(result, i, 8),
			.trouble = result_text(result, i, 9),
		};

		g_array_append_val(rows, row);
	}
	return true;
}

GArray *store_feeds(struct store *store, gint32 source_id, GError **error)
{
	struct pg_args args = { 0 };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct feed_row));

	g_array_set_clear_func(rows, clear_row);
	arg_int4(&args, source_id);
	if (!store_each(store, sql[READ], &args, add_rows, rows, error))
		return NULL;
	return g_steal_pointer(&rows);
}

bool store_feed_write(struct store *store, gint32 source_id, const struct feed_row *row,
		      GError **error)
{
	g_autofree char *trouble = row->trouble ? g_utf8_make_valid(row->trouble, -1)
						: NULL;
	struct pg_args args = { 0 };

	arg_int4(&args, source_id);
	arg_text(&args, row->project ? row->project : "");
	arg_text(&args, row->feed);
	arg_instant(&args, row->cursor);
	arg_instant(&args, row->history);
	arg_instant(&args, row->swept);
	arg_instant(&args, row->swept_deep);
	arg_text(&args, row->mark);
	arg_text(&args, row->etag);
	arg_text(&args, row->etag_url);
	arg_text(&args, trouble);
	return store_writable(store, error) &&
	       store_exec(store, sql[WRITE], &args, NULL, error);
}
