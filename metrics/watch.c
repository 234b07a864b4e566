#include "metrics/watch.h"

#include <math.h>

const struct watch_rule watch_rule_shift = {
	.pending = 3,
	.calm = 7,
	.quiet = 14,
	.accept_after = 84,
	.accept_anyway = 112,
};
const struct watch_rule watch_rule_guardrail = { .pending = 3, .calm = 7 };

static const char *const state_names[N_WATCH_STATES] = {
	[WATCH_LEARNING] = "learning",
	[WATCH_OK] = "ok",
	[WATCH_PENDING] = "pending",
	[WATCH_FIRING] = "firing",
};

static const struct {
	const char *name;
	bool is_told;
} event_rows[N_WATCH_EVENTS] = {
	[WATCH_LEARNED] = { "learned", false },
	[WATCH_UNLEARNED] = { "unlearned", false },
	[WATCH_SUSPECTED] = { "suspected", false },
	[WATCH_CLEARED] = { "cleared", false },
	[WATCH_FIRED] = { "fired", true },
	[WATCH_WORSENED] = { "worsened", true },
	[WATCH_RESOLVED] = { "resolved", true },
	[WATCH_ACCEPTED] = { "accepted", true },
	[WATCH_WITHDRAWN] = { "withdrawn", true },
	[WATCH_SILENT] = { "nodata", false },
	[WATCH_HEARD] = { "data", false },
};

const char *watch_state_name(enum watch_state state)
{
	return state_names[state];
}

bool watch_state_parse(const char *name, enum watch_state *state)
{
	for (int i = 0; i < N_WATCH_STATES; i++) {
		if (g_strcmp0(state_names[i], name) == 0) {
			*state = (enum watch_state)i;
			return true;
		}
	}
	return false;
}

const char *watch_event_name(enum watch_event event)
{
	return event_rows[event].name;
}

bool watch_event_parse(const char *name, enum watch_event *event)
{
	for (int i = 0; i < N_WATCH_EVENTS; i++) {
		if (g_strcmp0(event_rows[i].name, name) == 0) {
			*event = (enum watch_event)i;
			return true;
		}
	}
	return false;
}

bool watch_event_is_told(enum watch_event event)
{
	return event_rows[event].is_told;
}

enum watch_recent watch_calm(const struct shift_frozen *frozen, double recent)
{
	if (isnan(recent))
		return RECENT_UNKNOWN;
	/* Whatever the effect was: it is over-estimated when it fires, so that a share of
	 * it may be most of what there is. */
	if (recent < log(1.15))
		return RECENT_CALM;
	return recent < 0.8 * frozen->effect ? RECENT_EASING : RECENT_BAD;
}

/* ---- one day ---- */

static void add(struct watch_events *events, enum watch_event event)
{
	events->events[events->n++] = event;
}

static void enter(struct watch *watch, enum watch_state state, gint32 day)
{
	watch->state = state;
	watch->since = day;
	watch->streak = 0;
	watch->calm = 0;
}

static void clear(struct watch *watch, gint32 day, struct watch_events *events)
{
	enter(watch, WATCH_OK, day);
	add(events, WATCH_CLEARED);
}

/* What only an alert has. */
static void forget(struct watch *watch)
{
	watch->suspected = WATCH_NEVER;
	watch->fired = WATCH_NEVER;
	watch->frozen = (struct shift_frozen){ NAN, NAN, NAN, NAN, WATCH_NEVER };
	watch->score = NAN;
	watch->ratio = NAN;
	watch->worsened = false;
}

void watch_init(struct watch *watch, gint32 baseline_start)
{
	*watch = (struct watch){ .judged = WATCH_NEVER,
				 .since = WATCH_NEVER,
				 .baseline_start = baseline_start };
	forget(watch);
}

static void finish(struct watch *watch, const struct watch_rule *rule, gint32 day,
		   enum watch_event how, struct watch_events *events)
{
	if (how == WATCH_ACCEPTED)
		watch->baseline_start = MAX(watch->baseline_start, watch->frozen.onset);
	enter(watch, WATCH_OK, day);
	watch->quiet = rule->quiet;
	forget(watch);
	add(events, how);
}

static void fire(struct watch *watch, const struct watch_look *look,
		 struct watch_events *events)
{
	gint32 suspected = watch->state == WATCH_PENDING ? watch->since : look->day;

	enter(watch, WATCH_FIRING, look->day);
	watch->suspected = suspected;
	watch->fired = look->day;
	watch->frozen = look->found;
	watch->score = look->score;
	watch->ratio = look->ratio;
	add(events, WATCH_FIRED);
}

/* Evidence has become very strong since it fired, or the ratio has doubled. */
static bool is_worse(const struct watch *watch, const struct watch_look *look)
{
	const double very_strong = log(30);

	return look->condition && look->recent != RECENT_CALM &&
	       ((look->score >= very_strong && watch->score < very_strong) ||
		look->found.effect >= watch->frozen.effect + G_LN2);
}

