#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "alert_scene.h"

static struct config_alert_rule working = { .name = "working",
					    .durations = DURATIONS_WORKING_DAYS };

static const struct shift_sample *sample(const GArray *samples, guint i)
{
	ck_assert_uint_lt(i, samples->len);
	return &g_array_index(samples, struct shift_sample, i);
}

static double hours(const GArray *samples, guint i)
{
	return sample(samples, i)->seconds / 3600;
}

/* From Friday, 20 o'clock, to Monday, 4 o'clock; a local day begins at 23 o'clock UTC. */
START_TEST(leads)
{
	struct alert_scene scene;
	struct alert_subject elapsed, worked;
	struct alert_lead lead;

	scene_init(&scene);
	lead = (struct alert_lead){ .finished = at(&scene, 7, 4),
				    .lead = 56 * HOUR,
				    .service = 3 };
	g_array_append_val(scene.samples.leads, lead);
	lead.finished = at(&scene, 8, 0);
	g_array_append_val(scene.samples.leads, lead);
	alert_subject_init(&elapsed, &scene, METRIC_CHANGE_LEAD_TIME, &plain,
			   SHIFT_WORSE);
	alert_subject_init(&worked, &scene, METRIC_CHANGE_LEAD_TIME, &working,
			   SHIFT_WORSE);
	ck_assert(hours(elapsed.level, 0) == 56 && hours(worked.level, 0) == 8);
	ck_assert_int_eq(sample(elapsed.level, 0)->day, DAY0 + 7);
	ck_assert_int_eq(sample(elapsed.level, 1)->day, DAY0 + 8);
	ck_assert_uint_eq(sample(elapsed.level, 0)->part, 3);
	ck_assert(!elapsed.count && !elapsed.share && !elapsed.spans);
	ck_assert_int_eq(alert_engine(&elapsed, DAY0 + 8), SHIFT_LEVEL);
	alert_subject_clear(&elapsed);
	alert_subject_clear(&worked);
	scene_clear(&scene);
}
END_TEST

/* Of what ends on Monday, 4 o'clock, and took 8 h to be deployed, 48 h in review, 10 h
 * before that; who coded how long is not known. Of the next nobody knows the review. */
START_TEST(stages)
{
	static const struct {
		enum metric metric;
		guint n;
		double elapsed[2], worked[2];
	} rows[] = {
		{ METRIC_STAGE_CODING, 1, { 5 }, { 5 } },
		{ METRIC_STAGE_PICKUP, 2, { 10, 10 }, { 10, 10 } },
		{ METRIC_STAGE_REVIEW, 1, { 48 }, { 16 } },
		{ METRIC_STAGE_DEPLOY, 2, { 20, 20 }, { 4, 4 } },
	};
	struct alert_scene scene;
	struct stage_sample stage;

	scene_init(&scene);
	stage = (struct stage_sample){
		.finished = at(&scene, 7, 4),
		.spans = { -1, 10 * HOUR, 48 * HOUR, 20 * HOUR },
	};
	g_array_append_val(scene.samples.stages, stage);
	stage.spans[0] = 5 * HOUR;
	stage.spans[2] = -1;
	g_array_append_val(scene.samples.stages, stage);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct alert_subject elapsed, worked;

		alert_subject_init(&elapsed, &scene, rows[i].metric, &plain, SHIFT_WORSE);
		alert_subject_init(&worked, &scene, rows[i].metric, &working,
				   SHIFT_WORSE);
		ck_assert_uint_eq(elapsed.level->len, rows[i].n);
		for (guint k = 0; k < rows[i].n; k++) {
			ck_assert_msg(hours(elapsed.level, k) == rows[i].elapsed[k],
				      "%s %u: %g", metric_name(rows[i].metric), k,
				      hours(elapsed.level, k));
			ck_assert_msg(hours(worked.level, k) == rows[i].worked[k],
				      "%s %u: %g", metric_name(rows[i].metric), k,
				      hours(worked.level, k));
		}
		alert_subject_clear(&elapsed);
		alert_subject_clear(&worked);
	}
	scene_clear(&scene);
}
END_TEST

