#pragma once

/*
 * A series of numbers as a person keeps it: a file with one number a line, or with
 * time,value. The first line may name the columns: it does if its value is no number and
 * does not begin as one, with a digit, sign or point. An empty value, "nan" and "NA" are
 * gaps (in whatever case), and so is an empty line between numbers; "#" begins a comment;
 * fields may be quoted as RFC 4180 has it. Numbers are written with a point, whatever the
 * locale.
 */
#include <glib.h>
#include <stdbool.h>

#define PLAIN_SERIES_BYTES_MAX (8u << 20)

struct plain_series {
	GArray *values;	  /* of double; NAN: a gap */
	GPtrArray *times; /* of char *, as they are written; NULL: one column */
};

/* Reads a file, or standard input for "-"; no more than max_rows. On failure *series is
 * empty, and the error, which begins with the file and where it can with the line
 * ("FILE:LINE: "), is DORA_ERROR_DATA, or DORA_ERROR_CONFIG if the file cannot be read.
 */
bool plain_series_read(const char *path, guint max_rows, struct plain_series *series,
		       GError **error);
void plain_series_clear(struct plain_series *series);