/* Of few durations the onset may lie so far back that what has just been told would be
 * called normal the next day: a quarter of the time has to pass after it was told, too.
 * Windows of weeks begin at most 8 weeks and 3 days before, and always leave that. */
static bool is_normal(const struct watch *watch, const struct watch_rule *rule,
		      const struct watch_look *look)
{
	gint32 lasted = look->day - watch->frozen.onset;

	if (rule->accept_after == 0 ||
	    look->day - watch->fired < (gint32)(rule->accept_after / 4))
		return false;
	return look->recent == RECENT_BAD ? lasted >= (gint32)rule->accept_after
					  : look->recent != RECENT_CALM &&
						    lasted >= (gint32)rule->accept_anyway;
}

static void step_firing(struct watch *watch, const struct watch_rule *rule,
			const struct watch_look *look, struct watch_events *events)
{
	if (look->undone || look->few) {
		finish(watch, rule, look->day, WATCH_WITHDRAWN, events);
		return;
	}
	if (look->recent == RECENT_BAD || look->recent == RECENT_EASING)
		watch->calm = 0;
	else if (look->recent == RECENT_CALM)
		watch->calm++;
	if (watch->calm >= rule->calm) {
		finish(watch, rule, look->day, WATCH_RESOLVED, events);
	} else if (is_normal(watch, rule, look)) {
		finish(watch, rule, look->day, WATCH_ACCEPTED, events);
	} else if (!watch->worsened && is_worse(watch, look)) {
		watch->worsened = true;
		add(events, WATCH_WORSENED);
	}
}

/* There is enough to judge, or there is not, and it does not fire. */
static void step_usable(struct watch *watch, const struct watch_look *look,
			struct watch_events *events)
{
	if (look->usable == (watch->state != WATCH_LEARNING))
		return;
	if (watch->state == WATCH_PENDING)
		add(events, WATCH_CLEARED);
	enter(watch, look->usable ? WATCH_OK : WATCH_LEARNING, look->day);
	add(events, look->usable ? WATCH_LEARNED : WATCH_UNLEARNED);
}

static void step_condition(struct watch *watch, const struct watch_rule *rule,
			   const struct watch_look *look, struct watch_events *events)
{
	if (!look->condition) {
		if (watch->state == WATCH_PENDING)
			clear(watch, look->day, events);
	} else if (watch->streak + 1 >= rule->pending) {
		fire(watch, look, events);
	} else if (watch->state == WATCH_PENDING) {
		watch->streak++;
	} else {
		enter(watch, WATCH_PENDING, look->day);
		watch->streak = 1;
		add(events, WATCH_SUSPECTED);
	}
}

/* Days have gone by unseen. */
static void skip(struct watch *watch, gint32 day, struct watch_events *events)
{
	watch->streak = 0;
	watch->calm = 0;
	watch->silence = 0;
	if (watch->state == WATCH_PENDING)
		clear(watch, day, events);
}

void watch_step(struct watch *watch, const struct watch_rule *rule,
		const struct watch_look *look, struct watch_events *events)
{
	events->n = 0;
	if (look->day <= watch->judged)
		return;
	if (watch->judged != WATCH_NEVER && look->day > watch->judged + 1)
		skip(watch, look->day, events);
	watch->judged = look->day;
	if (watch->since == WATCH_NEVER)
		watch->since = look->day;
	if (look->silent != watch->silent) {
		watch->silent = look->silent;
		add(events, look->silent ? WATCH_SILENT : WATCH_HEARD);
	}
	watch->silence = look->silent ? watch->silence + 1 : 0;
	if (watch->state == WATCH_FIRING && watch->silence >= WATCH_SILENCE_MAX)
		finish(watch, rule, look->day, WATCH_WITHDRAWN, events);
	if (look->masked || look->silent)
		return;
	if (watch->state == WATCH_FIRING) {
		step_firing(watch, rule, look, events);
		return;
	}
	step_usable(watch, look, events);
	if (watch->quiet > 0)
		watch->quiet--;
	else if (look->usable)
		step_condition(watch, rule, look, events);
}

bool watch_accept(struct watch *watch, const struct watch_rule *rule, gint32 day,
		  struct watch_events *events)
{
	events->n = 0;
	if (watch->state != WATCH_FIRING)
		return false;
	finish(watch, rule, day, WATCH_ACCEPTED, events);
	return true;
}

void watch_restart(struct watch *watch, gint32 day, struct watch_events *events)
{
	static const struct watch_rule at_once = { 0 };

	events->n = 0;
	if (watch->state == WATCH_FIRING)
		finish(watch, &at_once, day, WATCH_WITHDRAWN, events);
	else if (watch->state == WATCH_PENDING)
		clear(watch, day, events);
}

void watch_turn_back(struct watch *watch, gint32 day)
{
	watch->judged = MIN(watch->judged, day);
	watch->since = MIN(watch->since, day);
	watch->suspected = MIN(watch->suspected, day);
	watch->fired = MIN(watch->fired, day);
	watch->frozen.onset = MIN(watch->frozen.onset, day);
	watch->streak = 0;
	watch->calm = 0;
	watch->silence = 0;
}
