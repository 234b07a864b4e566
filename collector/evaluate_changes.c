#include "collector/evaluate_inside.h"

#include "base/instant.h"
#include "collector/author_key.h"
#include "collector/exclusion_rules.h"
#include "metrics/reference.h"

static void change_clear(void *data)
{
	struct evaluate_change *row = data;

	item_free(row->item);
	g_free(row->rollouts);
}

static void note_clear(void *data)
{
	struct evaluate_note *row = data;

	g_free(row->kind);
	g_free(row->text);
	g_free(row->rollouts);
	g_free(row->targets);
}

void evaluate_changes_clear(struct evaluation *work)
{
	for (unsigned i = 0; i < work->service->n_components; i++) {
		if (work->ties)
			g_clear_pointer(&work->ties[i], g_array_unref);
		if (work->left_out)
			g_free(work->left_out[i]);
	}
	g_clear_pointer(&work->ties, g_free);
	g_clear_pointer(&work->left_out, g_free);
	g_clear_pointer(&work->changes, g_array_unref);
	g_clear_pointer(&work->notes, g_array_unref);
	g_clear_pointer(&work->by_id, g_hash_table_unref);
}

/* ---- reading ---- */

struct reading {
	struct evaluation *work;
	guint repo;
};

static guint32 position_of(const struct reading *reading, const char *sha)
{
	struct oid oid;

	return sha && oid_parse(sha, strlen(sha), &oid)
		       ? graph_find(&reading->work->repos[reading->repo].graph, &oid)
		       : GRAPH_NONE;
}

static bool read_change(const struct item *item, gint32 source_id, void *user,
			GError **error)
{
	struct reading *reading = user;
	struct evaluate_change row = {
		.source_id = source_id,
		.repo = reading->repo,
		.names = { .sha = position_of(reading, item->sha),
			   .squash = position_of(reading, item->squash_sha),
			   .head = position_of(reading, item->head_sha),
			   .merged = item->merged },
	};

	(void)error;
	row.landed = row.names.sha != GRAPH_NONE      ? row.names.sha
		     : row.names.squash != GRAPH_NONE ? row.names.squash
						      : row.names.head;
	if (row.landed == GRAPH_NONE)
		return true;
	row.item = item_copy(item);
	g_array_append_val(reading->work->changes, row);
	return true;
}

static bool read_note(const struct commit_note *note, void *user, GError **error)
{
	struct reading *reading = user;
	const struct graph *graph = &reading->work->repos[reading->repo].graph;
	struct evaluate_note row = { .repo = reading->repo,
				     .pos = graph_find(graph, &note->oid),
				     .target = GRAPH_NONE };

	(void)error;
	if (row.pos == GRAPH_NONE)
		return true;
	row.kind = g_strdup(note->kind);
	row.text = g_strdup(note->text);
	g_array_append_val(reading->work->notes, row);
	return true;
}

static int key_order(const struct evaluate_change *x, const struct evaluate_change *y)
{
	int order = (x->source_id > y->source_id) - (x->source_id < y->source_id);

	if (order == 0)
		order = g_strcmp0(x->item->project, y->item->project);
	return order != 0 ? order : strcmp(x->item->id, y->item->id);
}

static int change_order(const void *a, const void *b)
{
	const struct evaluate_change *x = a, *y = b;
	int order = key_order(x, y);

	return order != 0 ? order : (x->repo > y->repo) - (x->repo < y->repo);
}

/* Repositories that share commits (a fork and its parent) tell of a change more than
 * once: it counts in the first. */
static void sort_changes(GArray *changes)
{
	guint n = 0;

	g_array_sort(changes, change_order);
	for (guint i = 0; i < changes->len; i++) {
		struct evaluate_change *row = &g_array_index(changes,
							     struct evaluate_change, i);
		struct evaluate_change *kept = &g_array_index(changes,
							      struct evaluate_change, n);

		if (i > 0 && key_order(kept - 1, row) == 0)
			continue;
		if (i != n) {
			struct evaluate_change other = *kept;

			*kept = *row;
			*row = other;
		}
		n++;
	}
	g_array_set_size(changes, n);
}

/* The commit whose name, or 7 or more digits of it, a text begins with. What is known to
 * be one needs no letter to tell it from a number. */
static guint32 target_at(const struct graph *graph, const char *text)
{
	gsize n = strspn(text, "0123456789ABCDEFabcdef");
	g_autofree char *hex = g_ascii_strdown(text, (gssize)n);

	return n < 7 || n > 64 || g_ascii_isalnum(text[n]) || text[n] == '_'
		       ? GRAPH_NONE
		       : graph_find_prefix(graph, hex, n);
}

