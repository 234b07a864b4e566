/*
 * Engine B: yes or no of each of several, as known by the day that is judged; the last
 * SHARE_MATURES days stay out.
 *
 * Deployments of a week fail together: n of them count as n / (1 + (n - 1) 0.03), the
 * design effect of a beta-binomial (Kish, "Survey Sampling", 1965; Williams,
 * "Extra-binomial variation in logistic linear models", Applied Statistics 31, 1982).
 * What is left over is Pearson's chi-square over its degrees of freedom, pulled
 * towards 1.1 as if by 8 more weeks: phi.
 *
 * Are two shares likelier than one? The likelihood ratio of two binomials (Wilks, Annals
 * of Mathematical Statistics 9, 1938) divided by phi is z z; a quarter of a failure goes
 * to the benefit of the doubt. The variance of the log ratio is phi (1 - p) / p (1/n1 +
 * 1/n0).
 */
#include <float.h>
#include <math.h>

#include "metrics/shift_inside.h"

#define TOGETHER 0.03
#define DOUBT 0.25
#define PRIOR_WEEKS 8
#define PRIOR_DISPERSION 1.1
#define Z_LEAST (-3.0) /* of what goes the other way */
#define VOLUME_WEEKS 26
#define VOLUME_MIN 0.02
/* Besides the ratio. */
#define DIFFERENCE_MIN 0.03
#define FAILED_MIN 3

static const struct shift_need need = { .after = 4, .before = 20, .weeks = 6 };

struct week {
	double n, failed;	/* as they are */
	double weight, weighed; /* both of them, as far as they count */
};

struct group {
	struct week sum;
	guint n_weeks, oldest;
};

struct comparison {
	struct group after, before;
	double p1, p0; /* p1 of a fall is drawn in: it is divided by */
	double z, variance;
};

static bool had_failed(const struct shift_sample *sample, gint32 day)
{
	return sample->known <= day;
}

static void gather(struct week *weeks, const struct shift_series *series, gint32 day)
{
	gint32 last = day - SHARE_MATURES;
	gint64 first = (gint64)last - 7 * shift_weeks(series, last) + 1;
	struct shift_range range = shift_range(series, first, last);

	for (gsize i = range.from; i < range.to; i++) {
		struct week *week = &weeks[(last - series->samples[i].day) / 7];

		week->n++;
		week->failed += had_failed(&series->samples[i], day);
	}
	for (guint j = 0; j < SHIFT_WEEKS; j++) {
		double k = 1 / (1 + (weeks[j].n - 1) * TOGETHER);

		weeks[j].weight = weeks[j].n * k;
		weeks[j].weighed = weeks[j].failed * k;
	}
}

static struct group group_of(const struct week *weeks, guint first, guint end)
{
	struct group group = { 0 };

	for (guint j = first; j < end; j++) {
		if (weeks[j].n <= 0)
			continue;
		group.sum.n += weeks[j].n;
		group.sum.failed += weeks[j].failed;
		group.sum.weight += weeks[j].weight;
		group.sum.weighed += weeks[j].weighed;
		group.n_weeks++;
		group.oldest = j;
	}
	return group;
}

static double dispersion(const struct week *weeks, guint w, double p, guint n_weeks)
{
	double x = 0;

	for (guint j = w; j < w + SHIFT_BASELINE; j++) {
		double off = weeks[j].weighed - weeks[j].weight * p;

		if (weeks[j].n > 0)
			x += off * off / (weeks[j].weight * p * (1 - p));
	}
	return fmax(1,
		    (x + PRIOR_DISPERSION * PRIOR_WEEKS) / (n_weeks - 1 + PRIOR_WEEKS));
}

/* f ln(f / expected), as far as there is any. */
static double part(double f, double expected)
{
	return f > 0 ? f * log(f / expected) : 0;
}

static double likelihood_ratio(double f1, double n1, double f0, double n0)
{
	double p = (f1 + f0) / (n1 + n0);

	return 2 * (part(f1, n1 * p) + part(n1 - f1, n1 * (1 - p)) + part(f0, n0 * p) +
		    part(n0 - f0, n0 * (1 - p)));
}

/* sign: 1 for a rise, -1 for a fall. */
static double z_of(const struct comparison *found, double phi, double sign)
{
	const struct week *after = &found->after.sum, *before = &found->before.sum;
	double p1 = after->weighed / after->weight;
	double doubted = CLAMP(after->weighed - sign * DOUBT, 0, after->weight);

	/* Here the quarter is for the logarithm of none. */
	if (sign * p1 <= sign * found->p0)
		return fmax(Z_LEAST,
			    sign * log((p1 + DOUBT / after->weight) / found->p0) /
				    sqrt(found->variance));
	if (sign * doubted / after->weight <= sign * before->weighed / before->weight)
		return 0;
	return sqrt(fmax(0, likelihood_ratio(doubted, after->weight, before->weighed,
					     before->weight))) /
	       sqrt(phi);
}

