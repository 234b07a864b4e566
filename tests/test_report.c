/* What a report looks like, to the byte. */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "base/instant.h"
#include "sinks/report.h"

static gint64 at(const char *text)
{
	gint64 instant = 0;

	ck_assert_msg(instant_parse(text, &instant), "%s", text);
	return instant;
}

static const struct {
	const char *start, *end;
	gint64 deployments;
	double days;
	gint64 changes;
	double p50, p90;
	guint window;
} numbers[] = {
	{ "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", 4, 3, 9, 3600, 90061, 0 },
	{ "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", 0, 0, 0, NAN, NAN, 0 },
	{ "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", 2, 2, 1, 1.0 / 3, 1.0 / 3, 0 },
	{ "2026-03-03T00:00:00Z", "2026-03-10T00:00:00Z", 2, 2, 1, 60, 61, 7 },
};

static GArray *rows_of(void)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct series_row));

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		struct series_row row = {
			.metric = METRIC_DEPLOYMENT_FREQUENCY,
			.grain = numbers[i].window ? GRAIN_DAY : GRAIN_MONTH,
			.window_days = numbers[i].window,
			.start = at(numbers[i].start),
			.end = at(numbers[i].end),
			.n = numbers[i].deployments,
			.numerator = numbers[i].days,
			.denominator = 28,
			.value = (double)numbers[i].deployments,
			.p50 = numbers[i].window ? 7200 : NAN,
			.p75 = NAN,
			.p90 = NAN,
			.p95 = NAN,
			.mean = NAN,
			.deployment_days = numbers[i].window ? 2 : NAN,
		};

		g_array_append_val(rows, row);
		row.metric = METRIC_CHANGE_LEAD_TIME;
		row.n = numbers[i].changes;
		row.numerator = row.denominator = row.deployment_days = NAN;
		row.value = row.p50 = row.p75 = row.mean = numbers[i].p50;
		row.p90 = row.p95 = numbers[i].p90;
		g_array_append_val(rows, row);
	}
	return rows;
}

static char *print(enum report_format format, guint most, bool wide, bool empty)
{
	g_autoptr(GArray)
		rows = empty ? g_array_new(FALSE, FALSE, sizeof(struct series_row))
			     : rows_of();
	g_autoptr(GPtrArray) notices = g_ptr_array_new();
	struct report report = {
		.repository = "/srv/\"shop\", Küche",
		.deployments = "tags v*",
		.time_zone = "UTC",
		.now = at("2026-03-10T12:00:00Z"),
		.n_commits = empty ? 0 : 12,
		.n_deployments = empty ? 0 : 6,
		.minimum_authors = empty ? 0 : 3,
		.rows = rows,
		.notices = notices,
	};

	if (!empty) {
		report.excluded[EXCLUSION_MERGE] = 2;
		report.excluded[EXCLUSION_BASELINE] = 1;
		g_ptr_array_add(notices, (gpointer) "look");
	}
	return report_print(&report, format, GRAIN_MONTH, most, wide);
}

#define HEAD                                                                             \
	"/srv/\"shop\", Küche\n12 commits, 6 deployments from tags v*, days of UTC\n\n" \
	"month        deployments  days   changes   lead p50        p75        p90\n"
#define FEBRUARY                                                                         \
	"2026-02-01             0     0         0          –          –          –\n"
#define MARCH                                                                            \
	"2026-03-01 …           2     2         1         0s         0s         0s\n"
#define TAIL                                                                             \
	"\nwhole days up to last midnight\n"                                             \
	"last 7 days       2 deployments on 2 days a week, 2h between two\n"             \
	"last 7 days       1 change, lead time p50 1m, p90 1m 1s\n"                      \
	"\nleft out: 1 baseline, 2 merge\n"                                              \
	"lead times of fewer than 3 authors are withheld\nnote: look\n"

