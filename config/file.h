#pragma once

/*
 * Files that the configuration is in or that it names.
 */
#include <glib.h>

#define CONFIG_FILE_MAX (4u << 20) /* some ten thousand services */

/* The bytes of a regular file: one more than CONFIG_FILE_MAX of a bigger one. NULL with
 * errno set if it cannot be read. The caller unrefs. */
GByteArray *config_file_read(const char *path);
