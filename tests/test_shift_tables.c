/* Names, strengths and expectations of metrics/shift.h, and the statistics beneath. */
#include "metrics/series.h"
#include "metrics/shift_inside.h"
#include "tests/shift_fixture.h"

START_TEST(engines_have_names)
{
	static const char *const names[] = { "level", "count", "share", "spans" };
	enum shift_engine engine = SHIFT_SPANS;
	enum shift_direction direction = SHIFT_WORSE;

	for (guint i = 0; i < N_SHIFT_ENGINES; i++) {
		ck_assert_str_eq(shift_engine_name((enum shift_engine)i), names[i]);
		ck_assert(shift_engine_parse(names[i], &engine));
		ck_assert_uint_eq(engine, i);
	}
	ck_assert(!shift_engine_parse("", &engine) && engine == SHIFT_SPANS);
	ck_assert_str_eq(shift_direction_name(SHIFT_WORSE), "worse");
	ck_assert_str_eq(shift_direction_name(SHIFT_BETTER), "better");
	ck_assert(shift_direction_parse("better", &direction));
	ck_assert_int_eq(direction, SHIFT_BETTER);
	ck_assert(!shift_direction_parse("", &direction) && direction == SHIFT_BETTER);
	ck_assert(shift_direction_parse("worse", &direction));
	ck_assert_int_eq(direction, SHIFT_WORSE);
	ck_assert_str_eq(shift_sensitivity_name(SENSITIVITY_LOW), "low");
	ck_assert_str_eq(shift_sensitivity_name(SENSITIVITY_HIGH), "high");
	ck_assert_str_eq(shift_sensitivity_name(SENSITIVITY_DEFAULT), "default");
}
END_TEST

static const struct {
	const char *what;
	double odds;
	const char *name;
} strengths[] = {
	{ "no evidence", 0.4, NULL },	     { "below 5 : 1", 4.99, NULL },
	{ "from 5 : 1", 5, "likely" },	     { "from 10 : 1", 10, "strong" },
	{ "below 30 : 1", 29.99, "strong" }, { "from 30 : 1", 30, "very strong" },
	{ "no end", 1e200, "very strong" },
};

START_TEST(evidence_has_words)
{
	ck_assert_pstr_eq(shift_strength(log(strengths[_i].odds)), strengths[_i].name);
}
END_TEST

static const struct {
	const char *what;
	double score;
	bool gate, usable;
	bool high, normal, low;
} held[] = {
	{ "nothing", SHIFT_NO_SCORE, false, true, false, false, false },
	{ "three quarters of it are for high", 1.2, true, true, true, false, false },
	{ "all of it", 1.6, true, true, true, true, false },
	{ "low asks for more", 2.24, true, true, true, true, true },
	{ "not without the gate", 9, false, true, false, false, false },
	{ "not while it learns", 9, true, false, false, false, false },
};

START_TEST(sensitivity_moves_the_threshold)
{
	struct shift shift = { .usable = held[_i].usable,
			       .gate = held[_i].gate,
			       .score = held[_i].score + 1e-12,
			       .threshold = 1.6 };

	ck_assert_msg(shift_holds(&shift, SENSITIVITY_HIGH) == held[_i].high, "%s",
		      held[_i].what);
	ck_assert_msg(shift_holds(&shift, SENSITIVITY_DEFAULT) == held[_i].normal, "%s",
		      held[_i].what);
	ck_assert_msg(shift_holds(&shift, SENSITIVITY_LOW) == held[_i].low, "%s",
		      held[_i].what);
}
END_TEST

static const struct {
	const char *what;
	enum shift_engine engine;
	double per_week;
	enum shift_sensitivity sensitivity;
	double expected;
} expectations[] = {
	{ "as measured", SHIFT_LEVEL, 10, SENSITIVITY_DEFAULT, 0.29 },
	{ "less than was measured", SHIFT_LEVEL, 0.1, SENSITIVITY_DEFAULT, 0.18 },
	{ "nothing at all", SHIFT_SHARE, 0, SENSITIVITY_DEFAULT, 0.41 },
	{ "no number", SHIFT_COUNT, NAN, SENSITIVITY_DEFAULT, 0.15 },
	{ "more than was measured", SHIFT_LEVEL, 1000, SENSITIVITY_DEFAULT, 0.28 },
	{ "more, with fewer rows", SHIFT_SPANS, INFINITY, SENSITIVITY_DEFAULT, 0.28 },
	{ "between two", SHIFT_SPANS, M_SQRT2, SENSITIVITY_DEFAULT, 0.285 },
	{ "between two of low", SHIFT_SPANS, M_SQRT2, SENSITIVITY_LOW, 0.115 },
	{ "high is told of more", SHIFT_COUNT, 35, SENSITIVITY_HIGH, 0.26 },
	{ "low of less", SHIFT_COUNT, 35, SENSITIVITY_LOW, 0.07 },
};

START_TEST(false_alerts_are_expected)
{
	double got = shift_false_alerts(expectations[_i].engine,
					expectations[_i].per_week,
					expectations[_i].sensitivity);

	ck_assert_msg(fabs(got - expectations[_i].expected) < 1e-12, "%s: %.17g",
		      expectations[_i].what, got);
}
END_TEST

/* Exact normal deviates, from tables of both distributions. */
static const struct {
	double t, freedom, z;
} deviates[] = {
	{ 0, 5, 0 },
	{ 2.228139, 10, 1.959964 },
	{ -2.228139, 10, -1.959964 },
	{ 2.570582, 5, 1.959964 },
	{ 3.169273, 10, 2.575829 },
	{ 1.959982, 1e6, 1.959964 },
};

