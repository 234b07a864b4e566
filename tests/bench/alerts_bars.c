#include "tests/bench/alerts_print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum measure {
	FALSE_DEFAULT,
	FALSE_LOW,
	FOUND,
	LIFE_FIRED,
	LIFE_RESOLVED,
	LIFE_ACCEPTED,
	COST
};
enum over { ONE, WORST_OF_VOLUMES, MEAN_OF_VOLUMES };

/* The goals of the alerts, with their bars. Prototype: what was measured where they come
 * from, NAN: it was not. Bar NAN: none, it belongs to the row above. */
static const struct {
	const char *goal, *what;
	enum measure measure;
	enum over over;
	const char *cell; /* ONE */
	guint effect, weeks;
	double prototype;
	bool at_least;
	double bar;
} goals[] = {
	{ "G3", "false alarms a year, default, worst of all volumes", FALSE_DEFAULT,
	  WORST_OF_VOLUMES, .prototype = 0.38, .bar = 0.45 },
	{ "G3", "false alarms a year, default, mean of all volumes", FALSE_DEFAULT,
	  MEAN_OF_VOLUMES, .prototype = 0.24, .bar = 0.30 },
	{ "G4", "false alarms a year, low, worst of all volumes", FALSE_LOW,
	  WORST_OF_VOLUMES, .prototype = 0.17, .bar = 0.25 },
	{ "G5", "2x lead time in 8 weeks, 10 a week", FOUND, ONE, "lead-10", EFFECT_2, 8,
	  0.77, true, 0.70 },
	{ "G5", "2x lead time in 8 weeks, 20 a week", FOUND, ONE, "lead-20", EFFECT_2, 8,
	  0.86, true, 0.80 },
	{ "G5", "2x lead time in 8 weeks, 35 a week", FOUND, ONE, "lead-35", EFFECT_2, 8,
	  0.92, true, 0.88 },
	{ "G6", "2x lead time: 90 % (- 3) in 8 weeks, 35 a week", FOUND, ONE, "lead-35",
	  EFFECT_2, 8, 0.92, true, 0.87 },
	{ "G6", "2x lead time: 90 % (- 3) in 12 weeks, 20 a week", FOUND, ONE, "lead-20",
	  EFFECT_2, 12, 0.92, true, 0.87 },
	{ "G7", "3x lead time in 4 weeks, 10 a week", FOUND, ONE, "lead-10", EFFECT_3, 4,
	  0.81, true, 0.75 },
	{ "G7", "3x lead time in 4 weeks, 20 a week", FOUND, ONE, "lead-20", EFFECT_3, 4,
	  0.93, true, 0.90 },
	{ "G8", "deployments halved in 8 weeks, 10 a week", FOUND, ONE, "deploys-10",
	  EFFECT_2, 8, 0.67, true, 0.60 },
	{ "G8", "deployments halved in 8 weeks, 35 a week", FOUND, ONE, "deploys-35",
	  EFFECT_2, 8, 0.85, true, 0.80 },
	{ "G9", "2x failures in 8 weeks, 35 deployments a week", FOUND, ONE,
	  "failures-35", EFFECT_2, 8, 0.72, true, 0.67 },
	{ "G9", "3x failures in 8 weeks, 20 deployments a week", FOUND, ONE,
	  "failures-20", EFFECT_3, 8, 0.96, true, 0.90 },
	{ "G10", "2x rework in 8 weeks, 10 deployments a week", FOUND, ONE, "rework-10",
	  EFFECT_2, 8, 0.81, true, 0.75 },
	{ "G11", "3x time to restore in 12 weeks, 2 incidents a week", FOUND, ONE,
	  "restore-2", EFFECT_3, 12, 0.90, true, 0.83 },
	{ "G12", "alerts for each 2x lead time that is found, 3 a week", LIFE_FIRED, ONE,
	  "lead-3", .prototype = 1.06, .bar = 1.15 },
	{ "G12", "alerts for each 2x lead time that is found, 10 a week", LIFE_FIRED, ONE,
	  "lead-10", .prototype = 1.10, .bar = 1.15 },
	{ "G12", "alerts for each 2x lead time that is found, 35 a week", LIFE_FIRED, ONE,
	  "lead-35", .prototype = 1.09, .bar = 1.15 },
	{ "G12", "days until 3x of 8 weeks is resolved, median, 3 a week", LIFE_RESOLVED,
	  ONE, "lead-3", .prototype = 24, .bar = 28 },
	{ "", "the share that was accepted though it was over, 3 a week", LIFE_ACCEPTED,
	  ONE, "lead-3", .prototype = NAN, .bar = NAN },
	{ "G12", "days until 3x of 8 weeks is resolved, median, 10 a week", LIFE_RESOLVED,
	  ONE, "lead-10", .prototype = 21, .bar = 28 },
	{ "", "the share that was accepted though it was over, 10 a week", LIFE_ACCEPTED,
	  ONE, "lead-10", .prototype = NAN, .bar = NAN },
	{ "G12", "days until 3x of 8 weeks is resolved, median, 35 a week", LIFE_RESOLVED,
	  ONE, "lead-35", .prototype = 22, .bar = 28 },
	{ "", "the share that was accepted though it was over, 35 a week", LIFE_ACCEPTED,
	  ONE, "lead-35", .prototype = NAN, .bar = NAN },
	{ "G13", "false alarms, 4 batch landings, 3 a week", FALSE_DEFAULT, ONE,
	  "landings-3", .prototype = 0.61, .bar = 0.75 },
	{ "G13", "false alarms, 4 batch landings, 10 a week", FALSE_DEFAULT, ONE,
	  "landings-10", .prototype = 0.40, .bar = 0.75 },
	{ "G13", "false alarms, 4 batch landings, 35 a week", FALSE_DEFAULT, ONE,
	  "landings-35", .prototype = 0.29, .bar = 0.75 },
	{ "G13", "false alarms, 8 % more outliers, 3 a week", FALSE_DEFAULT, ONE,
	  "outliers-3", .prototype = 0.20, .bar = 0.30 },
	{ "G13", "false alarms, 8 % more outliers, 10 a week", FALSE_DEFAULT, ONE,
	  "outliers-10", .prototype = 0.17, .bar = 0.30 },
	{ "G13", "false alarms, 8 % more outliers, 35 a week", FALSE_DEFAULT, ONE,
	  "outliers-35", .prototype = 0.13, .bar = 0.30 },
	{ "G14", "false alarms, deployments, masked holidays, 3 a week", FALSE_DEFAULT,
	  ONE, "deploys-3", .prototype = 0.18, .bar = 0.40 },
	{ "G14", "false alarms, deployments, masked holidays, 10 a week", FALSE_DEFAULT,
	  ONE, "deploys-10", .prototype = 0.27, .bar = 0.40 },
	{ "G14", "false alarms, deployments, masked holidays, 20 a week", FALSE_DEFAULT,
	  ONE, "deploys-20", .prototype = 0.23, .bar = 0.40 },
	{ "G14", "false alarms, deployments, masked holidays, 35 a week", FALSE_DEFAULT,
	  ONE, "deploys-35", .prototype = 0.22, .bar = 0.40 },
	{ "G14", "false alarms, deployments, masked holidays, 70 a week", FALSE_DEFAULT,
	  ONE, "deploys-70", .prototype = 0.25, .bar = 0.40 },
	{ "G15", "microseconds a series-day, lead time, 35 a week", COST, ONE, "lead-35",
	  .prototype = 126, .bar = 200 },
};

