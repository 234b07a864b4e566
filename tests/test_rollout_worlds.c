#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "metrics/rollout_state.h"

/* Random services against the words of docs/metrics.md, taken one by one, with no thought
 * of speed. */

#define MAX_ROLLOUTS 14
#define MAX_FACTS 8
#define T0 (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)

struct world {
	guint32 revisions[MAX_ROLLOUTS]; /* a set of commits; 0: missing */
	char names[MAX_ROLLOUTS][8];
	struct state_rollout rollouts[MAX_ROLLOUTS];
	struct repair repairs[MAX_FACTS];
	struct state_incident incidents[MAX_FACTS];
	struct state_facts facts;
};

static bool has_reached(const struct world *world, guint newer, guint older)
{
	guint32 from = world->revisions[newer], to = world->revisions[older];

	return from && to && (to & ~from) == 0;
}

static bool reaches(guint newer, guint older, void *user)
{
	const struct world *world = user;

	ck_assert(world->rollouts[newer].kind == ROLLOUT_OLDER ||
		  world->rollouts[newer].kind == ROLLOUT_REDEPLOY);
	ck_assert_uint_eq(world->rollouts[newer].group, world->rollouts[older].group);
	return has_reached(world, newer, older);
}

/* ---- random services ---- */

static gint32 dice(GRand *rand, gint32 sides)
{
	return g_rand_int_range(rand, 0, sides);
}

static enum rollout_kind kind_of(const struct world *world, guint i)
{
	guint32 reached = 0, before = 0;

	for (guint k = 0; k < i; k++) {
		if (world->rollouts[k].group != world->rollouts[i].group)
			continue;
		before = world->revisions[k];
		reached |= before;
	}
	if (world->revisions[i] == 0)
		return ROLLOUT_REVISION_MISSING;
	if (reached == 0)
		return ROLLOUT_BASELINE;
	if ((world->revisions[i] & ~reached) != 0)
		return ROLLOUT_NORMAL;
	return before == world->revisions[i] ? ROLLOUT_REDEPLOY : ROLLOUT_OLDER;
}

static void make_rollouts(struct world *world, GRand *rand)
{
	gint32 n_groups = 1 + dice(rand, 3);
	gint64 at = 0;

	world->facts.n_rollouts = (guint)dice(rand, MAX_ROLLOUTS + 1);
	for (guint i = 0; i < world->facts.n_rollouts; i++) {
		struct state_rollout *rollout = &world->rollouts[i];

		at += dice(rand, 4) * dice(rand, 4);
		*rollout = (struct state_rollout){
			.group = (guint)dice(rand, n_groups),
			.started = dice(rand, 4) ? T0 + at - dice(rand, 20) + 1
						 : INSTANT_NONE,
			.finished = T0 + at,
		};
		/* Mostly a line, at times a fork of it or something missing. */
		world->revisions[i] = (2u << dice(rand, 6)) - 1;
		if (dice(rand, 5) == 0)
			world->revisions[i] ^= 1u << dice(rand, 6);
		if (dice(rand, 12) == 0)
			world->revisions[i] = 0;
		g_snprintf(world->names[i], sizeof(world->names[i]), "%x",
			   world->revisions[i]);
		rollout->revision = world->names[i];
		rollout->kind = kind_of(world, i);
	}
}

static void make_facts(struct world *world, GRand *rand)
{
	gint32 n = (gint32)world->facts.n_rollouts;

	world->facts.n_repairs = n ? (guint)dice(rand, MAX_FACTS + 1) : 0;
	for (guint i = 0; i < world->facts.n_repairs; i++)
		world->repairs[i] = (struct repair){
			.rollout = (guint)dice(rand, n),
			.hotfix = dice(rand, 2),
			.target = dice(rand, n + 2) + REPAIR_NOBODY,
		};
	world->facts.n_incidents = (guint)dice(rand, MAX_FACTS + 1);
	for (guint i = 0; i < world->facts.n_incidents; i++) {
		struct state_incident *incident = &world->incidents[i];

		*incident = (struct state_incident){
			.groups = dice(rand, 3) ? (guint64)dice(rand, 16)
						: STATE_GROUPS_ANY,
			.started = T0 + dice(rand, 60) - 5,
			.restored = dice(rand, 5) ? T0 + dice(rand, 60) : INSTANT_NONE,
			.named = -1,
			.fix = n && dice(rand, 4) == 0 ? dice(rand, n) : -1,
			.elsewhere = dice(rand, 8) == 0,
		};
		if (n && dice(rand, 3) == 0) {
			incident->named = dice(rand, n);
			incident->named_by = LINK_CHANGE + (guint)dice(rand, 3);
		}
	}
}

