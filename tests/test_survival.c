#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "metrics/survival.h"

#define MAX_SPANS 28

/* Spans in seconds, "3 x5" is five of 3. NAN: more than half never end. */
static const struct {
	const char *what, *over, *open;
	double median;
} rows[] = {
	{ "nothing has no median", "", "", NAN },
	{ "one that ended is its own median", "7", "", 7 },
	{ "one that is open may last for ever", "", "7", NAN },
	{ "of two that ended it is the first after which half are left", "10 20", "",
	  10 },
	{ "of three the second", "30 10 20", "", 20 },
	{ "the open are at least so long: they move it up", "1 2 3", "4 5", 3 },
	{ "dropped, as others do, they would leave it at 2", "1 2 3", "", 2 },
	{ "more than half open: nobody can say", "1 2", "3 3 3", NAN },
	{ "exactly half open: at the last that ended", "1 2", "3 3", 2 },
	{ "an open one that is shorter was never at risk of it", "2", "1", 2 },
	{ "an open one of the same length was: half is left", "2", "2", 2 },
	{ "two open ones of the same length: two thirds are left", "2", "2 2", NAN },
	{ "what took no time ended at once", "0 0", "0", 0 },
	{ "all at once", "5 x9", "", 5 },
	{ "six eighths, then two thirds, are a half", "1 x2 3 5 x2", "2 x3", 3 },
	{ "27/33, then 11/18: a half, though rounding says more", "1 x6 3 x7 5 x11",
	  "2 x9", 3 },
	{ "22/24, then 6/11: a half, though rounding says less", "1 x2 3 x5 5 x6",
	  "2 x11", 3 },
	/* 2 × 177551 × 138913 × 70934 + 1 = 187565 × 147031 × 126879 */
	{ "a half but for one in 10 to the 15", "1 x10014 2 x8118 3 x55945 4 x70934",
	  "1 x30520 2 x12034", 3 },
	/* 2 × 146467 × 142597 × 63590 - 1 = 159857 × 143981 × 115407 */
	{ "a half and one in 10 to the 15", "1 x13390 2 x1384 3 x51817 4 x63590",
	  "1 x2486 2 x27190", 4 },
};

static GArray *read_spans(const char *text)
{
	GArray *spans = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (guint i = 0; words[i] && *words[i]; i++) {
		gint64 span = g_ascii_strtoll(words[i], NULL, 10) * G_USEC_PER_SEC;
		gint64 n = 1;

		if (words[i + 1] && words[i + 1][0] == 'x')
			n = g_ascii_strtoll(words[++i] + 1, NULL, 10);
		for (; n > 0; n--)
			g_array_append_val(spans, span);
	}
	return spans;
}

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

START_TEST(medians_by_name)
{
	g_autoptr(GArray) over = read_spans(rows[_i].over);
	g_autoptr(GArray) open = read_spans(rows[_i].open);
	double median = survival_median((gint64 *)(void *)over->data, over->len,
					(gint64 *)(void *)open->data, open->len);

	ck_assert_msg(same(median, rows[_i].median), "%s: %g", rows[_i].what, median);
}
END_TEST

/* ---- the definition, in exact fractions ---- */

static guint count(const gint64 *spans, gsize n, gint64 least, gint64 most)
{
	guint counted = 0;

	for (gsize i = 0; i < n; i++)
		counted += spans[i] >= least && spans[i] <= most;
	return counted;
}

/* S(t) <= 1/2: the product over each length up to t at which some ended. 28! and twice it
 * are below 2 to the 127. */
static bool said_at_most_half(const gint64 *over, gsize n_over, const gint64 *open,
			      gsize n_open, gint64 t)
{
	__int128 lasted = 1, at_risk = 1;

	for (gint64 u = 0; u <= t; u++) {
		guint ended = count(over, n_over, u, u);
		guint r = count(over, n_over, u, G_MAXINT64) +
			  count(open, n_open, u, G_MAXINT64);

		if (ended > 0) {
			lasted *= r - ended;
			at_risk *= r;
		}
	}
	return 2 * lasted <= at_risk;
}

static double said_median(const gint64 *over, gsize n_over, const gint64 *open,
			  gsize n_open, gint64 longest)
{
	for (gint64 t = 0; t <= longest; t++)
		if (count(over, n_over, t, t) > 0 &&
		    said_at_most_half(over, n_over, open, n_open, t))
			return (double)t / G_USEC_PER_SEC;
	return NAN;
}

START_TEST(random_spans)
{
	for (guint seed = (guint)_i * 5000; seed < (guint)(_i + 1) * 5000; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		gint64 spans[MAX_SPANS];
		gint32 longest = g_rand_int_range(rand, 1, 40);
		gsize n = (gsize)g_rand_int_range(rand, 0, MAX_SPANS + 1);
		gsize n_over = (gsize)g_rand_int_range(rand, 0, (gint32)n + 1);
		double median, said;

		for (gsize i = 0; i < n; i++)
			spans[i] = g_rand_int_range(rand, 0, longest);
		said = said_median(spans, n_over, spans + n_over, n - n_over, longest);
		median = survival_median(spans, n_over, spans + n_over, n - n_over);
		ck_assert_msg(same(median, said), "seed %u: %g, not %g", seed, median,
			      said);
	}
}
END_TEST

/* None open: the least value with at most half above it, whatever the number of them. */
START_TEST(none_open)
{
	enum { N = 100001 };
	g_autofree gint64 *spans = g_new(gint64, N);

	for (gsize n = 1; n <= N; n += n < 40 ? 1 : 9996) {
		for (gsize i = 0; i < n; i++)
			spans[i] = (gint64)((i * 7919) % n) * G_USEC_PER_SEC;
		ck_assert_msg(same(survival_median(spans, n, NULL, 0),
				   n % 7919 ? (double)((n + 1) / 2 - 1) : 0),
			      "%zu", n);
	}
}
END_TEST

/* Ends and open ones in turn: as many quotients as there are ends. */
START_TEST(many_quotients)
{
	enum { N = 20000 };
	g_autofree gint64 *over = g_new(gint64, N), *open = g_new(gint64, N);
	long double s = 1;
	double expected = NAN;

	for (gsize i = 0; i < N; i++) {
		over[i] = (gint64)(2 * i) * G_USEC_PER_SEC;
		open[i] = (gint64)(2 * i + 1) * G_USEC_PER_SEC;
	}
	for (gsize i = 0; i < N && isnan(expected); i++) {
		s *= 1 - 1 / (long double)(2 * (N - i));
		if (s <= 0.5L)
			expected = (double)(2 * i);
	}
	ck_assert(same(survival_median(over, N, open, N), expected));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("survival");
	TCase *tests = tcase_create("survival");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, medians_by_name, 0, G_N_ELEMENTS(rows));
	tcase_add_loop_test(tests, random_spans, 0, 4);
	tcase_add_test(tests, none_open);
	tcase_add_test(tests, many_quotients);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
