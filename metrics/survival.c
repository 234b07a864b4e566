#include "metrics/survival.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int compare_spans(const void *a, const void *b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return (x > y) - (x < y);
}

static void sort_spans(gint64 *spans, gsize n)
{
	if (n > 0)
		qsort(spans, n, sizeof(*spans), compare_spans);
}

/* ---- exact comparison ---- */

/* A factor of S: of so many at risk so many lasted on. */
struct quotient {
	guint32 lasted, at_risk;
};

/* Multiplies a whole number of digits to the base 2^32, the lowest first. */
static void multiply(GArray *number, guint32 by)
{
	guint32 carry = 0;

	for (guint i = 0; i < number->len; i++) {
		guint32 *digit = &g_array_index(number, guint32, i);
		guint64 product = (guint64)*digit * by + carry;

		*digit = (guint32)product;
		carry = (guint32)(product >> 32);
	}
	if (carry > 0)
		g_array_append_val(number, carry);
}

/* a <= b, neither with leading zeros. */
static bool at_most(const GArray *a, const GArray *b)
{
	if (a->len != b->len)
		return a->len < b->len;
	for (guint i = a->len; i > 0; i--) {
		guint32 x = g_array_index(a, guint32, i - 1);
		guint32 y = g_array_index(b, guint32, i - 1);

		if (x != y)
			return x < y;
	}
	return true;
}

/* Whether the product is at most 1/2, in whole numbers: 2 × all lasted <= all at risk. */
static bool exactly_at_most_half(const GArray *quotients)
{
	g_autoptr(GArray) lasted = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GArray) at_risk = g_array_new(FALSE, FALSE, sizeof(guint32));
	guint32 one = 1, two = 2;

	g_array_append_val(lasted, two);
	g_array_append_val(at_risk, one);
	for (guint i = 0; i < quotients->len; i++) {
		const struct quotient *q = &g_array_index(quotients, struct quotient, i);

		multiply(lasted, q->lasted);
		multiply(at_risk, q->at_risk);
	}
	return at_most(lasted, at_risk);
}

/* ---- the estimate ---- */

/* S so far. Where nobody left between two ends, their quotients are one: what lasted one
 * is at risk of the next. */
struct survival {
	GArray *quotients; /* of struct quotient; none is 0 */
	double closed;	   /* the product of all but the last, rounded */
};

static void survival_fall(struct survival *s, guint32 at_risk, guint32 lasted)
{
	struct quotient next = { lasted, at_risk }, *last = NULL;

	if (s->quotients->len > 0)
		last = &g_array_index(s->quotients, struct quotient,
				      s->quotients->len - 1);
	if (last && last->lasted == at_risk) {
		last->lasted = lasted;
		return;
	}
	if (last)
		s->closed *= (double)last->lasted / (double)last->at_risk;
	g_array_append_val(s->quotients, next);
}

/* Counts are exact in a double. So k quotients and their product are rounded 2k times,
 * each time by half of DBL_EPSILON at most: what is computed is off by less than
 * 2k × DBL_EPSILON of it (S is near 1/2 wherever this is close, far from underflow).
 * Only outside of that is rounding believed. */
static bool survival_at_most_half(const struct survival *s)
{
	const struct quotient *last = &g_array_index(s->quotients, struct quotient,
						     s->quotients->len - 1);
	double rounded = s->closed * ((double)last->lasted / (double)last->at_risk);
	double doubt = 2 * DBL_EPSILON * s->quotients->len;

	if (fabs(rounded - 0.5) > doubt)
		return rounded < 0.5;
	return exactly_at_most_half(s->quotients);
}

double survival_median(gint64 *over, gsize n_over, gint64 *open, gsize n_open)
{
	g_autoptr(GArray) quotients = g_array_new(FALSE, FALSE, sizeof(struct quotient));
	struct survival s = { quotients, 1 };
	gsize left = 0; /* open spans that are shorter */

	g_return_val_if_fail(n_over + n_open <= G_MAXUINT32, NAN);
	sort_spans(over, n_over);
	sort_spans(open, n_open);
	for (gsize i = 0, next; i < n_over; i = next) {
		gsize at_risk;

		for (next = i + 1; next < n_over && over[next] == over[i];)
			next++;
		while (left < n_open && open[left] < over[i])
			left++;
		at_risk = n_over - i + n_open - left;
		if (at_risk == next - i) /* nobody lasted */
			return (double)over[i] / G_USEC_PER_SEC;
		survival_fall(&s, (guint32)at_risk, (guint32)(at_risk - (next - i)));
		if (survival_at_most_half(&s))
			return (double)over[i] / G_USEC_PER_SEC;
	}
	return NAN;
}
