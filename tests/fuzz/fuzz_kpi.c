#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/instant.h"
#include "collector/kpi/kpi_read.h"
#include "tests/fuzz/fuzz.h"

/* Samples of a KPI. The first line says where they are from ("csv", "http", "epoch" or
 * "prometheus"), the rest is the file or the answer. */

struct answer {
	const char *text;
	gsize n;
};

static bool perform(void *self, const struct http_request *request,
		    struct http_response *response, GError **error)
{
	const struct answer *answer = self;

	(void)request;
	(void)error;
	*response = (struct http_response){ .status = 200 };
	response->headers = g_ptr_array_new_with_free_func(g_free);
	response->body = g_byte_array_new();
	g_byte_array_append(response->body, (const guint8 *)answer->text,
			    (guint)answer->n);
	g_byte_array_append(response->body, (const guint8 *)"", 1);
	g_byte_array_set_size(response->body, (guint)answer->n);
	return true;
}

static void check_rows(const struct kpi_reading *reading, const GArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct kpi_sample *row = &g_array_index(rows, struct kpi_sample, i);

		MUST(isfinite(row->value) && row->at <= reading->now);
		MUST(row->at >= reading->now - reading->kpi->history_us);
		MUST(i == 0 || row[-1].at < row->at);
	}
}

static void read_all(const struct config_kpi *kpi, const struct answer *answer)
{
	const struct rest_transport transport = { .perform = perform,
						  .self = (void *)answer };
	struct kpi_reading reading = { .kpi = kpi,
				       .transport = &transport,
				       .now = G_GINT64_CONSTANT(1772323200000000) };
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) rows = NULL;

	reading.since = reading.now - G_TIME_SPAN_DAY;
	rows = kpi_read(&reading, &error);
	MUST((rows == NULL) == (error != NULL));
	if (rows)
		check_rows(&reading, rows);
	else
		MUST(g_utf8_validate(error->message, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer answer;
	g_autofree char *from = fuzz_line(data, size, &answer.text, &answer.n);
	struct config_kpi kpi = { .name = (char *)"k",
				  .time_zone = (char *)"Europe/Berlin",
				  .history = (char *)"3650d",
				  .history_us = 3650 * G_TIME_SPAN_DAY };
	struct config_kpi_http http = { .url = (char *)"https://h.example.org/",
					.list = (char *)"",
					.time = (char *)"/0",
					.value = (char *)"/1" };
	struct config_kpi_prometheus prometheus = {
		.url = (char *)"https://h.example.org",
		.query = (char *)"x",
		.step = (char *)"1h",
		.step_us = G_TIME_SPAN_HOUR
	};
	int fd = memfd_create("csv", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	struct config_kpi_csv csv = { .file = path,
				      .time = (char *)"t",
				      .value = (char *)"v" };

	MUST(fd >= 0 && write(fd, answer.text, answer.n) == (gssize)answer.n);
	if (strcmp(from, "csv") == 0)
		kpi.csv = &csv;
	else if (strcmp(from, "prometheus") == 0)
		kpi.prometheus = &prometheus;
	else
		kpi.http = &http;
	if (strcmp(from, "epoch") == 0)
		http.times = TIME_EPOCH;
	read_all(&kpi, &answer);
	close(fd);
	return 0;
}
