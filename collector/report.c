#include "collector/report.h"

#include "base/instant.h"
#include "collector/poll_facts.h"
#include "collector/sources/git_rules.h"
#include "metrics/service.h"

void report_facts_clear(struct report_facts *facts)
{
	g_clear_pointer(&facts->rows, g_array_unref);
	g_clear_pointer(&facts->branch, g_free);
}

/* One report at work. */
struct reporting {
	const struct work_context *context;
	const struct config_git *git;
	const struct config_service *service;
	struct zone *zone;
	gint64 now;
	struct repo_state state;
	guint8 *touched;	    /* by position; NULL without globs */
	struct commit_times *times; /* by position */
	GArray *rows;		    /* of struct deployment_row */
	GArray *samples;	    /* of struct lead_sample */
	const struct rollout *rollouts;
	struct report_facts *facts;
};

static gint64 rule_committed(guint32 pos, void *user)
{
	const struct reporting *work = user;

	return work->times[pos].committed;
}

static bool rule_touches(guint32 pos, void *user)
{
	const struct reporting *work = user;

	return !work->touched || work->touched[pos];
}

static GBytes *rule_read_file(const struct oid *commit, const char *path, void *user,
			      GError **error)
{
	const struct reporting *work = user;
	bool missing = false;

	return mirror_read_file(work->state.mirror, commit, path, GIT_RULE_FILE_MAX,
				&missing, error);
}

static gint32 rule_repo_of(const char *name, void *user)
{
	const struct reporting *work = user;

	return strcmp(name, work->git->name) == 0 ? 1 : 0;
}

static void rule_notice(const char *text, void *user)
{
	const struct reporting *work = user;

	repo_notice(work->context, work->git, "%s", text);
}

/* The first rule that finds deployments. */
static bool apply_rules(struct reporting *work, GError **error)
{
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(struct deployment_row));
	const struct rule_input input = {
		.repo_id = 1,
		.graph = &work->state.graph->graph,
		.refs = work->state.refs,
		.head = work->state.head,
		.zone = work->zone,
		.known = none,
		.now = work->now,
		.committed = rule_committed,
		.touches = rule_touches,
		.read_file = rule_read_file,
		.repo_of = rule_repo_of,
		.notice = rule_notice,
		.user = work,
	};

	for (unsigned i = 0; i < work->service->n_deployments && work->rows->len == 0;
	     i++) {
		const struct config_rule *rule = &work->service->deployments[i];

		if (!git_rules_apply(&input, &rule, 1, work->rows, error))
			return false;
		work->facts->used_tags = rule->from == FROM_TAGS;
		if (rule->from == FROM_TRUNK && !work->facts->branch)
			work->facts->branch = g_strdup(
				rule->branch ? rule->branch
				: work->state.head
					? work->state.head + strlen("refs/heads/")
					: "?");
	}
	if (work->rows->len == 0 && work->service->n_deployments == 1 &&
	    work->facts->used_tags)
		rule_notice("no tag is a deployment: see which there are, and --tags and "
			    "--except",
			    work);
	return true;
}

static bool ship_one(const struct shipped *shipped, const struct commit_times *times,
		     void *user, GError **error)
{
	struct reporting *work = user;
	const struct lead_sample sample = {
		.finished = work->rollouts[shipped->rollout].finished,
		.lead = shipped->lead,
		.author = times->author,
	};

	(void)error;
	work->facts->excluded[shipped->excluded]++;
	if (shipped->excluded == EXCLUSION_NONE)
		g_array_append_val(work->samples, sample);
	return true;
}

static int sample_order(const void *a, const void *b)
{
	const struct lead_sample *x = a, *y = b;

	return (x->finished > y->finished) - (x->finished < y->finished);
}

/* What became of rollouts is for the daemon to find out: a report knows neither incidents
 * nor repairs, and a fail rate of 0 would be made up. */
static void keep_known(GArray *rows)
{
	guint n = 0;

	for (guint i = 0; i < rows->len; i++) {
		struct series_row row = g_array_index(rows, struct series_row, i);

		if (row.metric == METRIC_DEPLOYMENT_FREQUENCY ||
		    row.metric == METRIC_CHANGE_LEAD_TIME)
			g_array_index(rows, struct series_row, n++) = row;
	}
	g_array_set_size(rows, n);
}

static void sum_up(struct reporting *work, const GArray *rollouts, gint64 since)
{
	g_autofree struct rollout_sample *finishes = g_new0(struct rollout_sample,
							    rollouts->len + 1);
	struct series_input input = {
		.zone = work->zone,
		.born = INSTANT_NONE,
		.incidents_born = INSTANT_NONE,
		.now = work->now,
		.rollouts = finishes,
		.n_rollouts = rollouts->len,
		.minimum_authors = work->context->config->privacy->minimum_authors,
	};
	gint32 from;

	for (guint i = 0; i < rollouts->len; i++) {
		finishes[i].finished =
			g_array_index(rollouts, struct rollout, i).finished;
		finishes[i].previous = i ? finishes[i - 1].finished : INSTANT_NONE;
	}
	if (rollouts->len > 0)
		input.born = finishes[0].finished;
	g_array_sort(work->samples, sample_order);
	input.samples = (const struct lead_sample *)(const void *)work->samples->data;
	input.n_samples = work->samples->len;
	if (input.born == INSTANT_NONE)
		return;
	from = zone_local_day(work->zone, MAX(input.born, since));
	series_buckets(&input, from, zone_local_day(work->zone, work->now) + 1,
		       work->facts->rows);
	series_windows(&input, work->facts->rows);
	keep_known(work->facts->rows);
}

