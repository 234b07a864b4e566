#include "sinks/report.h"

#include "sinks/report_internal.h"

static const char *const formats[] = {
	[REPORT_TEXT] = "text",
	[REPORT_JSON] = "json",
	[REPORT_CSV] = "csv",
};

/* The statistics of a row that all machine formats have, in their order. */
const struct report_column report_columns[] = {
	{ "numerator", G_STRUCT_OFFSET(struct series_row, numerator) },
	{ "denominator", G_STRUCT_OFFSET(struct series_row, denominator) },
	{ "value", G_STRUCT_OFFSET(struct series_row, value) },
	{ "p50", G_STRUCT_OFFSET(struct series_row, p50) },
	{ "p75", G_STRUCT_OFFSET(struct series_row, p75) },
	{ "p90", G_STRUCT_OFFSET(struct series_row, p90) },
	{ "p95", G_STRUCT_OFFSET(struct series_row, p95) },
	{ "mean", G_STRUCT_OFFSET(struct series_row, mean) },
	{ "deployment_days_per_week",
	  G_STRUCT_OFFSET(struct series_row, deployment_days) },
};
const guint n_report_columns = G_N_ELEMENTS(report_columns);

bool report_format_parse(const char *name, enum report_format *format)
{
	for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (strcmp(name, formats[i]) != 0)
			continue;
		*format = (enum report_format)i;
		return true;
	}
	return false;
}

double report_value(const struct series_row *row, guint column)
{
	return G_STRUCT_MEMBER(double, row, report_columns[column].offset);
}

char *report_print(const struct report *report, enum report_format format,
		   enum grain grain, guint most, bool wide)
{
	switch (format) {
	case REPORT_TEXT:
		return report_text(report, grain, most, wide);
	case REPORT_JSON:
		return report_json(report);
	case REPORT_CSV:
		return report_csv(report);
	}
	g_assert_not_reached();
}
