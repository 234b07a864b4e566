#include <math.h>

#include "metrics/segment_inside.h"

/*
 * Bayesian online change point detection (R. P. Adams, D. J. C. MacKay, "Bayesian Online
 * Changepoint Detection", arXiv:0710.3742, 2007): how long ago did the current run begin?
 * Values of a run are normal with unknown mean and precision; their prior is
 * Normal-Gamma(mean 0, kappa 1, alpha 1, beta 1), so that the next value is Student-t
 * (K. P. Murphy, "Conjugate Bayesian Analysis of the Gaussian Distribution", 2007, eq.
 * 85-89 and 100). After r values of a run kappa is 1 + r and alpha 1 + r / 2, the same
 * for each run of that length.
 *
 * Where runs began is told by the most probable path, not by the most probable lengths:
 * instead of the sum over all earlier runs the largest is taken and remembered (A. J.
 * Viterbi, "Error Bounds for Convolutional Codes and an Asymptotically Optimum Decoding
 * Algorithm", IEEE Trans. Inf. Theory 13 (1967) 260-269).
 */
#define HAZARD 0.01 /* that a run ends with a value */

/* A run of r values: r is its index. */
struct run {
	double path; /* log probability of the best path that ends in it */
	double mean;
	double beta, log_beta;
};

static const struct run no_values = { .beta = 1 };

/* The part of the log density that depends on r alone: the density of Student-t with 2
 * alpha degrees of freedom and squared scale beta (kappa + 1) / (alpha kappa) is
 * G(alpha + 1/2) / G(alpha) (2 pi beta (kappa + 1) / kappa)^(-1/2)
 *   (1 + q)^(-alpha - 1/2),   q = kappa (x - mean)^2 / (2 beta (kappa + 1)) */
static double *constants(gsize n)
{
	double *constant = g_new(double, n);
	int sign;

	for (gsize r = 0; r < n; r++) {
		double alpha = 1 + (double)r / 2, kappa = 1 + (double)r;

		constant[r] = lgamma_r(alpha + 0.5, &sign) - lgamma_r(alpha, &sign) -
			      log(2 * G_PI * (kappa + 1) / kappa) / 2;
	}
	return constant;
}

/* Takes a value into each of the runs of 0 to r_max values, and begins one after it.
 * Returns the length before the value of the run that most probably ended with it. */
static guint take(struct run *runs, gsize r_max, const double *constant, double value)
{
	double best = -INFINITY;
	guint ended = 0;

	for (gsize r = r_max + 1; r-- > 0;) {
		const struct run run = runs[r];
		double kappa = 1 + (double)r, alpha = 1 + (double)r / 2;
		double off = value - run.mean;
		double beta = run.beta + kappa * off * off / (2 * (kappa + 1));
		double log_beta = log(beta); /* = ln run.beta + ln (1 + q) */
		double path = run.path + constant[r] - run.log_beta / 2 -
			      (alpha + 0.5) * (log_beta - run.log_beta);

		if (path >= best) {
			best = path;
			ended = (guint)r;
		}
		runs[r + 1] = (struct run){
			.path = path + log(1 - HAZARD),
			.mean = run.mean + off / (kappa + 1),
			.beta = beta,
			.log_beta = log_beta,
		};
	}
	runs[0] = no_values;
	runs[0].path = best + log(HAZARD);
	return ended;
}

static gsize most_probable(const struct run *runs, gsize n)
{
	gsize best = 0;

	for (gsize r = 1; r <= n; r++)
		if (runs[r].path > runs[best].path)
			best = r;
	return best;
}

void segment_online(const double *z, gsize n, GArray *starts)
{
	g_autofree struct run *runs = g_new(struct run, n + 1);
	g_autofree guint *ended = g_new(guint, n);
	g_autofree double *constant = constants(n);
	guint start;

	runs[0] = no_values;
	for (gsize t = 0; t < n; t++)
		ended[t] = take(runs, t, constant, z[t]);
	/* The run that begins at start follows one that ended with the value before. */
	start = (guint)(n - most_probable(runs, n));
	for (; start > 0; start -= ended[start - 1] + 1)
		if (start < n)
			g_array_append_val(starts, start);
}
