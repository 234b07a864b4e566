#include <string.h>

#include "config/config.h"
#include "tests/fuzz/fuzz.h"

/* A configuration. What one that loads is shown as loads too, and is shown the same. */

static struct config *load(const char *text, gsize n)
{
	g_autoptr(GPtrArray) faults = NULL;
	struct config *config = config_load_text("dorad.yaml", text, n, &faults);

	MUST(faults);
	MUST(!config == (faults->len > 0));
	for (guint i = 0; i < faults->len; i++) {
		g_autofree char *line = config_fault_format("dorad.yaml",
							    g_ptr_array_index(faults, i));

		MUST(g_utf8_validate(line, -1, NULL));
		MUST(!strchr(line, '\n'));
	}
	return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(config_unrefp) struct config *config = load((const char *)data, size);
	_cleanup_(config_unrefp) struct config *again = NULL;
	g_autofree char *shown = NULL, *twice = NULL;

	if (!config)
		return 0;
	shown = config_show(config);
	again = load(shown, strlen(shown));
	MUST(again);
	twice = config_show(again);
	MUST(strcmp(shown, twice) == 0);
	return 0;
}
