#pragma once

/*
 * The numbered migrations as part of the program: sinks/migrations/NNNN_name.sql, in
 * order. Built by sinks/embed_migrations. A migration that has been released never
 * changes: its checksum is in the databases it was applied to.
 */
#include <stddef.h>

struct migration {
	int version;
	const char *name;
	const char *sql;
};
extern const struct migration migrations[];
extern const size_t n_migrations;

/* The views of database.devlake_schema, which {schema} in it stands for; made of
 * sinks/devlake.sql. */
extern const char devlake_sql[];
