#include <string.h>

#include "metrics/percentile.h"
#include "metrics/series.h"
#include "tests/pg.h"

/* Our percentiles and PostgreSQL's have to be the same to the last bit, for every number
 * of values up to here. */
#define MOST 1000

static PGconn *connection;

static void set_up(void)
{
	connection = pg_connect();
}

static void tear_down(void)
{
	PQfinish(connection);
}

static const struct {
	const char *what;
	gint64 below;
} kinds[] = {
	{ "mostly ties", 5 },
	{ "seconds to hours", G_TIME_SPAN_HOUR },
	{ "up to years", 3000 * G_TIME_SPAN_DAY },
	{ "beyond what a double counts exactly", G_MAXINT64 / 2 },
};

/* Samples of 1 … MOST values, one after another. */
static gint64 *make_samples(gint64 below, guint32 seed)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	gint64 *values = g_new(gint64, MOST * (MOST + 1) / 2);

	for (gsize i = 0; i < MOST * (MOST + 1) / 2; i++)
		values[i] = (gint64)(g_rand_double(rand) * (double)below);
	return values;
}

/* unnest() takes these apart again. */
static void append_row(GString *sizes, GString *spans, gsize n, gint64 span)
{
	g_string_append_printf(sizes, "%c%zu", sizes->len ? ',' : '{', n);
	g_string_append_printf(spans, "%c%" G_GINT64_FORMAT, spans->len ? ',' : '{',
			       span);
}

static void check_value(const char *what, gsize n, double got, const char *text)
{
	double expected = g_ascii_strtod(text, NULL);

	ck_assert_msg(memcmp(&got, &expected, sizeof(got)) == 0,
		      "%s of %zu: %.17g, in PostgreSQL %s", what, n, got, text);
}

START_TEST(same_bits_as_percentile_cont)
{
	static const char sql[] =
		"select percentile_cont(0.5) within group (order by us / 1e6::float8),"
		" percentile_cont(0.75) within group (order by us / 1e6::float8),"
		" percentile_cont(0.9) within group (order by us / 1e6::float8),"
		" percentile_cont(0.95) within group (order by us / 1e6::float8),"
		" sum(us)::float8 / (count(*) * 1e6::float8) "
		"from unnest($1::int[], $2::bigint[]) as s (n, us) group by n order by n";
	g_autofree gint64 *values = make_samples(kinds[_i].below, (guint32)_i + 1);
	g_autoptr(GString) sizes = g_string_new(NULL);
	g_autoptr(GString) spans = g_string_new(NULL);
	gint64 *sample = values;
	PGresult *result;

	for (gsize n = 1; n <= MOST; sample += n++)
		for (gsize i = 0; i < n; i++)
			append_row(sizes, spans, n, sample[i]);
	g_string_append_c(sizes, '}');
	g_string_append_c(spans, '}');
	result = PQexecParams(connection, sql, 2, NULL,
			      (const char *const[]){ sizes->str, spans->str }, NULL, NULL,
			      0);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s",
		      PQerrorMessage(connection));
	ck_assert_int_eq(PQntuples(result), MOST);
	sample = values;
	for (gsize n = 1; n <= MOST; sample += n++) {
		gint64 scratch[MOST];
		double seconds[MOST];
		struct distribution got = distribution_of(sample, n, scratch);
		static const double q[] = { 0.5, 0.75, 0.9, 0.95 };
		int row = (int)n - 1;

		check_value("p50", n, got.p50, PQgetvalue(result, row, 0));
		check_value("p75", n, got.p75, PQgetvalue(result, row, 1));
		check_value("p90", n, got.p90, PQgetvalue(result, row, 2));
		check_value("p95", n, got.p95, PQgetvalue(result, row, 3));
		check_value("mean", n, got.mean, PQgetvalue(result, row, 4));
		for (gsize i = 0; i < n; i++)
			seconds[i] = (double)sample[i] / 1e6;
		for (int i = 0; i < 4; i++)
			check_value("percentile_sorted", n,
				    percentile_sorted(seconds, n, q[i]),
				    PQgetvalue(result, row, i));
	}
	PQclear(result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("percentile_pg");
	TCase *tests = tcase_create("percentile_pg");
	SRunner *runner = srunner_create(suite);

	tcase_add_unchecked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, same_bits_as_percentile_cont, 0, G_N_ELEMENTS(kinds));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
