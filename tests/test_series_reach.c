#include "tests/series_fixture.h"

static const struct {
	const char *what;
	const char *zone;
	const char *born;
} whole[] = {
	{ "ordinary nights", "Europe/Berlin", "2024-11-20T12:00:00Z" },
	{ "midnight twice", "America/Havana", "2024-09-20T12:00:00Z" },
	{ "back into the day before", "America/St_Johns", "2009-10-25T12:00:00Z" },
	{ "a day left out", "Pacific/Apia", "2011-12-10T12:00:00Z" },
};

static bool same_row(const struct series_row *a, const struct series_row *b)
{
	const double *left = &a->numerator, *right = &b->numerator;

	for (int i = 0; i < 10; i++)
		if (isnan(left[i]) ? !isnan(right[i]) : left[i] != right[i])
			return false;
	return a->metric == b->metric && a->grain == b->grain && a->start == b->start &&
	       a->end == b->end && a->n == b->n && a->pending == b->pending &&
	       a->open == b->open && a->oldest_open == b->oldest_open;
}

#define N 600

/* A random past: a rollout some four times a day, with a commit and a change each. */
struct past {
	struct zone *zone;
	gint64 born;
	struct rollout_sample rollouts[N];
	struct lead_sample leads[N];
	struct stage_sample stages[N];
	struct span_sample recoveries[N], restores[N];
};

static void past_clear(struct past *past)
{
	zone_unref(past->zone);
}

/* Most last hours, some months, some have not ended. */
static struct span_sample random_span(GRand *rand, gint64 began)
{
	gint64 most = g_rand_int_range(rand, 0, 10) < 8 ? 6 * HOUR : 100 * DAY;

	return (struct span_sample){
		began, g_rand_int_range(rand, 0, 50) == 0
			       ? INSTANT_NONE
			       : began + (gint64)(g_rand_double(rand) * (double)most)
	};
}

static void past_init(struct past *past, const char *zone, const char *born)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(11);
	gint64 previous = INSTANT_NONE;

	past->zone = zone_open(zone, NULL);
	past->born = instant_of(born);
	for (guint i = 0; i < N; i++) {
		gint64 at = past->born + i * 6 * HOUR +
			    (i ? g_rand_int_range(rand, -7200, 7200) * G_TIME_SPAN_SECOND
			       : 0);

		past->rollouts[i] = (struct rollout_sample){
			at, previous,
			(enum change_state)g_rand_int_range(rand, 0, N_CHANGE_STATES),
			g_rand_boolean(rand)
		};
		past->leads[i] =
			(struct lead_sample){ at, g_rand_int_range(rand, 1, 1 << 30), 0,
					      g_rand_int_range(rand, 0, 9) == 0 };
		past->stages[i] = (struct stage_sample){ .finished = at };
		for (guint j = 0; j < N_STAGES; j++)
			past->stages[i].spans[j] = g_rand_int_range(rand, -1, 1 << 30);
		past->recoveries[i] = random_span(rand, at);
		past->restores[i] = random_span(rand, at - 3 * DAY);
		previous = at;
	}
	qsort(past->recoveries, N, sizeof(*past->recoveries), span_order);
	qsort(past->restores, N, sizeof(*past->restores), span_order);
}

static guint first_since(const struct past *past, gint64 at)
{
	guint i = 0;

	while (i < N && past->rollouts[i].finished < at)
		i++;
	return i;
}

/* Of spans, those that ended since from or are open, and began before to. */
static gsize spans_within(const struct span_sample *all, gint64 from, gint64 to,
			  struct span_sample *some)
{
	gsize n = 0;

	for (gsize i = 0; i < N; i++)
		if (all[i].began < to &&
		    (all[i].ended == INSTANT_NONE || all[i].ended >= from))
			some[n++] = all[i];
	return n;
}