/* ---- what the words say ---- */

static bool same_group(const struct world *world, guint a, guint b)
{
	return world->rollouts[a].group == world->rollouts[b].group;
}

/* "the rollout before it in its group" */
static gint said_before(const struct world *world, guint i)
{
	gint before = -1;

	for (guint k = 0; k < i; k++)
		if (same_group(world, k, i))
			before = (gint)k;
	return before;
}

/* "its deployment started before a rollout had finished whose revision it does not reach"
 */
static bool said_late(const struct world *world, guint i)
{
	for (guint k = 0; k < i; k++)
		if (same_group(world, k, i) &&
		    world->rollouts[i].started != INSTANT_NONE &&
		    world->rollouts[i].started < world->rollouts[k].finished &&
		    !has_reached(world, i, k))
			return true;
	return false;
}

static bool has_repair(const struct world *world, guint i, bool hotfix)
{
	for (guint k = 0; k < world->facts.n_repairs; k++)
		if (world->repairs[k].rollout == i && world->repairs[k].hotfix == hotfix)
			return true;
	return false;
}

/* "the latest before it that is not late": -1 where there is none. */
static gint said_live(const struct world *world, guint i)
{
	gint live = -1;

	for (guint k = 0; k < i; k++)
		if (same_group(world, k, i) &&
		    !(world->rollouts[k].kind == ROLLOUT_OLDER && said_late(world, k)))
			live = (gint)k;
	return live;
}

static enum rollout_nature said_nature(const struct world *world, guint i);

/* "since a rollback there were only redeploys and late ones, and it has the very
 * revisions of a rollout before that, later there than any that the latest not late one
 * reaches" */
static bool said_forward(const struct world *world, guint i)
{
	guint live = (guint)said_live(world, i), back = live;
	bool found = false;

	while (said_nature(world, back) == NATURE_REDEPLOY ||
	       said_nature(world, back) == NATURE_LATE)
		back = (guint)said_before(world, back);
	if (said_nature(world, back) != NATURE_ROLLBACK)
		return false;
	for (guint k = 0; k < back; k++)
		if (same_group(world, k, i)) {
			found = found || world->revisions[k] == world->revisions[i];
			found = found && !has_reached(world, live, k);
		}
	return found;
}

/* The table of kinds, row by row. */
static enum rollout_nature said_nature(const struct world *world, guint i)
{
	enum rollout_kind kind = world->rollouts[i].kind;

	if (kind == ROLLOUT_REVISION_MISSING)
		return NATURE_REVISION_MISSING;
	if (kind == ROLLOUT_BASELINE)
		return NATURE_BASELINE;
	if (kind == ROLLOUT_REDEPLOY)
		return NATURE_REDEPLOY;
	if (kind == ROLLOUT_OLDER && said_late(world, i))
		return NATURE_LATE;
	if (kind == ROLLOUT_OLDER && said_live(world, i) < 0)
		return NATURE_BASELINE;
	if (kind == ROLLOUT_OLDER &&
	    (has_reached(world, i, (guint)said_live(world, i)) || said_forward(world, i)))
		return NATURE_REDEPLOY;
	if (kind == ROLLOUT_OLDER)
		return NATURE_ROLLBACK;
	if (has_repair(world, i, true))
		return NATURE_HOTFIX;
	if (has_repair(world, i, false))
		return NATURE_ROLL_FORWARD;
	return NATURE_NORMAL;
}

/* "goes back to the latest earlier rollout whose revision it has or has reached; every
 * rollout between that one and the rollback failed. If there is no such rollout, only the
 * one just before" */
static bool said_rolled_back(const struct world *world, guint failed, guint by)
{
	gint target = -1;

	if (by <= failed || !same_group(world, failed, by) ||
	    said_nature(world, by) != NATURE_ROLLBACK)
		return false;
	for (guint k = 0; k < by; k++)
		if (same_group(world, k, by) && has_reached(world, by, k))
			target = (gint)k;
	if (target < 0)
		return said_before(world, by) == (gint)failed;
	return (gint)failed > target;
}

/* "the rollout before it in its group is repaired; if that went back, or deployed again
 * what had, the one before the rollback instead" */
