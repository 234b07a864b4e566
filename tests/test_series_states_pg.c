#include "tests/series_pg.h"

/* What became of rollouts, stages, what rules leave out, and what is open when: of a
 * team, so that services are mixed. */
#define N_SAMPLES 800

/* $1 zone, $2 when the first bucket is, $3 now. Instants in µs. */
#define BUCKETS                                                                          \
	"with grain as (select * from unnest(array['day', 'week', 'month', 'quarter'],"  \
	"  array['1 day', '7 days', '1 month', '3 months']::interval[])"                 \
	"  with ordinality as u (g, step, j)),"                                          \
	" local as (select j, step, generate_series("                                    \
	"   date_trunc(g, $2::timestamptz at time zone $1),"                             \
	"   $3::timestamptz at time zone $1, step) as start from grain),"                \
	" bucket as materialized (select j, start at time zone $1 as start,"             \
	"  (extract(epoch from start at time zone $1) * 1000000)::bigint as start_us,"   \
	"  (extract(epoch from (start + step) at time zone $1) * 1000000)::bigint"       \
	"   as end_us from local"                                                        \
	"  where start at time zone $1 < (start + step) at time zone $1),"
#define AT(us) "('epoch'::timestamptz + " us " * interval '1 microsecond')"
#define SPREAD(us)                                                                       \
	"percentile_cont(array[0.5, 0.75, 0.9, 0.95])"                                   \
	" within group (order by " us " / 1e6::float8) as p,"                            \
	" sum(" us ")::float8 / (count(" us ") * 1e6::float8) as mean"

/* Named, for a call in the middle of a literal is more than clang-format can lay out. */
#define AT_F AT("f")
#define AT_E AT("e")
#define AT_END AT("$2::bigint")
#define SPREAD_TIME SPREAD("(e - b)")
#define SPREAD_SPAN SPREAD("span")

/* A row: start, n, numerator, denominator, value, p50 … p95, mean, pending, open,
 * oldest_open. */
static const char rates_sql[] = /* $7 whether of rework, or of failures */
	BUCKETS
	" sample as (select " AT_F " as at, s, u from unnest($4::bigint[],"
	" $5::bigint[], $6::bigint[]) as u (f, s, u)),"
	" tally as (select j, date_trunc(g, at, $1) as start, count(*) filter (where"
	" s = 1) as failed, count(*) filter (where s = 2) as pending, count(*) filter"
	" (where s < 2) as known, count(*) as n, sum(u) as unplanned "
	" from sample, grain group by 1, 2), row as (select j, start_us,"
	" coalesce(unplanned, 0) as unplanned, coalesce(failed, 0) as failed,"
	" coalesce(known, 0) as known, coalesce(pending, 0) as pending, coalesce(n,"
	" 0) as n from bucket left join tally using (j, start))"
	" select start_us, total, part, total, part::float8 / nullif(total, 0), null,"
	" null, null, null, null, case when not $7::bool then pending end, null, null"
	" from row, lateral (select case when $7::bool then n else known end as total,"
	" case when $7::bool then unplanned else failed end as part) x"
	" order by j, start_us";

static const char spans_sql[] = BUCKETS
	" sample as (select b, e, " AT_E " as at from unnest($4::bigint[],"
	" $5::bigint[]) as u (b, e)), over as (select j, date_trunc(g, at, $1) as"
	" start, count(*) as n, " SPREAD_TIME " from sample, grain"
	" where e is not null group by 1, 2) select start_us, coalesce(n, 0), null,"
	" null, p[1], p[1], p[2], p[3], p[4], mean, null, o.n_open, o.oldest"
	" from bucket left join over using (j, start),"
	" lateral (select least(end_us - 1, (extract(epoch"
	" from $3::timestamptz) * 1000000)::bigint) as last) l,"
	" lateral (select count(*) as n_open, min(b) as oldest from sample "
	" where b <= last and (e is null or e > last)) o order by j, start_us";

/* $4 finish, $5 span, $6 author, $7 1 if a rule leaves it out; $8 the smallest group; $9
 * whether those count; $10 whether there are rows only where that makes a difference. */
static const char durations_sql[] = BUCKETS
	" sample as (select " AT_F " as at, span, author, r "
	" from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) as u"
	" (f, span, author, r) where span >= 0),"
	" spread as (select j, date_trunc(g, at, $1) as start, count(*) as n, sum(r)"
	" as r, count(distinct nullif(author, 0)) >= $8 as enough, " SPREAD_SPAN " "
	" from sample, grain where r = 0 or $9::bool group by 1, 2)"
	" select start_us, coalesce(n, 0), null, null, q[1], q[1], q[2], q[3], q[4],"
	" case when enough then mean end, null, null, null from bucket"
	" left join spread using (j, start), lateral (select case when enough then p"
	" end as q) x where not $10::bool or case when $9::bool then r > 0 else n > 0"
	" end order by j, start_us";

