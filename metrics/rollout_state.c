#include "metrics/rollout_state.h"

#include "base/cleanup.h"
#include "base/instant.h"
#include "metrics/rollout_evidence.h"

struct derivation {
	const struct state_facts *facts;
	struct rollout_state *states;
	GArray *failures;
	guint n_groups;
	guint *grouped; /* rollouts by group, there in order of finish */
	guint *begins;	/* n_groups + 1: where in grouped a group does */
	guint *places;	/* where in grouped a rollout is */
};

static void group_rollouts(struct derivation *all)
{
	const struct state_rollout *rollouts = all->facts->rollouts;
	guint n = all->facts->n_rollouts;
	g_autofree guint *ends = NULL;

	for (guint i = 0; i < n; i++)
		all->n_groups = MAX(all->n_groups, rollouts[i].group + 1);
	all->grouped = g_new(guint, (gsize)n + 1);
	all->places = g_new(guint, (gsize)n + 1);
	all->begins = g_new0(guint, (gsize)all->n_groups + 1);
	for (guint i = 0; i < n; i++)
		all->begins[rollouts[i].group + 1]++;
	for (guint g = 0; g < all->n_groups; g++)
		all->begins[g + 1] += all->begins[g];
	ends = g_memdup2(all->begins, ((gsize)all->n_groups + 1) * sizeof(*ends));
	for (guint i = 0; i < n; i++) {
		all->places[i] = ends[rollouts[i].group]++;
		all->grouped[all->places[i]] = i;
	}
}

static void derivation_clear(struct derivation *all)
{
	g_free(all->grouped);
	g_free(all->begins);
	g_free(all->places);
}

/* The place where the group of a rollout begins. */
static guint group_begin(const struct derivation *all, guint rollout)
{
	return all->begins[all->facts->rollouts[rollout].group];
}

static bool reaches(const struct derivation *all, guint newer, guint older)
{
	return all->facts->reaches(newer, older, all->facts->user);
}

static void add_failure(struct derivation *all, guint rollout, enum failure_method method,
			gint by, gint incident)
{
	struct failure failure = { rollout, method, by, incident };

	g_array_append_val(all->failures, failure);
}

/* ---- what a rollout was ---- */

/* Nobody can have gone back from what had not finished when he started. Only rollouts
 * that finished while this one ran are asked about, the latest first. */
static bool is_late(const struct derivation *all, guint rollout)
{
	gint64 started = all->facts->rollouts[rollout].started;

	/* A start in the year 1 is how some sources do not tell one. */
	if (!instant_is_plausible(started))
		return false;
	for (guint k = all->places[rollout]; k > group_begin(all, rollout); k--) {
		guint earlier = all->grouped[k - 1];

		if (all->facts->rollouts[earlier].finished <= started)
			return false;
		if (!reaches(all, rollout, earlier))
			return true;
	}
	return false;
}

static bool is_same(const struct derivation *all, guint a, guint b)
{
	const char *one = all->facts->rollouts[a].revision;

	return one && g_strcmp0(one, all->facts->rollouts[b].revision) == 0;
}

/* Branches do not reach each other, and yet one goes forward again to what a rollback
 * went back from: to what was deployed before it, after all that is in what is there now,
 * at the place live. */
static bool is_forward(const struct derivation *all, guint rollout, guint live)
{
	guint begin = group_begin(all, rollout), k = live;

	while (k > begin && (all->states[all->grouped[k]].nature == NATURE_REDEPLOY ||
			     all->states[all->grouped[k]].nature == NATURE_LATE))
		k--;
	if (all->states[all->grouped[k]].nature != NATURE_ROLLBACK)
		return false;
	for (; k > begin && !reaches(all, all->grouped[live], all->grouped[k - 1]); k--)
		if (is_same(all, rollout, all->grouped[k - 1]))
			return true;
	return false;
}

/* What is no news went back only if it is behind what was there before it, a slower
 * pipeline's aside: it may also go forward again after a rollback. */
static enum rollout_nature nature_of_older(const struct derivation *all, guint rollout)
{
	guint begin = group_begin(all, rollout), k = all->places[rollout];

	while (k > begin && all->states[all->grouped[k - 1]].nature == NATURE_LATE)
		k--;
	if (k == begin)
		return NATURE_BASELINE;
	return reaches(all, rollout, all->grouped[k - 1]) ||
			       is_forward(all, rollout, k - 1)
		       ? NATURE_REDEPLOY
		       : NATURE_ROLLBACK;
}

/* Those before it are known. */
static enum rollout_nature nature_of(const struct derivation *all, guint rollout)
{
	switch (all->facts->rollouts[rollout].kind) {
	case ROLLOUT_BASELINE:
		return NATURE_BASELINE;
	case ROLLOUT_REDEPLOY:
		return NATURE_REDEPLOY;
	case ROLLOUT_REVISION_MISSING:
		return all->facts->rollouts[rollout].ships ? NATURE_NORMAL
							   : NATURE_REVISION_MISSING;
	case ROLLOUT_OLDER:
		return is_late(all, rollout) ? NATURE_LATE
					     : nature_of_older(all, rollout);
	case ROLLOUT_NORMAL:
	case N_ROLLOUT_KINDS:
		break;
	}
	return NATURE_NORMAL;
}

/* What a rollback went behind failed: all after the latest that it reaches. */
static void mark_rolled_back(struct derivation *all, guint rollback)
{
	guint begin = group_begin(all, rollback), end = all->places[rollback], k = end;

	while (k > begin && !reaches(all, rollback, all->grouped[k - 1]))
		k--;
	if (k == begin && end > begin)
		k = end - 1;
	for (; k < end; k++)
		add_failure(all, all->grouped[k], FAILURE_ROLLBACK, (gint)rollback, -1);
}

