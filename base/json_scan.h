#pragma once

/* The grammar of base/json.h, checked before cJSON sees a text; for json_parse() alone.
 */
#include <glib.h>

/*
 * A copy of a text that is JSON as RFC 8259 has it and within every limit but that of
 * keys, with each integer of more than 15 digits as a string, and each number that is
 * longer than cJSON can read in its shortest form. NULL with DORA_ERROR_DATA and the
 * offset otherwise. The caller frees.
 */
GString *json_scan(const char *text, gsize n, GError **error);
