#pragma once

/*
 * Simulated DORA series: what alerts are measured on. 78 weeks of raw events of one team,
 * of which 12 are warm-up; in some a regression begins on a day from 280 to 419. The same
 * seed gives the same series with and without it: all effect sizes share their random
 * numbers, so that two shares of detections differ by the effect alone.
 *
 *   activity   3, 10 or 35 events a week, or what is asked for; factors of weekdays with
 *              noise (sd 0.2 in the log), in 25 % of the teams a Friday at 10 %, weekends
 *              at 40 % in 15 % of the teams and at 2 % in the others; weekly AR(1) of the
 *              log, sd 0.25, rho 0.3; a random walk of 0.02 a week; gamma noise of a day
 *              (shape 5)
 *   holidays   20 December to 2 January at 15 %, eight days a year at 10 %, known to
 *              alerts_calendar(); in half of the series two or three weeks of July or
 *              August at 65 %, which no calendar knows
 *   lead time  log-normal: sd 0.9 to 1.2 within a deployment, 0.5 between deployments,
 *              weekly AR(1) sd 0.20, rho 0.4, a random walk of 0.02 a week; 15 % hotfixes
 *              (/ 4.5), 3 % outliers (* 12)
 *   failures   beta-binomial, rho 0.02, of 5, 10 or 20 % (rework: 12, 20 or 30 %), known
 *              after an exponential delay of a day on average
 *   restoring  log-normal, sd 1.0 to 1.3, 5 % outliers (* 9)
 *   regression lead and restore times times r, the chance of failures times r,
 *              deployments thinned to 1 / r, from the beginning of the day on
 *
 * Where the description of the model that the goals come from is silent, this is read:
 * - The first day is any of a year, so that holidays come at any point of a series.
 * - sd of an AR(1) is that of its values, not of its innovations; it and the random walks
 *   move at the end of each seventh day, and begin at their stationary law and at 0.
 * - A holiday multiplies the rate of its day, whatever the weekday.
 * - The changes of one day go out in one deployment.
 * - Chances of failure are drawn once a week, one beta for all of its deployments, and
 *   stay below 0.95 when they are multiplied.
 * - Incidents come at any hour and on any day alike, by Poisson.
 * - Medians are drawn: lead time 6 to 72 hours, restoring half an hour to 8 hours; the
 *   engines see no difference but at their floor of a minute.
 * - What a deployment or an incident began with in normal times, it ends with.
 */
#include "metrics/shift.h"
#include "tests/bench/alerts_random.h"

#define ALERTS_WEEKS 78
#define ALERTS_DAYS (7 * ALERTS_WEEKS)
#define ALERTS_WARM_UP (7 * 12)
/* Of the scored part of a series: 1.265. */
#define ALERTS_YEARS ((ALERTS_DAYS - ALERTS_WARM_UP) / 365.25)

enum alerts_metric {
	ALERTS_LEAD,
	ALERTS_DEPLOYS,
	ALERTS_FAILURES,
	ALERTS_REWORK,
	ALERTS_RESTORE,
	N_ALERTS_METRICS
};

enum alerts_stress {
	STRESS_NONE,
	STRESS_LANDINGS, /* four times 40 % of a week's changes at 30 times the median
			    land on one day */
	STRESS_OUTLIERS, /* 8 % more, * 20 */
	STRESS_WEEKS,	 /* weekly AR(1) sd 0.35, rho 0.5 on top */
	STRESS_DRIFT,	 /* random walk of 0.06 a week */
};

struct alerts_event {
	gint32 day;    /* of the series: from 0 */
	double hour;   /* of the day, in days: [0, 1) */
	double value;  /* ln(hours) */
	double luck;   /* uniform: against what would thin it out or let it fail */
	double chance; /* of failing */
	double delay;  /* days until it is known */
};

struct alerts_sim {
	enum alerts_metric metric;
	gint32 first_day; /* local date of day 0 */
	gint32 onset;	  /* day of the series */
	GArray *events;	  /* of struct alerts_event, by time */
};

void alerts_sim_make(struct alerts_sim *sim, enum alerts_metric metric, double per_week,
		     enum alerts_stress stress, guint64 seed);
void alerts_sim_clear(struct alerts_sim *sim);

/* What the engine sees of it with a regression of that ratio (1: none) over the days
 * [from, to) of the series; array of struct shift_sample, the caller unrefs. SHIFT_LEVEL
 * of restore times: by the day they ended. */
GArray *alerts_sim_samples(const struct alerts_sim *sim, enum shift_engine engine,
			   double ratio, gint32 from, gint32 to);
/* The holidays that a team would tell; unref it. */
struct calendar *alerts_calendar(void);
/* The end of a local day; time is UTC. */
gint64 alerts_asof(gint32 day);
