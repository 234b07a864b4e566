#pragma once

/*
 * A repository told in a few lines, for tests of the rules that find deployments: commits
 * are capital letters, a poll's rows are text, and what a poll gave is known to the next.
 * Every poll is made a second time, an hour later: nothing may come of that.
 */
#include <check.h>
#include <stdlib.h>

#include "base/instant.h"
#include "collector/sources/git_rules.h"
#include "metrics/bucket.h"

#define SCENE_COMMITS 26

struct scene {
	struct graph graph;
	GPtrArray *layers; /* what backs the graph */
	gint64 committed[SCENE_COMMITS];
	bool untouched[SCENE_COMMITS];
	GArray *refs, *known;
	const char *head, *file;
	gssize file_bytes; /* -1: file ends in a NUL */
	struct zone *zone;
	GString *notices; /* of the last poll, a line each */
	GString *rows;	  /* the same as text */
};

static inline struct oid scene_oid(char name)
{
	struct oid oid = { .len = 20 };

	memset(oid.id, name, oid.len);
	return oid;
}

static inline gint64 at(const char *text)
{
	gint64 instant = INSTANT_NONE;

	ck_assert_msg(!text || instant_parse(text, &instant), "%s", text);
	return instant;
}

static inline void scene_ref_clear(void *ref)
{
	g_free(((struct mirror_ref *)ref)->name);
}

static inline void scene_init(struct scene *scene, const char *zone)
{
	*scene = (struct scene){
		.layers = g_ptr_array_new_with_free_func(g_free),
		.refs = g_array_new(FALSE, TRUE, sizeof(struct mirror_ref)),
		.known = g_array_new(FALSE, TRUE, sizeof(struct deployment_row)),
		.head = "refs/heads/main",
		.file_bytes = -1,
		.zone = zone_open(zone, NULL),
		.notices = g_string_new(NULL),
		.rows = g_string_new(NULL),
	};
	ck_assert_ptr_nonnull(scene->zone);
	g_array_set_clear_func(scene->refs, scene_ref_clear);
	g_array_set_clear_func(scene->known, (GDestroyNotify)deployment_row_clear);
}

static inline void scene_clear(struct scene *scene)
{
	g_ptr_array_unref(scene->layers);
	g_array_unref(scene->refs);
	g_array_unref(scene->known);
	zone_unref(scene->zone);
	g_string_free(scene->notices, TRUE);
	g_string_free(scene->rows, TRUE);
}

/* when: NULL for a time nobody believes. */
static inline void scene_commit(struct scene *scene, char name, const char *parents,
				const char *when)
{
	struct oid oids[SCENE_COMMITS];
	struct graph_commit commit = { scene_oid(name), oids, 0, 0 };
	guint8 *layer;

	for (; parents[commit.n_parents]; commit.n_parents++)
		oids[commit.n_parents] = scene_oid(parents[commit.n_parents]);
	scene->committed[name - 'A'] = at(when);
	layer = graph_append(&scene->graph, &commit, 1, NULL);
	ck_assert_ptr_nonnull(layer);
	g_ptr_array_add(scene->layers, layer);
}

static inline void scene_drop(struct scene *scene, const char *name)
{
	for (guint i = scene->refs->len; i > 0; i--)
		if (strcmp(g_array_index(scene->refs, struct mirror_ref, i - 1).name,
			   name) == 0)
			g_array_remove_index(scene->refs, i - 1);
}

static inline int scene_ref_order(const void *a, const void *b)
{
	return strcmp(((const struct mirror_ref *)a)->name,
		      ((const struct mirror_ref *)b)->name);
}

/* Makes or moves a ref; commit '-': it points to no commit. tagged NULL: lightweight. */
static inline void scene_ref(struct scene *scene, const char *name, char commit,
			     const char *tagged)
{
	struct mirror_ref ref = {
		.name = g_strdup(name),
		.object = scene_oid(commit),
		.annotated = tagged != NULL,
		.tagged = at(tagged),
		.committed = commit == '-' ? INSTANT_NONE
					   : scene->committed[commit - 'A'],
	};

	if (commit != '-')
		ref.commit = ref.object;
	scene_drop(scene, name);
	g_array_append_val(scene->refs, ref);
	g_array_sort(scene->refs, scene_ref_order);
}

/* ---- what a rule asks for ---- */

static inline char scene_name(const struct scene *scene, guint32 pos)
{
	struct oid oid;

	graph_oid(&scene->graph, pos, &oid);
	return (char)oid.id[0];
}

static inline gint64 scene_committed(guint32 pos, void *user)
{
	const struct scene *scene = user;

	return scene->committed[scene_name(scene, pos) - 'A'];
}

static inline bool scene_touches(guint32 pos, void *user)
{
	const struct scene *scene = user;

	return !scene->untouched[scene_name(scene, pos) - 'A'];
}

static inline GBytes *scene_read(const struct oid *commit, const char *path, void *user,
				 GError **error)
{
	const struct scene *scene = user;

	(void)commit;
	(void)error;
	ck_assert_str_eq(path, "deploys.jsonl");
	return !scene->file
		       ? NULL
		       : g_bytes_new(scene->file, scene->file_bytes < 0
							  ? strlen(scene->file)
							  : (gsize)scene->file_bytes);
}

static inline gint32 scene_repo_of(const char *name, void *user)
{
	(void)user;
	return strcmp(name, "this") == 0 ? 1 : strcmp(name, "other") == 0 ? 2 : 0;
}

static inline void scene_notice(const char *text, void *user)
{
	struct scene *scene = user;

	g_string_append_printf(scene->notices, "%s\n", text);
}

/* ---- polls ---- */

