#pragma once

/*
 * Random histories of two services of one team, from seeds: what happens, when it is
 * heard of, and what people and configurations do, for tests/test_alerts_histories.c.
 * To be used in tests only.
 *
 * Day 0 is Monday, 2024-06-03 (UTC). Days from LIFE on are lived: each is evaluated at 7
 * o'clock of the next one, when what came during it has been stored.
 */
#include "collector/evaluate.h"

#include "tests/store_rig.h"

#define DAY0 19877
#define LIFE (28 * 7) /* 2024-12-16 */
#define DAYS (LIFE + 80)
#define DAY G_TIME_SPAN_DAY

static inline gint64 start_of(gint32 day)
{
	return (DAY0 + day) * DAY;
}

/* The morning after a day. */
static inline gint64 morning_of(gint32 day)
{
	return start_of(day + 1) + 7 * G_TIME_SPAN_HOUR;
}

enum { LOG = 1, HOOK = 2, PAGE = 4 };
#define N_CHANNELS 3
extern const char *const channel_names[N_CHANNELS];

/* Configurations, one of which holds on each day; the first that of replays. */
struct variant {
	const char *metrics, *sensitivity, *sound; /* sound: the second guardrail */
	guint rule, guardrails;			   /* the channels of each */
};
#define N_VARIANTS 4
extern const struct variant variants[N_VARIANTS];
/* The caller unrefs. */
struct config *variant_config(const struct rig *rig, guint variant);

struct script_day {
	GString *facts; /* SQL: what is heard of with this day */
	bool late;	/* some of that is of the past */
	bool skipped;	/* whoever is away is so on this day, and catches up later */
	bool accepts, acks;
	guint variant;
	const char *healed; /* a service whose lead times turn out to have been well */
};

struct script {
	guint seed;
	struct script_day days[DAYS];
};
struct script *script_new(guint seed);
void script_free(struct script *script);

/* A database to live a script in, with the facts of the days before LIFE. Statements that
 * write can be made to fail: see cut_arm(). */
void history_set_up(struct rig *rig, const struct script *script);

/* What is heard of with a day. */
void history_hear(const struct rig *rig, const struct script *script, gint32 day);

/* The transaction is cut at the n-th statement that writes: by an error, or with the
 * connection. n = 0: it no longer is. */
void cut_arm(const struct rig *rig, guint n, bool connection);
/* Every connection but that of the test ends. */
void cut_connections(const struct rig *rig);
