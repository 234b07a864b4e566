#include "collector/item_poll.h"

#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/item_due.h"
#include "sinks/store_pipelines.h"

/*
 * The cursor of a source: the rules that its deployments were found by, and the commits
 * that their revisions were looked for in. How far each feed was read is a matter of its
 * own (struct feed_row).
 */
static char *cursor_make(const char *rules, const char *commits)
{
	return g_strdup_printf("rules:%s commits:%s", rules, commits);
}

char *item_poll_unsettled(const char *cursor)
{
	const char *commits = cursor ? strstr(cursor, " commits:") : NULL;

	return commits ? g_strdup_printf("%.*s commits:?", (int)(commits - cursor),
					 cursor)
		       : g_strdup(cursor);
}

static bool cursor_has_rules(const char *cursor, const char *rules)
{
	g_autofree char *start = cursor_make(rules, "");

	return cursor && g_str_has_prefix(cursor, start);
}

/* ---- feeds ---- */

static char *feed_key(const struct feed_row *row)
{
	return g_strdup_printf("%s\n%s", row->project ? row->project : "", row->feed);
}

static void feed_free(void *data)
{
	struct feed_row *row = data;

	feed_row_clear(row);
	g_free(row);
}

static void keep_feed(struct item_poll *poll, const struct feed_row *row)
{
	struct feed_row *copy = g_new(struct feed_row, 1);

	feed_row_copy(copy, row);
	g_hash_table_replace(poll->feeds, feed_key(copy), copy);
}

static bool load_feeds(struct item_poll *poll, GError **error)
{
	GArray *rows = store_feeds(poll->store, poll->row.source_id, error);

	if (!rows)
		return false;
	poll->feeds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, feed_free);
	for (guint i = 0; i < rows->len; i++)
		keep_feed(poll, &g_array_index(rows, struct feed_row, i));
	feed_rows_free(rows);
	return true;
}

void item_poll_feed(const struct item_poll *poll, struct feed_row *row)
{
	g_autofree char *key = feed_key(row);
	const struct feed_row *stored = g_hash_table_lookup(poll->feeds, key);
	char *project = row->project, *feed = row->feed;

	if (stored)
		feed_row_copy(row, stored);
	else
		*row = (struct feed_row){ .cursor = INSTANT_NONE,
					  .history = INSTANT_NONE,
					  .swept = INSTANT_NONE,
					  .swept_deep = INSTANT_NONE };
	g_free(stored ? row->project : NULL);
	g_free(stored ? row->feed : NULL);
	row->project = project;
	row->feed = feed;
}

/* ---- runs to ask about ---- */

/* Their keys rest in the mark of a feed that no driver has. */
#define UNASKED "(jobs of older runs)"

static char *run_key(const char *project, const char *id)
{
	return g_strdup_printf("%s\t%s", project ? project : "", id);
}

static void free_item(void *item)
{
	item_free(item);
}

/* Takes the run. */
static void add_unasked(struct item_poll *poll, struct item *run)
{
	g_hash_table_replace(poll->unasked, run_key(run->project, run->id), run);
}

static bool find_unasked(struct item_poll *poll, GError **error)
{
	g_autoptr(GPtrArray) runs = items_new();

	if (!item_judge_unasked(poll->judge, runs, error))
		return false;
	while (runs->len > 0)
		add_unasked(poll, g_ptr_array_steal_index_fast(runs, runs->len - 1));
	return true;
}

struct remembering {
	struct item_poll *poll;
	GHashTable *keys;
};

static bool remember_run(const struct item *run, gint64 first_seen, bool gone, void *user,
			 GError **error)
{
	const struct remembering *remembering = user;
	g_autofree char *key = run_key(run->project, run->id);

	(void)first_seen;
	(void)gone;
	(void)error;
	if (g_hash_table_contains(remembering->keys, key))
		add_unasked(remembering->poll, item_copy(run));
	return true;
}

static bool remember_unasked(struct item_poll *poll, GError **error)
{
	const struct feed_row key = { .feed = (char *)UNASKED };
	g_autofree char *name = feed_key(&key);
	const struct feed_row *row = g_hash_table_lookup(poll->feeds, name);
	g_auto(GStrv) lines = row && row->mark ? g_strsplit(row->mark, "\n", -1) : NULL;
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	struct remembering remembering = { poll, keys };
	struct item_query query = { .source_id = poll->row.source_id,
				    .kind = ITEM_RUN,
				    .created_from = INSTANT_NONE,
				    .created_to = INSTANT_NONE };

	for (guint i = 0; lines && lines[i]; i++) {
		const char *id = strchr(lines[i], '\t');

		if (!id)
			continue;
		g_hash_table_add(keys, lines[i]);
		g_ptr_array_add(ids, (gpointer)(id + 1));
	}
	if (ids->len == 0)
		return true;
	g_ptr_array_add(ids, NULL);
	query.ids = (const char *const *)ids->pdata;
	return store_items_each(poll->store, &query, remember_run, &remembering, error);
}