static gint said_broken(const struct world *world, guint i)
{
	gint broken = said_before(world, i), first = broken;

	while (first >= 0 && world->rollouts[first].kind == ROLLOUT_REDEPLOY)
		first = said_before(world, (guint)first);
	if (first < 0 || said_nature(world, (guint)first) != NATURE_ROLLBACK)
		return broken;
	return said_broken(world, (guint)first);
}

static bool said_repaired(const struct world *world, guint failed, guint by, bool hotfix)
{
	enum rollout_nature nature = said_nature(world, by);

	if (nature != NATURE_HOTFIX && nature != NATURE_ROLL_FORWARD)
		return false;
	for (guint k = 0; k < world->facts.n_repairs; k++) {
		const struct repair *repair = &world->repairs[k];

		if (repair->rollout != by || repair->hotfix != hotfix)
			continue;
		if (repair->target == REPAIR_BEFORE &&
		    said_broken(world, by) == (gint)failed)
			return true;
		if (repair->target == (gint)failed && failed < by &&
		    world->rollouts[failed].kind != ROLLOUT_BASELINE)
			return true;
	}
	return false;
}

static struct incident_link said_link(const struct world *world, guint i)
{
	const struct state_incident *incident = &world->incidents[i];
	struct incident_link link = { -1, LINK_NONE };

	if (incident->named_by != LINK_NONE)
		return (struct incident_link){ incident->named, incident->named_by };
	for (guint k = 0; k < world->facts.n_rollouts && !incident->elsewhere; k++)
		if (state_groups_have(incident->groups, world->rollouts[k].group) &&
		    world->rollouts[k].finished <= incident->started)
			link = (struct incident_link){ (gint)k, LINK_WINDOW };
	if (link.rollout < 0 ||
	    incident->started - world->rollouts[link.rollout].finished >=
		    world->facts.window)
		return (struct incident_link){ -1, LINK_NONE };
	return link;
}

static bool said_failed(const struct world *world, const struct failure *failure)
{
	guint by = (guint)failure->by;

	switch (failure->method) {
	case FAILURE_INCIDENT:
		return failure->by < 0 && failure->incident >= 0 &&
		       said_link(world, (guint)failure->incident).rollout ==
			       (gint)failure->rollout;
	case FAILURE_ROLLBACK:
		return failure->by >= 0 && failure->incident < 0 &&
		       said_rolled_back(world, failure->rollout, by);
	case FAILURE_ROLL_FORWARD:
	case FAILURE_HOTFIX:
		return failure->by >= 0 && failure->incident < 0 &&
		       said_repaired(world, failure->rollout, by,
				     failure->method == FAILURE_HOTFIX);
	case N_FAILURE_METHODS:
		break;
	}
	return false;
}

/* Every piece of evidence that there could be, in the order asked for. */
static GArray *said_failures(const struct world *world)
{
	GArray *failures = g_array_new(FALSE, FALSE, sizeof(struct failure));
	gint n = (gint)world->facts.n_rollouts, n_incidents;

	n_incidents = (gint)world->facts.n_incidents;
	for (gint rollout = 0; rollout < n; rollout++)
		for (int method = 0; method < N_FAILURE_METHODS; method++)
			for (gint by = -1; by < n; by++)
				for (gint i = -1; i < n_incidents; i++) {
					struct failure failure = {
						(guint)rollout,
						(enum failure_method)method, by, i
					};

					if (said_failed(world, &failure))
						g_array_append_val(failures, failure);
				}
	return failures;
}

/* "recovered when the last of the incidents linked to it was restored (it is open as long
 * as one is); with none linked, when the first rollback or repair that marked it
 * finished" */
static gint64 said_recovery(const struct world *world, const GArray *failures, guint i)
{
	gint64 restored = G_MININT64, repaired = G_MAXINT64;
	bool any = false, open = false;

	for (guint k = 0; k < failures->len; k++) {
		const struct failure *failure = &g_array_index(failures, struct failure,
							       k);

		if (failure->rollout != i)
			continue;
		if (failure->incident >= 0) {
			gint64 end = world->incidents[failure->incident].restored;

			any = true;
			open = open || end == INSTANT_NONE;
			restored = MAX(restored, end);
		} else {
			repaired = MIN(repaired, world->rollouts[failure->by].finished);
		}
	}
	if (any)
		return open ? INSTANT_NONE : restored;
	return repaired;
}

