#include "config/calendar_file.h"
#include "tests/fuzz/fuzz.h"

/* A text as an iCalendar file. */

#define TODAY 20635 /* 2026-07-01 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(calendar_unrefp) struct calendar *calendar = calendar_new();
	g_autoptr(GError) error = NULL;
	bool good = calendar_file_text(calendar, "h.ics", (const char *)data, size, TODAY,
				       &error);

	MUST(good == (error == NULL));
	MUST(!error || g_utf8_validate(error->message, -1, NULL));
	return 0;
}
