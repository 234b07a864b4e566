#pragma once

/*
 * A report of one service for people and programs: the same numbers as dora.series and
 * dora.current, as a table with sparklines, JSON or CSV. Pure formatting.
 */
#include "metrics/attribution.h"
#include "metrics/series.h"

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV };

struct report {
	const char *repository;	 /* as given on the command line, without credentials */
	const char *deployments; /* what counted: "tags v*", "the last commit of each day
				    on main" */
	const char *time_zone;
	gint64 now;
	gsize n_commits; /* in the repository */
	gsize n_deployments;
	gsize excluded[N_EXCLUSIONS]; /* commits and deployments left out, by reason */
	guint minimum_authors;
	const GArray *rows; /* of struct series_row: buckets and windows */
	GPtrArray *notices; /* of char *: what the reader should know */
};

/* True, and *format set, for "text", "json" or "csv". */
bool report_format_parse(const char *name, enum report_format *format);

/* The report as text, ending in a newline. grain: the buckets a text shows (JSON and CSV
 * have all); most: at most so many of the latest buckets in a text; wide: UTF-8
 * sparklines and colours are welcome. The caller frees. */
char *report_print(const struct report *report, enum report_format format,
		   enum grain grain, guint most, bool wide);
