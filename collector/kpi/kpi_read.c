#include "collector/kpi/kpi_read.h"

#include "base/error.h"
#include "base/instant.h"
#include "base/zone.h"
#include "collector/kpi/kpi_source.h"

static int by_time(const void *a, const void *b)
{
	const struct kpi_sample *one = a, *other = b;

	return (one->at > other->at) - (one->at < other->at);
}

/* One row a time. Where two say different things nobody can tell which is right: a query
 * that joins too much looks like that. */
static bool sort_out(GArray *rows, GError **error)
{
	guint n = 0;

	g_array_sort(rows, by_time);
	for (guint i = 0; i < rows->len; i++) {
		struct kpi_sample row = g_array_index(rows, struct kpi_sample, i);
		struct kpi_sample *last = n ? &g_array_index(rows, struct kpi_sample,
							     n - 1)
					    : NULL;

		if (!last || last->at != row.at) {
			g_array_index(rows, struct kpi_sample, n++) = row;
		} else if (last->value < row.value || last->value > row.value) {
			g_autofree char *at = instant_format(row.at);

			g_set_error(error, DORA_ERROR, DORA_ERROR_DATA,
				    "two values at %s: %.10g and %.10g", at, last->value,
				    row.value);
			return false;
		}
	}
	g_array_set_size(rows, n);
	return true;
}

static bool read_any(struct kpi_reading *reading, GError **error)
{
	const struct config_kpi *kpi = reading->kpi;

	if (kpi->sql)
		return kpi_read_sql(reading, error);
	if (kpi->http)
		return kpi_read_http(reading, error);
	if (kpi->prometheus)
		return kpi_read_prometheus(reading, error);
	return kpi_read_csv(reading, error);
}

GArray *kpi_read(struct kpi_reading *reading, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct kpi_sample));
	bool good;

	reading->n_later = 0;
	reading->rows = rows;
	reading->zone = zone_open(reading->kpi->time_zone, error);
	if (!reading->zone)
		return NULL;
	good = read_any(reading, error) && sort_out(rows, error);
	zone_unref(reading->zone);
	reading->zone = NULL;
	reading->rows = NULL;
	return good ? g_steal_pointer(&rows) : NULL;
}

char *kpi_fingerprint(const struct config_kpi *kpi)
{
	const struct config_kpi_http *http = kpi->http;
	const struct config_kpi_prometheus *prometheus = kpi->prometheus;
	const struct config_kpi_csv *csv = kpi->csv;
	const char *const texts[] = {
		kpi->sql     ? "sql"
		: http	     ? "http"
		: prometheus ? "prometheus"
			     : "csv",
		kpi->time_zone,
		kpi->sql ? kpi->sql->uri : NULL,
		kpi->sql ? kpi->sql->query : NULL,
		http ? http->url : NULL,
		http ? http->list : NULL,
		http ? http->time : NULL,
		http ? http->value : NULL,
		prometheus ? prometheus->url : NULL,
		prometheus ? prometheus->query : NULL,
		prometheus ? prometheus->step : NULL,
		csv ? csv->file : NULL,
		csv ? csv->time : NULL,
		csv ? csv->value : NULL,
	};
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *figure = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_string_append_printf(text, "%zu:%s ", texts[i] ? strlen(texts[i]) : 0,
				       texts[i] ? texts[i] : "");
	g_string_append_printf(text, "%d", http ? (int)http->times : 0);
	figure = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
	return g_strdup_printf("%s %" G_GINT64_FORMAT, figure, kpi->history_us);
}

bool kpi_is_same_figure(const char *fingerprint, const char *other)
{
	gsize n = fingerprint ? strcspn(fingerprint, " ") : 0;

	return n > 0 && other && strcspn(other, " ") == n &&
	       strncmp(fingerprint, other, n) == 0;
}
