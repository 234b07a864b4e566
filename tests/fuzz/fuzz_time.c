#include "base/http.h"
#include "base/instant.h"
#include "tests/fuzz/fuzz.h"

/* A text as a time, by each of the ways to read one. */

static void check_instant(gint64 t)
{
	g_autofree char *text = instant_format(t);
	gint64 strict, loose;

	if (!instant_is_plausible(t))
		return;
	MUST(instant_parse(text, &strict) && strict == t);
	MUST(instant_parse_loose(text, &loose) && loose == t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	gint64 strict, loose, date;
	GTimeSpan span;

	if (instant_parse_loose(text, &loose))
		check_instant(loose);
	if (instant_parse(text, &strict))
		MUST(instant_parse_loose(text, &loose) && loose == strict);
	if (http_date_parse(text, &date))
		check_instant(date);
	if (span_parse(text, &span)) {
		g_autofree char *shown = span_format(span);

		MUST(span >= 0 && *shown);
	}
	return 0;
}
