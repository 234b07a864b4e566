#pragma once

/*
 * How a simulated series is scored. Once a day from the end of the warm-up, each day as
 * of its end:
 * - an alert begins when the condition held on three days in a row, and ends after 14 in
 *   a row on which the score was below 70 % of its threshold; then all begins anew
 * - without a regression every alert that begins is a false alarm
 * - the regression is detected N weeks after onset if an alert began on one of the 7 N
 *   days since; one that was active already detects nothing, only a new one can
 * or, as a team would live with it, by the whole life of an alert (metrics/watch.h).
 */
#include "metrics/watch.h"
#include "tests/bench/alerts_sim.h"

#define ALERTS_NEVER (-1)
enum { EFFECT_1_3, EFFECT_1_5, EFFECT_2, EFFECT_3, N_ALERTS_EFFECTS };
extern const double alerts_ratios[N_ALERTS_EFFECTS];
#define N_SENSITIVITIES 3 /* of enum shift_sensitivity */

/* One series of a cell. */
struct alerts_cell {
	enum alerts_metric metric;
	double per_week;
	enum shift_engine engine;
	enum alerts_stress stress;
	bool mask;	/* the engine is told of the holidays */
	bool regresses; /* detections are asked for, too */
	bool lives;	/* the whole life of an alert, too */
};

struct alerts_life {
	guint false_alarms; /* without a regression */
	/* A doubling that stays: how many alerts fired since onset and how many of them
	 * before it was accepted as the new normal; whether one was firing at onset;
	 * whether one was resolved in the first 12 weeks. */
	guint fired, fired_of_it;
	bool was_firing, gave_up, is_normal;
	/* Three times as much for 8 weeks, and the alert that fired when that was over:
	 * how many days later it was resolved, ALERTS_NEVER if it was not; whether it was
	 * accepted as the new normal instead; how many fired after the end. */
	bool at_end, accepted;
	gint32 resolved;
	guint extra;
};

struct alerts_scored {
	guint false_alarms[N_SENSITIVITIES];
	/* Days from onset to the day on whose end the alert began; ALERTS_NEVER. */
	gint32 detected[N_SENSITIVITIES][N_ALERTS_EFFECTS];
	struct alerts_life life;
	guint n_judged; /* evaluations and */
	double seconds; /* the processor time of them */
};

void alerts_score(const struct alerts_cell *cell, guint64 seed,
		  const struct calendar *calendar, struct alerts_scored *scored);

/* What the engine is given of a cell's samples, which it borrows. */
struct shift_series alerts_series(const struct alerts_cell *cell,
				  const struct calendar *calendar, const GArray *samples);
/* What a day that is heard of shows to a watch, default sensitivity. */
void alerts_look(struct shift_series *series, const struct watch *watch, gint32 date,
		 struct watch_look *look);
bool alerts_happened(const struct watch_events *events, enum watch_event event);
