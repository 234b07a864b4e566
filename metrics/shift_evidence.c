/*
 * Evidence. The log of an approximate Bayes factor needs no more of the data than an
 * estimate and its variance V (Wakefield, "Bayes factors for genome-wide association
 * studies: comparison with P-values", Genetic Epidemiology 33, 2009): with a normal prior
 * of variance P around 0 and r = P / (V + P)
 *
 *   ln(V / (V + P)) / 2 + z z r / 2
 *
 * Cut to one side the prior has twice the density, ln 2, and the posterior keeps what of
 * it lies there, ln Phi(z sqrt r). P = 0.49: changes are about doublings (sd 0.7 of the
 * log).
 *
 * z from t: Wallace, "Bounds on normal approximations to Student's and the chi-square
 * distributions", Annals of Mathematical Statistics 30, 1959:
 *
 *   z = (8 df + 1) / (8 df + 3) sqrt(df ln(1 + t t / df))
 */
#include <math.h>

#include "metrics/shift_inside.h"

#define PRIOR_VARIANCE 0.49
/* 90 % of a normal distribution lie within. */
#define Z_90 1.645
/* No ratio is larger. */
#define LOG_MAX 700
/* So that its logarithm exists. Durations do not come to z = -37, where it would be too
 * much: a z from t grows as a logarithm; the others end at -3. */
#define LEAST_PHI 1e-300

double shift_z_of_t(double t, double freedom)
{
	double z = (8 * freedom + 1) / (8 * freedom + 3) *
		   sqrt(freedom * log1p(t * t / freedom));

	return copysign(z, t);
}

static double phi(double x)
{
	return 0.5 * erfc(-x * M_SQRT1_2);
}

static double log_bayes_factor(double z, double variance)
{
	double r = PRIOR_VARIANCE / (variance + PRIOR_VARIANCE);

	return M_LN2 + 0.5 * log(variance / (variance + PRIOR_VARIANCE)) +
	       0.5 * z * z * r + log(fmax(phi(z * sqrt(r)), LEAST_PHI));
}

bool shift_evidence_add(struct shift_evidence *evidence, double z, double variance)
{
	double log_factor = log_bayes_factor(z, variance);
	bool most = evidence->n == 0 || log_factor > evidence->most;

	g_assert(evidence->n < G_N_ELEMENTS(evidence->logs));
	evidence->logs[evidence->n++] = log_factor;
	if (most)
		evidence->most = log_factor;
	return most;
}

static double score_of(const struct shift_evidence *evidence)
{
	double sum = 0;

	for (guint i = 0; i < evidence->n; i++)
		sum += exp(evidence->logs[i] - evidence->most);
	return evidence->most + log(sum / evidence->n);
}

void shift_conclude(struct shift *shift, const struct shift_evidence *evidence, double z)
{
	double log_ratio = log(shift->ratio), error;

	shift->usable = true;
	shift->lacking = 0;
	if (shift->gate)
		shift->score = score_of(evidence);
	if (z == 0 || !isfinite(log_ratio))
		return;
	error = fabs(Z_90 * shift->effect / z);
	if (!(fabs(log_ratio) + error < LOG_MAX))
		return;
	shift->ratio_lo = exp(log_ratio - error);
	shift->ratio_hi = exp(log_ratio + error);
}

double shift_log_hours(double seconds)
{
	return log(fmax(seconds / 3600, 1.0 / 60));
}
