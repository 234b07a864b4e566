#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alert_scene.h"

/* What counts are not compared with: silences, and days before there was anything. */

static void take_out(const struct alert_scene *scene, GArray *rows, guint size,
		     gint32 first, gint32 last)
{
	guint kept = 0;

	for (guint i = 0; i < rows->len; i++) {
		char *row = rows->data + (gsize)i * size;
		gint64 instant;

		/* what it begins with */
		memcpy(&instant, row, sizeof instant);
		if (instant >= at(scene, first, 0) && instant < at(scene, last + 1, 0))
			continue;
		memmove(rows->data + (gsize)kept++ * size, row, size);
	}
	g_array_set_size(rows, kept);
}

/* Nothing happens from the first to the last of these days, deployments or anything. */
static void fall_silent(struct alert_scene *scene, gint32 first, gint32 last)
{
	take_out(scene, scene->activity, sizeof(gint64), first, last);
	take_out(scene, scene->samples.deployments, sizeof(struct alert_deployment),
		 first, last);
}

/* Who comes back from three weeks of holidays has not deployed less. */
START_TEST(silence_ends)
{
	const struct watch watch = learning();
	struct alert_scene scene;
	struct watch_look look;
	struct shift shift;

	scene_init(&scene);
	add_work(&scene, DAYS + 5, DAYS + 5, 1);
	fall_silent(&scene, DAYS - 3 * WEEK, DAYS - 1);
	for (gint32 day = DAYS - 3 * WEEK; day < DAYS + 5; day++) {
		judge(&scene, METRIC_DEPLOYMENT_FREQUENCY, &watch, day, &look, &shift);
		ck_assert_msg(!look.condition, "%d: %g", day - DAYS, shift.ratio);
		ck_assert_int_eq(look.silent, day < DAYS && day >= DAYS - 3 * WEEK + 2);
	}
	/* the weeks before are compared with it */
	ck_assert(look.usable && fabs(log(shift.ratio)) < 0.1);
	scene_clear(&scene);
}
END_TEST

/* A day of a silence that was not one yet is judged as it was then. */
START_TEST(silence_begins)
{
	const struct watch watch = learning();
	struct alert_scene scene, then;
	struct watch_look look, look_then;
	struct shift shift, shift_then;

	scene_init(&scene);
	scene_init(&then);
	add_work(&scene, DAYS + 5, DAYS + 5, 1);
	add_work(&then, DAYS, DAYS, 1);
	fall_silent(&scene, DAYS - 3 * WEEK, DAYS - 1);
	fall_silent(&then, DAYS - 3 * WEEK, DAYS - 1);
	judge(&scene, METRIC_DEPLOYMENT_FREQUENCY, &watch, DAYS - 3 * WEEK + 1, &look,
	      &shift);
	judge(&then, METRIC_DEPLOYMENT_FREQUENCY, &watch, DAYS - 3 * WEEK + 1, &look_then,
	      &shift_then);
	ck_assert(!look.silent && look.usable && !isnan(shift.ratio));
	ck_assert(shift.score == shift_then.score && shift.ratio == shift_then.ratio &&
		  shift.after.rate == shift_then.after.rate);
	scene_clear(&scene);
	scene_clear(&then);
}
END_TEST

static bool finds(const struct alert_scene *scene, enum shift_direction direction,
		  gint32 day, struct shift *shift)
{
	const struct watch_row row = { .watch = learning(), .engine = SHIFT_COUNT };
	struct alert_subject subject;
	struct watch_look look;

	alert_subject_init(&subject, scene, METRIC_DEPLOYMENT_FREQUENCY, &plain,
			   direction);
	alert_judge(scene, &subject, &row, DAY0 + day, &look, shift);
	alert_subject_clear(&subject);
	return look.condition;
}

/* Before there was a service there were not no deployments of it. */
START_TEST(newborn)
{
	const gint32 born = ONSET - 20 * WEEK;
	struct alert_scene scene;
	struct shift shift;

	scene_init(&scene);
	add_work(&scene, DAYS, DAYS, 1);
	take_out(&scene, scene.samples.deployments, sizeof(struct alert_deployment), 0,
		 born - 1);
	for (gint32 day = ONSET; day < DAYS; day += 2)
		take_out(&scene, scene.samples.deployments,
			 sizeof(struct alert_deployment), day, day);
	scene.samples.born = at(&scene, born, 10);
	for (gint32 day = born; day < ONSET; day++)
		ck_assert_msg(!finds(&scene, SHIFT_BETTER, day, &shift), "%d: %g",
			      day - born, shift.ratio);
	ck_assert(shift.usable);
	ck_assert(finds(&scene, SHIFT_WORSE, DAYS - 1, &shift));
	ck_assert_msg(shift.ratio > 0.35 && shift.ratio < 0.65, "%g", shift.ratio);
	scene_clear(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alert_silences");
	TCase *tests = tcase_create("alert_silences");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, silence_ends);
	tcase_add_test(tests, silence_begins);
	tcase_add_test(tests, newborn);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
