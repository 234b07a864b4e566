#pragma once

/*
 * Random numbers of the simulated series: xoshiro256** (Blackman and Vigna 2018), seeded
 * by splitmix64, so that a seed means the same series on every machine. Only +, -, *, /,
 * sqrt and libm's log, exp, sin and cos are used, each draw in the order of the program.
 */
#include <glib.h>

struct random {
	guint64 state[4];
};

/* Streams of one seed are independent of each other. */
void random_seed(struct random *random, guint64 seed, guint64 stream);
double random_unit(struct random *random); /* in (0, 1), 53 bits */
guint random_below(struct random *random, guint n);
double random_between(struct random *random, double low, double high);
double random_normal(struct random *random);
double random_exponential(struct random *random); /* of mean 1 */
/* Of scale 1; shape >= 1. */
double random_gamma(struct random *random, double shape);
/* a, b >= 1. */
double random_beta(struct random *random, double a, double b);
/* Of a mean below some hundreds. */
guint random_poisson(struct random *random, double mean);
