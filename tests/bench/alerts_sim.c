#include "tests/bench/alerts_sim.h"

#include <math.h>

#define DAY_US ((gint64)86400 * G_USEC_PER_SEC)
#define JULIAN_1970 719163
#define FIRST_DAY 18628 /* 2021-01-01 */

/* Day and month; of no country. */
static const struct {
	guint month, day;
} public_holidays[] = {
	{ 1, 6 }, { 3, 8 }, { 4, 5 }, { 5, 1 }, { 5, 21 }, { 6, 3 }, { 10, 3 }, { 11, 1 },
};

struct calendar *alerts_calendar(void)
{
	struct calendar *calendar = calendar_new();

	calendar_add_yearly(calendar, 12, 20, 1, 2, "the end of the year");
	for (gsize i = 0; i < G_N_ELEMENTS(public_holidays); i++)
		calendar_add_yearly(calendar, public_holidays[i].month,
				    public_holidays[i].day, public_holidays[i].month,
				    public_holidays[i].day, "a holiday");
	return calendar;
}

gint64 alerts_asof(gint32 day)
{
	return ((gint64)day + 1) * DAY_US;
}

static double holiday_factor(gint32 date)
{
	GDate local;
	guint month, day;

	g_date_clear(&local, 1);
	g_date_set_julian(&local, (guint32)(date + JULIAN_1970));
	month = g_date_get_month(&local);
	day = g_date_get_day(&local);
	if ((month == 12 && day >= 20) || (month == 1 && day <= 2))
		return 0.15;
	for (gsize i = 0; i < G_N_ELEMENTS(public_holidays); i++)
		if (public_holidays[i].month == month && public_holidays[i].day == day)
			return 0.1;
	return 1;
}

/* Streams of a seed, so that one part of the model can change without the others. */
enum { STREAM_TEAM = 1, STREAM_DAYS, STREAM_WEEKS, STREAM_VALUES, STREAM_STRESS };

static struct random stream(const struct alerts_sim *sim, double per_week, guint64 seed,
			    guint64 part)
{
	guint64 cell = (guint64)sim->metric * 1000000 + (guint64)lround(per_week * 100);
	struct random random;

	random_seed(&random, seed, cell * 16 + part);
	return random;
}

static void ar(struct random *random, double sd, double rho, double *weeks)
{
	double value = sd * random_normal(random);

	for (guint i = 0; i < ALERTS_WEEKS; i++) {
		weeks[i] += value;
		value = rho * value + sd * sqrt(1 - rho * rho) * random_normal(random);
	}
}

static void walk(struct random *random, double step, double *weeks)
{
	double value = 0;

	for (guint i = 0; i < ALERTS_WEEKS; i++) {
		weeks[i] += value;
		value += step * random_normal(random);
	}
}

/* Of Monday to Sunday; the sum is 1. */
static void weekdays(struct random *team, double factors[7])
{
	bool freeze = random_unit(team) < 0.25, weekends = random_unit(team) < 0.15;
	double sum = 0;

	for (guint i = 0; i < 7; i++) {
		double base = i < 5 ? 1 : weekends ? 0.4 : 0.02;

		if (i == 4 && freeze)
			base = 0.1;
		factors[i] = base * exp(0.2 * random_normal(team));
		sum += factors[i];
	}
	for (guint i = 0; i < 7; i++)
		factors[i] /= sum;
}

/* The days of the series' summers, by day of the year; none: length 0. */
struct summer {
	guint first, length;
};

static struct summer draw_summer(struct random *team)
{
	bool dips = random_unit(team) < 0.5;
	struct summer summer = { 182 + random_below(team, 42),
				 14 + random_below(team, 8) };

	if (!dips)
		summer.length = 0;
	return summer;
}

static bool in_summer(const struct summer *summer, gint32 date)
{
	GDate local;
	guint day;

	g_date_clear(&local, 1);
	g_date_set_julian(&local, (guint32)(date + JULIAN_1970));
	day = g_date_get_day_of_year(&local);
	return day >= summer->first && day < summer->first + summer->length;
}

/* Expected events of each day. */
static void activity(const struct alerts_sim *sim, double per_week, struct random *team,
		     struct random *days, struct random *weeks, double *rates)
{
	double factors[7], level[ALERTS_WEEKS] = { 0 };
	struct summer summer;

