#include "collector/evaluate_inside.h"

#include "base/error.h"
#include "base/instant.h"
#include "collector/definition.h"

static void evaluation_clear(struct evaluation *work)
{
	for (guint i = 0; work->deployments && i < work->deployments->len; i++)
		g_free((gpointer)g_array_index(work->deployments, struct deployment, i)
			       .revisions);
	g_clear_pointer(&work->deployments, g_array_unref);
	evaluate_changes_clear(work);
	g_clear_pointer(&work->groups, g_array_unref);
	service_rollouts_clear(&work->rollouts);
	for (unsigned i = 0; work->repos && i < work->service->n_components; i++)
		evaluate_repo_clear(&work->repos[i]);
	g_clear_pointer(&work->repos, g_free);
	g_clear_pointer(&work->views, g_free);
	g_clear_pointer(&work->digests, g_ptr_array_unref);
	g_clear_pointer(&work->kinds, g_free);
	g_clear_pointer(&work->ships, g_free);
	g_clear_pointer(&work->rows, deployment_rows_free);
	g_clear_pointer(&work->stored, rollout_rows_free);
	g_clear_pointer(&work->scope, scope_row_free);
}

static void load_groups(struct evaluation *work)
{
	work->groups = g_array_new(FALSE, TRUE, sizeof(struct rollout_group));
	for (unsigned i = 0; i < work->service->n_production; i++) {
		const struct config_group *group = &work->service->production[i];
		const struct rollout_group row = {
			.name = group->name,
			.environments = (const char *const *)group->environments,
			.n_environments = group->n_environments,
			.first = group->finished == FINISHED_FIRST,
		};

		g_array_append_val(work->groups, row);
	}
}

/* Rows of the store as facts, in the order of their natural keys: deployments that
 * finished at the same moment are told apart by that, never by which was stored first.
 * Repositories become indices of components; a revision of a repository that is no
 * component ships nothing of this service. */
static void load_deployments(struct evaluation *work)
{
	work->deployments = g_array_new(FALSE, TRUE, sizeof(struct deployment));
	g_array_sort(work->rows, deployment_row_order);
	for (guint i = 0; i < work->rows->len; i++) {
		const struct deployment_row *row = &g_array_index(
			work->rows, struct deployment_row, i);
		struct revision *revisions = g_new0(struct revision,
						    row->n_revisions + 1);
		struct deployment deployment = {
			.id = i,
			.environment = row->environment,
			.started = row->started,
			.finished = row->finished,
			.outcome = row->outcome,
			.withheld = row->withheld,
			.revisions = revisions,
		};

		for (guint j = 0; j < row->n_revisions; j++)
			for (guint k = 0; k < work->service->n_components; k++)
				if (work->repos[k].repo_id == row->revisions[j].repo_id) {
					revisions[deployment.n_revisions].repo = k;
					revisions[deployment.n_revisions].oid =
						row->revisions[j].oid;
					deployment.n_revisions++;
				}
		g_array_append_val(work->deployments, deployment);
	}
}

const struct rollout *evaluation_rollout(const struct evaluation *work, guint r)
{
	return &g_array_index(work->rollouts.rollouts, struct rollout, r);
}

gint64 evaluation_rollout_id(const struct evaluation *work, guint r)
{
	return g_array_index(work->rows, struct deployment_row,
			     evaluation_rollout(work, r)->deployment)
		.deployment_id;
}

static int text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A digest of the revisions of a rollout, in whatever order they were told, and of what
 * decides which of their commits count; the caller frees. */
static char *revisions_digest(const struct evaluation *work, guint r)
{
	const struct deployment *deployment = &g_array_index(
		work->deployments, struct deployment,
		evaluation_rollout(work, r)->deployment);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	for (guint i = 0; i < deployment->n_revisions; i++) {
		const struct revision *revision = &deployment->revisions[i];
		const struct evaluate_repo *repo = &work->repos[revision->repo];
		char hex[2 * OID_BYTES + 1], baseline[2 * OID_BYTES + 1] = "";

		oid_format(&revision->oid, hex);
		if (repo->baseline != GRAPH_NONE) {
			struct oid oid;

			graph_oid(&repo->graph, repo->baseline, &oid);
			oid_format(&oid, baseline);
		}
		g_ptr_array_add(lines, g_strdup_printf("%d %s %s %s\n", repo->repo_id,
						       hex, baseline,
						       repo->globs ? repo->globs : ""));
	}
	g_ptr_array_sort(lines, text_order);
	for (guint i = 0; i < lines->len; i++)
		g_checksum_update(sum, g_ptr_array_index(lines, i), -1);
	return g_strdup(g_checksum_get_string(sum));
}