/* What of a deployment each of its metrics takes. */
START_TEST(deployments)
{
	struct alert_scene scene;
	struct alert_deployment deployment;
	struct alert_subject failures, rework, count;

	scene_init(&scene);
	deployment = (struct alert_deployment){ .finished = at(&scene, 3, 0),
						.failed = at(&scene, 5, 1),
						.service = 2 };
	g_array_append_val(scene.samples.deployments, deployment);
	deployment.failed = INSTANT_NONE;
	deployment.unplanned = true;
	g_array_append_val(scene.samples.deployments, deployment);
	/* its incident began before it was finished */
	deployment.failed = at(&scene, 2, 23);
	g_array_append_val(scene.samples.deployments, deployment);
	alert_subject_init(&failures, &scene, METRIC_CHANGE_FAIL_RATE, &plain,
			   SHIFT_WORSE);
	alert_subject_init(&rework, &scene, METRIC_REWORK_RATE, &plain, SHIFT_WORSE);
	alert_subject_init(&count, &scene, METRIC_DEPLOYMENT_FREQUENCY, &plain,
			   SHIFT_WORSE);
	ck_assert_uint_eq(failures.share->len, 3);
	ck_assert_int_eq(sample(failures.share, 0)->day, DAY0 + 3);
	ck_assert_int_eq(sample(failures.share, 0)->known, DAY0 + 5);
	ck_assert_int_eq(sample(failures.share, 1)->known, SHIFT_NEVER);
	ck_assert_int_eq(sample(failures.share, 2)->known, DAY0 + 3);
	ck_assert_int_eq(sample(rework.share, 0)->known, SHIFT_NEVER);
	ck_assert_int_eq(sample(rework.share, 1)->known, DAY0 + 3);
	ck_assert_uint_eq(count.count->len, 3);
	ck_assert_uint_eq(sample(count.count, 0)->part, 2);
	alert_subject_clear(&failures);
	alert_subject_clear(&rework);
	alert_subject_clear(&count);
	scene_clear(&scene);
}
END_TEST

static void add_restore(struct alert_scene *scene, gint32 day, double from, double to)
{
	const struct alert_span span = {
		.began = at(scene, day, from),
		.ended = to < 0 ? INSTANT_NONE : at(scene, day, to),
	};

	g_array_append_val(scene->samples.restores, span);
}

START_TEST(spans)
{
	struct alert_scene scene;
	struct alert_subject elapsed, worked;
	struct shift_series series;
	GArray *made;

	scene_init(&scene);
	add_restore(&scene, 4, 20, 20 + 56);
	add_restore(&scene, 4, 21, 22);
	add_restore(&scene, 5, 3, -1);
	alert_subject_init(&elapsed, &scene, METRIC_TIME_TO_RESTORE, &plain, SHIFT_WORSE);
	alert_subject_init(&worked, &scene, METRIC_TIME_TO_RESTORE, &working,
			   SHIFT_WORSE);
	/* as a level what ended, by its end; as spans all, by their beginnings */
	ck_assert_uint_eq(elapsed.level->len, 2);
	ck_assert(hours(elapsed.level, 0) == 1 && hours(elapsed.level, 1) == 56);
	ck_assert(hours(worked.level, 1) == 8);
	ck_assert_int_eq(sample(elapsed.level, 1)->day, DAY0 + 7);
	ck_assert_uint_eq(elapsed.spans->len, 3);
	ck_assert_int_eq(sample(elapsed.spans, 0)->day, DAY0 + 4);
	series = alert_series(&scene, &elapsed, SHIFT_SPANS, SHIFT_NO_BOUND, DAY0 + 7,
			      &made);
	ck_assert(!made && series.n == 3);
	ck_assert(series.samples[2].began == at(&scene, 5, 3));
	/* as of Monday's end 8 h have been worked on the first, none on Saturday and
	 * Sunday; a day earlier it was open, for 4 */
	series = alert_series(&scene, &worked, SHIFT_SPANS, SHIFT_NO_BOUND, DAY0 + 7,
			      &made);
	ck_assert(series.samples[0].ended - series.samples[0].began == 8 * HOUR);
	ck_assert(series.samples[1].ended - series.samples[1].began == 1 * HOUR);
	ck_assert(at(&scene, 8, 0) - series.samples[2].began == 24 * HOUR);
	g_array_unref(made);
	series = alert_series(&scene, &worked, SHIFT_SPANS, SHIFT_NO_BOUND, DAY0 + 6,
			      &made);
	ck_assert(at(&scene, 7, 0) - series.samples[0].began == 4 * HOUR);
	ck_assert(series.samples[0].ended > at(&scene, 7, 0));
	g_array_unref(made);
	alert_subject_clear(&elapsed);
	alert_subject_clear(&worked);
	scene_clear(&scene);
}
END_TEST

