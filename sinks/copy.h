#pragma once

/*
 * A stream of rows to COPY … FROM STDIN (FORMAT binary), sent in pieces of 64 KiB. A row
 * is copy_row() and then one field_…(copy->buffer, …) for every column.
 */
#include "sinks/pg_value.h"

struct copy {
	PGconn *conn; /* NULL: not begun */
	GByteArray *buffer;
	gsize n_rows;
};

/* The connection must be in the COPY state already. */
void copy_begin(struct copy *copy, PGconn *conn);
/* Starts a row; sends what has gathered. False if the connection failed. */
bool copy_row(struct copy *copy, guint16 n_columns);
/* Sends the rest and ends the stream; the caller gets the result. False if the connection
 * failed. */
bool copy_end(struct copy *copy);
void copy_clear(struct copy *copy);
