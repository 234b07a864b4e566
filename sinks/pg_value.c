#include "sinks/pg_value.h"

#include <math.h>

/* src/include/catalog/pg_type.dat: these numbers never change. */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_INT8 = 20,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_FLOAT8 = 701,
	TYPE_TIMESTAMPTZ = 1184,
};

static const struct {
	char letter;
	Oid element, array;
} types[] = {
	{ 'o', TYPE_BOOL, 1000 },	 { 'b', TYPE_BYTEA, 1001 },
	{ 'i', TYPE_INT4, 1007 },	 { 't', TYPE_TEXT, 1009 },
	{ 'l', TYPE_INT8, 1016 },	 { 'd', TYPE_FLOAT8, 1022 },
	{ 'z', TYPE_TIMESTAMPTZ, 1185 },
};

/* timestamptz is microseconds since 2000-01-01, from 4714 BC on. */
#define PG_EPOCH (G_GINT64_CONSTANT(946684800) * G_USEC_PER_SEC)
#define PG_FIRST G_GINT64_CONSTANT(-211813488000000000)

static void put32(GByteArray *out, guint32 value)
{
	value = GUINT32_TO_BE(value);
	g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

static void put64(GByteArray *out, guint64 value)
{
	value = GUINT64_TO_BE(value);
	g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

void field_null(GByteArray *out)
{
	put32(out, G_MAXUINT32);
}

void field_bool(GByteArray *out, bool value)
{
	guint8 byte = value;

	field_bytes(out, &byte, 1);
}

void field_int4(GByteArray *out, gint32 value)
{
	put32(out, 4);
	put32(out, (guint32)value);
}

void field_int8(GByteArray *out, gint64 value)
{
	put32(out, 8);
	put64(out, (guint64)value);
}

void field_double(GByteArray *out, double value)
{
	guint64 bits;

	if (isnan(value)) {
		field_null(out);
		return;
	}
	memcpy(&bits, &value, sizeof(bits));
	put32(out, 8);
	put64(out, bits);
}

void field_instant(GByteArray *out, gint64 value)
{
	if (value == INSTANT_NONE || value < PG_FIRST + PG_EPOCH)
		field_null(out);
	else
		field_int8(out, value - PG_EPOCH);
}

void field_text(GByteArray *out, const char *value)
{
	if (value)
		field_bytes(out, (const guint8 *)value, strlen(value));
	else
		field_null(out);
}

void field_bytes(GByteArray *out, const guint8 *bytes, gsize n)
{
	put32(out, (guint32)n);
	g_byte_array_append(out, bytes, (guint)n);
}

void field_oid(GByteArray *out, const struct oid *oid)
{
	if (oid->len > 0)
		field_bytes(out, oid->id, oid->len);
	else
		field_null(out);
}

void field_oids(GByteArray *out, const struct oid *oids, guint n)
{
	gsize size = 0;

	for (guint i = 0; i < n; i++)
		size += oids[i].len;
	put32(out, (guint32)size);
	for (guint i = 0; i < n; i++)
		g_byte_array_append(out, oids[i].id, oids[i].len);
}

/* Quotes all, so that nothing is taken for NULL, a brace or a space to leave out. */
static void put_quoted(GByteArray *out, const char *text)
{
	g_byte_array_append(out, (const guint8 *)"\"", 1);
	while (*text) {
		gsize plain = strcspn(text, "\"\\");

		g_byte_array_append(out, (const guint8 *)text, (guint)plain);
		text += plain;
		if (!*text)
			break;
		g_byte_array_append(out, (const guint8 *)"\\", 1);
		g_byte_array_append(out, (const guint8 *)text++, 1);
	}
	g_byte_array_append(out, (const guint8 *)"\"", 1);
}

void field_texts(GByteArray *out, char *const *values)
{
	guint start = out->len;
	guint32 size;

	if (!values || !*values) {
		field_null(out);
		return;
	}
	put32(out, 0);
	for (guint i = 0; values[i]; i++) {
		g_byte_array_append(out, (const guint8 *)(i == 0 ? "{" : ","), 1);
		put_quoted(out, values[i]);
	}
	g_byte_array_append(out, (const guint8 *)"}", 1);
	size = GUINT32_TO_BE(out->len - start - 4);
	memcpy(out->data + start, &size, sizeof(size));
}

/* ---- rows ---- */

/* An array's header: one dimension, nulls allowed, element type, length, lower bound. The
 * length is filled in when it is sent. */
#define ARRAY_HEADER 20
#define ARRAY_LENGTH_AT 12

static gsize type_index(char letter)
{
	gsize i = 0;

	while (i < G_N_ELEMENTS(types) - 1 && types[i].letter != letter)
		i++;
	return i;
}

void pg_rows_reset(struct pg_rows *rows)
{
	rows->n = 0;
	for (gsize i = 0; rows->types[i]; i++) {
		g_byte_array_set_size(rows->columns[i], 0);
		put32(rows->columns[i], 1);
		put32(rows->columns[i], 1);
		put32(rows->columns[i], types[type_index(rows->types[i])].element);
		put32(rows->columns[i], 0);
		put32(rows->columns[i], 1);
	}
}

void pg_rows_init(struct pg_rows *rows, const char *letters)
{
	g_assert(strlen(letters) <= PG_MAX_COLUMNS);
	*rows = (struct pg_rows){ .types = letters };
	for (gsize i = 0; letters[i]; i++)
		rows->columns[i] = g_byte_array_new();
	pg_rows_reset(rows);
}

gsize pg_rows_size(const struct pg_rows *rows)
{
	gsize size = 0;

	for (gsize i = 0; rows->types[i]; i++)
		size += rows->columns[i]->len;
	return size;
}

void pg_rows_clear(struct pg_rows *rows)
{
	for (gsize i = 0; i < PG_MAX_COLUMNS; i++)
		g_clear_pointer(&rows->columns[i], g_byte_array_unref);
	rows->n = 0;
}

/* ---- parameters ---- */

static void arg_add(struct pg_args *args, Oid type, const void *value, gsize length)
{
	g_assert(args->n < PG_MAX_ARGS);
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->lengths[args->n] = (int)length;
	args->formats[args->n] = 1;
	args->n++;
}

static void arg_scalar(struct pg_args *args, Oid type, guint64 value, gsize size)
{
	guint64 wire = GUINT64_TO_BE(value << (64 - 8 * size));

	g_assert(args->n < PG_MAX_ARGS);
	memcpy(args->scratch[args->n], &wire, size);
	arg_add(args, type, args->scratch[args->n], size);
}

void arg_bool(struct pg_args *args, bool value)
{
	arg_scalar(args, TYPE_BOOL, value, 1);
}

void arg_int4(struct pg_args *args, gint32 value)
{
	arg_scalar(args, TYPE_INT4, (guint32)value, 4);
}

void arg_int8(struct pg_args *args, gint64 value)
{
	arg_scalar(args, TYPE_INT8, (guint64)value, 8);
}

void arg_double(struct pg_args *args, double value)
{
	guint64 bits;

	memcpy(&bits, &value, sizeof(bits));
	if (isnan(value))
		arg_add(args, TYPE_FLOAT8, NULL, 0);
	else
		arg_scalar(args, TYPE_FLOAT8, bits, 8);
}

void arg_instant(struct pg_args *args, gint64 value)
{
	if (value == INSTANT_NONE || value < PG_FIRST + PG_EPOCH)
		arg_add(args, TYPE_TIMESTAMPTZ, NULL, 0);
	else
		arg_scalar(args, TYPE_TIMESTAMPTZ, (guint64)(value - PG_EPOCH), 8);
}

void arg_bound(struct pg_args *args, gint64 value)
{
	if (value == INSTANT_NONE || value < PG_FIRST + PG_EPOCH)
		arg_scalar(args, TYPE_TIMESTAMPTZ, (guint64)G_MININT64, 8);
	else if (value > INSTANT_MAX)
		arg_scalar(args, TYPE_TIMESTAMPTZ, (guint64)G_MAXINT64, 8);
	else
		arg_scalar(args, TYPE_TIMESTAMPTZ, (guint64)(value - PG_EPOCH), 8);
}

void arg_text(struct pg_args *args, const char *value)
{
	arg_add(args, TYPE_TEXT, value, value ? strlen(value) : 0);
}

void arg_oid(struct pg_args *args, const struct oid *oid)
{
	bool null = !oid || oid->len == 0;

	arg_add(args, TYPE_BYTEA, null ? NULL : oid->id, null ? 0 : oid->len);
}

void arg_rows(struct pg_args *args, struct pg_rows *rows)
{
	guint32 n = GUINT32_TO_BE((guint32)rows->n);

	for (gsize i = 0; rows->types[i]; i++) {
		GByteArray *column = rows->columns[i];

		memcpy(column->data + ARRAY_LENGTH_AT, &n, sizeof(n));
		arg_add(args, types[type_index(rows->types[i])].array, column->data,
			column->len);
	}
}

/* ---- results ---- */

bool result_bool(const PGresult *result, int row, int column)
{
	return PQgetlength(result, row, column) == 1 &&
	       *PQgetvalue(result, row, column) != 0;
}

gint32 result_int4(const PGresult *result, int row, int column)
{
	guint32 wire = 0;

	if (PQgetlength(result, row, column) == sizeof(wire))
		memcpy(&wire, PQgetvalue(result, row, column), sizeof(wire));
	return (gint32)GUINT32_FROM_BE(wire);
}

gint64 result_int8(const PGresult *result, int row, int column)
{
	guint64 wire = 0;

	if (PQgetlength(result, row, column) == sizeof(wire))
		memcpy(&wire, PQgetvalue(result, row, column), sizeof(wire));
	return (gint64)GUINT64_FROM_BE(wire);
}

double result_double(const PGresult *result, int row, int column)
{
	gint64 bits = result_int8(result, row, column);
	double value;

	if (PQgetisnull(result, row, column))
		return (double)NAN;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

gint64 result_instant(const PGresult *result, int row, int column)
{
	gint64 since_2000;

	if (PQgetisnull(result, row, column))
		return INSTANT_NONE;
	since_2000 = result_int8(result, row, column);
	/* "infinity", which only a person could have written */
	if (since_2000 == G_MININT64 || since_2000 > G_MAXINT64 - PG_EPOCH)
		return INSTANT_NONE;
	return since_2000 + PG_EPOCH;
}

char *result_text(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return NULL;
	return g_strndup(PQgetvalue(result, row, column),
			 (gsize)PQgetlength(result, row, column));
}

static guint32 get32(const char *at)
{
	guint32 wire;

	memcpy(&wire, at, sizeof(wire));
	return GUINT32_FROM_BE(wire);
}

char **result_texts(const PGresult *result, int row, int column)
{
	const char *at = PQgetvalue(result, row, column);
	const char *end = at + PQgetlength(result, row, column);
	GPtrArray *list;

	if (end - at < ARRAY_HEADER)
		return NULL;
	list = g_ptr_array_new_null_terminated(0, g_free, TRUE);
	for (at += ARRAY_HEADER; end - at >= 4;) {
		guint32 size = get32(at);

		at += 4;
		if (size >
		    (gsize)(end - at)) /* a NULL, which only a person could write */
			continue;
		g_ptr_array_add(list, g_strndup(at, size));
		at += size;
	}
	return (char **)g_ptr_array_free(list, FALSE);
}

void result_oid(const PGresult *result, int row, int column, struct oid *oid)
{
	int length = MIN(PQgetlength(result, row, column), OID_BYTES);

	*oid = (struct oid){ .len = (guint8)length };
	memcpy(oid->id, PQgetvalue(result, row, column), (gsize)length);
}
