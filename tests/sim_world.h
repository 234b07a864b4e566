#pragma once

/*
 * What happens at a simulated source while nobody looks: items are made, finished, run
 * again under the same id, opened again, edited late and deleted, by the seconds of its
 * own clock. Lists may show each of that only later. All follows from a seed.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/cleanup.h"

#define WORLD_SECOND G_TIME_SPAN_SECOND
/* Lists show everything within this. */
#define WORLD_DELAY_MAX (36 * G_TIME_SPAN_HOUR)

/* What may happen, one bit each. */
enum world_trait {
	WORLD_RERUNS = 1 << 0,	/* finished items start again as a higher attempt */
	WORLD_REOPENS = 1 << 1, /* finished items open again, as the same attempt */
	WORLD_EDITS = 1 << 2,
	WORLD_DELETES = 1 << 3,
	WORLD_DELAYS = 1 << 4,
	WORLD_ALL = (1 << 5) - 1,
};

/* How an item was between two changes. */
struct version {
	gint64 listed; /* from when lists show it, by the world's clock */
	gint64 updated, finished;
	gint64 attempt;
	const char *state; /* "running", "success", "failure" */
	guint edition;	   /* of its title */
	bool deleted;
};

struct thing {
	guint number;
	gint64 created;
	GArray *versions; /* struct version, in order of listed */
};

struct world {
	GRand *rand;
	guint traits;
	GPtrArray *things; /* struct thing *, by number */
	gint64 now;	   /* its clock */
	gint64 next;	   /* when something happens again */
	gint64 calm;	   /* until when it happens seldom */
	gint64 start;	   /* when it was made, with a past */
	gint64 epoch;	   /* nothing is older */
};

/* A world of n things that began before `now`. */
struct world *world_new(guint32 seed, guint traits, guint n, gint64 now);
void world_free(struct world *world); /* NULL is fine */
DEFINE_CLEANUP(struct world *, world_free);

/* Lets happen what happens until then. */
void world_advance(struct world *world, gint64 now);
/* Finishes one of what runs, after which nothing happens by itself any more; false if
 * nothing runs. */
bool world_settle(struct world *world);
/* Makes one thing more, finished at once. */
void world_add(struct world *world);

/* What lists show at a time; NULL: nothing. */
const struct version *thing_listed(const struct thing *thing, gint64 now);
/* How it is in truth. */
const struct version *thing_truth(const struct thing *thing);
bool thing_is_delayed(const struct thing *thing);
