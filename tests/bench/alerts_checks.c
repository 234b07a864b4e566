#include "tests/bench/alerts_checks.h"

#include <stdio.h>
#include <string.h>

#define SEEDS 4
#define AGAIN 3

/* Many a week: nobody is silent by chance. */
static const struct alerts_cell cells[] = {
	{ ALERTS_LEAD, 35, SHIFT_LEVEL, .mask = false },
	{ ALERTS_DEPLOYS, 35, SHIFT_COUNT, .mask = true },
	{ ALERTS_FAILURES, 35, SHIFT_SHARE, .mask = false },
	{ ALERTS_RESTORE, 8, SHIFT_SPANS, .mask = false },
};

static void ask(const struct shift_series *series, gint32 date, struct shift *shift)
{
	shift_evaluate(series, date, alerts_asof(date), shift);
}

/* To the last byte: those between the members are 0. */
static bool same_answer(const struct shift *a, const struct shift *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* How many of the samples are of the first days. */
static gsize until(const GArray *samples, gint32 date)
{
	gsize n = 0;

	while (n < samples->len) {
		const struct shift_sample *sample = &g_array_index(
			samples, struct shift_sample, n);

		if (MAX(sample->day, sample->began / ((gint64)86400 * G_USEC_PER_SEC)) >
		    date)
			break;
		n++;
	}
	return n;
}

static bool complain(const struct alerts_cell *cell, guint64 seed, gint32 date,
		     const char *what)
{
	printf("not so: %s (engine %s, seed %" G_GUINT64_FORMAT ", day %d)\n", what,
	       shift_engine_name(cell->engine), seed, date);
	return false;
}

/* Day by day: the answer of a day is asked for when it has ended, again when half of
 * the next one has been seen, and when nothing of that has. */
static bool unfinished_day(const struct alerts_cell *cell, guint64 seed,
			   const struct calendar *calendar, const struct alerts_sim *sim)
{
	GArray *samples = alerts_sim_samples(sim, cell->engine, 2, sim->onset,
					     ALERTS_DAYS);
	struct watch watch;
	bool good = true;

	watch_init(&watch, SHIFT_NO_BOUND);
	for (gint32 day = ALERTS_WARM_UP; good && day < ALERTS_DAYS - 1; day++) {
		gint32 date = sim->first_day + day;
		struct shift_series series = alerts_series(cell, calendar, samples);
		gsize ended = until(samples, date), next = until(samples, date + 1);
		struct watch_events events;
		struct watch_look look;
		struct watch before;
		struct shift whole, again, half, empty;

		series.baseline_start = watch.baseline_start;
		ask(&series, date, &whole);
		ask(&series, date, &again);
		series.n = ended;
		ask(&series, date, &empty);
		series.n = ended + (next - ended) / 2;
		ask(&series, date, &half);
		if (!same_answer(&whole, &again))
			good = complain(cell, seed, date, "same day, same bytes");
		if (!same_answer(&whole, &empty) || !same_answer(&whole, &half))
			good = complain(cell, seed, date, "nothing later is looked at");
		alerts_look(&series, &watch, date, &look);
		watch_step(&watch, &watch_rule_shift, &look, &events);
		memcpy(&before, &watch, sizeof(watch));
		watch_step(&watch, &watch_rule_shift, &look, &events);
		if (memcmp(&before, &watch, sizeof(watch)) != 0 || events.n > 0)
			good = complain(cell, seed, date, "an unfinished day is none");
	}
	g_array_unref(samples);
	return good;
}

/* All stops on a day. From the fifth after it on at the latest, of which three work, it
 * is known why; and from then on nothing begins or ends, whatever the engine thinks of
 * weeks without events; but for what 28 silent days end. */
static bool silence(const struct alerts_cell *cell, guint64 seed,
		    const struct calendar *calendar, const struct alerts_sim *sim)
{
	GArray *samples = alerts_sim_samples(sim, cell->engine, 1, 0, 0);
	gint32 last = sim->first_day + 300;
	struct shift_series series;
	struct watch watch;
	bool good = true;

	while (calendar_working_days(calendar, last, last + 5) < 3)
		last++;
	g_array_set_size(samples, (guint)until(samples, last));
	series = alerts_series(cell, calendar, samples);
	watch_init(&watch, SHIFT_NO_BOUND);
	for (gint32 date = sim->first_day + ALERTS_WARM_UP; good && date <= last + 26;
	     date++) {
		enum watch_state before = watch.state;
		struct watch_events events;
		struct watch_look look;

		alerts_look(&series, &watch, date, &look);
		look.silent = date > last &&
			      calendar_working_days(calendar, last, date) >= 3;
		watch_step(&watch, &watch_rule_shift, &look, &events);
		if (look.silent &&
		    (watch.state != before || alerts_happened(&events, WATCH_FIRED)))
			good = complain(cell, seed, date, "silence is no regression");
		if (date >= last + 5 && !watch.silent)
			good = complain(cell, seed, date, "silence is seen");
	}
	g_array_unref(samples);
	return good;
}

bool alerts_check_days(guint64 from)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = alerts_calendar();
	bool good = true;

	for (gsize i = 0; i < G_N_ELEMENTS(cells); i++)
		for (guint64 seed = from; seed < from + SEEDS; seed++) {
			struct alerts_sim sim;

			alerts_sim_make(&sim, cells[i].metric, cells[i].per_week,
					STRESS_NONE, seed);
			good &= unfinished_day(&cells[i], seed, calendar, &sim);
			good &= silence(&cells[i], seed, calendar, &sim);
			alerts_sim_clear(&sim);
		}
	return good;
}