static struct alerts_estimate measured(gsize goal, const struct alerts_measured *cell)
{
	switch (goals[goal].measure) {
	case FALSE_DEFAULT:
		return alerts_false_alarms(cell, SENSITIVITY_DEFAULT);
	case FALSE_LOW:
		return alerts_false_alarms(cell, SENSITIVITY_LOW);
	case FOUND:
		return alerts_detected(cell, SENSITIVITY_DEFAULT, goals[goal].effect,
				       goals[goal].weeks);
	case LIFE_FIRED:
		return alerts_life_fired(cell);
	case LIFE_RESOLVED:
		return alerts_life_resolved(cell);
	case LIFE_ACCEPTED:
		return alerts_life_accepted(cell);
	case COST:
		return alerts_cost(cell);
	default:
		g_assert_not_reached();
	}
}

/* Over the cells by volume: the largest, or the mean. *name: of which cell. n 0: some of
 * them were not measured. */
static struct alerts_estimate over_volumes(const struct alerts_table *table, gsize goal,
					   const char **name)
{
	struct alerts_estimate worst = { .value = -1 }, mean = { 0 };
	guint n_cells = 0;

	for (guint i = 0; i < table->n; i++) {
		const struct alerts_measured *cell = &table->cells[i];
		struct alerts_estimate one;

		if (cell->group != GROUP_VOLUMES)
			continue;
		one = measured(goal, cell);
		if (one.n == 0)
			return (struct alerts_estimate){ 0 };
		if (one.value > worst.value) {
			worst = one;
			*name = cell->name;
		}
		mean.value += one.value;
		mean.se += one.se * one.se;
		mean.n += one.n;
		n_cells++;
	}
	if (goals[goal].over == WORST_OF_VOLUMES)
		return worst;
	*name = "all";
	mean.value /= n_cells;
	mean.se = sqrt(mean.se) / n_cells;
	return mean;
}