/* ---- repairs ---- */

/* The rollout before one, -1; but what went back, and was deployed again, is whole, and
 * stands where what it went back from was broken. */
static gint broken_before(const struct derivation *all, guint rollout)
{
	guint begin = group_begin(all, rollout), k = all->places[rollout];

	while (k > begin) {
		guint j = k - 1;

		while (j > begin &&
		       all->facts->rollouts[all->grouped[j]].kind == ROLLOUT_REDEPLOY)
			j--;
		if (all->states[all->grouped[j]].nature != NATURE_ROLLBACK)
			return (gint)all->grouped[k - 1];
		k = j;
	}
	return -1;
}

/* The rollout that a repair shows to have failed; -1: none. */
static gint repaired(const struct derivation *all, const struct repair *repair)
{
	if (repair->target == REPAIR_BEFORE)
		return broken_before(all, repair->rollout);
	/* The baseline brought all history, old faults with it; and what is repaired
	 * before it was deployed never reached users alone. */
	if (repair->target < 0 || (guint)repair->target >= repair->rollout ||
	    all->facts->rollouts[repair->target].kind == ROLLOUT_BASELINE)
		return -1;
	return repair->target;
}

static void mark_repaired(struct derivation *all, const struct repair *repair)
{
	struct rollout_state *state = &all->states[repair->rollout];
	gint target = repaired(all, repair);

	/* What brings nothing new repairs nothing: a hotfix that is deployed again, or by
	 * a slower pipeline, would fail itself. */
	if (state->nature != NATURE_NORMAL && state->nature != NATURE_ROLL_FORWARD &&
	    state->nature != NATURE_HOTFIX)
		return;
	state->unplanned = true;
	/* Told to be both, which one rule alone never says, it is a hotfix, in whatever
	 * order that is told. */
	if (repair->hotfix)
		state->nature = NATURE_HOTFIX;
	else if (state->nature == NATURE_NORMAL)
		state->nature = NATURE_ROLL_FORWARD;
	if (target >= 0)
		add_failure(all, (guint)target,
			    repair->hotfix ? FAILURE_HOTFIX : FAILURE_ROLL_FORWARD,
			    (gint)repair->rollout, -1);
}

/* ---- incidents ---- */

/* How many of n rollouts had finished at an instant. grouped: their indices; NULL: they
 * are the first n. */
static guint n_finished(const struct state_rollout *rollouts, const guint *grouped,
			guint n, gint64 at)
{
	guint low = 0, high = n;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (rollouts[grouped ? grouped[middle] : middle].finished <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The latest rollout of an incident's groups that had finished when it began; -1. */
static gint latest_before(const struct derivation *all,
			  const struct state_incident *incident)
{
	const struct state_facts *facts = all->facts;
	gint latest = -1;

	if (incident->groups == STATE_GROUPS_ANY)
		return (gint)n_finished(facts->rollouts, NULL, facts->n_rollouts,
					incident->started) -
		       1;
	for (guint g = 0; g < all->n_groups; g++) {
		const guint *grouped = all->grouped + all->begins[g];
		guint n;

		if (!state_groups_have(incident->groups, g))
			continue;
		n = n_finished(facts->rollouts, grouped,
			       all->begins[g + 1] - all->begins[g], incident->started);
		if (n > 0)
			latest = MAX(latest, (gint)grouped[n - 1]);
	}
	return latest;
}

static struct incident_link link_of(const struct derivation *all,
				    const struct state_incident *incident)
{
	gint latest;

	if (incident->named_by != LINK_NONE && incident->named >= 0)
		return (struct incident_link){ incident->named, incident->named_by };
	latest = incident->elsewhere ? -1 : latest_before(all, incident);
	if (latest >= 0 && incident->started - all->facts->rollouts[latest].finished <
				   all->facts->window)
		return (struct incident_link){ latest, LINK_WINDOW };
	return (struct incident_link){ -1, LINK_NONE };
}

static void link_incidents(struct derivation *all, struct incident_link *links)
{
	for (guint i = 0; i < all->facts->n_incidents; i++) {
		const struct state_incident *incident = &all->facts->incidents[i];

		links[i] = link_of(all, incident);
		if (links[i].rollout >= 0)
			add_failure(all, (guint)links[i].rollout, FAILURE_INCIDENT, -1,
				    (gint)i);
		if (incident->fix >= 0)
			all->states[incident->fix].unplanned = true;
	}
}

void rollout_states_derive(const struct state_facts *facts, struct rollout_state *states,
			   struct incident_link *links, GArray *failures)
{
	_cleanup_(derivation_clear) struct derivation all = { .facts = facts,
							      .states = states,
							      .failures = failures };
	guint from = failures->len;

	group_rollouts(&all);
	for (guint i = 0; i < facts->n_rollouts; i++) {
		gint64 until = facts->rollouts[i].finished + facts->window;

		states[i] = (struct rollout_state){
			.nature = nature_of(&all, i),
			.state = facts->now < until ? CHANGE_PENDING : CHANGE_OK,
			.pending_until = until,
			.recovered = INSTANT_NONE,
		};
		if (states[i].nature == NATURE_ROLLBACK) {
			states[i].unplanned = true;
			mark_rolled_back(&all, i);
		}
	}
	for (guint i = 0; i < facts->n_repairs; i++)
		mark_repaired(&all, &facts->repairs[i]);
	link_incidents(&all, links);
	failures_sort(failures, from);
	failures_apply(failures, from, facts, states);
}
