#include "collector/evaluate_inside.h"

#include "base/instant.h"

/* ---- the same for metrics/ ---- */

static struct state_rollout *state_rollouts(const struct evaluation *work)
{
	guint n = work->rollouts.rollouts->len;
	struct state_rollout *rows = g_new0(struct state_rollout, n + 1);

	for (guint r = 0; r < n; r++) {
		const struct rollout *rollout = evaluation_rollout(work, r);

		rows[r] = (struct state_rollout){
			.group = rollout->group,
			.started = work->facts.deployments[rollout->deployment].started,
			.finished = rollout->finished,
			.revision = work->digests->pdata[r],
			.kind = work->kinds[r],
			.ships = work->ships[r],
		};
	}
	return rows;
}

static GArray *state_incidents(const GArray *incidents, GArray *of)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct state_incident));

	for (guint i = 0; i < incidents->len; i++) {
		const struct evaluate_incident *incident = &g_array_index(
			incidents, struct evaluate_incident, i);
		const struct state_incident row = {
			.groups = incident->groups,
			.started = incident->started,
			.restored = incident->restored,
			.named = incident->named,
			.named_by = incident->named_by,
			.fix = incident->fix,
			.elsewhere = incident->elsewhere,
		};

		if (incident->excluded)
			continue;
		g_array_append_val(rows, row);
		g_array_append_val(of, i);
	}
	return rows;
}

static bool reaches(guint newer, guint older, void *user)
{
	const struct evaluation *work = user;
	guint n_repos = work->facts.n_repos, shared = 0;

	for (guint i = 0; i < n_repos; i++) {
		gsize a = (gsize)newer * n_repos + i, b = (gsize)older * n_repos + i;

		if (!work->rollouts.has[a] || !work->rollouts.has[b])
			continue;
		shared++;
		if (work->rollouts.positions[a] == GRAPH_NONE ||
		    work->rollouts.positions[b] == GRAPH_NONE ||
		    !graph_reaches(work->facts.repos[i].graph,
				   work->rollouts.positions[a],
				   work->rollouts.positions[b]))
			return false;
	}
	return shared > 0;
}

/* ---- windows ---- */

bool evaluate_in_a_window(const struct evaluation *work, gint64 started)
{
	guint low = 0, high = work->rollouts.rollouts->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (evaluation_rollout(work, middle)->finished <= started)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && started - evaluation_rollout(work, low - 1)->finished <
				  work->service->failure_window_us;
}

/* ---- rows for the store ---- */

struct derived {
	const GArray *incidents; /* of struct evaluate_incident */
	GArray *of;		 /* guint: which of them each that counts is */
	struct rollout_state *states;
	struct incident_link *links; /* as of */
	GArray *failures;	     /* of struct failure */
	const GPtrArray *because;    /* as evaluate_repairs() */
};

static void look_again(gint64 *due, gint64 at, gint64 now)
{
	if (at != INSTANT_NONE && at > now && (*due == INSTANT_NONE || at < *due))
		*due = at;
}

/* When it is not known any more that it is pending, or what is told of the future is of
 * the past. */
static gint64 due_of(const struct evaluation *work, const struct derived *derived)
{
	gint64 due = INSTANT_NONE;

	for (guint r = 0; r < work->rollouts.rollouts->len; r++) {
		const struct rollout_state *state = &derived->states[r];

		if (state->state == CHANGE_PENDING)
			look_again(&due, state->pending_until, G_MININT64);
		if (state->state == CHANGE_FAILED)
			look_again(&due, state->recovered, work->now);
	}
	for (guint i = 0; i < derived->incidents->len; i++) {
		const struct evaluate_incident *incident = &g_array_index(
			derived->incidents, struct evaluate_incident, i);

		if (incident->excluded)
			continue;
		look_again(&due, incident->started, work->now);
		look_again(&due, incident->restored, work->now);
	}
	return due;
}

/* Why a rollout is unplanned, in words; NULL: it is not. The caller frees. */
static char *why_unplanned(const struct derived *derived, guint rollout)
{
	const struct rollout_state *state = &derived->states[rollout];
	GString *words;

	if (!state->unplanned)
		return NULL;
	words = g_string_new(
		state->nature == NATURE_ROLLBACK ? "back to an earlier revision" : NULL);
	if (state->nature == NATURE_ROLL_FORWARD || state->nature == NATURE_HOTFIX)
		g_string_append(words, derived->because->pdata[rollout]);
	for (guint i = 0; i < derived->of->len; i++) {
		const struct evaluate_incident *incident = &g_array_index(
			derived->incidents, struct evaluate_incident,
			g_array_index(derived->of, guint, i));

		if (incident->fix == (gint)rollout)
			g_string_append_printf(words, "%sthe fix of incident %s of %s",
					       words->len > 0 ? "; " : "",
					       incident->key.id, incident->source);
	}
	return g_string_free(words, FALSE);
}