	weekdays(team, factors);
	summer = draw_summer(team);
	ar(weeks, 0.25, 0.3, level);
	walk(weeks, 0.02, level);
	for (gint32 day = 0; day < ALERTS_DAYS; day++) {
		gint32 date = sim->first_day + day;

		rates[day] = per_week * factors[(date + 3) % 7] * exp(level[day / 7]) *
			     random_gamma(days, 5) / 5 * holiday_factor(date) *
			     (in_summer(&summer, date) ? 0.65 : 1);
	}
}

static gint compare_hours(gconstpointer a, gconstpointer b)
{
	const struct alerts_event *x = a, *y = b;

	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return (x->hour > y->hour) - (x->hour < y->hour);
}

static void add_day(struct alerts_sim *sim, struct random *days, gint32 day, double rate)
{
	guint n = random_poisson(days, rate);

	for (guint i = 0; i < n; i++) {
		struct alerts_event event = { .day = day, .hour = random_unit(days) };

		g_array_append_val(sim->events, event);
	}
}

/* ---- what the events are like ---- */

static void lead_times(struct alerts_sim *sim, struct random *team, struct random *weeks,
		       struct random *values, enum alerts_stress stress, double *median)
{
	double within = random_between(team, 0.9, 1.2), level[ALERTS_WEEKS] = { 0 };
	double batch = 0;
	gint32 last = -1;

	*median = random_between(team, log(6), log(72));
	ar(weeks, 0.20, 0.4, level);
	walk(weeks, stress == STRESS_DRIFT ? 0.06 : 0.02, level);
	if (stress == STRESS_WEEKS)
		ar(weeks, 0.35, 0.5, level);
	for (guint i = 0; i < sim->events->len; i++) {
		struct alerts_event *event = &g_array_index(sim->events,
							    struct alerts_event, i);

		if (event->day != last)
			batch = 0.5 * random_normal(values);
		last = event->day;
		event->value = *median + level[event->day / 7] + batch +
			       within * random_normal(values);
		if (random_unit(values) < 0.15)
			event->value -= log(4.5);
		if (random_unit(values) < 0.03)
			event->value += log(12);
	}
}

static void add_stress(struct alerts_sim *sim, double per_week, double median,
		       enum alerts_stress stress, struct random *random)
{
	guint n = (guint)ceil(0.4 * per_week);

	if (stress == STRESS_OUTLIERS)
		for (guint i = 0; i < sim->events->len; i++)
			if (random_unit(random) < 0.08)
				g_array_index(sim->events, struct alerts_event, i)
					.value += log(20);
	if (stress != STRESS_LANDINGS)
		return;
	for (guint landing = 0; landing < 4; landing++) {
		gint32 day = ALERTS_WARM_UP +
			     (gint32)random_below(random, ALERTS_DAYS - ALERTS_WARM_UP);

		for (guint i = 0; i < n; i++) {
			struct alerts_event event = { .day = day,
						      .hour = 0.5,
						      .value = median + log(30) };

			g_array_append_val(sim->events, event);
		}
	}
	g_array_sort(sim->events, compare_hours);
}

static void failures(struct alerts_sim *sim, struct random *team, struct random *weeks,
		     struct random *values)
{
	static const double shares[][3] = { { 0.05, 0.10, 0.20 }, { 0.12, 0.2, 0.3 } };
	double p = shares[sim->metric == ALERTS_REWORK][random_below(team, 3)];
	double size = 1 / 0.02 - 1, chance[ALERTS_WEEKS];

	for (guint i = 0; i < ALERTS_WEEKS; i++)
		chance[i] = random_beta(weeks, p * size, (1 - p) * size);
	for (guint i = 0; i < sim->events->len; i++) {
		struct alerts_event *event = &g_array_index(sim->events,
							    struct alerts_event, i);

		event->chance = chance[event->day / 7];
		event->luck = random_unit(values);
		event->delay = random_exponential(values);
	}
}

static void restore_times(struct alerts_sim *sim, struct random *team,
			  struct random *values)
{
	double median = random_between(team, log(0.5), log(8));
	double within = random_between(team, 1.0, 1.3);

	for (guint i = 0; i < sim->events->len; i++) {
		struct alerts_event *event = &g_array_index(sim->events,
							    struct alerts_event, i);

		event->value = median + within * random_normal(values);
		if (random_unit(values) < 0.05)
			event->value += log(9);
	}
}

