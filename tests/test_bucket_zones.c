#include <check.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/bucket.h"

/* In every zone the system has, from 2000 to 2040: no bucket is lost or doubled, and each
 * instant near a change of the clock and at the start of a day is of exactly one. */
#define HOUR G_TIME_SPAN_HOUR
#define ZONES "/usr/share/zoneinfo/"
#define FROM_DAY 10957 /* 2000-01-01, a Saturday */
#define TO_DAY 25933   /* 2041-01-01, a Tuesday */

static const struct {
	guint n;
	gint32 first_day, end_day;
} expected[N_GRAINS] = {
	/* 41 years, 11 of them leap years */
	[GRAIN_DAY] = { 14976, FROM_DAY, TO_DAY },
	[GRAIN_WEEK] = { 2140, FROM_DAY - 5, TO_DAY - 1 },
	[GRAIN_MONTH] = { 492, FROM_DAY, TO_DAY },
	[GRAIN_QUARTER] = { 164, FROM_DAY, TO_DAY },
};

/* They changed sides of the date line and had no 30 December 2011. */
static const struct {
	const char *zone;
	gint32 day;
} left_out[] = {
	{ "Pacific/Apia", 15338 },
	{ "Pacific/Fakaofo", 15338 },
};

/* The buckets of one zone, in order. */
struct chains {
	const char *name;
	struct zone *zone;
	GArray *buckets[N_GRAINS]; /* of struct bucket */
};

static GPtrArray *names;

static int add_name(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	const char *name = path + strlen(ZONES);

	(void)stat;
	(void)ftw;
	/* Names for others are links; right/ counts leap seconds. */
	if (type == FTW_F && !g_str_has_prefix(name, "right/") &&
	    !g_str_has_prefix(name, "posix/") && !strchr(name, '.') &&
	    strcmp(name, "leapseconds") != 0)
		g_ptr_array_add(names, g_strdup(name));
	return 0;
}

static bool is_left_out(const char *name, gint32 day)
{
	for (gsize i = 0; i < G_N_ELEMENTS(left_out); i++)
		if (strcmp(left_out[i].zone, name) == 0 && left_out[i].day == day)
			return true;
	return false;
}

/* Each bucket starts where the one before ends, on the day that its grain says, and only
 * a day that was left out has no time. */
static GArray *make_chain(const struct chains *chains, enum grain grain)
{
	GArray *chain = g_array_new(FALSE, FALSE, sizeof(struct bucket));
	gint64 noon = FROM_DAY * G_TIME_SPAN_DAY + G_TIME_SPAN_DAY / 2;
	struct bucket bucket = bucket_of(chains->zone, grain,
					 noon - zone_offset(chains->zone, noon, NULL));

	ck_assert_int_eq(bucket.first_day, expected[grain].first_day);
	while (bucket.first_day < expected[grain].end_day) {
		struct bucket next = bucket_next(chains->zone, grain, &bucket);
		bool empty = grain == GRAIN_DAY &&
			     is_left_out(chains->name, bucket.first_day);

		/* Millions of these: asserting each would take longer than checking. */
		if ((empty ? bucket.start != bucket.end : bucket.start >= bucket.end) ||
		    bucket.end != next.start ||
		    grain_floor(grain, next.first_day) != next.first_day ||
		    grain_floor(grain, next.first_day - 1) != bucket.first_day)
			ck_abort_msg("%s: %s of day %d", chains->name, grain_name(grain),
				     bucket.first_day);
		g_array_append_val(chain, bucket);
		bucket = next;
	}
	ck_assert_uint_eq(chain->len, expected[grain].n);
	ck_assert_int_eq(bucket.first_day, expected[grain].end_day);
	return chain;
}

/* The bucket of the chain that has a local day; NULL before it. */
static const struct bucket *find_bucket(const GArray *chain, gint32 day)
{
	guint low = 0, high = chain->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(chain, struct bucket, middle).first_day <= day)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &g_array_index(chain, struct bucket, low - 1) : NULL;
}

/* bucket_of() gives the one bucket of the chain that has the instant's local date. It has
 * the instant, too, but where the clock was set back between it and the bucket's start:
 * then it showed the new date before the day began for good. */
static void check_instant(const struct chains *chains, enum grain grain, gint64 at)
{
	const GArray *chain = chains->buckets[grain];
	gint32 day = zone_local_day(chains->zone, at);
	struct bucket bucket = bucket_of(chains->zone, grain, at);
	const struct bucket *known = find_bucket(chain, day);
	bool early = at < bucket.start && bucket.start - at < 4 * HOUR &&
		     zone_offset(chains->zone, at, NULL) >
			     zone_offset(chains->zone, bucket.start, NULL);

	if (day < FROM_DAY || day >= expected[grain].end_day)
		return;
	if (day < bucket.first_day || day >= grain_next(grain, bucket.first_day) ||
	    bucket.first_day != known->first_day || bucket.start != known->start ||
	    bucket.end != known->end ||
	    !((at >= bucket.start && at < bucket.end) || early))
		ck_abort_msg("%s: %s of %" G_GINT64_FORMAT, chains->name,
			     grain_name(grain), at);
}

static void check_changes(const struct chains *chains)
{
	static const gint64 around[] = { -25 * HOUR, -HOUR - 1, -HOUR, -1,
					 0,	     1,		HOUR,  HOUR + 1 };
	gint64 change = zone_day_start(chains->zone, FROM_DAY);
	gint64 to = zone_day_start(chains->zone, TO_DAY);

	while (change < to) {
		for (gsize i = 0; i < G_N_ELEMENTS(around); i++)
			for (int grain = 0; grain < N_GRAINS; grain++)
				check_instant(chains, (enum grain)grain,
					      change + around[i]);
		zone_offset(chains->zone, change, &change);
	}
}

static void check_days(const struct chains *chains)
{
	const GArray *days = chains->buckets[GRAIN_DAY];

	for (guint i = 0; i < days->len; i++) {
		const struct bucket *day = &g_array_index(days, struct bucket, i);

		for (int grain = 0; grain < N_GRAINS; grain++)
			check_instant(chains, (enum grain)grain, day->start);
		check_instant(chains, GRAIN_DAY, day->start - 1);
	}
}

START_TEST(no_bucket_is_lost_or_doubled_in_any_zone)
{
	guint n_zones = 0, n_left_out = 0;

	names = g_ptr_array_new_with_free_func(g_free);
	ck_assert_int_eq(nftw(ZONES, add_name, 16, FTW_PHYS), 0);
	for (guint i = 0; i < names->len; i++) {
		struct chains chains = { .name = names->pdata[i] };

		chains.zone = zone_open(chains.name, NULL);
		ck_assert_msg(chains.zone, "%s", chains.name);
		for (int grain = 0; grain < N_GRAINS; grain++)
			chains.buckets[grain] = make_chain(&chains, (enum grain)grain);
		check_changes(&chains);
		check_days(&chains);
		for (int grain = 0; grain < N_GRAINS; grain++)
			g_array_unref(chains.buckets[grain]);
		zone_unref(chains.zone);
		n_zones++;
		for (gsize j = 0; j < G_N_ELEMENTS(left_out); j++)
			n_left_out += strcmp(chains.name, left_out[j].zone) == 0;
	}
	ck_assert_uint_gt(n_zones, 300);
	ck_assert_uint_eq(n_left_out, G_N_ELEMENTS(left_out));
	g_ptr_array_unref(names);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bucket_zones");
	TCase *tests = tcase_create("bucket_zones");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tests, 240);
	tcase_add_test(tests, no_bucket_is_lost_or_doubled_in_any_zone);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
