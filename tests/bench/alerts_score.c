#include "tests/bench/alerts_score.h"

#include <time.h>

#define PENDING 3
#define CALM 14
#define CALM_BELOW 0.7
#define WATCHED_WEEKS 12
#define EPISODE (7 * 8)

const double alerts_ratios[N_ALERTS_EFFECTS] = { 1.3, 1.5, 2, 3 };

static double processor_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct shift_series alerts_series(const struct alerts_cell *cell,
				  const struct calendar *calendar, const GArray *samples)
{
	return (struct shift_series){
		.engine = cell->engine,
		.samples = (const struct shift_sample *)(const void *)samples->data,
		.n = samples->len,
		.baseline_start = SHIFT_NO_BOUND,
		.calendar = cell->mask ? calendar : NULL,
	};
}

/* ---- the simple rules ---- */

struct verdict {
	bool holds, low;
};

struct verdicts {
	struct verdict days[N_SENSITIVITIES][ALERTS_DAYS];
};

/* The days [from, to). */
static void judge(const struct alerts_cell *cell, const struct calendar *calendar,
		  const struct alerts_sim *sim, double ratio, gint32 from, gint32 to,
		  struct verdicts *verdicts, struct alerts_scored *scored)
{
	GArray *samples = alerts_sim_samples(sim, cell->engine, ratio, sim->onset,
					     ALERTS_DAYS);
	struct shift_series series = alerts_series(cell, calendar, samples);
	double start = processor_now();

	for (gint32 day = from; day < to; day++) {
		gint32 date = sim->first_day + day;
		struct shift shift;

		shift_evaluate(&series, date, alerts_asof(date), &shift);
		for (guint s = 0; s < N_SENSITIVITIES; s++)
			verdicts->days[s][day] = (struct verdict){
				shift_holds(&shift, s),
				shift.score <
					CALM_BELOW * shift.threshold * shift_factor(s),
			};
	}
	scored->seconds += processor_now() - start;
	scored->n_judged += (guint)(to - from);
	g_array_unref(samples);
}

/* How many alerts begin on the days before `to`, and the first that does from `from` on.
 */
static guint count(const struct verdict *days, gint32 from, gint32 to, gint32 *first)
{
	guint n = 0, streak = 0, calm = 0;
	bool active = false;

	*first = ALERTS_NEVER;
	for (gint32 day = ALERTS_WARM_UP; day < to; day++) {
		if (active) {
			calm = days[day].low ? calm + 1 : 0;
			active = calm < CALM;
			streak = 0;
			continue;
		}
		streak = days[day].holds ? streak + 1 : 0;
		if (streak < PENDING)
			continue;
		active = true;
		calm = 0;
		n++;
		if (*first == ALERTS_NEVER && day >= from)
			*first = day;
	}
	return n;
}

/* ---- the whole life ---- */

void alerts_look(struct shift_series *series, const struct watch *watch, gint32 date,
		 struct watch_look *look)
{
	gint64 asof = alerts_asof(date);
	struct shift shift;

	series->baseline_start = watch->baseline_start;
	shift_evaluate(series, date, asof, &shift);
	*look = (struct watch_look){
		.day = date,
		.masked = calendar_masks(series->calendar, date),
		.usable = shift.usable,
		.condition = shift_holds(&shift, SENSITIVITY_DEFAULT),
		.found = { .base = shift.base,
			   .low = shift.low,
			   .high = shift.high,
			   .effect = shift.effect,
			   .onset = shift.onset },
		.score = shift.score,
		.ratio = shift.ratio,
	};
	if (watch->state == WATCH_FIRING)
		look->recent = watch_calm(
			&watch->frozen, shift_recent(series, &watch->frozen, date, asof));
}

bool alerts_happened(const struct watch_events *events, enum watch_event event)
{
	for (guint i = 0; i < events->n; i++)
		if (events->events[i] == event)
			return true;
	return false;
}

/* What a day of a life brought. */
struct lived_day {
	gint32 since_onset;
	bool was_firing, fired, resolved, accepted;
};

static void live_control(const struct lived_day *day, struct alerts_life *life)
{
	life->false_alarms += day->fired;
}

