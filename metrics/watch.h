#pragma once

/*
 * The life of an alert: what a series that is watched comes to, a day at a time. Pure: a
 * watch is what it was and one observation; nothing is remembered elsewhere, so that a
 * replay gives what was lived (docs/alerts.md).
 *
 *   learning -> ok -> pending -> firing -> ok, which ends the alert as
 *   resolved (it is over), accepted (a new normal) or withdrawn (late facts undid it)
 *
 * Masked and silent days change nothing but the flag `silent`, and are not among the days
 * that are counted; but what fires ends, as withdrawn, with the 28th silent day in a row:
 * nobody can say any longer that it is so. Days that nobody looked at end what has to be
 * in a row, and what was suspected is so no longer. Mutes are not seen here: they hold
 * messages back, not states.
 */
#include "metrics/shift.h"

enum watch_state {
	WATCH_LEARNING,
	WATCH_OK,
	WATCH_PENDING,
	WATCH_FIRING,
	N_WATCH_STATES
};
/* "learning", "ok", "pending", "firing" */
const char *watch_state_name(enum watch_state state);
bool watch_state_parse(const char *name, enum watch_state *state);

enum watch_event {
	WATCH_LEARNED,	 /* "learned": there is enough to judge */
	WATCH_UNLEARNED, /* "unlearned": there no longer is (learning again) */
	WATCH_SUSPECTED, /* "suspected": ok -> pending */
	WATCH_CLEARED,	 /* "cleared": pending -> ok */
	WATCH_FIRED,	 /* "fired": pending -> firing. Told */
	WATCH_WORSENED,	 /* "worsened": evidence passed 30 : 1, or the ratio doubled: at
			    most once in an alert. Told */
	WATCH_RESOLVED,	 /* "resolved". Told */
	WATCH_ACCEPTED,	 /* "accepted". Told */
	WATCH_WITHDRAWN, /* "withdrawn". Told */
	WATCH_SILENT,	 /* "nodata": nobody hears anything of the source */
	WATCH_HEARD,	 /* "data": it is heard again */
	N_WATCH_EVENTS,
};
const char *watch_event_name(enum watch_event event);
bool watch_event_parse(const char *name, enum watch_event *event);
bool watch_event_is_told(enum watch_event event);

/* In days that are judged. */
struct watch_rule {
	guint pending; /* fires when the condition was true so many times in a row */
	guint calm;    /* resolves after so many in a row below */
	guint quiet;   /* after an alert nothing is suspected for so many */
	/* Calendar days since onset, but not before a quarter of accept_after has gone by
	 * since it fired; 0: never */
	guint accept_after;  /* after which it is accepted if it is still bad */
	guint accept_anyway; /* after which it is unless it is calm by then: what neither
				leaves nor stays does not fire for ever */
};
extern const struct watch_rule watch_rule_shift;     /* 3, 7, 14, 84, 112 */
extern const struct watch_rule watch_rule_guardrail; /* 3, 7, 0, 0, 0 */

struct watch {
	enum watch_state state;
	bool silent;
	gint32 judged;	       /* the last day that was looked at; WATCH_NEVER */
	gint32 since;	       /* the day on which state began */
	guint streak;	       /* pending: how often in a row */
	guint calm;	       /* firing: how often in a row below */
	guint quiet;	       /* learning and ok: how many days nothing is suspected */
	guint silence;	       /* how many days in a row were silent, masked or not */
	gint32 baseline_start; /* SHIFT_NO_BOUND */
	/* While firing; else WATCH_NEVER, NAN and false: */
	gint32 suspected, fired; /* days */
	struct shift_frozen frozen;
	double score, ratio; /* when it fired; NAN of a guardrail */
	bool worsened;	     /* that was told */
};
#define WATCH_NEVER G_MININT32
#define WATCH_SILENCE_MAX 28 /* what fires is withdrawn after so many silent days */

/* Of the effect: bad is what has kept nearly all of it, easing what has not, but is not
 * calm either. The recent window holds samples of before for weeks after something is
 * over, which must not become the new normal meanwhile. */
enum watch_recent { RECENT_UNKNOWN, RECENT_BAD, RECENT_EASING, RECENT_CALM };

/* What a day shows. */
struct watch_look {
	gint32 day; /* after watch->judged; else nothing happens */
	bool masked, silent;
	bool usable;	/* there is enough to judge */
	bool few;	/* there would be, but of too few different authors, whose numbers
			   they would be: not usable, and what fires is withdrawn */
	bool condition; /* evidence and gate */
	/* Since when, how much, for an alert that fires; of a guardrail the onset is the
	 * first day of `suspected`, the rest NAN. */
	struct shift_frozen found;
	double score, ratio; /* NAN of a guardrail */
	/* While firing: */
	enum watch_recent recent; /* watch_calm(). Bad and easing end the calm days in a
				     row; unknown neither adds to them nor does */
	bool undone; /* as of the day it fired, today's facts would not have come to half
			of what it took */
};

/* RECENT_CALM below ln 1.15, else RECENT_BAD from 0.8 * effect on, between them
 * RECENT_EASING; NAN is RECENT_UNKNOWN. */
enum watch_recent watch_calm(const struct shift_frozen *frozen, double recent);

#define WATCH_EVENTS_MAX 3
struct watch_events {
	enum watch_event events[WATCH_EVENTS_MAX];
	guint n;
};
/* Nothing is known: learning. */
void watch_init(struct watch *watch, gint32 baseline_start);
void watch_step(struct watch *watch, const struct watch_rule *rule,
		const struct watch_look *look, struct watch_events *events);
/* It is measured differently from now on, so nothing can be compared with what is frozen:
 * what fires is withdrawn, what is suspected cleared, and it goes on without quiet days.
 */
void watch_restart(struct watch *watch, gint32 day, struct watch_events *events);
/* Days after this one were looked at by a clock that was ahead: they are forgotten. */
void watch_turn_back(struct watch *watch, gint32 day);
/* A person says that it is the new normal: false, and nothing happens, unless it fires.
 */
bool watch_accept(struct watch *watch, const struct watch_rule *rule, gint32 day,
		  struct watch_events *events);
