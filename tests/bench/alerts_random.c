#include "tests/bench/alerts_random.h"

#include <math.h>

static guint64 split(guint64 *state)
{
	guint64 z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void random_seed(struct random *random, guint64 seed, guint64 stream)
{
	guint64 mixed = split(&seed) ^ stream;

	for (guint i = 0; i < 4; i++)
		random->state[i] = split(&mixed);
}

static guint64 rotate(guint64 x, guint by)
{
	return (x << by) | (x >> (64 - by));
}

static guint64 next(struct random *random)
{
	guint64 *s = random->state;
	guint64 result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double random_unit(struct random *random)
{
	return ((double)(next(random) >> 11) + 0.5) * 0x1p-53;
}

guint random_below(struct random *random, guint n)
{
	return (guint)(random_unit(random) * n);
}

double random_between(struct random *random, double low, double high)
{
	return low + (high - low) * random_unit(random);
}

/* Box and Muller 1958, one of the pair. */
double random_normal(struct random *random)
{
	double radius = sqrt(-2 * log(random_unit(random)));

	return radius * cos(2 * G_PI * random_unit(random));
}

double random_exponential(struct random *random)
{
	return -log(random_unit(random));
}

/* Marsaglia and Tsang 2000. */
double random_gamma(struct random *random, double shape)
{
	double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);

	for (;;) {
		double x = random_normal(random), v = 1 + c * x;

		if (v <= 0)
			continue;
		v = v * v * v;
		if (log(random_unit(random)) < x * x / 2 + d - d * v + d * log(v))
			return d * v;
	}
}

double random_beta(struct random *random, double a, double b)
{
	double x = random_gamma(random, a), y = random_gamma(random, b);

	return x / (x + y);
}

/* By inversion: one uniform number each, whatever the mean. */
guint random_poisson(struct random *random, double mean)
{
	double u = random_unit(random), p = exp(-mean), sum = p;
	guint n = 0;

	while (u > sum && n < 10000) {
		n++;
		p *= mean / n;
		sum += p;
	}
	return n;
}
