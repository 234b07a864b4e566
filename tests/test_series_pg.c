#include "tests/series_pg.h"

/* Deployment frequency and change lead time. */
#define N_ROLLOUTS 3000

static const char sql[] =
	"with sample as (select 'epoch'::timestamptz + f * interval '1 microsecond' as "
	"at,"
	"  lead, author from unnest($2::bigint[], $3::bigint[], $4::bigint[])"
	"  as u (f, lead, author)),"
	" rollout as (select 'epoch'::timestamptz + f * interval '1 microsecond' as at,"
	"  f - lag(f) over (partition by i % 3 order by i) as span"
	"  from unnest($5::bigint[]) with ordinality as u (f, i)),"
	" hour as (select generate_series(min(at), $6, '1 hour') as at from rollout"
	"  union all select $6::timestamptz),"
	" grain as (select * from unnest(array['day', 'week', 'month', 'quarter'])"
	"  with ordinality as u (g, j)),"
	" bucket as (select j, date_trunc(g, at, $1) as start,"
	"  count(distinct (at at time zone $1)::date) as days"
	"  from hour, grain group by 1, 2),"
	" frequency as (select j, date_trunc(g, at, $1) as start, count(*) as n,"
	"  count(distinct (at at time zone $1)::date) as days,"
	"  percentile_cont(array[0.5, 0.75, 0.9, 0.95])"
	"   within group (order by span / 1e6::float8) as p,"
	"  sum(span)::float8 / (nullif(count(span), 0) * 1e6::float8) as mean"
	"  from rollout, grain group by 1, 2),"
	" lead as (select j, date_trunc(g, at, $1) as start, count(*) as n,"
	"  case when count(distinct nullif(author, 0)) >= $7 then"
	"   percentile_cont(array[0.5, 0.75, 0.9, 0.95])"
	"   within group (order by lead / 1e6::float8) end as p,"
	"  case when count(distinct nullif(author, 0)) >= $7 then"
	"   sum(lead)::float8 / (count(*) * 1e6::float8) end as mean"
	"  from sample, grain group by 1, 2) "
	"select (extract(epoch from start) * 1000000)::bigint,"
	" coalesce(f.n, 0), coalesce(f.n, 0), coalesce(f.days, 0), b.days,"
	" f.p[1], f.p[2], f.p[3], f.p[4], f.mean,"
	" coalesce(l.n, 0), l.p[1], null, null, l.p[1], l.p[2], l.p[3], l.p[4], l.mean "
	"from bucket b left join frequency f using (j, start)"
	" left join lead l using (j, start) order by j, start";

/* Of a team of three services: time is between rollouts of the same one. */
static GArray *make_rollouts(const GArray *finishes)
{
	GArray *rollouts = g_array_new(FALSE, FALSE, sizeof(struct rollout_sample));
	gint64 previous[] = { INSTANT_NONE, INSTANT_NONE, INSTANT_NONE };

	for (guint i = 0; i < finishes->len; i++) {
		gint64 finish = g_array_index(finishes, gint64, i);
		struct rollout_sample sample = { finish, previous[(i + 1) % 3] };

		g_array_append_val(rollouts, sample);
		previous[(i + 1) % 3] = finish;
	}
	return rollouts;
}

static GArray *make_samples(const GArray *finishes, GRand *rand)
{
	GArray *samples = g_array_new(FALSE, FALSE, sizeof(struct lead_sample));

	for (guint i = 0; i < finishes->len; i++)
		for (int n = g_rand_int_range(rand, 0, 6); n > 0; n--) {
			struct lead_sample sample = {
				g_array_index(finishes, gint64, i),
				(gint64)exp(g_rand_double_range(rand, 10, 32)),
				(guint64)g_rand_int_range(rand, 0, 4),
			};

			g_array_append_val(samples, sample);
		}
	return samples;
}

static void check_row(const struct series_row *row, const PGresult *result, int i,
		      int first, const char *what)
{
	double got[] = { (double)row->n,   row->value, row->numerator,
			 row->denominator, row->p50,   row->p75,
			 row->p90,	   row->p95,   row->mean };

	for (int j = 0; j < (int)G_N_ELEMENTS(got); j++)
		ck_assert_msg(is_field(got[j], result, i, first + j),
			      "%s: %s by %s, %" G_GINT64_FORMAT ", field %d: %.17g, in "
			      "PostgreSQL %s",
			      what, metric_name(row->metric), grain_name(row->grain),
			      row->start, j, got[j], PQgetvalue(result, i, first + j));
}

static PGresult *ask(const struct series_input *input, const GArray *finishes,
		     const GArray *samples, const char *zone)
{
	g_autofree char *sample_finishes = column(samples, 0);
	g_autofree char *leads = column(samples, 1), *authors = column(samples, 2);
	g_autofree char *rollouts = column(finishes, 0);
	g_autofree char *now = instant_format(input->now);

	return query(sql, 7,
		     (const char *const[]){ zone, sample_finishes, leads, authors,
					    rollouts, now,
					    G_STRINGIFY(MINIMUM_AUTHORS) });
}

START_TEST(same_rows_as_sql)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(lives[_i].zone, NULL);
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)_i + 1);
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct series_row));
	g_autoptr(GArray)
		finishes = make_finishes(zone, instant_of(lives[_i].from),
					 instant_of(lives[_i].to), N_ROLLOUTS, rand);
	g_autoptr(GArray) rollouts = make_rollouts(finishes);
	g_autoptr(GArray) samples = make_samples(finishes, rand);
	struct series_input input = {
		.zone = zone,
		.born = g_array_index(finishes, gint64, 0),
		.incidents_born = INSTANT_NONE,
		.now = instant_of(lives[_i].to),
		.rollouts = (const struct rollout_sample *)(void *)rollouts->data,
		.n_rollouts = rollouts->len,
		.samples = (const struct lead_sample *)(void *)samples->data,
		.n_samples = samples->len,
		.minimum_authors = MINIMUM_AUTHORS,
	};
	PGresult *result = ask(&input, finishes, samples, lives[_i].zone);

	series_buckets(&input, DAY_MIN, DAY_MAX, rows);
	ck_assert_int_eq((int)rows->len, N_ALWAYS * PQntuples(result));
	for (int i = 0; i < PQntuples(result); i++) {
		const struct series_row *row = &g_array_index(rows, struct series_row,
							      N_ALWAYS * i);

		ck_assert_int_eq(row[0].start,
				 g_ascii_strtoll(PQgetvalue(result, i, 0), NULL, 10));
		ck_assert_int_eq(row[0].metric, METRIC_DEPLOYMENT_FREQUENCY);
		check_row(&row[0], result, i, 1, lives[_i].what);
		ck_assert_int_eq(row[1].start, row[0].start);
		ck_assert_int_eq(row[1].metric, METRIC_CHANGE_LEAD_TIME);
		check_row(&row[1], result, i, 10, lives[_i].what);
	}
	PQclear(result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_pg");
	TCase *tests = tcase_create("series_pg");
	SRunner *runner = srunner_create(suite);

	tcase_add_unchecked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, same_rows_as_sql, 0, G_N_ELEMENTS(lives));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
