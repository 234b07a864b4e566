/*
 * Engine C: events, over days that are not masked.
 *
 * A day weighs what its weekday is used to bring, such that a week has exposure 1. Of
 * counts O after and B before, over exposures eo and eb, is one rate as likely as two?
 * Given their sum O is binomial; the likelihood ratio of that (Przyborowski and Wilenski,
 * "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940;
 * the ratio by Wilks, Annals of Mathematical Statistics 9, 1938) gives
 *
 *   z z = 2 (O ln(O / Eo) + B ln(B / Eb)) / phi,  Eo = (O + B) eo / (eo + eb)
 *
 * Weeks differ by more than chance: phi is Pearson's chi-square over its degrees of
 * freedom (McCullagh and Nelder, "Generalized Linear Models", 4.5), pulled towards 1 +
 * 0.1 events a week as if by 8 more weeks, and larger for long windows, whose weeks
 * resemble each other. A quarter of an event goes to the benefit of the doubt.
 */
#include <float.h>
#include <math.h>

#include "metrics/shift_inside.h"

#define THRESHOLD 1.6
#define EXPOSURE_MIN 0.25 /* of a week before; else it says too little */
#define DOUBT 0.25
#define ROUNDING 1e-9 /* of the sum of seven weights, which is a week */
#define PRIOR_WEEKS 8
#define PRIOR_PER_EVENT 0.1
#define RESEMBLANCE 0.4
#define Z_LEAST (-3.0) /* of what goes the other way */

static const struct shift_need need = {
	.weeks = 8, .total = 20, .expected = 4, .after = 0.5
};

/* The days counted back from the one that is judged. */
struct days {
	guint n_weeks; /* those before do not count */
	gint64 events[SHIFT_DAYS];
	bool masked[SHIFT_DAYS];
	double weight[7]; /* by days ago modulo 7 */
	gint64 n;	  /* events that count */
};

struct week {
	double events, exposure;
};

struct comparison {
	double after, exposure; /* after */
	double before, rate;	/* before; of a week of exposure 1 */
	double ratio, z, variance;
	guint oldest;
};

static void weigh(struct days *days)
{
	double events[7] = { 0 }, n[7] = { 0 }, sum = 0;

	for (guint ago = 0; ago < 7 * days->n_weeks; ago++) {
		if (days->masked[ago])
			continue;
		days->n += days->events[ago];
		events[ago % 7] += (double)days->events[ago];
		n[ago % 7]++;
	}
	for (guint k = 0; k < 7; k++) {
		days->weight[k] = (events[k] + 0.5) / (n[k] + 1);
		sum += days->weight[k];
	}
	for (guint k = 0; k < 7; k++)
		days->weight[k] /= sum;
}

static void gather(struct days *days, const struct shift_series *series, gint32 day)
{
	struct shift_range range = shift_range(series, (gint64)day - SHIFT_DAYS + 1, day);

	*days = (struct days){ .n_weeks = shift_weeks(series, day) };
	for (guint ago = 0; series->calendar && ago < SHIFT_DAYS; ago++)
		days->masked[ago] = calendar_masks(series->calendar, day - (gint32)ago);
	for (gsize i = range.from; i < range.to; i++)
		days->events[day - series->samples[i].day]++;
	weigh(days);
}

static void sum_weeks(const struct days *days, struct week *weeks)
{
	for (guint ago = 0; ago < 7 * days->n_weeks; ago++) {
		if (days->masked[ago])
			continue;
		weeks[ago / 7].events += (double)days->events[ago];
		weeks[ago / 7].exposure += days->weight[ago % 7];
	}
}

static double dispersion(const struct week *weeks, guint w, double rate, guint n_weeks)
{
	double x = 0, phi;

	for (guint j = w; j < w + SHIFT_BASELINE; j++) {
		double expected = rate * weeks[j].exposure;

		if (weeks[j].exposure > EXPOSURE_MIN)
			x += (weeks[j].events - expected) * (weeks[j].events - expected) /
			     expected;
	}
	phi = (x + (1 + PRIOR_PER_EVENT * rate) * PRIOR_WEEKS) /
	      (n_weeks - 1 + PRIOR_WEEKS);
	return fmax(1, phi) * (1 + RESEMBLANCE * (1 - 1.0 / w));
}

/* sign: 1 for a drop, -1 for a rise. */
static void test(struct comparison *found, double exposure_before, double phi,
		 double sign)
{
	double expected = found->rate * found->exposure;
	double q = fmax(0, found->after + sign * DOUBT);
	double n = q + found->before, after, before;

	found->variance = phi * (1 / expected + 1 / found->before);
	found->ratio = q / expected;
	if (sign * found->ratio >= sign) {
		found->z = fmax(Z_LEAST,
				-sign * log(found->ratio) / sqrt(found->variance));
		return;
	}
	after = n * found->exposure / (found->exposure + exposure_before);
	before = n - after;
	found->z = sqrt(fmax(0, 2 * (q * log(q / after) +
				     found->before * log(found->before / before)))) /
		   sqrt(phi);
}