/* Reads everything that decides, and derives the rollouts. */
static bool load(struct evaluation *work, GError **error)
{
	unsigned n = work->service->n_components;

	work->rows = store_deployments(work->store, work->scope->scope_id, 0, error);
	if (!work->rows)
		return false;
	work->stored = store_rollouts(work->store, work->scope->scope_id, error);
	if (!work->stored)
		return false;
	load_groups(work);
	work->repos = g_new0(struct evaluate_repo, n);
	work->views = g_new0(struct service_repo, n);
	for (unsigned i = 0; i < n; i++)
		if (!evaluate_repo_open(&work->repos[i], work->store, work->context,
					work->service, &work->service->components[i],
					work->rows, error))
			return false;
	load_deployments(work);
	for (unsigned i = 0; i < n; i++) {
		work->views[i].graph = &work->repos[i].graph;
		work->views[i].baseline = work->repos[i].baseline;
	}
	work->facts = (struct service_facts){
		.deployments =
			(const struct deployment *)(const void *)work->deployments->data,
		.n_deployments = work->deployments->len,
		.groups = (const struct rollout_group *)(const void *)work->groups->data,
		.n_groups = work->groups->len,
		.repos = work->views,
		.n_repos = n,
		.from_committed = work->service->commit_time != COMMIT_TIME_AUTHORED,
	};
	service_rollouts_derive(&work->facts, &work->rollouts);
	work->digests = g_ptr_array_new_with_free_func(g_free);
	for (guint r = 0; r < work->rollouts.rollouts->len; r++)
		g_ptr_array_add(work->digests, revisions_digest(work, r));
	work->kinds = g_new0(enum rollout_kind, work->rollouts.rollouts->len + 1);
	work->ships = g_new0(bool, work->rollouts.rollouts->len + 1);
	return evaluate_changes_load(work, error);
}

/*
 * How many of the derived rollouts are stored as they are, in order, with nothing that
 * could make their commits others: the rest can be attributed one by one. 0: start over.
 * A revision that was missing starts over, because later rollouts shipped what it will
 * ship.
 */
static guint stored_prefix(struct evaluation *work, bool same_definition)
{
	g_autoptr(GHashTable) stored = g_hash_table_new(g_int64_hash, g_int64_equal);
	guint n = work->stored->len;

	if (!same_definition || n > work->rollouts.rollouts->len)
		return 0;
	for (guint i = 0; i < n; i++) {
		struct rollout_row *row = &g_array_index(work->stored, struct rollout_row,
							 i);

		g_hash_table_insert(stored, &row->deployment_id, row);
	}
	for (guint r = 0; r < n; r++) {
		const struct rollout *rollout = evaluation_rollout(work, r);
		gint64 id = evaluation_rollout_id(work, r);
		const struct rollout_row *row = g_hash_table_lookup(stored, &id);

		if (!row || g_strcmp0(row->revisions, work->digests->pdata[r]) != 0 ||
		    row->finished != rollout->finished ||
		    row->kind == ROLLOUT_REVISION_MISSING ||
		    strcmp(row->environment, work->facts.groups[rollout->group].name) !=
			    0)
			return 0;
		work->kinds[r] = row->kind;
	}
	return n;
}

/* ---- shipping ---- */

/* The lead time of a commit from when its change was merged. */
static void lead_from_merge(const struct evaluation *work, const struct shipped *shipped,
			    struct shipped_row *row)
{
	struct commit_times times = row->times;

	if (row->excluded == EXCLUSION_BASELINE || row->excluded == EXCLUSION_MERGE)
		return;
	times.committed = evaluate_changes_merged(work, shipped->repo, shipped->pos);
	if (times.committed == INSTANT_NONE)
		return;
	row->excluded = lead_time_judge(ROLLOUT_NORMAL, 1, &times, row->finished, true,
					&row->lead);
	if (row->excluded == EXCLUSION_NONE &&
	    evaluation_leaves_out(work, shipped->repo, shipped->pos))
		row->excluded = EXCLUSION_RULE;
}