/* From three a week on, over 26 weeks. */
START_TEST(engines)
{
	struct alert_scene scene;
	struct alert_subject subject;

	scene_init(&scene);
	for (gint32 i = 0; i < 78; i++)
		add_restore(&scene, 100 + i * 2, 3, 4);
	alert_subject_init(&subject, &scene, METRIC_TIME_TO_RESTORE, &plain, SHIFT_WORSE);
	ck_assert_int_eq(alert_engine(&subject, DAY0 + 253), SHIFT_SPANS);
	ck_assert_int_eq(alert_engine(&subject, DAY0 + 254), SHIFT_LEVEL);
	ck_assert_int_eq(alert_engine(&subject, DAY0 + 281), SHIFT_LEVEL);
	ck_assert_int_eq(alert_engine(&subject, DAY0 + 282), SHIFT_SPANS);
	alert_subject_clear(&subject);
	scene_clear(&scene);
}
END_TEST

static gint32 baseline(const struct alert_scene *scene, enum metric metric, gint32 day)
{
	struct alert_subject subject;
	gint32 start;

	alert_subject_init(&subject, scene, metric, &plain, SHIFT_WORSE);
	start = alert_baseline(scene, &subject, DAY0 + day);
	alert_subject_clear(&subject);
	return start;
}

/* The last level is what is compared with, if it has lasted for eight weeks. */
START_TEST(baselines)
{
	struct alert_scene scene;
	gint32 start;

	scene_init(&scene);
	ck_assert_int_eq(baseline(&scene, METRIC_CHANGE_LEAD_TIME, 100), SHIFT_NO_BOUND);
	add_work(&scene, DAYS, DAYS, 1);
	ck_assert_int_eq(baseline(&scene, METRIC_CHANGE_LEAD_TIME, DAYS - 1),
			 SHIFT_NO_BOUND);
	ck_assert_int_eq(baseline(&scene, METRIC_DEPLOYMENT_FREQUENCY, DAYS - 1),
			 SHIFT_NO_BOUND);
	correct(&scene, 1, 1);
	for (guint i = 0; i < scene.samples.leads->len; i++) {
		struct alert_lead *lead = &g_array_index(scene.samples.leads,
							 struct alert_lead, i);

		if (lead->finished >= at(&scene, 30 * WEEK, 0))
			lead->lead *= 4;
	}
	start = baseline(&scene, METRIC_CHANGE_LEAD_TIME, DAYS - 1);
	ck_assert_int_eq(start, DAY0 + 30 * WEEK);
	/* its weeks are counted back from the day */
	start = baseline(&scene, METRIC_CHANGE_LEAD_TIME, DAYS - 3);
	ck_assert_int_eq((DAY0 + DAYS - 2 - start) % WEEK, 0);
	ck_assert_int_le(abs(start - (DAY0 + 30 * WEEK)), WEEK);
	/* a level of six weeks is too short */
	correct(&scene, 1, 0.1);
	ck_assert_int_eq(baseline(&scene, METRIC_CHANGE_LEAD_TIME, DAYS - 1),
			 DAY0 + 30 * WEEK);
	ck_assert_int_eq(baseline(&scene, METRIC_CHANGE_LEAD_TIME, DAYS + 3 * WEEK),
			 DAY0 + 54 * WEEK + 1);
	scene_clear(&scene);
}
END_TEST

START_TEST(change_points)
{
	struct alert_scene scene;
	struct alert_subject subject;
	g_autoptr(GArray) points = NULL;
	const struct change_point *point;

	scene_init(&scene);
	add_work(&scene, DAYS, 30 * WEEK, 4);
	alert_subject_init(&subject, &scene, METRIC_CHANGE_LEAD_TIME, &plain,
			   SHIFT_WORSE);
	/* the week that is not over is none */
	points = alert_change_points(&scene, &subject, DAY0 + DAYS + 2);
	ck_assert_uint_eq(points->len, 1);
	point = &g_array_index(points, struct change_point, 0);
	ck_assert(point->at == at(&scene, 30 * WEEK, 0));
	ck_assert(point->before > 15 * 3600 && point->before < 35 * 3600);
	ck_assert(point->after > 3 * point->before && point->after < 5 * point->before);
	alert_subject_clear(&subject);
	scene_clear(&scene);
}
END_TEST