void item_poll_unasked(const struct item_poll *poll, const char *project, GPtrArray *runs)
{
	GHashTableIter iter;
	gpointer run;

	g_hash_table_iter_init(&iter, poll->unasked);
	while (g_hash_table_iter_next(&iter, NULL, &run))
		if (g_strcmp0(((const struct item *)run)->project, project) == 0)
			g_ptr_array_add(runs, item_copy(run));
}

static void note_asked(struct item_poll *poll, const char *project, const char *id)
{
	g_autofree char *key = run_key(project, id);

	g_hash_table_remove(poll->unasked, key);
}

/* Runs of the feed that was just saved. */
static void note_all_asked(struct item_poll *poll, const char *project,
			   const GPtrArray *items, const GPtrArray *gone)
{
	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);

		if (item->kind == ITEM_RUN)
			note_asked(poll, item->project, item->id);
	}
	for (guint i = 0; gone && i < gone->len; i++)
		note_asked(poll, project, g_ptr_array_index(gone, i));
}

static bool store_unasked(struct item_poll *poll, GError **error)
{
	guint n = g_hash_table_size(poll->unasked);
	g_autofree char *mark = NULL, *trouble = NULL;
	struct feed_row row = { .project = (char *)"",
				.feed = (char *)UNASKED,
				.cursor = INSTANT_NONE,
				.history = INSTANT_NONE,
				.swept = INSTANT_NONE,
				.swept_deep = INSTANT_NONE };
	g_autofree char *key = feed_key(&row);

	if (n == 0 && !g_hash_table_contains(poll->feeds, key))
		return true;
	if (n > 0) {
		g_autofree const char **keys = (const char **)
			g_hash_table_get_keys_as_array(poll->unasked, NULL);

		mark = g_strjoinv("\n", (char **)keys);
		trouble = g_strdup_printf(
			"%u are still to be read, as rules have changed", n);
	}
	row.mark = mark;
	row.trouble = trouble;
	return store_feed_write(poll->store, poll->row.source_id, &row, error);
}

/* ---- transactions ---- */

/* Begins one that no other dorad can interfere with. */
static bool begin(struct item_poll *poll, GError **error)
{
	struct source_row locked = { 0 };
	bool same;

	if (!store_begin(poll->store, error) ||
	    !store_source(poll->store, poll->source->name, &locked, error))
		return false;
	same = g_strcmp0(locked.cursor, poll->row.cursor) == 0;
	source_row_clear(&locked);
	if (!same)
		g_set_error(error, DORA_ERROR, DORA_ERROR_RETRY,
			    "another dorad has stored a newer state of this source "
			    "meanwhile");
	return same;
}

/* Ends it, well or not. */
static bool finish(struct item_poll *poll, bool good, GError **error)
{
	if (good && store_commit(poll->store, error))
		return true;
	store_rollback(poll->store);
	item_judge_forget(poll->judge);
	return false;
}

/* Judges what is stored. */
static bool judge(struct item_poll *poll, enum judging what, GError **error)
{
	g_autoptr(GPtrArray) items = item_judge_gather(poll->judge, what, error);
	gsize n = 0;

	if (!items)
		return false;
	if (items->len == 0 && what == JUDGE_UNRESOLVED)
		return true;
	if (!finish(poll,
		    begin(poll, error) && item_judge_store(poll->judge, what, items,
							   poll->now, &n, error),
		    error))
		return false;
	poll->result->n_deployments += n;
	poll->result->changed |= n > 0;
	return true;
}

/* Whether a feed asks for what the configuration names, so that another configuration
 * asks for more. */
static bool is_filtered(const struct feed *feed)
{
	static const char *const filters[] = { "{environment}", "{labels}", "{types}",
					       "{services}", "{query}" };
	const char *const texts[] = { feed->path, feed->window_path, feed->body };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		for (gsize k = 0; texts[i] && k < G_N_ELEMENTS(filters); k++)
			if (strstr(texts[i], filters[k]))
				return true;
	return false;
}

/* What was left out until now is read from the beginning; so are runs whose jobs are
 * wanted now, where they cannot be asked for one by one. */
static void begin_anew(struct item_poll *poll)
{
	const struct driver *driver = poll->source->api ? poll->source->api->driver
							: NULL;
	bool unasked = g_hash_table_size(poll->unasked) > 0;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, poll->feeds);
	while (driver && g_hash_table_iter_next(&iter, NULL, &value)) {
		struct feed_row *row = value;
		const struct feed *feed = driver_feed(driver, row->feed);

		if (!feed || !(is_filtered(feed) ||
			       (unasked && feed->kind == ITEM_RUN && !feed->item_path)))
			continue;
		row->cursor = row->history = INSTANT_NONE;
		g_clear_pointer(&row->mark, g_free);
		g_clear_pointer(&row->etag, g_free);
		g_clear_pointer(&row->etag_url, g_free);
	}
}