static struct shipped_row shipped_row(const struct evaluation *work,
				      const struct shipped *shipped,
				      const struct commit_times *times)
{
	const struct rollout *rollout = evaluation_rollout(work, shipped->rollout);
	struct shipped_row row = {
		.rollout_id = evaluation_rollout_id(work, shipped->rollout),
		.environment = work->facts.groups[rollout->group].name,
		.repo_id = work->repos[shipped->repo].repo_id,
		.finished = rollout->finished,
		.times = *times,
		.lead = shipped->lead,
		.excluded = shipped->excluded,
	};

	graph_oid(&work->repos[shipped->repo].graph, shipped->pos, &row.oid);
	if (work->service->commit_time == COMMIT_TIME_MERGED)
		lead_from_merge(work, shipped, &row);
	return row;
}

static bool ship_straight(const struct shipped *shipped, const struct commit_times *times,
			  void *user, GError **error)
{
	struct evaluation *work = user;
	struct shipped_row row = shipped_row(work, shipped, times);

	return store_shipped_add(work->store, &row, error);
}

/* All of them: what is known of commits is loaded as a whole, the outcome goes straight
 * into a COPY. */
static bool ship_whole(struct evaluation *work, gsize *n_changed, GError **error)
{
	const struct shipped_visitor visitor = { .visit = ship_straight, .user = work };

	for (unsigned i = 0; i < work->facts.n_repos; i++) {
		if (!evaluate_repo_load(&work->repos[i], work->store, error))
			return false;
		work->views[i].times = work->repos[i].times;
		work->views[i].touched = work->repos[i].touched;
	}
	return store_shipped_begin(work->store, work->scope->scope_id, true, error) &&
	       service_ship(&work->facts, &work->rollouts, 0, &visitor, work->kinds,
			    work->ships, error) &&
	       store_shipped_end(work->store, n_changed, error);
}

/* The outcome of a few rollouts, kept until the connection is free for a COPY. */
struct batch {
	struct evaluation *work;
	GArray *rows; /* of struct shipped_row */
};

static bool ship_batch(const struct shipped *shipped, const struct commit_times *times,
		       void *user, GError **error)
{
	struct batch *batch = user;
	struct shipped_row row = shipped_row(batch->work, shipped, times);

	(void)error;
	g_array_append_val(batch->rows, row);
	return true;
}

static bool batch_times(guint repo, const guint32 *positions, gsize n,
			struct commit_times *times, void *user, GError **error)
{
	const struct batch *batch = user;

	return evaluate_repo_times(&batch->work->repos[repo], batch->work->store,
				   positions, n, times, error);
}

static bool batch_touched(guint repo, const guint32 *positions, gsize n, bool *hit,
			  void *user, GError **error)
{
	const struct batch *batch = user;

	return evaluate_repo_touched(&batch->work->repos[repo], batch->work->store,
				     positions, n, hit, error);
}

/* Only rollouts from first on: at the cost of what they shipped. */
static bool ship_rest(struct evaluation *work, guint first, gsize *n_changed,
		      GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct shipped_row));
	struct batch batch = { work, rows };
	const struct shipped_visitor visitor = {
		.visit = ship_batch,
		.times_of = batch_times,
		.touched_of = batch_touched,
		.user = &batch,
	};

	if (!service_ship(&work->facts, &work->rollouts, first, &visitor, work->kinds,
			  work->ships, error))
		return false;
	if (rows->len == 0)
		return true;
	if (!store_shipped_begin(work->store, work->scope->scope_id, false, error))
		return false;
	for (guint i = 0; i < rows->len; i++)
		if (!store_shipped_add(work->store,
				       &g_array_index(rows, struct shipped_row, i),
				       error))
			return false;
	return store_shipped_end(work->store, n_changed, error);
}

static bool write_rollouts(struct evaluation *work, GError **error)
{
	guint n = work->rollouts.rollouts->len;
	g_autofree struct rollout_row *rows = g_new0(struct rollout_row, n + 1);
	g_autofree struct fate_row *fates = g_new0(struct fate_row,
						   work->facts.n_deployments + 1);

	for (guint r = 0; r < n; r++) {
		const struct rollout *rollout = evaluation_rollout(work, r);

		rows[r].deployment_id = evaluation_rollout_id(work, r);
		rows[r].environment = (char *)work->facts.groups[rollout->group].name;
		rows[r].finished = rollout->finished;
		rows[r].kind = work->kinds[r];
		rows[r].revisions = work->digests->pdata[r];
	}
	for (guint i = 0; i < work->facts.n_deployments; i++) {
		const struct deployment_fate *fate = &work->rollouts.fates[i];

		fates[i].deployment_id =
			g_array_index(work->rows, struct deployment_row, i).deployment_id;
		fates[i].rollout_id = fate->rollout < 0
					      ? 0
					      : evaluation_rollout_id(
							work, (guint)fate->rollout);
		fates[i].excluded = fate->excluded;
	}
	return store_rollouts_write(work->store, work->scope->scope_id, rows, n, fates,
				    work->facts.n_deployments, error);
}

