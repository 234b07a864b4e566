#include "tests/bench/alerts_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *prefix;
	enum alerts_group group;
	enum alerts_metric metric;
	enum shift_engine engine;
	enum alerts_stress stress;
	bool mask, regresses;
	double volumes[8]; /* a week; 0 ends them */
	double lived[4];   /* of these the whole life */
} kinds[] = {
	{ "lead", GROUP_VOLUMES, ALERTS_LEAD, SHIFT_LEVEL, STRESS_NONE, .regresses = true,
	  .volumes = { 1.5, 3, 6, 10, 20, 35, 70 }, .lived = { 3, 10, 35 } },
	{ "deploys", GROUP_VOLUMES, ALERTS_DEPLOYS, SHIFT_COUNT, STRESS_NONE,
	  .mask = true, .regresses = true, .volumes = { 3, 10, 20, 35, 70 } },
	{ "failures", GROUP_VOLUMES, ALERTS_FAILURES, SHIFT_SHARE, STRESS_NONE,
	  .regresses = true, .volumes = { 3, 10, 20, 35, 70 } },
	{ "rework", GROUP_VOLUMES, ALERTS_REWORK, SHIFT_SHARE, STRESS_NONE,
	  .regresses = true, .volumes = { 3, 10, 35 } },
	{ "restore", GROUP_VOLUMES, ALERTS_RESTORE, SHIFT_SPANS, STRESS_NONE,
	  .regresses = true, .volumes = { 0.3, 1, 2, 4, 8 } },
	{ "restore-level", GROUP_LEVELS, ALERTS_RESTORE, SHIFT_LEVEL, STRESS_NONE,
	  .regresses = true, .volumes = { 4, 8 } },
	{ "landings", GROUP_STRESS, ALERTS_LEAD, SHIFT_LEVEL, STRESS_LANDINGS,
	  .volumes = { 3, 10, 35 } },
	{ "outliers", GROUP_STRESS, ALERTS_LEAD, SHIFT_LEVEL, STRESS_OUTLIERS,
	  .volumes = { 3, 10, 35 } },
	{ "weeks", GROUP_STRESS, ALERTS_LEAD, SHIFT_LEVEL, STRESS_WEEKS,
	  .volumes = { 3, 10, 35 } },
	{ "drift", GROUP_STRESS, ALERTS_LEAD, SHIFT_LEVEL, STRESS_DRIFT,
	  .volumes = { 3, 10, 35 } },
	{ "unmasked", GROUP_UNMASKED, ALERTS_DEPLOYS, SHIFT_COUNT, STRESS_NONE,
	  .volumes = { 3, 10, 20, 35, 70 } },
};

static bool is_among(double volume, const double *volumes)
{
	for (; *volumes > 0; volumes++)
		if (*volumes == volume) /* the same literal */
			return true;
	return false;
}

static void add_cells(struct alerts_table *table, gsize kind)
{
	for (guint i = 0; i < 8 && kinds[kind].volumes[i] > 0; i++) {
		double volume = kinds[kind].volumes[i];
		struct alerts_measured *cell = &table->cells[table->n++];

		cell->name = g_strdup_printf("%s-%g", kinds[kind].prefix, volume);
		cell->group = kinds[kind].group;
		cell->cell = (struct alerts_cell){
			.metric = kinds[kind].metric,
			.per_week = volume,
			.engine = kinds[kind].engine,
			.stress = kinds[kind].stress,
			.mask = kinds[kind].mask,
			.regresses = kinds[kind].regresses,
			.lives = is_among(volume, kinds[kind].lived),
		};
	}
}

/* ---- running ---- */

struct job {
	const struct alerts_cell *cell;
	guint64 seed;
	struct alerts_scored *scored;
};

static void run_job(gpointer data, gpointer calendar)
{
	g_autofree struct job *job = data;

	alerts_score(job->cell, job->seed, calendar, job->scored);
}

bool alerts_measure(struct alerts_table *table, const struct alerts_run *run)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = alerts_calendar();
	GThreadPool *pool = g_thread_pool_new(run_job, calendar, (gint)run->n_threads,
					      FALSE, NULL);
	bool any = false;

	*table = (struct alerts_table){ 0 };
	table->cells = g_new0(struct alerts_measured, 8 * G_N_ELEMENTS(kinds));
	for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
		add_cells(table, kind);
	for (guint i = 0; i < table->n; i++) {
		struct alerts_measured *cell = &table->cells[i];

		if (run->only && strcmp(run->only, cell->name) != 0)
			continue;
		any = true;
		cell->n = run->n;
		cell->series = g_new0(struct alerts_scored, run->n);
		for (guint k = 0; k < run->n; k++) {
			struct job job = { &cell->cell, run->from + k, &cell->series[k] };

			g_thread_pool_push(pool, g_memdup2(&job, sizeof(job)), NULL);
		}
	}
	g_thread_pool_free(pool, FALSE, TRUE); /* waits */
	return any;
}

void alerts_table_clear(struct alerts_table *table)
{
	for (guint i = 0; i < table->n; i++) {
		g_free(table->cells[i].name);
		g_free(table->cells[i].series);
	}
	g_free(table->cells);
	*table = (struct alerts_table){ 0 };
}

const struct alerts_measured *alerts_find(const struct alerts_table *table,
					  const char *name)
{
	for (guint i = 0; i < table->n; i++)
		if (strcmp(table->cells[i].name, name) == 0)
			return &table->cells[i];
	return NULL;
}

