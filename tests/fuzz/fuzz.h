#pragma once

/* For targets of libFuzzer, which calls LLVMFuzzerTestOneInput() with bytes that it makes
 * up. A target ends the program where something that must hold does not. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			g_printerr("%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                         \
		}                                                                        \
	} while (0)

/* The bytes up to the first newline as text, *rest and *n_rest what comes after it. The
 * caller frees. */
static inline char *fuzz_line(const uint8_t *data, size_t size, const char **rest,
			      gsize *n_rest)
{
	gsize n = 0;

	while (n < size && data[n] != '\n')
		n++;
	*rest = (const char *)data + (n < size ? n + 1 : n);
	*n_rest = n < size ? size - n - 1 : 0;
	return g_strndup((const char *)data, n);
}