/* The commit that a note names. */
static void find_target(const struct evaluation *work, struct evaluate_note *note)
{
	const struct graph *graph = &work->repos[note->repo].graph;
	bool trailer = strcmp(note->kind, "trailer") == 0;
	const char *value = trailer ? strchr(note->text, ':') : note->text;
	g_autoptr(GArray) references = NULL;

	if (strcmp(note->kind, "title") == 0 || strcmp(note->kind, "author") == 0)
		return;
	if (value)
		note->target = target_at(graph, value + strspn(value, ": \t"));
	if (!trailer || note->target != GRAPH_NONE)
		return;
	references = references_find(note->text);
	for (guint i = 0; i < references->len && note->target == GRAPH_NONE; i++) {
		const struct reference *reference = &g_array_index(references,
								   struct reference, i);

		if (reference->kind == REFERENCE_SHA)
			note->target = graph_find_prefix(graph, reference->text,
							 strlen(reference->text));
	}
}

static bool read_all(struct evaluation *work, GError **error)
{
	for (guint i = 0; i < work->service->n_components; i++) {
		struct reading reading = { work, i };

		if (!store_changes_each(work->store, work->repos[i].repo_id, read_change,
					&reading, error) ||
		    !store_notes_each(work->store, work->repos[i].repo_id, read_note,
				      &reading, error))
			return false;
	}
	sort_changes(work->changes);
	for (guint i = 0; i < work->notes->len; i++)
		find_target(work, &g_array_index(work->notes, struct evaluate_note, i));
	return true;
}

/* ---- what commits came from, what rules leave out ---- */

static void tie(struct evaluation *work, guint repo)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct tie_change));
	g_autoptr(GArray) picks = g_array_new(FALSE, FALSE, sizeof(struct tie_pick));
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; i < work->changes->len; i++) {
		const struct evaluate_change *change = &g_array_index(
			work->changes, struct evaluate_change, i);

		if (change->repo != repo)
			continue;
		g_array_append_val(rows, change->names);
		g_array_append_val(numbers, i);
	}
	for (guint i = 0; i < work->notes->len; i++) {
		const struct evaluate_note *note = &g_array_index(
			work->notes, struct evaluate_note, i);
		const struct tie_pick row = { note->pos, note->target };

		if (note->repo == repo && strcmp(note->kind, "picked") == 0)
			g_array_append_val(picks, row);
	}
	work->ties[repo] = changes_tie(&work->repos[repo].graph, NULL,
				       (const void *)rows->data, rows->len,
				       (const void *)picks->data, picks->len);
	for (guint i = 0; i < work->ties[repo]->len; i++) {
		struct tie *tied = &g_array_index(work->ties[repo], struct tie, i);

		tied->change = g_array_index(numbers, guint, tied->change);
	}
}

static void leave_out(struct evaluation *work, guint repo)
{
	const struct config_exclude *exclude = work->service->exclude;
	g_auto(GStrv) authors = NULL;
	guint8 *left_out;

	if (!exclude)
		return;
	authors = g_new0(char *, exclude->n_authors + 1);
	for (unsigned i = 0; i < exclude->n_authors; i++)
		authors[i] = author_key_digest(work->context->author_key,
					       exclude->authors[i]);
	left_out = g_new0(guint8, (gsize)work->repos[repo].graph.n + 1);
	for (guint i = 0; i < work->ties[repo]->len; i++) {
		const struct tie *tied = &g_array_index(work->ties[repo], struct tie, i);

		left_out[tied->commit] = exclusion_of_change(
			work->service,
			g_array_index(work->changes, struct evaluate_change, tied->change)
				.item);
	}
	for (guint i = 0; i < work->notes->len; i++) {
		const struct evaluate_note *note = &g_array_index(
			work->notes, struct evaluate_note, i);

		if (note->repo == repo && strcmp(note->kind, "author") == 0 &&
		    config_lists(authors, exclude->n_authors, note->text))
			left_out[note->pos] = 1;
	}
	work->left_out[repo] = left_out;
	work->views[repo].left_out = left_out;
}

bool evaluate_changes_load(struct evaluation *work, GError **error)
{
	unsigned n = work->service->n_components;

	work->changes = g_array_new(FALSE, TRUE, sizeof(struct evaluate_change));
	work->notes = g_array_new(FALSE, TRUE, sizeof(struct evaluate_note));
	g_array_set_clear_func(work->changes, change_clear);
	g_array_set_clear_func(work->notes, note_clear);
	work->ties = g_new0(GArray *, n);
	work->left_out = g_new0(guint8 *, n);
	if (!read_all(work, error))
		return false;
	for (guint i = 0; i < n; i++) {
		tie(work, i);
		leave_out(work, i);
	}
	return true;
}

static int tie_order(const void *a, const void *b)
{
	const struct tie *x = a, *y = b;

	return (x->commit > y->commit) - (x->commit < y->commit);
}

gint64 evaluate_changes_merged(const struct evaluation *work, guint repo, guint32 pos)
{
	const struct tie key = { .commit = pos };
	guint found;

	if (!g_array_binary_search(work->ties[repo], &key, tie_order, &found))
		return INSTANT_NONE;
	return g_array_index(work->changes, struct evaluate_change,
			     g_array_index(work->ties[repo], struct tie, found).change)
		.item->merged;
}