bool item_poll_begin(struct item_poll *poll, GError **error)
{
	const struct config *config = poll->context->config;

	if (!store_source(poll->store, poll->source->name, &poll->row, error))
		return false;
	poll->unasked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_item);
	poll->rules = item_judge_fingerprint(config, poll->source);
	poll->judge = item_judge_new(poll->store, poll->context, poll->source,
				     poll->row.source_id, error);
	if (!poll->judge || !load_feeds(poll, error))
		return false;
	if (cursor_has_rules(poll->row.cursor, poll->rules))
		return remember_unasked(poll, error);
	if (!judge(poll, JUDGE_ALL, error) || !find_unasked(poll, error))
		return false;
	begin_anew(poll);
	return true;
}

void item_poll_clear(struct item_poll *poll)
{
	source_row_clear(&poll->row);
	g_clear_pointer(&poll->judge, item_judge_free);
	g_clear_pointer(&poll->feeds, g_hash_table_unref);
	g_clear_pointer(&poll->unasked, g_hash_table_unref);
	g_clear_pointer(&poll->rules, g_free);
}

/* ---- saving ---- */

static bool store_gone(struct item_poll *poll, const char *project, enum item_kind kind,
		       const GPtrArray *gone, gsize *n, GError **error)
{
	g_autofree const char **ids = NULL;

	if (!gone || gone->len == 0)
		return true;
	ids = g_new0(const char *, gone->len + 1);
	for (guint i = 0; i < gone->len; i++)
		ids[i] = g_ptr_array_index(gone, i);
	return store_items_gone(poll->store, poll->row.source_id, project, kind, ids,
				poll->now, n, error);
}

/* What one transaction stored, counted only once it is over. */
struct saved {
	GPtrArray *changed;
	gsize n_gone, n_deployments;
};

static bool save(struct item_poll *poll, const struct feed_row *row,
		 const GPtrArray *items, enum item_kind kind, const GPtrArray *gone,
		 struct saved *saved, GError **error)
{
	return begin(poll, error) &&
	       (items->len == 0 ||
		store_items_write(poll->store, poll->row.source_id, poll->now, items,
				  saved->changed, error)) &&
	       store_pipelines_changed(poll->store, poll->row.source_id, saved->changed,
				       error) &&
	       store_gone(poll, row->project, kind, gone, &saved->n_gone, error) &&
	       store_feed_write(poll->store, poll->row.source_id, row, error) &&
	       (saved->changed->len == 0 ||
		item_judge_store(poll->judge, JUDGE_CHANGED, saved->changed, poll->now,
				 &saved->n_deployments, error)) &&
	       /* last: rows that an evaluation commits meanwhile are looked at, too */
	       item_due_gone(poll->store, poll->row.source_id, row->project, kind, gone,
			     error) &&
	       item_due(poll->store, poll->context->config, poll->source->name,
			poll->row.source_id, saved->changed, error);
}

bool item_poll_save(struct item_poll *poll, const struct feed_row *row,
		    const GPtrArray *items, enum item_kind kind, const GPtrArray *gone,
		    GError **error)
{
	g_autoptr(GPtrArray) once = items_once(items), changed = g_ptr_array_new();
	struct saved saved = { .changed = changed };

	if (!item_judge_read_ahead(poll->judge, once, error) ||
	    !finish(poll, save(poll, row, once, kind, gone, &saved, error), error))
		return false;
	keep_feed(poll, row);
	poll->result->n_items += changed->len + saved.n_gone;
	poll->result->n_deployments += saved.n_deployments;
	poll->result->changed |= changed->len + saved.n_gone > 0;
	if (kind == ITEM_RUN)
		note_all_asked(poll, row->project, once, gone);
	for (guint i = 0; i < changed->len; i++) {
		const struct item *item = g_ptr_array_index(changed, i);

		poll->artifacts |= item->kind == ITEM_ARTIFACT;
	}
	return true;
}

/* ---- the end ---- */

bool item_poll_end(struct item_poll *poll, bool whole, GError **error)
{
	/* as of before the revisions are looked for: what comes meanwhile is found by the
	 * next poll */
	g_autofree char *commits = item_judge_commits(poll->judge, error);
	g_autofree char *cursor = NULL;

	if (!commits)
		return false;
	cursor = cursor_make(poll->rules, commits);
	if ((poll->artifacts || g_strcmp0(cursor, poll->row.cursor) != 0) &&
	    !judge(poll, JUDGE_UNRESOLVED, error))
		return false;
	if (!item_judge_is_whole(poll->judge)) {
		g_free(cursor);
		cursor = cursor_make(poll->rules, "?");
	}
	return finish(
		poll,
		begin(poll, error) && store_unasked(poll, error) &&
			(whole ? store_source_ok(poll->store, poll->row.source_id, cursor,
						 poll->now, false, error)
			       : store_source_cursor(poll->store, poll->row.source_id,
						     cursor, error)),
		error);
}

void item_poll_failed(struct item_poll *poll, const GError *error)
{
	store_rollback(poll->store);
	if (poll->row.source_id)
		store_source_failed(poll->store, poll->row.source_id, poll->now, error,
				    NULL);
}