/* $1 zone, $2 the windows' end, $3 and $4 the spans. */
static const char windows_sql[] =
	"with w as (select unnest(array[7, 28, 90]) as days, $2::bigint as last, (" AT_END
	" at time zone $1)::date as today), sample as (select b, e, (" AT_E
	" at time zone $1)::date as day from unnest($3::bigint[], $4::bigint[]) as u"
	" (b, e)), over as (select days, e - b as span from w, sample "
	" where day >= today - days and day < today),"
	" open as (select days, last - b as span, b from w, sample "
	" where b < last and (e is null or e >= last)),"
	" step as (select days, span, count(*) as d, (select count(*)"
	" from over o where o.days = s.days and o.span >= s.span) + (select count(*)"
	" from open o where o.days = s.days and o.span >= s.span) as r "
	" from over s group by 1, 2), survival as (select days, span,"
	" pg_temp.product((r - d) *"
	" 1.0000000000000000000000000000000000000000::numeric / r) over (partition"
	" by days order by span) as s from step),"
	" spread as (select days, count(*) as n, " SPREAD_SPAN " from over group by 1)"
	" select null, coalesce(n, 0), null, null, p[1], p[1], p[2], p[3], p[4], mean,"
	" null, (select count(*) from open o where o.days = w.days), (select min(b)"
	" from open o where o.days = w.days), (select min(span) from survival s"
	" where s.days = w.days and round(s.s, 25) <= 0.5) / 1e6::float8"
	" from w left join spread using (days) order by days";

/* What happened in a random life; the arrays have one sample struct each. */
struct past {
	const char *zone_name;
	struct zone *zone;
	gint64 now;
	GArray *finishes, *states, *unplanned; /* of gint64, side by side */
	GArray *leads, *by_rule, *stages, *recoveries, *restores;
	GArray *rows;
	struct series_input input;
};

static GArray *new_array(gsize size)
{
	return g_array_new(FALSE, FALSE, (guint)size);
}

static void add_int(GArray *array, gint64 value)
{
	g_array_append_val(array, value);
}

static gint span_order(gconstpointer left, gconstpointer right)
{
	const struct span_sample *a = left, *b = right;
	gint64 x = a->ended == INSTANT_NONE ? G_MAXINT64 : a->ended;
	gint64 y = b->ended == INSTANT_NONE ? G_MAXINT64 : b->ended;

	return x < y ? -1 : x > y;
}

/* Hours or months; some to the very start of a day, some to no end. */
static struct span_sample random_span(const struct past *past, GRand *rand, gint64 began)
{
	gint64 most = g_rand_int_range(rand, 0, 5) > 0 ? DAY / 4 : 100 * DAY;
	gint64 ended = began + (gint64)(g_rand_double(rand) * (double)most), start;

	start = zone_day_start(past->zone, zone_local_day(past->zone, ended));
	if (start >= began && g_rand_int_range(rand, 0, 5) == 0)
		ended = start;
	if (g_rand_int_range(rand, 0, 40) == 0)
		ended = INSTANT_NONE;
	return (struct span_sample){ began, ended };
}

static void add_samples(struct past *past, GRand *rand, gint64 finish)
{
	struct span_sample span = random_span(past, rand, finish);
	struct stage_sample stage = { .finished = finish,
				      .author = (guint64)g_rand_int_range(rand, 0, 4) };

	add_int(past->finishes, finish);
	add_int(past->states, g_rand_int_range(rand, 0, N_CHANGE_STATES));
	add_int(past->unplanned, g_rand_boolean(rand));
	for (int n = g_rand_int_range(rand, 0, 4); n > 0; n--) {
		struct lead_sample lead = {
			.finished = finish,
			.lead = (gint64)exp(g_rand_double_range(rand, 10, 32)),
			.author = (guint64)g_rand_int_range(rand, 0, 4),
			.by_rule = g_rand_int_range(rand, 0, 6) == 0,
		};

		g_array_append_val(past->leads, lead);
		add_int(past->by_rule, lead.by_rule);
	}
	for (guint i = 0; i < N_STAGES; i++)
		stage.spans[i] = g_rand_boolean(rand)
					 ? -1
					 : (gint64)exp(g_rand_double_range(rand, 0, 30));
	if (g_rand_boolean(rand))
		g_array_append_val(past->stages, stage);
	g_array_append_val(past->recoveries, span);
	span = random_span(past, rand, finish + g_rand_int_range(rand, -9, 4) * DAY);
	g_array_append_val(past->restores, span);
}

