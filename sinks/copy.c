#include "sinks/copy.h"

#define PIECE 65536

static const guint8 header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

static void put16(GByteArray *out, guint16 value)
{
	value = GUINT16_TO_BE(value);
	g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

static bool send_all(struct copy *copy)
{
	int sent = PQputCopyData(copy->conn, (const char *)copy->buffer->data,
				 (int)copy->buffer->len);

	g_byte_array_set_size(copy->buffer, 0);
	return sent == 1;
}

void copy_begin(struct copy *copy, PGconn *conn)
{
	*copy = (struct copy){ .conn = conn,
			       .buffer = g_byte_array_sized_new(2 * PIECE) };
	/* signature (11 bytes with its NUL), flags, length of the extension: 19 */
	g_byte_array_append(copy->buffer, header, 19);
}

bool copy_row(struct copy *copy, guint16 n_columns)
{
	if (copy->buffer->len >= PIECE && !send_all(copy))
		return false;
	put16(copy->buffer, n_columns);
	copy->n_rows++;
	return true;
}

bool copy_end(struct copy *copy)
{
	put16(copy->buffer, G_MAXUINT16);
	return send_all(copy) && PQputCopyEnd(copy->conn, NULL) == 1;
}

void copy_clear(struct copy *copy)
{
	g_clear_pointer(&copy->buffer, g_byte_array_unref);
	*copy = (struct copy){ 0 };
}
