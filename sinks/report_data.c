#include <cjson/cJSON.h>
#include <math.h>

#include "base/instant.h"
#include "sinks/report_internal.h"

static void add_instant(cJSON *object, const char *key, gint64 t)
{
	g_autofree char *text = instant_format(t);

	cJSON_AddStringToObject(object, key, text);
}

/* A number such that reading it back gives the same double; NULL where there is none. */
static void add_number(cJSON *object, const char *key, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (isnan(value))
		cJSON_AddNullToObject(object, key);
	else
		cJSON_AddRawToObject(object, key,
				     g_ascii_dtostr(text, sizeof(text), value));
}

static cJSON *row_object(const struct report *report, const struct series_row *row)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddStringToObject(object, "metric", metric_name(row->metric));
	if (row->window_days)
		cJSON_AddNumberToObject(object, "window_days", row->window_days);
	else
		cJSON_AddStringToObject(object, "grain", grain_name(row->grain));
	add_instant(object, "bucket_start", row->start);
	add_instant(object, "bucket_end", row->end);
	cJSON_AddBoolToObject(object, "complete", row->end <= report->now);
	cJSON_AddNumberToObject(object, "n", (double)row->n);
	for (guint i = 0; i < n_report_columns; i++)
		add_number(object, report_columns[i].name, report_value(row, i));
	return object;
}

char *report_json(const struct report *report)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *excluded, *series, *current, *notices;
	char *text, *copy;

	cJSON_AddStringToObject(object, "repository", report->repository);
	cJSON_AddStringToObject(object, "deployments_from", report->deployments);
	cJSON_AddStringToObject(object, "time_zone", report->time_zone);
	add_instant(object, "fresh_until", report->now);
	cJSON_AddNumberToObject(object, "commits", (double)report->n_commits);
	cJSON_AddNumberToObject(object, "deployments", (double)report->n_deployments);
	excluded = cJSON_AddObjectToObject(object, "excluded");
	for (int i = EXCLUSION_NONE + 1; i < N_EXCLUSIONS; i++)
		if (report->excluded[i])
			cJSON_AddNumberToObject(excluded,
						exclusion_name((enum exclusion)i),
						(double)report->excluded[i]);
	notices = cJSON_AddArrayToObject(object, "notices");
	for (guint i = 0; i < report->notices->len; i++)
		cJSON_AddItemToArray(notices,
				     cJSON_CreateString(report->notices->pdata[i]));
	series = cJSON_CreateArray();
	current = cJSON_CreateArray();
	for (guint i = 0; i < report->rows->len; i++) {
		const struct series_row *row = &g_array_index(report->rows,
							      struct series_row, i);

		cJSON_AddItemToArray(row->window_days ? current : series,
				     row_object(report, row));
	}
	cJSON_AddItemToObject(object, "current", current);
	cJSON_AddItemToObject(object, "series", series);
	text = cJSON_Print(object);
	copy = g_strconcat(text, "\n", NULL);
	cJSON_free(text);
	cJSON_Delete(object);
	return copy;
}

char *report_csv(const struct report *report)
{
	GString *out = g_string_new(
		"metric,grain,window_days,bucket_start,bucket_end,complete,n");

	for (guint i = 0; i < n_report_columns; i++)
		g_string_append_printf(out, ",%s", report_columns[i].name);
	g_string_append(out, "\r\n"); /* RFC 4180 */
	for (guint i = 0; i < report->rows->len; i++) {
		const struct series_row *row = &g_array_index(report->rows,
							      struct series_row, i);
		g_autofree char *start = instant_format(row->start);
		g_autofree char *end = instant_format(row->end);

		g_string_append_printf(out, "%s,%s,", metric_name(row->metric),
				       row->window_days ? "" : grain_name(row->grain));
		if (row->window_days)
			g_string_append_printf(out, "%u", row->window_days);
		g_string_append_printf(out, ",%s,%s,%s,%" G_GINT64_FORMAT, start, end,
				       row->end <= report->now ? "true" : "false",
				       row->n);
		for (guint j = 0; j < n_report_columns; j++) {
			char text[G_ASCII_DTOSTR_BUF_SIZE];
			double value = report_value(row, j);

			g_string_append_printf(
				out, ",%s",
				isnan(value) ? ""
					     : g_ascii_dtostr(text, sizeof(text), value));
		}
		g_string_append(out, "\r\n");
	}
	return g_string_free(out, FALSE);
}