static bool same(const struct alerts_scored *a, const struct alerts_scored *b)
{
	return memcmp(a->false_alarms, b->false_alarms, sizeof(a->false_alarms)) == 0 &&
	       memcmp(a->detected, b->detected, sizeof(a->detected)) == 0 &&
	       a->life.false_alarms == b->life.false_alarms &&
	       a->life.fired == b->life.fired && a->life.resolved == b->life.resolved &&
	       a->life.extra == b->life.extra && a->n_judged == b->n_judged;
}

bool alerts_check_again(const struct alerts_table *table, const struct alerts_run *run)
{
	struct alerts_run other = *run;
	struct alerts_table again;
	bool good;

	other.n = MIN(run->n, AGAIN);
	other.n_threads = run->n_threads > 1 ? 1 : 2;
	good = alerts_measure(&again, &other);
	for (guint i = 0; good && i < table->n; i++)
		for (guint k = 0; good && table->cells[i].series && k < other.n; k++) {
			good = same(&table->cells[i].series[k],
				    &again.cells[i].series[k]);
			if (!good)
				printf("not so: two runs are the same (%s, seed "
				       "%" G_GUINT64_FORMAT ")\n",
				       table->cells[i].name, run->from + k);
		}
	alerts_table_clear(&again);
	return good;
}

bool alerts_check_sane(const struct alerts_table *table)
{
	double alarms[N_SENSITIVITIES] = { 0 }, small = 0, large = 0;
	guint n = 0;
	bool good;

	for (guint i = 0; i < table->n; i++) {
		const struct alerts_measured *cell = &table->cells[i];

		if (cell->group != GROUP_VOLUMES || !cell->series)
			continue;
		n++;
		for (guint s = 0; s < N_SENSITIVITIES; s++)
			alarms[s] += alerts_false_alarms(cell, s).value;
		small += alerts_detected(cell, SENSITIVITY_DEFAULT, EFFECT_1_3, 8).value;
		large += alerts_detected(cell, SENSITIVITY_DEFAULT, EFFECT_3, 8).value;
	}
	good = n > 0 && alarms[SENSITIVITY_DEFAULT] > 0.02 * n &&
	       alarms[SENSITIVITY_DEFAULT] < 0.6 * n &&
	       alarms[SENSITIVITY_LOW] < alarms[SENSITIVITY_DEFAULT] &&
	       alarms[SENSITIVITY_DEFAULT] < alarms[SENSITIVITY_HIGH] &&
	       large > small + 0.2 * n;
	if (!good)
		printf("not so: few false alarms (%.2f a year, high %.2f, low %.2f), 3x "
		       "is "
		       "found (%.2f) more often than 1.3x (%.2f)\n",
		       alarms[SENSITIVITY_DEFAULT] / n, alarms[SENSITIVITY_HIGH] / n,
		       alarms[SENSITIVITY_LOW] / n, large / n, small / n);
	return good;
}
