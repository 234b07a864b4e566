#include "collector/item_judge_inside.h"

#include "base/instant.h"

/* A finish that far ahead of us is no clock that is a little fast. */
#define AHEAD_MAX G_TIME_SPAN_DAY

/* A deployment that a rule has found in an item. */
struct finding {
	const struct item *item;
	const struct judged_rule *rule;
	struct deployment_row row;
};

static char *row_key(const char *external_id, gint32 attempt)
{
	return g_strdup_printf("%s\n%d", external_id, attempt);
}

static void row_free(void *data)
{
	struct deployment_row *row = data;

	deployment_row_clear(row);
	g_free(row);
}

static void know_row(struct judged_service *service, struct deployment_row *row)
{
	g_hash_table_replace(service->known, row_key(row->external_id, row->attempt),
			     g_memdup2(row, sizeof(*row)));
	*row = (struct deployment_row){ 0 };
}

bool item_judge_know(struct item_judge *judge, struct judged_service *service,
		     GError **error)
{
	GArray *rows;

	if (service->known)
		return true;
	rows = store_deployments(judge->store, service->service_id, judge->source_id,
				 error);
	if (!rows)
		return false;
	service->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, row_free);
	for (guint i = 0; i < rows->len; i++)
		know_row(service, &g_array_index(rows, struct deployment_row, i));
	deployment_rows_free(rows);
	return true;
}

/* ---- the jobs beside a job ---- */

/* Jobs of one name in one run are attempts of one deployment: whoever judges one must see
 * them all. */
struct siblings {
	const struct item_judge *judge;
	GHashTable *runs; /* "project\nrun" that are read */
	GPtrArray *owned;
};

static bool is_found(const struct item_judge *judge, const struct item *item)
{
	for (guint i = 0; i < judge->services->len; i++)
		if (item_judge_rule(judge, g_ptr_array_index(judge->services, i), item))
			return true;
	return false;
}

static bool add_sibling(const struct item *job, gint64 first_seen, bool gone, void *user,
			GError **error)
{
	const struct siblings *siblings = user;

	(void)first_seen;
	(void)gone;
	(void)error;
	if (is_found(siblings->judge, job))
		g_ptr_array_add(siblings->owned, item_copy(job));
	return true;
}

static bool read_run(struct siblings *siblings, const struct item *job, GError **error)
{
	const struct item_query query = {
		.source_id = siblings->judge->source_id,
		.project = job->project,
		.kind = ITEM_JOB,
		.created_from = INSTANT_NONE,
		.created_to = INSTANT_NONE,
		.parent = job->parent,
		.gone = true,
	};

	return store_items_each(siblings->judge->store, &query, add_sibling, siblings,
				error);
}

/* All that is to be judged because of the items: they, and the jobs beside them in
 * `siblings`. The caller frees the array alone. */
static GPtrArray *with_siblings(struct siblings *siblings, const GPtrArray *items,
				GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	for (guint i = 0; i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);
		g_autofree char *key = NULL;

		if (item->kind != ITEM_JOB || !item->parent ||
		    !is_found(siblings->judge, item)) {
			g_ptr_array_add(all, (gpointer)item);
			continue;
		}
		key = g_strdup_printf("%s\n%s", item->project ? item->project : "",
				      item->parent);
		if (g_hash_table_add(siblings->runs, g_steal_pointer(&key)) &&
		    !read_run(siblings, item, error))
			return NULL;
	}
	for (guint i = 0; i < siblings->owned->len; i++)
		g_ptr_array_add(all, g_ptr_array_index(siblings->owned, i));
	return g_steal_pointer(&all);
}

/* ---- findings ---- */

static void finding_clear(void *data)
{
	struct finding *finding = data;

	deployment_row_clear(&finding->row);
}

