#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/plain_series.h"
#include "metrics/segment.h"
#include "tests/fuzz/fuzz.h"

/* A series in a file, and where its level changed. Longer ones would only be slower. */
#define ROWS_MAX 200

static void cut(const struct plain_series *series, bool light)
{
	g_autoptr(GArray) changes = segment_changes(
		(const double *)(const void *)series->values->data, series->values->len,
		light);

	for (guint i = 0; i < changes->len; i++) {
		guint at = g_array_index(changes, guint, i);

		MUST(at > 0 && at < series->values->len);
		MUST(i == 0 || at >= g_array_index(changes, guint, i - 1) + 3);
	}
}

static void read_series(const char *path)
{
	struct plain_series series;
	g_autoptr(GError) error = NULL;

	if (!plain_series_read(path, ROWS_MAX, &series, &error)) {
		MUST(error && g_utf8_validate(error->message, -1, NULL));
		MUST(!series.values && !series.times);
		return;
	}
	MUST(series.values->len > 0 && series.values->len <= ROWS_MAX);
	MUST(!series.times || series.times->len == series.values->len);
	for (guint i = 0; i < series.values->len; i++)
		MUST(!isinf(g_array_index(series.values, double, i)));
	cut(&series, false);
	cut(&series, true);
	plain_series_clear(&series);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("series", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

	MUST(fd >= 0 && write(fd, data, size) == (gssize)size);
	read_series(path);
	close(fd);
	return 0;
}