/* An id with a hash cut to its letter. */
static inline char *scene_short(const char *id)
{
	const char *sign = strrchr(id, '@');

	if (!sign || strlen(sign + 1) != 40)
		return g_strdup(id);
	return g_strdup_printf(
		"%.*s@%c", (int)(sign - id), id,
		(char)g_ascii_strtoull((char[]){ sign[1], sign[2], 0 }, NULL, 16));
}

/* The branch of "head:main@…" and "trunk:main@…" is the deployment's ref. */
static inline void scene_check_ref(const struct deployment_row *row)
{
	const char *colon = strchr(row->external_id, ':');
	const char *sign = strrchr(row->external_id, '@');
	g_autofree char *branch = NULL;

	if (g_str_has_prefix(row->external_id, "head:") ||
	    g_str_has_prefix(row->external_id, "trunk:"))
		branch = g_strndup(colon + 1, (gsize)(sign - colon - 1));
	ck_assert_pstr_eq(row->ref, branch);
}

static inline void scene_describe(struct scene *scene, const struct deployment_row *row)
{
	g_autofree char *id = scene_short(row->external_id);
	g_autofree char *finished = row->finished == INSTANT_NONE
					    ? g_strdup("-")
					    : instant_format(row->finished);

	scene_check_ref(row);
	g_string_append_printf(scene->rows, "%s#%d ", id, row->attempt);
	for (guint i = 0; i < row->n_revisions; i++)
		g_string_append_printf(scene->rows,
				       row->revisions[i].repo_id == 1 ? "%c" : "(%c)",
				       row->revisions[i].oid.id[0]);
	g_string_append_printf(scene->rows, " %s", finished);
	if (row->started != INSTANT_NONE) {
		g_autofree char *started = instant_format(row->started);

		g_string_append_printf(scene->rows, " from %s", started);
	}
	if (strcmp(row->environment, "production") != 0)
		g_string_append_printf(scene->rows, " to %s", row->environment);
	if (row->outcome != OUTCOME_SUCCESS)
		g_string_append_printf(scene->rows, " %s", outcome_name(row->outcome));
	if (row->withheld != EXCLUSION_NONE)
		g_string_append_printf(scene->rows, " %s", exclusion_name(row->withheld));
	g_string_append_c(scene->rows, '\n');
}

/* What the store does with rows: an upsert by natural key that keeps first_seen. No key
 * comes twice. */
static inline void scene_store(struct scene *scene, GArray *rows)
{
	guint n_before = scene->known->len;

	for (guint i = 0; i < rows->len; i++) {
		struct deployment_row row = g_array_index(rows, struct deployment_row, i);
		bool found = false;

		for (guint j = 0; j < scene->known->len; j++) {
			struct deployment_row *known = &g_array_index(
				scene->known, struct deployment_row, j);

			if (strcmp(known->external_id, row.external_id) != 0 ||
			    known->attempt != row.attempt)
				continue;
			ck_assert_msg(j < n_before && !found, "%s comes twice",
				      row.external_id);
			found = true;
			row.first_seen = known->first_seen;
			deployment_row_clear(known);
			*known = row;
		}
		if (!found)
			g_array_append_val(scene->known, row);
	}
}

static inline GArray *scene_apply(struct scene *scene,
				  const struct config_rule *const *rules, guint n,
				  gint64 now)
{
	GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct deployment_row));
	g_autoptr(GError) error = NULL;
	struct rule_input input = {
		.repo_id = 1,
		.graph = &scene->graph,
		.refs = scene->refs,
		.head = scene->head,
		.zone = scene->zone,
		.known = scene->known,
		.now = now,
		.committed = scene_committed,
		.touches = scene_touches,
		.read_file = scene_read,
		.repo_of = scene_repo_of,
		.notice = scene_notice,
		.user = scene,
	};

	g_string_truncate(scene->notices, 0);
	ck_assert_msg(git_rules_apply(&input, rules, n, rows, &error), "%s",
		      error ? error->message : "");
	return rows;
}

static inline int scene_line_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Applies rules at now; what has to be stored as sorted lines of text. */
static inline const char *scene_poll(struct scene *scene,
				     const struct config_rule *const *rules, guint n,
				     const char *now)
{
	GArray *rows = scene_apply(scene, rules, n, at(now));
	g_autofree char *notices = NULL;
	g_auto(GStrv) lines = NULL;
	GArray *again;

	g_string_truncate(scene->rows, 0);
	for (guint i = 0; i < rows->len; i++)
		scene_describe(scene, &g_array_index(rows, struct deployment_row, i));
	lines = g_strsplit(scene->rows->str, "\n", -1);
	qsort(lines, rows->len, sizeof(*lines), scene_line_order);
	g_string_truncate(scene->rows, 0);
	for (guint i = 0; i < rows->len; i++)
		g_string_append_printf(scene->rows, "%s\n", lines[i]);
	scene_store(scene, rows);
	g_array_unref(rows); /* its rows are known now */
	notices = g_strdup(scene->notices->str);
	again = scene_apply(scene, rules, n, at(now) + G_TIME_SPAN_HOUR);
	ck_assert_msg(
		again->len == 0, "the same again: %s#%d and %u more",
		again->len ? g_array_index(again, struct deployment_row, 0).external_id
			   : "",
		again->len ? g_array_index(again, struct deployment_row, 0).attempt : 0,
		again->len - 1);
	g_array_unref(again);
	g_string_assign(scene->notices, notices);
	return scene->rows->str;
}

static inline const char *scene_poll_one(struct scene *scene,
					 const struct config_rule *rule, const char *now)
{
	return scene_poll(scene, &rule, 1, now);
}
