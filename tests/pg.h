#pragma once

/*
 * A connection to the server that tests/with_postgres has started. To be used in tests
 * and fixtures only: Check has no place for a failure elsewhere.
 */
#include <check.h>
#include <libpq-fe.h>
#include <stdlib.h>

/* Fails the test if there is none. The caller finishes it. */
static inline PGconn *pg_connect(void)
{
	const char *where = getenv("DORAD_TEST_PG");
	PGconn *connection;

	ck_assert_msg(where, "run this through tests/with_postgres");
	connection = PQconnectdb(where);
	ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s",
		      PQerrorMessage(connection));
	return connection;
}

/* Fails the test unless the statement succeeds. The caller clears the result. */
static inline PGresult *pg_query(PGconn *connection, const char *sql)
{
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);

	ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
			      status == PGRES_COPY_IN,
		      "%s", PQerrorMessage(connection));
	return result;
}
