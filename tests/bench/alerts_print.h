#pragma once

/* The measured tables, for people and as CSV, and the goals beside their bars. */
#include "tests/bench/alerts_run.h"

enum alerts_format { ALERTS_TEXT, ALERTS_CSV };

void alerts_print_volumes(const struct alerts_table *table);
void alerts_print_false(const struct alerts_table *table);
void alerts_print_lives(const struct alerts_table *table);
/* One line a number: cell, measure, value, standard error, series. That of the goals
 * follows after an empty line. */
void alerts_print_csv(const struct alerts_table *table);
/* How many goals were missed. Those of cells that were not measured are left out.
 * checked: the checks of alerts_checks.h went well. */
guint alerts_print_goals(const struct alerts_table *table, enum alerts_format format,
			 bool checked);
