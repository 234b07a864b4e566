#pragma once

/*
 * The cells that are measured, one series a seed, spread over threads. A result is
 * the same on however many.
 */
#include "tests/bench/alerts_score.h"

enum alerts_group {
	GROUP_VOLUMES, /* every metric by how much of it there is a week */
	GROUP_LEVELS,  /* restore times, many a week, with the engine of lead times */
	GROUP_STRESS,
	GROUP_UNMASKED,
};

struct alerts_run {
	guint64 from; /* first seed */
	guint n;      /* seeds */
	guint n_threads;
	const char *only; /* name of a cell; NULL: all */
};

/* An estimate with its standard error; n 0: not measured. */
struct alerts_estimate {
	double value, se;
	guint n;
};

struct alerts_measured {
	char *name; /* "lead-10": ten a week */
	enum alerts_group group;
	struct alerts_cell cell;
	struct alerts_scored *series; /* n of them, by seed; NULL: not asked for */
	guint n;
};

struct alerts_table {
	struct alerts_measured *cells;
	guint n;
};

/* False: there is no cell of that name. Fills *table either way; clear it. */
bool alerts_measure(struct alerts_table *table, const struct alerts_run *run);
void alerts_table_clear(struct alerts_table *table);
/* Borrowed; NULL: there is none. */
const struct alerts_measured *alerts_find(const struct alerts_table *table,
					  const char *name);

/* A series-year. */
struct alerts_estimate alerts_false_alarms(const struct alerts_measured *cell,
					   enum shift_sensitivity sensitivity);
/* The share of series. */
struct alerts_estimate alerts_detected(const struct alerts_measured *cell,
				       enum shift_sensitivity sensitivity, guint effect,
				       guint weeks);
/* Microseconds an evaluation. */
struct alerts_estimate alerts_cost(const struct alerts_measured *cell);
/* Of the whole life: false alarms a series-year; alerts that fired for each regression
 * found, to the end of the series and as long as it was not accepted as the new normal;
 * share of them given up within 12 weeks. */
struct alerts_estimate alerts_life_false(const struct alerts_measured *cell);
struct alerts_estimate alerts_life_fired(const struct alerts_measured *cell);
struct alerts_estimate alerts_life_fired_of_it(const struct alerts_measured *cell);
struct alerts_estimate alerts_life_gave_up(const struct alerts_measured *cell);
/* Of the alerts that an episode left behind: median days until they were resolved, where
 * those that never were count as ALERTS_LONGEST; the same of the others alone; the share
 * that was accepted as the new normal, though it was over; alerts later on, each. */
#define ALERTS_LONGEST 99
struct alerts_estimate alerts_life_over(const struct alerts_measured *cell);
struct alerts_estimate alerts_life_resolved(const struct alerts_measured *cell);
struct alerts_estimate alerts_life_accepted(const struct alerts_measured *cell);
struct alerts_estimate alerts_life_extra(const struct alerts_measured *cell);
