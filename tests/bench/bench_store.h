#pragma once

/*
 * A database of its own for benchmarks of the store, in the server that
 * tests/with_postgres has started.
 */
#include <libpq-fe.h>

#include "collector/evaluate.h"
#include "collector/poll.h"
#include "tests/bench/bench.h"

struct database {
	struct bench *bench;
	struct config *config;
	struct store *store; /* migrated, configuration synchronised */
	PGconn *admin;
	struct work_context context;
};

/* yaml: all of the configuration but its database. */
void database_begin(struct database *database, struct bench *bench, const char *yaml);
void database_end(struct database *database);

/* Runs SQL; fails the benchmark if it fails. Returns seconds. */
double database_run(struct database *database, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/* The first value of a query as a number. */
double database_ask(struct database *database, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/* Bytes of WAL written so far; dead rows that the tables of dorad hold. */
double database_wal(struct database *database);
double database_dead(struct database *database);

/* The rows of a table as COPY data, and the seconds to write them into an empty copy of
 * that table, keys and indexes included, by one raw COPY. */
double database_raw_copy(struct database *database, const char *table, const char *where);