/* Everything with a finish in [from, to), and the spans that matter then. */
static void compute(const struct past *past, gint64 from, gint64 to, gint32 from_day,
		    gint32 to_day, GArray *rows)
{
	struct span_sample recoveries[N], restores[N];
	gsize first = first_since(past, from), n = first_since(past, to) - first;
	struct series_input input = {
		.zone = past->zone,
		.born = past->born,
		.now = past->born + N * 6 * HOUR,
		.incidents_born = past->born - 3 * DAY,
		.rollouts = past->rollouts + first,
		.n_rollouts = n,
		.samples = past->leads + first,
		.n_samples = n,
		.stages = past->stages + first,
		.n_stages = n,
		.recoveries = recoveries,
		.n_recoveries = spans_within(past->recoveries, from, to, recoveries),
		.restores = restores,
		.n_restores = spans_within(past->restores, from, to, restores),
	};

	series_buckets(&input, from_day, to_day, rows);
}

/* Recomputing any span of days from what series_reach() says gives the rows that the
 * whole gives, and every row of a bucket that overlaps. */
START_TEST(a_part_is_equal_to_the_whole)
{
	_cleanup_(past_clear) struct past past;
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct series_row));
	gint32 born_day;

	past_init(&past, whole[_i].zone, whole[_i].born);
	born_day = zone_local_day(past.zone, past.born);
	compute(&past, G_MININT64 + 1, G_MAXINT64, DAY_MIN, DAY_MAX, all);
	for (gint32 day = born_day - 5; day < born_day + 155; day++) {
		g_autoptr(GArray)
			part = g_array_new(FALSE, FALSE, sizeof(struct series_row));
		gint32 end_day = day + 1 + ABS(day) % 3;
		gint64 from, to;
		guint at = 0;

		series_reach(past.zone, day, end_day, &from, &to);
		compute(&past, from, to, day, end_day, part);
		for (guint i = 0; i < all->len; i++) {
			const struct series_row *row = &g_array_index(
				all, struct series_row, i);
			gint32 first_day = zone_local_day(past.zone, row->start);

			if (first_day >= end_day ||
			    grain_next(row->grain, first_day) <= day)
				continue;
			ck_assert_uint_lt(at, part->len);
			ck_assert_msg(same_row(row, &g_array_index(
							    part, struct series_row, at)),
				      "%s, day %d, row %u", whole[_i].what, day, at);
			at++;
		}
		ck_assert_uint_eq(at, part->len);
	}
}
END_TEST

static const struct {
	const char *what;
	gint32 from_day, to_day;
	const char *from, *to;
} reaches[] = {
	/* 20593 is Wednesday, 20 May 2026. */
	{ "its quarter", 20593, 20594, "2026-03-31T00:00:00Z", "2026-07-01T00:00:00Z" },
	{ "a week that began in the quarter before", 20544, 20545, "2026-03-29T00:00:00Z",
	  "2026-07-01T00:00:00Z" },
	{ "a week that ends in the quarter after", 20634, 20635, "2026-03-31T00:00:00Z",
	  "2026-07-06T00:00:00Z" },
	{ "from quarter to quarter", 20543, 20636, "2025-12-31T00:00:00Z",
	  "2026-10-01T00:00:00Z" },
};

START_TEST(whole_weeks_and_quarters_and_a_day_more_are_needed)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open("UTC", NULL);
	gint64 from, to;

	series_reach(zone, reaches[_i].from_day, reaches[_i].to_day, &from, &to);
	ck_assert_msg(from == instant_of(reaches[_i].from), "%s", reaches[_i].what);
	ck_assert_msg(to == instant_of(reaches[_i].to), "%s", reaches[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series_reach");
	TCase *tests = tcase_create("series_reach");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, a_part_is_equal_to_the_whole, 0, G_N_ELEMENTS(whole));
	tcase_add_loop_test(tests, whole_weeks_and_quarters_and_a_day_more_are_needed, 0,
			    G_N_ELEMENTS(reaches));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
