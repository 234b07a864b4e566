#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "metrics/open_incidents.h"

#define HOUR G_TIME_SPAN_HOUR
#define NOW (G_GINT64_CONSTANT(1736985600) * G_USEC_PER_SEC) /* the end of a day */
#define YEAR (NOW - OPEN_YEAR_DAYS * G_TIME_SPAN_DAY)
#define OPEN G_MAXINT32 /* for ever */
#define NEVER G_MININT32
/* 20 that took 1 to 20 h: percentile_cont(0.95) is 19.05 h. */
#define USUAL 19.05

static gint64 at(double hours)
{
	return hours == OPEN	? INSTANT_NONE
	       : hours == NEVER ? INSTANT_NONE
				: NOW + (gint64)(hours * (double)HOUR);
}

/* Hours, 0 is the end of the day. There are n that were restored in the year before, and
 * one more, named "it"; fired: it fires since, in an environment. */
static const struct {
	const char *what;
	double began, ended;
	guint n;
	double fired;
	guint environment;
	bool masked;
	double from, to;
	const char *events;
} rows[] = {
	{ "it is open for longer than 95 %", -19.06, OPEN, 20, NEVER, 0, false, NEVER,
	  OPEN, "fired" },
	{ "not for longer", -USUAL, OPEN, 20, NEVER, 0, false, NEVER, OPEN, "" },
	{ "19 are enough", -36, OPEN, 19, NEVER, 0, false, NEVER, OPEN, "fired" },
	{ "18 are not", -36, OPEN, 18, NEVER, 0, false, NEVER, OPEN, "" },
	{ "it has been too long for 30 days", -USUAL - 720, OPEN, 20, NEVER, 0, false,
	  NEVER, OPEN, "fired" },
	{ "and for longer", -USUAL - 720.01, OPEN, 20, NEVER, 0, false, NEVER, OPEN, "" },
	{ "it was restored with the end of the day", -36, 0, 20, NEVER, 0, false, NEVER,
	  OPEN, "fired" },
	{ "or after it: nobody knew that", -36, 1, 20, NEVER, 0, false, NEVER, OPEN,
	  "fired" },
	{ "or before", -36, -0.01, 20, NEVER, 0, false, NEVER, OPEN, "" },
	{ "it begins with the next day", 0, OPEN, 20, NEVER, 0, false, NEVER, OPEN, "" },
	{ "on a masked day nothing fires", -36, OPEN, 20, NEVER, 0, true, NEVER, OPEN,
	  "" },
	{ "it fires already", -36, OPEN, 20, -24, 0, false, NEVER, OPEN, "" },
	{ "it is told in another environment", -36, OPEN, 20, -24, 1, false, NEVER, OPEN,
	  "" },
	{ "what ends there does not end here", -36, -1, 20, -24, 1, false, NEVER, OPEN,
	  "" },
	{ "it is restored", -36, -1, 20, -24, 0, false, NEVER, OPEN, "resolved" },
	{ "as it fired", -36, -24, 20, -24, 0, false, NEVER, OPEN, "resolved" },
	{ "before it fired", -36, -24.01, 20, -24, 0, false, NEVER, OPEN, "withdrawn" },
	{ "on a masked day nothing ends", -36, -1, 20, -24, 0, true, NEVER, OPEN, "" },
	{ "its others are forgotten while it fires", -36, OPEN, 0, -24, 0, false, NEVER,
	  OPEN, "" },
	{ "its service is the team's to the end of the day", -36, OPEN, 20, NEVER, 0,
	  false, -1, 0, "fired" },
	{ "its service has gone", -36, OPEN, 20, -24, 0, false, NEVER, -1, "withdrawn" },
	{ "its service comes with the next day", -36, OPEN, 20, NEVER, 0, false, 0, OPEN,
	  "" },
};

static void add(GArray *incidents, const char *name, double began, double ended,
		double from, double to)
{
	const struct open_incident incident = {
		.name = (char *)name,
		.began = at(began),
		.ended = at(ended),
		.from = at(from),
		.to = to == OPEN ? G_MAXINT64 : at(to),
	};

	g_array_append_val(incidents, incident);
}