static const char *verdict(gsize goal, double value)
{
	if (isnan(goals[goal].bar))
		return "";
	return (goals[goal].at_least ? value >= goals[goal].bar
				     : value <= goals[goal].bar)
		       ? "met"
		       : "missed";
}

static void print_goal(gsize goal, enum alerts_format format, const char *name,
		       const struct alerts_estimate *estimate)
{
	const char *result = verdict(goal, estimate->value);
	const char *is = goals[goal].at_least ? ">=" : "<=";
	char bar[16] = "", prototype[16] = "";

	if (!isnan(goals[goal].bar))
		g_snprintf(bar, sizeof(bar), "%g", goals[goal].bar);
	if (!isnan(goals[goal].prototype))
		g_snprintf(prototype, sizeof(prototype), "%.4g", goals[goal].prototype);
	if (format == ALERTS_CSV)
		printf("%s,\"%s\",%s,%.4f,%.4f,%u,%s,%s,%s\n", goals[goal].goal,
		       goals[goal].what, name, estimate->value, estimate->se, estimate->n,
		       *bar ? is : "", bar, result);
	else
		printf("%-4s %-57s %-12s %6.2f +- %4.2f %6s  %s %-5s %s\n",
		       goals[goal].goal, goals[goal].what, name, estimate->value,
		       estimate->se, prototype, *bar ? is : "  ", bar, result);
}

guint alerts_print_goals(const struct alerts_table *table, enum alerts_format format,
			 bool checked)
{
	guint missed = !checked;

	if (format == ALERTS_CSV)
		printf("\ngoal,what,cell,value,se,n,bar_is,bar,result\n");
	else
		printf("\nGoals (+- standard error; prototype: as measured where the "
		       "goals come from)\n%-4s %-57s %-12s %14s %6s\n",
		       "", "", "", "measured", "proto");
	for (gsize i = 0; i < G_N_ELEMENTS(goals); i++) {
		const char *name = goals[i].cell;
		struct alerts_estimate estimate =
			goals[i].over == ONE ? measured(i, alerts_find(table, name))
					     : over_volumes(table, i, &name);

		if (estimate.n == 0)
			continue;
		print_goal(i, format, name, &estimate);
		missed += strcmp(verdict(i, estimate.value), "missed") == 0;
	}
	printf(format == ALERTS_CSV ? "%s,\"%s\",,,,,,,%s\n" : "%-4s %-57s %s\n", "G16",
	       "the same day twice, an unfinished day, five silent days",
	       checked ? "met" : "missed");
	return missed;
}
