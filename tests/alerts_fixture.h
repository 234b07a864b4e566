#pragma once

/*
 * Watches and alerts of the rig's services, and when it is. To be used in tests only.
 */
#include <math.h>

#include "sinks/store_alerts.h"

#include "tests/store_rig.h"

#define DAY G_TIME_SPAN_DAY
/* Midnights of UTC, by the number of the day. */
#define AT(day) ((gint64)(day)*DAY)

static struct rig rig;

/* A rig whose configuration has the channels "ops" and "team". */
static inline void rig_init_told(void)
{
	static struct config_channel list[] = {
		{ .name = (char *)"ops", .kind = CHANNEL_WEBHOOK },
		{ .name = (char *)"team", .kind = CHANNEL_WEBHOOK },
	};
	static struct config_alerts alerts = { .channels = list, .n_channels = 2 };

	rig_init(&rig);
	rig.config->alerts = &alerts;
}

static inline void rig_clear_told(void)
{
	rig.config->alerts = NULL; /* not of its making */
	rig_clear(&rig);
}

static inline struct watch_row a_watch(gint32 scope_id, const char *metric)
{
	struct watch_row row = {
		.kind = scope_id ? WATCH_REGRESSION : WATCH_SELF,
		.scope_id = scope_id,
		.name = (char *)(scope_id ? "" : "github"),
		.metric = (char *)metric,
		.environment = (char *)(scope_id ? "production" : ""),
		.score = 2.5,
		.ratio = 2,
	};

	watch_init(&row.watch, SHIFT_NO_BOUND);
	return row;
}

/* Of which parts, time zone and words are borrowed. */
static inline struct alert_row an_alert(gint64 onset, gint64 fired)
{
	static struct alert_part parts[] = { { (char *)"cart", 21, 38 },
					     { (char *)"search", 17, 38 } };

	return (struct alert_row){
		.rule = (char *)"default",
		.sensitivity = (char *)"default",
		.engine = SHIFT_LEVEL,
		.onset = onset,
		.first_seen = fired - 2 * DAY,
		.fired_at = fired,
		.time_zone = (char *)"Europe/Berlin",
		.shift = { .usable = true,
			   .gate = true,
			   .score = 2.5,
			   .threshold = 1.6,
			   .window = 4,
			   .effect = log(2),
			   .ratio = 2,
			   .ratio_lo = 1.4,
			   .ratio_hi = 3,
			   .before = { 100, 379, 402, 68400, 252000, NAN, 0 },
			   .after = { 380, 407, 38, 147600, 532800, NAN, 0 } },
		.false_alerts = 0.25,
		.parts = parts,
		.n_parts = 2,
		.ended_at = INSTANT_NONE,
		.acked_at = INSTANT_NONE,
		.muted_until = INSTANT_NONE,
	};
}

/* In the open transaction. */
static inline void happen(struct watch_row *row, enum watch_event kind, gint64 at,
			  const struct alert_row *alert, const char *const *channels)
{
	const struct alert_event event = { kind, at, NULL, alert };

	rig_ok(store_alert_event(rig.store, row, &event, channels,
				 channels ? g_strv_length((char **)(gsize)channels) : 0,
				 at, &error));
}

/* Each in a transaction of its own. */
static inline void fires(struct watch_row *row, gint64 onset, gint64 at,
			 const char *const *channels)
{
	const struct alert_row alert = an_alert(onset, at);

	rig_ok(store_begin(rig.store, &error));
	happen(row, WATCH_FIRED, at, &alert, channels);
	rig_ok(store_commit(rig.store, &error));
	ck_assert_int_ne(row->alert_id, 0);
}

static inline void ends(struct watch_row *row, enum watch_event how, gint64 at)
{
	rig_ok(store_begin(rig.store, &error));
	happen(row, how, at, NULL, NULL);
	rig_ok(store_commit(rig.store, &error));
	ck_assert_int_eq(row->alert_id, 0);
}