static struct rollout_state said_state(const struct world *world, const GArray *failures,
				       guint i)
{
	gint64 finished = world->rollouts[i].finished;
	struct rollout_state state = {
		.nature = said_nature(world, i),
		.state = CHANGE_OK,
		.pending_until = finished + world->facts.window,
		.recovered = INSTANT_NONE,
	};

	if (world->facts.now < state.pending_until)
		state.state = CHANGE_PENDING;
	for (guint k = 0; k < failures->len; k++)
		if (g_array_index(failures, struct failure, k).rollout == i)
			state.state = CHANGE_FAILED;
	if (state.state == CHANGE_FAILED) {
		state.recovered = said_recovery(world, failures, i);
		if (state.recovered != INSTANT_NONE && state.recovered < finished)
			state.recovery_excluded = EXCLUSION_NEGATIVE;
	}
	state.unplanned = state.nature == NATURE_ROLLBACK ||
			  state.nature == NATURE_HOTFIX ||
			  state.nature == NATURE_ROLL_FORWARD;
	for (guint k = 0; k < world->facts.n_incidents; k++)
		state.unplanned = state.unplanned || world->incidents[k].fix == (gint)i;
	return state;
}

/* ---- the comparison ---- */

static bool same_state(const struct rollout_state *a, const struct rollout_state *b)
{
	return a->nature == b->nature && a->state == b->state &&
	       a->pending_until == b->pending_until && a->unplanned == b->unplanned &&
	       a->recovered == b->recovered &&
	       a->recovery_excluded == b->recovery_excluded;
}

static void check_world(const struct world *world, struct rollout_state *states,
			guint seed)
{
	struct incident_link links[MAX_FACTS];
	g_autoptr(GArray) failures = g_array_new(FALSE, FALSE, sizeof(struct failure));
	g_autoptr(GArray) said = said_failures(world);

	rollout_states_derive(&world->facts, states, links, failures);
	ck_assert_msg(failures->len == said->len,
		      "seed %u: %u pieces of evidence, not %u", seed, failures->len,
		      said->len);
	for (guint i = 0; i < said->len; i++)
		ck_assert_msg(memcmp(&g_array_index(failures, struct failure, i),
				     &g_array_index(said, struct failure, i),
				     sizeof(struct failure)) == 0,
			      "seed %u: evidence %u", seed, i);
	for (guint i = 0; i < world->facts.n_rollouts; i++) {
		struct rollout_state state = said_state(world, said, i);

		ck_assert_msg(same_state(&states[i], &state), "seed %u: rollout %u: %s",
			      seed, i, rollout_nature_name(states[i].nature));
	}
	for (guint i = 0; i < world->facts.n_incidents; i++) {
		struct incident_link link = said_link(world, i);

		ck_assert_msg(links[i].rollout == link.rollout &&
				      links[i].method == link.method,
			      "seed %u: incident %u", seed, i);
	}
}

static void shuffle(struct world *world, GRand *rand)
{
	for (guint i = world->facts.n_repairs; i > 1; i--) {
		gint32 k = dice(rand, (gint32)i);
		struct repair swapped = world->repairs[i - 1];

		world->repairs[i - 1] = world->repairs[k];
		world->repairs[k] = swapped;
	}
	for (guint i = world->facts.n_incidents; i > 1; i--) {
		gint32 k = dice(rand, (gint32)i);
		struct state_incident swapped = world->incidents[i - 1];

		world->incidents[i - 1] = world->incidents[k];
		world->incidents[k] = swapped;
	}
}

START_TEST(random_worlds)
{
	for (guint seed = (guint)_i * 1000; seed < (guint)(_i + 1) * 1000; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		struct world world = { 0 };
		struct rollout_state states[MAX_ROLLOUTS], again[MAX_ROLLOUTS];

		world.facts = (struct state_facts){ .rollouts = world.rollouts,
						    .repairs = world.repairs,
						    .incidents = world.incidents,
						    .window = dice(rand, 20),
						    .now = T0 + dice(rand, 100),
						    .reaches = reaches,
						    .user = &world };
		make_rollouts(&world, rand);
		make_facts(&world, rand);
		check_world(&world, states, seed);
		shuffle(&world, rand);
		check_world(&world, again, seed);
		for (guint i = 0; i < world.facts.n_rollouts; i++)
			ck_assert_msg(same_state(&states[i], &again[i]),
				      "seed %u: the order of facts matters", seed);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rollout_worlds");
	TCase *tests = tcase_create("rollout_worlds");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, random_worlds, 0, 10);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