static void past_init(struct past *past, int life)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)life + 1);
	g_autoptr(GArray) finishes = NULL;
	GArray **ints[] = { &past->finishes, &past->states, &past->unplanned,
			    &past->by_rule };

	*past = (struct past){
		.zone_name = lives[life].zone,
		.zone = zone_open(lives[life].zone, NULL),
		.now = instant_of(lives[life].to),
		.leads = new_array(sizeof(struct lead_sample)),
		.stages = new_array(sizeof(struct stage_sample)),
		.recoveries = new_array(sizeof(struct span_sample)),
		.restores = new_array(sizeof(struct span_sample)),
		.rows = new_array(sizeof(struct series_row)),
	};
	for (gsize i = 0; i < G_N_ELEMENTS(ints); i++)
		*ints[i] = new_array(sizeof(gint64));
	finishes = make_finishes(past->zone, instant_of(lives[life].from), past->now,
				 N_SAMPLES, rand);
	for (guint i = 0; i < finishes->len; i++)
		add_samples(past, rand, g_array_index(finishes, gint64, i));
	g_array_sort(past->recoveries, span_order);
	g_array_sort(past->restores, span_order);
}

static void past_clear(struct past *past)
{
	GArray *arrays[] = { past->finishes, past->states,     past->unplanned,
			     past->leads,    past->by_rule,    past->stages,
			     past->rows,     past->recoveries, past->restores };

	for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
		g_array_unref(arrays[i]);
	zone_unref(past->zone);
}

/* All rows that there are, in past->rows. */
static void compute(struct past *past, bool windows)
{
	g_autofree struct rollout_sample *rollouts = g_new0(struct rollout_sample,
							    past->finishes->len);
	struct series_input *input = &past->input;

	*input = (struct series_input){
		.zone = past->zone,
		.born = g_array_index(past->finishes, gint64, 0),
		.now = past->now,
		.rollouts = rollouts,
		.n_rollouts = past->finishes->len,
		.samples = (const void *)past->leads->data,
		.n_samples = past->leads->len,
		.stages = (const void *)past->stages->data,
		.n_stages = past->stages->len,
		.recoveries = (const void *)past->recoveries->data,
		.n_recoveries = past->recoveries->len,
		.restores = (const void *)past->restores->data,
		.n_restores = past->restores->len,
		.incidents_born = G_MAXINT64,
		.minimum_authors = MINIMUM_AUTHORS,
	};
	for (guint i = 0; i < past->finishes->len; i++)
		rollouts[i] = (struct rollout_sample){
			.finished = g_array_index(past->finishes, gint64, i),
			.previous = INSTANT_NONE,
			.state = (enum change_state)g_array_index(past->states, gint64,
								  i),
			.unplanned = g_array_index(past->unplanned, gint64, i) != 0,
		};
	for (gsize i = 0; i < input->n_restores; i++)
		input->incidents_born = MIN(input->incidents_born,
					    input->restores[i].began);
	if (windows)
		series_windows(input, past->rows);
	else
		series_buckets(input, DAY_MIN, DAY_MAX, past->rows);
	input->rollouts = NULL;
}

static double number(gint64 value, gint64 none)
{
	return value == none ? NAN : (double)value;
}

/* Are the rows of a metric those of the result, in its order? */
static void check_rows(const struct past *past, enum metric metric,
		       const PGresult *result)
{
	int at = 0;

	for (guint i = 0; i < past->rows->len; i++) {
		const struct series_row *row = &g_array_index(past->rows,
							      struct series_row, i);
		double got[] = { (double)row->start,
				 (double)row->n,
				 row->numerator,
				 row->denominator,
				 row->value,
				 row->p50,
				 row->p75,
				 row->p90,
				 row->p95,
				 row->mean,
				 number(row->pending, -1),
				 number(row->open, -1),
				 number(row->oldest_open, INSTANT_NONE),
				 row->km_median };

		if (row->metric != metric)
			continue;
		ck_assert_int_lt(at, PQntuples(result));
		for (int j = row->window_days > 0; j < PQnfields(result); j++)
			ck_assert_msg(is_field(got[j], result, at, j),
				      "%s: %s by %s or %u days, %" G_GINT64_FORMAT
				      ", field %d: %.17g, in PostgreSQL %s",
				      past->zone_name, metric_name(metric),
				      grain_name(row->grain), row->window_days,
				      row->start, j, got[j], PQgetvalue(result, at, j));
		at++;
	}
	ck_assert_int_eq(at, PQntuples(result));
}

