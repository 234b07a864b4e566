#include <string.h>

#include "base/error.h"
#include "base/instant.h"
#include "collector/kpi/kpi_source.h"

/* Prometheus gives at most 11,000 of a series at once. */
#define POINTS 10000

/* Prometheus has NaN and infinities, which are no samples. */
static bool take_point(struct kpi_reading *reading, const cJSON *point, GError **error)
{
	const char *text = json_text_at(point, "/1");

	if (text && strpbrk(text, "nN"))
		return true;
	return kpi_add_json(reading, json_at(point, "/0"), TIME_EPOCH,
			    json_at(point, "/1"), error);
}

static bool take_answer(struct kpi_reading *reading, const cJSON *document,
			GError **error)
{
	const cJSON *result = json_at(document, "/data/result"), *point;
	const char *type = json_text_at(document, "/data/resultType");
	int n = cJSON_GetArraySize(result);

	if (!cJSON_IsArray(result) || g_strcmp0(type, "matrix") != 0) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
			    "the answer is not one of Prometheus to a range query");
		return false;
	}
	if (n > 1) {
		g_set_error(error, DORA_ERROR, DORA_ERROR_CONFIG,
			    "the query gives %d series, expected one, as sum(…) gives",
			    n);
		return false;
	}
	cJSON_ArrayForEach(point, json_at(result, "/0/values"))
	{
		if (!take_point(reading, point, error))
			return false;
	}
	return true;
}

/* "1750000000.000": what Prometheus calls a time. */
static char *seconds(gint64 us)
{
	return g_strdup_printf("%" G_GINT64_FORMAT ".%03d", us / G_USEC_PER_SEC,
			       (int)(us % G_USEC_PER_SEC / 1000));
}

static bool ask(struct kpi_reading *reading, gint64 from, gint64 to, GError **error)
{
	const struct config_kpi_prometheus *prometheus = reading->kpi->prometheus;
	g_autofree char *base = g_strdup(prometheus->url);
	g_autofree char *query = g_uri_escape_string(prometheus->query, NULL, FALSE);
	g_autofree char *start = seconds(from), *end = seconds(to);
	g_autofree char *step = seconds(prometheus->step_us);
	g_autofree char *form = g_strdup_printf("query=%s&start=%s&end=%s&step=%s", query,
						start, end, step);
	g_autofree char *url = NULL;
	struct kpi_request request = { .form = form,
				       .token = prometheus->token,
				       .auth = prometheus->auth,
				       .ca_file = prometheus->ca_file };
	_cleanup_(cJSON_Deletep) cJSON *document = NULL;

	while (g_str_has_suffix(base, "/"))
		base[strlen(base) - 1] = '\0';
	url = g_strconcat(base, "/api/v1/query_range", NULL);
	request.url = url;
	document = kpi_ask(reading, &request, error);
	return document && take_answer(reading, document, error);
}

/* At whole steps since 1970, so that each poll asks for the same times again and a sample
 * is one row. */
bool kpi_read_prometheus(struct kpi_reading *reading, GError **error)
{
	gint64 step = reading->kpi->prometheus->step_us;
	gint64 from = (reading->since + step - 1) / step * step;
	gint64 last = reading->now / step * step;

	for (; from <= last; from += POINTS * step)
		if (!ask(reading, from, MIN(last, from + (POINTS - 1) * step), error))
			return false;
	return true;
}