void alerts_sim_make(struct alerts_sim *sim, enum alerts_metric metric, double per_week,
		     enum alerts_stress stress, guint64 seed)
{
	double rates[ALERTS_DAYS], median = 0;
	struct random team, days, weeks, values, stressed;

	*sim = (struct alerts_sim){ .metric = metric };
	team = stream(sim, per_week, seed, STREAM_TEAM);
	days = stream(sim, per_week, seed, STREAM_DAYS);
	weeks = stream(sim, per_week, seed, STREAM_WEEKS);
	values = stream(sim, per_week, seed, STREAM_VALUES);
	stressed = stream(sim, per_week, seed, STREAM_STRESS);
	sim->first_day = FIRST_DAY + (gint32)random_below(&team, 365);
	sim->onset = 280 + (gint32)random_below(&team, 140);
	sim->events = g_array_new(FALSE, FALSE, sizeof(struct alerts_event));
	if (metric == ALERTS_RESTORE)
		for (gint32 day = 0; day < ALERTS_DAYS; day++)
			rates[day] = per_week / 7;
	else
		activity(sim, per_week, &team, &days, &weeks, rates);
	for (gint32 day = 0; day < ALERTS_DAYS; day++)
		add_day(sim, &days, day, rates[day]);
	g_array_sort(sim->events, compare_hours);
	if (metric == ALERTS_LEAD)
		lead_times(sim, &team, &weeks, &values, stress, &median);
	else if (metric == ALERTS_DEPLOYS)
		for (guint i = 0; i < sim->events->len; i++)
			g_array_index(sim->events, struct alerts_event, i).luck =
				random_unit(&values);
	else if (metric == ALERTS_RESTORE)
		restore_times(sim, &team, &values);
	else
		failures(sim, &team, &weeks, &values);
	add_stress(sim, per_week, median, stress, &stressed);
}

void alerts_sim_clear(struct alerts_sim *sim)
{
	g_clear_pointer(&sim->events, g_array_unref);
}

/* ---- as the engines see it ---- */

static bool to_sample(const struct alerts_sim *sim, const struct alerts_event *event,
		      enum shift_engine engine, double ratio, struct shift_sample *sample)
{
	double hours = exp(event->value) * ratio;
	gint32 date = sim->first_day + event->day;

	*sample = (struct shift_sample){ .day = date, .known = SHIFT_NEVER };
	switch (engine) {
	case SHIFT_COUNT:
		return event->luck < 1 / ratio;
	case SHIFT_SHARE:
		if (event->luck < MIN(0.95, event->chance * ratio))
			sample->known = date + (gint32)floor(event->hour + event->delay);
		break;
	case SHIFT_LEVEL:
		sample->seconds = hours * 3600;
		if (sim->metric == ALERTS_RESTORE)
			sample->day += (gint32)floor(event->hour + hours / 24);
		break;
	case SHIFT_SPANS:
		sample->began = (gint64)((date + event->hour) * (double)DAY_US);
		sample->ended = sample->began + (gint64)(hours / 24 * (double)DAY_US);
		break;
	case N_SHIFT_ENGINES:
		g_assert_not_reached();
	}
	return true;
}

static gint compare_days(gconstpointer a, gconstpointer b)
{
	const struct shift_sample *x = a, *y = b;

	return (x->day > y->day) - (x->day < y->day);
}

GArray *alerts_sim_samples(const struct alerts_sim *sim, enum shift_engine engine,
			   double ratio, gint32 from, gint32 to)
{
	GArray *samples = g_array_sized_new(FALSE, FALSE, sizeof(struct shift_sample),
					    sim->events->len + 1);

	for (guint i = 0; i < sim->events->len; i++) {
		const struct alerts_event *event = &g_array_index(sim->events,
								  struct alerts_event, i);
		bool hit = event->day >= from && event->day < to;
		struct shift_sample sample;

		if (to_sample(sim, event, engine, hit ? ratio : 1, &sample))
			g_array_append_val(samples, sample);
	}
	/* g_array_sort() keeps the order of equals. */
	if (engine == SHIFT_LEVEL && sim->metric == ALERTS_RESTORE)
		g_array_sort(samples, compare_days);
	return samples;
}
