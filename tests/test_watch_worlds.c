#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/watch.h"

/* Random histories against the words of docs/alerts.md: of each event it is asked anew,
 * from all days before, whether it had to come, with no state. */

#define MAX_DAYS 400
#define MAX_SEEN (MAX_DAYS * WATCH_EVENTS_MAX)

struct seen {
	guint day; /* index of the look */
	enum watch_event event;
};

struct world {
	const struct watch_rule *rule;
	struct watch_look looks[MAX_DAYS];
	guint n;
	struct seen seen[MAX_SEEN];
	guint n_seen;
};

/* Without the pipe that ck_assert() writes to: there are millions of them. */
#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition))                                                        \
			ck_abort_msg("%s", #condition);                                  \
	} while (0)

/* ---- random histories ---- */

static gint32 dice(GRand *rand, gint32 sides)
{
	return g_rand_int_range(rand, 0, sides);
}

/* What most days of a stretch are like. */
enum mood {
	MOOD_LEARNING,
	MOOD_WELL,
	MOOD_DOUBTFUL,
	MOOD_BAD,
	MOOD_EASING,
	MOOD_AWAY,
	N_MOODS
};

static struct watch_look make_look(GRand *rand, enum mood mood, gint32 day)
{
	static const struct {
		gint32 usable, condition, bad, ease, silent, masked; /* of 100 */
	} chances[N_MOODS] = {
		[MOOD_LEARNING] = { 10, 30, 50, 20, 0, 5 },
		[MOOD_WELL] = { 99, 1, 2, 3, 1, 5 },
		[MOOD_DOUBTFUL] = { 97, 60, 50, 50, 2, 5 },
		[MOOD_BAD] = { 99, 93, 98, 50, 1, 5 },
		[MOOD_EASING] = { 99, 40, 1, 98, 1, 5 },
		[MOOD_AWAY] = { 50, 50, 50, 50, 97, 40 },
	};
	struct watch_look look = {
		.day = day,
		.masked = dice(rand, 100) < chances[mood].masked,
		.silent = dice(rand, 100) < chances[mood].silent,
		.usable = dice(rand, 100) < chances[mood].usable,
		.recent = dice(rand, 40) == 0			 ? RECENT_UNKNOWN
			  : dice(rand, 100) < chances[mood].bad	 ? RECENT_BAD
			  : dice(rand, 100) < chances[mood].ease ? RECENT_EASING
								 : RECENT_CALM,
		.undone = dice(rand, 150) == 0,
	};

	look.condition = look.usable && dice(rand, 100) < chances[mood].condition;
	look.score = look.condition ? 1.6 + dice(rand, 100) / 45.0 : SHIFT_NO_SCORE;
	look.found = (struct shift_frozen){
		.base = 3,
		.low = 1,
		.high = 5,
		.effect = 0.2 + dice(rand, 100) / 80.0,
		.onset = day - 6 - 7 * dice(rand, 8),
	};
	look.ratio = exp(look.found.effect);
	return look;
}

static void make(struct world *world, GRand *rand)
{
	gint32 day = dice(rand, 20000) - 10000;
	enum mood mood = MOOD_LEARNING;
	gint32 left = dice(rand, 20);

	world->rule = dice(rand, 4) ? &watch_rule_shift : &watch_rule_guardrail;
	world->n_seen = 0;
	world->n = 1 + (guint)dice(rand, MAX_DAYS);
	for (guint i = 0; i < world->n; i++) {
		if (left-- <= 0) {
			mood = (enum mood)dice(rand, N_MOODS);
			left = dice(rand,
				    mood == MOOD_BAD || mood == MOOD_EASING ? 150 : 40);
		}
		world->looks[i] = make_look(rand, mood, day);
		/* a day may never be looked at */
		day += dice(rand, 60) == 0 ? 2 + dice(rand, 5) : 1;
	}
}

/* ---- lives ---- */

static void note(struct world *world, guint day, const struct watch_events *events)
{
	for (guint i = 0; i < events->n; i++)
		world->seen[world->n_seen++] = (struct seen){ day, events->events[i] };
}

static bool has(const struct world *world, guint day, enum watch_event event)
{
	guint n = 0;

	for (guint i = 0; i < world->n_seen; i++)
		n += world->seen[i].day == day && world->seen[i].event == event;
	MUST(n <= 1);
	return n == 1;
}

