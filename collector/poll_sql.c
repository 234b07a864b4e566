#include "collector/poll_sql.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/foreign_query.h"
#include "collector/item_poll.h"
#include "collector/sql_item.h"

/* More come with the next poll: a query that forgot its $1 does not fill the disk. */
#define ROWS_MAX 100000
/* Of one transaction. */
#define BATCH 5000
/* Between a row's time of change and the moment others see it. */
#define OVERLAP (10 * G_TIME_SPAN_MINUTE)
#define FEED "query"

struct sql_poll {
	struct item_poll items;
	enum item_kind kind;
	struct feed_row feed;
	GPtrArray *batch; /* of struct item */
	gint64 since, latest;
	guint n_rows;
	bool more;    /* than one poll takes */
	bool ordered; /* there is a column "updated", and rows come in its order */
};

static bool flush(struct sql_poll *poll, GError **error)
{
	bool good = poll->batch->len == 0 ||
		    item_poll_save(&poll->items, &poll->feed, poll->batch, poll->kind,
				   NULL, error);

	g_ptr_array_set_size(poll->batch, 0);
	return good;
}

/* A time of change in the future would hide what changes until then. */
static gint64 so_far(const struct sql_poll *poll)
{
	return MIN(poll->latest, poll->items.now);
}

static bool take_column(const char *name, void *user, GError **error)
{
	struct sql_poll *poll = user;

	poll->ordered |= strcmp(name, "updated") == 0;
	return sql_column_check(poll->kind, name, error);
}

/* The cursor follows the rows, which come in its order: what a cut-off poll stored is not
 * read again. */
static bool take_row(const char *row, gsize n, void *user, GError **error)
{
	struct sql_poll *poll = user;
	struct item *item = sql_item(poll->kind, row, n, error);

	if (!item)
		return false;
	g_ptr_array_add(poll->batch, item);
	poll->n_rows++;
	if (poll->ordered && item->updated == INSTANT_NONE) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s %s: updated: missing",
			    item_kind_name(poll->kind), item->id);
		return false;
	}
	if (poll->ordered)
		poll->latest = item->updated;
	if (poll->batch->len < BATCH)
		return true;
	if (poll->ordered)
		poll->feed.cursor = MAX(poll->feed.cursor, so_far(poll) - OVERLAP);
	return flush(poll, error);
}

/* More rows than one poll takes: the next one goes on where this one was. */
static bool cut_off(struct sql_poll *poll, GError **error)
{
	if (!poll->ordered) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the query has more than %d rows; with a column \"updated\" "
			    "and a condition on $1 they are read in parts",
			    ROWS_MAX);
		return false;
	}
	if (so_far(poll) <= poll->since) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the query has more than %d rows that changed at one instant",
			    ROWS_MAX);
		return false;
	}
	poll->feed.cursor = so_far(poll);
	g_free(poll->feed.trouble);
	poll->feed.trouble = g_strdup("there is more to read");
	return true;
}

static void move_cursor(struct sql_poll *poll)
{
	g_clear_pointer(&poll->feed.trouble, g_free);
	if (poll->ordered && poll->latest != INSTANT_NONE)
		poll->feed.cursor = so_far(poll) - OVERLAP;
}

static bool finish(struct sql_poll *poll, GError **error)
{
	gint64 before = poll->feed.cursor;
	bool more = poll->n_rows > ROWS_MAX, trouble = poll->feed.trouble != NULL;

	poll->more = more;
	if (more && !cut_off(poll, error))
		return false;
	if (!more)
		move_cursor(poll);
	if (poll->batch->len == 0 && poll->feed.cursor == before && !trouble && !more)
		return true;
	return item_poll_save(&poll->items, &poll->feed, poll->batch, poll->kind, NULL,
			      error);
}

static bool ask(struct sql_poll *poll, GError **error)
{
	const struct config_sql *sql = poll->items.source->sql;
	const struct foreign_query query = {
		.uri = sql->uri,
		.password = sql->password,
		.sql = sql->query,
		.order = "updated",
		.max_rows = ROWS_MAX + 1,
		.cancellable = poll->items.context->cancellable,
		.column = take_column,
		.row = take_row,
		.user = poll,
	};
	gint64 history = poll->items.now - sql->history_us;

	poll->feed.project = (char *)"";
	poll->feed.feed = (char *)FEED;
	item_poll_feed(&poll->items, &poll->feed);
	poll->since = poll->feed.cursor == INSTANT_NONE ? history : poll->feed.cursor;
	if (!foreign_query_run(&query, poll->since, error))
		return false;
	return finish(poll, error);
}

bool poll_sql(struct store *store, const struct work_context *context,
	      const struct config_source *source, gint64 now, struct poll_result *result,
	      GError **error)
{
	struct sql_poll poll = {
		.items = { .store = store,
			   .context = context,
			   .source = source,
			   .now = now,
			   .result = result },
		.batch = items_new(),
		.latest = INSTANT_NONE,
	};
	g_autoptr(GError) local = NULL;
	bool good;

	*result = (struct poll_result){ .not_before = INSTANT_NONE };
	item_kind_parse(source->sql->kind, &poll.kind);
	good = item_poll_begin(&poll.items, &local);
	if (good && !ask(&poll, &local)) {
		g_prefix_error(&local, "sql %s: ", source->name);
		good = false;
	}
	good = good && item_poll_end(&poll.items, !poll.more, &local);
	if (!good) {
		item_poll_failed(&poll.items, local);
		g_propagate_error(error, g_steal_pointer(&local));
	}
	poll.feed.project = poll.feed.feed = NULL; /* borrowed */
	feed_row_clear(&poll.feed);
	g_ptr_array_unref(poll.batch);
	item_poll_clear(&poll.items);
	return good;
}