static void live_sustained(const struct lived_day *day, struct alerts_life *life)
{
	if (day->since_onset < 0)
		return;
	life->was_firing |= day->since_onset == 0 && day->was_firing;
	life->fired += day->fired;
	life->fired_of_it += day->fired && !life->is_normal;
	life->is_normal |= day->accepted;
	if (life->fired > 0 && day->since_onset < 7 * WATCHED_WEEKS)
		life->gave_up |= day->resolved;
}

static void live_episode(const struct lived_day *day, struct alerts_life *life)
{
	gint32 since_end = day->since_onset - EPISODE;

	if (since_end < 0)
		return;
	life->at_end |= since_end == 0 && day->was_firing;
	/* The first that happens is its end. */
	if (life->at_end && life->resolved == ALERTS_NEVER && !life->accepted) {
		life->accepted = day->accepted;
		life->resolved = day->resolved ? since_end + 1 : ALERTS_NEVER;
	}
	life->extra += day->fired;
}

static const struct {
	double ratio;
	gint32 days; /* 0: to the end */
	void (*note)(const struct lived_day *day, struct alerts_life *life);
} lives[] = {
	{ 1, 0, live_control },
	{ 2, 0, live_sustained },
	{ 3, EPISODE, live_episode },
};

static void live(const struct alerts_cell *cell, const struct calendar *calendar,
		 const struct alerts_sim *sim, struct alerts_life *life)
{
	for (gsize i = 0; i < G_N_ELEMENTS(lives); i++) {
		gint32 to = lives[i].days ? sim->onset + lives[i].days : ALERTS_DAYS;
		GArray *samples = alerts_sim_samples(sim, cell->engine, lives[i].ratio,
						     sim->onset, to);
		struct shift_series series = alerts_series(cell, calendar, samples);
		struct watch watch;

		watch_init(&watch, SHIFT_NO_BOUND);
		for (gint32 day = ALERTS_WARM_UP; day < ALERTS_DAYS; day++) {
			struct lived_day lived = {
				.since_onset = day - sim->onset,
				.was_firing = watch.state == WATCH_FIRING,
			};
			struct watch_events events;
			struct watch_look look;

			alerts_look(&series, &watch, sim->first_day + day, &look);
			watch_step(&watch, &watch_rule_shift, &look, &events);
			lived.fired = alerts_happened(&events, WATCH_FIRED);
			lived.resolved = alerts_happened(&events, WATCH_RESOLVED);
			lived.accepted = alerts_happened(&events, WATCH_ACCEPTED);
			lives[i].note(&lived, life);
		}
		g_array_unref(samples);
	}
}

void alerts_score(const struct alerts_cell *cell, guint64 seed,
		  const struct calendar *calendar, struct alerts_scored *scored)
{
	g_autofree struct verdicts *verdicts = g_new0(struct verdicts, 1);
	struct alerts_sim sim;
	gint32 first;

	*scored = (struct alerts_scored){ .life.resolved = ALERTS_NEVER };
	alerts_sim_make(&sim, cell->metric, cell->per_week, cell->stress, seed);
	judge(cell, calendar, &sim, 1, ALERTS_WARM_UP, ALERTS_DAYS, verdicts, scored);
	for (guint s = 0; s < N_SENSITIVITIES; s++)
		scored->false_alarms[s] = count(verdicts->days[s], 0, ALERTS_DAYS,
						&first);
	for (guint e = 0; e < N_ALERTS_EFFECTS; e++) {
		gint32 to = sim.onset + 7 * WATCHED_WEEKS;

		for (guint s = 0; s < N_SENSITIVITIES; s++)
			scored->detected[s][e] = ALERTS_NEVER;
		if (!cell->regresses)
			continue;
		/* The days before onset are those of the control. */
		judge(cell, calendar, &sim, alerts_ratios[e], sim.onset, to, verdicts,
		      scored);
		for (guint s = 0; s < N_SENSITIVITIES; s++) {
			count(verdicts->days[s], sim.onset, to, &first);
			if (first != ALERTS_NEVER)
				scored->detected[s][e] = first - sim.onset;
		}
	}
	if (cell->lives)
		live(cell, calendar, &sim, &scored->life);
	alerts_sim_clear(&sim);
}