/* Of each name there is one alone. */
static void add_restored(GArray *incidents, GStringChunk *names, guint n)
{
	for (guint i = 1; i <= n; i++) {
		g_autofree char *name = g_strdup_printf("old %u", i);

		add(incidents, g_string_chunk_insert(names, name), -100, -100 + (double)i,
		    NEVER, OPEN);
	}
	/* in another year, and of another team */
	add(incidents, "ancient", -400 * 24, -366 * 24, NEVER, OPEN);
	add(incidents, "theirs", -100, -1, NEVER, -50);
}

static char *words_of(const GArray *events)
{
	GString *words = g_string_new(NULL);

	for (guint i = 0; i < events->len; i++) {
		const struct open_event *event = &g_array_index(events, struct open_event,
								i);

		g_string_append_printf(words, "%s%s", words->len ? ", " : "",
				       watch_event_name(event->event));
	}
	return g_string_free(words, FALSE);
}

static bool fires(const GArray *firing, const char *name)
{
	for (guint i = 0; i < firing->len; i++)
		if (strcmp(g_array_index(firing, struct open_alert, i).name, name) == 0)
			return true;
	return false;
}

START_TEST(a_day_is_judged)
{
	g_autoptr(GArray)
		incidents = g_array_new(FALSE, FALSE, sizeof(struct open_incident));
	g_autoptr(GArray) firing = g_array_new(FALSE, FALSE, sizeof(struct open_alert));
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(struct open_event));
	GStringChunk *names = g_string_chunk_new(256);
	const struct open_alert alert = { "it", rows[_i].environment,
					  at(rows[_i].fired) };
	const bool was = rows[_i].fired != NEVER;
	const struct open_day day = { incidents, 0, YEAR, NOW, rows[_i].masked };
	g_autofree char *words = NULL;
	struct open_usual usual;

	add_restored(incidents, names, rows[_i].n);
	/* with two services it is one */
	add(incidents, "it", rows[_i].began, rows[_i].ended, rows[_i].from, rows[_i].to);
	add(incidents, "it", rows[_i].began, rows[_i].ended, rows[_i].from, rows[_i].to);
	if (was)
		g_array_append_val(firing, alert);
	open_incidents_judge(&day, firing, &usual, events);
	words = words_of(events);
	ck_assert_msg(strcmp(words, rows[_i].events) == 0, "%s: \"%s\"", rows[_i].what,
		      words);
	ck_assert_msg(fires(firing, "it") == (*words ? strcmp(words, "fired") == 0 : was),
		      "%s", rows[_i].what);
	/* the same day gives the same answer: nothing more happens on it */
	g_array_set_size(events, 0);
	open_incidents_judge(&day, firing, &usual, events);
	ck_assert_msg(events->len == 0, "%s: twice", rows[_i].what);
	g_string_chunk_free(names);
}
END_TEST

/* Those of the year before, of the scope, each once. */
START_TEST(the_usual_is_that_of_the_year_before)
{
	g_autoptr(GArray)
		incidents = g_array_new(FALSE, FALSE, sizeof(struct open_incident));
	g_autoptr(GArray) firing = g_array_new(FALSE, FALSE, sizeof(struct open_alert));
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(struct open_event));
	GStringChunk *names = g_string_chunk_new(256);
	const struct open_day day = { incidents, 0, YEAR, NOW, false };
	struct open_usual usual;

	add_restored(incidents, names, 18);
	open_incidents_judge(&day, firing, &usual, events);
	ck_assert_int_eq(usual.n, 18);
	ck_assert(isnan(usual.p95));
	g_array_set_size(incidents, 0);
	add_restored(incidents, names, 20);
	add(incidents, "old 20", -100, -80, NEVER, OPEN);
	add(incidents, "now", -1, 0, NEVER, OPEN);
	g_array_remove_index(incidents, 20); /* ancient, which is between the two */
	g_array_remove_index(incidents, 20); /* and theirs */
	open_incidents_judge(&day, firing, &usual, events);
	ck_assert_int_eq(usual.n, 20);
	ck_assert_double_eq_tol(usual.p95, USUAL * 3600, 1e-9);
	ck_assert_uint_eq(events->len, 0);
	g_string_chunk_free(names);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("open_incidents");
	TCase *tests = tcase_create("open_incidents");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, a_day_is_judged, 0, G_N_ELEMENTS(rows));
	tcase_add_test(tests, the_usual_is_that_of_the_year_before);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