/* ---- estimates ---- */

/* Mean and its standard error of what each series gives; NAN: gives nothing. */
static struct alerts_estimate mean_of(const struct alerts_measured *cell,
				      double (*value)(const struct alerts_scored *series,
						      const guint *which),
				      const guint *which, double scale)
{
	struct alerts_estimate mean = { 0 };
	double sum = 0, squares = 0;

	for (guint i = 0; cell->series && i < cell->n; i++) {
		double x = value(&cell->series[i], which) * scale;

		if (isnan(x))
			continue;
		sum += x;
		squares += x * x;
		mean.n++;
	}
	if (mean.n == 0)
		return mean;
	mean.value = sum / mean.n;
	if (mean.n > 1)
		mean.se = sqrt(MAX(0, squares - sum * mean.value) / (mean.n - 1.0) /
			       mean.n);
	return mean;
}

static double value_false(const struct alerts_scored *series, const guint *which)
{
	return series->false_alarms[which[0]];
}

static double value_detected(const struct alerts_scored *series, const guint *which)
{
	gint32 days = series->detected[which[0]][which[1]];

	return days != ALERTS_NEVER && days < (gint32)(7 * which[2]);
}

static double value_cost(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return series->n_judged ? series->seconds / series->n_judged : (double)NAN;
}

static double value_life_false(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return series->life.false_alarms;
}

static bool is_found(const struct alerts_life *life)
{
	return life->fired > 0 && !life->was_firing;
}

static double value_fired(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return is_found(&series->life) ? (double)series->life.fired : (double)NAN;
}

static double value_fired_of_it(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return is_found(&series->life) ? (double)series->life.fired_of_it : (double)NAN;
}

static double value_gave_up(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return is_found(&series->life) ? (double)series->life.gave_up : (double)NAN;
}

static double value_accepted(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return series->life.at_end ? (double)series->life.accepted : (double)NAN;
}

static double value_extra(const struct alerts_scored *series, const guint *which)
{
	(void)which;
	return series->life.at_end ? (double)series->life.extra : (double)NAN;
}

struct alerts_estimate alerts_false_alarms(const struct alerts_measured *cell,
					   enum shift_sensitivity sensitivity)
{
	return mean_of(cell, value_false, (const guint[]){ sensitivity },
		       1 / ALERTS_YEARS);
}

struct alerts_estimate alerts_detected(const struct alerts_measured *cell,
				       enum shift_sensitivity sensitivity, guint effect,
				       guint weeks)
{
	if (!cell->cell.regresses)
		return (struct alerts_estimate){ 0 };
	return mean_of(cell, value_detected,
		       (const guint[]){ sensitivity, effect, weeks }, 1);
}

struct alerts_estimate alerts_cost(const struct alerts_measured *cell)
{
	return mean_of(cell, value_cost, NULL, 1e6);
}

static struct alerts_estimate life(const struct alerts_measured *cell,
				   double (*value)(const struct alerts_scored *series,
						   const guint *which),
				   double scale)
{
	if (!cell->cell.lives)
		return (struct alerts_estimate){ 0 };
	return mean_of(cell, value, NULL, scale);
}

struct alerts_estimate alerts_life_false(const struct alerts_measured *cell)
{
	return life(cell, value_life_false, 1 / ALERTS_YEARS);
}

struct alerts_estimate alerts_life_fired(const struct alerts_measured *cell)
{
	return life(cell, value_fired, 1);
}

struct alerts_estimate alerts_life_fired_of_it(const struct alerts_measured *cell)
{
	return life(cell, value_fired_of_it, 1);
}

struct alerts_estimate alerts_life_gave_up(const struct alerts_measured *cell)
{
	return life(cell, value_gave_up, 1);
}

struct alerts_estimate alerts_life_accepted(const struct alerts_measured *cell)
{
	return life(cell, value_accepted, 1);
}

struct alerts_estimate alerts_life_extra(const struct alerts_measured *cell)
{
	return life(cell, value_extra, 1);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The standard error is that of the order statistic: half of the distance between the
 * ranks n/2 -+ sqrt(n)/2. */
static struct alerts_estimate median_days(const struct alerts_measured *cell,
					  bool with_never)
{
	struct alerts_estimate median = { 0 };
	g_autofree double *days = g_new(double, cell->n + 1);
	double half;

	for (guint i = 0; cell->series && cell->cell.lives && i < cell->n; i++) {
		const struct alerts_life *of = &cell->series[i].life;

		if (of->at_end && of->resolved != ALERTS_NEVER)
			days[median.n++] = of->resolved;
		else if (of->at_end && with_never)
			days[median.n++] = ALERTS_LONGEST;
	}
	if (median.n == 0)
		return median;
	qsort(days, median.n, sizeof(double), compare_doubles);
	half = sqrt(median.n) / 2;
	median.value = days[median.n / 2];
	median.se = (days[(guint)MIN(median.n - 1.0, median.n / 2.0 + half)] -
		     days[(guint)MAX(0, median.n / 2.0 - half)]) /
		    2;
	return median;
}

struct alerts_estimate alerts_life_over(const struct alerts_measured *cell)
{
	return median_days(cell, true);
}

struct alerts_estimate alerts_life_resolved(const struct alerts_measured *cell)
{
	return median_days(cell, false);
}
