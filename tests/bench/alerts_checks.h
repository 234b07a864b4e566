#pragma once

/*
 * What holds of every series, not of most: asserted, not estimated. Each check prints
 * what it saw otherwise; false then.
 */
#include "tests/bench/alerts_run.h"

/* Of the first seeds of a run: the same day twice gives the same bytes, an unfinished
 * last day changes nothing, a source that fell silent is no alert. */
bool alerts_check_days(guint64 from);
/* The first seeds once more, on another number of threads: the same results. */
bool alerts_check_again(const struct alerts_table *table, const struct alerts_run *run);
/* What a mistake breaks and noise does not: few false alarms, fewer of low sensitivity,
 * large regressions found more often than small ones. Of a run of all cells. */
bool alerts_check_sane(const struct alerts_table *table);
