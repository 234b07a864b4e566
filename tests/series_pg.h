#pragma once

/* Whole series against the same questions asked in SQL, to the last bit: random pasts,
 * half of what happens in them within hours of a change of the clock. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/series.h"
#include "tests/pg.h"

#define DAY G_TIME_SPAN_DAY
#define MINIMUM_AUTHORS 2
#define N_ALWAYS 6 /* metrics that have a row in every bucket */

static const struct {
	const char *what;
	const char *zone;
	const char *from, *to;
} lives[] = {
	{ "the clock never changes", "UTC", "2019-12-30T23:00:00Z",
	  "2021-01-05T12:00:00Z" },
	{ "clocks change at night", "Europe/Berlin", "2024-06-15T12:00:00Z",
	  "2026-02-01T12:00:00Z" },
	{ "midnight comes twice, and is missing", "America/Havana",
	  "2012-01-01T12:00:00Z", "2013-12-31T12:00:00Z" },
	{ "midnight is missing", "America/Sao_Paulo", "2016-09-01T12:00:00Z",
	  "2018-12-01T12:00:00Z" },
	{ "clocks are set back from one day into the day before", "America/St_Johns",
	  "2009-09-01T12:00:00Z", "2011-12-01T12:00:00Z" },
	{ "a day is left out", "Pacific/Apia", "2011-11-01T12:00:00Z",
	  "2012-02-01T12:00:00Z" },
	{ "clocks change in Ramadan", "Africa/Cairo", "2010-03-01T12:00:00Z",
	  "2011-01-01T12:00:00Z" },
	{ "the footer's rule", "Europe/Dublin", "2037-06-15T12:00:00Z",
	  "2039-06-01T12:00:00Z" },
};

static PGconn *connection;

static inline void set_up(void)
{
	connection = pg_connect();
}

static inline void tear_down(void)
{
	PQfinish(connection);
}

static inline gint64 instant_of(const char *text)
{
	gint64 instant = 0;

	ck_assert(instant_parse(text, &instant));
	return instant;
}

static inline gint compare(gconstpointer left, gconstpointer right)
{
	gint64 a = *(const gint64 *)left, b = *(const gint64 *)right;

	return a < b ? -1 : a > b;
}

/* n instants in order, half of them near a change of the clock. */
static inline GArray *make_finishes(const struct zone *zone, gint64 from, gint64 to,
				    guint n, GRand *rand)
{
	GArray *finishes = g_array_new(FALSE, FALSE, sizeof(gint64));

	while (finishes->len < n) {
		gint64 at = from + (gint64)(g_rand_double(rand) * (double)(to - from));
		gint64 change;

		zone_offset(zone, at, &change);
		if (g_rand_boolean(rand) && change < to - 2 * DAY)
			at = change +
			     g_rand_int_range(rand, -7200, 7200) * G_TIME_SPAN_SECOND;
		g_array_append_val(finishes, at);
	}
	g_array_sort(finishes, compare);
	return finishes;
}

/* The n-th gint64 of each element, as the text of a bigint[] in which
 * INSTANT_NONE is NULL. */
static inline char *column(const GArray *array, guint n)
{
	gsize size = g_array_get_element_size((GArray *)array);
	GString *text = g_string_new("{");

	for (guint i = 0; i < array->len; i++) {
		gint64 value = ((const gint64 *)(const void *)(array->data +
							       i * size))[n];

		g_string_append(text, i ? "," : "");
		if (value == INSTANT_NONE)
			g_string_append(text, "NULL");
		else
			g_string_append_printf(text, "%" G_GINT64_FORMAT, value);
	}
	g_string_append_c(text, '}');
	return g_string_free(text, FALSE);
}

/* Is it what the field of a result says, bit by bit; NULL is NAN? */
static inline bool is_field(double got, const PGresult *result, int row, int column)
{
	double expected;

	if (PQgetisnull(result, row, column))
		return isnan(got);
	expected = g_ascii_strtod(PQgetvalue(result, row, column), NULL);
	return memcmp(&got, &expected, sizeof(expected)) == 0;
}

static inline PGresult *query(const char *sql, int n, const char *const *values)
{
	PGresult *result = PQexecParams(connection, sql, n, NULL, values, NULL, NULL, 0);

	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s",
		      PQerrorMessage(connection));
	return result;
}
