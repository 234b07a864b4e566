#pragma once

/*
 * One life of a script: with cuts, restarts, absences, mutes and channels that fail, or
 * without; and what receivers have to have heard, counted apart from the outbox. To be
 * used in tests only.
 */
#include "sinks/store_alerts.h"

#include "tests/histories.h"

/* Something that was told, by the model. */
struct told {
	gint64 event_id, alert_id, group_id, recorded;
	enum watch_event event;
	guint channels; /* that have to hear it, once */
	guint folded;	/* of these, that must not after all */
	guint taken;	/* that may have heard it, as far as the sender knows */
	guint before;	/* these before the last attempt */
	guint noted[N_CHANNELS],
		lost[N_CHANNELS]; /* received, and the sender knew or not */
};

struct life {
	struct rig rig;
	struct work_context context;
	const struct script *script;
	gint32 until; /* the day before which it ends */
	guint variant;
	GRand *rand; /* NULL: nothing goes wrong, and nobody is told before the end */
	bool whole;  /* no evaluation is cut */
	gint64 now, seen;	 /* seen: the last event that the model knows */
	GArray *told;		 /* of struct told */
	GArray *mutes;		 /* of struct alert_mute */
	gint64 away[N_CHANNELS]; /* until when nobody receives anything */
	GPtrArray *flight;	 /* arrays of messages that were sent and not yet noted */
	GString *wrong;		 /* what the oracles say; empty: nothing is */
	/* to do some wrong: SQL that is run after each day until it changes something;
	 * NULL: none */
	const char *sabotage;
	guint n_cut, n_lost, n_failed, n_folded;
};

void life_init(struct life *life, const struct script *script, GRand *rand);
void life_clear(struct life *life);
void life_wrong(struct life *life, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Lives it to its end, and until everything is delivered. facts_first: everything is
 * known from the beginning, and nobody does anything. */
void life_live(struct life *life, bool facts_first);

/* ---- shared by the files of it ---- */

bool life_chance(struct life *life, gint32 of);
gint32 life_dice(struct life *life, gint32 sides);
/* Reads what was told since. */
void life_note(struct life *life);
/* NULL: it was not. */
struct told *life_told(const struct life *life, gint64 alert_id, enum watch_event event);
/* By the mutes that were made. service: empty if it is of none. */
bool life_is_muted(const struct life *life, gint64 alert_id, const char *service,
		   const char *metric, gint64 at);
/* What the outbox has folded as old need not be heard, if it is old. */
void life_fold_old(struct life *life);
/* The index of a channel that there is. */
guint life_channel(const char *name);
/* Receivers and people, at an instant. */
void life_tick(struct life *life, gint64 now);
/* Receivers hear all that there is to hear. */
void life_listen(struct life *life, gint64 now);
/* Everything is heard of, however long it takes. */
void life_heal(struct life *life);
void life_restart(struct life *life);
