#include <math.h>

#include "base/instant.h"
#include "sinks/report_internal.h"

#define NOTHING "–"

/* A duration in seconds for people; NOTHING for none. */
static char *duration(double seconds)
{
	if (isnan(seconds))
		return g_strdup(NOTHING);
	return span_format((GTimeSpan)(seconds * (double)G_USEC_PER_SEC));
}

/* Left- or right-aligned by what is seen, not by bytes. */
static void cell(GString *out, const char *text, gint width)
{
	glong length = g_utf8_strlen(text, -1);
	glong pad = ABS(width) - length;

	if (width > 0)
		g_string_append_printf(out, "%*s", (int)MAX(pad, 0), "");
	g_string_append(out, text);
	if (width < 0)
		g_string_append_printf(out, "%*s", (int)MAX(pad, 0), "");
}

/* Eight heights between nothing and the largest value; a gap where there is no value. */
static void sparkline(GString *out, const double *values, guint n)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double largest = 0;

	for (guint i = 0; i < n; i++)
		if (!isnan(values[i]))
			largest = MAX(largest, values[i]);
	for (guint i = 0; i < n; i++) {
		double height = largest > 0 ? values[i] / largest * 8 : 0;

		if (isnan(values[i]))
			g_string_append_c(out, ' ');
		else
			g_string_append(out, bars[CLAMP((int)ceil(height) - 1, 0, 7)]);
	}
}

/* The buckets of one metric and grain, oldest first: at most the latest most. */
static GPtrArray *pick(const struct report *report, enum metric metric, enum grain grain,
		       guint most)
{
	GPtrArray *rows = g_ptr_array_new();

	for (guint i = 0; i < report->rows->len; i++) {
		struct series_row *row = &g_array_index(report->rows, struct series_row,
							i);

		if (row->window_days == 0 && row->metric == metric && row->grain == grain)
			g_ptr_array_add(rows, row);
	}
	if (rows->len > most)
		g_ptr_array_remove_range(rows, 0, rows->len - most);
	return rows;
}

/* The local date a bucket starts on. Its start is local midnight, or the first moment
 * after it. */
static char *local_date(const struct zone *zone, gint64 start)
{
	g_autoptr(GDateTime) epoch = g_date_time_new_utc(1970, 1, 1, 0, 0, 0);
	g_autoptr(GDateTime)
		date = g_date_time_add_days(epoch, zone_local_day(zone, start));

	return g_date_time_format(date, "%Y-%m-%d");
}

static void bucket_table(GString *out, const struct report *report,
			 const struct zone *zone, enum grain grain, guint most)
{
	g_autoptr(GPtrArray)
		frequency = pick(report, METRIC_DEPLOYMENT_FREQUENCY, grain, most);
	g_autoptr(GPtrArray) lead = pick(report, METRIC_CHANGE_LEAD_TIME, grain, most);

	g_string_append_printf(out, "%-12s%12s%6s%10s%11s%11s%11s\n", grain_name(grain),
			       "deployments", "days", "changes", "lead p50", "p75",
			       "p90");
	for (guint i = 0; i < frequency->len && i < lead->len; i++) {
		const struct series_row *deployed = frequency->pdata[i];
		const struct series_row *changes = lead->pdata[i];
		g_autofree char *date = local_date(zone, deployed->start);
		g_autofree char *p50 = duration(changes->p50);
		g_autofree char *p75 = duration(changes->p75);
		g_autofree char *p90 = duration(changes->p90);

		g_string_append_printf(
			out, "%s%s%12" G_GINT64_FORMAT "%6.0f%10" G_GINT64_FORMAT, date,
			deployed->end <= report->now ? "  " : " …", deployed->n,
			deployed->numerator, changes->n);
		cell(out, p50, 11);
		cell(out, p75, 11);
		cell(out, p90, 11);
		g_string_append_c(out, '\n');
	}
}

static void sparklines(GString *out, const struct report *report, enum grain grain,
		       guint most)
{
	static const struct {
		const char *label;
		enum metric metric;
	} lines[] = {
		{ "deployments", METRIC_DEPLOYMENT_FREQUENCY },
		{ "lead time p50", METRIC_CHANGE_LEAD_TIME },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GPtrArray) rows = pick(report, lines[i].metric, grain, most);
		g_autofree double *values = g_new(double, rows->len + 1);

		for (guint j = 0; j < rows->len; j++)
			values[j] = ((const struct series_row *)rows->pdata[j])->value;
		cell(out, lines[i].label, -16);
		sparkline(out, values, rows->len);
		g_string_append_c(out, '\n');
	}
}

/* "1 change", "2 changes" */
static const char *plural(gint64 n)
{
	return n == 1 ? "" : "s";
}

static void window_table(GString *out, const struct report *report)
{
	bool any = false;

	for (guint i = 0; i < report->rows->len; i++) {
		const struct series_row *row = &g_array_index(report->rows,
							      struct series_row, i);
		g_autofree char *label = g_strdup_printf("last %u days",
							 row->window_days);
		g_autofree char *p50 = duration(row->p50);
		g_autofree char *p90 = duration(row->p90);

		if (row->window_days == 0)
			continue;
		if (!any)
			g_string_append(out, "\nwhole days up to last midnight\n");
		any = true;
		cell(out, label, -14);
		if (row->metric == METRIC_DEPLOYMENT_FREQUENCY) {
			g_string_append_printf(out, "%5" G_GINT64_FORMAT " deployment%s",
					       row->n, plural(row->n));
			if (!isnan(row->deployment_days))
				g_string_append_printf(out, " on %.3g days a week",
						       row->deployment_days);
			if (!isnan(row->p50))
				g_string_append_printf(out, ", %s between two", p50);
		} else {
			g_string_append_printf(out, "%5" G_GINT64_FORMAT " change%s",
					       row->n, plural(row->n));
			if (!isnan(row->p50))
				g_string_append_printf(out, ", lead time p50 %s, p90 %s",
						       p50, p90);
		}
		g_string_append_c(out, '\n');
	}
}

static void left_out(GString *out, const struct report *report)
{
	const char *separator = "\nleft out: ";

	for (int i = EXCLUSION_NONE + 1; i < N_EXCLUSIONS; i++) {
		if (report->excluded[i] == 0)
			continue;
		g_string_append_printf(out, "%s%zu %s", separator, report->excluded[i],
				       exclusion_name((enum exclusion)i));
		separator = ", ";
	}
	if (*separator == ',')
		g_string_append_c(out, '\n');
}

char *report_text(const struct report *report, enum grain grain, guint most, bool wide)
{
	_cleanup_(zone_unrefp) struct zone *zone = zone_open(report->time_zone, NULL);
	GString *out = g_string_new(NULL);

	g_string_append_printf(
		out, "%s\n%zu commit%s, %zu deployment%s from %s, days of %s\n\n",
		report->repository, report->n_commits, plural((gint64)report->n_commits),
		report->n_deployments, plural((gint64)report->n_deployments),
		report->deployments, report->time_zone);
	if (zone && report->n_deployments > 0) {
		bucket_table(out, report, zone, grain, most);
		if (wide) {
			g_string_append_c(out, '\n');
			sparklines(out, report, grain, most);
		}
		window_table(out, report);
	}
	left_out(out, report);
	if (report->minimum_authors > 0)
		g_string_append_printf(
			out, "lead times of fewer than %u authors are withheld\n",
			report->minimum_authors);
	for (guint i = 0; i < report->notices->len; i++)
		g_string_append_printf(out, "note: %s\n",
				       (const char *)report->notices->pdata[i]);
	return g_string_free(out, FALSE);
}