static bool write_states(struct evaluation *work, const struct derived *derived,
			 GError **error)
{
	guint n = work->rollouts.rollouts->len, n_failures = derived->failures->len;
	g_autofree struct rollout_state_row *rows = g_new0(struct rollout_state_row,
							   n + 1);
	g_autofree struct failure_row *failures = g_new0(struct failure_row,
							 n_failures + 1);
	const gint64 before = work->scope->state_due;
	bool good;

	for (guint r = 0; r < n; r++) {
		const struct rollout *rollout = evaluation_rollout(work, r);

		rows[r] = (struct rollout_state_row){
			.rollout_id = evaluation_rollout_id(work, r),
			.environment = work->facts.groups[rollout->group].name,
			.finished = rollout->finished,
			.state = derived->states[r],
			.because = why_unplanned(derived, r),
		};
	}
	for (guint i = 0; i < n_failures; i++) {
		const struct failure *failure = &g_array_index(derived->failures,
							       struct failure, i);

		failures[i].rollout_id = evaluation_rollout_id(work, failure->rollout);
		failures[i].method = failure->method;
		if (failure->by >= 0)
			failures[i].by_rollout_id = evaluation_rollout_id(
				work, (guint)failure->by);
		if (failure->incident >= 0)
			failures[i].incident = g_array_index(
						       derived->incidents,
						       struct evaluate_incident,
						       g_array_index(derived->of, guint,
								     failure->incident))
						       .key;
	}
	good = store_states_write(work->store, work->scope->scope_id, rows, n, failures,
				  n_failures, work->now, error);
	for (guint r = 0; r < n; r++)
		g_free(rows[r].because);
	return good &&
	       (before == INSTANT_NONE || before > work->now ||
		store_states_pass(work->store, work->scope->scope_id, before, work->now,
				  error)) &&
	       store_state_due(work->store, work->scope->scope_id, due_of(work, derived),
			       error);
}

/* One row for each group that the incident is about; the link is shown in the group of
 * the rollout. */
static void add_rows(const struct evaluation *work,
		     const struct evaluate_incident *incident,
		     const struct incident_link *link, GArray *rows)
{
	for (guint g = 0; g < work->facts.n_groups; g++) {
		struct service_incident_row row = {
			.environment = work->facts.groups[g].name,
			.incident = incident->key,
			.started = incident->started,
			.restored = incident->restored,
			.excluded = incident->excluded,
			.others = incident->others,
			.evidence = incident->elsewhere ? incident->evidence : NULL,
		};

		if (!state_groups_have(incident->groups, g))
			continue;
		if (link && link->rollout >= 0 &&
		    evaluation_rollout(work, (guint)link->rollout)->group == g) {
			row.rollout_id = evaluation_rollout_id(work,
							       (guint)link->rollout);
			row.method = link->method;
			row.evidence = link->method == LINK_WINDOW ? NULL
								   : incident->evidence;
		}
		g_array_append_val(rows, row);
	}
}

static bool write_incidents(struct evaluation *work, const struct derived *derived,
			    GError **error)
{
	g_autoptr(GArray)
		rows = g_array_new(FALSE, FALSE, sizeof(struct service_incident_row));
	guint next = 0;

	for (guint i = 0; i < derived->incidents->len; i++) {
		const struct evaluate_incident *incident = &g_array_index(
			derived->incidents, struct evaluate_incident, i);
		const struct incident_link *link = incident->excluded
							   ? NULL
							   : &derived->links[next++];

		add_rows(work, incident, link, rows);
	}
	return store_service_incidents_write(work->store, work->scope->scope_id,
					     (const void *)rows->data, rows->len,
					     work->now, error);
}

bool evaluate_states(struct evaluation *work, GError **error)
{
	guint n = work->rollouts.rollouts->len;
	GArray *incidents = evaluate_incidents_load(work, error);
	g_autoptr(GArray) of = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) facts = incidents ? state_incidents(incidents, of) : NULL;
	g_autoptr(GArray) repairs = NULL;
	g_autoptr(GPtrArray) because = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct failure));
	g_autofree struct state_rollout *rollouts = NULL;
	g_autofree struct rollout_state *states = g_new0(struct rollout_state, n + 1);
	g_autofree struct incident_link *links = NULL;
	struct derived derived = { incidents, of, states, NULL, failures, because };
	bool good;

	if (!incidents)
		return false;
	repairs = evaluate_repairs(work, because);
	rollouts = state_rollouts(work);
	links = g_new0(struct incident_link, facts->len + 1);
	derived.links = links;
	rollout_states_derive(
		&(struct state_facts){
			.rollouts = rollouts,
			.n_rollouts = n,
			.repairs = (const void *)repairs->data,
			.n_repairs = repairs->len,
			.incidents = (const void *)facts->data,
			.n_incidents = facts->len,
			.window = work->service->failure_window_us,
			.now = work->now,
			.reaches = reaches,
			.user = work,
		},
		states, links, failures);
	good = write_states(work, &derived, error) &&
	       write_incidents(work, &derived, error);
	g_array_unref(incidents);
	return good;
}