static bool same(const struct watch *a, const struct watch *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* Nobody looked on the day before. */
static bool skipped(const struct world *world, guint i)
{
	return i > 0 && world->looks[i].day != world->looks[i - 1].day + 1;
}

/* Masked and silent days leave everything as it was, but what day it is and the flag. */
static void assert_unseen(const struct watch *before, const struct watch *after)
{
	struct watch watch = *after;

	watch.judged = before->judged;
	watch.silent = before->silent;
	watch.silence = before->silence;
	if (before->since == WATCH_NEVER)
		watch.since = WATCH_NEVER;
	MUST(same(before, &watch));
}

static void live(struct world *world)
{
	struct watch watch;

	watch_init(&watch, SHIFT_NO_BOUND);
	for (guint i = 0; i < world->n; i++) {
		const struct watch_look *look = &world->looks[i];
		const struct watch before = watch;
		struct watch_events events = { .n = 1 };

		watch_step(&watch, world->rule, look, &events);
		note(world, i, &events);
		MUST(watch.judged == look->day);
		MUST(watch.silent == look->silent);
		if ((look->masked || look->silent) && !skipped(world, i) &&
		    !has(world, i, WATCH_WITHDRAWN))
			assert_unseen(&before, &watch);
	}
}

/* The same with a new process every day, that is given days again: its own, and any from
 * before. */
static void live_again(struct world *world, GRand *rand)
{
	char stored[sizeof(struct watch)];
	struct world other = { .rule = world->rule };

	watch_init((struct watch *)(void *)stored, SHIFT_NO_BOUND);
	for (guint i = 0; i < world->n; i++) {
		struct watch watch, twice;
		struct watch_events events, none;

		memcpy(&watch, stored, sizeof stored);
		watch_step(&watch, world->rule, &world->looks[i], &events);
		note(&other, i, &events);
		twice = watch;
		for (guint k = 0; k < 3; k++) {
			const struct watch_look *look =
				&world->looks[k == 0 ? i
						     : (guint)dice(rand, (gint32)i + 1)];

			watch_step(&twice, world->rule, look, &none);
			MUST(none.n == 0);
			MUST(same(&watch, &twice));
		}
		memcpy(stored, &watch, sizeof stored);
	}
	MUST(other.n_seen == world->n_seen);
	for (guint i = 0; i < other.n_seen; i++) {
		MUST(other.seen[i].day == world->seen[i].day);
		MUST(other.seen[i].event == world->seen[i].event);
	}
}

/* ---- what had to happen ---- */

static bool is_judged(const struct world *world, guint i)
{
	return !world->looks[i].masked && !world->looks[i].silent;
}

static bool ends(enum watch_event event)
{
	return event == WATCH_RESOLVED || event == WATCH_ACCEPTED ||
	       event == WATCH_WITHDRAWN;
}

/* The day that the alert fired which fires when a day begins, and the last day on which
 * one ended; -1: none. */
static void alert_before(const struct world *world, guint day, int *fired, int *ended)
{
	*fired = *ended = -1;
	for (guint i = 0; i < world->n_seen && world->seen[i].day < day; i++) {
		if (world->seen[i].event == WATCH_FIRED) {
			MUST(*fired == -1);
			*fired = (int)world->seen[i].day;
		} else if (ends(world->seen[i].event)) {
			MUST(*fired != -1);
			*fired = -1;
			*ended = (int)world->seen[i].day;
		}
	}
}

static guint judged_in(const struct world *world, int after, guint until)
{
	guint n = 0;

	for (guint i = (guint)(after + 1); i <= until; i++)
		n += is_judged(world, i);
	return n;
}

/* How many judged days up to this one were true, one after another, of those after the
 * quiet ones. */
static guint true_days(const struct world *world, int ended, guint day)
{
	guint n = 0;

	for (int i = (int)day; i > ended; i--) {
		if (is_judged(world, (guint)i)) {
			if (!world->looks[i].condition ||
			    (ended >= 0 &&
			     judged_in(world, ended, (guint)i) <= world->rule->quiet))
				break;
			n++;
		}
		if (skipped(world, (guint)i))
			break;
	}
	return n;
}

static guint calm_days(const struct world *world, int fired, guint day)
{
	guint n = 0;

	for (int i = (int)day; i > fired; i--) {
		if (is_judged(world, (guint)i) &&
		    world->looks[i].recent != RECENT_UNKNOWN) {
			if (world->looks[i].recent != RECENT_CALM)
				break;
			n++;
		}
		if (skipped(world, (guint)i))
			break;
	}
	return n;
}

static bool told_worse(const struct world *world, int fired, guint day)
{
	for (guint i = (guint)fired; i < day; i++)
		if (has(world, i, WATCH_WORSENED))
			return true;
	return false;
}

static bool got_worse(const struct world *world, int fired, guint day)
{
	const struct watch_look *then = &world->looks[fired], *look = &world->looks[day];
	double strong = log(30);

	return look->condition && look->recent != RECENT_CALM &&
	       ((look->score >= strong && then->score < strong) ||
		look->found.effect - then->found.effect >= log(2)) &&
	       !told_worse(world, fired, day);
}

static bool is_normal(const struct world *world, int fired, guint day)
{
	const struct watch_look *then = &world->looks[fired], *look = &world->looks[day];

	gint32 enough = look->recent == RECENT_BAD ? 84 : 112;

	return world->rule == &watch_rule_shift && look->recent != RECENT_CALM &&
	       look->day >= then->found.onset + enough && look->day >= then->day + 21;
}

/* What of an alert had to happen on a judged day while it fired; N_WATCH_EVENTS: nothing.
 */
static enum watch_event expected_firing(const struct world *world, int fired, guint day)
{
	return world->looks[day].undone		   ? WATCH_WITHDRAWN
	       : calm_days(world, fired, day) >= 7 ? WATCH_RESOLVED
	       : is_normal(world, fired, day)	   ? WATCH_ACCEPTED
	       : got_worse(world, fired, day)	   ? WATCH_WORSENED
						   : N_WATCH_EVENTS;
}

static bool was_usable(const struct world *world, guint day)
{
	int fired, ended;

	/* as of the last judged day on which no alert fired, or one that ended, which is
	 * taken for well */
	for (int i = (int)day - 1; i >= 0; i--) {
		if (!is_judged(world, (guint)i))
			continue;
		alert_before(world, (guint)i, &fired, &ended);
		return fired >= 0 || world->looks[i].usable;
	}
	return false;
}

static void assert_told(const struct world *world, guint day, enum watch_event expected)
{
	static const enum watch_event told[] = { WATCH_FIRED, WATCH_WORSENED,
						 WATCH_RESOLVED, WATCH_ACCEPTED,
						 WATCH_WITHDRAWN };

	for (gsize i = 0; i < G_N_ELEMENTS(told); i++)
		if (has(world, day, told[i]) != (told[i] == expected))
			ck_abort_msg("day %u: %s", day, watch_event_name(told[i]));
}

static void check_judged(const struct world *world, guint day)
{
	const struct watch_look *look = &world->looks[day];
	int fired, ended;
	guint n, before;

	alert_before(world, day, &fired, &ended);
	if (fired >= 0) {
		assert_told(world, day, expected_firing(world, fired, day));
		MUST(!has(world, day, WATCH_SUSPECTED));
		MUST(!has(world, day, WATCH_CLEARED));
		MUST(!has(world, day, WATCH_LEARNED));
		MUST(!has(world, day, WATCH_UNLEARNED));
		return;
	}
	n = true_days(world, ended, day);
	before = day > 0 ? true_days(world, ended, day - 1) : 0;
	assert_told(world, day, n >= 3 ? WATCH_FIRED : N_WATCH_EVENTS);
	MUST(has(world, day, WATCH_SUSPECTED) == (n == 1));
	MUST(has(world, day, WATCH_CLEARED) ==
	     ((n == 0 || skipped(world, day)) && before > 0));
	MUST(has(world, day, WATCH_LEARNED) == (look->usable && !was_usable(world, day)));
	MUST(has(world, day, WATCH_UNLEARNED) ==
	     (!look->usable && was_usable(world, day)));
}

static guint silent_days(const struct world *world, guint day)
{
	guint n = 0;

	while (n <= day && world->looks[day - n].silent && !skipped(world, day - n))
		n++;
	/* the one after days unseen is the first */
	return n + (n <= day && world->looks[day - n].silent);
}

static void check_unseen(const struct world *world, guint day)
{
	int fired, ended;

	alert_before(world, day, &fired, &ended);
	assert_told(world, day,
		    fired >= 0 && silent_days(world, day) >= 28 ? WATCH_WITHDRAWN
								: N_WATCH_EVENTS);
	MUST(!has(world, day, WATCH_LEARNED));
	MUST(!has(world, day, WATCH_UNLEARNED));
	MUST(!has(world, day, WATCH_SUSPECTED));
	MUST(has(world, day, WATCH_CLEARED) ==
	     (fired < 0 && skipped(world, day) && true_days(world, ended, day - 1) > 0));
}

static void check_world(const struct world *world)
{
	for (guint i = 0; i < world->n; i++) {
		bool silent = world->looks[i].silent;
		bool before = i > 0 && world->looks[i - 1].silent;

		MUST(has(world, i, WATCH_SILENT) == (silent && !before));
		MUST(has(world, i, WATCH_HEARD) == (!silent && before));
		if (is_judged(world, i))
			check_judged(world, i);
		else
			check_unseen(world, i);
	}
}

#define WORLDS 500

START_TEST(worlds)
{
	guint seen[N_WATCH_EVENTS] = { 0 };

	for (guint seed = (guint)_i * WORLDS; seed < (guint)(_i + 1) * WORLDS; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		g_autofree struct world *world = g_new0(struct world, 1);

		make(world, rand);
		live(world);
		live_again(world, rand);
		check_world(world);
		for (guint i = 0; i < world->n_seen; i++)
			seen[world->seen[i].event]++;
	}
	/* the worlds have everything in them */
	for (int i = 0; i < N_WATCH_EVENTS; i++)
		ck_assert_msg(seen[i] > 20, "%s", watch_event_name((enum watch_event)i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch_worlds");
	TCase *tests = tcase_create("watch_worlds");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_loop_test(tests, worlds, 0, 10);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
