#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/complaint.h"
#include "collector/progress.h"
#include "collector/schedule.h"

#define S G_TIME_SPAN_SECOND
#define M G_TIME_SPAN_MINUTE
#define H G_TIME_SPAN_HOUR

static const struct {
	const char *what;
	int code;
	guint failures;
	GTimeSpan every, wait;
} backoffs[] = {
	{ "may pass: 10 s at first", DORA_ERROR_RETRY, 1, 5 * M, 10 * S },
	{ "doubling", DORA_ERROR_RETRY, 2, 5 * M, 20 * S },
	{ "and doubling", DORA_ERROR_RETRY, 4, 5 * M, 80 * S },
	{ "up to an hour", DORA_ERROR_RETRY, 10, 5 * M, H },
	{ "for ever", DORA_ERROR_RETRY, G_MAXUINT, 5 * M, H },
	{ "never more than 12 intervals", DORA_ERROR_RETRY, 50, 10 * S, 2 * M },
	{ "nor less than 10 s", DORA_ERROR_RETRY, 50, S / 10, 10 * S },
	{ "refused: 5 min", DORA_ERROR_DENIED, 1, M, 5 * M },
	{ "refused again", DORA_ERROR_DENIED, 2, M, 10 * M },
	{ "refused for ever", DORA_ERROR_DENIED, 100, M, 6 * H },
	{ "not configured right", DORA_ERROR_CONFIG, 1, M, 5 * M },
	{ "bad data: as usual at first", DORA_ERROR_DATA, 1, 7 * M, 7 * M },
	{ "bad data stays bad", DORA_ERROR_DATA, 9, 7 * M, H },
	{ "rarer than an hour anyway", DORA_ERROR_DATA, 3, 24 * H, 24 * H },
};

START_TEST(backoff)
{
	GError error = { DORA_ERROR, backoffs[_i].code, (char *)"" };
	GTimeSpan wait = schedule_backoff(&error, backoffs[_i].failures,
					  backoffs[_i].every);

	ck_assert_msg(wait == backoffs[_i].wait, "%s: %ld s", backoffs[_i].what,
		      (long)(wait / S));
}
END_TEST

START_TEST(foreign_errors_may_pass)
{
	GError error = { g_quark_from_string("other"), 1, (char *)"" };

	ck_assert_int_eq(schedule_backoff(&error, 1, M), 10 * S);
}
END_TEST

START_TEST(database_backoff)
{
	GError down = { DORA_ERROR, DORA_ERROR_RETRY, (char *)"" };
	GError refused = { DORA_ERROR, DORA_ERROR_DENIED, (char *)"" };

	ck_assert_int_eq(schedule_database_backoff(&down, 1), S);
	ck_assert_int_eq(schedule_database_backoff(&down, 3), 4 * S);
	ck_assert_int_eq(schedule_database_backoff(&down, 1000), M);
	ck_assert_int_eq(schedule_database_backoff(&refused, 1), 30 * S);
	ck_assert_int_eq(schedule_database_backoff(&refused, 1000), M);
}
END_TEST

START_TEST(jitter)
{
	GTimeSpan least = G_MAXINT64, most = 0;
	gint64 sum = 0;

	for (guint i = 0; i < 10000; i++) {
		GTimeSpan span = schedule_jitter(100 * S, 1, "shop", i);

		ck_assert_int_eq(span, schedule_jitter(100 * S, 1, "shop", i));
		least = MIN(least, span);
		most = MAX(most, span);
		sum += span;
	}
	ck_assert_int_ge(least, 90 * S);
	ck_assert_int_le(least, 91 * S);
	ck_assert_int_le(most, 110 * S);
	ck_assert_int_ge(most, 109 * S);
	ck_assert_int_ge(sum / 10000, 99 * S);
	ck_assert_int_le(sum / 10000, 101 * S);
	ck_assert_int_ne(schedule_jitter(100 * S, 1, "shop", 0),
			 schedule_jitter(100 * S, 2, "shop", 0));
	ck_assert_int_ne(schedule_jitter(100 * S, 1, "shop", 0),
			 schedule_jitter(100 * S, 1, "pay", 0));
	ck_assert_int_eq(schedule_jitter(0, 1, "shop", 0), 0);
}
END_TEST

START_TEST(first_polls)
{
	ck_assert_int_eq(schedule_first(0, M), 0);
	ck_assert_int_eq(schedule_first(4, M), S);
	ck_assert_int_eq(schedule_first(4000, M), M);
}
END_TEST