/* When the first rollout finished or, if that was earlier, the first incident began;
 * INSTANT_NONE: there is neither. */
static gint64 beginning(const GArray *environments)
{
	gint64 first = INSTANT_NONE;

	for (guint i = 0; i < environments->len; i++) {
		const struct scope_environment *row = &g_array_index(
			environments, struct scope_environment, i);
		const gint64 times[] = { row->born, row->incidents_born };

		for (gsize k = 0; k < G_N_ELEMENTS(times); k++)
			if (times[k] != INSTANT_NONE &&
			    (first == INSTANT_NONE || times[k] < first))
				first = times[k];
	}
	return first;
}

/* Other definitions: every published number of the service is made anew, until now and
 * not only to the last rollout. evaluate_scope() finds them stored and makes no more than
 * what is dirty. */
static bool renew_definition(struct evaluation *work, const char *fingerprint,
			     const char *content, GError **error)
{
	guint n = work->rollouts.rollouts->len;
	gint64 last = n > 0 ? evaluation_rollout(work, n - 1)->finished : INSTANT_MIN;
	GArray *environments = NULL;
	gint32 definition_id;
	gint64 first;

	if (!store_definition(work->store, work->scope->scope_id, fingerprint, content,
			      &definition_id, error) ||
	    !(environments = store_scope_environments(work->store, work->scope->scope_id,
						      error)))
		return false;
	first = beginning(environments);
	scope_environments_free(environments);
	return first == INSTANT_NONE ||
	       store_dirty_add(work->store, work->scope->scope_id, first,
			       MAX(last, work->now) + 1, error);
}

/* Are there globs that the commits are not matched with yet? Everything waits for that
 * poll: nothing would seem to be touched. */
static bool is_matched(struct evaluation *work, bool *matched, GError **error)
{
	*matched = true;
	for (unsigned i = 0; *matched && i < work->service->n_components; i++)
		if (!evaluate_repo_is_matched(work->store, work->service,
					      &work->service->components[i], matched,
					      error))
			return false;
	return true;
}

static bool evaluate(struct evaluation *work, struct evaluate_result *result,
		     GError **error)
{
	g_autofree char *content = definition_of_scope(
		work->context->config, work->context->author_key, SCOPE_SERVICE,
		work->service->name, work->service->time_zone);
	g_autofree char *fingerprint = definition_fingerprint(content);
	bool same, matched;
	guint first;

	work->scope = store_scope_lock(work->store, SCOPE_SERVICE, work->service->name,
				       error);
	if (!work->scope)
		return false;
	same = g_strcmp0(work->scope->definition, fingerprint) == 0;
	if (same && !work->scope->attribution_due &&
	    !evaluate_state_is_due(work->scope, work->now))
		return true;
	if (!is_matched(work, &matched, error))
		return false;
	if (!matched)
		return true;
	if (!load(work, error))
		return false;
	result->changed = true;
	/* a change that is told late moves the lead time of what was shipped before */
	first = work->service->commit_time == COMMIT_TIME_MERGED
			? 0
			: stored_prefix(work, same);
	return (first == 0 ? ship_whole(work, &result->n_rows, error)
			   : ship_rest(work, first, &result->n_rows, error)) &&
	       write_rollouts(work, error) && evaluate_changes_ship(work, error) &&
	       evaluate_states(work, error) &&
	       (same || renew_definition(work, fingerprint, content, error)) &&
	       store_attribution_due(work->store, work->scope->scope_id, false, error);
}

bool evaluate_service(struct store *store, const struct work_context *context,
		      const struct config_service *service, gint64 now,
		      struct evaluate_result *result, GError **error)
{
	struct evaluation work = {
		.store = store, .context = context, .service = service, .now = now
	};
	bool ok;

	*result = (struct evaluate_result){ 0 };
	ok = store_begin(store, error) && evaluate(&work, result, error) &&
	     store_commit(store, error);
	if (!ok) {
		store_rollback(store);
		g_prefix_error(error, "service %s: ", service->name);
	}
	evaluation_clear(&work);
	return ok;
}
