#include "tests/sim_world.h"

#include <string.h>

#include "base/instant.h"

/* The age at which things are left alone: GitHub lets runs be repeated for 30 days. */
#define TOUCH_MAX (30 * G_TIME_SPAN_DAY)
/* Where pages are counted from the top, one that is deleted while the next page is asked
 * for hides another. Recent ones are read again; what is older than that is read only
 * once, by the first poll, so that nothing is deleted before that is over. */
#define DELETES_AFTER (3 * G_TIME_SPAN_DAY)
/* What starts again may run for days: what does so for a week is met by the weekly
 * reading, what does not is to be over when it is 30 days old. */
#define START_MAX (TOUCH_MAX - 7 * G_TIME_SPAN_DAY)

static void thing_free(gpointer data)
{
	struct thing *thing = data;

	g_array_unref(thing->versions);
	g_free(thing);
}

void world_free(struct world *world)
{
	if (!world)
		return;
	g_ptr_array_unref(world->things);
	g_rand_free(world->rand);
	g_free(world);
}

static gint64 draw(struct world *world, gint64 from, gint64 to)
{
	return from + (gint64)(g_rand_double(world->rand) * (double)(to - from));
}

static bool chance(struct world *world, double probability)
{
	return g_rand_double(world->rand) < probability;
}

static gint64 whole_second(gint64 t)
{
	return t - t % WORLD_SECOND;
}

const struct version *thing_truth(const struct thing *thing)
{
	return &g_array_index(thing->versions, struct version, thing->versions->len - 1);
}

const struct version *thing_listed(const struct thing *thing, gint64 now)
{
	for (guint i = thing->versions->len; i-- > 0;) {
		const struct version *version = &g_array_index(thing->versions,
							       struct version, i);

		if (version->listed <= now)
			return version->deleted ? NULL : version;
	}
	return NULL;
}

bool thing_is_delayed(const struct thing *thing)
{
	for (guint i = 0; i < thing->versions->len; i++) {
		const struct version *version = &g_array_index(thing->versions,
							       struct version, i);

		if (version->listed > version->updated)
			return true;
	}
	return false;
}

/* Most is seen at once, some after minutes, little after a day and more. */
static GTimeSpan delay(struct world *world)
{
	if (!(world->traits & WORLD_DELAYS) || chance(world, 0.8))
		return 0;
	if (chance(world, 0.6))
		return draw(world, 0, 2 * G_TIME_SPAN_MINUTE);
	return draw(world, 0, WORLD_DELAY_MAX - WORLD_SECOND);
}

static void thing_add(struct world *world, struct thing *thing, struct version version)
{
	gint64 listed = version.updated + delay(world);

	if (thing->versions->len)
		listed = MAX(listed, thing_truth(thing)->listed);
	version.listed = whole_second(listed);
	g_array_append_val(thing->versions, version);
}

static void create(struct world *world, gint64 at)
{
	struct thing *thing = g_new0(struct thing, 1);
	const struct version first = {
		.updated = at, .finished = INSTANT_NONE, .attempt = 1, .state = "running"
	};

	thing->number = world->things->len + 1;
	thing->created = at;
	thing->versions = g_array_new(FALSE, FALSE, sizeof(struct version));
	thing_add(world, thing, first);
	g_ptr_array_add(world->things, thing);
}

static void finish(struct world *world, struct thing *thing, gint64 at)
{
	struct version next = *thing_truth(thing);

	next.state = chance(world, 0.8) ? "success" : "failure";
	next.updated = next.finished = at;
	thing_add(world, thing, next);
}

/* What becomes of a finished thing. */
static void touch(struct world *world, struct thing *thing, gint64 at)
{
	struct version next = *thing_truth(thing);
	double what = g_rand_double(world->rand);
	bool old = at - thing->created >= START_MAX;

	next.updated = at;
	if (what < 0.25 && !old && (world->traits & WORLD_RERUNS)) {
		next.attempt++;
		next.state = "running";
		next.finished = INSTANT_NONE;
	} else if (what < 0.45 && !old && (world->traits & WORLD_REOPENS)) {
		next.state = "running";
		next.finished = INSTANT_NONE;
	} else if (what < 0.8 && what >= 0.45 && (world->traits & WORLD_EDITS)) {
		next.edition++;
	} else if (what >= 0.8 && at >= world->start + DELETES_AFTER &&
		   (world->traits & WORLD_DELETES)) {
		next.deleted = true;
	} else {
		return;
	}
	thing_add(world, thing, next);
}

static void happen(struct world *world, gint64 at)
{
	guint n = world->things->len;
	/* The later made the likelier, but any may be meant. */
	guint back = (guint)draw(world, 0, chance(world, 0.7) ? MIN(n, 8) : n);
	struct thing *thing = n ? world->things->pdata[n - 1 - back] : NULL;
	const struct version *truth = thing ? thing_truth(thing) : NULL;

	if (!truth || truth->deleted || chance(world, 0.4))
		create(world, at);
	else if (strcmp(truth->state, "running") == 0)
		finish(world, thing, at);
	else if (at - thing->created < TOUCH_MAX)
		touch(world, thing, at);
}

/* Seldom for hours, then several things a minute. */
static void plan(struct world *world, gint64 at)
{
	if (at >= world->calm)
		world->calm = chance(world, 0.15) ? at + draw(world, G_TIME_SPAN_HOUR,
							      20 * G_TIME_SPAN_HOUR)
						  : world->calm;
	world->next = at + whole_second(at < world->calm
						? draw(world, G_TIME_SPAN_MINUTE,
						       8 * G_TIME_SPAN_HOUR)
						: draw(world, 0, 90 * WORLD_SECOND));
}

void world_advance(struct world *world, gint64 now)
{
	while (world->next <= now) {
		gint64 at = world->next;

		happen(world, at);
		plan(world, at);
	}
	world->now = MAX(world->now, now);
}

bool world_settle(struct world *world)
{
	world->next = G_MAXINT64;
	for (guint i = 0; i < world->things->len; i++) {
		struct thing *thing = world->things->pdata[i];
		const struct version *truth = thing_truth(thing);

		if (!truth->deleted && strcmp(truth->state, "running") == 0) {
			finish(world, thing, whole_second(world->now));
			return true;
		}
	}
	return false;
}

void world_add(struct world *world)
{
	gint64 now = whole_second(world->now);

	create(world, now);
	finish(world, world->things->pdata[world->things->len - 1], now);
}

struct world *world_new(guint32 seed, guint traits, guint n, gint64 now)
{
	struct world *world = g_new0(struct world, 1);

	world->rand = g_rand_new_with_seed(seed);
	world->traits = traits;
	world->things = g_ptr_array_new_with_free_func(thing_free);

	world->now = whole_second(now);
	/* A past of 60 days, finished long since. */
	world->start = world->now;
	world->epoch = world->now - 60 * G_TIME_SPAN_DAY;
	for (guint i = 0; i < n; i++) {
		gint64 at = world->epoch + 60 * G_TIME_SPAN_DAY / n * i;
		struct thing *thing;

		create(world, whole_second(at));
		thing = world->things->pdata[i];
		g_array_index(thing->versions, struct version, 0).listed = at;
		finish(world, thing, whole_second(at) + 600 * WORLD_SECOND);
	}
	world->next = world->now;
	world->calm = world->now;
	return world;
}