START_TEST(tasks)
{
	struct task task = { .due = SCHEDULE_NEVER };

	ck_assert(!task_is_due(&task, G_MAXINT64 - 1));
	task_want(&task, 20);
	task_want(&task, 30);
	ck_assert(!task_is_due(&task, 19));
	ck_assert(task_is_due(&task, 20));
	task_start(&task);
	ck_assert(!task_is_due(&task, 100));
	task_want(&task, 40);
	ck_assert_int_eq(task_wake(&task), SCHEDULE_NEVER);
	task.running = false;
	ck_assert_int_eq(task_wake(&task), 40);
}
END_TEST

static const struct {
	const char *text;
	GTimeSpan at;
	bool said;
} complaints[] = {
	{ "timed out after 12 s", 0, true },
	{ "timed out after 13 s", 1 * M, false },
	{ "timed out after 12 s", 10 * M, true },
	{ "timed out after 12 s", 29 * M, false },
	{ "timed out after 12 s", 30 * M, true },
	{ "the host is unknown", 31 * M, true },
	{ "the host is unknown", 32 * M, false },
};

START_TEST(complaining)
{
	struct complaint complaint = { 0 };

	ck_assert(!complaint_settle(&complaint));
	for (guint i = 0; i < G_N_ELEMENTS(complaints); i++)
		ck_assert_msg(complaint_raise(&complaint, complaints[i].text,
					      complaints[i].at,
					      7 + complaints[i].at) == complaints[i].said,
			      "%s at %ld", complaints[i].text, (long)complaints[i].at);
	ck_assert(complaint_settle(&complaint));
	ck_assert_uint_eq(complaint.n, G_N_ELEMENTS(complaints));
	ck_assert_int_eq(complaint.since, 7);
	ck_assert(!complaint_settle(&complaint));
	ck_assert(complaint_raise(&complaint, "the host is unknown", 33 * M, 0));
	ck_assert_uint_eq(complaint.n, 1);
	complaint_clear(&complaint);
}
END_TEST

static const struct {
	const char *text;
	guint columns;
	const char *bar;
} bars[] = {
	{ "receiving 50% (1/2)", 48, "shop  receiving 50% (1/2)  [#########         ]" },
	{ "receiving 0% (0/2)", 48, "shop  receiving 0% (0/2)  [                   ]" },
	{ "receiving 100%", 40, "shop  receiving 100%  [###############]" },
	{ "counting", 80, "shop  counting" },
	{ "receiving 50% (1/2)", 20, "shop  receiving 50%" },
	{ "from \033[31m\n", 80, "shop  from  [31m " },
	{ "% done", 80, "shop  % done" },
	{ "99999999999999999999% done", 80, "shop  99999999999999999999% done" },
	{ "done 50%", 0, "" },
};

START_TEST(drawing)
{
	g_autofree char *bar = progress_bar("shop", bars[_i].text, bars[_i].columns);

	ck_assert_str_eq(bar, bars[_i].bar);
}
END_TEST

START_TEST(progress_lines)
{
	struct progress *progress = progress_new(false, NULL, 80);

	/* What is over within ten seconds is not worth a line. */
	ck_assert(!progress_update(progress, "shop", "1%", 0));
	ck_assert(!progress_update(progress, "shop", "2%", 9 * S));
	ck_assert(progress_update(progress, "shop", "3%", 10 * S));
	ck_assert(!progress_update(progress, "shop", "4%", 19 * S));
	ck_assert(!progress_update(progress, "pay", "1%", 20 * S));
	ck_assert(progress_update(progress, "shop", "5%", 20 * S));
	progress_done(progress, "shop");
	ck_assert(!progress_update(progress, "shop", "1%", 100 * S));
	progress_free(progress);
}
END_TEST

START_TEST(progress_on_terminal)
{
	g_autofree char *text = NULL;
	gsize n = 0;
	FILE *out = open_memstream(&text, &n);
	struct progress *progress = progress_new(true, out, 21);

	ck_assert(!progress_update(progress, "shop", "1%", 0));
	progress_hide(progress);
	progress_hide(progress);
	ck_assert(!progress_update(progress, "shop", "2%", 100 * S));
	progress_free(progress);
	fclose(out);
	ck_assert_str_eq(text, "\rshop  1%  [        ]\033[K\r\033[K"
			       "\rshop  2%  [        ]\033[K\r\033[K");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tests = tcase_create("schedule");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, backoff, 0, G_N_ELEMENTS(backoffs));
	tcase_add_test(tests, foreign_errors_may_pass);
	tcase_add_test(tests, database_backoff);
	tcase_add_test(tests, jitter);
	tcase_add_test(tests, first_polls);
	tcase_add_test(tests, tasks);
	tcase_add_test(tests, complaining);
	tcase_add_loop_test(tests, drawing, 0, G_N_ELEMENTS(bars));
	tcase_add_test(tests, progress_lines);
	tcase_add_test(tests, progress_on_terminal);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
