#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/kpi/kpi_source.h"
#include "collector/rest/request.h"
#include "metrics/bucket.h"

/* Sums of any number of samples stay finite, and whole numbers exact. */
#define VALUE_MAX 1e15

static bool wrong(const char *what, const char *expected, const char *found,
		  GError **error)
{
	g_autofree char *clean = printable(found);

	g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "%s: expected %s, found \"%s\"",
		    what, expected, clean);
	return false;
}

bool kpi_add(struct kpi_reading *reading, gint64 at, double value, GError **error)
{
	const struct kpi_sample row = { at, value };

	if (!instant_is_plausible(at)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "time: there is one before 1971 or after 2099");
		return false;
	}
	if (fabs(value) > VALUE_MAX) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "value: %.6g is beyond %.0e", value, VALUE_MAX);
		return false;
	}
	reading->n_later += at > reading->now;
	if (at > reading->now || at < reading->now - reading->kpi->history_us)
		return true;
	if (reading->rows->len == KPI_SAMPLES_MAX) {
		g_set_error(
			error, DORA_ERROR, DORA_ERROR_DATA,
			"there are more than %d samples; a shorter history or fewer a "
			"day can be read",
			KPI_SAMPLES_MAX);
		return false;
	}
	g_array_append_val(reading->rows, row);
	return true;
}

/* "2026-03-01": its midnight in the KPI's zone. */
static bool parse_date(const struct zone *zone, const char *text, gint64 *at)
{
	g_autofree char *noon = g_strconcat(text, "T12:00:00Z", NULL);
	gint64 instant;

	if (strlen(text) != strlen("2026-03-01") || !instant_parse(noon, &instant))
		return false;
	*at = zone_day_start(zone, (gint32)(instant / G_TIME_SPAN_DAY));
	return true;
}

static bool parse_time(const struct kpi_reading *reading, const char *text, gint64 *at,
		       GError **error)
{
	if (instant_parse_loose(text, at) || parse_date(reading->zone, text, at))
		return true;
	return wrong("time", "a time such as 2026-03-01T12:00:00Z, or a date", text,
		     error);
}

/* Seconds since 1970 (or parts of them, so many in one). */
static bool from_epoch(double number, double in_one, gint64 *at)
{
	double us = number / in_one * G_USEC_PER_SEC;

	if (!isfinite(us) || fabs(us) > (double)INSTANT_MAX)
		return false;
	*at = (gint64)llround(us);
	return true;
}

static bool parse_value(const char *text, double *value, GError **error)
{
	gsize n = strlen(text);
	char *end;

	*value = g_ascii_strtod(text, &end);
	/* neither hexadecimal digits nor "inf" and "nan" */
	if (n && *end == '\0' && strspn(text, "+-0123456789.eE") == n && isfinite(*value))
		return true;
	return wrong("value", "a number", text, error);
}

bool kpi_add_text(struct kpi_reading *reading, const char *time, const char *value,
		  GError **error)
{
	gint64 at;
	double number;

	if (*value == '\0')
		return true;
	return parse_time(reading, time, &at, error) &&
	       parse_value(value, &number, error) && kpi_add(reading, at, number, error);
}

static bool json_value(const cJSON *value, double *number, GError **error)
{
	if (cJSON_IsNumber(value) && isfinite(value->valuedouble)) {
		*number = value->valuedouble;
		return true;
	}
	if (cJSON_IsString(value))
		return parse_value(value->valuestring, number, error);
	return wrong("value", "a number", "something else", error);
}

static bool json_time(const struct kpi_reading *reading, const cJSON *time,
		      enum time_format format, gint64 *at, GError **error)
{
	double number;

	if (!time || cJSON_IsNull(time)) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA, "time: missing");
		return false;
	}
	if (format == TIME_RFC3339)
		return parse_time(reading,
				  cJSON_IsString(time) ? time->valuestring
						       : "something that is no text",
				  at, error);
	if (!json_value(time, &number, NULL) ||
	    !from_epoch(number, format == TIME_EPOCH_MS ? 1000 : 1, at))
		return wrong("time", "seconds or milliseconds since 1970",
			     cJSON_IsString(time) ? time->valuestring : "something else",
			     error);
	return true;
}

bool kpi_add_json(struct kpi_reading *reading, const cJSON *time, enum time_format format,
		  const cJSON *value, GError **error)
{
	gint64 at;
	double number;

	if (!value || cJSON_IsNull(value))
		return true;
	return json_time(reading, time, format, &at, error) &&
	       json_value(value, &number, error) && kpi_add(reading, at, number, error);
}