/* The value of a week of each kind. */
START_TEST(weeks)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	struct alert_scene scene;
	struct alert_subject count, share, level, few;
	g_autoptr(GArray) counts = NULL;
	g_autoptr(GArray) shares = NULL;
	g_autoptr(GArray) levels = NULL;
	g_autoptr(GArray) none = NULL;
	gint32 first;

	/* Tuesday of the second week; all of the third but two days */
	calendar_add(calendar, DAY0 + 8, DAY0 + 8, NULL);
	calendar_add(calendar, DAY0 + 14, DAY0 + 16, NULL);
	scene_init(&scene);
	scene.calendar = calendar;
	add_work(&scene, 4 * WEEK, 4 * WEEK, 1);
	add_restore(&scene, 1, 3, 4);
	alert_subject_init(&count, &scene, METRIC_DEPLOYMENT_FREQUENCY, &plain,
			   SHIFT_WORSE);
	alert_subject_init(&share, &scene, METRIC_REWORK_RATE, &plain, SHIFT_WORSE);
	alert_subject_init(&level, &scene, METRIC_CHANGE_LEAD_TIME, &plain, SHIFT_WORSE);
	alert_subject_init(&few, &scene, METRIC_TIME_TO_RESTORE, &plain, SHIFT_WORSE);
	counts = alert_weeks(&scene, &count, DAY0 + 4 * WEEK + 6, 260, &first);
	ck_assert_uint_eq(counts->len, 5);
	ck_assert_int_eq(first, DAY0);
	ck_assert(g_array_index(counts, double, 0) == 10);
	ck_assert(g_array_index(counts, double, 1) == 10); /* 8 of 4 days */
	ck_assert(isnan(g_array_index(counts, double, 2)));
	ck_assert(g_array_index(counts, double, 4) == 0);
	shares = alert_weeks(&scene, &share, DAY0 + 4 * WEEK + 6, 2, &first);
	ck_assert_uint_eq(shares->len, 2);
	ck_assert_int_eq(first, DAY0 + 3 * WEEK);
	ck_assert(g_array_index(shares, double, 0) <= 0.5);
	ck_assert(isnan(g_array_index(shares, double, 1)));
	levels = alert_weeks(&scene, &level, DAY0 + 5, 260, &first);
	ck_assert_uint_eq(levels->len, 0);
	none = alert_weeks(&scene, &few, DAY0 + 4 * WEEK, 260, &first);
	ck_assert_uint_eq(none->len, 0);
	alert_subject_clear(&count);
	alert_subject_clear(&share);
	alert_subject_clear(&level);
	alert_subject_clear(&few);
	scene_clear(&scene);
}
END_TEST

/* Where what it is made of begins. */
START_TEST(known_from)
{
	static const struct {
		enum metric metric;
		gint32 from;
	} rows[] = {
		{ METRIC_DEPLOYMENT_FREQUENCY, DAY0 + 3 },
		{ METRIC_CHANGE_LEAD_TIME, SHIFT_NO_BOUND },
		{ METRIC_CHANGE_FAIL_RATE, DAY0 + 21 },
		{ METRIC_REWORK_RATE, DAY0 + 41 },
		{ METRIC_RECOVERY_TIME, DAY0 + 21 },
		{ METRIC_TIME_TO_RESTORE, DAY0 + 21 },
		{ METRIC_STAGE_REVIEW, DAY0 + 41 },
	};
	struct alert_scene scene;

	scene_init(&scene);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GArray) made = NULL, later = NULL;
		struct alert_subject all, some;

		alert_subject_init(&all, &scene, rows[i].metric, &plain, SHIFT_WORSE);
		scene.samples.born = at(&scene, 3, 14);
		scene.samples.incidents_from = at(&scene, 20, 2);
		scene.samples.changes_from = at(&scene, 40, 0);
		alert_subject_init(&some, &scene, rows[i].metric, &plain, SHIFT_WORSE);
		ck_assert_int_eq(all.known_from, SHIFT_NO_BOUND);
		ck_assert_msg(some.known_from == rows[i].from, "%s",
			      metric_name(rows[i].metric));
		ck_assert_int_eq(alert_series(&scene, &some,
					      alert_engine(&some, DAY0 + 90),
					      SHIFT_NO_BOUND, DAY0 + 90, &made)
					 .baseline_start,
				 rows[i].from);
		ck_assert_int_eq(alert_series(&scene, &some,
					      alert_engine(&some, DAY0 + 90), DAY0 + 70,
					      DAY0 + 90, &later)
					 .baseline_start,
				 DAY0 + 70);
		alert_subject_clear(&all);
		alert_subject_clear(&some);
		scene.samples.born = scene.samples.incidents_from =
			scene.samples.changes_from = INSTANT_NONE;
	}
	scene_clear(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alert_subject");
	TCase *tests = tcase_create("alert_subject");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, leads);
	tcase_add_test(tests, known_from);
	tcase_add_test(tests, stages);
	tcase_add_test(tests, deployments);
	tcase_add_test(tests, spans);
	tcase_add_test(tests, engines);
	tcase_add_test(tests, baselines);
	tcase_add_test(tests, change_points);
	tcase_add_test(tests, weeks);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
