#include "collector/item_judge_inside.h"

#include "base/instant.h"

/* Kinds that deployments are found in. */
static const enum item_kind kinds[] = { ITEM_DEPLOYMENT, ITEM_RUN, ITEM_JOB,
					ITEM_RELEASE };

struct gathering {
	const struct item_judge *judge;
	GPtrArray *unresolved; /* as judge->services: sets of external ids; NULL: all */
	GPtrArray *items;
};

static bool is_wanted(const struct gathering *gathering, guint i, const struct item *item)
{
	const struct judged_service *service = g_ptr_array_index(
		gathering->judge->services, i);
	const struct judged_rule *rule = item_judge_rule(gathering->judge, service, item);
	g_autofree char *id = NULL;

	if (!rule || !gathering->unresolved)
		return rule != NULL;
	id = item_judge_external_id(service, rule, item);
	return g_hash_table_contains(g_ptr_array_index(gathering->unresolved, i), id);
}

static bool gather_one(const struct item *item, gint64 first_seen, bool gone, void *user,
		       GError **error)
{
	const struct gathering *gathering = user;

	(void)first_seen;
	(void)gone;
	(void)error;
	for (guint i = 0; i < gathering->judge->services->len; i++)
		if (is_wanted(gathering, i, item)) {
			g_ptr_array_add(gathering->items, item_copy(item));
			break;
		}
	return true;
}

/* What a source has deleted was there: it stays judged. */
static bool each_stored(const struct item_judge *judge, enum item_kind kind,
			bool (*visit)(const struct item *item, gint64 first_seen,
				      bool gone, void *user, GError **error),
			void *user, GError **error)
{
	const struct item_query query = {
		.source_id = judge->source_id,
		.kind = (int)kind,
		.created_from = INSTANT_NONE,
		.created_to = INSTANT_NONE,
		.gone = true,
	};

	return store_items_each(judge->store, &query, visit, user, error);
}

static void free_set(void *set)
{
	g_hash_table_unref(set);
}

/* External ids of a service's deployments that have no revision. */
static GHashTable *unresolved_of(struct item_judge *judge, struct judged_service *service,
				 GError **error)
{
	g_autoptr(GHashTable)
		ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer value;

	if (service->rules->len == 0)
		return g_steal_pointer(&ids);
	if (!item_judge_know(judge, service, error))
		return NULL;
	g_hash_table_iter_init(&iter, service->known);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct deployment_row *row = value;

		if (row->n_revisions == 0 && row->withheld == EXCLUSION_NONE)
			g_hash_table_add(ids, g_strdup(row->external_id));
	}
	return g_steal_pointer(&ids);
}

/* *any: there are some. */
static GPtrArray *unresolved_all(struct item_judge *judge, bool *any, GError **error)
{
	g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func(free_set);

	*any = false;
	for (guint i = 0; i < judge->services->len; i++) {
		GHashTable *set = unresolved_of(
			judge, g_ptr_array_index(judge->services, i), error);

		if (!set)
			return NULL;
		*any |= g_hash_table_size(set) > 0;
		g_ptr_array_add(sets, set);
	}
	return g_steal_pointer(&sets);
}

/* What is withheld because no item stands for it any more must be known before the items
 * are read: whatever comes in between has one. */
static bool know_all(struct item_judge *judge, GError **error)
{
	for (guint i = 0; i < judge->services->len; i++)
		if (!item_judge_know(judge, g_ptr_array_index(judge->services, i), error))
			return false;
	return true;
}

GPtrArray *item_judge_gather(struct item_judge *judge, enum judging what, GError **error)
{
	g_autoptr(GPtrArray) items = items_new(), unresolved = NULL;
	struct gathering gathering = { judge, NULL, items };
	guint needs = item_judge_needs(judge);
	bool any = true;

	if (what == JUDGE_UNRESOLVED) {
		unresolved = unresolved_all(judge, &any, error);
		if (!unresolved)
			return NULL;
		gathering.unresolved = unresolved;
	}
	if (what == JUDGE_ALL && !know_all(judge, error))
		return NULL;
	for (gsize i = 0; any && i < G_N_ELEMENTS(kinds); i++)
		if ((needs & 1u << kinds[i]) &&
		    !each_stored(judge, kinds[i], gather_one, &gathering, error))
			return NULL;
	if (!item_judge_read_ahead(judge, items, error))
		return NULL;
	return g_steal_pointer(&items);
}

bool item_judge_read_ahead(struct item_judge *judge, const GPtrArray *items,
			   GError **error)
{
	bool good = true;

	for (guint i = 0; good && i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);

		for (guint k = 0; good && k < judge->services->len; k++) {
			const struct judged_rule *rule = item_judge_rule(
				judge, g_ptr_array_index(judge->services, k), item);

			good = !rule || revision_read_ahead(judge->finder, rule->row,
							    rule->rule, item, error);
		}
	}
	revision_rest(judge->finder);
	return good;
}

/* ---- runs without jobs ---- */

struct asking {
	const struct item_judge *judge;
	GHashTable *parents; /* "project\nrun" of all jobs */
	GPtrArray *runs;
};

static char *run_key(const char *project, const char *run)
{
	return g_strdup_printf("%s\n%s", project ? project : "", run);
}

static bool note_parent(const struct item *job, gint64 first_seen, bool gone, void *user,
			GError **error)
{
	const struct asking *asking = user;

	(void)first_seen;
	(void)gone;
	(void)error;
	if (job->parent)
		g_hash_table_add(asking->parents, run_key(job->project, job->parent));
	return true;
}

static bool note_run(const struct item *run, gint64 first_seen, bool gone, void *user,
		     GError **error)
{
	const struct asking *asking = user;
	g_autofree char *key = run_key(run->project, run->id);

	(void)first_seen;
	(void)error;
	/* one that is not over is asked about anyway */
	if (run->done && !gone && !g_hash_table_contains(asking->parents, key) &&
	    item_judge_wants(asking->judge, run, true))
		g_ptr_array_add(asking->runs, item_copy(run));
	return true;
}

bool item_judge_unasked(struct item_judge *judge, GPtrArray *runs, GError **error)
{
	g_autoptr(GHashTable)
		parents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct asking asking = { judge, parents, runs };

	if (!(item_judge_needs(judge) & 1u << ITEM_JOB))
		return true;
	return each_stored(judge, ITEM_JOB, note_parent, &asking, error) &&
	       each_stored(judge, ITEM_RUN, note_run, &asking, error);
}