/* Ids that are numbers in their order as such. */
static int compare_ids(const char *a, const char *b)
{
	gsize n = strlen(a), m = strlen(b);

	return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

static int compare_findings(gconstpointer a, gconstpointer b)
{
	const struct finding *x = a, *y = b;
	int order = strcmp(x->row.external_id, y->row.external_id);

	if (order == 0)
		order = (x->row.attempt > y->row.attempt) -
			(x->row.attempt < y->row.attempt);
	return order ? order : compare_ids(x->item->id, y->item->id);
}

static GArray *find_all(const struct item_judge *judge,
			const struct judged_service *service, const GPtrArray *items,
			gint64 now)
{
	GArray *findings = g_array_new(FALSE, TRUE, sizeof(struct finding));

	g_array_set_clear_func(findings, finding_clear);
	for (guint i = 0; i < items->len; i++) {
		struct finding finding = { .item = g_ptr_array_index(items, i) };

		finding.rule = item_judge_rule(judge, service, finding.item);
		if (!finding.rule)
			continue;
		item_rule_deployment(finding.rule->rule, finding.item, &finding.row);
		g_free(finding.row.external_id);
		finding.row.external_id = item_judge_external_id(service, finding.rule,
								 finding.item);
		finding.row.first_seen = now;
		if (finding.row.finished > now + AHEAD_MAX)
			finding.row.finished = INSTANT_NONE;
		g_array_append_val(findings, finding);
	}
	g_array_sort(findings, compare_findings);
	return findings;
}

static struct finding *finding_at(const GArray *findings, guint i)
{
	return &g_array_index(findings, struct finding, i);
}

/* A job that the re-run of other jobs lists again ran once. */
static bool is_copy(const struct finding *one, const struct finding *other)
{
	return one->row.started != INSTANT_NONE && one->row.finished != INSTANT_NONE &&
	       one->row.started == other->row.started &&
	       one->row.finished == other->row.finished;
}

/* Gives those of one name attempts of their own, and leaves copies out: the first
 * counts. */
static void number(const GArray *findings)
{
	for (guint i = 1, first = 0; i < findings->len; i++) {
		struct finding *finding = finding_at(findings, i);
		const struct finding *before = finding_at(findings, i - 1);

		if (strcmp(finding->row.external_id, before->row.external_id) != 0) {
			first = i;
			continue;
		}
		if (finding->row.attempt <= before->row.attempt)
			finding->row.attempt = before->row.attempt + 1;
		for (guint k = first; k < i; k++)
			if (is_copy(finding, finding_at(findings, k)))
				finding->row.withheld = EXCLUSION_RULE;
	}
}

static void add_revision(struct deployment_row *row, gint32 repo_id,
			 const struct oid *oid)
{
	row->revisions = g_malloc0(sizeof(*row->revisions));
	row->revisions[0].repo_id = repo_id;
	row->revisions[0].oid = *oid;
	row->n_revisions = 1;
}

/* A branch that has meant a commit once is not looked up again, for it has moved on since
 * then; nor is any other name, unless all is judged anew. What was found once stays where
 * the source does not tell it any more. */
static bool resolve(struct item_judge *judge, const struct deployment_row *known,
		    enum judging what, struct finding *finding, GError **error)
{
	enum config_revision revision = finding->rule->row->revision;
	bool known_once = known && known->n_revisions > 0;
	bool kept = known_once && (what != JUDGE_ALL || revision == REVISION_REF);
	gint32 repo_id;
	struct oid oid = { 0 };

	if (!kept || revision == REVISION_SHA)
		if (!revision_find(judge->finder, finding->rule->row, finding->rule->rule,
				   finding->item, &repo_id, &oid, error))
			return false;
	if (oid.len > 0)
		add_revision(&finding->row, repo_id, &oid);
	else if (known_once)
		add_revision(&finding->row, known->revisions[0].repo_id,
			     &known->revisions[0].oid);
	return true;
}

static bool resolve_all(struct item_judge *judge, const struct judged_service *service,
			enum judging what, const GArray *findings, GError **error)
{
	for (guint i = 0; i < findings->len; i++) {
		struct finding *finding = finding_at(findings, i);
		g_autofree char *key = row_key(finding->row.external_id,
					       finding->row.attempt);

		if (!resolve(judge, g_hash_table_lookup(service->known, key), what,
			     finding, error))
			return false;
	}
	return true;
}

/* ---- what is not found any more ---- */

static void withhold(GArray *rows, const struct deployment_row *known)
{
	struct deployment_row row = *known;

	row.external_id = g_strdup(known->external_id);
	row.environment = g_strdup(known->environment);
	row.ref = g_strdup(known->ref);
	row.revisions = g_memdup2(known->revisions,
				  known->n_revisions * sizeof(*known->revisions));
	row.withheld = EXCLUSION_RULE;
	g_array_append_val(rows, row);
}

/* Moves the rows of findings to the end of rows; returns their keys. */
static GHashTable *take_rows(GArray *rows, const GArray *findings)
{
	GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < findings->len; i++) {
		struct finding *finding = finding_at(findings, i);

		g_hash_table_add(keys,
				 row_key(finding->row.external_id, finding->row.attempt));
		g_array_append_val(rows, finding->row);
		finding->row = (struct deployment_row){ 0 };
	}
	return keys;
}