static void check_rate(const struct past *past, enum metric metric, const char *born,
		       const char *now)
{
	g_autofree char *finishes = column(past->finishes, 0);
	g_autofree char *states = column(past->states, 0);
	g_autofree char *unplanned = column(past->unplanned, 0);
	PGresult *result = query(
		rates_sql, 7,
		(const char *const[]){ past->zone_name, born, now, finishes, states,
				       unplanned,
				       metric == METRIC_REWORK_RATE ? "t" : "f" });

	check_rows(past, metric, result);
	PQclear(result);
}

static void check_spans(const struct past *past, enum metric metric, const GArray *spans,
			const char *born, const char *now)
{
	g_autofree char *began = column(spans, 0), *ended = column(spans, 1);
	PGresult *result = query(
		spans_sql, 5,
		(const char *const[]){ past->zone_name, born, now, began, ended });

	check_rows(past, metric, result);
	PQclear(result);
}

static void check_leads(const struct past *past, enum metric metric, const char *born,
			const char *now)
{
	const char *all = metric == METRIC_LEAD_TIME_ALL ? "t" : "f";
	g_autofree char *finishes = column(past->leads, 0);
	g_autofree char *leads = column(past->leads, 1);
	g_autofree char *authors = column(past->leads, 2);
	g_autofree char *by_rule = column(past->by_rule, 0);
	PGresult *result = query(durations_sql, 10,
				 (const char *const[]){ past->zone_name, born, now,
							finishes, leads, authors, by_rule,
							G_STRINGIFY(MINIMUM_AUTHORS), all,
							all });

	check_rows(past, metric, result);
	PQclear(result);
}

static void check_stage(const struct past *past, guint stage, const char *born,
			const char *now)
{
	g_autoptr(GArray) none = new_array(sizeof(gint64));
	g_autofree char *finishes = column(past->stages, 0);
	g_autofree char *spans = column(past->stages, 1 + stage);
	g_autofree char *authors = column(past->stages, 1 + N_STAGES);
	g_autofree char *by_rule = NULL;
	PGresult *result;

	for (guint i = 0; i < past->stages->len; i++)
		add_int(none, 0);
	by_rule = column(none, 0);
	result = query(durations_sql, 10,
		       (const char *const[]){ past->zone_name, born, now, finishes, spans,
					      authors, by_rule,
					      G_STRINGIFY(MINIMUM_AUTHORS), "f", "t" });
	check_rows(past, (enum metric)(METRIC_STAGE_CODING + stage), result);
	PQclear(result);
}

START_TEST(same_rows_as_sql)
{
	_cleanup_(past_clear) struct past past;
	g_autofree char *born = NULL, *incidents_born = NULL, *now = NULL;

	past_init(&past, _i);
	compute(&past, false);
	born = instant_format(past.input.born);
	incidents_born = instant_format(MIN(past.input.born, past.input.incidents_born));
	now = instant_format(past.now);
	check_rate(&past, METRIC_CHANGE_FAIL_RATE, born, now);
	check_rate(&past, METRIC_REWORK_RATE, born, now);
	check_spans(&past, METRIC_RECOVERY_TIME, past.recoveries, born, now);
	check_spans(&past, METRIC_TIME_TO_RESTORE, past.restores, incidents_born, now);
	check_leads(&past, METRIC_CHANGE_LEAD_TIME, born, now);
	check_leads(&past, METRIC_LEAD_TIME_ALL, born, now);
	for (guint i = 0; i < N_STAGES; i++)
		check_stage(&past, i, born, now);
}
END_TEST

START_TEST(same_windows_as_sql)
{
	_cleanup_(past_clear) struct past past;

	past_init(&past, _i);
	compute(&past, true);
	PQclear(pg_query(connection,
			 "create or replace aggregate pg_temp.product(numeric)"
			 " (sfunc = numeric_mul, stype = numeric, initcond = '1')"));
	for (int i = 0; i < 2; i++) {
		const GArray *spans = i ? past.restores : past.recoveries;
		g_autofree char *began = column(spans, 0), *ended = column(spans, 1);
		g_autofree char *end = g_strdup_printf(
			"%" G_GINT64_FORMAT,
			g_array_index(past.rows, struct series_row, 0).end);
		PGresult *result = query(
			windows_sql, 4,
			(const char *const[]){ past.zone_name, end, began, ended });

		check_rows(&past, i ? METRIC_TIME_TO_RESTORE : METRIC_RECOVERY_TIME,
			   result);
		PQclear(result);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_states_pg");
	TCase *tests = tcase_create("series_states_pg");
	SRunner *runner = srunner_create(suite);

	tcase_add_unchecked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, same_rows_as_sql, 0, G_N_ELEMENTS(lives));
	tcase_add_loop_test(tests, same_windows_as_sql, 0, G_N_ELEMENTS(lives));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