static bool compare(const struct week *weeks, guint w, double sign,
		    struct comparison *found)
{
	const struct week *after = &found->after.sum, *before = &found->before.sum;
	double phi;

	found->after = group_of(weeks, 0, w);
	found->before = group_of(weeks, w, w + SHIFT_BASELINE);
	if (after->n < need.after || before->n < need.before ||
	    found->before.n_weeks < need.weeks)
		return false;
	found->p0 = (before->weighed + 0.5) / (before->weight + 1);
	found->p1 = sign > 0 ? after->weighed / after->weight
			     : (after->weighed + 0.5) / (after->weight + 1);
	phi = dispersion(weeks, w, found->p0, found->before.n_weeks);
	found->variance = phi * (1 - found->p0) / found->p0 *
			  (1 / after->weight + 1 / before->weight);
	found->z = z_of(found, phi, sign);
	return true;
}

static struct shift_side side_of(const struct group *group, gint32 last, guint first)
{
	return (struct shift_side){
		.from = last - 7 * (gint32)group->oldest - 6,
		.to = last - 7 * (gint32)first,
		.n = (gint64)group->sum.n,
		.failed = (gint64)group->sum.failed,
		.rate = group->sum.failed / group->sum.n,
		.median = NAN,
		.p85 = NAN,
	};
}

static void conclude(const struct shift_series *series, gint32 day,
		     const struct comparison *best, struct shift *shift)
{
	gint32 last = day - SHARE_MATURES;
	double sign = shift_sign(series);
	double larger = sign > 0 ? best->p1 : best->p0;
	double smaller = sign > 0 ? best->p0 : best->p1;
	double failed = sign > 0 ? best->after.sum.failed : best->before.sum.failed;

	shift->ratio = best->p1 / best->p0;
	shift->effect = best->p1 > 0 ? sign * log(shift->ratio) : -DBL_MAX;
	shift->gate = larger / smaller >= shift_least(series, &shift_share) &&
		      larger - smaller >= DIFFERENCE_MIN && failed >= FAILED_MIN;
	shift->onset = last + 1 - 7 * (gint32)shift->window;
	shift->base = best->p0;
	shift->before = side_of(&best->before, last, shift->window);
	shift->after = side_of(&best->after, last, 0);
}

static double threshold(const struct week *weeks)
{
	double failed = 0;

	for (guint j = 0; j < VOLUME_WEEKS; j++)
		failed += weeks[j].failed;
	return CLAMP(1.1 + 0.2 * log(fmax(failed / VOLUME_WEEKS, VOLUME_MIN)), 0.8, 1.4);
}

static guint lacking(const struct week *weeks)
{
	double n[SHIFT_WEEKS];
	bool seen[SHIFT_WEEKS];

	for (guint j = 0; j < SHIFT_WEEKS; j++) {
		n[j] = weeks[j].n;
		seen[j] = weeks[j].n > 0;
	}
	return shift_lacking(&need, n, seen);
}

static void evaluate(const struct shift_series *series, gint32 day, gint64 asof,
		     struct shift *shift)
{
	struct shift_evidence evidence = { 0 };
	struct comparison best = { 0 }, found;
	struct week weeks[SHIFT_WEEKS] = { 0 };

	(void)asof;
	gather(weeks, series, day);
	shift->threshold = threshold(weeks);
	for (guint w = 1; w <= SHIFT_WINDOWS; w++) {
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
	gint32 last = day - SHARE_MATURES, taken = last;
	struct shift_range range = shift_range(series, frozen->onset, last);
	double sign = shift_sign(series);
	guint n = 0, failed = 0;

	(void)asof;
	for (gsize i = range.to; i > range.from; i--) {
		const struct shift_sample *sample = &series->samples[i - 1];

		/* Days go in whole: the order within one means nothing. */
		if (n >= RECENT_DEPLOYMENTS && sample->day <= last - RECENT_DAYS &&
		    sample->day < taken)
			break;
		failed += had_failed(sample, day);
		taken = sample->day;
		n++;
	}
	if (n == 0)
		return NAN;
	return failed > 0 ? sign * log((double)failed / n / frozen->base)
			  : -sign * DBL_MAX;
}

static GArray *told(const struct shift_series *series, gint32 onset, gint32 day,
		    gint64 asof)
{
	struct shift_range range = shift_range(series, onset, day - SHARE_MATURES);
	GArray *told = g_array_new(FALSE, FALSE, sizeof(gsize));

	(void)asof;
	for (gsize i = range.from; i < range.to; i++)
		if (had_failed(&series->samples[i], day))
			g_array_append_val(told, i);
	return told;
}

const struct shift_kind shift_share = {
	.name = "share",
	.gate = 1.3,
	.evaluate = evaluate,
	.recent = recent,
	.told = told,
};