/* Whether its run or job may have been deleted for its age: it was judged while it was
 * there. */
static bool is_past(const struct item_judge *judge, const struct deployment_row *known,
		    gint64 now)
{
	gint64 kept = judge->context->config->retention->runs_us;

	return kept > 0 && known->finished != INSTANT_NONE &&
	       known->finished < now - kept;
}

/* All that no rule finds any more. */
static void withhold_rest(const struct item_judge *judge,
			  const struct judged_service *service, GHashTable *found,
			  gint64 now, GArray *rows)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, service->known);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct deployment_row *known = value;

		if (known->withheld == EXCLUSION_NONE &&
		    !g_hash_table_contains(found, key) && !is_past(judge, known, now))
			withhold(rows, known);
	}
}

/* An item that was a deployment until it changed. */
static void withhold_item(const struct item_judge *judge,
			  const struct judged_service *service, const struct item *item,
			  GHashTable *found, GArray *rows)
{
	for (guint i = 0; i < service->rules->len; i++) {
		const struct judged_rule *rule = g_ptr_array_index(service->rules, i);
		const struct deployment_row *known;
		g_autofree char *id = NULL, *key = NULL;

		if (item_rule_match(rule->rule, judge->source->name, item) == MATCH_OTHER)
			continue;
		id = item_judge_external_id(service, rule, item);
		key = row_key(id, (gint32)CLAMP(item->attempt, 1, G_MAXINT32));
		known = g_hash_table_lookup(service->known, key);
		if (known && known->withheld == EXCLUSION_NONE &&
		    g_hash_table_add(found, g_steal_pointer(&key)))
			withhold(rows, known);
	}
}

/* ---- storing ---- */

static bool write_rows(struct item_judge *judge, struct judged_service *service,
		       GArray *rows, gsize *n_changed, GError **error)
{
	gsize n = 0;

	if (rows->len == 0)
		return true;
	if (!store_deployments_write(
		    judge->store, service->service_id, judge->source_id,
		    (const struct deployment_row *)(const void *)rows->data, rows->len,
		    &n, error))
		return false;
	*n_changed += n;
	for (guint i = 0; i < rows->len; i++)
		know_row(service, &g_array_index(rows, struct deployment_row, i));
	return true;
}

static void clear_row(void *row)
{
	deployment_row_clear(row);
}

static bool store_service(struct item_judge *judge, struct judged_service *service,
			  enum judging what, const GPtrArray *items, gint64 now,
			  gsize *n_changed, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct deployment_row));
	g_autoptr(GArray) findings = NULL;
	g_autoptr(GHashTable) found = NULL;

	g_array_set_clear_func(rows, clear_row);
	if (!item_judge_know(judge, service, error))
		return false;
	findings = find_all(judge, service, items, now);
	number(findings);
	if (!resolve_all(judge, service, what, findings, error))
		return false;
	found = take_rows(rows, findings);
	if (what == JUDGE_ALL)
		withhold_rest(judge, service, found, now, rows);
	for (guint i = 0; what == JUDGE_CHANGED && i < items->len; i++) {
		const struct item *item = g_ptr_array_index(items, i);

		if (!item_judge_rule(judge, service, item))
			withhold_item(judge, service, item, found, rows);
	}
	return write_rows(judge, service, rows, n_changed, error);
}

bool item_judge_store(struct item_judge *judge, enum judging what, const GPtrArray *items,
		      gint64 now, gsize *n_changed, GError **error)
{
	g_autoptr(GHashTable)
		runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) owned = items_new(), all = NULL;
	struct siblings siblings = { judge, runs, owned };

	if (what == JUDGE_CHANGED) {
		all = with_siblings(&siblings, items, error);
		if (!all)
			return false;
		items = all;
	}
	for (guint i = 0; i < judge->services->len; i++) {
		struct judged_service *service = g_ptr_array_index(judge->services, i);

		if ((service->rules->len > 0 || what == JUDGE_ALL) &&
		    !store_service(judge, service, what, items, now, n_changed, error))
			return false;
	}
	return true;
}