START_TEST(a_t_is_as_rare_as_its_z)
{
	ck_assert_double_eq_tol(shift_z_of_t(deviates[_i].t, deviates[_i].freedom),
				deviates[_i].z, 0.01);
}
END_TEST

START_TEST(evidence_grows_with_z)
{
	struct shift_evidence evidence = { 0 };
	struct shift shift = { .gate = true, .effect = 0.7, .ratio = 2 };

	/* As far the other way as durations get, and still a number. */
	ck_assert(shift_evidence_add(&evidence, -30, 0.01));
	ck_assert(isfinite(evidence.most));
	ck_assert(shift_evidence_add(&evidence, 0, 0.01));
	ck_assert(!shift_evidence_add(&evidence, 0, 0.01));
	ck_assert(shift_evidence_add(&evidence, 3, 0.01));
	/* The mean of windows is less than the best of them. */
	shift_conclude(&shift, &evidence, 3);
	ck_assert(shift.usable && shift.score < evidence.most);
	ck_assert_double_gt(shift.score, evidence.most - log(4));
	/* By hand: ln 2 + ln(1/50)/2 + 9 x 0.98/2 + ln Phi(2.97) */
	ck_assert_double_eq_tol(evidence.most,
				M_LN2 + 0.5 * log(0.02) + 4.5 * 0.98 + log(0.998511),
				1e-3);
	ck_assert_double_eq_tol(shift.ratio_hi, 2 * exp(1.645 * 0.7 / 3), 1e-12);
}
END_TEST

static double organ(guint i, guint n, GRand *rand)
{
	(void)rand;
	return i < n / 2 ? i : n - i;
}

static double rising(guint i, guint n, GRand *rand)
{
	(void)n;
	(void)rand;
	return i;
}

static double falling(guint i, guint n, GRand *rand)
{
	(void)rand;
	return n - i;
}

static double equal(guint i, guint n, GRand *rand)
{
	(void)i;
	(void)n;
	(void)rand;
	return 0.1;
}

static double few(guint i, guint n, GRand *rand)
{
	(void)i;
	(void)n;
	return g_rand_int_range(rand, 0, 3);
}

static double any(guint i, guint n, GRand *rand)
{
	(void)i;
	(void)n;
	return g_rand_double_range(rand, -1e3, 1e3);
}

static double (*const shapes[])(guint i, guint n, GRand *rand) = { organ, rising, falling,
								   equal, few,	  any };

static int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

START_TEST(percentiles_are_those_of_sorted_values)
{
	static const double qs[] = { 0, 0.25, 0.5, 0.85, 1 };
	g_autoptr(GRand) rand = g_rand_new_with_seed(3);

	for (guint n = 0; n < 2000; n += n < 40 ? 1 : 163) {
		g_autofree double *values = g_new(double, n + 1);
		g_autofree double *sorted = g_new(double, n + 1);

		for (guint i = 0; i < n; i++)
			values[i] = sorted[i] = shapes[_i](i, n, rand);
		qsort(sorted, n, sizeof(double), ascending);
		for (guint i = 0; i < G_N_ELEMENTS(qs); i++) {
			double got = shift_percentile(values, n, qs[i]);
			double expected = percentile_sorted(sorted, n, qs[i]);

			ck_assert(n == 0 ? isnan(got) : got == expected);
		}
	}
}
END_TEST

static const struct {
	const char *what;
	double values[5];
	gsize n;
	double middle, scale;
} scales[] = {
	{ "one value", { 3 }, 1, 3, 1e-9 },
	{ "equal ones", { 3, 3, 3 }, 3, 3, 1e-9 },
	{ "the outlier does not matter", { 1, 2, 3, 4, 1000 }, 5, 3, 1.4826 },
	{ "most are equal: the standard deviation", { 1, 1, 1, 6, 1 }, 5, 1, 2 },
	{ "two", { 1, 3 }, 2, 2, 1.4826 },
};

START_TEST(scale_is_robust)
{
	double values[5];
	struct shift_scale scale;

	memcpy(values, scales[_i].values, sizeof(values));
	scale = shift_scale_of(values, scales[_i].n);
	ck_assert_msg(fabs(scale.middle - scales[_i].middle) < 1e-15 &&
			      fabs(scale.scale - scales[_i].scale) < 1e-12,
		      "%s: %g, %g", scales[_i].what, scale.middle, scale.scale);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shift_tables");
	TCase *tests = tcase_create("shift_tables");
	int failed;

	tcase_add_test(tests, engines_have_names);
	tcase_add_loop_test(tests, evidence_has_words, 0, G_N_ELEMENTS(strengths));
	tcase_add_loop_test(tests, sensitivity_moves_the_threshold, 0,
			    G_N_ELEMENTS(held));
	tcase_add_loop_test(tests, false_alerts_are_expected, 0,
			    G_N_ELEMENTS(expectations));
	tcase_add_loop_test(tests, a_t_is_as_rare_as_its_z, 0, G_N_ELEMENTS(deviates));
	tcase_add_test(tests, evidence_grows_with_z);
	tcase_add_loop_test(tests, percentiles_are_those_of_sorted_values, 0,
			    G_N_ELEMENTS(shapes));
	tcase_add_loop_test(tests, scale_is_robust, 0, G_N_ELEMENTS(scales));
	suite_add_tcase(suite, tests);
	run(suite, &failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
