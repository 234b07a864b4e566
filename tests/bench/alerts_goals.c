/*
 * What the alerts are worth, on simulated series: false alarms, how soon a regression is
 * found, what happens to an alert afterwards, beside what was promised.
 *
 *   meson test --benchmark alerts     all of it, on 150 series a row
 *   alerts_goals --cell lead-10       one row
 *   alerts_goals --quick              20 series a row, and asserts what noise cannot
 *                                     change; the test alerts-simulation
 *
 * Seeds from 500000 on are those that are reported. Nothing was or may be chosen by them:
 * who changes an engine looks at those from 100000 on, say with --seeds 100000.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/alerts_checks.h"
#include "tests/bench/alerts_print.h"

#define SEEDS_REPORTED 500000
#define SERIES 150
#define SERIES_QUICK 20

struct options {
	gboolean quick;
	char *cell, *format;
	gint64 from;
	gint n, n_threads;
};

static bool parse(struct options *options, int *argc, char ***argv)
{
	const GOptionEntry entries[] = {
		{ "quick", 0, 0, G_OPTION_ARG_NONE, &options->quick,
		  "20 series a row; fails if what cannot be noise is not so", NULL },
		{ "cell", 0, 0, G_OPTION_ARG_STRING, &options->cell,
		  "only this row, say lead-10", "NAME" },
		{ "format", 0, 0, G_OPTION_ARG_STRING, &options->format, "text or csv",
		  "FORMAT" },
		{ "seeds", 0, 0, G_OPTION_ARG_INT64, &options->from,
		  "the first seed; 500000", "FROM" },
		{ "series", 0, 0, G_OPTION_ARG_INT, &options->n, "series a row; 150",
		  "N" },
		{ "threads", 0, 0, G_OPTION_ARG_INT, &options->n_threads,
		  "how many; as the machine has", "N" },
		{ 0 },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		fprintf(stderr, "%s\n", error->message);
		return false;
	}
	if (options->n == 0)
		options->n = options->quick ? SERIES_QUICK : SERIES;
	if (options->n_threads == 0)
		options->n_threads = (gint)g_get_num_processors();
	if (*argc > 1 || options->n < 1 || options->n > 100000 || options->from < 0 ||
	    options->n_threads < 1 || options->n_threads > 1024 ||
	    (options->format && strcmp(options->format, "text") != 0 &&
	     strcmp(options->format, "csv") != 0)) {
		fprintf(stderr, "see --help\n");
		return false;
	}
	return true;
}

static void print(const struct alerts_table *table, enum alerts_format format)
{
	if (format == ALERTS_CSV) {
		alerts_print_csv(table);
		return;
	}
	alerts_print_volumes(table);
	alerts_print_false(table);
	alerts_print_lives(table);
}

int main(int argc, char **argv)
{
	struct options options = { .from = SEEDS_REPORTED };
	struct alerts_run run;
	struct alerts_table table;
	enum alerts_format format;
	gint64 start = g_get_monotonic_time();
	bool good, checked;
	guint missed;

	if (!parse(&options, &argc, &argv))
		return EXIT_FAILURE;
	run = (struct alerts_run){ (guint64)options.from, (guint)options.n,
				   (guint)options.n_threads, options.cell };
	format = g_strcmp0(options.format, "csv") == 0 ? ALERTS_CSV : ALERTS_TEXT;
	good = alerts_measure(&table, &run);
	if (!good) {
		fprintf(stderr, "there is no row %s\n", options.cell);
		return EXIT_FAILURE;
	}
	checked = alerts_check_days(run.from);
	if (options.quick) {
		good = alerts_check_again(&table, &run);
		if (!run.only)
			good &= alerts_check_sane(&table);
	}
	print(&table, format);
	missed = alerts_print_goals(&table, format, checked);
	if (format == ALERTS_TEXT)
		printf("\n%u series a row from seed %" G_GUINT64_FORMAT
		       ", %.0f s on %u threads; %u goals missed\n",
		       run.n, run.from,
		       (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC,
		       run.n_threads, missed);
	alerts_table_clear(&table);
	g_free(options.cell);
	g_free(options.format);
	return good && checked ? EXIT_SUCCESS : EXIT_FAILURE;
}