static bool compare(const struct week *weeks, guint w, double sign,
		    struct comparison *found)
{
	double exposure = 0;
	guint n_weeks = 0;

	*found = (struct comparison){ 0 };
	for (guint j = 0; j < w; j++) {
		found->after += weeks[j].events;
		found->exposure += weeks[j].exposure;
	}
	for (guint j = w; j < w + SHIFT_BASELINE; j++) {
		if (weeks[j].exposure <= EXPOSURE_MIN)
			continue;
		found->before += weeks[j].events;
		exposure += weeks[j].exposure;
		found->oldest = j;
		n_weeks++;
	}
	if (n_weeks < need.weeks || found->exposure < need.after * w - ROUNDING ||
	    found->before <= 0)
		return false;
	found->rate = found->before / exposure;
	if (found->rate * found->exposure < need.expected - ROUNDING)
		return false;
	test(found, exposure, dispersion(weeks, w, found->rate, n_weeks), sign);
	return true;
}

static struct shift_side side_of(double n, double rate, gint32 from, gint32 to)
{
	return (struct shift_side){
		.from = from,
		.to = to,
		.n = (gint64)n,
		.median = NAN,
		.p85 = NAN,
		.rate = rate,
	};
}

static void conclude(const struct shift_series *series, gint32 day,
		     const struct comparison *best, struct shift *shift)
{
	double sign = shift_sign(series), least = shift_least(series, &shift_count);
	gint32 w = (gint32)shift->window;

	shift->ratio = best->ratio;
	shift->effect = best->ratio > 0 ? -sign * log(best->ratio) : sign * DBL_MAX;
	shift->gate = sign > 0 ? best->ratio <= 1 / least : best->ratio >= least;
	shift->onset = day + 1 - 7 * w;
	shift->base = best->rate;
	shift->before = side_of(best->before, best->rate,
				day - 7 * (gint32)best->oldest - 6, day - 7 * w);
	shift->after = side_of(best->after, best->after / best->exposure, shift->onset,
			       day);
}

static guint lacking(const struct week *weeks)
{
	double n[SHIFT_WEEKS];
	bool seen[SHIFT_WEEKS];

	for (guint j = 0; j < SHIFT_WEEKS; j++) {
		n[j] = weeks[j].events;
		seen[j] = weeks[j].exposure > EXPOSURE_MIN;
	}
	return shift_lacking(&need, n, seen);
}

static void evaluate(const struct shift_series *series, gint32 day, gint64 asof,
		     struct shift *shift)
{
	struct shift_evidence evidence = { 0 };
	struct comparison best = { 0 }, found;
	struct week weeks[SHIFT_WEEKS] = { 0 };
	struct days days;

	(void)asof;
	shift->threshold = THRESHOLD;
	gather(&days, series, day);
	sum_weeks(&days, weeks);
	for (guint w = 1; w <= SHIFT_WINDOWS && days.n >= (gint64)need.total; w++) {
		if (!compare(weeks, w, shift_sign(series), &found) ||
		    !shift_evidence_add(&evidence, found.z, found.variance))
			continue;
		best = found;
		shift->window = w;
	}
	if (evidence.n == 0) {
		shift->lacking = lacking(weeks);
		return;
	}
	conclude(series, day, &best, shift);
	shift_conclude(shift, &evidence, best.z);
}

static double recent(const struct shift_series *series, const struct shift_frozen *frozen,
		     gint32 day, gint64 asof)
{
	double events = 0, exposure = 0, sign = shift_sign(series);
	struct days days;

	(void)asof;
	gather(&days, series, day);
	for (guint ago = 0; ago < RECENT_DAYS; ago++) {
		if (days.masked[ago] || (gint64)day - ago < frozen->onset)
			continue;
		events += (double)days.events[ago];
		exposure += days.weight[ago % 7];
	}
	if (exposure <= 0)
		return NAN;
	return events > 0 ? -sign * log(events / exposure / frozen->base)
			  : sign * DBL_MAX;
}

static GArray *told(const struct shift_series *series, gint32 onset, gint32 day,
		    gint64 asof)
{
	struct shift_range range = shift_range(series, onset, day);
	GArray *told = g_array_new(FALSE, FALSE, sizeof(gsize));

	(void)asof;
	for (gsize i = range.from; i < range.to; i++)
		if (!series->calendar ||
		    !calendar_masks(series->calendar, series->samples[i].day))
			g_array_append_val(told, i);
	return told;
}

const struct shift_kind shift_count = {
	.name = "count",
	.gate = 1.25,
	.evaluate = evaluate,
	.recent = recent,
	.told = told,
};
