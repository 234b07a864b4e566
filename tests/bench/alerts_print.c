#include "tests/bench/alerts_print.h"

#include <stdio.h>

/* What is asked of a cell that regresses. */
static const struct {
	guint effect, weeks;
	const char *what;
} shares[] = {
	{ EFFECT_1_3, 8, "1.3x 8w" }, { EFFECT_1_5, 8, "1.5x 8w" },
	{ EFFECT_2, 4, "2x 4w" },     { EFFECT_2, 6, "2x 6w" },
	{ EFFECT_2, 8, "2x 8w" },     { EFFECT_2, 12, "2x 12w" },
	{ EFFECT_3, 4, "3x 4w" },     { EFFECT_3, 8, "3x 8w" },
	{ EFFECT_3, 12, "3x 12w" },
};

static const struct {
	enum shift_sensitivity sensitivity;
	const char *what;
} presets[] = {
	{ SENSITIVITY_HIGH, "high" },
	{ SENSITIVITY_DEFAULT, "default" },
	{ SENSITIVITY_LOW, "low" },
};

static const struct {
	const char *what;
	struct alerts_estimate (*of)(const struct alerts_measured *cell);
} lives[] = {
	{ "FA", alerts_life_false },
	{ "fired", alerts_life_fired },
	{ "fired of it", alerts_life_fired_of_it },
	{ "gave up", alerts_life_gave_up },
	{ "over", alerts_life_over },
	{ "resolved", alerts_life_resolved },
	{ "accepted", alerts_life_accepted },
	{ "more", alerts_life_extra },
};

void alerts_print_volumes(const struct alerts_table *table)
{
	printf("\nShare of regressions found, by size and weeks since they began "
	       "(default "
	       "sensitivity)\n%-16s %13s",
	       "", "FA a year");
	for (gsize i = 0; i < G_N_ELEMENTS(shares); i++)
		printf(" %8s", shares[i].what);
	printf("\n");
	for (guint c = 0; c < table->n; c++) {
		const struct alerts_measured *cell = &table->cells[c];
		struct alerts_estimate alarms;

		if (!cell->series || !cell->cell.regresses)
			continue;
		alarms = alerts_false_alarms(cell, SENSITIVITY_DEFAULT);
		printf("%-16s %5.2f +- %4.2f", cell->name, alarms.value, alarms.se);
		for (gsize i = 0; i < G_N_ELEMENTS(shares); i++)
			printf(" %8.2f",
			       alerts_detected(cell, SENSITIVITY_DEFAULT,
					       shares[i].effect, shares[i].weeks)
				       .value);
		printf("\n");
	}
}

void alerts_print_false(const struct alerts_table *table)
{
	printf("\nFalse alarms a series-year, by sensitivity (+- standard error)\n%-16s",
	       "");
	for (gsize i = 0; i < G_N_ELEMENTS(presets); i++)
		printf("  %13s", presets[i].what);
	printf("\n");
	for (guint c = 0; c < table->n; c++) {
		const struct alerts_measured *cell = &table->cells[c];

		if (!cell->series)
			continue;
		printf("%-16s", cell->name);
		for (gsize i = 0; i < G_N_ELEMENTS(presets); i++) {
			struct alerts_estimate alarms = alerts_false_alarms(
				cell, presets[i].sensitivity);

			printf("  %5.2f +- %4.2f", alarms.value, alarms.se);
		}
		printf("\n");
	}
}

void alerts_print_lives(const struct alerts_table *table)
{
	printf("\nThe whole life of an alert. FA: false alarms a year. Of 2x that lasts: "
	       "alerts fired for each\nfound, to the end and until it is accepted as the "
	       "new normal, share given up within 12 weeks.\nOf 3x over 8 weeks: median "
	       "days until the alert is over (never: %d), the same of those\nresolved, "
	       "share accepted as the new normal, alerts later\n%-16s",
	       ALERTS_LONGEST, "");
	for (gsize i = 0; i < G_N_ELEMENTS(lives); i++)
		printf("  %13s", lives[i].what);
	printf("\n");
	for (guint c = 0; c < table->n; c++) {
		const struct alerts_measured *cell = &table->cells[c];

		if (!cell->series || !cell->cell.lives)
			continue;
		printf("%-16s", cell->name);
		for (gsize i = 0; i < G_N_ELEMENTS(lives); i++) {
			struct alerts_estimate estimate = lives[i].of(cell);

			printf("  %5.2f +- %4.2f", estimate.value, estimate.se);
		}
		printf("\n");
	}
}

static void csv_line(const char *cell, const char *measure,
		     const struct alerts_estimate *estimate)
{
	if (estimate->n > 0)
		printf("%s,%s,%.4f,%.4f,%u\n", cell, measure, estimate->value,
		       estimate->se, estimate->n);
}

void alerts_print_csv(const struct alerts_table *table)
{
	printf("cell,measure,value,se,n\n");
	for (guint c = 0; c < table->n; c++) {
		const struct alerts_measured *cell = &table->cells[c];
		struct alerts_estimate estimate;

		for (gsize i = 0; i < G_N_ELEMENTS(presets); i++) {
			g_autofree char *what = g_strdup_printf("false %s",
								presets[i].what);

			estimate = alerts_false_alarms(cell, presets[i].sensitivity);
			csv_line(cell->name, what, &estimate);
		}
		for (gsize i = 0; i < G_N_ELEMENTS(shares); i++) {
			estimate = alerts_detected(cell, SENSITIVITY_DEFAULT,
						   shares[i].effect, shares[i].weeks);
			csv_line(cell->name, shares[i].what, &estimate);
		}
		for (gsize i = 0; i < G_N_ELEMENTS(lives); i++) {
			g_autofree char *what = g_strdup_printf("life %s", lives[i].what);

			estimate = lives[i].of(cell);
			csv_line(cell->name, what, &estimate);
		}
		estimate = alerts_cost(cell);
		csv_line(cell->name, "microseconds", &estimate);
	}
}
