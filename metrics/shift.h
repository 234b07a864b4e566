#pragma once

/*
 * Is it worse now? Compares the last weeks of a series with the 40 before them, on raw
 * samples, and says how strong the evidence is (a Bayes factor), how large the change,
 * since when. Pure: the same samples and the same day give the same answer.
 *
 * Four engines, by what a sample is; the formulas with their sources are in the .c file
 * of each:
 *   SHIFT_LEVEL  durations, several a week: winsorised random-effects shift of ln(hours)
 *   SHIFT_COUNT  events: over-dispersed Poisson ratio over unmasked days
 *   SHIFT_SHARE  yes or no of each of several: over-dispersed binomial ratio
 *   SHIFT_SPANS  few durations, some still open: the last k against those before
 *
 * Evidence of a window with effect z standard errors towards the bad (z > 0) and variance
 * V of the effect, against a normal prior of variance P = 0.49 cut at 0 (log of
 * Wakefield's approximate Bayes factor, one-sided): r = P / (V + P);  L = ln 2 + ln(V /
 * (V + P)) / 2 + z z r / 2 + ln Phi(z sqrt r) The score is the logarithm of the mean of
 * exp(L) over the usable windows, not the maximum: that pays for having looked often.
 */
#include "metrics/calendar.h"

enum shift_engine { SHIFT_LEVEL, SHIFT_COUNT, SHIFT_SHARE, SHIFT_SPANS, N_SHIFT_ENGINES };
/* "level", "count", "share", "spans" */
const char *shift_engine_name(enum shift_engine engine);
bool shift_engine_parse(const char *name, enum shift_engine *engine);

/* Which way is looked for. Worse is longer, more failures, fewer deployments. */
enum shift_direction { SHIFT_WORSE, SHIFT_BETTER };
const char *shift_direction_name(enum shift_direction direction); /* "worse", "better" */
bool shift_direction_parse(const char *name, enum shift_direction *direction);

/* One of what the engine counts. Days are local dates (metrics/bucket.h). */
struct shift_sample {
	gint32 day;   /* of the deployment; spans: on which it began */
	gint32 known; /* share: by when it was known to have failed; SHIFT_NEVER: it has
			 not */
	gint64 began; /* spans: instants */
	gint64 ended; /* spans: INSTANT_NONE: still open. As of an instant before its end
			 it is open, too */
	double seconds; /* level: how long it took */
	guint part;	/* of what it came, for shift_parts(): any small number */
};
#define SHIFT_NEVER G_MAXINT32
#define SHIFT_NO_BOUND G_MININT32

struct shift_series {
	enum shift_engine engine;
	enum shift_direction direction;
	const struct shift_sample *samples; /* by day; spans: by began. Those after the
					       day that is asked for do no harm */
	gsize n;
	gint32 baseline_start; /* no week that begins before it counts, and no span that
				  did; SHIFT_NO_BOUND */
	const struct calendar *calendar; /* count: masked days; NULL: none */
	double gate; /* the least ratio worth telling (> 1: 1.5 is by half); 0:
			shift_gate(). Share asks for 0.03 and 3 failures (after; better:
			before) besides */
};
/* An engine's own gate: level 1.2, count 1.25 (a drop to 0.8), share 1.3, spans 1.3. */
double shift_gate(enum shift_engine engine);

/* One side of a comparison. NAN: does not apply. Weeks without samples (count: nearly
 * without exposure) at the far end of a side are not of it. */
struct shift_side {
	gint32 from,
		to; /* first and last day; spans: on which the first and last began */
	gint64 n;   /* samples; count: events; share: deployments */
	double median, p85; /* level and spans: seconds (of open spans: as long as they
			       had lasted); by linear interpolation */
	double rate;	    /* count: events in an ordinary week; share: failed / n */
	gint64 failed;	    /* share; else 0 */
};

struct shift {
	bool usable;   /* there is enough to compare; else learning: then window is 0,
			  onset the day after, both sides are empty, and effect, ratio
			  and base are NAN */
	guint lacking; /* weeks, about, until there is, if samples go on to come as they
			  do: 1 to 25, or 52: not within half a year; 0 if usable */
	bool gate;     /* the effect is large enough */
	/* SHIFT_NO_SCORE if not usable or the gate fails; else log of the averaged
	 * evidence: exp(score) : 1 */
	double score;
	double threshold; /* that the score has to reach with the default sensitivity */
	guint window;	  /* of the window with the most evidence: weeks; spans: how
			     many */
	gint32 onset;	  /* its first day */
	double effect;	  /* log of after : before, positive towards the direction looked
			     for (a drop to one half: ln 2) */
	double ratio;	  /* after : before as it is (a drop to one half: 0.5) */
	double ratio_lo, ratio_hi; /* its 90 % range; NAN where z is 0, ratio is 0, or
				      there is no telling how large it may be */
	struct shift_side before, after;
	/* What is held on to while an alert lasts. level and spans: base level and the
	 * limits of winsorising, in ln(hours); count: events per unit of exposure (low
	 * and high NAN); share: the failure rate before (likewise). */
	double base, low, high;
};
#define SHIFT_NO_SCORE (-1.0)

/* As of the end of a local day: asof is that instant. Nothing later is looked at, and
 * nothing that was not known then (share and spans). *shift is always filled. */
void shift_evaluate(const struct shift_series *series, gint32 day, gint64 asof,
		    struct shift *shift);

/* The factor of a threshold: 0.75 for "high" sensitivity, 1 for "default", 1.4 for "low".
 */
enum shift_sensitivity { SENSITIVITY_DEFAULT, SENSITIVITY_HIGH, SENSITIVITY_LOW };
double shift_factor(enum shift_sensitivity sensitivity);
const char *shift_sensitivity_name(enum shift_sensitivity sensitivity);
bool shift_sensitivity_parse(const char *name, enum shift_sensitivity *sensitivity);
/* Does it reach the threshold, with the gate? */
bool shift_holds(const struct shift *shift, enum shift_sensitivity sensitivity);
/* "likely" from 5 : 1, "strong" from 10 : 1, "very strong" from 30 : 1; NULL below. An
 * order, not a probability. */
const char *shift_strength(double score);

/* While an alert lasts: how far the recent level (the last 21 days, by whole days further
 * back to 8 durations or 20 deployments; count: 21 days; spans: the last 5; never before
 * onset) lies from the base that was frozen, in logs towards the direction looked for,
 * with the same limits. Levels are plain means, shares failed / n, of days that shares
 * look at (not the last 3). NAN: there is nothing recent. The logarithm of no failures
 * and of no events is -DBL_MAX, so a drop to nothing is DBL_MAX. */
struct shift_frozen {
	double base, low, high, effect;
	gint32 onset;
};
double shift_recent(const struct shift_series *series, const struct shift_frozen *frozen,
		    gint32 day, gint64 asof);

/* How the samples from onset to day share out among parts, largest first (then by part):
 * array of struct shift_part; the caller unrefs. Samples that say nothing are not among
 * them: of masked days, of the last 3 (share), open and not long yet (spans). */
struct shift_part {
	guint part;
	gint64 n, of; /* n of all; share: failed of all failed */
};
GArray *shift_parts(const struct shift_series *series, gint32 onset, gint32 day,
		    gint64 asof);

/* How many false alerts a year are to be expected of such a series, measured with the
 * simulator of tests/bench (docs/alerts.md): by engine, samples a week and sensitivity.
 */
double shift_false_alerts(enum shift_engine engine, double per_week,
			  enum shift_sensitivity sensitivity);