static bool attribute(struct reporting *work, gint64 since, GError **error)
{
	const struct config_component *component = &work->service->components[0];
	const struct config_group *group = &work->service->production[0];
	const struct shipped_visitor visitor = { .visit = ship_one, .user = work };
	g_autofree struct deployment *deployments = g_new0(struct deployment,
							   work->rows->len + 1);
	g_autofree struct revision *revisions = g_new0(struct revision,
						       work->rows->len + 1);
	g_autofree enum rollout_kind *kinds = NULL;
	struct rollout_group groups = { group->name,
					(const char *const *)group->environments,
					group->n_environments,
					group->finished == FINISHED_FIRST };
	struct service_repo repo = {
		.graph = &work->state.graph->graph,
		.times = work->times,
		.touched = work->touched,
		.baseline = GRAPH_NONE,
	};
	struct service_facts facts = {
		.deployments = deployments,
		.n_deployments = work->rows->len,
		.groups = &groups,
		.n_groups = 1,
		.repos = &repo,
		.n_repos = 1,
		.from_committed = work->service->commit_time == COMMIT_TIME_COMMITTED,
	};
	struct service_rollouts rollouts = { 0 };
	struct oid oid;
	bool ok;

	if (component->baseline &&
	    oid_parse(component->baseline, strlen(component->baseline), &oid))
		repo.baseline = graph_find(repo.graph, &oid);
	g_array_sort(work->rows, deployment_row_order);
	for (guint i = 0; i < work->rows->len; i++) {
		const struct deployment_row *row = &g_array_index(
			work->rows, struct deployment_row, i);

		revisions[i] = (struct revision){ 0, row->revisions[0].oid };
		deployments[i] = (struct deployment){
			.id = i,
			.environment = row->environment,
			.started = row->started,
			.finished = row->finished,
			.outcome = row->outcome,
			.withheld = row->withheld,
			.revisions = &revisions[i],
			.n_revisions = 1,
		};
	}
	service_rollouts_derive(&facts, &rollouts);
	for (guint i = 0; i < work->rows->len; i++)
		if (rollouts.fates[i].excluded != EXCLUSION_NONE)
			work->facts->excluded[rollouts.fates[i].excluded]++;
	kinds = g_new0(enum rollout_kind, rollouts.rollouts->len + 1);
	work->rollouts = (const struct rollout *)(const void *)rollouts.rollouts->data;
	ok = service_ship(&facts, &rollouts, 0, &visitor, kinds, NULL, error);
	work->facts->n_deployments = rollouts.rollouts->len;
	if (ok)
		sum_up(work, rollouts.rollouts, since);
	service_rollouts_clear(&rollouts);
	return ok;
}

/* Times and touched of positions, spread over the graph. */
static bool read_all(struct reporting *work, GError **error)
{
	const struct config_component *component = &work->service->components[0];
	const struct mirror_paths paths = { (const char *const *)component->paths,
					    component->n_paths };
	struct repo_state *state = &work->state;
	guint32 n = state->graph->graph.n;
	guint8 *touched = NULL;
	bool ok;

	if (!repo_state_read(state, work->context->author_key, NULL, NULL, NULL, error))
		return false;
	work->times = g_new(struct commit_times, MAX(n, 1));
	for (guint32 pos = 0; pos < n; pos++)
		work->times[pos] = (struct commit_times){ INSTANT_NONE, INSTANT_NONE, 0 };
	for (guint i = 0; i < state->positions->len; i++)
		work->times[g_array_index(state->positions, guint32, i)] =
			state->times[i];
	work->facts->n_commits = state->positions->len;
	if (paths.n == 0)
		return true;
	ok = repo_state_touched(state, &paths, 1, &touched, error);
	work->touched = g_malloc0(MAX(n, 1));
	for (guint i = 0; ok && i < state->positions->len; i++)
		work->touched[g_array_index(state->positions, guint32, i)] = touched[i];
	g_free(touched);
	return ok;
}

static bool collect(struct reporting *work, gint64 since, GError **error)
{
	_cleanup_(mirror_closep) struct mirror *mirror = NULL;
	g_autofree char *digest = NULL;

	work->zone = zone_open(work->service->time_zone, error);
	if (!work->zone)
		return false;
	mirror = repo_mirror_open(work->context, work->git, error);
	/* the listing tells which branch HEAD is */
	return mirror && mirror_list(mirror, &digest, error) &&
	       mirror_fetch(mirror, NULL, error) &&
	       repo_state_load(&work->state, mirror, NULL, error) &&
	       read_all(work, error) && apply_rules(work, error) &&
	       attribute(work, since, error);
}

bool report_collect(const struct work_context *context, gint64 now, gint64 since,
		    struct report_facts *facts, GError **error)
{
	struct reporting work = {
		.context = context,
		.git = &context->config->sources->git[0],
		.service = &context->config->services[0],
		.now = now,
		.rows = g_array_new(FALSE, TRUE, sizeof(struct deployment_row)),
		.samples = g_array_new(FALSE, FALSE, sizeof(struct lead_sample)),
		.facts = facts,
	};
	bool ok;

	g_array_set_clear_func(work.rows, (GDestroyNotify)deployment_row_clear);
	*facts = (struct report_facts){
		.rows = g_array_new(FALSE, FALSE, sizeof(struct series_row)),
	};
	ok = collect(&work, since, error);
	repo_state_clear(&work.state);
	g_free(work.touched);
	g_free(work.times);
	deployment_rows_free(work.rows);
	g_array_unref(work.samples);
	g_clear_pointer(&work.zone, zone_unref);
	return ok;
}
