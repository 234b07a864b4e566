#pragma once

/*
 * The metrics that goals may be about: what they are measured in and which direction is
 * better. Their names are those of column "metric" of dora.series; change_lead_time_all
 * is not among them, which has no row in most periods.
 */
#include <stdbool.h>

#include "config/config.h"

enum goal_unit { GOAL_COUNT, GOAL_SECONDS, GOAL_RATIO };

struct goal_metric {
	const char *name;
	enum goal_unit unit; /* of its value */
	bool more_samples;   /* the more samples, the better */
};

/* Ends with a NULL name. */
extern const struct goal_metric goal_metrics[];
/* By name; NULL: there is none. */
const struct goal_metric *goal_metric(const char *name);

/* What a statistic of a metric is in. */
enum goal_unit goal_unit(const struct goal_metric *metric,
			 enum config_statistic statistic);
const char *goal_unit_name(enum goal_unit unit); /* "seconds"; of others NULL */
/* Whether the metric has that statistic: ratios have no percentiles. */
bool goal_has(const struct goal_metric *metric, enum config_statistic statistic);
enum config_better goal_better(const struct goal_metric *metric,
			       enum config_statistic statistic);

/* A figure as people write it: "0.15"; "15%" where it is a ratio, "2d" where it is in
 * seconds. False, *value untouched, if it is anything else. */
bool goal_number(const char *text, enum goal_unit unit, double *value);

/* The words of the configuration, which the database has too. */
const char *goal_statistic_name(enum config_statistic statistic);
const char *goal_grain_name(enum config_grain grain);
const char *goal_better_name(enum config_better better);
const char *goal_aggregate_name(enum config_aggregate aggregate);
unsigned goal_window_days(enum config_window window);
