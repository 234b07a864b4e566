#pragma once

/* Shared by the formats of a report; not for others. */
#include "sinks/report.h"

struct report_column {
	const char *name;
	glong offset; /* of a double in struct series_row */
};
extern const struct report_column report_columns[];
extern const guint n_report_columns;
/* NAN where there is no value. */
double report_value(const struct series_row *row, guint column);

char *report_text(const struct report *report, enum grain grain, guint most, bool wide);
char *report_json(const struct report *report);
char *report_csv(const struct report *report);