static const struct {
	const char *name;
	guint most;
	bool wide, empty;
	const char *text;
} texts[] = {
	{ "a table", 24, false, false,
	  HEAD "2026-01-01             4     3         9         1h         1h      1d "
	       "1h\n" FEBRUARY MARCH TAIL },
	{ "the latest buckets, on a terminal", 2, true, false,
	  HEAD FEBRUARY MARCH "\ndeployments     ▁█\nlead time p50    █\n" TAIL },
	{ "nothing", 24, true, true,
	  "/srv/\"shop\", Küche\n0 commits, 0 deployments from tags v*, days of "
	  "UTC\n\n" },
};

START_TEST(text)
{
	g_autofree char *printed = print(REPORT_TEXT, texts[_i].most, texts[_i].wide,
					 texts[_i].empty);

	ck_assert_msg(strcmp(printed, texts[_i].text) == 0, "%s:\n%s", texts[_i].name,
		      printed);
}
END_TEST

START_TEST(json_gives_back_the_same_doubles)
{
	g_autofree char *printed = print(REPORT_JSON, 24, false, false);
	cJSON *object = cJSON_Parse(printed);
	const cJSON *row;
	gsize i = 0;

	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(cJSON_GetObjectItem(object, "repository")->valuestring,
			 "/srv/\"shop\", Küche");
	ck_assert_int_eq(
		cJSON_GetObjectItem(cJSON_GetObjectItem(object, "excluded"), "merge")
			->valueint,
		2);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(object, "current")), 2);
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(object, "series"))
	{
		const cJSON *p50 = cJSON_GetObjectItem(row, "p50");

		if (i++ % 2 == 0)
			ck_assert(cJSON_IsNull(p50));
		else if (isnan(numbers[i / 2 - 1].p50))
			ck_assert(cJSON_IsNull(p50));
		else /* to the bit */
			ck_assert(p50->valuedouble >= numbers[i / 2 - 1].p50 &&
				  p50->valuedouble <= numbers[i / 2 - 1].p50);
	}
	ck_assert_uint_eq(i, 6);
	cJSON_Delete(object);
}
END_TEST

#define COLUMNS                                                                          \
	"metric,grain,window_days,bucket_start,bucket_end,complete,n,numerator,"         \
	"denominator,value,p50,p75,p90,p95,mean,deployment_days_per_week\r\n"

START_TEST(csv_as_rfc_4180)
{
	g_autofree char *printed = print(REPORT_CSV, 24, false, false);
	g_autofree char *nothing = print(REPORT_CSV, 24, false, true);
	g_auto(GStrv) lines = g_strsplit(printed, "\r\n", -1);

	ck_assert_str_eq(nothing, COLUMNS);
	ck_assert(g_str_has_prefix(printed, COLUMNS));
	ck_assert_uint_eq(g_strv_length(lines), 1 + 2 * G_N_ELEMENTS(numbers) + 1);
	ck_assert_str_eq(lines[1], "deployment_frequency,month,,2026-01-01T00:00:00Z,"
				   "2026-02-01T00:00:00Z,true,4,3,28,4,,,,,,");
	ck_assert_str_eq(lines[4], "change_lead_time,month,,2026-02-01T00:00:00Z,"
				   "2026-03-01T00:00:00Z,true,0,,,,,,,,,");
	ck_assert_str_eq(lines[6],
			 "change_lead_time,month,,2026-03-01T00:00:00Z,"
			 "2026-04-01T00:00:00Z,false,1,,,0.33333333333333331,"
			 "0.33333333333333331,0.33333333333333331,0.33333333333333331,"
			 "0.33333333333333331,0.33333333333333331,");
	ck_assert_str_eq(lines[7], "deployment_frequency,,7,2026-03-03T00:00:00Z,"
				   "2026-03-10T00:00:00Z,true,2,2,28,2,7200,,,,,2");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("formats");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, text, 0, G_N_ELEMENTS(texts));
	tcase_add_test(tcase, json_gives_back_the_same_doubles);
	tcase_add_test(tcase, csv_as_rfc_4180);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
