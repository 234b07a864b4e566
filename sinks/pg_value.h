#pragma once

/*
 * Values on their way to and from PostgreSQL, in its binary formats: the same bytes serve
 * as parameters, as array elements and as fields of COPY. Binary, because text depends on
 * settings that a role may have changed (DateStyle, bytea_output, TimeZone).
 *
 * INSTANT_NONE, NAN, a NULL string and an oid of length 0 are NULL in both directions.
 */
#include <libpq-fe.h>

/* libpq's is the largest number of a row, which nothing here needs; the metrics' is the
 * size of a git object's name. */
#undef OID_BYTES

#include "base/cleanup.h"
#include "base/instant.h"
#include "metrics/facts.h"

DEFINE_CLEANUP(PGresult *, PQclear);

/* ---- a field: its length and bytes, appended to a buffer ---- */

void field_null(GByteArray *out);
void field_bool(GByteArray *out, bool value);
void field_int4(GByteArray *out, gint32 value);
void field_int8(GByteArray *out, gint64 value);
void field_double(GByteArray *out, double value);
void field_instant(GByteArray *out, gint64 value); /* NULL also beyond what fits */
void field_text(GByteArray *out, const char *value);
void field_bytes(GByteArray *out, const guint8 *bytes, gsize n);
void field_oid(GByteArray *out, const struct oid *oid);
/* The ids of n commits one after another. */
void field_oids(GByteArray *out, const struct oid *oids, guint n);
/* A NULL-terminated list in the text form of an array, as an element of an array of text:
 * to be cast to text[] in SQL, because an array of arrays would need all of one length.
 * An empty list is NULL, as no list is. */
void field_texts(GByteArray *out, char *const *values);

/* ---- rows as one array per column, for unnest() ---- */

#define PG_MAX_COLUMNS 44

/* types has one letter a column: o bool, i int4, l int8, d float8, z timestamptz, t text,
 * b bytea. */
struct pg_rows {
	const char *types;
	gsize n;
	GByteArray *columns[PG_MAX_COLUMNS];
};
void pg_rows_init(struct pg_rows *rows, const char *types);
void pg_rows_clear(struct pg_rows *rows);
/* Empties it for more rows. */
void pg_rows_reset(struct pg_rows *rows);
/* Bytes of all columns. */
gsize pg_rows_size(const struct pg_rows *rows);
/* A row is added by one field_…(rows.columns[i], …) for every column and n++. */

/* ---- parameters ---- */

#define PG_MAX_ARGS 48

/* Starts zeroed. What is given by pointer is borrowed until the statement has run. */
struct pg_args {
	int n;
	Oid types[PG_MAX_ARGS];
	const char *values[PG_MAX_ARGS];
	int lengths[PG_MAX_ARGS];
	int formats[PG_MAX_ARGS];
	guint8 scratch[PG_MAX_ARGS][8];
};
void arg_bool(struct pg_args *args, bool value);
void arg_int4(struct pg_args *args, gint32 value);
void arg_int8(struct pg_args *args, gint64 value);
void arg_double(struct pg_args *args, double value);
void arg_instant(struct pg_args *args, gint64 value);
/* A bound of a range: INSTANT_NONE is -infinity, what lies beyond INSTANT_MAX is
 * infinity. */
void arg_bound(struct pg_args *args, gint64 value);
void arg_text(struct pg_args *args, const char *value);
void arg_oid(struct pg_args *args, const struct oid *oid);
/* All columns, each as an array. */
void arg_rows(struct pg_args *args, struct pg_rows *rows);

/* ---- results, which must have been asked for in binary ---- */

bool result_bool(const PGresult *result, int row, int column);	   /* NULL: false */
gint32 result_int4(const PGresult *result, int row, int column);   /* NULL: 0 */
gint64 result_int8(const PGresult *result, int row, int column);   /* NULL: 0 */
double result_double(const PGresult *result, int row, int column); /* NULL: NAN */
gint64 result_instant(const PGresult *result, int row, int column);
char *result_text(const PGresult *result, int row, int column); /* the caller frees */
/* A text[] as a NULL-terminated list; NULL: NULL or empty. The caller frees with
 * g_strfreev(). */
char **result_texts(const PGresult *result, int row, int column);
/* Of a bytea longer than OID_BYTES the first OID_BYTES bytes. */
void result_oid(const PGresult *result, int row, int column, struct oid *oid);
